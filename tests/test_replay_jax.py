"""A program as a JAX function equals the program: values, derivatives at kinks too, under every transform, sharded."""

from __future__ import annotations

import itertools
import math
import os
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Primitive, Tape, Value, strategies
from autograd.replay import jax as bridge
from autograd.replay.jax import to_jax
from tests.test_primitives import ROWS
from tests.test_replay import PROGRAMS, close, lanes_of, layers, recorded, smaller

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_disable_most_optimizations", True)  # compiling is what takes time here

LANES = 20
OVERFLOWING = {"sum": (1e308, 1e308, -1e308)}
"""Sums are not correctly rounded here, so that one may overflow on the way."""


NUMBERS = np.array([2.0, 3.0, 4.0, 5.0, 6.0])


def function_of(program):
    return to_jax(program._plan)


def pulled(function, shared, batched):
    """Return the values, and the gradients of their sum in both inputs."""
    values, pull = jax.vjp(function, np.asarray(shared, dtype=float), np.asarray(batched, dtype=float))
    return values, pull(jax.numpy.ones_like(values))


def scale(gradient):
    return np.abs(gradient).max(initial=0.0, where=np.isfinite(gradient))


def check(program, shared, batched, relative=1e-11, compiled=False):
    """See that the function gives the program's values and gradients."""
    function = jax.jit(function_of(program)) if compiled else function_of(program)
    values, gradients = pulled(function, shared, batched)
    expected, slopes = program.value_and_grad(shared, batched, wrt="both")
    close(values, expected, relative)
    for got, slope in zip(gradients, slopes):
        close(got, slope, relative, scale(slope))


# -- every row -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_every_row(name):
    row = ROWS[name]
    _, lanes = lanes_of(row)
    lanes = [lane for lane in lanes if lane != OVERFLOWING.get(name)]
    batched = np.array([lanes[k % len(lanes)] for k in range(LANES)])  # as many for each row: functions compile once
    program = recorded(lambda ps, xs: row.of(*xs), [], batched[0])
    check(program, [], batched)


def test_rounding_to_digits_is_that_of_decimals():
    lanes = [(x, d) for d in range(-3, 6) for x in (2.675, 1.005, 1250.0, 1350.0, -0.5, 1e17, 1.5e300, 0.145, math.inf)]
    x, digits = np.array(lanes).T
    rounded = autograd.primitives.round_to.on_arrays(jax.numpy, x, digits)
    assert rounded.tolist() == [autograd.primitives.round_to(*map(float, lane)) for lane in lanes]


# -- programs --------------------------------------------------------------------------------------------------------


@settings(max_examples=2)
@given(data=st.data(), expression=strategies.expressions(leaves=(1, 3)))
def test_random_programs(data, expression):
    n_shared = data.draw(st.integers(0, expression.leaves))
    number = strategies.numbers()
    shared = [data.draw(number) for _ in range(n_shared)]
    batched = [[data.draw(number) for _ in range(expression.leaves - n_shared)] for _ in range(3)]
    program = recorded(lambda ps, xs: expression([*ps, *xs]), shared, batched[0])
    if n_shared < expression.leaves:
        check(program, shared, batched, 1e-8)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_how_nodes_hang_together(f):
    batched = np.random.default_rng(3).uniform(-2.0, 2.0, (7, 2))
    check(recorded(f, [0.7, -1.3], batched[0]), [0.7, -1.3], batched)


def test_sums_over_other_factors_each():
    def f(ps, xs):
        sides = ((ps, xs), (xs, xs), (ps, ps))
        sums = [autograd.dot(left[k : k + 5], right[2 - k : 7 - k]) for left, right in sides for k in (0, 2)]
        return autograd.sum([autograd.sin(each) for each in sums])

    generator = np.random.default_rng(4)
    shared, batched = generator.normal(size=7), generator.normal(size=(3, 7))
    program = recorded(f, shared, batched[0])
    text = str(jax.make_jaxpr(function_of(program))(shared, batched))
    assert all(f"letters={each}" in text for each in (("rk", "rkl", "rl"), ("rkl", "rkl", "rl"), ("rk", "rk", "r")))
    check(program, shared, batched, compiled=True)


