"""Pictures: colours that can be read, what is collapsed when, and that drawing options do what they say."""

from __future__ import annotations

import itertools
import math
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

import nn
from autograd import Tape, Value, dot, draw, grad, log, prod, relu, scope, sin, tanh
from autograd.show.graph import dot_source, largest, picture_of, span
from autograd.show.themes import THEMES, theme_of
from tests.test_cli import needs_dot


def network(*widths, inputs=2):
    """Return (inputs, output) of a network of scalar neurons, every one in a scope of its own."""
    given = [Value(0.1 * (k + 1), label=f"x{k}") for k in range(inputs)]
    numbers = given
    for layer, width in enumerate(widths):
        outputs = []
        with scope(f"layer {layer}"):
            for k in range(width):
                with scope(f"neuron {k}"):
                    total = Value(0.1, label="b")
                    for i, number in enumerate(numbers):
                        total = total + Value(0.05 * (k - i), label=f"w{i}") * number
                    outputs.append(tanh(total))
        numbers = outputs
    return given, numbers[0]


# -- colours ---------------------------------------------------------------------------------------------------------


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255.0 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", THEMES)
def test_every_text_can_be_read(name):
    theme = THEMES[name]
    headers = (theme.node, theme.leaf, theme.input, theme.constant)
    pairs = [
        *itertools.product((theme.ink, theme.dim), (theme.ground, theme.paper, *headers)),
        *itertools.product((theme.value, theme.grad), (theme.ground, theme.paper)),
    ]
    for text, behind in pairs:
        assert contrast(text, behind) >= 4.5, (text, behind)
    for line in (theme.line, theme.ink):
        assert contrast(line, theme.ground) >= 3.0


def test_themes_have_names():
    assert theme_of("dark") is THEMES["dark"]
    with pytest.raises(ValueError, match="there is no theme 'gray': choose one of light, dark"):
        draw(Value(1.0) * 2.0, theme="gray")


def test_a_theme_changes_colours_only():
    _, output = network(2, 1)
    light, dark = (dot_source(output, theme=name) for name in THEMES)
    assert light != dark
    colours = re.compile(r"#[0-9A-F]{6}")
    assert colours.sub("", light) == colours.sub("", dark)
    assert set(colours.findall(dark)) <= set(THEMES["dark"])


# -- what is shown ---------------------------------------------------------------------------------------------------


def test_the_forward_part_alone():
    x = Value(3.0, label="x")
    source = dot_source(x * x, show="values")
    assert "value" in source
    assert "grad" not in source
    assert " × " not in source


def test_leaves_that_are_data_are_called_input_and_stand_outside():
    given, output = network(2, 1)
    source = dot_source(output, inputs=given)
    assert source.count(">input<") == 2
    assert source.count(">param<") == 2 * 3 + 3
    outside = source[: source.index("subgraph")]
    assert "<B>x0</B>" in outside
    assert ">input<" not in dot_source(output)


def test_the_direction():
    x = Value(1.0)
    assert "rankdir=LR" in dot_source(sin(x))
    assert "rankdir=TB" in dot_source(sin(x), direction="TB")


def test_the_exact_number_is_in_the_tooltip():
    source = dot_source(Value(0.1, label="x") + 0.2)
    assert "v1 = x + 0.2 = 0.30000000000000004" in source
    assert "<B>0.3</B>" in source


def test_the_tape_of_a_gradient_is_drawn_too():
    z = Value(1.5, label="z")
    slope = grad(lambda t: sin(t) * t)(z)
    source = dot_source(slope)
    assert "<B>cos</B>" in source
    assert f"<B>{slope.data:.4g}</B>" in source


def test_numbers_that_are_not_finite_are_drawn():
    p = Value(0.0, label="p")
    source = dot_source(log(p) * 0.0)
    assert "<B>nan</B>" in source
    assert "<B>−inf</B>" in source


# -- collapsing ------------------------------------------------------------------------------------------------------


