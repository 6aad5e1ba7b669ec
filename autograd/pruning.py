"""Pruning: what some outputs depend on, as a tape of its own, across imports."""

from __future__ import annotations

import gc
import itertools
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from autograd.tape import IMPORT, LEAF, NONE, WIDE, WIDTH, Lock, Node, Place, Tape, reachable
from autograd.value import Value, place_of, resolved

__all__ = ["pruned_alone", "pruned_tape", "tapes_of", "without_collections"]

Result = TypeVar("Result")

_counting = Lock()
_resting: set[object] = set()
_was_enabled = False
"""For whom the collector rests, and whether it is to work again when it rests for nobody any more."""


def pruned_tape(outputs: Iterable[Any]) -> Tape:
    """Return `Tape.of(*outputs)`."""
    outputs = tuple(outputs)
    if not outputs:
        raise ValueError("Tape.of() needs at least one value: the outputs whose tape it returns")
    for output in outputs:
        if not isinstance(output, Value):
            raise TypeError(f"Tape.of() takes Values, not {type(output).__name__}")
        if output.is_constant:
            raise ValueError("Tape.of() of a constant (from detach() or no_grad()): it depends on nothing")
    places = [place_of(output) for output in outputs]
    alone = places[0][0] if places[0] is not None else None
    if alone is not None and not alone.imports and all(place is not None and place[0] is alone for place in places):
        return pruned_alone(alone, [place[1] for place in places if place is not None])
    pruned = _Pruning()
    without_collections(lambda: pruned.add(reachable([place for place in places if place is not None])[0]))
    pruned.tape.outputs = tuple(pruned.position(output) for output in outputs)
    return pruned.tape


def without_collections(work: Callable[[], Result]) -> Result:
    """Return what a function returns, while the cyclic garbage collector rests: many objects without cycles are made.

    It rests as long as any thread is in here, and works afterwards if it did before, whatever interrupts.
    """
    visitor = object()
    try:
        try:
            _let_rest(visitor)
            return work()
        finally:
            _let_work(visitor)
    except BaseException:  # interrupted on the way out, maybe
        _let_work(visitor)
        raise


def _let_rest(visitor: object) -> None:
    global _was_enabled
    with _counting:
        if not _resting:
            _was_enabled = gc.isenabled()
        _resting.add(visitor)
        gc.disable()


def _let_work(visitor: object) -> None:
    """Let the collector work again, unless others let it rest; may be done twice."""
    global _was_enabled
    with _counting:
        _resting.discard(visitor)
        if _was_enabled and not _resting:
            gc.enable()
            _was_enabled = False


def _work_alone() -> None:
    """Let the collector work in a forked process, in which the threads that let it rest do not go on."""
    _resting.clear()
    _let_work(None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_work_alone)


def pruned_alone(tape: Tape, outputs: Sequence[int]) -> Tape:
    """Return the pruned tape of some nodes of one tape that imports nothing: the same as the general way, but faster.

    Cost: half a microsecond per node.
    """
    size = max(outputs) + 1
    marked = _marked(tape.fields[: WIDTH * size], outputs)
    kept = list(itertools.compress(range(size), marked))
    positions = [position - 1 for position in itertools.accumulate(marked)]
    pruned = Tape()
    pruned.fields = _kept(tape.fields[: WIDTH * size], kept, positions)
    pruned.leaves = {positions[k]: leaf for k, leaf in tape.leaves.copy().items() if k < size and marked[k]}
    pruned.entered = {key: index for index, (_, key) in pruned.leaves.items()}
    pruned.labels = {positions[k]: label for k, label in tape.labels.copy().items() if k < size and marked[k]}
    pruned.scopes = _kept_scopes(tape, kept) if tape.scopes else []
    pruned.sources = _Places(tape, kept)
    pruned.outputs = tuple(positions[index] for index in outputs)
    return pruned


def _marked(fields: Sequence[Any], outputs: Sequence[int]) -> bytearray:
    """Return for each node whether some outputs depend on it."""
    lefts, rights = fields[2::WIDTH], fields[4::WIDTH]
    marked = bytearray(len(lefts))
    for index in outputs:
        marked[index] = 1
    for index in range(len(lefts) - 1, -1, -1):
        if not marked[index]:
            continue
        left, right = lefts[index], rights[index]
        if right == WIDE:
            for at in left:
                if at >= 0:
                    marked[at] = 1
            continue
        if right >= 0:
            marked[right] = 1
        if left >= 0:
            marked[left] = 1
    return marked


