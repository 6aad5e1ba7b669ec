"""Finite differences: one fixed step as in a textbook, and the ladder that finds its own."""

from __future__ import annotations

import math
from typing import Any

import numpy
import pytest

import autograd as ag
from autograd import Value, numerical_gradient
from autograd.differences import Ladder

METHODS = ("forward", "central", "stencil")

# The error of a method with its default step, relative to f / L, see the docstring of numerical_gradient; times ten,
# because f, f' and f'' are not all 1 here.
RELATIVE_ERROR = {"forward": 2e-7, "central": 2e-10, "stencil": 2e-12}


def polynomial(w: Any) -> Any:
    return w[0] ** 3 * w[1] + 3 * w[0]


# -- one fixed step --------------------------------------------------------------------------------------------------


def test_a_given_step_gives_the_textbook_forward_difference():
    assert numerical_gradient(polynomial, [3, 4], step=0.1) == pytest.approx([114.64, 27.0], rel=1e-13)
    assert ag.grad(polynomial)([3, 4]) == [111.0, 27.0]


def test_a_given_step_gives_the_textbook_central_difference_and_stencil():
    # (f(x + h) - f(x - h)) / 2h of 4 w³ + 3 w at 3 is 111 + 4 h²; the stencil is exact up to the fourth degree.
    assert numerical_gradient(polynomial, [3, 4], "central", 0.1) == pytest.approx([111.04, 27.0], rel=1e-13)
    assert numerical_gradient(polynomial, [3, 4], "stencil", 0.1) == pytest.approx([111.0, 27.0], rel=1e-13)
    assert numerical_gradient(lambda x: x**5, 1.0, "stencil", 0.1) == pytest.approx(5.0 - 4.0 * 0.1**4, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("x", [-2.0, -0.3, 0.0, 1.0, 3.0])
def test_the_default_step_reaches_the_error_of_its_method(method, x):
    error = abs(numerical_gradient(math.exp, x, method) - math.exp(x))
    assert error <= RELATIVE_ERROR[method] * max(math.exp(x), 1.0) * max(abs(x), 1.0) ** 4


@pytest.mark.parametrize("method", METHODS)
def test_the_default_step_is_about_the_best_one(method):
    chosen = abs(numerical_gradient(math.exp, 1.0, method) - math.e)
    for step in (1e-1, 1e-13):
        assert chosen < 1e-3 * abs(numerical_gradient(math.exp, 1.0, method, step) - math.e)


@pytest.mark.parametrize(("method", "factor", "root"), [("forward", 4, 2), ("central", 3, 3), ("stencil", 11.25, 5)])
def test_the_default_step_is_the_largest_power_of_two_up_to_the_minimum(method, factor, root):
    for x in (-0.5, *(1.0 + k / 128.0 for k in range(128))):
        seen: list[float] = []
        numerical_gradient(lambda moved, seen=seen: seen.append(moved) or moved, x, method)
        h = (max(seen) - x) / (2.0 if method == "stencil" else 1.0)
        minimum = (factor * 2.0**-53) ** (1.0 / root) * max(x, 1.0)
        assert minimum / 2.0 < h <= minimum
        assert math.frexp(h)[0] == 0.5


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("x", [1e8, -1e8, 1e150])
def test_the_default_step_follows_a_large_argument(method, x):
    assert numerical_gradient(lambda v: v * v, x, method) == pytest.approx(2.0 * x, rel=RELATIVE_ERROR[method])


@pytest.mark.parametrize(("method", "evaluations"), [("forward", 4), ("central", 6), ("stencil", 12)])
def test_the_cost_is_what_the_docstring_says(method, evaluations):
    calls = []

    def f(w: Any) -> float:
        calls.append(w)
        return w[0] * w[1] * w[2]

    numerical_gradient(f, [1.0, 2.0, 3.0], method)
    assert len(calls) == evaluations
    assert all(type(each) is float for w in calls for each in w)


def test_structures_come_back_as_they_went():
    def f(p: Any) -> Any:
        return p["w"][0] * p["w"][1][0] + p["b"] ** 2

    gradient = numerical_gradient(f, {"w": [2.0, (3,)], "b": 4}, "central")
    assert gradient == {"w": [pytest.approx(3.0), (pytest.approx(2.0),)], "b": pytest.approx(8.0)}
    array = numerical_gradient(lambda a: (a * a).sum(), numpy.array([[1, 2], [3, 4]]), "central")
    assert array.dtype == numpy.float64
    assert array.tolist() == [[pytest.approx(2.0), pytest.approx(4.0)], [pytest.approx(6.0), pytest.approx(8.0)]]
    assert numerical_gradient(lambda a: 1.0, []) == []


def test_f_may_close_over_values_and_change_its_argument():
    weight = Value(3.0)

    def f(w: Any) -> Any:
        w[0] = w[0] * weight
        return w[0]

    assert numerical_gradient(f, [2.0], "central") == pytest.approx([3.0])
    assert weight.grad == 0.0


@pytest.mark.parametrize("method", ["backward", "", None, 1])
def test_an_unknown_method_is_refused(method):
    with pytest.raises(ValueError, match="'forward', 'central' or 'stencil'"):
        numerical_gradient(math.sin, 1.0, method)


@pytest.mark.parametrize("step", [0.0, -0.1, math.inf, math.nan])
def test_a_step_that_is_not_positive_and_finite_is_refused(step):
    with pytest.raises(ValueError, match="positive and finite"):
        numerical_gradient(math.sin, 1.0, step=step)


def test_a_step_that_is_lost_in_rounding_is_refused():
    with pytest.raises(ValueError, match=r"step=1e-09 is lost beside 100000000\.0, whose neighbour is 1\.49e-08 away"):
        numerical_gradient(math.sin, 1e8, step=1e-9)
    for x in (1.0, -1.0):  # towards 0 the next float is nearer than away from it
        with pytest.raises(ValueError, match="is lost beside"):
            numerical_gradient(math.sin, x, step=1e-16)
    assert numerical_gradient(lambda x: x * x, 3.0, step=1.0) == 7.0


def test_what_is_not_made_of_plain_finite_numbers_is_refused():
    with pytest.raises(TypeError, match=r"v\.data"):
        numerical_gradient(math.sin, Value(1.0))
    with pytest.raises(TypeError, match="str"):
        numerical_gradient(math.sin, "1")
    with pytest.raises(TypeError, match="returned list"):
        numerical_gradient(lambda x: [x], 1.0)
    with pytest.raises(ValueError, match="finite"):
        numerical_gradient(math.sin, [math.inf])


# -- the ladder ------------------------------------------------------------------------------------------------------


def ladder(f: Any, x: float, noise: float = 0.0) -> Ladder:
    return Ladder(lambda moved: [f(moved)], x, [f(x)], [noise])


SMOOTH = [
    (math.sin, 1.0, math.cos(1.0)),
    (math.exp, 1.0, math.e),
    (math.log, 1e-8, 1e8),
    (math.log, 1e-150, 1e150),
    (math.log, 1e150, 1e-150),
    (lambda x: x * x, 1e150, 2e150),
    (lambda x: x * x, 1e-150, 2e-150),
    (math.sin, 1e8, math.cos(1e8)),
    (math.sin, 1e12, math.cos(1e12)),
    (lambda x: math.sin(1e6 * x), 0.7, 1e6 * math.cos(7e5)),
    (math.cos, 1e-8, -1e-8),
    (math.cos, 0.0, 0.0),
    (lambda x: x**8, 0.0, 0.0),
    (lambda x: 5.0, 3.0, 0.0),
    (lambda x: x * abs(x), 0.0, 0.0),
    (abs, 1e-5, 1.0),
    (math.floor, 1000.3, 0.0),
    (lambda x: math.exp(-((x - 1e8) ** 2)), 1e8 + 0.5, -math.exp(-0.25)),
    (lambda x: math.tanh(1e20 * x), 0.0, 1e20),
    (lambda x: 1.0 / x, 1e-8, -1e16),
    (lambda x: 1e8 + 1e-3 * x, 1.0, 1e-3),
    (lambda x: math.exp(-x), 700.0, -math.exp(-700.0)),
    (math.asin, 1.0 - 1e-6, 1.0 / math.sqrt((1.0 - (1.0 - 1e-6)) * (2.0 - 1e-6))),
    (lambda x: x, 1e308, 1.0),
    (lambda x: 1.0 + 1e-14 * math.sin(x), 1.0, 1e-14 * math.cos(1.0)),
    (lambda x: 1.0 + 1e-14 * math.atan(x), 0.0, 1e-14),
    (lambda x: 1.0 + 1e-16 * math.atan(x), 0.0, 1e-16),
    (lambda x: 1.0 + 1e-14 * math.sin(x), 1e12, 1e-14 * math.cos(1e12)),
]


@pytest.mark.parametrize(("f", "x", "derivative"), SMOOTH)
def test_the_ladder_finds_the_derivative_and_states_its_error(f, x, derivative):
    estimate = ladder(f, x).estimates()[0]
    assert estimate.settled
    assert abs(estimate.value - derivative) <= 4.0 * estimate.error
    assert estimate.error <= 1e-7 * abs(derivative) or abs(derivative) < 1e-7


@pytest.mark.parametrize(
    ("f", "x", "kind", "left", "right"),
    [
        (abs, 0.0, "kink", -1.0, 1.0),
        (lambda x: max(x, 1.0), 1.0, "kink", 0.0, 1.0),
        (lambda x: max(x, 1.01 * x), 0.0, "kink", 1.0, 1.01),
        (lambda x: abs(x) + math.sin(x), 0.0, "kink", 0.0, 2.0),
        (lambda x: 1e8 + abs(x), 0.0, "kink", -1.0, 1.0),
        (lambda x: float(x > 0.0), 0.0, "discontinuity", 0.0, 1.0),
        (lambda x: x + 3.0 * (x > 2.0), 2.0, "discontinuity", 2.0, 5.0),
        (math.floor, 1.0, "discontinuity", 0.0, 1.0),
    ],
)
def test_the_ladder_names_what_is_not_smooth(f, x, kind, left, right):
    steps = ladder(f, x)
    assert not steps.estimates()[0].settled
    found = steps.breaks(0)
    assert found is not None
    assert (found.kind, found.left, found.right) == (
        kind,
        pytest.approx(left, abs=1e-2),
        pytest.approx(right, abs=1e-2),
    )
    assert found.distance <= (1e-9 if abs(f(x)) < 1e8 else 1e-3)


@pytest.mark.parametrize("distance", [1e-2, 1e-3, 1e-5])
def test_a_kink_close_by_is_seen_and_does_not_disturb(distance):
    steps = ladder(lambda x: max(x, 1.0), 1.0 + distance)
    estimate = steps.estimates()[0]
    assert estimate.settled
    assert estimate.value == pytest.approx(1.0, abs=1e-9)
    found = steps.breaks(0)
    assert found is None or distance <= found.distance <= math.e**2 * distance


@pytest.mark.parametrize("distance", [1e-2, 1e-3])
def test_a_kink_close_by_is_named_with_the_slopes_on_its_sides(distance):
    steps = ladder(lambda x: math.sin(x) + abs(x - 1.0 - distance), 1.0)
    assert steps.estimates()[0].value == pytest.approx(math.cos(1.0) - 1.0, abs=1e-9)
    found = steps.breaks(0)
    assert found is not None
    slopes = (pytest.approx(math.cos(1.0) - 1.0, abs=1e-2), pytest.approx(math.cos(1.0) + 1.0, abs=1e-2))
    assert (found.kind, found.left, found.right) == ("kink", *slopes)
    assert distance <= found.distance <= math.e**2 * distance


@pytest.mark.parametrize("slope", [1.0, 1e3])
def test_a_kink_of_less_than_a_millionth_of_the_slope_is_not_named(slope):
    for jump, is_named in ((0.8e-6, False), (1.2e-6, True)):
        steps = ladder(lambda x, jump=jump: slope * (x + 0.5 * jump * abs(x)), 0.0)
        steps.estimates()
        assert (steps.breaks(0) is not None) is is_named


@pytest.mark.parametrize(
    ("f", "x", "derivative"),
    [
        (lambda x: 2.0 + 3e-14 * math.atan(x), 0.0, 3e-14),
        (lambda x: 2.0 + 1e-13 * math.sin(x), 1e4, 1e-13 * math.cos(1e4)),
    ],
)
def test_a_derivative_just_above_rounding_is_found_within_its_error(f, x, derivative):
    estimate = ladder(f, x, noise=2e-15).estimates()[0]
    assert estimate.settled
    assert abs(estimate.value - derivative) <= 4.0 * estimate.error <= 1e-13


def test_a_staircase_is_not_taken_for_the_slope_it_has_from_afar():
    # Over long steps it rises by 1 per unit, to many digits; over short ones it does not rise at all.
    for stairs in (25e3, 25e5, 25e7, 25e9):
        estimate = ladder(lambda x, stairs=stairs: round(stairs * x) / stairs, 1.0 + 0.1 / stairs).estimates()[0]
        assert (estimate.value, estimate.settled) == (0.0, True)
    assert ladder(math.floor, 1e12 + 0.5).estimates()[0].value == 0.0


def test_a_slope_that_f_has_only_from_afar_is_not_its_derivative():
    estimate = ladder(lambda x: x if abs(x) > 1e-6 else 0.0, 0.0, noise=1e-12).estimates()[0]
    assert (estimate.value, estimate.settled) == (0.0, True)
    assert estimate.step < 1e-6


def test_a_kink_that_noise_hides_is_not_named():
    for size, is_seen in ((1e-7, False), (1e-3, True)):
        steps = ladder(lambda x, size=size: size * abs(x), 0.0, noise=1e-9)
        steps.estimates()
        assert (steps.breaks(0) is not None) is is_seen


def test_a_kink_is_followed_until_it_is_100_times_the_rounding_of_f():
    steps = ladder(lambda x: 1e8 + abs(x), 0.0)
    steps.estimates()
    found = steps.breaks(0)
    last = 100.0 * (2.0**-52 * 1e8) / 2.0  # two roundings of 1e8, and slopes that are 2 apart
    assert found is not None
    assert math.e * last <= found.distance <= math.e**2 * last


def shortest_step(f, x):
    seen: list[float] = []
    Ladder(lambda moved: [seen.append(moved) or f(moved)], x, [f(x)], [0.0]).estimates()
    return min(abs(moved - x) for moved in seen) / math.ulp(x)


def test_no_step_is_shorter_than_eight_neighbours():
    assert shortest_step(lambda x: 1.0 + 1e-14 * math.sin(x), 1e-5) == 8.0
    assert shortest_step(lambda x: 1e8 + abs(x), 1e-308) == 19.0  # and with the next one 7


def test_the_last_question_is_asked_where_a_difference_is_1000_times_its_rounding():
    seen: list[float] = []
    Ladder(lambda moved: [seen.append(moved) or math.exp(moved)], 1.0, [math.e], [0.0]).estimates()
    assert seen[-1] - 1.0 == pytest.approx(1000.0 * 2.0**-52, rel=1e-3, abs=0.0)  # exp is its own slope


def test_the_steps_go_down_to_a_part_in_1e30_of_the_scale():
    estimate = ladder(lambda x: x * abs(x), 0.0).estimates()[0]
    assert abs(estimate.value) < 1e-29
    assert 1e-31 < estimate.step < 1e-30


@pytest.mark.parametrize(
    ("power", "is_settled"),
    [(0.3, False), (1.05, False), (1.15, False), (1.2, True)],  # e^-0.3 is 0.74, and e^-0.4 is 0.67
)
@pytest.mark.parametrize("f", [lambda x, power: abs(x) ** power, math.pow], ids=["both sides", "one side"])
def test_what_shrinks_too_slowly_is_not_settled(f, power, is_settled):
    assert ladder(lambda x: f(x, power), 0.0).estimates()[0].settled is is_settled


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (math.sin, 1.0),
        (math.exp, 0.0),
        (lambda x: math.exp(-x), 700.0),
        (lambda x: math.log1p(math.exp(50.0 * x)), 0.01),
        (lambda x: math.sqrt(1e-8 + x * x), 1e-5),
        (math.cos, 1e150),
        (math.cos, 1e308),
    ],
)
def test_what_is_smooth_has_no_breaks(f, x):
    steps = ladder(f, x)
    steps.estimates()
    assert steps.breaks(0) is None


