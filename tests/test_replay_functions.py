"""compile and vectorize: what a compiled function gives is what f gives, lane by lane, on every path."""

from __future__ import annotations

import builtins
import collections
import copy
import dataclasses
import math
import pickle
import re
import threading
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import Dual, Tape, Value
from autograd.errors import NonFiniteError, StaleTape, TooManyPaths
from autograd.replay.arguments import Reader
from tests.test_replay_programs import HUGE

numbers = st.floats(-4.0, 4.0).map(lambda x: round(x, 2))


def close(got, expected, relative=1e-12):
    np.testing.assert_allclose(np.asarray(got, dtype=float), np.asarray(expected, dtype=float), relative, 1e-12)


def agrees(f, *lanes, relative=1e-10):
    """See that a compiled f of numbers gives values and gradients of f, lane by lane."""
    positions = tuple(range(len(lanes)))
    compiled = ag.compile(f, batched=positions)
    arrays = [np.array(each, dtype=float) for each in lanes]
    eager = [ag.value_and_grad(f, positions)(*map(float, lane)) for lane in zip(*lanes)]
    close(compiled(*arrays), [value for value, _ in eager], relative)
    values, gradients = compiled.value_and_grad(*arrays, argnums=positions)
    close(values, [value for value, _ in eager], relative)
    for k, gradient in enumerate(gradients):
        close(gradient, [each[k] for _, each in eager], relative)
    return compiled


def smaller(x, y):
    return x if x < y else y


# -- paths -----------------------------------------------------------------------------------------------------------


def test_lanes_are_split_by_path_and_never_get_the_wrong_one():
    f = ag.compile(smaller, batched=("x", "y"))
    assert f([3.0], [4.0]).tolist() == [3.0]
    assert f([3.0, 3.0], [4.0, 2.0]).tolist() == [3.0, 2.0]
    values, (of_x, of_y) = f.value_and_grad([3.0, 3.0], [4.0, 2.0], argnums=(0, 1))
    assert values.tolist() == [3.0, 2.0]
    assert list(zip(of_x.tolist(), of_y.tolist())) == [(1.0, 0.0), (0.0, 1.0)]
    assert repr(f) == "<compiled smaller: 2 programs, 1 structure>"


def test_a_known_path_is_not_recorded_again():
    calls = []

    def f(x):
        calls.append(x)
        return x * 2.0 if x > 0.0 else -x

    compiled = ag.compile(f, "x")
    for _ in range(3):
        assert compiled([1.0, -2.0, 3.0, -4.0]).tolist() == [2.0, 2.0, 6.0, 4.0]
    assert len(calls) == 2


def sign_by_hand(x):
    if x > 0.0:
        return 1.0
    return -1 if x < 0.0 else 0.0


def test_a_branch_that_returns_a_constant():
    lanes = [2.0, -3.0, 0.0, math.inf, -math.inf, math.nan]
    f = ag.compile(sign_by_hand, "x")
    assert f([5.0]).tolist() == [1.0]
    values, gradient = f.value_and_grad(lanes)
    assert values.tolist() == [1.0, -1.0, 0.0, 1.0, -1.0, 0.0]
    assert gradient.tolist() == [0.0] * 6


def test_a_branch_that_returns_a_constant_in_a_structure():
    f = ag.compile(lambda x: {"a": x if x > 0 else 0.0, "b": [1.0, 2 * x]}, "x")
    result = f([1.0, -1.0, math.nan])
    assert result["a"].tolist() == [1.0, 0.0, 0.0]
    assert result["b"][0].tolist() == [1.0, 1.0, 1.0]
    assert result["b"][1][:2].tolist() == [2.0, -2.0]


def test_a_function_that_returns_a_constant_whatever_happens():
    f = ag.compile(lambda x: 7, "x")
    assert f([1.0, 2.0]).tolist() == [7.0, 7.0]
    assert f.value_and_grad([1.0, 2.0])[1].tolist() == [0.0, 0.0]
    assert f.value_and_grad(np.ones((1, 3)))[1].tolist() == [[0.0, 0.0, 0.0]]
    assert ag.compile(lambda: 7.0)() == 7.0


def halvings(x):
    count = 0.0
    while x > 1.0:
        x = x / 2.0
        count = count + x
    return x + count


def early(x, y):
    if x < 0.0:
        return y
    z = x * y
    if z > 2.0:
        return z - x
    for k in range(3):
        if z + k > x:
            return z * k
    return ag.sin(z)


def by_hand(x, y):
    largest = x if x > y else y
    positive = -y if y < 0 else y
    return max(x, y, 0.5) * positive + min(x * y, largest) + abs(x)


def middle(x, y, z):
    low, mid, high = sorted([x, y * 1.5, z])
    return low * 2.0 + mid * mid - high


def nested(x, y):
    if (x > 0) == (y > 0) and x != y:
        return x * y
    return x / (1.0 + y * y) if x else y


@pytest.mark.long
@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8), st.sampled_from([smaller, early, by_hand, nested])
)
def test_branchy_functions_are_right_lane_by_lane(lanes, f):
    agrees(f, *zip(*lanes))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=8))
def test_sorted_is_right_lane_by_lane(lanes):
    compiled = agrees(middle, *zip(*lanes))
    assert len(next(iter(compiled._paths.values()))) <= 8


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-10.0, 1000.0), min_size=1, max_size=20))
def test_loops_whose_length_depends_on_the_numbers(lanes):
    agrees(halvings, lanes)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.lists(st.tuples(numbers, numbers), min_size=0, max_size=5), min_size=1, max_size=4),
    st.sampled_from([early, by_hand]),
)
def test_what_was_called_before_does_not_matter(calls, f):
    compiled = ag.compile(f, ("x", "y"))
    for lanes in calls:
        x, y = (np.array([lane[k] for lane in lanes]) for k in range(2))
        close(compiled(x, y), [f(*lane) for lane in lanes])


def test_each_count_of_a_loop_is_a_path_and_16_are_the_most():
    f = ag.compile(halvings, "x")
    close(f(2.0 ** np.arange(16.0)), [halvings(2.0**k) for k in range(16)])
    assert repr(f) == "<compiled halvings: 16 programs, 1 structure>"
    with pytest.raises(TooManyPaths, match=r"recorded on 16 paths, and lane 1 needs one more") as caught:
        f([8.0, 2.0**20])
    error = caught.value
    assert (error.function, error.limit, error.lane) == ("halvings", 16, 1)
    assert "where()" in str(error)
    assert "while x > 1.0:" in str(error)
    (comparison,) = error.comparisons
    assert re.fullmatch(rf"while x > 1.0:  \({re.escape(__file__)}:\d+\)", comparison)
    assert comparison in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert f([8.0]).tolist() == [halvings(8.0)]


def test_of_paths_that_were_found_at_once_there_may_be_17_and_then_there_is_no_other():
    def f(x):
        if meanwhile:
            fast([meanwhile.pop()])  # as another thread might, while this one is recording
        return halvings(x)

    meanwhile = []
    fast = ag.compile(f, "x")
    fast(2.0 ** np.arange(15.0))
    meanwhile.append(2.0**16)
    assert fast([2.0**15]).tolist() == [halvings(2.0**15)]
    assert repr(fast) == "<compiled f: 17 programs, 1 structure>"
    assert fast(2.0 ** np.arange(17.0)).tolist() == [halvings(2.0**k) for k in range(17)]
    with pytest.raises(TooManyPaths, match="lane 0 needs one more"):
        fast([2.0**17])


def test_a_function_that_asks_nothing_has_no_comparisons_to_replay():
    for f, asks in ((lambda x: x * 2.0, False), (lambda x: x * 2.0 if x > 1.0 else x, True)):
        fast = ag.compile(f, "x")
        fast([2.0, 3.0])
        ((path,),) = fast._paths.values()
        assert (path.guards is not None) == asks


