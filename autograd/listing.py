"""How a tape reads: its lines, its adjoints, and every step of a reverse sweep, as plain records.

What people look at (traces, drawings, formulas) is built on these records, so that names, numbers and shares are the
same everywhere. This room does not lay anything out: no tables, no colours, no markup.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from autograd import primitives
from autograd.primitives import Primitive
from autograd.tape import INPUT, Tape, edges, reverse_sweep
from autograd.value import Value, value_at

__all__ = [
    "Forward",
    "Line",
    "Operand",
    "Seed",
    "Share",
    "Step",
    "adjoints",
    "exact",
    "lines",
    "printable",
    "pruned",
    "root",
    "shares_of",
    "short",
    "steps",
]

Kind = Literal["leaf", "input", "node"]

_GENERATED = re.compile(r".*#\d+", re.DOTALL)
_JOINERS = "\u200c\u200d"  # they hold letters and emoji together; the other invisible characters can deceive


@dataclass(frozen=True, slots=True)
class Operand:
    """One operand of a line.

    Attributes:
        index: of its line; None for a constant.
        name: of its line; a constant's number, written short.
        primal: its number.
        slope: the partial in it, evaluated; None for a constant, whose partial is never asked for.
    """

    index: int | None
    name: str
    primal: float
    slope: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a tape.

    Attributes:
        index: its position on the pruned tape.
        name: its label, or a short name such as `v3`; no other line of the tape has the same.
        kind: "leaf", "input" (a fresh input of a transform) or "node".
        primitive: the row that computed it; None for a leaf or an input.
        primal: its number.
        operands: what it was computed from, in order and with multiplicity.
        label: as given by the user; None where there is none.
        scope: the scopes it was recorded in, outermost first.
    """

    index: int
    name: str
    kind: Kind
    primitive: Primitive | None
    primal: float
    operands: tuple[Operand, ...]
    label: str | None
    scope: tuple[str, ...]

    @property
    def text(self) -> str:
        """How it is written: `a * w2`; for a leaf or an input its name."""
        if self.primitive is None:
            return self.name
        return _unwrapped(self.primitive, self.primitive.text([operand.name for operand in self.operands]))

    @property
    def slopes(self) -> tuple[float | None, ...]:
        """The slope in each operand; None for a constant."""
        return tuple(operand.slope for operand in self.operands)

    # -- as a gate of a circuit --------------------------------------------------------------------------------------

    def forward(self, *operands: float) -> float:
        """Return what the gate makes of some numbers; a leaf or an input gives its own.

        Args:
            operands: a number for each operand; without any, those it was recorded with.

        Raises:
            TypeError: their number is wrong.

        Example:
            >>> from autograd import Value
            >>> gate = lines(Value(2.0) * Value(3.0))[2]
            >>> gate.forward(), gate.forward(5.0, 7.0)
            (6.0, 35.0)
        """
        numbers = operands or tuple(operand.primal for operand in self.operands)
        if len(numbers) != len(self.operands):
            raise TypeError(f"{self.name} takes {len(self.operands)} numbers, {len(numbers)} were given")
        return self.primal if self.primitive is None else float(self.primitive.of(*numbers))

    def backward(self, adjoint: float) -> tuple[float, ...]:
        """Return what the gate sends to each operand: adjoint × slope; 0 to a constant.

        Args:
            adjoint: of the gate's own number.

        Example:
            >>> from autograd import Value
            >>> gate = lines(Value(2.0) * Value(3.0))[2]
            >>> gate.backward(10.0)
            (30.0, 20.0)
        """
        return tuple(adjoint * slope if adjoint and slope else 0.0 for slope in self.slopes)


class Forward(NamedTuple):
    """A step of the forward sweep: a line gets its primal."""

    line: Line

    def __str__(self) -> str:
        if self.line.primitive is None:
            return f"{self.line.name} = {short(self.line.primal)}"
        return f"{self.line.name} = {self.line.text} = {short(self.line.primal)}"

    def as_json(self) -> dict[str, Any]:
        """Return the step as texts and numbers, as JSON can say it."""
        line = self.line
        return {
            "step": "forward",
            "name": line.name,
            "operation": None if line.primitive is None else line.primitive.name,
            "text": line.text,
            "operands": [operand.name for operand in line.operands],
            "primal": line.primal,
        }


class Seed(NamedTuple):
    """The step that starts the reverse sweep: the output gets the adjoint to start from."""

    line: Line
    adjoint: float

    def __str__(self) -> str:
        return f"{self.line.name}: {short(self.adjoint)}"

    def as_json(self) -> dict[str, Any]:
        """Return the step as texts and numbers, as JSON can say it."""
        return {"step": "seed", "name": self.line.name, "adjoint": self.adjoint}


