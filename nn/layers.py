"""Neuron, Layer, MLP: weighted sums, each followed by an activation; and what stands between layers.

This room knows how neurons are put together and how many inputs they take. It does not know what a weighted sum
computes (`autograd.dot`), how weights start (`nn.initializers`) nor how they are trained (`nn.trainer`).

A neuron records one `dot` node, its bias being the last pair (bias, 1.0), and one node for its activation.
"""

from __future__ import annotations

import functools
import math
import operator
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from autograd import Dual, Primitive, Value, dot, matvec, mean, no_grad, scope, sqrt, square
from nn.activations import ACTIVATIONS, ActivationRow, activation_row
from nn.checks import below_one, called, counted, positive, real, whole
from nn.initializers import Initializer, Seed, as_generator, as_initializer
from nn.module import Module, evaluating, plain

__all__ = ["MLP", "Activation", "BatchNorm", "Dropout", "Layer", "Neuron", "Perceptron", "Sequential"]

ActivationName = str | Callable[[Any], Any]


class Neuron(Module):
    """A weighted sum of its inputs plus a bias, followed by an activation.

    y = activation(Σ weights[i] · inputs[i] + bias)

    Args:
        n_inputs: how many inputs it takes; 1 or more.
        activation: a name in `nn.ACTIVATIONS`, or a function of one number.
        nonlin: False leaves the activation out.
        initializer: draws the weights: a name in `nn.INITIALIZERS` or a function, see `nn.initializers`; by default the
            usual one for the activation. The bias starts from 0.
        n_outputs: how many neurons the layer has, for initializers that ask.
        seed: an int, or a `random.Random` to draw from. Neurons made with the same int start alike: to make several,
            give all of them one generator, as `Layer` does.

    Raises:
        ValueError: n_inputs is less than 1, no activation or initializer has this name, or the activation is one of a
            whole layer, as softmax is.
        TypeError: an argument is of a wrong type.

    Attributes:
        row: the parameters: weights, then bias. To share parameters with another neuron, assign its row.
        activation: the row of the activation in `nn.ACTIVATIONS`.
        w, b: weights and bias, as micrograd calls them.

    Example:
        >>> neuron = Neuron(2, "tanh")
        >>> neuron.weights[0].data, neuron.weights[1].data, neuron.bias.data = 1.0, -2.0, 0.5
        >>> neuron
        Neuron(2, 'tanh')
        >>> neuron([1.5, 1.0]).data
        0.0
    """

    unit = True
    n_outputs = 1

    def __init__(
        self,
        n_inputs: int,
        activation: ActivationName = "relu",
        *,
        nonlin: bool = True,
        initializer: str | Initializer | None = None,
        n_outputs: int = 1,
        seed: Seed = 0,
    ) -> None:
        n_inputs = whole(n_inputs, "number of inputs of a neuron")
        chosen = activation_row(activation if nonlin else "identity")
        if chosen.vector:
            raise ValueError(f"{chosen.name} needs the weighted sums of a whole layer: give it to Layer, not to Neuron")
        self.row = (*(Value(0.0, label=f"w{i}") for i in range(n_inputs)), Value(0.0, label="b"))
        self.activation = chosen
        self._initializer = as_initializer(initializer or chosen.initializer)
        self._fan = (n_inputs, n_outputs)
        self.draw(as_generator(seed))

    def __call__(self, inputs: Sequence[Any]) -> Any:
        """Return the output for one sample.

        Args:
            inputs: as many numbers (floats, Values) as the neuron has weights.

        Raises:
            ValueError: their number is wrong.
            TypeError: inputs is not a sequence.
        """
        numbers = _sample(inputs, len(self.row) - 1, self)
        total = dot(self.row, [*numbers, 1.0])
        function = self.activation.function
        return total if function is None else function(total)

    def __repr__(self) -> str:
        return f"Neuron({self.n_inputs}, {self.activation.name!r})"

    @property
    def n_inputs(self) -> int:
        """How many inputs it takes."""
        return len(self.row) - 1

    @property
    def weights(self) -> tuple[Value, ...]:
        """The weights, one per input."""
        return self.row[:-1]

    @property
    def bias(self) -> Value:
        """The bias."""
        return self.row[-1]

    w = weights
    b = bias

    def parts(self) -> list[tuple[str, Any]]:
        """Return (name, part) for everything the neuron is made of, in order."""
        return [("weights", self.weights), ("bias", self.bias), ("activation", self.activation)]

    def draw(self, generator: random.Random) -> None:
        """Draw the weights anew, and set the bias to 0."""
        for weight in self.weights:
            weight.data = self._initializer(*self._fan, generator)
        self.bias.data = 0.0


