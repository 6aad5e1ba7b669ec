"""The table: worked examples, conventions, IEEE 754, what arguments are taken, and that all forms of a row agree."""

from __future__ import annotations

import builtins
import itertools
import math
import operator
import pickle
import random
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from autograd import Value, grad, primitives
from autograd.primitives import Ieee, ManyPrimitive, Primitive, by_code, is_real, named, number

ROWS = {name: row for name, row in vars(primitives).items() if isinstance(row, Primitive)}
MANY = {name: row for name, row in ROWS.items() if isinstance(row, ManyPrimitive)}
FEW = {name: row for name, row in ROWS.items() if name not in MANY}
EXAMPLES = [(row, key, *row.examples[key]) for row in ROWS.values() for key in row.examples]
LN_2 = math.log(2.0)


def as_tuple(thing):
    return thing if isinstance(thing, tuple) else (thing,)


def close(got, expected, ulps=4.0):
    if expected != expected:
        return got != got
    return got == expected or (math.isfinite(expected) and abs(got - expected) <= ulps * math.ulp(expected))


def slopes_of_numbers(row, *arguments):
    return row.slopes(row.of(*arguments), arguments, range(len(arguments)))


def sampled(row, count, seed=0):
    """Return points from the boxes where a row is smooth."""
    source = random.Random(f"{row.name} {seed}")
    boxes = [box if isinstance(box[0], tuple) else (box,) for box in row.smooth_on]
    return [tuple(source.uniform(*side) for side in box) for box in boxes for _ in range(count)]


def identifiers(examples):
    return [f"{row.name}{key}" for row, key, *_ in examples]


# -- worked examples ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("row", "key", "value", "partials"), EXAMPLES, ids=identifiers(EXAMPLES))
def test_worked_examples(row, key, value, partials):
    arguments = as_tuple(key)
    assert close(row.of(*arguments), value)
    slopes = slopes_of_numbers(row, *arguments)
    assert len(slopes) == len(as_tuple(partials))
    assert all(map(close, slopes, as_tuple(partials))), slopes


@pytest.mark.parametrize(("row", "key", "value", "partials"), EXAMPLES, ids=identifiers(EXAMPLES))
def test_worked_examples_on_nodes(row, key, value, partials):
    leaves = [Value(x) for x in as_tuple(key)]
    node = row.of(*leaves)
    assert close(node.data if leaves else node, value)
    for k, (leaf, partial) in enumerate(zip(leaves, as_tuple(partials), strict=True)):
        node.backward()
        assert close(leaf.grad, partial), k
        node.zero_grad()


@pytest.mark.parametrize(("row", "key", "value", "partials"), EXAMPLES, ids=identifiers(EXAMPLES))
def test_partials_on_nodes_are_those_on_numbers(row, key, value, partials):
    leaves = [Value(x) for x in as_tuple(key)]
    slopes = row.slopes_of(row.of(*leaves), leaves, range(len(leaves)))
    for k, partial in enumerate(as_tuple(partials)):
        assert close(slopes[k].data if isinstance(slopes[k], Value) else slopes[k], partial), k


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_every_row_is_whole(row):
    assert row.examples
    assert row.smooth_on
    assert row.form.format(*"abc") or not row.arity
    assert by_code(row.code) is named(row.name) is row
    assert ROWS[row.name] is row
    for box in row.smooth_on:
        width = len(box) if isinstance(box[0], tuple) else 1
        assert isinstance(row, ManyPrimitive) or width == row.arity


@pytest.mark.parametrize("row", FEW.values(), ids=FEW)
def test_the_text_names_every_operand(row):
    text = row.text(["first", "second", "third"][: row.arity])
    assert all(operand in text for operand in ["first", "second", "third"][: row.arity])


@pytest.mark.parametrize("row", MANY.values(), ids=MANY)
def test_the_text_of_many_operands_names_them_all(row):
    assert row.text(["a", "b", "c", "d"]) == (f"{row.name}(a, b, c, d)" if row.name != "dot" else "dot([a, b], [c, d])")


def test_partials_are_the_slopes_that_differences_show():
    step = 1e-3
    for row in ROWS.values():
        for point in sampled(row, 3):
            for k, slope in enumerate(slopes_of_numbers(row, *point)):

                def along(shift, point=point, k=k, row=row):
                    return row.of(*point[:k], point[k] + shift, *point[k + 1 :])

                inner, outer = along(step) - along(-step), along(2.0 * step) - along(-2.0 * step)
                stencil = (8.0 * inner - outer) / (12.0 * step)
                assert slope == pytest.approx(stencil, rel=1e-7, abs=1e-7), (row, point, k)


# -- the classical table of derivatives --------------------------------------------------------------------------------

ALPHA, BASE = 1.7, 2.5  # constants of the table


def u(x):
    return x * x + 1.0


def v(x):
    return primitives.sin(x) + 2.0


def w(x):
    return 3.0 * x


U, DU = u(0.8), 1.6  # at x = 0.8
V, DV = math.sin(0.8) + 2.0, math.cos(0.8)
CLASSICAL = {
    "d(a) = 0": (lambda x: Value(ALPHA) + 0.0 * x, 0.0),
    "d(x) = 1": (lambda x: +x, 1.0),
    "d(au) = a du": (lambda x: ALPHA * u(x), ALPHA * DU),
    "d(u + v - w) = du + dv - dw": (lambda x: u(x) + v(x) - w(x), DU + DV - 3.0),
    "d(uv) = u dv + v du": (lambda x: u(x) * v(x), U * DV + V * DU),
    "d(u / v) = (v du - u dv) / v²": (lambda x: u(x) / v(x), (V * DU - U * DV) / (V * V)),
    "d(u^n) = n u^(n-1) du": (lambda x: u(x) ** 5, 5.0 * U**4 * DU),
    "d(sqrt u) = du / (2 sqrt u)": (lambda x: primitives.sqrt(u(x)), DU / (2.0 * math.sqrt(U))),
    "d(1 / u) = -du / u²": (lambda x: 1.0 / u(x), -DU / U**2),
    "d(1 / u^n) = -n du / u^(n+1)": (lambda x: 1.0 / u(x) ** 3, -3.0 * DU / U**4),
    "d(ln u) = du / u": (lambda x: primitives.log(u(x)), DU / U),
    "d(log_a u) = du / (u ln a)": (lambda x: primitives.log(u(x), BASE), DU / (U * math.log(BASE))),
    "d(e^u) = e^u du": (lambda x: primitives.exp(u(x)), math.exp(U) * DU),
    "d(a^u) = a^u ln a du": (lambda x: BASE ** u(x), BASE**U * math.log(BASE) * DU),
    "d(u^v) = v u^(v-1) du + u^v ln u dv": (
        lambda x: u(x) ** v(x),
        V * U ** (V - 1.0) * DU + U**V * math.log(U) * DV,
    ),
    "d(sin u) = cos u du": (lambda x: primitives.sin(u(x)), math.cos(U) * DU),
    "d(cos u) = -sin u du": (lambda x: primitives.cos(u(x)), -math.sin(U) * DU),
    "d(tan u) = sec² u du": (lambda x: primitives.tan(u(x)), DU / math.cos(U) ** 2),
    "d(cot u) = -csc² u du": (lambda x: primitives.cot(u(x)), -DU / math.sin(U) ** 2),
    "d(sec u) = sec u tan u du": (lambda x: primitives.sec(u(x)), math.tan(U) / math.cos(U) * DU),
    "d(csc u) = -csc u cot u du": (lambda x: primitives.csc(u(x)), -DU / (math.sin(U) * math.tan(U))),
}


