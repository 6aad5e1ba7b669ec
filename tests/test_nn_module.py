"""Modules: what they find inside themselves, their modes, freezing, drawing anew, summaries and copies."""

from __future__ import annotations

import copy
import gc
import pickle
import random
import threading
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy
import pytest

from autograd import Tape, Value, no_grad, where
from nn.columns import aligned
from nn.layers import MLP, Layer, Neuron, Perceptron
from nn.module import Module, any_frozen, evaluating, in_detail, is_frozen, plain
from nn.optimizers import SGD, Adam
from nn.stages import Activation, BatchNorm, Dropout, Sequential


class Slope(Module):
    """An activation with a parameter."""

    def __init__(self):
        self.slope = Value(0.1)

    def __call__(self, z):
        return where(z > 0, z, self.slope * z)


class Pair(NamedTuple):
    left: Any
    right: Any


class Net(Module):
    """Parameters in all places where they are looked for, and in some where they are not."""

    def __init__(self):
        self.alone = Value(1.0)
        self.several = [Value(2.0), (Value(3.0), Value(4.0))]
        self.named = {"a": Value(5.0), 7: [Value(6.0)]}
        self.ordered = OrderedDict(x=Layer(1, 1))
        self.pair = Pair(Value(7.0), Neuron(1))
        self.computed = self.alone * 2.0
        self.constant = 3.0
        self.words = "weights"
        self._hidden = Value(8.0)

    def __call__(self, inputs):
        return self.alone * inputs[0]


def names(module):
    return [name for name, _ in module.named_parameters()]


def numbers(module):
    return [parameter.data for parameter in module.parameters()]


def frozen(module):
    return [is_frozen(parameter) for parameter in module.parameters()]


@pytest.fixture(autouse=True)
def nothing_is_frozen(monkeypatch):
    """Of other tests: their models may live on as long as the last tape that was recorded."""
    monkeypatch.setattr("nn.module._FROZEN", {})


# -- what is found ---------------------------------------------------------------------------------------------------


def test_parameters_are_found_in_lists_tuples_dicts_and_modules_in_order():
    assert names(Net()) == [
        "alone",
        "several.0",
        "several.1.0",
        "several.1.1",
        "named.a",
        "named.7.0",
        "ordered.x.neurons.0.weights.0",
        "ordered.x.neurons.0.bias",
        "pair.left",
        "pair.right.weights.0",
        "pair.right.bias",
    ]


def test_modules_are_found_with_their_names_and_the_module_itself_first():
    net = Net()
    assert [name for name, _ in net.named_modules()] == ["", "ordered.x", "ordered.x.neurons.0", "pair.right"]
    assert next(iter(net.named_modules()))[1] is net


def test_a_module_that_contains_itself_is_walked_once():
    net = Net()
    net.ordered["y"] = net
    net.me = [net]
    assert len(net.parameters()) == 11
    assert net.train().training
    assert net.summary().count("Net(") == 1


def test_equal_parameters_are_told_apart_and_shared_ones_are_listed_once():
    net = Module()
    net.first, net.second = Value(1.0), Value(1.0)
    net.again = [net.first, net.second]
    assert names(net) == ["first", "second"]


def test_a_module_without_parts():
    empty = Module()
    assert (empty.parameters(), empty.buffers(), empty.generator()) == ([], [], None)
    assert repr(empty) == "Module(0 parameters)"
    assert empty.zero_grad() is None
    assert empty.freeze().unfreeze().initialize().train().eval() is empty


def test_repr_counts_parameters():
    assert repr(Net()) == "Net(11 parameters)"
    assert repr(Slope()) == "Slope(1 parameter)"


def test_a_module_that_does_not_say_what_it_computes():
    class Forgetful(Module):
        pass

    with pytest.raises(NotImplementedError) as caught:
        Forgetful()([1.0])
    assert str(caught.value) == "Forgetful does not say what it computes: define __call__"


def test_zero_grad_reaches_every_parameter():
    net = Net()
    for parameter in net.parameters():
        parameter.grad = 3.0
    net.zero_grad()
    assert {parameter.grad for parameter in net.parameters()} == {0.0}


