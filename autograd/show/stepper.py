"""Backpropagation one step at a time: a page with the picture of a tape, on which numbers appear as they are computed.

A page is one file that needs no network and no kernel, and no script either: a row of radio buttons stands before the
picture, and rules of style show what belongs to the chosen one. Arrow keys move through radio buttons by themselves.
Where scripts may run, a small one scrolls a large picture to the card at work, and lets Home and End work.

The steps are those of `autograd.listing.steps`, and the picture is that of `autograd.show.graph`, laid out once with
room for the widest number of each card. This room knows what is shown when; it computes no derivative.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import math
import os
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from autograd.listing import Line, Seed, Share, lines, printable, pruned, root, short, steps
from autograd.show.boxes import is_drawn_constant
from autograd.show.graph import DIGITS, LONGEST_NAME, dot_source
from autograd.show.render import Drawing, _check_writable, _write
from autograd.show.themes import THEMES
from autograd.show.trace import _tangents
from autograd.tape import Tape, forward_sweep
from autograd.value import Value

__all__ = ["Stepper", "step_through"]

FOCUSABLE = 'tabindex="0" role="region" aria-label="the graph"'
"""What is wider than the window can be scrolled by keys."""

MOST_CARDS = 100
MOST_STEPS = 200
MANY = 60
"""Steps beyond which their buttons are small."""

MOST_OPERANDS = 6
"""Operands of one line up to which a step spells its numbers."""

MOST_NAMED = 8
"""Leaves up to which the first step names them all; a table always does."""

TALLEST = 900
"""Pixels of a page within a notebook; what is taller scrolls."""

WORDS = {"reverse": "grad", "forward": "tangent"}
NTH = {2: "a second ", 3: "a third "}


# -- what is shown when ----------------------------------------------------------------------------------------------


class _Part(NamedTuple):
    """A piece of a sentence; its kind is "", "bold", "value", "grad" or "dim"."""

    text: str
    kind: str = ""


class _Frame(NamedTuple):
    """One step.

    Attributes:
        phase: "forward" or "backward": the colour of its button.
        told: what happens.
        work: the classes of the card and the arrows that it happens on.
    """

    phase: str
    told: Sequence[_Part]
    work: Sequence[str]


class _Shown(NamedTuple):
    """A number of a card or an arrow, from a step on: `3 + 36 = ` before the total `39`."""

    since: int
    before: str
    total: str
    dim: bool = False


class _Walk:
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
        self.frames: list[_Frame] = []
        self.told_in_full: Sequence[_Part] = ()
        self.values: dict[int, _Shown] = {}
        self.sums: dict[int, list[_Shown]] = {line.index: [] for line in self.listed}
        self.shares: dict[tuple[int, int], _Shown] = {}
        self._terms: dict[int, list[float]] = {line.index: [] for line in self.listed}

    @property
    def leaves(self) -> list[Line]:
        """The lines that are computed from nothing."""
        return [line for line in self.listed if line.primitive is None]

    def start(self, tangents: Mapping[int, float] | None = None) -> None:
        """Add the first step: the leaves have their values, and in forward mode their tangents."""
        for line in self.leaves:
            self.values[line.index] = _Shown(0, "", _number(line.primal))
            if tangents is not None:
                tangent = tangents.get(line.index, 0.0)
                self.sums[line.index].append(_Shown(0, "", _number(tangent), tangent == 0.0))
        self.told_in_full = self._start_told(tangents, len(self.listed))
        told = self._start_told(tangents, MOST_NAMED)
        work = [] if tangents is None else [f"n{index}" for index in tangents]
        self.frames.append(_Frame("forward", told, work))

    def _start_told(self, tangents: Mapping[int, float] | None, most: int) -> list[_Part]:
        leaves = self.leaves
        told = [_Part("Start.", "bold"), _Part(" The leaves have their values: ")]
        for line in leaves[:most]:
            told += [_Part(f"{line.name} = "), _Part(_number(line.primal), "value"), _Part(", ")]
        told[-1] = _Part(f", and {len(leaves) - most} more." if len(leaves) > most else ".")
        seeds = list((tangents or {}).items())
        if seeds:
            told += [_Part(" The seed: ")]
            for index, tangent in seeds[:most]:
                told += [_Part(f"{self.listed[index].name}.tangent = "), _Part(_number(tangent), "grad"), _Part(", ")]
            told[-1] = _Part("; every other tangent is 0." if len(leaves) > len(seeds) else ".")
        return told

    def evaluate(self, index: int) -> None:
        """Add a step: a line gets its value."""
        line = self.listed[index]
        self.values[index] = _Shown(len(self.frames), "", _number(line.primal))
        told = [_Part("Forward.", "bold"), _Part(f" {line.name} = {_cut(line.text)} = ")]
        numbers = _with_numbers(line)
        told += [_Part(f"{numbers} = ")] if numbers else []
        arrows = [f"e{index}_{position}" for position in range(len(line.operands))]
        self.frames.append(_Frame("forward", [*told, _Part(_number(line.primal), "value")], [f"n{index}", *arrows]))

    def seed(self, adjoint: float) -> None:
        """Add the step between the sweeps: the output gets its adjoint, all others are still 0."""
        now, name = len(self.frames), self.root.name
        for index, shown in self.sums.items():
            shown.append(_Shown(now, "", _number(adjoint)) if index == self.root.index else _Shown(now, "", "0", True))
        told = [_Part("Seed.", "bold"), _Part(f" {name}.grad = "), _Part(_number(adjoint), "grad")]
        told += [_Part(f": a tiny increase in {name} makes {name} grow as much. All other grads are 0.")]
        self.frames.append(_Frame("backward", told, [f"n{self.root.index}"]))

    def share(self, share: Share) -> None:
        """Add a step of a reverse sweep: an arrow carries its share back to the operand."""
        result, operand = self.listed[share.result.index], self.listed[share.operand.index]
        told = [_Part(f"Backward through {result.name} = {_cut(result.text)}.", "bold")]
        told += [_Part(f" {operand.name}.grad += {result.name}.grad × ∂{result.name}/∂{operand.name} = ")]
        self._add(share, operand.index, (share.adjoint, share.slope), told, "use: gradients")

    def tangent(self, share: Share) -> None:
        """Add a step of a forward sweep: an arrow carries its share on to the result."""
        result, operand = self.listed[share.result.index], self.listed[share.operand.index]
        told = [_Part(f"Forward through {result.name} = {_cut(result.text)}.", "bold")]
        told += [_Part(f" {result.name}.tangent += ∂{result.name}/∂{operand.name} × {operand.name}.tangent = ")]
        self._add(share, result.index, (share.slope, share.adjoint), told, "operand: tangents")

    def _add(self, share: Share, target: int, factors: tuple[float, float], told: list[_Part], what: str) -> None:
        now, total, terms = len(self.frames), _number(share.after), self._terms[target]
        terms.append(share.share)
        place = (share.result.index, share.position)
        product = f"{_number(factors[0])} × {_factor(factors[1])} = "
        self.shares[place] = _Shown(now, product, _number(share.share))
        self.sums[target].append(_Shown(now, _sum(terms), total))
        told += [_Part(product), _Part(_number(share.share), "grad"), _Part(_why_nothing(share))]
        if len(terms) > 1:
            running = f"{_number(share.before)}{_signed(share.share)} = "
            told += [_Part(f": {running}"), _Part(total, "grad"), _Part(f" ({_nth(len(terms), what)} add)")]
        phase = "backward" if self.word == "grad" else "forward"
        self.frames.append(_Frame(phase, told, [f"n{target}", f"e{place[0]}_{place[1]}"]))


def _reverse_walk(tape: Tape) -> _Walk:
    walk = _Walk(tape, "reverse")
    walk.start()
    for step in steps(tape):
        if isinstance(step, Share):
            walk.share(step)
        elif isinstance(step, Seed):
            walk.seed(step.adjoint)
        elif step.line.primitive is not None:
            walk.evaluate(step.line.index)
    return walk


def _forward_walk(tape: Tape, tangents: dict[int, float]) -> _Walk:
    walk = _Walk(tape, "forward")
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


def _number(number: float) -> str:
    return short(number, DIGITS).replace("-", "−")


def _factor(number: float) -> str:
    text = _number(number)
    return f"({text})" if text.startswith("−") else text


def _signed(number: float) -> str:
    return f" − {_number(-number)}" if number < 0.0 else f" + {_number(number)}"


def _sum(terms: Sequence[float]) -> str:
    """Return a sum up to its equals sign; nothing for a single term."""
    if len(terms) < 2:
        return ""
    if len(terms) > 3:
        return f"Σ{len(terms)} = "
    return f"{_number(terms[0])}{''.join(map(_signed, terms[1:]))} = "


def _nth(number: int, what: str) -> str:
    word, _, sums = what.partition(":")
    return f"{NTH[number]}{what}" if number in NTH else f"{word} {number}:{sums}"


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
        replace(operand, name=_number(operand.primal)) if operand.index is None else operand for operand in operands
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
    return replace(line, operands=tuple(replace(each, name=_factor(each.primal)) for each in line.operands)).text


# -- the picture -----------------------------------------------------------------------------------------------------

LIGHT = THEMES["light"]
CARD = re.compile(
    r'^(\t+n(\d+) \[label=<[^\n]*?>)grad(</FONT></TD><TD ALIGN="RIGHT">)[^\n]*?(</TD></TR></TABLE>> class=n\2 )', re.M
)
ARROW = re.compile(r"^(\t+n\d+ -> n\d+ \[label=<)[^\n]*?(> class=e(\d+)_(\d+) )", re.M)
CAPTION = re.compile(r"^\tlabel=<[^\n]*\n", re.M)
TITLE = "{http://www.w3.org/1999/xlink}title"


def _source(source: str, walk: _Walk, final: bool) -> str:
    """Return a picture's source with the numbers of a walk: the final ones, or of each card the widest."""

    def card(match: re.Match[str]) -> str:
        shown = walk.sums[int(match[2])]
        chosen = shown[-1] if final else max(shown, key=_width)
        spelled = f'<FONT COLOR="{LIGHT.grad}">{chosen.before}<B>{chosen.total}</B></FONT>'
        return f"{match[1]}{walk.word}{match[3]}{spelled}{match[4]}"

    def arrow(match: re.Match[str]) -> str:
        shown = walk.shares.get((int(match[3]), int(match[4])))
        if shown is None:
            return match[0]
        return f'{match[1]} {shown.before}<B><FONT COLOR="{LIGHT.grad}">{shown.total}</FONT></B> {match[2]}'

    return CAPTION.sub("", ARROW.sub(arrow, CARD.sub(card, source)))


