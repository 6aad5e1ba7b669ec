"""Derivatives of functions: grad, value_and_grad, vjp, jvp, hvp, jacobian, hessian.

A transform differentiates with respect to fresh inputs of its own, so transforms nest in any order without tags: for a
number the fresh input is a new line of the tape, for a Value an identity node of it, at which the inner sweep stops and
through which an outer one passes, for a Dual a Dual of a fresh primal. A result is a plain float unless what was
differentiated depends on something outside (a leaf, or an input of an outer transform); then the sweep is lifted, and
the result can be differentiated again.

No transform touches any `.grad`.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence, Set
from typing import Any, Literal, overload

from autograd import primitives
from autograd.dual import Dual, computed, fresh_seeding
from autograd.lifting import accumulate, lifted_sweep, sources
from autograd.primitives import is_real, number
from autograd.recording import differentiating, mode, resolve
from autograd.structures import flatten, is_number, map_numbers, same_shape
from autograd.tape import INPUT, LEAF, WIDTH, Place, Tape, reachable, reverse_sweep
from autograd.value import Value, constant, handle

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]

Function = Callable[..., Any]
"""What is differentiated. Its gradient is floats or Values in the structure of its argument, so its type is Any."""

Pair = tuple[Any, Any]
Pullback = Callable[[Any], tuple[Any, ...]]


class _Differentiation:
    """Fresh inputs for some arguments, and the sweeps back to them.

    Attributes:
        inputs: the fresh inputs, in the structure of the arguments.
    """

    def __init__(self, arguments: Sequence[Any]) -> None:
        tape = resolve()
        assert tape is not None
        self._seeding = fresh_seeding()
        self._since = tape.begin_segment()
        flattened, rebuild = flatten(tuple(arguments))
        self._inputs = [_fresh(tape, each) for each in flattened]
        self._rebuild = rebuild
        self.inputs = rebuild(self._inputs)
        self._places = [_place(each) for each in self._inputs]

    def gradient(self, outputs: Sequence[Any], seeds: Sequence[Any] = (1.0,)) -> list[Any]:
        """Return the sum of seed × d(output)/d(input) over some outputs, for every input, flat."""
        outputs = [_outlived(each, self._seeding) for each in outputs]
        seeds = [number(seed) if is_real(seed) else seed for seed in seeds]
        if any(isinstance(each, Dual) for each in (*outputs, *seeds)):
            return self._gradient_of_duals(outputs, seeds)
        pairs = [
            (place, seed) for output, seed in zip(outputs, seeds) if (place := _recorded_place(output)) is not None
        ]
        if not pairs:
            return [0.0] * len(self._places)
        found, outside = reachable([place for place, _ in pairs], self._since)
        if self._independent(found, outside) and all(type(seed) is float for _, seed in pairs):
            adjoints = reverse_sweep(pairs, self._since)
            return [_adjoint_at(adjoints, place) for place in self._places]
        totals: dict[Place, Any] = {}
        for place, seed in pairs:
            totals[place] = accumulate(totals.get(place), seed)
        swept = lifted_sweep(found, totals, self._places)
        return [0.0 if swept.get(place) is None else computed(swept[place]) for place in self._places]

    def results(self, outputs: Sequence[Any]) -> list[Any]:
        """Return outputs as the caller gets them: floats where they depend on nothing outside."""
        outputs = [_outlived(output, self._seeding) for output in outputs]
        dependent = self._dependent([place for output in outputs for place in _recorded_places(output)])
        return [_result(output, dependent) for output in outputs]

    def settled(self, aux: Any) -> Any:
        """Return whatever a function returned beside its output, its numbers as the caller gets them."""
        numbers: list[Any] = []
        map_numbers(numbers.append, aux)
        settled = iter(self.results(numbers))
        return map_numbers(lambda _: next(settled), aux)

    def result(self, output: Any) -> Any:
        """Return one output as the caller gets it."""
        return self.results([output])[0]

    def _gradient_of_duals(self, outputs: Sequence[Any], seeds: Sequence[Any]) -> list[Any]:
        """Return (p + εt) · (s + εr) pulled back: p with s, and beside ε t with s and p with r."""
        seeding = max(each.seeding for each in (*outputs, *seeds) if isinstance(each, Dual))
        split = [(*_split(output, seeding), *_split(seed, seeding)) for output, seed in zip(outputs, seeds)]
        primals = self.gradient([p for p, _, _, _ in split], [s for _, _, s, _ in split])
        tangents = self.gradient([t for _, t, _, _ in split], [s for _, _, s, _ in split])
        if any(not is_real(r) or r != 0.0 for _, _, _, r in split):
            more = self.gradient([p for p, _, _, _ in split], [r for _, _, _, r in split])
            tangents = [a + b for a, b in zip(tangents, more)]
        return [Dual(p, t, seeding) for p, t in zip(primals, tangents)]

    def _independent(self, found: Sequence[Place], outside: bool) -> bool:
        """Return whether all of it comes from these inputs and constants, and from no leaf nor anything older."""
        return not outside and not any(tape.fields[WIDTH * index] == LEAF for tape, index in found)

    def _dependent(self, places: Sequence[Place]) -> set[Place]:
        """Return those of some places that depend on a leaf, or on anything older than these inputs."""
        if not places or self._independent(*(reached := reachable(places, self._since))):
            return set()
        if len(places) == 1:
            return set(places)
        independent: set[Place] = set()
        for place in reached[0]:
            tape, index = place
            if tape.fields[WIDTH * index] != LEAF and independent.issuperset(sources(place)):  # others are older
                independent.add(place)
        return set(places) - independent


def _recorded_place(output: Any) -> Place | None:
    return (output._tape, output._index) if isinstance(output, Value) and output._tape is not None else None


def _recorded_places(output: Any) -> list[Place]:
    """Return the places of a number, or of all numbers that a Dual consists of."""
    if isinstance(output, Dual):
        return [*_recorded_places(output.primal), *_recorded_places(output.tangent)]
    place = _recorded_place(output)
    return [] if place is None else [place]


def _result(output: Any, dependent: Set[Place]) -> Any:
    """Return a number as the caller gets it: a float, unless it stands at one of some places."""
    if isinstance(output, Dual):
        return Dual(_result(output.primal, dependent), _result(output.tangent, dependent), output.seeding)
    place = _recorded_place(output)
    if place is None:
        return computed(output)
    return output if place in dependent else output._data


def _outlived(output: Any, seeding: int) -> Any:
    """Return an output without the tangents of seedings that began and ended within, where somebody kept a Dual."""
    while isinstance(output, Dual) and output.seeding > seeding:
        output = output.primal
    return output


def _split(number: Any, seeding: int) -> tuple[Any, Any]:
    if isinstance(number, Dual) and number.seeding == seeding:
        return number.primal, number.tangent
    return number, 0.0


def _fresh(tape: Tape, argument: Any) -> Any:
    if isinstance(argument, Dual):
        return Dual(_fresh(tape, argument.primal), argument.tangent, argument.seeding)
    if isinstance(argument, Value) and not argument.is_constant:
        return primitives.pos(argument)
    primal = argument.data if isinstance(argument, Value) else number(argument)
    index = tape.append((INPUT, primal))
    return handle(tape, index, primal)


def _place(fresh: Any) -> Place:
    while isinstance(fresh, Dual):
        fresh = fresh.primal
    place: Place = (fresh._tape, fresh._index)
    return place


def _adjoint_at(adjoints: dict[Tape, list[float]], place: Place) -> float:
    tape, index = place
    swept = adjoints.get(tape, ())
    return swept[index] if index < len(swept) else 0.0


def _quietly(results: Any, quiet: bool) -> Any:
    """Return results as constants where the caller's context records nothing."""
    return map_numbers(_constant, results) if quiet else results


