"""Array operations with a place for the result: each computes its row, and in a careful one 0 times anything is 0."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from autograd import Tape, Value, primitives
from autograd.replay.forms import (
    FAST,
    accumulate,
    add_exactly,
    assign,
    careful_matmul,
    careful_multiply,
    careful_over_lanes,
    contracted,
    form,
    over_lanes,
)
from tests.test_arrays import ANGLES
from tests.test_primitives import ROWS
from tests.test_replay import close, lanes_of

INF, NAN = math.inf, math.nan
HARD = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 1e300, -1e300, INF, -INF, NAN]


@pytest.mark.parametrize("careful", [False, True])
@pytest.mark.parametrize("name", ROWS)
def test_a_form_computes_what_its_row_does(name, careful):
    row = ROWS[name]
    size, lanes = lanes_of(row)
    out = np.empty(len(lanes))
    with np.errstate(all="ignore"):
        form(row, careful)(*np.array(lanes).T.reshape(size, -1), out)
    sure = np.full(len(lanes), careful) | np.isfinite(out)  # a replay does the others again, carefully
    close(out[sure], np.array([row.compute(*lane) for lane in lanes])[sure])


@pytest.mark.parametrize(
    "name", ["relu", "step", "share", "where", "logsumexp", "less", "less_equal", "equal", "not_equal"]
)
def test_a_faster_form_computes_what_its_row_does_of_any_numbers(name):
    row = ROWS[name]
    lanes = [
        [HARD[(place + k * shift) % 12] for k in range(row.arity or 3)] for place in range(12) for shift in range(12)
    ]
    out = np.empty(len(lanes))
    with np.errstate(all="ignore"):
        form(row)(*np.array(lanes).T, out)
    largest = np.abs(lanes).max(axis=1, initial=0.0, where=np.isfinite(lanes)) if name == "logsumexp" else 0.0
    close(out, [row.compute(*lane) for lane in lanes], 1e-15, largest)  # -1 + log(3) is good to an ulp of the 1


@pytest.mark.parametrize("careful", [False, True])
@pytest.mark.parametrize("name", ["sin", "cos", "tan", "cot", "sec", "csc", "sinc"])
def test_large_angles_next_to_a_quarter_turn_are_as_good_as_others(name, careful):
    for angles in ANGLES:
        out = np.empty(len(angles))
        with np.errstate(all="ignore"):
            form(ROWS[name], careful)(np.array(angles), out)
        np.testing.assert_array_max_ulp(out, np.array([ROWS[name].compute(x) for x in angles]), 4)


def test_an_exponent_of_a_gaussian_is_taken_away_and_a_sum_has_all_its_terms():
    out = np.empty(3)
    form(primitives.gaussian)(2.0, np.array([0.0, 1.0, -2.0]), np.array([5.0, 1.0, 0.25]), out)
    assert np.allclose(out, [2.0, 2.0 / math.e, 2.0 / math.e], rtol=1e-15)
    form(primitives.sum)(np.array([1.0, 2.0, 3.0]), 10.0, np.array([0.25, 0.5, 0.75]), out)
    assert out.tolist() == [11.25, 12.5, 13.75]


def test_numbers_that_are_the_same_for_all_lanes_go_with_those_that_are_not():
    out = np.empty((2, 3))
    lanes, column = np.array([[1.0, -2.0, 3.0], [0.5, 0.0, -0.5]]), np.array([[2.0], [-1.0]])
    for row, expected in (
        (primitives.sum, [[6.0, 3.0, 8.0], [2.5, 2.0, 1.5]]),
        (primitives.where, [[2.0, 2.0, 2.0], [-1.0, 3.0, -1.0]]),
        (primitives.less, [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]),
    ):
        operands = (lanes, column) if row is primitives.less else (lanes, column, 3.0)
        form(row)(*operands, out)
        assert out.tolist() == expected
    form(primitives.logsumexp)(lanes, column, out)
    assert np.allclose(out, np.log(np.exp(lanes) + np.exp(column)), rtol=1e-15)


def test_logsumexp_of_large_numbers_and_of_nothing():
    out = np.empty(4)
    with np.errstate(invalid="ignore"):
        form(primitives.logsumexp)(np.array([1000.0, -INF, INF, 700.0]), np.array([1000.0, -INF, 1.0, -700.0]), out)
    assert out.tolist() == [1000.0 + math.log(2.0), -INF, INF, 700.0]


def test_without_scipy_there_is_an_erf_too(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    out = np.empty(4)
    form(primitives.erf)(np.array([0.0, 0.5, -2.0, 7.0]), out)
    close(out, [0.0, math.erf(0.5), math.erf(-2.0), 1.0], 1e-15)


def test_where_there_is_no_faster_form_there_is_one_all_the_same():
    assert form(primitives.relu) is FAST[primitives.relu.code]
    assert form(primitives.relu, careful=True) is not FAST[primitives.relu.code]
    assert form(primitives.exp) is form(primitives.exp, careful=True) is np.exp


# -- sums --------------------------------------------------------------------------------------------------------------


def test_a_sum_that_is_added_exactly_is_rounded_once():
    large, small, out = np.array([1e16, 1e308]), np.array([1.0, 1e308]), np.empty(2)
    add_exactly(np.array([0.5, 0.0]), 1.0, large, 1.0, small, -1.0, large, out)
    assert out.tolist() == [1.5, 1e308]
    add_exactly(np.array([0.5, 0.25]), out)
    assert out.tolist() == [0.5, 0.25]


LEFT = np.array([[1.0, 2.0], [3.0, 4.0]])
RIGHT = np.array([[5.0, 6.0], [7.0, 8.0]])
SCALES = np.array([1.0, 10.0, -1.0])


def test_products_of_each_row_are_contracted():
    totals = np.array([17.0, 53.0])
    out = np.empty(2)
    contracted(LEFT, RIGHT, out)
    assert out.tolist() == totals.tolist()
    out = np.empty((2, 3))
    contracted(LEFT, RIGHT[:, :, None] * SCALES, out)
    assert out.tolist() == (totals[:, None] * SCALES).tolist()
    contracted(LEFT[:, :, None] * SCALES, RIGHT[:, :, None] * SCALES, out)
    assert out.tolist() == (totals[:, None] * SCALES**2).tolist()


def test_shares_are_put_or_added():
    adjoints = np.array([1.0, 2.0, 3.0, 4.0])
    assign(adjoints, np.array([2, 0]), np.array([10.0, 20.0]))
    assert adjoints.tolist() == [20.0, 2.0, 10.0, 4.0]
    accumulate(adjoints, np.array([3, 0]), np.array([1.0, 2.0]))
    assert adjoints.tolist() == [22.0, 2.0, 10.0, 5.0]
    assign(adjoints, np.array([1]), 0.0)
    assert adjoints.tolist() == [22.0, 0.0, 10.0, 5.0]


# -- where 0 times anything is 0 ---------------------------------------------------------------------------------------


def test_a_careful_product_is_0_where_either_factor_is():
    out = np.empty(6)
    with np.errstate(invalid="ignore"):
        careful_multiply(np.array([0.0, -0.0, INF, 2.0, NAN, INF]), np.array([INF, NAN, 0.0, -3.0, 1.0, -1.0]), out)
        assert np.array_equal(out, [0.0, 0.0, 0.0, -6.0, NAN, -INF], equal_nan=True)
        careful_multiply(np.array([0.0, INF, -1.0, 1.0, 2.0, 3.0]), 0.0, out)
        assert out.tolist() == [0.0] * 6
        careful_multiply(np.array([0.0, INF, -1.0, 1.0, 2.0, 3.0]), -1.0, out)
        assert out.tolist() == [0.0, -INF, 1.0, -1.0, -2.0, -3.0]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ([[0.0, 2.0], [1.0, 0.0]], [[INF, NAN], [3.0, 4.0]], [[6.0, 8.0], [INF, NAN]]),
        ([[INF, 2.0], [NAN, 1.0]], [[0.0, 1.0], [3.0, 0.0]], [[6.0, INF], [3.0, NAN]]),
        ([[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]], [[19.0, 22.0], [43.0, 50.0]]),
        ([[0.0, 2.0], [1.0, 0.0]], [INF, 3.0], [6.0, INF]),
        ([[INF, 2.0, 1.0], [1.0, 0.0, NAN]], [0.0, 3.0, 0.0], [6.0, 0.0]),
        ([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0], [17.0, 39.0]),
    ],
)
def test_in_a_careful_matrix_product_0_times_anything_is_0(left, right, expected):
    out = np.full(np.shape(expected), -7.0)
    with np.errstate(invalid="ignore"):
        careful_matmul(np.array(left), np.array(right), out)
    assert np.array_equal(out, expected, equal_nan=True)


def test_shares_are_added_up_over_the_lanes():
    adjoint, factors, out = np.array([[1.0, 2.0]]), np.array([[[3.0, 4.0], [5.0, 6.0]]]), np.empty((1, 2))
    for add in (over_lanes, careful_over_lanes):
        add(adjoint, factors, out)
        assert out.tolist() == [[11.0, 17.0]]
    with np.errstate(invalid="ignore"):
        careful_over_lanes(np.array([[0.0, 2.0]]), np.array([[[INF, 3.0], [5.0, NAN]]]), out)
    assert np.array_equal(out, [[6.0, NAN]], equal_nan=True)


@pytest.mark.parametrize("lanes", [(), (1,), (2,)])
def test_a_factor_of_several_products_is_multiplied_with_each(lanes):
    once = np.ones((1, 2, *lanes)) * np.array([1.0, -3.0]).reshape(1, 2, *[1] * len(lanes))
    for c in (np.inf, -np.inf):
        same, out = np.broadcast_to(c, once.shape), np.zeros((1, *lanes))
        contracted(once, same, out)
        assert np.isnan(out).all()
        contracted(same, once, out)
        assert np.isnan(out).all()


def test_a_shared_part_that_is_nan_is_nan_in_what_is_computed_from_it():
    x, y, c, d = leaves = [Value(1.0), Value(2.0), Value(3.0), Value(0.5)]
    out = primitives.atan(primitives.dot([x, y, c], [y, d, d]))
    program = Tape.of(out).compile(leaves[1:], leaves[:1])
    assert np.isnan(program.value([2.0, -3.0, -np.inf], [[1.0], [2.0]])).all()
