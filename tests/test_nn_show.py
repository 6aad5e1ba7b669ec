"""How the pictures of a report are drawn: scales, curves, the network, the plane of answers, text and pixels."""

from __future__ import annotations

import base64
import itertools
import math
import re
import struct
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.history import History, Snapshot
from nn.layers import MLP, Layer
from nn.losses import loss_row
from nn.show import curves
from nn.show.curves import Curve, axes, chart, ladder, trail
from nn.show.frames import (
    CURVE_POINTS,
    NEURON_GRID,
    Domain,
    Frame,
    answers,
    chosen,
    columns_of,
    frames_of,
    responses,
    shown,
)
from nn.show.network import THINNEST_LINE, WIDEST_LINE, network, weight_line
from nn.show.page import figure, page, stepper
from nn.show.pixels import BLUE, CLASS_COLOURS, ORANGE, WHITE, class_pixels, hex_colour, png, signed_pixels
from nn.show.reading import Reading
from nn.show.scales import LARGEST, Scale, decades, round_numbers, spread
from nn.show.surface import GREY, Samples, mark, plane_pixels, shapes, surface
from nn.show.text import clipped, escaped, short, signed_text
from nn.stages import Activation, BatchNorm, Dropout, Sequential
from tests.seen import box, decoded, numbers, of_class, points, rooted, text_box, texts, view

# -- scales ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(allow_nan=False), max_size=4), st.sampled_from([0.0, 0.05, 0.5]))
def test_numbers_of_any_size_have_an_axis(numbers, margin):
    low, high = spread(numbers, margin)
    assert low < high
    scale = Scale(low, high, 0.0, 100.0)
    places = [scale(each) for each in (*numbers, *scale.ticks())]
    assert all(map(math.isfinite, places))
    assert all(-1e-6 <= scale(each) <= 100.0 + 1e-6 for each in (*filter(math.isfinite, numbers), *scale.ticks()))
    assert len(scale.ticks()) > 1
    assert round_numbers(low, low) == []


def test_what_is_far_beyond_an_axis_is_drawn_far_outside():
    for scale in (Scale(-1.0, 1.0, 0.0, 100.0), Scale(1.0, 10.0, 0.0, 100.0, logarithmic=True)):
        for number in (math.inf, 1.7e308, 1e300):
            assert 1e4 < scale(number) <= 1e8
    assert Scale(-1.0, 1.0, 0.0, 100.0)(-math.inf) == -1e8
    assert Scale(-1.0, 1.0, 100.0, 0.0)(math.inf) == 100.0 - 1e8
    assert Scale(0.0, 1.0, 0.0, 1.0)(999999.0) == 999999.0
    assert math.isnan(Scale(0.0, 1.0, 0.0, 1.0)(math.nan))


def test_the_longest_axis_and_the_shortest():
    assert Scale(-LARGEST, LARGEST, 0.0, 100.0)(0.0) == 50.0
    assert spread([-1.7e308, 1.7e308], 0.5) == (-LARGEST, LARGEST)
    assert LARGEST > 1e307
    assert round_numbers(0.0, 5e-324) == round_numbers(0.0, 1e-310) == []
    assert len(round_numbers(0.0, 1.2e-300)) > 2


@pytest.mark.parametrize("numbers", [[1e-5, 1.7e308], [1.5e308, 1.7e308], [5e-324, 1.0], [5e-324, 1e-323]])
def test_axes_of_losses_of_any_size_end_at_numbers(numbers):
    axis = curves._upward(numbers, True, 0.0)
    assert 0.0 < axis.low < axis.high < math.inf
    assert all(math.isfinite(axis(number)) for number in numbers)


@given(st.floats(-1e3, 1e3), st.floats(0.01, 1e6), st.integers(3, 10))
def test_round_numbers_are_multiples_of_one_round_step_from_end_to_end(low, distance, most):
    high = low + distance
    found = round_numbers(low, high, most)
    step = min(b - a for a, b in itertools.pairwise(found)) if len(found) > 1 else high - low
    assert 1 <= len(found) <= most + 1
    assert found == sorted(found)
    if len(found) > 1:
        assert f"{step:.3e}"[:5] in ("1.000", "2.000", "5.000")
        assert np.diff(found) == pytest.approx(step, rel=1e-6)
        assert np.array(found) / step == pytest.approx(np.rint(np.array(found) / step), abs=1e-3)
        assert low - 1e-6 * step <= found[0] < low + step
        assert high - step < found[-1] <= high + 1e-6 * step


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0.0, 6.0, 6, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        (0.0, 6.1, 6, [0.0, 2.0, 4.0, 6.0]),
        (0.0, 12.1, 6, [0.0, 5.0, 10.0]),
        (0.0, 30.1, 6, [0.0, 10.0, 20.0, 30.0]),
        (-2.0, 2.0, 2, [-2.0, 0.0, 2.0]),
        (0.001, 0.003, 2, [0.001, 0.002, 0.003]),
    ],
)
def test_the_smallest_step_that_is_not_too_many(low, high, most, expected):
    assert round_numbers(low, high, most) == expected


@given(st.integers(-12, 12), st.integers(1, 24), st.integers(2, 8))
def test_decades_are_powers_of_ten_at_equal_factors(first, distance, most):
    found = decades(10.0**first, 10.0 ** (first + distance), most)
    powers = [round(math.log10(number)) for number in found]
    assert found == [float(f"1e{power}") for power in powers]
    assert powers[0] == first
    assert len(set(np.diff(powers))) <= 1
    assert len(found) <= most
    assert powers[-1] <= first + distance < powers[-1] + max(1, math.ceil((distance + 1) / most))


def test_decades_keep_within_their_ends():
    assert decades(0.9, 101.0) == [1.0, 10.0, 100.0]
    assert decades(1.1, 99.0) == [10.0]
    assert decades(2.0, 9.0) == []
    assert decades(1.0, 1e6) == [1.0, 100.0, 1e4, 1e6]


@given(st.lists(st.floats(-1e9, 1e9), min_size=2), st.floats(0.0, 1.0))
def test_a_spread_reaches_beyond_both_ends_by_the_same_share(values, margin):
    low, high = spread(values, margin)
    distance = max(values) - min(values)
    if distance > max(1e-300, 1e-9 * max(map(abs, values))):
        assert min(values) - low == pytest.approx(margin * distance, abs=1e-6)
        assert high - max(values) == pytest.approx(margin * distance, abs=1e-6)
    else:
        assert low < min(values) <= max(values) < high


def test_numbers_that_differ_by_rounding_are_alike():
    assert spread([1.0, 1.0 + 1e-12]) == pytest.approx((0.5, 1.5))
    assert spread([-1.0, -1.0 - 1e-12]) == pytest.approx((-1.5, -0.5))
    assert spread([1.0, 1.0 + 1e-6]) == (1.0, 1.0 + 1e-6)
    assert spread([0.0, 1e-30]) == (0.0, 1e-30)


def test_a_scale_shows_what_has_a_place():
    linear, logarithmic = Scale(0.0, 1.0, 0.0, 1.0), Scale(1.0, 10.0, 0.0, 1.0, logarithmic=True)
    for number, there, there_too in (
        (-1.0, True, False),
        (0.0, True, False),
        (0.5, True, True),
        (math.inf, False, False),
    ):
        assert (linear.shows(number), logarithmic.shows(number)) == (there, there_too)
    assert linear.ticks() == round_numbers(0.0, 1.0)
    assert logarithmic.ticks() == [1.0, 10.0]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.0, 4.0, [0.0, 1.0, 2.0, 3.0, 4.0]),
        (-0.3, 0.3, [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]),
        (0.0, 6.1, [0.0, 2.0, 4.0, 6.0]),
    ],
)
def test_ticks_are_round(low, high, expected):
    assert round_numbers(low, high) == expected


def test_decades_thin_out():
    assert decades(1e-12, 1.0) == [1e-12, 1e-9, 1e-6, 1e-3, 1.0]
    assert decades(0.1, 1.0) == [0.1, 1.0]


def test_a_spread_is_never_empty():
    assert spread([3.0, 3.0]) == (1.5, 4.5)
    assert spread([math.nan, math.inf]) == (-1.0, 1.0)
    assert spread([0.0, 10.0], 0.1) == (-1.0, 11.0)


# -- charts ----------------------------------------------------------------------------------------------------------


def ticks(root):
    """What stands beside the axes of a picture: number -> place across, and number -> place upward."""
    across, upward = {}, {}
    for path, text in itertools.pairwise(root.iter()):
        if path.tag == "path" and text.tag == "text" and "tick" in text.get("class"):
            x, y, _ = numbers(path.get("d"))
            if "end" in text.get("class"):
                upward[read(text.text)] = y
            elif "v" in path.get("d"):
                across[read(text.text)] = x
    return across, upward


def read(text):
    return float(text.replace("−", "-"))


def placed(known, number, logarithmic=False):
    """The place of a number, from the outermost ticks of its axis."""
    low, high = min(known), max(known)
    size = math.log10 if logarithmic else float
    return known[low] + (size(number) - size(low)) / (size(high) - size(low)) * (known[high] - known[low])


CHARTS = [
    pytest.param([Curve("training", [3.0, 1.25, 2.0]), Curve("validation", [3.5, 2.5, 2.25])], [0, 1, 3], id="linear"),
    pytest.param([Curve("a", [50.0, 0.2, 3.0, 0.003]), Curve("b", [7.0] * 4)], [0, 2, 4], id="logarithmic"),
    pytest.param([Curve("one", [0.3])], [0, 1], id="one epoch"),
    pytest.param([Curve("below", [-0.3, -0.72, -5.0, 0.4])], [1, 4], id="signs"),
    pytest.param([Curve("late", [1.0, 2.0])], [0, 9], id="snapshots after the last epoch"),
    pytest.param([Curve(f"layer number {k}", [1.0, 0.99]) for k in range(8)], [0, 2], id="crowded"),
    pytest.param([Curve("long", [float(k % 7) for k in range(250)])], [0, 250], id="long"),
]


