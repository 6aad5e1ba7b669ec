"""Where rows are measured: draws for each kind of argument, and the neighbourhoods of points that are hard.

Everything is drawn from a `random.Random`: the same seed gives the same points, and more points begin with fewer.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import mpmath

Point = tuple[float, ...]
Draw = Callable[[random.Random], float]
DrawPoint = Callable[[random.Random], Point]
Domain = Callable[..., bool]

LARGEST = 1.7976931348623157e308
TINIEST = 5e-324
TRIES = 100


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


def one(draw: Draw) -> DrawPoint:
    """Return a sampler of points of one coordinate."""
    return lambda source: (draw(source),)


def each(*draws: Draw) -> DrawPoint:
    """Return a sampler of points, one sampler per coordinate."""
    return lambda source: tuple(draw(source) for draw in draws)


def several(draw: Draw, fewest: int = 1) -> DrawPoint:
    """Return a sampler of points of up to 8 coordinates."""
    return lambda source: tuple(draw(source) for _ in range(source.randrange(fewest, 9)))


def tame(source: random.Random) -> float:
    """Return a float between 1e-150 and 1e150 in size."""
    return source.choice((-1, 1)) * 10.0 ** source.uniform(-150, 150)


def ordinary(source: random.Random) -> float:
    """Return a float between 1e-3 and 1e3 in size."""
    return source.choice((-1, 1)) * 10.0 ** source.uniform(-3, 3)


def near(draw: Draw) -> DrawPoint:
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


# -- anywhere, and next to what is hard --------------------------------------------------------------------------------


def anywhere(source: random.Random) -> float:
    """Return any float, log-uniform in size and of both signs; the ends of the range and subnormal ones more often."""
    kind = source.random()
    if kind < 0.45:
        size = 2.0 ** source.uniform(-30.0, 10.0)
    elif kind < 0.75:
        size = 2.0 ** source.uniform(-1022.0, 1023.999)
    elif kind < 0.9:
        size = source.randrange(1, 2 ** source.randrange(1, 54)) * TINIEST
    else:
        size = LARGEST * (1.0 - 2.0 ** source.uniform(-53.0, -1.0))
    return source.choice((-1.0, 1.0)) * size


def moved(x: float, source: random.Random) -> float:
    """Return a float beside another: from one ulp to a tenth of it away, log-uniform; from 0, any distance."""
    if source.random() < 0.25:
        return x
    side = source.choice((-1.0, 1.0))
    if not x:
        return side * 2.0 ** source.uniform(-1074.0, 0.0)
    there = x + side * abs(x) * 10.0 ** source.uniform(-16.0, -1.0)
    there = math.nextafter(x, side * math.inf) if there == x else there
    return max(min(there, LARGEST), -LARGEST)


def next_to_turns() -> list[float]:
    """Return floats of many sizes that lie next to multiples of π/2, on either side.

    For a power of two these are its best fractions of π/2 with a numerator of 53 bits, by the continued fraction.
    """
    with mpmath.workprec(2200):
        half_pi = Fraction(int(mpmath.floor(mpmath.ldexp(mpmath.pi, 2100))), 2**2101)
    found: list[float] = []
    for exponent in range(-20, 970, 30):
        rest, before, numerator = Fraction(2) ** exponent / half_pi, 0, 1
        numerators: list[int] = []
        while numerator < 2**53:
            numerators.append(numerator)
            rest = 1 / (rest - math.floor(rest))
            before, numerator = numerator, math.floor(rest) * numerator + before
        found += [math.ldexp(each, exponent) for each in numerators[-2:]]
    return found


def beside(hard: Sequence[Point], source: random.Random) -> Point:
    """Return a point beside a hard one."""
    return tuple(moved(x, source) for x in source.choice(hard))


def points(hard: Sequence[Point], draw: DrawPoint, domain: Domain | None, source: random.Random) -> Iterator[Point]:
    """Yield the hard points, and then points without end: as drawn, beside hard ones, and anywhere in the domain.

    Args:
        hard: points where something happens: poles, kinks, ends, thresholds of the kernels.
        draw: a sampler of points where the function is interesting.
        domain: where the function is measured; None for what is only measured as `draw` has it.
        source: of random numbers.
    """
    yield from hard
    makers = [draw, draw]
    if domain is not None:
        makers[1:1] = [lambda source: beside(hard, source)] if hard else []
        makers.append(lambda source: tuple(anywhere(source) for _ in draw(source)))
    while True:
        for make in makers:
            yield next(iter(_within(make, domain, source)), None) or draw(source)


def _within(make: DrawPoint, domain: Domain | None, source: random.Random) -> Iterator[Point]:
    """Yield points in the domain, of so many tries."""
    for _ in range(TRIES):
        point = make(source)
        if domain is None or domain(*point):
            yield point
