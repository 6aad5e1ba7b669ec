"""Runs of the playground: an address says all of a run, and what there is to see of it."""

from __future__ import annotations

import base64
import contextlib
import importlib.resources
import json
import math
import re
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.playground import settings as playground_settings
from nn.playground.run import NEURON_SIDE, PLANE_SIDE, Run
from nn.playground.settings import FIELDS, Event, Settings, SettingsError, own_points
from nn.show.text import short

# -- addresses -------------------------------------------------------------------------------------------------------

SOME = st.builds(
    Settings,
    data=st.sampled_from([name for name in playground_settings.DATA if name != "own"]),
    noise=st.integers(0, 50),
    train=st.integers(10, 90),
    batch=st.integers(1, 50),
    features=st.sets(st.sampled_from(list(playground_settings.FEATURES)), min_size=1).map(
        lambda names: tuple(name for name in playground_settings.FEATURES if name in names)
    ),
    layers=st.lists(st.integers(1, 8), max_size=6).map(tuple),
    activation=st.sampled_from(playground_settings.ACTIVATION_CHOICES),
    rate=st.floats(1e-6, 10.0),
    optimizer=st.sampled_from(playground_settings.OPTIMIZER_CHOICES),
    penalty=st.sampled_from(playground_settings.PENALTIES),
    strength=st.floats(0.0, 10.0),
    problem=st.sampled_from(playground_settings.PROBLEMS),
    seed=st.integers(0, 999_999),
    epoch=st.integers(0, 20_000),
    events=st.lists(
        st.one_of(
            st.builds(Event, st.integers(0, 20_000), st.just("rate"), st.just(()), st.floats(1e-6, 10.0)),
            st.builds(
                Event,
                st.integers(0, 20_000),
                st.just("weight"),
                st.tuples(*[st.integers(0, 7)] * 3),
                st.floats(-1e6, 1e6),
            ),
        ),
        max_size=3,
    ).map(lambda events: tuple(sorted(events, key=lambda event: event.epoch))),
)


@given(SOME)
def test_an_address_says_all_of_it(chosen):
    assert Settings.from_query(chosen.query) == chosen
    assert Settings.from_query(f"#{chosen.query}") == chosen


def test_settings_stay_as_they_are():
    with pytest.raises(FrozenInstanceError):
        Settings().rate = 1.0


def test_the_page_and_the_server_begin_with_the_same_settings():
    script = (importlib.resources.files("nn.playground") / "page" / "playground.js").read_text("utf-8")
    table = script.partition("const DEFAULTS = {")[2].partition("}")[0]
    on_page = {name: FIELDS[name].read(name, text) for name, text in re.findall(r'(\w+): "([^"]*)"', table)}
    assert on_page == {name: getattr(Settings(), name) for name in FIELDS if name not in ("own", "epoch", "events")}
    assert (Settings().own, Settings().epoch, Settings().events) == ((), 0, ())


def test_what_is_as_by_default_is_left_out():
    assert Settings().query == ""
    assert Settings.from_query("") == Settings.from_query("#") == Settings()
    assert Settings.from_query("seed=2").query == "seed=2"


@pytest.mark.parametrize(
    ("name", "low", "high", "step"),
    [
        ("noise", 0, 50, 1),
        ("train", 10, 90, 1),
        ("batch", 1, 50, 1),
        ("seed", 0, 999_999, 1),
        ("epoch", 0, 20_000, 1),
        ("rate", 1e-6, 10.0, 1e-7),
        ("strength", 0.0, 10.0, 1e-7),
    ],
)
def test_a_setting_reaches_from_end_to_end_of_its_range(name, low, high, step):
    for number in (low, high):
        assert getattr(Settings.from_query(f"{name}={number!r}"), name) == number
    for number in (low - step, high + step):
        with pytest.raises(SettingsError, match=f"{name} is a .*number from {low:g} to {high:g}, not '{number!r}'"):
            Settings.from_query(f"{name}={number!r}")


