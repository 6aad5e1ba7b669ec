"""Value: a number that remembers where on the tape it was made.

This room knows how a computation writes itself down: operators, slopes captured at recording, comparisons and their
guards, `backward()`. What a primitive computes stands in `autograd.primitives`, which tape is recorded on in
`autograd.recording`, how adjoints travel in `autograd.tape`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, cast

from autograd import primitives
from autograd.kernels import SMALL
from autograd.operators import Operators, binary, reflected
from autograd.primitives import Primitive, Real, is_real, number
from autograd.provenance import not_finite, user_line
from autograd.recording import (
    Replayable,
    active_modes,
    close_automatic,
    enter_leaf,
    here,
    keep_for_guards,
    mode,
    resolve,
)
from autograd.tape import CONSTANT, LEAF, NONE, WIDTH, Lock, Node, Place, Tape, edges, reachable, reverse_sweep

__all__ = ["Condition", "Value"]

_new = object.__new__
writes = 0
"""How often the data of any leaf was assigned: what was looked up about leaves before the last time is out of date."""

_fresh_keys = itertools.count(-2, -1)
_accumulating = Lock()

_add, _sub, _mul, _div, _neg = (
    row.code for row in map(vars(primitives).__getitem__, ("add", "sub", "mul", "div", "neg"))
)


def _as_typed(operator: Callable[[Value, Any], Any]) -> Callable[[Value, Value | Real], Value]:
    """Return an operator as type checkers see it from outside: what it may be given, and what it returns."""
    return operator


class Value(Operators["Value | Real"]):
    """A float64 that records what is computed from it.

    A Value is a light handle: its number, the tape it was recorded on and its index there. A leaf (made by calling
    `Value`) is on no tape of its own; a constant (from `detach()` or under `no_grad()`) never is.

    Args:
        data: a real number (int, float, NumPy real scalar, Fraction, Decimal); dimensionless.
        label: what traces and drawings call it.

    Raises:
        TypeError: data is not a real number (bool, str, None, complex and lists are not), or the label not a str.

    Example:
        >>> from autograd import Value
        >>> w1, w2 = Value(2.0), Value(3.0)
        >>> g = w1**3 * w2 + 3 * w1
        >>> g.backward()
        >>> g.data, w1.grad, w2.grad
        (30.0, 39.0, 8.0)
    """

    __slots__ = ("__weakref__", "_data", "_grad", "_index", "_label", "_tape")

    _data: float
    _tape: Tape | None
    _index: int
    _grad: float
    _label: str | None

    def __init__(self, data: Real, label: str | None = None) -> None:
        self._data = data if type(data) is float else number(data)
        self._tape = None
        self._index = next(_fresh_keys)
        self._grad = 0.0
        self.label = label

    # -- what it carries ---------------------------------------------------------------------------------------------

    @property
    def data(self) -> float:
        """The number. Only a leaf can be given another one; graphs recorded before keep the old one."""
        if active_modes and not _is_cut(self):
            check_readable(self)
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        if not self.is_leaf:
            raise AttributeError(
                "only a leaf's data can be assigned: this value was computed, and its graph would no longer be true; "
                "make a new Value, or change the leaves and compute again"
            )
        if active_modes:
            _check_assignable(self)
        global writes
        data, key = number(data), next(_fresh_keys)
        self._data, self._index = data, key  # no call from here on: an interrupt, and another thread, come at calls
        writes += 1  # last, so that whoever sees the old count saw old data, and whoever sees the new one new data

    @property
    def grad(self) -> float:
        """What `backward()` left: a leaf's sum over all sweeps, an inner node's adjoint of the last sweep over it."""
        if self._tape is not None:
            adjoints = self._tape.adjoints
            return adjoints[self._index] if adjoints is not None and self._index < len(adjoints) else 0.0
        if self._index == CONSTANT:
            return 0.0
        if active_modes:
            note_read(self, "_grad")
        return self._grad

    @grad.setter
    def grad(self, grad: Any) -> None:
        if not self.is_leaf:
            raise AttributeError("only a leaf's grad can be assigned: pass an adjoint to start from as backward(seed)")
        self._grad = number(grad)

    @property
    def label(self) -> str | None:
        """What traces and drawings call it; it belongs to the node and outlives this handle."""
        if self._tape is not None:
            return self._tape.labels.get(self._index)
        return self._label

    @label.setter
    def label(self, label: str | None) -> None:
        if label is not None and not isinstance(label, str):
            raise TypeError(f"a label is a str, not {type(label).__name__}")
        if self._tape is None:
            self._label = label
        elif label is None:
            self._tape.labels.pop(self._index, None)
        else:
            self._tape.labels[self._index] = label

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by calling `Value`, rather than computed."""
        return self._tape is None and self._index != CONSTANT

    @property
    def is_constant(self) -> bool:
        """Whether it is cut off from what it was computed from (`detach()`, `no_grad()`)."""
        return self._tape is None and self._index == CONSTANT

    @property
    def primitive(self) -> Primitive | None:
        """The primitive that computed it; None for a leaf and a constant."""
        if self._tape is None:
            return None
        code = self._resolved_node()[0]
        return primitives.by_code(code) if code >= 0 else None

    @property
    def operands(self) -> tuple[Value | float, ...]:
        """What it was computed from, in order: Values, and floats for constants; () for a leaf and a constant."""
        if self._tape is None:
            return ()
        tape, index = resolved((self._tape, self._index))
        return operands_of(tape, index)

    def _resolved_node(self) -> Node:
        assert self._tape is not None
        tape, index = resolved((self._tape, self._index))
        node: Node = tape.nodes[index]
        return node

    def item(self) -> float:
        """Return the number, as NumPy and PyTorch call it."""
        return self.data

    # -- differentiation ---------------------------------------------------------------------------------------------

    def backward(self, seed: float = 1.0) -> None:
        """Add seed × d(self)/d(leaf) to the `.grad` of every leaf this was computed from.

        Args:
            seed: the adjoint to start from; dimensionless.

        Raises:
            ValueError: this is a constant, so there is nothing to differentiate.
            TypeError: the seed is not a number.

        Convention: a share whose adjoint or slope is exactly zero is exactly nothing (no 0 · inf). An interrupt
        (Ctrl-C) finds all leaves reached or none of them, and the tape whole: the sweep can be made again. Threads may
        sweep to the same leaves at once: nothing is lost, and what they add up agrees to within rounding.

        Cost: one reverse sweep; 40 bytes per node.

        Example:
            >>> x = Value(3.0)
            >>> y = x * x
            >>> y.backward()
            >>> y.backward()
            >>> x.grad
            12.0
        """
        seed = number(seed)
        if active_modes:
            _check_sweepable(self)
        if self.is_constant:
            raise ValueError(
                "backward() on a constant: it was made by detach() or under no_grad(), so it knows nothing it was "
                "computed from; compute it where it can be recorded"
            )
        if self._tape is None:
            _accumulate([(self, seed)])
            return
        swept = reverse_sweep([((self._tape, self._index), seed)])
        shares = []
        for tape, adjoints in swept.items():
            tape.adjoints = adjoints
            reached = len(adjoints)
            leaves = tape.leaves.copy()  # at once: another thread may be recording on that tape
            shares += [(leaf, adjoints[i]) for i, (leaf, _) in leaves.items() if i < reached and adjoints[i]]
        _accumulate(shares)
        close_automatic()

    def zero_grad(self) -> None:
        """Set to 0.0 the `.grad` of this leaf, or of every leaf that this value was computed from."""
        if self._tape is None:
            self._grad = 0.0
            return
        for tape, index in reachable([(self._tape, self._index)])[0]:
            if index in tape.leaves:
                tape.leaves[index][0]._grad = 0.0

    def detach(self) -> Value:
        """Return a constant with the same number: gradients do not pass through it.

        In a function that is being compiled it is the number of every replay, and so no constant.
        """
        if active_modes and _is_replayed(self):
            return cut(self)
        return constant(self._data)

    # -- arithmetic --------------------------------------------------------------------------------------------------
    # +, -, × and / repeat the formulas of their rows: they save 60 % of the time of the general way (see
    # tests/benchmarks), and tests/test_fast_paths.py proves them equal to the rows.

    @_as_typed
    def __add__(self, other: Any) -> Any:
        kind = type(other)
        if kind is Value:
            return record_two(_add, self._data + other._data, self, 1.0, other, 1.0)
        if kind is float:
            return record_two(_add, self._data + other, self, 1.0, None, other)
        if kind is int:
            return self + number(other)
        return binary(primitives.add, self, other)

    @_as_typed
    def __radd__(self, other: Any) -> Any:
        kind = type(other)
        if kind is float:
            return record_two(_add, other + self._data, None, other, self, 1.0)
        if kind is int:
            return number(other) + self
        return reflected(primitives.add, self, other)

    @_as_typed
    def __sub__(self, other: Any) -> Any:
        kind = type(other)
        if kind is Value:
            return record_two(_sub, self._data - other._data, self, 1.0, other, -1.0)
        if kind is float:
            return record_two(_sub, self._data - other, self, 1.0, None, other)
        if kind is int:
            return self - number(other)
        return binary(primitives.sub, self, other)

    @_as_typed
    def __rsub__(self, other: Any) -> Any:
        kind = type(other)
        if kind is float:
            return record_two(_sub, other - self._data, None, other, self, -1.0)
        if kind is int:
            return number(other) - self
        return reflected(primitives.sub, self, other)

    @_as_typed
    def __mul__(self, other: Any) -> Any:
        kind = type(other)
        if kind is Value:
            left, right = self._data, other._data
            return record_two(_mul, left * right, self, right, other, left)
        if kind is float:
            return record_two(_mul, self._data * other, self, other, None, other)
        if kind is int:
            return self * number(other)
        return binary(primitives.mul, self, other)

    @_as_typed
    def __rmul__(self, other: Any) -> Any:
        kind = type(other)
        if kind is float:
            return record_two(_mul, other * self._data, None, other, self, other)
        if kind is int:
            return number(other) * self
        return reflected(primitives.mul, self, other)

    @_as_typed
    def __truediv__(self, other: Any) -> Any:
        kind = type(other)
        if kind is Value and other._data:
            divisor = other._data
            quotient = self._data / divisor
            if quotient > SMALL or quotient < -SMALL:  # else the row's formula is another one
                return record_two(_div, quotient, self, 1.0 / divisor, other, -quotient / divisor)
        elif kind is float and other:
            return record_two(_div, self._data / other, self, 1.0 / other, None, other)
        elif kind is int:
            return self / number(other)
        return binary(primitives.div, self, other)

    def __neg__(self) -> Value:
        return record_one(_neg, -self._data, self, -1.0)

    # -- comparison and conversion -----------------------------------------------------------------------------------

    def __eq__(self, other: object) -> Any:
        return compare(primitives.equal, self, other)

    def __ne__(self, other: object) -> Any:
        return compare(primitives.not_equal, self, other)

    def __lt__(self, other: Value | Real) -> Condition:
        return compare(primitives.less, self, other)

    def __le__(self, other: Value | Real) -> Condition:
        return compare(primitives.less_equal, self, other)

    def __gt__(self, other: Value | Real) -> Condition:
        return compare(primitives.greater, self, other)

    def __ge__(self, other: Value | Real) -> Condition:
        return compare(primitives.greater_equal, self, other)

    def __bool__(self) -> bool:
        return bool(compare(primitives.not_equal, self, 0.0))

    def __hash__(self) -> int:
        if self._tape is None:
            return object.__hash__(self)
        return hash(resolved((self._tape, self._index)))

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label is not None else ""
        return f"Value(data={self._data!r}, grad={self.grad!r}{label})"

    def __str__(self) -> str:
        return repr(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """Return what a notebook shows: the picture of the computation, where it can be drawn, and the text."""
        from autograd.show.render import bundle_of

        del include, exclude
        return bundle_of(self)

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else str(self)

    def __copy__(self) -> Value:
        from autograd.copies import independent_copy

        return independent_copy(self)

    def __reduce__(self) -> Any:
        from autograd.copies import reduce_value

        return reduce_value(self)

    @classmethod
    def __primitive__(cls, primitive: Primitive, arguments: Sequence[Any]) -> Any:
        """Record a primitive applied to Values and numbers: what calling it on a Value comes to."""
        operand = arguments[0]
        if primitive.arity != 1 or operand._index == CONSTANT:
            return apply(primitive, arguments)
        x = operand._data
        primal = primitive.compute(x)
        try:
            slope = primitive.partials[0](primal, x)
        except (ZeroDivisionError, OverflowError):
            slope = primitive.slope(primal, x)
        if type(primal) is not float or type(slope) is not float:  # rows that users write may return ints
            primal, slope = primitive.as_float(primal), primitive.as_float(slope, "the partial of ")
        return record_one(primitive.code, primal, operand, slope)


class Condition:
    """The outcome of comparing Values: it prints and behaves as a bool.

    `where` takes it as an operand. Its truth (`if`, `and`, `max`, `sorted`) writes a guard on the tape: the comparison,
    its outcome and the source line, so that a replay that would take another branch is noticed.

    Attributes:
        primitive: the row that compares, such as `less`.
        left, right: what was compared: Values or numbers, at least one a Value.
        outcome: whether the comparison holds; reading it writes no guard.

    Example:
        >>> from autograd import Value, where
        >>> x = Value(3.0)
        >>> x > 2
        True
        >>> where(x > 2, x, 0.0).data
        3.0
    """

    __slots__ = ("left", "outcome", "primitive", "right")

    def __init__(self, primitive: Primitive, left: Any, right: Any, outcome: bool) -> None:
        self.primitive = primitive
        self.left = left
        self.right = right
        self.outcome = outcome

    def __bool__(self) -> bool:
        write_guard(self)
        return self.outcome

    def __repr__(self) -> str:
        return repr(self.outcome)

    def __hash__(self) -> int:
        return hash(bool(self))

    def __eq__(self, other: object) -> bool:
        return bool(self) == (bool(other) if isinstance(other, Condition) else other)

    def __int__(self) -> int:
        return int(bool(self))

    __index__ = __int__

    def __float__(self) -> float:
        return float(bool(self))

    def __add__(self, other: Any) -> Any:
        return int(self) + other

    __radd__ = __add__

    def __mul__(self, other: Any) -> Any:
        return int(self) * other

    __rmul__ = __mul__

    def __and__(self, other: Any) -> Any:
        return bool(self) & bool(other)

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        return bool(self) | bool(other)

    __ror__ = __or__

    def __xor__(self, other: Any) -> Any:
        return bool(self) ^ bool(other)

    __rxor__ = __xor__

    def recorded(self) -> Any:
        """Return the comparison as a node (1.0 or 0.0, slopes 0), or as a float where nothing is recorded."""
        return apply(self.primitive, (self.left, self.right))

    @property
    def is_plain(self) -> bool:
        """Whether it compares numbers only (those of Duals), so that there is nothing to record."""
        return not isinstance(self.left, Value) and not isinstance(self.right, Value)

    @classmethod
    def __primitive__(cls, primitive: Primitive, arguments: Sequence[Any]) -> Any:
        if any(isinstance(argument, Condition) and argument.is_plain for argument in arguments):
            return primitive.of(*map(_settled, arguments))
        return apply(primitive, arguments)


def _settled(argument: Any) -> Any:
    return float(argument.outcome) if isinstance(argument, Condition) and argument.is_plain else argument


# -- handles ---------------------------------------------------------------------------------------------------------


def handle(tape: Tape, index: int, primal: float) -> Value:
    """Return a handle of a node."""
    value = _new(Value)
    value._data = primal
    value._tape = tape
    value._index = index
    return value


def constant(number: float) -> Value:
    """Return a Value that is cut off from what it was computed from."""
    value = _new(Value)
    value._data = number
    value._tape = None
    value._index = CONSTANT
    value._grad = 0.0
    value._label = None
    return value


def value_at(tape: Tape, index: int) -> Value:
    """Return the leaf, or a handle of the node, that a line of a tape stands for."""
    tape, index = resolved((tape, index))
    node = tape.nodes[index]
    if node[0] == LEAF and index in tape.leaves:
        leaf: Value = tape.leaves[index][0]
        return leaf
    return handle(tape, index, node[1])


def operands_of(tape: Tape, index: int) -> tuple[Value | float, ...]:
    """Return the operands of a node in order: Values, and floats for constants."""
    indices, numbers = edges(tape.nodes[index])
    return tuple(value_at(tape, at) if at >= 0 else number for at, number in zip(indices, numbers))


def place_of(value: Value) -> Place | None:
    """Return the tape and index of a node; None for a leaf and a constant."""
    return None if value._tape is None else (value._tape, value._index)


def resolved(place: Place) -> Place:
    """Follow imports to the tape that a node was recorded on."""
    tape, index = place
    while index in tape.imports:
        tape, index = tape.imports[index]
    return tape, index


# -- recording -------------------------------------------------------------------------------------------------------


def record_one(code: int, primal: float, operand: Value, slope: float) -> Value:
    """Record a node with one operand whose slope is known."""
    try:
        tape: Tape | None = here.tape()
        if tape is not None:
            fields = tape.fields
            index = tape.indices[len(fields)]
    except (AttributeError, IndexError):
        tape = None
    if tape is None or active_modes:
        tape = resolve()
        if tape is None or (active_modes and mode().strict is not False):
            return record(code, primal, (operand,), (slope,))
        fields = tape.fields
        index = len(tape)
    at: int | None = operand._index
    if operand._tape is not tape:
        at = tape.entered.get(at)
    if at is None:
        if _enter_leaves(tape, operand):
            return record_one(code, primal, operand, slope)
        return record(code, primal, (operand,), (slope,))
    node = (code, primal, at, slope, NONE, 0.0)
    fields.extend(node)  # pyright: ignore[reportPossiblyUnboundVariable] # bound with the tape
    value = _new(Value)
    value._data = primal
    value._tape = tape
    value._index = index  # pyright: ignore[reportPossiblyUnboundVariable] # likewise
    return value


def record_two(
    code: int, primal: float, left: Value | None, left_slope: float, right: Value | None, right_slope: float
) -> Value:
    """Record a node with two operands whose slopes are known; None stands for a constant, its number for the slope."""
    try:
        tape: Tape | None = here.tape()
        if tape is not None:
            fields = tape.fields
            index = tape.indices[len(fields)]
    except (AttributeError, IndexError):
        tape = None
    if tape is None or active_modes:
        tape = resolve()
        if tape is None or (active_modes and mode().strict is not False):
            return record(code, primal, (left, right), (left_slope, right_slope))
        fields = tape.fields
        index = len(tape)
    left_at: int | None = CONSTANT
    right_at: int | None = CONSTANT
    if left is not None:
        left_at = left._index
        if left._tape is not tape:
            left_at = tape.entered.get(left_at)
    if right is not None:
        right_at = right._index
        if right._tape is not tape:
            right_at = tape.entered.get(right_at)
    if left_at is None or right_at is None:
        if _enter_leaves(tape, left, right):
            return record_two(code, primal, left, left_slope, right, right_slope)
        return record(code, primal, (left, right), (left_slope, right_slope))
    node = (code, primal, left_at, left_slope, right_at, right_slope)
    fields.extend(node)  # pyright: ignore[reportPossiblyUnboundVariable] # bound with the tape
    value = _new(Value)
    value._data = primal
    value._tape = tape
    value._index = index  # pyright: ignore[reportPossiblyUnboundVariable] # likewise
    return value


def _enter_leaves(tape: Tape, *operands: Value | None) -> bool:
    """Enter the leaves among some operands; return whether that leaves nothing more to be done about any of them."""
    for operand in operands:
        if operand is None or operand._tape is tape or operand._index in tape.entered:
            continue
        if operand._tape is not None or operand._index == CONSTANT:
            return False
        enter_leaf(tape, operand, operand._index, operand._data)
    return True


def record(code: int, primal: float, operands: Sequence[Value | None], slopes: Sequence[float]) -> Value:
    """Record a node with any operands the careful way: modes, closed and full tapes, leaves and other tapes' nodes.

    Args:
        code: of the primitive.
        primal: its result.
        operands: Values, or None for a constant.
        slopes: for each operand its slope, or the constant.
    """
    tape = resolve()
    if tape is None:
        _check_all_readable(operands)
        return constant(primal)
    places = [
        operand._index if operand is not None and operand._tape is tape else place_on(tape, operand)
        for operand in operands
    ]
    numbers = slopes
    if CONSTANT in places:
        if all(at == CONSTANT for at in places):
            return constant(primal)
        numbers = [
            operand._data if at == CONSTANT and operand is not None else slope
            for at, operand, slope in zip(places, operands, slopes)
        ]
    strict = mode().strict
    report = not_finite(code, primal, operands, numbers) if strict is not False else None
    if report is not None and strict is True:
        raise report
    result = handle(tape, tape.append(node_of(code, primal, places, numbers)), primal)
    if report is not None:
        cast("list[Any]", strict).append((result, report))
    return result


def node_of(code: int, primal: float, places: Sequence[int], numbers: Sequence[float]) -> Node:
    if len(places) == 1:
        return code, primal, places[0], numbers[0]
    if len(places) == 2:
        return code, primal, places[0], numbers[0], places[1], numbers[1]
    return code, primal, tuple(places), tuple(numbers), len(places)


def place_on(tape: Tape, operand: Value | None) -> int:
    """Return the index of an operand on a tape, entering it where it is not there yet."""
    if operand is None:
        return CONSTANT
    if operand._tape is tape:
        return operand._index
    if operand._tape is not None:
        return tape.enter_import((operand._tape, operand._index))
    if operand._index == CONSTANT:
        return CONSTANT
    index = tape.entered.get(operand._index)
    return enter_leaf(tape, operand, operand._index, operand._data) if index is None else index


def apply(primitive: Primitive, arguments: Sequence[Any]) -> Any:
    """Apply a primitive to Values, Conditions and numbers: record one node, its slopes evaluated now."""
    operands: list[Value | None] = []
    primals: list[float] = []
    for argument in arguments:
        if type(argument) is Value:
            operands.append(argument)
            primals.append(argument._data)
        elif type(argument) is float:
            operands.append(None)
            primals.append(argument)
        else:
            operand = _operand(argument, primitive.takes_condition and not operands)
            if operand is NotImplemented:
                return NotImplemented
            operands.append(operand if isinstance(operand, Value) else None)
            primals.append(operand._data if isinstance(operand, Value) else operand)
    primal = primitive.compute(*primals)
    if type(primal) is not float:
        primal = primitive.as_float(primal)
    wanted = [k for k, operand in enumerate(operands) if operand is not None and operand._index != CONSTANT]
    slopes = primitive.slopes(primal, primals, wanted)
    return record(primitive.code, primal, operands, slopes)


def _operand(argument: Any, may_be_bool: bool) -> Any:
    """Return an argument as a Value or a float; NotImplemented where another hook or NumPy has to deal with it."""
    if isinstance(argument, Condition):
        return argument.recorded()
    if isinstance(argument, Value):
        return argument
    if may_be_bool and (
        type(argument) is bool or (str(getattr(argument, "dtype", "")) == "bool" and not argument.shape)
    ):
        return float(argument)
    if not is_real(argument) and (hasattr(type(argument), "__primitive__") or hasattr(type(argument), "__array__")):
        return NotImplemented
    return number(argument)


def compare(primitive: Primitive, left: Value, right: Any) -> Condition:
    """Compare the numbers of two Values, or of a Value and a number."""
    if isinstance(right, Value):
        return Condition(primitive, left, right, bool(primitive.compute(left._data, right._data)))
    if is_real(right):
        right = number(right)
        return Condition(primitive, left, right, bool(primitive.compute(left._data, right)))
    unknown: Condition = NotImplemented
    return unknown


# -- guards -------------------------------------------------------------------------------------------


def write_guard(condition: Condition) -> None:
    """Write on the tape that a comparison was used as a truth, with its outcome and the line that asked."""
    if condition.is_plain:
        return
    replayable = mode().replayable if active_modes else None
    tape = resolve() if replayable is None else replayable.tape
    if tape is None:
        return
    sides = (condition.left, condition.right)
    places = [place_on(tape, side) if isinstance(side, Value) else CONSTANT for side in sides]
    if all(at == CONSTANT for at in places):
        return
    numbers = [side._data if isinstance(side, Value) else side for side in sides]
    guard = (len(tape), condition.primitive.code, tuple(places), tuple(numbers), condition.outcome, user_line())
    tape.guards.append(guard)
    keep_for_guards(tape)


# -- what a replay would not notice ------------------------------------------------------------------------------------


def check_readable(value: Value) -> None:
    """Raise a TypeError where a number is read that a replay would have to compute anew; note other reads."""
    replayable = mode().replayable
    if replayable is None:
        return
    if _depends_on_inputs(value, replayable):
        raise TypeError(
            "this number depends on an argument of the function that is being compiled, or on a leaf from outside, and "
            "every replay would take it for the same: compute with the Value itself, choose by a comparison or "
            "where(), or write v.detach().data for a number that is to stay as it is now"
        )
    if value.is_leaf:
        note_read(value, "_data")


def note_read(leaf: Value, what: str) -> None:
    """Note that a number of a leaf from outside was read."""
    replayable = mode().replayable
    if replayable is not None and leaf._index > replayable.since:
        replayable.reads.append((leaf, what, getattr(leaf, what)))


def _is_replayed(value: Value) -> bool:
    """Return whether a replay gives a value another number: a leaf from outside, and what is computed in a function."""
    replayable = mode().replayable
    if replayable is None or value.is_constant:
        return False
    if value._tape is None:
        return value._index > replayable.since
    return value._tape.serials[0] >= replayable.serial


cut: Primitive = Primitive(  # what `detach` records where its number is to follow the replays
    "detach()",
    lambda x: x,
    partials=(lambda *_: 0.0,),
    form="{}.detach()",
    array="positive",
    examples={2.0: (2.0, 0.0)},
)


def _is_cut(value: Value) -> bool:
    return value._tape is not None and value._tape.fields[WIDTH * value._index] == cut.code


def _check_all_readable(operands: Sequence[Value | None]) -> None:
    """Check the operands of what is not recorded, and so stays the number that it is."""
    if mode().replayable is not None:
        for operand in operands:
            if operand is not None:
                check_readable(operand)


def _check_assignable(leaf: Value) -> None:
    replayable = mode().replayable
    if replayable is not None and leaf._index > replayable.since:
        raise TypeError(
            "a function that is being compiled cannot assign the .data of a leaf from outside: replays would not; "
            "return the number, and assign it where the function is called"
        )


def _check_sweepable(value: Value) -> None:
    replayable = mode().replayable
    if replayable is not None and _depends_on_inputs(value, replayable):
        raise TypeError(
            "backward() leaves its gradients once, while the function is being compiled, and replays would not: write "
            "autograd.grad(f) inside, or value_and_grad of what compile returns"
        )


def _depends_on_inputs(value: Value, replayable: Replayable) -> bool:
    """Return whether a value is an input of a recording, or was computed from one, or from a leaf from outside."""
    if value._tape is None:
        return value._index in replayable.inputs
    found, _ = reachable([(value._tape, value._index)])
    keys = [tape.leaves[index][1] for tape, index in found if tape.fields[WIDTH * index] == LEAF]
    return any(key > replayable.since for key in keys)


# -- sweeping --------------------------------------------------------------------------------------------------------


def _accumulate(shares: Sequence[tuple[Value, float]]) -> None:
    """Add adjoints to the `.grad` of leaves: all of them or, where interrupted, none."""
    with _accumulating:
        before = [leaf._grad for leaf, _ in shares]
        try:
            for leaf, share in shares:
                leaf._grad += share
        except BaseException:
            for (leaf, _), grad in zip(reversed(shares), reversed(before)):
                leaf._grad = grad
            raise
