"""Training: it learns real data, repeats itself bit by bit, and ends early with what was good."""

from __future__ import annotations

import math
import random
import re
import sys
import warnings

import pytest

import autograd
from autograd import Tape, Value
from nn import (
    L2,
    MLP,
    SGD,
    BatchNorm,
    Dropout,
    EarlyStopping,
    ExponentialSchedule,
    History,
    Layer,
    LossRow,
    MaxNorm,
    Module,
    Score,
    Sequential,
    Standardization,
    StepSchedule,
    Training,
    fit,
    gradient_norm_below,
    hinge,
    load_iris,
    mean_squared_error,
    parameter_change_below,
    predict,
    score,
    softmax_cross_entropy,
    squared_error,
    stratified_split,
    training,
)

LINE = ([[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0])


def numbers(model):
    return [p.data for p in model.parameters()]


def fit_line(model, **options):
    settings = {"inputs": LINE[0], "targets": LINE[1], "loss": mean_squared_error, "epochs": 3, "progress": False}
    settings |= options
    optimizer = settings.pop("optimizer", None) or SGD(model.parameters(), 0.05)
    return fit(model, optimizer=optimizer, **settings)


# -- it learns -------------------------------------------------------------------------------------------------------


def test_a_line_is_found():
    model = MLP(1, [1])
    history = fit_line(model, epochs=200)
    assert numbers(model) == pytest.approx([2.0, 1.0], abs=1e-3)
    assert len(history.loss) == 200
    assert history.loss[-1] < 1e-5 < history.loss[0]
    assert history.stopped is None


def iris(seed):
    training, test = stratified_split(load_iris(), seed=seed)
    standardization = Standardization.of(training.inputs)
    return training._replace(inputs=standardization.apply(training.inputs)), test._replace(
        inputs=standardization.apply(test.inputs)
    )


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
def test_iris_is_learned(seed):
    pytest.importorskip("sklearn")
    training, test = iris(seed)
    model = MLP(4, [8, 3], "tanh", seed=seed)
    history = fit(
        model,
        training.inputs,
        training.targets,
        loss=softmax_cross_entropy,
        optimizer=SGD(model.parameters(), 0.05, 0.9),
        epochs=30,
        batch_size=8,
        validation=(test.inputs, test.targets),
        progress=False,
    )
    found = score(model, test.inputs, test.targets, loss=softmax_cross_entropy)
    assert found.accuracy >= 0.93
    assert history.validation[-1] == found
    assert history.accuracy[-1] >= 0.93 > history.accuracy[0]


# -- steps, scores, seeds --------------------------------------------------------------------------------------------


def test_one_full_batch_is_one_step_by_hand():
    model = MLP(1, [1])
    weight, bias = model.parameters()
    weight.data, bias.data = 1.0, 0.0
    history = fit_line(model, epochs=1, batch_size=None, optimizer=SGD([weight, bias], 0.25))
    # errors -1, -2, -3, -4: loss 30 / 4; slopes 2 · mean(error · x) = -10 and 2 · mean(error) = -5
    assert numbers(model) == [1.0 + 0.25 * 10.0, 0.25 * 5.0]
    assert history.training == [Score(7.5, None)]


@pytest.mark.parametrize(("batch_size", "steps"), [(1, 4), (3, 2), (4, 1), (99, 1), (None, 1)])
def test_every_sample_is_used_once_per_epoch(batch_size, steps):
    seen = []

    class Counting(SGD):
        def step(self):
            seen.append(None)
            super().step()

    model = MLP(1, [1])
    samples = []

    def loss(output, target):
        samples.append(target)
        return mean_squared_error(output, target)

    optimizer = Counting(model.parameters(), 0.01)
    fit_line(model, epochs=2, loss=loss, batch_size=batch_size, optimizer=optimizer, replay=False)
    assert len(seen) == 2 * steps
    assert sorted(samples[:4]) == sorted(samples[4:]) == LINE[1]


def test_the_same_seed_gives_the_same_run_bit_by_bit():
    def run(seed):
        model = MLP(1, [3, 1], "tanh", seed=5)
        history = fit_line(model, epochs=4, seed=seed)
        return numbers(model), history

    assert run(1) == run(1) == run(random.Random(1))
    assert run(1)[0] != run(2)[0]


def test_the_global_generator_is_not_moved():
    state = random.getstate()
    fit_line(MLP(1, [1]))
    assert random.getstate() == state


def test_accuracy_comes_with_the_loss_or_by_hand():
    inputs, targets = [[1.0], [-1.0]], [1, -1]
    model = MLP(1, [1])
    model.parameters()[0].data = 1.0
    assert score(model, inputs, targets, loss=hinge) == Score(0.0, 1.0)
    assert score(model, inputs, targets, loss=mean_squared_error) == Score(0.0, None)
    equal = score(model, inputs, targets, loss=mean_squared_error, correct=lambda y, t: y.data == t)
    assert equal == Score(0.0, 1.0)


def test_predictions_are_plain_floats_and_record_nothing():
    model = MLP(2, [3, 2], "tanh", seed=1)
    with Tape() as tape:
        outputs = predict(model, [[0.5, 1.0], [1.0, 2.0]])
    assert len(tape) == 0
    assert [[type(each) for each in output] for output in outputs] == [[float, float]] * 2
    assert outputs[0] == [each.data for each in model([0.5, 1.0])]


def test_losses_whose_sum_overflows_are_still_a_score():
    model = MLP(1, [1])
    found = score(model, [[0.0], [0.0]], [1.3e154, 1.3e154], loss=mean_squared_error)
    assert found.loss == pytest.approx(1.69e308)


# -- ending early ----------------------------------------------------------------------------------------------------


def test_a_loss_that_stops_being_finite_ends_the_run_and_says_where():
    model = MLP(1, [1])
    with pytest.warns(RuntimeWarning, match="training ended early: in epoch"):
        history = fit_line(model, epochs=500, optimizer=SGD(model.parameters(), 1e6))
    assert "the loss became inf: " in history.stopped
    assert "square(" in history.stopped
    assert __file__ in history.stopped or "nn" not in history.stopped.splitlines()[-1]
    assert 0 < len(history.loss) < 500
    assert all(map(math.isfinite, numbers(model)))
    assert math.isfinite(score(model, LINE[0][:1], LINE[1][:1], loss=mean_squared_error).loss)


def test_the_last_good_parameters_are_those_of_the_last_finite_loss():
    model = MLP(1, [1])
    weight, bias = model.parameters()
    outputs = []

    def loss(output, target):
        outputs.append((weight.data, bias.data))
        return mean_squared_error(output, target) if len(outputs) < 6 else autograd.log(output * 0.0)

    with pytest.warns(RuntimeWarning, match=r"in epoch 2 of 3, the loss became -inf: log\("):
        history = fit_line(model, loss=loss, replay=False)
    assert (weight.data, bias.data) == outputs[4]
    assert outputs[4] != outputs[5]
    assert len(history.training) == 1


def test_the_memory_of_the_optimizer_goes_back_with_the_parameters():
    model = MLP(1, [1])
    optimizer = SGD(model.parameters(), 1e6, 0.9)
    memories = []

    def loss(output, target):
        memories.append(optimizer.memory)
        return mean_squared_error(output, target)

    with pytest.warns(RuntimeWarning, match="training ended early"):
        fit_line(model, loss=loss, optimizer=optimizer, epochs=500, replay=False)
    finite = memories[:-2]  # the last two are of one batch, which was recorded again for the report
    assert optimizer.memory == finite[-1] != memories[-1]


def test_of_many_operands_only_the_largest_is_told():
    model = MLP(1, [4, 1], "identity", initializer=lambda *shape: -1e200)
    expected = r"dot of 10 operands, the largest being -2e\+200 in layer 1: the value is inf"
    with pytest.warns(RuntimeWarning, match=expected) as caught:
        fit(
            model,
            [[2.0]],
            [1.0],
            loss=mean_squared_error,
            optimizer=SGD(model.parameters(), 0.1),
            epochs=1,
            progress=False,
        )
    assert caught[0].filename == __file__


def test_parameters_that_stop_being_finite_end_the_run_before_they_are_used():
    model = MLP(1, [1])
    before = numbers(model)
    with pytest.warns(RuntimeWarning, match="the step after a finite loss led to parameters that are not finite"):
        fit_line(model, epochs=1, batch_size=None, optimizer=SGD(model.parameters(), 1e308))
    assert numbers(model) == before


def test_an_input_that_is_not_finite_is_reported():
    model = MLP(1, [1])
    optimizer = SGD(model.parameters(), 0.1)
    with pytest.warns(RuntimeWarning, match="the loss became nan: an input is nan"):
        fit(model, [[math.nan]], [1.0], loss=mean_squared_error, optimizer=optimizer, epochs=1, progress=False)


def test_interrupting_keeps_the_parameters_of_the_last_whole_step():
    model = MLP(1, [1])
    weight, bias = model.parameters()
    used = []

    class Interrupted(SGD):
        def step(self):
            used.append((weight.data, bias.data))
            if len(used) == 6:
                weight.data = 123.0
                raise KeyboardInterrupt
            super().step()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = fit_line(model, optimizer=Interrupted([weight, bias], 0.05))
    assert (history.stopped, history.interrupted) == ("interrupted in epoch 2 of 3", True)
    assert (weight.data, bias.data) == used[-1]
    assert len(history.training) == 1


def test_interrupting_between_steps_undoes_nothing():
    model = MLP(1, [1])
    counted = []

    def loss(output, target):
        counted.append(numbers(model))
        if len(counted) == 6:
            raise KeyboardInterrupt
        return mean_squared_error(output, target)

    history = fit_line(model, loss=loss, replay=False)
    assert numbers(model) == counted[-1] != counted[-2]
    assert history.stopped == "interrupted in epoch 2 of 3"


def test_interrupting_the_validation_leaves_no_half_of_an_epoch():
    class Interrupting(MLP):
        def __call__(self, inputs):
            if inputs == [99.0]:
                raise KeyboardInterrupt
            return super().__call__(inputs)

    history = fit_line(Interrupting(1, [1]), validation=([[99.0]], [0.0]))
    assert (history.training, history.validation) == ([], [])
    assert history.summary() == "no epoch was finished"


def test_an_interrupted_run_stays_where_it_is_when_a_state_does_not_fit():
    model = MLP(1, [1])
    run = training(model, *LINE, loss=mean_squared_error, optimizer=SGD(model.parameters(), 0.1), epochs=3)
    next(run)
    facts, numbers_ = run.state()
    run.on_batch_done = interrupt
    assert list(run) == []
    with pytest.raises(ValueError, match="'learning_rate' is missing"):
        run.load_state(facts, {})
    assert run.history.stopped == "interrupted in epoch 2 of 3"
    run.load_state(facts, numbers_)
    assert run.history.stopped is None


@pytest.mark.parametrize(
    ("kind", "method"),
    [(History, "add_snapshot"), (StepSchedule, "step"), (EarlyStopping, "__call__"), (Training, "_return_to_best")],
)
def test_a_run_interrupted_while_an_epoch_is_entered_goes_on_as_if_it_had_not_been(monkeypatch, kind, method):
    def made():
        model = MLP(1, [1], seed=1)
        optimizer = SGD(model.parameters(), 0.05, momentum=0.5)
        run = training(
            model,
            *LINE,
            loss=mean_squared_error,
            optimizer=optimizer,
            epochs=6,
            schedule=StepSchedule(optimizer, 1, 0.5),
            early_stopping=EarlyStopping(1, min_delta=0.5),
        )
        return model, run

    def finished(model, run):
        list(run)
        return numbers(model), run.history.state(), [each.numbers for each in run.history.snapshots]

    def interrupting(*arguments):
        usual(*arguments)
        if counted.append(arguments) or len(counted) == 2 - (method == "_return_to_best"):
            raise KeyboardInterrupt

    whole = finished(*made())
    counted, usual = [], getattr(kind, method)
    _, run = made()
    monkeypatch.setattr(kind, method, interrupting)
    list(run)
    monkeypatch.undo()
    at = len(run.history.training) + 1
    assert run.history.stopped == f"interrupted in epoch {at} of 6"
    model, again = made()
    again.load_state(*run.state())
    assert finished(model, again) == whole


def test_a_run_interrupted_before_an_epoch_begins_goes_on_from_the_end_of_the_one_before(monkeypatch):
    def made():
        model = MLP(1, [1], seed=1)
        optimizer = SGD(model.parameters(), 0.05, momentum=0.5)
        return model, training(model, *LINE, loss=mean_squared_error, optimizer=optimizer, epochs=4)

    model, whole = made()
    list(whole)
    expected = numbers(model)
    model, run = made()
    next(run)
    next(run)
    before = numbers(model)

    def interrupt_once():
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "_moment", interrupt_once)
    assert list(run) == []
    assert (run.history.stopped, numbers(model)) == ("interrupted in epoch 3 of 4", before)
    model, again = made()
    again.load_state(*run.state())
    assert numbers(model) == before
    list(again)
    assert numbers(model) == expected


