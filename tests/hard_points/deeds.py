"""Things done in some order, or wrongly, and what comes of them: numbers, or an exception that says what to do."""

from __future__ import annotations

import copy
import functools
import math
import operator
import pickle
from collections import namedtuple
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

import autograd as ag
import nn
from autograd import (
    ManyPrimitive,
    Primitive,
    Tape,
    Value,
    compile,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)
from tests.hard_points import Deed, Raises

__all__ = ["GROUPS"]

inf, nan = math.inf, math.nan
GROUPS: dict[str, list[Deed]] = {}


def deed(group: str, situation: str, gives: Any, source: str = "", **more: str) -> Callable[[Callable[[], Any]], Any]:
    """Put a function into the list of its group."""

    def listed(do: Callable[[], Any]) -> Callable[[], Any]:
        GROUPS.setdefault(group, []).append(Deed(situation, do, gives, source, **more))
        return do

    return listed


# -- sweeps ------------------------------------------------------------------------------------------------------------

sweeps = functools.partial(deed, "Sweeps and what they leave")


@sweeps(
    "a second sweep after the leaf was reset",
    [27.0, 27.0],
    "micrograd #8, #25, #53, #63",
    peers="micrograd: 27, then 45†; torch: an error without retain_graph†",
)
def _() -> Any:
    x = Value(3.0)
    y = x * x * x
    y.backward()
    first = x.grad
    x.grad = 0.0
    y.backward()
    return [first, x.grad]


@sweeps("three sweeps without a reset", 81.0, "micrograd #102, pytorch test_multi_backward")
def _() -> Any:
    x = Value(3.0)
    y = x * x * x
    for _ in range(3):
        y.backward()
    return x.grad


@sweeps("an inner node's own sweep, then its result's", [33.0, 1.0, 3.0], "micrograd #32")
def _() -> Any:
    x = Value(3.0)
    square = x * x
    y = square * x
    square.backward()
    y.backward()
    return [x.grad, y.grad, square.grad]


@sweeps("a graph that goes on after its sweep", [6.0, 33.0], "pytorch test_backward_twice_retained_graph")
def _() -> Any:
    x = Value(3.0)
    y = x * x
    y.backward()
    first = x.grad
    (y * x).backward()
    return [first, x.grad]


@sweeps("two graphs over one leaf", 13.0, "pytorch test_accumulate_grad")
def _() -> Any:
    x = Value(2.0)
    (x * x).backward()
    (x * x * x - 3 * x).backward()
    return x.grad


@sweeps("a leaf that the result does not depend on", [4.0, 0.0], "tinygrad #4325", peers="None or an error in torch†")
def _() -> Any:
    x, unused = Value(2.0), Value(5.0)
    y = x * x
    unused * x
    y.backward()
    return [x.grad, unused.grad]


@sweeps("a sweep from a leaf", [2.0, True], "pytorch test_leaf_assignment")
def _() -> Any:
    x = Value(3.0)
    x.backward(2.0)
    return [x.grad, x.is_leaf]


@sweeps("a seed of 0 passes no pole", 0.0, "CoDiPack (skip zero adjoints)")
def _() -> Any:
    x = Value(0.0)
    ag.sqrt(x).backward(0.0)
    return x.grad


@sweeps("an infinite seed", [inf, 0.0], "IEEE 754")
def _() -> Any:
    x, y = Value(2.0), Value(0.0)
    (3 * x + ag.floor(y)).backward(inf)
    return [x.grad, y.grad]


@sweeps("a seed that is not a number", Raises(TypeError, "not str"), "pytorch test_grad_badcalls")
def _() -> Any:
    Value(2.0).backward("1")


@sweeps("a sweep from a constant", Raises(ValueError, "backward() on a constant"), "pytorch (no grad_fn)")
def _() -> Any:
    (Value(2.0).detach() * 2).backward()


@sweeps("Python's own sum, which starts at the int 0", [6.0, [1.0, 1.0, 1.0]], "micrograd (radd)")
def _() -> Any:
    xs = [Value(float(k)) for k in (1, 2, 3)]
    total = sum(xs)
    total.backward()
    return [total.data, [x.grad for x in xs]]


@sweeps("one leaf at two places of the arguments", [9.0, 18.0], "pytorch (the same input twice)")
def _() -> Any:
    x = Value(3.0)
    return numbers(grad(lambda v: v[0] * v[1] ** 2)([x, x]))


@sweeps("one leaf at two places, swept", 27.0, "pytorch (the same input twice)")
def _() -> Any:
    x = Value(3.0)
    f = lambda v: v[0] * v[1] ** 2
    f([x, x]).backward()
    return x.grad


@sweeps("an output that nobody uses", 4.0, "pytorch test_unused_output")
def _() -> Any:
    x = Value(2.0)
    first, _ = divmod(x * x, 3.0)
    (x * x + first).backward()
    return x.grad


