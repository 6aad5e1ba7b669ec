"""Neurons and networks: what they record, what they compute, how they start, and what they refuse."""

from __future__ import annotations

import copy
import itertools
import math
import random

import pytest

import autograd
from autograd import Tape, Value, jvp
from nn import ACTIVATIONS, MLP, Layer, Module, Neuron


def primitives_of(output):
    """The name of the primitive of every node that an output depends on, in order."""
    seen, pending, names = set(), [output], []
    while pending:
        value = pending.pop()
        if not isinstance(value, Value) or value.primitive is None or hash(value) in seen:
            continue
        seen.add(hash(value))
        names.append(value.primitive.name)
        pending += value.operands
    return names


# -- what is recorded ------------------------------------------------------------------------------------------------


def test_a_neuron_records_one_dot_and_its_activation():
    out = Neuron(3)([1.0, 2.0, 3.0])
    assert sorted(primitives_of(out)) == ["dot", "relu"]
    assert len(Tape.of(out)) == 3 + 1 + 2  # weights, bias, nodes


def test_a_linear_neuron_records_one_dot():
    assert primitives_of(Neuron(3, nonlin=False)([1.0, 2.0, 3.0])) == ["dot"]


def test_a_network_records_one_dot_per_neuron():
    model = MLP(2, [16, 16, 1])
    out = model([0.5, -0.25])
    names = primitives_of(out)
    assert (names.count("dot"), names.count("relu"), len(names)) == (33, 32, 65)
    assert len(Tape.of(out)) == 337 + 65


def test_the_bias_is_the_last_pair_of_the_dot():
    neuron = Neuron(2, nonlin=False)
    operands = neuron([5.0, 7.0]).operands
    assert [each for each in operands if isinstance(each, Value)] == [*neuron.weights, neuron.bias]
    assert sorted(each for each in operands if not isinstance(each, Value)) == [1.0, 5.0, 7.0]


def test_layers_are_scopes_on_the_tape():
    model = MLP(2, [3, 1])
    with Tape() as tape:
        model([1.0, 2.0])
    paths = {tape.scope_at(i) for i in range(len(tape))}
    assert {("layer 0",), ("layer 1",)} <= paths


# -- what is computed ------------------------------------------------------------------------------------------------


def test_a_neuron_by_hand():
    neuron = Neuron(2, "tanh")
    neuron.weights[0].data, neuron.weights[1].data, neuron.bias.data = 0.5, -0.25, 0.125
    out = neuron([1.0, 2.0])
    out.backward()
    slope = 1.0 - math.tanh(0.125) ** 2
    assert out.data == pytest.approx(math.tanh(0.125), rel=1e-15)
    grads = [p.grad for p in neuron.parameters()]
    assert grads == pytest.approx([1.0 * slope, 2.0 * slope, slope], rel=1e-14)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_gradients_agree_with_forward_mode(activation):
    model = MLP(3, [4, 3, 1], activation, seed=5)
    sample = [0.3, -0.7, 1.1]
    model(sample).backward()
    for parameter in model.parameters()[::5]:
        assert parameter.grad == pytest.approx(tangent(model, parameter, sample), rel=1e-12, abs=1e-14)


def tangent(model, parameter, sample):
    """d(model(sample)) / d(parameter) by forward mode on a network of plain numbers."""
    chosen = next(k for k, each in enumerate(model.parameters()) if each is parameter)

    def score(number):
        numbers = [p.data for p in model.parameters()]
        numbers[chosen] = number
        return by_hand(model, numbers, sample)

    return jvp(score, (parameter.data,), (1.0,))[1]


def by_hand(model, numbers, sample):
    numbers = iter(numbers)
    for layer in model.layers:
        activate = layer.neurons[0].activation.function or (lambda total: total)
        outputs = []
        for neuron in layer.neurons:
            weights = list(itertools.islice(numbers, len(neuron.weights)))
            total = next(numbers)
            for weight, x in zip(weights, sample):
                total = total + weight * x
            outputs.append(activate(total))
        sample = outputs
    return sample[0]


def test_gradients_with_respect_to_inputs():
    model = MLP(2, [4, 1], "tanh", seed=3)
    inputs = [Value(0.5), Value(-1.5)]
    model(inputs).backward()
    for each, direction in zip(inputs, ([1.0, 0.0], [0.0, 1.0])):
        forward = jvp(model, ([0.5, -1.5],), (direction,))[1]
        assert each.grad == pytest.approx(forward.data, rel=1e-12)


def test_several_outputs_are_a_list_and_one_is_not():
    assert isinstance(MLP(2, [3, 1])([1.0, 2.0]), Value)
    assert [type(each) for each in MLP(2, [3, 2])([1.0, 2.0])] == [Value, Value]
    assert isinstance(Layer(2, 1)([1.0, 2.0]), Value)


def test_a_hidden_layer_of_one_neuron():
    out = MLP(2, [1, 2])([1.0, 2.0])
    assert len(out) == 2


