"""Groups as array operations: a list of steps for so many lanes, with every array they work on made beforehand.

A step is a NumPy function and its arguments, the last of which is where the result goes. Rows are the rows of two
arrays: one number per row for what is shared, one number per row and lane for what is batched; a group's rows stand
together, so that most operands are slices. Adjoints stand in two arrays of the same shape. What is read or written
first is known beforehand: the first share of an adjoint is assigned, the others are added, and no adjoint that nobody
asks for is computed.

Only the reverse steps know derivatives, which they take from the rows (`autograd.replay.slopes`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import primitives
from autograd.primitives import Primitive
from autograd.replay.levels import BATCHED, CONSTANT, SHARED, Group, Operand, Plan, Products
from autograd.replay.slopes import OUTPUT, Expression, slopes_of

__all__ = ["Workspace"]

Array = Any
Step = tuple[Callable[..., Any], tuple[Any, ...]]

FEW = 4
"""Products of a sum up to which they are added one by one, where they are no matrix product."""


MANY_SHARED = 8192
"""Shared inputs from which on they are not copied."""

MOST_SPLIT = 8
"""Rows of a group that may be computed one by one."""

FEWEST_SPLIT = 512
"""Lanes from which on a step for each row is faster than a copy of the operands."""


class Patch(NamedTuple):
    """An argument of a step that is a part of the caller's batched inputs.

    Attributes:
        steps: the list that the step is in.
        step: its position there.
        argument: which of its arguments it is.
        rows: which inputs.
        transposed: whether lanes come first.
    """

    steps: list[Step]
    step: int
    argument: int
    rows: slice
    transposed: bool


class Rebased(NamedTuple):
    """An argument of a step that is a part of the shared inputs, or of their adjoints.

    Attributes:
        steps: the list that the step is in.
        step: its position there.
        argument: which of its arguments it is.
        offset: where it starts, in bytes.
        shape, strides: how it lies.
        is_adjoint: whether it is a part of the adjoints.
    """

    steps: list[Step]
    step: int
    argument: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    is_adjoint: bool


class Workspace:
    """The steps of a program for a number of lanes, and the arrays they work on.

    Args:
        plan: of the program.
        lanes: how many there are.
        wanted: the kinds of inputs whose gradient is asked for: none, SHARED, BATCHED or both.
        careful: whether everything is as the engine does it, also where numbers are not finite: a share is exactly
            nothing where its adjoint or slope is zero, sums are correctly rounded, rows have no faster forms.

    Attributes:
        primals, adjoints: kind -> the array of its rows.
        summed: the shared rows whose adjoints the lanes add to.
        before, forward, reverse, after: steps for what is shared, then for the lanes, back over the lanes, and back
            over what is shared.
    """

    def __init__(self, plan: Plan, lanes: int, wanted: Sequence[int] = (), careful: bool = False) -> None:
        shapes = {SHARED: (plan.rows[0],), BATCHED: (plan.rows[1], lanes)}
        self.plan = plan
        self.lanes = lanes
        self.primals = {kind: np.zeros(shape) for kind, shape in shapes.items()}
        self.adjoints = {kind: np.zeros(shape) for kind, shape in shapes.items()} if wanted else {}
        for row, each in plan.numbers:
            self.primals[SHARED if plan.rows[0] else BATCHED][row] = each
        self.before: list[Step] = []
        self.forward: list[Step] = []
        self.reverse: list[Step] = []
        self.after: list[Step] = []
        self.patches: list[Patch] = []
        self._reads_copy = False
        self.summed: Array = np.zeros(0, dtype=np.intp)
        self.careful = careful
        self._read_inputs = {row for kind, row in plan.outputs if kind == BATCHED and row < plan.n_batched}
        self._gathered: dict[Any, Array] = {}
        groups = [part for group in plan.groups for part in _split(group, lanes)]
        for group in groups:
            _Forward(self, group).emit()
        if wanted:
            _Backward(self, groups, wanted, careful).emit()
        self._copy_inputs()
        self._rebased = self._parts_of_shared() if plan.n_shared >= MANY_SHARED else []

    def operations(self) -> int:
        """Return how many array operations one replay of all lanes takes."""
        return len(self.before) + len(self.forward) + len(self.reverse) + len(self.after)

    def load(self, batched: Array) -> None:
        """Let the steps read the caller's inputs: (lanes, inputs)."""
        columns = batched.T
        for steps, position, argument, rows, transposed in self.patches:
            function, arguments = steps[position]
            part = columns[rows]
            given = part.T if transposed else part
            steps[position] = (function, (*arguments[:argument], given, *arguments[argument + 1 :]))

    def share(self, shared: Array) -> None:
        """Let the steps read the caller's shared inputs, and write their adjoints where nobody else has them.

        Few numbers are copied. Of many the steps get the caller's array itself, and a new one for the adjoints, which
        the caller may keep.
        """
        primals = self.primals[SHARED]
        if not self._rebased:
            primals[: self.plan.n_shared] = shared
            return
        if self._reads_copy:
            primals[: self.plan.n_shared] = shared
        given = np.ascontiguousarray(shared)
        if self.adjoints:
            self.adjoints[SHARED] = np.zeros(self.plan.rows[0])
        for steps, position, argument, offset, shape, strides, is_adjoint in self._rebased:
            function, arguments = steps[position]
            base = self.adjoints[SHARED] if is_adjoint else given
            part = np.ndarray(shape, np.float64, base, offset, strides)
            steps[position] = (function, (*arguments[:argument], part, *arguments[argument + 1 :]))

    def gradient(self) -> Array:
        """Return the adjoints of the shared inputs, in an array that no later replay writes to."""
        found = self.adjoints[SHARED][: self.plan.n_shared]
        return found if self._rebased else found.copy()

    def _parts_of_shared(self) -> list[Rebased]:
        """Return the arguments of all steps that are parts of the shared inputs, or of the shared adjoints."""
        found: list[Rebased] = []
        for steps in (self.before, self.forward, self.reverse, self.after):
            for position, (_, arguments) in enumerate(steps):
                for k, argument in enumerate(arguments):
                    part = self._part_of_shared(argument) if isinstance(argument, np.ndarray) else None
                    if part is not None:
                        found.append(Rebased(steps, position, k, part[0], argument.shape, argument.strides, part[1]))
        return found

    def _part_of_shared(self, argument: Array) -> tuple[int, bool] | None:
        base = _base_of(argument)
        for is_adjoint, arrays in ((True, self.adjoints), (False, self.primals)):
            if arrays and base is arrays[SHARED]:
                offset = argument.ctypes.data - base.ctypes.data
                reach = sum((count - 1) * step for count, step in zip(argument.shape, argument.strides))
                if is_adjoint or offset + reach < base.itemsize * self.plan.n_shared:
                    return offset, is_adjoint
                if offset < base.itemsize * self.plan.n_shared:
                    self._reads_copy = True
        return None

    # -- reading -----------------------------------------------------------------------------------------------------

    def steps(self, kind: int) -> list[Step]:
        """Return the forward steps for what is of a kind."""
        return self.before if kind == SHARED else self.forward

    def read(self, operand: Operand, kind: int) -> Any:
        """Return what a group of a kind reads: a number, or an array that goes with its rows and lanes."""
        if operand.kind == CONSTANT:
            numbers = operand.rows
            if len(numbers) and (numbers == numbers[0]).all():
                return float(numbers[0])
            return numbers if kind == SHARED else numbers[:, None]
        found = self.rows(operand.kind, operand.rows)
        return found[:, None] if operand.kind < kind else found

    def rows(self, kind: int, rows: Array) -> Array:
        """Return some rows: a slice where there is one, else a copy that a step makes."""
        if kind == BATCHED:
            self._read_inputs.update(rows[rows < self.plan.n_batched].tolist())
        part = as_slice(rows)
        if part is not None:
            return self.primals[kind][part]
        if len(rows) and (rows == rows[0]).all():
            return self.primals[kind][rows[0] : rows[0] + 1]
        return self._gather(kind, rows)

    def _gather(self, kind: int, rows: Array) -> Array:
        key = (kind, rows.tobytes())
        found = self._gathered.get(key)
        if found is None:
            base = self.primals[kind]
            found = self._gathered[key] = np.empty((len(rows), *base.shape[1:]))
            self.steps(kind).append((np.take, (base, rows, 0, found, "clip")))
        return found

    def matrix(self, operand: Operand) -> Array:
        """Return shared rows or constants as a matrix (rows, products): a view where there is one."""
        if operand.kind == CONSTANT:
            return np.ascontiguousarray(operand.rows)
        view = strided(self.primals[SHARED], operand.rows)
        return self._gather(SHARED, operand.rows.ravel()).reshape(operand.rows.shape) if view is None else view

    def columns(self, steps: list[Step], rows: Array, argument: int, transposed: bool = False) -> Any:
        """Return batched rows as (products, lanes), for the next step; inputs are read where the caller has them."""
        part = as_slice(rows)
        if part is not None and part.stop <= self.plan.n_batched:
            self.patches.append(Patch(steps, len(steps), argument, part, transposed))
            return None
        found = self.rows(BATCHED, rows)
        if len(rows) != len(found):
            found = np.broadcast_to(found, (len(rows), self.lanes))
        return found.T if transposed else found

    def insert(self, steps: list[Step], first: Sequence[Step]) -> None:
        """Put steps before all others of a list."""
        self.patches = [
            patch._replace(step=patch.step + len(first)) if patch.steps is steps else patch for patch in self.patches
        ]
        steps[:0] = first

    def _copy_inputs(self) -> None:
        """Let the first steps copy the inputs that not only matrix products read."""
        parts = list(_runs(sorted(self._read_inputs)))
        self.insert(self.forward, [(np.copyto, (self.primals[BATCHED][part], None)) for part in parts])
        self.patches += [Patch(self.forward, step, 1, part, False) for step, part in enumerate(parts)]


