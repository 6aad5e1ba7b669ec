"""The numbers that weights start from.

An initializer is a function (n_inputs, n_outputs, generator) -> one weight. This room knows the usual spreads and
where randomness comes from: always a `random.Random`, or a seed to make one from; never the global generator. It does
not know which layer it fills.
"""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Callable

__all__ = ["Initializer", "Seed", "as_generator", "fan_in_uniform", "glorot_uniform", "he_uniform"]

Initializer = Callable[[int, int, random.Random], float]
Seed = int | random.Random


def as_generator(seed: Seed) -> random.Random:
    """Return the generator that a seed stands for: a new one for an int, the given one itself for a `random.Random`.

    Args:
        seed: an int, or a generator to draw from.

    Raises:
        TypeError: it is neither.

    Example:
        >>> as_generator(7).random() == as_generator(7).random()
        True
    """
    if isinstance(seed, random.Random):
        return seed
    try:
        return random.Random(operator.index(seed))
    except TypeError:
        raise TypeError(f"a seed is an int or a random.Random, not {type(seed).__name__}") from None


def fan_in_uniform(n_inputs: int, n_outputs: int, generator: random.Random) -> float:  # noqa: ARG001 # one signature for all
    """Return a number from ±1/√n_inputs, uniformly: a sum of n_inputs terms keeps its size.

    Args:
        n_inputs: of the neuron; 1 or more.
        n_outputs: neurons in the layer (not used).
        generator: to draw from.

    Example:
        >>> abs(fan_in_uniform(4, 1, random.Random(0))) <= 0.5
        True
    """
    return _uniform(1.0 / math.sqrt(n_inputs), generator)


def he_uniform(n_inputs: int, n_outputs: int, generator: random.Random) -> float:  # noqa: ARG001 # one signature for all
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
    return _uniform(math.sqrt(6.0 / n_inputs), generator)


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
    return _uniform(math.sqrt(6.0 / (n_inputs + n_outputs)), generator)


def _uniform(bound: float, generator: random.Random) -> float:
    return generator.uniform(-bound, bound)
