"""Which tape is recorded on, by which context, and how: automatic and explicit tapes, `no_grad`, `strict`, `scope`.

An automatic tape belongs to a thread, and where an event loop runs, to a task; an explicit one (`with Tape()`) to the
context that entered it. What a copied context inherits is never recorded on: a context is recognised by a token that
only the context it was made in accepts.

The active tape is held weakly, so that it lives exactly as long as something on it; only guards, which no handle
keeps alive, hold it until it is closed.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple

from autograd.tape import CAPACITY, LEAF, Tape, indices

__all__ = [
    "active_modes",
    "close_automatic",
    "current_scope",
    "differentiating",
    "here",
    "no_grad",
    "resolve",
    "scope",
    "strict",
]


class Replayable(NamedTuple):
    """A recording that is to be replayed with other numbers.

    Attributes:
        tape: where the truths of its comparisons are written, whatever is recorded on.
        inputs: keys of the leaves whose numbers a replay replaces; those of an enclosing such recording too.
        since: leaves that were there before have keys above this one.
        serial: tapes that were there before have serial numbers below this one.
        reads: (leaf, attribute, number) of each leaf from outside whose `.data` or `.grad` was read.
    """

    tape: Tape
    inputs: frozenset[int]
    since: int
    serial: int
    reads: list[tuple[Any, str, float]]


class Mode(NamedTuple):
    """How a context records, where that is not the usual way."""

    recording: bool = True
    strict: bool | list[Any] = False  # or a list that takes (node, report) for what strict mode would raise
    tape: Tape | None = None
    replayable: Replayable | None = None
    before: Mode | None = None  # what was in force when it was entered
    owner: object = None  # by which it was entered


class Scope(NamedTuple):
    """Where in its scopes a context is."""

    path: tuple[str, ...] = ()
    before: Scope | None = None
    owner: object = None


USUAL = Mode()
NO_SCOPE = Scope()
_modules = sys.modules
_mode: ContextVar[Mode] = ContextVar("mode", default=USUAL)
_scope: ContextVar[Scope] = ContextVar("scope", default=NO_SCOPE)
_mark: ContextVar[None] = ContextVar("mark")
_task_tape: ContextVar[Callable[[], Tape | None]] = ContextVar("task_tape")
_task_guards: ContextVar[Tape | None] = ContextVar("task_guards", default=None)

active_modes: dict[int, Mode] = {}
"""By its id, every mode entered and not yet left, in any thread: while there is one, recordings go the careful way."""


def _nothing() -> Tape | None:
    return None


here = threading.local()
"""`here.tape()` is this thread's automatic tape or None; `here.guards` the same tape once more while it holds guards.

Not a subclass with defaults: that doubles the time of the lookup, which every recording makes.
"""


def running_loop() -> Any:
    """Return the event loop that runs in this thread, or None; asyncio is asked only if something has imported it."""
    events = _modules.get("asyncio.events")
    return None if events is None else events._get_running_loop()


def _tape_here() -> Tape | None:
    tape: Tape | None = getattr(here, "tape", _nothing)()
    return tape


def mode() -> Mode:
    """Return how the current context records."""
    return _mode.get()


def resolve() -> Tape | None:
    """Return the tape to record on in this context, opening one if needed; None where nothing is recorded."""
    mode = _mode.get()
    if mode is not USUAL:
        if not mode.recording:
            return None
        if mode.tape is not None and _owned(mode.tape):
            return mode.tape
    return _automatic_in_thread() if running_loop() is None else _automatic_in_task()


def active() -> Tape | None:
    """Return the tape of this context if one is open, and open none."""
    mode = _mode.get()
    if mode is not USUAL and mode.tape is not None and _owned(mode.tape):
        return mode.tape
    tape = _task_tape.get(_nothing)() if running_loop() is not None else _tape_here()
    return tape if tape is not None and tape.indices else None


def enter_leaf(tape: Tape, leaf: Any, key: int, primal: float) -> int:
    """Enter a leaf on a tape; its key is new whenever its data changes, so that changed data is a new line."""
    if running_loop() is not None:
        here.tape = _nothing  # a loop has started since: from here on every task has a tape of its own
    return tape.enter(key, (LEAF, primal), tape.leaves, (leaf, key))


def _owned(tape: Tape) -> bool:
    """Return whether a tape was opened in this very context, not in one that it was copied from."""
    fresh = _mark.set(None)
    try:
        _mark.reset(tape.token)
    except (ValueError, RuntimeError):
        return False
    except BaseException:  # interrupted, after the old token was used up
        tape.token = fresh
        raise
    tape.token = fresh
    return True


def _automatic_in_thread() -> Tape:
    tape = _tape_here()
    if tape is None or not _has_room(tape):
        tape = _open(tape, in_its_place=True)
        here.tape = weakref.ref(tape)
        here.guards = None
    return tape


def _automatic_in_task() -> Tape:
    tape = _task_tape.get(_nothing)()
    owned = tape is not None and _owned(tape)
    if tape is None or not owned or not _has_room(tape):
        here.tape = _nothing
        tape = _open(tape, in_its_place=owned)
        tape.token = _mark.set(None)
        _task_tape.set(weakref.ref(tape))
        _task_guards.set(None)
    return tape


def _has_room(tape: Tape) -> bool:
    return len(tape.fields) < len(tape.indices) and len(tape.guards) < CAPACITY // 8


def _open(before: Tape | None, in_its_place: bool) -> Tape:
    """Return a fresh automatic tape after another one: a full one, or that of the task which started this one."""
    tape = Tape()
    tape.indices = indices()
    if before is not None and before.indices:
        tape.guards_dropped = before.guards_dropped or bool(before.guards)
        if in_its_place:
            before.indices = ()
    path = _scope.get().path
    if path:
        tape.scopes.append((0, path))
    return tape


def close_automatic() -> None:
    """Close this context's automatic tape: the next recording opens a fresh one."""
    tape = active()
    if tape is not None:
        tape.indices = ()  # an explicit tape has none anyway
    if running_loop() is None:
        here.guards = None
    else:
        _task_guards.set(None)


