"""Numbers that are computed twice: by the engine, and exactly beside it, with a bound for the engine's rounding.

`World().namespace()` has the names that a program uses (`Value`, `sin`, `grad`, `copy.deepcopy`, …), for numbers that
carry both. Every value is compared with the exact one at the engine's own operands, and from then on counts as exact.
Every derivative is compared with forward mode at 50 digits: partials by mpmath, from the references of
`tests.accuracy`, those of higher orders by differences of these at 130 digits; leaves, and all that is computed from
them, are directions of their own. What is compared raises `Mismatch`.

The bound: a derivative is a sum over paths of products of slopes. Each slope is within 4 ulp, each product and each
addition within half an ulp, so that the error is below (4.5 + additions / 2) ulp × the sum over paths of
|product| × edges, which is carried along as `load`. Of higher orders, the magnitudes of the terms that a derivative is
made of stand in the place of its own; see `scale`.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import copy
import decimal
import functools
import importlib.util
import itertools
import math
import operator
import pickle
import sys
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, NamedTuple

from mpmath import mp, mpf

import autograd as ag
from autograd import Dual, StaleTape, Tape, Value, primitives
from autograd.primitives import ManyPrimitive, Primitive
from tests.accuracy import CONTRACT, bounds, references

DIGITS = 50
ULP = 2.0**-52
EDGE = CONTRACT + 0.5  # ulp that a slope and its product may be off
TINY = 1e-290  # what underflow may cost
FUNCTIONS = 12.0  # ulp that a function of NumPy may be off
FUDGE = 16.0  # how many edges a partial's own derivative may go through
ROUNDING = "rounding"  # the direction in which results move where they are rounded otherwise
LOOKED_AT = 3  # one in so many nodes has its .grad compared
NEAR = 1e-7  # a comparison as close as this may come out otherwise where functions are rounded otherwise

LINEAR = {  # every second derivative is 0
    *("add", "sub", "neg", "pos", "sum", "mean", "where", "degrees", "radians"),
    *("abs", "max", "min", "clip", "relu", "copysign", "mod", "fmod", "remainder"),
    *("flat", "step", "sign", "floor", "ceil", "round", "round_to", "trunc", "floordiv", "binade"),
    *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
}
BILINEAR = ("mul", "dot", "share")
EXACT: dict[str, Callable[..., float]] = {  # rounded correctly, as Python does
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "pos": operator.pos,
    "relu": lambda x: builtins.max(x, 0.0),
    "max": lambda *xs: builtins.max(xs),
    "min": lambda *xs: builtins.min(xs),
    "where": lambda c, a, b: a if c else b,
    "sum": lambda *xs: math.fsum(xs),
}
SLOPES: dict[str, Callable[..., Sequence[Any]]] = {  # without mpmath, for what programs are mostly made of
    "add": lambda x, y: (1, 1),
    "sub": lambda x, y: (1, -1),
    "mul": lambda x, y: (y, x),
    "div": lambda x, y: (1 / Decimal(y), -Decimal(x) / Decimal(y) ** 2),
    "neg": lambda x: (-1,),
    "pos": lambda x: (1,),
    "relu": lambda x: (int(x > 0.0),),
    "where": lambda c, a, b: (0, int(c != 0.0), int(c == 0.0)),
    "sum": lambda *xs: [1] * len(xs),
    "dot": lambda *xs: [*xs[len(xs) // 2 :], *xs[: len(xs) // 2]],
}


ROWS = list(primitives.TABLE)  # at import: before tests of any file add rows of their own


class Mismatch(AssertionError):
    """The engine and the exact oracle disagree."""


# -- exact numbers with a bound ----------------------------------------------------------------------------------------


class Real(NamedTuple):
    """An exact number, the magnitude of the terms it is made of, and that times the edges on the way."""

    value: Decimal
    size: float
    load: float


class Jet(NamedTuple):
    """A number and its derivatives in the directions of one differentiation; its parts may be Jets of older ones."""

    level: int
    primal: Any
    tangents: dict[Any, Any]


_made = tuple.__new__  # twice as fast as Real(...)
ZERO = Real(Decimal(0), 0.0, 0.0)
ONE = Real(Decimal(1), 1.0, 0.0)


def real(number: float) -> Real:
    """Return a float as an exact number."""
    return Real(Decimal(number), builtins.abs(number), 0.0)


def level_of(number: Any) -> int:
    """Return the newest differentiation that a number takes part in; -1 for none."""
    return number.level if type(number) is Jet else -1


def split(number: Any, level: int) -> tuple[Any, dict[Any, Any]]:
    """Return the primal and the tangents of one differentiation."""
    if type(number) is Jet and number.level == level:
        return number.primal, number.tangents
    return number, {}


def plus(a: Any, b: Any) -> Any:
    """Return a + b."""
    if type(a) is Real and type(b) is Real:
        return _made(Real, (a[0] + b[0], a[1] + b[1], a[2] + b[2]))
    level = builtins.max(level_of(a), level_of(b))
    (p, left), (q, right) = split(a, level), split(b, level)
    return Jet(level, plus(p, q), joined(left, right))


def joined(left: dict[Any, Any], right: dict[Any, Any]) -> dict[Any, Any]:
    """Return the sum of two sets of tangents."""
    tangents = dict(left)
    for key, tangent in right.items():
        known = tangents.get(key)
        tangents[key] = tangent if known is None else plus(known, tangent)
    return tangents


def times(a: Any, b: Any) -> Any:
    """Return a · b, and exactly nothing where either is."""
    if type(a) is Real and type(b) is Real:
        if not a[1] or not b[1]:
            return ZERO
        size = a[1] * b[1]
        return _made(Real, (a[0] * b[0], size, a[1] * b[2] + a[2] * b[1] + 0.125 * size))
    level = builtins.max(level_of(a), level_of(b))
    (p, left), (q, right) = split(a, level), split(b, level)
    tangents = {key: times(tangent, q) for key, tangent in left.items()}
    return Jet(level, times(p, q), joined(tangents, {key: times(p, tangent) for key, tangent in right.items()}))


def bottom(number: Any) -> Real:
    """Return the number itself, without derivatives."""
    while type(number) is Jet:
        number = number.primal
    return number


def moves(number: Any) -> bool:
    """Return whether some derivative of the newest differentiation is not 0."""
    return any(bottom(tangent).value for tangent in split(number, level_of(number))[1].values())


def adopted(number: Any, primal: float) -> Any:
    """Return a number whose primal is the engine's float."""
    if type(number) is Jet:
        return Jet(number.level, adopted(number.primal, primal), number.tangents)
    return real(primal)


