"""Data: what the makers make, what is loaded, and what splitting and standardizing keep."""

from __future__ import annotations

import inspect
import math
import random
import sys

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn import Dataset, Standardization, split, stratified_split
from nn.datasets import (
    SOURCES,
    blobs,
    bumps,
    circles,
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
    moons,
    one_hot_identity,
    parity,
    plane,
    sine,
    spirals,
    xor,
    xor_clouds,
)

REAL = {
    "iris": (load_iris, 150, 4, [50, 50, 50]),
    "wine": (load_wine, 178, 13, [59, 71, 48]),
    "breast-cancer": (load_breast_cancer, 569, 30, [212, 357]),
    "digits": (load_digits, 1797, 64, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]),
    "diabetes": (load_diabetes, 442, 10, []),
}
MADE = [name for name in SOURCES if name not in REAL]
CLOUDS = [moons, circles, spirals, blobs, xor_clouds]
NOISY = [*CLOUDS, sine, bumps, plane]


def distance(point, other):
    return math.dist(point, other)


# -- every data set --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_gives_plain_whole_data(name):
    if name in REAL:
        pytest.importorskip("sklearn")
    row = SOURCES[name]
    dataset = row.load(3)
    assert row.name == dataset.name == name
    assert row.summary
    assert len(dataset.inputs) == len(dataset.targets) > 1
    assert {len(sample) for sample in dataset.inputs} == {len(dataset.features)}
    assert all(type(x) is float and math.isfinite(x) for sample in dataset.inputs for x in sample)
    assert all(type(text) is str for text in dataset.features + dataset.classes)
    if dataset.classes:
        assert all(type(target) is int for target in dataset.targets)
        assert set(dataset.targets) == set(range(len(dataset.classes)))
    elif name != "identity":
        assert all(type(target) is float and math.isfinite(target) for target in dataset.targets)


@pytest.mark.parametrize("name", SOURCES)
def test_the_summary_counts_rightly(name):
    if name in REAL:
        pytest.importorskip("sklearn")
    dataset = SOURCES[name].load(0)
    summary = SOURCES[name].summary
    assert ("regression" in summary) == (not dataset.classes)
    if name != "identity":  # its number is written as a word
        assert str(len(dataset.inputs)) in summary
    if dataset.classes and name != "iris":
        assert str(len(dataset.classes)) in summary


@pytest.mark.parametrize("name", MADE)
def test_the_same_seed_gives_the_same_data(name):
    load = SOURCES[name].load
    assert load(5) == load(5) == load(random.Random(5))


@pytest.mark.parametrize(
    ("name", "n_samples", "inputs", "target"),
    [
        ("moons", 200, [1.8449338730606448, 0.5038829259380452], 1),
        ("circles", 200, [0.4214803007444582, -0.029453796795633973], 1),
        ("spirals", 200, [-1.031013225387871, 0.0007765851876094312], 1),
        ("blobs", 200, [-0.9651983808180653, 0.8776741815985747], 1),
        ("xor-clouds", 200, [0.5348016191819345, -0.988351222185864], 1),
        ("sine", 100, [1.0], 0.021567282882685505),
        ("bumps", 100, [1.0], 0.0),
        ("plane", 100, [0.32439177794763485, -0.9064406280864035], 2.491760148650272),
    ],
)
def test_the_data_of_a_seed_stay_the_same_from_release_to_release(name, n_samples, inputs, target):
    dataset = SOURCES[name].load(0)
    assert len(dataset.inputs) == n_samples
    assert dataset.inputs[-1] == pytest.approx(inputs, rel=1e-12)
    assert dataset.targets[-1] == pytest.approx(target, rel=1e-12)


@pytest.mark.parametrize(
    ("dataset", "features", "classes"),
    [
        (moons(4), ["x1", "x2"], ["upper", "lower"]),
        (circles(4), ["x1", "x2"], ["outer", "inner"]),
        (spirals(4, n_classes=3), ["x1", "x2"], ["arm 1", "arm 2", "arm 3"]),
        (blobs(6, [[0.0] * 3, [1.0] * 3, [2.0] * 3]), ["x1", "x2", "x3"], ["blob 1", "blob 2", "blob 3"]),
        (xor_clouds(4), ["x1", "x2"], ["same", "different"]),
        (one_hot_identity(3), ["x1", "x2", "x3"], []),
        (sine(4), ["x"], []),
        (bumps(4), ["x"], []),
        (plane(4), ["x1", "x2"], []),
        (plane(4, slopes=[2.0]), ["x"], []),
    ],
)
def test_inputs_and_classes_are_counted_from_one(dataset, features, classes):
    assert (dataset.features, dataset.classes) == (features, classes)


