"""Reports: what stands on the page of a run, and that it is one safe file."""

from __future__ import annotations

import html.parser
import math
import pickle
import random
import re
from types import SimpleNamespace

import numpy as np
import pytest

from nn.history import History, Snapshot
from nn.layers import MLP, Layer
from nn.losses import loss_row
from nn.module import Module
from nn.optimizers import SGD
from nn.prediction import Score
from nn.reports import report
from nn.samples import Standardization
from nn.show.frames import columns_of
from nn.show.surface import MOST_POINTS
from nn.show.text import short
from nn.stages import Activation, BatchNorm, Dropout, Sequential
from nn.trainer import fit
from tests.seen import decoded

HOSTILE = """<script>alert(1)</script>"'&<b>\u202e\0 עברית 🙂"""


def samples_on_plane(count=24, sides=(-1, 1)):
    generator = random.Random(0)
    inputs = [[generator.uniform(-1.0, 1.0), generator.uniform(-2.0, 2.0)] for _ in range(count)]
    return inputs, [sides[x + y > 0.0] for x, y in inputs]


def trained(model, inputs, targets, loss, epochs=4, validation=None):
    optimizer = SGD(model.parameters(), 0.05)
    return fit(
        model,
        inputs,
        targets,
        loss=loss,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=8,
        validation=validation,
        progress=False,
    )


@pytest.fixture(scope="module")
def plane():
    """A run with two inputs, two sides and validation samples."""
    inputs, targets = samples_on_plane()
    model = MLP(2, [4, 1], "tanh", seed=1)
    return trained(model, inputs[:16], targets[:16], "signed_cross_entropy", validation=(inputs[16:], targets[16:]))


@pytest.fixture(scope="module")
def of_plane(plane):
    """The report of that run, as it is by default."""
    return report(plane)


class Elements(html.parser.HTMLParser):
    """The elements of a page, and whether each is closed by its own end."""

    EMPTY = {"meta", "input"}

    def __init__(self, page):
        super().__init__()
        self.found, self.open, self.text = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag, **wanted):
        rows = [attributes for name, attributes in self.found if name == tag]
        return [row for row in rows if all(row.get(key) == value for key, value in wanted.items())]


def titles(page):
    return re.findall(r"<h2>(.*?)</h2>", page)


# -- the page --------------------------------------------------------------------------------------------------------


def test_a_report_of_a_plane_has_everything(plane):
    page = report(plane, title="Two sides", classes=["down", "up"]).html
    assert titles(page) == [
        "Network",
        "Decision boundary and samples",
        "Confusion matrix, 8 validation samples",
        "Loss",
        "Accuracy",
        "Gradient norm of each layer",
    ]
    elements = Elements(page)
    assert [row["aria-label"] for row in elements.all("input")] == [f"epoch {k}" for k in range(5)]
    assert [row["id"] for row in elements.all("input") if "checked" in row] == ["e4"]
    for k in range(5):
        assert f"#e{k}:checked~* .s:not(.s{k}){{display:none}}" in page
    text = "".join(elements.text)
    assert "17 parameters · 16 training samples · 8 validation samples · 4 epochs · loss: signed_cross_entropy" in text
    assert "epoch 0: before training" in text
    assert f"epoch 2: training loss {short(plane.training[1].loss)} ({plane.training[1].accuracy:.1%} correct)" in text
    assert elements.all("html", lang="en")


def test_it_needs_no_other_file_no_network_and_no_script(of_plane):
    page = of_plane.html
    elements = Elements(page)
    (policy,) = elements.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["content"].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in elements.found}
    for _, attributes in elements.found:
        assert not [key for key in attributes if key.startswith("on") or key == "src"]
        assert attributes.get("href", "#").startswith(("#", "data:image/png;base64,"))
    assert not re.search(r"https?:|url\((?!#)|@import", page)


def test_every_picture_has_a_text_and_every_reference_a_target(of_plane):
    elements = Elements(of_plane.html)
    for attributes in elements.all("svg"):
        assert attributes.get("aria-hidden") == "true" or attributes["aria-label"]
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {row["href"].lstrip("#") for row in elements.all("use")} <= set(ids)
    assert {row["for"] for row in elements.all("label")} <= set(ids)


