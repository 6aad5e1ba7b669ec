"""The playground without its page: addresses say all of a run, and the server answers its own page only."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("websockets")

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from nn.playground import settings as playground_settings
from nn.playground.run import NEURON_SIDE, PLANE_SIDE, Run
from nn.playground.server import LARGEST_MESSAGE, is_loopback, open_server
from nn.playground.settings import FIELDS, Event, Settings, SettingsError, own_points

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


def test_what_is_as_by_default_is_left_out():
    assert Settings().query == ""
    assert Settings.from_query("") == Settings.from_query("#") == Settings()
    assert Settings.from_query("seed=2").query == "seed=2"


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
        ("data=own&own=1,2", "points x1,x2,target"),
        ("data=own&own=" + ";".join(["1,2,1"] * 501), "up to 500 points"),
        ("events=1:rate", "events are of the form"),
        ("events=1:weight:0.1:5", "out of range"),
        ("events=1:rate::inf", "the rate of events is a number from 1e-06 to 10"),
        ("events=1:rate::-5", "the rate of events is a number from 1e-06 to 10"),
        ("events=1:delete::5", "out of range"),
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
    assert Settings.from_query("data=xor&own=1,2,1").own == (), "other data need none"


def test_own_numbers_are_scaled():
    assert [t for *_, t in own_points("a,b,y\n0,0,10\n1,0,20\n0,1,15\n")] == [-1.0, 1.0, 0.0]
    assert [t for *_, t in own_points("a,b,y\n0,0,9\n1,0,10\n")] == [-1.0, 1.0]
    assert [t for *_, t in own_points("a,b,y\n0,0,1\n1,0,1.0\n2,0,2\n")] == [-1.0, -1.0, 1.0]


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


# -- the server ------------------------------------------------------------------------------------------------------


def served(talk, **options):
    """Run `talk(address)` while the playground is served."""

    async def all_of_it():
        async with open_server(**options) as address:
            return await asyncio.wait_for(talk(address), 60)

    return asyncio.run(all_of_it())


@contextlib.asynccontextmanager
async def tab(address, **options):
    place = urlsplit(address).netloc
    async with connect(f"ws://{place}/socket", origin=f"http://{place}", max_size=None, **options) as connection:
        assert (await told(connection))["kind"] == "choices"
        yield connection


async def told(connection):
    return json.loads(await asyncio.wait_for(connection.recv(), 20))


async def until(connection, fits):
    """Take messages, acknowledging frames, until one fits."""
    while True:
        message = await told(connection)
        if message["kind"] == "frame":
            await connection.send('{"do": "shown"}')
        if fits(message):
            return message


async def ask(connection, **wish):
    await connection.send(json.dumps(wish))


def requested(address, path="/", **headers):
    """Return (status, headers, body) of a request with exactly these headers."""

    def fetch():
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
        connection.putrequest("GET", path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read().decode()

    return asyncio.to_thread(fetch)


def test_the_page_comes_whole_from_this_server():
    async def talk(address):
        status, headers, page = await requested(address)
        assert status == 200
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
        assert "http" not in re.sub(r"http://www\.w3\.org/\S+", "", page), "nothing is taken from elsewhere"
        for path in re.findall(r'(?:src|href)="([^"#]+)"', page):
            assert path.startswith(("/", "data:")), path
            if path.startswith("/"):
                assert (await requested(address, path))[0] == 200
        for path in ("/nothing", "/../settings.py", "/playground.js/..", "/%2e%2e/settings.py"):
            assert (await requested(address, path))[0] == 404

    served(talk)


def test_a_request_under_another_name_is_refused():
    async def talk(address):
        port = urlsplit(address).port
        assert (await requested(address, Host=f"localhost:{port}"))[0] == 200
        for host in ("evil.example", f"evil.example:{port}", "192.168.1.7", "127.0.0.1.evil.example", "[", ""):
            assert (await requested(address, Host=host))[0] == 403, host

    served(talk)


def test_only_a_page_of_this_server_may_connect():
    async def talk(address):
        place = urlsplit(address).netloc
        for origin in (None, "http://evil.example", f"https://{place}", "null", f"http://{place}.evil.example"):
            with pytest.raises(InvalidStatus, match="403"):
                await connect(f"ws://{place}/socket", origin=origin)
        async with tab(address):
            pass

    served(talk)


def test_other_machines_are_kept_out_unless_they_are_asked_in():
    for host in ("0.0.0.0", "::", "192.168.1.7", "example.org"):
        assert not is_loopback(host)
        with pytest.raises(ValueError, match="can be reached from other machines: add --remote"):
            served(requested, host=host)
    assert served(requested, host="0.0.0.0", remote=True)[0] == 200


MALFORMED = [
    "", "nonsense", "[]", "null", "7", '{"do": 1}', '{"do": "delete"}', '{"do": "settings"}',
    '{"do": "own", "text": 5}',
    '{"do": "settings", "query": "noise=1000"}', '{"do": "rate", "value": "fast"}', '{"do": "rate", "value": 1e999}',
    '{"do": "weight", "layer": 0}', '{"do": "weight", "layer": 0.5, "neuron": 0, "input": 0, "value": 1}',
    '{"do": "weight", "layer": 99, "neuron": 0, "input": 0, "value": 1}',
    '{"do": "weight", "layer": 0, "neuron": 0, "input": 0, "value": NaN}',
    '{"do": "look", "layer": true, "neuron": 0, "sample": 0}',
    '{"do": "look", "layer": 0, "neuron": 0, "sample": 1000000}',
    "[" * 50_000, b"\xff\xfe", '{"do": "own", "text": "a,b,c\\n1,2\\n"}', '{"do": "rate", "value": ' + "9" * 400 + "}",
]  # fmt: skip


def test_malformed_messages_are_answered_and_nothing_is_lost():
    async def talk(address):
        async with tab(address) as connection:
            await ask(connection, do="settings", query="layers=2&epoch=2")
            await until(connection, lambda message: message.get("epoch") == 2)
            for message in MALFORMED:
                await connection.send(message)
                error = await until(connection, lambda answer: answer["kind"] == "error")
                assert error["text"], message
                assert "\n" not in error["text"]
                assert len(error["text"]) < 400
            await ask(connection, do="step")
            assert (await until(connection, lambda answer: answer["kind"] == "frame"))["epoch"] == 3

    served(talk)


def test_a_run_that_breaks_off_is_told_and_another_one_can_be_had(monkeypatch, capfd):
    async def talk(address):
        async with tab(address) as connection:
            await ask(connection, do="settings", query="layers=2")
            await until(connection, lambda message: message["kind"] == "frame")
            with monkeypatch.context() as patch:
                patch.setattr(Run, "step", lambda run: 1 / 0)
                await ask(connection, do="play")
                error = await until(connection, lambda message: message["kind"] == "error")
                assert "the run broke off: ZeroDivisionError" in error["text"]
            await ask(connection, do="settings", query="layers=2&epoch=2")
            await until(connection, lambda message: message.get("epoch") == 2)

    served(talk)
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_own_data_that_cannot_be_split_say_why():
    async def talk(address):
        async with tab(address) as connection:
            await ask(connection, do="settings", query="data=own&own=0,1,1;1,0,-1&train=10")
            error = await until(connection, lambda message: message["kind"] == "error")
            assert "too few" in error["text"] or "samples" in error["text"], error

    served(talk)


def test_a_message_that_is_too_long_ends_its_own_tab_only():
    async def talk(address):
        async with tab(address) as other:
            with contextlib.suppress(ConnectionClosed):
                async with tab(address) as connection:
                    await connection.send("x" * (LARGEST_MESSAGE + 1))
                    await connection.recv()
                    raise AssertionError("it was taken")
            await ask(other, do="settings", query="")
            assert (await told(other))["kind"] == "stage"

    served(talk)


def test_tabs_have_runs_of_their_own_and_closed_ones_are_forgotten():
    async def talk(address):
        async with tab(address) as first, tab(address) as second:
            await ask(first, do="settings", query="data=xor&layers=2")
            await ask(second, do="settings", query="data=gauss&layers=4")
            for connection in (first, second):
                await ask(connection, do="play")
            one = await until(first, lambda message: message.get("epoch", 0) > 5)
            two = await until(second, lambda message: message.get("epoch", 0) > 5)
            assert one["query"].startswith("data=xor")
            assert two["query"].startswith("data=gauss")
            assert [len(layer) for layer in two["weights"]] == [4, 1]
        for _ in range(100):
            if len(asyncio.all_tasks()) <= 2:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"still running: {asyncio.all_tasks()}")

    served(talk)


def test_an_address_with_an_epoch_goes_there_and_stops():
    async def talk(address):
        async with tab(address) as connection:
            await ask(connection, do="settings", query="layers=2&epoch=7")
            frame = await until(connection, lambda message: message.get("epoch") == 7)
            assert not frame["plays"]
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(connection.recv(), 0.3)
            assert frame["train"] == gone("layers=2&epoch=7").frame()["train"]

    served(talk)


def test_a_page_that_shows_nothing_is_sent_nothing_more():
    async def talk(address):
        async with tab(address) as connection:
            await ask(connection, do="settings", query="layers=2")
            await until(connection, lambda message: message["kind"] == "frame")
            await ask(connection, do="play")
            await told(connection)
            frames = 0
            with contextlib.suppress(TimeoutError):
                while frames < 5:
                    await asyncio.wait_for(connection.recv(), 0.5)
                    frames += 1
            assert frames <= 2

    served(talk)


# -- the command -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_ctrl_c(sent):
    command = [sys.executable, "-m", "nn", "playground", "--no-browser", "--state", "data=xor"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        address = re.fullmatch(r"the playground is at (http://127\.0\.0\.1:\d+/)#data=xor \(Ctrl-C ends it\)\n", line)[
            1
        ]

        async def play():
            async with tab(address) as connection:
                await ask(connection, do="settings", query="")
                await ask(connection, do="play")
                await until(connection, lambda message: message.get("epoch", 0) > 2)
                process.send_signal(sent)
                began = time.monotonic()
                with contextlib.suppress(ConnectionClosed):
                    while True:
                        await asyncio.wait_for(connection.recv(), 10)
                return time.monotonic() - began

        assert asyncio.run(play()) < 5
        assert process.wait(5) == 0
        assert process.stderr.read().strip() == "stopped"


@pytest.mark.parametrize(
    ("arguments", "told_to_user"),
    [
        (["--host", "0.0.0.0"], "0.0.0.0 can be reached from other machines: add --remote if that is what you want"),
        (["--port", "70000"], "expected a port from 1 to 65535"),
        (["--host", "256.1.1.1", "--remote"], "256.1.1.1"),
    ],
)
def test_the_command_says_what_does_not_fit(arguments, told_to_user):
    command = [sys.executable, "-m", "nn", "playground", "--no-browser", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (1, 2)
    assert told_to_user in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_every_setting_has_a_field():
    assert list(FIELDS) == list(Settings.__dataclass_fields__)
