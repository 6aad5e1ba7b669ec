"""Replay equals eager: for every row, for random programs, for all ways in which nodes can hang together."""

from __future__ import annotations

import builtins
import contextlib
import itertools
import math
import pickle
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Tape, Value, strategies, tape, value_and_grad
from autograd.errors import BranchChanged
from autograd.primitives import TABLE
from autograd.replay.forms import form
from tests.test_primitives import ROWS, as_tuple, sampled

del tape
RELATIVE = 1e-11
"""Vector routines are a few ulp off, and sums in another order; a program of a dozen nodes magnifies that a little."""

ARITHMETIC = [
    ROWS[name] for name in ("add", "sub", "mul", "div", "neg", "abs", "square", "max", "min", "relu", "where")
]


def close(got, expected, relative=RELATIVE, scale=0.0):
    got, expected = np.asarray(got, dtype=float), np.asarray(expected, dtype=float)
    assert got.shape == expected.shape
    both = np.isfinite(expected)
    assert np.array_equal(np.isfinite(got), both)
    assert np.array_equal(got[~both], expected[~both], equal_nan=True)
    bound = relative * np.maximum(np.abs(expected), scale) + 1e-300
    assert (np.abs(got[both] - expected[both]) <= bound[both]).all(), (got, expected)


def eager(f, shared, batched):
    """Return the value of f(shared, batched), and its gradients, of one lane after the other."""
    values, of_shared, of_batched = [], [], []
    for lane in batched:
        value, gradients = value_and_grad(f, argnums=(0, 1))(list(shared), list(lane))
        values.append(value)
        of_shared.append(gradients[0])
        of_batched.append(gradients[1])
    lanes = len(values)
    return (
        np.array(values, dtype=float),
        np.array(of_shared, dtype=float).reshape(lanes, len(shared)),
        np.array(of_batched, dtype=float).reshape(lanes, -1),
    )


def recorded(f, shared, batched):
    """Return the program of f, recorded at some numbers."""
    parameters, data = [Value(each) for each in shared], [Value(each) for each in batched]
    with Tape():
        output = f(parameters, data)
    outputs = output if isinstance(output, list) else [output]
    return Tape.of(*outputs).compile(shared=parameters, batched=data)


def largest_terms(f, shared, batched):
    """Return what may have cancelled: of a slope and of the value.

    The first is the largest sum over paths of |product of slopes| from the output to a line, the second the largest
    such sum times what the line comes to.
    """
    largest, of_value = 0.0, 0.0
    for lane in batched:
        parameters, data = [Value(each) for each in shared], [Value(each) for each in lane]
        lines = Tape.of(f(parameters, data)).lines()
        sums = [0.0] * len(lines)
        sums[-1] = 1.0
        for line in reversed(lines):
            for operand, slope in zip(line.operands, line.slopes):
                if operand.index is not None:
                    sums[operand.index] += sums[line.index] * builtins.abs(slope)
        largest = builtins.max([largest, *(each for each in sums if math.isfinite(each))])
        terms = [builtins.abs(line.primal) * each for line, each in zip(lines, sums)]
        of_value = builtins.max([of_value, *(each for each in terms if math.isfinite(each))])
    return largest, of_value


def check(f, shared, batched, relative=RELATIVE, recorded_at=None, scale=0.0, of_value=0.0):
    """See that a program gives what the engine gives of each lane, whatever it was recorded at."""
    batched = np.asarray(batched, dtype=float)
    program = recorded(f, shared, batched[0] if recorded_at is None else recorded_at)
    values, of_shared, of_batched = eager(f, shared, batched.tolist())
    close(program.value(shared, batched), values, relative, of_value)
    got, (g_shared, g_batched) = program.value_and_grad(shared, batched, wrt="both")
    close(got, values, relative, of_value)
    close(g_batched, of_batched, relative, np.abs(of_batched).max(initial=scale, where=np.isfinite(of_batched)))
    with np.errstate(invalid="ignore"):
        total = np.maximum(np.abs(of_shared).sum(axis=0, where=np.isfinite(of_shared)), scale * len(batched))
        close(g_shared, of_shared.sum(axis=0), relative, total)
    rows = program.value_and_grad(shared, batched, per_row=True)[1]
    close(rows, of_shared, relative, np.abs(of_shared).max(initial=scale, where=np.isfinite(of_shared)))
    return program


# -- every row -------------------------------------------------------------------------------------------------------


