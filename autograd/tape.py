"""The tape: a Wengert list, and the float sweeps over it.

This room knows graphs and nothing of calculus. A node reads as one tuple of plain numbers:

    (LEAF, primal)                                      a leaf: no operands
    (INPUT, primal)                                     a fresh input of a transform: no operands
    (IMPORT, primal)                                    a node of another tape, see `Tape.imports`
    (code, primal, operand, slope)                      one operand
    (code, primal, operand, slope, operand, slope)      two operands
    (code, primal, operands, slopes, count)             any number of operands, as two tuples of length `count`

`code` is the number of a primitive (see `autograd.primitives`). An operand is the index of an earlier node of the same
tape, or `CONSTANT`; a constant has no adjoint, and its number stands where the slope would.

It is stored in WIDTH fields of one flat list, filled up with NONE, or marked WIDE for any number of operands: no object
per node is left for the cyclic garbage collector to walk, and a node becomes visible by one `extend`, so that an
interrupt at any moment leaves a whole tape.

What is deliberately not here: what a primitive computes, how a partial is evaluated, which tape is recorded on.
"""

from __future__ import annotations

import heapq
import itertools
import operator
import os
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd.listing import Line, Step
    from autograd.replay.program import Program

__all__ = [
    "CONSTANT",
    "IMPORT",
    "INPUT",
    "LEAF",
    "Frontier",
    "Lock",
    "Tape",
    "advance_serials",
    "edges",
    "forward_sweep",
    "next_serial",
    "reachable",
    "reverse_sweep",
    "stored",
]

CONSTANT = -1
LEAF = -1
INPUT = -2
IMPORT = -3

WIDTH = 6
NONE = -2
WIDE = -3

CAPACITY = 1 << 15
"""How many nodes an automatic tape takes before the next recording opens a fresh one (about 3 MB)."""

GENERATIONS = 8
"""After so many tapes that import from each other in a row, those not needed any more are let go."""


class Lock(type(threading.RLock())):  # type: ignore[misc]
    """A lock for the life of the process, which the thread that has it may take again.

    A fork would copy it as it stands, and nobody in the new process would release what another thread held in the old
    one. So a fork waits for it, and what it protects is whole in both processes.

    An interrupt finds it entered inside of its `with`, or not at all. From Python 3.14 on `with` enters what is written
    in C by a call, and an interrupt that comes at this call leaves it entered.
    """

    def __init__(self) -> None:
        if hasattr(os, "register_at_fork"):  # not on Windows
            os.register_at_fork(before=self.acquire, after_in_parent=self.release, after_in_child=self.release)

    def __enter__(self) -> None:
        held: list[bool] = []
        try:
            held.extend(map(self.acquire, (True,)))  # one call, so that whether it is held is known whatever interrupts
        except BaseException:
            for _ in held:
                self.release()
            raise


Node = tuple[Any, ...]
Place = tuple["Tape", int]

_serials = itertools.count(1)
_numbering = Lock()
_shared_indices: list[int] = []


def indices() -> list[int]:
    """Return a list that holds k at [WIDTH · k]: one for all tapes, because an int per node would cost 32 bytes."""
    if not _shared_indices:
        places = [0] * (WIDTH * CAPACITY)
        places[::WIDTH] = range(CAPACITY)
        _shared_indices[:] = places  # at once, because several threads may be here
    return _shared_indices


def next_serial() -> int:
    """Return a number that is higher than all before it."""
    with _numbering:
        return next(_serials)


def advance_serials(past: int) -> None:
    """Let the serial numbers of later segments start beyond one that a restored tape brought along."""
    global _serials
    with _numbering:
        _serials = itertools.count(max(past + 1, next(_serials)))


def edges(node: Node) -> tuple[Sequence[int], Sequence[float]]:
    """Return the operands of a node and the slopes (or constants) beside them, in operand order."""
    if len(node) == 5:
        return node[2], node[3]
    return node[2::2], node[3::2]


