"""Points and situations that other engines' tests and issues exist for: whichever way they are computed, they hold."""

from __future__ import annotations

import itertools
import math
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("mpmath")

from autograd import (
    Dual,
    Primitive,
    Tape,
    Value,
    compile,
    grad,
    hessian,
    hvp,
    jvp,
    primitives,
    value_and_grad,
    vjp,
    where,
)
from tests.hard_points import NAMES, Raises, deeds
from tests.hard_points.known import KNOWN
from tests.hard_points.nests import NESTS
from tests.hard_points.page import PLACE, page
from tests.hard_points.points import GROUPS

pytestmark = pytest.mark.long

POINTS = [each for group in GROUPS.values() for each in group]
REPLAYED_ULPS = 4.0  # NumPy's routines instead of those of `math`


def of(situations, law=""):
    """Return parameters; what fails under a law, for a reason that it states, is expected to."""
    return [pytest.param(each, id=each.situation, marks=expected_to_fail(each, law)) for each in situations]


def expected_to_fail(situation, law):
    return [pytest.mark.xfail(reason=situation.reason)] if law and situation.fails == law else []


def same(got, expected, ulps):
    """Return whether two floats are both nan, or equal, or so near to each other."""
    if got != got or expected != expected:
        return got != got and expected != expected
    return got == expected or (math.isfinite(expected) and abs(got - expected) <= ulps * math.ulp(expected))


def same_value(got, expected, ulps):
    """Return whether two floats are the same, the signs of zeros as well."""
    return same(got, expected, ulps) and (got != 0.0 or math.copysign(1.0, got) == math.copysign(1.0, expected))


# -- points ------------------------------------------------------------------------------------------------------------


def forward(f):
    return lambda x: jvp(f, (x,), (1.0,))[1]


def of_list(f):
    return lambda xs: f(*xs)


def axes(count):
    return [[float(k == j) for k in range(count)] for j in range(count)]


def swept(f, at):
    leaves = [Value(x) for x in at]
    y = f(*leaves)
    y.backward()
    return y.data, [leaf.grad for leaf in leaves]


def transformed(f, at):
    value, slopes = value_and_grad(f, argnums=tuple(range(len(at))))(*at)
    return value, list(slopes)


def pulled_back(f, at):
    value, pullback = vjp(f, *at)
    return value, list(pullback(1.0))


def pushed_forward(f, at):
    pairs = [jvp(f, at, direction) for direction in axes(len(at))]
    return pairs[0][0], [tangent for _, tangent in pairs]


def by_duals(f, at):
    results = [f(*map(Dual, at, direction)) for direction in axes(len(at))]
    return results[0].primal, [result.tangent for result in results]


def lifted(f, at):
    """Differentiate a gradient's own recording: with leaves as arguments."""
    value, slopes = value_and_grad(f, argnums=tuple(range(len(at))))(*map(Value, at))
    return value.data, [slope.data if isinstance(slope, Value) else slope for slope in slopes]


def on_an_explicit_tape(f, at):
    leaves = [Value(x) for x in at]
    with Tape():
        y = f(*leaves)
        y.backward()
    return y.data, [leaf.grad for leaf in leaves]


def replayed(f, at):
    return compile(of_names(f, len(at))).value_and_grad(*at, argnums=tuple(range(len(at))))


def of_names(f, count):
    """Return a function with as many named arguments: compile goes by their names."""
    names = ", ".join("abcd"[:count])
    return eval(f"lambda {names}: f({names})", {"f": f})


def lanes_of(point):
    """Yield lanes of a replay beside each other, that of the point first and last: where, value, slopes."""
    lanes = [point.at, *point.also, point.at]
    count = len(point.at)
    fast = compile(of_names(point.function(), count), batched=range(count))
    columns = [np.array(column) for column in zip(*lanes, strict=True)]
    values, slopes = fast.value_and_grad(*columns, argnums=tuple(range(count)), per_row=True)
    for k, lane in enumerate(lanes):
        yield lane, float(values[k]), [slope[k] for slope in slopes]


WAYS = [swept, transformed, pulled_back, pushed_forward, by_duals, lifted, on_an_explicit_tape]


def differences(where, got, expected, ulps):
    """Return what differs between a value with its slopes and what they should be."""
    (value, slopes), (wanted, wanted_slopes) = got, expected
    wrong = [] if same_value(value, wanted, ulps) else [(where, "value", value, wanted)]
    pairs = enumerate(zip(slopes, wanted_slopes, strict=True))
    return wrong + [(where, k, *pair) for k, pair in pairs if not same(*pair, ulps)]


@pytest.mark.parametrize("point", of(POINTS, "slopes"))
def test_a_point_has_its_value_and_slopes_whichever_way_they_are_computed(point):
    f = point.function()
    wanted = point.number(point.value), list(map(point.number, point.slopes))
    wrong = [each for way in WAYS for each in differences(way.__name__, way(f, point.at), wanted, point.ulps)]
    ulps = point.ulps + REPLAYED_ULPS
    wrong += differences("replayed", replayed(f, point.at), wanted, ulps)
    for lane, value, slopes in lanes_of(point):
        expected = wanted if lane is point.at else transformed(f, lane)
        wrong += differences(lane, (value, slopes), expected, ulps)
    assert not wrong


def second_derivatives(f, at):
    """Return the Hessian by all four nestings of two modes, by a sweep, and replayed."""
    count = len(at)
    g, x = of_list(f), list(at)
    yield "reverse over reverse", hessian(g)(x)
    yield "forward over reverse", [hvp(g)(x, axis) for axis in axes(count)]
    along = [lambda v, axis=axis: jvp(g, (v,), (axis,))[1] for axis in axes(count)]
    yield "reverse over forward", [grad(slope)(x) for slope in along]
    yield "forward over forward", [[jvp(slope, (x,), (axis,))[1] for axis in axes(count)] for slope in along]
    yield "a sweep over a lifted gradient", list(swept_again(g, [Value(number) for number in at]))
    for lane in compile(hessian(g), batched=0)(np.array([at, at])).tolist():
        yield "replayed", lane