@pytest.mark.parametrize(
    ("name", "fits", "too_much"),
    [
        ("layers", "8,8,8,8,8,1", "1,1,1,1,1,1,1"),
        ("layers", "8", "9"),
        ("layers", "1", "0"),
        ("own", ";".join(["1,2,1"] * 500), ";".join(["1,2,1"] * 501)),
        ("own", "1e6,-1e6,1", "1000001,0,1"),
        ("own", "1,2,3", "1,2,3,4"),
        ("events", ";".join(["1:rate::0.5"] * 500), ";".join(["1:rate::0.5"] * 501)),
        ("events", "20000:rate::0.5", "20001:rate::0.5"),
        ("events", "0:rate::0.5", "-1:rate::0.5"),
        ("events", "1:weight:0.0.0:-1e6", "1:weight:0.0.0:1000001"),
        ("events", "1:weight:0.0.0:1e6", "1:weight:0.0:1"),
        ("events", "1:rate::1", "1:rate:0:1"),
    ],
)
def test_as_much_fits_into_an_address_as_it_says(name, fits, too_much):
    more = "data=own&" if name == "own" else ""
    taken = getattr(Settings.from_query(f"{more}{name}={fits}"), name)
    assert len(taken) == 1 + fits.count("," if name == "layers" else ";")
    with pytest.raises(SettingsError, match=f"^{name}"):
        Settings.from_query(f"{more}{name}={too_much}")


def test_an_address_is_as_long_as_it_may_be():
    with pytest.raises(SettingsError, match="there is no setting"):
        Settings.from_query("x=" + "y" * 63_998)
    with pytest.raises(SettingsError, match="the address has more than 64,000 characters"):
        Settings.from_query("x=" + "y" * 63_999)
    with pytest.raises(SettingsError, match="not of the form"):
        Settings.from_query("&".join(["noise=1"] * 41))
    assert Settings.from_query("&".join(["noise=1"] * 40)).noise == 1


def test_what_is_wrong_is_repeated_as_far_as_it_helps():
    for text, told in (("y" * 40, "y" * 40), ("y" * 41, "y" * 39 + "…")):
        with pytest.raises(SettingsError, match=f"data is one of .*, not '{told}'$"):
            Settings.from_query(f"data={text}")


def test_features_are_what_they_are_called():
    computed = {title: compute(0.5, -3.0) for title, compute in playground_settings.FEATURES.values()}
    assert computed == {
        "x₁": 0.5,
        "x₂": -3.0,
        "x₁²": 0.25,
        "x₂²": 9.0,
        "x₁x₂": -1.5,
        "sin 2x₁": math.sin(1.0),
        "sin 2x₂": math.sin(-6.0),
    }
    assert Settings.from_query("features=x1x2,x1").features == ("x1", "x1x2"), "in the order of the page"


def test_the_page_is_told_what_there_is_to_choose():
    offered = playground_settings.choices()
    assert (offered["most_layers"], offered["most_neurons"]) == (6, 8)
    for name in ("data", "activation", "optimizer", "penalty", "problem"):
        assert getattr(Settings(), name) in offered[name]
        for each in offered[name]:
            more = "&own=1,2,1" if each == "own" else ""
            assert getattr(Settings.from_query(f"{name}={each}{more}"), name) == each
    assert offered["features"]["sinx2"] == "sin 2x₂"


