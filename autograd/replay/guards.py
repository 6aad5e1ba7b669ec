"""Guards: the comparisons that decided what was recorded, brought along with what they depend on.

A tape's program is right only where every `if` on the way would have gone as it went when the tape was recorded. The
comparisons stand on the tapes that were recorded on; what they compare need not be what the outputs depend on, so a
program is made of both.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterable, Sequence, Set
from typing import Any, NamedTuple

from autograd import primitives
from autograd.errors import BranchChanged
from autograd.listing import lines
from autograd.pruning import pruned_alone, pruned_tape, tapes_of
from autograd.recording import active
from autograd.tape import CONSTANT, IMPORT, INPUT, WIDTH, Node, Place, Tape, edges, reachable, stored
from autograd.value import Value, handle, node_of

__all__ = ["Recorded", "branch_changed", "with_guards"]

_UNKNOWN = (
    "comparisons that were made while this was recorded are no longer known, so that a replay could be wrong without "
    "notice: record it within `with Tape() as tape:`, and compile that"
)


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


def with_guards(tape: Tape, named: Iterable[Value] = (), *, by_version: bool = False) -> tuple[Tape, list[Recorded]]:
    """Return a pruned tape that has what its guards depend on too, and the guards.

    Of all comparisons that were made before the outputs (of a leaf: until now, on the tape of this context), on their
    tapes and on those of what is compared, those count that depend on a leaf of the outputs, or on one that is named:
    the others come out the same whatever a replay is given. Other leaves among what they depend on, and inputs of
    transforms that the outputs do not depend on, are the numbers that they were.

    Args:
        tape: pruned.
        named: further leaves that a replay gives numbers to.
        by_version: whether a leaf with other data than on this tape is another leaf.

    Raises:
        ValueError: guards were dropped, because an automatic tape was full, or compare what is no longer known, because
            a tape of many generations ago was let go.
    """
    found: list[tuple[Tape, Any]] = []
    known: set[Tape] = set()
    tapes, whole, guards = [*tapes_of(tape), *_tape_of_leaves(tape)], tape, list[Recorded]()
    while tapes:  # what is compared may have been recorded on further tapes, where comparisons decided it
        if tape.guards_dropped or any(each.guards_dropped for each in tapes):
            raise ValueError(_UNKNOWN)
        known.update(tapes)
        found += [(each, guard) for each in tapes for guard in _before(each, tape)]
        if not found:
            return tape, []
        whole, guards = _joined(tape, found)
        tapes = [each for each in tapes_of(whole) if each not in known]
    varying = {id(leaf) for leaf, _ in tape.leaves.values()} | set(map(id, named))
    keys = {key for _, key in tape.leaves.values()}
    frozen = {
        index
        for index, (leaf, key) in whole.leaves.items()
        if (key not in keys if by_version else id(leaf) not in varying)
    }
    marks = _depending(whole, whole.leaves.keys() - frozen)
    guards = [guard for guard in guards if any(at >= 0 and marks[at] for at in guard.places)]
    if not guards:
        return tape, []
    return _settled(whole, guards, frozen | _further_inputs(whole, tape))


def _further_inputs(whole: Tape, tape: Tape) -> set[int]:
    """Return the inputs of transforms that stand on a pruned tape, and not on another one that is part of it."""
    inputs = [index for index, node in enumerate(whole.nodes) if node[0] == INPUT]
    if not inputs:
        return set()
    assert whole.sources is not None
    assert tape.sources is not None
    known = set(tape.sources)
    return {index for index in inputs if whole.sources[index] not in known}


def _tape_of_leaves(tape: Tape) -> list[Tape]:
    """Return the tape that is recorded on now, where an output is a leaf: it was chosen by what was asked until now."""
    assert tape.outputs is not None
    now = active()
    is_leaf = any(output in tape.leaves for output in tape.outputs)
    return [now] if is_leaf and now is not None and all(each != now for each in tapes_of(tape)) else []


def _joined(tape: Tape, found: Sequence[tuple[Tape, Any]]) -> tuple[Tape, list[Recorded]]:
    """Return a tape of the outputs and of what is compared, and the comparisons on it."""
    assert tape.sources is not None
    assert tape.outputs is not None
    places = [tape.sources[output] for output in tape.outputs]
    wanted = [*places, *((each, at) for each, guard in found for at in guard[2] if at >= 0)]
    if any(each.nodes[index][0] == IMPORT and index not in each.imports for each, index in reachable(wanted)[0]):
        raise ValueError(_UNKNOWN)
    whole = pruned_tape([_handle(place) for place in wanted])
    assert whole.outputs is not None
    positions = iter(whole.outputs[len(places) :])
    whole.outputs = whole.outputs[: len(places)]
    return whole, [_renumbered(guard, [next(positions) if at >= 0 else at for at in guard[2]]) for _, guard in found]


def _depending(tape: Tape, leaves: Set[int]) -> bytearray:
    """Return for each line of a pruned tape whether it depends on the leaves on some of its lines."""
    marks = bytearray(len(tape))
    for index, node in enumerate(tape.nodes):
        if node[0] < 0:
            marks[index] = index in leaves
        else:
            marks[index] = any(at >= 0 and marks[at] for at in edges(node)[0])
    return marks


def _settled(whole: Tape, guards: Sequence[Recorded], frozen: set[int]) -> tuple[Tape, list[Recorded]]:
    """Return a tape without the leaves that stay as they are, and the guards on it with their texts."""
    assert whole.outputs is not None
    names = {line.index: line.name for line in lines(whole, sorted({at for g in guards for at in g.places if at >= 0}))}
    texts = [_text(guard, names) for guard in guards]
    primals = {index: whole.fields[WIDTH * index + 1] for index in frozen}
    whole.fields = [field for node in whole.nodes for field in stored(_with_numbers(node, primals))]
    sides = [
        [(-1, primals[at]) if at in primals else (at, number) for at, number in zip(guard.places, guard.numbers)]
        for guard in guards
    ]
    compared = [at for pair in sides for at, _ in pair if at >= 0]
    settled = pruned_alone(whole, [*whole.outputs, *compared])
    assert settled.outputs is not None
    positions = iter(settled.outputs[len(whole.outputs) :])
    settled.outputs = settled.outputs[: len(whole.outputs)]
    return settled, [
        guard._replace(
            places=[next(positions) if at >= 0 else at for at, _ in pair],
            numbers=[number for _, number in pair],
            text=text,
        )
        for guard, pair, text in zip(guards, sides, texts)
    ]


def _with_numbers(node: Node, primals: dict[int, float]) -> Node:
    """Return a node with numbers in the place of some operands."""
    places, numbers = edges(node)
    if not any(at in primals for at in places):
        return node
    pairs = [(CONSTANT, primals[at]) if at in primals else (at, number) for at, number in zip(places, numbers)]
    return node_of(node[0], node[1], [at for at, _ in pairs], [number for _, number in pairs])


def _before(tape: Tape, pruned: Tape) -> list[Any]:
    """Return the guards of a tape that were recorded before the last output on it.

    All of them where a leaf is an output, which may have been chosen by any, or where one is recorded on a later tape.
    """
    assert pruned.sources is not None
    assert pruned.outputs is not None
    places = [pruned.sources[output] for output in pruned.outputs]
    here = [index for each, index in places if each == tape]
    is_last = all(each == tape or each.serials[-1] < tape.serials[-1] for each, _ in places)
    is_bounded = bool(here) and is_last and not any(output in pruned.leaves for output in pruned.outputs)
    return [guard for guard in tape.guards if not is_bounded or guard[0] <= max(here)]


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