# -- several samples -------------------------------------------------------------------------------------------------


def test_a_batch_is_one_call_per_sample():
    net = Net()
    assert [output.data for output in net.on_batch([[2.0], [3.0]])] == [2.0, 3.0]
    assert net.on_batch([]) == []


def test_samples_are_independent_unless_a_module_says_otherwise():
    assert not Net().couples_samples
    assert BatchNorm(1).couples_samples


def test_neurons_are_recorded_one_by_one_in_detail_only():
    def scopes():
        tape = Tape.of(*Layer(1, 2, "tanh")([0.5]))
        return {line.scope for line in tape.lines() if line.kind == "node"}

    assert scopes() == {("layer",)}
    with in_detail():
        assert scopes() == {("layer", "neuron 0"), ("layer", "neuron 1")}
    assert scopes() == {("layer",)}


def test_arrays_are_one_call_per_sample_unless_a_module_knows_better():
    net = Net()
    outputs = net.on_arrays(numpy.array([[2.0], [3.0]]))
    assert outputs.tolist() == [[2.0], [3.0]]
    assert outputs.dtype == float
    assert net.on_arrays([[2], [3]]).tolist() == [[2.0], [3.0]]  # lists are arrays soon


@pytest.mark.parametrize(("model", "width"), [(Neuron(2), 1), (Sequential(Layer(2, 3), tuple), 0), (Net(), 0)])
def test_an_array_without_samples_gives_one_without_outputs(model, width):
    assert model.on_arrays(numpy.zeros((0, 2))).shape == (0, width)


def test_a_sample_of_an_array_is_a_list_of_floats_for_a_module_in_evaluation():
    seen = []

    class Watching(Module):
        def __call__(self, inputs):
            seen.append((inputs, type(inputs[0]), self.training))
            return inputs

    assert Watching().on_arrays(numpy.array([[1.0, 2.0]])).tolist() == [[1.0, 2.0]]
    assert seen == [([1.0, 2.0], float, False)]


def test_arrays_record_nothing():
    with Tape() as tape:
        Neuron(2).on_arrays(numpy.ones((3, 2)))
    assert len(tape) == 0


# -- modes -----------------------------------------------------------------------------------------------------------


def test_modules_begin_in_training_and_change_with_all_inside():
    net = Net()
    assert all(module.training for _, module in net.named_modules())
    assert net.eval() is net
    assert not any(module.training for _, module in net.named_modules())
    assert net.ordered["x"].train() is net.ordered["x"]
    assert [module.training for _, module in net.named_modules()] == [False, True, True, False]
    assert net.train().training is True
    assert net.train(0).training is False


def test_the_mode_is_no_part():
    net = Slope().eval()
    assert [name for name, _ in net.parts()] == ["slope"]


def test_evaluating_leaves_every_mode_as_it_was():
    model = Sequential(Dropout(0.5), Layer(1, 1), Dropout(0.5), seed=0)
    model.stages[0].eval()
    before = [module.training for _, module in model.named_modules()]
    with evaluating(model):
        assert not any(module.training for _, module in model.named_modules())
        with evaluating(model.stages[2]):
            assert not model.training
        assert not model.stages[2].training
    assert [module.training for _, module in model.named_modules()] == before


def test_evaluating_ends_with_an_error_too():
    model = Dropout(0.5)
    with pytest.raises(KeyError), evaluating(model):
        raise KeyError
    assert model.training


def test_evaluating_other_functions_does_nothing():
    with evaluating(len):
        assert Dropout(0.5).training


def test_evaluating_counts_in_its_own_thread_only():
    model, begun, end = Dropout(0.5), threading.Event(), threading.Event()

    def evaluate():
        with evaluating(model):
            begun.set()
            end.wait(10.0)
            seen.append(model.training)

    seen = []
    other = threading.Thread(target=evaluate)
    other.start()
    begun.wait(10.0)
    assert model.training
    with evaluating(model):
        end.set()
        other.join()
        assert not model.training
    assert seen == [False]
    assert model.training


