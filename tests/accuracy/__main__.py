"""The accuracy report.

`python -m tests.accuracy [row ...]` prints the worst error of each row, in ulp: of its value and of each partial,
computed with floats and in a replay on arrays, and of its second derivatives.

The published report, `docs/accuracy.md` with its picture, is made by three steps. Points for peers; their answers, each
in an environment where the peer is installed; and the run, which takes some ten minutes on two cores and can be broken
off and taken up again:

    python -m tests.accuracy --write-points points.json --points 10000
    python tests/peers/accuracy.py jax points.json jax.json         (likewise torch, hips)
    python -m tests.accuracy --points 100000 --second 3000 --peers jax.json torch.json hips.json \\
        --processes 2 --keep figures.jsonl --publish
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tests.accuracy import measure
from tests.accuracy.figures import Figures, Plan, measured, shown
from tests.accuracy.measure import Worst
from tests.accuracy.references import ROWS


def options() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser("python -m tests.accuracy", description="Worst errors of rows, in ulp.")
    parser.add_argument("rows", nargs="*", help="the rows to measure; all by default")
    parser.add_argument("--points", type=int, default=1000, help="points per row, besides the hard ones")
    parser.add_argument("--second", type=int, default=50, help="points per row for second derivatives")
    parser.add_argument("--peers", nargs="*", default=[], metavar="FILE", help="answers of tests/peers/accuracy.py")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="FILE", help="where figures are kept; rows in it are not measured")
    parser.add_argument("--write-points", type=Path, metavar="FILE", help="only write the points, for peers")
    parser.add_argument("--publish", action="store_true", help="write docs/accuracy.md and its picture")
    return parser.parse_args()


def row_of(found: Figures) -> str:
    """Return the printed line of a row."""
    parts = [_numbers(found.floats), _numbers(found.arrays), shown(found.second[0])]
    over = [f"{point} > {bound:g}" for (error, point), bound in _pairs(found) if error > bound]
    return f"{found.name:15} {found.points:7} {parts[0]:28} {parts[1]:28} {parts[2]:8} {'; '.join(over)}"


def _numbers(worst: Worst) -> str:
    return " ".join(f"{shown(error):>6}" for error, _ in worst)


def _pairs(found: Figures) -> list[tuple[tuple[float, tuple[float, ...]], float]]:
    return list(zip(found.floats, measure.bounds(found.name), strict=True))


def write_points(file: Path, names: list[str], count: int) -> None:
    """Write the points of rows."""
    file.write_text(json.dumps({name: measure.points(name, count) for name in names}), "utf-8")


def main() -> None:
    """Print the worst errors, and where they are above the bound."""
    asked = options()
    names = asked.rows or list(ROWS)
    if asked.write_points:
        write_points(asked.write_points, names, asked.points)
        return
    print(f"{'row':15} {'points':>7} {'value and partials':28} {'on arrays':28} {'second':8} above the bound")
    found = []
    for each in measured(names, Plan(asked.points, asked.second, tuple(asked.peers)), asked.processes, asked.keep):
        print(row_of(each), flush=True)
        found.append(each)
    if asked.publish:
        from tests.accuracy import page

        page.publish(found)


if __name__ == "__main__":
    main()