@pytest.mark.long
@pytest.mark.parametrize("n_inputs", [1, 2, 3])
def test_names_are_text_and_nothing_else(n_inputs):
    generator = random.Random(1)
    inputs = [[generator.random() for _ in range(n_inputs)] for _ in range(12)]
    history = trained(MLP(n_inputs, [3, 2], "tanh"), inputs, [k % 2 for k in range(12)], "softmax_cross_entropy", 1)
    history.model.layers[0].name = HOSTILE
    history.stopped = HOSTILE
    history.gradient_norms = {HOSTILE: [0.5]}
    page = report(history, title=HOSTILE, features=[HOSTILE] * n_inputs, classes=[HOSTILE, "other"]).html
    elements = Elements(page)
    assert not {"script", "b"} & {tag for tag, _ in elements.found if tag == "script"}
    assert len([1 for row in elements.all("b")]) == len(history.snapshots)  # the epochs, and no name
    assert "\0" not in page
    assert "<script>alert(1)</script>\"'&<b>\u202e\ufffd עברית 🙂" in elements.text


@pytest.mark.long
def test_the_same_run_gives_the_same_bytes(plane, tmp_path):
    report(plane, title="x").save(tmp_path / "one.html")
    report(pickle.loads(pickle.dumps(plane)), title="x").save(tmp_path / "two.html")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["one.html", "two.html"]


def test_a_notebook_shows_the_page_in_a_frame_that_may_run_nothing(plane):
    made = report(plane, title=HOSTILE)
    bundle = made._repr_mimebundle_()
    assert bundle["text/plain"] == repr(made) == f"<Report: {HOSTILE}, {len(plane.training)} epochs>"
    (frame,) = re.findall(r"<iframe ([^>]*)>", bundle["text/html"])
    assert " sandbox " in frame
    assert html.unescape(re.search(r'srcdoc="([^"]*)"', frame)[1]) == made.html
    outside = bundle["text/html"].replace(frame, "")
    assert HOSTILE not in outside
    told = html.unescape(re.search(r'plain">([^<]*)</p>', outside)[1])
    named = HOSTILE.replace("\0", "\ufffd")
    assert told.startswith(f"Report: {named}, {len(plane.training)} epochs. Run this cell to see it")


def test_a_report_leaves_the_model_as_it_is(plane):
    before = [parameter.data for parameter in plane.model.parameters()]
    report(plane)
    assert [parameter.data for parameter in plane.model.parameters()] == before


