"""A tape as a picture: DOT source, one card per value, and the chain rule on every arrow.

A card says a value's name and operation, its value and its grad; a value that is used several times spells the sum. An
arrow carries `3 × 12 = 36`: grad of the result × slope = share. Ids are positions on the pruned tape, so the same
program gives the same source. Meaning never rests on colour alone.

This room writes source and runs nothing: `autograd.show.render` finds `dot` and makes an image.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from autograd.listing import Line, Operand, Share, adjoints, lines, printable, pruned, root, shares_of, short, steps
from autograd.tape import Tape
from autograd.value import Value

__all__ = ["dot_source"]

MOST = 150
"""Boxes in a picture, unless everything is asked for."""

MOST_EVER = 1000
"""Boxes in a picture when everything is asked for."""

MOST_WITH_CHAIN_RULE = 25
"""Boxes in a picture that still has room for the chain rule on its arrows."""

LONGEST_NAME = 32
DIGITS = 4

INK = "#1F2430"
DIM = "#5A6270"
VALUE = "#005A9C"
GRAD = "#B03A00"
LINE = "#7A828E"
FRAME = "#B4BAC4"
PAPER = "#FFFFFF"
HEADERS = {"node": "#EEF1F5", "leaf": "#FFE08A", "input": "#CFEBDD"}
CONSTANT = "#E6E6E6"

WORDS = {"leaf": "param", "input": "input"}
SIGNS = {"*": "×", "-": "−", "/": "÷"}
OPERATOR = re.compile(r"\((?:\{\} )?([^\w\s{}]+) ?\{\}\)")
FONT = "Helvetica"  # one name: a list of them makes `dot` estimate the widths of another font


class _Picture(NamedTuple):
    """What is to be drawn.

    Attributes:
        listed: the lines of the tape.
        swept: their adjoints.
        shares: position of a line -> its shares, in the order of its uses.
        edges: (result, operand position) -> the share on that arrow.
        root: position of the output.
        chain: whether arrows carry the chain rule.
    """

    listed: Sequence[Line]
    swept: Sequence[float]
    shares: Mapping[int, Sequence[Share]]
    edges: Mapping[tuple[int, int], Share]
    root: int
    chain: bool


def dot_source(value: Value | Tape, everything: bool = False) -> str:
    """Return the DOT source of the picture of a value's tape.

    Args:
        value: a recorded value, or a tape; a raw one is pruned to its last node first.
        everything: whether to draw more than 150 boxes, up to 1000.

    Raises:
        ValueError: there are too many boxes for a picture, or nothing to draw.

    Cost: two reverse sweeps.

    Example:
        >>> from autograd import Value
        >>> x = Value(3.0, label="x")
        >>> print(dot_source(x * x).splitlines()[0])
        digraph tape {
    """
    tape = pruned(value)
    if not len(tape):
        raise ValueError("there is nothing to draw: the tape is empty")
    _check_size(tape, everything)
    picture = _picture(tape)
    graph = _new_graph(picture.chain)
    _draw_cards(graph, picture)
    for line in picture.listed:
        _draw_arrows(graph, picture, line)
    source: str = graph.source
    return source


def _picture(tape: Tape) -> _Picture:
    shares = shares_of(steps(tape))
    edges = {(share.result.index, share.position): share for group in shares.values() for share in group}
    listed = lines(tape)
    return _Picture(listed, adjoints(tape), shares, edges, root(tape), _boxes(listed) <= MOST_WITH_CHAIN_RULE)


def _check_size(tape: Tape, everything: bool) -> None:
    boxes = len(tape) if len(tape) > MOST_EVER else _boxes(lines(tape))
    if boxes > MOST_EVER:
        raise ValueError(
            f"a picture of {boxes:,} boxes cannot be read: {MOST_EVER} are the most; print the tape instead"
        )
    if boxes > MOST and not everything:
        raise ValueError(f"a picture of {boxes} boxes is hard to read: everything=True draws it nevertheless")


def _boxes(listed: Iterable[Line]) -> int:
    count = 0
    for line in listed:
        count += 1 + sum(_is_drawn_constant(line, position) for position in range(len(line.operands)))
    return count


def _new_graph(chain: bool) -> Any:
    import graphviz  # pyright: ignore[reportMissingTypeStubs] # it ships none

    graph = graphviz.Digraph("tape")
    graph.attr(rankdir="LR", bgcolor=PAPER, nodesep="0.3", ranksep="0.75" if chain else "0.4", pad="0.2")
    graph.attr(fontname=FONT, fontsize="11", fontcolor=DIM)
    graph.attr("node", shape="plain", fontname=FONT, fontsize="12", fontcolor=INK)
    graph.attr("edge", fontname=FONT, fontsize="11", color=LINE, fontcolor=DIM, arrowsize="0.7", penwidth="1.2")
    if chain:
        caption = f'on each arrow: grad of result × slope = <B><FONT COLOR="{GRAD}">share of grad</FONT></B>'
        graph.attr(label=f"<{caption}>", labelloc="b", tooltip=" ")
    return graph


# -- cards -----------------------------------------------------------------------------------------------------------


def _draw_cards(graph: Any, picture: _Picture) -> None:
    """Draw the cards in the order of the tape, those of one scope within its frame."""
    tree = _Scope()
    for line, scope in zip(picture.listed, _scopes(picture.listed)):
        tree.descend(scope).lines.append(line)
    tree.draw(graph, picture, "")


def _scopes(listed: Sequence[Line]) -> list[tuple[str, ...]]:
    """Return the scope each line is drawn in: a leaf in the innermost one that holds all its uses."""
    users: dict[int, list[tuple[str, ...]]] = {}
    for line in listed:
        for operand in line.operands:
            if operand.index is not None:
                users.setdefault(operand.index, []).append(line.scope)
    return [line.scope if line.kind == "node" else _common(users.get(line.index, [line.scope])) for line in listed]


def _common(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    first, last = min(paths), max(paths)
    length = next((k for k, (one, other) in enumerate(zip(first, last)) if one != other), min(len(first), len(last)))
    return first[:length]


class _Scope:
    """A frame around the lines of one scope, and the scopes within it."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.inner: dict[str, _Scope] = {}

    def descend(self, path: Sequence[str]) -> _Scope:
        scope = self
        for name in path:
            scope = scope.inner.setdefault(name, _Scope())
        return scope

    def draw(self, graph: Any, picture: _Picture, prefix: str) -> None:
        for line in self.lines:
            _draw_card(graph, picture, line)
        for number, (name, scope) in reversed([*enumerate(self.inner.items())]):
            with graph.subgraph(name=f"cluster{prefix}_{number}") as frame:
                frame.attr(label=f"<{_written(name)}>", labelloc="t", labeljust="l", style="rounded", color=FRAME)
                frame.attr(tooltip=" ", margin="10")
                scope.draw(frame, picture, f"{prefix}_{number}")


def _draw_card(graph: Any, picture: _Picture, line: Line) -> None:
    for position, operand in enumerate(line.operands):
        if _is_drawn_constant(line, position):
            name = f"n{line.index}c{position}"
            graph.node(name, **{"class": name}, **_constant(operand))
    tooltip = line.name if line.primitive is None else f"{line.name} = {line.text}"
    graph.node(
        f"n{line.index}",
        **{"class": f"n{line.index}"},
        label=f"<{_card(picture, line)}>",
        tooltip=_tooltip(f"{tooltip} = {short(line.primal)}"),
    )


def _card(picture: _Picture, line: Line) -> str:
    header = HEADERS[line.kind]
    operation = _written(_operation(line))
    operation = f"<B>{operation}</B>" if line.kind == "node" else _dim(operation)
    name = f"<B>{_written(line.label)}</B>" if line.label else _dim(_written(line.name))
    rim = 3 if line.index == picture.root else 1
    return (
        f'<TABLE BORDER="{rim}" COLOR="{INK}" BGCOLOR="{PAPER}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4">'
        f'<TR><TD ALIGN="LEFT" BGCOLOR="{header}">{name}</TD>'
        f'<TD ALIGN="RIGHT" BGCOLOR="{header}">{operation}</TD></TR>'
        f"{_card_row('value', _number(line.primal), VALUE)}{_card_row('grad', *_grad(picture, line.index))}</TABLE>"
    )


def _card_row(word: str, number: str, color: str, before: str = "") -> str:
    spelled = f'<FONT COLOR="{color}">{before}<B>{number}</B></FONT>'
    return f'<TR><TD ALIGN="LEFT">{_dim(word)}</TD><TD ALIGN="RIGHT">{spelled}</TD></TR>'


def _grad(picture: _Picture, index: int) -> tuple[str, str, str]:
    total = _number(picture.swept[index])
    shares = picture.shares.get(index, ())
    if len(shares) < 2:
        return total, GRAD, ""
    if len(shares) > 3:
        return total, GRAD, f"Σ{len(shares)} = "
    terms = _number(shares[0].share)
    for share in shares[1:]:
        terms += f" − {_number(-share.share)}" if share.share < 0.0 else f" + {_number(share.share)}"
    return total, GRAD, f"{terms} = "


def _operation(line: Line) -> str:
    if line.primitive is None:
        return WORDS[line.kind]
    operator = OPERATOR.fullmatch(line.primitive.form)
    sign = SIGNS.get(operator[1], operator[1]) if operator else line.primitive.name
    if _has_constant_exponent(line):
        return f"{sign}{_number(line.operands[1].primal)}"
    return sign


def _has_constant_exponent(line: Line) -> bool:
    return line.primitive is not None and line.primitive.name == "pow" and line.operands[1].index is None


def _constant(operand: Operand) -> dict[str, str]:
    text = _number(operand.primal)
    label = f'<<FONT COLOR="{INK}"><B>{text}</B>&#160;&#160;{_dim("const")}</FONT>>'
    return {
        "label": label,
        "shape": "box",
        "style": "filled,dashed",
        "fillcolor": CONSTANT,
        "color": LINE,
        "width": "0",
        "height": "0",
        "margin": "0.08,0.06",
        "tooltip": _tooltip(f"the constant {short(operand.primal)}"),
    }


def _is_drawn_constant(line: Line, position: int) -> bool:
    return line.operands[position].index is None and not (position == 1 and _has_constant_exponent(line))


# -- arrows ----------------------------------------------------------------------------------------------------------


def _draw_arrows(graph: Any, picture: _Picture, line: Line) -> None:
    for position, operand in enumerate(line.operands):
        if _is_drawn_constant(line, position):
            name = _edge_class(line, position)
            graph.edge(f"n{line.index}c{position}", f"n{line.index}", **name, style="dashed", tooltip=" ")
        elif operand.index is not None:
            _draw_arrow(graph, picture, line, position, operand)


def _draw_arrow(graph: Any, picture: _Picture, line: Line, position: int, operand: Operand) -> None:
    share = picture.edges.get((line.index, position))
    attributes = {"tooltip": _tooltip(f"∂{line.name}/∂{operand.name} = {short(operand.slope or 0.0)}")}
    if share is not None and picture.chain:
        product = f"{_number(share.adjoint)} × {_factor(share.slope)} = "
        total = f'<B><FONT COLOR="{GRAD}">{_number(share.share)}</FONT></B>'
        attributes["label"] = f"< {product}{total} >"
    graph.edge(f"n{operand.index}", f"n{line.index}", **_edge_class(line, position), **attributes)


def _edge_class(line: Line, position: int) -> dict[str, str]:
    return {"class": f"e{line.index}_{position}"}


# -- text ------------------------------------------------------------------------------------------------------------


def _number(number: float) -> str:
    return short(number, DIGITS).replace("-", "−")


def _factor(number: float) -> str:
    text = _number(number)
    return f"({text})" if text.startswith("−") else text


def _dim(text: str) -> str:
    return f'<FONT COLOR="{DIM}" POINT-SIZE="10">{text}</FONT>'


def _written(text: str) -> str:
    """Return a text as it may stand in an HTML-like label."""
    text = printable(text) if text.strip() else repr(text)
    text = text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"
    # `dot` puts other texts in the place of a backslash and what follows; an invisible word joiner keeps them apart.
    return html.escape(re.sub(r"\\(?=[NGETHL\\])", "\\\\\u2060", text))


def _tooltip(text: str) -> str:
    import graphviz  # pyright: ignore[reportMissingTypeStubs] # it ships none

    text = printable(text)
    escaped: str = graphviz.escape(text if len(text) <= 200 else f"{text[:199]}…")
    return escaped
