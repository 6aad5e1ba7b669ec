"""Stepping through a sweep: what is told at each step, which numbers the page shows when, and what it refuses."""

from __future__ import annotations

import base64
import html
import math
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from autograd import Tape, Value, log, scope, sin, sqrt, where
from autograd import sum as total_of
from autograd.listing import adjoints
from autograd.show import render
from autograd.show import stepper as stepper_module
from autograd.show.stage import LIGHT, TITLE, Stage, _align, unlinked
from autograd.show.stepper import MOST_STEPS, Stepper, _page, _rules, _table, step_through
from autograd.show.walk import Frame, Part, Shown, Walk, cut, numbers_of
from autograd.tape import forward_sweep
from tests.test_cli import needs_dot
from tests.test_show import example

NASTY = "<b>&\"'|{}[]\\N\\G\\\n\t\x00\u202e\ud800 ]]> </table> 😀 日本 عربي \\"


def leaves(count):
    return [Value(float(k), label=f"x{k}") for k in range(count)]


USE = " (a second use: gradients add)"
OPERAND = " (a second operand: tangents add)"


def captions(stepper):
    """Return what the table of all steps says, as plain text: it needs no `dot`."""
    return rows_of(_table(stepper._walk))


def rows_of(page):
    rows = re.findall(r"<tr><td>(\d+)</td><td[^>]*>(.*?)</td></tr>", page)
    assert [int(number) for number, _ in rows] == list(range(len(rows)))
    return [html.unescape(re.sub(r"<[^>]*>", "", told)) for _, told in rows]


def shown(stepper, step):
    """Return what the page shows at a step: class of a card or an arrow -> its texts, as the rules of style have it."""
    found = {}
    svg = re.search(r"<svg.*?</svg>", stepper.html, re.DOTALL)[0]
    for group in ElementTree.fromstring(svg)[0]:
        for element in group.iter():
            classes = element.get("class", "").split()
            if "t" in classes and all(_holds(name, step) for name in classes):
                found.setdefault(group.get("class"), []).append("".join(element.itertext()).strip())
    return found


def _holds(name, step):
    if name[0] not in "fu" or not name[1:].isdigit():
        return True
    return step >= int(name[1:]) if name[0] == "f" else step < int(name[1:])


def at_work(stepper, step):
    groups = ElementTree.fromstring(re.search(r"<svg.*?</svg>", stepper.html, re.DOTALL)[0])[0]
    marked = [(group, element) for group in groups for element in group.iter()]
    return [group.find("title").text for group, element in marked if f"h{step}" in element.get("class", "").split()]


# -- what is told ----------------------------------------------------------------------------------------------------


def test_every_step_says_its_arithmetic():
    stepper = step_through(example())
    assert repr(stepper) == "<Stepper: 12 steps through 6 cards>"
    assert captions(stepper) == [
        "Start. The leaves have their values: w1 = 2, w2 = 3.",
        "Forward. a = w1 ** 3 = 2 ** 3 = 8",
        "Forward. b = a * w2 = 8 * 3 = 24",
        "Forward. c = 3 * w1 = 3 * 2 = 6",
        "Forward. g = b + c = 24 + 6 = 30",
        "Seed. g.grad = 1: a tiny increase in g makes g grow as much. All other grads are 0.",
        "Backward through g = b + c. b.grad += g.grad × ∂g/∂b = 1 × 1 = 1",
        "Backward through g = b + c. c.grad += g.grad × ∂g/∂c = 1 × 1 = 1",
        "Backward through c = 3 * w1. w1.grad += c.grad × ∂c/∂w1 = 1 × 3 = 3",
        "Backward through b = a * w2. a.grad += b.grad × ∂b/∂a = 1 × 3 = 3",
        "Backward through b = a * w2. w2.grad += b.grad × ∂b/∂w2 = 1 × 8 = 8",
        "Backward through a = w1 ** 3. w1.grad += a.grad × ∂a/∂w1 = 3 × 12 = 36: 3 + 36 = 39" + USE,
    ]


