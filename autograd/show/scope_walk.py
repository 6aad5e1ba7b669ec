"""The steps of a sweep through a picture whose scopes are collapsed: a step for each scope, or for what it passes on.

What lies within a collapsed scope is eliminated: between what goes in and what comes out stands one slope, the sum over
all paths of the products of their slopes (vertex elimination). So the chain rule reads for a neuron as it does for a
product. Scopes with several outs pass on many shares at once, of which the span is told.

Source: A. Griewank and A. Walther, Evaluating Derivatives, 2nd edition, 2008, chapter 9 (elimination).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from autograd.listing import Line, Share
from autograd.show.boxes import Box
from autograd.show.graph import Picture, arrow_class, bundle_class, is_single, largest, params_of, span
from autograd.show.numbers import counted, number, sum_before_total
from autograd.show.walk import (
    MOST_NAMED,
    Frame,
    Part,
    Shown,
    Walk,
    cut,
    leaves_told,
    line_told,
    product_of,
    readable,
    seed_told,
    share_told,
    shown_name,
)

__all__ = ["forward_scope_walk", "kept_leaves", "reverse_scope_walk"]


class _Edge(NamedTuple):
    """What one line passes to another one: the operand, its position (0 for all that was eliminated), the slope."""

    operand: int
    position: int
    slope: float


class _Run(NamedTuple):
    """Lines of one box that come one after the other; a box that others interrupt has several runs."""

    box: Box
    outs: list[int]
    is_first: bool


class ScopeWalk(Walk):
    """The steps through the boxes of a picture.

    Args:
        picture: with at least one collapsed scope.
        mode: "reverse" or "forward".
    """

    is_collapsed = True

    def __init__(self, picture: Picture, mode: str) -> None:
        self.picture = picture
        self.outs = {box.name: _outs(picture, box) for box in picture.boxes.all}
        self.titles = _titles(picture)
        self.listed = self._named(picture)
        super().__init__(mode, self.listed[picture.root].name)
        self.swept: dict[int, float] = {}
        self._known: set[int] = set()
        self._edges: dict[int, list[_Edge]] = {}
        self._terms: dict[str, list[float]] = {box.name: [] for box in picture.boxes.all}
        for box in picture.boxes.all:
            self.cards[box.name] = [[], [], []] if self.is_reverse and _inner(picture, box) else [[], []]

    def _box(self, index: int) -> Box:
        return self.picture.boxes.of[index]

    def _title(self, index: int) -> str:
        return self.titles[self._box(index).name]

    def _named(self, picture: Picture) -> list[Line]:
        """Return the lines, what comes out of a collapsed scope under the name of the scope."""
        names: dict[int, str] = {}
        for box in picture.boxes.all:
            if box.title is not None:
                outs, title = self.outs[box.name], self.titles[box.name]
                names |= {index: title if len(outs) == 1 else f"{title}[{k}]" for k, index in enumerate(outs)}
        return [_renamed(readable(line), names) for line in picture.listed]

    # -- how boxes hang together

    def runs(self) -> list[_Run]:
        """Return what is evaluated one after the other."""
        found: list[tuple[Box, list[int]]] = []
        for index in sorted(index for outs in self.outs.values() for index in outs):
            box = self._box(index)
            if self.listed[index].primitive is None:
                continue
            if not found or found[-1][0] is not box:
                found.append((box, []))
            found[-1][1].append(index)
        names = [box.name for box, _ in found]
        return [_Run(box, outs, box.name not in names[:k]) for k, (box, outs) in enumerate(found)]

    def edges(self, index: int) -> list[_Edge]:
        """Return what a line is computed from, of the lines that are kept."""
        if index not in self._edges:
            self._edges[index] = self._found_edges(index)
        return self._edges[index]

    def _found_edges(self, index: int) -> list[_Edge]:
        line, box = self.listed[index], self._box(index)
        if box.title is None:
            operands = enumerate(line.operands)
            return [_Edge(o.index, k, o.slope) for k, o in operands if o.index is not None and o.slope is not None]
        kept, reached, waiting = dict[int, float](), {index: 1.0}, [-index]
        while waiting:
            weight = reached.pop(current := -heapq.heappop(waiting))
            for operand in self.listed[current].operands:
                at = operand.index
                if at is None or operand.slope is None:
                    continue
                is_kept = self._box(at) is not box or at in self.outs[box.name]
                share = weight * operand.slope if weight and operand.slope else 0.0
                if not is_kept and at not in reached:
                    heapq.heappush(waiting, -at)
                sums = kept if is_kept else reached
                sums[at] = sums.get(at, 0.0) + share
        return [_Edge(at, 0, slope) for at, slope in kept.items()]

    def arrow(self, result: int, edge: _Edge) -> str:
        """Return the class of the arrow that an edge is drawn as."""
        start, end = self._box(edge.operand), self._box(result)
        if is_single(self.picture, start, end):
            return arrow_class(result, edge.position)
        return bundle_class(start.name, end.name)

    def arrows_into(self, run: _Run) -> list[str]:
        """Return the classes of the arrows that end at a run."""
        pairs = ((index, edge) for index in run.outs for edge in self.edges(index))
        apart = ((index, edge) for index, edge in pairs if self._box(edge.operand) is not run.box)
        return [*dict.fromkeys(self.arrow(index, edge) for index, edge in apart)]

    # -- steps

    def start(self, seeds: Mapping[int, float] | None = None) -> None:
        """Add the first step: what is given has its values, and in forward mode its tangents."""
        given = [index for outs in self.outs.values() for index in outs if self.listed[index].primitive is None]
        self._known.update(given)
        self.swept |= {index: (seeds or {}).get(index, 0.0) for index in given} if seeds is not None else {}
        for name in dict.fromkeys(self._box(index).name for index in given):
            self._show_values(name)
            if seeds is not None:
                self._show_total(name, dim=not any(self.swept[index] for index in self.outs[name] if index in given))
        alone = [self.listed[index] for index in sorted(given) if self._box(index).title is None]
        named = [(self.listed[index], tangent) for index, tangent in (seeds or {}).items()]
        self.told_in_full = self._start_told(alone, named, len(self.listed))
        work = [self._box(index).name for index in seeds or {}]
        self.frames.append(Frame("forward", self._start_told(alone, named, MOST_NAMED), work))

    def _start_told(self, alone: Sequence[Line], seeds: Sequence[tuple[Line, float]], most: int) -> list[Part]:
        told = leaves_told(alone, seeds, most, len(self._known)) if alone else [Part("Start.", "bold")]
        together = [box for box in self.picture.boxes.all if box.name == "inputs"]
        for box in together:
            values = span([line.primal for line in box.inside])
            told += [Part(f" The {len(box.inside)} inputs have theirs: "), Part(values, "value"), Part(".")]
        inner = sum(len(_inner(self.picture, box)) for box in self.picture.boxes.all)
        return [*told, Part(f" {counted(inner, 'param')} inside the collapsed scopes.")] if inner else told

    def evaluate(self, run: _Run) -> None:
        """Add a step: a scope, or a line, gets its value."""
        self._known.update(run.outs)
        self._show_values(run.box.name)
        if not self.is_reverse and not any(self.edges(index) for index in run.outs):
            self._show_total(run.box.name, dim=True)  # of nothing but its own parameters
        work = [run.box.name, *self.arrows_into(run)]
        if run.box.title is None:
            self.frames.append(Frame("forward", line_told(self.listed[run.outs[0]]), work))
            return
        nodes = sum(line.kind == "node" for line in run.box.inside)
        what = "its out = " if len(run.outs) == 1 else f"{len(run.outs)} outs: "
        told = [Part("Forward.", "bold"), Part(f" {self._title(run.outs[0])} computes {what}")]
        told += [Part(span([self.listed[index].primal for index in run.outs]), "value")]
        self.frames.append(Frame("forward", [*told, Part(f" ({counted(nodes, 'node')} inside)")], work))

    def seed(self) -> None:
        """Add the step between the sweeps: the output gets its adjoint, all others are still 0."""
        root = self.picture.root
        self.swept[root] = 1.0
        for name in self.cards:
            self._show_total(name, dim=name != self._box(root).name)
            self._show_params(name, [])
        self.frames.append(Frame("backward", seed_told(self.name, 1.0), [self._box(root).name]))

    def backward(self, run: _Run) -> None:
        """Add the steps in which a scope, or a line, passes its adjoints on."""
        passed: dict[tuple[str, int], list[tuple[Share, str]]] = {}
        for index in reversed(run.outs):
            if index not in self.swept:
                continue
            for edge in self.edges(index):
                share = self._share(index, edge, self.swept[index])
                self.swept[edge.operand] = share.after
                name = self._box(edge.operand).name
                key = name, 0 if len(self.outs[name]) > 1 else edge.position
                passed.setdefault(key, []).append((share, self.arrow(index, edge)))
        for (name, _), group in sorted(passed.items(), key=lambda item: item[0][0] != run.box.name):
            self._pass_on(name, group, f"Backward through {self._told(run)}.")
        inner = _inner(self.picture, run.box)
        if run.is_first and inner and any(index in self.swept for index in run.outs):
            self._params(run, inner)

    def tangents(self, run: _Run) -> None:
        """Add the steps in which a scope, or a line, gets its tangents."""
        gathered: dict[tuple[str, int], list[tuple[Share, str]]] = {}
        for index in run.outs:
            for edge in self.edges(index):
                share = self._share(edge.operand, edge, self.swept[edge.operand], index)
                self.swept[index] = share.after
                name = self._box(edge.operand).name if len(self.outs[run.box.name]) == 1 else ""
                gathered.setdefault((name, edge.position), []).append((share, self.arrow(index, edge)))
            self.swept.setdefault(index, 0.0)
        for group in gathered.values():
            self._pass_on(run.box.name, group, f"Forward through {self._told(run)}.")

    def _share(self, giver: int, edge: _Edge, amount: float, taker: int | None = None) -> Share:
        """Return what an edge passes on: amount × slope, from one line to another."""
        taker = edge.operand if taker is None else taker
        share = amount * edge.slope if amount and edge.slope else 0.0
        before = self.swept.get(taker, 0.0)
        after = before + share if share else before
        return Share(self.listed[giver], self.listed[taker], edge.position, amount, edge.slope, share, before, after, 0)

    def _pass_on(self, name: str, group: Sequence[tuple[Share, str]], begun: str) -> None:
        """Add the step in which shares reach a box."""
        shares, terms = [share for share, _ in group], self._terms[name]
        arrows = [*dict.fromkeys(arrow for _, arrow in group)]
        terms += [share.share for share in shares]
        told, title, last = [Part(begun, "bold")], self.titles[name], shares[-1]
        if len(self.outs[name]) > 1:
            self._show_total(name)
            reached = self.cards[name][1][-1].total
            told += [Part(f" {counted(len(shares), 'share')} for {title}, {self.word}s now: "), Part(reached, "grad")]
        else:
            before, total = sum_before_total(terms), number(last.after)
            self.cards[name][1].append(Shown(len(self.frames), before, total))
            if len(shares) == 1:
                told += self._product(last, len(terms))
                self._show_product(arrows[0], last)
            else:
                told += [Part(f" {title}.{self.word} += {len(shares)} shares: {before}"), Part(total, "grad")]
        self.frames.append(Frame(self.phase, told, [name, *arrows]))

    def _show_product(self, arrow: str, share: Share) -> None:
        if arrow.startswith("e"):  # of one edge, not of a bundle
            self.arrows[arrow] = Shown(len(self.frames), product_of(*self._factors(share)), number(share.share))

    def _factors(self, share: Share) -> tuple[float, float]:
        return (share.adjoint, share.slope) if self.is_reverse else (share.slope, share.adjoint)

    def _product(self, share: Share, use: int) -> list[Part]:
        giver, taker = share.result.name, share.operand.name
        amount, product = f"{giver}.{self.word}", product_of(*self._factors(share))
        if self.is_reverse:
            return [Part(f" {taker}.grad += {amount} × slope = "), *share_told(share, product, use, "use: gradients")]
        return [Part(f" {taker}.tangent += slope × {amount} = "), *share_told(share, product, use, "operand: tangents")]

    def _params(self, run: _Run, inner: Sequence[Line]) -> None:
        """Add the step in which the parameters inside a scope have got their adjoints."""
        bound = self._show_params(run.box.name, inner)
        told = [Part(f"Backward through {self._told(run)}.", "bold"), Part(f" {counted(len(inner), 'param')} inside: ")]
        self.frames.append(Frame("backward", [*told, Part(bound, "grad")], [run.box.name]))

    def _told(self, run: _Run) -> str:
        """Return what a step goes through: a scope, or a line and how it is computed."""
        title = self._title(run.outs[0])
        return title if run.box.title is not None else f"{title} = {cut(self.listed[run.outs[0]].text)}"

    # -- what stands on cards

    def _show_values(self, name: str) -> None:
        known = [self.listed[index].primal for index in self.outs[name] if index in self._known]
        self.cards[name][0].append(Shown(len(self.frames), "", span(known)))

    def _show_total(self, name: str, dim: bool = False) -> None:
        numbers = [self.swept.get(index, 0.0) for index in self.outs[name]]
        self.cards[name][1].append(Shown(len(self.frames), "", span(numbers), dim))

    def _show_params(self, name: str, inner: Sequence[Line]) -> str:
        bound = largest([self.picture.swept[line.index] for line in inner] or [0.0])
        for row in self.cards[name][2:]:
            row.append(Shown(len(self.frames), "", bound, not inner))
        return bound


def _outs(picture: Picture, box: Box) -> list[int]:
    """Return the positions of the lines of a box that are kept."""
    return [line.index for line in box.inside if box.title is None or line.index in picture.told]


def _inner(picture: Picture, box: Box) -> list[Line]:
    return [] if box.title is None else params_of(picture, box)


def _titles(picture: Picture) -> dict[str, str]:
    """Return what each box is called: a scope by its whole path where several have its name."""
    titles = [box.title for box in picture.boxes.all]
    return {
        box.name: shown_name(box.inside[0].name)
        if box.title is None
        else " › ".join(map(shown_name, [*box.scope, box.title] if titles.count(box.title) > 1 else [box.title]))
        for box in picture.boxes.all
    }


def _renamed(line: Line, names: Mapping[int, str]) -> Line:
    operands = (
        operand if operand.index is None else replace(operand, name=names.get(operand.index, operand.name))
        for operand in line.operands
    )
    return replace(line, name=names.get(line.index, line.name), operands=tuple(operands))


def kept_leaves(picture: Picture) -> Iterator[int]:
    """Yield the positions of the leaves that have a card, or stand among the inputs."""
    for box in picture.boxes.all:
        yield from (index for index in _outs(picture, box) if picture.listed[index].primitive is None)


def reverse_scope_walk(picture: Picture) -> ScopeWalk:
    """Return the steps of backpropagation through the boxes of a picture."""
    walk = ScopeWalk(picture, "reverse")
    runs = walk.runs()
    walk.start()
    for run in runs:
        walk.evaluate(run)
    walk.seed()
    for run in reversed(runs):
        walk.backward(run)
    return walk


def forward_scope_walk(picture: Picture, seeds: Mapping[int, float]) -> ScopeWalk:
    """Return the steps of forward mode through the boxes of a picture.

    Args:
        picture: with collapsed scopes.
        seeds: position of a leaf that has a card -> the tangent to start from.
    """
    walk = ScopeWalk(picture, "forward")
    walk.start(seeds)
    for run in walk.runs():
        walk.evaluate(run)
        walk.tangents(run)
    return walk
