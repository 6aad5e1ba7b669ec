"""Recording once and replaying, against peers: `python -m tests.benchmarks.replay [--rounds N] [--quick]`.

Peers are measured where they are installed (`pip install scipy casadi==3.8.2 jax==0.10.2 torch==2.13.0`; scipy is for
the option prices in NumPy). Every cell is a process of its own, on one core and one thread; the engines take turns, and
what counts is the median over the rounds of the ratio within a round. CPU time, garbage collector on. Every answer is
compared with the gradient by hand, at two points. `--quick` only sees that everything still runs and agrees: the times
it prints are of small programs and mean nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tests.benchmarks.replay_peers import OURS, PEERS, installed
from tests.benchmarks.replay_works import GROWING, WIDENING

ENGINES = ["numpy", "casadi", "jax", "torch", "recorded"]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"}
MEGABYTE = 1 << 20
PATIENCE = 600
"""Seconds after which a cell counts as failed."""

Cell = dict[str, Any]


class Wanted(NamedTuple):
    """What we want of a work: at most so many times a peer's time; and to be built in so many seconds and megabytes."""

    peer: str
    times: float
    seconds: float | None = None
    megabytes: float | None = None

    def __str__(self) -> str:
        built = [f"{self.seconds:g} s"] if self.seconds else []
        built += [f"{self.megabytes:g} MB"] if self.megabytes else []
        return f"{self.times:g}x {self.peer}" + (f", built in {' and '.join(built)}" if built else "")

    def met(self, ratio: float | None, ours: Cell) -> bool | None:
        """Whether all of it is reached; None if the peer was not measured."""
        if ratio is None:
            return None
        in_time = self.seconds is None or ours["building"] <= self.seconds
        in_space = self.megabytes is None or ours["megabytes"] <= self.megabytes
        return ratio <= self.times and in_time and in_space


WANTED = {
    "demo": Wanted("numpy", 1.5),
    "demo_nn": Wanted("numpy", 1.5),
    "relu_net": Wanted("numpy", 1.0, seconds=2, megabytes=500),
    "logistic": Wanted("numpy", 1.5),
    "rosenbrock": Wanted("casadi", 1.0, seconds=0.2),
    "helmholtz": Wanted("casadi", 0.1, seconds=3),
    "black_scholes": Wanted("jax", 0.9),
    "chain": Wanted("recorded", 0.2),
}


# -- measuring --------------------------------------------------------------------------------------------------------


class Lab:
    """Runs cells, one after the other, and remembers those that failed.

    Args:
        quick: whether to take small programs, and each measurement once.
    """

    def __init__(self, quick: bool) -> None:
        self.quick = quick
        self.failures: list[str] = []
        available = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0}
        self.cores = sorted(available)

    def measured(self, engine: str, work: str, turn: int = 0) -> Cell | None:
        """Return what a cell found, or None if it failed; all cells of a turn are on the same core."""
        core = self.cores[turn % len(self.cores)]
        command = [sys.executable, "-m", "tests.benchmarks.replay_cell", engine, work, str(core)]
        try:
            done = subprocess.run(
                command + ["quick"] * self.quick,
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE,
                env=os.environ | ONE_THREAD,
            )
        except subprocess.TimeoutExpired:
            self.failures.append(f"{engine} {work}: not done in {PATIENCE} s")
            return None
        if done.returncode:
            self.failures.append(f"{engine} {work}: {done.stderr.strip()[-2000:] or done.returncode}")
            return None
        cell: Cell = json.loads(done.stdout.splitlines()[-1])
        return cell

    def rounds(self, engines: Sequence[str], work: str, count: int) -> dict[str, list[Cell | None]]:
        """Return the cells of each engine, one per round; who failed once is not asked again."""
        cells: dict[str, list[Cell | None]] = {engine: [] for engine in engines}
        for turn in range(count):
            for engine in engines if turn % 2 == 0 else reversed(engines):
                failed = None in cells[engine]
                cells[engine].append(None if failed else self.measured(engine, work, turn))
        return cells


