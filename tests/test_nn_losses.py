"""The losses: worked numbers, huge scores, gradients, what counts as correct, and what they refuse."""

from __future__ import annotations

import math

import pytest

import autograd
from autograd import Tape, Value, gradcheck
from nn.losses import (
    LOSSES,
    LossRow,
    binary_cross_entropy,
    binary_cross_entropy_from_logits,
    hinge,
    loss_row,
    mean_squared_error,
    multiclass_hinge,
    negative_log_likelihood,
    perceptron,
    same_class,
    same_side,
    signed_cross_entropy,
    softmax_cross_entropy,
    squared_error,
    true_class,
    zero_one,
)

CLASSES = "multiclass_hinge or softmax_cross_entropy"
SCORES = (3.2, 5.1, -1.7)
LN_2 = math.log(2.0)
HUGE = 1e308


def value_and_slopes(loss, output, target):
    """The loss of an output, a number or a tuple of them, and its slope in each."""
    values = [Value(y) for y in output] if isinstance(output, tuple) else Value(output)
    out = loss(values, target)
    out.backward()
    return out.data, tuple(v.grad for v in values) if isinstance(output, tuple) else values.grad


# -- softmax cross-entropy -------------------------------------------------------------------------------------------


def test_the_worked_example_of_softmax():
    assert [round(math.exp(score), digits) for score, digits in zip(SCORES, (1, 1, 2))] == [24.5, 164.0, 0.18]
    assert [round(p, 2) for p in autograd.softmax(SCORES)] == [0.13, 0.87, 0.0]
    assert round(softmax_cross_entropy(SCORES, 0), 2) == 2.04
    assert round(softmax_cross_entropy(SCORES, 0) / math.log(10), 2) == 0.89  # the slip found in print: log to base 10


def test_cross_entropy_is_minus_the_log_of_the_softmax():
    probabilities = autograd.softmax(SCORES)
    for true, probability in enumerate(probabilities):
        assert softmax_cross_entropy(SCORES, true) == pytest.approx(-math.log(probability), rel=1e-14)
        assert negative_log_likelihood(probabilities, true) == pytest.approx(-math.log(probability), rel=1e-14)


def test_the_gradient_of_cross_entropy_is_softmax_less_one_hot():
    expected = [p - (k == 0) for k, p in enumerate(autograd.softmax(SCORES))]
    assert value_and_slopes(softmax_cross_entropy, SCORES, 0)[1] == pytest.approx(expected, rel=1e-14)


def test_a_confident_right_answer_keeps_its_small_loss_and_slope():
    tiny = math.exp(-50.0)  # log(1 + tiny), and tiny / (1 + tiny), to 16 digits
    loss, slopes = value_and_slopes(softmax_cross_entropy, (50.0, 0.0), 0)
    assert loss == pytest.approx(tiny, rel=1e-15, abs=0.0)
    assert slopes == pytest.approx((-tiny, tiny), rel=1e-15, abs=0.0)
    assert value_and_slopes(binary_cross_entropy_from_logits, 50.0, 1) == pytest.approx(
        (tiny, -tiny), rel=1e-15, abs=0.0
    )
    assert value_and_slopes(signed_cross_entropy, 25.0, 1) == pytest.approx((tiny, -2.0 * tiny), rel=1e-15, abs=0.0)


def test_a_one_hot_target_names_the_same_class():
    for true in range(3):
        one_hot = [float(k == true) for k in range(3)]
        for loss in (softmax_cross_entropy, multiclass_hinge, perceptron, zero_one, same_class):
            assert loss(SCORES, one_hot) == loss(SCORES, true)


def test_numpy_scores_and_targets():
    numpy = pytest.importorskip("numpy")
    assert softmax_cross_entropy(SCORES, numpy.int64(0)) == softmax_cross_entropy(SCORES, 0)
    assert softmax_cross_entropy(numpy.array(SCORES), numpy.array([1, 0, 0])) == softmax_cross_entropy(SCORES, 0)
    assert softmax_cross_entropy(numpy.array([HUGE, -HUGE]), 1) == math.inf  # and no warning
    assert hinge(numpy.float64(0.25), numpy.int64(-1)) == hinge(numpy.array(0.25), numpy.float32(-1.0)) == 1.25
    assert binary_cross_entropy(0.25, numpy.float64(1.0)) == binary_cross_entropy(0.25, 1)


