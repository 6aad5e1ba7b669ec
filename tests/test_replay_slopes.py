"""The partials of rows as expressions, of which the reverse pass of a replay is made."""

from __future__ import annotations

import pytest

from autograd import primitives
from autograd.primitives import Primitive
from autograd.replay.slopes import OUTPUT, Expression, evaluated, slopes_of

X = Expression(("operand", 0))
Y = Expression(("operand", 1))


@pytest.mark.parametrize("given", [(1.0, X), (X, 1.0), (1, X)])
def test_a_factor_of_one_goes_away(given):
    assert primitives.mul(*given) is X


@pytest.mark.parametrize("given", [(-1.0, X), (X, -1.0), (-1, X)])
def test_a_factor_of_minus_one_is_a_minus(given):
    found = primitives.mul(*given)
    assert (found.primitive, found.arguments) == (primitives.neg, [X])


@pytest.mark.parametrize("factor", [0.0, -0.0, 2.0, -2.0, float("nan")])
def test_any_other_factor_stays(factor):
    assert primitives.mul(factor, X).primitive is primitives.mul
    assert primitives.mul(X, factor).primitive is primitives.mul


def test_only_factors_go_away():
    assert primitives.add(X, 1.0).primitive is primitives.add
    assert primitives.div(X, 1.0).primitive is primitives.div
    assert primitives.mul(X, Y).arguments == [X, Y]


def test_what_is_computed_alike_has_the_same_key():
    assert primitives.sin(primitives.mul(X, Y)).key == primitives.sin(primitives.mul(X, Y)).key
    assert len({primitives.mul(X, Y).key, primitives.mul(Y, X).key, primitives.add(X, Y).key, X.key}) == 4
    assert primitives.mul(X, 2.0).key != primitives.mul(X, 3.0).key
    assert primitives.atan2(X, 0.0).key != primitives.atan2(X, -0.0).key


def test_the_output_is_used_where_a_partial_is_made_of_it():
    (slope,) = slopes_of(primitives.exp, 1)
    assert slope.key == OUTPUT
    assert OUTPUT not in range(10)  # the symbols of operands


def test_partials_are_found_once():
    assert slopes_of(primitives.sin, 1) is slopes_of(primitives.sin, 1)


def test_a_sum_of_any_number_of_operands_has_a_partial_in_each():
    slopes = slopes_of(primitives.prod, 3)
    known = {OUTPUT: 30.0, 0: 2.0, 1: 3.0, 2: 5.0}
    assert [evaluated(slope, known, at_once) for slope in slopes] == [15.0, 10.0, 6.0]
    assert slopes_of(primitives.sum, 2) == [1.0, 1.0]
    known = {OUTPUT: 5.0, 0: 3.0, 1: 4.0}
    assert [evaluated(slope, known, at_once) for slope in slopes_of(primitives.hypot, 2)] == [0.6, 0.8]


def at_once(expression: Expression, arguments: list[float]) -> float:
    assert isinstance(expression.primitive, Primitive)
    return expression.primitive(*arguments)


def test_every_part_of_an_expression_is_computed_once_and_after_its_own_parts():
    computed: list[tuple[Primitive | None, list[float]]] = []

    def compute(expression: Expression, arguments: list[float]) -> float:
        computed.append((expression.primitive, arguments))
        return at_once(expression, arguments)

    part = primitives.mul(X, Y)
    known = {X.key: 3.0, Y.key: 5.0}
    assert evaluated(primitives.sub(primitives.add(part, 1.0), primitives.mul(X, Y)), known, compute) == 1.0
    assert computed == [
        (primitives.mul, [3.0, 5.0]),
        (primitives.add, [15.0, 1.0]),
        (primitives.sub, [16.0, 15.0]),
    ]
    assert known[part.key] == 15.0
    assert evaluated(X, known, compute) == 3.0
    assert len(computed) == 3