@pytest.mark.parametrize(("curves", "snapshots"), CHARTS)
def test_a_curve_runs_where_the_axes_say(curves, snapshots):
    root = rooted(chart("x", curves, snapshots))
    logarithmic = "log scale" in [text for text, _ in texts(root)]
    across, upward = ticks(root)
    assert len(across) >= 2
    assert len(upward) >= 2
    for k, (curve, path) in enumerate(zip(curves, of_class(root, "curve"))):
        wanted = [
            (placed(across, epoch), placed(upward, number, logarithmic))
            for epoch, number in enumerate(curve.numbers, 1)
        ]
        assert np.array(points(path.get("d"))) == pytest.approx(np.array(wanted), abs=0.2)
        assert path.get("class") == f"curve c{k % 6}"
    places = [numbers(path.get("d"))[0] for path in of_class(root, "mark")]
    assert places == pytest.approx([placed(across, epoch) for epoch in snapshots], abs=0.2)
    assert all(epoch == int(epoch) for epoch in across)


@pytest.mark.parametrize(("curves", "snapshots"), CHARTS)
def test_a_chart_keeps_to_its_frame(curves, snapshots):
    root = rooted(chart("x", curves, snapshots))
    across, upward = ticks(root)
    whole = view(root)
    for path in of_class(root, "grid"):
        left, _, right = numbers(path.get("d"))
    marks = [numbers(path.get("d")) for path in of_class(root, "mark")]
    (top,), (bottom,) = {mark[1] for mark in marks}, {mark[2] for mark in marks}
    assert whole.left < left < right < whole.right
    assert whole.top < top < bottom < whole.bottom
    for path in of_class(root, "curve"):
        for x, y in points(path.get("d")):
            assert left <= x <= right
            assert top <= y <= bottom
    assert max(upward.values()) == bottom
    assert top <= min(upward.values()) < (top + bottom) / 2.0
    assert max(across.values()) > (left + right) / 2.0
    shown = texts(root)
    for text, place in shown:
        assert place.is_inside(whole), text
        assert text != "log scale" or place.bottom < top
    for (first, one), (second, other) in itertools.combinations(shown, 2):
        assert not one.meets(other), (first, second)


def test_the_words_of_an_axis_stand_beside_it():
    across, upward = Scale(0.0, 10.0, 50.0, 250.0), Scale(0.0, 4.0, 200.0, 20.0)
    root = rooted(f"<svg>{axes(across, upward, 'epoch')}</svg>")
    for text, place in texts(root):
        if text == "epoch":
            assert place.center == 150.0
            assert 200.0 + 17.0 < place.top < 200.0 + 35.0
    for path, text in itertools.pairwise(root):
        if text.tag == "text" and text.text != "epoch":
            x, y, _ = numbers(path.get("d"))
            place = text_box(text)
            if "end" in text.get("class"):
                assert x == 50.0
                assert 2.0 < 50.0 - place.right < 8.0
                assert abs(place.middle - y) < 1.5
            else:
                assert y == 200.0
                assert place.center == pytest.approx(x)
                assert 204.0 <= place.top < 212.0
    assert [numbers(path.get("d")) for path in of_class(root, "grid")] == [
        [50.0, y, 250.0] for y in (200, 155, 110, 65, 20)
    ]
    assert numbers(of_class(root, "axis")[-1].get("d")) == [50.0, 200.0, 250.0]
    wider = Scale(0.0, 10.0, 50.0, 255.0)
    bare = rooted(f"<svg>{axes(wider, upward, 'epoch', [5.0], lines=False)}</svg>")
    assert of_class(bare, "grid") == []
    assert ticks(bare)[0] == {5.0: 152.5}
    assert dict(texts(bare))["epoch"].center == 152.5
    numbers_end = max(text_box(text).right for text in of_class(bare, "end"))
    assert all(numbers_end <= numbers(path.get("d"))[2] < 50.0 for path in of_class(bare, "axis")[:5])


def test_a_chart_begins_at_zero_and_ends_in_a_round_number():
    for values, top, expected in (
        ([0.1 + 0.7], 0.0, (0.0, 0.8)),  # which is less by rounding
        ([0.5, 0.72], 0.0, (0.0, 0.8)),
        ([0.5, 0.6], 1.0, (0.0, 1.0)),
        ([-0.3, -0.72], 0.0, (-0.8, 0.0)),
        ([-(0.1 + 0.7)], 0.0, (-0.8, 0.0)),
        ([4.0, 1.0], 0.0, (0.0, 4.0)),
        ([-1.0, 4.0], 0.0, (-1.0, 4.0)),
        ([50.0, 0.2, 0.003], 0.0, (0.001, 100.0)),
    ):
        options = {"top": top} if top else {}
        _, upward = ticks(rooted(chart("x", [Curve("a", values)], [0], **options)))
        assert (min(upward), max(upward)) == expected
        assert {upward[expected[0]], upward[expected[1]]} == {18.0, 200.0}


def test_a_logarithmic_chart_has_a_decade_at_least():
    for values, expected in (([10.0, 10.0], (10.0, 100.0)), ([2.0, 3.0], (1.0, 10.0)), ([0.5, 20.0], (0.1, 100.0))):
        _, upward = ticks(rooted(chart("x", [Curve("a", values)], [0], logarithmic=True)))
        assert (min(upward), max(upward)) == expected
        assert (upward[expected[0]], upward[expected[1]]) == (200.0, 18.0)


def test_epochs_begin_where_they_are_known():
    for count, snapshots, first in ((5, [], 1), (5, [2], 1), (5, [0], 0), (2, [], 1), (1, [], 0)):
        root = rooted(chart("x", [Curve("a", [1.0] * count)], snapshots))
        left = numbers(of_class(root, "grid")[0].get("d"))[0]
        assert placed(ticks(root)[0], first) == pytest.approx(left, abs=0.1)


def test_a_name_stands_where_its_curve_ends():
    curves = [Curve("training", [3.0, 1.0]), Curve("validation", [3.0, 2.0, math.nan]), Curve("none", [])]
    root = rooted(chart("x", curves, [0, 3]))
    right = numbers(of_class(root, "grid")[0].get("d"))[2]
    ends = [points(path.get("d"))[-1] for path in of_class(root, "curve") if path.get("d")]
    labels = of_class(root, "name")
    leads = [numbers(path.get("d")) for path in of_class(root, "lead")]
    for k, (label, (x1, y1, x2, y2)) in enumerate(zip(labels, leads)):
        assert label.get("class") == f"name t{k}"
        assert label.find("title").text == curves[k].label
        place = text_box(label)
        assert right < x2 < place.left < x2 + 6.0
        assert abs(place.middle - y2) < 1.0
        if k < 2:
            assert y1 == ends[k][1]
            assert 0.0 < x1 - ends[k][0] < 4.0
            assert y2 == y1
    assert leads[2][1] == 200.0  # at the bottom


def test_a_name_at_the_top_stays_beside_its_curve():
    root = rooted(chart("x", [Curve("a", [0.0, 1.0])], []))
    ((_, end),) = [points(path.get("d"))[-1] for path in of_class(root, "curve")]
    (place,) = map(text_box, of_class(root, "name"))
    assert abs(place.middle - end) < 8.0


def test_more_curves_than_styles_begin_again():
    root = rooted(chart("x", [Curve(str(k), [1.0 + k]) for k in range(8)], [0]))
    styles = [path.get("class").removeprefix("curve c") for path in of_class(root, "curve")]
    assert styles == [text.get("class").removeprefix("name t") for text in of_class(root, "name")]
    assert styles == list("01234501")


def test_a_chart_is_told_in_words():
    label = rooted(chart("Loss", [Curve("a", [3.0, 2.0, 0.5]), Curve("b", [1.0])], [0])).get("aria-label")
    assert label == "Loss over 3 epochs: a from 3 to 0.5; b from 1 to 1"


@given(st.lists(st.floats(0.0, 100.0), min_size=1, max_size=8))
def test_labels_move_no_more_than_they_must(wanted):
    places = ladder(wanted, 0.0, 100.0, 10.0)
    order = sorted(range(len(wanted)), key=lambda k: wanted[k])
    moved = [places[k] for k in order]
    assert all(b - a >= 10.0 - 1e-9 for a, b in itertools.pairwise(moved))
    assert all(-1e-9 <= place <= 100.0 + 1e-9 for place in places)
    kept = sorted(wanted)
    if all(b - a >= 10.0 for a, b in itertools.pairwise(kept)):
        assert moved == kept


def test_a_trail_has_a_piece_between_any_two_gaps():
    ten = Scale(0.0, 10.0, 0.0, 10.0)
    heights = [math.nan, 1.0, 2.0, math.nan, math.inf, 3.0, math.nan, 4.0, 5.0]
    assert trail(enumerate(heights), ten, ten) == "M1.0 1.0L2.0 2.0M5.0 3.0h0M7.0 4.0L8.0 5.0"


def test_labels_keep_their_distance_and_their_order():
    assert ladder([5.0, 6.0, 7.0], 0.0, 100.0, 10.0) == [0.0, 10.0, 20.0]
    assert ladder([99.0, 98.0], 0.0, 100.0, 10.0) == [99.0, 89.0]
    assert ladder([10.0, 50.0], 0.0, 100.0, 10.0) == [10.0, 50.0]


def test_a_chart_chooses_its_scale():
    assert "log scale" in chart("x", [Curve("a", [100.0, 0.5])], [])
    assert "log scale" not in chart("x", [Curve("a", [10.0, 0.5])], [])
    assert "log scale" not in chart("x", [Curve("a", [40.0, 0.5])], [])
    assert "log scale" not in chart("x", [Curve("a", [99.0, 1.0])], [])
    assert "log scale" in chart("x", [Curve("a", [100.0, 1.0])], [])
    assert "log scale" in chart("x", [Curve("a", [2000.0, 10.0])], [])
    assert "log scale" not in chart("x", [Curve("a", [100.0, 0.0])], [])
    assert "log scale" not in chart("x", [Curve("a", [0.0, 0.0])], [], logarithmic=True)
    assert "log scale" not in chart("x", [Curve("a", [100.0, 0.5])], [], logarithmic=False)


