"""Row numbers as slices and views: how operands are read without a copy where they lie evenly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograd.replay.levels import CONSTANT, Products

__all__ = ["FEW", "all_different", "as_slice", "base_of", "is_matrix", "is_plain", "runs", "strided"]

Array = Any

FEW = 4
"""Products of a sum up to which they are added one by one, where they are no matrix product."""


def as_slice(rows: Array) -> slice | None:
    """Return row numbers as a slice, if they go up evenly.

    Example:
        >>> as_slice(np.array([3, 5, 7])), as_slice(np.array([3, 4, 7]))
        (slice(3, 8, 2), None)
    """
    count = len(rows)
    if not count:
        return slice(0, 0, 1)
    first, last = int(rows[0]), int(rows[-1])
    if count == 1:
        return slice(first, first + 1, 1)
    step = int(rows[1]) - first
    if step < 1 or last - first != step * (count - 1) or (count > 2 and (np.diff(rows) != step).any()):
        return None
    return slice(first, last + 1, step)


def strided(base: Array, rows: Array) -> Array | None:
    """Return the elements of a vector at a matrix of positions, as a view; None where they do not lie evenly."""
    down = int(rows[1, 0] - rows[0, 0]) if rows.shape[0] > 1 else rows.shape[1]
    right = int(rows[0, 1] - rows[0, 0]) if rows.shape[1] > 1 else 1
    height, width = (np.arange(size) for size in rows.shape)
    if down < 0 or right < 0 or (rows != rows[0, 0] + down * height[:, None] + right * width).any():
        return None
    unit = base.strides[0]
    return np.lib.stride_tricks.as_strided(base[rows[0, 0] :], rows.shape, (down * unit, right * unit))


def runs(rows: Sequence[int]) -> Iterable[slice]:
    """Yield ascending row numbers as slices without gaps."""
    start = 0
    for k in range(1, len(rows) + 1):
        if k == len(rows) or rows[k] != rows[k - 1] + 1:
            yield slice(rows[start], rows[k - 1] + 1)
            start = k


def is_matrix(products: Products) -> bool:
    """Return whether every row of a group has the same second factors, so that it is a matrix product."""
    rows = products.right.rows
    return bool(rows.shape[1] > 1 and (rows == rows[0]).all())


def is_plain(products: Products) -> bool:
    """Return whether every row of a group has a single term, with nothing that it is multiplied by."""
    left = products.left
    return bool(left.kind == CONSTANT and left.rows.shape[1] == 1 and (left.rows == 1.0).all())


def all_different(rows: Array) -> bool:
    """Return whether no row number comes twice."""
    return bool(len(np.unique(rows)) == rows.size)


def base_of(array: Array) -> Any:
    """Return the array that a view looks at in the end."""
    while getattr(array, "base", None) is not None:
        array = array.base
    return array
