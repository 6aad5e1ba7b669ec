"""Programs written for micrograd run after changing the import: its README, its tests, its demo."""

from __future__ import annotations

import random

import pytest

from autograd import Value
from nn import MLP, Neuron


def test_readme_example():
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def test_sanity_check_against_known_numbers():
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert (y.data, x.grad) == (-20.0, 46.0)


def test_neuron_and_parameters():
    n = Neuron(2)
    x = [Value(1.0), Value(-2.0)]
    y = n(x)
    y.backward()
    assert len(n.parameters()) == 3
    n.zero_grad()
    assert all(p.grad == 0 for p in n.parameters())


@pytest.mark.long
def test_demo_training_loop():
    generator = random.Random(1)
    points = [[generator.uniform(-1, 1), generator.uniform(-1, 1)] for _ in range(40)]
    labels = [1 if x * x + y * y < 0.5 else -1 for x, y in points]
    model = MLP(2, [8, 8, 1])

    def loss():
        inputs = [list(map(Value, row)) for row in points]
        scores = list(map(model, inputs))
        losses = [(1 + -label * score).relu() for label, score in zip(labels, scores)]
        data_loss = sum(losses) * (1.0 / len(losses))
        reg_loss = 1e-4 * sum(p * p for p in model.parameters())
        accuracy = [(label > 0) == (score.data > 0) for label, score in zip(labels, scores)]
        return data_loss + reg_loss, sum(accuracy) / len(accuracy)

    for k in range(60):
        total_loss, _ = loss()
        model.zero_grad()
        total_loss.backward()
        learning_rate = 1.0 - 0.9 * k / 60
        for p in model.parameters():
            p.data -= learning_rate * p.grad
    assert loss()[1] >= 0.9