def interrupt(*arguments):
    raise KeyboardInterrupt


def test_errors_say_in_which_samples():
    with pytest.raises(ValueError, match="takes 1 input, but 2 were given") as caught:
        fit_line(MLP(1, [1]), inputs=[[0.0], [1.0, 2.0], [2.0]], targets=[0.0, 0.0, 0.0])
    assert caught.value.__notes__ == ["while training on sample 1 (numbered from 0)"]
    with pytest.raises(ValueError, match="the target of a single score is 1 or -1, not 0") as caught:
        fit_line(MLP(1, [1]), targets=[1, 0, 1, 1], loss=hinge, batch_size=None)
    (note,) = caught.value.__notes__
    assert re.fullmatch(r"while training on samples [0-3], [0-3], [0-3], [0-3] \(numbered from 0\)", note)


@pytest.mark.parametrize(("n_samples", "rest"), [(8, ""), (9, ", …")])
def test_eight_samples_of_a_batch_are_told(n_samples, rest):
    with pytest.raises(ValueError, match="the target of a single score is 1 or -1, not 0") as caught:
        fit_line(MLP(1, [1]), inputs=[[0.0]] * n_samples, targets=[0] * n_samples, loss=hinge, batch_size=None)
    (note,) = caught.value.__notes__
    assert re.fullmatch(rf"while training on samples \d(, \d){{7}}{rest} \(numbered from 0\)", note)


