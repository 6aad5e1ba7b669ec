"""`python -m nn train`: from a data set to a table of how well a network does.

This room knows the order of things: check what will be written, read, split, standardize, train, tell, write. Each of
them is done elsewhere.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from argparse import Namespace
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from nn.checks import counted
from nn.cli.data import Source, is_table, parts_of, read_source, wrong_input
from nn.cli.flags import WrongUseError
from nn.cli.recipe import Recipe
from nn.cli.results import check_output, print_places, print_results, write_results
from nn.history import Epoch, History
from nn.initializers import INITIALIZERS
from nn.layers import MLP, Layer
from nn.losses import LOSSES
from nn.module import Module
from nn.optimizers import OPTIMIZERS, Optimizer
from nn.regularizers import L1, L2, MaxNorm, Regularizer, Together
from nn.samples import Dataset, Standardization
from nn.saving import SavedFileError, check_readable
from nn.schedules import SCHEDULES
from nn.stages import Dropout, Sequential
from nn.trainer import fit

__all__ = ["train"]

LAST = {"binary_cross_entropy": "sigmoid", "negative_log_likelihood": "softmax"}
"""The activation of the last layer, for losses of probabilities; of all others the identity."""

MOST_PARAMETERS = 1_000_000


def train(options: Namespace) -> int:
    """Do what was asked for, and return the exit code.

    Raises:
        WrongUseError: something does not fit; nothing was trained and nothing written.
        ModuleNotFoundError: a package is not installed; likewise.
        OSError: a file could not be written.
    """
    _check_files(options)
    _check_packages(options)
    source = read_source(options)
    parts = parts_of(source.dataset, options)
    with wrong_input(options.source):
        recipe = _recipe(options, source, parts["training"])
        samples = {name: recipe.samples(part) for name, part in parts.items()}
    model = _model(options, recipe, source.dataset)
    if source.told and not options.quiet:
        print(source.told, file=sys.stderr)
    trained: list[Epoch] = []
    with _wrong_checkpoint():
        history = _fit(options, model, recipe, samples, trained.append)
    try:
        write_results(options, history, recipe, source.dataset, samples)  # first: printing may fail too
    finally:
        print_results(model, recipe, parts, samples)
    print_places(options, history)
    if history.stopped is None and not trained:
        n_epochs = counted(len(history.training), "epoch")
        print(f"nn train: the checkpoint has {n_epochs} already: nothing was trained", file=sys.stderr)
    return _ending(history)


# -- before training -------------------------------------------------------------------------------------------------


def _check_files(options: Namespace) -> None:
    """Check the places of all files, so that no run is lost because of them."""
    given = {flag: getattr(options, flag) for flag in ("save", "report", "checkpoint") if getattr(options, flag)}
    for flag, path in given.items():
        check_output(f"--{flag}", path)
    places = {os.path.realpath(path): f"--{flag}" for flag, path in given.items()}
    if len(places) < len(given):
        raise WrongUseError("two of --save, --report and --checkpoint name the same file")
    if is_table(options.source) and os.path.realpath(options.source) in places:
        raise WrongUseError(f"{places[os.path.realpath(options.source)]} names the file with the data")
    if options.resume:
        with wrong_input(options.resume):
            check_readable(options.resume)


def _check_packages(options: Namespace) -> None:
    if options.save or options.checkpoint or options.resume:
        try:
            importlib.import_module("safetensors.numpy")
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                'saving and resuming need safetensors, which is not installed: pip install "tapegrad[save]"'
            ) from error


def _recipe(options: Namespace, source: Source, training: Dataset) -> Recipe:
    """Return how samples become numbers; what standardizes them is taken from those to train on."""
    inputs = targets = None
    if options.standardize:
        inputs = Standardization.of(training.inputs)
        if not training.classes:
            targets = Standardization.of(
                [target if isinstance(target, list) else [target] for target in training.targets]
            )
    return Recipe(source.dataset.name, source.encoding, _loss(options.loss, training.classes), inputs, targets)


def _loss(name: str | None, classes: Sequence[str]) -> str:
    if name is None:
        return "softmax_cross_entropy" if classes else "mean_squared_error"
    row = LOSSES[name]
    if row.decide is None and classes:
        raise WrongUseError(f"--loss {name} is for a regression, but the target is one of {len(classes)} classes")
    if row.decide is not None and not classes:
        raise WrongUseError(f"--loss {name} is for classes, but the target is a number: use mean_squared_error")
    if row.labels and len(classes) > 2 and name != "perceptron":
        raise WrongUseError(
            f"--loss {name} is for two classes, here are {len(classes)}: use softmax_cross_entropy or multiclass_hinge"
        )
    return name


def _model(options: Namespace, recipe: Recipe, dataset: Dataset) -> Module:
    first = dataset.targets[0]
    n_outputs = recipe.n_outputs(len(first) if isinstance(first, list) else 1)
    widths = [len(dataset.features), *options.layers, n_outputs]
    n_parameters = sum((before + 1) * width for before, width in pairwise(widths))
    if n_parameters > MOST_PARAMETERS:
        raise WrongUseError(
            f"--layers: {n_parameters:,} parameters are too many, at most {MOST_PARAMETERS:,} are taken"
        )
    initializer = INITIALIZERS[options.initializer] if options.initializer else None
    last = LAST.get(recipe.loss, "identity")
    if not options.dropout:
        return MLP(widths[0], widths[1:], options.activation, last=last, initializer=initializer, seed=options.seed)
    stages: list[Module] = []
    for before, width in pairwise(widths[:-1]):
        stages += [Layer(before, width, options.activation, initializer=initializer), Dropout(options.dropout)]
    stages.append(Layer(widths[-2], n_outputs, last, initializer=initializer))
    return Sequential(*stages, seed=options.seed)


# -- training --------------------------------------------------------------------------------------------------------


def _fit(
    options: Namespace, model: Module, recipe: Recipe, samples: dict[str, Any], on_epoch: Callable[[Epoch], Any]
) -> History:
    optimizer = _optimizer(options, model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # said in one line afterwards
        return fit(
            model,
            *samples["training"],
            loss=recipe.loss,
            optimizer=optimizer,
            epochs=options.epochs,
            batch_size=options.batch_size,
            seed=options.seed,
            validation=samples.get("validation"),
            regularizer=_regularizer(options),
            schedule=SCHEDULES[options.schedule](optimizer, options.epochs) if options.schedule else None,
            clip_norm=options.clip_norm,
            early_stopping=options.early_stopping,
            callbacks=[on_epoch],
            progress=not options.quiet,
            checkpoint=options.checkpoint,
            resume=options.resume,
        )


@contextmanager
def _wrong_checkpoint() -> Generator[None, None, None]:
    try:
        yield
    except SavedFileError as error:
        raise WrongUseError(f"--resume: {error}") from error


def _optimizer(options: Namespace, model: Module) -> Optimizer:
    further: dict[str, Any] = {}
    if options.momentum:
        further["momentum"] = options.momentum
    if options.nesterov:
        further["nesterov"] = True
    if options.weight_decay is not None:
        further["weight_decay"] = options.weight_decay
    return OPTIMIZERS[options.optimizer](model.parameters(), options.learning_rate, **further)


def _regularizer(options: Namespace) -> Regularizer | None:
    parts: list[Regularizer] = []
    if options.l1:
        parts.append(L1(options.l1))
    if options.l2:
        parts.append(L2(options.l2))
    if options.max_norm:
        parts.append(MaxNorm(options.max_norm))
    return Together(*parts) if parts else None


def _ending(history: History) -> int:
    """Say why a run ended before its last epoch, and return the exit code."""
    reason = history.stopped
    if reason is None:
        return 0
    back = f": back to epoch {history.kept}" if history.interrupted and history.validation else ""
    print(f"nn train: training ended early: {reason.splitlines()[0]}{back}", file=sys.stderr)
    return 130 if history.interrupted else int(history.not_finite)
