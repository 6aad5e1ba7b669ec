"""The accuracy contract: every value and every partial within 4 ulp of the exact result, over the whole domain."""

from __future__ import annotations

import importlib
import itertools
import math
from types import SimpleNamespace

import pytest

from autograd import primitives
from autograd.primitives import Primitive

pytest.importorskip("flint")
accuracy = importlib.import_module("tests.accuracy")
balls, measure, references = (
    importlib.import_module(f"tests.accuracy.{name}") for name in ("balls", "measure", "references")
)

pytestmark = pytest.mark.long

ROWS = {name: row for name, row in vars(primitives).items() if isinstance(row, Primitive)}
COUNT = 400  # points per row besides the hard ones; `python -m tests.accuracy` takes more


def test_every_row_has_a_reference():
    assert set(accuracy.REFERENCES) == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_value_and_partials_are_within_the_bound(name):
    for (error, point), bound in zip(accuracy.worst(name, COUNT), accuracy.bounds(name), strict=True):
        assert error <= bound, point


@pytest.mark.parametrize("name", ROWS)
def test_a_row_says_which_exception_it_takes(name):
    reference = accuracy.REFERENCES[name]
    says = ROWS[name].accuracy
    if name in accuracy.OWN_BOUNDS:
        assert says.startswith("own")
    elif reference.value_terms is not None or reference.partial_terms is not None:
        assert says.startswith(("(a)", "(b)"))
    else:
        assert not says or says.startswith(("(c)", "own"))


def test_prod_is_the_only_row_whose_bound_grows_with_its_operands():
    assert [name for name, row in ROWS.items() if row.accuracy.startswith("(c)")] == ["prod"]


# -- the usual formulas, which the contract forbids: the measurement finds each of them --------------------------------


def formula(name, *partials, compute=None):
    """Return a stand-in for a row with other partials."""
    row = ROWS[name]

    def slopes(output, arguments, wanted):
        return [partials[k](output, *arguments) for k in wanted]

    return SimpleNamespace(arity=row.arity, compute=compute or row.compute, slopes=slopes)


def quietly(function, *arguments):
    try:
        return function(*arguments)
    except (OverflowError, ZeroDivisionError, ValueError):
        return math.nan


USUAL = {
    "tanh": formula("tanh", lambda y, x: 1.0 - y * y),
    "sigmoid": formula("sigmoid", lambda y, x: y * (1.0 - y)),
    "expm1": formula("expm1", lambda y, x: y + 1.0),
    "erf": formula("erf", lambda y, x: 2.0 / math.sqrt(math.pi) * math.exp(-x * x)),
    "asin": formula("asin", lambda y, x: 1.0 / math.sqrt(1.0 - x * x)),
    "atanh": formula("atanh", lambda y, x: quietly(lambda: 1.0 / (1.0 - x * x))),
    "acosh": formula("acosh", lambda y, x: quietly(lambda: 1.0 / math.sqrt(x * x - 1.0))),
    "asinh": formula("asinh", lambda y, x: 1.0 / math.sqrt(x * x + 1.0)),
    "atan": formula("atan", lambda y, x: 1.0 / (1.0 + x * x)),
    "sinc": formula("sinc", lambda y, x: (math.cos(x) - y) / x),
    "softplus": formula(
        "softplus", lambda y, x: primitives.sigmoid(x), compute=lambda x: quietly(lambda: math.log(1.0 + math.exp(x)))
    ),
    "gelu": formula(
        "gelu",
        lambda y, x: 0.5 * math.erfc(-x / math.sqrt(2.0)) + x * math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi),
    ),
    "div": formula("div", lambda z, x, y: 1.0 / y, lambda z, x, y: quietly(lambda: -x / (y * y))),
    "pow": formula(
        "pow",
        lambda z, x, y: y * primitives.kernels.power(x, y - 1.0),
        lambda z, x, y: z * primitives.kernels.log(x),
    ),
    "fmod": formula("fmod", lambda z, x, y: 1.0, lambda z, x, y: -primitives.trunc(x / y)),
    "logaddexp": formula(
        "logaddexp", lambda z, x, y: primitives.sigmoid(x - y), lambda z, x, y: primitives.sigmoid(y - x)
    ),
    "exp2": formula("exp2", lambda y, x: math.log(2.0) * y),
    "silu": formula("silu", lambda y, x: primitives.sigmoid(x) * (1.0 + x * primitives.sigmoid(-x))),
}


@pytest.mark.parametrize("name", USUAL)
def test_the_usual_formula_is_found_to_be_off(name):
    found = accuracy.worst(name, COUNT, row=USUAL[name])
    assert max(error for error, _ in found) > 2.0 * accuracy.CONTRACT


