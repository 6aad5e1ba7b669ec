"""Why a result is not finite: the node it began at.

This room records a computation once more and looks at every node. It does not know what was computed, nor for whom.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd.errors import NonFiniteError
from autograd.primitives import is_real
from autograd.recording import watching
from autograd.tape import reverse_sweep
from autograd.value import Value

__all__ = ["non_finite_origin"]


def non_finite_origin(function: Callable[[], Any]) -> NonFiniteError | None:
    """Return the report on the node at which a result stopped being finite, or None where there is no such node.

    That is the first node with a value or slope that is not finite though its operands are, and which the result
    depends on: its adjoint is not 0. So a branch that `where` did not choose is not blamed. If all such adjoints are
    0 (as in inf · 0), it is the first such node, provided that the result is not finite.

    Args:
        function: takes nothing and returns the result; it is called once.

    Returns:
        The error that `strict()` would raise there: primitive, operands with labels, source line, scopes.

    Raises:
        TypeError: it is given a result, not a function.

    Cost: one recording in strict mode, one reverse sweep.

    Example:
        >>> from autograd import log, where
        >>> p = Value(0.0, label="p")
        >>> print(str(non_finite_origin(lambda: where(p > 0, log(p), 1.0) + 1.0 / p)).splitlines()[0])
        div(1.0, p = 0.0): the value is inf
    """
    if not callable(function):
        raise TypeError(f"non_finite_origin takes a function that computes the result, not {type(function).__name__}")
    reports: list[tuple[Value, NonFiniteError]] = []
    with watching(reports):
        result = function()
    if not reports:
        return None
    adjoints = reverse_sweep([((result._tape, result._index), 1.0)]) if _is_node(result) else {}
    for node, report in reports:
        known = adjoints.get(node._tape, []) if node._tape is not None else []
        if node._index < len(known) and known[node._index] != 0.0:
            return report
    return None if _is_finite(result) else reports[0][1]


def _is_finite(result: Any) -> bool:
    """Return whether a number, or every number of a list or tuple, is finite; what is no number is not."""
    if isinstance(result, (list, tuple)):
        return all(map(_is_finite, result))
    number = result.data if isinstance(result, Value) else result
    return is_real(number) and math.isfinite(number)


def _is_node(result: Any) -> bool:
    return isinstance(result, Value) and result._tape is not None
