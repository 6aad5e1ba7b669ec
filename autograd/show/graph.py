"""A tape as a picture: DOT source, one card per value, and the chain rule on every arrow.

A card says a value's name and operation, its value and its grad; a value that is used several times spells the sum. An
arrow carries `3 × 12 = 36`: grad of the result × slope = share. Large tapes collapse whole scopes into one card each.
Ids are positions on the pruned tape, so the same program gives the same source. Meaning never rests on colour alone.

This room writes source and runs nothing: `autograd.show.render` finds `dot` and makes an image.
"""

from __future__ import annotations

import html
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from autograd.listing import (
    Line,
    Operand,
    Share,
    adjoints,
    exact,
    lines,
    printable,
    pruned,
    root,
    shares_of,
    steps,
)
from autograd.show.boxes import (
    Box,
    Boxes,
    boxes_of,
    depth_for,
    drawn_constants,
    has_constant_exponent,
    scopes_of,
    stacks_of,
)
from autograd.show.numbers import counted, factor, number, sum_before_total
from autograd.show.themes import Theme, theme_of
from autograd.tape import Tape
from autograd.value import Value

__all__ = ["LONGEST_NAME", "Numbers", "Picture", "arrow_class", "bundle_class", "dot_source", "picture_of", "source_of"]

MOST_LINES = 20_000
"""Lines of a tape that can be drawn, however they are collapsed."""

MOST_WITH_CHAIN_RULE = 25
"""Boxes in a picture that still has room for the chain rule on its arrows."""

MOST_INPUTS = 16
"""Inputs of a collapsed network with cards of their own; more are one card."""

MOST_BETWEEN_STACKS = 400
"""Arrows from one layer to the next that can be told apart; more are drawn as one, with their number."""

LONGEST_NAME = 32

WORDS = {"leaf": "param", "input": "input"}
SIGNS = {"*": "×", "-": "−", "/": "÷"}
OPERATOR = re.compile(r"\((?:\{\} )?([^\w\s{}]+) ?\{\}\)")
FONT = "Helvetica"  # one name: a list of them makes `dot` estimate the widths of another font


class Numbers(NamedTuple):
    """What cards and arrows say in the place of the final numbers, as pairs: `3 + 36 = ` and the total `39`.

    Attributes:
        word: what the second row of a card is called.
        cards: name of a box -> the pair of each of its rows.
        arrows: class of an arrow -> its pair.
    """

    word: str
    cards: Mapping[str, Sequence[tuple[str, str]]]
    arrows: Mapping[str, tuple[str, str]]


class Picture(NamedTuple):
    """What is to be drawn.

    Attributes:
        listed: the lines of the tape.
        swept: their adjoints.
        shares: position of a line -> its shares, in the order of its uses.
        edges: (result, operand position) -> the share on that arrow.
        told: positions of lines that their boxes have to tell.
        leaving: names of boxes that are used outside of their frames, or in frames within.
        root: position of the output that is read backward.
        boxes: what is drawn as one.
        stacks: name of a box -> name of the stack it is drawn in.
        sides: where an arrow leaves a box, and where it enters the next, in the words of `dot`.
        inputs: positions of leaves that are data, not parameters.
        chain: whether arrows carry the chain rule.
        grads: whether cards tell adjoints.
        theme: the colours.
        direction: "LR" or "TB".
        numbers: in the place of those of the sweep, where there are some.
    """

    listed: Sequence[Line]
    swept: Sequence[float]
    shares: Mapping[int, Sequence[Share]]
    edges: Mapping[tuple[int, int], Share]
    told: frozenset[int]
    leaving: frozenset[str]
    root: int
    boxes: Boxes
    stacks: Mapping[str, str]
    sides: tuple[str, str]
    inputs: frozenset[int]
    chain: bool
    grads: bool
    theme: Theme
    direction: str
    numbers: Numbers | None = None


