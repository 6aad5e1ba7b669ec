"""The operators that repeat their row's formula for speed are equal to the row, to the last bit."""

from __future__ import annotations

import itertools
import math
import operator

import numpy
import pytest

from autograd import Tape, Value, dot, linear, matvec, no_grad, primitives, strict, value
from autograd.tape import edges
from autograd.value import apply

NUMBERS = [0.0, -0.0, 1.0, -1.5, 2.0, 3.7, 1e-5, 5e-324, 1e-310, -1e-310, 1e200, -1e308, math.inf, -math.inf, math.nan]
OPERATORS = [
    (operator.add, primitives.add),
    (operator.sub, primitives.sub),
    (operator.mul, primitives.mul),
    (operator.truediv, primitives.div),
]


def recorded(value):
    code, primal, *rest = value._tape.nodes[value._index]
    operands, slopes = edges(value._tape.nodes[value._index])
    size = rest[2] if len(rest) == 3 else len(operands)
    return code, repr(primal), len(rest), size, [operand >= 0 for operand in operands], list(map(repr, slopes))


@pytest.mark.parametrize(("operate", "row"), OPERATORS, ids=lambda each: getattr(each, "name", ""))
def test_operators_record_what_their_row_records(operate, row):
    for x, y in itertools.product(NUMBERS, NUMBERS):
        for left, right in ((Value(x), Value(y)), (Value(x), y), (x, Value(y))):
            assert recorded(operate(left, right)) == recorded(apply(row, (left, right))), (x, y)


def test_whole_numbers_count_as_floats():
    for operate, row in OPERATORS:
        for left, right in ((Value(3.0), 2), (2, Value(3.0))):
            assert recorded(operate(left, right)) == recorded(apply(row, (left, right)))


@pytest.mark.parametrize(("operate", "row"), OPERATORS, ids=lambda each: getattr(each, "name", ""))
def test_operators_leave_what_is_no_number_to_its_hook_or_its_own_operator(operate, row):
    class Asked:
        @classmethod
        def __primitive__(cls, primitive, arguments):
            return primitive, *arguments

    x, asked = Value(3.0), Asked()
    for left, right in ((x, asked), (asked, x)):
        assert all(map(operator.is_, operate(left, right), (row, left, right)))
    for one in (x > 2.0, numpy.array(1.0)):
        assert (operate(x, one).data, operate(one, x).data) == (operate(3.0, 1.0), operate(1.0, 3.0))


def test_negation_records_what_its_row_records():
    for x in NUMBERS:
        assert recorded(-Value(x)) == recorded(apply(primitives.neg, (Value(x),)))


@pytest.mark.parametrize(
    "f", [operator.neg, primitives.exp, *(lambda x, operate=operate: operate(x, x) for operate, _ in OPERATORS)]
)
def test_what_is_recorded_the_careful_way_is_stored_alike(f):
    x = Value(2.0)
    with Tape() as usual:
        f(x)
    with strict(), Tape() as careful:
        f(x)
    assert usual.nodes == careful.nodes


def rows_and_vectors():
    for x in (NUMBERS[:5], [1e200, 1e200, 2.0, -3.0, 1.0], [math.inf, 1.0, 2.0, 3.0, 4.0]):
        for vector in (x, list(map(Value, x)), [Value(x[0]), *x[1:]], [Value(each) * 1 for each in x]):
            yield vector, [[Value(float(k * j)) for j in range(5)] for k in range(3)]
            yield vector, [[1e200, -1e200, 1.0, 1.0, 1.0], [Value(1.0), 2.0, 3.0, 4.0, Value(5.0).detach()]]
            yield (
                vector,
                [list(map(Value, row)) for row in ([1e200, -1e200, 1.0, 0.0, 0.0], [1e200, 1e200, 0.0, 0.0, 1.0])],
            )
    yield [1.0, 1.0, 1.0], [list(map(Value, [1e308, 1e308, -1e308]))]
    for size in range(4):
        yield NUMBERS[3 : 3 + size], [[Value(2.0)] * size, [Value(3.0)] * size]
        yield [Value(1.0)] * size, [[Value(2.0)] * size, [3.0] * size]