def test_paths_of_shared_arguments_alone():
    f = ag.compile(smaller)
    assert [f(3.0, 4.0), f(3.0, 2.0), f(1.0, 2.0)] == [3.0, 2.0, 1.0]
    assert type(f(3.0, 2.0)) is float
    assert f.value_and_grad(3.0, 2.0, argnums=(0, 1)) == (2.0, (0.0, 1.0))
    assert f.value_and_grad(3.0, 2.0, argnums=1, weights=3.0) == (2.0, 3.0)
    many = ag.compile(halvings)
    for k in range(16):
        assert many(2.0**k) == halvings(2.0**k)
    with pytest.raises(TooManyPaths, match="these arguments need one more"):
        many(2.0**16)


def test_a_path_that_depends_on_shared_and_batched_numbers():
    def f(w, x):
        return w * x if x > w else x / w

    compiled = ag.compile(f, "x")
    for w in (2.0, -3.0):
        lanes = [1.0, 3.0, -5.0]
        values, gradient = compiled.value_and_grad(w, lanes)
        close(values, [f(w, x) for x in lanes])
        close(gradient, builtins.sum(ag.grad(f)(w, x) for x in lanes))
        rows = compiled.value_and_grad(w, lanes, per_row=True)[1]
        close(rows, [ag.grad(f)(w, x) for x in lanes])


def test_results_of_paths_have_one_structure():
    f = ag.compile(lambda x: [x, x] if x > 0 else x, "x")
    with pytest.raises(ValueError, match="different structures on different paths"):
        f([1.0, -1.0])
    assert [each.tolist() for each in f([1.0])] == [[1.0], [1.0]]
    assert f([-1.0]).tolist() == [-1.0]
    assert [each.tolist() for each in f([])] == [[], []]  # as on the path that was found first


def test_a_lane_on_the_very_boundary_is_recorded_for_itself():
    x = 0.1
    edges = [float(ag.exp(x)), math.nextafter(ag.exp(x), 9.0), math.nextafter(ag.exp(x), 0.0)]
    for edge in edges:
        f = ag.compile(lambda x, edge=edge: x * 2.0 if ag.exp(x) < edge else x * 3.0, "x", static="edge")
        assert f([x, x])[0] in (x * 2.0, x * 3.0)


def test_a_lane_that_a_replay_rounds_over_the_boundary_is_recorded_for_itself():
    def f(w, x, huge):
        calls.append(x)
        return w * x if ag.sum([huge, x, -huge]) > 0.5 else -x  # correctly rounded; a replay adds from left to right

    calls = []
    compiled = ag.compile(f, ("x", "huge"))
    for lanes in ([1.0], [1.0, 1.0], [1.0, 4.0, 1.0], [4.0, 1.0]):
        calls.clear()
        values, gradient = compiled.value_and_grad(3.0, lanes, [1e16] * len(lanes))
        assert values.tolist() == [3.0 * x for x in lanes]
        assert gradient == sum(lanes)
        assert calls.count(1.0) == lanes.count(1.0)
    assert ag.compile(f)(3.0, 1.0, 1e16) == 3.0


def test_a_comparison_without_recording_still_decides_the_path():
    def f(x):
        with ag.no_grad():
            positive = bool(x > 0.0)
        return x * 2.0 if positive else -x

    assert ag.compile(f, "x")([1.0, -1.0]).tolist() == [2.0, 1.0]


def test_a_comparison_on_a_tape_inside_decides_the_path():
    def f(x):
        with Tape():
            y = x * 3.0
            large = bool(y > 6.0)
        return 1.0 if large else x

    assert ag.compile(f, "x")([1.0, 3.0, 0.5]).tolist() == [1.0, 1.0, 0.5]


# -- structures ------------------------------------------------------------------------------------------------------


Point = collections.namedtuple("Point", "x y")


def test_results_have_the_structure_of_what_f_returns():
    def f(x):
        return {"list": [x, 2.0 * x], "tuple": (x, Point(x + 1.0, 3.0)), "array": np.array([[x, x * x]])}

    result = ag.compile(f, "x")([1.0, 2.0, 3.0])
    assert [each.tolist() for each in result["list"]] == [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]]
    assert result["tuple"][1].x.tolist() == [2.0, 3.0, 4.0]
    assert result["tuple"][1].y.tolist() == [3.0, 3.0, 3.0]
    assert result["array"].tolist() == [[[1.0, 1.0]], [[2.0, 4.0]], [[3.0, 9.0]]]
    alone = ag.compile(f)(2.0)
    assert alone["list"] == [2.0, 4.0]
    assert alone["array"].tolist() == [[2.0, 4.0]]
    assert ag.compile(lambda x: [], "x")([1.0, 2.0]) == []


def test_f_sees_what_argument_at_lane_is():
    seen = []

    def f(x):
        seen.append(x)
        return 1.0

    compiled = ag.compile(f, "x")
    compiled(np.ones((2, 3)))
    compiled([[1.0, 2.0, 3.0]] * 2)
    compiled((np.ones(2), {"a": np.ones((2, 1))}))
    compiled([(1.0, 2.0)] * 2)
    compiled([{"a": 1.0, "b": [2.0]}] * 2)
    compiled([np.ones(2)] * 3)
    assert isinstance(seen[0], np.ndarray)
    assert seen[0].shape == (3,)
    assert isinstance(seen[1], list)
    assert [type(each) for each in seen[1]] == [Value] * 3
    assert type(seen[2][0]) is Value
    assert seen[2][1]["a"].shape == (1,)
    assert isinstance(seen[3], tuple)
    assert len(seen[3]) == 2
    assert [type(each) for each in seen[4].values()] == [Value, list]
    assert seen[5].shape == (2,)
    assert len(seen) == 6


def loss(w, x, target):
    return (w["a"][0] * x[0] + w["a"][1] * x[1] ** 2 + w["b"] - target) ** 2


@pytest.mark.parametrize("make", [np.array, list])
def test_gradients_have_the_structure_of_their_argument(make):
    w = {"a": [0.5, -1.0], "b": 2}
    x, target = make([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]]), make([1.0, 0.0, -1.0])
    f = ag.compile(loss, ("x", "target"))
    eager = [ag.value_and_grad(loss, (0, 1, 2))(w, list(a), float(b)) for a, b in zip(x, target)]
    values, (of_w, of_x, of_target) = f.value_and_grad(w, x, target, argnums=(0, "x", -1))
    close(values, [value for value, _ in eager])
    close(of_x, [each[1] for _, each in eager])
    close(of_target, [each[2] for _, each in eager])
    assert isinstance(of_x, np.ndarray)
    for k in range(2):
        assert type(of_w["a"][k]) is float
        close(of_w["a"][k], builtins.sum(each[0]["a"][k] for _, each in eager))
    close(of_w["b"], builtins.sum(each[0]["b"] for _, each in eager))
    rows = f.value_and_grad(w, x, target, per_row=True)[1]
    close(rows["a"][1], [each[0]["a"][1] for _, each in eager])
    weighted = f.value_and_grad(w, x, target, weights=[1.0, -2.0, 0.5])[1]
    close(weighted["b"], builtins.sum(c * each[0]["b"] for c, (_, each) in zip([1.0, -2.0, 0.5], eager)))
    close(f.value_and_grad(w, x, target=target, argnums="target")[1], of_target)


def test_weights_go_with_their_lanes_on_every_path():
    f = ag.compile(lambda w, x: w * x if x > 0 else w * w, "x")
    assert f.value_and_grad(3.0, [2.0, -1.0, 5.0], weights=[1.0, 10.0, 100.0])[1] == 2.0 + 60.0 + 500.0
    assert f.value_and_grad(3.0, [2.0, -1.0], argnums=1, weights=[2.0, 5.0])[1].tolist() == [6.0, 0.0]


