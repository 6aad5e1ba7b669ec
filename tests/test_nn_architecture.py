"""Architectures: a network in plain words is the same network again, and words that lie are refused."""

from __future__ import annotations

import json
import math

import pytest

import nn
from autograd import Value
from nn import MLP, Activation, BatchNorm, Dropout, Layer, Module, Neuron, Perceptron, Sequential, architecture
from nn.architecture import SavedFileError, described, made, n_parameters

LAYER = {"kind": "Layer", "n_inputs": 2, "n_outputs": 3, "activation": "relu"}


def nested(levels, inner):
    for _ in range(levels):
        inner = {"kind": "Sequential", "stages": [inner]}
    return inner


# -- words and networks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (Neuron(3, "elu(1.5)"), {"kind": "Neuron", "n_inputs": 3, "activation": "elu(1.5)"}),
        (Layer(2, 3, "relu"), LAYER),
        (Layer(2, 3, "softmax"), LAYER | {"activation": "softmax"}),
        (Perceptron(2, 3), {"kind": "Perceptron", "n_inputs": 2, "n_outputs": 3}),
        (
            MLP(2, [4, 1], "tanh", last="sigmoid"),
            {"kind": "MLP", "n_inputs": 2, "widths": [4, 1], "activation": "tanh", "last": "sigmoid"},
        ),
        (Activation("identity"), {"kind": "Activation", "activation": "identity"}),
        (Dropout(0.25), {"kind": "Dropout", "rate": 0.25}),
        (BatchNorm(2, momentum=0.5), {"kind": "BatchNorm", "n_inputs": 2, "momentum": 0.5, "epsilon": 1e-05}),
        (
            Sequential(Layer(2, 3, "relu"), Sequential(Dropout(0.5))),
            {"kind": "Sequential", "stages": [LAYER, nested(1, {"kind": "Dropout", "rate": 0.5})]},
        ),
    ],
    ids=lambda part: repr(part) if isinstance(part, Module) else "",
)
def test_a_network_is_the_same_in_words_and_back(module, words):
    assert described(module) == words
    again = made(json.loads(json.dumps(words)))
    assert repr(again) == repr(module)
    assert type(again) is type(module)
    assert n_parameters(words) <= len(module.parameters()) == len(again.parameters())


class Own(Module):
    pass


def exchanged(model, name, k, part):
    """Return a model with another part in a list that it has."""
    getattr(model, name)[k] = part
    return model


def with_more_parameters(layer):
    layer.temperature = Value(1.0)
    return layer


@pytest.mark.parametrize(
    "module",
    [
        Own(),
        abs,
        None,
        type("Layer", (Layer,), {})(2, 3),
        type("Dropout", (Module,), {})(),
        Layer(2, 2, lambda z: z * z),
        Activation(nn.ActivationRow("mine(2)", abs, nn.he_uniform)),
        Activation(nn.ActivationRow("own", None, nn.he_uniform)),
        Activation(nn.ActivationRow("identity", abs, nn.he_uniform)),
        Layer(2, 2, nn.ActivationRow("tanh", abs, nn.he_uniform)),
        Layer(2, 2, nn.ActivationRow("relu(2)", abs, nn.he_uniform)),
        Sequential(Layer(2, 2), Own()),
        Sequential(Layer(2, 2), abs),
        Sequential(exchanged(Layer(2, 2, "relu"), "neurons", 1, Neuron(2, "tanh"))),
        Sequential(exchanged(Layer(2, 2, "tanh"), "neurons", 1, Neuron(2, "relu"))),
        Sequential(exchanged(Layer(2, 2, "relu"), "neurons", 1, Neuron(3, "relu"))),
        Sequential(exchanged(Layer(2, 2, "relu"), "neurons", 1, Neuron(1, "relu"))),
        exchanged(MLP(2, [2, 1], "relu"), "layers", 0, Layer(2, 2, "tanh")),
        exchanged(MLP(2, [2, 1], "tanh"), "layers", 0, Layer(2, 2, "relu")),
        with_more_parameters(Layer(2, 2)),
    ],
    ids=str,
)
def test_what_words_would_not_say_is_not_described(module):
    assert described(module) is None


def test_parameters_that_are_shared_are_not_described():
    layer = Layer(2, 2)
    assert described(Sequential(layer, Layer(2, 2), seed=1)) is not None
    assert described(Sequential(layer, layer, seed=1)) is None


def test_fifty_levels_are_the_most():
    assert n_parameters(nested(49, LAYER)) == 9
    with pytest.raises(SavedFileError, match=r"^its modules are nested too deeply: 50 levels are the most$"):
        n_parameters(nested(50, LAYER))


