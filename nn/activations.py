"""The activations by name: which function a neuron applies, and how its weights start.

This room knows names, some with a parameter, such as "leaky_relu(0.2)", and pairs them with primitives of `autograd`
and an initializer. What a function computes and its derivative stand in the table of `autograd`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import autograd
from autograd import Primitive, no_grad
from nn.checks import called
from nn.initializers import Initializer, fan_in_uniform, glorot_uniform, he_uniform
from nn.module import evaluating, plain

__all__ = [
    "ACTIVATIONS",
    "ActivationName",
    "ActivationRow",
    "activation_row",
    "applied",
    "columns",
    "is_known",
    "winner_take_all",
]

ActivationName = str | Callable[[Any], Any]


class ActivationRow(NamedTuple):
    """One activation.

    Attributes:
        name: as users write it.
        function: number -> number, or numbers -> list of numbers if it is a vector's; None for the identity, which
            records nothing. It takes floats, Values and arrays; a vector's takes lists of these.
        initializer: the usual one for weights in front of it.
        vector: whether it is a function of all the weighted sums of a layer at once.

    Example:
        >>> from nn import MLP
        >>> MLP(1, [2, 1], ActivationRow("sine", autograd.sin, glorot_uniform)).layers[0]
        Layer(1, 2, 'sine')
    """

    name: str
    function: Callable[[Any], Any] | None
    initializer: Initializer
    vector: bool = False


def winner_take_all(numbers: Sequence[Any]) -> list[Any]:
    """Return 1 for the largest number and 0 for all others; of equal ones the first wins.

    It is flat: all slopes are 0, so that nothing in front of it can be trained. Use it to predict.

    Args:
        numbers: 1 or more (floats, Values), or arrays of one shape, compared element by element.

    Raises:
        ValueError: there are no numbers.

    Convention: if any number is nan, so is every result.

    Example:
        >>> winner_take_all([0.5, 2.0, -1.0, 2.0])
        [0.0, 1.0, 0.0, 0.0]
    """
    largest = autograd.max(numbers)
    nothing = 0.0 * autograd.step(largest)  # nan if any number is
    left = 1.0  # what is there to win: 0 once a number has won
    wins: list[Any] = []
    for number in numbers:
        win = left * autograd.equal(number, largest)
        left = left - win
        wins.append(win + nothing)
    return wins


ACTIVATIONS: dict[str, ActivationRow] = {
    row.name: row
    for row in (
        ActivationRow("identity", None, fan_in_uniform),
        ActivationRow("step", autograd.step, fan_in_uniform),
        ActivationRow("sigmoid", autograd.sigmoid, glorot_uniform),
        ActivationRow("tanh", autograd.tanh, glorot_uniform),
        ActivationRow("relu", autograd.relu, he_uniform),
        ActivationRow("leaky_relu", autograd.leaky_relu, he_uniform),
        ActivationRow("softplus", autograd.softplus, he_uniform),
        ActivationRow("abs", autograd.abs, glorot_uniform),
        ActivationRow("elu", autograd.elu, he_uniform),
        ActivationRow("gelu", autograd.gelu, he_uniform),
        ActivationRow("silu", autograd.silu, he_uniform),
        ActivationRow("softmax", autograd.softmax, glorot_uniform, vector=True),
        ActivationRow("winner_take_all", winner_take_all, fan_in_uniform, vector=True),
    )
}
"""Every activation that has a name, by name."""


def activation_row(activation: str | ActivationRow | Callable[[Any], Any]) -> ActivationRow:
    """Return the row of an activation given by name, or by a function of one number.

    Three names may carry their parameter: `leaky_relu(slope)`, the slope below 0 (0.1 without it); `elu(alpha)`, minus
    the limit at −∞ (1); `softmax(temperature)`, towards 0 the largest takes all (1).

    Args:
        activation: a name in `nn.ACTIVATIONS`, a function that takes a Value and returns one, or a row of one's own.

    Returns:
        The row. Its name, if the activation was given by one, leads to the same row again.

    Raises:
        ValueError: no activation has this name (the message lists them), or its parameter is not a number in range.
        TypeError: it is neither a name nor a function.

    Example:
        >>> activation_row("tanh").function(0.0)
        0.0
        >>> activation_row("leaky_relu(0.25)").function(-2.0)
        -0.5
        >>> activation_row("elu( 1.50 )").name
        'elu(1.5)'
        >>> activation_row(autograd.sin).name
        'sin'
    """
    if isinstance(activation, ActivationRow):
        return activation
    if isinstance(activation, str):
        return _row_named(activation)
    if not callable(activation):
        raise TypeError(f"an activation is a name or a function, not {type(activation).__name__}")
    named = next((row for row in ACTIVATIONS.values() if row.function is activation), None)
    if named is not None:
        return named
    return ActivationRow(called(activation), activation, fan_in_uniform)


def _row_named(text: str) -> ActivationRow:
    name, bracket, parameter = text.partition("(")
    if name not in ACTIVATIONS or (bracket and not parameter.endswith(")")):
        raise ValueError(f"no activation is called {text!r}: choose one of {', '.join(ACTIVATIONS)}")
    row = ACTIVATIONS[name]
    if not bracket:
        return row
    if name not in _PARAMETERS:
        raise ValueError(f"{name} takes no parameter: write {name!r}, not {text!r}")
    keyword, function = _PARAMETERS[name]
    number = _parameter(parameter[:-1], f"the {keyword} of {name}", above_zero=keyword == "temperature")
    return row._replace(name=f"{name}({number!r})", function=functools.partial(function, **{keyword: number}))


def _parameter(text: str, what: str, above_zero: bool) -> float:
    """Return the finite number that a text is."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or (above_zero and number <= 0.0):
        raise ValueError(f"{what} is a finite number{' above 0' * above_zero}, not {text!r}")
    return number


