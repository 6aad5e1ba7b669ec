"""The losses: how wrong the output for one sample is, and whether it counts as correct.

A loss is a function (output, target) -> number of one sample; a batch has the mean of its samples' losses. What a
target is depends on the loss: a number to hit; a side, 1 or −1, of a single score; 0 or 1 (or a share between) for a
single probability; the index of the true class where there is one score or probability per class. `LOSSES` lists all
of them. This room does not know where outputs come from.
"""

from __future__ import annotations

import builtins
import functools
import math
import numbers
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from autograd import (
    Value,
    dot,
    equal,
    log,
    log1p,
    logsumexp,
    max,
    mean,
    relu,
    sigmoid,
    softmax,
    softplus,
    square,
    sum,
    where,
)
from nn.checks import called, counted

__all__ = [
    "LOSSES",
    "Loss",
    "LossRow",
    "TargetNumbers",
    "binary_cross_entropy",
    "binary_cross_entropy_from_logits",
    "hinge",
    "loss_row",
    "mean_squared_error",
    "multiclass_hinge",
    "negative_log_likelihood",
    "perceptron",
    "same_class",
    "same_side",
    "signed_cross_entropy",
    "softmax_cross_entropy",
    "squared_error",
    "true_class",
    "zero_one",
]

Loss = Callable[[Any, Any], Any]

# -- numbers to hit --------------------------------------------------------------------------------------------------


def squared_error(output: Any, target: Any) -> Any:
    """Return half the sum of (output − target)², whose slope is output − target.

    Args:
        output: a number, or a sequence of numbers (Values, floats).
        target: likewise, of the same length.

    Raises:
        ValueError: the lengths differ, or they are empty.
        TypeError: one is not a number nor a sequence of numbers.

    Example:
        >>> squared_error([1.0, 2.0], [0.0, 4.0])
        2.5
    """
    differences = [y - t for y, t in _pairs(output, target, "squared_error")]
    halves = [0.5 * each * each for each in differences]  # the half first: a square alone may overflow
    return halves[0] if len(halves) == 1 else sum(halves)


def mean_squared_error(output: Any, target: Any) -> Any:
    """Return the mean of (output − target)².

    Args:
        output: a number, or a sequence of numbers (Values, floats).
        target: likewise, of the same length.

    Raises:
        ValueError: the lengths differ, or they are empty.
        TypeError: one is not a number nor a sequence of numbers.

    Example:
        >>> mean_squared_error([1.0, 2.0], [0.0, 4.0])
        2.5
    """
    return _mean([square(y - t) for y, t in _pairs(output, target, "mean_squared_error")])


# -- two classes: a single score, whose sign is the predicted side ---------------------------------------------------


def zero_one(output: Any, target: Any) -> float:
    """Return 0.0 if the output is correct, else 1.0; its mean over samples is the error rate.

    It cannot train a model: it is flat wherever it does not jump, so that it has no slope to follow, and it returns
    plain floats. Measure with it, and train with a loss that leans towards it, such as `hinge`.

    Args:
        output: a single score, or a sequence with one score per class.
        target: 1 or −1 for a single score; the true class for several, see `true_class`.

    Raises:
        ValueError: the target is no side or no class.
        TypeError: output or target is of a wrong type.

    Convention: see `same_side` and `same_class`.

    Example:
        >>> zero_one(0.25, 1), zero_one(0.25, -1), zero_one([3.2, 5.1, -1.7], 0)
        (0.0, 1.0, 1.0)
    """
    return 0.0 if _is_correct(output, target) else 1.0


def perceptron(output: Any, target: Any) -> Any:
    """Return how far the output is from being correct: 0 if it is correct.

    Of a single score max(0, −target · score); of several max(scores) − scores[true class].

    Args:
        output: a single score, or a sequence with one score per class; 2 or more.
        target: 1 or −1 for a single score; the true class for several, see `true_class`.

    Raises:
        ValueError: the target is no side or no class, or there is one score in a sequence.
        TypeError: output or target is of a wrong type.

    Convention: the slope at a single score of exactly 0 is 0, so that a model whose weights are all 0 does not start to
        learn; equal highest scores share the slope evenly.

    Example:
        >>> perceptron(0.25, 1), perceptron(0.25, -1), round(perceptron([3.2, 5.1, -1.7], 0), 2)
        (0.0, 0.25, 1.9)

    Source: Rosenblatt, 1958 (the rule); Collins, 2002 (several classes).
    """
    if _is_sequence(output):
        return max([0.0, *_leads(output, target, "perceptron")])
    return relu(-_side(target) * output)


