"""The playground without its page: the server answers its own page only, and loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

pytest.importorskip("websockets")

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from nn.playground import server
from nn.playground.run import Run
from nn.playground.server import LARGEST_MESSAGE, is_loopback, open_server
from nn.playground.settings import SettingsError
from tests.test_playground_runs import gone

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
        for path in ("/nothing", "/zebra", "/../settings.py", "/playground.js/..", "/%2e%2e/settings.py"):
            assert (await requested(address, path))[0] == 404

    served(talk)


def test_a_request_under_another_name_is_refused():
    async def talk(address):
        port = urlsplit(address).port
        assert (await requested(address, Host=f"localhost:{port}"))[0] == 200
        for host in (
            "evil.example",
            "zebra",
            f"zebra.example:{port}",
            "192.168.1.7",
            "127.0.0.1.evil.example",
            "[",
            "",
        ):
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


def test_each_server_has_a_port_of_its_own():
    async def both():
        async with open_server() as one, open_server() as other:
            return one, other

    one, other = map(urlsplit, asyncio.run(both()))
    assert one.port != other.port
    assert one.hostname == other.hostname == "127.0.0.1"
    assert min(one.port, other.port) >= 1024


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
            frame = await until(connection, lambda message: message.get("epoch") == 2)
            assert not frame["plays"], "it waits to be started"

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


@pytest.mark.long
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


@pytest.mark.long
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


# -- what a page sends -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wish", [{"do": "play"}, {"do": "own", "text": ""}])
def test_what_a_page_asks_for_is_understood(wish):
    assert server._understood(json.dumps(wish)) == wish
    assert server._understood(json.dumps(wish).encode()) == wish


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (server._text, "a", "a"),
        (server._text, "", ""),
        (server._text, 5, "x is no text"),
        (server._text, None, "x is no text"),
        (server._number, 5, 5.0),
        (server._number, -0.5, -0.5),
        (server._number, 10**400, float("inf")),
        (server._number, True, "x is no number"),
        (server._number, "5", "x is no number"),
        (server._whole, 5, 5),
        (server._whole, -(10**9), -(10**9)),
        (server._whole, 10**9, 10**9),
        (server._whole, 10**9 + 1, "x is no whole number, or a huge one"),
        (server._whole, -(10**9) - 1, "x is no whole number, or a huge one"),
        (server._whole, False, "x is no whole number, or a huge one"),
        (server._whole, 5.0, "x is no whole number, or a huge one"),
    ],
)
def test_what_a_page_sends_is_of_its_kind(read, value, expected):
    if isinstance(expected, str) and " " in expected:
        with pytest.raises(SettingsError, match=f"^a message was not understood: {expected}$"):
            read({"x": value}, "x")
    else:
        found = read({"x": value}, "x")
        assert found == expected
        assert type(found) is type(expected)


def test_what_json_cannot_say_is_null():
    data = {"a": [1.5, float("nan"), {"b": float("-inf")}], "c": "text", "d": 7, "e": None, "f": True}
    assert server._finite(data) == {"a": [1.5, None, {"b": None}], "c": "text", "d": 7, "e": None, "f": True}


class Steps:
    """A run that counts its epochs."""

    def __init__(self, target=0, end=10**9):
        self.epoch, self.target, self.end = 0, target, end

    @property
    def is_behind(self):
        return self.epoch < self.target

    @property
    def stopped(self):
        return "at its end" if self.epoch >= self.end else None

    def step(self):
        self.epoch += 1

    def frame(self):
        return {"epoch": self.epoch}


def test_a_run_is_trained_for_a_slice_of_time_and_no_further_than_it_is_to_go(monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(server, "SLICE", 3.5)
    monkeypatch.setattr(server.time, "perf_counter", lambda: next(clock))
    for run, to_target, epochs in (
        (Steps(), False, 4),
        (Steps(target=2), True, 2),
        (Steps(target=2), False, 4),
        (Steps(target=9), True, 4),
        (Steps(end=3), False, 3),
        (Steps(end=0), False, 1),
    ):
        server._advanced(run, to_target)
        assert run.epoch == epochs


def test_quick_epochs_share_a_slice_that_no_eye_sees(monkeypatch):
    milliseconds = itertools.count()
    monkeypatch.setattr(server.time, "perf_counter", lambda: next(milliseconds) / 1000.0)
    run = Steps()
    server._advanced(run, False)
    assert 5 <= run.epoch <= 50


def shown_of(run, *, plays=True, rounds=1, clock=()):
    """The frames that a page is sent of a run: (epoch, whether it plays), until it has been waited for or has come
    to rest so many times; what it is sent it shows only then."""
    frames, rested = [], []

    class Connection:
        async def send(self, text):
            message = json.loads(text)
            frames.append((message["epoch"], message["plays"]))

    class Resting(asyncio.Event):
        async def wait(self):
            rested.append(run.epoch)
            return await super().wait()

    async def trained():
        tab = server._Tab(Connection())
        tab._run, tab._plays, tab._shown, tab._awake = run, plays, Resting(), Resting()
        training = asyncio.create_task(tab._train_on())
        for count in range(1, rounds + 1):
            tab._shown.set()
            while len(rested) < count:
                await asyncio.sleep(0.0)
        training.cancel()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "time", SimpleNamespace(monotonic=iter(clock).__next__, perf_counter=time.perf_counter))
        patch.setattr(server, "SLICE", -1.0)  # one epoch each
        asyncio.run(asyncio.wait_for(trained(), 20))
    return frames, rested


def test_a_page_in_the_background_is_trained_for_as_long_as_it_is_waited_for():
    seconds = itertools.count(3)
    frames, rested = shown_of(Steps(end=100), rounds=2, clock=seconds)
    assert frames == [(1, True), (8, True)]
    assert rested == [7, 14], "after more than five seconds"


def test_the_last_frame_of_a_run_is_sent_even_where_the_one_before_is_not_shown():
    frames, rested = shown_of(Steps(end=4), clock=itertools.repeat(3.0))
    assert (frames, rested) == ([(1, True), (4, False)], [4])
    frames, rested = shown_of(Steps(target=3), plays=False, clock=itertools.repeat(3.0))
    assert (frames, rested) == ([(1, False), (3, False)], [3])


def test_an_address_with_colons_stands_in_brackets():
    assert server._spelled("::1") == "[::1]"
    assert server._spelled("localhost") == "localhost"
    assert is_loopback("::1")
    assert not is_loopback("")
    assert not is_loopback("zebra")


def test_a_page_asks_and_is_answered():
    async def talk(address):
        async with tab(address) as connection:
            for wish in (
                {"do": "step"},
                {"do": "rate", "value": 0.5},
                {"do": "look", "layer": 0, "neuron": 0, "sample": 0},
            ):
                await ask(connection, **wish)  # there is no run yet
            await ask(connection, do="settings", query="layers=2")
            stage = await told(connection)
            assert (stage["kind"], stage["layers"]) == ("stage", [2, 1])
            frame = await told(connection)
            assert (frame["kind"], frame["epoch"], frame["plays"]) == ("frame", 0, False)
            await ask(connection, do="step")
            frame = await told(connection)
            assert (frame["epoch"], frame["plays"]) == (1, False)
            await ask(connection, do="rate", value=0.5)
            assert (await told(connection))["rate"] == 0.5
            await ask(connection, do="weight", layer=0, neuron=1, input=2, value=0.25)
            assert (await told(connection))["weights"][0][1][2] == 0.25
            await ask(connection, do="look", layer=1, neuron=0, sample=3)
            seen = await told(connection)
            assert (seen["kind"], seen["layer"], seen["neuron"]) == ("look", 1, 0)
            assert seen["about"].startswith("training point 3 at ")
            await ask(connection, do="play")
            assert (await told(connection))["plays"]
            await ask(connection, do="look", layer=0, neuron=1, sample=0)
            await until(connection, lambda message: message["kind"] == "look")
            await ask(connection, do="rate", value=0.25)
            frame = await until(connection, lambda message: message.get("rate") == 0.25)
            assert not frame["plays"], "it rests while it is looked at"
            await ask(connection, do="own", text="a,y\n1,2\n3,4\n")
            own = await told(connection)
            assert own == {"kind": "own", "own": "-1.0,0.0,-1.0;1.0,0.0,1.0"}
            await ask(connection, do="play")
            assert (await told(connection))["plays"]
            await ask(connection, do="play", on=False)
            await until(connection, lambda message: message["kind"] == "frame" and not message["plays"])
            await ask(connection, do="play")
            await until(connection, lambda message: message.get("plays"))
            await ask(connection, do="step")
            await until(connection, lambda message: message.get("plays") is False)

    served(talk)


# -- the command -----------------------------------------------------------------------------------------------------


@pytest.mark.long
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


@pytest.mark.long
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
