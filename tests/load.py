"""How cost and memory grow with nodes and with steps.

    python -m tests.load                       everything below: about ten minutes on a quiet machine
    python -m tests.load nodes --most 7        tapes of 10⁴ … 10⁷ nodes, deep, wide and mixed
    python -m tests.load training --steps 1000000

`nodes` tells CPU time per node: of recording, a sweep, `Tape.of`, a pickle there and back, and compiling (up to 10⁶
nodes, where the tape is wide enough to be arrays); and memory: bytes per node that recording takes, that the first
sweep takes in addition; what the process still has when the values are gone and the C library has been asked to give
free pages back; and by how much it has grown when all was made, used and let go a second time. Every tape is made in a
process of its own. 10⁷ nodes take 1.1 GB; 3·10⁷ (`--most 7.5`) are the most that is meant to be tried: about 4 GB, and
twice as much for a pickle, which is left out there.

`training` tells the memory of the process ten times during a run: of a plain loop, of `nn.fit` by replay, and of
`nn.fit` recording every sample.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import autograd as ag
import nn
from autograd import Tape, Value

PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096

MOST_PICKLED = 10**7
MOST_COMPILED = 10**6
DEPTH = 100
"""How deep the parts of a mixed tape are."""


def resident() -> int:
    """Return how many bytes of memory the process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE


# -- shapes ------------------------------------------------------------------------------------------------------------


