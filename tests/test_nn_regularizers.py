"""The regularizers: penalties by hand, what they apply to, projections, and what they refuse."""

from __future__ import annotations

import math

import pytest

from autograd import Tape, Value
from nn.layers import MLP, Layer, Neuron
from nn.module import Module
from nn.optimizers import SGD
from nn.regularizers import L1, L2, ElasticNet, MaxNorm, Regularizer, Together, penalized
from nn.stages import BatchNorm, Sequential


def neuron_of(*weights, bias=0.0):
    neuron = Neuron(len(weights))
    for w, number in zip(neuron.row, [*weights, bias]):
        w.data = number
    return neuron


def slopes(penalty, model):
    model.zero_grad()
    penalty.backward()
    return [parameter.grad for parameter in model.parameters()]


def numbers(model):
    return [parameter.data for parameter in model.parameters()]


# -- penalties -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("regularizer", "value", "gradient"),
    [
        (L1(0.5), 3.5, [0.5, -0.5, 0.0, 0.0]),  # 0.5 · (3 + 4); at 0 the slope is 0
        (L2(0.5), 12.5, [3.0, -4.0, 0.0, 0.0]),  # 0.5 · (9 + 16), no ½ beside it
        (ElasticNet(0.5, 0.25), 9.75, [2.0, -2.5, 0.0, 0.0]),
        (Together(L1(0.5), L1(0.5), MaxNorm(1.0)), 7.0, [1.0, -1.0, 0.0, 0.0]),
        (L1(0.5) + L2(0.5) + L2(0.5), 28.5, [6.5, -8.5, 0.0, 0.0]),
    ],
)
def test_penalties_by_hand(regularizer, value, gradient):
    neuron = neuron_of(3.0, -4.0, 0.0, bias=7.0)
    penalty = regularizer.penalty(neuron)
    assert penalty.data == value
    assert slopes(penalty, neuron) == gradient


def test_l2_by_half_is_the_weight_decay_of_pytorch():
    # PyTorch: grad + weight_decay · w, here with grad 0: w − 0.5 · 0.25 · w
    neuron = neuron_of(8.0, -16.0)
    optimizer = SGD(neuron.parameters(), 0.5)
    L2(0.25 / 2).penalty(neuron).backward()
    optimizer.step()
    assert numbers(neuron) == [7.0, -14.0, 0.0]


def test_a_penalty_is_added_to_a_loss():
    neuron = neuron_of(3.0, -4.0)
    loss = Value(1.0) * 2.0 + L2(1.0).penalty(neuron)
    assert loss.data == 27.0


def test_l2_records_two_nodes_however_large_the_model_is():
    model = MLP(3, [8, 8, 1])
    with Tape() as tape:
        L2(0.1).penalty(model)
    assert len(tape) - len(penalized(model)) == 2


@pytest.mark.parametrize("regularizer", [L1(1.0), L2(1.0), ElasticNet(1.0, 1.0), MaxNorm(1.0), Together()])
def test_without_weights_the_penalty_is_zero(regularizer):
    assert regularizer.penalty(BatchNorm(3)) == 0.0
    assert regularizer.penalty(Layer(2, 2).freeze()) == 0.0


def test_by_default_nothing_happens():
    neuron = neuron_of(300.0, 400.0)
    assert Regularizer().penalty(neuron) == 0.0
    for regularizer in (Regularizer(), L1(1.0), L2(1.0), ElasticNet(1.0, 1.0)):
        assert regularizer.project(neuron) is None
    assert numbers(neuron) == [300.0, 400.0, 0.0]


# -- what they apply to ----------------------------------------------------------------------------------------------


def test_penalties_apply_to_weights_only():
    model = Sequential(Layer(2, 3), BatchNorm(3), Layer(3, 1))
    weights = [w for k in (0, 2) for neuron in model.stages[k].neurons for w in neuron.weights]
    assert list(map(id, penalized(model))) == list(map(id, weights))


def test_penalties_leave_frozen_weights_out():
    model = MLP(2, [3, 1])
    model.layers[0].freeze()
    assert list(map(id, penalized(model))) == list(map(id, model.layers[1].neurons[0].weights))
    model.layers[0].unfreeze()
    assert len(penalized(model)) == 9


def test_weights_that_are_used_twice_are_penalized_once():
    layer = Layer(2, 2)
    layer.neurons[1].row = layer.neurons[0].row
    assert len(penalized(layer)) == 2