# -- worked numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "output", "target", "value", "slopes"),
    [
        (squared_error, 3.0, 1.0, 2.0, 2.0),
        (squared_error, (1.0, 2.0), [0.0, 4.0], 2.5, (1.0, -2.0)),
        (squared_error, 1.8e154, 0.0, 0.5 * 1.8e154 * 1.8e154, 1.8e154),  # 1.8e154² alone would be inf
        (mean_squared_error, 3.0, 1.0, 4.0, 4.0),
        (mean_squared_error, (1.0, 2.0), [0.0, 4.0], 2.5, (1.0, -2.0)),
        (hinge, 0.25, 1, 0.75, -1.0),
        (hinge, 0.25, -1, 1.25, 1.0),
        (hinge, 3.0, 1, 0.0, 0.0),
        (hinge, -3.0, -1, 0.0, 0.0),
        (hinge, 1.0, 1, 0.0, 0.0),
        (perceptron, 0.25, 1, 0.0, 0.0),
        (perceptron, 0.25, -1, 0.25, 1.0),
        (perceptron, -3.0, 1, 3.0, -1.0),
        (perceptron, 0.0, 1, 0.0, 0.0),
        (perceptron, (3.0, 5.0, -1.0), 0, 2.0, (-1.0, 1.0, 0.0)),
        (perceptron, (3.0, 5.0, -1.0), 1, 0.0, (0.0, 0.0, 0.0)),
        (perceptron, (0.0, 0.0), 1, 0.0, (0.5, -0.5)),
        (multiclass_hinge, (3.0, 5.0, -1.0), 0, 3.0, (-1.0, 1.0, 0.0)),
        (multiclass_hinge, (3.0, 5.0, -1.0), 1, 0.0, (0.0, 0.0, 0.0)),
        (multiclass_hinge, (5.5, 5.0, 5.0), 0, 0.5, (-1.0, 0.5, 0.5)),
        (multiclass_hinge, (6.0, 5.0), 0, 0.0, (0.0, 0.0)),
        (signed_cross_entropy, 0.0, 1, LN_2, -1.0),
        (signed_cross_entropy, 0.0, -1, LN_2, 1.0),
        (binary_cross_entropy, 0.25, 1, math.log(4.0), -4.0),
        (binary_cross_entropy, 0.75, 0, math.log(4.0), 4.0),
        (binary_cross_entropy, 0.5, 0.5, LN_2, 0.0),
        (binary_cross_entropy, (0.25, 0.75), [1, 0], math.log(4.0), (-2.0, 2.0)),
        (binary_cross_entropy_from_logits, 0.0, 1, LN_2, -0.5),
        (binary_cross_entropy_from_logits, 0.0, 0, LN_2, 0.5),
        (binary_cross_entropy_from_logits, 0.0, 0.25, LN_2, 0.25),
        (binary_cross_entropy_from_logits, (0.0, 0.0), [1, 0], LN_2, (-0.25, 0.25)),
        (negative_log_likelihood, (0.25, 0.75), 0, math.log(4.0), (-4.0, 0.0)),
    ],
)
def test_by_hand(loss, output, target, value, slopes):
    data, grads = value_and_slopes(loss, output, target)
    assert data == pytest.approx(value, rel=1e-15, abs=0.0)
    assert grads == pytest.approx(slopes, rel=1e-15, abs=0.0)
    assert loss(output, target) == data  # on floats too


def test_zero_one_by_hand():
    assert [zero_one(Value(score), 1) for score in (-3.0, 0.25)] == [1.0, 0.0]
    assert [zero_one(SCORES, true) for true in range(3)] == [1.0, 0.0, 1.0]
    assert type(zero_one(Value(1.0), 1)) is float  # nothing to go back through


