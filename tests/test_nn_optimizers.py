"""The optimizers: steps by hand, PyTorch's steps, frozen parameters, states, clipping, and what they refuse."""

from __future__ import annotations

import math

import pytest

from autograd import Value
from nn.module import Module
from nn.optimizers import (
    OPTIMIZERS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Optimizer,
    RMSProp,
    checked_state,
    clip_gradient_values,
    clip_gradients,
)
from tests.peers import torch_optimizers as peer

RELATIVE = 1e-12  # a few hundred roundings of 1.1e-16 each; those of PyTorch stand in another order
STORED = peer.stored()


def descend(x, optimizer, steps):
    """Minimize x² and return where x was after each step."""
    path = []
    for _ in range(steps):
        optimizer.zero_grad()
        (x * x).backward()
        optimizer.step()
        path.append(x.data)
    return path


class Weights(Module):
    def __init__(self, *numbers):
        self.weights = [Value(number) for number in numbers]


# -- by hand ---------------------------------------------------------------------------------------------------------


def test_plain_descent_by_hand():
    x = Value(1.0)
    assert descend(x, SGD([x], 0.25), 3) == [0.5, 0.25, 0.125]


def test_momentum_by_hand():
    # grad 2, velocity 2, x = 1 - 0.25 · 2; grad 1, velocity 0.5 · 2 + 1 = 2; grad 0, velocity 1; grad -0.5, velocity 0
    x = Value(1.0)
    assert descend(x, SGD([x], 0.25, momentum=0.5), 4) == [0.5, 0.0, -0.25, -0.25]


def test_nesterov_by_hand():
    # grad 2, velocity 2, step 2 + 0.5 · 2 = 3, x = 1 - 0.75; grad 0.5, velocity 1.5, step 1.25, x = 0.25 - 0.3125
    x = Value(1.0)
    assert descend(x, SGD([x], 0.25, momentum=0.5, nesterov=True), 2) == [0.25, -0.0625]


def test_adagrad_by_hand():
    # grad 2, squares 4, x = 1 - 0.5 · 2 / 2; grad 1, squares 5, x = 0.5 - 0.5 / √5
    x = Value(1.0)
    path = descend(x, Adagrad([x], 0.5), 2)
    assert path == pytest.approx([0.5, 0.5 - 0.5 / math.sqrt(5.0)], rel=1e-9)


def test_rmsprop_by_hand():
    # grad 2, square 0.5 · 4 = 2, x = 1 - 0.25 · 2 / √2; and likewise
    x = Value(1.0)
    first = 1.0 - 0.5 / math.sqrt(2.0)
    second = first - 0.25 * 2.0 * first / math.sqrt(0.5 * 2.0 + 0.5 * (2.0 * first) ** 2)
    assert descend(x, RMSProp([x], 0.25, decay=0.5), 2) == pytest.approx([first, second], rel=1e-7)


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.25, 0.25)])
def test_the_first_step_of_adam_is_the_learning_rate_whatever_the_gradient(betas):
    for grad in (1e-3, 1.0, -1e6):
        x = Value(0.0)
        x.grad = grad
        Adam([x], 0.5, betas).step()
        assert x.data == pytest.approx(-math.copysign(0.5, grad), rel=1e-4)


def test_weight_decay_is_apart_from_the_gradient():
    plain, decaying = Value(8.0), Value(8.0)
    plain.grad = decaying.grad = 3.0
    Adam([plain], 0.5).step()
    AdamW([decaying], 0.5, weight_decay=0.25).step()
    assert decaying.data == pytest.approx(plain.data - 0.5 * 0.25 * 8.0, rel=1e-15)


def test_a_changed_learning_rate_acts_at_once():
    x = Value(1.0)
    optimizer = SGD([x], 0.25, momentum=0.5)
    descend(x, optimizer, 1)
    optimizer.learning_rate = 0.125
    assert descend(x, optimizer, 1) == [0.25]


