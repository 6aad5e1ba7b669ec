"""The table: all of calculus, one row per primitive.

A row says once: its name; how to compute it on floats; one partial per argument, as a function of (output, *arguments);
how it is written; where it is smooth; its array form; worked examples. Every consumer reads the row: eager values, the
reverse sweep, forward mode, higher order, array replay, drawings, error messages, tests, docs.

Partials are written with primitives and operators, so that the same row serves floats, Values, arrays and dual numbers.
There is no `if` in a partial: `where`, `step` and `sign` are primitives.

This room knows calculus and nothing of graphs: anything that is not a number is handed to the hook of its type,
`__primitive__(primitive, arguments)`.
"""

from __future__ import annotations

import builtins
import math
import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from autograd import kernels

__all__ = ["TABLE", "ManyPrimitive", "Primitive", "by_code", "is_real", "named", "number"]

Partial = Callable[..., Any]
Box = tuple[Any, ...]

TABLE: list[Primitive] = []
"""Every primitive made so far, users' own included; a primitive's code is its position here."""


def is_real(argument: Any) -> bool:
    """Return whether an argument is a real number: int, float, NumPy real scalar, Fraction or Decimal; bool is not."""
    kind = type(argument)
    if kind is float or kind is int:
        return True
    if kind is bool:
        return False
    if isinstance(argument, numbers.Real):
        return True
    return isinstance(argument, numbers.Number) and not isinstance(argument, numbers.Complex)  # Decimal


def number(argument: Any) -> float:
    """Return a real number as the nearest float; too large an int becomes an infinity, as IEEE 754 rounds it.

    Raises:
        TypeError: the argument is not a real number; the message names its type.
    """
    if not is_real(argument):
        kind = type(argument).__name__
        hint = ": write 1.0 or 0.0" if kind == "bool" else ""
        raise TypeError(f"expected a real number, not {kind}{hint}")
    try:
        return float(argument)
    except OverflowError:
        return math.inf if argument > 0 else -math.inf


