"""Programs as a whole: lanes in blocks, several outputs and their weights, and numbers that are not finite."""

from __future__ import annotations

import math
import pickle
import weakref

import numpy as np
import pytest

import autograd as ag
from autograd import BranchChanged, Tape, Value
from autograd.errors import StaleTape
from autograd.replay.levels import BATCHED
from tests.test_replay import close

LANES = np.array([[1.0, 2.0], [-1.0, 0.5], [3.0, -2.0], [0.25, 4.0], [-2.0, -3.0], [1.5, 1.0], [2.0, 0.0]])
SHARED = np.array([2.0, -0.5])
BLOCKS = [1, 2, 3, 6, 7, 8]


def in_blocks(program, lanes):
    """Return a copy of a program that computes so many lanes at a time."""
    twin = pickle.loads(pickle.dumps(program))
    twin._block = lanes
    return twin


def outputs_of(ps, xs):
    """Return outputs of all sorts: of lanes, of none, twice, an input of either kind; and one that lanes add to."""
    product = ps[0] * xs[0]
    square = ps[1] * ps[1]
    return [ps[0], square, product, xs[1], product, square, product * square]


def expected(weights):
    """Return the values of the outputs, and the gradients of their weighted sum, by hand."""
    (p, q), (x, y) = SHARED, LANES.T
    one = np.ones_like(x)
    values = np.array([p * one, q * q * one, p * x, y, p * x, q * q * one, p * x * q * q]).T
    w = np.broadcast_to(weights, values.shape).T
    of_product = w[2] + w[4] + w[6] * q * q
    of_shared = [(of_product * x + w[0]).sum(), 2.0 * q * (w[1] + w[5] + w[6] * p * x).sum()]
    return values, of_shared, np.array([of_product * p, w[3]]).T


@pytest.fixture
def program():
    ps, xs = [Value(1.0), Value(1.5)], [Value(0.5), Value(0.75)]
    return Tape.of(*outputs_of(ps, xs)).compile(ps, xs)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("weights", [1.0, np.arange(7.0), np.arange(7.0)[:, None], np.arange(49.0).reshape(7, 7)])
def test_outputs_count_as_they_are_weighted_however_lanes_are_cut(weights, block, program):
    values, of_shared, of_batched = expected(weights)
    program = in_blocks(program, block)
    given = None if np.ndim(weights) == 0 else weights
    for _ in range(2):
        found = program.value_and_grad(SHARED, LANES, given, wrt="both")
        assert np.allclose(found[0], values, rtol=1e-15)
        assert np.allclose(found[1][0], of_shared, rtol=1e-14)
        assert np.allclose(found[1][1], of_batched, rtol=1e-15)
        assert np.allclose(program.value_and_grad(SHARED, LANES, given)[1], of_shared, rtol=1e-14)
        assert np.allclose(program.value_and_grad(SHARED, LANES, given, wrt="batched")[1], of_batched, rtol=1e-15)
        assert np.allclose(program.value(SHARED, LANES), values, rtol=1e-15)


@pytest.mark.parametrize("block", BLOCKS)
def test_one_output_is_a_number_per_lane(block):
    w, x = Value(1.0), Value(0.5)
    program = in_blocks(Tape.of(ag.sin(x) * w).compile([w], [x]), block)
    for weights in (None, np.arange(7.0)):
        values, gradient = program.value_and_grad([3.0], LANES[:, :1], weights)
        assert np.allclose(values, 3.0 * np.sin(LANES[:, 0]), rtol=1e-15)
        assert np.allclose(gradient, [(np.sin(LANES[:, 0]) * (1.0 if weights is None else weights)).sum()], rtol=1e-14)


def test_no_more_lanes_than_a_block_are_computed_together_and_no_gradient_with_values_alone(monkeypatch):
    w, x = Value(1.0), Value(0.5)
    program = in_blocks(Tape.of(ag.sin(x) * w).compile([w], [x]), 3)
    asked, workspace = [], program.workspace
    monkeypatch.setattr(program, "workspace", lambda *given: asked.append(given) or workspace(*given))
    program.value_and_grad([3.0], LANES[:, :1])
    assert {given[0] for given in asked} == {3, 1}
    asked.clear()
    program.value([3.0], LANES[:2, :1])
    assert {given[:2] for given in asked} == {(2, ())}


