"""The program of a tape as text: it reads well, runs with `math` alone, and agrees with the engine bit for bit."""

from __future__ import annotations

import ast
import builtins
import keyword
import math
import random
import subprocess
import sys
from types import FunctionType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import ManyPrimitive, Primitive, Tape, Value, listing, primitives, strategies
from autograd.replay import source
from autograd.replay.source import source_of

ROWS = {name: row for name, row in vars(primitives).items() if isinstance(row, Primitive)}
LARGE = 3000
X_BOUND = 1.5


def program_of(text):
    names = {}
    exec(compile(text, "<program>", "exec"), names)
    return names


def compiled(tape):
    return program_of(source_of(tape))


def leaves_of(tape):
    return [index for index, node in enumerate(tape.nodes) if node[0] < 0]


def swept(tape):
    """Return the primals of the outputs and the gradient of the last, as a sweep over the tape has them."""
    adjoints = listing.adjoints(tape, output=listing.root(tape))
    values = tuple(tape.nodes[index][1] for index in tape.outputs)
    return values if len(values) > 1 else values[0], tuple(adjoints[index] for index in leaves_of(tape))


def called(function, numbers):
    return function(*numbers) if len(numbers) <= 20 else function(numbers)


def check(*outputs):
    """Check that the program of some values computes what was recorded, bit for bit."""
    tape = Tape.of(*outputs)
    program = compiled(tape)
    numbers = [tape.nodes[index][1] for index in leaves_of(tape)]
    values, gradient = swept(tape)
    assert called(program["value"], numbers) == values
    assert called(program["value_and_grad"], numbers) == (values, gradient)
    return program


def body(text, function="value_and_grad"):
    """Return the lines of a function that compute: the forward ones and the reverse ones."""
    lines = text.partition(f"def {function}(")[2].splitlines()
    forward, reverse = lines.index("    # forward"), lines.index("    # reverse")
    return lines[forward + 1 : reverse], lines[reverse + 1 : -1]


# -- what it looks like ------------------------------------------------------------------------------------------------

EXAMPLE = '''"""c = w1 * w2 + 3 * sigmoid(w1), and its gradient.

Arguments, with the numbers they were recorded with:
    w1: 2.0
    w2: 3.0

`value` returns c; `value_and_grad` returns the same,
and the derivatives of c in the arguments, in their order.
"""

import math


def sigmoid(x):
    """Return 1 / (1 + exp(-x))."""
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    power = math.exp(x)
    return power / (1.0 + power)


def sigmoid_slope(x):
    """Return sigmoid(x) · sigmoid(-x), which is the slope of sigmoid."""
    power = math.exp(-math.fabs(x))
    whole = 1.0 + power
    slope = power / (whole * whole)
    return slope - 2.0 * slope * ((power - (whole - 1.0)) / whole)


def value(w1, w2):
    w1, w2 = float(w1), float(w2)
    # forward
    a = w1 * w2
    v3 = sigmoid(w1)
    b = 3.0 * v3
    c = a + b
    return c


def value_and_grad(w1, w2):
    w1, w2 = float(w1), float(w2)
    # forward
    a = w1 * w2
    v3 = sigmoid(w1)
    b = 3.0 * v3
    c = a + b
    # reverse
    d_c = 1.0
    d_b = d_c
    d_a = d_c
    d_v3 = d_b * 3.0
    d_w1 = d_v3 * sigmoid_slope(w1)
    d_w2 = d_a * w1
    d_w1 += d_a * w2
    return c, (d_w1, d_w2)
'''


def test_the_text_of_an_example():
    w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
    a = w1 * w2
    b = 3 * autograd.sigmoid(w1)
    c = a + b
    a.label, b.label, c.label = "a", "b", "c"
    assert source_of(Tape.of(c)) == EXAMPLE
    check(c)


def test_the_body_of_the_main_example():
    w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
    forward, reverse = body(source_of(w1**3 * w2 + 3 * w1))
    assert forward == ["    v1 = power(w1, 3.0)", "    v3 = v1 * w2", "    v4 = 3.0 * w1", "    v5 = v3 + v4"]
    assert reverse == [
        "    d_v5 = 1.0",
        "    d_v4 = d_v5",
        "    d_v3 = d_v5",
        "    d_w1 = d_v4 * 3.0",
        "    d_w2 = d_v3 * v1",
        "    d_v1 = d_v3 * w2",
        "    d_w1 += d_v1 * power_slope(w1, 3.0)",
    ]


def test_what_is_0_is_left_out_and_what_is_1_is_not_multiplied_by():
    x, y = Value(1.5, label="x"), Value(2.5, label="y")
    assert body(source_of(autograd.floor(x) + y - x))[1] == [
        "    d_v4 = 1.0",
        "    d_x = -d_v4",
        "    d_v3 = d_v4",
        "    d_y = d_v3",
        "    d_v1 = d_v3",
    ]
    assert (
        body(source_of(autograd.atanh(autograd.relu(x) * 0.25)))[1][1]
        == "    d_v2 = d_v3 * divide(1.0, (1.0 - v2) * (1.0 + v2))"
    )