def test_at_the_edge_of_a_domain_one_side_counts():
    right = ladder(lambda x: x * math.sqrt(x), 0.0).estimates()[0]
    assert (right.side, right.settled) == ("right", True)
    assert abs(right.value) <= 4.0 * right.error < 1e-12
    left = ladder(lambda x: math.acos(x) ** 2, 1.0).estimates()[0]
    assert (left.side, left.settled) == ("left", True)
    assert left.value == pytest.approx(-2.0, abs=1e-6)
    assert not ladder(math.sqrt, 0.0).estimates()[0].settled


def test_a_side_counts_also_where_the_domain_soon_ends_on_it():
    right = ladder(lambda x: x * math.sqrt(x * (0.1 - x)), 0.0).estimates()[0]
    assert (right.side, right.settled) == ("right", True)
    assert abs(right.value) < 1e-12


@pytest.mark.parametrize("f", [lambda x: [x * x] * (2 - (x >= 1.0)), lambda x: [x * x] * (1 + (x >= 1.0))])
def test_where_f_returns_another_number_of_outputs_it_is_undefined(f):
    for estimate in Ladder(f, 1.0, f(1.0), [0.0] * len(f(1.0))).estimates():
        assert (estimate.value, estimate.side) == (pytest.approx(2.0), "right")


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_at_the_edge_of_a_domain_an_infinite_derivative_does_not_settle(scale):
    estimate = ladder(lambda x: scale * math.sqrt(x), 0.0).estimates()[0]
    assert (estimate.side, estimate.settled) == ("right", False)


