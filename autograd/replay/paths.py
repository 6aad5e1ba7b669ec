"""Paths through a function: one recording for each way its comparisons may come out, as programs.

A path is two programs: one of the comparisons, which says for which lanes it holds, and one of the results. This room
knows how a function is recorded so that nothing in it is frozen without notice.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from math import copysign
from typing import Any

import numpy as np

from autograd import primitives
from autograd.errors import BranchChanged
from autograd.recording import Replayable, mode, recording_for_replay
from autograd.replay.arguments import Call, Reader, name_of
from autograd.replay.program import Program, compiled
from autograd.tape import Tape
from autograd.value import Value, note_read

__all__ = ["Path", "Recording", "noted"]

Array = Any
Function = Callable[..., Any]


class Path:
    """One way through f, recorded.

    Attributes:
        structure: of what f returned.
        program: of those of its numbers that were computed; None where none was.
        guards: the comparisons, as a program of their own; None where there were none.
        own: whether the lane it was recorded at passes the guards; rounding on a boundary may tell otherwise.
    """

    def __init__(self, call: Call, recording: Recording) -> None:
        self.structure = recording.structure
        self.guards = recording.guards()
        self.program = recording.program()
        self._closed = recording.closed
        self._reads = recording.replayable.reads
        self._numbers = np.array([0.0 if isinstance(each, Value) else each for each in recording.numbers])
        self._computed = [k for k, each in enumerate(recording.numbers) if isinstance(each, Value)]
        self.own = bool(self.holds(call, None if call.lanes is None else [recording.lane]).all())

    def current(self) -> bool:
        """Return whether the leaves whose `.data` or `.grad` f read have the same numbers still."""
        return all(_is_same(getattr(leaf, what), then) for leaf, what, then in self._reads)

    def read(self) -> None:
        """Tell an enclosing recording which leaves from outside this depends on."""
        for leaf, what in (*[(leaf, "_data") for leaf in self._closed], *[read[:2] for read in self._reads]):
            note_read(leaf, what)

    def _shared(self, call: Call) -> Array:
        if not self._closed:
            return call.shared
        return np.concatenate([call.shared, [leaf._data for leaf in self._closed]])

    def holds(self, call: Call, rows: Any) -> Array:
        """Return which of some lanes take this path."""
        if self.guards is None:
            return np.ones(call.count if rows is None else len(rows), dtype=bool)
        return self.guards.holds(self._shared(call), call.rows(rows)).reshape(-1)

    def values(self, call: Call, rows: Any) -> Array:
        """Return the numbers of the result: (B, k), or (k,) without lanes."""
        if self.program is None:
            return self._with_numbers(call, rows, None)
        found = self.program.value(self._shared(call), call.rows(rows))
        return self._with_numbers(call, rows, found if self.program.n_outputs > 1 else found[..., None])

    def _with_numbers(self, call: Call, rows: Any, found: Array | None) -> Array:
        if found is not None and len(self._computed) == len(self._numbers):
            return found
        lanes = call.rows(rows)
        table = np.empty((*(() if lanes is None else (len(lanes),)), len(self._numbers)))
        table[...] = self._numbers
        if found is not None:
            table[..., self._computed] = found
        return table

    def value_and_grad(self, call: Call, rows: Any, weights: Any, per_row: bool, wrt: str) -> _Part:
        """Return the numbers of the result, and the gradients in shared and batched numbers; one not wanted is any."""
        lanes, n_shared = call.rows(rows), len(call.shared)
        if self.program is None:
            found = self._with_numbers(call, rows, None)
            n_lanes = found.shape[:-1]
            of_shared = np.zeros((*n_lanes, n_shared) if per_row else n_shared)
            return found, of_shared, np.zeros((*n_lanes, 0 if lanes is None else lanes.shape[1]))
        values, gradients = self.program.value_and_grad(self._shared(call), lanes, weights, per_row=per_row, wrt=wrt)
        of_shared, of_batched = gradients if wrt == "both" else (gradients, gradients)
        return values[..., None], of_shared[..., :n_shared], of_batched

    def parted_at(self, call: Call, lane: int) -> str | None:
        """Return the comparison at which a lane leaves this path."""
        try:
            if self.guards is not None:
                self.guards.value(self._shared(call), call.rows([lane]))
        except BranchChanged as changed:
            where = f"  ({changed.source[0]}:{changed.source[1]})" if changed.source else ""
            return f"{changed.line or changed.comparison}{where}"
        return None


_Part = tuple[Array, Array, Array]


def _is_same(number: float, then: float) -> bool:
    return number == then and copysign(1.0, number) == copysign(1.0, then)


class Recording:
    """One run of f on Values.

    Attributes:
        structure: of what it returned.
        numbers: what it returned, flat: Values and floats.
        closed: leaves that are no arguments.
        replayable: how it was recorded.
        lane: whose numbers it was recorded with.
    """

    def __init__(self, f: Function, call: Call, lane: int) -> None:
        self.lane = lane
        self._f = f
        self._shared, self._batched = call.leaves(lane)
        self._tape = Tape()
        self._outer = mode().replayable
        self.replayable = self._begun()
        with recording_for_replay(self.replayable), self._tape, noted(f, call, lane):
            arguments, keywords = call.arguments(self._shared, self._batched)
            self._finish(f(*arguments, **keywords))
        self.closed = self._closed()

    def _begun(self) -> Replayable:
        inputs = frozenset(leaf._index for leaf in (*self._shared, *self._batched))
        outer = self._outer.inputs if self._outer is not None else frozenset[int]()
        return Replayable(self._tape, inputs | outer, Value(0.0)._index, self._tape.serials[0], [])

    def _finish(self, result: Any) -> None:
        """Take the result apart; what it consists of ends on this tape, after all that was recorded."""
        reader = Reader(name_of(self._f), of_result=True)
        self.structure = reader.read(result)
        numbers = [each for piece in reader.pieces for each in (piece if type(piece) is list else piece.tolist())]
        self.numbers = [_plain(each) for each in numbers]
        self._outputs = [each for each in self.numbers if isinstance(each, Value)]
        for each in self._outputs:
            primitives.pos(each)  # enters it, wherever it came from
        anchor = next(iter([*self._shared, *self._batched, *[leaf for leaf, _ in self._tape.leaves.values()]]), None)
        self._anchor = None if anchor is None else primitives.pos(anchor)

    def _closed(self) -> list[Value]:
        """Return the leaves that f took from outside."""
        mine = {id(leaf) for leaf in (*self._shared, *self._batched)}
        found = {id(leaf): leaf for tape in self._tapes() for leaf, _ in tape.leaves.values()}
        closed = [leaf for key, leaf in found.items() if key not in mine]
        if self._outer is not None and any(leaf._index in self._outer.inputs for leaf in closed):
            raise self._from_outside()
        return closed

    def _tapes(self) -> list[Tape]:
        """Return what was recorded on since f was called."""
        found = [self._tape]
        for tape in found:
            for other, _ in tape.imports.values():
                if other.serials[0] < self.replayable.serial:
                    raise self._from_outside()
                if other not in found:
                    found.append(other)
        return found

    def _from_outside(self) -> ValueError:
        return ValueError(
            f"{name_of(self._f)} depends on a Value that was computed outside of it, and replays would neither see it "
            "change nor differentiate in it: make it an argument, or use v.detach() for a number that is to stay"
        )

    def guards(self) -> Program | None:
        """Return the comparisons as a program."""
        return self._compiled([self._anchor], guarded=True) if self._tape.guards and self._anchor is not None else None

    def program(self) -> Program | None:
        """Return what computes the numbers of the result, whatever comparisons come to."""
        return self._compiled(self._outputs, guarded=False) if self._outputs else None

    def _compiled(self, outputs: Sequence[Any], guarded: bool) -> Program:
        return compiled(Tape.of(*outputs), [*self._shared, *self.closed], self._batched, guarded=guarded)


def _plain(given: Any) -> Any:
    return given._data if isinstance(given, Value) and given.is_constant else given


@contextlib.contextmanager
def noted(f: Function, call: Call, lane: int) -> Generator[None, None, None]:
    """Add to what f raises for which lane it was called."""
    try:
        yield
    except Exception as error:
        if call.lanes is not None:
            error.add_note(f"{name_of(f)} was called with the numbers of lane {lane}")
        raise