@pytest.mark.parametrize(
    ("p", "target", "loss", "slope"),
    [
        (1.0, 1, 0.0, -1.0),
        (0.0, 0, 0.0, 1.0),
        (0.0, 1, math.inf, -math.inf),
        (1.0, 0, math.inf, math.inf),
        (0.0, 0.5, math.inf, -math.inf),
        (1e-300, 0, 1e-300, 1.0),
        (1e-300, 1, 300 * math.log(10.0), -1e300),
        (1.0 - 2.0**-53, 1, 2.0**-53, -1.0),
        (1.0 - 2.0**-53, 0, 53 * LN_2, 2.0**53),
    ],
)
def test_probabilities_near_certainty(p, target, loss, slope):
    assert value_and_slopes(binary_cross_entropy, p, target) == pytest.approx((loss, slope), rel=2e-15, abs=0.0)


def test_certainty_that_is_right_costs_nothing_and_not_minus_nothing():
    for loss in (binary_cross_entropy(1.0, 1), binary_cross_entropy(0.0, 0), negative_log_likelihood([0.0, 1.0], 1)):
        assert repr(loss) == "0.0"
    assert negative_log_likelihood([0.0, 1.0], 0) == math.inf


# -- how they are related --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("z", [-20.0, -1.5, 0.0, 0.25, 20.0])
def test_the_same_loss_from_scores_logits_and_probabilities(z):
    p = autograd.sigmoid(z)
    for target in (0, 0.25, 1):
        logit = binary_cross_entropy_from_logits(z, target)
        assert logit == pytest.approx(binary_cross_entropy(p, target), rel=1e-8)  # p near 1 has lost digits
        slope = value_and_slopes(binary_cross_entropy_from_logits, z, target)[1]
        assert slope == pytest.approx(p - target, rel=1e-8, abs=1e-16)
    for side, true in ((1, 0), (-1, 1)):
        assert signed_cross_entropy(z, side) == pytest.approx(softmax_cross_entropy([z, -z], true), rel=1e-14)


DIFFERENTIABLE = {name: row.function for name, row in LOSSES.items() if name != "zero_one"}
PLACES = {
    "squared_error": [((0.5, -2.0), [1.0, 3.0]), (0.5, 2.0)],
    "mean_squared_error": [((0.5, -2.0), [1.0, 3.0]), (0.5, 2.0)],
    "perceptron": [(0.5, -1), (0.5, 1), (SCORES, 0), (SCORES, 1)],
    "hinge": [(0.5, 1), (0.5, -1), (3.0, 1)],
    "signed_cross_entropy": [(0.5, 1), (0.5, -1), (-30.0, 1)],
    "binary_cross_entropy": [(0.3, 1), (0.01, 0), (0.99, 0.4), ((0.2, 0.9, 0.5), [0, 1, 0.5])],
    "binary_cross_entropy_from_logits": [(0.3, 1), (-30.0, 1), (2.0, 0.4), ((0.2, -1.0), [0, 1])],
    "softmax_cross_entropy": [(SCORES, 0), (SCORES, 1), ((30.0, 0.0), 1)],
    "multiclass_hinge": [(SCORES, 0), (SCORES, 2), ((3.0, 1.0), 0)],
    "negative_log_likelihood": [((0.2, 0.5, 0.3), 0)],
}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_derivatives_of_both_orders(name):
    for output, target in PLACES[name]:
        given = list(output) if isinstance(output, tuple) else output
        assert gradcheck(lambda y, loss=DIFFERENTIABLE[name], t=target: loss(y, t), (given,), order=2)


# -- huge scores -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1000.0, HUGE, math.inf])
@pytest.mark.parametrize(
    ("name", "gain"),
    [("hinge", 1.0), ("perceptron", 1.0), ("signed_cross_entropy", 2.0), ("binary_cross_entropy_from_logits", 1.0)],
)
def test_huge_single_scores(name, gain, size):
    loss, labels = LOSSES[name].function, LOSSES[name].labels
    for score, right, wrong in ((size, labels[1], labels[0]), (-size, labels[0], labels[1])):
        assert value_and_slopes(loss, score, right) == (0.0, 0.0)
        expected = (gain * size + (name == "hinge"), math.copysign(gain, score))
        assert value_and_slopes(loss, score, wrong) == expected