def hinge(score: Any, target: float) -> Any:
    """Return max(0, 1 − target · score): zero once the score lies on its side with a margin of 1.

    Args:
        score: a number; its sign is the predicted side.
        target: 1 or −1.

    Raises:
        ValueError: the target is neither.
        TypeError: the score is not a single number.

    Convention: the slope at a margin of exactly 1 is 0.

    Example:
        >>> hinge(0.25, 1), hinge(0.25, -1), hinge(3.0, 1)
        (0.75, 1.25, 0.0)

    Source: Cortes and Vapnik, 1995.
    """
    return relu(1.0 - _side(target) * _single(score, "hinge", "multiclass_hinge"))


def signed_cross_entropy(score: Any, target: float) -> Any:
    """Return −log of the probability e^(tz) / (e^z + e^−z) of the true side t at the score z, in nats.

    That is softplus(−2tz): softmax cross-entropy of the two scores z and −z.

    Args:
        score: a number; its sign is the predicted side.
        target: 1 or −1.

    Raises:
        ValueError: the target is neither.
        TypeError: the score is not a single number.

    Example:
        >>> round(signed_cross_entropy(0.0, 1), 4)  # log 2: both sides are equally likely
        0.6931
        >>> signed_cross_entropy(-1000.0, 1)
        2000.0
    """
    return softplus((-2.0 * _side(target)) * _single(score, "signed_cross_entropy", "softmax_cross_entropy"))


# -- two classes: a single probability, or the logit it comes from ---------------------------------------------------


def binary_cross_entropy(output: Any, target: Any) -> Any:
    """Return −t log p − (1 − t) log(1 − p) at the probability p of class 1 and the target t, in nats.

    It is exactly 0 at certain right answers and inf at certain wrong ones. A sigmoid rounds to such certainty from a
    score of 37 on: `binary_cross_entropy_from_logits` keeps both loss and slope there.

    Args:
        output: a probability from 0 to 1, such as a sigmoid gives; or a sequence of them, for several yes-or-no
            questions about one sample: the loss is their mean.
        target: 0 or 1, or any number between, the share of class 1; or a sequence of them, of the same length.

    Raises:
        ValueError: a number is not from 0 to 1, the lengths differ, or they are empty.
        TypeError: one is not a number nor a sequence of numbers.

    Example:
        >>> round(binary_cross_entropy(0.25, 1), 4), binary_cross_entropy(1.0, 1)  # log 4
        (1.3863, 0.0)
        >>> binary_cross_entropy(0.0, 1)
        inf
    """
    pairs = _pairs(output, target, "binary_cross_entropy")
    advice = "for scores use binary_cross_entropy_from_logits"
    return _mean([_either(_share(t), _minus_log, _minus_log_rest, _probability(p, advice)) for p, t in pairs])


def binary_cross_entropy_from_logits(output: Any, target: Any) -> Any:
    """Return `binary_cross_entropy` of sigmoid(output), without its rounding: t softplus(−z) + (1 − t) softplus(z).

    Args:
        output: a score z of any size (a logit: no sigmoid has been applied); or a sequence of them, for several
            yes-or-no questions about one sample: the loss is their mean.
        target: 0 or 1, or any number between, the share of class 1; or a sequence of them, of the same length.

    Raises:
        ValueError: a target is not from 0 to 1, the lengths differ, or they are empty.
        TypeError: one is not a number nor a sequence of numbers.

    Example:
        >>> round(binary_cross_entropy_from_logits(0.0, 1), 4)  # log 2: the probability is 1/2
        0.6931
        >>> binary_cross_entropy_from_logits(-1000.0, 1), binary_cross_entropy_from_logits(1000.0, 1)
        (1000.0, 0.0)
    """
    pairs = _pairs(output, target, "binary_cross_entropy_from_logits")
    return _mean([_either(_share(t), _softplus_of_minus, softplus, z) for z, t in pairs])


# -- several classes -------------------------------------------------------------------------------------------------