def _base_of(array: Array) -> Any:
    """Return the array that a view looks at in the end."""
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


def _split(group: Group, lanes: int) -> list[Group]:
    """Return a group row by row, where gathering its operands would take longer than a step for each row does."""
    count = group.stop - group.start
    if group.kind == SHARED or group.primitive is None or not 1 < count <= MOST_SPLIT or lanes < FEWEST_SPLIT:
        return [group]
    if all(operand.kind == CONSTANT or as_slice(operand.rows) is not None for operand in group.operands):
        return [group]
    return [
        group._replace(
            start=group.start + k,
            stop=group.start + k + 1,
            operands=[Operand(operand.kind, operand.rows[k : k + 1]) for operand in group.operands],
        )
        for k in range(count)
    ]


def as_slice(rows: Array) -> slice | None:
    """Return row numbers as a slice, if they go up evenly.

    Example:
        >>> as_slice(np.array([3, 5, 7])), as_slice(np.array([3, 4, 7]))
        (slice(3, 8, 2), None)
    """
    count = len(rows)
    if not count:
        return slice(0, 0, 1)
    first, last = int(rows[0]), int(rows[-1])
    if count == 1:
        return slice(first, first + 1, 1)
    step = int(rows[1]) - first
    if step < 1 or last - first != step * (count - 1) or (count > 2 and (np.diff(rows) != step).any()):
        return None
    return slice(first, last + 1, step)


