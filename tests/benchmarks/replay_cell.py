"""One measurement in a process of its own: `python -m tests.benchmarks.replay_cell ENGINE WORK CORE [quick]`.

Prints one JSON object: CPU seconds (the median) of a value with its gradient, of recording, and of building up to the
first answer; the memory used at the peak of building; and by how much the answers differ from those by hand, at worst.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.benchmarks.replay_peers import Built, builder, load
from tests.benchmarks.replay_works import WORKS, Work

REPETITIONS = 7
LEAST = 0.2
"""CPU seconds that one measurement takes at least, by doing it again and again."""

TOLERANCE = 1e-9
FLOOR = 1e-3
"""Numbers smaller than this share of the largest one are compared as if they were as large as that."""

MEGABYTE = 1 << 20


def keep_to(core: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def resident(line: str) -> int:
    """Return a number of bytes from what the system says about this process; the highest ever where it says nothing."""
    try:
        with open("/proc/self/status") as status:
            return next(1024 * int(text.split()[1]) for text in status if text.startswith(line))
    except OSError:
        highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return highest if sys.platform == "darwin" else 1024 * highest


def forget_peak() -> None:
    try:
        with open("/proc/self/clear_refs", "w") as commands:
            commands.write("5")
    except OSError:
        pass  # then the peak is that of the process up to now


def difference(answers: Sequence[Any], expected: Sequence[Any]) -> float:
    """Return the largest relative difference between two lists of arrays."""
    worst = 0.0
    for got, wanted in zip(answers, expected, strict=True):
        a, b = (np.ravel(np.asarray(each, dtype=float)) for each in (got, wanted))
        if a.shape != b.shape or not np.isfinite(a).all():
            return float("inf")
        worst = max(worst, float((np.abs(a - b) / np.maximum(np.abs(b), FLOOR * np.abs(b).max())).max()))
    return worst


def checked(built: Built, work: Work, prepared: Sequence[Any]) -> float:
    """Return how far the answers at both points are from those by hand, at worst."""
    from tests.benchmarks.replay_peers import by_hand

    reference = by_hand(work)
    worst = 0.0
    for point, own in zip(work.points, prepared):
        answers = [np.asarray(each).copy() for each in built.read(built.step(own))]
        worst = max(worst, difference(answers, reference.read(reference.step(point))))
    if not worst <= TOLERANCE:
        raise SystemExit(f"the gradient by hand is another one: relative difference {worst:.1e}")
    return worst


def seconds_for(step: Callable[[Any], Any], prepared: Sequence[Any], times: int) -> float:
    """Return the CPU seconds of a step, done so many times, at each point in turn."""
    first, second = prepared
    gc.collect()
    start = time.process_time()
    for _ in range(times // 2):
        step(first)
        step(second)
    if times % 2:
        step(first)
    return (time.process_time() - start) / times


def measured(step: Callable[[Any], Any], prepared: Sequence[Any], quick: bool) -> float:
    """Return the median CPU seconds of a step."""
    if quick:
        return seconds_for(step, prepared, 2)
    times = 2
    while (taken := times * seconds_for(step, prepared, times)) < LEAST:
        times = max(2 * times, min(100 * times, int(1.2 * LEAST * times / max(taken, 1e-6)) + 1))
    return sorted(seconds_for(step, prepared, times) for _ in range(REPETITIONS))[REPETITIONS // 2]


def main(engine: str, name: str, core: str, quick: str = "") -> None:
    keep_to(int(core))
    load(engine)
    work = WORKS[name](bool(quick))
    gc.collect()
    forget_peak()
    before = resident("VmRSS")
    start = time.process_time()
    built = builder(engine, name)(work)
    prepared = [built.prepare(work.points[0])]
    built.step(prepared[0])
    building = time.process_time() - start
    peak = resident("VmHWM") - before
    prepared.append(built.prepare(work.points[1]))
    worst = checked(built, work, prepared)
    print(
        json.dumps(
            {
                "seconds": measured(built.step, prepared, bool(quick)),
                "recording": built.recording,
                "building": building,
                "megabytes": peak / MEGABYTE,
                "nodes": built.nodes,
                "difference": worst,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
