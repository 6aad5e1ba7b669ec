"""Exact functions on balls: an interval that is certain to hold the exact number, at whatever precision is set.

A ball is `arb` of python-flint (Johansson, 2017): every operation widens it by all that rounding may have lost. So a
result that is narrow is right, and one that is not is computed again with more bits; nothing is estimated.

The functions here take balls, and jets: a ball with a derivative, carried along by the chain rule. Their names are
those of mpmath's context, by which a test replaces this module to compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flint import arb

__all__ = ["Jet", "mpf"]

Ball = Any

FAR = 100_000
"""Where exp stops: exp(FAR) is far above all floats, and references use exp there only where they overflow."""


def mpf(number: Any) -> Ball:
    """Return a number as a ball: a float or an int exactly, a truth as 1 or 0."""
    return arb(number)


class Jet:
    """A ball and its derivative in something."""

    __slots__ = ("slope", "value")

    def __init__(self, value: Ball, slope: Ball) -> None:
        self.value = value
        self.slope = slope

    def __float__(self) -> float:
        return float(self.value)

    def __add__(self, other: Any) -> Jet:
        value, slope = parts(other)
        return Jet(self.value + value, self.slope + slope)

    def __sub__(self, other: Any) -> Jet:
        value, slope = parts(other)
        return Jet(self.value - value, self.slope - slope)

    def __mul__(self, other: Any) -> Jet:
        value, slope = parts(other)
        return Jet(self.value * value, self.slope * value + self.value * slope)

    def __truediv__(self, other: Any) -> Jet:
        value, slope = parts(other)
        quotient = self.value / value
        return Jet(quotient, (self.slope - quotient * slope) / value)

    def __pow__(self, exponent: int) -> Jet:
        return Jet(self.value**exponent, exponent * self.value ** (exponent - 1) * self.slope)

    def __radd__(self, other: Any) -> Jet:
        return self + other

    def __rmul__(self, other: Any) -> Jet:
        return self * other

    def __rsub__(self, other: Any) -> Jet:
        return jet(other) - self

    def __rtruediv__(self, other: Any) -> Jet:
        return jet(other) / self

    def __neg__(self) -> Jet:
        return Jet(-self.value, -self.slope)

    def __abs__(self) -> Jet:
        return -self if self.value < 0 else self

    def __lt__(self, other: Any) -> bool:
        return self.value < parts(other)[0]

    def __le__(self, other: Any) -> bool:
        return self.value <= parts(other)[0]

    def __gt__(self, other: Any) -> bool:
        return self.value > parts(other)[0]

    def __ge__(self, other: Any) -> bool:
        return self.value >= parts(other)[0]

    def __eq__(self, other: object) -> bool:
        return bool(self.value == parts(other)[0])

    def __hash__(self) -> int:
        return id(self)


def parts(number: Any) -> tuple[Ball, Ball]:
    """Return the value and the derivative of a jet, or of what is constant."""
    return (number.value, number.slope) if type(number) is Jet else (number, 0)


def jet(number: Any) -> Jet:
    """Return a jet as it is, and what is constant as one."""
    return Jet(*parts(number))


def _function(name: str, slope: Callable[[Ball, Ball], Ball]) -> Callable[[Any], Any]:
    """Return a function of balls as one of balls and jets; its slope is a function of the argument and the value."""
    method = getattr(arb, name)

    def on_any(x: Any) -> Any:
        if type(x) is not Jet:
            return method(x)
        value = method(x.value)
        return Jet(value, slope(x.value, value) * x.slope)

    return on_any


_exp = _function("exp", lambda x, y: y)


def exp(x: Any) -> Any:
    """Return exp(x), and exp(FAR) beyond."""
    return _exp(_at_most_far(x))


def expm1(x: Any) -> Any:
    """Return exp(x) - 1, and exp(FAR) - 1 beyond."""
    return _expm1(_at_most_far(x))


def _at_most_far(x: Any) -> Any:
    if x > FAR:
        return Jet(mpf(FAR), x.slope) if type(x) is Jet else mpf(FAR)
    return x


def _bell(x: Ball) -> Ball:
    return 2 / arb.pi().sqrt() * (-x * x).exp()


_expm1 = _function("expm1", lambda x, y: y + 1)
log = _function("log", lambda x, y: 1 / x)
log1p = _function("log1p", lambda x, y: 1 / (1 + x))
sqrt = _function("sqrt", lambda x, y: 1 / (2 * y))
sin = _function("sin", lambda x, y: x.cos())
cos = _function("cos", lambda x, y: -x.sin())
tan = _function("tan", lambda x, y: 1 + y * y)
asin = _function("asin", lambda x, y: 1 / (1 - x * x).sqrt())
acos = _function("acos", lambda x, y: -1 / (1 - x * x).sqrt())
atan = _function("atan", lambda x, y: 1 / (1 + x * x))
asinh = _function("asinh", lambda x, y: 1 / (1 + x * x).sqrt())
acosh = _function("acosh", lambda x, y: 1 / (x * x - 1).sqrt())
atanh = _function("atanh", lambda x, y: 1 / (1 - x * x))
tanh = _function("tanh", lambda x, y: 1 - y * y)
erf = _function("erf", lambda x, y: _bell(x))
erfc = _function("erfc", lambda x, y: -_bell(x))


def cbrt(x: Any) -> Any:
    """Return the cube root of what is not negative."""
    if type(x) is not Jet:
        return x.root(3)
    root = x.value.root(3)
    return Jet(root, x.slope / (3 * root * root))


def atan2(y: Ball, x: Ball) -> Ball:
    """Return the angle of the point (x, y)."""
    return arb.atan2(y, x)


def hyp0f1(b: Ball, x: Any) -> Any:
    """Return the confluent hypergeometric limit function ₀F₁(b; x)."""
    if type(x) is not Jet:
        return x.hypgeom_0f1(b)
    return Jet(x.value.hypgeom_0f1(b), x.value.hypgeom_0f1(b + 1) / b * x.slope)


def sign(x: Any) -> Ball:
    """Return -1, 0 or 1."""
    return mpf((x > 0) - (x < 0))


def fsum(terms: Iterable[Any]) -> Any:
    """Return the sum."""
    return sum(terms, mpf(0))


def ldexp(x: Any, exponent: int) -> Any:
    """Return x · 2**exponent."""
    return x * mpf(2) ** exponent