def test_events_stand_in_the_order_of_their_epochs():
    events = Settings.from_query("events=5:rate::0.1;2:weight:0.1.2:0.5;5:rate::0.2").events
    assert [str(event) for event in events] == ["2:weight:0.1.2:0.5", "5:rate::0.1", "5:rate::0.2"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("data=cats", "data is one of moons"),
        ("cats=1", "there is no setting 'cats'; there are data"),
        ("noise=51", "noise is a whole number from 0 to 50, not '51'"),
        ("noise=" + "9" * 5000, "noise is a whole number"),
        ("noise=1.5", "noise is a whole number"),
        ("rate=nan", "rate is a number from 1e-06 to 10"),
        ("rate=0", "rate is a number"),
        ("layers=9", "layers are up to 6 numbers of neurons, 1 to 8"),
        ("layers=1,1,1,1,1,1,1", "layers are up to 6"),
        ("layers=,", "layers are up to 6"),
        ("features=", "features are one or more of"),
        ("features=x1,x1", "each once"),
        ("data=own", "needs points"),
        ("data=own&own=1,2", "points x1,x2,target separated by semicolons, of numbers from -1e+06 to 1e+06"),
        ("data=own&own=" + ";".join(["1,2,1"] * 501), "up to 500 points"),
        ("events=1:rate", "events are of the form"),
        ("events=1:weight:0.1:5", "out of range"),
        ("events=1:rate::inf", "the rate of events is a number from 1e-06 to 10"),
        ("events=1:rate::-5", "the rate of events is a number from 1e-06 to 10"),
        ("events=1:delete::5", "out of range"),
        ("events=1:delete::50", "'1:delete::50' is out of range"),
        ("=", "there is no setting ''"),
        ("x", "not of the form name=value"),
        ("&".join(["noise=1"] * 50), "not of the form"),
        ("x" * 70_000, "more than 64,000 characters"),
    ],
)
def test_a_wrong_address_says_what_is_wrong(query, told):
    with pytest.raises(SettingsError, match=re.escape(told)) as raised:
        Settings.from_query(query)
    assert len(str(raised.value)) < 300
    assert "\n" not in str(raised.value)


def test_every_setting_has_a_field():
    assert list(FIELDS) == list(Settings.__dataclass_fields__)


@given(st.text(max_size=60))
def test_any_other_text_is_an_error_too(text):
    with contextlib.suppress(SettingsError):
        Settings.from_query(text)


# -- one's own data --------------------------------------------------------------------------------------------------


def test_own_points_are_standardized_and_stand_in_the_address():
    points = own_points("a;b;kind\n0;1;yes\n2;3;no\n4;2;yes\n")
    assert [target for *_, target in points] == [1.0, -1.0, 1.0]
    assert sum(x for x, *_ in points) == pytest.approx(0.0, abs=1e-3)
    chosen = Settings(data="own", own=points)
    assert Settings.from_query(chosen.query) == chosen
    assert replace(chosen, data="moons").query == "own=" + chosen.query.partition("own=")[2]
    for data in playground_settings.DATA:
        needed = ((1.0, 2.0, 1.0),) if data == "own" else ()
        assert Settings.from_query(f"data={data}&own=1,2,1").own == needed


def test_own_numbers_are_scaled():
    assert [t for *_, t in own_points("a,b,y\n0,0,10\n1,0,20\n0,1,15\n")] == [-1.0, 1.0, 0.0]
    assert [t for *_, t in own_points("a,b,y\n0,0,9\n1,0,10\n")] == [-1.0, 1.0]
    assert [t for *_, t in own_points("a,b,y\n0,0,1\n1,0,1.0\n2,0,2\n")] == [-1.0, -1.0, 1.0]


def test_words_are_sides_in_their_order_and_numbers_keep_their_distances():
    def targets(*cells):
        return [t for *_, t in own_points("a,y\n" + "".join(f"{k},{cell}\n" for k, cell in enumerate(cells)))]

    assert targets("dog", "cat", "dog") == [1.0, -1.0, 1.0]
    assert targets("7", "3", "7") == [1.0, -1.0, 1.0]
    assert targets("3", "5", "11", "4") == [-1.0, -0.5, 1.0, -0.75]
    assert targets("1e308", "-1e308", "0") == [1.0, -1.0, 0.0]
    with pytest.raises(SettingsError, match="there are 3 classes"):
        targets("1", "1e400", "2")


