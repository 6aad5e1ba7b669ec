"""The command: `python -m autograd EXPRESSION name=number ...`, also installed as `tapegrad`.

It reads an expression, differentiates it, and prints what was asked for. Everything is computed before anything is
printed, so that wrong input gives one line (and a caret under the place) and nothing else. This room computes nothing
itself and knows no mathematics.
"""

from __future__ import annotations

import difflib
import json
import math
import os
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import autograd
from autograd.differences import numerical_gradient
from autograd.dual import Dual
from autograd.errors import ExpressionError
from autograd.expressions import Expression, normal, parse
from autograd.listing import (
    Line,
    Seed,
    Share,
    adjoints,
    exact,
    lines,
    printable,
    pruned,
    shares_of,
    short,
    spelled,
    steps,
)
from autograd.primitives import TABLE
from autograd.show.trace import forward_trace, table, trace
from autograd.tape import Tape
from autograd.value import Value

__all__ = ["main"]

USAGE = "python -m autograd EXPRESSION name=number ... [options]"

HELP = f"""usage: {USAGE}

Evaluate an expression, differentiate it by backpropagation, and print its value, its gradient and its trace.

  python -m autograd "w1**3*w2 + 3*w1" w1=2 w2=3
  python -m autograd "sin(x) + x*y" x=pi/2 y=0 --steps
  python -m autograd "log(1 + exp(x))" x=0.5 --symbolic --check
  python -m autograd "w1**3*w2 + 3*w1" w1=2 w2=3 --graph graph.svg --html steps.html

An expression has numbers, names, + - * / // % **, parentheses and the functions below; pi and e are known.
where(x > 0, a, b) chooses; sum([x, y]), max(x, y) and dot([a, b], [c, d]) take many operands; log(x, 2) has a base,
round(x, 2) digits.
A number may be an expression without names, such as x=pi/2. Quote what your shell would take apart.

options:
  --steps       every step: the forward evaluations, the seed, every share, the sums
  --forward     forward mode beside it: the dual numbers, one sweep for each name
  --check       finite differences beside it
  --symbolic    the formula, and its symbolic gradient (needs sympy: pip install "tapegrad[symbolic]")
  --graph FILE  write the picture; .svg, .png and .pdf need Graphviz (pip install "tapegrad[dot]"), .dot needs nothing
  --html FILE   write a page to step through it in a browser: backpropagation, or with --forward forward mode in the
                first name; needs Graphviz too
  --json        print one JSON object for programs; numbers that are not finite are strings
  --help, -h    print this and end
  --            end of the options

In the trace, the slopes are the partial derivatives of an operation in its operands; the adjoint of a line is the
derivative of the result in it. Exit code: 0, or 2 for wrong input, 1 for something that is not installed.
"""

FLAGS = ("--steps", "--forward", "--check", "--symbolic", "--json", "--help")
WITH_A_VALUE = {"--graph": "graph.svg", "--html": "steps.html"}
"""Options with a file, and an example of one."""

WINDOW = 60
"""Characters of an expression that an error shows."""


class _WrongUseError(Exception):
    """Wrong input, said in one line.

    Attributes:
        reason: what is wrong.
        text: the argument that is wrong; empty where it is none in particular.
        position: of the place in it, or None.
    """

    def __init__(self, reason: str, text: str = "", position: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.text = text
        self.position = position


@dataclass
class _Request:
    """What was typed.

    Attributes:
        text: the expression.
        bindings: the arguments name=number.
        flags: the options without a value.
        files: option -> the file to write: --graph for the picture, --html for the page.
    """

    text: str | None = None
    bindings: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)


@dataclass
class _Result:
    """What was computed.

    Attributes:
        expression: what was typed, understood.
        numbers: name -> number, in the order of appearance.
        value: the result.
        gradient: name -> derivative.
        tape: of the result; None where it depends on no name.
    """

    expression: Expression
    numbers: dict[str, float]
    value: float
    gradient: dict[str, float]
    tape: Tape | None


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        argv: the arguments after the program's name; by default those of this process.

    Returns:
        0; 2 for wrong input; 1 for a package that is not installed; 130 when interrupted; 141 when nobody reads on.
    """
    try:
        text = _answer(_request(sys.argv[1:] if argv is None else argv))
        _print(text)
    except BrokenPipeError:
        _silence()
        return 141
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    except ModuleNotFoundError as error:
        return _complain(str(error), 1)
    except ExpressionError as error:
        return _complain(_pointed(error.reason, error.text, error.position), 2)
    except _WrongUseError as error:
        return _complain(_pointed(error.reason, error.text, error.position), 2)
    return 0


def _print(text: str) -> None:
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")  # for terminals without ∂ and ←
    print(text, flush=True)


def _silence() -> None:
    """Send what is left in the buffer of standard output nowhere: its reader has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _complain(message: str, code: int) -> int:
    encoding = sys.stderr.encoding or "ascii"
    print(f"autograd: {message}".encode(encoding, "replace").decode(encoding), file=sys.stderr)
    return code


