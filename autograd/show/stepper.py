"""Backpropagation one step at a time: a page with the picture of a tape, on which numbers appear as they are computed.

A page is one file that needs no network and no kernel, and no script either: a row of radio buttons stands before the
picture, and rules of style show what belongs to the chosen one. Arrow keys move through radio buttons by themselves.
Where scripts may run, a small one scrolls a large picture to the card at work, and lets Home and End work.

This room knows HTML and style. What is told and shown when stands in `autograd.show.walk`, how the picture is made
ready for it in `autograd.show.stage`.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograd.listing import lines, printable, pruned
from autograd.show.boxes import drawn_constants, scopes_of
from autograd.show.graph import MOST_LINES, Picture, picture_of, source_of
from autograd.show.render import Drawing, _check_writable, _write
from autograd.show.scope_walk import forward_scope_walk, kept_leaves, reverse_scope_walk
from autograd.show.stage import LIGHT, Stage, prepared
from autograd.show.themes import THEMES
from autograd.show.trace import _tangents
from autograd.show.walk import WORDS, Part, Walk, forward_walk, numbers_of, reverse_walk
from autograd.tape import Tape
from autograd.value import Value

__all__ = ["Stepper", "step_through"]

FOCUSABLE = 'tabindex="0" role="region" aria-label="the graph"'
"""What is wider than the window can be scrolled by keys."""

MOST_CARDS = 100
MOST_STEPS = 200
MANY = 60
"""Steps beyond which their buttons are small."""

LEFT = 'style="text-align:left"'
"""Of sentences in a table: notebooks set them to the right otherwise."""

TALLEST = 900
"""Pixels of a page within a notebook; what is taller scrolls."""


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
const main = document.querySelector("main"), table = document.querySelector("details");
const fit = () => {
  if (self === top || table.open) return;
  stage.style.maxHeight = "";
  const around = main.getBoundingClientRect().height - stage.getBoundingClientRect().height;
  stage.style.maxHeight = `max(320px, ${Math.floor(innerHeight - around)}px)`;
};
fit();
addEventListener("resize", fit);
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
@media print{main{padding:0}.walk>input,.phase,.buttons,.hint{display:none}
.stage{overflow:visible;max-height:none!important}
.stage svg{min-width:0!important}details::details-content{content-visibility:visible;display:block;height:auto}
tr,.stage{break-inside:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def _page(walk: Walk, svg: str, title: str) -> str:
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


def _rules(walk: Walk) -> str:
    """Return the rules of style that say what the chosen step shows.

    What appears at a step is shown if its button is the checked one, or comes before it: that is one rule per step.
    """
    colors = {color.lower(): field for field, color in LIGHT._asdict().items()}
    rules = [f'.stage [{what}="{c}"]{{{what}:var(--{f})}}' for c, f in colors.items() for what in ("fill", "stroke")]
    begun = {shown.since for row in walk.changes for shown in row}
    ended = {shown.since for row in walk.changes for shown in row[1:]}
    rules += [_from_on(f"f{k}", k, "visible") for k in sorted(begun)]
    rules += [_from_on(f"u{k}", k, "hidden") for k in sorted(ended)]
    at_work = "{visibility:visible;--edge:var(--grad);--wide:3.4}"
    return "\n".join([*rules, *(f"#s{k}:checked~* .h{k}{at_work}" for k in range(len(walk.frames)))])


def _from_on(name: str, step: int, visibility: str) -> str:
    return f"#s{step}:checked~* .{name},#s{step}~:checked~* .{name}{{visibility:{visibility}}}"


def _radios(walk: Walk) -> str:
    written, phase = [], ""
    for k, frame in enumerate(walk.frames):
        if frame.phase != phase:
            phase = frame.phase
            written.append(f'<span class="phase">{phase}</span>')
        label = _escaped(f"step {k} of {len(walk.frames) - 1}: {_plain(frame.told)}")
        checked = "" if k else " checked"
        written.append(f'<input type="radio" name="step" id="s{k}" class="{phase}" aria-label="{label}"{checked}>')
    return "".join(written)


def _buttons(walk: Walk) -> str:
    last = len(walk.frames) - 1
    written = ""
    for k in range(len(walk.frames)):
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


def _captions(walk: Walk) -> str:
    last = len(walk.frames) - 1
    return "\n".join(
        f'<p class="h{k}"><span class="count">{k}/{last}</span> {_written(frame.told)}</p>'
        for k, frame in enumerate(walk.frames)
    )


def _hint(walk: Walk) -> str:
    product = "grad of result × slope" if walk.is_reverse else "slope × tangent of operand"
    total = f'<b class="grad">share of {walk.word}</b>'
    carried = f"On each arrow: {product} = {total}. " if walk.arrows else ""
    scoped = "Slope of a scope: of what comes out, by what goes in. " if walk.is_collapsed else ""
    return f"{carried}{scoped}Arrow keys move when a step’s button has the focus."


def _table(walk: Walk) -> str:
    rows = "\n".join(
        f"<tr><td>{k}</td><td {LEFT}>{_written(told)}</td></tr>" for k, told in enumerate(_all_named(walk))
    )
    head = f'<thead><tr><th scope="col">step</th><th scope="col" {LEFT}>what happens</th></tr></thead>'
    return f"<table>{head}<tbody>\n{rows}\n</tbody></table>"


def _all_named(walk: Walk) -> list[Sequence[Part]]:
    """Return what is told at the steps, at the first of which every leaf is named."""
    return [walk.told_in_full, *(frame.told for frame in walk.frames[1:])]


def _written(told: Iterable[Part]) -> str:
    return "".join(_part(part) for part in told)


def _part(part: Part) -> str:
    text = _escaped(part.text)
    if not part.kind:
        return text
    return f"<b>{text}</b>" if part.kind == "bold" else f'<b class="{part.kind}">{text}</b>'


def _plain(told: Iterable[Part]) -> str:
    return "".join(part.text for part in told)


def _escaped(text: str) -> str:
    return html.escape(text)


# -- what users call -------------------------------------------------------------------------------------------------


class Stepper:
    """A page to step through a sweep: in a notebook it shows itself, elsewhere `save` it.

    Args:
        walk: the steps.
        picture: of the tape.
        title: of the page.

    Example:
        >>> from autograd import Value
        >>> x = Value(3.0, label="x")
        >>> step_through(x * x)
        <Stepper: 5 steps through 2 cards>
    """

    def __init__(self, walk: Walk, picture: Picture, title: str) -> None:
        self._walk = walk
        self._title = title
        self._drawing, self._final = (
            Drawing(source_of(picture._replace(numbers=numbers_of(walk, final)))) for final in (False, True)
        )

    def __repr__(self) -> str:
        return f"<Stepper: {len(self._walk.frames)} steps through {len(self._walk.cards)} cards>"

    @property
    def html(self) -> str:
        """The whole page: one file that needs no network, and no script.

        Raises:
            FileNotFoundError: no `dot` program is found; the message says how to install one.
            RuntimeError: `dot` failed.
        """
        return _page(self._walk, self._picture.svg, self._title)

    @functools.cached_property
    def _picture(self) -> Stage:
        return prepared(self._drawing.svg, self._walk)

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
        about = _escaped(f"The computation of {self._walk.name} as a graph, after the last step")
        return f'<img src="data:image/png;base64,{data}" alt="{about}" width="{self._picture.width}">'

    def _height(self) -> int:
        count, longest = len(self._walk.frames), max(len(_plain(frame.told)) for frame in self._walk.frames)
        width, height = (20, 22) if count > MANY else (30, 30)
        buttons = height * (count * width // 750)
        captions = 24 * (1 + longest // 90)
        return min(TALLEST, self._picture.height + 232 + buttons + captions)


def step_through(
    value: Value | Tape,
    *,
    mode: str = "reverse",
    seed: str | Mapping[str, float] | None = None,
    collapse: str | int = "auto",
    inputs: Iterable[Value] = (),
    title: str = "",
) -> Stepper:
    """Return a page to step through the computation of a value and its derivatives, one evaluation or edge at a time.

    Args:
        value: a recorded value, or a tape; a raw one is pruned to its last node first. Of several outputs, the last is
            read backward.
        mode: "reverse" for backpropagation; "forward" for tangents that travel along with the values.
        seed: in forward mode, the leaf to differentiate in, by name, or name -> tangent for several; by default the
            first leaf that has a card.
        collapse: which scopes are one step and one card each. "auto" collapses as few as make 100 cards and 200 steps
            do, the innermost first; "none", "all" or a depth as for `draw`.
        inputs: leaves that are data, as for `draw`.
        title: of the page, plain text.

    Returns:
        A page that notebooks show; `save` writes it to a file, `html` is its text.

    Raises:
        ValueError: there are more than 100 cards or 200 steps, or nothing to step through; the mode is not known; a
            seed is given in reverse mode, or no leaf of that name has a card.
        TypeError: `value` is neither a Value nor a Tape.

    Cost: a few sweeps; `dot` runs when the page is asked for.

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
    picture, walk = _fitting(tape, mode, seed, collapse, [*inputs])
    known = {"reverse": f"Backpropagation through {walk.name}", "forward": f"Forward mode through {walk.name}"}
    return Stepper(walk, picture, printable(" ".join(title.split())) or f"{known[mode]}, step by step")