def _width(shown: _Shown) -> float:
    return sum(0.3 if character in " .," else 0.6 for character in shown.before + shown.total)


class _Picture(NamedTuple):
    """A picture for a page, and its size in pixels."""

    svg: str
    width: int
    height: int


def _prepared(drawn: str, walk: _Walk) -> _Picture:
    """Return the picture that `dot` drew as one in which every number waits for its step."""
    picture = ElementTree.fromstring(drawn)
    for element in picture.iter():
        element.tag = element.tag.rpartition("}")[2]
    graph = picture[0]
    for group in list(graph):
        kind, _, name = group.get("class", "").partition(" ")
        if kind == "node":
            _prepare_card(group, name, walk)
        elif kind == "edge":
            _prepare_arrow(group, name, walk)
        elif kind == "cluster":
            _unlinked(group)
        else:
            graph.remove(group)
    for element in picture.iter():
        _tidy(element)
    width, height = (round(float(number) * 4 / 3) for number in picture.get("viewBox", "").split()[2:])
    about = f"The computation of {walk.root.name} as a graph: each card has a value and a {walk.word}"
    picture.attrib = {"viewBox": picture.get("viewBox", ""), "role": "img", "aria-label": about}
    picture.set("style", f"width:100%;min-width:{round(width * 0.8)}px;max-width:{width}px")
    return _Picture(ElementTree.tostring(picture, encoding="unicode", short_empty_elements=False), width, height)