def softmax_cross_entropy(scores: Sequence[Any], target: Any) -> Any:
    """Return −log of the probability that softmax gives to the true class, in nats.

    loss = log Σ e^(score − score of the true class), which neither overflows nor loses the gradient at large scores.
    The differences are rounded: where the true score lies d below the others, slopes are good to about d · 2⁻⁵³.

    By hand: the scores 3.2, 5.1 and −1.7 have the exponentials 24.5, 164.0 and 0.18, which are 0.13, 0.87 and 0.00 of
    their sum. If class 0 is the true one, the loss is −log 0.13 = 2.04 nats. The logarithm is the natural one; with the
    decimal logarithm it would be 0.89, a slip found in print.

    Args:
        scores: one number per class, of any size (logits: no softmax has been applied); 2 or more.
        target: the true class, as its index from 0 or as a one-hot sequence.

    Raises:
        ValueError: there is no such class, the target is not one-hot, or there are fewer than two scores.
        TypeError: scores is not a sequence, or the target neither an int nor a sequence.

    Example:
        >>> round(softmax_cross_entropy([3.2, 5.1, -1.7], 0), 2)
        2.04
        >>> softmax_cross_entropy([1000.0, -1000.0], [0, 1])
        2000.0
    """
    return logsumexp([0.0, *_leads(scores, target, "softmax_cross_entropy")])


def multiclass_hinge(scores: Sequence[Any], target: Any) -> Any:
    """Return max(0, 1 + the highest other score − score of the true class): zero once it leads by a margin of 1.

    Args:
        scores: one number per class; 2 or more.
        target: the true class, as its index from 0 or as a one-hot sequence.

    Raises:
        ValueError: there is no such class, the target is not one-hot, or there are fewer than two scores.
        TypeError: scores is not a sequence, or the target neither an int nor a sequence.

    Convention: the slope at a margin of exactly 1 is 0; equal highest other scores share the slope evenly.

    Example:
        >>> multiclass_hinge([3.0, 5.0, -1.0], 0), multiclass_hinge([3.0, 5.0, -1.0], 1)
        (3.0, 0.0)

    Source: Crammer and Singer, 2001.
    """
    return relu(1.0 + max(_leads(scores, target, "multiclass_hinge")))


def negative_log_likelihood(probabilities: Sequence[Any], target: Any) -> Any:
    """Return −log of the probability of the true class, in nats.

    For a model whose last activation is softmax. `softmax_cross_entropy` of its scores is the same, and stays finite
    where a probability rounds to 0.

    Args:
        probabilities: one number from 0 to 1 per class (not their logarithms); 2 or more.
        target: the true class, as its index from 0 or as a one-hot sequence.

    Raises:
        ValueError: a probability is not from 0 to 1, there is no such class, the target is not one-hot, or there are
            fewer than two probabilities.
        TypeError: probabilities is not a sequence, or the target neither an int nor a sequence.

    Example:
        >>> round(negative_log_likelihood([0.25, 0.75], 0), 4)  # log 4
        1.3863
        >>> negative_log_likelihood([0.0, 1.0], 1), negative_log_likelihood([0.0, 1.0], 0)
        (0.0, inf)
    """
    given = _of_probabilities(probabilities)
    return _minus_log(given[true_class(target, len(given))])


# -- what is correct -------------------------------------------------------------------------------------------------


def true_class(target: Any, n_classes: int) -> int:
    """Return the class that an index or a one-hot sequence names.

    Raises:
        ValueError: there is no such class, or the sequence is not one-hot.
        TypeError: it is neither an int nor a sequence; a bool or a float is no class.

    Example:
        >>> true_class(2, 3), true_class([0, 0, 1], 3)
        (2, 2)
    """
    if _is_sequence(target):
        return _hot(_listed(target), n_classes)
    try:
        index = _index(target)
    except TypeError:
        raise TypeError(
            f"a class is an int or a one-hot sequence, not {type(target).__name__}{_as_class(target)}"
        ) from None
    if not 0 <= index < n_classes:
        raise ValueError(f"there is no class {index}: with {n_classes} scores, classes are 0 to {n_classes - 1}")
    return index


def same_class(scores: Sequence[Any], target: Any) -> bool:
    """Return whether the highest score is that of the true class; of equal ones the first counts.

    Args:
        scores: one number per class.
        target: the true class, see `true_class`.

    Raises:
        ValueError: there are fewer than two scores, or the target is no class.
        TypeError: scores or target are of a wrong type.

    Convention: where a score is nan, no class is highest.

    Example:
        >>> same_class([3.2, 5.1, -1.7], 0)
        False
    """
    highest = _highest(scores)
    return true_class(target, len(_listed(scores))) == highest


