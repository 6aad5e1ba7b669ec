"""What can be written with a Value or a Dual: Python's operators and one method per primitive of one argument.

NumPy calls the methods on arrays of objects (`numpy.exp(array_of_values)`), and people type them. Inverse functions
have NumPy's names too. There is one line per row; a test compares the lines with the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from autograd import primitives
from autograd.primitives import Primitive, is_real, number

__all__ = ["Operators"]

Operand = TypeVar("Operand", contravariant=True)
Number = TypeVar("Number")


def binary(primitive: Primitive, operand: Number, other: Any) -> Number:
    """Apply a primitive for an operator; NotImplemented where the other operand may know better (arrays, say)."""
    result: Number = _applied(primitive, (operand, other), other)
    return result


def reflected(primitive: Primitive, operand: Number, other: Any) -> Number:
    """Apply a primitive for an operator whose right operand this is."""
    result: Number = _applied(primitive, (other, operand), other)
    return result


def _applied(primitive: Primitive, operands: tuple[Any, Any], other: Any) -> Any:
    kind = type(other)
    if is_real(other) or hasattr(kind, "__primitive__"):
        return primitive(*operands)
    if kind.__module__ == "builtins":
        number(other)  # raises, and names the type
    return NotImplemented


def method(primitive: Primitive) -> Callable[[Number], Number]:
    """Return a primitive of one argument as a method."""

    def apply_to(self: Any) -> Any:
        return primitive(self)

    apply_to.__name__ = primitive.name
    apply_to.__doc__ = f"Return {primitive.name} of this."
    return apply_to


class Operators(Generic[Operand]):
    """Python's operators and the methods of the table, each one call of its row.

    `Operand` is what may stand beside it. An array is none of it: its own operators take over.
    """

    __slots__ = ()

    if TYPE_CHECKING:  # what a class has to have beside them

        @classmethod
        def __primitive__(cls, primitive: Primitive, arguments: Sequence[Any]) -> Any: ...

        def detach(self) -> Any:
            """Return it cut off from what it was computed from."""
            ...

    def __add__(self, other: Operand, /) -> Self:
        return binary(primitives.add, self, other)

    def __radd__(self, other: Operand, /) -> Self:
        return reflected(primitives.add, self, other)

    def __sub__(self, other: Operand, /) -> Self:
        return binary(primitives.sub, self, other)

    def __rsub__(self, other: Operand, /) -> Self:
        return reflected(primitives.sub, self, other)

    def __mul__(self, other: Operand, /) -> Self:
        return binary(primitives.mul, self, other)

    def __rmul__(self, other: Operand, /) -> Self:
        return reflected(primitives.mul, self, other)

    def __truediv__(self, other: Operand, /) -> Self:
        return binary(primitives.div, self, other)

    def __rtruediv__(self, other: Operand, /) -> Self:
        return reflected(primitives.div, self, other)

    def __pow__(self, other: Operand, modulus: None = None, /) -> Self:
        if modulus is not None:
            raise TypeError("pow() takes two arguments here: a modulus has no derivative")
        return binary(primitives.pow, self, other)

    def __rpow__(self, other: Operand, /) -> Self:
        return reflected(primitives.pow, self, other)

    def __mod__(self, other: Operand, /) -> Self:
        return binary(primitives.mod, self, other)

    def __rmod__(self, other: Operand, /) -> Self:
        return reflected(primitives.mod, self, other)

    def __floordiv__(self, other: Operand, /) -> Self:
        return binary(primitives.floordiv, self, other)

    def __rfloordiv__(self, other: Operand, /) -> Self:
        return reflected(primitives.floordiv, self, other)

    def __divmod__(self, other: Operand, /) -> tuple[Self, Self]:
        return self // other, self % other

    def __rdivmod__(self, other: Operand, /) -> tuple[Self, Self]:
        return other // self, other % self

    def __neg__(self) -> Self:
        return primitives.neg(self)

    def __pos__(self) -> Self:
        return primitives.pos(self)

    def __abs__(self) -> Self:
        return primitives.abs(self)

    def __round__(self, digits: int | None = None) -> Self:
        return primitives.round(self) if digits is None else primitives.round_to(self, digits)

    def __trunc__(self) -> Self:
        return primitives.trunc(self)

    def __floor__(self) -> Self:
        return primitives.floor(self)

    def __ceil__(self) -> Self:
        return primitives.ceil(self)

    def __float__(self) -> float:
        kind = type(self).__name__
        raise TypeError(
            f"a {kind} does not turn into a float by itself, because that would silently drop its derivative: write "
            "v.data for the number, or autograd.sin(v) instead of math.sin(v)"
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
