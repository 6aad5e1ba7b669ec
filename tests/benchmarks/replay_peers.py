"""Engines: how each one builds a work, and runs it. Nothing is imported before an engine is asked for.

What an engine likes to have in its own format is put into it by `prepare`, outside of what is measured.
"""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks.replay_works import ALPHA, Array, Work, black_scholes_price


class Built(NamedTuple):
    """A work as an engine runs it.

    Attributes:
        step: what is measured: prepared point -> what `read` takes.
        prepare: point -> what the engine likes best.
        read: what a step gave -> value, gradient (and so on) as flat arrays, in the order of `Work.by_hand`.
        recording: CPU seconds that recording took.
        nodes: how long the tape is.
    """

    step: Callable[[Any], Any]
    prepare: Callable[[Array], Any] = lambda point: point
    read: Callable[[Any], list[Any]] = list
    recording: float = 0.0
    nodes: int = 0


Builder = Callable[[Work], Built]


# -- this package -----------------------------------------------------------------------------------------------------


def recorded(work: Work) -> tuple[Any, list[Any], list[Any], float]:
    """Return the output of one recorded row, its shared and batched leaves, and the CPU seconds it took."""
    import autograd

    start = time.process_time()
    shared = [] if work.per_row else [autograd.Value(number) for number in work.points[0].tolist()]
    rows = work.points[0] if work.per_row else work.rows
    batched = [] if rows is None else [autograd.Value(number) for number in rows[0].tolist()]
    output = work.program(autograd, shared, batched)
    return output, shared, batched, time.process_time() - start


def replayed(work: Work) -> Built:
    """Return a work as it is recorded once and compiled."""
    import autograd

    output, shared, batched, seconds = recorded(work)
    tape = autograd.Tape.of(output)
    program = tape.compile(shared=shared, batched=batched)
    return Built(_step_of(program, work), read=_columns if work.per_row else list, recording=seconds, nodes=len(tape))


def _columns(answer: Any) -> list[Any]:
    values, gradient = answer
    return [values, *gradient.T]


def _step_of(program: Any, work: Work) -> Callable[[Array], Any]:
    if work.per_row:
        nothing = np.empty(0)
        return lambda rows: program.value_and_grad(nothing, rows, wrt="batched")
    if work.rows is None:
        return lambda point: program.value_and_grad(point, None)
    rows = work.rows
    weights = None if work.weight == 1.0 else np.full(len(rows), work.weight)
    rate = work.rate

    def step(point: Array) -> list[Any]:
        values, gradient = program.value_and_grad(point, rows, weights)
        value = values.sum() if weights is None else weights @ values
        return [value, gradient] if rate is None else [value, gradient, point - rate * gradient]

    return step


def from_source(work: Work) -> Built:
    """Return a work of one number as the function that its tape is written out to."""
    import autograd

    output, _, _, seconds = recorded(work)
    tape = autograd.Tape.of(output)
    module: dict[str, Any] = {}
    exec(compile(tape.source(), "<tape>", "exec"), module)
    return Built(module["value_and_grad"], lambda point: float(point[0]), recording=seconds, nodes=len(tape))


def recorded_anew(work: Work) -> Built:
    """Return a work of one number as it is recorded and swept at every point."""
    import autograd

    def step(number: float) -> tuple[float, float]:
        x = autograd.Value(number)
        y = work.program(autograd, [x], [])
        y.backward()
        return y.data, x.grad

    return Built(step, lambda point: float(point[0]))


# -- by hand ----------------------------------------------------------------------------------------------------------


def by_hand(work: Work) -> Built:
    return Built(work.by_hand, read=_joined(work))


def _joined(work: Work) -> Callable[[Any], list[Any]]:
    """Return how the gradient in several matrices, and the numbers after a step, become one array each."""
    if work.rate is None:
        return list

    def read(answer: Sequence[Any]) -> list[Any]:
        value, *arrays = answer
        half = len(arrays) // 2
        return [value, *(np.concatenate([np.ravel(each) for each in part]) for part in (arrays[:half], arrays[half:]))]

    return read


# -- casadi -----------------------------------------------------------------------------------------------------------


def _casadi_functions() -> Any:
    import casadi

    return SimpleNamespace(exp=casadi.exp, log=casadi.log, relu=lambda x: casadi.fmax(x, 0.0))


