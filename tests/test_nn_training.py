"""Training: it learns real data, repeats itself bit by bit, and ends early with what was good."""

from __future__ import annotations

import math
import random
import sys
import warnings

import pytest

import autograd
from autograd import Tape, Value
from nn import (
    MLP,
    SGD,
    Dataset,
    Module,
    Score,
    Standardization,
    evaluate,
    fit,
    hinge,
    load_iris,
    mean_squared_error,
    predict,
    softmax_cross_entropy,
    stratified_split,
)

LINE = ([[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0])


def numbers(model):
    return [p.data for p in model.parameters()]


def fit_line(model, **options):
    settings = {"loss": mean_squared_error, "epochs": 3, "progress": False} | options
    optimizer = settings.pop("optimizer", None) or SGD(model.parameters(), 0.05)
    return fit(model, *LINE, optimizer=optimizer, **settings)


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
        epochs=15,
        batch_size=8,
        validation=(test.inputs, test.targets),
        progress=False,
    )
    score = evaluate(model, test.inputs, test.targets, loss=softmax_cross_entropy)
    assert score.accuracy >= 0.93
    assert history.validation[-1] == score
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

    fit_line(model, epochs=2, loss=loss, batch_size=batch_size, optimizer=Counting(model.parameters(), 0.01))
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
    assert evaluate(model, inputs, targets, loss=hinge) == Score(0.0, 1.0)
    assert evaluate(model, inputs, targets, loss=mean_squared_error) == Score(0.0, None)
    equal = evaluate(model, inputs, targets, loss=mean_squared_error, correct=lambda y, t: y.data == t)
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
    score = evaluate(model, [[0.0], [0.0]], [1.3e154, 1.3e154], loss=mean_squared_error)
    assert score.loss == pytest.approx(1.69e308)


# -- ending early ----------------------------------------------------------------------------------------------------


def test_a_loss_that_stops_being_finite_ends_the_run_and_says_where():
    model = MLP(1, [1])
    with pytest.warns(RuntimeWarning, match="training ended early: in epoch") as caught:
        history = fit_line(model, epochs=500, optimizer=SGD(model.parameters(), 1e6))
    assert "the loss became inf: " in history.stopped
    assert "square(" in history.stopped
    assert __file__ in history.stopped or "nn" not in history.stopped.splitlines()[-1]
    assert caught[0].filename == __file__
    assert 0 < len(history.loss) < 500
    assert all(map(math.isfinite, numbers(model)))
    assert math.isfinite(evaluate(model, LINE[0][:1], LINE[1][:1], loss=mean_squared_error).loss)


def test_the_last_good_parameters_are_those_of_the_last_finite_loss():
    model = MLP(1, [1])
    weight, bias = model.parameters()
    outputs = []

    def loss(output, target):
        outputs.append((weight.data, bias.data))
        return mean_squared_error(output, target) if len(outputs) < 6 else autograd.log(output * 0.0)

    with pytest.warns(RuntimeWarning, match=r"in epoch 2 of 3, the loss became -inf: log\("):
        history = fit_line(model, loss=loss)
    assert (weight.data, bias.data) == outputs[4]
    assert outputs[4] != outputs[5]
    assert len(history.training) == 1


def test_of_many_operands_only_the_largest_is_told():
    model = MLP(1, [4, 1], "identity", initializer=lambda *shape: -1e200)
    expected = r"dot of 10 operands, the largest being -2e\+200 in layer 1: the value is inf"
    with pytest.warns(RuntimeWarning, match=expected):
        fit(
            model,
            [[2.0]],
            [1.0],
            loss=mean_squared_error,
            optimizer=SGD(model.parameters(), 0.1),
            epochs=1,
            progress=False,
        )


def test_parameters_that_stop_being_finite_end_the_run_before_they_are_used():
    model = MLP(1, [1])
    before = numbers(model)
    with pytest.warns(RuntimeWarning, match="the step after a finite loss led to parameters that are not finite"):
        fit_line(model, epochs=1, batch_size=None, optimizer=SGD(model.parameters(), 1e308))
    assert numbers(model) == before


def test_an_input_that_is_not_finite_is_reported():
    model = MLP(1, [1])
    optimizer = SGD(model.parameters(), 0.1)
    with pytest.warns(RuntimeWarning, match="the loss became nan: an input, a target or a parameter is not finite"):
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
    assert history.stopped == "interrupted in epoch 2 of 3"
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

    history = fit_line(model, loss=loss)
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


def test_other_errors_pass_through():
    def loss(output, target):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        fit_line(MLP(1, [1]), loss=loss)


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


# -- data ------------------------------------------------------------------------------------------------------------


def test_iris_is_the_real_one():
    pytest.importorskip("sklearn")
    dataset = load_iris()
    assert (len(dataset.inputs), len(dataset.features)) == (150, 4)
    assert dataset.inputs[0] == [5.1, 3.5, 1.4, 0.2]
    assert dataset.classes == ["setosa", "versicolor", "virginica"]
    assert [dataset.targets.count(k) for k in range(3)] == [50, 50, 50]
    assert all(type(x) is float for sample in dataset.inputs for x in sample)


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ModuleNotFoundError, match=r'not installed: pip install "tapegrad\[data\]"$'):
        load_iris()


def test_a_split_is_stratified_complete_and_repeatable():
    dataset = Dataset([[float(k)] for k in range(40)], [k % 4 // 3 for k in range(40)], ["x"], ["common", "rare"])
    training, test = stratified_split(dataset, 0.2, seed=3)
    assert (test.targets.count(0), test.targets.count(1)) == (6, 2)
    assert sorted(training.inputs + test.inputs) == dataset.inputs
    assert all(target == x % 4 // 3 for (x,), target in zip(test.inputs, test.targets))
    assert stratified_split(dataset, 0.2, seed=3) == (training, test)
    assert stratified_split(dataset, 0.2, seed=4) != (training, test)


def test_standardization_is_taken_from_the_training_data():
    standardization = Standardization.of([[1.0, 5.0], [3.0, 5.0]])
    assert standardization.apply([[1.0, 5.0], [3.0, 5.0], [7.0, 6.0]]) == [[-1.0, 0.0], [1.0, 0.0], [5.0, 1.0]]


class Constant(Module):
    def __call__(self, sample):
        return 1.0


TINY = Dataset([[0.0], [1.0]], [0, 1], ["x"], ["low", "high"])


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: fit_line(MLP(1, [1]), epochs=0), ValueError, "the number of epochs is 1 or more, not 0"),
        (
            lambda: fit_line(MLP(1, [1]), batch_size=0),
            ValueError,
            "the batch size is 1 or more, or None for all samples, not 0",
        ),
        (
            lambda: evaluate(MLP(1, [1]), [[1.0]], [], loss=hinge),
            ValueError,
            "inputs and targets differ in number: 1 and 0",
        ),
        (lambda: evaluate(MLP(1, [1]), [], [], loss=hinge), ValueError, "there are no samples"),
        (
            lambda: fit_line(Constant(), optimizer=SGD([Value(1.0)], 0.1)),
            TypeError,
            "the loss is a float, not a Value: it does not depend on any parameter",
        ),
        (lambda: stratified_split(TINY, 1.0), ValueError, "the test share is above 0 and below 1, not 1.0"),
        (
            lambda: stratified_split(TINY, 0.2),
            ValueError,
            "class 'low' has too few samples (1) for a test share of 0.2",
        ),
        (lambda: Standardization.of([]), ValueError, "there are no samples to standardize"),
    ],
)
def test_errors_read_well(use, error, message):
    with pytest.raises(error) as caught:
        use()
    assert str(caught.value) == message
