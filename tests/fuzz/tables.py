"""CSV files: refused in one line, or read as CSV is defined and as `float` reads numbers."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable

from nn.csv_files import Table, TableError, as_number, table_of, write_predictions
from nn.tables import Encoding, encode_table
from tests.fuzz.draw import Draw
from tests.fuzz.laws import FaultError, refused

__all__ = ["check", "check_text", "text_of"]

CELLS = [
    "1", "2", "0.5", "-3", "a", "b", "yes", "no", "", " ", "?", "NA", "nan", "inf", "1e999", "1_000", "1,5", "٣", "１",
    "0x10", "1e5", '"a"', '"', '""', '"a,b"', '"a\nb"', "é", "\ufeff", "\x00", "\x1b[31m", "=1+1", "1" * 400, "\u2028",
    "\x85", "1.", ".5", ".", "+", "1e", "-0", "1e-999", "🙂", "'", "\x0b", "\ud800", "infinity", "true",
]  # fmt: skip
ENDS = ["\n", "\r\n", "\r", "\n\n", "\n \n"]
DELIMITERS = [",", ";", "\t", "|", " ", ":"]
ODD = [*DELIMITERS, '"', "\x00", "a", "1", "\u2028", "\x1b"]


def text_of(data: bytes) -> str:
    """Return the table that some bytes make: any text, or rows of odd cells, most of equal length."""
    draw = Draw(data)
    if draw.below(3) == 0:
        return draw.rest().decode("utf-8", "surrogateescape")
    delimiter, end = draw.one_of(DELIMITERS), draw.one_of(ENDS)
    start = f"sep={draw.one_of(ODD)}\n" if draw.likely(10) else ""
    width = draw.below(4) + 1
    lines = [[draw.one_of(["x", "y", "z", "kind", *CELLS]) for _ in range(width)]]
    while not draw.is_empty and len(lines) < 60:
        lines.append([draw.one_of(CELLS) for _ in range(width + draw.likely(3))])
        end = draw.one_of(ENDS) if draw.likely(3) else end
    return start + end.join(delimiter.join(line) for line in lines) + end * draw.below(2)


def check(data: bytes) -> None:
    """Check the table that some bytes make."""
    check_text(text_of(data))


def check_text(text: str) -> None:
    """Raise where a table breaks a law."""
    for options in ({}, {"header": False}, {"delimiter": ";", "header": True}):
        with refused(TableError):
            _check_table(text, table_of(text, **options))


def _check_table(text: str, table: Table) -> None:
    _check_cells(text, table)
    if len(set(table.header)) < len(table.header):
        raise FaultError(f"columns of one name: {table.header}")
    for row in table.rows:
        for cell in row:
            _check_number(cell)
    _check_written(table)
    for options in (
        {},
        {"missing": "drop"},
        {"task": "class"},
        {"task": "regression", "categorical": table.header[:1]},
    ):
        with refused(TableError):
            _check_encoded(table, options)


def _check_number(cell: str) -> None:
    number = as_number(cell)
    if number is None:
        return
    if not cell.isascii() or "_" in cell or not math.isfinite(number) or number != float(cell):
        raise FaultError(f"{cell!r} is taken for {number}")


def _check_written(table: Table) -> None:
    """What is written is read back as it was; names with space around them are written without."""
    written = io.StringIO()
    write_predictions(written, table, {})
    again = table_of(written.getvalue(), delimiter=table.delimiter, header=True)
    if again.header != table.header or again.rows != table.rows:
        raise FaultError(f"{table} is read back as {again}")


def _check_encoded(table: Table, options: dict[str, object]) -> None:
    dataset, encoding, n_dropped = encode_table(table, table.header[-1], **options)  # type: ignore[arg-type]
    kept = len(table.rows) - n_dropped
    if len(dataset.inputs) != kept or len(dataset.targets) != kept or not kept:
        raise FaultError(f"{len(dataset.inputs)} inputs of {kept} rows")
    if Encoding.from_json(encoding.as_json()) != encoding:
        raise FaultError(f"{encoding} is read back as another one")
    if not n_dropped and (encoding.apply(table) != dataset.inputs or encoding.targets(table) != dataset.targets):
        raise FaultError("the encoding makes other numbers of the same rows")
    if not all(math.isfinite(number) for row in dataset.inputs for number in row):
        raise FaultError("an input is not a finite number")


# -- another reader --------------------------------------------------------------------------------------------------


def _check_cells(text: str, table: Table) -> None:
    said = re.match(r"sep=.(\r\n|\r|\n)", text)
    rows = [row for row in _split(text[said.end() :] if said else text, table.delimiter) if _counts(row)]
    below = rows[-len(table.rows) :]
    if below != table.rows:
        raise FaultError(f"{text!r}: read as {table.rows}, and by another reader as {below}")


def _counts(row: list[str]) -> bool:
    return len(row) > 1 or any(cell.strip() for cell in row)


def _split(text: str, delimiter: str) -> list[list[str]]:
    """Return the rows of a text that is CSV: cell by cell, character by character."""
    rows: list[list[str]] = [[]]
    position = 0
    while position < len(text):
        read: Callable[[str, int, str], tuple[str, int]] = _quoted if text[position] == '"' else _plain
        cell, position = read(text, position, delimiter)
        rows[-1].append(cell)
        if position < len(text) and text[position] == delimiter:
            position += 1
            if position == len(text) or text[position] in "\r\n":
                rows[-1].append("")
        if position < len(text) and text[position] in "\r\n":
            position += 2 if text[position : position + 2] == "\r\n" else 1
            rows.append([])
    return rows


def _plain(text: str, start: int, delimiter: str) -> tuple[str, int]:
    end = start
    while end < len(text) and text[end] not in {delimiter, "\r", "\n"}:
        end += 1
    return text[start:end], end


def _quoted(text: str, start: int, delimiter: str) -> tuple[str, int]:
    parts, position = [], start + 1
    while True:
        end = text.index('"', position)
        parts.append(text[position:end])
        if text[end + 1 : end + 2] != '"':
            return '"'.join(parts), end + 1
        position = end + 2