def test_data_are_known_by_the_same_name_from_release_to_release():
    model = MLP(1, [1])
    optimizer = SGD(model.parameters(), 0.1)
    run = training(model, [[0.0], [1.0]], [1.0, 3.0], loss=mean_squared_error, optimizer=optimizer, epochs=1)
    kind = run.state()[0]["kind"]
    assert (kind["data"], kind["validation"]) == ("2 samples (301e6c822acb)", "none")


def test_what_is_wrong_with_the_validation_is_said_so():
    with pytest.raises(ValueError, match="of the validation, inputs and targets differ in number: 1 and 2"):
        fit_line(MLP(1, [1]), validation=([[0.0]], [1.0, 2.0]))
    for given in (([[0.0]],), ([[0.0]], [1.0], [2.0]), {"inputs": [[0.0]], "targets": [1.0]}):
        with pytest.raises(TypeError, match=r"validation is a pair: \(inputs, targets\)"):
            fit_line(MLP(1, [1]), validation=given)


@pytest.mark.parametrize(
    ("inputs", "targets", "told"),
    [([[0.0], [math.inf]], [1.0, 1.0], "an input is inf"), ([[0.0], [1.0]], [1.0, math.nan], "a target is nan")],
)
def test_numbers_that_are_not_finite_from_the_start_are_told(inputs, targets, told):
    with pytest.warns(RuntimeWarning, match=f"the loss became nan: {told}|the loss became inf: {told}"):
        fit_line(MLP(1, [1]), inputs=inputs, targets=targets)