@pytest.mark.parametrize("rule", CLASSICAL)
def test_the_classical_table_of_derivatives(rule):
    function, expected = CLASSICAL[rule]
    x = Value(0.8)
    function(x).backward()
    assert x.grad == pytest.approx(expected, rel=1e-14, abs=0.0)


# -- higher orders at awkward points -----------------------------------------------------------------------------------


def derivatives(function, x, count):
    found = []
    for _ in range(count):
        function = grad(function)
        found.append(function(x))
    return found


ORDERS = {
    "sinc": (primitives.sinc, 0.0, [0.0, -1 / 3, 0.0, 1 / 5, 0.0]),
    "tanh": (primitives.tanh, 0.0, [1.0, 0.0, -2.0, 0.0]),
    "tanh far out": (primitives.tanh, 20.0, [4.0 * math.exp(-40.0), -8.0 * math.exp(-40.0)]),
    "sigmoid far out": (primitives.sigmoid, 40.0, [math.exp(-40.0), -math.exp(-40.0)]),
    "softplus": (primitives.softplus, 0.0, [0.5, 0.25, 0.0, -0.125]),
    "erf": (primitives.erf, 0.0, [2 / math.sqrt(math.pi), 0.0, -4 / math.sqrt(math.pi)]),
    "gelu": (primitives.gelu, 0.0, [0.5, 2 / math.sqrt(2 * math.pi), 0.0]),
    "silu": (primitives.silu, 0.0, [0.5, 0.5, 0.0]),
    "abs": (primitives.abs, 0.0, [0.0, 0.0]),
    "relu": (primitives.relu, 3.0, [1.0, 0.0, 0.0]),
    "atan": (primitives.atan, 0.0, [1.0, 0.0, -2.0]),
    "square by pow": (lambda x: x**2, 0.0, [0.0, 2.0, 0.0]),
    "cube by pow": (lambda x: x**3, 0.0, [0.0, 0.0, 6.0, 0.0]),
    "pow 1": (lambda x: x**1, 0.0, [1.0, 0.0, 0.0]),
    "pow 0": (lambda x: x**0, 0.0, [0.0, 0.0]),
    "negative base": (lambda x: x**3, -2.0, [12.0, -12.0, 6.0, 0.0]),
    "0 ** y": (lambda y: 0.0**y, 2.0, [0.0, 0.0]),
    "2 ** x": (lambda x: 2.0**x, 3.0, [8.0 * LN_2, 8.0 * LN_2**2, 8.0 * LN_2**3]),
    "x ** x": (lambda x: x**x, 2.0, [4.0 * (1.0 + LN_2), 4.0 * ((1.0 + LN_2) ** 2 + 0.5)]),
    "hypot(x, 0)": (lambda x: primitives.hypot(x, 0.0), 0.0, [0.0, 0.0]),
    "hypot(x, 1)": (lambda x: primitives.hypot(x, 1.0), 0.0, [0.0, 1.0, 0.0, -3.0]),
    "atan2(x, 1)": (lambda x: primitives.atan2(x, 1.0), 0.0, [1.0, 0.0, -2.0]),
    "prod through zeros": (lambda x: primitives.prod(x, x, 3.0), 0.0, [0.0, 6.0, 0.0]),
    "logsumexp(x, 1)": (lambda x: primitives.logsumexp(x, 1.0), 1.0, [0.5, 0.25, 0.0, -0.125]),
    "logaddexp(x, -inf)": (lambda x: primitives.logaddexp(x, -math.inf), 1.0, [1.0, 0.0]),
    "softmax": (lambda x: primitives.softmax([x, 0.0])[0], 0.0, [0.25, 0.0, -0.125]),
    "sum": (lambda x: primitives.sum(x * x, x), 3.0, [7.0, 2.0, 0.0]),
    "reciprocal of tiny": (lambda x: 1.0 / x, 1e-100, [-1e200, 2e300]),
    "elu": (primitives.elu, -1.0, [math.exp(-1.0), math.exp(-1.0)]),
    "elu far out": (primitives.elu, 1000.0, [1.0, 0.0]),
}


@pytest.mark.parametrize("name", ORDERS)
def test_higher_orders_at_awkward_points(name):
    function, x, expected = ORDERS[name]
    assert derivatives(function, x, len(expected)) == pytest.approx(expected, rel=1e-13, abs=1e-14)


# -- conventions and IEEE 754 ------------------------------------------------------------------------------------------

SPECIAL = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -2.5,
    1000.0,
    -1000.0,
    1e308,
    -1e308,
    5e-324,
    -5e-324,
    math.inf,
    -math.inf,
    math.nan,
)
WIDTH = {name: row.arity or 2 for name, row in ROWS.items()}


@pytest.mark.long
@pytest.mark.parametrize("name", ROWS)
def test_no_argument_makes_a_row_raise(name):
    row = ROWS[name]
    for arguments in itertools.product(SPECIAL, repeat=WIDTH[name]):
        value = row.of(*arguments)
        assert type(value) is float, arguments
        assert all(type(slope) is float for slope in slopes_of_numbers(row, *arguments)), arguments


