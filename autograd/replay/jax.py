"""The bridge to JAX: a program as one pure function of JAX arrays, for its compiler, its transforms and its devices.

Every group is one or a few functions of `jax.numpy`; rows are read where they stand, as slices where they follow each
other. Two things differ from what JAX would do by itself:

    Derivatives are those of the table. A row's tangent is the sum of tangent × slope, where the slope is the row's own
    partial, made of rows again: so the second and all higher derivatives are the table's too, at kinks and at the ends
    of domains.

    A share, tangent × slope or adjoint × slope, is exactly 0 where either factor is, whatever the other one is. JAX
    has no such product, so here is one: a primitive that is linear in both factors, for single numbers and for sums of
    products. A sum of products is computed by plain matrix products, and again with the rule where something in the
    result is not finite.

A pure function cannot raise. On a lane for which a guard does not hold the value is nan, and so is every derivative of
it in every input; where such a value's adjoint is exactly 0 its shares are 0, so that a caller can leave it out.

Sums are added up as JAX likes, not correctly rounded; 0 takes the place of subnormal numbers where a device has none.

This room knows groups, partials and JAX. It knows neither tapes nor how NumPy replays a program. JAX is imported only
when a function is asked for.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd import primitives
from autograd.primitives import Primitive
from autograd.replay.inputs import table, vector
from autograd.replay.levels import BATCHED, CONSTANT, SHARED, Group, Operand, Plan, Products
from autograd.replay.rows import FEW, as_slice, is_matrix
from autograd.replay.slopes import OUTPUT, Expression, evaluated, slopes_of

__all__ = ["to_jax"]

Array = Any


def to_jax(plan: Plan) -> Callable[..., Any]:
    """Return a plan as a pure JAX function (shared, batched) -> values.

    The function takes `shared`, (P,) numbers, and `batched`, (B, n) numbers with a row for each lane, or None where
    there are no batched leaves. It returns (B,) values, or (B, k) for k outputs; without batched leaves (), or (k,).
    It can be compiled, differentiated, mapped and sharded as any function of JAX; lanes do not depend on each other.

    Args:
        plan: of a program.

    Raises:
        ImportError: JAX is not installed; the message says how to install it.
        ValueError: a row has no form in JAX. The function itself raises it where a shape does not fit.
        RuntimeError: raised by the function where JAX computes in single precision.
        TypeError: raised by the function where something is not a real number.
    """
    jnp = _jax().numpy
    for group in plan.groups:
        if group.primitive is not None:
            _row(group.primitive)

    def program(shared: Any = (), batched: Any = None) -> Any:
        """Return the values of all lanes of a recorded program."""
        if jnp.result_type(float) != np.float64:
            raise RuntimeError(
                "a program computes in double precision, which JAX has to be told once, before its first array is "
                'made: jax.config.update("jax_enable_x64", True)'
            )
        run = _Run(plan, vector(shared, plan.n_shared, _numbers), table(batched, plan.n_batched, _numbers))
        return run.values()

    return program


@functools.cache
def _jax() -> Any:
    try:
        import jax  # pyright: ignore[reportMissingImports] # an extra that need not be installed
    except ImportError as error:
        raise ImportError("to_jax() needs JAX: pip install 'tapegrad[jax]'") from error
    return jax


# -- what callers give -----------------------------------------------------------------------------------------------


def _numbers(given: Any, what: str) -> Array:
    jnp = _jax().numpy
    array = jnp.asarray(given)
    if array.size and not (jnp.issubdtype(array.dtype, jnp.floating) or jnp.issubdtype(array.dtype, jnp.integer)):
        raise TypeError(f"{what} are real numbers, not {array.dtype.name}")
    return array.astype(float)


# -- groups ----------------------------------------------------------------------------------------------------------


class _Run:
    """One evaluation of a plan.

    Attributes:
        lanes: the shape of one number per lane: (B,), or () without batched leaves.
        rows: kind -> the rows that are known so far.
    """

    def __init__(self, plan: Plan, shared: Array, batched: Array | None) -> None:
        self.plan = plan
        self.inputs = (shared, batched)
        self.lanes = () if batched is None else batched.shape[:1]
        self.rows = {SHARED: _Rows(), BATCHED: _Rows()}
        self.rows[SHARED].append(shared)
        self.rows[SHARED].append(_floats([number for _, number in plan.numbers]))
        if batched is not None:
            self.rows[BATCHED].append(batched.T)
        for group in plan.groups:
            self.rows[group.kind].append(self._sum(group) if group.primitive is None else self._primitive(group))

    def values(self) -> Array:
        """Return the outputs: a number, or k of them, for each lane."""
        jnp = _jax().numpy
        kinds, rows = zip(*self.plan.outputs)
        if len(set(kinds)) == 1:
            found = self.rows[kinds[0]].take(np.array(rows))
        else:
            found = jnp.stack([self._by_lane(kind, row) for kind, row in self.plan.outputs])
        if found.ndim == 1:
            found = jnp.broadcast_to(found.reshape(-1, *[1] * len(self.lanes)), (len(rows), *self.lanes))
        values = found[0] if len(rows) == 1 else found.T
        return self._guarded(values) if self.plan.guards else values

    def _by_lane(self, kind: int, row: int) -> Array:
        return _jax().numpy.broadcast_to(self.rows[kind].take(np.array([row]))[0], self.lanes)

    def _shape(self, group: Group) -> tuple[int, ...]:
        count = group.stop - group.start
        return (count, *self.lanes) if group.kind == BATCHED else (count,)

    # -- primitives

    def _primitive(self, group: Group) -> Array:
        assert group.primitive is not None
        operands = [self._read(operand, group.kind) for operand in group.operands]
        found = _row(group.primitive)(*operands)
        return _jax().numpy.broadcast_to(found, self._shape(group))

    def _read(self, operand: Operand, kind: int) -> Array:
        """Return an operand as an array that goes with the rows and lanes of a group of a kind."""
        if operand.kind == CONSTANT:
            found = _floats(operand.rows)
        else:
            found = self.rows[operand.kind].take(operand.rows)
        return found[:, None] if operand.kind < kind == BATCHED else found

    # -- sums of products

    def _sum(self, group: Group) -> Array:
        constant = _floats(group.constant)
        total = constant[:, None] if group.kind == BATCHED else constant
        parts = [self._part(products, group.kind) for products in group.products]
        if parts and not group.constant.any():
            total = parts.pop(0)
        for part in parts:
            total = total + part
        return _jax().numpy.broadcast_to(total, self._shape(group))

    def _part(self, products: Products, kind: int) -> Array:
        """Return the sum of the products of each row."""
        left, right = products
        if right.kind < kind:  # the shared part of a batched sum: once for all lanes
            return self._part(products, right.kind)[:, None]
        if left.kind < BATCHED and is_matrix(products):
            vectors = self.rows[right.kind].take(right.rows[0])
            letters = "rk,kl->rl" if kind == BATCHED else "rk,k->r"
            return _product(self._factors(left), vectors, letters)
        if left.rows.shape[1] <= FEW:
            return self._one_by_one(products, kind)
        lanes = ["l" * (side.kind == BATCHED) for side in products]
        return _product(self._factors(left), self._factors(right), f"rk{lanes[0]},rk{lanes[1]}->r{lanes[1]}")

    def _factors(self, operand: Operand) -> Array:
        """Return factors as an array (rows, products) or (rows, products, lanes)."""
        return _floats(operand.rows) if operand.kind == CONSTANT else self.rows[operand.kind].matrix(operand.rows)

    def _one_by_one(self, products: Products, kind: int) -> Array:
        total: Any = None
        for k in range(products.left.rows.shape[1]):
            left, right = (Operand(side.kind, side.rows[:, k]) for side in products)
            part = self._read(right, kind)
            if left.kind != CONSTANT or (left.rows != 1.0).any():
                part = _row(primitives.mul)(self._read(left, kind), part)
            total = part if total is None else total + part
        return total

    # -- guards

    def _guarded(self, values: Array) -> Array:
        """Return nan where a guard does not hold, with nan for every derivative."""
        holds: Any = True
        for guard in self.plan.guards:
            holds = holds & (self._by_lane(guard.kind, guard.row) == guard.outcome)
        shared, batched = self.inputs
        blend = _blend(shared) if batched is None else _blend(shared) + _blend(batched)
        return _guard()(values, holds, blend)


class _Rows:
    """The rows of a kind, in the arrays in which they were made.

    Attributes:
        starts: the first row of each array.
        arrays: (rows,) or (rows, lanes).
    """

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.arrays: list[Array] = []
        self._end = 0

    def append(self, array: Array) -> None:
        """Add the next rows."""
        if len(array):
            self.starts.append(self._end)
            self.arrays.append(array)
            self._end += len(array)

    def take(self, rows: Array) -> Array:
        """Return some rows, as few copies as may be."""
        owners: Array = np.searchsorted(self.starts, rows, side="right") - 1
        if (owners == owners[0]).all():
            return _taken(self.arrays[owners[0]], rows - self.starts[owners[0]])
        different, places = _different(rows)
        owners = np.searchsorted(self.starts, different, side="right") - 1
        pieces = [
            _taken(self.arrays[owner], different[owners == owner] - self.starts[owner]) for owner in np.unique(owners)
        ]
        return _taken(_jax().numpy.concatenate(pieces), places)

    def matrix(self, rows: Array) -> Array:
        """Return the rows at a matrix of positions."""
        for turned in (False, True):
            pitch = _pitch(rows.T if turned else rows)
            if pitch and self.arrays[0].ndim == 1:
                found = self._cut(rows.T if turned else rows, pitch)
                return found.T if turned else found
        found = self.take(rows.ravel())
        return found.reshape(*rows.shape, *found.shape[1:])

    def _cut(self, rows: Array, pitch: int) -> Array:
        """Return a part of a matrix that stands in the rows line by line."""
        whole = self.take(np.arange(rows[0, 0], rows[-1, -1] + 1))
        padded = _jax().numpy.pad(whole, (0, pitch * len(rows) - len(whole)))
        return padded.reshape(len(rows), pitch)[:, : rows.shape[1]]


def _different(rows: Array) -> tuple[Array, Array]:
    """Return the row numbers there are, going up, and the place of each among them."""
    found = np.unique(rows, return_inverse=True)
    return found[0], found[1]


def _taken(array: Array, rows: Array) -> Array:
    """Return rows of an array: a slice where they go up evenly, one row repeated, or a gather."""
    part = as_slice(rows)
    if part is not None:
        return array if len(rows) == len(array) else array[part]
    if (rows == rows[0]).all():
        return _jax().numpy.broadcast_to(array[rows[0]], (len(rows), *array.shape[1:]))
    return array.at[rows].get(mode="promise_in_bounds", unique_indices=len(np.unique(rows)) == len(rows))


def _pitch(rows: Array) -> int:
    """Return how far apart the lines of a matrix of positions begin, where it is a part of a matrix; else 0.

    Example:
        >>> _pitch(np.array([[3, 4], [6, 7]])), _pitch(np.array([[3, 5], [6, 8]]))
        (3, 0)
    """
    height, width = rows.shape
    pitch = int(rows[1, 0] - rows[0, 0]) if height > 1 else width
    grid = rows[0, 0] + pitch * np.arange(height)[:, None] + np.arange(width)
    return pitch if pitch >= width and np.array_equal(rows, grid) else 0


def _floats(numbers: Any) -> Array:
    """Return numbers as an array of floats."""
    return _jax().numpy.asarray(np.asarray(numbers, dtype=float))


# -- rows ------------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=1024)
def _row(primitive: Primitive) -> Any:
    """Return a row as a function of arrays, whose derivatives are the row's partials."""
    jax = _jax()
    jnp = jax.numpy
    if not callable(primitive.array) and not hasattr(jnp, primitive.array or ""):
        raise ValueError(
            f"the primitive {primitive.name!r} has no form in JAX: give it array=, the name of a function of jax.numpy "
            "or a function (namespace, *arrays)"
        )

    def on_arrays(*operands: Array) -> Array:
        shape = jnp.broadcast_shapes(*(operand.shape for operand in operands))
        found = primitive.on_arrays(jnp, *operands)
        return jnp.broadcast_to(jnp.asarray(found, dtype=float), shape)

    row = jax.custom_jvp(on_arrays)
    row.defjvp(functools.partial(_with_tangent, primitive), symbolic_zeros=True)
    return row