def _pointed(reason: str, text: str, position: int | None) -> str:
    """Return a message that begins with what was typed, and where there is a position, a caret under it."""
    reason = printable(reason)
    if not text.strip():
        return reason
    place = position or 0
    start = max(0, place - WINDOW // 2)
    before = ("…" if start else "") + printable(text[start:place])
    shown = before + printable(text[place : start + WINDOW]) + ("…" if start + WINDOW < len(text) else "")
    if position is None:
        return f"{shown}: {reason}"
    return f"{shown}: {reason}\n{' ' * (len('autograd: ') + len(before))}^"


# -- what was typed --------------------------------------------------------------------------------------------------


def _request(argv: Sequence[str]) -> _Request:
    request = _Request()
    waiting = list(argv)
    while waiting:
        argument = waiting.pop(0)
        if argument == "--":
            for each in waiting:
                _take(request, each)
            break
        if argument == "-h":
            request.flags.add("--help")
        elif argument.startswith("--"):
            _take_option(request, argument, waiting)
        else:
            _take(request, argument)
    return request


def _take(request: _Request, argument: str) -> None:
    if request.text is None:
        request.text = argument
    else:
        request.bindings.append(argument)


def _take_option(request: _Request, argument: str, waiting: list[str]) -> None:
    name, given, value = argument.partition("=")
    if name in FLAGS:
        if given:
            raise _WrongUseError(f"{name} takes no value", argument)
        request.flags.add(name)
    elif name in WITH_A_VALUE:
        missing = f"a file name is missing, such as {name} {WITH_A_VALUE[name]}"
        if not given and (not waiting or waiting[0].startswith("--")):
            raise _WrongUseError(missing, argument)
        request.files[name] = value if given else waiting.pop(0)
        if not request.files[name]:
            raise _WrongUseError(missing, argument)
    else:
        close = difflib.get_close_matches(name, (*FLAGS, *WITH_A_VALUE), 1)
        hint = f"did you mean {close[0]}?" if close else "--help lists them; an expression may follow --"
        raise _WrongUseError(f"there is no such option: {hint}", argument)


def _numbers(expression: Expression, bindings: Sequence[str]) -> dict[str, float]:
    known = (*expression.names, *expression.constants)
    given: dict[str, float] = {}
    for binding in bindings:
        name, number = _bound(binding)
        if name in given:
            raise _WrongUseError(f"{name} has a number already", binding)
        if name not in known:
            names = ", ".join(expression.names)
            raise _WrongUseError(f"the expression has no {name}" + (f", it has {names}" if names else ""), binding)
        given[name] = number
    missing = [name for name in expression.names if name not in given]
    if missing:
        hint = " ".join(f"{name}=NUMBER" for name in missing)
        verb = "has no number" if len(missing) == 1 else "have no numbers"
        reason = f"{' and '.join(missing)} {verb}: add {hint}"
        raise ExpressionError(reason, expression.text, expression.position(missing[0]))
    return {name: given[name] for name in sorted(given, key=expression.position)}


def _bound(binding: str) -> tuple[str, float]:
    name, equals, number = binding.partition("=")
    name = normal(name.strip())
    if not equals:
        raise _WrongUseError("expected name=number here; an expression with spaces needs quotes", binding)
    if not name.isidentifier():
        raise _WrongUseError(f"{name!r} is not a name: expected name=number", binding)
    return name, _number(binding, len(binding) - len(number))


def _number(binding: str, start: int) -> float:
    text = binding[start:]
    try:
        number = float(text)
    except ValueError:
        return _constant_expression(binding, start)
    if math.isinf(number) and "inf" not in text.lower():
        raise _WrongUseError("this number is too large for a float", binding, start)
    return number


def _constant_expression(binding: str, start: int) -> float:
    text = binding[start:]
    try:
        expression = parse(text)
    except ExpressionError as error:
        reason = f"this is not a number ({error.reason})" if text.strip() else "a number is missing after ="
        raise _WrongUseError(reason, binding, start + error.position) from None
    if expression.names:
        name = expression.names[0]
        raise _WrongUseError("this is not a number", binding, start + expression.position(name))
    return float(expression.evaluate({}))


# -- what is computed ------------------------------------------------------------------------------------------------


def _answer(request: _Request) -> str:
    if "--help" in request.flags:
        return HELP + _functions()
    if request.text is None:
        raise _WrongUseError(f"an expression is missing: {USAGE}; --help says more")
    result = _computed(request)
    for option, path in request.files.items():
        _write(result, option, path, "--forward" in request.flags)
    report = _json if "--json" in request.flags else _text
    return report(result, request)


def _functions() -> str:
    names = "  ".join(sorted({row.name for row in TABLE if row.name in autograd.__all__}))
    return "\nfunctions:\n" + textwrap.fill(names, 118, initial_indent="  ", subsequent_indent="  ")


def _computed(request: _Request) -> _Result:
    text = request.text or ""
    name, equals, rest = text.partition("=")
    if equals and name.strip().isidentifier() and not rest.startswith("="):
        raise _WrongUseError(f"the expression comes first: {USAGE}", text)
    expression = parse(text)
    numbers = _numbers(expression, request.bindings)
    leaves = {name: Value(number, label=name) for name, number in numbers.items()}
    value = expression.evaluate(leaves)
    if not isinstance(value, Value):
        return _Result(expression, numbers, float(value), {}, None)
    value.backward()
    gradient = {name: leaf.grad for name, leaf in leaves.items()}
    return _Result(expression, numbers, value.data, gradient, pruned(value))


def _write(result: _Result, option: str, path: str, forward: bool) -> None:
    """Write the picture, or the page to step through."""
    from autograd.show.render import draw
    from autograd.show.stepper import step_through

    tape = _tape(result, option)
    try:
        if option == "--graph":
            draw(tape, path)
        else:
            step_through(tape, mode="forward" if forward else "reverse", title=result.expression.text).save(path)
    except OSError as error:
        raise _WrongUseError(f"cannot be written: {error.strerror or error}", path) from None
    except (ValueError, RuntimeError) as error:
        raise _WrongUseError(str(error), path) from None


def _tape(result: _Result, option: str) -> Tape:
    if result.tape is None:
        raise _WrongUseError(f"{option} needs an expression with a name in it", result.expression.text)
    return result.tape


def _differences(result: _Result) -> dict[str, float]:
    names = list(result.numbers)
    try:
        found = numerical_gradient(
            lambda point: result.expression.evaluate(dict(zip(names, point))),
            list(result.numbers.values()),
            method="central",
        )
    except ValueError as error:
        raise _WrongUseError(f"--check: {error}", result.expression.text) from None
    return dict(zip(names, found))


def _tangents(result: _Result) -> dict[str, float]:
    """Return the derivatives by forward mode: one evaluation on dual numbers for each name."""
    tangents: dict[str, float] = {}
    for name in result.numbers:
        moved = result.expression.evaluate({**result.numbers, name: Dual(result.numbers[name], 1.0)})
        tangents[name] = moved.tangent if isinstance(moved, Dual) else 0.0
    return tangents


def _formulas(result: _Result) -> tuple[str, dict[str, str]]:
    from autograd.symbolic import symbolic_gradient, to_sympy

    tape = _tape(result, "--symbolic")
    try:
        return str(to_sympy(tape)), {str(symbol): str(slope) for symbol, slope in symbolic_gradient(tape).items()}
    except (ValueError, RecursionError) as error:
        reason = "the formula is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise _WrongUseError(f"--symbolic: {reason}", result.expression.text) from None


# -- as text ---------------------------------------------------------------------------------------------------------


def _text(result: _Result, request: _Request) -> str:
    parts = [_summary(result)]
    if result.tape is not None:
        parts.append(trace(result.tape))
    parts += [_SECTIONS[flag](result) for flag in FLAGS if flag in request.flags and flag in _SECTIONS]
    written = [f"{_WHAT[option]} is in {printable(path)}" for option, path in request.files.items()]
    if written:
        parts.append("\n".join(written))
    return "\n\n".join(parts)


_WHAT = {"--graph": "the picture", "--html": "the page"}


def _summary(result: _Result) -> str:
    rows = [("value", exact(result.value))]
    rows += [(f"d/d{name}", exact(slope)) for name, slope in result.gradient.items()]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{width}} = {number}" for name, number in rows)