def test_at_a_constant_rate_momentum_takes_the_path_of_the_textbook():
    # Δw(n) = η · δ · x + α · Δw(n−1), with −grad = δ · x
    x = Value(1.0)
    w, change, expected = 1.0, 0.0, []
    for _ in range(30):
        change = 0.1 * -(2.0 * w) + 0.8 * change
        w += change
        expected.append(w)
    assert descend(x, SGD([x], 0.1, momentum=0.8), 30) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_ascent_of_a_function_is_descent_of_its_negative(kind):
    up, down = Value(1.0), Value(1.0)
    ascent, descent = kind([up], 0.1, maximize=True), kind([down], 0.1)
    for _ in range(5):
        up.grad, down.grad = 2.0 * up.data, -2.0 * down.data
        ascent.step()
        descent.step()
    assert up.data == down.data > 1.0


def test_an_optimizer_of_ones_own_needs_a_rule_only():
    class Remembering(Optimizer):
        remembers = ("last",)

        def rule(self, numbers, grads, memory):
            return [x - g - last for x, g, last in zip(numbers, grads, memory["last"])], {"last": grads}

    x = Value(1.0)
    optimizer = Remembering([x], 0.5)
    x.grad = 3.0
    optimizer.step()
    optimizer.step()
    assert x.data == 1.0 - 3.0 - 6.0
    assert optimizer.state() == {"learning_rate": [0.5], "maximize": [0.0], "last": [3.0]}


def test_gradients_accumulate_until_zeroed():
    x = Value(1.0)
    optimizer = SGD([x], 0.25)
    (x * x).backward()
    (x * x).backward()
    optimizer.step()
    assert (x.data, x.grad) == (0.0, 4.0)
    optimizer.zero_grad()
    assert x.grad == 0.0


def test_without_momentum_an_infinite_gradient_leaves_no_trace():
    x = Value(1.0)
    optimizer = SGD([x], 0.5)
    x.grad = float("inf")
    optimizer.step()
    x.data, x.grad = 1.0, 1.0
    optimizer.step()
    assert x.data == 0.5


@pytest.mark.parametrize("grad", [0.0, 1e-200, 1e200, math.inf, math.nan])
@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_no_gradient_makes_a_step_raise(kind, grad):
    x = Value(1.0)
    optimizer = kind([x], 0.1)
    for _ in range(2):
        x.grad = grad
        optimizer.step()
    assert math.isfinite(x.data) == math.isfinite(grad)


def test_an_interrupted_step_is_undone_and_not_remembered():
    class Interrupted(Value):
        @property
        def data(self):
            return 1.0

        @data.setter
        def data(self, number):
            raise KeyboardInterrupt

    optimizer = SGD([Value(1.0), Interrupted(1.0)], 0.1, momentum=0.5)
    optimizer.parameters[0].grad = 1.0
    with pytest.raises(KeyboardInterrupt):
        optimizer.step()
    assert optimizer.state()["velocity"] == [0.0, 0.0]
    assert optimizer.parameters[0].data == 1.0


def test_each_optimizer_is_found_by_name():
    assert list(OPTIMIZERS) == ["sgd", "adagrad", "rmsprop", "adam", "adamw"]
    rates = [kind([Value(1.0)]).learning_rate for kind in OPTIMIZERS.values()]
    assert rates == [0.001, 0.01, 0.01, 0.001, 0.001]


def test_the_repr_reads_well():
    x, y = Value(1.0), Value(1.0)
    assert repr(SGD([x], 0.1)) == "SGD(1 parameter, learning_rate=0.1)"
    assert repr(SGD([x, y], 0.1, 0.9)) == "SGD(2 parameters, learning_rate=0.1, momentum=0.9)"
    expected = "AdamW(1 parameter, learning_rate=0.1, betas=(0.9, 0.999), epsilon=1e-08, maximize=True)"
    assert repr(AdamW([x], 0.1, weight_decay=0.0, maximize=True)) == expected


# -- as PyTorch ------------------------------------------------------------------------------------------------------