def test_two_threads_can_use_one_model():
    model = MLP(2, [8, 1], "tanh", seed=1)
    samples = [[k / 10.0, -k / 7.0] for k in range(40)]
    expected = [output.data for output in map(model, samples)]
    found = {}

    def run(key):
        found[key] = [model(sample).data for sample in samples]

    threads = [threading.Thread(target=run, args=(key,)) for key in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"a": expected, "b": expected}


# -- freezing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["freeze", "optimizer"])
@pytest.mark.parametrize("make", [lambda ps: SGD(ps, 0.1, momentum=0.9), lambda ps: Adam(ps, 0.1)])
def test_frozen_parameters_stay_whichever_comes_first(first, make):
    model = MLP(1, [2, 1], "tanh", seed=1)
    if first == "freeze":
        model.layers[0].freeze()
    optimizer = make(model.parameters())
    if first == "optimizer":
        model.layers[0].freeze()
    before = numbers(model)
    model([1.0]).backward()
    assert all(p.grad for p in model.layers[0].parameters())  # gradients are there, and nobody follows them
    optimizer.step()
    assert numbers(model)[:4] == before[:4]
    assert all(now != then for now, then in zip(numbers(model)[4:], before[4:]))


def test_unfrozen_parameters_move_again():
    model = MLP(1, [2, 1], "tanh", seed=1)
    optimizer = SGD(model.parameters(), 0.1)
    assert model.freeze().unfreeze() is model
    assert frozen(model) == [False] * 7
    before = numbers(model)
    model([1.0]).backward()
    optimizer.step()
    assert all(now != then for now, then in zip(numbers(model), before))


def test_a_parameter_frozen_in_one_place_is_frozen_everywhere():
    layer = Layer(1, 1)
    model = Sequential(layer, Layer(1, 1))
    layer.freeze().freeze()
    assert frozen(model) == [True, True, False, False]
    model.unfreeze()
    assert not any_frozen()
    model.unfreeze()  # twice is once


def test_equal_numbers_are_not_frozen_together():
    model = BatchNorm(2)
    model.scale[0].data = model.scale[1].data
    one = Module()
    one.parameter = model.scale[0]
    one.freeze()
    assert frozen(model) == [True, False, False, False]
    one.unfreeze()


def test_what_was_frozen_is_forgotten_with_it():
    layer = Layer(3, 3).freeze()
    assert any_frozen()
    del layer
    gc.collect()
    assert not any_frozen()


def test_drawing_anew_does_not_unfreeze():
    model = Layer(1, 1).freeze()
    assert frozen(model.initialize(1)) == [True, True]


# -- copies and pickles ----------------------------------------------------------------------------------------------

MODELS = {
    "MLP": lambda: MLP(2, [3, 1], "leaky_relu(0.2)", last="sigmoid", seed=1),
    "normalized": lambda: Sequential(Layer(2, 3, "tanh"), BatchNorm(3), Dropout(0.5), Layer(3, 2), seed=2),
    "perceptron": lambda: Perceptron(2, 3, seed=3),
    "activations": lambda: Sequential(Layer(2, 2, "softmax(0.5)"), Activation("elu(1.5)")),
}
COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda model: pickle.loads(pickle.dumps(model))}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copy_is_the_same_and_independent(model, copied):
    model = model()
    model.on_batch([[0.5, 1.0], [2.0, -1.0]])
    twin = copied(model)
    assert repr(twin) == repr(model)
    samples = [[0.25, -3.0], [1.0, 2.0]]
    with no_grad():  # in training: masks go on from the same place
        assert plain(twin.on_batch(samples)) == plain(model.on_batch(samples))
    before = numbers(model), copy.deepcopy([buffer for _, m in model.named_modules() for buffer in m.buffers()])
    twin.initialize(9).eval()
    after = numbers(model), [buffer for _, m in model.named_modules() for buffer in m.buffers()]
    assert after == before
    assert model.training
    assert numbers(twin) != numbers(model)


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copy_keeps_what_is_frozen_and_its_mode(copied):
    model = MODELS["normalized"]().eval()
    model.stages[0].freeze()
    model.stages[1].train()
    twin = copied(model)
    assert frozen(twin) == frozen(model) == [True] * 9 + [False] * 14
    assert [m.training for _, m in twin.named_modules()] == [m.training for _, m in model.named_modules()]
    twin.unfreeze()
    assert sum(frozen(model)) == 9
    assert not hasattr(twin, "_frozen")


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copy_of_what_was_never_frozen_is_not_frozen(copied):
    assert not any(frozen(copied(MODELS["MLP"]())))