def deep(n: int) -> Value:
    """Return the end of a chain."""
    x = y = Value(1.0)
    for _ in range(n // 2):
        y = y * 1.0000001 + x  # a factor whose powers stay within range: a sweep leaves out what is zero
    return y


def wide(n: int) -> Value:
    """Return a sum of products of two leaves each."""
    leaves = [Value(0.5 + k % 7) for k in range(n // 2)]
    return ag.sum([leaf * 0.5 for leaf in leaves])


def wide_on_a_tape(n: int) -> Value:
    """Return a sum of products, recorded on a tape of its own: nothing is imported from tapes that were full."""
    with Tape():
        return wide(n)


def mixed(n: int) -> Value:
    """Return a sum of chains."""
    ends = []
    for k in range(n // DEPTH):
        x = y = Value(0.5 + k % 7)
        for _ in range(DEPTH // 2):
            y = y * 0.5 + x
        ends.append(y)
    return ag.sum(ends)


SHAPES: dict[str, Callable[[int], Value]] = {
    "deep": deep,
    "mixed": mixed,
    "wide": wide,
    "wide, with Tape()": wide_on_a_tape,
}


def cell(shape: str, n: int) -> dict[str, float]:
    """Return what one tape costs: nanoseconds and bytes per node; bytes that are left, and by how many these grow."""
    deep(100).backward()  # what is made at first use is there
    found = _round(shape, n)
    left = _settled()
    _round(shape, n)
    return found | {"again": _settled() - left}


def _settled() -> int:
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim is not None:
        trim(0)
    return resident()


def _round(shape: str, n: int) -> dict[str, float]:
    at_first = _settled()
    found: dict[str, float] = {}
    y = _timed(found, "record", n, SHAPES[shape], n)
    recorded = resident()
    _timed(found, "sweep", n, y.backward)
    swept = resident()
    _timed(found, "Tape.of", n, Tape.of, y)
    if n <= MOST_PICKLED:
        _timed(found, "pickle", n, _there_and_back, y)
    if n <= MOST_COMPILED and shape != "deep":
        program = _timed(found, "compile", n, Tape.of(y).compile)
        numbers = [1.0] * program.n_shared
        program.value_and_grad(numbers)
        _timed(found, "replay", n, program.value_and_grad, numbers)
        del program, numbers
    del y
    per_node = {"memory": (recorded - at_first) / n, "sweep memory": (swept - recorded) / n}
    return found | per_node | {"left": _settled() - at_first}


def _there_and_back(y: Value) -> None:
    pickle.loads(pickle.dumps(y))


def _timed(found: dict[str, float], name: str, n: int, work: Callable[..., Any], *arguments: Any) -> Any:
    began = time.process_time()
    result = work(*arguments)
    found[name] = 1e9 * (time.process_time() - began) / n
    return result


def nodes(most: float) -> None:
    """Print the table of tapes."""
    columns = ["record", "sweep", "Tape.of", "pickle", "compile", "replay"]
    print("nodes: ns of CPU time per node; bytes per node; MB left when they are gone, and added by a second round")
    print(f"{'shape':17} {'nodes':>11}" + "".join(f"{name:>9}" for name in columns) + " memory +sweep   left  again")
    sizes = [10**power for power in range(4, int(most) + 1)]
    sizes += [round(10**most)] if most > int(most) else []
    for shape in SHAPES:
        for n in sizes:
            command = [sys.executable, "-m", "tests.load", "cell", shape, str(n)]
            told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            times = "".join(f"{told[name]:9.0f}" if name in told else f"{'':9}" for name in columns)
            memory = f"{told['memory']:7.0f}{told['sweep memory']:7.0f}"
            memory += f"{told['left'] / 1e6:7.1f}{told['again'] / 1e6:7.1f}"
            print(f"{shape:17} {n:11,}{times}{memory}", flush=True)


# -- steps -------------------------------------------------------------------------------------------------------------


def plain_loop(steps: int) -> None:
    """Train two leaves, with an operator a line, as a learner would."""
    w, b = Value(1.0), Value(0.0)
    for k in range(steps):
        loss = (w * float(k % 5) + b - 1.0) ** 2
        loss.backward()
        for leaf in (w, b):
            leaf.data -= 0.01 * leaf.grad
            leaf.grad = 0.0


def fitted(steps: int, replay: bool) -> None:
    """Train a small network, a sample a step."""
    samples = [[0.1 * k, 1.0 - 0.1 * k] for k in range(20)]
    targets = [float(k % 3) for k in range(20)]
    model = nn.MLP(2, [2, 1], "tanh", seed=1)
    optimizer = nn.Adam(model.parameters(), 1e-3)
    epochs = max(1, steps // len(samples))
    run = nn.Training(
        model, samples, targets, loss="mean_squared_error", optimizer=optimizer, epochs=epochs, replay=replay
    )
    for _ in run:
        pass


LOOPS: dict[str, Callable[[int], None]] = {
    "plain loop": plain_loop,
    "fit by replay": lambda steps: fitted(steps, True),
    "fit, recording": lambda steps: fitted(steps, False),
}


def training(steps: int) -> None:
    """Print the memory of the process after each tenth of some steps, of each way to train."""
    print(f"training: MB of memory after each tenth of {steps:,} steps; µs of CPU time per step")
    for name, loop in LOOPS.items():
        began, found = time.process_time(), []
        for _ in range(10):
            loop(steps // 10)
            gc.collect()
            found.append(resident() / 1e6)
        seconds = time.process_time() - began
        print(f"{name:15}", " ".join(f"{each:6.1f}" for each in found), f"{1e6 * seconds / steps:8.1f} µs", flush=True)


def main() -> None:
    """Run what was asked for."""
    if sys.argv[1:2] == ["cell"]:
        print(json.dumps(cell(sys.argv[2], int(sys.argv[3]))))
        return
    parser = argparse.ArgumentParser(prog="python -m tests.load", description="Measure how cost and memory grow.")
    parser.add_argument("parts", nargs="*", help="nodes, training; by default both")
    parser.add_argument("--most", type=float, default=7.0, help="the power of ten up to which tapes grow")
    parser.add_argument("--steps", type=int, default=10**6, help="of training")
    options = parser.parse_args()
    for part in options.parts or ("nodes", "training"):
        if part == "nodes":
            nodes(options.most)
        elif part == "training":
            training(options.steps)
        else:
            parser.error(f"there is no {part}: nodes or training")


if __name__ == "__main__":
    main()
