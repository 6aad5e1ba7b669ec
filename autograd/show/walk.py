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
from autograd.show.graph import LONGEST_NAME
from autograd.show.numbers import factor, number, signed, sum_before_total
from autograd.tape import Tape, forward_sweep

__all__ = ["WORDS", "Frame", "Part", "Shown", "Walk", "forward_walk", "reverse_walk"]

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
    """All steps of one sweep, and every number that appears in its course.

    Args:
        tape: a pruned tape.
        mode: "reverse" or "forward".

    Attributes:
        listed: the lines, with names as they are shown.
        word: what the second row of a card is called.
        root: the line that is read backward.
        frames: the steps.
        told_in_full: what the first step says where there is room for every leaf.
        values: position of a line -> its primal.
        sums: position of a line -> its running sum of shares, as often as it changes.
        shares: (result, operand position) -> the product on that arrow.
    """

    def __init__(self, tape: Tape, mode: str) -> None:
        self.listed = [_readable(line) for line in lines(tape)]
        self.root = self.listed[root(tape)]
        self.word = WORDS[mode]
        self.frames: list[Frame] = []
        self.told_in_full: Sequence[Part] = ()
        self.values: dict[int, Shown] = {}
        self.sums: dict[int, list[Shown]] = {line.index: [] for line in self.listed}
        self.shares: dict[tuple[int, int], Shown] = {}
        self._terms: dict[int, list[float]] = {line.index: [] for line in self.listed}

    @property
    def leaves(self) -> list[Line]:
        """The lines that are computed from nothing."""
        return [line for line in self.listed if line.primitive is None]

    def start(self, tangents: Mapping[int, float] | None = None) -> None:
        """Add the first step: the leaves have their values, and in forward mode their tangents."""
        for line in self.leaves:
            self.values[line.index] = Shown(0, "", number(line.primal))
            if tangents is not None:
                tangent = tangents.get(line.index, 0.0)
                self.sums[line.index].append(Shown(0, "", number(tangent), tangent == 0.0))
        self.told_in_full = self._start_told(tangents, len(self.listed))
        told = self._start_told(tangents, MOST_NAMED)
        work = [] if tangents is None else [f"n{index}" for index in tangents]
        self.frames.append(Frame("forward", told, work))

    def _start_told(self, tangents: Mapping[int, float] | None, most: int) -> list[Part]:
        leaves = self.leaves
        told = [Part("Start.", "bold"), Part(" The leaves have their values: ")]
        for line in leaves[:most]:
            told += [Part(f"{line.name} = "), Part(number(line.primal), "value"), Part(", ")]
        told[-1] = Part(f", and {len(leaves) - most} more." if len(leaves) > most else ".")
        seeds = list((tangents or {}).items())
        if seeds:
            told += [Part(" The seed: ")]
            for index, tangent in seeds[:most]:
                told += [Part(f"{self.listed[index].name}.tangent = "), Part(number(tangent), "grad"), Part(", ")]
            told[-1] = Part("; every other tangent is 0." if len(leaves) > len(seeds) else ".")
        return told

    def evaluate(self, index: int) -> None:
        """Add a step: a line gets its value."""
        line = self.listed[index]
        self.values[index] = Shown(len(self.frames), "", number(line.primal))
        told = [Part("Forward.", "bold"), Part(f" {line.name} = {_cut(line.text)} = ")]
        numbers = _with_numbers(line)
        told += [Part(f"{numbers} = ")] if numbers else []
        arrows = [f"e{index}_{position}" for position in range(len(line.operands))]
        self.frames.append(Frame("forward", [*told, Part(number(line.primal), "value")], [f"n{index}", *arrows]))

    def seed(self, adjoint: float) -> None:
        """Add the step between the sweeps: the output gets its adjoint, all others are still 0."""
        now, name = len(self.frames), self.root.name
        for index, shown in self.sums.items():
            shown.append(Shown(now, "", number(adjoint)) if index == self.root.index else Shown(now, "", "0", True))
        told = [Part("Seed.", "bold"), Part(f" {name}.grad = "), Part(number(adjoint), "grad")]
        told += [Part(f": a tiny increase in {name} makes {name} grow as much. All other grads are 0.")]
        self.frames.append(Frame("backward", told, [f"n{self.root.index}"]))

    def share(self, share: Share) -> None:
        """Add a step of a reverse sweep: an arrow carries its share back to the operand."""
        result, operand = self.listed[share.result.index], self.listed[share.operand.index]
        told = [Part(f"Backward through {result.name} = {_cut(result.text)}.", "bold")]
        told += [Part(f" {operand.name}.grad += {result.name}.grad × ∂{result.name}/∂{operand.name} = ")]
        self._add(share, operand.index, (share.adjoint, share.slope), told, "use: gradients")

    def tangent(self, share: Share) -> None:
        """Add a step of a forward sweep: an arrow carries its share on to the result."""
        result, operand = self.listed[share.result.index], self.listed[share.operand.index]
        told = [Part(f"Forward through {result.name} = {_cut(result.text)}.", "bold")]
        told += [Part(f" {result.name}.tangent += ∂{result.name}/∂{operand.name} × {operand.name}.tangent = ")]
        self._add(share, result.index, (share.slope, share.adjoint), told, "operand: tangents")

    def _add(self, share: Share, target: int, factors: tuple[float, float], told: list[Part], what: str) -> None:
        now, total, terms = len(self.frames), number(share.after), self._terms[target]
        terms.append(share.share)
        place = (share.result.index, share.position)
        product = f"{number(factors[0])} × {factor(factors[1])} = "
        self.shares[place] = Shown(now, product, number(share.share))
        self.sums[target].append(Shown(now, sum_before_total(terms), total))
        told += [Part(product), Part(number(share.share), "grad"), Part(_why_nothing(share))]
        if len(terms) > 1:
            running = f"{number(share.before)}{signed(share.share)} = "
            told += [Part(f": {running}"), Part(total, "grad"), Part(f" ({_nth(len(terms), what)} add)")]
        phase = "backward" if self.word == "grad" else "forward"
        self.frames.append(Frame(phase, told, [f"n{target}", f"e{place[0]}_{place[1]}"]))


