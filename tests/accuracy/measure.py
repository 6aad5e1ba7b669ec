"""How far computed results are from exact ones, in ulp: of floats, of arrays, of second derivatives, of any engine.

Exact results are balls. One that is too wide for the distance to be known to a millionth of an ulp is computed again
with twice the bits, so that what is measured is certain.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from flint import arb, ctx

from autograd import Tape, Value, hessian, primitives
from autograd.primitives import ManyPrimitive
from tests.accuracy import sampling
from tests.accuracy.balls import Jet
from tests.accuracy.references import REFERENCES, ROWS, Reference
from tests.accuracy.sampling import Point

__all__ = ["CONTRACT", "OWN_BOUNDS", "TooWide", "Worst", "bounds", "error", "points", "second_worst", "worst"]

CONTRACT = 4.0  # ulp
OWN_BOUNDS: dict[str, tuple[float, ...]] = {  # row -> ulp of its value and of each partial, where not the contract
    "logbase": (CONTRACT, CONTRACT, 5.0),
    "pow_slope": (CONTRACT, 400.0, 400.0),
    "pow_log": (CONTRACT, 400.0, CONTRACT),
}
BOUND_ON_ARRAYS = 4.0
OWN_BOUNDS_ON_ARRAYS = {  # row -> ulp: faster bell curves, the y - 1 of pow
    **dict.fromkeys(("erf", "erfc", "normal_cdf"), 800.0),
    **dict.fromkeys(("pow_slope", "pow_log"), 400.0),
    "logaddexp": 32.0,
    "logbase": 5.0,
    "gaussian": 1e6,
}
SECOND_BOUND = 8.0
OWN_SECOND_BOUNDS = {  # row -> ulp: pow's y - 1, the end of a power series, the bell curve where it is subnormal
    **dict.fromkeys(("pow", "pow_slope", "pow_log"), 800.0),
    **dict.fromkeys(("sinc", "cbrt", "logbase"), 16.0),
    "gaussian": 1e5,
}
CERTAIN = 1e-6  # ulp, and relative
BITS = (128, 256, 512, 1024, 2304, 4608, 20000)

Ball = Any
Results = Sequence[float]
Worst = list[tuple[float, Point]]
"""The worst error of the value and of each partial, with the point where it happens."""


# -- one number --------------------------------------------------------------------------------------------------------

OVERFLOW = arb(2) ** 1024
STEPS = {exponent: arb(2) ** -exponent for exponent in range(-1074, 972)}


class TooWide(Exception):
    """A ball is too wide to tell how far it is from a float."""


def ulp_exponent(exact: Ball) -> int:
    """Return the exponent of the distance of the floats around an exact number; of the subnormal ones below them."""
    size = math.fabs(float(exact))
    if not 0.0 < size < math.inf:
        return 971 if size else -1074
    mantissa, exponent = math.frexp(size)
    if mantissa == 0.5 and abs(exact) < arb(size):
        exponent -= 1  # the nearest float is a power of two, and the number is below it
    return min(max(exponent - 53, -1074), 971)


def error(computed: float, exact: Ball, scale: Ball) -> float:
    """Return the distance of a float from an exact number in ulp of a scale; too big a number may have become inf.

    Raises:
        TooWide: the balls do not tell.
    """
    if computed != computed:
        return math.inf
    got = arb(computed) if math.isfinite(computed) else OVERFLOW * math.copysign(1.0, computed)
    distance = abs(got - _bounded(exact)) * STEPS[ulp_exponent(scale)]
    least, most = float(distance.abs_lower()), float(distance.abs_upper())
    if least < math.inf and not most - least <= CERTAIN * (1.0 + least):
        raise TooWide
    return most


def _bounded(exact: Ball) -> Ball:
    """Return an exact number, ±2**1024 beyond that."""
    if not math.isinf(float(exact)):
        return exact
    return OVERFLOW if exact > OVERFLOW else -OVERFLOW if exact < -OVERFLOW else exact


def certain(measure: Callable[[], Any]) -> Any:
    """Return what a measurement gives with as many bits as it needs."""
    for bits in BITS:
        ctx.prec = bits
        try:
            return measure()
        except TooWide:
            pass
    raise TooWide(f"{BITS[-1]} bits are not enough")


# -- one point ---------------------------------------------------------------------------------------------------------


def errors(name: str, point: Point, results: Sequence[Results]) -> list[list[float]]:
    """Return for each list of results (value and partials) at a point the errors; 0.0 for what is not defined there."""

    def measured() -> list[list[float]]:
        exact, scales = _exact_and_scales(REFERENCES[name], [arb(x) for x in point])
        return [[_error(*numbers) for numbers in zip(each, exact, scales, strict=True)] for each in results]

    found: list[list[float]] = certain(measured)
    if name == "prod":
        return [[each / max(1.0, len(point) / CONTRACT) for each in row] for row in found]
    return found


def _error(computed: float, exact: Ball | None, scale: Ball) -> float:
    return 0.0 if exact is None else error(computed, exact, scale)


def _exact_and_scales(reference: Reference, arguments: Sequence[Ball]) -> tuple[list[Ball], list[Ball]]:
    exact = reference.exact(arguments)
    if any(each is not None and not each.is_finite() for each in exact):
        raise TooWide
    scales = list(exact)
    if reference.value_terms is not None:
        scales[0] = max(abs(exact[0]), reference.value_terms(*arguments))
    if reference.partial_terms is not None:
        terms = reference.partial_terms(*arguments)
        scales[1:] = [None if each is None else max(abs(each), terms) for each in scales[1:]]
    return exact, scales


def second_errors(name: str, point: Point, computed: Sequence[Results]) -> list[float]:
    """Return the errors of the second derivatives at a point, row by row."""
    reference = REFERENCES[name]

    def measured() -> list[float]:
        arguments = [arb(x) for x in point]
        terms = reference.second_terms(*arguments) if reference.second_terms is not None else None
        found = []
        for k, column in enumerate(zip(*computed, strict=True)):
            jets = [Jet(x, arb(j == k)) for j, x in enumerate(arguments)]
            for j, (slope, got) in enumerate(zip(reference.slopes(jets), column, strict=True)):
                found.append(_second_error(got, slope, terms[j][k] if terms else arb(0)))
        return found

    return certain(measured)


def _second_error(computed: float, slope: Any, terms: Ball) -> float:
    """Return the error of a second derivative; 0.0 where there is none, or where it is too big for a float."""
    if slope is None:
        return 0.0
    exact = slope.slope if type(slope) is Jet else arb(0)
    if not exact.is_finite():
        raise TooWide
    return error(computed, exact, max(abs(exact), terms)) if abs(exact) < OVERFLOW else 0.0


# -- engines -----------------------------------------------------------------------------------------------------------


def eager(row: Any, points: Sequence[Point]) -> Iterator[Results]:
    """Yield what floats give: the value and the partials at each point."""
    for point in points:
        value = row.compute(*point)
        yield [value, *row.slopes(value, point, range(len(point)))]


def replayed(row: Any, points: Sequence[Point]) -> list[Results]:
    """Return what arrays give: a program of the row alone, its values swept forward, its partials swept in reverse."""
    results: list[Results] = [()] * len(points)
    for width in sorted({len(point) for point in points}):
        places = [k for k, point in enumerate(points) if len(point) == width]
        lanes = np.array([points[k] for k in places])
        leaves = [Value(x) for x in points[places[0]]]
        with Tape():
            output = row.of(*leaves)
        program = Tape.of(output).compile(batched=leaves)
        values, gradients = program.value_and_grad([], lanes, wrt="batched")
        table = np.column_stack([values, gradients]).tolist()
        for place, lane in zip(places, table, strict=True):
            results[place] = lane
    return results


def seconds(row: Any, point: Point) -> list[Results]:
    """Return all second derivatives at a point, lifted from the partials."""
    return hessian(lambda xs: row.of(*xs))(list(point))


# -- all points of a row -----------------------------------------------------------------------------------------------


def points(name: str, count: int, seed: int = 0) -> list[Point]:
    """Return the hard points of a row and so many more, the same for the same seed."""
    reference = REFERENCES[name]
    hard = _hard_points(name)
    endless = sampling.points(hard, reference.draw, reference.domain, random.Random(f"{name} {seed}"))
    return list(itertools.islice(endless, len(hard) + count))


def _hard_points(name: str) -> list[Point]:
    """Return the hard points of a reference, and the row's examples in its domain."""
    reference = REFERENCES[name]
    hard = list(map(_as_point, reference.hard))
    if reference.domain is not None:
        examples = [point for point in map(_as_point, ROWS[name].examples) if point and all(map(math.isfinite, point))]
        hard += [point for point in examples if reference.domain(*point)]
    return list(dict.fromkeys(hard))