def same_side(score: Any, target: float) -> bool:
    """Return whether a score lies on the side of its target: above 0 for 1, not above 0 for −1.

    Args:
        score: a number.
        target: 1 or −1.

    Raises:
        ValueError: the target is neither.
        TypeError: the score is not a single number.

    Convention: nan lies on neither side.

    Example:
        >>> same_side(0.25, 1), same_side(0.25, -1), same_side(0.0, -1)
        (True, False, True)
    """
    return _sign(score) == _side(target)


# -- the table -------------------------------------------------------------------------------------------------------


class TargetNumbers(NamedTuple):
    """How the target of a loss becomes numbers that may differ from sample to sample while the computation does not.

    Attributes:
        encode: (target, how many outputs there are in the list, or None for a single one) -> floats; it raises what the
            loss raises.
        function: (output, those floats, or Values of them) -> the loss, with the same value and the same slopes.
    """

    encode: Callable[[Any, int | None], list[float]]
    function: Callable[[Any, Sequence[Any]], Any]


class LossRow(NamedTuple):
    """One loss, and how outputs that were trained with it are read.

    Attributes:
        name: as users write it.
        function: (output, target) of one sample -> number.
        correct: (output, target) -> whether the output is correct; None where that is not defined.
        probabilities: output -> one probability per class, in the order of the classes; None where outputs are no
            probabilities. Of several yes-or-no questions one such list for each.
        decide: output -> the predicted class, coded as the targets are; for nan None. None where nothing is decided.
            An output is correct if this is its target.
        labels: how the targets of a single score code class 0 and class 1; None where they are indices or no classes.
        of_numbers: the loss as a function of numbers, for replay; None where it is only known as `function`.

    Example:
        >>> within = LossRow("within a tenth", squared_error, lambda output, target: abs(output - target) < 0.1)
        >>> from nn import score
        >>> print(score(lambda x: 2.0 * x, [1.0, 2.0], [2.0, 4.5], loss=within))
        loss 0.0625, accuracy 50.0%
    """

    name: str
    function: Loss
    correct: Callable[[Any, Any], bool] | None = None
    probabilities: Callable[[Any], list[Any]] | None = None
    decide: Callable[[Any], Any] | None = None
    labels: tuple[int, int] | None = None
    of_numbers: TargetNumbers | None = None


def loss_row(loss: str | LossRow | Loss) -> LossRow:
    """Return the row of a loss given by name, or by its function.

    Args:
        loss: a name in `LOSSES`, a function (output, target) -> number, or a row of one's own.

    Returns:
        The row; of a function that is not in the table one that knows nothing but its name.

    Raises:
        ValueError: no loss has this name; the message lists them.
        TypeError: it is neither a name nor a function.

    Example:
        >>> loss_row("hinge").labels, loss_row(hinge).decide(-3.0)
        ((-1, 1), -1)
    """
    if isinstance(loss, LossRow):
        return loss
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise ValueError(f"no loss is called {loss!r}: choose one of {', '.join(LOSSES)}")
        return LOSSES[loss]
    if not callable(loss):
        raise TypeError(f"a loss is a name or a function (output, target), not {type(loss).__name__}")
    named = next((row for row in LOSSES.values() if row.function is loss), None)
    return named or LossRow(called(loss), loss)


SIDES = (-1, 1)
BITS = (0, 1)


def _is_correct(output: Any, target: Any) -> bool:
    return same_class(output, target) if _is_sequence(output) else same_side(output, target)


def _decision(output: Any) -> int | None:
    return _highest(output) if _is_sequence(output) else _sign(output)


def _sign(score: Any) -> int | None:
    return _above(0.0, _single(score, "a loss of two sides", "multiclass_hinge or softmax_cross_entropy"), SIDES)


def _highest(scores: Any) -> int | None:
    """Return the index of the highest score, of equal ones the first; None if any is nan."""
    given = [_number(score) for score in _per_class(scores, "a choice between classes", "score", "scores")]
    return None if any(score != score for score in given) else given.index(builtins.max(given))


def _above(threshold: float, output: Any, labels: tuple[int, int]) -> int | None:
    """Return the second label for a number above the threshold, the first for any other, None for nan."""
    given = _number(output)
    return None if given != given else labels[given > threshold]


