"""The network as a diagram: a box per neuron with what it computes, a line per weight.

A line is as wide as its weight is large, blue and solid above 0, orange and dashed below; its number shows when the
pointer rests on it. In a box stands what is best to look at: with two inputs the neuron's output over the plane of the
inputs, with one input its curve, with more its weights as bars.

This room knows how a network is laid out. It does not know how it was trained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from nn.show.curves import frame_class, trail
from nn.show.frames import NEURON_GRID, Column, Domain, Frame
from nn.show.pixels import data_uri, signed_pixels
from nn.show.scales import Scale, bounded
from nn.show.text import clipped, escaped, short, signed_text

__all__ = ["MOST_NEURONS", "network", "weight_line"]

Array = Any

MOST_NEURONS = 16
"""Neurons of a layer that are drawn; of more inputs than this only one box is drawn for all."""

MOST_PICTURES = 10
"""Neurons of a layer that are drawn if their weights are pictures, which need room."""

BOX = 52.0
GAP = 62.0
TALLEST = 640.0
"""Height up to which the page enlarges the diagram."""

ROOMY = 430.0
"""Width up to which the gaps of a network with few layers grow."""

HEAD = 38.0
FOOT = 22.0
LABELLED = 64.0
"""Distance of boxes that have a name above them."""

EDGE = 6.0
LETTER = 6.1
HEAD_LETTER = 6.7
"""Width of a letter of a heading, about."""

LONGEST = 16
WIDEST_LINE = 6.0
THINNEST_LINE = 0.4
FAINTEST = 0.3


class _Box(NamedTuple):
    """Where a box stands: its left edge, its top, its width, its height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.y + self.height / 2.0


class _Plan(NamedTuple):
    """Where everything stands.

    Attributes:
        inputs: the boxes of the inputs.
        neurons: per column the boxes of its neurons.
        width, height: of the picture.
    """

    inputs: list[_Box]
    neurons: list[list[_Box]]
    width: float
    height: float


def network(
    columns: Sequence[Column],
    frames: Sequence[Frame],
    features: Sequence[str],
    domain: Domain | None,
    picture: tuple[int, int] | None = None,
) -> str:
    """Return the diagram of a network in every frame, as SVG.

    Args:
        columns: its layers.
        frames: its snapshots.
        features: what the inputs are called.
        domain: the plane or line of inputs that the frames' responses belong to; None with more inputs.
        picture: (rows, columns) if the inputs are the pixels of a picture: the weights are then shown as one.
    """
    plan = _plan(columns, features, domain, MOST_PICTURES if picture else MOST_NEURONS)
    largest = _limit([weight for frame in frames for rows in frame.rows for weight in rows[:, :-1].ravel()])
    lines = "".join(_group(k, _lines(frame, plan, largest, features)) for k, frame in enumerate(frames))
    insides = "".join(
        _group(k, _insides(frame, plan, columns, domain is not None, picture)) for k, frame in enumerate(frames)
    )
    label = f"The network: {len(features)} inputs, then layers of {', '.join(map(_size, columns))}"
    widest = min(1.6, TALLEST / plan.height) * plan.width
    return (
        f'<svg viewBox="0 0 {plan.width:.0f} {plan.height:.0f}" role="img" aria-label="{escaped(label)}" '
        f'style="min-width:{0.72 * plan.width:.0f}px;max-width:{widest:.0f}px">'
        f"{_heads(columns, plan, len(features))}{lines}{_inputs(plan, features, domain)}{insides}{_rims(plan)}"
        f"{_left_out(columns, plan)}</svg>"
    )


def _group(position: int, content: str) -> str:
    return f'<g class="{frame_class(position)}">{content}</g>'


# -- where everything stands -----------------------------------------------------------------------------------------


