"""How far every row of the table is from the exact result, in ulp, measured against mpmath.

`python -m tests.accuracy [row ...]` prints the worst error of each row: of its value and of each partial. The
references are written here a second time, with many digits and without looking at the rows.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mpmath import mp, mpf

from autograd import primitives
from autograd.primitives import ManyPrimitive

CONTRACT = 4.0  # ulp
OWN_BOUNDS: dict[str, tuple[float, ...]] = {  # row -> ulp of its value and of each partial, where not the contract
    "pow_slope": (CONTRACT, 400.0, 400.0),
    "pow_log": (CONTRACT, 400.0, CONTRACT),
}
DIGITS = 720  # decimal: enough for 1 + 1e-308 and for 1e308 modulo 1e-308
FEW_DIGITS = 80  # for functions that mpmath computes without cancellation, and slowly

Number = Any
Point = tuple[float, ...]
Exact = Callable[..., Any]


@dataclass(frozen=True)
class Reference:
    """The exact value and partials of a row, where to sample it, and the terms that its exceptions refer to."""

    value: Exact
    partials: Sequence[Exact] | Exact
    draw: Callable[[random.Random], Point]
    hard: Sequence[Any] = ()
    value_terms: Exact | None = None
    partial_terms: Exact | None = None
    digits: int = DIGITS

    def exact(self, arguments: Sequence[Any]) -> list[Any]:
        """Return the exact value and partials; None for what is not defined."""
        if callable(self.partials):
            return [self.value(*arguments), *self.partials(*arguments)]
        return [self.value(*arguments), *(partial(*arguments) for partial in self.partials)]


# -- measuring ---------------------------------------------------------------------------------------------------------


def ulp(x: Number) -> Number:
    """Return the distance of the floats around an exact number; that of the subnormal numbers below them."""
    if not x:
        return mp.ldexp(mpf(1), -1074)
    _, exponent = mp.frexp(x)
    return mp.ldexp(mpf(1), min(max(int(exponent) - 53, -1074), 971))


def error(computed: float, exact: Number, scale: Number) -> float:
    """Return the distance of a float from the exact number in ulp of a scale; too big a number may have become inf."""
    if computed != computed:
        return math.inf
    overflow = mp.ldexp(mpf(1), 1024)
    bounded = min(max(mpf(exact), -overflow), overflow)
    distance = abs(min(max(mpf(computed), -overflow), overflow) - bounded)
    return float(distance / ulp(scale)) if distance else 0.0


def errors(row: Any, reference: Reference, point: Point) -> list[float]:
    """Return the error of the value and of each partial at a point, in ulp; 0.0 for what is not defined there."""
    value = row.compute(*point)
    computed = [value, *row.slopes(value, point, range(len(point)))]
    with mp.workdps(reference.digits):
        arguments = [mpf(x) for x in point]
        exact = reference.exact(arguments)
        scales = list(exact)
        if reference.value_terms is not None:
            scales[0] = max(abs(exact[0]), reference.value_terms(*arguments))
        if reference.partial_terms is not None:
            terms = reference.partial_terms(*arguments)
            scales[1:] = [None if s is None else max(abs(s), terms) for s in scales[1:]]
        return [
            0.0 if true is None else error(got, true, scale)
            for got, true, scale in zip(computed, exact, scales, strict=True)
        ]


def points(name: str, count: int, seed: int = 0) -> Iterable[Point]:
    """Return the hard points of a row and some random ones, the same for the same seed."""
    reference = REFERENCES[name]
    for point in reference.hard:
        yield point if isinstance(point, tuple) else (point,)
    source = random.Random(f"{name} {seed}")
    for _ in range(count):
        yield reference.draw(source)


def worst(name: str, count: int, seed: int = 0, row: Any = None) -> list[tuple[float, Point]]:
    """Return the worst error of the value and of each partial of a row, with the point where it happens.

    Args:
        name: of the row whose reference and points are taken.
        count: of random points, besides the hard ones.
        seed: of the random points.
        row: what is measured; by default the row of that name.
    """
    row = row or primitives.named(name)
    width = 2 if isinstance(row, ManyPrimitive) else row.arity + 1
    found: list[tuple[float, Point]] = [(0.0, ())] * width
    for point in points(name, count, seed):
        measured = errors(row, REFERENCES[name], point)
        if isinstance(row, ManyPrimitive):
            measured = [measured[0], max(measured[1:], default=0.0)]
        if name == "prod":
            measured = [e / max(1.0, len(point) / CONTRACT) for e in measured]
        found = [max(old, (new, point), key=lambda pair: pair[0]) for old, new in zip(found, measured, strict=True)]
    return found


def bounds(name: str) -> tuple[float, ...]:
    """Return the allowed error of the value and of each partial of a row, in ulp."""
    row = primitives.named(name)
    width = 2 if isinstance(row, ManyPrimitive) else row.arity + 1
    return OWN_BOUNDS.get(name, (CONTRACT,) * width)


# -- where to sample ---------------------------------------------------------------------------------------------------


def wide(source: random.Random) -> float:
    """Return a float of any sign and size, half of them ordinary, subnormal ones among the others."""
    kind = source.random()
    if kind < 0.5:
        return source.choice((-1, 1)) * 2.0 ** source.uniform(-8, 8)
    if kind < 0.6:
        return source.choice((-1, 1)) * source.randrange(1, 2 ** source.randrange(1, 52)) * 5e-324
    if kind < 0.7:
        return source.choice((-1, 1)) * 2.0 ** source.uniform(1020, 1023.999)
    return source.choice((-1, 1)) * 2.0 ** source.uniform(-1074, 1023)


def positive(source: random.Random) -> float:
    """Return a positive float of any size."""
    return abs(wide(source))


def angle(source: random.Random) -> float:
    """Return an argument up to 1e6 in size, some next to the multiples of π/2."""
    kind = source.random()
    if kind < 0.3:
        return math.nextafter(source.randrange(-1000, 1000) * math.pi / 2.0, source.choice((-1e9, 1e9)))
    if kind < 0.7:
        return source.uniform(-7.0, 7.0)
    return source.choice((-1, 1)) * min(10.0 ** source.uniform(-323, 6), 1e6)


def beyond_origin(source: random.Random) -> float:
    """Return an angle that is not 0 and whose reciprocal is a float."""
    x = angle(source)
    return x if abs(x) > 1e-307 else 0.5


def unit(source: random.Random) -> float:
    """Return a float between -1 and 1, some next to the ends and to 0."""
    kind = source.random()
    if kind < 0.4:
        return source.uniform(-1.0, 1.0)
    size = 10.0 ** source.uniform(-323 if kind < 0.7 else -15.5, -0.3)
    return source.choice((-1, 1)) * (size if kind < 0.7 else 1.0 - size)


def exponent(source: random.Random) -> float:
    """Return an argument of an exponential: most where it neither over- nor underflows, some beyond, some tiny."""
    kind = source.random()
    if kind < 0.4:
        return source.uniform(-40.0, 40.0)
    if kind < 0.8:
        return source.uniform(-760.0, 760.0)
    return source.choice((-1, 1)) * 10.0 ** source.uniform(-323, 3)


def bell(source: random.Random) -> float:
    """Return an argument of the bell curve, out to where it underflows."""
    if source.random() < 0.8:
        return source.uniform(-39.5, 39.5)
    return source.choice((-1, 1)) * 10.0 ** source.uniform(-320, 1)


def one(draw: Callable[[random.Random], float]) -> Callable[[random.Random], Point]:
    """Return a sampler of points of one coordinate."""
    return lambda source: (draw(source),)


def each(*draws: Callable[[random.Random], float]) -> Callable[[random.Random], Point]:
    """Return a sampler of points, one sampler per coordinate."""
    return lambda source: tuple(draw(source) for draw in draws)


def several(draw: Callable[[random.Random], float], fewest: int = 1) -> Callable[[random.Random], Point]:
    """Return a sampler of points of up to 8 coordinates."""
    return lambda source: tuple(draw(source) for _ in range(source.randrange(fewest, 9)))


def tame(source: random.Random) -> float:
    """Return a float between 1e-150 and 1e150 in size."""
    return source.choice((-1, 1)) * 10.0 ** source.uniform(-150, 150)


def ordinary(source: random.Random) -> float:
    """Return a float between 1e-3 and 1e3 in size."""
    return source.choice((-1, 1)) * 10.0 ** source.uniform(-3, 3)


def near(draw: Callable[[random.Random], float]) -> Callable[[random.Random], Point]:
    """Return a sampler of pairs, half of them of similar size."""

    def pair(source: random.Random) -> Point:
        x = draw(source)
        if source.random() < 0.5:
            return x, draw(source)
        return x, max(min(x * 2.0 ** source.uniform(-60, 60), 1.7e308), -1.7e308) or 1.0

    return pair


def pairs(source: random.Random) -> Point:
    """Return the operands of a dot product."""
    half = source.randrange(1, 6)
    return tuple(tame(source) for _ in range(2 * half))


def powers(source: random.Random) -> Point:
    """Return a base and an exponent, most of them with a power that is a float."""
    kind = source.random()
    if kind < 0.2:
        return -positive(source), float(source.randrange(-6, 7))
    x = positive(source)
    if kind < 0.4:
        return x, source.uniform(-3.0, 3.0)
    if kind < 0.6:
        x = 1.0 + source.choice((-1, 1)) * 10.0 ** source.uniform(-15, -0.5)
    logarithm = math.log(x) or 1.0
    return x, max(min(source.uniform(-760.0, 725.0) / logarithm, 1e300), -1e300)


def moderate_powers(source: random.Random) -> Point:
    """Return a base and an exponent whose power is far from over- and underflow."""
    return 10.0 ** source.uniform(-20, 20), source.uniform(-5.0, 5.0)


def spread(source: random.Random) -> Point:
    """Return operands of logsumexp: some far apart, some of them far from 0."""
    center = source.choice((0.0, 1.0, -700.0, 1e3, 1e9)) * source.uniform(-1.0, 1.0)
    size = source.choice((1e-9, 1.0, 40.0, 720.0))
    return tuple(center + size * source.uniform(-1.0, 1.0) for _ in range(source.randrange(1, 6)))


def two_spread(source: random.Random) -> Point:
    """Return two operands of logsumexp."""
    center = source.choice((0.0, 1.0, -700.0, 1e3, 1e9)) * source.uniform(-1.0, 1.0)
    size = source.choice((1e-9, 1.0, 40.0, 720.0))
    return center + size * source.uniform(-1.0, 1.0), center + size * source.uniform(-1.0, 1.0)


# -- the exact functions -----------------------------------------------------------------------------------------------


def constant(number: float) -> Exact:
    """Return a function that is constant."""
    return lambda *xs: mpf(number)


def root_three(x: Number) -> Number:
    """Return the real cube root."""
    return mp.sign(x) * mp.cbrt(abs(x))


def power(x: Number, y: Number) -> Number:
    """Return a real power; None for a negative base with a fraction as exponent."""
    if x > 0:
        return mp.exp(y * mp.log(x))
    if x == 0:
        return None if y < 0 else mpf(y == 0)
    if y != mp.floor(y):
        return None
    return mp.exp(y * mp.log(-x)) * (-1 if int(y) % 2 else 1)


def power_in_x(x: Number, y: Number) -> Number:
    """Return y · x**(y - 1)."""
    if y == 0:
        return mpf(0)
    below = power(x, y - 1)
    return None if below is None else y * below


def power_in_y(x: Number, y: Number) -> Number:
    """Return x**y · log x."""
    return power(x, y) * mp.log(x) if x > 0 else None


def softened(xs: Sequence[Number]) -> list[Number]:
    """Return exp(x) / Σ exp(x) for each."""
    largest = max(xs)
    terms = [mp.exp(x - largest) for x in xs]
    return [term / mp.fsum(terms) for term in terms]


def log_sum_exp(*xs: Number) -> Number:
    """Return log Σ exp(x)."""
    largest = max(xs)
    return largest + mp.log(mp.fsum(mp.exp(x - largest) for x in xs))


def log_sum_exp_terms(*xs: Number) -> Number:
    """Return the size of the largest operand and of what the logarithm adds."""
    return abs(max(xs)) + abs(log_sum_exp(*xs) - max(xs))


def others(*xs: Number) -> list[Number]:
    """Return for each operand the product of all others."""
    return [mp.fprod([*xs[:k], *xs[k + 1 :]]) for k in range(len(xs))]


def length(*xs: Number) -> Number:
    """Return the square root of the sum of squares."""
    return mp.sqrt(mp.fsum(x * x for x in xs))


def directions(*xs: Number) -> list[Number]:
    """Return x / length for each."""
    whole = length(*xs)
    return [x / whole if whole else mpf(0) for x in xs]


def logistic(x: Number) -> Number:
    """Return 1 / (1 + exp(-x))."""
    return 1 / (1 + mp.exp(-x))


def normal(x: Number) -> Number:
    """Return the normal distribution function."""
    return mp.erfc(-x / mp.sqrt(2)) / 2


def density(x: Number) -> Number:
    """Return the normal density."""
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def bessel(x: Number, n: Number) -> Number:
    """Return j_n(x) / x**n."""
    n = int(mp.floor(n))
    return mp.hyp0f1(mpf(n) + mpf(3) / 2, -x * x / 4) / mp.fac2(2 * n + 1)


def bessel_terms(x: Number, n: Number) -> Number:
    """Return the size of what j_n(x) / x**n is made of, away from 0."""
    return mpf(0) if abs(x) < 2 else 1 / abs(x) ** (mp.floor(n) + 1)


def binade(*xs: Number) -> Number:
    """Return the power of two that scales the largest to about 1."""
    _, size = mp.frexp(max(map(abs, xs)))
    return mp.ldexp(mpf(1), max(-1022, min(1 - int(size), 1022)))


def decimals(x: Number, digits: Number) -> Number:
    """Return x rounded to decimal digits, half to even."""
    unit_in = mpf(10) ** abs(int(digits))
    return mp.nint(x * unit_in) / unit_in if digits > 0 else mp.nint(x / unit_in) * unit_in


def zeros(*xs: Number) -> list[Number]:
    """Return a zero per operand."""
    return [mpf(0)] * len(xs)


def hits(extreme: Callable[..., Any]) -> Callable[..., list[Number]]:
    """Return the slopes of max or min, shared evenly by ties."""

    def slopes(*xs: Number) -> list[Number]:
        found = [x == extreme(xs) for x in xs]
        return [mpf(hit) / found.count(True) for hit in found]

    return slopes


def comparing(holds: Callable[[Any, Any], bool]) -> Reference:
    """Return the reference of a comparison."""
    return Reference(lambda x, y: mpf(holds(x, y)), [constant(0), constant(0)], near(wide), [(2.0, 2.0), (0.0, -0.0)])


def jumping(value: Exact, *hard: float) -> Reference:
    """Return the reference of a function of one argument that is piecewise constant."""
    return Reference(value, [constant(0)], one(wide), [0.5, -0.5, 1.5, 2.5, -1.5, 2.0**52 - 0.5, 1e300, *hard])


def sloping(value: Exact, slope: Exact, draw: Callable[[random.Random], float], *hard: float, **more: Any) -> Reference:
    """Return the reference of a function of one argument."""
    return Reference(value, [slope], one(draw), hard, **more)


ENDS = (5e-324, -5e-324, 2.2e-308, -1e-310, 1.7e308, -1.7e308, 1.0, -1.0)
QUOTIENTS = [
    (1e200, 1e200),
    (1e-200, 1e-200),
    (1e-320, 0.01),
    (5e-324, 0.7),
    (1e300, 1e-200),
    (3e200, 4e200),
    (7.0, 2.0),
]

REFERENCES: dict[str, Reference] = {
    "add": Reference(lambda x, y: x + y, [constant(1), constant(1)], near(wide)),
    "sub": Reference(lambda x, y: x - y, [constant(1), constant(-1)], near(wide)),
    "mul": Reference(lambda x, y: x * y, [lambda x, y: y, lambda x, y: x], near(wide)),
    "div": Reference(lambda x, y: x / y, [lambda x, y: 1 / y, lambda x, y: -x / y**2], near(wide), QUOTIENTS),
    "div_slope": Reference(
        lambda x, y: -x / y**2,
        [lambda x, y: -1 / y**2, lambda x, y: 2 * x / y**3],
        near(tame),
        [(1e-320, 0.01), (5e-324, 0.7)],
    ),
    "neg": sloping(lambda x: -x, constant(-1), wide),
    "pos": sloping(lambda x: x, constant(1), wide),
    "abs": sloping(abs, mp.sign, wide, 0.0, *ENDS),
    "square": sloping(lambda x: x * x, lambda x: 2 * x, wide, 1e-200, 1e200),
    "reciprocal": sloping(lambda x: 1 / x, lambda x: -1 / x**2, wide, *ENDS, 1e154, 1e-154),
    "mod": Reference(
        lambda x, y: x - y * mp.floor(x / y),
        [constant(1), lambda x, y: -mp.floor(x / y)],
        near(wide),
        [*QUOTIENTS, (0.5, 0.1), (-13.5, 2.7)],
    ),
    "fmod": Reference(
        lambda x, y: x - y * int(x / y),
        [constant(1), lambda x, y: -mpf(int(x / y))],
        near(wide),
        [*QUOTIENTS, (0.5, 0.1), (-13.5, 2.7)],
    ),
    "remainder": Reference(
        lambda x, y: x - y * mp.nint(x / y),
        [constant(1), lambda x, y: -mp.nint(x / y)],
        near(wide),
        [*QUOTIENTS, (5.0, 2.0), (1.79e308, 1.19e308)],
    ),
    "floordiv": Reference(
        lambda x, y: mp.floor(x / y), [constant(0), constant(0)], near(wide), [*QUOTIENTS, (0.5, 0.1), (-13.5, 2.7)]
    ),
    "sum": Reference(
        lambda *xs: mp.fsum(xs),
        lambda *xs: [mpf(1)] * len(xs),
        several(wide),
        [(1e308, 1e308, -1e308), (1.0, 1e100, 1.0, -1e100)],
        value_terms=lambda *xs: mp.fsum(map(abs, xs)),
    ),
    "mean": Reference(
        lambda *xs: mp.fsum(xs) / len(xs),
        lambda *xs: [mpf(1) / len(xs)] * len(xs),
        several(wide),
        [(1.7e308, 1.7e308)],
        value_terms=lambda *xs: mp.fsum(map(abs, xs)) / len(xs),
    ),
    "dot": Reference(
        lambda *xs: mp.fdot(xs[: len(xs) // 2], xs[len(xs) // 2 :]),
        lambda *xs: [*xs[len(xs) // 2 :], *xs[: len(xs) // 2]],
        pairs,
        value_terms=lambda *xs: mp.fsum(
            abs(w * x) for w, x in zip(xs[: len(xs) // 2], xs[len(xs) // 2 :], strict=True)
        ),
    ),
    "prod": Reference(
        lambda *xs: mp.fprod(xs),
        others,
        several(tame),
        [(1e200, 1e200, 1e-200), (1e-200, 1e-200, 1e200), (2.0, 0.0, 3.0), (0.0, 0.0), (5e-324, 1e300)],
    ),
    "max": Reference(lambda *xs: max(xs), hits(max), several(wide), [(3.0, 1.0, 3.0)]),
    "min": Reference(lambda *xs: min(xs), hits(min), several(wide), [(1.0, 3.0, 1.0)]),
    "hypot": Reference(
        length,
        directions,
        several(wide),
        [(3e200, 4e200), (3e-200, 4e-200), (5e-324, 5e-324), (1.7e308, 1.7e308), (1e-320, 1e-321)],
    ),
    "logsumexp": Reference(
        log_sum_exp,
        lambda *xs: softened(xs),
        spread,
        [(0.0, 0.0), (1000.0, 1000.0), (0.0, -745.0), (0.3, -700.1)],
        value_terms=log_sum_exp_terms,
    ),
    "logaddexp": Reference(
        log_sum_exp,
        lambda x, y: softened((x, y)),
        two_spread,
        [(0.0, 0.0), (1000.0, 1000.0), (0.0, -745.0), (0.3, -700.1), (-700.1, 0.3)],
        value_terms=log_sum_exp_terms,
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
        ],
    ),
    "pow_slope": Reference(
        power_in_x,
        [lambda x, y: y * (y - 1) * power(x, y - 2), lambda x, y: power(x, y - 1) * (1 + y * mp.log(x))],
        moderate_powers,
        partial_terms=lambda x, y: power(x, y - 1) * max(1, abs(y * mp.log(x))),
    ),
    "pow_log": Reference(
        power_in_y,
        [lambda x, y: power(x, y - 1) * (1 + y * mp.log(x)), lambda x, y: power(x, y) * mp.log(x) ** 2],
        moderate_powers,
        partial_terms=lambda x, y: power(x, y - 1) * max(1, abs(y * mp.log(x))),
    ),
    "exp": sloping(mp.exp, mp.exp, exponent, *ENDS, 709.78, -745.0),
    "exp2": sloping(
        lambda x: mpf(2) ** x, lambda x: mpf(2) ** x * mp.log(2), exponent, *ENDS, 1024.2, 1023.9, -1074.0, -1022.5
    ),
    "expm1": sloping(mp.expm1, mp.exp, exponent, *ENDS, -40.0, 709.78),
    "log": sloping(mp.log, lambda x: 1 / x, positive, 1.0, math.nextafter(1, 2), math.nextafter(1, 0), 1.0 + 1e-8),
    "logbase": Reference(
        lambda x, b: mp.log(x) / mp.log(b),
        [lambda x, b: 1 / (x * mp.log(b)), lambda x, b: -mp.log(x) / (b * mp.log(b) ** 2)],
        lambda source: (positive(source), source.choice((2.0, 10.0, 0.5, positive(source) + 1e-300, 1.0 + 1e-12))),
        [(8.0, 2.0), (1e-310, 1e-310), (1e300, math.nextafter(1.0, 2.0))],
    ),
    "log2": sloping(
        lambda x: mp.log(x) / mp.log(2), lambda x: 1 / (x * mp.log(2)), positive, 1e-308, 8.0, math.nextafter(1, 2)
    ),
    "log10": sloping(
        lambda x: mp.log(x) / mp.log(10), lambda x: 1 / (x * mp.log(10)), positive, 1e-308, 1000.0, math.nextafter(1, 2)
    ),
    "log1p": sloping(
        mp.log1p,
        lambda x: 1 / (1 + x),
        lambda source: source.choice((unit, positive))(source),
        1e-300,
        -1e-300,
        math.nextafter(-1, 0),
    ),
    "sqrt": sloping(mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), positive, 5e-324, 1e-310, 1.7e308),
    "cbrt": sloping(root_three, lambda x: 1 / (3 * mp.cbrt(abs(x)) ** 2), wide, *ENDS),
    "sin": sloping(mp.sin, mp.cos, angle, math.pi, 1e6, 355.0),
    "cos": sloping(mp.cos, lambda x: -mp.sin(x), angle, math.pi / 2.0, 1e6, 11.0 / 7.0),
    "tan": sloping(mp.tan, lambda x: mp.sec(x) ** 2, angle, math.pi / 2.0, math.pi, 1e6),
    "cot": sloping(mp.cot, lambda x: -(mp.csc(x) ** 2), beyond_origin, math.pi / 2.0, math.pi, 1e-200),
    "sec": sloping(mp.sec, lambda x: mp.sec(x) * mp.tan(x), angle, math.pi / 2.0, math.pi),
    "csc": sloping(mp.csc, lambda x: -mp.csc(x) * mp.cot(x), beyond_origin, math.pi / 2.0, math.pi, 1e-200),
    "asin": sloping(mp.asin, lambda x: 1 / mp.sqrt(1 - x * x), unit, 1.0 - 1e-9, 1e-300),
    "acos": sloping(mp.acos, lambda x: -1 / mp.sqrt(1 - x * x), unit, 1.0 - 1e-9, -1.0 + 1e-9, 1e-300),
    "atan": sloping(mp.atan, lambda x: 1 / (1 + x * x), wide, *ENDS, 1e155, 1e160, 2e161, 1e8),
    "atan2": Reference(
        mp.atan2,
        [lambda y, x: x / (x * x + y * y), lambda y, x: -y / (x * x + y * y)],
        near(wide),
        [
            (3e200, 4e200),
            (3e-200, 4e-200),
            (5e-324, 5e-324),
            (1.7e308, 1.7e308),
            (1e-5, 1e150),
            (0.0, -1.0),
            (1.0, 0.0),
        ],
    ),
    "sinc": sloping(
        lambda x: mp.sin(x) / x,
        lambda x: (mp.cos(x) - mp.sin(x) / x) / x,
        lambda source: angle(source) or 1.0,
        1e-300,
        5e-324,
        4.493409457909064,
        1.99,
        2.01,
        2.9,
        0.3,
        partial_terms=lambda x: mpf(0) if abs(x) < 2 else abs(1 / x),
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
        digits=FEW_DIGITS,
    ),
    "degrees": sloping(mp.degrees, lambda x: 180 / mp.pi, wide, *ENDS),
    "radians": sloping(mp.radians, lambda x: mp.pi / 180, wide, *ENDS),
    "sinh": sloping(mp.sinh, mp.cosh, exponent, *ENDS, 710.4, -710.4),
    "cosh": sloping(mp.cosh, mp.sinh, exponent, *ENDS, 710.4),
    "tanh": sloping(mp.tanh, lambda x: mp.sech(x) ** 2, exponent, 20.0, -20.0, 1e-300, 370.0, 0.5),
    "asinh": sloping(mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x), wide, *ENDS, 1e200, 1e-8),
    "acosh": sloping(
        mp.acosh,
        lambda x: 1 / mp.sqrt(x * x - 1),
        lambda source: max(1.0 + positive(source), 1.0 + 1e-15),
        math.nextafter(1, 2),
        1.0 + 1e-12,
        1e200,
        1.7e308,
    ),
    "atanh": sloping(mp.atanh, lambda x: 1 / (1 - x * x), unit, 1.0 - 1e-12, 1e-300, math.nextafter(1, 0)),
    "gaussian": Reference(
        lambda a, x, c: a * mp.exp(-c * x * x),
        [
            lambda a, x, c: mp.exp(-c * x * x),
            lambda a, x, c: -2 * a * c * x * mp.exp(-c * x * x),
            lambda a, x, c: -a * x * x * mp.exp(-c * x * x),
        ],
        each(ordinary, bell, lambda source: source.choice((0.5, 1.0))),
        [(1.0, 26.6, 1.0), (1.0, 38.5, 0.5)],
        digits=FEW_DIGITS,
    ),
    "erf": sloping(
        mp.erf, lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x), bell, 26.6, 5e-324, 0.84375, digits=FEW_DIGITS
    ),
    "erfc": sloping(
        mp.erfc, lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x), bell, 26.5, 26.6, 5e-324, digits=FEW_DIGITS
    ),
    "normal_cdf": sloping(normal, density, bell, -38.4, -5.0, -4.999, 8.0, 5e-324, digits=FEW_DIGITS),
    "gelu": sloping(
        lambda x: x * normal(x),
        lambda x: normal(x) + x * density(x),
        bell,
        -38.4,
        -5.0,
        -4.999,
        -0.7517915246935645,
        5e-324,
        digits=FEW_DIGITS,
        partial_terms=lambda x: max(normal(x), abs(x * density(x))),
    ),
    "sigmoid": sloping(logistic, lambda x: logistic(x) * logistic(-x), exponent, 40.0, -40.0, -740.0, 740.0),
    "log_sigmoid": sloping(
        lambda x: -mp.log1p(mp.exp(-x)), lambda x: logistic(-x), exponent, *ENDS[:4], 50.0, -50.0, 740.0
    ),
    "softplus": sloping(lambda x: mp.log1p(mp.exp(x)), logistic, exponent, *ENDS[:4], 50.0, -50.0, -740.0),
    "logit": sloping(
        lambda x: mp.log(x / (1 - x)),
        lambda x: 1 / (x * (1 - x)),
        lambda source: min(max(abs(unit(source)), 5e-324), 1.0 - 2e-16),
        0.5 + 1e-16,
        0.5 - 1e-12,
        0.25,
        0.75,
        1e-310,
        1.0 - 1e-12,
    ),
    "silu": sloping(
        lambda x: x * logistic(x),
        lambda x: logistic(x) * (1 + x * logistic(-x)),
        exponent,
        -1.2784645427610738,
        -740.0,
        -745.0,
        1e-300,
        partial_terms=lambda x: logistic(x) * max(1, abs(x * logistic(-x))),
    ),
    "relu": sloping(lambda x: max(x, mpf(0)), lambda x: mpf(x > 0), wide, 0.0, -0.0, *ENDS),
    "leaky_relu": Reference(
        lambda x, a: x if x > 0 else a * x,
        [lambda x, a: mpf(1) if x > 0 else a, lambda x, a: mpf(0) if x > 0 else x],
        each(wide, ordinary),
        [(0.0, 0.1)],
    ),
    "elu": Reference(
        lambda x, a: x if x > 0 else a * mp.expm1(x),
        [lambda x, a: mpf(1) if x > 0 else a * mp.exp(x), lambda x, a: mpf(0) if x > 0 else mp.expm1(x)],
        each(exponent, ordinary),
        [(0.0, 2.0), (-740.0, 1e10), (-1e-300, 1e-3), (-760.0, 1e300)],
    ),
    "flat": jumping(constant(0)),
    "step": jumping(lambda x: mpf(x > 0), 0.0),
    "sign": jumping(mp.sign, 0.0),
    "floor": jumping(mp.floor),
    "ceil": jumping(mp.ceil),
    "round": jumping(mp.nint),
    "trunc": jumping(lambda x: mp.sign(x) * mp.floor(abs(x))),
    "round_to": Reference(
        decimals,
        [constant(0), constant(0)],
        lambda source: (source.uniform(-1e4, 1e4), float(source.randrange(-3, 13))),
        [(2.5, 0.0), (1250.0, -2.0), (2.675, 2.0)],
    ),
    "copysign": Reference(
        lambda x, y: abs(x) if y > 0 else -abs(x),
        [lambda x, y: mp.sign(x) if y > 0 else -mp.sign(x), constant(0)],
        near(wide),
        [(0.0, 3.0)],
    ),
    "clip": Reference(
        lambda x, a, b: min(max(x, a), b),
        [lambda x, a, b: mpf(a <= x <= b), lambda x, a, b: mpf(x < a <= b), lambda x, a, b: mpf(max(x, a) > b)],
        each(wide, wide, wide),
        [(0.0, 0.0, 1.0), (1.0, 0.0, 1.0), (0.5, 2.0, 1.0)],
    ),
    "where": Reference(
        lambda c, a, b: a if c else b,
        [constant(0), lambda c, a, b: mpf(bool(c)), lambda c, a, b: mpf(not c)],
        each(lambda source: source.choice((0.0, 1.0)), wide, wide),
    ),
    "less": comparing(lambda x, y: x < y),
    "less_equal": comparing(lambda x, y: x <= y),
    "greater": comparing(lambda x, y: x > y),
    "greater_equal": comparing(lambda x, y: x >= y),
    "equal": comparing(lambda x, y: x == y),
    "not_equal": comparing(lambda x, y: x != y),
    "share": Reference(lambda a, b: a * b, [lambda a, b: b, lambda a, b: a], near(wide), [(0.0, 3.0), (3.0, 0.0)]),
    "exp_difference": Reference(
        lambda x, y: mp.exp(x - y),
        [lambda x, y: mp.exp(x - y), lambda x, y: -mp.exp(x - y)],
        two_spread,
        [(0.3, 700.1), (0.0, 745.0), (1e-300, 3.0)],
    ),
    "one_minus_square": sloping(lambda x: 1 - x * x, lambda x: -2 * x, wide, *ENDS, 1.0 - 1e-9, 1.0, -1e-8, 1e154),
    "sigmoid_slope": sloping(
        lambda x: logistic(x) * logistic(-x),
        lambda x: -mp.tanh(x / 2) * logistic(x) * logistic(-x),
        exponent,
        *ENDS,
        1e-9,
        -40.0,
        740.0,
    ),
    "times_exp": Reference(
        lambda a, x: a * mp.exp(x),
        [lambda a, x: mp.exp(x), lambda a, x: a * mp.exp(x)],
        each(wide, exponent),
        [(1e-300, 720.0), (1e300, -800.0), (0.0, 800.0)],
    ),
    "binade": Reference(binade, zeros, several(wide), [(5e-324,), (1.7e308, 1.0)]),
    "scalb": Reference(
        lambda x, n: x * mpf(2) ** n,
        [lambda x, n: mpf(2) ** n, lambda x, n: mp.log(2) * x * mpf(2) ** n],
        each(ordinary, lambda source: float(source.randrange(-1090, 1030))),
        [(3.0, 4.0), (5e-324, 2000.0)],
    ),
}


def main(names: Sequence[str]) -> None:
    """Print the worst errors, and where they are above the bound."""
    for name in names or REFERENCES:
        found = worst(name, 1000)
        allowed = bounds(name)
        figures = "  ".join(f"{e:8.2f}" for e, _ in found)
        over = [f"{point} > {bound:g}" for (e, point), bound in zip(found, allowed, strict=True) if e > bound]
        print(f"{name:15} {figures}  {'; '.join(over)}")


if __name__ == "__main__":
    main(sys.argv[1:])
