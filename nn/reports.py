"""The report of a finished run: one page to look at, with everything in it.

The network with its weights and what each neuron computes, the answers over the inputs, the curves of the run, and the
confusion matrix; snapshots to step through. The same run gives the same bytes.

This room knows what belongs on the page. How it is drawn stands in `nn.show`, how a run goes in `nn.trainer`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd import mean
from nn.checks import counted
from nn.files import atomic_write
from nn.module import Module, plain
from nn.prediction import Score, confusion_matrix, hits, samples_of_pair, share
from nn.show.curves import Curve, chart
from nn.show.frames import Domain, Frame, answers, chosen, columns_of, frames_of
from nn.show.network import network
from nn.show.page import figure, page, stepper
from nn.show.reading import Reading
from nn.show.surface import Samples, surface
from nn.show.text import escaped, short

__all__ = ["Report", "report"]

Part = tuple[Sequence[Any], Sequence[Any]]

MOST_LAYERS = 6
"""Layers in the chart of gradients; of more, the first, the last and some between are drawn."""

MOST_NUMBERS = 600
"""Weights and biases that are also listed as numbers."""

MOST_CLASSES = 30
"""Classes in a confusion matrix."""

PLANE_HINT = (
    "Each box shows a neuron's output over the plane of the inputs: blue above 0, orange below, white at 0, and "
    "strongest where it is largest. "
)
CURVE_HINT = "Each box shows a neuron's output over the input, around 0. "
BARS_HINT = "Each box shows a neuron's weights, one bar per input: up above 0, down below. "
PICTURE_HINT = "Each box of the first layer shows a neuron's weights as a picture: blue above 0, orange below. "
FRAME_HEIGHT = 900
"""Pixels of a page within a notebook; what is taller scrolls."""

MATRIX_HINT = "Rows are the true classes, columns what the model answers; the diagonal, with a frame, is right."
LINE_HINT = "Each line is a weight: the wider the larger, dashed below 0. Rest on a line or box for its numbers."


class Report:
    """The report of a run: one HTML page without network or script. In a notebook it shows itself, elsewhere `save` it.

    Args:
        html: the whole page.
        title: of the page.
        about: what the run was, in a few words.

    Attributes:
        html: the whole page.

    Example:
        >>> from nn import MLP, SGD, fit
        >>> model = MLP(1, [1])
        >>> history = fit(model, [[0.0], [1.0]], [1.0, 3.0], loss="squared_error",
        ...               optimizer=SGD(model.parameters(), 0.2), epochs=3, progress=False)
        >>> report(history, title="A line")
        <Report: A line, 3 epochs>
    """

    def __init__(self, html: str, title: str, about: str) -> None:
        self.html = html
        self._title = title
        self._about = about

    def __repr__(self) -> str:
        return f"<Report: {self._title}, {self._about}>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, all of it or nothing.

        Args:
            path: of the file; it is HTML, whatever its name. One that exists is replaced.

        Raises:
            OSError: the file cannot be written.
        """
        with atomic_write(path) as file:
            file.write(self.html)

    def _repr_html_(self) -> str:
        """Return the page in a frame, and a line of text that is shown in its place where frames are stripped."""
        frame = (
            f'<iframe srcdoc="{escaped(self.html)}" title="{escaped(self._title)}" sandbox width="100%" '
            f'height="{FRAME_HEIGHT}" style="width:100%;border:0"></iframe>'
        )
        plain = f"{escaped(repr(self)[1:-1])}. Run this cell to see it: pages are not shown here as they were stored."
        hidden = "<style>.tapegrad-report-plain{display:none}</style>"
        return f'<div>{hidden}{frame}<p class="tapegrad-report-plain">{plain}</p></div>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return the page as notebooks ask for it."""
        del include, exclude
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}