@sweeps("a program that failed half way leaves nothing behind", [4.0, 0.0], "autograd #515, jax (leaked tracers)")
def _() -> Any:
    w = Value(5.0)
    try:
        grad(lambda x: ag.log(x) * w * [][0])(2.0)
    except IndexError:
        return [grad(lambda x: x * x)(2.0), w.grad]


@sweeps("a sweep within a differentiated function", [12.0, 8.0], "pytorch test_simple_reentrant")
def _() -> Any:
    w = Value(4.0)

    def f(x: Any) -> Any:
        y = x * x
        (w * w).backward()
        return y * x

    return [grad(f)(2.0), w.grad]


@sweeps("what was let go of is swept all the same", 32.0, "pytorch test_free_deep_graph, micrograd")
def _() -> Any:
    x = Value(2.0)
    y = x * x
    z = y * y
    del y
    z.backward()
    return x.grad


# -- what is changed afterwards ----------------------------------------------------------------------------------------

changes = functools.partial(deed, "Numbers, lists and arrays changed afterwards")


@changes(
    "a leaf given another number after the forward computation",
    [9.0, 6.0],
    "pytorch (version counters), micrograd",
    peers="micrograd: 200†; torch by .data: 200†",
)
def _() -> Any:
    x = Value(3.0)
    y = x * x
    x.data = 100.0
    y.backward()
    return [y.data, x.grad]


@changes("`y += 1` leaves x alone", [2.0, 3.0, 1.0], "xad test_addition_assignment")
def _() -> Any:
    x = Value(2.0)
    y = x
    y += 1
    y.backward()
    return [x.data, y.data, x.grad]


@changes("an entry of a list, increased in a loop", [[1.0, 1.0, 1.0], 6.0], "autograd #58, #177, #181")
def _() -> Any:
    xs = [Value(1.0), Value(2.0), Value(3.0)]
    totals = [0.0]
    for x in xs:
        totals[0] += x
    totals[0].backward()
    return [[x.grad for x in xs], totals[0].data]


@changes("a function that changes the list it is given", [0.0, 4.0], "autograd #515, #556", peers="autograd: an error")
def _() -> Any:
    def f(v: Any) -> Any:
        v[0] = v[1]
        return v[0] * v[1]

    return grad(f)([3.0, 2.0])


@changes("a function that changes the array it is given", [0.0, 4.0], "autograd #515, #559", peers="autograd: an error")
def _() -> Any:
    def f(v: Any) -> Any:
        v[0] = v[1]
        return v[0] * v[1]

    return grad(f)(np.array([3.0, 2.0])).tolist()


@changes("the caller's list and array stay as they were", [[3.0, 2.0], [3.0, 2.0]], "autograd #559")
def _() -> Any:
    def f(v: Any) -> Any:
        v[0] = v[1] * 7.0
        return v[0]

    numbers, array = [3.0, 2.0], np.array([3.0, 2.0])
    grad(f)(numbers), grad(f)(array)
    return [numbers, array.tolist()]


@changes(
    "an array changed between the function and its pullback",
    [4.0, 6.0],
    "autograd (arrays edited in place)",
    peers="autograd: unnoticed",
)
def _() -> Any:
    point = np.array([2.0, 3.0])
    _, pullback = vjp(lambda v: (v * v).sum(), point)
    point[:] = 100.0
    return pullback(1.0)[0].tolist()


@changes("an array of Values, increased in place", [[2.0, 2.0], 6.0], "autograd #181")
def _() -> Any:
    xs = np.array([Value(1.0), Value(2.0)])
    ys = xs.copy()
    ys += xs
    ys.sum().backward()
    return [[x.grad for x in xs], ys.sum().data]


@changes(
    "a Value put into an array of floats",
    Raises(TypeError, "silently drop its derivative"),
    "autograd #58, #559",
    peers="autograd does not explain it",
)
def _() -> Any:
    np.zeros(2)[0] = Value(1.0)


@changes(
    "an inner number assigned",
    Raises(AttributeError, "only a leaf's data can be assigned"),
    "pytorch (version counters)",
)
def _() -> Any:
    y = Value(3.0) * 2
    y.data = 1.0


@changes(
    "a leaf changed by the function that is differentiated",
    Raises(ag.StaleTape, "recorded with"),
    "pytorch (version counters)",
)
def _() -> Any:
    w = Value(3.0)

    def f(x: Any) -> Any:
        y = w * x * x
        w.data = 4.0
        return y

    return grad(f)(2.0)


@changes("steps of descent by assignment", [1.5, 0.75], "micrograd's demo")
def _() -> Any:
    p = Value(3.0)
    found = []
    for _ in range(2):
        p.grad = 0.0
        (p * p).backward()
        p.data -= 0.25 * p.grad
        found.append(p.data)
    return found