class Layer(Module):
    """Neurons that share their inputs.

    Args:
        n_inputs: how many inputs it takes; 1 or more.
        n_outputs: how many neurons it has; 1 or more.
        activation: a name in `nn.ACTIVATIONS`, or a function of one number.
        nonlin: False leaves the activation out.
        initializer: draws the weights, see `Neuron`.
        seed: an int, or a `random.Random` to draw from.
        name: what messages and drawings call it, such as "layer 0".

    Raises:
        ValueError: a number is less than 1, or no activation has this name.
        TypeError: an argument is of a wrong type.

    Attributes:
        neurons: in order.
        activation: the row of the activation in `nn.ACTIVATIONS`.

    Example:
        >>> layer = Layer(3, 4)
        >>> layer
        Layer(3, 4, 'relu')
        >>> len(layer([1.0, 2.0, 3.0]))
        4
    """

    unit = True

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        activation: ActivationName = "relu",
        *,
        nonlin: bool = True,
        initializer: str | Initializer | None = None,
        seed: Seed = 0,
        name: str | None = None,
    ) -> None:
        n_inputs = whole(n_inputs, "number of inputs of a layer")
        n_outputs = whole(n_outputs, "number of neurons of a layer")
        generator = as_generator(seed)
        chosen = activation_row(activation if nonlin else "identity")
        self.neurons = [
            Neuron(
                n_inputs,
                "identity" if chosen.vector else activation,
                nonlin=nonlin,
                initializer=initializer or chosen.initializer,
                n_outputs=n_outputs,
                seed=generator,
            )
            for _ in range(n_outputs)
        ]
        self.activation = chosen
        self.name = name
        self._rows: tuple[tuple[Value, ...], ...] = ()

    def __call__(self, inputs: Sequence[Any]) -> Any:
        """Return the outputs for one sample: a list, or the only one if there is one neuron.

        Args:
            inputs: as many numbers (floats, Values) as each neuron has weights.

        Raises:
            ValueError: their number is wrong.
            TypeError: inputs is not a sequence.
        """
        return _unwrapped(self.outputs(inputs))

    def outputs(self, inputs: Sequence[Any]) -> list[Any]:
        """Return the outputs for one sample as a list, also if there is one neuron; see `__call__`."""
        numbers = [*_sample(inputs, self.n_inputs, self), 1.0]
        with scope(self.name or "layer"):
            totals = matvec(self._matrix(), numbers)
            if self.activation.vector:
                return _applied(self.activation, totals)
            functions = [neuron.activation.function for neuron in self.neurons]
            return [total if function is None else function(total) for function, total in zip(functions, totals)]

    def on_arrays(self, samples: Any) -> Any:
        """Return the outputs for an array of samples, (n_samples, n_inputs), as an array (n_samples, n_outputs)."""
        import numpy

        samples = _table(samples, self.n_inputs, self)
        weights = numpy.array([[weight.data for weight in neuron.weights] for neuron in self.neurons])
        biases = numpy.array([neuron.bias.data for neuron in self.neurons])
        with numpy.errstate(all="ignore"):  # inf and nan are what they are sample by sample
            totals = samples @ weights.T + biases
        if self.activation.vector:
            return _columns(self.activation, totals)
        outputs = [_columns(neuron.activation, totals[:, [k]]) for k, neuron in enumerate(self.neurons)]
        return numpy.concatenate(outputs, axis=1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n_inputs}, {len(self.neurons)}, {self.activation.name!r})"

    @property
    def n_inputs(self) -> int:
        """How many inputs it takes."""
        return self.neurons[0].n_inputs

    @property
    def n_outputs(self) -> int:
        """How many neurons it has."""
        return len(self.neurons)

    def _matrix(self) -> tuple[tuple[Value, ...], ...]:
        """Return the rows of the neurons, the same tuple until one is exchanged: `matvec` looks it up only once."""
        rows = tuple([neuron.row for neuron in self.neurons])
        if len(rows) != len(self._rows) or not all(map(operator.is_, rows, self._rows)):
            self._rows = rows
        return self._rows