def test_another_structure_or_shape_is_recorded_anew():
    f = ag.compile(ag.sum, 0)
    assert f(np.ones((2, 3))).tolist() == [3.0, 3.0]
    assert f(np.ones((2, 4))).tolist() == [4.0, 4.0]
    assert f(np.ones((5, 4))).tolist() == [4.0] * 5
    assert f([[1.0, 2.0]]).tolist() == [3.0]
    assert ag.compile(ag.sum, 0)([(1.0, 2.0)]).tolist() == [3.0]
    assert repr(f) == "<compiled sum: 3 programs, 3 structures>"


def test_arrays_of_any_kind_of_number():
    f = ag.compile(lambda w, x: w[0] * x + w[1], "x")
    assert f(np.array([2, 1]), np.array([1, 2])).tolist() == [3.0, 5.0]
    assert f((np.float32(2.0), 1), np.array([1, 2], dtype=np.float32)).tolist() == [3.0, 5.0]
    assert f([2.0, 1.0], np.array([1.0, 2], dtype=object)).tolist() == [3.0, 5.0]
    assert f([2.0, 1.0], np.arange(6.0)[::3]).tolist() == [1.0, 7.0]


def test_an_array_without_axes_is_a_number_or_a_flag():
    f = ag.compile(lambda w, x, on: w * x if on is True else -x, "x")
    assert f(np.array(3), np.array([2.0]), np.array(True)).tolist() == [6.0]
    assert f(np.array(3.0), np.array([2.0]), np.array(False)).tolist() == [-2.0]
    assert f.value_and_grad(np.array(3.0), [2.0], True) == ([6.0], 2.0)


class Column:
    """What is no array but can be one, as columns of tables are."""

    def __init__(self, numbers):
        self.numbers = numbers

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numbers, dtype=dtype)


def test_what_can_be_an_array_is_given_as_one():
    seen = []

    def f(w, x):
        seen.append((w, x))
        return ag.dot(w, x)

    assert ag.compile(f, "x")(Column([1.0, 2.0]), Column([[3.0, 4.0], [5.0, 6.0]])).tolist() == [11.0, 17.0]
    assert [type(each) for each in seen[0]] == [np.ndarray] * 2
    assert ag.compile(lambda x: 2.0 * x, "x")(Column([1, 2])).tolist() == [2.0, 4.0]
    with pytest.raises(ValueError, match="its first axis is that of lanes, and a number has none"):
        ag.compile(lambda x: x, "x")(np.float32(1.0))


def test_a_parameter_chosen_by_position_is_chosen_by_its_name_too():
    f = ag.compile(lambda w, x: w * x, batched=1)
    assert f(2.0, x=[1.0, 3.0]).tolist() == [2.0, 6.0]
    assert f(x=[1.0, 3.0], w=2.0).tolist() == [2.0, 6.0]
    assert ag.compile(lambda x, w: w * x, batched=0)(x=[1.0, 3.0], w=2.0).tolist() == [2.0, 6.0]


def test_a_result_that_depends_on_nothing_has_gradients_of_the_usual_shapes():
    constant = ag.compile(lambda w, x: 3.0, "x")
    assert constant.value_and_grad([2.0, 1.0], [1.0, 2.0, 5.0])[1] == [0.0, 0.0]
    values, slopes = constant.value_and_grad(2.0, [1.0, 2.0, 5.0], per_row=True)
    assert (values.tolist(), slopes.tolist()) == ([3.0] * 3, [0.0] * 3)


def test_static_arguments_are_part_of_what_is_kept():
    def f(x, kind, power=1, act=None):
        for _ in range(power):
            x = x * 2.0
        return act(x) if act else (x if kind == "plain" else -x)

    compiled = ag.compile(f, "x", static="power")
    assert compiled([1.0, 2.0], "plain").tolist() == [2.0, 4.0]
    assert compiled([1.0, 2.0], "other", 2).tolist() == [-4.0, -8.0]
    assert compiled([1.0, 2.0], kind="plain", power=3).tolist() == [8.0, 16.0]
    assert compiled([1.0, 2.0], None, act=ag.square).tolist() == [4.0, 16.0]
    assert compiled([1.0, 2.0], True, act=ag.neg).tolist() == [-2.0, -4.0]
    assert len(compiled._paths) == 5
    signed = ag.compile(lambda zero, x: ag.copysign(x, zero), "x", static="zero")
    assert [signed(zero, [1.0]).tolist() for zero in (0.0, -0.0, 0.0)] == [[1.0], [-1.0], [1.0]]
    closed = Value(0.0)
    inverse = ag.compile(lambda x: x / closed.data)
    assert inverse(1.0) == math.inf
    closed.data = -0.0
    assert inverse(1.0) == -math.inf
    inverse = ag.compile(lambda x: x / closed.data)
    assert inverse(1.0) == -math.inf
    closed.data = 0.0
    assert inverse(1.0) == math.inf
    flags = ag.compile(lambda x, on: x if on is True else -x, "x")
    assert [flags([1.0], on).tolist() for on in (True, False, None)] == [[1.0], [-1.0], [-1.0]]


@dataclasses.dataclass(frozen=True)
class Held:
    number: object


@pytest.mark.parametrize("within", [lambda number: (2, (number,)), lambda number: frozenset([number]), Held])
def test_things_within_a_static_argument_are_told_apart_though_they_are_equal(within):
    def inside(thing):
        *_, last = [thing.number] if isinstance(thing, Held) else thing
        return inside(last) if isinstance(last, tuple) else last

    numbers = [1, 1.0, True, 0, 0.0, -0.0, False, np.float32(0.0), np.float32(-0.0)]
    told = [f"{type(number)} {number}" for number in numbers]
    f = ag.compile(lambda x, thing: x * told.index(f"{type(inside(thing))} {inside(thing)}"), static="thing")
    assert [f(1.0, within(number)) for number in numbers] == list(range(len(numbers)))


def test_static_things_within_structures():
    f = ag.compile(lambda options, x: x * options["scale"] if options["on"] else x, "x")
    assert f({"on": True, "scale": 3.0}, [1.0, 2.0]).tolist() == [3.0, 6.0]
    assert f({"on": False, "scale": 3.0}, [1.0, 2.0]).tolist() == [1.0, 2.0]
    assert f.value_and_grad({"on": True, "scale": 3.0}, [1.0, 2.0])[1] == {"on": True, "scale": 3.0}


def test_starred_parameters():
    f = ag.compile(lambda *xs, **options: ag.sum([*xs, *options.values()]), ("xs", "z"))
    assert f([1.0, 2.0], [3.0, 4.0]).tolist() == [4.0, 6.0]
    assert f([1.0, 2.0], y=5.0, z=[1.0, 2.0]).tolist() == [7.0, 9.0]
    assert ag.compile(ag.hypot, (0, 1))([3.0, 5.0], [4.0, 12.0]).tolist() == [5.0, 13.0]


