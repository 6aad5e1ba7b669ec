"""Where a lane of a replay stops being finite: the first primitive whose result or slope is not, of operands that are.

A program knows no source lines; `autograd.compile` runs its function again in strict mode, and tells the line too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd import primitives
from autograd.errors import NonFiniteError
from autograd.replay.levels import CONSTANT, SHARED, Group
from autograd.replay.workspace import Workspace

__all__ = ["first_fault", "first_lane"]

Array = Any


def first_lane(values: Array, gradients: list[Array]) -> int:
    """Return the first lane whose value, or gradient of its own, is not finite; 0 where none can be told."""
    lanes = values.shape[0] if values.ndim else 1
    bad = ~np.isfinite(values.reshape(lanes, -1)).all(axis=1)
    for gradient in gradients:
        if gradient.ndim == 2 and len(gradient) == lanes:
            bad |= ~np.isfinite(gradient).all(axis=1)
    return int(bad.argmax())


def first_fault(space: Workspace, lane: int | None) -> NonFiniteError | None:
    """Return the report on the first node that is not finite, in a workspace of one lane whose forward steps are done.

    Args:
        space: of one lane.
        lane: which one it is among the caller's; None where there is only one.
    """
    for group in space.plan.groups:
        for row in range(group.stop - group.start):
            report = _fault(space, group, row)
            if report is not None:
                if lane is not None:
                    report.add_note(f"in lane {lane}")
                return report
    return None


def _fault(space: Workspace, group: Group, row: int) -> NonFiniteError | None:
    arguments = list(_arguments(space, group, row))
    if not all(map(math.isfinite, arguments)):
        return None
    result = _number(space, group.kind, group.start + row)
    primitive = group.primitive or primitives.dot
    if not math.isfinite(result):
        return NonFiniteError(primitive.name, [(None, each) for each in arguments], result)
    slopes = primitive.slopes(result, arguments, range(len(arguments))) if group.primitive else []
    bad = next((k for k, slope in enumerate(slopes) if not math.isfinite(slope)), None)
    if bad is None or group.operands[bad].kind == CONSTANT:
        return None
    return NonFiniteError(primitive.name, [(None, each) for each in arguments], slopes[bad], f"slope in operand {bad}")


def _arguments(space: Workspace, group: Group, row: int) -> Iterator[float]:
    """Yield the operands of one row; of a sum of products all first factors, then all second ones."""
    for operand in group.operands:
        yield _number(space, operand.kind, operand.rows[row])
    for side in (0, 1):
        for products in group.products:
            for each in products[side].rows[row]:
                yield _number(space, products[side].kind, each)


def _number(space: Workspace, kind: int, row: Any) -> float:
    """Return the number in a row of the only lane; of a constant itself."""
    if kind == CONSTANT:
        return float(row)
    return float(space.primals[kind][row] if kind == SHARED else space.primals[kind][row, 0])
