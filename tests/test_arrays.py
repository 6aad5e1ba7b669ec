"""NumPy's arrays: of Values, in both operand orders; of floats, where every row gives lane by lane what floats give."""

from __future__ import annotations

import itertools
import math
import operator
import random
from types import SimpleNamespace

import numpy
import pytest

import autograd as ag
from autograd import Value, primitives
from autograd.primitives import ManyPrimitive, Primitive

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


@pytest.mark.parametrize("mask", [[True, False], [1.0, 0.0]])
def test_an_array_chooses_element_by_element(mask):
    assert data(ag.where(numpy.array(mask), Value(2.0), Value(3.0))) == [2.0, 3.0]


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


# -- arrays of floats: every row, its value and its partials, lane by lane ---------------------------------------------

ROWS = {name: row for name, row in vars(primitives).items() if isinstance(row, Primitive)}
SIZES = (0.0, 0.5, 1.0, 2.0, 20.0, 710.0, 745.0, 1e5, 5e-324, 1e-310, 1e-308, 1e-160, 1e160, 1.7e308, math.inf)
HARD = [sign * size for size in SIZES for sign in (1.0, -1.0)] + [math.nan]
WIDTHS = {"dot": (2, 4)}
ULPS = 4.0  # NumPy's and SciPy's routines differ from those of `math`

EXACT = {  # rows whose value and partials are the same to the last bit
    "add", "sub", "mul", "div", "neg", "pos", "abs", "square", "reciprocal", "mod", "fmod", "remainder", "floordiv",
    "div_slope", "sum", "mean", "dot", "prod", "max", "min", "sqrt", "degrees", "radians", "relu", "leaky_relu", "flat",
    "step", "sign", "floor", "ceil", "round", "round_to", "trunc", "copysign", "clip", "where", "less", "less_equal",
    "greater", "greater_equal", "equal", "not_equal", "share", "binade",
}  # fmt: skip


def as_tuple(thing):
    return thing if isinstance(thing, tuple) else (thing,)


def widths(row):
    return WIDTHS.get(row.name, (1, 2, 3) if isinstance(row, ManyPrimitive) else (row.arity,))


def points(row):
    """Return points by their width: worked examples, smooth ones, hard ones, and some of all magnitudes."""
    source = random.Random(row.name)
    found = {width: [] for width in widths(row)}
    for key in filter(None, map(as_tuple, row.examples)):
        found.setdefault(len(key), []).append(key)
    for box in row.smooth_on:
        sides = box if isinstance(box[0], tuple) else (box,)
        smooth = [tuple(source.uniform(*side) for side in sides) for _ in range(20)]
        found.setdefault(len(sides), []).extend(smooth)
    for width in widths(row):
        few = itertools.product(HARD, repeat=width) if width < 3 else ()
        found[width] += few or [tuple(source.choices(HARD, k=width)) for _ in range(500)]
        found[width] += [tuple(any_magnitude(source) for _ in range(width)) for _ in range(200)]
    return found


def any_magnitude(source):
    """Return a number of any size half of the time, and one that is neither big nor small the other half."""
    exponents = source.choice((range(-1074, 1024), range(-10, 10)))
    return source.choice((1.0, -1.0)) * math.ldexp(source.uniform(1.0, 2.0), source.choice(exponents))


def on_floats(row, point):
    value = row.of(*point)
    return value, *row.slopes(value, point, range(len(point)))


def on_arrays(row, columns, lanes):
    """Return the value and the partials, each a list of one float per lane."""
    value = row.of(*columns)
    slopes = row.slopes_of(value, columns, range(len(columns)))
    results = [value, *(slopes[k] for k in range(len(columns)))]
    assert all(numpy.asarray(result).dtype == float for result in results)
    return [numpy.broadcast_to(result, lanes).tolist() for result in results]


def same(got, expected, ulps, terms=0.0):
    """Return whether two floats are both nan, or equal, or finite and so near to each other, or to their terms."""
    if got != got or expected != expected:
        return got != got and expected != expected
    if got == expected:
        return True
    return math.isfinite(got - expected) and abs(got - expected) <= ulps * math.ulp(max(abs(got), abs(expected), terms))


