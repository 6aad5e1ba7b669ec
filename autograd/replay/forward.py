"""The steps that compute groups, each with the fewest array operations there are for it.

A sum of products is a matrix product where every row has the same second factors, a few products are added one by one,
and what is the same for all lanes is added once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.replay.forms import add_exactly, contracted, form
from autograd.replay.levels import BATCHED, CONSTANT, SHARED, Group, Operand, Products
from autograd.replay.rows import FEW, is_matrix, is_plain
from autograd.replay.workspace import Workspace

__all__ = ["Forward", "cubes"]

Array = Any


class Forward:
    """The steps that compute a group."""

    def __init__(self, space: Workspace, group: Group) -> None:
        self.space = space
        self.group = group
        self.steps = space.steps(group.kind)
        self.out = space.primals[group.kind][group.start : group.stop]
        self.constant = space.read(Operand(CONSTANT, group.constant), group.kind)

    def emit(self) -> None:
        """Add the steps."""
        group = self.group
        if group.primitive is None:
            self._sum()
            return
        operands = [self.space.read(operand, group.kind) for operand in group.operands]
        self.steps.append((form(group.primitive, self.space.careful), (*operands, self.out)))

    def _exact_sum(self) -> None:
        """Add up as the engine does: correctly rounded, whatever overflows on the way."""
        group, space = self.group, self.space
        factors = [
            space.read(Operand(side.kind, side.rows[:, k]), group.kind)
            for left, right in group.products
            for k in range(left.rows.shape[1])
            for side in (left, right)
        ]
        self.steps.append((add_exactly, (self.constant, *factors, self.out)))

    def _sum(self) -> None:
        if self.space.careful:
            self._exact_sum()
            return
        group, written = self.group, False
        for products in sorted(group.products, key=_shared_last):
            written = self._add(products, written)
        if not written:
            self.steps.append((np.copyto, (self.out, self.constant)))
        elif group.constant.any():
            self.steps.append((np.add, (self.out, self.constant, self.out)))

    def _add(self, products: Products, written: bool) -> bool:
        """Add products to the sum, or assign the first ones."""
        space, kind = self.space, self.group.kind
        if products.right.kind < kind:
            self._put(np.add, _vector(space, products), written)
        elif is_matrix(products) and products.left.kind < BATCHED:
            target = np.empty_like(self.out) if written else self.out
            left = space.matrix(products.left)
            if kind == SHARED:
                arguments = (left, space.rows(SHARED, products.right.rows[0]))
                arguments = (left, np.broadcast_to(arguments[1], left.shape[1:]))
            else:
                arguments = (left, space.columns(self.steps, products.right.rows[0], 1))
            self.steps.append((np.matmul, (*arguments, target)))
            if written:
                self.steps.append((np.add, (self.out, target, self.out)))
        elif products.left.rows.shape[1] <= FEW:
            self._one_by_one(products, written)
        else:
            target = np.empty_like(self.out) if written else self.out
            self.steps.append((contracted, (*cubes(space, products), target)))
            if written:
                self.steps.append((np.add, (self.out, target, self.out)))
        return True

    def _put(self, add: Any, part: Any, written: bool) -> None:
        if written:
            self.steps.append((add, (self.out, part, self.out)))
        else:
            self.steps.append((np.copyto, (self.out, part)))

    def _one_by_one(self, products: Products, written: bool) -> None:
        space, kind = self.space, self.group.kind
        part = np.empty_like(self.out)
        for k in range(products.left.rows.shape[1]):
            left, right = (
                space.read(Operand(side.kind, side.rows[:, k]), kind) for side in (products.left, products.right)
            )
            if isinstance(left, float) and left == 1.0:
                self._put(np.add, right, written)
            elif isinstance(left, float) and left == -1.0 and written:
                self._put(np.subtract, right, written)
            elif written:
                self.steps.append((np.multiply, (left, right, part)))
                self._put(np.add, part, True)
            else:
                self.steps.append((np.multiply, (left, right, self.out)))
            written = True


def _shared_last(products: Products) -> int:
    return -products.right.kind


def _vector(space: Workspace, products: Products) -> Array:
    """Return the shared part of a batched sum, as a column: it is computed once for all lanes."""
    if is_plain(products):
        return space.rows(SHARED, products.right.rows[:, 0])[:, None]
    out = np.empty(len(products.right.rows))
    space.before.append((contracted, (*cubes(space, products), out)))
    return out[:, None]


def cubes(space: Workspace, products: Products) -> tuple[Array, Array]:
    """Return both factors of products as arrays (rows, products) or (rows, products, lanes)."""
    return _cube(space, products.left), _cube(space, products.right)


def _cube(space: Workspace, operand: Operand) -> Array:
    if operand.kind < BATCHED:
        return space.matrix(operand)
    rows = operand.rows
    found = space.rows(BATCHED, rows.ravel())
    return np.broadcast_to(found, (rows.size, space.lanes)).reshape(*rows.shape, space.lanes)
