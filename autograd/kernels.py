"""Float functions that follow IEEE 754 where Python raises, and stay accurate where the textbook formula does not."""

from __future__ import annotations

import math


def divide(x: float, y: float) -> float:
    """Return x / y; a zero divisor gives ±inf or nan."""
    try:
        return x / y
    except ZeroDivisionError:
        if x == 0.0 or x != x:
            return math.nan
        return math.copysign(math.inf, x) * math.copysign(1.0, y)


def power(x: float, y: float) -> float:
    """Return x ** y; overflow and poles give ±inf, a negative base with a non-integer exponent nan."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0.0 and math.fmod(y, 2.0) in (1.0, -1.0) else math.inf
    except ValueError:
        if x == 0.0 and y < 0.0:
            return math.copysign(math.inf, x) if math.fmod(y, 2.0) in (1.0, -1.0) else math.inf
        return math.nan
