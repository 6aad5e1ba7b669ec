"""A tape as one expression: as text that reads like the program, and as LaTeX.

A value that is used several times stands there several times, so formulas swell; one that would be too long is refused,
and the trace is the way to read it. This room knows how operators bind; it does not know what they compute.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from autograd.listing import Line, Operand, exact, lines, printable, pruned, root
from autograd.primitives import is_own
from autograd.tape import Tape
from autograd.value import Value

__all__ = ["formula"]

LONGEST = 10_000
"""Characters of a formula."""

OPERATOR = re.compile(r"\(\{\} (\S+) \{\}\)")
LOOSE, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)
BINDING = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT, "**": POWER}
"""How tightly operators bind; comparisons bind least."""

FUNCTIONS = {
    "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "log", "min", "max",
}  # fmt: skip
INVERSES = {"asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan"}
GREEK = {
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
}  # fmt: skip
NAME = re.compile(r"([A-Za-z]+)_?(\d*)")


class _Text(NamedTuple):
    """An expression, and how tightly its outermost operator binds."""

    text: str
    binding: int


def formula(tape: Tape | Value, *, latex: bool = False) -> str:
    """Return the expression that a tape computes.

    Args:
        tape: a value, or a tape; a raw one is pruned to its last node first. Of several outputs the last is written.
        latex: whether to write LaTeX, for mathematics mode, instead of text.

    Raises:
        ValueError: the tape is empty, or the formula has more than 10,000 characters.

    Example:
        >>> from autograd import Value
        >>> w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
        >>> g = w1**3 * w2 + 3 * w1
        >>> print(formula(g))
        w1 ** 3 * w2 + 3 * w1
        >>> print(formula(g, latex=True))
        {w_{1}}^{3} w_{2} + 3 w_{1}
    """
    tape = pruned(tape)
    if not len(tape):
        raise ValueError("there is nothing to write: the tape is empty")
    found: list[_Text] = []
    for line in lines(tape):
        written = (_latex if latex else _plain)(line, [_operand(each, found, latex) for each in line.operands])
        if len(written.text) > LONGEST:
            raise ValueError(
                f"the formula has more than {LONGEST:,} characters, because values are used several times: "
                "print the tape instead, which has one line per value"
            )
        found.append(written)
    return found[root(tape)].text


def _operand(operand: Operand, found: Sequence[_Text], latex: bool) -> _Text:
    if operand.index is not None:
        return found[operand.index]
    text = _number(operand.primal) if latex else exact(operand.primal)
    return _Text(text, SIGN if text.startswith("-") else PRODUCT if r"\cdot" in text else ATOM)


def _held(part: _Text, least: int, latex: bool) -> str:
    """Return a part in parentheses, unless it binds as tightly as is needed."""
    if part.binding >= least:
        return part.text
    return rf"\left({part.text}\right)" if latex else f"({part.text})"


def _sides(sign: str, left: _Text, right: _Text, latex: bool) -> tuple[str, str]:
    """Return both sides of an operator: chains are read from the left, powers from the right, comparisons alone.

    Text keeps x + (y + z), which is rounded otherwise than x + y + z; mathematics does not tell them apart.
    """
    if sign == "**":
        return _held(left, ATOM, latex), _held(right, SIGN, latex)
    if sign not in BINDING:
        return _held(left, SUM, latex), _held(right, SUM, latex)
    binding = BINDING[sign]
    if latex:
        return _held(left, binding, latex), _second(right, binding if sign == "+" else binding + 1)
    return _held(left, binding, latex), _held(right, binding + 1, latex)


# -- text ------------------------------------------------------------------------------------------------------------


def _plain(line: Line, operands: Sequence[_Text]) -> _Text:
    if line.primitive is None:
        return _Text(printable(line.name), ATOM if line.name.isidentifier() else SIGN)
    operator = OPERATOR.fullmatch(line.primitive.form)
    if operator:
        left, right = _sides(operator[1], operands[0], operands[1], latex=False)
        return _Text(f"{left} {operator[1]} {right}", BINDING.get(operator[1], LOOSE))
    if line.primitive.form in ("(-{})", "(+{})"):
        return _Text(f"{line.primitive.form[1]}{_held(operands[0], SIGN, False)}", SIGN)
    parts = [part.text for part in operands]
    if line.primitive.form.startswith("("):  # of a partial: its operands stand within operators
        text = line.primitive.text([_held(part, ATOM, False) for part in operands])
        return _Text(text, ATOM)
    return _Text(line.primitive.text(parts), ATOM)


# -- LaTeX -----------------------------------------------------------------------------------------------------------


def _second(part: _Text, least: int) -> str:
    """Return what stands behind an operator: in parentheses also where it begins with a sign."""
    return _held(part, ATOM + 1 if part.text[0] in "+-" else least, True)


def _summed(parts: Sequence[_Text]) -> _Text:
    written = [_second(part, SUM) if k else _held(part, SUM, True) for k, part in enumerate(parts)]
    return _Text(" + ".join(written) or "0", SUM)


def _latex(line: Line, operands: Sequence[_Text]) -> _Text:
    if line.primitive is None:
        return _Text(_symbol(line.name), ATOM)
    row = line.primitive
    operator = OPERATOR.fullmatch(row.form)
    if operator:
        return _operated(operator[1], operands)
    if row.form in ("(-{})", "(+{})"):
        return _Text(f"{row.form[1]}{_second(operands[0], SIGN)}", SIGN)
    name = row.name if is_own(row) else ""
    if name == "sqrt":
        return _Text(rf"\sqrt{{{operands[0].text}}}", ATOM)
    if name == "abs":
        return _Text(rf"\left|{operands[0].text}\right|", ATOM)
    if name == "square":
        return _Text(f"{{{_held(operands[0], ATOM, True)}}}^{{2}}", POWER)
    if name == "exp":
        return _Text(f"e^{{{operands[0].text}}}", POWER)
    if name == "sum":
        return _summed(operands)
    if name == "dot":
        half = len(operands) // 2
        return _summed([_product(*pair) for pair in zip(operands[:half], operands[half:])])
    arguments = ", ".join(part.text for part in operands)
    return _Text(rf"{_function(row.name)}\left({arguments}\right)", ATOM)


def _operated(sign: str, operands: Sequence[_Text]) -> _Text:
    left, right = operands
    if sign == "/":
        return _Text(rf"\frac{{{left.text}}}{{{right.text}}}", POWER)
    if sign == "**":
        return _Text(f"{{{_held(left, ATOM, True)}}}^{{{right.text}}}", POWER)
    if sign == "*":
        return _product(left, right)
    if sign in ("+", "-"):
        sides = _sides(sign, left, right, latex=True)
        return _Text(f"{sides[0]} {sign} {sides[1]}", SUM)
    words = {"//": r"\mathbin{//}", "%": r"\bmod", "<=": r"\le", ">=": r"\ge", "==": "=", "!=": r"\ne"}
    sides = _sides(sign, left, right, latex=True)
    return _Text(f"{sides[0]} {words.get(sign, sign)} {sides[1]}", LOOSE)  # mathematics has no rule for what mod binds


def _product(left: _Text, right: _Text) -> _Text:
    """Return two factors side by side, with a dot between them where they would run into one number."""
    sides = _held(left, PRODUCT, True), _second(right, PRODUCT)
    dot = r" \cdot " if sides[1][0] in "0123456789." else " "
    return _Text(dot.join(sides), PRODUCT)


def _symbol(name: str) -> str:
    """Return a name in mathematics mode: w1 as w with an index, Greek letters as such, other words upright."""
    match = NAME.fullmatch(name)
    if match is None:
        return rf"\mathrm{{{_escaped(name)}}}"
    word, index = match.groups()
    letter = word if len(word) == 1 else rf"\{word}" if word in GREEK else rf"\mathrm{{{word}}}"
    return f"{letter}_{{{index}}}" if index else letter


def _function(name: str) -> str:
    if name in INVERSES:
        return INVERSES[name]
    return rf"\{name}" if name in FUNCTIONS else rf"\operatorname{{{_escaped(name)}}}"


def _number(number: float) -> str:
    text = exact(number)
    mantissa, mark, exponent = text.partition("e")
    if not mark:
        return {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{nan}"}.get(text, text)
    return rf"{mantissa} \cdot 10^{{{exponent}}}"


def _escaped(text: str) -> str:
    marks = {"\\": r"\backslash ", "^": r"\hat{}", "~": r"\sim "}
    return re.sub(r"[\\^~&%$#_{} ]", lambda found: marks.get(found[0], f"\\{found[0]}"), printable(text))