def test_arrays_tuples_and_integers_are_samples_too():
    numpy = pytest.importorskip("numpy")
    model = MLP(2, [3, 1], seed=1)
    expected = model([1.0, 2.0]).data
    for sample in ((1, 2), numpy.array([1.0, 2.0]), numpy.array([1, 2]), [Value(1.0), 2]):
        assert model(sample).data == expected


def test_the_last_layer_can_have_an_activation():
    model = MLP(1, [1], last="sigmoid")
    assert 0.0 < model([100.0]).data <= 1.0
    assert primitives_of(model([1.0]))[0] == "sigmoid"


def test_an_activation_can_be_a_function_of_ones_own():
    neuron = Neuron(1, lambda z: z * z)
    neuron.weights[0].data = 3.0
    assert neuron([2.0]).data == 36.0


def test_an_activation_with_parameters_is_found():
    class Slope(Module):
        def __init__(self):
            self.slope = Value(0.1)

        def __call__(self, z):
            return autograd.where(z > 0, z, self.slope * z)

    neuron = Neuron(1, Slope())
    assert len(neuron.parameters()) == 3


# -- how it starts ---------------------------------------------------------------------------------------------------


def numbers(model):
    return [p.data for p in model.parameters()]


def test_the_same_seed_gives_the_same_network_bit_by_bit():
    assert numbers(MLP(2, [16, 16, 1], seed=7)) == numbers(MLP(2, [16, 16, 1], seed=7))
    assert numbers(MLP(2, [4, 1], seed=7)) == numbers(MLP(2, [4, 1], seed=random.Random(7)))
    assert numbers(MLP(2, [4, 1], seed=7)) != numbers(MLP(2, [4, 1], seed=8))


def test_the_global_generator_is_neither_used_nor_moved():
    random.seed(1)
    state = random.getstate()
    first = numbers(MLP(2, [4, 1]))
    assert random.getstate() == state
    random.seed(2)
    assert numbers(MLP(2, [4, 1])) == first


def test_neurons_of_a_layer_start_apart():
    layer = Layer(3, 4, seed=0)
    assert len({tuple(numbers(neuron)) for neuron in layer.neurons}) == 4


@pytest.mark.parametrize(
    ("activation", "bound"),
    [
        ("relu", math.sqrt(6 / 8)),
        ("tanh", math.sqrt(6 / 200)),
        (autograd.tanh, math.sqrt(6 / 200)),
        ("identity", math.sqrt(1 / 8)),
        (lambda z: z * z, math.sqrt(1 / 8)),
    ],
)
def test_weights_start_within_the_bound_of_their_initializer_and_fill_it(activation, bound):
    layer = Layer(8, 192, activation)
    weights = [w.data for neuron in layer.neurons for w in neuron.weights]
    assert 0.98 * bound < max(weights) <= bound
    assert 0.98 * bound < -min(weights) <= bound
    assert all(neuron.bias.data == 0.0 for neuron in layer.neurons)


def test_an_initializer_of_ones_own():
    layer = Layer(2, 3, initializer=lambda n_inputs, n_outputs, generator: 10.0 * n_inputs + n_outputs)
    assert {w.data for neuron in layer.neurons for w in neuron.weights} == {23.0}


# -- parameters ------------------------------------------------------------------------------------------------------


def test_parameters_are_in_order_and_named():
    names = [name for name, _ in MLP(1, [2, 1]).named_parameters()]
    assert names == [
        "layers.0.neurons.0.weights.0",
        "layers.0.neurons.0.bias",
        "layers.0.neurons.1.weights.0",
        "layers.0.neurons.1.bias",
        "layers.1.neurons.0.weights.0",
        "layers.1.neurons.0.weights.1",
        "layers.1.neurons.0.bias",
    ]


def test_equal_parameters_are_all_listed_and_a_shared_one_once():
    class Pair(Module):
        def __init__(self):
            self.first = [Value(0.0), Value(0.0)]
            self.again = self.first[0]
            self._hidden = Value(1.0)
            self.output = self.first[0] + 1.0

    assert [name for name, _ in Pair().named_parameters()] == ["first.0", "first.1"]


