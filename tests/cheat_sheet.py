"""The table of derivatives as a page to keep at hand: `python -m tests.cheat_sheet` writes notebooks/cheat-sheet.md.

Every column comes from the rows: how a primitive is written, its partials as they are computed, for which numbers it is
defined, what it gives where it has no derivative, and the worst error that was measured.
"""

from __future__ import annotations

import inspect
import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import autograd
from autograd import Tape, Value, primitives
from autograd.primitives import ManyPrimitive, Primitive
from tests.accuracy import worst

__all__ = ["DOMAINS", "PLACE", "ROWS", "SHORT", "Entry", "arguments_of", "entries", "entry", "page", "partials_of"]

PLACE = Path(__file__).parent.parent / "notebooks" / "cheat-sheet.md"

RANDOM_POINTS = 1000
"""At which errors are measured, besides the hard points of a row."""

ROWS: dict[str, Primitive] = {name: row for name, row in vars(primitives).items() if isinstance(row, Primitive)}

INNER = {
    "div_slope", "pow_slope", "pow_log", "bessel_ratio", "gaussian", "flat", "share", "exp_difference", "times_exp",
    "binade", "scalb", "one_minus_square", "sigmoid_slope",
}  # fmt: skip
"""Rows that only partials use."""

SHORT = {
    "logsumexp": ("exp(x1 - y)", "exp(x2 - y)"),
    "hypot": ("x1 / y", "x2 / y"),
    "prod": ("y / x1", "y / x2"),
    "max": ("1 if x1 is the largest, else 0", "1 if x2 is the largest, else 0"),
    "min": ("1 if x1 is the smallest, else 0", "1 if x2 is the smallest, else 0"),
    "mean": ("1 / n", "1 / n"),
    "logaddexp": ("exp(x - z)", "exp(y - z)"),
    "sinc": ("(cos(x) - y) / x",),
    "atan2": ("x / (x ** 2 + y ** 2)", "-y / (x ** 2 + y ** 2)"),
    "asin": ("1 / sqrt((1 - x) * (1 + x))",),
    "acos": ("-1 / sqrt((1 - x) * (1 + x))",),
    "atanh": ("1 / ((1 - x) * (1 + x))",),
    "tanh": ("4 * sigmoid(2 * x) * sigmoid(-2 * x)",),
    "sigmoid": ("y * sigmoid(-x)",),
    "silu": ("sigmoid(x) + y * sigmoid(-x)",),
}
"""Partials in the words of a textbook, of rows that compute them by another way: so that nothing overflows, or that
their own derivatives do not cancel."""

DOMAINS: dict[str, tuple[str, Callable[..., bool]]] = {
    "div": ("not 0 / 0", lambda x, y: x != 0.0 or y != 0.0),
    "floordiv": ("not 0 // 0", lambda x, y: x != 0.0 or y != 0.0),
    "mod": ("y ≠ 0", lambda x, y: y != 0.0),
    "fmod": ("y ≠ 0", lambda x, y: y != 0.0),
    "remainder": ("y ≠ 0", lambda x, y: y != 0.0),
    "pow": ("x ≥ 0, or whole y", lambda x, y: x >= 0.0 or y == math.floor(y)),
    "logbase": (
        "x ≥ 0, b ≥ 0, not log 1 / log 1, log 0 / log 0",
        lambda x, b: x >= 0.0 and b >= 0.0 and (x != b or x not in (0.0, 1.0)),
    ),
}
"""Of rows of several arguments: where they are defined, in words and as a test."""

PROBES = [0.0, *(sign * x for x in (1e-300, 1e-3, 0.5, 1.0, 1.5, 2.0, 2.5, 1e3, 1e300) for sign in (-1.0, 1.0))]
NEAR = 1e-6
"""How far to both sides of a point one looks for a kink."""

LARGE = 1e100
"""What overflows is no special point."""


class Entry(NamedTuple):
    """One line of the page."""

    name: str
    written: str
    partials: tuple[str, ...]
    domain: str
    conventions: str
    ulps: tuple[float, ...] = ()


# -- how it is written -----------------------------------------------------------------------------------------------