IEEE = [
    (primitives.exp, (1000.0,), math.inf),
    (primitives.log, (0.0,), -math.inf),
    (primitives.log, (-1.0,), math.nan),
    (primitives.log1p, (-2.0,), math.nan),
    (primitives.log1p, (-1.0,), -math.inf),
    (primitives.log2, (-0.0,), -math.inf),
    (primitives.log2, (-1.0,), math.nan),
    (primitives.log10, (0.0,), -math.inf),
    (primitives.log10, (-1.0,), math.nan),
    (primitives.div, (1.0, 0.0), math.inf),
    (primitives.div, (1.0, -0.0), -math.inf),
    (primitives.div, (-1.0, -0.0), math.inf),
    (primitives.div, (0.0, 0.0), math.nan),
    (primitives.div, (math.nan, 0.0), math.nan),
    (primitives.div_slope, (1.0, 0.0), -math.inf),
    (primitives.div_slope, (0.0, 0.0), math.nan),
    (primitives.div_slope, (1e300, math.inf), 0.0),
    (primitives.reciprocal, (-0.0,), -math.inf),
    (primitives.sin, (math.inf,), math.nan),
    (primitives.tan, (-math.inf,), math.nan),
    (primitives.sqrt, (-1.0,), math.nan),
    (primitives.asin, (1.5,), math.nan),
    (primitives.acosh, (0.5,), math.nan),
    (primitives.atanh, (-1.0,), -math.inf),
    (primitives.atanh, (1.0,), math.inf),
    (primitives.atanh, (2.0,), math.nan),
    (primitives.sinh, (-1000.0,), -math.inf),
    (primitives.cosh, (-1000.0,), math.inf),
    (primitives.pow, (-8.0, 1 / 3), math.nan),
    (primitives.pow, (-1e200, 2.0), math.inf),
    (primitives.pow, (-1e200, 3.0), -math.inf),
    (primitives.pow, (-1e-200, -3.0), -math.inf),
    (primitives.pow, (0.0, -3.0), math.inf),
    (primitives.pow, (-0.0, -3.0), -math.inf),
    (primitives.pow, (-0.0, -2.0), math.inf),
    (primitives.pow_slope, (-2.0, 3.5), math.nan),
    (primitives.pow_slope, (0.0, 0.0), 0.0),
    (primitives.pow_log, (-2.0, 3.0), math.nan),
    (primitives.pow_log, (0.0, 2.0), 0.0),
    (primitives.pow_log, (math.inf, 0.5), math.inf),
    (primitives.pow_log, (math.inf, -0.5), 0.0),
    (primitives.mod, (5.0, 0.0), math.nan),
    (primitives.mod, (-5.0, math.inf), math.inf),
    (primitives.mod, (math.inf, 2.0), math.nan),
    (primitives.fmod, (math.inf, 2.0), math.nan),
    (primitives.floordiv, (-1.0, 0.0), -math.inf),
    (primitives.floordiv, (0.0, 0.0), math.nan),
    (primitives.hypot, (math.nan, -math.inf), math.inf),
    (primitives.hypot, (1e308, 1e308), 1.4142135623730951e308),
    (primitives.sum, (math.inf, -math.inf), math.nan),
    (primitives.sum, (1e308, 1e308, -1e308), 1e308),
    (primitives.sum, (1e308, 1e308), math.inf),
    (primitives.sum, (1e308, 1e308, -math.inf), -math.inf),
    (primitives.sum, (0.1,) * 10, 1.0),
    (primitives.mean, (1.7e308, 1.7e308), 1.7e308),
    (primitives.mean, (math.inf, 1.0), math.inf),
    (primitives.prod, (1e200, 1e200, 1e-300), 1e100),
    (primitives.prod, (1e-200, 1e-200, 1e300), 1e-100),
    (primitives.prod, (0.0, math.inf), math.nan),
    (primitives.prod, (math.inf, 1e-200, -1e-200), -math.inf),
    (primitives.prod, (5e-324, 5e-324, math.inf), math.inf),
    (primitives.prod, (math.nan, math.inf), math.nan),
    (primitives.pow, (-1e200, 2.0), math.inf),
    (primitives.pow, (-1e200, 3.0), -math.inf),
    (primitives.pow, (-1e-200, -3.0), -math.inf),
    (primitives.pow, (-0.0, -2.0), math.inf),
    (primitives.pow, (-0.0, -3.0), -math.inf),
    (primitives.pow_slope, (-0.5, 0.5), math.nan),
    (primitives.pow_log, (math.inf, 0.0), math.inf),
    (primitives.cbrt, (-math.inf,), -math.inf),
    (primitives.max, (math.nan, 1.0), math.nan),
    (primitives.min, (1.0, math.nan), math.nan),
    (primitives.logsumexp, (math.inf, 1.0), math.inf),
    (primitives.floor, (-math.inf,), -math.inf),
    (primitives.round, (0.5,), 0.0),
    (primitives.round, (1.5,), 2.0),
    (primitives.round_to, (1.7e308, -308.0), math.inf),
    (primitives.round_to, (-123.0, -1000.0), -0.0),
    (primitives.round_to, (0.1, 1000.0), 0.1),
    (primitives.round_to, (0.1, math.inf), 0.1),
    (primitives.softplus, (1000.0,), 1000.0),
    (primitives.silu, (-math.inf,), 0.0),
    (primitives.gelu, (-math.inf,), 0.0),
    (primitives.sigmoid, (-math.inf,), 0.0),
    (primitives.times_exp, (1e-300, 720.0), 4920700930263.817),
    (primitives.times_exp, (0.0, 1e9), 0.0),
    (primitives.scalb, (3.0, 0.5), 3.0 * math.sqrt(2.0)),
    (primitives.scalb, (-1.0, 1e300), -math.inf),
    (primitives.scalb, (1.0, -math.inf), 0.0),
    (primitives.binade, (3.0, -5.0), 0.25),
    (primitives.binade, (0.0, -0.0), 1.0),
    (primitives.binade, (math.inf, 3.0), 1.0),
    (primitives.binade, (5e-324,), 2.0**1022),
    (primitives.binade, (1e308,), 2.0**-1022),
    (primitives.gaussian, (2.0, 1e200, 0.5), 0.0),
    (primitives.gaussian, (2.0, 1e200, 0.0), 2.0),
    (primitives.gaussian, (math.nan, 1e200, 0.5), math.nan),
    (primitives.gaussian, (math.inf, 70.0, 0.5), 0.0),
    (primitives.gaussian, (math.nan, 70.0, 0.5), math.nan),
    (primitives.exp_difference, (math.inf, math.inf), 1.0),
    (primitives.exp_difference, (-math.inf, -math.inf), 1.0),
    (primitives.exp_difference, (math.inf, 0.0), math.inf),
    (primitives.logit, (0.0,), -math.inf),
    (primitives.logit, (1.0,), math.inf),
    (primitives.logit, (2.0,), math.nan),
    (primitives.sinc, (math.inf,), math.nan),
    (primitives.elu, (0.0, math.nan), math.nan),
    (primitives.bessel_ratio, (1.0, -1.0), math.nan),
    (primitives.bessel_ratio, (1.0, 250.0), 0.0),
    (primitives.clip, (math.nan, 0.0, 1.0), math.nan),
    (primitives.clip, (0.5, math.nan, 1.0), math.nan),
    (primitives.clip, (0.5, 0.0, math.nan), math.nan),
    (primitives.pow, (-1e200, 2.0), math.inf),
    (primitives.pow, (-1e200, 3.0), -math.inf),
    (primitives.pow, (-1e200, 5.0), -math.inf),
    (primitives.pow, (-1e-200, -2.0), math.inf),
    (primitives.pow, (-1e-200, -3.0), -math.inf),
    (primitives.pow_slope, (-0.5, 0.1), math.nan),
    (primitives.pow_log, (math.inf, 0.0), math.inf),
    (primitives.pow_log, (0.0, 0.0), -math.inf),
    (primitives.cbrt, (math.inf,), math.inf),
    (primitives.cbrt, (-math.inf,), -math.inf),
    (primitives.round_to, (2.5, math.inf), 2.5),
    (primitives.round_to, (math.inf, -1000.0), math.inf),
    (primitives.prod, (math.inf, 2.0), math.inf),
]


@pytest.mark.parametrize(("row", "arguments", "expected"), IEEE, ids=[f"{row.name}{points}" for row, points, _ in IEEE])
def test_ieee_754(row, arguments, expected):
    assert close(row.of(*arguments), expected)