@changes("a copy's sweep stays with the copy", [0.0, 6.0], "micrograd", peers="micrograd: the original gets it†")
def _() -> Any:
    x = Value(3.0)
    twin = copy.deepcopy(x * x)
    twin.backward()
    return [x.grad, twin.operands[0].grad]


@changes(
    "a pickled graph is swept where it arrives",
    [9.0, 6.0],
    "pytorch test_pickle",
    peers="micrograd cannot; torch: leaves only†",
)
def _() -> Any:
    twin = pickle.loads(pickle.dumps(Value(3.0) ** 2))
    twin.backward()
    return [twin.data, twin.operands[0].grad]


@changes("a shallow copy of a leaf is another leaf", [3.0, 0.0], "pytorch test_deepcopy")
def _() -> Any:
    x = Value(2.0)
    twin = copy.copy(x)
    (3 * twin).backward()
    return [twin.grad, x.grad]


# -- cut off -----------------------------------------------------------------------------------------------------------

cuts = functools.partial(deed, "Cut off: detach and no_grad")


@cuts(
    "a factor that is cut off", [math.cos(3.0) * math.cos(3.0), -math.sin(3.0) * math.cos(3.0)], "jax testStopGradient"
)
def _() -> Any:
    f = lambda x: ag.sin(x) * ag.cos(x.detach())
    return [grad(f)(3.0), grad(grad(f))(3.0)]


@cuts("a factor that is cut off, forward", math.cos(3.0) * math.cos(3.0), "jax testStopGradient")
def _() -> Any:
    return jvp(lambda x: ag.sin(x) * ag.cos(x.detach()), (3.0,), (1.0,))[1]


@cuts(
    "a factor that is cut off, replayed",
    [math.cos(3.0) * math.cos(3.0), math.cos(2.0) * math.cos(2.0)],
    "jax testStopGradient",
)
def _() -> Any:
    f = lambda x: ag.sin(x) * ag.cos(x.detach())
    return compile(f, "x").value_and_grad([3.0, 2.0], argnums="x")[1].tolist()


@cuts("all cut off", 0.0, "jax testStopGradient")
def _() -> Any:
    return grad(lambda x: x.detach() * 3.0)(2.0)


@cuts("straight through: rounded forward, the identity backward", [3.0, 1.0], "pytorch (straight-through estimators)")
def _() -> Any:
    x = Value(2.7)
    y = x + (ag.round(x) - x).detach()
    y.backward()
    return [y.data, x.grad]


@cuts("a part computed under no_grad is a constant", 4.0, "pytorch test_no_grad")
def _() -> Any:
    def f(x: Any) -> Any:
        with ag.no_grad():
            square = x * x
        return square * x

    return grad(f)(2.0)


@cuts("no_grad ends with an exception", [True, False], "pytorch test_set_grad_enabled")
def _() -> Any:
    x, found = Value(2.0), []
    try:
        with ag.no_grad():
            found.append((x * x).is_constant)
            raise RuntimeError
    except RuntimeError:
        found.append((x * x).is_constant)
    return found


@cuts("a leaf made under no_grad is a leaf", 4.0, "pytorch test_no_grad_modifies_version")
def _() -> Any:
    with ag.no_grad():
        x = Value(2.0)
    (x * x).backward()
    return x.grad


@cuts("a transform under no_grad differentiates", 4.0, "pytorch (torch.func under no_grad)")
def _() -> Any:
    with ag.no_grad():
        return grad(lambda x: x * x)(2.0)


# -- closures ----------------------------------------------------------------------------------------------------------

closures = functools.partial(deed, "Functions that close over Values")


@closures("a gradient that depends on a leaf outside can be swept", [36.0, 24.0], "jax, pytorch (create_graph)")
def _() -> Any:
    w = Value(3.0)
    slope = grad(lambda x: w * w * x * x)(2.0)
    slope.backward()
    return [slope.data, w.grad]


@closures("a transform touches no grad", [0.0, 0.0], "autograd, jax")
def _() -> Any:
    w, x = Value(3.0), Value(2.0)
    grad(lambda y: w * y * y)(x)
    return [w.grad, x.grad]


@closures("the derivative of a line at a leaf is a number", [3.0, float], "pytorch #32304", peers="RuntimeError†")
def _() -> Any:
    slope = grad(lambda x: 3 * x)(Value(2.0))
    return [slope, type(slope)]


@closures("a gradient penalty", [81.0, 54.0], "pytorch (double backward)")
def _() -> Any:
    w = Value(3.0)
    penalty = grad(lambda v: 1.5 * v * v)(w) ** 2
    penalty.backward()
    return [penalty.data, w.grad]