def _fitting(
    tape: Tape, mode: str, seed: str | Mapping[str, float] | None, collapse: str | int, inputs: list[Value]
) -> tuple[Picture, Walk]:
    """Return the picture and the steps with as few scopes collapsed as can be stepped through."""
    deepest = max(map(len, scopes_of(lines(tape)))) if len(tape) <= MOST_LINES else 0
    attempts = ["none", *range(deepest, 0, -1)] if collapse == "auto" else [collapse]
    problem = ValueError()
    for attempt in attempts:
        try:
            return _attempted(tape, mode, seed, attempt, inputs)
        except ValueError as error:
            problem = error
    raise problem


def _attempted(
    tape: Tape, mode: str, seed: str | Mapping[str, float] | None, collapse: str | int, inputs: list[Value]
) -> tuple[Picture, Walk]:
    """Return the picture and the steps with scopes collapsed as asked for."""
    if collapse == "none":
        _check_count(len(tape), MOST_CARDS, "cards")
    picture = picture_of(tape, collapse=collapse, inputs=inputs)
    singles = [box.inside[0] for box in picture.boxes.all if box.title is None]
    constants = sum(len(drawn_constants(line)) for line in singles)
    _check_count(len(picture.boxes.all) + constants, MOST_CARDS, "cards, constants included,")
    walk = _walk(tape, picture, mode, seed)
    _check_count(len(walk.frames), MOST_STEPS, "steps")
    return picture, walk


