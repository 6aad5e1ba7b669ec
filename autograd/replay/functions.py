"""Functions of numbers as functions of arrays: recorded once for each path, replayed for all lanes.

This room knows which program belongs to which structure of arguments, and which lanes take which path. How arguments
are read stands in `autograd.replay.arguments`, how a path is recorded in `autograd.replay.paths`, what a program
computes in `autograd.replay.program`.

A function is called as it is written, with Values in the place of numbers, once for each path. What it does beside
returning a result (printing, appending to lists, drawing random numbers) happens only then.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.errors import NonFiniteError, TooManyPaths
from autograd.primitives import is_real, number
from autograd.recording import active_modes, leniently, mode
from autograd.replay.arguments import (
    NUMBER,
    Call,
    Cursor,
    HasValues,
    Parameters,
    Reader,
    Reading,
    Role,
    Slot,
    Static,
    name_of,
)
from autograd.replay.inputs import numbers
from autograd.replay.paths import Path, Recording
from autograd.tape import Lock, Tape

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
            something that depends on an argument, copied that, or computed with it under `no_grad()`.
        TooManyPaths: f takes more than 16 paths for arguments of one structure.
        NonFiniteError: under `strict()`, for the first lane at fault.

    Convention: a lane takes the path that its comparisons come to; a loop that runs another number of times is another
        path. What `v.detach()` gives is the number of each lane, and gradients do not pass through it.

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


Parts = list[tuple[Path, Array | None]]
NO_LANES = np.empty(0, dtype=np.intp)

_finding = Lock()


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
        self._parameters = Parameters(f)
        self._batched = self._parameters.chosen(batched, "batched", f)
        self._static = self._parameters.chosen(static, "static", f)
        self._roles: list[Role] = []
        self._paths: dict[Any, tuple[Path, ...]] = {}

    def __reduce__(self) -> Any:
        return type(self), (self._f, *self._given)

    def __repr__(self) -> str:
        structures = list(self._paths.values())
        programs = sum(map(len, structures))
        return (
            f"<compiled {name_of(self._f)}: {_counted(programs, 'program')}, {_counted(len(structures), 'structure')}>"
        )

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Return the values of all lanes."""
        try:
            call = self._call(arguments, keywords)
        except HasValues:
            return self._f(*arguments, **keywords)
        found = self.found(call)
        return found.structure.result(Cursor(found.table))

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
        except HasValues:
            raise TypeError(
                "there are Values or Duals among the arguments: autograd.value_and_grad(f) differentiates further"
            ) from None
        slots = self._selected(call, argnums)
        found = self.found(call, _weighted(weights, call), per_row and call.lanes is not None, _wrt(slots))
        gradients = tuple([_gradient(slot, found) for slot in slots])
        several = not isinstance(argnums, (str, int)) and not hasattr(argnums, "__index__")
        return found.structure.result(Cursor(found.table)), gradients if several else gradients[0]

    # -- arguments

    def _call(self, arguments: Sequence[Any], keywords: dict[str, Any]) -> Call:
        reading = Reading()
        for role, given in zip(self._roles_of(arguments, keywords), (*arguments, *keywords.values())):
            reading.read(role, given)
        return reading.call(tuple(keywords))

    def _roles_of(self, arguments: Sequence[Any], keywords: Iterable[str]) -> list[Role]:
        """Return what is known about each argument, those given by keyword last."""
        roles = self._roles
        if len(roles) < len(arguments):
            roles = self._roles = [self._role(at) for at in range(len(arguments))]
        return roles[: len(arguments)] + [self._role(name) for name in keywords]

    def _role(self, at: str | int) -> Role:
        name = at if isinstance(at, str) else self._parameters.name(at)
        return Role(name, self._batched(at), self._static(at))

    def _selected(self, call: Call, argnums: Any) -> list[Slot]:
        wanted = [argnums] if isinstance(argnums, (str, int)) or hasattr(argnums, "__index__") else argnums
        if not isinstance(wanted, Iterable):
            raise TypeError(f"argnums is the position or the name of an argument, or several, not {argnums!r}")
        slots = [self._slot(call, each) for each in wanted]
        for k, slot in enumerate(slots):
            if isinstance(slot.structure, Static):
                raise TypeError(f"{slot.name} is static: there is nothing to differentiate in")
            if any(slot is other for other in slots[:k]):
                raise ValueError(f"argnums={argnums!r} names {slot.name} twice")
        return slots

    def _slot(self, call: Call, argnum: Any) -> Slot:
        positional = len(call.slots) - len(call.keywords)
        if isinstance(argnum, str):
            named = [slot for slot in call.slots if slot.name == argnum]
        else:
            position = operator.index(argnum)
            position = position + positional if position < 0 else position
            named = [call.slots[position]] if 0 <= position < positional else []
        if not named:
            raise ValueError(
                f"argnums asks for argument {argnum!r} of {name_of(self._f)}, but it was called with "
                f"{', '.join(slot.name for slot in call.slots) or 'none'}"
            )
        return named[0]

    # -- paths

    def found(self, call: Call, weights: Any = None, per_row: bool = False, wrt: str = "") -> _Found:
        """Return what a call comes to, with gradients in "shared" or "batched" numbers, or "both"."""
        if not active_modes or mode().strict is not True:
            return self._replayed(call, weights, per_row, wrt)
        with leniently():
            found = self._replayed(call, weights, per_row, wrt)
            suspects = self._suspects(call, found)
        self._raise_first(call, suspects)
        return found

    def _replayed(self, call: Call, weights: Any, per_row: bool, wrt: str) -> _Found:
        parts = self._parts(call)
        if active_modes:
            for path, _ in parts or ():
                path.read()
        found = _empty(call, per_row) if parts is None else _joint(call, parts, weights, per_row, wrt, self._f)
        if wrt and found.structure is not NUMBER:
            raise TypeError(
                f"value_and_grad needs a function that returns one number, but {name_of(self._f)} returned several; "
                "for several outputs compile jacobian(f)"
            )
        return found

    def _parts(self, call: Call) -> Parts | None:
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

    def _known(self, key: Any) -> tuple[Path, ...]:
        paths = self._paths.get(key, ())
        for path in paths:
            if path._reads and not path.current():
                return self._forgotten(key)
        return paths

    def _forgotten(self, key: Any) -> tuple[Path, ...]:
        """Forget the paths for which f read data that has changed since."""
        with _finding:
            paths = self._paths[key] = tuple([path for path in self._paths.get(key, ()) if path.current()])
        return paths

    def _another(self, call: Call, lane: int, tried: Sequence[Path]) -> Path:
        """Return a path that a lane takes and that was not tried yet: another thread's, or a new one."""
        found = self._among(self._paths.get(call.key, ()), call, lane, tried)
        if found is not None:
            return found
        if len(tried) >= MOST_PATHS:
            raise self._too_many(call, lane, tried)
        path = Path(call, Recording(self._f, call, lane))
        if not path.own:
            return path
        with _finding:
            known = self._paths.get(call.key, ())
            found = self._among(known, call, lane, tried)
            if found is not None:
                return found
            if call.key not in self._paths and len(self._paths) >= MOST_STRUCTURES:
                del self._paths[next(iter(self._paths))]
            self._paths[call.key] = (*known, path)
        return path

    def _among(self, known: Sequence[Path], call: Call, lane: int, tried: Sequence[Path]) -> Path | None:
        """Return the path among known ones that a lane takes."""
        before = set(map(id, tried))
        for path in known:
            if id(path) not in before and path.holds(call, None if call.lanes is None else [lane]).all():
                return path
        return None

    def _too_many(self, call: Call, lane: int, tried: Sequence[Path]) -> TooManyPaths:
        found = [path.parted_at(call, lane) for path in tried]
        comparisons = list(dict.fromkeys([each for each in found if each is not None]))
        return TooManyPaths(name_of(self._f), MOST_PATHS, comparisons, None if call.lanes is None else lane)

    # -- strict

    def _suspects(self, call: Call, found: _Found) -> list[int]:
        """Return the lanes whose numbers are not finite."""
        if _is_finite(found):
            return []
        if call.lanes is None:
            return [0]
        if found.of_shared is not None and found.of_shared.ndim == 1:
            found = _joint(call, self._parts(call) or [], None, True, "both", self._f)
        finite = np.concatenate([np.isfinite(each) for each in _tables(found)], axis=1).all(axis=1)
        return np.flatnonzero(~finite).tolist()

    def _raise_first(self, call: Call, suspects: Iterable[int]) -> None:
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