def dot_source(
    value: Value | Tape,
    *,
    theme: str = "light",
    direction: str | None = None,
    collapse: str | int = "auto",
    show: Literal["grads", "values"] = "grads",
    inputs: Iterable[Value] = (),
) -> str:
    """Return the DOT source of the picture of a value's tape.

    Args:
        value: a recorded value, or a tape; a raw one is pruned to its last node first.
        theme: "light" or "dark".
        direction: "LR" from left to right, which is the default, or "TB" from top to bottom.
        collapse: "auto" collapses scopes, the innermost first, until there are 150 boxes or fewer; "none" collapses
            nothing, "all" the outermost ones; an int those at this depth.
        show: "grads" for values, grads and shares, "values" for the forward part alone.
        inputs: leaves that are data: they are called input, and not param.

    Raises:
        ValueError: there are too many boxes for a picture, or nothing to draw, or an argument is out of range.
        TypeError: an argument is of a wrong type.

    Cost: two reverse sweeps.

    Example:
        >>> from autograd import Value
        >>> x = Value(3.0, label="x")
        >>> print(dot_source(x * x).splitlines()[0])
        digraph tape {
    """
    return source_of(picture_of(value, theme=theme, direction=direction, collapse=collapse, show=show, inputs=inputs))


def source_of(picture: Picture) -> str:
    """Return the DOT source of a picture."""
    graph = _new_graph(picture)
    _draw_boxes(graph, picture)
    _draw_all_arrows(graph, picture)
    source: str = graph.source
    return source


def picture_of(
    value: Value | Tape,
    *,
    theme: str = "light",
    direction: str | None = None,
    collapse: str | int = "auto",
    show: Literal["grads", "values"] = "grads",
    inputs: Iterable[Value] = (),
) -> Picture:
    """Return what is to be drawn of a value's tape; see `dot_source`."""
    if show not in ("grads", "values"):
        raise ValueError(f'show is "grads" or "values", not {show!r}')
    if direction not in (None, "LR", "TB"):
        raise ValueError(f'the direction is "LR" (left to right) or "TB" (top to bottom), not {direction!r}')
    colours, tape = theme_of(theme), pruned(value)
    if not len(tape):
        raise ValueError("there is nothing to draw: the tape is empty")
    if len(tape) > MOST_LINES:
        raise ValueError(f"a tape of {len(tape):,} lines cannot be drawn: {MOST_LINES:,} are the most; print it")
    return _picture(tape, colours, direction or "LR", collapse, show == "grads", inputs)


def _picture(
    tape: Tape, theme: Theme, direction: str, collapse: str | int, grads: bool, inputs: Iterable[Value]
) -> Picture:
    listed = lines(tape)
    data = set(map(id, inputs))
    named = frozenset(index for index, (leaf, _) in tape.leaves.items() if id(leaf) in data)
    scopes = [() if line.index in named else scope for line, scope in zip(listed, scopes_of(listed))]
    depth = depth_for(listed, scopes, collapse)
    together = named if depth is not None and len(named) > MOST_INPUTS else ()
    boxes = boxes_of(listed, scopes, depth, together)
    shares = shares_of(steps(tape))
    edges = {(share.result.index, share.position): share for group in shares.values() for share in group}
    cards = [box.inside[0] for box in boxes.all if box.title is None]
    count = len(boxes.all) + sum(len(drawn_constants(line)) for line in cards)
    alone = {line.index for line in cards}
    labelled = any(operand.index in alone for line in cards for operand in line.operands)
    chain = grads and labelled and count <= MOST_WITH_CHAIN_RULE
    stacks = stacks_of(boxes)
    told = _told_lines(listed, boxes, tape.outputs or ())
    sides = {"LR": (":e", ":w"), "TB": (":s", ":n")}[direction]
    return Picture(
        listed,
        adjoints(tape),
        shares,
        edges,
        told,
        _leaving(listed, boxes),
        root(tape),
        boxes,
        stacks,
        sides,
        named,
        chain,
        grads,
        theme,
        direction,
    )


