"""The published report: `docs/accuracy.md`, and its picture."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.accuracy import measure
from tests.accuracy.figures import Figures, Peer, shown, top
from tests.accuracy.references import REFERENCES, ROWS

__all__ = ["PAGE", "PICTURE", "page", "publish", "published"]

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
PICTURE = PAGE.parent / "pictures" / "accuracy.svg"
TAPEGRAD = "tapegrad"

HEAD = """# Accuracy

How far every primitive is from the exact result, at worst, in ulp (units in the last place: the distance between
neighbouring floats at the exact result). Made by `python -m tests.accuracy`, whose docstring has the commands; a test
compares this page with a fresh measurement.

![Worst errors of all primitives, and of the same functions in other engines](pictures/accuracy.svg)

- **Exact results** are balls of python-flint: intervals that are certain to hold the exact number. One that is too wide
  to tell the error to a millionth of an ulp is computed again with more bits. The formulas stand in
  `tests/accuracy/references.py`, written without looking at the rows; mpmath agrees with them, which a test sees to.
- **Points**: hard ones (poles, kinks, ends, thresholds of the kernels, the examples of the table, points at which other
  engines are known to fail), and random ones. Of these two in four are drawn where the function is interesting, one
  beside a hard point, at a distance from one ulp to a tenth, log-uniform, and one anywhere: log-uniform over all floats
  of both signs, subnormal numbers and the ends of the range included. {counts}
- **Floats**: the worst error of the value, and that of all partials, as `Value` has them.
- **Arrays**: likewise in a replay on NumPy's arrays, values swept forward, partials in reverse.
- **Second**: the worst error of all second derivatives, lifted from the partials, with operands between 1e-100 and
  1e100 in size (of `prod`, 1e-30 and 1e30), where the result is a float; of `pow`, where the power is within e±600,
  and of `silu`, within ±700: beyond, what they are made of is subnormal.
- **Bounds** of floats, arrays and second derivatives. That of floats is the contract, 4 ulp, but for three rows whose
  notes say why. An asterisk: the unit is that of the largest term, because the function is a difference with a zero
  where its terms are not 0 (the note of the row in the table says which), and of `prod` 1 ulp per operand. Bounds of
  arrays and of second derivatives are not promised but measured: a replay uses NumPy's functions, and a faster bell
  curve, which loses digits in its tails.

Measured with {versions}.

## Every primitive

| primitive | points | floats: value | partials | arrays: value | partials | second | bounds |
|---|---|---|---|---|---|---|---|
"""

PEERS = """
## Beside other engines

The worst error of the value, then of all partials, at the same points: the first {points:,} of each primitive. In
parentheses the share of points at which one of them is off by more than the bound; `inf` is nan, or inf for a number;
from 4.5e15 on no digit is right. Every engine computes in double precision, each function by the engine's own
(`jax.nn.sigmoid`, `torch.special.ndtr`, …; `tests/peers/accuracy.py` lists them). A dash: there is none, or it has no
derivative. Many of these points are extreme, and few programs meet them. On a CPU, JAX takes subnormal numbers for 0,
which shows in every row. Kinks are among the points, and there engines differ by convention, which counts as an error.

