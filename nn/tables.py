"""Tables: one's own data as numbers to learn from, and how the same is done to new rows later.

This room knows columns: which hold numbers, which hold words, and which one is to be predicted. What it found out is an
`Encoding`, plain data that can be saved with a model; nothing in it is ever executed. It does not know files
(`nn.csv_files`), nor what learns from the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, cast

from nn.csv_files import Table, TableError, as_number, choices, shown
from nn.samples import Dataset

__all__ = ["Column", "Encoding", "encode_table"]

_Cells = Sequence[tuple[int, str]]
"""Of a column: (line, text) of each."""

MISSING = {"", "?", "na", "n/a", "nan", "null"}
"""Cells that stand for a value nobody knows, in lower case."""
MINUS = "\N{MINUS SIGN}"
"""As typesetters write it; no program takes it for a number's sign."""
MOST_CATEGORIES = 50
MOST_INTEGER_CLASSES = 20
"""A target of integers is a class if it has at most this many different ones, each twice or more on average."""


# -- the encoding ----------------------------------------------------------------------------------------------------


class Column(NamedTuple):
    """How the cells of one column become numbers.

    Attributes:
        name: of the column.
        categories: the words it may hold, in order; each becomes an input that is 1 for this word and 0 for all others.
            None where the cells are numbers.
    """

    name: str
    categories: list[str] | None = None

    @property
    def features(self) -> list[str]:
        """The names of the inputs: that of the column, or column=word for every word."""
        return [self.name] if self.categories is None else [f"{self.name}={word}" for word in self.categories]

    def encode(self, line: int, text: str) -> list[float]:
        """Return the inputs that a cell stands for.

        Raises:
            TableError: it is no number, or no known word.
        """
        if self.categories is None:
            return [_number_at(line, self.name, text)]
        _check_known(line, self.name, text, self.categories)
        return [float(word == text) for word in self.categories]


class Encoding(NamedTuple):
    """How rows of a table become numbers: plain data, to be saved with a model and applied to new rows.

    Attributes:
        columns: those that become inputs, in order.
        target: the column to be predicted.
        classes: the words of the target, in the order of the class indices; empty for a regression.

    Example:
        >>> encoding = Encoding([Column("x"), Column("colour", ["blue", "red"])], "y", [])
        >>> encoding.features
        ['x', 'colour=blue', 'colour=red']
        >>> encoding.apply(Table(["colour", "x"], [["red", "0.5"], ["blue", "2"]], [2, 3]))
        [[0.5, 0.0, 1.0], [2.0, 1.0, 0.0]]
        >>> Encoding.from_json(encoding.as_json()) == encoding
        True
    """

    columns: list[Column]
    target: str
    classes: list[str]

    @property
    def features(self) -> list[str]:
        """The name of every input."""
        return [feature for column in self.columns for feature in column.features]

    def apply(self, table: Table) -> list[list[float]]:
        """Return the inputs of every row; columns may stand in any order, and others are not looked at.

        Args:
            table: has the columns of the encoding; its target is not looked at.

        Raises:
            TableError: a column is missing, or a cell is missing, no number, or no known word.
        """
        names = [column.name for column in self.columns]
        _check_no_gaps(table, names)
        blocks = [[column.encode(*cell) for cell in cells] for column, cells in zip(self.columns, table.columns(names))]
        return [[number for part in parts for number in part] for parts in zip(*blocks)]

    def targets(self, table: Table) -> list[int] | list[float]:
        """Return the target of every row: the index of its class, or its number.

        Args:
            table: has the column of the target.

        Raises:
            TableError: there is no target column, or a cell is missing, no number, or no known class.
        """
        _check_no_gaps(table, [self.target])
        cells = table.cells(self.target)
        if not self.classes:
            return [_number_at(line, self.target, text, ": a regression needs numbers") for line, text in cells]
        positions = {word: position for position, word in enumerate(self.classes)}
        for line, text in cells:
            _check_known(line, self.target, text, positions)
        return [positions[text] for _, text in cells]

    def as_json(self) -> dict[str, Any]:
        """Return the encoding as texts, lists and dicts, as JSON can hold them."""
        columns = [{"name": column.name, "categories": column.categories} for column in self.columns]
        return {"columns": columns, "target": self.target, "classes": self.classes}

    @classmethod
    def from_json(cls, data: object) -> Encoding:
        """Return the encoding that `as_json` gave; everything is checked.

        Args:
            data: what JSON made of it: a dict.

        Raises:
            TableError: it is not what `as_json` gives.
        """
        entries = _entries(data, {"columns", "target", "classes"}, "the encoding")
        if not isinstance(entries["columns"], list):
            raise TableError("the columns of the encoding are not a list")
        columns = [_column_from_json(each) for each in cast("list[object]", entries["columns"])]
        target = _name_from_json(entries["target"], "the target")
        classes = _words_from_json(entries["classes"], "the classes")
        names = [target, *(column.name for column in columns)]
        if not columns or len(set(names)) < len(names) or len(classes) == 1:
            raise TableError("the encoding has no columns, a name that stands twice, or a single class")
        return cls(columns, target, classes)


