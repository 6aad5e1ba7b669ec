"""Every exception that the package raises on purpose, each carrying what its reader needs."""

from __future__ import annotations

from typing import Any

__all__ = [
    "AutogradError",
    "BranchChanged",
    "ExpressionError",
    "GradientMismatch",
    "NonFiniteError",
    "StaleTape",
    "TooManyPaths",
]


class AutogradError(Exception):
    """Base of the exceptions that only this package raises; wrong types and values raise Python's own."""


class StaleTape(AutogradError):
    """A graph is to be differentiated again, but a leaf it was recorded with has other data by now.

    Attributes:
        leaf: the leaf whose data changed.
        recorded: the number the graph was recorded with.
    """

    def __init__(self, leaf: Any, recorded: float) -> None:
        self.leaf = leaf
        self.recorded = recorded
        super().__init__(
            f"the graph was recorded with {leaf.label or 'a leaf'} = {recorded!r}, which is {leaf.data!r} by now: "
            "record the graph again after changing .data, or differentiate before changing it"
        )

    def __reduce__(self) -> Any:
        return type(self), (self.leaf, self.recorded)


class NonFiniteError(AutogradError, ArithmeticError):
    """Under `strict()`, a node whose value or slope is not finite though its operands are.

    Attributes:
        primitive: name of the primitive.
        operands: its operands as (label, number) pairs; the label is None where there is none.
        result: the value, or the slope, that is not finite.
        what: "value", or "slope in operand k".
        source: (file name, line number) of the line that recorded it, or None.
        line: that line's text, where it can be read.
        scope: names of the scopes it was recorded in, outermost first.
    """

    def __init__(
        self,
        primitive: str,
        operands: list[tuple[str | None, float]],
        result: float,
        what: str = "value",
        source: tuple[str, int] | None = None,
        line: str = "",
        scope: tuple[str, ...] = (),
    ) -> None:
        self.primitive = primitive
        self.operands = operands
        self.result = result
        self.what = what
        self.source = source
        self.line = line
        self.scope = scope
        inside = f" in {', '.join(scope)}" if scope else ""
        where = _place(source, line)
        super().__init__(f"{_application(primitive, operands)}{inside}: the {what} is {result!r}{where}")

    def __reduce__(self) -> Any:
        return type(self), (
            self.primitive,
            self.operands,
            self.result,
            self.what,
            self.source,
            self.line,
            self.scope,
        )


def _application(primitive: str, operands: list[tuple[str | None, float]]) -> str:
    """Return a primitive with its operands, or with the largest one where they are many."""
    if len(operands) <= 4:
        return f"{primitive}({', '.join(_named(*operand) for operand in operands)})"
    largest = max(operands, key=_magnitude)
    return f"{primitive} of {len(operands)} operands, the largest being {_named(*largest)}"


def _named(label: str | None, number: float) -> str:
    return f"{label} = {number!r}" if label else repr(number)


def _magnitude(operand: tuple[str | None, float]) -> float:
    return abs(operand[1])


def _place(source: tuple[str, int] | None, line: str) -> str:
    """Return where something happened as a line of its own, or nothing where that is not known."""
    return f"\n  {source[0]}:{source[1]}{f': {line}' if line else ''}" if source else ""


class BranchChanged(AutogradError, ValueError):
    """A replay would take another branch than was recorded.

    Attributes:
        comparison: what was compared, as people write it.
        outcome: what it came to when it was recorded.
        lane: the first lane for which it comes to something else; None where it is the same for all lanes.
        source: (file name, line number) of the line that asked, or None.
        line: that line's text, where it can be read.
    """

    def __init__(
        self,
        comparison: str,
        outcome: bool,
        lane: int | None = None,
        source: tuple[str, int] | None = None,
        line: str = "",
    ) -> None:
        self.comparison = comparison
        self.outcome = outcome
        self.lane = lane
        self.source = source
        self.line = line
        where = _place(source, line)
        who = "these shared numbers" if lane is None else f"lane {lane}"
        super().__init__(
            f"{comparison} was {outcome} when this was recorded, and is {not outcome} for {who}: another branch would "
            "be taken. A program cannot record again; autograd.compile(f) does, and where() needs no branch" + where
        )

    def __reduce__(self) -> Any:
        return type(self), (self.comparison, self.outcome, self.lane, self.source, self.line)


class TooManyPaths(AutogradError, ValueError):
    """A compiled function takes so many paths that replaying them is no gain.

    Attributes:
        function: its name.
        limit: how many paths are kept for arguments of one structure.
        comparisons: what its paths part at, as people write it, with the source line where it is known.
        lane: the lane that would need one more; None where there are no lanes.
    """

    def __init__(self, function: str, limit: int, comparisons: list[str], lane: int | None = None) -> None:
        self.function = function
        self.limit = limit
        self.comparisons = comparisons
        self.lane = lane
        who = "these arguments need" if lane is None else f"lane {lane} needs"
        parted = "".join(f"\n  {comparison}" for comparison in comparisons)
        super().__init__(
            f"{function} was recorded on {limit} paths, and {who} one more: choose with where(), which needs no "
            "branch, let fewer branches and loops depend on the numbers, or call the function itself. The paths part "
            f"at{parted}"
        )

    def __reduce__(self) -> Any:
        return type(self), (self.function, self.limit, self.comparisons, self.lane)


class GradientMismatch(AutogradError, AssertionError):
    """`gradcheck` found a derivative that disagrees with the numbers; the message is its whole report.

    Attributes:
        report: the report (see `autograd.check.Report`).
    """

    def __init__(self, report: Any) -> None:
        self.report = report
        super().__init__(str(report))

    def __reduce__(self) -> Any:
        return type(self), (self.report,)


class ExpressionError(AutogradError, ValueError):
    """A typed-in expression cannot be understood; the message points at the place.

    Attributes:
        reason: what is wrong, one sentence.
        text: the expression.
        position: offset of the place in the expression, from 0.
    """

    def __init__(self, reason: str, text: str, position: int) -> None:
        self.reason = reason
        self.text = text
        self.position = position
        super().__init__(reason)

    def __reduce__(self) -> Any:
        return type(self), (self.reason, self.text, self.position)
