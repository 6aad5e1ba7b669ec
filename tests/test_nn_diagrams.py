"""Network diagrams: circles and lines are those of the model, numbers are its own, and the picture is one safe file."""

from __future__ import annotations

import itertools
import random
import re
import warnings
import xml.etree.ElementTree as ElementTree

import pytest

from autograd import Value
from nn.diagrams import Diagram, network_diagram
from nn.layers import MLP, Layer, Neuron, Perceptron
from nn.module import Module
from nn.show.network import WIDEST_LINE
from nn.show.text import short, signed_text
from nn.stages import Activation, BatchNorm, Dropout, Sequential
from tests.gallery import PICTURES, PLACE
from tests.seen import Box, box, numbers, points, text_box, view

HOSTILE = """<script>alert(1)</script>"'&<b>\u202e\0\ufffe\uffff\ud800 עברית"""


def drawn(model, **options):
    """The root of a diagram, parsed as strict XML, without the name space in the tags."""
    root = ElementTree.fromstring(network_diagram(model, **options).svg)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


@pytest.mark.parametrize("title", ["net-diagram", "digits-diagram", "neuron-diagram", "stages-diagram"])
def test_the_stored_diagrams_are_what_is_drawn(title):
    pattern = re.compile(r"-?\d+(?:\.\d+)?")
    stored, now = (PLACE / f"{title}.svg").read_text("utf-8"), PICTURES[title]().svg
    assert pattern.split(now) == pattern.split(stored)
    numbers_now, numbers_stored = ([float(number) for number in pattern.findall(svg)] for svg in (now, stored))
    assert numbers_now == pytest.approx(numbers_stored, abs=0.11)  # the last digit, which may be rounded elsewhere


def groups(root, kind):
    return [element for element in root.iter("g") if element.get("class") == f"nn-{kind}"]


def counts(root):
    return len(groups(root, "input")), len(groups(root, "neuron")), len(groups(root, "band"))


def lines(root):
    """The weights that are drawn: for each title its path and the group that says how it is stroked."""
    return {
        path.findtext("title"): (path, group)
        for group in root.iter("g")
        for path in group.findall("path")
        if path.find("title") is not None
    }


def words(root):
    return ["".join(text.itertext()) for text in root.iter("text")]


def titles(root):
    return [title.text for title in root.iter("title")]


def widths(root):
    return {title.split(":")[0]: float(path.get("stroke-width")) for title, (path, _) in lines(root).items()}


def set_to(neuron, weights, bias):
    for parameter, number in zip(neuron.row, [*weights, bias]):
        parameter.data = number
    return neuron


def with_biases(model, seed=0):
    generator = random.Random(seed)
    for parameter in model.parameters():
        parameter.data = generator.uniform(-1.0, 1.0)
    return model


def stages():
    """Every kind of stage, also in front of the first layer, behind the last and inside another Sequential."""
    model = Sequential(
        BatchNorm(2),
        Layer(2, 3, "identity"),
        Sequential(BatchNorm(3), Activation("tanh")),
        Dropout(0.25),
        Layer(3, 2, "relu"),
        Activation("softmax"),
    )
    with_biases(model)
    model.stages[0].running_mean[:] = [0.5, -0.25]
    return model


MODELS = [
    pytest.param(lambda: Neuron(3, "tanh"), (3, 1, 0), 3, id="neuron"),
    pytest.param(lambda: Layer(3, 2, "relu", name="first"), (3, 2, 0), 6, id="layer"),
    pytest.param(lambda: Layer(3, 4, "softmax"), (3, 4, 0), 12, id="softmax"),
    pytest.param(lambda: Perceptron(2), (2, 1, 0), 2, id="perceptron"),
    pytest.param(lambda: Perceptron(2, 3), (2, 3, 0), 6, id="classes"),
    pytest.param(lambda: MLP(2, [8, 8, 2], "tanh"), (2, 18, 0), 96, id="mlp"),
    pytest.param(
        lambda: Sequential(Layer(2, 2), BatchNorm(2), Activation("tanh")), (2, 2, 2), 4, id="two bands behind"
    ),
    pytest.param(stages, (2, 5, 5), 12, id="sequential"),
    pytest.param(lambda: Sequential(Layer(2, 3, seed=1), Neuron(3, seed=2)), (2, 4, 0), 9, id="neuron last"),
]


@pytest.mark.parametrize(("make", "circles", "weights"), MODELS)
def test_each_input_and_neuron_is_a_circle_and_each_weight_a_line(make, circles, weights):
    root = drawn(with_biases(make()))
    assert counts(root) == circles
    assert len(lines(root)) == weights
    assert all(len(group.findall("circle")) == 2 for group in groups(root, "neuron"))  # the neuron, and its bias