def our_path(case, theirs):
    """Return where our optimizer is after each step, given the gradients where PyTorch was before it."""
    model = Weights(*peer.START)
    optimizer = OPTIMIZERS[case.kind.lower()](model.parameters(), **case.options)
    second = Weights()
    second.weights.append(model.weights[1])
    path = []
    for step, point in enumerate([peer.START, *theirs[:-1]]):
        optimizer.learning_rate = case.rates.get(step, optimizer.learning_rate)
        second.freeze() if step in case.frozen else second.unfreeze()
        for parameter, grad in zip(model.parameters(), peer.slope(point)):
            parameter.grad = grad
        optimizer.step()
        path.append([parameter.data for parameter in model.parameters()])
    return path


def assert_close(ours, theirs):
    assert len(ours) == len(theirs)
    for mine, answer in zip(ours, theirs):
        assert mine == pytest.approx(answer, rel=RELATIVE, abs=0.0)


@pytest.mark.parametrize("name", peer.OPTIMIZERS)
def test_every_step_is_that_of_pytorch(name):
    theirs = STORED["optimizers"][name]
    assert len(theirs) == peer.STEPS >= 50
    assert_close(our_path(peer.OPTIMIZERS[name], theirs), theirs)


def test_every_step_is_that_of_the_pytorch_installed_here():
    pytest.importorskip("torch", reason="PyTorch is not installed; its stored answers are compared")
    for case in peer.OPTIMIZERS.values():
        theirs = peer.Torch().path(case)
        assert_close(our_path(case, theirs), theirs)


def test_the_stored_answers_are_those_to_the_cases():
    assert STORED["torch"] == "2.13.0"
    assert {section: list(STORED[section]) for section in ("optimizers", "schedules", "clipping")} == {
        "optimizers": list(peer.OPTIMIZERS),
        "schedules": list(peer.SCHEDULES),
        "clipping": list(peer.MAX_NORMS),
    }


# -- frozen parameters -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_a_frozen_parameter_and_what_is_remembered_of_it_stay(kind):
    frozen, free = Weights(1.0), Weights(1.0)
    alone = Value(1.0)
    optimizer, other = kind([*frozen.parameters(), *free.parameters()], 0.1), kind([alone], 0.1)
    for step in range(6):
        frozen.freeze() if step in (2, 3) else frozen.unfreeze()
        before = frozen.weights[0].data, {name: numbers[0] for name, numbers in optimizer.memory.items()}
        for parameter in [*optimizer.parameters, alone]:
            parameter.grad = 1.0 + step
        optimizer.step()
        other.step()
        after = frozen.weights[0].data, {name: numbers[0] for name, numbers in optimizer.memory.items()}
        assert (after == before) == (step in (2, 3))
        assert free.weights[0].data == alone.data  # the others move as if nothing were frozen
    assert frozen.weights[0].data > alone.data


def test_something_frozen_elsewhere_changes_nothing():
    elsewhere = Weights(1.0).freeze()
    x = Value(1.0)
    assert descend(x, SGD([x], 0.25), 1) == [0.5]
    assert elsewhere.weights[0].data == 1.0


# -- states ----------------------------------------------------------------------------------------------------------

KINDS = {
    "sgd": lambda parameters: SGD(parameters, 0.05, 0.9, nesterov=True),
    "adagrad": lambda parameters: Adagrad(parameters, 0.5),
    "rmsprop": lambda parameters: RMSProp(parameters, 0.05, momentum=0.5),
    "adam": lambda parameters: Adam(parameters, 0.05),
    "adamw": lambda parameters: AdamW(parameters, 0.05),
}


def go_on(optimizer, steps):
    for _ in range(steps):
        for parameter, grad in zip(optimizer.parameters, peer.slope([p.data for p in optimizer.parameters])):
            parameter.grad = grad
        optimizer.step()


