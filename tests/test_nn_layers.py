"""Neurons and networks: what they record, what they compute, how they start, and what they refuse."""

from __future__ import annotations

import copy
import itertools
import math
import random

import numpy
import pytest

import autograd
from autograd import Tape, Value, gradcheck, jvp, softmax
from nn import ACTIVATIONS, MLP, Layer, Module, Neuron
from nn.activations import ActivationRow
from nn.initializers import glorot_normal, zeros
from nn.layers import Perceptron
from nn.module import evaluating, plain
from nn.stages import Activation, BatchNorm, Dropout, Sequential, undrawn


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
    neuron.weights, neuron.bias = [0.5, -0.25], 0.125
    out = neuron([1.0, 2.0])
    out.backward()
    slope = 1.0 - math.tanh(0.125) ** 2
    assert out.data == pytest.approx(math.tanh(0.125), rel=1e-15)
    grads = [p.grad for p in neuron.parameters()]
    assert grads == pytest.approx([1.0 * slope, 2.0 * slope, slope], rel=1e-14)


@pytest.mark.parametrize("activation", sorted(set(ACTIVATIONS) - {"softmax", "winner_take_all"}))  # tested below
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
    model = MLP(2, [3, 1], seed=1)
    expected = model([1.0, 2.0]).data
    for sample in ((1, 2), numpy.array([1.0, 2.0]), numpy.array([1, 2]), [Value(1.0), 2]):
        assert model(sample).data == expected


def test_the_last_layer_can_have_an_activation():
    assert [repr(MLP(1, [1], last=name)) for name in ("elu", "sigmoid", "identity")] == [
        "MLP(1, [1], 'relu', last='elu')",
        "MLP(1, [1], 'relu', last='sigmoid')",
        "MLP(1, [1], 'relu')",
    ]
    model = MLP(1, [1], last="sigmoid")
    assert 0.0 < model([100.0]).data <= 1.0
    assert primitives_of(model([1.0]))[0] == "sigmoid"


def test_an_activation_can_be_a_function_of_ones_own():
    neuron = Neuron(1, lambda z: z * z)
    neuron.weights[0].data = 3.0
    assert neuron([2.0]).data == 36.0


class Slope(Module):
    """An activation with a parameter."""

    def __init__(self):
        self.slope = Value(0.1)

    def __call__(self, z):
        return autograd.where(z > 0, z, self.slope * z)


def test_an_activation_with_parameters_is_found():
    neuron = Neuron(1, Slope())
    assert len(neuron.parameters()) == 3


# -- how it starts ---------------------------------------------------------------------------------------------------


def numbers(model):
    return [p.data for p in model.parameters()]


def test_the_same_seed_gives_the_same_network_bit_by_bit():
    assert numbers(MLP(2, [16, 16, 1], seed=7)) == numbers(MLP(2, [16, 16, 1], seed=7))
    assert numbers(MLP(2, [4, 1], seed=7)) == numbers(MLP(2, [4, 1], seed=random.Random(7)))
    assert numbers(MLP(2, [4, 1], seed=7)) != numbers(MLP(2, [4, 1], seed=8))


@pytest.mark.parametrize(
    "make",
    [
        lambda **seed: Neuron(3, **seed),
        lambda **seed: Layer(3, 2, **seed),
        lambda **seed: Perceptron(3, **seed),
        lambda **seed: MLP(3, [2], **seed),
    ],
)
def test_without_a_seed_weights_start_from_the_seed_0(make):
    assert numbers(make()) == numbers(make(seed=0)) != numbers(make(seed=1))


def test_the_global_generator_is_neither_used_nor_moved():
    random.seed(1)
    state = random.getstate()
    first = numbers(MLP(2, [4, 1]))
    assert random.getstate() == state
    random.seed(2)
    assert numbers(MLP(2, [4, 1])) == first


def test_a_layer_and_a_neuron_are_one_line_of_a_summary_whatever_their_activation_is_made_of():
    for module in (Layer(2, 3), Neuron(2), Layer(2, 3, Slope()), Neuron(2, Slope())):
        ((_, _, parameters),) = module.named_units()
        assert len(parameters) == len(module.parameters())


def test_neurons_of_a_layer_start_apart():
    layer = Layer(3, 4)
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


def test_an_initializer_by_name():
    assert set(numbers(MLP(2, [3, 1], initializer="zeros"))) == {0.0}
    assert numbers(Layer(2, 3, initializer="glorot_normal")) == numbers(Layer(2, 3, initializer=glorot_normal))
    assert numbers(Neuron(2, initializer="zeros")) == numbers(Neuron(2, initializer=zeros))


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


@pytest.mark.long
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


