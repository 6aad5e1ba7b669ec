"""Values inside NumPy's object arrays, in both operand orders."""

from __future__ import annotations

import numpy
import pytest

import autograd as ag
from autograd import Value

X = [0.5, 1.5, 2.5]


def values() -> numpy.ndarray:
    return numpy.array([Value(x) for x in X])


def data(array) -> list[float]:
    return [each.data for each in numpy.ravel(array)]


def test_an_array_of_values_has_objects():
    assert values().dtype == object


def test_arithmetic_with_arrays_and_numbers_on_both_sides():
    a, floats = values(), numpy.array(X)
    for other in (floats, 2.0, 2, Value(2.0), numpy.float64(2), values()):
        number = (
            other.data if isinstance(other, Value) else numpy.array(X) if isinstance(other, numpy.ndarray) else other
        )
        assert data(a + other) == list(floats + number)
        assert data(other + a) == list(number + floats)
        assert data(a - other) == list(floats - number)
        assert data(other * a) == list(number * floats)
        assert data(a / other) == list(floats / number)
        assert data(other / a) == list(number / floats)
        assert data(a**other) == pytest.approx(list(floats**number))


def test_a_value_with_an_array_of_floats():
    v = Value(2.0)
    for product in (v * numpy.array(X), numpy.array(X) * v):
        assert data(product) == [2 * x for x in X]


def test_reductions_and_products_differentiate():
    a = values()
    total = numpy.sum(a * a) + numpy.dot(a, a) + a @ numpy.array([1.0, 2.0, 3.0])
    total.backward()
    assert [each.grad for each in a] == [4 * x + k for x, k in zip(X, (1.0, 2.0, 3.0))]


def test_matrix_products():
    matrix = numpy.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
    product = matrix @ numpy.array([1.0, 10.0])
    product.sum().backward()
    assert data(product) == [21.0, 43.0]
    assert [each.grad for each in matrix.ravel()] == [1.0, 10.0, 1.0, 10.0]


@pytest.mark.parametrize(
    "name", ["exp", "log", "sqrt", "tanh", "sin", "cos", "tan", "arctan", "sinh", "cosh", "log1p", "expm1", "square"]
)
def test_numpy_functions_are_recorded(name):
    a = values()
    result = getattr(numpy, name)(a)
    assert data(result) == pytest.approx(list(getattr(numpy, name)(numpy.array(X))), rel=1e-15)
    result[0].backward()
    assert a[0].grad != 0.0


def test_our_functions_on_arrays_of_values_and_of_floats():
    a = values()
    assert data(ag.tanh(a)) == [ag.tanh(x) for x in X]
    assert ag.tanh(numpy.array(X)).tolist() == pytest.approx([ag.tanh(x) for x in X], rel=1e-15)


def test_sorting_and_extremes():
    a = values()
    assert a.max() is a[2]
    assert a.min() is a[0]
    assert list(numpy.sort(a[::-1])) == list(a)


def test_turning_values_into_floats_is_refused():
    with pytest.raises(TypeError, match="drop its derivative"):
        numpy.array(values(), dtype=float)
