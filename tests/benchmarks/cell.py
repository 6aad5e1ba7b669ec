"""One measurement in a process of its own: `python -m tests.benchmarks.cell ENGINE WORKLOAD [REPETITIONS]`.

Prints one JSON object: CPU seconds (medians) of recording and of sweeping with the garbage collector on, the value, the
gradient, and for one run the peak of the memory above the level before it.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time

from tests.benchmarks.engines import ENGINES
from tests.benchmarks.programs import WORKLOADS


def peak_above(action: object) -> float:
    """Return how many bytes the process's resident memory rose at its highest while an action ran."""
    gc.collect()
    try:
        with open("/proc/self/clear_refs", "w") as control:
            control.write("5")
    except OSError:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        action()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    before = _status("VmRSS")
    action()
    return _status("VmHWM") - before


def _status(key: str) -> float:
    with open("/proc/self/status") as status:
        return next(float(line.split()[1]) * 1024 for line in status if line.startswith(key))


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
    recorded = peak_above(record)
    kept.clear()
    swept = peak_above(lambda: (record(), engine.gradient(*kept)))
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
