"""Replay: training by programs gives the numbers of recording every sample, and says so where it cannot."""

from __future__ import annotations

import json
import math
import random
import re
from typing import Any, NamedTuple

import pytest

import autograd
from autograd import Value, no_grad, strict
from nn import (
    ACTIVATIONS,
    L1,
    L2,
    LOSSES,
    MLP,
    SGD,
    Adam,
    BatchNorm,
    Dropout,
    ElasticNet,
    Layer,
    MaxNorm,
    Module,
    RMSProp,
    Sequential,
    fit,
    mean_squared_error,
    softmax_cross_entropy,
    training,
)
from nn.losses import TargetNumbers
from nn.regularizers import Regularizer
from nn.replaying import _agree

ONE_STEP, HUNDRED_STEPS = 1e-12, 1e-9

POINTS = [[math.sin(3.1 * k), math.cos(1.7 * k) - 0.2] for k in range(12)]
NUMBERS = [0.3 * x - 0.8 * y + x * y for x, y in POINTS]
PAIRS = [[x + y, x * y] for x, y in POINTS]
SIDES = [1 if x + y > 0.0 else -1 for x, y in POINTS]
BITS = [int(x + y > 0.0) for x, y in POINTS]
SHARES = [[0.0, 1.0, 0.25][k % 3] for k in range(12)]
CLASSES = [k % 3 for k in range(12)]
HOT = [[int(k % 3 == j) for j in range(3)] for k in range(12)]

TASKS = {
    "squared_error": (1, "identity", NUMBERS),
    "mean_squared_error": (2, "identity", PAIRS),
    "perceptron": (1, "identity", SIDES),
    "perceptron of classes": (3, "identity", CLASSES),
    "hinge": (1, "identity", SIDES),
    "signed_cross_entropy": (1, "identity", SIDES),
    "binary_cross_entropy": (1, "sigmoid", BITS),
    "binary_cross_entropy of shares": (1, "sigmoid", SHARES),
    "binary_cross_entropy of two": (2, "sigmoid", [[a, 1.0 - a] for a in SHARES]),
    "binary_cross_entropy_from_logits": (1, "identity", BITS),
    "binary_cross_entropy_from_logits of two": (2, "identity", [[a, 1.0 - a] for a in SHARES]),
    "softmax_cross_entropy": (3, "identity", CLASSES),
    "softmax_cross_entropy of one-hot": (3, "identity", HOT),
    "multiclass_hinge": (3, "identity", CLASSES),
    "negative_log_likelihood": (3, "softmax", CLASSES),
}


class Run(NamedTuple):
    """What a run left behind."""

    numbers: list[float]
    gradient: list[float]
    buffers: list[float]
    losses: list[float]
    history: Any
    generators: list[Any]


def run(make, targets=NUMBERS, *, replay=True, epochs=1, loss="mean_squared_error", inputs=POINTS, **options):
    """Train a model that is made anew, and return what that left behind."""
    model = make()
    parameters = model.parameters()
    optimizer = options.pop("optimizer", lambda each: SGD(each, 0.05))(parameters)
    settings = {"batch_size": None, "progress": False} | options
    history = fit(model, inputs, targets, loss=loss, optimizer=optimizer, epochs=epochs, replay=replay, **settings)
    modules = [module for _, module in model.named_modules()]
    return Run(
        [p.data for p in parameters],
        [p.grad for p in parameters],
        [number for module in modules for _, numbers in module.buffers() for number in numbers],
        history.loss,
        history,
        [module.generator().getstate() for module in modules if module.generator() is not None],
    )


def difference(one, other):
    """Return the largest difference, relative to the largest number."""
    assert len(one) == len(other)
    largest = max(map(abs, other), default=0.0) or 1.0
    return max([abs(a - b) for a, b in zip(one, other)], default=0.0) / largest


def agree(make, tolerance, *arguments, engine="replay", **options):
    """Train twice, by replay and without, and require the same numbers."""
    replayed = run(make, *arguments, **options)
    eager = run(make, *arguments, replay=False, **options)
    assert (replayed.history.engine, eager.history.engine) == (engine, "eager"), replayed.history.fallback
    assert (replayed.history.fallback is None) == (engine == "replay")
    for one, other in zip(replayed[:4], eager[:4]):
        assert difference(one, other) <= tolerance
    for name, norms in eager.history.gradient_norms.items():
        assert difference(replayed.history.gradient_norms[name], norms) <= tolerance
    assert difference(replayed.history.penalties, eager.history.penalties) <= tolerance
    assert replayed.history.accuracy == eager.history.accuracy
    assert replayed.generators == eager.generators
    assert any(any(norms) for norms in replayed.history.gradient_norms.values())
    return replayed, eager


def task(name):
    outputs, last, targets = TASKS[name]
    return (lambda: MLP(2, [5, outputs], "tanh", last=last, seed=3)), targets, name.split()[0]


# -- the same numbers ------------------------------------------------------------------------------------------------


def test_every_loss_that_trains_is_tried_and_knows_its_targets_as_numbers():
    trains = set(LOSSES) - {"zero_one"}
    assert {name.split()[0] for name in TASKS} == trains
    assert {name for name, row in LOSSES.items() if isinstance(row.of_numbers, TargetNumbers)} == trains


