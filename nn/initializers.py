"""The numbers that weights start from.

An initializer is a function (n_inputs, n_outputs, generator) -> one weight, called once per weight. `uniform` and
`normal` are not initializers, they make one: write `uniform(-1, 1)`. This room knows the usual spreads and where
randomness comes from: always a `random.Random`, or a seed to make one from; never the global generator. It does not
know which layer it fills.
"""

from __future__ import annotations

import functools
import math
import operator
import random
from collections.abc import Callable
from typing import Any

from nn.checks import non_negative, real

__all__ = [
    "INITIALIZERS",
    "Initializer",
    "Seed",
    "as_generator",
    "as_initializer",
    "fan_in_uniform",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "normal",
    "uniform",
    "zeros",
]

Initializer = Callable[[int, int, random.Random], float]
Seed = int | random.Random


def as_generator(seed: Seed) -> random.Random:
    """Return the generator that a seed stands for: a new one for an int, the given one itself for a `random.Random`.

    Args:
        seed: an int, or a generator to draw from.

    Raises:
        ValueError: the int is negative.
        TypeError: it is neither.

    Example:
        >>> as_generator(7).random() == as_generator(7).random()
        True
    """
    if isinstance(seed, random.Random):
        return seed
    try:
        number = operator.index(seed)
    except TypeError:
        raise TypeError(f"a seed is an int or a random.Random, not {type(seed).__name__}") from None
    if number < 0:
        raise ValueError(f"a seed is 0 or more, not {number}")  # Python's generator would drop the sign
    return random.Random(number)


# -- of one spread ---------------------------------------------------------------------------------------------------


def zeros(n_inputs: int, n_outputs: int, generator: random.Random) -> float:  # noqa: ARG001 # one signature for all
    """Return 0.0; draws nothing.

    Neurons of a hidden layer that all start from it get the same gradient and stay alike for ever; for one layer, such
    as a perceptron, it is a fair start.

    Args:
        n_inputs: of the neuron (not used).
        n_outputs: neurons in the layer (not used).
        generator: to draw from (not used).

    Example:
        >>> zeros(4, 1, random.Random(0))
        0.0
    """
    return 0.0


def uniform(low: float, high: float) -> Initializer:
    """Return an initializer that draws from low to high, uniformly, however many inputs there are.

    Args:
        low: the least weight; finite.
        high: the greatest weight; finite, not below low.

    Raises:
        ValueError: they are not finite, or in the wrong order.
        TypeError: one is not a number.

    Example:
        >>> draw = uniform(2.0, 3.0)
        >>> 2.0 <= draw(4, 1, random.Random(0)) <= 3.0
        True
    """
    low, high = real(low, "least weight"), real(high, "greatest weight")
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"a uniform initializer takes two finite numbers, low and then high, not {low} and {high}")
    return functools.partial(_from_interval, low=low, high=high)


def normal(deviation: float, *, mean: float = 0.0) -> Initializer:
    """Return an initializer that draws from a normal distribution, however many inputs there are.

    Args:
        deviation: the standard deviation; finite, 0 or more.
        mean: the mean; finite.

    Raises:
        ValueError: a number is out of range.
        TypeError: one is not a number.

    Example:
        >>> draw = normal(0.0, mean=0.5)
        >>> draw(4, 1, random.Random(0))
        0.5
    """
    deviation = non_negative(deviation, "deviation of a normal initializer")
    if not math.isfinite(real(mean, "mean of a normal initializer")):
        raise ValueError(f"the mean of a normal initializer is a finite number, not {mean}")
    return functools.partial(_around, mean=mean, deviation=deviation)


# -- of a spread that fits the layer ---------------------------------------------------------------------------------


def fan_in_uniform(n_inputs: int, n_outputs: int, generator: random.Random) -> float:  # noqa: ARG001 # likewise
    """Return a number from ±1/√n_inputs, uniformly, as PyTorch draws the weights of its linear layers.

    The weighted sum of n_inputs independent inputs of variance 1 has the variance 1/3.

    Args:
        n_inputs: of the neuron; 1 or more.
        n_outputs: neurons in the layer (not used).
        generator: to draw from.

    Example:
        >>> abs(fan_in_uniform(4, 1, random.Random(0))) <= 0.5
        True
    """
    return _within(1.0 / math.sqrt(n_inputs), generator)


def he_uniform(n_inputs: int, n_outputs: int, generator: random.Random) -> float:  # noqa: ARG001 # likewise
    """Return a number from ±√(6/n_inputs), uniformly: keeps variances through layers of rectifiers.

    Args:
        n_inputs: of the neuron; 1 or more.
        n_outputs: neurons in the layer (not used).
        generator: to draw from.

    Example:
        >>> abs(he_uniform(6, 1, random.Random(0))) <= 1.0
        True

    Source: He, Zhang, Ren and Sun, 2015.
    """
    return _within(math.sqrt(6.0 / n_inputs), generator)