def report(
    history: Any,
    *,
    title: str = "",
    features: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    standardization: Any = None,
    test: Part | None = None,
    picture: tuple[int, int] | None = None,
) -> Report:
    """Return the report of a run as one HTML page, which needs no other file, no network and no script.

    Args:
        history: what came of the run, see `nn.History`.
        title: of the page.
        features: what the inputs are called; by default x0, x1, and so on.
        classes: what the classes are called, in the order of their numbers.
        standardization: what the inputs were standardized with; axes are then in the original units.
        test: (inputs, targets) that the run has not seen, for a score and the confusion matrix.
        picture: (rows, columns) if the inputs are the pixels of a picture.

    Returns:
        A page that notebooks show; `save` writes it to a file, `html` is its text.

    Raises:
        ValueError: there are no samples, they differ in length, or a number of names does not fit.
        TypeError: it is no History, a sample is not a list of numbers, or the test samples are no pair.

    Example:
        >>> import pathlib, tempfile
        >>> from nn import MLP, SGD, fit
        >>> model = MLP(1, [1])
        >>> history = fit(model, [[0.0], [1.0]], [1.0, 3.0], loss="squared_error",
        ...               optimizer=SGD(model.parameters(), 0.2), epochs=3, progress=False)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "line.html")
        ...     report(history, title="A line").save(path)
        ...     "<title>A line</title>" in path.read_text("utf-8")
        True
    """
    if not hasattr(history, "snapshots"):
        raise TypeError(f"what is reported is the History that fit returns, not {type(history).__name__}")
    run = _run(history, features, classes, test)
    _check_picture(picture, len(run.features))
    _check_standardization(standardization, len(run.features))
    frames = frames_of(history, run.columns, run.domain)
    epochs = [frame.epoch for frame in frames]
    blocks = [*_networks(run, frames, picture), *_surfaces(run, frames, standardization), *_matrices(run)]
    pictures = [
        *_placed(blocks),
        f'<div class="charts">{"".join(_charts(history, epochs))}</div>',
        *_numbers(run, frames[-1]),
    ]
    title = title or "Training report"
    first = epochs.index(history.kept) if history.kept in epochs else len(epochs) - 1
    told = [_told(history, epoch) for epoch in epochs]
    steps = stepper(epochs, told, "\n".join(pictures), first)
    text = page(title, f"{_header(run, title)}\n{steps}", len(frames))
    return Report(text, title, counted(len(history.training), "epoch"))


class _Run(NamedTuple):
    """A run with what is known about its samples."""

    history: Any
    parts: list[Samples]
    features: list[str]
    reading: Reading
    columns: list[Any]
    domain: Domain | None


def _run(history: Any, features: Sequence[str] | None, classes: Sequence[str] | None, test: Part | None) -> _Run:
    parts = [
        Samples(kind, *samples_of_pair(part, kind), kind == "training")
        for kind, part in (("training", history.samples), ("validation", history.validation_samples), ("test", test))
        if part is not None
    ]
    first = _array(parts[0].inputs[:1])
    n_inputs = first.shape[1]
    for part in parts:
        _check_lengths(part, n_inputs)
    names = [str(name) for name in features] if features else [f"x{k}" for k in range(n_inputs)]
    if len(names) != n_inputs:
        raise ValueError(f"there are {n_inputs} inputs, but {len(names)} features: give one name for each input")
    n_outputs = answers(history.model, first).shape[1]
    targets = [target for part in parts for target in part.targets]
    reading = Reading.of(history.loss_row, targets, n_outputs, classes)
    domain = Domain.around([sample for part in parts for sample in part.inputs])
    return _Run(history, parts, names, reading, columns_of(history.model), domain)


def _array(inputs: Sequence[Any]) -> Any:
    import numpy as np

    return np.array(list(map(_numbers_of, inputs)))


def _numbers_of(sample: Sequence[float]) -> list[float]:
    try:
        return list(map(float, sample))
    except TypeError:
        raise TypeError("a report takes samples that are lists of numbers, such as [0.5, 1.0]") from None


def _check_lengths(part: Samples, n_inputs: int) -> None:
    for sample in part.inputs:
        length = len(_numbers_of(sample))
        if length != n_inputs:
            raise ValueError(f"there are {n_inputs} inputs, but a {part.kind} sample has {counted(length, 'number')}")


def _check_standardization(standardization: Any, n_inputs: int) -> None:
    if standardization is None:
        return
    if not hasattr(standardization, "means"):
        kind = type(standardization).__name__
        raise TypeError(f"the standardization is what Standardization.of returns, not {kind}")
    if len(standardization.means) != n_inputs:
        given = len(standardization.means)
        raise ValueError(f"the standardization is of {counted(given, 'input')}, and the samples have {n_inputs}")


def _check_picture(picture: tuple[int, int] | None, n_inputs: int) -> None:
    if picture is not None and (not isinstance(picture, (tuple, list)) or len(picture) != 2):
        raise TypeError(f"a picture is a pair, its rows and columns, such as (8, 8), not {picture!r}")
    if picture is not None and picture[0] * picture[1] != n_inputs:
        raise ValueError(f"a picture of {picture[0]} × {picture[1]} pixels does not have {n_inputs} inputs")


# -- what stands above -----------------------------------------------------------------------------------------------