def test_the_parameters_before_a_starred_one_and_those_after_it_are_chosen_for_themselves():
    def f(w, *xs, scale=1.0):
        return scale * ag.sum([w, *xs])

    assert ag.compile(f, "w")([1.0, 2.0], 3.0, 4.0).tolist() == [8.0, 9.0]
    assert ag.compile(f, "xs")(1.0, [2.0, 3.0], [4.0, 5.0]).tolist() == [7.0, 9.0]
    assert ag.compile(f, "scale")(1.0, 2.0, scale=[1.0, 10.0]).tolist() == [3.0, 30.0]
    with pytest.raises(ValueError, match="batched names 'ys', and the parameters of f are: w, scale"):
        ag.compile(f, "ys")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([1.0, 2.0], [1.0]), ValueError, "equally many lanes: x has 2, y has 1"),
        (([1.0], [1.0, 2.0]), ValueError, "equally many lanes: x has 1, y has 2"),
        ((1.0, [1.0]), ValueError, "x is batched, so its first axis is that of lanes, and a number has none"),
        ((np.float64(1.0), [1.0]), ValueError, "x is batched"),
        (([[1.0], [1.0, 2.0]], [1.0, 2.0]), ValueError, "the lanes of x differ in shape"),
        (([1.0, (1.0, 2.0)], [1.0, 2.0]), ValueError, "the lanes of x differ in shape"),
        (([(1.0,), (1.0, 2.0)], [1.0, 2.0]), ValueError, "lane 1 of x has another structure than lane 0"),
        (([(1.0,), "a"], [1.0, 2.0]), ValueError, "lane 1 of x has another structure than lane 0"),
        (([True, 2.0], [1.0, 2.0]), ValueError, "lane 1 of x has another structure than lane 0"),
        (([True, False], [1.0, 2.0]), TypeError, "x has to be an array of real numbers, not of bool"),
        ((np.array(["a"]), [1.0]), TypeError, "x has to be an array of real numbers, not of str"),
        ((np.array([True]), [1.0]), TypeError, "x has to be an array of real numbers, not of bool"),
        ((np.array([1j]), [1.0]), TypeError, "not of complex128"),
        (({1.0}, [1.0]), TypeError, "x is a set: give numbers"),
        (((), ()), ValueError, "no numbers in the batched arguments"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        ag.compile(smaller, ("x", "y"))(*arguments)


def test_names_and_positions_that_are_not_there_are_refused():
    with pytest.raises(ValueError, match="batched names 'z', and the parameters of smaller are: x, y"):
        ag.compile(smaller, "z")
    with pytest.raises(ValueError, match="counts positions from 0"):
        ag.compile(smaller, -1)
    for position in (2, 5):
        with pytest.raises(ValueError, match=f"positions from 0, and {position} is beyond those of smaller: x, y"):
            ag.compile(smaller, position)
    with pytest.raises(ValueError, match="batched counts positions from 0, and 1 is beyond those of <lambda>: x"):
        ag.compile(lambda x: x, 1)
    with pytest.raises(TypeError, match=r"static is the name or position of a parameter, or several, not 1\.0"):
        ag.compile(smaller, static=1.0)
    with pytest.raises(TypeError, match="takes a function, not int"):
        ag.compile(3)
    f = ag.compile(smaller, ("x", "y"))
    with pytest.raises(ValueError, match="asks for argument 2 of smaller, but it was called with x, y"):
        f.value_and_grad([1.0], [2.0], argnums=2)
    with pytest.raises(ValueError, match="asks for argument 'z'"):
        f.value_and_grad([1.0], [2.0], argnums="z")
    with pytest.raises(ValueError, match="names x twice"):
        f.value_and_grad([1.0], [2.0], argnums=(0, "x"))
    with pytest.raises(ValueError, match=r"weights have the shape \(1,\), a number for each lane, not \(2,\)"):
        f.value_and_grad([1.0], [2.0], weights=[1.0, 2.0])
    with pytest.raises(TypeError, match="y is static: there is nothing"):
        ag.compile(lambda x, y: x, "x").value_and_grad([1.0], "word", argnums=1)
    with pytest.raises(TypeError, match=r"missing 1 required|positional argument"):
        f([1.0])


class Largest:
    """What can be called, but does not tell how."""

    __signature__ = "unknown"
    __name__ = "largest"

    def __call__(self, *numbers):
        return builtins.max(numbers)


@pytest.mark.parametrize("f", [builtins.max, Largest()])
def test_a_function_that_does_not_tell_its_parameters_has_them_by_position(f):
    assert ag.compile(f, (0, 1))([1.0, 5.0], [3.0, 4.0]).tolist() == [3.0, 5.0]
    with pytest.raises(
        ValueError, match=f"batched names 'x', and the parameters of {f.__name__} are: none that have names"
    ):
        ag.compile(f, "x")


def test_what_f_returns_has_to_be_numbers():
    for result, message in ((None, "returned NoneType"), ("word", "returned str"), (True, "returned bool")):
        with pytest.raises(TypeError, match=message):
            ag.compile(lambda x, result=result: [x, result], "x", static="result")([1.0], result=result)
    with pytest.raises(TypeError, match="returned a Condition: return a number, say where"):
        ag.compile(lambda x: x > 0.0, "x")([1.0])
    with pytest.raises(TypeError, match="returned several; for several outputs compile jacobian"):
        ag.compile(lambda x: [x, x], "x").value_and_grad([1.0])


def test_what_f_raises_names_the_lane():
    def f(x):
        if x < 0.0:
            raise ArithmeticError("below zero")
        return x

    compiled = ag.compile(f, "x")
    with pytest.raises(ArithmeticError, match="below zero") as caught:
        compiled([1.0, 2.0, -3.0])
    assert caught.value.__notes__ == ["f was called with the numbers of lane 2"]
    with pytest.raises(ArithmeticError) as caught:
        compiled([1.0, -3.0, 2.0, -4.0])
    assert caught.value.__notes__ == ["f was called with the numbers of lane 1"]
    with pytest.raises(ArithmeticError):
        compiled([-3.0])
    assert compiled([4.0]).tolist() == [4.0]


def test_no_lanes_at_all():
    calls = []

    def f(w, x):
        calls.append(x)
        return [w * x[0], x[1]]

    compiled = ag.compile(f, "x")
    assert compiled(2.0, np.empty((0, 2))).shape == (0,)
    assert calls == []
    compiled(2.0, np.ones((3, 2)))
    assert [each.shape for each in compiled(2.0, np.empty((0, 2)))] == [(0,), (0,)]
    single = ag.compile(lambda w, x: w[0] * x[0] if x[1] > 0 else w[1], "x")
    for _ in range(2):
        values, (of_w, of_x) = single.value_and_grad([2.0, 3.0], np.empty((0, 2)), argnums=(0, 1))
        assert (values.shape, of_w, of_x.shape) == ((0,), [0.0, 0.0], (0, 2))
        rows = single.value_and_grad([2.0, 3.0], np.empty((0, 2)), per_row=True)[1]
        assert [each.shape for each in rows] == [(0,), (0,)]
        single([2.0, 3.0], np.ones((1, 2)))
    assert ag.compile(smaller, (0, 1))([], []).shape == (0,)


# -- composition -----------------------------------------------------------------------------------------------------


def wave(x, y):
    return ag.sin(x) * y**2 + (x * y if x > y else x / (1.0 + y * y))


LANES = [(0.5, 1.5), (2.0, -1.0), (-0.3, 0.2), (1.0, 1.0)]
X, Y = (np.array(each) for each in zip(*LANES))


def test_a_transform_inside():
    close(ag.compile(ag.grad(wave), (0, 1))(X, Y), [ag.grad(wave)(*lane) for lane in LANES])
    values, gradient = ag.compile(ag.value_and_grad(wave, (0, 1)), ("x", "y"))(X, Y)
    close(values, [wave(*lane) for lane in LANES])
    close(gradient[1], [ag.grad(wave, 1)(*lane) for lane in LANES])
    both = ag.compile(ag.jacobian(lambda v: [wave(*v), v[0] * v[1]]), "v")(np.stack([X, Y], axis=1))
    for lane, point in enumerate(LANES):
        expected = ag.jacobian(lambda v: [wave(*v), v[0] * v[1]])(np.array(point))
        close([row[lane] for row in both], expected)
    close(ag.compile(ag.grad(ag.grad(wave)), (0, 1))(X, Y), [ag.grad(ag.grad(wave))(*lane) for lane in LANES])


NOT_CHOSEN = [
    lambda x: ag.where(x > 0.0, ag.sqrt(x), 0.0),
    lambda x: ag.relu(x) * ag.cbrt(x),
    lambda x: ag.where(x == 4.0, ag.log(x) * x, x),
]
"""Functions with a slope of infinity or nan where nothing comes of it."""


@pytest.mark.parametrize("first", [4.0, -1.0, 0.0])
@pytest.mark.parametrize("f", NOT_CHOSEN)
def test_what_was_not_chosen_leaves_nothing_in_a_gradient_inside(f, first):
    slope, lanes = ag.grad(f), [first, 4.0, -1.0, 0.0]
    along = lambda x: ag.jvp(f, (x,), (x,))[1]
    for derivative in (slope, ag.grad(slope), along):
        close(ag.compile(derivative, (0,))(lanes), [derivative(x) for x in lanes])
        asked = ag.compile(lambda x, derivative=derivative: 1.0 if derivative(x) == 0.0 else 2.0, "x")
        assert asked(lanes).tolist() == [1.0 if derivative(x) == 0.0 else 2.0 for x in lanes]


@pytest.mark.parametrize("first", [4.0, -1.0, 0.0])
@pytest.mark.parametrize("f", NOT_CHOSEN)
def test_what_was_not_chosen_leaves_nothing_in_a_gradient_on_a_tape(f, first):
    slope, lanes = ag.grad(f), [first, 4.0, -1.0, 0.0]
    for derivative in (slope, ag.grad(slope), lambda x: ag.jvp(f, (x,), (x,))[1]):
        expected = [ag.value_and_grad(derivative)(x) for x in lanes]
        with Tape():
            x = Value(first)
            tape = Tape.of(derivative(x))
        program = tape.compile(batched=[x])
        values, gradients = program.value_and_grad(batched=[[lane] for lane in lanes], wrt="batched")
        text = {}
        exec(tape.source(), text)
        close(np.column_stack([values, gradients]), expected)
        close([text["value"](lane) for lane in lanes], [value for value, _ in expected])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: ag.where(ag.grad(ag.grad(ag.erf))(x) < 1.0, x, 2.0),
        lambda x: 1.0 / ag.sum(x, x, -x),
        lambda x: ag.relu(ag.sum(-x, -x, x, 1.5 * x)),
        lambda x: 1.0 if ag.sum(x, x, -x, -0.5 * x) > 1e308 else x,
        lambda x: 1.0 / (ag.dot([x, x, x], [0.9, 0.9, -0.9]) + ag.dot([x, x, x], [0.9, 0.9, -0.9])),
    ],
)
def test_what_overflows_on_the_way_is_computed_again_though_nothing_of_it_is_left(f):
    expected = [ag.value_and_grad(f)(x) for x in HUGE]
    for lanes in (1, 7, 1000):  # few are looked at together, many in parts
        xs = HUGE * lanes
        values, gradients = ag.compile(f, (0,)).value_and_grad(xs, per_row=True)
        np.testing.assert_allclose(np.column_stack([values, gradients]), expected * lanes, 1e-12)
    np.testing.assert_allclose([ag.compile(f)(x) for x in HUGE], [value for value, _ in expected], 1e-12)
    with_shared = ag.compile(lambda w, x: x * f(w), (1,))
    outputs = [with_shared(w, [1.0, 2.0]) for w in HUGE]
    np.testing.assert_allclose(outputs, [[value, 2.0 * value] for value, _ in expected], 1e-12)