def _bit_of_probability(output: Any) -> Any:
    return _each(lambda p: _above(0.5, p, BITS), output)


def _bit_of_logit(output: Any) -> Any:
    return _each(lambda z: _above(0.0, z, BITS), output)


def _same_bits(output: Any, target: Any, *, decide: Callable[[Any], Any], loss: str) -> bool:
    """Return whether all probabilities (or logits) are on the side of their targets; a share above 1/2 counts as 1."""
    return all(decide(y) == (_share(t) > 0.5) for y, t in _pairs(output, target, loss))


def _of_probability(output: Any) -> list[Any]:
    return cast("list[Any]", _each(_pair_of_probability, output))


def _pair_of_probability(p: Any) -> list[Any]:
    _probability(p, "for scores use binary_cross_entropy_from_logits")
    return [1.0 - p, p]


def _of_probabilities(output: Any) -> list[Any]:
    given = _per_class(output, "negative_log_likelihood", "probability", "probabilities")
    for each in given:
        _probability(each, "for scores use softmax_cross_entropy")
    return given


def _of_scores(output: Any) -> list[Any]:
    return softmax(_per_class(output, "softmax_cross_entropy", "score", "scores"))


def _of_logit(output: Any) -> list[Any]:
    return cast("list[Any]", _each(lambda z: [sigmoid(-z), sigmoid(z)], output))


def _of_signed_score(output: Any) -> list[Any]:
    return _of_logit(2.0 * _single(output, "signed_cross_entropy", "softmax_cross_entropy"))


# -- targets as numbers ----------------------------------------------------------------------------------------------


def _listed_numbers(target: Any, width: int | None) -> list[float]:  # noqa: ARG001 # one signature for all
    given = _listed(target)
    if not all(map(_is_real, given)):
        raise TypeError(f"a target is a number or a sequence of numbers, not {target!r}")
    return [float(each) for each in given]


def _one_side(target: Any, width: int | None) -> list[float]:
    if width is not None:
        raise TypeError("a side is the target of a single score")
    return [_side(target)]


def _shares(target: Any, width: int | None) -> list[float]:  # noqa: ARG001 # one signature for all
    return [_share(each) for each in _listed(target)]


def _one_hot(target: Any, width: int | None) -> list[float]:
    if width is None:
        raise TypeError("a class is the target of one score per class")
    true = true_class(target, width)
    return [float(k == true) for k in range(width)]


def _side_or_one_hot(target: Any, width: int | None) -> list[float]:
    return _one_side(target, width) if width is None else _one_hot(target, width)


def _perceptron_of_numbers(output: Any, target: Sequence[Any]) -> Any:
    if _is_sequence(output):
        return max(_all_leads(output, target, "perceptron", 0.0))
    return relu(-target[0] * output)


def _hinge_of_numbers(score: Any, target: Sequence[Any]) -> Any:
    return relu(1.0 - target[0] * _single(score, "hinge", "multiclass_hinge"))


def _signed_of_numbers(score: Any, target: Sequence[Any]) -> Any:
    return softplus((-2.0 * target[0]) * _single(score, "signed_cross_entropy", "softmax_cross_entropy"))


def _softmax_of_numbers(scores: Any, target: Sequence[Any]) -> Any:
    return logsumexp(_all_leads(scores, target, "softmax_cross_entropy", 0.0))


def _multiclass_hinge_of_numbers(scores: Any, target: Sequence[Any]) -> Any:
    return relu(1.0 + max(_all_leads(scores, target, "multiclass_hinge", -math.inf)))


def _likelihood_of_numbers(probabilities: Any, target: Sequence[Any]) -> Any:
    given = _of_probabilities(probabilities)
    return _minus_log(dot(target, given))


def _binary_of_numbers(output: Any, target: Sequence[Any]) -> Any:
    pairs = _pairs(output, target, "binary_cross_entropy")
    advice = "for scores use binary_cross_entropy_from_logits"
    return _mean([_any_share(t, _minus_log(_probability(p, advice)), _minus_log_rest(p)) for p, t in pairs])


def _logits_of_numbers(output: Any, target: Sequence[Any]) -> Any:
    pairs = _pairs(output, target, "binary_cross_entropy_from_logits")
    return _mean([_any_share(t, softplus(-z), softplus(z)) for z, t in pairs])


