"""Where the command takes its samples from, and how it deals them out.

This room knows names of data sets, CSV files, and the parts of a split. It does not know networks.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Generator
from contextlib import contextmanager
from typing import NamedTuple

from nn.checks import counted
from nn.cli.flags import WrongUseError
from nn.csv_files import TableError, choices, read_table, shown
from nn.datasets import SOURCES
from nn.samples import Dataset, split
from nn.tables import Column, Encoding, encode_table

__all__ = ["Source", "is_table", "parts_of", "read_source", "wrong_input"]

FEWEST = 20
"""Of fewer samples none are held back, unless a share is asked for."""

SHARE = 0.2
"""Of the test and of the validation, where none is given."""

TABLE_FLAGS = ("target", "task", "missing", "categorical", "ignore", "delimiter", "header")


class Source(NamedTuple):
    """Samples, and which columns they come from.

    Attributes:
        dataset: the samples, in the units of the data.
        encoding: how rows of a CSV file become such samples.
        told: what was found in a file, as one line; empty for a data set that has a name.
    """

    dataset: Dataset
    encoding: Encoding
    told: str = ""


@contextmanager
def wrong_input(where: str) -> Generator[None, None, None]:
    """Return a context in which what is wrong with a file becomes a `WrongUseError` that names it."""
    try:
        yield
    except OSError as error:
        raise WrongUseError(f"cannot read {where!r}: {error.strerror}") from error
    except ValueError as error:
        message = str(error)
        if isinstance(error, TableError):
            message = error.typed
        raise WrongUseError(message if where in message or repr(where) in message else f"{where}: {message}") from error


def read_source(options: Namespace) -> Source:
    """Return the samples that were asked for.

    Raises:
        WrongUseError: there is no such data set or file, or something in it does not fit.
        ModuleNotFoundError: the data set comes with a package that is not installed.
    """
    if is_table(options.source):
        with wrong_input(options.source):
            return _from_table(options)
    given = next((flag for flag in TABLE_FLAGS if getattr(options, flag) is not None), None)
    if given is not None:
        raise WrongUseError(f"--{given} is for a CSV file; {options.source!r} is a data set that has its columns")
    dataset = SOURCES[options.source].load(options.seed)
    columns = [Column(name) for name in dataset.features]
    return Source(dataset, Encoding(columns, "target", dataset.classes))


def is_table(source: str) -> bool:
    """Return whether a source is a file; names of data sets come first, so that ./iris is the file.

    Raises:
        WrongUseError: it is neither.
    """
    if source in SOURCES:
        return False
    if os.path.basename(source) == source and not os.path.splitext(source)[1] and not os.path.exists(source):
        there = choices(source, list(SOURCES))
        raise WrongUseError(f"there is no data set {shown(source)}{there}; and no file of this name")
    return True


def _from_table(options: Namespace) -> Source:
    table = read_table(options.source, delimiter=options.delimiter, header=options.header)
    target = options.target or table.header[-1]
    dataset, encoding, n_dropped = encode_table(
        table,
        target,
        task=options.task,
        missing=options.missing or "error",
        categorical=options.categorical or (),
        ignore=options.ignore or (),
    )
    kind = f"{len(dataset.classes)} classes" if dataset.classes else "regression"
    sizes = f"{counted(len(dataset.inputs), 'row')}, {counted(len(dataset.features), 'input')}"
    told = f"{sizes}, target {shown(target)} ({kind}){_words_text(encoding)}"
    dropped = f", {counted(n_dropped, 'row')} with gaps left out" if n_dropped else ""
    return Source(dataset._replace(name=options.source), encoding, f"{options.source}: {told}{dropped}")


def _words_text(encoding: Encoding) -> str:
    """Return which columns are taken as words; empty where there are none."""
    found = [
        f"{shown(column.name)} ({counted(len(column.categories), 'word')})"
        for column in encoding.columns
        if column.categories is not None
    ]
    listed = ", ".join(found[:8]) + (", …" if len(found) > 8 else "")
    return f", columns of words: {listed}" if found else ""


def parts_of(dataset: Dataset, options: Namespace) -> dict[str, Dataset]:
    """Return the samples to train on and those held back, by the name of the part.

    Raises:
        WrongUseError: there are too few samples.
    """
    shares = _shares(len(dataset.inputs), options)
    names = [name for name, share in shares.items() if share]
    if len(names) == 1:
        return {"training": dataset}
    try:
        parts = split(dataset, [shares[name] for name in names], options.seed)
    except ValueError as error:
        raise WrongUseError(f"{error}: change --test-share and --validation-share, 0 is none") from error
    return dict(zip(names, parts))


def _shares(n_samples: int, options: Namespace) -> dict[str, float]:
    given = {"validation": options.validation_share, "test": options.test_share}
    usual = 0.0 if n_samples < FEWEST and set(given.values()) == {None} else SHARE
    held_back = {name: usual if share is None else share for name, share in given.items()}
    left = round(1.0 - sum(held_back.values()), 12)
    if left <= 0.0:
        raise WrongUseError("--test-share and --validation-share leave nothing to train on")
    return {"training": left, **held_back}