@pytest.mark.parametrize(("make", "circles", "weights"), MODELS)
@pytest.mark.parametrize("training", [True, False])
def test_the_numbers_of_a_sample_are_those_of_the_model(make, circles, weights, training):
    model = with_biases(make()).eval()
    sample = [0.75, -1.5, 0.25][: circles[0]]
    outputs = model(sample)
    expected = [short(each.data) for each in (outputs if isinstance(outputs, list) else [outputs])]
    root = drawn(model.train(training), inputs=sample)
    shown = [words(group)[-1] for group in groups(root, "output") or groups(root, "neuron")[-len(expected) :]]
    assert shown == expected
    assert [words(group) for group in groups(root, "input")] == [[short(number)] for number in sample]
    assert model.training is training


def test_a_circle_has_the_number_of_its_layer_and_tells_what_bands_make_of_it():
    model = stages()
    first = model.stages[1].on_arrays(model.stages[0].on_arrays([[1.0, 2.0]]))
    normalized = model.stages[2].stages[0].on_arrays(first)[0]
    bent = model.stages[2].on_arrays(first)[0]
    root = drawn(model, inputs=[1.0, 2.0])
    for k, group in enumerate(groups(root, "neuron")[:3]):
        number, bias = short(first[0, k]), signed_text(model.stages[1].neurons[k].bias.data)
        assert words(group) == [number]
        (title,) = titles(group)
        assert title.startswith(f"layer 1 neuron {k}: bias {bias}, output {number}, after batch norm ")
        assert title.endswith(
            f" {short(normalized[k])}, after tanh {short(bent[k])}, after dropout 0.25 {short(bent[k])}"
        )


def test_without_a_sample_circles_are_empty_and_nothing_is_asked():
    root = drawn(MLP(2, [3, 1]))
    assert [words(group) for group in groups(root, "input") + groups(root, "neuron")] == [[]] * 6
    assert groups(root, "output") == []


def test_outputs_stand_behind_the_last_band_only():
    assert groups(drawn(MLP(2, [3, 1]), inputs=[1.0, 2.0]), "output") == []
    assert len(groups(drawn(stages(), inputs=[1.0, 2.0]), "output")) == 2


def test_a_sample_leaves_no_trace_in_the_model():
    model = MLP(2, [3, 1])
    x = Value(0.5)
    network_diagram(model, inputs=[x, 1])
    assert x.grad == 0.0
    assert all(parameter.grad == 0.0 for parameter in model.parameters())


def test_lines_below_zero_are_dashed_and_orange_and_others_solid_and_blue():
    root = drawn(set_to(Neuron(3), [2.0, -1.0, 0.0], 0.0))
    told = {title: (group.get("stroke"), group.get("stroke-dasharray")) for title, (_, group) in lines(root).items()}
    assert told == {
        "x0 to neuron 0: +2": ("#246bbc", None),
        "x1 to neuron 0: −1": ("#d4600f", "6 4"),
        "x2 to neuron 0: +0": ("#246bbc", None),
    }


def test_width_follows_size_on_one_scale_for_all_layers():
    model = Sequential(Layer(2, 1, seed=1), Layer(1, 1, seed=2))
    set_to(model.stages[0].neurons[0], [1.0, -2.0], 0.0)
    set_to(model.stages[1].neurons[0], [4.0], 0.0)
    assert widths(drawn(model)) == {
        "x0 to layer 0 neuron 0": WIDEST_LINE / 4.0,
        "x1 to layer 0 neuron 0": WIDEST_LINE / 2.0,
        "layer 0 neuron 0 to layer 1 neuron 0": WIDEST_LINE,
    }
    assert "width: size, up to 4" in words(drawn(model))


def test_many_lines_are_thinner_and_the_strong_ones_stand_above():
    model = Layer(12, 16, seed=3)
    shown = list(widths(drawn(model)).values())
    assert len(shown) == 192
    assert max(shown) == WIDEST_LINE / 2.0  # the square root of 192 / 48
    assert shown == sorted(shown)


def test_a_line_runs_from_its_source_to_its_neuron():
    root = drawn(MLP(2, [3, 1]))
    places = [
        tuple(group.find("circle").get(name) for name in ("cx", "cy"))
        for group in groups(root, "input") + groups(root, "neuron")
    ]
    path = next(path for title, (path, _) in lines(root).items() if title.startswith("x1 to layer 0 neuron 2:"))
    assert path.get("d") == f"M{' '.join(places[1])}L{' '.join(places[4])}"


def test_weights_that_are_no_numbers_are_drawn_as_such():
    root = drawn(set_to(Neuron(4), [0.5, float("nan"), float("-inf"), 1.0], float("nan")))
    told = {
        title: (path.get("stroke-width"), group.get("stroke-dasharray")) for title, (path, group) in lines(root).items()
    }
    assert told["x1 to neuron 0: +nan"] == ("0.4", "1 3")
    assert told["x2 to neuron 0: −inf"] == ("6.0", "6 4")
    assert told["x3 to neuron 0: +1"] == ("6.0", None)
    assert next(iter(told)) == "x1 to neuron 0: +nan"  # below all others
    assert "nan" not in "".join(path.get("d") for path in root.iter("path"))