@closures("a function kept from a loop means its last leaf", [10.0, 10.0], "Python")
def _() -> Any:
    functions = [lambda x: w * x for w in (Value(2.0), Value(5.0))]  # noqa: B023 # this is the situation
    return [f(2.0).data for f in functions]


@closures("an input kept beyond its transform", 6.0, "jax (leaked tracers)", peers="jax: UnexpectedTracerError")
def _() -> Any:
    kept = []
    grad(lambda x: kept.append(x) or x * x)(3.0)
    return (kept[0] * 2).data


@closures("an argument given by a keyword and one by functools.partial", [5.0, 3.0], "autograd test_partial")
def _() -> Any:
    return [grad(lambda x, *, k: x * k)(3.0, k=5.0), grad(functools.partial(lambda x, y: x * y, y=3.0))(2.0)]


# -- primitives of users -----------------------------------------------------------------------------------------------

custom = functools.partial(deed, "Primitives of one's own")


def made(compute: Any, *partials: Any) -> Primitive:
    """Return a primitive called "mine"."""
    return Primitive("mine", compute, partials=partials)


def square(x: Any) -> Any:
    return x * x


@custom("a right one, in three orders", [6.0, 2.0, 0.0], "autograd test_primitives, jax custom_jvp")
def _() -> Any:
    row = made(square, lambda y, x: 2.0 * x)
    return [grad(row)(3.0), grad(grad(row))(3.0), grad(grad(grad(row)))(3.0)]


@custom("a partial of nan is passed on", nan, "pytorch test_custom_function")
def _() -> Any:
    return grad(made(square, lambda y, x: nan))(3.0)


@custom("a partial of nan that meets an adjoint of 0 is nothing", 0.0, "CppAD #7 (azmul)")
def _() -> Any:
    return grad(lambda x: 0.0 * made(square, lambda y, x: nan)(x))(3.0)


@custom(
    "an int from a partial and from the function",
    [9.0, 3.0],
    "autograd #3, #482",
    peers="autograd: garbage from int arrays",
)
def _() -> Any:
    return list(value_and_grad(made(lambda x: 9, lambda y, x: 3))(3.0))


@custom("a partial that returns a str", Raises(TypeError, "the partial of mine"), "pytorch test_invalid_gradients")
def _() -> Any:
    return grad(made(square, lambda y, x: "6"))(3.0)


@custom(
    "a partial that returns nothing",
    Raises(TypeError, "the partial of mine"),
    "pytorch test_function_returns_undefined",
)
def _() -> Any:
    return grad(made(square, lambda y, x: None))(3.0)


@custom(
    "a partial that returns a complex number",
    Raises(TypeError, "the partial of mine"),
    "autograd",
    peers="autograd: complex gradients†",
)
def _() -> Any:
    return grad(made(square, lambda y, x: 1j))(3.0)


@custom("a partial that returns nothing, forward", Raises(TypeError, "the partial of mine"), "jax custom_jvp tests")
def _() -> Any:
    return jvp(made(square, lambda y, x: None), (3.0,), (1.0,))


@custom(
    "a function that returns nothing", Raises(TypeError, "mine returned NoneType"), "pytorch test_custom_function_error"
)
def _() -> Any:
    return made(lambda x: None, lambda y, x: 1.0)(Value(3.0))


@custom(
    "a function that returns a complex number",
    Raises(TypeError, "mine returned complex"),
    "micrograd",
    peers="micrograd: (-1) ** 0.5 is complex†",
)
def _() -> Any:
    return made(lambda x: (-1.0) ** 0.5, lambda y, x: 1.0)(Value(3.0))


@custom("a partial of too few arguments", Raises(TypeError, "takes (output, *arguments)"), "jax custom_vjp tests")
def _() -> Any:
    return grad(made(square, lambda x: 2.0 * x))(3.0)


@custom("a partial of too many arguments", Raises(TypeError, "takes (output, *arguments)"), "jax custom_vjp tests")
def _() -> Any:
    return grad(made(square, lambda z, x, y: 2.0 * x))(3.0)


@custom(
    "one partial where there are two arguments",
    Raises(TypeError, "takes 1 argument, 2 were given"),
    "jax custom_vjp tests",
)
def _() -> Any:
    return made(lambda x, y: x * y, lambda z, x: x)(Value(3.0), 2.0)


@custom("a partial that is not in a tuple", Raises(TypeError, "partials"), "autograd (defvjp)")
def _() -> Any:
    return Primitive("mine", square, partials=lambda y, x: 2.0 * x)  # type: ignore[arg-type]


@custom(
    "too few slopes of many operands", Raises(ValueError, "1 slope for 2 operands"), "pytorch test_invalid_gradients"
)
def _() -> Any:
    return ManyPrimitive("mine", lambda *xs: sum(xs), partials=lambda y, *xs: [1.0])([Value(1.0), Value(2.0)])


