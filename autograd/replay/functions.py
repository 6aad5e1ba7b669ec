"""Functions of numbers as functions of arrays: recorded once for each path, replayed for all lanes.

This room knows what callers give and get back: which arguments carry lanes, which program belongs to which structure of
arguments, and which lanes take which path. It knows nothing of what a program computes: that is
`autograd.replay.program`.

A function is called as it is written, with Values in the place of numbers, once for each path. What it does beside
returning a result (printing, appending to lists, drawing random numbers) happens only then.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import operator
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from autograd import primitives
from autograd.errors import BranchChanged, NonFiniteError, TooManyPaths
from autograd.primitives import is_real, number
from autograd.recording import Replayable, active_modes, leniently, mode, recording_for_replay
from autograd.replay.program import Program
from autograd.tape import Tape
from autograd.value import Value

__all__ = ["Compiled", "Vectorized", "compile", "vectorize"]

Array = Any
Function = Callable[..., Any]
Names = str | int | Iterable[str | int]

MOST_PATHS = 16
MOST_STRUCTURES = 256


def compile(f: Function, batched: Names = (), static: Names = ()) -> Compiled:
    """Return a function that records f once, and from then on computes many lanes at once, as array operations.

    Args:
        f: a function of numbers and of nested lists, tuples, dicts and arrays of numbers that returns a number or such
            a structure. It is called with Values, once for each path through it; names that it takes from outside
            have to go on meaning what they meant then. The number of a leaf from outside is read anew at every call.
        batched: the parameters that carry lanes, by name or position. The first axis of an array or a list is that of
            lanes, and f sees what `argument[lane]` is; a tuple or dict is a structure of such arguments. All others
            are shared: the same numbers for every lane.
        static: the parameters whose numbers f needs as they are, say for `range(n)`: f is recorded for each.
            What is no number (a str, bool, None or function) is static anyway.

    Returns:
        A function of the arguments of f. Its result has the structure of f's, with an array (B,) in the place of each
        number, and an array (B, ...) in the place of each array; without batched arguments, floats and arrays. With
        Values or Duals among the arguments it is f itself, of one lane: so transforms can be applied to it. With no
        lanes at all, and before f was ever recorded, the result is one empty array.

    Raises:
        ValueError: f has no such parameter; or when called: lanes differ in number or structure, or f depends on a
            Value that was computed outside of it.
        TypeError: an argument, or what f returned, is nothing that numbers can be found in; f read `.data` of
            something that depends on an argument.
        TooManyPaths: f takes more than 16 paths for arguments of one structure.
        NonFiniteError: under `strict()`, for the first lane at fault.

    Convention: a lane takes the path that its comparisons come to; a loop that runs another number of times is another
        path.

    Cost: one recording of f for each path and structure of arguments; then one replay for each path that a lane takes.

    Example:
        >>> f = compile(lambda x, y: x if x < y else y, batched=("x", "y"))
        >>> f([3.0, 3.0], [4.0, 2.0])
        array([3., 2.])
        >>> values, (of_x, of_y) = f.value_and_grad([3.0, 3.0], [4.0, 2.0], argnums=(0, 1))
        >>> of_x, of_y
        (array([1., 0.]), array([0., 1.]))
    """
    return Compiled(f, batched, static)


def vectorize(f: Function) -> Vectorized:
    """Return f, a function of numbers, as a function of arrays that are broadcast against each other.

    Args:
        f: a function of numbers, see `compile`.

    Returns:
        A function of arrays, nested lists and numbers of any shapes; its result has the shape they have together, and
        is a float where that is (). Where f returns a structure, so does it, of such arrays. With Values or Duals
        among the arguments it is f itself.

    Raises:
        ValueError: the shapes do not go together.
        TypeError, TooManyPaths, NonFiniteError: see `compile`; lanes are counted along the last axis first.

    Cost: see `compile`.

    Example:
        >>> from autograd import grad, sin
        >>> vectorize(grad(lambda x, a: sin(a * x)))([[0.0], [0.5]], [1.0, 2.0]).round(3)
        array([[1.   , 2.   ],
               [0.878, 1.081]])
    """
    return Vectorized(f)


# -- the structure of arguments and results --------------------------------------------------------------------------


class _HasValues(Exception):
    """There is a Value or a Dual among the arguments, so there is nothing to replay."""


class _Cursor:
    """Takes columns off a table, or leaves off an array, from the first one on."""

    def __init__(self, table: Array) -> None:
        self._table = table
        self._at = 0

    def take(self, count: int) -> Array:
        start, self._at = self._at, self._at + count
        return self._table[..., start : self._at]


class _Number:
    """One number."""

    def given(self, leaves: _Cursor) -> Any:
        """Return what f is given."""
        return leaves.take(1)[0]

    def result(self, columns: _Cursor) -> Any:
        """Return what the caller gets for these columns of a table (lanes..., columns)."""
        column = columns.take(1)[..., 0]
        return column if column.ndim else float(column)

    def names(self, name: str) -> Iterator[str]:
        """Return what its numbers are called."""
        yield name


NUMBER = _Number()


@dataclass(frozen=True, slots=True)
class _Block:
    """An array of numbers of one shape; `lists` says that f is given nested lists."""

    shape: tuple[int, ...]
    lists: bool = False

    def given(self, leaves: _Cursor) -> Any:
        block = leaves.take(_size(self.shape)).reshape(self.shape)
        return block.tolist() if self.lists else block

    def result(self, columns: _Cursor) -> Any:
        block = columns.take(_size(self.shape))
        return block.reshape(*block.shape[:-1], *self.shape)

    def names(self, name: str) -> Iterator[str]:
        for place in np.ndindex(*self.shape):
            yield f"{name}[{', '.join(map(str, place))}]"


@dataclass(frozen=True, slots=True)
class _Sequence:
    """A list, a tuple or a named tuple."""

    kind: type
    parts: tuple[Any, ...]

    def given(self, leaves: _Cursor) -> Any:
        return self._made([part.given(leaves) for part in self.parts])

    def result(self, columns: _Cursor) -> Any:
        return self._made([part.result(columns) for part in self.parts])

    def names(self, name: str) -> Iterator[str]:
        for k, part in enumerate(self.parts):
            yield from part.names(f"{name}[{k}]")

    def _made(self, parts: list[Any]) -> Any:
        if hasattr(self.kind, "_fields"):
            return self.kind(*parts)
        return parts if issubclass(self.kind, list) else tuple(parts)


@dataclass(frozen=True, slots=True)
class _Mapping:
    """A dict."""

    keys: tuple[Any, ...]
    parts: tuple[Any, ...]

    def given(self, leaves: _Cursor) -> Any:
        return {key: part.given(leaves) for key, part in zip(self.keys, self.parts)}

    def result(self, columns: _Cursor) -> Any:
        return {key: part.result(columns) for key, part in zip(self.keys, self.parts)}

    def names(self, name: str) -> Iterator[str]:
        for key, part in zip(self.keys, self.parts):
            yield from part.names(f"{name}[{key!r}]")


@dataclass(frozen=True, slots=True)
class _Static:
    """Something that is no number, or is to stay as it is; `kind` tells 1 from 1.0 and True."""

    kind: type
    thing: Any

    def given(self, leaves: _Cursor) -> Any:
        del leaves
        return self.thing

    result = given

    def names(self, name: str) -> Iterator[str]:
        del name
        return iter(())


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


class _Reader:
    """Finds the numbers of one argument, or of what f returned.

    Attributes:
        pieces: the numbers: lists and arrays (n,), or for lanes arrays (B, n).
        count: how many there are in lists and arrays (n,).
    """

    def __init__(self, name: str, of_result: bool = False) -> None:
        self.name = name
        self.pieces: list[Any] = []
        self.count = 0
        self._of_result = of_result

    def read(self, given: Any) -> Any:
        """Return the structure of something that is the same for all lanes."""
        kind = type(given)
        if kind is float:
            self._take([given])
            return NUMBER
        if isinstance(given, (list, tuple)):
            if given and set(map(type, given)) == {float}:
                self._take(given)
                return _Sequence(kind, (NUMBER,) * len(given))
            return _Sequence(kind, tuple([self.read(each) for each in given]))
        if isinstance(given, dict):
            return _Mapping(tuple(given), tuple([self.read(each) for each in given.values()]))
        if is_real(given):
            self._take([number(given)])
            return NUMBER
        if hasattr(kind, "__primitive__"):
            return self._read_value(given)
        return self._read_array(given) if hasattr(kind, "__array__") else self.static(given)

    def _take(self, numbers: Sequence[Any]) -> None:
        self.count += len(numbers)
        if self.pieces and type(self.pieces[-1]) is list:
            self.pieces[-1].extend(numbers)
        else:
            self.pieces.append(list(numbers))

    def _read_value(self, given: Any) -> Any:
        if not self._of_result:
            raise _HasValues
        if not isinstance(given, Value):
            raise TypeError(f"{self.name} returned a {type(given).__name__}: return a number, say where(c, 1.0, 0.0)")
        self._take([given])
        return NUMBER

    def _read_array(self, given: Any) -> Any:
        array = np.asarray(given)
        if array.dtype.kind == "O":
            self._take(_flat([self._number_in(each) for each in array.flat]))
        elif array.shape or array.dtype.kind != "b":
            self.pieces.append(self.numbers(array).ravel())
            self.count += array.size
        else:
            return self.static(bool(array))
        return _Block(array.shape) if array.shape else NUMBER

    def _number_in(self, given: Any) -> list[Any]:
        reader = _Reader(self.name, self._of_result)
        if reader.read(given) is not NUMBER:
            raise TypeError(f"{self._said()} an array of numbers, not of {type(given).__name__}")
        return list(reader.pieces[0])

    def _said(self) -> str:
        return f"{self.name} has to return" if self._of_result else f"{self.name} has to be"

    def numbers(self, array: Array) -> Array:
        """Return an array of float64."""
        if array.dtype == np.float64:
            return array
        if array.dtype.kind not in "fiu" and array.size:
            raise TypeError(f"{self._said()} an array of real numbers, not of {array.dtype.name}")
        return array.astype(np.float64)

    def static(self, given: Any) -> Any:
        """Return something as what it is."""
        if self._of_result:
            raise TypeError(
                f"{self.name} returned {type(given).__name__}: return a number, or a list, tuple, dict or array of "
                "numbers"
            )
        try:
            hash(given)
        except TypeError:
            raise TypeError(
                f"{self.name} is a {type(given).__name__}: give numbers, lists, tuples, dicts and arrays of numbers, "
                "or something hashable, for which a program of its own is kept"
            ) from None
        return _Static(type(given), given)

    # -- lanes

    def read_lanes(self, given: Any) -> Any:
        """Return the structure that one lane of something has."""
        kind = type(given)
        if kind is np.ndarray and given.ndim:
            return self._read_table(given, lists=False)
        if isinstance(given, tuple):
            return _Sequence(kind, tuple([self.read_lanes(each) for each in given]))
        if isinstance(given, dict):
            return _Mapping(tuple(given), tuple([self.read_lanes(each) for each in given.values()]))
        if isinstance(given, list):
            return self._read_list(given)
        if hasattr(kind, "__primitive__"):
            raise _HasValues
        if hasattr(kind, "__array__"):
            array = np.asarray(given)
            if array.ndim:
                return self._read_table(array, lists=False)
        if is_real(given):
            raise ValueError(
                f"{self.name} is batched, so its first axis is that of lanes, and a number has none: give an array, or "
                f"leave {self.name} out of `batched`"
            )
        return self.static(given)

    def _read_table(self, array: Array, lists: bool) -> Any:
        if array.ndim == 1 and array.dtype == np.float64:
            self.pieces.append(array[:, None])
            return NUMBER
        if array.dtype.kind == "O":
            array = self._of_objects(array)
        shape = array.shape[1:]
        self.pieces.append(self.numbers(array).reshape(len(array), _size(shape)))
        return _Block(shape, lists) if shape else NUMBER

    def _of_objects(self, array: Array) -> Array:
        numbers = _flat([self._number_in(each) for each in array.flat])
        return np.array(numbers, dtype=np.float64).reshape(array.shape)

    def _read_list(self, given: list[Any]) -> Any:
        first: Any = given
        while isinstance(first, list) and first:
            first = first[0]
        if is_real(first) or isinstance(first, list) or hasattr(type(first), "__primitive__"):
            try:
                array = np.array(given)
            except ValueError:
                raise ValueError(f"the lanes of {self.name} differ in shape") from None
            return self._read_table(array, lists=array.ndim > 1)
        return self._read_rows(given)

    def _read_rows(self, given: list[Any]) -> Any:
        """Return the structure of each entry of a list, which is that of all."""
        rows: list[Any] = []
        structures: list[Any] = []
        for lane, each in enumerate(given):
            reader = _Reader(self.name)
            structures.append(reader.read(each))
            rows.append(_joined(reader.pieces))
            if structures[-1] != structures[0]:
                raise ValueError(f"lane {lane} of {self.name} has another structure than lane 0")
        self.pieces.append(np.array(rows))
        return structures[0]


class _Role(NamedTuple):
    """What becomes of an argument.

    Attributes:
        name: of the parameter.
        batched: whether it carries lanes.
        static: whether it stays as it is.
    """

    name: str
    batched: bool
    static: bool


class _Reading:
    """Reads the arguments of a call, one after the other."""

    def __init__(self) -> None:
        self._readers = (_Reader(""), _Reader(""))
        self._slots: list[_Slot] = []
        self._ends = [0, 0]
        self._names: list[str] = []

    def read(self, role: _Role, given: Any) -> None:
        """Read an argument."""
        reader = self._readers[role.batched]
        reader.name = role.name
        start = self._ends[role.batched]
        if role.static:
            structure = reader.static(given)
        elif role.batched:
            structure = reader.read_lanes(given)
            new = reader.pieces[len(self._names) :]
            self._names += [role.name] * len(new)
            self._ends[True] += sum([piece.shape[1] for piece in new])
        else:
            structure = reader.read(given)
            self._ends[False] = reader.count
        self._slots.append(_Slot(role.name, role.batched, structure, start, self._ends[role.batched]))

    def call(self, keywords: tuple[str, ...]) -> _Call:
        """Return the call."""
        shared, batched = (reader.pieces for reader in self._readers)
        if not batched and any(slot.batched for slot in self._slots):
            raise ValueError("there are no numbers in the batched arguments, so that lanes cannot be counted")
        lanes = _table(list(zip(self._names, batched))) if batched else None
        return _Call(self._slots, _joined(shared), lanes, keywords)


def _flat(lists: list[list[Any]]) -> list[Any]:
    return [each for numbers in lists for each in numbers]


def _joined(pieces: list[Any]) -> Array:
    """Return the numbers of shared arguments as one vector."""
    if len(pieces) == 1:
        return np.asarray(pieces[0], dtype=np.float64)
    if not pieces:
        return np.empty(0)
    return np.concatenate([np.asarray(each, dtype=np.float64) for each in pieces])


def _table(pieces: list[tuple[str, Array]]) -> Array:
    """Return the numbers of batched arguments as one table, a row for each lane."""
    name, first = pieces[0]
    if len(pieces) == 1:
        return first
    for other, piece in pieces:
        if len(piece) != len(first):
            raise ValueError(
                f"batched arguments have equally many lanes: {name} has {len(first)}, {other} has {len(piece)}"
            )
    return np.concatenate([piece for _, piece in pieces], axis=1)


# -- calls -----------------------------------------------------------------------------------------------------------


class _Slot(NamedTuple):
    """One argument.

    Attributes:
        name: of the parameter.
        batched: whether it carries lanes.
        structure: that of one lane.
        start, stop: where its numbers stand, among the shared or the batched ones.
    """

    name: str
    batched: bool
    structure: Any
    start: int
    stop: int


class _Call:
    """The arguments of one call.

    Attributes:
        slots: one for each argument, those given by keyword last.
        key: what a program is kept under.
        shared: (P,) numbers.
        lanes: (B, n) numbers; None without batched arguments.
        keywords: names of the arguments given by keyword.
    """

    __slots__ = ("key", "keywords", "lanes", "shared", "slots")

    def __init__(self, slots: list[_Slot], shared: Array, lanes: Array | None, keywords: tuple[str, ...]) -> None:
        self.slots = slots
        self.key = (keywords, *[slot.structure for slot in slots])
        self.shared = shared
        self.lanes = lanes
        self.keywords = keywords

    @property
    def count(self) -> int:
        return 1 if self.lanes is None else len(self.lanes)

    def rows(self, rows: Array | None) -> Array | None:
        """Return the numbers of some lanes; None stands for all of them."""
        return self.lanes if rows is None or self.lanes is None else self.lanes[rows]

    def leaves(self, lane: int) -> tuple[list[Value], list[Value]]:
        """Return fresh leaves with the numbers of one lane: shared and batched."""
        batched = () if self.lanes is None else self.lanes[lane].tolist()
        return self._named(False, self.shared.tolist()), self._named(True, batched)

    def _named(self, batched: bool, numbers: Sequence[float]) -> list[Value]:
        names = [name for slot in self.slots if slot.batched is batched for name in slot.structure.names(slot.name)]
        return [Value(each, label=name) for each, name in zip(numbers, names)]

    def arguments(self, shared: Sequence[Value], batched: Sequence[Value]) -> tuple[list[Any], dict[str, Any]]:
        """Return what f is called with."""
        cursors = [_Cursor(_objects(shared)), _Cursor(_objects(batched))]
        given = [slot.structure.given(cursors[slot.batched]) for slot in self.slots]
        positional = len(given) - len(self.keywords)
        return given[:positional], dict(zip(self.keywords, given[positional:]))


def _objects(things: Sequence[Any]) -> Array:
    array = np.empty(len(things), dtype=object)
    array[:] = things
    return array


class _Parameters:
    """Which arguments of a function are meant by names and positions.

    Attributes:
        names: of the positional parameters.
    """

    def __init__(self, f: Function) -> None:
        try:
            found = list(inspect.signature(f).parameters.values())
        except (TypeError, ValueError):
            found = []
        self.names = [each.name for each in found if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
        self._rest = next((each.name for each in found if each.kind is each.VAR_POSITIONAL), None)
        self._others = {each.name for each in found if each.kind is each.KEYWORD_ONLY}
        self._any = any(each.kind is each.VAR_KEYWORD for each in found)

    def chosen(self, wanted: Names, what: str, f: Function) -> Callable[[Any], bool]:
        """Return a function that tells whether a position, or the name of a keyword, is among the wanted ones."""
        each = [wanted] if isinstance(wanted, (str, int)) else list(wanted)
        found: set[Any] = set()
        rest = False
        for name in each:
            found |= self._meant(name, what, f)
            rest = rest or name == self._rest
        return lambda at: at in found or (rest and type(at) is int and at >= len(self.names))

    def _meant(self, name: str | int, what: str, f: Function) -> set[Any]:
        if isinstance(name, str):
            if name in self.names:
                return {name, self.names.index(name)}
            if name in self._others or name == self._rest or self._any:
                return {name}
            known = ", ".join([*self.names, *self._others]) or "none that have names"
            raise ValueError(f"{what} names {name!r}, and the parameters of {_name(f)} are: {known}")
        position = operator.index(name)
        if position < 0:
            raise ValueError(f"{what} counts positions from 0, and {position} is below")
        return {position, *self.names[position : position + 1]}

    def name(self, position: int) -> str:
        """Return what the argument at a position is called."""
        return self.names[position] if position < len(self.names) else f"argument {position}"


def _name(f: Function) -> str:
    return getattr(f, "__name__", None) or type(f).__name__


# -- paths -----------------------------------------------------------------------------------------------------------


class _Path:
    """One way through f, recorded.

    Attributes:
        structure: of what f returned.
        program: of those of its numbers that were computed; None where none was.
        guards: the comparisons, as a program of their own; None where there were none.
        own: whether the lane it was recorded at passes the guards; rounding on a boundary may tell otherwise.
    """

    def __init__(self, call: _Call, recording: _Recording) -> None:
        self.structure = recording.structure
        self.guards = recording.guards()
        self.program = recording.program()
        self._closed = recording.closed
        self._reads = recording.replayable.reads
        self._numbers = np.array([0.0 if isinstance(each, Value) else each for each in recording.numbers])
        self._computed = [k for k, each in enumerate(recording.numbers) if isinstance(each, Value)]
        self.own = bool(self.holds(call, None if call.lanes is None else [recording.lane]).all())

    def current(self) -> bool:
        """Return whether the leaves whose `.data` f read have the same data still."""
        return all(leaf._data == then for leaf, then in self._reads)

    def _shared(self, call: _Call) -> Array:
        if not self._closed:
            return call.shared
        return np.concatenate([call.shared, [leaf._data for leaf in self._closed]])

    def holds(self, call: _Call, rows: Any) -> Array:
        """Return which of some lanes take this path."""
        if self.guards is None:
            return np.ones(call.count if rows is None else len(rows), dtype=bool)
        return self.guards.holds(self._shared(call), call.rows(rows)).reshape(-1)

    def values(self, call: _Call, rows: Any) -> Array:
        """Return the numbers of the result: (B, k), or (k,) without lanes."""
        if self.program is None:
            return self._with_numbers(call, rows, None)
        found = self.program.value(self._shared(call), call.rows(rows))
        return self._with_numbers(call, rows, found if self.program.n_outputs > 1 else found[..., None])

    def _with_numbers(self, call: _Call, rows: Any, found: Array | None) -> Array:
        if found is not None and len(self._computed) == len(self._numbers):
            return found
        lanes = call.rows(rows)
        table = np.empty((*(() if lanes is None else (len(lanes),)), len(self._numbers)))
        table[...] = self._numbers
        if found is not None:
            table[..., self._computed] = found
        return table

    def value_and_grad(self, call: _Call, rows: Any, weights: Any, per_row: bool, wrt: str) -> _Part:
        """Return the numbers of the result, and the gradients in shared and batched numbers that are wanted."""
        lanes, n_shared = call.rows(rows), len(call.shared)
        if self.program is None:
            found = self._with_numbers(call, rows, None)
            n_lanes = found.shape[:-1]
            of_shared = np.zeros((*n_lanes, n_shared) if per_row else n_shared)
            return found, of_shared, np.zeros((*n_lanes, 0 if lanes is None else lanes.shape[1]))
        values, gradients = self.program.value_and_grad(self._shared(call), lanes, weights, per_row=per_row, wrt=wrt)
        of_shared, of_batched = gradients if wrt == "both" else (gradients, gradients)
        found = values[..., None]
        return found, None if wrt == "batched" else of_shared[..., :n_shared], None if wrt == "shared" else of_batched

    def parted_at(self, call: _Call, lane: int) -> str | None:
        """Return the comparison at which a lane leaves this path."""
        try:
            if self.guards is not None:
                self.guards.value(self._shared(call), call.rows([lane]))
        except BranchChanged as changed:
            where = f"  ({changed.source[0]}:{changed.source[1]})" if changed.source else ""
            return f"{changed.line or changed.comparison}{where}"
        return None


_Part = tuple[Array, Array | None, Array | None]


class _Recording:
    """One run of f on Values.

    Attributes:
        structure: of what it returned.
        numbers: what it returned, flat: Values and floats.
        closed: leaves that are no arguments.
        replayable: how it was recorded.
        lane: whose numbers it was recorded with.
    """

    def __init__(self, f: Function, call: _Call, lane: int) -> None:
        self.lane = lane
        self._f = f
        self._shared, self._batched = call.leaves(lane)
        self._tape = Tape()
        self._since = self._tape.serials[0]
        self._outer = mode().replayable
        self.replayable = self._begun()
        with recording_for_replay(self.replayable), _noted(f, call, lane):
            arguments, keywords = call.arguments(self._shared, self._batched)
            self._finish(f(*arguments, **keywords))
        self.closed = self._closed()

    def _begun(self) -> Replayable:
        inputs = frozenset(leaf._index for leaf in (*self._shared, *self._batched))
        outer = self._outer.inputs if self._outer is not None else frozenset[int]()
        return Replayable(self._tape, inputs | outer, Value(0.0)._index, [])

    def _finish(self, result: Any) -> None:
        """Take the result apart; what it consists of ends on this tape, after all that was recorded."""
        reader = _Reader(_name(self._f), of_result=True)
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
                if other.serials[0] < self._since:
                    raise self._from_outside()
                if other not in found:
                    found.append(other)
        return found

    def _from_outside(self) -> ValueError:
        return ValueError(
            f"{_name(self._f)} depends on a Value that was computed outside of it, and replays would neither see it "
            "change nor differentiate in it: make it an argument, or use v.detach() for a number that is to stay"
        )

    def guards(self) -> Program | None:
        """Return the comparisons as a program, and drop them from the tape."""
        guards, self._tape.guards = self._tape.guards, []
        if not guards or self._anchor is None:
            return None
        self._tape.guards = guards
        program = self._compiled([self._anchor])
        self._tape.guards = []
        return program

    def program(self) -> Program | None:
        """Return what computes the numbers of the result, whatever comparisons come to."""
        return self._compiled(self._outputs) if self._outputs else None

    def _compiled(self, outputs: Sequence[Any]) -> Program:
        program: Program = Tape.of(*outputs).compile([*self._shared, *self.closed], self._batched)
        return program


def _plain(given: Any) -> Any:
    return given._data if isinstance(given, Value) and given.is_constant else given


@contextlib.contextmanager
def _noted(f: Function, call: _Call, lane: int) -> Generator[None, None, None]:
    """Add to what f raises for which lane it was called."""
    try:
        yield
    except Exception as error:
        if call.lanes is not None:
            error.add_note(f"{_name(f)} was called with the numbers of lane {lane}")
        raise


# -- compiled functions ----------------------------------------------------------------------------------------------


class _Found(NamedTuple):
    """What a call comes to.

    Attributes:
        structure: of the result.
        table: its numbers: (B, k), or (k,) without lanes.
        of_shared: gradient in the shared numbers: (P,), or (B, P) per row; None where it was not asked for.
        of_batched: likewise: (B, n).
    """

    structure: Any
    table: Array
    of_shared: Array | None = None
    of_batched: Array | None = None


Parts = list[tuple[_Path, Array | None]]
NO_LANES = np.empty(0, dtype=np.intp)


class Compiled:
    """A function of numbers that was made one of arrays; see `compile`.

    Several threads may use it at once.
    """

    __name__: str
    __wrapped__: Function

    def __init__(self, f: Function, batched: Names = (), static: Names = ()) -> None:
        if not callable(f):
            raise TypeError(f"compile takes a function, not {type(f).__name__}")
        functools.update_wrapper(self, f, updated=())
        self._f = f
        self._given = (batched, static)
        self._parameters = _Parameters(f)
        self._batched = self._parameters.chosen(batched, "batched", f)
        self._static = self._parameters.chosen(static, "static", f)
        self._roles: list[_Role] = []
        self._paths: dict[Any, tuple[_Path, ...]] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> Any:
        return type(self), (self._f, *self._given)

    def __repr__(self) -> str:
        structures = list(self._paths.values())
        programs = sum(map(len, structures))
        return f"<compiled {_name(self._f)}: {_counted(programs, 'program')}, {_counted(len(structures), 'structure')}>"

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Return the values of all lanes."""
        try:
            call = self._call(arguments, keywords)
        except _HasValues:
            return self._f(*arguments, **keywords)
        found = self.found(call)
        return found.structure.result(_Cursor(found.table))

    def value_and_grad(
        self, *arguments: Any, argnums: Any = 0, per_row: bool = False, weights: Any = None, **keywords: Any
    ) -> tuple[Any, Any]:
        """Return the values of all lanes, and the gradient of their weighted sum.

        Args:
            arguments: as the function is called, without Values; its parameters that are called as those of this
                method are given by position.
            argnums: the arguments to differentiate in, by position or name; several give a tuple of gradients.
            per_row: whether the gradient in shared arguments is told for each lane, and not summed over them.
            weights: what each lane's value counts, (B,); by default 1.
            keywords: as the function is called.

        Returns:
            The values, and the gradient. In a shared argument it has the argument's structure, with an array (B,) in
            the place of each number per row. In a batched one it is told for each lane: an array of the shape of the
            argument, or a tuple or dict of them.

        Raises:
            ValueError: argnums names an argument that is not there, or the shape of weights does not fit.
            TypeError: the function returns something else than one number, or there are Values among the arguments.
            TooManyPaths, NonFiniteError: see `compile`.

        Example:
            >>> f = compile(lambda w, x: w[0] * x**2 + w[1], batched="x")
            >>> f.value_and_grad([2.0, 1.0], [1.0, 3.0])
            (array([ 3., 19.]), [10.0, 2.0])
            >>> f.value_and_grad([2.0, 1.0], [1.0, 3.0], argnums="x")[1]
            array([ 4., 12.])
        """
        try:
            call = self._call(arguments, keywords)
        except _HasValues:
            raise TypeError(
                "there are Values or Duals among the arguments: autograd.value_and_grad(f) differentiates further"
            ) from None
        slots = self._selected(call, argnums)
        found = self.found(call, _weighted(weights, call), per_row and call.lanes is not None, _wrt(slots))
        gradients = tuple([_gradient(slot, found) for slot in slots])
        several = not isinstance(argnums, (str, int)) and not hasattr(argnums, "__index__")
        return found.structure.result(_Cursor(found.table)), gradients if several else gradients[0]

    # -- arguments

    def _call(self, arguments: Sequence[Any], keywords: dict[str, Any]) -> _Call:
        reading = _Reading()
        for role, given in zip(self._roles_of(arguments, keywords), (*arguments, *keywords.values())):
            reading.read(role, given)
        return reading.call(tuple(keywords))

    def _roles_of(self, arguments: Sequence[Any], keywords: Iterable[str]) -> list[_Role]:
        """Return what is known about each argument, those given by keyword last."""
        roles = self._roles
        if len(roles) < len(arguments):
            roles = self._roles = [self._role(at) for at in range(len(arguments))]
        return roles[: len(arguments)] + [self._role(name) for name in keywords]

    def _role(self, at: str | int) -> _Role:
        name = at if isinstance(at, str) else self._parameters.name(at)
        return _Role(name, self._batched(at), self._static(at))

    def _selected(self, call: _Call, argnums: Any) -> list[_Slot]:
        wanted = [argnums] if isinstance(argnums, (str, int)) or hasattr(argnums, "__index__") else list(argnums)
        slots = [self._slot(call, each) for each in wanted]
        for k, slot in enumerate(slots):
            if isinstance(slot.structure, _Static):
                raise TypeError(f"{slot.name} is static: there is nothing to differentiate in")
            if any(slot is other for other in slots[:k]):
                raise ValueError(f"argnums={argnums!r} names {slot.name} twice")
        return slots

    def _slot(self, call: _Call, argnum: Any) -> _Slot:
        positional = len(call.slots) - len(call.keywords)
        if isinstance(argnum, str):
            named = [slot for slot in call.slots if slot.name == argnum]
        else:
            position = operator.index(argnum)
            position = position + positional if position < 0 else position
            named = call.slots[position : position + 1] if 0 <= position < positional else []
        if not named:
            raise ValueError(
                f"argnums asks for argument {argnum!r} of {_name(self._f)}, but it was called with "
                f"{', '.join(slot.name for slot in call.slots) or 'none'}"
            )
        return named[0]

    # -- paths

    def found(self, call: _Call, weights: Any = None, per_row: bool = False, wrt: str = "") -> _Found:
        """Return what a call comes to, with gradients in "shared" or "batched" numbers, or "both"."""
        if not active_modes or mode().strict is not True:
            return self._replayed(call, weights, per_row, wrt)
        with leniently():
            found = self._replayed(call, weights, per_row, wrt)
            suspects = self._suspects(call, found)
        self._raise_first(call, suspects)
        return found

    def _replayed(self, call: _Call, weights: Any, per_row: bool, wrt: str) -> _Found:
        parts = self._parts(call)
        found = _empty(call, per_row) if parts is None else _joint(call, parts, weights, per_row, wrt, self._f)
        if wrt and found.structure is not NUMBER:
            raise TypeError(
                f"value_and_grad needs a function that returns one number, but {_name(self._f)} returned several; for "
                "several outputs compile jacobian(f)"
            )
        return found

    def _parts(self, call: _Call) -> Parts | None:
        """Return which lanes take which path (None: all of them); nothing where there is neither lane nor path."""
        tried = list(self._known(call.key))
        if not call.count:
            return [(tried[0], None)] if tried else None
        parts: Parts = []
        left: Any = None  # the lanes that no path was found for yet; None: all of them
        for path in tried:
            left = _assigned(call, path, left, parts)
            if not left.size:
                return parts
        while left is None or left.size:
            lane = 0 if left is None else int(left[0])
            path = self._another(call, lane, tried)
            if path.own:
                tried.append(path)
                left = _assigned(call, path, left, parts)
            else:
                parts.append((path, np.array([lane])))
                left = (np.arange(call.count) if left is None else left)[1:]
        return parts

    def _known(self, key: Any) -> tuple[_Path, ...]:
        paths = self._paths.get(key, ())
        for path in paths:
            if path._reads and not path.current():
                return self._forgotten(key)
        return paths

    def _forgotten(self, key: Any) -> tuple[_Path, ...]:
        """Forget the paths for which f read data that has changed since."""
        with self._lock:
            paths = self._paths[key] = tuple([path for path in self._paths.get(key, ()) if path.current()])
        return paths

    def _another(self, call: _Call, lane: int, tried: Sequence[_Path]) -> _Path:
        """Return a path that a lane takes and that was not tried yet: another thread's, or a new one."""
        found = self._among(self._paths.get(call.key, ()), call, lane, tried)
        if found is not None:
            return found
        if len(tried) >= MOST_PATHS:
            raise self._too_many(call, lane, tried)
        path = _Path(call, _Recording(self._f, call, lane))
        if not path.own:
            return path
        with self._lock:
            known = self._paths.get(call.key, ())
            found = self._among(known, call, lane, tried)
            if found is not None:
                return found
            if call.key not in self._paths and len(self._paths) >= MOST_STRUCTURES:
                del self._paths[next(iter(self._paths))]
            self._paths[call.key] = (*known, path)
        return path

    def _among(self, known: Sequence[_Path], call: _Call, lane: int, tried: Sequence[_Path]) -> _Path | None:
        """Return the path among known ones that a lane takes."""
        before = set(map(id, tried))
        for path in known:
            if id(path) not in before and path.holds(call, None if call.lanes is None else [lane]).all():
                return path
        return None

    def _too_many(self, call: _Call, lane: int, tried: Sequence[_Path]) -> TooManyPaths:
        found = [path.parted_at(call, lane) for path in tried]
        comparisons = list(dict.fromkeys([each for each in found if each is not None]))
        return TooManyPaths(_name(self._f), MOST_PATHS, comparisons, None if call.lanes is None else lane)

    # -- strict

    def _suspects(self, call: _Call, found: _Found) -> list[int]:
        """Return the lanes whose numbers are not finite."""
        if _is_finite(found):
            return []
        if call.lanes is None:
            return [0]
        if found.of_shared is not None and found.of_shared.ndim == 1:
            found = _joint(call, self._parts(call) or [], None, True, "both", self._f)
        finite = np.concatenate([np.isfinite(each) for each in _tables(found)], axis=1).all(axis=1)
        return np.flatnonzero(~finite).tolist()

    def _raise_first(self, call: _Call, suspects: Iterable[int]) -> None:
        """Raise what f itself raises under `strict()` for the first lane for which it does."""
        for lane in suspects:
            try:
                with Tape():
                    arguments, keywords = call.arguments(*call.leaves(lane))
                    self._f(*arguments, **keywords)
            except NonFiniteError as error:
                error.add_note(f"in lane {lane}" if call.lanes is not None else "while it was replayed")
                raise


