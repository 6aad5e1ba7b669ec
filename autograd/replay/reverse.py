"""The steps that send adjoints back through all groups.

What is written first is known beforehand: the first share of an adjoint is assigned, the others are added, an adjoint
that is only handed on is not copied, and no adjoint that nobody asks for is computed. The derivatives are those of the
rows (`autograd.replay.slopes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograd import primitives
from autograd.replay.forms import (
    accumulate,
    assign,
    careful_matmul,
    careful_multiply,
    careful_over_lanes,
    form,
    over_lanes,
)
from autograd.replay.forward import cubes
from autograd.replay.levels import BATCHED, SHARED, Group, Operand, Products
from autograd.replay.rows import all_different, as_slice, is_matrix, is_plain, strided
from autograd.replay.slopes import OUTPUT, Expression, evaluated, slopes_of
from autograd.replay.workspace import Step, Workspace

__all__ = ["Reverse"]

Array = Any

_STEP_OF_X = (primitives.step.code, (0,))
_RELU_OF_X = (primitives.relu.code, (0,))


class Reverse:
    """The steps that send adjoints back through all groups."""

    def __init__(self, space: Workspace, groups: Sequence[Group], wanted: Sequence[int]) -> None:
        self.space = space
        self.plan = space.plan
        self.groups = groups
        careful = space.careful
        self.multiply: Any = careful_multiply if careful else np.multiply
        self.matmul: Any = careful_matmul if careful else np.matmul
        self.over_lanes: Any = careful_over_lanes if careful else over_lanes
        self.needed = self._needed(wanted)
        self.uses = self._uses()
        self.spans = {(group.kind, group.start, group.stop) for group in groups}
        self.borrowed: dict[tuple[int, int, int], Array] = {}
        self.touched = {kind: np.zeros(self.plan.rows[kind - 1], dtype=bool) for kind in (SHARED, BATCHED)}
        self.blank: dict[tuple[int, int], list[Array]] = {}
        self.steps = space.reverse
        self.kind = BATCHED
        self._free: dict[tuple[int, ...], list[Array]] = {}
        self._used: list[Array] = []

    def _needed(self, wanted: Sequence[int]) -> dict[int, Array]:
        """Return which rows depend on an input whose gradient is asked for."""
        plan = self.plan
        needed = {kind: np.zeros(plan.rows[kind - 1], dtype=bool) for kind in (SHARED, BATCHED)}
        for kind, count in ((SHARED, plan.n_shared), (BATCHED, plan.n_batched)):
            needed[kind][:count] = kind in wanted
        for group in self.groups:
            for operand in _all_operands(group):
                if operand.kind:
                    rows = operand.rows.reshape(group.stop - group.start, -1)
                    needed[group.kind][group.start : group.stop] |= needed[operand.kind][rows].any(axis=1)
        return needed

    def _uses(self) -> dict[int, Array]:
        """Return how often each row is read, outputs once more."""
        uses = {kind: np.zeros(self.plan.rows[kind - 1], dtype=np.intp) for kind in (SHARED, BATCHED)}
        for group in self.groups:
            for operand in _all_operands(group):
                if operand.kind:
                    np.add.at(uses[operand.kind], operand.rows.ravel(), 1)
        for kind, row in self.plan.outputs:
            uses[kind][row] += 1
        return uses

    def emit(self) -> None:
        """Add the steps, first those for the lanes, then those for what is shared."""
        for kind, steps in ((BATCHED, self.space.reverse), (SHARED, self.space.after)):
            self.kind, self.steps = kind, steps
            if kind == SHARED:
                self.space.summed = np.flatnonzero(self.touched[SHARED])
            for output_kind, row in self.plan.outputs:
                if output_kind == kind:
                    self.touched[kind][row] = True
            for group in reversed(self.groups):
                if group.kind == kind and self.needed[kind][group.start : group.stop].any():
                    self._group(group)
            self.space.insert(steps, self._blank_steps(kind))

    def _blank_steps(self, phase: int) -> list[Step]:
        """Return the steps that set to 0 what is read, or added to, before all of it has been assigned."""
        steps: list[Step] = []
        for kind in (SHARED, BATCHED):
            rows = self.blank.get((phase, kind))
            if rows:
                steps.append((assign, (self.space.adjoints[kind], np.unique(np.concatenate(rows)), 0.0)))
        return steps

    def _group(self, group: Group) -> None:
        touched = self.touched[group.kind][group.start : group.stop]
        if not touched.any():
            return
        self._settle(group.kind, np.arange(group.start, group.stop))
        span = (group.kind, group.start, group.stop)
        adjoint = self.borrowed.get(span, self.space.adjoints[group.kind][group.start : group.stop])
        if group.primitive is None:
            for products in group.products:
                self._products(group, products, adjoint)
        else:
            self._primitive(group, adjoint)
        for array in self._used:
            self._free.setdefault(array.shape, []).append(array)
        self._used = []

    def _settle(self, kind: int, rows: Array) -> None:
        """See that rows can be read, or added to: those that nothing has been assigned to start from 0."""
        missing = rows[~self.touched[kind][rows]]
        if len(missing):
            self.blank.setdefault((self.kind, kind), []).append(missing)
            self.touched[kind][missing] = True

    def _temporary(self, shape: tuple[int, ...]) -> Array:
        free = self._free.get(shape)
        array = free.pop() if free else np.empty(shape)
        self._used.append(array)
        return array

    # -- primitives

    def _primitive(self, group: Group, adjoint: Array) -> None:
        assert group.primitive is not None
        slopes = slopes_of(group.primitive, len(group.operands))
        known: dict[Any, Any] = {OUTPUT: self.space.primals[group.kind][group.start : group.stop]}
        for k, operand in enumerate(group.operands):
            known[k] = self.space.read(operand, group.kind)
        known[(group.primitive.code, tuple(range(len(group.operands))))] = known[OUTPUT]
        for operand, slope in zip(group.operands, slopes):
            if operand.kind and self.needed[operand.kind][operand.rows].any():
                self._share(operand, adjoint, slope, known)

    def _share(self, operand: Operand, adjoint: Array, slope: Any, known: dict[Any, Any]) -> None:
        """Add adjoint × slope to the adjoints of an operand's rows."""
        factor = self._factor(slope, known)
        if isinstance(factor, float) and factor == 0.0:
            return
        if isinstance(factor, float) and factor == 1.0:
            if not self._borrow(operand, adjoint):
                self._add(operand.kind, operand.rows, adjoint)
            return
        target = self._target(operand)
        out = self._temporary(adjoint.shape) if target is None else target
        if isinstance(factor, float) and factor == -1.0:
            self.steps.append((np.negative, (adjoint, out)))
        else:
            self.steps.append((self.multiply, (adjoint, factor, out)))
        self._arrive(operand.kind, operand.rows, out, target is not None)

    def _arrive(self, kind: int, rows: Array, shares: Array, is_there: bool) -> None:
        """Add shares to the adjoints of some rows, or note that they stand there already."""
        if is_there:
            self.touched[kind][rows] = True
        else:
            self._add(kind, rows, shares)

    def _factor(self, slope: Any, known: dict[Any, Any]) -> Any:
        if not isinstance(slope, Expression):
            return float(slope)
        return evaluated(slope, known, lambda expression, arguments: self._computed(expression, arguments, known))

    def _borrow(self, operand: Operand, adjoint: Array) -> bool:
        """Let a group that nothing else reads have the adjoint of the group that reads it, without a copy."""
        part = as_slice(operand.rows)
        if part is None or part.step != 1 or operand.kind != self.kind:
            return False
        span = (operand.kind, part.start, part.stop)
        if span not in self.spans or (self.uses[operand.kind][part] != 1).any():
            return False
        self.borrowed[span] = adjoint
        self.touched[operand.kind][part] = True
        return True

    def _target(self, operand: Operand) -> Array | None:
        """Return where a share can be written at once, because it is the first one of all its rows."""
        part = as_slice(operand.rows)
        if part is None or operand.kind != self.kind or self.touched[operand.kind][operand.rows].any():
            return None
        return self.space.adjoints[operand.kind][part]

    def _computed(self, expression: Expression, arguments: Sequence[Any], known: dict[Any, Any]) -> Any:
        """Return what a primitive of an expression comes to, with a step for it."""
        assert expression.primitive is not None
        if expression.primitive is primitives.div_slope and not self.space.careful:
            return self._div_slope(expression, arguments, known)
        if expression.key == _STEP_OF_X and known.get(_RELU_OF_X) is known[OUTPUT]:
            out = self._temporary(known[OUTPUT].shape)
            self.steps.append((np.sign, (known[OUTPUT], out)))  # the step of x is the sign of relu(x), and faster
            return out
        if all(isinstance(each, float) for each in arguments):
            return float(expression.primitive.compute(*arguments))
        out = self._temporary(np.broadcast_shapes(*(np.shape(each) for each in arguments)))
        self.steps.append((form(expression.primitive, self.space.careful), (*arguments, out)))
        return out

    def _div_slope(self, expression: Expression, arguments: Sequence[Any], known: dict[Any, Any]) -> Any:
        """Return −(x / y) / y, with a quotient that may be known."""
        x, y = (each.key if isinstance(each, Expression) else each for each in expression.arguments)
        quotient = known.get((primitives.div.code, (x, y)))
        read = arguments if quotient is None else (quotient, *arguments)  # equal operands are read as one row
        out = self._temporary(np.broadcast_shapes(*(np.shape(each) for each in read)))
        if quotient is None:
            self.steps.append((np.divide, (*arguments, out)))
            quotient = out
        self.steps.append((np.divide, (quotient, arguments[1], out)))
        self.steps.append((np.negative, (out, out)))
        return out

    # -- sums of products

    def _products(self, group: Group, products: Products, adjoint: Array) -> None:
        left, right = products
        wanted = [side.kind > 0 and bool(self.needed[side.kind][side.rows].any()) for side in products]
        if not any(wanted):
            return
        if left.kind == right.kind and np.array_equal(left.rows, right.rows):
            twice = self._temporary(adjoint.shape)
            self.steps.append((np.add, (adjoint, adjoint, twice)))
            adjoint, wanted = twice, [False, True]
        if right.kind < group.kind:
            if is_plain(products):
                self._add(SHARED, right.rows[:, 0], adjoint)
                return
            total = self._temporary(adjoint.shape[:1])
            self.steps.append((np.add.reduce, (adjoint, 1, None, total)))
            self._contract(products, wanted, total, SHARED)
        elif is_matrix(products) and left.kind < BATCHED:
            self._matrix(group, products, wanted, adjoint)
        else:
            self._contract(products, wanted, adjoint, group.kind)

    def _matrix(self, group: Group, products: Products, wanted: Sequence[bool], adjoint: Array) -> None:
        left, right = products
        if wanted[0]:
            self._left_of_matrix(group, products, adjoint)
        if wanted[1]:
            matrix = self.space.matrix(left)
            rows = right.rows[0]
            target = self._target(Operand(right.kind, rows))
            out = self._temporary((len(rows), *adjoint.shape[1:])) if target is None else target
            self.steps.append((self.matmul, (matrix.T, adjoint, out)))
            self._arrive(right.kind, rows, out, target is not None)

    def _left_of_matrix(self, group: Group, products: Products, adjoint: Array) -> None:
        """Add adjoint · rightᵀ to the adjoints of the left factors, which are shared."""
        left, right = products
        first = not self.touched[SHARED][left.rows].any() and all_different(left.rows)
        target = strided(self.space.adjoints[SHARED], left.rows) if first else None
        turned = target is not None and target.strides[0] < target.strides[1]
        out = self._temporary(left.rows.shape) if target is None else (target.T if turned else target)
        if group.kind == SHARED:
            vector = np.broadcast_to(self.space.rows(SHARED, right.rows[0]), left.rows.shape[1:])
            factors = (vector[:, None], adjoint[None, :]) if turned else (adjoint[:, None], vector[None, :])
            self.steps.append((self.multiply, (*factors, out)))
        elif turned:
            self.steps.append((self.matmul, (self.space.columns(self.steps, right.rows[0], 0), adjoint.T, out)))
        else:
            columns = self.space.columns(self.steps, right.rows[0], 1, transposed=True)
            self.steps.append((self.matmul, (adjoint, columns, out)))
        self._arrive(SHARED, left.rows.ravel(), out.reshape(-1), target is not None)

    def _contract(self, products: Products, wanted: Sequence[bool], adjoint: Array, kind: int) -> None:
        """Add to each factor's adjoint the product of the sum's adjoint and the other factor."""
        factors = cubes(self.space, products)
        for mine, other, is_wanted in zip(products, factors[::-1], wanted):
            if not is_wanted:
                continue
            if mine.kind < kind:
                out = self._temporary(mine.rows.shape)
                self.steps.append((self.over_lanes, (adjoint, other, out)))
            else:
                lanes = adjoint.shape[1:]
                out = self._temporary((*mine.rows.shape, *lanes))
                wide = other[:, :, None] if other.ndim < out.ndim else other
                self.steps.append((self.multiply, (adjoint[:, None], wide, out)))
            self._add(mine.kind, mine.rows.ravel(), out.reshape(-1, *out.shape[2:]))

    # -- adjoints

    def _add(self, kind: int, rows: Array, shares: Array) -> None:
        """Add shares, a row each, to the adjoints of some rows; shares of many lanes to a shared row are summed."""
        adjoints = self.space.adjoints[kind]
        part = as_slice(rows)
        if shares.ndim > adjoints.ndim:
            first = part is not None and not self.touched[kind][rows].any()
            total = adjoints[part] if first else self._temporary(shares.shape[:1])
            self.steps.append((np.add.reduce, (shares, 1, None, total)))
            if first:
                self.touched[kind][rows] = True
                return
            shares = total
        if part is None:
            rows, shares = self._merged(rows, shares)
            part = as_slice(rows)
        fresh = not self.touched[kind][rows].any()
        if not fresh:
            self._settle(kind, rows)
        self.touched[kind][rows] = True
        if part is not None and fresh:
            self.steps.append((np.copyto, (adjoints[part], shares)))
        elif part is not None:
            self.steps.append((np.add, (adjoints[part], shares, adjoints[part])))
        else:
            self.steps.append((assign if fresh else accumulate, (adjoints, rows, shares)))

    def _merged(self, rows: Array, shares: Array) -> tuple[Array, Array]:
        """Return rows that are all different, and the sums of their shares."""
        if all_different(rows):
            return rows, shares
        if (rows == rows[0]).all():
            total = self._temporary((1, *shares.shape[1:]))
            self.steps.append((np.add.reduce, (shares, 0, None, total, True)))
            return rows[:1], total
        order = np.argsort(rows, kind="stable")
        different, starts = np.unique(rows[order], return_index=True)
        sorted_shares = self._temporary(shares.shape)
        total = self._temporary((len(different), *shares.shape[1:]))
        self.steps.append((np.take, (shares, order, 0, sorted_shares, "clip")))
        self.steps.append((np.add.reduceat, (sorted_shares, starts, 0, None, total)))
        return different, total


def _all_operands(group: Group) -> Iterable[Operand]:
    return [*group.operands, *(side for products in group.products for side in products)]