@pytest.mark.parametrize(
    ("partial", "written"),
    [
        (lambda z, x, y: x + 0.0, "x"),
        (lambda z, x, y: 0.0 + x, "x"),
        (lambda z, x, y: x - 0.0, "x"),
        (lambda z, x, y: 0.0 - x, "-x"),
        (lambda z, x, y: x * 1.0, "x"),
        (lambda z, x, y: x / 1.0, "x"),
        (lambda z, x, y: x + y * 0.0, "x"),
        (lambda z, x, y: 0.0 * y + x, "x"),
        (lambda z, x, y: x - 0.0 / y, "x"),
        (lambda z, x, y: x + primitives.flat(y), "x"),
        (lambda z, x, y: autograd.where(1.0, x, y), "x"),
        (lambda z, x, y: autograd.where(0.0, x, y), "y"),
        (lambda z, x, y: x + 1.0, "(x + 1.0)"),
        (lambda z, x, y: x - 1.0, "(x - 1.0)"),
        (lambda z, x, y: 1.0 - x, "(1.0 - x)"),
        (lambda z, x, y: 2.0 * x, "(2.0 * x)"),
        (lambda z, x, y: x / 2.0, "(x / 2.0)"),
        (lambda z, x, y: 1.0 / x, "divide(1.0, x)"),
    ],
)
def test_what_changes_nothing_in_a_partial_is_left_out(partial, written, row):
    odd = row("odd", lambda x, y: x * y, partials=[partial, lambda z, x, y: x])
    x, y = Value(1.5, label="x"), Value(2.5, label="y")
    assert body(source_of(odd(x, y)))[1][-1] == f"    d_x = d_v2 * {written}"
    check(odd(x, y))


def test_what_was_recorded_is_written_even_where_it_changes_nothing():
    x = Value(1.5, label="x")
    forward = ["    v1 = x * 1.0", "    v2 = v1 + 0.0", "    v3 = v2 * 0.0", "    v4 = v3"]
    assert body(source_of(+((x * 1.0 + 0.0) * 0.0)))[0] == forward


def test_what_partials_share_is_computed_once():
    x, y = Value(0.5, label="x"), Value(0.25, label="y")
    assert "\n".join(body(source_of(autograd.logaddexp(x, x)))[1]).count("exp_difference(x, ") == 1
    reverse = "\n".join(body(source_of(autograd.logaddexp(x, y)))[1])
    assert reverse.count("exp_difference(x, ") == reverse.count("fsum(") == reverse.count("floor(") == 1
    assert "part1 = floor(maximum(x, y, " in reverse


@pytest.mark.parametrize(("steps", "lines"), [([0.25] * 11, []), ([0.25] * 10 + [0.125], ["    part1 = "])])
def test_what_is_longer_than_80_characters_has_a_line_of_its_own(steps, lines, row):
    def partial(y, x):
        for each in steps:
            x = x + each
        return autograd.sin(x)

    text = " + ".join(["x_0", *map(str, steps)])
    long = row("long", lambda x: x * x, partials=[partial])
    reverse = body(source_of(long(Value(1.5, label="x_0"))))[1][1:]
    assert len(text) == 80 + len(lines)
    assert reverse == [*(line + text for line in lines), f"    d_x_0 = d_v1 * sin({'part1' if lines else text})"]


def test_choices_read_as_choices():
    x, y = Value(0.5, label="x"), Value(0.25, label="y")
    forward, reverse = body(source_of(autograd.leaky_relu(x, 0.1) + autograd.where(autograd.less(x, y), x, y)))
    assert forward[1:3] == ["    v3 = 1.0 if x < y else 0.0", "    v4 = x if v3 else y"]
    assert reverse[-1] == "    d_x += d_v1 * (1.0 if x > 0.0 else 0.1)"


def test_only_the_helpers_in_use_are_there():
    x = Value(0.5, label="x")
    defined = [each.name for each in ast.parse(source_of(x * x + 1.0)).body if isinstance(each, ast.FunctionDef)]
    assert defined == ["value", "value_and_grad"]
    defined = [
        each.name for each in ast.parse(source_of(autograd.sin(x) / x)).body if isinstance(each, ast.FunctionDef)
    ]
    assert defined == ["sin", "cos", "from_turn", "divide", "divide_slope", "value", "value_and_grad"]


def test_kernels_are_read_once(monkeypatch):
    for each in (source._statements, source._needed_by, source._kernel_names):
        each.cache_clear()
    x = Value(0.7, label="x")
    value = autograd.sum(
        autograd.asin(x) + autograd.log2(x) + autograd.log1p(x) + autograd.exp(x),
        autograd.remainder(x, 0.4) + autograd.sqrt(x),
        autograd.cos(x * (6381956970095103 * 2.0**797 / 0.7)),
    )
    check(value)
    text = source_of(value)
    monkeypatch.delattr(source, "kernels")
    monkeypatch.delattr(source, "symtable")
    monkeypatch.delattr(source, "keyword")
    assert source_of(value) == text


def test_a_division_by_a_number_is_an_operator():
    x = Value(0.5, label="x")
    assert body(source_of(x / 4.0)) == (["    v1 = x / 4.0"], ["    d_v1 = 1.0", "    d_x = d_v1 * 0.25"])
    assert body(source_of(x / 0.0))[0] == ["    v1 = divide(x, 0.0)"]