def test_the_last_attribute_decides():
    class Mine(Module):
        def __init__(self):
            self.slope = Value(1.0)
            self.bias = [Value(1.0), Value(1.0)]
            self.bias2 = Value(1.0)
            self.unbiased = Value(1.0)
            self.shift = Layer(1, 1)  # its weights are weights

    mine = Mine()
    expected = [mine.slope, mine.unbiased, *mine.shift.neurons[0].weights]
    assert list(map(id, penalized(mine))) == list(map(id, expected))


# -- the largest norm ------------------------------------------------------------------------------------------------


def test_long_weights_are_made_shorter_and_nothing_else():
    model = Sequential(Layer(2, 2), Layer(2, 1))
    long, short = model.stages[0].neurons
    last = model.stages[1].neurons[0]
    for neuron, row in ((long, (3.0, -4.0, 9.0)), (short, (0.5, 0.25, -9.0)), (last, (0.0, 10.0, 0.0))):
        for w, number in zip(neuron.row, row):
            w.data = number
    MaxNorm(2.5).project(model)
    assert [[w.data for w in neuron.row] for neuron in (long, short, last)] == [
        [1.5, -2.0, 9.0],
        [0.5, 0.25, -9.0],
        [0.0, 2.5, 0.0],
    ]


def test_weights_as_long_as_the_bound_stay():
    neuron = neuron_of(3.0, 4.0)
    MaxNorm(5.0).project(neuron)
    assert numbers(neuron) == [3.0, 4.0, 0.0]


def test_no_norm_is_above_the_bound_afterwards():
    model = MLP(4, [8, 8, 1], seed=3)
    MaxNorm(0.37).project(model)
    norms = [math.hypot(*[w.data for w in neuron.weights]) for layer in model.layers for neuron in layer.neurons]
    assert max(norms) == pytest.approx(0.37, rel=1e-15)


def test_neurons_with_frozen_weights_stay():
    model = MLP(2, [2, 1], seed=1)
    before = [w.data for w in model.layers[0].parameters()]
    model.layers[0].freeze()
    MaxNorm(0.001).project(model)
    assert [w.data for w in model.layers[0].parameters()] == before
    assert math.hypot(*[w.data for w in model.layers[1].neurons[0].weights]) == pytest.approx(0.001)


@pytest.mark.parametrize("weights", [(math.inf, 1.0), (math.nan, 1.0), (1.7e308, 1.7e308)])
def test_weights_whose_norm_is_not_finite_stay(weights):
    neuron = neuron_of(*weights)
    MaxNorm(1.0).project(neuron)
    assert numbers(neuron) == pytest.approx([*weights, 0.0], nan_ok=True, rel=0.0, abs=0.0)


def test_projections_follow_each_other():
    neuron = neuron_of(30.0, 40.0)
    (MaxNorm(10.0) + L2(1.0) + MaxNorm(5.0)).project(neuron)
    assert numbers(neuron) == pytest.approx([3.0, 4.0, 0.0], rel=1e-15)


# -- how they read ---------------------------------------------------------------------------------------------------


def test_the_repr_reads_well():
    assert repr(L1(0.5) + MaxNorm(3.0)) == "L1(0.5) + MaxNorm(3.0)"
    assert repr(ElasticNet(0.5, 0.25)) == "L1(0.5) + L2(0.25)"


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: L1(-0.1), ValueError, "the weight of the penalty is a finite number, 0 or more, not -0.1"),
        (lambda: L2(math.inf), ValueError, "the weight of the penalty is a finite number, 0 or more, not inf"),
        (lambda: ElasticNet(0.1, -1), ValueError, "the weight of the penalty is a finite number, 0 or more, not -1"),
        (lambda: MaxNorm(0.0), ValueError, "the bound is a finite number above 0, not 0.0"),
        (lambda: L2(0.1).penalty([Value(1.0)]), TypeError, "a regularizer takes a Module, not list"),
        (lambda: MaxNorm(0.1).project([Value(1.0)]), TypeError, "a regularizer takes a Module, not list"),
        (lambda: L1(0.1) + 1, TypeError, "unsupported operand type(s) for +: 'L1' and 'int'"),
    ],
)
def test_errors_read_well(use, error, message):
    with pytest.raises(error) as caught:
        use()
    assert str(caught.value) == message