def lanes_of(row):
    """Return operands of one number, as often as may be: the row's examples and points where it is smooth."""
    tuples = [tuple(map(float, as_tuple(key))) for key in row.examples] + sampled(row, 5)
    size = len(tuples[-1])
    return size, [each for each in tuples if len(each) == size]


@pytest.mark.long
@pytest.mark.parametrize("name", ROWS)
def test_every_row(name):
    row = ROWS[name]
    size, lanes = lanes_of(row)
    for n_shared in {0, min(1, size - 1)}:
        for lane in lanes if n_shared else lanes[:1]:
            mine = [each for each in lanes if each[:n_shared] == lane[:n_shared]]
            check(lambda ps, xs: row.of(*ps, *xs), lane[:n_shared], [each[n_shared:] for each in mine])


@pytest.mark.parametrize("name", ROWS)
def test_every_row_without_lanes(name):
    row = ROWS[name]
    size, points = lanes_of(row)
    leaves = [Value(each) for each in points[-1]]
    program = Tape.of(row.of(*leaves)).compile(leaves)
    for point in points:
        value, gradient = program.value_and_grad(point)
        output, slopes = row.of(*point), row.slopes(row.of(*point), point, range(size))
        close(value, output)
        close(gradient, slopes, scale=max((abs(each) for each in slopes if math.isfinite(each)), default=0.0))


@pytest.mark.parametrize("name", ROWS)
def test_every_row_with_a_constant(name):
    row = ROWS[name]
    size, lanes = lanes_of(row)
    if size < 2:
        return
    constant = lanes[-1][-1]
    check(lambda ps, xs: row.of(*xs, constant), [], [each[:-1] for each in lanes[-5:]])
    check(lambda ps, xs: row.of(*ps, constant) * xs[0], lanes[-1][:-1], [[1.0], [2.0], [-0.5]])


@pytest.mark.long
@pytest.mark.parametrize("name", ROWS)
def test_every_row_twice_of_the_same_operands(name):
    row = ROWS[name]
    _, lanes = lanes_of(row)
    check(lambda ps, xs: row.of(*xs) * 3.0 + row.of(*xs), [], lanes[-3:])
    check(lambda ps, xs: (row.of(*ps) * 3.0 + row.of(*ps)) * xs[0], lanes[-1], [[1.0], [2.0]])


@pytest.mark.long
@pytest.mark.parametrize("row", ARITHMETIC, ids=lambda row: row.name)
def test_arithmetic_is_the_same_to_the_last_bit(row):
    generator = np.random.default_rng(1)
    size = len(row.smooth_on[0]) if isinstance(row.smooth_on[0][0], tuple) else 1
    lanes = generator.normal(size=(200, size)) * 10.0 ** generator.integers(-5, 5, (200, size))
    program = recorded(lambda ps, xs: row.of(*xs), [], lanes[0])
    values, gradients = program.value_and_grad([], lanes, wrt="batched")
    expected, _, slopes = eager(lambda ps, xs: row.of(*xs), [], lanes.tolist())
    assert np.array_equal(values, expected)
    assert np.array_equal(gradients, slopes)


# -- random programs -------------------------------------------------------------------------------------------------


@pytest.mark.long
@settings(deadline=None, max_examples=120)
@given(data=st.data(), expression=strategies.expressions(leaves=(1, 4)), lanes=st.integers(1, 4))
def test_random_programs(data, expression, lanes):
    n_shared = data.draw(st.integers(0, expression.leaves))
    number = strategies.numbers()
    shared = [data.draw(number) for _ in range(n_shared)]
    batched = [[data.draw(number) for _ in range(expression.leaves - n_shared)] for _ in range(lanes)]
    if n_shared < expression.leaves:
        f = lambda ps, xs: expression([*ps, *xs])
        scale, of_value = largest_terms(f, shared, batched)
        check(f, shared, batched, 1e-8, scale=scale, of_value=of_value)


def neuron_by_hand(weights, inputs):
    return builtins.sum((w * x for w, x in zip(weights, inputs)), weights[-1])


def layers(act, sizes, by_hand=True):
    """Return a network as a function (parameters, inputs), and how many parameters it has."""

    def network(parameters, inputs):
        left = list(parameters)
        for size in sizes[1:]:
            outputs = []
            for _ in range(size):
                weights, left = left[: len(inputs) + 1], left[len(inputs) + 1 :]
                total = neuron_by_hand(weights, inputs) if by_hand else autograd.dot(weights, [*inputs, 1.0])
                outputs.append(act(total))
            inputs = outputs
        return builtins.sum(output * output for output in inputs)

    return network, builtins.sum((a + 1) * b for a, b in itertools.pairwise(sizes))


