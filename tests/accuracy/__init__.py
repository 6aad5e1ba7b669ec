"""The accuracy of every row of the table, measured against exact arithmetic: `python -m tests.accuracy`."""

from tests.accuracy.measure import CONTRACT, OWN_BOUNDS, bounds, error, errors, points, second_worst, worst
from tests.accuracy.references import REFERENCES, ROWS

__all__ = [
    "CONTRACT",
    "OWN_BOUNDS",
    "REFERENCES",
    "ROWS",
    "bounds",
    "error",
    "errors",
    "points",
    "second_worst",
    "worst",
]