def _plan(columns: Sequence[Column], features: Sequence[str], domain: Domain | None, limit: int) -> _Plan:
    counts = [min(len(column.layer.neurons), limit) for column in columns]
    most = max(counts)
    shown = len(features) if len(features) <= MOST_NEURONS else 1
    pitch = max(32.0, min(52.0, 400.0 / max(most, shown)))
    input_pitch = pitch if domain is None else max(pitch, LABELLED)
    body = max(most * pitch, shown * input_pitch)
    middle = HEAD + body / 2.0
    names = [clipped(name, LONGEST) for name in features] if shown > 1 else []
    width = BOX if domain is not None else max([BOX, 64.0, *(LETTER * len(name) + 14.0 for name in names)])
    gap = max(GAP, (ROOMY - width - BOX * len(columns)) / len(columns))
    inputs = _stack(EDGE, width, shown, input_pitch, pitch - 10.0, middle)
    foot = FOOT if any(len(column.layer.neurons) > limit for column in columns) else EDGE
    neurons: list[list[_Box]] = []
    x = EDGE + width + gap
    for count in counts:
        neurons.append(_stack(x, BOX, count, pitch, pitch - 10.0, middle))
        x += BOX + gap
    last = _words(len(columns) - 1, columns[-1])
    right = max(BOX / 2.0, HEAD_LETTER * max(map(len, last)) / 2.0) + EDGE
    return _Plan(inputs, neurons, x - gap - BOX / 2.0 + right, HEAD + body + foot)


def _stack(x: float, width: float, count: int, pitch: float, height: float, middle: float) -> list[_Box]:
    """Return boxes one below the other, around a middle."""
    height = min(height, 40.0)
    top = middle - count * pitch / 2.0 + (pitch - height) / 2.0
    return [_Box(x, top + k * pitch, width, height) for k in range(count)]


# -- what is the same in all frames ----------------------------------------------------------------------------------


def _heads(columns: Sequence[Column], plan: _Plan, n_inputs: int) -> str:
    heads = [_head(plan.inputs[0], "inputs", str(n_inputs))]
    for k, (column, boxes) in enumerate(zip(columns, plan.neurons)):
        heads.append(_head(boxes[0], *_words(k, column)))
    return "".join(heads)


def _words(k: int, column: Column) -> tuple[str, str]:
    """Return what stands above a column: its name, and its size with its activation."""
    return clipped(column.layer.name or f"layer {k}", 14), clipped(_size(column), 16)


def _head(box: _Box, first: str, second: str) -> str:
    x = box.x + box.width / 2.0
    return (
        f'<text class="head middle" x="{x:.1f}" y="12">{escaped(first)}</text>'
        f'<text class="tick middle" x="{x:.1f}" y="26">{escaped(second)}</text>'
    )


def _size(column: Column) -> str:
    names = [stage.activation.name for stage in column.stages if hasattr(stage, "activation")]
    told = [name for name in names if name != "identity"] or names[:1]
    return f"{len(column.layer.neurons)} {' '.join(told)}"


def _inputs(plan: _Plan, features: Sequence[str], domain: Domain | None) -> str:
    if len(plan.inputs) != len(features):
        return _pill(plan.inputs[0], f"{len(features)} inputs", f"all {len(features)} inputs")
    if domain is None:
        return "".join(_pill(box, clipped(name, LONGEST), name) for box, name in zip(plan.inputs, features))
    points = domain.grid(NEURON_GRID)
    middles = [(low + high) / 2.0 for low, high in zip(domain.lows, domain.highs)]
    inside = _plane if len(features) == 2 else _curve
    return "".join(
        inside(points[:, k] - middles[k], float(domain.highs[k] - middles[k]), box)
        + f'<text class="tick" x="{box.x:.1f}" y="{box.y - 4.0:.1f}">{escaped(clipped(name, LONGEST))}'
        f"<title>{escaped(name)}</title></text>"
        for k, (box, name) in enumerate(zip(plan.inputs, features))
    )


