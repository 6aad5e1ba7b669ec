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

import contextlib
import functools
import importlib
import inspect
import math
import numbers
import operator
import string
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, overload

from autograd import kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TABLE", "ManyPrimitive", "Primitive", "Real", "Recorded", "by_code", "is_real", "named", "number"]


class Ratio(Protocol):
    """Fraction, Decimal and NumPy's floats, as type checkers tell them from arrays and from numbers that record."""

    def __float__(self) -> float: ...

    def as_integer_ratio(self) -> tuple[int, int]:
        """Return it as a fraction."""
        ...


class Scalar(Protocol):
    """NumPy's integers, as type checkers tell them from arrays."""

    def __float__(self) -> float: ...

    def is_integer(self) -> bool:
        """Return whether it is an integer."""
        ...


class Hooked(Protocol):
    """What primitives are handed to: a Value, a Dual."""

    @classmethod
    def __primitive__(cls, primitive: Primitive, arguments: Sequence[Any]) -> Any: ...

    def detach(self) -> Any:
        """Return it cut off from what it was computed from."""
        ...


Real: TypeAlias = float | Ratio | Scalar
Recorded = TypeVar("Recorded", bound=Hooked)
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
        hint = ": write 1.0 or 0.0" if kind in ("bool", "bool_") else ""  # Python's and NumPy's
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
        array: the array form: the name of a function of NumPy, or a function (namespace, *arrays); without one, NumPy
            arrays are computed number by number, and JAX's are refused.
        defaults: values of trailing arguments that may be left out.
        takes_condition: whether the first argument is a condition, which may be a bool.
        accuracy: for a row that takes an exception of the accuracy contract or a bound of its own: which, and why.

    Raises:
        ValueError: the form has not one `{}` per argument, or an example is not of that shape.
        TypeError: the name is no str, a function is none, or a partial does not take (output, *arguments); or when
            called: a wrong number of arguments, something that is not a real number, or, on Values, `compute` or a
            partial returned no number.

    Example:
        >>> from autograd import Primitive, Value
        >>> cube = Primitive("cube", lambda x: x**3, partials=[lambda y, x: 3.0 * x * x], examples={2.0: (8.0, 12.0)})
        >>> x = Value(2.0)
        >>> cube(x).backward()
        >>> x.grad, cube(3.0)
        (12.0, 27.0)
    """

    further = 0  # arguments with which a call means another row

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
        _check_functions(name, compute, partials)
        _check_counts(name, partials)
        self.name = name
        self.compute = compute
        self.partials = tuple(partials)
        self.arity = len(self.partials)
        self.form = form or f"{name}({', '.join(['{}'] * self.arity)})"
        self.smooth_on = tuple(smooth_on)
        self.examples = dict(examples or {})
        self.array = array
        self.defaults = defaults
        self.takes_condition = takes_condition
        self.accuracy = accuracy
        self.code = len(TABLE)
        self.__name__ = name
        self.__doc__ = self._checked_document()
        TABLE.append(self)

    @overload
    def __call__(self, x: Recorded, /) -> Recorded: ...
    @overload
    def __call__(self, x: Real, /) -> float: ...
    @overload
    def __call__(self, x: NDArray[Any], /) -> NDArray[Any]: ...
    @overload
    def __call__(self, x: Recorded, y: Recorded | Real, /) -> Recorded: ...
    @overload
    def __call__(self, x: Real, y: Recorded, /) -> Recorded: ...
    @overload
    def __call__(self, x: Real, y: Real, /) -> float: ...
    @overload
    def __call__(self, x: Recorded, y: Real, z: Real, /) -> Recorded: ...
    @overload
    def __call__(self, x: object, y: Recorded, z: Recorded | Real, /) -> Recorded: ...
    @overload
    def __call__(self, x: object, y: Real, z: Recorded, /) -> Recorded: ...
    @overload
    def __call__(self, x: Real, y: Real, z: Real, /) -> float: ...
    @overload
    def __call__(self, x: Any, y: Any, /, *more: Any) -> Any: ...
    def __call__(self, *arguments: Any) -> Any:
        """Return its value for floats, a node for Values, an array for arrays, a Dual for Duals."""
        if self.arity == 1 == len(arguments):
            argument = arguments[0]
            if type(argument) is float:
                return self.compute(argument)
            hook = getattr(argument, "__primitive__", None)
            return self._dispatch(arguments) if hook is None else hook(self, arguments)
        if len(arguments) != self.arity:
            arguments = self._filled(arguments)
        for argument in arguments:
            if type(argument) is not float:
                return self._dispatch(arguments)
        return self.compute(*arguments)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> Any:
        return named, self.identity()

    def __copy__(self) -> Primitive:
        return self

    def __deepcopy__(self, memo: Any) -> Primitive:
        return self

    def identity(self) -> tuple[str, int]:
        """Return its name, and its number among the primitives of that name: what a pickle knows it by."""
        return self.name, [row for row in TABLE if row.name == self.name].index(self)

    def of(self, *arguments: Any) -> Any:
        """Return what a call returns for the operands as a tape lists them, also for rows that are called otherwise.

        Args:
            *arguments: one per argument of the row, none left out.
        """
        return self(*arguments)

    def slope(self, output: float, argument: float) -> float:
        """Return the partial of a primitive of one argument as a float.

        Args:
            output: what the primitive computes of the argument.
            argument: where to evaluate the partial.
        """
        partial = self.partials[0]
        try:
            slope = partial(output, argument)
        except (ZeroDivisionError, OverflowError):
            slope = partial(Ieee(output), Ieee(argument))
        return self.as_float(slope, "the partial of ")

    def slopes(self, output: float, arguments: Sequence[float], wanted: Iterable[int]) -> list[float]:
        """Return one number per argument: the partial where it is wanted, the argument itself where not.

        Args:
            output: what the primitive computes of the arguments.
            arguments: where to evaluate the partials.
            wanted: positions of the arguments whose partials are wanted.
        """
        numbers = list(arguments)
        for k in wanted:
            partial = self.partials[k]
            try:
                slope = partial(output, *arguments)
            except (ZeroDivisionError, OverflowError):
                slope = partial(Ieee(output), *map(Ieee, arguments))
            numbers[k] = slope if type(slope) is float else self.as_float(slope, "the partial of ")
        return numbers

    def as_float(self, result: Any, what: str = "") -> float:
        """Return what the function or a partial returned as a float.

        Args:
            result: what was returned.
            what: returned it, if not the function: "the partial of ".

        Raises:
            TypeError: it is no number; the message begins with `what` and the name.
        """
        try:
            if not isinstance(result, (str, bytes)):
                return float(result)
        except (TypeError, ValueError):
            pass
        raise TypeError(f"{what}{self.name} returned {type(result).__name__}, not a number")

    def slopes_of(self, output: Any, arguments: Sequence[Any], wanted: Iterable[int]) -> dict[int, Any]:
        """Return position -> partial for arguments of any kind: Values (a lifted sweep), Duals, arrays.

        Args:
            output: what the primitive computes of the arguments.
            arguments: where to evaluate the partials.
            wanted: positions of the arguments whose partials are wanted.
        """
        wanted = list(wanted)
        with _unwarned(arguments):
            try:
                return {k: self.partials[k](output, *arguments) for k in wanted}
            except (ZeroDivisionError, OverflowError):
                arguments = [_ieee(argument) for argument in arguments]
                return {k: _plain(self.partials[k](_ieee(output), *arguments)) for k in wanted}

    def text(self, operands: Sequence[str]) -> str:
        """Return how it is written.

        Args:
            operands: how each operand is written.
        """
        return self.form.format(*operands)

    def on_arrays(self, namespace: Any, *arrays: Any) -> Any:
        """Return the array form applied to arrays of one namespace (NumPy, JAX), elementwise and without warnings.

        Args:
            namespace: the module that the arrays belong to, such as `numpy`.
            *arrays: one per argument; shapes are broadcast.
        """
        with _unwarned(arrays):
            if callable(self.array):
                return self.array(namespace, *arrays)
            named = getattr(namespace, self.array, None) if self.array else None
            return self._one_by_one(namespace, arrays) if named is None else named(*arrays)

    def _one_by_one(self, namespace: Any, arrays: Sequence[Any]) -> Any:
        """Return the float form applied to NumPy's arrays, one number at a time."""
        if namespace.__name__ != "numpy":
            raise TypeError(
                f"{self.name}() has no form for the arrays of {namespace.__name__}: give it array=, the name of a "
                "function there or a function (namespace, *arrays)"
            )
        found = namespace.frompyfunc(self.compute, len(arrays), 1)(*arrays)
        return namespace.asarray(found, dtype=float)[()]

    def _checked_document(self) -> str:
        """Return the docstring; raise where the row cannot be written."""
        try:
            self._check_form()
            return self._document()
        except (IndexError, KeyError, TypeError, ValueError):
            raise ValueError(
                f"{self.name}: form has one {{}} per argument, not {self.form!r}, "
                "and examples are arguments -> (value, slopes)"
            ) from None

    def _check_form(self) -> None:
        fields = [name for _, name, _, _ in string.Formatter().parse(self.form) if name is not None]
        if {int(name) if name else position for position, name in enumerate(fields)} != set(range(self.arity or 1)):
            raise ValueError("an argument is missing")

    def _document(self) -> str:
        """Return the docstring, made from the row."""
        names = _argument_names(self.compute, self.partials)
        told = [f"{name}: a number." for name in names]
        if self.takes_condition:
            told[0] = f"{names[0]}: a comparison, a bool or a number."
        for k, default in enumerate(self.defaults, start=self.arity - len(self.defaults)):
            told[k] = f"{names[k]}: a number, by default {default!r}."
        return _docstring(self, self._bare_text(names), told)

    def _bare_text(self, operands: Sequence[str]) -> str:
        """Return how it is written where nothing stands around it."""
        text = self.text(operands)
        return text[1:-1] if self.form.startswith("(") and self.form.endswith(")") else text

    def _filled(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        missing = self.arity - len(arguments)
        if not 0 < missing <= len(self.defaults):
            given = f"{len(arguments)} were" if len(arguments) != 1 else "1 was"
            raise TypeError(f"{self.name}() takes {self.taken()}, {given} given")
        return (*arguments, *self.defaults[len(self.defaults) - missing :])

    def taken(self) -> str:
        """Return how many arguments it takes, in words."""
        fewest, most = self.arity - len(self.defaults), self.arity + self.further
        wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        return f"{wanted} argument{'s' * (most != 1)}"

    def _dispatch(self, arguments: Sequence[Any]) -> Any:
        if self.takes_condition:
            arguments = (_condition(arguments[0]), *arguments[1:])
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

        arguments = [
            numpy.asarray(each) if _is_array(each) and not hasattr(each, "__array_namespace__") else each
            for each in arguments
        ]
        elementwise = any(_is_node(argument) or _holds_objects(argument) for argument in arguments)
        if elementwise:  # arrays of Values
            return numpy.frompyfunc(self.of, len(arguments), 1)(*arguments)
        array = next(argument for argument in arguments if _is_array(argument))
        namespace = numpy if isinstance(array, numpy.ndarray) else array.__array_namespace__()
        condition = [_bools_or_numbers(argument) for argument in arguments[: self.takes_condition]]
        return self.on_arrays(namespace, *condition, *map(_array_or_number, arguments[self.takes_condition :]))


def _check_counts(name: str, partials: Sequence[Partial]) -> None:
    """Raise unless every partial takes the output and as many arguments as there are partials."""
    count = len(partials) + 1
    if not all(_takes(partial, count) for partial in partials):
        raise TypeError(
            f"a partial of {name} takes (output, *arguments), which are {count} here: there is one partial for each "
            "argument"
        )


def _takes(function: Any, count: int) -> bool:
    """Return whether a function can be called with so many arguments, as far as can be told quickly."""
    if not isinstance(function, types.FunctionType):
        return True
    code, defaults = function.__code__, len(function.__defaults__ or ())
    most = math.inf if code.co_flags & inspect.CO_VARARGS else code.co_argcount
    return code.co_argcount - defaults <= count <= most


class ManyPrimitive(Primitive):
    """A primitive of any number of operands, which records one node.

    It takes separate arguments or one iterable, as the built-in `max` does.

    Args:
        name: as users write it.
        compute: floats -> float, IEEE 754, as of a `Primitive`.
        partials: one function (output, *arguments) -> all slopes, because they share work.
        fewest: how many operands it needs; 0 or more.
        **row: `form`, with one `{}` for all operands, by default "name({})"; `smooth_on`, `examples`, `array` and
            `accuracy`, as of a `Primitive`.

    Raises:
        ValueError: called with too few operands.
        TypeError: called with something that is not a real number.

    Example:
        >>> from autograd import ManyPrimitive, Value
        >>> energy = ManyPrimitive("energy", lambda *xs: sum([0.5 * x * x for x in xs]), partials=lambda y, *xs: xs)
        >>> x = Value(3.0)
        >>> energy(x, 4.0).backward()
        >>> x.grad, energy([3.0, 4.0])
        (3.0, 12.5)
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
        if not callable(partials):
            raise TypeError(f"{name}: partials is one function (output, *operands) -> all slopes, not {partials!r}")
        self.all_partials = partials
        self.fewest = fewest
        super().__init__(name, compute, partials=(), form=row.pop("form", name + "({})"), **row)

    @overload  # type: ignore[override] # it takes iterables, and an array is one
    def __call__(self, xs: Iterable[Recorded], /) -> Recorded: ...
    @overload
    def __call__(self, xs: Iterable[Real], /) -> float: ...
    @overload
    def __call__(self, xs: Iterable[Recorded | Real], /) -> Recorded | float: ...
    @overload
    def __call__(self, x: Recorded, /, *more: Recorded | Real) -> Recorded: ...
    @overload
    def __call__(self, x: Real, y: Recorded, /, *more: Recorded | Real) -> Recorded: ...
    @overload
    def __call__(self, x: Real, /, *more: Real) -> float: ...
    @overload
    def __call__(self, *operands: Any) -> Any: ...
    def __call__(self, *arguments: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Apply it to separate operands, or to those of one iterable."""
        if len(arguments) == 1 and not is_real(arguments[0]) and not hasattr(type(arguments[0]), "__primitive__"):
            arguments = self._unpacked(arguments[0])
        return self._applied(arguments)

    def of(self, *arguments: Any) -> Any:
        """Return what a call returns for the operands as a tape lists them.

        Args:
            *arguments: the operands, separately.
        """
        return self._applied(arguments)

    def _document(self) -> str:
        told = f"*xs: numbers, {self.fewest} or more, separately or as one iterable."
        return _docstring(self, self._bare_text(["x1", "x2", "..."]), [told])

    def _unpacked(self, iterable: Any) -> tuple[Any, ...]:
        try:
            operands = iter(iterable)
        except TypeError:
            return (number(iterable),)  # raises, and names the type
        return tuple(operands)

    def _applied(self, arguments: Sequence[Any]) -> Any:
        if len(arguments) < self.fewest:
            raise ValueError(f"{self.name}() needs at least {self.fewest} operand{'s' * (self.fewest != 1)}")
        for argument in arguments:
            if type(argument) is not float:
                return self._dispatch(arguments)
        return self.compute(*arguments)

    def slope(self, output: float, argument: float) -> float:
        """Return the partial where it has one operand."""
        return self.slopes(output, (argument,), (0,))[0]

    def slopes(self, output: float, arguments: Sequence[float], wanted: Iterable[int]) -> list[float]:
        """Return one number per operand: the partial where it is wanted, the operand itself where not."""
        try:
            slopes = self.all_partials(output, *arguments)
        except (ZeroDivisionError, OverflowError):
            slopes = self.all_partials(Ieee(output), *map(Ieee, arguments))
        self._check_count(slopes, arguments)
        numbers = list(arguments)
        for k in wanted:
            slope = slopes[k]
            numbers[k] = slope if type(slope) is float else self.as_float(slope, "the partial of ")
        return numbers

    def _check_count(self, slopes: Sequence[Any], arguments: Sequence[Any]) -> None:
        if len(slopes) != len(arguments):
            given = f"{len(slopes)} slope{'s' * (len(slopes) != 1)}"
            raise ValueError(f"the partials of {self.name} returned {given} for {len(arguments)} operands")

    def slopes_of(self, output: Any, arguments: Sequence[Any], wanted: Iterable[int]) -> dict[int, Any]:
        """Return the wanted partials for operands of any kind: Values (a lifted sweep), Duals, arrays."""
        with _unwarned(arguments):
            try:
                slopes = self.all_partials(output, *arguments)
            except (ZeroDivisionError, OverflowError):
                slopes = [_plain(slope) for slope in self.all_partials(_ieee(output), *map(_ieee, arguments))]
        self._check_count(slopes, arguments)
        return {k: slopes[k] for k in wanted}

    def text(self, operands: Sequence[str]) -> str:
        """Return how it is written, its operands being written so."""
        return self.form.format(", ".join(operands))


def _check_functions(name: Any, compute: Any, partials: Any) -> None:
    if not isinstance(name, str):
        raise TypeError(f"the name of a primitive is a str, not {type(name).__name__}")
    if not callable(compute):
        raise TypeError(f"{name}: compute is a function of floats, not {compute!r}")
    if not isinstance(partials, Sequence) or not all(map(callable, partials)):
        raise TypeError(f"{name}: partials is a list of functions (output, *arguments) -> slope, one per argument")


def _argument_names(compute: Callable[..., Any], partials: Sequence[Partial]) -> tuple[str, ...]:
    """Return what the arguments of a primitive are called in its functions, as far as these say it."""
    arity = len(partials)
    for function, first in ((compute, 0), *((partial, 1) for partial in partials)):
        code = getattr(function, "__code__", None)
        if code is not None and code.co_argcount == first + arity:
            return tuple(code.co_varnames[first : first + arity])
    return ("x",) if arity == 1 else ("x", "y") if arity == 2 else tuple(f"x{k + 1}" for k in range(arity))


def _docstring(row: Primitive, text: str, told: Sequence[str]) -> str:
    """Return the docstring of a row: how it is written, what is told of its arguments, and its worked examples."""
    lines = [f"Return {text}: of floats a float, of Values a node, of arrays an array, of Duals a Dual.", "", "Args:"]
    lines += [f"    {each}" for each in told]
    if row.examples:
        lines += ["", "Worked examples -> value; slopes:"]
    for point, (value, slopes) in row.examples.items():
        operands = point if isinstance(point, tuple) else (point,)
        lines.append(f"    {row._bare_text(list(map(repr, operands)))} -> {value!r}; {slopes!r}")
    if row.accuracy:
        lines += ["", f"Accuracy: {row.accuracy}."]
    return "\n".join(lines)


def _between_numbers(compute: Callable[[float, float], float]) -> Callable[[Any, Any], Any]:
    """Return an operator on floats that leaves anything else to the other operand."""

    def operate(self: Any, other: Any) -> Any:
        return Ieee(compute(float(self), float(other))) if is_real(other) else NotImplemented

    return operate


class Ieee(float):
    """A float whose `/` and `**` follow IEEE 754, for partials at poles: 1 / 0 is inf, as in NumPy."""

    __add__ = __radd__ = _between_numbers(operator.add)
    __mul__ = __rmul__ = _between_numbers(operator.mul)
    __sub__ = _between_numbers(operator.sub)
    __rsub__ = _between_numbers(lambda x, y: y - x)
    __truediv__ = _between_numbers(kernels.divide)
    __rtruediv__ = _between_numbers(lambda x, y: kernels.divide(y, x))
    __pow__ = _between_numbers(kernels.power)  # type: ignore[assignment]
    __rpow__ = _between_numbers(lambda x, y: kernels.power(y, x))  # type: ignore[assignment]

    def __neg__(self) -> Ieee:
        return Ieee(-float(self))

    @classmethod
    def __primitive__(cls, primitive: Primitive, arguments: Sequence[Any]) -> Any:
        if not all(map(is_real, arguments)):
            return NotImplemented
        return cls(primitive.compute(*map(float, arguments)))


def by_code(code: int) -> Primitive:
    """Return the primitive with a code."""
    return TABLE[code]


def is_own(row: Primitive) -> bool:
    """Return whether a row is one of this table, and not a user's, which may have the same name."""
    return globals().get(row.name) is row


def named(name: str, number: int = 0) -> Primitive:
    """Return a primitive by its name; of several of one name, that of a number, in the order they were made."""
    rows = [row for row in TABLE if row.name == name]
    if number >= len(rows):
        raise LookupError(f"no primitive is called {name!r} here: define it before loading what uses it")
    return rows[number]


def _ieee(argument: Any) -> Any:
    """Return a float, or an array of one that has no axes, as a float that divides by 0; anything else as it is."""
    single = getattr(argument, "shape", None) == () and not _holds_objects(argument)
    return Ieee(argument) if type(argument) is float or single else argument


def _plain(slope: Any) -> Any:
    return float(slope) if type(slope) is Ieee else slope


def _is_array(argument: Any) -> bool:
    return not is_real(argument) and (hasattr(argument, "__array_namespace__") or hasattr(argument, "__array__"))


def _condition(given: Any) -> Any:
    """Return a bool of NumPy's, or an array of one that has no axes, as one of Python's; anything else as it is."""
    of_numpy = type(given).__module__ == "numpy" and str(getattr(given, "dtype", "")) == "bool"
    return bool(given) if of_numpy and not given.shape else given


def _array_or_number(argument: Any) -> Any:
    """Return an array of real numbers as one of floats, and a number as a float; else raise a TypeError."""
    if not _is_array(argument):
        return number(argument)
    kind = getattr(argument, "dtype", None)
    if getattr(kind, "kind", "f") in "bcSUO":
        raise TypeError(f"expected real numbers, not an array of {kind}")
    return argument if getattr(kind, "kind", "f") not in "iu" else argument * 1.0


def _bools_or_numbers(argument: Any) -> Any:
    are_bools = type(argument) is bool or getattr(getattr(argument, "dtype", None), "kind", "") == "b"
    return argument if are_bools else _array_or_number(argument)


def _is_node(argument: Any) -> bool:
    return hasattr(type(argument), "__primitive__") and type(argument) is not Ieee


def _unwarned(arguments: Sequence[Any]) -> AbstractContextManager[Any]:
    """Return a context in which NumPy's arrays follow IEEE 754 in silence, as floats do here."""
    if not any(hasattr(type(argument), "dtype") for argument in arguments):
        return contextlib.nullcontext()
    import numpy

    return numpy.errstate(all="ignore")


def _holds_objects(argument: Any) -> bool:
    return getattr(getattr(argument, "dtype", None), "kind", None) == "O"


def zero(*_: Any) -> float:
    """Return 0.0: the partial of what does not depend on an argument."""
    return 0.0


def flat_partial(output: Any, *_: Any) -> Any:
    """Return 0.0, or nan where the output is: the partial of what is piecewise constant in an argument."""
    return flat(output)


LN_2 = math.log(2.0)
LOG2_E = 1.4426950408889634
LOG10_E = 0.4342944819032518
TWO_OVER_SQRT_PI = 1.1283791670955126
SQRT_TWO_PI_INVERSE = 0.3989422804014327
LARGEST = 1.7976931348623157e308

# Array forms longer than a line stand here; the shorter ones stand in their rows.


def _chosen(xp: Any, usual: Any, ordinary: Any, otherwise: Callable[..., Any], *arrays: Any) -> Any:
    """Return the ordinary results on the usual lanes, and otherwise(namespace, *arrays) on the others.

    NumPy computes the latter on those lanes alone, and not at all where there are none.
    """
    if xp.__name__ != "numpy":
        return xp.where(usual, ordinary, otherwise(xp, *arrays))
    if xp.all(usual):
        return ordinary
    usual, ordinary, *wide = xp.broadcast_arrays(usual, ordinary, *arrays)
    results = xp.array(ordinary)
    results[~usual] = otherwise(xp, *(array[~usual] for array in wide))
    return results[()]


def _extreme(beats: str) -> Callable[..., Any]:
    """Return the array form of max or min: of equal ones the first, which NumPy leaves open for 0 and -0."""
    return lambda xp, *arrays: functools.reduce(
        lambda best, x: xp.where(getattr(xp, beats)(x, best) | xp.isnan(x), x, best), arrays
    )


def _compared(operation: str) -> Callable[..., Any]:
    """Return the array form of a comparison: 1.0 and 0.0 rather than booleans."""
    return lambda xp, x, y: 1.0 * getattr(xp, operation)(x, y)


def _special(name: str) -> Callable[..., Any]:
    """Return the array form of a function that is not in NumPy: SciPy's, JAX's, or the float kernel elementwise."""

    def on_arrays(xp: Any, x: Any) -> Any:
        package = "scipy.special" if xp.__name__ == "numpy" else "jax.scipy.special"
        try:
            function = getattr(importlib.import_module(package), name)
        except ImportError:
            function = _elementwise(getattr(math, name))
        return function(x)

    return on_arrays


def _elementwise(kernel: Callable[..., float]) -> Callable[..., Any]:
    """Return a float kernel that takes NumPy arrays, one element at a time."""
    import numpy

    def on_arrays(*arrays: Any) -> Any:
        arguments = numpy.broadcast_arrays(*arrays)
        flat_lists = [numpy.asarray(argument, dtype=float).ravel().tolist() for argument in arguments]
        return numpy.array(list(map(kernel, *flat_lists)), dtype=float).reshape(arguments[0].shape)

    return on_arrays


_erf_on_arrays, _plain_erfc_on_arrays = _special("erf"), _special("erfc")


def _erfc_on_arrays(xp: Any, x: Any) -> Any:
    """Return 1 - erf(x); right of ¼, where SciPy's is up to 500 ulp off and ends at 26.6, by the float kernel."""
    plain = _plain_erfc_on_arrays(xp, x)
    return _chosen(xp, x <= 0.25, plain, _singly(math.erfc), x) if xp.__name__ == "numpy" else plain


def _sum_on_arrays(xp: Any, *arrays: Any) -> Any:
    """Return the correctly rounded sum, as the float kernel does; other namespaces than NumPy add one by one."""
    if len(arrays) < 3 or xp.__name__ != "numpy":
        return functools.reduce(xp.add, arrays, 0.0)
    terms = xp.stack(xp.broadcast_arrays(*arrays), dtype=xp.result_type(*arrays), casting="same_kind")
    whole, errors = _added(xp, terms)
    rest, errors = _added(xp, errors)
    total = whole + rest
    lost = kernels.lost_in_sum(whole, rest, total)
    bound = 4.0 * xp.sum(xp.abs(errors), axis=0)
    margin = bound + xp.where(bound > 0.0, xp.abs(lost) * 2.0**-50, 0.0)
    sure = (total + (lost + margin) == total) & (total + (lost - margin) == total)
    return _chosen(xp, sure, total, _hard_sum_on_arrays, *terms)


def _added(xp: Any, terms: Any) -> tuple[Any, Any]:
    """Return the sum of the rows, added in pairs, and the rounding errors of all additions, exactly."""
    errors = []
    while len(terms) > 1:
        half = len(terms) // 2
        first, second = terms[:half], terms[half : 2 * half]
        wholes = first + second
        errors.append(kernels.lost_in_sum(first, second, wholes))
        terms = xp.concatenate([wholes, terms[2 * half :]])
    return terms[0], xp.concatenate(errors)


def _hard_sum_on_arrays(xp: Any, *arrays: Any) -> Any:
    """Return the sum where a term is not finite; the few lanes that overflow on the way or end near a tie go singly."""
    terms = xp.stack(arrays)
    finite = xp.isfinite(terms)
    endless = xp.sum(xp.where(finite, 0.0, terms), axis=0)
    return _chosen(xp, ~xp.all(finite, axis=0), endless, _singly(kernels.total), *arrays)


def _singly(kernel: Callable[..., float]) -> Callable[..., Any]:
    """Return the array form that leaves NumPy's lanes to the float kernel: for those which are hard and seldom."""
    return lambda xp, *arrays: _elementwise(kernel)(*arrays)


def _of_angle(name: str) -> Callable[..., Any]:
    """Return the array form of sin, cos or tan: the float kernel's where NumPy's quarter turns are short of digits."""
    singly = _singly(getattr(kernels, name))

    def on_arrays(xp: Any, x: Any) -> Any:
        y = getattr(xp, name)(x)
        if xp.__name__ != "numpy" or xp.max(xp.abs(x), initial=0.0) <= kernels.FAR_ANGLE:
            return y
        size = xp.abs(y)
        return _chosen(xp, (size > kernels.AT_A_TURN) & (size < 1.0 / kernels.AT_A_TURN), y, singly, x)

    return on_arrays


_sin_on_arrays, _cos_on_arrays, _tan_on_arrays = map(_of_angle, ("sin", "cos", "tan"))


def _mean_on_arrays(xp: Any, *arrays: Any) -> Any:
    whole = _sum_on_arrays(xp, *arrays)
    if xp.__name__ != "numpy":
        return whole / len(arrays)
    overflows = xp.isinf(whole) & functools.reduce(operator.and_, map(xp.isfinite, arrays))
    return _chosen(xp, ~overflows, whole / len(arrays), _singly(kernels.mean), *arrays)


def _dot_on_arrays(xp: Any, *arrays: Any) -> Any:
    half = len(arrays) // 2
    return _sum_on_arrays(xp, *map(xp.multiply, arrays[:half], arrays[half:]))


def _product_on_arrays(xp: Any, *arrays: Any) -> Any:
    whole: Any = 1.0
    usual: Any = True
    for array in arrays:
        whole = xp.multiply(whole, array)
        usual = usual & (xp.abs(whole) > kernels.SMALL) & (xp.abs(whole) < kernels.BIG)
    return _chosen(xp, usual, whole, _product_by_exponents_on_arrays, *arrays)


def _product_by_exponents_on_arrays(xp: Any, *arrays: Any) -> Any:
    mantissa: Any = 1.0
    exponent: Any = 0
    for array in arrays:
        part, more = xp.frexp(array)
        mantissa, again = xp.frexp(mantissa * part)
        exponent = exponent + more + again
    return xp.ldexp(mantissa, exponent)


def _hypot_on_arrays(xp: Any, *arrays: Any) -> Any:
    if len(arrays) < 3:
        sizes = [xp.abs(array) for array in arrays]
        return functools.reduce(xp.hypot, sizes)
    scale = _binade_on_arrays(xp, *arrays)
    length = xp.sqrt(_sum_on_arrays(xp, *(xp.square(scale * array) for array in arrays))) / scale
    return xp.where(functools.reduce(operator.or_, map(xp.isinf, arrays)), math.inf, length)


def _log_sum_exp_on_arrays(xp: Any, *arrays: Any) -> Any:
    terms = xp.stack(xp.broadcast_arrays(*arrays))
    largest = xp.max(terms, axis=0)
    number = xp.arange(len(arrays)).reshape(-1, *[1] * largest.ndim)
    powers = _exp_difference_on_arrays(xp, terms, largest)
    others = xp.where(number == xp.argmax(terms, axis=0), 0.0, powers)
    return xp.where(xp.isfinite(largest), largest + xp.log1p(_sum_on_arrays(xp, *others)), largest)


def _divide_slope_on_arrays(xp: Any, x: Any, y: Any) -> Any:
    quotient = xp.divide(x, y)
    usual = (xp.abs(quotient) > kernels.SMALL) | xp.equal(x, 0.0) | ~xp.isfinite(y)
    scale = 2.0**600  # a subnormal quotient has lost digits that a small divisor would magnify
    return xp.where(usual, -quotient / y, -(xp.multiply(x, scale) / y) / xp.multiply(y, scale))


def _floor_divide_on_arrays(xp: Any, x: Any, y: Any) -> Any:
    return xp.where(xp.equal(y, 0.0), xp.divide(x, y), xp.floor_divide(x, y))


def _remainder_on_arrays(xp: Any, x: Any, y: Any) -> Any:
    """Return IEEE 754's remainder; all its steps are exact."""
    size = xp.abs(y)
    rest = xp.fmod(xp.abs(x), size + size)
    less = rest - size
    rest = xp.where(rest + rest > size, xp.where(less + less >= size, less - size, less), rest)
    return xp.where(xp.signbit(x), -rest, rest)


_TENS = [float(f"1e{exponent}") for exponent in range(301)]  # a power that is computed may be an ulp off


def _round_to_on_arrays(xp: Any, x: Any, digits: Any) -> Any:
    if xp.__name__ == "numpy":
        return _elementwise(kernels.round_to)(x, digits)
    places = xp.floor(digits)
    behind = places > 0.0
    scale = xp.asarray(_TENS)[
        xp.asarray(xp.where(xp.isnan(places), 0.0, xp.minimum(xp.abs(places), 300.0))).astype(int)
    ]
    product, lost = kernels.two_product(x, scale)
    quotient = x / scale
    back, lost_more = kernels.two_product(quotient, scale)
    scaled = xp.where(behind, product, quotient)
    # what the scaled number lost by rounding, which tells a tie from what only looks like one
    rest = xp.where(behind, lost, ((x - back) - lost_more) / scale)
    whole = xp.rint(scaled)
    over = scaled - whole
    whole = whole + xp.where((over == 0.5) & (rest > 0.0), 1.0, xp.where((over == -0.5) & (rest < 0.0), -1.0, 0.0))
    whole = xp.where(behind, whole / scale, whole * scale)
    return xp.where(xp.isnan(places), places, xp.where(behind & ~(xp.abs(scaled) < 2.0**52), x, whole))


def _clip_on_arrays(xp: Any, x: Any, low: Any, high: Any) -> Any:
    raised = xp.where(xp.greater(low, x), low, x)
    bounded = xp.where(xp.less(high, raised), high, raised)
    return xp.where(xp.isnan(low) | xp.isnan(high), math.nan, bounded)


def _power_slope_on_arrays(xp: Any, x: Any, y: Any) -> Any:
    below = y - 1.0
    base = xp.power(x, below)
    slope = _chosen(xp, _ordinary(xp, base), y * base, _power_slope_far_out, x, y, base)
    lost = kernels.lost_in_sum(y, -1.0, below)
    whole = xp.equal(lost, 0.0) | xp.equal(slope, 0.0) | ~xp.isfinite(slope)
    slope = _chosen(xp, whole, slope, _power_slope_corrected, slope, x, lost)
    real = (x >= 0.0) | xp.isnan(x) | (xp.isfinite(y) & xp.equal(xp.floor(y), y))
    flat = xp.equal(y, 0.0) | ((x >= 0.0) & xp.isinf(y) & xp.equal(base, 0.0))
    return xp.where(flat, 0.0, xp.where(real, slope, math.nan))


def _power_slope_far_out(xp: Any, x: Any, y: Any, base: Any) -> Any:
    root = xp.power(xp.abs(x), 0.5 * (y - 1.0))
    return xp.copysign(1.0, base) * (y * root * root)


def _power_slope_corrected(xp: Any, slope: Any, x: Any, lost: Any) -> Any:
    return slope * xp.exp(lost * xp.log(xp.abs(x)))


def _power_log_on_arrays(xp: Any, x: Any, y: Any) -> Any:
    whole = xp.power(x, y)
    product = _chosen(xp, _ordinary(xp, whole), whole * xp.log(x), _power_log_far_out, x, y)
    zero = (xp.equal(x, 0.0) & (y > 0.0)) | (xp.equal(x, math.inf) & (y < 0.0))
    return xp.where(zero, 0.0, product)


def _power_log_far_out(xp: Any, x: Any, y: Any) -> Any:
    root = xp.power(x, 0.5 * y)
    return xp.log(x) * root * root


def _ordinary(xp: Any, x: Any) -> Any:
    """Return where numbers are so far from 0 and from overflow that a product of a few of them is right."""
    return (xp.abs(x) > kernels.SMALL) & (xp.abs(x) < kernels.BIG)


def _times_exp_on_arrays(xp: Any, a: Any, x: Any) -> Any:
    usual = (xp.abs(x) < 600.0) | xp.equal(a, 0.0)
    return _chosen(xp, usual, a * xp.exp(xp.minimum(x, 600.0)), _times_exp_far_out, a, x)


def _times_exp_far_out(xp: Any, a: Any, x: Any) -> Any:
    root = xp.exp(0.5 * x)
    return a * root * root


def _exp_difference_on_arrays(xp: Any, x: Any, y: Any) -> Any:
    difference = xp.where(xp.equal(x, y), 0.0, x - y)
    power = xp.exp(difference)
    felt = (power > 0.0) & (power < math.inf) & xp.not_equal(x, y)
    return power + xp.where(felt, power * kernels.lost_in_sum(x, -y, difference), 0.0)


def _cbrt_on_arrays(xp: Any, x: Any) -> Any:
    usual = xp.isfinite(x) & xp.not_equal(x, 0.0)
    exponent = xp.frexp(xp.where(usual, x, 1.0))[1] // 3
    scaled = xp.ldexp(xp.where(usual, x, 1.0), -3 * exponent)
    root = xp.cbrt(scaled)
    square, lost = kernels.two_product(root, root)
    cube, lost_more = kernels.two_product(square, root)
    residual = ((scaled - cube) - lost_more) - lost * root
    return xp.where(usual, xp.ldexp(root + residual / (3.0 * square), exponent), x)


def _sigmoid_on_arrays(xp: Any, x: Any) -> Any:
    power = xp.exp(-xp.abs(x))
    return xp.where(x >= 0.0, 1.0, power) / (1.0 + power)


def _sigmoid_slope_on_arrays(xp: Any, x: Any) -> Any:
    power = xp.exp(-xp.abs(x))
    whole = 1.0 + power
    slope = power / (whole * whole)
    return slope - 2.0 * slope * ((power - (whole - 1.0)) / whole)


def _silu_on_arrays(xp: Any, x: Any) -> Any:
    return _chosen(xp, x > -700.0, x * _sigmoid_on_arrays(xp, x), _silu_far_left, x)


def _silu_far_left(xp: Any, x: Any) -> Any:
    return xp.where(x < -1e100, -0.0, _times_exp_on_arrays(xp, x, x))


def _softplus_on_arrays(xp: Any, x: Any) -> Any:
    return xp.maximum(x, 0.0) + xp.log1p(xp.exp(-xp.abs(x)))


def _logit_on_arrays(xp: Any, x: Any) -> Any:
    middle = xp.abs(x - 0.5) <= 0.25
    return xp.where(middle, 2.0 * xp.arctanh(xp.where(middle, 2.0 * x - 1.0, 0.0)), xp.log(x / (1.0 - x)))


def _normal_cdf_on_arrays(xp: Any, x: Any) -> Any:
    t, lost = kernels.two_product(-x, kernels.SQRT_HALF)
    lost = lost - x * kernels.SQRT_HALF_REST
    middle = 0.5 * _erfc_on_arrays(xp, t) - lost * kernels.SQRT_PI_INVERSE * xp.exp(-t * t)
    return _chosen(xp, ~((x < -5.0) | (x > 9.0)), middle, _normal_cdf_far_out, x)


def _normal_cdf_far_out(xp: Any, x: Any) -> Any:
    left = xp.minimum(x, -5.0)
    tail = _gaussian_on_arrays(xp, SQRT_TWO_PI_INVERSE / kernels.mills_inverse(-left), left, 0.5)
    return xp.where(x > 9.0, 1.0, tail)


def _gelu_on_arrays(xp: Any, x: Any) -> Any:
    return _chosen(xp, ~(x < -5.0), x * _normal_cdf_on_arrays(xp, xp.maximum(x, -5.0)), _gelu_far_left, x)


def _gelu_far_left(xp: Any, x: Any) -> Any:
    left = xp.clip(x, -1e100, -5.0)
    tail = _gaussian_on_arrays(xp, kernels.gelu_tail(left), left, 0.5)
    return xp.where(x > -1e100, tail, -0.0)


def _gaussian_on_arrays(xp: Any, a: Any, x: Any, c: Any) -> Any:
    near = xp.abs(x) < 1e100
    inner = xp.where(near, x, 0.0)
    square, lost = kernels.two_product(inner, inner)
    felt = near & ~(c * square > 2000.0)  # further out the bell is 0, also where a is infinite
    bell = _times_exp_on_arrays(xp, a, xp.where(felt, -c * square, 0.0))
    bell = xp.where(xp.isfinite(bell), bell - bell * (c * lost), bell)
    return xp.where(felt, bell, xp.where(xp.equal(c, 0.0), a, _flat_on_arrays(xp, a) + _flat_on_arrays(xp, x)))


def _flat_on_arrays(xp: Any, x: Any) -> Any:
    return xp.where(xp.isnan(x), x, 0.0)


def _binade_on_arrays(xp: Any, *arrays: Any) -> Any:
    largest = functools.reduce(lambda best, x: xp.where(x > best, x, best), map(xp.abs, arrays))
    usable = xp.isfinite(largest) & (largest > 0.0)
    exponent = xp.frexp(xp.where(usable, largest, 1.0))[1]
    return xp.where(usable, xp.ldexp(1.0, xp.clip(1 - exponent, -1022, 1022)), 1.0)


def _scalb_on_arrays(xp: Any, x: Any, exponent: Any) -> Any:
    bounded = xp.clip(exponent, -10000.0, 10000.0)
    whole = xp.floor(bounded)
    steps = xp.asarray(xp.where(xp.isnan(whole), 0.0, whole)).astype(int)
    return xp.ldexp(x * xp.exp2(bounded - whole), steps)


def _sinc_on_arrays(xp: Any, x: Any) -> Any:
    return xp.where(xp.equal(x, 0.0), 1.0, _sin_on_arrays(xp, x) / xp.where(xp.equal(x, 0.0), 1.0, x))


def _bessel_ratio_on_arrays(xp: Any, x: Any, order: Any) -> Any:
    """Return j_n(x) / x**n as the float kernel computes it; in other namespaces than NumPy nan for n > 8."""
    known = xp.isfinite(x) & (order >= 0.0)
    inside = known & (order <= (200.0 if xp.__name__ == "numpy" else 8.0))
    x, n = xp.where(inside, x, 0.0), xp.where(inside, xp.floor(order), 0.0)
    near = x * x < 4.0 + 6.0 * n
    ratio = _chosen(xp, near, _bessel_series_on_arrays(xp, xp.where(near, x, 0.0), n), _bessel_further_out, x, n)
    return xp.where(inside, ratio, xp.where(known & (order > 200.0), 0.0, math.nan))


def _orders(xp: Any, n: Any) -> range:
    """Return the numbers from 1 to the highest order: where that is not known beforehand, to 8."""
    return range(1, int(xp.max(n, initial=0.0)) + 1 if xp.__name__ == "numpy" else 9)


def _bessel_further_out(xp: Any, x: Any, n: Any) -> Any:
    orders, turn = _orders(xp, n), xp.minimum(n, xp.floor(xp.abs(x)))
    before, here = xp.cos(x), xp.sin(x) / x
    found = here
    for k in orders:
        before, here = here, ((2 * k - 1) * here - before) / x / x
        found = xp.where(turn == k, here, found)
    if xp.__name__ == "numpy" and xp.all(turn == n):
        return found
    square, ratio = xp.where(turn < n, x * x, 0.0), 0.0
    for k in range(len(orders) + kernels.BESSEL_STEPS, 0, -1):
        ratio = 1.0 / (2 * k + 1 - square * ratio)
        found = xp.where((turn < k) & (k <= n), found * ratio, found)
    return found


def _bessel_series_on_arrays(xp: Any, x: Any, n: Any) -> Any:
    term: Any = 1.0
    for k in _orders(xp, n):
        term = xp.where(n >= k, term / (2 * k + 1), term)
    terms, least = [term], 1e-20 * xp.abs(term)
    felt: Any = True
    for k in range(1, 60):  # enough for every order, so near 0
        term = xp.where(felt, term * (-0.5 * x * x / (k * (2.0 * n + 2 * k + 1))), 0.0)
        terms.append(term)
        felt = felt & ~(xp.abs(term) < least)
        if xp.__name__ == "numpy" and not xp.any(felt):
            break
    return _sum_on_arrays(xp, *terms)


# -- arithmetic ------------------------------------------------------------------------------------------------------

add: Primitive = Primitive(
    "add",
    lambda x, y: x + y,
    partials=(lambda z, x, y: 1.0, lambda z, x, y: 1.0),
    form="({} + {})",
    array="add",
    smooth_on=[((-3.0, 3.0), (-3.0, 3.0))],
    examples={(2.0, 3.0): (5.0, (1.0, 1.0))},
)
sub: Primitive = Primitive(
    "sub",
    lambda x, y: x - y,
    partials=(lambda z, x, y: 1.0, lambda z, x, y: -1.0),
    form="({} - {})",
    array="subtract",
    smooth_on=[((-3.0, 3.0), (-3.0, 3.0))],
    examples={(2.0, 3.0): (-1.0, (1.0, -1.0))},
)
mul: Primitive = Primitive(
    "mul",
    lambda x, y: x * y,
    partials=(lambda z, x, y: y, lambda z, x, y: x),
    form="({} * {})",
    array="multiply",
    smooth_on=[((-3.0, 3.0), (-3.0, 3.0))],
    examples={(2.0, 3.0): (6.0, (3.0, 2.0)), (0.0, 3.0): (0.0, (3.0, 0.0))},
)
div: Primitive = Primitive(
    "div",
    kernels.divide,
    partials=(lambda z, x, y: 1.0 / y, lambda z, x, y: div_slope(x, y)),
    form="({} / {})",
    array="divide",
    smooth_on=[((-3.0, 3.0), (0.5, 3.0)), ((-3.0, 3.0), (-3.0, -0.5))],
    examples={
        (6.0, 2.0): (3.0, (0.5, -1.5)),
        (49.0, 49.0): (1.0, (1.0 / 49.0, -1.0 / 49.0)),
        (1.0, 0.0): (math.inf, (math.inf, -math.inf)),
    },
)
div_slope: Primitive = Primitive(
    "div_slope",
    kernels.divide_slope,
    partials=(lambda z, x, y: div_slope(1.0, y), lambda z, x, y: -2.0 * z / y),
    form="(-{} / {} ** 2)",
    array=_divide_slope_on_arrays,
    smooth_on=[((-3.0, 3.0), (0.5, 3.0)), ((-3.0, 3.0), (-3.0, -0.5))],
    examples={(6.0, 2.0): (-1.5, (-0.25, 1.5)), (1e200, 1e200): (-1e-200, (0.0, 0.0)), (0.0, 2.0): (0.0, (-0.25, 0.0))},
    accuracy="own, slope in y: where the value is subnormal, half a subnormal step divided by |y| more",
)
neg: Primitive = Primitive(
    "neg",
    lambda x: -x,
    partials=(lambda y, x: -1.0,),
    form="(-{})",
    array="negative",
    smooth_on=[(-3.0, 3.0)],
    examples={2.0: (-2.0, -1.0)},
)
pos: Primitive = Primitive(
    "pos",
    lambda x: x,
    partials=(lambda y, x: 1.0,),
    form="(+{})",
    array="positive",
    smooth_on=[(-3.0, 3.0)],
    examples={2.0: (2.0, 1.0)},
)
abs: Primitive = Primitive(
    "abs",
    math.fabs,
    partials=(lambda y, x: sign(x),),
    array="abs",
    smooth_on=[(0.1, 3.0), (-3.0, -0.1)],
    examples={-2.0: (2.0, -1.0), 0.0: (0.0, 0.0), 3.0: (3.0, 1.0), math.nan: (math.nan, math.nan)},
)
square: Primitive = Primitive(
    "square",
    lambda x: x * x,
    partials=(lambda y, x: 2.0 * x,),
    array="square",
    smooth_on=[(-3.0, 3.0)],
    examples={-3.0: (9.0, -6.0)},
)
reciprocal: Primitive = Primitive(
    "reciprocal",
    lambda x: kernels.divide(1.0, x),
    partials=(lambda y, x: -y * y,),
    array="reciprocal",
    smooth_on=[(0.5, 3.0), (-3.0, -0.5)],
    examples={4.0: (0.25, -0.0625), 0.0: (math.inf, -math.inf)},
)
mod: Primitive = Primitive(
    "mod",
    kernels.modulo,
    partials=(lambda z, x, y: 1.0 + flat(z), lambda z, x, y: -floordiv(x, y)),
    form="({} % {})",
    array="mod",
    smooth_on=[((6.1, 7.9), (2.0, 2.02)), ((-7.9, -6.1), (2.0, 2.02)), ((6.1, 7.9), (-2.02, -2.0))],
    examples={
        (7.0, 2.0): (1.0, (1.0, -3.0)),
        (-7.0, 2.0): (1.0, (1.0, 4.0)),
        (7.0, -2.0): (-1.0, (1.0, 4.0)),
        (7.0, 0.0): (math.nan, (math.nan, -math.inf)),
    },
)
fmod: Primitive = Primitive(
    "fmod",
    kernels.fmod,
    # not -trunc(x / y): the quotient of two floats may round up to the next whole number
    partials=(lambda z, x, y: 1.0 + flat(z), lambda z, x, y: -round(x / y - z / y)),
    array="fmod",
    smooth_on=[((6.1, 7.9), (2.0, 2.02)), ((-7.9, -6.1), (2.0, 2.02)), ((6.1, 7.9), (-2.02, -2.0))],
    examples={
        (7.0, 2.0): (1.0, (1.0, -3.0)),
        (-5.5, 2.0): (-1.5, (1.0, 2.0)),
        (7.0, 0.0): (math.nan, (math.nan, math.nan)),
    },
)
remainder: Primitive = Primitive(
    "remainder",
    kernels.remainder,
    partials=(lambda z, x, y: 1.0 + flat(z), lambda z, x, y: -round(x / y - z / y)),
    array=_remainder_on_arrays,
    smooth_on=[((5.1, 6.8), (2.0, 2.02)), ((-6.8, -5.1), (2.0, 2.02))],
    examples={
        (7.0, 2.0): (-1.0, (1.0, -4.0)),
        (5.0, 2.0): (1.0, (1.0, -2.0)),
        (5.5, 2.0): (-0.5, (1.0, -3.0)),
        (7.0, 0.0): (math.nan, (math.nan, math.nan)),
    },
)
floordiv: Primitive = Primitive(
    "floordiv",
    kernels.floor_divide,
    partials=(flat_partial, flat_partial),
    form="({} // {})",
    array=_floor_divide_on_arrays,
    smooth_on=[((6.1, 7.9), (2.0, 2.02)), ((-7.9, -6.1), (2.0, 2.02))],
    examples={
        (7.0, 2.0): (3.0, (0.0, 0.0)),
        (-7.0, 2.0): (-4.0, (0.0, 0.0)),
        (7.0, 0.0): (math.inf, (0.0, 0.0)),
        (0.0, 0.0): (math.nan, (math.nan, math.nan)),
    },
)


@overload
def divmod(x: Recorded, y: Recorded | Real) -> tuple[Recorded, Recorded]: ...
@overload
def divmod(x: Real, y: Recorded) -> tuple[Recorded, Recorded]: ...
@overload
def divmod(x: Real, y: Real) -> tuple[float, float]: ...
@overload
def divmod(x: Any, y: Any) -> tuple[Any, Any]: ...
def divmod(x: Any, y: Any) -> tuple[Any, Any]:
    """Return the pair (x // y, x % y), with Python's signs.

    Args:
        x: dividend; any number.
        y: divisor; any number.

    Returns:
        Floor quotient and remainder: floats, nodes, arrays or duals.

    Raises:
        TypeError: an argument is not a number.

    Convention: by 0 the quotient is ±inf, or nan for 0 by 0, and the remainder nan.

    Example:
        >>> divmod(-7.0, 2.0)
        (-4.0, 1.0)
    """
    return floordiv(x, y), mod(x, y)


# -- many operands ---------------------------------------------------------------------------------------------------

sum: ManyPrimitive = ManyPrimitive(
    "sum",
    kernels.total,
    partials=lambda y, *xs: [1.0] * len(xs),
    fewest=0,
    array=_sum_on_arrays,
    smooth_on=[((-3.0, 3.0), (-3.0, 3.0), (-3.0, 3.0))],
    examples={(1.0, 2.0, 4.0): (7.0, (1.0, 1.0, 1.0)), (1e308, 1e308, -1e308): (1e308, (1.0, 1.0, 1.0)), (): (0.0, ())},
    accuracy="(a): 4 ulp of the sum of the terms' magnitudes",
)
mean: ManyPrimitive = ManyPrimitive(
    "mean",
    kernels.mean,
    partials=lambda y, *xs: [1.0 / len(xs)] * len(xs),
    array=_mean_on_arrays,
    smooth_on=[((-3.0, 3.0), (-3.0, 3.0), (-3.0, 3.0), (-3.0, 3.0))],
    examples={(1.0, 2.0, 4.0, 9.0): (4.0, (0.25, 0.25, 0.25, 0.25)), (1e308, 1e308): (1e308, (0.5, 0.5))},
    accuracy="(a): 4 ulp of the mean of the terms' magnitudes",
)


class _Dot(ManyPrimitive):
    """A sum of products of pairs; the operands are all first factors, then all second factors."""

    @overload  # type: ignore[override] # it takes two sequences
    def __call__(self, ws: Iterable[Recorded], xs: Iterable[Recorded | Real], /) -> Recorded: ...
    @overload
    def __call__(self, ws: Iterable[Recorded | Real], xs: Iterable[Recorded], /) -> Recorded: ...
    @overload
    def __call__(self, ws: Iterable[Real], xs: Iterable[Real], /) -> float: ...
    @overload
    def __call__(self, ws: Iterable[Any], xs: Iterable[Any], /) -> Any: ...
    def __call__(self, *arguments: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Apply it to two sequences of equal length."""
        if len(arguments) != 2:
            given = f"{len(arguments)} were" if len(arguments) != 1 else "1 was"
            raise TypeError(f"{self.name}() takes two sequences, {given} given")
        ws, xs = map(self._unpacked, arguments)
        if len(ws) != len(xs):
            raise ValueError(f"{self.name}() takes two sequences of equal length, not of {len(ws)} and {len(xs)}")
        return self._applied((*ws, *xs))

    def _unpacked(self, iterable: Any) -> tuple[Any, ...]:
        if is_real(iterable) or isinstance(iterable, str) or hasattr(type(iterable), "__primitive__"):
            raise TypeError(f"{self.name}() takes two sequences, not {type(iterable).__name__}")
        return super()._unpacked(iterable)

    def _document(self) -> str:
        return _docstring(self, "w1 * x1 + w2 * x2 + ...", ["ws: a sequence of numbers.", "xs: another one, as long."])

    def text(self, operands: Sequence[str]) -> str:
        """Return how it is written: its first and its second factors as lists."""
        half = len(operands) // 2
        return f"{self.name}([{', '.join(operands[:half])}], [{', '.join(operands[half:])}])"


dot: _Dot = _Dot(
    "dot",
    kernels.dot,
    partials=lambda y, *operands: [*operands[len(operands) // 2 :], *operands[: len(operands) // 2]],
    fewest=0,
    array=_dot_on_arrays,
    smooth_on=[((-3.0, 3.0),) * 6],
    examples={(1.0, 2.0, 10.0, 20.0): (50.0, (10.0, 20.0, 1.0, 2.0)), (): (0.0, ())},
    accuracy="(a): 4 ulp of the sum of the products' magnitudes",
)
prod: ManyPrimitive = ManyPrimitive(
    "prod",
    kernels.product,
    partials=lambda y, *xs: _products_of_others(xs),
    fewest=0,
    array=_product_on_arrays,
    smooth_on=[((-3.0, 3.0), (-3.0, 3.0), (-3.0, 3.0))],
    examples={
        (2.0, 3.0, 4.0): (24.0, (12.0, 8.0, 6.0)),
        (2.0, 0.0, 4.0): (0.0, (0.0, 8.0, 0.0)),
        (0.0, 0.0, 4.0): (0.0, (0.0, 0.0, 0.0)),
        (1e200, 1e200, 1e-200): (1e200, (1.0, 1.0, math.inf)),
        (): (1.0, ()),
    },
    accuracy="(c): 1 ulp per operand",
)


def _products_of_others(xs: Sequence[Any]) -> list[Any]:
    """Return for each operand the product of all others: what stands before it times what stands behind it.

    Not the whole divided by the operand, which may be 0; the exponents go apart, so that nothing overflows on the way.
    """
    before = _running_products(xs)
    behind = _running_products(xs[::-1])[::-1]
    return [scalb(left * right, up + more) for (left, up), (right, more) in zip(before, behind, strict=True)]


def _running_products(xs: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Return for each operand the product of all before it, as a number of about 1 and an exponent of 2."""
    products = []
    mantissa: Any = 1.0
    exponent: Any = 0.0
    for x in xs:
        products.append((mantissa, exponent))
        scale = binade.of(x)  # `of`: the operand may be an array, which a call takes for many
        whole = mantissa * (x * scale)
        again = binade.of(whole)
        mantissa = whole * again
        exponent = exponent - log2(scale) - log2(again)
    return products


max: ManyPrimitive = ManyPrimitive(
    "max",
    kernels.maximum,
    partials=lambda y, *xs: _shared_evenly(y, xs),
    array=_extreme("greater"),
    smooth_on=[((-3.0, -1.0), (-0.9, 0.9), (1.0, 3.0)), ((1.0, 3.0), (-0.9, 0.9), (-3.0, -1.0))],
    examples={
        (1.0, 3.0, 2.0): (3.0, (0.0, 1.0, 0.0)),
        (3.0, 1.0, 3.0): (3.0, (0.5, 0.0, 0.5)),
        (1.0, math.nan): (math.nan, (math.nan, math.nan)),
    },
)
min: ManyPrimitive = ManyPrimitive(
    "min",
    kernels.minimum,
    partials=lambda y, *xs: _shared_evenly(y, xs),
    array=_extreme("less"),
    smooth_on=[((-3.0, -1.0), (-0.9, 0.9), (1.0, 3.0)), ((1.0, 3.0), (-0.9, 0.9), (-3.0, -1.0))],
    examples={
        (3.0, 1.0, 2.0): (1.0, (0.0, 1.0, 0.0)),
        (1.0, 3.0, 1.0): (1.0, (0.5, 0.0, 0.5)),
        (1.0, math.nan): (math.nan, (math.nan, math.nan)),
    },
)


def _shared_evenly(y: Any, xs: Sequence[Any]) -> list[Any]:
    """Return 1 / k for each of the k operands that equal y, else 0; 0 / 0 where y is nan."""
    hits = [equal(x, y) for x in xs]
    count = sum(hits)
    return [hit / count for hit in hits]


hypot: ManyPrimitive = ManyPrimitive(
    "hypot",
    math.hypot,
    partials=lambda y, *xs: _directions(xs),
    array=_hypot_on_arrays,
    smooth_on=[((0.5, 3.0), (-3.0, 3.0), (-3.0, 3.0))],
    examples={
        (3.0, 4.0): (5.0, (0.6, 0.8)),
        (2.0, 3.0, 6.0): (7.0, (2.0 / 7.0, 3.0 / 7.0, 6.0 / 7.0)),
        (3e200, 4e200): (5e200, (0.6, 0.8)),
        (0.0, 0.0): (0.0, (0.0, 0.0)),
        (math.inf, math.nan): (math.inf, (math.nan, math.nan)),
    },
)


def _directions(xs: Sequence[Any]) -> list[Any]:
    """Return x / hypot(xs) for each, 0 at the origin; scaled by a power of two, for hypot may over- or underflow."""
    scale = binade.of(*xs)
    scaled = [scale * x for x in xs]
    length = hypot.of(*scaled)
    return [not_equal(length, 0.0) * x / (length + equal(length, 0.0)) for x in scaled]


logsumexp: ManyPrimitive = ManyPrimitive(
    "logsumexp",
    kernels.log_sum_exp,
    partials=lambda y, *xs: _weights(xs),
    array=_log_sum_exp_on_arrays,
    smooth_on=[((-3.0, 3.0), (-3.0, 3.0), (-3.0, 3.0))],
    examples={
        (0.0, 0.0): (LN_2, (0.5, 0.5)),
        (1000.0, 1000.0): (1000.0 + LN_2, (0.5, 0.5)),
        (-math.inf, 2.0): (2.0, (0.0, 1.0)),
        (math.inf, 2.0): (math.inf, (1.0, 0.0)),
        (-math.inf, -math.inf): (-math.inf, (0.0, 0.0)),
    },
    accuracy="(a): 4 ulp of the largest operand's magnitude plus the logarithm's, near a zero of the value",
)


def _weights(xs: Sequence[Any]) -> list[Any]:
    """Return exp(x) / Σ exp(x) for each, 0 where all are -inf.

    The shift is a whole number, which is constant where it does not jump: it adds nothing to a second derivative.
    """
    shift = floor(max(*xs, -LARGEST))
    powers = [exp_difference(x, shift) for x in xs]
    total = sum(powers)
    return [power / (total + equal(total, 0.0)) for power in powers]


@overload
def softmax(xs: Iterable[Recorded], *, temperature: Recorded | Real = 1.0) -> list[Recorded]: ...
@overload
def softmax(xs: Iterable[Real], *, temperature: Real = 1.0) -> list[float]: ...
@overload
def softmax(xs: Iterable[Any], *, temperature: Any = 1.0) -> list[Any]: ...
def softmax(xs: Iterable[Any], *, temperature: Any = 1.0) -> list[Any]:
    """Return the softmax of some numbers: positive weights that add up to 1.

    exp(x / temperature) / Σ exp(x / temperature)

    Args:
        xs: any numbers; dimensionless.
        temperature: towards 0 the largest takes all, towards inf all are alike; a negative one favours the smallest.

    Returns:
        A list with one weight per number: floats, nodes, arrays or duals.

    Raises:
        TypeError: something is not a number, or there is no sequence of them.
        ValueError: there are no numbers.

    Convention: numbers that are all -inf have weights 0; the quotients by a temperature of 0 are as IEEE 754 has them.

    Example:
        >>> softmax([1000.0, 1000.0])
        [0.5, 0.5]
    """
    if not hasattr(xs, "__iter__"):
        raise TypeError(f"softmax() takes a sequence of numbers, not {type(xs).__name__}")
    scores = list(map(pos, xs))
    if not scores:
        raise ValueError("softmax() needs at least 1 number")
    is_plain = type(temperature) is float and temperature == 1.0  # then there is nothing to record
    return _weights(scores if is_plain else [div(x, temperature) for x in scores])


# -- powers, exponentials and logarithms -----------------------------------------------------------------------------

pow: Primitive = Primitive(
    "pow",
    kernels.power,
    partials=(lambda z, x, y: pow_slope(x, y), lambda z, x, y: pow_log(x, y)),
    form="({} ** {})",
    array="power",
    smooth_on=[((0.5, 3.0), (-3.0, 3.0))],
    examples={
        (3.0, 2.0): (9.0, (6.0, 9.0 * math.log(3.0))),
        (3e5, 1e300): (math.inf, (math.inf, math.inf)),
        (2.0, -1.0): (0.5, (-0.25, 0.5 * math.log(2.0))),
        (-3.0, 2.0): (9.0, (-6.0, math.nan)),
        (0.5, math.inf): (0.0, (0.0, 0.0)),
        (2.0, -math.inf): (0.0, (0.0, 0.0)),
        (0.0, 2.0): (0.0, (0.0, 0.0)),
        (0.0, 1.0): (0.0, (1.0, 0.0)),
        (0.0, 0.0): (1.0, (0.0, -math.inf)),
        (0.0, 0.5): (0.0, (math.inf, 0.0)),
        (0.0, -1.0): (math.inf, (-math.inf, -math.inf)),
        (-8.0, 0.5): (math.nan, (math.nan, math.nan)),
        (math.nan, 0.0): (1.0, (0.0, math.nan)),
        (1.0, math.nan): (1.0, (math.nan, 0.0)),
    },
)
pow_slope: Primitive = Primitive(
    "pow_slope",
    kernels.power_slope,
    partials=(
        lambda z, x, y: share(y, pow_slope(x, y - 1.0)),
        lambda z, x, y: _power_slope_in_both(x, y),
    ),
    form="({1} * {0} ** ({1} - 1))",
    array=_power_slope_on_arrays,
    smooth_on=[((0.5, 3.0), (-3.0, 3.0))],
    examples={
        (3.0, 2.0): (6.0, (2.0, 3.0 + 6.0 * math.log(3.0))),
        (0.0, 2.0): (0.0, (2.0, 0.0)),
        (0.0, 0.0): (0.0, (0.0, math.inf)),
    },
    accuracy="own, slopes: 400 ulp of the largest term for x within 1e±20: y - 1 is rounded, which log x magnifies",
)
pow_log: Primitive = Primitive(
    "pow_log",
    kernels.power_log,
    partials=(lambda z, x, y: _power_slope_in_both(x, y), lambda z, x, y: share(z, log(x))),
    form="({0} ** {1} * log({0}))",
    array=_power_log_on_arrays,
    smooth_on=[((0.5, 3.0), (-3.0, 3.0))],
    examples={
        (1.0, 5.0): (0.0, (1.0, 0.0)),
        (2.0, 3.0): (8.0 * LN_2, (4.0 + 12.0 * LN_2, 8.0 * LN_2 * LN_2)),
        (0.0, 2.0): (0.0, (0.0, 0.0)),
    },
    accuracy="own, slopes: 400 ulp of the largest term for x within 1e±20: y - 1 is rounded, which log x magnifies",
)


def _power_slope_in_both(x: Any, y: Any) -> Any:
    """Return x**(y - 1) · (1 + y · log x); as a sum it would be inf - inf at x = 0 for 0 < y < 1."""
    return share(pow(x, y - 1.0), 1.0 + share(y, log(x)))


exp: Primitive = Primitive(
    "exp",
    kernels.exp,
    partials=(lambda y, x: y,),
    array="exp",
    smooth_on=[(-3.0, 3.0)],
    examples={0.0: (1.0, 1.0), 1000.0: (math.inf, math.inf), -1000.0: (0.0, 0.0)},
)
exp2: Primitive = Primitive(
    "exp2",
    kernels.exp2,
    partials=(lambda y, x: exp2(0.5 * x) * (LN_2 * exp2(0.5 * x)),),  # not ln 2 · y: y overflows first
    array="exp2",
    smooth_on=[(-3.0, 3.0)],
    examples={3.0: (8.0, 8.0 * LN_2), 2000.0: (math.inf, math.inf)},
)
expm1: Primitive = Primitive(
    "expm1",
    kernels.expm1,
    partials=(lambda y, x: exp(x),),  # not y + 1, which is 0 from x = -38 down
    array="expm1",
    smooth_on=[(-3.0, 3.0)],
    examples={0.0: (0.0, 1.0), -40.0: (-1.0, math.exp(-40.0)), 1000.0: (math.inf, math.inf)},
)


class OneOrTwo(Primitive):
    """A row of one argument that means another row when it is given two, as `math.log` and `round` do.

    Args:
        row: the name, compute and keywords of a `Primitive`.
        of_two: a function that returns the other row.
        told: a sentence about it.
    """

    further = 1

    def __init__(self, *row: Any, of_two: Callable[[], Primitive], told: str, **keywords: Any) -> None:
        self.of_two, self._told = of_two, told
        super().__init__(*row, **keywords)

    if not TYPE_CHECKING:  # every primitive's overloads hold for this one

        def __call__(self, *arguments: Any) -> Any:
            """Return its value, or that of the other row for two arguments."""
            return self.of_two()(*arguments) if len(arguments) == 2 else super().__call__(*arguments)

    def _document(self) -> str:
        summary, _, rest = super()._document().partition("\n\n")
        return f"{summary}\n\n{self._told}\n\n{rest}"


log: OneOrTwo = OneOrTwo(
    "log",
    kernels.log,
    partials=(lambda y, x: 1.0 / x,),
    of_two=lambda: logbase,
    told="With a second argument, the logarithm to that base.",
    array="log",
    smooth_on=[(0.2, 3.0)],
    examples={1.0: (0.0, 1.0), 0.0: (-math.inf, math.inf), -1.0: (math.nan, -1.0)},
)
logbase: Primitive = Primitive(
    "logbase",
    kernels.log_base,
    partials=(lambda z, x, b: 1.0 / log(b) / x, lambda z, x, b: -z / log(b) / b),
    form="log({}, {})",
    array=lambda xp, x, b: xp.log(x) / xp.log(b),
    smooth_on=[((0.2, 3.0), (1.5, 3.0)), ((0.2, 3.0), (0.2, 0.7))],
    examples={
        (8.0, 2.0): (3.0, (1.0 / (8.0 * LN_2), -3.0 / (2.0 * LN_2))),
        (1.0, 10.0): (0.0, (1.0 / math.log(10.0), 0.0)),
    },
    accuracy="own, slope in the base: 5 ulp, for six roundings add up",
)
log2: Primitive = Primitive(
    "log2",
    kernels.log2,
    partials=(lambda y, x: LOG2_E / x,),
    array="log2",
    smooth_on=[(0.2, 3.0)],
    examples={8.0: (3.0, 0.125 / LN_2), 0.0: (-math.inf, math.inf)},
)
log10: Primitive = Primitive(
    "log10",
    kernels.log10,
    partials=(lambda y, x: LOG10_E / x,),
    array="log10",
    smooth_on=[(0.2, 3.0)],
    examples={1000.0: (3.0, 0.001 / math.log(10.0)), 0.0: (-math.inf, math.inf)},
)
log1p: Primitive = Primitive(
    "log1p",
    kernels.log1p,
    partials=(lambda y, x: 1.0 / (1.0 + x),),
    array="log1p",
    smooth_on=[(-0.7, 3.0)],
    examples={0.0: (0.0, 1.0), -1.0: (-math.inf, math.inf)},
)
sqrt: Primitive = Primitive(
    "sqrt",
    kernels.sqrt,
    partials=(lambda y, x: 0.5 / y,),
    array="sqrt",
    smooth_on=[(0.2, 3.0)],
    examples={4.0: (2.0, 0.25), 0.0: (0.0, math.inf), -1.0: (math.nan, math.nan)},
)
cbrt: Primitive = Primitive(
    "cbrt",
    kernels.cbrt,
    partials=(lambda y, x: 1.0 / (3.0 * y * y),),
    array=_cbrt_on_arrays,
    smooth_on=[(0.2, 3.0), (-3.0, -0.2)],
    examples={-8.0: (-2.0, 1.0 / 12.0), 0.0: (0.0, math.inf)},
)
logaddexp: Primitive = Primitive(
    "logaddexp",
    kernels.log_sum_exp,
    # not sigmoid(x - y): the difference is rounded, which costs 256 ulp at -700
    partials=(lambda z, x, y: _weights((x, y))[0], lambda z, x, y: _weights((x, y))[1]),
    array="logaddexp",
    smooth_on=[((-3.0, 3.0), (-3.0, 3.0))],
    examples={
        (0.0, 0.0): (LN_2, (0.5, 0.5)),
        (1000.0, 1000.0): (1000.0 + LN_2, (0.5, 0.5)),
        (-math.inf, 2.0): (2.0, (0.0, 1.0)),
        (math.inf, 2.0): (math.inf, (1.0, 0.0)),
        (-math.inf, -math.inf): (-math.inf, (0.0, 0.0)),
    },
    accuracy="(a): 4 ulp of the larger operand's magnitude plus the logarithm's, near a zero of the value",
)

# -- trigonometry ----------------------------------------------------------------------------------------------------

sin: Primitive = Primitive(
    "sin",
    kernels.sin,
    partials=(lambda y, x: cos(x),),
    array=_sin_on_arrays,
    smooth_on=[(-3.0, 3.0)],
    examples={0.0: (0.0, 1.0), math.inf: (math.nan, math.nan)},
)
cos: Primitive = Primitive(
    "cos",
    kernels.cos,
    partials=(lambda y, x: -sin(x),),
    array=_cos_on_arrays,
    smooth_on=[(-3.0, 3.0)],
    examples={0.0: (1.0, 0.0), 1.0: (math.cos(1.0), -math.sin(1.0))},
)
tan: Primitive = Primitive(
    "tan",
    kernels.tan,
    partials=(lambda y, x: 1.0 + y * y,),
    array=_tan_on_arrays,
    smooth_on=[(-1.2, 1.2)],
    examples={0.0: (0.0, 1.0), math.pi / 4.0: (1.0, 2.0)},
)
cot: Primitive = Primitive(
    "cot",
    lambda x: kernels.divide(1.0, kernels.tan(x)),
    partials=(lambda y, x: -1.0 - y * y,),
    array=lambda xp, x: 1.0 / _tan_on_arrays(xp, x),
    smooth_on=[(0.4, 2.7)],
    examples={math.pi / 4.0: (1.0, -2.0), 0.0: (math.inf, -math.inf)},
)
sec: Primitive = Primitive(
    "sec",
    lambda x: kernels.divide(1.0, kernels.cos(x)),
    partials=(lambda y, x: y * tan(x),),
    array=lambda xp, x: 1.0 / _cos_on_arrays(xp, x),
    smooth_on=[(-1.2, 1.2)],
    examples={0.0: (1.0, 0.0), math.pi / 3.0: (2.0, 2.0 * math.sqrt(3.0))},
)
csc: Primitive = Primitive(
    "csc",
    lambda x: kernels.divide(1.0, kernels.sin(x)),
    partials=(lambda y, x: -y * cot(x),),
    array=lambda xp, x: 1.0 / _sin_on_arrays(xp, x),
    smooth_on=[(0.4, 2.7)],
    examples={math.pi / 6.0: (2.0, -2.0 * math.sqrt(3.0)), 0.0: (math.inf, -math.inf)},
)
asin: Primitive = Primitive(
    "asin",
    kernels.asin,
    partials=(lambda y, x: 1.0 / sqrt(one_minus_square(x)),),
    array="arcsin",
    smooth_on=[(-0.8, 0.8)],
    examples={0.0: (0.0, 1.0), 0.6: (math.asin(0.6), 1.25), 1.0: (math.pi / 2.0, math.inf), 2.0: (math.nan, math.nan)},
)
acos: Primitive = Primitive(
    "acos",
    kernels.acos,
    partials=(lambda y, x: -1.0 / sqrt(one_minus_square(x)),),
    array="arccos",
    smooth_on=[(-0.8, 0.8)],
    examples={
        0.0: (math.pi / 2.0, -1.0),
        0.6: (math.acos(0.6), -1.25),
        1.0: (0.0, -math.inf),
        2.0: (math.nan, math.nan),
    },
)
atan: Primitive = Primitive(
    "atan",
    math.atan,
    partials=(lambda y, x: square(1.0 / hypot(1.0, x)),),  # not 1 / (1 + x²): x² overflows at 1e155
    array="arctan",
    smooth_on=[(-3.0, 3.0)],
    examples={0.0: (0.0, 1.0), 1.0: (math.pi / 4.0, 0.5), math.inf: (math.pi / 2.0, 0.0)},
)
atan2: Primitive = Primitive(
    "atan2",
    math.atan2,
    partials=(lambda z, y, x: _angle_slope(x, x, y), lambda z, y, x: -_angle_slope(y, x, y)),
    array="arctan2",
    smooth_on=[((0.3, 3.0), (-3.0, 3.0)), ((-3.0, 3.0), (0.3, 3.0)), ((-3.0, -0.3), (-3.0, 3.0))],
    examples={
        (1.0, 0.0): (math.pi / 2.0, (0.0, -1.0)),
        (3.0, 4.0): (math.atan(0.75), (0.16, -0.12)),
        (3e200, 4e200): (math.atan(0.75), (1.6e-201, -1.2e-201)),
        (0.0, -1.0): (math.pi, (-1.0, 0.0)),
        (0.0, 0.0): (0.0, (0.0, 0.0)),
        (2.0, math.inf): (0.0, (0.0, 0.0)),
        (-math.inf, math.inf): (-math.pi / 4.0, (0.0, 0.0)),
    },
)


def _angle_slope(leg: Any, x: Any, y: Any) -> Any:
    """Return leg / (x² + y²), 0 at the origin and infinitely far out; scaled, because squares over- and underflow."""
    scale = binade(x, y)
    length = square(scale * x) + square(scale * y)
    near = where(less(abs(leg), math.inf), leg, 0.0)
    return not_equal(length, 0.0) * (scale * (scale * near)) / (length + equal(length, 0.0))


def _sinc_slope(y: Any, x: Any) -> Any:
    """Return (cos x - y) / x; near 0, where that cancels, by a power series, which far out underflows."""
    far = greater(abs(x), 2.0)
    return where(far, (cos(x) - y) / where(far, x, 1.0), -x * bessel_ratio(where(far, 0.0, x), 1.0))


sinc: Primitive = Primitive(
    "sinc",  # sin(x) / x, as in mathematics; NumPy's sinc is sin(πx) / (πx), so it is not the array form
    kernels.sinc,
    partials=(_sinc_slope,),
    array=_sinc_on_arrays,
    smooth_on=[(-3.0, 3.0)],
    examples={
        0.0: (1.0, 0.0),
        math.pi / 2.0: (2.0 / math.pi, -4.0 / math.pi**2),
        1e200: (math.sin(1e200) / 1e200, math.cos(1e200) / 1e200),
    },
    accuracy="(b): the slope near 4.49 and its other zeros: 4 ulp of the largest term",
)
bessel_ratio: Primitive = Primitive(
    "bessel_ratio",  # j_n(x) / x**n of the spherical Bessel functions, n rounded down: every derivative of sinc
    kernels.bessel_ratio,
    partials=(lambda z, x, n: -x * bessel_ratio(x, n + 1.0), flat_partial),
    array=_bessel_ratio_on_arrays,
    smooth_on=[((-3.0, 3.0), (0.2, 0.8)), ((-3.0, 3.0), (1.2, 1.8)), ((3.0, 6.0), (2.2, 2.8))],
    examples={
        (0.0, 0.0): (1.0, (0.0, 0.0)),
        (0.0, 1.0): (1.0 / 3.0, (0.0, 0.0)),
        (0.0, 2.0): (1.0 / 15.0, (0.0, 0.0)),
        (math.pi, 1.0): (math.pi**-2, (-3.0 * math.pi**-3, 0.0)),
    },
    accuracy="(b): near its zeros, 4 ulp of the largest term",
)
degrees: Primitive = Primitive(
    "degrees",
    lambda x: x * (180.0 / math.pi),
    partials=(lambda y, x: 180.0 / math.pi,),
    array="degrees",
    smooth_on=[(-3.0, 3.0)],
    examples={math.pi: (180.0, 180.0 / math.pi)},
)
radians: Primitive = Primitive(
    "radians",
    lambda x: x * (math.pi / 180.0),
    partials=(lambda y, x: math.pi / 180.0,),
    array="radians",
    smooth_on=[(-300.0, 300.0)],
    examples={180.0: (math.pi, math.pi / 180.0)},
)

# -- hyperbolic functions --------------------------------------------------------------------------------------------

sinh: Primitive = Primitive(
    "sinh",
    kernels.sinh,
    partials=(lambda y, x: cosh(x),),
    array="sinh",
    smooth_on=[(-3.0, 3.0)],
    examples={0.0: (0.0, 1.0), -1000.0: (-math.inf, math.inf)},
)
cosh: Primitive = Primitive(
    "cosh",
    kernels.cosh,
    partials=(lambda y, x: sinh(x),),
    array="cosh",
    smooth_on=[(-3.0, 3.0)],
    examples={0.0: (1.0, 0.0), 1000.0: (math.inf, math.inf)},
)
tanh: Primitive = Primitive(
    "tanh",
    math.tanh,
    partials=(lambda y, x: 4.0 * sigmoid_slope(2.0 * x),),  # not 1 - y², which is 0 from x = 20 on
    array="tanh",
    smooth_on=[(-3.0, 3.0)],
    examples={0.0: (0.0, 1.0), 20.0: (1.0, 4.0 * math.exp(-40.0)), math.inf: (1.0, 0.0)},
)
asinh: Primitive = Primitive(
    "asinh",
    math.asinh,
    partials=(lambda y, x: 1.0 / hypot(1.0, x),),
    array="arcsinh",
    smooth_on=[(-3.0, 3.0)],
    examples={0.0: (0.0, 1.0), 0.75: (LN_2, 0.8), 1e200: (math.asinh(1e200), 1e-200)},
)
acosh: Primitive = Primitive(
    "acosh",
    kernels.acosh,
    partials=(lambda y, x: 1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0)),),  # not sqrt(x² - 1): it cancels and overflows
    array="arccosh",
    smooth_on=[(1.3, 3.0)],
    examples={
        1.0: (0.0, math.inf),
        1.25: (LN_2, 4.0 / 3.0),
        1e200: (math.acosh(1e200), 1e-200),
        0.0: (math.nan, math.nan),
    },
)
atanh: Primitive = Primitive(
    "atanh",
    kernels.atanh,
    partials=(lambda y, x: 1.0 / one_minus_square(x) + flat(y),),
    array="arctanh",
    smooth_on=[(-0.8, 0.8)],
    examples={0.0: (0.0, 1.0), 0.6: (LN_2, 1.5625), 1.0: (math.inf, math.inf), 2.0: (math.nan, math.nan)},
)

