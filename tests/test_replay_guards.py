"""The comparisons that a replay has to find as they were: which of them count, of what they are, and how they read."""

from __future__ import annotations

import contextlib

import pytest

import autograd as ag
from autograd import BranchChanged, Tape, Value, recording
from autograd.replay.guards import branch_changed, with_guards
from autograd.tape import GENERATIONS


@pytest.fixture
def x():
    recording.close_automatic()  # other tests have asked on it
    return Value(1.0, label="x")


def guards_of(*outputs, named=()) -> list[str]:
    """Return how the comparisons read that count for some outputs."""
    return [guard.text for guard in with_guards(Tape.of(*outputs), named)[1]]


# -- which of them count -----------------------------------------------------------------------------------------------


def test_those_before_the_last_output_count(x):
    with Tape():
        assert x < 2.0
        y = x * 2.0
        assert x < 3.0
        z = y * 3.0
        assert x < 4.0
    assert guards_of(y) == ["x < 2.0"]
    assert guards_of(z) == guards_of(y, z) == guards_of(z, y) == ["x < 2.0", "x < 3.0"]


def test_a_leaf_among_the_outputs_may_have_been_chosen_by_any(x):
    other = Value(2.0, label="other")
    with Tape():
        y = x * other
        chosen = x if x < other else other
        program = Tape.of(chosen, y).compile(batched=[x, other])
    assert program.value(batched=[[1.5, 2.0]]).tolist() == [[1.5, 3.0]]
    with pytest.raises(BranchChanged, match="x < other was True"):
        program.value(batched=[[5.0, 2.0]])


@pytest.mark.parametrize("context", [Tape, contextlib.nullcontext])
def test_a_leaf_that_is_the_output_was_chosen_on_the_tape_of_this_context(context, x):
    other = Value(2.0, label="other")
    with context():
        chosen = x if x < other else other * other
        assert guards_of(chosen) == ["x < other"]
        y = x * other
        assert guards_of(chosen, y) == ["x < other"]
    with Tape():
        assert guards_of(chosen) == []


def test_what_is_asked_on_another_tape_does_not_count(x):
    with Tape():
        y = x * 2.0
    with Tape():
        assert x < 9.0
        assert guards_of(y) == []


def test_all_on_an_earlier_tape_count_for_what_is_recorded_on_a_later_one(x):
    with Tape():
        y = x * 2.0
        is_large = bool(x > 0.5)
    with Tape():
        z = y * 3.0 if is_large else y * 5.0
        assert x < 9.0
    for outputs in ((z,), (y, z), (z, y)):
        assert guards_of(*outputs) == ["x > 0.5"]
    with pytest.raises(BranchChanged):
        Tape.of(y, z).compile([x]).value([0.1])
    assert guards_of(y) == []


@pytest.mark.parametrize("tapes", [2, GENERATIONS, GENERATIONS + 1])
def test_those_on_earlier_tapes_count_however_many_there_are(tapes, x):
    y = x
    for _ in range(tapes):
        with Tape():
            y = y * 2.0
            assert x < 3.0
    with Tape():
        z = y * 3.0
    assert guards_of(z) == guards_of(z, y, z.operands[0]) == ["x < 3.0"] * tapes
    with pytest.raises(BranchChanged, match=r"x < 3\.0 was True"):
        Tape.of(z.operands[0]).compile([x]).value([5.0])


def test_those_that_compare_what_was_let_go_are_missed(x):
    y = x
    for _ in range(GENERATIONS):
        with Tape():
            y = y * 2.0
            assert y < 1e9
            z = x * 3.0
    assert len(guards_of(z)) == GENERATIONS
    with Tape():
        w = z * 4.0
    with pytest.raises(ValueError, match="no longer known"):
        guards_of(w)


def test_those_that_decided_what_is_compared_count_on_whatever_tape(x):
    with Tape():
        bound = x * 2.0 if x > 0.0 else x * -3.0
    with Tape():
        y = x * 5.0
        chosen = y + 1.0 if bound < 7.0 else y - 1.0
    program = Tape.of(chosen).compile([x])
    assert program.value([3.4]) == 18.0
    for elsewhere in (-1.0, -3.0):  # the bound would be 3 and 9, not -2 and -6
        with pytest.raises(BranchChanged, match=r"> 0"):
            program.value([elsewhere])


