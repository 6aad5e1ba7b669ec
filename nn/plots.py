"""Plots for notebooks: what a model answers over two inputs, and how a run went; they need matplotlib.

Each plot goes into the axes that are given, or into the current ones, and returns them, so that several stand side by
side and everything else is matplotlib's own.

This room knows how a plot is put together. What outputs mean stands in `nn.show.reading`, and the page of a whole run
in `nn.reports`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nn.losses import loss_row
from nn.show.frames import COARSE_GRID, SURFACE_GRID, Domain, answers, columns_of
from nn.show.pixels import ORANGE, hex_colour
from nn.show.reading import Reading, number_of
from nn.show.scales import spread
from nn.show.surface import mark, plane_pixels

__all__ = ["plot_boundary", "plot_history"]

INK = "#1f2430"
ACCENT = "#005a9c"

MARKERS = "os^Dv"
"""A shape for each class, as in reports."""

MARKER_SIZE = 22
"""Square points."""


def plot_boundary(model: Any, inputs: Any, targets: Sequence[Any], *, loss: Any, axes: Any = None) -> Any:
    """Return axes with what a model answers over its two inputs: colours, the decision boundary, and the samples.

    Of two classes the first is orange, the second blue, and each paler where the model is less certain; of numbers the
    low ones are orange. Each class has a shape of its own.

    Args:
        model: a `Module`, or any function of one sample of two numbers.
        inputs: the samples, two numbers each.
        targets: one per sample, as the loss takes them.
        loss: that the model was trained with, or its name: it says what outputs mean.
        axes: of matplotlib, to draw into; the current ones by default.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
        ValueError: the samples do not have two inputs each, or the model has several outputs that are no classes.

    Example:
        >>> from nn import MLP, xor
        >>> corners = xor()
        >>> axes = plot_boundary(MLP(2, [2, 1], "tanh"), corners.inputs, corners.targets, loss="hinge")
        >>> axes.get_title()
        ''
    """
    samples = [list(map(float, sample)) for sample in inputs]
    if not samples or {len(sample) for sample in samples} != {2}:
        raise ValueError("plot_boundary shows samples of two inputs: give the samples as rows of two numbers")
    domain = Domain.around(samples)
    assert domain is not None  # of two inputs
    outputs = answers(model, domain.grid(SURFACE_GRID if columns_of(model) else COARSE_GRID))
    reading = Reading.of(loss_row(loss), targets, outputs.shape[1])
    if reading.kind == "numbers":
        raise ValueError(f"plot_boundary shows one answer, not {outputs.shape[1]}: plot a model with one output")
    low, high = spread(map(number_of, targets) if reading.kind == "number" else ())
    axes = _axes(axes)
    extent = (domain.lows[0], domain.highs[0], domain.lows[1], domain.highs[1])
    axes.imshow(plane_pixels(outputs, reading, low, high), extent=extent, aspect="auto", interpolation="bilinear")
    for height in _heights(outputs, reading):
        axes.contour(height, [0.0], extent=extent, origin="upper", colors=INK, linewidths=1.5)
    _scatter(axes, samples, [mark(reading, target, low, high) for target in targets])
    return axes


def _heights(outputs: Any, reading: Reading) -> list[Any]:
    """Return arrays (rows, columns) that are 0 where one class meets another: one for each class that has a border."""
    import numpy as np

    if reading.kind == "number":
        return []
    side = round(len(outputs) ** 0.5)
    if reading.kind == "side":
        heights = [reading.sides(outputs)]
    else:
        shares = reading.shares(outputs)
        second, first = np.sort(shares, axis=1)[:, -2:].T
        heights = [share - np.where(share == first, second, first) for share in shares.T]
    return [height.reshape(side, side) for height in heights if height.min() < 0.0 < height.max()]


def _scatter(axes: Any, samples: list[list[float]], marks: list[tuple[int, str]]) -> None:
    for shape in sorted({shape for shape, _ in marks}):
        chosen = [(sample, colour) for sample, (number, colour) in zip(samples, marks) if number == shape]
        axes.scatter(
            [sample[0] for sample, _ in chosen],
            [sample[1] for sample, _ in chosen],
            s=MARKER_SIZE,
            c=[colour for _, colour in chosen],
            marker=MARKERS[shape % len(MARKERS)],
            edgecolors=INK,
            linewidths=0.8,
        )


def plot_history(history: Any, *, axes: Any = None) -> Any:
    """Return axes with the loss of a run over its epochs: of the training samples, and of the validation samples.

    A vertical line marks the epoch whose parameters the model has now, where that is not the last one.

    Args:
        history: what came of the run, see `nn.History`.
        axes: of matplotlib, to draw into; the current ones by default.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
        ValueError: no epoch was finished.
        TypeError: it is no History.

    Example:
        >>> from nn import MLP, SGD, fit
        >>> model = MLP(1, [1])
        >>> history = fit(model, [[0.0], [1.0]], [1.0, 3.0], loss="squared_error",
        ...               optimizer=SGD(model.parameters(), 0.2), epochs=3, progress=False)
        >>> plot_history(history).get_ylabel()
        'loss'
    """
    if not hasattr(history, "snapshots"):
        raise TypeError(f"what is plotted is the History that fit returns, not {type(history).__name__}")
    if not history.training:
        raise ValueError("there is nothing to plot: no epoch was finished")
    axes = _axes(axes)
    epochs = range(1, len(history.training) + 1)
    axes.plot(epochs, history.loss, color=ACCENT, label="training")
    if history.validation:
        validation = [score.loss for score in history.validation]
        axes.plot(epochs[: len(validation)], validation, color=hex_colour(ORANGE), linestyle="--", label="validation")
    if history.kept != len(history.training):
        axes.axvline(history.kept, color=INK, linestyle=":", label=f"kept: epoch {history.kept}")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.legend()
    return axes


def _axes(axes: Any) -> Any:
    if axes is not None:
        return axes
    try:
        from matplotlib import pyplot
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'plots need matplotlib, which is not installed: pip install "tapegrad[plots]"', name="matplotlib"
        ) from error
    return pyplot.gca()