def test_a_chart_survives_numbers_that_are_not_finite():
    for values in ([math.nan], [math.inf, 1.0], [1.0, math.nan, 2.0], [-math.inf, 0.0], [-1.0, -5.0]):
        drawn = chart("x", [Curve("a", values), Curve("b", [0.3])], [0, 1])
        assert not re.search(r' (d|x|y)="[^"]*(nan|inf)', drawn)
    assert "a has no epoch" in chart("x", [Curve("a", []), Curve("b", [0.3])], [0, 1])
    for values, told in (([], "a has no epoch"), ([math.nan], "a from nan to nan")):
        drawn = chart("x", [Curve("a", values)], [0])
        assert told in drawn
        assert "log scale" not in drawn


def test_a_mark_stands_at_the_epoch_of_each_snapshot():
    drawn = chart("x", [Curve("a", [1.0, 2.0, 3.0, 4.0])], [0, 2, 4])
    places = [float(x) for x in re.findall(r'class="mark s s\d" d="M([\d.]+)', drawn)]
    assert places == [48.0, 164.0, 280.0]


def test_a_trail_leaves_gaps():
    scale = Scale(1.0, 100.0, 0.0, 10.0, logarithmic=True)
    ten = Scale(0.0, 10.0, 0.0, 10.0)
    assert (
        trail([(0, 1.0), (1, 10.0), (2, 0.0), (3, math.nan), (4, 100.0)], ten, scale) == "M0.0 0.0L1.0 5.0M4.0 10.0h0"
    )
    assert trail([(0, math.nan)], ten, scale) == ""


# -- the network -----------------------------------------------------------------------------------------------------


def numbered(n_inputs, widths, seed=0):
    """A network whose weights are all different, from -1 to 1."""
    model = MLP(n_inputs, widths, "tanh")
    generator = np.random.default_rng(seed)
    for parameter in model.parameters():
        parameter.data = float(generator.uniform(-1.0, 1.0))
    return model


def framed(model, domain, epoch=0):
    """A snapshot of a model as it is, without what the whole of it answers."""
    columns = columns_of(model)
    rows = [np.array([[p.data for p in neuron.row] for neuron in column.layer.neurons]) for column in columns]
    return Frame(epoch, rows, responses(columns, domain.grid(NEURON_GRID)) if domain else [], None)


def networked(model, n_inputs, *, names=None, picture=None, frames=1):
    domain = Domain((-1.5, -0.25)[:n_inputs], (3.0, 1.0)[:n_inputs]) if n_inputs <= 2 else None
    names = names or [f"x{k}" for k in range(n_inputs)]
    return rooted(network(columns_of(model), [framed(model, domain, k) for k in range(frames)], names, domain, picture))


LONG_NAMES = ["a", "sepal width", "length of the whole thing", "b"]
NETWORKS = [
    pytest.param(2, [4, 3, 1], {}, id="plane"),
    pytest.param(2, [1], {"names": ["sepal length of", "sepal width of it"]}, id="neuron"),
    pytest.param(1, [5, 1], {}, id="line"),
    pytest.param(4, [3, 2], {"names": LONG_NAMES}, id="bars"),
    pytest.param(3, [40, 3, 17], {}, id="too many neurons"),
    pytest.param(2, [9, 1], {}, id="nine neurons"),
    pytest.param(2, [16, 16, 1], {}, id="wide"),
    pytest.param(16, [2], {}, id="many inputs"),
    pytest.param(20, [12, 2], {}, id="one box of inputs"),
    pytest.param(20, [12, 2], {"picture": (4, 5)}, id="picture"),
    pytest.param(2, [2] * 8, {}, id="deep"),
]


def columns_seen(root):
    """The boxes of a network by their left edges: those of the inputs first."""
    columns = {}
    for rim in of_class(root, "rim"):
        columns.setdefault(float(rim.get("x")), []).append(box(rim))
    assert list(columns) == sorted(columns)
    return list(columns.values())


@pytest.mark.parametrize(("n_inputs", "widths", "options"), NETWORKS)
def test_boxes_stand_in_columns_around_one_height(n_inputs, widths, options):
    root = networked(numbered(n_inputs, widths), n_inputs, **options)
    whole, columns = view(root), columns_seen(root)
    limit = 10 if "picture" in options else 16
    assert [len(column) for column in columns] == [n_inputs if n_inputs <= 16 else 1, *(min(w, limit) for w in widths)]
    middles = [(column[0].top + column[-1].bottom) / 2.0 for column in columns]
    assert middles == pytest.approx([middles[0]] * len(middles), abs=0.11)
    assert len({round(each.width, 1) for column in columns[1:] for each in column}) == 1
    for column in columns:
        for each, following in itertools.pairwise(column):
            assert following.left == each.left
            assert following.width == each.width
            assert following.top - each.bottom >= 7.0
            assert following.top - each.top == pytest.approx(column[1].top - column[0].top, abs=0.11)
    gaps = [after[0].left - before[0].right for before, after in itertools.pairwise(columns)]
    assert gaps == pytest.approx([gaps[0]] * len(gaps), abs=0.11)
    assert gaps[0] >= 60.0
    drawn = columns[-1][0].right - columns[0][0].left
    assert drawn == pytest.approx(430.0, abs=1.2) or (drawn > 430.0 and gaps[0] == pytest.approx(62.0, abs=1.2))
    assert max(each.bottom for column in columns for each in column) <= whole.bottom - 3.0


@pytest.mark.parametrize(("n_inputs", "widths", "options"), NETWORKS)
def test_the_picture_of_a_network_is_as_large_as_what_it_shows(n_inputs, widths, options):
    root = networked(numbered(n_inputs, widths), n_inputs, **options)
    whole, columns, shown = view(root), columns_seen(root), texts(root)
    left = columns[0][0].left
    right = whole.right - max([columns[-1][0].right] + [place.right for _, place in shown])
    assert left == 6.0
    assert 5.0 <= right <= 14.0
    lowest = max([each.bottom for column in columns for each in column] + [place.bottom for _, place in shown])
    assert 0.0 <= whole.bottom - lowest <= (36.0 if any("more" in text for text, _ in shown) else 20.0)
    assert whole.height <= 640.0  # sixteen neurons and their words fit a page
    least, most = map(float, re.findall(r"width:([\d.]+)px", root.get("style")))
    assert least <= most
    assert 0.7 <= least / whole.width <= 0.75  # letters of 11 stay larger than 7.5
    enlarged = min(1.6, 640.0 / whole.height)  # as far as it fits a page
    assert most / whole.width == pytest.approx(enlarged, abs=0.01)


@pytest.mark.parametrize(("n_inputs", "widths", "options"), NETWORKS)
def test_no_word_of_a_network_covers_another_or_a_box(n_inputs, widths, options):
    root = networked(numbered(n_inputs, widths), n_inputs, **options)
    whole, boxes = view(root), [each for column in columns_seen(root) for each in column]
    names = [place for text, place in texts(root)]
    for place in names:
        assert place.is_inside(whole)
        around = [each for each in boxes if place.meets(each)]
        assert len(around) <= 1
        for each in around:  # the name of an input may stand in its box
            assert place.is_inside(each)
            assert place.center == pytest.approx(each.center, abs=0.11)
            assert place.middle == pytest.approx(each.middle, abs=1.5)
    for one, other in itertools.combinations(names, 2):
        assert not one.meets(other)


@pytest.mark.parametrize(("n_inputs", "widths", "options"), NETWORKS)
def test_columns_are_headed_by_their_names(n_inputs, widths, options):
    root = networked(numbered(n_inputs, widths), n_inputs, **options)
    heads = [(text.text, text_box(text)) for text in of_class(root, "head")]
    columns = columns_seen(root)
    assert [text for text, _ in heads] == ["inputs", *(f"layer {k}" for k in range(len(widths)))]
    for (_, place), column in zip(heads, columns):
        assert place.center == pytest.approx(column[0].center, abs=0.11)
        below = [
            text
            for text, other in texts(root)
            if abs(other.center - place.center) < 0.2 and 0 < other.top - place.top < 16
        ]
        assert len(below) == 1
    sizes = [f"{width} {'tanh' if k < len(widths) - 1 else 'identity'}" for k, width in enumerate(widths)]
    assert set(sizes) <= {text for text, _ in texts(root)}
    assert root.get("aria-label") == f"The network: {n_inputs} inputs, then layers of {', '.join(sizes)}"
    left_out = [int(text.split()[2]) for text, _ in texts(root) if "more" in text]
    limit = 10 if "picture" in options else 16
    assert left_out == [width - limit for width in widths if width > limit]
    for place in (place for text, place in texts(root) if "more" in text):
        (column,) = (each for each in columns if place.center == pytest.approx(each[0].center, abs=0.11))
        assert 0.0 < place.top - column[-1].bottom < 12.0


def test_wide_words_above_the_last_column_are_not_cut_off():
    for name, last in (("classification", "relu"), ("out", "leaky_relu(0.2)")):
        model = MLP(3, [2], last=last)
        model.layers[0].name = name
        root = networked(model, 3)
        assert {name, f"2 {last}"[:15]} <= {text.rstrip("…") for text, _ in texts(root)}
        for _, place in texts(root):
            assert place.is_inside(view(root))


def test_a_box_below_narrow_words_is_not_cut_off():
    model = MLP(3, [2], last="tanh")
    model.layers[0].name = "y"
    root = networked(model, 3)
    assert view(root).right - columns_seen(root)[-1][0].right == pytest.approx(6.0, abs=1.2)


