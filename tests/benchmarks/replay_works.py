"""Programs that are recorded once and replayed: for every engine the same numbers, and the gradient by hand.

Scalar programs are `program(functions, shared, batched)`: `functions` has exp, log, relu, sqrt, erf and cos, `shared`
are the numbers that all rows have in common, `batched` those that each row has for itself.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks.programs import SIZES, chain, moons, rosenbrock, score

Array = np.ndarray[Any, np.dtype[np.float64]]

ALPHA = 1e-4
RATE = 1e-6
BLOCK = 4096
WIDTH = 100

ROOT_8 = math.sqrt(8.0)
C1, C2 = 1.0 + math.sqrt(2.0), 1.0 - math.sqrt(2.0)


class Work(NamedTuple):
    """What is computed: a scalar program, where, and how a person would write its value and gradient in NumPy.

    Attributes:
        program: records one row of it.
        points: two places at which value and gradient are asked for: the shared numbers, or all rows if `per_row`.
        by_hand: point -> value, gradient (in one or several arrays), and the numbers after the update if there is one.
        data: constant arrays for code on whole arrays.
        rows: the batched numbers, a row each; None for a program of shared numbers alone.
        weight: what each row counts in the sum.
        per_row: whether each row has its own gradient, in its own numbers.
        rate: how far a step goes against the gradient; None for no step.
        shapes: how by_hand and array code cut the shared numbers into matrices.
    """

    program: Callable[[Any, Sequence[Any], Sequence[Any]], Any]
    points: tuple[Array, Array]
    by_hand: Callable[[Array], Sequence[Any]]
    data: tuple[Array, ...] = ()
    rows: Array | None = None
    weight: float = 1.0
    per_row: bool = False
    rate: float | None = None
    shapes: tuple[tuple[int, int], ...] = ()

    def cut(self, numbers: Any) -> list[Any]:
        """Return consecutive numbers as matrices of this work's shapes."""
        matrices, start = [], 0
        for rows, columns in self.shapes:
            matrices.append(numbers[start : start + rows * columns].reshape(rows, columns))
            start += rows * columns
        return matrices


# -- the network of the demo: hinge loss and L2 ------------------------------------------------------------------------

LAYERS = tuple((outputs, inputs + 1) for inputs, outputs in SIZES)


def demo_row(functions: Any, parameters: Sequence[Any], row: Sequence[Any]) -> Any:
    *point, label = row
    loss = functions.relu(1 - label * score(functions, parameters, point))
    return loss + ALPHA * sum(p * p for p in parameters)


def demo_row_with_nn(functions: Any, parameters: Sequence[Any], row: Sequence[Any]) -> Any:
    from nn import MLP
    from tests.benchmarks.engines import place_parameters

    model = MLP(2, [16, 16, 1])
    place_parameters(model, parameters)
    *point, label = row
    return functions.relu(1 - label * model(point)) + ALPHA * functions.dot(parameters, parameters)


def demo(quick: bool) -> Work:
    points, classes = moons(20 if quick else 100)
    x, y = np.array(points), np.array(classes)
    count, generator = len(y), np.random.default_rng(1)

    def by_hand(parameters: Array) -> list[Any]:
        first, second, third = work.cut(parameters)
        before_1 = x @ first[:, :-1].T + first[:, -1]
        hidden_1 = np.maximum(before_1, 0.0)
        before_2 = hidden_1 @ second[:, :-1].T + second[:, -1]
        hidden_2 = np.maximum(before_2, 0.0)
        margin = 1.0 - y * (hidden_2 @ third[0, :-1] + third[0, -1])
        value = np.maximum(margin, 0.0).sum() / count + ALPHA * (parameters @ parameters)
        gradient = 2 * ALPHA * parameters
        to_first, to_second, to_third = work.cut(gradient)
        to_score = np.where(margin > 0.0, -y, 0.0) / count
        to_third[0, :-1] += to_score @ hidden_2
        to_third[0, -1] += to_score.sum()
        back = (to_score[:, None] * third[0, :-1]) * (before_2 > 0.0)
        to_second[:, :-1] += back.T @ hidden_1
        to_second[:, -1] += back.sum(0)
        back = (back @ second[:, :-1]) * (before_1 > 0.0)
        to_first[:, :-1] += back.T @ x
        to_first[:, -1] += back.sum(0)
        return [value, gradient]

    total = sum(outputs * columns for outputs, columns in LAYERS)
    places = generator.uniform(-1, 1, (2, total))
    rows = np.column_stack([x, y])
    work = Work(demo_row, (places[0], places[1]), by_hand, (x, y), rows, 1 / count, shapes=LAYERS)
    return work


def demo_with_nn(quick: bool) -> Work:
    return demo(quick)._replace(program=demo_row_with_nn)


# -- two layers without bias, squared loss, one step ------------------------------------------------------------------