def _prepare_card(group: ElementTree.Element, name: str, walk: _Walk) -> None:
    content = _unlinked(group)
    if "c" in name:
        return
    index = int(name[1:])
    _align(content.findall("text"))
    frame = content.findall("polygon")
    right = max(x for x, _ in _points(frame[-1])) - 4.0
    rows = {LIGHT.value.lower(): [walk.values[index]], LIGHT.grad.lower(): walk.sums[index]}
    for color, shown in rows.items():
        written = [text for text in content.findall("text") if text.get("fill") == color]
        for text in written:
            content.remove(text)
        for each, after in zip(shown, [*shown[1:], None]):
            content.append(_text(each, after, {**written[-1].attrib, "x": f"{right:g}", "text-anchor": "end"}))
    content.insert(0, _ring(_points(frame[0]), _at_work(walk, name)))


def _align(texts: Sequence[ElementTree.Element]) -> None:
    """Let small words stand on the line of the larger text beside them."""
    lines_of_text = [float(text.get("y", "")) for text in texts if text.get("font-size") == "12.00"]
    for text in texts:
        y = float(text.get("y", ""))
        text.set("y", f"{next((line for line in lines_of_text if abs(line - y) < 3.0), y):g}")


def _prepare_arrow(group: ElementTree.Element, name: str, walk: _Walk) -> None:
    _unlinked(group)
    texts = group.findall("text")
    place = tuple(map(int, name[1:].split("_")))
    shown = walk.shares.get((place[0], place[1]))
    if shown is not None and texts:
        label = ElementTree.SubElement(group, "g", {"class": f"t f{shown.since} product"})
        for text in texts:
            group.remove(text)
            label.append(text)
    group.set("class", f"arrow {_at_work(walk, name)}".rstrip())