@pytest.mark.parametrize("name", TASKS)
def test_one_step_is_the_same_for_every_loss(name):
    make, targets, loss = task(name)
    agree(make, ONE_STEP, targets, loss=loss)


@pytest.mark.long
@pytest.mark.parametrize("name", TASKS)
def test_a_hundred_steps_are_the_same_for_every_loss(name):
    make, targets, loss = task(name)
    agree(make, HUNDRED_STEPS, targets, loss=loss, epochs=34, batch_size=5)


@pytest.mark.long
@pytest.mark.parametrize(
    "optimizer",
    [lambda p: SGD(p, 0.05, 0.9), lambda p: Adam(p, 0.01), lambda p: RMSProp(p, 0.01)],
    ids=["momentum", "Adam", "RMSProp"],
)
def test_a_hundred_steps_are_the_same_for_every_optimizer(optimizer):
    agree(task("squared_error")[0], HUNDRED_STEPS, epochs=25, batch_size=3, optimizer=optimizer)


@pytest.mark.long
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_one_step_is_the_same_for_every_activation(activation):
    agree(lambda: MLP(2, [5, 4, 1], activation, seed=2), ONE_STEP)


@pytest.mark.parametrize("size", [1, 5, None])
def test_batches_of_any_size_are_the_same(size):
    agree(task("hinge")[0], HUNDRED_STEPS, SIDES, loss="hinge", epochs=3, batch_size=size)


def test_losses_of_extreme_scores_are_as_accurate():
    for scores in ([800.0, -800.0, 0.0], [40.0, 0.0, -40.0], [1e-9, 0.0, 0.0], [-math.inf, 0.0, 3.0]):
        for true in range(3):
            hot = [float(k == true) for k in range(3)]
            for name in ("softmax_cross_entropy", "multiclass_hinge", "perceptron"):
                usual, numbers = LOSSES[name].function, LOSSES[name].of_numbers.function
                if any(map(math.isinf, scores)):  # a score that is not finite is left to the usual way
                    continue
                one, other = ([Value(score) for score in scores] for _ in range(2))
                left, right = usual(one, true), numbers(other, hot)
                assert left.data == pytest.approx(right.data, rel=1e-14, abs=0.0)
                left.backward()
                right.backward()
                assert [v.grad for v in one] == pytest.approx([v.grad for v in other], rel=1e-14, abs=0.0)


def test_ties_share_the_slope_as_before():
    for name in ("perceptron", "multiclass_hinge"):
        one, other = ([Value(1.0) for _ in range(3)] for _ in range(2))
        LOSSES[name].function(one, 1).backward()
        LOSSES[name].of_numbers.function(other, [0.0, 1.0, 0.0]).backward()
        assert [v.grad for v in one] == [v.grad for v in other] != [0.0] * 3


@pytest.mark.parametrize("share", [0.0, 1.0, 0.25])
def test_what_has_no_share_is_left_out_where_it_is_infinite(share):
    for p in (0.0, 1.0, 0.5):
        one, other = Value(p), Value(p)
        left = LOSSES["binary_cross_entropy"].function(one, share)
        right = LOSSES["binary_cross_entropy"].of_numbers.function(other, [Value(share)])
        left.backward()
        right.backward()
        assert (left.data, one.grad) == (right.data, other.grad)


# -- what models are made of -----------------------------------------------------------------------------------------


def noisy(seed: Any = 5):
    """Return a model whose two Dropouts draw from one generator, of which it warns."""
    generator = random.Random(seed)
    first, second = Dropout(0.2, seed=generator), Dropout(0.5, seed=generator)
    with pytest.warns(UserWarning, match="start from the same random numbers"):
        return Sequential(first, Layer(2, 6, "tanh", seed=1), second, Layer(6, 1, "identity"))


def test_masks_are_those_of_the_usual_way_also_where_two_stages_draw_from_one_generator():
    replayed, _ = agree(noisy, HUNDRED_STEPS, epochs=10, batch_size=5)
    assert replayed.generators[0] != noisy().stages[0].generator().getstate()


class Pipe(Module):
    """Passes sample by sample, so that the masks of one come before those of the next."""

    def __init__(self) -> None:
        self.inner = noisy()
        self.last = Dropout(0.3, seed=self.inner.stages[0].generator())

    def __call__(self, inputs):
        return autograd.sum(self.last([self.inner(inputs), self.inner(inputs)]))


def test_masks_are_those_of_the_usual_way_sample_by_sample():
    agree(Pipe, HUNDRED_STEPS, epochs=5, batch_size=5)


def test_masks_of_stages_within_stages_come_in_the_same_order():
    def nested():
        pipe = Pipe()
        return Sequential(pipe.last, pipe, Layer(1, 1, "identity", seed=4), pipe.last)

    agree(nested, HUNDRED_STEPS, epochs=5, batch_size=5)


def normalized():
    return Sequential(Layer(2, 4, "tanh"), BatchNorm(4), Dropout(0.2, seed=3), Layer(4, 1, "identity"), seed=3)


def test_batch_normalization_is_the_same_with_its_running_averages():
    replayed, _ = agree(normalized, HUNDRED_STEPS, epochs=20, batch_size=5)
    assert replayed.buffers != [0.0] * 4 + [1.0] * 4