@pytest.mark.parametrize("maker", NOISY)
def test_the_seed_is_of_the_noise(maker):
    spread = "spread" if maker is blobs else "noise"
    assert maker(**{spread: 0.1}, seed=1) != maker(**{spread: 0.1}, seed=2)
    if maker is not plane:  # its inputs are drawn
        assert maker(**{spread: 0.0}, seed=1) == maker(**{spread: 0.0}, seed=2)


def test_the_global_generator_is_not_moved():
    state = random.getstate()
    for name in MADE:
        SOURCES[name].load(0)
    assert random.getstate() == state


@pytest.mark.parametrize("maker", CLOUDS)
@pytest.mark.parametrize("n_samples", [3, 4, 5, 100, 101])
def test_classes_are_balanced_and_take_turns(maker, n_samples):
    dataset = maker(n_samples)
    assert len(dataset.inputs) == n_samples
    counts = [dataset.targets.count(k) for k in range(len(dataset.classes))]
    assert max(counts) - min(counts) <= 1
    assert dataset.targets[:4] == [i % len(dataset.classes) for i in range(min(4, n_samples))]


@pytest.mark.long
@pytest.mark.parametrize("maker", NOISY)
def test_noise_has_its_standard_deviation(maker):
    n, deviation = 4000, 0.25
    spread = "spread" if maker is blobs else "noise"
    clean, noisy = (maker(n, **{spread: each}, seed=2) for each in (0.0, deviation))
    if maker is plane:
        pairs = [(1.0 * a - 2.0 * b + 0.5, y) for (a, b), y in zip(noisy.inputs, noisy.targets)]
    elif clean.classes:
        pairs = [(a, b) for one, other in zip(clean.inputs, noisy.inputs) for a, b in zip(one, other)]
    else:
        assert clean.inputs == noisy.inputs
        pairs = list(zip(clean.targets, noisy.targets))
    errors = [b - a for a, b in pairs]
    # standard error of the mean σ/√n, of the deviation σ/√(2n); five of each
    assert abs(math.fsum(errors) / len(errors)) < 5.0 * deviation / math.sqrt(len(errors))
    measured = math.sqrt(math.fsum(error**2 for error in errors) / len(errors))
    assert abs(measured - deviation) < 5.0 * deviation / math.sqrt(2 * len(errors))


@pytest.mark.parametrize("maker", CLOUDS)
def test_by_default_neighbours_are_mostly_of_one_class(maker):
    dataset = maker()
    samples = list(zip(dataset.inputs, dataset.targets))
    hits = 0
    for point, target in samples:
        others = (each for each in samples if each[0] is not point)
        hits += min(others, key=lambda other: distance(point, other[0]))[1] == target
    assert hits >= 0.95 * len(samples)


# -- one by one ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_samples", [2, 7, 40])
def test_moons_and_circles_are_those_of_scikit_learn(n_samples):
    peer = pytest.importorskip("sklearn.datasets")
    for ours, theirs in (
        (moons(n_samples, 0.0), peer.make_moons(n_samples, shuffle=False)),
        (circles(n_samples, 0.0, 0.3), peer.make_circles(n_samples, shuffle=False, factor=0.3)),
    ):
        for k in (0, 1):
            mine = sorted(x for x, target in zip(ours.inputs, ours.targets) if target == k)
            half = n_samples - n_samples // 2 if k == 0 else n_samples // 2
            if sum(theirs[1] == k) == half:  # of an odd number scikit-learn gives the second class one more
                numpy.testing.assert_allclose(mine, sorted(theirs[0][theirs[1] == k].tolist()), atol=1e-14)


def test_the_arms_of_a_spiral_wind_and_keep_their_distance():
    dataset = spirals(3000, 0.0, turns=2.0, n_classes=3)
    arms = [[x for x, target in zip(dataset.inputs, dataset.targets) if target == k] for k in range(3)]
    for k, arm in enumerate(arms):
        angles = numpy.unwrap([math.atan2(y, x) for x, y in arm])
        assert angles[-1] - angles[0] == pytest.approx(4.0 * math.pi)
        assert angles[0] - math.tau * k / 3 == pytest.approx(0.0 if k < 2 else -math.tau)
        assert [math.hypot(*arm[i]) for i in (0, -1)] == pytest.approx([0.1, 1.0])
    # on one ray: 0.9 / (turns · arms) apart; across the slope of the arms a little less
    nearest = min(distance(a, b) for a in arms[0][500:600] for b in arms[1])
    assert 0.9 * 0.15 < nearest <= 0.15 + 1e-3