ON_BATCH = "call on_batch(samples), which a module of your own around it has to define too, or eval() before"


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
        (lambda: Neuron(1, fan_out=0), ValueError, "the fan-out of a neuron is 1 or more, not 0"),
        (
            lambda: Neuron(1, initializer=""),
            ValueError,
            (
                "no initializer is called '': choose one of zeros, uniform, normal, fan_in_uniform, glorot_uniform, "
                "glorot_normal, he_uniform, he_normal"
            ),
        ),
        (lambda: Layer(2.5, 1), TypeError, "the number of inputs of a layer is an int, not 2.5"),
        (
            lambda: Neuron(1, "rely"),
            ValueError,
            "no activation is called 'rely': choose one of " + ", ".join(ACTIVATIONS),
        ),
        (lambda: Neuron(1, False), TypeError, "an activation is a name or a function, not bool"),
        (lambda: Neuron(1, seed="x"), TypeError, "a seed is an int or a random.Random, not str"),
        (lambda: Neuron(1, seed=None), TypeError, "a seed is an int or a random.Random, not NoneType"),
        (
            lambda: Neuron(2, "softmax"),
            ValueError,
            "softmax needs the weighted sums of a whole layer: give it to Layer, not to Neuron",
        ),
        (lambda: Layer(1, 2)({1.0}), TypeError, "Layer(1, 2, 'relu') takes a sequence of 1 number, not set"),
        (lambda: Layer(1, 2)("a"), TypeError, "Layer(1, 2, 'relu') takes a sequence of 1 number, not str"),
        (lambda: Layer(1, 2)({0: 1.0}), TypeError, "Layer(1, 2, 'relu') takes a sequence of 1 number, not dict"),
        (
            lambda: Layer(1, 2)(x for x in [1.0]),
            TypeError,
            "Layer(1, 2, 'relu') takes a sequence of 1 number, not generator",
        ),
        (lambda: MLP(1, [2])(["a"]), TypeError, "expected a real number, not str"),
        (lambda: MLP(1, [2])([[1.0]]), TypeError, "expected a real number, not list"),
        (
            lambda: MLP(2, [3]).on_arrays([1.0, 2.0]),
            ValueError,
            "layer 0, Layer(2, 3, 'identity'), takes an array of shape (n_samples, 2), not (2,)",
        ),
        (
            lambda: MLP(2, [3]).on_arrays([[1.0]]),
            ValueError,
            "layer 0, Layer(2, 3, 'identity'), takes an array of shape (n_samples, 2), not (1, 1)",
        ),
        (
            lambda: MLP(2, [3]).on_arrays([[[1.0], [2.0]]]),
            ValueError,
            "layer 0, Layer(2, 3, 'identity'), takes an array of shape (n_samples, 2), not (1, 2, 1)",
        ),
        (
            lambda: Activation("relu").on_arrays([1.0]),
            ValueError,
            "Activation('relu') takes an array of shape (n_samples, n_inputs), not (1,)",
        ),
        (
            lambda: Activation("rely"),
            ValueError,
            "no activation is called 'rely': choose one of " + ", ".join(ACTIVATIONS),
        ),
        (lambda: Activation("softmax")(1.0), TypeError, "Activation('softmax') takes a sequence of numbers, not float"),
        (lambda: Activation("relu")({1.0, 2.0}), TypeError, "Activation('relu') takes a sequence of numbers, not set"),
        (lambda: Dropout()("ab"), TypeError, "Dropout(0.5) takes a sequence of numbers, not str"),
        (lambda: Dropout(1.0), ValueError, "the dropout rate is 0 or more and below 1, not 1.0"),
        (lambda: Dropout(-0.1), ValueError, "the dropout rate is 0 or more and below 1, not -0.1"),
        (lambda: Dropout(math.nan), ValueError, "the dropout rate is 0 or more and below 1, not nan"),
        (lambda: BatchNorm(0), ValueError, "the number of inputs of a BatchNorm is 1 or more, not 0"),
        *(
            (
                lambda momentum=momentum: BatchNorm(1, momentum=momentum),
                ValueError,
                f"the momentum of the running averages is above 0 and up to 1, not {momentum}",
            )
            for momentum in (0.0, -0.5, 1.5)
        ),
        (lambda: BatchNorm(1, epsilon=0), ValueError, "the epsilon is a finite number above 0, not 0"),
        (lambda: BatchNorm(1, epsilon=math.inf), ValueError, "the epsilon is a finite number above 0, not inf"),
        (
            lambda: BatchNorm(2)([1.0, 2.0]),
            ValueError,
            f"BatchNorm(2) sees a whole batch while training: {ON_BATCH}",
        ),
        (
            lambda: BatchNorm(1).on_batch([[1.0]]),
            ValueError,
            "BatchNorm(1) needs two samples or more to take a variance of, not 1",
        ),
        (
            lambda: BatchNorm(1).on_batch([]),
            ValueError,
            "BatchNorm(1) needs two samples or more to take a variance of, not 0",
        ),
        (
            lambda: BatchNorm(2).on_batch([[1.0, 2.0], [1.0]]),
            ValueError,
            "BatchNorm(2) takes 2 inputs, but 1 was given",
        ),
        (
            lambda: BatchNorm(2).on_arrays([[1.0]]),
            ValueError,
            "BatchNorm(2) takes an array of shape (n_samples, 2), not (1, 1)",
        ),
        (Sequential, ValueError, "a Sequential needs at least one stage, such as Layer(2, 8)"),
        (
            lambda: Sequential([Layer(1, 1)]),
            TypeError,
            "a Sequential takes its stages one by one: Sequential(*stages)",
        ),
        (
            lambda: Sequential([Layer(1, 1)], Layer(1, 1)),
            TypeError,
            "stage 0 has to be a module or a function, not list",
        ),
        (lambda: Sequential(Layer(1, 1), 3), TypeError, "stage 1 has to be a module or a function, not int"),
        (
            lambda: Sequential(Layer(1, 1), "relu"),
            TypeError,
            "stage 1 has to be a module or a function, not str: write Activation('relu')",
        ),
        (
            lambda: Sequential(Layer(1, 1), Dropout),
            TypeError,
            "stage 1 is the class Dropout: make a module of it, Dropout(…)",
        ),
        (
            lambda: Sequential(Layer(2, 3), Dropout(), Activation("relu"), Layer(4, 1)),
            ValueError,
            "stage 3, Layer(4, 1, 'relu'), takes 4 inputs, but 3 reach it",
        ),
        (
            lambda: Sequential(Layer(2, 3), BatchNorm(1)),
            ValueError,
            "stage 1, BatchNorm(1), takes 1 input, but 3 reach it",
        ),
        (
            lambda: Sequential(Layer(2, 3), Layer(3, 1))([1.0]),
            ValueError,
            "layer 0, Layer(2, 3, 'relu'), takes 2 inputs, but 1 was given",
        ),
        (
            lambda: Sequential(Layer(2, 3))(x for x in [1.0, 2.0]),
            TypeError,
            "layer 0, Layer(2, 3, 'relu'), takes a sequence of 2 numbers, not generator",
        ),
        (lambda: Perceptron(2).decide([1.0]), ValueError, "Perceptron(2, 1) takes 2 inputs, but 1 was given"),
        (lambda: Layer(1, 1, initializer=0.5), TypeError, "an initializer is a name or a function, not float"),
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