def test_small_pictures_are_drawn_in_full():
    _, output = network(2, 1)
    assert "inside" not in dot_source(output)


def test_neurons_are_collapsed_before_layers():
    given, output = network(13, 13, 1)
    assert len(Tape.of(output)) > 600
    source = dot_source(output, inputs=given)
    assert source.count("nodes inside") == 27
    assert source.count("3 params") == 13
    assert re.findall(r"subgraph (cluster\w*)", source) == ["cluster_2", "cluster_1", "cluster_0"]


@pytest.mark.long
def test_layers_are_collapsed_where_neurons_are_too_many():
    given, output = network(100, 60, 1, inputs=1)
    source = dot_source(output, inputs=given)
    assert source.count("nodes inside") == 3
    assert "60 outs" in source
    assert "subgraph" not in source


def test_a_depth_can_be_chosen():
    _, output = network(3, 2, 1)
    assert dot_source(output, collapse="all").count(" inside<") == 3
    assert dot_source(output, collapse=1) == dot_source(output, collapse="all")
    assert dot_source(output, collapse=2).count(" inside<") == 6
    assert dot_source(output, collapse=3) == dot_source(output, collapse="none") == dot_source(output)


def test_a_scope_is_collapsed_under_its_own_name_and_stands_in_the_frames_around_it():
    x = Value(1.0, label="x")
    with scope("a"), scope("b"), scope("c"):
        y = sin(x)
        with scope("d"):
            z = tanh(y)
    source = dot_source(z, collapse=3, inputs=[x])
    assert 'tooltip="a/b/c: 2 lines inside"' in source
    assert "<B>c</B>" in source
    assert re.findall(r"label=<([a-d])>", source) == ["a", "b"]
    assert 'tooltip="a/b/c/d: 1 line inside"' in dot_source(z, collapse=4, inputs=[x])


def test_neurons_of_a_layer_are_one_stack_and_inputs_another():
    def stacks(*widths, inputs):
        given, output = network(*widths, inputs=inputs)
        return dict(picture_of(output, collapse=2, inputs=given).stacks)

    assert stacks(3, 2, 1, inputs=2) == {
        **dict.fromkeys(["n1", "n6"], "kn1"),
        **dict.fromkeys(["s0", "s1", "s2"], "ks0"),
        **dict.fromkeys(["s3", "s4"], "ks3"),
    }
    assert stacks(2, 1, inputs=1) == {"s0": "ks0", "s1": "ks0"}
    assert stacks(1, 1, inputs=2) == {}
    given, output = network(2, 1, inputs=1)
    beside = picture_of((output - 1.0) * (output * 2.0), collapse=2, inputs=given).stacks
    assert beside == {"s0": "ks0", "s1": "ks0"}, "what is computed stands alone"


def test_neurons_keep_their_order():
    given, output = network(5, 5, 1)
    source = dot_source(output, inputs=given, collapse=2)
    for layer in range(2):
        ports = re.findall(r'PORT="s(\d+)"', source)[5 * (1 - layer) : 5 * (2 - layer)]
        assert ports == [str(5 * layer + k) for k in range(5)]


def test_a_collapsed_card_tells_what_comes_out_of_it():
    x = Value(2.0, label="x")
    with scope("inner"):
        w = Value(-3.0, label="w")
        h = w * x
        y = h + w
    source = dot_source(y * h, inputs=[x], collapse="all")
    assert "2 outs" in source
    assert "−9 … −6" in source
    assert "2 grads" in source
    assert "−15 … −6" in source
    assert "1 param" in source
    assert "|g| ≤ 36" in source  # d(wx + w)wx/dw = 2wx² + 2wx
    assert "2 nodes inside" in source
    with scope("inner"):
        single = sin(x)
    assert re.findall(r">(\d* ?(?:outs?|grads?))<", dot_source(single * x, collapse="all")).count("out") == 1