def differences(row, points, results):
    ulps = 0.0 if row.name in EXACT else ULPS
    return [
        (point, k, got, expected)
        for point, *lane in zip(points, *results, strict=True)
        for k, (got, expected) in enumerate(zip(lane, on_floats(row, point), strict=True))
        if not same(got, expected, ulps, largest_term(row, point, k))
    ]


def largest_term(row, point, k):
    """Return the size of what a value (k = 0) or partial is made of, where it may cancel; else 0."""
    if row.name == "logsumexp" and k == 0:
        return max((abs(x) for x in point if math.isfinite(x)), default=0.0)
    if row.name == "pow_log" and k == 1:  # x ** (y - 1) · (y · log x + 1)
        size = abs(primitives.pow(point[0], point[1] - 1.0))
        return size if math.isfinite(size) else 0.0
    return 0.0


@pytest.mark.long
@pytest.mark.parametrize("name", ROWS)
def test_every_lane_of_a_row_is_what_floats_give(name):
    row = ROWS[name]
    for width, lanes in points(row).items():
        columns = [numpy.array(column) for column in zip(*lanes, strict=True)]
        copies = [column.copy() for column in columns]
        assert not differences(row, lanes, on_arrays(row, columns, len(lanes))), width
        assert all(map(numpy.array_equal, columns, copies, [True] * width))


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if max(widths(row)) > 1])
def test_a_number_among_arrays_is_an_array_of_that_number(name):
    row = ROWS[name]
    width = min(width for width in widths(row) if width > 1)
    source = random.Random(name)
    for place, number in itertools.product(range(width), HARD):
        lanes = [source.choices(HARD, k=width) for _ in range(30)]
        lanes = [(*lane[:place], number, *lane[place + 1 :]) for lane in lanes]
        columns = [numpy.array(column) for column in zip(*lanes, strict=True)]
        columns[place] = number
        assert not differences(row, lanes, on_arrays(row, columns, len(lanes)))


@pytest.mark.parametrize("name", ROWS)
def test_arrays_have_any_shape(name):
    row = ROWS[name]
    width = max(widths(row))
    point = next(point for point in points(row)[width] if len(point) == width)
    value, *slopes = on_floats(row, point)
    for shape in ((), (2, 3), (0,)):
        columns = [numpy.full(shape, x) for x in point]
        results = on_arrays(row, columns, shape)
        flat = [numpy.ravel(result).tolist() for result in results]
        for lane in zip(*flat, strict=True):
            assert all(map(same, lane, (value, *slopes), [ULPS] * len(lane)))


@pytest.mark.parametrize(
    "terms",
    [
        (1e308, 1e308, -1e308),
        (1e308, 1e308, -math.inf),
        (1e160, 1.0, -1e160, 1e-160),
        (1.0, 2.0**-53, 2.0**-110),
        (1.0, 2.0**-53, -(2.0**-110)),
        (1.0, -(2.0**-54), -(2.0**-120)),
        (2.0**153, 2.0**100, 2.0**40),
        (1.0, 2.0**-53, 2.0**-110, -(2.0**-110), 2.0**-300),
        (1.0, 2.0**-53, 0.0),
        (0.1,) * 10,
        tuple((-1.0) ** k * 1.1**k for k in range(-300, 301)),
    ],
)
def test_sums_of_arrays_are_rounded_once(terms):
    columns = [numpy.array([term, 1.0]) for term in terms]
    for row in (primitives.sum, primitives.mean):
        assert row.of(*columns).tolist() == [row(*terms), row([1.0] * len(terms))]
    assert primitives.dot(columns, [1.0] * len(terms)).tolist() == [primitives.sum(*terms), len(terms)]


def test_bessel_ratios_of_every_order_are_those_of_floats():
    lanes = [
        (x, order)
        for order in (*range(12), 40.0, 199.9, 200.5)
        for x in (order + 1.5, *numpy.linspace(-250.0, 250.0, 101).tolist())
    ]
    lanes = [(x, float(order)) for x, order in lanes]
    columns = [numpy.array(column) for column in zip(*lanes, strict=True)]
    ratios = primitives.bessel_ratio(*columns).tolist()
    # near its zeros, what the sine's last bit is worth remains: 4 ulp of the largest term, as the row says
    assert ratios == pytest.approx([primitives.bessel_ratio(*lane) for lane in lanes], rel=1e-12, abs=0.0)