# -- the bell curve --------------------------------------------------------------------------------------------------

gaussian: Primitive = Primitive(
    "gaussian",  # a · exp(-c x²): x² needs its rounding error, which no formula of other primitives keeps
    kernels.gaussian,
    partials=(
        lambda z, a, x, c: gaussian(1.0, x, c),
        lambda z, a, x, c: gaussian(-2.0 * c * a * x, x, c),
        lambda z, a, x, c: gaussian(-a * x * x, x, c),
    ),
    array=_gaussian_on_arrays,
    smooth_on=[((-3.0, 3.0), (-2.0, 2.0), (0.3, 1.0))],
    examples={
        (3.0, 0.0, 1.0): (3.0, (1.0, 0.0, 0.0)),
        (1.0, 2.0, 0.5): (math.exp(-2.0), (math.exp(-2.0), -2.0 * math.exp(-2.0), -4.0 * math.exp(-2.0))),
    },
)
erf: Primitive = Primitive(
    "erf",
    math.erf,
    partials=(lambda y, x: gaussian(TWO_OVER_SQRT_PI, x, 1.0),),
    array=_erf_on_arrays,
    smooth_on=[(-2.0, 2.0)],
    examples={0.0: (0.0, TWO_OVER_SQRT_PI), math.inf: (1.0, 0.0)},
)
erfc: Primitive = Primitive(
    "erfc",
    kernels.erfc,
    partials=(lambda y, x: gaussian(-TWO_OVER_SQRT_PI, x, 1.0),),
    array=_erfc_on_arrays,
    smooth_on=[(-2.0, 2.0)],
    examples={0.0: (1.0, -TWO_OVER_SQRT_PI), math.inf: (0.0, 0.0)},
)
normal_cdf: Primitive = Primitive(
    "normal_cdf",  # ½ erfc(-x/√2), but the rounding error of x/√2 costs 1400 ulp there
    kernels.normal_cdf,
    partials=(lambda y, x: gaussian(SQRT_TWO_PI_INVERSE, x, 0.5),),
    array=_normal_cdf_on_arrays,
    smooth_on=[(-3.0, 3.0)],
    examples={0.0: (0.5, SQRT_TWO_PI_INVERSE), math.inf: (1.0, 0.0), -math.inf: (0.0, 0.0)},
)
gelu: Primitive = Primitive(
    "gelu",
    kernels.gelu,
    partials=(lambda y, x: normal_cdf(x) + gaussian(SQRT_TWO_PI_INVERSE * x, x, 0.5),),
    array=_gelu_on_arrays,
    smooth_on=[(-3.0, 3.0)],
    examples={0.0: (0.0, 0.5), 1000.0: (1000.0, 1.0), -1000.0: (0.0, 0.0), -math.inf: (0.0, 0.0)},
    accuracy="(b): the slope near its zero at -0.75: 4 ulp of the largest term",
)