def _kept(fields: list[Any], kept: Sequence[int], positions: Sequence[int]) -> list[Any]:
    """Return the fields of the nodes that are kept, with their new numbers."""
    if len(kept) == len(positions):
        return fields
    new: list[Any] = []
    for index in kept:
        code, primal, left, left_slope, right, right_slope = fields[WIDTH * index : WIDTH * index + WIDTH]
        if right == WIDE:
            left = tuple([positions[at] if at >= 0 else at for at in left])
        else:
            left = positions[left] if left >= 0 else left
            right = positions[right] if right >= 0 else right
        new.extend((code, primal, left, left_slope, right, right_slope))
    return new


def _kept_scopes(tape: Tape, kept: Sequence[int]) -> list[tuple[int, tuple[str, ...]]]:
    runs: list[tuple[int, tuple[str, ...]]] = []
    before: tuple[str, ...] = ()
    for position, index in enumerate(kept):
        path = tape.scope_at(index)
        if path != before:
            runs.append((position, path))
            before = path
    return runs


def tapes_of(pruned: Tape) -> list[Tape]:
    """Return the tapes that the lines of a pruned tape were recorded on; a tape and its stand-in count as one."""
    sources = pruned.sources
    if isinstance(sources, _Places):
        return [sources.tape]
    found: dict[Tape, None] = {}
    last: Tape | None = None
    for tape, _ in sources or ():
        if tape is not last:
            found[tape] = None
            last = tape
    return list(found)


class _Places(Sequence[Place]):
    """Some nodes of one tape, as places: made when they are asked for, because so many tuples take long to make."""

    __slots__ = ("_indices", "tape")

    def __init__(self, tape: Tape, indices: Sequence[int]) -> None:
        self.tape = tape
        self._indices = indices

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, position: Any) -> Any:
        if isinstance(position, slice):
            return [(self.tape, index) for index in self._indices[position]]
        return self.tape, self._indices[position]


class _Pruning:
    """Copies lines onto a tape of their own: imports dissolve, each version of a leaf stands once."""

    def __init__(self) -> None:
        self.tape = Tape()
        self._sources: list[Place] = []
        self.tape.sources = self._sources
        self._positions: dict[int, list[int]] = {}  # id of a tape's fields -> new position of each node, or -1

    def add(self, found: Iterable[Place]) -> None:
        """Copy nodes that come once each, in an order in which operands stand before what is computed from them."""
        new, current = self.tape.fields, None
        fields: list[Any] = []
        positions: list[int] = []
        for place in found:
            tape, index = place
            if tape is not current:
                current, fields, positions = tape, tape.fields, self._positions_on(tape)
            code, primal, left, left_slope, right, right_slope = fields[WIDTH * index : WIDTH * index + WIDTH]
            if code < 0:
                positions[index] = self._special(place, code, primal)
                continue
            if right == WIDE:
                left = tuple([positions[at] if at >= 0 else at for at in left])
            else:
                left = positions[left] if left >= 0 else left
                right = positions[right] if right >= 0 else right
            positions[index] = len(self._sources)
            new.extend((code, primal, left, left_slope, right, right_slope))
            self._note(place)

    def position(self, output: Value) -> int:
        place = place_of(output)
        if place is None:
            return self._leaf(output, output._index, output._data, None)
        tape, index = resolved(place)
        return self._positions[id(tape.fields)][index]

    def _positions_on(self, tape: Tape) -> list[int]:
        known = self._positions.get(id(tape.fields))
        if known is None:
            known = self._positions[id(tape.fields)] = [-1] * len(tape)
        return known

    def _special(self, place: Place, code: int, primal: float) -> int:
        """Return the new position of a line without operands."""
        tape, index = place
        if code == IMPORT:
            origin, at = resolved(place)
            return self._positions[id(origin.fields)][at]
        if code == LEAF:
            leaf, key = tape.leaves[index]
            return self._leaf(leaf, key, primal, place)
        return self._append((code, primal), place)

    def _leaf(self, leaf: Value, key: int, primal: float, place: Place | None) -> int:
        index = self.tape.entered.get(key)
        if index is None:
            index = self.tape.entered[key] = len(self._sources)
            self.tape.leaves[index] = (leaf, key)
            self.tape.fields.extend((LEAF, primal, NONE, 0.0, NONE, 0.0))
            self._note(place or (self.tape, index))
        return index

    def _append(self, node: Node, place: Place) -> int:
        index = self.tape.append(node)
        self._note(place)
        return index

    def _note(self, place: Place) -> None:
        """Keep where a new node comes from, its label and its scope."""
        self._sources.append(place)
        source, at = place
        if not (source.labels or source.scopes or self.tape.scopes):
            return
        index = len(self._sources) - 1
        if at in source.labels:
            self.tape.labels[index] = source.labels[at]
        path = source.scope_at(at)
        if path != (self.tape.scopes[-1][1] if self.tape.scopes else ()):
            self.tape.scopes.append((index, path))
