"""CSV files: the cells of a table, read and written back as they are.

This room knows rows, columns and the lines they stand on. It does not know what the cells mean (`nn.tables`). Nothing
is guessed silently where a guess could be wrong: what does not fit is a `TableError`, one line that says where and what
to do.
"""

from __future__ import annotations

import csv
import difflib
import io
import itertools
import math
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, NamedTuple

from nn.checks import counted
from nn.files import atomic_write

__all__ = ["Table", "TableError", "as_number", "choices", "read_table", "shown", "table_of", "write_predictions"]

DELIMITERS = (",", ";", "\t")
MOST_BYTES = 64 * 2**20
MOST_CELLS = 4_000_000
"""Of a table: a cell of a single digit takes a hundred times its place in the file."""

PROBED = 100
"""Rows that are looked at to find out the delimiter."""

SAID = re.compile(r"sep=(.)(?:\r\n|\r|\n)")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)  # one way to read any text: no backtracking


class TableError(ValueError):
    """A table cannot be read, or cannot be turned into numbers; the message is one line.

    Args:
        message: what is wrong, where, and what to do.
        option: the argument of `read_table` or `encode_table` that is a way out, and what to give it.

    Attributes:
        typed: the message with that option as it is typed in a terminal.

    Example:
        >>> error = TableError("column 'a,b' has no values: ignore it", ("ignore", ["a,b"]))
        >>> print(error)
        column 'a,b' has no values: ignore it (ignore=['a,b'])
        >>> print(error.typed)
        column 'a,b' has no values: ignore it (--ignore '"a,b"')
    """

    def __init__(self, message: str, option: tuple[str, Any] | None = None) -> None:
        super().__init__(message if option is None else f"{message} ({option[0]}={option[1]!r})")
        self.typed = message if option is None else f"{message} ({_typed(*option)})"


def _typed(name: str, value: Any) -> str:
    if value is False:
        return f"--no-{name}"
    if isinstance(value, list):  # of names between commas
        value = ",".join('"{}"'.format(each.replace('"', '""')) if set(each) & {",", '"'} else each for each in value)
    return f"--{name} {shlex.quote(value)}"


class Table(NamedTuple):
    """The cells of a table, as text, as they were read.

    Attributes:
        header: name of each column, all different.
        rows: one list of cells per row, each as long as the header.
        lines: on which line of the file each row begins, from 1.
        delimiter: what stands between two cells in the file.

    Example:
        >>> table = Table(["kind", "weight"], [["apple", "150"], ["plum", " 40"]], [2, 3])
        >>> table.cells("weight")
        [(2, '150'), (3, '40')]
    """

    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    delimiter: str = ","

    def cells(self, name: str) -> list[tuple[int, str]]:
        """Return (line, text) of every cell of a column; space around the text is left out.

        Args:
            name: of the column.

        Raises:
            TableError: there is no such column; the message names those there are.
        """
        return next(self.columns([name]))

    def columns(self, names: Sequence[str]) -> Iterator[list[tuple[int, str]]]:
        """Yield the cells of several columns, one after the other, as `cells` returns them.

        Raises:
            TableError: there is no such column; the message names those there are.
        """
        positions = {name: position for position, name in enumerate(self.header)}
        for name in names:
            if name not in positions:
                raise TableError(f"there is no column {shown(name)}{choices(name, self.header)}")
            position = positions[name]
            yield [(line, row[position].strip()) for line, row in zip(self.lines, self.rows)]


# -- reading ---------------------------------------------------------------------------------------------------------


def read_table(path: str | os.PathLike[str], *, delimiter: str | None = None, header: bool | None = None) -> Table:
    r"""Return the cells of a CSV file in UTF-8, whose first line names the columns.

    Cells may be quoted; blank lines are skipped. Line ends may be those of any system.

    Args:
        path: the file, of at most 64 MiB and four million cells.
        delimiter: what stands between two cells; by default the one of comma, semicolon and tab that cuts all rows, or
            the first hundred, into the same number of cells, the greatest. A first line such as sep=; says it too.
        header: False where the first line is data: columns are then called column1, column2, …; True where it names the
            columns even though the names are numbers; by default it is taken for names, and refused if half of it is
            numbers.

    Raises:
        TableError: the file cannot be read, or is no table, and the message says on which line; or the delimiter is
            more than one character.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "fruit.csv")
        ...     size = path.write_text("kind,weight\napple,150\n\nplum,40\n")
        ...     read_table(path)
        Table(header=['kind', 'weight'], rows=[['apple', '150'], ['plum', '40']], lines=[2, 4], delimiter=',')
    """
    return table_of(_text(path), delimiter=delimiter, header=header)