def test_own_inputs_have_mean_zero_and_deviation_one_in_four_digits():
    points = own_points("a,b,y\n0,5,0\n1,7,1\n5,15,3\n")
    assert points == ((-0.9258, -0.9258, -1.0), (-0.4629, -0.4629, -0.3333), (1.3887, 1.3887, 1.0))
    assert [b for _, b, _ in own_points("a,b,y\n0,5,1\n1,5,2\n5,5,1\n")] == [0.0, 0.0, 0.0]
    assert len(own_points("a,y\n" + "".join(f"{k},{k % 2}\n" for k in range(500)))) == 500


def test_one_input_is_enough():
    points = own_points("x,y\n1,2\n2,3\n3,1\n")
    assert [(b, t) for _, b, t in points] == [(0.0, 0.0), (0.0, 1.0), (0.0, -1.0)]
    run = gone(Settings(data="own", own=points, problem="regression").query, 2)
    assert run.frame()["epoch"] == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file is empty"),
        ("a\n1\n", "has 1 column: the playground takes one or two columns of inputs"),
        ("a,b,c,d\n1,2,3,4\n", "has 4 columns: the playground takes one or two columns of inputs"),
        ("a,b,c\n1,x,1\n2,2,2\n", "line 2: 'x' is no number"),
        ("a,b,c\n1,1,1\n2,2,1\n", "all targets are '1'"),
        ("a,b,c\n1,1,cat\n", "all targets are 'cat'"),
        ("a,b,c\n1,1,cat\n2,2,dog\n3,3,cow\n", "there are 3 classes: the playground shows two"),
        ("a,b,c\n" + "1,2,3\n" * 501, "has 501 rows: the playground takes up to 500"),
        ("a,b,c\n1,2\n", "line 2 has 2 cells"),
    ],
)
def test_a_file_that_does_not_fit_says_why(text, told):
    with pytest.raises(SettingsError, match=re.escape(told)):
        own_points(text)


# -- runs ------------------------------------------------------------------------------------------------------------


def gone(query, epochs=0):
    run = Run(Settings.from_query(query))
    while run.is_behind:
        run.step()
    for _ in range(epochs):
        run.step()
    return run


@pytest.mark.parametrize(
    "query",
    [
        "data=moons&layers=3",
        "data=circles&optimizer=adam&penalty=L1",
        "data=gauss&layers=&features=x1x2,sinx1",
        "data=xor&activation=relu&optimizer=rmsprop&penalty=L2&strength=0.01",
        "data=spiral&problem=regression&optimizer=adagrad",
        "data=plane&problem=regression&activation=identity&batch=50",
        "data=plane&train=10&optimizer=sgd&activation=sigmoid",
        "data=own&own=0,0,1;1,1,-1;0,1,1;1,0,-1;0.5,1,1;0.2,0.1,-1",
    ],
)
def test_an_address_is_a_run_bit_by_bit(query):
    run = gone(query, 3)
    run.set_weight((0, 0, 1), 0.25)
    run.set_rate(0.1)
    run.step()
    again = gone(run.settings.query)
    assert again.frame() == run.frame()
    assert again.epoch == 4
    assert json.dumps(run.stage())


KEPT = [
    ("data=moons", [-0.2155, 1.1635, 0.0], [-0.5396, 1.5232, 0.0], 2.6067, (0.422161, 0.485401)),
    (
        "data=circles&optimizer=adam&penalty=L1&strength=0.01",
        *([-1.48, 0.8273, 0.0], [-1.6453, -0.3186, 0.0], 2.2521, (0.690779, 0.688495)),
    ),
    (
        "data=gauss&layers=3&optimizer=sgd&noise=30",
        *([-0.6322, -1.2369, 0.0], [-0.2903, -0.7093, 0.0], 2.3674, (0.602592, 0.608143)),
    ),
    (
        "data=xor&optimizer=rmsprop&penalty=L2&strength=0.01",
        *([1.0378, 0.6444, 0.0], [1.2401, 0.9713, 0.0], 1.9839, (0.503445, 0.534716)),
    ),
    (
        "data=spiral&optimizer=adagrad&features=x1,x2,sinx1,x1x1&activation=relu",
        *([-0.8976, 0.5069, 0.0], [-1.2222, -0.2944, 0.0], 2.6271, (0.617732, 0.651211)),
    ),
    (
        "data=plane&problem=regression&train=30&batch=5&seed=7",
        *([0.3798, 0.8505, -0.41076], [-1.4053, 0.5385, -0.50455], 2.0268, (0.0116988, 0.0143003)),
    ),
    (
        "data=xor&problem=regression&rate=0.1",
        *([-1.3861, 0.8106, 1.0], [-1.0466, 0.4406, 1.0], 1.9839, (0.273233, 0.397131)),
    ),
]


