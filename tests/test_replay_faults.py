"""What a replay in strict mode says: the first lane, and in it the first primitive, that is not finite."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd as ag
from autograd import NonFiniteError, Tape, Value, strict
from autograd.replay.faults import first_lane

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("values", "gradients", "lane"),
    [
        ([1.0, INF, NAN], [], 1),
        ([[1.0, 2.0], [3.0, NAN], [INF, 1.0]], [], 1),
        ([[1.0, 2.0, 3.0], [3.0, 4.0, INF]], [], 1),
        ([1.0, 2.0], [[[1.0], [INF]]], 1),
        ([1.0, 2.0, 3.0], [[[0.0], [0.0], [0.0]], [[0.0, 1.0], [NAN, 2.0], [INF, 2.0]]], 1),
        ([1.0, 2.0], [[1.0, INF]], 0),
        ([1.0, 2.0, 3.0], [[[1.0, INF], [1.0, 2.0]]], 0),
        ([1.0], [[[1.0, 2.0], [INF, 2.0]]], 0),
        (INF, [], 0),
        (1.0, [[INF, 2.0]], 0),
        ([1.0, 2.0], [], 0),
    ],
)
def test_the_first_lane_with_a_value_or_a_gradient_of_its_own_that_is_not_finite(values, gradients, lane):
    assert first_lane(np.array(values), [np.array(each) for each in gradients]) == lane


def said(build, shared: list[float], lanes: list[list[float]] | None) -> str:
    """Return what a replay of build(shared leaves, batched leaves) raises, or ""; recorded with other numbers."""
    ws = [Value(1.5 + 0.25 * k) for k in range(len(shared))]
    xs = [Value(2.5 + 0.25 * k) for k in range(len(lanes[0]) if lanes else 0)]
    with Tape():
        tape = Tape.of(build(ws, xs))
    program = tape.compile(ws, xs)
    try:
        with strict():
            program.value_and_grad(shared, lanes, wrt="both" if lanes else "shared")
    except NonFiniteError as error:
        return "\n".join([str(error), *getattr(error, "__notes__", ())])
    return ""


def test_the_primitive_its_operands_and_the_lane_are_told():
    text = said(lambda ws, xs: ag.log(xs[0]) * ws[0], [2.0], [[1.0], [0.0], [0.0]])
    assert text.startswith("log(0.0): the value is -inf")
    assert text.endswith("in lane 1")
    assert "lane" not in said(lambda ws, xs: ag.log(ws[0]), [0.0], None)


def test_of_several_rows_the_one_that_is_not_finite_is_told():
    text = said(lambda ws, xs: ag.log(xs[0]) * ag.log(xs[1]) * ag.log(xs[2]), [], [[1.0, 2.0, -3.0]])
    assert text.startswith("log(-3.0): the value is nan")
    text = said(lambda ws, xs: ag.log(ws[0]) * ag.log(ws[1]) * xs[0], [4.0, 0.0], [[1.0]])
    assert text.startswith("log(0.0): the value is -inf")


def test_a_shared_operand_is_read_where_it_stands():
    text = said(lambda ws, xs: (ws[1] * 1.0) / (xs[0] * ws[0]), [0.0, 3.0], [[5.0], [6.0]])
    assert text.startswith("div(3.0, 0.0): ")


def test_of_a_sum_of_products_all_first_factors_are_told_and_then_all_second_ones():
    text = said(ag.dot, [1e200, 2.0], [[1.0, 1.0], [1e200, 5.0]])
    assert text.startswith("dot(1e+200, 2.0, 1e+200, 5.0): the value is inf")
    text = said(lambda ws, xs: ag.sum([ws[0], xs[0]]), [1e308], [[1.0], [1e308]])
    assert text.startswith("dot(1.0, 1.0, 1e+308, 1e+308): the value is inf")


def test_a_slope_that_is_not_finite_is_told_with_its_operand():
    text = said(lambda ws, xs: ag.sqrt(xs[0]) + ws[0], [1.0], [[4.0], [0.0]])
    assert text.startswith("sqrt(0.0): the slope in operand 0 is inf")
    assert text.endswith("in lane 1")
    text = said(lambda ws, xs: ws[0] ** xs[0] + 1.0, [-2.0], [[2.0]])
    assert text.startswith("pow(-2.0, 2.0): the slope in operand 1 is nan")


def test_slopes_in_constants_do_not_count():
    assert said(lambda ws, xs: xs[0] ** 2.0, [], [[-2.0]]) == ""
    text = said(lambda ws, xs: ag.log(xs[0] ** 2.0 - 4.0), [], [[-2.0]])
    assert text.startswith("log(0.0): ")


def test_what_comes_of_operands_that_are_not_finite_is_not_the_first():
    text = said(lambda ws, xs: ag.tanh(xs[0]) * (ag.sin(xs[0]) * ag.log(xs[1])), [], [[1.0, 0.0]])
    assert text.startswith("log(0.0): ")
    assert said(lambda ws, xs: ag.sin(xs[0]) * 2.0, [], [[INF]]) == ""
