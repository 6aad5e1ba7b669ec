"""What the model answers over its inputs, with the samples: a coloured plane for two inputs, curves for one.

Each class has a shape of its own. Samples that were trained on are filled, the others hollow; all have a dark rim.

This room knows how answers and samples are drawn. It does not know how they came about.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from nn.show.curves import STYLES, axes, frame_class, ladder, trail
from nn.show.frames import CURVE_POINTS, Domain, Frame
from nn.show.pixels import BLUE, CLASS_COLOURS, ORANGE, class_pixels, data_uri, hex_colour, signed_pixels
from nn.show.reading import Reading, number_of
from nn.show.scales import Scale, bounded, spread
from nn.show.text import clipped, escaped, short

__all__ = ["MOST_POINTS", "Samples", "mark", "plane_pixels", "shapes", "surface"]

WIDTH, HEIGHT = 400, 380
LEFT, RIGHT, TOP, BOTTOM = 48, 390, 8, 338
LABELS = 80
"""Room for the names of curves, beside them."""

GREY = "#9aa1ab"

PALE = 0.72
"""Strength of the colours behind samples, which have the whole ones."""

MOST_POINTS = 600
"""Samples drawn of each kind; of more, every second, third or so is drawn."""

SHAPES = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "M-3.6-3.6h7.2v7.2h-7.2z",
    "M0-4.6l4.3 7.6h-8.6z",
    "M0-5l5 5l-5 5l-5-5z",
    "M0 4.6l4.3-7.6h-8.6z",
    "M-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z",
    "M-4.5-2.5h9v5h-9z",
    "M-2.5-4.5h5v9h-5z",
)
"""A shape for each class: circle, square, triangle, diamond, triangle upside down, cross, and two bars."""


class Samples(NamedTuple):
    """Samples of one kind.

    Attributes:
        kind: what they were used for, such as "training".
        inputs: one sequence of numbers per sample.
        targets: one per sample, as the loss takes them.
        filled: whether they are drawn filled.
    """

    kind: str
    inputs: Sequence[Any]
    targets: Sequence[Any]
    filled: bool


class _Axis(NamedTuple):
    """One input on an axis: its range as the model sees it, in its own unit, and its name."""

    scale: Scale
    in_unit: Scale
    name: str


def surface(
    frames: Sequence[Frame],
    domain: Domain,
    reading: Reading,
    parts: Sequence[Samples],
    features: Sequence[str],
    standardization: Any = None,
) -> str:
    """Return the picture of a model over its one or two inputs with a key; nothing where its outputs cannot be drawn.

    Args:
        frames: its snapshots.
        domain: the inputs that are shown.
        reading: what outputs mean.
        parts: the samples.
        features: what the inputs are called.
        standardization: what the inputs were standardized with; the axes are then in the original units.
    """
    if reading.kind == "numbers" or (
        len(features) == 1 and reading.kind == "class" and reading.row.probabilities is None
    ):
        return ""
    draw = _plane if len(features) == 2 else _curves
    return draw(frames, domain, reading, parts, features, standardization)


# -- two inputs ------------------------------------------------------------------------------------------------------


def _plane(
    frames: Sequence[Frame],
    domain: Domain,
    reading: Reading,
    parts: Sequence[Samples],
    features: Sequence[str],
    standardization: Any,
) -> str:
    x, y = (_axis(domain, k, features, standardization, RIGHT) for k in range(2))
    targets = [number_of(target) for part in parts for target in part.targets] if reading.kind == "number" else []
    low, high = spread(targets)
    place = f'x="{LEFT}" y="{TOP}" width="{RIGHT - LEFT}" height="{BOTTOM - TOP}"'
    images = "".join(
        f'<image class="{frame_class(k)}" {place} preserveAspectRatio="none" '
        f'href="{data_uri(plane_pixels(frame.outputs, reading, low, high))}"/>'
        for k, frame in enumerate(frames)
    )
    points = "".join(
        _points([(x.scale(a), y.scale(b), mark(reading, target, low, high)) for (a, b), target in _some(part)], part)
        for part in parts
    )
    label = f"What the model answers over {features[0]} and {features[1]}, with the samples"
    side_word = (
        f'<text class="tick middle" transform="translate(12 {(TOP + BOTTOM) / 2}) rotate(-90)">'
        f"{escaped(clipped(y.name, 40))}</text>"
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escaped(label)}">'
        f'{images}<rect class="rim" {place}/>{axes(x.in_unit, y.in_unit, x.name, lines=False)}{side_word}{points}</svg>'
        f"{_key(reading, parts, _bar(low, high) if reading.kind == 'number' else '')}"
    )


def plane_pixels(outputs: Any, reading: Reading, low: float, high: float) -> Any:
    """Return the colours of the plane, row by row.

    Args:
        outputs: of the model on a square grid, as an array (points, outputs).
        reading: what they mean.
        low: end of the range of the targets, where they are numbers.
        high: the other end.
    """
    side = math.isqrt(len(outputs))  # the grid is a square
    if reading.kind == "class":
        return class_pixels(reading.shares(outputs).reshape(side, side, -1), PALE)
    if reading.kind == "side":
        return signed_pixels(reading.sides(outputs).reshape(side, side), 1.0 / PALE)
    return signed_pixels(outputs.reshape(side, side) - (low + high) / 2.0, (high - low) / (2.0 * PALE))


def mark(reading: Reading, target: Any, low: float, high: float) -> tuple[int, str]:
    """Return (number of the shape, colour) of a sample.

    Args:
        reading: what targets mean.
        target: of the sample.
        low: end of the range of all targets, where they are numbers.
        high: the other end.
    """
    if reading.kind == "number":
        middle, half = (low + high) / 2.0, (high - low) / 2.0
        return 0, hex_colour(_signed_colour((number_of(target) - middle) / half))
    shape = reading.class_of(target) or 0
    return shape, _class_colour(reading, shape)


def _signed_colour(share: float) -> tuple[int, int, int]:
    import numpy as np

    red, green, blue = signed_pixels(np.array([[share]]), 1.0)[0, 0].tolist()
    return red, green, blue


def _class_colour(reading: Reading, position: int) -> str:
    if reading.kind == "side":
        return hex_colour((ORANGE, BLUE)[position % 2])
    return hex_colour(CLASS_COLOURS[position % len(CLASS_COLOURS)])


# -- one input -------------------------------------------------------------------------------------------------------


def _curves(
    frames: Sequence[Frame],
    domain: Domain,
    reading: Reading,
    parts: Sequence[Samples],
    features: Sequence[str],
    standardization: Any,
) -> str:
    names = [f"p({name})" for name in reading.classes] if reading.kind == "class" else []
    x = _axis(domain, 0, features, standardization, RIGHT - LABELS * bool(names))
    heights = [[_height(reading, target) for target in part.targets] for part in parts]
    numbers = [number for frame in frames[-1:] for column in _answers(frame, reading) for number in column]
    low, high = spread([0.0, 1.0] if names else [*numbers, *(h for column in heights for h in column)], 0.05)
    upward = Scale(low, high, BOTTOM, TOP)
    lines = "".join(
        f'<g class="{frame_class(k)}">{_lines(_answers(frame, reading), domain, x.scale, upward, names)}</g>'
        for k, frame in enumerate(frames)
    )
    points = "".join(
        _points(
            [
                (x.scale(float(a)), upward(h), _mark_on_line(reading, t))
                for ((a,), t), h in _with_heights(part, reading)
            ],
            part,
        )
        for part in parts
        if not names
    )
    box = f"{LEFT} {TOP} {x.scale.end - LEFT:.0f} {BOTTOM - TOP}".split()
    clip = '<clipPath id="curves"><rect x="{}" y="{}" width="{}" height="{}"/></clipPath>'.format(*box)
    label = f"What the model answers over {features[0]}, with the samples"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escaped(label)}">{clip}'
        f'{axes(x.in_unit, upward, x.name)}{points}<g clip-path="url(#curves)">{lines}</g>'
        f"{_names(names, frames, reading, x.scale, upward)}</svg>{'' if names else _key(reading, parts)}"
    )


def _with_heights(part: Samples, reading: Reading) -> list[tuple[tuple[Any, Any], float]]:
    return [((sample, target), _height(reading, target)) for sample, target in _some(part)]


def _mark_on_line(reading: Reading, target: Any) -> tuple[int, str]:
    if reading.kind == "side":
        return mark(reading, target, 0.0, 1.0)
    return 0, hex_colour(ORANGE)


def _height(reading: Reading, target: Any) -> float:
    """Return where a sample stands: a number at its height, a side at −1 or 1 (or as its probability, 0 or 1)."""
    if reading.kind == "number":
        return number_of(target)
    second = float(reading.class_of(target) or 0)
    return second if reading.row.probabilities is not None else 2.0 * second - 1.0


def _answers(frame: Frame, reading: Reading) -> list[list[float]]:
    """Return the curves to draw: probabilities where there are any, else the outputs."""
    if reading.kind == "class":
        columns: list[list[float]] = reading.shares(frame.outputs).T.tolist()
        return columns
    if reading.kind == "side" and reading.row.probabilities is not None:
        return [(0.5 * (reading.sides(frame.outputs) + 1.0)).tolist()]
    return [frame.outputs[:, 0].tolist()]


def _lines(
    columns: Sequence[Sequence[float]], domain: Domain, across: Scale, upward: Scale, names: Sequence[str]
) -> str:
    step = (domain.highs[0] - domain.lows[0]) / (CURVE_POINTS - 1)
    places = [domain.lows[0] + k * step for k in range(CURVE_POINTS)]
    kind = "curve" if names else "curve bold"
    return "".join(
        f'<path class="{kind} c{k % STYLES}" d="{trail(zip(places, column), across, upward)}"/>'
        for k, column in enumerate(columns)
    )


def _names(names: Sequence[str], frames: Sequence[Frame], reading: Reading, across: Scale, upward: Scale) -> str:
    pieces: list[str] = []
    for k, frame in enumerate(frames):
        ends = [upward(column[-1]) for column in _answers(frame, reading)] if names else []
        texts = "".join(
            f'<text class="name t{i % STYLES}" x="{across.end + 6:.0f}" y="{place + 4:.1f}">'
            f"{escaped(clipped(name, 12))}</text>"
            for i, (name, place) in enumerate(zip(names, ladder(ends, TOP + 6, BOTTOM)))
        )
        pieces.append(f'<g class="{frame_class(k)}">{texts}</g>')
    return "".join(pieces) if names else ""


# -- samples, axes, key ----------------------------------------------------------------------------------------------


def _axis(domain: Domain, k: int, features: Sequence[str], standardization: Any, right: float) -> _Axis:
    start, end = (LEFT, right) if k == 0 else (BOTTOM, TOP)
    low, high = domain.lows[k], domain.highs[k]
    scale = Scale(low, high, start, end)
    if standardization is None:
        return _Axis(scale, scale, features[k])
    mean, deviation = standardization.means[k], standardization.deviations[k]
    ends = bounded(mean + low * deviation), bounded(mean + high * deviation)
    return _Axis(scale, Scale(*ends, start, end), features[k])


def _some(part: Samples) -> Iterable[tuple[Any, Any]]:
    """Return pairs (inputs, target), at most `MOST_POINTS` at even steps."""
    step = -(-len(part.inputs) // MOST_POINTS)
    return list(zip(part.inputs, part.targets))[:: max(step, 1)]


def _points(points: Sequence[tuple[float, float, tuple[int, str]]], part: Samples) -> str:
    """Return samples as small shapes, those of one look together."""
    looks: dict[tuple[int, str], list[str]] = {}
    for x, y, look in points:
        looks.setdefault(look, []).append(f'<use href="#k{look[0] % len(SHAPES)}" x="{x:.1f}" y="{y:.1f}"/>')
    return "".join(_look(colour, part.filled, "".join(uses)) for (_, colour), uses in looks.items())


def _look(colour: str, filled: bool, content: str) -> str:
    return f'<g class="sample" fill="{colour if filled else "#ffffff"}">{content}</g>'


def shapes() -> str:
    """Return the definitions of the shapes, hidden, to stand once in a page before they are used."""
    paths = "".join(f'<path id="k{k}" d="{shape}"/>' for k, shape in enumerate(SHAPES))
    return f'<svg class="defs" width="0" height="0" aria-hidden="true"><defs>{paths}</defs></svg>'


def _key(reading: Reading, parts: Sequence[Samples], bar: str = "") -> str:
    """Return what shapes, colours and filling mean."""
    entries = [
        _entry(_look(_class_colour(reading, k), True, f'<use href="#k{k % len(SHAPES)}"/>'), name)
        for k, name in enumerate(reading.classes)
    ]
    entries += [_entry(_look(GREY, part.filled, '<use href="#k0"/>'), _told(part)) for part in parts]
    return f'<p class="key">{bar}{"".join(entries)}</p>'


def _bar(low: float, high: float) -> str:
    return f'<span>{short(low)} <i class="scale"></i> {short(high)}</span>'


def _entry(mark: str, name: str) -> str:
    return (
        f'<span><svg viewBox="-7 -7 14 14" width="14" height="14" aria-hidden="true">{mark}</svg> '
        f"<bdi>{escaped(name)}</bdi></span>"
    )


def _told(part: Samples) -> str:
    drawn, there = len(list(_some(part))), len(part.inputs)
    return f"{part.kind} samples" if drawn == there else f"{part.kind} samples ({drawn} of {there} drawn)"
