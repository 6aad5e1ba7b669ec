"""The network as in a textbook: a column of circles for each layer, a line for each weight, as one SVG picture.

A line is as wide as its weight is large, blue and solid above 0, orange and dashed below. What has no neurons
(activations, dropout, normalization) is a thin band behind the layer that it follows. Numbers show when the pointer
rests on a line or a circle; with a sample, what each neuron answers stands in its circle.

This room knows how a model is taken apart into columns, and where they stand. It does not know what a layer computes,
how it was trained, nor how a run is shown (`nn.show`). The picture needs no style, no script and no other file, so that
several of them stand on one page.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from autograd import Value, no_grad
from nn.checks import counted, real
from nn.files import atomic_write
from nn.layers import MLP, Layer, Neuron
from nn.module import Module, evaluating, plain
from nn.shapes import listed, sample_of
from nn.show.network import LONGEST, MOST_NEURONS, WIDEST_LINE, weight_line
from nn.show.page import DARK, LIGHT
from nn.show.text import clipped, escaped, short, signed_text
from nn.stages import Activation, BatchNorm, Dropout, Sequential

__all__ = ["Diagram", "network_diagram"]

KINDS = (Neuron, Layer, MLP, Sequential, Activation, BatchNorm, Dropout)
"""What can be drawn; what derives from these too, unless it computes something of its own."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
INPUT_FILLS = {"light": "#cfebdd", "dark": "#1d3b31"}
NO_XML = {0xFFFE: 0xFFFD, 0xFFFF: 0xFFFD}
"""Two characters that may stand in HTML, yet not in XML."""

DASHES = {"neg": "6 4", "none": "1 3"}
"""Of lines below 0, and of those that are no number."""

HEAD = 58.0
FOOT = 26.0
KEY_ROW = 22.0
EDGE = 18.0
SHORTEST = 120.0
"""Height of the columns at least: the name of a band fits."""

TALLEST = 560.0
"""Height up to which circles keep apart from each other as they like."""

BAND = 22.0
STUB = 14.0
LETTER = 6.3
"""Width of a letter of 11 pixels, about."""

FULL_LINES = 48
"""Lines between two columns that are drawn at full width; of more lines each gets thinner."""

MOST_NUMBERS = 8
"""Inputs of a single neuron up to which the weights are written on the lines."""

LONGEST_NUMBER = 6
"""Characters of a number that fit into a circle."""


class Diagram:
    """A picture of a network: in a notebook it shows itself, elsewhere `save` it.

    Attributes:
        svg: the picture as SVG.
        about: what it shows, in a few words.

    Example:
        >>> network_diagram(MLP(2, [4, 1], "tanh"))
        <Diagram: 2 inputs, 4 tanh, 1 identity; 17 parameters>
    """

    def __init__(self, svg: str, about: str) -> None:
        self.svg = svg
        self.about = about

    def __repr__(self) -> str:
        return f"<Diagram: {self.about}>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file, all of it or nothing.

        Args:
            path: of the file; its name ends in .svg.

        Raises:
            ValueError: it ends in anything else.
            OSError: the file cannot be written.
        """
        ending = Path(path).suffix
        if ending.lower() != ".svg":
            raise ValueError(f"a network diagram is saved as .svg only, not as {ending or 'a file without ending'}")
        with atomic_write(path) as file:
            file.write(self.svg)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return the picture as notebooks ask for it, with a line of text for readers that show no pictures."""
        del include, exclude
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}