def test_two_uses_in_one_operation_are_two_steps():
    x = Value(3.0, label="x")
    told = captions(step_through(x * x))
    assert told[3:] == [
        "Backward through v1 = x * x. x.grad += v1.grad × ∂v1/∂x = 1 × 3 = 3",
        "Backward through v1 = x * x. x.grad += v1.grad × ∂v1/∂x = 1 × 3 = 3: 3 + 3 = 6" + USE,
    ]


def test_later_uses_are_counted_and_minus_signs_are_true():
    x = Value(-2.0, label="x")
    told = captions(step_through(total_of([x, x, -x, x, x])))
    assert "(a third use: gradients add)" in "".join(told)
    assert told[-1].endswith(": 4 − 1 = 3 (use 5: gradients add)")
    assert "-" not in "".join(told[3:]).replace("(-x)", "").replace("= -x", "")


def test_a_zero_that_stops_infinity_is_told():
    x = Value(0.0, label="x")
    assert "0 × inf = 0 (a zero factor makes a share exactly nothing)" in captions(step_through(sqrt(x) * 0.0))[-1]
    with_nan = "".join(captions(step_through(log(Value(-1.0)) * 2.0 * Value(1.0))))
    assert "= 1 × nan = nan" in with_nan
    assert "nothing" not in with_nan
    y = Value(1.0, label="y")
    for value, seed, told in ((y + sqrt(x), "y", "inf × 0 = 0"), (x * y, {"y": math.inf}, "0 × inf = 0")):
        steps = "".join(captions(step_through(value, mode="forward", seed=seed)))
        assert f"{told} (a zero factor makes a share exactly nothing)" in steps


def test_many_operands_are_told_without_their_numbers():
    many = [Value(float(k), label=f"x{k}") for k in range(40)]
    told = captions(step_through(total_of(many)))
    assert told[0].endswith("x38 = 38, x39 = 39.")  # a table names every leaf
    assert told[1].startswith("Forward. v40 = sum(x0, x1, ")
    assert told[1].endswith("… = 780")
    assert max(map(len, told[1:])) < 300


def test_a_single_leaf_has_two_steps():
    told = captions(step_through(Value(3.0, label="x")))
    assert told[0] == "Start. The leaves have their values: x = 3."
    assert len(told) == 2


def test_the_first_step_names_eight_leaves_and_the_table_all():
    told = "".join(part.text for part in step_through(total_of(leaves(20)))._walk.frames[0].told)
    assert told.endswith("x6 = 6, x7 = 7, and 12 more.")
    told = "".join(part.text for part in step_through(total_of(leaves(8)))._walk.frames[0].told)
    assert told.endswith("x6 = 6, x7 = 7.")


def test_up_to_six_operands_are_told_with_their_numbers():
    assert captions(step_through(total_of(leaves(6))))[1].endswith("= sum(0, 1, 2, 3, 4, 5) = 15")
    assert captions(step_through(total_of(leaves(7))))[1].endswith("= sum(x0, x1, x2, x3, x4, x5, x6) = 21")


def test_a_third_operand_is_counted_too():
    told = captions(step_through(total_of(leaves(4)), mode="forward", seed="x2"))
    assert [step.rpartition(" = ")[2] for step in told[2:]] == [
        "0",
        "0 (a second operand: tangents add)",
        "1 (a third operand: tangents add)",
        "1 (operand 4: tangents add)",
    ]


def test_forward_mode_lets_tangents_travel_along():
    x, y = Value(math.pi / 2, label="x"), Value(0.0, label="y")
    a, b = sin(x), x * y
    a.label, b.label = "a", "b"
    f = a + b
    f.label = "f"
    told = captions(step_through(f, mode="forward"))
    assert told == [
        "Start. The leaves have their values: x = 1.571, y = 0. The seed: x.tangent = 1; every other tangent is 0.",
        "Forward. a = sin(x) = sin(1.571) = 1",
        "Forward through a = sin(x). a.tangent += ∂a/∂x × x.tangent = 6.123e−17 × 1 = 6.123e−17",
        "Forward. b = x * y = 1.571 * 0 = 0",
        "Forward through b = x * y. b.tangent += ∂b/∂x × x.tangent = 0 × 1 = 0",
        "Forward through b = x * y. b.tangent += ∂b/∂y × y.tangent = 1.571 × 0 = 0: 0 + 0 = 0" + OPERAND,
        "Forward. f = a + b = 1 + 0 = 1",
        "Forward through f = a + b. f.tangent += ∂f/∂a × a.tangent = 1 × 6.123e−17 = 6.123e−17",
        "Forward through f = a + b. f.tangent += ∂f/∂b × b.tangent = 1 × 0 = 0: 6.123e−17 + 0 = 6.123e−17" + OPERAND,
    ]
    assert captions(step_through(f, mode="forward", seed="y"))[-1].endswith(
        "1 × 1.571 = 1.571: 0 + 1.571 = 1.571 (a second operand: tangents add)"
    )
    both = captions(step_through(f, mode="forward", seed={"x": 2.0, "y": -1.0}))
    assert both[0].endswith("The seed: x.tangent = 2, y.tangent = −1.")
    assert "= 1.571 × (−1) = −1.571: 0 − 1.571 = −1.571 " in both[5]


