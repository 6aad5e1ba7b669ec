"""The losses: worked numbers, huge scores, gradients, and what they refuse."""

from __future__ import annotations

import math

import pytest

import autograd
from autograd import Value
from nn import hinge, mean_squared_error, same_class, same_side, softmax_cross_entropy

SCORES = (3.2, 5.1, -1.7)
RANGE = "classes are 0 to 2"
ADVICE = "give the last layer one neuron per class"


def test_the_worked_example_of_softmax():
    assert [round(math.exp(score), digits) for score, digits in zip(SCORES, (1, 1, 2))] == [24.5, 164.0, 0.18]
    assert [round(p, 2) for p in autograd.softmax(SCORES)] == [0.13, 0.87, 0.0]
    assert round(softmax_cross_entropy(SCORES, 0), 2) == 2.04
    assert round(softmax_cross_entropy(SCORES, 0) / math.log(10), 2) == 0.89  # the slip found in print: log to base 10


def test_cross_entropy_is_minus_the_log_of_the_softmax():
    probabilities = autograd.softmax(SCORES)
    for true, probability in enumerate(probabilities):
        assert softmax_cross_entropy(SCORES, true) == pytest.approx(-math.log(probability), rel=1e-14)


def test_the_gradient_of_cross_entropy_is_softmax_less_one_hot():
    scores = [Value(score) for score in SCORES]
    softmax_cross_entropy(scores, 0).backward()
    expected = [p - (k == 0) for k, p in enumerate(autograd.softmax(SCORES))]
    assert [score.grad for score in scores] == pytest.approx(expected, rel=1e-14)


def test_a_one_hot_target_names_the_same_class():
    for true in range(3):
        one_hot = [float(k == true) for k in range(3)]
        assert softmax_cross_entropy(SCORES, one_hot) == softmax_cross_entropy(SCORES, true)
        assert same_class(SCORES, one_hot) == same_class(SCORES, true) == (true == 1)


def test_numpy_targets():
    numpy = pytest.importorskip("numpy")
    assert softmax_cross_entropy(SCORES, numpy.int64(0)) == softmax_cross_entropy(SCORES, 0)
    assert softmax_cross_entropy(numpy.array(SCORES), numpy.array([1, 0, 0])) == softmax_cross_entropy(SCORES, 0)


@pytest.mark.parametrize(
    ("scores", "true", "loss", "gradient"),
    [
        ((1000.0, -1000.0), 0, 0.0, (0.0, 0.0)),
        ((1000.0, -1000.0), 1, 2000.0, (1.0, -1.0)),
        ((1000.0, 1000.0), 0, math.log(2.0), (-0.5, 0.5)),
        ((-1000.0, -1000.0), 0, math.log(2.0), (-0.5, 0.5)),
    ],
)
def test_cross_entropy_at_huge_scores(scores, true, loss, gradient):
    values = [Value(score) for score in scores]
    out = softmax_cross_entropy(values, true)
    out.backward()
    assert out.data == pytest.approx(loss, rel=1e-12)
    assert [value.grad for value in values] == pytest.approx(gradient, abs=1e-15)


def test_squared_error_by_hand():
    y = [Value(1.0), Value(2.0)]
    out = mean_squared_error(y, [0.0, 4.0])
    out.backward()
    assert (out.data, y[0].grad, y[1].grad) == (2.5, 1.0, -2.0)
    single = Value(3.0)
    out = mean_squared_error(single, 1.0)
    out.backward()
    assert (out.data, single.grad) == (4.0, 4.0)


@pytest.mark.parametrize(
    ("score", "target", "loss", "slope"),
    [(0.25, 1, 0.75, -1.0), (0.25, -1, 1.25, 1.0), (3.0, 1, 0.0, 0.0), (-3.0, -1, 0.0, 0.0), (1.0, 1, 0.0, 0.0)],
)
def test_hinge_by_hand(score, target, loss, slope):
    value = Value(score)
    out = hinge(value, target)
    out.backward()
    assert (out.data, value.grad) == (loss, slope)


def test_sides():
    assert [same_side(Value(score), 1) for score in (-1.0, 0.0, 1.0)] == [False, False, True]


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: softmax_cross_entropy(SCORES, 3), ValueError, "there is no class 3: with 3 scores, " + RANGE),
        (lambda: softmax_cross_entropy(SCORES, -1), ValueError, "there is no class -1: with 3 scores, " + RANGE),
        (lambda: softmax_cross_entropy(SCORES, 1.0), TypeError, "a class is an int or a one-hot sequence, not float"),
        (lambda: softmax_cross_entropy(SCORES, "1"), TypeError, "a class is an int or a one-hot sequence, not str"),
        (
            lambda: softmax_cross_entropy(SCORES, [1, 1, 0]),
            ValueError,
            "a one-hot target for 3 scores is one 1 and 2 times 0, not [1, 1, 0]",
        ),
        (
            lambda: softmax_cross_entropy(SCORES, [0, 1]),
            ValueError,
            "a one-hot target for 3 scores is one 1 and 2 times 0, not [0, 1]",
        ),
        (
            lambda: softmax_cross_entropy(Value(1.0), 0),
            TypeError,
            f"softmax_cross_entropy takes one score per class, not a single Value: {ADVICE}",
        ),
        (lambda: softmax_cross_entropy([1.0], 0), ValueError, "softmax_cross_entropy takes two scores or more, not 1"),
        (lambda: hinge(1.0, 0), ValueError, "a hinge target is 1 or -1, not 0"),
        (lambda: mean_squared_error([1.0], [1.0, 2.0]), ValueError, "mean_squared_error: 1 output, but 2 targets"),
        (lambda: mean_squared_error([], []), ValueError, "mean_squared_error: there are no outputs"),
    ],
)
def test_errors_read_well(use, error, message):
    with pytest.raises(error) as caught:
        use()
    assert str(caught.value) == message