# -- one meaning: sample by sample, in a batch, and on arrays --------------------------------------------------------


def only_positive(z):
    return z if z > 0.0 else 0.0 * z  # a function of one number, not of an array


def shares(zs):
    total = autograd.sum([abs(z) for z in zs]) + 1.0
    return [z / total for z in zs]


def used(norm, seed=0):
    """A BatchNorm, or what contains one, whose averages have seen a batch."""
    generator = random.Random(seed)
    for parameter in norm.parameters():
        parameter.data = generator.uniform(-2.0, 2.0)
    norm.on_batch([[generator.gauss(1.0, 2.0) for _ in range(norm.n_inputs)] for _ in range(5)])
    return norm


KINDS = {
    "neuron": Neuron(3, "tanh", seed=1),
    "perceptron": Perceptron(3, seed=1),
    "perceptrons": Perceptron(3, 2, seed=1),
    "one output": MLP(3, [4, 1], "gelu", last="sigmoid", seed=1),
    "hidden softmax": MLP(3, [4, 3, 2], "softmax(0.5)", seed=1),
    "last winner": MLP(3, [4, 3], "elu(1.5)", last="winner_take_all", seed=1),
    "own function": MLP(3, [4, 2], only_positive, seed=1),
    "own row": Layer(3, 4, ActivationRow("shares", shares, zeros, vector=True), initializer="normal", seed=1),
    "own module": MLP(3, [4, 2], Slope(), seed=1),
    "primitive": Layer(3, 2, autograd.sin, seed=1),
    "normalized": used(BatchNorm(3)),
    "dropout": Dropout(0.5),
    "activation": Activation("leaky_relu(0.2)"),
    "softmax": Activation("softmax"),
    "own activation": Activation(only_positive),
    "identity": Activation("identity"),
    "sequence": used(
        Sequential(Layer(3, 4), BatchNorm(4), Activation("tanh"), Dropout(0.3), Neuron(4), BatchNorm(1), seed=1)
    ),
    "one output at last": Sequential(Layer(3, 1, seed=1), Activation("tanh")),
    "nested": Sequential(Sequential(Layer(3, 1, seed=1), Dropout()), Sequential(Layer(1, 2, seed=2))),
    "functions": Sequential(lambda xs: xs[1:], Layer(2, 3, seed=1), sum, Layer(1, 2, seed=3), list),
    **{name: Layer(3, 4, name, seed=1) for name in ACTIVATIONS},
}


@pytest.mark.parametrize("model", KINDS.values(), ids=KINDS)
def test_calls_batches_and_arrays_agree(model):
    generator = random.Random(4)
    samples = [[generator.uniform(-2.0, 2.0) for _ in range(3)] for _ in range(6)]
    with evaluating(model):
        each = [plain(model(sample)) for sample in samples]
        assert plain(model.on_batch(samples)) == each
        assert model.on_batch([]) == []
    on_arrays = model.on_arrays(numpy.array(samples))
    assert on_arrays == pytest.approx(numpy.array(each).reshape(6, -1), rel=1e-12, abs=1e-12)
    assert on_arrays.dtype == float
    assert model.on_arrays(samples).tolist() == on_arrays.tolist()
    assert model.on_arrays(numpy.zeros((0, 3))).shape in ((0, on_arrays.shape[1]), (0, 0))


