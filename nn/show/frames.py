"""Frames: what each snapshot of a run holds, as arrays to be drawn.

This room knows how a model is taken apart into layers, and how it is asked on a grid of inputs. It does not draw.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from nn.layers import MLP, Layer
from nn.prediction import predict
from nn.show.scales import spread
from nn.stages import Activation, BatchNorm, Dropout, Sequential

__all__ = ["Column", "Domain", "Frame", "answers", "chosen", "columns_of", "frames_of", "responses"]

Array = Any

MOST_FRAMES = 12
NEURON_GRID = (36, 26)
"""Points across and down in the picture of a neuron."""

SURFACE_GRID = (96, 96)
"""Points across and down in the picture of the whole model."""

COARSE_GRID = (40, 40)
"""The same for a model that is not made of layers, and so may be slow."""

CURVE_POINTS = 161
"""Points of a curve over a single input."""

MARGIN = 0.1
"""How far a picture reaches beyond the samples, as a share of their range."""


class Column(NamedTuple):
    """A layer with what is applied to its outputs before the next one: an activation, normalization, dropout.

    Attributes:
        layer: has the weights.
        stages: all of them in order, the layer too.
    """

    layer: Layer
    stages: list[Any]


class Domain(NamedTuple):
    """The part of the input space that a picture shows: one or two inputs, from lows to highs."""

    lows: tuple[float, ...]
    highs: tuple[float, ...]

    @classmethod
    def around(cls, inputs: Sequence[Sequence[float]]) -> Domain | None:
        """Return the domain around some samples; None if they have more than two inputs."""
        if len(inputs[0]) > 2:
            return None
        ranges = [spread(map(float, column), MARGIN) for column in zip(*inputs)]
        return cls(tuple(low for low, _ in ranges), tuple(high for _, high in ranges))

    def grid(self, size: tuple[int, int]) -> Array:
        """Return points as an array (points, inputs): of two inputs row by row, the highest row first.

        Args:
            size: points across and down; of a single input there are `CURVE_POINTS`.

        Example:
            >>> Domain((0.0, 0.0), (1.0, 1.0)).grid((2, 2)).tolist()
            [[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0]]
        """
        import numpy as np

        if len(self.lows) == 1:
            return np.linspace(self.lows[0], self.highs[0], CURVE_POINTS)[:, None]
        across = np.linspace(self.lows[0], self.highs[0], size[0])
        down = np.linspace(self.highs[1], self.lows[1], size[1])
        return np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)


class Frame(NamedTuple):
    """One snapshot.

    Attributes:
        epoch: after which it was taken; 0 is before training.
        rows: per column an array (neurons, inputs + 1): the weights, then the bias, of each neuron.
        responses: per column an array (points, neurons) of outputs on the small grid; empty without a domain.
        outputs: an array (points, outputs) of the whole model on the large grid; None without a domain.
    """

    epoch: int
    rows: list[Array]
    responses: list[Array]
    outputs: Array


def chosen(items: Sequence[Any], most: int = MOST_FRAMES) -> list[Any]:
    """Return at most so many of a list at even steps from the first on, and always the last.

    Example:
        >>> chosen([0, 1, 2, 3, 4], 3)
        [0, 2, 4]
    """
    if len(items) <= most:
        return list(items)
    step = math.ceil((len(items) - 1) / (most - 1))
    return [*items[:-1:step], items[-1]]


def shown(history: Any) -> list[Any]:
    """Return the snapshots of a run that are shown: some at even steps, and the one that the model has now."""
    kept = [snapshot for snapshot in history.snapshots if snapshot.epoch == history.kept]
    some = chosen(history.snapshots)
    return sorted([*some, *(snapshot for snapshot in kept if snapshot not in some)])


def columns_of(model: Any) -> list[Column]:
    """Return the layers of a model that can be drawn as columns of neurons; none if it is made of anything else.

    Args:
        model: any model.

    Example:
        >>> columns = columns_of(Sequential(Layer(2, 3, "identity"), Activation("tanh"), Layer(3, 1)))
        >>> [len(column.stages) for column in columns], columns_of(lambda sample: sample)
        ([2, 1], [])
    """
    stages = _stages(model)
    if not all(isinstance(stage, (Layer, Activation, BatchNorm, Dropout)) for stage in stages):
        return []
    columns: list[Column] = []
    before: list[Any] = []  # what is applied to the inputs, in front of the first layer
    for stage in stages:
        if isinstance(stage, Layer):
            columns.append(Column(stage, [*before, stage]))
            before = []
        else:
            (columns[-1].stages if columns else before).append(stage)
    return columns


def frames_of(history: Any, columns: Sequence[Column], domain: Domain | None) -> list[Frame]:
    """Return a frame for each snapshot that is shown; one of the model as it is, if there is no snapshot.

    Args:
        history: what came of a run.
        columns: the layers of its model.
        domain: where the model is asked; None for nowhere.
    """
    if not history.snapshots:
        return [_frame(history.model, history.kept, columns, domain)]
    frames: list[Frame] = []
    for snapshot in shown(history):
        with history.at(snapshot):
            frames.append(_frame(history.model, snapshot.epoch, columns, domain))
    return frames


def _stages(model: Any) -> list[Any]:
    """Return what a model applies, one after the other, taking apart what only holds other modules."""
    if isinstance(model, MLP):
        return list(model.layers)
    if isinstance(model, Sequential):
        return [inner for stage in cast("Sequence[Any]", model.stages) for inner in _stages(stage)]
    return [model]


def _frame(model: Any, epoch: int, columns: Sequence[Column], domain: Domain | None) -> Frame:
    import numpy as np

    rows = [np.array([[p.data for p in neuron.row] for neuron in column.layer.neurons]) for column in columns]
    if domain is None:
        return Frame(epoch, rows, [], None)
    outputs = answers(model, domain.grid(SURFACE_GRID if columns else COARSE_GRID))
    return Frame(epoch, rows, responses(columns, domain.grid(NEURON_GRID)), outputs)


def answers(model: Any, samples: Array) -> Array:
    """Return the outputs of a model as an array (samples, outputs).

    Args:
        model: a `Module`, or any function of one sample.
        samples: an array (samples, inputs).
    """
    import numpy as np

    with np.errstate(all="ignore"):  # what is not finite is drawn as such
        return predict(model, samples).reshape(len(samples), -1)


def responses(columns: Sequence[Column], points: Array) -> list[Array]:
    """Return what the neurons of each column give, as an array (points, neurons).

    Args:
        columns: of a model, first to last.
        points: an array (points, inputs).
    """
    import numpy as np

    found: list[Array] = []
    numbers = points
    with np.errstate(all="ignore"):
        for column in columns:
            for stage in column.stages:
                numbers = stage.on_arrays(numbers)
            found.append(numbers)
    return found