def test_scopes_are_comments():
    x = Value(0.5, label="x")
    with Tape(), autograd.scope("layer 0"), autograd.scope("a\nb"):
        y = x * x
    assert body(source_of(y))[0] == [r"    # layer 0 / a\nb", "    v1 = x * x"]


@pytest.mark.long
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_the_text_of_every_row_imports_math_alone(row):
    leaves = [Value(0.5 + 0.25 * k) for k in range(row.arity or 4)]
    tree = ast.parse(source_of(row.of(*leaves)))
    imports = [each for each in tree.body if isinstance(each, (ast.Import, ast.ImportFrom))]
    assert [ast.unparse(each) for each in imports] == ["import math"]
    inner = [ast.unparse(each) for each in ast.walk(tree) if isinstance(each, (ast.Import, ast.ImportFrom))]
    assert set(inner) <= {"import math", "from fractions import Fraction"}  # for sums that overflow on the way


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_no_parentheses_stand_where_none_are_needed(row):
    leaves = [Value(0.5 + 0.25 * k, label=label) for k, label in zip(range(row.arity or 4), "xyzw")]
    forward, reverse = body(source_of(row.of(*leaves)))
    for line in map(str.strip, [*forward, *reverse]):
        assert line == ast.unparse(ast.parse(line))


def test_it_runs_in_a_bare_interpreter():
    x, y = Value(0.7, label="x"), Value(1.3, label="y")
    out = autograd.tanh(x * y) + autograd.prod(x, y, x) / autograd.mean(x, y, 2.0) + autograd.gelu(x) ** y
    text = source_of(out) + "\nprint(repr(value_and_grad(0.7, 1.3)))\n"
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-"], check=True, input=text, capture_output=True, text=True, encoding="utf-8"
    )
    out.backward()
    assert ran.stderr == ""
    assert ast.literal_eval(ran.stdout) == (out.data, (x.grad, y.grad))


# -- bit for bit -------------------------------------------------------------------------------------------------------


def as_tuple(thing):
    return thing if isinstance(thing, tuple) else (thing,)


def is_finite(row, point):
    value = row.of(*point)
    return all(map(math.isfinite, (*point, value, *row.slopes(value, point, range(len(point))))))


def points_of(row, count):
    source = random.Random(row.name)
    boxes = [box if isinstance(box[0], tuple) else (box,) for box in row.smooth_on]
    yield from (as_tuple(key) for key in row.examples if key != () and is_finite(row, as_tuple(key)))
    yield from (tuple(source.uniform(*side) for side in box) for box in boxes for _ in range(count))


@pytest.mark.long
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_every_row_agrees_with_the_engine(row):
    for point in points_of(row, 2):
        leaves = [Value(x) for x in point]
        node = row.of(*leaves)
        program = compiled(Tape.of(node))
        node.backward()
        assert program["value"](*point) == node.data, point
        assert program["value_and_grad"](*point) == (node.data, tuple(leaf.grad for leaf in leaves)), point


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_every_row_agrees_where_it_was_not_recorded(row):
    points = [point for point in points_of(row, 6) if point not in map(as_tuple, row.examples)]
    program = compiled(Tape.of(row.of(*map(Value, points[0]))))
    for point in points[1:]:
        leaves = [Value(x) for x in point]
        node = row.of(*leaves)
        node.backward()
        assert program["value_and_grad"](*point) == (node.data, tuple(leaf.grad for leaf in leaves)), point


@pytest.mark.parametrize(
    "row", [row for row in ROWS.values() if len(next(points_of(row, 1))) > 1], ids=lambda row: row.name
)
def test_every_row_agrees_with_constants_and_with_one_operand_twice(row):
    *_, point = points_of(row, 1)
    for constant in range(len(point)):
        mixed = [x if k == constant else Value(x) for k, x in enumerate(point)]
        check(row.of(*mixed))
    x = Value(0.8)
    if is_finite(row, [0.8] * len(point)):
        check(row.of(*[x] * len(point)))


@given(strategies.expressions(max_nodes=6), st.lists(strategies.numbers(), min_size=3, max_size=3))
def test_random_expressions_agree(expression, numbers):
    leaves = [Value(x, label=f"x{k}") for k, x in enumerate(numbers[: expression.leaves])]
    value = expression(leaves)
    tape = Tape.of(value)
    value.backward()
    program = compiled(tape)
    used = [tape.leaves[index][0] for index in leaves_of(tape)]
    gradient = tuple(leaf.grad for leaf in used)
    if math.isfinite(value.data) and all(map(math.isfinite, gradient)):
        assert program["value_and_grad"](*[leaf.data for leaf in used]) == (value.data, gradient)


@given(
    strategies.expressions(max_nodes=3),
    st.lists(st.sampled_from(["x", "sin", "d_x", "v1", "if", "", None]), min_size=6),
)
def test_names_change_nothing(expression, labels):
    leaves = [Value(0.25 + 0.5 * k, label=label) for k, label in enumerate(labels[: expression.leaves])]
    value = expression(leaves)
    value.label = labels[-1]
    check(value)