class Perceptron(Layer):
    """Neurons that decide: a weighted sum each, and a decision that is all or nothing.

    Calling it gives the weighted sums (the scores), which the loss `perceptron` trains; `decide` gives the decision.
    A step has no slope to follow, so training goes by the scores.

    Args:
        n_inputs: how many inputs it takes; 1 or more.
        n_outputs: how many neurons it has: 1 to tell two classes apart, else one per class.
        seed: an int, or a `random.Random` to draw from.

    Example:
        >>> gate = Perceptron(2)
        >>> gate.neurons[0].row[0].data, gate.neurons[0].row[1].data, gate.neurons[0].bias.data = 1.0, 1.0, -1.5
        >>> [gate.decide([a, b]) for a in (0, 1) for b in (0, 1)]  # AND
        [0.0, 0.0, 0.0, 1.0]
        >>> gate
        Perceptron(2, 1)

    Source: Rosenblatt, 1958.
    """

    def __init__(self, n_inputs: int, n_outputs: int = 1, *, seed: Seed = 0) -> None:
        super().__init__(n_inputs, n_outputs, "identity", seed=seed)

    def decide(self, inputs: Sequence[Any]) -> Any:
        """Return the decision for one sample, in floats.

        Returns:
            Of one neuron 1.0 where its score is above 0, else 0.0 (step). Of several a list with 1.0 for the highest
            score, of equal ones the first, and 0.0 for the others (winner takes all).
        """
        with no_grad():
            scores: list[float] = plain(self.outputs(inputs))
        decision = "step" if len(scores) == 1 else "winner_take_all"
        return _unwrapped(_applied(ACTIVATIONS[decision], scores))

    def __repr__(self) -> str:
        return f"Perceptron({self.n_inputs}, {self.n_outputs})"