def test_a_path_that_cannot_be_written_is_an_os_error(of_plane, tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        of_plane.save(tmp_path / "nowhere" / "run.html")


@pytest.mark.long
def test_many_snapshots_of_a_large_network_stay_a_small_file():
    model = MLP(2, [16, 16, 1], "tanh", seed=1)
    inputs, targets = samples_on_plane()
    history = History(model, loss_row("hinge"), (inputs, targets))
    numbers = [parameter.data for parameter in model.parameters()]
    history.snapshots = [Snapshot(k, tuple(number * (1.0 + k) for number in numbers)) for k in range(12)]
    history.kept = 11
    page = report(history).html
    assert page.count('type="radio"') == 12
    assert 300_000 < len(page.encode()) < 3_000_000


# -- what is left out ------------------------------------------------------------------------------------------------


def test_a_regression_on_one_input_has_a_curve_and_no_matrix():
    inputs = [[k / 10] for k in range(10)]
    history = trained(MLP(1, [3, 1], "tanh"), inputs, [x * x for (x,) in inputs], "mean_squared_error")
    standardization = SimpleNamespace(means=[100.0], deviations=[10.0])
    page = report(history, standardization=standardization, features=["speed"]).html
    assert titles(page) == ["Network", "The fitted curve and the samples", "Loss", "Gradient norm of each layer"]
    assert page.count('class="curve bold c0"') == len(history.snapshots)
    fitted = page[page.index("The fitted curve") : page.index("<h2>Loss")]
    assert re.findall(r'y="355">([\d.]+)<', fitted) == ["100", "102", "104", "106", "108"]  # in the original unit
    assert fitted.count("<use ") == 10 + 1  # samples, and one in the key


def test_more_inputs_show_weights_as_bars():
    inputs = [[k / 10, 1.0, -k / 10] for k in range(10)]
    history = trained(MLP(3, [20, 3], "tanh"), inputs, [k % 3 for k in range(10)], "softmax_cross_entropy", 2)
    page = report(history, features=["a", "b", "length of the whole thing"]).html
    assert titles(page)[:2] == ["Network", "Confusion matrix, 10 training samples"]
    assert "data:image" not in page.split("</style>")[1]
    assert page.count("… and 4 more") == 1
    assert page.count('class="bar-pos"') == 3 * (16 + 3)
    assert "length of the w…</text>" in page
    assert "<title>length of the whole thing</title>" in page


def test_the_number_of_a_weight_shows_where_the_pointer_rests():
    model = MLP(2, [1], seed=0)
    model.layers[0].neurons[0].weights[0].data = -0.5
    model.layers[0].neurons[0].weights[1].data = 2.0
    history = History(model, loss_row("hinge"), ([[0.0, 1.0], [1.0, 0.0]], [1, -1]))
    page = report(history, features=["left", "right"]).html
    lines = re.findall(r'<path class="(pos|neg)" d="[^"]*" stroke-width="([\d.]+)"[^>]*><title>(.*?)</title>', page)
    assert lines == [("neg", "1.5", "left to neuron 0: −0.5"), ("pos", "6.0", "right to neuron 0: +2")]
    assert "layer 0, neuron 0: bias +0, output −0.8 to 2.8" not in page  # over the domain with its margin:
    assert "layer 0, neuron 0: bias +0, output −0.75 to 2.25</title>" in page
    assert "the model as it is" not in page
    assert "before training" in page


def test_many_inputs_are_one_box_and_may_be_a_picture():
    inputs = [[float((k + i) % 3) for i in range(20)] for k in range(6)]
    history = trained(MLP(20, [12, 2], "tanh"), inputs, [0, 1] * 3, "softmax_cross_entropy", 1)
    page = report(history).html
    assert page.count(">20 inputs</text>") == 1
    assert page.count('class="bundle"') == 2 * 12
    page = report(history, picture=(4, 5)).html
    images = re.findall(r'class=sharp href="([^"]*)"', page)
    assert len(images) == 2 * 10
    assert decoded(images[0]).shape == (4, 5, 3)
    assert page.count("… and 2 more") == 1
    with pytest.raises(ValueError, match="a picture of 3 × 5 pixels does not have 20 inputs"):
        report(history, picture=(3, 5))


class Bump(Module):
    """A model that is not made of layers."""

    def __init__(self, n_inputs=2):
        self.scale = Layer(n_inputs, 1, "identity", seed=1)

    def __call__(self, sample):
        return self.scale(sample) * 2.0


def test_a_model_of_ones_own_has_all_but_the_network():
    inputs, targets = samples_on_plane(12)
    history = trained(Bump(), inputs, targets, "hinge", 2)
    page = report(history).html
    assert titles(page)[:2] == ["Decision boundary and samples", "Confusion matrix, 12 training samples"]
    image = re.search(r'<image class="s s0" [^>]*href="([^"]*)"', page).group(1)
    assert decoded(image).shape == (40, 40, 3)
    three = [[*sample, 0.0] for sample in inputs]
    history = trained(Bump(3), three, [float(target) for target in targets], "mean_squared_error", 1)
    assert titles(report(history).html)[0] == "Loss"


def test_a_plain_function_is_reported_too():
    history = History(lambda sample: sample[0] - sample[1], loss_row("hinge"), ([[0.0, 1.0], [1.0, 0.0]], [-1, 1]))
    page = report(history).html
    assert titles(page) == ["Decision boundary and samples", "Confusion matrix, 2 training samples"]
    assert "parameters" not in page.split("</style>")[1]


@pytest.mark.long
def test_stages_between_layers_belong_to_the_layer_before():
    inputs, targets = samples_on_plane(16, (0, 1))
    model = Sequential(
        Dropout(0.1), Layer(2, 3, "identity"), BatchNorm(3), Activation("relu"), Sequential(Layer(3, 2, "identity"))
    )
    history = trained(model, inputs, targets, "softmax_cross_entropy", 2)
    assert [len(column.stages) for column in columns_of(model)] == [4, 1]
    page = report(history).html
    assert ">3 relu</text>" in page
    assert ">2 identity</text>" in page
    assert columns_of(Sequential(Layer(2, 3), Bump(3))) == []
    assert columns_of(Sequential(Dropout(0.5))) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("loss", "targets", "n_outputs", "n_inputs", "expected"),
    [
        ("mean_squared_error", [0.5, 1.0, 2.0], 1, 2, "The fitted surface and the samples"),
        ("mean_squared_error", [[0.5], [1.0], [2.0]], 1, 2, "The fitted surface and the samples"),
        ("mean_squared_error", [[0.5], [1.0], [2.0]], 1, 1, "The fitted curve and the samples"),
        ("mean_squared_error", [[0.5, 1.0]] * 3, 2, 2, None),
        ("binary_cross_entropy_from_logits", [0, 1, 1], 1, 1, "What is answered, and the samples"),
        ("binary_cross_entropy_from_logits", [[0, 1]] * 3, 2, 2, None),
        ("hinge", [-1, 1, 1], 1, 1, "What is answered, and the samples"),
        ("softmax_cross_entropy", [0, 2, 1], 3, 1, "What is answered, and the samples"),
        ("softmax_cross_entropy", [[1, 0, 0], [0, 1, 0], [0, 0, 1]], 3, 2, "Decision boundary and samples"),
        ("multiclass_hinge", [0, 2, 1], 3, 2, "Decision boundary and samples"),
        ("multiclass_hinge", [0, 2, 1], 3, 1, None),
    ],
)
def test_the_answers_are_drawn_where_they_can_be(loss, targets, n_outputs, n_inputs, expected):
    inputs = [[float(k + i) for i in range(n_inputs)] for k in range(3)]
    page = report(trained(MLP(n_inputs, [n_outputs], seed=2), inputs, targets, loss, 1)).html
    drawn = [title for title in titles(page) if "samples" in title and "matrix" not in title]
    assert drawn == ([expected] if expected else [])
    assert ("Confusion" in page) == (loss != "mean_squared_error" and targets != [[0, 1]] * 3)
    Elements(page)