def test_second_order_inside():
    f = lambda v: wave(v[0], v[1])
    found = ag.compile(ag.hessian(f), "v")(np.stack([X, Y], axis=1).tolist())
    products = ag.compile(ag.hvp(f), (0,))(np.stack([X, Y], axis=1).tolist(), [1.0, -2.0])
    for lane, point in enumerate(LANES):
        close([[each[lane] for each in row] for row in found], ag.hessian(f)(list(point)), 1e-10)
        close([each[lane] for each in products], ag.hvp(f)(list(point), [1.0, -2.0]), 1e-10)


def test_forward_mode_inside():
    f = lambda x, y, dx: ag.jvp(wave, (x, y), (dx, 1.0))
    values, tangents = ag.compile(f, ("x", "y"))(X, Y, 0.5)
    expected = [f(*lane, 0.5) for lane in LANES]
    close(values, [each[0] for each in expected])
    close(tangents, [each[1] for each in expected])


def test_gradients_of_gradients_by_replay():
    slope = ag.grad(wave)
    values, (of_x, of_y) = ag.compile(slope, (0, 1)).value_and_grad(X, Y, argnums=(0, 1))
    close(values, [slope(*lane) for lane in LANES])
    close(of_x, [ag.grad(slope)(*lane) for lane in LANES], 1e-10)
    close(of_y, [ag.grad(slope, 1)(*lane) for lane in LANES], 1e-10)


def test_transforms_outside():
    f = ag.compile(wave, ("x", "y"))
    f(X, Y)
    assert ag.grad(f)(0.5, 1.5) == ag.grad(wave)(0.5, 1.5)
    assert ag.hessian(f)(0.5, 1.5) == ag.hessian(wave)(0.5, 1.5)
    assert ag.jvp(f, (0.5, 1.5), (1.0, 0.0)) == ag.jvp(wave, (0.5, 1.5), (1.0, 0.0))
    assert f(Dual(0.5, 1.0), 1.5).tangent == ag.grad(wave)(0.5, 1.5)
    x = Value(0.5)
    f(x, 1.5).backward()
    assert x.grad == ag.grad(wave)(0.5, 1.5)
    assert ag.compile(lambda v: v[0] * 2.0, "v")([x]).data == 1.0
    assert ag.compile(lambda v: v["a"] * 2.0)({"a": x}).data == 1.0
    assert ag.compile(lambda v: v[0] * 2.0)(np.array([x, 1.0])).data == 1.0
    assert ag.compile(lambda v: v[0] * v[1])([2.0, x]).data == 1.0
    with pytest.raises(TypeError, match=r"autograd.value_and_grad\(f\) differentiates further"):
        f.value_and_grad(x, 1.5)


def test_compiled_functions_within_compiled_functions():
    inner = ag.compile(wave, ("x", "y"))
    inner(X, Y)
    outer = ag.compile(lambda x, y: inner(x, y) * inner(y, x), ("x", "y"))
    close(outer(X, Y), [wave(x, y) * wave(y, x) for x, y in LANES])
    close(ag.compile(inner, (0, 1))(X, Y), inner(X, Y))


def test_a_compiled_function_of_plain_numbers_while_something_is_recorded():
    double = ag.compile(lambda x: x * 2.0 if x > 0 else x, "x")
    f = ag.compile(lambda x: x * float(double([3.0, -1.0]).sum()), "x")
    assert f([1.0, 2.0]).tolist() == [5.0, 10.0]
    with Tape() as tape:
        double([1.0])
    assert len(tape) == 0


# -- what comes from outside -----------------------------------------------------------------------------------------


def test_the_number_of_a_leaf_from_outside_is_read_anew():
    w = Value(2.0)
    f = ag.compile(lambda x: w * x if x < w else w, "x")
    assert f([1.0, 3.0]).tolist() == [2.0, 2.0]
    w.data = 4.0
    values, gradient = f.value_and_grad([1.0, 3.0, 5.0])
    assert values.tolist() == [4.0, 12.0, 4.0]
    assert gradient.tolist() == [4.0, 4.0, 0.0]
    assert w.grad == 0.0


def test_a_leaf_from_outside_that_only_decides():
    w = Value(2.0)
    f = ag.compile(lambda x: x if w > 0.0 else 1.0, "x")
    assert f([5.0]).tolist() == [5.0]
    w.data = -1.0
    assert f([5.0]).tolist() == [1.0]
    itself = ag.compile(lambda x: w, "x")
    for number in (2.0, 7.0):
        w.data = number
        assert itself([5.0, 6.0]).tolist() == [number, number]
    w.data = -1.0
    assert ag.compile(lambda: 2.0 if w > 0.0 else w)() == -1.0


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_a_copy_would_be_the_same_in_every_replay(duplicate):
    for f in (lambda x: duplicate(x) * 2.0, lambda x: duplicate(x * x) + x, lambda x: duplicate(x.detach())):
        with pytest.raises(TypeError, match="every replay would take it for the same"):
            ag.compile(f)(2.0)
    w = Value(2.0)
    f = ag.compile(lambda x: duplicate([w])[0] * x + duplicate(Value(5.0)))
    assert f(3.0) == 11.0
    w.data = 10.0
    assert f(3.0) == 35.0