@pytest.mark.parametrize(
    ("f", "x", "most"),
    [(lambda x: 3.0 * x, 1.0, 1.7), (lambda x: 3.0 * x + 0.0 * math.sqrt(x), 0.0, 1.3)],
    ids=["both sides", "one side"],
)
def test_the_stated_rounding_is_the_worst_that_noise_can_do_and_not_much_more(f, x, most):
    noise = 1e-3

    def disturbed(at: float = math.nan, center: float = 0.0) -> Any:
        return Ladder(lambda moved: [f(moved) + noise / 16.0 * (moved == at)], x, [f(x) + center], [noise])

    seen: list[float] = []
    clean = Ladder(lambda moved: [seen.append(moved) or f(moved)], x, [f(x)], [noise]).estimates()[0]
    window = [at for at in seen if clean.step <= abs(at - x) < 30.0 * clean.step]  # four steps
    ways = [disturbed(center=noise / 16.0), *map(disturbed, window)]
    worst = 16.0 * sum(abs(way.estimates()[0].value - clean.value) for way in ways)
    assert worst <= clean.rounding <= most * worst
    assert clean.settled


def test_the_rounding_is_that_of_the_values_beside_x():
    # The longest of four steps is e³ times the shortest; two values of two roundings each are divided by that.
    assert ladder(lambda x: x, 0.0).estimates()[0].rounding == pytest.approx(2.0**-51 * math.e**3, rel=1e-9, abs=0.0)