# -- what is told, and where -----------------------------------------------------------------------------------------


def history_of(model, row, inputs, targets, **facts):
    """What came of a run, as is set here."""
    history = History(model, loss_row(row), (inputs, targets), facts.pop("validation_samples", None))
    for name, value in facts.items():
        setattr(history, name, value)
    return history


def bars(widths=(2,), row="softmax_cross_entropy", count=8, **facts):
    """A run of three inputs, whose report has no planes and so is quick to make."""
    inputs = [[k / 10.0, 1.0, -k / 10.0] for k in range(count)]
    targets = [k % 2 for k in range(count)] if row == "softmax_cross_entropy" else [float(k) for k in range(count)]
    return history_of(MLP(3, list(widths), "tanh"), row, inputs, targets, **facts)


SCORES = [Score(0.9, 0.25), Score(0.5, None), Score(0.125, 1.0)]


def test_each_snapshot_is_told_with_the_scores_of_its_epoch():
    numbers = tuple(parameter.data for parameter in bars().model.parameters())
    history = bars(training=SCORES, validation=SCORES[1:], kept=3)
    history.snapshots = [Snapshot(epoch, numbers) for epoch in (0, 1, 2, 3)]
    lines = re.findall(r'<span class="s s\d"><b>epoch (\d)</b>: ([^<]*) <', report(history).html)
    assert [(epoch, text.strip()) for epoch, text in lines] == [
        ("0", "before training"),
        ("1", "training loss 0.9 (25.0% correct), validation loss 0.5"),
        ("2", "training loss 0.5, validation loss 0.125 (100.0% correct)"),
        ("3", "training loss 0.125 (100.0% correct)"),
    ]
    page = report(bars(kept=7)).html
    assert "<b>epoch 7</b>: the model as it is<" in page


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        (1, "25.0% correct<small>loss 0.9</small>"),
        (2, "loss 0.5"),
        (3, "100.0% correct<small>loss 0.125</small>"),
        (0, "50.0% correct<small>loss 0.693</small>"),  # of a model that answers 0 and 0
        (4, "50.0% correct<small>loss 0.693</small>"),
    ],
)
def test_the_score_is_that_of_the_epoch_the_model_went_back_to(kept, told):
    history = bars(training=SCORES, kept=kept)
    for parameter in history.model.parameters():
        parameter.data = 0.0
    page = report(history).html
    assert f"<div><dt>training</dt><dd>{told}</dd></div>" in page
    assert (f"the model has the numbers of epoch {kept}" in page) == (kept != 3)


