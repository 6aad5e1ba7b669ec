"""Points and situations that other engines' tests and issues exist for: whichever way they are computed, they hold."""

from __future__ import annotations

import contextvars
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
    return got == expected or abs(got - expected) <= ulps * math.ulp(expected)


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


WAYS = [swept, transformed, pulled_back, pushed_forward, by_duals, lifted, on_an_explicit_tape]


@pytest.mark.parametrize("point", of(POINTS, "slopes"))
def test_a_point_has_its_value_and_slopes_whichever_way_they_are_computed(point):
    f, wanted = point.function(), point.number(point.value)
    slopes = list(map(point.number, point.slopes))
    wrong = []
    for way in WAYS:
        value, found = way(f, point.at)
        if not same_value(value, wanted, point.ulps):
            wrong.append((way.__name__, "value", value, wanted))
        wrong += [
            (way.__name__, k, got, slope)
            for k, (got, slope) in enumerate(zip(found, slopes, strict=True))
            if not same(got, slope, point.ulps)
        ]
    assert not wrong


def second_derivatives(f, at):
    """Return the Hessian by all four nestings of two modes."""
    count = len(at)
    g, x = of_list(f), list(at)
    gradient = grad(g)
    yield "reverse over reverse", hessian(g)(x)
    yield "forward over reverse", [hvp(g)(x, axis) for axis in axes(count)]
    along = [lambda v, axis=axis: jvp(g, (v,), (axis,))[1] for axis in axes(count)]
    yield "reverse over forward", [grad(slope)(x) for slope in along]
    yield "forward over forward", [[jvp(slope, (x,), (axis,))[1] for axis in axes(count)] for slope in along]
    leaves = [Value(number) for number in at]
    rows = []
    for slope in gradient(leaves):
        for leaf in leaves:
            leaf.zero_grad()
        if isinstance(slope, Value):
            slope.backward()
        rows.append([leaf.grad for leaf in leaves])
    yield "a sweep over a lifted gradient", rows


@pytest.mark.parametrize("point", of((point for point in POINTS if point.higher), "higher"))
def test_second_derivatives_agree_in_every_nesting_of_modes(point):
    rows = [(point.higher[0],)] if len(point.at) == 1 else point.higher
    wanted = [[point.number(number) for number in row] for row in rows]
    wrong = []
    for nesting, found in second_derivatives(point.function(), point.at):
        wrong += [
            (nesting, j, k, got, expected)
            for j, (row, expected_row) in enumerate(zip(found, wanted, strict=True))
            for k, (got, expected) in enumerate(zip(row, expected_row, strict=True))
            if not same(got, expected, 2.0 * point.ulps)
        ]
    assert not wrong


@pytest.mark.parametrize("point", of(point for point in POINTS if len(point.higher) > len(point.at) == 1))
def test_higher_derivatives_by_reverse_and_by_mixed_modes(point):
    wanted = list(map(point.number, point.higher))
    wrong = []
    for name, operators in (("reverse", [grad]), ("mixed", [forward, grad]), ("forward", [forward])):
        f = operators[0](point.function())
        for order, expected in enumerate(wanted, start=2):
            f = operators[order % len(operators)](f)
            if not same(f(point.at[0]), expected, order * point.ulps + 4.0):
                wrong.append((name, order, f(point.at[0]), expected))
    assert not wrong


@pytest.mark.parametrize("point", of(POINTS, "slopes"))
def test_a_replay_gives_the_same_in_every_lane(point):
    f, count = point.function(), len(point.at)
    names = list("abcd"[:count])
    written = eval(f"lambda {', '.join(names)}: f({', '.join(names)})", {"f": f})
    lanes = [point.at, *point.also, point.at]
    columns = [np.array(column) for column in zip(*lanes, strict=True)]
    argnums = tuple(range(count))
    values, slopes = compile(written, batched=names).value_and_grad(*columns, argnums=argnums, per_row=True)
    shared, shared_slopes = compile(written).value_and_grad(*point.at, argnums=argnums)
    found = [(values[k], [slope[k] for slope in slopes], lane) for k, lane in enumerate(lanes)]
    found.append((shared, shared_slopes, point.at))
    ulps = point.ulps + REPLAYED_ULPS
    wrong = []
    for value, slope, lane in found:
        wanted = point.number(point.value), list(map(point.number, point.slopes))
        if lane is not point.at:
            wanted = transformed(f, lane)
        if not same_value(float(value), wanted[0], ulps):
            wrong.append((lane, value, wanted[0]))
        wrong += [
            (lane, k, *pair) for k, pair in enumerate(zip(slope, wanted[1], strict=True)) if not same(*pair, ulps)
        ]
    assert not wrong


@pytest.mark.parametrize("point", of((point for point in POINTS if point.higher), "higher"))
def test_a_compiled_hessian_is_the_hessian(point):
    rows = [(point.higher[0],)] if len(point.at) == 1 else point.higher
    wanted = [[point.number(number) for number in row] for row in rows]
    lanes = np.array([point.at, point.at])
    found = compile(hessian(of_list(point.function())), batched=0)(lanes)
    wrong = [
        (j, k, got, expected)
        for j, row in enumerate(wanted)
        for k, expected in enumerate(row)
        for got in found[:, j, k]
        if not same(got, expected, 2.0 * point.ulps + REPLAYED_ULPS)
    ]
    assert not wrong


# -- nests -------------------------------------------------------------------------------------------------------------

MODES = {"reverse": grad, "forward": forward}


@pytest.mark.parametrize("nest", of(NESTS))
def test_derivatives_within_derivatives_are_not_confused_in_any_modes(nest):
    for modes in itertools.product(MODES, repeat=nest.levels):
        operators = {name: MODES[mode] for name, mode in zip("DEF", modes)}
        assert same(eval(nest.program, {**NAMES, **operators}), nest.gives, 4.0), modes


@pytest.mark.parametrize("nest", of(NESTS))
def test_derivatives_within_derivatives_are_replayed(nest):
    for modes in itertools.product(MODES, repeat=nest.levels):
        operators = {name: MODES[mode] for name, mode in zip("DEF", modes)}
        function, _, at = nest.program.rpartition("(")
        derived = eval(function, {**NAMES, **operators})
        numbers = compile(lambda x, derived=derived: derived(x), batched="x")([float(at[:-1])] * 2)
        assert all(same(number, nest.gives, 8.0) for number in numbers), modes


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


def in_a_copied_context(do):
    return contextvars.copy_context().run(do)


PLACES = [plainly, on_a_tape_of_its_own, while_something_else_is_recorded, in_a_thread, in_a_copied_context]
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


@pytest.mark.parametrize("known", KNOWN, ids=[each.situation for each in KNOWN])
def test_what_is_tested_elsewhere_is_there(known):
    text = (Path(__file__).parent / known.file).read_text("utf-8")
    assert f"def {known.test}(" in text


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