class MLP(Module):
    """A multi-layer perceptron: layers, each fed with the outputs of the one before.

    Args:
        n_inputs: how many inputs it takes; 1 or more.
        n_outputs: how many neurons each layer has, first to last.
        activation: of every layer but the last.
        last: activation of the last layer; the identity by default.
        initializer: draws the weights, see `Neuron`.
        seed: an int, or a `random.Random` to draw from; the same seed gives the same network, bit by bit.

    Raises:
        ValueError: there is no layer, a number is less than 1, or no activation has this name.
        TypeError: an argument is of a wrong type.

    Example:
        >>> model = MLP(2, [16, 16, 1])
        >>> model
        MLP(2, [16, 16, 1], 'relu')
        >>> score = model([0.5, -1.0])
        >>> score.backward()
        >>> model.layers[2].neurons[0].bias.grad
        1.0
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: Sequence[int],
        activation: ActivationName = "relu",
        *,
        last: ActivationName = "identity",
        initializer: str | Initializer | None = None,
        seed: Seed = 0,
    ) -> None:
        widths = _widths(n_outputs)
        generator = as_generator(seed)
        chosen = activation_row(activation), activation_row(last)
        activations = [activation] * (len(widths) - 1) + [last]
        self.layers = [
            Layer(before, width, each, initializer=initializer, seed=generator, name=f"layer {k}")
            for k, (before, width, each) in enumerate(zip([n_inputs, *widths], widths, activations))
        ]
        self.activation, self.last = chosen

    def __call__(self, inputs: Sequence[Any]) -> Any:
        """Return the outputs for one sample: a list, or the only one if the last layer has one neuron.

        Args:
            inputs: n_inputs numbers (floats, Values).

        Raises:
            ValueError: their number is wrong; the message names the layer.
            TypeError: inputs is not a sequence.

        Cost: two nodes per neuron, one where the activation is the identity.
        """
        numbers = inputs
        for layer in self.layers:
            numbers = layer.outputs(numbers)
        return _unwrapped(numbers)

    def on_arrays(self, samples: Any) -> Any:
        """Return the outputs for an array of samples, (n_samples, n_inputs), as an array (n_samples, n_outputs)."""
        for layer in self.layers:
            samples = layer.on_arrays(samples)
        return samples

    def __repr__(self) -> str:
        last = "" if self.last.name == "identity" else f", last={self.last.name!r}"
        return f"MLP({self.n_inputs}, {self.widths}, {self.activation.name!r}{last})"

    @property
    def n_inputs(self) -> int:
        """How many inputs it takes."""
        return self.layers[0].n_inputs

    @property
    def n_outputs(self) -> int:
        """How many outputs it gives."""
        return self.layers[-1].n_outputs

    @property
    def widths(self) -> list[int]:
        """How many neurons each layer has, first to last."""
        return [layer.n_outputs for layer in self.layers]


class Sequential(Module):
    """Modules one after the other, each fed with the outputs of the one before.

    Args:
        stages: modules, or functions of one sample.
        seed: if given, all weights are drawn anew from it: layers that were made with one and the same seed start from
            the same random numbers otherwise. An int, or a `random.Random` to draw from.

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

    def __call__(self, inputs: Any) -> Any:
        """Return the outputs for one sample: a list, or the only one if there is one."""
        for stage in self.stages:
            inputs = stage(_listed(inputs))
        return _only(inputs)

    def on_batch(self, samples: Sequence[Any]) -> list[Any]:
        """Return the output for each sample of a batch; every stage sees the whole batch."""
        for stage in self.stages:
            rows = [_listed(sample) for sample in samples]
            samples = stage.on_batch(rows) if isinstance(stage, Module) else [stage(row) for row in rows]
        return [_only(sample) for sample in samples]

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
            return _applied(self.activation, _numbers(inputs, self))
        return _applied(self.activation, [inputs])[0]

    def on_arrays(self, samples: Any) -> Any:
        """Return the activation of an array of samples, (n_samples, n_inputs), in an array of the same shape."""
        return _columns(self.activation, _table(samples, None, self))

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
        numbers = _numbers(inputs, self)
        return [number * kept for number, kept in zip(numbers, self.mask(len(numbers)))]

    def on_arrays(self, samples: Any) -> Any:
        """Return an array of samples, (n_samples, n_inputs), as it is, as in evaluation."""
        return _table(samples, None, self)

    def mask(self, size: int) -> list[float]:
        """Draw the factors of one sample: 0 for what is left out, 1/(1 − rate) for the others."""
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
        return _unwrapped(self._evaluated(_sample(inputs, self.n_inputs, self)))

    def on_batch(self, samples: Sequence[Any]) -> list[Any]:
        """Return every sample of a batch, normalized; while training by the mean and variance of the batch.

        Raises:
            ValueError: a sample has a wrong number of inputs, or a batch in training has fewer than two.
        """
        rows = [_sample(sample, self.n_inputs, self) for sample in samples]
        if not self.training:
            return [_unwrapped(self._evaluated(row)) for row in rows]
        if len(rows) < 2:
            raise ValueError(f"{self!r} needs two samples or more to take a variance of, not {len(rows)}")
        columns = [self._normalized(i, column) for i, column in enumerate(zip(*rows))]
        return [_unwrapped(list(row)) for row in zip(*columns)]

    def on_arrays(self, samples: Any) -> Any:
        """Return an array of samples, normalized by the running averages, in an array of the same shape."""
        import numpy

        samples = _table(samples, self.n_inputs, self)
        scale, shift = (numpy.array([each.data for each in part]) for part in (self.scale, self.shift))
        deviation = numpy.sqrt(numpy.array(self.running_variance) + self.epsilon)
        with numpy.errstate(all="ignore"):
            return (samples - numpy.array(self.running_mean)) / deviation * scale + shift

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
        unbiased = _float(variance) * len(column) / (len(column) - 1)
        for average, newest in ((self.running_mean, _float(center)), (self.running_variance, unbiased)):
            average[feature] += self.momentum * (newest - average[feature])
        return [distance * factor + self.shift[feature] for distance in distances]


