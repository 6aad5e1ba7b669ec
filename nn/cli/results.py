"""What `python -m nn train` tells at the end: the table, the confusion matrix, and the files.

This room knows how results are printed and where they are written. It does not know how a network came to them.
"""

from __future__ import annotations

import math
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nn.checks import counted, one_line
from nn.cli.flags import WrongUseError
from nn.cli.recipe import Recipe
from nn.columns import aligned
from nn.files import exists
from nn.history import History
from nn.module import Module
from nn.prediction import confusion_matrix, predict, score
from nn.samples import Dataset
from nn.saving import save

__all__ = ["check_output", "print_places", "print_results", "write_results"]

MOST_CLASSES = 12
"""Of a confusion matrix that is printed."""

LONGEST_NAME = 24
"""Of a class in that matrix."""

PICTURES = {"digits": (8, 8)}
"""Rows and columns of data sets whose inputs are the pixels of a picture."""

# -- what is printed -------------------------------------------------------------------------------------------------


def print_results(model: Module, recipe: Recipe, parts: dict[str, Dataset], samples: dict[str, Any]) -> None:
    """Print how well a model does on each part, and the confusion matrix of the last one.

    Args:
        model: what was trained.
        recipe: how samples became numbers.
        parts: the samples in the units of the data, by the name of the part.
        samples: the same as (inputs, targets) that the model and the loss take.
    """
    lines = [["", "samples", "loss", *(["accuracy"] if recipe.encoding.classes else ["RMSE", "R²"])]]
    for name, part in parts.items():
        lines.append([name, str(len(part.inputs)), *_measures(model, recipe, part, samples[name])])
    print(aligned(lines))
    if len(parts) == 1:
        print("no samples were held back: how well it does on new ones is not known")
    if 0 < len(recipe.encoding.classes) <= MOST_CLASSES:
        name, part = list(parts.items())[-1]
        _print_matrix(model, recipe, name, part, samples[name][0])


def _measures(model: Module, recipe: Recipe, part: Dataset, samples: Any) -> list[str]:
    if part.classes:
        loss, accuracy = score(model, *samples, loss=recipe.loss)
        return [f"{loss:.4g}", f"{accuracy:.1%}"]
    outputs = recipe.in_units(predict(model, samples[0]))
    loss = score(lambda output: output, outputs, part.targets, loss=recipe.loss).loss
    return [f"{loss:.4g}", *_fitted(_flat(outputs), _flat(part.targets))]


def _fitted(outputs: Sequence[float], targets: Sequence[float]) -> list[str]:
    """Return the root of the mean squared error, and the share of the targets' variance that is explained."""
    center = math.fsum(target / len(targets) for target in targets)
    error = math.dist(outputs, targets)
    spread = math.hypot(*[target - center for target in targets])
    explained = f"{1.0 - (error / spread) ** 2:.3f}" if spread and error / spread < 1e100 else "-"
    explained = "0.000" if explained == "-0.000" else explained
    return [f"{error / math.sqrt(len(targets)):.4g}", explained]


def _print_matrix(model: Module, recipe: Recipe, name: str, part: Dataset, inputs: Any) -> None:
    predicted = [recipe.class_of(output) for output in predict(model, inputs)]
    if None not in predicted:
        print(f"\nconfusion matrix of the {counted(len(predicted), f'{name} sample')}")
        print(confusion_matrix(part.targets, predicted, list(map(_name_text, part.classes))))


def _name_text(name: str) -> str:
    """Return the name of a class as a table can show it: on one line, printable, not too long."""
    text = one_line(name)
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def _flat(numbers: Sequence[Any]) -> list[float]:
    return [number for each in numbers for number in (each if isinstance(each, list) else [each])]


# -- what is written -------------------------------------------------------------------------------------------------


def check_output(flag: str, path: str) -> None:
    """Check that a file can be written.

    Raises:
        WrongUseError: there is no such folder, or it is not writable.
    """
    try:
        place = Path(os.path.realpath(path))
        is_there = exists(place)
        if place.is_dir():
            raise WrongUseError(f"{flag}: {path!r} is a folder, not a file")
        if not place.parent.is_dir():
            raise WrongUseError(f"{flag}: there is no folder {str(place.parent)!r}: make it first")
        needed = [place] if is_there else []
        if not is_there or place.is_file():
            needed.append(place.parent)  # a file is replaced by a new one
    except OSError as error:
        raise WrongUseError(f"{flag}: {path[:60]!r}: {error.strerror}") from error
    for each in needed:
        if not os.access(each, os.W_OK):
            raise WrongUseError(f"{flag}: {str(each)!r} is write-protected")


def write_results(
    options: Namespace, history: History, recipe: Recipe, dataset: Dataset, samples: dict[str, Any]
) -> None:
    """Write the model and the report, those that were asked for, if any epoch was finished.

    Args:
        options: what was typed.
        history: what came of the run.
        recipe: how samples became numbers; it is saved with the model.
        dataset: all samples, for the names of inputs and classes.
        samples: (inputs, targets) by the name of the part.

    Raises:
        OSError: a file cannot be written.
    """
    if not options.save and not options.report:
        return
    if not history.training:
        print("nn train: no epoch was finished: nothing is written", file=sys.stderr)
        return
    if options.save:
        save(history.model, options.save, extra=recipe.as_json())
    if options.report:
        _write_report(options.report, history, recipe, dataset, samples.get("test"))


def print_places(options: Namespace, history: History) -> None:
    """Print which files have been written."""
    if not history.training or not (options.save or options.report):
        return
    print()
    if options.save:
        print(f"the model is in {options.save}")
    if options.report:
        print(f"the report is in {options.report}")


def _write_report(path: str, history: History, recipe: Recipe, dataset: Dataset, test: Any) -> None:
    from nn.reports import report  # with numpy and all that is drawn

    page = report(
        history,
        title=_title(recipe),
        features=dataset.features,
        classes=dataset.classes,
        standardization=recipe.inputs,
        test=test,
        picture=PICTURES.get(recipe.source),
    )
    page.save(path)


def _title(recipe: Recipe) -> str:
    if recipe.targets is None or len(recipe.targets.means) > 1:
        return recipe.source
    (mean,), (deviation,) = recipe.targets
    return f"{recipe.source}: target standardized, 0 is {mean:.4g}, a step of 1 is {deviation:.4g}"