def test_data_of_a_leaf_from_outside_is_true_for_as_long_as_it_stays():
    w = Value(2.0)
    calls = []

    def f(x):
        calls.append(0)
        return x * w.data

    compiled = ag.compile(f, "x")
    for k in range(40):
        w.data = float(abs(k // 2 - 10))
        assert compiled([3.0]).tolist() == [3.0 * abs(k // 2 - 10)]
    assert len(calls) == 20


def test_grad_of_a_leaf_from_outside_is_true_for_as_long_as_it_stays():
    w = Value(2.0)
    inner = ag.compile(lambda: w.grad * 10.0)
    f = ag.compile(lambda x: x + w.grad + inner())
    for grad in (0.0, 3.0, 5.0):
        w.grad = grad
        assert f(1.0) == 1.0 + 11.0 * grad


@pytest.mark.parametrize(
    "inner",
    [
        lambda w: ag.compile(lambda t: t * w),
        lambda w: ag.vectorize(lambda t: t * w),
        lambda w: ag.compile(lambda t: t * w.data),
        lambda w: ag.compile(lambda t: t * w.data if w > 0.0 else t * w),
        lambda w: lambda t: ag.compile(lambda t: t * w, "t").value_and_grad([t])[1][0] * t,
        lambda w: lambda t: ag.numerical_gradient(lambda t: t * w, t, method="central") * t,
        lambda w: ag.no_grad()(lambda t: t * w),
    ],
)
def test_a_leaf_from_outside_is_read_anew_also_where_only_numbers_come_of_it(inner):
    w = Value(2.0)
    inside = inner(w)
    f = ag.compile(lambda x: x * inside(3.0))
    for number in (2.0, 5.0, -4.0, 2.0):
        w.data = number
        assert f(7.0) == pytest.approx(21.0 * number)


def test_leaves_made_inside_are_constants():
    f = ag.compile(lambda x: x * Value(3.0) + Value(1.0).data, "x")
    assert f([1.0, 2.0]).tolist() == [4.0, 7.0]


def test_a_value_computed_outside_is_refused():
    w = Value(2.0)
    computed = w * 3.0
    for f in (lambda x: x * computed, lambda x: x if computed > 1.0 else -x, lambda x: computed):
        with pytest.raises(ValueError, match=r"computed outside of it.*make it an argument, or use v.detach"):
            ag.compile(f, "x")([1.0])
    assert ag.compile(lambda x: x * computed.detach(), "x")([1.0]).tolist() == [6.0]
    with pytest.raises(ValueError, match="computed outside of it"):
        ag.grad(lambda a: ag.compile(lambda x: x * a, "x")([1.0])[0])(2.0)
    with pytest.raises(ValueError, match="computed outside of it"):
        ag.compile(lambda a: float(ag.compile(lambda x: x * a, "x")([1.0])[0]), "a")([2.0])


def test_a_tape_from_outside_is_from_outside_though_it_was_opened_inside():
    w, tape = Value(2.0), Tape()

    def f(x):
        y = x * x
        with tape:
            begun = w * 3.0
            ended = begun * y
        return ended + 1.0

    with pytest.raises(ValueError, match="computed outside of it"):
        ag.compile(f, "x")([1.0])


# -- numbers that would freeze ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * x.detach(),
        lambda x: x.detach() + 0.0 * x,
        lambda x: x * 2.0 if (x * x).detach() > 2.0 else x,
        ag.grad(lambda x: x * x * x.detach()),
        lambda x: ag.jvp(lambda z: z * z * z.detach(), (x,), (1.0,))[1],
        lambda x: x + (ag.round(x) - x).detach(),
        ag.grad(lambda x: x * ag.where(x.detach() > 1.5, x.detach(), 1.0)),
        lambda x: x.detach().detach() * x,
    ],
)
def test_what_is_detached_follows_the_replays_and_is_still_cut_off(f):
    xs = [1.0, 3.0, 2.0]
    values, gradients = ag.compile(f, (0,)).value_and_grad(xs, per_row=True)
    close([*zip(values, gradients)], [ag.value_and_grad(f)(x) for x in xs])
    assert ag.compile(lambda x: x.detach(), "x")(xs).tolist() == xs


def test_what_is_detached_may_stand_on_any_tape_of_the_function():
    def f(x):
        with Tape():
            doubled = x * 2.0
        both = doubled + x
        return both.detach() * x + doubled.detach()

    assert ag.compile(f, "x")([1.0, 2.0, 5.0]).tolist() == [5.0, 16.0, 85.0]


def test_a_leaf_from_outside_that_is_detached_is_read_anew():
    w = Value(2.0)
    f = ag.compile(lambda x: x * w.detach() + w, "x")
    assert f([1.0]).tolist() == [4.0]
    w.data = 5.0
    assert f([1.0]).tolist() == [10.0]
    assert f.value_and_grad([1.0, 2.0], argnums="x")[1].tolist() == [5.0, 5.0]


def test_what_is_made_or_computed_elsewhere_is_a_constant_where_it_is_detached():
    computed, met = Value(2.0) * 3.0, []

    def f(x):
        met.extend([Value(2.0).detach(), computed.detach(), computed.detach().detach()])
        return x

    ag.compile(f, "x")([1.0])
    assert all(each.is_constant for each in met)


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.data,
        lambda x: (x.detach() * 2.0).data,
        lambda x: x.item(),
        lambda x: (x * 2.0).data,
        lambda x: ag.grad(lambda z: z * z)(x).data,
        lambda x: ag.jvp(lambda z: z * z, (x,), (1.0,))[1].item(),
        float,
        math.sin,
        lambda x: (ag.square(x) + 1.0).data,
    ],
)
def test_reading_a_number_that_depends_on_an_argument_is_refused(read):
    for mode in (ag.scope("s"), ag.no_grad(), Tape()):
        with mode, pytest.raises(TypeError, match=r"where\(\), or write v.detach|does not turn into a float"):
            ag.compile(lambda x: x * read(x), "x")([1.0])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * 2.0,
        lambda x: 1.0 if ag.sin(x) > 0.0 else -1.0,
        ag.grad(lambda x: x**3),
        lambda x: ag.where(x > 0.0, 1.0, -1.0),
        lambda x: ag.numerical_gradient(lambda t: t * x, 1.0),
    ],
)
def test_computing_with_an_argument_where_nothing_is_recorded_is_refused(f):
    with pytest.raises(TypeError, match="every replay would take it for the same"):
        ag.compile(ag.no_grad()(f))(3.0)


def test_the_refusal_names_the_ways_out():
    with pytest.raises(TypeError, match=r"comparison or where\(\), or write v.detach\(\).data") as caught:
        ag.compile(lambda x: x * x.data, "x")([1.0])
    assert caught.value.__notes__ == ["<lambda> was called with the numbers of lane 0"]


def test_what_may_be_read():
    w = Value(2.0)

    def f(x):
        assert f"{x} {x:.1f} {x!r}" == "Value(data=3.0, grad=0.0, label='x') 3.0 Value(data=3.0, grad=0.0, label='x')"
        return x * x.detach().data * w.data * Value(5.0).item()

    assert ag.compile(f, "x")([3.0, 1.0]).tolist() == [90.0, 30.0]


def test_data_is_read_freely_elsewhere_and_afterwards():
    x = Value(3.0)
    ag.compile(lambda x: x, "x")([1.0])
    seen = []

    def f(z):
        thread = threading.Thread(target=lambda: seen.append(((x * 2.0).data, x.item())))
        thread.start()
        thread.join()
        return z

    ag.compile(f, "z")([1.0])
    assert seen == [(6.0, 3.0)]
    with ag.strict(), ag.scope("s"):
        assert (x * 2.0).data == 6.0