@pytest.mark.parametrize("model", KINDS.values(), ids=KINDS)
def test_arrays_are_evaluated_whatever_the_mode(model):
    samples = numpy.array([[0.5, -1.0, 2.0], [1.0, 0.25, -3.0]])
    expected = model.on_arrays(samples).tolist()
    try:
        assert model.eval().on_arrays(samples).tolist() == expected
    finally:
        model.train()


def test_arrays_with_infinity_and_nan_are_what_samples_are():
    model = Sequential(Layer(2, 2, "tanh", seed=1), BatchNorm(2))
    for sample in ([math.inf, 1.0], [math.nan, 1.0], [math.inf, math.inf]):
        with evaluating(model):
            assert model.on_arrays([sample])[0] == pytest.approx(plain(model(sample)), nan_ok=True)


def test_arrays_record_nothing_also_with_an_activation_of_ones_own():
    with Tape() as tape:
        MLP(1, [2, 1], Slope()).on_arrays([[1.0], [-1.0]])
    assert len(tape) == 0


def test_neurons_of_one_layer_may_have_activations_of_their_own():
    layer = Layer(1, 2, "identity", initializer=lambda *shape: 1.0)
    layer.neurons[1].activation = ACTIVATIONS["relu"]
    assert plain(layer([-2.0])) == [-2.0, 0.0]
    assert layer.on_arrays([[-2.0]]).tolist() == [[-2.0, 0.0]]


# -- activations of a whole layer, and as stages ---------------------------------------------------------------------


def test_a_layer_of_softmax_by_hand():
    layer = Layer(1, 2, "softmax")
    for neuron, weight in zip(layer.neurons, (0.0, math.log(3.0))):
        neuron.weights[0].data = weight
    assert plain(layer([1.0])) == pytest.approx([0.25, 0.75], rel=1e-15)
    layer([1.0])[1].backward()
    assert [p.grad for p in layer.parameters()] == pytest.approx([-0.1875, -0.1875, 0.1875, 0.1875], rel=1e-14)


@pytest.mark.parametrize("activation", ["softmax", "softmax(0.5)"])
def test_gradients_through_a_hidden_softmax(activation):
    model = MLP(2, [3, 1], activation, seed=6)

    def score(rows, inputs):
        for neuron, row in zip(model.layers[0].neurons, rows):
            neuron.row = tuple(row)
        return model(inputs)

    rows = [[p.data for p in neuron.row] for neuron in model.layers[0].neurons]
    assert gradcheck(score, (rows, [0.5, -1.5]))


def test_winner_takes_all_and_leaves_no_slope():
    model = MLP(2, [3, 3], last="winner_take_all", seed=1)
    outputs = model([1.0, -0.5])
    assert sorted(plain(outputs)) == [0.0, 0.0, 1.0]
    sum(outputs).backward()
    assert not any(p.grad for p in model.parameters())


def test_a_softmax_of_one_neuron_is_certain():
    assert plain(MLP(1, [1], last="softmax")([3.0])) == 1.0


def test_an_activation_takes_a_number_or_several():
    relu = Activation("relu")
    assert (relu(-1.0), relu([-1.0, 2.0]), relu((3.0,))) == (0.0, [0.0, 2.0], [3.0])
    assert relu(numpy.array([-1.0, 2.0])) == [0.0, 2.0]
    assert Activation("identity")([1.0, 2.0]) == [1.0, 2.0]
    assert Activation("softmax")([0.0, 0.0]) == [0.5, 0.5]
    assert relu(Value(2.0)).data == 2.0
    assert repr(Activation("softmax(2)")) == "Activation('softmax(2.0)')"


def test_a_layer_and_an_activation_are_a_layer_with_it():
    apart = Sequential(Layer(2, 3, "identity", seed=1), Activation("tanh"))
    together = Layer(2, 3, "tanh", initializer="fan_in_uniform", seed=1)
    assert plain(apart([0.5, -2.0])) == plain(together([0.5, -2.0]))


# -- perceptrons -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "decisions"),
    [((1.0, 1.0, -1.5), [0.0, 0.0, 0.0, 1.0]), ((1.0, 1.0, -0.5), [0.0, 1.0, 1.0, 1.0]), ((0.0, 0.0, 0.0), [0.0] * 4)],
    ids=["AND", "OR", "a score of 0 is a no"],
)
def test_a_perceptron_decides(weights, decisions):
    gate = Perceptron(2)
    for parameter, number in zip(gate.parameters(), weights):
        parameter.data = number
    assert [gate.decide([a, b]) for a in (0, 1) for b in (0, 1)] == decisions
    assert gate([1, 0]).data == weights[0] + weights[2]  # the score, which can be trained


def test_of_several_perceptrons_the_highest_score_wins_and_of_equal_ones_the_first():
    group = Perceptron(1, 3, seed=1)
    for neuron, weight in zip(group.neurons, (0.5, 2.0, 2.0)):
        neuron.weights[0].data = weight
    assert group.decide([1.0]) == [0.0, 1.0, 0.0]
    assert group.decide([-1.0]) == [1.0, 0.0, 0.0]
    assert repr(group) == "Perceptron(1, 3)"