def test_layers_that_share_parameters_are_the_same():
    def shared():
        model = MLP(2, [4, 4, 4, 1], "tanh", seed=1)
        for one, other in zip(model.layers[1].neurons, model.layers[2].neurons):
            other.row = one.row
        return model

    agree(shared, HUNDRED_STEPS, epochs=10, batch_size=5)


def test_frozen_parameters_have_gradients_and_stay():
    def frozen():
        model = MLP(2, [4, 1], "tanh", seed=1)
        model.layers[0].freeze()
        return model

    replayed, _ = agree(frozen, HUNDRED_STEPS, epochs=10, batch_size=5)
    before = [p.data for p in frozen().parameters()]
    assert replayed.numbers[:12] == before[:12]
    assert all(replayed.gradient[:12])


@pytest.mark.long
@pytest.mark.parametrize(
    "regularizer",
    [L1(0.01), L2(0.02), ElasticNet(0.01, 0.02), MaxNorm(0.5), L2(0.01) + MaxNorm(0.5)],
    ids=repr,
)
def test_regularizers_are_the_same_also_where_weights_are_zero(regularizer):
    def with_zeros():
        model = MLP(2, [4, 1], "tanh", seed=1)
        model.layers[0].neurons[0].weights[0].data = 0.0
        return model

    agree(with_zeros, ONE_STEP, regularizer=regularizer)
    agree(task("squared_error")[0], HUNDRED_STEPS, epochs=10, batch_size=5, regularizer=regularizer)


def test_a_penalty_is_recorded_twice_and_then_once_per_epoch():
    calls = []

    class Counted(Regularizer):
        def penalty(self, model):
            calls.append(None)
            return 0.01 * autograd.square(model.parameters()[0])

    run(task("squared_error")[0], epochs=3, batch_size=3, regularizer=Counted())
    assert len(calls) == 2 + 1 + 1


class Limited(Regularizer):
    """Penalizes by a branch, which is another one after some steps."""

    def penalty(self, model):
        weight = model.parameters()[0]
        return 0.3 * weight * weight if weight > 0.0 else -0.2 * weight


def test_a_penalty_that_branches_is_recorded_for_each_batch_then():
    agree(task("squared_error")[0], HUNDRED_STEPS, epochs=30, batch_size=5, regularizer=Limited())


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_penalty_that_reads_a_number_is_recorded_for_each_batch(sign):
    class Rescaled(Regularizer):
        def penalty(self, model):
            weight = model.parameters()[0]
            return 0.3 * weight * (sign * weight.detach())

    agree(task("squared_error")[0], HUNDRED_STEPS, epochs=10, batch_size=5, regularizer=Rescaled())


def test_clipped_gradients_are_the_same():
    agree(task("squared_error")[0], HUNDRED_STEPS, epochs=10, batch_size=5, clip_norm=0.01)


class Offset(Module):
    """Uses a leaf that is no parameter of it, and one that it makes anew in every call."""

    def __init__(self, outer: Value) -> None:
        self.inner = MLP(2, [3, 1], "tanh", seed=1)
        self._outer = outer

    def __call__(self, inputs):
        return self.inner(inputs) * self._outer + Value(0.5)


def test_a_sample_is_recorded_once_per_epoch():
    calls = []

    class Called(Module):
        def __init__(self) -> None:
            self.inner = MLP(2, [3, 1], "tanh", seed=1)

        def __call__(self, inputs):
            calls.append(None)
            return self.inner(inputs)

    told = run(Called, epochs=5, batch_size=3, callbacks=[lambda epoch: calls.clear() if epoch.number == 1 else None])
    assert told.history.engine == "replay"
    assert len(calls) == 4


def test_leaves_besides_the_model_are_trained_or_have_gradients_as_before():
    found = {}
    for replay in (True, False):
        moved, still = Value(0.7), Value(1.2)
        model = Sequential(Offset(moved), lambda y, still=still: y[0] * still)
        optimizer = SGD([*model.parameters(), moved], 0.05)
        history = fit(
            model, POINTS, NUMBERS, loss="squared_error", optimizer=optimizer, epochs=4, replay=replay, progress=False
        )
        assert history.engine == ("replay" if replay else "eager")
        found[replay] = [moved.data, moved.grad, still.grad, *history.loss]
    assert difference(found[True], found[False]) < HUNDRED_STEPS
    assert found[True][0] != 0.7


def test_a_model_whose_output_is_a_constant_is_replayed_too():
    found = {}
    for replay in (True, False):
        weight = Value(1.0)
        history = fit(
            lambda x: 2.0,
            [1.0, 2.0],
            [3.0, 5.0],
            loss=lambda output, target, weight=weight: autograd.square(output * weight - target),
            optimizer=SGD([weight], 0.05),
            epochs=3,
            replay=replay,
            progress=False,
        )
        assert history.engine == ("replay" if replay else "eager")
        found[replay] = [weight.data, *history.loss]
    assert difference(found[True], found[False]) < HUNDRED_STEPS


