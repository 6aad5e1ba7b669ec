"""Groups as array operations: a list of steps for so many lanes, with every array they work on made beforehand.

A step is a NumPy function and its arguments, the last of which is where the result goes. Rows are the rows of two
arrays: one number per row for what is shared, one number per row and lane for what is batched; a group's rows stand
together, so that most operands are slices. Adjoints stand in two arrays of the same shape.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd.replay.forms import PASSING, ROUGH
from autograd.replay.forward import Forward
from autograd.replay.levels import BATCHED, CONSTANT, SHARED, Group, Operand, Plan
from autograd.replay.reverse import Reverse
from autograd.replay.rows import as_slice
from autograd.replay.workspace import Workspace

__all__ = ["prepared"]

MOST_SPLIT = 8
"""Rows of a group that may be computed one by one."""

FEWEST_SPLIT = 512
"""Lanes from which on a step for each row is faster than a copy of the operands."""


def prepared(plan: Plan, lanes: int, wanted: Sequence[int] = (), careful: bool = False) -> Workspace:
    """Return the workspace of a program, with all its steps.

    Args:
        plan: of the program.
        lanes: how many there are.
        wanted: the kinds of inputs whose gradient is asked for: none, SHARED, BATCHED or both.
        careful: whether everything is as the engine does it, also where numbers are not finite: a share is exactly
            nothing where its adjoint or slope is zero, sums are correctly rounded, rows have no faster forms.
    """
    space = Workspace(plan, lanes, bool(wanted), careful)
    groups = [part for group in plan.groups for part in _split(group, lanes)]
    for group in groups:
        Forward(space, group).emit()
    if wanted:
        Reverse(space, groups, wanted).emit()
    space.complete()
    if not careful:
        for kind, rows in _doubtful(plan).items():
            space.look_at(kind, rows)
    return space


def _doubtful(plan: Plan) -> dict[int, list[slice]]:
    """Return the rows of each kind that may not be finite where the engine's number is, and leave no trace of it.

    They are computed roughly: sums in another order than the engine's, which may overflow on the way. Where all that is
    computed of them passes it on up to an output, it shows there; a comparison may not.
    """
    shows = {SHARED: np.zeros(plan.rows[0], dtype=bool), BATCHED: np.zeros(plan.rows[1], dtype=bool)}
    if not plan.guards:
        for kind, row in plan.outputs:
            shows[kind][row] = True
    found: dict[int, list[slice]] = {SHARED: [], BATCHED: []}
    for group in reversed(plan.groups):
        showing = shows[group.kind][group.start : group.stop]
        is_rough = group.primitive is None or group.primitive in ROUGH
        if is_rough and not showing.all():
            rows = found[group.kind]
            stop = rows.pop().stop if rows and rows[-1].start == group.stop else group.stop
            rows.append(slice(group.start, stop))
        if group.primitive is None or group.primitive in PASSING:
            operands = [*group.operands, *(side for products in group.products for side in products)]
            for operand in operands:
                if operand.kind != CONSTANT:
                    shows[operand.kind][operand.rows[showing]] = True
    return {kind: rows[::-1] for kind, rows in found.items() if rows}


def _split(group: Group, lanes: int) -> list[Group]:
    """Return a group row by row, where gathering its operands would take longer than a step for each row does."""
    count = group.stop - group.start
    if group.kind == SHARED or group.primitive is None or not 1 < count <= MOST_SPLIT or lanes < FEWEST_SPLIT:
        return [group]
    if all(operand.kind == CONSTANT or as_slice(operand.rows) is not None for operand in group.operands):
        return [group]
    return [
        group._replace(
            start=group.start + k,
            stop=group.start + k + 1,
            operands=[Operand(operand.kind, operand.rows[k : k + 1]) for operand in group.operands],
        )
        for k in range(count)
    ]
