"""Histories: what is kept of a run, which of its epochs was the best, and what may come back from a file."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import sys

import pytest

from autograd import Value
from nn import MLP, BatchNorm, Module, Score
from nn.history import Epoch, History, Snapshot, TrainedNumbers
from nn.losses import loss_row


def epoch_of(number, loss, validation=None, run=None):
    return Epoch(
        number=number,
        epochs=9,
        training=Score(loss, 0.5),
        validation=None if validation is None else Score(validation, None),
        penalty=0.25,
        gradient_norms={"layers.0": 3.0, "layers.1": 4.0},
        gradient_norm=5.0,
        parameter_change=0.125,
        learning_rate=0.1,
        run=run,
    )


def history_of(*epochs, model=None):
    history = History(model or MLP(1, [1]), loss_row("hinge"), ([[1.0]], [1]))
    for epoch in epochs:
        history.add(epoch)
    return history


# -- epochs ----------------------------------------------------------------------------------------------------------


def test_an_epoch_is_judged_by_its_validation_where_there_is_one():
    assert epoch_of(1, 2.0).monitored_loss == 2.0
    assert epoch_of(1, 2.0, 3.0).monitored_loss == 3.0
    assert str(epoch_of(1, 2.0)) == "epoch 1/9: loss 2, accuracy 50.0%"
    assert str(epoch_of(2, 2.0, 3.0)) == "epoch 2/9: loss 2, accuracy 50.0%, validation loss 3"


def test_an_epoch_is_its_numbers_and_not_its_run():
    assert epoch_of(1, 2.0, run="one") == epoch_of(1, 2.0, run="another") != epoch_of(1, 3.0)
    assert "run" not in repr(epoch_of(1, 2.0, run="one"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        epoch_of(1, 2.0).number = 2


def test_a_history_has_an_entry_for_each_epoch():
    history = history_of(epoch_of(1, 2.0, 4.0), epoch_of(2, 3.0, 6.0), epoch_of(3, 1.0, 5.0))
    assert history.loss == [2.0, 3.0, 1.0]
    assert history.accuracy == [0.5] * 3
    assert history.validation == [Score(4.0, None), Score(6.0, None), Score(5.0, None)]
    assert history.penalties == [0.25] * 3
    assert history.gradient_norms == {"layers.0": [3.0] * 3, "layers.1": [4.0] * 3}
    assert history.learning_rates == [0.1] * 3
    assert history.summary() == "loss 1, accuracy 50.0%, validation loss 5"
    assert history_of(epoch_of(1, 2.0)).summary() == "loss 2, accuracy 50.0%"
    assert history_of().summary() == "no epoch was finished"


def test_a_history_is_what_came_of_a_run_and_not_its_model():
    history = history_of(epoch_of(1, 2.0))
    assert history == history_of(epoch_of(1, 2.0)) != history_of(epoch_of(1, 3.0))
    told = repr(history)
    assert told.startswith("History(training=[Score(loss=2.0, accuracy=0.5)], validation=[]")
    assert not any(name in told for name in ("model", "loss_row", "samples", "snapshots"))


def test_nothing_has_happened_before_the_first_epoch():
    history = history_of()
    assert (history.best_epoch, history.kept, history.stopped) == (0, 0, None)
    assert (history.interrupted, history.not_finite) == (False, False)
    assert (history.engine, history.fallback) == ("eager", None)


@pytest.mark.parametrize(
    ("losses", "best"),
    [
        ([3.0, 2.0, 2.5], 2),
        ([3.0, 2.0, 2.0], 2),
        ([math.nan, 5.0, math.nan, 4.0, 6.0], 4),
        ([2.0, math.nan], 1),
        ([math.inf, 7.0], 2),
    ],
)
def test_the_best_epoch_is_the_first_with_the_lowest_loss(losses, best):
    history = history_of(*(epoch_of(k, loss) for k, loss in enumerate(losses, 1)))
    assert (history.best_epoch, history.kept) == (best, len(losses))
    validated = history_of(*(epoch_of(k, -float(k), loss) for k, loss in enumerate(losses, 1)))
    assert (validated.best_epoch, validated.kept) == (best, len(losses))


# -- snapshots -------------------------------------------------------------------------------------------------------


def test_snapshots_are_the_first_and_the_newest_and_evenly_between():
    history, counts = history_of(), []
    for newest in range(200):
        history.add_snapshot(Snapshot(newest, (float(newest),)))
        epochs = [snapshot.epoch for snapshot in history.snapshots]
        stride = 1 if len(epochs) < 3 else epochs[1]
        assert epochs == [*range(0, newest, stride), newest]
        assert stride in {1, 2, 4, 8, 16}
        counts.append(len(epochs))
    assert counts[:24] == [*range(1, 25)]
    assert (min(counts[24:]), max(counts[24:])) == (13, 24)


def test_going_back_to_an_epoch_keeps_its_snapshot_once():
    history = history_of(epoch_of(1, 2.0), epoch_of(2, 3.0), epoch_of(3, 4.0))
    for number in (0, 2, 3):
        history.add_snapshot(Snapshot(number, (float(number),)))
    history.keep(Snapshot(1, (1.0,)))
    assert history.kept == 1
    assert [snapshot.epoch for snapshot in history.snapshots] == [0, 1, 2, 3]
    history.keep(Snapshot(2, (2.0,)))
    assert history.kept == 2
    assert [snapshot.epoch for snapshot in history.snapshots] == [0, 1, 2, 3]


def test_a_model_is_as_it_was_after_a_look_at_a_snapshot():
    model = MLP(1, [1])
    weight, bias = model.parameters()
    weight.data, bias.data = 1.0, 2.0
    history = history_of(model=model)
    seen = []

    def look():
        with history.at(Snapshot(0, (5.0, 6.0))):
            seen.append((weight.data, bias.data))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look()
    assert seen == [(5.0, 6.0)]
    assert (weight.data, bias.data) == (1.0, 2.0)


def test_trained_numbers_are_parameters_then_further_ones_then_running_averages():
    class Norms(Module):
        def __init__(self):
            self.norms = [BatchNorm(2), BatchNorm(1)]

    model, further = Norms(), Value(7.0)
    scale = model.parameters()[0]
    numbers = TrainedNumbers(model, [scale, further])
    # scale and shift of each, then the further one, then mean and variance of each
    assert numbers.read() == (1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 7.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0)
    written = tuple(map(float, range(13)))
    numbers.write(written)
    assert numbers.read() == written
    assert (scale.data, further.data) == (0.0, 6.0)
    assert [buffer for norm in model.norms for _, buffer in norm.buffers()] == [[7, 8], [9, 10], [11], [12]]
    assert TrainedNumbers(abs, [further]).read() == (6.0,)


# -- as a file holds it ----------------------------------------------------------------------------------------------


def kept_history():
    history = history_of(epoch_of(1, 2.0, 4.0), epoch_of(2, 1.0, 3.0), epoch_of(3, 1.5, math.inf))
    for number in (0, 1, 2, 3):
        history.add_snapshot(Snapshot(number, (float(number), 0.5)))
    history.keep(history.snapshots[2])
    history.stopped, history.interrupted, history.not_finite = "enough", True, True
    history.engine, history.fallback = "replay", "a reason"
    return history


def state_of(**changes):
    return json.loads(json.dumps(kept_history().state())) | changes


def test_a_history_comes_back_by_way_of_json():
    history = history_of()
    history.load_state(state_of(), kept_history().numbers())
    assert history == kept_history()
    assert (history.state(), history.numbers()) == (kept_history().state(), kept_history().numbers())
    assert all(type(score) is Score for score in history.training + history.validation)


def test_a_state_is_no_part_of_its_history():
    history = kept_history()
    state, before = history.state(), copy.deepcopy(history.state())
    history.add(epoch_of(4, 1.0, 1.0))
    assert state == before
    history.load_state(before, kept_history().numbers())
    history.add(epoch_of(4, 1.0, 1.0))
    assert state == before


def test_a_history_of_before_replays_came_without_an_engine():
    history = history_of()
    older = {name: fact for name, fact in state_of().items() if name not in ("engine", "fallback")}
    history.load_state(older, kept_history().numbers())
    assert (history.engine, history.fallback) == ("eager", None)


def test_whole_numbers_are_as_good_as_floats_and_validation_may_be_missing():
    history = history_of()
    largest = int(sys.float_info.max)
    changes = {"training": [[2, 1], [1, None], [largest, 0]], "validation": [], "penalties": [0, 1, 2]}
    history.load_state(state_of(**changes), kept_history().numbers())
    assert history.training == [Score(2, 1), Score(1, None), Score(largest, 0)]
    assert history.validation == []


PAIRS = "scores of its history are not pairs of numbers"


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"training": {}}, TypeError, "'training' of its history is not a list"),
        ({"validation": None}, TypeError, "'validation' of its history is not a list"),
        ({"penalties": "abc"}, TypeError, "'penalties' of its history is not a list"),
        ({"snapshots": 1}, TypeError, "'snapshots' of its history is not a list"),
        ({"training": [[1.0, 0.5, 0.5]] * 3}, ValueError, f"the training {PAIRS}"),
        ({"training": [[1.0]] * 3}, ValueError, f"the training {PAIRS}"),
        ({"training": [["1", 0.5]] * 3}, ValueError, f"the training {PAIRS}"),
        ({"training": [[1.0, "1"]] * 3}, ValueError, f"the training {PAIRS}"),
        ({"training": [[None, None]] * 3}, ValueError, f"the training {PAIRS}"),
        ({"training": [[True, None]] * 3}, ValueError, f"the training {PAIRS}"),
        ({"training": [[10**400, None]] * 3}, ValueError, f"the training {PAIRS}"),
        ({"validation": [{0: 1.0, 1: 1.0}] * 3}, ValueError, f"the validation {PAIRS}"),
        ({"validation": ["ab"] * 3}, ValueError, f"the validation {PAIRS}"),
        ({"gradient_norms": []}, TypeError, "the gradient norms of its history are not a dict of lists"),
        ({"gradient_norms": {"a": 1.0}}, TypeError, "the gradient norms of its history are not a dict of lists"),
        ({"gradient_norms": {"a": [1.0, "2", 3.0]}}, ValueError, "'a' of its history are not numbers"),
        ({"learning_rates": [0.1, None, 0.1]}, ValueError, "'learning_rates' of its history are not numbers"),
        ({"learning_rates": [0.1]}, ValueError, "the lists of its history differ in length"),
        ({"training": [[1.0, 0.5]] * 4}, ValueError, "the lists of its history differ in length"),
        ({"validation": [[1.0, None]]}, ValueError, "the lists of its history differ in length"),
        ({"gradient_norms": {"a": [1.0]}}, ValueError, "the lists of its history differ in length"),
        ({"best_epoch": 4}, ValueError, "its history names an epoch that is none of its 3"),
        ({"best_epoch": -1}, ValueError, "its history names an epoch that is none of its 3"),
        ({"kept": 1.0}, ValueError, "its history names an epoch that is none of its 3"),
        ({"snapshots": [0, True]}, ValueError, "its history names an epoch that is none of its 3"),
        ({"stopped": 1}, TypeError, "what its history says of how the run went is no text"),
        ({"engine": []}, TypeError, "what its history says of how the run went is no text"),
        ({"fallback": True}, TypeError, "what its history says of how the run went is no text"),
    ],
)
def test_what_no_history_gives_is_refused_and_changes_nothing(changes, error, message):
    history = history_of(epoch_of(1, 2.0))
    with pytest.raises(error) as caught:
        history.load_state(state_of(**changes), kept_history().numbers())
    assert str(caught.value) == message
    assert history == history_of(epoch_of(1, 2.0))


def test_a_snapshot_has_the_numbers_of_the_model():
    history = history_of(epoch_of(1, 2.0))
    for wrong in ([1.0], [1.0, 2.0, 3.0]):
        with pytest.raises(ValueError, match="a snapshot of its history has not the 2 numbers of the model"):
            history.load_state(state_of(), kept_history().numbers() | {"snapshot.2": wrong})
    with pytest.raises(KeyError):
        history.load_state(state_of(), {})
    assert history == history_of(epoch_of(1, 2.0))


def test_a_snapshot_that_stands_twice_in_a_file_is_gone_on_from():
    history = history_of()
    history.load_state(state_of(snapshots=[0, 0, 3]), kept_history().numbers())
    history.add_snapshot(Snapshot(4, (4.0, 0.5)))
    assert [snapshot.epoch for snapshot in history.snapshots] == [0, 0, 3, 4]


@pytest.mark.parametrize("number", [1, 2, 4, 5])
def test_an_epoch_that_was_perhaps_half_taken_in_can_be_left_out(number):
    history = history_of(*[epoch_of(k, 1.0 / k, 2.0 / k) for k in (1, 2, 3, 4)])
    history.training.append(Score(0.5, 0.5))  # of an epoch that came no further
    history.forget_from(number)
    expected = history_of(*[epoch_of(k, 1.0 / k, 2.0 / k) for k in range(1, number)])
    for name in ("training", "validation", "penalties", "learning_rates"):
        assert getattr(history, name) == getattr(expected, name)
    assert {len(norms) for norms in history.gradient_norms.values()} == {number - 1}
