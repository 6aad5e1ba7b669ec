"""Text in a picture: escaped, short, and never wider than its place.

This room knows how names and numbers are written. It does not know what they belong to.
"""

from __future__ import annotations

import html
import unicodedata

__all__ = ["clipped", "escaped", "short", "signed_text"]


def escaped(text: object) -> str:
    """Return a text that stands for itself in HTML and SVG, between tags and in quoted attributes.

    Characters that no page may hold (controls, halves of a character) become U+FFFD.

    Args:
        text: any text, also one that nobody trusts.

    Example:
        >>> escaped('<b title="x">&')
        '&lt;b title=&quot;x&quot;&gt;&amp;'
    """
    return html.escape("".join(_allowed(character) for character in str(text)))


def _allowed(character: str) -> str:
    return "\ufffd" if unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\n" else character


def short(number: float) -> str:
    """Return a number in three or more significant digits, with a true minus sign; never rounded to zero.

    Args:
        number: any float.

    Example:
        >>> short(1 / 3), short(-1e-10), short(1797.0), short(2.0)
        ('0.333', '−1e−10', '1797', '2')
    """
    text = f"{number:.0f}" if 999.5 <= abs(number) < 999_999.5 else f"{number:.3g}"
    return text.replace("-", "−")


def signed_text(number: float) -> str:
    """Return a number as `short` does, with a plus sign where it is not negative.

    Example:
        >>> signed_text(0.5), signed_text(-0.5)
        ('+0.5', '−0.5')
    """
    text = short(number)
    return text if text.startswith("−") else f"+{text}"


def clipped(text: str, width: int) -> str:
    """Return a text of at most so many columns; a longer one ends in an ellipsis.

    A column is as wide as a letter; Chinese characters and emoji take two.

    Args:
        text: to be shown.
        width: columns there are; 1 or more.

    Example:
        >>> clipped("petal", 5), clipped("sepal length", 7)
        ('petal', 'sepal …')
    """
    text = " ".join(text.split())
    if sum(map(_columns, text)) <= width:
        return text
    text = text[:width]
    while sum(map(_columns, text)) + 1 > width:
        text = text[:-1]
    return f"{text}…"


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