def test_no_lanes_at_all():
    program = recorded(PROGRAMS[0], [0.7, -1.3], [0.5, 1.5])
    values, (of_shared, of_batched) = pulled(function_of(program), [0.7, -1.3], np.empty((0, 2)))
    assert (values.shape, of_shared.tolist(), of_batched.shape) == ((0,), [0.0, 0.0], (0, 2))


@pytest.mark.parametrize(("act", "by_hand"), [(autograd.relu, True), (autograd.tanh, False)])
def test_networks(act, by_hand):
    network, count = layers(act, (3, 5, 4, 2), by_hand)
    generator = np.random.default_rng(2)
    shared, batched = generator.normal(size=count), generator.normal(size=(6, 3))
    check(recorded(network, shared, batched[0]), shared, batched, 1e-10, compiled=True)


def test_networks_become_matrix_products():
    network, count = layers(autograd.tanh, (7, 6, 5, 1))
    program = recorded(network, np.ones(count), np.ones(7))
    text = str(jax.make_jaxpr(function_of(program))(np.ones(count), np.ones((9, 7))))
    assert text.count("letters=('rk', 'kl', 'rl')") == 3
    assert "gather" not in text


LEAST = {  # function -> slices, gathers, sums of shares and exponentials of its values; the last two of their gradient
    "a value is a part of its slope": (lambda ps, xs: autograd.exp(xs[0]), (1, 0, 0, 1), (1, 1)),
    "a slope of 0 has no share": (lambda ps, xs: autograd.where(*xs[:3]), (3, 0, 0, 0), (2, 0)),
    "a slope of -1 is no share": (lambda ps, xs: -xs[0], (1, 0, 0, 0), (0, 0)),
    "rows beside each other": (lambda ps, xs: [autograd.sin(x) for x in xs[1:4]], (1, 0, 0, 0), (1, 0)),
    "every second row": (lambda ps, xs: [autograd.sin(x) for x in xs[::2]], (1, 0, 0, 0), (1, 0)),
    "rows in another order": (lambda ps, xs: [autograd.sin(x) for x in xs[::-1]], (0, 1, 0, 0), (1, 0)),
    "one row for several": (lambda ps, xs: [xs[0] / xs[1], xs[0] / xs[2]], (2, 0, 0, 0), (2, 0)),
    "all rows": (lambda ps, xs: autograd.sum(xs), (0, 0, 1, 0), (2, 0)),
    "all rows of both": (autograd.dot, (0, 0, 1, 0), (3, 0)),
    "a layer": (
        lambda ps, xs: [autograd.sin(autograd.dot(row, xs[:2])) for row in (ps[:2], ps[2:4])],
        (2, 0, 1, 0),
        (4, 0),
    ),
}


@pytest.mark.parametrize("name", LEAST)
def test_no_more_is_read_and_computed_than_has_to_be(name):
    f, of_values, of_gradient = LEAST[name]
    function = function_of(recorded(f, NUMBERS, NUMBERS))
    assert counts(function, "slice[", "gather[", "shares[", "exp ") == of_values
    assert counts(jax.grad(lambda ps, xs: function(ps, xs).sum(), (0, 1)), "shares[", "exp ") == of_gradient


@pytest.mark.parametrize(("constant", "additions"), [(0.0, 0), (5.0, 1)])
def test_a_constant_is_added_to_a_sum_where_there_is_one(constant, additions):
    function = function_of(
        recorded(lambda ps, xs: autograd.dot([1.0, 2.0, 3.0, 4.0, 5.0], xs) + constant, NUMBERS, NUMBERS)
    )
    assert counts(function, "add ") == (additions,)