def test_the_snapshot_that_is_shown_first_is_the_kept_one_or_the_last():
    numbers = tuple(parameter.data for parameter in bars().model.parameters())
    for kept, first in ((2, "e1"), (5, "e2"), (4, "e2"), (0, "e0")):
        history = bars(kept=kept)
        history.snapshots = [Snapshot(epoch, numbers) for epoch in (0, 2, 5)]
        page = report(history).html
        assert re.findall(r'id="(e\d)" aria-label="epoch \d" checked', page) == [first]
        assert "Weights as numbers, epoch 5" in page


def test_each_kind_of_samples_has_a_card_and_the_last_the_matrix():
    history = bars()
    part = history.samples[0][:2], [0, 1]
    history.validation_samples = part
    page = report(history, test=([[1.0, 0.0, 0.0]], [1])).html
    assert re.findall(r"<dt>(\w+)</dt>", page) == ["training", "validation", "test"]
    assert "Confusion matrix, 1 test samples" in page
    assert "Confusion matrix, 2 validation samples" in report(history).html


@pytest.mark.parametrize(
    ("count", "there", "many"),
    [(2, True, False), (6, True, False), (7, True, True), (30, True, True), (31, False, False)],
)
def test_a_matrix_has_as_many_classes_as_fit(count, there, many):
    history = history_of(MLP(3, [count]), "softmax_cross_entropy", [[1.0, 0.0, 0.0]] * 2, [0, 1])
    page = report(history).html
    assert ("Confusion matrix" in page) == there
    assert ('<table class="many">' in page) == many
    if there:
        matrix = page[page.index("Confusion matrix") : page.index("Rows are the true")]
        assert matrix.count("<tr>") == 1 + count
        shares = [float(share) for share in re.findall(r"--share:([\d.]+)", matrix)]
        assert len(shares) == count * count
        assert sum(shares) == pytest.approx(2.0)  # of each row that has samples


@pytest.mark.parametrize(("n_inputs", "width", "listed"), [(3, 150, True), (599, 1, True), (600, 1, False)])
def test_up_to_600_numbers_are_listed(n_inputs, width, listed):
    targets = [[0.0] * width]
    page = report(history_of(MLP(n_inputs, [width]), "mean_squared_error", [[1.0] * n_inputs], targets)).html
    assert ("<details>" in page) == listed


def test_listed_weights_stand_beside_their_names():
    history = bars((2, 2))
    history.model.layers[1].name = "last"
    for k, parameter in enumerate(history.model.parameters()):
        parameter.data = float(k)
    page = report(history, features=["a", "b", "c"]).html
    tables = page[page.index("<details>") :]
    assert re.findall(r"<h3>(.*?)</h3>", tables) == ["layer 0", "last"]
    heads = re.findall(r"<bdi>(.*?)</bdi>", tables)
    assert heads == ["a", "b", "c", "bias", "neuron 0", "neuron 1", "bias"]
    assert re.findall(r'scope="row">(.*?)</th>', tables) == ["neuron 0", "neuron 1"] * 2
    assert re.findall(r"<td>(\d+)</td>", tables) == [str(k) for k in range(14)]


def test_pictures_stand_side_by_side_where_there_are_several(of_plane):
    side = of_plane.html.partition('<div class="side">')[2].partition("</div>\n")[0]
    assert '<div class="wide column"><figure class="network"' in of_plane.html
    assert re.findall(r'<figure class="(\w+)"', side)[:2] == ["surface", "matrix"]
    page = report(bars()).html
    assert page.index('<div class="wide column"><figure class="network"') < page.index(
        '<div class="side"><figure class="matrix"'
    )
    assert '<div class="whole">' not in page
    page = report(bars((1,), "mean_squared_error")).html
    assert '<div class="whole"><figure class="network"' in page
    assert '<div class="side">' not in page