def relu_net_row(functions: Any, weights: Sequence[Any], row: Sequence[Any], sizes: tuple[int, int, int]) -> Any:
    inputs, hidden, outputs = sizes
    x, targets = row[:inputs], row[inputs:]
    w1, w2 = weights[: inputs * hidden], weights[inputs * hidden :]
    h = [functions.relu(sum(w * each for w, each in zip(w1[j::hidden], x))) for j in range(hidden)]
    differences = [sum(w * each for w, each in zip(w2[k::outputs], h)) - targets[k] for k in range(outputs)]
    return sum(difference * difference for difference in differences)


def relu_net(quick: bool) -> Work:
    count, *widths = (4, 20, 10, 3) if quick else (64, 1000, 100, 10)
    inputs, hidden, outputs = widths
    generator = np.random.default_rng(2)
    x, y = generator.normal(size=(count, inputs)), generator.normal(size=(count, outputs))

    def by_hand(weights: Array) -> list[Any]:
        w1, w2 = work.cut(weights)
        before = x @ w1
        h = np.maximum(before, 0.0)
        difference = h @ w2 - y
        value = (difference * difference).sum()
        difference *= 2.0
        to_w2 = h.T @ difference
        back = difference @ w2.T
        back[before < 0.0] = 0.0
        to_w1 = x.T @ back
        return [value, to_w1, to_w2, w1 - RATE * to_w1, w2 - RATE * to_w2]

    places = generator.normal(size=(2, inputs * hidden + hidden * outputs))
    work = Work(
        lambda functions, shared, row: relu_net_row(functions, shared, row, (inputs, hidden, outputs)),
        (places[0], places[1]),
        by_hand,
        (x, y),
        np.column_stack([x, y]),
        rate=RATE,
        shapes=((inputs, hidden), (hidden, outputs)),
    )
    return work


# -- logistic regression ----------------------------------------------------------------------------------------------


def logistic_row(functions: Any, w: Sequence[Any], row: Sequence[Any]) -> Any:
    z = sum(x * each for x, each in zip(row, w))
    return functions.log(1.0 + functions.exp(-z))


def logistic(quick: bool) -> Work:
    generator = np.random.default_rng(3)
    x = generator.normal(size=(50 if quick else 1000, 10))

    def by_hand(w: Array) -> list[Any]:
        decay = np.exp(-(x @ w))
        return [np.log(1.0 + decay).sum(), -(decay / (1.0 + decay)) @ x]

    places = generator.normal(size=(2, 10))
    return Work(logistic_row, (places[0], places[1]), by_hand, (x,), x)


# -- one point, many numbers ------------------------------------------------------------------------------------------


def rosenbrock_by_hand(x: Array) -> list[Any]:
    left = x[:-1]
    t, u = x[1:] - left * left, 1.0 - left
    gradient = np.empty_like(x)
    gradient[0] = 0.0
    gradient[1:] = 200.0 * t
    gradient[:-1] -= 400.0 * left * t + 2.0 * u
    return [100.0 * (t @ t) + u @ u, gradient]


def rosenbrock_1000(quick: bool) -> Work:
    places = np.random.default_rng(4).uniform(-1.2, 1.2, (2, 50 if quick else 1000))
    return Work(lambda functions, x, _: rosenbrock(functions, x), (places[0], places[1]), rosenbrock_by_hand)


def helmholtz_energy(functions: Any, x: Sequence[Any], a: list[list[float]], b: list[float]) -> Any:
    """Return a mixture's energy: Σ x·log(x / (1 - b·x)) - x·A·x / (√8 b·x) · log((1 + C1 b·x) / (1 + C2 b·x))."""
    bx = sum(each * xi for each, xi in zip(b, x))
    quadratic = sum(xi * sum(each * xj for each, xj in zip(row, x)) for xi, row in zip(x, a))
    free = 1.0 - bx
    mixing = sum(xi * functions.log(xi / free) for xi in x)
    return mixing - quadratic / (ROOT_8 * bx) * functions.log((1.0 + C1 * bx) / (1.0 + C2 * bx))


def helmholtz(quick: bool) -> Work:
    n = 100 if quick else 500
    generator = np.random.default_rng(5)
    a = generator.uniform(0, 1, (n, n))
    a = (a + a.T) / 2
    b = generator.uniform(0.1, 0.9, n)
    places = generator.uniform(0.5, 1.5, (2, n)) / n

    def by_hand(x: Array) -> list[Any]:
        bx, ax = b @ x, a @ x
        quadratic, free, scale = x @ ax, 1.0 - bx, ROOT_8 * bx
        bend = np.log((1.0 + C1 * bx) / (1.0 + C2 * bx))
        mixing = np.log(x / free)
        along_b = x.sum() / free + quadratic / scale * (bend / bx - C1 / (1.0 + C1 * bx) + C2 / (1.0 + C2 * bx))
        return [x @ mixing - quadratic / scale * bend, mixing + 1.0 - (2.0 * bend / scale) * ax + along_b * b]

    rows_of_a, list_b = a.tolist(), b.tolist()
    return Work(
        lambda functions, x, _: helmholtz_energy(functions, x, rows_of_a, list_b),
        (places[0], places[1]),
        by_hand,
        (a, b),
    )


# -- an option's price, lane by lane ----------------------------------------------------------------------------------