# -- what is shown when ----------------------------------------------------------------------------------------------


def test_what_is_still_zero_is_written_dim():
    y = Value(2.0, label="x")
    for _ in range(10):
        y = y * 1.0
    cards = step_through(y)._walk.cards
    assert [(total[0].total, total[0].dim) for _, total in cards.values()] == [("0", True)] * 10 + [("1", False)]
    x, y, z = leaves(3)
    cards = step_through(x * y - z, mode="forward", seed={"x0": 0.5, "x2": -1.0})._walk.cards
    tangents = [cards[name][1][0] for name in ("n0", "n1", "n3")]
    assert [(each.total, each.dim) for each in tangents] == [("0.5", False), ("0", True), ("−1", False)]
    assert {each.since for each in tangents} == {0}


def test_every_step_belongs_to_a_sweep():
    phases = [frame.phase for frame in step_through(example())._walk.frames]
    assert phases == ["forward"] * 5 + ["backward"] * 7
    assert {frame.phase for frame in step_through(example(), mode="forward")._walk.frames} == {"forward"}


def test_the_widest_number_is_the_one_that_takes_most_room_in_print():
    walk = Walk("reverse", "y")
    walk.cards["n0"] = [[Shown(0, "", "123456789"), Shown(1, "1 + 1 = ", "2")]]  # nine characters each
    assert numbers_of(walk, final=False).cards == {"n0": [("", "123456789")]}
    assert numbers_of(walk, final=True).cards == {"n0": [("1 + 1 = ", "2")]}
    walk.cards["n0"] = [[Shown(0, "", "−1.234567"), Shown(1, "1 + 1 + 1 = ", "3")]]  # spaces take half a digit's room
    assert numbers_of(walk, final=False).cards == {"n0": [("1 + 1 + 1 = ", "3")]}


def test_an_operation_is_told_up_to_120_characters():
    assert cut("x" * 120) == "x" * 120
    assert cut("x" * 121) == "x" * 119 + "…"


def test_the_picture_has_room_for_the_widest_number_and_its_fallback_shows_the_last():
    stepper = step_through(total_of([x := Value(2.0, label="x"), x, x, x]))
    assert "1 + 1 + 1 = <B>3</B>" in stepper._drawing.source
    assert "Σ4 = <B>4</B>" in stepper._final.source
    assert "Σ4" not in stepper._drawing.source


@needs_dot
def test_numbers_appear_at_their_steps():
    stepper = step_through(example())
    assert shown(stepper, 0) == {"node n0": ["2"], "node n2": ["3"]}
    assert shown(stepper, 4) == {
        "node n0": ["2"], "node n1": ["8"], "node n2": ["3"], "node n3": ["24"], "node n4": ["6"], "node n5": ["30"],
    }  # fmt: skip
    assert shown(stepper, 5)["node n5"] == ["30", "1"]
    assert shown(stepper, 5)["node n0"] == ["2", "0"]
    assert shown(stepper, 8)["node n0"] == ["2", "3"]
    assert shown(stepper, 11)["node n0"] == ["2", "3 + 36 = 39"]
    assert shown(stepper, 11)["node n2"] == ["3", "8"]
    arrows = {name: told for name, told in shown(stepper, 7).items() if name.startswith("arrow")}
    assert arrows == {"arrow h4 h6": ["1 × 1 = 1"], "arrow h4 h7": ["1 × 1 = 1"]}
    assert shown(stepper, 11)["arrow h1 h11"] == ["3 × 12 = 36"]