def test_batches_of_one_are_too_small_for_batch_normalization():
    model = Sequential(BatchNorm(1), Layer(1, 1))
    with pytest.raises(ValueError, match="BatchNorm looks at several samples at once: give batch_size=2 or more, or"):
        fit_line(model, batch_size=1)


def test_an_early_stopping_that_is_used_again_starts_anew():
    stopping = EarlyStopping(4)
    first, second = (
        fit_line(MLP(1, [1]), epochs=epochs, targets=targets, early_stopping=stopping)
        for epochs, targets in ((3, LINE[1]), (12, [51.0, 53.0, 55.0, 57.0]))
    )
    assert min(first.loss) < min(second.loss)
    assert (first.stopped, second.stopped) == (None, None)


def test_other_errors_pass_through():
    def loss(output, target):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        fit_line(MLP(1, [1]), loss=loss)


class Branching(Module):
    """One layer, and a logarithm that the loss does not depend on where the input is negative."""

    def __init__(self):
        self.weight = Value(1.0, label="weight")

    def __call__(self, x):
        wrong = autograd.log(x * 0.0 * self.weight)
        return autograd.where(x > 0.0, self.weight, wrong * 0.0) + autograd.exp(710.0 * self.weight)


def test_the_report_names_the_node_that_matters():
    model = Branching()
    optimizer = SGD([model.weight], 0.1)
    with pytest.warns(RuntimeWarning, match="the loss became inf: exp"):
        fit(model, [1.0], [0.0], loss=lambda y, t: y, optimizer=optimizer, epochs=1, progress=False)


def test_the_report_draws_the_same_masks_again():
    dropout = Dropout(0.5, seed=3)
    model = Sequential(dropout, Layer(8, 1, "identity"))

    def loss(output, target):
        return autograd.log(output * 0.0)

    before = random.Random(3)
    Dropout(0.5, seed=before)([1.0] * 8)
    optimizer = SGD(model.parameters(), 0.1)
    with pytest.warns(RuntimeWarning, match="the loss became -inf: log"):
        fit(model, [[1.0] * 8], [0.0], loss=loss, optimizer=optimizer, epochs=1, progress=False)
    assert dropout.generator().getstate() != random.Random(3).getstate()
    drawn = random.Random(3)
    for _ in range(8):
        drawn.random()
    assert dropout.generator().getstate() == drawn.getstate()


