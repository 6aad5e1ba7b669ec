"""The optimizers: how parameters move against their gradients.

This room knows parameters by their `.data` and `.grad`. It does not know what computed the gradients.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from autograd import Value

__all__ = ["SGD", "Optimizer"]


class Optimizer:
    """Base of the optimizers: holds the parameters and the learning rate.

    Args:
        parameters: leaf Values, such as `model.parameters()`.
        learning_rate: step per unit of gradient; finite, 0 or more. It may be assigned between steps.

    Raises:
        ValueError: there are no parameters, one is not a leaf or stands twice, or the learning rate is out of range.
        TypeError: a parameter is not a Value.
    """

    def __init__(self, parameters: Iterable[Value], learning_rate: float) -> None:
        self.parameters = _leaves(parameters)
        self.learning_rate = non_negative(learning_rate, "learning rate")

    def step(self) -> None:
        """Move every parameter once, by the gradient in its `.grad`."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to step")

    def zero_grad(self) -> None:
        """Set the `.grad` of every parameter to 0.0."""
        for parameter in self.parameters:
            parameter.grad = 0.0


class SGD(Optimizer):
    """Gradient descent, stochastic if the gradients are those of batches, with momentum.

    velocity = momentum · velocity + grad;  data = data − learning_rate · velocity

    This is PyTorch's form: the velocity is in units of the gradient, and a changed learning rate acts at once.

    Args:
        parameters: leaf Values, such as `model.parameters()`.
        learning_rate: step per unit of gradient; finite, 0 or more.
        momentum: the share of the velocity that lasts to the next step; 0 or more, usually below 1.

    Raises:
        ValueError: there are no parameters, one is not a leaf or stands twice, or a rate is out of range.
        TypeError: a parameter is not a Value.

    Example:
        >>> from autograd import Value
        >>> x = Value(1.0)
        >>> optimizer = SGD([x], learning_rate=0.25)
        >>> (x * x).backward()
        >>> optimizer.step()
        >>> x.data
        0.5
    """

    def __init__(self, parameters: Iterable[Value], learning_rate: float, momentum: float = 0.0) -> None:
        super().__init__(parameters, learning_rate)
        self.momentum = non_negative(momentum, "momentum")
        self.velocities = [0.0] * len(self.parameters)

    def step(self) -> None:
        """Move every parameter once, by the gradient in its `.grad`."""
        velocities = [parameter.grad for parameter in self.parameters]
        if self.momentum:
            velocities = [self.momentum * before + grad for before, grad in zip(self.velocities, velocities)]
        self.velocities = velocities
        for parameter, velocity in zip(self.parameters, velocities):
            parameter.data -= self.learning_rate * velocity

    def __repr__(self) -> str:
        count = len(self.parameters)
        momentum = f", momentum={self.momentum}" if self.momentum else ""
        return f"SGD({count} parameter{'s' * (count != 1)}, learning_rate={self.learning_rate}{momentum})"


def non_negative(rate: float, name: str) -> float:
    """Return a rate; raise ValueError where it is negative or not finite."""
    if not 0.0 <= rate < math.inf:
        raise ValueError(f"the {name} is a finite number, 0 or more, not {rate!r}")
    return float(rate)


def _leaves(parameters: Iterable[Value]) -> list[Value]:
    leaves = list(parameters)
    for position, parameter in enumerate(leaves):
        if not isinstance(parameter, Value):  # pyright: ignore[reportUnnecessaryIsInstance] # callers may be untyped
            raise TypeError(f"parameter {position} is a {type(parameter).__name__}, not a Value")
        if not parameter.is_leaf:
            raise ValueError(f"parameter {position} was computed; an optimizer moves leaves, made by calling Value")
    if not leaves:
        raise ValueError("an optimizer needs at least one parameter: pass model.parameters()")
    if len(set(map(id, leaves))) < len(leaves):
        raise ValueError("a parameter stands twice in the list: it would be moved twice in every step")
    return leaves