def _unlinked(group: ElementTree.Element) -> ElementTree.Element:
    """Move what stands in links, which are there for their titles only, into the group, and the first title along."""
    title = group.find("title")
    for found in group.findall("g"):  # one; older versions of Graphviz write another around an arrow's label
        link = found.find("a")
        if link is None:
            continue
        group.remove(found)
        group.extend(link)
        if title is not None:
            title.text = link.get(TITLE, "").strip() or None
            title = None
    return group


def _points(polygon: ElementTree.Element) -> list[tuple[float, float]]:
    pairs = (pair.split(",") for pair in polygon.get("points", "").split())
    return [(float(x), float(y)) for x, y in pairs]


def _ring(points: Sequence[tuple[float, float]], steps_at_work: str) -> ElementTree.Element:
    left, top = (min(point[k] for point in points) - 2.5 for k in (0, 1))
    width, height = (max(point[k] for point in points) - start + 2.5 for k, start in ((0, left), (1, top)))
    box = {"x": left, "y": top, "width": width, "height": height, "rx": 3}
    attributes = {name: f"{number:g}" for name, number in box.items()}
    return ElementTree.Element("rect", {"class": f"ring {steps_at_work}".rstrip(), **attributes})


def _text(shown: _Shown, after: _Shown | None, attributes: dict[str, str]) -> ElementTree.Element:
    until = "" if after is None else f" u{after.since}"
    text = ElementTree.Element("text", {**attributes, "class": f"t f{shown.since}{until}"})
    text.attrib.pop("font-weight", None)
    text.text = shown.before
    total = ElementTree.SubElement(text, "tspan")
    total.text = shown.total
    if shown.dim:
        text.set("fill", LIGHT.dim.lower())
    else:
        total.set("font-weight", "bold")
    return text


def _at_work(walk: _Walk, name: str) -> str:
    return " ".join(f"h{k}" for k, frame in enumerate(walk.frames) if name in frame.work)