@pytest.mark.parametrize("kind", KINDS)
def test_a_loaded_state_goes_on_bit_by_bit(kind):
    straight = KINDS[kind]([Value(x) for x in peer.START])
    go_on(straight, 7)
    straight.learning_rate = 0.03
    state, numbers = straight.state(), [p.data for p in straight.parameters]
    go_on(straight, 7)
    resumed = KINDS[kind]([Value(x) for x in numbers])
    resumed.load_state(state)
    assert resumed.state() == state
    go_on(resumed, 7)
    assert [p.data for p in resumed.parameters] == [p.data for p in straight.parameters]
    assert resumed.state() == straight.state() != state


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_is_a_copy_of_lists_of_floats(kind):
    optimizer = KINDS[kind]([Value(1.0), Value(2.0)])
    state = optimizer.state()
    assert all(type(number) is float for numbers in state.values() for number in numbers)
    assert {len(state[name]) for name in optimizer.remembers} == {2}
    optimizer.load_state(state)
    for numbers in state.values():
        numbers[:] = [99.0] * len(numbers)
    assert all(99.0 not in numbers for numbers in optimizer.state().values())


def test_integers_are_loaded_as_floats():
    optimizer = SGD([Value(1.0)], 0.1, 0.5)
    optimizer.load_state(optimizer.state() | {"velocity": (3,)})
    assert optimizer.state()["velocity"] == [3.0]
    assert type(optimizer.state()["velocity"][0]) is float


ADVICE_ON_OPTIONS = "make the optimizer with the same options"


def missing(state, name):
    return {key: numbers for key, numbers in state.items() if key != name}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda state: [1.0], TypeError, "a state is a dict of lists of numbers, not list"),
        (lambda state: missing(state, "mean"), ValueError, "the state does not fit Adam: 'mean' is missing"),
        (lambda state: state | {"speed": [1.0]}, ValueError, "the state does not fit Adam: 'speed' is unknown"),
        (
            lambda state: state | {"square": [1.0]},
            ValueError,
            "the state does not fit Adam: 'square' has length 2 here, 1 there",
        ),
        (
            lambda state: state | {"square": [1.0, 2.0, 3.0]},
            ValueError,
            "the state does not fit Adam: 'square' has length 2 here, 3 there",
        ),
        (
            lambda state: state | {"square": "ab"},
            TypeError,
            "the state does not fit Adam: 'square' is a list of numbers, not str",
        ),
        (
            lambda state: state | {"square": [1.0, "b"]},
            TypeError,
            "the state does not fit Adam: 'square' holds numbers, not str",
        ),
        (
            lambda state: state | {"square": [1.0, True]},
            TypeError,
            "the state does not fit Adam: 'square' holds numbers, not bool",
        ),
        (
            lambda state: state | {"square": [1.0, math.inf]},
            ValueError,
            "the state does not fit Adam: 'square' holds inf",
        ),
        (
            lambda state: state | {"mean": [math.nan, 1.0]},
            ValueError,
            "the state does not fit Adam: 'mean' holds nan",
        ),
        (
            lambda state: state | {"square": [1.0, -2.0]},
            ValueError,
            "the state does not fit Adam: 'square' is 0 or more, not -2.0",
        ),
        (
            lambda state: state | {"steps": [-1, -1]},
            ValueError,
            "the state does not fit Adam: 'steps' is 0 or more, not -1.0",
        ),
        (
            lambda state: state | {"learning_rate": [-0.1]},
            ValueError,
            "the learning rate is a finite number, 0 or more, not -0.1",
        ),
        (
            lambda state: state | {"betas": [0.9, 0.99]},
            ValueError,
            "the state does not fit Adam: 'betas' is [0.9, 0.999] here, [0.9, 0.99] there; " + ADVICE_ON_OPTIONS,
        ),
        (
            lambda state: state | {"maximize": [1.0]},
            ValueError,
            "the state does not fit Adam: 'maximize' is [0.0] here, [1.0] there; " + ADVICE_ON_OPTIONS,
        ),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, error, message):
    optimizer = Adam([Value(1.0), Value(-1.0)], 0.1)
    for parameter in optimizer.parameters:
        parameter.grad = 1.0
    optimizer.step()
    before = optimizer.state()
    valid = before | {"learning_rate": [0.5], "mean": [7.0, 8.0]}
    with pytest.raises(error) as caught:
        optimizer.load_state(change(valid))
    assert str(caught.value) == message
    assert optimizer.state() == before