def _new_graph(picture: Picture) -> Any:
    import graphviz  # pyright: ignore[reportMissingTypeStubs] # it ships none

    theme, direction = picture.theme, picture.direction
    graph = graphviz.Digraph("tape")
    ranksep = "0.75" if picture.chain and direction == "LR" else "0.4"
    graph.attr(rankdir=direction, bgcolor=theme.ground, nodesep="0.3", ranksep=ranksep, pad="0.2")
    if picture.stacks:  # curves between two stacks would run over the cards
        highest = max(Counter(picture.stacks.values()).values())
        graph.attr(splines="line", ranksep=f"{min(5.0, max(1.5, highest / 6)):.3g}")
    graph.attr(fontname=FONT, fontsize="11", fontcolor=theme.dim)
    graph.attr("node", shape="plain", fontname=FONT, fontsize="12", fontcolor=theme.ink)
    graph.attr(
        "edge", fontname=FONT, fontsize="11", color=theme.line, fontcolor=theme.dim, arrowsize="0.7", penwidth="1.2"
    )
    if picture.chain and picture.numbers is None:
        share = f'<B><FONT COLOR="{theme.grad}">share of grad</FONT></B>'
        graph.attr(label=f"<on each arrow: grad of result × slope = {share}>", labelloc="b", tooltip=" ")
    return graph


# -- cards -----------------------------------------------------------------------------------------------------------


def _draw_boxes(graph: Any, picture: Picture) -> None:
    """Draw the boxes in the order of the tape, those of one scope within its frame."""
    tree = _Scope()
    for box in picture.boxes.all:
        tree.descend(box.scope).boxes.append(box)
    tree.draw(graph, picture, "")