def _tidy(element: ElementTree.Element) -> None:
    for name in ("id", "font-family", TITLE):
        element.attrib.pop(name, None)
    for title in element.findall("title"):
        if element.get("class", "").startswith("cluster") or not title.text:
            element.remove(title)
    element.tail = None
    if element.tag not in ("text", "tspan", "title"):
        element.text = None


# -- the page --------------------------------------------------------------------------------------------------------

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src '{}'; base-uri 'none'; form-action 'none'"

SCRIPT = """
const steps = [...document.querySelectorAll(".walk>input")], stage = document.querySelector(".stage");
const show = () => {
  const ring = document.querySelector(".ring.h" + steps.findIndex(step => step.checked));
  if (!ring) return;
  const card = ring.getBoundingClientRect(), box = stage.getBoundingClientRect();
  const across = card.left < box.left || card.right > box.right, down = card.top < box.top || card.bottom > box.bottom;
  stage.scrollBy(across ? (card.left + card.right - box.left - box.right) / 2 : 0,
    down ? (card.top + card.bottom - box.top - box.bottom) / 2 : 0);
};
addEventListener("change", show);
addEventListener("keydown", event => {
  const step = {Home: steps[0], End: steps[steps.length - 1]}[event.key];
  if (!step || !steps.includes(event.target)) return;
  event.preventDefault();
  step.checked = true;
  step.focus();
  show();
});
"""

STYLE = """
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 Helvetica,Arial,"Liberation Sans",sans-serif;
font-variant-numeric:tabular-nums}
main{max-width:1400px;margin:0 auto;padding:18px 20px 24px}
h1{font-size:1.25rem;line-height:1.3;margin:0 0 10px;overflow-wrap:anywhere}
p{margin:0}
b{font-weight:700}
.walk{display:flex;flex-wrap:wrap;align-items:center;gap:6px}
.walk>input{appearance:none;-webkit-appearance:none;width:18px;height:18px;margin:3px;border-radius:50%;
border:2px solid var(--now);background:var(--now);cursor:pointer;flex:none}
.walk.many{gap:2px}
.many>input{width:12px;height:12px}
.walk>.forward{--now:var(--value)}
.walk>.backward{--now:var(--grad)}
.walk>input:checked~input{background:transparent}
.walk>input:checked{box-shadow:0 0 0 2px var(--ground),0 0 0 4px var(--now)}
.walk>input:focus-visible{outline:3px solid var(--ink);outline-offset:5px}
.phase{color:var(--dim);font-size:.875rem;margin-right:4px}
input+.phase{margin-left:10px}
.stack{display:grid;flex-basis:100%;min-width:0}
.stack>*{grid-area:1/1;visibility:hidden;min-width:0}
.buttons{display:flex;flex-wrap:wrap;gap:8px;margin-top:2px}
.buttons>*{padding:3px 14px;border:1px solid var(--line);border-radius:6px;background:var(--node);cursor:pointer;
user-select:none;-webkit-user-select:none}
.buttons>label:hover{border-color:var(--ink)}
.buttons>.off{color:var(--dim);background:none;border-style:dashed;cursor:default}
.told{margin:2px 0 4px}
.told>p{overflow-wrap:anywhere}
.dim,.count{color:var(--dim)}
.value{color:var(--value)}
.grad{color:var(--grad)}
.stage{flex-basis:100%;min-width:0;overflow:auto;max-height:max(320px,calc(100vh - 190px))}
.stage svg{display:block;height:auto}
.stage text{font-family:Helvetica,Arial,"Liberation Sans",sans-serif;white-space:pre}
.t,.ring{visibility:hidden}
.ring{fill:none;stroke:var(--grad);stroke-width:5}
.stage .arrow>path{stroke:var(--edge,var(--line));stroke-width:var(--wide,1.2)}
.stage .arrow>polygon{fill:var(--edge,var(--line));stroke:var(--edge,var(--line))}
.product text{paint-order:stroke;stroke:var(--ground);stroke-width:3px;stroke-linejoin:round}
.hint{color:var(--dim);font-size:.875rem;margin:4px 0 12px}
summary{cursor:pointer;padding:2px 0}
summary:focus-visible{outline:3px solid var(--ink);outline-offset:2px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.9375rem;margin-top:6px}
th,td{padding:4px 10px;border:1px solid var(--frame);text-align:left;vertical-align:top;overflow-wrap:anywhere}
td:first-child,th:first-child{text-align:right;overflow-wrap:normal}
@media(max-width:600px){main{padding:12px 10px}.buttons>*{padding:3px 9px}}
@media print{main{padding:0}.walk>input,.phase,.buttons,.hint{display:none}.stage{overflow:visible;max-height:none}
.stage svg{min-width:0!important}details::details-content{content-visibility:visible;display:block;height:auto}
tr,.stage{break-inside:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def _page(walk: _Walk, svg: str, title: str) -> str:
    """Return a whole page."""
    light, dark = (_variables(name) for name in ("light", "dark"))
    rules = _rules(walk)
    many = " many" if len(walk.frames) > MANY else ""
    heading = _escaped(title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY.format(_digest(SCRIPT))}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{heading}</title>\n<style>\n:root{{{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}{STYLE}{rules}\n</style>\n</head>\n"
        f'<body>\n<main>\n<h1 dir="auto">{heading}</h1>\n<section class="walk{many}" aria-label="Step by step">\n'
        f'{_radios(walk)}\n<div class="stack" aria-label="Move to another step" role="group">{_buttons(walk)}</div>\n'
        f'<div class="stack told" aria-live="polite">{_captions(walk)}</div>\n'
        f'<div class="stage" {FOCUSABLE}>{svg}</div>\n</section>\n<p class="hint">{_hint(walk)}</p>\n'
        f'<details><summary>All steps as a table</summary><div class="scroll">{_table(walk)}</div></details>\n'
        f"</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )


def _digest(script: str) -> str:
    """Return by what a page's policy knows a script: no other one runs."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _variables(name: str) -> str:
    colors = "".join(f"--{field}:{color.lower()};" for field, color in THEMES[name]._asdict().items())
    return f"{colors}color-scheme:{name}"