def test_huge_logits_of_a_share():
    for size in (1000.0, HUGE, math.inf):
        assert value_and_slopes(binary_cross_entropy_from_logits, size, 0.25) == (0.75 * size, 0.75)
        assert value_and_slopes(binary_cross_entropy_from_logits, -size, 0.25) == (0.25 * size, -0.25)


@pytest.mark.parametrize("size", [1000.0, HUGE])
@pytest.mark.parametrize(
    ("name", "margin"), [("softmax_cross_entropy", 0.0), ("multiclass_hinge", 1.0), ("perceptron", 0.0)]
)
def test_huge_scores_of_classes(name, margin, size):
    loss = LOSSES[name].function
    assert value_and_slopes(loss, (size, -size), 0) == (0.0, (0.0, 0.0))
    assert value_and_slopes(loss, (size, -size), 1) == (2.0 * size + margin, (1.0, -1.0))


def test_huge_equal_scores():
    for size in (1000.0, -1000.0, HUGE, -HUGE):
        assert value_and_slopes(softmax_cross_entropy, (size, size), 0) == (LN_2, (-0.5, 0.5))
        assert value_and_slopes(multiclass_hinge, (size, size), 0) == (1.0, (-1.0, 1.0))


def test_nan_is_not_hidden():
    for name, output, target in (("hinge", math.nan, 1), ("binary_cross_entropy", math.nan, 1)):
        assert math.isnan(LOSSES[name].function(output, target))
    assert math.isnan(softmax_cross_entropy([math.nan, 1.0], 1))
    assert zero_one(math.nan, 1) == zero_one(math.nan, -1) == zero_one([1.0, math.nan], 0) == 1.0


# -- what is correct -------------------------------------------------------------------------------------------------


def test_sides():
    assert [same_side(Value(score), 1) for score in (-1.0, 0.0, 1.0, math.nan)] == [False, False, True, False]
    assert [same_side(Value(score), -1) for score in (-1.0, 0.0, 1.0, math.nan)] == [True, True, False, False]


def test_whatever_has_a_length_and_an_order_is_a_sequence():
    assert mean_squared_error(range(3), [0.0, 1.0, 5.0]) == 3.0
    assert softmax_cross_entropy(range(2), 1) == softmax_cross_entropy([0, 1], 1)


@pytest.mark.parametrize(("loss", "likely"), [("binary_cross_entropy", 0.9), ("binary_cross_entropy_from_logits", 2.0)])
def test_a_share_counts_as_1_if_it_is_above_one_half(loss, likely):
    correct = LOSSES[loss].correct
    assert [correct(likely, share) for share in (1.0, 0.75, 0.5, 0.25, 0.0)] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("loss", "count"), [(squared_error, 3), (mean_squared_error, 2), (binary_cross_entropy_from_logits, 2)]
)
def test_a_loss_of_one_output_needs_no_sum(loss, count):
    for output, target in ((Value(0.5), 1.0), ([Value(0.5)], [1.0])):
        assert sum(line.kind == "node" for line in Tape.of(loss(output, target)).lines()) == count


def test_of_equal_scores_the_first_is_highest_and_nan_has_none():
    assert [same_class([Value(2.0), 2.0, 1.0], true) for true in range(3)] == [True, False, False]
    for scores in ([math.nan, 1.0], [1.0, math.nan], [math.nan, math.nan]):
        assert not any(same_class(scores, true) for true in range(2))


OUTPUTS = {
    (-1, 1): [-2.0, 0.0, 0.25, math.nan, Value(3.0)],
    (0, 1): [0.0, 0.25, 0.5, 0.75, 1.0, math.nan],
    None: [[3.2, 5.1, -1.7], [2.0, 2.0, 0.5], [1.0, math.nan, 0.0]],
}


def plainly(numbers):
    return [each.data if isinstance(each, Value) else each for each in numbers]