class _Scope:
    """A frame around the boxes of one scope, and the scopes within it."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.inner: dict[str, _Scope] = {}

    def descend(self, path: Sequence[str]) -> _Scope:
        scope = self
        for name in path:
            scope = scope.inner.setdefault(name, _Scope())
        return scope

    def draw(self, graph: Any, picture: Picture, prefix: str) -> None:
        stacks: dict[str, list[Box]] = {}
        for box in self.boxes:
            if box.name in picture.stacks:
                stacks.setdefault(picture.stacks[box.name], []).append(box)
        for name, boxes in stacks.items():
            _draw_stack(graph, picture, name, boxes)
        for box in _named_to_dot(self.boxes, picture) if prefix else self.boxes:
            if box.name in picture.stacks:
                continue
            if box.title is None:
                _draw_card(graph, picture, box.inside[0])
            else:
                _draw_collapsed(graph, picture, box)
        frames = [*enumerate(self.inner.items())]
        if picture.direction == "LR" and not picture.chain:
            frames.reverse()  # the last one on top
        for place, (name, scope) in frames:
            with graph.subgraph(name=f"cluster{prefix}_{place}") as frame:
                frame.attr(label=f"<{_written(name)}>", labelloc="t", labeljust="l", style="rounded")
                frame.attr(color=picture.theme.frame, tooltip=" ", margin="10")
                scope.draw(frame, picture, f"{prefix}_{place}")


def _named_to_dot(boxes: Sequence[Box], picture: Picture) -> list[Box]:
    """Return the boxes of a frame as `dot` has to be told of them, for the picture to have them in their order.

    From left to right it puts the last one on top, but not of those that are used outside.
    """
    if picture.direction == "TB":
        return list(boxes)
    used = [box for box in boxes if box.name in picture.leaving]
    return used + [box for box in reversed(boxes) if box.name not in picture.leaving]


def _draw_card(graph: Any, picture: Picture, line: Line) -> None:
    for position in drawn_constants(line):
        name = f"n{line.index}c{position}"
        graph.node(name, **{"class": name}, **_constant(line.operands[position], picture.theme))
    name = f"n{line.index}"
    graph.node(name, **{"class": name}, label=f"<{_card(picture, line)}>", tooltip=_card_tooltip(line))


def _card_tooltip(line: Line) -> str:
    text = line.name if line.primitive is None else f"{line.name} = {line.text}"
    return _tooltip(f"{text} = {_exact(line.primal)}")


def _card(picture: Picture, line: Line, mark: str = "") -> str:
    theme = picture.theme
    kind = "input" if line.index in picture.inputs else line.kind
    operation = f"<B>{_written(_operation(line))}</B>" if line.primitive else _dim(WORDS[kind], theme)
    name = f"<B>{_written(line.label)}</B>" if line.label else _dim(_written(line.name), theme)
    told = [("value", ("", number(line.primal)))]
    if picture.grads:
        told.append(("grad", _grad(picture, line.index)))
    rows = _rows(picture, f"n{line.index}", told)
    return _framed(theme, getattr(theme, kind), name, operation, rows, line.index == picture.root, mark)


def _framed(theme: Theme, header: str, name: str, operation: str, rows: str, thick: bool, mark: str = "") -> str:
    """Return a card: a table with a header of two cells, and rows below."""
    return (
        f'<TABLE{mark} BORDER="{3 if thick else 1}" COLOR="{theme.ink}" BGCOLOR="{theme.paper}" '
        f'CELLBORDER="0" CELLSPACING="0" CELLPADDING="4">'
        f'<TR><TD ALIGN="LEFT" BGCOLOR="{header}">{name}</TD>'
        f'<TD ALIGN="RIGHT" BGCOLOR="{header}">{operation}</TD></TR>{rows}</TABLE>'
    )


def _rows(picture: Picture, name: str, told: Sequence[tuple[str, tuple[str, str]]]) -> str:
    """Return the rows of a card: the first in the colour of values, all others in that of grads.

    Args:
        picture: that the card is part of.
        name: of its box.
        told: per row its word, and the number in two parts, what stands before the total and the total.
    """
    theme, numbers = picture.theme, picture.numbers
    rows = ""
    for place, (word, pair) in enumerate(told):
        before, total = pair if numbers is None else numbers.cards[name][place]
        shown = word if numbers is None else word.replace("grad", numbers.word)
        spelled = f'<FONT COLOR="{theme.grad if place else theme.value}">{before}<B>{total}</B></FONT>'
        rows += f'<TR><TD ALIGN="LEFT">{_dim(shown, theme)}</TD><TD ALIGN="RIGHT">{spelled}</TD></TR>'
    return rows


def _grad(picture: Picture, index: int) -> tuple[str, str]:
    """Return a grad: the sum it is as people write it, up to the equals sign, and the grad."""
    shares = picture.shares.get(index, ())
    return sum_before_total([share.share for share in shares]), number(picture.swept[index])


def _operation(line: Line) -> str:
    assert line.primitive is not None
    operator = OPERATOR.fullmatch(line.primitive.form)
    sign = SIGNS.get(operator[1], operator[1]) if operator else line.primitive.name
    if has_constant_exponent(line):
        return f"{sign}{number(line.operands[1].primal)}"
    return sign


def _constant(operand: Operand, theme: Theme) -> dict[str, str]:
    text = number(operand.primal)
    label = f'<<FONT COLOR="{theme.ink}"><B>{text}</B>&#160;&#160;{_dim("const", theme)}</FONT>>'
    return {
        "label": label,
        "shape": "box",
        "style": "filled,dashed",
        "fillcolor": theme.constant,
        "color": theme.line,
        "width": "0",
        "height": "0",
        "margin": "0.08,0.06",
        "tooltip": _tooltip(f"the constant {_exact(operand.primal)}"),
    }


# -- collapsed scopes ------------------------------------------------------------------------------------------------


def _draw_stack(graph: Any, picture: Picture, name: str, boxes: Sequence[Box]) -> None:
    """Draw boxes that do not depend on one another, as the neurons of a layer, below each other in order."""
    rows = "".join(f'<TR><TD PORT="{box.name}">{_any_card(picture, box)}</TD></TR>' for box in boxes)
    label = f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="6" CELLPADDING="0">{rows}</TABLE>>'
    graph.node(name, label=label, tooltip=" ")


def _draw_collapsed(graph: Any, picture: Picture, box: Box) -> None:
    """Draw a scope as one card."""
    card = _collapsed_card(picture, box)
    graph.node(box.name, **{"class": box.name}, label=f"<{card}>", tooltip=_scope_tooltip(box))


def _any_card(picture: Picture, box: Box) -> str:
    """Return a card of a stack, which has an id and a tooltip of its own."""
    tooltip = _card_tooltip(box.inside[0]) if box.title is None else _scope_tooltip(box)
    mark = f' ID="{box.name}" TOOLTIP="{html.escape(tooltip)}"'
    return _card(picture, box.inside[0], mark) if box.title is None else _collapsed_card(picture, box, mark)


def _scope_tooltip(box: Box) -> str:
    return _tooltip(f"{'/'.join([*box.scope, box.title or ''])}: {counted(len(box.inside), 'line')} inside")


def _collapsed_card(picture: Picture, box: Box, mark: str = "") -> str:
    """Return the card of a scope: what comes out of it, and what is inside."""
    theme = picture.theme
    nodes, leaves = [line for line in box.inside if line.primitive], params_of(picture, box)
    rows = _rows(picture, box.name, [*_outs_told(picture, box)])
    if not nodes and not leaves:
        return _framed(theme, theme.input, "<B>inputs</B>", _dim(str(len(box.inside)), theme), rows, False, mark)
    inside = f"{counted(len(nodes), 'node')} inside"
    name = f"<B>{_written(box.title or '')}</B>"
    header = theme.leaf if leaves else theme.node
    rooted = any(line.index == picture.root for line in box.inside)
    return _framed(theme, header, name, _dim(inside, theme), rows, rooted, mark)


def _outs_told(picture: Picture, box: Box) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the rows of a collapsed scope: what comes out, the grads of that, and those of the parameters inside."""
    outs = [line for line in box.inside if line.index in picture.told]
    many = len(outs) > 1
    yield f"{len(outs)} outs" if many else "out", ("", span([line.primal for line in outs]))
    if picture.grads:
        grads = [picture.swept[line.index] for line in outs]
        yield f"{len(outs)} grads" if many else "grad", ("", span(grads))
    inner = params_of(picture, box)
    if inner and picture.grads and (picture.numbers is None or picture.numbers.word == "grad"):
        yield counted(len(inner), "param"), ("", largest([picture.swept[line.index] for line in inner]))