def in_direction(number: Any, key: Any, size: float | None = None) -> Any:
    """Return a number that is a direction of its own in the oldest differentiation, or that may move by a size."""
    if type(number) is Jet and number.level > 0:
        return Jet(number.level, in_direction(number.primal, key, size), number.tangents)
    primal, tangents = split(number, 0)
    if size is None:
        return Jet(0, primal, {**tangents, key: ONE})
    return Jet(0, primal, joined(tangents, {key: Real(Decimal(0), size, 0.0)}))


def hollow(number: Any) -> Any:
    """Return a number with derivatives that are 0 in all the directions in which it has some."""
    if type(number) is not Jet:
        return ZERO
    return Jet(number.level, hollow(number.primal), {key: hollow(tangent) for key, tangent in number.tangents.items()})


def cut(number: Any, keep: Sequence[int] = ()) -> Any:
    """Return a number without derivatives, but for some differentiations."""
    if type(number) is not Jet:
        return number
    primal = cut(number.primal, keep)
    if number.level not in keep:
        return primal
    return Jet(number.level, primal, {key: cut(tangent, keep) for key, tangent in number.tangents.items()})


def applied(row: str, numbers: Sequence[Any], primal: float, order: tuple[int, ...] | None = None) -> Any:
    """Return a row, or a derivative of it, applied to exact numbers: the chain rule, and nothing else."""
    level = builtins.max(map(level_of, numbers), default=-1)
    if level < 0:
        if order is None:
            return real(primal)
        return derivative(row, tuple([float(number.value) for number in numbers]), order)
    parts = [split(number, level) for number in numbers]
    primals = [p for p, _ in parts]
    tangents: dict[Any, Any] = {}
    for k, (_, directions) in enumerate(parts):
        if directions:
            slope = applied(row, primals, primal, raised(order, k, len(parts)))
            tangents = joined(tangents, {key: times(slope, tangent) for key, tangent in directions.items()})
    return Jet(level, applied(row, primals, primal, order), tangents)


def raised(order: tuple[int, ...] | None, k: int, width: int) -> tuple[int, ...]:
    """Return an order of derivative with one more in operand k."""
    order = order or (0,) * width
    return (*order[:k], order[k] + 1, *order[k + 1 :])


# -- partials of rows, of any order ------------------------------------------------------------------------------------


