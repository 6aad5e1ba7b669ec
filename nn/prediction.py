"""Predictions: what a model says, how likely it says a class is, and how often it is right. Nothing is recorded.

This room knows models as functions of one sample, and asks the row of a loss (`nn.losses`) what outputs mean. It does
not know how a model was trained. A `Module` is in evaluation mode here, whatever mode it was in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd import Value, mean, no_grad
from nn.columns import aligned
from nn.losses import Loss, LossRow, loss_row
from nn.module import Module, evaluating, plain

__all__ = ["ConfusionMatrix", "Score", "confusion_matrix", "predict", "predict_class", "predict_proba", "score"]

FEW = 4
"""Samples that are not worth an array."""

Model = Callable[[Any], Any]
Correct = Callable[[Any, Any], bool]


class Score(NamedTuple):
    """How well a model does on some samples.

    Attributes:
        loss: mean over the samples; in the units of the loss.
        accuracy: share of correct outputs, from 0 to 1; None where the loss does not define what is correct.

    Example:
        >>> print(Score(0.25, 0.9), Score(1.5, None), sep=" and ")
        loss 0.25, accuracy 90.0% and loss 1.5
    """

    loss: float
    accuracy: float | None

    def __str__(self) -> str:
        accuracy = "" if self.accuracy is None else f", accuracy {self.accuracy:.1%}"
        return f"loss {self.loss:.4g}{accuracy}"


class ConfusionMatrix(NamedTuple):
    r"""How often each class was taken for each.

    Attributes:
        classes: in the order of rows and columns.
        counts: a row per true class, in it a column per predicted class.

    Example:
        >>> matrix = ConfusionMatrix(["cat", "dog"], [[1, 1], [0, 2]])
        >>> print(matrix)
        true \ predicted  cat  dog
        cat                 1    1
        dog                 0    2
        >>> matrix.accuracy
        0.75
    """

    classes: list[Any]
    counts: list[list[int]]

    @property
    def accuracy(self) -> float:
        """The share of samples on the diagonal, from 0 to 1; nan of no samples."""
        total = sum(map(sum, self.counts))
        return sum(row[k] for k, row in enumerate(self.counts)) / total if total else math.nan

    def __str__(self) -> str:
        heads = ["true \\ predicted", *map(str, self.classes)]
        return aligned([heads, *([str(name), *map(str, row)] for name, row in zip(self.classes, self.counts))])


def predict(model: Model, inputs: Any) -> Any:
    """Return the outputs of a model as plain floats, one entry per sample.

    Args:
        model: a function of one sample's inputs, usually a `Module`.
        inputs: one entry per sample; a list, or an array or a frame of shape (n_samples, n_inputs).

    Returns:
        Of a list a list: for each sample a float, or a list of floats if the model has several outputs. Of an array an
        array, of shape (n_samples,) or (n_samples, n_outputs); its sums may be rounded otherwise.

    Raises:
        ValueError: a sample does not fit the model.
        TypeError: inputs are no samples, or an output is neither a number nor a list of numbers.

    Example:
        >>> from nn import MLP
        >>> predict(MLP(2, [1]), [[0.0, 0.0], [0.0, 0.0]])
        [0.0, 0.0]
    """
    inputs = _unframed(inputs)
    if not hasattr(inputs, "ndim"):
        if not hasattr(inputs, "__iter__"):
            raise TypeError(f"inputs are a list or an array with one entry per sample, not {type(inputs).__name__}")
        with no_grad(), evaluating(model):
            return [plain(output) for output in outputs_of(model, inputs)]
    import numpy

    if isinstance(model, Module) and inputs.ndim == 2:
        outputs = model.on_arrays(inputs)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs
    return numpy.array(predict(model, inputs.tolist()))


def predict_class(model: Model, inputs: Any, *, loss: Loss | LossRow | str) -> list[Any]:
    """Return the class that a model gives to each sample, in the coding that the loss takes as a target.

    Args:
        model: a function of one sample's inputs.
        inputs: one entry per sample; a list, an array or a frame.
        loss: what the model was trained with: a function or a name in `nn.LOSSES`; it says what outputs mean.

    Returns:
        A list with a class per sample; None where the output is nan.

    Raises:
        ValueError: the loss is not one of a classification, or has no such name; a sample does not fit the model.
        TypeError: the inputs are no list or array, or an output is not what the loss takes.

    Example:
        >>> from nn import MLP, hinge
        >>> model = MLP(1, [1], initializer=lambda *shape: 1.0)
        >>> predict_class(model, [[-2.0], [3.0]], loss=hinge)
        [-1, 1]
    """
    row = loss_row(loss)
    if row.decide is None:
        raise ValueError(f"{row.name} does not say which class an output means: it is no loss of a classification")
    return [row.decide(output) for output in predict(model, _listed(inputs))]


def predict_proba(model: Model, inputs: Any, *, loss: Loss | LossRow | str) -> Any:
    """Return the probability of each class for each sample.

    Args:
        model: a function of one sample's inputs.
        inputs: one entry per sample; a list, an array or a frame.
        loss: what the model was trained with: a function or a name in `nn.LOSSES`; it says how outputs become
            probabilities.

    Returns:
        For each sample a list with a probability per class, from 0 to 1 and with sum 1; of an array an array of shape
        (n_samples, n_classes). Two classes of one output come in the order of the targets (0, 1 or −1, 1); of several
        yes-or-no questions there is such a pair for each.

    Raises:
        ValueError: the loss gives outputs no meaning as probabilities, as hinge and the squared error, or has no such
            name; a sample does not fit the model.
        TypeError: the inputs are no list or array, or an output is not what the loss takes.

    Example:
        >>> from nn import MLP
        >>> predict_proba(MLP(2, [2]), [[0.0, 0.0]], loss="softmax_cross_entropy")
        [[0.5, 0.5]]
    """
    row = loss_row(loss)
    if row.probabilities is None:
        raise ValueError(f"{row.name} does not turn outputs into probabilities: train with a cross-entropy for that")
    inputs = _unframed(inputs)
    rows = [plain(row.probabilities(output)) for output in predict(model, _listed(inputs))]
    if not hasattr(inputs, "ndim"):
        return rows
    import numpy

    return numpy.array(rows)


def score(
    model: Model, inputs: Any, targets: Any, *, loss: Loss | LossRow | str, correct: Correct | None = None
) -> Score:
    """Return the mean loss and the accuracy of a model on some samples.

    Args:
        model: a function of one sample's inputs.
        inputs: one entry per sample; a list, an array or a frame.
        targets: one entry per sample, as the loss takes it.
        loss: a function (output, target) of one sample, a name in `nn.LOSSES`, or a row of one's own.
        correct: whether an output counts as correct; by default what belongs to the loss.

    Returns:
        The score; of a `Module`, lists of floats and a loss in `nn.LOSSES` it is computed by arrays, whose sums may be
        rounded otherwise.

    Raises:
        ValueError: inputs and targets differ in number, or there are none; a sample does not fit the model, or a target
            the loss.
        TypeError: inputs or targets are no list or array, or an output or a target is not what the loss takes.

    Example:
        >>> from nn import MLP, hinge
        >>> print(score(MLP(2, [1]), [[0.0, 0.0]], [1], loss=hinge))
        loss 1, accuracy 0.0%
    """
    inputs, targets = samples_of(inputs, targets)
    row = loss_row(loss)
    with no_grad(), evaluating(model):
        outputs = None if correct is not None or row.of_numbers is None else _outputs_together(model, inputs)
        if outputs is None:
            outputs = outputs_of(model, inputs)
        total = mean([row.function(output, target) for output, target in zip(outputs, targets)])
    return Score(plain(total), share(hits(row, correct, outputs, targets)))


def confusion_matrix(
    true: Sequence[Any], predicted: Sequence[Any], classes: Sequence[Any] | None = ()
) -> ConfusionMatrix:
    r"""Return how often each class was taken for each.

    Args:
        true: the class of each sample, a number or a name.
        predicted: the class it was taken for, see `predict_class`.
        classes: what they are called, in the order of rows and columns, where they are indices from 0, or −1 and 1; by
            default the classes that occur, sorted. None, which is predicted where an output is nan, comes last.

    Raises:
        ValueError: the numbers of samples differ, or an index has no name.
        TypeError: a class is a list, such as a one-hot target, or a Value, classes are both numbers and names, or
            something is no list of classes.

    Example:
        >>> print(confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1], ["cat", "dog"]))
        true \ predicted  cat  dog
        cat                 1    1
        dog                 0    2
    """
    true, predicted, classes = _listed(true), _listed(predicted), _listed(() if classes is None else classes)
    if len(true) != len(predicted):
        raise ValueError(f"true and predicted classes differ in number: {len(true)} and {len(predicted)}")
    occurring = _distinct([*true, *predicted])
    found = _codes(occurring, classes) if classes else occurring
    names = [*classes, *([None] if None in found else [])] if classes else found
    places = {each: place for place, each in enumerate(found)}
    counts = [[0] * len(found) for _ in found]
    for right, given in zip(true, predicted):
        counts[places[right]][places[given]] += 1
    return ConfusionMatrix(names, counts)


def _codes(occurring: list[Any], classes: list[Any]) -> list[Any]:
    """Return what stands for each of the named classes in targets: its name itself, −1 and 1, or its index."""
    known = set(occurring) - {None}
    if known <= set(classes):
        codes: list[Any] = classes
    elif -1 in known and len(classes) == 2 and known <= {-1, 1}:
        codes = [-1, 1]
    else:
        codes = list(range(len(classes)))
        for each in known.difference(codes):
            raise ValueError(
                f"class {each!r} has no name: {len(classes)} are given, for the classes 0 to {len(classes) - 1}"
            )
    return [*codes, *({None} & set(occurring))]


def _distinct(classes: list[Any]) -> list[Any]:
    """Return the classes that occur, sorted, None last."""
    unfit = next((type(each).__name__ for each in classes if type(each).__hash__ is None), None)
    if unfit is not None:
        raise TypeError(
            f"a class is a number or a name, not a {unfit}: of a one-hot target give the index of its 1, of several "
            "yes-or-no answers make a matrix for each"
        )
    if any(isinstance(each, Value) for each in classes):  # whose hash is not that of its number
        raise TypeError("a class is a number or a name, not a Value: write v.data, or take what predict_class gives")
    distinct = set(classes)
    try:
        return [*sorted(distinct - {None}), *(distinct & {None})]
    except TypeError:
        raise TypeError("classes are numbers or names, not both: the same ones in true and predicted") from None


# -- what training uses too ------------------------------------------------------------------------------------------


def samples_of(inputs: Any, targets: Any) -> tuple[list[Any], list[Any]]:
    """Return inputs and targets as lists of equal length, arrays and frames included.

    Raises:
        ValueError: they differ in number, or there are none.
        TypeError: one of them is not a sequence.
    """
    inputs, targets = _samples(inputs, "inputs"), _samples(targets, "targets")
    if len(inputs) != len(targets):
        raise ValueError(f"inputs and targets differ in number: {len(inputs)} and {len(targets)}")
    if not inputs:
        raise ValueError("there are no samples")
    return inputs, targets


def samples_of_pair(pair: Any, name: str) -> tuple[list[Any], list[Any]]:
    """Return the inputs and the targets of a pair, as `samples_of` does.

    Args:
        pair: (inputs, targets).
        name: what the errors call it.

    Raises:
        ValueError: they differ in number, or there are none.
        TypeError: it is no pair, or one of them is not a sequence.
    """
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"{name} is a pair: (inputs, targets)")
    try:
        return samples_of(*pair)
    except (ValueError, TypeError) as error:
        raise type(error)(f"of the {name}, {error}") from None


def hits(row: LossRow, correct: Correct | None, outputs: Sequence[Any], targets: Sequence[Any]) -> list[bool]:
    """Return whether each output is correct; nothing where that is not defined."""
    correct = correct or row.correct
    return [bool(correct(output, target)) for output, target in zip(outputs, targets)] if correct else []


def share(found: Sequence[bool]) -> float | None:
    """Return the share of True, from 0 to 1; None of nothing."""
    return sum(found) / len(found) if found else None


def outputs_of(model: Model, inputs: Sequence[Any]) -> list[Any]:
    """Return the output for each sample of a batch; a Module sees the whole batch."""
    return model.on_batch(inputs) if isinstance(model, Module) else [model(sample) for sample in inputs]


def _outputs_together(model: Model, inputs: Sequence[Any]) -> list[Any] | None:
    """Return the outputs of a module for many samples as floats, by arrays; None where these are no rows of floats."""
    if not isinstance(model, Module) or len(inputs) < FEW or not all(map(_is_row_of_floats, inputs)):
        return None
    if len(set(map(len, inputs))) != 1:
        return None
    import numpy

    try:
        with numpy.errstate(all="ignore"):
            together: list[Any] = predict(model, numpy.array(inputs)).tolist()
    except ValueError:  # a sample alone will tell what does not fit
        return None
    return together


def _is_row_of_floats(sample: Any) -> bool:
    return isinstance(sample, list) and all(type(number) is float for number in sample)


def _samples(samples: Any, name: str) -> list[Any]:
    kind = type(samples).__name__
    samples = _unframed(samples)
    samples = samples.tolist() if hasattr(samples, "tolist") else samples
    if not hasattr(samples, "__getitem__") or isinstance(samples, (str, bytes, dict)):
        raise TypeError(f"{name} are a list or an array with one entry per sample, not a {kind}: they are used again")
    return list(samples)


def _listed(samples: Any) -> list[Any]:
    listed = _unframed(samples)
    listed = listed.tolist() if hasattr(listed, "tolist") else listed
    if not hasattr(listed, "__iter__"):
        raise TypeError(f"expected a list or an array with one entry per sample, not {type(samples).__name__}")
    return list(listed)


def _unframed(samples: Any) -> Any:
    return samples.to_numpy() if hasattr(samples, "to_numpy") else samples  # a frame or a series