def params_of(picture: Picture, box: Box) -> list[Line]:
    """Return the leaves within a collapsed scope that are no data."""
    return [line for line in box.inside if not line.primitive and line.index not in picture.inputs]


def span(numbers: Sequence[float]) -> str:
    """Return a number, or from where to where several go."""
    if len(numbers) == 1:
        return number(numbers[0])
    return f"{number(min(numbers, key=_nan_last))} … {number(max(numbers, key=_nan_last))}"


def largest(numbers: Iterable[float]) -> str:
    """Return the largest magnitude of some grads, as a bound."""
    return f"|g| ≤ {number(max(map(abs, numbers), key=_nan_last))}"


def _told_lines(listed: Sequence[Line], boxes: Boxes, outputs: Iterable[int]) -> frozenset[int]:
    """Return the positions of the lines that a box has to tell: those that another box uses, and the outputs."""
    crossing = {
        operand.index
        for line in listed
        for operand in line.operands
        if operand.index is not None and boxes.of[operand.index] is not boxes.of[line.index]
    }
    return frozenset(crossing.union(outputs))


def _leaving(listed: Sequence[Line], boxes: Boxes) -> frozenset[str]:
    """Return the names of the boxes that are used in another frame than their own."""
    return frozenset(
        boxes.of[operand.index].name
        for line in listed
        for operand in line.operands
        if operand.index is not None and boxes.of[operand.index].scope != boxes.of[line.index].scope
    )


def _nan_last(number: float) -> tuple[bool, float]:
    return math.isnan(number), number