NEAR_A_TURN = 6381956970095103.0 * 2.0**797  # of all floats the one next to a multiple of π/2
DIGITS = [  # mpmath's to 1,800 digits, rounded once
    (primitives.cos, (NEAR_A_TURN,), -4.687165924254628e-19),
    (primitives.sin, (2.0 * NEAR_A_TURN,), -9.374331848509255e-19),
    (primitives.sin, (-2.0 * NEAR_A_TURN,), 9.374331848509255e-19),
    (primitives.tan, (NEAR_A_TURN,), -2.133485385753704e18),
    (primitives.tan, (2.0 * NEAR_A_TURN,), 9.374331848509255e-19),
    (primitives.tan, (-NEAR_A_TURN,), 2.133485385753704e18),
    (primitives.normal_cdf, (-4.914060747093592,), 4.4604544392552504e-07),
    (primitives.normal_cdf, (-4.4874553428423445,), 3.6039457115900256e-06),
    (primitives.normal_cdf, (-6.0,), 9.86587645037698e-10),
    (primitives.normal_cdf, (-37.0,), 5.725571222524577e-300),
    (primitives.gelu, (-6.0,), -5.9195258702261885e-09),
    (primitives.gelu, (-10.0,), -7.619853024160526e-23),
    (primitives.gelu, (-37.0,), -2.1184613523340935e-298),
    (primitives.bessel_ratio, (20.0, 40.0), 1.2912998554483168e-62),
    (primitives.bessel_ratio, (3.0, 3.0), 0.0056315430381678995),
    (primitives.bessel_ratio, (30.0, 2.0), 3.59004829761899e-05),
    (primitives.bessel_ratio, (0.1, 5.0), 9.616310232916446e-05),
    (primitives.bessel_ratio, (14.9, 13.0), 4.8476463155768425e-17),
    (primitives.bessel_ratio, (2.8190999999999997, 0.0), 0.11242300591932702),
    (primitives.div_slope, (3.5e-323, 1.7777256669339955e-09), -1.0943423623327982e-305),
    (primitives.div_slope, (1e-300, 1e-05), -9.999999999999999e-291),
    (primitives.div_slope, (7.0 * 5e-324, 0.3), -3.85e-322),
    (primitives.div_slope, (1e200, 1e-50), -9.999999999999999e299),
    (primitives.div_slope, (1e200, 1e220), -1e-240),
    (primitives.pow_slope, (1e300, 1e-17), 1e-317),
    (primitives.pow_slope, (1e-150, 3.0), 3e-300),
    (primitives.pow_slope, (-1e-150, 3.0), 3e-300),
    (primitives.pow_slope, (1e100, 4.0), 4e300),
    (primitives.pow_slope, (1e-300, 1e-10), 9.999999309224496e289),
    (primitives.pow_log, (2.0, 1020.0), 7.787912049636148e306),
    (primitives.pow_log, (1e-150, 2.02), -3.4538776394910474e-301),
    (primitives.pow_log, (1.0000000001, 3000000000000.0), 1.9424747424506559e120),
    (primitives.exp_difference, (700.3, 0.1), 1.2387858290677345e304),
    (primitives.exp_difference, (-0.1, 700.3), 6.609138834709863e-305),
    (primitives.times_exp, (1e300, -745.0), 2.8223507304719374e-24),
    (primitives.times_exp, (-1e-300, 1200.0), -1.4235682191229455e221),
    (primitives.times_exp, (3.0, -700.0), 2.9579029631279314e-304),
    (primitives.gaussian, (2.0, 30.1, 0.5), 3.659807316955615e-197),
    (primitives.gaussian, (1e300, 45.3, 0.5), 2.4792385465370685e-146),
    (primitives.gaussian, (3.0, 5.7, 1.0), 2.3275206227088166e-14),
    (primitives.sigmoid_slope, (0.3,), 0.24445831169074586),
    (primitives.sigmoid_slope, (-37.0,), 8.533047625744065e-17),
    (primitives.silu, (-705.0,), -4.683595447588556e-304),
    (primitives.silu, (-740.0,), -3.09967e-319),
    (primitives.logit, (0.5000000001,), 4.000000330961484e-10),
    (primitives.logit, (0.7,), 0.8472978603872034),
    (primitives.logit, (1e-300,), -690.7755278982137),
    (primitives.logsumexp, (1000.0, 999.3, -40.0), 1000.4031860488855),
    (primitives.softplus, (-40.0,), 4.248354255291589e-18),
    (primitives.log_sigmoid, (40.0,), -4.248354255291589e-18),
    (primitives.prod, (1e300, 1e300, 1e-300, 1e-299), 10.000000000000002),
    (primitives.prod, (3e-200, -7e-200, 5e300, 1e90), -1.0500000000000001e-08),
    (primitives.prod, (1e-200, 1.1e-115, 1e300), 1.1e-15),
    (primitives.prod, (1e200, 1.1e110, 1e-300), 1.1e10),
    (primitives.cbrt, (1e-320,), 2.1544266950262728e-107),
    (primitives.cbrt, (1.7e308,), 5.539658256754465e102),
    (primitives.div_slope, (5e-324, 1e-8), -4.940656458412464e-308),
    (primitives.pow_slope, (3.0, -200.5), -1.452718780141956e-94),
    (primitives.pow_slope, (1.5, 0.25), 0.18444698661672027),
    (primitives.logit, (0.2,), -1.3862943611198906),
    (primitives.sigmoid_slope, (3.0,), 0.04517665973091213),
    (primitives.exp_difference, (1e-20, -1.0), 2.718281828459045),
    (primitives.logsumexp, (700.0, 700.0, 699.0), 700.8619948040582),
    (primitives.gaussian, (1e-300, 20.0, -0.5), 7.2259737681257495e-214),
    (primitives.scalb, (3.0, -1070.5), 1.7e-322),
    (primitives.scalb, (0.7, 10.25), 852.4236600339505),
    (primitives.mean, (-1.7e308, -1.7e308, 1.0), -1.1333333333333334e308),
]


@pytest.mark.parametrize(
    ("row", "arguments", "expected"), DIGITS, ids=[f"{row.name}{points}" for row, points, _ in DIGITS]
)
def test_all_digits_are_right_where_the_usual_formula_loses_some(row, arguments, expected):
    assert close(row.of(*arguments), expected)
    array = row.of(*(np.array([x]) for x in arguments))
    assert close(array.item(), expected, ulps=16.0)  # NumPy's tangent is 14 off at that angle


@pytest.mark.parametrize("point", [-0.12194123244400545, 0.041892065511528465, 0.20268105772299982])
def test_the_slope_of_sigmoid_is_nearer_than_the_bound_asks(point):
    power = Fraction(math.exp(-abs(point)))  # 0.5 ulp off
    exact = power / (1 + power) ** 2
    for slope in (primitives.sigmoid_slope(point), primitives.sigmoid_slope(np.array([point])).item()):
        assert abs(Fraction(slope) - exact) <= 2 * Fraction(math.ulp(float(exact)))


def test_the_cube_root_is_the_nearest_float():
    xs = [3.3744258759739156, 3.4862967033845806, 3.0353100765210836, *(0.37 * k for k in range(1, 500))]
    xs += [2.569, 35.1, 54.6, 60.804, 97.0, 107.055, 249.699, 867.384]  # platforms and NumPy are off by one
    for x, of_array in zip(xs, primitives.cbrt(np.array(xs)).tolist()):
        for root in (primitives.cbrt(x), of_array):
            half = Fraction(51, 100) * Fraction(math.ulp(root))
            assert (Fraction(root) - half) ** 3 <= Fraction(x) <= (Fraction(root) + half) ** 3


def test_a_factor_of_1_changes_nothing_before_an_exponential():
    for x in range(-590, 591, 7):
        assert primitives.times_exp(1.0, x + 0.3) == primitives.exp(x + 0.3)
    for x in (599.5, 600.5, -599.5, -600.5):
        assert close(primitives.times_exp(np.array([1.0]), np.array([x])).item(), math.exp(x))


@pytest.mark.parametrize(
    ("row", "angle", "expected"),
    [
        (primitives.sin, 2.0 * NEAR_A_TURN, -9.374331848509255e-19),
        (primitives.sin, 2655222361494129.0 * 2.0**296, 4.139911252287983e-17),
        (primitives.sin, 6134899525417045.0, 9.495905770584396e-17),
        (primitives.cos, 7752052676318561.0 * 2.0**481, -6.99037852376461e-17),
    ],
)
def test_sines_next_to_a_multiple_of_a_quarter_turn_are_rounded_once(row, angle, expected):
    assert (row(angle), abs(row(-angle))) == (expected, abs(expected))


def test_the_slope_of_sigmoid_is_good_to_4_ulp_where_it_is_worst():
    assert close(primitives.sigmoid_slope(6.23770575288952), 0.001946717600223047, ulps=2.0)  # mpmath, rounded once
    assert close(primitives.sigmoid_slope(np.array([4.139852836259989])).item(), 0.015429835478568207, ulps=4.0)


def test_the_cube_root_of_a_cube_is_exact():
    for k in range(1, 500):
        assert primitives.cbrt(k**3) == -primitives.cbrt(-(k**3)) == k
        assert primitives.cbrt((k / 1024.0) ** 3) == k / 1024.0


def test_the_sign_of_zero_is_kept():
    for row, argument in (
        (primitives.ceil, -0.5),
        (primitives.round, -0.2),
        (primitives.trunc, -0.7),
        (primitives.floor, -0.0),
    ):
        assert math.copysign(1.0, row(argument)) == -1.0, row


