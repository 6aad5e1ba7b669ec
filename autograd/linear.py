"""A matrix times a vector as one `dot` node per row: what a layer of neurons computes.

`matvec(rows, xs)` is `[dot(row, xs) for row in rows]`, with the vector looked up once for all rows. It repeats the
formula of the row `dot` for speed (a layer records in about half the time, see tests/benchmarks); a test proves the
nodes equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum, isfinite, nan
from operator import mul
from typing import Any, overload

from autograd import primitives, value
from autograd.primitives import Real, Recorded
from autograd.recording import active_modes, resolve
from autograd.tape import CONSTANT, WIDE, WIDTH, Tape
from autograd.value import Value, handle, place_on

__all__ = ["matvec"]

_KINDS = frozenset((Value, float))


@overload
def matvec(rows: Iterable[Sequence[Recorded]], xs: Sequence[Recorded | Real]) -> list[Recorded]: ...
@overload
def matvec(rows: Iterable[Sequence[Recorded | Real]], xs: Sequence[Recorded]) -> list[Recorded]: ...
@overload
def matvec(rows: Iterable[Sequence[Real]], xs: Sequence[Real]) -> list[float]: ...
@overload
def matvec(rows: Iterable[Sequence[Any]], xs: Sequence[Any]) -> list[Any]: ...
def matvec(rows: Iterable[Sequence[Any]], xs: Sequence[Any]) -> list[Any]:
    """Return the dot product of each row with a vector.

    Args:
        rows: m sequences of n numbers each.
        xs: n numbers.

    Returns:
        m numbers: floats, or nodes, one per row.

    Raises:
        ValueError: a row is longer or shorter than the vector.
        TypeError: something is not a number, or no sequence where one is taken; the message is that of `dot`.

    Example:
        >>> matvec([[1.0, 2.0], [3.0, 4.0]], [10.0, 1.0])
        [12.0, 34.0]
    """
    for given in (rows, xs):
        if not hasattr(given, "__iter__"):
            raise TypeError(f"matvec() takes a sequence of rows and a sequence of numbers, not {type(given).__name__}")
    xs = tuple(xs)
    tape = None if active_modes else resolve()
    if tape is None or len(xs) < 2 or not _KINDS.issuperset(map(type, xs)):
        return [primitives.dot(row, xs) for row in rows]
    return _recorded(tape, rows, xs)


def _recorded(tape: Tape, rows: Iterable[Sequence[Any]], xs: Sequence[Any]) -> list[Any]:
    numbers = tuple([x._data if type(x) is Value else x for x in xs])
    places = tuple([x._index if type(x) is Value and x._tape is tape else _place(tape, x) for x in xs])
    changing = len(places) - places.count(CONSTANT)
    if CONSTANT in places[:changing]:
        return [primitives.dot(row, xs) for row in rows]  # constants elsewhere than at the end: not a layer
    code, size, constants = primitives.dot.code, 2 * len(xs), numbers[changing:]
    results: list[Any] = []
    fields = tape.fields
    for row, weights, at in _looked_up(tape, rows):
        if weights is None or len(at) != len(xs):
            results.append(primitives.dot(row, xs))
            continue
        try:
            primal = fsum(map(mul, weights, numbers))
        except (OverflowError, ValueError):
            primal = nan
        if not isfinite(primal):
            primal = primitives.dot.compute(*weights, *numbers)
        slopes = numbers + weights[:changing] + constants
        results.append(handle(tape, len(fields) // WIDTH, primal))
        fields.extend((code, primal, at + places, slopes, WIDE, size))
    return results


def _looked_up(tape: Tape, rows: Iterable[Sequence[Any]]) -> Iterable[tuple[Sequence[Any], Any, Any]]:
    """Return (row, its numbers, its indices on the tape) for each row; of a matrix of tuples only once until a write.

    The numbers are None where a row is not made of leaves; then `dot` deals with it.
    """
    if type(rows) is not tuple:
        return [_look_up(tape, row) for row in rows]
    known = tape.prepared.get(id(rows))
    if known is None or known[0] != value.writes:
        before = value.writes
        looked_up = [_look_up(tape, row) for row in rows]
        if any(type(row) is not tuple for row in rows):  # it may have other leaves next time
            return looked_up
        known = tape.prepared[id(rows)] = (before, looked_up, rows)  # so it keeps its id
    found: list[tuple[Sequence[Any], Any, Any]] = known[1]
    return found


def _look_up(tape: Tape, row: Sequence[Any]) -> tuple[Sequence[Any], Any, Any]:
    if not hasattr(row, "__iter__") or not all(type(weight) is Value and weight.is_leaf for weight in row):
        return row, None, ()
    return row, tuple([weight._data for weight in row]), tuple([place_on(tape, weight) for weight in row])


def _place(tape: Tape, operand: Any) -> int:
    return place_on(tape, operand) if isinstance(operand, Value) else CONSTANT