def _constant(number: Any) -> Any:
    if isinstance(number, Dual):
        return Dual(_constant(number.primal), _constant(number.tangent), number.seeding)
    return constant(number.data) if isinstance(number, Value) else number


def _selected(f: Function, argnums: int | Sequence[int], arguments: Sequence[Any]) -> list[int]:
    wanted = [argnums] if isinstance(argnums, int) else list(argnums)
    positions: list[int] = []
    for argnum in wanted:
        position = argnum + len(arguments) if argnum < 0 else argnum
        if not 0 <= position < len(arguments):
            raise ValueError(
                f"argnums={argnums!r} asks for argument {argnum} of {_name(f)}, "
                f"but it was called with {len(arguments)} positional argument{'s' * (len(arguments) != 1)}"
            )
        if position in positions:
            raise ValueError(f"argnums={argnums!r} names argument {position} twice")
        positions.append(position)
    return positions


def _argnums(argnums: Any) -> Any:
    """Return argnums with Python's own ints."""
    try:
        return operator.index(argnums) if hasattr(argnums, "__index__") else tuple(map(operator.index, argnums))
    except TypeError:
        raise TypeError(f"argnums is the position of an argument, an int, or several, not {argnums!r}") from None


def _check_function(f: Any, transform: str) -> None:
    if not callable(f):
        hint = ": call its backward(), or give the function that computes it" if isinstance(f, Value) else ""
        raise TypeError(f"{transform} takes a function, not {type(f).__name__}{hint}")