def test_decisions_are_floats_of_any_inputs_and_record_nothing():
    group = Perceptron(1, 2)
    with Tape() as tape:
        decisions = [group.decide(inputs) for inputs in ([Value(1.0)], numpy.array([1]), (1.0,))]
    assert decisions == [group.decide([1.0])] * 3
    assert {type(each) for decision in decisions for each in decision} == {float}
    assert len(tape) == 0
    assert math.isnan(Perceptron(1).decide([math.nan]))


# -- dropout ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.9])
def test_dropout_leaves_out_its_share_and_keeps_the_expectation(rate):
    n = 20_000
    outputs = Dropout(rate, seed=1)([1.0] * n)
    deviation = math.sqrt(rate * (1.0 - rate) / n)  # of the share; the bounds are four of it
    assert set(outputs) == ({0.0, 1.0 / (1.0 - rate)} if rate else {1.0})
    assert abs(outputs.count(0.0) / n - rate) <= 4.0 * deviation
    assert abs(sum(outputs) / n - 1.0) <= 4.0 * deviation / (1.0 - rate)


def test_dropout_draws_anew_each_time_and_the_same_with_the_same_seed():
    def masks(dropout):
        return [dropout([1.0] * 20) for _ in range(3)]

    first = masks(Dropout(0.5, seed=3))
    assert first[0] != first[1] != first[2]
    assert masks(Dropout(0.5, seed=3)) == masks(Dropout(0.5, seed=random.Random(3))) == first
    assert masks(Dropout(0.5, seed=4)) != first
    assert masks(Dropout(0.5)) == masks(Dropout(0.5, seed=0))


def test_dropout_of_rate_0_keeps_every_number_whatever_is_drawn():
    class Lowest(random.Random):
        def random(self):
            return 0.0

    assert Dropout(0.0, seed=Lowest())([1.0, 2.0]) == [1.0, 2.0]


def test_dropout_in_evaluation_changes_and_draws_nothing():
    dropout = Dropout(0.5).eval()
    state = dropout.generator().getstate()
    inputs = [Value(1.0), 2.0]
    assert dropout(inputs) is inputs
    assert dropout(3.0) == 3.0
    assert dropout.generator().getstate() == state


def test_dropout_of_a_number_and_of_an_array():
    dropout = Dropout(0.5, seed=1)
    numbers = [dropout(1.0) for _ in range(50)]
    assert set(numbers) == set(dropout(numpy.ones(50))) == {0.0, 2.0}
    assert numbers == Dropout(0.5, seed=1)([1.0] * 50)


@pytest.mark.parametrize(("rate", "output"), [(0.0, 3.0), (0.25, 4.0), (0.75, 12.0)])
def test_dropout_leaves_out_nothing_while_a_program_is_recorded(rate, output):
    with undrawn():
        assert [each.data for each in Dropout(rate)([3.0] * 9)] == [output] * 9


def test_gradients_reach_what_dropout_kept():
    inputs = [Value(float(k + 1)) for k in range(20)]
    outputs = Dropout(0.5, seed=2)(inputs)
    sum(outputs).backward()
    assert [each.grad for each in inputs] == [output.data / each.data for output, each in zip(outputs, inputs)]
    assert {each.grad for each in inputs} == {0.0, 2.0}


# -- batch normalization ---------------------------------------------------------------------------------------------

SCALE, SHIFT = [2.0, -0.5], [0.25, 1.0]
BATCH = [[1.0, -2.0], [3.0, 0.5], [-0.5, 4.0]]
SECOND_BATCH = [[0.0, 1.0], [2.0, 1.5], [4.0, -3.0], [1.0, 7.0]]


def normalization(scale=SCALE, shift=SHIFT):
    norm = BatchNorm(2)
    for parameter, number in zip([*norm.scale, *norm.shift], [*scale, *shift]):
        parameter.data = number
    return norm


def test_a_batch_normalization_by_hand():
    norm = BatchNorm(1, epsilon=3.0)  # mean 2, variance 1, and 1 + 3 has the root 2
    outputs = norm.on_batch([[1.0], [3.0]])
    assert plain(outputs) == [-0.5, 0.5]
    assert (norm.running_mean, norm.running_variance) == ([0.2], pytest.approx([0.9 * 1.0 + 0.1 * 2.0], rel=1e-15))
    assert norm.buffers() == [("running_mean", norm.running_mean), ("running_variance", norm.running_variance)]


def test_each_feature_has_mean_0_and_variance_1_over_the_batch():
    generator = random.Random(0)
    batch = [[generator.gauss(5.0, 3.0), generator.gauss(-100.0, 0.5)] for _ in range(50)]
    for column in zip(*plain(BatchNorm(2).on_batch(batch))):
        assert math.fsum(column) / 50 == pytest.approx(0.0, abs=1e-12)
        assert math.fsum(y * y for y in column) / 50 == pytest.approx(1.0, abs=1e-4)  # epsilon takes 1e-5 / 0.25