def network_diagram(
    model: Module,
    *,
    inputs: Sequence[Any] | None = None,
    features: Sequence[str] | None = None,
    theme: str = "light",
) -> Diagram:
    """Return the diagram of a network: a column of circles for each layer, a line for each weight.

    Of a layer of more than 16 neurons the first 8 and the last 8 are drawn. All lines are on one scale, on which the
    widest is the largest weight of the whole network.

    Args:
        model: a Neuron, Layer, Perceptron or MLP, or a Sequential of these with Activation, BatchNorm and Dropout.
        inputs: one sample: what each neuron answers, in evaluation mode, then stands in its circle.
        features: what the inputs are called, one name each; "x0", "x1" and so on by default.
        theme: "light" or "dark".

    Raises:
        TypeError: the model is made of anything else, or the inputs are no numbers.
        ValueError: the number of inputs or of names does not fit, or there is no such theme.

    Example:
        >>> gate = Neuron(2, "step")
        >>> gate.weights, gate.bias = [1.0, -2.0], 0.5
        >>> diagram = network_diagram(gate, inputs=[1.0, 0.0], features=["this", "but not that"])
        >>> diagram
        <Diagram: 2 inputs, 1 step; 3 parameters>
        >>> "but not that to neuron 0: −2" in diagram.svg
        True
    """
    colours = _colours(theme)
    columns = _columns(model, features)
    traced = None if inputs is None else _traced(model, columns, inputs)
    about = f"{', '.join(_told(column) for column in columns)}; {counted(len(model.parameters()), 'parameter')}"
    return Diagram(_Picture(columns, traced, colours).svg(f"Network: {about}"), about)


def _colours(theme: str) -> dict[str, str]:
    """Return the colours of a theme by the names that reports give them."""
    if theme not in INPUT_FILLS:
        raise ValueError(f'the theme of a diagram is "light" or "dark", not {theme!r}')
    rules = {"light": LIGHT, "dark": DARK}[theme].replace("\n", "").split(";")
    pairs = [rule.removeprefix("--").split(":") for rule in rules]
    return {name: colour for name, colour in pairs if colour.startswith("#")} | {"input": INPUT_FILLS[theme]}


# -- what a model is made of -----------------------------------------------------------------------------------------


class _Column(NamedTuple):
    """A column of circles with the bands behind it.

    Attributes:
        name: of the layer.
        names: of each circle, in full.
        stage: what computes the numbers of the circles; None for the inputs.
        neurons: in order; none for the inputs.
        bands: what is applied to the numbers before the next column.
    """

    name: str
    names: list[str]
    stage: Layer | Neuron | None
    neurons: list[Neuron]
    bands: list[Any]


def _columns(model: Any, features: Sequence[str] | None) -> list[_Column]:
    """Return the columns of a model, the inputs first."""
    stages = _stages(model)
    layers = [stage for stage in stages if isinstance(stage, (Layer, Neuron))]
    if not layers:
        raise TypeError(f"{type(model).__name__} has no neurons to draw: {_drawable()}")
    columns = [_Column("inputs", _features(features, layers[0].n_inputs), None, [], [])]
    for stage in stages:
        if isinstance(stage, (Layer, Neuron)):
            columns.append(_column(stage, len(columns) - 1, alone=len(layers) == 1))
        else:
            columns[-1].bands.append(stage)
    return columns


def _stages(model: Any) -> list[Any]:
    """Return what a model applies, one after the other, in parts that can be drawn."""
    if not any(_computes_as(model, kind) for kind in KINDS):
        raise TypeError(f"{_kind(model)} cannot be drawn as circles and lines: {_drawable()}")
    if isinstance(model, MLP):
        return [each for layer in model.layers for each in _stages(layer)]
    if isinstance(model, Sequential):
        return [each for stage in cast("Sequence[Any]", model.stages) for each in _stages(stage)]
    return [model]


def _computes_as(model: Any, kind: type[Module]) -> bool:
    """Return whether a model is of a kind, and computes what the kind says rather than something of its own."""
    return isinstance(model, kind) and all(
        getattr(type(model), name, None) is getattr(kind, name, None) for name in ("__call__", "outputs")
    )


def _kind(model: Any) -> str:
    return f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__


def _drawable() -> str:
    return (
        "a network diagram takes a Neuron, Layer, Perceptron or MLP, or a Sequential of these with Activation, "
        "BatchNorm and Dropout"
    )


