"""Copies and pickles of Values and tapes: independent graphs, whatever their depth.

A tape's state is its flat lists, so nothing here follows operands. Tapes that import from each other are stated oldest
first, and each finds its ancestors stated already, so that a long chain of tapes needs no deep recursion either.
"""

from __future__ import annotations

import copy
import weakref
from typing import Any

from autograd import primitives
from autograd.tape import WIDTH, Place, Tape, advance_serials
from autograd.value import Value, check_readable, constant, handle

_STRIDE = 32
"""Every so many generations a tape states all its ancestors, else those it imports from: this bounds the recursion."""


class _Frozen:
    """The fields of a tape at one moment; a pickle names the primitives behind their codes.

    A tape and what stands in for it have the same fields, and so have their copies, which is why both find the same
    object here while one pickle or copy is made, and the same list while it is loaded.
    """

    def __init__(self, fields: tuple[Any, ...]) -> None:
        self.fields = fields
        self._thawed: list[Any] | None = None

    def thawed(self) -> list[Any]:
        if self._thawed is None:
            self._thawed = list(self.fields)
        return self._thawed

    def __deepcopy__(self, memo: Any) -> _Frozen:
        return _Frozen(self.fields)

    def __reduce__(self) -> Any:
        codes = {code for code in self.fields[::WIDTH] if code >= 0}
        return _thaw, (self.fields, {code: primitives.by_code(code).identity() for code in codes})


_frozen: weakref.WeakValueDictionary[tuple[int, int], _Frozen] = weakref.WeakValueDictionary()


def _freeze(tape: Tape) -> _Frozen:
    key = (id(tape.fields), len(tape.fields))
    frozen = _frozen.get(key)
    if frozen is None:
        frozen = _frozen[key] = _Frozen(tuple(tape.fields))
    return frozen


def _thaw(fields: tuple[Any, ...], identities: dict[int, tuple[str, int]]) -> _Frozen:
    here = {code: primitives.named(*identity).code for code, identity in identities.items()}
    if all(code == now for code, now in here.items()):
        return _Frozen(fields)
    renumbered = list(fields)
    renumbered[::WIDTH] = [here.get(code, code) for code in fields[::WIDTH]]
    return _Frozen(tuple(renumbered))


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
        "leaves": [(index, leaf, key == leaf._index) for index, (leaf, key) in tape.leaves.copy().items()],
        "imports": list(tape.imports.copy().items()),
        "starts": list(tape.starts),
        "serials": list(tape.serials),
        "labels": dict(tape.labels),
        "scopes": list(tape.scopes),
        "guards": list(tape.guards),
        "guards_dropped": tape.guards_dropped or any(source.guards for source in _recorded_on(tape)),
        "adjoints": None if tape.adjoints is None else list(tape.adjoints),
        "outputs": tape.outputs,
    }
    return Tape, (), state


def restore_tape(tape: Tape, state: dict[str, Any]) -> None:
    """Fill a new tape with the state of another."""
    tape.fields = state["fields"].thawed()
    for name in ("starts", "serials", "labels", "scopes", "guards", "guards_dropped", "adjoints", "outputs"):
        setattr(tape, name, state[name])
    advance_serials(tape.serials[-1])
    for index, leaf, current in state["leaves"]:
        key = leaf._index if current else Value(0.0)._index
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
