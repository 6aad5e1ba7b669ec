"""KeyboardInterrupt at every moment at which Python can raise one, and what has to be true afterwards.

    python -m tests.interrupts                  every moment of every program: about half an hour
    python -m tests.interrupts backward fit     of some of them
    python -m tests.interrupts --most 500       at most so many moments of each, evenly spread

CPython looks for a signal when a function is entered, after every call, and where a loop jumps back: nowhere else. A
trace function counts these moments; at the chosen one it lets a SIGINT wait, without a call of its own, so that the
handler runs in the traced program at exactly this moment. One moment is left out, because no code in Python can do
anything about it: the very beginning of an `__exit__` that is written in Python, before its first line.

`tests/test_interrupts.py` runs a sample of the moments.
"""

from __future__ import annotations

import _thread
import argparse
import dis
import functools
import signal
import sys
import time
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

__all__ = ["Interrupted", "count_moments", "interrupted_at", "is_mere_beginning_of_exit", "spread"]

_LOOKS = ("CALL", "CALL_FUNCTION_EX", "CALL_KW", "JUMP_BACKWARD")


class _Signal(int):
    """A signal that is set waiting by reading an attribute, which is no call and so no moment of its own."""

    waits = property(_thread.interrupt_main)


_SIGINT = _Signal(signal.SIGINT)


class Interrupted:
    """Runs a function while counting moments, with a SIGINT at one of them.

    Args:
        at: the moment; below 0 for none.

    Attributes:
        moments: how many were seen.
        place: (file, line, function) of the interrupt, where there was one.
    """

    def __init__(self, at: int = -1) -> None:
        self.moments = 0
        self.place: tuple[str, int, str] | None = None
        self._at = at

    def run(self, work: Callable[[], Any]) -> bool:
        """Run a function; return whether it let a KeyboardInterrupt out."""
        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        tracer = sys.gettrace()
        try:
            try:
                sys.settrace(self._on_call)
                work()
            finally:
                sys.settrace(tracer)
            _look_for_signals()
        except KeyboardInterrupt:
            return True
        finally:
            signal.signal(signal.SIGINT, handler)
        return False

    def _on_call(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename == __file__ or is_mere_beginning_of_exit(frame):
            frame.f_trace_opcodes = True
            return self._on_opcode
        frame.f_trace_opcodes = True
        if self.moments == self._at:
            return self._interrupt(frame)
        self.moments += 1
        return self._on_opcode

    def _on_opcode(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "opcode" and frame.f_lasti in _looks(frame.f_code) and frame.f_code.co_filename != __file__:
            if self.moments == self._at:
                return self._interrupt(frame)
            self.moments += 1
        return self._on_opcode

    def _interrupt(self, frame: FrameType) -> None:
        self.place = (frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
        self.moments += 1
        sys.settrace(None)
        _SIGINT.waits  # noqa: B018 - from here on to the traced program there is no call


def is_mere_beginning_of_exit(frame: FrameType) -> bool:
    """Return whether a function that has just been entered leaves a `with`."""
    return frame.f_code.co_name == "__exit__"


@functools.cache
def _looks(code: CodeType) -> frozenset[int]:
    """Return the places of the instructions of a function after which Python looks for signals.

    Not the call that leaves a `with`, of `__exit__(None, None, None)`: it goes straight to the beginning of `__exit__`.
    """
    found: list[int] = []
    nones = 0
    for each in dis.get_instructions(code):
        leaves_with = each.opname == "CALL" and nones >= 3
        if not leaves_with and (each.opname in _LOOKS or each.opname.startswith("POP_JUMP_BACKWARD")):
            found.append(each.offset)
        if each.opname != "PRECALL":
            nones = nones + 1 if each.opname == "LOAD_CONST" and each.argval is None else 0
    return frozenset(found)


def _look_for_signals() -> None:
    """Be called, which lets a waiting signal come."""


def count_moments(work: Callable[[], Any]) -> int:
    """Return at how many moments a function can be interrupted."""
    counting = Interrupted()
    counting.run(work)
    return counting.moments


def interrupted_at(work: Callable[[], Any], at: int) -> Interrupted:
    """Run a function with an interrupt at one moment; return where that was."""
    run = Interrupted(at)
    run.run(work)
    return run


def spread(total: int, most: int | None, seed: int = 0) -> list[int]:
    """Return at most so many of the numbers below a total, spread evenly but for a random offset in each stretch."""
    import random

    if most is None or total <= most:
        return list(range(total))
    generator = random.Random(seed)
    return [int((k + generator.random()) * total / most) for k in range(most)]


def main() -> None:
    """Run the programs of `tests/test_interrupts.py` with an interrupt at every moment."""
    from tests.test_interrupts import PROGRAMS

    parser = argparse.ArgumentParser(prog="python -m tests.interrupts", description="Interrupt programs everywhere.")
    parser.add_argument("programs", nargs="*", help=f"of {', '.join(PROGRAMS)}; by default all")
    parser.add_argument("--most", type=int, help="at most so many moments of each program")
    options = parser.parse_args()
    failed = 0
    for name in options.programs or PROGRAMS:
        failed += _run_all(name, PROGRAMS[name], options.most)
    raise SystemExit(bool(failed))


def _run_all(name: str, program: Any, most: int | None) -> int:
    began = time.perf_counter()
    moments = spread(program.moments(), most)
    failures: dict[str, int] = {}
    for at in moments:
        run = Interrupted(at)
        try:
            program.check(run)
        except Exception as error:  # whatever is wrong is told, and the next moment tried
            where = "nowhere" if run.place is None else "{}:{} in {}".format(*run.place)
            text = f"{where}: {type(error).__name__}: {error}".splitlines()[0]
            failures[text] = failures.get(text, 0) + 1
    seconds = time.perf_counter() - began
    print(f"{name:24} {len(moments):8} moments {sum(failures.values()):6} wrong {seconds:8.1f} s", flush=True)
    for text, count in failures.items():
        print(f"    {count} × {text}")
    return sum(failures.values())


if __name__ == "__main__":
    main()