def test_a_tape_of_as_many_lines_as_can_be_drawn_is_drawn(monkeypatch):
    x = Value(2.0, label="x")
    monkeypatch.setattr("autograd.show.graph.MOST_LINES", 3)
    assert "digraph" in dot_source(sin(sin(x)))
    with pytest.raises(ValueError, match="a tape of 4 lines cannot be drawn: 3 are the most; print it"):
        dot_source(sin(sin(sin(x))))


@pytest.mark.parametrize(
    ("numbers", "shown", "bound"),
    [
        ([-3.0], "−3", "|g| ≤ 3"),
        ([1.0, -3.0, 2.0], "−3 … 2", "|g| ≤ 3"),
        ([1.0, math.nan, -2.0], "−2 … nan", "|g| ≤ nan"),
        ([math.nan, 1.0, math.inf], "1 … nan", "|g| ≤ nan"),
    ],
)
def test_a_number_that_is_none_is_never_hidden_among_others(numbers, shown, bound):
    assert span(numbers) == shown
    assert largest(numbers) == bound


def test_a_collapsed_card_counts_what_is_inside():
    x = Value(2.0, label="x")
    with scope("one"):
        a = sin(x)
    with scope("two"):
        w, v = Value(3.0), Value(4.0)
        b = a * w + v
    source = dot_source(b, collapse="all", inputs=[x])
    cards = dict(re.findall(r"\t(s\d) \[label=(<.*>) class=", source))
    words = {name: re.findall(r">([^<>]+)<", label)[:2] for name, label in cards.items()}
    assert words == {"s0": ["one", "1 node inside"], "s1": ["two", "2 nodes inside"]}
    assert "param" not in cards["s0"]
    assert "2 params" in cards["s1"]
    theme = THEMES["light"]
    assert f'BGCOLOR="{theme.node}"' in cards["s0"]
    assert f'BGCOLOR="{theme.leaf}"' in cards["s1"]
    assert ['BORDER="3"' in cards[name] for name in ("s0", "s1")] == [False, True]
    assert "param" not in dot_source(b, collapse="all", inputs=[x], show="values")


def test_the_thick_rim_is_that_of_the_output_that_is_read_backward():
    x = Value(2.0, label="x")
    y = x * x
    source = dot_source(Tape.of(sin(y), y))
    cards = dict(re.findall(r'\t(n\d) \[label=<<TABLE BORDER="(\d)"', source))
    assert cards == {"n0": "1", "n1": "3", "n2": "1"}
    with scope("first"):
        y = x * x
    with scope("second"):
        z = sin(y)
    source = dot_source(Tape.of(z, y), collapse=1)
    assert re.findall(r'\t(s\d) \[label=<<TABLE BORDER="(\d)"', source) == [("s0", "3"), ("s1", "1")]


def test_arrows_between_collapsed_scopes_are_bundled():
    given, output = network(3, 2, 1)
    source = dot_source(output, collapse="all", inputs=given)
    assert 'tooltip="6 edges"' in source
    assert source.count(" -> ") == 4  # of both inputs, and of two layers


def test_every_output_of_a_collapsed_scope_is_told():
    x = Value(2.0, label="x")
    with scope("layer"):
        with scope("a"):
            y = sin(x)
        with scope("b"):
            z = tanh(x)
    source = dot_source(Tape.of(y, z), collapse=2, inputs=[x])
    assert f"<B>{y.data:.4g}</B>" in source
    assert f"<B>{z.data:.4g}</B>" in source
    assert "on each arrow" not in source


def test_many_inputs_of_a_collapsed_network_are_one_card():
    given, output = network(2, 1, inputs=17)
    source = dot_source(output, inputs=given, collapse="all")
    card = re.search(r"\tinputs \[label=(<.*>) class=", source)[1]
    assert re.findall(r">([^<>]+)<", card)[:3] == ["inputs", "17", "17 outs"]
    assert 'BORDER="1"' in card
    assert source.count("<B>inputs</B>") == 1
    assert 'inputs -> s0 [class=binputs_s0 tooltip="34 edges"]' in source
    assert dot_source(output, inputs=given, collapse="none").count(">input<") == 17
    given, output = network(2, 1, inputs=16)
    assert dot_source(output, inputs=given, collapse="all").count(">input<") == 16