def test_where_no_step_shows_a_difference_the_slope_may_be_10_times_the_noise():
    estimate = ladder(lambda x: x * x, 0.0, noise=1e-12).estimates()[0]
    assert (estimate.value, estimate.rounding) == (0.0, pytest.approx(1e-11, rel=1e-9, abs=0.0))
    assert estimate.step > 1.0


@pytest.mark.parametrize(("x", "longest"), [(1.0, 0.5), (1000.0, 256.0), (1e-8, 0.5)])
def test_the_error_of_a_constant_is_its_rounding_over_the_longest_step(x, longest):
    estimate = ladder(lambda x: 5.0, x).estimates()[0]
    assert (estimate.value, estimate.step, estimate.settled) == (0.0, longest, True)
    assert estimate.error == estimate.rounding == 2.0**-52 * 5.0 / longest


def test_the_stated_error_is_the_disagreement_of_neighbouring_steps_and_of_orders():
    # Slopes 1 + s³, s = h²: at 0, a parabola through a, b and c is off by a b c, a line through c and d by c d (c + d).
    estimate = ladder(lambda x: x + x**7, 0.0).estimates()[0]
    a, b, c, d = ((math.e**k * estimate.step) ** 2 for k in (3, 2, 1, 0))
    parabolas, orders = a * b * c - b * c * d, b * c * d + c * d * (c + d)
    assert estimate.error == pytest.approx(parabolas + orders + estimate.rounding, rel=1e-4, abs=0.0)