def _walk(tape: Tape, picture: Picture, mode: str, seed: str | Mapping[str, float] | None) -> Walk:
    is_collapsed = any(box.title is not None for box in picture.boxes.all)
    if mode == "reverse":
        return reverse_scope_walk(picture) if is_collapsed else reverse_walk(tape)
    seeds = _seeds(tape, picture, seed)
    return forward_scope_walk(picture, seeds) if is_collapsed else forward_walk(tape, seeds)


def _check_count(count: int, most: int, what: str) -> None:
    if count > most:
        raise ValueError(
            f"{count:,} {what} are too many to step through: {most} are the most; "
            "print(Tape.of(value)) shows all of it as text, or step through a smaller part, an inner value"
        )


def _seeds(tape: Tape, picture: Picture, seed: str | Mapping[str, float] | None) -> dict[int, float]:
    """Return position of a leaf -> its tangent; every leaf that is named has a card."""
    shown = [*kept_leaves(picture)]
    if seed is None and shown:
        return {shown[0]: 1.0}
    chosen = {} if seed is None else _tangents(tape, {seed: 1.0} if isinstance(seed, str) else seed)
    hidden = [picture.listed[index].name for index in chosen if index not in shown]
    if hidden or not chosen:
        what = f"{hidden[0]!r} is" if hidden else "all leaves are"
        raise ValueError(
            f"{what} inside a collapsed scope, which has no card to start from: step through a smaller part, an inner "
            "value, or name a leaf outside of the scopes; inputs given as Values are leaves"
        )
    return chosen