def test_lone_numbers_tuples_and_arrays_are_samples_too():
    numpy = pytest.importorskip("numpy")
    for inputs in ([x for x, _ in POINTS], [tuple(point) for point in POINTS], [numpy.array(p) for p in POINTS]):
        size = 1 if isinstance(inputs[0], float) else 2
        agree(lambda size=size: Sequential(Layer(size, 3, "tanh"), Layer(3, 1)), ONE_STEP, inputs=inputs)


# -- what is told ----------------------------------------------------------------------------------------------------


def test_the_history_says_which_engine_it_was():
    told = run(task("squared_error")[0]).history
    assert (told.engine, told.fallback) == ("replay", None)
    told = run(task("squared_error")[0], replay=False).history
    assert (told.engine, told.fallback) == ("eager", None)
    assert told.state()["engine"] == "eager"


def test_outputs_are_values_for_functions_of_users():
    seen = []

    def correct(output, target):
        seen.append(output.data)
        return output.data > target

    replayed, eager = (run(task("squared_error")[0], correct=correct, replay=replay) for replay in (True, False))
    assert replayed.history.accuracy == eager.history.accuracy
    assert difference(seen[:12], seen[12:]) < ONE_STEP


# -- falling back ----------------------------------------------------------------------------------------------------


class Wrapped(Module):
    """An MLP, and something done to its output."""

    def __init__(self, function) -> None:
        self.inner = MLP(2, [3, 1], "tanh", seed=1)
        self.generator_of_its_own = random.Random(3)
        self.count = 0
        self.function = function

    def __call__(self, inputs):
        return self.function(self, self.inner(inputs))


def branching(_, y):
    if y > 0.0:
        return 2.0 * y
    return y


def counting(module, y):
    module.count += 1
    return y if module.count % 2 else 2.0 * y


FALLBACKS = {
    "a branch": (branching, r"another branch for other numbers: .* > 0\.0, at .*test_nn_replay\.py:\d+: if y > 0\.0"),
    "random numbers": (lambda module, y: y + module.generator_of_its_own.random(), "it draws random numbers"),
    "a global generator": (lambda _, y: y * (1.0 + 0.0 * random.random()), "it draws random numbers"),
    "a count": (counting, "calling it changes the attribute count of Wrapped"),
    "float": (lambda _, y: y * math.copysign(1.0, float(y)), "TypeError while recording: a Value does not turn into"),
    "a detached number": (lambda _, y: y * y.detach(), "recorded twice, it was not the same computation"),
    "a detached weight": (
        lambda module, y: y * module.inner.layers[1].neurons[0].bias.detach() + y,
        "recorded twice, it was not the same computation",
    ),
    "a hidden branch": (
        lambda _, y: y if y.data > 50.0 else 2.0 * y,
        "it does what replays would not: this number dep",
    ),
    "a number read": (lambda _, y: y * (1.0 + y.data), "recorded twice, it was not the same computation"),
}


@pytest.mark.parametrize("name", [name for name in FALLBACKS if name != "float"])
def test_what_cannot_be_replayed_is_trained_as_before_and_told(name):
    function, reason = FALLBACKS[name]
    random.seed(1)
    replayed = run(lambda: Wrapped(function), epochs=4, batch_size=3)
    random.seed(1)
    eager = run(lambda: Wrapped(function), epochs=4, batch_size=3, replay=False)
    assert replayed.history.engine == "eager"
    assert re.search(reason, replayed.history.fallback)
    if name == "a branch":
        assert difference(replayed.numbers, eager.numbers) < HUNDRED_STEPS
    else:
        assert replayed[:4] == eager[:4]


def test_what_raises_the_usual_way_raises_the_same():
    function, _ = FALLBACKS["float"]
    for replay in (True, False):
        with pytest.raises(TypeError, match="a Value does not turn into a float by itself") as caught:
            run(lambda: Wrapped(function), replay=replay, batch_size=1)
        assert "while training on sample" in caught.value.__notes__[0]


def test_a_number_of_an_input_is_used_as_before():
    class Exponent(Module):
        def __init__(self) -> None:
            self.inner = MLP(2, [1], seed=1)

        def __call__(self, inputs):
            return self.inner(inputs) * math.exp(float(inputs[0]))

    replayed, _ = agree(Exponent, 0.0, engine="eager", epochs=3, batch_size=3)
    assert re.search("TypeError while recording: a Value does not turn into a float", replayed.history.fallback)


def number_of(given):
    return given.detach() if isinstance(given, Value) else given


def test_a_number_of_an_input_or_a_target_that_is_set_apart_is_noticed():
    class Rescaled(Module):
        def __init__(self) -> None:
            self.inner = MLP(2, [1], seed=1)

        def __call__(self, inputs):
            return self.inner(inputs) * number_of(inputs[0])

    inputs, targets = [[0.1 * k, 1.0] for k in range(17)], [0.2 * k for k in range(17)]
    loss = {"loss": lambda y, t: autograd.square(y - number_of(t))}
    for make, options in ((Rescaled, {}), (task("squared_error")[0], loss)):
        replayed, _ = agree(make, 0.0, targets, inputs=inputs, engine="eager", epochs=2, **options)
        assert replayed.history.fallback.startswith("recorded twice, it was not the same computation")