def test_several_outputs_and_the_gradient_of_the_last():
    x, y, z = (Value(0.3 * k, label=label) for k, label in enumerate("xyz", 1))
    a = x * y
    b = autograd.sin(a) + z
    later = b * b
    program = check(b, a)
    assert program["value"](0.3, 0.6, 0.9) == (b.data, a.data)
    assert program["value_and_grad"](0.3, 0.6, 0.9)[1] == (0.6, 0.3, 0.0)
    assert program["__doc__"].startswith("What 3 recorded operations compute, and a gradient.\n")
    assert "`value` returns v5, v2; `value_and_grad` returns the same,\n" in program["__doc__"]
    assert "\nand the derivatives of v2 in the arguments, in their order.\n" in program["__doc__"]
    check(a, later)
    check(later, x)
    check(x)


def test_a_sweep_is_added_up_in_the_order_of_the_engine():
    source = random.Random(7)
    leaves = [Value(source.uniform(-1.0, 1.0)) for _ in range(4)]
    values = list(leaves)
    for _ in range(200):
        left, right = source.choices(values, k=2)
        values.append(
            source.choice(
                [
                    left * right,
                    left - right,
                    left + 0.3 * right,
                    autograd.dot([left, right], [right, 0.7]),
                    autograd.tanh(left),
                ]
            )
        )
    check(autograd.sum(values))


def test_many_leaves_are_one_sequence():
    leaves = [Value(0.01 * k) for k in range(500)]
    program = check(autograd.tanh(autograd.dot(leaves[:250], leaves[250:])))
    text = source_of(autograd.sum(leaves))
    assert "def value_and_grad(leaves):\n    (\n        v0, v1, " in text
    assert "\n    ) = map(float, leaves)\n" in text
    with pytest.raises(ValueError, match="not enough values to unpack"):
        program["value"](range(499))


def test_twenty_leaves_are_arguments():
    leaves = [Value(0.5) for _ in range(21)]
    check(autograd.sum(leaves[:20]))
    assert "def value(v0, " in source_of(autograd.sum(leaves[:20]))
    assert "def value(leaves)" in source_of(autograd.sum(leaves))
    letters = [Value(0.5, label=label) for label in "abcdefghijklmnopqrstu"]
    sequence = (
        "    (\n        a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u,\n    ) = map(float, leaves)\n"
    )
    assert f"def value(leaves):\n{sequence}" in source_of(autograd.sum(letters))


def test_whole_numbers_are_taken_as_floats():
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    value, gradient = compiled(x**y)["value_and_grad"](2, 3)
    assert repr((value, gradient)) == repr((8.0, (12.0, 8.0 * math.log(2.0))))


def test_each_version_of_a_leaf_is_an_argument():
    x = Value(2.0, label="x")
    with Tape():
        before = x * x
        x.data = 5.0
        after = before * x
    check(after)
    assert "    v0 (x): 2.0\n    v2 (x): 5.0\n" in source_of(after)


def test_a_raw_tape_is_pruned_and_a_value_is_taken():
    x = Value(2.0, label="x")
    with Tape() as tape:
        x * 7.0
        y = x * 3.0
    assert source_of(tape) == source_of(y) == source_of(Tape.of(y))


def test_an_input_of_a_transform_is_an_argument():
    kept = []
    autograd.grad(lambda x: kept.append(x * x) or kept[0])(3.0)
    check(kept[0])


def test_beyond_finite_numbers_nothing_raises():
    x = Value(0.5, label="x")
    out = autograd.log(x) / autograd.sqrt(x) + autograd.exp(1.0 / x) + autograd.sin(x) ** x + autograd.sum(x, -x, 1e308)
    program = compiled(out)
    for number in (0.0, -0.0, -1.0, 1e-320, 1e308, math.inf, -math.inf, math.nan):
        program["value_and_grad"](number)
    check(autograd.sum(Value(1e308), Value(1e308), Value(-1e308)))


def test_numbers_that_are_not_finite_are_written():
    x = Value(0.5, label="x")
    forward, _ = body(source_of(autograd.min(x, math.inf, -math.inf, math.nan)))
    assert forward == ["    v1 = minimum(x, math.inf, -math.inf, math.nan)"]
    check(autograd.min(x, math.inf))


def test_there_is_nothing_to_write():
    with pytest.raises(ValueError, match="there is nothing to write: the tape is empty"):
        source_of(Tape())
    with pytest.raises(TypeError, match="expected a Value or a Tape, not int"):
        source_of(3)


# -- names -------------------------------------------------------------------------------------------------------------

HOSTILE = [
    "x\nimport os",
    "x\r__import__('os').abort()",
    "__import__('os').abort()",
    '"""\n__import__("os").abort()\n"""',
    '"""',
    "\\",
    '\\"""',
    "'''",
    "{0.__class__}",
    "{y}{part}",
    "# coding: utf-7",
    "\u2028print()\u2029\x0b\x0c\x85\x1c",
    "\u202egnissap",
    "\ud800",
    "\0",
    "__builtins__",
    "__name__",
    "ﬁ",
    "x²",
    "x" * 5000,
    "math",
    "value",
    "value_and_grad",
    "leaves",
    "float",
    "map",
    "power",
    "fsum",
    "lambda",
    "match",
    "None",
    "__debug__",
    "v0",
    "d_v1",
    "d_x",
    "part1",
    "a; b",
    "1e9",
    "%s",
    "",
    " ",
    "_",
]


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
def test_no_label_gets_into_the_program(label):
    x, y = Value(1.25, label=label), Value(0.5, label="x")
    inner = autograd.sum(x * y, x**y, y)
    inner.label = label + "'"
    with autograd.scope(label):
        out = autograd.logaddexp(inner, x)
    out.label = label + label
    program = check(out)
    tree = ast.parse(source_of(out))
    assert set(program) == {"__builtins__", "__doc__", "math", *names_defined(tree)}
    assert all(isinstance(each, (ast.Expr, ast.Import, ast.Assign, ast.FunctionDef)) for each in tree.body)
    assert len([each for each in tree.body if isinstance(each, ast.Expr)]) == 1
    assert program["__doc__"].endswith("in their order.\n")