def stored(node: Node) -> Node:
    """Return the fields a node is stored in."""
    if len(node) == 6:
        return node
    if len(node) == 4:
        return (*node, NONE, 0.0)
    if len(node) == 5:
        return (*node[:4], WIDE, node[4])
    return (*node, NONE, 0.0, NONE, 0.0)


def _node(fields: Sequence[Any]) -> Node:
    """Return the node that is stored in some fields."""
    code, primal, left, left_slope, right, right_slope = fields
    if right == WIDE:
        return code, primal, left, left_slope, right_slope
    if right == NONE:
        return (code, primal) if left == NONE else (code, primal, left, left_slope)
    return code, primal, left, left_slope, right, right_slope


class Nodes(Sequence[Node]):
    """The nodes of a tape, to read: a view of its fields."""

    __slots__ = ("_fields",)

    def __init__(self, fields: list[Any]) -> None:
        self._fields = fields

    def __len__(self) -> int:
        return len(self._fields) // WIDTH

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        at = WIDTH * operator.index(index)
        if at < 0:
            at += len(self._fields)
        fields = self._fields[at : at + WIDTH] if at >= 0 else []
        if not fields:
            raise IndexError(f"there is no node {index} on a tape of {len(self)}")
        return _node(fields)

    def __iter__(self) -> Iterator[Node]:
        fields = iter(self._fields)
        return map(_node, zip(fields, fields, fields, fields, fields, fields))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Nodes) and self._fields == other._fields

    __hash__ = None  # type: ignore[assignment]


