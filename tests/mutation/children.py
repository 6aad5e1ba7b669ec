"""Work in forked children: one at a time or several, each with limits of CPU time, wall time and memory."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

MEMORY = 4 * 2**30  # bytes of address space
PATIENCE = 10.0  # seconds of wall time per second of CPU time that is granted, on a busy machine

Task = TypeVar("Task")


@dataclass(frozen=True)
class Ended(Generic[Task]):
    """How a child's work ended: what it wrote, and the signal or status it left with."""

    task: Task
    written: str
    signal: int
    status: int
    seconds: float
    was_late: bool


@dataclass
class _Child(Generic[Task]):
    task: Task
    process: int
    pipe: int
    started: float
    deadline: float
    folder: str
    written: bytes = b""


def _child(task: Task, work: Callable[[Task, int, Path], None], cpu: float, write: int, folder: Path) -> NoReturn:
    status = 70  # the work raised: the mutant broke what runs the tests
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (int(cpu) + 1, int(cpu) + 3))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        work(task, write, folder)
        status = 0
    except BaseException as error:
        os.write(write, "".join(traceback.format_exception(error))[-2000:].encode())
    finally:
        os._exit(status)


def _begin(task: Task, work: Callable[[Task, int, Path], None], cpu: float) -> _Child[Task]:
    pipe, write = os.pipe()
    folder = tempfile.mkdtemp(prefix="mutant")
    process = os.fork()
    if process == 0:
        os.close(pipe)
        _child(task, work, cpu, write, Path(folder))
    os.close(write)
    now = time.monotonic()
    return _Child(task, process, pipe, now, now + PATIENCE * (int(cpu) + 1), folder)


def _finish(child: _Child[Task], *, was_late: bool) -> Ended[Task]:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.process, signal.SIGKILL)  # also what its tests have started
    _, status = os.waitpid(child.process, 0)
    os.close(child.pipe)
    shutil.rmtree(child.folder, ignore_errors=True)
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
    seconds = time.monotonic() - child.started
    return Ended(child.task, child.written.decode(), ended_by, code, seconds, was_late)


def _read(child: _Child[Any]) -> bool:
    """Read what a child has written; return whether it is done."""
    text = os.read(child.pipe, 65536)
    child.written += text
    return not text


def run(
    tasks: Iterable[Task], work: Callable[[Task, int, Path], None], cpu: Callable[[Task], float], jobs: int
) -> Iterator[Ended[Task]]:
    """Yield how each task ended: `work(task, pipe, folder)` in a child of its own, at most `jobs` at a time."""
    waiting = iter(tasks)
    running: dict[int, _Child[Task]] = {}
    while True:
        while len(running) < jobs and (task := next(waiting, None)) is not None:
            child = _begin(task, work, cpu(task))
            running[child.pipe] = child
        if not running:
            return
        soonest = min(child.deadline for child in running.values()) - time.monotonic()
        for pipe in select.select(list(running), [], [], max(0.0, soonest))[0]:
            if _read(running[pipe]):
                yield _done(running.pop(pipe))
        for child in [child for child in running.values() if child.deadline <= time.monotonic()]:
            yield _finish(running.pop(child.pipe), was_late=True)


def _done(child: _Child[Task]) -> Ended[Task]:
    return _finish(child, was_late=False)
