"""Data to learn from: made with a formula and a seed, or real.

This room knows the data sets that everybody tries a network on. It does not know how samples are split or standardized
(`nn.samples`), nor what learns from them. Real data sets come with scikit-learn, which is an extra.

All numbers are dimensionless unless a feature names its unit. `noise` is the standard deviation of the normally
distributed number that is added, in the units of what it is added to. Where there are classes, samples take turns
between them, so that their counts differ by one at most.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Sequence
from itertools import product
from random import Random
from typing import Any, NamedTuple

from nn.checks import non_negative, positive, real, whole
from nn.initializers import Seed, as_generator
from nn.samples import Dataset

__all__ = [
    "SOURCES",
    "SourceRow",
    "blobs",
    "bumps",
    "circles",
    "load_breast_cancer",
    "load_diabetes",
    "load_digits",
    "load_iris",
    "load_wine",
    "moons",
    "one_hot_identity",
    "parity",
    "plane",
    "sine",
    "spirals",
    "xor",
    "xor_clouds",
]

Point = tuple[float, ...]

# -- classes in the plane --------------------------------------------------------------------------------------------


def moons(n_samples: int = 200, noise: float = 0.1, seed: Seed = 0) -> Dataset:
    """Return two half circles that reach into each other: no straight line separates them.

    (cos a, sin a) is the upper one, (1 − cos a, ½ − sin a) the lower one, with angles a evenly from 0 to π.

    Args:
        n_samples: of both together; 2 or more.
        noise: added to both coordinates; finite, 0 or more. The radius is 1.
        seed: of the noise: an int, or a `random.Random` to draw from.

    Raises:
        ValueError: a number is out of range.
        TypeError: something is not a number.

    Example:
        >>> data = moons(4, noise=0.0)
        >>> [[round(x, 3) for x in point] for point in data.inputs], data.targets
        ([[1.0, 0.0], [0.0, 0.5], [-1.0, 0.0], [2.0, 0.5]], [0, 1, 0, 1])
    """

    def on_arc(k: int, j: int, count: int) -> Point:
        a = math.pi * _even(j, count)
        return (math.cos(a), math.sin(a)) if k == 0 else (1.0 - math.cos(a), 0.5 - math.sin(a))

    return _in_turns(on_arc, ["upper", "lower"], n_samples, noise, seed)._replace(name="moons")


def circles(n_samples: int = 200, noise: float = 0.05, ratio: float = 0.5, seed: Seed = 0) -> Dataset:
    """Return two circles round one center, the outer one with radius 1.

    Args:
        n_samples: of both together; 2 or more.
        noise: added to both coordinates; finite, 0 or more.
        ratio: radius of the inner circle; above 0 and below 1.
        seed: of the noise: an int, or a `random.Random` to draw from.

    Raises:
        ValueError: a number is out of range.
        TypeError: something is not a number.

    Example:
        >>> data = circles(4, noise=0.0)
        >>> [round(math.hypot(*point), 3) for point in data.inputs], data.targets
        ([1.0, 0.5, 1.0, 0.5], [0, 1, 0, 1])
    """
    if not 0.0 < real(ratio, "ratio of the radii") < 1.0:
        raise ValueError(f"the ratio of the radii is above 0 and below 1, not {ratio}")

    def on_circle(k: int, j: int, count: int) -> Point:
        return _polar(1.0 if k == 0 else ratio, j / count)

    return _in_turns(on_circle, ["outer", "inner"], n_samples, noise, seed)._replace(name="circles")


def spirals(
    n_samples: int = 200, noise: float = 0.02, turns: float = 1.0, n_classes: int = 2, seed: Seed = 0
) -> Dataset:
    """Return arms that wind round each other, one per class: the hardest of the small problems in the plane.

    The radius grows from 0.1 to 1 while an arm turns; neighbouring arms lie 0.9 / (turns · n_classes) apart.

    Args:
        n_samples: of all arms together; n_classes or more.
        noise: added to both coordinates; finite, 0 or more.
        turns: how often an arm winds round the center; finite, above 0.
        n_classes: number of arms; 2 or more.
        seed: of the noise: an int, or a `random.Random` to draw from.

    Raises:
        ValueError: a number is out of range.
        TypeError: something is not a number.

    Example:
        >>> data = spirals(4, noise=0.0)
        >>> [round(math.hypot(*point), 3) for point in data.inputs], data.targets
        ([0.1, 0.1, 1.0, 1.0], [0, 1, 0, 1])

    Source: Lang and Witbrock, 1988, for two arms.
    """
    positive(turns, "number of turns")
    whole(n_classes, "number of classes", 2)

    def on_arm(k: int, j: int, count: int) -> Point:
        share = _even(j, count)
        return _polar(0.1 + 0.9 * share, turns * share + k / n_classes)

    classes = [f"arm {k + 1}" for k in range(n_classes)]
    return _in_turns(on_arm, classes, n_samples, noise, seed)._replace(name="spirals")


def blobs(
    n_samples: int = 200, centers: int | Sequence[Sequence[float]] = 3, spread: float = 0.3, seed: Seed = 0
) -> Dataset:
    """Return normally distributed clouds, one per class.

    Args:
        n_samples: of all clouds together; one per cloud or more.
        centers: number of clouds, 2 or more, whose centers lie evenly on the circle of radius 1; or the centers
            themselves, points with any number of coordinates.
        spread: standard deviation of each coordinate; finite, 0 or more.
        seed: of the clouds: an int, or a `random.Random` to draw from.

    Raises:
        ValueError: a number is out of range, or the centers are not points of one space.
        TypeError: something is not a number, or the centers are neither an int nor points.

    Example:
        >>> data = blobs(4, centers=[[0.0], [9.0]], spread=0.0)
        >>> data.inputs, data.targets
        ([[0.0], [9.0], [0.0], [9.0]], [0, 1, 0, 1])
    """
    given: Any = centers
    if hasattr(given, "__iter__"):
        points = [tuple(real(x, "coordinate of a center") for x in center) for center in given]
    else:
        count = whole(given, "number of centers", 2, otherwise=" (or a list of points)")
        points = [_polar(1.0, k / count) for k in range(count)]
    if len(points) < 2:
        raise ValueError(f"there are two centers or more, not {len(points)}")
    if len(set(map(len, points))) > 1 or not points[0] or not all(math.isfinite(x) for point in points for x in point):
        raise ValueError("the centers have finite coordinates, all of them equally many, 1 or more")

    def at_center(k: int, j: int, count: int) -> Point:  # noqa: ARG001 # only the noise tells samples of a cloud apart
        return points[k]

    non_negative(spread, "spread")
    classes = [f"blob {k + 1}" for k in range(len(points))]
    return _in_turns(at_center, classes, n_samples, spread, seed)._replace(name="blobs")


def xor_clouds(n_samples: int = 200, noise: float = 0.3, seed: Seed = 0) -> Dataset:
    """Return clouds round the corners (±1, ±1): class "same" where the signs agree, class "different" where not.

    Args:
        n_samples: of the four clouds together; 2 or more.
        noise: added to both coordinates; finite, 0 or more.
        seed: of the noise: an int, or a `random.Random` to draw from.

    Raises:
        ValueError: a number is out of range.
        TypeError: something is not a number.

    Example:
        >>> data = xor_clouds(4, noise=0.0)
        >>> data.inputs, data.targets
        ([[-1.0, -1.0], [-1.0, 1.0], [1.0, 1.0], [1.0, -1.0]], [0, 1, 0, 1])
    """
    corners: list[list[Point]] = [[(-1.0, -1.0), (1.0, 1.0)], [(-1.0, 1.0), (1.0, -1.0)]]

    def at_corner(k: int, j: int, count: int) -> Point:  # noqa: ARG001 # corners take turns, however many samples there are
        return corners[k][j % 2]

    return _in_turns(at_corner, ["same", "different"], n_samples, noise, seed)._replace(name="xor-clouds")


# -- logic -----------------------------------------------------------------------------------------------------------


def xor(low: float = 0.0) -> Dataset:
    """Return exclusive or: the four corners of a square, true where exactly one input is 1.

    It is the smallest problem that a single neuron cannot solve.

    Args:
        low: the input that stands for false, 0 or −1; true is 1.

    Raises:
        ValueError: low is neither.

    Example:
        >>> xor().inputs, xor().targets
        ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])

    Source: Minsky and Papert, 1969.
    """
    return parity(2, low)._replace(classes=["false", "true"], name="xor")


def parity(n_inputs: int = 3, low: float = 0.0) -> Dataset:
    """Return all 2ⁿ corners of a cube: the class is whether the number of inputs that are 1 is even or odd.

    Args:
        n_inputs: n; 1 to 16.
        low: the other input, 0 or −1.

    Raises:
        ValueError: n_inputs or low is out of range.
        TypeError: n_inputs is no int, or low is not a number.

    Example:
        >>> parity(3).targets
        [0, 1, 1, 0, 1, 0, 0, 1]
    """
    if whole(n_inputs, "number of inputs") > 16:
        raise ValueError(f"parity has 1 to 16 inputs, not {n_inputs}: there are 2 ** inputs samples")
    if real(low, "low input") not in (0.0, -1.0):
        raise ValueError(f"the low input is 0 or -1, not {low}")
    corners = list(product([False, True], repeat=n_inputs))
    inputs = [[1.0 if each else float(low) for each in corner] for corner in corners]
    features = [f"x{k + 1}" for k in range(n_inputs)]
    return Dataset(inputs, [sum(corner) % 2 for corner in corners], features, ["even", "odd"], "parity")


def one_hot_identity(n: int = 8) -> Dataset:
    """Return n one-hot rows whose targets are the rows themselves.

    A network n-m-n with a small hidden layer, such as 8-3-8, has to find a code for them there: three numbers can tell
    eight rows apart.

    Args:
        n: rows, and numbers per row; 2 or more.

    Raises:
        ValueError: n is out of range.
        TypeError: something is not a number.

    Example:
        >>> one_hot_identity(2).inputs, one_hot_identity(2).targets
        ([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]])

    Source: Ackley, Hinton and Sejnowski, 1985, the encoder problem.
    """
    whole(n, "number of rows", 2)
    features = [f"x{k + 1}" for k in range(n)]
    return Dataset(_one_hot_rows(n), _one_hot_rows(n), features, [], "identity")


def _one_hot_rows(n: int) -> list[list[float]]:
    return [[float(i == k) for k in range(n)] for i in range(n)]


# -- regression ------------------------------------------------------------------------------------------------------


def sine(n_samples: int = 100, noise: float = 0.1, periods: float = 1.0, seed: Seed = 0) -> Dataset:
    """Return sin(π · periods · x) at x evenly from −1 to 1.

    Args:
        n_samples: 2 or more.
        noise: added to the targets; finite, 0 or more. The amplitude is 1.
        periods: of the sine, over the whole range of x; finite, above 0.
        seed: of the noise: an int, or a `random.Random` to draw from.

    Raises:
        ValueError: a number is out of range.
        TypeError: something is not a number.

    Example:
        >>> data = sine(5, noise=0.0)
        >>> data.inputs, [round(y, 3) + 0.0 for y in data.targets]
        ([[-1.0], [-0.5], [0.0], [0.5], [1.0]], [0.0, -1.0, 0.0, 1.0, 0.0])
    """
    positive(periods, "number of periods")
    _check(n_samples, 2, noise)
    inputs = [[2.0 * _even(j, n_samples) - 1.0] for j in range(n_samples)]
    return _curve(inputs, lambda x: math.sin(math.pi * periods * x[0]), noise, as_generator(seed), "sine")


def bumps(
    n_samples: int = 100, noise: float = 0.0, heights: Sequence[float] = (1.0, -0.5, 0.75), seed: Seed = 0
) -> Dataset:
    """Return a function that is 0 except on as many pieces as there are heights, at x evenly from 0 to 1.

    The range is cut into 2n + 1 equal pieces; every second one is a bump. Two steep sigmoids make one bump, and a sum
    of bumps comes close to any continuous function: that is why one hidden layer is enough.

    Args:
        n_samples: 2 or more.
        noise: added to the targets; finite, 0 or more.
        heights: of the n bumps, from left to right; finite, one or more.
        seed: of the noise: an int, or a `random.Random` to draw from.

    Raises:
        ValueError: a number is out of range, or there are no heights.
        TypeError: something is not a number.

    Example:
        >>> data = bumps(7, heights=[2.0])
        >>> [round(x, 2) for (x,) in data.inputs], data.targets
        ([0.0, 0.17, 0.33, 0.5, 0.67, 0.83, 1.0], [0.0, 0.0, 2.0, 2.0, 0.0, 0.0, 0.0])

    Source: Cybenko, 1989, for what a hidden layer can do.
    """
    if not heights or not all(math.isfinite(real(height, "height of a bump")) for height in heights):
        raise ValueError(f"the heights are one finite number or more, not {list(heights)}")
    _check(n_samples, 2, noise)
    inputs = [[_even(j, n_samples)] for j in range(n_samples)]
    pieces = [0.0, *(piece for height in heights for piece in (float(height), 0.0))]

    def height_at(x: Sequence[float]) -> float:
        return pieces[min(int(x[0] * len(pieces)), len(pieces) - 1)]

    return _curve(inputs, height_at, noise, as_generator(seed), "bumps")


def plane(
    n_samples: int = 100,
    noise: float = 0.1,
    slopes: Sequence[float] = (1.0, -2.0),
    offset: float = 0.5,
    seed: Seed = 0,
) -> Dataset:
    """Return offset + Σ slope · input for inputs drawn uniformly from −1 to 1: one neuron without activation finds it.

    Args:
        n_samples: 2 or more.
        noise: added to the targets; finite, 0 or more.
        slopes: one per input; finite, one or more.
        offset: the target where all inputs are 0; finite.
        seed: of inputs and noise: an int, or a `random.Random` to draw from.

    Raises:
        ValueError: a number is out of range, or there are no slopes.
        TypeError: something is not a number.

    Example:
        >>> data = plane(3, noise=0.0, slopes=[2.0], offset=1.0)
        >>> [y - 2.0 * x for (x,), y in zip(data.inputs, data.targets)]
        [1.0, 1.0, 1.0]
    """
    if not slopes or not all(math.isfinite(real(each, "slope or offset")) for each in [*slopes, offset]):
        raise ValueError(f"slopes and offset are finite, one slope or more, not {list(slopes)} and {offset}")
    _check(n_samples, 2, noise)
    generator = as_generator(seed)
    inputs = [[generator.uniform(-1.0, 1.0) for _ in slopes] for _ in range(n_samples)]

    def height_at(x: Sequence[float]) -> float:
        return offset + sum(slope * each for slope, each in zip(slopes, x))

    return _curve(inputs, height_at, noise, generator, "plane")


# -- real data -------------------------------------------------------------------------------------------------------


def load_iris() -> Dataset:
    """Return Fisher's iris data: 150 flowers, 4 lengths in centimetres, 3 species with 50 flowers each.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed; the message says how to install it.

    Example:
        >>> data = load_iris()
        >>> data.classes, data.features[0]
        (['setosa', 'versicolor', 'virginica'], 'sepal length (cm)')

    Source: Fisher, 1936, as shipped with scikit-learn.
    """
    return _loaded("iris")


def load_wine() -> Dataset:
    """Return the wine data: 178 wines, 13 results of a chemical analysis, 3 growers with 59, 71 and 48 wines.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed; the message says how to install it.

    Example:
        >>> data = load_wine()
        >>> len(data.inputs), len(data.features)
        (178, 13)

    Source: Aeberhard and Forina, 1992, as shipped with scikit-learn.
    """
    return _loaded("wine")


def load_breast_cancer() -> Dataset:
    """Return the Wisconsin breast-cancer data: 569 tumours, 30 measures of their nuclei, 212 malignant, 357 benign.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed; the message says how to install it.

    Example:
        >>> data = load_breast_cancer()
        >>> data.classes, data.targets.count(0)
        (['malignant', 'benign'], 212)

    Source: Wolberg, Mangasarian, Street and Street, 1995, as shipped with scikit-learn.
    """
    return _loaded("breast-cancer")


def load_digits() -> Dataset:
    """Return handwritten digits: 1797 images of 8 × 8 pixels, row by row, each from 0 to 16; 10 classes.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed; the message says how to install it.

    Example:
        >>> data = load_digits()
        >>> len(data.inputs), len(data.inputs[0]), data.targets[:4]
        (1797, 64, [0, 1, 2, 3])

    Source: Alpaydin and Kaynak, 1998, as shipped with scikit-learn.
    """
    return _loaded("digits")


def load_diabetes() -> Dataset:
    """Return the diabetes data, a regression: 442 patients, 10 measures in their units, and the disease a year later.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed; the message says how to install it.

    Example:
        >>> data = load_diabetes()
        >>> data.features[:3], data.inputs[0][:3], data.targets[0]
        (['age', 'sex', 'bmi'], [59.0, 2.0, 32.1], 151.0)

    Source: Efron, Hastie, Johnstone and Tibshirani, 2004, as shipped with scikit-learn.
    """
    return _loaded("diabetes", scaled=False)


def _loaded(name: str, **options: Any) -> Dataset:
    try:
        datasets: Any = importlib.import_module("sklearn.datasets")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'the {name} data comes with scikit-learn, which is not installed: pip install "tapegrad[data]"'
        ) from error
    loaded = getattr(datasets, f"load_{name.replace('-', '_')}")(**options)
    classes = [str(each) for each in loaded.get("target_names", [])]
    return Dataset(loaded.data.tolist(), loaded.target.tolist(), list(map(str, loaded.feature_names)), classes, name)


# -- the table -------------------------------------------------------------------------------------------------------


class SourceRow(NamedTuple):
    """One data set that has a name.

    Attributes:
        name: as users write it.
        load: seed -> data set; the seed is of the noise, where there is any.
        summary: what it is, in a few words.
    """

    name: str
    load: Callable[[Seed], Dataset]
    summary: str


SOURCES: dict[str, SourceRow] = {
    row.name: row
    for row in (
        SourceRow("moons", lambda seed: moons(seed=seed), "two half circles, 200 points, 2 classes"),
        SourceRow("circles", lambda seed: circles(seed=seed), "a circle in a circle, 200 points, 2 classes"),
        SourceRow("spirals", lambda seed: spirals(seed=seed), "two arms of a spiral, 200 points, 2 classes"),
        SourceRow("blobs", lambda seed: blobs(seed=seed), "normal clouds, 200 points, 3 classes"),
        SourceRow("xor", lambda _: xor(), "exclusive or, 4 corners, 2 classes"),
        SourceRow("xor-clouds", lambda seed: xor_clouds(seed=seed), "exclusive or of signs, 200 points, 2 classes"),
        SourceRow("parity", lambda _: parity(), "is the number of ones odd? 8 corners, 2 classes"),
        SourceRow("identity", lambda _: one_hot_identity(), "eight one-hot rows, targets equal to inputs, regression"),
        SourceRow("sine", lambda seed: sine(seed=seed), "a period of a sine, 100 points, regression"),
        SourceRow("bumps", lambda seed: bumps(seed=seed), "three bumps with steep sides, 100 points, regression"),
        SourceRow("plane", lambda seed: plane(seed=seed), "a linear function of 2 inputs, 100 points, regression"),
        SourceRow("iris", lambda _: load_iris(), "150 flowers, 4 lengths, 3 species"),
        SourceRow("wine", lambda _: load_wine(), "178 wines, 13 measures, 3 growers"),
        SourceRow("breast-cancer", lambda _: load_breast_cancer(), "569 tumours, 30 measures, 2 classes"),
        SourceRow("digits", lambda _: load_digits(), "1797 images of 8 × 8 pixels, 10 digits"),
        SourceRow("diabetes", lambda _: load_diabetes(), "442 patients, 10 measures, regression"),
    )
}
"""Every data set that has a name, by name. The last five need scikit-learn."""


# -- what the makers share -------------------------------------------------------------------------------------------


def _in_turns(
    place: Callable[[int, int, int], Point], classes: list[str], n_samples: int, noise: float, seed: Seed
) -> Dataset:
    """Return samples that take turns between the classes, with noise on every coordinate.

    Args:
        place: (class, which of its samples, how many it has) -> the point without noise.
        classes: what they are called.
        n_samples: of all classes together.
        noise: standard deviation of what is added.
        seed: of the noise.
    """
    n_classes = len(classes)
    _check(n_samples, n_classes, noise)
    generator = as_generator(seed)
    targets = [i % n_classes for i in range(n_samples)]
    counts = [targets.count(k) for k in range(n_classes)]
    points = [place(k, i // n_classes, counts[k]) for i, k in enumerate(targets)]
    inputs = [[x + _normal(noise, generator) for x in point] for point in points]
    return Dataset(inputs, targets, [f"x{k + 1}" for k in range(len(points[0]))], classes)


def _curve(
    inputs: list[list[float]],
    function: Callable[[Sequence[float]], float],
    noise: float,
    generator: Random,
    name: str,
) -> Dataset:
    """Return the samples of a function, with noise on the targets."""
    features = ["x"] if len(inputs[0]) == 1 else [f"x{k + 1}" for k in range(len(inputs[0]))]
    targets = [function(sample) + _normal(noise, generator) for sample in inputs]
    return Dataset(inputs, targets, features, [], name)


def _check(n_samples: int, least: int, noise: float) -> None:
    whole(n_samples, "number of samples", least)
    non_negative(noise, "noise")


def _normal(deviation: float, generator: Random) -> float:
    return generator.normalvariate(0.0, deviation)


def _even(j: int, count: int) -> float:
    """Return the j-th of `count` numbers evenly from 0 to 1; the first of one."""
    return j / (count - 1) if count > 1 else 0.0


def _polar(radius: float, turns: float) -> Point:
    """Return the point at a radius and an angle, in full turns."""
    return (radius * math.cos(math.tau * turns), radius * math.sin(math.tau * turns))