def _header(run: _Run, title: str) -> str:
    history = run.history
    facts = [
        *_about(history.model),
        *(f"{len(part.inputs)} {part.kind} samples" for part in run.parts),
        counted(len(history.training), "epoch"),
        f"loss: {history.loss_row.name}",
        *([f"the model has the numbers of epoch {history.kept}"] if history.kept != len(history.training) else []),
    ]
    about = " · ".join(f"<bdi>{escaped(fact)}</bdi>" for fact in facts)
    stopped = f'<p class="note">The run ended early: {escaped(history.stopped)}</p>' if history.stopped else ""
    return f'<header><h1>{escaped(title)}</h1>\n<p class="about">{about}</p>{stopped}\n{_scores(run)}</header>'


def _about(model: Any) -> list[str]:
    if isinstance(model, Module):
        return [repr(model), counted(len(model.parameters()), "parameter")]
    return [str(getattr(model, "__name__", type(model).__name__))]


def _scores(run: _Run) -> str:
    """Return loss and accuracy of the epoch that the model has the numbers of, a card for each kind of samples."""
    cards = [_card(part.kind, *_score(run, part)) for part in run.parts]
    return f'<dl class="scores">{"".join(cards)}</dl>'


def _score(run: _Run, part: Samples) -> Score:
    """Return the score that the run took, or one taken now of samples that it has not seen."""
    history, row = run.history, run.history.loss_row
    scores: dict[str, list[Score]] = {"training": history.training, "validation": history.validation}
    recorded = scores.get(part.kind, [])
    kept: int = history.kept
    if 0 < kept <= len(recorded):
        return recorded[kept - 1]
    outputs = _outputs(history.model, part)
    losses = [plain(row.function(output, target)) for output, target in zip(outputs, part.targets)]
    return Score(mean(losses), share(hits(row, None, outputs, part.targets)))


def _outputs(model: Any, part: Samples) -> list[Any]:
    """Return the outputs for some samples as the model gives them: numbers, or lists of several."""
    rows = answers(model, _array(part.inputs)).tolist()
    return [row[0] if len(row) == 1 else row for row in rows]


def _card(kind: str, loss: float, accuracy: float | None) -> str:
    main, below = f"loss {short(loss)}", ""
    if accuracy is not None:
        main, below = f"{accuracy:.1%} correct", f"<small>{main}</small>"
    return f"<div><dt>{kind}</dt><dd>{main}{below}</dd></div>"


def _told(history: Any, epoch: int) -> str:
    """Return a line about a snapshot: the scores of its epoch."""
    if not 0 < epoch <= len(history.training):
        return "before training" if epoch == 0 else "the model as it is"
    texts = [f"training {_score_text(history.training[epoch - 1])}"]
    if epoch <= len(history.validation):
        texts.append(f"validation {_score_text(history.validation[epoch - 1])}")
    return ", ".join(texts)


def _score_text(score: Any) -> str:
    return f"loss {short(score.loss)}" + ("" if score.accuracy is None else f" ({score.accuracy:.1%} correct)")


# -- the pictures ----------------------------------------------------------------------------------------------------


class _Block(NamedTuple):
    """A figure that has no place on the page yet."""

    title: str
    content: str
    style: str
    hint: str


def _placed(blocks: Sequence[_Block]) -> list[str]:
    """Return the figures in their places: the first on the left, the others on the right, one below the other."""
    figures = [figure(block.title, block.content, block.style, block.hint) for block in blocks]
    if len(figures) < 2:
        return [f'<div class="whole">{drawn}</div>' for drawn in figures]
    return [f'<div class="wide column">{figures[0]}</div>', f'<div class="side">{"".join(figures[1:])}</div>']


def _networks(run: _Run, frames: Sequence[Frame], picture: tuple[int, int] | None) -> list[_Block]:
    """Return the network, if the model is made of layers."""
    if not run.columns:
        return []
    drawn = network(run.columns, frames, run.features, run.domain, picture)
    return [_Block("Network", drawn, "network", _network_hint(run, picture))]


def _surfaces(run: _Run, frames: Sequence[Frame], standardization: Any) -> list[_Block]:
    """Return the answers over the inputs, if there are one or two of them."""
    if run.domain is None:
        return []
    drawn = surface(frames, run.domain, run.reading, run.parts, run.features, standardization)
    return [_Block(_surface_title(run), drawn, "surface", "")] if drawn else []


def _network_hint(run: _Run, picture: tuple[int, int] | None) -> str:
    if run.domain is not None:
        return (PLANE_HINT if len(run.features) == 2 else CURVE_HINT) + LINE_HINT
    return (PICTURE_HINT if picture else BARS_HINT) + LINE_HINT


def _surface_title(run: _Run) -> str:
    if run.reading.kind == "number":
        return "The fitted curve and the samples" if len(run.features) == 1 else "The fitted surface and the samples"
    return "Decision boundary and samples" if len(run.features) == 2 else "What is answered, and the samples"


