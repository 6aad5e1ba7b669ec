"""What holds of every answer to hostile input: it comes soon, in one line, and as the error that is documented."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator

__all__ = ["FaultError", "one_line", "refused", "soon"]

SECONDS = 1.0
"""Of computing time, for an input of up to 100 kB."""


class FaultError(AssertionError):
    """A law is broken; the message says which, and the input."""


def one_line(error: BaseException, longest: int = 800) -> None:
    """Raise where the message of an error is empty, long, or has several lines."""
    text = str(error)
    if not text.strip() or len(text.splitlines()) != 1 or len(text) > longest:
        raise FaultError(f"{type(error).__name__} says {text[:2000]!r}") from error


@contextlib.contextmanager
def refused(*kinds: type[Exception]) -> Generator[None]:
    """Make a context that may end with one of some errors in one line; any other one is a fault."""
    try:
        yield
    except kinds as error:
        one_line(error)


@contextlib.contextmanager
def soon(seconds: float = SECONDS) -> Generator[None]:
    """Make a context that may take so much computing time."""
    start = time.process_time()
    yield
    taken = time.process_time() - start
    if taken > seconds:
        raise FaultError(f"it took {taken:.2f} s of computing time")