@pytest.mark.long
@pytest.mark.parametrize(("query", "train", "test", "reach", "losses"), KEPT)
def test_an_address_that_was_kept_gives_the_run_that_it_gave(query, train, test, reach, losses):
    run = gone(query, 2)
    stage, frame = run.stage(), run.frame()
    assert stage["train"][0] == pytest.approx(train, abs=1e-5)
    assert stage["test"][0] == pytest.approx(test, abs=1e-5)
    assert stage["reach"] == pytest.approx(reach, abs=1e-4)
    assert (frame["train"]["loss"], frame["test"]["loss"]) == pytest.approx(losses, rel=1e-5)


@pytest.mark.parametrize("data", [name for name in playground_settings.DATA if name != "own"])
def test_points_are_two_hundred_with_mean_zero_and_deviation_one(data):
    stage = Run(Settings.from_query(f"data={data}&train=30")).stage()
    assert (len(stage["train"]), len(stage["test"])) == (60, 140)
    points = [*stage["train"], *stage["test"]]
    for k in range(2):
        mean = sum(point[k] for point in points) / 200.0
        assert mean == pytest.approx(0.0, abs=1e-3 if data != "plane" else 0.2)
        if data != "plane":
            assert sum(point[k] ** 2 for point in points) / 200.0 == pytest.approx(1.0, abs=1e-3)
    assert stage["reach"] == pytest.approx(1.1 * max(abs(x) for point in points for x in point[:2]), abs=1e-3)
    assert {target for *_, target in points} == {0.0, 1.0}
    numbers = [t for *_, t in Run(Settings.from_query(f"data={data}&problem=regression")).stage()["train"]]
    assert max(map(abs, numbers)) <= 1.0
    assert min(numbers) < 0.0 < max(numbers)


def test_of_two_classes_the_second_is_above_zero():
    stage = Run(Settings.from_query("data=own&own=0,0,0;1,1,0.5;2,2,-0.5;3,3,0;4,4,1;5,5,-1&train=50")).stage()
    assert sorted((x, t) for x, _, t in [*stage["train"], *stage["test"]]) == [
        *((0.0, 0.0), (1.0, 1.0), (2.0, 0.0), (3.0, 0.0), (4.0, 1.0), (5.0, 0.0))
    ]


def test_the_page_knows_how_many_points_a_neuron_has():
    script = (importlib.resources.files("nn.playground") / "page" / "playground.js").read_text("utf-8")
    assert f"const SIDE = {NEURON_SIDE};" in script


def decoded(text):
    """The bytes of a picture as numbers from -127 to 127."""
    return np.frombuffer(base64.b64decode(text), np.int8)