def test_the_stated_error_at_the_edge_of_a_domain_is_that_disagreement_too():
    # Slopes √h: a line through e h and h is q / (q + 1) √h at 0, q = √e; for steps e times as long, all is q times.
    estimate = ladder(lambda x: x * math.sqrt(x), 0.0).estimates()[0]
    q = math.sqrt(math.e)
    line = q / (q + 1.0) * math.sqrt(estimate.step)
    parabola = line - (q * line - line) / (math.e**2 - 1.0)
    assert estimate.value == pytest.approx(parabola, rel=1e-9, abs=0.0)
    assert estimate.error == pytest.approx((q * parabola - parabola) + (line - parabola), rel=1e-9, abs=0.0)


def test_what_is_flat_near_x_stays_flat_when_another_output_takes_longer_steps():
    def dead_zone(x: float) -> float:
        return x if abs(x) > 1.0 else 0.0

    slow, flat = Ladder(lambda x: [1e8 + 1e-3 * x, dead_zone(x)], 0.0, [1e8, 0.0], [0.0, 1e-3]).estimates()
    assert slow.step > 100.0
    assert (flat.value, flat.error, flat.settled) == (0.0, 1e-3 / 0.5, True)


def test_noise_beyond_rounding_widens_the_error_and_not_the_value():
    estimate = ladder(lambda x: math.sin(x) + 1e-9 * math.sin(1e15 * x), 1.0).estimates()[0]
    assert abs(estimate.value - math.cos(1.0)) <= 4.0 * estimate.error
    assert 1e-10 < estimate.error < 1e-5


