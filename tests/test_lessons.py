"""The lessons run from top to bottom and show what is kept of them; what they ask can be answered.

What is compared of a run is text, to the letter, and which kinds of pictures there are. Cells tagged "varies" may show
anything, but no error.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("jupytext", reason='lessons need the extra "notebooks"')
pytest.importorskip("nbclient", reason='lessons need the extra "notebooks"')

from tests.lessons import FOLDER, LESSONS, SOLUTION, differences, kept, notebook, ran, tags

pytestmark = pytest.mark.long

README = (FOLDER.parent / "README.md").read_text("utf-8")

LONGEST_CELL = 25
"""Lines of code that a student reads at a time."""

LARGEST = 1_500_000
"""Bytes of a notebook with its outputs."""

lesson = pytest.mark.parametrize("name", LESSONS)


def code(name):
    return [cell for cell in notebook(name).cells if cell.cell_type == "code"]


def test_there_are_ten_lessons_in_order():
    assert [name[:2] for name in LESSONS] == [f"{number:02}" for number in range(1, 11)]
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(LESSONS)


@lesson
def test_a_run_shows_what_is_kept_and_every_solution_is_right(name):
    run, wrong = ran(name)
    assert wrong == []
    assert "\n".join(differences(run, kept(name))) == ""


@lesson
def test_the_notebook_has_the_cells_of_its_text(name):
    assert [(cell.id, cell.source, tags(cell)) for cell in kept(name).cells] == [
        (cell.id, cell.source, tags(cell)) for cell in notebook(name).cells
    ]


@lesson
def test_outputs_are_whole_and_tell_nothing_of_the_machine(name):
    stored = kept(name)
    outputs = [output for cell in stored.cells if cell.cell_type == "code" for output in cell.outputs]
    assert all(output.output_type != "error" and output.get("name") != "stderr" for output in outputs)
    text = (FOLDER / f"{name}.ipynb").read_text("utf-8")
    assert not re.search(r"/(home|root|Users|tmp|usr)/| at 0x[0-9a-f]{6}", text)
    assert len(text) < LARGEST


@lesson
def test_a_lesson_asks_shows_and_asserts(name):
    cells = notebook(name).cells
    tagged = [tag for cell in cells for tag in tags(cell)]
    solutions = [cell for cell in cells if cell.cell_type == "markdown" and SOLUTION.search(cell.source)]
    assert cells[0].source.startswith("# ")
    assert tagged.count("exercise") == tagged.count("check") == len(solutions) >= 2
    assert tagged.count("picture") == 1
    assert "assert " in code(name)[-1].source
    assert max(len(cell.source.splitlines()) for cell in code(name)) <= LONGEST_CELL


@lesson
def test_links_lead_to_other_lessons(name):
    text = "\n".join(cell.source for cell in notebook(name).cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\(([^)#]*)\)", text):
        assert target.startswith("https://") or Path(FOLDER, target).exists(), target


@lesson
def test_the_readme_has_a_line_and_a_picture_for_every_lesson(name):
    assert f"notebooks/{name}.ipynb" in README
    assert f"notebooks/pictures/{name}.png" in README
    assert (FOLDER / "pictures" / f"{name}.png").stat().st_size > 1000