def test_pictures_are_what_they_show():
    run = gone("layers=3,2&features=x1,x1x2&data=xor", 1)
    stage, frame = run.stage(), run.frame()
    assert stage["layers"] == [3, 2, 1]
    reach = stage["reach"]
    places = np.linspace(-reach, reach, NEURON_SIDE)
    across, upward = np.meshgrid(places, places[::-1])
    for name, numbers in (("x1", across), ("x2", upward), ("x1x2", across * upward)):
        expected = np.rint(127.0 * (numbers / np.abs(numbers).max()))
        assert np.abs(decoded(stage["features"][name]) - expected.reshape(-1)).max() <= 1.0
    assert list(stage["features"]) == list(playground_settings.FEATURES)
    inputs = np.stack([across, across * upward], axis=-1).reshape(-1, 2)
    hidden = run.model.layers[0].on_arrays(inputs)
    for k in range(3):
        assert frame["reach"][k] == pytest.approx(np.abs(hidden[:, k]).max())
        assert np.abs(decoded(frame["neurons"][k]) / 127.0 - hidden[:, k] / frame["reach"][k]).max() < 0.005
    places = np.linspace(-reach, reach, PLANE_SIDE)
    corner = run.model([places[0], places[0] * places[-1]]).data
    assert decoded(frame["plane"])[0] == np.rint(127.0 * np.tanh(0.5 * corner))
    assert decoded(frame["plane"]).max() <= 127
    numbers = gone("data=xor&problem=regression", 1)
    reach = numbers.stage()["reach"]
    answer = numbers.model([-reach, reach]).data
    assert decoded(numbers.frame()["plane"])[0] == np.rint(127.0 * max(-1.0, min(1.0, answer)))
    assert "accuracy" not in numbers.frame()["train"]


def test_numbers_that_are_not_finite_are_nothing_in_a_picture():
    run = gone("layers=1", 1)
    for weight in run.model.layers[0].neurons[0].row:
        weight.data = math.nan
    frame = run.frame()
    assert frame["reach"][0] == 0.0
    assert set(decoded(frame["neurons"][0])) == {0}


def test_answers_beyond_1_are_drawn_as_1():
    run = gone("data=plane&problem=regression&layers=&features=x1")
    run.set_weight((0, 0, 0), 3.0)
    picture = decoded(run.frame()["plane"]).reshape(PLANE_SIDE, PLANE_SIDE)
    assert (set(picture[:, 0]), set(picture[:, -1])) == ({-127}, {127})


def test_a_run_stops_where_an_address_ends_and_changes_are_counted(monkeypatch):
    monkeypatch.setattr("nn.playground.run.MOST_EPOCHS", 2)
    monkeypatch.setattr("nn.playground.run.MOST_EVENTS", 2)
    run = Run(Settings.from_query("layers=1"))
    assert not run.is_behind
    for epoch in (1, 2):
        run.step()
        assert (run.epoch, run.stopped) == (epoch, None)
    run.step()
    assert (run.epoch, run.stopped) == (2, "after 2 epochs: further an address does not go")
    run.set_rate(0.5)
    run.set_weight((0, 0, 0), -1e6)
    with pytest.raises(SettingsError, match=r"^2 changes were made by hand in this run: reset it$"):
        run.set_rate(0.25)
    assert run.frame()["rate"] == 0.5
    assert [str(event) for event in run.settings.events] == ["2:rate::0.5", "2:weight:0.0.0:-1000000.0"]


def test_a_run_goes_on_for_as_long_as_it_is_asked():
    assert gone("data=gauss&layers=&train=10&batch=50", 100).epoch == 100


def test_a_point_that_there_is_not_is_told():
    run = gone("layers=2&train=10")
    assert "<svg" in run.look(0, 0, 19)["drawing"]
    for sample in (20, -1):
        with pytest.raises(SettingsError, match=f"there is no training point {sample}: there are 20"):
            run.look(0, 0, sample)
    x1, x2, target = run.stage()["train"][3]
    assert run.look(1, 0, 3)["about"] == (
        f"training point 3 at x₁ = {short(x1)}, x₂ = {short(x2)}, target {short(target)}"
    )


def test_a_neuron_is_drawn_with_what_comes_into_it():
    run = gone("layers=2,1&data=gauss")
    sample = run.stage()["train"][0][:2]
    first = [each.data for each in run.model.layers[0](run._training_inputs[0])]
    drawing = run.look(1, 0, 0)["drawing"]
    for number in first:
        assert f"{number:.3g}".lstrip("-")[:5] in drawing.replace("−", "-")
    assert sample


def test_training_learns():
    run = gone("data=gauss&layers=2", 15)
    frame = run.frame()
    assert frame["test"]["accuracy"] > 0.9
    assert frame["train"]["loss"] < gone("data=gauss&layers=2").frame()["train"]["loss"]


