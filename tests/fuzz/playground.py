"""The playground: an address or a message is refused in one line, or leads to a run that can be shown."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from nn.playground.run import Run
from nn.playground.server import _finite, _Tab
from nn.playground.settings import FIELDS, Settings, SettingsError
from tests.fuzz.draw import Draw
from tests.fuzz.laws import FaultError, refused
from tests.fuzz.saved import ODD
from tests.fuzz.tables import text_of

__all__ = ["check", "check_messages", "check_query", "messages_of", "query_of"]

NUMBERS = [
    "0",
    "1",
    "-1",
    "0.5",
    "1e308",
    "-1e308",
    "1e-320",
    "nan",
    "inf",
    "1e999",
    "1_0",
    "٣",
    "1" * 400,
    "",
    " 1",
    "x",
]
WORDS = [
    "moons", "circles", "gauss", "xor", "spiral", "plane", "own", "tanh", "relu", "sigmoid", "identity", "sgd",
    "momentum", "adagrad", "rmsprop", "adam", "none", "L1", "L2", "classification", "regression", "x1", "x1,x2",
    "sinx1,x1x1", "x1x2,x2x2,sinx2", "1", "8,8", "3", "4,2,1", "0:rate::0.5", "0:weight:0.0.0:1e6", "1:weight:9.9.9:1",
    "-1:rate::1", "2:weight:1.0.2:-1e6", "%00", "%ff", "&", "=", "#", ";", "+", "<script>",
]  # fmt: skip
SLOW = 64
"""One run in so many queries: a run takes longest."""


def query_of(data: bytes) -> str:
    """Return the address that some bytes make: any text, or settings with odd values."""
    draw = Draw(data)
    if draw.below(6) == 0:
        return draw.rest().decode("utf-8", "surrogateescape")
    return "&".join(_setting(draw) for _ in range(draw.below(5) + 1))


def _setting(draw: Draw) -> str:
    name = draw.one_of([*FIELDS, "own", "events"])
    if name == "own" and draw.likely(80):
        points = [",".join(draw.one_of(NUMBERS[:9]) for _ in range(3)) for _ in range(draw.below(12))]
        return f"data=own&own={';'.join(points)}"
    if name == "events" and draw.likely(80):
        value = draw.one_of(NUMBERS)
        return f"events={draw.below(4)}:weight:{draw.below(3)}.{draw.below(3)}.{draw.below(4)}:{value}"
    return f"{name}={draw.one_of([*WORDS, *NUMBERS])}"


def messages_of(data: bytes) -> list[str | bytes]:
    """Return the messages that some bytes make."""
    draw = Draw(data)
    messages: list[str | bytes] = [json.dumps({"do": "settings", "query": "layers=2&batch=50"})]
    for _ in range(draw.below(4) + 1):
        if draw.likely(10):
            messages.append(draw.bytes(draw.below(40)))
            continue
        wish: dict[str, Any] = {"do": draw.one_of(["own", "play", "step", "rate", "weight", "settings", "shown"])}
        if draw.likely(10):
            wish["do"] = draw.one_of(ODD)
        for name in ("value", "layer", "neuron", "input", "sample", "on"):
            wish[name] = draw.one_of([0, 1, *ODD]) if draw.likely(60) else 0
        wish["query"] = query_of(draw.bytes(20)) + "&epoch=1" if wish["do"] == "settings" else draw.one_of(ODD)
        wish["text"] = text_of(draw.bytes(30)) if draw.likely(80) else draw.one_of(ODD)
        messages.append(json.dumps(wish))
    return messages


def check(data: bytes) -> None:
    """Check the address that some bytes make, or, less often, the messages."""
    if data[:1] < b"\x40":
        check_messages(messages_of(data[1:]))
    else:
        check_query(query_of(data[1:]), runs=sum(data) % SLOW == 0)


def check_query(query: str, *, runs: bool = True) -> None:
    """Raise where an address breaks a law."""
    with refused(SettingsError):
        settings = Settings.from_query(query)
        if Settings.from_query(settings.query) != settings:
            raise FaultError(f"{query!r} is written as {settings.query!r}, which is not the same")
        if runs:
            with refused(ValueError):
                _check_run(settings)


def _check_run(settings: Settings) -> None:
    run = Run(settings)
    for _ in range(2):
        run.step()
        json.dumps(_finite({**run.stage(), **run.frame()}), allow_nan=False)
    if run.settings.own != settings.own:
        raise FaultError("a run changes its points")


class _Connection:
    """The other side of a tab: it keeps what it is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def send(self, text: str) -> None:
        self.sent.append(json.loads(text))


def check_messages(messages: list[str | bytes]) -> None:
    """Raise where an answer to messages breaks a law: each is answered, and errors are one line."""
    connection = _Connection()
    asyncio.run(_talk(connection, messages))
    for answer in connection.sent:
        if answer["kind"] == "error" and (not answer["text"] or len(answer["text"]) > 400 or "\n" in answer["text"]):
            raise FaultError(f"the page is told {answer['text']!r}")


async def _talk(connection: _Connection, messages: list[str | bytes]) -> None:
    tab = _Tab(connection)  # type: ignore[arg-type]
    for message in messages:
        await tab._answer(message)