def _name(f: Function) -> str:
    return getattr(f, "__name__", repr(f))


def _recorded(
    f: Function, argnums: int | Sequence[int], arguments: Sequence[Any], keywords: dict[str, Any]
) -> tuple[_Differentiation, Any]:
    """Return the differentiation of f in some of its arguments, and what f returned for its fresh inputs."""
    positions = _selected(f, argnums, arguments)
    differentiation = _Differentiation([arguments[position] for position in positions])
    return differentiation, f(*_replaced(arguments, positions, differentiation.inputs), **keywords)


def _replaced(arguments: Sequence[Any], positions: Sequence[int], fresh: Sequence[Any]) -> list[Any]:
    replaced = list(arguments)
    for position, argument in zip(positions, fresh):
        replaced[position] = argument
    return replaced


def _check_scalar(f: Function, output: Any) -> None:
    if not is_number(output):
        kind = type(output).__name__
        instead = (
            "; for several outputs use jacobian, or vjp"
            if isinstance(output, (list, tuple, dict)) or hasattr(output, "shape")
            else ""
        )
        raise TypeError(f"a gradient needs a function that returns one number, but {_name(f)} returned {kind}{instead}")


@overload
def value_and_grad(
    f: Function, argnums: int | Sequence[int] = 0, has_aux: Literal[False] = False
) -> Callable[..., Pair]: ...
@overload
def value_and_grad(
    f: Function, argnums: int | Sequence[int] = 0, *, has_aux: Literal[True]
) -> Callable[..., tuple[Pair, Any]]: ...
@overload
def value_and_grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function: ...
def value_and_grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Return a function that gives (f(...), its gradient).

    Args:
        f: a function of numbers, or of nested lists, tuples, dicts or arrays of numbers, that returns one number.
        argnums: which positional argument to differentiate in; several give a tuple of gradients.
        has_aux: whether f returns (number, anything else).

    Returns:
        A function of the arguments of f (keywords pass through). The gradient has the structure of the argument; its
        numbers are floats, or Values if f also depends on a leaf. With `has_aux`, ((value, aux), gradient).

    Raises:
        TypeError: f is not callable or returns something else than one number, argnums are no ints, or an argument is
            not made of numbers.
        ValueError: argnums names an argument that is not there.
        StaleTape: the gradient has to be differentiable, and f changed the data of a leaf.

    Convention: the gradient of a constant function is 0.0.

    Cost: one recording and one reverse sweep, however many numbers the argument holds.

    Example:
        >>> value_and_grad(lambda w: w[0] ** 3 * w[1] + 3 * w[0])([2, 3])
        (30.0, [39.0, 8.0])
    """
    _check_function(f, "value_and_grad")
    argnums = _argnums(argnums)

    @functools.wraps(f)
    def derived(*arguments: Any, **keywords: Any) -> Any:
        quiet = not mode().recording
        with differentiating():
            differentiation, output = _recorded(f, argnums, arguments, keywords)
            aux = None
            if has_aux:
                output, aux = _pair(f, output)
            _check_scalar(f, output)
            gradients = differentiation._rebuild(differentiation.gradient([output]))
            value = number(output) if is_real(output) else differentiation.result(output)
            if has_aux:
                value = (value, differentiation.settled(aux))
        return _quietly((value, gradients[0] if isinstance(argnums, int) else gradients), quiet)

    return derived


def _pair(f: Function, output: Any) -> tuple[Any, Any]:
    if not isinstance(output, tuple) or len(output) != 2:
        raise TypeError(f"has_aux=True needs a function that returns a pair (number, aux), but {_name(f)} does not")
    return output


@overload
def grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: Literal[False] = False) -> Function: ...
@overload
def grad(f: Function, argnums: int | Sequence[int] = 0, *, has_aux: Literal[True]) -> Callable[..., Pair]: ...
@overload
def grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function: ...
def grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Return a function that gives the gradient of f, by one reverse sweep.

    Args:
        f: a function that returns one number, see `value_and_grad`.
        argnums: which positional argument to differentiate in; several give a tuple of gradients.
        has_aux: whether f returns (number, anything else); then the result is (gradient, aux).

    Returns:
        A function of the arguments of f, see `value_and_grad`.

    Raises:
        TypeError, ValueError, StaleTape: see `value_and_grad`.

    Cost: one recording and one reverse sweep.

    Example:
        >>> grad(lambda x: x**3)(2.0), grad(grad(lambda x: x**3))(2.0)
        (12.0, 12.0)
    """
    _check_function(f, "grad")
    derived = value_and_grad(f, argnums, has_aux)

    @functools.wraps(f)
    def gradient(*arguments: Any, **keywords: Any) -> Any:
        value, gradients = derived(*arguments, **keywords)
        return (gradients, value[1]) if has_aux else gradients

    return gradient


