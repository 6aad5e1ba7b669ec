"""Neuron, Layer, MLP: weighted sums, each followed by an activation.

This room knows how neurons are put together and how many inputs they take. It does not know what a weighted sum
computes (`autograd.dot`), how weights start (`nn.initializers`) nor how they are trained (`nn.trainer`).

A neuron records one `dot` node, its bias being the last pair (bias, 1.0), and one node for its activation.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, cast

from autograd import Value, dot, matvec, scope
from nn.activations import activation_row
from nn.initializers import Initializer, Seed, as_generator
from nn.module import Module

__all__ = ["MLP", "Layer", "Neuron"]

Activation = str | Callable[[Any], Any]


class Neuron(Module):
    """A weighted sum of its inputs plus a bias, followed by an activation.

    y = activation(Σ weights[i] · inputs[i] + bias)

    Args:
        n_inputs: how many inputs it takes; 1 or more.
        activation: a name in `nn.ACTIVATIONS`, or a function of one number.
        nonlin: False leaves the activation out.
        initializer: draws the weights, see `nn.initializers`; by default the usual one for the activation. The bias
            starts from 0.
        n_outputs: how many neurons the layer has, for initializers that ask.
        seed: an int, or a `random.Random` to draw from. Neurons made with the same int start alike: to make several,
            give all of them one generator, as `Layer` does.

    Raises:
        ValueError: n_inputs is less than 1, or no activation has this name.
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

    def __init__(
        self,
        n_inputs: int,
        activation: Activation = "relu",
        *,
        nonlin: bool = True,
        initializer: Initializer | None = None,
        n_outputs: int = 1,
        seed: Seed = 0,
    ) -> None:
        n_inputs = _count(n_inputs, "inputs of a neuron")
        generator = as_generator(seed)
        chosen = activation_row(activation if nonlin else "identity")
        draw = initializer or chosen.initializer
        weights = [Value(draw(n_inputs, n_outputs, generator), label=f"w{i}") for i in range(n_inputs)]
        self.row = (*weights, Value(0.0, label="b"))
        self.activation = chosen

    def __call__(self, inputs: Sequence[Any]) -> Any:
        """Return the output for one sample.

        Args:
            inputs: as many numbers (floats, Values) as the neuron has weights.

        Raises:
            ValueError: their number is wrong.
            TypeError: inputs is not a sequence.
        """
        numbers = _sample(inputs, len(self.row) - 1, self)
        return self.activated(dot(self.row, [*numbers, 1.0]))

    def __repr__(self) -> str:
        return f"Neuron({len(self.row) - 1}, {self.activation.name!r})"

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

    def activated(self, total: Any) -> Any:
        """Return the activation of a weighted sum."""
        function = self.activation.function
        return total if function is None else function(total)


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

    Example:
        >>> layer = Layer(3, 4)
        >>> layer
        Layer(3, 4, 'relu')
        >>> len(layer([1.0, 2.0, 3.0]))
        4
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        activation: Activation = "relu",
        *,
        nonlin: bool = True,
        initializer: Initializer | None = None,
        seed: Seed = 0,
        name: str | None = None,
    ) -> None:
        n_inputs = _count(n_inputs, "inputs of a layer")
        n_outputs = _count(n_outputs, "neurons of a layer")
        generator = as_generator(seed)
        self.neurons = [
            Neuron(
                n_inputs,
                activation,
                nonlin=nonlin,
                initializer=initializer,
                n_outputs=n_outputs,
                seed=generator,
            )
            for _ in range(n_outputs)
        ]
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
            functions = [neuron.activation.function for neuron in self.neurons]
            return [total if function is None else function(total) for function, total in zip(functions, totals)]

    def __repr__(self) -> str:
        return f"Layer({self.n_inputs}, {len(self.neurons)}, {self.neurons[0].activation.name!r})"

    @property
    def n_inputs(self) -> int:
        """How many inputs it takes."""
        return len(self.neurons[0].row) - 1

    def _matrix(self) -> tuple[tuple[Value, ...], ...]:
        """Return the rows of the neurons, the same tuple until one is exchanged: `matvec` looks it up only once."""
        rows = tuple([neuron.row for neuron in self.neurons])
        if len(rows) != len(self._rows) or not all(map(operator.is_, rows, self._rows)):
            self._rows = rows
        return self._rows


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
        activation: Activation = "relu",
        *,
        last: Activation = "identity",
        initializer: Initializer | None = None,
        seed: Seed = 0,
    ) -> None:
        widths = _widths(n_outputs)
        generator = as_generator(seed)
        activations = [activation] * (len(widths) - 1) + [last]
        self.layers = [
            Layer(before, width, each, initializer=initializer, seed=generator, name=f"layer {k}")
            for k, (before, width, each) in enumerate(zip([n_inputs, *widths], widths, activations))
        ]

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

    def __repr__(self) -> str:
        first, widths = self.layers[0], [len(layer.neurons) for layer in self.layers]
        return f"MLP({first.n_inputs}, {widths}, {first.neurons[0].activation.name!r})"


def _widths(n_outputs: Sequence[int]) -> list[int]:
    if not isinstance(n_outputs, (list, tuple)):
        raise TypeError(f"an MLP takes a list of layer widths, such as [16, 16, 1], not {type(n_outputs).__name__}")
    if not n_outputs:
        raise ValueError("an MLP needs at least one layer: give the number of neurons of each, such as [16, 16, 1]")
    return list(n_outputs)


def _count(count: int, what: str) -> int:
    """Return how many of something there shall be, as an int."""
    try:
        count = operator.index(count)
    except TypeError:
        raise TypeError(f"the number of {what} is an int, not {type(count).__name__}") from None
    if count < 1:
        raise ValueError(f"the number of {what} is 1 or more, not {count}")
    return count


def _sample(inputs: Any, expected: int, owner: Neuron | Layer) -> Sequence[Any]:
    """Return the inputs of one sample; raise where their number is not the expected one."""
    numbers = inputs.tolist() if hasattr(inputs, "tolist") else inputs  # an array's own numbers are slow
    if not hasattr(numbers, "__len__"):
        kind = type(inputs).__name__
        raise TypeError(f"{_called(owner)} takes a sequence of {_numbered(expected, 'number')}, not {kind}")
    given = len(numbers)
    if given != expected:
        raise ValueError(f"{_called(owner)} takes {_numbered(expected, 'input')}, but {given} {_were(given)} given")
    return cast("Sequence[Any]", numbers)


def _called(owner: Neuron | Layer) -> str:
    name = owner.name if isinstance(owner, Layer) else None
    return f"{name}, {owner!r}," if name else repr(owner)


def _numbered(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _unwrapped(outputs: Any) -> Any:
    return outputs[0] if len(outputs) == 1 else outputs
