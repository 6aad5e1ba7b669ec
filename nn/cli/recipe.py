"""What the command keeps beside a model: how rows become inputs, and what outputs mean.

This room knows the numbers that go into a model and come out of it, and the words they stand for. A recipe is plain
data that is saved with the model; what is read back is checked, and never executed. It does not know how a model is
trained (`nn.cli.train`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from nn.losses import LOSSES, LossRow
from nn.samples import Dataset, Standardization
from nn.tables import Encoding

__all__ = ["Recipe", "RecipeError"]

KEYS = {"source", "encoding", "loss", "inputs", "targets"}


class RecipeError(ValueError):
    """A saved recipe cannot be used; the message is one line."""


class Recipe(NamedTuple):
    """What belongs to a model that the command has trained.

    Attributes:
        source: the data set or file it was trained on.
        encoding: which columns become inputs, and what the classes are called.
        loss: the name of the loss it was trained with; it says what outputs mean.
        inputs: what inputs were standardized with, or None.
        targets: likewise of a regression.

    Example:
        >>> recipe = Recipe("pets", Encoding([], "kind", ["cat", "dog"]), "softmax_cross_entropy", None, None)
        >>> recipe.answer([0.5, 3.0]), recipe.n_outputs(1)
        (['dog'], 2)
    """

    source: str
    encoding: Encoding
    loss: str
    inputs: Standardization | None
    targets: Standardization | None

    @property
    def row(self) -> LossRow:
        """The row of the loss."""
        return LOSSES[self.loss]

    @property
    def codes(self) -> tuple[int, ...]:
        """How the loss codes the classes: (−1, 1) or (0, 1) for a single score of two classes, else their indices."""
        n_classes = len(self.encoding.classes)
        return self.row.labels if self.row.labels and n_classes == 2 else tuple(range(n_classes))

    def n_outputs(self, n_targets: int) -> int:
        """Return how many outputs the model has.

        Args:
            n_targets: how many numbers a target of a regression has.
        """
        if not self.encoding.classes:
            return n_targets
        return 1 if self.row.labels and len(self.codes) == 2 else len(self.codes)

    def samples(self, dataset: Dataset) -> tuple[list[list[float]], list[Any]]:
        """Return inputs and targets as the model and the loss take them.

        Raises:
            ValueError: a number is too large to be standardized.
        """
        return self.standardized(dataset.inputs), self._coded(dataset)

    def standardized(self, inputs: list[list[float]]) -> list[list[float]]:
        """Return inputs as the model takes them.

        Raises:
            ValueError: a number is too large to be standardized.
        """
        return inputs if self.inputs is None else self.inputs.apply(inputs)

    def in_units(self, outputs: Sequence[Any]) -> list[Any]:
        """Return the outputs of a regression in the units of its targets: numbers, or lists of them."""
        return list(outputs) if self.targets is None else _by_rows(self.targets.undo, outputs)

    def class_of(self, output: Any) -> int | None:
        """Return the index of the class that an output stands for; None of nan."""
        decided = self.row.decide(output) if self.row.decide else None
        return None if decided is None else self.codes.index(decided)

    def answer(self, output: Any) -> list[str]:
        """Return what an output says in words: a class, or the numbers of a regression in the units of the targets."""
        if self.encoding.classes:
            index = self.class_of(output)
            return ["" if index is None else self.encoding.classes[index]]
        (numbers,) = self.in_units([output])
        listed = numbers if isinstance(numbers, list) else [numbers]
        spreads = self.targets.deviations if self.targets else [1.0] * len(listed)
        return [_number_text(*each) for each in zip(listed, spreads)]

    def probabilities(self, output: Any) -> list[str]:
        """Return the probability of each class, where the loss tells one."""
        return [f"{p:.6f}" for p in self.row.probabilities(output)] if self.row.probabilities else []

    def _coded(self, dataset: Dataset) -> list[Any]:
        if dataset.classes:
            return [self.codes[index] for index in cast("list[int]", dataset.targets)]
        return list(dataset.targets) if self.targets is None else _by_rows(self.targets.apply, dataset.targets)

    # -- as data -----------------------------------------------------------------------------------------------------

    def as_json(self) -> dict[str, Any]:
        """Return the recipe as texts, lists and dicts, as JSON can hold them."""
        return {
            "source": self.source.encode(errors="backslashreplace").decode(),
            "encoding": self.encoding.as_json(),
            "loss": self.loss,
            "inputs": self.inputs and self.inputs._asdict(),
            "targets": self.targets and self.targets._asdict(),
        }

    @classmethod
    def from_json(cls, data: Any) -> Recipe:
        """Return the recipe that `as_json` gave; everything is checked.

        Raises:
            RecipeError: it is not what `as_json` gives.
            TableError: its encoding is not.
        """
        if not isinstance(data, dict) or set(cast("dict[str, Any]", data)) != KEYS:
            raise RecipeError(
                "it does not say how rows become inputs (a checkpoint, for one, does not): "
                "save it with python -m nn train … --save"
            )
        entries = cast("dict[str, Any]", data)
        encoding = Encoding.from_json(entries["encoding"])
        _check_loss(entries["loss"], len(encoding.classes))
        inputs = _standardization(entries["inputs"], "inputs")
        if inputs is not None and len(inputs.means) != len(encoding.features):
            raise RecipeError(
                f"it standardizes {len(inputs.means)} inputs, and its columns make {len(encoding.features)}"
            )
        targets = _standardization(entries["targets"], "targets")
        if targets is not None and encoding.classes:
            raise RecipeError("it standardizes targets that are classes")
        return cls(str(entries["source"]), encoding, entries["loss"], inputs, targets)


def _check_loss(name: Any, n_classes: int) -> None:
    row = LOSSES.get(name) if isinstance(name, str) else None
    if row is None:
        raise RecipeError("its loss is none of this package")
    if bool(row.decide) != bool(n_classes):
        raise RecipeError(f"its loss, {name}, does not go with {n_classes} classes")


def _standardization(data: Any, what: str) -> Standardization | None:
    if data is None:
        return None
    parts = [data.get(key) for key in Standardization._fields] if isinstance(data, dict) else []
    lists = [part for part in parts if isinstance(part, list) and all(map(_is_finite, part))]
    if len(lists) < 2 or len(lists[0]) != len(lists[1]) or not all(spread > 0.0 for spread in lists[1]):
        raise RecipeError(f"what its {what} are standardized with is not a mean and a deviation for each")
    return Standardization(*lists)


def _number_text(number: float, spread: float) -> str:
    """Return a number with ten digits or more, so many that a millionth of the spread shows."""
    size = max(abs(number), spread)
    more = math.log10(size / spread) if math.isfinite(size) and spread else 0.0
    return f"{number:.{min(17, max(10, math.ceil(more) + 7))}g}"


def _is_finite(number: Any) -> bool:
    return isinstance(number, (int, float)) and math.isfinite(number)


def _by_rows(function: Any, targets: Sequence[Any]) -> list[Any]:
    """Return a function of rows for targets that are numbers or rows."""
    if targets and isinstance(targets[0], list):
        return list(function(targets))
    return [number for (number,) in function([[target] for target in targets])]