def test_each_network_says_how_to_read_it():
    def hint(n_inputs, **options):
        inputs = [[0.0] * n_inputs, [1.0] * n_inputs]
        page = report(history_of(MLP(n_inputs, [1]), "mean_squared_error", inputs, [0.0, 1.0]), **options).html
        return page[page.index('<p class="hint">') :].partition("</p>")[0]

    assert "output over the plane" in hint(2)
    assert "output over the input, around 0" in hint(1)
    assert "one bar per input" in hint(3)
    assert "weights as a picture" in hint(4, picture=(2, 2))
    for n_inputs in (1, 2, 3):
        assert hint(n_inputs).endswith("Rest on a line or box for its numbers.")
    for wrong in ((1, 4), (2, 2), (3, 1)):
        if wrong != (2, 2):
            with pytest.raises(ValueError, match=f"a picture of {wrong[0]} × {wrong[1]} pixels does not have 2 inputs"):
                hint(2, picture=wrong)
    for wrong in (1, (2,), (1, 2, 3), "12"):
        with pytest.raises(TypeError, match=r"^a picture is a pair, its rows and columns, such as \(8, 8\), not "):
            hint(2, picture=wrong)
    for count, told in ((1, "1 input"), (3, "3 inputs")):
        message = f"^the standardization is of {told}, and the samples have 2$"
        with pytest.raises(ValueError, match=message):
            hint(2, standardization=Standardization([0.0] * count, [1.0] * count))


def test_curves_are_drawn_of_what_was_measured():
    history = bars(training=SCORES, validation=SCORES, kept=3)
    history.gradient_norms = {f"layer {k}": [1.0, 10.0, 0.5] for k in range(8)} | {"none": []}
    history.learning_rates = [0.1, 0.1, 0.1]
    page = report(history).html
    assert titles(page)[2:] == ["Loss", "Accuracy", "Gradient norm of each layer"]
    assert "Loss over 3 epochs: training from 0.9 to 0.125; validation from 0.9 to 0.125" in page
    assert "Accuracy over 3 epochs: training from 0.25 to 1; validation from 0.25 to 1" in page
    gradients = page[page.index("Gradient norm of each layer over") :].partition('"')[0]
    assert re.findall(r"layer (\d) from", gradients) == ["0", "2", "4", "6", "7"]
    assert page.count("log scale") == 1
    history.validation = []
    history.training = [Score(1.0, None)] * 3
    page = report(history).html
    assert "Accuracy" not in titles(page)
    assert "Loss over 3 epochs: training from 1 to 1<" not in page
    assert 'aria-label="Loss over 3 epochs: training from 1 to 1"' in page


@pytest.mark.parametrize(("count", "drawn"), [(6, "012345"), (7, "0246")])
def test_no_two_layers_are_drawn_alike(count, drawn):
    history = bars(training=SCORES, kept=3)
    history.gradient_norms = {f"layer {k}": [1.0, 10.0, 0.5] for k in range(count)}
    page = report(history).html
    gradients = page[page.index("<h2>Gradient norm of each layer") :].partition("</figure>")[0]
    assert "".join(re.findall(r"layer (\d) from", gradients)) == drawn
    assert len(set(re.findall(r'class="curve (c\d)"', gradients))) == len(drawn)


def test_losses_and_rates_reach_from_0_up_and_accuracies_to_1_and_norms_of_0_stand_on_the_ground():
    history = bars(training=[Score(0.3, 0.5), Score(0.25, 0.6)], kept=2)
    history.gradient_norms = {"layer 0": [0.0, 0.0]}
    history.learning_rates = [0.1, 0.05]
    page = report(history).html
    expected = {"Loss": "0.3", "Accuracy": "1", "Gradient norm of each layer": "1", "Learning rate": "0.1"}
    for title, highest in expected.items():
        chart = page[page.index(f"<h2>{title}") :].partition("</figure>")[0]
        ticks = re.findall(r'class="tick end"[^>]*>([−\d.]+)<', chart)
        assert (ticks[0], ticks[-1]) == ("0", highest)


def test_a_model_that_is_no_module_is_called_by_its_name():
    def sum_of_three(sample):
        return sum(sample)

    page = report(history_of(sum_of_three, "mean_squared_error", [[1.0, 2.0, 3.0]], [6.0])).html
    assert "<bdi>sum_of_three</bdi> · <bdi>1 training samples</bdi>" in page
    with pytest.raises(TypeError, match="what is reported is the History that fit returns, not int"):
        report(7)