def keep_for_guards(tape: Tape) -> None:
    """Keep an automatic tape alive until it is closed, because it holds a guard."""
    if not tape.indices:
        return
    if running_loop() is None:
        here.guards = tape
    else:
        _task_guards.set(tape)


# -- modes -----------------------------------------------------------------------------------------------------------


# What is entered is a link of a chain, and leaving it leaves what was entered in it and not left. So a single
# interrupt, at any call, finds it either in force inside of its `with` or not at all. Only one moment is out of reach:
# the beginning of an `__exit__`, before its first line; then leaving an enclosing `with` puts it right.


def _entered_by(owner: object, variable: ContextVar[Any]) -> Any:
    """Return the innermost link of this context that somebody entered; None where there is none."""
    link = variable.get()
    while link is not None and link.owner is not owner:
        link = link.before
    return link


def _links_down_to(link: Any, variable: ContextVar[Any]) -> list[Any]:
    """Return the links of this context from the innermost one to a given one; none where that is not in force."""
    passed = [variable.get()]
    while passed[-1] is not link and passed[-1].before is not None:
        passed.append(passed[-1].before)
    return passed if passed[-1] is link else []


def _enter_mode(mode: Mode) -> None:
    active_modes[id(mode)] = mode
    _mode.set(mode)


def _leave_mode(mode: Mode | None) -> None:
    """Leave a mode, which may be done twice."""
    if mode is None:
        return
    passed = _links_down_to(mode, _mode)
    for each in passed:
        active_modes.pop(id(each), None)
    if passed:
        _mode.set(mode.before or USUAL)
    active_modes.pop(id(mode), None)


class _Entering:
    """A mode to be entered, also within itself and by several threads and tasks."""

    __slots__ = ()

    def _changed(self) -> Mode:
        raise NotImplementedError

    def __enter__(self) -> None:
        mode = self._changed()._replace(before=_mode.get(), owner=self)
        try:
            _enter_mode(mode)
        except BaseException:  # interrupted
            _leave_mode(mode)
            raise

    def __exit__(self, *exception: object) -> None:
        mode: Mode | None = None
        try:
            mode = _entered_by(self, _mode)
            _leave_mode(mode)
        except BaseException:  # interrupted
            _leave_mode(mode or _entered_by(self, _mode))
            raise


class _In(_Entering):
    """A given mode."""

    __slots__ = ("_mode",)

    def __init__(self, mode: Mode) -> None:
        self._mode = mode

    def _changed(self) -> Mode:
        return self._mode


def open_explicitly(tape: Tape) -> Tape:
    """Enter `with tape:`."""
    if tape.fields or tape.outputs is not None or tape.restore:
        raise RuntimeError("this tape has been recorded already: open a new one with `with Tape() as tape:`")
    before, path = _mode.get(), current_scope()
    mode = before._replace(recording=True, tape=tape, before=before, owner=tape)
    try:
        tape.scopes[:] = [(0, path)] if path else []
        tape.token = _mark.set(None)
        tape.restore = [mode]
        _enter_mode(mode)
    except BaseException:  # interrupted
        close_explicitly(tape)
        tape.restore = []
        raise
    return tape


