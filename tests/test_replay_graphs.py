"""Replay equals eager on random graphs: sums of sums, shared operands, layers, branches; drawn from a seed each."""

from __future__ import annotations

import builtins
import random

import numpy as np
import pytest

import autograd
from autograd import compile, value_and_grad
from tests.test_replay import check

NODES = [
    "add",
    "add",
    "sub",
    "sub",
    "mul",
    "mul",
    "sum",
    "dot",
    "mean",
    "relu",
    "neg",
    "affine",
    "where",
    "max",
    "layer",
]
BRANCHES = ["smaller", "loop", "size", "larger", "early", "add", "mul", "div", "derivative"]


def drawn(names, seed, most):
    """Return a generator, and steps: a name, numbers from 0 to 1, and a small number."""
    generator = random.Random(seed)
    count = generator.randint(3, most)
    steps = [
        (generator.choice(names), [generator.random() for _ in range(24)], generator.randint(2, 8))
        for _ in range(count)
    ]
    return generator, steps


def picked(pool, number):
    """Return one of the values so far, more often a late one."""
    return pool[int(number**0.5 * len(pool)) % len(pool)]


def node(name, pool, numbers, size):
    a, b = picked(pool, numbers[0]), picked(pool, numbers[1])
    some, others = ([picked(pool, u) for u in numbers[start : start + size]] for start in (2, 12))
    return {
        "add": lambda: a + b,
        "sub": lambda: a - b,
        "mul": lambda: a * b * 0.5,
        "sum": lambda: autograd.sum(some),
        "dot": lambda: autograd.dot(some, others),
        "mean": lambda: autograd.mean(some),
        "relu": lambda: autograd.relu(a),
        "neg": lambda: -a,
        "affine": lambda: a * (numbers[2] - 0.5) + numbers[3],
        "where": lambda: autograd.where(a > b, a * 0.3, b),
        "max": lambda: autograd.max(some),
        "layer": lambda: builtins.sum((x * w for x, w in zip(some, others)), numbers[4]),
    }[name]()


def graph(seed):
    """Return a function of (parameters, inputs) of plain nodes, and how many of both it takes."""
    generator, steps = drawn(NODES, seed, 50)
    sizes = generator.randint(0, 6), generator.randint(1, 5)

    def f(parameters, inputs):
        pool = [*parameters, *inputs]
        for name, numbers, size in steps:
            pool += [
                autograd.tanh(node(name, pool, numbers[k:] + numbers[:k], size))
                for k in range(3 if name == "layer" else 1)
            ]
        return pool[-1] + pool[-2] * pool[len(pool) // 2]

    return f, sizes


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40))
def test_random_graphs(seed):
    f, (n_shared, n_batched) = graph(seed)
    generator = np.random.default_rng(seed)
    lanes = [1, 2, 5, 600][seed % 4]
    check(f, generator.uniform(-1, 1, n_shared).tolist(), generator.uniform(-1, 1, (min(lanes, 40), n_batched)), 1e-9)


def branch(name, pool, numbers):
    a, b = picked(pool, numbers[0]), picked(pool, numbers[1])
    if name == "smaller":
        return a * 1.5 if a < b else b - a
    if name == "loop":
        total = a
        for _ in range(3):
            if total > numbers[2]:
                break
            total = total + 0.4
        return total
    return {
        "size": lambda: a if a > 0.0 else -a,
        "larger": lambda: builtins.max(a, b),
        "early": lambda: a - b,
        "add": lambda: a + b,
        "mul": lambda: a * b,
        "div": lambda: a / (2.0 + b * b),
        "derivative": lambda: autograd.grad(lambda t: autograd.sin(t * b) * t)(a),
    }[name]()


def program(seed):
    """Return a function of (parameters, inputs) with branches, loops and early ends."""
    _, steps = drawn(BRANCHES, seed, 20)

    def f(parameters, inputs):
        pool = [*parameters, *inputs]
        for name, numbers, _ in steps:
            if name == "early" and picked(pool, numbers[0]) > 2.0 * numbers[3]:
                return pool[-1] * pool[0]
            pool.append(autograd.tanh(branch(name, pool, numbers)))
        return pool[-1] * pool[-2] + pool[len(pool) // 2]

    return f


@pytest.mark.long
@pytest.mark.parametrize("seed", range(60))
def test_random_programs_with_branches(seed):
    f, generator = program(seed), np.random.default_rng(seed)
    parameters, inputs = generator.uniform(-1, 1, 2).tolist(), generator.uniform(-1, 1, (6, 2))
    values, (of_parameters, of_inputs) = compile(f, batched=("inputs",)).value_and_grad(
        parameters, inputs, argnums=(0, 1)
    )
    eager = [value_and_grad(f, argnums=(0, 1))(parameters, lane) for lane in inputs.tolist()]
    assert values == pytest.approx([value for value, _ in eager], rel=1e-10, abs=1e-12)
    assert np.array(of_inputs) == pytest.approx(np.array([each for _, (_, each) in eager]), rel=1e-8, abs=1e-10)
    total = np.sum([each for _, (each, _) in eager], axis=0)
    assert np.array(of_parameters) == pytest.approx(total, rel=1e-8, abs=1e-10)