def strided(base: Array, rows: Array) -> Array | None:
    """Return the elements of a vector at a matrix of positions, as a view; None where they do not lie evenly."""
    down = int(rows[1, 0] - rows[0, 0]) if rows.shape[0] > 1 else rows.shape[1]
    right = int(rows[0, 1] - rows[0, 0]) if rows.shape[1] > 1 else 1
    height, width = (np.arange(size) for size in rows.shape)
    if down < 0 or right < 0 or (rows != rows[0, 0] + down * height[:, None] + right * width).any():
        return None
    unit = base.strides[0]
    return np.lib.stride_tricks.as_strided(base[rows[0, 0] :], rows.shape, (down * unit, right * unit))


def _runs(rows: Sequence[int]) -> Iterable[slice]:
    start = 0
    for k in range(1, len(rows) + 1):
        if k == len(rows) or rows[k] != rows[k - 1] + 1:
            yield slice(rows[start], rows[k - 1] + 1)
            start = k


# -- array forms with a place for the result -------------------------------------------------------------------------


def form(primitive: Primitive, careful: bool = False) -> Callable[..., Any]:
    """Return a row's array form as a function (*operands, out): a faster one where there is, unless it is careful."""
    fast = FAST.get(primitive.code)
    if fast is not None and not careful:
        return fast
    named = getattr(np, primitive.array, None) if isinstance(primitive.array, str) else None
    if isinstance(named, np.ufunc):
        return named
    if named is None and isinstance(primitive.array, str):
        return _one_by_one(primitive)
    compute = named if named is not None else primitive.array

    def on_arrays(*arguments: Any) -> None:
        *operands, out = arguments
        np.copyto(out, compute(*operands) if named is not None else compute(np, *operands))  # type: ignore[operator]

    return on_arrays


def _one_by_one(primitive: Primitive) -> Callable[..., Any]:
    """Return the form of a row that NumPy has no function for: its float form, one element at a time."""
    compute = np.frompyfunc(primitive.compute, primitive.arity, 1)

    def on_arrays(*arguments: Any) -> None:
        *operands, out = arguments
        np.copyto(out, np.asarray(compute(*operands), dtype=float))

    return on_arrays


def _gaussian(a: Any, x: Any, c: Any, out: Any) -> None:
    np.multiply(x, x, out)
    np.multiply(out, -c, out)
    np.exp(out, out)
    np.multiply(out, a, out)


def _sum(*arguments: Any) -> None:
    *terms, out = arguments
    np.copyto(out, terms[0] if terms else 0.0)
    for term in terms[1:]:
        np.add(out, term, out)


def _log_sum_exp(*arguments: Any) -> None:
    *operands, out = arguments
    terms = np.stack(np.broadcast_arrays(*operands))
    largest = terms.max(axis=0)
    place = terms.argmax(axis=0)[None]
    np.exp(np.subtract(terms, largest, terms), terms)
    np.put_along_axis(terms, place, 0.0, axis=0)
    total = np.log1p(terms.sum(axis=0))
    np.copyto(out, np.where(np.isfinite(largest), largest + total, largest))


