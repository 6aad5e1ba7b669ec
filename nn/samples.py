"""Samples: what a data set is, how it is split, and how its numbers are standardized.

This room knows rows of numbers with their targets. It does not know where they come from (`nn.datasets`, `nn.tables`),
nor what learns from them.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from nn.checks import real
from nn.initializers import Seed, as_generator

__all__ = ["Dataset", "Standardization", "split", "stratified_split"]


class Dataset(NamedTuple):
    """Samples of a classification or of a regression.

    Attributes:
        inputs: one list of numbers per sample, all of one length.
        targets: of each sample its class, as an index into `classes`; for a regression its number, or its list of
            numbers.
        features: what each input is, with its unit.
        classes: what each class is called; empty for a regression.
        name: what the data set is called.

    Example:
        >>> data = Dataset([[0.0], [1.0]], [0, 1], ["length in cm"], ["short", "long"])
        >>> data.classes[data.targets[1]]
        'long'
    """

    inputs: list[list[float]]
    targets: list[int] | list[float] | list[list[float]]
    features: list[str]
    classes: list[str]
    name: str = ""


class Standardization(NamedTuple):
    """A shift and a scale per feature, which make mean 0 and standard deviation 1 of the data they were taken from.

    Attributes:
        means: of each feature, in its unit.
        deviations: standard deviation of each feature, in its unit; 1 where all samples are alike to within rounding.

    Example:
        >>> standardization = Standardization.of([[1.0, 7.0], [3.0, 7.0]])
        >>> standardization.apply([[1.0, 7.0], [5.0, 8.0]])
        [[-1.0, 0.0], [3.0, 1.0]]
        >>> standardization.undo([[3.0, 1.0]])
        [[5.0, 8.0]]
    """

    means: list[float]
    deviations: list[float]

    @classmethod
    def of(cls, inputs: Sequence[Sequence[float]]) -> Standardization:
        """Return what standardizes some samples: take it from training data, and apply it to all other data too.

        Args:
            inputs: one sequence of finite numbers per sample, all of one length; at least one.

        Raises:
            ValueError: there are no samples, their lengths differ, or a number is not finite.
            TypeError: a sample is not a list of numbers.

        Convention: the deviation is that of the samples, Σ(x − mean)² / n under the root, not n − 1.
        """
        _check_lengths(inputs)
        if not len(inputs):
            raise ValueError("there are no samples to standardize")
        _check_finite(inputs)
        moments = [_moments(column) for column in zip(*inputs)]
        return cls([mean for mean, _ in moments], [deviation for _, deviation in moments])

    def apply(self, inputs: Sequence[Sequence[float]]) -> list[list[float]]:
        """Return (input − mean) / deviation for every sample and feature; dimensionless.

        Args:
            inputs: one sequence of finite numbers per sample, as many as there are means.

        Raises:
            ValueError: a sample has another number of features, or a number is not finite, before or after.
        """
        _check_lengths(inputs, len(self.means))
        _check_finite(inputs)
        standardized = [list(map(_standard, sample, self.means, self.deviations)) for sample in inputs]
        _check_finite(standardized, "standardized, ")
        return standardized

    def undo(self, inputs: Sequence[Sequence[float]]) -> list[list[float]]:
        """Return input · deviation + mean for every sample and feature: the inverse of `apply`, in the old units.

        Args:
            inputs: one sequence of numbers per sample, as many as there are means; dimensionless.

        Raises:
            ValueError: a sample has another number of features.
            TypeError: a feature is not a number.
        """
        _check_lengths(inputs, len(self.means))
        return [
            [
                real(x, f"feature {k} of sample {i}") * spread + center
                for k, (x, center, spread) in enumerate(zip(sample, self.means, self.deviations))
            ]
            for i, sample in enumerate(inputs)
        ]


def split(dataset: Dataset, shares: Sequence[float] = (0.6, 0.2, 0.2), seed: Seed = 0) -> tuple[Dataset, ...]:
    """Return the data set in parts, such as (training, validation, test); of a classification every class likewise.

    Args:
        dataset: what to split.
        shares: of each part; above 0, of sum 1. What rounding leaves over goes to the first part.
        seed: chooses the samples: an int, or a `random.Random` to draw from.

    Returns:
        One data set per share. Every sample is in exactly one of them.

    Raises:
        ValueError: the shares are out of range, there are too few samples for every part to have some of each class,
            or the data set has not a target for each sample, of a classification the index of a class.
        TypeError: it is no Dataset, the shares are no list, or a share is not a number.

    Example:
        >>> data = Dataset([[float(x)] for x in range(10)], [x / 2 for x in range(10)], ["x"], [])
        >>> [len(part.inputs) for part in split(data)]
        [6, 2, 2]
    """
    _check_dataset(dataset)
    if not hasattr(shares, "__iter__"):
        raise TypeError(f"the shares are a list of two numbers or more, such as [0.8, 0.2], not {shares!r}")
    shares = [real(share, "share") for share in shares]
    if len(shares) < 2 or not all(share > 0.0 for share in shares) or not math.isclose(math.fsum(shares), 1.0):
        raise ValueError(f"the shares are two numbers or more, above 0 and of sum 1, not {shares}")
    return _split(dataset, shares[1:], f"shares of {', '.join(map(str, shares))}", seed)


def stratified_split(dataset: Dataset, test_share: float = 0.2, seed: Seed = 0) -> tuple[Dataset, Dataset]:
    """Return (training data, test data) of a classification, every class being split in the same proportion.

    Args:
        dataset: what to split.
        test_share: share of each class that goes to the test data; above 0 and below 1.
        seed: chooses the samples: an int, or a `random.Random` to draw from.

    Raises:
        ValueError: the share is out of range, a class has too few samples to be on both sides, there are no classes, or
            the data set has not a target for each sample, the index of a class.
        TypeError: it is no Dataset, or the share is not a number.

    Example:
        >>> data = Dataset([[float(x)] for x in range(8)], [0, 0, 0, 0, 1, 1, 1, 1], ["x"], ["low", "high"])
        >>> training, test = stratified_split(data, 0.25)
        >>> sorted(training.targets), sorted(test.targets)
        ([0, 0, 0, 1, 1, 1], [0, 1])
    """
    _check_dataset(dataset)
    if not 0.0 < real(test_share, "test share") < 1.0:
        raise ValueError(f"the test share is above 0 and below 1, not {test_share}")
    if not dataset.classes:
        raise ValueError("a regression has no classes to keep in proportion: use split")
    training, test = _split(dataset, [test_share], f"a test share of {test_share}", seed)
    return training, test


# -- splitting -------------------------------------------------------------------------------------------------------


def _split(dataset: Dataset, shares: Sequence[float], wish: str, seed: Seed) -> tuple[Dataset, ...]:
    """Return one part for each share, and before them the part that gets what is left."""
    generator = as_generator(seed)
    parts: list[list[int]] = [[], *([] for _ in shares)]
    for who, members in _groups(dataset):
        generator.shuffle(members)
        counts = [round(len(members) * share) for share in shares]
        counts.insert(0, len(members) - sum(counts))
        if min(counts) < 1:
            raise ValueError(f"{who} too few samples ({len(members)}) for {wish}")
        end = len(members)
        for part, count in zip(parts, counts):
            part.extend(members[end - count : end])
            end -= count
    return tuple(_subset(dataset, part) for part in parts)


def _groups(dataset: Dataset) -> list[tuple[str, list[int]]]:
    """Return what is split by itself: the samples of each class, or all samples of a regression."""
    if not dataset.classes:
        return [("there are", list(range(len(dataset.inputs))))]
    targets = cast("list[int]", dataset.targets)
    return [
        (f"class {dataset.classes[each]!r} has", [i for i, target in enumerate(targets) if target == each])
        for each in sorted(set(targets))
    ]


def _subset(dataset: Dataset, rows: Sequence[int]) -> Dataset:
    targets: list[Any] = [dataset.targets[i] for i in rows]
    return dataset._replace(inputs=[dataset.inputs[i] for i in rows], targets=targets)


# -- standardizing ---------------------------------------------------------------------------------------------------


def _moments(column: Sequence[float]) -> tuple[float, float]:
    """Return the mean and the standard deviation of some finite numbers, of any size.

    They are scaled by a power of two to below 1 first, which rounds nothing, so that no square over- or underflows.
    """
    _, exponent = math.frexp(max(map(abs, column)))
    scaled = [math.ldexp(x, -exponent) for x in column]
    mean = math.fsum(scaled) / len(scaled)
    deviation = math.sqrt(math.fsum((x - mean) ** 2 for x in scaled) / len(scaled))
    if deviation <= 4.0 * sys.float_info.epsilon:  # of numbers up to 1: the mean's rounding, or the data's
        return math.ldexp(mean, exponent), 1.0
    return math.ldexp(mean, exponent), math.ldexp(deviation, exponent) or 1.0  # of numbers near 5e-324


def _standard(x: float, center: float, spread: float) -> float:
    difference = float(x) - center
    if math.isinf(difference):  # opposite signs, near the end of the range
        return (0.5 * x - 0.5 * center) / spread * 2.0
    return difference / spread


def _check_dataset(dataset: Any) -> None:
    if not isinstance(dataset, Dataset):
        raise TypeError(
            "what is split is a Dataset(inputs, targets, features, classes), classes being [] for a regression, "
            f"not {type(dataset).__name__}"
        )
    n_samples, n_targets = len(dataset.inputs), len(dataset.targets)
    if n_samples != n_targets:
        raise ValueError(f"the inputs and targets of the data set differ in number: {n_samples} and {n_targets}")
    if dataset.classes:
        known = range(len(dataset.classes))
        wrong = next((target for target in dataset.targets if isinstance(target, float) or target not in known), None)
        if wrong is not None:
            raise ValueError(
                f"a target of a classification is the index of its class, from 0 to {len(known) - 1}, not {wrong!r}"
            )


def _check_lengths(inputs: Sequence[Sequence[float]], length: int | None = None) -> None:
    """Raise where samples do not have a length, by default that of the first."""
    if not hasattr(inputs, "__len__"):
        raise TypeError(f"inputs are a list of samples, each a list of its features, not {type(inputs).__name__}")
    for i, sample in enumerate(inputs):
        if not hasattr(sample, "__len__"):
            raise TypeError(f"sample {i} is a list of its features, such as [0.5, 1.0], not {type(sample).__name__}")
        length = len(sample) if length is None else length
        if len(sample) != length:
            raise ValueError(f"sample {i} has {len(sample)} features, not {length}")


def _is_finite(x: float, k: int, i: int) -> bool:
    try:
        return math.isfinite(x)
    except OverflowError:
        raise ValueError(f"feature {k} of sample {i} is an int too large for a float") from None
    except TypeError:
        raise TypeError(f"feature {k} of sample {i} is a number, not {x!r}") from None


def _check_finite(inputs: Sequence[Sequence[float]], how: str = "") -> None:
    for i, sample in enumerate(inputs):
        for k, x in enumerate(sample):
            if not _is_finite(x, k, i):
                raise ValueError(f"{how}feature {k} of sample {i} is {x}, not a finite number")