def _steps_section(result: _Result) -> str:
    taken = list(steps(_tape(result, "--steps")))
    backward = next(k for k, step in enumerate(taken) if isinstance(step, Seed))
    rows = ["forward: every line gets its primal", *_indented(taken[:backward])]
    rows += ["backward: the seed, then share by share: adjoint of the result × slope", *_indented(taken[backward:])]
    rows += _sums(shares_of(taken))
    return "\n".join(rows)


def _indented(things: Sequence[object]) -> list[str]:
    return [f"  {printable(str(thing))}" for thing in things]


def _sums(shares: Mapping[int, Sequence[Share]]) -> list[str]:
    """Return the lines of what is used more than once: its shares in the order of its uses, and their sum."""
    sums = [
        f"{group[0].operand.name}: {spelled([share.share for share in group], max(group, key=_use).after)}"
        for _, group in sorted(shares.items())
        if len(group) > 1
    ]
    return ["sums: what is used more than once adds its shares up", *_indented(sums)] if sums else []


def _use(share: Share) -> int:
    return share.use


def _forward_section(result: _Result) -> str:
    tape = _tape(result, "--forward")
    titles = [
        f"forward mode, seed d{name} = 1: d/d{name} = {exact(slope)}" for name, slope in _tangents(result).items()
    ]
    return "\n\n".join(f"{title}\n{forward_trace(tape, name)}" for title, name in zip(titles, result.numbers))