@overload
def vjp(f: Function, *primals: Any, has_aux: Literal[False] = False) -> tuple[Any, Pullback]: ...
@overload
def vjp(f: Function, *primals: Any, has_aux: Literal[True]) -> tuple[Any, Pullback, Any]: ...
@overload
def vjp(f: Function, *primals: Any, has_aux: bool = False) -> Any: ...
def vjp(f: Function, *primals: Any, has_aux: bool = False) -> Any:
    """Return (f(*primals), pullback): pullback(adjoints) gives adjointsᵀ · J, one gradient per primal.

    Args:
        f: a function that returns a number or a structure of numbers.
        primals: its arguments.
        has_aux: whether f returns (output, anything else); then the result is (output, pullback, aux).

    Returns:
        The output, and a function of one adjoint per number of the output, in the output's structure; it returns a
        tuple with one entry per primal, and can be called any number of times.

    Raises:
        ValueError: pullback is called with another number of adjoints than f has outputs.
        TypeError: f is not callable, or something is not made of numbers.

    Cost: one recording; per call of pullback one reverse sweep.

    Example:
        >>> output, pullback = vjp(lambda x, y: [x * y, x + y], 2.0, 3.0)
        >>> output, pullback([1.0, 10.0])
        ([6.0, 5.0], (13.0, 12.0))
    """
    _check_function(f, "vjp")
    quiet = not mode().recording
    with differentiating():
        differentiation = _Differentiation(primals)
        output = f(*differentiation.inputs)
        aux = None
        if has_aux:
            output, aux = _pair(f, output)
        numbers, rebuild = flatten(output)
        results = rebuild(differentiation.results(numbers))
        aux = differentiation.settled(aux)

    def pullback(adjoints: Any) -> Any:
        seeds = same_shape(adjoints, output, "pullback needs one adjoint per output")
        quiet = not mode().recording
        with differentiating():
            gradients = differentiation._rebuild(differentiation.gradient(numbers, seeds))
        return _quietly(gradients, quiet)

    results = _quietly(results, quiet)
    return (results, pullback, aux) if has_aux else (results, pullback)


@overload
def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: Literal[False] = False) -> Pair: ...
@overload
def jvp(
    f: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: Literal[True]
) -> tuple[Any, Any, Any]: ...
@overload
def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any: ...
def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """Return (f(*primals), J · tangents), by forward mode: dual numbers, no sweep back.

    Args:
        f: a function that returns a number or a structure of numbers.
        primals: a tuple or list of its arguments.
        tangents: one tangent per number of the primals, in their structure.
        has_aux: whether f returns (output, anything else); then the result is (output, tangent, aux).

    Returns:
        The output and its tangent, both in the output's structure.

    Raises:
        TypeError: f is not callable, primals or tangents are not a tuple or list, or something is not made of numbers.
        ValueError: primals and tangents differ in size.

    Cost: one evaluation of f on dual numbers, two to three times the operations, no tape.

    Example:
        >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
        (6.0, 3.0)
    """
    _check_function(f, "jvp")
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(f"jvp needs {name} as a tuple or list, one entry per argument, not {type(given).__name__}")
    numbers, rebuild = flatten(tuple(primals))
    directions = same_shape(tuple(tangents), tuple(primals), "jvp needs one tangent per primal")
    seeding = fresh_seeding()
    duals = [Dual(computed(primal), computed(tangent), seeding) for primal, tangent in zip(numbers, directions)]
    output = f(*rebuild(duals))
    aux = None
    if has_aux:
        output, aux = _pair(f, output)
    outputs, rebuild_output = flatten(output)
    quiet = not mode().recording
    values = _quietly(rebuild_output([_part(each, seeding, "primal") for each in outputs]), quiet)
    moved = _quietly(rebuild_output([_part(each, seeding, "tangent") for each in outputs]), quiet)
    if not has_aux:
        return values, moved
    return values, moved, _quietly(map_numbers(lambda each: _part(each, seeding, "primal"), aux), quiet)


def _part(output: Any, seeding: int, part: str) -> Any:
    output = _outlived(output, seeding)
    if isinstance(output, Dual) and output.seeding == seeding:
        return computed(getattr(output, part))
    if part == "tangent":
        return 0.0
    return number(output) if is_real(output) else computed(output)


