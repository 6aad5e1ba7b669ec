"""Data to learn from: a few samples with targets, standardized and split.

This room knows how samples are loaded and prepared. It does not know what learns from them. Real data sets come with
scikit-learn, which is an extra.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from nn.initializers import Seed, as_generator

__all__ = ["Dataset", "Standardization", "load_iris", "stratified_split"]


class Dataset(NamedTuple):
    """Samples of a classification.

    Attributes:
        inputs: one list of numbers per sample, all of one length.
        targets: the class of each sample, as an index into `classes`.
        features: what each input is, with its unit.
        classes: what each class is called.
    """

    inputs: list[list[float]]
    targets: list[int]
    features: list[str]
    classes: list[str]


class Standardization(NamedTuple):
    """A shift and a scale per feature, which make mean 0 and standard deviation 1 of the data they were taken from.

    Attributes:
        means: of each feature, in its unit.
        deviations: standard deviation of each feature, in its unit; 1 where all samples are alike.

    Example:
        >>> standardization = Standardization.of([[1.0, 7.0], [3.0, 7.0]])
        >>> standardization.apply([[1.0, 7.0], [5.0, 8.0]])
        [[-1.0, 0.0], [3.0, 1.0]]
    """

    means: list[float]
    deviations: list[float]

    @classmethod
    def of(cls, inputs: Sequence[Sequence[float]]) -> Standardization:
        """Return what standardizes some samples: take it from training data, and apply it to all other data too.

        Args:
            inputs: one sequence of numbers per sample, all of one length; at least one.

        Raises:
            ValueError: there are no samples.
        """
        if not len(inputs):
            raise ValueError("there are no samples to standardize")
        columns = list(zip(*inputs))
        means = [math.fsum(column) / len(column) for column in columns]
        return cls(means, [_deviation(column, center) for column, center in zip(columns, means)])

    def apply(self, inputs: Sequence[Sequence[float]]) -> list[list[float]]:
        """Return (input − mean) / deviation for every sample and feature; dimensionless.

        Raises:
            ValueError: a sample has another number of features.
        """
        return [
            [(x - center) / spread for x, center, spread in zip(sample, self.means, self.deviations, strict=True)]
            for sample in inputs
        ]


def _deviation(column: Sequence[float], center: float) -> float:
    return math.sqrt(math.fsum((x - center) ** 2 for x in column) / len(column)) or 1.0


def load_iris() -> Dataset:
    """Return Fisher's iris data: 150 flowers, 4 lengths in centimetres, 3 species with 50 flowers each.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed; the message says how to install it.

    Source: Fisher, 1936, as shipped with scikit-learn.
    """
    try:
        datasets: Any = importlib.import_module("sklearn.datasets")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'the iris data comes with scikit-learn, which is not installed: pip install "tapegrad[data]"'
        ) from error
    loaded = datasets.load_iris()
    classes = [str(name) for name in loaded.target_names]
    return Dataset(loaded.data.tolist(), loaded.target.tolist(), list(loaded.feature_names), classes)


def stratified_split(dataset: Dataset, test_share: float = 0.2, seed: Seed = 0) -> tuple[Dataset, Dataset]:
    """Return (training data, test data), every class being split in the same proportion.

    Args:
        dataset: what to split.
        test_share: share of each class that goes to the test data; above 0 and below 1.
        seed: chooses the samples: an int, or a `random.Random` to draw from.

    Raises:
        ValueError: the share is out of range, or a class has too few samples to be on both sides.

    Example:
        >>> data = Dataset([[float(x)] for x in range(8)], [0, 0, 0, 0, 1, 1, 1, 1], ["x"], ["low", "high"])
        >>> training, test = stratified_split(data, 0.25)
        >>> sorted(training.targets), sorted(test.targets)
        ([0, 0, 0, 1, 1, 1], [0, 1])
    """
    if not 0.0 < test_share < 1.0:
        raise ValueError(f"the test share is above 0 and below 1, not {test_share}")
    generator = as_generator(seed)
    training: list[int] = []
    test: list[int] = []
    for each in sorted(set(dataset.targets)):
        members = [i for i, target in enumerate(dataset.targets) if target == each]
        generator.shuffle(members)
        n_test = _test_count(len(members), test_share, dataset.classes[each])
        test += members[:n_test]
        training += members[n_test:]
    return _subset(dataset, training), _subset(dataset, test)


def _test_count(n_members: int, test_share: float, name: str) -> int:
    count = round(n_members * test_share)
    if not 0 < count < n_members:
        raise ValueError(f"class {name!r} has too few samples ({n_members}) for a test share of {test_share}")
    return count


def _subset(dataset: Dataset, rows: Sequence[int]) -> Dataset:
    return dataset._replace(inputs=[dataset.inputs[i] for i in rows], targets=[dataset.targets[i] for i in rows])