def test_an_arm_of_a_spiral_winds_once_round_the_center_unless_told_otherwise():
    dataset = spirals(100, 0.0)
    angles = numpy.unwrap([math.atan2(y, x) for (x, y), k in zip(dataset.inputs, dataset.targets) if k == 0])
    assert angles[-1] - angles[0] == pytest.approx(math.tau)


def test_blobs_lie_round_their_centers():
    dataset = blobs(3000, 4, spread=0.1, seed=1)
    for k in range(4):
        members = [x for x, target in zip(dataset.inputs, dataset.targets) if target == k]
        center = [math.fsum(column) / len(members) for column in zip(*members)]
        assert center == pytest.approx([math.cos(math.tau * k / 4), math.sin(math.tau * k / 4)], abs=0.02)
    assert blobs(2, [[1, 2, 3], [4, 5, 6]], 0.0).inputs == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


def test_xor_clouds_are_xor():
    dataset = xor_clouds(400, 0.1)
    assert all((a * b < 0.0) == target for (a, b), target in zip(dataset.inputs, dataset.targets))
    assert len({(a > 0, b > 0) for a, b in dataset.inputs}) == 4


@pytest.mark.parametrize("low", [0.0, -1])
def test_parity_has_every_corner_once(low):
    dataset = parity(4, low)
    assert len({tuple(sample) for sample in dataset.inputs}) == 16
    assert all(set(sample) <= {1.0, float(low)} for sample in dataset.inputs)
    assert dataset.targets == [sample.count(1.0) % 2 for sample in dataset.inputs]
    assert dataset.features == ["x1", "x2", "x3", "x4"]
    assert dataset.classes == ["even", "odd"]
    assert xor(low)[:2] == parity(2, low)[:2]
    assert (xor().classes, xor().name) == (["false", "true"], "xor")


def test_the_smallest_and_the_largest_parity():
    assert parity(1)[:2] == ([[0.0], [1.0]], [0, 1])
    assert len(parity(16).inputs) == 65536


def test_identity_is_its_own_target_but_not_the_same_lists():
    dataset = one_hot_identity()
    assert dataset.inputs == dataset.targets == numpy.eye(8).tolist()
    assert all(a is not b for a, b in zip(dataset.inputs, dataset.targets))


def test_a_sine_has_its_periods():
    for periods in (1.0, 2.5):
        dataset = sine(1001, 0.0, periods)
        assert dataset.inputs[0] == [-1.0]
        assert dataset.inputs[500:501] + dataset.inputs[-1:] == [[0.0], [1.0]]
        assert dataset.targets == [math.sin(math.pi * periods * x) for (x,) in dataset.inputs]
    assert dataset.features == ["x"]


def test_bumps_are_flat_pieces():
    dataset = bumps(701)
    assert {(int(x * 7.0), y) for (x,), y in zip(dataset.inputs[3::100], dataset.targets[3::100])} == {
        (0, 0.0),
        (1, 1.0),
        (2, 0.0),
        (3, -0.5),
        (4, 0.0),
        (5, 0.75),
        (6, 0.0),
    }
    assert dataset.targets[-1] == 0.0