@custom(
    "too many slopes of many operands", Raises(ValueError, "3 slopes for 2 operands"), "pytorch test_invalid_gradients"
)
def _() -> Any:
    return ManyPrimitive("mine", lambda *xs: sum(xs), partials=lambda y, *xs: [1.0] * 3)([Value(1.0), Value(2.0)])


@custom(
    "a partial by `math`, differentiated again",
    Raises(TypeError, "autograd.sin(v) instead of math.sin(v)"),
    "pytorch (once_differentiable)",
    peers="torch: math.sin(t) drops the gradient with a warning†",
)
def _() -> Any:
    row = made(math.sin, lambda y, x: math.cos(x))
    return grad(grad(row))(2.0)


@custom("a partial by `math`, differentiated once", math.cos(2.0), "pytorch (once_differentiable)")
def _() -> Any:
    return grad(made(math.sin, lambda y, x: math.cos(x)))(2.0)


@custom("a partial that raises", Raises(ValueError, "math domain error"), "pytorch test_custom_function_exception")
def _() -> Any:
    return grad(made(square, lambda y, x: math.log(-1.0)))(3.0)


@custom("a partial that divides by 0", inf, "IEEE 754")
def _() -> Any:
    return grad(made(square, lambda y, x: 1.0 / x))(0.0)


@custom("a primitive used in its own partial", [1.0, 1.0, 1.0], "autograd (exp)")
def _() -> Any:
    row = made(math.exp, lambda y, x: row(x))
    return [grad(row)(0.0), grad(grad(row))(0.0), jvp(grad(row), (0.0,), (1.0,))[1]]


@custom(
    "a partial that is wrong is named",
    Raises(ag.GradientMismatch, "mine"),
    "pytorch #2710, #48764",
    peers="torch: no name; 0.05 % off passes†",
)
def _() -> Any:
    row = made(square, lambda y, x: 2.0005 * x)
    return ag.gradcheck(lambda x: ag.exp(row(ag.sin(x))), (1.0,))


# -- numbers of other kinds --------------------------------------------------------------------------------------------

kinds = functools.partial(deed, "Numbers of other kinds")


@kinds("every kind of real exponent", [9.0] * 7, "micrograd #17, #36", peers="micrograd: AssertionError†")
def _() -> Any:
    twos = (2, 2.0, np.int64(2), np.float32(2), np.uint8(2), Fraction(2), Decimal(2))
    return [(Value(3.0) ** two).data for two in twos]


@kinds("every kind of real base", [8.0] * 7, "micrograd #122", peers="micrograd: TypeError†")
def _() -> Any:
    twos = (2, 2.0, np.int64(2), np.float32(2), np.uint8(2), Fraction(2), Decimal(2))
    return [(two ** Value(3.0)).data for two in twos]


@kinds(
    "the nearest float of other numbers", [0.1, 1 / 3, 2.0**53, float(np.float16(0.1))], "xad test_initialize_from_int"
)
def _() -> Any:
    given = (Decimal("0.1"), Fraction(1, 3), 2**53 + 1, np.float16(0.1))
    return [Value(each).data for each in given]


@kinds(
    "a NumPy number to the left of every operator",
    [5.0, -1.0, 6.0, 2 / 3, 8.0, 2.0, 0.0],
    "micrograd (by luck)",
    peers="xad-py has no NumPy",
)
def _() -> Any:
    two, x = np.float64(2.0), Value(3.0)
    operators = (
        operator.add,
        operator.sub,
        operator.mul,
        operator.truediv,
        operator.pow,
        operator.mod,
        operator.floordiv,
    )
    return [operate(two, x).data for operate in operators]


@kinds("an array of no axes beside a Value", [6.0, 6.0], "micrograd (v * ndarray is a Value of an array)")
def _() -> Any:
    return [(Value(3.0) * np.array(2.0)).data, (np.array(2.0) * Value(3.0)).data]


@kinds("an array as a number", Raises(TypeError, "not ndarray"), "micrograd", peers="micrograd takes it†")
def _() -> Any:
    return Value(np.array([1.0, 2.0]))


@kinds("NumPy's bool", Raises(TypeError, "write 1.0 or 0.0"), "micrograd", peers="micrograd takes True†")
def _() -> Any:
    return Value(np.bool_(True))


@kinds("a complex number of NumPy", Raises(TypeError, "complex128"), "xad-py #2")
def _() -> Any:
    return Value(np.complex128(1.0))


@kinds("a str", Raises(TypeError, "not str"), "micrograd", peers="micrograd takes it†")
def _() -> Any:
    return Value("2")


@kinds("a list times a Value", Raises(TypeError, "not list"), "micrograd", peers="micrograd repeats the list†")
def _() -> Any:
    return Value(2.0) * [1.0, 2.0]


