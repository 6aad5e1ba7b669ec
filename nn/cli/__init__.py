"""The command `python -m nn`: train a network from a terminal, and predict with it.

This room knows exit codes and the two streams: results go to the standard output, progress and errors to the error
stream. What can be typed stands in `nn.cli.flags`, what is done in `nn.cli.train` and `nn.cli.predict`. Nothing that
is asked for is lost because nobody reads a stream any more.
"""

from __future__ import annotations

import contextlib
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from nn.checks import one_line
from nn.cli.flags import WrongUseError, parsed

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        argv: the arguments after the program's name; by default those of this process.

    Returns:
        0 done; 1 it ran but did not come to its end, or a package is missing; 2 wrong use or bad input; 130
        interrupted; 141 nobody reads on.
    """
    with contextlib.redirect_stderr(_Patient(sys.stderr)), contextlib.redirect_stdout(sys.stdout or _nowhere()):
        return _run(argv)


def _run(argv: Sequence[str] | None) -> int:
    name = "nn"
    try:
        _accept_all_characters()
        options = parsed(argv)
        name = f"nn {options.command}"
        code = COMMANDS[options.command](options)
        sys.stdout.flush()
    except SystemExit as leaving:  # how argparse ends after --help and after wrong use
        return int(leaving.code or 0)
    except BrokenPipeError:
        _let_go()
        return 141
    except KeyboardInterrupt:
        return _complain(f"{name}: interrupted", 130)
    except WrongUseError as error:
        return _complain(f"{name}: {error}", 2)
    except ModuleNotFoundError as error:
        return _complain(f"{name}: {error}", 1)
    except OSError as error:
        _let_go()
        where = f"{error.filename!r}: " if error.filename else ""
        return _complain(f"{name}: {where}{error.strerror or error}", 1)
    except MemoryError:
        return _complain(f"{name}: there is not enough memory", 1)
    return code


def _train(options: Namespace) -> int:
    from nn.cli.train import train

    return train(options)


def _predict(options: Namespace) -> int:
    from nn.cli.predict import predict

    return predict(options)


def _playground(options: Namespace) -> int:
    from nn.cli.playground import playground

    return playground(options)


COMMANDS = {"train": _train, "predict": _predict, "playground": _playground}


class _Patient:
    """An error stream that is silent where nobody listens: a run goes on without it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream or _nowhere()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self._stream = _nowhere()
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()


def _nowhere() -> Any:
    return open(os.devnull, "w", encoding="utf-8")  # as long as the process


def _accept_all_characters() -> None:
    """Let streams that cannot say a character write its number, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _let_go() -> None:
    """Write what is left for the standard output; where that cannot be, send it nowhere."""
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        with contextlib.suppress(OSError, ValueError):
            os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _complain(message: str, code: int) -> int:
    print(one_line(message), file=sys.stderr)
    return code
