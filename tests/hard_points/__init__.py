"""Points and situations that other engines' test suites and issue threads exist for, each a case of one of our laws.

`tests/test_hard_points.py` holds the laws; `python -m tests.hard_points` writes docs/hard-points.md, the list to read.

- `points`: a program at a point, its exact value and derivatives. The law: recorded and swept, by transforms, forward,
  lifted, in all orders that are given, and replayed on arrays, it gives these.
- `nests`: derivatives within derivatives. The law: every assignment of modes to the levels gives the same, replayed
  too.
- `deeds`: things done in some order, or wrongly. The law: what comes of it does not depend on where it is done.
- `known`: what other files test; the law is that they do.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mpmath import mp, mpf

import autograd

__all__ = ["NAMES", "Deed", "Known", "Nest", "Point", "Raises", "exact"]

DIGITS = 700  # decimal: enough for 1 + 1e-308

Exact = float | str
"""A number, or a formula of x, y, z, w, which mpmath computes at the point."""

NAMES = {name: thing for name, thing in vars(autograd).items() if callable(thing)}
NAMES |= {"inf": math.inf, "nan": math.nan, "pi": math.pi}
"""What programs may use."""

LETTERS = "xyzw"


@dataclass(frozen=True)
class Point:
    """A program at a point, and what it gives there.

    Attributes:
        situation: in words.
        program: an expression in x, y, z, w; or a function.
        at: the point.
        value: of the program there.
        slopes: one partial derivative per argument.
        higher: of one argument the second derivative, the third and so on; of several the rows of the Hessian.
        source: where others met it.
        peers: what others give, as far as known.
        also: other points that a replay gets as further lanes.
        ulps: how far off a result may be, in units in the last place.
        fails: what is not so: "slopes" or "higher".
        reason: why.
    """

    situation: str
    program: Any
    at: tuple[float, ...]
    value: Exact
    slopes: tuple[Exact, ...]
    higher: Sequence[Any] = ()
    source: str = ""
    peers: str = ""
    also: Sequence[tuple[float, ...]] = ()
    ulps: float = 4.0
    fails: str = ""
    reason: str = ""

    def function(self) -> Callable[..., Any]:
        """Return the program as a function of its arguments."""
        if callable(self.program):
            return self.program
        letters = ", ".join(LETTERS[: len(self.at)])
        made: Callable[..., Any] = eval(f"lambda {letters}: {self.program}", dict(NAMES))
        return made

    def number(self, formula: Exact) -> float:
        """Return what a formula comes to at the point, rounded once."""
        return exact(formula, self.at)


@dataclass(frozen=True)
class Nest:
    """Derivatives within derivatives: a program of the operators D, E, F, in this order from the outside."""

    situation: str
    program: str
    gives: float
    source: str = ""
    peers: str = ""

    @property
    def levels(self) -> int:
        """How many operators it uses."""
        return sum(re.search(rf"\b{name}\(", self.program) is not None for name in "DEF")


@dataclass(frozen=True)
class Raises:
    """An exception, and words that its message has."""

    kind: type[BaseException]
    words: str


@dataclass(frozen=True)
class Deed:
    """Something done, and what comes of it: a structure of numbers, or an exception."""

    situation: str
    do: Callable[[], Any]
    gives: Any
    source: str = ""
    peers: str = ""


@dataclass(frozen=True)
class Known:
    """A situation that another file tests: the file, and the test or what it is parametrised by."""

    situation: str
    file: str
    test: str
    source: str = ""
    peers: str = ""


FUNCTIONS = {name: getattr(mp, name) for name in dir(mp) if not name.startswith("_")} | {"mpf": mpf}


def exact(formula: Exact, at: tuple[float, ...] = ()) -> float:
    """Return a number, or what a formula comes to with many digits, rounded once."""
    return _computed(formula, at) if isinstance(formula, str) else float(formula)


@functools.cache
def _computed(formula: str, at: tuple[float, ...]) -> float:
    with mp.workdps(DIGITS):
        text = re.sub(r"(?<![\w.])\d+(?:\.\d*)?(?:e[+-]?\d+)?", r"mpf(\g<0>)", formula)
        return float(eval(text, {**FUNCTIONS, **{k: mpf(x) for k, x in zip(LETTERS, at)}}))
