"""Stepping through scopes that are collapsed: what is eliminated leaves the numbers of all that is kept as they are."""

from __future__ import annotations

import random

import pytest

from autograd import Tape, Value, draw, scope, sin, sqrt, tanh
from autograd import sum as total_of
from autograd.listing import adjoints
from autograd.show.graph import picture_of
from autograd.show.scope_walk import forward_scope_walk, reverse_scope_walk
from autograd.show.stepper import step_through
from autograd.tape import forward_sweep
from tests.test_cli import needs_dot
from tests.test_stepper import OPERAND, USE, captions, shown


def neuron(inputs, weights):
    return tanh(total_of([x * w for x, w in zip(inputs, weights)]))


def network(sizes, label="w"):
    """Return inputs and output of neurons in scopes, two deep; the output is outside of them."""
    draw_weight = random.Random(1).uniform
    given = [Value(0.3 * k - 0.5, label=f"x{k}") for k in range(2)]
    signals = given
    for position, size in enumerate(sizes):
        with scope(f"layer {position}"):
            outs = []
            for k in range(size):
                with scope(f"neuron {k}"):
                    outs.append(neuron(signals, [Value(draw_weight(-1.0, 1.0)) for _ in signals]))
        signals = outs
    y = total_of([out * out for out in signals])
    y.label = "y"
    return given, y


def interrupted():
    """Return a value whose scope is left and entered again, with a value in between that both parts know."""
    x, w = Value(0.7, label="x"), Value(1.3)
    with scope("part"):
        a = sin(x * w)
    b = a * a
    b.label = "b"
    with scope("part"):
        c = b * w + a
    return c * x


def test_a_scope_is_one_step_of_the_chain_rule():
    x, w = Value(2.0, label="x"), Value(3.0, label="w")
    with scope("double"):
        a = x * 2.0
        b = a + x
    y = b * w
    y.label = "y"
    stepper = step_through(y, collapse="all", inputs=[x])
    assert repr(stepper) == "<Stepper: 7 steps through 4 cards>"
    assert captions(stepper) == [
        "Start. The leaves have their values: x = 2, w = 3.",
        "Forward. double computes its out = 6 (2 nodes inside)",
        "Forward. y = double * w = 6 * 3 = 18",
        "Seed. y.grad = 1: a tiny increase in y makes y grow as much. All other grads are 0.",
        "Backward through y = double * w. double.grad += y.grad × slope = 1 × 3 = 3",
        "Backward through y = double * w. w.grad += y.grad × slope = 1 × 6 = 6",
        "Backward through double. x.grad += double.grad × slope = 3 × 3 = 9",
    ]


def trio():
    """Return y = 2x · x² + (x + 2x) at 3, three outs of one scope, and the input."""
    x = Value(3.0, label="x")
    with scope("trio"):
        a = x * 2.0
        b = x * x
        c = x + a
    y = a * b + c
    y.label = "y"
    return y, [x]


def parted():
    """Return y = (2x)² + 5 · 2x at 3, where a scope is left and entered again, and the input."""
    x = Value(3.0, label="x")
    with scope("part"):
        a = x * 2.0
    b = a * a
    b.label = "b"
    with scope("part"):
        c = 5.0 * a
    y = b + c
    y.label = "y"
    return y, [x]


def many():
    """Return y = (0 + 1 + … + 16) · w of more inputs than have cards of their own, and the inputs."""
    xs, w = [Value(float(k), label=f"x{k}") for k in range(17)], Value(-0.5, label="w")
    with scope("net"), scope("total"):
        total = total_of(xs)
    y = total * w
    y.label = "y"
    return y, xs


def squared():
    """Return y = w² · x with w = -2 inside a scope, and x = 3."""
    x = Value(3.0, label="x")
    with scope("square"):
        w = Value(-2.0, label="w")
        a = w * w
    y = a * x
    y.label = "y"
    return y, [x]


