"""The optimizers: steps by hand, and what they refuse."""

from __future__ import annotations

import pytest

from autograd import Value
from nn import SGD, Optimizer


def descend(x, optimizer, steps):
    """Minimize x² and return where x was after each step."""
    path = []
    for _ in range(steps):
        optimizer.zero_grad()
        (x * x).backward()
        optimizer.step()
        path.append(x.data)
    return path


def test_plain_descent_by_hand():
    x = Value(1.0)
    assert descend(x, SGD([x], 0.25), 3) == [0.5, 0.25, 0.125]


def test_momentum_by_hand():
    # grad 2, velocity 2, x = 1 - 0.25 · 2; grad 1, velocity 0.5 · 2 + 1 = 2; grad 0, velocity 1; grad -0.5, velocity 0
    x = Value(1.0)
    assert descend(x, SGD([x], 0.25, momentum=0.5), 4) == [0.5, 0.0, -0.25, -0.25]


def test_a_changed_learning_rate_acts_at_once():
    x = Value(1.0)
    optimizer = SGD([x], 0.25, momentum=0.5)
    descend(x, optimizer, 1)
    optimizer.learning_rate = 0.125
    assert descend(x, optimizer, 1) == [0.25]


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


def test_the_repr_reads_well():
    assert repr(SGD([Value(1.0)], 0.1)) == "SGD(1 parameter, learning_rate=0.1)"
    assert repr(SGD([Value(1.0), Value(1.0)], 0.1, 0.9)) == "SGD(2 parameters, learning_rate=0.1, momentum=0.9)"


SHARED = Value(1.0)


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: SGD([], 0.1), ValueError, "an optimizer needs at least one parameter: pass model.parameters()"),
        (lambda: SGD([1.0], 0.1), TypeError, "parameter 0 is a float, not a Value"),
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
        (lambda: Optimizer([SHARED], 0.1).step(), NotImplementedError, "Optimizer does not say how to step"),
    ],
)
def test_errors_read_well(use, error, message):
    with pytest.raises(error) as caught:
        use()
    assert str(caught.value) == message
