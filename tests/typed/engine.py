"""What type checkers know of `autograd`: mypy and pyright, both strict, check every line of this file.

`assert_type` holds where the type is exactly that; a line with `type: ignore` has to be an error, because an ignore
that nothing needs is one. `tests/test_typed.py` runs all of it: what is asserted has to be true as well. Results of
transforms and of compiled functions are Any: floats, Values or arrays in the structure of what was differentiated.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, assert_type

import numpy as np
from numpy.typing import NDArray

import autograd as ag
from autograd import (
    Condition,
    Dual,
    NonFiniteError,
    Primitive,
    Tape,
    Value,
    clip,
    dot,
    erf,
    exp,
    grad,
    gradcheck,
    hessian,
    hvp,
    hypot,
    jacobian,
    jvp,
    log,
    logsumexp,
    matvec,
    mean,
    no_grad,
    non_finite_origin,
    numerical_gradient,
    scope,
    sigmoid,
    softmax,
    strict,
    tanh,
    value_and_grad,
    vectorize,
    vjp,
    where,
)
from autograd.check import Report

w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
array = np.array([0.5, 1.0])


def first_example() -> None:
    g = w1**3 * w2 + 3 * w1
    assert_type(g, Value)
    assert_type(g.backward(), None)
    assert_type((g.data, w1.grad, g.item()), tuple[float, float, float])
    assert_type(g.detach(), Value)
    assert_type(g.operands, tuple[Value | float, ...])
    assert_type(g.primitive, Primitive | None)
    assert_type(g.label, str | None)
    w1.data -= 0.1 * w1.grad
    w1.grad = 0


def arithmetic(x: Value, either: Value | float) -> None:
    assert_type(x + 1, Value)
    assert_type(1 + x, Value)
    assert_type(x - x, Value)
    assert_type(2.0 - x, Value)
    assert_type(x * x, Value)
    assert_type(2 * x, Value)
    assert_type(x / 2, Value)
    assert_type(1 / x, Value)
    assert_type(x**2, Value)
    assert_type(2**x, Value)
    assert_type(x % 2, Value)
    assert_type(x // 2, Value)
    assert_type(divmod(x, 2), tuple[Value, Value])
    assert_type(-x, Value)
    assert_type(+x, Value)
    assert_type(abs(x), Value)
    assert_type(round(x, 1), Value)
    assert_type(x + Fraction(1, 3), Value)
    assert_type(x + Decimal("0.1"), Value)
    assert_type(x + np.float32(0.5), Value)
    assert_type(np.float64(0.5) * x, Value)
    assert_type(x + np.int64(2), Value)
    assert_type(x + either, Value)
    assert_type(either * x, Value)
    assert_type(sum([x, x]), Value | Literal[0])
    assert_type(max(x, x), Value)
    x += 1
    assert_type(x, Value)


def comparisons(x: Value) -> None:
    assert_type(x > 0, Condition)
    assert_type(1.0 > x, Condition)  # noqa: SIM300
    assert_type(x <= x, Condition)
    assert_type(where(x > 0, x, 0.0), Value)
    assert_type(where(x > 0, 0.0, x), Value)


def methods(x: Value, y: Dual) -> None:
    assert_type(x.tanh(), Value)
    assert_type(x.relu().exp(), Value)
    assert_type(x.arcsin(), Value)
    assert_type(y.tanh(), Dual)


def primitives(x: Value, y: Dual, either: Value | float) -> None:
    assert_type(tanh(0.5), float)
    assert_type(tanh(1), float)
    assert_type(tanh(x), Value)
    assert_type(tanh(y), Dual)
    assert_type(tanh(array), NDArray[Any])
    assert_type(tanh(either), Value | float)
    assert_type(log(0.5), float)
    assert_type(log(x), Value)
    assert_type(log(x, 2), Value)
    assert_type(ag.pow(x, 2), Value)
    assert_type(ag.pow(2, x), Value)
    assert_type(ag.pow(2, 3), float)
    assert_type(clip(x, 0.0, 1.0), Value)
    assert_type(clip(0.5, 0.0, 1.0), float)
    assert_type(ag.divmod(x, 2), tuple[Value, Value])
    assert_type(log(1 + exp(-x * 2)), Value)


def what_is_not_known(unknown: Any) -> None:
    assert_type(tanh(unknown), Any)
    assert_type(mean([unknown for _ in range(3)]), Any)
    assert_type(dot([unknown], [unknown]), Any)


def primitives_of_many(x: Value, xs: list[Value], numbers: list[float]) -> None:
    assert_type(ag.sum(xs), Value)
    assert_type(ag.sum(v * v for v in xs), Value)
    assert_type(ag.sum(numbers), float)
    assert_type(ag.sum(x, 1.0, x), Value)
    assert_type(ag.max(x, 0.0), Value)
    assert_type(ag.max(0.0, x), Value)
    assert_type(ag.min(1.0, 2.0), float)
    assert_type(mean(xs), Value)
    assert_type(logsumexp(xs), Value)
    assert_type(hypot(3.0, 4.0), float)
    assert_type(dot(numbers, numbers), float)
    assert_type(dot(xs, numbers), Value)
    assert_type(dot(numbers, xs), Value)
    assert_type(softmax(xs), list[Value])
    assert_type(softmax(numbers, temperature=2.0), list[float])
    assert_type(matvec([xs, xs], numbers), list[Value])
    assert_type(matvec([numbers], numbers), list[float])


def dual_numbers(x: Value) -> None:
    y = Dual(2.0, 1.0)
    assert_type(y * 3, Dual)
    assert_type(3 - y, Dual)
    assert_type(y * y, Dual)
    assert_type(x * y, Dual)
    assert_type(y * x, Dual)
    assert_type(erf(y), Dual)


def transforms() -> None:
    def f(x: Any, y: Any = 1.0) -> Any:
        return x * x * y

    assert_type(grad(f), Callable[..., Any])
    assert_type(grad(grad(f))(2.0), Any)
    assert_type(grad(f, argnums=(0, 1))(2.0, 3.0), Any)
    value, gradient = assert_type(value_and_grad(f)(2.0), tuple[Any, Any])
    assert_type((value, gradient), tuple[Any, Any])
    assert_type(value_and_grad(f, argnums=(0, 1))(2.0, 3.0), tuple[Any, Any])
    (value, aux), gradient = value_and_grad(lambda x: (x * x, "aux"), has_aux=True)(2.0)
    gradient, aux = grad(lambda x: (x * x, "aux"), has_aux=True)(2.0)
    assert_type((value, gradient, aux), tuple[Any, Any, Any])
    assert_type(jacobian(f), Callable[..., Any])
    assert_type(hessian(f), Callable[..., Any])
    assert_type(hvp(f)(2.0, 1.0), Any)
    assert_type(jvp(f, (2.0, 3.0), (1.0, 0.0)), tuple[Any, Any])
    output, pullback = vjp(f, 2.0, 3.0)
    assert_type(pullback(1.0), tuple[Any, ...])
    assert_type(output, Any)
    assert_type(grad(tanh)(0.5), Any)
    assert_type(numerical_gradient(f, 2.0, method="stencil"), Any)


def checks() -> None:
    report = gradcheck(lambda x: x * x, (1.5,), order=2)
    assert_type(bool(report), bool)
    assert_type(report, Report)
    assert_type(gradcheck(tanh, [0.5], raises=False), Report)
    assert_type(non_finite_origin(lambda: log(w1)), NonFiniteError | None)


def own_primitive() -> None:
    swish = Primitive("swish", lambda x: x * sigmoid(x), partials=(lambda y, x: sigmoid(x) * (1 + x * sigmoid(-x)),))
    assert_type(swish(0.5), float)
    assert_type(swish(w1), Value)


def tapes() -> None:
    tape = Tape.of(w1 * w2)
    assert_type(tape, Tape)
    assert_type(tape.trace(), str)
    assert_type(tape.formula(latex=True), str)
    assert_type(tape.source(), str)
    assert_type([line.name for line in tape.lines()], list[str])
    program = tape.compile(shared=[w1], batched=[w2])
    assert_type(program.value_and_grad([2.0], [[3.0]])[0].tolist(), Any)
    with no_grad(), strict(), scope("a"), Tape() as own:
        assert_type(own, Tape)


def replayed() -> None:
    def loss(w: Any, x: Any, y: Any) -> Any:
        return log(1 + exp(-y * dot(w, x)))

    fast = ag.compile(loss, batched=("x", "y"))
    x, y = [[1.0, 2.0], [0.5, -1.0]], [1.0, -1.0]
    assert_type(fast([0.5, -0.25], x, y), Any)
    assert_type(fast.value_and_grad([0.5, -0.25], x, y), tuple[Any, Any])
    assert_type(vectorize(lambda a, b: a * b)([1.0], 2.0), Any)


def pictures() -> None:
    drawing = ag.draw(w1 * w2, theme="dark")
    assert_type(drawing.source, str)
    stepper = ag.step_through(w1 * w2)
    assert_type(stepper.html, str)
    assert_type(ag.name({"w1": w1}), None)


def wrong(x: Value) -> None:
    x + "1"  # type: ignore[operator]
    "1" * x  # type: ignore[operator]
    x - None  # type: ignore[operator]
    x / [1.0]  # type: ignore[operator]
    x > "1"  # type: ignore[operator]  # noqa: B015
    x + 1j  # type: ignore[operator]
    Value("2.0")  # type: ignore[arg-type]
    Value(None)  # type: ignore[arg-type]
    Dual([1.0])  # type: ignore[arg-type]
    tanh("0.5")  # type: ignore[call-overload]
    tanh([0.5])  # type: ignore[call-overload]
    tanh()  # type: ignore[call-overload]
    softmax(1.0)  # type: ignore[call-overload]
    grad()  # type: ignore[call-overload]
    gradcheck(tanh, 0.5)  # type: ignore[arg-type]
    Tape.of(x).compile(x)  # type: ignore[arg-type]
    numerical_gradient(tanh)  # type: ignore[call-arg]
    x.no_such_method()  # type: ignore[attr-defined]