class Primitive:
    """A row of the table, and the function that users call.

    Called on floats it returns a float, on Values a node, on arrays an array, on Duals a Dual.

    Args:
        name: as users write it.
        compute: floats -> float, IEEE 754 (no exceptions for overflow, poles and domains).
        partials: one function (output, *arguments) -> slope per argument, written with primitives and operators.
        form: how it is written, with one `{}` per argument; "name({}, {})" by default.
        smooth_on: boxes to sample in tests: (low, high) for one argument, ((low, high), (low, high)) for two.
        examples: arguments -> (value, partial or tuple of partials); one per branch and one per kink.
        array: the array form: a NumPy name where that differs, or a function (namespace, *arrays).
        defaults: values of trailing arguments that may be left out.
        takes_condition: whether the first argument is a condition, which may be a bool.
        accuracy: for a row that takes an exception of the accuracy contract or a bound of its own: which, and why.

    Raises:
        TypeError: called with a wrong number of arguments, or with something that is not a real number.

    Example:
        >>> from autograd import Primitive, Value
        >>> cube = Primitive("cube", lambda x: x * x * x, partials=(lambda y, x: 3.0 * x * x,), examples={2.0: (8.0, 12.0)})
        >>> x = Value(2.0)
        >>> cube(x).backward()
        >>> x.grad, cube(3.0)
        (12.0, 27.0)
    """

    def __init__(
        self,
        name: str,
        compute: Callable[..., float],
        *,
        partials: Sequence[Partial],
        form: str | None = None,
        smooth_on: Sequence[Box] = (),
        examples: Mapping[Any, tuple[float, Any]] | None = None,
        array: str | Callable[..., Any] | None = None,
        defaults: tuple[float, ...] = (),
        takes_condition: bool = False,
        accuracy: str = "",
    ) -> None:
        self.name = name
        self.compute = compute
        self.partials = tuple(partials)
        self.arity = len(self.partials)
        self.form = form or f"{name}({', '.join(['{}'] * self.arity)})"
        self.smooth_on = tuple(smooth_on)
        self.examples = dict(examples or {})
        self.array = array or name
        self.defaults = defaults
        self.takes_condition = takes_condition
        self.accuracy = accuracy
        self.code = len(TABLE)
        self.__name__ = name
        self.__doc__ = f"Return {self.name} of its arguments, as numbers, nodes, arrays or duals."
        TABLE.append(self)

    def __call__(self, *arguments: Any) -> Any:
        if len(arguments) != self.arity:
            arguments = self._filled(arguments)
        for argument in arguments:
            if type(argument) is not float:
                return self._dispatch(arguments)
        return self.compute(*arguments)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> Any:
        return named, (self.name,)

    def of(self, *arguments: Any) -> Any:
        """Apply it to its operands as a tape lists them; the same as a call, but for rows that are called otherwise."""
        return self(*arguments)

    def slope(self, output: float, argument: float) -> float:
        """Return the partial of a primitive of one argument as a float."""
        partial = self.partials[0]
        try:
            return float(partial(output, argument))
        except (ZeroDivisionError, OverflowError):
            return float(partial(Ieee(output), Ieee(argument)))

    def slopes(self, output: float, arguments: Sequence[float], wanted: Iterable[int]) -> list[float]:
        """Return one number per argument: the partial where it is wanted, the argument itself where not."""
        numbers = list(arguments)
        for k in wanted:
            partial = self.partials[k]
            try:
                numbers[k] = float(partial(output, *arguments))
            except (ZeroDivisionError, OverflowError):
                numbers[k] = float(partial(Ieee(output), *map(Ieee, arguments)))
        return numbers

    def slopes_of(self, output: Any, arguments: Sequence[Any], wanted: Iterable[int]) -> dict[int, Any]:
        """Return the wanted partials for arguments of any kind: Values (a lifted sweep), Duals, arrays."""
        return {k: self.partials[k](output, *arguments) for k in wanted}

    def text(self, operands: Sequence[str]) -> str:
        """Return how it is written, its operands being written so."""
        return self.form.format(*operands)

    def on_arrays(self, namespace: Any, *arrays: Any) -> Any:
        """Return the array form applied to arrays of one namespace (NumPy, JAX), elementwise."""
        if callable(self.array):
            return self.array(namespace, *arrays)
        return getattr(namespace, self.array)(*arrays)

    def _filled(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        missing = self.arity - len(arguments)
        if not 0 < missing <= len(self.defaults):
            given = f"{len(arguments)} were" if len(arguments) != 1 else "1 was"
            raise TypeError(f"{self.name}() takes {self.arity} argument{'s' * (self.arity != 1)}, {given} given")
        return (*arguments, *self.defaults[len(self.defaults) - missing :])

    def _dispatch(self, arguments: Sequence[Any]) -> Any:
        if len(arguments) == 1:
            hook = getattr(arguments[0], "__primitive__", None)
            if hook is not None:
                return hook(self, arguments)
        for kind in {type(argument): None for argument in arguments}:
            hook = getattr(kind, "__primitive__", None)
            if hook is not None:
                result = hook(self, arguments)
                if result is not NotImplemented:
                    return result
        if any(_is_array(argument) for argument in arguments):
            return self._on_any_arrays(arguments)
        if self.takes_condition and type(arguments[0]) is bool:
            return self.compute(float(arguments[0]), *map(number, arguments[1:]))
        return self.compute(*map(number, arguments))

    def _on_any_arrays(self, arguments: Sequence[Any]) -> Any:
        import numpy

        elementwise = any(hasattr(type(a), "__primitive__") or getattr(a, "dtype", None) == object for a in arguments)
        if elementwise:  # arrays of Values
            return numpy.frompyfunc(self, len(arguments), 1)(*arguments)
        array = next(argument for argument in arguments if _is_array(argument))
        namespace = numpy if isinstance(array, numpy.ndarray) else array.__array_namespace__()
        return self.on_arrays(namespace, *arguments)


class ManyPrimitive(Primitive):
    """A primitive of any number of operands, which records one node.

    It takes separate arguments or one iterable, as the built-in `max` does. Its `partials` is one function
    (output, *arguments) -> all slopes, because they share work.
    """

    def __init__(
        self,
        name: str,
        compute: Callable[..., float],
        *,
        partials: Callable[..., Sequence[Any]],
        fewest: int = 1,
        **row: Any,
    ) -> None:
        super().__init__(name, compute, partials=(), form=row.pop("form", name + "({})"), **row)
        self.all_partials = partials
        self.fewest = fewest

    def __call__(self, *arguments: Any) -> Any:
        if len(arguments) == 1 and not is_real(arguments[0]) and not hasattr(type(arguments[0]), "__primitive__"):
            arguments = self._unpacked(arguments[0])
        return self._applied(arguments)

    def of(self, *arguments: Any) -> Any:
        """Apply it to its operands as a tape lists them."""
        return self._applied(arguments)

    def _unpacked(self, iterable: Any) -> tuple[Any, ...]:
        try:
            return tuple(iterable)
        except TypeError:
            number(iterable)  # raises, and names the type
            raise

    def _applied(self, arguments: Sequence[Any]) -> Any:
        if len(arguments) < self.fewest:
            raise ValueError(f"{self.name}() needs at least {self.fewest} operand{'s' * (self.fewest != 1)}")
        for argument in arguments:
            if type(argument) is not float:
                return self._dispatch(arguments)
        return self.compute(*arguments)

    def slope(self, output: float, argument: float) -> float:
        return self.slopes(output, (argument,), (0,))[0]

    def slopes(self, output: float, arguments: Sequence[float], wanted: Iterable[int]) -> list[float]:
        try:
            slopes = self.all_partials(output, *arguments)
        except (ZeroDivisionError, OverflowError):
            slopes = self.all_partials(Ieee(output), *map(Ieee, arguments))
        numbers = list(arguments)
        for k in wanted:
            numbers[k] = float(slopes[k])
        return numbers

    def slopes_of(self, output: Any, arguments: Sequence[Any], wanted: Iterable[int]) -> dict[int, Any]:
        slopes = self.all_partials(output, *arguments)
        return {k: slopes[k] for k in wanted}

    def text(self, operands: Sequence[str]) -> str:
        return self.form.format(", ".join(operands))


class Ieee(float):
    """A float whose `/` and `**` follow IEEE 754, for partials at poles: 1 / 0 is inf, as in NumPy."""

    @classmethod
    def __primitive__(cls, primitive: Primitive, arguments: Sequence[Any]) -> Any:
        return cls(primitive.compute(*map(float, arguments)))

    def __truediv__(self, other: Any) -> Any:
        return Ieee(kernels.divide(float(self), float(other)))

    def __rtruediv__(self, other: Any) -> Any:
        return Ieee(kernels.divide(float(other), float(self)))

    def __pow__(self, other: Any, modulus: None = None) -> Any:
        return Ieee(kernels.power(float(self), float(other)))

    def __rpow__(self, other: Any, modulus: None = None) -> Any:
        return Ieee(kernels.power(float(other), float(self)))

    def __mul__(self, other: Any) -> Any:
        return Ieee(float(self) * float(other))

    def __add__(self, other: Any) -> Any:
        return Ieee(float(self) + float(other))

    def __sub__(self, other: Any) -> Any:
        return Ieee(float(self) - float(other))

    def __rsub__(self, other: Any) -> Any:
        return Ieee(float(other) - float(self))

    def __neg__(self) -> Any:
        return Ieee(-float(self))

    __rmul__ = __mul__
    __radd__ = __add__


def by_code(code: int) -> Primitive:
    """Return the primitive with a code."""
    return TABLE[code]


def named(name: str) -> Primitive:
    """Return the newest primitive of a name."""
    for row in reversed(TABLE):
        if row.name == name:
            return row
    raise LookupError(f"no primitive is called {name!r} here: define it before loading what uses it")


def _is_array(argument: Any) -> bool:
    return not is_real(argument) and (hasattr(argument, "__array_namespace__") or hasattr(argument, "__array__"))


def zero(output: Any, *arguments: Any) -> float:
    """Return 0.0: the partial of what does not depend on an argument."""
    return 0.0


# -- arithmetic ------------------------------------------------------------------------------------------------------

add = Primitive("add", lambda x, y: x + y, partials=(lambda z, x, y: 1.0, lambda z, x, y: 1.0), form="({} + {})")
sub = Primitive("sub", lambda x, y: x - y, partials=(lambda z, x, y: 1.0, lambda z, x, y: -1.0), form="({} - {})", array="subtract")
mul = Primitive("mul", lambda x, y: x * y, partials=(lambda z, x, y: y, lambda z, x, y: x), form="({} * {})", array="multiply")
div = Primitive("div", kernels.divide, partials=(lambda z, x, y: 1.0 / y, lambda z, x, y: -z / y), form="({} / {})", array="divide")
neg = Primitive("neg", lambda x: -x, partials=(lambda y, x: -1.0,), form="(-{})", array="negative")
pos = Primitive("pos", lambda x: x, partials=(lambda y, x: 1.0,), form="(+{})", array="positive")
abs = Primitive("abs", math.fabs, partials=(lambda y, x: sign(x),))


# -- PROVISIONAL ROWS (to be replaced by the full table) ---------------------------------------------------------------
def _safe(f, pole=None):
    def g(*xs):
        try:
            return float(f(*xs))
        except OverflowError:
            return math.inf
        except (ValueError, ZeroDivisionError):
            return math.nan if pole is None else pole(*xs)
    return g
def _un(name, f, d, array=None, pole=None, boxes=((0.2, 0.8),), **kw):
    globals()[name] = Primitive(name, _safe(f, pole), partials=(d,), array=array, smooth_on=boxes, **kw)
_nologpole = lambda x: -math.inf if x == 0 else math.nan
_cmp = dict(equal=("==", lambda x, y: float(x == y)), not_equal=("!=", lambda x, y: float(x != y)), less=("<", lambda x, y: float(x < y)), less_equal=("<=", lambda x, y: float(x <= y)), greater=(">", lambda x, y: float(x > y)), greater_equal=(">=", lambda x, y: float(x >= y)))
for _n, (_s, _f) in _cmp.items():
    globals()[_n] = Primitive(_n, _f, partials=(zero, zero), form="({} " + _s + " {})")
_un("step", lambda x: 1.0 if x > 0 else (x if x != x else 0.0), zero)
_un("sign", lambda x: x if x != x else (0.0 if x == 0 else math.copysign(1.0, x)), zero)
for _n, _f in dict(floor=math.floor, ceil=math.ceil, trunc=math.trunc, round=lambda x: builtins.round(x)).items():
    _un(_n, _f, zero)
_un("square", lambda x: x * x, lambda y, x: 2.0 * x); _un("reciprocal", lambda x: kernels.divide(1.0, x), lambda y, x: -y * y)
_un("exp", math.exp, lambda y, x: y); _un("exp2", lambda x: 2.0**x, lambda y, x: math.log(2) * y); _un("expm1", math.expm1, lambda y, x: exp(x))
_un("log", math.log, lambda y, x: 1.0 / x, pole=_nologpole); _un("log2", math.log2, lambda y, x: 1.0 / (x * math.log(2)), pole=_nologpole); _un("log10", math.log10, lambda y, x: 1.0 / (x * math.log(10)), pole=_nologpole); _un("log1p", math.log1p, lambda y, x: 1.0 / (1.0 + x))
_un("sqrt", math.sqrt, lambda y, x: 0.5 / y); _un("cbrt", math.cbrt, lambda y, x: 1.0 / (3.0 * y * y))
_un("sin", math.sin, lambda y, x: cos(x)); _un("cos", math.cos, lambda y, x: -sin(x)); _un("tan", math.tan, lambda y, x: 1.0 + y * y)
_un("cot", lambda x: 1 / math.tan(x), lambda y, x: -(1.0 + y * y)); _un("sec", lambda x: 1 / math.cos(x), lambda y, x: y * tan(x)); _un("csc", lambda x: 1 / math.sin(x), lambda y, x: -y * cot(x))
_un("asin", math.asin, lambda y, x: 1.0 / sqrt((1.0 - x) * (1.0 + x)), "arcsin"); _un("acos", math.acos, lambda y, x: -1.0 / sqrt((1.0 - x) * (1.0 + x)), "arccos"); _un("atan", math.atan, lambda y, x: 1.0 / (1.0 + x * x), "arctan")
_un("sinh", math.sinh, lambda y, x: cosh(x)); _un("cosh", math.cosh, lambda y, x: sinh(x)); _un("tanh", math.tanh, lambda y, x: 4.0 * sigmoid(2.0 * x) * sigmoid(-2.0 * x))
_un("asinh", math.asinh, lambda y, x: 1.0 / sqrt(x * x + 1.0), "arcsinh"); _un("acosh", math.acosh, lambda y, x: 1.0 / sqrt((x - 1.0) * (x + 1.0)), "arccosh", boxes=((1.5, 3.0),)); _un("atanh", math.atanh, lambda y, x: 1.0 / ((1.0 - x) * (1.0 + x)), "arctanh")
_un("sinc", lambda x: math.sin(x) / x if x else 1.0, lambda y, x: (cos(x) - y) / x); _un("erf", math.erf, lambda y, x: 2 / math.sqrt(math.pi) * exp(-x * x)); _un("erfc", math.erfc, lambda y, x: -2 / math.sqrt(math.pi) * exp(-x * x))
_un("logit", lambda x: math.log(x / (1 - x)), lambda y, x: 1.0 / (x * (1.0 - x))); _un("degrees", math.degrees, lambda y, x: 180 / math.pi); _un("radians", math.radians, lambda y, x: math.pi / 180)
_un("sigmoid", lambda x: 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x)), lambda y, x: y * sigmoid(-x), lambda xp, x: 1 / (1 + xp.exp(-x)))
_un("softplus", lambda x: builtins.max(x, 0.0) + math.log1p(math.exp(-math.fabs(x))), lambda y, x: sigmoid(x)); _un("log_sigmoid", lambda x: -softplus.compute(-x), lambda y, x: sigmoid(-x))
_un("relu", lambda x: x if x > 0 else 0.0 * x, lambda y, x: step(x), lambda xp, x: xp.maximum(x, 0.0)); _un("silu", lambda x: x * sigmoid.compute(x), lambda y, x: sigmoid(x) * (1.0 + x * sigmoid(-x))); _un("gelu", lambda x: 0.5 * x * math.erfc(-x / math.sqrt(2)), lambda y, x: 0.5 * erfc(-x / math.sqrt(2)) + x * exp(-0.5 * x * x) / math.sqrt(2 * math.pi))
leaky_relu = Primitive("leaky_relu", lambda x, s: x if x > 0 else s * x, partials=(lambda y, x, s: where(x > 0, 1.0, s), lambda y, x, s: where(x > 0, 0.0, x)), defaults=(0.1,), smooth_on=(((0.2, 0.8), (0.1, 0.2)),))
elu = Primitive("elu", lambda x, a: x if x > 0 else a * math.expm1(x), partials=(lambda y, x, a: where(x > 0, 1.0, y + a), lambda y, x, a: where(x > 0, 0.0, expm1(x))), defaults=(1.0,), smooth_on=(((0.2, 0.8), (0.1, 0.2)),))
def _b(name, f, *d, box=((0.2, 0.8), (0.2, 0.8)), **kw):
    globals()[name] = Primitive(name, _safe(f), partials=d, smooth_on=(box,), **kw)
