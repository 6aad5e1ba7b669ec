"""What callers of a program give: numbers of the right shape, or an error that says which."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["numbers", "table", "vector", "weights_of"]

Array = Any
FLOAT64 = np.dtype(np.float64)


def numbers(given: Any, what: str) -> Array:
    """Return real numbers as an array of float64.

    Raises:
        TypeError: something is not a real number.
        ValueError: rows differ in length.
    """
    try:
        array = np.asarray(given)
    except ValueError:
        raise ValueError(f"{what} have rows of different lengths: {given!r}"[:200]) from None
    if array.dtype is FLOAT64 or array.dtype == FLOAT64:
        return array
    if array.dtype.kind not in "fiu" and array.size:
        raise TypeError(f"{what} are real numbers, not {array.dtype.name}: {given!r}"[:200])
    return array.astype(np.float64)


def vector(given: Any, count: int, as_array: Callable[[Any, str], Array] = numbers) -> Array:
    """Return one number for each shared leaf, (count,).

    Raises:
        ValueError: the shape is another.
        TypeError: something is not a real number.
    """
    array = as_array(given, "shared inputs")
    if array.shape != (count,):
        raise ValueError(
            f"there are {count} shared leaves, so shared inputs have the shape ({count},), not {array.shape}"
        )
    return array


def table(given: Any, count: int, as_array: Callable[[Any, str], Array] = numbers) -> Array | None:
    """Return a row of numbers for each lane, (lanes, count); None where there are no batched leaves.

    Raises:
        ValueError: the shape is another.
        TypeError: something is not a real number.
    """
    if given is None:
        if count:
            raise ValueError(
                f"there are {count} batched leaves: give their numbers, a row for each lane, as (B, {count})"
            )
        return None
    array = as_array(given, "batched inputs")
    if array.ndim != 2 or array.shape[1] != count:
        raise ValueError(
            f"there are {count} batched leaves, so batched inputs have the shape (B, {count}), a row for each lane, "
            f"not {array.shape}"
        )
    return array


def weights_of(given: Any, lanes: int | None, n_outputs: int) -> Array:
    """Return weights as (lanes, outputs)."""
    array = numbers(given, "weights")
    shape = (*(() if lanes is None else (lanes,)), *(() if n_outputs == 1 else (n_outputs,)))
    if array.shape != shape:
        try:
            array = np.broadcast_to(array, shape)
        except ValueError:
            message = f"weights have the shape {shape}, that of the values, not {array.shape}"
            raise ValueError(message) from None
    return array.reshape(-1, n_outputs)