def _with_tangent(primitive: Primitive, operands: Sequence[Array], tangents: Sequence[Any]) -> tuple[Array, Array]:
    """Return the value of a row, and Σ tangent × slope."""
    jax = _jax()
    jnp = jax.numpy
    output = _row(primitive)(*operands)
    known: dict[Any, Array] = {OUTPUT: output, (primitive.code, tuple(range(len(operands)))): output}
    known.update(enumerate(operands))
    total = jnp.zeros_like(output)
    for tangent, slope in zip(tangents, slopes_of(primitive, len(operands))):
        if isinstance(tangent, jax.custom_derivatives.SymbolicZero) or (isinstance(slope, float) and slope == 0.0):
            continue
        wide = jnp.broadcast_to(tangent, output.shape)
        total = total + (
            _share(wide, evaluated(slope, known, _computed)) if isinstance(slope, Expression) else slope * wide
        )
    return output, total


def _computed(expression: Expression, arguments: Sequence[Any]) -> Array:
    """Return what a primitive of an expression comes to."""
    assert expression.primitive is not None
    return _row(expression.primitive)(*[_floats(each) if isinstance(each, float) else each for each in arguments])


@functools.cache
def _guard() -> Any:
    """Return the function (values, holds, blend of all inputs) -> values, nan where it does not hold."""
    jax = _jax()
    jnp = jax.numpy

    def chosen(values: Array, holds: Array, blend: Array) -> Array:
        del blend  # only derivatives depend on it
        return jnp.where(_lifted(holds, values), values, np.nan)

    guard = jax.custom_jvp(chosen)

    def with_tangent(operands: Sequence[Array], tangents: Sequence[Array]) -> tuple[Array, Array]:
        values, holds, blend = operands
        slopes = [guard(jnp.full_like(values, slope), holds, blend) for slope in (1.0, 0.0)]
        wide = jnp.broadcast_to(_lifted(tangents[2], values), values.shape)
        return guard(*operands), _share(tangents[0], slopes[0]) + _share(wide, slopes[1])

    guard.defjvp(with_tangent)
    return guard