def _leaky_relu(x: Any, slope: float) -> Any:
    return autograd.leaky_relu(x, slope)  # a primitive takes no keywords, and a lambda could not be pickled


def _elu(x: Any, alpha: float) -> Any:
    return autograd.elu(x, alpha)


_PARAMETERS: dict[str, tuple[str, Callable[..., Any]]] = {
    "leaky_relu": ("slope", _leaky_relu),
    "elu": ("alpha", _elu),
    "softmax": ("temperature", autograd.softmax),
}
"""What the parameter of an activation is called, and the function that takes it by this name."""


# -- as layers use them -----------------------------------------------------------------------------------------------


def applied(row: ActivationRow, numbers: list[Any]) -> list[Any]:
    """Return the activation of some numbers, as a list."""
    if row.function is None:
        return numbers
    return list(row.function(numbers)) if row.vector else [row.function(number) for number in numbers]


def columns(row: ActivationRow, samples: Any) -> Any:
    """Return the activation of an array of samples; its columns are what a layer would have in a list."""
    import numpy

    if row.function is None:
        return samples
    if not _takes_arrays(row):
        with no_grad(), evaluating(row.function):
            outputs = [plain(applied(row, sample)) for sample in samples.tolist()]
        return numpy.array(outputs, dtype=float).reshape(samples.shape)
    with numpy.errstate(all="ignore"):  # inf and nan are what they are sample by sample
        if row.vector:
            return numpy.stack(row.function(list(samples.T)), axis=1)
        return numpy.asarray(row.function(samples), dtype=float)


def _takes_arrays(row: ActivationRow) -> bool:
    """Return whether an activation is one of `nn.ACTIVATIONS` or a primitive; a function of one's own takes numbers."""
    return is_known(row) or isinstance(row.function, Primitive)


def is_known(row: ActivationRow) -> bool:
    """Return whether a row is one of `nn.ACTIVATIONS`, perhaps with a parameter; one's own may have such a name too."""
    known = ACTIVATIONS.get(row.name.partition("(")[0])  # whose functions with a parameter are partial functions
    return known is not None and (row.function is known.function or isinstance(row.function, functools.partial))
