"""Speed and memory against peers, in one run: `python -m tests.benchmarks [--rounds N] [--quick]`.

Peers are measured where they are installed (`pip install micrograd==0.1.0 xad==1.5.2`). Every cell is a process of its
own; the engines take turns, and what counts is the median over the rounds of the ratio within a round. CPU time,
garbage collector on. `--quick` only sees that everything still runs, and that the engines agree.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
from typing import Any

#            workload       (our workload, peer, the least we want to be ahead by)
COMPARED = [
    ("demo", "demo", "micrograd", 8.0),
    ("chain_300", "chain_300", "micrograd", 2.5),
    ("demo", "demo", "xad", 0.7),
    ("rosenbrock", "rosenbrock", "xad", 0.7),
    ("logistic", "logistic", "xad", 0.7),
    ("demo_nn", "demo", "xad", 3.0),
]
LENGTHS = ["chain_333", "chain_3333", "chain_33333", "chain_333333"]


def measured(engine: str, workload: str, repetitions: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.cell", engine, workload, str(repetitions)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{engine} {workload} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def median(numbers: list[float]) -> float:
    return sorted(numbers)[len(numbers) // 2]


def agree(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    pairs = zip([ours["value"], *ours["gradient"]], [theirs["value"], *theirs["gradient"]])
    for a, b in pairs:
        if abs(a - b) > 1e-9 * max(abs(a), abs(b), 1e-3):
            raise SystemExit(f"the engines disagree: {a!r} and {b!r}")


def compare(rounds: int, repetitions: int) -> None:
    print(f"{'workload':28} {'ours':>12} {'peer':>12} {'ahead by':>10} {'wanted':>8}")
    for workload, theirs, peer, wanted in COMPARED:
        if importlib.util.find_spec(peer) is None:
            print(f"{workload + ' / ' + peer:28} skipped: {peer} is not installed")
            continue
        pairs = []
        for _ in range(rounds):
            pairs.append((measured("tapegrad", workload, repetitions), measured(peer, theirs, repetitions)))
            agree(*pairs[-1])
        ours, other = (median([pair[side]["total"] for pair in pairs]) for side in (0, 1))
        ratio = median([b["total"] / a["total"] for a, b in pairs])
        print(f"{workload + ' / ' + peer:28} {ours * 1e3:9.3f} ms {other * 1e3:9.3f} ms {ratio:9.2f}x {wanted:7.1f}x")


def grow(repetitions: int) -> None:
    print(f"\n{'operations':>12} {'recording':>12} {'sweeping':>12} {'recorded':>12} {'at the peak':>12}")
    for workload in LENGTHS:
        cell = measured("tapegrad", workload, repetitions)
        count = cell["operations"]
        print(
            f"{count:12} {cell['recording'] / count * 1e9:9.0f} ns {cell['sweeping'] / count * 1e9:9.0f} ns"
            f" {cell['recorded_bytes'] / count:10.0f} B {cell['peak_bytes'] / count:10.0f} B   per operation"
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often the engines take turns (default 5)")
    parser.add_argument("--quick", action="store_true", help="one round of one repetition: does everything still run?")
    arguments = parser.parse_args()
    compare(1 if arguments.quick else arguments.rounds, 1 if arguments.quick else 9)
    grow(1 if arguments.quick else 5)


if __name__ == "__main__":
    main()
