"""The evaluation trace of a tape as a table, as textbooks on automatic differentiation print it.

One line per value: how it was computed from what and its primal; then the slopes and the adjoint. A second table is the
trace of a forward sweep, with dual numbers. Long tapes are shortened in the middle, and only what is shown is read.
Plain text only: no colours, no markup.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from autograd.listing import Line, adjoints, lines, printable, pruned, root, short
from autograd.tape import Tape, forward_sweep
from autograd.value import Value

__all__ = ["forward_trace", "table", "trace"]

SHOWN = 40
"""How many lines of a longer tape are shown: half of them from its start, half from its end."""

WIDEST = 44
"""Columns of a cell; what is longer ends in an ellipsis."""


def trace(tape: Tape | Value) -> str:
    """Return the evaluation trace of a tape as a table: each line's operation, operands, primal, slopes and adjoint.

    Args:
        tape: a value, or a tape; a raw one is pruned to its last node first. With several outputs, the adjoints are
            those of the last.

    Returns:
        A table. Of more than 60 lines, 20 from the start and 20 from the end are shown.

    Cost: one reverse sweep, and one step per line shown.

    Example:
        >>> from autograd import Value
        >>> w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
        >>> print(trace(w1**3 * w2 + 3 * w1))
        name  operation  operands         primal | slopes            adjoint
        -----------------------------------------|--------------------------
        w1    leaf                             2 |                        39
        v1    w1 ** 3    w1 = 2, 3             8 | ∂w1 = 12                3
        w2    leaf                             3 |                         8
        v3    v1 * w2    v1 = 8, w2 = 3       24 | ∂v1 = 3, ∂w2 = 8        1
        v4    3 * w1     3, w1 = 2             6 | ∂w1 = 3                 1
        v5    v3 + v4    v3 = 24, v4 = 6      30 | ∂v3 = 1, ∂v4 = 1        1
    """
    tape = pruned(tape)
    if not len(tape):
        return "(an empty tape)"
    swept = adjoints(tape)
    rows = [["name", "operation", "operands", "primal", "slopes", "adjoint"]]
    rows += [[*_primal_part(line), _slopes(line), short(swept[line.index])] for line in _shown(tape)]
    return _which_output(tape) + _shortened(table(rows, right=(3, 5), bar=4), tape)


def forward_trace(tape: Tape | Value, seed: str | Mapping[str, float]) -> str:
    """Return the trace of a forward sweep as a table: every line's tangent, and its dual number.

    Args:
        tape: a value, or a tape; a raw one is pruned to its last node first.
        seed: the leaf or input to differentiate in, by name; or name -> tangent for several.

    Raises:
        ValueError: the tape has no leaf or input of that name.
        TypeError: the seed is neither a name nor a dict.

    Cost: one forward sweep, and one step per line shown.

    Example:
        >>> from autograd import Value
        >>> w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
        >>> print(forward_trace(w1 * w2 + 1, "w1"))
        name  operation  slope × tangent  tangent  dual number
        ------------------------------------------------------
        w1    leaf       seed                   1  2 + 1ε
        w2    leaf       seed                   0  3 + 0ε
        v2    w1 * w2    3 × 1 + 2 × 0          3  6 + 3ε
        v3    v2 + 1     1 × 3                  3  7 + 3ε
    """
    tape = pruned(tape)
    swept = forward_sweep(tape.nodes, _tangents(tape, {seed: 1.0} if isinstance(seed, str) else seed))
    rows = [["name", "operation", "slope × tangent", "tangent", "dual number"]]
    for line in _shown(tape):
        tangent = swept[line.index]
        dual = f"{short(line.primal)} {_signed(tangent)}ε"
        rows.append([*_operation(line), _products(line, swept), short(tangent), dual])
    return _shortened(table(rows, right=(3,)), tape)


def table(rows: Sequence[Sequence[str]], right: Sequence[int] = (), bar: int | None = None) -> str:
    """Return rows of text as a table with aligned columns, the first row as its header.

    Args:
        rows: of equally many cells.
        right: columns that are aligned to the right.
        bar: a column with a vertical bar before it.
    """
    cells = [[_cut(printable(cell)) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*cells)]
    written = [_row(row, widths, right, bar) for row in cells]
    written.insert(1, _rule(widths, bar))
    return "\n".join(row.rstrip() for row in written)


def _row(row: Sequence[str], widths: Sequence[int], right: Sequence[int], bar: int | None) -> str:
    text = ""
    for column, (cell, width) in enumerate(zip(row, widths)):
        padding = " " * (width - _width(cell))
        text += "" if column == 0 else " | " if column == bar else "  "
        text += padding + cell if column in right else cell + padding
    return text


def _rule(widths: Sequence[int], bar: int | None) -> str:
    return _row(["-" * width for width in widths], widths, (), bar).replace(" ", "-")


def _width(text: str) -> int:
    """Return how many columns a text takes in a terminal."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.category(character) in ("Mn", "Me", "Cf") for character in text)


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