def _all_leads(scores: Any, hot: Sequence[Any], loss: str, of_true: float) -> list[Any]:
    """Return how far each score is above that of the true class; for the true one itself a constant."""
    given = _per_class(scores, loss, "score", "scores")
    true = dot(hot, given)  # exact: all factors are 0 or 1
    return [where(each, of_true, score - true) for each, score in zip(hot, given)]


def _any_share(share: Any, if_one: Any, if_zero: Any) -> Any:
    """Return what `_either` does, of a share that is not known beforehand."""
    between = share * if_one + (1.0 - share) * if_zero
    return where(equal(share, 1.0), if_one, where(equal(share, 0.0), if_zero, between))


LOSSES: dict[str, LossRow] = {
    row.name: row
    for row in (
        LossRow("squared_error", squared_error, of_numbers=TargetNumbers(_listed_numbers, squared_error)),
        LossRow(
            "mean_squared_error", mean_squared_error, of_numbers=TargetNumbers(_listed_numbers, mean_squared_error)
        ),
        LossRow("zero_one", zero_one, _is_correct, None, _decision, SIDES),
        LossRow(
            "perceptron",
            perceptron,
            _is_correct,
            None,
            _decision,
            SIDES,
            TargetNumbers(_side_or_one_hot, _perceptron_of_numbers),
        ),
        LossRow("hinge", hinge, same_side, None, _sign, SIDES, TargetNumbers(_one_side, _hinge_of_numbers)),
        LossRow(
            "signed_cross_entropy",
            signed_cross_entropy,
            same_side,
            _of_signed_score,
            _sign,
            SIDES,
            TargetNumbers(_one_side, _signed_of_numbers),
        ),
        LossRow(
            "binary_cross_entropy",
            binary_cross_entropy,
            functools.partial(_same_bits, decide=_bit_of_probability, loss="binary_cross_entropy"),
            _of_probability,
            _bit_of_probability,
            BITS,
            TargetNumbers(_shares, _binary_of_numbers),
        ),
        LossRow(
            "binary_cross_entropy_from_logits",
            binary_cross_entropy_from_logits,
            functools.partial(_same_bits, decide=_bit_of_logit, loss="binary_cross_entropy_from_logits"),
            _of_logit,
            _bit_of_logit,
            BITS,
            TargetNumbers(_shares, _logits_of_numbers),
        ),
        LossRow(
            "softmax_cross_entropy",
            softmax_cross_entropy,
            same_class,
            _of_scores,
            _highest,
            of_numbers=TargetNumbers(_one_hot, _softmax_of_numbers),
        ),
        LossRow(
            "multiclass_hinge",
            multiclass_hinge,
            same_class,
            None,
            _highest,
            of_numbers=TargetNumbers(_one_hot, _multiclass_hinge_of_numbers),
        ),
        LossRow(
            "negative_log_likelihood",
            negative_log_likelihood,
            same_class,
            _of_probabilities,
            _highest,
            of_numbers=TargetNumbers(_one_hot, _likelihood_of_numbers),
        ),
    )
}
"""Every loss that has a name, by name. `zero_one` is for measuring: it cannot train."""

# -- what outputs and targets are ------------------------------------------------------------------------------------


def _is_sequence(given: Any) -> bool:
    """Return whether an output or a target is a sequence, not a number; raise where it is neither."""
    if isinstance(given, (Value, float, int)):
        return False
    if isinstance(given, (list, tuple)):
        return True
    unordered = hasattr(given, "__iter__") and not hasattr(given, "__getitem__")  # a set, a generator
    if unordered or given is None or isinstance(given, (str, bytes, Mapping)):
        kind = type(cast("Any", given)).__name__
        raise TypeError(f"an output or a target is a number or a sequence of numbers, not {kind}")
    return hasattr(given, "__len__") and getattr(given, "ndim", 1) != 0


def _listed(given: Any) -> list[Any]:
    """Return the output or the target of one sample as a list; a number as a list of one."""
    if not _is_sequence(given):
        return [given]
    items = given.tolist() if hasattr(given, "tolist") else list(given)
    if any(map(_is_sequence, items)):
        raise TypeError("a loss takes the output and the target of one sample: of a batch, take the mean of its losses")
    return cast("list[Any]", items)


