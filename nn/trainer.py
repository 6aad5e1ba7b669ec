"""Training: epochs of shuffled batches, and how a run ends.

This room knows epochs. It does not know how a step is made (`nn.steps`), what a model computes, what a loss means, nor
when it is time to stop (`nn.stopping`). The same loop written by hand is as good:

    >>> import random
    >>> from autograd import mean
    >>> from nn import MLP, SGD, moons, softmax_cross_entropy
    >>> data, model = moons(40, seed=1), MLP(2, [4, 2], "tanh", seed=1)
    >>> optimizer = SGD(model.parameters(), 0.3)
    >>> samples, generator = list(zip(data.inputs, data.targets)), random.Random(0)
    >>> for epoch in range(20):
    ...     generator.shuffle(samples)
    ...     for start in range(0, len(samples), 8):  # mini-batches of 8
    ...         optimizer.zero_grad()
    ...         mean([softmax_cross_entropy(model(x), y) for x, y in samples[start : start + 8]]).backward()
    ...         optimizer.step()
    >>> mean([softmax_cross_entropy(model(x), y) for x, y in samples]).data < 0.4
    True

`fit` runs to the end; `training` is the same run as an iterator, one epoch at a time.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import math
import os
import random
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, NamedTuple

from autograd import Value
from nn.checks import called, counted, whole
from nn.history import Epoch, History, Snapshot, TrainedNumbers
from nn.initializers import Seed
from nn.losses import Loss, LossRow, loss_row
from nn.module import Module
from nn.optimizers import Optimizer
from nn.prediction import Correct, Model, Score, hits, samples_of, samples_of_pair, score, share
from nn.progress import Progress
from nn.regularizers import Regularizer
from nn.schedules import Schedule
from nn.steps import Batches, Mark, NotFiniteError, Steps
from nn.stopping import Condition, EarlyStopping

__all__ = ["Callback", "Training", "fit", "training"]

Callback = Callable[[Epoch], Any]


def fit(
    model: Model,
    inputs: Any,
    targets: Any,
    *,
    loss: Loss | LossRow | str,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int | None = 1,
    seed: Seed = 0,
    validation: tuple[Any, Any] | None = None,
    regularizer: Regularizer | None = None,
    schedule: Schedule | None = None,
    clip_norm: float | None = None,
    early_stopping: EarlyStopping | int | None = None,
    stop_when: Condition | None = None,
    callbacks: Iterable[Callback] = (),
    correct: Correct | None = None,
    replay: bool = True,
    progress: bool = True,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: str | os.PathLike[str] | None = None,
) -> History:
    """Train a model: in every epoch each sample is used once, in shuffled batches, with one step per batch.

    Ctrl-C ends the run and returns: with validation samples the model goes back to its best epoch, without them it
    keeps the last whole step. A loss or parameter that stops being finite ends the run with a warning that says where
    it arose, and the model keeps the parameters of the last finite loss. `History.stopped` says why a run ended.

    Args:
        model: a function of one sample's inputs, usually a `Module`; that is in training mode while an epoch runs, and
            in evaluation mode afterwards.
        inputs: one entry per sample, as the model takes it; a list, or an array of shape (n_samples, n_inputs).
        targets: one entry per sample, as the loss takes it.
        loss: a function (output, target) of one sample, a name in `nn.LOSSES`, or a row of one's own.
        optimizer: holds the parameters and steps them.
        epochs: how often every sample is used; 1 or more.
        batch_size: samples per step: 1 is stochastic descent, None takes all of them at once.
        seed: orders the samples: an int, or a `random.Random` to draw from.
        validation: (inputs, targets) to score after each epoch; they are not trained on.
        regularizer: adds a penalty to the loss of each batch, or changes parameters after each step.
        schedule: changes the learning rate after each epoch; it holds the same optimizer.
        clip_norm: the largest Euclidean norm of a gradient; longer ones are scaled down. None leaves them.
        early_stopping: when to give up waiting for a better loss; an int is the patience.
        stop_when: a function of each `Epoch` that says why the run ends, or None to go on; see `nn.stopping`.
        callbacks: called with each finished `Epoch`, in order.
        correct: whether an output counts as correct, a function (output, target) of one sample; by default what
            belongs to the loss.
        replay: whether batches are computed by programs: a sample is recorded once per epoch, and the recording is
            replayed on the arrays of each batch. The numbers are those of recording every sample (False), to within
            rounding, and it is many times faster. It asks for a model and a loss that are functions of inputs and
            parameters alone, and no branches that depend on numbers; otherwise samples are recorded one by one, and
            `History.fallback` says why. To find that out, model and loss are called a few times more.
        progress: whether to show loss, accuracy and time left on the error stream.
        checkpoint: a file to write after each epoch; a run can be resumed from it.
        resume: a checkpoint to go on from, with the same arguments as before; the run continues bit by bit as if it
            had not been interrupted; to rounding where a model or loss of one's own branches on numbers, because which
            samples are replayed may then be another choice.

    Returns:
        The scores of every finished epoch, and more.

    Raises:
        ValueError: inputs and targets differ in number, there are none, a number is out of range, the optimizer holds
            no parameter of the model, or the schedule another optimizer.
        TypeError: an argument is of a wrong type, or the loss does not depend on a parameter.
        RuntimeError: it is called under `no_grad()`.
        OSError: the checkpoint cannot be written, or that to go on from cannot be read.
        SavedFileError: what is to be gone on from is no checkpoint, or does not fit.
        ModuleNotFoundError: a checkpoint is asked for, and the package safetensors is not installed.

    Warns:
        RuntimeWarning: a loss or a parameter stopped being finite; the message says where.

    Cost: per batch one replay for all of its samples; without replay a recording of them, and one reverse sweep.

    Example:
        >>> from nn import MLP, SGD
        >>> model = MLP(1, [1])
        >>> history = fit(model, [[0.0], [1.0]], [1.0, 3.0], loss="mean_squared_error",
        ...               optimizer=SGD(model.parameters(), 0.2), epochs=100, progress=False)
        >>> [round(p.data, 3) for p in model.parameters()]
        [2.0, 1.0]
    """
    callbacks = _listed(callbacks)
    if checkpoint is not None:
        callbacks.append(lambda epoch: epoch.run.save(checkpoint))
    run = Training(
        model,
        inputs,
        targets,
        loss=loss,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        validation=validation,
        regularizer=regularizer,
        schedule=schedule,
        clip_norm=clip_norm,
        early_stopping=early_stopping,
        stop_when=stop_when,
        callbacks=callbacks,
        correct=correct,
        replay=replay,
    )
    if resume is not None:
        run.resume(resume)
    with Progress(run.epochs, progress) as bar:
        bar.start(len(run.history.training))
        run.on_batch_done = bar.advance
        for epoch in run:
            bar.tell(epoch.number, run.history.summary())
    if run.history.not_finite:
        warnings.warn(f"training ended early: {run.history.stopped}", RuntimeWarning, stacklevel=2)
    return run.history


class _Moment(NamedTuple):
    """What changes within an epoch: where the steps are, the states of all generators, and how batches are replayed."""

    mark: Mark
    generators: list[Any]
    replay: dict[str, Any] | None


class Training(Iterator[Epoch]):
    """A run of training, one epoch at a time; `training` is its usual name.

    Iterating runs one epoch and gives its record. Arguments are those of `fit`.

    Attributes:
        history: what came of the run so far.
        on_batch_done: called after each step with the share of the epoch that it was.

    Example:
        >>> from nn import MLP, SGD
        >>> model = MLP(1, [1])
        >>> line = ([[0.0], [1.0]], [1.0, 3.0])
        >>> for epoch in training(model, *line, loss="mean_squared_error",
        ...                       optimizer=SGD(model.parameters(), 0.2), epochs=100):
        ...     if epoch.training.loss < 0.1:
        ...         break
        >>> print(epoch)
        epoch 3/100: loss 0.05323
    """

    def __init__(
        self,
        model: Model,
        inputs: Any,
        targets: Any,
        *,
        loss: Loss | LossRow | str,
        optimizer: Optimizer,
        epochs: int,
        batch_size: int | None = 1,
        seed: Seed = 0,
        validation: tuple[Any, Any] | None = None,
        regularizer: Regularizer | None = None,
        schedule: Schedule | None = None,
        clip_norm: float | None = None,
        early_stopping: EarlyStopping | int | None = None,
        stop_when: Condition | None = None,
        callbacks: Iterable[Callback] = (),
        correct: Correct | None = None,
        replay: bool = True,
    ) -> None:
        _check_parts(model, optimizer, schedule, regularizer)
        callbacks = _listed(callbacks)
        _check_functions(stop_when, callbacks, correct)
        inputs, targets = samples_of(inputs, targets)
        self.model = model
        self.optimizer = optimizer
        self.schedule = schedule
        self.early_stopping = _early_stopping(early_stopping)
        self.epochs = whole(epochs, "number of epochs")
        held_out = None if validation is None else samples_of_pair(validation, "validation")
        self.history = History(model, loss_row(loss), (inputs, targets), held_out)
        self.batches = Batches(len(inputs), _batch_size(batch_size, model), seed, none_alone=_couples_samples(model))
        self.on_batch_done: Callable[[float], Any] = lambda _: None
        self.best: tuple[float, ...] | None = None  # the numbers after the epoch with the lowest loss
        self._resumable: tuple[dict[str, Any], dict[str, list[float]]] | None = None  # once Ctrl-C has ended the run
        self._steps = Steps(model, self.history.loss_row, optimizer, regularizer, clip_norm, replay)
        self._tell_engine()
        self._model_numbers = TrainedNumbers(model)  # without what the optimizer moves besides
        self._stop_when = stop_when
        self._callbacks = callbacks
        self._correct = correct
        self.history.add_snapshot(Snapshot(0, self._model_numbers.read()))
        self._epoch_start = 0, self._moment()  # of which epoch

    def __iter__(self) -> Training:
        return self

    def __next__(self) -> Epoch:
        """Run one epoch and return its record."""
        number = len(self.history.training) + 1
        if self.history.stopped is not None or number > self.epochs:
            raise StopIteration
        interrupted = False
        try:
            return self._epoch(number)
        except KeyboardInterrupt:
            interrupted = True  # once the exception is gone, everything that it interrupted has been put back
        except NotFiniteError as report:
            self._steps.return_to_finite_loss()
            self.history.not_finite = True
            self.stop(f"in epoch {number} of {self.epochs}, {report}")
        finally:
            self._tell_engine()
        if interrupted:
            self._interrupt(number)
        raise StopIteration

    def stop(self, reason: str = "stopped") -> None:
        """End the run after the current epoch.

        Args:
            reason: what `History.stopped` shall say.
        """
        self.history.stopped = reason

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint to go on from, see `nn.save_checkpoint`.

        Args:
            path: of the file; it is replaced whole or not at all.
        """
        from nn.saving import save_checkpoint

        save_checkpoint(self, path)

    def resume(self, path: str | os.PathLike[str]) -> None:
        """Go on from a checkpoint, see `nn.load_checkpoint`.

        Args:
            path: of the file.
        """
        from nn.saving import load_checkpoint

        load_checkpoint(self, path)

    def state(self) -> tuple[dict[str, Any], dict[str, list[float]]]:
        """Return where the run is, between two epochs: facts that JSON can say, and lists of numbers by name.

        Of a run that Ctrl-C has ended within an epoch it is the state before that epoch, to go on from.
        """
        return self._state() if self._resumable is None else self._resumable

    def _state(self) -> tuple[dict[str, Any], dict[str, list[float]]]:
        facts = {
            "kind": self._kind(),
            "history": self.history.state() | {"replay": self._steps.replay_state()},
            "early_stopping": None if self.early_stopping is None else self.early_stopping.state(),
            "generators": [generator.getstate() for generator in self._generators()],
        }
        numbers = self._steps.state() | self.history.numbers()
        numbers |= {f"optimizer.{name}": each for name, each in self.optimizer.state().items()}
        if self.schedule is not None:
            numbers |= {f"schedule.{name}": each for name, each in self.schedule.state().items()}
        return facts, numbers if self.best is None else numbers | {"best": list(self.best)}

    def load_state(self, facts: dict[str, Any], numbers: dict[str, list[float]]) -> None:
        """Put the run where another one was, or raise and leave it where it is.

        Args:
            facts: the first part of `state()` of a run that was made with the same arguments.
            numbers: the second part.

        Raises:
            ValueError, TypeError, KeyError: the state does not fit; the message says what differs.
        """
        before = self._state()
        try:
            self._take(facts, numbers)
        except BaseException:
            self._take(*before)
            raise

    def _epoch(self, number: int) -> Epoch:
        self._epoch_start = number, self._moment()
        rate, before = self.optimizer.learning_rate, self._parameters()
        training, held_out = self._train(), self.history.validation_samples
        row, steps = self.history.loss_row, self._steps
        validation = held_out and score(self.model, *held_out, loss=row, correct=self._correct)
        epoch = Epoch(
            number=number,
            epochs=self.epochs,
            training=training,
            validation=validation,
            penalty=steps.penalty(),
            gradient_norms=steps.norms(),
            gradient_norm=steps.norm(),
            parameter_change=math.dist(before, self._parameters()),
            learning_rate=rate,
            run=self,
        )
        self._finish(epoch)
        return epoch

    def _train(self) -> Score:
        """Train on every batch once; return the score on the way."""
        inputs, targets = self.history.samples
        total, row = 0.0, self.history.loss_row
        found: list[bool] = []
        self._steps.begin()
        with _training_mode(self.model):
            for batch in self.batches():
                batch_targets = [targets[i] for i in batch]
                try:
                    loss, outputs = self._steps.step([inputs[i] for i in batch], batch_targets)
                except Exception as error:
                    error.add_note(f"while training on {_samples_text(batch)}")
                    raise
                total += loss * (len(batch) / len(inputs))
                given = outputs if row.of_numbers and not self._correct else _as_values(outputs)
                found += hits(row, self._correct, given, batch_targets)
                self.on_batch_done(len(batch) / len(inputs))
        return Score(total, share(found))

    def _tell_engine(self) -> None:
        self.history.engine, self.history.fallback = self._steps.engine

    def _finish(self, epoch: Epoch) -> None:
        """Enter a whole epoch in the history, and see whether it was the last one."""
        parts = [part for part in (self.history, self.schedule, self.early_stopping) if part is not None]
        before = [(part, dict(vars(part))) for part in parts]
        best, rate = self.best, self.optimizer.learning_rate
        try:
            self._enter(epoch)
        except KeyboardInterrupt:  # the epoch is one that was interrupted: it leaves no half of itself
            for part, facts in before:
                vars(part).update(facts)
            self.history.forget_from(epoch.number)
            self.best, self.optimizer.learning_rate = best, rate
            raise
        for callback in self._callbacks:
            callback(epoch)

    def _enter(self, epoch: Epoch) -> None:
        self.history.add(epoch)
        self.history.add_snapshot(Snapshot(epoch.number, self._model_numbers.read()))
        if self.history.best_epoch == epoch.number:
            self.best = self._steps.numbers.read()
        if self.schedule is not None:
            self.schedule.step(epoch.monitored_loss)
        reason = self._stop_when(epoch) if self._stop_when is not None else None
        if reason:
            self.stop(reason if isinstance(reason, str) else "stop_when said so")
        reason = self.early_stopping(epoch) if self.early_stopping is not None else None
        if reason:
            self._return_to_best()
            self.stop(f"{reason}: back to epoch {self.history.kept}")

    def _interrupt(self, number: int) -> None:
        """End the run at Ctrl-C, with the best numbers there are."""
        within = len(self.history.training) < number
        begun = within and self._epoch_start[0] == number
        if begun:
            self._steps.undo_partial_step()
        self._resumable = self._state_of_whole_epochs() if begun else self._state()
        self._resumable[0]["history"]["stopped"] = None
        self.history.interrupted = True
        if self.history.stopped is None:
            self.stop(f"interrupted {'in' if within else 'after'} epoch {number} of {self.epochs}")
            if self.history.validation:
                self._return_to_best()

    def _state_of_whole_epochs(self) -> tuple[dict[str, Any], dict[str, list[float]]]:
        """Return the state before the epoch that was interrupted, and leave everything as it is."""
        now = self._moment()
        self._return_to(self._epoch_start[1])
        try:
            return self._state()
        finally:
            self._return_to(now)

    def _moment(self) -> _Moment:
        states = [generator.getstate() for generator in self._generators()]
        return _Moment(self._steps.mark(), states, self._steps.replay_state())

    def _return_to(self, moment: _Moment) -> None:
        self._steps.return_to(moment.mark)
        for generator, state in zip(self._generators(), moment.generators):
            generator.setstate(state)
        self._steps.load_replay_state(moment.replay)

    def _return_to_best(self) -> None:
        if self.best is not None:
            self._steps.numbers.write(self.best)
            self.history.keep(Snapshot(self.history.best_epoch, self._model_numbers.read()))

    def _take(self, facts: dict[str, Any], numbers: dict[str, list[float]]) -> None:
        """Put the run where a state says, checking on the way."""
        for name, own in self._kind().items():
            if facts["kind"].get(name) != own:
                raise ValueError(f"it was written with {name} {facts['kind'].get(name)}, this run has {own}")
        for part, name in ((self.optimizer, "optimizer."), (self.schedule, "schedule.")):
            if part is not None:
                part.load_state({key[len(name) :]: each for key, each in numbers.items() if key.startswith(name)})
        if self.early_stopping is not None:
            self.early_stopping.load_state(facts["early_stopping"])
        generators = self._generators()
        for generator, (version, words, gauss) in zip(generators, facts["generators"], strict=True):
            generator.setstate((version, tuple(words), gauss if gauss is None else float(gauss)))
        self._resumable = None
        self._epoch_start = 0, self._epoch_start[1]
        self.history.load_state(facts["history"], numbers)
        self._steps.load_state(numbers)
        self._steps.load_replay_state(facts["history"].get("replay"))
        self.best = tuple(numbers["best"]) if "best" in numbers else None
        if self.best is not None and len(self.best) != len(numbers["numbers"]):
            raise ValueError(
                f"its best epoch has {len(self.best)} numbers, and this run changes {len(numbers['numbers'])}"
            )

    def _kind(self) -> dict[str, Any]:
        """Return what two runs must have in common for one to go on from the other."""
        return {
            "model": called(self.model),
            "loss": self.history.loss_row.name,
            "optimizer": type(self.optimizer).__name__,
            "schedule": None if self.schedule is None else type(self.schedule).__name__,
            "early stopping": None if self.early_stopping is None else repr(self.early_stopping),
            "batches": self.batches.kind,
            **self._fingerprints,
        }

    @functools.cached_property
    def _fingerprints(self) -> dict[str, str]:
        """Return what tells the samples from others; once, not for every checkpoint."""
        history = self.history
        return {"data": _fingerprint(history.samples), "validation": _fingerprint(history.validation_samples)}

    def _generators(self) -> list[random.Random]:
        return [self.batches.generator, *self._steps.generators]

    def _parameters(self) -> list[float]:
        return [parameter.data for parameter in self.optimizer.parameters]