@pytest.mark.parametrize("lowest", [0.0, -1.0])
def test_a_number_made_of_a_lone_sample_without_recording_is_noticed(lowest):
    class Shortened(Module):
        def __init__(self) -> None:
            self.inner = MLP(2, [1], seed=1)

        def __call__(self, inputs):
            if not lowest <= inputs[0] <= lowest + 1.0:
                raise ValueError(f"{inputs[0]!r} is out of range")
            with no_grad():
                length = autograd.hypot(inputs)
            return self.inner([inputs[0] / length, inputs[1] / length])

    inputs = [[float(k % 2) + lowest, 1.0 + k] for k in range(12)]
    replayed, _ = agree(Shortened, 0.0, inputs=inputs, engine="eager", epochs=2, batch_size=1)
    assert replayed.history.fallback.startswith("recorded twice, it was not the same computation")


EDGES = {
    "above": lambda x: x > 0.5,
    "at most": lambda x: x <= 0.5,
    "at": lambda x: x == 0.5,
    "below": lambda x: x < 0.5,
}


@pytest.mark.parametrize("name", EDGES)
def test_samples_on_the_edge_of_a_branch_are_replayed(name):
    class Edged(Module):
        def __init__(self) -> None:
            self.inner = MLP(2, [1], seed=1)

        def __call__(self, inputs):
            y = self.inner(inputs)
            return y * y if EDGES[name](inputs[0]) else -y

    agree(Edged, 1e-12, inputs=[[0.5, 0.1 * k] for k in range(12)], epochs=2, batch_size=1)


def test_a_target_that_is_set_apart_from_a_lone_sample_is_noticed():
    def weighted(y, t):
        with no_grad():
            weight = 1.0 + t * t
        return weight * autograd.square(y - t)

    inputs, targets = [[0.1 * k, 1.0] for k in range(17)], [0.2 * k for k in range(17)]
    options = {"epochs": 2, "batch_size": 1, "loss": weighted}
    agree(task("squared_error")[0], HUNDRED_STEPS, targets, inputs=inputs, engine="eager", **options)
    agree(task("squared_error")[0], HUNDRED_STEPS, SIDES, **options)


LOOKED_UP = {
    "a set": lambda number: 2.0 if number in {1, 2, 3} else 1.0,
    "a dict": lambda number: {1: 2.0, 2: 3.0}.get(number, 1.0),
    "repr": lambda number: 2.0 if repr(number)[0] == "1" else 1.0,
    "text": lambda number: 2.0 if f"{number:.0f}" == "1" else 1.0,
}


@pytest.mark.parametrize("name", LOOKED_UP)
@pytest.mark.parametrize("size", [1, 5])
def test_numbers_that_are_looked_up_as_floats_are_looked_up_as_before(name, size):
    class Weighing(Module):
        def __init__(self) -> None:
            self.inner = MLP(2, [1], seed=1)

        def __call__(self, inputs):
            return self.inner(inputs) * LOOKED_UP[name](inputs[1])

    rare = [1 if k == 7 else 0 for k in range(12)]
    inputs = [[x, float(one)] for (x, _), one in zip(POINTS, rare)]
    agree(Weighing, 0.0, inputs=inputs, engine="eager", epochs=2, batch_size=size)
    loss = {"loss": lambda y, t: LOOKED_UP[name](t) * autograd.square(y - t)}
    agree(task("squared_error")[0], HUNDRED_STEPS, rare, epochs=2, batch_size=size, **loss)


def test_a_branch_whose_line_cannot_be_read_is_told_without_it():
    text = "lambda module, y: 2.0 * y if y > 0.0 else y"
    typed = eval(compile(text, "<typed>", "eval"))  # as in a shell, of which no file is kept
    told = run(lambda: Wrapped(typed), epochs=2, batch_size=3).history
    assert re.search(r"another branch for other numbers: .* > 0\.0, at <typed>:1$", told.fallback)


def test_a_branch_that_comes_late_goes_on_from_its_batch():
    class Late(Module):
        def __init__(self) -> None:
            self.inner = MLP(2, [3, 1], "tanh", seed=1)

        def __call__(self, inputs):
            y = self.inner(inputs)
            return -y if inputs[0] > 50.0 else y

    inputs = [*POINTS[:11], [100.0, 0.0]]
    engines = []
    model = Late()
    run_of = training(
        model, inputs, NUMBERS, loss="mean_squared_error", optimizer=SGD(model.parameters(), 0.01), epochs=2
    )
    run_of.on_batch_done = lambda _: engines.append(run_of._steps.engine[0])
    next(run_of)
    assert engines.count("replay") == engines.index("eager") > 0
    assert set(engines[engines.index("eager") :]) == {"eager"}
    agree(Late, HUNDRED_STEPS, inputs=inputs, epochs=3, batch_size=1, engine="eager")


def test_masks_of_a_batch_that_is_given_up_are_drawn_once():
    def dropping():
        return Sequential(Dropout(0.3, seed=9), Wrapped(branching))

    agree(dropping, HUNDRED_STEPS, epochs=4, batch_size=4, engine="eager")


