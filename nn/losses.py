"""The losses: how wrong the output for one sample is, and whether it counts as correct.

A loss is a function (output, target) -> number of one sample; a batch has the mean of its samples' losses. This room
does not know where outputs come from.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, cast

from autograd import Value, logsumexp, mean, relu, square

__all__ = ["CORRECT", "Loss", "hinge", "mean_squared_error", "same_class", "same_side", "softmax_cross_entropy"]

Loss = Callable[[Any, Any], Any]


def mean_squared_error(output: Any, target: Any) -> Any:
    """Return the mean of (output − target)².

    Args:
        output: a number, or a sequence of numbers (Values, floats).
        target: likewise, of the same length.

    Raises:
        ValueError: the lengths differ, or they are empty.

    Example:
        >>> mean_squared_error([1.0, 2.0], [0.0, 4.0])
        2.5
    """
    outputs, targets = _as_list(output), _as_list(target)
    if len(outputs) != len(targets):
        raise ValueError(f"mean_squared_error: {_numbered(outputs, 'output')}, but {_numbered(targets, 'target')}")
    if not outputs:
        raise ValueError("mean_squared_error: there are no outputs")
    squares = [square(y - t) for y, t in zip(outputs, targets)]
    return squares[0] if len(squares) == 1 else mean(squares)


def softmax_cross_entropy(scores: Sequence[Any], target: Any) -> Any:
    """Return −log of the probability that softmax gives to the true class, in nats.

    loss = logsumexp(scores) − scores[true class], which neither overflows nor loses the gradient at large scores.

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
    if not hasattr(scores, "__len__") or len(scores) < 2:
        raise _no_scores(scores)
    true_score = scores[true_class(target, len(scores))]
    return logsumexp(scores) - true_score


def hinge(score: Any, target: float) -> Any:
    """Return max(0, 1 − target · score): zero once the score lies on its side with a margin of 1.

    Args:
        score: a number; its sign is the predicted side.
        target: 1 or −1.

    Raises:
        ValueError: the target is neither.

    Convention: the slope at a margin of exactly 1 is 0.

    Example:
        >>> hinge(0.25, 1), hinge(0.25, -1), hinge(3.0, 1)
        (0.75, 1.25, 0.0)
    """
    return relu(1.0 - _side(target) * score)


def true_class(target: Any, n_classes: int) -> int:
    """Return the class that an index or a one-hot sequence names.

    Raises:
        ValueError: there is no such class, or the sequence is not one-hot.
        TypeError: it is neither an int nor a sequence.

    Example:
        >>> true_class(2, 3), true_class([0, 0, 1], 3)
        (2, 2)
    """
    if hasattr(target, "__len__") and not isinstance(target, str):
        return _hot(list(target), n_classes)
    try:
        index = operator.index(cast("Any", target))
    except TypeError:
        raise TypeError(f"a class is an int or a one-hot sequence, not {type(target).__name__}") from None
    if not 0 <= index < n_classes:
        raise ValueError(f"there is no class {index}: with {n_classes} scores, classes are 0 to {n_classes - 1}")
    return index


def same_class(scores: Sequence[Any], target: Any) -> bool:
    """Return whether the highest score is that of the true class; of equal ones the first counts.

    Example:
        >>> same_class([3.2, 5.1, -1.7], 0)
        False
    """
    numbers = [_number(score) for score in scores]
    return numbers.index(max(numbers)) == true_class(target, len(numbers))


def same_side(score: Any, target: float) -> bool:
    """Return whether a score has the sign of its target; 0 is on neither side.

    Example:
        >>> same_side(0.25, 1), same_side(0.25, -1), same_side(0.0, -1)
        (True, False, False)
    """
    return _number(score) * _side(target) > 0.0


CORRECT: dict[Loss, Callable[[Any, Any], bool]] = {softmax_cross_entropy: same_class, hinge: same_side}
"""For each loss of a classification: whether the output for one sample is correct, so that accuracy can be measured."""


def _as_list(numbers: Any) -> list[Any]:
    return list(numbers) if hasattr(numbers, "__len__") else [numbers]


def _numbered(items: Sequence[Any], noun: str) -> str:
    return f"{len(items)} {noun}{'s' * (len(items) != 1)}"


def _hot(target: list[Any], n_classes: int) -> int:
    if len(target) != n_classes or sorted(target) != [0] * (n_classes - 1) + [1]:
        raise ValueError(f"a one-hot target for {n_classes} scores is one 1 and {n_classes - 1} times 0, not {target}")
    return target.index(1)


def _no_scores(scores: Any) -> Exception:
    if not hasattr(scores, "__len__"):
        return TypeError(
            f"softmax_cross_entropy takes one score per class, not a single {type(scores).__name__}: "
            "give the last layer one neuron per class"
        )
    return ValueError(f"softmax_cross_entropy takes two scores or more, not {len(scores)}")


def _number(output: Any) -> float:
    return output.data if isinstance(output, Value) else float(output)


def _side(target: float) -> float:
    if target not in (1, -1):
        raise ValueError(f"a hinge target is 1 or -1, not {target!r}")
    return float(target)