def test_batch_normalization_is_that_of_pytorch():
    # torch.nn.BatchNorm1d(2) of PyTorch 2.13.0 in float64, with SCALE and SHIFT; the loss is the sum of its outputs
    # times the coefficients
    norm = normalization()
    inputs = [[Value(x) for x in row] for row in BATCH]
    outputs = norm.on_batch(inputs)
    coefficients = [[1.0, 2.0], [-1.0, 0.5], [3.0, -2.0]]
    sum(c * y for cs, ys in zip(coefficients, outputs) for c, y in zip(cs, ys)).backward()
    near = {"rel": 1e-12, "abs": 1e-13}
    assert numpy.array(plain(outputs)) == pytest.approx(
        numpy.array(
            [
                [0.017505288039351363, 1.5756921669148471],
                [2.8074418315671346, 1.0677284902252762],
                [-2.074947119606486, 0.3565793428598769],
            ]
        ),
        **near,
    )
    assert numpy.array([[x.grad for x in row] for row in inputs]) == pytest.approx(
        numpy.array(
            [
                [-0.2639116323852274, 0.013047971512758038],
                [0.11309141270971731, -0.02236911754859652],
                [0.15082021967550996, 0.009321146035838515],
            ]
        ),
        **near,
    )
    assert [p.grad for p in norm.scale] == pytest.approx([-4.8823889511736205, -4.944179786445158], **near)
    assert [p.grad for p in norm.shift] == pytest.approx([3.0, 0.5], **near)
    assert norm.running_mean == pytest.approx([0.11666666666666668, 0.08333333333333334], **near)
    assert norm.running_variance == pytest.approx([1.2083333333333335, 1.8083333333333331], **near)
    norm.on_batch(SECOND_BATCH)
    assert norm.running_mean == pytest.approx([0.28, 0.23750000000000002], **near)
    assert norm.running_variance == pytest.approx([1.3791666666666669, 3.317083333333333], **near)
    norm.eval()
    assert plain(norm([1.0, -1.0])) == pytest.approx([1.4761752381948465, 1.3397319299014976], **near)
    assert plain(norm([0.5, 2.0])) == pytest.approx([0.6246646561150919, 0.5161393725645337], **near)


def test_gradients_of_batch_normalization():
    def outputs(scale, shift, batch):
        norm = BatchNorm(2)
        norm.scale, norm.shift = scale, shift
        return norm.on_batch(batch)

    assert gradcheck(outputs, (SCALE, SHIFT, BATCH))


def test_gradients_of_batch_normalization_in_evaluation():
    norm = normalization()
    norm.on_batch(BATCH)
    norm.eval()

    def outputs(scale, shift, inputs):
        norm.scale, norm.shift = scale, shift
        return norm(inputs)

    assert gradcheck(outputs, (SCALE, SHIFT, [0.5, -2.0]))


def test_running_averages_are_plain_floats_and_stay_in_evaluation():
    norm = normalization()
    norm.on_batch([[Value(x) for x in row] for row in BATCH])
    averages = [*norm.running_mean, *norm.running_variance]
    assert {type(each) for each in averages} == {float}
    norm.eval().on_batch(SECOND_BATCH)
    norm([1.0, 2.0])
    norm.on_arrays(SECOND_BATCH)
    assert [*norm.running_mean, *norm.running_variance] == averages


def test_a_momentum_of_1_keeps_the_newest_batch_alone():
    norm = BatchNorm(1, momentum=1.0)
    for batch in ([[1.0], [5.0]], [[2.0], [4.0]]):
        norm.on_batch(batch)
    assert (norm.running_mean, norm.running_variance) == ([3.0], [2.0])


def test_a_feature_that_does_not_vary_becomes_its_shift():
    norm = normalization()
    inputs = [[Value(7.0), Value(float(k))] for k in range(3)]
    outputs = norm.on_batch(inputs)
    assert [row[0].data for row in outputs] == [0.25] * 3
    outputs[0][0].backward()
    assert all(math.isfinite(p.grad) for p in norm.parameters())


def test_one_feature_gives_numbers_and_several_give_lists():
    norm = BatchNorm(1)
    assert [type(y) for y in norm.on_batch([[1.0], [2.0]])] == [Value, Value]
    assert isinstance(norm.eval()([1.0]), Value)
    assert [type(y) for y in norm.on_batch([[1.0]])] == [Value]
    assert [type(y) for y in BatchNorm(2).on_batch(BATCH)] == [list] * 3


def test_drawing_anew_forgets_what_a_batch_normalization_has_seen():
    norm = normalization()
    norm.on_batch(BATCH)
    kept = norm.running_mean
    norm.initialize(3)
    assert numbers(norm) == [1.0, 1.0, 0.0, 0.0]
    assert (norm.running_mean, norm.running_variance) == ([0.0, 0.0], [1.0, 1.0])
    assert norm.running_mean is kept  # a list to be changed in place


def test_only_what_contains_a_batch_normalization_couples_samples():
    def couples(model):
        return any(module.couples_samples for _, module in model.named_modules())

    assert couples(Sequential(Sequential(Layer(1, 1), BatchNorm(1))))
    assert not couples(Sequential(Layer(1, 1), Dropout()))


# -- sequences -------------------------------------------------------------------------------------------------------