@needs_dot
def test_what_is_at_work_is_marked():
    stepper = step_through(example())
    assert at_work(stepper, 0) == []
    assert sorted(at_work(stepper, 2)) == ["b = a * w2 = 24", "∂b/∂a = 3", "∂b/∂w2 = 8"]
    assert sorted(at_work(stepper, 11)) == ["w1 = 2", "∂a/∂w1 = 12"]


@needs_dot
@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_last_numbers_are_those_of_the_sweep(mode):
    x, y = Value(0.7, label="x"), Value(-1.3, label="y")
    z = sin(x * y) + x / y - where(x > y, x * x, y) + x
    tape = Tape.of(z)
    swept = adjoints(tape) if mode == "reverse" else forward_sweep(tape.nodes, {0: 1.0})
    last = shown(step_through(tape, mode=mode), MOST_STEPS)
    for index, number in enumerate(swept):
        value, spelled = last[f"node n{index}"]
        assert float(spelled.split("= ")[-1].replace("−", "-")) == pytest.approx(number, rel=1e-3)
        assert float(value.replace("−", "-")) == pytest.approx(tape.nodes[index][1], rel=1e-3)


@needs_dot
def test_forward_mode_shows_tangents():
    stepper = step_through(example(), mode="forward", seed="w2")
    assert shown(stepper, 0) == {"node n0": ["2", "0"], "node n2": ["3", "1"]}
    assert shown(stepper, MOST_STEPS)["node n5"] == ["30", "8 + 0 = 8"]
    page = stepper.html
    assert ">tangent</text>" in page
    assert not re.search(r"\bgrad\b", re.sub(r"<style>.*?</style>|class=\"[^\"]*\"", "", page, flags=re.DOTALL))


@needs_dot
def test_more_than_three_shares_are_counted():
    x = Value(2.0, label="x")
    stepper = step_through(total_of([x, x, x, x, 1.0]))
    row = [shown(stepper, step)["node n0"][1] for step in range(2, 7)]
    assert row == ["0", "1", "1 + 1 = 2", "1 + 1 + 1 = 3", "Σ4 = 4"]


@needs_dot
def test_every_number_has_room_on_its_card():
    x = Value(0.1, label="x")
    svg = ElementTree.fromstring(re.search(r"<svg.*?</svg>", step_through(x * 1.2345 - x * 1.2345).html, re.DOTALL)[0])
    [card] = [group for group in svg[0] if group.get("class") == "node n0"]
    left = min(float(pair.split(",")[0]) for pair in card.find("polygon").get("points").split())
    for text in card.findall("text[@text-anchor='end']"):
        width = sum(3.4 if character in " ." else 6.7 for character in "".join(text.itertext()))
        assert float(text.get("x")) - width > left


@needs_dot
def test_words_stand_on_the_line_of_their_numbers():
    svg = ElementTree.fromstring(re.search(r"<svg.*?</svg>", step_through(example()).html, re.DOTALL)[0])
    for name in ("n0", "n1", "n2", "n3", "n4", "n5"):
        [card] = svg[0].iterfind(f"g[@class='node {name}']")
        assert len({text.get("y") for text in card.findall("text")}) == 3
        words = [text for text in card.findall("text") if text.get("text-anchor") == "start"]
        assert len({text.get("y") for text in words[-2:]}) == 2  # value and grad


@pytest.mark.parametrize("top", [-66.0, -300.5, 0.0, 40.0])
@pytest.mark.parametrize("off", [1.4, -1.4])
def test_words_are_moved_to_their_line_wherever_their_card_is(top, off):
    lines = [top, top + 22.0, top + 44.0]
    numbers = [ElementTree.Element("text", {"y": f"{y:g}", "font-size": "12.00"}) for y in lines]
    words = [ElementTree.Element("text", {"y": f"{y + off:g}", "font-size": "10.00"}) for y in lines]
    apart = ElementTree.Element("text", {"y": f"{top + 11.0:g}", "font-size": "10.00"})
    _align([*words, *numbers, apart])
    assert [float(text.get("y")) for text in (*numbers, *words, apart)] == [*lines, *lines, top + 11.0]