def close_explicitly(tape: Tape) -> None:
    """Leave `with tape:`, which may be done twice."""
    for mode in tape.restore:
        _leave_mode(mode)
    tape.token = None


def differentiating() -> contextlib.AbstractContextManager[None]:
    """Return a context in which transforms record, also inside `no_grad`."""
    mode = _mode.get()
    if mode.recording:
        return contextlib.nullcontext()
    return _In(mode._replace(recording=True, tape=None))


def no_grad() -> contextlib.AbstractContextManager[None]:
    """Return a context (also a decorator) in which nothing is recorded: results are constants.

    Forward mode records nothing anyway: the tangents of Duals, and so those of `jvp` and `hvp`, go on.

    Example:
        >>> from autograd import Value, no_grad
        >>> x = Value(3.0)
        >>> with no_grad():
        ...     y = x * x
        >>> y.data, y.operands
        (9.0, ())
    """
    return _NoGrad()


def strict() -> contextlib.AbstractContextManager[None]:
    """Return a context (also a decorator) that raises at the first node that is not finite though its operands are.

    Raises:
        NonFiniteError: inside the context, naming the primitive, its operands and the line that called it.

    Example:
        >>> from autograd import Value, log, strict
        >>> with strict():
        ...     log(Value(0.0, label="p"))
        Traceback (most recent call last):
            ...
        autograd.errors.NonFiniteError: log(p = 0.0): the value is -inf...
    """
    return _Strict()


class _Switch(_Entering, contextlib.ContextDecorator):
    """A mode that can be entered any number of times."""

    def _recreate_cm(self) -> Any:  # every call of a decorated function enters a mode of its own
        return type(self)()

    def __call__(self, function: Any) -> Any:
        if getattr(getattr(function, "__code__", None), "co_flags", 0) & _SUSPENDABLE:
            raise TypeError(f"{function.__name__} is suspended while it runs: write `with` inside it, not a decorator")
        return super().__call__(function)


_SUSPENDABLE = 0x20 | 0x80 | 0x200  # generators, coroutines and asynchronous generators


class _NoGrad(_Switch):
    def _changed(self) -> Mode:
        return _mode.get()._replace(recording=False)


class _Strict(_Switch):
    def _changed(self) -> Mode:
        return _mode.get()._replace(strict=True)


def watching(reports: list[Any]) -> contextlib.AbstractContextManager[None]:
    """Return a context that appends (node, NonFiniteError) where `strict()` would raise, and goes on."""
    return _In(_mode.get()._replace(recording=True, strict=reports))


def leniently() -> contextlib.AbstractContextManager[None]:
    """Return a context in which `strict()` is left: for replays whose faults are told otherwise."""
    return _In(_mode.get()._replace(strict=False))


def recording_for_replay(replayable: Replayable) -> contextlib.AbstractContextManager[None]:
    """Return a context that is to be replayed: what would freeze a number in it without notice raises.

    The tape of the replay has to be opened in it.
    """
    return _In(_mode.get()._replace(strict=False, replayable=replayable))


def current_scope() -> tuple[str, ...]:
    """Return the names of the scopes that this context is in, outermost first."""
    return _scope.get().path


class scope:  # noqa: N801 - used like the function it looks like
    """A context whose nodes belong together: a layer, a neuron; scopes nest.

    Args:
        name: what the drawing calls it.

    Raises:
        TypeError: the name is not a str.

    Example:
        >>> from autograd import Tape, Value, scope
        >>> with Tape() as tape:
        ...     with scope("layer 0"):
        ...         y = Value(2.0) * 3.0
        >>> tape.scope_at(1)
        ('layer 0',)
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"a scope's name is a str, not {type(name).__name__}")
        self._name = name

    def __enter__(self) -> None:
        before = _scope.get()
        entered = Scope((*before.path, self._name), before, self)
        try:
            _scope.set(entered)
            _note_scope()
        except BaseException:  # interrupted
            _leave_scope(entered)
            raise

    def __exit__(self, *exception: object) -> None:
        entered: Scope | None = None
        try:
            entered = _entered_by(self, _scope)
            _leave_scope(entered)
        except BaseException:  # interrupted
            _leave_scope(entered or _entered_by(self, _scope))
            raise


def _leave_scope(entered: Scope | None) -> None:
    """Leave a scope, which may be done twice."""
    if entered is not None and _links_down_to(entered, _scope):
        _scope.set(entered.before or NO_SCOPE)
    _note_scope()


def _note_scope() -> None:
    tape = active()
    if tape is None:
        return
    start, path = len(tape), current_scope()
    if tape.scopes and tape.scopes[-1][0] == start:
        tape.scopes[-1] = (start, path)
    else:
        tape.scopes.append((start, path))