@kinds("a Value as an index", Raises(TypeError, "indices must be integers"), "jax (concretization)")
def _() -> Any:
    return [1, 2, 3][Value(1.0)]  # type: ignore[call-overload]


@kinds("range of a Value", Raises(TypeError, "integer"), "jax test_range_err")
def _() -> Any:
    return range(Value(3.0))  # type: ignore[arg-type]


@kinds(
    "math.sin of a Value",
    Raises(TypeError, "autograd.sin(v) instead of math.sin(v)"),
    "pytorch PR #143261",
    peers="torch: the gradient is dropped with a warning†; casadi: nan†",
)
def _() -> Any:
    return math.sin(Value(1.0))


@kinds("a float, an int and NumPy's types in one sum", [6.5, 1.0], "autograd #229")
def _() -> Any:
    x = Value(1.0)
    y = x + 1 + 2.0 + np.float32(0.5) + np.int8(2)
    y.backward()
    return [y.data, x.grad]


@kinds(
    "whole numbers as arguments",
    [[2.0, 4.0], "float64"],
    "autograd #370, tinygrad #9723",
    peers="autograd: -2^63 from an int array",
)
def _() -> Any:
    gradient = grad(lambda v: (v * v).sum())(np.array([1, 2]))
    return [gradient.tolist(), str(gradient.dtype)]


@kinds("formatting as a float", "   1.23000", "xad test_format")
def _() -> Any:
    return f"{Value(1.23):10.5f}"


@kinds("a small number's repr keeps its digits", True, "xad-py", peers="xad-py: 1e-10 is 0.000000†")
def _() -> Any:
    return "1e-10" in repr(Value(1e-10))


# -- comparisons -------------------------------------------------------------------------------------------------------

compared = functools.partial(deed, "Comparisons and containers")


@compared(
    "== compares numbers, the hash the node",
    [True, False, 2],
    "micrograd, xad-py",
    peers="micrograd: Value(2) == 2 is False†; xad-py: equal ones collide in sets†",
)
def _() -> Any:
    x, y = Value(2.0), Value(2.0)
    return [bool(x == 2), x is y, len({x, y})]


@compared("in and index of lists go by number", [True, True, 1], "ForwardDiff.jl #481")
def _() -> Any:
    x = Value(2.0)
    return [2.0 in [x], x in [2.0], [Value(1.0), x].index(2.0)]


@compared("a dict keyed by nodes", [1, False], "tinygrad, micrograd")
def _() -> Any:
    x = Value(2.0)
    return [{x: 1}[x], x in {Value(2.0): 1}]


@compared("nan is equal to nothing", [False, True, False], "IEEE 754")
def _() -> Any:
    x = Value(nan)
    return [bool(x == x), bool(x != x), bool(x < 1)]  # this is the situation


@compared("None and words are not equal to a number", [False, True], "micrograd")
def _() -> Any:
    return [Value(2.0) == None, Value(2.0) != "2"]  # noqa: E711 # this is the situation


@compared("a number is not less than a word", Raises(TypeError, "not supported"), "Python")
def _() -> Any:
    return Value(2.0) < "3"


@compared("a chained comparison", [True, False], "xad test_comparison_real_to_float")
def _() -> Any:
    return [bool(0 < Value(0.5) < 1), bool(0 < Value(2.0) < 1)]


@compared("NumPy's numbers on the left of a comparison", [True, True, False], "xad test_comparison_real_to_real")
def _() -> Any:
    x = Value(2.0)
    return [bool(np.float64(2.0) == x), bool(np.float64(1.0) < x), bool(np.int64(3) <= x)]


@compared("the truth of 0, -0 and nan", [False, False, True], "micrograd", peers="micrograd: always True†")
def _() -> Any:
    return [bool(Value(0.0)), bool(Value(-0.0)), bool(Value(nan))]


# -- recording again ---------------------------------------------------------------------------------------------------

replays = functools.partial(deed, "Recorded once, computed again")


@replays(
    "a bare program whose branch would change",
    Raises(ag.BranchChanged, "another branch"),
    "CppAD test_more/compare_change",
    peers="CppAD counts them; ReverseDiff.jl: silently wrong",
)
def _() -> Any:
    x = Value(3.0)
    y = x * x if x > 1 else -x
    return Tape.of(y).compile(batched=[x]).value([], [[2.0], [0.5]])


@replays("a bare program whose branch stays", [4.0, 9.0], "CppAD test_more/compare_change")
def _() -> Any:
    x = Value(3.0)
    y = x * x if x > 1 else -x
    return Tape.of(y).compile(batched=[x]).value([], [[2.0], [3.0]]).tolist()


@replays(
    "an output that is the leaf that was chosen",
    Raises(ag.BranchChanged, "another branch"),
    "CppAD test_more/compare_change",
)
def _() -> Any:
    x, y = Value(3.0), Value(4.0)
    smaller = x if x < y else y
    return Tape.of(smaller).compile(batched=[x, y]).value([], [[3.0, 4.0], [4.0, 3.0]])