def test_matvec_records_what_dot_records():
    keep = Value(1.0) * 1  # a tape is open, as it is in the middle of a network
    for vector, rows in rows_and_vectors():
        for matrix in (rows, tuple(map(tuple, rows))):
            for _ in range(2):
                fast = matvec(matrix, vector)
                slow = [dot(row, vector) for row in matrix]
                for a, b in zip(fast, slow):
                    assert isinstance(a, Value) == isinstance(b, Value)
                    if isinstance(a, Value):
                        assert recorded(a) == recorded(b)
                        assert same_operands(a, b)
                    else:
                        assert repr(a) == repr(b)
    assert keep._tape is not None


def same_operands(a, b):
    return all(
        left is right or repr(left) == repr(right) or hash(left) == hash(right)
        for left, right in zip(a.operands, b.operands)
    )


def test_matvec_sees_new_data_and_new_rows():
    w = [Value(2.0), Value(3.0)]
    keep = w[0] * 1
    matrix = (tuple(w),)
    assert matvec(matrix, [1.0, 1.0])[0].data == 5.0
    w[0].data = 10.0
    result = matvec(matrix, [1.0, 1.0])[0]
    assert result.data == 13.0
    result.backward()
    assert (w[0].grad, w[1].grad, keep.data) == (1.0, 1.0, 2.0)

    rows = [[w[0], w[1]]]
    for number in (5.0, 7.0):
        rows[0][1] = Value(number)
        assert matvec(rows, [1.0, 1.0])[0].data == 10.0 + number


@pytest.mark.parametrize("sequence", [list, numpy.array])
@pytest.mark.parametrize("others", [(), ((Value(1.0), Value(1.0)),)])
def test_matvec_sees_what_is_put_in_a_row_of_a_tuple(sequence, others):
    old, new = Value(3.0), Value(7.0)
    row = sequence([Value(2.0), old])
    rows = (*others, row)
    before = matvec(rows, [1.0, 1.0])[-1]
    row[1] = new
    after = matvec(rows, [1.0, 1.0])[-1]
    after.backward()
    assert (before.data, after.data, old.grad, new.grad) == (5.0, 9.0, 0.0, 1.0)


@pytest.mark.parametrize("vector", [[1.0, 2.0], [1.0, 2.0, 0.0], [Value(1.0), Value(2.0)], [Value(1.0), 2.0, 0.0]])
def test_a_layer_is_looked_up_once_until_a_leaf_changes_and_its_row_not_asked(monkeypatch, vector):
    looked_up, asked = [], []
    look_up, apply_row = linear._look_up, value.apply
    monkeypatch.setattr(linear, "_look_up", lambda tape, row: looked_up.append(row) or look_up(tape, row))
    monkeypatch.setattr(value, "apply", lambda *given: asked.append(given) or apply_row(*given))
    w, b = Value(2.0), Value(3.0)
    rows = tuple(row[: len(vector)] for row in ((w, b, w), (b, w, w), (w, w, w)))
    keep = [matvec(rows, vector), matvec(rows, vector)]
    assert (len(looked_up), len(asked)) == (3, 0)
    b.data = 4.0
    keep += [matvec(rows, vector), matvec(rows, vector)]
    assert (len(looked_up), len(asked)) == (6, 0)
    keep += [matvec(rows[:2], vector), matvec(list(rows), vector), matvec(list(rows), vector)]
    assert (len(looked_up), len(asked)) == (14, 0)
    assert [result.data for result in keep[-1]] == [10.0, 8.0, 6.0]


@pytest.mark.parametrize("sequence", [list, tuple])
def test_matvec_refuses_what_dot_refuses(sequence):
    for size in (1, 2, 4):
        rows = sequence([sequence([Value(1.0)] * size)])
        with pytest.raises(ValueError, match=rf"{size} and 3|3 and {size}"):
            matvec(rows, [1.0, 2.0, 3.0])
    for rows, vector in ((1.0, [1.0]), ([[1.0]], 1.0)):
        with pytest.raises(
            TypeError, match=r"^matvec\(\) takes a sequence of rows and a sequence of numbers, not float$"
        ):
            matvec(rows, vector)
    with pytest.raises(TypeError, match=r"^dot\(\) takes two sequences, not float$"):
        matvec(sequence([1.0, 2.0]), [Value(1.0), Value(2.0)])
    with no_grad():
        assert matvec([[Value(1.0), Value(2.0)]], [1.0, 2.0])[0].is_constant
