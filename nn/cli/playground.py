"""`python -m nn playground`: serve the playground until Ctrl-C, and open its page.

This room knows the terminal. The server stands in `nn.playground.server`.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import webbrowser
from argparse import Namespace

from nn.cli.flags import WrongUseError

__all__ = ["playground"]


def playground(options: Namespace) -> int:
    """Serve until Ctrl-C, and return the exit code: 0, for that is how it ends.

    Raises:
        WrongUseError: the host can be reached from other machines, and that was not asked for.
        ModuleNotFoundError: websockets is not installed.
        OSError: the port is taken.
    """
    try:
        from nn.playground.server import open_server
    except ModuleNotFoundError as error:
        if error.name != "websockets":
            raise
        raise ModuleNotFoundError(
            'the playground needs websockets, which is not installed: pip install "tapegrad[playground]"',
            name="websockets",
        ) from error

    async def serve() -> None:
        try:
            async with open_server(options.host, options.port, remote=options.remote) as address:
                _tell(address, options)
                await _ctrl_c()
        except ValueError as error:
            raise WrongUseError(str(error)) from error
        except OSError as error:
            raise OSError(error.errno, error.strerror or str(error), f"{options.host}:{options.port}") from error

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
    print("\nstopped", file=sys.stderr)
    return 0


def _tell(address: str, options: Namespace) -> None:
    state = f"#{options.state.removeprefix('#')}" if options.state else ""
    print(f"the playground is at {address}{state} (Ctrl-C ends it)", flush=True)
    if options.browser:
        webbrowser.open(address + state)


async def _ctrl_c() -> None:
    """Wait for Ctrl-C, or for the system to end this process."""
    ended = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: asyncio.run raises KeyboardInterrupt by itself
            asyncio.get_running_loop().add_signal_handler(name, ended.set)
    await ended.wait()
