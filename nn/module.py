"""Module: something with parameters, and the walk that finds them.

This room knows that a network is a tree of modules whose leaves are parameters. It does not know what a layer computes,
nor how parameters are trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from autograd import Value

__all__ = ["Module"]


class Module:
    """Base of everything that has parameters.

    A subclass assigns its parameters (leaf Values), its submodules, and lists of either, to attributes; they are found
    in the order of assignment. Attributes whose names begin with an underscore are left out.

    Example:
        >>> from autograd import Value
        >>> class Line(Module):
        ...     def __init__(self) -> None:
        ...         self.slope, self.offset = Value(2.0), Value(1.0)
        ...     def __call__(self, x):
        ...         return self.slope * x + self.offset
        >>> line = Line()
        >>> [name for name, parameter in line.named_parameters()]
        ['slope', 'offset']
        >>> line(3.0).backward()
        >>> line.slope.grad
        3.0
    """

    def parts(self) -> list[tuple[str, Any]]:
        """Return (name, part) for everything the module is made of, in order: parameters, modules, lists of them."""
        return [(name, part) for name, part in vars(self).items() if not name.startswith("_")]

    def parameters(self) -> list[Value]:
        """Return the parameters in order; one that is used in several places is listed once.

        Example:
            >>> from nn import MLP
            >>> len(MLP(2, [16, 16, 1]).parameters())
            337
        """
        return [parameter for _, parameter in self.named_parameters()]

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Yield (name, parameter) in order; the name is the path of attributes and positions that leads there.

        Example:
            >>> from nn import Neuron
            >>> [name for name, parameter in Neuron(2).named_parameters()]
            ['weights.0', 'weights.1', 'bias']
        """
        found: list[tuple[str, Value]] = []
        _collect(self, "", found)
        seen: set[int] = set()
        for name, parameter in found:
            if id(parameter) not in seen:  # not by ==, which compares the numbers
                seen.add(id(parameter))
                yield name, parameter

    def zero_grad(self) -> None:
        """Set the `.grad` of every parameter to 0.0."""
        for parameter in self.parameters():
            parameter.grad = 0.0


def _collect(part: Any, name: str, found: list[tuple[str, Value]]) -> None:
    """Append (name, parameter) for each parameter in a part, in order."""
    if isinstance(part, Value):
        if part.is_leaf:
            found.append((name, part))
    elif isinstance(part, Module):
        for key, inner in part.parts():
            _collect(inner, f"{name}.{key}" if name else key, found)
    elif isinstance(part, (list, tuple)):
        for position, inner in enumerate(cast("Sequence[Any]", part)):
            _collect(inner, f"{name}.{position}", found)