def test_coupled_samples_of_a_module_that_does_not_say_so_are_noticed():
    class Centered(Module):
        def __init__(self) -> None:
            self.inner = MLP(2, [1], seed=1)

        def __call__(self, inputs):
            return self.inner(inputs)

        def on_batch(self, samples):
            outputs = [self.inner(sample) for sample in samples]
            center = autograd.mean(outputs)
            return [output - center for output in outputs]

    replayed, _ = agree(Centered, 0.0, engine="eager", epochs=2, batch_size=6)
    assert "tried on two samples, a program gave other numbers" in replayed.history.fallback


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ([1e6, 5.0], [1e6, 4.0], True),
        ([1e6, 5.0], [1e6, 6.0], True),
        ([1e6, 5.0], [1e6, 3.0], False),
        ([1e6, 5.0], [1e6, 7.0], False),
        ([1.0, 0.0], [1.0, -1e-5], False),
        ([math.inf, 1.0], [math.inf, 1.0], True),
        ([math.inf, 1.0], [-math.inf, 1.0], False),
        ([-math.inf, 1.0], [math.inf, 1.0], False),
        ([math.nan, 1.0], [math.nan, 1.0], True),
        ([math.nan, 1.0], [1.0, 1.0], False),
        ([1.0, 1.0], [math.nan, 1.0], False),
        ([1.0, 2.0], [1.0], False),
        ([1.0], [1.0, 2.0], False),
    ],
)
def test_numbers_are_the_same_to_within_rounding_of_the_largest(one, other, alike):
    assert _agree([one], [other]) == alike
    assert _agree([one, [1.0]], [one, [1.0]])
    assert not _agree([[1.0], one], [[2.0], one])


def test_strict_looks_at_every_node_as_before():
    with strict():
        told = run(task("squared_error")[0], epochs=2).history
    assert told.fallback.startswith("strict() looks at every node")


class Mark:
    """A target of one's own, which is no number."""

    def __init__(self, height: float) -> None:
        self.height = height


def to_goal(output, target):
    return autograd.square(output - target.height)


def test_few_targets_of_a_loss_of_ones_own_have_a_program_each():
    names = ["low", "high"]
    heights = {"low": 0.1, "high": 0.7}
    targets = [names[bit] for bit in BITS]
    make = task("squared_error")[0]
    agree(make, HUNDRED_STEPS, targets, loss=lambda y, t: autograd.square(y - heights[t]), epochs=5, batch_size=5)
    agree(noisy, HUNDRED_STEPS, targets, loss=lambda y, t: autograd.square(y - heights[t]), epochs=5, batch_size=5)


@pytest.mark.parametrize("size", [1, 5])
def test_outputs_of_programs_for_each_target_are_in_the_order_of_the_batch(size):
    heights = {"low": 0.1, "high": 0.7}
    agree(
        task("squared_error")[0],
        HUNDRED_STEPS,
        [("low", "high")[bit] for bit in BITS],
        loss=lambda y, t: autograd.square(y - heights[t]),
        correct=lambda y, t: (y.data > 0.0) == (t == "high"),
        epochs=3,
        batch_size=size,
    )


def test_zero_below_zero_is_a_target_of_its_own():
    targets = [-0.0 if bit else 0.0 for bit in BITS]
    make = task("squared_error")[0]
    agree(make, HUNDRED_STEPS, targets, loss=lambda y, t: autograd.square(y - math.copysign(1.0, t)), epochs=3)


@pytest.mark.parametrize(("count", "engine"), [(16, "replay"), (17, "eager")])
def test_sixteen_targets_of_a_loss_of_ones_own_are_the_most(count, engine):
    inputs = [[0.1 * k, 1.0] for k in range(count)]
    targets = [f"{k}" for k in range(count)]
    told = run(
        lambda: MLP(2, [1], seed=1), targets, inputs=inputs, loss=lambda y, t: autograd.square(y - float(t))
    ).history
    assert told.engine == engine
    assert engine == "replay" or told.fallback.startswith("a target is neither a number nor a flat list of numbers")


def test_classes_of_a_loss_around_one_of_the_table_have_a_program_each():
    make, targets, _ = task("softmax_cross_entropy")

    def weighted(output, target):
        return [1.0, 2.0, 3.0][target] * softmax_cross_entropy(output, target)

    agree(make, HUNDRED_STEPS, targets, loss=weighted, epochs=5, batch_size=5)


@pytest.mark.parametrize("size", [1, 5])
def test_targets_that_are_numbers_vary_within_one_program(size):
    def loss(output, target):
        return mean_squared_error(output, [2.0 * each for each in target])

    inputs = [[0.1 * k, 1.0] for k in range(17)]
    targets = [[0.1 * k, 0.2] for k in range(17)]
    agree(task("mean_squared_error")[0], HUNDRED_STEPS, targets, inputs=inputs, loss=loss, epochs=3, batch_size=size)


def test_lists_of_one_number_and_numbers_are_not_taken_for_the_same():
    def loss(output, target):
        return autograd.square(output - (2.0 * target[0] if isinstance(target, list) else target))

    targets = [[number] if k % 2 else number for k, number in enumerate(NUMBERS)]
    agree(task("squared_error")[0], HUNDRED_STEPS, targets, loss=loss, epochs=3, batch_size=1)


def test_target_objects_of_ones_own_are_trained_as_before():
    make = task("squared_error")[0]
    targets = [Mark(number) for number in NUMBERS]
    replayed, _ = agree(make, 0.0, targets, loss=to_goal, engine="eager", epochs=3, batch_size=3)
    assert replayed.history.fallback == "a target is neither a number nor a flat list of numbers, but Mark"


