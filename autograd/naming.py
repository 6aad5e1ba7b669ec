"""Labels from the names of variables: `name(locals())`.

A picture of `g = w1**3 * w2 + 3 * w1` shall say w1, w2 and g. Python does not tell a value what it is assigned to, and
guessing from source text is wrong sooner or later; a dictionary of names is neither magic nor a guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from autograd.value import Value

__all__ = ["name"]


def name(names: Mapping[str, Any]) -> None:
    """Give every value in a dictionary its key as a label, unless it has a label.

    Lists and tuples of values are labelled by position: the entries of `w` become w[0], w[1], and so on, those of lists
    in it w[0][0], three deep at most. Names that begin with an underscore, and whatever is not a value, are left out. A
    value with two names keeps the first.

    Args:
        names: name -> anything, such as `locals()` or `globals()`.

    Raises:
        TypeError: names is not a dictionary.

    Example:
        >>> w1, w2 = Value(2.0), Value(3.0)
        >>> g = w1**3 * w2 + 3 * w1
        >>> name({"w1": w1, "w2": w2, "g": g})  # in a script or a notebook: name(locals())
        >>> w1.label, g.label
        ('w1', 'g')
    """
    if not isinstance(names, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"names is a dictionary of names, such as locals(), not {type(names).__name__}")
    for label, value in _named(names):
        if value.label is None and not value.is_constant:
            value.label = label


def _named(names: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """Yield each value with the name it would have: first those with names of their own, then entries of lists."""
    known = [(key, each) for key, each in list(names.items()) if isinstance(key, str) and not key.startswith("_")]
    yield from [(key, each) for key, each in known if isinstance(each, Value)]
    for key, each in known:
        if isinstance(each, (list, tuple)):
            yield from _entries(key, cast("Sequence[Any]", each), 0)


def _entries(key: str, entries: Sequence[Any], depth: int) -> Iterator[tuple[str, Value]]:
    for position, entry in enumerate(entries):
        if isinstance(entry, Value):
            yield f"{key}[{position}]", entry
        elif isinstance(entry, (list, tuple)) and depth < 2:  # w[layer][neuron][input]
            yield from _entries(f"{key}[{position}]", cast("Sequence[Any]", entry), depth + 1)