def he_normal(n_inputs: int, n_outputs: int, generator: random.Random) -> float:  # noqa: ARG001 # likewise
    """Return a normal number of standard deviation √(2/n_inputs): the variance of `he_uniform`.

    Args:
        n_inputs: of the neuron; 1 or more.
        n_outputs: neurons in the layer (not used).
        generator: to draw from.

    Example:
        >>> he_normal(8, 1, random.Random(0)) == 0.5 * random.Random(0).normalvariate(0.0, 1.0)
        True

    Source: He, Zhang, Ren and Sun, 2015.
    """
    return generator.normalvariate(0.0, math.sqrt(2.0 / n_inputs))


def glorot_uniform(n_inputs: int, n_outputs: int, generator: random.Random) -> float:
    """Return a number from ±√(6/(n_inputs + n_outputs)), uniformly: a compromise of the forward and the reverse sweep.

    Args:
        n_inputs: of the neuron; 1 or more.
        n_outputs: neurons in the layer; 1 or more.
        generator: to draw from.

    Example:
        >>> abs(glorot_uniform(3, 3, random.Random(0))) <= 1.0
        True

    Source: Glorot and Bengio, 2010.
    """
    return _within(math.sqrt(6.0 / (n_inputs + n_outputs)), generator)


def glorot_normal(n_inputs: int, n_outputs: int, generator: random.Random) -> float:
    """Return a normal number of standard deviation √(2/(n_inputs + n_outputs)): the variance of `glorot_uniform`.

    Args:
        n_inputs: of the neuron; 1 or more.
        n_outputs: neurons in the layer; 1 or more.
        generator: to draw from.

    Example:
        >>> glorot_normal(4, 4, random.Random(0)) == 0.5 * random.Random(0).normalvariate(0.0, 1.0)
        True

    Source: Glorot and Bengio, 2010.
    """
    return generator.normalvariate(0.0, math.sqrt(2.0 / (n_inputs + n_outputs)))


def _within(bound: float, generator: random.Random) -> float:
    return generator.uniform(-bound, bound)


def _from_interval(_n_inputs: int, _n_outputs: int, generator: random.Random, *, low: float, high: float) -> float:
    return generator.uniform(low, high)


def _around(_n_inputs: int, _n_outputs: int, generator: random.Random, *, mean: float, deviation: float) -> float:
    return generator.normalvariate(mean, deviation)  # not gauss, which keeps every second number for later


# -- by name ---------------------------------------------------------------------------------------------------------

INITIALIZERS: dict[str, Initializer] = {
    "zeros": zeros,
    "uniform": uniform(-1.0, 1.0),
    "normal": normal(1.0),
    "fan_in_uniform": fan_in_uniform,
    "glorot_uniform": glorot_uniform,
    "glorot_normal": glorot_normal,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
}
"""Every initializer that has a name, by name; `uniform` is from −1 to 1, `normal` has mean 0 and deviation 1."""


def as_initializer(initializer: str | Initializer) -> Initializer:
    """Return an initializer given by name, or the given function once it is clear that it can be called as one.

    Args:
        initializer: a name in `INITIALIZERS`, or a function (n_inputs, n_outputs, generator) -> weight.

    Raises:
        ValueError: no initializer has this name; the message lists them.
        TypeError: it is neither a name nor a function of these three.

    Example:
        >>> as_initializer("zeros") is zeros
        True
    """
    if isinstance(initializer, str):
        if initializer not in INITIALIZERS:
            raise ValueError(f"no initializer is called {initializer!r}: choose one of {', '.join(INITIALIZERS)}")
        return INITIALIZERS[initializer]
    if not callable(initializer):
        raise TypeError(f"an initializer is a name or a function, not {type(initializer).__name__}")
    _check_signature(initializer)
    return initializer


def _check_signature(function: Callable[..., Any]) -> None:
    """Raise where a function cannot be called as an initializer, such as `uniform` without its two numbers."""
    import inspect  # takes milliseconds to import

    try:
        signature = inspect.signature(function)
    except ValueError:  # some functions written in C do not tell
        return
    try:
        signature.bind(1, 1, None)
    except TypeError:
        name, takes = getattr(function, "__name__", repr(function)), ", ".join(signature.parameters)
        hint = f": {name}({takes}) makes one, call it first" if function in (uniform, normal) else ""
        raise TypeError(
            f"an initializer is a function (n_inputs, n_outputs, generator) -> weight, {name} takes ({takes}){hint}"
        ) from None
