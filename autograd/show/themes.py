"""Colours of pictures, light and dark.

Every text has a contrast of 4.5:1 or more against what it stands on, and no colour says anything that is not also said
by a word, a place or a line: pictures read in gray, in print, and for eyes that see no red or no blue. This room knows
colours only.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["THEMES", "Theme", "theme_of"]


class Theme(NamedTuple):
    """The colours of one theme.

    Attributes:
        ground: behind everything.
        paper: of a card.
        ink: of names, and of a card's rim.
        dim: of words that matter less.
        value: of primals.
        grad: of adjoints and shares.
        line: of arrows.
        frame: around a scope.
        node, leaf, input, constant: behind the name of a value of this kind.
    """

    ground: str
    paper: str
    ink: str
    dim: str
    value: str
    grad: str
    line: str
    frame: str
    node: str
    leaf: str
    input: str
    constant: str


THEMES = {
    "light": Theme(
        ground="#FFFFFF",
        paper="#FFFFFF",
        ink="#1F2430",
        dim="#5A6270",
        value="#005A9C",
        grad="#B03A00",
        line="#7A828E",
        frame="#B4BAC4",
        node="#EEF1F5",
        leaf="#FFE08A",
        input="#CFEBDD",
        constant="#E6E6E6",
    ),
    "dark": Theme(
        ground="#14171C",
        paper="#1F242C",
        ink="#E8EBF0",
        dim="#B4BCC8",
        value="#7CC4FF",
        grad="#FFA873",
        line="#8A93A1",
        frame="#59626F",
        node="#2B323D",
        leaf="#55420A",
        input="#1F4A38",
        constant="#363C46",
    ),
}
"""Every theme, by name."""


def theme_of(name: str) -> Theme:
    """Return a theme by its name.

    Raises:
        ValueError: there is no such theme.

    Example:
        >>> theme_of("light").value
        '#005A9C'
    """
    if name not in THEMES:
        raise ValueError(f"there is no theme {name!r}: choose one of {', '.join(THEMES)}")
    return THEMES[name]
