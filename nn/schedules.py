"""The schedules: how the learning rate changes from epoch to epoch.

This room knows an optimizer by its `learning_rate` alone, and a run by the number of epochs that have ended. It does
not know how the rate is used. A schedule is stepped once at the end of every epoch; the first epoch has the rate that
the optimizer was made with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from nn.checks import below_one, non_negative, positive, whole
from nn.optimizers import Optimizer, checked_state

__all__ = [
    "SCHEDULES",
    "ConstantSchedule",
    "CosineSchedule",
    "ExponentialSchedule",
    "ReduceOnPlateau",
    "Schedule",
    "StepSchedule",
]

_COUNTS = frozenset({"epoch", "waited"})
"""What a state remembers that is a whole number."""

_SMALLEST_DROP = 1e-8
"""Of a learning rate: a drop of so much or less is not made."""


class Schedule:
    """Base of the schedules: holds the optimizer, the learning rate it began with, and how many epochs have ended.

    A subclass says in `rate` what the learning rate is after a number of epochs. A rate that is assigned to the
    optimizer by hand lasts until the next step.

    Args:
        optimizer: whose `learning_rate` is assigned in every step.

    Raises:
        TypeError: it is not an optimizer.

    Attributes:
        initial: the learning rate of the first epoch.
        epoch: how many epochs have ended.
        remembers: the names of the attributes that `state` keeps.

    Example:
        >>> from autograd import Value
        >>> from nn.optimizers import SGD
        >>> class Halving(Schedule):
        ...     def rate(self, epoch):
        ...         return self.initial / 2**epoch
        >>> schedule = Halving(SGD([Value(1.0)], 0.5))
        >>> schedule.step()
        >>> schedule.optimizer.learning_rate
        0.25
    """

    remembers: tuple[str, ...] = ("initial", "epoch")  # and more in a subclass

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"a schedule takes an optimizer, such as SGD(...), not {type(optimizer).__name__}")
        self.optimizer = optimizer
        self.initial = optimizer.learning_rate
        self.epoch = 0

    def rate(self, epoch: int) -> float:
        """Return the learning rate after a number of epochs.

        Args:
            epoch: how many epochs have ended; 0 or more.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what the rate is after epoch {epoch}")

    def step(self, loss: float | None = None) -> None:  # noqa: ARG002 # only some schedules look at it
        """End an epoch: give the optimizer the learning rate of the next one.

        Args:
            loss: the loss of this epoch, of the validation if there is one; only `ReduceOnPlateau` needs it.
        """
        self.epoch += 1
        self.optimizer.learning_rate = self.rate(self.epoch)

    def state(self) -> dict[str, list[float]]:
        """Return a copy of what the next steps depend on, as lists of one float.

        The learning rate of the optimizer is not in it: it is in the state of the optimizer.

        Example:
            >>> from autograd import Value
            >>> from nn.optimizers import SGD
            >>> ConstantSchedule(SGD([Value(1.0)], 0.5)).state()
            {'initial': [0.5], 'epoch': [0.0]}
        """
        return {name: [float(getattr(self, name))] for name in self.remembers}

    def load_state(self, state: Mapping[str, Sequence[float]]) -> None:
        """Go on where the schedule that gave this state was; load the state of the optimizer too.

        Everything is checked first; where something does not fit, nothing changes. Make the schedule with the options
        of the other one: they are not in the state.

        Args:
            state: from `state()` of a schedule of this class.

        Raises:
            ValueError: a name is missing or unknown, or a number is out of its range.
            TypeError: the state is not a dict of lists of numbers.
        """
        kind = type(self).__name__
        loaded = checked_state(state, self.state(), kind, endless=("best",))
        for name, (number,) in loaded.items():
            if name in _COUNTS and not (number >= 0.0 and number.is_integer()):
                raise ValueError(f"the state does not fit {kind}: {name!r} is a whole number, 0 or more, not {number}")
        non_negative(loaded["initial"][0], "initial learning rate")
        for name, (number,) in loaded.items():
            setattr(self, name, int(number) if name in _COUNTS else number)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(epoch={self.epoch}, learning_rate={self.optimizer.learning_rate})"