def _tables(found: _Found) -> list[Array]:
    return [each for each in (found.table, found.of_shared, found.of_batched) if each is not None]


def _is_finite(found: _Found) -> bool:
    return all(np.isfinite(each).all() for each in _tables(found))


def _assigned(call: _Call, path: _Path, left: Array | None, parts: Parts) -> Array:
    """Assign to a path the lanes that take it, and return the others."""
    held = None if path.guards is None else path.holds(call, left)
    if left is None and (held is None or held.all()):
        parts.append((path, None))
        return NO_LANES
    asked: Array = np.arange(call.count) if left is None else left
    if held is None:
        parts.append((path, asked))
        return NO_LANES
    if held.any():
        parts.append((path, asked[held]))
    return asked[~held]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _weighted(given: Any, call: _Call) -> Any:
    """Return weights, one for each lane."""
    if given is None:
        return None
    shape = () if call.lanes is None else (call.count,)
    array = np.asarray(given, dtype=np.float64)
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise ValueError(f"weights have the shape {shape}, a number for each lane, not {array.shape}") from None


def _gradient(slot: _Slot, found: _Found) -> Any:
    table = found.of_batched if slot.batched else found.of_shared
    assert table is not None
    return slot.structure.result(_Cursor(table[..., slot.start : slot.stop]))


