"""What every row of the table is in exact arithmetic: its value and its partials, and where they are measured.

The functions are written here a second time, in the words of a textbook, without looking at the rows: exact arithmetic
forgives every formula. They are made of `fn`, functions on balls; a test puts mpmath's functions in its place. Second
derivatives are these partials on jets.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from autograd import primitives
from autograd.primitives import Primitive
from tests.accuracy import balls
from tests.accuracy.sampling import (
    Domain,
    Draw,
    DrawPoint,
    Point,
    angle,
    bell,
    each,
    exponent,
    moderate_powers,
    near,
    next_to_turns,
    one,
    ordinary,
    pairs,
    positive,
    powers,
    several,
    spread,
    tame,
    two_spread,
    unit,
    wide,
)

__all__ = ["REFERENCES", "ROWS", "Reference", "fn"]

ROWS: dict[str, Primitive] = {name: row for name, row in vars(primitives).items() if isinstance(row, Primitive)}

Number = Any
Exact = Callable[..., Any]
fn: Any = balls


def everywhere(*xs: float) -> bool:
    """Return that any numbers are in the domain."""
    return True


@dataclass(frozen=True)
class Reference:
    """The exact value and partials of a row, and where to sample it.

    Attributes:
        value: a function of the operands; None where it is not defined.
        partials: one function per operand, or one that gives all.
        draw: a sampler of points where the function is interesting.
        hard: points where something happens, those of the row's examples aside.
        value_terms: the size of the terms that an exception of the contract refers to; likewise for the partials.
        domain: where it is measured beside what `draw` gives; None for nowhere.
        second_terms: the size of the largest term of each second derivative, row by row, where it is a difference.
        smooth: where second derivatives are measured.
    """

    value: Exact
    partials: Sequence[Exact] | Exact
    draw: DrawPoint
    hard: Sequence[Any] = ()
    value_terms: Exact | None = None
    partial_terms: Exact | None = None
    domain: Domain | None = everywhere
    second_terms: Exact | None = None
    smooth: Domain = lambda *xs: all(x == 0.0 or 1e-100 < abs(x) < 1e100 for x in xs)

    def slopes(self, arguments: Sequence[Any]) -> list[Any]:
        """Return the exact partials; None for what is not defined."""
        if callable(self.partials):
            return list(self.partials(*arguments))
        return [partial(*arguments) for partial in self.partials]

    def exact(self, arguments: Sequence[Any]) -> list[Any]:
        """Return the exact value and partials; None for what is not defined."""
        return [self.value(*arguments), *self.slopes(arguments)]


# -- the exact functions -----------------------------------------------------------------------------------------------


def plain(name: str) -> Exact:
    """Return a function of `fn` as it is when it is called."""

    def function(*xs: Number) -> Number:
        return getattr(fn, name)(*xs)

    return function


def total(*xs: Number) -> Number:
    """Return the sum."""
    return fn.fsum(xs)


def constant(number: float) -> Exact:
    """Return a function that is constant."""
    return lambda *xs: fn.mpf(number)


def pi() -> Number:
    """Return half a turn."""
    return 4 * fn.atan(fn.mpf(1))


def ratio(x: Number, y: Number) -> Fraction:
    """Return the quotient of two floats, exactly."""
    return Fraction(float(x)) / Fraction(float(y))


def rational(x: Fraction) -> Number:
    """Return a fraction as a number."""
    return fn.mpf(x.numerator) / fn.mpf(x.denominator)


def root_three(x: Number) -> Number:
    """Return the real cube root."""
    return fn.sign(x) * fn.cbrt(abs(x)) if x != 0 else fn.mpf(0)


def power(x: Number, y: Number) -> Number:
    """Return a real power; None for a negative base with a fraction as exponent, and for poles."""
    if x > 0:
        return fn.exp(y * fn.log(x))
    if x == 0:
        return None if y < 0 else fn.mpf(int(y == 0))
    whole = Fraction(float(y))
    if whole.denominator != 1:
        return None
    return fn.exp(y * fn.log(-x)) * (-1 if whole.numerator % 2 else 1)


def power_below(x: Number, y: Number) -> Number:
    """Return x**(y - 1); None for a negative base with a fraction as exponent, and for poles."""
    if x == 0:
        return None if y < 1 else fn.mpf(int(y == 1))
    above = power(x, y)
    return None if above is None else above / x


def power_in_x(x: Number, y: Number) -> Number:
    """Return y · x**(y - 1)."""
    if x == 0 and y == 0:
        return fn.mpf(0)
    below = power_below(x, y)
    return None if below is None else y * below


def power_in_y(x: Number, y: Number) -> Number:
    """Return x**y · log x; 0 at x = 0 for y > 0."""
    if x == 0 and y > 0:
        return fn.mpf(0)
    return power(x, y) * fn.log(x) if x > 0 else None


def power_in_both(x: Number, y: Number) -> Number:
    """Return x**(y - 1) · (1 + y log x)."""
    return power(x, y) / x * (1 + y * fn.log(x))


def power_terms(x: Number, y: Number) -> Number:
    """Return the larger term of that."""
    return power(x, y) / x * max(fn.mpf(1), abs(y * fn.log(x)))


def softened(xs: Sequence[Number]) -> list[Number]:
    """Return exp(x) / Σ exp(x) for each."""
    largest = max(xs)
    terms = [fn.exp(x - largest) for x in xs]
    whole = fn.fsum(terms)
    return [term / whole for term in terms]


def log_sum_exp(*xs: Number) -> Number:
    """Return log Σ exp(x)."""
    largest = max(xs)
    others = list(xs)
    others.remove(largest)
    return largest + fn.log1p(fn.fsum(fn.exp(x - largest) for x in others))


def log_sum_exp_terms(*xs: Number) -> Number:
    """Return the size of the largest operand and of what the logarithm adds."""
    return abs(max(xs)) + abs(log_sum_exp(*xs) - max(xs))


def product(xs: Sequence[Number]) -> Number:
    """Return the product."""
    return math.prod(xs, start=fn.mpf(1))


def others(*xs: Number) -> list[Number]:
    """Return for each operand the product of all others."""
    return [product([*xs[:k], *xs[k + 1 :]]) for k in range(len(xs))]


def dotted(*xs: Number) -> Number:
    """Return the sum of the products of pairs."""
    half = len(xs) // 2
    return fn.fsum(w * x for w, x in zip(xs[:half], xs[half:], strict=True))


def length(*xs: Number) -> Number:
    """Return the square root of the sum of squares."""
    return fn.sqrt(fn.fsum(x * x for x in xs))


def directions(*xs: Number) -> list[Number]:
    """Return x / length for each; 0 at the origin."""
    if all(x == 0 for x in xs):
        return [fn.mpf(0)] * len(xs)
    whole = length(*xs)
    return [x / whole for x in xs]


def logistic(x: Number) -> Number:
    """Return 1 / (1 + exp(-x))."""
    if x > 0:
        return 1 / (1 + fn.exp(-x))
    return fn.exp(x) / (1 + fn.exp(x))


def soft_plus(x: Number) -> Number:
    """Return log(1 + exp(x))."""
    return fn.log1p(fn.exp(-abs(x))) + (x if x > 0 else 0)


def hyperbolic_cosine(x: Number) -> Number:
    """Return (exp(x) + exp(-x)) / 2."""
    power = fn.exp(abs(x))
    return (power + 1 / power) / 2


def hyperbolic_sine(x: Number) -> Number:
    """Return (exp(x) - exp(-x)) / 2."""
    if x < 0:
        return -hyperbolic_sine(-x)
    power = fn.expm1(x)
    return (power + power / (1 + power)) / 2


def normal(x: Number) -> Number:
    """Return the normal distribution function."""
    return fn.erfc(-x / fn.sqrt(fn.mpf(2))) / 2


def density(x: Number) -> Number:
    """Return the normal density."""
    return fn.exp(-x * x / 2) / fn.sqrt(2 * pi())


def bell_curve(x: Number) -> Number:
    """Return the slope of erf."""
    return 2 / fn.sqrt(pi()) * fn.exp(-x * x)


def bessel(x: Number, n: Number) -> Number:
    """Return j_n(x) / x**n."""
    order = math.floor(float(n))
    return fn.hyp0f1(fn.mpf(2 * order + 3) / 2, -x * x / 4) / math.prod(range(1, 2 * order + 2, 2))


def bessel_terms(x: Number, n: Number) -> Number:
    """Return the size of what j_n(x) / x**n is made of, away from 0: by its recurrence, and by its power series."""
    order = math.floor(float(n))
    if abs(x) < 2:
        return fn.mpf(0)
    return max(1 / abs(x) ** (order + 1), 1 / fn.mpf(math.prod(range(1, 2 * order + 2, 2))))


def bessel_second_terms(x: Number, n: Number) -> list[list[Number]]:
    """Return the larger terms of the second derivative in x."""
    nothing = fn.mpf(0)
    return [[bessel_terms(x, n + 1) + x * x * bessel_terms(x, n + 2), nothing], [nothing, nothing]]


def binade(*xs: Number) -> Number:
    """Return the power of two that scales the largest to about 1."""
    _, size = math.frexp(max(abs(float(x)) for x in xs))
    return fn.mpf(math.ldexp(1.0, max(-1022, min(1 - size, 1022))))


def decimals(x: Number, digits: Number) -> Number:
    """Return x rounded to decimal digits, half to even."""
    return rational(round(Fraction(float(x)), int(float(digits))))


def whole_number(rounding: Callable[[Fraction], int]) -> Exact:
    """Return a rounding of fractions as a function of numbers."""
    return lambda x: fn.mpf(rounding(Fraction(float(x))))


def rest(rounding: Callable[[Fraction], int]) -> Exact:
    """Return x - y · n, n being the rounded quotient."""
    return lambda x, y: x - y * fn.mpf(rounding(ratio(x, y)))


def minus_quotient(rounding: Callable[[Fraction], int]) -> Exact:
    """Return minus the rounded quotient, the slope of the rest in the divisor."""
    return lambda x, y: -fn.mpf(rounding(ratio(x, y)))


def zeros(*xs: Number) -> list[Number]:
    """Return a zero per operand."""
    return [fn.mpf(0)] * len(xs)


def hits(extreme: Callable[..., Any]) -> Callable[..., list[Number]]:
    """Return the slopes of max or min, shared evenly by ties."""

    def slopes(*xs: Number) -> list[Number]:
        best = extreme(xs)
        found = [bool(x == best) for x in xs]
        return [fn.mpf(int(hit)) / found.count(True) for hit in found]

    return slopes


def truth(holds: bool) -> Number:
    """Return 1 for what is true, 0 for what is not."""
    return fn.mpf(int(holds))


def diagonal(terms: Sequence[Number]) -> list[list[Number]]:
    """Return a table with some numbers on its diagonal."""
    return [[term if j == k else fn.mpf(0) for k in range(len(terms))] for j, term in enumerate(terms)]


def power_second_terms(x: Number, y: Number) -> list[list[Number]]:
    """Return the larger term of the mixed second derivative of a power."""
    return [[fn.mpf(0), power_terms(x, y)], [power_terms(x, y), fn.mpf(0)]]


def bell_second_terms(a: Number, x: Number, c: Number) -> list[list[Number]]:
    """Return the larger terms of the second derivatives of a · exp(-c x²)."""
    bell, square = abs(a) * fn.exp(-c * x * x), max(fn.mpf(1), 2 * c * x * x)
    nothing, mixed = fn.mpf(0), 2 * abs(x) * bell * square
    return [[nothing] * 3, [nothing, 2 * c * bell * square, mixed], [nothing, mixed, nothing]]


def slope_of_squashed(x: Number) -> Number:
    """Return the slope of the logistic function."""
    return logistic(x) * logistic(-x)


# -- the references ----------------------------------------------------------------------------------------------------


def comparing(holds: Callable[[Any, Any], bool]) -> Reference:
    """Return the reference of a comparison."""
    return Reference(
        lambda x, y: truth(holds(x, y)), [constant(0), constant(0)], near(wide), [(2.0, 2.0), (0.0, -0.0), (0.1, 0.1)]
    )


def jumping(value: Exact, *hard: float) -> Reference:
    """Return the reference of a function of one argument that is piecewise constant."""
    halves = [k + 0.5 for k in range(-4, 4)]
    return Reference(value, [constant(0)], one(wide), [*halves, 2.0**52 - 0.5, -(2.0**52), 2.0**53, 1e300, *hard])


def sloping(value: Exact, slope: Exact, draw: Draw, *hard: float, **more: Any) -> Reference:
    """Return the reference of a function of one argument."""
    return Reference(value, [slope], one(draw), hard, **more)


def dividing(rounding: Callable[[Fraction], int], *hard: Point) -> Reference:
    """Return the reference of the rest of a division."""
    return Reference(
        rest(rounding),
        [constant(1), minus_quotient(rounding)],
        near(wide),
        [*QUOTIENTS, *hard],
        domain=lambda x, y: y != 0.0,
    )


ENDS = (5e-324, -5e-324, 2.2250738585072014e-308, -1e-310, 1.7976931348623157e308, -1.7976931348623157e308, 1.0, -1.0)
QUOTIENTS = [
    (1e200, 1e200),
    (1e-200, 1e-200),
    (1e-320, 0.01),
    (5e-324, 0.7),
    (1e300, 1e-200),
    (3e200, 4e200),
    (7.0, 2.0),
    (49.0, 49.0),
    (0.5, 0.1),
    (-13.5, 2.7),
    (-5.5, 2.0),
    (1e-290, 1.0),
    (1e-300, 1e-10),
    (1e-308, 1e300),
    (5.0, 2.0),
]
PLANE = [
    (3e200, 4e200),
    (3e20, 4e20),
    (3e-200, 4e-200),
    (5e-324, 5e-324),
    (1.7e308, 1.7e308),
    (1e-320, 1e-321),
    (1e-5, 1e150),
    (1.0, 1e-170),
]
SUMS = [
    (0.0, 0.0),
    (1000.0, 1000.0),
    (1000.0, 1001.0),
    (0.0, -745.0),
    (0.3, -700.1),
    (-700.1, 0.3),
    (-1e-17, -37.0),
    (-16.727321795830974, -4.554079194497593e-09),
]
TURNS = [
    *(k * math.pi / 2.0 for k in (1, 2, 3, 4, -1, 11, 226, 710, 1e5, 1e15)),
    math.ldexp(6381956970095103.0, 797),  # of all floats the one next to a multiple of π/2
    *next_to_turns(),
    math.pi / 4.0,
    2.0**-27,
    1e6,
    355.0,
    11.0 / 7.0,
    *ENDS,
]
BELLS = [-38.5, -26.6, 26.6, 38.5, 6.0, 0.84375, 1.25, 1.0 / 0.35, 28.0, 5.0, -5.0, -6.0, 9.0, 0.25, 10.0, *ENDS]
SQUASHED = [1.0, -1.0, 20.0, -20.0, 36.7, -36.7, 40.0, -40.0, 600.0, -600.0, 709.78, -700.0, -708.4, -745.13, *ENDS]
EXPONENTS = [709.782712893384, -745.1332191019411, -708.3964185322641, -40.0, 0.5 * math.log(2.0), 2.0**-54, *ENDS]
HYPERBOLIC = [710.4758600739439, -710.4758600739439, 22.0, 0.5, 2.0**-28, 372.5, 355.0, 20.0, -20.0, *ENDS]
NEAR_ONE = [1.0, -1.0, 1.0 - 1e-9, -1.0 + 1e-9, 1.0 - 1e-12, math.nextafter(1, 0), -math.nextafter(1, 0), 0.5, -0.5]
SIZES = [1e154, 1e-154, 1e200, 1e-200, 1e155, 1e160, 2e161, 1e8, 1e-8, 2.0**28, 2.0**-28, 2.0, 0.5, *ENDS]

REFERENCES: dict[str, Reference] = {
    "add": Reference(lambda x, y: x + y, [constant(1), constant(1)], near(wide), [(1.0, -1.0), (1e308, 1e308)]),
    "sub": Reference(lambda x, y: x - y, [constant(1), constant(-1)], near(wide), [(1.0, 1.0), (1e308, -1e308)]),
    "mul": Reference(lambda x, y: x * y, [lambda x, y: y, lambda x, y: x], near(wide), QUOTIENTS),
    "div": Reference(
        lambda x, y: x / y,
        [lambda x, y: 1 / y, lambda x, y: -x / y**2],
        near(wide),
        QUOTIENTS,
        domain=lambda x, y: y != 0.0,
    ),
    "div_slope": Reference(
        lambda x, y: -x / y**2,
        [lambda x, y: -1 / y**2, lambda x, y: 2 * x / y**3],
        near(tame),
        [(1e-320, 0.01), (5e-324, 0.7)],
        domain=None,
    ),
    "neg": sloping(lambda x: -x, constant(-1), wide, *ENDS),
    "pos": sloping(lambda x: x, constant(1), wide, *ENDS),
    "abs": sloping(abs, plain("sign"), wide, *ENDS),
    "square": sloping(lambda x: x * x, lambda x: 2 * x, wide, *SIZES),
    "reciprocal": sloping(lambda x: 1 / x, lambda x: -1 / x**2, wide, *SIZES, domain=lambda x: x != 0.0),
    "mod": dividing(math.floor),
    "fmod": dividing(math.trunc),
    "remainder": dividing(round, (1.79e308, 1.19e308)),
    "floordiv": Reference(
        lambda x, y: fn.mpf(math.floor(ratio(x, y))),
        [constant(0), constant(0)],
        near(wide),
        QUOTIENTS,
        domain=lambda x, y: y != 0.0,
    ),
    "sum": Reference(
        total,
        lambda *xs: [fn.mpf(1)] * len(xs),
        several(wide),
        [(1e308, 1e308, -1e308), (1.0, 1e100, 1.0, -1e100), (0.1,) * 8],
        value_terms=lambda *xs: fn.fsum(map(abs, xs)),
    ),
    "mean": Reference(
        lambda *xs: fn.fsum(xs) / len(xs),
        lambda *xs: [fn.mpf(1) / len(xs)] * len(xs),
        several(wide),
        [(1.7e308, 1.7e308), (0.1,) * 8],
        value_terms=lambda *xs: fn.fsum(map(abs, xs)) / len(xs),
    ),
    "dot": Reference(
        dotted,
        lambda *xs: [*xs[len(xs) // 2 :], *xs[: len(xs) // 2]],
        pairs,
        value_terms=lambda *xs: dotted(*map(abs, xs)),
        domain=lambda *xs: all(1e-150 < abs(x) < 1e150 for x in xs),
    ),
    "prod": Reference(
        lambda *xs: product(xs),
        others,
        several(tame),
        [
            (1e200, 1e200, 1e-200),
            (1e-200, 1e-200, 1e200),
            (2.0, 0.0, 3.0),
            (0.0, 0.0),
            (5e-324, 1e300),
            (1e-145, 1e-145),
            (1e145, 1e145),
            (1e300, 1e-300, 1e300, 1e-300),
        ],
        smooth=lambda *xs: all(x == 0.0 or 1e-30 < abs(x) < 1e30 for x in xs),
    ),
    "max": Reference(lambda *xs: max(xs), hits(max), several(wide), [(3.0, 1.0, 3.0), (1.0, 1.0), (-1.0, -2.0)]),
    "min": Reference(lambda *xs: min(xs), hits(min), several(wide), [(1.0, 3.0, 1.0), (1.0, 1.0), (-1.0, -2.0)]),
    "hypot": Reference(
        length,
        directions,
        several(wide),
        [*PLANE, (1e200, 1e-200, 1e200), (5e-324,) * 3],
        second_terms=lambda *xs: diagonal([1 / length(*xs)] * len(xs)),
        smooth=lambda *xs: any(xs) and all(x == 0.0 or 1e-100 < abs(x) < 1e100 for x in xs),
    ),
    "logsumexp": Reference(
        log_sum_exp,
        lambda *xs: softened(xs),
        spread,
        [*SUMS, (1.0, 1.0, 1.0)],
        value_terms=log_sum_exp_terms,
        second_terms=lambda *xs: diagonal(softened(xs)),
    ),
    "logaddexp": Reference(
        log_sum_exp,
        lambda x, y: softened((x, y)),
        two_spread,
        SUMS,
        value_terms=log_sum_exp_terms,
        second_terms=lambda *xs: diagonal(softened(xs)),
    ),
    "pow": Reference(
        power,
        [power_in_x, power_in_y],
        powers,
        [
            (3.0, 2.0),
            (1e-200, 2.0),
            (1e-300, 0.3),
            (5e-324, 5e-324),
            (5e-324, 0.5),
            (1.0 + 1e-10, 7.2e12),
            (0.0, 2.0),
            (0.0, 1.0),
            (-3.0, 3.0),
            (1e-160, 2.0),
            (1e300, -1.0),
            (1e-300, 1e-18),
            (10.0, 290.0),
            (10.0, -290.0),
            (10.0, 308.25),
            (2.0, -1074.0),
            (0.1, 291.0),
            (1e10, 1e-16),
            (344788.6653646342, 1.0893402331315511e296),
            (8.860672916e-315, 9.92936851224441e307),
        ],
        domain=lambda x, y: x > 0.0,
        second_terms=power_second_terms,
        smooth=lambda x, y: 1e-100 < x < 1e100 and abs(y) * abs(math.log(x)) < 600.0,
    ),
    "pow_slope": Reference(
        power_in_x,
        [lambda x, y: y * (y - 1) * power(x, y) / x**2, power_in_both],
        moderate_powers,
        partial_terms=power_terms,
        domain=None,
    ),
    "pow_log": Reference(
        power_in_y,
        [power_in_both, lambda x, y: power(x, y) * fn.log(x) ** 2],
        moderate_powers,
        partial_terms=power_terms,
        domain=None,
    ),
    "exp": sloping(plain("exp"), plain("exp"), exponent, *EXPONENTS),
    "exp2": sloping(
        lambda x: fn.exp(x * fn.log(fn.mpf(2))),
        lambda x: fn.exp(x * fn.log(fn.mpf(2))) * fn.log(fn.mpf(2)),
        exponent,
        *ENDS,
        1024.2,
        1024.0,
        1023.9,
        1025.0,
        -1074.0,
        -1022.5,
        -1075.0,
    ),
    "expm1": sloping(plain("expm1"), plain("exp"), exponent, *EXPONENTS),
    "log": sloping(
        plain("log"),
        lambda x: 1 / x,
        positive,
        1.0,
        math.nextafter(1, 2),
        math.nextafter(1, 0),
        1.0 + 1e-8,
        domain=lambda x: x > 0.0,
    ),
    "logbase": Reference(
        lambda x, b: fn.log(x) / fn.log(b),
        [lambda x, b: 1 / (x * fn.log(b)), lambda x, b: -fn.log(x) / (b * fn.log(b) ** 2)],
        lambda source: (positive(source), source.choice((2.0, 10.0, 0.5, positive(source) + 1e-300, 1.0 + 1e-12))),
        [
            (8.0, 2.0),
            (1e-310, 1e-310),
            (1e300, math.nextafter(1.0, 2.0)),
            (math.nextafter(1.0, 2.0), 1e300),
            (1.1128228108438673e120, 5.159709526592067e114),
        ],
        domain=lambda x, b: x > 0.0 and b > 0.0 and b != 1.0,
    ),
    "log2": sloping(
        lambda x: fn.log(x) / fn.log(fn.mpf(2)),
        lambda x: 1 / (x * fn.log(fn.mpf(2))),
        positive,
        1.0,
        1e-308,
        8.0,
        math.nextafter(1, 2),
        domain=lambda x: x > 0.0,
    ),
    "log10": sloping(
        lambda x: fn.log(x) / fn.log(fn.mpf(10)),
        lambda x: 1 / (x * fn.log(fn.mpf(10))),
        positive,
        1.0,
        1e-308,
        1000.0,
        math.nextafter(1, 2),
        domain=lambda x: x > 0.0,
    ),
    "log1p": sloping(
        plain("log1p"),
        lambda x: 1 / (1 + x),
        lambda source: max(source.choice((unit, positive))(source), math.nextafter(-1, 0)),
        1e-300,
        -1e-300,
        math.nextafter(-1, 0),
        2.0**53,
        -0.2929,
        domain=lambda x: x > -1.0,
    ),
    "sqrt": sloping(
        plain("sqrt"),
        lambda x: 1 / (2 * fn.sqrt(x)),
        positive,
        *(x for x in SIZES if x > 0.0),
        domain=lambda x: x > 0.0,
    ),
    "cbrt": sloping(
        root_three, lambda x: 1 / (3 * fn.cbrt(abs(x)) ** 2), wide, *SIZES, 8.0, 27.0, domain=lambda x: x != 0.0
    ),
    "sin": sloping(plain("sin"), plain("cos"), angle, *TURNS),
    "cos": sloping(plain("cos"), lambda x: -fn.sin(x), angle, *TURNS),
    "tan": sloping(plain("tan"), lambda x: 1 / fn.cos(x) ** 2, angle, *TURNS),
    "cot": sloping(
        lambda x: 1 / fn.tan(x),
        lambda x: -1 / fn.sin(x) ** 2,
        angle,
        *TURNS,
        1e-200,
        domain=lambda x: x != 0.0,
    ),
    "sec": sloping(lambda x: 1 / fn.cos(x), lambda x: fn.sin(x) / fn.cos(x) ** 2, angle, *TURNS),
    "csc": sloping(
        lambda x: 1 / fn.sin(x),
        lambda x: -fn.cos(x) / fn.sin(x) ** 2,
        angle,
        *TURNS,
        1e-200,
        domain=lambda x: x != 0.0,
    ),
    "asin": sloping(
        plain("asin"),
        lambda x: 1 / fn.sqrt(1 - x * x),
        unit,
        *NEAR_ONE[2:],
        1e-300,
        domain=lambda x: abs(x) < 1.0,
        second_terms=lambda x: [[1 / fn.sqrt(1 - x * x) ** 3]],
    ),
    "acos": sloping(
        plain("acos"),
        lambda x: -1 / fn.sqrt(1 - x * x),
        unit,
        *NEAR_ONE[2:],
        1e-300,
        domain=lambda x: abs(x) < 1.0,
        second_terms=lambda x: [[1 / fn.sqrt(1 - x * x) ** 3]],
    ),
    "atan": sloping(plain("atan"), lambda x: 1 / (1 + x * x), wide, *SIZES, 7.0 / 16.0, 19.0 / 16.0),
    "atan2": Reference(
        plain("atan2"),
        [lambda y, x: x / (x * x + y * y), lambda y, x: -y / (x * x + y * y)],
        near(wide),
        [*PLANE, (0.0, -1.0), (1.0, 0.0), (1.0, -1.0), (1e-300, -1.0), (1e300, -1e-300)],
        domain=lambda y, x: x != 0.0 or y != 0.0,
        second_terms=lambda y, x: [[fn.mpf(0), 1 / (x * x + y * y)], [1 / (x * x + y * y), fn.mpf(0)]],
    ),
    "sinc": sloping(
        lambda x: fn.sin(x) / x,
        lambda x: (fn.cos(x) - fn.sin(x) / x) / x,
        angle,
        *TURNS,
        1e-300,
        5e-324,
        4.493409457909064,
        1.99,
        2.01,
        2.0,
        2.0**1.5,
        2.9,
        0.3,
        partial_terms=lambda x: fn.mpf(0) if abs(x) < 2 else abs(1 / x),
        domain=lambda x: x != 0.0,
        second_terms=lambda x: [[fn.mpf(0) if abs(x) < 2 else abs(1 / x)]],
    ),
    "bessel_ratio": Reference(
        bessel,
        [lambda x, n: -x * bessel(x, n + 1), constant(0)],
        lambda source: (
            source.uniform(-40.0, 40.0) * 10.0 ** source.choice((0, 0, -1, -5)),
            float(source.randrange(6)),
        ),
        [(2.01, 0.0), (2.9, 1.0), (3.5, 2.0), (4.01, 3.0), (1e-300, 1.0)],
        value_terms=bessel_terms,
        partial_terms=lambda x, n: abs(x) * bessel_terms(x, n + 1),
        domain=None,
        second_terms=bessel_second_terms,
    ),
    "degrees": sloping(lambda x: x * 180 / pi(), lambda x: 180 / pi(), wide, *ENDS),
    "radians": sloping(lambda x: x * pi() / 180, lambda x: pi() / 180, wide, *ENDS),
    "sinh": sloping(hyperbolic_sine, hyperbolic_cosine, exponent, *HYPERBOLIC),
    "cosh": sloping(hyperbolic_cosine, hyperbolic_sine, exponent, *HYPERBOLIC),
    "tanh": sloping(
        plain("tanh"),
        lambda x: 1 / hyperbolic_cosine(x) ** 2,
        exponent,
        *HYPERBOLIC,
        1e-300,
        second_terms=lambda x: [[1 / hyperbolic_cosine(x) ** 2]],
    ),
    "asinh": sloping(plain("asinh"), lambda x: 1 / fn.sqrt(1 + x * x), wide, *SIZES),
    "acosh": sloping(
        plain("acosh"),
        lambda x: 1 / fn.sqrt(x * x - 1),
        lambda source: max(1.0 + positive(source), 1.0 + 1e-15),
        math.nextafter(1, 2),
        1.0 + 1e-12,
        2.0,
        2.0**28,
        1e200,
        1.7976931348623157e308,
        domain=lambda x: x > 1.0,
    ),
    "atanh": sloping(
        plain("atanh"),
        lambda x: 1 / (1 - x * x),
        unit,
        *NEAR_ONE[2:],
        1e-300,
        domain=lambda x: abs(x) < 1.0,
        second_terms=lambda x: [[1 / (1 - x * x) ** 2]],
    ),
    "gaussian": Reference(
        lambda a, x, c: a * fn.exp(-c * x * x),
        [
            lambda a, x, c: fn.exp(-c * x * x),
            lambda a, x, c: -2 * a * c * x * fn.exp(-c * x * x),
            lambda a, x, c: -a * x * x * fn.exp(-c * x * x),
        ],
        each(ordinary, bell, lambda source: source.choice((0.5, 1.0))),
        [(1.0, 26.6, 1.0), (1.0, 38.5, 0.5)],
        domain=None,
        second_terms=bell_second_terms,
    ),
    "erf": sloping(plain("erf"), bell_curve, bell, *BELLS),
    "erfc": sloping(plain("erfc"), lambda x: -bell_curve(x), bell, *BELLS),
    "normal_cdf": sloping(normal, density, bell, *BELLS, -38.4, -4.999, 8.0),
    "gelu": sloping(
        lambda x: x * normal(x),
        lambda x: normal(x) + x * density(x),
        bell,
        *BELLS,
        -38.4,
        -35.69008651885731,
        -4.999,
        -0.7517915246935645,
        partial_terms=lambda x: max(normal(x), abs(x * density(x))),
        second_terms=lambda x: [[density(x) * max(fn.mpf(2), x * x)]],
    ),
    "sigmoid": sloping(
        logistic,
        lambda x: logistic(x) * logistic(-x),
        exponent,
        *SQUASHED,
        second_terms=lambda x: [[slope_of_squashed(x)]],
    ),
    "log_sigmoid": sloping(lambda x: -soft_plus(-x), lambda x: logistic(-x), exponent, *SQUASHED),
    "softplus": sloping(soft_plus, logistic, exponent, *SQUASHED),
    "logit": sloping(
        lambda x: fn.log(x / (1 - x)),
        lambda x: 1 / (x * (1 - x)),
        lambda source: min(max(abs(unit(source)), 5e-324), 1.0 - 2e-16),
        0.5,
        0.5 + 1e-16,
        0.5 - 1e-12,
        0.25,
        0.75,
        1e-310,
        1.0 - 1e-12,
        domain=lambda x: 0.0 < x < 1.0,
        second_terms=lambda x: [[max(x, 1 - x) / (x * (1 - x)) ** 2]],
    ),
    "silu": sloping(
        lambda x: x * logistic(x),
        lambda x: logistic(x) * (1 + x * logistic(-x)),
        exponent,
        *SQUASHED,
        -1.2784645427610738,
        1e-300,
        partial_terms=lambda x: logistic(x) * max(fn.mpf(1), abs(x * logistic(-x))),
        second_terms=lambda x: [[slope_of_squashed(x) * max(fn.mpf(2), abs(x))]],
        smooth=lambda x: 1e-100 < abs(x) < 700.0 or x == 0.0,
    ),
    "relu": sloping(lambda x: x if x > 0 else fn.mpf(0), lambda x: truth(x > 0), wide, *ENDS),
    "leaky_relu": Reference(
        lambda x, a: x if x > 0 else a * x,
        [lambda x, a: fn.mpf(1) if x > 0 else a, lambda x, a: fn.mpf(0) if x > 0 else x],
        each(wide, ordinary),
        [(0.0, 0.1), (-1.0, 0.01)],
    ),
    "elu": Reference(
        lambda x, a: x if x > 0 else a * fn.expm1(x),
        [lambda x, a: fn.mpf(1) if x > 0 else a * fn.exp(x), lambda x, a: fn.mpf(0) if x > 0 else fn.expm1(x)],
        each(exponent, ordinary),
        [(0.0, 2.0), (-740.0, 1e10), (-1e-300, 1e-3), (-760.0, 1e300), (-600.0, 1e-10), (-700.0, 1e-20)],
        smooth=lambda x, a: x != 0.0 and abs(a) < 1e100,
    ),
    "flat": jumping(constant(0)),
    "step": jumping(lambda x: truth(x > 0), 0.0),
    "sign": jumping(plain("sign"), 0.0),
    "floor": jumping(whole_number(math.floor)),
    "ceil": jumping(whole_number(math.ceil)),
    "round": jumping(whole_number(round)),
    "trunc": jumping(whole_number(math.trunc)),
    "round_to": Reference(
        decimals,
        [constant(0), constant(0)],
        lambda source: (source.uniform(-1e4, 1e4), float(source.randrange(-3, 13))),
        [(2.5, 0.0), (1250.0, -2.0), (2.675, 2.0)],
        domain=None,
    ),
    "copysign": Reference(
        lambda x, y: abs(x) if y > 0 else -abs(x),
        [lambda x, y: fn.sign(x) if y > 0 else -fn.sign(x), constant(0)],
        near(wide),
        [(1.0, 3.0), (-1.0, 5e-324)],
        domain=lambda x, y: y != 0.0,
    ),
    "clip": Reference(
        lambda x, a, b: min(max(x, a), b),
        [
            lambda x, a, b: truth(a <= x and x <= b),
            lambda x, a, b: truth(x < a and a <= b),
            lambda x, a, b: truth(max(x, a) > b),
        ],
        each(wide, wide, wide),
        [(0.0, 0.0, 1.0), (1.0, 0.0, 1.0), (0.5, 2.0, 1.0)],
    ),
    "where": Reference(
        lambda c, a, b: a if c != 0 else b,
        [constant(0), lambda c, a, b: truth(c != 0), lambda c, a, b: truth(c == 0)],
        each(lambda source: source.choice((0.0, 1.0)), wide, wide),
        domain=None,
    ),
    "less": comparing(lambda x, y: x < y),
    "less_equal": comparing(lambda x, y: x <= y),
    "greater": comparing(lambda x, y: x > y),
    "greater_equal": comparing(lambda x, y: x >= y),
    "equal": comparing(lambda x, y: x == y),
    "not_equal": comparing(lambda x, y: x != y),
    "share": Reference(lambda a, b: a * b, [lambda a, b: b, lambda a, b: a], near(wide), [(0.0, 3.0), (3.0, 0.0)]),
    "one_minus_square": sloping(lambda x: 1 - x * x, lambda x: -2 * x, wide, *ENDS, 1.0 - 1e-9, 1.0, -1e-8, 1e154),
    "sigmoid_slope": sloping(
        lambda x: logistic(x) * logistic(-x),
        lambda x: (logistic(-x) - logistic(x)) * logistic(x) * logistic(-x),
        exponent,
        *SQUASHED,
        1e-9,
        2.4668096739787515,
        second_terms=lambda x: [[logistic(x) * logistic(-x)]],
    ),
    "exp_difference": Reference(
        lambda x, y: fn.exp(x - y),
        [lambda x, y: fn.exp(x - y), lambda x, y: -fn.exp(x - y)],
        two_spread,
        [(0.3, 700.1), (0.0, 745.0), (1e-300, 3.0)],
    ),
    "times_exp": Reference(
        lambda a, x: a * fn.exp(x),
        [lambda a, x: fn.exp(x), lambda a, x: a * fn.exp(x)],
        each(wide, exponent),
        [(1e-300, 720.0), (1e300, -800.0), (0.0, 800.0), (1.0, 600.0), (1.0, -600.0), (1e-300, 1400.0)],
    ),
    "binade": Reference(binade, zeros, several(wide), [(5e-324,), (1.7e308, 1.0)], domain=lambda *xs: any(xs)),
    "scalb": Reference(
        lambda x, n: x * fn.exp(n * fn.log(fn.mpf(2))),
        [
            lambda x, n: fn.exp(n * fn.log(fn.mpf(2))),
            lambda x, n: fn.log(fn.mpf(2)) * x * fn.exp(n * fn.log(fn.mpf(2))),
        ],
        each(ordinary, lambda source: float(source.randrange(-1090, 1030))),
        [(3.0, 4.0), (5e-324, 2000.0)],
        domain=None,
    ),
}