def _features(features: Sequence[str] | None, n_inputs: int) -> list[str]:
    if features is None:
        return [f"x{k}" for k in range(n_inputs)]
    if isinstance(features, str):
        raise TypeError(f"features are a list of names, not the text {features!r}")
    if len(features) != n_inputs:
        raise ValueError(f"there are {n_inputs} inputs, but {len(features)} features: give one name for each input")
    return [str(name) for name in features]


def _column(stage: Layer | Neuron, position: int, alone: bool) -> _Column:
    if isinstance(stage, Neuron):
        return _Column("neuron", ["neuron 0"], stage, [stage], [])
    name = str(stage.name or ("" if alone else f"layer {position}"))
    names = [f"{name} neuron {k}".strip() for k in range(stage.n_outputs)]
    return _Column(name or "layer", names, stage, list(stage.neurons), [])


def _told(column: _Column) -> str:
    """Return the size of a column, and its activation."""
    if column.stage is None:
        return counted(len(column.names), "input")
    return f"{len(column.neurons)} {', '.join(_activations(column))}"


def _shape(columns: Sequence[_Column], k: int) -> str:
    """Return how many weights a column has."""
    return f"{counted(len(columns[k].names), 'neuron')} × {counted(len(columns[k - 1].names), 'weight')}"


def _activations(column: _Column) -> list[str]:
    """Return the names of the activations of a column, each once: neurons of a layer may have been exchanged."""
    if column.stage is not None and column.stage.activation.vector:
        return [column.stage.activation.name]
    return list(dict.fromkeys(neuron.activation.name for neuron in column.neurons))


def _traced(model: Module, columns: Sequence[_Column], inputs: Sequence[Any]) -> list[list[list[float]]]:
    """Return the numbers that one sample gives: per column those of the circles, then those behind each band."""
    given = sample_of(inputs, len(columns[0].names), model)
    numbers = [each.data if isinstance(each, Value) else real(each, "input of a diagram") for each in given]
    traced: list[list[list[float]]] = []
    with no_grad(), evaluating(model):
        for column in columns:
            traced.append([numbers] if column.stage is None else [listed(plain(column.stage(numbers)))])
            for band in column.bands:
                traced[-1].append(listed(plain(band(traced[-1][-1]))))
            numbers = traced[-1][-1]
    return traced


# -- where everything stands -----------------------------------------------------------------------------------------


class _Place(NamedTuple):
    """Where a column stands.

    Attributes:
        x: of the centers of its circles.
        heights: of the center of each circle that is drawn, by its position in the layer.
        gap: height of the words for those that are not drawn; None if all are.
        bands: left edges of the bands.
        start: where the lines to the next column begin.
    """

    x: float
    heights: dict[int, float]
    gap: float | None
    bands: list[float]
    start: float


class _Plan(NamedTuple):
    """Where everything stands.

    Attributes:
        places: of the columns.
        radius: of the circles.
        left: where the names of the inputs begin.
        bottom: of the columns.
        right: where the picture ends.
    """

    places: list[_Place]
    radius: float
    left: float
    bottom: float
    right: float


def _plan(columns: Sequence[_Column], roomy: bool, wide: bool) -> _Plan:
    """Return where everything stands.

    Args:
        columns: of the network.
        roomy: whether numbers stand in the circles.
        wide: whether numbers stand on the lines.
    """
    most = max(len(_slots(len(column.names))) for column in columns)
    pitch = min(60.0, max(44.0 if roomy else 30.0, TALLEST / most))
    body = max(most * pitch, SHORTEST)
    radius = min(22.0, (0.43 if roomy else 0.38) * pitch)
    gap = max(190.0 if wide else 132.0, 0.4 * body)
    x = EDGE + max(LETTER * len(clipped(name, LONGEST)) for name in columns[0].names) + 8.0 + radius
    places: list[_Place] = []
    for column in columns:
        places.append(_place(x, column, radius, pitch, HEAD + body / 2.0))
        x = places[-1].start + gap + (0.0 if column.bands else 2.0 * radius)
    arrows = places[-1].start + radius + STUB + 14.0 + (56.0 if columns[-1].bands else 4.0)
    right = max(arrows, places[-1].x + LETTER * len(_shape(columns, -1)) / 2.0 + EDGE)
    return _Plan(places, radius, EDGE, HEAD + body, right)