def test_a_sequence_of_layers_is_an_mlp():
    mlp = MLP(2, [4, 1], "tanh", seed=5)
    sequence = Sequential(Layer(2, 4, "tanh"), Layer(4, 1, "identity"), seed=5)
    assert numbers(sequence) == numbers(mlp)
    assert sequence([0.5, -1.0]).data == mlp([0.5, -1.0]).data


@pytest.mark.parametrize(
    ("name", "called"),
    [("hidden", "hidden, Layer(2, 1, 'relu'),"), ("", "Layer(2, 1, 'relu')"), (7, "Layer(2, 1, 'relu')")],
)
def test_an_error_names_the_layer_where_its_name_is_a_text(name, called):
    layer = Layer(2, 1)
    layer.name = name
    with pytest.raises(ValueError, match=r".") as caught:
        layer([1.0])
    assert str(caught.value) == f"{called} takes 2 inputs, but 1 was given"


@pytest.mark.parametrize(("outputs", "expected"), [([], []), ([2.0], 2.0), ((2.0,), 2.0), ([2.0, 3.0], [2.0, 3.0])])
def test_a_list_of_one_output_is_that_output(outputs, expected):
    assert Sequential(lambda xs: outputs)([1.0]) == expected


def test_without_a_seed_a_sequence_keeps_the_weights_of_its_layers():
    layers = Layer(2, 2), Layer(2, 2)
    expected = numbers(layers[0])
    with pytest.warns(UserWarning, match="stages 0 and 1 start from the same random numbers: give the Sequ") as told:
        assert numbers(Sequential(*layers)) == expected * 2
    assert told[0].filename == __file__
    drawn = numbers(Sequential(*layers, seed=0))
    assert drawn[:6] != drawn[6:]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sequential(Dropout(0.5), Layer(1, 1), Dropout(0.25)),
        lambda: Sequential(Layer(2, 2, "tanh"), Dropout(0.5), Layer(2, 2, "tanh")),
        lambda: Sequential(Layer(2, 1), lambda y: [y[0], 1.0], Layer(2, 1)),
    ],
)
def test_stages_of_one_seed_are_warned_of(make):
    with pytest.warns(UserWarning, match="stages 0 and 2 start from the same random numbers"):
        make()


def test_stages_that_only_look_alike_are_not_warned_of():
    layer = Layer(2, 2)
    Sequential(layer, layer)
    Sequential(Layer(2, 2, initializer="zeros"), Layer(2, 2, initializer="zeros"), Layer(2, 1), Layer(1, 1))
    Sequential(Dropout(0.0), Dropout(0.0), Dropout(0.5, seed=1), Dropout(0.5, seed=2))


def test_a_seed_draws_the_masks_too():
    def masks(seed):
        model = Sequential(Dropout(0.5), Dropout(0.5), seed=seed)
        return [stage([1.0] * 30) for stage in model.stages]

    assert masks(1) == masks(1)
    assert masks(1) != masks(2)
    assert masks(1)[0] != masks(1)[1]


def test_masks_do_not_draw_from_the_generator_that_was_given():
    generator = random.Random(1)
    model = Sequential(Dropout(0.5), seed=generator)
    state = generator.getstate()
    model([1.0, 2.0])
    assert generator.getstate() == state


def test_every_stage_sees_the_whole_batch():
    seen = []

    class Watching(Module):
        def on_batch(self, samples):
            seen.append(len(samples))
            return samples

    Sequential(Layer(1, 1), Sequential(Watching())).on_batch([[1.0], [2.0], [3.0]])
    assert seen == [3]


def test_stages_of_one_output_feed_the_next():
    model = Sequential(Neuron(2), Neuron(1), Layer(1, 1), BatchNorm(1), Dropout(0.0), Activation("tanh"), Layer(1, 2))
    assert len(model.eval()([1.0, 2.0])) == 2
    assert [len(row) for row in model.train().on_batch([[1.0, 2.0], [3.0, 4.0]])] == [2, 2]


def test_stages_may_be_functions():
    model = Sequential(lambda xs: [x * 2.0 for x in xs], tuple, sum)
    assert model([1.0, 2.0]) == 6.0
    assert model.on_batch([[1.0, 2.0], [3.0, 4.0]]) == [6.0, 14.0]
    assert repr(model) == "Sequential(<lambda>, tuple, sum)"
    assert Sequential(dict)([(1.0, 2.0)]) == {1.0: 2.0}  # what is no list is given on as it is


def test_a_sequence_states_sizes_that_it_knows():
    def sizes(*stages):
        model = Sequential(*stages)
        return model.n_inputs, model.n_outputs

    assert sizes(Dropout(), Layer(2, 3), Activation("relu")) == (2, 3)
    assert sizes(Layer(2, 8), BatchNorm(8), Neuron(8)) == (2, 1)
    assert sizes(Sequential(Layer(2, 8)), Dropout()) == (2, 8)
    assert sizes(list, Layer(2, 3)) == (None, 3)
    assert sizes(Layer(2, 3), list) == (2, None)
    assert sizes(Dropout(), Activation("relu")) == (None, None)