"""


def published() -> dict[str, list[str]]:
    """Return the cells of the published table by row."""
    text = PAGE.read_text("utf-8").partition("## Beside other engines")[0]
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells[1:] for cells in lines}


def page(found: Sequence[Figures], versions: str) -> str:
    """Return the whole page."""
    ordered = sorted(found, key=lambda each: list(ROWS).index(each.name))
    head = HEAD.format(counts=_counts(ordered), versions=versions)
    text = head + "".join(map(_line, ordered))
    compared = [each for each in ordered if set(each.peers) - {TAPEGRAD}]
    if not compared:
        return text
    engines = [TAPEGRAD, *sorted({engine for each in compared for engine in each.peers} - {TAPEGRAD})]
    points = min(each.peer_points for each in compared) // 1000 * 1000
    columns = f"| primitive | {' | '.join(engines)} |\n|{'---|' * (len(engines) + 1)}\n"
    lines = "".join(_peer_line(each, engines) for each in compared)
    return f"{text}{PEERS.format(points=points)}{columns}{lines}"


def _counts(found: Sequence[Figures]) -> str:
    """Return how many points there are."""
    most = max(each.points for each in found) // 1000 * 1000
    fewer = [each for each in found if each.points < most]
    text = f"At least {most:,}\n  per primitive"
    if fewer:
        least = min(each.points for each in fewer) // 1000 * 1000
        text += f", but for {len(fewer)} of them {least:,}: the table says which"
    return text + "."


def _line(found: Figures) -> str:
    floats, arrays = ([top(worst, slice(1)), top(worst, slice(1, None))] for worst in (found.floats, found.arrays))
    reference = REFERENCES[found.name]
    marks = [reference.value_terms, reference.partial_terms]
    if found.name == "prod":
        marks = [True, True]
    cells = [shown(error) + _mark(mark) for error, mark in zip([*floats, *arrays], marks * 2, strict=True)]
    second = shown(found.second[0]) + _mark(reference.second_terms)
    bounds = ", ".join(f"{bound:g}" for bound in bounds_of(found.name))
    return f"| `{found.name}` | {found.points} | {' | '.join(cells)} | {second} | {bounds} |\n"


def bounds_of(name: str) -> tuple[float, float, float]:
    """Return the bounds of a row: with floats, on arrays, of second derivatives."""
    return max(measure.bounds(name)), measure.array_bound(name), measure.second_bound(name)


def _mark(has_terms: Any) -> str:
    return "\\*" if has_terms else ""


def _peer_line(found: Figures, engines: Iterable[str]) -> str:
    cells = [_peer_cell(found.peers[engine]) if engine in found.peers else "—" for engine in engines]
    return f"| `{found.name}` | {' | '.join(cells)} |\n"


def _peer_cell(peer: Peer) -> str:
    over = f" ({_percent(peer.over)})" if peer.over else ""
    return f"{shown(peer.value)} · {shown(peer.partials)}{over}"


def _percent(share: float) -> str:
    return "< 0.1 %" if share < 0.001 else f"{100.0 * share:.1f} %"


def versions() -> str:
    """Return what the figures depend on."""
    import numpy
    import scipy

    library = " ".join(platform.libc_ver())
    return f"Python {platform.python_version()}, {library}, NumPy {numpy.__version__}, SciPy {scipy.__version__}"


def publish(found: Sequence[Figures]) -> None:
    """Write the page and its picture."""
    PAGE.write_text(page(found, versions()), "utf-8")
    draw(found, PICTURE)


# -- the picture -------------------------------------------------------------------------------------------------------

EXACT = 0.02  # ulp: where what is exact is drawn
NO_DIGIT = 3e17  # where nan and inf are


def draw(found: Sequence[Figures], file: Path) -> None:
    """Draw worst errors: ours in every way of computing, and those of other engines."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [each for each in found if top(each.floats, slice(None)) > 0.0]
    rows.sort(key=lambda each: -top(each.floats, slice(None)))
    with pyplot.rc_context({"svg.hashsalt": "accuracy", "svg.fonttype": "none", "font.size": 8.0}):
        figure, axes = pyplot.subplots(1, 2, figsize=(10.0, 1.2 + 0.17 * len(rows)), sharey=True, layout="constrained")
        _draw_ours(axes[0], rows)
        _draw_peers(axes[1], rows)
        axes[0].set_yticks(range(len(rows)), [each.name for each in rows])
        axes[0].set_ylim(len(rows) - 0.5, -0.5)
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None, dpi=110)
        pyplot.close(figure)


def _draw_ours(axes: Any, rows: Sequence[Figures]) -> None:
    _dots(axes, "value", "o", "black", "black", [top(each.floats, slice(1)) for each in rows])
    _dots(axes, "partials", "D", "white", "black", [top(each.floats, slice(1, None)) for each in rows])
    _dots(axes, "on arrays", "x", "0.35", "0.35", [top(each.arrays, slice(None)) for each in rows])
    _dots(axes, "second derivatives", "|", "0.35", "0.35", [each.second[0] for each in rows])
    axes.axvline(measure.CONTRACT, color="black", linewidth=0.8, linestyle="--")
    axes.set(xscale="log", xlabel="worst error, ulp; the line is the contract, 4 ulp", title="tapegrad")
    _finish(axes)


def _draw_peers(axes: Any, rows: Sequence[Figures]) -> None:
    engines = [TAPEGRAD, *sorted({engine for each in rows for engine in each.peers} - {TAPEGRAD})]
    styles = [("o", "black", "black"), ("s", "white", "black"), ("^", "0.65", "0.35"), ("x", "0.35", "0.35")]
    for engine, (marker, inside, edge) in zip(engines, styles):
        worst = [
            max(each.peers[engine].value, each.peers[engine].partials) if engine in each.peers else math.nan
            for each in rows
        ]
        _dots(axes, engine, marker, inside, edge, worst)
    axes.axvline(NO_DIGIT, color="0.6", linewidth=0.8, linestyle=":")
    axes.set(xscale="log", xlabel="worst error of value and partials, ulp; at the dotted line: nan or inf")
    axes.set_title("the same points in other engines")
    _finish(axes)


def _dots(axes: Any, label: str, marker: str, inside: str, edge: str, errors: Sequence[float]) -> None:
    drawn = [min(max(error, EXACT), NO_DIGIT) for error in errors]
    lined = {"color": edge} if marker in "x|" else {"markerfacecolor": inside, "markeredgecolor": edge}
    axes.plot(drawn, range(len(drawn)), linestyle="", marker=marker, markersize=4.0, label=label, **lined)


def _finish(axes: Any) -> None:
    axes.grid(axis="both", color="0.9", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.05), ncols=4, fontsize=7.0)