def test_a_copy_of_a_module_that_contains_itself_keeps_what_is_frozen():
    net = Net()
    net.ordered["x"].parent = net
    net.ordered["x"].freeze()  # with all that is inside, the parent too
    net.ordered["x"].neurons[0].unfreeze()
    twin = copy.deepcopy(net)
    assert frozen(twin) == frozen(net)
    assert frozen(twin).count(False) == 2
    assert twin.ordered["x"].parent is twin


def test_names_that_are_alike_do_not_mix_up_what_is_frozen():
    net = Module()
    net.dict = {1: Value(1.0), "1": Value(2.0)}  # both are called dict.1
    one = Module()
    one.parameter = net.dict["1"]
    one.freeze()
    assert frozen(copy.deepcopy(net)) == [False, True]


def test_a_shallow_copy_shares_the_parameters():
    model = Layer(1, 1).freeze()
    twin = copy.copy(model)
    assert all(a is b for a, b in zip(twin.parameters(), model.parameters()))
    twin.unfreeze()
    assert frozen(model) == [False, False]


def test_shared_parameters_stay_shared_in_a_copy():
    model = Sequential(Layer(2, 2), Layer(2, 2), seed=0)
    model.stages[1].neurons = model.stages[0].neurons
    assert len(copy.deepcopy(model).parameters()) == 6


# -- drawing anew ----------------------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_weights_bit_by_bit():
    model = Sequential(Layer(2, 3), Layer(3, 3), Layer(3, 3), seed=0)
    first = numbers(model.initialize(7))
    assert numbers(model.initialize(7)) == first
    assert numbers(model.initialize(random.Random(7))) == first
    assert numbers(model.initialize(8)) != first


def test_an_mlp_drawn_anew_is_one_made_with_that_seed():
    assert numbers(MLP(2, [4, 1], "tanh", seed=1).initialize(5)) == numbers(MLP(2, [4, 1], "tanh", seed=5))


def test_drawing_anew_sets_biases_to_zero_and_keeps_the_initializer():
    layer = Layer(2, 3, initializer="zeros")
    for parameter in layer.parameters():
        parameter.data = 9.0
    assert set(numbers(layer.initialize())) == {0.0}


def test_a_seed_of_another_kind_is_refused():
    with pytest.raises(TypeError, match=r"a seed is an int or a random\.Random, not str"):
        Layer(1, 1).initialize("seven")


# -- summaries -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_words", "first", "second"),
    [
        (0, "   a  bb  c", "long   b  1"),
        (1, "a     bb  c", "long   b  1"),
        (2, "a     bb  c", "long  b   1"),
    ],
)
def test_words_stand_on_the_left_of_their_columns_and_numbers_on_the_right(n_words, first, second):
    lines = [("a", "bb", "c"), ("long", "b", "1")]
    assert aligned(lines, n_words) == f"{first}\n{second}"
    assert aligned(lines) == aligned(lines, 1)
    assert aligned([("a", "b"), ("c", "")], 2) == "a  b\nc"


def test_a_summary_of_a_network():
    model = Sequential(Layer(2, 8, "tanh"), BatchNorm(8), Dropout(0.25), Activation("relu"), Layer(8, 1, "identity"))
    model.stages[0].freeze()
    assert model.summary() == (
        "layer     kind                     inputs  outputs      parameters\n"
        "stages.0  Layer(2, 8, 'tanh')           2        8  24 (24 frozen)\n"
        "stages.1  BatchNorm(8)                  8        8              16\n"
        "stages.2  Dropout(0.25)                                          0\n"
        "stages.3  Activation('relu')                                     0\n"
        "stages.4  Layer(8, 1, 'identity')       8        1               9\n"
        "total                                               49 (24 frozen)"
    )