def _rules(walk: _Walk) -> str:
    """Return the rules of style that say what the chosen step shows.

    What appears at a step is shown if its button is the checked one, or comes before it: that is one rule per step.
    """
    colors = {color.lower(): field for field, color in LIGHT._asdict().items() if field != "ground"}
    rules = [f'.stage [{what}="{c}"]{{{what}:var(--{f})}}' for c, f in colors.items() for what in ("fill", "stroke")]
    sums = [shown for group in walk.sums.values() for shown in group]
    begun = {shown.since for shown in [*walk.values.values(), *walk.shares.values(), *sums]}
    ended = {shown.since for group in walk.sums.values() for shown in group[1:]}
    rules += [_from_on(f"f{k}", k, "visible") for k in sorted(begun)]
    rules += [_from_on(f"u{k}", k, "hidden") for k in sorted(ended)]
    at_work = "{visibility:visible;--edge:var(--grad);--wide:3.4}"
    return "\n".join([*rules, *(f"#s{k}:checked~* .h{k}{at_work}" for k in range(len(walk.frames)))])


def _from_on(name: str, step: int, visibility: str) -> str:
    return f"#s{step}:checked~* .{name},#s{step}~:checked~* .{name}{{visibility:{visibility}}}"


def _radios(walk: _Walk) -> str:
    written, phase = [], ""
    for k, frame in enumerate(walk.frames):
        if frame.phase != phase:
            phase = frame.phase
            written.append(f'<span class="phase">{phase}</span>')
        label = _escaped(f"step {k} of {len(walk.frames) - 1}: {_plain(frame.told)}")
        checked = "" if k else " checked"
        written.append(f'<input type="radio" name="step" id="s{k}" class="{phase}" aria-label="{label}"{checked}>')
    return "".join(written)