def _pairs(output: Any, target: Any, loss: str) -> list[tuple[Any, Any]]:
    """Return each output with its target."""
    outputs, targets = _listed(output), _listed(target)
    if len(outputs) != len(targets):
        raise ValueError(f"{loss}: {counted(len(outputs), 'output')}, but {counted(len(targets), 'target')}")
    if not outputs:
        raise ValueError(f"{loss}: there are no outputs")
    return list(zip(outputs, targets))


def _per_class(given: Any, loss: str, noun: str, nouns: str) -> list[Any]:
    """Return one number per class as a list."""
    if not _is_sequence(given):
        raise TypeError(
            f"{loss} takes one {noun} per class, not a single {type(given).__name__}: "
            "give the last layer one neuron per class"
        )
    items = _listed(given)
    if len(items) < 2:
        raise ValueError(f"{loss} takes two {nouns} or more, not {len(items)}")
    return items


def _leads(scores: Any, target: Any, loss: str) -> list[Any]:
    """Return how far the score of each other class is above that of the true one."""
    given = _per_class(scores, loss, "score", "scores")
    true = true_class(target, len(given))
    return [score - given[true] for k, score in enumerate(given) if k != true]


def _single(score: Any, loss: str, instead: str) -> Any:
    """Return a score that is one number."""
    if _is_sequence(score):
        raise TypeError(
            f"{loss} takes a single score, not a {type(score).__name__} of {len(score)}: "
            f"for one score per class use {instead}"
        )
    return score


def _side(target: Any) -> float:
    if not _is_real(target) or target not in SIDES:
        hint = ": write 1 or -1" if _is_bool(target) else ""
        raise ValueError(f"the target of a single score is 1 or -1, not {target!r}{hint}")
    return float(target)


def _share(target: Any) -> float:
    if not _is_real(target) or not 0.0 <= target <= 1.0:
        hint = ": write 1 or 0" if _is_bool(target) else ""
        raise ValueError(f"the target of a probability is a number from 0 to 1, not {target!r}{hint}")
    return float(target)


def _probability(given: Any, advice: str) -> Any:
    """Return a probability that is in its range, or nan; of a Value, that is a comparison which replays check too."""
    if given < 0.0 or given > 1.0:
        raise ValueError(f"a probability is a number from 0 to 1, not {_number(given)}: {advice}")
    return given


def _hot(target: list[Any], n_classes: int) -> int:
    if len(target) != n_classes or target.count(1) != 1 or target.count(0) != n_classes - 1:
        raise ValueError(f"a one-hot target for {n_classes} scores is one 1 and {n_classes - 1} times 0, not {target}")
    return target.index(1)


def _index(target: Any) -> int:
    if _is_bool(target):  # which Python, and NumPy 1, take for an int
        raise TypeError
    return operator.index(target)


def _is_bool(target: Any) -> bool:
    return type(target).__name__ in ("bool", "bool_")  # Python's and NumPy's


def _as_class(target: Any) -> str:
    """Return how to write a class that was given as something else, if that is clear."""
    if _is_bool(target):
        return ": write 1 or 0"
    if _is_real(target) and float(target).is_integer():
        return f": write int({float(target)})"
    return ""


def _is_real(target: Any) -> bool:
    return isinstance(target, numbers.Real) and not isinstance(target, bool)


def _number(output: Any) -> float:
    return output.data if isinstance(output, Value) else float(output)


# -- terms of losses -------------------------------------------------------------------------------------------------


def _mean(terms: list[Any]) -> Any:
    return terms[0] if len(terms) == 1 else mean(terms)


def _either(share: float, if_one: Callable[[Any], Any], if_zero: Callable[[Any], Any], output: Any) -> Any:
    """Return share · if_one + (1 − share) · if_zero, leaving out what has no share: it may be infinite."""
    if share == 1.0:
        return if_one(output)
    if share == 0.0:
        return if_zero(output)
    return share * if_one(output) + (1.0 - share) * if_zero(output)


def _minus_log(p: Any) -> Any:
    return 0.0 - log(p)  # not -log(p), which is -0.0 at 1


def _minus_log_rest(p: Any) -> Any:
    return -log1p(-p)


def _softplus_of_minus(z: Any) -> Any:
    return softplus(-z)


def _each(function: Callable[[Any], Any], output: Any) -> Any:
    """Return a function of a number, or of each number in a sequence."""
    return [function(each) for each in _listed(output)] if _is_sequence(output) else function(output)