def names_defined(tree):
    for each in tree.body:
        if isinstance(each, ast.FunctionDef):
            yield each.name
        elif isinstance(each, ast.Assign):
            yield from (name.id for name in ast.walk(each.targets[0]) if isinstance(name, ast.Name))


@pytest.mark.long
@given(st.text(max_size=12), st.text(max_size=12))
def test_any_label_gives_a_program_with_the_same_statements(first, second):
    def recorded(a, b):
        x, y = Value(1.25, label=a), Value(0.5, label=b)
        out = x * y + x
        out.label = a + b
        return out

    plain = ast.parse(source_of(recorded("a", "b")))
    drawn = ast.parse(source_of(recorded(first, second)))
    assert [type(each) for each in ast.walk(plain)] == [type(each) for each in ast.walk(drawn)]
    check(recorded(first, second))


def test_labels_that_can_be_names_are_names():
    x, y, z = Value(1.0, label="w[0]"), Value(2.0, label="α"), Value(3.0, label="layer 1.ﬁrst²")
    out = x * y + z
    assert body(source_of(out))[0] == ["    v2 = w_0 * α", "    v4 = v2 + layer_1_first2"]
    assert "    w_0 (w[0]): 1.0\n    α: 2.0\n    layer_1_first2 (layer 1.ﬁrst²): 3.0\n" in source_of(out)


def test_labels_that_cannot_be_names_are_comments():
    x = Value(1.0, label="sin")
    y = x * 2.0
    y.label = "twice\nas much"
    z = y * 3.0
    z.label = "def"
    assert body(source_of(z))[0] == [
        r"    twice_as_much = v0 * 2.0  # twice\nas much",
        "    v2 = twice_as_much * 3.0  # def",
    ]
    z.label = "with"
    assert body(source_of(z))[0][-1] == "    v2 = twice_as_much * 3.0  # with"


def test_a_label_of_60_characters_is_whole_and_a_longer_one_cut():
    x = Value(1.0, label="x")
    y = x * 2.0
    y.label = "y" * 60
    assert body(source_of(y))[0] == [f"    {'y' * 60} = x * 2.0"]
    y.label = "y" * 61
    assert body(source_of(y))[0] == [f"    v1 = x * 2.0  # {'y' * 57}..."]
    y.label = "-" * 60
    assert body(source_of(y))[0] == [f"    v1 = x * 2.0  # {'-' * 60}"]


def test_short_names_give_way_to_labels():
    x, y = Value(1.0, label="v1"), Value(2.0, label="d_v1")
    out = autograd.logaddexp(x * y, Value(0.5, label="part1"))
    text = source_of(out)
    assert "node2 = v1 * d_v1" in text
    assert "adjoint_node2 = " in text
    assert "piece1 = floor(" in text
    check(out)


def test_no_name_is_a_word_of_the_language():
    leaves = [Value(0.1, label=word) for word in (*keyword.kwlist, *keyword.softkwlist, *dir(builtins))]
    check(autograd.sum(leaves))


# -- users' own rows ---------------------------------------------------------------------------------------------------


@pytest.fixture
def row():
    made = []

    def make(*arguments, **keywords):
        made.append(Primitive(*arguments, **keywords))
        return made[-1]

    yield make
    for _ in made:
        primitives.TABLE.pop()


def test_a_row_of_operators_is_traced(row):
    cube = row("cube", lambda x: x**3 / 2, partials=[lambda y, x: 1.5 * x**2])
    x = Value(1.7, label="x")
    assert body(source_of(cube(x)))[0] == ["    v1 = power(x, 3.0) / 2.0"]
    check(cube(cube(x) + 1.0) * x)


@pytest.mark.parametrize("partial", [lambda y, x: -1.0 * x, lambda y, x: x * -1.0])
def test_a_factor_of_minus_one_is_a_minus(partial, row):
    falling = row("falling", lambda x: -x * x / 2.0, partials=[partial])
    x = Value(1.7, label="x")
    assert body(source_of(falling(x)))[1] == ["    d_v1 = 1.0", "    d_x = d_v1 * -x"]
    check(falling(x) * 2.0)


def test_a_truth_in_a_partial_is_1_or_0(row):
    shifted = row("shifted", lambda x: x + 1.0, partials=[lambda y, x: True])
    scaled = row("scaled", lambda x, c: x * c, partials=[lambda y, x, c: c * (c > 1.0), lambda y, x, c: x])
    x = Value(2.0, label="x")
    assert body(source_of(shifted(x)))[1][-1] == "    d_x = d_v1"
    assert body(source_of(scaled(x, 3.0)))[1][-1] == "    d_x = d_v1 * 3.0"
    check(shifted(x) * scaled(x, 0.5) + scaled(shifted(x), 3.0))