def hvp(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return a function of (x, v) that gives H · v, the Hessian of f at x times v, without building H.

    Args:
        f: a function that returns one number, see `value_and_grad`.
        argnums: which positional argument x stands for; several stand for a tuple.

    Returns:
        A function (*arguments of f, v); v has the structure of x, a tuple for several argnums, and so has the result.

    Raises:
        TypeError: v is no tuple or list where argnums are several; or see `grad`.
        ValueError: v has not the structure of x; or see `grad`.

    Cost: forward over reverse: a small constant times one gradient.

    Example:
        >>> hvp(lambda w: w[0] ** 3 * w[1] + 3 * w[0])([2.0, 3.0], [1.0, 0.0])
        [36.0, 12.0]
    """
    _check_function(f, "hvp")
    argnums = _argnums(argnums)
    gradient = grad(f, argnums)

    @functools.wraps(f)
    def product_with(*arguments: Any, **keywords: Any) -> Any:
        if len(arguments) < 2:
            raise TypeError("hvp(f) is called as hvp(f)(x, v): with the arguments of f and a direction v")
        *point, direction = arguments
        positions = _selected(f, argnums, point)
        selected = [point[position] for position in positions]
        if not isinstance(argnums, int) and not isinstance(direction, (tuple, list)):
            kind = type(direction).__name__
            raise TypeError(f"hvp: v is a tuple of {len(positions)} directions, one for each of argnums, not {kind}")
        tangents = [direction] if isinstance(argnums, int) else list(direction)
        if len(tangents) != len(selected):
            raise ValueError(f"hvp: v has {len(tangents)} directions for {len(selected)} argnums")
        return jvp(lambda *fresh: gradient(*_replaced(point, positions, fresh), **keywords), selected, tangents)[1]

    return product_with


def jacobian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return a function that gives the Jacobian of f: for every output, the gradient of it.

    Args:
        f: a function that returns a number or a structure of numbers.
        argnums: which positional argument to differentiate in; several give a tuple at each output.

    Returns:
        A function of the arguments of f. Its result has the structure of the output, with the structure of the argument
        in the place of each number: for a list of m outputs and a list of n inputs, m lists of n.

    Raises:
        TypeError, ValueError: see `value_and_grad`.

    Cost: one recording and one reverse sweep per output.

    Example:
        >>> jacobian(lambda v: [v[0] * v[1], v[0] + v[1]])([2.0, 3.0])
        [[3.0, 2.0], [1.0, 1.0]]
    """
    _check_function(f, "jacobian")
    argnums = _argnums(argnums)

    @functools.wraps(f)
    def derived(*arguments: Any, **keywords: Any) -> Any:
        quiet = not mode().recording
        with differentiating():
            differentiation, output = _recorded(f, argnums, arguments, keywords)
            outputs, rebuild = flatten(output)
            rows = [differentiation._rebuild(differentiation.gradient([each])) for each in outputs]
            rows = [row[0] if isinstance(argnums, int) else row for row in rows]
        return _quietly(_assembled(rows, rebuild, output), quiet)

    return derived


def _assembled(rows: Sequence[Any], rebuild: Callable[[Sequence[Any]], Any], output: Any) -> Any:
    """Return the rows in the output's structure; for an array of outputs an array, its axes before the rows' own."""
    if not hasattr(output, "shape"):
        return rebuild(rows)
    import numpy

    shapes = {getattr(row, "shape", None if isinstance(row, (list, tuple, dict)) else ()) for row in rows}
    if len(shapes) == 1 and None not in shapes:
        parts = [numpy.asarray(row) for row in rows]
        return numpy.stack(parts).reshape(output.shape + parts[0].shape)
    assembled = numpy.empty(len(rows), dtype=object)
    for position, row in enumerate(rows):
        assembled[position] = row
    return assembled.reshape(output.shape)


def hessian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return a function that gives the Hessian of f: the Jacobian of its gradient.

    Args:
        f: a function that returns one number, see `value_and_grad`.
        argnums: which positional argument to differentiate in.

    Returns:
        A function of the arguments of f; for a list of n inputs, n lists of n.

    Raises:
        TypeError, ValueError: see `value_and_grad`.

    Cost: reverse over reverse: one lifted gradient, and one reverse sweep over it per input.

    Example:
        >>> hessian(lambda w: w[0] ** 3 * w[1] + 3 * w[0])([2.0, 3.0])
        [[36.0, 12.0], [12.0, 0.0]]
    """
    _check_function(f, "hessian")
    return jacobian(grad(f, argnums), argnums)
