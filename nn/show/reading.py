"""How the outputs of a model read: as a side, as one of several classes, or as a number.

This room knows what a loss says about outputs (its row in `nn.losses`). It does not draw.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

from nn.losses import LOSSES
from nn.stages import Activation

__all__ = ["Reading", "number_of"]


class Reading(NamedTuple):
    """What outputs and targets mean.

    Attributes:
        row: the row of the loss.
        classes: what the classes are called; empty for numbers.
        n_outputs: how many outputs the model has.

    Example:
        >>> from nn.losses import loss_row
        >>> reading = Reading.of(loss_row("hinge"), [1, -1, 1], 1, ["left", "right"])
        >>> reading.kind, reading.class_of(-1), reading.class_of(1)
        ('side', 0, 1)
    """

    row: Any
    classes: list[str]
    n_outputs: int

    @classmethod
    def of(cls, row: Any, targets: Sequence[Any], n_outputs: int, names: Sequence[str] | None = None) -> Reading:
        """Return how the outputs of a model read that was trained on some targets.

        Args:
            row: the row of the loss in `nn.losses`.
            targets: of all samples there are.
            n_outputs: of the model.
            names: of the classes, in the order of their numbers; by default the classes' codes.

        Raises:
            ValueError: there are fewer names than classes.
        """
        if row.decide is None or (n_outputs > 1 and isinstance(row.decide([0.0] * n_outputs), list)):
            return cls(row, [], n_outputs)  # numbers; or several yes-or-no answers at once, which have no one class
        if n_outputs > 1:
            row = row._replace(labels=None)  # which name the sides of a single score
        coded = cls(row, [""], n_outputs)
        found = [index for index in map(coded.class_of, targets) if index is not None]
        count = 2 if n_outputs == 1 else max([n_outputs, *(index + 1 for index in found)])
        return cls(row, _named(count, names, row.labels), n_outputs)

    @property
    def kind(self) -> str:
        """How an output looks: "side" for one score of two classes, "class", "number", or "numbers"."""
        if self.classes:
            return "side" if self.n_outputs == 1 else "class"
        return "number" if self.n_outputs == 1 else "numbers"

    def class_of(self, target: Any) -> int | None:
        """Return the number of the class that a target names, from 0; None if it names none."""
        if not self.classes or target is None:
            return None
        if self.row.labels is not None:
            return list(self.row.labels).index(target) if target in self.row.labels else None
        if hasattr(target, "__len__"):
            return list(target).index(max(target))
        return operator.index(target)

    def sides(self, outputs: Any) -> Any:
        """Return how sure outputs are, from −1 (surely the first class) to 1 (surely the second).

        Args:
            outputs: an array (samples, 1).

        Returns:
            An array (samples): 2p − 1 where the loss tells a probability p, else the score itself, within ±1.
        """
        import numpy as np

        scores = outputs[:, 0]
        if self.row.probabilities is not None:
            scores = np.array([2.0 * self.row.probabilities(score)[1] - 1.0 for score in scores.tolist()])
        return np.clip(np.nan_to_num(scores), -1.0, 1.0)

    def shares(self, outputs: Any) -> Any:
        """Return the probabilities of the classes; all for the highest score where the loss tells none.

        Args:
            outputs: an array (samples, classes).

        Returns:
            An array (samples, classes).
        """
        import numpy as np

        if self.row is LOSSES["softmax_cross_entropy"]:  # of all samples at once
            return Activation("softmax").on_arrays(outputs)
        if self.row.probabilities is not None:
            return np.array([self.row.probabilities(scores) for scores in outputs.tolist()])
        return np.eye(outputs.shape[1])[np.nan_to_num(outputs).argmax(axis=1)]


def number_of(target: Any) -> float:
    """Return the number that a target is, or that stands in it alone.

    Example:
        >>> number_of(0.5), number_of([0.5])
        (0.5, 0.5)
    """
    return float(target[0] if hasattr(target, "__len__") else target)


def _named(count: int, names: Sequence[str] | None, labels: Sequence[int] | None) -> list[str]:
    if names:
        if len(names) < count:
            raise ValueError(f"there are {count} classes, but names for {len(names)}: give one name for each class")
        return [str(name) for name in names]
    return [str(label) for label in labels or range(count)]