def test_relu_gives_no_negative_zero():
    assert math.copysign(1.0, primitives.relu(-0.0)) == 1.0


NUMBERS_OF_NAN = {  # their value or slopes are numbers though an argument is nan: linear rows, and as IEEE 754 has it
    "add", "sub", "neg", "pos", "sum", "mean", "square", "mul", "degrees", "radians", "dot", "prod",
    "less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "share", "where", "binade", "copysign",
}  # fmt: skip

LINEAR = {  # rows and the operand that they are linear in: its slope does not depend on it
    ("div", 0), ("div_slope", 0), ("gaussian", 0), ("scalb", 0), ("times_exp", 0), ("leaky_relu", 1), ("elu", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(ROWS) - NUMBERS_OF_NAN))
def test_nan_in_gives_nan_out_in_the_slopes_too(name):
    row = ROWS[name]
    for k in range(WIDTH[name]):
        point = list(sampled(row, 1)[0][: WIDTH[name]])
        point[k] = math.nan
        if (name, k) != ("leaky_relu", 1) and (name, k) != ("elu", 1):
            assert math.isnan(row.of(*point)), point
        if (name, k) not in LINEAR:
            assert math.isnan(slopes_of_numbers(row, *point)[k]), point


def test_nan_in_the_rows_of_arithmetic_gives_a_value_of_nan():
    for name in ("add", "sub", "mul", "neg", "pos", "square", "degrees", "radians", "sum", "mean", "div", "gaussian"):
        arguments = (math.nan, 2.0, 3.0)[: WIDTH[name]]
        assert ROWS[name].of(*arguments) != ROWS[name].of(*arguments)


def test_nan_where_ieee_754_has_a_number():
    assert primitives.pow(math.nan, 0.0) == 1.0
    assert primitives.pow(1.0, math.nan) == 1.0
    assert primitives.hypot(math.inf, math.nan) == math.inf
    assert primitives.copysign(1.0, math.nan) == 1.0
    assert math.isnan(primitives.hypot(1.0, math.nan))
    assert all(math.isnan(slope) for slope in slopes_of_numbers(primitives.pow, math.nan, 2.0))
    assert math.isnan(slopes_of_numbers(primitives.copysign, 1.0, math.nan)[1])


def test_a_constants_partial_is_never_evaluated():
    asked = []
    row = Primitive(
        "asks",
        lambda x, y: x + y,
        partials=(lambda z, x, y: asked.append("x") or 1.0, lambda z, x, y: asked.append("y") or 1.0),
    )
    x = Value(2.0)
    row(x, 3.0).backward()
    assert asked == ["x"]
    assert x.grad == 1.0


def test_kinks():
    assert primitives.step(0.0) == 0.0
    assert slopes_of_numbers(primitives.relu, 0.0) == [0.0]
    assert slopes_of_numbers(primitives.abs, -0.0) == [0.0]
    assert slopes_of_numbers(primitives.leaky_relu, 0.0, 0.3) == [0.3, 0.0]
    assert slopes_of_numbers(primitives.max, 2.0, 2.0, 2.0, 1.0) == [1 / 3, 1 / 3, 1 / 3, 0.0]
    assert slopes_of_numbers(primitives.clip, 1.0, 0.0, 1.0) == [1.0, 0.0, 0.0]
    assert slopes_of_numbers(primitives.max, 0.0, -0.0) == [0.5, 0.5]


def test_the_branch_not_chosen_contributes_nothing():
    x = Value(0.0)
    primitives.where(x > 0.0, primitives.log(x), 2.0 * x).backward()
    assert x.grad == 2.0


def test_a_slope_at_a_pole_is_ieee_754():
    assert slopes_of_numbers(primitives.sqrt, 0.0) == [math.inf]
    assert slopes_of_numbers(primitives.log, 0.0) == [math.inf]
    assert slopes_of_numbers(primitives.log, -0.0) == [-math.inf]
    assert slopes_of_numbers(primitives.asin, -1.0) == [math.inf]
    assert primitives.sqrt.slope(0.0, 0.0) == math.inf
    assert primitives.hypot.slope(3.0, -3.0) == -1.0


def test_floats_within_a_partial_at_a_pole():
    three, zero = Ieee(3.0), Ieee(0.0)
    assert three / zero == 3.0 / zero == three / 0.0 == math.inf
    assert -three / zero == (three - 6.0) / zero == (1.0 - three) / zero == -math.inf
    assert zero**-1.0 == math.inf
    assert 10.0 ** Ieee(400.0) == math.inf
    assert 2.0 * three + 1.0 == 1.0 + three * 2.0 == 7.0
    assert type(primitives.exp(three)) is type(three + 1.0) is type(2.0 - three) is Ieee
    assert primitives.log(zero) == -math.inf
    assert primitives.max(zero, three) == 3.0


# -- arguments ---------------------------------------------------------------------------------------------------------

JUNK = [True, "1", None, 1j, object(), b"1", {"a": 1}]


def name_of(junk):
    return type(junk).__name__


@pytest.mark.long
@pytest.mark.parametrize("junk", [*JUNK, [1.0], (1.0,)], ids=name_of)
@pytest.mark.parametrize("name", FEW)
def test_what_is_not_a_number_raises_a_type_error_that_names_its_type(name, junk):
    row = FEW[name]
    for k in range(row.takes_condition, row.arity):
        for number_beside in (0.5, Value(0.5)):
            arguments = [number_beside] * row.arity
            arguments[k] = junk
            with pytest.raises(TypeError, match=rf"\b{type(junk).__name__}\b"):
                row(*arguments)


@pytest.mark.parametrize("junk", [*JUNK, [1.0]], ids=name_of)
@pytest.mark.parametrize("name", [name for name in MANY if name != "dot"])
def test_what_is_not_a_number_among_many_raises_a_type_error(name, junk):
    for operands in ((0.5, junk), (Value(0.5), junk)):
        with pytest.raises(TypeError, match=rf"\b{type(junk).__name__}\b"):
            MANY[name](*operands)
        with pytest.raises(TypeError, match=rf"\b{type(junk).__name__}\b"):
            MANY[name](operands)


@pytest.mark.parametrize("junk", [True, "1", None, 1j], ids=name_of)
def test_what_is_neither_a_number_nor_an_iterable_of_numbers_raises_a_type_error(junk):
    with pytest.raises(TypeError, match=rf"\b{type(junk).__name__}\b"):
        primitives.max(junk)
    with pytest.raises(TypeError, match=rf"\b{type(junk).__name__}\b"):
        primitives.dot([junk], [1.0])
    with pytest.raises(TypeError, match=rf"\b{type(junk).__name__}\b"):
        primitives.dot(junk, [1.0])


@pytest.mark.parametrize(("left", "right"), [([1.0, 2.0], [1.0]), ([1.0], [1.0, 2.0])])
def test_dot_takes_as_many_of_the_one_as_of_the_other(left, right):
    with pytest.raises(ValueError, match=f"equal length, not of {len(left)} and {len(right)}"):
        primitives.dot(left, right)


@pytest.mark.parametrize(("given", "told"), [((), "0 were"), (([1.0],), "1 was"), (([1.0], [2.0], [3.0]), "3 were")])
def test_dot_takes_two_sequences(given, told):
    with pytest.raises(TypeError, match=f"two sequences.*{told} given"):
        primitives.dot(*given)


