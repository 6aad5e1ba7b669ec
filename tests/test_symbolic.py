"""Formulas: every row of the table in sympy, evaluated at a point, agrees with the tape; and so does its derivative."""

from __future__ import annotations

import builtins
import itertools
import math
import time

import pytest

from autograd import ManyPrimitive, Primitive, Tape, Value, grad, primitives, sin, tanh, where

sympy = pytest.importorskip("sympy", reason='needs sympy: pip install "tapegrad[symbolic]"')

from autograd import symbolic  # noqa: E402  (after the check that sympy is there)
from autograd.symbolic import symbolic_gradient, to_sympy  # noqa: E402
from autograd.value import cut  # noqa: E402

ROUNDED = 1e-11
"""Relative: the floats have 4 ulp, and differences of a few terms lose a factor of a thousand; sympy has 30 digits."""

TABLE = list(primitives.TABLE)


def boxes(row):
    for box in row.smooth_on:
        yield [box] if not isinstance(box[0], tuple) else list(box)


def points(row):
    """Yield arguments inside each of a row's smooth boxes."""
    for box in boxes(row):
        shares = itertools.cycle([0.37, 0.71, 0.52])
        inside = [low + (high - low) * share for (low, high), share in zip(box, shares)]
        yield [inside[: len(inside) // 2], inside[len(inside) // 2 :]] if row.name == "dot" else inside


ROWS = [row for row in TABLE if row is not cut]  # at import: before tests of any file add rows of their own
CASES = [(row, point) for row in ROWS for point in points(row)]


def leaves_of(point):
    labels = (f"x{k}" for k in itertools.count())
    return [
        [Value(part, next(labels)) for part in each] if isinstance(each, list) else Value(each, next(labels))
        for each in point
    ]


def flattened(leaves):
    return [leaf for each in leaves for leaf in (each if isinstance(each, list) else [each])]


def number(expression, point):
    return float(expression.subs(point).evalf(30))


def test_every_row_has_a_form_and_a_point():
    assert {row.name for row in ROWS} - set(symbolic._forms()) == set()
    assert {row.name for row in ROWS} - {row.name for row, _ in CASES} == set()


@pytest.mark.parametrize(("row", "point"), CASES, ids=[f"{row.name}-{k}" for k, (row, _) in enumerate(CASES)])
def test_formula_and_gradient_agree_with_the_tape(row, point):
    leaves = leaves_of(point)
    value = row(*leaves)
    value.backward()
    gradient = symbolic_gradient(value)
    at = {sympy.Symbol(leaf.label, real=True): leaf.data for leaf in flattened(leaves)}
    assert set(gradient) == set(at)
    assert number(to_sympy(value), at) == pytest.approx(value.data, rel=ROUNDED, abs=1e-300)
    for leaf in flattened(leaves):
        slope = gradient[sympy.Symbol(leaf.label, real=True)]
        assert number(slope, at) == pytest.approx(leaf.grad, rel=ROUNDED, abs=1e-13), leaf.label


def test_the_main_example():
    w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
    value = w1**3 * w2 + 3 * w1
    assert str(to_sympy(value)) == "w1**3*w2 + 3*w1"
    assert {str(symbol): str(slope) for symbol, slope in symbolic_gradient(value).items()} == {
        "w1": "3*w1**2*w2 + 3",
        "w2": "w1**3",
    }
    assert str(to_sympy(Tape.of(value))) == "w1**3*w2 + 3*w1"


def test_constants_are_exact_where_they_are_simple():
    x = Value(1.0, label="x")
    assert str(to_sympy(x * 0.5 + 2)) == "x/2 + 2"
    assert str(to_sympy(x * math.pi)) == "pi*x"
    assert str(to_sympy(x + 0.1)) == "x + 0.1"
    assert str(to_sympy(x * (1.0 / 1024.0))) == "x/1024"
    assert str(to_sympy(x * (1.0 / 2048.0))) == "0.00048828125*x"


@pytest.mark.parametrize(("infinite", "written"), [(math.inf, "oo"), (-math.inf, "-oo")])
def test_an_infinite_constant_has_its_sign(infinite, written):
    x = Value(1.0, label="x")
    assert str(to_sympy(where(x > 0, x, infinite))) == f"Piecewise((x, x > 0), ({written}, True))"


def test_where_keeps_both_sides_and_if_keeps_one():
    x = Value(-2.0, label="x")
    assert str(to_sympy(where(x > 0, x, -x))) == "Piecewise((x, x > 0), (-x, True))"
    assert str(to_sympy(where(x, x, 0 * x))) == "Piecewise((x, Ne(x, 0)), (0, True))"
    assert str(to_sympy(x if x > 0 else -x)) == "-x"


def test_both_sides_stay_though_only_one_is_possible():
    x = Value(2.0, label="x")
    assert str(to_sympy(where(x * x + 1, x, -x))) == "Piecewise((x, Ne(x**2 + 1, 0)), (-x, True))"
    assert str(to_sympy(primitives.relu(primitives.exp(x)))) == "Piecewise((exp(x), exp(x) > 0), (0, True))"


def test_a_condition_that_is_a_number_holds_where_it_is_not_zero():
    x = Value(2.0, label="x")
    chosen = to_sympy(where(primitives.relu(x), x, -x))
    assert [chosen.subs({sympy.Symbol("x", real=True): at}) for at in (-2, 0, 3)] == [2, 0, 3]


def test_steps_are_flat():
    x = Value(2.5, label="x")
    y = primitives.floor(x) * x + primitives.round(x) + (x % 2)
    y.backward()
    assert number(next(iter(symbolic_gradient(y).values())), {sympy.Symbol("x", real=True): 2.3}) == x.grad == 3.0


@pytest.mark.parametrize(
    "f",
    [
        *(primitives.sign, primitives.step, primitives.trunc, primitives.ceil, primitives.relu, primitives.cbrt),
        lambda x: primitives.leaky_relu(x, 0.1),
        lambda x: primitives.elu(x, 0.7),
        lambda x: primitives.copysign(3.0, x),
        lambda x: primitives.clip(x, -0.5, 0.5),
        lambda x: primitives.round_to(x, 2.0),
        lambda x: primitives.fmod(x, 0.4),
    ],
)
def test_pieces_meet_where_the_table_has_them_meet(f):
    formula = to_sympy(f(Value(1.0, label="x")))
    for x in (-1.25, -0.75, -0.25, 0.0, 0.25, 0.75, 1.25):
        assert number(formula, {sympy.Symbol("x", real=True): x}) == pytest.approx(f(x), rel=ROUNDED), x


def test_halves_round_to_even():
    x = Value(0.5, label="x")
    rounded = to_sympy(primitives.round(x))
    at = [-4.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 0.3, -0.7]
    assert [int(rounded.subs({sympy.Symbol("x", real=True): k})) for k in at] == [round(k) for k in at]


@pytest.mark.parametrize("numbers", [(0.3,), (1.0,), (3.0,), (5.0, -9.0)])
def test_the_formula_of_a_binade_is_the_power_of_two_that_brings_the_largest_near_1(numbers):
    xs = [Value(each, f"x{k}") for k, each in enumerate(numbers)]
    at = {sympy.Symbol(x.label, real=True): x.data for x in xs}
    power = 2.0 ** -math.floor(math.log2(max(map(abs, numbers))))
    assert number(to_sympy(primitives.binade(*xs)), at) == primitives.binade(*numbers) == power


def test_what_is_flat_is_0_also_of_0():
    x = Value(1.0, label="x")
    assert to_sympy(primitives.flat(x - x)) == 0


def test_shared_subexpressions_are_shared():
    x = Value(0.5, label="x")
    y = sin(x)
    value = y * y + y
    value.backward()
    [slope] = symbolic_gradient(value).values()
    assert number(slope, {sympy.Symbol("x", real=True): 0.5}) == pytest.approx(x.grad, rel=ROUNDED)


def test_gradients_of_gradients_have_formulas():
    x = Value(0.5, label="x")
    second = grad(grad(lambda t: tanh(t) * t**3 / x))(Value(0.7, label="t"))
    at = {symbol: {"x": 0.5, "t": 0.7}[str(symbol)] for symbol in symbolic_gradient(second)}
    assert number(to_sympy(second), at) == pytest.approx(second.data, rel=ROUNDED)


def test_names_without_and_with_the_same_label():
    a, b, c = Value(2.0, label="w"), Value(3.0, label="w"), Value(4.0)
    names = [str(symbol) for symbol in symbolic_gradient(a * b * c)]
    assert len(set(names)) == 3


def test_a_primitive_of_ones_own_has_no_form():
    cube = Primitive("cube_for_formulas", lambda x: x * x * x, partials=(lambda y, x: 3.0 * x * x,))
    try:
        with pytest.raises(ValueError, match="'cube_for_formulas' has no form in sympy"):
            to_sympy(cube(Value(2.0)))
    finally:
        assert primitives.TABLE.pop() is cube


def test_what_is_too_long_or_too_deep_is_refused():
    x = Value(1.0, label="x")
    doubled = x
    for _ in range(60):
        doubled = sin(doubled) + doubled
    with pytest.raises(ValueError, match="operations, 2,000 are the most"):
        to_sympy(doubled)
    deep = x
    for _ in range(1000):
        deep = sin(deep)
    with pytest.raises(ValueError, match="operations deep, 60 are the most"):
        symbolic_gradient(deep)


@pytest.mark.parametrize(
    ("again", "times", "operations"),
    [
        (lambda y: sin(y) + y, 10, "3,070"),  # 1 + (1 + n) + n from n, 1 at first
        (lambda y: primitives.clip(y, 0.0, 2.0), 7, "3,280"),  # 1 + 3 n: compared with both ends, and itself
        (lambda y: primitives.max(y, 1.0, 2.0, 3.0), 10, "2,047"),  # 1 + 2 n: compared, and itself
        (lambda y: sin(y) + y, 48, "844,424,930,131,966"),  # 3 * 2^48 - 2, below 10^15
        (lambda y: sin(y) + y, 49, r"more than 10\*\*15"),
    ],
)
def test_a_formula_is_as_long_as_it_is_written_out(again, times, operations):
    y = Value(1.0, label="x")
    for _ in range(times):
        y = again(y)
    with pytest.raises(ValueError, match=rf"^the formula would have {operations} operations, 2,000 are the most$"):
        to_sympy(y)


def test_the_longest_and_the_deepest_formula():
    x = Value(1.0, label="x")
    assert str(to_sympy(primitives.sum([x] * 1999))) == "1999*x"
    with pytest.raises(ValueError, match="2,001 operations"):
        to_sympy(primitives.sum([x] * 2000))
    y = x
    for _ in range(60):
        y = sin(y)
    assert to_sympy(y)
    with pytest.raises(ValueError, match="61 operations deep, 60 are the most"):
        to_sympy(sin(y))


@pytest.mark.long
def test_a_deep_formula_works():
    y = Value(1.0, label="x")
    for _ in range(symbolic.MOST_DEEP - 1):
        y = sin(y)
    assert symbolic_gradient(y)


def test_long_sums_are_not_deep():
    x = Value(1.0, label="x")
    y = x
    for _ in range(300):
        y = y + x
    assert str(to_sympy(y)) == "301*x"


def test_nested_branches_are_quick():
    x = Value(1.0, label="x")
    y = x
    for _ in range(7):
        y = primitives.relu(y * 0.9 - 0.01)
    y.backward()
    start = time.perf_counter()
    [slope] = symbolic_gradient(y).values()
    assert number(slope, {sympy.Symbol("x", real=True): 1.0}) == pytest.approx(x.grad, rel=ROUNDED)
    assert time.perf_counter() - start < 5.0


def importing_sympy_misses(missing, monkeypatch):
    real = builtins.__import__

    def refusing(name, *rest, **keywords):
        if name.partition(".")[0] == "sympy":
            raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)
        return real(name, *rest, **keywords)

    symbolic._sympy.cache_clear()
    monkeypatch.setattr(builtins, "__import__", refusing)


@pytest.mark.parametrize(
    ("missing", "told"),
    [("sympy", r'pip install "tapegrad\[symbolic\]"'), ("mpmath", r"^No module named 'mpmath'$")],
)
def test_without_sympy_it_says_what_to_install_and_what_sympy_itself_lacks_is_named(missing, told, monkeypatch):
    importing_sympy_misses(missing, monkeypatch)
    with pytest.raises(ModuleNotFoundError, match=told):
        to_sympy(Value(1.0))


def test_what_is_asked_for_again_leaves_nothing_behind():
    y = primitives.relu(primitives.floor(Value(1.0, label="x")))
    kept = []
    for _ in range(2):
        assert [to_sympy(y), *symbolic_gradient(y).values()]
        kept.append((symbolic._occurrences.cache_info().currsize, len(sympy.Function.__subclasses__())))
    assert kept[0] == kept[1]


def test_many_operands():
    assert all(isinstance(getattr(primitives, name), ManyPrimitive) for name in ("sum", "max", "dot", "hypot"))
    xs = [Value(k / 7, label=f"x{k}") for k in range(1, 6)]
    at = {sympy.Symbol(x.label, real=True): x.data for x in xs}
    for row in (primitives.sum, primitives.mean, primitives.max, primitives.logsumexp):
        value = row(xs)
        assert number(to_sympy(value), at) == pytest.approx(value.data, rel=ROUNDED)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_dot_product_is_written_as_its_products(count):
    xs, ys = ([Value(1.0, f"{name}{k}") for k in range(count)] for name in "xy")
    assert str(to_sympy(primitives.dot(xs, ys))) == " + ".join(f"x{k}*y{k}" for k in range(count))


def test_where_the_edges_of_clip_meet_the_slope_is_1_on_them():
    x = Value(1.0, label="x")
    clipped = primitives.clip(x, 1.0, 1.0)
    clipped.backward()
    [slope] = symbolic_gradient(clipped).values()
    assert [number(slope, {sympy.Symbol("x", real=True): at}) for at in (0.5, 1.0, 1.5)] == [0.0, x.grad, 0.0]
    assert x.grad == 1.0


@pytest.mark.parametrize("at", [3.0, 5.0, 7.0])
@pytest.mark.parametrize("bounds", [(4.0, 6.0), (6.0, 4.0)])
def test_a_formula_of_clip_holds_for_bounds_either_way_round(bounds, at):
    x, low, high = Value(at, label="x"), Value(5.0, label="low"), Value(5.0, label="high")
    expected = min(max(at, bounds[0]), bounds[1])
    assert primitives.clip(at, *bounds) == expected
    numbers = {"x": at, "low": bounds[0], "high": bounds[1]}
    for clipped in (primitives.clip(x, *bounds), primitives.clip(x, low, high)):
        found = to_sympy(clipped)
        assert float(found.subs({symbol: numbers[symbol.name] for symbol in found.free_symbols})) == expected
