"""Hypothesis strategies: points at which a primitive is smooth, and random expressions built from the table.

For users who test their own primitives, and for the package's own tests. This room knows what to draw; it deliberately
knows nothing of what has to hold of it. It needs the package `hypothesis`, so that `import autograd` leaves it out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies

from autograd import primitives
from autograd.primitives import TABLE, ManyPrimitive, Primitive, number

__all__ = ["Expression", "Step", "expressions", "numbers", "points"]

Strategy = strategies.SearchStrategy[Any]
Box = tuple[tuple[float, float], ...]

INSIDE = 1e-3
"""What part of a box is left out at its edges, where a difference would step outside."""


def numbers(low: float = -3.0, high: float = 3.0) -> Strategy:
    """Return a strategy of finite floats between two bounds, both included.

    Args:
        low: the lower bound; finite.
        high: the upper bound; finite, not below the lower one.

    Raises:
        TypeError: a bound is not a real number.
        ValueError: a bound is not finite, or the bounds are the wrong way round.

    Example:
        >>> numbers(0.0, 1.0)
        floats(min_value=0.0, max_value=1.0, allow_nan=False, allow_infinity=False)
    """
    low, high = number(low), number(high)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"numbers() needs finite bounds, not {low!r} and {high!r}")
    if low > high:
        raise ValueError(f"numbers() needs low <= high, not {low!r} and {high!r}")
    return strategies.floats(low, high, allow_nan=False, allow_infinity=False)


def points(primitive: Primitive) -> Strategy:
    """Return a strategy of operands at which a primitive is smooth: a tuple of floats inside one of its boxes.

    Args:
        primitive: a row with `smooth_on`.

    Returns:
        A strategy of tuples, one float per operand, a thousandth of the box away from its edges; `primitive.of(*point)`
        applies the primitive to them.

    Raises:
        TypeError: it is not a Primitive.
        ValueError: it does not say where it is smooth, or says it wrongly.

    Example:
        >>> from autograd import sqrt
        >>> points(sqrt)
        tuples(floats(min_value=0.2028, max_value=2.9972, allow_nan=False, allow_infinity=False))
    """
    return strategies.one_of(*[strategies.tuples(*map(_within, box)) for box in boxes(primitive)])


def boxes(primitive: Primitive) -> list[Box]:
    """Return the boxes in which a primitive is smooth, each as one (low, high) per operand.

    Raises:
        TypeError: it is not a Primitive.
        ValueError: it has none, or one of another number of operands, or one that is empty.
    """
    if not isinstance(primitive, Primitive):
        raise TypeError(f"expected a Primitive, not {type(primitive).__name__}")
    if not primitive.smooth_on:
        raise ValueError(f"{primitive.name} does not say where it is smooth: give it smooth_on=[(low, high)]")
    found = [box if isinstance(box[0], tuple) else (box,) for box in primitive.smooth_on]
    for box in found:
        if not isinstance(primitive, ManyPrimitive) and len(box) != primitive.arity:
            raise ValueError(f"{primitive.name} takes {primitive.arity} arguments, not the {len(box)} of its smooth_on")
        if not all(math.isfinite(low) and math.isfinite(high) and low < high for low, high in box):
            raise ValueError(f"{primitive.name}: smooth_on has an empty or infinite box: {box!r}")
    return found


def _within(interval: tuple[float, float]) -> Strategy:
    low, high = interval
    margin = INSIDE * (high - low)
    return numbers(low + margin, high - margin)


@dataclass(frozen=True, slots=True)
class Step:
    """One application of a row inside an expression.

    Attributes:
        row: the primitive.
        box: where its operands have to lie.
        operands: the positions of earlier results, the expression's numbers first.
    """

    row: Primitive
    box: Box
    operands: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """A random function of a list of numbers, made of rows of the table: call it on floats, Values or Duals.

    Every operand is first moved into the box in which its row is smooth, `middle + width / pi * atan(x)`, so that an
    expression is defined and smooth everywhere, whatever its rows are. The result is the sum of the first step and of
    all results that no step uses.

    Attributes:
        leaves: how many numbers it takes.
        steps: its applications, in order of evaluation.

    Example:
        >>> from autograd import mul, sin
        >>> box = ((-1.0, 1.0), (-1.0, 1.0))
        >>> expression = Expression(1, (Step(sin, box[:1], (0,)), Step(mul, box, (1, 1))))
        >>> expression
        <expression of [x0]: a = sin(x0); b = (a * a); return a + b>
        >>> expression([0.0])
        0.0
    """

    leaves: int
    steps: tuple[Step, ...]

    def __call__(self, numbers: Sequence[Any]) -> Any:
        """Return the value of the expression at a list of numbers, of whatever kind these are.

        Raises:
            ValueError: there are more or fewer numbers than the expression takes.
        """
        if len(numbers) != self.leaves:
            raise ValueError(f"the expression takes {self.leaves} numbers, {len(numbers)} were given")
        results = list(numbers)
        for step in self.steps:
            moved = [_moved(results[at], interval) for at, interval in zip(step.operands, step.box)]
            results.append(step.row.of(*moved))
        return primitives.sum([results[at] for at in self.returned])

    def __repr__(self) -> str:
        names = [f"x{k}" for k in range(self.leaves)] + [_name(k) for k in range(len(self.steps))]
        lines = [
            f"{names[self.leaves + k]} = {step.row.text([names[at] for at in step.operands])}"
            for k, step in enumerate(self.steps)
        ]
        total = " + ".join(names[at] for at in self.returned)
        return f"<expression of [{', '.join(names[: self.leaves])}]: {'; '.join([*lines, f'return {total}'])}>"

    @property
    def returned(self) -> tuple[int, ...]:
        """The positions of the results that are summed up: the first step's, and those that no step uses."""
        used = {at for step in self.steps for at in step.operands}
        last = self.leaves + len(self.steps)
        return tuple(at for at in range(self.leaves, last) if at == self.leaves or at not in used)

    @property
    def shared(self) -> tuple[int, ...]:
        """The positions of what is used more than once: numbers, and results of steps."""
        uses = [at for step in self.steps for at in step.operands] + list(self.returned)
        return tuple(at for at in range(self.leaves + len(self.steps)) if uses.count(at) > 1)