@pytest.mark.parametrize("by_hand", [True, False])
@pytest.mark.parametrize("sizes", [(2, 3, 1), (3, 5, 4, 2), (1, 1), (7, 6, 1)])
@pytest.mark.parametrize("act", [autograd.relu, autograd.tanh, autograd.sigmoid], ids=lambda act: act.name)
def test_networks(sizes, act, by_hand):
    network, count = layers(act, sizes, by_hand)
    generator = np.random.default_rng(2)
    program = check(network, generator.normal(size=count), generator.normal(size=(6, sizes[0])), 1e-10)
    assert len(program._plan.groups) <= 3 * len(sizes) + 2


def diamond(ps, xs):
    shared_only = autograd.exp(ps[0]) * ps[1] + ps[1]
    a = xs[0] * shared_only + xs[1]
    return a * a * xs[0] - ps[1] * a + shared_only


def many(ps, xs):
    return autograd.max(xs) + autograd.logsumexp([*ps, *xs]) - autograd.prod([ps[0], *xs]) + autograd.hypot(*ps, xs[0])


def repeated(ps, xs):
    return xs[0] * xs[0] + ps[0] * ps[0] * xs[1] + autograd.dot([xs[0], xs[0], ps[0]], [xs[1], xs[0], ps[0]])


def constants(ps, xs):
    return 3.0 - xs[0] / 4.0 + 2.0 ** (xs[1] * 0.1) + (5.0 - ps[0]) * 2.0 - ps[1] * 0.0


def differences(ps, xs):
    return (xs[0] - ps[0] * xs[1] - 2.0 * xs[0]) - (ps[1] - xs[1] * 3.0 - (xs[0] - ps[0])) - autograd.dot(ps, xs)


def unused(ps, xs):
    return xs[1] * 2.0


def of_parameters_only(ps, xs):
    return ps[0] * ps[1] - ps[0]


def identity(ps, xs):
    return xs[0]


def parameter(ps, xs):
    return ps[1]


def steps(ps, xs):
    return autograd.floor(xs[0]) * ps[0] + autograd.sign(xs[1]) * 2.0 + autograd.where(xs[0] > 0.5, ps[0], xs[1])


def same_parameters_twice(ps, xs):
    return autograd.dot([ps[0], ps[0], ps[1]], [xs[0], xs[1], xs[0]]) + autograd.dot([ps[1], ps[0], ps[0]], xs[:1] * 3)


def means(ps, xs):
    middle = autograd.mean([xs[0] * ps[0], xs[1], 3.0, ps[1] * xs[0] * 2.0])
    return autograd.mean([middle, ps[0]]) - autograd.mean([xs[0] + xs[1], xs[1] * xs[1]]) * middle


def one_operand_in_many_rows(ps, xs):
    twice = [autograd.relu(xs[0]), autograd.relu(xs[0])]
    again = [autograd.tanh(ps[0]), autograd.tanh(ps[0]), autograd.relu(ps[0]), autograd.relu(ps[0])]
    return autograd.dot(twice, [ps[0], xs[1]]) + autograd.sum(again) * twice[0]


def long_sums(ps, xs):
    return builtins.sum(ps[k % 2] * xs[k % 2] * k for k in range(40)) + builtins.sum(xs[k % 2] for k in range(30))


def a_layer_and_more(ps, xs):
    """A matrix product of inputs which other nodes read too: part of their adjoints is there before it adds its own."""
    rows = [[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0]]
    hidden = [autograd.relu(ps[0] * w * xs[0] + ps[1] * v * xs[1] + ps[0]) for w, v in rows]
    layer = [autograd.relu(ps[0] * xs[0] + ps[1] * xs[1] + ps[k]) for k in range(2)]
    return autograd.dot([*hidden, *layer], [*ps, *ps, ps[0]]) + ps[1] * autograd.exp(-xs[0] * xs[0])