def counts(function, *operations):
    """Return how often JAX does each of some operations for two lanes."""
    text = str(jax.make_jaxpr(function)(NUMBERS, np.array([NUMBERS] * 2)))
    return tuple(text.count(f"= {operation}") for operation in operations)


# -- rows as they stand ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("height", [1, 2, 3])
@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_part_of_a_matrix_that_stands_line_by_line_has_the_pitch_of_its_lines(height, width):
    for start, pitch, step in itertools.product((0, 5), range(-1, 5), range(3)):
        rows = start + pitch * np.arange(height)[:, None] + step * np.arange(width)
        apart = width if height == 1 else pitch
        stands = (step == 1 or width == 1) and apart >= width
        assert bridge._pitch(rows) == (apart if stands else 0)
    assert height < 3 or bridge._pitch(np.array([[0], [4], [9]])) == 0


@pytest.mark.parametrize("lanes", [(), (2,)])
def test_rows_that_were_made_in_several_arrays_are_read_by_their_numbers(lanes):
    whole = np.arange(11.0 * math.prod(lanes)).reshape(11, *lanes)
    rows = bridge._Rows()
    for piece in (whole[:4], whole[:0], whole[4:5], whole[5:]):
        rows.append(jax.numpy.array(piece))
    parts = [[0, 1], [2, 3]], [[3, 4], [6, 7], [9, 10]], [[3, 6], [4, 7]], [[4, 4], [4, 4]], [[10, 0], [0, 10]], [[9]]
    for wanted in map(np.array, parts):
        assert rows.matrix(wanted).tolist() == whole[wanted].tolist()


def test_several_outputs():
    def f(ps, xs):
        a = xs[0] * ps[0]
        return [a, autograd.sin(a) + xs[1], a, ps[0], xs[1], ps[0] * 2.0]

    check(recorded(f, [0.7], [0.5, 1.0]), [0.7], [[0.5, 1.0], [2.0, -1.0], [0.1, 0.2]])
    check(recorded(lambda ps, xs: [ps[0] * 2.0, +ps[0]], [0.7], [0.5]), [0.7], [[0.5], [2.0]])


def test_without_lanes_values_are_numbers():
    x, y = Value(2.0), Value(3.0)
    function = function_of(Tape.of(x**3 * y + 3 * x).compile([x, y]))
    assert function([2.0, 3.0]).shape == ()
    assert jax.grad(function)(np.array([2.0, 3.0])).tolist() == [39.0, 8.0]
    both = function_of(Tape.of(x * y, x + y).compile([x, y]))
    assert both([2.0, 5.0]).tolist() == [10.0, 7.0]


def test_unused_leaves_have_gradient_0():
    x, other = Value(2.0), Value(3.0)
    function = function_of(Tape.of(x * x).compile([other, x, Value(1.0)], []))
    assert jax.grad(function)(np.array([9.0, 4.0, 1.0])).tolist() == [0.0, 8.0, 0.0]


# -- derivatives are those of the table ------------------------------------------------------------------------------

KINKS = [
    (autograd.relu, [[0.0], [-0.0], [1.0]]),
    (abs, [[0.0], [-2.0]]),
    (autograd.sign, [[0.0], [3.0]]),
    (lambda x: autograd.sqrt(x) * 0.0 * x, [[0.0], [4.0]]),
    (lambda x: autograd.sqrt(x * x), [[0.0], [3.0]]),
    (lambda x: autograd.where(x > 0.0, autograd.log(x), x), [[0.0], [-1.0], [2.0]]),
    (lambda x: autograd.max([x, x * 1.0, -x]), [[0.0], [1.0], [-1.0]]),
    (lambda x: autograd.hypot(x, 2.0 * x), [[0.0], [1.0]]),
    (lambda x: x**2 + x**1 + 0.5 ** (x * x), [[0.0], [-1.0]]),
    (lambda x: autograd.clip(x, 0.0, 1.0), [[0.0], [1.0], [2.0]]),
]