def test_a_plane_has_its_slopes():
    dataset = plane(50, 0.0, [2.0, 0.5, -1.0], 3.0, seed=4)
    assert dataset.features == ["x1", "x2", "x3"]
    for (a, b, c), y in zip(dataset.inputs, dataset.targets):
        assert y == pytest.approx(3.0 + 2.0 * a + 0.5 * b - c, abs=1e-14)
        assert all(-1.0 <= x <= 1.0 for x in (a, b, c))
    for column in zip(*dataset.inputs):
        assert min(column) < -0.8 < 0.8 < max(column)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: moons(1), "the number of samples is 2 or more, not 1"),
        (lambda: spirals(2, n_classes=3), "the number of samples is 3 or more, not 2"),
        (lambda: sine(1), "the number of samples is 2 or more, not 1"),
        (lambda: bumps(0), "the number of samples is 2 or more, not 0"),
        (lambda: plane(-5), "the number of samples is 2 or more, not -5"),
        (lambda: circles(noise=-0.1), "the noise is a finite number, 0 or more, not -0.1"),
        (lambda: moons(noise=math.nan), "the noise is a finite number, 0 or more, not nan"),
        (lambda: blobs(spread=math.inf), "the spread is a finite number, 0 or more, not inf"),
        (lambda: circles(ratio=1.0), "the ratio of the radii is above 0 and below 1, not 1.0"),
        (lambda: circles(ratio=0), "the ratio of the radii is above 0 and below 1, not 0"),
        (lambda: circles(ratio=-0.5), "the ratio of the radii is above 0 and below 1, not -0.5"),
        (lambda: circles(ratio=1.5), "the ratio of the radii is above 0 and below 1, not 1.5"),
        (lambda: spirals(turns=math.inf), "the number of turns is a finite number above 0, not inf"),
        (lambda: sine(periods=0), "the number of periods is a finite number above 0, not 0"),
        (lambda: spirals(turns=0), "the number of turns is a finite number above 0, not 0"),
        (lambda: spirals(n_classes=1), "the number of classes is 2 or more, not 1"),
        (lambda: blobs(centers=1), "the number of centers is 2 or more (or a list of points), not 1"),
        (lambda: blobs(centers=[[0.0]]), "there are two centers or more, not 1"),
        (
            lambda: blobs(centers=[[0.0], [1.0, 2.0]]),
            "the centers have finite coordinates, all of them equally many, 1 or more",
        ),
        (lambda: blobs(centers=[[], []]), "the centers have finite coordinates, all of them equally many, 1 or more"),
        (
            lambda: blobs(centers=[[0.0], [math.nan]]),
            "the centers have finite coordinates, all of them equally many, 1 or more",
        ),
        (lambda: xor(0.5), "the low input is 0 or -1, not 0.5"),
        (lambda: parity(17), "parity has 1 to 16 inputs, not 17: there are 2 ** inputs samples"),
        (lambda: parity(0), "the number of inputs is 1 or more, not 0"),
        (lambda: one_hot_identity(1), "the number of rows is 2 or more, not 1"),
        (lambda: sine(periods=math.inf), "the number of periods is a finite number above 0, not inf"),
        (lambda: bumps(heights=[]), "the heights are one finite number or more, not []"),
        (lambda: bumps(heights=[math.inf]), "the heights are one finite number or more, not [inf]"),
        (lambda: plane(slopes=[]), "slopes and offset are finite, one slope or more, not [] and 0.5"),
        (lambda: plane(offset=math.nan), "slopes and offset are finite, one slope or more, not [1.0, -2.0] and nan"),
    ],
)
def test_what_cannot_be_made_is_said(make, message):
    with pytest.raises(ValueError, match=r".") as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: moons("a"), "the number of samples is an int, not 'a'"),
        (lambda: moons(10.5), "the number of samples is an int, not 10.5"),
        (lambda: moons(True), "the number of samples is an int, not True"),
        (lambda: moons(noise="a"), "the noise is a number, not 'a'"),
        (lambda: circles(ratio="a"), "the ratio of the radii is a number, not 'a'"),
        (lambda: spirals(turns="a"), "the number of turns is a number, not 'a'"),
        (lambda: spirals(n_classes=2.5), "the number of classes is an int, not 2.5"),
        (lambda: blobs(centers=2.5), "the number of centers is an int (or a list of points), not 2.5"),
        (lambda: blobs(centers=[["a"], [1.0]]), "the coordinate of a center is a number, not 'a'"),
        (lambda: blobs(spread=None), "the spread is a number, not None"),
        (lambda: parity("a"), "the number of inputs is an int, not 'a'"),
        (lambda: one_hot_identity(2.5), "the number of rows is an int, not 2.5"),
        (lambda: sine(periods="a"), "the number of periods is a number, not 'a'"),
        (lambda: bumps(heights="a"), "the height of a bump is a number, not 'a'"),
        (lambda: plane(slopes=["a"]), "the slope or offset is a number, not 'a'"),
    ],
)
def test_what_is_no_number_is_said(make, message):
    with pytest.raises(TypeError, match=r".") as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize("maker", NOISY)
