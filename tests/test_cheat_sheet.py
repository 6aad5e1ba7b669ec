"""The page of derivatives says what the table computes."""

import itertools
import math
import re

import pytest

pytest.importorskip("flint")

import autograd
from autograd import primitives
from autograd.primitives import ManyPrimitive
from tests.accuracy import bounds, worst
from tests.cheat_sheet import (
    DOMAINS,
    INNER,
    PLACE,
    PROBES,
    ROWS,
    SHORT,
    arguments_of,
    entry,
    line,
    page,
)

pytestmark = pytest.mark.long

COUNT = 20  # random points per row; the page has 1000, of which these are the first
OTHER_LIBRARY = 1.0  # ulp that the C library of another system may add
STORED = PLACE.read_text("utf-8")
ULPS = re.compile(r"\| ([\d. ·]+)(\\\*)? \|$")


def stored_line(name):
    """The line of the page that begins as the row does, without its errors, and those."""
    start = line(entry(name)).rsplit("|", 2)[0]
    (found,) = [each for each in STORED.splitlines() if each.startswith(start)]
    return start, [float(ulp) for ulp in ULPS.search(found)[1].split("·")]


def test_the_page_is_the_one_that_would_be_written_now():
    with_errors = [entry(name)._replace(ulps=tuple(stored_line(name)[1])) for name in ROWS]
    assert page(with_errors) == STORED


@pytest.mark.parametrize("name", ROWS)
def test_errors_on_the_page_are_those_that_are_measured(name):
    _, published = stored_line(name)
    for now, then, bound in zip((error for error, _ in worst(name, COUNT)), published, bounds(name), strict=True):
        assert now <= then + OTHER_LIBRARY
        assert then <= bound


def test_inner_rows_are_those_that_are_not_public():
    public = {name for name in ROWS if name in autograd.__all__} | {"abs", "sum", "max", "min", "pow", "round"}
    assert set(ROWS) - public == INNER


@pytest.mark.parametrize("name", DOMAINS)
def test_a_domain_in_words_is_where_the_row_is_a_number(name):
    for point in itertools.product(PROBES, repeat=2):
        assert math.isnan(ROWS[name].compute(*point)) != DOMAINS[name][1](*point), point


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if name not in INNER | set(DOMAINS)])
def test_no_other_row_of_several_arguments_has_numbers_where_it_is_not_defined(name):
    row = ROWS[name]
    if isinstance(row, ManyPrimitive) or row.arity != 1:
        count = 2 if isinstance(row, ManyPrimitive) else row.arity
        points = itertools.product(PROBES, repeat=count)
        assert not any(math.isnan(row.compute(*point)) for point in points)


@pytest.mark.parametrize("name", [name for name in ROWS if name not in {"max", "min", "mean"}])
def test_partials_on_the_page_are_those_of_the_row(name):
    row = ROWS[name]
    output, *names = arguments_of(row)
    for point in ((1.25, 0.75, 2.0, 0.5), (0.5, 2.0, 3.0, 1.5)):
        arguments = point[: len(names)]
        value = row.compute(*arguments)
        if not math.isfinite(value):
            continue
        known = {**vars(primitives), output: value, **dict(zip(names, arguments))}
        slopes = row.slopes(value, arguments, range(len(names)))
        for text, slope in zip(entry(name).partials, slopes, strict=True):
            assert float(eval(text, known)) == pytest.approx(
                slope, rel=1e-5 if re.fullmatch(r"[\d.]+", text) else 1e-12
            )


def test_short_partials_are_of_rows():
    assert set(SHORT) <= set(ROWS)