class Tape:
    """A Wengert list: nodes in the order of their evaluation, in flat lists.

    `with Tape() as tape:` records what is computed in the block on this tape. Recording order is a topological order.

    Attributes:
        fields: the nodes, WIDTH fields each, as the module's docstring describes.
        leaves: index of a leaf's line -> (leaf, the key under which it was entered).
        imports: index of an import -> the (tape, index) it stands for.
        entered: what is on this tape already: a leaf's key, or (id of fields, index) of an import -> index of its line.
        labels: index -> label, for the nodes that have one.
        scopes: (first index, scope path) of each run of nodes, ascending.
        guards: recorded truths of comparisons, as (index, code, operand, operand, outcome, source), see `Condition`.
        adjoints: adjoints left by the last sweep that reached this tape, for people to look at; no sweep reads them.
        generation: how many tapes in a row import from each other up to this one; see `enter_import`.
        outputs: for a pruned tape made by `Tape.of`, the indices of its outputs; otherwise None.
        sources: for a pruned tape, the (tape, index) that each line was taken from; otherwise None.

    Example:
        >>> from autograd import Tape, Value
        >>> w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
        >>> with Tape() as tape:
        ...     g = w1**3 * w2 + 3 * w1
        >>> len(tape)
        6
    """

    __slots__ = (
        "__weakref__",
        "_shown",
        "_stand_ins",
        "entered",
        "fields",
        "generation",
        "guards",
        "guards_dropped",
        "imports",
        "indices",
        "labels",
        "leaves",
        "outputs",
        "prepared",
        "restore",
        "scopes",
        "serials",
        "sources",
        "starts",
        "token",
    )

    def __init__(self) -> None:
        self.fields: list[Any] = []
        self.indices: Sequence[int] = ()  # what an unguarded recording may hand out; () sends it the careful way
        self.entered: dict[Any, int] = {}
        self.leaves: dict[int, tuple[Any, int]] = {}
        self.imports: dict[int, Place] = {}
        self.starts: list[int] = [0]
        self.serials: list[int] = [next_serial()]
        self.labels: dict[int, str] = {}
        self.scopes: list[tuple[int, tuple[str, ...]]] = []
        self.guards: list[tuple[Any, ...]] = []
        self.guards_dropped = False
        self.generation = 0
        self._shown: list[list[float] | None] = [None]
        self._stand_ins: dict[int, tuple[Tape, bytearray]] = {}
        self.outputs: tuple[int, ...] | None = None
        self.sources: Sequence[Place] | None = None
        self.prepared: dict[int, Any] = {}  # what `matvec` looked up about the rows of a matrix
        self.token: Any = None
        self.restore: list[Any] = []

    # -- recording ---------------------------------------------------------------------------------------------------

    def append(self, node: Node) -> int:
        """Add one node and return its index.

        Args:
            node: a tuple of plain numbers, as the module's docstring describes.
        """
        index = len(self)
        self.fields.extend(stored(node))
        return index

    def begin_segment(self) -> int:
        """Start a new segment at the end of this tape and return its serial number.

        Serial numbers grow with time over all tapes. An import of a node in no older segment begins a segment here,
        so every node a segment uses lies in the same segment or in one with a smaller serial number: that is what
        orders a sweep over several tapes, also when two of them import from each other.
        """
        serial, start = next_serial(), len(self)
        if self.starts[-1] == start:
            self.serials[-1] = serial
        else:  # no call in between: an interrupt comes at calls
            self.starts += (start,)
            self.serials += (serial,)
        return serial

    def enter(self, key: Any, node: Node, known: dict[int, Any], entry: Any) -> int:
        """Enter a line that is known by a key and return its index.

        Args:
            key: under which it is found again, see `entered`.
            node: without operands.
            known: `leaves` or `imports`.
            entry: what stands there for the line.
        """
        index, fields = len(self), stored(node)
        known[index] = entry  # before the line: a line that is there is one another thread may read
        self.entered[key] = index
        self.fields += fields  # no call since the first of the three: an interrupt, and another thread, come at calls
        return index

    def enter_import(self, place: Place) -> int:
        """Enter a node of another tape, once, and return the index of its line here; of a stand-in's, its own index.

        An import keeps the other tape alive, and that one what it imports, needed or not: a loop that carries one value
        over from each tape to the next would keep them all. So every few generations a stand-in is imported from,
        which has the other tape's nodes, and only those of its imports that the value depends on.

        Args:
            place: (tape, index) of the node.
        """
        tape, position = place
        if tape.fields is self.fields:
            return position
        key = (id(tape.fields), position)
        index = self.entered.get(key)
        if index is None:
            if tape.imports and (tape.generation + 1) % GENERATIONS == 0:
                tape = self._stand_in(tape, position)
            self.generation = max(self.generation, tape.generation + 1)
            if tape.serials[tape.segment(position)] >= self.serials[-1]:  # a copy of a tape is of its age
                self.begin_segment()
            node = (IMPORT, tape.fields[WIDTH * position + 1])
            index = self.enter(key, node, self.imports, (tape, position))
        return index

    def _stand_in(self, tape: Tape, position: int) -> Tape:
        """Return what stands in for another tape here: all of its nodes, and the imports that some of them need.

        A guard may compare what depends on another import: that is no longer known here, see `autograd.replay.guards`.
        """
        known = self._stand_ins.get(id(tape.fields))
        if known is None:
            known = self._stand_ins[id(tape.fields)] = (tape._without_imports(), bytearray(len(tape)))
        stand_in, marked = known
        marked.extend(bytes(len(tape) - len(marked)))  # the other tape may have grown
        found: set[int] = set()
        needed: dict[int, Place] = {}
        waiting = [position]
        while waiting:
            index = waiting.pop()
            if not marked[index] and index not in found:
                found.add(index)
                left, _, right = tape.fields[WIDTH * index + 2 : WIDTH * index + 5]
                waiting.extend([operand for operand in (left if right == WIDE else (left, right)) if operand >= 0])
                if index in tape.imports:
                    needed[index] = tape.imports[index]
        if needed:
            stand_in.generation = tape.generation
        stand_in.imports.update(needed)
        for index in found:  # last: what is marked has its imports, whatever interrupts
            marked[index] = 1
        return stand_in

    def _without_imports(self) -> Tape:
        twin = Tape()
        shared = ("fields", "leaves", "starts", "serials", "labels", "scopes", "guards", "guards_dropped", "_shown")
        for name in shared:
            setattr(twin, name, getattr(self, name))  # the very same lists and dicts
        return twin

    def scope_at(self, index: int) -> tuple[str, ...]:
        """Return the scope path that the node at an index was recorded in, outermost first.

        Raises:
            IndexError: there is no node at that index.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"there is no node {index} on a tape of {len(self)}")
        position = bisect_right(self.scopes, index, key=_first) - 1
        return self.scopes[position][1] if position >= 0 else ()

    # -- reading -----------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        """Whether it has the same nodes: a tape and what stands in for it count as one."""
        return isinstance(other, Tape) and self.fields is other.fields

    def __hash__(self) -> int:
        return id(self.fields)

    def __len__(self) -> int:
        return len(self.fields) // WIDTH

    @property
    def adjoints(self) -> list[float] | None:
        """The adjoints left by the last sweep that reached this tape; None before any."""
        return self._shown[0]

    @adjoints.setter
    def adjoints(self, adjoints: list[float] | None) -> None:
        self._shown[0] = adjoints

    @property
    def nodes(self) -> Nodes:
        """The nodes, to read."""
        return Nodes(self.fields)

    def segment(self, index: int) -> int:
        """Return the number of the segment that holds the node at an index."""
        return bisect_right(self.starts, index) - 1

    @staticmethod
    def of(*outputs: Any) -> Tape:
        """Return the pruned tape of some values: what they depend on, ordered, across imports, and nothing else.

        Args:
            outputs: one or more recorded values (or leaves).

        Returns:
            A tape of its own that nothing more is recorded on; its `outputs` are the positions of the given values.

        Raises:
            TypeError: an output is not a Value.
            ValueError: an output is a constant (made by `detach()` or under `no_grad()`), or none was given.

        Cost: one structural sweep over what the outputs depend on.

        Example:
            >>> from autograd import Tape, Value
            >>> x = Value(3.0)
            >>> unused, y = x + 1, x * x
            >>> len(Tape.of(y))
            2
        """
        from autograd.pruning import pruned_tape

        return pruned_tape(outputs)

    def __enter__(self) -> Tape:
        from autograd.recording import open_explicitly

        return open_explicitly(self)

    def __exit__(self, *exception: object) -> None:
        from autograd.recording import close_explicitly

        try:
            close_explicitly(self)
        except BaseException:  # interrupted
            close_explicitly(self)
            raise

    def __str__(self) -> str:
        return self.trace()

    def trace(self, seed: str | dict[str, float] | None = None) -> str:
        """Return the evaluation trace as a table: primals with slopes and adjoints, or with tangents for a seed.

        Args:
            seed: the leaf to differentiate in by forward mode, by name; or name -> tangent. None for reverse mode.

        Raises:
            ValueError: the tape has no leaf of that name.
            TypeError: the seed is neither a name nor a dict.

        Cost: one sweep.

        Example:
            >>> from autograd import Value
            >>> x = Value(3.0, label="x")
            >>> print(Tape.of(x * x).trace("x"))
            name  operation  slope × tangent  tangent  dual number
            ------------------------------------------------------
            x     leaf       seed                   1  3 + 1ε
            v1    x * x      3 × 1 + 3 × 1          6  9 + 6ε
        """
        from autograd.show import trace

        return trace.trace(self) if seed is None else trace.forward_trace(self, seed)

    def lines(self) -> list[Line]:
        """Return the lines as plain records, which can be run as gates; see `autograd.listing.Line`.

        Example: forward and backward through every gate, which is backpropagation.
            >>> from autograd import Value
            >>> w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
            >>> tape = Tape.of(w1**3 * w2 + 3 * w1)
            >>> lines, primals = tape.lines(), {}
            >>> for line in lines:
            ...     primals[line.index] = line.forward(*[primals.get(at.index, at.primal) for at in line.operands])
            >>> adjoints = {line.index: 0.0 for line in lines}
            >>> adjoints[lines[-1].index] = 1.0
            >>> for line in reversed(lines):
            ...     for operand, share in zip(line.operands, line.backward(adjoints[line.index])):
            ...         if operand.index is not None:
            ...             adjoints[operand.index] += share
            >>> primals[lines[-1].index], [adjoints[line.index] for line in lines if line.kind == "leaf"]
            (30.0, [39.0, 8.0])
        """
        from autograd.listing import lines

        return lines(self)

    def steps(self, output: int | None = None, seed: float = 1.0) -> Iterator[Step]:
        """Return the steps of backpropagation one by one: every evaluation, the seed, every share.

        Args:
            output: position of the output on the pruned tape; by default the last of its outputs.
            seed: the adjoint to start from.

        Raises:
            IndexError: there is no line at that position.

        Example:
            >>> from autograd import Value
            >>> for step in Tape.of(Value(3.0, label="x") * 2.0).steps():
            ...     print(step)
            x = 3
            v1 = x * 2 = 6
            v1: 1
            x ← v1 · ∂v1/∂x: 1 × 2 = 2
        """
        from autograd.listing import steps

        return steps(self, output, seed)

    def formula(self, *, latex: bool = False) -> str:
        """Return the expression that the tape computes, as text or as LaTeX.

        Args:
            latex: whether as LaTeX.

        Raises:
            ValueError: the tape is empty, or the formula is too long to be read.

        Example:
            >>> from autograd import Value, sin
            >>> x = Value(0.5, label="x")
            >>> print(Tape.of(sin(x) / (x + 1)).formula())
            sin(x) / (x + 1)
        """
        from autograd.show.formula import formula

        return formula(self, latex=latex)

    def compile(self, shared: Sequence[Any] | None = None, batched: Sequence[Any] = ()) -> Program:
        """Return the tape as a program that computes many lanes at once, at the speed of array code.

        Args:
            shared: leaves that are one number for all lanes, such as parameters; by default all that are not batched.
            batched: leaves that are one number per lane, such as data.

        Raises:
            ValueError: a leaf is named twice or not at all, or comparisons made while recording are no longer known.
            TypeError: something named is not a leaf.
            StaleTape: a leaf stands on the tape with old and new data.

        Convention: a replay checks the comparisons made before the last output was computed, on the tapes that it was
            recorded on, and those that decided what these compare; it raises where one would come out differently. One
            that came later, or stands on another tape, is not asked: `if loss < best` does not belong to the loss. So
            choose with `where`, or write `+(a if a < b else b)`, or compile the function (`autograd.compile`).

        Cost: a few microseconds per node.

        Example:
            >>> from autograd import Value
            >>> w, x = Value(2.0), Value(3.0)
            >>> program = Tape.of(w * x + x).compile(shared=[w], batched=[x])
            >>> values, gradient = program.value_and_grad([2.0], [[3.0], [10.0]])
            >>> values.tolist(), gradient.tolist()
            ([9.0, 30.0], [13.0])
        """
        from autograd.replay.program import compiled

        return compiled(self, shared, batched)

    def source(self) -> str:
        """Return the tape as readable Python: its value and gradient, one line a node, with nothing but `math`.

        Raises:
            ValueError: the tape is empty, or has a primitive whose source is not known.

        Example:
            >>> from autograd import Value
            >>> x = Value(3.0, label="x")
            >>> names = {}
            >>> exec(Tape.of(x * x).source(), names)
            >>> names["value_and_grad"](4.0)
            (16.0, (8.0,))
        """
        from autograd.replay.source import source_of

        return source_of(self)

    def __repr__(self) -> str:
        return f"<Tape: {len(self)} nodes>"

    def __reduce__(self) -> Any:
        from autograd.copies import reduce_tape

        return reduce_tape(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        from autograd.copies import restore_tape

        restore_tape(self, state)


def _first(run: tuple[int, tuple[str, ...]]) -> int:
    return run[0]


class Frontier:
    """The segments still to be visited by a reverse sweep over one or more tapes, newest first.

    Args:
        since: segments with a smaller serial number than this are not visited.
    """

    def __init__(self, since: int = 0) -> None:
        self._since = since
        self._heap: list[tuple[int, int, Tape, int]] = []
        self._highest: dict[tuple[Tape, int], int] = {}
        self._views: dict[Tape, list[Tape]] = {}
        self._tie = itertools.count()
        self._latest: Tape | None = None  # the tape touched last, and which of its nodes are scheduled by it
        self._low = self._high = 0

    def touch(self, place: Place) -> bool:
        """Schedule the segment of a node. Return False where it lies before `since`."""
        tape, index = place
        if tape is self._latest and self._low <= index <= self._high:
            return True
        number = tape.segment(index)
        serial = tape.serials[number]
        if serial < self._since:
            return False
        key = (tape, number)
        highest = self._highest.get(key)
        views = self._views.setdefault(tape, [])
        if all(view is not tape for view in views):
            views.append(tape)
        if highest is None:
            heapq.heappush(self._heap, (-serial, next(self._tie), tape, number))
        if highest is None or index > highest:
            self._highest[key] = highest = index
        self._latest, self._low, self._high = tape, tape.starts[number], highest
        return True

    def __iter__(self) -> Iterator[tuple[Tape, int, int]]:
        """Yield (tape, low, high): visit the nodes high, …, low; what they touch may be added meanwhile.

        The tape has the imports of all that were touched and count as this one, because any of them may need its own.
        """
        while self._heap:
            _, _, tape, number = heapq.heappop(self._heap)
            low = tape.starts[number]
            yield self._whole(tape), low, self._highest[tape, number]
            # Operands in an older segment of the same tape: their adjoints stand in the same buffer already.
            if number:
                self.touch((tape, low - 1))

    def _whole(self, tape: Tape) -> Tape:
        """Return the tape or stand-in that was touched; where several were, one that has the imports of all of them."""
        views = self._views[tape]
        if len(views) > 1:
            whole = max(views, key=lambda view: len(view.imports))
            if any(view.imports.keys() - whole.imports.keys() for view in views):
                whole = tape._without_imports()
                whole.generation = max(view.generation for view in views)
                for view in views:
                    whole.imports.update(view.imports)
            views[:] = [whole]
        return views[0]


def imports_between(tape: Tape, low: int, high: int) -> dict[int, Place]:
    """Return for those of the nodes high, …, low that are imports, in this order, which places they stand for."""
    if not tape.imports:
        return {}
    codes = tape.fields[WIDTH * low : WIDTH * (high + 1) : WIDTH]
    codes.reverse()
    imports = [index for index, code in zip(range(high, low - 1, -1), codes) if code == IMPORT]
    return {index: tape.imports[index] for index in imports if index in tape.imports}


def reverse_sweep(seeds: Iterable[tuple[Place, float]], since: int = 0) -> dict[Tape, list[float]]:
    """Return the adjoints of every node the seeds reach, one list per tape, newest node first visited.

    adjoint(operand) = sum over its uses of adjoint(result) × slope.

    Args:
        seeds: ((tape, index), adjoint) pairs to start from.
        since: leave out segments with a smaller serial number.

    Convention: a share whose adjoint or slope is exactly zero is exactly nothing (no 0 · inf).

    Cost: one step per node from the highest seed down; 40 bytes per node.
    """
    buffers: dict[Tape, list[float]] = {}
    frontier = Frontier(since)
    for place, adjoint in seeds:
        if frontier.touch(place):
            _add(buffers, place, adjoint)
    for tape, low, high in frontier:
        adjoints = buffers[tape]
        sweep_fields(tape.fields, adjoints, low, high)
        for index, place in imports_between(tape, low, high).items():
            if adjoints[index] and frontier.touch(place):
                _add(buffers, place, adjoints[index])
    return buffers


def _add(buffers: dict[Tape, list[float]], place: Place, adjoint: float) -> None:
    tape, index = place
    adjoints = buffers.setdefault(tape, [])
    missing = index + 1 - len(adjoints)
    if missing > 0:
        adjoints.extend([0.0] * missing)
    adjoints[index] += adjoint


def sweep_fields(fields: list[Any], adjoints: list[float], low: int, high: int) -> None:
    """Send the adjoints of the nodes high, …, low on to their operands, in place."""
    for right_slope, right, left_slope, left, _, _, adjoint in _newest_first(fields, adjoints, low, high):
        if not adjoint:
            continue
        if right >= 0:
            if right_slope:
                adjoints[right] += adjoint * right_slope
        elif right == WIDE:
            for operand, slope in zip(left, left_slope):
                if operand >= 0 and slope:
                    adjoints[operand] += adjoint * slope
            continue
        if left_slope and left >= 0:
            adjoints[left] += adjoint * left_slope


def _newest_first(fields: list[Any], adjoints: list[float], low: int, high: int) -> Iterator[Any]:
    """Return the fields of the nodes high, …, low, last field first, then the adjoint as it is in the node's turn."""
    skipped, swept = len(fields) // WIDTH - 1 - high, len(adjoints) - 1 - high
    if skipped + swept > 4 * (high - low):
        return (
            (*reversed(fields[WIDTH * index : WIDTH * index + WIDTH]), adjoints[index])
            for index in range(high, low - 1, -1)
        )
    # Reversed iterators read the lists as they go, in half the time of indices, but have to run over what is skipped.
    field: Iterator[Any] = reversed(fields)
    adjoint: Iterator[float] = reversed(adjoints)
    if low or skipped or swept:
        field = itertools.islice(field, WIDTH * skipped, WIDTH * (skipped + high - low + 1))
        adjoint = itertools.islice(adjoint, swept, None)
    return zip(field, field, field, field, field, field, adjoint)