def _lifted(by_lane: Array, values: Array) -> Array:
    return by_lane.reshape(*by_lane.shape, *[1] * (values.ndim - by_lane.ndim))


def _blend(inputs: Array) -> Array:
    """Return a sum, per lane, in which no two inputs count the same, so that tangents do not cancel by chance."""
    return inputs @ _floats(1.0 + np.arange(inputs.shape[-1]) * 0.6180339887498949 % 1.0)


# -- a product in which 0 times anything is 0 --------------------------------------------------------------------------


def _share(tangent: Array, slope: Array) -> Array:
    """Return tangent × slope, exactly 0 where either is exactly 0."""
    letters = string.ascii_letters[: tangent.ndim]
    return _contraction().bind(
        tangent, _jax().numpy.broadcast_to(slope, tangent.shape), letters=(letters, letters, letters), exact=True
    )


def _product(left: Array, right: Array, letters: str) -> Array:
    """Return sums of products by the letters of einsum: plain ones, whose derivatives follow the rule of shares."""
    return _contraction().bind(left, right, letters=tuple(letters.replace("->", ",").split(",")), exact=False)


@functools.cache
def _contraction() -> Any:
    """Return the primitive (left, right) -> Σ left × right, linear in both; `exact`: 0 times anything is 0."""
    from jax.extend.core import Primitive as JaxPrimitive  # pyright: ignore[reportMissingImports]
    from jax.interpreters import ad, batching, mlir  # pyright: ignore[reportMissingImports]

    contraction = JaxPrimitive("shares")
    contraction.def_impl(_jax().jit(_contracted, static_argnames=("letters", "exact")))
    contraction.def_abstract_eval(_abstract)
    ad.defbilinear(contraction, _to_left, _to_right)
    ad.defjvp(contraction, _of_left_tangent, _of_right_tangent)
    batching.primitive_batchers[contraction] = _mapped
    mlir.register_lowering(contraction, mlir.lower_fun(_contracted, multiple_results=False))
    return contraction