def walked(made, depth=1, seeds=None):
    """Return the steps of reverse mode, or with seeds of forward mode."""
    picture = picture_of(made[0], collapse=depth, inputs=made[1])
    return reverse_scope_walk(picture) if seeds is None else forward_scope_walk(picture, seeds)


def sentences(walk):
    return ["".join(part.text for part in frame.told) for frame in walk.frames]


def cards(walk):
    """Return what stands on each card from which step on; what is written dim has a mark."""
    return {
        name: [[(each.since, f"{each.before}{each.total}{'~' * each.dim}") for each in row] for row in rows]
        for name, rows in walk.cards.items()
    }


def test_several_outs_are_told_by_their_span():
    walk = walked(trio())
    assert sentences(walk) == [
        "Start. The leaves have their values: x = 3.",
        "Forward. trio computes 3 outs: 6 … 9 (3 nodes inside)",
        "Forward. v4 = trio[0] * trio[1] = 6 * 9 = 54",
        "Forward. y = v4 + trio[2] = 54 + 9 = 63",
        "Seed. y.grad = 1: a tiny increase in y makes y grow as much. All other grads are 0.",
        "Backward through y = v4 + trio[2]. v4.grad += y.grad × slope = 1 × 1 = 1",
        "Backward through y = v4 + trio[2]. 1 share for trio, grads now: 0 … 1",
        "Backward through v4 = trio[0] * trio[1]. 2 shares for trio, grads now: 1 … 9",
        "Backward through trio. 1 share for trio, grads now: 1 … 10",
        "Backward through trio. x.grad += 3 shares: 1 + 36 + 20 = 57",
    ]
    assert cards(walk) == {
        "n0": [[(0, "3")], [(4, "0~"), (9, "1 + 36 + 20 = 57")]],
        "s0": [[(1, "6 … 9")], [(4, "0 … 0~"), (6, "0 … 1"), (7, "1 … 9"), (8, "1 … 10")]],
        "n4": [[(2, "54")], [(4, "0~"), (5, "1")]],
        "n5": [[(3, "63")], [(4, "1")]],
    }
    assert [(name, each.since, each.before, each.total) for name, each in walk.arrows.items()] == [
        ("e5_0", 5, "1 × 1 = ", "1")
    ]


def test_several_outs_in_forward_mode():
    walk = walked(trio(), seeds={0: 1.0})
    assert sentences(walk) == [
        "Start. The leaves have their values: x = 3. The seed: x.tangent = 1.",
        "Forward. trio computes 3 outs: 6 … 9 (3 nodes inside)",
        "Forward through trio. 4 shares for trio, tangents now: 2 … 6",
        "Forward. v4 = trio[0] * trio[1] = 6 * 9 = 54",
        "Forward through v4 = trio[0] * trio[1]. v4.tangent += slope × trio[0].tangent = 9 × 2 = 18",
        "Forward through v4 = trio[0] * trio[1]. v4.tangent += slope × trio[1].tangent = 6 × 6 = 36: 18 + 36 = 54"
        + OPERAND,
        "Forward. y = v4 + trio[2] = 54 + 9 = 63",
        "Forward through y = v4 + trio[2]. y.tangent += slope × v4.tangent = 1 × 54 = 54",
        "Forward through y = v4 + trio[2]. y.tangent += slope × trio[2].tangent = 1 × 3 = 3: 54 + 3 = 57" + OPERAND,
    ]
    assert cards(walk) == {
        "n0": [[(0, "3")], [(0, "1")]],
        "s0": [[(1, "6 … 9")], [(2, "2 … 6")]],
        "n4": [[(3, "54")], [(4, "18"), (5, "18 + 36 = 54")]],
        "n5": [[(6, "63")], [(7, "54"), (8, "54 + 3 = 57")]],
    }
    assert [(name, each.since, each.before, each.total) for name, each in walk.arrows.items()] == [
        ("e5_0", 7, "1 × 54 = ", "54")
    ]


