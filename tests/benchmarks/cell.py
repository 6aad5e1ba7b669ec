"""One measurement in a process of its own: `python -m tests.benchmarks.cell ENGINE WORKLOAD [REPETITIONS]`.

Prints one JSON object: CPU seconds (medians) of recording and of sweeping with the garbage collector on, the value, the
gradient, and for one run each the memory kept after recording and used at the peak of recording and sweeping.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Callable

from tests.benchmarks.engines import ENGINES
from tests.benchmarks.programs import WORKLOADS


def traced(action: Callable[[], object]) -> tuple[float, float]:
    """Return how many bytes of Python's memory an action kept, and used at its highest (C++ has its own)."""
    gc.collect()
    tracemalloc.start()
    action()
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return kept, peak


def median(numbers: list[float]) -> float:
    return sorted(numbers)[len(numbers) // 2]


def main(engine_name: str, workload_name: str, repetitions: str = "9") -> None:
    engine = ENGINES[engine_name]()
    workload = WORKLOADS[workload_name](engine)
    sys.setrecursionlimit(10**6)  # micrograd sorts by recursion
    kept: list[object] = []

    def record() -> None:
        leaves = engine.leaves(workload.start)
        kept[:] = [workload.program(engine, leaves), leaves]

    record()  # once before, so that what is made once per process is not counted per operation
    kept.clear()
    recorded, _ = traced(record)
    kept.clear()
    _, swept = traced(lambda: (record(), engine.gradient(*kept)))
    kept.clear()
    recording, sweeping = [], []
    for _ in range(int(repetitions)):
        kept.clear()
        gc.collect()
        start = time.process_time()
        record()
        middle = time.process_time()
        gradient = engine.gradient(*kept)
        recording.append(middle - start)
        sweeping.append(time.process_time() - middle)
    print(
        json.dumps(
            {
                "recording": median(recording),
                "sweeping": median(sweeping),
                "total": median([a + b for a, b in zip(recording, sweeping)]),
                "operations": workload.operations,
                "recorded_bytes": recorded,
                "peak_bytes": swept,
                "value": engine.value(kept[0]),
                "gradient": gradient[:50],
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
