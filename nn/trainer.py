"""Training: epochs of shuffled batches, what came of them, and how a run ends early.

This room knows the loop: outputs, loss, backward, step. It does not know what a model computes, what a loss means, nor
how an optimizer steps. The same loop written by hand is as good:

    optimizer.zero_grad()
    mean([loss(model(x), y) for x, y in batch]).backward()
    optimizer.step()
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from autograd import NonFiniteError, Value, mean, no_grad, strict
from nn.initializers import Seed, as_generator
from nn.losses import CORRECT, Loss
from nn.optimizers import Optimizer
from nn.progress import Progress

__all__ = ["History", "Score", "evaluate", "fit", "predict"]

Model = Callable[[Any], Any]
Correct = Callable[[Any, Any], bool]


class Score(NamedTuple):
    """How well a model does on some samples.

    Attributes:
        loss: mean over the samples; in the units of the loss.
        accuracy: share of correct outputs, from 0 to 1; None where the loss does not define what is correct.
    """

    loss: float
    accuracy: float | None

    def __str__(self) -> str:
        accuracy = "" if self.accuracy is None else f", accuracy {self.accuracy:.1%}"
        return f"loss {self.loss:.4g}{accuracy}"


@dataclass
class History:
    """What came of a run, epoch by epoch.

    Attributes:
        training: the score of each epoch, taken while its batches were trained on.
        validation: the score of the validation samples after each epoch; empty without such samples.
        stopped: why the run ended before its last epoch, or None.
    """

    training: list[Score] = field(default_factory=list[Score])
    validation: list[Score] = field(default_factory=list[Score])
    stopped: str | None = None

    @property
    def loss(self) -> list[float]:
        """The training loss of each epoch."""
        return [score.loss for score in self.training]

    @property
    def accuracy(self) -> list[float | None]:
        """The training accuracy of each epoch."""
        return [score.accuracy for score in self.training]

    def summary(self) -> str:
        """Return the scores of the last epoch as one short text."""
        if not self.training:
            return "no epoch was finished"
        return str(self.training[-1]) + (f", validation {self.validation[-1]}" if self.validation else "")


def fit(
    model: Model,
    inputs: Sequence[Any],
    targets: Sequence[Any],
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int | None = 1,
    seed: Seed = 0,
    validation: tuple[Sequence[Any], Sequence[Any]] | None = None,
    correct: Correct | None = None,
    progress: bool = True,
) -> History:
    """Train a model: in every epoch each sample is used once, in shuffled batches, with one step per batch.

    Ctrl-C ends the run and returns, the parameters being those of the last whole step. A loss or parameter that stops
    being finite ends it with a warning that says where, the parameters being those of the last finite loss. In both
    cases `History.stopped` says so.

    Args:
        model: a function of one sample's inputs, usually a `Module`.
        inputs: one entry per sample, as the model takes it.
        targets: one entry per sample, as the loss takes it.
        loss: a function (output, target) of one sample, see `nn.losses`.
        optimizer: holds the parameters and steps them.
        epochs: how often every sample is used; 1 or more.
        batch_size: samples per step; 1 or more, None for all of them.
        seed: orders the samples: an int, or a `random.Random` to draw from.
        validation: (inputs, targets) to score after each epoch; they are not trained on.
        correct: whether an output counts as correct, a function (output, target) of one sample; by default what
            belongs to the loss.
        progress: whether to show loss and accuracy on the error stream.

    Returns:
        The scores of every finished epoch.

    Raises:
        ValueError: inputs and targets differ in number, there are none, or a number is out of range.
        TypeError: the loss does not give a Value.

    Cost: per epoch one recording and one reverse sweep per batch.

    Example:
        >>> from nn import MLP, SGD, mean_squared_error
        >>> model = MLP(1, [1])
        >>> history = fit(model, [[0.0], [1.0]], [1.0, 3.0], loss=mean_squared_error,
        ...               optimizer=SGD(model.parameters(), 0.2), epochs=100, progress=False)
        >>> [round(p.data, 3) for p in model.parameters()]
        [2.0, 1.0]
    """
    _check_samples(inputs, targets)
    if epochs < 1:
        raise ValueError(f"the number of epochs is 1 or more, not {epochs}")
    training = _Training(model, loss, correct or CORRECT.get(loss), optimizer)
    batches = _Batches(len(inputs), batch_size, seed)
    history = History()
    with Progress(epochs, progress) as bar:
        try:
            for epoch in range(1, epochs + 1):
                score = training.epoch(inputs, targets, batches, bar)
                if validation is not None:
                    history.validation.append(evaluate(model, *validation, loss=loss, correct=correct))
                history.training.append(score)
                bar.tell(epoch, history.summary())
        except KeyboardInterrupt:
            training.undo_partial_step()
            history.stopped = f"interrupted in epoch {len(history.training) + 1} of {epochs}"
        except _NotFiniteError as report:
            training.return_to_finite_loss()
            history.stopped = f"in epoch {len(history.training) + 1} of {epochs}, {report}"
            warnings.warn(f"training ended early: {history.stopped}", RuntimeWarning, stacklevel=2)
    return history


def predict(model: Model, inputs: Sequence[Any]) -> list[Any]:
    """Return the outputs of a model as plain floats, one entry per sample; nothing is recorded.

    Args:
        model: a function of one sample's inputs.
        inputs: one entry per sample.

    Returns:
        For each sample a float, or a list of floats if the model has several outputs.

    Example:
        >>> from nn import MLP
        >>> predict(MLP(2, [1]), [[0.0, 0.0], [0.0, 0.0]])
        [0.0, 0.0]
    """
    with no_grad():
        return [_plain(model(sample)) for sample in inputs]


def evaluate(
    model: Model, inputs: Sequence[Any], targets: Sequence[Any], *, loss: Loss, correct: Correct | None = None
) -> Score:
    """Return the mean loss and the accuracy of a model on some samples; nothing is recorded.

    Args:
        model: a function of one sample's inputs.
        inputs: one entry per sample.
        targets: one entry per sample.
        loss: a function (output, target) of one sample.
        correct: whether an output counts as correct; by default what belongs to the loss.

    Raises:
        ValueError: inputs and targets differ in number, or there are none.

    Example:
        >>> from nn import MLP, hinge
        >>> print(evaluate(MLP(2, [1]), [[0.0, 0.0]], [1], loss=hinge))
        loss 1, accuracy 0.0%
    """
    _check_samples(inputs, targets)
    with no_grad():
        outputs = [model(sample) for sample in inputs]
        losses = [loss(output, target) for output, target in zip(outputs, targets)]
        total = mean(losses)
    return Score(_plain(total), _share(_hits(correct or CORRECT.get(loss), outputs, targets)))


class _Batches:
    """Sample numbers, shuffled anew for each epoch, in batches."""

    def __init__(self, n_samples: int, size: int | None, seed: Seed) -> None:
        if size is not None and size < 1:
            raise ValueError(f"the batch size is 1 or more, or None for all samples, not {size}")
        self._order = list(range(n_samples))
        self._size = size or n_samples
        self._generator = as_generator(seed)

    def __call__(self) -> list[list[int]]:
        self._generator.shuffle(self._order)
        return [self._order[start : start + self._size] for start in range(0, len(self._order), self._size)]


class _NotFiniteError(Exception):
    """A loss or a parameter has stopped being finite; the message says where."""


class _Training:
    """One model in training: runs epochs, and remembers parameters worth going back to."""

    def __init__(self, model: Model, loss: Loss, correct: Correct | None, optimizer: Optimizer) -> None:
        self._model = model
        self._loss = loss
        self._correct = correct
        self._optimizer = optimizer
        self._stepped = self._numbers()  # the parameters after the last whole step
        self._good = self._stepped  # those of the last finite loss: one step older

    def epoch(self, inputs: Sequence[Any], targets: Sequence[Any], batches: _Batches, bar: Progress) -> Score:
        total = 0.0
        hits: list[bool] = []
        for batch in batches():
            loss, batch_hits = self._step([inputs[i] for i in batch], [targets[i] for i in batch])
            total += loss * len(batch)
            hits += batch_hits
            bar.advance(len(batch) / len(inputs))
        return Score(total / len(inputs), _share(hits))

    def undo_partial_step(self) -> None:
        """Give the parameters the numbers they had after the last whole step."""
        self._assign(self._stepped)

    def return_to_finite_loss(self) -> None:
        """Give the parameters the numbers of the last finite loss."""
        self._assign(self._good)

    def _step(self, inputs: Sequence[Any], targets: Sequence[Any]) -> tuple[float, list[bool]]:
        """Train on one batch; return its loss before the step, and which outputs were correct."""
        self._optimizer.zero_grad()
        outputs, loss = self._forward(inputs, targets)
        if not math.isfinite(loss.data):
            raise _NotFiniteError(f"the loss became {loss.data}: {self._explanation(inputs, targets)}")
        self._good = self._stepped
        loss.backward()
        self._optimizer.step()
        self._stepped = self._numbers()
        if not all(map(math.isfinite, self._stepped)):
            raise _NotFiniteError("the step after a finite loss led to parameters that are not finite")
        return loss.data, _hits(self._correct, outputs, targets)

    def _forward(self, inputs: Sequence[Any], targets: Sequence[Any]) -> tuple[list[Any], Value]:
        outputs = [self._model(sample) for sample in inputs]
        loss = mean([self._loss(output, target) for output, target in zip(outputs, targets)])
        if not isinstance(loss, Value):
            raise TypeError(f"the loss is a {type(loss).__name__}, not a Value: it does not depend on any parameter")
        return outputs, loss

    def _explanation(self, inputs: Sequence[Any], targets: Sequence[Any]) -> str:
        """Return where a loss that is not finite comes from, by recording the batch once more, strictly."""
        try:
            with strict():
                self._forward(inputs, targets)
        except NonFiniteError as error:
            return str(error)
        return "an input, a target or a parameter is not finite"

    def _numbers(self) -> list[float]:
        return [parameter.data for parameter in self._optimizer.parameters]

    def _assign(self, numbers: Sequence[float]) -> None:
        for parameter, number in zip(self._optimizer.parameters, numbers):
            parameter.data = number


def _check_samples(inputs: Sequence[Any], targets: Sequence[Any]) -> None:
    if len(inputs) != len(targets):
        raise ValueError(f"inputs and targets differ in number: {len(inputs)} and {len(targets)}")
    if not len(inputs):
        raise ValueError("there are no samples")


def _hits(correct: Correct | None, outputs: Sequence[Any], targets: Sequence[Any]) -> list[bool]:
    """Return whether each output is correct; nothing where that is not defined."""
    return [correct(output, target) for output, target in zip(outputs, targets)] if correct else []


def _share(hits: Sequence[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None


def _plain(output: Any) -> Any:
    if isinstance(output, (list, tuple)):
        return [_plain(each) for each in cast("Sequence[Any]", output)]
    return output.data if isinstance(output, Value) else float(output)
