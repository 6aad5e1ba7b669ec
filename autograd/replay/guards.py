"""Guards: the comparisons that decided what was recorded, brought along with what they depend on.

A tape's program is right only where every `if` on the way would have gone as it went when the tape was recorded. The
comparisons stand on the tapes that were recorded on; what they compare need not be what the outputs depend on, so a
program is made of both.
"""

from __future__ import annotations

import linecache
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd import primitives
from autograd.errors import BranchChanged
from autograd.listing import lines
from autograd.pruning import pruned_tape, tapes_of
from autograd.tape import WIDTH, Place, Tape
from autograd.value import handle

__all__ = ["Recorded", "branch_changed", "with_guards"]


class Recorded(NamedTuple):
    """A comparison on a pruned tape.

    Attributes:
        code: of its primitive.
        places: of what it compares; below 0 for numbers.
        numbers: in the place of constants.
        outcome: 1.0 or 0.0.
        text: as people write it.
        source: (file name, line number) of the line that asked, or None.
    """

    code: int
    places: Sequence[int]
    numbers: Sequence[float]
    outcome: float
    text: str
    source: tuple[str, int] | None


def with_guards(tape: Tape) -> tuple[Tape, list[Recorded]]:
    """Return a pruned tape that has what its guards depend on too, and the guards.

    Raises:
        ValueError: guards were dropped, because an automatic tape was full.
    """
    if tape.guards_dropped or any(each.guards_dropped for each in tapes_of(tape)):
        raise ValueError(
            "comparisons that were made while this was recorded are no longer known, so that a replay could be wrong "
            "without notice: record it within `with Tape() as tape:`, and compile that"
        )
    found = [(each, guard) for each in tapes_of(tape) for guard in _before(each, tape)]
    if not found:
        return tape, []
    assert tape.sources is not None
    assert tape.outputs is not None
    places = [tape.sources[output] for output in tape.outputs]
    compared = [(each, at) for each, guard in found for at in guard[2] if at >= 0]
    whole = pruned_tape([_handle(place) for place in [*places, *compared]])
    assert whole.outputs is not None
    positions = iter(whole.outputs[len(places) :])
    whole.outputs = whole.outputs[: len(places)]
    guards = [_renumbered(guard, [next(positions) if at >= 0 else at for at in guard[2]]) for _, guard in found]
    names = {line.index: line.name for line in lines(whole, sorted({at for g in guards for at in g.places if at >= 0}))}
    return whole, [guard._replace(text=_text(guard, names)) for guard in guards]


def _before(tape: Tape, pruned: Tape) -> list[Any]:
    """Return the guards of a tape that were recorded before the last output on it."""
    assert pruned.sources is not None
    outputs = [pruned.sources[output] for output in pruned.outputs or ()]
    here = [index for each, index in outputs if each is tape]
    return [guard for guard in tape.guards if not here or guard[0] <= max(here)]


def _handle(place: Place) -> Any:
    tape, index = place
    return handle(tape, index, tape.fields[WIDTH * index + 1])


def _renumbered(guard: Any, places: Sequence[int]) -> Recorded:
    _, code, _, numbers, outcome, source = guard
    return Recorded(code, places, numbers, float(outcome), "", source)


def _text(guard: Recorded, names: dict[int, str]) -> str:
    sides = [names[at] if at >= 0 else f"{number!r}" for at, number in zip(guard.places, guard.numbers)]
    return primitives.by_code(guard.code).text(sides)[1:-1]


def branch_changed(text: str, outcome: float, source: tuple[str, int] | None, lane: int | None) -> BranchChanged:
    """Return the error that a lane would take another branch."""
    return BranchChanged(text, bool(outcome), lane, source, linecache.getline(*source).strip() if source else "")