def arguments_of(row: Primitive) -> list[str]:
    """Return what the arguments are called in the partials of a row, the output first."""
    if isinstance(row, ManyPrimitive):
        return ["y", "x1", "x2"] if row.name != "dot" else ["z", "x1", "x2", "y1", "y2"]
    names = [name.replace("_", "x") for name in inspect.signature(row.partials[0]).parameters]
    return names if len(names) == row.arity + 1 else ["z", "x", "y", "w"][: row.arity + 1]


def partials_of(row: Primitive) -> tuple[str, ...]:
    """Return the partials of a row as formulas, as they are computed at an ordinary point."""
    output, *names = arguments_of(row)
    point = _ordinary(row, len(names))
    operands = [Value(number, label=name) for name, number in zip(names, point)]
    result = Value(row.compute(*point), label=output)
    slopes = row.slopes_of(result, operands, range(len(names)))
    return tuple(_tidy(_formula(slopes[k])) for k in range(len(names)))


def _ordinary(row: Primitive, count: int) -> list[float]:
    """Return a point where nothing is special."""
    if row.smooth_on and not isinstance(row, ManyPrimitive):
        box: Any = row.smooth_on[0]
        sides = box if isinstance(box[0], tuple) else (box,)
        return [low + 0.61 * (high - low) for low, high in sides]
    return [1.5, 2.5, 3.5, 0.5][:count]


def _formula(slope: Any) -> str:
    return Tape.of(slope).formula() if isinstance(slope, Value) else f"{float(slope):g}"


def _tidy(text: str) -> str:
    """Return a formula without the zeros that only carry nan along, and without needless parentheses."""
    text = re.sub(r" \+ flat\(\w+\)$", "", text)
    text = re.sub(r"^flat\(\w+\)$", "0", text)
    while text.startswith("(") and _closing(text) == len(text) - 1:
        text = text[1:-1]
    return text


def _closing(text: str) -> int:
    """Return where the first parenthesis of a text is closed."""
    depth = 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if not depth:
            return place
    return -1


# -- where it is defined, and what it gives where it is not smooth ---------------------------------------------------


def domain_of(row: Primitive) -> str:
    """Return where a row of one argument is a number, found by bisection; of others, what `DOMAINS` says."""
    if row.name in DOMAINS:
        return DOMAINS[row.name][0]
    if isinstance(row, ManyPrimitive) or row.arity != 1:
        return ""
    ends = sorted(itertools.chain(PROBES, (0.25, 0.75)))
    inside = [x for x in ends if not math.isnan(row.compute(x))]
    parts = []
    if inside[0] != ends[0]:
        parts.append(f"x ≥ {_bound(row, inside[0], ends[ends.index(inside[0]) - 1]):g}")
    if inside[-1] != ends[-1]:
        parts.append(f"x ≤ {_bound(row, inside[-1], ends[ends.index(inside[-1]) + 1]):g}")
    return ", ".join(parts)


def _bound(row: Primitive, inside: float, outside: float) -> float:
    """Return the last number in the domain between a number inside and one outside."""
    while True:
        middle = 0.5 * (inside + outside)
        if middle in (inside, outside) or abs(inside - outside) < 1e-300:
            return inside
        if math.isnan(row.compute(middle)):
            outside = middle
        else:
            inside = middle


def conventions_of(row: Primitive) -> Iterator[str]:
    """Yield what a row gives at those of its examples where it has no derivative, or no finite one."""
    for point, (value, partials) in row.examples.items():
        arguments = point if isinstance(point, tuple) else (point,)
        slopes = partials if isinstance(partials, tuple) else (partials,)
        if arguments and all(abs(x) < LARGE for x in arguments) and _is_special(row, arguments, value, slopes):
            shown = ", ".join("—" if math.isnan(slope) else f"{slope:g}" for slope in slopes)
            yield f"at {_point(arguments)}: {value:g}, slope {shown}"


