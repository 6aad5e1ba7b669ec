"""Typed-in expressions: what is understood, what is refused and how it is said."""

from __future__ import annotations

import contextlib
import math
import random
import time
import warnings

import numpy
import pytest

from autograd import Dual, ExpressionError, ManyPrimitive, Value, primitives
from autograd.expressions import LONGEST, parse
from autograd.value import cut


def refusal(text):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    error = caught.value
    assert error.text == text
    assert 0 <= error.position <= len(text)
    assert error.reason
    assert "\n" not in error.reason
    assert len(error.reason) < 160
    assert str(error) == error.reason
    return error


# -- what is understood ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3*4", 14.0),
        ("-2**2", -4.0),
        ("2**-1", 0.5),
        ("2**3**2", 512.0),
        ("7 // 2 + 7 % 4", 6.0),
        ("+1 - -1", 2.0),
        ("(1 + 2) * 3", 9.0),
        ("1_000 + 0x10 + 1e1 + .5", 1026.5),
        ("  1 +\t2\n", 3.0),
        ("pi", math.pi),
        ("e", math.e),
        ("log(8, 2)", 3.0),
        ("round(2.675, 2)", 2.67),
        ("round(2.5)", 2.0),
        ("leaky_relu(-2)", -0.2),
        ("leaky_relu(-2, 0.5)", -1.0),
        ("max(1, 3, 2)", 3.0),
        ("max(7) + min([2])", 9.0),
        ("sum([1, 2, 3]) + sum(4, 5)", 15.0),
        ("dot([1, 2], [3, 4])", 11.0),
        ("dot([1, 2, 3], [4, 5, 6])", 32.0),
        ("hypot(3, 4)", 5.0),
        ("where(1 < 2, 10, 20)", 10.0),
        ("where(1 == 2, 10, 20)", 20.0),
        ("where(0, 10, 20)", 20.0),
        ("1 / 0", math.inf),
    ],
)
def test_values(text, value):
    assert parse(text).evaluate({}) == pytest.approx(value, rel=1e-15)


def test_names_stand_in_order_of_appearance():
    assert parse("w1**3*w2 + 3*w1").names == ("w1", "w2")
    assert parse("sin(b)**a + dot([d, c], [a, b]) * pi").names == ("b", "a", "d", "c")
    assert parse("z*pi + e").constants == ("pi", "e")


def test_constants_give_way_to_numbers():
    assert parse("pi + e").evaluate({"pi": 1.0, "e": 2.0}) == 3.0


def test_a_name_may_be_called_like_a_function():
    assert parse("sum + max(sum, step)").evaluate({"sum": 1.0, "step": 5.0}) == 6.0


def test_a_name_without_a_number():
    with pytest.raises(ExpressionError, match="'y' has no number") as caught:
        parse("x + y").evaluate({"x": 1.0})
    assert caught.value.position == 4


def test_gradients_pass_through():
    w1, w2 = Value(2.0), Value(3.0)
    g = parse("w1**3*w2 + 3*w1").evaluate({"w1": w1, "w2": w2})
    g.backward()
    assert (g.data, w1.grad, w2.grad) == (30.0, 39.0, 8.0)


def test_duals_and_arrays_pass_through():
    cube = parse("x**3 + where(x > 1, x, 0)")
    assert cube.evaluate({"x": Dual(2.0, 1.0)}).tangent == 13.0
    assert cube.evaluate({"x": numpy.array([1.0, 2.0])}).tolist() == [1.0, 10.0]


def test_one_expression_evaluates_many_times():
    double = parse("x + x")
    assert [double.evaluate({"x": k}) for k in range(3)] == [0.0, 2.0, 4.0]


def called(row):
    if row.name == "dot":
        return "dot([a, b], [c, d])", [[0.3, 0.4], [0.5, 0.6]]
    count = 3 if isinstance(row, ManyPrimitive) else row.arity
    names = "abcd"[:count]
    return f"{row.name}({', '.join(names)})", [0.3, 0.4, 0.5][:count]


@pytest.mark.parametrize("row", [row for row in primitives.TABLE if row is not cut], ids=lambda row: row.name)
def test_every_row_can_be_called(row):
    text, arguments = called(row)
    numbers = [number for each in arguments for number in (each if isinstance(each, list) else [each])]
    value = parse(text).evaluate(dict(zip("abcd", numbers)))
    direct = row(*arguments)
    assert value == direct or (math.isnan(value) and math.isnan(direct))