_b("pow", kernels.power, lambda z, x, y: y * pow(x, y - 1.0), lambda z, x, y: z * log(x), form="({} ** {})", array="power")
_b("mod", lambda x, y: x % y, lambda z, x, y: 1.0, lambda z, x, y: -floor(x / y), form="({} % {})"); _b("floordiv", lambda x, y: x // y, zero, zero, form="({} // {})", array="floor_divide"); _b("fmod", math.fmod, lambda z, x, y: 1.0, lambda z, x, y: -trunc(x / y)); _b("remainder", math.remainder, lambda z, x, y: 1.0, lambda z, x, y: -round(x / y))
_b("atan2", math.atan2, lambda z, y, x: x / (x * x + y * y), lambda z, y, x: -y / (x * x + y * y), array="arctan2"); _b("copysign", math.copysign, lambda z, x, y: copysign(1.0, x) * copysign(1.0, y), zero); _b("logaddexp", lambda x, y: builtins.max(x, y) + math.log1p(math.exp(-math.fabs(x - y))), lambda z, x, y: sigmoid(x - y), lambda z, x, y: sigmoid(y - x)); _b("logbase", lambda x, b: math.log(x) / math.log(b), lambda z, x, b: 1.0 / (x * log(b)), lambda z, x, b: -z / (b * log(b))); _b("round_to", lambda x, n: builtins.round(x, int(n)), zero, zero)
share = Primitive("share", lambda a, b: a * b if a and b else 0.0, partials=(lambda z, a, b: b, lambda z, a, b: a))
clip = Primitive("clip", lambda x, low, high: builtins.min(builtins.max(x, low), high), partials=(lambda z, x, a, b: where(x >= a, where(x <= b, 1.0, 0.0), 0.0), lambda z, x, a, b: where(x < a, 1.0, 0.0), lambda z, x, a, b: where(x > b, 1.0, 0.0)), smooth_on=(((0.2, 0.8), (0.0, 0.1), (0.9, 1.0)),))
where = Primitive("where", lambda c, a, b: a if c else b, partials=(zero, lambda z, c, a, b: where(c, 1.0, 0.0), lambda z, c, a, b: where(c, 0.0, 1.0)), takes_condition=True)
def _fsum(*xs):
    try:
        return math.fsum(xs)
    except (OverflowError, ValueError):
        return float(builtins.sum(xs))
sum = ManyPrimitive("sum", _fsum, partials=lambda y, *xs: [1.0] * len(xs), fewest=0); mean = ManyPrimitive("mean", lambda *xs: _fsum(*xs) / len(xs), partials=lambda y, *xs: [1.0 / len(xs)] * len(xs))
prod = ManyPrimitive("prod", lambda *xs: math.prod(xs), partials=lambda y, *xs: [_prod_others(xs, k) for k in range(len(xs))])
def _prod_others(xs, k):
    p = 1.0
    for j, x in enumerate(xs):
        p = p if j == k else p * x
    return p
max = ManyPrimitive("max", lambda *xs: builtins.max(xs), partials=lambda y, *xs: [where(equal(x, y), 1.0, 0.0) / sum([equal(x, y) for x in xs]) for x in xs]); min = ManyPrimitive("min", lambda *xs: builtins.min(xs), partials=lambda y, *xs: [where(equal(x, y), 1.0, 0.0) / sum([equal(x, y) for x in xs]) for x in xs])
hypot = ManyPrimitive("hypot", lambda *xs: math.hypot(*xs), partials=lambda y, *xs: [x / y for x in xs]); logsumexp = ManyPrimitive("logsumexp", lambda *xs: builtins.max(xs) + math.log(math.fsum(math.exp(x - builtins.max(xs)) for x in xs)), partials=lambda y, *xs: softmax(xs))
def softmax(xs, temperature=1.0):
    shift = builtins.max(float(getattr(x, "data", x)) for x in xs)
    terms = [exp((x - shift) / temperature) for x in xs]
    total = sum(terms)
    return [term / total for term in terms]
class Dot(ManyPrimitive):
    def __call__(self, *arguments):
        ws, xs = map(list, arguments)
        if len(ws) != len(xs):
            raise ValueError(f"dot() needs two sequences of equal length, not {len(ws)} and {len(xs)}")
        return self._applied((*ws, *xs))
dot = Dot("dot", lambda *o: _fsum(*(a * b for a, b in zip(o[: len(o) // 2], o[len(o) // 2 :]))), partials=lambda y, *o: o[len(o) // 2 :] + o[: len(o) // 2], fewest=0)
def divmod(x, y):
    return floordiv(x, y), mod(x, y)
# -- END PROVISIONAL ---------------------------------------------------------------------------------------------------
