"""The server of the playground: it gives out the page, and has one run for each tab that is open.

It listens on this machine only, unless told otherwise, and talks to nobody but its own page: a request must name the
server by an address of its own, and a connection must come from a page that this server gave out. What a page sends is
small, and checked before anything is done with it.

This room knows requests and messages. What a run is stands in `nn.playground.run`.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.resources
import ipaddress
import json
import math
import time
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from nn.playground.run import Run
from nn.playground.settings import Settings, SettingsError, choices, own_points

__all__ = ["is_loopback", "open_server"]

PAGES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/playground.css": ("playground.css", "text/css; charset=utf-8"),
    "/playground.js": ("playground.js", "text/javascript; charset=utf-8"),
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data: blob:; "
    "connect-src 'self' {socket}; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
LARGEST_MESSAGE = 128 * 1024
"""Bytes that a page may send at once: one's own data and the address are the longest."""

LARGEST_NUMBER = 10**9
"""Of a layer, a neuron or a sample that a page may ask for."""

SLICE = 0.01
"""Seconds of training between two looks at what the page wants."""

PATIENCE = 5.0
"""Seconds to wait for a page to say that it has shown a frame: one in the background may not."""


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextlib.asynccontextmanager
async def open_server(host: str = "127.0.0.1", port: int = 0, *, remote: bool = False) -> AsyncGenerator[str, None]:
    """Return a context in which the playground is served; it gives the address of the page.

    Args:
        host: to listen on.
        port: to listen on; 0 for one that is free.
        remote: whether the host may be reachable from other machines.

    Raises:
        ValueError: the host is not this machine alone, and that was not asked for.
        OSError: the port is taken, or the host is none of this machine.
    """
    if not remote and not is_loopback(host):
        raise ValueError(f"{host} can be reached from other machines: add --remote if that is what you want")
    pages = _Pages(remote)
    async with serve(
        _connected,
        host,
        port,
        process_request=pages.answer,
        max_size=LARGEST_MESSAGE,
        max_queue=16,
        compression=None,
        server_header=None,
        close_timeout=1,
    ) as server:
        yield f"http://{_spelled(host)}:{_port(server)}/"


def _port(server: Server) -> int:
    number: int = next(iter(server.sockets)).getsockname()[1]
    return number


def _spelled(host: str) -> str:
    return f"[{host}]" if ":" in host else host


# -- requests --------------------------------------------------------------------------------------------------------