PROGRAMS = [
    a_layer_and_more, diamond, many, repeated, constants, differences, unused, of_parameters_only, identity, parameter,
    steps, same_parameters_twice, long_sums, means, one_operand_in_many_rows,
]  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("lanes", [1, 3, 700])
def test_how_nodes_hang_together(f, lanes):
    batched = np.random.default_rng(3).uniform(-2.0, 2.0, (lanes, 2))
    check(f, [0.7, -1.3], batched)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_no_lanes_at_all(f):
    program = recorded(f, [0.7, -1.3], [0.5, 1.5])
    values, (of_shared, of_batched) = program.value_and_grad([0.7, -1.3], np.empty((0, 2)), wrt="both")
    assert values.shape == (0,)
    assert of_shared.tolist() == [0.0, 0.0]
    assert of_batched.shape == (0, 2)


def test_lanes_in_blocks_are_as_lanes_at_once():
    batched = np.random.default_rng(4).uniform(-2.0, 2.0, (3000, 2))
    program = recorded(diamond, [0.7, -1.3], batched[0])
    whole = program.value_and_grad([0.7, -1.3], batched, wrt="both")
    program.lanes_per_block = lambda: 700
    values, (of_shared, of_batched) = program.value_and_grad([0.7, -1.3], batched, wrt="both")
    assert np.array_equal(values, whole[0])
    assert np.array_equal(of_batched, whole[1][1])
    close(of_shared, whole[1][0], 1e-12)


def test_a_million_lanes():
    batched = np.linspace(-2.0, 2.0, 2_000_000).reshape(-1, 2)
    program = recorded(repeated, [0.7], batched[0])
    values, gradient = program.value_and_grad([0.7], batched)
    x, y = batched.T
    close(values, x * x + 0.49 * y + x * y + x * x + 0.49, 1e-12, 1.0)
    close(gradient, [(2 * 0.7 * y + 2 * 0.7).sum()], 1e-9, 1e6)


# -- several outputs, weights ----------------------------------------------------------------------------------------


def test_several_outputs():
    def f(ps, xs):
        a = xs[0] * ps[0]
        return [a, autograd.sin(a) + xs[1], a, ps[0], xs[1], ps[0] * 2.0]

    shared, batched = [0.7], np.array([[0.5, 1.0], [2.0, -1.0], [0.1, 0.2]])
    program = recorded(f, shared, batched[0])
    a = batched[:, 0] * 0.7
    expected = np.stack([a, np.sin(a) + batched[:, 1], a, 0 * a + 0.7, batched[:, 1], 0 * a + 1.4], axis=1)
    close(program.value(shared, batched), expected)
    weights = np.arange(18.0).reshape(3, 6)
    values, (of_shared, of_batched) = program.value_and_grad(shared, batched, weights, wrt="both")
    close(values, expected)
    adjoint = weights[:, 0] + weights[:, 2] + weights[:, 1] * np.cos(a)
    close(of_shared, [(adjoint * batched[:, 0] + weights[:, 3] + 2 * weights[:, 5]).sum()])
    close(of_batched, np.stack([adjoint * 0.7, weights[:, 1] + weights[:, 4]], axis=1))
    close(program.value_and_grad(shared, batched)[1], program.value_and_grad(shared, batched, np.ones(6))[1])


def test_weights_are_those_of_lanes():
    batched = np.array([[0.5, 1.0], [2.0, -1.0]])
    program = recorded(diamond, [0.7, -1.3], batched[0])
    one, two = (program.value_and_grad([0.7, -1.3], batched[k : k + 1])[1] for k in range(2))
    close(program.value_and_grad([0.7, -1.3], batched, [2.0, -3.0])[1], 2.0 * one - 3.0 * two)
    close(program.value_and_grad([0.7, -1.3], batched, 0.5)[1], 0.5 * (one + two))


def test_without_lanes_values_are_numbers():
    x, y = Value(2.0), Value(3.0)
    program = Tape.of(x**3 * y + 3 * x).compile()
    value, gradient = program.value_and_grad([2.0, 3.0])
    assert value.shape == ()
    assert (value, gradient.tolist()) == (30.0, [39.0, 8.0])
    both = Tape.of(x * y, x + y).compile([x, y])
    assert both.value([2.0, 5.0]).tolist() == [10.0, 7.0]
    assert both.value_and_grad([2.0, 5.0], weights=[1.0, 10.0])[1].tolist() == [15.0, 12.0]