def _column_from_json(data: object) -> Column:
    entries = _entries(data, {"name", "categories"}, "a column of the encoding")
    name = _name_from_json(entries["name"], "a column")
    if entries["categories"] is None:
        return Column(name)
    categories = _words_from_json(entries["categories"], f"the categories of column {name!r}")
    if not categories:
        raise TableError(f"column {name!r} of the encoding has no categories")
    return Column(name, categories)


def _entries(data: object, keys: Collection[str], what: str) -> Mapping[str, object]:
    if not isinstance(data, dict) or set(cast("dict[object, object]", data)) != set(keys):
        raise TableError(f"{what} is a dict of {', '.join(sorted(keys))}, nothing else")
    return cast("dict[str, object]", data)


def _name_from_json(data: object, what: str) -> str:
    if not isinstance(data, str) or not data:
        raise TableError(f"the name of {what} in the encoding is not a text")
    return data


def _words_from_json(data: object, what: str) -> list[str]:
    words = cast("list[object]", data) if isinstance(data, list) else [None]
    texts = [word for word in words if isinstance(word, str) and word]
    if len(texts) < len(words) or len(set(texts)) < len(texts):
        raise TableError(f"{what} in the encoding are not a list of different texts")
    return texts


# -- finding the encoding --------------------------------------------------------------------------------------------


def encode_table(
    table: Table,
    target: str,
    *,
    task: str | None = None,
    missing: str = "error",
    categorical: Collection[str] = (),
    ignore: Collection[str] = (),
) -> tuple[Dataset, Encoding, int]:
    """Return a table as numbers to learn from, how they were made, and how many rows were dropped.

    A column whose cells are all numbers becomes one input; a column of words becomes one input per word. A target of
    words is a class, and so is one of integers, if they are few; other numbers make a regression.

    Args:
        table: what was read.
        target: the column to be predicted.
        task: "class" or "regression" where the target is to be taken as such, whatever it looks like.
        missing: "error", or "drop" for leaving out rows with an empty cell or one that says ?, NA, N/A, nan or null.
        categorical: columns to be taken as words though they hold numbers, such as codes.
        ignore: columns to be left out, such as names and numbers of rows.

    Returns:
        The data set, the encoding to be applied to new rows, and the number of dropped rows.

    Raises:
        TableError: something does not fit; the message says where and what to do.
        ValueError: task or missing is none of the words above.
        TypeError: it is no Table, or a column is not given by its name.

    Example:
        >>> rows = [["1", "red", "a"], ["2", "blue", "b"], ["?", "red", "b"]]
        >>> table = Table(["x", "colour", "kind"], rows, lines=[2, 3, 4])
        >>> dataset, encoding, n_dropped = encode_table(table, "kind", missing="drop")
        >>> dataset.features, dataset.inputs
        (['x', 'colour=blue', 'colour=red'], [[1.0, 0.0, 1.0], [2.0, 1.0, 0.0]])
        >>> dataset.classes, dataset.targets, n_dropped
        (['a', 'b'], [0, 1], 1)
    """
    if task not in {None, "class", "regression"}:
        raise ValueError(f"the task is 'class', 'regression' or None, not {task!r}")
    if missing not in {"error", "drop"}:
        raise ValueError(f"missing is 'error' or 'drop', not {missing!r}")
    if not hasattr(table, "cells"):
        raise TypeError(f"what is encoded is the Table that read_table returns, not {type(table).__name__}")
    names = _input_names(table, target, categorical, ignore)
    complete = _complete(table, names, target, missing)
    columns = [_column(*each, each[0] in categorical) for each in zip(names, complete.columns(names))]
    encoding = Encoding(columns, target, _classes(complete, target, task))
    dataset = Dataset(encoding.apply(complete), encoding.targets(complete), encoding.features, encoding.classes)
    return dataset, encoding, len(table.rows) - len(complete.rows)


