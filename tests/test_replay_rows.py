"""Rows of a matrix by their numbers: what lies evenly is a slice or a view, and holds the very same elements."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from autograd.replay.levels import CONSTANT
from autograd.replay.rows import all_different, as_slice, base_of, is_matrix, is_plain, runs, strided


@pytest.mark.parametrize("count", range(5))
def test_a_slice_has_the_rows_it_stands_for_and_only_even_steps_upwards_are_one(count):
    for rows in itertools.product(range(6), repeat=count):
        steps = {b - a for a, b in itertools.pairwise(rows)}
        found = as_slice(np.array(rows, dtype=int))
        assert (found is not None) == (len(steps) <= 1 and min(steps, default=1) > 0)
        if found is not None:
            assert tuple(range(100)[found]) == rows
            assert found.step == min(steps, default=1)


def test_a_view_has_the_elements_at_its_positions():
    base = np.arange(40.0)
    for start, down, right in itertools.product((0, 3), range(4), range(4)):
        for height, width in itertools.product((1, 2, 3), repeat=2):
            rows = start + down * np.arange(height)[:, None] + right * np.arange(width)
            view = strided(base, rows)
            assert view is not None
            assert view.tolist() == base[rows].tolist()
            assert base_of(view) is base or base_of(view).base is None
            assert np.shares_memory(view, base)


@pytest.mark.parametrize(
    "rows", [[[3, 2]], [[3], [2]], [[0, 1], [2, 4]], [[0, 2], [3, 4]], [[0, 1, 3]], [[0, 2, 3]], [[0], [1], [3]]]
)
def test_positions_that_do_not_lie_evenly_upwards_have_no_view(rows):
    assert strided(np.arange(9.0), np.array(rows)) is None


def test_runs_have_every_row_once_and_no_gaps():
    for size in range(6):
        for rows in itertools.combinations(range(6), size):
            found = list(runs(rows))
            assert [row for run in found for row in range(9)[run]] == list(rows)
            assert all(a.stop < b.start for a, b in itertools.pairwise(found))


def test_rows_are_different_where_none_comes_twice():
    assert all_different(np.array([2, 0, 1]))
    assert not all_different(np.array([2, 0, 2]))
    assert all_different(np.array([], dtype=int))


def products(left, right, kind=CONSTANT):
    return SimpleNamespace(
        left=SimpleNamespace(kind=kind, rows=np.array(left)), right=SimpleNamespace(rows=np.array(right))
    )


def test_sums_over_the_same_factors_are_a_matrix_product():
    assert is_matrix(products([[1.0, 2.0], [3.0, 4.0]], [[0, 1], [0, 1]]))
    assert not is_matrix(products([[1.0, 2.0], [3.0, 4.0]], [[0, 1], [0, 2]]))
    assert not is_matrix(products([[1.0, 2.0], [3.0, 4.0]], [[0, 2], [0, 1]]))
    assert not is_matrix(products([[1.0], [3.0]], [[0], [0]]))
    assert is_matrix(products([[1.0, 2.0]], [[0, 1]]))
    assert not is_matrix(products([[]], [[]]))


def test_a_plain_term_is_a_single_one_times_one():
    assert is_plain(products([[1.0], [1.0]], [[0], [1]]))
    assert not is_plain(products([[1.0], [2.0]], [[0], [1]]))
    assert not is_plain(products([[1.0], [0.5]], [[0], [1]]))
    assert not is_plain(products([[1.0, 1.0]], [[0, 1]]))
    assert not is_plain(products([[]], [[]]))
    assert not is_plain(products([[1.0]], [[0]], kind=CONSTANT + 1))


def test_the_base_of_a_view_of_a_view_is_the_array_itself():
    array = np.arange(6.0)
    assert base_of(array) is array
    assert base_of(array[1:][::2]) is array