def test_an_output_that_another_one_reads_counts_for_itself_too():
    w, x = Value(1.0), Value(0.5)
    sine, root = ag.sin(x), ag.sqrt(w)
    program = Tape.of(sine + w, sine, root, root + x).compile([w], [x])
    _, (of_shared, of_batched) = program.value_and_grad([4.0], LANES[:, :1], [1.0, 2.0, 3.0, 5.0], wrt="both")
    assert np.allclose(of_batched[:, 0], 3.0 * np.cos(LANES[:, 0]) + 5.0, rtol=1e-15)
    assert np.allclose(of_shared, [7.0 * (1.0 + 8.0 * 0.25)], rtol=1e-15)
    assert np.allclose(program.value_and_grad([4.0], LANES[:, :1], [1.0, 2.0, 3.0, 5.0])[1], of_shared, rtol=1e-15)
    values, gradient = Tape.of(sine + w, sine).compile([w], [x]).value_and_grad([4.0], LANES[:, :1])
    assert np.allclose(values.T, [np.sin(LANES[:, 0]) + 4.0, np.sin(LANES[:, 0])], rtol=1e-15)
    assert gradient.tolist() == [7.0]


def test_the_gradient_of_each_lane_is_told_for_what_was_asked_for(program):
    values, _, of_batched = expected(1.0)
    x = LANES[:, 0]
    of_shared = np.array([2.25 * x + 1.0, -1.0 * (2.0 + 2.0 * x)]).T
    for wrt, wanted in (("shared", [of_shared]), ("batched", [of_batched]), ("both", [of_shared, of_batched])):
        found, gradient = program.value_and_grad(SHARED, LANES, per_row=True, wrt=wrt)
        assert np.allclose(found, values, rtol=1e-15)
        for one, other in zip([gradient] if wrt != "both" else gradient, wanted, strict=True):
            assert np.allclose(one, other, rtol=1e-15)


def test_no_lanes_at_all_have_no_gradient_whatever_came_before():
    w, x = Value(2.0), Value(5.0)
    program = Tape.of(w * x + ag.sin(w)).compile([w], [x])
    for lanes in ([[1.0]], [[1.0], [7.0]], np.empty((0, 1)), [[1.0]], np.empty((0, 1))):
        values, gradient = program.value_and_grad([3.0], lanes)
        close(gradient, [sum(lane[0] + math.cos(3.0) for lane in lanes)])
        assert len(values) == len(lanes)


@pytest.mark.parametrize("count", [1, 40, 1000])
def test_a_block_of_lanes_and_its_adjoints_take_two_megabytes_unless_it_has_256_lanes(count):
    x = Value(0.5)
    value = x
    for _ in range(count):
        value = ag.sin(value)
    program = Tape.of(value).compile([], [x])
    lanes = program.lanes_per_block()
    space = program.workspace(lanes, (BATCHED,))
    taken = space.primals[BATCHED].nbytes + space.adjoints[BATCHED].nbytes
    assert (lanes == 256) == (count == 1000)
    assert taken > 2**20
    assert taken <= 2**21 or lanes == 256


def test_eight_workspaces_are_kept():
    w, x = Value(1.0), Value(0.5)
    program = Tape.of(ag.sin(x) * w).compile([w], [x])
    found = [weakref.ref(program.workspace(lanes, ())) for lanes in range(1, 20)]
    assert [each() is not None for each in found] == [False] * 11 + [True] * 8
    assert program.workspace(19, ()) is found[-1]()


