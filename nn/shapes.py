"""What the inputs of one sample look like, and the outputs: lists of numbers, a lone number standing for a list of one.

This room knows shapes, and says what is wrong with one in the words of the layer that meets it. It does not compute.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from nn.checks import counted
from nn.module import Module

__all__ = ["listed", "numbers_of", "only", "sample_of", "table_of", "unwrapped"]


def sample_of(inputs: Any, expected: int, owner: Module) -> Sequence[Any]:
    """Return the inputs of one sample; raise where their number is not the expected one."""
    numbers = inputs.tolist() if hasattr(inputs, "tolist") else inputs  # an array's own numbers are slow
    if not hasattr(numbers, "__getitem__") or isinstance(numbers, (str, bytes, dict)):
        kind = type(inputs).__name__
        raise TypeError(f"{_called(owner)} takes a sequence of {counted(expected, 'number')}, not {kind}")
    given = len(numbers)
    if given != expected:
        raise ValueError(f"{_called(owner)} takes {counted(expected, 'input')}, but {given} {_were(given)} given")
    return cast("Sequence[Any]", numbers)


def numbers_of(inputs: Any, owner: Module) -> list[Any]:
    """Return inputs of any number as a list."""
    numbers = inputs.tolist() if hasattr(inputs, "tolist") else inputs
    if not hasattr(numbers, "__getitem__") or isinstance(numbers, (str, bytes, dict)):
        raise TypeError(f"{owner!r} takes a sequence of numbers, not {type(inputs).__name__}")
    return list(cast("Sequence[Any]", numbers))


def table_of(samples: Any, expected: int | None, owner: Module) -> Any:
    """Return samples as an array of floats; raise where its shape is wrong. None stands for any number of inputs."""
    import numpy

    array = numpy.asarray(samples)
    if array.dtype.kind not in "fiub" and array.size:
        raise TypeError(f"{_called(owner)} takes an array of real numbers, not of type {array.dtype}")
    array = array.astype(float)
    if array.ndim != 2 or expected not in (None, array.shape[1]):
        shape = f"(n_samples, {'n_inputs' if expected is None else expected})"
        raise ValueError(f"{_called(owner)} takes an array of shape {shape}, not {array.shape}")
    return array


def listed(inputs: Any) -> Any:
    """Return the inputs of one sample as something to go through: a lone number as a list of one."""
    return inputs if hasattr(inputs, "__iter__") else [inputs]


def only(outputs: Any) -> Any:
    """Return outputs without their list if there is one of them; what is no list as it is."""
    return unwrapped(outputs) if isinstance(outputs, (list, tuple)) else outputs


def unwrapped(outputs: Any) -> Any:
    """Return a list of outputs, or its only one."""
    return outputs[0] if len(outputs) == 1 else outputs


def _called(owner: Module) -> str:
    name = getattr(owner, "name", None)  # a layer's own
    return f"{name}, {owner!r}," if name and isinstance(name, str) else repr(owner)


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