def _erf(x: Any, out: Any) -> None:
    try:
        from scipy.special import erf  # pyright: ignore[reportMissingTypeStubs] # it ships none
    except ImportError:
        np.copyto(out, primitives.erf.on_arrays(np, x))
    else:
        erf(x, out)


def _where(condition: Any, a: Any, b: Any, out: Any) -> None:
    chosen = np.not_equal(condition, 0.0)
    np.copyto(out, b)
    np.copyto(out, a, where=chosen)


def _relu(x: Any, out: Any) -> None:
    np.maximum(x, 0.0, out=out)


def _step(x: Any, out: Any) -> None:
    np.heaviside(x, 0.0, out)


def _compared(name: str) -> Callable[..., Any]:
    compare: Callable[..., Any] = getattr(np, name)
    return compare


FAST: dict[int, Callable[..., Any]] = {
    primitives.gaussian.code: _gaussian,
    primitives.sum.code: _sum,
    primitives.logsumexp.code: _log_sum_exp,
    primitives.erf.code: _erf,
    primitives.where.code: _where,
    primitives.relu.code: _relu,
    primitives.step.code: _step,
    **{
        row.code: _compared(row.name)
        for row in (
            primitives.less,
            primitives.less_equal,
            primitives.greater,
            primitives.greater_equal,
            primitives.equal,
            primitives.not_equal,
        )
    },
}
"""Rows with a form that is faster here than their own; tests prove them equal, or measure how far they are apart."""


# -- forward ---------------------------------------------------------------------------------------------------------


class _Forward:
    """The steps that compute a group."""

    def __init__(self, space: Workspace, group: Group) -> None:
        self.space = space
        self.group = group
        self.steps = space.steps(group.kind)
        self.out = space.primals[group.kind][group.start : group.stop]

    def emit(self) -> None:
        group = self.group
        if group.primitive is None:
            self._sum()
            return
        operands = [self.space.read(operand, group.kind) for operand in group.operands]
        self.steps.append((form(group.primitive, self.space.careful), (*operands, self.out)))

    def _exact_sum(self) -> None:
        """Add up as the engine does: correctly rounded, whatever overflows on the way."""
        group, space = self.group, self.space
        factors = [
            space.read(Operand(side.kind, side.rows[:, k]), group.kind)
            for left, right in group.products
            for k in range(left.rows.shape[1])
            for side in (left, right)
        ]
        self.steps.append((_add_exactly, (_lifted(group.constant, group.kind), *factors, self.out)))

    def _sum(self) -> None:
        if self.space.careful:
            self._exact_sum()
            return
        group, written = self.group, False
        for products in sorted(group.products, key=_shared_last):
            written = self._add(products, written)
        if not written:
            self.steps.append((np.copyto, (self.out, _lifted(group.constant, group.kind))))
        elif group.constant.any():
            self.steps.append((np.add, (self.out, _lifted(group.constant, group.kind), self.out)))

    def _add(self, products: Products, written: bool) -> bool:
        """Add products to the sum, or assign the first ones."""
        space, kind = self.space, self.group.kind
        if products.right.kind < kind:
            self._put(np.add, space_vector(space, products), written)
        elif is_matrix(products) and products.left.kind < BATCHED:
            target = np.empty_like(self.out) if written else self.out
            left = space.matrix(products.left)
            if kind == SHARED:
                arguments = (left, space.rows(SHARED, products.right.rows[0]))
                arguments = (left, np.broadcast_to(arguments[1], left.shape[1:]))
            else:
                arguments = (left, space.columns(self.steps, products.right.rows[0], 1))
            self.steps.append((np.matmul, (*arguments, target)))
            if written:
                self.steps.append((np.add, (self.out, target, self.out)))
        elif products.left.rows.shape[1] <= FEW:
            self._one_by_one(products, written)
        else:
            target = np.empty_like(self.out) if written else self.out
            self.steps.append((_contracted, (*cubes(space, products), target)))
            if written:
                self.steps.append((np.add, (self.out, target, self.out)))
        return True

    def _put(self, add: Any, part: Any, written: bool) -> None:
        if written:
            self.steps.append((add, (self.out, part, self.out)))
        else:
            self.steps.append((np.copyto, (self.out, part)))

    def _one_by_one(self, products: Products, written: bool) -> None:
        space, kind = self.space, self.group.kind
        part = np.empty_like(self.out)
        for k in range(products.left.rows.shape[1]):
            left, right = (
                space.read(Operand(side.kind, side.rows[:, k]), kind) for side in (products.left, products.right)
            )
            if isinstance(left, float) and left == 1.0:
                self._put(np.add, right, written)
            elif isinstance(left, float) and left == -1.0 and written:
                self._put(np.subtract, right, written)
            elif written:
                self.steps.append((np.multiply, (left, right, part)))
                self._put(np.add, part, True)
            else:
                self.steps.append((np.multiply, (left, right, self.out)))
            written = True