def test_many_arrows_between_two_layers_are_one_with_their_number():
    given, output = network(21, 20, 1, inputs=3)
    source = dot_source(output, inputs=given, collapse=2)
    assert "> 420 edges <" in source
    assert source.count(" -> ") == 3 * 21 + 1 + 20
    given, output = network(20, 20, 1, inputs=1)
    assert dot_source(output, inputs=given, collapse=2).count(" -> ") == 20 + 20 * 20 + 20


@pytest.mark.parametrize(("height", "space"), [(3, "1.5"), (12, "2"), (15, "2.5"), (40, "5")])
def test_layers_stand_further_apart_the_higher_they_are(height, space):
    given, output = network(height, 1, inputs=1)
    assert re.search(rf"ranksep={space}\b(?!\.)", dot_source(output, inputs=given, collapse=2))


def test_values_stand_further_apart_where_numbers_stand_between_them():
    def space(**options):
        return float(re.search(r"ranksep=([\d.]+)", dot_source(sin(Value(1.0)), **options))[1])

    assert space() > space(direction="TB") == space(show="values") == space(show="values", direction="TB")


def corners(svg, kind):
    """Where the boxes or the frames of a picture begin, from the left and from the top, by name."""
    found = {}
    for group in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}g"):
        if kind in group.get("class", "").split():
            drawn = (element.get("points") or element.get("d") for element in group.iter())
            places = re.findall(r"(-?[\d.]+),(-?[\d.]+)", " ".join(filter(None, drawn)))
            found[group[0].text] = min(float(x) for x, _ in places), min(float(y) for _, y in places)
    return found


def are_in_order(svg, kind, names, direction):
    """Whether boxes or frames stand below each other, or beside each other where a picture runs downward."""
    places = [corners(svg, kind)[name][1 if direction == "LR" else 0] for name in names]
    return places == sorted(set(places))


@needs_dot
@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("show", ["grads", "values"])
def test_what_stands_in_a_frame_keeps_its_order(direction, show):
    xs = [Value(float(k), label=f"x{k}") for k in range(3)]
    with scope("layer"):
        ys = [sin(x) for x in xs]
    for inputs in ((), xs):
        svg = draw(ys[0] * ys[1] + ys[2], inputs=inputs, direction=direction, show=show).svg
        assert are_in_order(svg, "node", ("n1", "n3", "n5"), direction)  # the sines
        assert are_in_order(svg, "node", ("n0", "n2", "n4"), direction)


@needs_dot
@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("show", ["grads", "values"])
def test_neurons_and_their_weights_are_drawn_in_their_order(direction, show):
    xs = [Value(1.0, label="x0"), Value(2.0, label="x1")]
    with scope("layer"):
        rows = [[Value(1.0, label=f"w{k}"), Value(3.0, label=f"b{k}")] for k in range(2)]
        first, second = (tanh(dot(row, xs)) for row in rows)
    with scope("next layer"):
        within = first + second
    for output in (first + second, within):
        svg = draw(output, inputs=xs, direction=direction, show=show).svg
        for names in (("n0", "n1", "n6", "n7"), ("n4", "n8"), ("n5", "n9")):  # weights, dots, tanhs
            assert are_in_order(svg, "node", names, direction)


@needs_dot
@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("show", ["grads", "values"])
@pytest.mark.parametrize("count", [2, 4])
def test_frames_within_a_frame_keep_their_order(direction, show, count):
    x, outputs = Value(1.5, label="x"), []
    with scope("layer"):
        for k in range(count):
            with scope(f"neuron {k}"):
                outputs.append(tanh(Value(float(k), label="w") * x))
    for inputs in ((), [x]):
        svg = draw(prod(outputs), inputs=inputs, direction=direction, show=show).svg
        assert are_in_order(svg, "cluster", [f"cluster_0_{k}" for k in range(count)], direction)