class ConstantSchedule(Schedule):
    """The same learning rate in every epoch.

    Args:
        optimizer: whose `learning_rate` is assigned in every step.

    Raises:
        TypeError: it is not an optimizer.

    Example:
        >>> from autograd import Value
        >>> from nn.optimizers import SGD
        >>> schedule = ConstantSchedule(SGD([Value(1.0)], 0.5))
        >>> [schedule.rate(epoch) for epoch in range(3)]
        [0.5, 0.5, 0.5]
    """

    def rate(self, epoch: int) -> float:  # noqa: ARG002 # one signature for all
        """Return the learning rate after a number of epochs: the initial one."""
        return self.initial


class StepSchedule(Schedule):
    """A learning rate that drops by a factor every so many epochs, and is constant in between.

    rate = initial · factor^⌊epoch / every⌋

    Args:
        optimizer: whose `learning_rate` is assigned in every step.
        every: epochs from drop to drop; 1 or more.
        factor: what the rate is multiplied by; finite, above 0.

    Raises:
        ValueError: a number is out of range.
        TypeError: it is not an optimizer, or every is not an int.

    Example:
        >>> from autograd import Value
        >>> from nn.optimizers import SGD
        >>> schedule = StepSchedule(SGD([Value(1.0)], 8.0), every=2, factor=0.5)
        >>> [schedule.rate(epoch) for epoch in range(6)]
        [8.0, 8.0, 4.0, 4.0, 2.0, 2.0]
    """

    def __init__(self, optimizer: Optimizer, every: int, factor: float = 0.1) -> None:
        super().__init__(optimizer)
        self.every = whole(every, "number of epochs from drop to drop")
        self.factor = positive(factor, "factor")

    def rate(self, epoch: int) -> float:
        """Return the learning rate after a number of epochs."""
        return self.initial * self.factor ** (epoch // self.every)


class ExponentialSchedule(Schedule):
    """A learning rate that is multiplied by a factor after every epoch.

    rate = initial · factor^epoch

    Args:
        optimizer: whose `learning_rate` is assigned in every step.
        factor: what the rate is multiplied by; finite, above 0, usually a little below 1.

    Raises:
        ValueError: the factor is out of range.
        TypeError: it is not an optimizer.

    Example:
        >>> from autograd import Value
        >>> from nn.optimizers import SGD
        >>> schedule = ExponentialSchedule(SGD([Value(1.0)], 8.0), factor=0.5)
        >>> [schedule.rate(epoch) for epoch in range(4)]
        [8.0, 4.0, 2.0, 1.0]
    """

    def __init__(self, optimizer: Optimizer, factor: float) -> None:
        super().__init__(optimizer)
        self.factor = positive(factor, "factor")

    def rate(self, epoch: int) -> float:
        """Return the learning rate after a number of epochs."""
        return self.initial * self.factor**epoch


class CosineSchedule(Schedule):
    """A learning rate that falls along half a wave: slowly at first, fast in the middle, slowly at the end.

    rate = lowest + (initial − lowest) · (1 + cos(π · epoch / epochs)) / 2

    Args:
        optimizer: whose `learning_rate` is assigned in every step.
        epochs: how many epochs it takes to reach the lowest rate, usually those of the whole run; 1 or more.
        lowest: the rate at the end; finite, 0 or more.

    Raises:
        ValueError: a number is out of range.
        TypeError: it is not an optimizer, or epochs is not an int.

    Convention: after those epochs the rate rises again along the wave, as in PyTorch.

    Example:
        >>> from autograd import Value
        >>> from nn.optimizers import SGD
        >>> schedule = CosineSchedule(SGD([Value(1.0)], 8.0), epochs=4)
        >>> [round(schedule.rate(epoch), 2) for epoch in range(5)]
        [8.0, 6.83, 4.0, 1.17, 0.0]

    Source: Loshchilov and Hutter, 2017.
    """

    def __init__(self, optimizer: Optimizer, epochs: int, lowest: float = 0.0) -> None:
        super().__init__(optimizer)
        self.epochs = whole(epochs, "number of epochs")
        self.lowest = non_negative(lowest, "lowest learning rate")

    def rate(self, epoch: int) -> float:
        """Return the learning rate after a number of epochs."""
        return self.lowest + (self.initial - self.lowest) * (1 + math.cos(math.pi * epoch / self.epochs)) / 2


class ReduceOnPlateau(Schedule):
    """A learning rate that drops by a factor when the loss has not become better for some epochs.

    A drop multiplies the rate that the optimizer has, also one that was assigned by hand.

    A loss is better if it is below best · (1 − threshold), best being the last one that was. After more than
    `patience` epochs in a row that were not better the rate drops, and the count starts anew.

    Args:
        optimizer: whose `learning_rate` is assigned when it drops.
        factor: what the rate is multiplied by; 0 or more and below 1.
        patience: how many epochs in a row may fail to be better; 0 or more.
        threshold: how much better counts, as a share of the best loss; 0 or more and below 1.
        lowest: no rate is below it; finite, 0 or more.

    Raises:
        ValueError: a number is out of range.
        TypeError: it is not an optimizer, or patience is not an int.

    Convention: a loss of nan is not better, and a drop of 10⁻⁸ or less is not made, as in PyTorch. The threshold is
    meant for losses of 0 or more.

    Example:
        >>> from autograd import Value
        >>> from nn.optimizers import SGD
        >>> schedule = ReduceOnPlateau(SGD([Value(1.0)], 8.0), factor=0.5, patience=1)
        >>> for loss in [3.0, 2.0, 2.0, 2.0]:
        ...     schedule.step(loss)
        >>> schedule.optimizer.learning_rate
        4.0
    """

    remembers = ("initial", "epoch", "best", "waited")

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        lowest: float = 0.0,
    ) -> None:
        super().__init__(optimizer)
        self.factor = below_one(factor, "factor")
        self.patience = whole(patience, "patience", 0)
        self.threshold = below_one(threshold, "threshold")
        self.lowest = non_negative(lowest, "lowest learning rate")
        self.best = math.inf
        self.waited = 0

    def step(self, loss: float | None = None) -> None:
        """End an epoch: lower the learning rate if the loss has not become better for too long.

        Args:
            loss: the loss of this epoch, of the validation if there is one.

        Raises:
            TypeError: there is no loss, or it is not a number.
        """
        if loss is None:
            raise TypeError("ReduceOnPlateau looks at the loss: write schedule.step(loss)")
        loss = float(loss)
        better = loss < self.best * (1 - self.threshold)
        self.epoch += 1
        self.best = loss if better else self.best
        self.waited = 0 if better else self.waited + 1
        if self.waited > self.patience:
            self._drop()
            self.waited = 0

    def _drop(self) -> None:
        before = self.optimizer.learning_rate
        after = max(before * self.factor, self.lowest)
        if before - after > _SMALLEST_DROP:
            self.optimizer.learning_rate = after


SCHEDULES: dict[str, Callable[[Optimizer, int], Schedule]] = {
    "constant": lambda optimizer, epochs: ConstantSchedule(optimizer),  # noqa: ARG005 # one signature for all
    "step": lambda optimizer, epochs: StepSchedule(optimizer, every=max(1, -(-epochs // 3)), factor=0.1),
    "exponential": lambda optimizer, epochs: ExponentialSchedule(optimizer, factor=0.01 ** (1 / epochs)),
    "cosine": CosineSchedule,
    "plateau": lambda optimizer, epochs: ReduceOnPlateau(optimizer, patience=max(1, epochs // 10)),
}
"""name -> function (optimizer, epochs) -> a schedule that suits a run of so many epochs.

`step` divides the rate by 10 after one third and after two thirds of the run, `exponential` by 100 in the whole run,
`cosine` lowers it to 0, and `plateau` waits for a tenth of the run, 1 epoch or more, before it divides the rate by 10.
"""
