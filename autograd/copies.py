"""Copies and pickles of Values and tapes: independent graphs, whatever their depth.

A tape's state is its flat lists, so nothing here follows operands. Tapes that import from each other are stated oldest
first, and each finds its ancestors stated already, so that a long chain of tapes needs no deep recursion either.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from autograd import primitives
from autograd.tape import WIDTH, Place, Tape, advance_serials
from autograd.value import Value, check_readable, constant, handle

_STRIDE = 32
"""Every so many generations a tape states all its ancestors, else those it imports from: this bounds the recursion."""


Kept = TypeVar("Kept")


class _WhileKept(Generic[Kept]):
    """Things by a key, for as long as somebody else has them.

    No `WeakValueDictionary`: that forgets in a callback, and an interrupt that comes within one is lost.
    """

    def __init__(self) -> None:
        self._known: dict[Any, weakref.ref[Kept]] = {}
        self._room = 64

    def of(self, key: Any, make: Callable[[], Kept]) -> Kept:
        """Return what has a key, made if there is none."""
        reference = self._known.get(key)
        thing = None if reference is None else reference()
        if thing is None:
            thing = make()
            if len(self._known) >= self._room:
                self._known = {each: kept for each, kept in self._known.copy().items() if kept() is not None}
                self._room = max(64, 2 * len(self._known))
            self._known[key] = weakref.ref(thing)
        return thing


class _Frozen:
    """What a tape and what stands in for it have in common and may change, at one moment: fields, labels and adjoints.

    A pickle names the primitives behind the codes of the fields. A tape and its stand-ins find the same object here
    while one pickle or copy is made, and their copies the same lists and dict while it is loaded.
    """

    def __init__(self, fields: tuple[Any, ...], labels: dict[int, str], adjoints: list[float] | None) -> None:
        self.fields = fields
        self.labels = labels
        self.adjoints = adjoints
        self._thawed: _Thawed | None = None

    def thawed(self) -> _Thawed:
        if self._thawed is None:
            adjoints = None if self.adjoints is None else list(self.adjoints)
            self._thawed = list(self.fields), dict(self.labels), [adjoints]
        return self._thawed

    def __deepcopy__(self, memo: Any) -> _Frozen:
        return _Frozen(self.fields, self.labels, self.adjoints)

    def __reduce__(self) -> Any:
        codes = {code for code in self.fields[::WIDTH] if code >= 0}
        identities = {code: primitives.by_code(code).identity() for code in codes}
        return _thaw, (self.fields, identities, self.labels, self.adjoints)


_Thawed = tuple[list[Any], dict[int, str], list["list[float] | None"]]
_frozen: _WhileKept[_Frozen] = _WhileKept()


def _freeze(tape: Tape) -> _Frozen:
    def frozen() -> _Frozen:
        adjoints = None if tape.adjoints is None else list(tape.adjoints)
        return _Frozen(tuple(tape.fields), tape.labels.copy(), adjoints)

    return _frozen.of((id(tape.fields), len(tape.fields)), frozen)


def _thaw(
    fields: tuple[Any, ...],
    identities: dict[int, tuple[str, int]],
    labels: dict[int, str],
    adjoints: list[float] | None,
) -> _Frozen:
    here = {code: primitives.named(*identity).code for code, identity in identities.items()}
    if any(code != now for code, now in here.items()):
        renumbered = list(fields)
        renumbered[::WIDTH] = [here.get(code, code) for code in fields[::WIDTH]]
        fields = tuple(renumbered)
    return _Frozen(fields, labels, adjoints)


class _Version:
    """What a leaf was before its data was assigned: copies of all tapes that know it by one key have one key for it."""

    def __init__(self, key: int) -> None:
        self.key = key

    def __reduce__(self) -> Any:
        return _another_version, ()


_versions: _WhileKept[_Version] = _WhileKept()


def _past(leaf: Value, key: int) -> _Version | None:
    """Return what a leaf was when it was entered; None where its data is still the same."""
    return None if key == leaf._index else _versions.of(key, lambda: _Version(key))


def _another_version() -> _Version:
    return _Version(Value(0.0)._index)


def independent_copy(value: Value) -> Value:
    """Return a copy of a Value with a graph and leaves of its own."""
    return copy.deepcopy(value)


def reduce_value(value: Value) -> Any:
    """Return what pickle and copy need to make a Value again.

    Raises:
        TypeError: in a function that is being compiled, its number would be another one in each replay.
    """
    if value.is_constant:
        return constant, (value._data,)
    check_readable(value)
    if value._tape is None:
        return _leaf, (type(value), value._data, value._grad, value._label)
    return handle, (value._tape, value._index, value._data)


def _leaf(kind: type[Value], data: float, grad: float, label: str | None) -> Value:
    leaf = kind(data, label)
    leaf._grad = grad
    return leaf


def reduce_tape(tape: Tape) -> Any:
    """Return what pickle and copy need to make a tape again; the copy is closed.

    Another thread may be recording: a dictionary is copied whole before it is gone through.
    """
    ancestors = _ancestors(tape)
    if len(ancestors) > _STRIDE and len(ancestors) % _STRIDE:
        ancestors = list({id(older): older for older, _ in tape.imports.copy().values()}.values())
    state = {
        "ancestors": ancestors,
        "fields": _freeze(tape),
        "leaves": [(index, leaf, _past(leaf, key)) for index, (leaf, key) in tape.leaves.copy().items()],
        "imports": list(tape.imports.copy().items()),
        "starts": list(tape.starts),
        "serials": list(tape.serials),
        "scopes": list(tape.scopes),
        "guards": list(tape.guards),
        "guards_dropped": tape.guards_dropped or any(source.guards for source in _recorded_on(tape)),
        "outputs": tape.outputs,
    }
    return Tape, (), state


def restore_tape(tape: Tape, state: dict[str, Any]) -> None:
    """Fill a new tape with the state of another."""
    tape.fields, tape.labels, tape._shown = state["fields"].thawed()
    for name in ("starts", "serials", "scopes", "guards", "guards_dropped", "outputs"):
        setattr(tape, name, state[name])
    advance_serials(tape.serials[-1])
    for index, leaf, past in state["leaves"]:
        key = leaf._index if past is None else past.key
        tape.leaves[index] = (leaf, key)
        tape.entered[key] = index
    for index, place in state["imports"]:
        tape.imports[index] = place
        tape.entered[id(place[0].fields), place[1]] = index
        tape.generation = max(tape.generation, place[0].generation + 1)
    if tape.outputs is not None:
        tape.sources = [(tape, index) for index in range(len(tape))]


def _recorded_on(tape: Tape) -> list[Tape]:
    """Return the tapes that a pruned tape was made from: their guards do not come along."""
    return list({id(source): source for source, _ in tape.sources or ()}.values())


def _ancestors(tape: Tape) -> list[Tape]:
    """Return every other tape this one depends on, oldest first."""
    found: dict[int, Tape] = {id(tape): tape}
    waiting = [tape]
    while waiting:
        places: list[Place] = list(waiting.pop().imports.values())
        for older, _ in places:
            if id(older) not in found:
                found[id(older)] = older
                waiting.append(older)
    del found[id(tape)]
    return sorted(found.values(), key=_age)


def _age(tape: Tape) -> int:
    return tape.serials[0]
