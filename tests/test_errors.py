"""What the package's own exceptions say and carry, and that they survive a pickle."""

from __future__ import annotations

import pickle

import pytest

from autograd import Value, errors
from autograd.errors import BranchChanged, ExpressionError, GradientMismatch, NonFiniteError, StaleTape, TooManyPaths

SOURCE = ("model.py", 12)
ANOTHER_BRANCH = (
    "another branch would be taken. A program cannot record again; autograd.compile(f) does, and where() needs no "
    "branch"
)
FEWER_PATHS = (
    "choose with where(), which needs no branch, let fewer branches and loops depend on the numbers, or call the "
    "function itself. The paths part at"
)
RAISED = [
    (
        NonFiniteError("log", [("p", 0.0)], float("-inf")),
        "log(p = 0.0): the value is -inf",
    ),
    (
        NonFiniteError(
            "div", [(None, 1.0), ("p", 0.0)], float("inf"), "slope in operand 1", SOURCE, "y = 1 / p", ("a", "b")
        ),
        "div(1.0, p = 0.0) in a, b: the slope in operand 1 is inf\n  model.py:12: y = 1 / p",
    ),
    (
        NonFiniteError("exp", [(None, 1000.0)], float("inf"), source=SOURCE),
        "exp(1000.0): the value is inf\n  model.py:12",
    ),
    (
        NonFiniteError("sum", [(None, 1e308)] * 4, float("inf")),
        "sum(1e+308, 1e+308, 1e+308, 1e+308): the value is inf",
    ),
    (
        NonFiniteError("sum", [(None, 1.0), ("w", -1e308), ("v", 9e307), (None, 2.0), (None, 3.0)], float("-inf")),
        "sum of 5 operands, the largest being w = -1e+308: the value is -inf",
    ),
    (
        BranchChanged("x > 1", True),
        f"x > 1 was True when this was recorded, and is False for these shared numbers: {ANOTHER_BRANCH}",
    ),
    (
        BranchChanged("x > 1", False, 0, SOURCE, "x > 1 or y"),
        f"x > 1 was False when this was recorded, and is True for lane 0: {ANOTHER_BRANCH}\n  model.py:12: x > 1 or y",
    ),
    (
        TooManyPaths("f", 16, ["x > 1", "x > 2"]),
        f"f was recorded on 16 paths, and these arguments need one more: {FEWER_PATHS}\n  x > 1\n  x > 2",
    ),
    (TooManyPaths("f", 16, [], 0), f"f was recorded on 16 paths, and lane 0 needs one more: {FEWER_PATHS}"),
    (
        BranchChanged("a < 2", True, 1, SOURCE, "if a < 2:"),
        f"a < 2 was True when this was recorded, and is False for lane 1: {ANOTHER_BRANCH}\n  model.py:12: if a < 2:",
    ),
    (ExpressionError("a bracket is open", "(x", 0), "a bracket is open"),
]


def by_class(error):
    return type(error).__name__ if isinstance(error, Exception) else ""


@pytest.mark.parametrize(("error", "message"), RAISED, ids=by_class)
def test_an_error_says_what_it_carries_also_out_of_a_pickle(error, message):
    twin = pickle.loads(pickle.dumps(error))
    assert (str(error), str(twin)) == (message, message)
    assert (type(twin), vars(twin)) == (type(error), vars(error))


@pytest.mark.parametrize(("label", "name"), [("w", "w"), (None, "a leaf")])
def test_a_stale_tape_names_its_leaf_and_both_numbers(label, name):
    w = Value(5.0, label=label)
    error = StaleTape(w, 2.0)
    message = (
        f"the graph was recorded with {name} = 2.0, which is 5.0 by now: record the graph again after changing .data, "
        "or differentiate before changing it"
    )
    twin = pickle.loads(pickle.dumps(error))
    assert (str(error), error.leaf, error.recorded) == (message, w, 2.0)
    assert (str(twin), twin.leaf.label, twin.recorded) == (message, label, 2.0)


def test_a_mismatch_is_its_report():
    error = GradientMismatch("the report")
    twin = pickle.loads(pickle.dumps(error))
    assert (str(error), error.report, str(twin), twin.report) == ("the report",) * 4


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_one_of_the_package(name):
    assert issubclass(getattr(errors, name), errors.AutogradError)