training = Training


@contextlib.contextmanager
def _training_mode(model: Model) -> Generator[None]:
    """Make a context in which a model is in training mode, and after which it is in evaluation mode."""
    if not isinstance(model, Module):
        yield
        return
    try:
        model.train()
        yield
    finally:
        try:
            model.eval()
        except BaseException:  # interrupted
            model.eval()
            raise


def _as_values(outputs: list[Any]) -> list[Any]:
    """Return outputs as Values, as models give them while training and as functions of users may expect them."""
    return [[_value(each) for each in output] if isinstance(output, list) else _value(output) for output in outputs]


def _value(output: Any) -> Any:
    return Value(output) if isinstance(output, float) else output


# -- what arguments may be -------------------------------------------------------------------------------------------


def _check_parts(
    model: Model, optimizer: Optimizer, schedule: Schedule | None, regularizer: Regularizer | None
) -> None:
    if not callable(model):
        raise TypeError(f"a model is a Module, or a function of one sample's inputs, not {model!r}")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"an optimizer is an object such as SGD(model.parameters(), 0.1), not {optimizer!r}")
    if isinstance(model, Module):
        moved, own = set(map(id, optimizer.parameters)), model.parameters()
        if own and moved.isdisjoint(map(id, own)):
            raise ValueError("the optimizer holds no parameter of the model: make it from model.parameters()")
    if regularizer is not None and not isinstance(regularizer, Regularizer):
        raise TypeError(f"a regularizer is an object such as L2(1e-3), not {regularizer!r}")
    if regularizer is not None and not isinstance(model, Module):
        raise TypeError(f"a regularizer finds the weights of a Module, and the model is a {type(model).__name__}")
    if schedule is not None and not isinstance(schedule, Schedule):
        raise TypeError(f"a schedule is an object such as CosineSchedule(optimizer, 50), not {schedule!r}")
    if schedule is not None and schedule.optimizer is not optimizer:
        raise ValueError("the schedule holds another optimizer than the one that trains: make it from that one")
    if not _is_recording():
        raise RuntimeError("training needs gradients, and no_grad() records nothing: leave that context first")