def _buttons(walk: _Walk) -> str:
    last = len(walk.frames) - 1
    written = ""
    for k in range(last + 1):
        places = (
            ("first", 0, k > 0),
            ("◀ back", k - 1, k > 0),
            ("next ▶", k + 1, k < last),
            ("last", last, k < last),
        )
        labels = (
            f'<label for="s{at}">{word}</label>'
            if possible
            else f'<span class="off" aria-disabled="true">{word}</span>'
            for word, at, possible in places
        )
        written += f'<div class="buttons h{k}">{"".join(labels)}</div>'
    return written


def _captions(walk: _Walk) -> str:
    last = len(walk.frames) - 1
    return "\n".join(
        f'<p class="h{k}"><span class="count">{k}/{last}</span> {_written(frame.told)}</p>'
        for k, frame in enumerate(walk.frames)
    )


def _hint(walk: _Walk) -> str:
    product = "grad of result × slope" if walk.word == "grad" else "slope × tangent of operand"
    total = f'<b class="grad">share of {walk.word}</b>'
    return f"On each arrow: {product} = {total}. Arrow keys move when a step’s button has the focus."


def _table(walk: _Walk) -> str:
    rows = "\n".join(
        f"<tr><td>{k}</td><td>{_written(frame.told)}</td></tr>" for k, frame in enumerate(_all_named(walk))
    )
    head = '<thead><tr><th scope="col">step</th><th scope="col">what happens</th></tr></thead>'
    return f"<table>{head}<tbody>\n{rows}\n</tbody></table>"


def _all_named(walk: _Walk) -> list[_Frame]:
    """Return the steps, the first of which names every leaf."""
    return [walk.frames[0]._replace(told=walk.told_in_full), *walk.frames[1:]]


def _written(told: Iterable[_Part]) -> str:
    return "".join(_part(part) for part in told)


def _part(part: _Part) -> str:
    text = _escaped(part.text)
    if not part.kind:
        return text
    return f"<b>{text}</b>" if part.kind == "bold" else f'<b class="{part.kind}">{text}</b>'


def _plain(told: Iterable[_Part]) -> str:
    return "".join(part.text for part in told)


def _escaped(text: str) -> str:
    return html.escape(text)


# -- what users call -------------------------------------------------------------------------------------------------