def test_assigning_and_sweeping_inside_are_refused():
    w = Value(2.0)

    def assigns(x):
        w.data = 3.0
        return x * w

    def assigns_to_its_argument(x):
        x.data = 3.0
        return x

    def sweeps(x):
        y = x * x
        y.backward()
        return x.grad

    for f in (assigns, assigns_to_its_argument):
        with pytest.raises(TypeError, match=r"cannot assign the \.data"):
            ag.compile(f, "x")([1.0])
    with pytest.raises(TypeError, match=r"write autograd.grad\(f\) inside"):
        ag.compile(sweeps, "x")([1.0])
    assert w.data == 2.0


# -- strict ----------------------------------------------------------------------------------------------------------


def logarithm(x):
    y = x * 1.0
    return ag.log(y)


def root(w, x):
    return ag.sqrt(w + x)


def test_strict_names_primitive_line_and_lane():
    f = ag.compile(logarithm, "x")
    assert f([1.0, 0.0])[1] == -math.inf
    for recorded in (f, ag.compile(logarithm, "x")):
        with ag.strict(), pytest.raises(NonFiniteError, match=r"log\(1.0|log\(0.0\): the value is -inf") as caught:
            recorded([1.0, 2.0, 0.0, 0.0])
        error = caught.value
        assert (error.primitive, error.line) == ("log", "return ag.log(y)")
        assert error.source[0] == __file__
        assert error.__notes__ == ["in lane 2"]
    with ag.strict():
        close(f([1.0, math.e]), [0.0, 1.0])


def test_strict_finds_gradients_that_are_not_finite():
    f = ag.compile(root, "x")
    for options in ({}, {"argnums": 1}, {"per_row": True}):
        with ag.strict(), pytest.raises(NonFiniteError, match="slope in operand 0") as caught:
            f.value_and_grad(2.0, [1.0, 4.0, -2.0], **options)
        assert caught.value.__notes__ == ["in lane 2"]
        assert caught.value.line == "return ag.sqrt(w + x)"
    with ag.strict(), pytest.raises(NonFiniteError):
        ag.compile(root)(1.0, -2.0)
    with ag.strict():
        assert math.isnan(f(1.0, [math.nan])[0])


def test_under_strict_only_what_was_asked_for_has_to_be_finite():
    f = ag.compile(lambda w, x: w * ag.sqrt(x), "x")
    with ag.strict():
        assert f.value_and_grad(2.0, [0.0, 4.0], argnums=0)[1] == 2.0
        with pytest.raises(NonFiniteError, match="slope in operand 0"):
            f.value_and_grad(2.0, [0.0, 4.0], argnums=(0, 1))


@pytest.mark.parametrize("mode", [ag.no_grad, lambda: ag.scope("s")])
def test_without_strict_a_lane_that_is_not_finite_is_not_asked_again(mode):
    def f(x):
        calls.append(x)
        return ag.log(x)

    calls = []
    with mode():
        assert math.isnan(ag.compile(f, "x")([1.0, -1.0])[1])
    assert len(calls) == 1


# -- threads, copies -------------------------------------------------------------------------------------------------


def test_threads_may_share_a_compiled_function():
    lanes = np.random.default_rng(1).uniform(-4.0, 4.0, (8, 50, 2))
    for _ in range(5):
        f = ag.compile(early, ("x", "y"))
        start = threading.Barrier(8)
        wrong = []

        def work(k, f=f, start=start, wrong=wrong):
            start.wait()
            expected = [early(*lane) for lane in lanes[k].tolist()]
            for _ in range(10):
                if not np.allclose(f(lanes[k, :, 0], lanes[k, :, 1]), expected, 1e-12):
                    wrong.append(k)

        threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert len(next(iter(f._paths.values()))) <= 6


def test_names_docs_and_copies():
    def f(x):
        """Return twice x."""
        return x * 2.0

    for made in (ag.compile(f, "x"), ag.vectorize(f)):
        assert (made.__name__, made.__doc__, made.__wrapped__) == ("f", "Return twice x.", f)
    assert repr(ag.vectorize(f)) == "<vectorized f: 0 programs, 0 structures>"
    for twin in (
        pickle.loads(pickle.dumps(ag.compile(smaller, ("x", "y")))),
        copy.deepcopy(ag.compile(smaller, (0, 1))),
    ):
        assert twin([3.0, 3.0], [4.0, 2.0]).tolist() == [3.0, 2.0]
    assert pickle.loads(pickle.dumps(ag.vectorize(smaller)))(3.0, 2.0) == 2.0


def test_a_tape_opened_inside_may_import_from_the_outer_one_and_be_imported_from():
    def f(x):
        y = x * x
        with Tape():
            z = y * 3.0
        return z + y

    g = ag.compile(f)
    assert (g(2.0), g(3.0), g.value_and_grad(5.0)) == (16.0, 36.0, (100.0, 40.0))


def test_a_leaf_from_outside_may_be_used_on_a_tape_opened_inside_alone():
    w = Value(3.0)

    def f(x):
        with Tape(), Tape():
            z = w * x
        return z + x

    g = ag.compile(f)
    assert (g(2.0), g.value_and_grad(5.0)) == (8.0, (20.0, 4.0))
    w.data = 10.0
    assert (g(2.0), g.value_and_grad(5.0)) == (22.0, (55.0, 11.0))
    assert len(g._paths) == 1


def test_numbers_and_arrays_may_come_in_any_order():
    f = ag.compile(lambda a, xs, b, ys, c, d: a + 10.0 * xs[1] + 100.0 * b + 1e3 * ys[0] + 1e4 * c + 1e5 * d)
    assert f(1.0, np.array([0.0, 2.0]), 3.0, np.array([4.0]), 5.0, 6.0) == 654321.0
    assert f(2.0, np.array([0.0, 3.0]), 4.0, np.array([5.0]), 6.0, 7.0) == 765432.0
    assert len(f._paths) == 1
    assert ag.compile(lambda a, xs: a + 10.0 * xs[1])(1.0, np.array([0.0, 2.0])) == 21.0


@pytest.mark.parametrize("given", [np.array("a"), np.array(["a"]), np.array(["2020-01-01"], dtype="datetime64[D]")])
def test_arrays_of_something_else_are_refused(given):
    for batched in ((), "x") if given.ndim else ((),):
        with pytest.raises(TypeError, match=re.escape(f"an array of real numbers, not of {given.dtype.name}")):
            ag.compile(lambda x: 1.0, batched)(given)


def test_what_was_asked_before_a_function_was_called_does_not_belong_to_it():
    w = Value(1.0)
    assert w * w > 0.5
    f = ag.compile(lambda x: (x, w * x))
    assert f(2.0) == (2.0, 2.0)
    w.data = 0.5
    assert f(2.0) == (2.0, 1.0)
    assert len(f._paths) == 1


def test_old_structures_are_forgotten():
    f = ag.compile(lambda x, word: x, "x")
    for k in range(300):
        f([1.0], str(k))
    assert len(f._paths) == 256


# -- vectorize -------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(st.sampled_from([((), ()), ((3,), ()), ((2, 1), (3,)), ((1, 2), (3, 1, 1)), ((0,), (1,))]), st.data())
def test_vectorize_broadcasts_like_a_ufunc(shapes, data):
    x, y = (
        np.array(data.draw(st.lists(numbers, min_size=int(np.prod(s)), max_size=int(np.prod(s))))).reshape(s)
        for s in shapes
    )
    result = ag.vectorize(by_hand)(x, y)
    a, b = np.broadcast_arrays(x, y)
    expected = np.array([by_hand(*each) for each in zip(a.ravel().tolist(), b.ravel().tolist())]).reshape(a.shape)
    close(result, expected)
    assert type(result) is (np.ndarray if a.shape else float)


def test_vectorize_of_structures_and_keywords():
    f = ag.vectorize(lambda x, *, scale=1.0: (x * scale, [x, 2.0]))
    pair = f([[1.0], [2.0]], scale=[1.0, 10.0])
    assert pair[0].tolist() == [[1.0, 10.0], [2.0, 20.0]]
    assert pair[1][1].tolist() == [[2.0, 2.0], [2.0, 2.0]]
    assert f(3.0) == (3.0, [3.0, 2.0])
    assert f(np.float32(3.0)) == (3.0, [3.0, 2.0])
    table = ag.vectorize(lambda x: np.array([x, x * x]))([[1.0, 2.0], [3.0, 4.0]])
    assert table.shape == (2, 2, 2)
    assert table[1, 0].tolist() == [3.0, 9.0]