@pytest.mark.parametrize(("f", "lanes"), KINKS)
def test_at_kinks_and_ends(f, lanes):
    check(recorded(lambda ps, xs: f(xs[0]), [], lanes[-1]), [], lanes)


@pytest.mark.parametrize("forward_too", [False, True])
def test_a_zero_factor_makes_a_share_exactly_nothing(forward_too):
    def f(ps, xs):
        return autograd.sqrt(xs[0]) * ps[0] + autograd.where(xs[1] > 0.0, autograd.log(xs[1]), ps[1] * xs[1])

    program = recorded(f, [0.0, 2.0], [1.0, 1.0])
    batched = np.array([[0.0, 1.0], [4.0, 0.0], [0.0, -1.0]])
    check(program, [0.0, 2.0], batched)
    if forward_too:
        slopes = jax.vmap(jax.jacfwd(lambda lane: function_of(program)(np.array([0.0, 2.0]), lane[None])[0]))(batched)
        close(slopes, program.value_and_grad([0.0, 2.0], batched, wrt="batched")[1])


def test_a_zero_factor_beside_infinity_in_matrix_products():
    network, count = layers(autograd.sqrt, (2, 3, 2))
    shared = np.abs(np.random.default_rng(6).normal(size=count))
    shared[[2, 5]] = 0.0
    check(recorded(network, shared, [1.0, 2.0]), shared, [[0.0, 0.0], [1.0, 2.0]], 1e-10)


def test_sums_of_products_with_infinities_are_those_of_floats():
    numbers = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan]
    left = np.array(list(itertools.product(numbers, repeat=2)))
    right = np.array(list(itertools.product([*numbers, 1.7e308], repeat=2))).T
    got = bridge._contraction().bind(
        jax.numpy.array(left), jax.numpy.array(right), letters=("rk", "kl", "rl"), exact=True
    )
    with np.errstate(invalid="ignore", over="ignore"):
        shares = left[:, :, None] * right
        shares[(left[:, :, None] == 0.0) | (right == 0.0)[None]] = 0.0
        close(got, shares.sum(axis=1))


def test_second_derivatives_are_those_of_the_table():
    def f(ps, xs):
        return xs[0] ** 3 * ps[0] + autograd.relu(xs[1]) * xs[0] + autograd.sqrt(xs[1]) * 0.0 + abs(xs[0]) ** 2

    function = function_of(recorded(f, [2.0], [1.0, 1.0]))

    def single(lane):
        return function(np.array([2.0]), lane[None])[0]

    forward_of_reverse, reverse_of_reverse = jax.jit(jax.hessian(single)), jax.jit(jax.jacrev(jax.jacrev(single)))
    for lane in ([0.0, 0.0], [1.5, 0.0], [-1.0, 2.0]):
        expected = autograd.hessian(lambda xs: f([2.0], xs))(lane)
        close(forward_of_reverse(np.array(lane)), expected)
        close(reverse_of_reverse(np.array(lane)), expected)


# -- transforms ------------------------------------------------------------------------------------------------------


def test_transforms_go_together():
    network, count = layers(autograd.sigmoid, (2, 3, 1))
    generator = np.random.default_rng(8)
    shared, batched = generator.normal(size=(3, count)), generator.normal(size=(5, 2))
    program = recorded(network, shared[0], batched[0])
    mapped = jax.jit(jax.vmap(jax.value_and_grad(lambda p, x: function_of(program)(p, x).sum()), (0, None)))
    values, gradients = mapped(shared, batched)
    for k in range(3):
        expected, gradient = program.value_and_grad(shared[k], batched)
        close(values[k], expected.sum())
        close(gradients[k], gradient, 1e-10, scale(gradient))
    rows = jax.vmap(jax.grad(lambda p, x: function_of(program)(p, x[None])[0]), (None, 0))(shared[0], batched)
    expected = program.value_and_grad(shared[0], batched, per_row=True)[1]
    close(rows, expected, 1e-10, scale(expected))


