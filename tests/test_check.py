"""gradcheck: right derivatives pass, wrong ones do not, and the report says whose fault it is."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import itertools
import math
import pickle
import random
from typing import Any

import numpy
import pytest

import autograd as ag
from autograd import GradientMismatch, Value, gradcheck
from autograd.check import Entry, Report, _slope
from autograd.primitives import TABLE, ManyPrimitive, Primitive
from autograd.strategies import boxes
from autograd.transforms import Dual
from autograd.value import constant, cut

ROWS = [row for row in TABLE if row is not cut]  # at import: before tests of any file add rows of their own

named = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def sampled(row: Primitive) -> list[tuple[float, ...]]:
    """Return one point in each smooth box of a row, the same ones in every run."""
    generator = random.Random(row.name)
    return [tuple(generator.uniform(low, high) for low, high in box) for box in boxes(row)]


@contextlib.contextmanager
def altered(row: Primitive, factor: float = 1.0, shift: float = 0.0) -> Any:
    """Return a copy of a row whose partials are scaled and shifted, in the table as long as the context lasts."""
    wrong = copy.copy(row) if type(row).__reduce__ is object.__reduce__ else object.__new__(type(row))
    wrong.__dict__.update(row.__dict__)
    wrong.name = f"wrong_{row.name}"
    wrong.code = len(TABLE)
    if isinstance(wrong, ManyPrimitive):
        right = wrong.all_partials
        wrong.all_partials = lambda y, *xs: [factor * slope + shift for slope in right(y, *xs)]
    else:
        wrong.partials = tuple(changed(partial, factor, shift) for partial in row.partials)
    TABLE.append(wrong)
    try:
        yield wrong
    finally:
        TABLE.pop()


def changed(partial: Any, factor: float, shift: float) -> Any:
    return lambda y, *xs: factor * partial(y, *xs) + shift


@contextlib.contextmanager
def made(name: str, compute: Any, *partials: Any) -> Any:
    row = Primitive(name, compute, partials=partials)
    try:
        yield row
    finally:
        TABLE.remove(row)


def failing(f: Any, inputs: Any, **options: Any) -> Report:
    with pytest.raises(GradientMismatch) as caught:
        gradcheck(f, inputs, **options)
    return caught.value.report


# -- the table -------------------------------------------------------------------------------------------------------


@pytest.mark.long
@named
def test_every_row_passes_in_both_modes_and_orders(row):
    for point in sampled(row):
        report = gradcheck(row.of, point, order=2)
        assert report
        assert report.notes == ()


@pytest.mark.long
@named
@pytest.mark.parametrize("factor", [1.0001, 1.0 + 1e-6, -1.0])
def test_every_row_fails_when_its_partials_are_scaled(row, factor):
    for point in sampled(row):
        slopes = row.slopes(row.compute(*point), point, range(len(point)))
        if not any(slopes):
            continue
        with altered(row, factor) as wrong:
            report = failing(wrong.of, point)
        assert any(finding.startswith(f"wrong_{row.name}: its partial in operand") for finding in report.findings)
        assert [entry.agrees for entry in report.entries] == [slope == 0.0 for slope in slopes]


@pytest.mark.long
@named
def test_every_row_fails_when_its_partials_are_shifted(row):
    for point in sampled(row):
        with altered(row, shift=1e-3) as wrong:
            report = failing(wrong.of, point)
        assert not any(entry.agrees for entry in report.entries if abs(entry.numeric) < 1e3)
        assert any(finding.startswith(f"wrong_{row.name}: its partial") for finding in report.findings)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_each_mode_notices_by_itself(mode):
    with altered(ag.exp, 1.0 + 1e-6) as wrong:
        report = failing(wrong, (1.0,), modes=(mode,))
    assert report.entries[0].modes == (mode,)


def test_a_partial_that_cannot_be_differentiated_again_fails_in_second_order():
    def frozen(y: Any, x: Any) -> float:
        while not isinstance(y, float):
            y = y.data if isinstance(y, Value) else y.primal
        return y

    with made("frozen_exp", math.exp, frozen) as row:
        assert gradcheck(lambda x: row(2.0 * x), (0.5,))
        report = failing(lambda x: row(2.0 * x), (0.5,), order=2)
    blamed = "frozen_exp: the derivative of its partials is wrong: at frozen_exp(1.0) ∂²f/∂operand 0∂operand 0 is 0.0, "
    assert any(finding.startswith(blamed) for finding in report.findings)
    assert any(entry.derivative == "∂²f/∂x∂x" and not entry.agrees for entry in report.entries)
    assert all(entry.agrees for entry in report.entries if entry.derivative == "∂f/∂x")


def test_every_pair_of_modes_is_checked_in_second_order():
    report = gradcheck(lambda x, y: ag.sin(x) * y, (1.0, 2.0), order=2)
    second = [entry for entry in report.entries if entry.derivative.startswith("∂²")]
    assert len(second) == 4
    pairs = {f"{a} over {b}" for a, b in itertools.product(("reverse", "forward"), repeat=2)}
    assert all(set(entry.modes) == pairs for entry in second)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_one_mode_is_checked_over_itself_in_second_order(mode):
    report = gradcheck(ag.sin, (1.0,), order=2, modes=mode)
    assert [entry.modes for entry in report.entries] == [(mode,), (f"{mode} over {mode}",)]


# -- whose fault it is -----------------------------------------------------------------------------------------------


def test_the_wrong_primitive_is_named_inside_a_function():
    with altered(ag.tanh, 1.0 + 1e-6) as wrong:
        report = failing(lambda w: ag.sin(wrong(w[0] * w[1]) + ag.exp(w[0])), ([0.5, 2.0],))
    blamed = [finding for finding in report.findings if ": its partial" in finding]
    assert len(blamed) == 1
    assert blamed[0].startswith("wrong_tanh: its partial in operand 0 is wrong: at tanh(1.0)")


def test_the_first_five_wrong_partials_are_named():
    with altered(ag.exp, 1.001) as wrong:
        report = failing(lambda x: ag.sum([wrong(0.1 * k * x) for k in range(1, 9)]), (1.0,))
    assert str(report).count("its partial in operand 0 is wrong") == 5
    with altered(ag.mul, 1.001) as wrong:  # of two operands: the third application makes it six
        report = failing(lambda x, y: ag.sum([wrong(k * x, y) for k in range(1, 6)]), (1.0, 2.0))
    assert str(report).count("its partial in operand") == 6


@pytest.mark.parametrize(("additions", "is_named"), [(499, True), (500, False)])
def test_a_wrong_partial_is_looked_for_in_the_first_500_applications(additions, is_named):
    def f(x: Any) -> Any:
        for _ in range(additions):
            x = x + 1.0
        return wrong(x)

    with altered(ag.log, 1.001) as wrong:
        report = failing(f, (1.0,), modes="reverse")
    assert ("wrong_log: its partial in operand 0 is wrong" in str(report)) is is_named
    assert "every primitive on the tape agrees" not in str(report)
    assert ("the first 500 applications of primitives on the tape agree" in str(report)) is not is_named


@pytest.mark.parametrize(
    ("innocent", "x", "options"),
    [
        (None, 1.0, {}),
        (None, 1.0, {"rtol": 0.0, "atol": 1e-6}),
        (ag.atan, 1e8, {}),  # its differences know only the first digits of its derivative
        (ag.floor, 1.5, {}),  # whose derivative of 0 they know exactly
        (lambda x: 1e-318 * x, 1.0, {}),  # whose derivative has few digits
    ],
)
def test_a_partial_within_the_tolerance_is_not_blamed(innocent, x, options):
    with altered(ag.exp, 1.0 + 5e-8) as slightly, altered(ag.neg, 1.001) as wrong:
        report = failing(lambda x: [(innocent or slightly)(x), wrong(x)], (x,), **options)
    blamed = [finding for finding in report.findings if ": its partial" in finding]
    assert len(blamed) == 1
    assert blamed[0].startswith("wrong_neg: ")


@pytest.mark.parametrize(("row", "x"), [(ag.sqrt, 1e-150), (ag.log, 1e-150), (ag.square, 1e-100), (ag.square, 1e100)])
def test_a_wrong_partial_is_named_at_any_size(row, x):
    with altered(row, 1.0 + 1e-6) as wrong:
        report = failing(wrong, (x,))
    assert f"wrong_{row.name}: its partial in operand 0 is wrong" in str(report)


def test_outputs_that_are_constants_do_not_hide_the_wrong_primitive():
    with altered(ag.exp, 1.001) as wrong:
        report = failing(lambda x: [3.0, constant(2.0), wrong(x)], (1.0,))
    assert "wrong_exp: its partial in operand 0 is wrong" in str(report)
    assert [entry.agrees for entry in report.entries] == [True, True, False]


def test_what_leaves_the_tape_is_said_only_where_no_primitive_is_wrong():
    with altered(ag.exp, 1.001) as wrong:
        assert "off the tape" not in str(failing(wrong, (1.0,)))
    assert "off the tape" not in str(failing(ag.sqrt, (0.0,)))  # no derivative to be wrong


def test_a_condition_is_not_blamed():
    with altered(ag.neg, 1.001) as wrong:
        report = failing(lambda x: wrong(ag.where(x > 2.0, 3.0 * x, x)), (1.0,))
    assert len(report.findings) == 2
    assert report.findings[1].startswith("wrong_neg: its partial in operand 0 is wrong")


def test_right_modes_and_wrong_modes_have_a_line_each():
    report = failing(lambda x, y: (x.detach() if isinstance(x, Value) else x) * x + y, (3.0, 1.0))
    lines = [(entry.derivative, entry.modes, entry.analytic, entry.verdict) for entry in report.entries]
    assert lines == [
        ("∂f/∂x", ("forward",), 6.0, "agrees"),
        ("∂f/∂x", ("reverse",), 3.0, "wrong"),
        ("∂f/∂y", ("reverse", "forward"), 1.0, "agrees"),
    ]
    assert report.findings[0].startswith("∂f/∂x is 3.0 (reverse), 6 ± ")
    report = failing(lambda x, y: x + (y.detach() if isinstance(y, Value) else y) * y, (1.0, 3.0))
    assert report.findings[0].startswith("∂f/∂y is 3.0 (reverse), 6 ± ")


@pytest.mark.parametrize("shown", [0.0, math.nan])
def test_of_several_wrong_modes_the_one_furthest_off_is_shown(shown):
    def f(x: Any) -> Any:
        return x.detach() * x if isinstance(x, Value) else x.primal * x.primal + x * shown - x.primal * shown

    def g(x: Any) -> Any:
        return x * x if isinstance(x, Value) and x.is_constant else f(x)

    report = failing(g, (3.0,))
    assert [entry.modes for entry in report.entries] == [("reverse", "forward")]
    assert repr(report.entries[0].analytic) == repr(shown)


def test_the_uncertainty_of_the_differences_is_shown():
    with altered(ag.exp, 1.001) as wrong:
        report = failing(wrong, (1.0,), rtol=0.0)
    assert report.findings[0].endswith(f"2.71828182846 ± {report.entries[0].tolerance:.1g} by differences")


def test_what_leaves_the_tape_is_said():
    report = failing(lambda x: x.detach() * x, (3.0,), modes="reverse")
    assert any(
        finding.startswith("every primitive on the tape agrees") and "takes something off the tape" in finding
        for finding in report.findings
    )
    assert (report.entries[0].analytic, report.entries[0].numeric) == (3.0, pytest.approx(6.0))


def test_the_report_is_a_table_that_names_the_inputs():
    def f(w: Any, b: Any) -> Any:
        with_slope_wrong = wrong(w["a"][1])
        return with_slope_wrong + w["a"][0] * b

    with altered(ag.exp, 1.001) as wrong:
        report = failing(f, ({"a": [2.0, 1.0]}, 3))
    text = str(report)
    assert text.splitlines()[0] == "gradcheck of f: of 3 derivatives 1 wrong"
    for word in ("∂f/∂w['a'][1]", "analytic", "numeric", "error", "tolerance", "<-- wrong", "wrong_exp"):
        assert word in text
    assert text.count("<-- wrong") == 1
    assert not report


RIGHT = Entry("∂f/∂x", ("reverse", "forward"), 2.0, 2.0000000001, 1e-10, 2e-7, "agrees")
WRONG = Entry("∂f/∂long", ("reverse",), 2.0, 2.5, 0.5, 2.5e-7, "wrong")
NONE = Entry("∂f/∂y", ("a", "b", "c", "d"), 0.0, 0.25, 0.25, 1e-6, "no derivative")


def test_a_report_prints_what_is_wrong_first_in_columns():
    report = Report("f", (RIGHT, WRONG, NONE), ("found.",), ("noted.",), ((1, 2.0), (2, None)))
    assert str(report) == (
        "gradcheck of f: of 3 derivatives 1 wrong and 1 without a derivative\n"
        "  found.\n"
        "  derivative  mode              analytic  numeric       error    tolerance\n"
        "  ∂f/∂long    reverse           2         2.5           5.0e-01  2.5e-07    <-- wrong\n"
        "  ∂f/∂y       all four modes    0         0.25          2.5e-01  1.0e-06    <-- no derivative\n"
        "  ∂f/∂x       reverse, forward  2         2.0000000001  1.0e-10  2.0e-07\n"
        "  note: noted.\n"
        "  Taylor remainder, order 1: slope 2.00\n"
        "  Taylor remainder, order 2: nothing but rounding"
    )


@pytest.mark.parametrize(
    ("entries", "findings", "verdict"),
    [
        ((RIGHT,), (), "1 derivative agrees with differences"),
        ((RIGHT, RIGHT), (), "2 derivatives agree with differences"),
        ((WRONG,), (), "of 1 derivative 1 wrong"),
        ((NONE, RIGHT), (), "of 2 derivatives 1 without a derivative"),
        ((RIGHT,), ("found.",), "failed"),
        ((), ("found.",), "failed"),
    ],
)
def test_the_first_line_of_a_report_is_its_verdict(entries, findings, verdict):
    report = Report("f", entries, findings)
    assert str(report).splitlines()[0] == f"gradcheck of f: {verdict}"
    assert bool(report) is (entries in ((RIGHT,), (RIGHT, RIGHT)) and not findings)
    assert ("derivative  mode" in str(report)) is bool(entries)


def test_a_table_has_at_most_24_lines():
    assert str(Report("f", (RIGHT,) * 24)).count("∂f/∂x") == 24
    assert "more" not in str(Report("f", (RIGHT,) * 24))
    assert str(Report("f", (RIGHT,) * 25)).count("∂f/∂x") == 24
    assert str(Report("f", (RIGHT,) * 25)).endswith("\n  ... and 1 more")


@pytest.mark.parametrize("part", [RIGHT, Report("f", (RIGHT,))])
def test_a_report_and_its_entries_cannot_be_altered(part):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(part, dataclasses.fields(part)[0].name, "other")
    assert len({part, dataclasses.replace(part)}) == 1


def test_a_mismatch_is_an_assertion_that_carries_its_report():
    with altered(ag.exp, 1.001) as wrong, pytest.raises(AssertionError) as caught:
        gradcheck(wrong, (1.0,))
    assert str(caught.value) == str(caught.value.report)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.long
def test_long_tables_are_cut_and_show_what_is_wrong_first():
    with altered(ag.exp, 1.001) as wrong:
        report = failing(lambda w: ag.sum(w) + wrong(w[59]), ([0.5] * 60,))
    lines = str(report).splitlines()
    assert "... and 36 more" in str(report)
    assert "∂f/∂w[59]" in next(line for line in lines if "<--" in line)


def test_success_prints_as_a_table():
    report = gradcheck(lambda w: w[0] ** 3 * w[1] + 3 * w[0], ([2, 3],))
    lines = str(report).splitlines()
    assert lines[0] == "gradcheck of <lambda>: 2 derivatives agree with differences"
    assert lines[1].split() == ["derivative", "mode", "analytic", "numeric", "error", "tolerance"]
    assert lines[2].split()[:5] == ["∂f/∂w[0]", "reverse,", "forward", "39", "39"]


# -- large and tiny arguments ----------------------------------------------------------------------------------------

LARGE_AND_TINY = [
    (lambda x: x * x, 1e8),
    (lambda x: x * x, -1e150),
    (lambda x: x * x, 1e-8),
    (lambda x: x * x, 1e-150),
    (lambda x: x**3, 1e-100),
    (ag.log, 1e150),
    (ag.log, 1e-150),
    (ag.sqrt, 1e150),
    (ag.sqrt, 1e-150),
    (ag.sin, 1e8),
    (ag.sin, 1e-8),
    (lambda x: 1.0 / x, 1e150),
    (lambda x: 1.0 / x, 1e-150),
    (lambda x: 3.0 * x - 1.0, 1e-150),
    (ag.exp, 700.0),
    (ag.sigmoid, -700.0),
]

# Here the derivative is so small beside f that rounding hides its last digits from every difference.
HIDDEN = [
    (ag.atan, 1e8),
    (lambda x: 1e8 + ag.sin(x), 1.0),
    (lambda x: (x + 1e12) - 1e12, 1.0),
    (lambda x: x - (1e13 * x - 1e13 * x), 1.0),  # also where by chance nothing is lost
]


@pytest.mark.parametrize(("f", "x"), LARGE_AND_TINY)
def test_right_derivatives_pass_at_any_size(f, x):
    assert gradcheck(f, (x,))


@pytest.mark.parametrize(("f", "x"), LARGE_AND_TINY)
def test_wrong_derivatives_fail_at_any_size(f, x):
    with made("off", lambda x: x, lambda y, x: 1.0 + 1e-6) as off:
        report = failing(lambda x: off(f(x)), (x,))
    assert "off: its partial in operand 0 is wrong" in str(report)


@pytest.mark.parametrize(("f", "x"), HIDDEN)
def test_derivatives_hidden_by_rounding_are_not_claimed_to_be_right_to_the_last_digit(f, x):
    report = gradcheck(f, (x,))
    assert "rounding in f hides errors" in report.notes[0]
    assert report.entries[0].tolerance > 1e-6 * report.entries[0].numeric
    with made("far_off", lambda x: x, lambda y, x: 1.001) as off:
        failing(lambda x: off(f(x)), (x,))


def test_what_rounding_hides_is_said_relative_to_the_derivative():
    report = gradcheck(lambda x: [x, 100.0 * (x - (1e13 * x - 1e13 * x))], (1.0,))
    assert report.entries[1].tolerance == pytest.approx(3.5e-3, rel=0.05)
    assert report.notes == ("rounding in f hides errors of ∂f[1]/∂x below 4e-05 of it",)
    report = gradcheck(lambda x: 1e-318 * x, (1.0,))  # of which floats have five digits
    assert report.notes == ("rounding in f hides errors of ∂f/∂x below 2e-02 of it",)


@pytest.mark.parametrize("atol", [0.25, 2.0, 1e12])  # smaller and larger than the derivative
def test_an_absolute_tolerance_is_not_taken_for_rounding(atol):
    assert gradcheck(lambda x: x**3, (0.5,), atol=atol).notes == ()


def test_what_rounding_hides_is_the_same_with_an_absolute_tolerance():
    f = lambda x: x - (1e13 * x - 1e13 * x)
    assert gradcheck(f, (1.0,), atol=0.25).notes == gradcheck(f, (1.0,)).notes
    assert gradcheck(ag.tanh, (20.0,), atol=0.25).notes == gradcheck(ag.tanh, (20.0,)).notes


def test_a_derivative_that_differences_cannot_see_is_not_claimed_to_be_right():
    assert "differences cannot tell" in gradcheck(ag.tanh, (20.0,)).notes[0]
    assert gradcheck(lambda x: 0.0 * x + 3.0, (1.0,)).notes == ()
    assert gradcheck(lambda x: 1e-321 * x, (1.0,)).notes == ()  # the last digit that floats have


def test_a_report_can_be_had_without_an_error():
    report = gradcheck(ag.relu, (0.0,), raises=False)
    assert not report
    assert report.entries[0].verdict == "no derivative"
    assert gradcheck(ag.relu, (1.0,), raises=False)


def test_steps_grow_where_that_helps_against_rounding():
    report = gradcheck(lambda x: 1e8 + 1e-3 * x, (1.0,))
    assert report.notes == ()
    assert report.entries[0].tolerance < 1e-9


@pytest.mark.parametrize(
    ("row", "point"),
    [
        (ag.cot, (1e12,)),  # the fresh inputs of a transform round nothing, however large they are
        (ag.sinc, (-1e12,)),
        (ag.pow, (1e12, -25.0)),  # second derivatives of 6e-322 have one digit
        (ag.pow, (1e-150, 3.7)),  # values of 0 have derivatives of 1e-254
        (ag.logaddexp, (25.0, 1e-8)),
        (ag.logaddexp, (-700.0, 1e-8)),
        (ag.remainder, (25.0, -1e-3)),  # the partial is a staircase
        (ag.sqrt, (1.7e308,)),  # a step of half of it goes beyond the largest float
        (ag.log, (1.7e308,)),
        (ag.neg, (-1.7976931348623157e308 * (1.0 - 1e-9),)),
    ],
)
def test_rows_pass_at_the_ends_of_their_domain(row, point):
    assert gradcheck(row, point, order=2)


def test_a_derivative_that_is_zero_passes_and_a_spurious_one_fails():
    assert gradcheck(lambda w: w[0] * w[0], ([1.0, 2.0],))
    assert gradcheck(lambda x: 3.0, (1e8,))
    assert gradcheck(ag.cos, (0.0,))
    with made("spurious", lambda x, y: x, lambda z, x, y: 1.0, lambda z, x, y: 1e-6) as row:
        assert "its partial in operand 1" in str(failing(row, (1.0, 2.0)))


def test_integers_and_arrays_and_values_are_numbers():
    leaf = Value(2.0)
    assert gradcheck(lambda n, a, v: n * a.sum() * v, (3, numpy.array([[1, 2]]), leaf))
    assert leaf.grad == 0.0
    report = gradcheck(lambda a: a[1, 0] * a[0, 0], (numpy.eye(2),))
    assert [entry.derivative for entry in report.entries] == [
        "∂f/∂a[0, 0]",
        "∂f/∂a[0, 1]",
        "∂f/∂a[1, 0]",
        "∂f/∂a[1, 1]",
    ]
    report = gradcheck(lambda a: a * a, (numpy.array(3.0),), order=2)
    assert [(entry.derivative, entry.analytic) for entry in report.entries] == [("∂f/∂a", 6.0), ("∂²f/∂a∂a", 2.0)]


# -- kinks and jumps -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [ag.abs, abs])
def test_the_kink_of_abs_is_named(f):
    text = str(failing(f, (0.0,)))
    assert "kink within" in text
    assert "left derivative -1, right derivative 1" in text
    assert "<-- no derivative" in text


@pytest.mark.long
@pytest.mark.parametrize("f", [ag.abs, ag.relu, lambda x: ag.max(x, 0.0), lambda x: ag.where(x > 0.0, x, -x)])
@pytest.mark.parametrize("x", [1e-3, 1e-5, -1e-5, 1e-12])
def test_beside_a_kink_the_derivative_is_there(f, x):
    assert gradcheck(f, (x,), order=2)


def test_a_wrong_derivative_beside_a_kink_mentions_the_kink():
    with made("late_relu", lambda x: max(x, 0.0), lambda y, x: ag.step(x - 1e-3)) as row:
        text = str(failing(row, (5e-4,)))
    assert "kink within 0.0" in text
    assert "of x[0]: left derivative 0, right derivative 1" in text
    assert "<-- wrong" in text


@pytest.mark.parametrize(
    ("x", "distance", "is_mentioned"), [(1.0, 1e-3, True), (1.0, 0.024, False), (100.0, 0.1, True)]
)
def test_a_kink_is_beside_a_wrong_derivative_within_a_hundredth_of_the_argument(x, distance, is_mentioned):
    with altered(ag.neg, 1.001) as wrong:
        report = failing(lambda v: wrong(v) + ag.relu(v - (x + distance)), (x,))
    assert any(finding.startswith("kink within") for finding in report.findings) is is_mentioned


def test_a_kink_inside_a_function_names_input_and_primitive():
    text = str(failing(lambda w: w[0] + ag.relu(w[1] - 2.0), ([1.0, 2.0],)))
    assert "of w[1]: left derivative 0, right derivative 1" in text
    assert "of w[0]" not in text
    assert "relu has a kink at relu(0.0)" in text


def test_ties_of_max_are_kinks():
    text = str(failing(ag.max, (1.0, 1.0)))
    assert "of x[0]: left derivative 0, right derivative 1" in text
    assert "max has a kink at max(1.0, 1.0)" in text
    assert gradcheck(ag.max, (1.0, 1.0 + 1e-6))


@pytest.mark.parametrize(("f", "x", "before", "after"), [(ag.step, 0.0, 0, 1), (lambda x: ag.floor(x) + x, 2.0, 3, 4)])
def test_discontinuities_are_named(f, x, before, after):
    text = str(failing(f, (x,)))
    assert "discontinuity within" in text
    assert f"{before} before it, {after} after it" in text
    assert gradcheck(f, (x + 1e-3,))


def test_infinite_derivatives_and_edges_of_a_domain():
    text = str(failing(ag.sqrt, (0.0,)))
    assert "∂f/∂x[0] is inf" in text
    assert "defined only to the right" in text
    text = str(failing(ag.cbrt, (0.0,)))
    assert "∂f/∂x[0] is inf" in text
    assert "defined only" not in text
    report = gradcheck(lambda x: x * ag.sqrt(x), (0.0,))
    assert report.notes == ("f is not defined to the left of x: compared with its right derivative",)


def test_what_a_function_refuses_is_outside_of_its_domain():
    def f(x: Any) -> Any:
        if x < 0.0:
            raise ValueError("a length is not negative")
        return ag.exp(x)

    report = gradcheck(f, (0.0,))
    assert report.notes == ("f is not defined to the left of x: compared with its right derivative",)
    assert report.slopes[0][1] == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(("f", "x", "shown"), [(ag.log, 0.0, "-inf"), (ag.log, -1.0, "nan"), (ag.exp, 1e3, "inf")])
def test_outputs_that_are_not_finite_are_said(f, x, shown):
    assert f"f is {shown} at these inputs" in str(failing(f, (x,)))


def test_outputs_that_are_not_finite_are_not_differentiated():
    assert failing(lambda x: [x, ag.log(x)], (0.0,)).entries == ()


def test_a_kink_in_the_root_of_a_square_is_named():
    assert "left derivative -1, right derivative 1" in str(failing(lambda x: ag.sqrt(x * x), (0.0,)))


# -- several outputs -------------------------------------------------------------------------------------------------


def test_functions_with_several_outputs():
    def f(x: Any, y: Any) -> Any:
        return {"product": x * y, "list": [ag.sin(x), (y,)]}

    report = gradcheck(f, (1.0, 2.0), order=2)
    names = [entry.derivative for entry in report.entries]
    assert names[:3] == ["∂f['product']/∂x", "∂f['list'][0]/∂x", "∂f['list'][1][0]/∂x"]
    assert len(names) == 3 * 2 + 3 * 2 * 2
    with altered(ag.sin, 1.0 + 1e-6) as wrong:
        report = failing(lambda x: [x, wrong(x)], (1.0,))
    assert [entry.derivative for entry in report.entries if not entry.agrees] == ["∂f[1]/∂x"]


def test_primitives_with_conditions_and_sequences():
    assert gradcheck(ag.where, (True, 2.0, 3.0), order=2)
    assert gradcheck(ag.dot, ([1.0, 2.0], [3.0, 4.0]), order=2)
    assert gradcheck(ag.logsumexp, ([1.0, 2.0, 3.0],), order=2)


def test_a_condition_is_kept_as_it_is():
    entries = gradcheck(ag.where, (False, 2.0, 3.0)).entries
    assert [(entry.derivative, entry.analytic) for entry in entries] == [("∂f/∂x[1]", 0.0), ("∂f/∂x[2]", 1.0)]


def test_names_of_arguments():
    assert gradcheck(lambda *v: v[0] * v[1], (1.0, 2.0)).entries[1].derivative == "∂f/∂x[1]"
    assert gradcheck(lambda a, *v: a * v[0], (1.0, 2.0)).entries[0].derivative == "∂f/∂a"
    assert gradcheck(lambda a, *v: a * v[0], (1.0, 2.0)).entries[1].derivative == "∂f/∂x[1]"
    assert gradcheck(lambda a, *, k=1: a * k, (2.0,)).entries[0].derivative == "∂f/∂a"
    assert gradcheck(min, (1.0, 2.0)).entries[1].derivative == "∂f/∂x[1]"  # a builtin whose parameters are not known
    assert gradcheck(ag.atan2, (1.0, 2.0)).entries[1].derivative == "∂f/∂x[1]"


# -- Taylor ----------------------------------------------------------------------------------------------------------


def test_the_remainder_shrinks_with_slope_two():
    report = gradcheck(lambda x, y: ag.exp(x) * ag.sin(y), (0.5, 1.0), order=2)
    assert [order for order, _ in report.slopes] == [1, 2]
    assert all(slope == pytest.approx(2.0, abs=0.05) for _, slope in report.slopes)
    assert gradcheck(lambda x: 3.0 * x, (1.0,)).slopes == ((1, None),)


def scaled(x: Any) -> Any:
    """Return 3/7 of x, rounded twice."""
    return x * 3.3 / 7.7


@pytest.mark.parametrize(
    ("f", "point", "modes"),
    [
        (lambda x, y: scaled(x + 1e-5) - scaled(y + 1e-5), (0.0, 0.0), ("reverse", "forward")),  # steps nearly cancel
        (lambda x: scaled(x) + (1.5e308 * x - 1.5e308 * x), (1.0,), ("reverse", "forward")),  # the noise overflows
        (lambda x: [x, scaled(x.data if isinstance(x, Value) else x)], (1.0,), "forward"),  # no tape tells the noise
    ],
)
def test_rounding_is_not_taken_for_a_remainder(f, point, modes):
    assert {gradcheck(f, point, modes=modes, seed=seed).slopes for seed in range(8)} == {((1, None),)}


def test_the_remainder_of_a_wrong_derivative_does_not():
    # Looser than the error: the comparison passes, and only the remainder is left to notice.
    with altered(ag.exp, 1.0 + 1e-6) as wrong:
        report = failing(wrong, (1.0,), rtol=1e-3)
    assert all(entry.agrees for entry in report.entries)
    assert report.slopes[0][1] == pytest.approx(1.0, abs=0.1)
    assert "Taylor remainder of f in a random direction" in report.findings[0]


def test_slopes_are_measured_where_they_are_clear():
    def remainders(*powers: float) -> list[tuple[float, float]]:
        return [(0.5**k, sum(size * 0.5 ** (k * power) for power, size in enumerate(powers))) for k in range(25)]

    assert _slope(remainders(0.0, 0.0, 1.0)) == pytest.approx(2.0)
    assert _slope(remainders(0.0, 1e-3, 1.0)) == pytest.approx(1.0, abs=0.01)
    assert _slope(remainders(1e-9, 0.0, 1.0)) > 1.5  # noise makes the remainder constant in the end
    assert _slope([(1.0, 0.0), (0.5, 0.0)]) is None
    assert _slope([(1.0, 1.0), (0.5, 0.0)]) is None
    assert _slope([(1.0, 1.0), (0.5, 0.25), (0.25, 0.0)]) == 2.0  # from two points
    assert _slope([(1.0, 900.0), *((0.5**k, 0.25**k) for k in range(1, 5))]) == 2.0  # from the last four
    assert _slope([(0.5**k, 0.5**power) for k, power in enumerate((1, 4, 6, 8))]) == pytest.approx(2.3)  # 11.5 / 5


def test_the_seed_chooses_the_direction():
    f = lambda x, y: ag.exp(x) * ag.sin(y) * x
    slopes = {gradcheck(f, (0.5, 1.0), seed=seed).slopes for seed in (0, 0, 1)}
    assert len(slopes) == 2


def test_the_seed_is_0_by_default():
    f = lambda x, y: ag.exp(x) * ag.sin(y) * x
    assert gradcheck(f, (0.5, 1.0)).slopes == gradcheck(f, (0.5, 1.0), seed=0).slopes


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_the_remainder_is_measured_at_any_size_of_a_function(size):
    assert gradcheck(lambda x: size * ag.exp(x / 100.0), (100.0,)).slopes[0][1] == pytest.approx(2.0, abs=0.05)


def test_the_random_direction_goes_both_ways_and_up_to_two_fifths_of_each_argument():
    point = [1.0, 0.0, -100.0, 10.0, 0.5, 2.0, 1.0, -1.0]
    shifts = []

    def f(x: Any) -> Any:
        there = [each.data if isinstance(each, Value) else each.primal for each in x]
        shifts.append([(new - old) / max(abs(old), 1.0) for new, old in zip(there, point)])
        return 1e8 + 1e-3 * ag.sum(x)  # whose differences take the longest steps

    assert gradcheck(f, (point,))
    longest = max((each for each in shifts if all(each)), key=lambda each: abs(each[0]))  # the differences move one
    assert all(0.2 <= abs(each) <= 0.4 for each in longest)
    assert min(longest) < 0.0 < max(longest)


# -- functions that are none -----------------------------------------------------------------------------------------


def test_random_functions_are_told():
    generator = random.Random(0)
    assert "two evaluations in a row at the same inputs differ" in str(
        failing(lambda x: x * generator.random(), (1.0,))
    )


@pytest.mark.parametrize(("step", "told"), [(1, "6 outputs, then 7"), (-1, "4 outputs, then 3")])
def test_functions_whose_outputs_change_in_number_are_told(step, told):
    counts = itertools.count(5, step)
    report = failing(lambda x: [x] * next(counts), (1.0,))
    assert report.findings[0] == f"two evaluations in a row differ: {told}"  # the first one names them


def test_functions_that_change_their_surroundings_are_told():
    state = {"largest": 0.0, "factor": 1.0}

    def f(x: Any) -> Any:
        value = x.data if isinstance(x, Value) else x.primal
        if value > 1.5:
            state["factor"] = 2.0
        return x * state["factor"]

    assert "two evaluations after other evaluations at the same inputs differ" in str(failing(f, (1.4,)))


def test_functions_that_look_at_types_are_told():
    text = str(failing(lambda x: x * (2.0 if isinstance(x, Value) else 3.0), (1.0,)))
    assert "f looks at the type of its inputs" in text


@pytest.mark.parametrize(
    ("x", "gap", "is_told"),
    [
        (1e6, 0.9e-3, False),  # of 1e6, 1e-9
        (1e6, 1.1e-3, True),
        (0.0, 1e-9 * 2.0**-52, False),  # of 0, 1e-9 of the last digit of 1
        (0.0, 3e-25, True),
    ],
)
def test_rounding_is_not_taken_for_a_look_at_types(x, gap, is_told):
    report = gradcheck(lambda x: x + gap if isinstance(x, Dual) else x, (x,), raises=False)
    assert ("f looks at the type of its inputs" in str(report)) is is_told
    assert bool(report) is not is_told


def test_an_exception_says_in_which_mode():
    with pytest.raises(AttributeError) as caught:
        gradcheck(lambda x: x * len(x.label or "x"), (1.0,))
    assert "in forward mode" in caught.value.__notes__[0]


def test_nothing_touches_any_grad_nor_the_tape_of_the_caller():
    weight = Value(3.0)
    weight.grad = 7.0
    with ag.Tape() as tape:
        product = weight * 2.0
        before = len(tape)
        assert gradcheck(lambda x: x * weight, (2.0,), order=2)
        assert len(tape) == before
    product.backward()
    assert weight.grad == 9.0


# -- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        (3.0, TypeError, r"gradcheck\(f, \(3\.0,\)\)"),
        (("x",), TypeError, "str"),
        ((True,), TypeError, "bool"),
        ((), ValueError, "no number"),
        (([],), ValueError, "no number"),
        ((math.nan,), ValueError, "x is nan"),
        (([1.0, math.inf],), ValueError, r"x\[1\] is inf"),
    ],
)
def test_bad_inputs_are_refused(inputs, error, message):
    with pytest.raises(error, match=message):
        gradcheck(lambda x: x, inputs)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"order": 3}, ValueError, "order is 1 or 2"),
        ({"order": True}, ValueError, "order is 1 or 2"),
        ({"modes": ("backward",)}, ValueError, "modes are"),
        ({"modes": ()}, ValueError, "modes are"),
        ({"rtol": -1.0}, ValueError, "rtol"),
        ({"atol": math.inf}, ValueError, "atol"),
        ({"rtol": "small"}, TypeError, "str"),
        ({"seed": 0.5}, TypeError, "seed is an int"),
    ],
)
def test_bad_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        gradcheck(ag.sin, (1.0,), **options)


def test_bad_functions_are_refused():
    with pytest.raises(TypeError, match="a function or a Primitive, not int"):
        gradcheck(3, (1.0,))
    with pytest.raises(TypeError, match="is not made of numbers"):
        gradcheck(lambda x: "no", (1.0,))
    with pytest.raises(ValueError, match="returned no number"):
        gradcheck(lambda x: [], (1.0,))


def test_every_node_may_be_off_by_four_ulp():
    entry = gradcheck(lambda x: x - (1e13 * x - 1e13 * x), (1.0,)).entries[0]
    noise = 2.0 * 1e13 * 4.0 * 2.0**-52  # of the two products
    shortest = 0.5 * math.e**12 / math.e**3  # of the four longest steps
    assert entry.tolerance == pytest.approx(4.0 * 2.0 * noise / shortest, rel=0.01)


def test_tolerances_add_up():
    entry = gradcheck(lambda x: x * x * x, (2.0,), rtol=1e-3, atol=0.25).entries[0]
    assert entry.tolerance == pytest.approx(0.25 + 1e-3 * 12.0, abs=1e-6)
    assert gradcheck(lambda x: x * x * x, (2.0,)).entries[0].tolerance == pytest.approx(1e-7 * 12.0, rel=1e-3)


@pytest.mark.parametrize(("atol", "agrees"), [(0.25, True), (math.nextafter(0.25, 0.0), False)])
def test_a_derivative_may_be_off_by_the_whole_tolerance(atol, agrees):
    with made("constant", lambda x: 0.0, lambda y, x: 0.25) as row:
        assert failing(row, (1.0,), rtol=0.0, atol=atol).entries[0].agrees is agrees  # the Taylor test does not forgive


def test_an_absolute_tolerance_forgives():
    with altered(ag.exp, shift=1e-6) as wrong:
        failing(wrong, (0.0,))
        assert failing(wrong, (0.0,), atol=1e-5).entries[0].agrees  # the Taylor test does not forgive
