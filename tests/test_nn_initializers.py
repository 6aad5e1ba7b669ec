"""The initializers: their means and variances, their seeds, and what they refuse."""

from __future__ import annotations

import copy
import math
import pickle
import random

import pytest

from nn.initializers import (
    INITIALIZERS,
    as_generator,
    as_initializer,
    fan_in_uniform,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    normal,
    uniform,
    zeros,
)

DRAWS = 20_000
N_INPUTS, N_OUTPUTS = 10, 30

# (initializer, mean, variance, kurtosis): a uniform distribution over a width w has variance w²/12 and kurtosis 1.8,
# a normal one has kurtosis 3.
SPREADS = {
    "fan_in_uniform": (fan_in_uniform, 0.0, 1 / 30, 1.8),  # ±1/√10
    "he_uniform": (he_uniform, 0.0, 2 / 10, 1.8),
    "he_normal": (he_normal, 0.0, 2 / 10, 3.0),
    "glorot_uniform": (glorot_uniform, 0.0, 2 / 40, 1.8),
    "glorot_normal": (glorot_normal, 0.0, 2 / 40, 3.0),
    "uniform": (uniform(1.0, 4.0), 2.5, 9 / 12, 1.8),
    "normal": (normal(0.5, mean=-2.0), -2.0, 0.25, 3.0),
    "uniform by name": (INITIALIZERS["uniform"], 0.0, 4 / 12, 1.8),
    "normal by name": (INITIALIZERS["normal"], 0.0, 1.0, 3.0),
}


def drawn(initializer, count, seed=0):
    generator = random.Random(seed)
    return [initializer(N_INPUTS, N_OUTPUTS, generator) for _ in range(count)]


@pytest.mark.parametrize("name", SPREADS)
def test_mean_variance_and_kurtosis(name):
    """Each is within 5 standard errors: σ/√n, σ²·√((k − 1)/n) and, of E[x⁴]/σ⁴ = k, √((E[x⁸]/σ⁸ − k²)/n)."""
    initializer, mean, variance, kurtosis = SPREADS[name]
    weights = drawn(initializer, DRAWS)
    assert math.fsum(weights) / DRAWS == pytest.approx(mean, abs=5 * math.sqrt(variance / DRAWS))
    squares = [(weight - mean) ** 2 for weight in weights]
    assert math.fsum(squares) / DRAWS == pytest.approx(variance, abs=5 * variance * math.sqrt((kurtosis - 1) / DRAWS))
    fourth = math.fsum(square**2 for square in squares) / DRAWS / variance**2
    eighth = 9.0 if kurtosis == 1.8 else 105.0  # E[x⁸]/σ⁸, that is 3⁴/9 or 7·5·3
    assert fourth == pytest.approx(kurtosis, abs=5 * math.sqrt((eighth - kurtosis**2) / DRAWS))


@pytest.mark.parametrize(
    ("name", "bound"),
    [("fan_in_uniform", 1 / math.sqrt(10)), ("he_uniform", math.sqrt(0.6)), ("glorot_uniform", math.sqrt(0.15))],
)
def test_uniform_draws_fill_their_interval_and_stay_in_it(name, bound):
    weights = drawn(SPREADS[name][0], DRAWS)
    assert 0.999 * bound < max(weights) <= bound
    assert 0.999 * bound < -min(weights) <= bound


def test_zeros_draws_nothing():
    generator = random.Random(0)
    assert [zeros(2, 3, generator) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert generator.random() == random.Random(0).random()


def test_intervals_and_deviations_of_no_width():
    assert drawn(uniform(2.0, 2.0), 2) == [2.0, 2.0]
    assert drawn(normal(0.0, mean=1.5), 2) == [1.5, 1.5]


@pytest.mark.parametrize("name", INITIALIZERS)
def test_the_same_seed_draws_the_same_bit_by_bit(name):
    initializer = as_initializer(name)
    assert drawn(initializer, 5, seed=3) == drawn(initializer, 5, seed=3)
    if name != "zeros":
        assert drawn(initializer, 5, seed=3) != drawn(initializer, 5, seed=4)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_all_of_the_state_is_in_the_stream_of_the_generator(name):
    generator = random.Random(1)
    INITIALIZERS[name](2, 3, generator)
    assert generator.getstate()[-1] is None  # what `gauss` would keep for its next call


@pytest.mark.parametrize("initializer", [uniform(-0.5, 0.5), normal(0.1), he_normal])
def test_initializers_can_be_copied_and_pickled(initializer):
    for twin in (copy.deepcopy(initializer), pickle.loads(pickle.dumps(initializer))):
        assert drawn(twin, 3) == drawn(initializer, 3)


def test_seeds():
    generator = random.Random(5)
    assert as_generator(generator) is generator
    assert as_generator(5).random() == random.Random(5).random()


def test_names_and_functions():
    for name, initializer in INITIALIZERS.items():
        assert as_initializer(name) is as_initializer(initializer) is initializer
    ours = lambda *shape: 0.5
    assert as_initializer(ours) is ours


def test_a_function_that_does_not_tell_its_arguments_is_taken():
    assert as_initializer(max) is max  # has no signature


THREE = "an initializer is a function (n_inputs, n_outputs, generator) -> weight, "


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: as_generator("x"), TypeError, "a seed is an int or a random.Random, not str"),
        (lambda: as_generator(1.0), TypeError, "a seed is an int or a random.Random, not float"),
        (
            lambda: as_initializer("he"),
            ValueError,
            f"no initializer is called 'he': choose one of {', '.join(INITIALIZERS)}",
        ),
        (lambda: as_initializer(0.5), TypeError, "an initializer is a name or a function, not float"),
        (
            lambda: as_initializer(uniform),
            TypeError,
            THREE + "uniform takes (low, high): uniform(low, high) makes one, call it first",
        ),
        (
            lambda: as_initializer(normal),
            TypeError,
            THREE + "normal takes (deviation, mean): normal(deviation, mean) makes one, call it first",
        ),
        (lambda: as_initializer(lambda n, generator: 0.0), TypeError, THREE + "<lambda> takes (n, generator)"),
        (
            lambda: uniform(1.0, -1.0),
            ValueError,
            "a uniform initializer takes two finite numbers, low and then high, not 1.0 and -1.0",
        ),
        (
            lambda: uniform(0.0, math.inf),
            ValueError,
            "a uniform initializer takes two finite numbers, low and then high, not 0.0 and inf",
        ),
        (
            lambda: normal(-0.1),
            ValueError,
            "the deviation of a normal initializer is a finite number, 0 or more, not -0.1",
        ),
        (
            lambda: normal(math.nan),
            ValueError,
            "the deviation of a normal initializer is a finite number, 0 or more, not nan",
        ),
        (
            lambda: normal(1.0, mean=math.inf),
            ValueError,
            "the mean of a normal initializer is a finite number, not inf",
        ),
    ],
)
def test_errors_read_well(use, error, message):
    with pytest.raises(error) as caught:
        use()
    assert str(caught.value) == message


def test_seeds_are_0_or_more():
    assert as_generator(0).random() == random.Random(0).random()
    assert as_generator(1).random() == random.Random(1).random()
    with pytest.raises(ValueError, match="a seed is 0 or more, not -1"):
        as_generator(-1)
