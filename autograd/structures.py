"""Nested lists, tuples, dicts and arrays of numbers, taken apart and put together again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.primitives import is_real

__all__ = ["flatten", "is_number", "map_numbers", "same_shape"]

Rebuild = Callable[[Sequence[Any]], Any]


def is_number(thing: Any) -> bool:
    """Return whether a thing is a number here: a real number, a Value, a Dual."""
    return is_real(thing) or (hasattr(type(thing), "__primitive__") and not hasattr(thing, "outcome"))


def flatten(structure: Any) -> tuple[list[Any], Rebuild]:
    """Return the numbers of a structure in order, and the function that puts as many others in their places.

    Args:
        structure: a number; or a list, tuple, dict or NumPy array of structures.

    Raises:
        TypeError: something in it is neither; the message names its type.

    Example:
        >>> numbers, rebuild = flatten({"w": [1.0, 2.0], "b": 3.0})
        >>> numbers
        [1.0, 2.0, 3.0]
        >>> rebuild([10, 20, 30])
        {'w': [10, 20], 'b': 30}
    """
    if is_number(structure):
        return [structure], _only
    if isinstance(structure, (list, tuple)):
        return _joined(structure, _sequence_like(structure))
    if isinstance(structure, dict):
        keys = list(structure)
        return _joined([structure[key] for key in keys], lambda parts: dict(zip(keys, parts)))
    if hasattr(type(structure), "__array__"):
        return _flatten_array(structure)
    kind = type(structure).__name__
    raise TypeError(f"expected a number, or a list, tuple, dict or array of numbers, not {kind}")


def map_numbers(function: Callable[[Any], Any], structure: Any) -> Any:
    """Return a structure with a function applied to each number; what is no structure of numbers stays as it is."""
    try:
        numbers, rebuild = flatten(structure)
    except TypeError:
        if isinstance(structure, (list, tuple)):
            return _sequence_like(structure)([map_numbers(function, part) for part in structure])
        if isinstance(structure, dict):
            return {key: map_numbers(function, part) for key, part in structure.items()}
        return structure
    return rebuild([function(each) for each in numbers])


def same_shape(structure: Any, like: Any, what: str) -> list[Any]:
    """Return the numbers of a structure that has to have the shape of another, in the order of that one.

    Raises:
        ValueError: it has another shape, or other keys; the message begins with `what`.
    """
    structure, like = _without_axes(structure), _without_axes(like)
    if is_number(like):
        if not is_number(structure):
            raise ValueError(f"{what}: {_described(structure)} given for a number")
        return [structure]
    if isinstance(like, dict):
        if not isinstance(structure, dict) or structure.keys() != like.keys():
            raise ValueError(f"{what}: {_described(structure)} given for {_described(like)}")
        return [number for key in like for number in same_shape(structure[key], like[key], what)]
    parts, wanted = _parts(structure), _parts(like)
    if parts is None or wanted is None or len(parts) != len(wanted):
        raise ValueError(f"{what}: {_described(structure)} given for {_described(like)}")
    return [number for part, each in zip(parts, wanted) for number in same_shape(part, each, what)]


def _without_axes(structure: Any) -> Any:
    """Return what an array of no dimension holds; anything else as it is."""
    return structure.tolist() if getattr(structure, "ndim", None) == 0 and hasattr(structure, "tolist") else structure


def _parts(structure: Any) -> list[Any] | None:
    if hasattr(structure, "tolist") and getattr(structure, "ndim", None):
        structure = structure.tolist()
    return list(structure) if isinstance(structure, (list, tuple)) else None


def _described(structure: Any) -> str:
    if is_number(structure):
        return "a number"
    if isinstance(structure, dict):
        return f"a dict with the keys {sorted(map(str, structure))}"
    shape = getattr(structure, "shape", None)
    if shape is not None:
        return f"an array of shape {shape}"
    return (
        f"{type(structure).__name__} of {len(structure)}" if hasattr(structure, "__len__") else type(structure).__name__
    )


def _only(numbers: Sequence[Any]) -> Any:
    return numbers[0]


def _sequence_like(structure: Any) -> Rebuild:
    kind = type(structure)
    if hasattr(kind, "_fields"):  # a named tuple
        return lambda parts: kind(*parts)
    return kind if kind in (list, tuple) else (list if isinstance(structure, list) else tuple)


def _joined(parts: Sequence[Any], assemble: Rebuild) -> tuple[list[Any], Rebuild]:
    flattened = [flatten(part) for part in parts]
    sizes = [len(numbers) for numbers, _ in flattened]
    rebuilds = [rebuild for _, rebuild in flattened]

    def rebuild(numbers: Sequence[Any]) -> Any:
        position = 0
        built = []
        for size, rebuild_part in zip(sizes, rebuilds):
            built.append(rebuild_part(numbers[position : position + size]))
            position += size
        return assemble(built)

    return [number for numbers, _ in flattened for number in numbers], rebuild


def _flatten_array(structure: Any) -> tuple[list[Any], Rebuild]:
    import numpy

    array = numpy.asarray(structure)
    numbers = array.ravel().tolist()
    for number in numbers:
        if not is_number(number):
            raise TypeError(f"expected an array of numbers, not of {type(number).__name__}")

    def rebuild(numbers: Sequence[Any]) -> Any:
        kind = float if all(is_real(each) for each in numbers) else object
        built = numpy.empty(len(numbers), dtype=kind)
        built[:] = numbers
        return built.reshape(array.shape)

    return numbers, rebuild
