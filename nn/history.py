"""What came of a run: scores, gradient norms and learning rates of every epoch, and snapshots to go back to.

This room holds records, and takes a model to what it was at a snapshot. It does not make records (`nn.trainer`) nor
draw them (`nn.reports`).
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from autograd import Value
from nn.losses import LossRow
from nn.module import Module
from nn.prediction import Score

__all__ = ["Epoch", "History", "Snapshot", "TrainedNumbers"]

N_SNAPSHOTS = 24
"""The most snapshots a history keeps; then every second one is dropped."""


class TrainedNumbers:
    """Everything that training changes in a model: parameters, then the running averages of its modules.

    Args:
        model: a `Module`, or another function.
        parameters: further leaves that an optimizer moves.
    """

    def __init__(self, model: Any, parameters: Sequence[Value] = ()) -> None:
        own = model.parameters() if isinstance(model, Module) else []
        known = set(map(id, own))
        self.parameters: list[Value] = own + [each for each in parameters if id(each) not in known]
        modules = [module for _, module in model.named_modules()] if isinstance(model, Module) else []
        self.buffers: list[list[float]] = [numbers for module in modules for _, numbers in module.buffers()]

    def read(self) -> tuple[float, ...]:
        """Return them."""
        numbers = [parameter.data for parameter in self.parameters]
        for buffer in self.buffers:
            numbers += buffer
        return tuple(numbers)

    def write(self, numbers: Sequence[float]) -> None:
        """Put numbers back that were read before."""
        for parameter, number in zip(self.parameters, numbers):
            parameter.data = number
        start = len(self.parameters)
        for buffer in self.buffers:
            buffer[:] = numbers[start : start + len(buffer)]
            start += len(buffer)


class Snapshot(NamedTuple):
    """A model at one time of its training.

    Attributes:
        epoch: after how many epochs.
        numbers: parameters and running averages, see `TrainedNumbers`.

    Example:
        >>> from nn import MLP, SGD, fit
        >>> model = MLP(1, [1])
        >>> history = fit(model, [[0.0], [1.0]], [1.0, 3.0], loss="mean_squared_error",
        ...               optimizer=SGD(model.parameters(), 0.2), epochs=100, progress=False)
        >>> history.snapshots[-1].epoch, [round(number, 3) for number in history.snapshots[-1].numbers]
        (100, [2.0, 1.0])
    """

    epoch: int
    numbers: tuple[float, ...]


@dataclass(frozen=True)
class Epoch:
    """One epoch of a run.

    Attributes:
        number: from 1.
        epochs: how many there will be at most.
        training: the score taken while its batches were trained on, without the penalty.
        validation: the score of the validation samples afterwards; None without such samples.
        penalty: what the regularizer added to the loss, mean over its steps.
        gradient_norms: for each layer the Euclidean norm of the gradient, mean over its steps.
        gradient_norm: of the whole gradient, mean over its steps.
        parameter_change: Euclidean norm of what it changed in the parameters.
        learning_rate: of its steps.
        run: what it is an epoch of; `run.stop()` ends it.

    Example:
        >>> from nn import MLP, SGD, training
        >>> model = MLP(1, [1])
        >>> run = training(model, [[1.0]], [1.0], loss="mean_squared_error",
        ...                optimizer=SGD(model.parameters(), 0.25), epochs=3)
        >>> [round(epoch.training.loss, 3) for epoch in run][1:]  # mean losses before the steps of epochs 2 and 3
        [0.0, 0.0]
    """

    number: int
    epochs: int
    training: Score
    validation: Score | None
    penalty: float
    gradient_norms: dict[str, float]
    gradient_norm: float
    parameter_change: float
    learning_rate: float
    run: Any = field(repr=False, compare=False)

    @property
    def monitored_loss(self) -> float:
        """The loss to judge the epoch by: of the validation samples, where there are any."""
        return self.training.loss if self.validation is None else self.validation.loss

    def __str__(self) -> str:
        validation = "" if self.validation is None else f", validation {self.validation}"
        return f"epoch {self.number}/{self.epochs}: {self.training}{validation}"


@dataclass
class History:
    """What came of a run, epoch by epoch: lists with one entry per finished epoch.

    Attributes:
        model: what was trained.
        loss_row: the loss and what belongs to it.
        samples: (inputs, targets) trained on.
        validation_samples: (inputs, targets) scored after each epoch, or None.
        training: the score of each epoch, taken while its batches were trained on, without the penalty.
        validation: the score of the validation samples after each epoch; empty without such samples.
        penalties: what the regularizer added to the loss, mean over the steps of each epoch.
        gradient_norms: for each layer the Euclidean norm of its gradient, mean over the steps of each epoch: where
            they fall from the last layer to the first, gradients vanish; where they grow, they explode. They are
            those of the loss with its penalty, before clipping, frozen parameters included.
        learning_rates: of each epoch.
        snapshots: the model before the first epoch, after the newest, and evenly between; at most 24, and the best one
            where the run went back to it.
        best_epoch: the epoch with the lowest validation loss, or training loss without validation; 0 before the first.
        kept: the epoch whose parameters the model has now; 0 before the first.
        stopped: why the run ended before its last epoch, or None.
        interrupted: whether Ctrl-C ended it.
        not_finite: whether a loss or a parameter that stopped being finite ended it.
        engine: how batches were computed at last: "replay", all samples at once by a program that was recorded from
            one of them, or "eager", recording every sample.
        fallback: why it is "eager" although the run was to replay; None where it is not.

    Example:
        >>> from nn import MLP, SGD, fit
        >>> model = MLP(1, [1])
        >>> history = fit(model, [[0.0], [1.0]], [1.0, 3.0], loss="mean_squared_error",
        ...               optimizer=SGD(model.parameters(), 0.2), epochs=100, progress=False)
        >>> len(history.loss), history.loss[-1] < 1e-6, history.stopped
        (100, True, None)
    """

    model: Any = field(repr=False, compare=False)
    loss_row: LossRow = field(repr=False)
    samples: tuple[list[Any], list[Any]] = field(repr=False)
    validation_samples: tuple[list[Any], list[Any]] | None = field(default=None, repr=False)
    training: list[Score] = field(default_factory=list[Score])
    validation: list[Score] = field(default_factory=list[Score])
    penalties: list[float] = field(default_factory=list[float])
    gradient_norms: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    learning_rates: list[float] = field(default_factory=list[float])
    snapshots: list[Snapshot] = field(default_factory=list[Snapshot], repr=False)
    best_epoch: int = 0
    kept: int = 0
    stopped: str | None = None
    interrupted: bool = False
    not_finite: bool = False
    engine: str = "eager"
    fallback: str | None = None

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

    def add(self, epoch: Epoch) -> None:
        """Take in a finished epoch."""
        self.training.append(epoch.training)
        if epoch.validation is not None:
            self.validation.append(epoch.validation)
        self.penalties.append(epoch.penalty)
        for name, norm in epoch.gradient_norms.items():
            self.gradient_norms.setdefault(name, []).append(norm)
        self.learning_rates.append(epoch.learning_rate)
        self.kept = epoch.number
        best = self._loss_of(self.best_epoch) if self.best_epoch else math.nan
        if epoch.monitored_loss < best or math.isnan(best):
            self.best_epoch = epoch.number

    def forget_from(self, number: int) -> None:
        """Leave out the scores of an epoch and of all after it, of which perhaps not all have been taken in.

        Args:
            number: of the epoch, from 1.
        """
        lists: list[list[Any]] = [self.training, self.validation, self.penalties, self.learning_rates]
        for numbers in (*lists, *self.gradient_norms.values()):
            del numbers[number - 1 :]

    def keep(self, snapshot: Snapshot) -> None:
        """Take in that the model went back to an epoch.

        Args:
            snapshot: the model after that epoch.
        """
        self.kept = snapshot.epoch
        if snapshot not in self.snapshots:
            self.snapshots = sorted([*self.snapshots, snapshot])

    def add_snapshot(self, snapshot: Snapshot) -> None:
        """Take in how the model is now; drop what is too much, but never the first nor the newest.

        Args:
            snapshot: the model as it is.
        """
        stride = self._stride()
        self.snapshots = [each for each in self.snapshots if each.epoch % stride == 0] + [snapshot]
        if len(self.snapshots) > N_SNAPSHOTS:
            self.snapshots = [each for each in self.snapshots if each.epoch % (2 * stride) == 0 or each is snapshot]

    def state(self) -> dict[str, Any]:
        """Return everything but the model, the data and the numbers of the snapshots, as JSON can say it."""
        return {
            "training": list(self.training),
            "validation": list(self.validation),
            "penalties": list(self.penalties),
            "gradient_norms": {name: list(norms) for name, norms in self.gradient_norms.items()},
            "learning_rates": list(self.learning_rates),
            "snapshots": [snapshot.epoch for snapshot in self.snapshots],
            "best_epoch": self.best_epoch,
            "kept": self.kept,
            "stopped": self.stopped,
            "interrupted": self.interrupted,
            "not_finite": self.not_finite,
            "engine": self.engine,
            "fallback": self.fallback,
        }

    def numbers(self) -> dict[str, list[float]]:
        """Return the numbers of the snapshots, by name."""
        return {f"snapshot.{snapshot.epoch}": list(snapshot.numbers) for snapshot in self.snapshots}

    def load_state(self, state: dict[str, Any], numbers: dict[str, list[float]]) -> None:
        """Become what another history was.

        Args:
            state: from `state()`, perhaps by way of JSON.
            numbers: from `numbers()`.

        Raises:
            KeyError, TypeError, ValueError: something is missing, or is not what `state()` gives.
        """
        _check_state(state)
        snapshots = [Snapshot(epoch, tuple(numbers[f"snapshot.{epoch}"])) for epoch in state["snapshots"]]
        size = len(TrainedNumbers(self.model).read())
        if any(len(snapshot.numbers) != size for snapshot in snapshots):
            raise ValueError(f"a snapshot of its history has not the {size} numbers of the model")
        self.training[:] = [Score(*each) for each in state["training"]]
        self.validation[:] = [Score(*each) for each in state["validation"]]
        self.penalties[:] = state["penalties"]
        self.gradient_norms = {name: list(norms) for name, norms in state["gradient_norms"].items()}
        self.learning_rates[:] = state["learning_rates"]
        self.snapshots = snapshots
        self.best_epoch, self.kept, self.stopped = state["best_epoch"], state["kept"], state["stopped"]
        self.interrupted, self.not_finite = bool(state["interrupted"]), bool(state["not_finite"])
        self.engine, self.fallback = state.get("engine", "eager"), state.get("fallback")

    @contextlib.contextmanager
    def at(self, snapshot: Snapshot) -> Generator[None]:
        """Return a context in which the model has the numbers of a snapshot; afterwards it is as it was."""
        numbers = TrainedNumbers(self.model)
        before = numbers.read()
        numbers.write(snapshot.numbers)
        try:
            yield
        finally:
            numbers.write(before)

    def _loss_of(self, epoch: int) -> float:
        return (self.validation or self.training)[epoch - 1].loss

    def _stride(self) -> int:
        """Return the distance of the epochs that have snapshots: a power of 2."""
        epochs = [each.epoch for each in self.snapshots[:-1]]
        return max(1, epochs[1] - epochs[0]) if len(epochs) > 1 else 1


# -- what a state may be ---------------------------------------------------------------------------------------------


def _check_state(state: Any) -> None:
    """Raise where a state, which may come from a file, is not one that a history gives."""
    n_epochs = len(_listed(state, "training"))
    for name in ("training", "validation"):
        if not all(_is_score(each) for each in _listed(state, name)):
            raise ValueError(f"the {name} scores of its history are not pairs of numbers")
    norms = state["gradient_norms"]
    if not isinstance(norms, dict) or not all(isinstance(each, list) for each in norms.values()):
        raise TypeError("the gradient norms of its history are not a dict of lists")
    lists = {name: _listed(state, name) for name in ("penalties", "learning_rates")} | norms
    for name, numbers in lists.items():
        if not all(map(_is_number, numbers)):
            raise ValueError(f"{name!r} of its history are not numbers")
    lengths = {len(each) for each in lists.values()} | {len(state["validation"]) or n_epochs}
    if lengths != {n_epochs}:
        raise ValueError("the lists of its history differ in length")
    epochs = [*_listed(state, "snapshots"), state["best_epoch"], state["kept"]]
    if not all(type(epoch) is int and 0 <= epoch <= n_epochs for epoch in epochs):
        raise ValueError(f"its history names an epoch that is none of its {n_epochs}")
    texts = [state["stopped"], state.get("engine"), state.get("fallback")]
    if not all(text is None or isinstance(text, str) for text in texts):
        raise TypeError("what its history says of how the run went is no text")


def _listed(state: Any, name: str) -> list[Any]:
    if not isinstance(state[name], list):
        raise TypeError(f"{name!r} of its history is not a list")
    return list(state[name])


def _is_score(pair: Any) -> bool:
    return (
        isinstance(pair, (list, tuple))
        and len(pair) == 2
        and _is_number(pair[0])
        and (pair[1] is None or _is_number(pair[1]))
    )


def _is_number(number: Any) -> bool:
    return isinstance(number, float) or (type(number) is int and abs(number) <= sys.float_info.max)