def test_every_noisy_maker_is_seeded_by_keyword(maker):
    assert inspect.signature(maker).parameters["seed"].default == 0
    with pytest.raises(TypeError, match=r"a seed is an int or a random\.Random, not str"):
        maker(seed="7")


# -- real data -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REAL)
def test_real_data_is_the_real_one(name):
    peer = pytest.importorskip("sklearn.datasets")
    load, n_samples, n_features, counts = REAL[name]
    dataset = load()
    options = {"scaled": False} if name == "diabetes" else {}
    original = getattr(peer, f"load_{name.replace('-', '_')}")(**options)
    assert (len(dataset.inputs), len(dataset.features)) == (n_samples, n_features)
    assert [dataset.targets.count(k) for k in range(len(dataset.classes))] == counts
    assert dataset.inputs == original.data.tolist()
    assert dataset.targets == original.target.tolist()
    assert dataset.classes == [str(each) for each in original.get("target_names", [])]


@pytest.mark.parametrize("name", REAL)
def test_a_missing_extra_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ModuleNotFoundError) as caught:
        SOURCES[name].load(0)
    assert str(caught.value) == (
        f'the {name} data comes with scikit-learn, which is not installed: pip install "tapegrad[data]"'
    )


# -- splitting -------------------------------------------------------------------------------------------------------

UNEVEN = Dataset([[float(k)] for k in range(40)], [k % 4 // 3 for k in range(40)], ["x"], ["common", "rare"], "uneven")
LINE = Dataset([[float(k)] for k in range(10)], [k / 2 for k in range(10)], ["x"], [])


def test_a_stratified_split_is_in_proportion_complete_and_repeatable():
    training, test = stratified_split(UNEVEN, 0.2, seed=3)
    assert (test.targets.count(0), test.targets.count(1)) == (6, 2)
    assert sorted(training.inputs + test.inputs) == UNEVEN.inputs
    assert all(target == x % 4 // 3 for (x,), target in zip(test.inputs, test.targets))
    assert training[2:] == test[2:] == UNEVEN[2:]
    assert stratified_split(UNEVEN, 0.2, seed=3) == (training, test)
    assert stratified_split(UNEVEN, 0.2, seed=4) != (training, test)


def test_a_split_in_three_keeps_the_proportion_of_classes():
    parts = split(UNEVEN, (0.5, 0.3, 0.2), seed=1)
    assert [(part.targets.count(0), part.targets.count(1)) for part in parts] == [(15, 5), (9, 3), (6, 2)]
    assert sorted(sample for part in parts for sample in part.inputs) == UNEVEN.inputs
    assert parts == split(UNEVEN, (0.5, 0.3, 0.2), seed=random.Random(1)) != split(UNEVEN, (0.5, 0.3, 0.2), seed=2)


def test_three_classes_are_split_one_by_one():
    dataset = Dataset([[float(k)] for k in range(35)], [0] * 20 + [1] * 10 + [2] * 5, ["x"], ["a", "b", "c"])
    for part, counts in zip(split(dataset, seed=2), ([12, 6, 3], [4, 2, 1], [4, 2, 1])):
        assert [part.targets.count(k) for k in range(3)] == counts
        assert part.targets == [0 if x < 20 else 1 if x < 30 else 2 for (x,) in part.inputs]


def test_a_split_of_a_regression_keeps_pairs_together():
    parts = split(LINE, seed=5)
    assert [len(part.inputs) for part in parts] == [6, 2, 2]
    assert sorted(sample for part in parts for sample in part.inputs) == LINE.inputs
    assert all(y == x / 2 for part in parts for (x,), y in zip(part.inputs, part.targets))
    assert parts[0].inputs != sorted(parts[0].inputs)


def test_a_split_without_a_seed_is_that_of_seed_0():
    assert split(UNEVEN) == split(UNEVEN, seed=0)
    assert stratified_split(UNEVEN) == stratified_split(UNEVEN, seed=0)


def test_two_shares_are_the_stratified_split():
    assert split(UNEVEN, (0.75, 0.25), seed=9) == stratified_split(UNEVEN, 0.25, seed=9)


def test_list_targets_are_split_like_numbers():
    first, second = split(one_hot_identity(4), (0.5, 0.5))
    assert first.inputs == first.targets
    assert second.inputs == second.targets


@given(st.integers(3, 60), st.lists(st.integers(1, 9), min_size=2, max_size=4), st.integers(0, 9))
def test_a_split_loses_and_doubles_nothing(n, weights, seed):
    dataset = Dataset([[float(k)] for k in range(n)], [float(k) for k in range(n)], ["x"], [])
    shares = [weight / sum(weights) for weight in weights]
    try:
        parts = split(dataset, shares, seed)
    except ValueError as error:
        assert "too few samples" in str(error)  # noqa: PT017 # which sizes are too small depends on rounding
        return
    assert sorted(sample for part in parts for sample in part.inputs) == dataset.inputs
    assert all(len(part.inputs) >= 1 for part in parts)
    assert all(abs(len(part.inputs) - n * share) <= 0.5 for part, share in zip(parts[1:], shares[1:]))


TINY = Dataset([[0.0], [1.0]], [0, 1], ["x"], ["low", "high"])


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: stratified_split(TINY, 1.0), "the test share is above 0 and below 1, not 1.0"),
        (lambda: stratified_split(TINY, 0), "the test share is above 0 and below 1, not 0"),
        (lambda: stratified_split(TINY, -0.5), "the test share is above 0 and below 1, not -0.5"),
        (lambda: stratified_split(TINY, 1.5), "the test share is above 0 and below 1, not 1.5"),
        (lambda: stratified_split(TINY, math.nan), "the test share is above 0 and below 1, not nan"),
        (lambda: stratified_split(TINY, 0.2), "class 'low' has too few samples (1) for a test share of 0.2"),
        (lambda: stratified_split(TINY, 0.9), "class 'low' has too few samples (1) for a test share of 0.9"),
        (lambda: stratified_split(LINE), "a regression has no classes to keep in proportion: use split"),
        (lambda: split(TINY), "class 'low' has too few samples (1) for shares of 0.6, 0.2, 0.2"),
        (lambda: split(LINE, (0.98, 0.02)), "there are too few samples (10) for shares of 0.98, 0.02"),
        (lambda: split(LINE, [1.0]), "the shares are two numbers or more, above 0 and of sum 1, not [1.0]"),
        (lambda: split(LINE, (1.0, 0.0)), "the shares are two numbers or more, above 0 and of sum 1, not [1.0, 0.0]"),
        (lambda: split(LINE, (0.5, 0.4)), "the shares are two numbers or more, above 0 and of sum 1, not [0.5, 0.4]"),
        (lambda: split(LINE, (1.5, -0.5)), "the shares are two numbers or more, above 0 and of sum 1, not [1.5, -0.5]"),
    ],
)
def test_what_cannot_be_split_is_said(use, message):
    with pytest.raises(ValueError, match=r".") as caught:
        use()
    assert str(caught.value) == message


