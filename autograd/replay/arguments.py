"""What callers of a compiled function give: structures of numbers, read into a table of columns, put together again.

This room knows lists, tuples, dicts and arrays, which of them carry lanes, and what stays as it is. It records and
replays nothing.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from math import copysign
from typing import Any, NamedTuple

import numpy as np

from autograd.primitives import is_real, number
from autograd.value import Value

__all__ = [
    "NUMBER",
    "Call",
    "Cursor",
    "HasValues",
    "Parameters",
    "Reader",
    "Reading",
    "Role",
    "Slot",
    "Static",
    "name_of",
]

Array = Any
Function = Callable[..., Any]
Names = str | int | Iterable[str | int]


class HasValues(Exception):
    """There is a Value or a Dual among the arguments, so there is nothing to replay."""


class Cursor:
    """Takes columns off a table, or leaves off an array, from the first one on."""

    def __init__(self, table: Array) -> None:
        self._table = table
        self._at = 0

    def take(self, count: int) -> Array:
        """Return the next ones."""
        start, self._at = self._at, self._at + count
        return self._table[..., start : self._at]


class _Number:
    """One number."""

    def given(self, leaves: Cursor) -> Any:
        """Return what f is given."""
        return leaves.take(1)[0]

    def result(self, columns: Cursor) -> Any:
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

    def given(self, leaves: Cursor) -> Any:
        block = leaves.take(_size(self.shape)).reshape(self.shape)
        return block.tolist() if self.lists else block

    def result(self, columns: Cursor) -> Any:
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

    def given(self, leaves: Cursor) -> Any:
        return self._made([part.given(leaves) for part in self.parts])

    def result(self, columns: Cursor) -> Any:
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

    def given(self, leaves: Cursor) -> Any:
        return {key: part.given(leaves) for key, part in zip(self.keys, self.parts)}

    def result(self, columns: Cursor) -> Any:
        return {key: part.result(columns) for key, part in zip(self.keys, self.parts)}

    def names(self, name: str) -> Iterator[str]:
        for key, part in zip(self.keys, self.parts):
            yield from part.names(f"{name}[{key!r}]")


@dataclass(frozen=True, slots=True)
class Static:
    """Something that is no number, or is to stay as it is; `kinds` tell 1 from 1.0 and True, and 0.0 from -0.0."""

    thing: Any
    kinds: Any = field(init=False)

    def __post_init__(self) -> None:
        """Note what it is made of."""
        object.__setattr__(self, "kinds", _kinds(self.thing))

    def given(self, leaves: Cursor) -> Any:
        """Return the thing itself."""
        del leaves
        return self.thing

    result = given

    def names(self, name: str) -> Iterator[str]:
        """Yield nothing: it has no numbers."""
        del name
        return iter(())


def _kinds(thing: Any) -> Any:
    """Return what tells equal things apart: types and signs, also within tuples, frozen sets and dataclasses."""
    kind = type(thing)
    if isinstance(thing, tuple):
        return kind, tuple(map(_kinds, thing))
    if isinstance(thing, frozenset):
        return kind, frozenset((each, _kinds(each)) for each in thing)
    if is_dataclass(thing) and not isinstance(thing, type):
        return kind, tuple([_kinds(getattr(thing, each.name)) for each in fields(thing)])
    return (kind, copysign(1.0, number(thing))) if is_real(thing) else kind


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


class Reader:
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
            raise HasValues
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
        reader = Reader(self.name, self._of_result)
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
        return Static(given)

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
            raise HasValues
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
            return self._read_table(array, lists=True)
        return self._read_rows(given)

    def _read_rows(self, given: list[Any]) -> Any:
        """Return the structure of each entry of a list, which is that of all."""
        rows: list[Any] = []
        structures: list[Any] = []
        for lane, each in enumerate(given):
            reader = Reader(self.name)
            structure = reader.read(each)
            structures.append(structure)
            rows.append(_joined(reader.pieces))
            if structure != structures[0]:
                if isinstance(structure, Static) and isinstance(structures[0], Static):
                    raise TypeError(f"{self.name} has to be an array of real numbers, not of {type(each).__name__}")
                raise ValueError(f"lane {lane} of {self.name} has another structure than lane 0")
        self.pieces.append(np.array(rows))
        return structures[0]


class Role(NamedTuple):
    """What becomes of an argument.

    Attributes:
        name: of the parameter.
        batched: whether it carries lanes.
        static: whether it stays as it is.
    """

    name: str
    batched: bool
    static: bool


class Reading:
    """Reads the arguments of a call, one after the other."""

    def __init__(self) -> None:
        self._readers = (Reader(""), Reader(""))
        self._slots: list[Slot] = []
        self._ends = [0, 0]
        self._names: list[str] = []

    def read(self, role: Role, given: Any) -> None:
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
        self._slots.append(Slot(role.name, role.batched, structure, start, self._ends[role.batched]))

    def call(self, keywords: tuple[str, ...]) -> Call:
        """Return the call."""
        shared, batched = (reader.pieces for reader in self._readers)
        if not batched and any(slot.batched for slot in self._slots):
            raise ValueError("there are no numbers in the batched arguments, so that lanes cannot be counted")
        lanes = _table(list(zip(self._names, batched))) if batched else None
        return Call(self._slots, _joined(shared), lanes, keywords)


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


class Slot(NamedTuple):
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


class Call:
    """The arguments of one call.

    Attributes:
        slots: one for each argument, those given by keyword last.
        key: what a program is kept under.
        shared: (P,) numbers.
        lanes: (B, n) numbers; None without batched arguments.
        keywords: names of the arguments given by keyword.
    """

    __slots__ = ("key", "keywords", "lanes", "shared", "slots")

    def __init__(self, slots: list[Slot], shared: Array, lanes: Array | None, keywords: tuple[str, ...]) -> None:
        self.slots = slots
        self.key = (keywords, *[slot.structure for slot in slots])
        self.shared = shared
        self.lanes = lanes
        self.keywords = keywords

    @property
    def count(self) -> int:
        """How many lanes there are."""
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
        cursors = [Cursor(_objects(shared)), Cursor(_objects(batched))]
        given = [slot.structure.given(cursors[slot.batched]) for slot in self.slots]
        positional = len(given) - len(self.keywords)
        return given[:positional], dict(zip(self.keywords, given[positional:]))


def _objects(things: Sequence[Any]) -> Array:
    array = np.empty(len(things), dtype=object)
    array[:] = things
    return array


class Parameters:
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
        if not isinstance(wanted, (str, int)) and not hasattr(wanted, "__iter__"):
            raise TypeError(f"{what} is the name or position of a parameter, or several, not {wanted!r}")
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
            raise ValueError(f"{what} names {name!r}, and the parameters of {name_of(f)} are: {known}")
        position = operator.index(name)
        if position < 0:
            raise ValueError(f"{what} counts positions from 0, and {position} is below")
        if 0 < len(self.names) <= position and self._rest is None:
            known = ", ".join(self.names)
            raise ValueError(f"{what} counts positions from 0, and {position} is beyond those of {name_of(f)}: {known}")
        return {position, *self.names[position : position + 1]}

    def name(self, position: int) -> str:
        """Return what the argument at a position is called."""
        return self.names[position] if position < len(self.names) else f"argument {position}"


def name_of(f: Function) -> str:
    """Return what a function is called."""
    return getattr(f, "__name__", None) or type(f).__name__