def test_functions_between_layers_may_change_the_size_also_in_nested_sequences():
    assert len(Sequential(Sequential(Layer(2, 3), sum), Layer(1, 4))([1.0, 2.0])) == 4
    assert len(Sequential(Layer(2, 3), Sequential(lambda xs: xs[:2], Layer(2, 4)))([1.0, 2.0])) == 4


def test_layers_are_named_by_their_place_unless_they_have_a_name():
    model = Sequential(Dropout(), Layer(1, 1, name="first"), Layer(1, 1))
    assert [stage.name for stage in model.stages[1:]] == ["first", "layer 2"]
    with Tape() as tape:
        model([1.0])
    assert {("first",), ("layer 2",)} <= {tape.scope_at(i) for i in range(len(tape))}


def test_a_layer_may_be_used_twice():
    layer = Layer(2, 2, "identity", initializer=lambda *shape: 1.0)
    model = Sequential(layer, layer)
    assert plain(model([1.0, 2.0])) == [6.0, 6.0]
    assert len(model.parameters()) == 6
    model([1.0, 2.0])[0].backward()
    assert layer.neurons[0].bias.grad == 2.0  # as its own, and as an input of the second use


def test_a_regularized_network_learns_and_its_reprs_read_well():
    model = Sequential(Layer(1, 8, "tanh"), BatchNorm(8), Dropout(0.1), Layer(8, 1, "identity"), seed=1)
    assert repr(model) == "Sequential(Layer(1, 8, 'tanh'), BatchNorm(8), Dropout(0.1), Layer(8, 1, 'identity'))"
    inputs = [[k / 4.0] for k in range(-4, 5)]

    def loss(outputs):
        return sum((y - x * x) ** 2 for y, (x,) in zip(outputs, inputs)) / len(inputs)

    first = loss(model.on_batch(inputs)).data
    for _ in range(60):
        model.zero_grad()
        loss(model.on_batch(inputs)).backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
    assert loss(model.eval().on_batch(inputs)).data < 0.2 * first


def test_an_mlp_reads_well_and_knows_its_sizes():
    model = MLP(3, [4, 2], "leaky_relu(0.20)", last="softmax")
    assert repr(model) == "MLP(3, [4, 2], 'leaky_relu(0.2)', last='softmax')"
    assert (model.n_inputs, model.n_outputs, model.widths) == (3, 2, [4, 2])
    assert MLP(3, [5, 4, 2]).n_outputs == 2
    assert plain(model([1.0, 2.0, 3.0])) == softmax(plain(by_layers(model, [1.0, 2.0, 3.0])))


def by_layers(model, sample):
    """The weighted sums of the last layer."""
    hidden = model.layers[0](sample)
    return [neuron([*hidden]) for neuron in model.layers[1].neurons]


def test_weights_can_be_set_by_hand():
    neuron = Neuron(2, "identity")
    held = neuron.weights
    neuron.weights, neuron.bias = [1.0, -2], 0.5
    assert neuron.weights is not None
    assert all(now is before for now, before in zip(neuron.weights, held)), "the same leaves, with other numbers"
    assert neuron([3.0, 1.0]).data == 1.5
    neuron.w, neuron.b = (4.0, 5.0), 6.0
    assert [parameter.data for parameter in neuron.row] == [4.0, 5.0, 6.0]
    with pytest.raises(ValueError, match="2 inputs has as many weights, not 3"):
        neuron.weights = [1.0, 2.0, 3.0]
    with pytest.raises(TypeError, match="the weight of a neuron is a number"):
        neuron.weights = [1.0, "2"]
    assert [parameter.data for parameter in neuron.row] == [4.0, 5.0, 6.0]


def test_a_neuron_of_its_own_is_drawn_as_one_that_has_one_output():
    for name in ("tanh", "sigmoid", "relu"):
        drawn, said = (Neuron(3, name, seed=4, **more) for more in ({}, {"fan_out": 1}))
        assert [each.data for each in drawn.row] == [each.data for each in said.row]
    assert [each.data for each in Neuron(3, "tanh", seed=4).row] != [
        each.data for each in Neuron(3, "tanh", seed=4, fan_out=2).row
    ]


@pytest.mark.parametrize("numbers", [[], [1.0], [1.0, 2.0, 3.0]])
def test_as_many_weights_as_inputs_are_assigned(numbers):
    neuron = Neuron(2)
    before = [each.data for each in neuron.row]
    with pytest.raises(ValueError, match=f"a neuron of 2 inputs has as many weights, not {len(numbers)}"):
        neuron.weights = numbers
    assert [each.data for each in neuron.row] == before


def test_a_neuron_that_is_taken_out_or_exchanged_is_no_longer_computed():
    layer = Layer(2, 3, "identity")
    assert len(layer([1.0, 2.0])) == 3
    rows = layer._matrix()
    assert layer._matrix() is rows
    last = layer.neurons.pop()
    assert len(layer([1.0, 2.0])) == 2
    layer.neurons[0] = last
    assert layer([1.0, 2.0])[0].data == last([1.0, 2.0]).data
    shares = Layer(2, 3, "softmax")
    assert len(shares([1.0, 2.0])) == 3
    shares.neurons.pop()
    assert len(shares([1.0, 2.0])) == 2