def _input_names(table: Table, target: str, categorical: Collection[str], ignore: Collection[str]) -> list[str]:
    for what, given in (("categorical", categorical), ("ignore", ignore)):
        if isinstance(given, str):
            raise TableError(f"{what} is a list of names, not a text", (what, [given]))
        if not isinstance(given, Collection):
            raise TypeError(f"{what} is a list of the names of columns, not {given!r}")
    for name in (target, *categorical, *ignore):
        if not isinstance(name, str):
            raise TypeError(f"a column is given by its name, a str, not {name!r}")
        table.cells(name)  # raises where there is no such column
    if target in {*categorical, *ignore}:
        raise TableError(f"column {shown(target)} is the target, no input to be ignored or taken as words")
    names = [name for name in table.header if name != target and name not in ignore]
    if not names:
        if len(table.header) == 1:
            likely = next((each for each in target if not (each.isalnum() or each in "_-. ")), "X")
            message = f"the file has a single column, {shown(target)}: say what stands between two cells"
            raise TableError(message, ("delimiter", likely))
        raise TableError("there are no columns to predict the target from")
    return names


def _complete(table: Table, inputs: Sequence[str], target: str, missing: str) -> Table:
    """Return the rows that have a value in every one of the columns; raise where there are gaps that may not be."""
    names = [*inputs, target]
    for name, cells in zip(names, table.columns(names)):
        if all(_is_missing(text) for _, text in cells):
            if name == target:
                raise TableError(f"column {shown(name)}, the target, has no values: choose another one")
            raise TableError(f"column {shown(name)} has no values: ignore it", ("ignore", [name]))
    if missing == "error":
        _check_no_gaps(table, names[:-1], ": ignore the column, or leave out such rows", ("missing", "drop"))
        _check_no_gaps(table, [target], ": leave out such rows", ("missing", "drop"))
        return table
    wanted = set(names)
    positions = [position for position, name in enumerate(table.header) if name in wanted]
    kept = [i for i, row in enumerate(table.rows) if not any(_is_missing(row[k].strip()) for k in positions)]
    if not kept:
        raise TableError(f"each of the {len(table.rows)} rows has a missing value: ignore the columns that have most")
    return table._replace(rows=[table.rows[i] for i in kept], lines=[table.lines[i] for i in kept])


def _column(name: str, cells: _Cells, as_words: bool) -> Column:
    if not as_words and _is_numeric(name, cells, "say that it holds words", ("categorical", [name])):
        return Column(name)
    words = _distinct(cells)
    if len(words) > MOST_CATEGORIES:
        raise TableError(
            f"column {shown(name)} has {len(words)} different words, too many to learn from: ignore it",
            ("ignore", [name]),
        )
    return Column(name, words)


