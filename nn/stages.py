"""What stands between layers, and what puts stages in a row: Sequential, Activation, Dropout, BatchNorm.

This room knows stages that a sample, or a whole batch, passes one after the other. It does not know neurons
(`nn.layers`).
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from autograd import Dual, Value, mean, sqrt, square
from nn.activations import ActivationName, activation_row, applied, columns
from nn.checks import below_one, called, counted, positive, real, whole
from nn.initializers import Seed, as_generator
from nn.layers import Layer
from nn.module import Module, plain
from nn.shapes import listed, numbers_of, only, sample_of, table_of, unwrapped

__all__ = ["Activation", "BatchNorm", "Dropout", "Sequential", "Statistics", "Undrawn", "undrawn"]


class Sequential(Module):
    """Modules one after the other, each fed with the outputs of the one before.

    Args:
        stages: modules, or functions of one sample.
        seed: if given, all weights are drawn anew from it: an int, or a `random.Random` to draw from.

    Warns:
        UserWarning: two stages start from the same random numbers, having been made with the same seed.

    Raises:
        ValueError: there are no stages, or a layer takes another number of inputs than the one before gives.
        TypeError: a stage cannot be called.

    Example:
        >>> model = Sequential(Layer(2, 8, "tanh"), Dropout(0.2), Layer(8, 1, "identity"), seed=7)
        >>> model
        Sequential(Layer(2, 8, 'tanh'), Dropout(0.2), Layer(8, 1, 'identity'))
        >>> len(model.parameters())
        33
    """

    def __init__(self, *stages: Any, seed: Seed | None = None) -> None:
        self.stages = list(stages)
        _check_stages(self.stages)
        for position, stage in enumerate(self.stages):
            if isinstance(stage, Layer) and stage.name is None:
                stage.name = f"layer {position}"
        if seed is not None:
            self.initialize(seed)
        twins = _twins(self.stages)
        if twins is not None:
            warnings.warn(
                f"stages {twins[0]} and {twins[1]} start from the same random numbers: give the Sequential a seed, or "
                "each of them its own",
                stacklevel=2,
            )

    def __call__(self, inputs: Any) -> Any:
        """Return the outputs for one sample: a list, or the only one if there is one."""
        for stage in self.stages:
            inputs = stage(listed(inputs))
        return only(inputs)

    def on_batch(self, samples: Sequence[Any]) -> list[Any]:
        """Return the output for each sample of a batch; every stage sees the whole batch."""
        for stage in self.stages:
            rows = [listed(sample) for sample in samples]
            samples = stage.on_batch(rows) if isinstance(stage, Module) else [stage(row) for row in rows]
        return [only(sample) for sample in samples]

    def on_arrays(self, samples: Any) -> Any:
        """Return the outputs for an array of samples, (n_samples, n_inputs), as an array (n_samples, n_outputs)."""
        if not all(isinstance(stage, Module) for stage in self.stages):
            return super().on_arrays(samples)
        for stage in self.stages:
            samples = stage.on_arrays(samples)
        return samples

    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(_stage_text, self.stages))})"

    @property
    def n_inputs(self) -> int | None:
        """How many inputs it takes; None where the stages do not say."""
        return _size(self.stages, "n_inputs")

    @property
    def n_outputs(self) -> int | None:
        """How many outputs it gives; None where the stages do not say."""
        return _size(reversed(self.stages), "n_outputs")


class Activation(Module):
    """An activation as a stage of its own, applied to every number, or by softmax and its like to all of them.

    Args:
        activation: a name in `nn.ACTIVATIONS`, which may carry its parameter, or a function of one number.

    Raises:
        ValueError: no activation has this name.
        TypeError: it is neither a name nor a function.

    Example:
        >>> Activation("relu")([-1.0, 2.0])
        [0.0, 2.0]
        >>> Activation("leaky_relu(0.5)")(-1.0)
        -0.5
    """

    def __init__(self, activation: ActivationName) -> None:
        self.activation = activation_row(activation)

    def __call__(self, inputs: Any) -> Any:
        """Return the activation of a number, or of each of a sequence of numbers."""
        if self.activation.vector or hasattr(inputs, "__len__"):
            return applied(self.activation, numbers_of(inputs, self))
        return applied(self.activation, [inputs])[0]

    def on_arrays(self, samples: Any) -> Any:
        """Return the activation of an array of samples, (n_samples, n_inputs), in an array of the same shape."""
        return columns(self.activation, table_of(samples, None, self))

    def __repr__(self) -> str:
        return f"Activation({self.activation.name!r})"


class Dropout(Module):
    """Leave out inputs at random while training, and scale up the others: a network learns not to rely on any one.

    In training every number is multiplied by a mask that is 0 with probability rate and 1/(1 − rate) otherwise, so
    that its expectation stays; in evaluation nothing happens.

    Args:
        rate: probability that a number is left out; 0 or more, below 1.
        seed: of the masks: an int, or a `random.Random` to draw from.

    Raises:
        ValueError: the rate is out of range.
        TypeError: the rate is not a number.

    Example:
        >>> dropout = Dropout(0.5, seed=1)
        >>> dropout([1.0, 1.0, 1.0, 1.0])
        [0.0, 2.0, 2.0, 0.0]
        >>> dropout.eval()([1.0, 1.0])
        [1.0, 1.0]

    Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, 2014; scaled while training.
    """

    def __init__(self, rate: float = 0.5, *, seed: Seed = 0) -> None:
        self.rate = below_one(rate, "dropout rate")
        self._generator = as_generator(seed)

    def __call__(self, inputs: Any) -> Any:
        """Return the inputs of one sample, some of them replaced by 0 while training."""
        if not self.training:
            return inputs
        if not hasattr(inputs, "__len__"):
            return inputs * self.mask(1)[0]
        numbers = numbers_of(inputs, self)
        return [number * kept for number, kept in zip(numbers, self.mask(len(numbers)))]

    def on_arrays(self, samples: Any) -> Any:
        """Return an array of samples, (n_samples, n_inputs), as it is, as in evaluation."""
        return table_of(samples, None, self)

    def mask(self, size: int) -> list[Any]:
        """Return factors for one sample, drawn: 0 for what is left out, 1/(1 − rate) for the others.

        Args:
            size: how many factors.
        """
        undrawn = _UNDRAWN.get()
        return self.drawn(size) if undrawn is None else undrawn.mask(self, size)

    def drawn(self, size: int) -> list[float]:
        """Return factors as `mask` does, drawn whether a program is being recorded or not.

        Args:
            size: how many factors.
        """
        kept = 1.0 / (1.0 - self.rate)
        return [kept if self._generator.random() >= self.rate else 0.0 for _ in range(size)]

    def generator(self) -> random.Random:
        """Return what the masks are drawn from."""
        return self._generator

    def draw(self, generator: random.Random) -> None:
        """Draw a seed for the masks."""
        self._generator = random.Random(generator.getrandbits(64))

    def __repr__(self) -> str:
        return f"Dropout({self.rate})"


class BatchNorm(Module):
    """Shift and scale every feature to mean 0 and variance 1 over the batch, then by a scale and a shift of its own.

    y = scale · (x − mean) / √(variance + epsilon) + shift

    In training mean and variance are those of the batch (the variance divided by its size), so samples pass in
    batches, by `on_batch`; in evaluation they are running averages of what was seen in training. In print the scale is
    called γ and the shift β.

    Args:
        n_inputs: features of a sample; 1 or more.
        momentum: weight of the newest batch in the running averages, as in PyTorch; above 0, up to 1. (An optimizer's
            momentum is the other way round: what lasts of the past.)
        epsilon: added to the variance; above 0, in squared units of the feature.

    Raises:
        ValueError: a number is out of range.
        TypeError: something is not a number, or the number of inputs is no int.

    Attributes:
        scale, shift: parameters, one per feature; they start from 1 and 0.
        running_mean, running_variance: of each feature; the variance is the unbiased one, as PyTorch keeps it.

    Example:
        >>> norm = BatchNorm(1)
        >>> [round(y.data, 3) for y in norm.on_batch([[1.0], [3.0]])]
        [-1.0, 1.0]

    Source: Ioffe and Szegedy, 2015.
    """

    couples_samples = True

    def __init__(self, n_inputs: int, *, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        n_inputs = whole(n_inputs, "number of inputs of a BatchNorm")
        if not 0.0 < real(momentum, "momentum") <= 1.0:
            raise ValueError(f"the momentum of the running averages is above 0 and up to 1, not {momentum!r}")
        self.scale = [Value(1.0, label=f"scale{i}") for i in range(n_inputs)]
        self.shift = [Value(0.0, label=f"shift{i}") for i in range(n_inputs)]
        self.momentum = float(momentum)
        self.epsilon = positive(epsilon, "epsilon")
        self.running_mean = [0.0] * n_inputs
        self.running_variance = [1.0] * n_inputs

    def __call__(self, inputs: Sequence[Any]) -> Any:
        """Return one sample, normalized by the running averages.

        Raises:
            ValueError: the module is being trained, or the number of inputs is wrong.
        """
        if self.training:
            raise ValueError(
                f"{self!r} sees a whole batch while training: call on_batch(samples), which a module of your own "
                "around it has to define too, or eval() before"
            )
        return unwrapped(self._evaluated(sample_of(inputs, self.n_inputs, self)))

    def on_batch(self, samples: Sequence[Any]) -> list[Any]:
        """Return every sample of a batch, normalized; while training by the mean and variance of the batch.

        Raises:
            ValueError: a sample has a wrong number of inputs, or a batch in training has fewer than two.
        """
        rows = [sample_of(sample, self.n_inputs, self) for sample in samples]
        if not self.training:
            return [unwrapped(self._evaluated(row)) for row in rows]
        if len(rows) < 2:
            raise ValueError(f"{self!r} needs two samples or more to take a variance of, not {len(rows)}")
        columns = [self._normalized(i, column) for i, column in enumerate(zip(*rows))]
        return [unwrapped(list(row)) for row in zip(*columns)]

    def on_arrays(self, samples: Any) -> Any:
        """Return an array of samples, normalized by the running averages, in an array of the same shape."""
        import numpy

        samples = table_of(samples, self.n_inputs, self)
        scale, shift = (numpy.array([each.data for each in part]) for part in (self.scale, self.shift))
        deviation = numpy.sqrt(numpy.array(self.running_variance) + self.epsilon)
        with numpy.errstate(all="ignore"):
            return (samples - numpy.array(self.running_mean)) / deviation * scale + shift

    def remember(self, feature: int, center: float, variance: float, count: int) -> None:
        """Add the mean and the variance of one feature of a batch to the running averages.

        Args:
            feature: which, from 0.
            center: its mean over the batch.
            variance: mean squared distance from the center.
            count: samples in the batch; 2 or more.
        """
        unbiased = variance * count / (count - 1)
        for average, newest in ((self.running_mean, center), (self.running_variance, unbiased)):
            average[feature] += self.momentum * (newest - average[feature])

    def buffers(self) -> list[tuple[str, list[float]]]:
        """Return the running averages."""
        return [("running_mean", self.running_mean), ("running_variance", self.running_variance)]

    def draw(self, generator: random.Random) -> None:  # noqa: ARG002 # nothing here is random
        """Start from scale 1, shift 0, and running averages of a feature with mean 0 and variance 1."""
        for scale, shift in zip(self.scale, self.shift):
            scale.data, shift.data = 1.0, 0.0
        self.running_mean[:] = [0.0] * self.n_inputs
        self.running_variance[:] = [1.0] * self.n_inputs

    def __repr__(self) -> str:
        return f"BatchNorm({self.n_inputs})"

    @property
    def n_inputs(self) -> int:
        """How many features a sample has."""
        return len(self.scale)

    @property
    def n_outputs(self) -> int:
        """As many as inputs."""
        return len(self.scale)

    def _evaluated(self, row: Sequence[Any]) -> list[Any]:
        factors = [scale / math.sqrt(spread + self.epsilon) for scale, spread in zip(self.scale, self.running_variance)]
        return [(x - m) * f + s for x, m, f, s in zip(row, self.running_mean, factors, self.shift)]

    def _normalized(self, feature: int, column: Sequence[Any]) -> list[Any]:
        """Return one feature of a batch, normalized, and add the batch to the running averages."""
        center = mean(column)
        distances = [x - center for x in column]
        variance = mean([square(distance) for distance in distances])
        factor = self.scale[feature] / sqrt(variance + self.epsilon)
        undrawn = _UNDRAWN.get()
        if undrawn is None:
            self.remember(feature, _float(center), _float(variance), len(column))
        else:
            undrawn.statistics.append(Statistics(self, feature, center, variance, len(column)))
        return [distance * factor + self.shift[feature] for distance in distances]


# -- recording for replay --------------------------------------------------------------------------------------------


class Statistics(NamedTuple):
    """Mean and variance of one feature of a batch of a size, which `BatchNorm.remember` takes."""

    norm: BatchNorm
    feature: int
    center: Any
    variance: Any
    size: int


class Undrawn:
    """What stages leave open while a program is recorded: it is drawn, or remembered, for each batch.

    Attributes:
        masks: (Dropout, leaves in the place of its factors), in the order of the calls.
        statistics: of each feature of each `BatchNorm`, likewise.
    """

    def __init__(self) -> None:
        self.masks: list[tuple[Dropout, list[Value]]] = []
        self.statistics: list[Statistics] = []

    def mask(self, dropout: Dropout, size: int) -> list[Value]:
        """Return leaves in the place of factors."""
        leaves = [Value(1.0 / (1.0 - dropout.rate)) for _ in range(size)]
        self.masks.append((dropout, leaves))
        return leaves


_UNDRAWN: ContextVar[Undrawn | None] = ContextVar("undrawn", default=None)


@contextmanager
def undrawn() -> Generator[Undrawn]:
    """Make a context in which `Dropout` draws nothing and `BatchNorm` remembers nothing.

    Example:
        >>> with undrawn() as left_open:
        ...     outputs = Dropout(0.5)([1.0, 1.0])
        >>> [(dropout, len(leaves)) for dropout, leaves in left_open.masks]
        [(Dropout(0.5), 2)]
    """
    left_open = Undrawn()
    token = _UNDRAWN.set(left_open)
    try:
        yield left_open
    finally:
        _UNDRAWN.reset(token)


# -- what stages are -------------------------------------------------------------------------------------------------


def _check_stages(stages: Sequence[Any]) -> None:
    if not stages:
        raise ValueError("a Sequential needs at least one stage, such as Layer(2, 8)")
    if len(stages) == 1 and isinstance(stages[0], (list, tuple)):
        raise TypeError("a Sequential takes its stages one by one: Sequential(*stages)")
    given = None
    for position, stage in enumerate(stages):
        if isinstance(stage, type) and issubclass(stage, Module):
            raise TypeError(f"stage {position} is the class {stage.__name__}: make a module of it, {stage.__name__}(…)")
        if not callable(stage):
            hint = f": write Activation({stage!r})" if isinstance(stage, str) else ""
            raise TypeError(f"stage {position} has to be a module or a function, not {type(stage).__name__}{hint}")
        taken = getattr(stage, "n_inputs", None)
        if given is not None and taken is not None and given != taken:
            raise ValueError(f"stage {position}, {stage!r}, takes {counted(taken, 'input')}, but {given} reach it")
        given = getattr(stage, "n_outputs", given if isinstance(stage, (Activation, Dropout)) else None)


def _twins(stages: Sequence[Any]) -> tuple[int, int] | None:
    """Return the first two different stages that start from the same random numbers, or None."""
    known: dict[Any, int] = {}
    for position, stage in enumerate(stages):
        drawn = _drawn(stage)
        first = known.setdefault(drawn, position) if drawn else position
        if stages[first] is not stage:
            return first, position
    return None


def _drawn(stage: Any) -> Any:
    """Return what has been drawn at random for a stage; nothing where there is nothing to tell it from others by."""
    if isinstance(stage, Dropout):
        return stage.rate and hash(stage.generator().getstate())  # a state has 625 numbers, and stages may be many
    numbers = tuple([each.data for each in stage.parameters()]) if isinstance(stage, Layer) else ()
    return numbers if len(set(numbers)) > 2 else ()  # a bias of 0 and one more number may well be alike


def _size(stages: Iterable[Any], name: str) -> int | None:
    """Return the size that the first stage states, passing over those that give as many outputs as they take."""
    return next((getattr(stage, name, None) for stage in stages if not isinstance(stage, (Activation, Dropout))), None)


def _stage_text(stage: Any) -> str:
    return repr(stage) if isinstance(stage, Module) else called(stage)


def _float(number: Any) -> float:
    primal: float = plain(number.detach() if isinstance(number, Dual) else number)
    return primal