def table_of(text: str, *, delimiter: str | None = None, header: bool | None = None) -> Table:
    """Return the cells of a text, as `read_table` does of a file."""
    said = SAID.match(text)
    if said:  # as Excel writes it: a line that names the delimiter
        text = text[said.end() - 1 :]
        delimiter = delimiter or said[1]
    if delimiter is None:
        delimiter = _delimiter(text)
    _check_delimiter(delimiter)
    lines, rows = _not_too_many(_records(text, delimiter))
    if not rows:
        raise TableError("the file is empty")
    first_line, first = lines[0], rows[0]
    names = [name.strip() for name in first]
    if header is None:
        _check_names_are_names(first_line, names)
    if header is False:
        names = [f"column{k + 1}" for k in range(len(first))]
    else:
        del lines[0], rows[0]
        _check_header(first_line, names)
    if not rows:
        raise TableError(f"there are no rows below the header (line {first_line})")
    for line, row in zip(lines, rows):
        if len(row) != len(names):
            raise TableError(f"line {line} has {counted(len(row), 'cell')}, but line {first_line} has {len(names)}")
    return Table(names, rows, lines, delimiter)


def _text(path: str | os.PathLike[str]) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise TableError(f"cannot read {os.fspath(path)!r}: {error.strerror}") from error
    except ValueError as error:  # a NUL in the path
        raise TableError(f"cannot read {os.fspath(path)!r}: {error}") from error
    if len(data) > MOST_BYTES:
        raise TableError(f"the file has more than {MOST_BYTES // 2**20} MiB: use a part of it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(re.findall(rb"\r\n|\r|\n", error.object[: error.start])) + 1
        byte = error.object[error.start]
        raise TableError(f"line {line}: byte 0x{byte:02x} is not UTF-8 text: save the file as UTF-8") from error
    if "\0" in text:
        line = len(re.findall(r"\r\n|\r|\n", text[: text.index("\0")])) + 1
        raise TableError(f"line {line}: a NUL byte: this is no text file")
    return text


def _check_delimiter(delimiter: str) -> None:
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n\0':
        given = shown(delimiter) if isinstance(delimiter, str) else repr(delimiter)
        raise TableError(f"the delimiter is one character, and no quote, line end or NUL, not {given}")


def _not_too_many(records: Iterator[tuple[int, list[str]]]) -> tuple[list[int], list[list[str]]]:
    lines: list[int] = []
    rows: list[list[str]] = []
    n_cells = 0
    for line, row in records:
        n_cells += len(row)
        if n_cells > MOST_CELLS:
            raise TableError(f"up to line {line} there are more than {MOST_CELLS:,} cells: use a part of the file")
        lines.append(line)
        rows.append(row)
    return lines, rows


def _delimiter(text: str) -> str:
    """Return the delimiter that makes rows of equal length, and of several the one that makes most cells."""

    def fitness(delimiter: str) -> tuple[bool, int]:
        try:
            sizes = [len(row) for _, row in itertools.islice(_records(text, delimiter), PROBED)] or [0]
        except TableError:  # a broken row: go by the first one
            return False, _first_size(text, delimiter)
        return len(set(sizes)) == 1 < sizes[0], sizes[0]

    return max(DELIMITERS, key=fitness)


def _first_size(text: str, delimiter: str) -> int:
    """Return how many cells the first row has."""
    try:
        return len(next(_records(text, delimiter, strict=False), (0, []))[1])
    except TableError:  # a cell without end: a long line, or a quote that is never closed
        first = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
        return first.count(delimiter) + 1


def _records(text: str, delimiter: str, strict: bool = True) -> Iterator[tuple[int, list[str]]]:
    """Yield (line on which it begins, cells) for every row that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    line = 1
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise TableError(f"line {line}: {_explained(str(error))}") from error


def _explained(error: str) -> str:
    if "unexpected end of data" in error:
        return "a quote is opened and never closed"
    if "field limit" in error:
        return f"a cell has more than {csv.field_size_limit()} characters; is a quote never closed?"
    if "expected after" in error:
        return 'text follows a closing quote; write a quote inside of quotes twice, as ""'
    return error


def _check_names_are_names(line: int, names: list[str]) -> None:
    if 2 * sum(as_number(name) is not None for name in names) >= len(names):
        raise TableError(
            f"line {line} has numbers where the names of the columns are expected: add a line with names at the top, "
            "or say that there is none",
            ("header", False),
        )


def _check_header(line: int, names: list[str]) -> None:
    numbers: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if not name:
            raise TableError(f"line {line}: column {number} has no name")
        first = numbers.setdefault(name, number)
        if first != number:
            raise TableError(f"line {line}: columns {first} and {number} are both called {shown(name)}")


# -- writing ---------------------------------------------------------------------------------------------------------


def write_predictions(
    path_or_file: str | os.PathLike[str] | IO[str], table: Table, columns: Mapping[str, Sequence[str]]
) -> None:
    """Write a table with further columns as CSV; a file at a path is written whole or not at all.

    Cells are written as they were read. A spreadsheet may take one that begins with = for a formula, as it would have
    done in the file that was read.

    Args:
        path_or_file: where to write: a path, or a text file that is open.
        table: what was read; its delimiter is used.
        columns: name -> one text per row of the table.

    Raises:
        TableError: a column has another number of rows, or its name is taken.
        TypeError: something in a column is no text.
        OSError: the file cannot be written.

    Example:
        >>> import sys
        >>> table = Table(["x", "note"], [["1", "a, b"], ["2", ""]], [2, 3])
        >>> write_predictions(sys.stdout, table, {"predicted": ["yes", "no"]})
        x,note,predicted
        1,"a, b",yes
        2,,no
    """
    for name, texts in columns.items():
        if name in table.header:
            raise TableError(f"the table has a column {shown(name)} already: choose another name")
        if len(texts) != len(table.rows):
            raise TableError(f"column {shown(name)} has {counted(len(texts), 'row')}, the table {len(table.rows)}")
        wrong = next((type(text).__name__ for text in texts if not isinstance(text, str)), None)
        if wrong is not None:
            raise TypeError(f"column {shown(name)} is written as texts, not {wrong}: write str(…) of each")
    rows = [[*table.header, *columns], *([*row, *added] for row, *added in zip(table.rows, *columns.values()))]
    lines = [_line(row, table.delimiter) for row in rows]
    if isinstance(path_or_file, (str, os.PathLike)):
        with atomic_write(path_or_file) as file:
            file.writelines(lines)
    else:
        path_or_file.writelines(lines)


def _line(row: Sequence[str], delimiter: str) -> str:
    """Return a row as a line of CSV. The `csv` module would leave a lone carriage return outside of quotes."""
    special = {delimiter, '"', "\r", "\n"}
    cells = [f'"{cell.replace(chr(34), chr(34) * 2)}"' if special.intersection(cell) else cell for cell in row]
    return delimiter.join(cells) + "\n" if any(cells) or len(cells) > 1 else '""\n'


# -- words and numbers -----------------------------------------------------------------------------------------------


def as_number(text: str) -> float | None:
    """Return the finite number that a text is, or None; Python's own `1_000`, `inf` and `nan` are none.

    Example:
        >>> as_number("-1.5e3"), as_number("1_000"), as_number("five")
        (-1500.0, None, None)
    """
    number = float(text) if NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


def choices(wrong: str, names: Sequence[str]) -> str:
    """Return how a message about a wrong name goes on: what it may have meant, and what there is.

    Example:
        >>> choices("colr", ["colour", "size"])
        " (did you mean 'colour'?): there are 'colour', 'size'"
    """
    close = difflib.get_close_matches(wrong[:100], names, 1)
    hint = f" (did you mean {shown(close[0])}?)" if close else ""
    listed = ", ".join(map(shown, names[:20])) + (", …" if len(names) > 20 else "")
    return f"{hint}: there are {listed}"


def shown(text: str) -> str:
    """Return a text in quotes on one line, its beginning if it is long."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