def test_only_a_condition_may_be_a_bool():
    assert primitives.where(True, 1.0, 2.0) == 1.0
    assert primitives.where(False, 1.0, Value(2.0)).data == 2.0
    for true in (np.True_, np.array(True)):
        chosen = primitives.where(true, 1.0, 2.0)
        assert (type(chosen), chosen) == (float, 1.0)
    with pytest.raises(TypeError, match=r"bool: write 1\.0 or 0\.0"):
        primitives.where(True, True, 2.0)
    with pytest.raises(TypeError, match="str"):
        primitives.where("yes", 1.0, 2.0)


@pytest.mark.parametrize(
    "two", [2, Fraction(2), Decimal(2), np.float64(2.0), np.float32(2.0), np.int64(2), np.uint8(2)], ids=name_of
)
def test_real_numbers_are_converted(two):
    assert is_real(two)
    assert type(number(two)) is float
    for result, expected in (
        (primitives.exp(two), math.exp(2.0)),
        (primitives.pow(two, 3.0), 8.0),
        (primitives.max(1.0, two), 2.0),
        (primitives.sum([two, two]), 4.0),
        (primitives.dot([two], [3]), 6.0),
        (primitives.where(two, two, 0), 2.0),
    ):
        assert type(result) is float
        assert result == expected


def test_too_large_an_int_is_infinite():
    assert number(10**400) == math.inf
    assert number(-(10**400)) == -math.inf


@pytest.mark.parametrize("name", FEW)
def test_a_wrong_number_of_arguments_raises_a_type_error(name):
    row = FEW[name]
    takes_two = name in ("log", "round")
    for count in {0, row.arity + 1 + takes_two, row.arity - len(row.defaults) - 1}:
        fewest, most = row.arity - len(row.defaults), row.arity + takes_two
        wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        with pytest.raises(TypeError, match=rf"{name}\(\) takes {wanted} argument{'s' * (most > 1)}, {count} w"):
            row(*[0.5] * count)


@pytest.mark.parametrize("name", MANY)
def test_the_fewest_operands(name):
    row = MANY[name]
    if row.fewest:
        with pytest.raises(ValueError, match=f"{name}\\(\\) needs at least 1 operand$"):
            row([])
        with pytest.raises(ValueError, match="at least 1 operand"):
            row()
    else:
        assert row.of() == row.examples[()][0]


def test_nothing_has_a_sum_and_a_product():
    assert primitives.sum([]) == primitives.sum() == primitives.dot([], []) == 0.0
    assert primitives.prod([]) == 1.0


def test_defaults():
    assert primitives.leaky_relu(-2.0) == primitives.leaky_relu(-2.0, 0.1) == -0.2
    assert primitives.elu(-2.0) == primitives.elu(-2.0, 1.0) == math.expm1(-2.0)
    x = Value(-2.0)
    primitives.leaky_relu(x).backward()
    assert x.grad == 0.1
    assert primitives.leaky_relu(np.array([-2.0])).tolist() == [-0.2]


def test_what_a_second_argument_means_is_told():
    assert "\n\nWith a second argument, the logarithm to that base.\n\nArgs:" in primitives.log.__doc__
    assert "\n\nWith a second argument, rounded to so many decimal digits.\n\nArgs:" in primitives.round.__doc__
    assert primitives.round(Value(2.345), 2).primitive is primitives.round_to


def test_log_takes_a_base():
    assert primitives.log(8, 2) == 3.0
    x, base = Value(8.0), Value(2.0)
    node = primitives.log(x, base)
    assert node.primitive is primitives.logbase
    assert node.primitive.text(["x", "b"]) == "log(x, b)"
    with pytest.raises(TypeError, match="log"):
        primitives.log(8.0, 2.0, 1.0)
    assert primitives.log(5.0, 1.0) == math.inf


def test_many_operands_come_separately_or_in_one_iterable():
    assert primitives.max(1, 3, 2) == primitives.max([1, 3, 2]) == primitives.max(x for x in (1, 3, 2)) == 3.0
    assert primitives.max({3.0}) == primitives.max(3.0) == primitives.max(np.array([1.0, 3.0])) == 3.0
    x = Value(2.0)
    assert primitives.sum(x).data == primitives.sum([x]).data == 2.0
    assert primitives.sum(x, x, x).operands == (x, x, x)
    assert primitives.mean(np.array([Value(1.0), Value(2.0)])).data == 1.5