# -- activations -----------------------------------------------------------------------------------------------------

sigmoid: Primitive = Primitive(
    "sigmoid",
    kernels.sigmoid,
    partials=(lambda y, x: sigmoid_slope(x),),  # not y · (1 - y), which is 0 from x = 37 on
    array=_sigmoid_on_arrays,
    smooth_on=[(-3.0, 3.0)],
    examples={0.0: (0.5, 0.25), 40.0: (1.0, math.exp(-40.0)), -1000.0: (0.0, 0.0)},
)
log_sigmoid: Primitive = Primitive(
    "log_sigmoid",
    kernels.log_sigmoid,
    partials=(lambda y, x: sigmoid(-x),),
    array=lambda xp, x: -_softplus_on_arrays(xp, -x),
    smooth_on=[(-3.0, 3.0)],
    examples={0.0: (-LN_2, 0.5), -1000.0: (-1000.0, 1.0), 50.0: (-math.exp(-50.0), math.exp(-50.0))},
)
softplus: Primitive = Primitive(
    "softplus",
    kernels.softplus,
    partials=(lambda y, x: sigmoid(x),),
    array=_softplus_on_arrays,
    smooth_on=[(-3.0, 3.0)],
    examples={0.0: (LN_2, 0.5), 1000.0: (1000.0, 1.0), -50.0: (math.exp(-50.0), math.exp(-50.0))},
)
logit: Primitive = Primitive(
    "logit",
    kernels.logit,
    partials=(lambda y, x: 1.0 / (x * (1.0 - x)) + flat(y),),
    array=_logit_on_arrays,
    smooth_on=[(0.1, 0.9)],
    examples={0.5: (0.0, 4.0), 0.2: (-math.log(4.0), 6.25), 0.0: (-math.inf, math.inf), 2.0: (math.nan, math.nan)},
)
silu: Primitive = Primitive(
    "silu",
    kernels.silu,
    partials=(lambda y, x: sigmoid(x) + share(y, sigmoid(-x)),),  # at inf the share is 0, not inf · 0
    array=_silu_on_arrays,
    smooth_on=[(-3.0, 3.0)],
    examples={0.0: (0.0, 0.5), 1000.0: (1000.0, 1.0), -1000.0: (0.0, 0.0), -math.inf: (0.0, 0.0)},
    accuracy="(b): the slope near its zero at -1.28: 4 ulp of the largest term",
)
relu: Primitive = Primitive(
    "relu",
    kernels.relu,
    partials=(lambda y, x: step(x),),
    array=lambda xp, x: xp.maximum(x, 0.0),
    smooth_on=[(0.1, 3.0), (-3.0, -0.1)],
    examples={-2.0: (0.0, 0.0), 0.0: (0.0, 0.0), 3.0: (3.0, 1.0), math.nan: (math.nan, math.nan)},
)
leaky_relu: Primitive = Primitive(
    "leaky_relu",
    kernels.leaky_relu,
    partials=(
        lambda y, x, slope: where(greater(x, 0.0), 1.0, slope) + flat(x),
        lambda y, x, slope: where(greater(x, 0.0), 0.0, x),
    ),
    array=lambda xp, x, slope: xp.where(x > 0.0, x, slope * x),
    defaults=(0.1,),
    smooth_on=[((0.1, 3.0), (0.05, 0.5)), ((-3.0, -0.1), (0.05, 0.5))],
    examples={(-2.0, 0.25): (-0.5, (0.25, -2.0)), (0.0, 0.25): (0.0, (0.25, 0.0)), (3.0, 0.25): (3.0, (1.0, 0.0))},
)
elu: Primitive = Primitive(
    "elu",
    kernels.elu,
    partials=(
        lambda y, x, alpha: where(greater(x, 0.0), 1.0, times_exp(alpha, min(x, 0.0))) + flat(x),
        lambda y, x, alpha: where(greater(x, 0.0), 0.0, expm1(min(x, 0.0))),
    ),
    array=lambda xp, x, alpha: xp.where(x > 0.0, x, alpha * xp.expm1(xp.where(x > 0.0, 0.0, x))),
    defaults=(1.0,),
    smooth_on=[((0.1, 3.0), (0.5, 2.0)), ((-3.0, -0.1), (0.5, 2.0))],
    examples={(3.0, 2.0): (3.0, (1.0, 0.0)), (0.0, 2.0): (0.0, (2.0, 0.0)), (-LN_2, 2.0): (-1.0, (1.0, -0.5))},
)