def _shared_last(products: Products) -> int:
    return -products.right.kind


def _add_exactly(constant: Any, *factors: Any) -> None:
    *given, out = factors
    products = [np.multiply(left, right) for left, right in zip(given[::2], given[1::2])]
    np.copyto(out, primitives.sum.on_arrays(np, np.broadcast_to(constant, out.shape), *products))


def _lifted(numbers: Array, kind: int) -> Any:
    if (numbers == numbers[0]).all():
        return float(numbers[0])
    return numbers if kind == SHARED else numbers[:, None]


def is_matrix(products: Products) -> bool:
    """Return whether every row of a group has the same second factors, so that it is a matrix product."""
    rows = products.right.rows
    return bool(rows.shape[1] > 1 and (rows == rows[0]).all())


def space_vector(space: Workspace, products: Products) -> Array:
    """Return the shared part of a batched sum, as a column: it is computed once for all lanes."""
    left, right = products
    if left.kind == CONSTANT and left.rows.shape[1] == 1 and (left.rows == 1.0).all():
        return space.rows(SHARED, right.rows[:, 0])[:, None]
    out = np.empty(len(right.rows))
    space.before.append((_contracted, (*cubes(space, products), out)))
    return out[:, None]


def cubes(space: Workspace, products: Products) -> tuple[Array, Array]:
    """Return both factors of products as arrays (rows, products) or (rows, products, lanes)."""
    return _cube(space, products.left), _cube(space, products.right)


def _cube(space: Workspace, operand: Operand) -> Array:
    if operand.kind < BATCHED:
        return space.matrix(operand)
    rows = operand.rows
    found = space.rows(BATCHED, rows.ravel())
    return np.broadcast_to(found, (rows.size, space.lanes)).reshape(*rows.shape, space.lanes)


def _contracted(left: Array, right: Array, out: Array) -> None:
    """Write Σ left · right over the products of each row."""
    if right.ndim == 2:
        np.einsum("rk,rk->r", left, right, out=out)
    elif left.ndim == 2:
        np.einsum("rk,rkl->rl", left, right, out=out)
    else:
        np.einsum("rkl,rkl->rl", left, right, out=out)


# -- reverse ---------------------------------------------------------------------------------------------------------


