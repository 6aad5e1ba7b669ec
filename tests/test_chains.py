"""Chains of tapes with branches on the way are replayed as they are computed, or say that another branch is taken."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.chains import check


@pytest.mark.parametrize("tenth", range(10))
def test_chains_of_tapes_are_replayed_rightly_or_not_at_all(tenth):
    done = sum(map(check, range(12 * tenth, 12 * tenth + 12)), Counter())
    assert done["replayed"] + done["another branch"] > 12
