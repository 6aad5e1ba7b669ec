"""What can be written with a Value or a Dual: Python's operators and one method per primitive of one argument.

NumPy calls the methods on arrays of objects (`numpy.exp(array_of_values)`), and people type them. Inverse functions
have NumPy's names too. There is one line per row; a test compares the lines with the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import primitives
from autograd.primitives import Primitive, is_real, number

__all__ = ["Operators"]


def binary(primitive: Primitive, left: Any, right: Any, other: Any) -> Any:
    """Apply a primitive for an operator; NotImplemented where the other operand may know better (arrays, say)."""
    kind = type(other)
    if is_real(other) or hasattr(kind, "__primitive__"):
        return primitive(left, right)
    if kind.__module__ == "builtins":
        number(other)  # raises, and names the type
    return NotImplemented


def method(primitive: Primitive) -> Callable[[Any], Any]:
    """Return a primitive of one argument as a method."""

    def apply_to(self: Any) -> Any:
        return primitive(self)

    apply_to.__name__ = primitive.name
    apply_to.__doc__ = f"Return {primitive.name} of this."
    return apply_to


class Operators:
    """Python's operators and the methods of the table, each one call of its row."""

    __slots__ = ()

    def __add__(self, other: Any) -> Any:
        return binary(primitives.add, self, other, other)

    def __radd__(self, other: Any) -> Any:
        return binary(primitives.add, other, self, other)

    def __sub__(self, other: Any) -> Any:
        return binary(primitives.sub, self, other, other)

    def __rsub__(self, other: Any) -> Any:
        return binary(primitives.sub, other, self, other)

    def __mul__(self, other: Any) -> Any:
        return binary(primitives.mul, self, other, other)

    def __rmul__(self, other: Any) -> Any:
        return binary(primitives.mul, other, self, other)

    def __truediv__(self, other: Any) -> Any:
        return binary(primitives.div, self, other, other)

    def __rtruediv__(self, other: Any) -> Any:
        return binary(primitives.div, other, self, other)

    def __pow__(self, other: Any, modulus: None = None) -> Any:
        if modulus is not None:
            raise TypeError("pow() takes two arguments here: a modulus has no derivative")
        return binary(primitives.pow, self, other, other)

    def __rpow__(self, other: Any) -> Any:
        return binary(primitives.pow, other, self, other)

    def __mod__(self, other: Any) -> Any:
        return binary(primitives.mod, self, other, other)

    def __rmod__(self, other: Any) -> Any:
        return binary(primitives.mod, other, self, other)

    def __floordiv__(self, other: Any) -> Any:
        return binary(primitives.floordiv, self, other, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return binary(primitives.floordiv, other, self, other)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __neg__(self) -> Any:
        return primitives.neg(self)

    def __pos__(self) -> Any:
        return primitives.pos(self)

    def __abs__(self) -> Any:
        return primitives.abs(self)

    def __round__(self, digits: int | None = None) -> Any:
        return primitives.round(self) if digits is None else primitives.round_to(self, digits)

    def __trunc__(self) -> Any:
        return primitives.trunc(self)

    def __floor__(self) -> Any:
        return primitives.floor(self)

    def __ceil__(self) -> Any:
        return primitives.ceil(self)

    def __float__(self) -> float:
        kind = type(self).__name__
        raise TypeError(
            f"a {kind} does not turn into a float by itself, because that would silently drop its derivative: write "
            f"{'v.data' if kind == 'Value' else 'v.primal'} for the number, or autograd.sin(v) instead of math.sin(v)"
        )

    def __int__(self) -> int:
        return int(self.__float__())

    def __complex__(self) -> complex:
        return complex(self.__float__())

    square = method(primitives.square)
    reciprocal = method(primitives.reciprocal)
    exp = method(primitives.exp)
    exp2 = method(primitives.exp2)
    expm1 = method(primitives.expm1)
    log = method(primitives.log)
    log2 = method(primitives.log2)
    log10 = method(primitives.log10)
    log1p = method(primitives.log1p)
    sqrt = method(primitives.sqrt)
    cbrt = method(primitives.cbrt)
    sin = method(primitives.sin)
    cos = method(primitives.cos)
    tan = method(primitives.tan)
    cot = method(primitives.cot)
    sec = method(primitives.sec)
    csc = method(primitives.csc)
    asin = arcsin = method(primitives.asin)
    acos = arccos = method(primitives.acos)
    atan = arctan = method(primitives.atan)
    sinh = method(primitives.sinh)
    cosh = method(primitives.cosh)
    tanh = method(primitives.tanh)
    asinh = arcsinh = method(primitives.asinh)
    acosh = arccosh = method(primitives.acosh)
    atanh = arctanh = method(primitives.atanh)
    sinc = method(primitives.sinc)
    erf = method(primitives.erf)
    erfc = method(primitives.erfc)
    normal_cdf = method(primitives.normal_cdf)
    logit = method(primitives.logit)
    degrees = rad2deg = method(primitives.degrees)
    radians = deg2rad = method(primitives.radians)
    sigmoid = method(primitives.sigmoid)
    log_sigmoid = method(primitives.log_sigmoid)
    softplus = method(primitives.softplus)
    relu = method(primitives.relu)
    leaky_relu = method(primitives.leaky_relu)
    elu = method(primitives.elu)
    gelu = method(primitives.gelu)
    silu = method(primitives.silu)
    step = method(primitives.step)
    sign = method(primitives.sign)
    floor = method(primitives.floor)
    ceil = method(primitives.ceil)
    rint = method(primitives.round)
    trunc = method(primitives.trunc)