def test_a_slope_of_zero_is_told():
    assert "∂v1/∂x = 0" in dot_source(relu(Value(-1.0, label="x")))


def test_tooltips_end_after_two_hundred_characters():
    for letters, shown in ((196, "x" * 196 + " = 1"), (197, "x" * 197 + " =…")):
        assert f'tooltip="{shown}"' in dot_source(Value(1.0, label="x" * letters) * 2.0)


def test_scopes_that_feed_each_other_are_not_stacked():
    x = Value(1.0, label="x")
    with scope("outer"):
        with scope("a"):
            y = sin(x)
        with scope("b"):
            z = sin(y)
    source = dot_source(z, collapse=2, inputs=[x])
    assert "PORT" not in source
    assert "s0 -> s1" in source


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"collapse": "some"}, ValueError, 'collapse is "auto", "none", "all" or a depth from 1, not \'some\''),
        ({"collapse": ""}, ValueError, 'collapse is "auto", "none", "all" or a depth from 1, not \'\''),
        ({"collapse": "b"}, ValueError, 'collapse is "auto", "none", "all" or a depth from 1, not \'b\''),
        ({"collapse": True}, TypeError, 'collapse is "auto", "none", "all" or a depth, an int, not True'),
        ({"collapse": 0}, ValueError, "collapse is a depth from 1, the outermost scopes, not 0"),
        ({"collapse": 1.5}, TypeError, 'collapse is "auto", "none", "all" or a depth, an int, not 1.5'),
        ({"show": "all"}, ValueError, 'show is "grads" or "values", not \'all\''),
        ({"direction": "up"}, ValueError, 'the direction is "LR" (left to right) or "TB" (top to bottom), not \'up\''),
    ],
)
def test_options_that_there_are_not(options, error, message):
    with pytest.raises(error) as caught:
        dot_source(Value(1.0) * 2.0, **options)
    assert str(caught.value) == message


def test_too_much_is_refused_and_the_message_says_what_to_do():
    _, output = network(200, 1, inputs=3)
    assert "200 outs" in dot_source(output)
    with pytest.raises(ValueError, match=r"a picture of 2,805 boxes cannot be read: 1000 are the most; collapse"):
        dot_source(output, collapse="none")
    y = Value(1.0)
    for _ in range(300):
        y = sin(y)
    with pytest.raises(ValueError, match=r"301 boxes is hard to read: collapse=\"none\" draws up to 1000 neverthel"):
        dot_source(y)


# -- the renderer ----------------------------------------------------------------------------------------------------


@needs_dot
@pytest.mark.parametrize("collapse", ["none", 2, "all"])
@pytest.mark.parametrize("theme", THEMES)
def test_every_kind_of_picture_is_an_svg(collapse, theme):
    given, output = network(3, 2, 1)
    svg = draw(output, theme=theme, collapse=collapse, inputs=given).svg
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert THEMES[theme].ground.lower() in svg


PROGRAM = """
from autograd import Value, draw
w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
print(draw(w1**3 * w2 + 3 * w1).svg)
"""


@needs_dot
def test_the_same_program_draws_the_same_bytes_in_every_process():
    found = {
        subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(found) == 1
    w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
    assert found == {draw(w1**3 * w2 + 3 * w1).svg + "\n"}


def test_the_arrows_are_explained_where_one_has_numbers_and_only_there():
    model = nn.MLP(2, [2, 1], "tanh", seed=5)
    folded = nn.draw(model, [1.0, 1.0], target=0, loss="binary_cross_entropy_from_logits").source
    assert "on each arrow" not in folded
    assert " × " not in folded.replace("operations", "")
    full = nn.draw(model, [1.0, 1.0], collapse="none").source
    assert "on each arrow" in full