def _by_mpmath() -> dict[str, Any]:
    """Return the references, made of mpmath's functions: a second copy of their module."""
    name = references.__name__ + "_by_mpmath"
    spec = importlib.util.spec_from_file_location(name, references.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.fn = mp
    return module.REFERENCES


REFERENCES = _by_mpmath()


def error(computed: float, exact: Any, scale: Any) -> float:
    """Return the distance of a float from the exact number in ulp of a scale; too big a number may have become inf."""
    if computed != computed:
        return math.inf
    overflow = mp.ldexp(mpf(1), 1024)
    got, true = (builtins.min(builtins.max(mpf(each), -overflow), overflow) for each in (computed, exact))
    exponent = mp.frexp(scale)[1] if scale else -math.inf
    return float(mp.ldexp(builtins.abs(got - true), -builtins.min(builtins.max(exponent - 53, -1074), 971)))


@functools.lru_cache(maxsize=20_000)
def derivative(row: str, point: tuple[float, ...], order: tuple[int, ...]) -> Real:
    """Return a derivative of a row at a point, with the size of its terms."""
    total = builtins.sum(order)
    if total > 1 and row in LINEAR:
        return ZERO
    if row in BILINEAR and total > 1:
        half = len(point) // 2
        pairs = [{k, k + half} for k in range(half)]
        return ONE if total == 2 and {k for k, n in enumerate(order) if n} in pairs else ZERO
    if total == 1 and row in SLOPES:
        slope = Decimal(SLOPES[row](*point)[order.index(1)])
        size = float(builtins.abs(slope))
        return Real(slope, size, size)
    if row == "sinc" and point == (0.0,):
        point = (1e-40,)  # where the reference divides by 0
    with mp.workdps(DIGITS + 40 * (total - 1)):
        exact = differences(row, [mpf(x) for x in point], order)
    if exact is None or not isinstance(exact, mpf) or not mp.isfinite(exact):  # no number, complex or infinite
        return Real(Decimal("Infinity"), math.inf, math.inf)
    size = scale(row, point, order, float(builtins.abs(exact)))
    return Real(as_decimal(exact), size, size)


def differences(row: str, point: list[Any], order: tuple[int, ...]) -> Any:
    """Return a derivative at an exact point: the reference's partial, or differences of it."""
    reference = REFERENCES[row]
    k = next(k for k, n in enumerate(order) if n)
    if builtins.sum(order) == 1:
        try:
            return reference.partials(*point)[k] if callable(reference.partials) else reference.partials[k](*point)
        except ZeroDivisionError:
            return None
    lower = (*order[:k], order[k] - 1, *order[k + 1 :])
    step = mpf(10) ** -20
    sides = [differences(row, [*point[:k], point[k] + move, *point[k + 1 :]], lower) for move in (step, -step)]
    return None if None in sides else (sides[0] - sides[1]) / (2 * step)


def scale(row: str, point: tuple[float, ...], order: tuple[int, ...], exact: float) -> float:
    """Return the size of the terms that a derivative of a row is made of.

    A first one's is its own, but for the rows that take an exception. The formula of a partial is a few rows itself;
    its derivative has terms that may cancel, each about as large as what is differentiated, or that over its operand.
    """
    if builtins.sum(order) == 1:
        terms = REFERENCES[row].partial_terms
        if terms is not None:
            with mp.workdps(DIGITS):
                exact = builtins.max(exact, float(terms(*map(mpf, point))))
        return exact * (builtins.max(1.0, len(point) / CONTRACT) if row == "prod" else 1.0)
    sizes = [exact]
    for k, n in enumerate(order):
        if n:
            lower = derivative(row, point, (*order[:k], n - 1, *order[k + 1 :]))
            sizes.append(lower.size * builtins.max(1.0, builtins.min(100.0, 1.0 / (builtins.abs(point[k]) or 1.0))))
    return (8.0 if row == "pow" else 1.0) * FUDGE * builtins.max(sizes)


def as_decimal(exact: Any) -> Decimal:
    """Return a number of mpmath's, rounded to the digits that count."""
    sign, man, exponent, _ = exact._mpf_
    whole = Decimal(-int(man) if sign else int(man))
    return whole * Decimal(2) ** exponent if exponent >= 0 else whole / Decimal(2) ** -exponent


def check_value(row: str, point: Sequence[float], found: float) -> None:
    """Raise Mismatch where a value is further from the exact one than the contract allows."""
    if row in EXACT:
        if found != EXACT[row](*point):
            raise Mismatch(f"{row}{tuple(point)} is {found!r}, and Python says {EXACT[row](*point)!r}")
        return
    reference = REFERENCES[row]
    if row == "sinc" and point[0] == 0.0:
        point = (1e-40,)
    with mp.workdps(DIGITS):
        arguments = [mpf(x) for x in point]
        exact = reference.value(*arguments)
        terms = reference.value_terms
        size = exact if terms is None else builtins.max(builtins.abs(exact), terms(*arguments))
        off = error(found, exact, size)
    allowed = builtins.max(1.0, len(point) / CONTRACT) * CONTRACT if row == "prod" else bounds(row)[0]
    if off > allowed:
        raise Mismatch(f"{row}{tuple(point)} is {found!r}, {off:.3g} ulp from {mp.nstr(exact, 25)}")


# -- numbers computed twice --------------------------------------------------------------------------------------------

bare: ContextVar[bool] = ContextVar("bare", default=False)  # whether the engine alone computes, for a replay
recording: ContextVar[bool] = ContextVar("recording", default=True)


class Checked:
    """A number of the engine (a Value or a Dual) and the exact one beside it.

    Attributes:
        world: the run it belongs to.
        engine: the engine's number.
        exact: a Real or a Jet.
        key: its own direction, or None where it is none.
    """

    def __init__(self, world: World, engine: Any, exact: Any, key: int | None = None) -> None:
        self.world = world
        self.engine = engine
        self.exact = exact
        self.key = key
        if key is not None:
            world.nodes[key] = self

    def __getattr__(self, name: str) -> Any:
        row = primitives.named(name.replace("rint", "round"))
        return lambda: self.world.compute(row.name, [self], getattr(self.engine, name)())

    def __setattr__(self, name: str, given: Any) -> None:
        if name in ("data", "grad"):
            self.world.assign(self, name, given)
        else:
            object.__setattr__(self, name, given)

    def __getattribute__(self, name: str) -> Any:
        if name == "data":
            return self.world.read_data(self)
        if name == "grad":
            return self.world.read_grad(self)
        return object.__getattribute__(self, name)

    @property
    def primal(self) -> Any:
        return self.world.part(self, "primal")

    @property
    def tangent(self) -> Any:
        return self.world.part(self, "tangent")

    def backward(self, seed: float = 1.0) -> None:
        self.world.backward(self, seed)

    def zero_grad(self) -> None:
        self.world.zero_grad(self)

    def detach(self) -> Any:
        engine = self.engine.detach()
        return Checked(self.world, engine, cut(self.exact)) if isinstance(engine, Value) else engine

    def __hash__(self) -> int:
        return id(self)

    def __neg__(self) -> Any:
        return self.world.compute("neg", [self], -self.engine)

    def __pos__(self) -> Any:
        return self.world.compute("pos", [self], +self.engine)

    def __abs__(self) -> Any:
        return self.world.compute("abs", [self], builtins.abs(self.engine))

    def __bool__(self) -> bool:
        return bool(self.engine)


def _operator(row: str, operate: Callable[[Any, Any], Any], reflected: bool) -> Callable[[Any, Any], Any]:
    def method(self: Checked, other: Any) -> Any:
        operands = [other, self] if reflected else [self, other]
        engines = [raw(each) for each in operands]
        return self.world.compute(row, operands, operate(*engines))

    return method


for _name, _row in {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "truediv": "div",
    "pow": "pow",
    "mod": "mod",
    "floordiv": "floordiv",
}.items():
    setattr(Checked, f"__{_name}__", _operator(_row, getattr(operator, _name), False))
    setattr(Checked, f"__r{_name}__", _operator(_row, getattr(operator, _name), True))


class Comparison:
    """A comparison of the engine's, and what it has to come to."""

    def __init__(self, engine: Any, exact: Any, outcome: bool) -> None:
        self.engine = engine
        self.exact = exact
        self.outcome = outcome

    def __bool__(self) -> bool:
        if bool(self.engine) is not self.outcome:
            raise Mismatch(f"a comparison is {self.engine!r}, and should be {self.outcome}")
        return self.outcome


def _comparing(name: str) -> Callable[[Any, Any], Any]:
    compare = getattr(operator, name)

    def method(self: Checked, other: Any) -> Any:
        engine = compare(self.engine, raw(other))
        if bare.get() or not isinstance(other, (Checked, float, int)):
            return engine
        left, right = float_of(self.engine), float_of(raw(other))
        if other is not self:
            self.world.compared(left, right)
        outcome = compare(left, right)
        depends_on = hollow(plus(self.exact, exact_of(other)))
        return Comparison(engine, adopted(depends_on, float(outcome)), outcome)

    return method


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Checked, f"__{_name}__", _comparing(_name))