def _pill(box: _Box, shown: str, full: str) -> str:
    x, y = box.x + box.width / 2.0, box.middle + 4.0
    return (
        f"<g><title>{escaped(full)}</title>{_rectangle(box, 'pill')}"
        f'<text class="tick middle" x="{x:.1f}" y="{y:.1f}">{escaped(shown)}</text></g>'
    )


def _rims(plan: _Plan) -> str:
    return "".join(_rectangle(box, "rim") for boxes in (plan.inputs, *plan.neurons) for box in boxes)


def _rectangle(box: _Box, kind: str) -> str:
    place = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
    return f'<rect class="{kind}" {place} rx="3"/>'


def _left_out(columns: Sequence[Column], plan: _Plan) -> str:
    """Return how many neurons are not drawn, below the columns that have too many."""
    texts: list[str] = []
    for column, boxes in zip(columns, plan.neurons):
        more = len(column.layer.neurons) - len(boxes)
        if more:
            last = boxes[-1]
            x, y = last.x + BOX / 2.0, last.y + last.height + 17.0
            texts.append(f'<text class="tick middle" x="{x:.1f}" y="{y:.1f}">… and {more} more</text>')
    return "".join(texts)


# -- the weights -----------------------------------------------------------------------------------------------------


def _lines(frame: Frame, plan: _Plan, largest: float, features: Sequence[str]) -> str:
    pieces: list[str] = []
    sources = plan.inputs
    for k, (rows, boxes) in enumerate(zip(frame.rows, plan.neurons)):
        if k == 0 and len(sources) != len(features):
            pieces += [f'<path class="bundle" d="{_path(sources[0], box)}"/>' for box in boxes]
        else:
            names = features if k == 0 else [f"neuron {i}" for i in range(len(sources))]
            pieces += [
                weight_line(float(rows[to, start]), largest, _path(source, box), f"{names[start]} to neuron {to}")
                for to, box in enumerate(boxes)
                for start, source in enumerate(sources)
            ]
        sources = boxes
    return "".join(pieces)


def weight_line(weight: float, largest: float, path: str, name: str) -> str:
    """Return the line of a weight: its width tells its size, its class the sign.

    Args:
        weight: any; nan is drawn as thin as 0.
        largest: size of the widest line; above 0.
        path: where it runs, in the words of SVG.
        name: what it connects, for its tooltip.
    """
    share = min(abs(weight) / largest, 1.0) if weight == weight else 0.0
    width, strength = max(THINNEST_LINE, WIDEST_LINE * share), FAINTEST + (1.0 - FAINTEST) * share
    return (
        f'<path class="{"neg" if weight < 0.0 else "pos"}" d="{path}" stroke-width="{width:.1f}" '
        f'opacity="{strength:.2f}"><title>{escaped(name)}: {signed_text(weight)}</title></path>'
    )


def _path(source: _Box, target: _Box) -> str:
    """Return a smooth line from the right side of a box to the left side of another."""
    x1, x2, y1, y2 = source.x + source.width, target.x, source.middle, target.middle
    half = (x1 + x2) / 2.0
    return f"M{x1:.0f} {y1:.0f}C{half:.0f} {y1:.0f} {half:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"


# -- what stands in the boxes ----------------------------------------------------------------------------------------


def _insides(
    frame: Frame, plan: _Plan, columns: Sequence[Column], on_grid: bool, picture: tuple[int, int] | None
) -> str:
    draw = _filled(frame, on_grid, picture)
    pieces: list[str] = []
    for k, (column, boxes) in enumerate(zip(columns, plan.neurons)):
        name = column.layer.name or f"layer {k}"
        for neuron, box in enumerate(boxes):
            bias = signed_text(float(frame.rows[k][neuron, -1]))
            title = f"{name}, neuron {neuron}: bias {bias}{_range(frame, k, neuron)}"
            pieces.append(f"<g><title>{escaped(title)}</title>{draw(k, neuron, box)}</g>")
    return "".join(pieces)


