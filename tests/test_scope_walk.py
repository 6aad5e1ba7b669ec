"""Stepping through scopes that are collapsed: what is eliminated leaves the numbers of all that is kept as they are."""

from __future__ import annotations

import random

import pytest

from autograd import Tape, Value, draw, scope, sin, tanh
from autograd import sum as total_of
from autograd.listing import adjoints
from autograd.show.graph import picture_of
from autograd.show.scope_walk import forward_scope_walk, reverse_scope_walk
from autograd.show.stepper import step_through
from autograd.tape import forward_sweep
from tests.test_cli import needs_dot
from tests.test_stepper import captions, shown


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
        w = Value(3.0, label="w")
        y = x * w
    with pytest.raises(ValueError, match=r"'w' is inside a collapsed scope.* step through a smaller part"):
        step_through(y, mode="forward", seed="w", collapse=1)
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