def test_infinite_slopes_under_vmap():
    def f(ps, xs):
        return autograd.dot([*ps, ps[0], ps[1], ps[0]], [*map(autograd.sqrt, xs)] * 5)

    program = recorded(f, [0.0, 2.0], [1.0])
    lanes, shared = np.array([[0.0], [4.0]]), np.array([[0.0, 0.0], [0.0, 2.0]])
    summed = lambda x, p: function_of(program)(p, x).sum()
    got = jax.vmap(jax.grad(summed), (None, 0))(lanes, shared)
    for k in range(2):
        close(got[k], program.value_and_grad(shared[k], lanes, wrt="batched")[1])


# -- guards ----------------------------------------------------------------------------------------------------------


def test_where_a_guard_does_not_hold_everything_is_nan():
    program = recorded(smaller, [0.5, 0.25], [3.0, 4.0])
    function = function_of(program)
    batched = np.array([[3.0, 4.0], [3.0, 2.0], [math.nan, 1.0], [-1.0, math.inf]])
    shared = np.array([0.5, 0.25])
    expected = [3.0, math.nan, math.nan, -1.0]
    assert np.array_equal(function(shared, batched), expected, equal_nan=True)
    assert np.array_equal(np.isnan(function(shared, batched)), ~program.holds(shared, batched))
    rows = jax.jit(jax.grad(lambda x: function(shared, x).sum()))(batched)
    assert np.array_equal(rows, [[1.0, 0.0], [math.nan] * 2, [math.nan] * 2, [1.0, 0.0]], equal_nan=True)
    assert np.isnan(jax.grad(lambda p: function(p, batched).sum())(shared)).all()
    assert jax.grad(lambda p: function(p, batched[:1]).sum())(shared).tolist() == [0.0, 0.0]
    kept = jax.grad(lambda x: jax.numpy.where(np.array(expected) == 3.0, function(shared, x), 0.0).sum())(batched)
    assert kept.tolist() == [[1.0, 0.0], [0.0] * 2, [0.0] * 2, [0.0] * 2]
    hessian = jax.jit(jax.hessian(lambda lane: function(shared, lane[None])[0]))
    assert np.isnan(hessian(batched[1])).all()
    assert hessian(batched[0]).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    tangent = jax.jvp(lambda x: function(shared, x), (batched,), (np.full((4, 2), [1.0, -1.0]),))[1]
    assert np.array_equal(tangent, [1.0, math.nan, math.nan, 1.0], equal_nan=True)


def test_where_a_guard_does_not_hold_no_direction_has_a_derivative():
    def f(ps, xs):
        return ps[0] + ps[1] + xs[0] + xs[1] if xs[0] < 9.0 else ps[0]

    function = function_of(recorded(f, [1.0, 2.0], [3.0, 4.0]))
    shared, batched = np.array([0.0, 0.0]), np.array([[10.0, 0.0]])
    across = np.array([1.0, -1.0])  # the value does not change that way
    for tangents in ((across, np.zeros((1, 2))), (np.zeros(2), across[None])):
        assert np.isnan(jax.jvp(function, (shared, batched), tangents)[1]).all()
    not_taken = function_of(recorded(lambda ps, xs: -ps[0] if xs[0] > 9.0 else ps[0] * 1.0, [1.0, 2.0], [3.0, 4.0]))
    assert np.isnan(not_taken(shared, batched)).all()
    inside = np.array([[3.0, 4.0]])
    assert jax.jvp(function, (shared, inside), (across, np.zeros((1, 2))))[1].tolist() == [0.0]
    nothing = np.zeros((1, 2))
    chosen = function_of(recorded(lambda ps, xs: ps[0] * 1.0 if xs[0] > 1.0 else ps[1] * 1.0, [1.0, 2.0], [3.0, 4.0]))
    assert np.isnan(jax.grad(lambda p: chosen(p, nothing).sum())(shared)).all()