def test_labels_in_links_of_their_own_are_found():
    link = f"<g><a xmlns:x='{TITLE[1:].partition('}')[0]}' x:title='{{}}'>{{}}</a></g>"
    group = ElementTree.fromstring(
        f"<g><title>n0</title><g/>{link.format('a', '<path/>')}{link.format('b', '<text/>')}</g>"
    )
    assert [element.tag for element in unlinked(group)] == ["title", "g", "path", "text"]
    assert group[0].text == "a"


def pictured(value, **options):
    """Return the cards, arrows and frames of a page's picture, and the whole picture."""
    svg = ElementTree.fromstring(re.search(r"<svg.*?</svg>", step_through(value, **options).html, re.DOTALL)[0])
    groups = {group.get("class").split()[-1 if "node" in group.get("class") else 0]: group for group in svg[0]}
    return groups, svg


def sides(polygon):
    points = [tuple(map(float, pair.split(","))) for pair in polygon.get("points").split()]
    return [pick(point[k] for point in points) for k in (0, 1) for pick in (min, max)]


@needs_dot
def test_numbers_end_as_far_from_the_rim_as_words_begin():
    groups, _ = pictured(example())
    for name in ("n0", "n1", "n5"):
        left, right, *_ = sides(groups[name].find("polygon"))
        words = min(float(text.get("x")) for text in groups[name].iter("text"))
        numbers = [float(text.get("x")) for text in groups[name].findall("text[@text-anchor='end']")]
        assert numbers == pytest.approx([right - (words - left)] * len(numbers), abs=0.01)


@needs_dot
def test_totals_are_bold_and_what_is_still_zero_is_dim():
    groups, _ = pictured(example())
    numbers = groups["n0"].findall("text[@text-anchor='end']")
    assert [(text.find("tspan").text, text.find("tspan").get("font-weight")) for text in numbers] == [
        ("2", "bold"), ("0", None), ("3", "bold"), ("39", "bold"),
    ]  # fmt: skip
    assert [text.get("fill") == LIGHT.dim.lower() for text in numbers] == [False, True, False, False]


@needs_dot
def test_the_ring_of_the_card_at_work_is_around_it():
    groups, _ = pictured(example())
    for name in ("n0", "n5"):
        left, right, top, bottom = sides(groups[name].find("polygon"))
        ring = groups[name].find("rect")
        x, y, width, height = (float(ring.get(key)) for key in ("x", "y", "width", "height"))
        gaps = [left - x, x + width - right, top - y, y + height - bottom]
        assert gaps == [pytest.approx(2.5, abs=0.01)] * 4
        shapes = [element.tag for element in groups[name]]
        assert shapes.index("rect") < shapes.index("polygon")  # behind it


@needs_dot
def test_a_picture_is_drawn_at_the_size_of_its_text_and_not_much_smaller():
    stepper = step_through(example())
    _, svg = pictured(example())
    width, height = (float(points) for points in svg.get("viewBox").split()[2:])
    assert (stepper._picture.width, stepper._picture.height) == (round(width * 4 / 3), round(height * 4 / 3))
    smallest, largest = map(int, re.search(r"min-width:(\d+)px;max-width:(\d+)px", svg.get("style")).groups())
    assert largest == stepper._picture.width
    assert smallest == round(0.8 * largest)


@needs_dot
def test_a_picture_on_a_page_has_no_marks_of_its_drawing():
    with scope("part"):
        x = Value(2.0, label="x")
        y = sin(x) * x
    _, svg = pictured(y * 3.0, collapse="none")
    attributes = {name for element in svg.iter() for name in element.attrib}
    assert not {name for name in attributes if name in {"id", "font-family"} or name.endswith("title")}
    assert all(title.text.strip() for title in svg.iter("title"))
    assert [group.find("title") for group in svg[0] if group.get("class") == "cluster"] == [None]
    assert all(element.tail is None for element in svg.iter())
    assert {group.get("class").split()[0] for group in svg[0]} == {"cluster", "node", "arrow"}


