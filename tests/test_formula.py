"""Formulas: a tape as one expression, which computes the same when it is typed in again."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import assume, given

import autograd
from autograd import Primitive, Tape, Value, primitives, strategies
from autograd.show.formula import formula

W1, W2 = Value(2.0, label="w1"), Value(3.0, label="w2")
X, Y = Value(0.5, label="x"), Value(4.0, label="y")
GREATER = primitives.greater


@pytest.mark.parametrize(
    ("value", "text", "latex"),
    [
        (W1**3 * W2 + 3 * W1, "w1 ** 3 * w2 + 3 * w1", "{w_{1}}^{3} w_{2} + 3 w_{1}"),
        (X - (Y - 1), "x - (y - 1)", r"x - \left(y - 1\right)"),
        ((X - Y) - 1, "x - y - 1", "x - y - 1"),
        (X + (Y + 1), "x + (y + 1)", "x + y + 1"),
        (X - Y * W1, "x - y * w1", "x - y w_{1}"),
        (X / (Y / 2), "x / (y / 2)", r"\frac{x}{\frac{y}{2}}"),
        ((X + 1) * (Y - 2), "(x + 1) * (y - 2)", r"\left(x + 1\right) \left(y - 2\right)"),
        (X * 3, "x * 3", r"x \cdot 3"),
        ((X**Y) ** 2, "(x ** y) ** 2", r"{\left({x}^{y}\right)}^{2}"),
        (X ** (Y**2), "x ** y ** 2", "{x}^{{y}^{2}}"),
        (-(X**2), "-x ** 2", "-{x}^{2}"),
        ((-X) ** 2, "(-x) ** 2", r"{\left(-x\right)}^{2}"),
        (X - -2.0 * Y, "x - -2 * y", r"x - \left(-2 y\right)"),
        (autograd.sqrt(X + 1), "sqrt(x + 1)", r"\sqrt{x + 1}"),
        (autograd.abs(X), "abs(x)", r"\left|x\right|"),
        (autograd.exp(-X), "exp(-x)", "e^{-x}"),
        (autograd.exp(X) ** 2, "exp(x) ** 2", r"{\left(e^{x}\right)}^{2}"),
        (autograd.sin(X) * autograd.sigmoid(Y), "sin(x) * sigmoid(y)", None),
        (autograd.atan(X), "atan(x)", r"\arctan\left(x\right)"),
        (-(X + 1), "-(x + 1)", r"-\left(x + 1\right)"),
        (primitives.one_minus_square(X + 1) * 2, "(1 - (x + 1) ** 2) * 2", None),
        (autograd.square(X + 1), "square(x + 1)", r"{\left(x + 1\right)}^{2}"),
        (autograd.sum([X, Y, X]), "sum(x, y, x)", "x + y + x"),
        (autograd.dot([X, Y], [W1, 2.0]), "dot([x, y], [w1, 2])", r"x w_{1} + y \cdot 2"),
        (X // 2 + Y % 3, "x // 2 + y % 3", r"\left(x \mathbin{//} 2\right) + \left(y \bmod 3\right)"),
        (X * (Y % 3), "x * (y % 3)", r"x \left(y \bmod 3\right)"),
        ((X * Y) % 3, "x * y % 3", r"x y \bmod 3"),
        ((X % Y) * 3, "x % y * 3", r"\left(x \bmod y\right) \cdot 3"),
        (X % (Y * 3), "x % (y * 3)", r"x \bmod \left(y \cdot 3\right)"),
        (X % Y % 3, "x % y % 3", r"\left(x \bmod y\right) \bmod 3"),
        ((X / Y) ** 2, "(x / y) ** 2", r"{\left(\frac{x}{y}\right)}^{2}"),
        (autograd.square(X / Y), "square(x / y)", r"{\left(\frac{x}{y}\right)}^{2}"),
        (1e22**X, "1e22 ** x", r"{\left(1 \cdot 10^{22}\right)}^{x}"),
        (autograd.neg(-X), "--x", r"-\left(-x\right)"),
        (X - (-Y), "x - -y", r"x - \left(-y\right)"),
        (X + (-Y + 1), "x + (-y + 1)", r"x + \left(-y + 1\right)"),
        (X * -Y, "x * -y", r"x \left(-y\right)"),
        (-X * Y, "-x * y", "-x y"),
        (X * (Y * W1), "x * (y * w1)", "x y w_{1}"),
        (autograd.sum([-X, -Y]), "sum(-x, -y)", r"-x + \left(-y\right)"),
        (autograd.sum([X % Y, Y % X]), None, r"\left(x \bmod y\right) + \left(y \bmod x\right)"),
        (autograd.dot([X, Y, W1], [W1, 2.0, X]), None, r"x w_{1} + y \cdot 2 + w_{1} x"),
        (autograd.dot([X, -Y], [W1, W2]), "dot([x, -y], [w1, w2])", r"x w_{1} + \left(-y w_{2}\right)"),
        ((-2.0) ** Y, "(-2) ** y", r"{\left(-2\right)}^{y}"),
        (autograd.where(X + 1 >= Y, X, 0), None, r"\operatorname{where}\left(x + 1 \ge y, x, 0\right)"),
        (X * (Y != 2) + (X == Y), "x * (y != 2) + (x == y)", r"x \left(y \ne 2\right) + \left(x = y\right)"),
        (GREATER(GREATER(X, Y), W1), "(x > y) > w1", r"\left(x > y\right) > w_{1}"),
        (GREATER(X, GREATER(Y, W1)), "x > (y > w1)", r"x > \left(y > w_{1}\right)"),
        (X * 1e-10, "x * 1e-10", r"x \cdot 1 \cdot 10^{-10}"),
        (X * math.inf, "x * inf", r"x \infty"),
        (Value(1.0, label="theta_0") * 1.0, "theta_0 * 1", r"\theta_{0} \cdot 1"),
        (Value(1.0, label="rate") * 1.0, "rate * 1", r"\mathrm{rate} \cdot 1"),
        (Value(1.0, label="a_b%") * X, "a_b% * x", r"\mathrm{a\_b\%} x"),
    ],
)
def test_formulas(value, text, latex):
    if text is not None:
        assert formula(value) == text
    if latex is not None:
        assert Tape.of(value).formula(latex=True) == latex


ROWS = {row.name: row for row in vars(primitives).values() if isinstance(row, Primitive)}
ONE = re.compile(r"\(\{\} (\*\*|[+\-*/%]|//) \{\}\)|\([+-]\{\}\)|\w+\(\{\}(, \{\})*\)")
"""The form of a row that computes what it says: one operator or function, not a comparison, which makes a bool."""


@given(strategies.expressions())
def test_typed_in_again_a_formula_computes_the_same(expression):
    assume(all(ONE.fullmatch(step.row.form) for step in expression.steps))
    leaves = [Value(0.25 + 0.5 * k, label=f"x{k}") for k in range(expression.leaves)]
    value = expression(leaves)
    if not isinstance(value, Value) or value.is_leaf or value.is_constant:
        return
    text = formula(value)
    names = {name: row.of for name, row in ROWS.items()} | {
        "dot": lambda xs, ys: ROWS["dot"].of(*xs, *ys),
        "round": lambda x, *digits: ROWS["round_to"].of(x, *digits) if digits else ROWS["round"].of(x),
        "log": lambda x, *base: ROWS["logbase"].of(x, *base) if base else ROWS["log"].of(x),
    }
    known = {leaf.label: primitives.Ieee(leaf.data) for leaf in leaves} | {"inf": math.inf, "nan": math.nan}
    again = float(eval(text, {"__builtins__": {}}, names | known))
    assert again == value.data or (math.isnan(again) and math.isnan(value.data))


def test_a_formula_that_swells_is_refused():
    y = X
    for _ in range(20):
        y = y * y
    with pytest.raises(ValueError, match="the formula has more than 10,000 characters, because values are used sever"):
        formula(y)


def test_the_longest_formula():
    assert len(formula(Value(1.0, label="x" * 9_996) * 2)) == 10_000
    with pytest.raises(ValueError, match="more than 10,000 characters"):
        formula(Value(1.0, label="x" * 9_997) * 2)


@pytest.mark.parametrize("name", ["aaa", "mine", "zzz"])
def test_primitives_of_ones_own_are_written_with_their_names(name):
    row = Primitive(name, lambda x: 2.0 * x, partials=(lambda y, x: 2.0,), form=f"{name}({{}})")
    assert formula(row(X) + 1) == f"{name}(x) + 1"
    assert formula(row(X) + 1, latex=True) == rf"\operatorname{{{name}}}\left(x\right) + 1"


def test_there_is_nothing_to_write():
    with pytest.raises(ValueError, match="the tape is empty"):
        Tape().formula()