def test_parentheses_stand_where_rounding_needs_them(row):
    def compute(x, y):
        return (x - (y - 0.1)) * (y * (x / 3.0)) + (x + (y + 0.7)) - autograd.neg(-x)

    odd = row("odd", compute, partials=[lambda z, x, y: compute(y, z), lambda z, x, y: x / (y * z)])
    x, y = Value(0.3, label="x"), Value(1e-3, label="y")
    forward = "    v2 = (x - (y - 0.1)) * (y * (x / 3.0)) + (x + (y + 0.7)) - -(-x)"
    assert body(source_of(odd(x, y)))[0] == [forward]
    for k in range(1, 20):
        check(odd(Value(0.1 * k), Value(0.37 / k)))


def test_what_is_nested_deeply_is_taken_apart(row):
    def nested(y, x):
        for _ in range(300):
            x = autograd.sin(x) + 1.0
        return x

    deep = row("deep", lambda x: x * x, partials=[nested])
    lines = body(source_of(deep(Value(2.0, label="x"))))[1]
    assert max(map(len, lines)) < 120
    check(deep(Value(2.0)))


def bumped(x: float, width: float) -> float:
    """Return a bump."""
    inside = [math.exp(-each * each) for each in (x, width)]
    return sum(inside) if x > 0 else 0.0


def closed_over(max):
    def compute(x):
        return max(float(x), 1.0)

    return compute


def with_a_default(x, bound=X_BOUND):
    return math.sin(x) * bound


def with_a_default_by_name(x, *, bound=X_BOUND):
    return math.sin(x) * bound


def with_a_name_of_its_module(x):
    return math.sin(x) * X_BOUND


def imported(x):
    from cmath import phase

    return float(phase(x))


def test_a_row_with_a_plain_function_brings_its_source(row):
    bump = row("bump", bumped, partials=[lambda y, x, w: -2.0 * x * y, lambda y, x, w: autograd.sin(y) * 1.0])
    x = Value(1.7, label="bump")
    y = bump(x, bump(x, 0.5))
    program = check(y)
    assert body(source_of(y))[0] == ["    v1 = _bump(bump, 0.5)", "    v2 = _bump(bump, v1)"]
    assert '    """Return a bump."""' in source_of(y)
    assert program["value"](-1.0) == 0.0


def annotated(x: Value, *, bound: float = math.pi) -> float:
    whole: Value = math.floor(x)
    rest: float
    rest = x - whole
    rest: float
    return rest * bound


def test_a_plain_function_goes_without_its_annotations(row):
    saw = row("saw", annotated, partials=[lambda y, x: autograd.where(autograd.less(x, 2.0), 2.0, y)])
    x = Value(1.7, label="x")
    assert body(source_of(saw(x)))[0] == ["    v1 = _saw(x)"]
    assert "def _saw(x, *, bound=math.pi):\n    whole = math.floor(x)\n" in source_of(saw(x))
    assert "Value" not in source_of(saw(x))
    check(saw(x) * 2.0)


def damped(x):
    return abs(x) * math.exp(-abs(x)) + float(int(x))


def test_a_plain_function_may_use_any_function_of_the_language(row):
    wave = row("wave", damped, partials=[lambda y, x: y / x])
    assert body(source_of(wave(Value(1.7, label="x"))))[0] == ["    v1 = _wave(x)"]
    check(wave(Value(-2.5)) * 2.0)


def test_what_a_traced_row_uses_twice_is_computed_once(row):
    tower = row("tower", lambda x: ((x + 1.0) * (x + 1.0)) ** 2.0 * (x + 1.0), partials=[lambda y, x: y])
    lines = ["    part1 = x + 1.0", "    v1 = power(part1 * part1, 2.0) * part1"]
    assert body(source_of(tower(Value(1.7, label="x"))))[0] == lines
    check(tower(Value(0.3)))


def test_two_rows_of_one_name_have_two_functions(row):
    first, second = (row("math", bumped, partials=[lambda y, x, w: y, lambda y, x, w: x]) for _ in range(2))
    x = Value(1.7, label="x")
    check(first(x, 2.0) + second(x, x))
    assert "_math_2(x, x)" in source_of(first(x, 2.0) + second(x, x))


def test_a_row_that_needs_more_than_its_text_is_refused(row):
    scale = 3.0
    computes = [
        lambda x: math.sin(x) * scale,
        check,
        lambda x: x if x > 0 else -x,
        lambda x: float(x == 2.0),
        imported,
        with_a_default,
        with_a_default_by_name,
        with_a_name_of_its_module,
        FunctionType(with_a_name_of_its_module.__code__, {"math": math}),
        FunctionType(damped.__code__, {"math": math, "abs": math.floor}),
        eval("lambda x: math.sin(x) + 1.0"),
        *{"sine": lambda x: math.sin(x) + 1.0}.values(),
    ]
    computes.append(closed_over(lambda x, bound: x + bound))
    for compute in computes:
        opaque = row("opaque", compute, partials=[lambda y, x: y])
        tape = Tape.of(Value(2.0) * 3.0)
        tape.append((opaque.code, 1.0, 0, 1.0))
        with pytest.raises(
            ValueError, match="the primitive 'opaque' cannot be written as text, because its kernel is n"
        ):
            source_of(tape.__class__.of(listing.value_at(tape, len(tape) - 1)))