@needs_dot
def test_a_picture_without_the_chain_rule_has_no_products():
    _, svg = pictured(chain(30))
    assert not [group for group in svg.iter("g") if "product" in group.get("class", "")]
    _, svg = pictured(chain(3))
    products = [group for group in svg.iter("g") if "product" in group.get("class", "")]
    assert len(products) == 3
    assert all(re.fullmatch(r"\S+ × \S+ = \S+", "".join(group.itertext()).strip()) for group in products)


# -- the page --------------------------------------------------------------------------------------------------------


def page_of(stepper):
    """Return the page around a picture that is left out: it needs no `dot`."""
    return _page(stepper._walk, "<svg></svg>", "A title")


def test_every_step_has_a_button_that_says_what_happens():
    page = page_of(step_through(example()))
    found = re.findall(
        r'<input type="radio" name="step" id="s(\d+)" class="(\w+)" aria-label="([^"]*)"( checked)?>', page
    )
    told = captions(step_through(example()))
    assert [(int(k), html.unescape(label)) for k, _, label, _ in found] == [
        (k, f"step {k} of 11: {each}") for k, each in enumerate(told)
    ]
    assert [phase for _, phase, _, _ in found] == ["forward"] * 5 + ["backward"] * 7
    assert [bool(checked) for *_, checked in found] == [True] + [False] * 11
    order = re.findall(r'<span class="phase">(\w+)</span>|id="(s\d+)"', page)
    assert ["".join(each) for each in order] == [
        "forward",
        *(f"s{k}" for k in range(5)),
        "backward",
        *(f"s{k}" for k in range(5, 12)),
    ]


def test_from_every_step_one_can_move_to_its_neighbours_and_both_ends():
    page = page_of(step_through(Value(3.0, label="x") ** 2))  # of 4 steps
    found = {
        int(k): re.findall(
            r'<label for="s(-?\d+)">([^<]*)</label>|<span class="off" aria-disabled="true">([^<]*)</span>', row
        )
        for k, row in re.findall(r'<div class="buttons h(\d+)">(.*?)</div>', page)
    }
    assert [*found] == [0, 1, 2, 3]
    assert {tuple(word or off for _, word, off in row) for row in found.values()} == {
        ("first", "◀ back", "next ▶", "last")
    }
    assert [[target for target, *_ in row] for row in found.values()] == [
        ["", "", "1", "3"],
        ["0", "0", "2", "3"],
        ["0", "1", "3", "3"],
        ["0", "2", "", ""],
    ]


def test_every_caption_counts_its_step():
    page = page_of(step_through(Value(3.0, label="x") ** 2))
    assert re.findall(r'<p class="h(\d)"><span class="count">([^<]*)</span>', page) == [
        ("0", "0/3"), ("1", "1/3"), ("2", "2/3"), ("3", "3/3"),
    ]  # fmt: skip
    assert '<b>Forward.</b> v1 = x ** 2 = 3 ** 2 = <b class="value">9</b>' in page


def test_buttons_are_small_beyond_sixty_steps():
    y, square = chain(29), chain(28)
    for value, count, word in ((chain(1), 4, "walk"), (y, 60, "walk"), (square * square, 61, "walk many")):
        stepper = step_through(value)
        assert len(stepper._walk.frames) == count
        assert f'class="{word}"' in page_of(stepper)


def test_the_hint_explains_what_the_picture_has():
    with scope("part"):
        y = sin(Value(1.0, label="x"))
    z = y * y
    full, forward, folded = (
        page_of(step_through(z, **options)) for options in ({}, {"mode": "forward"}, {"collapse": 1})
    )
    assert "On each arrow: grad of result × slope" in full
    assert "On each arrow: slope × tangent of operand" in forward
    assert "Slope of a scope" not in full
    assert "Slope of a scope" in folded
    assert "On each arrow" not in folded


def test_rules_of_style_show_what_appears_and_hide_what_is_replaced():
    rules = _rules(step_through(Value(3.0, label="x") ** 2)._walk)  # v1's value at 1; grads 0 and 1 at 2, x's at 3
    found = re.findall(r"#s(\d)~:checked~\* \.([fu])(\d)\{visibility:(\w+)\}", rules)
    assert found == [
        ("0", "f", "0", "visible"), ("1", "f", "1", "visible"), ("2", "f", "2", "visible"), ("3", "f", "3", "visible"),
        ("3", "u", "3", "hidden"),
    ]  # fmt: skip
    assert [int(k) for k in re.findall(r"#s(\d):checked~\* \.h\1\{", rules)] == [0, 1, 2, 3]