def test_every_use_of_a_scope_and_every_scope_it_uses_is_a_step():
    x, w = Value(3.0, label="x"), Value(2.0, label="w")
    with scope("product"):
        a = x * w
    y = a * a
    y.label = "y"
    walk = walked((y, [x, w]))
    assert walk.is_collapsed
    assert sentences(walk)[4:] == [
        "Backward through y = product * product. product.grad += y.grad × slope = 1 × 6 = 6",
        "Backward through y = product * product. product.grad += y.grad × slope = 1 × 6 = 6: 6 + 6 = 12" + USE,
        "Backward through product. x.grad += product.grad × slope = 12 × 2 = 24",
        "Backward through product. w.grad += product.grad × slope = 12 × 3 = 36",
    ]
    assert sentences(walked((y, [x, w]), seeds={0: 1.0}))[2:4] == [
        "Forward through product. product.tangent += slope × x.tangent = 2 × 1 = 2",
        "Forward through product. product.tangent += slope × w.tangent = 3 × 0 = 0: 2 + 0 = 2" + OPERAND,
    ]


def test_at_work_is_the_card_that_gets_a_number_and_the_arrows_it_comes_by():
    frames = walked(parted()).frames
    assert [frame.phase for frame in frames] == ["forward"] * 5 + ["backward"] * 6
    assert [frame.work for frame in frames[:5]] == [
        [],
        ["s0", "bn0_s0"],
        ["n2", "bs0_n2"],
        ["s0"],
        ["n4", "e4_0", "bs0_n4"],
    ]
    assert [[name for name in frame.work if name != "bs0_s0"] for frame in frames[5:]] == [
        ["n4"],
        ["n2", "e4_0"],
        ["s0", "bs0_n4"],
        ["s0"],
        ["s0", "bs0_n2"],
        ["n0", "bn0_s0"],
    ]
    forward = walked(parted(), seeds={0: 1.0}).frames
    assert {frame.phase for frame in forward} == {"forward"}
    assert forward[0].work == ["n0"]
    assert [frame.work for frame in forward[4:6]] == [["n2", "bs0_n2"]] * 2


def test_a_scope_that_is_entered_twice_passes_on_to_itself():
    walk = walked(parted())
    assert sentences(walk)[6:] == [
        "Backward through y = b + part[1]. b.grad += y.grad × slope = 1 × 1 = 1",
        "Backward through y = b + part[1]. 1 share for part, grads now: 0 … 1",
        "Backward through part. 1 share for part, grads now: 1 … 5",
        "Backward through b = part[0] * part[0]. 2 shares for part, grads now: 1 … 17",
        "Backward through part. x.grad += part[0].grad × slope = 17 × 2 = 34",
    ]
    assert cards(walk)["s0"] == [
        [(1, "6"), (3, "6 … 30")],
        [(5, "0 … 0~"), (7, "0 … 1"), (8, "1 … 5"), (9, "1 … 17")],
    ]
    forward = walked(parted(), seeds={0: 1.0})
    assert sentences(forward)[6:8] == [
        "Forward. part computes its out = 30 (2 nodes inside)",
        "Forward through part. 1 share for part, tangents now: 2 … 10",
    ]
    assert cards(forward)["s0"] == [[(1, "6"), (6, "6 … 30")], [(2, "0 … 2"), (7, "2 … 10")]]


def test_an_out_that_the_output_does_not_need_stops_no_other():
    x = Value(3.0, label="x")
    with scope("pair"):
        a = x * 2.0
        b = x * x  # an output of its own
    walk = walked((Tape.of(b, a * 5.0), [x]))
    assert cards(walk)["n0"][1][-1] == (5, "10")
    assert cards(walk)["s0"][1][-1] == (4, "0 … 5")


