"""Progress on the screen: a bar in a terminal, one clean final line everywhere else.

This room knows tqdm and the error stream. It does not know what is being trained.
"""

from __future__ import annotations

import shutil
import sys
from typing import Any

__all__ = ["Progress"]


class Progress:
    """A context that shows how far a run of epochs has come, on the error stream.

    Args:
        epochs: how many there will be.
        shown: False shows nothing at all.

    Example:
        >>> with Progress(2, shown=False) as progress:
        ...     progress.advance(0.5)
        ...     progress.tell(1, "loss 0.25")
    """

    def __init__(self, epochs: int, shown: bool = True) -> None:
        self._epochs = epochs
        self._shown = shown
        self._bar: Any = None
        self._last = ""

    def __enter__(self) -> Progress:
        if self._shown and sys.stderr.isatty():
            from tqdm import tqdm

            columns, lines = shutil.get_terminal_size()  # tqdm's own measure shows nothing where the size is unknown
            self._bar = tqdm(
                total=self._epochs,
                desc=f"epoch 0/{self._epochs}",
                bar_format="{desc} {percentage:3.0f} %|{bar:10}| {elapsed}, {remaining} left{postfix}",
                file=sys.stderr,
                ncols=columns,
                nrows=lines,
            )
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.close()
        elif self._shown and self._last:
            print(self._last, file=sys.stderr)

    def start(self, epochs: int) -> None:
        """Begin after epochs that were run before, as a resumed run does."""
        if self._bar is not None:
            self._bar.set_description_str(f"epoch {epochs}/{self._epochs}", refresh=False)
            self._bar.update(epochs)

    def advance(self, epochs: float) -> None:
        """Move the bar on by a part of an epoch."""
        if self._bar is not None:
            self._bar.update(epochs)

    def tell(self, epoch: int, summary: str) -> None:
        """Show what the last finished epoch came to.

        Args:
            epoch: its number, from 1.
            summary: losses and accuracies, as one short text.
        """
        self._last = f"epoch {epoch}/{self._epochs}: {summary}"
        if self._bar is not None:
            self._bar.n = epoch  # not the sum of its parts, which may round to less
            self._bar.set_description_str(f"epoch {epoch}/{self._epochs}", refresh=False)
            self._bar.set_postfix_str(summary, refresh=False)