def median(numbers: Sequence[float]) -> float:
    return sorted(numbers)[len(numbers) // 2]


def middle(cells: Sequence[Cell | None]) -> Cell | None:
    """Return the median of each number over the rounds."""
    found = [cell for cell in cells if cell is not None]
    return {key: median([cell[key] for cell in found]) for key in found[0]} if found else None


def ratio(ours: Sequence[Cell | None], theirs: Sequence[Cell | None]) -> float | None:
    """Return the median over the rounds of our time per theirs."""
    pairs = [(a, b) for a, b in zip(ours, theirs) if a is not None and b is not None]
    return median([a["seconds"] / b["seconds"] for a, b in pairs]) if pairs else None


# -- tables -----------------------------------------------------------------------------------------------------------


def duration(seconds: float) -> str:
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= scale:
            return f"{seconds / scale:#.3g}".rstrip(".") + f" {unit}"
    return f"{seconds * 1e9:#.3g}".rstrip(".") + " ns"


def shown(number: Any, format: Callable[[Any], str]) -> str:
    return "-" if number is None else format(number)


def time_of(cell: Cell | None) -> str:
    return "-" if cell is None else duration(cell["seconds"])


def building_of(cell: Cell | None) -> str:
    return "-" if cell is None else f"{duration(cell['building'])}, {cell['megabytes']:.0f} MB"


def times(number: float) -> str:
    return f"{number:.0f}x" if number >= 100 else f"{number:.2f}x" if number >= 0.095 else f"{number:.2g}x"


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [head, *rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    for number, line in enumerate(lines):
        print("| " + " | ".join(text.ljust(width) for text, width in zip(line, widths)) + " |", flush=True)
        if not number:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def compare(lab: Lab, works: Sequence[str], peers: Sequence[str], count: int) -> None:
    """Print what a value with its gradient takes, ours and theirs, and what building it took."""
    found = {}
    for work in works:
        engines = [peer for peer in peers if peer in PEERS[work]]
        if work == "black_scholes" and importlib.util.find_spec("scipy") is None:
            print("black_scholes is left out: the gradient by hand needs scipy")
            continue
        ours = [OURS] if replayable(work) else []
        found[work] = lab.rounds([*ours, *engines], work, count)
    asked = [peer for peer in ENGINES if any(peer in cells for cells in found.values())]
    head = ["work", "ours", *(title for peer in asked for title in (peer, f"ours/{peer}"))]
    print("A value with its gradient:\n")
    print_table([*head, "record", "+ compile", "wanted", "met"], [comparison(w, c, asked) for w, c in found.items()])
    print("\nFrom nothing to the first answer (imports apart), and the memory this took at its peak:\n")
    rows = [[w, *(building_of(middle(c.get(e, []))) for e in [OURS, *asked])] for w, c in found.items()]
    print_table(["work", "ours", *asked], rows)


def comparison(work: str, cells: dict[str, list[Cell | None]], asked: Sequence[str]) -> list[str]:
    """Return a line of the table."""
    ours = middle(cells.get(OURS, []))
    ratios = {peer: ratio(cells.get(OURS, []), cells.get(peer, [])) for peer in asked}
    line = [work, time_of(ours)]
    for peer in asked:
        line += [time_of(middle(cells.get(peer, []))), shown(ratios[peer], times)]
    if ours is None:
        return [*line, "-", "-", str(WANTED[work]), "-"]
    met = {True: "yes", False: "NO", None: "-"}[WANTED[work].met(ratios.get(WANTED[work].peer), ours)]
    compiling = duration(ours["building"] - ours["recording"])
    return [*line, duration(ours["recording"]), compiling, str(WANTED[work]), met]


# -- growth -----------------------------------------------------------------------------------------------------------


def grow(lab: Lab, count: int) -> tuple[list[Cell], list[Cell]]:
    """Print and return how the cost of building and of replaying grows with the nodes, and with the lanes."""
    growing = [_sized(lab, name, size, count) for name, size in GROWING.items() if not lab.quick or size <= 1000]
    widening = [_sized(lab, name, size, count) for name, size in WIDENING.items() if not lab.quick or size <= 1000]
    nodes, lanes = ([cell for cell in cells if cell is not None] for cells in (growing, widening))
    print("\nOne point, more and more nodes; per node:\n")
    print_table(["nodes", "record", "compile", "replay", "memory for both"], [per_node(cell) for cell in nodes])
    print("\nBlack-Scholes and its five derivatives, more and more lanes; per lane:\n")
    print_table(["lanes", "replay", "per lane and node"], [per_lane(cell) for cell in lanes])
    return nodes, lanes


def per_node(cell: Cell) -> list[str]:
    count = cell["nodes"]
    costs = [duration(cell[key] / count) for key in ("recording", "compiling", "seconds")]
    return [f"{count:,}", *costs, f"{cell['megabytes'] * MEGABYTE / count:.0f} B"]


def per_lane(cell: Cell) -> list[str]:
    each = cell["seconds"] / cell["size"]
    return [f"{cell['size']:,}", duration(each), duration(each / cell["nodes"])]


def _sized(lab: Lab, work: str, size: int, count: int) -> Cell | None:
    cell = middle(lab.rounds([OURS], work, count)[OURS])
    if cell is not None:
        cell |= {"size": size, "compiling": cell["building"] - cell["recording"]}
    return cell


def plot(nodes: Sequence[Cell], lanes: Sequence[Cell], path: str) -> None:
    """Draw both growths, if matplotlib is installed."""
    if importlib.util.find_spec("matplotlib") is None:
        print("no plot: matplotlib is not installed")
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for key, label in (("recording", "record"), ("compiling", "compile"), ("seconds", "replay")):
        left.loglog([cell["nodes"] for cell in nodes], [cell[key] / cell["nodes"] for cell in nodes], "o-", label=label)
    right.loglog(
        [cell["size"] for cell in lanes], [cell["seconds"] / cell["size"] for cell in lanes], "o-", label="replay"
    )
    left.set(xlabel="nodes", ylabel="CPU seconds per node", title="one point")
    right.set(xlabel="lanes", ylabel="CPU seconds per lane", title="Black-Scholes, five derivatives")
    for axes in (left, right):
        axes.grid(True, alpha=0.3)
        axes.legend()
    figure.savefig(path)
    print(f"\nplotted to {path}")


# -- the command ------------------------------------------------------------------------------------------------------


def replayable(work: str = "demo") -> bool:
    """Whether this version can do what is measured."""
    from autograd import Tape

    return hasattr(Tape, "source" if work == "chain" else "compile")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.replay", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often the engines take turns (default 5)")
    parser.add_argument(
        "--quick", action="store_true", help="small programs, once: does everything still run and agree?"
    )
    parser.add_argument("--works", nargs="*", default=list(WANTED), choices=list(WANTED), metavar="WORK")
    parser.add_argument("--peers", nargs="*", choices=ENGINES, metavar="PEER", help="default: those installed")
    parser.add_argument("--no-growth", action="store_true", help="leave out the growth with nodes and lanes")
    parser.add_argument("--plot", metavar="PATH", help="draw the growth into a file (.svg, .png), with matplotlib")
    arguments = parser.parse_args()
    lab, count = Lab(arguments.quick), 1 if arguments.quick else arguments.rounds
    for name in ("compile", "source"):
        if not replayable("chain" if name == "source" else "demo"):
            print(f"this version has no Tape.{name}: only the peers are measured where it is needed")
    peers = ENGINES if arguments.peers is None else arguments.peers
    for peer in peers:
        if not installed(peer):
            print(f"skipped: {peer} is not installed")
    compare(lab, arguments.works, [peer for peer in peers if installed(peer)], count)
    if replayable() and not arguments.no_growth:
        nodes, lanes = grow(lab, min(count, 3))
        if arguments.plot:
            plot(nodes, lanes, arguments.plot)
    if lab.failures:
        raise SystemExit("\nfailed:\n" + "\n".join(lab.failures))


if __name__ == "__main__":
    main()
