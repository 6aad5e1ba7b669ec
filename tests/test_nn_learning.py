"""It learns: the classical small problems, each solved to the figure it is known for, and the ways to fail on them."""

from __future__ import annotations

import math
import random

import pytest

from nn import (
    L2,
    MLP,
    OPTIMIZERS,
    SGD,
    Activation,
    Adam,
    BatchNorm,
    Dropout,
    EarlyStopping,
    Layer,
    Perceptron,
    Sequential,
    Standardization,
    fit,
    gradient_norm_below,
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    normal,
    predict,
    score,
    stratified_split,
)
from nn.datasets import blobs, bumps, circles, moons, one_hot_identity, parity, sine, spirals, xor

pytestmark = pytest.mark.long

LOGITS = "binary_cross_entropy_from_logits"


def signed(targets):
    """Return targets 0 and 1 as −1 and 1."""
    return [2 * target - 1 for target in targets]


def trained(model, data, *, loss, epochs, rate=0.02, batch_size=10, **options):
    return fit(
        model,
        data.inputs,
        data.targets,
        loss=loss,
        optimizer=Adam(model.parameters(), rate),
        epochs=epochs,
        batch_size=batch_size,
        progress=False,
        **options,
    )


def all_correct(epoch):
    return "every sample is right" if epoch.training.accuracy == 1.0 else None


# -- xor and parity --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_two_hidden_tanh_neurons_learn_xor(seed):
    data = xor(-1.0)
    model = MLP(2, [2, 1], "tanh", last="tanh", seed=seed)
    fit(
        model,
        data.inputs,
        signed(data.targets),
        loss="mean_squared_error",
        optimizer=SGD(model.parameters(), 0.1, momentum=0.9),
        epochs=300,
        batch_size=None,
        progress=False,
    )
    assert predict(model, data.inputs) == pytest.approx(signed(data.targets), abs=0.05)


def parity_network(n_inputs):
    """Return the network that counts: hidden neuron k steps where more than k inputs are 1, the output sums ±1."""
    model = MLP(n_inputs, [n_inputs, 1], "step", last="step")
    hidden, (output,) = model.layers[0].neurons, model.layers[1].neurons
    for k, neuron in enumerate(hidden):
        for weight in neuron.weights:
            weight.data = 1.0
        neuron.bias.data = -(k + 0.5)
        output.weights[k].data = (-1.0) ** k
    output.bias.data = -0.5
    return model


@pytest.mark.parametrize("n_inputs", [1, 2, 3, 4, 5, 6])
def test_the_constructed_step_network_computes_parity(n_inputs):
    data = parity(n_inputs)
    assert len(data.inputs) == 2**n_inputs
    assert predict(parity_network(n_inputs), data.inputs) == data.targets


# -- one neuron ------------------------------------------------------------------------------------------------------


def decisions(model, data):
    return [model.decide(sample) for sample in data.inputs]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_perceptron_separates_what_a_line_separates(seed):
    data = blobs(100, centers=[[-1.0, -1.0], [1.0, 1.0]], spread=0.3, seed=seed)
    model = Perceptron(2, seed=seed)
    history = fit(
        model,
        data.inputs,
        signed(data.targets),
        loss="perceptron",
        optimizer=SGD(model.parameters(), 0.1),
        epochs=50,
        stop_when=all_correct,
        progress=False,
    )
    assert decisions(model, data) == data.targets
    assert history.stopped == "every sample is right"


def test_three_perceptrons_separate_three_clouds_by_winner_take_all():
    data = blobs(90, centers=3, spread=0.15, seed=1)
    model = Perceptron(2, 3, seed=1)
    trained(model, data, loss="multiclass_hinge", epochs=50, stop_when=all_correct)
    assert [decision.index(1.0) for decision in decisions(model, data)] == data.targets


