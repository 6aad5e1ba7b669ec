"""Scales: from numbers to places in a picture, and the round numbers written beside an axis.

This room knows linear and logarithmic axes. It does not draw them.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["LARGEST", "Scale", "bounded", "decades", "round_numbers", "spread"]

LARGEST = sys.float_info.max / 8.0
"""No axis goes farther from 0, so that the distance of two numbers on it is one too; what is beyond is drawn there."""

FARTHEST = 1e6
"""Lengths of an axis beyond its ends that a number may be drawn at: far outside of any picture."""

SMALLEST = 1e-300
"""Numbers that are no farther apart look all alike."""


class Scale(NamedTuple):
    """An axis: the numbers from low to high lie on the places from start to end.

    Attributes:
        low, high: numbers, low below high; above 0 if logarithmic.
        start, end: places in the picture.
        logarithmic: whether equal steps are equal factors.

    Example:
        >>> Scale(0.0, 10.0, 100.0, 200.0)(2.5)
        125.0
        >>> Scale(0.01, 1.0, 0.0, 100.0, logarithmic=True)(0.1)
        50.0
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, number: float) -> float:
        """Return the place of a number."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, number = math.log10(low), math.log10(high), math.log10(number)
        elif abs(number) > LARGEST:
            number = bounded(number)
        share = (number - low) / (high - low)
        if abs(share) > FARTHEST:
            share = math.copysign(FARTHEST, share)
        return self.start + share * (self.end - self.start)

    def shows(self, number: float) -> bool:
        """Return whether a number has a place: finite, and above 0 on a logarithmic axis."""
        return math.isfinite(number) and not (self.logarithmic and number <= 0.0)

    def ticks(self) -> list[float]:
        """Return the numbers written beside the axis."""
        return decades(self.low, self.high) if self.logarithmic else round_numbers(self.low, self.high)


def bounded(number: float) -> float:
    """Return a number, or what is nearest to it on an axis that goes as far as any.

    Example:
        >>> bounded(1.5), bounded(-math.inf) == -LARGEST
        (1.5, True)
    """
    return max(-LARGEST, min(LARGEST, number))


def spread(numbers: Iterable[float], margin: float = 0.0) -> tuple[float, float]:
    """Return (lowest, highest) of the finite numbers, moved apart by a share of their distance; never equal.

    Args:
        numbers: any; those that are not finite are left out.
        margin: share of the distance added on both sides.

    Example:
        >>> spread([1.0, 3.0, math.nan], 0.5), spread([2.0]), spread([])
        ((0.0, 4.0), (1.0, 3.0), (-1.0, 1.0))
    """
    finite = [bounded(number) for number in numbers if math.isfinite(number)] or [0.0]
    low, high = min(finite), max(finite)
    if not high - low > max(SMALLEST, 1e-9 * max(abs(low), abs(high))):  # nothing to tell apart
        around = 0.5 * (low + high)
        half = abs(around) / 2.0 if abs(around) > SMALLEST else 1.0
        return bounded(around - half), bounded(around + half)
    return bounded(low - margin * (high - low)), bounded(high + margin * (high - low))


def round_numbers(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers from low to high, at equal steps of 1, 2 or 5 times a power of ten.

    Args:
        low: where the axis begins.
        high: where it ends; where that is not above low there are none.
        most: about how many there may be.

    Example:
        >>> round_numbers(0.0, 0.72), round_numbers(-3.0, 12.0)
        ([0.0, 0.2, 0.4, 0.6], [0.0, 5.0, 10.0])
    """
    rough = (high - low) / most
    if not rough > SMALLEST / most / 2.0:
        return []
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{k * step:.12g}") for k in range(first, last + 1)]


def decades(low: float, high: float, most: int = 6) -> list[float]:
    """Return powers of ten from low to high, leaving some out where there are many.

    Args:
        low: where the axis begins; above 0.
        high: where it ends; above low.
        most: how many there may be.

    Example:
        >>> decades(0.005, 20.0)
        [0.01, 0.1, 1.0, 10.0]
    """
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    step = max(1, math.ceil((last - first + 1) / most))
    return [float(f"1e{power}") for power in range(first, last + 1, step)]