def test_columns_are_told_by_what_their_layers_do():
    two = (Layer(2, 3, "identity"), Activation("elu"))
    model = Sequential(*two, Layer(3, 4, "identity"), Activation("identity"), Layer(4, 1, "relu"), Activation("tanh"))
    root = networked(model, 2)
    assert {"3 elu", "4 identity", "1 relu tanh"} <= {text for text, _ in texts(root)}


@pytest.mark.parametrize(("name", "told"), [("hidden", "hidden"), (None, "layer 0")])
def test_a_layer_is_called_by_its_name_or_its_place(name, told):
    root = networked(Layer(2, 3, name=name), 2)
    assert [text.text for text in of_class(root, "head")] == ["inputs", told]
    titles = [title.text for title in root.iter("title") if "bias" in title.text]
    assert [title.partition(":")[0] for title in titles] == [f"{told}, neuron {k}" for k in range(3)]


def test_inputs_are_named_in_their_boxes_or_above_them():
    for n_inputs in (1, 2):
        root = networked(numbered(n_inputs, [3, 1]), n_inputs, names=["left", "right"][:n_inputs])
        for name, each in zip(["left", "right"], columns_seen(root)[0]):
            ((_, place),) = [found for found in texts(root) if found[0] == name]
            assert place.left == each.left
            assert 0.0 < each.top - place.bottom < 6.0
    root = networked(numbered(4, [2]), 4, names=LONG_NAMES)
    places = dict(texts(root))
    for name, each in zip(["a", "sepal width", "length of the w…", "b"], columns_seen(root)[0]):
        assert places[name].is_inside(each)
    assert [title.text for group in root.findall("g") for title in group.findall("title")] == LONG_NAMES
    for each in columns_seen(root)[0]:
        assert each.width <= max(
            64.0, *(place.width + 16.0 for place in (places[name] for name in places if "…" in name))
        )
    model = numbered(20, [2])
    drawn = network(columns_of(model), [framed(model, None)], ["x"] * 20, None)
    assert ">all 20 inputs<" in drawn
    long = network(columns_of(model), [framed(model, None)], ["length of a thing"] * 20, None)
    assert columns_seen(rooted(long)) == columns_seen(rooted(drawn))
    model = numbered(2, [2])
    root = rooted(network(columns_of(model), [framed(model, None)], ["sepal width of", "sepal length of"], None))
    for name, each in zip(["sepal width of", "sepal length of"], columns_seen(root)[0]):
        assert dict(texts(root))[name].is_inside(each)


@pytest.mark.parametrize(("n_inputs", "widths", "options"), NETWORKS)
def test_lines_run_from_side_to_side_and_say_their_weight(n_inputs, widths, options):
    model = numbered(n_inputs, widths)
    root, names = networked(model, n_inputs, **options), options.get("names") or [f"x{k}" for k in range(n_inputs)]
    columns = columns_seen(root)
    drawn = {path.findtext("title"): path for path in (*of_class(root, "pos"), *of_class(root, "neg"))}
    largest = max(abs(w.data) for layer in model.layers for neuron in layer.neurons for w in neuron.weights)
    expected = 0
    for k, (before, after) in enumerate(itertools.pairwise(columns)):
        for to, target in enumerate(after):
            for start, source in enumerate(before):
                if len(before) == 1 and n_inputs > 16 and k == 0:
                    continue
                weight = model.layers[k].neurons[to].weights[start].data
                name = names[start] if k == 0 else f"neuron {start}"
                path = (
                    drawn[f"{name} to neuron {to}: {signed_text(weight)}"]
                    if len(columns) == 2
                    else next(
                        path
                        for title, path in drawn.items()
                        if title == f"{name} to neuron {to}: {signed_text(weight)}"
                    )
                )
                assert path.get("class") == ("neg" if weight < 0.0 else "pos")
                assert float(path.get("stroke-width")) == pytest.approx(
                    max(0.4, 6.0 * abs(weight) / largest), abs=0.051
                )
                (x1, y1), (a, ya), (b, yb), (x2, y2) = points(path.get("d"))
                assert (x1, y1) == pytest.approx((source.right, source.middle), abs=0.6)
                assert (x2, y2) == pytest.approx((target.left, target.middle), abs=0.6)
                assert (ya, yb) == (y1, y2)
                assert a == b == pytest.approx((x1 + x2) / 2.0, abs=1.0)
                expected += 1
    assert len(drawn) == expected
    bundles = [points(path.get("d")) for path in of_class(root, "bundle")]
    assert len(bundles) == (len(columns[1]) if n_inputs > 16 else 0)
    for bundle, target in zip(bundles, columns[1]):
        assert bundle[0] == pytest.approx((columns[0][0].right, columns[0][0].middle), abs=0.6)
        assert bundle[-1] == pytest.approx((target.left, target.middle), abs=0.6)


def test_a_line_is_the_wider_and_stronger_the_larger_its_weight():
    def looks(weight):
        path = rooted(f"<svg>{weight_line(weight, 2.0, 'M0 0', 'a to b')}</svg>").find("path")
        return float(path.get("stroke-width")), float(path.get("opacity"))

    assert looks(2.0) == looks(-2.0) == looks(9.0) == looks(math.inf) == (WIDEST_LINE, 1.0)
    assert looks(0.0) == looks(math.nan)
    assert looks(0.0)[0] == THINNEST_LINE
    faint, half = looks(0.0)[1], looks(1.0)
    assert 0.2 <= faint <= 0.4
    assert half == (WIDEST_LINE / 2.0, pytest.approx((1.0 + faint) / 2.0, abs=0.006))


def test_all_frames_of_a_network_are_on_one_scale():
    model = numbered(2, [2])
    first, second = framed(model, None, 0), framed(model, None, 5)
    for frame, size in ((first, 1.0), (second, 4.0)):
        frame.rows[0][:] = [[size, 0.5 * size, 100.0], [-size, 0.0, 100.0]]
    root = rooted(network(columns_of(model), [first, second], ["a", "b"], None))
    widths = [[float(p.get("stroke-width")) for p in of_class(root, f"s{k}")[0].findall("path")] for k in range(2)]
    assert widths == [[1.5, 0.8, 1.5, 0.4], [6.0, 3.0, 6.0, 0.4]]
    first.rows[0][:] = 0.0
    root = rooted(network(columns_of(model), [first], ["a", "b"], None))
    assert {path.get("stroke-width") for path in of_class(root, "pos")} == {"0.4"}


def test_a_box_of_a_plane_is_filled_by_what_its_neuron_answers():
    model = numbered(2, [3, 1])
    root = networked(model, 2)
    boxes = [each for column in columns_seen(root) for each in column]
    images = {box(image)[:2]: image for image in root.iter("image")}
    frame = framed(model, Domain((-1.5, -0.25), (3.0, 1.0)))
    assert len(images) == len(boxes) == 6
    for k, each in enumerate(boxes):
        image = images[each[:2]]
        assert box(image) == each
        pixels = decoded(image.get("href")).astype(int)
        assert pixels.shape == (26, 36, 3)
        if k < 2:
            blue = pixels[:, :, 2] - pixels[:, :, 0]
            steps = np.diff(blue, axis=1 - k) * (1 if k == 0 else -1)
            assert (steps >= 0).all()
            assert tuple(pixels[-1, 0]) == ORANGE
            assert tuple(pixels[0, -1]) == BLUE
        else:
            answers = (frame.responses[0][:, k - 2] if k < 5 else frame.responses[1][:, 0]).reshape(26, 36)
            assert (pixels == signed_pixels(answers, np.abs(answers).max())).all()
    told = [title.text for title in root.iter("title") if "bias" in title.text]
    outputs = frame.responses[0][:, 1]
    assert told[1] == (
        f"layer 0, neuron 1: bias {signed_text(model.layers[0].neurons[1].bias.data)}, "
        f"output {short(outputs.min())} to {short(outputs.max())}"
    )