def _as_point(given: Any) -> Point:
    return given if isinstance(given, tuple) else (given,)


def worse(found: Worst, measured: Sequence[float], point: Point, row: Any) -> Worst:
    """Return the worst errors after another point."""
    if isinstance(row, ManyPrimitive):
        measured = [measured[0], max(measured[1:], default=0.0)]
    found = found or [(0.0, ())] * len(measured)
    return [(new, point) if new > old[0] else old for old, new in zip(found, measured, strict=True)]


def worst(name: str, count: int, seed: int = 0, row: Any = None) -> Worst:
    """Return the worst error of the value and of each partial of a row, with the point where it happens.

    Args:
        name: of the row whose reference and points are taken.
        count: of points, besides the hard ones.
        seed: of the random points.
        row: what is measured; by default the row of that name.
    """
    row = row or primitives.named(name)
    found: Worst = []
    where = points(name, count, seed)
    for point, results in zip(where, eager(row, where), strict=True):
        found = worse(found, errors(name, point, [results])[0], point, ROWS[name])
    return found


def second_worst(name: str, count: int, seed: int = 0) -> tuple[float, Point]:
    """Return the worst error of all second derivatives of a row, with the point where it happens."""
    row = primitives.named(name)
    found: tuple[float, Point] = (0.0, ())
    for point in points(name, count, seed):
        if REFERENCES[name].smooth(*point):
            measured = max(second_errors(name, point, seconds(row, point)), default=0.0)
            found = max(found, (measured, point), key=lambda pair: pair[0])
    return found


def bounds(name: str) -> tuple[float, ...]:
    """Return the allowed error of the value and of each partial of a row, in ulp."""
    row = primitives.named(name)
    width = 2 if isinstance(row, ManyPrimitive) else row.arity + 1
    return OWN_BOUNDS.get(name, (CONTRACT,) * width)


def array_bound(name: str) -> float:
    """Return what the error of a row on arrays is measured to stay below, in ulp; its partials included."""
    return OWN_BOUNDS_ON_ARRAYS.get(name, BOUND_ON_ARRAYS)


def second_bound(name: str) -> float:
    """Return what the error of the second derivatives of a row is measured to stay below, in ulp."""
    return OWN_SECOND_BOUNDS.get(name, SECOND_BOUND)