@needs_dot
def test_every_colour_of_a_picture_follows_the_theme_of_its_reader():
    page = step_through(example()).html
    ruled = set(re.findall(r'\.stage \[(?:fill|stroke)="(#\w+)"\]', page))
    assert set(re.findall(r'(?:fill|stroke)="(#\w+)"', page[page.index("<svg") :])) <= ruled


def test_a_frame_in_a_notebook_has_room_for_its_buttons_and_its_longest_sentence():
    def height(steps, letters, picture=300):
        walk = Walk("reverse", "y")
        walk.frames += [Frame("forward", [Part("x" * letters)], [])] * steps
        stepper = Stepper.__new__(Stepper)
        stepper._walk, stepper._picture = walk, Stage("", 100, picture)
        return stepper._height()

    least = height(1, 10)
    assert least == 300 + 256
    more = [height(steps, 10) - least for steps in (24, 25, 50, 60, 61, 74, 75, 113)]
    assert more == [0, 30, 60, 60, 22, 22, 44, 66]
    assert [height(1, letters) - least for letters in (89, 90, 180)] == [0, 24, 48]
    assert [height(1, 10, picture) for picture in (643, 644, 645, 2000)] == [899, 900, 900, 900]


@needs_dot
def test_a_page_needs_nothing_else():
    page = step_through(example(), title="A first look").html
    assert page.startswith("<!DOCTYPE html>")
    assert "<title>A first look</title>" in page
    assert page.count("<script>") == 1
    assert "://" not in page
    assert page.count('type="radio"') == 12
    assert page.count(" checked>") == 1
    assert "Backpropagation through g, step by step" in step_through(example()).html


@needs_dot
def test_texts_of_users_are_escaped():
    with scope(NASTY):
        x = Value(2.0, label=NASTY)
        y = x * Value(3.0, label="שלום") + x
    y.label = NASTY * 3
    stepper = step_through(y, title=NASTY)
    page = stepper.html
    body = page[page.index("<main>") :]
    assert "<b>&" not in page
    assert "\x00" not in page
    assert "\u202e" not in page
    assert "\u2068שלום\u2069" in page
    assert "&lt;b&gt;&amp;&quot;&#x27;" in page
    assert set(re.findall(r"<(\w+)", body)) <= {
        "main", "h1", "section", "span", "input", "div", "label", "p", "b", "svg", "g", "title", "polygon", "text",
        "tspan", "path", "rect", "script", "details", "summary", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    page.encode()
    stepper._repr_html_().encode()


@needs_dot
def test_a_blank_name_is_shown_as_one():
    x = Value(2.0, label=" ")
    assert "' '.grad += " in captions(step_through(x * 3))[-1]


@pytest.mark.long
@needs_dot
def test_the_same_program_gives_the_same_page():
    program = (
        "from autograd import *; from autograd.show.stepper import step_through; x, y = Value(2.0, label='x'), "
        "Value(3.0); s = step_through(sin(x) * y + x); print(s.html, s._repr_html_())"
    )
    pages = [
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            timeout=60,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
        ).stdout
        for seed in ("1", "2")
    ]
    assert pages[0] == pages[1]
    assert len(pages[0]) > 10_000


@needs_dot
def test_save_writes_all_or_nothing(tmp_path, monkeypatch):
    stepper, path = step_through(example()), tmp_path / "steps.html"
    stepper.save(path)
    assert path.read_text(encoding="utf-8") == stepper.html
    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OSError, match="the disk is full"):
        step_through(Value(1.0) * 2).save(path)
    assert path.read_text(encoding="utf-8") == stepper.html
    assert os.listdir(tmp_path) == ["steps.html"]
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        stepper.save(tmp_path / "nowhere" / "steps.html")
    with pytest.raises(IsADirectoryError):
        stepper.save(tmp_path)


def broken(*_):
    raise OSError("the disk is full")


# -- notebooks -------------------------------------------------------------------------------------------------------