def _empty(call: _Call, per_row: bool) -> _Found:
    """Return what a call without lanes comes to, where it is not known what f returns."""
    assert call.lanes is not None
    n_shared = len(call.shared)
    of_shared = np.zeros((0, n_shared) if per_row else n_shared)
    return _Found(NUMBER, np.empty((0, 1)), of_shared, np.empty((0, call.lanes.shape[1])))


def _joint(call: _Call, parts: Parts, weights: Any, per_row: bool, wrt: str, f: Function) -> _Found:
    """Return what lanes on several paths come to together."""
    structure = parts[0][0].structure
    if len(parts) > 1 and any(path.structure != structure for path, _ in parts):
        raise ValueError(f"{_name(f)} returns results of different structures on different paths")
    if not wrt:
        return _Found(structure, _placed(call, parts, [path.values(call, rows) for path, rows in parts]))
    if structure is not NUMBER:
        return _Found(structure, np.empty((0, 1)))
    found = [path.value_and_grad(call, rows, _weights_of(weights, rows), per_row, wrt) for path, rows in parts]
    tables, of_shared, of_batched = zip(*found)
    return _Found(
        structure,
        _placed(call, parts, tables),
        None
        if wrt == "batched"
        else _placed(call, parts, of_shared)
        if per_row
        else functools.reduce(operator.add, of_shared),
        None if wrt == "shared" else _placed(call, parts, of_batched),
    )