def swept_again(g, leaves):
    for slope in grad(g)(leaves):
        for leaf in leaves:
            leaf.zero_grad()
        if isinstance(slope, Value):
            slope.backward()
        yield [leaf.grad for leaf in leaves]


def orders(f, x, count):
    """Return the second and higher derivatives by reverse, by forward, and by both modes in turns."""
    for operators in ([grad], [forward], [forward, grad]):
        derived = operators[0](f)
        for order in range(2, count + 2):
            derived = operators[order % len(operators)](derived)
            yield order, derived(x)


@pytest.mark.parametrize("point", of((point for point in POINTS if point.higher), "higher"))
def test_higher_derivatives_agree_in_every_nesting_of_modes(point):
    one = len(point.at) == 1
    rows = [point.higher[:1]] if one else point.higher
    wanted = [[point.number(number) for number in row] for row in rows]
    wrong = []
    for nesting, found in second_derivatives(point.function(), point.at):
        pairs = itertools.product(range(len(wanted)), repeat=2)
        wrong += [
            (nesting, j, k, found[j][k], wanted[j][k]) for j, k in pairs if not near(found[j][k], wanted[j][k], point)
        ]
    if one and len(point.higher) > 1:
        for order, found in orders(point.function(), point.at[0], len(point.higher)):
            expected = point.number(point.higher[order - 2])
            if not near(found, expected, point, order):
                wrong.append((order, found, expected))
    assert not wrong


def near(got, expected, point, order=2):
    return same(got, expected, order * point.ulps + REPLAYED_ULPS)


# -- nests -------------------------------------------------------------------------------------------------------------

MODES = {"reverse": grad, "forward": forward}


@pytest.mark.parametrize("nest", of(NESTS))
def test_derivatives_within_derivatives_are_not_confused_in_any_modes(nest):
    function, _, at = nest.program.rpartition("(")
    x = float(at[:-1])
    for modes in itertools.product(MODES, repeat=nest.levels):
        operators = {name: MODES[mode] for name, mode in zip("DEF", modes)}
        derived = eval(function, {**NAMES, **operators})
        found = [derived(x), *compile(lambda x, derived=derived: derived(x), batched="x")([x, x])]
        assert all(same(number, nest.gives, 8.0) for number in found), modes


# -- deeds -------------------------------------------------------------------------------------------------------------


def plainly(do):
    return do()


def on_a_tape_of_its_own(do):
    with Tape():
        return do()


def while_something_else_is_recorded(do):
    kept = Value(2.0) * 3.0
    found = do()
    kept.backward()
    return found


def in_a_thread(do):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(do).result()


PLACES = [plainly, on_a_tape_of_its_own, while_something_else_is_recorded, in_a_thread]
DEEDS = [each for group in deeds.GROUPS.values() for each in group]


def like(got, expected):
    """Return whether two structures are the same, nan being nan and types being types."""
    if isinstance(expected, dict):
        return got.keys() == expected.keys() and all(like(got[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(got) == len(expected) and all(map(like, got, expected))
    if type(expected) is float:
        return type(got) is float and same(got, expected, 4.0)
    return got is expected or (type(got) is type(expected) and got == expected)


@pytest.mark.parametrize("deed", of(DEEDS))
def test_what_comes_of_a_deed_does_not_depend_on_where_it_is_done(deed):
    for place in PLACES:
        if isinstance(deed.gives, Raises):
            with pytest.raises(deed.gives.kind, match=re.escape(deed.gives.words)):
                place(deed.do)
        else:
            found = place(deed.do)
            assert like(found, deed.gives), (place.__name__, found)


# -- what stands elsewhere ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", sorted({each.file for each in KNOWN}))
def test_what_is_tested_elsewhere_is_there(file):
    text = (Path(__file__).parent / file).read_text("utf-8")
    assert not [each for each in KNOWN if each.file == file and f"def {each.test}(" not in text]


def test_every_situation_is_listed_once():
    names = [each.situation for each in (*POINTS, *NESTS, *DEEDS, *KNOWN)]
    assert len(names) > 400
    assert len(set(names)) == len(names)


# -- dead branches of every row ----------------------------------------------------------------------------------------

ROWS = {name: row for name, row in vars(primitives).items() if isinstance(row, Primitive)}


BAD = [math.nan, math.inf, -math.inf, 0.0]


@pytest.mark.parametrize("name", ROWS)
def test_a_dead_branch_of_any_row_is_nothing_whatever_it_is_applied_to(name):
    row = ROWS[name]

    def f(x, y):
        return where(x > 0.0, x, row.of(*[y] * (row.arity or 2)))

    for bad in BAD:
        assert value_and_grad(f, argnums=(0, 1))(2.0, bad) == (2.0, (1.0, 0.0))
        assert jvp(f, (2.0, bad), (1.0, 1.0)) == (2.0, 1.0)
    assert hessian(of_list(f))([2.0, math.nan]) == [[0.0, 0.0], [0.0, 0.0]]
    values, slopes = compile(f, batched=["x", "y"]).value_and_grad([2.0] * 4, BAD, argnums=(0, 1))
    assert [values.tolist(), *(slope.tolist() for slope in slopes)] == [[2.0] * 4, [1.0] * 4, [0.0] * 4]


def test_the_page_is_the_one_that_would_be_written_now():
    assert page() == PLACE.read_text("utf-8")