def test_zero_grad():
    model = MLP(2, [3, 1], "tanh")
    model([1.0, 2.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert all(p.grad == 0.0 for p in model.parameters())


def test_a_copy_is_independent():
    model = MLP(2, [3, 1], seed=4)
    twin = copy.deepcopy(model)
    twin.parameters()[0].data += 1.0
    assert numbers(twin)[1:] == numbers(model)[1:]
    assert numbers(twin)[0] == numbers(model)[0] + 1.0


def test_reprs_read_well():
    assert repr(MLP(2, [16, 1])) == "MLP(2, [16, 1], 'relu')"
    assert repr(Layer(2, 3, "tanh")) == "Layer(2, 3, 'tanh')"
    assert repr(Neuron(3, nonlin=False)) == "Neuron(3, 'identity')"


# -- micrograd -------------------------------------------------------------------------------------------------------


def test_micrograds_names_work():
    model = MLP(2, [16, 16, 1])
    assert len(model.parameters()) == 337
    assert (len(model.layers), len(model.layers[0].neurons)) == (3, 16)
    neuron = Neuron(3, nonlin=False)
    assert (neuron.w, neuron.b) == (neuron.weights, neuron.bias)
    assert len(Layer(3, 4).parameters()) == 16
    assert len(Layer(3, 4, nonlin=False)([1.0, 2.0, 3.0])) == 4


def test_micrograds_demo_learns_moons():
    inputs, labels = moons(100, seed=2)
    model = MLP(2, [16, 16, 1], seed=2)
    for k in range(100):
        total, accuracy = demo_loss(model, inputs, labels)
        model.zero_grad()
        total.backward()
        learning_rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= learning_rate * p.grad
    total, accuracy = demo_loss(model, inputs, labels)
    assert accuracy == 1.0
    assert total.data < 0.05


def demo_loss(model, inputs, labels):
    scores = [model(sample) for sample in inputs]
    losses = [(1 + -label * score).relu() for label, score in zip(labels, scores)]
    data_loss = sum(losses) * (1.0 / len(losses))
    reg_loss = 1e-4 * sum(p * p for p in model.parameters())
    accuracy = [(label > 0) == (score.data > 0) for label, score in zip(labels, scores)]
    return data_loss + reg_loss, sum(accuracy) / len(accuracy)


def moons(n, seed):
    generator = random.Random(seed)
    inputs, labels = [], []
    for k in range(n):
        angle, noise = generator.uniform(0.0, math.pi), (generator.gauss(0.0, 0.1), generator.gauss(0.0, 0.1))
        upper = k % 2 == 0
        x, y = (math.cos(angle), math.sin(angle)) if upper else (1.0 - math.cos(angle), 0.5 - math.sin(angle))
        inputs.append([x + noise[0], y + noise[1]])
        labels.append(-1 if upper else 1)
    return inputs, labels


def test_parameters_can_be_exchanged_and_shared():
    layer = Layer(1, 2, nonlin=False)
    layer([1.0])
    layer.neurons[0].row = layer.neurons[1].row = (Value(3.0), Value(0.5))
    assert [each.data for each in layer([2.0])] == [6.5, 6.5]
    assert len(layer.parameters()) == 2


def test_neurons_can_be_added_and_taken_away():
    layer = Layer(1, 2)
    layer([1.0])
    layer.neurons.append(Neuron(1))
    assert len(layer([1.0])) == 3
    del layer.neurons[1:]
    assert isinstance(layer([1.0]), Value)


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: MLP(2, [9, 1])([1.0]), ValueError, "layer 0, Layer(2, 9, 'relu'), takes 2 inputs, but 1 was given"),
        (
            lambda: MLP(2, [9, 1])([1.0] * 3),
            ValueError,
            "layer 0, Layer(2, 9, 'relu'), takes 2 inputs, but 3 were given",
        ),
        (lambda: Layer(1, 4)([]), ValueError, "Layer(1, 4, 'relu') takes 1 input, but 0 were given"),
        (lambda: Neuron(3)([1.0, 2.0]), ValueError, "Neuron(3, 'relu') takes 3 inputs, but 2 were given"),
        (lambda: Layer(1, 2)(3.0), TypeError, "Layer(1, 2, 'relu') takes a sequence of 1 number, not float"),
        (
            lambda: MLP(2, []),
            ValueError,
            "an MLP needs at least one layer: give the number of neurons of each, such as [16, 16, 1]",
        ),
        (lambda: MLP(2, 1), TypeError, "an MLP takes a list of layer widths, such as [16, 16, 1], not int"),
        (lambda: MLP(2, [0, 1]), ValueError, "the number of neurons of a layer is 1 or more, not 0"),
        (lambda: Neuron(0), ValueError, "the number of inputs of a neuron is 1 or more, not 0"),
        (lambda: Layer(2.5, 1), TypeError, "the number of inputs of a layer is an int, not float"),
        (
            lambda: Neuron(1, "rely"),
            ValueError,
            "no activation is called 'rely': choose one of identity, relu, softplus, elu, gelu, silu, tanh, sigmoid",
        ),
        (lambda: Neuron(1, False), TypeError, "an activation is a name or a function, not bool"),
        (lambda: Neuron(1, seed="x"), TypeError, "a seed is an int or a random.Random, not str"),
        (lambda: Neuron(1, seed=None), TypeError, "a seed is an int or a random.Random, not NoneType"),
    ],
)
def test_errors_read_well(use, error, message):
    with pytest.raises(error) as caught:
        use()
    assert str(caught.value) == message


def test_a_layer_deep_inside_names_itself():
    model = MLP(2, [3, 4, 1])
    model.layers[1].neurons.pop()
    with pytest.raises(ValueError, match=r"layer 2, Layer\(4, 1, 'identity'\), takes 4 inputs, but 3 were given"):
        model([1.0, 2.0])