# -- when a run ends -------------------------------------------------------------------------------------------------


def rising(after):
    """Validation samples whose loss falls until the line y = 2x + 1 is reached, and then rises again."""
    return ([[1.0]], [after])


def test_early_stopping_goes_back_to_the_best_epoch():
    model = MLP(1, [1], initializer=lambda *shape: 0.0)
    optimizer = SGD(model.parameters(), 0.004)
    history = fit_line(model, epochs=100, optimizer=optimizer, validation=rising(1.0), early_stopping=3)
    losses = [each.loss for each in history.validation]
    best = losses.index(min(losses)) + 1
    assert 1 < best < 90
    assert len(losses) == best + 3
    assert (history.kept, history.best_epoch) == (best, best)
    assert history.stopped == f"no better loss for 3 epochs: back to epoch {best}"
    assert score(model, *rising(1.0), loss=mean_squared_error) == history.validation[best - 1]
    assert best in [snapshot.epoch for snapshot in history.snapshots]


def test_a_validation_loss_that_is_nan_is_never_the_best():
    def loss(output, target):
        return mean_squared_error(output, target) if target < 9.0 or len(found) > 1 else math.nan

    found = []
    history = fit_line(MLP(1, [1]), loss=loss, epochs=6, validation=([[1.0]], [9.0]), callbacks=[found.append])
    losses = [each.loss for each in history.validation]
    assert [math.isnan(each) for each in losses] == [True, True, False, False, False, False]
    assert history.best_epoch == losses.index(min(losses[2:])) + 1


def test_early_stopping_goes_by_the_training_loss_without_validation():
    model = MLP(1, [1])
    history = fit_line(model, epochs=2000, early_stopping=EarlyStopping(2, min_delta=1e-3))
    assert len(history.loss) < 2000
    assert history.loss[-3] - history.loss[-1] < 1e-3


@pytest.mark.long
def test_a_gradient_that_vanishes_ends_the_run():
    model = MLP(1, [1])
    history = fit_line(model, epochs=5000, batch_size=None, stop_when=gradient_norm_below(1e-6))
    assert history.stopped == "the gradient norm fell below 1e-06"
    assert len(history.loss) < 5000
    assert history.gradient_norms["layers.0"][-1] < 1e-6 < history.gradient_norms["layers.0"][-2]


def test_parameters_that_hardly_move_end_the_run():
    model = MLP(1, [1])
    path = []
    history = fit_line(
        model,
        epochs=5000,
        stop_when=parameter_change_below(1e-5),
        callbacks=[lambda epoch: path.append(numbers(model))],
    )
    assert history.stopped == "the parameters changed by less than 1e-05"
    assert math.dist(path[-1], path[-2]) < 1e-5 < math.dist(path[-2], path[-3])


def test_a_condition_of_ones_own_and_a_callback_that_stops():
    history = fit_line(MLP(1, [1]), epochs=9, stop_when=lambda epoch: epoch.number == 4)
    assert (len(history.loss), history.stopped) == (4, "stop_when said so")

    def callback(epoch):
        if epoch.number == 2:
            epoch.run.stop("seen enough")

    history = fit_line(MLP(1, [1]), epochs=9, callbacks=[callback])
    assert (len(history.loss), history.stopped) == (2, "seen enough")


def test_interrupting_goes_back_to_the_best_epoch_of_the_validation():
    model = MLP(1, [1], initializer=lambda *shape: 0.0)
    best = []

    def interrupting(epoch):
        best.append((epoch.validation.loss, numbers(model)))
        if epoch.number == 40:
            raise KeyboardInterrupt

    history = fit_line(model, epochs=100, validation=rising(1.0), callbacks=[interrupting])
    assert history.stopped == "interrupted after epoch 40 of 100"
    assert len(history.loss) == 40
    assert numbers(model) == min(best)[1] != best[-1][1]
    assert history.kept == history.best_epoch < 40


# -- what else goes on -----------------------------------------------------------------------------------------------


def test_the_iterator_gives_the_same_run():
    model, same = MLP(1, [2, 1], seed=3), MLP(1, [2, 1], seed=3)
    history = fit_line(model, epochs=4)
    run = training(same, *LINE, loss="mean_squared_error", optimizer=SGD(same.parameters(), 0.05), epochs=4)
    epochs = list(run)
    assert (numbers(same), run.history) == (numbers(model), history)
    assert [epoch.training for epoch in epochs] == history.training
    assert [epoch.gradient_norms for epoch in epochs] == [
        {name: norms[k] for name, norms in history.gradient_norms.items()} for k in range(4)
    ]
    assert list(run) == []
    assert str(epochs[3]).startswith("epoch 4/4: loss ")