def test_leaves_stand_in_the_order_of_the_tape_whatever_is_compared():
    a, b = Value(2.0), Value(3.0)
    with Tape():
        first = a * 1.0
    with Tape():
        both = b * 10.0 + a if first > 0.0 else b
    tape, text = Tape.of(both), {}
    assert next(leaf for leaf, _ in tape.leaves.values()) is b
    assert tape.compile().value([5.0, 7.0]) == tape.compile([b, a]).value([5.0, 7.0]) == 57.0
    exec(tape.source(), text)
    assert text["value_and_grad"](5.0, 7.0) == (57.0, (10.0, 1.0))


def test_a_tape_that_goes_on_with_what_another_computed_is_the_later_one(x):
    with Tape():
        y = x * 2.0
        with Tape():
            inner = y * 3.0
            is_large = bool(x > 0.5)
        z = inner * 1.0 if is_large else inner * 5.0
        assert x < 9.0
    assert guards_of(inner, z) == guards_of(z, inner) == guards_of(z) == ["x > 0.5"]


def test_of_automatic_tapes_too(x):
    y = x * 2.0
    is_large = bool(x > 0.5)
    (x * 1.0).backward()  # closes the tape
    z = y * 3.0 if is_large else y * 5.0
    assert guards_of(y, z) == guards_of(z) == ["x > 0.5"]


def test_those_count_that_depend_on_an_input(x):
    k = Value(3.0, label="k")
    with Tape():
        assert k > 2.0
        assert k * 2.0 > 5.0
        assert k > x
        total = ag.sin(x * 2.0) + k
        total.label = "sum"
        assert total > 1.0
        y = x * x
    assert guards_of(y) == ["k > x", "sum > 1.0"]
    assert len(guards_of(y, named=[k])) == 4
    assert with_guards(Tape.of(k * 1.0))[1] == []


# -- of what they are --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "holds"),
    [
        (lambda x, y: x < y * 2.0, [True, True, False]),
        (lambda x, y: y * 2.0 > x, [True, True, False]),
        (lambda x, y: x < 3.0, [True, True, False]),
        (lambda x, y: y + x >= x * 1.5, [True, True, False]),
        (lambda x, y: x != 2.0, [True, False, True]),
        (lambda x, y: not x == 2.0, [True, False, True]),  # noqa: SIM201 # asks for the other
        (lambda x, y: ag.max(y, 1.5, x) <= 2.0, [True, True, False]),
        (lambda x, y: ag.max(1.5, y) > 0.0, [True, True, True]),
    ],
)
def test_they_are_compared_at_every_lane(asked, holds, x):
    y = Value(1.5)
    with Tape():
        assert asked(x, y)
        z = y * x
    program = Tape.of(z).compile(batched=[x, y])
    lanes = [[1.0, 1.5], [2.0, 1.5], [4.0, 1.5]]
    assert program.holds(batched=lanes).tolist() == holds
    program = Tape.of(z).compile([y], [x])
    assert program.holds([1.5], [[lane[0]] for lane in lanes]).tolist() == holds


# -- how they read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (lambda x, k, twice: x > 0.5, "x > 0.5"),
        (lambda x, k, twice: x < k, "x < k"),
        (lambda x, k, twice: k >= x, "k >= x"),
        (lambda x, k, twice: twice != k, "twice != k"),
        (lambda x, k, twice: twice >= -3.0, "twice >= -3.0"),
    ],
)
def test_they_read_as_they_are_written(asked, text, x):
    k = Value(7.0, label="k")
    with Tape():
        twice = x * 2.0
        twice.label = "twice"
        assert asked(x, k, twice)
        y = x * x
    assert guards_of(y) == [text]


@pytest.mark.parametrize(("outcome", "lane"), [(1.0, 3), (0.0, None)])
def test_the_error_knows_the_comparison_its_line_and_the_lane(outcome, lane):
    error = branch_changed("a < b", outcome, (__file__, 1), lane)
    assert (error.comparison, error.outcome, error.lane, error.source) == ("a < b", bool(outcome), lane, (__file__, 1))
    assert error.line.startswith('"""The comparisons that a replay')
    assert branch_changed("a < b", outcome, None, lane).line == ""
