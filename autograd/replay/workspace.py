"""The workspace of a program for a number of lanes: the arrays it works on, and the steps that work on them.

This room knows how rows are read, and how the callers' own arrays take part without a copy. What the steps are is
decided in `autograd.replay.forward` and `autograd.replay.reverse`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.replay.levels import BATCHED, CONSTANT, SHARED, Operand, Plan
from autograd.replay.rows import as_slice, base_of, runs, strided

__all__ = ["Step", "Workspace", "is_finite"]

Array = Any
Step = tuple[Callable[..., Any], tuple[Any, ...]]

MANY_SHARED = 8192
"""Shared inputs from which on they are not copied."""

FEW_NUMBERS = 8192
"""Numbers up to which it is quicker to look at all at once than at some of them in parts."""


class Patch(NamedTuple):
    """An argument of a step that is a part of the caller's batched inputs.

    Attributes:
        steps: the list that the step is in.
        step: its position there.
        argument: which of its arguments it is.
        rows: which inputs.
        transposed: whether lanes come first.
    """

    steps: list[Step]
    step: int
    argument: int
    rows: slice
    transposed: bool


class Rebased(NamedTuple):
    """An argument of a step that is a part of the shared inputs, or of their adjoints.

    Attributes:
        steps: the list that the step is in.
        step: its position there.
        argument: which of its arguments it is.
        offset: where it starts, in bytes.
        shape, strides: how it lies.
        is_adjoint: whether it is a part of the adjoints.
    """

    steps: list[Step]
    step: int
    argument: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    is_adjoint: bool


class Workspace:
    """The steps of a program for a number of lanes, and the arrays they work on.

    Args:
        plan: of the program.
        lanes: how many there are.
        sweeps: whether there are adjoints.
        careful: whether everything is as the engine does it, also where numbers are not finite.

    Attributes:
        primals, adjoints: kind -> the array of its rows.
        summed: the shared rows whose adjoints the lanes add to.
        before, forward, reverse, after: steps for what is shared, then for the lanes, back over the lanes, and back
            over what is shared.
    """

    def __init__(self, plan: Plan, lanes: int, sweeps: bool, careful: bool) -> None:
        shapes = {SHARED: (plan.rows[0],), BATCHED: (plan.rows[1], lanes)}
        self.plan = plan
        self.lanes = lanes
        self.primals = {kind: np.zeros(shape) for kind, shape in shapes.items()}
        self.adjoints = {kind: np.zeros(shape) for kind, shape in shapes.items()} if sweeps else {}
        for row, each in plan.numbers:
            self.primals[SHARED if plan.rows[0] else BATCHED][row] = each
        self.before: list[Step] = []
        self.forward: list[Step] = []
        self.reverse: list[Step] = []
        self.after: list[Step] = []
        self.patches: list[Patch] = []
        self._reads_copy = False
        self.summed: Array = np.zeros(0, dtype=np.intp)
        self.careful = careful
        self._parts: dict[int, list[Array]] = {}
        self._span: dict[int, Array] = {}
        self._read_inputs = {row for kind, row in plan.outputs if kind == BATCHED and row < plan.n_batched}
        self._gathered: dict[Any, Array] = {}
        self._rebased: list[Rebased] = []

    def complete(self) -> None:
        """Let the callers' arrays take part, once all other steps are there."""
        self._copy_inputs()
        if self.plan.n_shared >= MANY_SHARED:
            self._rebased = self._parts_of_shared()

    def operations(self) -> int:
        """Return how many array operations one replay of all lanes takes."""
        return len(self.before) + len(self.forward) + len(self.reverse) + len(self.after)

    def load(self, batched: Array) -> None:
        """Let the steps read the caller's inputs: (lanes, inputs)."""
        columns = batched.T
        for steps, position, argument, rows, transposed in self.patches:
            function, arguments = steps[position]
            part = columns[rows]
            given = part.T if transposed else part
            steps[position] = (function, (*arguments[:argument], given, *arguments[argument + 1 :]))

    def share(self, shared: Array) -> None:
        """Let the steps read the caller's shared inputs, and write their adjoints where nobody else has them.

        Few numbers are copied. Of many the steps get the caller's array itself, and a new one for the adjoints, which
        the caller may keep.
        """
        primals = self.primals[SHARED]
        if not self._rebased:
            primals[: self.plan.n_shared] = shared
            return
        if self._reads_copy:
            primals[: self.plan.n_shared] = shared
        given = np.ascontiguousarray(shared)
        if self.adjoints:
            self.adjoints[SHARED] = np.zeros(self.plan.rows[0])
        for steps, position, argument, offset, shape, strides, is_adjoint in self._rebased:
            function, arguments = steps[position]
            base = self.adjoints[SHARED] if is_adjoint else given
            part = np.ndarray(shape, np.float64, base, offset, strides)
            steps[position] = (function, (*arguments[:argument], part, *arguments[argument + 1 :]))

    def look_at(self, kind: int, rows: Sequence[slice]) -> None:
        """Let `is_whole` look at some rows of a kind.

        Args:
            kind: of the rows.
            rows: one after the other.
        """
        primals = self.primals[kind]
        self._parts[kind] = [primals[part] for part in rows]
        span = primals[rows[0].start : rows[-1].stop].reshape(-1)
        if span.size < FEW_NUMBERS:
            self._span[kind] = span

    def to_look_at(self, kind: int) -> Sequence[Array]:
        """Return the rows of a kind that `is_whole` looks at, in parts."""
        return self._parts.get(kind, ())

    def is_whole(self, kind: int) -> bool:
        """Return whether all rows of a kind that were to be looked at are finite."""
        span = self._span.get(kind)
        if span is not None and math.isfinite(span.dot(span)):
            return True
        return all(map(is_finite, self.to_look_at(kind)))

    def gradient(self) -> Array:
        """Return the adjoints of the shared inputs, in an array that no later replay writes to."""
        found = self.adjoints[SHARED][: self.plan.n_shared]
        return found if self._rebased else found.copy()

    def _parts_of_shared(self) -> list[Rebased]:
        """Return the arguments of all steps that are parts of the shared inputs, or of the shared adjoints."""
        found: list[Rebased] = []
        for steps in (self.before, self.forward, self.reverse, self.after):
            for position, (_, arguments) in enumerate(steps):
                for k, argument in enumerate(arguments):
                    part = self._part_of_shared(argument) if isinstance(argument, np.ndarray) else None
                    if part is not None:
                        found.append(Rebased(steps, position, k, part[0], argument.shape, argument.strides, part[1]))
        return found

    def _part_of_shared(self, argument: Array) -> tuple[int, bool] | None:
        base = base_of(argument)
        for is_adjoint, arrays in ((True, self.adjoints), (False, self.primals)):
            if arrays and base is arrays[SHARED]:
                offset = argument.ctypes.data - base.ctypes.data
                reach = sum((count - 1) * step for count, step in zip(argument.shape, argument.strides))
                if is_adjoint or offset + reach < base.itemsize * self.plan.n_shared:
                    return offset, is_adjoint
                if offset < base.itemsize * self.plan.n_shared:
                    self._reads_copy = True
        return None

    # -- reading -----------------------------------------------------------------------------------------------------

    def steps(self, kind: int) -> list[Step]:
        """Return the forward steps for what is of a kind."""
        return self.before if kind == SHARED else self.forward

    def read(self, operand: Operand, kind: int) -> Any:
        """Return what a group of a kind reads: a number, or an array that goes with its rows and lanes."""
        if operand.kind == CONSTANT:
            numbers = operand.rows
            if len(numbers) and (numbers == numbers[0]).all():
                return float(numbers[0])
            return numbers if kind == SHARED else numbers[:, None]
        found = self.rows(operand.kind, operand.rows)
        return found[:, None] if operand.kind < kind else found

    def rows(self, kind: int, rows: Array) -> Array:
        """Return some rows: a slice where there is one, else a copy that a step makes."""
        if kind == BATCHED:
            self._read_inputs.update(rows[rows < self.plan.n_batched].tolist())
        part = as_slice(rows)
        if part is not None:
            return self.primals[kind][part]
        if len(rows) and (rows == rows[0]).all():
            return self.primals[kind][rows[0] : rows[0] + 1]
        return self._gather(kind, rows)

    def _gather(self, kind: int, rows: Array) -> Array:
        key = (kind, rows.tobytes())
        found = self._gathered.get(key)
        if found is None:
            base = self.primals[kind]
            found = self._gathered[key] = np.empty((len(rows), *base.shape[1:]))
            self.steps(kind).append((np.take, (base, rows, 0, found, "clip")))
        return found

    def matrix(self, operand: Operand) -> Array:
        """Return shared rows or constants as a matrix (rows, products): a view where there is one."""
        if operand.kind == CONSTANT:
            return np.ascontiguousarray(operand.rows)
        view = strided(self.primals[SHARED], operand.rows)
        return self._gather(SHARED, operand.rows.ravel()).reshape(operand.rows.shape) if view is None else view

    def columns(self, steps: list[Step], rows: Array, argument: int, transposed: bool = False) -> Any:
        """Return batched rows as (products, lanes), for the next step; inputs are read where the caller has them."""
        part = as_slice(rows)
        if part is not None and part.stop <= self.plan.n_batched:
            self.patches.append(Patch(steps, len(steps), argument, part, transposed))
            return None
        found = self.rows(BATCHED, rows)
        if len(rows) != len(found):
            found = np.broadcast_to(found, (len(rows), self.lanes))
        return found.T if transposed else found

    def insert(self, steps: list[Step], first: Sequence[Step]) -> None:
        """Put steps before all others of a list."""
        self.patches = [
            patch._replace(step=patch.step + len(first)) if patch.steps is steps else patch for patch in self.patches
        ]
        steps[:0] = first

    def _copy_inputs(self) -> None:
        """Let the first steps copy the inputs that not only matrix products read."""
        parts = list(runs(sorted(self._read_inputs)))
        self.insert(self.forward, [(np.copyto, (self.primals[BATCHED][part], None)) for part in parts])
        self.patches += [Patch(self.forward, step, 1, part, False) for step, part in enumerate(parts)]


def is_finite(numbers: Array) -> bool:
    """Return whether all numbers are finite; perhaps False also where their squares overflow, which does no harm.

    Of many numbers not by `dot`, for which a library of linear algebra may wake threads that cost more than they save.
    """
    flat = numbers if numbers.ndim == 1 else numbers.ravel(order="K")
    return math.isfinite(np.dot(flat, flat) if flat.size < FEW_NUMBERS else np.add.reduce(flat))