def _slots(count: int) -> list[int | None]:
    """Return which circles of a column are drawn, one below the other; None is the gap for all others."""
    if count <= MOST_NEURONS:
        return list(range(count))
    half = MOST_NEURONS // 2
    return [*range(half), None, *range(count - half, count)]


def _place(x: float, column: _Column, radius: float, pitch: float, middle: float) -> _Place:
    slots = _slots(len(column.names))
    top = middle - (len(slots) - 1) * pitch / 2.0
    heights = {slot: top + k * pitch for k, slot in enumerate(slots) if slot is not None}
    bands = [x + radius + STUB + k * (BAND + STUB) for k in range(len(column.bands))]
    gap = middle if None in slots else None
    return _Place(x, heights, gap, bands, bands[-1] + BAND if bands else x)


# -- the picture -----------------------------------------------------------------------------------------------------


class _Picture:
    """What is drawn, piece by piece.

    Args:
        columns: of the network, the inputs first.
        traced: what one sample gives in each column; None without a sample.
        colours: by name.
    """

    def __init__(
        self, columns: Sequence[_Column], traced: list[list[list[float]]] | None, colours: dict[str, str]
    ) -> None:
        self.columns = columns
        self.traced = traced
        self.colours = colours
        self.single = len(columns) == 2 and len(columns[1].names) == 1 and len(columns[0].names) <= MOST_NUMBERS
        self.plan = _plan(columns, roomy=traced is not None, wide=self.single)
        self.largest = _largest(columns)

    def svg(self, label: str) -> str:
        """Return the whole picture."""
        keys = self.key_rows(self.plan.right)
        key_width = max(sum(map(_key_width, row)) for row in keys)
        width = max(self.plan.right, key_width + 2.0 * EDGE)
        height = self.plan.bottom + FOOT + KEY_ROW * len(keys) + 12.0
        network = f"{self.lines()}{self.bands()}{self.circles()}{self.outputs()}{self.words()}"
        picture = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" role="img" aria-label="{escaped(label)}" font-family="{FONT}" '
            'style="max-width:100%;height:auto">'
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="{self.colours["card"]}"/>'
            f'<g transform="translate({(width - self.plan.right) / 2.0:.1f} 0)">{network}</g>'
            f"{self.keys(keys, width)}</svg>\n"
        )
        return picture.translate(NO_XML)

    # -- lines

    def lines(self) -> str:
        """Return a line for each weight between circles that are drawn."""
        pairs = itertools.pairwise(zip(self.columns, self.plan.places))
        return "".join(self.bundle(*before, *after) for before, after in pairs)

    def bundle(self, before: _Column, source: _Place, after: _Column, target: _Place) -> str:
        """Return the lines between two columns, the strong ones above the weak ones."""
        ends = list(itertools.product(source.heights, target.heights))
        thinner = max(1.0, math.sqrt(len(ends) / FULL_LINES))
        ends.sort(key=lambda end: _size(after.neurons[end[1]].weights[end[0]].data))
        pieces: list[str] = []
        for tone, group in itertools.groupby(ends, lambda end: _tone(after.neurons[end[1]].weights[end[0]].data)):
            drawn = "".join(
                weight_line(
                    after.neurons[to].weights[start].data,
                    self.largest * thinner,
                    f"M{source.start:.1f} {source.heights[start]:.1f}L{target.x:.1f} {target.heights[to]:.1f}",
                    f"{before.names[start]} to {after.names[to]}",
                )
                for start, to in group
            )
            pieces.append(f"<g {self.stroke(tone)}>{drawn}</g>")
        return "".join(pieces)

    def stroke(self, tone: str) -> str:
        """Return how lines of a sign are drawn."""
        colour = self.colours["line" if tone == "none" else tone]
        dash = f' stroke-dasharray="{DASHES[tone]}"' if tone in DASHES else ""
        return f'fill="none" stroke="{colour}"{dash}'

    def stub(self, x: float, y: float, length: float) -> str:
        """Return a grey line from a circle or a band to what follows, which is no weight."""
        return f'<path d="M{x:.1f} {y:.1f}h{length:.1f}" stroke="{self.colours["line"]}" stroke-width="1.2"/>'

    # -- bands

    def bands(self) -> str:
        """Return the bands behind the columns."""
        return "".join(
            self.band(place, left, stage)
            for column, place in zip(self.columns, self.plan.places)
            for left, stage in zip(place.bands, column.bands)
        )

    def band(self, place: _Place, left: float, stage: Any) -> str:
        """Return one band, and the stubs that lead to it."""
        words = clipped(_band_text(stage), LONGEST)
        top, bottom = min(place.heights.values()), max(place.heights.values())
        half = max((bottom - top) / 2.0 + self.plan.radius, LETTER * len(words) / 2.0 + 8.0)
        middle = (top + bottom) / 2.0
        before = place.x if left == place.bands[0] else left - STUB
        stubs = "".join(self.stub(before, y, left - before) for y in place.heights.values())
        x = left + BAND / 2.0
        return (
            f'{stubs}<g class="nn-band"><title>{escaped(repr(stage))}</title>'
            f'<rect x="{left:.1f}" y="{middle - half:.1f}" width="{BAND:.0f}" height="{2.0 * half:.1f}" rx="6" '
            f'fill="{self.colours["ground"]}" stroke="{self.colours["line"]}" stroke-width="1.2"/>'
            f'<g transform="rotate(-90 {x:.1f} {middle:.1f})">{self.text(x, middle, words, 11.0)}</g></g>'
        )

    # -- circles

    def circles(self) -> str:
        """Return the circles of all columns."""
        return "".join(
            self.circle(k, position, place.x, y)
            for k, place in enumerate(self.plan.places)
            for position, y in place.heights.items()
        )

    def circle(self, k: int, position: int, x: float, y: float) -> str:
        """Return one circle: an input or a neuron, with its number if there is a sample."""
        kind, fill = ("nn-neuron", "ground") if k else ("nn-input", "input")
        number = "" if self.traced is None else self.fitted(x, y, short(self.traced[k][0][position]))
        return (
            f'<g class="{kind}"><title>{escaped(self.title(k, position))}</title>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{self.plan.radius:.1f}" fill="{self.colours[fill]}" '
            f'stroke="{self.colours["ink"]}" stroke-width="1.5"/>{number}{self.bias(k, position, x, y)}</g>'
        )

    def title(self, k: int, position: int) -> str:
        """Return what is told of a circle while the pointer rests on it."""
        column = self.columns[k]
        facts = [f"bias {signed_text(column.neurons[position].bias.data)}"] if k else []
        if self.traced is not None:
            first, *others = (short(numbers[position]) for numbers in self.traced[k])
            facts += [f"output {first}" if k else f"input {first}"]
            facts += [f"after {_band_text(band)} {number}" for band, number in zip(column.bands, others)]
        return f"{column.names[position]}: {', '.join(facts)}" if facts else column.names[position]

    def fitted(self, x: float, y: float, words: str) -> str:
        """Return a number as large as its circle allows; a long one stands out of it."""
        if len(words) > LONGEST_NUMBER:
            return self.plate(x, y, words, 9.0)
        return self.text(x, y, words, min(0.56 * self.plan.radius, 2.7 * self.plan.radius / len(words)), weight=600)

    def bias(self, k: int, position: int, x: float, y: float) -> str:
        """Return the mark of a neuron's bias, at the bottom of its circle."""
        return self.mark(self.columns[k].neurons[position].bias.data, x, y + self.plan.radius) if k else ""

    def mark(self, bias: float, x: float, y: float) -> str:
        """Return a disc with a plus or a minus; an empty one where the bias is 0 or no number."""
        tone = _tone(bias) if bias else "none"
        size = max(4.0, 0.26 * self.plan.radius)
        reach = 0.55 * size
        strokes = {"pos": f"M{x:.1f} {y - reach:.1f}v{2.0 * reach:.1f}M", "neg": "M"}
        sign = f"{strokes[tone]}{x - reach:.1f} {y:.1f}h{2.0 * reach:.1f}" if tone in strokes else ""
        fill, rim = ("card", "line") if tone == "none" else (tone, "card")
        return (
            f'<circle class="nn-bias" cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" fill="{self.colours[fill]}" '
            f'stroke="{self.colours[rim]}"/>'
            + (f'<path d="{sign}" stroke="{self.colours["card"]}" stroke-width="1.5"/>' if sign else "")
        )

    def outputs(self) -> str:
        """Return an arrow behind each output; behind a band it ends in the number that leaves the network."""
        column, place = self.columns[-1], self.plan.places[-1]
        x = place.start + (0.0 if column.bands else self.plan.radius)
        arrows = "".join(self.arrow(x, y) for y in place.heights.values())
        if self.traced is None or not column.bands:
            return arrows
        numbers = {k: short(self.traced[-1][-1][k]) for k in place.heights}
        x += STUB + 14.0
        texts = [self.text(x, y, numbers[k], 12.0, anchor="start", weight=600) for k, y in place.heights.items()]
        return arrows + "".join(f'<g class="nn-output">{text}</g>' for text in texts)

    def arrow(self, x: float, y: float) -> str:
        """Return a short arrow to the right."""
        tip = f"M{x + STUB:.1f} {y - 4.0:.1f}l8 4l-8 4z"
        return f'{self.stub(x, y, STUB)}<path d="{tip}" fill="{self.colours["line"]}"/>'

    # -- words

    def words(self) -> str:
        """Return what is written: names of layers and inputs, shapes, what is left out, numbers of a lone neuron."""
        heads = "".join(self.head(k) for k in range(len(self.columns)))
        left_out = "".join(self.left_out(*each) for each in zip(self.columns, self.plan.places))
        return f"{heads}{self.names()}{left_out}{self.numbers() if self.single else ''}"

    def head(self, k: int) -> str:
        """Return what stands above and below a column."""
        column, x = self.columns[k], self.plan.places[k].x
        told = _told(column) if k else str(len(column.names))
        below = self.text(x, self.plan.bottom + 12.0, _shape(self.columns, k), 11.0, colour="dim") if k else ""
        return (
            f"<g><title>{escaped(f'{column.name}: {told}')}</title>"
            f"{self.text(x, 20.0, clipped(column.name, 14), 13.0, weight=600)}"
            f"{self.text(x, 38.0, clipped(told, LONGEST), 12.0, colour='dim')}</g>{below}"
        )

    def names(self) -> str:
        """Return the names of the inputs, left of their circles."""
        place, names = self.plan.places[0], self.columns[0].names
        x = place.x - self.plan.radius - 8.0
        return "".join(
            f"<g><title>{escaped(names[k])}</title>"
            f"{self.text(x, y, clipped(names[k], LONGEST), 11.5, anchor='end')}</g>"
            for k, y in place.heights.items()
        )

    def left_out(self, column: _Column, place: _Place) -> str:
        """Return how many circles of a column are not drawn, in the middle of it."""
        if place.gap is None:
            return ""
        return self.plate(place.x, place.gap, f"⋮ {len(column.names) - len(place.heights)} more")

    def numbers(self) -> str:
        """Return the weights of a lone neuron on its lines, and its bias below it."""
        neuron, (source, target) = self.columns[1].neurons[0], self.plan.places
        share = 0.4
        x = source.start + share * (target.x - source.start)
        weights = [
            self.plate(x, y + share * (target.heights[0] - y), signed_text(neuron.weights[k].data))
            for k, y in source.heights.items()
        ]
        bias = f"bias {signed_text(neuron.bias.data)}"
        return "".join(weights) + self.text(target.x, target.heights[0] + self.plan.radius + 17.0, bias, 11.5)

    def plate(self, x: float, y: float, words: str, size: float = 11.5) -> str:
        """Return a text that stands above lines."""
        width, height = 0.56 * size * len(words) + 8.0, 1.5 * size
        return (
            f'<rect x="{x - width / 2.0:.1f}" y="{y - height / 2.0:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'rx="4" fill="{self.colours["card"]}"/>{self.text(x, y, words, size)}'
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        *,
        anchor: str = "middle",
        weight: int = 400,
        colour: str = "ink",
    ) -> str:
        """Return a text around a height."""
        return (
            f'<text x="{x:.1f}" y="{y + 0.35 * size:.1f}" font-size="{size:.1f}" font-weight="{weight}" '
            f'text-anchor="{anchor}" fill="{self.colours[colour]}">{escaped(words)}</text>'
        )

    # -- how to read it

    def key_rows(self, width: float) -> list[list[tuple[str, str]]]:
        """Return what explains the picture, as pairs (kind, words), in as many rows as its width asks for."""
        signs = [("pos", "weight above 0"), ("neg", "below 0")]
        rest = [("size", f"width: size, up to {short(self.largest)}"), ("+", "bias above 0"), ("-", "below 0")]
        fits = sum(map(_key_width, signs + rest)) + 2.0 * EDGE <= width
        return [signs + rest] if fits else [[*signs, rest[0]], rest[1:]]

    def keys(self, rows: Sequence[Sequence[tuple[str, str]]], width: float) -> str:
        """Return the rows that explain the picture, below it."""
        pieces: list[str] = []
        for k, row in enumerate(rows):
            x = (width - sum(map(_key_width, row))) / 2.0
            for kind, words in row:
                pieces.append(self.key(kind, words, x, self.plan.bottom + FOOT + (k + 0.5) * KEY_ROW))
                x += _key_width((kind, words))
        return f'<g class="nn-key">{"".join(pieces)}</g>'

    def key(self, kind: str, words: str, x: float, y: float) -> str:
        """Return one thing that is explained: its sign and its words."""
        signs = {
            "size": f'<path d="M{x:.1f} {y - 1.0:.1f}l26 -3v8l-26 -3z" fill="{self.colours["line"]}"/>',
            "+": self.mark(1.0, x + 20.0, y),
            "-": self.mark(-1.0, x + 20.0, y),
        }
        line = f'<path d="M{x:.1f} {y:.1f}h26" stroke-width="{WIDEST_LINE / 2.0:.1f}" '
        sign = signs.get(kind) or f"{line}{self.stroke(kind)}/>"
        return sign + self.text(x + 32.0, y, words, 11.0, anchor="start", colour="dim")


def _key_width(key: tuple[str, str]) -> float:
    return 32.0 + LETTER * len(key[1]) + 12.0


def _largest(columns: Sequence[_Column]) -> float:
    """Return the magnitude of the largest weight of a network that is finite; 1 where there is none above 0."""
    return max((_size(weight) for weight in _weights(columns) if math.isfinite(weight)), default=0.0) or 1.0


def _weights(columns: Sequence[_Column]) -> Iterator[float]:
    for column in columns:
        for neuron in column.neurons:
            for weight in neuron.weights:
                yield weight.data


def _size(weight: float) -> float:
    return 0.0 if math.isnan(weight) else abs(weight)


def _tone(number: float) -> str:
    """Return how the sign of a number is drawn: as "pos", "neg" or, where it is no number, "none"."""
    if math.isnan(number):
        return "none"
    return "neg" if number < 0.0 else "pos"


def _band_text(stage: Any) -> str:
    if isinstance(stage, Dropout):
        return f"dropout {short(stage.rate)}"
    return "batch norm" if isinstance(stage, BatchNorm) else str(stage.activation.name)
