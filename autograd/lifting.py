"""The lifted sweep: a reverse sweep on Values, which gives differentiable gradients.

The same sweep as `tape.reverse_sweep`, but a slope is the row's partial evaluated on Values, so that the adjoints are
recorded and can be differentiated in their turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

from autograd import kernels, primitives
from autograd.errors import StaleTape
from autograd.tape import IMPORT, Place, edges
from autograd.value import Value, operands_of, record_two, value_at

__all__ = ["accumulate", "lifted_sweep", "product", "sources"]

SHARE = primitives.share.code


def product(adjoint: Any, slope: Any) -> Any:
    """Return adjoint × slope with the zero rule, or None where the slope is structurally zero."""
    if type(slope) is float or type(slope) is int:
        if slope == 1.0:
            return adjoint
        if slope == 0.0:
            return None
    if type(adjoint) is float and adjoint == 1.0:
        return slope
    if _is_factor(adjoint) or _is_factor(slope):
        return adjoint * slope
    if type(adjoint) is Value and type(slope) is Value:  # the same, sooner
        left, right = adjoint._data, slope._data
        return record_two(SHARE, kernels.share(left, right), adjoint, right, slope, left)
    return primitives.share(adjoint, slope)


def _is_factor(number: Any) -> bool:
    """Return whether something times this is nothing only where that is nothing, whatever a replay is given."""
    return isinstance(number, (float, int)) and number != 0.0 and isfinite(number)


def accumulate(total: Any, share: Any) -> Any:
    """Return the sum of a total and a share, where None is nothing."""
    if share is None:
        return total
    return share if total is None else total + share


def lifted_sweep(found: Sequence[Place], seeds: Mapping[Place, Any], inputs: Iterable[Place]) -> dict[Place, Any]:
    """Return the adjoints, as Values or floats, of the nodes between some inputs and some outputs.

    Args:
        found: what the outputs depend on, oldest first (`tape.reachable`).
        seeds: place of an output -> the adjoint to start from.
        inputs: the places the gradient is wanted at; nothing else is swept.

    Raises:
        StaleTape: a leaf among them has other data by now, or stands there with old and new data.
    """
    check_fresh(found)
    dependent = _dependents(found, inputs)
    adjoints: dict[Place, Any] = dict(seeds)
    for place in reversed(found):
        adjoint = adjoints.get(place)
        if adjoint is None or place not in dependent:
            continue
        for operand, share in _shares(place, adjoint, dependent):
            adjoints[operand] = accumulate(adjoints.get(operand), share)
    return adjoints


def check_fresh(places: Iterable[Place]) -> None:
    """Raise StaleTape where a leaf's data is no longer what was recorded."""
    for tape, index in places:
        if index not in tape.leaves:
            continue
        leaf, key = tape.leaves[index]
        recorded = tape.nodes[index][1]
        if key != leaf._index and repr(recorded) != repr(leaf._data):
            raise StaleTape(leaf, recorded)


def _dependents(found: Iterable[Place], inputs: Iterable[Place]) -> set[Place]:
    dependent = set(inputs)
    for place in found:
        if place not in dependent and any(source in dependent for source in sources(place)):
            dependent.add(place)
    return dependent


def sources(place: Place) -> Sequence[Place]:
    """Return the places that a node was computed from; of an import the one that it stands for."""
    tape, index = place
    node = tape.nodes[index]
    if node[0] == IMPORT:
        return [tape.imports[index]]
    return [(tape, operand) for operand in edges(node)[0] if operand >= 0]


def _shares(place: Place, adjoint: Any, dependent: set[Place]) -> Iterable[tuple[Place, Any]]:
    tape, index = place
    node = tape.nodes[index]
    if node[0] == IMPORT:
        return [(tape.imports[index], adjoint)]
    if node[0] < 0:
        return []
    indices = edges(node)[0]
    check_fresh((tape, at) for at in indices)  # a leaf may have been entered before all that was found
    wanted = [k for k, operand in enumerate(indices) if operand >= 0 and (tape, operand) in dependent]
    row = primitives.by_code(node[0])
    slopes = row.slopes_of(value_at(tape, index), operands_of(tape, index), wanted)
    return [((tape, indices[k]), product(adjoint, slopes[k])) for k in wanted]