class Share(NamedTuple):
    """A step of the reverse sweep: one edge adds adjoint × slope to the adjoint of its operand.

    Attributes:
        result: the line whose adjoint is sent on.
        operand: the line that receives.
        position: which operand of the result it is, from 0.
        adjoint: of the result.
        slope: of the edge.
        share: adjoint × slope; exactly 0.0 where either is zero.
        before: the operand's adjoint before this step.
        after: and after it.
        use: how many shares the operand has received with this one.
    """

    result: Line
    operand: Line
    position: int
    adjoint: float
    slope: float
    share: float
    before: float
    after: float
    use: int

    def __str__(self) -> str:
        result, operand = self.result.name, self.operand.name
        product = f"{short(self.adjoint)} × {short(self.slope)} = {short(self.share)}"
        text = f"{operand} ← {result} · ∂{result}/∂{operand}: {product}"
        if self.use == 1:
            return text
        return f"{text}; {operand}: {spelled((self.before, self.share), self.after)}"

    def as_json(self) -> dict[str, Any]:
        """Return the step as texts and numbers, as JSON can say it."""
        return {
            "step": "share",
            "result": self.result.name,
            "operand": self.operand.name,
            "position": self.position,
            "adjoint": self.adjoint,
            "slope": self.slope,
            "share": self.share,
            "before": self.before,
            "after": self.after,
            "use": self.use,
        }


Step: TypeAlias = Forward | Seed | Share


# -- numbers and names as text ---------------------------------------------------------------------------------------


def short(number: float, digits: int = 6) -> str:
    """Return a number short and honest: up to so many digits, and never a 0 that is not one.

    Example:
        >>> short(30.0), short(1e-10), short(0.1 + 0.2), short(123456789.0), short(-2.5e300)
        ('30', '1e-10', '0.3', '123456789', '-2.5e300')
    """
    if number.is_integer() and abs(number) < 1e9:
        return f"{number:.0f}"
    return _tidy(f"{number:.{digits}g}")


def exact(number: float) -> str:
    """Return a number with all its digits, so that reading it gives the same float.

    Example:
        >>> exact(30.0), exact(0.1 + 0.2), exact(1e22)
        ('30', '0.30000000000000004', '1e22')
    """
    return _tidy(repr(number).removesuffix(".0"))


def _tidy(text: str) -> str:
    mantissa, mark, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if mark else text


def spelled(terms: Sequence[float], total: float) -> str:
    """Return a sum as people write it.

    Example:
        >>> spelled([36.0, -3.0], 33.0)
        '36 - 3 = 33'
    """
    text = short(terms[0])
    for term in terms[1:]:
        text += f" - {short(-term)}" if term < 0.0 else f" + {short(term)}"
    return f"{text} = {short(total)}"


def printable(text: str) -> str:
    r"""Return a text with what cannot be seen written as escapes: control characters, bidirectional overrides.

    Example:
        >>> print(printable("a\nb\u202ec"))
        a\nb\u202ec
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _JOINERS else c.encode("unicode_escape").decode() for c in text)


def _unwrapped(row: Primitive, text: str) -> str:
    return text[1:-1] if row.form.startswith("(") and row.form.endswith(")") else text


class _Names:
    """Gives every line a name of its own: its label where no other line has it, else the label and the position."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        leaves = (leaf.label for leaf, _ in tape.leaves.copy().values())  # at once: the tape may be recorded on
        self._counts = Counter(label for label in (*tape.labels.copy().values(), *leaves) if label)

    def label(self, index: int) -> str | None:
        if index in self._tape.leaves:
            label: str | None = self._tape.leaves[index][0].label
            return label
        return self._tape.labels.get(index)

    def name(self, index: int) -> str:
        label = self.label(index)
        if not label:
            return f"v{index}#{index}" if f"v{index}" in self._counts else f"v{index}"
        return f"{label}#{index}" if self._counts[label] > 1 or _GENERATED.fullmatch(label) else label


# -- the tape as records ---------------------------------------------------------------------------------------------


def pruned(tape: Tape | Value) -> Tape:
    """Return the pruned tape of a value, or of the last node of a raw tape; a pruned tape as it is.

    Raises:
        ValueError: the value is a constant.
        TypeError: it is neither a Value nor a Tape.
    """
    if isinstance(tape, Value):
        return Tape.of(tape)
    if not isinstance(tape, Tape):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"expected a Value or a Tape, not {type(tape).__name__}")
    if tape.outputs is not None or not len(tape):
        return tape
    return Tape.of(value_at(tape, len(tape) - 1))


def root(tape: Tape) -> int:
    """Return the index of a pruned tape's last output: the one that is read backward."""
    assert tape.outputs is not None
    return tape.outputs[-1]


def _start(tape: Tape, output: int | None) -> int:
    """Return the index of the line that is read backward."""
    if output is None:
        return root(tape)
    try:
        return range(len(tape))[output]
    except IndexError:
        raise IndexError(f"there is no line {output} on a tape of {len(tape)}") from None


