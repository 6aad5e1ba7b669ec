"""Expressions: refused in one line, or worth what Python says, however they are evaluated."""

from __future__ import annotations

import ast
import math
import re
from typing import Any

from autograd import Dual, ExpressionError, Tape, Value
from autograd.expressions import parse
from autograd.primitives import TABLE
from tests.fuzz.draw import Draw
from tests.fuzz.laws import FaultError, one_line

__all__ = ["check", "check_text", "text_of"]

NUMBERS = {"x": 1.5, "y": -0.75, "z": 0.0, "w1": 2.0, "b": 1e-300}
TOKENS = [
    "x", "y", "z", "w1", "b", "+", "-", "*", "/", "//", "%", "**", "(", ")", ",", "[", "]", " ", "0", "1", "2", "0.5",
    "1e308", "1e-320", "9**9**9", "pi", "e", "<", "<=", "==", "!=", ">", "where(", "sum([", "dot([", "max(", "log(",
    "round(", "1_0", "0x1f", "1e999", ".", "..", "...", "=", ":=", "lambda", "if", "else", "and", "not", "for", "in",
    "f'", "__class__", "__import__", "ｘ", "²", "٣", "\x00", "\ud800", "\u2028", "\n", "#", ";", "\\", "{", "}", "@",
    "1" * 401, "None", "True", "1j", "await", "~", "^", "|", "*x", "**x", "x=1", "yield",
]  # fmt: skip
ROWS = [row.name for row in TABLE]
TYPED = re.compile(r"\w+\(.*\)|\(\{\} (\+|-|\*|/|//|%|\*\*) \{\}\)|\(?[-+]\{\}\)?")
MATHEMATICS = [row.name for row in TABLE if not TYPED.fullmatch(row.form) or row.name in ("exp_difference", "share")]
"""Rows that are printed as what they mean, and not as they are typed."""

LOOKUP = {row.name: row for row in TABLE}


def text_of(data: bytes) -> str:
    """Return the expression that some bytes make: tokens, what the grammar makes, or any text."""
    draw = Draw(data)
    kind = draw.below(4)
    if kind == 0:
        return draw.rest().decode("utf-8", "surrogateescape")
    if kind == 1:
        return "".join(draw.one_of([*TOKENS, *(f"{name}(" for name in ROWS)]) for _ in range(min(len(data), 200)))
    return _made(draw, 6)


def _made(draw: Draw, depth: int) -> str:
    kind = draw.below(8) if depth and not draw.is_empty else 0
    if kind <= 1:
        return draw.one_of([*NUMBERS, "2", "0.1", "3", "1e300", "pi", "0", "5e-324", "0.5"])
    if kind <= 3:
        return f"{_made(draw, depth - 1)} {draw.one_of(['+', '-', '*', '/', '//', '%', '**'])} {_made(draw, depth - 1)}"
    if kind == 4:
        return f"{draw.one_of(['-', '+', ''])}({_made(draw, depth - 1)})"
    row = LOOKUP[draw.one_of(ROWS)]
    if row.name == "dot":
        parts = [_made(draw, depth - 1) for _ in range(4)]
        return f"dot([{parts[0]}, {parts[1]}], [{parts[2]}, {parts[3]}])"
    arguments = [_made(draw, depth - 1) for _ in range(row.arity or draw.below(4) + 1)]
    if row.name == "where" and draw.likely(70):
        comparison = draw.one_of(["<", "<=", "==", "!=", ">", ">="])
        arguments[0] = f"{arguments[0]} {comparison} {_made(draw, depth - 1)}"
    return f"{row.name}({', '.join(arguments)})"


def check(data: bytes) -> None:
    """Check the expression that some bytes make."""
    check_text(text_of(data))


def check_text(text: str) -> None:
    """Raise where an expression breaks a law."""
    try:
        expression = parse(text)
    except ExpressionError as error:
        one_line(error, 200)
        if not 0 <= error.position <= len(text) or error.text != text:
            raise FaultError(f"position {error.position} of {text!r}") from error
        return
    numbers = {name: NUMBERS.get(name, 0.25) for name in expression.names}
    value = expression.evaluate(numbers)
    _check_same("as Python computes it", text, value, _python(text, numbers))
    _check_recorded(text, expression, numbers, value)


def _check_recorded(text: str, expression: Any, numbers: dict[str, float], value: Any) -> None:
    leaves = {name: Value(number, label=name) for name, number in numbers.items()}
    recorded = expression.evaluate(leaves)
    expression.evaluate({name: Dual(number, 1.0) for name, number in numbers.items()})
    if not isinstance(recorded, Value):
        _check_same("recorded", text, value, recorded)
        return
    recorded.backward()
    _check_same("recorded", text, value, recorded.data)
    try:
        formula = Tape.of(recorded).formula()
    except ValueError as error:  # it is too long
        one_line(error)
        return
    if not any(f"{name}(" in text.replace(" ", "") for name in MATHEMATICS):
        again = parse(formula).evaluate({"inf": math.inf, "nan": math.nan, **numbers})
        _check_same(f"printed as {formula!r}", text, value, again)


def _check_same(how: str, text: str, value: Any, other: Any) -> None:
    if other is not None and repr(float(value)) != repr(float(other)):
        raise FaultError(f"{text!r} is {value!r}, {how} {other!r}")


# -- Python's answer -------------------------------------------------------------------------------------------------


class _Floats(ast.NodeTransformer):
    """Makes every number a float, and every call one of a row of the table."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.copy_location(ast.Constant(float(node.value)), node)


def _python(text: str, numbers: dict[str, float]) -> float | None:
    """Return what Python computes with floats, or None where it raises, as IEEE 754 does not."""
    flat = "".join(" " if each.isspace() else each for each in text).strip()
    try:
        tree = ast.fix_missing_locations(_Floats().visit(ast.parse(flat, mode="eval")))
        names = {"__builtins__": {}, "pi": math.pi, "e": math.e, **_functions(), **numbers}
        value = eval(
            compile(tree, "", "eval"), names
        )  # what was understood holds nothing but numbers and calls of rows
    except (ArithmeticError, RecursionError, TypeError):
        return None
    return float(value) if isinstance(value, (int, float)) else None


def _functions() -> dict[str, Any]:
    functions: dict[str, Any] = {}
    for name, row in LOOKUP.items():
        if getattr(row, "fewest", None) is None or name == "dot":
            functions[name] = row
        else:
            functions[name] = _of_many(row)
    functions["log"] = lambda x, *base: LOOKUP["logbase"](x, *base) if base else LOOKUP["log"](x)
    functions["round"] = lambda x, *places: LOOKUP["round_to"](x, *places) if places else LOOKUP["round"](x)
    return functions


def _of_many(row: Any) -> Any:
    return lambda *operands: row(operands[0] if isinstance(operands[0], list) else list(operands))
