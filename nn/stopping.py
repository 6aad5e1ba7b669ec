"""When a run has come to its end before its last epoch.

A condition is a function of an `Epoch` that says why the run ends, as a text (True stands for no special reason), or
None to go on. This room knows the usual ones. It does not know the loop that asks.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from nn.checks import counted, non_negative, positive, whole
from nn.history import Epoch

__all__ = ["Condition", "EarlyStopping", "gradient_norm_below", "parameter_change_below"]

Condition = Callable[[Epoch], str | bool | None]


class EarlyStopping:
    """End a run when the loss has not become better for some epochs; the run then goes back to its best epoch.

    The loss is that of the validation samples, or without such samples the training loss. The best epoch is the one
    with the lowest loss of all; min_delta only says when waiting for a better one is over.

    Args:
        patience: epochs without a better loss that are waited for; 1 or more.
        min_delta: how much lower a loss has to be to count as better; finite, 0 or more, in the units of the loss.

    Raises:
        ValueError: a number is out of range.
        TypeError: the patience is not an int, or something else is not a number.

    Attributes:
        best: the loss that counted as better last.
        best_epoch: its epoch; 0 before the first.

    Example:
        >>> from nn import MLP, SGD, EarlyStopping, fit
        >>> model = MLP(1, [1])
        >>> history = fit(model, [[0.0]], [1.0], loss="mean_squared_error", epochs=100, progress=False,
        ...               optimizer=SGD(model.parameters(), 0.5), early_stopping=EarlyStopping(3))
        >>> len(history.loss), history.stopped
        (5, 'no better loss for 3 epochs: back to epoch 2')
    """

    def __init__(self, patience: int = 10, *, min_delta: float = 0.0) -> None:
        self.patience = whole(patience, "patience, in epochs,")
        self.min_delta = non_negative(min_delta, "min_delta")
        self.best = math.inf
        self.best_epoch = 0

    def __call__(self, epoch: Epoch) -> str | None:
        """Take in an epoch; return why the run ends, or None to go on."""
        if epoch.number == 1:  # of a new run
            self.best, self.best_epoch = math.inf, 0
        if epoch.monitored_loss < self.best - self.min_delta:
            self.best, self.best_epoch = epoch.monitored_loss, epoch.number
        if epoch.number - self.best_epoch < self.patience:
            return None
        return f"no better loss for {counted(self.patience, 'epoch')}"

    def __repr__(self) -> str:
        return f"EarlyStopping({self.patience}, min_delta={self.min_delta})"

    def state(self) -> dict[str, float]:
        """Return what is needed to go on as if nothing had happened."""
        return {"best": self.best, "best_epoch": self.best_epoch}

    def load_state(self, state: dict[str, float]) -> None:
        """Go on from a state that `state` returned."""
        self.best, self.best_epoch = float(state["best"]), int(state["best_epoch"])


def gradient_norm_below(epsilon: float) -> Condition:
    """Return the condition that the gradient has become small: its Euclidean norm, mean over the steps of the epoch.

    It says most with full batches: the gradient of a small batch does not vanish at the minimum of all samples.

    Args:
        epsilon: above 0; in units of the loss per unit of the parameters.

    Raises:
        ValueError: epsilon is out of range.
        TypeError: epsilon is not a number.

    Example:
        >>> from nn import MLP, SGD, fit
        >>> model = MLP(1, [1])
        >>> history = fit(model, [[0.0]], [1.0], loss="mean_squared_error", epochs=100, progress=False,
        ...               optimizer=SGD(model.parameters(), 0.25), stop_when=gradient_norm_below(1e-3))
        >>> len(history.loss), history.stopped
        (12, 'the gradient norm fell below 0.001')
    """
    epsilon = positive(epsilon, "epsilon")
    return lambda epoch: f"the gradient norm fell below {epsilon:g}" if epoch.gradient_norm < epsilon else None


def parameter_change_below(epsilon: float) -> Condition:
    """Return the condition that parameters hardly move: the Euclidean norm of what an epoch changed in them.

    Args:
        epsilon: above 0; in units of the parameters.

    Raises:
        ValueError: epsilon is out of range.
        TypeError: epsilon is not a number.

    Example:
        >>> from nn import MLP, SGD, fit
        >>> model = MLP(1, [1])
        >>> history = fit(model, [[0.0]], [1.0], loss="mean_squared_error", epochs=100, progress=False,
        ...               optimizer=SGD(model.parameters(), 0.25), stop_when=parameter_change_below(1e-3))
        >>> len(history.loss), history.stopped
        (10, 'the parameters changed by less than 0.001')
    """
    epsilon = positive(epsilon, "epsilon")
    return lambda epoch: (
        f"the parameters changed by less than {epsilon:g}" if epoch.parameter_change < epsilon else None
    )
