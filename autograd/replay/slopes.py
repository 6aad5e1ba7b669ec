"""A row's partials as expressions: what they compute of the output and the operands, for whole groups of nodes at once.

A partial is a function written with primitives; called with symbols it tells its expression. Equal parts of the
partials of a row are one expression, which is evaluated once.

This room knows no arrays and no graph.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from math import copysign
from typing import Any

from autograd import primitives
from autograd.operators import Operators
from autograd.primitives import ManyPrimitive, Primitive, is_real, number

__all__ = ["OUTPUT", "Expression", "evaluated", "slopes_of"]

OUTPUT = -1
"""The symbol of the output; operands are the symbols 0, 1, …."""


class Expression(Operators[Any]):
    """A symbol, or a primitive of expressions and numbers.

    Attributes:
        key: equal for equal expressions: the symbol, or (code of the primitive, keys of the arguments).
        primitive: None for a symbol.
        arguments: expressions and floats.
    """

    __slots__ = ("arguments", "key", "primitive")

    def __init__(self, key: Any, primitive: Primitive | None = None, arguments: Sequence[Any] = ()) -> None:
        self.key = key
        self.primitive = primitive
        self.arguments = arguments

    @classmethod
    def __primitive__(cls, primitive: Primitive, arguments: Sequence[Any]) -> Any:
        """Return a primitive of expressions; factors of exactly 1 and −1 go away."""
        given = [argument if isinstance(argument, cls) else number(argument) for argument in arguments]
        if primitive is primitives.mul:
            for factor, other in (given, given[::-1]):
                if is_real(factor) and factor == 1.0:
                    return other
                if is_real(factor) and factor == -1.0:
                    return primitives.neg(other)
        keys = tuple(each.key if isinstance(each, cls) else ("number", each, copysign(1.0, each)) for each in given)
        return cls((primitive.code, keys), primitive, given)


@functools.lru_cache(maxsize=1024)
def slopes_of(primitive: Primitive, count: int) -> list[Any]:
    """Return the partials of a primitive of so many operands: expressions, or floats where they are constant.

    Example:
        >>> slope, _ = slopes_of(primitives.mul, 2)
        >>> slope.key
        1
    """
    output = Expression(OUTPUT)
    operands = [Expression(k) for k in range(count)]
    if isinstance(primitive, ManyPrimitive):
        return list(primitive.all_partials(output, *operands))
    return [partial(output, *operands) for partial in primitive.partials]


def evaluated(wanted: Expression, known: dict[Any, Any], compute: Callable[[Expression, list[Any]], Any]) -> Any:
    """Return the value of an expression.

    Args:
        wanted: the expression.
        known: key -> value of the symbols, and of every part that is known; what is computed is added.
        compute: a function (expression, values of its arguments) -> its value.
    """
    waiting = [wanted]
    while waiting:
        expression = waiting[-1]
        parts = [each for each in expression.arguments if isinstance(each, Expression)]
        missing = [each for each in parts if each.key not in known]
        if expression.key not in known and not missing:
            arguments = [known[each.key] if isinstance(each, Expression) else each for each in expression.arguments]
            known[expression.key] = compute(expression, arguments)
        if expression.key in known:
            waiting.pop()
        else:
            waiting += missing
    return known[wanted.key]