# -- arrows ----------------------------------------------------------------------------------------------------------


def _draw_all_arrows(graph: Any, picture: Picture) -> None:
    bundles: dict[tuple[str, str], int] = {}
    for line in picture.listed:
        box = picture.boxes.of[line.index]
        if box.title is None:
            _draw_constant_arrows(graph, line)
        for position, operand in enumerate(line.operands):
            if operand.index is None:
                continue
            start = picture.boxes.of[operand.index]
            if is_single(picture, start, box):
                _draw_arrow(graph, picture, line, position, operand)
            elif start is not box:
                bundles[start.name, box.name] = bundles.get((start.name, box.name), 0) + 1
    dense = _dense(picture, bundles)
    for (start_stack, end_stack), count in dense.items():
        label = f'<<FONT COLOR="{picture.theme.dim}"> {count:,} edges </FONT>>'
        graph.edge(start_stack, end_stack, label=label, penwidth="3", tooltip=f"{count:,} edges")
    for (start_name, end_name), count in bundles.items():
        if (picture.stacks.get(start_name), picture.stacks.get(end_name)) in dense:
            continue
        start_side, end_side = picture.sides if picture.stacks else ("", "")
        start_place, end_place = _place(picture, start_name) + start_side, _place(picture, end_name) + end_side
        name = bundle_class(start_name, end_name)
        graph.edge(start_place, end_place, **{"class": name}, tooltip=counted(count, "edge"))


def is_single(picture: Picture, start: Box, end: Box) -> bool:
    """Return whether each edge between two boxes has an arrow of its own."""
    return start.title is None and end.title is None and start.name not in picture.stacks


def _dense(picture: Picture, bundles: Iterable[tuple[str, str]]) -> dict[tuple[Any, Any], int]:
    """Return the pairs of stacks with more arrows between them than can be told apart, and how many there are."""
    between = Counter((picture.stacks.get(start), picture.stacks.get(end)) for start, end in bundles)
    return {pair: count for pair, count in between.items() if None not in pair and count > MOST_BETWEEN_STACKS}


def _place(picture: Picture, name: str) -> str:
    """Return where an arrow starts or ends: at a box, or at its place in a stack."""
    return f"{picture.stacks[name]}:{name}" if name in picture.stacks else name


def _draw_constant_arrows(graph: Any, line: Line) -> None:
    for position in drawn_constants(line):
        name = arrow_class(line.index, position)
        graph.edge(f"n{line.index}c{position}", f"n{line.index}", **{"class": name}, style="dashed", tooltip=" ")


def _draw_arrow(graph: Any, picture: Picture, line: Line, position: int, operand: Operand) -> None:
    share = picture.edges.get((line.index, position))
    name = arrow_class(line.index, position)
    attributes = {"class": name, "tooltip": _tooltip(f"∂{line.name}/∂{operand.name} = {_exact(operand.slope or 0.0)}")}
    if share is not None and picture.chain:
        told = f"{number(share.adjoint)} × {factor(share.slope)} = ", number(share.share)
        before, total = told if picture.numbers is None else picture.numbers.arrows.get(name, told)
        attributes["label"] = f'< {before}<B><FONT COLOR="{picture.theme.grad}">{total}</FONT></B> >'
    graph.edge(f"n{operand.index}", f"n{line.index}", **attributes)


def arrow_class(result: int, position: int) -> str:
    """Return the class of an arrow between two values: from an operand of a line, by their positions."""
    return f"e{result}_{position}"


def bundle_class(start: str, end: str) -> str:
    """Return the class of an arrow that stands for all edges from a box to another, by their names."""
    return f"b{start}_{end}"


# -- text ------------------------------------------------------------------------------------------------------------


def _exact(number: float) -> str:
    return exact(number).replace("-", "−")


def _dim(text: str, theme: Theme) -> str:
    return f'<FONT COLOR="{theme.dim}" POINT-SIZE="10">{text}</FONT>'


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