def test_smooth_functions_cost_few_evaluations():
    calls = []

    def f(moved: float) -> list[float]:
        calls.append(moved)
        return [math.exp(moved), math.sin(moved)]

    Ladder(f, 1.0, f(1.0), [0.0, 0.0]).estimates()
    assert len(calls) <= 20


@pytest.mark.parametrize(
    ("f", "x", "steps"),
    [
        (math.exp, 1.0, 6),
        (math.log, 1e-8, 6),
        (abs, 1e-5, 5),
        (lambda x: 5.0, 3.0, 8),  # flat
        (lambda x: 5.0, 2.0**-6, 8),
        (lambda x: 5.0, math.nextafter(2.0**-6, 0.0), 2 * 8),  # on two scales
        (math.exp, 1e-150, 8 + 6),  # flat on its own scale
        (math.sin, 1e8, 23),
        (math.cos, 0.0, 24),
        (lambda x: 1e8 + 1e-3 * x, 1.0, 24 + 12),  # wider ones, against rounding
        (lambda x: 1e8 + 1e-3 * x, 1e4, 24 + 4),  # no more of them than are needed
        (math.cos, 1e-8, 2 * 24),  # on two scales
        (lambda x: x * abs(x), 0.0, 70),
        (abs, 0.0, 70 + 24),  # and around x, for the kink
        (math.cos, 1e150, 34 + 24),
    ],
)
def test_every_step_costs_two_evaluations(f, x, steps):
    calls: list[float] = []
    Ladder(lambda moved: [calls.append(moved) or f(moved)], x, [f(x)], [0.0]).estimates()
    assert len(calls) == 2 * steps


def test_outputs_that_settle_on_scales_of_their_own_cost_no_further_question():
    calls: list[float] = []

    def f(moved: float) -> list[float]:
        calls.append(moved)
        return [math.exp(moved), abs(moved)]

    exp, size = Ladder(f, 1e-20, [1.0, 1e-20], [0.0, 0.0]).estimates()
    assert len(calls) == 2 * (8 + 5)
    assert (exp.value, size.value) == (pytest.approx(1.0), pytest.approx(1.0))
    assert size.step < 1e-20 < exp.step


def test_outputs_that_do_not_change_cost_few_evaluations():
    calls = []

    def f(moved: float) -> list[float]:
        calls.append(moved)
        return [math.exp(moved), 5.0]

    estimates = Ladder(f, 1.0, f(1.0), [0.0, 1e-15]).estimates()
    assert len(calls) <= 20
    assert estimates[1].value == 0.0
    assert 0.0 < estimates[1].error < 1e-14