def _listed(callbacks: Iterable[Callback]) -> list[Callback]:
    if not hasattr(callbacks, "__iter__"):
        raise TypeError(f"callbacks are a list of functions of an epoch, not {callbacks!r}")
    return list(callbacks)


def _check_functions(stop_when: Any, callbacks: Iterable[Any], correct: Any) -> None:
    if stop_when is not None and not callable(stop_when):
        raise TypeError(f"stop_when is a function of an epoch, such as gradient_norm_below(1e-6), not {stop_when!r}")
    for callback in callbacks:
        if not callable(callback):
            raise TypeError(f"a callback is a function of an epoch, not {callback!r}")
    if correct is not None and not callable(correct):
        raise TypeError(f"correct is a function of an output and its target, not {correct!r}")


def _is_recording() -> bool:
    """Return whether what is computed now has a gradient."""
    return bool((Value(1.0) * 1.0).operands)


def _batch_size(size: int | None, model: Model) -> int | None:
    if size is None:
        return None
    size = whole(size, "batch size", otherwise=" (or None for all samples)")
    if size == 1 and _couples_samples(model):
        raise ValueError("BatchNorm looks at several samples at once: give batch_size=2 or more, or None for all")
    return size


def _fingerprint(samples: tuple[list[Any], list[Any]] | None) -> str:
    """Return how many samples there are, and what tells them from others, in words."""
    if samples is None:
        return "none"
    text = repr(samples)
    told = "" if " at 0x" in text else f" ({hashlib.sha256(text.encode()).hexdigest()[:12]})"
    return f"{counted(len(samples[0]), 'sample')}{told}"


def _early_stopping(early_stopping: EarlyStopping | int | None) -> EarlyStopping | None:
    if early_stopping is None or isinstance(early_stopping, EarlyStopping):
        return early_stopping
    return EarlyStopping(early_stopping)


def _samples_text(batch: list[int]) -> str:
    shown = ", ".join(map(str, batch[:8])) + (", …" if len(batch) > 8 else "")
    return f"sample{'s' * (len(batch) != 1)} {shown} (numbered from 0)"


def _couples_samples(model: Model) -> bool:
    return isinstance(model, Module) and any(module.couples_samples for _, module in model.named_modules())