def test_a_summary_of_one_layer_and_of_a_module_of_ones_own():
    assert Neuron(2).summary() == (
        "layer   kind               inputs  outputs  parameters\n"
        "Neuron  Neuron(2, 'relu')       2        1           3\n"
        "total                                                3"
    )
    assert Net().summary() == (
        "layer       kind                 inputs  outputs  parameters\n"
        "Net         Net(11 parameters)                             7\n"
        "ordered.x   Layer(1, 1, 'relu')       1        1           2\n"
        "pair.right  Neuron(1, 'relu')         1        1           2\n"
        "total                                                     11"
    )


def test_the_lines_of_a_summary_add_up_when_parameters_are_shared():
    class Tied(Module):
        def __init__(self):
            self.first, self.second = Layer(2, 2), Layer(2, 2)
            self.second.neurons = self.first.neurons
            self.bias = self.first.neurons[0].bias
            self.favorite = self.first.neurons[1]
            self.again = self.first

    counts = {name: len(parameters) for name, _, parameters in Tied().named_units()}
    assert counts == {"Tied": 1, "first": 5, "second": 0}
    assert sum(counts.values()) == len(Tied().parameters())


def test_an_activation_with_parameters_belongs_to_its_layer():
    counts = [(name, len(parameters)) for name, _, parameters in MLP(1, [2, 1], Slope()).named_units()]
    assert counts == [("layers.0", 5), ("layers.1", 3)]


# -- outputs as floats -----------------------------------------------------------------------------------------------


def test_outputs_as_floats():
    assert plain([Value(1.0), (2, numpy.float64(3.0))]) == [1.0, [2.0, 3.0]]
    assert type(plain(numpy.float32(0.5))) is float
    assert plain(numpy.array([1.0, 2.0])) == [1.0, 2.0]
    assert plain(numpy.array([Value(1.0)], dtype=object)) == [1.0]


@pytest.mark.parametrize(("output", "kind"), [(None, "NoneType"), ("1", "str"), ({1.0}, "set"), ([None], "NoneType")])
def test_what_is_no_output_is_refused(output, kind):
    with pytest.raises(TypeError) as caught:
        plain(output)
    assert str(caught.value) == f"the output of a model is a number or a list of numbers, not {kind}"


def test_weights_are_drawn_from_the_seed_0_unless_another_is_given():
    model = MLP(3, [4, 2], "tanh", seed=7)
    drawn = [each.data for each in model.initialize().parameters()]
    assert drawn == [each.data for each in model.initialize(0).parameters()]
    assert drawn != [each.data for each in model.initialize(1).parameters()]


@pytest.mark.parametrize("name", ["__call__", "outputs"])
def test_a_layer_that_computes_something_of_its_own_does_so_for_batches_and_arrays_too(name):
    class Doubled(Layer):
        pass

    def doubled(self, inputs):
        return [2.0 * each for each in Layer.__call__(self, inputs)]

    changed = type("Changed", (Layer,), {name: doubled})
    kept = type("Kept", (Layer,), {name: doubled, "on_arrays": Layer.on_arrays})
    assert Doubled.on_batch is Layer.on_batch
    assert Doubled.on_arrays is Layer.on_arrays
    assert changed.on_batch is Module.on_batch
    assert changed.on_arrays is Module.on_arrays
    assert kept.on_arrays is Layer.on_arrays
    assert kept.on_batch is Module.on_batch


def test_a_notebook_shows_the_network_and_of_other_modules_the_text():
    class Own(Module):
        def __init__(self):
            self.w = Value(2.0)

        def __call__(self, inputs):
            return self.w * inputs[0]

    model = MLP(2, [1])
    shown = model._repr_mimebundle_()
    assert shown["text/plain"] == repr(model)
    assert "<svg" in shown["image/svg+xml"]
    assert Own()._repr_mimebundle_() == {"text/plain": "Own(1 parameter)"}