def _check_section(result: _Result) -> str:
    _tape(result, "--check")
    rows = [["name", "backpropagation", "finite differences", "difference"]]
    for name, slope in _differences(result).items():
        rows.append([name, exact(result.gradient[name]), exact(slope), short(slope - result.gradient[name], 2)])
    return "central differences, which are good to about 10 digits\n" + table(rows, right=(1, 2, 3))


def _symbolic_section(result: _Result) -> str:
    formula, slopes = _formulas(result)
    rows = [("formula", formula), *((f"d/d{name}", slope) for name, slope in slopes.items())]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{width}} = {text}" for name, text in rows)


_SECTIONS: dict[str, Callable[[_Result], str]] = {
    "--steps": _steps_section,
    "--forward": _forward_section,
    "--check": _check_section,
    "--symbolic": _symbolic_section,
}


# -- as JSON ---------------------------------------------------------------------------------------------------------


def _json(result: _Result, request: _Request) -> str:
    report: dict[str, Any] = {
        "expression": result.expression.text,
        "numbers": result.numbers,
        "value": result.value,
        "gradient": result.gradient,
        "trace": _json_trace(result),
    }
    if "--steps" in request.flags:
        report["steps"] = [_json_share(step) for step in steps(_tape(result, "--steps")) if isinstance(step, Share)]
    if "--forward" in request.flags:
        report["forward"] = _tangents(result)
    if "--check" in request.flags:
        report["check"] = _differences(result)
    if "--symbolic" in request.flags:
        formula, slopes = _formulas(result)
        report["symbolic"] = {"formula": formula, "gradient": slopes}
    report |= {option.removeprefix("--"): path for option, path in request.files.items()}
    return json.dumps(_strict(report), allow_nan=False)


def _json_trace(result: _Result) -> list[dict[str, Any]]:
    if result.tape is None:
        return []
    return [_json_line(line, adjoint) for line, adjoint in zip(lines(result.tape), adjoints(result.tape))]


def _json_line(line: Line, adjoint: float) -> dict[str, Any]:
    return {
        "index": line.index,
        "name": line.name,
        "kind": line.kind,
        "primitive": None if line.primitive is None else line.primitive.name,
        "text": line.text,
        "primal": line.primal,
        "operands": [
            {"index": operand.index, "name": operand.name, "primal": operand.primal, "slope": operand.slope}
            for operand in line.operands
        ],
        "adjoint": adjoint,
    }


def _json_share(share: Share) -> dict[str, Any]:
    plain = share._asdict()
    return {**plain, "result": share.result.name, "operand": share.operand.name}


def _strict(report: Any) -> Any:
    """Return a report in which a number that is not finite, which JSON has no word for, is a string."""
    if isinstance(report, float) and not math.isfinite(report):
        return repr(report)
    if isinstance(report, dict):
        return {key: _strict(part) for key, part in report.items()}
    if isinstance(report, list):
        return [_strict(part) for part in report]
    return report
