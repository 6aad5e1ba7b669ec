"""The schedules: rates by hand, PyTorch's rates, states, and what they refuse."""

from __future__ import annotations

import math

import pytest

from autograd import Value
from nn import schedules
from nn.optimizers import SGD, Adam
from nn.schedules import (
    SCHEDULES,
    ConstantSchedule,
    CosineSchedule,
    ExponentialSchedule,
    ReduceOnPlateau,
    Schedule,
    StepSchedule,
)
from tests.peers import torch_optimizers as peer

RELATIVE = 1e-12  # PyTorch multiplies from epoch to epoch: some hundred roundings of 1.1e-16
STORED = peer.stored()


def optimizer(rate=8.0):
    return SGD([Value(1.0)], rate)


def rates(schedule, losses):
    """Step once per loss and return the learning rate after each."""
    found = []
    for loss in losses:
        schedule.step(loss)
        found.append(schedule.optimizer.learning_rate)
    return found


# -- by hand ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (lambda: ConstantSchedule(optimizer()), [8.0, 8.0, 8.0, 8.0]),
        (lambda: StepSchedule(optimizer(), every=2, factor=0.5), [8.0, 4.0, 4.0, 2.0]),
        (lambda: ExponentialSchedule(optimizer(), factor=0.5), [4.0, 2.0, 1.0, 0.5]),
        (lambda: CosineSchedule(optimizer(), epochs=2, lowest=2.0), [5.0, 2.0, 5.0, 8.0]),
    ],
)
def test_rates_by_hand(schedule, expected):
    made = schedule()
    assert made.optimizer.learning_rate == 8.0  # in the first epoch
    assert rates(made, [None] * 4) == pytest.approx(expected, rel=1e-15)
    assert made.epoch == 4


def test_the_cosine_ends_exactly_at_the_lowest_rate():
    for lowest in (0.0, 0.3):
        assert rates(CosineSchedule(optimizer(), 7, lowest), range(7))[-1] == lowest


def test_a_plateau_by_hand():
    schedule = ReduceOnPlateau(optimizer(), factor=0.5, patience=1, threshold=0.25, lowest=3.0)
    # 4, better; 3, not below 4 · 0.75; 2.9, better; 2.9 twice, not better: drop; the count starts anew; drop to 3; stay
    losses = [4.0, 3.0, 2.9, 2.9, 2.9, 2.9, 2.9, 2.9, 2.9]
    assert rates(schedule, losses) == [8.0, 8.0, 8.0, 8.0, 4.0, 4.0, 3.0, 3.0, 3.0]
    assert (schedule.epoch, schedule.best) == (9, 2.9)


def test_a_drop_starts_from_the_rate_that_the_optimizer_has():
    schedule = ReduceOnPlateau(optimizer(), factor=0.5, patience=0)
    schedule.step(1.0)
    schedule.optimizer.learning_rate = 1.0
    assert rates(schedule, [1.0]) == [0.5]


def test_a_loss_that_is_not_finite_is_not_better():
    schedule = ReduceOnPlateau(optimizer(), factor=0.5, patience=0)
    assert rates(schedule, [math.inf, math.nan, 5.0, math.nan]) == [4.0, 2.0, 2.0, 1.0]


def test_a_tiny_drop_is_not_made():
    schedule = ReduceOnPlateau(optimizer(2e-8), factor=0.5, patience=0)
    assert rates(schedule, [1.0, 1.0]) == [2e-8, 2e-8]


def test_a_rate_assigned_by_hand_lasts_until_the_next_step():
    schedule = ExponentialSchedule(optimizer(), factor=0.5)
    schedule.optimizer.learning_rate = 100.0
    assert rates(schedule, [None]) == [4.0]


def test_every_optimizer_can_be_scheduled():
    x = Value(1.0)
    schedule = StepSchedule(Adam([x], 0.5), every=1, factor=0.5)
    schedule.step()
    x.grad = 1.0
    schedule.optimizer.step()
    assert x.data == pytest.approx(0.75)


# -- as PyTorch ------------------------------------------------------------------------------------------------------


def our_rates(case):
    kind = getattr(schedules, case.kind)
    return rates(kind(optimizer(peer.INITIAL_RATE), **case.options), peer.LOSSES)


@pytest.mark.parametrize("name", peer.SCHEDULES)
def test_every_rate_is_that_of_pytorch(name):
    theirs = STORED["schedules"][name]
    assert len(theirs) == peer.EPOCHS == 60
    assert our_rates(peer.SCHEDULES[name]) == pytest.approx(theirs, rel=RELATIVE, abs=0.0)


def test_every_rate_is_that_of_the_pytorch_installed_here():
    pytest.importorskip("torch", reason="PyTorch is not installed; its stored answers are compared")
    for case in peer.SCHEDULES.values():
        assert our_rates(case) == pytest.approx(peer.Torch().rates(case), rel=RELATIVE, abs=0.0)


