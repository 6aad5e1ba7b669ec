"""Curves over epochs: an axis with numbers, lines labelled where they end, a mark at the snapshot that is shown.

This room knows how a chart is drawn. It does not know what is measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from nn.checks import counted
from nn.show.scales import Scale, round_numbers, spread
from nn.show.text import clipped, escaped, short

__all__ = ["Curve", "axes", "chart", "frame_class", "ladder", "trail"]

WIDTH, HEIGHT = 380, 236
LEFT, RIGHT, TOP, BOTTOM = 48, 100, 18, 200

STYLES = 6
"""How many ways of drawing a line the page has: colour and dashes together, classes c0 to c5."""

LINE_HEIGHT = 14.0
MUCH = 100.0
"""From this ratio of the largest to the smallest number on, an axis that may choose is logarithmic."""


class Curve(NamedTuple):
    """One line of a chart.

    Attributes:
        label: what it is called; stands where the line ends.
        numbers: one per epoch, from epoch 1; those that are not finite leave a gap.
    """

    label: str
    numbers: Sequence[float]


def chart(
    title: str, curves: Sequence[Curve], snapshots: Sequence[int], *, logarithmic: bool | None = None, top: float = 0.0
) -> str:
    """Return a chart of curves over epochs, as SVG.

    Args:
        title: what is measured; also what a screen reader says.
        curves: at least one.
        snapshots: the epochs of the snapshots; the mark of the k-th has the class of frame k.
        logarithmic: whether the axis is; by default where the numbers differ a hundredfold.
        top: the axis reaches at least to here, if it is linear.
    """
    epochs = max([*(len(curve.numbers) for curve in curves), *snapshots, 1])
    across = Scale(min([1, *snapshots]) if epochs > 1 else 0, epochs, LEFT, WIDTH - RIGHT)
    upward = _upward([number for curve in curves for number in curve.numbers], logarithmic, top)
    marks = "".join(
        f'<path class="mark {frame_class(k)}" d="M{across(epoch):.1f} {TOP}V{BOTTOM}"/>'
        for k, epoch in enumerate(snapshots)
    )
    lines = "".join(
        f'<path class="curve c{k % STYLES}" d="{trail(enumerate(curve.numbers, 1), across, upward)}"/>'
        for k, curve in enumerate(curves)
    )
    note = f'<text class="tick" x="{LEFT}" y="{TOP - 6}">log scale</text>' if upward.logarithmic else ""

    label = f"{title} over {counted(epochs, 'epoch')}: {'; '.join(map(_in_words, curves))}"
    whole_epochs = [tick for tick in across.ticks() if tick == int(tick)]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escaped(label)}">'
        f"{axes(across, upward, 'epoch', whole_epochs)}{note}{marks}{lines}{_labels(curves, across, upward)}</svg>"
    )


def frame_class(position: int) -> str:
    """Return the classes of what is seen only while a snapshot is shown, given its position.

    Example:
        >>> frame_class(3)
        's s3'
    """
    return f"s s{position}"


def trail(points: Iterable[tuple[float, float]], across: Scale, upward: Scale) -> str:
    """Return the path through points, with a gap wherever one has no place.

    Args:
        points: pairs (number across, number upward).
        across: the horizontal axis.
        upward: the vertical axis.

    Example:
        >>> ten = Scale(0.0, 1.0, 0.0, 10.0)
        >>> trail([(0.0, 0.0), (0.5, 1.0), (0.6, math.nan), (1.0, 0.5)], ten, ten)
        'M0.0 0.0L5.0 10.0M10.0 5.0h0'
    """
    pieces: list[list[str]] = [[]]
    for x, y in points:
        if upward.shows(y):
            pieces[-1].append(f"{across(x):.1f} {upward(y):.1f}")
        elif pieces[-1]:
            pieces.append([])
    return "".join(f"M{'L'.join(piece)}" + "h0" * (len(piece) == 1) for piece in pieces if piece)


def axes(across: Scale, upward: Scale, below: str, ticks: Sequence[float] | None = None, *, lines: bool = True) -> str:
    """Return two axes with their numbers and fine lines across, and a word below.

    Args:
        across: the horizontal axis.
        upward: the vertical axis; its start is the bottom.
        below: what the horizontal axis measures.
        ticks: the numbers beside the horizontal axis, if not its own.
        lines: whether there are fine lines across; otherwise short ones beside the numbers.
    """
    bottom, left, right = upward.start, across.start, across.end
    kind, reach = ("grid", right) if lines else ("axis", left - 4)
    rows = "".join(
        f'<path class="{kind}" d="M{left} {upward(tick):.1f}H{reach}"/>'
        f'<text class="tick end" x="{left - 6}" y="{upward(tick) + 4:.1f}">{short(tick)}</text>'
        for tick in upward.ticks()
    )
    columns = "".join(
        f'<path class="axis" d="M{across(tick):.1f} {bottom}v4"/>'
        f'<text class="tick middle" x="{across(tick):.1f}" y="{bottom + 17}">{short(tick)}</text>'
        for tick in (across.ticks() if ticks is None else ticks)
    )
    word = (
        f'<text class="tick middle" x="{(left + right) / 2:.1f}" y="{bottom + 33}">{escaped(clipped(below, 40))}</text>'
    )
    return f'{rows}{columns}<path class="axis" d="M{left} {bottom}H{right}"/>{word}'


def ladder(wanted: Sequence[float], low: float, high: float, step: float = LINE_HEIGHT) -> list[float]:
    """Return places close to the wanted ones, in the same order, at least a step apart and from low to high.

    Args:
        wanted: places, in any order.
        low: where places may begin.
        high: where they end, as far as there is room.
        step: least distance.

    Example:
        >>> ladder([50.0, 52.0, 10.0], 0.0, 60.0, 14.0)
        [38.0, 52.0, 10.0]
    """
    order = sorted(range(len(wanted)), key=lambda k: wanted[k])
    places = list(wanted)
    limit = high
    for k in reversed(order):
        places[k] = limit = min(wanted[k], limit)
        limit -= step
    limit = low
    for k in order:
        places[k] = limit = max(places[k], limit)
        limit += step
    return places


def _upward(numbers: Sequence[float], logarithmic: bool | None, top: float) -> Scale:
    finite = [number for number in numbers if math.isfinite(number)]
    positive = [number for number in finite if number > 0.0]
    if logarithmic is None:
        logarithmic = len(positive) == len(finite) > 0 and max(positive) >= MUCH * min(positive)
    if logarithmic and positive:
        low = 10.0 ** min(307, max(-307, math.floor(math.log10(min(positive)))))
        high = 10.0 ** min(308, math.ceil(math.log10(max(positive))))
        return Scale(low, max(high, 10.0 * low), BOTTOM, TOP, logarithmic=True)
    low, high = spread([*finite, 0.0, top])
    ticks = round_numbers(low, high)
    step = ticks[1] - ticks[0]
    return Scale(min(low, ticks[0] - step * (ticks[0] > low)), ticks[-1] + step * (ticks[-1] < high), BOTTOM, TOP)


def _labels(curves: Sequence[Curve], across: Scale, upward: Scale) -> str:
    """Return the name of each curve beside its last point; a fine line leads there where it had to move."""
    ends = [_end(curve, upward) for curve in curves]
    places = ladder([upward(number) for _, number in ends], TOP + 4, BOTTOM)
    pieces: list[str] = []
    for k, ((epoch, number), place) in enumerate(zip(ends, places)):
        x, y = across(epoch), upward(number)
        pieces.append(
            f'<path class="lead" d="M{x + 2:.1f} {y:.1f}L{WIDTH - RIGHT + 10} {place:.1f}"/>'
            f'<text class="name t{k % STYLES}" x="{WIDTH - RIGHT + 13}" y="{place + 4:.1f}">'
            f"{escaped(clipped(curves[k].label, 13))}<title>{escaped(curves[k].label)}</title></text>"
        )
    return "".join(pieces)


def _end(curve: Curve, upward: Scale) -> tuple[int, float]:
    """Return (epoch, number) where a curve ends; its label stands at the bottom where it has no point at all."""
    shown = [(epoch, number) for epoch, number in enumerate(curve.numbers, 1) if upward.shows(number)]
    return shown[-1] if shown else (len(curve.numbers), upward.low)


def _in_words(curve: Curve) -> str:
    if not curve.numbers:
        return f"{curve.label} has no epoch"
    return f"{curve.label} from {short(curve.numbers[0])} to {short(curve.numbers[-1])}"