class _Pages:
    """Answers requests: with the page and what belongs to it, or, for a connection of that page, not at all."""

    def __init__(self, remote: bool) -> None:
        self._remote = remote
        folder = importlib.resources.files("nn.playground") / "page"
        self._files = {path: ((folder / name).read_bytes(), kind) for path, (name, kind) in PAGES.items()}

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Return the response to a request; None to go on and open a connection."""
        del connection
        host = request.headers.get("Host", "")
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            name = ""
        if not self._remote and not is_loopback(name):
            return _plain(HTTPStatus.FORBIDDEN, "This server answers to this machine's own addresses only.\n")
        path = urlsplit(request.path).path
        if path == "/socket":
            if request.headers.get("Origin") != f"http://{host}":
                return _plain(HTTPStatus.FORBIDDEN, "Only a page of this server may connect to it.\n")
            return None
        if path not in self._files:
            return _plain(HTTPStatus.NOT_FOUND, f"There is nothing here; the playground is at http://{host}/\n")
        body, kind = self._files[path]
        return _response(HTTPStatus.OK, kind, body, POLICY.format(socket=f"ws://{host}"))


def _plain(status: HTTPStatus, text: str) -> Response:
    return _response(status, "text/plain; charset=utf-8", text.encode(), "default-src 'none'")


def _response(status: HTTPStatus, kind: str, body: bytes, policy: str) -> Response:
    headers = Headers(
        {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "Connection": "close",
        }
    )
    return Response(status.value, status.phrase, headers, body)


# -- messages --------------------------------------------------------------------------------------------------------


async def _connected(connection: ServerConnection) -> None:
    """Serve one tab until it is closed."""
    with contextlib.suppress(ConnectionClosed):
        await _Tab(connection).serve()


class _Tab:
    """One open page: what it asks for, in turn, and between that its run, if it plays.

    All of a tab's work is done one piece after the other, each in a thread, so that many tabs share the machine and
    none waits for another's long epoch to be answered.
    """

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._run: Run | None = None
        self._plays = False
        self._shown = asyncio.Event()  # the page has shown the last frame
        self._sent = 0.0  # when that was sent, in seconds
        self._work = asyncio.Lock()
        self._awake = asyncio.Event()

    async def serve(self) -> None:
        """Answer messages, and train while nothing is asked."""
        self._shown.set()
        await self._send({"kind": "choices", **choices()})
        training = asyncio.create_task(self._train())
        try:
            async for message in self._connection:
                await self._answer(message)
        finally:
            training.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await training

    async def _answer(self, message: str | bytes) -> None:
        try:
            wish = _understood(message)
            done = await ANSWERS[wish["do"]](self, wish)
        except (ValueError, FileNotFoundError, RuntimeError) as error:  # as users may cause them
            done = {"kind": "error", "text": " ".join(str(error).split())}
        if done is not None:
            await self._send(done)

    async def _send(self, message: dict[str, Any]) -> None:
        await self._connection.send(json.dumps(message, allow_nan=False))

    # -- training ----------------------------------------------------------------------------------------------------

    async def _train(self) -> None:
        """Train and show frames, for ever; a run that breaks off is told to the page, which may ask for another one."""
        while True:
            try:
                await self._train_on()
            except ConnectionClosed:
                return
            except Exception as error:
                self._run, self._plays = None, False
                traceback.print_exc()
                await self._send({"kind": "error", "text": f"the run broke off: {type(error).__name__}: {error}"})

    async def _train_on(self) -> None:
        while True:
            run = self._run
            if run is None or not (self._plays or run.is_behind) or run.stopped:
                self._awake.clear()
                await self._awake.wait()
                continue
            async with self._work:
                if run is self._run:
                    await asyncio.to_thread(_advanced, run, run.is_behind)
            if run is not self._run:
                continue
            if self._shown.is_set() or run.stopped or not (self._plays or run.is_behind):
                await self._show()
            elif time.monotonic() - self._sent > PATIENCE:  # nobody looks: a tab in the background shows nothing
                await self._shown.wait()

    async def _show(self) -> None:
        async with self._work:
            if self._run is None:
                return
            frame = await asyncio.to_thread(self._run.frame)
        self._shown.clear()
        self._sent = time.monotonic()
        await self._send({"kind": "frame", "plays": self._plays and not self._run.stopped, **_finite(frame)})

    # -- what can be asked -------------------------------------------------------------------------------------------

    async def _settings(self, wish: dict[str, Any]) -> dict[str, Any] | None:
        settings = Settings.from_query(_text(wish, "query"))
        async with self._work:
            run = await asyncio.to_thread(Run, settings)
            self._run = run
            stage = await asyncio.to_thread(run.stage)
        await self._send({"kind": "stage", **stage})
        await self._show()
        self._awake.set()
        return None

    async def _play(self, wish: dict[str, Any]) -> None:
        self._plays = bool(wish.get("on", True))
        self._awake.set()
        await self._show()

    async def _step(self, wish: dict[str, Any]) -> None:
        del wish
        self._plays = False
        if self._run is not None:
            async with self._work:
                await asyncio.to_thread(self._run.step)
            await self._show()

    async def _rate(self, wish: dict[str, Any]) -> None:
        if self._run is not None:
            async with self._work:
                self._run.set_rate(_number(wish, "value"))
            await self._show()

    async def _weight(self, wish: dict[str, Any]) -> None:
        if self._run is not None:
            place = tuple(_whole(wish, name) for name in ("layer", "neuron", "input"))
            async with self._work:
                self._run.set_weight(place, _number(wish, "value"))
            await self._show()

    async def _look(self, wish: dict[str, Any]) -> dict[str, Any] | None:
        if self._run is None:
            return None
        self._plays = False
        places = [_whole(wish, name) for name in ("layer", "neuron", "sample")]
        async with self._work:
            seen = await asyncio.to_thread(self._run.look, *places)
        return {"kind": "look", "layer": places[0], "neuron": places[1], **seen}

    async def _own(self, wish: dict[str, Any]) -> dict[str, Any]:
        points = own_points(_text(wish, "text"))
        settings = Settings(data="own", own=points)
        return {"kind": "own", "own": settings.query.partition("own=")[2].partition("&")[0]}

    async def _has_shown(self, wish: dict[str, Any]) -> None:
        del wish
        self._shown.set()


ANSWERS: dict[str, Callable[[_Tab, dict[str, Any]], Awaitable[dict[str, Any] | None]]] = {
    "settings": _Tab._settings,
    "play": _Tab._play,
    "step": _Tab._step,
    "rate": _Tab._rate,
    "weight": _Tab._weight,
    "look": _Tab._look,
    "own": _Tab._own,
    "shown": _Tab._has_shown,
}
"""What a page may ask for -> who answers."""


def _advanced(run: Run, to_target: bool) -> None:
    """Train for a slice of time, at least one epoch; at most to where the run is to go."""
    end = time.perf_counter() + SLICE
    while True:
        run.step()
        if run.stopped or time.perf_counter() > end or (to_target and not run.is_behind):
            return


def _understood(message: str | bytes) -> dict[str, Any]:
    """Return what a message asks for.

    Raises:
        SettingsError: it is not understood.
    """
    try:
        wish = json.loads(message)
    except (ValueError, RecursionError):
        raise SettingsError("a message was not understood: it is no JSON") from None
    if not isinstance(wish, dict) or not isinstance(wish.get("do"), str) or wish["do"] not in ANSWERS:
        raise SettingsError(f"a message was not understood: it asks for none of {', '.join(ANSWERS)}")
    return wish


def _text(wish: dict[str, Any], name: str) -> str:
    if not isinstance(wish.get(name), str):
        raise SettingsError(f"a message was not understood: {name} is no text")
    return str(wish[name])


def _number(wish: dict[str, Any], name: str) -> float:
    number = wish.get(name)
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise SettingsError(f"a message was not understood: {name} is no number")
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _whole(wish: dict[str, Any], name: str) -> int:
    number = wish.get(name)
    if isinstance(number, bool) or not isinstance(number, int) or abs(number) > LARGEST_NUMBER:
        raise SettingsError(f"a message was not understood: {name} is no whole number, or a huge one")
    return number


def _finite(data: Any) -> Any:
    """Return plain data with None for what JSON cannot say."""
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, dict):
        return {key: _finite(each) for key, each in data.items()}
    return [_finite(each) for each in data] if isinstance(data, list) else data
