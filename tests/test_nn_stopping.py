"""When a run ends: conditions that are asked epoch by epoch."""

from __future__ import annotations

import math

import pytest

from nn import EarlyStopping, Score, gradient_norm_below, parameter_change_below
from nn.history import Epoch


def epoch_of(number, loss=1.0, validation=None, gradient_norm=1.0, parameter_change=1.0):
    scored = None if validation is None else Score(validation, None)
    norms = {"layers.0": gradient_norm}
    return Epoch(number, 99, Score(loss, None), scored, 0.0, norms, gradient_norm, parameter_change, 0.1, None)


def asked(condition, losses):
    return [condition(epoch_of(number, loss)) for number, loss in enumerate(losses, 1)]


@pytest.mark.parametrize(
    ("patience", "losses"),
    [
        (1, [3.0, 2.0, 2.0]),
        (2, [3.0, 4.0, 2.0, 2.0, 2.5]),
        (3, [3.0, 4.0, 4.0, 2.0, 5.0, 5.0, 5.0]),
        (2, [math.nan, math.nan]),
        (2, [1.0, math.nan, math.nan]),
    ],
)
def test_a_run_ends_after_as_many_epochs_without_a_better_loss_as_patience(patience, losses):
    stopping = EarlyStopping(patience)
    told = asked(stopping, losses)
    assert told[:-1] == [None] * (len(losses) - 1)
    assert told[-1] == f"no better loss for {patience} epoch{'s' * (patience > 1)}"
    assert stopping(epoch_of(len(losses) + 1, losses[-1])) == told[-1]


def test_better_is_lower_by_more_than_min_delta():
    stopping = EarlyStopping(2, min_delta=0.5)
    assert asked(stopping, [3.0, 2.5, 2.5]) == [None, None, "no better loss for 2 epochs"]
    assert (stopping.best, stopping.best_epoch) == (3.0, 1)
    stopping = EarlyStopping(2, min_delta=0.5)
    assert asked(stopping, [3.0, 2.25, 1.75, 1.75]) == [None, None, None, "no better loss for 2 epochs"]
    assert (stopping.best, stopping.best_epoch) == (2.25, 2)


def test_patience_is_ten_epochs_unless_said_and_any_better_loss_counts():
    stopping = EarlyStopping()
    assert repr(stopping) == "EarlyStopping(10, min_delta=0.0)"
    assert asked(stopping, [1.0, math.nextafter(1.0, 0.0)]) == [None, None]
    assert (stopping.best, stopping.best_epoch) == (math.nextafter(1.0, 0.0), 2)


def test_the_loss_of_the_validation_counts_where_there_is_one():
    stopping = EarlyStopping(1)
    assert stopping(epoch_of(1, 3.0, validation=5.0)) is None
    assert stopping(epoch_of(2, 4.0, validation=4.0)) is None
    assert stopping(epoch_of(3, 2.0, validation=4.0)) == "no better loss for 1 epoch"


def test_a_first_epoch_begins_anew_and_a_state_goes_on():
    stopping, other = EarlyStopping(3), EarlyStopping(3)
    assert stopping.state() == {"best": math.inf, "best_epoch": 0}
    asked(stopping, [1.0, 2.0, 2.0])
    assert stopping.state() == {"best": 1.0, "best_epoch": 1}
    other.load_state(stopping.state())
    assert other(epoch_of(4, 2.0)) == stopping(epoch_of(4, 2.0)) == "no better loss for 3 epochs"
    assert stopping(epoch_of(1, 9.0)) is None
    assert stopping.state() == {"best": 9.0, "best_epoch": 1}


@pytest.mark.parametrize(
    ("condition", "name", "why"),
    [
        (gradient_norm_below, "gradient_norm", "the gradient norm fell below 0.25"),
        (parameter_change_below, "parameter_change", "the parameters changed by less than 0.25"),
    ],
)
def test_what_falls_below_its_bound_ends_the_run(condition, name, why):
    below = condition(0.25)
    assert below(epoch_of(1, **{name: 0.25})) is None
    assert below(epoch_of(1, **{name: math.inf})) is None
    assert below(epoch_of(1, **{name: math.nan})) is None
    assert below(epoch_of(1, **{name: 0.125})) == why
    with pytest.raises(ValueError, match="the epsilon is a finite number above 0, not 0"):
        condition(0)
