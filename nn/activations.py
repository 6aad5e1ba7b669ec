"""The activations by name: which function a neuron applies, and how its weights start.

This room knows names and pairs them with primitives of `autograd` and an initializer. What a function computes and its
derivative stand in the table of `autograd`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import autograd
from nn.initializers import Initializer, fan_in_uniform, glorot_uniform, he_uniform

__all__ = ["ACTIVATIONS", "ActivationRow", "activation_row"]


class ActivationRow(NamedTuple):
    """One activation.

    Attributes:
        name: as users write it.
        function: number -> number; None for the identity, which records nothing.
        initializer: the usual one for weights in front of it.
    """

    name: str
    function: Callable[[Any], Any] | None
    initializer: Initializer


ACTIVATIONS: dict[str, ActivationRow] = {
    row.name: row
    for row in (
        ActivationRow("identity", None, fan_in_uniform),
        ActivationRow("relu", autograd.relu, he_uniform),
        ActivationRow("softplus", autograd.softplus, he_uniform),
        ActivationRow("elu", autograd.elu, he_uniform),
        ActivationRow("gelu", autograd.gelu, he_uniform),
        ActivationRow("silu", autograd.silu, he_uniform),
        ActivationRow("tanh", autograd.tanh, glorot_uniform),
        ActivationRow("sigmoid", autograd.sigmoid, glorot_uniform),
    )
}
"""Every activation that has a name, by name."""


def activation_row(activation: str | Callable[[Any], Any]) -> ActivationRow:
    """Return the row of an activation given by name, or by a function of one number.

    Args:
        activation: a name in `ACTIVATIONS`, or a function that takes a Value and returns one.

    Raises:
        ValueError: no activation has this name; the message lists them.
        TypeError: it is neither a name nor a function.

    Example:
        >>> activation_row("tanh").function(0.0)
        0.0
        >>> activation_row(abs).name
        'abs'
    """
    if isinstance(activation, str):
        if activation not in ACTIVATIONS:
            raise ValueError(f"no activation is called {activation!r}: choose one of {', '.join(ACTIVATIONS)}")
        return ACTIVATIONS[activation]
    if not callable(activation):
        raise TypeError(f"an activation is a name or a function, not {type(activation).__name__}")
    named = next((row for row in ACTIVATIONS.values() if row.function is activation), None)
    if named is not None:
        return named
    return ActivationRow(getattr(activation, "__name__", repr(activation)), activation, fan_in_uniform)