# -- the measuring itself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("computed", "exact", "ulps"),
    [
        (1.0, 1.0, 0.0),
        (math.nextafter(1.0, 2.0), 1.0, 1.0),
        (math.nextafter(1.0, 0.0), 1.0, 0.5),
        (5e-324, 0.0, 1.0),
        (1.5e-323, 1e-323, 1.0),
        (-1.0, 1.0, 2.0**53),
        (math.inf, 1.7976931348623157e308, 1.0),
        (math.nan, 1.0, math.inf),
    ],
)
def test_errors_are_counted_in_the_spacing_of_floats_at_the_exact_result(computed, exact, ulps):
    assert accuracy.error(computed, balls.mpf(exact), balls.mpf(exact)) == ulps


def test_just_below_a_power_of_two_the_spacing_is_that_below_it():
    measure.ctx.prec = 128
    below = 1 - balls.mpf(2) ** -80
    assert accuracy.error(1.0, below, below) == pytest.approx(2.0**-27, rel=1e-6)


def test_what_is_beyond_the_largest_float_may_be_infinite():
    beyond = balls.mpf(10) ** 400
    assert accuracy.error(math.inf, beyond, beyond) == 0.0
    assert accuracy.error(-math.inf, beyond, beyond) > 1e15
    assert accuracy.error(1e308, beyond, beyond) > 1e15


def test_a_ball_that_is_too_wide_is_refused():
    wide = balls.mpf(1) + balls.mpf("0 +/- 1e-20")
    with pytest.raises(measure.TooWide):
        accuracy.error(1.0, wide, wide)


def test_bits_are_added_until_a_result_is_certain():
    ((value, *_),) = accuracy.errors("fmod", (1e300, 0.7), [[math.fmod(1e300, 0.7), 1.0, 0.0]])
    assert value == 0.0
    assert measure.ctx.prec > 1000


def test_points_are_the_same_for_the_same_seed_and_more_of_them_begin_with_fewer():
    first = accuracy.points("hypot", 5)
    assert first == accuracy.points("hypot", 5)
    assert first == accuracy.points("hypot", 50)[: len(first)]
    assert first != accuracy.points("hypot", 5, seed=1)


@pytest.mark.parametrize("name", ROWS)
def test_points_are_finite_and_lie_in_all_sizes(name):
    points = accuracy.points(name, 100)
    assert all(map(math.isfinite, itertools.chain(*points)))
    if accuracy.REFERENCES[name].domain is references.everywhere:
        sizes = [math.frexp(x)[1] for x in itertools.chain(*points)]
        assert min(sizes) < -1022
        assert max(sizes) == 1024


# -- a second opinion: the references with mpmath's functions, with many digits ----------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_mpmath_agrees_with_the_references(name, monkeypatch):
    mpmath = pytest.importorskip("mpmath")
    reference = accuracy.REFERENCES[name]
    for point in accuracy.points(name, 4)[-8:]:
        measure.ctx.prec = 4608
        exact = reference.exact(list(map(balls.mpf, point)))
        with monkeypatch.context() as patch, mpmath.workdps(720):
            patch.setattr(references, "fn", mpmath.mp)
            others = reference.exact(list(map(mpmath.mpf, point)))
        for ball, other in zip(exact, others, strict=True):
            assert (ball is None) == (other is None)
            if ball is not None and abs(ball) < measure.OVERFLOW:
                assert float(abs(ball - balls.mpf(other)) / (abs(ball) + balls.mpf(10) ** -400)) < 1e-30


FUNCTIONS = ["exp", "expm1", "log", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "asin", "acos", "atan", "asinh"]
FUNCTIONS += ["acosh", "atanh", "tanh", "erf", "erfc"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_jets_carry_derivatives_of_functions(name):
    mpmath = pytest.importorskip("mpmath")
    measure.ctx.prec = 128
    x = 1.375 if name == "acosh" else 0.375
    found = getattr(balls, name)(balls.Jet(balls.mpf(x), balls.mpf(2)))
    assert float(found.value) == pytest.approx(float(getattr(mpmath, name)(x)), rel=1e-15)
    assert float(found.slope) == pytest.approx(2.0 * float(mpmath.diff(getattr(mpmath, name), x)), rel=1e-12)


def test_jets_carry_derivatives_of_arithmetic():
    x = balls.Jet(balls.mpf(3), balls.mpf(1))
    for result, value, slope in [
        (x + 1, 4, 1),
        (1 + x, 4, 1),
        (x - 1, 2, 1),
        (1 - x, -2, -1),
        (2 * x, 6, 2),
        (x * x, 9, 6),
        (6 / x, 2, -2 / 3),
        (x / 6, 0.5, 1 / 6),
        (x**3, 27, 27),
        (-x, -3, -1),
        (abs(-x), 3, 1),
        (balls.hyp0f1(balls.mpf(0.5), x * x), math.cosh(6.0), 2.0 * math.sinh(6.0)),
    ]:
        assert (float(result.value), float(result.slope)) == pytest.approx((value, slope), rel=1e-14)
