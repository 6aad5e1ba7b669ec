"""The lessons in notebooks/: run them, and keep what they showed: `python -m tests.lessons [NAME …]`.

A lesson is written as text, in notebooks/text, and kept as a notebook with outputs. Running it here also tries its
exercises: a cell tagged "exercise" is where the reader works, the cell tagged "check" after it says whether the answer
is right, and the solution that is folded away behind it is run and checked as well.

A cell tagged "varies" shows what differs from run to run, timings say; a lesson without that tag shows the same always.
A cell tagged "picture" shows the picture of its lesson in the README; it is kept in notebooks/pictures.
"""

from __future__ import annotations

import base64
import copy
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

__all__ = ["FOLDER", "LESSONS", "differences", "kept", "notebook", "ran", "write", "wrong_answers"]

FOLDER = Path(__file__).parent.parent / "notebooks"
LESSONS = sorted(path.stem for path in (FOLDER / "text").glob("*.md"))
"""The names of the lessons, in the order in which they are read."""

SOLUTION = re.compile(r"<details>.*?```python\n(.*?)```.*?</details>", re.DOTALL)
RIGHT, NOT_YET = "Right!", "Not yet"
"""What the check of an exercise says first."""

SECONDS = 300
"""That one cell may take."""


def notebook(name: str) -> Any:
    """Return a lesson as its text has it, without outputs."""
    text = jupytext.read(FOLDER / "text" / f"{name}.md")
    text.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    text.nbformat, text.nbformat_minor = 4, 5
    for number, cell in enumerate(text.cells):
        cell.id = f"cell-{number}"
        cell.metadata = nbformat.from_dict({"tags": sorted(tags(cell))} if tags(cell) else {})
    return text


KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def kept(name: str) -> Any:
    """Return a lesson as it is kept, with its outputs."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def tags(cell: Any) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.metadata.get("tags", ()))


def ran(name: str) -> tuple[Any, list[str]]:
    """Return a lesson with the outputs of a run, and for every exercise whose solution is not right what it said."""
    lesson = notebook(name)
    tried = _with_solutions(lesson)
    NotebookClient(tried, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": FOLDER}}).execute()
    cells = [cell for cell in tried.cells if "tried" not in tags(cell)]
    for number, cell in enumerate((cell for cell in cells if cell.cell_type == "code"), 1):
        cell.metadata.pop("execution", None)
        cell.execution_count = number
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number
    lesson.cells = cells
    return lesson, wrong_answers(tried)


def _with_solutions(lesson: Any) -> Any:
    """Return a copy in which every solution is followed by two cells: itself, and the check of its exercise."""
    tried = copy.deepcopy(lesson)
    tried.cells = []
    check = None
    for cell in lesson.cells:
        tried.cells.append(copy.deepcopy(cell))
        if "check" in tags(cell):
            check = cell
        solution = SOLUTION.search(cell.source) if cell.cell_type == "markdown" else None
        if solution and check is not None:
            tried.cells += [_tried(solution[1], "solution"), _tried(check.source, "answer")]
            check = None
    return tried


def _tried(source: str, kind: str) -> Any:
    cell = nbformat.v4.new_code_cell(source)
    cell.metadata["tags"] = ["tried", kind]
    return cell


def wrong_answers(tried: Any) -> list[str]:
    """Return what is not as it should be in the checks of a run: before the reader's turn, and after the solution."""
    wrong = []
    for cell in tried.cells:
        said = printed(cell)
        if "check" in tags(cell) and not said.startswith(NOT_YET):
            wrong.append(f"without an answer, the check says {said!r}: {cell.source}")
        if "answer" in tags(cell) and not said.startswith(RIGHT):
            wrong.append(f"to the solution, the check says {said!r}: {cell.source}")
    return wrong


def printed(cell: Any) -> str:
    """Return what a cell printed."""
    outputs = cell.get("outputs", ())
    return "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")


def differences(run: Any, stored: Any) -> Iterator[str]:
    """Yield what a run shows otherwise than the stored notebook, in cells that show the same always."""
    for now, before in zip(run.cells, stored.cells, strict=True):
        if now.source != before.source or tags(now) != tags(before):
            yield f"the text has\n{now.source}\nwhere the notebook has\n{before.source}"
        elif now.cell_type == "code" and "varies" not in tags(now) and _shown(now) != _shown(before):
            yield f"the cell\n{now.source}\nshows\n{_shown(now)}\nwhere the notebook has\n{_shown(before)}"


def _shown(cell: Any) -> list[Any]:
    """Return what a cell shows, as far as it can be compared: text as it is, of pictures and pages their kinds."""
    shown: list[Any] = []
    for output in cell.outputs:
        if output.output_type == "stream" and shown and shown[-1][0] == output.name:
            shown[-1] = (output.name, shown[-1][1] + output.text)
        elif output.output_type == "stream":
            shown.append((output.name, output.text))
        elif output.output_type == "error":
            shown.append((output.ename, output.evalue))
        else:
            shown.append((output.data.get("text/plain"), sorted(output.data)))
    return shown


def write(name: str) -> None:
    """Run a lesson, and keep it with its outputs, and its picture.

    Raises:
        ValueError: an exercise or its solution is not right; nothing is written.
    """
    lesson, wrong = ran(name)
    if wrong:
        raise ValueError("\n".join([name, *wrong]))
    nbformat.validate(lesson)
    nbformat.write(lesson, FOLDER / f"{name}.ipynb")
    for cell in lesson.cells:
        if "picture" in tags(cell):
            _write_picture(cell, FOLDER / "pictures" / f"{name}.png")


def _write_picture(cell: Any, path: Path) -> None:
    data = next(output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {}))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(base64.b64decode(data))


if __name__ == "__main__":
    for lesson_name in sys.argv[1:] or LESSONS:
        write(lesson_name)
        print("written:", lesson_name)