def test_weights_of_zero_are_drawn_thin():
    root = drawn(set_to(Neuron(1), [0.0], 0.0))
    assert widths(root) == {"x0 to neuron 0": 0.4}
    assert "width: size, up to 1" in words(root)


@pytest.mark.parametrize(("bias", "signs"), [(0.5, "v h"), (-0.5, "h"), (0.0, None), (float("nan"), None)])
def test_a_bias_is_a_plus_a_minus_or_an_empty_disc(bias, signs):
    (neuron,) = groups(drawn(set_to(Neuron(1), [1.0], bias)), "neuron")
    paths = [re.sub(r"[^vh]", "", path.get("d")) for path in neuron.findall("path")]
    assert paths == ([signs.replace(" ", "")] if signs else [])
    assert titles(neuron) == [f"neuron 0: bias {signed_text(bias)}"]


def test_columns_are_headed_by_name_size_and_activation_and_end_in_their_shape():
    shown = words(drawn(MLP(2, [8, 1], "tanh")))
    for text in ("inputs", "2", "layer 0", "8 tanh", "8 neurons × 2 weights", "1 identity", "1 neuron × 8 weights"):
        assert text in shown


def test_a_lone_neuron_has_its_numbers_written_out():
    neuron = set_to(Neuron(2), [1.5, -2.25], -0.5)
    assert {"+1.5", "−2.25", "bias −0.5"} <= set(words(drawn(neuron)))
    layer = Layer(2, 2)
    set_to(layer.neurons[0], [1.5, -2.25], -0.5)
    for model in (Sequential(neuron, Layer(1, 2)), layer):
        assert "+1.5" not in words(drawn(model))


@pytest.mark.parametrize(("n_inputs", "written"), [(1, True), (8, True), (9, False)])
def test_the_numbers_of_a_lone_neuron_are_written_while_they_are_few(n_inputs, written):
    shown = words(drawn(set_to(Neuron(n_inputs), [1.5] * n_inputs, 0.5)))
    assert shown.count("+1.5") == (n_inputs if written else 0)
    assert ("bias +0.5" in shown) == written


def test_exchanged_neurons_name_every_activation():
    layer = Layer(2, 3, "relu")
    layer.neurons[1] = Neuron(2, "tanh")
    assert "3 relu, tanh" in words(drawn(layer))


def test_an_exchanged_layer_is_called_by_its_place():
    model = MLP(2, [3, 1])
    model.layers[1] = Layer(3, 1)
    root = drawn(model)
    assert {"layer 0", "layer 1"} <= set(words(root))
    assert titles(groups(root, "neuron")[3])[0].startswith("layer 1 neuron 0:")


def test_an_activation_of_a_whole_layer_is_named():
    assert "3 softmax" in words(drawn(Layer(2, 3, "softmax")))


def test_bands_are_named_in_order():
    bands = groups(drawn(stages()), "band")
    assert [words(band) for band in bands] == [["batch norm"], ["batch norm"], ["tanh"], ["dropout 0.25"], ["softmax"]]
    assert titles(bands[3]) == ["Dropout(0.25)"]
    lefts = [float(band.find("rect").get("x")) for band in bands]
    assert lefts == sorted(lefts)


@pytest.mark.parametrize(("count", "drawn_ones", "left_out"), [(16, 16, None), (17, 16, 1), (64, 16, 48)])
def test_wide_layers_are_shortened_in_the_middle(count, drawn_ones, left_out):
    model = with_biases(Layer(2, count))
    root = drawn(model)
    assert counts(root) == (2, drawn_ones, 0)
    assert [text for text in words(root) if "more" in text] == ([f"⋮ {left_out} more"] if left_out else [])
    shown = [*range(count)] if left_out is None else [*range(8), *range(count - 8, count)]
    weights = {f"x{i} to neuron {k}: {signed_text(model.neurons[k].weights[i].data)}" for i in range(2) for k in shown}
    assert set(lines(root)) == weights


def test_a_wide_network_keeps_to_a_page_and_its_true_weights():
    model = with_biases(MLP(64, [32, 10]))
    root = drawn(model, inputs=[k / 64.0 for k in range(64)])
    assert counts(root) == (16, 26, 0)
    assert len(lines(root)) == 16 * 16 + 16 * 10
    assert f"x63 to layer 0 neuron 31: {signed_text(model.layers[0].neurons[31].weights[63].data)}" in lines(root)
    assert float(root.get("height")) < 1000.0