def test_the_plain_loop_gives_the_same_step():
    model, same = MLP(1, [2, 1], seed=3), MLP(1, [2, 1], seed=3)
    fit_line(model, epochs=3, batch_size=None)
    optimizer = SGD(same.parameters(), 0.05)
    for _ in range(3):
        optimizer.zero_grad()
        autograd.mean([mean_squared_error(same(x), y) for x, y in zip(*LINE)]).backward()
        optimizer.step()
    assert numbers(same) == pytest.approx(numbers(model), rel=1e-14)


def test_a_penalty_is_added_and_told_apart_from_the_loss():
    model = MLP(1, [1])
    weight, bias = model.parameters()
    weight.data, bias.data = 1.0, 0.0
    history = fit_line(model, epochs=1, batch_size=None, optimizer=SGD([weight, bias], 0.25), regularizer=L2(0.5))
    assert numbers(model) == [1.0 + 0.25 * (10.0 - 1.0), 0.25 * 5.0]  # as by hand above, less the slope 2 · 0.5 · 1
    assert (history.loss, history.penalties) == ([7.5], [0.5])


def test_a_projection_follows_every_step():
    model = MLP(1, [1])
    history = fit_line(model, epochs=20, regularizer=MaxNorm(0.5))
    assert abs(model.parameters()[0].data) == pytest.approx(0.5)
    assert history.penalties == [0.0] * 20


def test_gradients_are_clipped():
    model = MLP(1, [1])
    before = numbers(model)
    history = fit_line(model, epochs=1, batch_size=None, optimizer=SGD(model.parameters(), 1.0), clip_norm=0.125)
    assert math.dist(before, numbers(model)) == pytest.approx(0.125)
    assert history.gradient_norms["layers.0"][0] > 1.0  # as it was before


def test_a_schedule_steps_once_per_epoch():
    model = MLP(1, [1])
    optimizer = SGD(model.parameters(), 0.08)
    history = fit_line(model, epochs=3, optimizer=optimizer, schedule=ExponentialSchedule(optimizer, 0.5))
    assert history.learning_rates == [0.08, 0.04, 0.02]


def test_gradient_norms_are_those_of_the_layers():
    model = MLP(1, [2, 1], seed=3)
    history = fit_line(model, epochs=1, batch_size=None)
    same = MLP(1, [2, 1], seed=3)
    autograd.mean([mean_squared_error(same(x), y) for x, y in zip(*LINE)]).backward()
    expected = {f"layers.{k}": math.hypot(*[p.grad for p in layer.parameters()]) for k, layer in enumerate(same.layers)}
    assert {name: norms[0] for name, norms in history.gradient_norms.items()} == pytest.approx(expected, rel=1e-13)


def test_a_model_that_is_a_function_is_trained_too():
    slope = Value(0.0)
    history = fit(
        lambda x: slope * x,
        [1.0, 2.0],
        [3.0, 6.0],
        loss=mean_squared_error,
        optimizer=SGD([slope], 0.1),
        epochs=50,
        progress=False,
    )
    assert slope.data == pytest.approx(3.0)
    assert list(history.gradient_norms) == ["other parameters"]


def test_arrays_and_frames_are_samples_too():
    import numpy

    class Frame:
        def to_numpy(self):
            return numpy.array(LINE[0])

    expected = MLP(1, [1])
    fit_line(expected, epochs=3)
    for inputs, targets in ((numpy.array(LINE[0]), numpy.array(LINE[1])), (Frame(), tuple(LINE[1]))):
        model = MLP(1, [1])
        optimizer = SGD(model.parameters(), 0.05)
        fit(model, inputs, targets, loss=mean_squared_error, optimizer=optimizer, epochs=3, progress=False)
        assert numbers(model) == numbers(expected)


def test_snapshots_are_few_even_and_true():
    model = MLP(1, [1])
    path = {0: tuple(numbers(model))}
    history = fit_line(model, epochs=77, callbacks=[lambda epoch: path.update({epoch.number: tuple(numbers(model))})])
    epochs = [snapshot.epoch for snapshot in history.snapshots]
    assert epochs == [*range(0, 77, 4), 77]
    assert all(snapshot.numbers == path[snapshot.epoch] for snapshot in history.snapshots)
    with history.at(history.snapshots[3]):
        assert tuple(numbers(model)) == path[12]
    assert tuple(numbers(model)) == path[77]