@pytest.mark.parametrize("loss", ["perceptron", "hinge"])
@pytest.mark.parametrize("seed", [0, 1])
def test_no_line_separates_xor(loss, seed):
    data = xor(-1.0)
    model = Perceptron(2, seed=seed)
    history = fit(
        model,
        data.inputs,
        signed(data.targets),
        loss=loss,
        optimizer=SGD(model.parameters(), 0.1),
        epochs=100,
        stop_when=all_correct,
        progress=False,
    )
    assert len(history.training) == 100
    assert history.stopped is None
    assert sum(map(lambda a, b: a != b, decisions(model, data), data.targets)) >= 1
    assert score(model, data.inputs, signed(data.targets), loss="hinge").loss >= 1.0 - 1e-9  # all that a line can do


# -- hidden codes ----------------------------------------------------------------------------------------------------


def test_three_hidden_neurons_find_a_code_for_eight_patterns():
    data = one_hot_identity(8)
    model = MLP(8, [3, 8], "sigmoid", seed=2)
    trained(model, data, loss="softmax_cross_entropy", epochs=300, rate=0.1, batch_size=None)
    outputs = predict(model, data.inputs)
    assert [output.index(max(output)) for output in outputs] == list(range(8))
    codes = {tuple(round(number.data) for number in model.layers[0](sample)) for sample in data.inputs}
    assert len(codes) == 8


# -- shapes in the plane ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [moons, circles, spirals])
def test_a_network_separates_shapes_that_no_line_separates(make):
    data, fresh = make(200, seed=1), make(400, seed=2)
    model = MLP(2, [16, 8, 1], seed=0)
    trained(model, data, loss=LOGITS, epochs=60, stop_when=all_correct)
    assert score(model, fresh.inputs, fresh.targets, loss=LOGITS).accuracy > 0.97


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_learns(name):
    data = moons(60, seed=1)
    model = MLP(2, [8, 1], seed=0)
    before = score(model, data.inputs, data.targets, loss=LOGITS).loss
    rate = {"sgd": 0.5, "adagrad": 0.3}.get(name, 0.02)
    optimizer = OPTIMIZERS[name](model.parameters(), rate)
    fit(model, data.inputs, data.targets, loss=LOGITS, optimizer=optimizer, epochs=15, batch_size=10, progress=False)
    after = score(model, data.inputs, data.targets, loss=LOGITS)
    assert after.loss < 0.5 * before
    assert after.accuracy > 0.85


# -- real data -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("load", [load_breast_cancer, load_iris, load_wine])
def test_logistic_regression_is_as_likely_as_that_of_scikit_learn(load):
    linear_model = pytest.importorskip("sklearn.linear_model")
    metrics = pytest.importorskip("sklearn.metrics")
    data = load()
    inputs = Standardization.of(data.inputs).apply(data.inputs)
    size, classes, decay = len(inputs), len(data.classes), 0.01
    loss, outputs = (LOGITS, 1) if classes == 2 else ("softmax_cross_entropy", classes)
    model = MLP(len(inputs[0]), [outputs])
    trained(
        model,
        data._replace(inputs=inputs),
        loss=loss,
        epochs=200,
        rate=0.1,
        batch_size=None,
        regularizer=L2(decay / 2),
        stop_when=gradient_norm_below(1e-3),
    )
    reference = linear_model.LogisticRegression(C=1.0 / (decay * size), max_iter=10_000, tol=1e-10)
    reference.fit(inputs, data.targets)
    expected = metrics.log_loss(data.targets, reference.predict_proba(inputs))
    assert score(model, inputs, data.targets, loss=loss).loss == pytest.approx(expected, rel=0.01)


def test_digits():
    pytest.importorskip("sklearn")
    training, test = stratified_split(load_digits(), 0.2, seed=0)
    scaled = [[x / 16.0 for x in sample] for sample in training.inputs]
    model = MLP(64, [24, 10], seed=0)
    trained(model, training._replace(inputs=scaled), loss="softmax_cross_entropy", epochs=4, rate=0.01, batch_size=16)
    held_out = [[x / 16.0 for x in sample] for sample in test.inputs]
    assert score(model, held_out, test.targets, loss="softmax_cross_entropy").accuracy >= 0.95


# -- learning too much -----------------------------------------------------------------------------------------------

WIDE = [[0.7, *[0.0] * 11], [-0.7, *[0.0] * 11]]
"""Two clouds that differ in one of twelve coordinates: a few samples of them are told apart by the other eleven."""


