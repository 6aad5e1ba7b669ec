"""Dual: forward mode without a tape.

A Dual is primal + ε · tangent with ε² = 0. It reads the same rows as everything else: the tangent of a result is the
sum of partial × tangent over its operands. Primal and tangent may be floats, Values (reverse over forward) or Duals of
an older seeding (forward over forward).

It has no tape; it carries the identity of its seeding instead, so that in d/dy (x · y) the x of an outer
differentiation stays a constant for the inner one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from autograd import primitives
from autograd.lifting import accumulate, product
from autograd.operators import Operators
from autograd.primitives import Primitive, Real, is_real, number
from autograd.value import Condition, Value, compare

__all__ = ["Dual", "computed", "fresh_seeding"]

_MIRRORED = {
    primitives.less: primitives.greater,
    primitives.less_equal: primitives.greater_equal,
    primitives.greater: primitives.less,
    primitives.greater_equal: primitives.less_equal,
}

_seedings = itertools.count()
BY_HAND = next(_seedings)  # the seeding of Duals made by hand, older than every other


def fresh_seeding() -> int:
    """Return the identity of a new seeding, newer than every other."""
    return next(_seedings)


class Dual(Operators["Dual | Value | Real"]):
    """A number and its tangent.

    Args:
        primal: the number; a float, a Value, or a Dual of an older seeding.
        tangent: its derivative along the chosen direction; 0.0 for a constant.
        seeding: identity of the differentiation it belongs to; Duals made by hand all belong to the oldest.

    Raises:
        TypeError: primal or tangent is not a number.

    Example:
        >>> from autograd import Dual, sin
        >>> x, y = Dual(2.0, 1.0), Dual(3.0)
        >>> (x * y + 1).tangent
        3.0
    """

    __slots__ = ("primal", "seeding", "tangent")

    def __init__(self, primal: Dual | Value | Real, tangent: Dual | Value | Real = 0.0, seeding: int = BY_HAND) -> None:
        self.primal = _number(primal)
        self.tangent = _number(tangent)
        self.seeding = seeding

    def __repr__(self) -> str:
        return f"Dual({self.primal!r}, {self.tangent!r})"

    def __eq__(self, other: object) -> Any:
        return _compared(primitives.equal, self.primal, other)

    def __ne__(self, other: object) -> Any:
        return _compared(primitives.not_equal, self.primal, other)

    def __lt__(self, other: Any) -> Any:
        return _compared(primitives.less, self.primal, other)

    def __le__(self, other: Any) -> Any:
        return _compared(primitives.less_equal, self.primal, other)

    def __gt__(self, other: Any) -> Any:
        return _compared(primitives.greater, self.primal, other)

    def __ge__(self, other: Any) -> Any:
        return _compared(primitives.greater_equal, self.primal, other)

    def __bool__(self) -> bool:
        return bool(self.primal)

    def __hash__(self) -> int:
        return object.__hash__(self)

    @property
    def data(self) -> float:
        """The number alone, as of a Value: what is computed from it has no tangent."""
        return self.primal.data if isinstance(self.primal, (Dual, Value)) else self.primal

    def item(self) -> float:
        """Return the number alone, as NumPy and PyTorch call it."""
        return self.data

    def detach(self) -> Any:
        """Return the primal, cut off from what it was computed from."""
        return self.primal.detach() if hasattr(self.primal, "detach") else self.primal

    @classmethod
    def __primitive__(cls, primitive: Primitive, arguments: Sequence[Any]) -> Any:
        """Apply a primitive: the primal by its row, the tangent by its partials; NumPy takes arrays apart before."""
        if any(hasattr(type(argument), "__array__") and not is_real(argument) for argument in arguments):
            return NotImplemented
        seeding = max(argument.seeding for argument in arguments if isinstance(argument, Dual))
        ours = [isinstance(argument, Dual) and argument.seeding == seeding for argument in arguments]
        primals = [argument.primal if mine else argument for argument, mine in zip(arguments, ours)]
        output = primitive.of(*primals)
        if output is NotImplemented:
            return output
        wanted = [k for k, mine in enumerate(ours) if mine and not _is_zero(arguments[k].tangent)]
        tangent = None
        if wanted:
            slopes = slopes_at(primitive, output, primals, wanted)
            for k in wanted:
                tangent = accumulate(tangent, product(arguments[k].tangent, slopes[k]))
        return cls(output, 0.0 if tangent is None else computed(tangent), seeding)


def computed(number: Any) -> Any:
    """Return a number as something computed: not as the very leaf whose data somebody may assign later."""
    if isinstance(number, Dual):
        return Dual(computed(number.primal), computed(number.tangent), number.seeding)
    return primitives.pos(number) if isinstance(number, Value) and number.is_leaf else number


def slopes_at(primitive: Primitive, output: Any, arguments: Sequence[Any], wanted: Sequence[int]) -> Any:
    """Return the wanted partials, as floats where all arguments are numbers."""
    if all(type(argument) is bool or is_real(argument) for argument in arguments):
        return primitive.slopes(output, [_float(argument) for argument in arguments], wanted)
    return primitive.slopes_of(output, arguments, wanted)


def _float(given: Any) -> float:
    return float(given) if type(given) is bool else number(given)


def _number(given: Any) -> Any:
    return given if hasattr(type(given), "__primitive__") else number(given)


def _compared(primitive: Primitive, left: Any, right: Any) -> Any:
    """Compare the numbers that two Duals carry, as Values are compared: the outcome may be a factor."""
    while isinstance(left, Dual):
        left = left.primal
    while isinstance(right, Dual):
        right = right.primal
    if isinstance(left, Value):
        return compare(primitive, left, right)
    if isinstance(right, Value):
        return compare(_MIRRORED.get(primitive, primitive), right, left)
    if not is_real(right):
        return NotImplemented
    right = number(right)
    return Condition(primitive, left, right, bool(primitive.compute(left, right)))


def _is_zero(tangent: Any) -> bool:
    return type(tangent) is float and tangent == 0.0