def test_sums_are_within_their_bound():
    generator = np.random.default_rng(11)
    for count in (3, 10, 1000):
        weights = generator.normal(size=count) * 10.0 ** generator.integers(-8, 8, count)
        lanes = generator.normal(size=(20, count))
        program = recorded(lambda ps, xs: autograd.dot(ps, xs) + 1.0, weights, lanes[0])
        exact = [math.fsum([*(w * x for w, x in zip(weights.tolist(), lane)), 1.0]) for lane in lanes.tolist()]
        size = np.abs(lanes) @ np.abs(weights) + 1.0
        assert (np.abs(program.value(weights, lanes) - exact) <= (count + 2) * 2.0**-53 * size).all()


def test_without_scipy_erf_is_as_right(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    lanes = np.linspace(-6.0, 6.0, 200)[:, None]
    program = recorded(lambda ps, xs: autograd.erf(xs[0]) + autograd.erfc(xs[0]) * 3.0, [], lanes[0])
    expected = [math.erf(x) + 3.0 * math.erfc(x) for (x,) in lanes.tolist()]
    close(program.value([], lanes), expected, 1e-14, 1e-3)


# -- what is given ---------------------------------------------------------------------------------------------------


def test_any_array_of_real_numbers_will_do():
    batched = np.random.default_rng(5).uniform(-2.0, 2.0, (40, 2)).round(3)
    program = recorded(diamond, [0.75, -1.25], batched[0])
    expected = program.value_and_grad([0.75, -1.25], batched, wrt="both")
    frozen = np.asfortranarray(batched)
    frozen.flags.writeable = False
    wide = np.zeros((80, 6))
    wide[::2, 1:5:3] = batched
    for given_ in (frozen, wide[::2, 1:5:3], batched.tolist()):
        before = np.array(given_)
        got = program.value_and_grad(np.array([0.75, -1.25], dtype=np.float32), given_, wrt="both")
        assert np.array_equal(before, given_)
        assert np.array_equal(got[0], expected[0])
        close(got[1][0], expected[1][0])
    single = batched.astype(np.float32)
    assert np.array_equal(program.value([0.75, -1.25], single), program.value([0.75, -1.25], single.astype(float)))
    assert program.value([1, 2], [[1, 2]]).dtype == np.float64


def test_results_belong_to_the_caller():
    program = recorded(diamond, [0.7, -1.3], [0.5, 1.0])
    first = program.value_and_grad([0.7, -1.3], [[0.5, 1.0]], wrt="both")
    kept = [first[0].copy(), first[1][0].copy(), first[1][1].copy()]
    program.value_and_grad([2.0, 3.0], [[1.0, 2.0]], wrt="both")
    for got, expected in zip([first[0], *first[1]], kept):
        assert np.array_equal(got, expected)
        got[...] = 7.0
    again = program.value_and_grad([0.7, -1.3], [[0.5, 1.0]], wrt="both")
    assert np.array_equal(again[0], kept[0])
    assert np.array_equal(again[1][0], kept[1])


@pytest.mark.parametrize(
    ("shared", "batched", "options", "error", "message"),
    [
        (
            [1.0],
            [[1.0, 2.0]],
            {},
            ValueError,
            r"there are 2 shared leaves, so shared inputs have the shape \(2,\), not",
        ),
        ([1.0, 2.0], None, {}, ValueError, "there are 2 batched leaves: give their numbers, a row for each lane"),
        ([1.0, 2.0], [1.0, 2.0], {}, ValueError, r"batched inputs have the shape \(B, 2\), a row for each lane"),
        ([1.0, 2.0], [[1.0]], {}, ValueError, r"not \(1, 1\)"),
        ([1.0, "two"], [[1.0, 2.0]], {}, TypeError, "shared inputs are real numbers, not str"),
        ([1.0, 2.0], [[1j, 2.0]], {}, TypeError, "batched inputs are real numbers, not complex128"),
        ([1.0, None], [[1.0, 2.0]], {}, TypeError, "not object"),
        ([True, False], [[1.0, 2.0]], {}, TypeError, "not bool"),
        ([1.0, 2.0], [[1.0, 2.0]], {"weights": [1.0, 2.0]}, ValueError, r"weights have the shape \(1,\)"),
        ([1.0, 2.0], [[1.0, 2.0]], {"wrt": "all"}, ValueError, 'wrt is "shared", "batched" or "both", not \'all\''),
    ],
)
def test_what_does_not_fit_is_refused(shared, batched, options, error, message):
    program = recorded(diamond, [0.7, -1.3], [0.5, 1.0])
    with pytest.raises(error, match=message):
        program.value_and_grad(shared, batched, **options)


def test_unused_leaves_have_gradient_0():
    x, other = Value(2.0), Value(3.0)
    program = Tape.of(x * x).compile([other, x, Value(1.0)], [])
    assert program.value_and_grad([9.0, 4.0, 1.0])[1].tolist() == [0.0, 8.0, 0.0]


# -- numbers that are not finite -------------------------------------------------------------------------------------


def test_a_zero_factor_makes_a_share_exactly_nothing():
    def f(ps, xs):
        return autograd.sqrt(xs[0]) * ps[0] + autograd.where(xs[1] > 0.0, autograd.log(xs[1]), ps[1] * xs[1])

    check(f, [0.0, 2.0], [[0.0, 1.0], [4.0, 0.0], [0.0, -1.0]])


def test_a_zero_factor_beside_infinity_in_matrix_products():
    network, count = layers(autograd.sqrt, (2, 3, 2))
    parameters = np.abs(np.random.default_rng(6).normal(size=count))
    parameters[[2, 5]] = 0.0
    check(network, parameters, [[0.0, 0.0], [1.0, 2.0]], 1e-10)


def test_nan_and_infinities_stay_in_their_lanes():
    batched = np.array([[math.nan, 1.0], [math.inf, 1.0], [0.5, 1.0], [1.0, -math.inf]])
    program = recorded(diamond, [0.7, -1.3], [0.5, 1.0])
    values, rows = program.value_and_grad([0.7, -1.3], batched, wrt="batched")
    alone = program.value_and_grad([0.7, -1.3], batched[2:3], wrt="batched")
    assert values[2] == alone[0][0]
    assert np.array_equal(rows[2], alone[1][0])
    assert np.isfinite(values).tolist() == [False, False, True, False]


def test_strict_mode_names_the_lane_and_the_primitive():
    def f(ps, xs):
        return autograd.log(xs[0]) * ps[0] + autograd.sqrt(xs[1])

    program = recorded(f, [2.0], [1.0, 1.0])
    with autograd.strict():
        assert np.isfinite(program.value([2.0], [[1.0, 1.0], [2.0, 0.0]])).all()
        with pytest.raises(autograd.NonFiniteError, match=r"^log\(-1.0\): the value is nan") as caught:
            program.value([2.0], [[1.0, 1.0], [-1.0, 4.0], [-2.0, 4.0]])
        assert caught.value.__notes__ == ["in lane 1"]
        with pytest.raises(autograd.NonFiniteError, match=r"^sqrt\(0.0\): the slope in operand 0 is inf") as caught:
            program.value_and_grad([2.0], [[1.0, 1.0], [1.0, 4.0], [2.0, 0.0]], wrt="batched")
        assert caught.value.__notes__ == ["in lane 2"]
        alone = Tape.of(1.0 / Value(1.0)).compile()
        with pytest.raises(autograd.NonFiniteError, match=r"^div\(1.0, 0.0\): the value is inf$"):
            alone.value([0.0])
    assert program.value([2.0], [[-1.0, 4.0]])[0] != 0.0


def test_faster_forms_are_as_good_as_they_say():
    generator = np.random.default_rng(10)
    for row, arguments, bound in (
        (ROWS["erf"], [generator.normal(size=10_000) * 2.0], lambda x: 4.0),
        (
            ROWS["gaussian"],
            [generator.normal(size=10_000), generator.normal(size=10_000) * 4.0, generator.uniform(0.2, 2.0, 10_000)],
            lambda a, x, c: 4.0 + c * x * x,
        ),
        (ROWS["relu"], [generator.normal(size=10_000)], lambda x: 0.0),
        (ROWS["step"], [generator.normal(size=10_000).round(1)], lambda x: 0.0),
        (ROWS["where"], [generator.integers(0, 2, 10_000) * 1.0, *generator.normal(size=(2, 10_000))], lambda *_: 0.0),
        (ROWS["sum"], list(generator.normal(size=(7, 10_000))), lambda *xs: 6.0 * builtins.sum(map(np.abs, xs))),
        (ROWS["logsumexp"], list(generator.normal(size=(7, 10_000)) * 50.0), lambda *xs: 4.0),
    ):
        out = np.empty(10_000)
        form(row)(*arguments, out)
        expected = np.array([row.compute(*each) for each in zip(*[argument.tolist() for argument in arguments])])
        unit = np.spacing(1.0) if row.name == "sum" else np.spacing(np.abs(expected))
        assert (np.abs(out - expected) <= bound(*arguments) * unit).all(), row.name


# -- guards ----------------------------------------------------------------------------------------------------------


def smaller(ps, xs):
    return +xs[0] if xs[0] < xs[1] else +xs[1]


def test_a_branch_that_would_change_is_noticed():
    program = recorded(smaller, [], [3.0, 4.0])
    values, gradient = program.value_and_grad([], [[3.0, 4.0], [-1.0, 0.0]], wrt="batched")
    assert (values.tolist(), gradient.tolist()) == ([3.0, -1.0], [[1.0, 0.0], [1.0, 0.0]])
    with pytest.raises(BranchChanged, match=r"v0 < v1 was True .* is False for lane 1: another branch") as caught:
        program.value([], [[3.0, 4.0], [3.0, 2.0], [5.0, 1.0]])
    error = caught.value
    assert (error.comparison, error.outcome, error.lane) == ("v0 < v1", True, 1)
    assert error.line == "return +xs[0] if xs[0] < xs[1] else +xs[1]"
    assert error.source[0] == __file__
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert program.holds([], [[3.0, 4.0], [3.0, 2.0], [5.0, 1.0], [math.nan, 1.0]]).tolist() == [
        True,
        False,
        False,
        False,
    ]


def test_guards_of_what_the_output_does_not_depend_on():
    def f(ps, xs):
        if autograd.exp(ps[0]) > 1.0:
            return xs[0] * 2.0
        return xs[0]

    program = recorded(f, [1.0], [1.0])
    assert program.value([2.0], [[1.0], [2.0]]).tolist() == [2.0, 4.0]
    with pytest.raises(BranchChanged, match=r"exp.* > 1.0 was True .* for these shared numbers|v\d+ > 1.0 was True"):
        program.value([-1.0], [[1.0]])
    assert program.holds([-1.0], [[1.0], [2.0]]).tolist() == [False, False]


def test_guards_after_the_output_do_not_count():
    x = Value(1.0)
    with Tape():
        y = x * 2.0
        later = bool(x > 0.5)
        z = x * 3.0
    assert later
    assert Tape.of(y).compile().value([0.0]) == 0.0
    with pytest.raises(BranchChanged):
        Tape.of(z).compile().value([0.0])


def test_a_choice_between_values_that_are_there_is_checked_where_it_is_recorded():
    x = Value(1.0)
    with Tape():
        a, b = x * 2.0, x * x * 3.0
        chosen = +(a if a < b else b)
    assert Tape.of(chosen).compile([x]).value([2.0]) == 4.0
    with pytest.raises(BranchChanged):
        Tape.of(chosen).compile([x]).value([0.1])
    compiled = autograd.compile(lambda x: x * 2.0 if x * 2.0 < x * x * 3.0 else x * x * 3.0)
    assert [compiled(1.0), compiled(0.1)] == [2.0, 3.0 * 0.1 * 0.1]


def test_pieces_need_no_guard():
    def f(ps, xs):
        return autograd.min(xs) + autograd.relu(xs[0]) + autograd.abs(xs[1]) + autograd.clip(xs[0], -1.0, 1.0)

    check(f, [], [[3.0, 4.0], [4.0, 3.0], [-1.0, 0.5], [0.0, 0.0]], recorded_at=[3.0, 4.0])


def test_a_pickled_tape_that_lost_its_guards_is_not_compiled():
    x = Value(1.0)
    with Tape():
        y = x * 2.0 if x > 0.5 else x
    with pytest.raises(ValueError, match="record it within `with Tape"):
        pickle.loads(pickle.dumps(Tape.of(y))).compile()


# -- programs --------------------------------------------------------------------------------------------------------


def test_a_program_can_be_pickled():
    network, count = layers(autograd.tanh, (2, 3, 1))
    generator = np.random.default_rng(7)
    shared, batched = generator.normal(size=count), generator.normal(size=(5, 2))
    program = recorded(network, shared, batched[0])
    twin = pickle.loads(pickle.dumps(program))
    for one, other in zip(program.value_and_grad(shared, batched), twin.value_and_grad(shared, batched)):
        assert np.array_equal(one, other)
    with pytest.raises(BranchChanged):
        pickle.loads(pickle.dumps(recorded(smaller, [], [3.0, 4.0]))).value([], [[4.0, 3.0]])


def test_threads_may_share_a_program():
    network, count = layers(autograd.tanh, (2, 8, 1))
    generator = np.random.default_rng(8)
    shared = generator.normal(size=(8, count))
    batched = generator.normal(size=(64, 2))
    program = recorded(network, shared[0], batched[0])
    expected = [program.value_and_grad(each, batched)[1] for each in shared]
    wrong = []

    def replay(k):
        found = [program.value_and_grad(shared[k], batched)[1] for _ in range(200)]
        wrong.extend(k for each in found if not np.array_equal(each, expected[k]))

    threads = [threading.Thread(target=replay, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_comparisons_of_something_else_do_not_count():
    w, other, third = Value(2.0), Value(5.0), Value(1.0)
    with Tape():
        assert other * 2.0 > 3.0
        y = w * w if w * 2.0 < other + third else w
        assert third < 2.0
        z = y * 3.0
    assert w * 1.0 > 0.0
    program = Tape.of(z).compile([w])
    assert program.value([2.5]) == 18.75
    with pytest.raises(BranchChanged, match=r"^v\d+ < v\d+ was True .* for these shared numbers"):
        program.value([3.0])
    assert len(Tape.of(z).compile([w, other])._plan.guards) == 2
    with pytest.raises(BranchChanged):
        Tape.of(z).compile([w, other]).value([2.0, 1.0])


@pytest.mark.long
def test_a_tape_over_several_automatic_tapes():
    x, y = Value(0.5), Value(0.25)
    (x * 1.0).backward()  # closes a tape that comparisons may stand on
    total = x * y
    for _ in range(40_000):
        total = total * 0.999 + y
    program = Tape.of(total).compile([x], [y])
    total.backward()
    close(program.value_and_grad([0.5], [[0.25]], wrt="batched")[1], [[y.grad]], 1e-9)


def test_a_gradient_is_a_program_too():
    def f(ps, xs):
        return autograd.grad(lambda x: autograd.sin(x * ps[0]) * x)(xs[0])

    check(f, [1.3], [[0.5], [1.5], [-2.0]])


def test_the_number_of_array_operations():
    network, count = layers(autograd.relu, (2, 16, 16, 1))
    program = recorded(network, np.random.default_rng(9).normal(size=count), [0.5, -1.0])
    assert program.workspace(100, (1,)).operations() == 28


@pytest.mark.parametrize("context", [Tape, contextlib.nullcontext])
def test_an_output_that_is_a_leaf_was_chosen_by_what_was_asked_before(context):
    a, b = Value(1.0, label="a"), Value(2.0)
    with context():
        chosen = a if a < b else b * b
        program = Tape.of(chosen).compile(batched=[a, b])
    assert program.holds(batched=[[1.0, 2.0], [5.0, 2.0]]).tolist() == [True, False]
    assert program.value(batched=[[1.5, 2.0]]).tolist() == [1.5]
    with pytest.raises(BranchChanged, match="a < "):
        program.value(batched=[[5.0, 2.0]])


def test_an_output_that_is_a_leaf_has_no_guards_where_nothing_was_asked_of_what_varies():
    a, other = Value(1.0), Value(3.0)
    with Tape():
        assert other > 2.0
        program = Tape.of(a).compile(batched=[a])
    assert program.value(batched=[[7.0]]).tolist() == [7.0]


@pytest.mark.parametrize("slope", [-2.0, -1.0, 0.0, 1.0, 2.0])
def test_a_slope_that_is_a_number_is_that_number(slope):
    row = autograd.Primitive("slope_of_ones_own", lambda x: slope * x, partials=(lambda y, x: slope,))
    try:
        x = Value(3.0)
        program = Tape.of(row(autograd.sin(x))).compile(batched=[x])
        _, gradient = program.value_and_grad([], [[0.5], [2.0]], wrt="batched")
        assert np.ravel(gradient).tolist() == pytest.approx([slope * math.cos(0.5), slope * math.cos(2.0)], rel=1e-15)
    finally:
        assert TABLE.pop() is row  # other tests go by the table


@pytest.mark.parametrize("weights", [None, [2.0, 3.0]])
def test_an_output_that_no_lane_moves_counts_once_per_lane(weights):
    w, x = Value(2.0), Value(5.0)
    program = Tape.of(w * w).compile([w], [x])
    values, gradient = program.value_and_grad([3.0], [[1.0], [7.0]], weights)
    assert values.tolist() == [9.0, 9.0]
    assert gradient.tolist() == [6.0 * (2.0 if weights is None else 5.0)]