def test_the_first_bessel_ratio_is_that_of_floats_where_its_series_ends():
    lanes = [(x, 0.0) for x in numpy.linspace(1.9, 2.9, 1001).tolist()]
    columns = [numpy.array(column) for column in zip(*lanes, strict=True)]
    assert not differences(primitives.bessel_ratio, lanes, on_arrays(primitives.bessel_ratio, columns, len(lanes)))


class Series:
    """What can be made an array of, and knows nothing of the array standard: a column of a table, say."""

    def __init__(self, *numbers):
        self.numbers = numbers

    def __array__(self, dtype=None, copy=None):
        return numpy.array(self.numbers, dtype)


def test_what_can_be_made_an_array_of_is_taken_as_one():
    xs = [0.5, 1.0]
    assert primitives.sin(Series(*xs)).tolist() == primitives.sin(numpy.array(xs)).tolist()
    assert primitives.where(Series(True, False), Series(1, 2), 5.0).tolist() == [1.0, 5.0]
    assert primitives.div(numpy.array(xs), Series(2.0, 3.0)).tolist() == [0.25, 1.0 / 3.0]
    assert [each.data for each in primitives.mul(Value(2.0), Series(*xs))] == [1.0, 2.0]
    with pytest.raises(TypeError, match="expected real numbers, not an array of <U1"):
        primitives.sin(Series("a"))


def test_a_condition_of_another_library_is_left_to_it():
    class Traced:
        dtype, shape = "bool", ()

        def __array_namespace__(self):
            return SimpleNamespace(__name__="another", not_equal=lambda x, y: x, where=lambda *arguments: arguments)

        def __bool__(self):
            raise TypeError("its truth is not known yet")

    Traced.__module__ = "another"
    condition = Traced()
    assert primitives.where(condition, 1.0, 2.0) == (condition, 1.0, 2.0)


@pytest.mark.parametrize("name", ["another.numpy", "numpy.another"])
def test_arrays_of_another_library_are_computed_with_what_it_has(name):
    another = SimpleNamespace(**{**vars(math), "__name__": name, "add": operator.add})
    assert primitives.sum.on_arrays(another, 1.0, 2.0**-53, 2.0**-110) == 1.0
    assert primitives.mean.on_arrays(another, 1.0, 2.0**-53) == 0.5
    assert primitives.sin.on_arrays(another, TURNS[0]) == math.sin(TURNS[0])


TURNS = [
    math.ldexp(6381956970095103, 797),
    math.ldexp(8462504814703225, 910),
    2.4985407433100564e123,
    1.5986289000543612e74,
]
"""Angles next to multiples of π/2, at which the sines and cosines of NumPy are off by up to 137,000 ulp."""


USUAL = [0.5, -2.0, math.pi, 1e8, 3e8, -1e9, 0.0]
ANGLES = [USUAL, TURNS, [-x for x in TURNS] + USUAL, [*USUAL, math.nan, *TURNS], TURNS[:1], []]


@pytest.mark.parametrize("name", ["sin", "cos", "tan", "cot", "sec", "csc", "sinc"])
def test_large_angles_next_to_a_quarter_turn_are_as_good_as_others(name):
    for angles in ANGLES:
        expected = numpy.array([ROWS[name].compute(x) for x in angles])
        numpy.testing.assert_array_max_ulp(ROWS[name](numpy.array(angles)), expected, 4)
    assert ROWS[name](numpy.array(TURNS[0])) == pytest.approx(ROWS[name].compute(TURNS[0]), rel=1e-15)


def test_the_length_of_many_arrays_is_good_to_4_ulp():
    mpmath = pytest.importorskip("mpmath")
    source = random.Random(0)
    columns = [numpy.array([source.random() for _ in range(20)]) for _ in range(300)]
    for lane, length in enumerate(primitives.hypot(*columns).tolist()):
        exact = mpmath.sqrt(sum(mpmath.mpf(float(column[lane])) ** 2 for column in columns))
        assert abs(length - exact) <= 4.0 * math.ulp(length)


def test_the_first_hook_may_decline():
    class Declines:
        @classmethod
        def __primitive__(cls, primitive, arguments):
            return NotImplemented

    class Answers:
        @classmethod
        def __primitive__(cls, primitive, arguments):
            return primitive.name

    assert primitives.atan2(Declines(), Answers()) == primitives.atan2(Answers(), Declines()) == "atan2"