def test_the_model_is_in_training_mode_only_while_an_epoch_runs():
    seen = []

    class Watching(MLP):
        def __call__(self, inputs):
            seen.append(self.training)
            return super().__call__(inputs)

    model = Watching(1, [1])
    callbacks = [lambda epoch: seen.append(model.training)]
    fit_line(model, epochs=1, validation=LINE, callbacks=callbacks, replay=False)
    assert seen == [True] * 4 + [False] * 4 + [False]
    assert model.training is False


def test_an_interrupt_while_the_mode_changes_leaves_the_model_in_evaluation_mode():
    class Interrupted(MLP):
        n_times = 0

        def eval(self):
            self.n_times += 1
            if self.n_times == 1:
                raise KeyboardInterrupt
            return super().eval()

    model = Interrupted(1, [1])
    assert fit_line(model).stopped == "interrupted in epoch 1 of 3"
    assert model.training is False


def test_frozen_layers_stay_and_the_others_move():
    model = MLP(1, [2, 1], seed=3)
    model.layers[0].freeze()
    before = [p.data for p in model.layers[0].parameters()]
    fit_line(model, regularizer=L2(0.1))
    assert [p.data for p in model.layers[0].parameters()] == before
    assert model.layers[1].neurons[0].bias.data != 0.0


@pytest.mark.parametrize("n_samples", [5, 9, 1])
def test_batch_norm_never_sees_a_batch_of_one_unless_there_is_but_one_sample(n_samples):
    model = Sequential(BatchNorm(1), Layer(1, 1, "identity"))
    samples = [[float(k)] for k in range(n_samples)], [float(k) for k in range(n_samples)]
    optimizer = SGD(model.parameters(), 0.01)

    def run():
        return fit(
            model, *samples, loss=mean_squared_error, optimizer=optimizer, epochs=2, batch_size=4, progress=False
        )

    if n_samples == 1:
        with pytest.raises(ValueError, match="needs two samples or more to take a variance of, not 1"):
            run()
    else:
        assert len(run().loss) == 2


# -- progress --------------------------------------------------------------------------------------------------------


def test_without_a_terminal_there_is_one_final_line(capsys):
    fit_line(MLP(1, [1]), progress=True, validation=LINE)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("epoch 3/3: loss ")
    assert ", validation loss " in err
    assert "\r" not in err