# -- guards ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", BLOCKS)
def test_the_first_lane_that_would_take_another_branch_is_told(block):
    x, y, w = Value(1.0, label="x"), Value(2.0, label="y"), Value(1.0, label="w")
    with Tape():
        assert x < 2.5
        assert not y < -2.5
        assert w > 0.0
        z = x * y * w
    program = in_blocks(Tape.of(z).compile([w], [x, y]), block)
    assert program.holds([1.0], LANES).tolist() == [True, True, False, True, False, True, True]
    assert program.holds([-1.0], LANES).tolist() == [False] * 7
    alone = Tape.of(z).compile([w, x, y])
    assert [alone.holds([1.0, *lane]).tolist() for lane in LANES[:3]] == [True, True, False]
    with pytest.raises(BranchChanged, match=r"x < 2.5 was True") as caught:
        program.value([1.0], LANES)
    assert caught.value.lane == 2
    with pytest.raises(BranchChanged, match=r"y < -2.5 was False") as caught:
        program.value_and_grad([1.0], LANES[3:])
    assert caught.value.lane == 1
    with pytest.raises(BranchChanged, match=r"w > 0.0 was True") as caught:
        program.value([-1.0], LANES)
    assert caught.value.lane is None
    assert np.allclose(program.value([2.0], LANES[[0, 1, 3, 5]]), [4.0, -1.0, 2.0, 3.0])


def test_a_comparison_that_a_replay_rounds_otherwise_does_not_hold():
    x, huge = Value(1.0), Value(1e16)
    with Tape():
        assert ag.sum([huge, x, -huge]) > 0.5
        z = x * 2.0
    program = Tape.of(z).compile([], [x, huge])
    assert program.holds([], [[1.0, 1e16], [1.0, 2.0]]).tolist() == [False, True]
    with pytest.raises(BranchChanged):
        program.value([], [[1.0, 1e16]])


# -- numbers that are not finite ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", BLOCKS)
def test_where_an_adjoint_is_0_a_slope_that_is_infinite_counts_for_nothing(block):
    w, x = Value(1.0), Value(0.5)
    program = in_blocks(Tape.of(ag.sqrt(x) * w).compile([w], [x]), block)
    lanes = np.array([[4.0], [0.0], [1.0], [0.0], [9.0], [0.0], [16.0]])
    values, (of_shared, of_batched) = program.value_and_grad([0.0], lanes, wrt="both")
    assert (values.tolist(), of_shared.tolist(), of_batched.tolist()) == ([0.0] * 7, [10.0], [[0.0]] * 7)
    values, (of_shared, of_batched) = program.value_and_grad([2.0], lanes, wrt="both")
    assert (values.tolist(), of_shared.tolist()) == ([4.0, 0.0, 2.0, 0.0, 6.0, 0.0, 8.0], [10.0])
    assert of_batched.ravel().tolist() == [0.5, math.inf, 1.0, math.inf, 1.0 / 3.0, math.inf, 0.25]


@pytest.mark.parametrize("block", [2, 8])
def test_lanes_are_computed_carefully_only_where_they_are_not_finite(block, monkeypatch):
    w, x = Value(1.0), Value(0.5)
    program = in_blocks(Tape.of(ag.sqrt(x) * w).compile([w], [x]), block)
    asked, workspace = [], program.workspace
    monkeypatch.setattr(program, "workspace", lambda *given: asked.append(given) or workspace(*given))
    for lane, careful in ((4.0, False), (0.0, True)):
        asked.clear()
        program.value_and_grad([0.0], [[1.0], [2.0], [3.0], [lane]], wrt="both")
        program.value_and_grad([0.0], [[1.0], [2.0], [3.0], [lane]])
        assert any(given[2:] == (True,) for given in asked) == careful


def test_one_output_of_one_block_is_computed_carefully_too():
    w, x, y, z = (Value(1.0) for _ in range(4))
    program = Tape.of(ag.sum([x, y, z, w])).compile([w], [x, y, z])
    values, gradient = program.value_and_grad([0.0], [[1e308, 1e308, -1e308], [1.0, 2.0, 3.0]])
    assert (values.tolist(), gradient.tolist()) == ([1e308, 6.0], [2.0])
    values, gradient = Tape.of(ag.sqrt(w) * x).compile([w], [x]).value_and_grad([0.0], [[0.0], [0.0]])
    assert (values.tolist(), gradient.tolist()) == ([0.0, 0.0], [0.0])