def _is_special(row: Primitive, point: Sequence[float], value: float, slopes: Sequence[float]) -> bool:
    """Return whether a point has no derivative, or no finite one: where slopes jump beside it, or a pole."""
    around = []
    for k, number in enumerate(point):
        sides = []
        for step in (-NEAR, NEAR):
            moved = [*point[:k], number + step * max(1.0, abs(number)), *point[k + 1 :]]
            around.append(row.compute(*moved))
            sides.append((around[-1] - value) / step)
        is_kink = all(map(math.isfinite, sides)) and abs(sides[0] - sides[1]) > 1e-3 * (1.0 + abs(sides[0]))
        if is_kink or 0.1 < max(abs(number - value) for number in around[-2:]) < 10.0:
            return True
    is_pole = not math.isfinite(value) or any(map(math.isinf, slopes))
    return is_pole and any(map(math.isfinite, around))


def _point(arguments: Sequence[float]) -> str:
    return f"{arguments[0]:g}" if len(arguments) == 1 else "(" + ", ".join(f"{x:g}" for x in arguments) + ")"


# -- the page --------------------------------------------------------------------------------------------------------


def entry(name: str) -> Entry:
    """Return the line of a row, without the errors."""
    row = ROWS[name]
    _, *names = arguments_of(row)
    written = row.text(names) if not isinstance(row, ManyPrimitive) or name == "dot" else f"{row.name}(x1, x2, …)"
    partials = SHORT.get(name) or partials_of(row)
    return Entry(name, _tidy(written), partials, domain_of(row), "; ".join(conventions_of(row)))


def entries(count: int = RANDOM_POINTS) -> Iterator[Entry]:
    """Yield the lines of all rows, with errors measured at the hard points and so many random ones."""
    for name in ROWS:
        yield entry(name)._replace(ulps=tuple(error for error, _ in worst(name, count)))


HEAD = """# Derivatives at a glance

All primitives of `autograd`: how they are written, their partials, and how accurate both are. This page is made from
the table that computes, `autograd/primitives.py`, by `python -m tests.cheat_sheet`; a test keeps it up to date.

- **Partials** are in the order of the arguments, as functions of the arguments and of the output, which is called `y`
  where there is one argument and `z` where there are more. They are written as they are computed: in a form that is
  accurate everywhere, also where the one from school is not. `4 * sigmoid(2 * x) * sigmoid(-2 * x)` is 1 − tanh²,
  without its cancellation.
- **Defined**: where nothing is said, for all numbers. Elsewhere the value is nan, as IEEE 754 has it.
- **Special points**: value and slopes where there is no derivative (a kink, a jump), or no finite one (a pole).
- **Worst error**, in ulp (units in the last place) of the exact result: of the value, then of each partial; of rows of
  any number of operands, the worst of all partials. Measured against exact arithmetic at the hard points of each row
  and at {count:,} random ones over its whole domain, subnormal numbers and the ends of the range included, with the C
  library of glibc 2.36. An asterisk: the unit is that of
  the largest term, or the row has a bound of its own; its note in the table says which.

"""

INNER_HEAD = """
## Rows that only partials use

They keep partials accurate; nobody needs to call them. `adjoint * slope`, also within partials, is exactly 0 where one
of them is.

"""

COLUMNS = "| primitive | partials | defined | special points | worst error, ulp |\n|---|---|---|---|---|\n"


def line(found: Entry) -> str:
    """Return a line of the page."""
    mark = "\\*" if ROWS[found.name].accuracy else ""
    partials = "<br>".join(f"`{partial}`" for partial in found.partials)
    ulps = " · ".join(f"{math.ceil(round(100 * ulp, 6)) / 100:.2f}" for ulp in found.ulps)
    special = found.conventions.replace("; ", "<br>")
    return f"| `{found.written}` | {partials} | {found.domain} | {special} | {ulps}{mark} |\n"


def page(found: Sequence[Entry]) -> str:
    """Return the whole page."""
    public = "".join(line(each) for each in found if each.name not in INNER)
    inner = "".join(line(each) for each in found if each.name in INNER)
    head = HEAD.format(count=RANDOM_POINTS)
    return f"{head}{COLUMNS}{public}{INNER_HEAD}{COLUMNS}{inner}"


if __name__ == "__main__":
    assert all(hasattr(autograd, name) for name in ROWS if name not in INNER)
    PLACE.write_text(page(list(entries())), "utf-8")
    print("written:", PLACE.name)
