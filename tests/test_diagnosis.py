"""The node at which a result stopped being finite, found among those that do not matter."""

from __future__ import annotations

import math

from autograd import NonFiniteError, Value, exp, log, no_grad, non_finite_origin, scope, sqrt, strict, where

P = Value(0.0, label="p")


def test_the_first_node_that_is_not_finite_is_named_with_its_line_and_scope():
    def loss():
        with scope("layer 3"):
            hidden = log(P)  # here
        return hidden * 2.0

    report = non_finite_origin(loss)
    assert isinstance(report, NonFiniteError)
    assert (report.primitive, report.operands, report.result) == ("log", [("p", 0.0)], -math.inf)
    assert report.scope == ("layer 3",)
    assert report.line == "hidden = log(P)  # here"
    assert report.source is not None
    assert report.source[0] == __file__


def test_a_node_that_the_result_does_not_depend_on_is_not_blamed():
    for sign in (1.0, -1.0):
        report = non_finite_origin(lambda sign=sign: where(P > 0, log(P), 1.0) + sign * exp(P + 1000.0))
        assert report is not None
        assert report.primitive == "exp"


def test_what_is_computed_after_the_result_is_not_blamed():
    def result():
        y = P * 2.0
        log(P)
        return y

    assert non_finite_origin(result) is None


def test_a_slope_counts_as_well():
    report = non_finite_origin(lambda: sqrt(P))
    assert report is not None
    assert (report.primitive, report.what) == ("sqrt", "slope in operand 0")


def test_where_every_adjoint_is_zero_the_first_is_named():
    report = non_finite_origin(lambda: exp(P + 1000.0) * 0.0 + log(P) * 0.0)
    assert report is not None
    assert report.primitive == "exp"


def test_nothing_is_found_where_everything_is_finite_or_nothing_is_recorded():
    assert non_finite_origin(lambda: P * 2.0) is None
    assert non_finite_origin(lambda: where(P > 0, log(P), 0.0)) is None, "nothing came of it"
    assert non_finite_origin(lambda: math.inf) is None
    assert non_finite_origin(lambda: Value(math.nan) + 1.0) is None


def test_a_result_that_is_not_a_node_leaves_the_first_report():
    report = non_finite_origin(lambda: log(P).data)
    assert report is not None
    assert report.primitive == "log"


def test_a_result_that_is_finite_has_no_origin_whatever_came_on_the_way():
    assert non_finite_origin(lambda: (log(P), 5.0)[1]) is None
    assert non_finite_origin(lambda: [log(P) * 0.0 + 1.0, (2.0, 3)][1]) is None
    report = non_finite_origin(lambda: [P * 2.0, (log(P).data, 3)])
    assert report is not None
    assert report.primitive == "log"


def test_modes_outside_do_not_matter_and_come_back():
    with no_grad():
        assert non_finite_origin(lambda: log(P)) is not None
        assert (P * 2.0).operands == ()
    with strict():
        assert non_finite_origin(lambda: log(P)) is not None