def black_scholes_row(functions: Any, _: Sequence[Any], row: Sequence[Any]) -> Any:
    return black_scholes_price(functions, *row)


def black_scholes_price(functions: Any, spot: Any, strike: Any, time: Any, rate: Any, sigma: Any) -> Any:
    """Return what a European call is worth; numbers or whole arrays."""
    spread = sigma * functions.sqrt(time)
    d1 = (functions.log(spot / strike) + (rate + 0.5 * (sigma * sigma)) * time) / spread
    d2 = d1 - spread
    n1, n2 = (0.5 * (1.0 + functions.erf(d * math.sqrt(0.5))) for d in (d1, d2))
    return spot * n1 - strike * functions.exp(-(rate * time)) * n2


def greeks(lanes: Array, out: Array) -> None:
    """Write price and derivatives in spot, strike, time, rate and sigma, from the closed form, a row of `out` each."""
    from scipy.special import ndtr

    spot, strike, time, rate, sigma = lanes.T
    root = np.sqrt(time)
    spread = sigma * root
    d1 = (np.log(spot / strike) + (rate + 0.5 * sigma * sigma) * time) / spread
    d2 = d1 - spread
    n1, n2 = ndtr(d1), ndtr(d2)
    decay = np.exp(-rate * time)
    owed = strike * decay * n2
    density = spot * np.exp(-0.5 * d1 * d1) * (1.0 / math.sqrt(2.0 * math.pi))
    out[0] = spot * n1 - owed
    out[1] = n1
    out[2] = -decay * n2
    out[3] = density * sigma / (2.0 * root) + rate * owed
    out[4] = time * owed
    out[5] = density * root


def black_scholes_by_hand(lanes: Array) -> list[Any]:
    out = np.empty((6, len(lanes)))
    for start in range(0, len(lanes), BLOCK):
        greeks(lanes[start : start + BLOCK], out[:, start : start + BLOCK])
    return list(out)


def black_scholes_of(count: int) -> Work:
    generator = np.random.default_rng(6)
    lowest, highest = (80, 80, 0.1, 0.0, 0.1), (120, 120, 2.0, 0.08, 0.5)
    places = generator.uniform(lowest, highest, (2, count, 5))
    return Work(black_scholes_row, (places[0], places[1]), black_scholes_by_hand, per_row=True)


def black_scholes(quick: bool) -> Work:
    return black_scholes_of(1_000 if quick else 1_000_000)


# -- one number, many operations --------------------------------------------------------------------------------------


def long_chain(quick: bool) -> Work:
    steps = 333 if quick else 33_333

    def by_hand(point: Array) -> list[Any]:
        x = y = float(point[0])
        slope = 1.0
        for _ in range(steps):
            y = y * 1.0000001 + x * 0.5
            slope = slope * 1.0000001 + 0.5
        return [y, slope]

    return Work(lambda functions, xs, _: chain(functions, xs, steps), (np.array([1.3]), np.array([-0.7])), by_hand)


def layered(functions: Any, leaves: Sequence[Any], nodes: int) -> Any:
    """Return a number from about so many operations, drawn at random, in layers in which every one is used.

    Numbers stay within ±1 and no part of the gradient dies out: cosines, leaves in every layer, and a total that takes
    something from each.
    """
    generator = random.Random(4)
    width = min(WIDTH, nodes // 10)
    before, total, made = list(leaves)[:width], leaves[0], 0
    while made < nodes - width:
        layer = []
        for k in range(width):
            a, b, kind = before[k % len(before)], generator.choice([*before[:10], *leaves]), generator.randrange(3)
            layer.append(a * b if kind == 0 else (a - b) * 0.5 if kind == 1 else functions.cos(a))
            made += 2 if kind == 1 else 1
        total, before, made = total + layer[0], layer, made + 1
    return total + sum(before[1:], before[0])


def growing(nodes: int) -> Callable[[bool], Work]:
    def work(_: bool) -> Work:
        def by_sweep(point: Array) -> list[Any]:
            import autograd

            leaves = [autograd.Value(number) for number in point.tolist()]
            output = layered(autograd, leaves, nodes)
            output.backward()
            return [output.data, np.array([leaf.grad for leaf in leaves])]

        places = np.random.default_rng(7).uniform(0.2, 0.9, (2, 10))
        return Work(lambda functions, xs, _: layered(functions, xs, nodes), (places[0], places[1]), by_sweep)

    return work


def widening(lanes: int) -> Callable[[bool], Work]:
    return lambda _: black_scholes_of(lanes)


GROWING = {f"nodes_{10**k}": 10**k for k in range(2, 7)}
WIDENING = {f"lanes_{10**k}": 10**k for k in range(7)}

WORKS: dict[str, Callable[[bool], Work]] = {
    "demo": demo,
    "demo_nn": demo_with_nn,
    "relu_net": relu_net,
    "logistic": logistic,
    "rosenbrock": rosenbrock_1000,
    "helmholtz": helmholtz,
    "black_scholes": black_scholes,
    "chain": long_chain,
    **{name: growing(nodes) for name, nodes in GROWING.items()},
    **{name: widening(lanes) for name, lanes in WIDENING.items()},
}
