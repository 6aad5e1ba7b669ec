"""An interrupt at any moment leaves everything whole; see `tests/interrupts.py` for how moments are found.

A program makes something, works on it while an interrupt comes, and says what has to hold afterwards, whether the
interrupt came out, came too late, or was taken in by what was interrupted.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import gc
import os
import pickle
import random
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autograd as ag
import nn
import nn.losses
import nn.module
import nn.stages
import nn.steps
from autograd import Tape, Value, pruning, recording
from autograd import tape as tape_room
from autograd import value as value_room
from autograd.recording import USUAL, active_modes, current_scope, mode
from autograd.replay import functions
from autograd.tape import IMPORT, LEAF, WIDTH, edges
from tests.interrupts import Interrupted, count_moments, spread

pytestmark = pytest.mark.long


class Program:
    """Something to be interrupted.

    Args:
        make: returns what is worked on.
        work: works on it.
        holds: raises AssertionError where something does not hold afterwards.
        sampled: at how many of its moments it is interrupted in the tests.
    """

    def __init__(
        self, make: Callable[[], Any], work: Callable[[Any], Any], holds: Callable[[Any], None], sampled: int
    ) -> None:
        self.sampled = sampled
        self._make = make
        self._work = work
        self._holds = holds

    def moments(self) -> int:
        """Return at how many moments it can be interrupted."""
        for _ in range(2):  # what is found and kept at first use has been found then
            made = self._make()
            self._work(made)
            self._holds(made)
        made = self._make()
        count = count_moments(lambda: self._work(made))
        self._holds(made)
        return count

    def check(self, run: Interrupted) -> None:
        """Interrupt it, and see what holds."""
        made = self._make()
        run.run(lambda: self._work(made))
        try:
            assert_usual()
            self._holds(made)
            assert_usual()
        finally:  # what is wrong is told once
            recording._mode.set(recording.USUAL)
            recording._scope.set(recording.Scope())
            active_modes.clear()


def assert_usual() -> None:
    """Assert that nothing is left of modes and scopes, and that nobody holds a lock."""
    assert mode() is USUAL, "a mode was not left"
    assert not active_modes, "a mode is counted that was left"
    assert current_scope() == (), "a scope was not left"
    for room in (tape_room._numbering, value_room._accumulating, pruning._counting, functions._finding):
        assert not room._is_owned(), "a lock was not given back"
    assert gc.isenabled(), "the garbage collector was left at rest"
    x = Value(3.0)
    y = x * x + ag.sin(x)
    y.backward()
    assert x.grad == ag.grad(lambda x: x * x + ag.sin(x))(3.0)


def assert_whole(tape: Tape) -> None:
    """Assert that a tape is one, by everything that its parts have to say about each other."""
    assert len(tape.fields) % WIDTH == 0
    for index, node in enumerate(tape.nodes):
        assert all(at < index for at in edges(node)[0])
        assert (node[0] == LEAF) == (index in tape.leaves)
        assert (node[0] == IMPORT) == (index in tape.imports)
    size = len(tape)
    assert len(tape.starts) == len(tape.serials)
    assert tape.starts == sorted(set(tape.starts))
    assert tape.serials == sorted(set(tape.serials))
    assert all(start <= size for start in tape.starts)
    assert all(0 <= index < size for index in (*tape.leaves, *tape.imports, *tape.labels, *tape.entered.values()))
    assert all(guard[0] <= size for guard in tape.guards)
    imported = {(id(tape.fields), at): index for index, (tape, at) in tape.imports.items()}
    assert all(tape.entered[key] == index for key, index in imported.items() if key in tape.entered)


# -- recording and sweeping --------------------------------------------------------------------------------------------


class Session:
    """Leaves, a value from an older tape, and what is computed of them, value by value."""

    def __init__(self, tape: Tape | None = None) -> None:
        self.x, self.y = Value(1.5, label="x"), Value(-0.5, label="y")
        self.old = self.x * self.y + 0.25
        self.old.backward()
        self.x.grad = self.y.grad = 0.0
        self.tape = tape
        self.made: list[Value] = []

    def compute(self) -> None:
        x, y, made = self.x, self.y, self.made
        made.append(x * y)
        made.append(made[0] + 2.0)
        made.append(ag.sin(made[1]) / x)
        made.append(ag.sum([x, y, made[2]]))
        made.extend(ag.matvec(((x, y), (y, x)), (made[2], made[3])))
        made.append(self.old * made[4])
        made.append(ag.where(made[-1] > 0.0, x, y) * made[-1])
        if made[-1] < 100.0:
            made.append(x**2 - 3.0 * made[-1])
        made[-1].label = "last"

    def finish(self) -> None:
        del self.made[:]
        self.compute()


@functools.cache
def reference() -> list[tuple[float, float, float]]:
    """Return for each value that a session computes its number, and its derivatives in both leaves."""
    told = []
    whole = Session()
    whole.compute()
    for k in range(len(whole.made)):
        session = Session()
        session.compute()
        session.made[k].backward()
        told.append((session.made[k].data, session.x.grad, session.y.grad))
    return told


def session_holds(session: Session) -> None:
    told = reference()
    for again in (False, True):
        if again:
            session.finish()
        for made, (number, of_x, of_y) in zip(session.made, told):
            session.x.grad = session.y.grad = 0.0
            assert made.data == number
            if made._tape is not None:
                assert_whole(made._tape)
            made.backward()
            assert (session.x.grad, session.y.grad) == (of_x, of_y)
            pruned = Tape.of(made)
            assert_whole(pruned)
            assert_whole(pickle.loads(pickle.dumps(pruned)))
    assert len(session.made) == len(told)


def compute_on_a_tape(session: Session) -> None:
    with Tape():
        session.compute()


def compute_in_modes(session: Session) -> None:
    with ag.scope("outer"), ag.strict():
        session.compute()
        with ag.no_grad(), ag.scope("inner"):
            session.made.append(session.x * session.y)
            session.made.pop()


@ag.no_grad()
def decorated(x: Value) -> Value:
    return x * x


def backward_holds(session: Session) -> None:
    _, of_x, of_y = reference()[-1]
    assert (session.x.grad, session.y.grad) in {(0.0, 0.0), (of_x, of_y)}, "some leaves were reached and some not"
    session_holds(session)


def recorded_session() -> Session:
    session = Session()
    session.compute()
    return session


class Transformed:
    """A function, and what transforms of it give."""

    def __init__(self) -> None:
        self.w = Value(0.5)

    def results(self) -> list[Any]:
        def f(v: list[Any]) -> Any:
            return ag.exp(v[0] * self.w) * v[1] + ag.prod(v)

        def plain(v: list[Any]) -> Any:
            return v[0] ** 3 * v[1]

        found = [ag.grad(f)([1.5, 2.0])[0].data, ag.hessian(plain)([1.5, 2.0]), ag.hvp(plain)([1.5, 2.0], [1.0, 0.0])]
        with ag.no_grad():
            found.append(ag.grad(plain)([1.5, 2.0]))
        found.append(decorated(self.w).data)
        return found

    def hold(self) -> None:
        assert self.w.grad == 0.0
        assert self.results() == Transformed().results()


class Assigned:
    """A leaf that is given other data, and a tape that knows the old."""

    def __init__(self) -> None:
        self.x = Value(2.0)
        self.rows = ((self.x, Value(3.0)),)
        self.xs = (Value(1.0), Value(5.0))
        self.first = ag.matvec(self.rows, self.xs)

    def assign(self) -> None:
        self.x.data = 7.0
        self.x.data -= 1.0

    def hold(self) -> None:
        assert self.x.data in {2.0, 7.0, 6.0}
        y = self.x * self.x
        pruned = Tape.of(y)
        assert [pruned.nodes[0][1], y.data] == [self.x.data, self.x.data**2]
        (again,) = ag.matvec(self.rows, self.xs)
        assert again.data == self.x.data + 15.0
        y.backward()
        assert self.x.grad == 2 * self.x.data


# -- replay ------------------------------------------------------------------------------------------------------------


def curved(w: list[Any], x: Any) -> Any:
    total = ag.tanh(w[0] * x + w[1]) * w[2] + ag.exp(w[1])
    return total * 2.0 if total > 0.5 else total - x


class Replayed:
    """A function compiled, and what it gives."""

    def __init__(self) -> None:
        self.fast = ag.compile(curved, batched="x")

    def results(self) -> Any:
        values, gradient = self.fast.value_and_grad([0.5, -0.25, 2.0], [1.0, -2.0, 0.5])
        return values.tolist(), gradient

    def hold(self) -> None:
        assert self.results() == Replayed().results()


class Programmed(Replayed):
    """A program that was used before."""

    def __init__(self) -> None:
        super().__init__()
        super().results()


def copied(session: Session) -> None:
    last = session.made[-1]
    copy.deepcopy(last)
    pickle.loads(pickle.dumps(last))
    str(Tape.of(last))
    Tape.of(last).compile()


# -- training ----------------------------------------------------------------------------------------------------------

INPUTS, TARGETS = ((0.5,), (-1.0,), (2.0,), (0.25,)), (1.0, 0.0, 1.5, -0.5)
HELD_OUT = (((1.0,), (-0.5,)), (0.5, 0.25))


class Fitted:
    """A model, its optimizer, and `fit`.

    Args:
        options: of `fit`.
    """

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.model = nn.Sequential(nn.Layer(1, 2, "tanh"), nn.BatchNorm(2), nn.Layer(2, 1, "identity"), seed=2)
        self.model.eval()
        self.optimizer = nn.Adam(self.model.parameters(), 0.05)
        self.steps = nn.steps.Steps(self.model, nn.losses.loss_row("mean_squared_error"), self.optimizer)
        random.seed(7)
        self.drawn = random.getstate()

    def fit(self, epochs: int = 2) -> Any:
        return nn.fit(self.model, INPUTS, TARGETS, optimizer=self.optimizer, **self._settings(epochs))

    def _settings(self, epochs: int) -> dict[str, Any]:
        settings = {"loss": "mean_squared_error", "epochs": epochs, "batch_size": 2, "progress": False}
        return settings | self.options

    def whole_steps(self) -> list[Any]:
        """Return where model and optimizer are before and after every whole step."""
        marks = [self.steps.mark()]
        settings = self._settings(2)
        del settings["progress"]
        run = nn.Training(self.model, INPUTS, TARGETS, optimizer=self.optimizer, **settings)
        run.on_batch_done = lambda _: marks.append(self.steps.mark())
        list(run)
        marks.append(self.steps.mark())
        return marks

    def hold(self) -> None:
        left = self.steps.mark()
        marks = whole_steps(**self.options)
        if "validation" in self.options:  # it may have gone back to its best epoch
            assert left.numbers in [mark.numbers for mark in marks]
        else:
            assert left in marks, "parameters and what the optimizer remembers are of no whole step"
        assert not any(module.training for _, module in self.model.named_modules()), "it was left in training mode"
        assert random.getstate() == self.drawn
        assert nn.stages._UNDRAWN.get() is None
        assert not nn.module._EVALUATED.get()
        twin = Fitted(**self.options)
        twin.steps.return_to(left)
        assert self.fit(1).training == twin.fit(1).training
        assert self.steps.mark() == twin.steps.mark()


@functools.cache
def whole_steps(**options: Any) -> list[Any]:
    return Fitted(**options).whole_steps()


class Stepped:
    """A plain step of an optimizer."""

    def __init__(self) -> None:
        self.leaves = [Value(1.0), Value(-2.0), Value(0.5)]
        self.optimizer = nn.Adam(self.leaves, 0.1)
        for k, leaf in enumerate(self.leaves):
            leaf.grad = 0.25 * k - 1.0

    def state(self) -> tuple[list[float], Any]:
        return [leaf.data for leaf in self.leaves], self.optimizer.state()

    def hold(self) -> None:
        after = Stepped()
        after.optimizer.step()
        assert self.state() in (Stepped().state(), after.state()), "a part of the step was made"


# -- files -------------------------------------------------------------------------------------------------------------


class Written:
    """A file that stands there already, to be written anew.

    Args:
        name: of the file.
        write: writes to a path.
    """

    def __init__(self, name: str, write: Callable[[Path], Any]) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / name
        self.path.write_text("old")
        self.name = name
        self.mask = mask()
        self._write = write

    def write(self) -> None:
        self._write(self.path)

    def hold(self) -> None:
        content, listed = self.path.read_bytes(), os.listdir(self.folder)
        shutil.rmtree(self.folder)
        assert content in {b"old", written(self.name, self._write)}, "neither the old file nor the new one"
        assert listed == [self.name], "a file was left behind"
        assert mask() == self.mask


@functools.cache
def written(name: str, write: Callable[[Path], Any]) -> bytes:
    fresh = Written(name, write)
    fresh.write()
    content = fresh.path.read_bytes()
    shutil.rmtree(fresh.folder)
    return content


def mask() -> int:
    """Return which permissions new files lack."""
    now = os.umask(0o022)
    os.umask(now)
    return now


@functools.cache
def one_epoch() -> nn.Training:
    fitted = Fitted()
    settings = fitted._settings(2)
    del settings["progress"]
    run = nn.Training(fitted.model, INPUTS, TARGETS, optimizer=fitted.optimizer, **settings)
    next(run)
    return run


def save_model(path: Path) -> None:
    nn.save(one_epoch().model, path)


def save_checkpoint(path: Path) -> None:
    one_epoch().save(path)


def save_source(path: Path) -> None:
    x = Value(2.0, label="x")
    ag.draw(x * x, path)


PROGRAMS = {
    "recording": Program(Session, Session.compute, session_holds, 40),
    "recording on a tape": Program(Session, compute_on_a_tape, session_holds, 40),
    "recording in modes": Program(Session, compute_in_modes, session_holds, 40),
    "backward": Program(recorded_session, lambda session: session.made[-1].backward(), backward_holds, 40),
    "reading": Program(recorded_session, copied, session_holds, 12),
    "transforms": Program(Transformed, Transformed.results, Transformed.hold, 15),
    "assignment": Program(Assigned, Assigned.assign, Assigned.hold, 40),
    "compile": Program(Replayed, Replayed.results, Replayed.hold, 15),
    "replay": Program(Programmed, Programmed.results, Programmed.hold, 25),
    "optimizer": Program(Stepped, lambda stepped: stepped.optimizer.step(), Stepped.hold, 100),
    "fit": Program(Fitted, Fitted.fit, Fitted.hold, 4),
    "fit without replay": Program(lambda: Fitted(replay=False), Fitted.fit, Fitted.hold, 15),
    "fit with validation": Program(lambda: Fitted(validation=HELD_OUT), Fitted.fit, Fitted.hold, 4),
    "saving": Program(lambda: Written("model.safetensors", save_model), Written.write, Written.hold, 12),
    "checkpoint": Program(lambda: Written("run.safetensors", save_checkpoint), Written.write, Written.hold, 12),
    "drawing": Program(lambda: Written("graph.dot", save_source), Written.write, Written.hold, 25),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_interrupt_leaves_everything_whole(name):
    program = PROGRAMS[name]
    for at in spread(program.moments(), program.sampled):
        program.check(Interrupted(at))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timers that send signals")
def test_loops_can_be_interrupted_by_signals_at_any_time():
    generator = random.Random(11)
    session, stepped, fast = Session(), Stepped(), Programmed()
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for _ in range(60):
            signal.setitimer(signal.ITIMER_REAL, generator.uniform(1e-4, 3e-3))
            with contextlib.suppress(KeyboardInterrupt):
                for _ in range(100):
                    session.finish()
                    session.made[-1].backward()
                    stepped.optimizer.step()
                    fast.results()
                signal.setitimer(signal.ITIMER_REAL, 0.0)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert_usual()
    session_holds(session)
    fast.hold()
    assert len(set(stepped.optimizer.memory["steps"])) == 1
