"""What is drawn as one box: a value, or a whole scope that has been collapsed.

A scope is a layer or a neuron, say; collapsed it is one box that tells what comes out of it and what is inside. Scopes
are collapsed from the innermost outwards until a picture can be read. This room knows scopes and boxes; it does not
know how a box looks (`autograd.show.graph`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, NoReturn

from autograd import primitives
from autograd.listing import Line

__all__ = [
    "Box",
    "Boxes",
    "boxes_of",
    "depth_for",
    "drawn_constants",
    "has_constant_exponent",
    "scopes_of",
    "stacks_of",
]

Path = tuple[str, ...]

MOST = 150
"""Boxes in a picture, unless everything is asked for."""

MOST_EVER = 1000
"""Boxes in a picture when everything is asked for."""


class Box(NamedTuple):
    """A value, or a collapsed scope.

    Attributes:
        name: what the picture's source calls it; the same in every process.
        scope: the scopes whose frames it stands in, outermost first.
        inside: the lines that it stands for, in order.
        title: what a collapsed scope is called; None for a single value.
    """

    name: str
    scope: Path
    inside: list[Line]
    title: str | None


class Boxes(NamedTuple):
    """The boxes of a picture.

    Attributes:
        all: in the order of the tape.
        of: position of a line -> its box.
    """

    all: list[Box]
    of: Mapping[int, Box]


def scopes_of(listed: Sequence[Line]) -> list[Path]:
    """Return the scope each line is drawn in: a leaf in the innermost one that holds all its uses."""
    users: dict[int, list[Path]] = {}
    for line in listed:
        for operand in line.operands:
            if operand.index is not None:
                users.setdefault(operand.index, []).append(line.scope)
    return [line.scope if line.primitive else _common(users.get(line.index, [line.scope])) for line in listed]


def _common(paths: Sequence[Path]) -> Path:
    first, last = min(paths), max(paths)
    length = next((k for k, (one, other) in enumerate(zip(first, last)) if one != other), min(len(first), len(last)))
    return first[:length]


def boxes_of(
    listed: Sequence[Line], scopes: Sequence[Path], depth: int | None, together: Collection[int] = ()
) -> Boxes:
    """Return the boxes of a picture in which scopes from some depth on are collapsed.

    Args:
        listed: the lines of a tape.
        scopes: the scope of each, see `scopes_of`.
        depth: how many scopes deep a collapsed one lies: 1 collapses the outermost; None collapses nothing.
        together: positions of lines that are one box, called inputs.
    """
    collapsed: dict[Path, Box] = {}
    inputs = Box("inputs", (), [], "inputs")
    found: list[Box] = []
    of: dict[int, Box] = {}
    for line, scope in zip(listed, scopes):
        if line.index in together:
            if not inputs.inside:
                found.append(inputs)
            box = inputs
            box.inside.append(line)
        elif depth is None or len(scope) < depth:
            box = Box(f"n{line.index}", scope, [line], None)
            found.append(box)
        else:
            path = scope[:depth]
            if path not in collapsed:
                collapsed[path] = Box(f"s{len(collapsed)}", path[:-1], [], path[-1])
                found.append(collapsed[path])
            box = collapsed[path]
            box.inside.append(line)
        of[line.index] = box
    return Boxes(found, of)


def stacks_of(boxes: Boxes) -> dict[str, str]:
    """Return for each box the name of the stack it is drawn in, where there is one.

    Collapsed scopes in one frame that do not depend on one another, such as the neurons of a layer, are stacked in
    their order, and so are the leaves beside them.
    """
    frames: dict[Path, list[Box]] = {}
    for box in boxes.all:
        frames.setdefault(box.scope, []).append(box)
    stacked: dict[str, str] = {}
    for group in frames.values():
        if len(group) > 1 and all(box.title is not None for box in group) and _are_apart(group, boxes):
            stacked |= {box.name: f"k{group[0].name}" for box in group}
    if stacked:  # beside which the leaves of a frame are best a stack too
        for group in frames.values():
            leaves = [box for box in group if box.title is None and not box.inside[0].primitive]
            if len(leaves) > 1:
                stacked |= {box.name: f"k{leaves[0].name}" for box in leaves}
    return stacked


def _are_apart(group: Sequence[Box], boxes: Boxes) -> bool:
    """Return whether no box uses a line of another one of the group."""
    mine = {box.name for box in group}
    return not any(
        operand.index is not None and boxes.of[operand.index].name in mine - {box.name}
        for box in group
        for line in box.inside
        for operand in line.operands
    )


def depth_for(listed: Sequence[Line], scopes: Sequence[Path], collapse: str | int) -> int | None:
    """Return from which depth on scopes are to be collapsed, or None for nothing.

    Args:
        listed: the lines of a tape.
        scopes: the scope of each.
        collapse: "auto" for as little as makes the picture readable, "none", "all", or the depth itself.

    Raises:
        ValueError: it is none of these, or there are too many boxes all the same; the message says what to do.
        TypeError: it is neither a text nor an int.
    """
    if collapse == "auto":
        depths: list[int | None] = [None, *range(max(map(len, scopes)), 0, -1)]
        counts = {depth: _count(listed, scopes, depth) for depth in depths}
        for depth, count in counts.items():
            if count <= MOST:
                return depth
        _refuse(min(counts.values()), 'collapse="none" draws up to 1000 nevertheless; scopes could be collapsed')
    if collapse == "none":
        return _checked(listed, scopes, None)
    if collapse == "all":
        return _checked(listed, scopes, 1)
    if isinstance(collapse, str):
        raise ValueError(f'collapse is "auto", "none", "all" or a depth from 1, not {collapse!r}')
    if isinstance(collapse, bool) or not isinstance(collapse, int):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f'collapse is "auto", "none", "all" or a depth, an int, not {collapse!r}')
    if collapse < 1:
        raise ValueError(f"collapse is a depth from 1, the outermost scopes, not {collapse}")
    return _checked(listed, scopes, collapse)


def _checked(listed: Sequence[Line], scopes: Sequence[Path], depth: int | None) -> int | None:
    count = _count(listed, scopes, depth)
    if count > MOST_EVER:
        raise ValueError(
            f"a picture of {count:,} boxes cannot be read: {MOST_EVER} are the most; collapse scopes, or print the tape"
        )
    return depth


def _refuse(count: int, way_out: str) -> NoReturn:
    if count > MOST_EVER:
        way_out = "print the tape instead"
        raise ValueError(f"a picture of {count:,} boxes cannot be read: {MOST_EVER} are the most; {way_out}")
    raise ValueError(f"a picture of {count} boxes is hard to read: {way_out}")


def _count(listed: Iterable[Line], scopes: Iterable[Path], depth: int | None) -> int:
    """Return how many boxes there are, constants included."""
    groups: set[Path] = set()
    count = 0
    for line, scope in zip(listed, scopes):
        if depth is None or len(scope) < depth:
            count += 1 + len(drawn_constants(line))
        else:
            groups.add(scope[:depth])
    return count + len(groups)


def drawn_constants(line: Line) -> list[int]:
    """Return which operands are constants with a box of their own: all constants but the exponent of a power."""
    if has_constant_exponent(line):
        return []
    return [position for position, operand in enumerate(line.operands) if operand.index is None]


def has_constant_exponent(line: Line) -> bool:
    """Return whether a line is a power whose exponent is a number, which is written in its header."""
    return line.primitive is primitives.pow and line.operands[1].index is None