def test_many_operands_record_one_node():
    xs = [Value(float(k)) for k in range(5)]
    node = primitives.logsumexp(xs)
    assert node.primitive is primitives.logsumexp
    assert [x.data for x in node.operands] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_dot_takes_two_sequences_of_equal_length():
    w1, w2 = Value(3.0), Value(4.0)
    node = primitives.dot([w1, w2], (10.0, w1))
    assert node.data == 42.0
    assert node.operands == (w1, w2, 10.0, w1)
    assert primitives.dot((x for x in (1, 2)), np.array([3.0, 4.0])) == 11.0
    with pytest.raises(ValueError, match="of 2 and 3"):
        primitives.dot([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="two sequences, 1 was given"):
        primitives.dot([1.0])
    with pytest.raises(TypeError, match="two sequences, not float"):
        primitives.dot(1.0, 2.0)
    with pytest.raises(TypeError, match="two sequences, not Value"):
        primitives.dot(w1, w2)


def test_softmax():
    assert primitives.softmax([0.0, LN_2]) == pytest.approx([1 / 3, 2 / 3], rel=1e-15)
    assert (
        primitives.softmax([1000.0, 1001.0]) == primitives.softmax([0.0, 1.0]) == primitives.softmax([-1000.0, -999.0])
    )
    assert primitives.softmax([0.0, 2.0], temperature=2.0) == primitives.softmax([0, 1])
    assert primitives.softmax([0.0, 1.0], temperature=0.5) == primitives.softmax([0, 2])
    assert primitives.softmax([-math.inf, 3.0]) == [0.0, 1.0]
    assert primitives.softmax([-math.inf, -math.inf]) == [0.0, 0.0]
    assert primitives.softmax([7.0]) == [1.0]
    assert builtins.sum(primitives.softmax([0.1 * k for k in range(10)])) == pytest.approx(1.0, rel=1e-15)
    with pytest.raises(ValueError, match="at least 1"):
        primitives.softmax([])
    with pytest.raises(TypeError, match="str"):
        primitives.softmax(["a"])


def test_softmax_of_nodes_has_gradients():
    xs = [Value(1.0), Value(2.0), Value(4.0)]
    weights = primitives.softmax(xs)
    weights[0].backward()
    p = [weight.data for weight in weights]
    expected = [p[0] * (1.0 - p[0]), -p[0] * p[1], -p[0] * p[2]]
    assert [x.grad for x in xs] == pytest.approx(expected, rel=1e-14)


def test_share_is_exactly_zero_where_a_factor_is():
    for other in (math.inf, -math.inf, math.nan):
        assert primitives.share(0.0, other) == primitives.share(other, 0.0) == 0.0
    assert primitives.share(2.0, 3.0) == 6.0
    assert math.isnan(primitives.share(math.nan, 1.0))


def test_division_with_rest_follows_python():
    source = random.Random(1)
    for _ in range(300):
        x, y = source.uniform(-50.0, 50.0), source.choice((-1, 1)) * source.uniform(0.1, 7.0)
        assert primitives.divmod(x, y) == builtins.divmod(x, y)
        quotient, rest = primitives.divmod(np.array([x]), np.array([y]))
        assert (quotient[0], rest[0]) == builtins.divmod(x, y)
        assert primitives.remainder(np.array([x]), np.array([y]))[0] == math.remainder(x, y)
        assert primitives.fmod(x, y) == math.fmod(x, y)
    assert [part.data for part in primitives.divmod(Value(-7.0), 2.0)] == [-4.0, 1.0]


def test_the_array_form_of_the_remainder_is_exact_for_ties_and_huge_numbers():
    for x, y in itertools.product(
        (5.0, -5.0, 7.0, 0.5, 1.7e308, 5e-324, -0.0), (2.0, -2.0, 1.0, 1.2e308, 5e-324, math.inf)
    ):
        with np.errstate(over="ignore"):
            assert primitives.remainder(np.array([x]), np.array([y]))[0] == math.remainder(x, y), (x, y)


def test_rounding_to_digits_follows_python():
    source = random.Random(2)
    for _ in range(300):
        x, digits = source.uniform(-2000.0, 2000.0), source.randrange(-3, 6)
        assert primitives.round(x, digits) == primitives.round_to(x, digits) == builtins.round(x, digits)
        assert primitives.round_to(np.array([x]), digits)[0] == builtins.round(x, digits)


@pytest.mark.parametrize("name", ["another.numpy", "numpy.another"])
def test_rounding_to_digits_in_another_namespace(name, monkeypatch):
    monkeypatch.setattr(primitives.kernels, "round_to", None)  # floats are not rounded one by one
    other = SimpleNamespace(**(vars(np) | {"__name__": name}))
    xs = [2.5, 1250.0, 27245760075548.625, 6.284603066025689e16]  # of the last, a digit behind the point is lost
    rounded = primitives.round_to.on_arrays(other, np.array(xs), np.array([0.0, -2.0, 2.0, 1.0]))
    assert rounded.tolist() == [2.0, 1200.0, 27245760075548.62, 6.284603066025689e16]


def test_an_error_within_an_iterable_is_not_hidden():
    with pytest.raises(TypeError, match="mine"):
        primitives.sum(refuse(x) for x in (1.0, 2.0))


def refuse(x):
    raise TypeError("mine")


@pytest.mark.parametrize("symbol", ["<", "<=", ">", ">=", "==", "!="])
def test_comparisons(symbol):
    row = next(row for row in ROWS.values() if row.form == f"({{}} {symbol} {{}})")
    compare = {
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "==": operator.eq,
        "!=": operator.ne,
    }
    for x, y in itertools.product((1.0, 2.0, -0.0, 0.0, math.nan, math.inf), repeat=2):
        assert row(x, y) == float(compare[symbol](x, y))
        assert row(np.array([x]), y).tolist() == [row(x, y)]
        assert slopes_of_numbers(row, x, y) == [0.0, 0.0]


# -- arrays ------------------------------------------------------------------------------------------------------------


def on_arrays(row, points):
    columns = [np.array(column) for column in zip(*points, strict=True)]
    return row.on_arrays(np, *columns), columns


@pytest.mark.parametrize("name", ROWS)
def test_the_array_form_is_the_float_form(name):
    row = ROWS[name]
    points = sampled(row, 20)
    values, _ = on_arrays(row, points)
    assert values.shape == (len(points),)
    assert values == pytest.approx([row.of(*point) for point in points], rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("name", ROWS)
def test_partials_on_arrays_are_those_on_floats(name):
    row = ROWS[name]
    points = sampled(row, 5)
    values, columns = on_arrays(row, points)
    slopes = row.slopes_of(values, columns, range(len(columns)))
    for k in range(len(columns)):
        expected = [slopes_of_numbers(row, *point)[k] for point in points]
        assert np.broadcast_to(slopes[k], values.shape) == pytest.approx(expected, rel=1e-12, abs=1e-14), k


@pytest.mark.parametrize(
    ("row", "key", "value", "partials"),
    [each for each in EXAMPLES if each[1] != ()],
    ids=identifiers([each for each in EXAMPLES if each[1] != ()]),
)
def test_worked_examples_on_arrays(row, key, value, partials):
    columns = [np.array([x]) for x in as_tuple(key)]
    with np.errstate(all="ignore"):
        values = row.on_arrays(np, *columns)
        slopes = row.slopes_of(values, columns, range(len(columns)))
    if row.name not in OVERFLOW_ON_THE_WAY or max(map(abs, as_tuple(key))) < 1e100:
        assert values == pytest.approx([value], rel=1e-14, abs=1e-16, nan_ok=True)
    for k, partial in enumerate(as_tuple(partials)):
        assert np.broadcast_to(slopes[k], (1,)) == pytest.approx([partial], rel=1e-13, abs=1e-16, nan_ok=True), k


OVERFLOW_ON_THE_WAY = {"sum", "mean", "prod"}  # their array forms do not go by way of more digits than a float has


def test_arrays_of_other_kinds():
    assert primitives.reciprocal(np.array([2, 4])).tolist() == [0.5, 0.25]
    assert primitives.pow(np.array([2, 4]), -1).tolist() == [0.5, 0.25]
    assert primitives.where(np.array([True, False]), 1, np.array([2, 3])).tolist() == [1.0, 3.0]
    assert primitives.exp(np.float32([0.0])).dtype == np.float32
    for junk in (np.array([True]), np.array(["a"]), np.array([1j])):
        with pytest.raises(TypeError, match=str(junk.dtype)):
            primitives.sin(junk)
        with pytest.raises(TypeError, match=str(junk.dtype)):
            primitives.where(np.array([True]), junk, 1.0)
    for junk in (np.complex128(1j), np.array([1j]), np.array(["a"])):
        with pytest.raises(TypeError, match=str(junk.dtype)):
            primitives.where(junk, 1.0, 2.0)
    with pytest.raises(TypeError, match="list"):
        primitives.add(np.array([1.0]), [1.0])


def test_arrays_of_nodes_are_taken_element_by_element():
    xs = np.array([Value(1.0), Value(2.0)])
    results = primitives.pow(xs, 2.0)
    assert [result.data for result in results] == [1.0, 4.0]
    results[1].backward()
    assert xs[1].grad == 4.0
    assert [result.data for result in primitives.mul(np.array([3.0, 4.0]), Value(2.0))] == [6.0, 8.0]


def test_special_functions_do_without_scipy(monkeypatch):
    def missing(name):
        raise ImportError(name)

    points = np.linspace(-3.0, 3.0, 7)
    expected = primitives.erf(points), primitives.erfc(points), primitives.gelu(points)
    monkeypatch.setattr(primitives.importlib, "import_module", missing)
    for got, known in zip(
        (primitives.erf(points), primitives.erfc(points), primitives.gelu(points)), expected, strict=True
    ):
        assert got == pytest.approx(known, rel=1e-13)


# -- arrays of other libraries -----------------------------------------------------------------------------------------


def of_shapes_alone(function):
    def refused(array, *, axis=None, **keywords):
        assert axis is not None, "in a namespace that only knows shapes, no number can be looked at"
        return function(array, axis=axis, **keywords)

    return refused


SHAPES_ALONE = {name: of_shapes_alone(getattr(np, name)) for name in ("all", "any", "max")}
OTHERS = [SimpleNamespace(**(vars(np) | SHAPES_ALONE | {"__name__": name})) for name in ("jax.numpy", "other")]
"""NumPy under other names: what the table does for namespaces that cannot look at their numbers."""


def no_package(name):
    raise ImportError(name)


def test_what_numpy_lacks_is_asked_of_scipy_and_what_jax_lacks_of_jax(monkeypatch):
    asked = []
    monkeypatch.setattr(primitives.importlib, "import_module", lambda name: asked.append(name) or no_package(name))
    for namespace in (np, OTHERS[0]):
        primitives.erf.on_arrays(namespace, np.array([0.5]))
    assert asked == ["scipy.special", "jax.scipy.special"]


@pytest.mark.parametrize("name", ROWS)
def test_the_array_form_in_another_namespace_is_the_float_form(name, monkeypatch):
    monkeypatch.setattr(primitives.importlib, "import_module", no_package)
    row = ROWS[name]
    points = [*sampled(row, 5), *(as_tuple(key) for each, key, *_ in EXAMPLES if each is row and key != ())]
    points = [point for point in points if row.name not in OVERFLOW_ON_THE_WAY or max(map(abs, point)) < 1e100]
    for size in sorted({len(point) for point in points}):
        sized = [point for point in points if len(point) == size]
        columns = [np.array(column) for column in zip(*sized, strict=True)]
        expected = [row.of(*point) for point in sized]
        for other in OTHERS:
            with np.errstate(all="ignore"):
                values = row.on_arrays(other, *columns)
            assert np.broadcast_to(values, len(sized)) == pytest.approx(expected, rel=1e-13, abs=1e-15, nan_ok=True)


@pytest.mark.parametrize("name", ["gelu", "normal_cdf", "silu", "sigmoid", "softplus", "erfc", "log_sigmoid"])
def test_array_forms_on_both_sides_of_where_they_change(name):
    points = [-701.0, -699.0, -9.5, -8.5, -5.5, -5.0, -4.5, -0.2, 0.2, 0.3, 5.5, 8.5, 9.5, 26.0, 27.0, 701.0]
    expected = [ROWS[name](x) for x in points]
    assert ROWS[name](np.array(points)) == pytest.approx(expected, rel=1e-13, abs=0.0)


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: other.__name__)
def test_another_namespace_knows_bessel_ratios_up_to_the_eighth(other):
    orders = np.array([0.0, 7.0, 8.0, 8.9, 9.0, 200.0, 200.5, 300.0])
    for x in (0.5, -7.5, 20.0):
        expected = [primitives.bessel_ratio(x, order) if order <= 8.0 else math.nan for order in orders[:6]]
        found = primitives.bessel_ratio.on_arrays(other, np.full(8, x), orders)
        assert found == pytest.approx([*expected, 0.0, 0.0], rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("order", [4, 5, 8, 20, 60, 90, 120, 150])
def test_bessel_ratios_of_high_orders_lose_half_an_ulp_per_order_before_they_swing(order):
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(120):
        for x in (0.4 * order, -2.1 * math.sqrt(order + 1), 0.9 * order, order - 1e-9, order + 0.5):
            terms = [1 / mpmath.fac2(2 * order + 1)]
            for k in range(1, 300):
                terms.append(-terms[-1] * mpmath.mpf(x) ** 2 / 2 / (k * (2 * order + 2 * k + 1)))
            bound = (4 + order / 2) * math.ulp(float(mpmath.fsum(terms)))
            for found in (primitives.bessel_ratio(x, order), primitives.bessel_ratio(np.array([x]), order)[0]):
                assert builtins.abs(found - mpmath.fsum(terms)) <= bound


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: other.__name__)
def test_another_namespace_rounds_as_python_does(other):
    source = random.Random(3)
    points = [(source.uniform(-2000.0, 2000.0), source.randrange(-3, 6)) for _ in range(200)]
    points += [((k + 0.5) / 10**digits, digits) for digits in (1, 2, 3) for k in range(-60, 60)]  # ties, or nearly
    points += [((k + 0.5) * 10.0**-digits, digits) for digits in (-1, -2, -21) for k in range(-60, 60)]
    points += [
        (123456789012.345678, 5),
        (1.26e-299, 300),
        (2.0**60 / 1000, 3),
        (-0.5, 0),
        (2.675, 2),
        (-2.5, 0),
        (1.5, 0),
        (-1.5, 0),
        (0.75, 1),
        (1e300, -299),
    ]
    columns = [np.array(column, dtype=float) for column in zip(*points, strict=True)]
    expected = [builtins.round(x, digits) for x, digits in points]
    assert primitives.round_to.on_arrays(other, *columns).tolist() == expected
    assert np.isnan(primitives.round_to.on_arrays(other, np.array([2.5]), np.array([math.nan]))).all()
    digits = np.arange(-300.0, 301.0)  # from 23 on, tens are no floats any more
    expected = [builtins.round(float(f"7.26e{-k}"), k) for k in range(-300, 301)]
    numbers = np.array([float(f"7.26e{-k}") for k in range(-300, 301)])
    assert primitives.round_to.on_arrays(other, numbers, digits) == pytest.approx(expected, rel=3e-16, abs=0.0)


# -- rows as objects ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_pickled_by_its_name(name):
    assert pickle.loads(pickle.dumps(ROWS[name])) is ROWS[name]


def test_an_unknown_name_says_so():
    with pytest.raises(LookupError, match="no primitive is called 'nonsense'"):
        named("nonsense")


def test_a_row_of_ones_own():
    cube = Primitive("cube_of_ones_own", lambda x: x * x * x, partials=(lambda y, x: 3.0 * x * x,))
    x = Value(2.0)
    node = cube(x)
    node.backward()
    assert (node.data, x.grad, cube(3)) == (8.0, 12.0, 27.0)
    assert repr(cube) == "<primitive cube_of_ones_own>"
    assert cube.text(["x"]) == "cube_of_ones_own(x)"
    assert derivatives(cube, 2.0, 3) == [12.0, 12.0, 6.0]


def test_a_row_of_ones_own_with_many_operands():
    spread = ManyPrimitive(
        "spread_of_ones_own",
        lambda *xs: max(xs) - min(xs),
        partials=lambda y, *xs: [
            top - bottom
            for top, bottom in zip(
                primitives.max.all_partials(primitives.max(xs), *xs),
                primitives.min.all_partials(primitives.min(xs), *xs),
                strict=True,
            )
        ],
    )
    xs = [Value(x) for x in (1.0, 5.0, 2.0)]
    spread(xs).backward()
    assert [x.grad for x in xs] == [-1.0, 1.0, 0.0]


def test_the_docstring_of_a_row_is_made_from_it():
    row = Primitive("kept", lambda condition, x, rate: x, partials=[primitives.zero] * 3, takes_condition=True)
    assert row.__doc__ == (
        "Return kept(condition, x, rate): of floats a float, of Values a node, of arrays an array, of Duals a Dual.\n"
        "\n"
        "Args:\n"
        "    condition: a comparison, a bool or a number.\n"
        "    x: a number.\n"
        "    rate: a number."
    )
    row = Primitive(
        "plus",
        lambda x, rate: x + rate,
        partials=[lambda z, x, rate: 1.0] * 2,
        form="({} + {})",
        defaults=(0.5,),
        examples={(2.0, 3.0): (5.0, (1.0, 1.0))},
        accuracy="exact",
    )
    assert row.__doc__ == (
        "Return x + rate: of floats a float, of Values a node, of arrays an array, of Duals a Dual.\n"
        "\n"
        "Args:\n"
        "    x: a number.\n"
        "    rate: a number, by default 0.5.\n"
        "\n"
        "Worked examples -> value; slopes:\n"
        "    2.0 + 3.0 -> 5.0; (1.0, 1.0)\n"
        "\n"
        "Accuracy: exact."
    )


@pytest.mark.parametrize(("count", "given"), [(1, "1 slope"), (3, "3 slopes")])
def test_a_row_of_many_operands_has_one_slope_for_each(count, given):
    uneven = ManyPrimitive("uneven_of_ones_own", lambda *xs: 0.0, partials=lambda y, *xs: [1.0] * count)
    told = f"^the partials of uneven_of_ones_own returned {given} for 2 operands$"
    with pytest.raises(ValueError, match=told):
        uneven(Value(1.0), 2.0)
    with pytest.raises(ValueError, match=told):
        uneven.slopes_of(0.0, (Value(1.0), 2.0), (0,))