# -- by name ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "last"), [("constant", 8.0), ("step", 0.008), ("exponential", 0.08), ("cosine", 0.0), ("plateau", 8e-7)]
)
def test_schedules_by_name_suit_a_run(name, last):
    made = SCHEDULES[name](optimizer(), 30)
    assert rates(made, [1.0] * 30)[-1] == pytest.approx(last, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(("epochs", "patience"), [(1, 1), (9, 1), (10, 1), (20, 2), (59, 5)])
def test_a_plateau_waits_for_a_tenth_of_the_run(epochs, patience):
    assert SCHEDULES["plateau"](optimizer(), epochs).patience == patience


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_shortest_run_has_a_schedule_too(name):
    rate = rates(SCHEDULES[name](optimizer(), 1), [1.0])[0]
    assert 0.0 <= rate <= 8.0


# -- states ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_loaded_state_goes_on_bit_by_bit(name):
    straight = SCHEDULES[name](optimizer(), 20)
    rates(straight, peer.LOSSES[:14])
    state, state_of_optimizer = straight.state(), straight.optimizer.state()
    expected = rates(straight, peer.LOSSES[14:])
    resumed = SCHEDULES[name](optimizer(123.0), 20)
    resumed.load_state(state)
    resumed.optimizer.load_state(state_of_optimizer)
    assert resumed.state() == state
    assert rates(resumed, peer.LOSSES[14:]) == expected
    assert repr(resumed) == repr(straight)


def test_a_plateau_that_has_seen_no_loss_has_a_state():
    schedule = ReduceOnPlateau(optimizer())
    state = schedule.state()
    assert state == {"initial": [8.0], "epoch": [0.0], "best": [math.inf], "waited": [0.0]}
    schedule.load_state(state)
    assert (schedule.best, schedule.waited) == (math.inf, 0)
    assert type(schedule.waited) is type(schedule.epoch) is int


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"every": [1.0]}, "the state does not fit ReduceOnPlateau: 'every' is unknown"),
        ({"epoch": [2.5]}, "the state does not fit ReduceOnPlateau: 'epoch' is a whole number, 0 or more, not 2.5"),
        ({"waited": [-1]}, "the state does not fit ReduceOnPlateau: 'waited' is a whole number, 0 or more, not -1.0"),
        ({"initial": [-1.0]}, "the initial learning rate is a finite number, 0 or more, not -1.0"),
        ({"best": [math.nan]}, "the state does not fit ReduceOnPlateau: 'best' holds nan"),
        ({"initial": [math.inf]}, "the state does not fit ReduceOnPlateau: 'initial' holds inf"),
        ({"epoch": []}, "the state does not fit ReduceOnPlateau: 'epoch' has length 1 here, 0 there"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, message):
    schedule = ReduceOnPlateau(optimizer())
    schedule.step(3.0)
    before = schedule.state()
    with pytest.raises(ValueError, match="the") as caught:
        schedule.load_state({"initial": [5.0], "epoch": [7.0], "best": [2.0], "waited": [3.0]} | change)
    assert str(caught.value) == message
    assert schedule.state() == before


def test_the_repr_reads_well():
    schedule = StepSchedule(optimizer(), 3)
    schedule.step()
    assert repr(schedule) == "StepSchedule(epoch=1, learning_rate=8.0)"


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: ConstantSchedule(0.1), TypeError, "a schedule takes an optimizer, such as SGD(...), not float"),
        (
            lambda: Schedule(optimizer()).step(),
            NotImplementedError,
            "Schedule does not say what the rate is after epoch 1",
        ),
        (
            lambda: StepSchedule(optimizer(), 0),
            ValueError,
            "the number of epochs from drop to drop is 1 or more, not 0",
        ),
        (
            lambda: StepSchedule(optimizer(), 2.0),
            TypeError,
            "the number of epochs from drop to drop is an int, not 2.0",
        ),
        (lambda: StepSchedule(optimizer(), 2, 0.0), ValueError, "the factor is a finite number above 0, not 0.0"),
        (lambda: ExponentialSchedule(optimizer(), -1), ValueError, "the factor is a finite number above 0, not -1"),
        (lambda: CosineSchedule(optimizer(), 0), ValueError, "the number of epochs is 1 or more, not 0"),
        (
            lambda: CosineSchedule(optimizer(), 1, -1.0),
            ValueError,
            "the lowest learning rate is a finite number, 0 or more, not -1.0",
        ),
        (lambda: ReduceOnPlateau(optimizer(), 1.0), ValueError, "the factor is 0 or more and below 1, not 1.0"),
        (lambda: ReduceOnPlateau(optimizer(), patience=-1), ValueError, "the patience is 0 or more, not -1"),
        (
            lambda: ReduceOnPlateau(optimizer(), threshold=1.5),
            ValueError,
            "the threshold is 0 or more and below 1, not 1.5",
        ),
        (
            lambda: ReduceOnPlateau(optimizer()).step(),
            TypeError,
            "ReduceOnPlateau looks at the loss: write schedule.step(loss)",
        ),
    ],
)
def test_errors_read_well(use, error, message):
    with pytest.raises(error) as caught:
        use()
    assert str(caught.value) == message


@pytest.mark.parametrize("epochs", [1, 2, 9])
@pytest.mark.parametrize("name", list(SCHEDULES))
def test_every_schedule_suits_the_shortest_runs(name, epochs):
    schedule = SCHEDULES[name](optimizer(), epochs)
    for _ in range(epochs):
        schedule.step(1.0)
        assert 0.0 <= schedule.optimizer.learning_rate <= 8.0


def test_waits_are_a_part_of_the_run_and_one_epoch_at_least():
    assert [SCHEDULES["plateau"](optimizer(), epochs).patience for epochs in (1, 9, 20, 100)] == [1, 1, 2, 10]
    assert [SCHEDULES["step"](optimizer(), epochs).every for epochs in (1, 3, 4, 100)] == [1, 1, 2, 34]