def _casadi_buffers(function: Any, n_inputs: Sequence[int], n_outputs: Sequence[int]) -> Any:
    """Return arrays that a function reads and writes in place, and how to run it."""
    buffer, run = function.buffer()
    inputs, outputs = [np.zeros(n) for n in n_inputs], [np.zeros(n) for n in n_outputs]
    for k, array in enumerate(inputs):
        buffer.set_arg(k, memoryview(array))
    for k, array in enumerate(outputs):
        buffer.set_res(k, memoryview(array))
    return inputs, outputs, run, (function, buffer, inputs, outputs)  # CasADi does not keep what it reads and writes


def casadi_point(work: Work) -> Built:
    """Return the scalar program as CasADi's virtual machine runs it."""
    import casadi

    n = len(work.points[0])
    x = casadi.SX.sym("x", n)
    y = work.program(_casadi_functions(), x.elements(), [])
    function = casadi.Function("f", [x], [y, casadi.gradient(y, x)])
    (point,), (value, gradient), run, kept = _casadi_buffers(function, [n], [1, n])

    def step(numbers: Array, _: Any = kept) -> tuple[float, Array]:
        point[:] = numbers
        run()
        return value[0], gradient

    return Built(step)


def casadi_demo(work: Work) -> Built:
    """Return the hinge loss of one point, mapped over the points by CasADi's virtual machine, and L2 in NumPy."""
    import casadi

    from tests.benchmarks.programs import score

    assert work.rows is not None
    functions, n, count = _casadi_functions(), len(work.points[0]), len(work.rows)
    p, row = casadi.SX.sym("p", n), casadi.SX.sym("row", 3)
    loss = functions.relu(1 - row[2] * score(functions, p.elements(), row.elements()[:2]))
    function = casadi.Function("f", [p, row], [loss, casadi.gradient(loss, p)])
    mapped = function.map("rows", "serial", count, [0], [0, 1])
    (parameters, rows), (value, gradient), run, kept = _casadi_buffers(mapped, [n, 3 * count], [1, n])
    rows[:] = work.rows.ravel()

    def step(numbers: Array, _: Any = (kept, function)) -> tuple[float, Array]:
        parameters[:] = numbers
        run()
        return value[0] / count + ALPHA * (numbers @ numbers), gradient / count + 2 * ALPHA * numbers

    return Built(step)


# -- code on whole arrays, for jax and torch --------------------------------------------------------------------------


def demo_loss(relu: Callable[[Any], Any], parameters: Any, work: Work, data: Sequence[Any]) -> Any:
    x, y = data
    first, second, third = work.cut(parameters)
    hidden = relu(x @ first[:, :-1].T + first[:, -1])
    hidden = relu(hidden @ second[:, :-1].T + second[:, -1])
    losses = relu(1.0 - y * (hidden @ third[0, :-1] + third[0, -1]))
    return losses.sum() / len(y) + ALPHA * (parameters @ parameters)


def helmholtz_energy(log: Callable[[Any], Any], x: Any, data: Sequence[Any]) -> Any:
    from tests.benchmarks.replay_works import C1, C2, ROOT_8

    a, b = data
    bx = b @ x
    bend = log((1.0 + C1 * bx) / (1.0 + C2 * bx))
    return (x * log(x / (1.0 - bx))).sum() - (x @ (a @ x)) / (ROOT_8 * bx) * bend


def _jax() -> tuple[Any, Any]:
    import jax
    import jax.numpy as jnp

    return jax, jnp


def jax_demo(work: Work) -> Built:
    jax, jnp = _jax()
    data = [jnp.asarray(array) for array in work.data]
    function = jax.jit(jax.value_and_grad(lambda p: demo_loss(jax.nn.relu, p, work, data)))
    return Built(lambda p: jax.block_until_ready(function(p)), jnp.asarray)


def jax_relu_net(work: Work) -> Built:
    jax, jnp = _jax()
    x, y = (jnp.asarray(array) for array in work.data)
    loss = lambda weights: ((jax.nn.relu(x @ weights[0]) @ weights[1] - y) ** 2).sum()

    def step(w1: Any, w2: Any) -> tuple[Any, ...]:
        value, (to_w1, to_w2) = jax.value_and_grad(loss)((w1, w2))
        return value, to_w1, to_w2, w1 - work.rate * to_w1, w2 - work.rate * to_w2

    function = jax.jit(step)
    prepare = lambda point: [jnp.asarray(matrix) for matrix in work.cut(point)]
    return Built(lambda weights: jax.block_until_ready(function(*weights)), prepare, _joined(work))