class Stepper:
    """A page to step through a sweep: in a notebook it shows itself, elsewhere `save` it.

    Args:
        walk: the steps.
        source: the picture's source, as `dot_source` writes it.
        title: of the page.

    Example:
        >>> from autograd import Value
        >>> x = Value(3.0, label="x")
        >>> step_through(x * x)
        <Stepper: 5 steps through 2 cards>
    """

    def __init__(self, walk: _Walk, source: str, title: str) -> None:
        self._walk = walk
        self._title = title
        self._drawing = Drawing(_source(source, walk, final=False))
        self._final = Drawing(_source(source, walk, final=True))

    def __repr__(self) -> str:
        return f"<Stepper: {len(self._walk.frames)} steps through {len(self._walk.listed)} cards>"

    @property
    def html(self) -> str:
        """The whole page: one file that needs no network, and no script.

        Raises:
            FileNotFoundError: no `dot` program is found; the message says how to install one.
            RuntimeError: `dot` failed.
        """
        return _page(self._walk, self._picture.svg, self._title)

    @functools.cached_property
    def _picture(self) -> _Picture:
        return _prepared(self._drawing.svg, self._walk)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, all of it or nothing.

        Args:
            path: of the file; it is HTML, whatever its name.

        Raises:
            OSError: the file cannot be written.
            FileNotFoundError, RuntimeError: see `html`.
        """
        _check_writable(Path(path))
        _write(Path(path), self.html.encode())

    def _repr_html_(self) -> str:
        """Return the page in a frame, and what is shown in its place where frames and styles are stripped."""
        table = _table(self._walk)
        try:
            page = self.html
            image = self._image()
        except (FileNotFoundError, RuntimeError) as error:
            return f"<div><p>{_escaped(str(error))}</p>\n{table}</div>"
        frame = (
            f'<iframe srcdoc="{_escaped(page)}" title="{_escaped(self._title)}" sandbox="allow-scripts" width="100%" '
            f'height="{self._height()}" style="width:100%;border:0"></iframe>'
        )
        hidden = "<style>.tapegrad-stepper-plain{display:none}</style>"
        return f'<div>{hidden}{frame}<div class="tapegrad-stepper-plain">{image}\n{table}</div></div>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return the page as notebooks ask for it."""
        del include, exclude
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}

    def _image(self) -> str:
        data = base64.b64encode(self._final.png).decode()
        about = _escaped(f"The computation of {self._walk.root.name} as a graph, after the last step")
        return f'<img src="data:image/png;base64,{data}" alt="{about}" width="{self._picture.width}">'

    def _height(self) -> int:
        return min(TALLEST, self._picture.height + 260 + 24 * (len(self._walk.frames) // 30))


def step_through(
    value: Value | Tape, *, mode: str = "reverse", seed: str | Mapping[str, float] | None = None, title: str = ""
) -> Stepper:
    """Return a page to step through the computation of a value and its derivatives, one evaluation or edge at a time.

    Args:
        value: a recorded value, or a tape; a raw one is pruned to its last node first. Of several outputs, the last is
            read backward.
        mode: "reverse" for backpropagation; "forward" for tangents that travel along with the values.
        seed: in forward mode, the leaf to differentiate in, by name, or name -> tangent for several; by default the
            first leaf.
        title: of the page, plain text.

    Returns:
        A page that notebooks show; `save` writes it to a file, `html` is its text.

    Raises:
        ValueError: there are more than 100 cards or 200 steps, or nothing to step through; the mode is not known; a
            seed is given in reverse mode, or the tape has no leaf of that name.
        TypeError: `value` is neither a Value nor a Tape.

    Cost: one sweep; `dot` runs when the page is asked for.

    Example:
        >>> from autograd import Value
        >>> w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
        >>> step_through(w1**3 * w2 + 3 * w1)
        <Stepper: 12 steps through 6 cards>
        >>> step_through(w1 * w2, mode="forward", seed="w2")
        <Stepper: 4 steps through 3 cards>
    """
    if mode not in WORDS:
        raise ValueError(f'the mode is "reverse" or "forward", not {mode!r}')
    if mode == "reverse" and seed is not None:
        raise ValueError('a seed names what to differentiate in, which only mode="forward" asks for')
    tape = pruned(value)
    if not len(tape):
        raise ValueError("there is nothing to step through: the tape is empty")
    _check_count(len(tape), MOST_CARDS, "cards")
    _check_count(_cards(tape), MOST_CARDS, "cards, constants included,")
    walk = _reverse_walk(tape) if mode == "reverse" else _forward_walk(tape, _seeds(tape, seed))
    _check_count(len(walk.frames), MOST_STEPS, "steps")
    name = walk.root.name
    known = {"reverse": f"Backpropagation through {name}", "forward": f"Forward mode through {name}"}
    return Stepper(walk, dot_source(tape), printable(" ".join(title.split())) or f"{known[mode]}, step by step")


def _check_count(count: int, most: int, what: str) -> None:
    if count > most:
        raise ValueError(
            f"{count:,} {what} are too many to step through: {most} are the most; "
            "print(Tape.of(value)) shows all of it as text, or step through a smaller part, an inner value"
        )


def _cards(tape: Tape) -> int:
    listed = lines(tape)
    return len(listed) + sum(is_drawn_constant(line, k) for line in listed for k in range(len(line.operands)))


def _seeds(tape: Tape, seed: str | Mapping[str, float] | None) -> dict[int, float]:
    if seed is None:
        return {next(index for index, node in enumerate(tape.nodes) if node[0] < 0): 1.0}
    return _tangents(tape, {seed: 1.0} if isinstance(seed, str) else seed)