def lines(tape: Tape | Value, indices: Iterable[int] | None = None) -> list[Line]:
    """Return the lines of a tape as records, in order.

    Args:
        tape: a value, or a tape; a raw one is pruned to its last node first.
        indices: positions on the pruned tape; by default all of them.

    Example:
        >>> from autograd import Value
        >>> w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
        >>> for line in lines(w1 * w2 + 1):
        ...     print(line.name, line.text, line.primal, line.slopes)
        w1 w1 2.0 ()
        w2 w2 3.0 ()
        v2 w1 * w2 6.0 (3.0, 2.0)
        v3 v2 + 1 7.0 (1.0, None)
    """
    tape = pruned(tape)
    names = _Names(tape)
    return [_line(tape, names, index) for index in (range(len(tape)) if indices is None else indices)]


def _line(tape: Tape, names: _Names, index: int) -> Line:
    node = tape.nodes[index]
    row = primitives.by_code(node[0]) if node[0] >= 0 else None
    kind: Kind = "node" if row is not None else "input" if node[0] == INPUT else "leaf"
    return Line(
        index,
        names.name(index),
        kind,
        row,
        node[1],
        tuple(_operand(tape, names, at, number) for at, number in zip(*edges(node))),
        names.label(index),
        tape.scope_at(index),
    )


def _operand(tape: Tape, names: _Names, at: int, number: float) -> Operand:
    if at < 0:
        return Operand(None, short(number), number, None)
    return Operand(at, names.name(at), tape.nodes[at][1], number)


def adjoints(tape: Tape | Value, output: int | None = None, seed: float = 1.0) -> list[float]:
    """Return the adjoint of every line: the derivative of an output in it, by one reverse sweep.

    Args:
        tape: a value, or a tape; a raw one is pruned to its last node first.
        output: position of the output on the pruned tape; by default the last of its outputs.
        seed: the adjoint to start from.

    Cost: one reverse sweep; nothing is added to any `.grad`.

    Example:
        >>> from autograd import Value
        >>> x = Value(3.0)
        >>> adjoints(x * x + x)
        [7.0, 1.0, 1.0]
    """
    tape = pruned(tape)
    if not len(tape):
        return []
    start = _start(tape, output)
    swept = reverse_sweep([((tape, start), seed)]).get(tape, [])
    return swept + [0.0] * (len(tape) - len(swept))


def steps(tape: Tape | Value, output: int | None = None, seed: float = 1.0) -> Iterator[Step]:
    """Return the steps of backpropagation one by one: every forward evaluation, the seed, every share.

    The running sums are the sweep's own, bit by bit.

    Args:
        tape: a value, or a tape; a raw one is pruned to its last node first.
        output: position of the output on the pruned tape; by default the last of its outputs.
        seed: the adjoint to start from.

    Example:
        >>> from autograd import Value
        >>> x = Value(3.0, label="x")
        >>> for step in steps(x * x):
        ...     print(step)
        x = 3
        v1 = x * x = 9
        v1: 1
        x ← v1 · ∂v1/∂x: 1 × 3 = 3
        x ← v1 · ∂v1/∂x: 1 × 3 = 3; x: 3 + 3 = 6
    """
    tape = pruned(tape)
    if not len(tape):
        return
    listed, start = lines(tape), _start(tape, output)
    yield from map(Forward, listed)
    yield Seed(listed[start], seed)
    yield from _shares(listed, start, seed)


def _shares(listed: Sequence[Line], start: int, seed: float) -> Iterator[Share]:
    swept = [0.0] * len(listed)
    uses = [0] * len(listed)
    reached = bytearray(len(listed))
    swept[start] = seed
    reached[start] = 1
    for result in reversed(listed[: start + 1]):
        if not reached[result.index]:
            continue
        for position, operand in enumerate(result.operands):
            if operand.index is None or operand.slope is None:
                continue
            at, adjoint = operand.index, swept[result.index]
            share = adjoint * operand.slope if adjoint and operand.slope else 0.0
            before = swept[at]
            swept[at] = before + share if share else before
            uses[at] += 1
            reached[at] = 1
            yield Share(result, listed[at], position, adjoint, operand.slope, share, before, swept[at], uses[at])


def shares_of(taken: Iterable[Step]) -> dict[int, list[Share]]:
    """Return, for every line that received something, its shares in the order of its uses.

    Args:
        taken: steps of one sweep.

    Returns:
        Position of the line -> its shares, the earliest recorded use first (a sweep meets them the other way round).

    Example:
        >>> from autograd import Value
        >>> w = Value(2.0)
        >>> [share.share for share in shares_of(steps(w**3 * 3 + 3 * w))[0]]
        [36.0, 3.0]
    """
    found: dict[int, list[Share]] = {}
    for step in taken:
        if isinstance(step, Share):
            found.setdefault(step.operand.index, []).append(step)
    return {index: sorted(group, key=_use) for index, group in found.items()}


def _use(share: Share) -> tuple[int, int]:
    return share.result.index, share.position
