"""The steps of a run: how samples are put together, what is measured, and what is said where numbers end."""

from __future__ import annotations

import math

import pytest

import nn
from nn.losses import loss_row
from nn.regularizers import L2
from nn.steps import Batches, NotFiniteError, Steps

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("n_samples", "size", "none_alone", "sizes"),
    [
        (6, 2, False, [2, 2, 2]),
        (7, 3, False, [3, 3, 1]),
        (7, 3, True, [3, 4]),
        (8, 3, True, [3, 3, 2]),
        (6, 3, True, [3, 3]),
        (1, 3, True, [1]),
        (1, None, True, [1]),
        (2, 1, True, [2]),
        (3, 1, False, [1, 1, 1]),
        (5, None, False, [5]),
        (5, 9, False, [5]),
    ],
)
def test_batches_have_so_many_samples_each_and_all_come(n_samples, size, none_alone, sizes):
    batches = Batches(n_samples, size, 3, none_alone)
    for _ in range(3):
        found = batches()
        assert [len(batch) for batch in found] == sizes
        assert sorted(each for batch in found for each in batch) == list(range(n_samples))
    assert [len(batch) for batch in Batches(7, 3, 3)()] == [3, 3, 1]


def steps_of(model: nn.MLP, regularizer: L2 | None = None, replay: bool = False, rate: float = 0.0625) -> Steps:
    optimizer = nn.SGD(model.parameters(), rate)
    return Steps(model, loss_row("mean_squared_error"), optimizer, regularizer, replay=replay)


@pytest.mark.parametrize("replay", [False, True])
def test_what_is_measured_is_the_mean_over_the_steps_of_the_epoch(replay):
    model = nn.MLP(1, [1])
    model.layers[0].neurons[0].weights, model.layers[0].neurons[0].row[1].data = [2.0], 0.5
    steps = steps_of(model, L2(0.5), replay, rate=1e-300)  # the parameters stay what they are
    assert (steps.norm(), steps.penalty(), steps.norms()) == (0.0, 0.0, {})
    for _ in range(2):
        steps.begin()
        norms = []
        for x, y in ((1.0, 0.0), (3.0, 1.0), (-2.0, 5.0)):
            steps.step([[x]], [[y]])
            off = 2.0 * (2.0 * x + 0.5 - y)
            norms.append(math.hypot(off * x + 2 * 0.5 * 2.0, off))
        assert steps.norm() == pytest.approx(sum(norms) / 3, rel=1e-14)
        assert list(steps.norms().values()) == [pytest.approx(sum(norms) / 3, rel=1e-14)]
        assert steps.penalty() == pytest.approx(0.5 * 2.0**2, rel=1e-14)


@pytest.mark.parametrize("replay", [True, False])
def test_gradients_whose_sum_is_no_number_have_a_mean(replay):
    model = nn.MLP(1, [1])
    model.parameters()[0].data = 1e-300
    steps = Steps(model, loss_row("hinge"), nn.SGD(model.parameters(), 0.0), replay=replay)
    for _ in range(3):
        steps.step([[-1e308]], [1])
    assert steps.norm() == pytest.approx(1e308)
    assert steps.norms() == {"layers.0": steps.norm()}


def test_steps_are_replayed_unless_it_is_said_that_they_are_not():
    model = nn.MLP(1, [1])
    steps = Steps(model, loss_row("mean_squared_error"), nn.SGD(model.parameters(), 0.1))
    assert (steps.engine, steps_of(model, replay=False).engine) == (("replay", None), ("eager", None))


def test_a_run_goes_on_from_as_many_numbers_as_it_changes_only():
    steps = steps_of(nn.MLP(2, [1]))
    state = steps.state()
    assert {name: len(numbers) for name, numbers in state.items()} == {"numbers": 3, "good": 3}
    for name in state:
        for changed in (state[name][1:], [*state[name], 1.0]):
            with pytest.raises(ValueError, match=rf"^it holds {len(changed)} numbers, and this run changes 3$"):
                steps.load_state({**state, name: changed})
    steps.load_state({"numbers": [1.0, 2.0, 3.0], "good": [4.0, 5.0, 6.0]})
    assert steps.state() == {"numbers": [1.0, 2.0, 3.0], "good": [4.0, 5.0, 6.0]}


@pytest.mark.parametrize("change", [1.0, -1.0])
def test_numbers_that_somebody_else_changes_are_gone_on_from(change):
    model = nn.MLP(1, [1])
    steps = steps_of(model)
    steps.begin()
    steps.step([[1.0]], [[0.0]])
    for parameter in model.parameters():
        parameter.data += change
    changed = [parameter.data for parameter in model.parameters()]
    steps.begin()
    steps.undo_partial_step()
    assert [parameter.data for parameter in model.parameters()] == changed
    assert steps.state()["good"] == changed


@pytest.mark.parametrize(
    ("inputs", "target", "weight", "said"),
    [
        ([INF], [1.0], 1.0, "an input is inf"),
        ([1.0], [NAN], 1.0, "a target is nan"),
        ([10**5000], [1.0], 1.0, "an input is an int too large for a float"),
        ([1.0], [1.0], NAN, "a parameter is nan"),
        ([1.0], [1.0], -INF, "a parameter is -inf"),
    ],
)
def test_it_is_said_which_number_was_not_finite_before_anything_was_computed(inputs, target, weight, said):
    model = nn.MLP(1, [1])
    steps = steps_of(model)
    model.layers[0].neurons[0].row[0].data = weight
    steps.begin()
    with pytest.raises(NotFiniteError, match=f"became .*: {said}"):
        steps.step([inputs], [target])