def test_constant_factors_of_few_products_count():
    def f(ps, xs):
        return autograd.dot([2.0, 3.0], xs[:2]) * autograd.dot([2.0, 5.0], xs[1:]) * ps[0]

    function = function_of(recorded(f, [1.0], [1.0, 1.0, 1.0]))
    assert function([1.0], [[1.0, 2.0, 3.0], [0.0, 1.0, 1.0]]).tolist() == [8.0 * 19.0, 21.0]


def test_nothing_comes_of_a_share_of_zero_on_either_side_of_long_sums():
    size = 12
    function = function_of(recorded(autograd.dot, [1.0] * size, [1.0] * size))
    plain, endless = np.ones(size), np.array([math.inf, *[1.0] * (size - 1)])
    nothing = np.array([0.0, *[1.0] * (size - 1)])
    lanes = jax.numpy.asarray(plain[None])
    assert jax.jvp(lambda p: function(p, endless[None]), (plain,), (nothing,))[1].tolist() == [size - 1.0]
    assert jax.jvp(lambda x: function(endless, x), (lanes,), (nothing[None],))[1].tolist() == [size - 1.0]
    unused = lambda p, x: jax.numpy.where(False, function(p, x), 0.0).sum()
    assert jax.grad(unused, 0)(plain, endless[None]).tolist() == [0.0] * size
    assert jax.grad(unused, 1)(endless, lanes).tolist() == [[0.0] * size]


def test_rows_are_made_once_and_a_missing_package_is_named(monkeypatch):
    assert bridge._row(autograd.primitives.sin) is bridge._row(autograd.primitives.sin)
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ImportError, match=r"needs JAX: pip install 'tapegrad\[jax\]'"):
        bridge._jax.__wrapped__()


def test_guards_of_shared_numbers_and_several_outputs():
    def f(ps, xs):
        return [xs[0] * 2.0, xs[0] + ps[0]] if ps[0] > 1.0 else [xs[0], xs[0]]

    function = function_of(recorded(f, [2.0], [1.0]))
    assert function([3.0], [[1.0], [2.0]]).tolist() == [[2.0, 4.0], [4.0, 5.0]]
    assert np.isnan(function([0.5], [[1.0], [2.0]])).all()
    x = Value(1.0)
    with Tape():
        y = x * 2.0 if x > 0.5 else x
    alone = function_of(Tape.of(y).compile())
    assert (alone([3.0]).item(), jax.grad(alone)(np.array([3.0])).item()) == (6.0, 2.0)
    assert math.isnan(alone([0.0]))
    assert math.isnan(jax.grad(alone)(np.array([0.0])).item())


# -- what is given ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shared", "batched", "error", "message"),
    [
        ([1.0], [[1.0, 2.0]], ValueError, r"there are 2 shared leaves, so shared inputs have the shape \(2,\), not"),
        ([1.0, 2.0], None, ValueError, "there are 2 batched leaves: give their numbers, a row for each lane"),
        ([1.0, 2.0], [1.0, 2.0], ValueError, r"batched inputs have the shape \(B, 2\), a row for each lane"),
        ([1.0, 2.0], [[1.0]], ValueError, r"not \(1, 1\)"),
        ([1.0, 2.0], [[1j, 2.0]], TypeError, "batched inputs are real numbers, not complex128"),
        ([True, False], [[1.0, 2.0]], TypeError, "shared inputs are real numbers, not bool"),
    ],
)
def test_what_does_not_fit_is_refused(shared, batched, error, message):
    function = function_of(recorded(PROGRAMS[0], [0.7, -1.3], [0.5, 1.0]))
    with pytest.raises(error, match=message):
        function(shared, None if batched is None else np.array(batched))


def test_single_precision_is_refused():
    function = function_of(recorded(PROGRAMS[0], [0.7, -1.3], [0.5, 1.0]))
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.raises(RuntimeError, match=r'jax\.config\.update\("jax_enable_x64", True\)'):
            function([0.7, -1.3], [[0.5, 1.0]])
    finally:
        jax.config.update("jax_enable_x64", True)
    single = function(np.array([0.75, -1.25], dtype=np.float32), np.array([[1, 2]]))
    assert single.dtype == np.float64
    assert single.tolist() == function([0.75, -1.25], [[1.0, 2.0]]).tolist()