def _wrt(slots: Sequence[_Slot]) -> str:
    kinds = {slot.batched for slot in slots}
    return "both" if len(kinds) > 1 else "batched" if True in kinds else "shared"


def _weights_of(weights: Any, rows: Array | None) -> Any:
    return weights if weights is None or rows is None or not weights.ndim else weights[rows]


def _placed(call: _Call, parts: Parts, tables: Sequence[Array]) -> Array:
    """Return the rows of several tables in the order of lanes."""
    if parts[0][1] is None or call.lanes is None:
        return tables[0]
    whole = np.empty((call.count, tables[0].shape[1]))
    for (_, rows), table in zip(parts, tables):
        whole[rows] = table
    return whole


# -- vectorized functions --------------------------------------------------------------------------------------------


class Vectorized:
    """A function of numbers that was made one of arrays that are broadcast; see `vectorize`.

    Several threads may use it at once.
    """

    __name__: str
    __wrapped__: Function

    def __init__(self, f: Function) -> None:
        if not callable(f):
            raise TypeError(f"vectorize takes a function, not {type(f).__name__}")
        functools.update_wrapper(self, f, updated=())
        self._f = f
        self._compiled = Compiled(f)
        self._compiled._batched = _always

    def __reduce__(self) -> Any:
        return type(self), (self._f,)

    def __repr__(self) -> str:
        return repr(self._compiled).replace("<compiled", "<vectorized", 1)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Return the values, in the shape that the arguments have together."""
        try:
            shape, given = _broadcast((*arguments, *keywords.values()))
            call = self._compiled._call(given[: len(arguments)], dict(zip(keywords, given[len(arguments) :])))
        except _HasValues:
            return self._f(*arguments, **keywords)
        found = self._compiled.found(call)
        return found.structure.result(_Cursor(_reshaped(found.table, shape)))

    def value_and_grad(self, *arguments: Any, argnums: Any = 0, **keywords: Any) -> tuple[Any, Any]:
        """Return the values, and at each of them its derivative.

        Args:
            arguments: as the function is called, without Values.
            argnums: the arguments to differentiate in, by position or name; several give a tuple of derivatives.
            keywords: as the function is called.

        Returns:
            The values and the derivatives, all of the shape that the arguments have together.

        Raises:
            ValueError, TypeError, TooManyPaths, NonFiniteError: see `Compiled.value_and_grad`.

        Example:
            >>> vectorize(lambda x, y: x * y).value_and_grad([1.0, 2.0], 3.0)
            (array([3., 6.]), array([3., 3.]))
        """
        try:
            shape, given = _broadcast((*arguments, *keywords.values()))
        except _HasValues:
            raise TypeError(
                "there are Values or Duals among the arguments: autograd.value_and_grad(f) differentiates further"
            ) from None
        values, gradients = self._compiled.value_and_grad(
            *given[: len(arguments)], argnums=argnums, **dict(zip(keywords, given[len(arguments) :]))
        )
        if isinstance(gradients, tuple):
            return _shaped(values, shape), tuple([_shaped(each, shape) for each in gradients])
        return _shaped(values, shape), _shaped(gradients, shape)


def _always(at: Any) -> bool:
    del at
    return True


def _broadcast(arguments: Sequence[Any]) -> tuple[tuple[int, ...], list[Any]]:
    """Return the shape that arguments have together, and each of them as one number for each lane."""
    arrays: list[Any] = []
    for k, given in enumerate(arguments):
        arrays.append(_as_array(given, f"argument {k}"))
    numeric = [each for each in arrays if isinstance(each, np.ndarray)]
    if not numeric:
        raise TypeError("there are no numbers among the arguments")
    shape = np.broadcast_shapes(*[each.shape for each in numeric])
    return shape, [
        np.broadcast_to(each, shape).reshape(-1) if isinstance(each, np.ndarray) else each for each in arrays
    ]


def _as_array(given: Any, name: str) -> Any:
    kind = type(given)
    if hasattr(kind, "__primitive__"):
        raise _HasValues
    if is_real(given):
        return np.array(number(given))
    if not isinstance(given, (list, tuple)) and not hasattr(kind, "__array__"):
        return given
    array = np.asarray(given)
    reader = _Reader(name)
    if array.dtype.kind == "O":
        return reader._of_objects(array)
    return reader.numbers(array)


def _reshaped(table: Array, shape: tuple[int, ...]) -> Array:
    return table.reshape(*shape, table.shape[-1])


def _shaped(found: Array, shape: tuple[int, ...]) -> Any:
    return found.reshape(shape) if shape else float(found[0])