# -- pieces: slopes of what jumps are 0, nan where the operand is ----------------------------------------------------

flat: Primitive = Primitive(
    "flat",
    kernels.flat,
    partials=(flat_partial,),
    array=_flat_on_arrays,
    smooth_on=[(-3.0, 3.0)],
    examples={2.0: (0.0, 0.0), math.inf: (0.0, 0.0), math.nan: (math.nan, math.nan)},
)
step: Primitive = Primitive(
    "step",  # 0 at 0, so that it is the slope of relu
    kernels.step,
    partials=(flat_partial,),
    array=lambda xp, x: xp.where(xp.isnan(x), x, 1.0 * xp.greater(x, 0.0)),
    smooth_on=[(0.1, 3.0), (-3.0, -0.1)],
    examples={-2.0: (0.0, 0.0), 0.0: (0.0, 0.0), 3.0: (1.0, 0.0), math.nan: (math.nan, math.nan)},
)
sign: Primitive = Primitive(
    "sign",
    kernels.sign,
    partials=(flat_partial,),
    array="sign",
    smooth_on=[(0.1, 3.0), (-3.0, -0.1)],
    examples={-2.0: (-1.0, 0.0), 0.0: (0.0, 0.0), 3.0: (1.0, 0.0), math.nan: (math.nan, math.nan)},
)
floor: Primitive = Primitive(
    "floor",
    kernels.floor,
    partials=(flat_partial,),
    array="floor",
    smooth_on=[(0.1, 0.9), (-0.9, -0.1)],
    examples={
        -1.5: (-2.0, 0.0),
        2.0: (2.0, 0.0),
        2.5: (2.0, 0.0),
        math.inf: (math.inf, 0.0),
        math.nan: (math.nan, math.nan),
    },
)
ceil: Primitive = Primitive(
    "ceil",
    kernels.ceil,
    partials=(flat_partial,),
    array="ceil",
    smooth_on=[(0.1, 0.9), (-0.9, -0.1)],
    examples={-1.5: (-1.0, 0.0), 2.0: (2.0, 0.0), 2.5: (3.0, 0.0), math.nan: (math.nan, math.nan)},
)
round: OneOrTwo = OneOrTwo(
    "round",
    kernels.round_half_even,
    partials=(flat_partial,),
    of_two=lambda: round_to,
    told="With a second argument, rounded to so many decimal digits.",
    array="rint",
    smooth_on=[(0.6, 1.4), (-0.4, 0.4)],
    examples={-1.5: (-2.0, 0.0), 0.5: (0.0, 0.0), 2.5: (2.0, 0.0), 2.6: (3.0, 0.0), math.nan: (math.nan, math.nan)},
)
round_to: Primitive = Primitive(
    "round_to",  # digits is rounded down to a whole number
    kernels.round_to,
    partials=(flat_partial, flat_partial),
    form="round({}, {})",
    array=_round_to_on_arrays,
    smooth_on=[((0.61, 0.64), (1.2, 1.8))],
    examples={
        (2.675, 2.0): (2.67, (0.0, 0.0)),
        (1250.0, -2.0): (1200.0, (0.0, 0.0)),
        (math.nan, 2.0): (math.nan, (math.nan, math.nan)),
    },
)
trunc: Primitive = Primitive(
    "trunc",
    kernels.trunc,
    partials=(flat_partial,),
    array="trunc",
    smooth_on=[(0.1, 0.9), (-1.9, -1.1)],
    examples={-1.5: (-1.0, 0.0), 1.5: (1.0, 0.0), 2.0: (2.0, 0.0), math.nan: (math.nan, math.nan)},
)
copysign: Primitive = Primitive(
    "copysign",
    math.copysign,
    partials=(lambda z, x, y: sign(x) * copysign(1.0, y), lambda z, x, y: flat(y)),
    array="copysign",
    smooth_on=[((0.1, 3.0), (0.1, 3.0)), ((0.1, 3.0), (-3.0, -0.1)), ((-3.0, -0.1), (0.1, 3.0))],
    examples={
        (2.0, -3.0): (-2.0, (-1.0, 0.0)),
        (-2.0, 3.0): (2.0, (-1.0, 0.0)),
        (2.0, -0.0): (-2.0, (-1.0, 0.0)),
        (0.0, 3.0): (0.0, (0.0, 0.0)),
    },
)
clip: Primitive = Primitive(
    "clip",
    kernels.clip,
    partials=(
        lambda y, x, low, high: less_equal(low, x) * less_equal(x, high) + flat(y),
        lambda y, x, low, high: less(x, low) * less_equal(low, high) + flat(y),
        lambda y, x, low, high: less(high, max(x, low)) + flat(y),
    ),
    array=_clip_on_arrays,
    smooth_on=[
        ((0.2, 0.8), (-0.5, 0.0), (1.0, 1.5)),
        ((-3.0, -1.0), (-0.5, 0.0), (1.0, 1.5)),
        ((2.0, 3.0), (-0.5, 0.0), (1.0, 1.5)),
    ],
    examples={
        (0.5, 0.0, 1.0): (0.5, (1.0, 0.0, 0.0)),
        (0.0, 0.0, 1.0): (0.0, (1.0, 0.0, 0.0)),
        (1.0, 0.0, 1.0): (1.0, (1.0, 0.0, 0.0)),
        (-2.0, 0.0, 1.0): (0.0, (0.0, 1.0, 0.0)),
        (3.0, 0.0, 1.0): (1.0, (0.0, 0.0, 1.0)),
        (0.5, 2.0, 1.0): (1.0, (0.0, 0.0, 1.0)),
        (math.nan, 0.0, 1.0): (math.nan, (math.nan, math.nan, math.nan)),
    },
)
where: Primitive = Primitive(
    "where",
    kernels.where,
    partials=(zero, lambda y, c, a, b: where(c, 1.0, 0.0), lambda y, c, a, b: where(c, 0.0, 1.0)),
    array=lambda xp, c, a, b: xp.where(xp.not_equal(c, 0.0), a, b),
    takes_condition=True,
    smooth_on=[((0.5, 1.5), (-3.0, 3.0), (-3.0, 3.0))],
    examples={(1.0, 2.0, 3.0): (2.0, (0.0, 1.0, 0.0)), (0.0, 2.0, math.inf): (math.inf, (0.0, 0.0, 1.0))},
)

