"""Bytes as choices: the same bytes make the same input, and a small change of them a similar one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Draw"]

T = TypeVar("T")


class Draw:
    """Draws from bytes until there are none left, and then the first of everything.

    Args:
        data: what to draw from.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left."""
        return self.position >= len(self.data)

    def bytes(self, count: int) -> bytes:
        """Return the next bytes, fewer at the end."""
        start = self.position
        self.position = start + count
        return self.data[start : start + count]

    def below(self, limit: int) -> int:
        """Return a number from 0 to below a limit."""
        width = 1 if limit <= 256 else 4
        return int.from_bytes(self.bytes(width), "little") % limit

    def one_of(self, things: Sequence[T]) -> T:
        """Return one of several things."""
        return things[self.below(len(things))]

    def likely(self, percent: int) -> bool:
        """Return True so often; at the end of the bytes False."""
        return not self.is_empty and self.below(100) < percent

    def text(self, most: int = 40) -> str:
        """Return any text."""
        return self.bytes(self.below(most + 1)).decode("utf-8", "surrogateescape")

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.bytes(len(self.data))