def test_a_row_of_operators_needs_no_source(row):
    names = {}
    exec("def cube(x):\n    return x * x * x", names)
    for compute in ({"cube": lambda x: x * x * x}["cube"], names["cube"]):
        cube = row("cube", compute, partials=[lambda y, x: 3.0 * x * x])
        assert body(source_of(cube(Value(1.7, label="x"))))[0] == ["    v1 = x * x * x"]


def test_a_partial_that_cannot_be_traced_is_refused(row):
    steep = row("steep", lambda x: x * x, partials=[lambda y, x: 2.0 * x if x > 0 else 0.0])
    with pytest.raises(ValueError, match=r"'steep' cannot be written .* its partial .* compile the tape for arrays"):
        source_of(steep(Value(2.0)))


def test_an_own_row_of_many_operands():
    last = ManyPrimitive("last", lambda *xs: xs[-1] * 2.0, partials=lambda y, *xs: [0.0] * (len(xs) - 1) + [2.0])
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    assert body(source_of(last(x, y, x)))[1] == ["    d_v2 = 1.0", "    d_x = d_v2 * 2.0"]
    check(last(x, y, x))
    primitives.TABLE.pop()
    squared = ManyPrimitive("squared", lambda *xs: xs[0] * xs[0], partials=lambda y, *xs: [xs[0] * 2.0, *xs[1:]])
    assert body(source_of(squared(x, 3.0)))[1] == ["    d_v1 = 1.0", "    d_x = d_v1 * (x * 2.0)"]
    primitives.TABLE.pop()


# -- branches ----------------------------------------------------------------------------------------------------------


def test_another_branch_is_refused():
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    tape = Tape.of(x * y + 1.0)
    source = (__file__, test_another_branch_is_refused.__code__.co_firstlineno)
    tape.guards.append((1, primitives.greater.code, (0, -1), (2.0, 1.5), True, source))
    tape.guards.append((4, primitives.less.code, (2, 0), (6.0, 2.0), False, None))
    program = compiled(tape)
    assert program["value_and_grad"](2.0, 3.0) == (7.0, (3.0, 2.0))
    line = r"test_replay_source.py, line \d+: def test_another_branch_is_refused"
    for function in ("value", "value_and_grad"):
        with pytest.raises(ValueError, match=rf"another branch would be taken: x > 1.5 was true when .*{line}"):
            program[function](1.0, 3.0)
        with pytest.raises(
            ValueError, match=r"another branch would be taken: v2 < x was false when this was recorded$"
        ):
            program[function](2.0, 0.5)


def test_the_branches_of_a_recording_come_along():
    x, y = Value(3.0, label="x"), Value(4.0, label="y")
    with Tape():
        hidden = y * 2.0 - x
        out = x * 2.0 if hidden > x else y * 3.0
    program = compiled(Tape.of(out))
    first, second, asked, refused, last = body(source_of(out))[0]
    assert [first, second, asked] == ["    v0 = 4.0 * 2.0", "    v2 = v0 - x", "    if not v2 > x:"]
    assert refused.startswith("        raise ValueError('another branch would be taken: v2 > x was true when ")
    assert last == "    v3 = x * 2.0"
    assert program["value_and_grad"](3.0) == (6.0, (2.0,))
    with pytest.raises(ValueError, match=r"another branch would be taken: .* > x was true when .*hidden > x"):
        program["value"](5.0)


def test_the_source_of_a_branch_gets_no_code_in():
    tape = Tape.of(Value(2.0, label="x") * 3.0)
    tape.guards.append((1, primitives.greater.code, (0, -1), (2.0, 1.5), True, ("'''\"\n__import__('os').abort()", 1)))
    with pytest.raises(ValueError, match="another branch would be taken"):
        compiled(tape)["value"](0.0)


# -- size --------------------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_long_chain_compiles_and_agrees():
    x, y = Value(0.7, label="x"), Value(1.3, label="y")
    with Tape():
        out = y
        for _ in range(LARGE):
            out = out * 1.0000001 + x * 0.5
    out.backward()
    text = source_of(out)
    assert program_of(text)["value_and_grad"](1.3, 0.7) == (out.data, (y.grad, x.grad))
    forward, reverse = body(text)
    assert len(forward) == 3 * LARGE
    assert len(reverse) == 1 + 4 * LARGE


@pytest.mark.long
def test_a_wide_node_is_one_line():
    leaves = [Value(0.001 * k) for k in range(2000)]
    assert len(body(source_of(autograd.dot(leaves[:1000], leaves[1000:])))[0]) == 1
    check(autograd.prod(leaves[500:700]))
    check(autograd.logsumexp(leaves))


@pytest.mark.parametrize("count", [21, 60, 61])
def test_long_lists_of_leaves_fill_lines_that_are_not_too_long(count):
    leaves = [Value(1.0 + k, label=f"weight_of_input_{k}") for k in range(count)]
    text = Tape.of(autograd.prod(leaves)).source()
    lines = text.partition("def value(leaves):\n    (\n")[2].partition("    ) =")[0].splitlines()
    assert all(line.startswith("        w") and line.endswith(",") for line in lines)
    assert " ".join(line.strip() for line in lines) == " ".join(f"{leaf.label}," for leaf in leaves)
    assert max(map(len, lines)) <= 92
    assert min(map(len, lines[:-1])) > 92 - len(" weight_of_input_99,")