def _range(frame: Frame, column: int, neuron: int) -> str:
    if not frame.responses:
        return ""
    outputs = frame.responses[column][:, neuron]
    return f", output {short(float(outputs.min()))} to {short(float(outputs.max()))}"


def _filled(frame: Frame, on_grid: bool, picture: tuple[int, int] | None) -> Callable[[int, int, _Box], str]:
    """Return the function (column, neuron, box) -> what stands in the box."""
    limits = [_limit(numbers) for numbers in (frame.responses if on_grid else [rows[:, :-1] for rows in frame.rows])]
    plane = on_grid and frame.responses[0].shape[0] == NEURON_GRID[0] * NEURON_GRID[1]

    def inside(column: int, neuron: int, box: _Box) -> str:
        if on_grid:
            outputs = frame.responses[column][:, neuron]
            return _plane(outputs, _limit(outputs), box) if plane else _curve(outputs, limits[column], box)
        weights = frame.rows[column][neuron, :-1]
        if column == 0 and picture is not None:
            return _image(weights.reshape(picture), limits[0], _shaped(box, *picture), sharp=True)
        return _bars(weights.tolist(), limits[column], box)

    return inside


def _limit(numbers: Array) -> float:
    """Return the largest finite magnitude among numbers: what is drawn in full width or colour, or to the rim."""
    import numpy as np

    return bounded(float(np.abs(np.nan_to_num(numbers, posinf=0.0, neginf=0.0)).max())) or 1.0


def _plane(outputs: Array, limit: float, box: _Box) -> str:
    across, down = NEURON_GRID
    return _image(outputs.reshape(down, across), limit, box)


def _image(numbers: Array, limit: float, box: _Box, sharp: bool = False) -> str:
    return (
        f'<image x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
        f'preserveAspectRatio="none"{" class=sharp" if sharp else ""} '
        f'href="{data_uri(signed_pixels(numbers, limit))}"/>'
    )


def _shaped(box: _Box, rows: int, columns: int) -> _Box:
    """Return the largest place of a picture's shape in the middle of a box."""
    side = min(box.height / rows, box.width / columns)
    width, height = side * columns, side * rows
    return _Box(box.x + (box.width - width) / 2.0, box.middle - height / 2.0, width, height)


def _curve(outputs: Array, limit: float, box: _Box) -> str:
    across = Scale(0.0, len(outputs) - 1.0, box.x + 2.0, box.x + box.width - 2.0)
    upward = Scale(-limit, limit, box.y + box.height - 3.0, box.y + 3.0)
    points = list(enumerate(outputs.tolist()))[::4]
    return (
        f'{_rectangle(box, "inside")}<path class="grid" d="M{box.x:.1f} {box.middle:.1f}h{box.width:.1f}"/>'
        f'<path class="curve c0" d="{trail(points, across, upward)}"/>'
    )


def _bars(weights: Sequence[float], limit: float, box: _Box) -> str:
    """Return the weights as bars: up and blue above 0, down and orange below."""
    step = (box.width - 4.0) / len(weights)
    width = max(0.82 * step, step - 1.5)
    half = box.height / 2.0 - 2.0
    up, down = "", ""
    for k, weight in enumerate(weights):
        height = half * max(-1.0, min(1.0, weight / limit)) if weight == weight else 0.0
        bar = f"M{box.x + 2.0 + k * step:.1f} {box.middle:.1f}v{-height:.1f}h{width:.1f}v{height:.1f}z"
        up, down = (up, down + bar) if weight < 0.0 else (up + bar, down)
    return (
        f'{_rectangle(box, "inside")}<path class="bar-pos" d="{up}"/><path class="bar-neg" d="{down}"/>'
        f'<path class="grid" d="M{box.x:.1f} {box.middle:.1f}h{box.width:.1f}"/>'
    )