def test_the_shared_gradient_is_that_of_the_careful_computation():
    w, x, y = Value(1.0), Value(2.0), Value(3.0)
    program = Tape.of(ag.sqrt(ag.sum([w * x, w * y, -(w * x)])), x).compile([w], [x, y])
    values, gradient = program.value_and_grad([1.0], [[1.69e308, 1.69e308]], [[1.0, 0.0]])
    assert values.tolist() == [[1.3e154, 1.69e308]]
    assert gradient.tolist() == pytest.approx([6.5e153], rel=1e-15)


def test_what_is_shared_is_careful_too():
    w, v, x = Value(1.0), Value(2.0), Value(0.5)
    program = Tape.of(ag.sqrt(w) * v + x, v * v).compile([w, v], [x])
    values, gradient = program.value_and_grad([0.0, 0.0], [[1.0], [2.0]])
    assert values.tolist() == [[1.0, 0.0], [2.0, 0.0]]
    assert gradient.tolist() == [0.0, 0.0]
    alone = Tape.of(ag.sqrt(w) * v).compile([w, v])
    assert alone.value_and_grad([0.0, 0.0])[1].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_sum_that_overflows_on_the_way_is_what_it_comes_to(block):
    x, y, z = (Value(1.0) for _ in range(3))
    lanes = [[1.0, 2.0, 3.0], [1e308, 1e308, -1e308], [-1e308, 2.0, -1e308], [1.0, 1.0, 1.0]]
    sums = [6.0, 1e308, -math.inf, 3.0]
    program = in_blocks(Tape.of(x + y + z).compile([], [x, y, z]), block)
    assert program.value([], lanes).tolist() == sums
    program = in_blocks(Tape.of(x * 1.0, x + y + z, y * 1.0).compile([], [x, y, z]), block)
    assert program.value([], lanes)[:, 1].tolist() == sums


# -- compiling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("now", "told"), [(5.0, 2.0), (2.0, 5.0), (7.0, 2.0), (1.0, 2.0)])
def test_a_leaf_with_two_numbers_is_refused_with_one_that_it_no_longer_has(now, told):
    x, y = Value(2.0, label="x"), Value(3.0)
    with Tape():
        z = y * x
        x.data = 5.0
        z = z + x
    x.data = now
    with pytest.raises(StaleTape, match=rf"recorded with x = {told}, which is {now} by now") as caught:
        Tape.of(z).compile()
    assert (caught.value.leaf, caught.value.recorded) == (x, told)


def test_leaves_may_come_from_a_generator():
    x, y = Value(2.0), Value(3.0)
    program = Tape.of(x * y).compile(shared=(leaf for leaf in [y]), batched=(leaf for leaf in [x]))
    assert program.value([3.0], [[4.0]]).tolist() == [12.0]


def test_leaves_are_named_once_each():
    x, y = Value(2.0, label="x"), Value(3.0)
    tape = Tape.of(x * y)
    with pytest.raises(ValueError, match=r"a leaf of value 3.0 is neither shared nor batched: name every leaf"):
        tape.compile([x])
    with pytest.raises(ValueError, match="the leaf x is named twice"):
        tape.compile([x, y], [x])
    with pytest.raises(TypeError, match="a computed Value is none"):
        tape.compile([x, y], [x * y])
    with pytest.raises(TypeError, match="float is none"):
        tape.compile([x, y], [2.0])
    for lone in ({"shared": x, "batched": [y]}, {"batched": y}):
        with pytest.raises(TypeError, match=r"is a list of leaves: write (shared|batched)=\[w\], not \1=w"):
            tape.compile(**lone)
    with pytest.raises(ValueError, match="the tape is empty"):
        Tape().compile()
    with pytest.raises(ValueError, match="no batched leaves: leave it out"):
        tape.compile().value_and_grad([1.0, 2.0], per_row=True)
    z = x * y
    x.data = 5.0
    with pytest.raises(StaleTape):
        Tape.of(z + x).compile()