def test_boxes_of_inputs_go_from_orange_over_white_to_blue():
    model = numbered(2, [1])
    for domain in (Domain((10.0, -7.0), (14.0, -3.0)), Domain((-1.0, 0.0), (7.0, 1e-3))):
        root = rooted(network(columns_of(model), [framed(model, domain)], ["a", "b"], domain))
        for k, image in zip(range(2), root.iter("image")):
            row = decoded(image.get("href"))[:, :1] if k else decoded(image.get("href"))[:1]
            shades = row.reshape(-1, 3).astype(int)[:: -1 if k else 1]
            assert (tuple(shades[0]), tuple(shades[-1])) == (ORANGE, BLUE)
            assert np.abs(shades[len(shades) // 2] - np.array(WHITE)).max() < 10


def test_a_box_of_a_line_holds_its_curve():
    model = numbered(1, [3, 1])
    root = networked(model, 1)
    frame = framed(model, Domain((-1.5,), (3.0,)))
    columns = columns_seen(root)
    curves = [points(path.get("d")) for path in of_class(root, "curve")]
    shown = [np.linspace(-2.25, 2.25, CURVE_POINTS), *frame.responses[0].T, *frame.responses[1].T]
    limits = [2.25, *[np.abs(frame.responses[0]).max()] * 3, np.abs(frame.responses[1]).max()]
    for each, curve, answered, limit in zip([b for column in columns for b in column], curves, shown, limits):
        xs, ys = np.array(curve).T
        assert len(curve) == 41
        assert xs - each.left == pytest.approx(each.right - xs[::-1], abs=0.2)
        assert 0.0 < xs[0] - each.left < 4.0
        reach = each.height / 2.0 - 3.0
        assert each.middle - ys == pytest.approx(reach * answered[::4] / limit, abs=0.11)
    zeros = [numbers(path.get("d")) for path in of_class(root, "grid")]
    assert [(x, y, width) for x, y, width in zeros] == [
        (each.left, pytest.approx(each.middle, abs=0.06), pytest.approx(each.width, abs=0.06))
        for column in columns
        for each in column
    ]


@pytest.mark.parametrize("n_inputs", [3, 16, 120])
def test_weights_are_bars_in_order_up_above_zero_and_down_below(n_inputs):
    model = numbered(n_inputs, [3, 2])
    root = networked(model, n_inputs)
    for k, column in enumerate(columns_seen(root)[1:]):
        limit = max(abs(w.data) for neuron in model.layers[k].neurons for w in neuron.weights)
        for neuron, each in zip(model.layers[k].neurons, column):
            inside = next(
                g
                for g in root.iter("g")
                if any(box(r) == each for r in g.findall("rect") if r.get("class") == "inside")
            )
            bars = sorted(
                (x, base, -up, wide, sign)
                for sign in ("pos", "neg")
                for path in inside.findall("path")
                if path.get("class") == f"bar-{sign}"
                for x, base, up, wide, _ in zip(*[iter(numbers(path.get("d")))] * 5)
            )
            step = (each.width - 4.0) / len(neuron.weights)
            assert len(bars) == len(neuron.weights)
            for i, ((x, base, up, wide, sign), weight) in enumerate(zip(bars, neuron.weights)):
                assert sign == ("neg" if weight.data < 0.0 else "pos")
                assert base == pytest.approx(each.middle, abs=0.06)
                assert up == pytest.approx((each.height / 2.0 - 2.0) * weight.data / limit, abs=0.06)
                assert x == pytest.approx(each.left + 2.0 + i * step, abs=0.06)
                assert 0.8 * step - 0.06 <= wide < step + 0.06
                assert min(1.0, 0.15 * step) - 0.06 <= step - wide <= 2.0  # which keeps neighbours apart
            (zero,) = [numbers(path.get("d")) for path in inside.findall("path") if path.get("class") == "grid"]
            assert zero == pytest.approx([each.left, each.middle, each.width], abs=0.06)


def test_the_largest_bar_reaches_almost_to_the_rim():
    root = networked(numbered(9, [2]), 9)
    ends = [
        (base, base + up)
        for path in (*of_class(root, "bar-pos"), *of_class(root, "bar-neg"))
        for _, base, up, _, _ in zip(*[iter(numbers(path.get("d")))] * 5)
    ]
    each = columns_seen(root)[1][0]
    assert each.height / 2.0 - max(abs(end - base) for base, end in ends) == pytest.approx(2.0, abs=0.15)


@pytest.mark.parametrize("picture", [(4, 5), (7, 3), (10, 2), (2, 10), (1, 17)])
def test_weights_that_are_a_picture_keep_its_shape(picture):
    rows, across = picture
    model = numbered(rows * across, [3, 2])
    root = networked(model, rows * across, picture=picture)
    limit = max(abs(w.data) for neuron in model.layers[0].neurons for w in neuron.weights)
    columns = columns_seen(root)
    images = list(root.iter("image"))
    assert len(images) == 3
    for image, each, neuron in zip(images, columns[1], model.layers[0].neurons):
        place = box(image)
        assert image.get("class") == "sharp"
        assert place.width / across == pytest.approx(place.height / rows, abs=0.1)
        assert (place.center, place.middle) == pytest.approx((each.center, each.middle), abs=0.11)
        assert place.is_inside(each)
        assert place.width == each.width or place.height == each.height
        weights = np.array([w.data for w in neuron.weights]).reshape(picture)
        assert (decoded(image.get("href")) == signed_pixels(weights, limit)).all()
    assert len(of_class(root, "bar-pos")) == 2  # of the second layer


def test_numbers_that_are_not_finite_leave_the_others_their_scale():
    model = numbered(3, [2])
    frame = framed(model, None)
    frame.rows[0][:] = [[math.nan, math.inf, 0.25, 0.0], [-math.inf, 0.5, -0.5, 0.0]]
    root = rooted(network(columns_of(model), [frame], ["a", "b", "c"], None))
    each = columns_seen(root)[1][0]
    heights = [
        -up
        for path in (*of_class(root, "bar-pos"), *of_class(root, "bar-neg"))
        for _, _, up, _, _ in zip(*[iter(numbers(path.get("d")))] * 5)
    ]
    full = each.height / 2.0 - 2.0
    assert sorted(heights) == pytest.approx([-full, -full, 0.0, full / 2.0, full, full], abs=0.06)
    widths = [path.get("stroke-width") for path in root.iter("path") if path.find("title") is not None]
    assert widths == ["0.4", "6.0", "3.0", "6.0", "6.0", "6.0"]


def test_what_belongs_to_one_snapshot_is_in_its_own_class():
    root = networked(numbered(2, [2, 1]), 2, frames=3)
    for k in range(3):
        lines, insides = of_class(root, f"s{k}")
        assert len(lines.findall("path")) == 2 * 2 + 2
        assert len(insides.findall("g")) == 3
    assert len(of_class(root, "s")) == 6


# -- what is answered over the inputs --------------------------------------------------------------------------------

PLANE = Domain((-1.0, 10.0), (3.0, 20.0))
LINE = Domain((-1.0,), (3.0,))
SIDE = loss_row("hinge")
SURE = loss_row("binary_cross_entropy_from_logits")
CLASSES = loss_row("softmax_cross_entropy")
NUMBERS = loss_row("squared_error")


def asked(domain, function, n_frames=1):
    """Snapshots of a model that answers a function of its inputs, as an array (points, outputs)."""
    grid = domain.grid((8, 8))
    return [Frame(k, [], [], function(grid) * (k + 1)) for k in range(n_frames)]


def in_key(drawn):
    key = rooted(f"<p>{drawn.partition('</svg>')[2]}</p>").find("p")
    return [("".join(span.itertext()).strip(), *(use.get("href") for use in span.iter("use"))) for span in key]


def test_samples_stand_where_the_axes_of_a_plane_say():
    inputs = [[-1.0, 10.0], [3.0, 20.0], [0.0, 12.5], [2.5, 11.0]]
    part = Samples("training", inputs, [-1, 1, 1, -1], True)
    reading = Reading.of(SIDE, [-1, 1], 1)
    drawn = surface(asked(PLANE, lambda grid: grid[:, :1]), PLANE, reading, [part], ["speed", "height"])
    root = rooted(drawn.partition("</svg>")[0] + "</svg>")
    across, upward = ticks(root)
    uses = {(float(use.get("x")), float(use.get("y"))): group for group in of_class(root, "sample") for use in group}
    wanted = [(placed(across, x), placed(upward, y)) for x, y in inputs]
    assert np.array(sorted(uses)) == pytest.approx(np.array(sorted(wanted)), abs=0.11)
    (image,) = root.iter("image")
    (rim,) = of_class(root, "rim")
    frame = box(image)
    assert box(rim) == frame
    assert of_class(root, "grid") == []  # nothing covers the colours
    assert in_key(drawn)[:2] == [("-1", "#k0"), ("1", "#k1")]
    assert 'class="scale"' not in drawn
    assert wanted[0] == pytest.approx((frame.left, frame.bottom), abs=0.11)
    assert wanted[1] == pytest.approx((frame.right, frame.top), abs=0.11)
    shown = texts(root)
    for text, place in shown:
        assert place.is_inside(view(root)), text
        assert not place.meets(frame), text
    for (first, one), (second, other) in itertools.combinations(shown, 2):
        assert not one.meets(other), (first, second)
    assert dict(shown)["speed"].center == pytest.approx(frame.center)
    (turned,) = [text for text in root.iter("text") if text.get("x") is None]
    x, y, angle = numbers(turned.get("transform"))
    assert (turned.text, y, angle) == ("height", frame.middle, -90.0)
    left_of_numbers = min(text_box(text).left for text in of_class(root, "end"))
    assert 9.0 <= x <= left_of_numbers - 2.0  # of letters 11 high, which stand above their line
    assert root.get("aria-label") == "What the model answers over speed and height, with the samples"


def test_axes_are_in_the_units_of_the_data_and_samples_stay_where_they_are():
    standardization = SimpleNamespace(means=[100.0, -5.0], deviations=[10.0, 0.5])
    part = Samples("training", [[0.5, 14.0]], [1], True)
    for domain, names, sample in ((PLANE, ["a", "b"], [0.5, 14.0]), (LINE, ["a"], [0.5])):
        reading = Reading.of(NUMBERS, [1.0], 1)
        frames = asked(domain, lambda grid: grid[:, :1])
        part = Samples("training", [sample], [1.0], True)
        plain, scaled = (
            rooted(surface(frames, domain, reading, [part], names, each).partition("</svg>")[0] + "</svg>")
            for each in (None, standardization)
        )
        assert [use.attrib for use in plain.iter("use")] == [use.attrib for use in scaled.iter("use")]
        (use,) = plain.iter("use")
        across, upward = ticks(scaled)
        assert float(use.get("x")) == pytest.approx(placed(across, 105.0), abs=0.11)
        if len(names) == 2:
            assert float(use.get("y")) == pytest.approx(placed(upward, 2.0), abs=0.11)


def test_colours_of_a_plane_are_paler_than_those_of_its_samples():
    side, classes = Reading.of(SIDE, [-1, 1], 1), Reading.of(CLASSES, [0, 1, 2], 3)
    sure = plane_pixels(np.array([[-1.0], [0.0], [1.0], [9.0]]), side, 0.0, 1.0).reshape(-1, 3).tolist()

    def paler(colour):
        return [round(white + 0.72 * (part - white)) for part, white in zip(colour, WHITE)]

    assert sure == [paler(ORANGE), list(WHITE), paler(BLUE), paler(BLUE)]
    scores = np.array([[50.0, 0.0, 0.0], [0.0, 50.0, 0.0], [0.0, 0.0, 50.0], [0.0, 0.0, 0.0]])
    assert plane_pixels(scores, classes, 0.0, 1.0).reshape(-1, 3).tolist() == [
        *map(paler, CLASS_COLOURS[:3]),
        list(WHITE),
    ]
    number = Reading.of(NUMBERS, [2.0, 6.0], 1)
    shades = plane_pixels(np.array([[2.0], [4.0], [6.0], [5.0]]), number, 2.0, 6.0).reshape(-1, 3).tolist()
    assert shades[:3] == [paler(ORANGE), list(WHITE), paler(BLUE)]
    assert shades[3] == [round(white + 0.36 * (part - white)) for part, white in zip(BLUE, WHITE)]
    assert plane_pixels(np.array([[3.5]]), number, 2.0, 5.0).tolist() == [[list(WHITE)]]
    assert plane_pixels(np.arange(36.0)[:, None], number, 2.0, 6.0).shape == (6, 6, 3)


def test_a_sample_has_the_shape_and_the_colour_of_its_class():
    side, classes = Reading.of(SIDE, [-1, 1], 1), Reading.of(CLASSES, list(range(20)), 20)
    assert [mark(side, target, 0.0, 1.0) for target in (-1, 1)] == [(0, hex_colour(ORANGE)), (1, hex_colour(BLUE))]
    assert mark(side, 7, 0.0, 1.0)[0] == 0  # which names no class
    for target in range(20):
        assert mark(classes, target, 0.0, 1.0) == (target, hex_colour(CLASS_COLOURS[target % 8]))
    number = Reading.of(NUMBERS, [2.0, 6.0], 1)
    assert [mark(number, target, 2.0, 6.0) for target in (2.0, 4.0, 6.0)] == [
        (0, hex_colour(colour)) for colour in (ORANGE, WHITE, BLUE)
    ]
    assert mark(number, 3.5, 2.0, 5.0) == (0, hex_colour(WHITE))
    half = tuple(round((a + b) / 2) for a, b in zip(WHITE, ORANGE))
    assert mark(number, 3.0, 2.0, 6.0) == (0, hex_colour(half))


def test_the_key_tells_what_shapes_and_filling_mean():
    parts = [
        Samples("training", [[0.0, 11.0]] * 3, [0, 1, 9], True),
        Samples("validation", [[1.0, 12.0]] * 1201, [2] * 1201, False),
        Samples("test", [], [], False),
    ]
    reading = Reading.of(CLASSES, list(range(10)), 10, [f"<{k}>" for k in range(10)])
    drawn = surface(asked(PLANE, lambda grid: np.repeat(grid[:, :1], 10, axis=1)), PLANE, reading, parts, ["a", "b"])
    assert in_key(drawn) == [
        *((f"<{k}>", f"#k{k % 8}") for k in range(10)),
        ("training samples", "#k0"),
        ("validation samples (401 of 1201 drawn)", "#k0"),
        ("test samples", "#k0"),
    ]
    looks = re.findall(r'<g class="sample" fill="(#\w+)"><use href="#k(\d)"', drawn.partition("</svg>")[0])
    assert looks == [
        (hex_colour(CLASS_COLOURS[0]), "0"),
        (hex_colour(CLASS_COLOURS[1]), "1"),
        (hex_colour(CLASS_COLOURS[1]), "1"),
        ("#ffffff", "2"),
    ]
    key = drawn.partition("</svg>")[2]
    assert re.findall(r'fill="(#\w+)"', key) == [
        *(hex_colour(CLASS_COLOURS[k % 8]) for k in range(10)),
        GREY,
        "#ffffff",
        "#ffffff",
    ]
    assert "scale" not in key
    numbers_too = Reading.of(NUMBERS, [1.0, 3.0], 1)
    part = Samples("test", [[0.0, 11.0], [1.0, 12.0]], [1.0, 3.0], False)
    drawn = surface(asked(PLANE, lambda grid: grid[:, :1]), PLANE, numbers_too, [part], ["a", "b"])
    assert in_key(drawn) == [("1  3",), ("test samples", "#k0")]
    assert 'class="scale"' in drawn


def test_more_names_than_sides_have_looks_too():
    reading = Reading.of(SIDE, [-1, 1], 1, list("abcde"))
    drawn = surface(asked(PLANE, lambda grid: grid[:, :1]), PLANE, reading, [], ["a", "b"])
    assert in_key(drawn) == [(name, f"#k{k}") for k, name in enumerate("abcde")]


def test_six_hundred_samples_are_all_drawn():
    reading = Reading.of(NUMBERS, [1.0], 1)
    for count, told in ((600, "test samples"), (601, "test samples (301 of 601 drawn)")):
        part = Samples("test", [[1.0]] * count, [1.0] * count, True)
        assert in_key(surface(asked(LINE, lambda x: x), LINE, reading, [part], ["a"])) == [(told, "#k0")]


@pytest.mark.parametrize(("domain", "sample"), [(LINE, [0.5]), (PLANE, [0.5, 14.0])])
def test_a_target_may_stand_in_a_list(domain, sample):
    def drawn(targets):
        parts = [Samples("training", [sample] * 3, targets, True)]
        reading = Reading.of(NUMBERS, targets, 1)
        return surface(asked(domain, lambda grid: grid[:, :1]), domain, reading, parts, list("ab")[: len(sample)])

    assert drawn([[1.0], [3.0], [2.0]]) == drawn([1.0, 3.0, 2.0]) == drawn([(1.0,), (3.0,), (2.0,)])


def test_shares_of_classes_are_drawn_as_the_likeliest():
    def drawn(targets):
        parts = [Samples("training", [[0.0, 11.0]] * 3, targets, True)]
        reading = Reading.of(CLASSES, targets, 3)
        return surface(asked(PLANE, lambda grid: grid[:, [0, 1, 0]]), PLANE, reading, parts, ["a", "b"])

    assert drawn([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.25, 0.5, 0.25]]) == drawn([2, 0, 1])


def test_there_is_a_shape_for_each_of_eight_classes():
    root = rooted(shapes())
    paths = {path.get("id"): path.get("d") for path in root.iter("path")}
    assert list(paths) == [f"k{k}" for k in range(8)]
    assert len(set(paths.values())) == 8


def test_each_snapshot_has_its_own_answers():
    reading = Reading.of(SIDE, [-1, 1], 1)
    frames = asked(PLANE, lambda grid: grid[:, :1] / 10.0, 3)
    root = rooted(surface(frames, PLANE, reading, [], ["a", "b"]).partition("</svg>")[0] + "</svg>")
    images = list(root.iter("image"))
    assert [image.get("class") for image in images] == ["s s0", "s s1", "s s2"]
    for image, frame in zip(images, frames):
        assert (decoded(image.get("href")) == plane_pixels(frame.outputs, reading, 0.0, 1.0)).all()
    frames = asked(LINE, lambda grid: grid, 3)
    drawn = surface(frames, LINE, Reading.of(NUMBERS, [1.0], 1), [], ["a"])
    root = rooted(drawn.partition("</svg>")[0] + "</svg>")
    assert len(of_class(root, "s")) == 3
    assert len({path.get("d") for path in of_class(root, "curve")}) == 3


LINES = [
    pytest.param(NUMBERS, lambda x: x * x - 2.0, [7.0, -1.0, 0.5], lambda y: y, lambda t: t, id="numbers"),
    pytest.param(SIDE, lambda x: x - 1.0, [1, -1, 1], lambda y: y, lambda t: t, id="score"),
    pytest.param(SURE, lambda x: 2.0 * x, [1, 0, 1], lambda y: 1 / (1 + np.exp(-y)), lambda t: t, id="probability"),
    pytest.param(
        loss_row("signed_cross_entropy"),
        lambda x: 2.0 * x,
        [1, -1, 1],
        lambda y: 1 / (1 + np.exp(-2.0 * y)),
        lambda t: (t + 1) / 2,
        id="probability of the upper side",
    ),
]


@pytest.mark.parametrize(("row", "function", "targets", "answer", "height"), LINES)
def test_over_one_input_answers_and_samples_stand_where_the_axes_say(row, function, targets, answer, height):
    inputs = [[-1.0], [0.0], [2.0]]
    reading = Reading.of(row, targets, 1)
    drawn = surface(asked(LINE, function), LINE, reading, [Samples("training", inputs, targets, True)], ["speed"])
    root = rooted(drawn.partition("</svg>")[0] + "</svg>")
    across, upward = ticks(root)
    (curve,) = of_class(root, "curve")
    assert curve.get("class") == "curve bold c0"
    xs = np.linspace(-1.0, 3.0, CURVE_POINTS)
    wanted = [(placed(across, x), placed(upward, answer(function(x)))) for x in xs]
    assert np.array(points(curve.get("d"))) == pytest.approx(np.array(wanted), abs=0.2)
    uses = {
        (float(use.get("x")), float(use.get("y"))): group.get("fill")
        for group in of_class(root, "sample")
        for use in group
    }
    assert row is not NUMBERS or {use.get("href") for use in root.iter("use")} == {"#k0"}
    for (x,), target in zip(inputs, targets):
        place = min(uses, key=lambda each: abs(each[0] - placed(across, x)))
        assert place == pytest.approx((placed(across, x), placed(upward, height(target))), abs=0.2)
        expected = ORANGE if row is NUMBERS or target != 1 else BLUE
        assert uses[place] == hex_colour(expected)
    frame = box(root.find("clipPath").find("rect"))
    assert (frame.left, frame.right) == pytest.approx((wanted[0][0], wanted[-1][0]), abs=0.11)
    assert frame.right >= view(root).right - 12.0
    for _, y in [*uses, *wanted]:
        assert frame.top < y < frame.bottom
    spread_of = [*[answer(function(x)) for x in xs], *map(height, targets)]
    low, high = min(spread_of), max(spread_of)
    room = frame.bottom - placed(upward, low), placed(upward, high) - frame.top
    assert room == pytest.approx([0.05 / 1.1 * frame.height] * 2, abs=0.3)
    for text, place in texts(root):
        assert place.is_inside(view(root)), text
    assert [text for text, *_ in in_key(drawn)] == [*reading.classes, "training samples"]


def test_probabilities_of_classes_over_one_input_are_named_where_they_end():
    reading = Reading.of(CLASSES, [0, 1, 2], 3, ["cat", "dog", "horse & cart of long ago"])
    frames = asked(LINE, lambda x: np.concatenate([x, -x, 0.0 * x + 1.0], axis=1), 2)
    root = rooted(surface(frames, LINE, reading, [Samples("training", [[0.0]], [1], True)], ["speed"]))
    across, upward = ticks(root)
    assert placed(upward, 0.0) > placed(upward, 1.0)
    frame = box(root.find("clipPath").find("rect"))
    assert of_class(root, "sample") == []
    assert [text.text for text in of_class(root, "name")] == ["p(cat)", "p(dog)", "p(horse & c…"] * 2
    for k in range(2):
        lines, names = of_class(root, f"s{k}")
        for i, (path, name) in enumerate(zip(lines, names)):
            assert path.get("class") == f"curve c{i}"
            assert name.get("class") == f"name t{i}"
            x, y = points(path.get("d"))[-1]
            place = text_box(name)
            assert x == pytest.approx(frame.right, abs=0.1)
            assert 2.0 < place.left - x < 10.0
            if i != 1 and k == 0:  # the second has to move
                assert abs(place.middle - y) < 1.5
            assert place.is_inside(view(root))
        for one, other in itertools.combinations(map(text_box, names), 2):
            assert not one.meets(other)
    heights = np.array([points(path.get("d")) for path in of_class(root, "s0")[0]])[:, :, 1]
    shares = (heights - placed(upward, 0.0)) / (placed(upward, 1.0) - placed(upward, 0.0))
    assert shares.sum(axis=0) == pytest.approx(1.0, abs=2e-3)
    room = frame.bottom - placed(upward, 0.0), placed(upward, 1.0) - frame.top
    assert room == pytest.approx([0.05 / 1.1 * frame.height] * 2, abs=0.3)
    assert placed(across, 3.0) == pytest.approx(frame.right, abs=0.1)


def test_a_name_stands_at_the_very_end_of_its_curve():
    def sudden(x):
        last = np.where(x == x.max(), 9.0, -9.0)
        return np.concatenate([last, -last, np.full_like(x, -99.0)], axis=1)

    reading = Reading.of(CLASSES, [0, 1, 2], 3)
    root = rooted(surface(asked(LINE, sudden), LINE, reading, [], ["speed"]))
    for path, name in list(zip(of_class(root, "curve"), of_class(root, "name")))[:2]:
        _, y = points(path.get("d"))[-1]
        assert abs(text_box(name).middle - y) < 16.0  # the lower two keep apart
    assert abs(text_box(of_class(root, "name")[0]).middle - points(of_class(root, "curve")[0].get("d"))[-1][1]) < 1.5


def test_names_of_many_classes_keep_within_the_picture():
    reading = Reading.of(CLASSES, [0], 25)
    root = rooted(surface(asked(LINE, lambda x: np.repeat(x, 25, axis=1)), LINE, reading, [], ["speed"]))
    names = [text_box(name) for name in of_class(root, "name")]
    assert len(names) == 25
    for place in names:
        assert place.is_inside(view(root))
    for one, other in itertools.pairwise(names):
        assert not one.meets(other)


def test_over_one_input_the_axis_is_that_of_the_last_snapshot():
    frames = asked(LINE, lambda x: x, 3)[::-1]  # which answers from -1 to 3, those before more
    reading = Reading.of(NUMBERS, [1.0], 1)
    drawn = surface(frames, LINE, reading, [], ["a"])
    _, upward = ticks(rooted(drawn.partition("</svg>")[0] + "</svg>"))
    assert (min(upward), max(upward)) == (-1.0, 3.0)


def test_scores_without_probability_are_drawn_over_two_inputs():
    reading = Reading.of(loss_row("multiclass_hinge"), [0, 1, 2], 3)
    drawn = surface(asked(PLANE, lambda grid: grid[:, [0, 1, 0]]), PLANE, reading, [], ["a", "b"])
    assert drawn.startswith("<svg")


def test_answers_that_are_several_numbers_or_scores_without_probability_are_not_drawn():
    for row, n_outputs, domain, names in ((NUMBERS, 2, PLANE, "ab"), (loss_row("multiclass_hinge"), 3, LINE, "a")):
        frames = asked(domain, lambda grid, n=n_outputs: np.repeat(grid[:, :1], n, axis=1))
        assert surface(frames, domain, Reading.of(row, [0], n_outputs), [], list(names)) == ""


# -- snapshots and the page ------------------------------------------------------------------------------------------


def test_a_domain_is_asked_row_by_row_from_its_highest_row_on():
    grid = PLANE.grid((3, 2))
    assert grid.tolist() == [[-1.0, 20.0], [1.0, 20.0], [3.0, 20.0], [-1.0, 10.0], [1.0, 10.0], [3.0, 10.0]]
    line = LINE.grid((3, 2))[:, 0]
    assert (line[0], line[80], line[-1], len(line)) == (-1.0, 1.0, 3.0, 161)
    assert Domain.around([[2.0, 5.0]]) == Domain((1.0, 2.5), (3.0, 7.5))


@given(st.integers(1, 60), st.integers(2, 12))
def test_of_many_some_are_chosen_from_the_first_to_the_last(count, most):
    found = chosen(list(range(count)), most)
    assert found[0] == 0
    assert found[-1] == count - 1
    assert len(found) <= most
    assert found == sorted(set(found))
    steps = np.diff(found)
    assert len(set(steps[:-1])) <= 1
    assert all(steps[-1:] <= steps[:1])
    if count <= most:
        assert found == list(range(count))


def test_the_snapshot_that_was_kept_is_always_there():
    history = SimpleNamespace(snapshots=[Snapshot(k, ()) for k in range(24)], kept=10)
    assert [each.epoch for each in shown(history)] == [0, 3, 6, 9, 10, 12, 15, 18, 21, 23]


def test_up_to_twelve_snapshots_are_all_shown():
    assert chosen(list(range(12))) == list(range(12))
    assert chosen(list(range(13))) == [0, 2, 4, 6, 8, 10, 12]


def test_what_stands_between_layers_belongs_to_the_layer_before():
    first, last = Layer(2, 3, "identity"), Layer(3, 2, "identity")
    early, norm, bent, late = Dropout(0.1), BatchNorm(3), Activation("relu"), Activation("softmax")
    columns = columns_of(Sequential(early, first, norm, bent, Sequential(last, late)))
    assert [(column.layer, column.stages) for column in columns] == [
        (first, [early, first, norm, bent]),
        (last, [last, late]),
    ]
    model = MLP(2, [3, 1])
    assert [column.stages for column in columns_of(model)] == [[layer] for layer in model.layers]
    assert [column.layer for column in columns_of(first)] == [first]
    assert columns_of(Sequential(first, abs)) == columns_of(Sequential(early)) == columns_of(abs) == []
    (answers,) = responses(columns[:1], np.array([[0.5, -1.0]]))
    assert answers.tolist() == bent.on_arrays(norm.on_arrays(first.on_arrays(np.array([[0.5, -1.0]])))).tolist()


def test_a_frame_holds_the_numbers_of_its_snapshot():
    model = numbered(2, [3, 1])
    history = SimpleNamespace(snapshots=[], model=model, kept=7)
    columns = columns_of(model)
    (frame,) = frames_of(history, columns, None)
    assert (frame.epoch, frame.responses, frame.outputs) == (7, [], None)
    assert frame.rows[0].tolist() == [[p.data for p in neuron.row] for neuron in model.layers[0].neurons]
    (frame,) = frames_of(history, columns, Domain((-1.0, -1.0), (1.0, 1.0)))
    assert [each.shape for each in frame.responses] == [(36 * 26, 3), (36 * 26, 1)]
    assert frame.outputs.shape == (96 * 96, 1)
    assert frame.outputs[-1, 0] == pytest.approx(model([1.0, -1.0]).data)
    assert frame.responses[1][0, 0] == pytest.approx(model([-1.0, 1.0]).data)


def test_each_frame_holds_the_numbers_of_its_own_snapshot_and_the_model_keeps_its():
    model = MLP(1, [1])
    weight, bias = model.parameters()
    history = History(model, loss_row("squared_error"), ([[1.0]], [1.0]))
    for epoch in range(3):
        weight.data, bias.data = float(epoch), 10.0
        history.snapshots.append(Snapshot(epoch, (float(epoch), 10.0)))
    weight.data = 7.0
    frames = frames_of(history, columns_of(model), Domain((0.0,), (1.0,)))
    assert [(frame.epoch, frame.rows[0].tolist()) for frame in frames] == [(k, [[k, 10.0]]) for k in range(3)]
    assert [frame.outputs[-1].tolist() for frame in frames] == [[10.0 + k] for k in range(3)]
    assert (weight.data, bias.data) == (7.0, 10.0)


def test_answers_have_a_column_for_each_output():
    assert answers(numbered(2, [3]), np.zeros((5, 2))).shape == (5, 3)
    assert answers(sum, np.ones((5, 2))).tolist() == [[2.0]] * 5


def test_buttons_lead_to_each_snapshot_and_to_its_neighbours():
    drawn = stepper([0, 5, 9], ["before training", "<better>", "best"], "<p>pictures</p>", 1)
    root = rooted(drawn)
    inputs = root.findall("input")
    assert [(each.get("id"), each.get("aria-label")) for each in inputs] == [
        ("e0", "epoch 0"),
        ("e1", "epoch 5"),
        ("e2", "epoch 9"),
    ]
    assert [each.get("checked") is not None for each in inputs] == [False, True, False]
    assert [(label.get("for"), label.text) for label in root.findall("label")] == [
        ("e0", "0"),
        ("e1", "5"),
        ("e2", "9"),
    ]
    lines = of_class(root, "s")
    assert ["".join(line.itertext()) for line in lines] == [
        "epoch 0: before training  next",
        "epoch 5: <better> back next",
        "epoch 9: best back ",
    ]
    assert [[label.get("for") for label in line.iter("label")] for line in lines] == [["e1"], ["e0", "e2"], ["e1"]]
    assert "<p>pictures</p>" in drawn
    assert "back" not in stepper([3], ["x"], "", 0)
    assert "next" not in stepper([3], ["x"], "", 0)


def test_a_page_shows_one_snapshot_at_a_time_and_has_a_look_for_every_curve():
    made = page("<b>", "<p>content</p>", 3)
    assert "<title>&lt;b&gt;</title>" in made
    for k in range(3):
        assert f"#e{k}:checked~* .s:not(.s{k}){{display:none}}" in made
    assert "#e3:" not in made
    looks = re.findall(r"^\.c(\d)\{stroke:var\(--c(\d)\);stroke-dasharray:([\w ]+)\}$", made, re.MULTILINE)
    assert [(a, b) for a, b, _ in looks] == [(str(k), str(k)) for k in range(6)]
    assert len({dashes for *_, dashes in looks}) == 6
    assert re.findall(r"^\.t(\d)\{fill:var\(--c(\d)\)!important\}$", made, re.MULTILINE) == [
        (str(k),) * 2 for k in range(6)
    ]
    assert f"linear-gradient(90deg,{hex_colour(ORANGE)},{hex_colour(WHITE)},{hex_colour(BLUE)})" in made
    drawn = figure("a < b", "<svg/>", "kind", "look > here")
    assert drawn.startswith('<figure class="kind"><h2>a &lt; b</h2><div class="scroll"><svg/></div>')
    assert drawn.endswith('<p class="hint">look &gt; here</p></figure>')
    assert "hint" not in figure("a", "b")


# -- text, pixels, readings ------------------------------------------------------------------------------------------


def test_numbers_are_short_and_honest():
    assert [short(x) for x in (0.0, -0.0421, 12345.6, 1e6, 1e-10, math.nan, -math.inf)] == [
        "0",
        "−0.0421",
        "12346",
        "1e+06",
        "1e−10",
        "nan",
        "−inf",
    ]
    assert signed_text(-1.0) == "−1"
    assert [short(x) for x in (998.6, 999.4, 999.5, 999.6, 1000.0, 1001.4, 999_999.4, 999_999.5)] == [
        *("999", "999", "1000", "1000", "1000", "1001", "999999"),
        "1e+06",
    ]


def test_text_is_clipped_by_its_width():
    assert clipped("中文字", 6) == "中文字"
    assert clipped("中文字", 5) == "中文…"
    assert clipped("中文字", 4) == "中…"
    assert clipped(" a\n b ", 9) == "a b"
    assert escaped("a\ud800b\x1bc\td") == "a\ufffdb\ufffdc\td"


def test_a_png_holds_its_pixels():
    pixels = np.arange(2 * 5 * 3, dtype=np.uint8).reshape(2, 5, 3) * 9
    uri = "data:image/png;base64," + base64.b64encode(png(pixels)).decode()
    assert (decoded(uri) == pixels).all()
    content, place = png(pixels), 8
    while place < len(content):  # every chunk has the right length and checksum
        size = struct.unpack(">I", content[place : place + 4])[0]
        body, check = content[place + 4 : place + 8 + size], content[place + 8 + size : place + 12 + size]
        assert struct.unpack(">I", check)[0] == zlib.crc32(body)
        if body[:4] == b"IHDR":  # eight bits of red, green and blue; compressed and filtered as all are, not interlaced
            assert struct.unpack(">IIBBBBB", body[4:]) == (5, 2, 8, 2, 0, 0, 0)
        place += 12 + size


def test_colours():
    pixels = signed_pixels(np.array([[-9.0, 0.0, 2.0, 1.0, math.nan]]), 2.0)[0].tolist()
    assert [tuple(pixel) for pixel in (*pixels[:3], pixels[4])] == [ORANGE, WHITE, BLUE, WHITE]
    assert tuple(pixels[3]) == tuple(round((a + b) / 2) for a, b in zip(WHITE, BLUE))
    even = class_pixels(np.array([[[1 / 3, 1 / 3, 1 / 3], [0.0, 0.0, 1.0]]]))[0].tolist()
    assert [tuple(pixel) for pixel in even] == [WHITE, CLASS_COLOURS[2]]
    for count in (9, 17):
        many = np.eye(count)[None, count - 1 :]
        assert tuple(class_pixels(many)[0, 0].tolist()) == CLASS_COLOURS[0]
    half_sure = class_pixels(np.array([[[0.625, 0.125, 0.125, 0.125], [math.nan] * 4]]))[0].tolist()
    assert half_sure == [[round((a + b) / 2) for a, b in zip(WHITE, CLASS_COLOURS[0])], list(WHITE)]


def test_classes_have_the_colours_of_okabe_and_ito():
    assert [hex_colour(colour) for colour in CLASS_COLOURS] == [
        *("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"),
        "#969696",
    ]


def test_signed_blue_is_the_second_class():
    reading = Reading.of(loss_row("signed_cross_entropy"), [-1, 1], 1)
    assert reading.classes == ["-1", "1"]
    sides = reading.sides(np.array([[-50.0], [0.0], [50.0]])).tolist()
    assert sides == [-1.0, 0.0, 1.0]
    assert Reading.of(loss_row("hinge"), [-1, 1], 1).sides(np.array([[-0.5], [7.0]])).tolist() == [-0.5, 1.0]


def test_readings():
    softmax = Reading.of(loss_row("softmax_cross_entropy"), [0, 2], 3, ["a", "b", "c"])
    assert softmax.kind == "class"
    assert [softmax.class_of(target) for target in ([0, 0, 1], 1, None)] == [2, 1, None]
    assert softmax.shares(np.zeros((1, 3))).tolist() == [[1 / 3] * 3]
    signs = Reading.of(loss_row("hinge"), [-1, 1], 1)
    assert (signs.class_of(-1), signs.class_of(1), signs.class_of(0)) == (0, 1, None)
    numbers = Reading.of(loss_row("mean_squared_error"), [0.5], 1)
    assert (numbers.kind, numbers.class_of(0.5)) == ("number", None)
    margins = Reading.of(loss_row("multiclass_hinge"), [0], 2)
    assert margins.shares(np.array([[0.1, 0.3]])).tolist() == [[0.0, 1.0]]
    several = Reading.of(loss_row("perceptron"), [0, 2], 3)
    assert (several.kind, several.classes, several.class_of(2)) == ("class", ["0", "1", "2"], 2)
    assert Reading.of(loss_row("perceptron"), [0, 1], 2).classes == ["0", "1"]
    assert Reading.of(loss_row("perceptron"), [-1, 1], 1).classes == ["-1", "1"]
    questions = Reading.of(loss_row("binary_cross_entropy_from_logits"), [[0, 1]], 2)
    assert (questions.kind, questions.class_of([0, 1])) == ("numbers", None)


def test_targets_may_name_more_classes_than_there_are_outputs():
    assert Reading.of(CLASSES, [0, 4], 3).classes == ["0", "1", "2", "3", "4"]
    assert Reading.of(CLASSES, [0, 1], 3).classes == ["0", "1", "2"]
    assert Reading.of(CLASSES, [], 2, ["a", "b", "c"]).classes == ["a", "b", "c"]
    with pytest.raises(ValueError, match="there are 5 classes, but names for 4"):
        Reading.of(CLASSES, [4], 3, list("abcd"))
    with pytest.raises(ValueError, match="there are 2 classes, but names for 1"):
        Reading.of(SURE, [0, 0], 1, ["only"])
    single = Reading.of(SURE, [1, 1], 1)
    assert (single.kind, single.classes) == ("side", ["0", "1"])
    assert Reading.of(NUMBERS, [1.0], 2).kind == "numbers"


def test_a_side_is_as_sure_as_its_probability():
    sure = Reading.of(SURE, [0, 1], 1)
    scores = np.array([[math.log(3.0)], [0.0], [-math.log(3.0)], [math.nan], [math.inf]])
    assert sure.sides(scores) == pytest.approx(np.array([0.5, 0.0, -0.5, 0.0, 1.0]))
    unsure = Reading.of(SIDE, [-1, 1], 1)
    assert unsure.sides(np.array([[math.nan], [-math.inf], [0.25]])).tolist() == [0.0, -1.0, 0.25]
    best = Reading.of(loss_row("multiclass_hinge"), [0], 3)
    assert best.shares(np.array([[0.1, 0.3, 0.2], [math.nan, -1.0, -2.0]])).tolist() == [
        [0.0, 1.0, 0.0],
        [1.0, 0.0, 0.0],
    ]


def test_shares_are_the_same_for_a_row_of_ones_own():
    row = loss_row("softmax_cross_entropy")
    own = row._replace(name="mine")
    scores = np.array([[0.5, 1.0, -2.0], [1000.0, 0.0, -1000.0], [math.inf, 0.0, 0.0], [math.nan, 0.0, 1.0]])
    first, second = (Reading.of(each, [0, 2], 3).shares(scores) for each in (row, own))
    assert first == pytest.approx(second, rel=1e-15, nan_ok=True)
    assert second[1].tolist() == [1.0, 0.0, 0.0]


def test_domains():
    assert Domain.around([[0.0, 0.0], [10.0, 1.0]]) == Domain((-1.0, -0.1), (11.0, 1.1))
    assert Domain.around([[0.0], [10.0]]) == Domain((-1.0,), (11.0,))
    assert Domain.around([[0.0, 0.0, 0.0]]) is None
    assert Domain((0.0,), (1.0,)).grid((2, 2)).shape == (161, 1)


def test_some_are_chosen_at_even_steps():
    assert chosen(list(range(24)), 12) == [0, 3, 6, 9, 12, 15, 18, 21, 23]
    assert chosen([1, 2], 12) == [1, 2]