# -- which lines, and what stands in them ----------------------------------------------------------------------------


def _shown(tape: Tape) -> list[Line]:
    count = len(tape)
    if not _hidden(tape):
        return lines(tape)
    return lines(tape, [*range(SHOWN // 2), *range(count - SHOWN // 2, count)])


def _hidden(tape: Tape) -> int:
    return len(tape) - SHOWN if len(tape) > SHOWN * 3 // 2 else 0


def _shortened(text: str, tape: Tape) -> str:
    hidden = _hidden(tape)
    if not hidden:
        return text
    rows = text.split("\n")
    rows.insert(2 + SHOWN // 2, f"… {hidden:,} more lines …")
    return "\n".join(rows)


def _which_output(tape: Tape) -> str:
    outputs = tape.outputs or ()
    if len(outputs) < 2:
        return ""
    [output] = lines(tape, [root(tape)])
    return f"adjoints of {printable(output.name)}, the last of {len(outputs)} outputs\n"


def _operation(line: Line) -> list[str]:
    return [line.name, line.kind if line.primitive is None else line.text]


def _primal_part(line: Line) -> list[str]:
    operands = [
        operand.name if operand.index is None else f"{operand.name} = {short(operand.primal)}"
        for operand in line.operands[:WIDEST]
    ]
    return [*_operation(line), ", ".join(operands), short(line.primal)]


def _slopes(line: Line) -> str:
    slopes = [
        f"∂{operand.name} = {short(operand.slope)}" for operand in line.operands[:WIDEST] if operand.slope is not None
    ]
    return ", ".join(slopes)


# -- forward mode ----------------------------------------------------------------------------------------------------


def _tangents(tape: Tape, seed: Mapping[str, float]) -> dict[int, float]:
    if not isinstance(seed, Mapping):
        raise TypeError(f"a seed is the name of a leaf, or a dict of names with tangents, not {seed!r}")
    starts = [index for index, node in enumerate(tape.nodes) if node[0] < 0]
    known = {line.name: line.index for line in lines(tape, starts)}
    for name in seed:
        if name not in known:
            some = ", ".join([*known][:8]) + ("…" if len(known) > 8 else "")
            raise ValueError(f"the tape has no leaf called {name!r}; it has {some or 'none'}")
    return {known[name]: float(tangent) for name, tangent in seed.items()}


def _products(line: Line, swept: Sequence[float]) -> str:
    if line.primitive is None:
        return "seed"
    edges = [(operand.slope, operand.index) for operand in line.operands[:WIDEST]]
    return " + ".join(
        f"{short(slope)} × {short(swept[at])}" for slope, at in edges if slope is not None and at is not None
    )


def _signed(tangent: float) -> str:
    return f"- {short(-tangent)}" if tangent < 0.0 else f"+ {short(tangent)}"