def _classes(table: Table, target: str, task: str | None) -> list[str]:
    """Return the classes of the target, or none for a regression."""
    cells = table.cells(target)
    words = _distinct(cells)
    if task is None:
        task = _likely_task(target, cells, words)
    if task == "regression":
        return []
    if len(words) < 2:
        raise TableError(
            f"every row has the same class, {shown(words[0])}, in column {shown(target)}: nothing to learn"
        )
    _check_spelling(target, words)
    return words


def _check_spelling(target: str, words: Sequence[str]) -> None:
    """Raise where two classes are one number, written in two ways."""
    spelled: dict[float, str] = {}
    for word in words:
        number = as_number(word)
        first = word if number is None else spelled.setdefault(number, word)
        if first != word:
            raise TableError(f"column {shown(target)} spells one class in two ways: {shown(first)} and {shown(word)}")


def _likely_task(target: str, cells: _Cells, words: list[str]) -> str:
    if _is_numeric(target, cells, "say that it holds classes", ("task", "class")):
        integers = all(float(word).is_integer() for word in words)
        few = len(words) <= min(MOST_INTEGER_CLASSES, len(cells) / 2)
        return "class" if integers and few else "regression"
    if len(words) > MOST_CATEGORIES:
        raise TableError(
            f"target column {shown(target)} has {len(words)} different words: choose another target, "
            "or say that they are classes",
            ("task", "class"),
        )
    return "class"


def _is_numeric(name: str, cells: _Cells, way_out: str, option: tuple[str, Any]) -> bool:
    """Return whether a column holds numbers; raise where most cells do, because the others look like slips."""
    words = [(line, text) for line, text in cells if as_number(text) is None]
    if not words:
        return True
    line, text = words[0]
    if all(_is_infinite(text) for _, text in words):
        raise TableError(f"{_place(line, name, text)}, not a finite number: correct it")
    if all(as_number(text.replace(MINUS, "-")) is not None for _, text in words):
        raise TableError(f"{_place(line, name, text)}: write a hyphen, -, for a minus, or {way_out}", option)
    if all("," in text and as_number(text.replace(",", "")) is not None for _, text in words):
        raise TableError(
            f"{_place(line, name, text)}: write numbers with a point and no commas, or {way_out}",
            option,
        )
    if 2 * len(words) < len(cells):
        raise TableError(
            f"{_place(line, name, text)}, not a number, while most cells are: correct it, or {way_out}",
            option,
        )
    return False


def _is_infinite(text: str) -> bool:
    """Return whether a text is infinity, or a number too large for a float."""
    try:
        return math.isinf(float(text))
    except ValueError:
        return False


def _distinct(cells: _Cells) -> list[str]:
    """Return the different texts in a column, sorted: numbers by size, words by the alphabet."""
    texts = {text for _, text in cells}
    if all(as_number(text) is not None for text in texts):
        return sorted(texts, key=lambda text: (float(text), text))
    return sorted(texts)


# -- single cells ----------------------------------------------------------------------------------------------------


def _place(line: int, name: str, text: str) -> str:
    return f"line {line}: column {shown(name)} has {shown(text)}"


def _number_at(line: int, name: str, text: str, why: str = "") -> float:
    number = as_number(text)
    if number is None:
        raise TableError(f"{_place(line, name, text)}, not a finite number{why}")
    return number


def _is_missing(text: str) -> bool:
    return text.lower() in MISSING


def _check_no_gaps(
    table: Table, names: Sequence[str], way_out: str = "", option: tuple[str, Any] | None = None
) -> None:
    for name, cells in zip(names, table.columns(names)):
        for line, text in cells:
            if _is_missing(text):
                raise TableError(f"{_place(line, name, text)}, a missing value{way_out}", option)


def _check_known(line: int, name: str, text: str, words: Collection[str]) -> None:
    if text not in words:
        raise TableError(f"{_place(line, name, text)}, which is not known from training{choices(text, list(words))}")
