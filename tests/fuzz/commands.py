"""The two commands: whatever is typed, they answer, or say in one line what is wrong with it."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

from autograd.cli import main as autograd_command
from nn.cli.flags import _parsers, parsed
from tests.fuzz.draw import Draw
from tests.fuzz.expressions import text_of
from tests.fuzz.laws import FaultError

__all__ = ["check", "check_autograd", "check_flags", "typed"]

VALUES = [
    "1", "0", "-1", "1e999", "nan", "inf", "0.5", "1,2", "none", "all", "", " ", ",", "x", "\x00", "\n", "\ud800", "--",
    "adam", "sgd", "relu", "leaky_relu(0.1)", "softmax(0)", "mean_squared_error", "tab", '"', "99999999999999999999999",
    "1" * 5000, "iris", "moons", "a.csv", "%s", "%(prog)s", "{}", "=", "\x1b[31m", "٣", "1_0",
]  # fmt: skip
NUMBERS = [
    "1",
    "2",
    "pi/2",
    "9**9**9",
    "1e999",
    "nan",
    "-inf",
    "",
    "x",
    "sin(1)",
    "__import__('os')",
    "٣",
    "1_0",
    "(",
    "\x00",
]
REPORTS = [
    "--steps",
    "--forward",
    "--check",
    "--json",
    "--symbolic",
    "--help",
    "-h",
    "--",
    "--x",
    "--graph",
    "--json=1",
]


def typed(data: bytes) -> tuple[bool, list[str]]:
    """Return whether it is for `python -m nn`, and the arguments that some bytes make."""
    draw = Draw(data)
    if draw.likely(50):
        return True, _for_nn(draw)
    names = [
        f"{draw.one_of(['x', 'y', 'z', 'w1', 'b', 'ｘ', 'é', ''])}={draw.one_of(NUMBERS)}" for _ in range(draw.below(5))
    ]
    flags = [draw.one_of(REPORTS) for _ in range(draw.below(3))]
    return False, [text_of(draw.rest()), *names, *flags]


def _for_nn(draw: Draw) -> list[str]:
    command = draw.one_of(["train", "predict", "playground", "train", ""])
    flags = _parsers()[1].get(command or "train").flags  # type: ignore[union-attr]
    arguments = [command, draw.one_of(VALUES)]
    for _ in range(draw.below(5)):
        flag, value = draw.one_of(flags), draw.one_of(VALUES)
        arguments += [f"{flag}={value}"] if draw.likely(30) else [flag, value]
    return arguments


def check(data: bytes) -> None:
    """Check what some bytes type."""
    for_nn, arguments = typed(data)
    (check_flags if for_nn else check_autograd)(arguments)


def check_flags(arguments: list[str]) -> None:
    """Raise where reading the flags of `python -m nn` breaks a law."""
    said, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(said):
        try:
            parsed(arguments)
        except SystemExit as leaving:
            _check_told(arguments, leaving.code, told.getvalue(), 1)


def check_autograd(arguments: list[str]) -> None:
    """Raise where `python -m autograd` breaks a law."""
    said, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(said):
        code = autograd_command(arguments)
    _check_told(arguments, code, told.getvalue(), 2)
    if code == 0 and "--json" in arguments and not {"--help", "-h"} & set(arguments):
        json.loads(said.getvalue())


def _check_told(arguments: list[str], code: Any, told: str, most_lines: int) -> None:
    lines = told.splitlines()
    codes = (0, 1, 2) if "which is not installed" in told else (0, 2)
    if code not in codes or bool(code) != bool(lines) or len(lines) > most_lines or len(told) > 1000:
        raise FaultError(f"{arguments} ends with {code} and {told[:1000]!r}")