def test_in_a_terminal_there_is_a_bar(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    thirds = ([[0.0], [1.0], [2.0]], [0.0, 0.0, 0.0])
    model = MLP(1, [1])
    optimizer = SGD(model.parameters(), 0.1)
    fit(model, *thirds, loss=mean_squared_error, optimizer=optimizer, epochs=9, correct=lambda y, t: True)
    err = capsys.readouterr().err
    assert "\r" in err
    assert "epoch 9/9 100 %|██████████|" in err
    assert "accuracy 100.0%" in err


def test_silence(capsys):
    fit_line(MLP(1, [1]), progress=False)
    assert capsys.readouterr() == ("", "")


# -- what is refused ---------------------------------------------------------------------------------------------------


class Constant(Module):
    def __call__(self, sample):
        return 1.0


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: fit_line(MLP(1, [1]), epochs=0), ValueError, "the number of epochs is 1 or more, not 0"),
        (lambda: fit_line(MLP(1, [1]), epochs=1.5), TypeError, "the number of epochs is an int, not 1.5"),
        (
            lambda: fit_line(MLP(1, [1]), batch_size=1.5),
            TypeError,
            "the batch size is an int (or None for all samples), not 1.5",
        ),
        (
            lambda: fit_line(MLP(1, [1]), batch_size=True),
            TypeError,
            "the batch size is an int (or None for all samples), not True",
        ),
        (
            lambda: fit(abs, (x for x in []), [], loss=hinge, optimizer=SGD([Value(0.0)], 1.0), epochs=1),
            TypeError,
            "inputs are a list or an array with one entry per sample, not a generator: they are used again",
        ),
        (
            lambda: fit_line(MLP(1, [1]), optimizer=SGD([Value(0.0)], 1.0)),
            ValueError,
            "the optimizer holds no parameter of the model: make it from model.parameters()",
        ),
        (
            lambda: fit_line(MLP(1, [1]), optimizer="adam"),
            TypeError,
            "an optimizer is an object such as SGD(model.parameters(), 0.1), not 'adam'",
        ),
        (
            lambda: fit_line(MLP(1, [1]), schedule=ExponentialSchedule(SGD([Value(0.0)], 1.0), 0.5)),
            ValueError,
            "the schedule holds another optimizer than the one that trains: make it from that one",
        ),
        (
            lambda: fit_line(abs, optimizer=SGD([Value(0.0)], 1.0), regularizer=L2(0.5)),
            TypeError,
            "a regularizer finds the weights of a Module, and the model is a builtin_function_or_method",
        ),
        (
            lambda: fit_line(MLP(1, [1]), regularizer=0.1),
            TypeError,
            "a regularizer is an object such as L2(1e-3), not 0.1",
        ),
        (
            lambda: fit_line(MLP(1, [1]), schedule=0.1),
            TypeError,
            "a schedule is an object such as CosineSchedule(optimizer, 50), not 0.1",
        ),
        (
            lambda: fit_line(MLP(1, [1]), stop_when=1e-6),
            TypeError,
            "stop_when is a function of an epoch, such as gradient_norm_below(1e-6), not 1e-06",
        ),
        (lambda: fit_line(MLP(1, [1]), callbacks=[7]), TypeError, "a callback is a function of an epoch, not 7"),
        (
            lambda: fit_line(MLP(1, [1]), correct=0.5),
            TypeError,
            "correct is a function of an output and its target, not 0.5",
        ),
        (
            lambda: fit_line(MLP(1, [1]), clip_norm=-1),
            ValueError,
            "the clip_norm is a finite number above 0, not -1",
        ),
        (lambda: fit_line(MLP(1, [1]), validation=0.2), TypeError, "validation is a pair: (inputs, targets)"),
        (
            lambda: fit_line(MLP(1, [1]), early_stopping=0),
            ValueError,
            "the patience, in epochs, is 1 or more, not 0",
        ),
        (
            lambda: fit_line(MLP(1, [1]), early_stopping=1.5),
            TypeError,
            "the patience, in epochs, is an int, not 1.5",
        ),
        (lambda: EarlyStopping(min_delta=-1.0), ValueError, "the min_delta is a finite number, 0 or more, not -1.0"),
        (lambda: gradient_norm_below(0.0), ValueError, "the epsilon is a finite number above 0, not 0.0"),
        (
            lambda: autograd.no_grad()(fit_line)(MLP(1, [1])),
            RuntimeError,
            "training needs gradients, and no_grad() records nothing: leave that context first",
        ),
        (
            lambda: fit_line(MLP(1, [1]), batch_size=0),
            ValueError,
            "the batch size is 1 or more (or None for all samples), not 0",
        ),
        (
            lambda: score(MLP(1, [1]), [[1.0]], [], loss=hinge),
            ValueError,
            "inputs and targets differ in number: 1 and 0",
        ),
        (lambda: score(MLP(1, [1]), [], [], loss=hinge), ValueError, "there are no samples"),
        (
            lambda: fit_line(Constant(), optimizer=SGD([Value(1.0)], 0.1)),
            TypeError,
            (
                "the loss is a float, not a Value: it does not depend on any parameter. Train with a loss that has "
                "slopes, such as hinge or squared_error; one that counts errors can only measure"
            ),
        ),
    ],
)
def test_errors_read_well(use, error, message):
    with pytest.raises(error) as caught:
        use()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("n_samples", "size", "shares"), [(8, 3, [3 / 8, 3 / 8, 2 / 8]), (5, None, [1.0]), (2, 1, [0.5, 0.5])]
)
def test_each_step_tells_which_share_of_the_epoch_it_was(n_samples, size, shares):
    told = []
    samples = [[float(k)] for k in range(n_samples)]
    model = MLP(1, [1])
    options = {"loss": mean_squared_error, "optimizer": SGD(model.parameters(), 0.1), "epochs": 2, "batch_size": size}
    run = training(model, samples, [0.0] * n_samples, **options)
    run.on_batch_done = told.append
    list(run)
    assert told == shares * 2


def test_a_loss_of_ones_own_scores_the_validation_data_too():
    within = LossRow("within a tenth", squared_error, lambda output, target: abs(output - target) < 0.1)
    model = MLP(1, [1], seed=0)
    data = [[0.0], [1.0]], [0.0, 1.0]
    optimizer = SGD(model.parameters(), 0.1)
    history = fit(model, *data, loss=within, optimizer=optimizer, epochs=200, validation=data, progress=False)
    assert history.accuracy[-1] == 1.0
    assert history.validation[-1].accuracy == 1.0


@pytest.mark.parametrize("replay", [True, False])
@pytest.mark.parametrize("where", ["of the run", "of the loss"])
def test_what_says_whether_an_output_is_correct_is_given_nodes_while_training(where, replay):
    def correct(output, target):
        return abs(output.data - target) < 100.0

    options = {"correct": correct} if where == "of the run" else {"loss": LossRow("mine", squared_error, correct)}
    assert fit_line(MLP(1, [1]), replay=replay, **options).accuracy == [1.0] * 3