def raw(thing: Any) -> Any:
    """Return the engine's side of a thing, or of a structure of things."""
    if isinstance(thing, (Checked, Comparison)):
        return thing.engine
    if isinstance(thing, (list, tuple)):
        return type(thing)([raw(each) for each in thing])
    return thing


def float_of(number: Any) -> float:
    """Return the float that an engine's number carries."""
    while isinstance(number, Dual):
        number = number.primal
    return number._data if isinstance(number, Value) else float(number)


def exact_of(thing: Any) -> Any:
    """Return the exact side of a number."""
    return thing.exact if isinstance(thing, (Checked, Comparison)) else real(float(thing))


def flat(structure: Any) -> list[Any]:
    """Return the numbers of nested lists and tuples."""
    if isinstance(structure, (list, tuple)):
        return [number for part in structure for number in flat(part)]
    return [structure]


def like(structure: Any, numbers: Iterator[Any]) -> Any:
    """Return numbers in the structure of others."""
    if isinstance(structure, (list, tuple)):
        return type(structure)([like(part, numbers) for part in structure])
    return next(numbers)


# -- the world of one run ----------------------------------------------------------------------------------------------


class World:
    """One run of a program: its leaves, what they should have gathered, and how close the engine came to the bound."""

    def __init__(self) -> None:
        self.nodes: weakref.WeakValueDictionary[int, Checked] = weakref.WeakValueDictionary()
        self.gathered: dict[int, Real] = {}
        self.uses: Counter[int] = Counter()
        self.matrices: dict[int, tuple[Any, Any]] = {}
        self.rounded = False  # whether it is followed how far rounding each result may move others
        self.depth = 0
        self.worst = [0.0, 0.0]  # of the bound that was needed, at first and at higher orders
        self.close = False
        self.shown: list[str] = []
        self._keys = itertools.count()
        self._levels = itertools.count(2)
        self._forward = [1]  # differentiations by Duals, which no_grad does not cut

    # -- computing

    def value(self, data: float, label: str | None = None) -> Checked:
        key = next(self._keys)
        self.gathered[key] = ZERO
        return Checked(self, Value(data, label), Jet(0, real(float(data)), {key: ONE}), key)

    def compute(self, row: str, operands: Sequence[Any], engine: Any) -> Any:
        """Return a result of the engine's with the exact one, after comparing them."""
        if is_raw(operands) or not isinstance(engine, (Value, Dual)):
            return engine
        numbers = [exact_of(each) for each in operands]
        primal = float_of(engine)
        check_value(row, [float(bottom(number).value) for number in numbers], primal)
        exact = applied(row, numbers, primal)
        self.uses.update([each.key for each in operands if isinstance(each, Checked) and each.key is not None])
        return self.noted(engine, exact)

    def noted(self, engine: Any, exact: Any) -> Checked:
        """Return a number just computed, which is a direction of its own where that can be looked at."""
        if not recording.get():
            exact = cut(exact, self._forward)
        is_node = isinstance(engine, Value) and not engine.is_constant
        is_cut = isinstance(engine, Value) and engine.is_constant
        if is_cut and recording.get() and level_of(exact) not in self._forward and moves(exact):
            raise Mismatch("what depends on a leaf or an input was not recorded")
        if self.rounded:
            return Checked(self, engine, in_direction(exact, ROUNDING, builtins.abs(float_of(engine))))
        key = next(self._keys)
        if not is_node or self.depth or level_of(exact) != 0 or key % LOOKED_AT:
            return Checked(self, engine, exact)
        return Checked(self, engine, in_direction(exact, key), key)

    def compared(self, left: float, right: float) -> None:
        if builtins.abs(left - right) <= NEAR * builtins.max(builtins.abs(left), builtins.abs(right), 1.0):
            self.close = True

    def call(self, row: Primitive, *arguments: Any) -> Any:
        """Apply a row."""
        engine = row(*raw(arguments))
        operands = flat(arguments) if isinstance(row, ManyPrimitive) else list(arguments)
        operands += row.defaults[len(row.defaults) - (row.arity - len(operands)) :] if row.arity > len(operands) else []
        return self.compute(row.name, operands, engine)

    def matvec(self, matrix: Sequence[Sequence[Any]], vector: Sequence[Any]) -> list[Any]:
        _, engine = self.matrices.setdefault(id(matrix), (matrix, raw(matrix)))  # the very same each time
        found = ag.matvec(engine, raw(vector))
        return [self.compute("dot", [*row, *vector], each) for row, each in zip(matrix, found, strict=True)]

    # -- comparing

    def tolerance(self, load: float) -> float:
        additions = builtins.max(self.uses.values(), default=1)
        return ULP * (EDGE + 0.5 * additions) * load * 1.01 + TINY

    def check(self, found: float, exact: Real, what: str, higher: bool = False, more: float = 0.0) -> None:
        """Raise Mismatch where a derivative is further off than its bound."""
        off = float(builtins.abs(Decimal(found) - exact.value)) if math.isfinite(found) else math.inf
        bound = self.tolerance(exact.load) + more
        if off > bound:
            raise Mismatch(
                f"{what} is {found!r}, and exactly {float(exact.value)!r}: {off:.3g} off, {bound:.3g} allowed"
            )
        self.worst[higher] = builtins.max(self.worst[higher], off / bound)

    def sweep_checked(self, output: Checked, seed: float) -> None:
        """Compare what a sweep left with the exact derivatives."""
        _, tangents = split(output.exact, 0)
        for key, node in list(self.nodes.items()):
            if key in self.gathered:
                self.check(node.engine.grad, self.gathered[key], f"the .grad of a leaf (data {node.engine.data})")
                continue
            exact = times(real(seed), tangents.get(key, ZERO))
            if exact.value or node.engine._tape is output.engine._tape:  # others may show what an earlier sweep left
                self.check(node.engine.grad, exact, f"the .grad of a node (data {node.engine.data})")

    # -- what a Value does

    def read_data(self, number: Checked) -> float:
        found = number.engine.data
        if found != float(bottom(number.exact).value):
            raise Mismatch(f"data is {found!r}, and was {float(bottom(number.exact).value)!r}")
        return found

    def read_grad(self, number: Checked) -> float:
        found = number.engine.grad
        if number.key in self.gathered:
            self.check(found, self.gathered[number.key], "the .grad of a leaf")
        return found

    def assign(self, number: Checked, name: str, given: float) -> None:
        setattr(number.engine, name, given)
        if name == "data":
            number.exact = Jet(0, real(float(given)), {number.key: ONE})
        else:
            self.gathered[number.key] = real(float(given))  # type: ignore[index] # a leaf

    def zero_grad(self, number: Checked) -> None:
        number.engine.zero_grad()
        for key, tangent in split(number.exact, 0)[1].items():
            if key in self.gathered and (tangent.value or self.shows_zero(key)):
                self.gathered[key] = ZERO

    def shows_zero(self, key: int) -> bool:
        """Return whether a leaf was reached that a derivative of exactly 0 may have been left out for."""
        leaf = self.nodes.get(key)
        return leaf is not None and leaf.engine.grad == 0.0

    def backward(self, output: Checked, seed: float) -> None:
        output.engine.backward(seed)
        for key, tangent in split(output.exact, 0)[1].items():
            if key in self.gathered:
                total = plus(self.gathered[key], times(real(seed), tangent))
                self.gathered[key] = total._replace(load=total.load + 0.125 * total.size)
                self.uses[key] += 1
        self.sweep_checked(output, seed)

    def part(self, number: Checked, name: str) -> Any:
        """Return the primal or the tangent of a Dual made by hand."""
        primal, tangents = split(number.exact, 1)
        return self.result(getattr(number.engine, name), primal if name == "primal" else tangents.get(0, ZERO))

    def dual(self, primal: Any, tangent: Any = 0.0) -> Checked:
        return Checked(self, Dual(raw(primal), raw(tangent)), Jet(1, exact_of(primal), {0: exact_of(tangent)}))

    # -- transforms

    def result(self, engine: Any, exact: Any, higher: bool = False) -> Any:
        """Return what a transform gave with the exact number, after comparing them."""
        if not recording.get():
            exact = cut(exact, self._forward)
        self.check(float_of(engine), bottom(exact), "a derivative", higher or self.depth > 0)
        if isinstance(engine, (Value, Dual)):
            known = adopted(exact, float_of(engine))
            if self.rounded:  # a replay may add up the terms of a derivative otherwise
                known = in_direction(known, ROUNDING, self.tolerance(bottom(exact).load) / (FUNCTIONS * ULP))
            return Checked(self, engine, known)
        if moves(exact):
            raise Mismatch("a derivative that depends on something outside came back as a float")
        return engine

    def results(self, engines: Any, exacts: Sequence[Any], higher: bool = False) -> Any:
        numbers = [self.result(e, x, higher) for e, x in zip(flat(engines), exacts, strict=True)]
        return like(engines, iter(numbers))

    def inside(self, f: Callable[..., Any], inputs: Sequence[Any], kept: list[Any], records: bool = True) -> Any:
        """Return a function for the engine to call: it runs f on what the engine gives, with exact inputs beside."""

        def body(*engines: Any) -> Any:
            given = [self.paired(engine, exact) for engine, exact in zip(engines, inputs, strict=True)]
            token = recording.set(records or recording.get())
            self.depth += 1
            try:
                kept.append(f(*given))
            finally:
                self.depth -= 1
                recording.reset(token)
            return raw(kept[0])

        return body

    def paired(self, engine: Any, exact: Any) -> Any:
        pairs = [
            Checked(self, e, x) if isinstance(e, (Value, Dual)) else e
            for e, x in zip(flat(engine), flat_exact(exact), strict=True)
        ]
        return like(engine, iter(pairs))

    def beside(self, arguments: Sequence[Any]) -> list[Any]:
        """Return the exact sides of some arguments."""
        return [like(each, map(exact_of, flat(each))) for each in arguments]

    def fresh(self, structure: Any, level: int, seeds: Sequence[Any] | None = None) -> Any:
        """Return the exact inputs of a differentiation: each a direction of its own, or all of them in one."""
        numbers = flat_exact(structure)
        directions = [{k: ONE} for k in range(len(numbers))] if seeds is None else [{0: seed} for seed in seeds]
        return like_exact(structure, map(functools.partial(Jet, level), numbers, directions))

    def value_and_grad(self, f: Any, argnums: int = 0) -> Any:
        def derived(*arguments: Any) -> Any:
            level, kept = next(self._levels), []
            inputs = self.beside(arguments)
            inputs[argnums] = self.fresh(inputs[argnums], level)
            value, gradient = ag.value_and_grad(self.inside(f, inputs, kept), argnums)(*raw(arguments))
            primal, tangents = split(exact_of(kept[0]), level)
            exact = [tangents.get(k, ZERO) for k in range(len(flat(arguments[argnums])))]
            return self.result(value, primal), self.results(gradient, exact)

        return or_raw(derived, lambda: ag.value_and_grad(f, argnums))

    def grad(self, f: Any, argnums: int = 0) -> Any:
        both = self.value_and_grad(f, argnums)
        return or_raw(lambda *arguments: both(*arguments)[1], lambda: ag.grad(f, argnums))

    def jvp(self, f: Any, primals: Any, tangents: Any) -> Any:
        if is_raw(flat(primals)) or is_raw(flat(tangents)):
            return ag.jvp(f, raw(primals), raw(tangents))
        level, kept = next(self._levels), []
        self._forward.append(level)
        inputs = self.fresh(self.beside(primals), level, [exact_of(each) for each in flat(tangents)])
        body = self.inside(f, inputs, kept, records=False)
        value, moved = ag.jvp(body, raw(primals), raw(tangents))
        primal, directions = split(exact_of(kept[0]), level)
        return self.result(value, primal), self.result(moved, directions.get(0, ZERO))

    def vjp(self, f: Any, *primals: Any) -> Any:
        if is_raw(flat(primals)):
            return ag.vjp(f, *raw(primals))
        level, kept = next(self._levels), []
        body = self.inside(f, self.fresh(self.beside(primals), level), kept)
        value, pullback = ag.vjp(body, *raw(primals))
        primal, tangents = split(exact_of(kept[0]), level)

        def pull(adjoint: Any) -> Any:
            exact = [times(tangents.get(k, ZERO), exact_of(adjoint)) for k in range(len(flat(primals)))]
            return self.results(pullback(raw(adjoint)), exact)

        return self.result(value, primal), pull

    def jacobian(self, f: Any) -> Any:
        def derived(structure: Any) -> Any:
            level, kept = next(self._levels), []
            body = self.inside(f, [self.fresh(self.beside([structure])[0], level)], kept)
            rows = ag.jacobian(body)(raw(structure))
            width = len(flat(structure))
            exact = [split(exact_of(each), level)[1].get(k, ZERO) for each in flat(kept[0]) for k in range(width)]
            return self.results(rows, exact)

        return or_raw(derived, lambda: ag.jacobian(f))

    def second(self, f: Any, structure: Any, seeds: Sequence[Any] | None, transform: Callable[[Any], Any]) -> Any:
        """Return what a transform of second order gives, and the exact second derivatives of f."""
        outer, inner, kept = next(self._levels), next(self._levels), []
        inputs = self.fresh(self.fresh(self.beside([structure])[0], outer, seeds), inner)
        found = transform(self.inside(f, [inputs], kept))
        count = len(flat(structure))
        rows = [split(split(exact_of(kept[0]), inner)[1].get(k, ZERO), outer)[1] for k in range(count)]
        width = count if seeds is None else 1
        return self.results(found, [row.get(k, ZERO) for row in rows for k in range(width)], higher=True)

    def hessian(self, f: Any) -> Any:
        def derived(structure: Any) -> Any:
            return self.second(f, structure, None, lambda body: ag.hessian(body)(raw(structure)))

        return or_raw(derived, lambda: ag.hessian(f))

    def hvp(self, f: Any) -> Any:
        def derived(structure: Any, direction: Any) -> Any:
            seeds = [exact_of(each) for each in flat(direction)]
            return self.second(f, structure, seeds, lambda body: ag.hvp(body)(raw(structure), raw(direction)))

        return or_raw(derived, lambda: ag.hvp(f))

    # -- copies, threads, modes

    def duplicate(self, how: Callable[[Any], Any], thing: Any) -> Any:
        """Return an independent copy: its leaves and nodes are directions of their own."""
        engines, keys = how(raw(thing)), {}
        for each in flat(thing):
            for key in split(each.exact, 0)[1]:
                if key not in keys:
                    keys[key] = next(self._keys)
                    self.uses[keys[key]] = self.uses[key]
                    if key in self.gathered:
                        self.gathered[keys[key]] = self.gathered[key]
        pairs = zip(flat(thing), flat(engines), strict=True)
        twins = {id(each): self.twin(each, engine, keys) for each, engine in pairs}
        return like(thing, iter([twins[id(each)] for each in flat(thing)]))

    def twin(self, number: Checked, engine: Any, keys: dict[int, int]) -> Checked:
        if engine is number.engine and not engine.is_constant:
            raise Mismatch("a copy is the very same")
        primal, tangents = split(number.exact, 0)
        exact = Jet(0, primal, {keys[key]: tangent for key, tangent in tangents.items()}) if tangents else primal
        return Checked(self, engine, exact, None if number.key is None else keys[number.key])

    @contextlib.contextmanager
    def no_grad(self) -> Iterator[None]:
        token = recording.set(False)
        try:
            with ag.no_grad():
                yield
        finally:
            recording.reset(token)

    # -- replay

    def eager(self, f: Any, arguments: Sequence[float]) -> tuple[float, float, list[tuple[float, float]]]:
        """Return f's value with what rounding may change in it, and its gradient likewise; (value, 0.0, …) exactly."""
        level, kept, argnums = next(self._levels), [], tuple(range(len(arguments)))
        self.rounded, self.close = True, False
        try:
            body = self.inside(f, self.fresh(self.beside(arguments), level), kept)
            value, gradient = ag.value_and_grad(body, argnums)(*arguments)
        finally:
            self.rounded = False
        primal, tangents = split(exact_of(kept[0]), level)
        found = []
        for k, each in enumerate(gradient):
            exact = tangents.get(k, ZERO)
            self.check(float_of(each), bottom(exact), "a derivative")
            found.append((float_of(each), self.tolerance(bottom(exact).load) + unrounded(exact)))
        return float_of(value), unrounded(primal), found

    def same(self, found: Any, expected: float, bound: float, what: str) -> None:
        if not builtins.abs(float(found) - expected) <= bound + TINY:
            raise Mismatch(f"{what}: replayed {float(found)!r}, computed {expected!r}, {bound:.3g} allowed")

    def compile(self, f: Any, **options: Any) -> Any:
        return Replayed(self, f, ag.compile(unpaired(f), **options))

    def vectorize(self, f: Any) -> Any:
        return Replayed(self, f, ag.vectorize(unpaired(f)))

    def replayed(self, f: Any, at: Sequence[float], inputs: Sequence[float]) -> Any:
        """Compare a recorded program at other numbers with f there; or BranchChanged where f takes another branch."""
        changes, value, bound, gradient = self.elsewhere(f, at, inputs)
        if self.close:
            return None
        try:
            found, slopes = replayed(f, at, inputs)
        except ag.BranchChanged:
            if not changes:
                raise
            return "BranchChanged"
        if changes:
            raise Mismatch("a program was replayed although another branch would have been taken")
        self.same(found, value, bound, "value")
        for slope, (expected, allowed) in zip(slopes, gradient, strict=True):
            self.same(slope, expected, allowed, "gradient")
        return None

    def written(self, f: Any, at: Sequence[float], inputs: Sequence[float]) -> Any:
        """Compare a program written as text with f at other numbers, bit by bit; or its ValueError."""
        changes, value, _, gradient = self.elsewhere(f, at, inputs)
        try:
            found, slopes = written(f, at, inputs)
        except ValueError:
            if not changes:
                raise
            return "ValueError"
        if changes:
            raise Mismatch("a program as text ran although another branch would have been taken")
        if found != value:
            raise Mismatch(f"as text {found!r}, computed {value!r}")
        for slope, (expected, allowed) in zip(slopes, gradient, strict=True):
            self.same(slope, expected, allowed, "gradient as text")
        return None

    def elsewhere(self, f: Any, at: Sequence[float], inputs: Sequence[float]) -> Any:
        changes = outcomes(f, at) != outcomes(f, inputs)
        return (changes, *self.eager(f, inputs))

    # -- what a program sees

    def show(self, *things: Any) -> None:
        """Note numbers, to be compared with those of other runs."""
        self.shown.append(" ".join(repr(float_of(raw(each))) for each in flat(things)))

    def namespace(self) -> dict[str, Any]:
        """Return the names that programs use."""
        names: dict[str, Any] = {row.name: functools.partial(self.call, row) for row in ROWS}
        names |= {name: getattr(self, name) for name in (*TRANSFORMS, "matvec", "no_grad", "show", *HELPERS)}
        pickled = functools.partial(self.duplicate, lambda thing: pickle.loads(pickle.dumps(thing)))
        return names | {
            "Value": self.value,
            "Dual": self.dual,
            "copy": SimpleNamespace(
                copy=functools.partial(self.duplicate, copy.copy),
                deepcopy=functools.partial(self.duplicate, copy.deepcopy),
            ),
            "pickle": SimpleNamespace(dumps=lambda thing: thing, loads=pickled),
            **COMMON,
        }


