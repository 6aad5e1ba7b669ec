"""The picture of a tape on which numbers appear: Graphviz's SVG, with the texts of cards and arrows exchanged.

The picture is that of `autograd.show.graph`, laid out once with room for the widest number of each card. This room
knows the markup of that picture; what appears when stands in `autograd.show.walk`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from autograd.show.themes import THEMES
from autograd.show.walk import Shown, Walk

__all__ = ["LIGHT", "TITLE", "Stage", "prepared", "unlinked"]

LIGHT = THEMES["light"]
TITLE = "{http://www.w3.org/1999/xlink}title"


class Stage(NamedTuple):
    """A picture for a page, and its size in pixels."""

    svg: str
    width: int
    height: int


def prepared(drawn: str, walk: Walk) -> Stage:
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
            unlinked(group)
        else:
            graph.remove(group)
    for element in picture.iter():
        _tidy(element)
    width, height = (round(float(number) * 4 / 3) for number in picture.get("viewBox", "").split()[2:])
    about = f"The computation of {walk.name} as a graph: each card has a value and a {walk.word}"
    picture.attrib = {"viewBox": picture.get("viewBox", ""), "role": "img", "aria-label": about}
    picture.set("style", f"width:100%;min-width:{round(width * 0.8)}px;max-width:{width}px")
    return Stage(ElementTree.tostring(picture, encoding="unicode", short_empty_elements=False), width, height)


def _prepare_card(group: ElementTree.Element, name: str, walk: Walk) -> None:
    content = unlinked(group)
    if not name:
        _prepare_stack(group, walk)
    elif name in walk.cards:
        _fill(content, walk.cards[name], _at_work(walk, name))


def _prepare_stack(group: ElementTree.Element, walk: Walk) -> None:
    """Let every card of a stack be a group of its own, as other cards are."""
    group.set("class", "column")
    for anchor in group.findall("g"):
        name = anchor.get("id", "").removeprefix("a_")
        group.remove(anchor)
        card = ElementTree.SubElement(group, "g", {"class": f"node {name}"})
        link = anchor[0]
        ElementTree.SubElement(card, "title").text = link.get(TITLE)
        card.extend(link)
        _fill(card, walk.cards[name], _at_work(walk, name))


def _fill(card: ElementTree.Element, rows: Sequence[Sequence[Shown]], steps_at_work: str) -> None:
    """Put what a walk shows in the place of a card's numbers, each with the step that it appears at."""
    _align(card.findall("text"))
    frame = card.findall("polygon")
    right = max(x for x, _ in _points(frame[-1])) - 4.0
    for row, attributes in zip(rows, _cleared(card)):
        for each, after in zip(row, [*row[1:], None]):
            card.append(_text(each, after, {**attributes, "x": f"{right:g}", "text-anchor": "end"}))
    card.insert(0, _ring(_points(frame[0]), steps_at_work))


def _cleared(card: ElementTree.Element) -> Iterable[dict[str, str]]:
    """Remove the numbers of a card, and return the attributes of each row, from the top."""
    found: dict[float, dict[str, str]] = {}
    for text in card.findall("text"):
        if text.get("fill") in (LIGHT.value.lower(), LIGHT.grad.lower()):
            card.remove(text)
            found[float(text.get("y", ""))] = text.attrib
    return [found[y] for y in sorted(found)]


def _align(texts: Sequence[ElementTree.Element]) -> None:
    """Let small words stand on the line of the larger text beside them."""
    lines_of_text = [float(text.get("y", "")) for text in texts if text.get("font-size") == "12.00"]
    for text in texts:
        y = float(text.get("y", ""))
        text.set("y", f"{next((line for line in lines_of_text if abs(line - y) < 3.0), y):g}")


def _prepare_arrow(group: ElementTree.Element, name: str, walk: Walk) -> None:
    unlinked(group)
    texts = group.findall("text")
    shown = walk.arrows.get(name)
    if shown is not None and texts:
        label = ElementTree.SubElement(group, "g", {"class": f"t f{shown.since} product"})
        for text in texts:
            group.remove(text)
            label.append(text)
    group.set("class", f"arrow {_at_work(walk, name)}".rstrip())


def unlinked(group: ElementTree.Element) -> ElementTree.Element:
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


def _text(shown: Shown, after: Shown | None, attributes: dict[str, str]) -> ElementTree.Element:
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


def _at_work(walk: Walk, name: str) -> str:
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
