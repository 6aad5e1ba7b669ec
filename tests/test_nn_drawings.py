"""A model's computation as a picture: one card per neuron, per layer, or everything."""

from __future__ import annotations

import subprocess
import sys

import pytest

from autograd import Tape, Value
from nn import MLP, Dropout, Layer, Module, Neuron, Perceptron, Sequential, draw, network_diagram, step_through
from nn.module import in_detail


def test_one_card_per_neuron():
    model = MLP(2, [4, 1], "tanh", seed=1)
    source = draw(model, [0.5, -1.0]).source
    assert source.count("<B>neuron ") == 5
    assert source.count("3 params") == 4
    assert source.count("5 params") == 1
    assert source.count(">input<") == 2
    assert "layer 0" in source
    assert f"{model([0.5, -1.0]).data:.4g}".replace("-", "−") in source


def test_one_card_per_layer_and_everything():
    model = MLP(2, [4, 1], "tanh", seed=1)
    assert draw(model, [0.5, -1.0], collapse="all").source.count(" inside<") == 2
    full = draw(model, [0.5, -1.0], collapse="none").source
    assert full.count(">param<") == 17
    assert full.count("<B>dot</B>") == 5


def test_one_sample_is_stepped_through():
    small = step_through(Neuron(2, "tanh", seed=1), [0.5, -1.0], target=1.0, loss="squared_error")
    assert "steps through 10 cards" in repr(small)
    page = step_through(MLP(2, [8, 8, 1], "tanh", seed=1), [0.5, -1.0], mode="forward", seed="x1")
    assert repr(page) == "<Stepper: 106 steps through 19 cards>"
    with pytest.raises(TypeError, match="go together"):
        step_through(Neuron(2), [0.5, -1.0], target=1.0)


def test_the_loss_is_the_root():
    model = MLP(1, [1])
    source = draw(model, [2.0], target=1.0, loss="squared_error").source
    assert "<B>loss</B>" in source
    assert source.count('BORDER="3"') == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: Neuron(2, "tanh"),
        lambda: Layer(2, 3),
        lambda: Perceptron(2),
        lambda: Layer(2, 3, "softmax"),
        lambda: Sequential(Layer(2, 3, "tanh"), Dropout(0.5), Layer(3, 2, "identity"), seed=1),
    ],
)
def test_every_kind_of_module_is_drawn(make):
    assert draw(make(), [0.5, -1.0], collapse="none").source.startswith("digraph")


def test_neurons_one_by_one_compute_the_same():
    for activation in ("tanh", "softmax", "identity"):
        layer = Layer(3, 4, activation, seed=2)
        expected = [output.data for output in layer([0.1, 0.2, 0.3])]
        with in_detail():
            outputs = layer([0.1, 0.2, 0.3])
        assert [output.data for output in outputs] == expected
        assert ("layer", "neuron 3") in {line.scope for line in Tape.of(*outputs).lines()}


def test_a_large_network_is_drawn_by_layers():
    source = draw(MLP(64, [32, 10], seed=1), [0.1] * 64).source
    assert source.count("<B>neuron ") == 42


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: draw(abs, [1.0]), "what is drawn is a Module, such as MLP"),
        (lambda: draw(MLP(1, [1]), [1.0], target=1.0), "a target and a loss go together"),
        (
            lambda: draw(MLP(1, [1]), [1.0], target=1, loss="zero_one"),
            "the loss is a float, not a Value: it depends on no parameter",
        ),
        (lambda: draw(MLP(1, [1]), 5), "inputs are a sequence of numbers, not int"),
        (lambda: draw(MLP(1, [1]), [1.0], loss="hinge"), "a target and a loss go together"),
    ],
)
def test_what_cannot_be_drawn(use, message):
    with pytest.raises(TypeError, match=message):
        use()


@pytest.mark.parametrize("make", [lambda: Neuron(2), lambda: Layer(2, 3), lambda: MLP(2, [3, 1])])
def test_models_draw_themselves_in_notebooks(make):
    model = make()
    assert model._repr_mimebundle_() == {"image/svg+xml": network_diagram(model).svg, "text/plain": repr(model)}


def test_what_is_no_network_of_layers_is_its_text():
    class Line(Module):
        def __init__(self):
            self.slope = Value(1.0)

    assert Line()._repr_mimebundle_() == {"text/plain": "Line(1 parameter)"}


def test_what_draws_is_imported_when_it_is_asked_for():
    program = (
        "import sys, nn; print([name for name in sys.modules if name.startswith('nn.show')]); "
        "print(nn.draw.__module__, nn.report.__module__, 'network_diagram' in dir(nn), hasattr(nn, 'nothing'))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == ["[]", "nn.drawings nn.reports True False"]
