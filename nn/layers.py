"""Neuron, Layer, Perceptron, MLP: weighted sums, each followed by an activation.

This room knows how neurons are put together and how many inputs they take. It does not know what a weighted sum
computes (`autograd.dot`), how weights start (`nn.initializers`), what else may stand between layers (`nn.stages`), nor
how they are trained (`nn.trainer`).

A neuron records one `dot` node, its bias being the last pair (bias, 1.0), and one node for its activation.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Sequence
from typing import Any

from autograd import Value, dot, matvec, no_grad, scope
from nn.activations import ACTIVATIONS, ActivationName, activation_row, applied, columns
from nn.checks import counted, real, whole
from nn.initializers import Initializer, Seed, as_generator, as_initializer
from nn.module import Module, is_in_detail, plain
from nn.shapes import sample_of, table_of, unwrapped

__all__ = ["MLP", "Layer", "Neuron", "Perceptron"]


class Neuron(Module):
    """A weighted sum of its inputs plus a bias, followed by an activation.

    y = activation(Σ weights[i] · inputs[i] + bias)

    Args:
        n_inputs: how many inputs it takes; 1 or more.
        activation: a name in `nn.ACTIVATIONS`, or a function of one number.
        nonlin: False leaves the activation out.
        initializer: draws the weights: a name in `nn.INITIALIZERS` or a function, see `nn.initializers`; by default the
            usual one for the activation. The bias starts from 0.
        fan_out: how many neurons there are beside it, itself included: some initializers ask.
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
        >>> neuron.weights, neuron.bias = [1.0, -2.0], 0.5
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
        fan_out: int = 1,
        seed: Seed = 0,
    ) -> None:
        n_inputs = whole(n_inputs, "number of inputs of a neuron")
        chosen = activation_row(activation if nonlin else "identity")
        if chosen.vector:
            raise ValueError(f"{chosen.name} needs the weighted sums of a whole layer: give it to Layer, not to Neuron")
        self.row = (*(Value(0.0, label=f"w{i}") for i in range(n_inputs)), Value(0.0, label="b"))
        self.activation = chosen
        self._initializer = as_initializer(chosen.initializer if initializer is None else initializer)
        self._fan = (n_inputs, whole(fan_out, "fan-out of a neuron"))
        self.draw(as_generator(seed))

    def __call__(self, inputs: Sequence[Any]) -> Any:
        """Return the output for one sample.

        Args:
            inputs: as many numbers (floats, Values) as the neuron has weights.

        Raises:
            ValueError: their number is wrong.
            TypeError: inputs is not a sequence.
        """
        numbers = sample_of(inputs, len(self.row) - 1, self)
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
        """The weights, one per input; numbers that are assigned are what they have from then on."""
        return self.row[:-1]

    @weights.setter
    def weights(self, numbers: Sequence[float]) -> None:
        if not hasattr(numbers, "__iter__"):
            raise TypeError(f"the weights of a neuron are a list of numbers, not {numbers!r}")
        given = [real(number, "weight of a neuron") for number in numbers]
        if len(given) != self.n_inputs:
            raise ValueError(f"a neuron of {counted(self.n_inputs, 'input')} has as many weights, not {len(given)}")
        for weight, number in zip(self.weights, given):
            weight.data = number

    @property
    def bias(self) -> Value:
        """The bias; a number that is assigned is what it has from then on."""
        return self.row[-1]

    @bias.setter
    def bias(self, number: float) -> None:
        self.bias.data = real(number, "bias of a neuron")

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
                initializer=chosen.initializer if initializer is None else initializer,
                fan_out=n_outputs,
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
        return unwrapped(self.outputs(inputs))

    def outputs(self, inputs: Sequence[Any]) -> list[Any]:
        """Return the outputs for one sample as a list, also if there is one neuron; see `__call__`.

        Args:
            inputs: one per input of the layer (Values, floats).
        """
        numbers = [*sample_of(inputs, self.n_inputs, self), 1.0]
        with scope(self.name or "layer"):
            if is_in_detail():
                return self._neuron_by_neuron(numbers)
            totals = matvec(self._matrix(), numbers)
            if self.activation.vector:
                return applied(self.activation, totals)
            functions = [neuron.activation.function for neuron in self.neurons]
            return [total if function is None else function(total) for function, total in zip(functions, totals)]

    def _neuron_by_neuron(self, numbers: list[Any]) -> list[Any]:
        """Return the outputs for one sample and 1 for the bias, every neuron in a scope of its own."""
        outputs: list[Any] = []
        for k, neuron in enumerate(self.neurons):
            with scope(f"neuron {k}"):
                outputs.append(neuron(numbers[:-1]))
        return applied(self.activation, outputs) if self.activation.vector else outputs

    def on_arrays(self, samples: Any) -> Any:
        """Return the outputs for an array of samples, (n_samples, n_inputs), as an array (n_samples, n_outputs)."""
        import numpy

        samples = table_of(samples, self.n_inputs, self)
        weights = numpy.array([[weight.data for weight in neuron.weights] for neuron in self.neurons])
        biases = numpy.array([neuron.bias.data for neuron in self.neurons])
        with numpy.errstate(all="ignore"):  # inf and nan are what they are sample by sample
            totals = samples @ weights.T + biases
        if self.activation.vector:
            return columns(self.activation, totals)
        outputs = [columns(neuron.activation, totals[:, [k]]) for k, neuron in enumerate(self.neurons)]
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

    Raises:
        ValueError: a number is less than 1.
        TypeError: a number is no int.

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

        Args:
            inputs: one per input of the layer.

        Returns:
            Of one neuron 1.0 where its score is above 0, else 0.0 (step). Of several a list with 1.0 for the highest
            score, of equal ones the first, and 0.0 for the others (winner takes all).

        Raises:
            ValueError: the number of inputs is wrong.
            TypeError: inputs is not a sequence.
        """
        with no_grad():
            scores: list[float] = plain(self.outputs(inputs))
        decision = "step" if len(scores) == 1 else "winner_take_all"
        return unwrapped(applied(ACTIVATIONS[decision], scores))

    def __repr__(self) -> str:
        return f"Perceptron({self.n_inputs}, {self.n_outputs})"


class MLP(Module):
    """A multi-layer perceptron: layers, each fed with the outputs of the one before.

    Args:
        n_inputs: how many inputs it takes; 1 or more.
        widths: how many neurons each layer has, first to last.
        activation: of every layer but the last.
        last: activation of the last layer; the identity by default.
        initializer: draws the weights, see `Neuron`.
        seed: an int, or a `random.Random` to draw from; the same seed gives the same network, bit by bit.

    Raises:
        ValueError: there is no layer, a number is less than 1, or no activation has this name.
        TypeError: an argument is of a wrong type.

    Attributes:
        layers: a `Layer` per width, first to last.

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
        widths: Sequence[int],
        activation: ActivationName = "relu",
        *,
        last: ActivationName = "identity",
        initializer: str | Initializer | None = None,
        seed: Seed = 0,
    ) -> None:
        widths = _widths(widths)
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
        return unwrapped(numbers)

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


def _widths(widths: Sequence[int]) -> list[int]:
    if not isinstance(widths, (list, tuple)):
        raise TypeError(f"an MLP takes a list of layer widths, such as [16, 16, 1], not {type(widths).__name__}")
    if not widths:
        raise ValueError("an MLP needs at least one layer: give the number of neurons of each, such as [16, 16, 1]")
    return list(widths)
