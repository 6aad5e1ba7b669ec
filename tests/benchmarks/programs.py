"""Scalar programs written once, with plain operators, for every engine.

An engine is an object with `exp`, `log` and `relu` of its own numbers; `+ - * /` and unary minus are operators.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

SIZES = [(2, 16), (16, 16), (16, 1)]


class Workload(NamedTuple):
    """A program, the numbers it starts from, and how many scalar operations it is counted as for every engine."""

    program: Callable[[Any, Sequence[Any]], Any]
    start: list[float]
    operations: int


def chain(engine: Any, xs: Sequence[Any], steps: int) -> Any:
    x = y = xs[0]
    for _ in range(steps):
        y = y * 1.0000001 + x * 0.5
    return y


def moons(count: int) -> tuple[list[list[float]], list[float]]:
    """Return two interleaved half circles with a little noise, and their classes ±1."""
    generator = random.Random(1)
    points, classes = [], []
    for k in range(count):
        angle = math.pi * generator.random()
        x, y = math.cos(angle), math.sin(angle)
        if k % 2:
            x, y = 1.0 - x, 0.5 - y
        points.append([x + generator.gauss(0, 0.1), y + generator.gauss(0, 0.1)])
        classes.append(1.0 if k % 2 else -1.0)
    return points, classes


def score(engine: Any, parameters: Sequence[Any], point: Sequence[Any]) -> Any:
    remaining = iter(parameters)
    for layer, (inputs, outputs) in enumerate(SIZES):
        following = []
        for _ in range(outputs):
            weights = [next(remaining) for _ in range(inputs)]
            activation = sum((w * x for w, x in zip(weights, point)), next(remaining))
            following.append(activation if layer == 2 else engine.relu(activation))
        point = following
    return point[0]


def demo_step(engine: Any, parameters: Sequence[Any], points: Any, classes: Any) -> Any:
    scores = [score(engine, parameters, point) for point in points]
    losses = [engine.relu(1 + -label * each) for label, each in zip(classes, scores)]
    return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in parameters)


def rosenbrock(engine: Any, x: Sequence[Any]) -> Any:
    total = 0.0
    for a, b in itertools.pairwise(x):
        t, u = b - a * a, 1.0 - a
        total = total + (100.0 * (t * t) + u * u)
    return total


def logistic(engine: Any, w: Sequence[Any], rows: Sequence[Sequence[float]]) -> Any:
    total = 0.0
    for row in rows:
        z = sum(x * each for x, each in zip(row, w))
        total = total + engine.log(1.0 + engine.exp(-z))
    return total


def parameters(count: int) -> list[float]:
    generator = random.Random(2)
    return [generator.uniform(-1, 1) for _ in range(count)]


def demo(engine: Any) -> Workload:
    points, classes = moons(100)
    inputs = [[engine.constant(x) for x in point] for point in points]
    count = sum((inputs + 1) * outputs for inputs, outputs in SIZES)
    operations = 100 * (16 * 5 + 16 * 33 + 32 + 3) + 100 + 1 + 2 * count + 2
    return Workload(lambda e, p: demo_step(e, p, inputs, classes), parameters(count), operations)


def demo_with_nn(engine: Any) -> Workload:
    return demo(engine)._replace(program=engine.demo_with_nn)


def long_chain(steps: int) -> Callable[[Any], Workload]:
    return lambda engine: Workload(lambda e, xs: chain(e, xs, steps), [1.3], 3 * steps)


def rosenbrock_1000(engine: Any) -> Workload:
    return Workload(rosenbrock, parameters(1000), 8 * 999)


def logistic_1000x10(engine: Any) -> Workload:
    generator = random.Random(3)
    rows = [[generator.gauss(0, 1) for _ in range(10)] for _ in range(1000)]
    return Workload(lambda e, w: logistic(e, w, rows), parameters(10), 24_000)


WORKLOADS: dict[str, Callable[[Any], Workload]] = {
    "demo": demo,
    "demo_nn": demo_with_nn,
    "chain_300": long_chain(300),
    "chain_333": long_chain(333),
    "chain_3333": long_chain(3_333),
    "chain_33333": long_chain(33_333),
    "chain_333333": long_chain(333_333),
    "rosenbrock": rosenbrock_1000,
    "logistic": logistic_1000x10,
}
