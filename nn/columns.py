"""Text in columns. This room knows widths; it does not know what stands in a cell."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["aligned"]


def aligned(lines: Sequence[Sequence[str]], n_words: int = 1) -> str:
    """Return lines of cells as a table: words on the left of their columns, numbers on the right.

    Args:
        lines: of equally many cells, the heads first.
        n_words: how many columns, from the left, hold words.

    Example:
        >>> print(aligned([["", "loss"], ["training", "0.5"]]))
                  loss
        training   0.5
    """
    widths = [max(map(len, column)) for column in zip(*lines)]
    sides = [str.ljust] * n_words + [str.rjust] * (len(widths) - n_words)
    return "\n".join(
        "  ".join(side(cell, width) for side, cell, width in zip(sides, line, widths)).rstrip() for line in lines
    )