def test_what_is_too_deep_is_not_described(monkeypatch):
    monkeypatch.setattr(architecture, "DEEPEST", 4)
    module = made(nested(3, LAYER))
    assert described(module) == nested(3, LAYER)
    assert described(Sequential(module)) is None


# -- how large a network is ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("description", "count"),
    [
        (LAYER, 9),
        ({"kind": "Neuron", "n_inputs": 3, "activation": "relu"}, 4),
        ({"kind": "MLP", "n_inputs": 2, "widths": [4, 1], "activation": "tanh", "last": "sigmoid"}, 17),
        ({"kind": "Sequential", "stages": [LAYER, nested(1, LAYER), {"kind": "Dropout", "rate": 0.5}]}, 18),
        ({"kind": "Layer", "n_inputs": 10**7, "n_outputs": 10**7}, (10**7 + 1) * 10**7),
        ({"kind": "Layer", "n_inputs": 2, "n_outputs": "3"}, 0),
        ({"kind": "Layer", "n_inputs": 0, "n_outputs": 3}, 0),
        ({"kind": "Layer", "n_inputs": True, "n_outputs": 3}, 0),
        ({"kind": "Layer", "n_inputs": 2, "n_outputs": -3}, 0),
        ({"kind": "Sequential", "stages": LAYER}, 9),
        ({"kind": "Sequential", "stages": 7}, 0),
        ({"kind": "Dropout", "rate": 0.5}, 0),
        ([LAYER], 0),
        ("Layer", 0),
    ],
)
def test_the_parameters_that_words_ask_for_are_counted_before_they_are_made(description, count):
    assert n_parameters(description) == count


# -- words that lie --------------------------------------------------------------------------------------------------

SIZES = "neurons and inputs are whole numbers from 1 to 10,000,000, not "
FINITE = "an option of a layer is a finite number, not "


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (None, "it does not describe a network of this package: None"),
        ([LAYER], f"it does not describe a network of this package: {str([LAYER])[:57]}..."),
        ({}, "it does not describe a network of this package: {}"),
        ({"kind": "Own"}, "it does not describe a network of this package: {'kind': 'Own'}"),
        ({"kind": ["MLP"]}, "it does not describe a network of this package: {'kind': ['MLP']}"),
        ("x" * 58, f"it does not describe a network of this package: '{'x' * 58}'"),
        ("x" * 59, f"it does not describe a network of this package: '{'x' * 56}..."),
        ({"kind": "Perceptron", "n_inputs": 1}, "a Perceptron is described by n_inputs, n_outputs"),
        (LAYER | {"more": 1}, "a Layer is described by n_inputs, n_outputs, activation"),
        (LAYER | {"n_inputs": 0}, f"{SIZES}0"),
        (LAYER | {"n_inputs": 2.0}, f"{SIZES}2.0"),
        (LAYER | {"n_outputs": True}, f"{SIZES}True"),
        (LAYER | {"n_outputs": 10**7 + 1}, f"{SIZES}10000001"),
        (LAYER | {"n_outputs": "3"}, f"{SIZES}'3'"),
        (LAYER | {"activation": 1}, "an activation is a name, not 1"),
        (LAYER | {"activation": "a" * 101}, f"an activation is a name, not '{'a' * 56}..."),
        ({"kind": "Dropout", "rate": math.nan}, f"{FINITE}nan"),
        ({"kind": "Dropout", "rate": -math.inf}, f"{FINITE}-inf"),
        ({"kind": "Dropout", "rate": True}, f"{FINITE}True"),
        ({"kind": "Dropout", "rate": "0.5"}, f"{FINITE}'0.5'"),
        ({"kind": "Dropout", "rate": 10**400}, f"{FINITE}1{'0' * 56}..."),
        (
            {"kind": "MLP", "n_inputs": 2, "widths": 3, "activation": "tanh", "last": "tanh"},
            "the widths of an MLP are a list, not 3",
        ),
        (
            {"kind": "MLP", "n_inputs": 2, "widths": [3, 0], "activation": "tanh", "last": "tanh"},
            f"{SIZES}0",
        ),
        ({"kind": "Sequential", "stages": LAYER}, f"the stages of a Sequential are a list, not {str(LAYER)[:57]}..."),
    ],
)
def test_words_that_describe_no_network_are_refused(description, message):
    with pytest.raises(SavedFileError) as caught:
        made(description)
    assert str(caught.value) == message


def test_the_largest_words_are_taken():
    assert architecture._size(10**7) == 10**7
    name = f"leaky_relu(0.5{'0' * 85})"
    assert len(name) == 100
    assert made({"kind": "Activation", "activation": name}).activation.name == "leaky_relu(0.5)"
    assert made({"kind": "Dropout", "rate": 0}).rate == 0.0