def test_many_targets_of_a_loss_that_branches_are_trained_as_before():
    def huber(output, target):
        error = abs(output - target)
        return 0.5 * error * error if error < 0.3 else 0.3 * (error - 0.15)

    inputs = [[x + 0.1, y - 0.1 * k] for k in range(2) for x, y in POINTS]
    targets = [x - y + 0.001 * k for k, (x, y) in enumerate(inputs)]
    make = task("squared_error")[0]
    replayed, _ = agree(make, HUNDRED_STEPS, targets, inputs=inputs, loss=huber, engine="eager", epochs=3)
    assert "error < 0.3" in replayed.history.fallback


@pytest.mark.parametrize("sizes", [(1, 2, 3), (3, 2, 1)])
def test_samples_that_are_not_alike_are_trained_as_before(sizes):
    class Total(Module):
        def __init__(self) -> None:
            self.weight = Value(0.1)

        def __call__(self, inputs):
            return self.weight * sum(inputs)

    inputs = [[1.0] * sizes[k % 3] for k in range(12)]
    replayed, _ = agree(Total, 0.0, inputs=inputs, engine="eager", epochs=3)
    assert replayed.history.fallback == "the samples are not all lists of equally many numbers"


@pytest.mark.parametrize("sizes", [(1, 2), (2, 1)])
def test_many_targets_that_are_not_alike_are_trained_as_before(sizes):
    inputs = [[0.1 * k, 1.0] for k in range(17)]
    targets = [[0.2 * k] * sizes[k % 2] for k in range(17)]
    told = run(
        lambda: MLP(2, [1], seed=1), targets, inputs=inputs, loss=lambda y, t: autograd.square(y - sum(t))
    ).history
    assert (told.engine, told.fallback) == ("eager", "the targets are not all lists of equally many numbers")


def test_a_bad_target_names_its_samples():
    make = task("hinge")[0]
    targets = [*SIDES[:7], 0, *SIDES[8:]]
    notes = []
    for replay in (True, False):
        with pytest.raises(ValueError, match="the target of a single score is 1 or -1, not 0") as caught:
            run(make, targets, loss="hinge", batch_size=4, replay=replay)
        notes += caught.value.__notes__
    assert notes[0] == notes[1]
    assert " 7" in notes[0]


def test_a_probability_out_of_its_range_raises_as_before():
    def growing():
        model = MLP(2, [1], seed=1)
        for parameter, number in zip(model.parameters(), (0.0, 0.1, 0.5)):
            parameter.data = number
        return model

    inputs = [*([[0.0, 0.0]] * 11), [0.0, 30.0]]
    reports = []
    for replay in (True, False):
        with pytest.raises(ValueError, match=r"a probability is a number from 0 to 1, not 3\.5") as caught:
            run(growing, BITS, inputs=inputs, loss="binary_cross_entropy", replay=replay, batch_size=None)
        reports.append((str(caught.value), caught.value.__notes__))
    assert reports[0] == reports[1]


def test_a_loss_that_does_not_depend_on_a_parameter_raises_as_before():
    for replay in (True, False):
        with pytest.raises(TypeError, match="the loss is a float, not a Value"):
            run(task("hinge")[0], SIDES, loss=lambda y, t: 1.0, replay=replay)


def test_a_loss_that_is_not_finite_is_told_as_before():
    reports = []
    for replay in (True, False):
        with pytest.warns(RuntimeWarning, match="the loss became inf"):
            reports.append(run(lambda: MLP(2, [1]), epochs=300, optimizer=lambda p: SGD(p, 1e6), replay=replay))
    shape = re.compile(r"[-\d.]+(e[+-]\d+)?")
    assert shape.sub("…", reports[0].history.stopped) == shape.sub("…", reports[1].history.stopped)
    assert reports[0].history.engine == "replay"
    assert len(reports[0].losses) == len(reports[1].losses)
    assert all(map(math.isfinite, reports[0].numbers))


def test_a_gradient_that_is_not_finite_is_told_as_before():
    class Root(Module):
        def __init__(self) -> None:
            self.weight = Value(0.0)

        def __call__(self, x):
            return x * autograd.sqrt(self.weight)

    for replay in (True, False):
        with pytest.warns(RuntimeWarning, match="the step after a finite loss led to parameters that are not finite"):
            told = run(Root, [1.0, 2.0], inputs=[1.0, 2.0], replay=replay)
        assert told.history.engine == ("replay" if replay else "eager")
        assert told.numbers == [0.0]


# -- recording leaves no trace ---------------------------------------------------------------------------------------


def test_recording_changes_nothing():
    model = normalized()
    inner = model.stages
    norm, dropout = inner[1], inner[2]
    steps = training(
        model, POINTS, NUMBERS, loss="squared_error", optimizer=SGD(model.parameters(), 0.1), epochs=1, batch_size=4
    )._steps
    for parameter in model.parameters():
        parameter.grad = 7.0
    before = [p.data for p in model.parameters()], dropout.generator().getstate(), random.getstate()
    steps._replay._make_current(POINTS[:4], NUMBERS[:4])
    assert steps._replay._canary is not None
    assert before == ([p.data for p in model.parameters()], dropout.generator().getstate(), random.getstate())
    assert [p.grad for p in model.parameters()] == [7.0] * len(model.parameters())
    assert (norm.running_mean, norm.running_variance) == ([0.0] * 4, [1.0] * 4)


