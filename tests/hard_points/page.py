"""The situations as a page to read."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.hard_points import Deed, Known, Nest, Point, Raises
from tests.hard_points.deeds import GROUPS as DEEDS
from tests.hard_points.known import KNOWN
from tests.hard_points.nests import NESTS
from tests.hard_points.points import GROUPS as POINTS

__all__ = ["PLACE", "page"]

PLACE = Path(__file__).parent.parent.parent / "docs" / "hard-points.md"

HEAD = """# Hard points

{count} points and situations that the tests and issue threads of micrograd, autograd (HIPS), JAX, PyTorch, tinygrad,
xad, CasADi, CppAD, CoDiPack, Stan, ForwardDiff.jl and others exist for, told in our words, and what tapegrad gives.
Each is a case of a law in `tests/test_hard_points.py`; this page is made from the same table by
`python -m tests.hard_points`, and a test keeps it up to date. {failing}

What a program gives at a point is checked against exact numbers, or against a formula that mpmath computes with 700
digits, to a few ulp: by a sweep from leaves, by transforms, pulled back, pushed forward by dual numbers, with a leaf as
the argument, on a tape of its own; second derivatives in all four nestings of the two modes; and replayed on arrays, in
lanes beside others that take other branches, with a compiled Hessian. Besides these, `where` is checked with every
primitive on its dead branch, at nan, ±inf and 0.

"Met by" says who had the situation: an issue's number, a test, or an engine. "Others" says what they give where that is
known; † marks what was run, with micrograd c911406, autograd 1.9.1, jax 0.10.2 in double precision, torch 2.13.0, xad
1.5.2, casadi 3.8.2 and tinygrad 0.14.0. The rest is as their issues, sources or documentation tell it.

What fails is under “At the limits of the laws”. A share whose adjoint or slope is exactly 0 is exactly nothing: that
law gives `x * x ** 0.5`, and every guarded branch, their right slopes, and `sqrt(x) * sqrt(x)` at 0 a slope of 0, where
others have nan and 1 is right. (The text that `tape.source()` writes goes without it, as it says.) Derivatives of
second order through a kink are those of the convention: write `x * x`, not `abs(x) ** 2`.
"""


def page() -> str:
    """Return the whole page."""
    everything = [*_all(POINTS.values()), *NESTS, *_all(DEEDS.values()), *KNOWN]
    failing = sum(bool(getattr(each, "reason", "")) for each in everything)
    told = f"{failing} of them fail, for a reason that stands there."
    parts = [HEAD.format(count=len(everything), failing=told)]
    parts += [_section(name, "program", map(_of_point, points)) for name, points in POINTS.items()]
    parts.append(_section("Derivatives within derivatives", "program", map(_of_nest, NESTS)))
    parts += [_section(name, "", map(_of_deed, deeds)) for name, deeds in DEEDS.items()]
    parts.append(_section("Tested elsewhere", "", map(_of_known, KNOWN)))
    return "\n".join(parts)


def _all(groups: Iterable[Sequence[Any]]) -> Iterator[Any]:
    for group in groups:
        yield from group


def _section(name: str, program: str, rows: Iterable[Sequence[str]]) -> str:
    columns = ["situation", *([program] if program else []), "tapegrad", "met by", "others"]
    lines = [f"## {name}", "", _line(columns), "|" + "---|" * len(columns), *map(_line, rows), ""]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _of_point(point: Point) -> list[str]:
    return [point.situation, _program(point), _given(point) + _failing(point), point.source, point.peers]


def _program(point: Point) -> str:
    at = ", ".join(map(_number, point.at))
    at = f"({at})" if len(point.at) > 1 else at
    if isinstance(point.program, str):
        return f"`{point.program}` at {at}"
    words = inspect.getdoc(point.program) or ""
    own = getattr(point.program, "__module__", "") == "tests.hard_points.points" and words
    return f"{words.rstrip('.')}, at {at}" if own else f"at {at}"


def _given(point: Point) -> str:
    slopes = ", ".join(_number(point.number(slope)) for slope in point.slopes)
    told = f"{_number(point.number(point.value))}; slope{'s' * (len(point.at) > 1)} {slopes}"
    if not point.higher:
        return told
    if len(point.at) == 1:
        return f"{told}; then {', '.join(_number(point.number(each)) for each in point.higher)}"
    rows = ["(" + ", ".join(_number(point.number(each)) for each in row) + ")" for row in point.higher]
    return f"{told}; Hessian {', '.join(rows)}"


def _of_nest(nest: Nest) -> list[str]:
    return [nest.situation, f"`{nest.program}`", _number(nest.gives), nest.source, nest.peers]


def _of_deed(deed: Deed) -> list[str]:
    return [deed.situation, _told(deed.gives), deed.source, deed.peers]


def _of_known(known: Known) -> list[str]:
    return [
        known.situation,
        f"`{known.file}`: {known.test.removeprefix('test_').replace('_', ' ')}",
        known.source,
        known.peers,
    ]


def _told(gives: Any) -> str:
    """Return what comes of something in words."""
    if isinstance(gives, Raises):
        return f"{gives.kind.__name__}: “… {gives.words} …”"
    if isinstance(gives, list):
        within = ", ".join(map(_told, gives))
        return f"[{within}]" if not gives or any(isinstance(each, list) for each in gives) else within
    if isinstance(gives, dict):
        return "{" + ", ".join(f"{key}: {_told(each)}" for key, each in gives.items()) + "}"
    if isinstance(gives, type):
        return f"a {gives.__name__}"
    return _number(gives) if type(gives) is float else str(gives)


def _number(x: float) -> str:
    return f"{x:.6g}"


def _failing(point: Point) -> str:
    what = {"": "", "slopes": "the slopes are", "higher": "the second derivatives are"}[point.fails]
    return f" — **not so: {what} 0, for {point.reason}**" if what else ""