def test_it_agrees_with_python_on_random_expressions():
    draw = random.Random(7)
    for _ in range(200):
        text = "x"
        for _ in range(draw.randrange(1, 8)):
            text = draw.choice([f"({text}) {draw.choice('+-*')} {draw.choice(['y', '2', '0.5'])}", f"-({text})"])
        assert parse(text).evaluate({"x": 1.25, "y": -0.75}) == eval(text, {"x": 1.25, "y": -0.75})


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [
        ("", "the expression is empty", 0),
        ("  ", "the expression is empty", 0),
        ("x +", "the expression ends where a number or a name should follow", 3),
        ("x +  ", "the expression ends where a number or a name should follow", 3),
        ("x + * y", "a number, a name or an operator is missing or misplaced here", 4),
        ("x ? y", "a number, a name or an operator is missing or misplaced here", 2),
        ("  x y", "an operator is missing before this", 4),
        ("2x", "a number runs into what follows it: write 2*x for a product, and no leading zeros", 0),
        ("12x", "a number runs into what follows it: write 2*x for a product, and no leading zeros", 0),
        ("0b2", "a number runs into what follows it: write 2*x for a product, and no leading zeros", 0),
        ("y + 2x", "a number runs into what follows it: write 2*x for a product, and no leading zeros", 4),
        ("y + 12x", "a number runs into what follows it: write 2*x for a product, and no leading zeros", 4),
        ("y + 1.5x", "a number runs into what follows it: write 2*x for a product, and no leading zeros", 4),
        ("(x", "'(' was never closed", 0),
        ("x)+(y", "unmatched ')'", 1),
        ("é + sine(x)", "there is no function 'sine': did you mean 'sin'?", 4),
        ("ln(x)", "there is no function 'ln': did you mean 'log'?", 0),
        ("arctan(x)", "there is no function 'arctan': did you mean 'atan'?", 0),
        ("k(x + 1)", "there is no function 'k': write k*(...) for a product", 0),
        ("w1(x + 1)", "there is no function 'w1': write w1*(...) for a product", 0),
        ("w10(x + 1)", "there is no function 'w10': the functions are those of the table", 0),
        ("exec(x)", "there is no function 'exec': the functions are those of the table", 0),
        ("2(x)", "only a function's name can stand before (...): write 2*(...) for a product", 0),
        ("x.real", "'.' reaches into something, which an expression cannot do", 1),
        ("().__class__", "'.' reaches into something, which an expression cannot do", 2),
        ("x.conjugate()", "'.' reaches into something, which an expression cannot do", 1),
        ("x[0]", "[...] picks out of something, which an expression cannot do", 1),
        ("x > 0", "a comparison can only be the condition of where(condition, a, b)", 2),
        ("1 + (x > 0)", "a comparison can only be the condition of where(condition, a, b)", 7),
        (
            "x if y else z",
            "'a if condition else b' is not possible here: write where(condition, a, b) instead",
            2,
        ),
        ("where(0 < x < 1, 1, 2)", "one comparison at a time: nest where(...) for several", 10),
        ("where(x in y, 1, 2)", "comparisons are == != < <= > >=", 6),
        ("x and y", "'and' and 'or' are not possible here: nest where(condition, a, b) instead", 2),
        ("x^2", "write ** for powers, not ^", 1),
        ("x     ^ y", "write ** for powers, not ^", 6),
        ("(x) ^ 2", "write ** for powers, not ^", 4),
        ("x | y", "this operator is not possible here: there are + - * / // % **", 2),
        ("x × y", "write * instead of ×", 2),
        ("x = 3", "'=' is not possible here: an expression only computes", 2),
        ("lambda * x", "'lambda' is a word of Python's grammar and cannot be a name", 0),
        ("lambda: 1", "'lambda' is not possible here", 0),
        ("(x := 3)", "':=' is not possible here: names get their numbers from outside", 1),
        ("sin()", "sin() takes 1 argument, 0 given", 0),
        ("1 + sin(x, y)", "sin() takes 1 argument, 2 given", 4),
        ("leaky_relu()", "leaky_relu() takes 1 to 2 arguments, 0 given", 0),
        ("log()", "log() takes 1 to 2 arguments, 0 given", 0),
        ("round(x, 2, 1)", "round() takes 1 to 2 arguments, 3 given", 0),
        ("atan2(x)", "atan2() takes 2 arguments, 1 given", 0),
        ("sin(x=2)", "arguments of sin() have no names: write the numbers in order", 4),
        ("clip(x, low=0, high=1)", "arguments of clip() have no names: write the numbers in order", 8),
        ("sin([x])", "sin() takes numbers, not a list", 4),
        ("log([x], 2)", "log() takes numbers, not a list", 4),
        ("max()", "max() needs at least 1 operand", 0),
        ("max([])", "max() needs at least 1 operand", 0),
        ("dot(a, b)", "dot() takes two lists: dot([a, b], [c, d])", 0),
        ("dot([a])", "dot() takes two lists: dot([a, b], [c, d])", 0),
        ("dot([a], [b], [c])", "dot() takes two lists: dot([a, b], [c, d])", 0),
        ("dot([a], [b, c])", "dot() takes two lists of one length, not 1 and 2", 0),
        ("dot([a, b], [c])", "dot() takes two lists of one length, not 2 and 1", 0),
        ("[x]", "a list can only be an argument of a function such as sum([...]) or dot([...], [...])", 0),
        ("sum([x], y)", "a list can only be an argument of a function such as sum([...]) or dot([...], [...])", 4),
        ("x, y", "a comma can only stand between the arguments of a function", 1),
        ("sum(*x)", "'*' can only stand between two factors", 4),
        ("sum([x for x in y])", "this is not possible in an expression", 4),
        ("True", "'True' is not a number", 0),
        ("...", "'...' is not a number", 0),
        ("2j", "complex numbers are not possible here", 0),
        ("1 + 1e999", "this number is too large for a float", 4),
        ("'a'", 'the character "\'" has no meaning here', 0),
        ("x # y", "the character '#' has no meaning here", 2),
        ("x; y", "the character ';' has no meaning here", 1),
        ("x\x00", "the character '\\x00' has no meaning here", 1),
        ("x + \ud800", "the character '\\ud800' has no meaning here", 4),
        ("x + \u202ey", "the character '\\u202e' has no meaning here", 4),
    ],
)
def test_refusals_say_why_and_where(text, reason, position):
    error = refusal(text)
    assert (error.reason, error.position) == (reason, position)