def gap(model, **options):
    """Train on 40 samples of two overlapping clouds; return test loss − training loss, and the test loss."""
    data, fresh = blobs(40, centers=WIDE, spread=1.0, seed=3), blobs(400, centers=WIDE, spread=1.0, seed=4)
    trained(model, data, loss=LOGITS, epochs=60, **options)
    known, unknown = (score(model, each.inputs, each.targets, loss=LOGITS).loss for each in (data, fresh))
    return unknown - known, unknown


def test_l2_and_dropout_close_the_gap_between_training_and_test():
    layers = [Layer(12, 16), Layer(16, 1, "identity")]
    plain_gap, plain_loss = gap(Sequential(*layers, seed=0))
    assert plain_gap > 1.0
    for model, options in (
        (Sequential(*layers, seed=0), {"regularizer": L2(0.02)}),
        (Sequential(Dropout(0.3), layers[0], Dropout(0.5), layers[1], seed=0), {}),
    ):
        closed_gap, loss = gap(model, **options)
        assert closed_gap < 0.5 * plain_gap
        assert loss < 0.6 * plain_loss


def test_early_stopping_stops_and_keeps_the_best():
    data, held_out = (blobs(size, centers=WIDE, spread=1.0, seed=seed) for size, seed in ((40, 3), (200, 4)))
    model = MLP(12, [16, 1], seed=0)
    history = trained(
        model, data, loss=LOGITS, epochs=200, validation=held_out[:2], early_stopping=EarlyStopping(patience=5)
    )
    losses = [each.loss for each in history.validation]
    best = min(losses)
    assert len(losses) == losses.index(best) + 1 + 5 < 200
    assert losses[-1] > best
    assert score(model, held_out.inputs, held_out.targets, loss=LOGITS).loss == pytest.approx(best, rel=1e-12)


# -- functions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "steep"), [(sine, 3.0), (bumps, 40.0)])
def test_one_hidden_layer_follows_a_function(make, steep):
    data = make(100, noise=0.0)
    generator = random.Random(1)
    model = MLP(1, [20, 1], "tanh", seed=0)
    for neuron in model.layers[0].neurons:  # steep steps, spread over the range
        (low,), (high,) = min(data.inputs), max(data.inputs)
        slope = steep / (high - low) * generator.choice([-2.0, 2.0])
        neuron.weights[0].data, neuron.bias.data = slope, -slope * generator.uniform(low, high)
    trained(model, data, loss="mean_squared_error", epochs=150, rate=0.03, batch_size=20)
    root = math.sqrt(score(model, data.inputs, data.targets, loss="mean_squared_error").loss)
    assert root < 0.1


def test_a_network_with_batch_normalization_learns():
    data, fresh = moons(200, seed=1), moons(400, seed=2)
    far = [[1000.0 + 10.0 * x, -0.01 * y] for x, y in data.inputs]  # of no size that weights are made for
    model = Sequential(
        BatchNorm(2), Layer(2, 16, "identity"), BatchNorm(16), Activation("relu"), Layer(16, 1, "identity"), seed=0
    )
    trained(model, data._replace(inputs=far), loss=LOGITS, epochs=25, rate=0.05, batch_size=20)
    shifted = [[1000.0 + 10.0 * x, -0.01 * y] for x, y in fresh.inputs]
    assert score(model, shifted, fresh.targets, loss=LOGITS).accuracy > 0.95


# -- gradients in deep networks --------------------------------------------------------------------------------------


def layer_norms(activation, initializer=None):
    """Return the norms of the gradients of the first and the last of eleven layers, at the start of training."""
    data = moons(40, seed=1)
    model = MLP(2, [8] * 10 + [1], activation, initializer=initializer, seed=0)
    history = trained(model, data, loss=LOGITS, epochs=1, rate=1e-6, batch_size=None)
    return history.gradient_norms["layers.0"][0], history.gradient_norms["layers.10"][0]


def test_gradients_vanish_through_sigmoids_and_explode_through_large_weights():
    first, last = layer_norms("sigmoid")
    assert first < 1e-4 * last
    first, last = layer_norms("relu")
    assert 0.1 * last < first < 10.0 * last
    first, _ = layer_norms("relu", normal(2.0))
    assert first > 1e3