@replays(
    "the number of an argument read while recording",
    Raises(TypeError, "where"),
    "jax (concretization)",
    peers="jax: TracerBoolConversionError†",
)
def _() -> Any:
    return compile(lambda x: x * math.sin(x.data), "x")([1.0])


@replays("a loop as long as an argument says", [1.0, 8.0, 27.0], "jax test_range_err")
def _() -> Any:
    power = compile(lambda x, n: functools.reduce(operator.mul, [x] * n), batched="x", static="n")
    return power([1.0, 2.0, 3.0], 3).tolist()


@replays("more paths than are kept", Raises(ag.TooManyPaths, "16"), "CppAD (retaping)")
def _() -> Any:
    def counted(x: Any) -> Any:
        y = x
        while y > 0:
            y = y - 1
        return y

    return compile(counted, "x")([float(k) for k in range(20)])


@replays("a leaf from outside that changes between calls", [[6.0], [10.0]], "CppAD test_more/new_dynamic")
def _() -> Any:
    w = Value(3.0)
    f = compile(lambda x: w * x, "x")
    first = f([2.0]).tolist()
    w.data = 5.0
    return [first, f([2.0]).tolist()]


@replays("a constant from outside that changes between calls is not seen", [[6.0], [6.0]], "jax (impure functions)")
def _() -> Any:
    factors = [3.0]
    f = compile(lambda x: factors[0] * x, "x")
    first = f([2.0]).tolist()
    factors[0] = 5.0
    return [first, f([2.0]).tolist()]


@replays("a tape opened twice", Raises(RuntimeError, "recorded already"), "xad test_tape_using_with")
def _() -> Any:
    tape = Tape()
    with tape:
        pass
    with tape:
        pass


@replays("a tape in a tape", [4.0, 12.0], "xad", peers="xad: tape already active for the current thread†")
def _() -> Any:
    x = Value(2.0)
    with Tape():
        y = x * x
        with Tape():
            z = y * x
        z.backward()
    return [y.data, x.grad]


@replays("a compiled part of a function that is differentiated", [31.75, 10.25], "autograd test_checkpoint_correctness")
def _() -> Any:
    part = compile(lambda x, y: 2 * x + y + 5)
    return list(value_and_grad(lambda x: part(x, x / 4) + part(x, x**2))(3.0))


# -- shapes ------------------------------------------------------------------------------------------------------------

shapes = functools.partial(deed, "Shapes of derivatives")


@shapes("the Jacobian of what does not depend on anything", [[0.0, 0.0], [0.0, 0.0]], "casadi test jacobian (sparse)")
def _() -> Any:
    return jacobian(lambda v: [3.0, 4.0])([1.0, 2.0])


@shapes("the Jacobian of an exchange", [[0.0, 1.0], [1.0, 0.0]], "casadi test jacobian")
def _() -> Any:
    return jacobian(lambda v: [v[1], v[0]])([1.0, 2.0])


@shapes(
    "an asymmetric Jacobian, times a vector from the left and from the right",
    [[20.0, 1.0], [2.0, 10.0]],
    "autograd test_vector_jacobian_product",
)
def _() -> Any:
    f = lambda v: [v[1] * 1.0, 10 * v[0]]
    _, pullback = vjp(f, [2.0, 3.0])
    return [pullback([1.0, 2.0])[0], jvp(f, ([2.0, 3.0],), ([1.0, 2.0],))[1]]


@shapes("nothing in, nothing out", [[], [], [], 0.0], "pytorch test_sum_to_with_empty_dim_grad")
def _() -> Any:
    return [grad(lambda v: 1.0)([]), jacobian(lambda v: v)([]), hessian(ag.sum)([]), ag.sum([])]


@shapes("the Hessian of a linear function", [[0.0, 0.0], [0.0, 0.0]], "pytorch #38506", peers="RuntimeError in torch†")
def _() -> Any:
    return hessian(lambda v: 3 * v[0] - v[1])([1.0, 2.0])


@shapes("the Hessian of a quadratic form is H + Hᵀ", [[2.0, 5.0], [5.0, 8.0]], "autograd test_hessian")
def _() -> Any:
    h = np.array([[1.0, 2.0], [3.0, 4.0]])
    return hessian(lambda v: v @ h @ v)(np.array([5.0, 7.0])).tolist()


@shapes("the Hessian times a vector is hvp", [[-24.0, 0.0], [-24.0, 0.0]], "autograd test_hessian_vector_product")
def _() -> Any:
    f = lambda v: v[0] * v[1] ** 3
    point, along = [0.5, 2.0], [1.0, -2.0]
    products = [row[0] * along[0] + row[1] * along[1] for row in hessian(f)(point)]
    return [products, hvp(f)(point, along)]


