"""The operators that repeat their row's formula for speed are equal to the row, to the last bit."""

from __future__ import annotations

import itertools
import math
import operator

import pytest

from autograd import Value, primitives
from autograd.tape import edges
from autograd.value import apply

NUMBERS = [0.0, -0.0, 1.0, -1.5, 2.0, 3.7, 1e-310, -1e-310, 1e200, -1e308, math.inf, -math.inf, math.nan]
OPERATORS = [
    (operator.add, primitives.add),
    (operator.sub, primitives.sub),
    (operator.mul, primitives.mul),
    (operator.truediv, primitives.div),
]


def recorded(value):
    code, primal, *_ = value._tape.nodes[value._index]
    operands, slopes = edges(value._tape.nodes[value._index])
    return code, repr(primal), [operand >= 0 for operand in operands], list(map(repr, slopes))


@pytest.mark.parametrize(("operate", "row"), OPERATORS, ids=lambda each: getattr(each, "name", ""))
def test_operators_record_what_their_row_records(operate, row):
    for x, y in itertools.product(NUMBERS, NUMBERS):
        for left, right in ((Value(x), Value(y)), (Value(x), y), (x, Value(y))):
            assert recorded(operate(left, right)) == recorded(apply(row, (left, right))), (x, y)


def test_whole_numbers_count_as_floats():
    for operate, row in OPERATORS:
        for left, right in ((Value(3.0), 2), (2, Value(3.0))):
            assert recorded(operate(left, right)) == recorded(apply(row, (left, right)))


def test_negation_records_what_its_row_records():
    for x in NUMBERS:
        assert recorded(-Value(x)) == recorded(apply(primitives.neg, (Value(x),)))