class _Backward:
    """The steps that send adjoints back through all groups."""

    def __init__(self, space: Workspace, groups: Sequence[Group], wanted: Sequence[int], careful: bool) -> None:
        self.space = space
        self.plan = space.plan
        self.groups = groups
        self.multiply: Any = _careful_multiply if careful else np.multiply
        self.matmul: Any = _careful_matmul if careful else np.matmul
        self.contract: Any = _careful_contract if careful else _contract
        self.needed = self._needed(wanted)
        self.uses = self._uses()
        self.spans = {(group.kind, group.start, group.stop) for group in groups}
        self.borrowed: dict[tuple[int, int, int], Array] = {}
        self.touched = {kind: np.zeros(self.plan.rows[kind - 1], dtype=bool) for kind in (SHARED, BATCHED)}
        self.blank: dict[tuple[int, int], list[Array]] = {}
        self.steps = space.reverse
        self.kind = BATCHED
        self._free: dict[tuple[int, ...], list[Array]] = {}
        self._used: list[Array] = []

    def _needed(self, wanted: Sequence[int]) -> dict[int, Array]:
        """Return which rows depend on an input whose gradient is asked for."""
        plan = self.plan
        needed = {kind: np.zeros(plan.rows[kind - 1], dtype=bool) for kind in (SHARED, BATCHED)}
        for kind, count in ((SHARED, plan.n_shared), (BATCHED, plan.n_batched)):
            needed[kind][:count] = kind in wanted
        for group in self.groups:
            for operand in _all_operands(group):
                if operand.kind:
                    rows = operand.rows.reshape(group.stop - group.start, -1)
                    needed[group.kind][group.start : group.stop] |= needed[operand.kind][rows].any(axis=1)
        return needed

    def _uses(self) -> dict[int, Array]:
        """Return how often each row is read, outputs once more."""
        uses = {kind: np.zeros(self.plan.rows[kind - 1], dtype=np.intp) for kind in (SHARED, BATCHED)}
        for group in self.groups:
            for operand in _all_operands(group):
                if operand.kind:
                    np.add.at(uses[operand.kind], operand.rows.ravel(), 1)
        for kind, row in self.plan.outputs:
            uses[kind][row] += 1
        return uses

    def emit(self) -> None:
        for kind, steps in ((BATCHED, self.space.reverse), (SHARED, self.space.after)):
            self.kind, self.steps = kind, steps
            if kind == SHARED:
                self.space.summed = np.flatnonzero(self.touched[SHARED])
            for output_kind, row in self.plan.outputs:
                if output_kind == kind:
                    self.touched[kind][row] = True
            for group in reversed(self.groups):
                if group.kind == kind and self.needed[kind][group.start : group.stop].any():
                    self._group(group)
            self.space.insert(steps, self._blank_steps(kind))

    def _blank_steps(self, phase: int) -> list[Step]:
        """Return the steps that set to 0 what is read, or added to, before all of it has been assigned."""
        steps: list[Step] = []
        for kind in (SHARED, BATCHED):
            rows = self.blank.get((phase, kind))
            if rows:
                steps.append((_assign, (self.space.adjoints[kind], np.unique(np.concatenate(rows)), 0.0)))
        return steps

    def _group(self, group: Group) -> None:
        touched = self.touched[group.kind][group.start : group.stop]
        if not touched.any():
            return
        self._settle(group.kind, np.arange(group.start, group.stop))
        span = (group.kind, group.start, group.stop)
        adjoint = self.borrowed.get(span, self.space.adjoints[group.kind][group.start : group.stop])
        if group.primitive is None:
            for products in group.products:
                self._products(group, products, adjoint)
        else:
            self._primitive(group, adjoint)
        for array in self._used:
            self._free.setdefault(array.shape, []).append(array)
        self._used = []

    def _settle(self, kind: int, rows: Array) -> None:
        """See that rows can be read, or added to: those that nothing has been assigned to start from 0."""
        missing = rows[~self.touched[kind][rows]]
        if len(missing):
            self.blank.setdefault((self.kind, kind), []).append(missing)
            self.touched[kind][missing] = True

    def _temporary(self, shape: tuple[int, ...]) -> Array:
        free = self._free.get(shape)
        array = free.pop() if free else np.empty(shape)
        self._used.append(array)
        return array

    # -- primitives

    def _primitive(self, group: Group, adjoint: Array) -> None:
        assert group.primitive is not None
        slopes = slopes_of(group.primitive, len(group.operands))
        known: dict[Any, Any] = {OUTPUT: self.space.primals[group.kind][group.start : group.stop]}
        for k, operand in enumerate(group.operands):
            known[k] = self._as_read(operand, group.kind)
        known[(group.primitive.code, tuple(range(len(group.operands))))] = known[OUTPUT]
        for operand, slope in zip(group.operands, slopes):
            if operand.kind and self.needed[operand.kind][operand.rows].any():
                self._share(operand, adjoint, slope, known)

    def _as_read(self, operand: Operand, kind: int) -> Any:
        """Return an operand as the forward steps read it, for later."""
        return self.space.read(operand, kind)

    def _share(self, operand: Operand, adjoint: Array, slope: Any, known: dict[Any, Any]) -> None:
        """Add adjoint × slope to the adjoints of an operand's rows."""
        factor = self._evaluate(slope, known) if isinstance(slope, Expression) else float(slope)
        if isinstance(factor, float) and factor == 0.0:
            return
        if isinstance(factor, float) and factor == 1.0:
            if not self._borrow(operand, adjoint):
                self._add(operand.kind, operand.rows, adjoint)
            return
        target = self._target(operand, adjoint.shape)
        out = self._temporary(adjoint.shape) if target is None else target
        if isinstance(factor, float) and factor == -1.0:
            self.steps.append((np.negative, (adjoint, out)))
        else:
            self.steps.append((self.multiply, (adjoint, factor, out)))
        if target is None:
            self._add(operand.kind, operand.rows, out)
        else:
            self.touched[operand.kind][operand.rows] = True

    def _borrow(self, operand: Operand, adjoint: Array) -> bool:
        """Let a group that nothing else reads have the adjoint of the group that reads it, without a copy."""
        part = as_slice(operand.rows)
        if part is None or part.step != 1 or operand.kind != self.kind or len(operand.rows) != len(adjoint):
            return False
        span = (operand.kind, part.start, part.stop)
        if span not in self.spans or (self.uses[operand.kind][part] != 1).any():
            return False
        self.borrowed[span] = adjoint
        self.touched[operand.kind][part] = True
        return True

    def _target(self, operand: Operand, shape: tuple[int, ...]) -> Array | None:
        """Return where a share can be written at once, because it is the first one of all its rows."""
        part = as_slice(operand.rows)
        if part is None or operand.kind != self.kind or self.touched[operand.kind][operand.rows].any():
            return None
        target = self.space.adjoints[operand.kind][part]
        return target if target.shape == shape else None

    def _evaluate(self, wanted: Expression, known: dict[Any, Any]) -> Any:
        """Return the value of an expression, with steps for what is not known yet."""
        waiting = [wanted]
        while waiting:
            expression = waiting[-1]
            if expression.key in known:
                waiting.pop()
                continue
            missing = [each for each in expression.arguments if isinstance(each, Expression) and each.key not in known]
            if missing:
                waiting += missing
                continue
            known[expression.key] = self._computed(expression, known)
            waiting.pop()
        return known[wanted.key]

    def _computed(self, expression: Expression, known: dict[Any, Any]) -> Any:
        assert expression.primitive is not None
        arguments = [known[each.key] if isinstance(each, Expression) else each for each in expression.arguments]
        if expression.primitive is primitives.div_slope and not self.space.careful:
            return self._div_slope(expression, arguments, known)
        if expression.primitive is primitives.step and (primitives.relu.code, (0,)) in known:
            out = self._temporary(arguments[0].shape)
            self.steps.append((np.sign, (known[OUTPUT], out)))  # the step of x is the sign of relu(x), and faster
            return out
        if all(isinstance(each, float) for each in arguments):
            return float(expression.primitive.compute(*arguments))
        out = self._temporary(np.broadcast_shapes(*(np.shape(each) for each in arguments)))
        self.steps.append((form(expression.primitive, self.space.careful), (*arguments, out)))
        return out

    def _div_slope(self, expression: Expression, arguments: Sequence[Any], known: dict[Any, Any]) -> Any:
        """Return −(x / y) / y, with a quotient that may be known."""
        out = self._temporary(np.broadcast_shapes(*(np.shape(each) for each in arguments)))
        x, y = (each.key if isinstance(each, Expression) else each for each in expression.arguments)
        quotient = known.get((primitives.div.code, (x, y)))
        if quotient is None:
            self.steps.append((np.divide, (*arguments, out)))
            quotient = out
        self.steps.append((np.divide, (quotient, arguments[1], out)))
        self.steps.append((np.negative, (out, out)))
        return out

    # -- sums of products

    def _products(self, group: Group, products: Products, adjoint: Array) -> None:
        left, right = products
        wanted = [side.kind > 0 and bool(self.needed[side.kind][side.rows].any()) for side in products]
        if not any(wanted):
            return
        if left.kind == right.kind and np.array_equal(left.rows, right.rows):
            twice = self._temporary(adjoint.shape)
            self.steps.append((np.add, (adjoint, adjoint, twice)))
            adjoint, wanted = twice, [False, True]
        if right.kind < group.kind:
            if left.kind == CONSTANT and left.rows.shape[1] == 1 and (left.rows == 1.0).all():
                self._add(SHARED, right.rows[:, 0], adjoint)
                return
            total = self._temporary(adjoint.shape[:1])
            self.steps.append((np.add.reduce, (adjoint, 1, None, total)))
            self._contract(products, wanted, total, SHARED)
        elif is_matrix(products) and left.kind < BATCHED:
            self._matrix(group, products, wanted, adjoint)
        else:
            self._contract(products, wanted, adjoint, group.kind)

    def _matrix(self, group: Group, products: Products, wanted: Sequence[bool], adjoint: Array) -> None:
        left, right = products
        if wanted[0]:
            self._left_of_matrix(group, products, adjoint)
        if wanted[1]:
            matrix = self.space.matrix(left)
            rows = right.rows[0]
            target = self._target(Operand(right.kind, rows), (len(rows), *adjoint.shape[1:]))
            out = self._temporary((len(rows), *adjoint.shape[1:])) if target is None else target
            self.steps.append((self.matmul, (matrix.T, adjoint, out)))
            if target is None:
                self._add(right.kind, rows, out)
            else:
                self.touched[right.kind][rows] = True

    def _left_of_matrix(self, group: Group, products: Products, adjoint: Array) -> None:
        """Add adjoint · rightᵀ to the adjoints of the left factors, which are shared."""
        left, right = products
        first = not self.touched[SHARED][left.rows].any() and _all_different(left.rows)
        target = strided(self.space.adjoints[SHARED], left.rows) if first else None
        turned = target is not None and target.strides[0] < target.strides[1]
        shape = left.rows.shape[::-1] if turned else left.rows.shape
        out = self._temporary(shape) if target is None else (target.T if turned else target)
        if group.kind == SHARED:
            vector = np.broadcast_to(self.space.rows(SHARED, right.rows[0]), left.rows.shape[1:])
            factors = (vector[:, None], adjoint[None, :]) if turned else (adjoint[:, None], vector[None, :])
            self.steps.append((self.multiply, (*factors, out)))
        elif turned:
            self.steps.append((self.matmul, (self.space.columns(self.steps, right.rows[0], 0), adjoint.T, out)))
        else:
            columns = self.space.columns(self.steps, right.rows[0], 1, transposed=True)
            self.steps.append((self.matmul, (adjoint, columns, out)))
        if target is None:
            self._add(SHARED, left.rows.ravel(), out.reshape(-1))
        else:
            self.touched[SHARED][left.rows.ravel()] = True

    def _contract(self, products: Products, wanted: Sequence[bool], adjoint: Array, kind: int) -> None:
        """Add to each factor's adjoint the product of the sum's adjoint and the other factor."""
        factors = cubes(self.space, products)
        for mine, other, is_wanted in zip(products, factors[::-1], wanted):
            if not is_wanted:
                continue
            if mine.kind < kind:
                out = self._temporary(mine.rows.shape)
                letters = "rl,rkl->rk" if other.ndim == 3 else "rl,rk->rk"
                self.steps.append((self.contract, (letters, adjoint, other, out)))
            else:
                lanes = adjoint.shape[1:]
                out = self._temporary((*mine.rows.shape, *lanes))
                wide = other[:, :, None] if other.ndim < out.ndim else other
                self.steps.append((self.multiply, (adjoint[:, None], wide, out)))
            self._add(mine.kind, mine.rows.ravel(), out.reshape(-1, *out.shape[2:]))

    # -- adjoints

    def _add(self, kind: int, rows: Array, shares: Array) -> None:
        """Add shares, a row each, to the adjoints of some rows; shares of many lanes to a shared row are summed."""
        adjoints = self.space.adjoints[kind]
        part = as_slice(rows)
        if shares.ndim > adjoints.ndim:
            first = part is not None and not self.touched[kind][rows].any()
            total = adjoints[part] if first else self._temporary(shares.shape[:1])
            self.steps.append((np.add.reduce, (shares, 1, None, total)))
            if first:
                self.touched[kind][rows] = True
                return
            shares = total
        if part is None:
            rows, shares = self._merged(rows, shares)
            part = as_slice(rows)
        fresh = not self.touched[kind][rows].any()
        if not fresh:
            self._settle(kind, rows)
        self.touched[kind][rows] = True
        if part is not None and fresh:
            self.steps.append((np.copyto, (adjoints[part], shares)))
        elif part is not None:
            self.steps.append((np.add, (adjoints[part], shares, adjoints[part])))
        else:
            self.steps.append((_assign if fresh else _accumulate, (adjoints, rows, shares)))

    def _merged(self, rows: Array, shares: Array) -> tuple[Array, Array]:
        """Return rows that are all different, and the sums of their shares."""
        if _all_different(rows):
            return rows, shares
        if (rows == rows[0]).all():
            total = self._temporary((1, *shares.shape[1:]))
            self.steps.append((np.add.reduce, (shares, 0, None, total, True)))
            return rows[:1], total
        order = np.argsort(rows, kind="stable")
        different, starts = np.unique(rows[order], return_index=True)
        sorted_shares = self._temporary(shares.shape)
        total = self._temporary((len(different), *shares.shape[1:]))
        self.steps.append((np.take, (shares, order, 0, sorted_shares, "clip")))
        self.steps.append((np.add.reduceat, (sorted_shares, starts, 0, None, total)))
        return different, total