# -- comparisons: 1.0 where they hold, 0.0 where not; nothing holds of nan but != ------------------------------------


def _comparison(name: str, sign: str, holds: Callable[[float, float], bool]) -> Primitive:
    return Primitive(
        name,
        lambda x, y: 1.0 if holds(x, y) else 0.0,
        partials=(zero, zero),
        form="({} " + sign + " {})",
        array=_compared(name),
        smooth_on=[((0.1, 1.0), (1.1, 2.0)), ((1.1, 2.0), (0.1, 1.0))],
        examples={
            (x, y): (float(holds(x, y)), (0.0, 0.0)) for x, y in ((1.0, 2.0), (2.0, 2.0), (3.0, 2.0), (math.nan, 2.0))
        },
    )


less: Primitive = _comparison("less", "<", operator.lt)
less_equal: Primitive = _comparison("less_equal", "<=", operator.le)
greater: Primitive = _comparison("greater", ">", operator.gt)
greater_equal: Primitive = _comparison("greater_equal", ">=", operator.ge)
equal: Primitive = _comparison("equal", "==", operator.eq)
not_equal: Primitive = _comparison("not_equal", "!=", operator.ne)

# -- what partials are made of ---------------------------------------------------------------------------------------

share: Primitive = Primitive(
    "share",  # what an edge contributes to a sweep: adjoint · slope, exactly 0 where either is exactly 0
    kernels.share,
    form="({} * {})",
    partials=(lambda z, adjoint, slope: slope, lambda z, adjoint, slope: adjoint),
    array=lambda xp, adjoint, slope: xp.where(
        xp.equal(adjoint, 0.0) | xp.equal(slope, 0.0), 0.0, xp.multiply(adjoint, slope)
    ),
    smooth_on=[((-3.0, 3.0), (-3.0, 3.0))],
    examples={
        (2.0, 3.0): (6.0, (3.0, 2.0)),
        (0.0, math.inf): (0.0, (math.inf, 0.0)),
        (math.nan, 0.0): (0.0, (0.0, math.nan)),
    },
)
one_minus_square: Primitive = Primitive(
    "one_minus_square",  # the two factors do not cancel near ±1, and -2x, unlike their slopes' sum, not near 0
    lambda x: (1.0 - x) * (1.0 + x),
    partials=(lambda y, x: -2.0 * x,),
    form="(1 - {} ** 2)",
    array=lambda xp, x: (1.0 - x) * (1.0 + x),
    smooth_on=[(-3.0, 3.0)],
    examples={0.5: (0.75, -1.0), 1e-300: (1.0, -2e-300)},
)
sigmoid_slope: Primitive = Primitive(
    "sigmoid_slope",  # its own slope is not that of a product, y · (sigmoid(-x) - sigmoid(x)), which cancels near 0
    kernels.sigmoid_slope,
    partials=(lambda y, x: -tanh(0.5 * x) * y,),
    form="(sigmoid({0}) * sigmoid(-{0}))",
    array=_sigmoid_slope_on_arrays,
    smooth_on=[(-3.0, 3.0)],
    examples={0.0: (0.25, 0.0), 1e-300: (0.25, -1.25e-301), -740.0: (math.exp(-740.0), math.exp(-740.0))},
)
exp_difference: Primitive = Primitive(
    "exp_difference",  # the difference is rounded, which costs 256 ulp at -700 unless it is put back
    kernels.exp_difference,
    partials=(lambda z, x, y: z, lambda z, x, y: -z),
    form="exp({} - {})",
    array=_exp_difference_on_arrays,
    smooth_on=[((-3.0, 3.0), (-3.0, 3.0))],
    examples={(2.0, 2.0): (1.0, (1.0, -1.0)), (-math.inf, 2.0): (0.0, (0.0, 0.0))},
)
times_exp: Primitive = Primitive(
    "times_exp",  # the power alone may over- or underflow
    kernels.times_exp,
    partials=(lambda z, a, x: exp(x), lambda z, a, x: z),
    form="({} * exp({}))",
    array=_times_exp_on_arrays,
    smooth_on=[((-3.0, 3.0), (-3.0, 3.0))],
    examples={(3.0, 0.0): (3.0, (1.0, 3.0)), (0.0, 1000.0): (0.0, (math.inf, 0.0))},
)
binade: ManyPrimitive = ManyPrimitive(
    "binade",  # the power of two that scales the largest to about 1: constant where it does not jump
    kernels.binade,
    partials=lambda y, *xs: [0.0] * len(xs),
    array=_binade_on_arrays,
    smooth_on=[((1.1, 1.9), (0.1, 0.9))],
    examples={(3.0, 5.0): (0.25, (0.0, 0.0)), (-0.75,): (2.0, (0.0,)), (0.0,): (1.0, (0.0,))},
)
scalb: Primitive = Primitive(
    "scalb",
    kernels.scalb,
    partials=(lambda z, x, n: scalb(1.0, n), lambda z, x, n: 2.0 * LN_2 * scalb(x, n - 1.0)),
    form="({} * 2 ** {})",
    array=_scalb_on_arrays,
    smooth_on=[((-3.0, 3.0), (-3.0, 3.0))],
    examples={(3.0, 4.0): (48.0, (16.0, 48.0 * LN_2)), (0.0, 5000.0): (0.0, (math.inf, 0.0))},
)