def forward_sweep(nodes: Sequence[Node], tangents: dict[int, float]) -> list[float]:
    """Return the tangent of every node of one tape, given the tangents of some of its lines.

    tangent(result) = sum over its operands of slope × tangent(operand).

    Args:
        nodes: the nodes of a tape without imports (`Tape.of` makes one).
        tangents: index of a line without operands -> its tangent; the others start from 0.

    Convention: a share whose tangent or slope is exactly zero is exactly nothing, as in `reverse_sweep`.
    """
    swept: list[float] = []
    for index, node in enumerate(nodes):
        tangent = tangents.get(index, 0.0)
        for operand, slope in zip(*edges(node)):
            if operand >= 0 and slope and swept[operand]:
                tangent += slope * swept[operand]
        swept.append(tangent)
    return swept


def reachable(outputs: Iterable[Place], since: int = 0) -> tuple[list[Place], bool]:
    """Return what some nodes depend on, themselves included, oldest first; and whether anything was cut off by `since`.

    Cost: one step per node from the highest output down; one byte per node.
    """
    marks: dict[Tape, bytearray] = {}
    frontier = Frontier(since)
    outside = False
    for place in outputs:
        outside |= not _mark(marks, frontier, place)
    found: list[Place] = []
    for tape, low, high in frontier:
        marked, imports = marks[tape], imports_between(tape, low, high)
        part = tape.fields[WIDTH * low : WIDTH * (high + 1)]
        lefts, rights = part[2::WIDTH], part[4::WIDTH]
        for index in range(high, low - 1, -1):
            if not marked[index]:
                continue
            left, right = lefts[index - low], rights[index - low]
            if right == WIDE:
                for operand in left:
                    if operand >= 0:
                        marked[operand] = 1
            elif index in imports:
                outside |= not _mark(marks, frontier, imports[index])
            else:
                if right >= 0:
                    marked[right] = 1
                if left >= 0:
                    marked[left] = 1
            found.append((tape, index))
    found.reverse()
    return found, outside or (since > 0 and _reaches_below(found, since))


def _mark(marks: dict[Tape, bytearray], frontier: Frontier, place: Place) -> bool:
    tape, index = place
    if not frontier.touch(place):
        return False
    marked = marks.setdefault(tape, bytearray())
    if index >= len(marked):
        marked.extend(bytes(index + 1 - len(marked)))
    marked[index] = 1
    return True


def _reaches_below(found: list[Place], since: int) -> bool:
    """Return whether a node of the list has an operand on its own tape in a segment older than `since`."""
    floors: dict[int, int] = {}
    for tape, index in found:
        floor = floors.get(id(tape.fields))
        if floor is None:
            floor = floors[id(tape.fields)] = _floor(tape, since)
        if any(0 <= operand < floor for operand in edges(tape.nodes[index])[0]):
            return True
    return False


def _floor(tape: Tape, since: int) -> int:
    number = bisect_right(tape.serials, since - 1)
    return tape.starts[number] if number < len(tape.starts) else len(tape)