def jax_black_scholes(_: Work) -> Built:
    jax, jnp = _jax()
    functions = SimpleNamespace(exp=jnp.exp, log=jnp.log, sqrt=jnp.sqrt, erf=jax.scipy.special.erf)
    price = lambda *row: black_scholes_price(functions, *row)
    function = jax.jit(jax.vmap(jax.value_and_grad(price, (0, 1, 2, 3, 4))))
    return Built(
        lambda columns: jax.block_until_ready(function(*columns)),
        lambda point: [jnp.asarray(np.ascontiguousarray(column)) for column in point.T],
        lambda answer: [answer[0], *answer[1]],
    )


def _torch_leaf(array: Array) -> Any:
    import torch

    return torch.from_numpy(np.array(array)).requires_grad_()


def _torch_point(work: Work, loss: Callable[..., Any]) -> Built:
    """Return a loss of one vector, by eager operations on tensors."""
    import torch

    data = [torch.from_numpy(array) for array in work.data]

    def step(p: Any) -> tuple[float, Any]:
        value = loss(p, data)
        (gradient,) = torch.autograd.grad(value, p)
        return value.item(), gradient

    return Built(step, _torch_leaf)


def torch_demo(work: Work) -> Built:
    import torch

    return _torch_point(work, lambda p, data: demo_loss(torch.relu, p, work, data))


def torch_helmholtz(work: Work) -> Built:
    import torch

    return _torch_point(work, lambda x, data: helmholtz_energy(torch.log, x, data))


def torch_relu_net(work: Work) -> Built:
    import torch

    x, y = (torch.from_numpy(array) for array in work.data)

    def step(weights: list[Any]) -> list[Any]:
        value = ((torch.relu(x @ weights[0]) @ weights[1] - y) ** 2).sum()
        slopes = torch.autograd.grad(value, weights)
        with torch.no_grad():
            moved = [w - work.rate * slope for w, slope in zip(weights, slopes)]
        return [value.item(), *slopes, *moved]

    return Built(step, lambda point: [_torch_leaf(matrix) for matrix in work.cut(point)], _joined(work))


def torch_black_scholes(work: Work) -> Built:
    import torch

    ones = torch.ones(len(work.points[0]), dtype=torch.float64)

    def step(columns: list[Any]) -> list[Any]:
        price = black_scholes_price(torch, *columns)
        return [price.detach(), *torch.autograd.grad(price, columns, ones)]

    return Built(step, lambda point: [_torch_leaf(column) for column in point.T])


# -- who takes part ---------------------------------------------------------------------------------------------------

OURS = "tapegrad"
MODULES = {
    OURS: "autograd",
    "numpy": "numpy",
    "casadi": "casadi",
    "jax": "jax",
    "torch": "torch",
    "recorded": "autograd",
}

PEERS: dict[str, dict[str, Builder]] = {
    "demo": {"numpy": by_hand, "casadi": casadi_demo, "jax": jax_demo, "torch": torch_demo},
    "demo_nn": {"numpy": by_hand},
    "relu_net": {"numpy": by_hand, "jax": jax_relu_net, "torch": torch_relu_net},
    "logistic": {"numpy": by_hand},
    "rosenbrock": {"numpy": by_hand, "casadi": casadi_point},
    "helmholtz": {"numpy": by_hand, "casadi": casadi_point, "torch": torch_helmholtz},
    "black_scholes": {"numpy": by_hand, "jax": jax_black_scholes, "torch": torch_black_scholes},
    "chain": {"recorded": recorded_anew},
}


def builder(engine: str, work: str) -> Builder:
    """Return how an engine builds a work."""
    if engine == OURS:
        return from_source if work == "chain" else replayed
    return PEERS[work][engine]


def installed(engine: str) -> bool:
    return importlib.util.find_spec(MODULES[engine]) is not None


def load(engine: str) -> None:
    """Import what an engine needs, with 64 bits and one thread."""
    module = importlib.import_module(MODULES[engine])
    if engine in ("numpy", OURS) and importlib.util.find_spec("scipy") is not None:
        importlib.import_module("scipy.special")
    if engine == "jax":
        module.config.update("jax_enable_x64", True)
        module.numpy.zeros(1)  # starts it up
    elif engine == "torch":
        module.set_num_threads(1)
    elif MODULES[engine] == "autograd":
        importlib.import_module("nn")
        _warm_up(module)


def _warm_up(autograd: Any) -> None:
    """Do all of it once, so that what is imported and made once per process is not counted."""
    x = autograd.Value(1.0)
    y = x * x
    y.backward()
    tape = autograd.Tape.of(y)
    if hasattr(tape, "compile"):
        tape.compile(shared=[x], batched=[]).value_and_grad(np.ones(1), None)
    if hasattr(tape, "source"):
        tape.source()