def _charts(history: Any, epochs: Sequence[int]) -> list[str]:
    """Return the curves of the run: those of which there are numbers."""
    charts = [
        ("Loss", _loss_curves(history), None, 0.0),
        ("Accuracy", _accuracy_curves(history), False, 1.0),
        ("Gradient norm of each layer", _gradient_curves(history), True, 1.0),
        ("Learning rate", _rate_curves(history), None, 0.0),
    ]
    return [
        figure(title, chart(title, curves, epochs, logarithmic=logarithmic, top=top), "curve-box")
        for title, curves, logarithmic, top in charts
        if curves
    ]


def _loss_curves(history: Any) -> list[Curve]:
    curves = [Curve("training", [score.loss for score in history.training])]
    curves.append(Curve("validation", [score.loss for score in history.validation]))
    if any(history.penalties):
        curves.append(Curve("penalty", history.penalties))
    return [curve for curve in curves if curve.numbers]


def _accuracy_curves(history: Any) -> list[Curve]:
    curves: list[Curve] = []
    for kind in ("training", "validation"):
        shares = [score.accuracy for score in getattr(history, kind)]
        if any(share is not None for share in shares):
            curves.append(Curve(kind, [math.nan if share is None else share for share in shares]))
    return curves


def _gradient_curves(history: Any) -> list[Curve]:
    names = chosen([name for name, norms in history.gradient_norms.items() if norms], MOST_LAYERS)
    return [Curve(str(name), history.gradient_norms[name]) for name in names]


def _rate_curves(history: Any) -> list[Curve]:
    """Return the learning rate if it changes; one that does not is no curve."""
    return [Curve("rate", history.learning_rates)] if len(set(history.learning_rates)) > 1 else []


# -- the confusion matrix --------------------------------------------------------------------------------------------


def _matrices(run: _Run) -> list[_Block]:
    """Return the confusion matrix of the samples that say most: test, else validation, else training."""
    classes = run.reading.classes
    if not classes or len(classes) > MOST_CLASSES:
        return []
    part = run.parts[-1]
    decided = [run.history.loss_row.decide(output) for output in _outputs(run.history.model, part)]
    pairs = zip(map(run.reading.class_of, part.targets), map(run.reading.class_of, decided))
    known = [pair for pair in pairs if None not in pair]  # an output that is nan stands for no class
    counts = confusion_matrix([true for true, _ in known], [answer for _, answer in known], classes).counts
    title = f"Confusion matrix, {len(part.inputs)} {part.kind} samples"
    return [_Block(title, _matrix(classes, counts), "matrix", MATRIX_HINT)]


def _matrix(classes: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    heads = "".join(f'<th scope="col"><bdi>{escaped(name)}</bdi></th>' for name in classes)
    rows = "".join(
        f'<tr><th scope="row"><bdi>{escaped(name)}</bdi></th>{_cells(row, k)}</tr>'
        for k, (name, row) in enumerate(zip(classes, counts))
    )
    corner = '<td class="corner">true ↓ answer →</td>'
    many = ' class="many"' if len(classes) > 6 else ""
    return f"<table{many}><thead><tr>{corner}{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _cells(row: Sequence[int], right: int) -> str:
    total = max(sum(row), 1)
    return "".join(
        f'<td{" class=hit" if k == right else ""} style="--share:{count / total:.2f}">{count}</td>'
        for k, count in enumerate(row)
    )


# -- the weights as numbers ------------------------------------------------------------------------------------------


def _numbers(run: _Run, frame: Frame) -> list[str]:
    """Return the weights and biases of the last snapshot as tables, folded away; nothing where they are many."""
    if not run.columns or sum(rows.size for rows in frame.rows) > MOST_NUMBERS:
        return []
    tables: list[str] = []
    sources = run.features
    for k, (column, rows) in enumerate(zip(run.columns, frame.rows)):
        heads = "".join(f'<th scope="col"><bdi>{escaped(name)}</bdi></th>' for name in [*sources, "bias"])
        lines = "".join(
            f'<tr><th scope="row">neuron {i}</th>{"".join(f"<td>{short(x)}</td>" for x in row)}</tr>'
            for i, row in enumerate(rows.tolist())
        )
        name = escaped(column.layer.name or f"layer {k}")
        tables.append(f"<h3>{name}</h3><div class=scroll><table><tr><td></td>{heads}</tr>{lines}</table></div>")
        sources = [f"neuron {i}" for i in range(len(rows))]
    summary = f"<summary>Weights as numbers, epoch {frame.epoch}</summary>"
    return [f"<details>{summary}{''.join(tables)}</details>"]