class Replayed:
    """A compiled or vectorized function, whose results are compared with the function's own, lane by lane."""

    def __init__(self, world: World, f: Any, engine: Any) -> None:
        self.world = world
        self.f = f
        self.engine = engine

    def __call__(self, *arguments: Any) -> Any:
        found = self.engine(*arguments)
        for k, lane in enumerate(lanes(arguments)):
            value, bound, _ = self.world.eager(self.f, lane)
            if not self.world.close:
                self.world.same(found if isinstance(found, float) else found[k], value, bound, f"lane {k}")
        return None

    def value_and_grad(self, *arguments: Any) -> Any:
        argnums = tuple(range(len(arguments)))
        found, gradients = self.engine.value_and_grad(*arguments, argnums=argnums)
        rows = lanes(arguments)
        eager = []
        for lane in rows:
            eager.append(self.world.eager(self.f, lane))
            if self.world.close:
                return None
        for k, (value, bound, _) in enumerate(eager):
            self.world.same(found if isinstance(found, float) else found[k], value, bound, f"lane {k}")
        for n, argument in enumerate(arguments):
            slopes = [gradient[n] for _, _, gradient in eager]
            if isinstance(argument, list):
                for k, (slope, bound) in enumerate(slopes):
                    self.world.same(gradients[n][k], slope, bound, f"gradient in lane {k}")
                continue
            total, allowed = math.fsum(slope for slope, _ in slopes), math.fsum(bound for _, bound in slopes)
            size = math.fsum(builtins.abs(slope) for slope, _ in slopes)
            self.world.same(gradients[n], total, allowed + len(slopes) * ULP * size, "gradient over lanes")
        return None