def test_a_row_of_ones_own_says_how_many_operands_it_needs():
    spread = ManyPrimitive("spread", lambda *xs: max(xs) - min(xs), partials=lambda y, *xs: [0.0 for _ in xs], fewest=2)
    try:
        assert parse("spread(x, 1, 4)").evaluate({"x": 6.0}) == 5.0
        assert refusal("spread(x)").reason == "spread() needs at least 2 operands"
    finally:
        assert primitives.TABLE.pop() is spread


def test_numbers_and_expressions_have_a_largest_length():
    assert parse("0." + "3" * 400).evaluate({}) == 1.0 / 3.0
    assert parse("x".rjust(LONGEST)).evaluate({"x": 5.0}) == 5.0
    error = refusal("0." + "3" * 401)
    assert (error.reason, error.position) == ("the number has 401 digits; 400 are the most", 2)
    error = refusal("x".rjust(LONGEST + 1))
    assert (error.reason, error.position) == ("the expression has 20,001 characters; 20,000 are the most", LONGEST)


def test_what_is_nested_too_deeply_is_refused_as_a_whole():
    error = refusal("-" * (LONGEST - 1) + "x")
    assert error.reason.startswith("the expression is nested too deeply: use fewer parentheses")
    assert error.position == 0


def test_a_long_name_is_shown_with_its_first_40_characters():
    assert f"'{'x' * 40}'" in refusal("x" * 40 + "(1)").reason
    assert f"'{'x' * 39}…'" in refusal("x" * 41 + "(1)").reason


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__.__bases__[0].__subclasses__()",
        "open(x)",
        "eval(x)",
        "print",
        "sin.__globals__",
        "(lambda: 1)()",
        "[x for x in (1, 2)]",
        "{x: 1}",
        "f'{x}'",
        "(yield x)",
        "await x",
        "__builtins__",
        "sin(sin)",
    ],
)
def test_nothing_of_python_can_be_reached(text):
    with pytest.raises(ExpressionError):
        parse(text).evaluate({})


HOSTILE = {
    "parentheses": "(" * 100_000 + "x" + ")" * 100_000,
    "some parentheses": "(" * 1_000 + "x" + ")" * 1_000,
    "a million terms": "+".join(["x"] * 1_000_000),
    "signs": "-" * (LONGEST - 1) + "x",
    "powers": "**".join(["x"] * (LONGEST // 3)),
    "calls": "sin(" * 5_000,
    "attributes": "x" + ".x" * 5_000,
    "digits": "1" * 10_000,
    "hexadecimal digits": "0x" + "1" * 10_000,
    "a long name": "x" * 19_000 + "(1)",
    "brackets": "[" * 10_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_input_is_refused_at_once(text):
    start = time.perf_counter()
    refusal(text)
    assert time.perf_counter() - start < 2.0


def test_many_terms_are_computed_or_refused_at_once():
    n_terms = LONGEST // 2
    start = time.perf_counter()
    try:
        result = parse("+".join(["x"] * n_terms)).evaluate({"x": 0.5})
    except ExpressionError as error:
        result = error.reason
    assert result in (
        n_terms / 2,  # from Python 3.15 on
        "the expression is nested too deeply: use fewer parentheses, or sum([...]) for many terms",
    )
    assert time.perf_counter() - start < 2.0


def test_towers_of_powers_are_floats():
    assert parse("9**9**9").evaluate({}) == math.inf
    assert parse("x**1e300").evaluate({"x": 0.5}) == 0.0


def test_many_terms_are_possible():
    assert parse("+".join(["x"] * 800)).evaluate({"x": 1.0}) == 800.0
    assert parse(f"sum([{','.join(['x'] * 9_000)}])").evaluate({"x": 1.0}) == 9_000.0


def test_parsing_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refusal("1if x else 2")
        refusal("1(x)")


def test_random_text_is_understood_or_refused():
    draw = random.Random(11)
    alphabet = [*"xy()[]+-*/,2. <=", "sin", "where", "**", "1e5"]
    numbers = {"x": 1.5, "y": -2.0, "sin": 1.0, "where": 0.0}
    understood = 0
    for _ in range(2_000):
        text = "".join(draw.choices(alphabet, k=draw.randrange(1, 12)))
        with contextlib.suppress(ExpressionError):
            understood += isinstance(parse(text).evaluate(numbers), float)
    assert 20 < understood < 1_000
