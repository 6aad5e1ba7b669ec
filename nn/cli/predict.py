"""`python -m nn predict`: the answers of a saved model for the rows of a CSV file.

This room knows which file goes where. What outputs mean is in the model's recipe (`nn.cli.recipe`).
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from typing import Any

from nn.checks import counted
from nn.cli.data import wrong_input
from nn.cli.flags import WrongUseError
from nn.cli.recipe import Recipe, RecipeError
from nn.cli.results import check_output
from nn.csv_files import read_table, write_predictions
from nn.module import Module
from nn.prediction import predict as outputs_of
from nn.saving import load, read_extra

__all__ = ["predict"]


def predict(options: Namespace) -> int:
    """Do what was asked for, and return the exit code.

    Raises:
        WrongUseError: something does not fit; nothing was written.
        ModuleNotFoundError: a package is not installed.
        OSError: the file could not be written.
    """
    if options.output:
        check_output("--output", options.output)
        if any(os.path.realpath(options.output) == os.path.realpath(each) for each in (options.model, options.file)):
            raise WrongUseError("--output names a file that is read: choose another one")
    with wrong_input(options.model):
        recipe = Recipe.from_json(read_extra(options.model))
        model = load(options.model)
        _check_fit(model, recipe)
    if options.proba and recipe.row.probabilities is None:
        raise WrongUseError(f"--proba: a model that was trained with {recipe.loss} tells no probabilities")
    with wrong_input(options.file):
        table = read_table(options.file, delimiter=options.delimiter, header=options.header)
        outputs = _outputs(model, recipe.standardized(recipe.encoding.apply(table)))
        columns = _columns(recipe, outputs, options)
        _check_names(columns, table.header)
    write_predictions(options.output or _standard_output(), table, columns)
    empty = sum(not text for text in next(iter(columns.values())))
    if empty:
        n_rows = counted(empty, "row")
        print(f"nn predict: of {n_rows} the output is nan, which is no class: left empty", file=sys.stderr)
    return 0


def _standard_output() -> Any:
    """Return the standard output, with the characters and line ends of the files that are read."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", newline="")
    return sys.stdout


def _check_fit(model: Module, recipe: Recipe) -> None:
    """Raise where a model and its recipe do not belong together."""
    n_inputs, n_outputs = (getattr(model, name, None) for name in ("n_inputs", "n_outputs"))
    expected = len(recipe.encoding.features)
    if n_inputs != expected:
        raise RecipeError(f"the model takes {n_inputs} inputs, and its columns make {expected}")
    n_targets = n_outputs if recipe.targets is None else len(recipe.targets.means)
    if not n_outputs or n_outputs != recipe.n_outputs(n_targets or 1):
        raise RecipeError(f"the model gives {n_outputs} outputs, which do not fit its classes or targets")


def _outputs(model: Module, inputs: list[list[float]]) -> list[Any]:
    import numpy

    with numpy.errstate(all="ignore"):  # IEEE 754: what overflows is inf
        outputs: list[Any] = outputs_of(model, numpy.array(inputs)).tolist()
    return outputs


def _columns(recipe: Recipe, outputs: list[Any], options: Namespace) -> dict[str, list[str]]:
    """Return the new columns: one for the prediction, or one per number of a regression; then the probabilities."""
    answers = list(zip(*map(recipe.answer, outputs)))
    names = [options.column] if len(answers) == 1 else [f"{options.column}{k + 1}" for k in range(len(answers))]
    columns = {name: list(texts) for name, texts in zip(names, answers)}
    if options.proba:
        shares = zip(*map(recipe.probabilities, outputs))
        columns |= {f"{options.column}={word}": list(texts) for word, texts in zip(recipe.encoding.classes, shares)}
    return columns


def _check_names(columns: dict[str, list[str]], header: list[str]) -> None:
    taken = next((name for name in columns if name in header), None)
    if taken is not None:
        raise WrongUseError(f"there is a column {taken!r} already: choose another name with --column")