def _abstract(left: Any, right: Any, *, letters: Sequence[str], exact: bool) -> Any:
    del exact
    sizes = dict(zip(letters[0] + letters[1], left.shape + right.shape))
    return left.update(shape=tuple(sizes[letter] for letter in letters[2]), weak_type=False)


def _of_left_tangent(tangent: Array, left: Array, right: Array, *, letters: Sequence[str], exact: bool) -> Array:
    del left, exact
    return _contraction().bind(tangent, right, letters=letters, exact=True)


def _of_right_tangent(tangent: Array, left: Array, right: Array, *, letters: Sequence[str], exact: bool) -> Array:
    del right, exact
    return _contraction().bind(left, tangent, letters=letters, exact=True)


def _to_left(adjoint: Array, left: Any, right: Array, *, letters: Sequence[str], exact: bool) -> Array:
    del left, exact
    return _contraction().bind(adjoint, right, letters=(letters[2], letters[1], letters[0]), exact=True)


def _to_right(adjoint: Array, left: Array, right: Any, *, letters: Sequence[str], exact: bool) -> Array:
    del right, exact
    return _contraction().bind(left, adjoint, letters=(letters[0], letters[2], letters[1]), exact=True)


def _mapped(
    operands: Sequence[Array], axes: Sequence[int | None], *, letters: Sequence[str], exact: bool
) -> tuple[Array, int]:
    """Return the contraction of operands that have one more axis each, or one of which has."""
    new = next(letter for letter in string.ascii_letters if letter not in "".join(letters))
    own = [
        each if axis is None else each[:axis] + new + each[axis:] for each, axis in zip(letters[:2], axes, strict=True)
    ]
    return _contraction().bind(*operands, letters=(*own, new + letters[2]), exact=exact), 0