# -- standardizing ---------------------------------------------------------------------------------------------------


def test_standardization_is_taken_from_the_training_data():
    standardization = Standardization.of([[1.0, 5.0], [3.0, 5.0]])
    assert standardization.apply([[1.0, 5.0], [3.0, 5.0], [7.0, 6.0]]) == [[-1.0, 0.0], [1.0, 0.0], [5.0, 1.0]]


def test_arrays_are_as_good_and_give_plain_floats():
    array = numpy.array([[1.0, 5.0], [3.0, 5.0]])
    standardization = Standardization.of(array)
    assert standardization == Standardization.of(array.tolist())
    for inputs in (standardization.apply(array), standardization.undo(array)):
        assert all(type(x) is float for sample in inputs for x in sample)


FINITE = st.floats(-1e308, 1e308)


@given(st.lists(FINITE, min_size=2, max_size=8))
def test_any_finite_numbers_are_standardized(column):
    inputs = [[x] for x in column]
    standardization = Standardization.of(inputs)
    standard = [z for (z,) in standardization.apply(inputs)]
    assert abs(math.fsum(standard)) <= 1e-6
    assert standardization.deviations[0] > 0.0
    if standardization.deviations != [1.0]:
        assert math.fsum(z * z for z in standard) / len(standard) == pytest.approx(1.0, rel=1e-2)
    largest = max(map(abs, column))
    for (back,), x in zip(standardization.undo(standardization.apply(inputs)), column):
        assert abs(back - x) <= 8.0 * sys.float_info.epsilon * largest + 5e-324 * len(column)


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1.0, 1e170, 8e307])
def test_the_scale_of_the_numbers_does_not_matter(scale):
    inputs = [[-2.0 * scale], [-2.0 * scale], [-2.0 * scale], [2.0 * scale]]
    standard = Standardization.of(inputs).apply(inputs)
    assert [z for (z,) in standard] == pytest.approx([-1.0 / math.sqrt(3.0)] * 3 + [math.sqrt(3.0)])