def _widths(n_outputs: Sequence[int]) -> list[int]:
    if not isinstance(n_outputs, (list, tuple)):
        raise TypeError(f"an MLP takes a list of layer widths, such as [16, 16, 1], not {type(n_outputs).__name__}")
    if not n_outputs:
        raise ValueError("an MLP needs at least one layer: give the number of neurons of each, such as [16, 16, 1]")
    return list(n_outputs)


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


def _size(stages: Iterable[Any], name: str) -> int | None:
    """Return the size that the first stage states, passing over those that give as many outputs as they take."""
    return next((getattr(stage, name, None) for stage in stages if not isinstance(stage, (Activation, Dropout))), None)


# -- samples ---------------------------------------------------------------------------------------------------------


def _sample(inputs: Any, expected: int, owner: Module) -> Sequence[Any]:
    """Return the inputs of one sample; raise where their number is not the expected one."""
    numbers = inputs.tolist() if hasattr(inputs, "tolist") else inputs  # an array's own numbers are slow
    if not hasattr(numbers, "__getitem__") or isinstance(numbers, (str, bytes, dict)):
        kind = type(inputs).__name__
        raise TypeError(f"{_called(owner)} takes a sequence of {counted(expected, 'number')}, not {kind}")
    given = len(numbers)
    if given != expected:
        raise ValueError(f"{_called(owner)} takes {counted(expected, 'input')}, but {given} {_were(given)} given")
    return cast("Sequence[Any]", numbers)


def _numbers(inputs: Any, owner: Module) -> list[Any]:
    """Return inputs of any number as a list."""
    numbers = inputs.tolist() if hasattr(inputs, "tolist") else inputs
    if not hasattr(numbers, "__getitem__") or isinstance(numbers, (str, bytes, dict)):
        raise TypeError(f"{owner!r} takes a sequence of numbers, not {type(inputs).__name__}")
    return list(cast("Sequence[Any]", numbers))


def _table(samples: Any, expected: int | None, owner: Module) -> Any:
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


def _called(owner: Module) -> str:
    name = owner.name if isinstance(owner, Layer) else None
    return f"{name}, {owner!r}," if name else repr(owner)


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _listed(inputs: Any) -> Any:
    return inputs if hasattr(inputs, "__iter__") else [inputs]


def _only(outputs: Any) -> Any:
    return _unwrapped(outputs) if isinstance(outputs, (list, tuple)) else outputs


def _unwrapped(outputs: Any) -> Any:
    return outputs[0] if len(outputs) == 1 else outputs


# -- activations -----------------------------------------------------------------------------------------------------


def _applied(row: ActivationRow, numbers: list[Any]) -> list[Any]:
    """Return the activation of some numbers, as a list."""
    if row.function is None:
        return numbers
    return list(row.function(numbers)) if row.vector else [row.function(number) for number in numbers]


def _columns(row: ActivationRow, samples: Any) -> Any:
    """Return the activation of an array of samples; its columns are what a layer would have in a list."""
    import numpy

    if row.function is None:
        return samples
    if not _takes_arrays(row):
        with no_grad(), evaluating(row.function):
            outputs = [plain(_applied(row, sample)) for sample in samples.tolist()]
        return numpy.array(outputs, dtype=float).reshape(samples.shape)
    with numpy.errstate(all="ignore"):  # inf and nan are what they are sample by sample
        if row.vector:
            return numpy.stack(row.function(list(samples.T)), axis=1)
        return numpy.asarray(row.function(samples), dtype=float)


def _takes_arrays(row: ActivationRow) -> bool:
    """Return whether an activation is one of `nn.ACTIVATIONS` or a primitive; a function of one's own takes numbers."""
    known = ACTIVATIONS.get(row.name.partition("(")[0])  # whose functions with a parameter are partial functions
    named = known is not None and (row.function is known.function or isinstance(row.function, functools.partial))
    return named or isinstance(row.function, Primitive)


def _stage_text(stage: Any) -> str:
    return repr(stage) if isinstance(stage, Module) else called(stage)


def _float(number: Any) -> float:
    primal: float = plain(number.detach() if isinstance(number, Dual) else number)
    return primal