def _all_operands(group: Group) -> Iterable[Operand]:
    return [*group.operands, *(side for products in group.products for side in products)]


def _all_different(rows: Array) -> bool:
    return bool(len(np.unique(rows)) == rows.size)


def _assign(adjoints: Array, rows: Array, shares: Any) -> None:
    adjoints[rows] = shares


def _accumulate(adjoints: Array, rows: Array, shares: Array) -> None:
    adjoints[rows] += shares


def _contract(letters: str, left: Array, right: Array, out: Array) -> None:
    np.einsum(letters, left, right, out=out)


def _careful_multiply(adjoint: Any, slope: Any, out: Array) -> None:
    """Write adjoint × slope, exactly 0 where either is."""
    nothing = np.equal(adjoint, 0.0) | np.equal(slope, 0.0)
    np.multiply(adjoint, slope, out)
    np.copyto(out, 0.0, where=nothing)


def _careful_matmul(left: Array, right: Array, out: Array) -> None:
    """Write a matrix product in which 0 times anything is 0."""
    if np.isfinite(left).all() and np.isfinite(right).all():
        np.matmul(left, right, out)
        return
    for row, factors in enumerate(left):
        shaped = factors.reshape(-1, *[1] * (right.ndim - 1))
        shares = np.empty(np.broadcast_shapes(shaped.shape, right.shape))
        _careful_multiply(shaped, right, shares)
        out[row] = shares.sum(axis=0)


def _careful_contract(letters: str, left: Array, right: Array, out: Array) -> None:
    """Write Σ left · right by the letters of einsum, where 0 times anything is 0."""
    inputs, _, result = letters.partition("->")
    wide = [_widened(array, own) for array, own in zip((left, right), inputs.split(","))]
    shares = np.empty(np.broadcast_shapes(wide[0].shape, wide[1].shape))
    _careful_multiply(wide[0], wide[1], shares)
    out[...] = shares.sum(axis=tuple(k for k, letter in enumerate("rkl") if letter not in result))


def _widened(array: Array, letters: str) -> Array:
    return array[tuple(slice(None) if letter in letters else None for letter in "rkl")]