def reverse_walk(tape: Tape) -> Walk:
    """Return the steps of backpropagation through a pruned tape."""
    walk = Walk(tape, "reverse")
    walk.start()
    for step in steps(tape):
        if isinstance(step, Share):
            walk.share(step)
        elif isinstance(step, Seed):
            walk.seed(step.adjoint)
        elif step.line.primitive is not None:
            walk.evaluate(step.line.index)
    return walk


def forward_walk(tape: Tape, tangents: dict[int, float]) -> Walk:
    """Return the steps of forward mode through a pruned tape.

    Args:
        tape: pruned.
        tangents: position of a leaf -> the tangent to start from.
    """
    walk = Walk(tape, "forward")
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


# -- numbers and names as they are shown -----------------------------------------------------------------------------


def _nth(use: int, what: str) -> str:
    word, _, sums = what.partition(":")
    return f"{NTH[use]}{what}" if use in NTH else f"{word} {use}:{sums}"


def _why_nothing(share: Share) -> str:
    """Return why a share is 0 where the product of its factors is not: zero times infinity is nothing here."""
    is_nan = share.share == 0.0 and math.isnan(share.adjoint * share.slope)
    return " (a zero factor makes a share exactly nothing)" if is_nan else ""


def _readable(line: Line) -> Line:
    """Return a line whose names can be shown: cut, with escapes, and apart from text that runs the other way."""
    operands = [
        operand if operand.index is None else replace(operand, name=_name(operand.name)) for operand in line.operands
    ]
    constants = [
        replace(operand, name=number(operand.primal)) if operand.index is None else operand for operand in operands
    ]
    return replace(line, name=_name(line.name), operands=tuple(constants))


def _name(name: str) -> str:
    text = _cut(printable(name) if name.strip() else repr(name), LONGEST_NAME)
    if any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text):
        return f"\u2068{text}\u2069"
    return text


def _cut(text: str, longest: int = 120) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _with_numbers(line: Line) -> str:
    """Return how a line is written with numbers in the place of names; nothing where that is too long."""
    if len(line.operands) > MOST_OPERANDS:
        return ""
    return replace(line, operands=tuple(replace(each, name=factor(each.primal)) for each in line.operands)).text