def _assigned(call: Call, path: Path, left: Array | None, parts: Parts) -> Array:
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


def _weighted(given: Any, call: Call) -> Any:
    """Return weights, one for each lane."""
    if given is None:
        return None
    shape = () if call.lanes is None else (call.count,)
    array = numbers(given, "weights")
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise ValueError(f"weights have the shape {shape}, a number for each lane, not {array.shape}") from None


def _gradient(slot: Slot, found: _Found) -> Any:
    table = found.of_batched if slot.batched else found.of_shared
    assert table is not None
    return slot.structure.result(Cursor(table[..., slot.start : slot.stop]))


def _empty(call: Call, per_row: bool) -> _Found:
    """Return what a call without lanes comes to, where it is not known what f returns."""
    assert call.lanes is not None
    n_shared = len(call.shared)
    of_shared = np.zeros((0, n_shared) if per_row else n_shared)
    return _Found(NUMBER, np.empty((0, 1)), of_shared, np.empty((0, call.lanes.shape[1])))


def _joint(call: Call, parts: Parts, weights: Any, per_row: bool, wrt: str, f: Function) -> _Found:
    """Return what lanes on several paths come to together."""
    structure = parts[0][0].structure
    if len(parts) > 1 and any(path.structure != structure for path, _ in parts):
        raise ValueError(f"{name_of(f)} returns results of different structures on different paths")
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


def _wrt(slots: Sequence[Slot]) -> str:
    kinds = {slot.batched for slot in slots}
    return "both" if len(kinds) > 1 else "batched" if True in kinds else "shared"


def _weights_of(weights: Any, rows: Array | None) -> Any:
    return weights if weights is None or rows is None or not weights.ndim else weights[rows]


def _placed(call: Call, parts: Parts, tables: Sequence[Array]) -> Array:
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
        except HasValues:
            return self._f(*arguments, **keywords)
        found = self._compiled.found(call)
        return found.structure.result(Cursor(_reshaped(found.table, shape)))

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
        except HasValues:
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
        raise HasValues
    if is_real(given):
        return np.array(number(given))
    if not isinstance(given, (list, tuple)) and not hasattr(kind, "__array__"):
        return given
    array = np.asarray(given)
    reader = Reader(name)
    if array.dtype.kind == "O":
        return reader._of_objects(array)
    return reader.numbers(array)


def _reshaped(table: Array, shape: tuple[int, ...]) -> Array:
    return table.reshape(*shape, table.shape[-1])


def _shaped(found: Array, shape: tuple[int, ...]) -> Any:
    return found.reshape(shape) if shape else float(found[0])