def test_a_program_says_how_much_it_has():
    x, y = Value(2.0), Value(3.0)
    programs = [Tape.of(z).compile(shared=[x], batched=[y]) for z in (x * y, ag.sin(x * y))]
    assert [repr(program) for program in programs] == [
        "<Program: 1 shared and 1 batched inputs, 1 group>",
        "<Program: 1 shared and 1 batched inputs, 2 groups>",
    ]
    assert repr(Tape.of(x).compile([x])) == "<Program: 1 shared and 0 batched inputs, 0 groups>"


# -- what overflows on the way ---------------------------------------------------------------------------------------

HUGE = [1.0, 1.1e308, -1.2e308, 5e307]


@pytest.mark.parametrize("block", [1, 3, 8])
def test_what_overflows_on_the_way_is_computed_again_though_nothing_of_it_is_left(block):
    w, x = Value(1.0), Value(2.0)
    f = lambda w, x: 1.0 / ag.sum(x, x, -x) + 1.0 / ag.sum(w, w, -w)
    program = in_blocks(Tape.of(f(w, x)).compile([w], [x]), block)
    of_both = in_blocks(Tape.of(f(w, x), x).compile([w], [x]), block)
    for weight in HUGE:
        found = [ag.value_and_grad(f, (0, 1))(weight, each) for each in HUGE]
        values, (of_w, of_x) = (np.array([each[k] for each in found]).T for k in (0, 1))
        lanes = np.array(HUGE)[:, None]
        for _ in range(2):
            for wrt, wanted in (("shared", [of_w.sum()]), ("batched", of_x[:, None])):
                got = program.value_and_grad([weight], lanes, wrt=wrt)
                np.testing.assert_allclose(got[0], values, 1e-14)
                np.testing.assert_allclose(got[1], wanted, 1e-14)
            np.testing.assert_allclose(program.value([weight], lanes), values, 1e-14)
            np.testing.assert_allclose(of_both.value([weight], lanes)[:, 0], values, 1e-14)


@pytest.mark.parametrize("outputs", [1, 2])
def test_what_is_shared_may_overflow_on_the_way_alone(outputs):
    w, x = Value(1.0), Value(2.0)
    hidden = ag.relu(ag.sum(-w, -w, w, 1.5 * w)) * x
    program = Tape.of(*[hidden, x][:outputs]).compile([w], [x])
    for weight in HUGE:
        expected = 0.5 * max(weight, 0.0)
        values, gradient = program.value_and_grad([weight], [[0.5], [1.0]])
        np.testing.assert_allclose(values.reshape(2, -1)[:, 0], [0.5 * expected, expected], 1e-14)
        np.testing.assert_allclose(gradient, [0.75 * (weight > 0.0)], 1e-14)


@pytest.mark.parametrize("block", [1, 3, 8])
def test_guards_of_what_overflows_on_the_way_are_asked_about_what_the_engine_computes(block):
    with Tape():
        w, x = Value(1.0), Value(1.0)
        y = x * x if ag.sum(x, x, -x, -0.5 * x) > 5.3e307 else x
        z = y * (w * w if ag.sum(w, w, -w, -0.5 * w) > 1e308 else w)
        program = in_blocks(Tape.of(z).compile([w], [x]), block)
    for weight in HUGE:
        held = program.holds([weight], [[each] for each in [*HUGE, 1.05e308]])
        assert held.tolist() == [True, False, True, True, True]
        values = program.value([weight / 4.0], [[1.0], [-1.2e308], [1.05e308]])
        np.testing.assert_allclose(values, [weight / 4.0 * each for each in (1.0, -1.2e308, 1.05e308)], 1e-14)
        with pytest.raises(BranchChanged, match=r"5.3e\+307"):
            program.value([weight], [[1.0], [1.1e308]])