def lanes(arguments: Sequence[Any]) -> list[list[float]]:
    """Return the arguments of each lane."""
    count = builtins.max([len(each) for each in arguments if isinstance(each, list)], default=1)
    return [[each[k] if isinstance(each, list) else each for each in arguments] for k in range(count)]


def unpaired(f: Any) -> Any:
    """Return f as a function that returns the engine's numbers."""

    @functools.wraps(f)
    def function(*arguments: Any) -> Any:
        token = bare.set(True)
        try:
            return raw(f(*arguments))
        finally:
            bare.reset(token)

    return function


def unrounded(exact: Any) -> float:
    """Return how far a number may move where every result on the way is off by what functions of NumPy may be off."""
    while type(exact) is Jet and exact.level > 0:
        exact = exact.primal
    return FUNCTIONS * ULP * bottom(split(exact, 0)[1].get(ROUNDING, ZERO)).size


def is_raw(numbers: Sequence[Any]) -> bool:
    """Return whether some numbers are the engine's own, or the engine is alone anyway."""
    return bare.get() or any(isinstance(each, (Value, Dual)) for each in numbers)


def or_raw(checked: Callable[..., Any], transform: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
    """Return a function that leaves the engine alone where it is the engine that calls it."""

    def derived(*arguments: Any) -> Any:
        return transform()(*raw(arguments)) if is_raw(flat(arguments)) else checked(*arguments)

    return derived


def flat_exact(structure: Any) -> list[Any]:
    """Return the exact numbers of nested lists: Reals and Jets are tuples themselves."""
    if type(structure) in (list, tuple):
        return [number for part in structure for number in flat_exact(part)]
    return [structure]


def like_exact(structure: Any, numbers: Iterator[Any]) -> Any:
    """Return exact numbers in the structure of others."""
    if type(structure) in (list, tuple):
        return type(structure)([like_exact(part, numbers) for part in structure])
    return next(numbers)


# -- what programs use besides the engine's names ----------------------------------------------------------------------


def replayed(f: Any, at: Sequence[float], inputs: Sequence[float]) -> Any:
    """Record f at some numbers and replay it at others: its value and gradient."""
    leaves = [Value(x) for x in at]
    value, gradient = Tape.of(unpaired(f)(*leaves)).compile(leaves).value_and_grad(inputs)
    return float(value), [float(slope) for slope in gradient]


def written(f: Any, at: Sequence[float], inputs: Sequence[float]) -> Any:
    """Record f at some numbers, write it as text, and run that at others: its value and gradient."""
    leaves = [Value(x) for x in at]
    tape = Tape.of(unpaired(f)(*leaves))
    taken = [k for leaf, _ in tape.leaves.values() for k, each in enumerate(leaves) if each is leaf]
    names: dict[str, Any] = {}
    exec(tape.source(), names)
    value, slopes = names["value_and_grad"](*[inputs[k] for k in taken])
    gradient = dict(zip(taken, slopes, strict=True))
    return value, [gradient.get(k, 0.0) for k in range(len(leaves))]


def outcomes(f: Any, at: Sequence[float]) -> list[Any]:
    """Return what the comparisons came to that f asked at some numbers."""
    with Tape() as tape:
        unpaired(f)(*[Value(x) for x in at])
    return [(code, outcome, source) for _, code, _, _, outcome, source in tape.guards]


def in_thread(f: Callable[[], Any]) -> Any:
    """Return what f returns in another thread."""
    with ThreadPoolExecutor(1, initializer=lambda: decimal.setcontext(CONTEXT.copy())) as thread:
        return thread.submit(f).result()


def in_task(f: Callable[[], Any]) -> Any:
    """Return what f returns in a task of an event loop."""

    async def main() -> Any:
        return f()

    return asyncio.run(main())


def refused(kind: type[Exception], f: Callable[..., Any], *arguments: Any) -> None:
    """Call f, which has to raise an exception."""
    try:
        f(*arguments)
    except kind:
        return
    raise Mismatch(f"{kind.__name__} was not raised")


TRANSFORMS = ("value_and_grad", "grad", "jvp", "vjp", "jacobian", "hessian", "hvp", "compile", "vectorize")
HELPERS = {"replayed": replayed, "written": written}
CONTEXT = decimal.Context(prec=DIGITS, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
COMMON = {
    "StaleTape": StaleTape,
    "Tape": Tape,
    "builtins": builtins,
    "in_task": in_task,
    "in_thread": in_thread,
    "refused": refused,
    "scope": ag.scope,
    "strict": ag.strict,
}


def plain_namespace(shown: list[str]) -> dict[str, Any]:
    """Return the names that programs use, as the engine has them."""

    def show(*things: Any) -> None:
        shown.append(" ".join(repr(float_of(each)) for each in flat(things)))

    names: dict[str, Any] = {row.name: row for row in ROWS}
    names |= {name: getattr(ag, name) for name in (*TRANSFORMS, "matvec", "no_grad", "Value", "Dual")}
    names |= {name: or_none(helper) for name, helper in HELPERS.items()}
    return names | {"copy": copy, "pickle": pickle, "show": show, **COMMON}


def or_none(f: Any) -> Any:
    """Return f as a function that returns None where another branch would be taken."""

    def called(*arguments: Any) -> Any:
        try:
            return f(*arguments)
        except ValueError:
            return None

    return called