def test_only_numbers_that_may_be_endless_are_infinite_and_none_is_nan():
    expected = {"best": [0.0], "last": [0.0]}
    for best in (math.inf, -math.inf, 1.0):
        assert checked_state({"best": [best], "last": [2]}, expected, "Mine", endless=["best"])["best"] == [best]
    for wrong in ({"best": [math.nan]}, {"last": [math.inf]}, {"last": [math.nan]}):
        with pytest.raises(ValueError, match=r"^the state does not fit Mine: '\w+' holds (nan|inf)$"):
            checked_state({"best": [1.0], "last": [2.0]} | wrong, expected, "Mine", endless=["best"])


@pytest.mark.parametrize("one", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_the_state_of_another_kind_is_refused(one, other):
    if one != other:
        with pytest.raises(ValueError, match="the state does not fit"):
            KINDS[one]([Value(1.0)]).load_state(KINDS[other]([Value(1.0)]).state())


# -- clipping --------------------------------------------------------------------------------------------------------


def leaves(grads):
    parameters = [Value(1.0) for _ in grads]
    for parameter, grad in zip(parameters, grads):
        parameter.grad = grad
    return parameters


def grads_of(parameters):
    return [parameter.grad for parameter in parameters]


def our_clipping(bound):
    answers = []
    for point in peer.POINTS:
        together, alone = leaves(point), leaves(point)
        norm = clip_gradients(together, bound)
        assert clip_gradient_values(alone, bound) is None
        answers.append([norm, *grads_of(together + alone)])
    return answers


@pytest.mark.parametrize("name", peer.MAX_NORMS)
def test_clipping_is_that_of_pytorch(name):
    assert_close(our_clipping(peer.MAX_NORMS[name]), STORED["clipping"][name])


def test_clipping_is_that_of_the_pytorch_installed_here():
    pytest.importorskip("torch", reason="PyTorch is not installed; its stored answers are compared")
    for bound in peer.MAX_NORMS.values():
        assert_close(our_clipping(bound), peer.Torch().clipped(bound))


def test_clipped_gradients_keep_their_direction_and_are_no_longer_than_the_bound():
    parameters = leaves([3.0, -4.0, 12.0])
    assert clip_gradients(iter(parameters), 6.5) == 13.0
    assert grads_of(parameters) == pytest.approx([1.5, -2.0, 6.0], rel=1e-6)
    assert 6.5 * (1 - 1e-6) < math.hypot(*grads_of(parameters)) <= 6.5


def test_huge_gradients_have_a_norm():
    parameters = leaves([3e200, 4e200])
    assert clip_gradients(parameters, 1.0) == pytest.approx(5e200, rel=1e-15)
    assert grads_of(parameters) == pytest.approx([0.6, 0.8], rel=1e-15)


@pytest.mark.parametrize(
    ("grads", "norm"), [([1.0, math.nan], math.nan), ([1.0, -math.inf], math.inf), ([1.7e308, 1.7e308], math.inf)]
)
def test_a_norm_that_is_not_finite_scales_nothing(grads, norm):
    parameters = leaves(grads)
    assert clip_gradients(parameters, 1.0) == pytest.approx(norm, nan_ok=True)
    assert grads_of(parameters) == pytest.approx(grads, nan_ok=True, abs=0.0, rel=0.0)


def test_values_that_are_not_finite_are_clipped_but_for_nan():
    parameters = leaves([math.inf, -math.inf, math.nan])
    clip_gradient_values(parameters, 2.0)
    assert grads_of(parameters) == pytest.approx([2.0, -2.0, math.nan], nan_ok=True, abs=0.0, rel=0.0)


def test_frozen_parameters_do_not_count():
    model, frozen = Weights(1.0), Weights(1.0).freeze()
    model.weights[0].grad, frozen.weights[0].grad = 3.0, 4.0
    both = model.parameters() + frozen.parameters()
    assert clip_gradients(both, 1.5) == 3.0
    clip_gradient_values(both, 1.0)
    assert grads_of(both) == [1.0, 4.0]


def test_without_parameters_there_is_nothing_to_clip():
    assert clip_gradients([], 1.0) == 0.0


# -- errors ----------------------------------------------------------------------------------------------------------

SHARED = Value(1.0)
ADVICE = "parameters are a list of Values, not Weights: pass model.parameters()"


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: SGD([], 0.1), ValueError, "an optimizer needs at least one parameter: pass model.parameters()"),
        (lambda: SGD([1.0], 0.1), TypeError, "parameter 0 is a float, not a Value"),
        (lambda: SGD(Weights(1.0), 0.1), TypeError, ADVICE),
        (lambda: SGD(7, 0.1), TypeError, "parameters are a list of Values, not int: pass model.parameters()"),
        (lambda: clip_gradients(Weights(1.0), 0.1), TypeError, ADVICE),
        (lambda: clip_gradient_values(Weights(1.0), 0.1), TypeError, ADVICE),
        (
            lambda: SGD([Value(1.0), SHARED + 1], 0.1),
            ValueError,
            "parameter 1 was computed; an optimizer moves leaves, made by calling Value",
        ),
        (
            lambda: SGD([SHARED, SHARED], 0.1),
            ValueError,
            "a parameter stands twice in the list: it would be moved twice in every step",
        ),
        (lambda: SGD([SHARED], -0.1), ValueError, "the learning rate is a finite number, 0 or more, not -0.1"),
        (lambda: SGD([SHARED], float("nan")), ValueError, "the learning rate is a finite number, 0 or more, not nan"),
        (lambda: SGD([SHARED], 0.1, -1), ValueError, "the momentum is a finite number, 0 or more, not -1"),
        (
            lambda: SGD([SHARED], 0.1, nesterov=True),
            ValueError,
            "Nesterov's form is one of momentum: give a momentum above 0, such as 0.9",
        ),
        (lambda: Adagrad([SHARED], 0.1, 0.0), ValueError, "the epsilon is a finite number above 0, not 0.0"),
        (lambda: RMSProp([SHARED], 0.1, 1.0), ValueError, "the decay is 0 or more and below 1, not 1.0"),
        (lambda: Adam([SHARED], 0.1, 0.9), TypeError, "betas is a pair of numbers, such as (0.9, 0.999), not 0.9"),
        (
            lambda: Adam([SHARED], 0.1, (0.9,)),
            TypeError,
            "betas is a pair of numbers, such as (0.9, 0.999), not (0.9,)",
        ),
        (
            lambda: Adam([SHARED], 0.1, [0.9, 0.99, 0.999]),
            TypeError,
            "betas is a pair of numbers, such as (0.9, 0.999), not [0.9, 0.99, 0.999]",
        ),
        (lambda: Adam([SHARED], 0.1, (0.9, -1)), ValueError, "the second beta is 0 or more and below 1, not -1"),
        (
            lambda: AdamW([SHARED], 0.1, weight_decay=-1),
            ValueError,
            "the weight decay is a finite number, 0 or more, not -1",
        ),
        (lambda: clip_gradients([SHARED], 0.0), ValueError, "the largest norm is a finite number above 0, not 0.0"),
        (
            lambda: clip_gradient_values([SHARED], math.inf),
            ValueError,
            "the bound is a finite number above 0, not inf",
        ),
        (lambda: Optimizer([SHARED], 0.1).step(), NotImplementedError, "Optimizer does not say how to step"),
    ],
)
def test_errors_read_well(use, error, message):
    with pytest.raises(error) as caught:
        use()
    assert str(caught.value) == message