def test_a_frame_has_a_picture_for_every_neuron_and_a_number_for_every_weight():
    run = gone("layers=3,2&features=x1,x2,x1x2", 1)
    frame = run.frame()
    assert [[len(row) for row in layer] for layer in frame["weights"]] == [[4] * 3, [4] * 2, [3]]
    assert [[len(row) for row in layer] for layer in frame["gradients"]] == [[4] * 3, [4] * 2, [3]]
    assert len(frame["neurons"]) == len(frame["reach"]) == 6
    assert {len(picture) for picture in frame["neurons"]} == {4 * -(-(NEURON_SIDE**2) // 3)}
    assert len(frame["plane"]) == 4 * -(-(PLANE_SIDE**2) // 3)
    assert len(frame["norms"]) == 3
    assert any(gradient for layer in frame["gradients"] for row in layer for gradient in row)


def test_changes_by_hand_take_effect_and_wrong_ones_do_not():
    run = gone("layers=2", 1)
    run.set_weight((0, 1, 2), 0.5)
    assert run.frame()["weights"][0][1][2] == 0.5
    run.set_rate(0.5)
    assert run.frame()["rate"] == 0.5
    for place in ((0, 2, 0), (5, 0, 0), (0, 0, 3), (-1, 0, 0)):
        with pytest.raises(SettingsError, match="there is no weight"):
            run.set_weight(place, 1.0)
    deep = gone("layers=2,2")
    deep.set_weight((1, 1, 1), -0.25)
    assert deep.frame()["weights"][1][1][1] == -0.25
    for number in (float("inf"), float("nan"), 1e7):
        with pytest.raises(SettingsError, match="a weight is a number"):
            run.set_weight((0, 0, 0), number)
    with pytest.raises(SettingsError, match="rate is a number"):
        run.set_rate(-1.0)
    assert len(run.settings.events) == 2


def test_changes_stand_in_the_order_of_their_epochs():
    run = Run(Settings.from_query("layers=2&epoch=3&events=5:rate::0.2"))
    with pytest.raises(SettingsError, match="on its way to epoch 3"):
        run.set_rate(0.1)
    while run.is_behind:
        run.step()
    run.set_rate(0.1)
    assert [event.epoch for event in run.settings.events] == [3, 5]
    run.step()
    run.step()
    assert run.frame()["rate"] == 0.2
    assert gone(run.settings.query).frame() == run.frame()


def test_an_address_that_changes_a_weight_there_is_not_is_refused():
    with pytest.raises(SettingsError, match=r"there is no weight 9\.0\.0"):
        Run(Settings.from_query("layers=2&epoch=6&events=3:weight:9.0.0:1.0"))


def test_a_run_goes_no_further_than_an_address(monkeypatch):
    monkeypatch.setattr("nn.playground.run.MOST_EPOCHS", 2)
    run = gone("layers=1", 4)
    assert run.epoch == 2
    assert "further an address does not go" in run.stopped


def test_a_run_that_diverges_says_so_and_stays():
    run = gone("data=plane&problem=regression&activation=relu&rate=10&optimizer=sgd&layers=8,8,8", 60)
    assert run.stopped == f"in epoch {run.epoch + 1} the loss or a weight stopped being a finite number"
    epoch = run.epoch
    run.step()
    assert run.epoch == epoch
    assert run.frame()["stopped"] == run.stopped


def test_looking_inside_shows_the_neuron_and_every_step():
    run = gone("layers=3,2", 2)
    for layer, neuron in ((0, 2), (1, 0), (2, 0)):
        seen = run.look(layer, neuron, 5)
        assert "<svg" in seen["drawing"]
        assert "<!DOCTYPE html>" in seen["steps"]
        assert "training point 5" in seen["about"]
    for wrong in ((3, 0, 0), (0, 3, 0), (0, 0, 1000), (0, 0, -1)):
        with pytest.raises(SettingsError):
            run.look(*wrong)