def test_vectorize_of_derivatives():
    xs = np.linspace(-1.0, 2.0, 6).reshape(2, 3)
    expected = [[ag.grad(wave)(x, 0.5) for x in row] for row in xs.tolist()]
    close(ag.vectorize(ag.grad(wave))(xs, 0.5), expected)
    values, slopes = ag.vectorize(wave).value_and_grad(xs, 0.5)
    close(values, ag.vectorize(wave)(xs, 0.5))
    close(slopes, expected)
    both = ag.vectorize(wave).value_and_grad(1.0, 2.0, argnums=(0, "y"))
    close(both[1], ag.grad(wave, (0, 1))(1.0, 2.0))
    assert type(both[0]) is float
    assert ag.vectorize(wave).value_and_grad(xs, y=0.5, argnums="y")[1].shape == (2, 3)


def test_vectorize_of_values_is_f_itself():
    x = Value(0.5)
    ag.vectorize(wave)(x, 1.5).backward()
    assert x.grad == ag.grad(ag.vectorize(wave))(0.5, 1.5) == ag.grad(wave)(0.5, 1.5)
    with pytest.raises(TypeError, match="differentiates further"):
        ag.vectorize(wave).value_and_grad(x, 1.5)


def test_what_vectorize_refuses():
    with pytest.raises(ValueError, match=r"broadcast"):
        ag.vectorize(smaller)([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="no numbers among the arguments"):
        ag.vectorize(smaller)("a", None)
    with pytest.raises(TypeError, match="takes a function, not float"):
        ag.vectorize(3.0)
    with pytest.raises(TypeError, match="not of str"):
        ag.vectorize(smaller)(["a"], 1.0)
    assert ag.vectorize(lambda x, kind: x if kind == "a" else -x)([1.0, 2.0], "b").tolist() == [-1.0, -2.0]


def test_a_changed_leaf_inside_is_still_stale():
    w = Value(2.0)
    y = w * 3.0
    w.data = 5.0
    with pytest.raises(StaleTape):
        Tape.of(y + w).compile()


def test_a_path_that_was_found_meanwhile_is_taken_by_those_lanes_only_that_it_fits():
    def f(x):
        calls.append(x)
        if not meanwhile:
            meanwhile.append("begun")
            meanwhile.append(fast([-1.0]).tolist())  # as another thread might, while this one is recording
        return 3.0 * x if x > 0.0 else -x

    calls, meanwhile = [], []
    fast = ag.compile(f, batched="x")
    assert fast([2.0, -5.0]).tolist() == [6.0, 5.0]
    assert meanwhile == ["begun", [1.0]]
    assert len(calls) == 2


def test_arrays_of_other_real_numbers_are_converted_and_no_lanes_give_no_values():
    twice = ag.vectorize(lambda x: 2.0 * x)
    assert twice(np.array([Fraction(1, 2), Decimal(3), 4], dtype=object)).tolist() == [1.0, 6.0, 8.0]
    values, gradient = ag.compile(lambda w, x: w * x, batched="x").value_and_grad(2.0, np.empty(0))
    assert (values.shape, gradient) == ((0,), 0.0)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8"])
def test_arrays_of_real_numbers_are_not_read_one_by_one(dtype, monkeypatch):
    monkeypatch.delattr(Reader, "_of_objects")
    given = np.array([1, 2], dtype=dtype)
    assert ag.vectorize(lambda x: 2.0 * x)(given).tolist() == [2.0, 4.0]
    assert ag.compile(lambda x: 2.0 * x, "x")(given).tolist() == [2.0, 4.0]
    assert ag.compile(lambda x: ag.sum(x) + 1.0)(given) == 4.0


@pytest.mark.parametrize("position", [2, -3])
def test_an_argument_that_is_not_there_cannot_be_differentiated_in(position):
    fast = ag.compile(lambda x, y: x * y, batched="y")
    assert fast.value_and_grad(2.0, [3.0], argnums=-2)[1] == 3.0
    with pytest.raises(ValueError, match=f"asks for argument {position}"):
        fast.value_and_grad(2.0, [3.0], argnums=position)


def test_positions_are_those_of_arguments_given_by_position():
    fast = ag.compile(lambda x, y, z: x * y**2 * z**3, batched="z")
    assert fast.value_and_grad(5.0, 3.0, z=[1.0], argnums=-1)[1] == 30.0
    assert fast.value_and_grad(5.0, 3.0, z=[1.0], argnums=np.int64(1))[1] == 30.0
    assert fast.value_and_grad(5.0, 3.0, z=[1.0], argnums=(0, "z"))[1] == (9.0, [135.0])
    for arguments, keywords in (((5.0, 3.0), {}), ((5.0,), {"y": 3.0})):
        with pytest.raises(ValueError, match="asks for argument 2 of <lambda>, but it was called with x, y, z"):
            fast.value_and_grad(*arguments, **keywords, z=[1.0], argnums=2)


def test_of_two_arguments_of_one_name_the_one_given_by_position_is_meant():
    fast = ag.compile(lambda x, /, **others: x**2 * others["x"])
    assert fast.value_and_grad(3.0, x=5.0, argnums="x") == (45.0, 30.0)


def test_a_leaf_made_inside_a_compiled_function_may_be_read_and_assigned():
    def f(x):
        calls.append(x)
        own = Value(2.0)
        read = own.data
        own.data = 5.0
        return x * own * read

    calls = []
    fast = ag.compile(f, batched="x")
    assert fast([1.0, 3.0]).tolist() == [10.0, 30.0]
    recorded = len(calls)
    assert fast([2.0, 4.0]).tolist() == [20.0, 40.0]
    assert len(calls) == recorded


def test_a_sum_of_products_that_was_not_chosen_leaves_nothing_also_where_its_factors_are_infinite():
    def f(w, x):
        sums = [ag.dot(w, x[:6]), ag.dot(w, x[1:]), w[0] * x[0]]
        return ag.sum([ag.where(x[0] > 10.0, 1.0, each) for each in sums])

    w = [float(k) for k in range(1, 7)]
    rows = [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], [math.inf, 2.0, math.inf, 4.0, 5.0, -math.inf, 7.0]]
    values, gradient = ag.compile(f, batched="x").value_and_grad(w, rows)
    assert values.tolist() == [f(w, row) for row in rows]
    assert gradient == [4.0, 5.0, 7.0, 9.0, 11.0, 13.0]
    assert [ag.grad(f)(w, row) for row in rows] == [gradient, [0.0] * 6]


@pytest.mark.parametrize("seed", [0.0, -0.0, 2.0, -1.0, 1.0])
def test_a_seed_of_nothing_stays_nothing_where_a_slope_is_infinite(seed):
    f = ag.compile(lambda x: ag.vjp(ag.sqrt, x)[1](seed)[0])
    assert f(4.0) == seed / 4.0
    assert f(0.0) == (0.0 if seed == 0.0 else math.copysign(math.inf, seed))


@pytest.mark.parametrize("weights", ["a", [lambda: 1.0], 1j])
def test_weights_that_are_no_numbers_are_refused(weights):
    with pytest.raises(TypeError, match=r"^weights are real numbers, not "):
        ag.compile(lambda x: x * x, "x").value_and_grad([1.0], weights=weights)


@pytest.mark.parametrize("argnums", [None, 1.0, 1j, math.sin])
def test_argnums_that_are_none_are_refused(argnums):
    with pytest.raises(TypeError, match=r"^argnums is the position or the name of an argument, or several, not "):
        ag.compile(lambda x: x * x).value_and_grad(1.0, argnums=argnums)