def test_users_own_rows():
    cube = Primitive("cube", lambda x: x**3, partials=[lambda y, x: 3.0 * x * x], array=lambda xp, x: x * x * x)
    check(recorded(lambda ps, xs: cube(xs[0]), [], [2.0]), [], [[2.0], [-1.0]])
    unknown = Primitive("no_such_function", lambda x: x, partials=[lambda y, x: 1.0])
    with pytest.raises(ValueError, match="the primitive 'no_such_function' has no form in JAX: give it array="):
        function_of(recorded(lambda ps, xs: unknown(xs[0]), [], [2.0]))
    autograd.primitives.TABLE[-2:] = []


def test_a_pickled_program_gives_the_same_function():
    program = pickle.loads(pickle.dumps(recorded(PROGRAMS[0], [0.7, -1.3], [0.5, 1.0])))
    check(program, [0.7, -1.3], [[0.5, 1.0]])


# -- other processes -------------------------------------------------------------------------------------------------


def in_process(source, **environment):
    """Run a program of its own, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_lanes_on_several_devices():
    printed = in_process(
        """
        import jax, numpy as np
        jax.config.update("jax_enable_x64", True)
        from jax.sharding import Mesh, NamedSharding, PartitionSpec
        import autograd
        from autograd import Tape, Value
        from autograd.replay.jax import to_jax
        generator = np.random.default_rng(1)
        count, lanes = 17, 64
        ps, xs = [Value(w) for w in generator.normal(size=count)], [Value(0.5), Value(-0.5)]
        with Tape():
            hidden = [autograd.relu(ps[3 * k] * xs[0] + ps[3 * k + 1] * xs[1] + ps[3 * k + 2]) for k in range(4)]
            out = sum(ps[12 + k] * h for k, h in enumerate(hidden)) + ps[16] * autograd.exp(-xs[0] * xs[0])
        program = Tape.of(out).compile(ps, xs)
        f = to_jax(program._plan)
        shared, batched = generator.normal(size=count), generator.normal(size=(lanes, 2))
        mesh = Mesh(np.array(jax.devices()), ("lanes",))
        put = jax.device_put(batched, NamedSharding(mesh, PartitionSpec("lanes")))
        values = jax.jit(f)(shared, put)
        total, gradients = jax.jit(jax.value_and_grad(lambda p, x: f(p, x).sum(), (0, 1)))(shared, put)
        expected = program.value(shared, batched)
        slopes = [program.value_and_grad(shared, batched, wrt=kind)[1] for kind in ("shared", "batched")]
        assert np.allclose(values, expected, rtol=1e-11, atol=1e-13)
        assert np.allclose(total, expected.sum(), rtol=1e-11)
        assert all(np.allclose(a, b, rtol=1e-11, atol=1e-12) for a, b in zip(gradients, slopes))
        own = {s.data.shape for s in values.addressable_shards}
        print(len(values.sharding.device_set), own == {(8,)}, len(gradients[1].sharding.device_set))
        print(any(g.is_fully_replicated for g in gradients[1:]), gradients[0].is_fully_replicated)
        """,
        XLA_FLAGS="--xla_force_host_platform_device_count=8",
        JAX_PLATFORMS="cpu",
    )
    assert printed == ["8", "True", "8", "False", "True"]


def test_without_jax_the_message_says_what_to_install():
    printed = in_process(
        """
        import sys
        sys.modules["jax"] = None
        from autograd import Tape, Value
        from autograd.replay.jax import to_jax
        x = Value(2.0)
        try:
            to_jax(Tape.of(x * x).compile()._plan)
        except ImportError as error:
            print(error)
        """
    )
    assert " ".join(printed) == "to_jax() needs JAX: pip install 'tapegrad[jax]'"