@pytest.mark.parametrize("row", [row for row in LOSSES.values() if row.decide], ids=lambda row: row.name)
def test_an_output_is_correct_if_what_it_decides_is_the_target(row):
    for output in OUTPUTS[row.labels]:
        decided = row.decide(output)
        assert decided is None or decided in (row.labels or range(3))
        for target in row.labels or range(3):
            assert row.correct(output, target) is (decided == target)


@pytest.mark.parametrize("row", [row for row in LOSSES.values() if row.probabilities], ids=lambda row: row.name)
def test_the_likeliest_class_is_the_one_decided(row):
    for output in OUTPUTS[row.labels]:
        if row.decide(output) is None:
            continue
        given = autograd.softmax(output) if row.name == "negative_log_likelihood" else output
        probabilities = plainly(row.probabilities(given))
        assert sum(probabilities) == pytest.approx(1.0, rel=1e-15)
        likeliest = probabilities.index(max(probabilities))
        assert row.decide(output) == (row.labels or range(3))[likeliest]


def test_a_loss_is_minus_the_log_of_the_probability_its_row_gives():
    for name, output, target, true in (
        ("signed_cross_entropy", 0.7, -1, 0),
        ("binary_cross_entropy", 0.3, 1, 1),
        ("binary_cross_entropy_from_logits", 0.7, 0, 0),
        ("softmax_cross_entropy", list(SCORES), 2, 2),
        ("negative_log_likelihood", [0.2, 0.8], 0, 0),
    ):
        row = LOSSES[name]
        assert row.function(output, target) == pytest.approx(-math.log(row.probabilities(output)[true]), rel=1e-14)


def test_rows_that_take_one_score_or_several_decide_for_both():
    for name in ("zero_one", "perceptron"):
        row = LOSSES[name]
        assert (row.decide(-2.0), row.decide(SCORES)) == (-1, 1)
        assert row.correct(SCORES, 1)
        assert not row.correct(SCORES, 0)


def test_several_yes_or_no_questions():
    for name, output in (("binary_cross_entropy", [0.2, 0.9]), ("binary_cross_entropy_from_logits", [-1.4, 2.2])):
        row = LOSSES[name]
        assert row.decide(output) == [0, 1]
        assert row.correct(output, [0, 1])
        assert row.correct(output, [0.4, 0.6])
        assert not row.correct(output, [1, 1])
        assert [round(p[1], 1) for p in row.probabilities(output)] == [0.2, 0.9]


def test_huge_scores_have_probabilities():
    assert loss_row("signed_cross_entropy").probabilities(-HUGE) == [1.0, 0.0]
    assert loss_row("binary_cross_entropy_from_logits").probabilities(-HUGE) == [1.0, 0.0]
    assert loss_row("softmax_cross_entropy").probabilities([-1000.0, 1000.0]) == [0.0, 1.0]


# -- the table -------------------------------------------------------------------------------------------------------


def test_rows_are_found_by_name_and_by_function():
    for name, row in LOSSES.items():
        assert row.name == row.function.__name__ == name
        assert loss_row(name) is loss_row(row.function) is loss_row(row) is row


def test_what_rows_know():
    regressions = {"squared_error", "mean_squared_error"}
    likely = {"binary_cross_entropy_from_logits", "negative_log_likelihood"}
    likely |= {"signed_cross_entropy", "binary_cross_entropy", "softmax_cross_entropy"}
    assert {name for name, row in LOSSES.items() if row.correct is None} == regressions
    assert {name for name, row in LOSSES.items() if row.decide is None} == regressions
    assert {name for name, row in LOSSES.items() if row.probabilities} == likely
    assert {name for name, row in LOSSES.items() if row.labels == (-1, 1)} == {
        "zero_one",
        "perceptron",
        "hinge",
        "signed_cross_entropy",
    }
    assert {name for name, row in LOSSES.items() if row.labels == (0, 1)} == {
        name for name in LOSSES if "binary" in name
    }


def test_a_loss_of_ones_own():
    def absolute_error(output, target):
        return abs(output - target)

    assert loss_row(absolute_error) == LossRow("absolute_error", absolute_error, None, None, None, None)


# -- what is refused -------------------------------------------------------------------------------------------------