def test_many_inputs_are_told_as_one():
    walk = walked(many(), depth=2)
    assert sentences(walk) == [
        "Start. The leaves have their values: w = −0.5. The 17 inputs have theirs: 0 … 16.",
        "Forward. total computes its out = 136 (1 node inside)",
        "Forward. y = total * w = 136 * (−0.5) = −68",
        "Seed. y.grad = 1: a tiny increase in y makes y grow as much. All other grads are 0.",
        "Backward through y = total * w. total.grad += y.grad × slope = 1 × (−0.5) = −0.5",
        "Backward through y = total * w. w.grad += y.grad × slope = 1 × 136 = 136",
        "Backward through total. 17 shares for inputs, grads now: −0.5 … −0.5",
    ]
    assert cards(walk)["inputs"] == [[(0, "0 … 16")], [(3, "0 … 0~"), (6, "−0.5 … −0.5")]]
    forward = walked(many(), depth=2, seeds={0: 1.0})
    assert sentences(forward)[0] == (
        "Start. The leaves have their values: w = −0.5. The seed: inputs[0].tangent = 1; every other tangent is 0."
        " The 17 inputs have theirs: 0 … 16."
    )
    assert sentences(forward)[2] == "Forward through total. total.tangent += 17 shares: Σ17 = 1"
    assert cards(forward)["inputs"] == [[(0, "0 … 16")], [(0, "0 … 1")]]
    assert cards(forward)["n18"] == [[(0, "−0.5")], [(0, "0~")]]


def test_a_scope_of_parameters_alone_has_no_tangent():
    walk = walked(squared(), seeds={2: 1.0})
    assert sentences(walk) == [
        "Start. The leaves have their values: x = 3. The seed: x.tangent = 1. 1 param inside the collapsed scopes.",
        "Forward. square computes its out = 4 (1 node inside)",
        "Forward. y = square * x = 4 * 3 = 12",
        "Forward through y = square * x. y.tangent += slope × square.tangent = 3 × 0 = 0",
        "Forward through y = square * x. y.tangent += slope × x.tangent = 4 × 1 = 4: 0 + 4 = 4" + OPERAND,
    ]
    assert cards(walk)["s0"] == [[(1, "4")], [(1, "0~")]]
    y, inputs = squared()
    assert repr(step_through(y, mode="forward", collapse=1, inputs=inputs)) == "<Stepper: 5 steps through 3 cards>"
    assert cards(walked(squared())) == {
        "s0": [[(1, "4")], [(3, "0~"), (4, "3")], [(3, "|g| ≤ 0~"), (6, "|g| ≤ 12")]],
        "n2": [[(0, "3")], [(3, "0~"), (5, "4")]],
        "n3": [[(2, "12")], [(3, "1")]],
    }


@pytest.mark.parametrize("inside", [True, False])
def test_zero_stops_infinity_in_scopes_too(inside):
    x = Value(0.0, label="x")
    with scope("root"):
        y = sqrt(x)
        y = y * 0.0 if inside else y
    z = y * 1.0 if inside else y * 0.0
    assert walked((z, [x])).swept[0] == adjoints(z)[0] == 0.0
    assert set(walked((z, [x]), seeds={0: 0.0}).swept.values()) == {0.0}


def test_parameters_inside_are_a_step_of_their_own():
    given, y = network([2, 1])
    told = captions(step_through(y, collapse=2, inputs=given))
    assert told[0] == "Start. The leaves have their values: x0 = −0.5, x1 = −0.2. 6 params inside the collapsed scopes."
    largest = max(abs(leaf_grad(y, w)) for w in weights_of(y)[:2])
    assert told[-1].startswith("Backward through layer 0 › neuron 0. 2 params inside: |g| ≤ ")
    assert float(told[-1].rpartition(" ")[2]) == pytest.approx(largest, rel=1e-3)


def weights_of(y):
    return [leaf for leaf, _ in Tape.of(y).leaves.values() if not leaf.label]


def leaf_grad(y, leaf):
    tape = Tape.of(y)
    return adjoints(tape)[next(index for index, (each, _) in tape.leaves.items() if each is leaf)]


