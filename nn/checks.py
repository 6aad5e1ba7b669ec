"""What arguments may be: whole numbers, and numbers within their range; and how messages count and name things.

This room knows no neural networks. Every message says what is expected and what was given.
"""

from __future__ import annotations

import functools
import math
import numbers
import operator
from typing import Any

__all__ = ["below_one", "called", "counted", "non_negative", "one_line", "positive", "real", "whole"]


def whole(count: int, name: str, least: int = 1, otherwise: str = "") -> int:
    """Return a count as an int.

    Args:
        count: an int, or what Python counts with as if it were one.
        name: what it is, for messages.
        least: the smallest it may be.
        otherwise: what else could be given, for messages.

    Raises:
        ValueError: it is less than the least.
        TypeError: it is no int; True and False are none.

    Example:
        >>> whole(2.5, "patience")
        Traceback (most recent call last):
            ...
        TypeError: the patience is an int, not 2.5
    """
    try:
        if isinstance(count, bool):
            raise TypeError
        count = operator.index(count)
    except TypeError:
        raise TypeError(f"the {name} is an int{otherwise}, not {count!r}") from None
    if count < least:
        raise ValueError(f"the {name} is {least} or more{otherwise}, not {count}")
    return count


def real(number: Any, name: str) -> float:
    """Return a number as a float, nan and infinity included; raise TypeError where it is none, ValueError if too large.

    Example:
        >>> real("0.1", "learning rate")
        Traceback (most recent call last):
            ...
        TypeError: the learning rate is a number, not '0.1'
    """
    if isinstance(number, bool) or not isinstance(number, numbers.Real):
        raise TypeError(f"the {name} is a number, not {number!r}")
    try:
        return float(number)
    except OverflowError:
        raise ValueError(f"the {name} is too large for a float") from None


def non_negative(number: float, name: str) -> float:
    """Return a number; raise ValueError where it is negative or not finite."""
    if not 0.0 <= real(number, name) < math.inf:
        raise ValueError(f"the {name} is a finite number, 0 or more, not {number!r}")
    return float(number)


def positive(number: float, name: str) -> float:
    """Return a number; raise ValueError where it is 0, negative or not finite."""
    if not 0.0 < real(number, name) < math.inf:
        raise ValueError(f"the {name} is a finite number above 0, not {number!r}")
    return float(number)


def below_one(number: float, name: str) -> float:
    """Return a number; raise ValueError where it is negative, 1 or more."""
    if not 0.0 <= real(number, name) < 1.0:
        raise ValueError(f"the {name} is 0 or more and below 1, not {number!r}")
    return float(number)


def counted(count: int, noun: str) -> str:
    """Return a count with its noun.

    Example:
        >>> counted(1, "epoch"), counted(3, "epoch")
        ('1 epoch', '3 epochs')
    """
    return f"{count} {noun}{'s' * (count != 1)}"


def one_line(message: str) -> str:
    r"""Return a message on one line; what cannot be seen is written as an escape.

    Example:
        >>> one_line("no file 'a\x1b.csv'\n  here")
        "no file 'a\\x1b.csv' here"
    """
    text = " ".join(message.split())
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def called(function: Any) -> str:
    """Return what a function is called: the same text in every process, so without an address in memory.

    Example:
        >>> called(math.sin), called(functools.partial(round, ndigits=2))
        ('sin', 'round(…, ndigits=2)')
    """
    if isinstance(function, functools.partial):
        given = [repr(each) for each in function.args] + [f"{key}={each!r}" for key, each in function.keywords.items()]
        return f"{called(function.func)}({', '.join(['…', *given])})"
    name = getattr(function, "__name__", None)
    if isinstance(name, str):
        return name
    text = repr(function)
    return type(function).__name__ if " at 0x" in text else text