@pytest.mark.parametrize("value", [0.0, 0.1, -7.0, 1e300, 5e-324])
def test_a_feature_that_is_constant_to_within_rounding_has_deviation_1(value):
    near = math.nextafter(value, math.inf)
    for column in ([value] * 3, [value, near, value]):
        standardization = Standardization.of([[x] for x in column])
        assert standardization.deviations == [1.0]
        assert standardization.means == pytest.approx([value], rel=1e-15, abs=1e-323)


def test_a_small_but_real_deviation_counts():
    assert Standardization.of([[1.0], [1.0 + 1e-12]]).deviations == pytest.approx([0.5e-12], rel=1e-3)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: Standardization.of([]), "there are no samples to standardize"),
        (lambda: Standardization.of([[1.0], [1.0, 2.0]]), "sample 1 has 2 features, not 1"),
        (
            lambda: Standardization.of([[1.0, 2.0], [1.0, math.nan]]),
            "feature 1 of sample 1 is nan, not a finite number",
        ),
        (lambda: Standardization.of([[-math.inf]]), "feature 0 of sample 0 is -inf, not a finite number"),
        (lambda: Standardization.of([[10**5000]]), "feature 0 of sample 0 is an int too large for a float"),
        (lambda: Standardization([0.0], [1.0]).apply([[1.0, 2.0]]), "sample 0 has 2 features, not 1"),
        (lambda: Standardization([0.0], [1.0]).undo([[]]), "sample 0 has 0 features, not 1"),
        (
            lambda: Standardization([0.0], [1.0]).apply([[math.inf]]),
            "feature 0 of sample 0 is inf, not a finite number",
        ),
        (
            lambda: Standardization([0.0], [1e-300]).apply([[0.0], [1e300]]),
            "standardized, feature 0 of sample 1 is inf, not a finite number",
        ),
    ],
)
def test_what_cannot_be_standardized_is_said(use, message):
    with pytest.raises(ValueError, match=r".") as caught:
        use()
    assert str(caught.value) == message


def test_what_is_brought_back_is_a_number():
    with pytest.raises(TypeError, match=r"^the feature 1 of sample 1 is a number, not 'a'$"):
        Standardization([0.0, 1.0], [1.0, 2.0]).undo([[1.0, 2.0], [1, "a"]])
    assert Standardization([0.0, 1.0], [1.0, 2.0]).undo([[1, True + 1.5]]) == [[1.0, 6.0]]


@pytest.mark.parametrize(
    "use", [Standardization.of, Standardization([0.0], [1.0]).apply, Standardization([0.0], [1.0]).undo]
)
@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (3, "inputs are a list of samples, each a list of its features, not int"),
        (iter([[1.0], [2.0]]), "inputs are a list of samples, each a list of its features, not list_iterator"),
        ([1.0], "sample 0 is a list of its features, such as [0.5, 1.0], not float"),
    ],
)
def test_samples_are_a_list_of_lists(use, inputs, message):
    with pytest.raises(TypeError) as caught:
        use(inputs)
    assert str(caught.value) == message


@pytest.mark.parametrize("use", [Standardization.of, Standardization([0.0], [1.0]).apply])
def test_a_feature_that_is_no_number_is_said(use):
    with pytest.raises(TypeError, match=r"^feature 0 of sample 1 is a number, not 'a'$"):
        use([[1.0], ["a"]])


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([0, 1] * 4, "the inputs and targets of the data set differ in number: 9 and 8"),
        ([0, 1] * 5, "the inputs and targets of the data set differ in number: 9 and 10"),
        ([0, 1, 3] * 3, "a target of a classification is the index of its class, from 0 to 2, not 3"),
        ([0, 1, 2.0] * 3, "a target of a classification is the index of its class, from 0 to 2, not 2.0"),
        ([0, 1, "c"] * 3, "a target of a classification is the index of its class, from 0 to 2, not 'c'"),
    ],
)
def test_what_is_split_has_a_target_for_each_sample_and_a_class_for_each_target(targets, message):
    for divide in (split, stratified_split):
        with pytest.raises(ValueError, match=f"^{message}$"):
            divide(Dataset([[1.0]] * 9, targets, ["x"], ["a", "b", "c"]))