@pytest.mark.parametrize("make", [lambda: network([3, 2])[1], lambda: network([4, 1])[1], interrupted])
@pytest.mark.parametrize("depth", [1, 2])
def test_what_is_kept_has_the_numbers_of_the_whole_sweep(make, depth):
    tape = Tape.of(make())
    picture = picture_of(tape, collapse=depth, inputs=[leaf for leaf, _ in tape.leaves.values() if leaf.label])
    walk = reverse_scope_walk(picture)
    assert walk.swept
    for index, adjoint in walk.swept.items():
        assert adjoint == pytest.approx(adjoints(tape)[index], rel=1e-12), index
    seeds = {index: 1.5 for index, (leaf, _) in tape.leaves.items() if leaf.label in {"x", "x1"}}
    forward = forward_scope_walk(picture, seeds)
    exact = forward_sweep(tape.nodes, seeds)
    assert {index for outs in forward.outs.values() for index in outs} == forward.swept.keys()
    for index, tangent in forward.swept.items():
        assert tangent == pytest.approx(exact[index], rel=1e-12), index


def test_a_scope_that_is_entered_twice_is_two_runs():
    tape = Tape.of(interrupted())
    walk = reverse_scope_walk(picture_of(tape, collapse=1))
    runs = [(run.box.title, run.is_first) for run in walk.runs()]
    assert runs == [("part", True), (None, True), ("part", False), (None, True)]


def test_several_outs_pass_on_many_shares_at_once():
    given, y = network([5, 4])
    told = captions(step_through(y, collapse=1, inputs=given))
    assert "Forward. layer 0 computes 5 outs: " in told[1]
    assert any(step.startswith("Backward through layer 1. 20 shares for layer 0, grads now: ") for step in told)
    assert any(" x0.grad += 5 shares: Σ5 = " in step for step in told)
    forward = captions(step_through(y, mode="forward", collapse=1, inputs=given))
    assert any(step.startswith("Forward through layer 1. 20 shares for layer 1, tangents now: ") for step in forward)


def test_as_few_scopes_are_collapsed_as_need_be():
    assert not step_through(network([2, 2])[1])._walk.is_collapsed
    by_neurons = step_through(network([6, 6])[1])
    assert "neuron 3" in "".join(captions(by_neurons))
    by_layers = step_through(network([16, 16])[1], inputs=network([1])[0])
    assert "neuron" not in "".join(captions(by_layers))
    assert len(by_layers._walk.frames) < 200
    with pytest.raises(ValueError, match="steps are too many"):
        step_through(network([16, 16])[1], collapse=2)
    with pytest.raises(ValueError, match="cards are too many"):
        step_through(network([16, 16])[1], collapse="none")


def test_a_seed_inside_a_scope_is_refused_with_a_way_out():
    x = Value(2.0, label="x")
    with scope("inner"):
        w, v = Value(3.0, label="w"), Value(4.0, label="v")
        y = x * w * v
    for seed in ("w", {"w": 1.0, "v": 2.0}):
        with pytest.raises(ValueError, match=r"^'w' is inside a collapsed scope.* step through a smaller part"):
            step_through(y, mode="forward", seed=seed, collapse=1)
    with scope("all"):
        alone = Value(1.0, label="a") * 2.0
    with pytest.raises(ValueError, match="all leaves are inside"):
        step_through(alone, mode="forward", collapse=1)


@needs_dot
@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_cards_of_a_stack_show_their_numbers(mode):
    given, y = network([4, 1])
    stepper = step_through(y, collapse=2, inputs=given, mode=mode)
    tape, last = Tape.of(y), shown(stepper, 10_000)
    cards = stepper._walk.cards
    assert len(cards) == 2 + 4 + 1 + 2
    texts = "".join(text for texts in last.values() for text in texts)
    for rows in cards.values():
        for row in rows:
            assert row[-1].before + row[-1].total in texts
    assert shown(stepper, 0).keys() == {"column"}
    assert len(tape) > 20


@needs_dot
def test_cards_of_a_stack_have_tooltips():
    given, y = network([4, 1])
    svg = draw(y, collapse=2, inputs=given).svg
    assert 'title="layer 0/neuron 3: 6 lines inside"' in svg
    assert 'title="x1 = −0.2"' in svg