def _contracted(left: Array, right: Array, *, letters: Sequence[str], exact: bool) -> Array:
    """Compute the contraction."""
    jax = _jax()
    jnp = jax.numpy
    if set(letters[0] + letters[1]) == set(letters[2]):
        left, right = (_widened(array, own, letters[2]) for array, own in zip((left, right), letters))
        product = left * right
        return jnp.where((left == 0.0) | (right == 0.0), 0.0, product) if exact else product
    text = f"{letters[0]},{letters[1]}->{letters[2]}"
    plain = jnp.einsum(text, left, right)
    if not exact:
        return plain
    return jax.lax.cond(jnp.isfinite(plain).all(), lambda: plain, lambda: _exactly_contracted(left, right, text))


def _widened(array: Array, own: str, wanted: str) -> Array:
    """Return an array with its axes in the wanted order, and axes of length 1 for those that it has not."""
    order = sorted(range(len(own)), key=lambda k: wanted.index(own[k]))
    shape = [array.shape[own.index(letter)] if letter in own else 1 for letter in wanted]
    return array.transpose(order).reshape(shape)


def _exactly_contracted(left: Array, right: Array, letters: str) -> Array:
    """Return sums of products in which 0 times anything is 0.

    What is finite is summed as usual. Of the other products is counted how many there are, and how many of them are
    positive more than negative: they are all +inf, or all −inf, or the sum is nan.
    """
    jnp = _jax().numpy
    add_up = functools.partial(jnp.einsum, letters)
    finite = [jnp.isfinite(each) for each in (left, right)]
    signs = [jnp.where(jnp.isnan(each), 0.0, jnp.sign(each)) for each in (left, right)]
    there = [1.0 * (each != 0.0) for each in (left, right)]
    usual = add_up(jnp.where(finite[0], left, 0.0), jnp.where(finite[1], right, 0.0))
    count = add_up(there[0] * ~finite[0], there[1]) + add_up(there[0] * finite[0], there[1] * ~finite[1])
    more = add_up(signs[0] * ~finite[0], signs[1]) + add_up(signs[0] * finite[0], signs[1] * ~finite[1])
    endless = jnp.where(more == count, np.inf, jnp.where(more == -count, -np.inf, np.nan))
    return usual + jnp.where(count == 0.0, 0.0, endless)