@shapes(
    "a dict of numbers, its Hessian a dict of dicts",
    {"a": {"a": 6.0, "b": 0.0}, "b": {"a": 0.0, "b": 2.0}},
    "jax test_hessian_on_pytree",
)
def _() -> Any:
    return hessian(lambda d: d["a"] ** 3 + d["b"] ** 2)({"a": 1.0, "b": 1.0})


@shapes("a dict of arrays: one entry of the Hessian", [[6.0, 0.0], 2.0], "jax test_hessian_on_pytree")
def _() -> Any:
    found = hessian(lambda d: (d["a"] ** 2).sum() * d["b"])({"a": np.array([1.0, 2.0]), "b": 3.0})
    return [found["a"][0]["a"].tolist(), found["a"][0]["b"]]


@shapes("a named tuple comes back as one", [True, 3.0, 2.0], "jax (pytrees)")
def _() -> Any:
    pair = namedtuple("Pair", "a b")
    found = grad(lambda p: p.a * p.b)(pair(2.0, 3.0))
    return [type(found) is pair, found.a, found.b]


@shapes("two arguments of five", [2.0, 1.0], "autograd test_multigrad")
def _() -> Any:
    return list(grad(lambda a, b, c, d, e: a + b * c + d + e, argnums=(2, 3))(1.0, 2.0, 3.0, 4.0, 5.0))


@shapes(
    "several outputs asked for one gradient",
    Raises(TypeError, "for several outputs use jacobian"),
    "autograd",
    peers="autograd names jacobian too",
)
def _() -> Any:
    return grad(lambda x: [x, x])(1.0)


@shapes("a comparison as an output", Raises(TypeError, "returned Condition"), "jax (grad of a bool)")
def _() -> Any:
    return grad(lambda x: x > 0)(1.0)


@shapes(
    "tangents of another shape", Raises(ValueError, "needs one tangent per primal"), "jax test_jvp_mismatched_arguments"
)
def _() -> Any:
    return jvp(lambda v: v[0], ([1.0, 2.0],), ([1.0],))


@shapes(
    "adjoints of another shape", Raises(ValueError, "needs one adjoint per output"), "jax test_vjp_mismatched_arguments"
)
def _() -> Any:
    return vjp(lambda v: v, [1.0, 2.0])[1]([1.0])


@shapes("a str among the arguments", Raises(TypeError, "not str"), "jax test_grad_object_array_error")
def _() -> Any:
    return grad(lambda d: d["a"])({"a": 1.0, "name": "x"})


@shapes(
    "NumPy's running products with a zero",
    [[1.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 6.0, 0.0]],
    "Theano #5197, pytensor #1911",
)
def _() -> Any:
    return jacobian(np.cumprod)(np.array([3.0, 0.0, 2.0])).tolist()


@shapes("NumPy's sorting", [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]], "jax testSortGrad")
def _() -> Any:
    return jacobian(np.sort)(np.array([3.0, 0.0, 2.0])).tolist()


# -- losses ------------------------------------------------------------------------------------------------------------

losses = functools.partial(deed, "Losses at their ends")


@losses("a thousand classes, all but certain of a wrong one", [True, True], "pytorch (cross entropy in the tails)")
def _() -> Any:
    scores = [Value(0.0) for _ in range(1000)]
    scores[0] = Value(800.0)
    loss = nn.softmax_cross_entropy(scores, 7)
    loss.backward()
    return [loss.data == 800.0, scores[0].grad == 1.0 and scores[7].grad == -1.0]


@losses("a target of 1e308", [inf, -inf, 0.0], "IEEE 754")
def _() -> Any:
    slope = grad(lambda output: nn.mean_squared_error(output, 1e308))
    return [nn.mean_squared_error(0.0, 1e308), slope(0.0), slope(1e308)]


@losses("scores of ±1e308, right and wrong", [[0.0, [0.0, 0.0]], [inf, [-1.0, 1.0]]], "pytorch #31829")
def _() -> Any:
    both = [value_and_grad(lambda s, k=k: nn.softmax_cross_entropy(s, k))([1e308, -1e308]) for k in (0, 1)]
    return [[both[0][0], both[0][1]], [both[1][0], both[1][1][::-1]]]


@losses("the logit of a certain answer", [0.0, 800.0, -0.0, 1.0], "pytorch #195527")
def _() -> Any:
    loss = nn.binary_cross_entropy_from_logits
    return [loss(800.0, 1.0), loss(800.0, 0.0), *(grad(lambda z, t=t: loss(z, t))(800.0) for t in (1.0, 0.0))]


def numbers(structure: Any) -> Any:
    """Return a structure with the numbers of its Values."""
    return [each.data if isinstance(each, Value) else each for each in structure]
