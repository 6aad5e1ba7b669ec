"""The published accuracy report is of this table, and what is measured now is what it says."""

from __future__ import annotations

import importlib
import math

import pytest

pytest.importorskip("flint")
accuracy = importlib.import_module("tests.accuracy")
figures, measure, page = (importlib.import_module(f"tests.accuracy.{name}") for name in ("figures", "measure", "page"))

pytestmark = pytest.mark.long

ROWS = accuracy.ROWS
COUNT = 40  # points per row besides the hard ones: the first of those that were published
SECOND = 4
OTHER_LIBRARY = 1.0  # ulp that the C library of another system may add to the contract's 4
OTHER_VECTORS = 8.0  # ulp that other vector routines of NumPy may add on arrays
PUBLISHED = page.published()


def numbers(name):
    """The published errors of a row: of floats, of arrays (value and partials each), and of second derivatives."""
    return [float(cell.removesuffix("\\*")) for cell in PUBLISHED[name][1:6]]


def test_every_row_is_published_with_its_bounds():
    assert list(PUBLISHED) == list(ROWS)
    for name, cells in PUBLISHED.items():
        assert [float(bound) for bound in cells[6].removesuffix(" |").split(",")] == list(page.bounds_of(name))


@pytest.mark.parametrize("name", ROWS)
def test_nothing_published_is_above_its_bound(name):
    floats, arrays, second = page.bounds_of(name)
    assert int(PUBLISHED[name][0]) >= 10_000
    for error, bound in zip(numbers(name), (floats, floats, arrays, arrays, second), strict=True):
        assert error <= bound


@pytest.mark.parametrize("name", ROWS)
def test_what_is_measured_now_is_not_above_what_is_published(name):
    now = figures.figures(name, figures.Plan(COUNT, SECOND))
    value, partials, on_arrays, partials_on_arrays, second = numbers(name)
    assert figures.top(now.floats, slice(1)) <= value + OTHER_LIBRARY
    assert figures.top(now.floats, slice(1, None)) <= partials + OTHER_LIBRARY
    assert figures.top(now.arrays, slice(1)) <= on_arrays + OTHER_VECTORS
    assert figures.top(now.arrays, slice(1, None)) <= partials_on_arrays + OTHER_VECTORS
    assert now.second[0] <= second + OTHER_LIBRARY


@pytest.mark.parametrize("name", ["tanh", "hypot", "pow"])
def test_a_wrong_second_derivative_is_found(name):
    point = (0.75,) if name == "tanh" else (0.75, 1.5)
    right = measure.seconds(ROWS[name], point)
    wrong = [[number * 1.0000001 for number in row] for row in right]
    assert max(measure.second_errors(name, point, right)) < measure.second_bound(name)
    assert max(measure.second_errors(name, point, wrong)) > 1e6


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (0.0, "0.00"),
        (0.5, "0.50"),
        (1.231, "1.24"),
        (99.991, "100.00"),
        (123.2, "124"),
        (3.01e4, "4e04"),
        (9.1e15, "1e16"),
        (9e15, "9e15"),
        (math.inf, "inf"),
    ],
)
def test_errors_are_rounded_up(error, text):
    assert figures.shown(error) == text


def peer(value, partials, over=0.0):
    return figures.Peer(value, partials, over)


def test_the_page_has_a_line_per_row_and_the_peers_that_answered():
    found = figures.figures("sin", figures.Plan(10, 2))
    found.peers = {"tapegrad": peer(0.5, 0.5), "Other 1.0": peer(0.5, math.inf, 0.0005)}
    found.peer_points = 10_050
    text = page.page([found], "Python 3")
    assert f"| `sin` | {found.points} | " in text
    assert "| `sin` | 0.50 · 0.50 | 0.50 · inf (< 0.1 %) |" in text
    assert "the first 10,000 of each primitive" in text


def test_equal_answers_of_engines_are_measured_once_and_counted_for_each(tmp_path):
    points = accuracy.points("square", 5)
    right = [[x * x, 2.0 * x] for (x,) in points]
    wrong = [[x * x, x] for (x,) in points]
    files = []
    for engine, lanes in {"right": right, "wrong": wrong}.items():
        files.append(str(tmp_path / f"{engine}.json"))
        (tmp_path / f"{engine}.json").write_text(figures.json.dumps({"engine": engine, "rows": {"square": lanes}}))
    found = figures.figures("square", figures.Plan(5, 1, tuple(files)))
    assert found.peers["right"] == found.peers["tapegrad"]
    assert found.peers["wrong"].partials > 1e15
    assert found.peers["wrong"].over > 0.5


def test_a_row_that_was_measured_is_not_measured_again(tmp_path, monkeypatch):
    kept = tmp_path / "kept.jsonl"
    plan = figures.Plan(5, 1)
    (first,) = figures.measured(["sin"], plan, keep=kept)
    monkeypatch.setattr(figures, "figures", None)
    (again,) = figures.measured(["sin"], plan, keep=kept)
    assert again.floats[0][0] == first.floats[0][0]
    assert (again.name, again.points, again.peers) == (first.name, first.points, first.peers)
