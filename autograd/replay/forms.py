"""Array operations with a place for the result: the rows of the table, faster forms of a few, and what sums need.

A form is a function (*operands, out). This room knows NumPy and rows; it knows nothing of groups and steps.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import kernels, primitives
from autograd.primitives import Primitive

__all__ = [
    "accumulate",
    "add_exactly",
    "assign",
    "careful_matmul",
    "careful_multiply",
    "careful_over_lanes",
    "contracted",
    "form",
    "over_lanes",
]

Array = Any


def form(primitive: Primitive, careful: bool = False) -> Callable[..., Any]:
    """Return a row's array form as a function (*operands, out): a faster one where there is, unless it is careful."""
    fast = FAST.get(primitive.code)
    if fast is not None and not careful:
        return fast
    if callable(primitive.array):
        return _written(functools.partial(primitive.array, np))
    named = getattr(np, primitive.array or "", None)
    if isinstance(named, np.ufunc):
        return named
    return _written(named or functools.partial(primitive.on_arrays, np))


def _written(compute: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of arrays as one that writes its result."""

    def on_arrays(*arguments: Any) -> None:
        *operands, out = arguments
        np.copyto(out, compute(*operands))

    return on_arrays


def _gaussian(a: Any, x: Any, c: Any, out: Any) -> None:
    np.multiply(x, x, out)
    np.multiply(out, -c, out)
    np.exp(out, out)
    np.multiply(out, a, out)


def _sum(*arguments: Any) -> None:
    *terms, out = arguments
    np.copyto(out, terms[0])
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


def _share(adjoint: Any, slope: Any, out: Any) -> None:
    np.multiply(adjoint, slope, out)
    unknown = np.isnan(out)
    if unknown.any():
        np.copyto(out, 0.0, where=unknown & (np.equal(adjoint, 0.0) | np.equal(slope, 0.0)))


def _of_angle(row: Primitive) -> Callable[..., Any]:
    compute: Callable[..., Any] = getattr(np, row.name)

    def on_arrays(x: Any, out: Any) -> None:
        np.abs(x, out)
        if out.max(initial=0.0) <= kernels.FAR_ANGLE:
            compute(x, out)
        else:
            np.copyto(out, row.on_arrays(np, x))

    on_arrays.__name__ = row.name
    return on_arrays


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
    primitives.share.code: _share,
    **{row.code: _of_angle(row) for row in (primitives.sin, primitives.cos, primitives.tan)},
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

ROUGH = (primitives.gaussian, primitives.sum)
"""Those of them which may not be finite where the row is."""

PASSING = tuple(map(primitives.named, ("add", "sub", "mul", "neg", "abs", "square", "sqrt", "log", "sin", "cos")))
"""Rows that are not finite where an operand is not."""


def add_exactly(constant: Any, *factors: Any) -> None:
    """Write a constant and the products of pairs of factors, added up correctly rounded."""
    *given, out = factors
    products = [np.multiply(left, right) for left, right in zip(given[::2], given[1::2])]
    np.copyto(out, primitives.sum.on_arrays(np, np.broadcast_to(constant, out.shape), *products))


def contracted(left: Array, right: Array, out: Array) -> None:
    """Write Σ left · right over the products of each row.

    Of a factor that stands in a view several times NumPy would take a · c + b · c as (a + b) · c, which is another
    number where that overflows, or where c is infinite: so it is copied.
    """
    left, right = (side.copy() if 0 in side.strides else side for side in (left, right))
    lanes = ["l" * (side.ndim == 3) for side in (left, right)]
    np.einsum(f"rk{lanes[0]},rk{lanes[1]}->r{lanes[1]}", left, right, out=out)


def assign(adjoints: Array, rows: Array, shares: Any) -> None:
    """Let rows, all different, be shares."""
    adjoints[rows] = shares


def accumulate(adjoints: Array, rows: Array, shares: Array) -> None:
    """Add shares to rows, all different."""
    adjoints[rows] += shares


def over_lanes(adjoint: Array, factors: Array, out: Array) -> None:
    """Write Σ adjoint · factor over the lanes, for each of a row's factors."""
    np.einsum("rl,rkl->rk", adjoint, factors, out=out)


def careful_multiply(adjoint: Any, slope: Any, out: Array) -> None:
    """Write adjoint × slope, exactly 0 where either is."""
    nothing = np.equal(adjoint, 0.0) | np.equal(slope, 0.0)
    np.multiply(adjoint, slope, out)
    np.copyto(out, 0.0, where=nothing)


def careful_matmul(left: Array, right: Array, out: Array) -> None:
    """Write a matrix product in which 0 times anything is 0."""
    if np.isfinite(left).all() and np.isfinite(right).all():
        np.matmul(left, right, out)
        return
    for row, factors in enumerate(left):
        shaped = factors.reshape(-1, *[1] * (right.ndim - 1))
        shares = np.empty(np.broadcast_shapes(shaped.shape, right.shape))
        careful_multiply(shaped, right, shares)
        out[row] = shares.sum(axis=0)


def careful_over_lanes(adjoint: Array, factors: Array, out: Array) -> None:
    """Write Σ adjoint · factor over the lanes, where 0 times anything is 0."""
    shares = np.empty(factors.shape)
    careful_multiply(adjoint[:, None], factors, shares)
    shares.sum(axis=2, out=out)