@needs_dot
def test_a_notebook_gets_a_frame_and_a_fallback():
    stepper = step_through(example())
    bundle = stepper._repr_mimebundle_()
    assert bundle["text/plain"] == "<Stepper: 12 steps through 6 cards>"
    shown_there = bundle["text/html"]
    assert html.unescape(re.search(r'srcdoc="([^"]*)"', shown_there)[1]) == stepper.html
    fallback = shown_there[shown_there.index("</iframe>") :]
    assert fallback.startswith('</iframe><div class="tapegrad-stepper-plain"><img src="data:image/png;base64,')
    assert "<style>.tapegrad-stepper-plain{display:none}</style>" in shown_there
    png = base64.b64decode(re.search(r"base64,([^\"]*)", fallback)[1])
    assert png.startswith(b"\x89PNG")
    assert fallback.count("<tr>") == 13
    assert rows_of(fallback) == rows_of(stepper.html) == captions(stepper)


def test_without_a_dot_program_the_steps_are_still_told(monkeypatch, tmp_path):
    monkeypatch.delenv(render.VARIABLE, raising=False)
    monkeypatch.setattr(render, "_bundled_dot", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    stepper = step_through(example())
    with pytest.raises(FileNotFoundError, match="pip install"):
        _ = stepper.html
    with pytest.raises(FileNotFoundError, match="pip install"):
        stepper.save(tmp_path / "steps.html")
    assert os.listdir(tmp_path) == []
    bundle = stepper._repr_mimebundle_()
    assert "<iframe" not in bundle["text/html"]
    assert "pip install" in bundle["text/html"]
    assert rows_of(bundle["text/html"]) == captions(stepper)
    assert len(captions(stepper)) == 12


# -- what it refuses -------------------------------------------------------------------------------------------------


def chain(length):
    x = Value(1.0, label="x")
    y = x
    for _ in range(length):
        y = sin(y)
    return y


def test_too_much_is_refused_with_a_way_out():
    assert repr(step_through(chain(99))) == "<Stepper: 200 steps through 100 cards>"
    with pytest.raises(ValueError, match=r"^101 cards are too many .* 100 are the most; print\(Tape\.of\(value\)\) "):
        step_through(chain(100))
    x = Value(1.0, label="x")
    with pytest.raises(ValueError, match=r"^202 cards, constants included, .* step through a smaller part"):
        step_through(total_of([x] + [2.0] * 200))
    with pytest.raises(ValueError, match=r"^204 steps are too many"):
        step_through(total_of([x] * 201))
    with pytest.raises(ValueError, match=r"^201 steps are too many"):
        step_through(total_of([x] * 198))
    assert repr(step_through(total_of([x] * 197))) == "<Stepper: 200 steps through 2 cards>"


def test_scopes_of_the_longest_tapes_are_not_looked_at(monkeypatch):
    with scope("all"):
        y = chain(120)
    z = y * y
    for most, problem in ((122, None), (121, "122 cards are too many")):
        monkeypatch.setattr(stepper_module, "MOST_LINES", most)
        if problem:
            with pytest.raises(ValueError, match=problem):
                step_through(z)
        else:
            assert len(step_through(z)._walk.cards) == 2


@needs_dot
def test_the_largest_page_is_made():
    page = step_through(chain(99)).html
    assert len(page) < 400_000


def test_wrong_arguments_are_refused():
    x = Value(2.0, label="x")
    y = x * x
    with pytest.raises(ValueError, match='"reverse" or "forward", not \'sideways\''):
        step_through(y, mode="sideways")
    with pytest.raises(ValueError, match='only mode="forward"'):
        step_through(y, seed="x")
    with pytest.raises(ValueError, match="no leaf called 'z'"):
        step_through(y, mode="forward", seed="z")
    with pytest.raises(TypeError, match="expected a Value or a Tape"):
        step_through(3.0)
    with pytest.raises(ValueError, match="nothing to step through"):
        step_through(Tape())
    with pytest.raises(ValueError, match="constant"):
        step_through(y.detach())


def test_nothing_is_added_to_any_grad():
    g = example()
    step_through(g)
    assert [leaf.grad for leaf, _ in Tape.of(g).leaves.values()] == [0.0, 0.0]