def test_a_formula_is_the_title_of_what_is_not_a_leaf():
    x = Value(2.0, label="x")
    out = x * x
    assert source_of(out).startswith('"""v1 = x * x, and its gradient.\n')
    out.label = "z"
    assert source_of(out).startswith('"""z = x * x, and its gradient.\n')
    assert source_of(x).startswith('"""What 0 recorded operations compute, and a gradient.\n')


@pytest.mark.parametrize("count", [59, 60])
def test_a_formula_of_60_characters_is_a_title(count):
    out = Value(2.0, label="x")
    for _ in range(count):
        out = +out
    title = f"v{count} = {'+' * count}x, and its" if count < 60 else f"What {count} recorded operations compute, and a"
    assert source_of(out).startswith(f'"""{title} gradient.\n')


def test_many_operations_have_no_formula_as_their_title(row):
    bare = row("bare", lambda x: x * 1.0, partials=[lambda y, x: 1.0], form="{}")
    out = Value(2.0, label="x")
    for _ in range(61):
        out = bare(out)
    assert source_of(out).startswith('"""What 61 recorded operations compute, and a gradient.\n')


def test_a_long_formula_is_no_title():
    x = Value(2.0, label="x_" * 29)
    assert "What 1 recorded operation computes, and a gradient." in source_of(x * x)
    assert "What 2 recorded operations compute, and a gradient." in source_of(x * x * x)
    assert "What 2 recorded operations compute, and a gradient." in source_of(Tape.of(x * 2.0, x * 3.0))


@pytest.mark.parametrize(("count", "lines"), [(3, 1), (5, 4)])
def test_a_gradient_of_long_names_is_written_over_several_lines(count, lines):
    leaves = [Value(1.0 + k, label=f"weight_of_input_{k}") for k in range(count)]
    total = autograd.sum(leaves)
    total.label = "out"
    _, _, last = source_of(total).rpartition("    return out, (")
    assert last.count("\n") == lines
    assert max(map(len, last.splitlines())) <= 92
    assert last.replace(")", "").replace(",", "").split() == [f"d_weight_of_input_{k}" for k in range(count)]
    check(total)


@pytest.mark.parametrize(
    ("lengths", "entries", "longest"),
    [
        ((39, 39), [2], 100),
        ((39, 40), [0, 1, 1, 0], 51),
        ((38, 39, 1), [0, 2, 1, 0], 92),
        ((38, 40, 1), [0, 1, 2, 0], 56),
    ],
)
def test_a_gradient_has_as_many_lines_as_it_needs(lengths, entries, longest):
    leaves = [Value(1.0, label=letter * length) for letter, length in zip("abc", lengths)]
    total = autograd.sum(leaves)
    total.label = "z"
    _, opening, gradient = source_of(total).rpartition("    return z, (")
    lines = (opening + gradient).splitlines()
    assert [line.count("d_") for line in lines] == entries
    assert max(map(len, lines)) == longest


def test_versions_of_a_leaf_are_arguments_in_the_order_of_the_tape():
    a, b, names = Value(2.0), Value(3.0), {}
    with Tape():
        first = a * 10.0 + b * 100.0
        a.data = 5.0
        exec(source_of(first + a * 1000.0), names)
    assert names["value_and_grad"](2.0, 3.0, 5.0) == (5320.0, (10.0, 100.0, 1000.0))


def test_arguments_stand_in_the_order_of_the_tape_inputs_of_transforms_among_them():
    x, c, d, y, names = Value(2.0, "x"), Value(3.0, "c"), Value(5.0, "d"), Value(7.0, "y"), {}
    with Tape():
        scaled = x + c
        out = scaled * autograd.grad(lambda z: z * z * z * d)(1.5) * y
    tape = Tape.of(out)
    assert [line.name for line in tape.lines() if not line.operands] == ["x", "c", "v3", "d", "y"]
    exec(tape.source(), names)
    assert names["value"](2.0, 3.0, 1.5, 5.0, 7.0) == out.data


def test_an_input_that_only_comparisons_ask_for_is_the_number_that_it_was():
    c, d, names = Value(1.0), Value(2.0), {}
    with Tape():
        out = autograd.grad(lambda z: z * d if z > c else z * z)(1.5) * c
    exec(source_of(out), names)
    assert names["value"](1.25, 3.0) == 3.75
    with pytest.raises(ValueError, match="another branch"):
        names["value"](1.6, 3.0)


def test_a_version_of_a_leaf_that_only_comparisons_ask_for_is_the_number_that_it_was():
    a, b, names = Value(2.0), Value(3.0), {}
    with Tape():
        if a * 2.0 > 1.0 and b > 2.0:
            a.data = 5.0
        out = a * b
    exec(source_of(out), names)
    assert names["value_and_grad"](7.0, -4.0) == (-28.0, (-4.0, 7.0))  # b was asked for first
    with pytest.raises(ValueError, match="another branch"):
        names["value"](1.0, 5.0)
