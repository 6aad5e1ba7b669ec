"""Pruning: what some outputs depend on, as a tape of its own, across imports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd.tape import IMPORT, INPUT, LEAF, Node, Place, Tape, edges, reachable
from autograd.value import Value, node_of, place_of, resolved

__all__ = ["pruned_tape"]


def pruned_tape(outputs: Iterable[Any]) -> Tape:
    """Return `Tape.of(*outputs)`."""
    outputs = tuple(outputs)
    if not outputs:
        raise ValueError("Tape.of() needs at least one value: the outputs whose tape it returns")
    for output in outputs:
        if not isinstance(output, Value):
            raise TypeError(f"Tape.of() takes Values, not {type(output).__name__}")
        if output.is_constant:
            raise ValueError("Tape.of() of a constant (from detach() or no_grad()): it depends on nothing")
    found, _ = reachable([place for place in map(place_of, outputs) if place is not None])
    pruned = _Pruning()
    for place in found:
        pruned.add(place)
    pruned.tape.outputs = tuple(pruned.position(output) for output in outputs)
    return pruned.tape


class _Pruning:
    """Copies lines onto a tape of their own: imports dissolve, each version of a leaf stands once."""

    def __init__(self) -> None:
        self.tape = Tape()
        self.tape.sources = []
        self._positions: dict[Any, int] = {}

    def add(self, place: Place) -> None:
        tape, index = place
        node = tape.nodes[index]
        if place in self._positions:  # reached by way of a stand-in too
            return
        if node[0] == IMPORT:
            self._positions[place] = self._positions[resolved(place)]
        elif node[0] == LEAF:
            leaf, key = tape.leaves[index]
            self._positions[place] = self._leaf(leaf, key, node[1], place)
        else:
            self._positions[place] = self._append(self._renumbered(tape, node), place)

    def position(self, output: Value) -> int:
        place = place_of(output)
        if place is not None:
            return self._positions[resolved(place)]
        return self._leaf(output, output._index, output._data, None)

    def _leaf(self, leaf: Value, key: int, primal: float, place: Place | None) -> int:
        index = self.tape.entered.get(key)
        if index is None:
            index = self.tape.entered[key] = self._append((LEAF, primal), place)
            self.tape.leaves[index] = (leaf, key)
        return index

    def _renumbered(self, tape: Tape, node: Node) -> Node:
        if node[0] == INPUT:
            return node
        places, numbers = edges(node)
        renumbered = [self._positions[tape, at] if at >= 0 else at for at in places]
        return node_of(node[0], node[1], renumbered, numbers)

    def _append(self, node: Node, place: Place | None) -> int:
        tape = self.tape
        index = tape.append(node)
        assert tape.sources is not None
        if place is None:
            tape.sources.append((tape, index))
            return index
        tape.sources.append(place)
        source, at = place
        if at in source.labels:
            tape.labels[index] = source.labels[at]
        path = source.scope_at(at)
        if path != (tape.scopes[-1][1] if tape.scopes else ()):
            tape.scopes.append((index, path))
        return index