def _moved(operand: Any, interval: tuple[float, float]) -> Any:
    low, high = interval
    return primitives.atan(operand) * ((high - low) / math.pi * (1.0 - 2.0 * INSIDE)) + 0.5 * (low + high)


def _name(position: int) -> str:
    letter = chr(ord("a") + position % 26)
    return letter if position < 26 else f"{letter}{position // 26}"


def expressions(
    rows: Sequence[Primitive] | None = None, leaves: int | tuple[int, int] = (1, 3), max_nodes: int = 8
) -> Strategy:
    """Return a strategy of random expressions with shared sub-expressions.

    Args:
        rows: the primitives to draw from, each with `smooth_on`; by default every row of the table that has it.
        leaves: how many numbers an expression takes, or the fewest and the most.
        max_nodes: the most applications of a row in one expression; from two on, the first one is used twice or more.

    Returns:
        A strategy of `Expression`.

    Raises:
        TypeError: a row is not a Primitive, or a size is not an int.
        ValueError: there are no rows, a row does not say where it is smooth, or a size is below 1.

    Example:
        >>> from hypothesis import find
        >>> find(expressions(leaves=1), lambda each: len(each.steps) > 1).shared != ()
        True
    """
    chosen = [row for row in TABLE if row.smooth_on] if rows is None else list(rows)
    if not chosen:
        raise ValueError("expressions() needs at least one row")
    places = [(row, box) for row in chosen for box in boxes(row)]
    fewest, most = leaves if isinstance(leaves, tuple) else (leaves, leaves)
    for name, size in (("leaves", fewest), ("leaves", most), ("max_nodes", max_nodes)):
        if not isinstance(size, int) or isinstance(size, bool):
            raise TypeError(f"{name} is an int, not {type(size).__name__}")
        if size < 1:
            raise ValueError(f"{name} has to be 1 or more, not {size}")
    if fewest > most:
        raise ValueError(f"leaves=({fewest}, {most}) has the fewest above the most")
    return _expressions(places, fewest, most, max_nodes)


@strategies.composite
def _expressions(
    draw: Any, places: Sequence[tuple[Primitive, Box]], fewest: int, most: int, max_nodes: int
) -> Expression:
    leaves = draw(strategies.integers(fewest, most))
    steps: list[Step] = []
    for k in range(draw(strategies.integers(1, max_nodes))):
        row, box = draw(strategies.sampled_from(places))
        operands = [draw(strategies.integers(0, leaves + k - 1)) for _ in box]
        if k == 1:
            operands[0] = leaves  # what the sum uses, too: a shared result in every expression of two steps
        steps.append(Step(row, box, tuple(operands)))
    return Expression(leaves, tuple(steps))