# -- numbers on the page ---------------------------------------------------------------------------------------------


def test_the_confusion_matrix_counts():
    model = MLP(2, [1], initializer=lambda *_: 1.0)  # the sign of x + y
    inputs = [[1.0, 1.0], [2.0, 1.0], [-1.0, -1.0], [3.0, 1.0], [-3.0, 1.0]]
    history = History(model, loss_row("hinge"), (inputs, [1, 1, 1, -1, -1]), (inputs[:1], [1]))
    page = report(history, classes=["down", "up"], test=(np.array(inputs), np.array([1, 1, 1, -1, -1]))).html
    assert "Confusion matrix, 5 test samples" in page
    cells = re.findall(r'<td( class=hit)? style="--share:([\d.]+)">(\d+)</td>', page)
    hit = " class=hit"
    assert cells == [(hit, "0.50", "1"), ("", "0.50", "1"), ("", "0.33", "1"), (hit, "0.67", "2")]
    assert "<dt>test</dt><dd>60.0% correct" in page


def test_an_output_that_is_nan_is_in_no_cell():
    history = History(lambda sample: sample[0] * math.nan, loss_row("hinge"), ([[0.0, 1.0], [1.0, 0.0]], [-1, 1]))
    assert re.findall(r'style="--share:0.00">(\d+)<', report(history).html) == ["0"] * 4


def test_the_epoch_that_the_model_went_back_to_is_shown_first(plane):
    history = pickle.loads(pickle.dumps(plane))
    history.kept = 2
    history.stopped = "no better for 2 epochs"
    page = report(history).html
    elements = Elements(page)
    assert [row["id"] for row in elements.all("input") if "checked" in row] == ["e2"]
    assert "The run ended early: no better for 2 epochs" in page
    assert f"{history.training[1].accuracy:.1%} correct<small>loss {short(history.training[1].loss)}" in page
    assert "the model has the numbers of epoch 2" in page


def test_a_rate_that_changes_and_a_penalty_have_curves(plane, of_plane):
    history = pickle.loads(pickle.dumps(plane))
    assert "Learning rate" not in of_plane.html
    history.learning_rates = [0.1, 0.1, 0.05, 0.05]
    history.penalties = [0.4, 0.3, 0.2, 0.1]
    page = report(history).html
    assert "Learning rate over 4 epochs: rate from 0.1 to 0.05" in page
    assert "penalty from 0.4 to 0.1" in page


def test_scores_without_accuracy_leave_gaps(plane):
    history = pickle.loads(pickle.dumps(plane))
    history.training[1] = Score(0.5, None)
    assert "Accuracy" in titles(report(history).html)


def test_weights_are_listed_unless_they_are_many(plane, of_plane):
    page = of_plane.html
    tables = page[page.index("<details>") :]
    rows = plane.model.layers[0].neurons
    for neuron in rows:
        for parameter in neuron.row:
            assert f"<td>{short(parameter.data)}</td>" in tables
    large = History(MLP(2, [200, 1]), loss_row("hinge"), samples_on_plane(8))
    assert "<details>" not in report(large).html


def test_of_many_samples_some_are_drawn():
    inputs, targets = samples_on_plane(2 * MOST_POINTS + 1)
    page = report(History(MLP(2, [1]), loss_row("hinge"), (inputs, targets))).html
    assert "training samples (401 of 1201 drawn)" in page


def test_a_class_has_a_shape_and_validation_samples_are_hollow(of_plane):
    page = of_plane.html
    drawn = page[page.index("<h2>Decision") : page.index("<h2>Confusion")]
    looks = re.findall(r'<g class="sample" fill="(#\w+)"><use href="#(k\d)"', drawn)
    assert {shape for _, shape in looks} == {"k0", "k1"}
    assert ("#ffffff", "k0") in looks
    assert ("#ffffff", "k1") in looks