def test_the_scale_counts_weights_that_are_not_drawn():
    layer = Layer(1, 20)
    for neuron in layer.neurons:
        set_to(neuron, [1.0], 0.0)
    set_to(layer.neurons[10], [-3.0], 0.0)
    assert set(widths(drawn(layer)).values()) == {WIDEST_LINE / 3.0}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_stands_out_from_every_ground(theme):
    root = drawn(stages(), inputs=[1e-5, 2.0], theme=theme)
    texts = {text.get("fill") for text in root.iter("text")}
    grounds = {each.get("fill") for tag in ("rect", "circle") for each in root.iter(tag) if each.get("class") is None}
    assert len(texts) == 2
    assert len(grounds) == 3
    assert min(contrast(text, ground) for text in texts for ground in grounds) >= 4.5


def contrast(first, second):
    """The contrast of two colours as WCAG 2 defines it."""
    darker, lighter = sorted(map(luminance, (first, second)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    shares = [int(digits[k : k + 2], 16) / 255.0 for k in (0, 2, 4)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_dark_theme_has_other_colours_and_the_same_picture():
    light, dark = (network_diagram(stages(), theme=theme).svg for theme in ("light", "dark"))
    assert light != dark
    assert re.sub("#[0-9a-f]+", "", light) == re.sub("#[0-9a-f]+", "", dark)


def test_names_are_escaped_wherever_they_stand():
    def strange(x):
        return x

    strange.__name__ = HOSTILE
    model = Sequential(Layer(2, 2, strange, name=HOSTILE), Activation(strange), Layer(2, 1, name="plain"))
    root = drawn(model, features=[HOSTILE, "ok"], inputs=[1.0, 2.0])
    assert {element.tag for element in root.iter()} == {"svg", "g", "rect", "circle", "path", "text", "title"}
    named = """<script>alert(1)</script>"'&<b>\u202e\ufffd\ufffd\ufffd\ufffd עברית"""
    assert any(title.startswith(named) for title in titles(root))
    assert "<script>" in root.get("aria-label")


def test_the_picture_is_an_image_with_a_label():
    root = drawn(MLP(2, [4, 1], "tanh"))
    assert network_diagram(Neuron(1)).svg.startswith('<svg xmlns="http://www.w3.org/2000/svg" ')
    assert root.get("role") == "img"
    assert root.get("aria-label") == "Network: 2 inputs, 4 tanh, 1 identity; 17 parameters"


def test_the_picture_needs_no_style_no_name_and_no_other_file():
    svg = network_diagram(stages(), inputs=[1.0, 2.0]).svg
    for word in ("<style", "<script", " id=", "url(", "href"):
        assert word not in svg


def test_nothing_stands_outside_the_picture():
    root = drawn(MLP(40, [1, 1], "tanh"), features=[f"a rather long name {k}" for k in range(40)])
    width = float(root.get("width"))
    shift = float(root.find("g").get("transform").partition("(")[2].split()[0])
    halves = {"start": 0.0, "middle": 0.5, "end": 1.0}
    for text in root.find("g").iter("text"):
        size = 0.5 * float(text.get("font-size")) * len(text.text)
        left = float(text.get("x")) + shift - halves[text.get("text-anchor")] * size
        assert 0.0 <= left <= width - size


# -- where everything stands -----------------------------------------------------------------------------------------


def lone():
    return set_to(Neuron(3, "step"), [1.0, -2.0, 0.5], 0.25)


def behind_bands():
    return with_biases(Sequential(Activation("tanh"), Layer(2, 1), BatchNorm(1), Activation("relu")))


def between_layers():
    return with_biases(Sequential(Layer(2, 2), Activation("tanh"), Layer(2, 1)))


def tiny():
    """Each of its outputs takes ten characters."""
    model = Sequential(Layer(1, 16, "identity"), Activation("identity"))
    for neuron in model.stages[0].neurons:
        set_to(neuron, [0.0], -1.25e-300)
    return model


LAYOUTS = [
    pytest.param((lone, {}), id="lone neuron"),
    pytest.param((lone, {"inputs": [1.0, -0.25, 1e-9]}), id="its sample"),
    pytest.param((lambda: Neuron(8), {"features": [f"a rather long name {k}" for k in range(8)]}), id="long names"),
    pytest.param((lambda: with_biases(MLP(2, [4, 3, 1], "tanh")), {}), id="layers"),
    pytest.param((lambda: with_biases(MLP(2, [4, 3, 1], "tanh")), {"inputs": [1.0, 2.0]}), id="numbers"),
    pytest.param((lambda: with_biases(stages()), {"inputs": [0.5, -1.0]}), id="bands"),
    pytest.param((behind_bands, {}), id="bands of one circle"),
    pytest.param((between_layers, {"inputs": [0.5, -1.0]}), id="no band behind the last column"),
    pytest.param((tiny, {"inputs": [1.0]}), id="long numbers behind a band"),
    pytest.param((lambda: with_biases(MLP(20, [40, 2])), {"inputs": [0.1] * 20}), id="shortened"),
    pytest.param((lambda: with_biases(MLP(16, [16])), {}), id="wide"),
    pytest.param((lambda: Sequential(*[Layer(1, 1, name="classification") for _ in range(9)]), {}), id="deep"),
]


class Seen:
    """What stands where in a diagram, moved to its place in the whole picture."""

    def __init__(self, model, options):
        root = drawn(model, **options)
        self.root, self.whole = root, view(root)
        network = root.find("g")
        self.shift = float(network.get("transform").partition("(")[2].split()[0])
        self.circles = [
            [self.moved(box(group.find("circle"))) for group in groups(root, kind)] for kind in ("input", "neuron")
        ]
        columns = {}
        for circle in itertools.chain(*self.circles):
            columns.setdefault(round(circle.center, 2), []).append(circle)
        self.columns = [columns[x] for x in sorted(columns)]
        self.bands = [self.moved(box(band.find("rect"))) for band in groups(root, "band")]
        turned = {text for band in groups(root, "band") for text in band.iter("text")}
        self.texts = [
            (text.text, self.moved(text_box(text))) for text in network.iter("text") if text not in turned
        ] + [(text.text, text_box(text)) for text in groups(root, "key")[0].iter("text")]
        self.rects = [self.moved(box(rect)) for rect in network.iter("rect")]

    def moved(self, place):
        return place._replace(left=place.left + self.shift, right=place.right + self.shift)

    def at(self, x, y):
        return (x + self.shift, y)


@pytest.fixture(params=LAYOUTS)
def seen(request):
    make, options = request.param
    return Seen(make(), options)


def test_circles_stand_in_columns_around_one_height(seen):
    radius = seen.columns[0][0].width / 2.0
    middles = [(column[0].top + column[-1].bottom) / 2.0 for column in seen.columns]
    assert middles == pytest.approx([middles[0]] * len(middles), abs=0.11)
    for column in seen.columns:
        steps = [after.middle - before.middle for before, after in itertools.pairwise(column)]
        for circle, step in zip(column, steps):
            assert circle.width == pytest.approx(2.0 * radius)
            assert step >= 2.0 * radius + 6.0
        usual = [step for step in steps if step < 1.5 * steps[0]]
        assert usual == pytest.approx([steps[0]] * len(usual), abs=0.11) if steps else True
        assert len(steps) - len(usual) <= 1
    for before, after in itertools.pairwise(seen.columns):
        assert after[0].left - before[0].right > 50.0


def test_the_larger_a_network_the_closer_its_circles(seen):
    for column in seen.columns:
        for before, after in itertools.pairwise(column):
            step = after.middle - before.middle
            assert 30.0 <= step <= 125.0  # twice as much where some are left out
    assert 200.0 < seen.whole.height < 900.0


def test_nothing_covers_a_word(seen):
    for text, place in seen.texts:
        assert place.is_inside(seen.whole), text
    for (first, one), (second, other) in itertools.combinations(seen.texts, 2):
        assert not one.meets(other), (first, second)
    circles = list(itertools.chain(*seen.columns))
    for text, place in seen.texts:
        for circle in circles:
            if place.meets(circle):  # a number in its circle
                assert place.center == pytest.approx(circle.center, abs=0.11), text
                assert place.middle == pytest.approx(circle.middle, abs=1.5), text
        for band in seen.bands:
            assert not place.meets(band), text


def test_bands_stand_between_their_columns_and_hold_their_words(seen):
    rights = sorted([column[0].right for column in seen.columns] + [band.right for band in seen.bands])
    for band in groups(seen.root, "band"):
        place, text = seen.moved(box(band.find("rect"))), next(band.iter("text"))
        before = max(right for right in rights if right < place.right - 0.01)
        assert 8.0 < place.left - before < 40.0
        x, y = seen.at(float(text.get("x")), float(text.get("y")))
        size = float(text.get("font-size"))
        assert x == pytest.approx(place.center, abs=0.11)
        assert y - 0.35 * size == pytest.approx(place.middle, abs=0.11)
        assert numbers(text_turned(band)) == pytest.approx([-90.0, x - seen.shift, place.middle], abs=0.11)
        assert 0.55 * size * len(text.text) <= place.height - 8.0
        column = max((c for c in seen.columns if c[0].right < place.left), key=lambda c: c[0].center)
        assert place.top <= column[0].top + 0.06
        assert place.bottom >= column[-1].bottom - 0.06
        assert place.middle == pytest.approx((column[0].top + column[-1].bottom) / 2.0, abs=0.11)
        assert size < place.width < 3.0 * size


def text_turned(band):
    return next(group.get("transform") for group in band.iter("g") if group.get("transform"))


def test_stubs_lead_from_circles_through_bands(seen):
    lefts, rights = [band.left for band in seen.bands], [band.right for band in seen.bands]
    centers = [column[0].center for column in seen.columns]
    middles = [circle.middle for column in seen.columns for circle in column]
    last = max([*rights, seen.columns[-1][0].right])
    for path in seen.root.find("g").findall("path"):
        if path.get("stroke") and "h" in path.get("d"):
            x, y, length = numbers(path.get("d"))
            start, end = x + seen.shift, x + seen.shift + length
            assert min(abs(y - middle) for middle in middles) < 0.06
            if start == pytest.approx(last, abs=0.11):  # an arrow: what leaves the network
                assert length == 14.0
            else:
                assert min(abs(start - each) for each in centers + rights) < 0.11
                assert min(abs(end - each) for each in lefts) < 0.11
                assert length > 0.0


def test_lines_lead_from_what_comes_out_of_a_column_to_circles(seen):
    for path, _ in lines(seen.root).values():
        (x1, y1), (x2, y2) = (seen.at(*point) for point in points(path.get("d")))
        assert any(
            abs(x2 - c.center) < 0.11 and abs(y2 - c.middle) < 0.11 for column in seen.columns[1:] for c in column
        )
        before = max((column for column in seen.columns if column[0].center < x2 - 1.0), key=lambda c: c[0].center)
        behind = [band.right for band in seen.bands if before[0].right < band.right < x2]
        assert x1 == pytest.approx(max([before[0].center, *behind]), abs=0.11)
        assert min(abs(y1 - circle.middle) for circle in before) < 0.11


def test_what_leaves_the_network_has_an_arrow(seen):
    last = seen.columns[-1]
    edge = max([last[0].right, *(band.right for band in seen.bands)])
    tips = [path for path in seen.root.find("g").findall("path") if path.get("fill") and "l8" in path.get("d")]
    assert len(tips) == len(last)
    for path, circle in zip(tips, last):
        x, y, *rest = numbers(path.get("d"))
        assert x + seen.shift == pytest.approx(edge + 14.0, abs=0.11)
        assert y + 4.0 == pytest.approx(circle.middle, abs=0.11)
        assert rest == [8.0, 4.0, -8.0, 4.0]
        assert x + seen.shift + 8.0 < seen.whole.right
    for group, circle in zip(groups(seen.root, "output"), last):
        place = seen.moved(text_box(group.find("text")))
        assert 4.0 < place.left - (edge + 22.0) < 14.0
        assert place.middle == pytest.approx(circle.middle, abs=1.0)


def test_a_bias_stands_at_the_foot_of_its_circle(seen):
    for group in groups(seen.root, "neuron"):
        circle, disc = map(box, group.findall("circle"))
        assert disc.center == pytest.approx(circle.center)
        assert disc.middle == pytest.approx(circle.bottom, abs=0.11)
        assert 3.0 < disc.width / 2.0 < circle.width / 4.0 + 2.5
        for path in group.findall("path"):
            spans = re.findall(r"M([\d.]+) ([\d.]+)([vh])([\d.]+)", path.get("d"))
            for x, y, way, length in spans:
                middle = (
                    (float(x) + float(length) / 2.0, float(y))
                    if way == "h"
                    else (float(x), float(y) + float(length) / 2.0)
                )
                assert middle == pytest.approx((disc.center, disc.middle), abs=0.11)
                assert disc.width / 3.0 < float(length) < disc.width


def test_words_on_lines_stand_on_a_ground_of_their_own(seen):
    network = seen.root.find("g")
    for parent in network.iter():
        for rect, text in itertools.pairwise(parent):
            if rect.tag == "rect" and text.tag == "text":
                ground, place = box(rect), text_box(text)
                assert place.is_inside(ground)
                assert ground.center == pytest.approx(place.center, abs=0.11)
                assert ground.middle == pytest.approx(place.middle, abs=1.0)
                assert ground.width - place.width < 14.0
                assert ground.height - place.height < 0.8 * float(text.get("font-size"))


def test_words_stand_where_they_belong(seen):
    places = {}
    for text, place in seen.texts:
        places.setdefault(text, []).append(place)
    (inputs,) = places["inputs"]
    assert inputs.center == pytest.approx(seen.columns[0][0].center, abs=0.11)
    heads = [place for text, place in seen.texts if place.bottom < 45.0]
    assert len(heads) == 2 * len(seen.columns)
    for column in seen.columns:
        above = [place for place in heads if abs(place.center - column[0].center) < 0.2]
        assert len(above) == 2
        assert max(place.bottom for place in above) < column[0].top
    shapes = [place for text, place in seen.texts if "weight" in text and "neuron" in text]
    for place, column in zip(shapes, seen.columns[1:]):
        assert place.center == pytest.approx(column[0].center, abs=0.11)
        assert column[-1].bottom < place.top < column[-1].bottom + 600.0
    assert len({round(place.top, 1) for place in shapes}) == 1
    for place in [place for text, places_of in places.items() if "more" in text for place in places_of]:
        column = min(seen.columns, key=lambda c: abs(c[0].center - place.center))
        assert place.center == pytest.approx(column[0].center, abs=0.11)
        assert column[7].bottom < place.top
        assert place.bottom < column[8].top
    names = [
        seen.moved(text_box(text)) for text in seen.root.find("g").iter("text") if text.get("text-anchor") == "end"
    ]
    assert len(names) == len(seen.columns[0])
    for place, circle in zip(names, seen.columns[0]):
        assert 4.0 < circle.left - place.right < 12.0
        assert place.middle == pytest.approx(circle.middle, abs=1.0)


def test_the_picture_is_as_large_as_what_it_shows(seen):
    left = min(place.left for _, place in seen.texts)
    last = max([seen.columns[-1][0].right, *(band.right for band in seen.bands)])
    room = 56.0 if last > seen.columns[-1][0].right else 0.0  # for the longest numbers, whether they stand there or not
    right = max([place.right for _, place in seen.texts] + [last + 22.0 + room])
    bottom = max(place.bottom for _, place in seen.texts)
    assert 8.0 < left < 50.0
    assert 8.0 < seen.whole.right - right < 40.0
    assert 8.0 < seen.whole.bottom - bottom < 24.0
    assert min(place.top for _, place in seen.texts) < 20.0
    ground = box_of_ground(seen.root)
    assert (ground.right, ground.bottom) == (seen.whole.right, seen.whole.bottom)
    assert (seen.root.get("width"), seen.root.get("height")) == (f"{seen.whole.right:.0f}", f"{seen.whole.bottom:.0f}")


def test_the_last_words_below_have_as_much_room_with_many_inputs_as_with_one():
    def room(n_inputs):
        seen = Seen(MLP(n_inputs, [1, 1]), {})
        return seen.whole.right - max(place.right for _, place in seen.texts)

    assert room(1) == pytest.approx(room(1000), abs=1.1)  # a width is rounded


def box_of_ground(root):
    rect = root.find("rect")
    return Box(0.0, 0.0, float(rect.get("width")), float(rect.get("height")))


def test_the_key_stands_in_the_middle_below_and_each_sign_before_its_words(seen):
    (key,) = groups(seen.root, "key")
    words_below = [text_box(text) for text in key.iter("text")]
    lowest = max(circle.bottom for column in seen.columns for circle in column)
    signs = [sign for sign in key if sign.tag != "text"]
    starts = sorted(start_of(sign) for sign in signs if sign.get("class") != "nn-bias")
    assert len(words_below) == 5
    rows = {}
    for place in words_below:
        assert place.top > lowest
        rows.setdefault(round(place.middle, 1), []).append(place)
    assert len(rows) in (1, 2)
    for row in rows.values():
        left, right = row[0].left - 32.0, row[-1].right + 12.0
        assert (left + right) / 2.0 == pytest.approx(seen.whole.center, abs=14.0)
        for before, after in itertools.pairwise(row):
            assert 32.0 + 4.0 < after.left - before.right < 32.0 + 40.0
    heights = sorted(rows)
    assert all(14.0 < below - above < 30.0 for above, below in itertools.pairwise(heights))
    assert len(starts) >= 3
    pending = None
    for element in key:
        if element.tag != "text":
            pending = element if pending is None else pending
            continue
        place = text_box(element)
        x, y = start_of(pending)
        assert 0.0 <= place.left - x <= 40.0
        assert abs(y - place.middle) < 8.0
        pending = None


def start_of(sign):
    if sign.tag == "circle":
        return box(sign).left, box(sign).middle
    x, y, *_ = numbers(sign.get("d"))
    return x, y


def test_the_numbers_of_a_lone_neuron_stand_on_their_lines():
    seen = Seen(lone(), {})
    (neuron,) = seen.columns[1]
    for text, source in zip(("+1", "−2", "+0.5"), seen.columns[0]):
        (place,) = [place for told, place in seen.texts if told == text]
        share = (place.center - source.center) / (neuron.center - source.center)
        assert 0.2 < share < 0.6
        height = source.middle + share * (neuron.middle - source.middle)
        assert place.middle == pytest.approx(height, abs=1.0)
    (bias,) = [place for told, place in seen.texts if told == "bias +0.25"]
    assert bias.center == pytest.approx(neuron.center, abs=0.11)
    assert 6.0 < bias.top - neuron.bottom < 20.0


def test_a_picture_of_numbers_has_larger_circles():
    model = with_biases(MLP(2, [10, 1]))
    empty, full = Seen(model, {}), Seen(model, {"inputs": [1.0, 2.0]})
    assert empty.columns[0][0].width < full.columns[0][0].width <= 44.0
    for circle in itertools.chain(*full.columns):
        assert circle.width >= 36.0


def test_one_row_of_the_key_where_it_fits():
    def rows(model):
        return len({text.get("y") for text in groups(drawn(model), "key")[0].iter("text")})

    assert rows(MLP(2, [2])) == 2
    assert rows(MLP(2, [2, 2, 2, 2])) == 1


def test_the_key_takes_a_second_row_rather_than_make_the_picture_wider():
    found = set()
    for length in range(1, 16):
        model = Sequential(Layer(1, 1), Layer(1, 1), Activation("tanh"), Activation("tanh"))
        seen = Seen(model, {"features": ["n" * length]})
        rows = len({text.get("y") for text in groups(seen.root, "key")[0].iter("text")})
        assert rows == 2 or seen.shift == 0.0
        found.add(rows)
    assert found == {1, 2}


# -- what cannot be drawn --------------------------------------------------------------------------------------------


class Own(Module):
    pass


class Residual(MLP):
    def __call__(self, inputs):
        return super().__call__(inputs)


class Other(Layer):
    def outputs(self, inputs):
        return super().outputs(inputs)


class Renamed(Layer):
    """Computes what a layer does."""


@pytest.mark.parametrize(
    "model",
    [Own(), Residual(2, [1]), Other(2, 1), Sequential(Layer(2, 1), abs), lambda x: x, None, MLP, Sequential(Own())],
)
def test_other_modules_are_refused_with_what_can_be_drawn(model):
    with pytest.raises(TypeError, match="takes a Neuron, Layer, Perceptron or MLP, or a Sequential of these") as caught:
        network_diagram(model)
    assert "cannot be drawn" in str(caught.value)


def test_a_model_without_neurons_is_refused():
    with pytest.raises(TypeError, match="Sequential has no neurons to draw: a network diagram takes a Neuron"):
        network_diagram(Sequential(Dropout(0.5), Activation("tanh")))


def test_what_derives_from_a_layer_and_computes_the_same_is_drawn():
    assert counts(drawn(Renamed(2, 3))) == (2, 3, 0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"theme": "blue"}, ValueError, 'the theme of a diagram is "light" or "dark", not \'blue\''),
        ({"theme": None}, ValueError, "not None"),
        ({"features": ["a"]}, ValueError, "there are 2 inputs, but 1 features"),
        ({"features": ["a", "b", "c"]}, ValueError, "there are 2 inputs, but 3 features"),
        ({"features": "ab"}, TypeError, "features are a list of names, not the text 'ab'"),
        ({"inputs": [1.0]}, ValueError, "takes 2 inputs, but 1 was given"),
        ({"inputs": 1.0}, TypeError, "takes a sequence of 2 numbers, not float"),
        ({"inputs": ["1", 2.0]}, TypeError, "the input of a diagram is a number, not '1'"),
    ],
)
def test_wrong_arguments_are_told(options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        network_diagram(MLP(2, [3, 1]), **options)


def test_infinite_numbers_of_a_sample_are_shown():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        root = drawn(set_to(Neuron(1, "relu"), [2.0], 0.0), inputs=[1e308])
    assert words(groups(root, "neuron")[0]) == ["inf"]


def test_a_number_is_never_wider_than_its_circle_or_stands_on_a_ground_of_its_own():
    root = drawn(set_to(Neuron(3, "identity"), [1.0, 1.0, 1.0], 0.0), inputs=[-0.000123, -0.125, 7])
    inputs = groups(root, "input")
    assert [len(group.findall("rect")) for group in inputs] == [1, 0, 0]
    for group in inputs[1:]:
        size = 0.62 * float(group.find("text").get("font-size")) * len(words(group)[0])
        assert size <= 2.0 * float(group.find("circle").get("r"))


def test_the_same_model_gives_the_same_bytes():
    first, second = (network_diagram(stages(), inputs=[1.0, 2.0]).svg for _ in range(2))
    assert first == second


def test_a_diagram_shows_itself_in_a_notebook():
    diagram = network_diagram(Neuron(2, "step"))
    assert diagram._repr_mimebundle_() == {"image/svg+xml": diagram.svg, "text/plain": repr(diagram)}
    assert repr(diagram) == "<Diagram: 2 inputs, 1 step; 3 parameters>"


@pytest.mark.parametrize("name", ["a.svg", "b.SVG"])
def test_a_diagram_is_saved_as_it_is(tmp_path, name):
    diagram = network_diagram(stages(), inputs=[1.0, 2.0])
    diagram.save(tmp_path / name)
    assert (tmp_path / name).read_bytes() == diagram.svg.encode()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(("name", "told"), [("a.png", "not as .png"), ("a", "without ending")])
def test_other_endings_are_refused_and_nothing_is_written(tmp_path, name, told):
    with pytest.raises(ValueError, match=rf"saved as \.svg only.*{told}"):
        network_diagram(Neuron(2)).save(str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_a_save_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.svg"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        Diagram("half of it \ud800", "nothing").save(path)
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.svg"]
