"""One step of training: outputs of a batch, loss, backward, and the optimizer's move; and the batches it is made on.

This room knows how a single step is made, by replay or by recording every sample, that it never leaves numbers that are
not finite, and which numbers to go back to. It does not know of epochs (`nn.trainer`).
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

from autograd import Value, mean, non_finite_origin
from nn.checks import positive
from nn.history import TrainedNumbers
from nn.initializers import Seed, as_generator
from nn.losses import LossRow
from nn.module import Module
from nn.optimizers import Optimizer, clip_gradients
from nn.prediction import Model, outputs_of
from nn.regularizers import Regularizer
from nn.replaying import Replay, Replayed

__all__ = ["Batches", "Mark", "NotFiniteError", "Steps"]


class NotFiniteError(Exception):
    """A loss or a parameter has stopped being finite; the message says where."""


class Batches:
    """Sample numbers, shuffled anew for each epoch, in batches.

    Args:
        n_samples: how many samples there are.
        size: of a batch; None for all samples.
        seed: orders the samples.
        none_alone: whether a last batch of one sample joins the one before it, as `BatchNorm` needs.

    Attributes:
        generator: what the order is drawn from.
        kind: what they are, in words.

    Example:
        >>> [sorted(batch) for batch in Batches(3, None, 0)()]
        [[0, 1, 2]]
    """

    def __init__(self, n_samples: int, size: int | None, seed: Seed, none_alone: bool = False) -> None:
        self._n_samples = n_samples
        self._size = n_samples if size is None else size
        self._none_alone = none_alone
        self.generator = as_generator(seed)
        self.kind = f"{n_samples} samples in batches of {self._size}"

    def __call__(self) -> list[list[int]]:
        """Return the batches of one epoch."""
        order = list(range(self._n_samples))
        self.generator.shuffle(order)
        batches = [order[start : start + self._size] for start in range(0, len(order), self._size)]
        if self._none_alone and len(batches) > 1 and len(batches[-1]) == 1:
            last = batches.pop()
            batches[-1] += last
        return batches


class Mark(NamedTuple):
    """Something to go back to: the numbers of a model, and what the optimizer remembered then."""

    numbers: tuple[float, ...]
    memory: dict[str, list[float]]


class Steps:
    """Makes the steps of one run, and remembers numbers worth going back to.

    Args:
        model: a function of one sample's inputs.
        row: of the loss.
        optimizer: holds the parameters and steps them.
        regularizer: adds a penalty, or changes parameters after a step; or None.
        clip_norm: the largest Euclidean norm of a gradient, or None.
        replay: whether batches are computed by programs, where there can be some.

    Attributes:
        numbers: everything that a step changes.
        generators: what the modules of the model draw from.
    """

    def __init__(
        self,
        model: Model,
        row: LossRow,
        optimizer: Optimizer,
        regularizer: Regularizer | None = None,
        clip_norm: float | None = None,
        replay: bool = True,
    ) -> None:
        self._model: Any = model
        self._loss = row.function
        self._optimizer = optimizer
        self._regularizer = regularizer
        self._clip_norm = None if clip_norm is None else positive(clip_norm, "clip_norm")
        self._layers = _layers(model, optimizer)
        self.numbers = TrainedNumbers(model, optimizer.parameters)
        self.generators = _generators(model)
        parameters = self.numbers.parameters
        self._replay = Replay(model, row, parameters, self.generators, regularizer) if replay else None
        self._drawn: list[Any] = []
        self._norms: list[list[float]] = []
        self._penalties: list[float] = []
        self._last = self.mark()  # after the last whole step
        self._last_finite = self._last  # where the loss was finite for the last time: one step older

    def begin(self) -> None:
        """Begin an epoch: forget the gradient norms and penalties of the one before."""
        self._norms, self._penalties = [], []
        if self._replay is not None:
            self._replay.begin()
        if self.numbers.read() != self._last.numbers:  # someone else has changed the model
            self._last = self._last_finite = self.mark()

    def step(self, inputs: Sequence[Any], targets: Sequence[Any]) -> tuple[float, list[Any]]:
        """Train on one batch; return its loss before the step, without the penalty, and its outputs.

        Raises:
            NotFiniteError: the loss or a parameter is not finite.
            TypeError: the loss does not depend on a parameter.
        """
        self._drawn = [generator.getstate() for generator in self.generators]
        found = None if self._replay is None else self._replay.batch(inputs, targets)
        if found is None:
            found = self._recorded(inputs, targets)
        self._last_finite = self._last
        self._measure(found.total - found.loss)
        if self._clip_norm is not None:
            clip_gradients(self._optimizer.parameters, self._clip_norm)
        self._optimizer.step()
        if self._regularizer is not None:
            self._regularizer.project(self._model)
        self._last = self.mark()
        if not all(map(math.isfinite, self._last.numbers)):
            raise NotFiniteError("the step after a finite loss led to parameters that are not finite")
        return found.loss, found.outputs

    @property
    def engine(self) -> tuple[str, str | None]:
        """How batches are computed, "replay" or "eager", and why they are not replayed although they could be."""
        fallback = None if self._replay is None else self._replay.fallback
        return "eager" if self._replay is None or fallback is not None else "replay", fallback

    def replay_state(self) -> dict[str, Any] | None:
        """Return how batches are replayed, for another run to go on likewise; None where they are not."""
        return None if self._replay is None else self._replay.state()

    def load_replay_state(self, state: dict[str, Any] | None) -> None:
        """Replay as another run did, from what `replay_state` returned."""
        if self._replay is not None and state is not None:
            self._replay.load_state(state)

    def norms(self) -> dict[str, float]:
        """Return for each layer the Euclidean norm of its gradient, mean over the steps of the epoch."""
        return {name: _mean(norms) for (name, _), norms in zip(self._layers, zip(*self._norms))}

    def norm(self) -> float:
        """Return the Euclidean norm of the whole gradient, mean over the steps of the epoch."""
        return _mean([math.hypot(*norms) for norms in self._norms])

    def penalty(self) -> float:
        """Return what the regularizer added to the loss, mean over the steps of the epoch."""
        return _mean(self._penalties)

    def state(self) -> dict[str, list[float]]:
        """Return the numbers to go on from, and those of the last finite loss."""
        return {"numbers": list(self.numbers.read()), "good": list(self._last_finite.numbers)}

    def load_state(self, state: dict[str, list[float]]) -> None:
        """Go on from numbers that `state` returned.

        Raises:
            ValueError: they are too many or too few.
        """
        size = len(self._last.numbers)
        for numbers in (state["numbers"], state["good"]):
            if len(numbers) != size:
                raise ValueError(f"it holds {len(numbers)} numbers, and this run changes {size}")
        self.numbers.write(state["numbers"])
        self._last = self.mark()
        self._last_finite = Mark(tuple(state["good"]), self._optimizer.memory)

    def undo_partial_step(self) -> None:
        """Give the model the numbers it had after the last whole step, and the optimizer its memory of them."""
        self.return_to(self._last)

    def return_to_finite_loss(self) -> None:
        """Give the model the numbers of the last finite loss, and the optimizer its memory of them."""
        self.return_to(self._last_finite)

    def mark(self) -> Mark:
        """Return where the model and the optimizer are."""
        return Mark(self.numbers.read(), self._optimizer.memory)

    def return_to(self, mark: Mark) -> None:
        """Put the model and the optimizer where they were."""
        self.numbers.write(mark.numbers)
        self._optimizer.memory = mark.memory

    def _recorded(self, inputs: Sequence[Any], targets: Sequence[Any]) -> Replayed:
        """Return what comes of a batch by recording it, and leave the gradient in the parameters."""
        for parameter in self.numbers.parameters:
            parameter.grad = 0.0
        outputs, loss, total = self._forward(inputs, targets)
        if not math.isfinite(total.data):
            raise NotFiniteError(f"the loss became {total.data}: {self._explanation(inputs, targets)}")
        total.backward()
        return Replayed(loss, total.data, outputs)

    def _forward(self, inputs: Sequence[Any], targets: Sequence[Any]) -> tuple[list[Any], float, Value]:
        """Return the outputs of a batch, its loss, and its loss with the penalty."""
        model = self._model
        outputs = outputs_of(model, inputs)
        loss = mean([self._loss(output, target) for output, target in zip(outputs, targets)])
        if not isinstance(loss, Value):
            raise TypeError(
                f"the loss is a {type(loss).__name__}, not a Value: it does not depend on any parameter. Train with a "
                "loss that has slopes, such as hinge or squared_error; one that counts errors can only measure"
            )
        total = loss if self._regularizer is None else loss + self._regularizer.penalty(model)
        return outputs, loss.data, total

    def _explanation(self, inputs: Sequence[Any], targets: Sequence[Any]) -> str:
        """Return where a loss that is not finite comes from, by recording the batch once more."""
        for generator, state in zip(self.generators, self._drawn):
            generator.setstate(state)
        report = non_finite_origin(lambda: self._forward(inputs, targets)[2])
        return self._not_finite(inputs, targets) if report is None else str(report)

    def _not_finite(self, inputs: Sequence[Any], targets: Sequence[Any]) -> str:
        """Return which of the numbers that a batch starts from is not finite."""
        for what, given in (("an input", inputs), ("a target", targets)):
            for number in _flat(given):
                try:
                    is_finite = math.isfinite(number)
                except OverflowError:
                    return f"{what} is an int too large for a float"
                if not is_finite:
                    return f"{what} is {number}"
        numbers = [parameter.data for parameter in self.numbers.parameters]
        found = next((number for number in numbers if not math.isfinite(number)), None)
        return "a number it is computed from is not finite" if found is None else f"a parameter is {found}"

    def _measure(self, penalty: float) -> None:
        self._norms.append([math.hypot(*[each.grad for each in parameters]) for _, parameters in self._layers])
        self._penalties.append(penalty)


def _layers(model: Model, optimizer: Optimizer) -> list[tuple[str, list[Value]]]:
    """Return (name, parameters) for each layer, and for what the optimizer moves besides."""
    units = list(model.named_units()) if isinstance(model, Module) else []
    layers = [(name, parameters) for name, _, parameters in units if parameters]
    known = {id(each) for _, parameters in layers for each in parameters}
    others = [each for each in optimizer.parameters if id(each) not in known]
    return [*layers, ("other parameters", others)] if others else layers


def _generators(model: Model) -> list[random.Random]:
    modules = [module for _, module in model.named_modules()] if isinstance(model, Module) else []
    generators = [generator for module in modules if (generator := module.generator()) is not None]
    return list({id(generator): generator for generator in generators}.values())


def _flat(given: Any) -> Iterator[float]:
    """Yield the numbers in samples or targets, however deep they stand."""
    if isinstance(given, (list, tuple)):
        for each in cast("Sequence[Any]", given):
            yield from _flat(each)
    elif isinstance(given, (int, float)):
        yield given


def _mean(numbers: Sequence[float]) -> float:
    return mean(numbers) if numbers else 0.0