def test_only_samples_that_were_trained_on_are_filled():
    part = [[0.0], [1.0]], [0.0, 1.0]
    history = history_of(MLP(1, [1]), "mean_squared_error", *part, validation_samples=part)
    page = report(history, test=part).html
    fills = re.findall(r'<g class="sample" fill="(#\w+)">', page[page.index("The fitted curve") :])
    assert fills == ["#e67628", "#ffffff", "#ffffff", "#9aa1ab", "#ffffff", "#ffffff"]  # samples, then the key


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": ["one"]}, "there are 2 inputs, but 1 features: give one name for each input"),
        ({"features": ["one", "two", "three"]}, "there are 2 inputs, but 3 features: give one name for each input"),
        ({"classes": ["one"]}, "there are 2 classes, but names for 1: give one name for each class"),
    ],
)
def test_names_have_to_fit(plane, options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        report(plane, **options)


@pytest.mark.parametrize(("length", "told"), [(1, "1 number"), (3, "3 numbers")])
def test_all_samples_have_the_length_of_the_first(length, told):
    history, odd = bars(), [1.0] * length
    history.model, first = MLP(2, [2]), [0.5, 1.0]
    for kind in ("training", "validation", "test"):
        history.samples = [first, odd if kind == "training" else first], [0, 1]
        history.validation_samples = [odd if kind == "validation" else first], [0]
        with pytest.raises(ValueError, match=f"there are 2 inputs, but a {kind} sample has {told}$"):
            report(history, features=["a", "b"], test=([odd], [0]))


def test_samples_have_to_be_lists_of_numbers():
    with pytest.raises(TypeError, match="lists of numbers, such as"):
        report(History(lambda sample: sample, loss_row("hinge"), ([1.0, 2.0], [1, -1])))
    with pytest.raises(TypeError, match="lists of numbers, such as"):
        report(History(MLP(1, [1]), loss_row("hinge"), ([[1.0], 2.0], [1, -1])))
    with pytest.raises(ValueError, match="there are no samples"):
        report(History(MLP(2, [1]), loss_row("hinge"), ([], [])))


def test_test_samples_are_a_pair(plane):
    with pytest.raises(TypeError, match=re.escape("test is a pair: (inputs, targets)")):
        report(plane, test=3)
    with pytest.raises(ValueError, match=r"^of the test, inputs and targets differ in number: 1 and 2$"):
        report(plane, test=([[0.0, 1.0]], [1, -1]))


def test_a_model_that_overflows_is_still_drawn():
    model = MLP(2, [3, 1], "relu", seed=1)
    for parameter in model.parameters():
        parameter.data *= 1e200
    history = History(model, loss_row("mean_squared_error"), ([[0.0, 1.0], [1.0, 0.0]], [1.0, 2.0]))
    Elements(report(history).html)
    model.layers[0].neurons[0].weights[0].data = math.nan
    model.layers[1].neurons[0].bias.data = math.inf
    Elements(report(history).html)
    history.samples = ([[0.0], [1.0]], [1.0, 2.0])
    history.model = MLP(1, [2, 1])
    history.model.layers[0].neurons[0].weights[0].data = math.nan
    Elements(report(history).html)
    history.samples = ([[0.0] * 3, [1.0] * 3], [1.0, 2.0])
    history.model = MLP(3, [2, 1])
    history.model.layers[0].neurons[0].weights[0].data = math.nan
    Elements(report(history).html)


@pytest.mark.parametrize("inputs", [1.7e308, 1e154, 5e-324], ids=str)
@pytest.mark.parametrize("targets", [1.7e308, 1e154, 5e-324], ids=str)
@pytest.mark.parametrize("standardized", [True, False])
def test_numbers_of_any_size_are_drawn(inputs, targets, standardized):
    rows, goals = [[-inputs], [inputs], [0.0], [inputs]], [targets, -targets, 0.0, targets]
    standardization = Standardization.of(rows) if standardized else None
    model = MLP(1, [2, 1], "tanh")
    samples = (standardization.apply(rows) if standardization else rows), goals
    history = History(model, loss_row("mean_squared_error"), samples, samples, [Score(1.5e308, None)] * 2)
    history.validation = [Score(5e-324, None), Score(1e308, None)]
    history.penalties, history.learning_rates = [0.0, 0.0], [1e308, 5e-324]
    history.gradient_norms, history.kept = {"layers.0": [1.7e308, 1.7e308]}, 2
    told = report(history, standardization=standardization, test=samples).html
    assert not re.search(r'(?: d| x| y|width|height)="[^"]*(?:inf|nan)', told)