def changing(change):
    """Return a callback that changes the model after the second epoch."""
    return [lambda epoch: change(epoch.run.model) if epoch.number == 2 else None]


def exchange_activation(model):
    model.stages[1] = Layer(2, 6, "relu", seed=8)


@pytest.mark.long
@pytest.mark.parametrize(
    "change",
    [
        lambda model: setattr(model.stages[0], "rate", 0.6),
        lambda model: model.stages[1].freeze(),
        lambda model: model.stages.__delitem__(2),
        lambda model: setattr(model.stages[1].neurons[0], "activation", ACTIVATIONS_ROW),
        lambda model: setattr(model.stages[3].neurons[0].bias, "data", 9.0),
    ],
    ids=["rate", "freeze", "stage", "activation", "number"],
)
def test_a_model_that_is_changed_between_epochs_is_trained_as_it_is_then(change):
    changed, _ = agree(noisy, HUNDRED_STEPS, epochs=5, batch_size=5, callbacks=changing(change))
    assert changed.losses[2:] != run(noisy, epochs=5, batch_size=5).losses[2:]


ACTIVATIONS_ROW = ACTIVATIONS["relu"]


# -- going on --------------------------------------------------------------------------------------------------------


def begun(make, epochs=6, **options):
    model = make()
    settings = {"loss": "mean_squared_error", "epochs": epochs, "batch_size": 5} | options
    return training(model, POINTS, NUMBERS, optimizer=Adam(model.parameters(), 0.02), **settings)


def outcome(run_of):
    return [p.data for p in run_of.model.parameters()], run_of.history.loss


@pytest.mark.long
@pytest.mark.parametrize("make", [noisy, normalized, lambda: Wrapped(branching)], ids=["dropout", "norm", "fallback"])
@pytest.mark.parametrize("batches", [None, 7])
def test_a_run_goes_on_bit_by_bit_from_a_checkpoint(make, batches, tmp_path):
    path = tmp_path / "run.safetensors"
    whole = begun(make)
    list(whole)
    first = begun(make)
    done: list[float] = []

    def count(share):
        done.append(share)
        if len(done) == batches:
            raise KeyboardInterrupt

    first.on_batch_done = count
    for epoch in first:
        if epoch.number == 3 and batches is None:
            break
    first.save(path)
    second = begun(make)
    second.resume(path)
    list(second)
    assert outcome(second) == outcome(whole)
    assert second.history.engine == whole.history.engine


def test_a_checkpoint_that_says_nothing_of_engines_is_gone_on_from(tmp_path):
    first = begun(noisy)
    next(first)
    facts, numbers = first.state()
    facts = json.loads(json.dumps(facts))
    for name in ("engine", "fallback", "replay"):
        del facts["history"][name]
    second = begun(noisy)
    second.load_state(facts, numbers)
    list(second)
    list(first)
    assert outcome(second) == outcome(first)


@pytest.mark.parametrize("change", [{"fallback": [1]}, {"reason": 1}, {"fallback": "a reason", "reason": True}])
def test_a_reason_that_is_no_text_is_refused_and_changes_nothing(change):
    first = begun(lambda: MLP(2, [1], seed=1), epochs=1)
    facts, numbers = first.state()
    before = first.state()
    facts = json.loads(json.dumps(facts))
    facts["history"]["replay"] |= change
    with pytest.raises(TypeError, match="the reason why it was not replayed is no text"):
        first.load_state(facts, numbers)
    assert first.state() == before


def test_a_run_that_gave_up_replaying_does_not_try_again():
    first = begun(lambda: MLP(2, [1], seed=1), epochs=1)
    facts, numbers = first.state()
    facts["history"]["replay"] |= {"fallback": "a reason", "reason": "a reason"}
    first.load_state(facts, numbers)
    list(first)
    assert (first.history.engine, first.history.fallback) == ("eager", "a reason")


def test_interrupting_in_the_middle_keeps_the_last_whole_step():
    found = []
    for replay in (True, False):
        run_of = begun(noisy, replay=replay)
        done: list[float] = []

        def count(share, done=done):
            done.append(share)
            if len(done) == 5:
                raise KeyboardInterrupt

        run_of.on_batch_done = count
        list(run_of)
        assert run_of.history.stopped == "interrupted in epoch 2 of 6"
        found.append([p.data for p in run_of.model.parameters()])
    assert difference(*found) < HUNDRED_STEPS


def test_interrupting_while_a_sample_is_recorded_leaves_the_model_as_it_was():
    class Interrupting(MLP):
        calls = 0

        def __call__(self, inputs):
            type(self).calls += 1
            if type(self).calls == 2:
                raise KeyboardInterrupt
            return super().__call__(inputs)

    model = Interrupting(2, [3, 1], "tanh", seed=1)
    before = [p.data for p in model.parameters()]
    fit(model, POINTS, NUMBERS, loss="squared_error", optimizer=SGD(model.parameters(), 0.1), epochs=2, progress=False)
    assert [p.data for p in model.parameters()] == before
