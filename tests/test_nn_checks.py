"""What arguments may be, and what functions are called."""

from __future__ import annotations

import functools
import math
import sys
from fractions import Fraction

import numpy
import pytest

from nn import MLP, SGD, Adam, Dropout, Layer, fit
from nn.checks import below_one, called, counted, non_negative, one_line, positive, real, whole


@pytest.mark.parametrize("number", ["0.1", None, True, [1.0], 1j])
@pytest.mark.parametrize("check", [real, positive, non_negative, below_one])
def test_what_is_no_number_is_refused(check, number):
    with pytest.raises(TypeError) as caught:
        check(number, "rate")
    assert str(caught.value) == f"the rate is a number, not {number!r}"


@pytest.mark.parametrize("check", [real, positive, non_negative, below_one])
def test_what_no_float_can_hold_is_refused(check):
    with pytest.raises(ValueError, match=r"^the rate is too large for a float$"):
        check(10**5000, "rate")


@pytest.mark.parametrize("number", [0, 0.25, numpy.float32(0.25), numpy.int64(0)])
def test_numbers_of_any_kind_become_floats(number):
    assert [type(check(number, "rate")) for check in (real, non_negative, below_one)] == [float] * 3


SMALLEST, LARGEST = math.nextafter(0.0, 1.0), sys.float_info.max


@pytest.mark.parametrize(
    ("check", "taken", "refused", "expected"),
    [
        (non_negative, [0.0, SMALLEST, 1.0, LARGEST], [-SMALLEST, -math.inf], "a finite number, 0 or more"),
        (positive, [SMALLEST, 1.0, LARGEST], [-SMALLEST, 0.0, -math.inf], "a finite number above 0"),
        (below_one, [0.0, SMALLEST, math.nextafter(1.0, 0.0)], [-SMALLEST, 1.0, 2.0], "0 or more and below 1"),
    ],
)
def test_ranges_end_where_they_say(check, taken, refused, expected):
    assert [check(number, "rate") for number in taken] == taken
    for number in (*refused, math.inf, math.nan):
        with pytest.raises(ValueError, match=r".") as caught:
            check(number, "rate")
        assert str(caught.value) == f"the rate is {expected}, not {number!r}"


def test_any_number_is_real():
    assert real(-math.inf, "rate") == -math.inf
    assert math.isnan(real(math.nan, "rate"))
    assert real(Fraction(1, 4), "rate") == 0.25


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("two\n  lines\tand more ", "two lines and more"),
        ("a\x1bb", r"a\x1bb"),
        ("a\x00", r"a\x00"),
        ("é’s ∂", "é’s ∂"),
        ("\ud800", r"\ud800"),
        ("a\u202eb", r"a\u202eb"),
        ("", ""),
    ],
)
def test_a_message_is_one_line_of_what_can_be_seen(message, shown):
    assert one_line(message) == shown


@pytest.mark.parametrize("count", [True, 2.0, "2", None])
def test_what_is_no_int_is_refused(count):
    with pytest.raises(TypeError, match="the size is an int, not"):
        whole(count, "size")


def test_the_least_number_is_taken():
    assert whole(numpy.int64(0), "patience", 0) == 0
    assert whole(1, "patience") == 1
    with pytest.raises(ValueError, match="the patience is 1 or more, not 0"):
        whole(0, "patience")
    with pytest.raises(ValueError, match=r"^the size is 2 or more \(or None\), not 1$"):
        whole(1, "size", 2, " (or None)")
    assert type(whole(numpy.int64(3), "size")) is int


class Slope:
    def __init__(self, slope):
        self.slope = slope

    def __call__(self, x):
        return self.slope * x


class Named(Slope):
    def __repr__(self):
        return f"Named({self.slope})"


def test_names_hold_no_addresses():
    assert [called(each) for each in (math.sin, Slope, Slope(2), Named(2))] == ["sin", "Slope", "Slope", "Named(2)"]
    assert called(functools.partial(pow, 2, mod=3)) == "pow(…, 2, mod=3)"
    assert called(functools.partial(Slope(2), 1)) == "Slope(…, 1)"
    assert repr(Layer(2, 3, functools.partial(pow, exp=2))) == "Layer(2, 3, 'pow(…, exp=2)')"


def test_counts_have_their_nouns():
    assert [counted(k, "row") for k in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]


@pytest.mark.parametrize(
    "use",
    [
        lambda: SGD(MLP(1, [1]).parameters(), "0.1"),
        lambda: Adam(MLP(1, [1]).parameters(), None),
        lambda: Dropout("0.5"),
        lambda: fit(MLP(1, [1]), [[1.0]], [1.0], loss="hinge", optimizer=SGD, epochs=1),
        lambda: MLP(True, [1]),
    ],
)
def test_wrong_types_are_named(use):
    with pytest.raises(TypeError, match=r"is a number, not|an optimizer is an object|is an int, not"):
        use()