RANGE = "classes are 0 to 2"
ADVICE = "give the last layer one neuron per class"
ONE_PER_CLASS = "for one score per class use softmax_cross_entropy"
NO_CLASS = "a class is an int or a one-hot sequence, not "
NO_NUMBERS = "an output or a target is a number or a sequence of numbers, not "
NO_SIDE = "the target of a single score is 1 or -1, not "
NO_SHARE = "the target of a probability is a number from 0 to 1, not "
NO_PROBABILITY = "a probability is a number from 0 to 1, not "


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: softmax_cross_entropy(SCORES, 3), ValueError, "there is no class 3: with 3 scores, " + RANGE),
        (lambda: softmax_cross_entropy(SCORES, 4), ValueError, "there is no class 4: with 3 scores, " + RANGE),
        (lambda: softmax_cross_entropy(SCORES, -1), ValueError, "there is no class -1: with 3 scores, " + RANGE),
        (lambda: softmax_cross_entropy(SCORES, 1.0), TypeError, NO_CLASS + "float: write int(1.0)"),
        (lambda: softmax_cross_entropy(SCORES, 1.5), TypeError, NO_CLASS + "float"),
        (lambda: softmax_cross_entropy(SCORES, math.nan), TypeError, NO_CLASS + "float"),
        (lambda: softmax_cross_entropy(SCORES, True), TypeError, NO_CLASS + "bool: write 1 or 0"),
        (lambda: softmax_cross_entropy(SCORES, Value(1.0)), TypeError, NO_CLASS + "Value"),
        (lambda: softmax_cross_entropy(SCORES, "1"), TypeError, NO_NUMBERS + "str"),
        (lambda: softmax_cross_entropy(SCORES, {0, 1}), TypeError, NO_NUMBERS + "set"),
        (lambda: softmax_cross_entropy(SCORES, None), TypeError, NO_NUMBERS + "NoneType"),
        (lambda: softmax_cross_entropy({1.0, 2.0}, 0), TypeError, NO_NUMBERS + "set"),
        (lambda: softmax_cross_entropy("12", 0), TypeError, NO_NUMBERS + "str"),
        (lambda: softmax_cross_entropy({0: 1.0, 1: 2.0}, 0), TypeError, NO_NUMBERS + "dict"),
        (lambda: softmax_cross_entropy((y for y in SCORES), 0), TypeError, NO_NUMBERS + "generator"),
        (lambda: mean_squared_error(["1", "2"], [1.0, 2.0]), TypeError, NO_NUMBERS + "str"),
        (lambda: mean_squared_error(1.0, {1.0}), TypeError, NO_NUMBERS + "set"),
        (lambda: zero_one({1.0}, 1), TypeError, NO_NUMBERS + "set"),
        (lambda: hinge("1", 1), TypeError, NO_NUMBERS + "str"),
        (
            lambda: mean_squared_error([[1.0], [2.0]], [1.0, 2.0]),
            TypeError,
            "a loss takes the output and the target of one sample: of a batch, take the mean of its losses",
        ),
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
            lambda: softmax_cross_entropy(SCORES, [0, 0, 2]),
            ValueError,
            "a one-hot target for 3 scores is one 1 and 2 times 0, not [0, 0, 2]",
        ),
        (
            lambda: softmax_cross_entropy(SCORES, [1, 0, 0, 5]),
            ValueError,
            "a one-hot target for 3 scores is one 1 and 2 times 0, not [1, 0, 0, 5]",
        ),
        (
            lambda: softmax_cross_entropy(SCORES, [[1, 0, 0]]),
            TypeError,
            "a loss takes the output and the target of one sample: of a batch, take the mean of its losses",
        ),
        (
            lambda: softmax_cross_entropy(SCORES, [1.0, 0.0, 0.5]),
            ValueError,
            "a one-hot target for 3 scores is one 1 and 2 times 0, not [1.0, 0.0, 0.5]",
        ),
        (
            lambda: softmax_cross_entropy(Value(1.0), 0),
            TypeError,
            f"softmax_cross_entropy takes one score per class, not a single Value: {ADVICE}",
        ),
        (lambda: softmax_cross_entropy([1.0], 0), ValueError, "softmax_cross_entropy takes two scores or more, not 1"),
        (lambda: multiclass_hinge([1.0], 0), ValueError, "multiclass_hinge takes two scores or more, not 1"),
        (lambda: perceptron([1.0], 0), ValueError, "perceptron takes two scores or more, not 1"),
        (
            lambda: negative_log_likelihood(0.5, 0),
            TypeError,
            f"negative_log_likelihood takes one probability per class, not a single float: {ADVICE}",
        ),
        (
            lambda: negative_log_likelihood([1.0], 0),
            ValueError,
            "negative_log_likelihood takes two probabilities or more, not 1",
        ),
        (
            lambda: negative_log_likelihood([-1.4, -0.3], 0),
            ValueError,
            NO_PROBABILITY + "-1.4: for scores use softmax_cross_entropy",
        ),
        (
            lambda: binary_cross_entropy(Value(1.5), 1),
            ValueError,
            NO_PROBABILITY + "1.5: for scores use binary_cross_entropy_from_logits",
        ),
        (
            lambda: binary_cross_entropy(-0.5, 1),
            ValueError,
            NO_PROBABILITY + "-0.5: for scores use binary_cross_entropy_from_logits",
        ),
        (lambda: hinge(1.0, 0), ValueError, NO_SIDE + "0"),
        (lambda: hinge(1.0, True), ValueError, NO_SIDE + "True: write 1 or -1"),
        (lambda: perceptron(1.0, "1"), ValueError, NO_SIDE + "'1'"),
        (lambda: zero_one(1.0, 0), ValueError, NO_SIDE + "0"),
        (lambda: same_side(1.0, [1]), ValueError, NO_SIDE + "[1]"),
        (lambda: binary_cross_entropy(0.5, -1), ValueError, NO_SHARE + "-1"),
        (lambda: binary_cross_entropy(0.5, 1.5), ValueError, NO_SHARE + "1.5"),
        (lambda: binary_cross_entropy(0.5, math.nan), ValueError, NO_SHARE + "nan"),
        (lambda: binary_cross_entropy_from_logits(0.5, True), ValueError, NO_SHARE + "True: write 1 or 0"),
        (
            lambda: hinge([1.0, 2.0], 1),
            TypeError,
            "hinge takes a single score, not a list of 2: for one score per class use multiclass_hinge",
        ),
        (
            lambda: signed_cross_entropy(SCORES, 1),
            TypeError,
            "signed_cross_entropy takes a single score, not a tuple of 3: " + ONE_PER_CLASS,
        ),
        (
            lambda: same_side(SCORES, 1),
            TypeError,
            f"a loss of two sides takes a single score, not a tuple of 3: for one score per class use {CLASSES}",
        ),
        (lambda: same_class([], 0), ValueError, "a choice between classes takes two scores or more, not 0"),
        (lambda: mean_squared_error([1.0], [1.0, 2.0]), ValueError, "mean_squared_error: 1 output, but 2 targets"),
        (lambda: squared_error([1.0, 2.0], 1.0), ValueError, "squared_error: 2 outputs, but 1 target"),
        (lambda: mean_squared_error([], []), ValueError, "mean_squared_error: there are no outputs"),
        (lambda: binary_cross_entropy([], []), ValueError, "binary_cross_entropy: there are no outputs"),
        (lambda: loss_row("mse"), ValueError, f"no loss is called 'mse': choose one of {', '.join(LOSSES)}"),
        (lambda: loss_row(3), TypeError, "a loss is a name or a function (output, target), not int"),
    ],
)
def test_errors_read_well(use, error, message):
    with pytest.raises(error) as caught:
        use()
    assert str(caught.value) == message


def test_numpy_bools_are_no_classes():
    numpy = pytest.importorskip("numpy")
    with pytest.raises(TypeError, match=r"^a class is an int or a one-hot sequence, not bool_?: write 1 or 0$"):
        true_class(numpy.bool_(True), 2)
    with pytest.raises(TypeError, match=r"^a class is an int or a one-hot sequence, not float64: write int\(1.0\)$"):
        true_class(numpy.float64(1.0), 2)
