"""Where in the user's code something was computed, and where it stopped being finite."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Sequence
from math import isfinite
from types import FrameType
from typing import Any

from autograd import primitives
from autograd.errors import NonFiniteError
from autograd.recording import current_scope

__all__ = ["not_finite", "user_line"]


def user_line() -> tuple[str, int] | None:
    """Return the file name and line number of the innermost caller outside of this package and `nn`."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        room = frame.f_globals.get("__name__", "").partition(".")[0]
        if room not in ("autograd", "nn"):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None


def not_finite(code: int, primal: float, operands: Sequence[Any], numbers: Sequence[float]) -> NonFiniteError | None:
    """Return the report on a node whose value or slope is not finite though its operands are; None for other nodes.

    Args:
        code: of the primitive.
        primal: its result.
        operands: Values, or None for constants.
        numbers: for each operand its slope, or the constant.
    """
    primals = [slope if operand is None else operand._data for operand, slope in zip(operands, numbers)]
    if not all(map(isfinite, primals)):
        return None
    bad = next((k for k, number in enumerate(numbers) if not isfinite(number)), None)  # a slope: constants are finite
    if isfinite(primal) and bad is None:
        return None
    source = user_line()
    return NonFiniteError(
        primitives.by_code(code).name,
        [(None if operand is None else operand.label, given) for operand, given in zip(operands, primals)],
        primal if bad is None or not isfinite(primal) else numbers[bad],
        "value" if not isfinite(primal) else f"slope in operand {bad}",
        source,
        linecache.getline(*source).strip() if source else "",
        current_scope(),
    )
