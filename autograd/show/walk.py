"""What happens step by step when a tape is evaluated and swept: sentences, and the numbers that appear.

The steps are those of `autograd.listing.steps`. This room knows what is told and shown when; it computes no derivative,
and does not know how a page looks (`autograd.show.stepper`).
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from autograd.listing import Line, Seed, Share, lines, printable, root, steps
from autograd.show.graph import LONGEST_NAME, Numbers, arrow_class
from autograd.show.numbers import factor, number, signed, sum_before_total
from autograd.tape import Tape, forward_sweep

__all__ = [
    "MOST_NAMED",
    "WORDS",
    "Frame",
    "LineWalk",
    "Part",
    "Shown",
    "Walk",
    "cut",
    "forward_walk",
    "leaves_told",
    "line_told",
    "numbers_of",
    "product_of",
    "readable",
    "reverse_walk",
    "seed_told",
    "share_told",
    "shown_name",
]

MOST_OPERANDS = 6
"""Operands of one line up to which a step spells its numbers."""

MOST_NAMED = 8
"""Leaves up to which the first step names them all; a table always does."""

WORDS = {"reverse": "grad", "forward": "tangent"}
NTH = {2: "a second ", 3: "a third "}


class Part(NamedTuple):
    """A piece of a sentence; its kind is "", "bold", "value", "grad" or "dim"."""

    text: str
    kind: str = ""


class Frame(NamedTuple):
    """One step.

    Attributes:
        phase: "forward" or "backward": the colour of its button.
        told: what happens.
        work: the classes of the card and the arrows that it happens on.
    """

    phase: str
    told: Sequence[Part]
    work: Sequence[str]


class Shown(NamedTuple):
    """A number of a card or an arrow, from a step on: `3 + 36 = ` before the total `39`."""

    since: int
    before: str
    total: str
    dim: bool = False


class Walk:
    """The steps of one sweep, and every number that appears in its course.

    Args:
        mode: "reverse" or "forward".
        name: of the output that is read backward.

    Attributes:
        word: what the second row of a card is called.
        is_reverse: whether it is a reverse sweep, and not a forward one.
        phase: of the steps of the sweep: "backward" or "forward".
        frames: the steps.
        told_in_full: what the first step says where there is room for every leaf.
        cards: name of a card -> per row what stands there, as often as it changes; the first row is its value.
        arrows: class of an arrow -> the product on it.
        is_collapsed: whether some steps are those of whole scopes.
    """

    is_collapsed = False

    def __init__(self, mode: str, name: str) -> None:
        self.name = name
        self.word = WORDS[mode]
        self.is_reverse = mode == "reverse"
        self.phase = "backward" if self.is_reverse else "forward"
        self.frames: list[Frame] = []
        self.told_in_full: Sequence[Part] = ()
        self.cards: dict[str, list[list[Shown]]] = {}
        self.arrows: dict[str, Shown] = {}

    @property
    def changes(self) -> Iterable[list[Shown]]:
        """What stands at each place where a number changes or appears."""
        yield from (row for rows in self.cards.values() for row in rows)
        yield from ([shown] for shown in self.arrows.values())


def numbers_of(walk: Walk, final: bool) -> Numbers:
    """Return the numbers of a picture with room for a walk: the final ones, or at each place the widest."""

    def chosen(row: Sequence[Shown]) -> tuple[str, str]:
        shown = row[-1] if final else max(row, key=_width)
        return shown.before, shown.total

    cards = {name: [chosen(row) for row in rows] for name, rows in walk.cards.items()}
    return Numbers(walk.word, cards, {name: chosen([shown]) for name, shown in walk.arrows.items()})


def _width(shown: Shown) -> float:
    return sum(0.3 if character in " .," else 0.6 for character in shown.before + shown.total)


class LineWalk(Walk):
    """The steps through all lines of a pruned tape, one evaluation or edge at a time."""

    def __init__(self, tape: Tape, mode: str) -> None:
        self.listed = [readable(line) for line in lines(tape)]
        self.root = self.listed[root(tape)]
        super().__init__(mode, self.root.name)
        self.cards = {f"n{line.index}": [[], []] for line in self.listed}
        self._terms: dict[int, list[float]] = {line.index: [] for line in self.listed}

    @property
    def leaves(self) -> list[Line]:
        """The lines that are computed from nothing."""
        return [line for line in self.listed if line.primitive is None]

    def start(self, tangents: Mapping[int, float] | None = None) -> None:
        """Add the first step: the leaves have their values, and in forward mode their tangents."""
        for line in self.leaves:
            value, total = self.cards[f"n{line.index}"]
            value.append(Shown(0, "", number(line.primal)))
            if tangents is not None:
                tangent = tangents.get(line.index, 0.0)
                total.append(Shown(0, "", number(tangent), tangent == 0.0))
        seeds = [(self.listed[index], tangent) for index, tangent in (tangents or {}).items()]
        self.told_in_full = leaves_told(self.leaves, seeds, len(self.listed), len(self.leaves))
        told = leaves_told(self.leaves, seeds, MOST_NAMED, len(self.leaves))
        work = [] if tangents is None else [f"n{index}" for index in tangents]
        self.frames.append(Frame("forward", told, work))

    def evaluate(self, index: int) -> None:
        """Add a step: a line gets its value."""
        line = self.listed[index]
        self.cards[f"n{index}"][0].append(Shown(len(self.frames), "", number(line.primal)))
        arrows = [arrow_class(index, position) for position in range(len(line.operands))]
        self.frames.append(Frame("forward", line_told(line), [f"n{index}", *arrows]))

    def seed(self, adjoint: float) -> None:
        """Add the step between the sweeps: the output gets its adjoint, all others are still 0."""
        now, seeded = len(self.frames), f"n{self.root.index}"
        for name, (_, total) in self.cards.items():
            total.append(Shown(now, "", number(adjoint)) if name == seeded else Shown(now, "", "0", True))
        self.frames.append(Frame("backward", seed_told(self.name, adjoint), [seeded]))

    def share(self, share: Share) -> None:
        """Add a step of a reverse sweep: an arrow carries its share back to the operand."""
        result, operand = self.listed[share.result.index], self.listed[share.operand.index]
        told = [Part(f"Backward through {result.name} = {cut(result.text)}.", "bold")]
        told += [Part(f" {operand.name}.grad += {result.name}.grad × ∂{result.name}/∂{operand.name} = ")]
        self._add(share, operand.index, (share.adjoint, share.slope), told, "use: gradients")

    def tangent(self, share: Share) -> None:
        """Add a step of a forward sweep: an arrow carries its share on to the result."""
        result, operand = self.listed[share.result.index], self.listed[share.operand.index]
        told = [Part(f"Forward through {result.name} = {cut(result.text)}.", "bold")]
        told += [Part(f" {result.name}.tangent += ∂{result.name}/∂{operand.name} × {operand.name}.tangent = ")]
        self._add(share, result.index, (share.slope, share.adjoint), told, "operand: tangents")

    def _add(self, share: Share, target: int, factors: tuple[float, float], told: list[Part], what: str) -> None:
        now, terms = len(self.frames), self._terms[target]
        terms.append(share.share)
        arrow, product = arrow_class(share.result.index, share.position), product_of(*factors)
        self.arrows[arrow] = Shown(now, product, number(share.share))
        self.cards[f"n{target}"][1].append(Shown(now, sum_before_total(terms), number(share.after)))
        told += share_told(share, product, len(terms), what)
        self.frames.append(Frame(self.phase, told, [f"n{target}", arrow]))


def reverse_walk(tape: Tape) -> LineWalk:
    """Return the steps of backpropagation through a pruned tape."""
    walk = LineWalk(tape, "reverse")
    walk.start()
    for step in steps(tape):
        if isinstance(step, Share):
            walk.share(step)
        elif isinstance(step, Seed):
            walk.seed(step.adjoint)
        elif step.line.primitive is not None:
            walk.evaluate(step.line.index)
    return walk


def forward_walk(tape: Tape, tangents: dict[int, float]) -> LineWalk:
    """Return the steps of forward mode through a pruned tape.

    Args:
        tape: pruned.
        tangents: position of a leaf -> the tangent to start from.
    """
    walk = LineWalk(tape, "forward")
    swept = forward_sweep(tape.nodes, tangents)
    walk.start(tangents)
    for line in walk.listed:
        if line.primitive is not None:
            walk.evaluate(line.index)
            for share in _tangent_shares(walk.listed, line, swept):
                walk.tangent(share)
    return walk


def _tangent_shares(listed: Sequence[Line], line: Line, swept: Sequence[float]) -> Iterable[Share]:
    """Yield what each operand adds to the tangent of a line, by the rule of `forward_sweep`."""
    total, use = 0.0, 0
    for position, operand in enumerate(line.operands):
        if operand.index is None or operand.slope is None:
            continue
        tangent, before = swept[operand.index], total
        share = operand.slope * tangent if operand.slope and tangent else 0.0
        total = before + share if share else before
        use += 1
        yield Share(line, listed[operand.index], position, tangent, operand.slope, share, before, total, use)


# -- sentences -------------------------------------------------------------------------------------------------------


def leaves_told(leaves: Sequence[Line], seeds: Sequence[tuple[Line, float]], most: int, given: int) -> list[Part]:
    """Return the sentence that the leaves have their values, and in forward mode their tangents.

    Args:
        leaves: as they are shown.
        seeds: leaves with the tangents to start from; none in reverse mode.
        most: how many are named.
        given: how many leaves have a tangent, those that are not shown alone among them.
    """
    told = [Part("Start.", "bold"), Part(" The leaves have their values: ")]
    for line in leaves[:most]:
        told += [Part(f"{line.name} = "), Part(number(line.primal), "value"), Part(", ")]
    told[-1] = Part(f", and {len(leaves) - most} more." if len(leaves) > most else ".")
    if seeds:
        told += [Part(" The seed: ")]
        for line, tangent in seeds[:most]:
            told += [Part(f"{line.name}.tangent = "), Part(number(tangent), "grad"), Part(", ")]
        told[-1] = Part("; every other tangent is 0." if given > len(seeds) else ".")
    return told


def line_told(line: Line) -> list[Part]:
    """Return the sentence that a line gets its value."""
    told = [Part("Forward.", "bold"), Part(f" {line.name} = {cut(line.text)} = ")]
    numbers = _with_numbers(line)
    told += [Part(f"{numbers} = ")] if numbers else []
    return [*told, Part(number(line.primal), "value")]


def seed_told(name: str, adjoint: float) -> list[Part]:
    """Return the sentence between the sweeps: the output gets its adjoint."""
    told = [Part("Seed.", "bold"), Part(f" {name}.grad = "), Part(number(adjoint), "grad")]
    return [*told, Part(f": a tiny increase in {name} makes {name} grow as much. All other grads are 0.")]


def product_of(one: float, other: float) -> str:
    """Return a product up to its result."""
    return f"{number(one)} × {factor(other)} = "


def share_told(share: Share, product: str, use: int, what: str) -> list[Part]:
    """Return the end of a sentence about a share: the product it is, and the sum it goes into.

    Args:
        share: that is added.
        product: up to its result, see `product_of`.
        use: how many shares there are by now.
        what: adds up, after what each one comes from: `use: gradients`.
    """
    told = [Part(product), Part(number(share.share), "grad"), Part(_why_nothing(share))]
    if use > 1:
        running = f"{number(share.before)}{signed(share.share)} = "
        told += [Part(f": {running}"), Part(number(share.after), "grad"), Part(f" ({_nth(use, what)} add)")]
    return told


# -- numbers and names as they are shown -----------------------------------------------------------------------------


def _nth(use: int, what: str) -> str:
    word, _, sums = what.partition(":")
    return f"{NTH[use]}{what}" if use in NTH else f"{word} {use}:{sums}"


def _why_nothing(share: Share) -> str:
    """Return why a share is 0 where the product of its factors is not: zero times infinity is nothing here."""
    is_nan = not share.share and math.isnan(share.adjoint * share.slope)
    return " (a zero factor makes a share exactly nothing)" if is_nan else ""


def readable(line: Line) -> Line:
    """Return a line whose names can be shown: cut, with escapes, and apart from text that runs the other way."""
    operands = [
        operand if operand.index is None else replace(operand, name=shown_name(operand.name))
        for operand in line.operands
    ]
    constants = [
        replace(operand, name=number(operand.primal)) if operand.index is None else operand for operand in operands
    ]
    return replace(line, name=shown_name(line.name), operands=tuple(constants))


def shown_name(name: str) -> str:
    """Return a name as it can be shown: cut, with escapes, and apart from text that runs the other way."""
    text = cut(printable(name) if name.strip() else repr(name), LONGEST_NAME)
    if any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text):
        return f"\u2068{text}\u2069"
    return text


def cut(text: str, longest: int = 120) -> str:
    """Return a text, its end left out where it is too long."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _with_numbers(line: Line) -> str:
    """Return how a line is written with numbers in the place of names; nothing where that is too long."""
    if len(line.operands) > MOST_OPERANDS:
        return ""
    return replace(line, operands=tuple(replace(each, name=factor(each.primal)) for each in line.operands)).text
