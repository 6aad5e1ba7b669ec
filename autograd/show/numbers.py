"""Numbers in pictures: short, with a true minus sign, and sums as people write them."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.listing import short

__all__ = ["counted", "factor", "number", "signed", "sum_before_total"]

DIGITS = 4


def number(value: float) -> str:
    """Return a number in four digits or fewer.

    Example:
        >>> number(-0.123456), number(30.0)
        ('−0.1235', '30')
    """
    return short(value, DIGITS).replace("-", "−")


def counted(count: int, word: str) -> str:
    """Return how many there are of something.

    Example:
        >>> counted(0, "node"), counted(1, "node"), counted(2, "node"), counted(1200, "edge")
        ('0 nodes', '1 node', '2 nodes', '1,200 edges')
    """
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def factor(value: float) -> str:
    """Return a number as it stands behind a times sign: in parentheses below 0."""
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def signed(value: float) -> str:
    """Return a number as it is added to a sum."""
    return f" − {number(-value)}" if value < 0.0 else f" + {number(value)}"


def sum_before_total(terms: Sequence[float]) -> str:
    """Return a sum up to its equals sign; nothing for a single term.

    Example:
        >>> sum_before_total([36.0, -3.0]), sum_before_total([1.0] * 4), sum_before_total([39.0])
        ('36 − 3 = ', 'Σ4 = ', '')
    """
    if len(terms) < 2:
        return ""
    if len(terms) > 3:
        return f"Σ{len(terms)} = "
    return f"{number(terms[0])}{''.join(map(signed, terms[1:]))} = "
