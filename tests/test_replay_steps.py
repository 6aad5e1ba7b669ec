"""Of what array operations a replay is made: the fewest there are; and what its inputs and guards are brought to."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import autograd as ag
from autograd import Tape, Value, primitives, recording, value_and_grad
from autograd.replay.arrays import FEWEST_SPLIT, MOST_SPLIT, prepared
from autograd.replay.forms import FAST
from autograd.replay.guards import with_guards
from autograd.replay.inputs import numbers, table, vector, weights_of
from autograd.replay.levels import BATCHED, SHARED
from autograd.replay.rows import FEW, base_of
from autograd.tape import LEAF
from tests.test_replay_levels import plan_of


@pytest.fixture
def w():
    return [Value(1.5 + k, label=f"w{k}") for k in range(8)]


@pytest.fixture
def x():
    return [Value(2.25 - k, label=f"x{k}") for k in range(8)]


def forward(output: Value, shared: list[Value], batched: list[Value]) -> tuple[list[str], list[str]]:
    """Return the names of the steps for what is shared and of those for the lanes; they give the recorded number."""
    plan = plan_of(output, shared, batched)
    space = prepared(plan, 3)
    space.load(np.array([[leaf.data for leaf in batched]] * 3))
    space.share(np.array([leaf.data for leaf in shared]))
    for function, arguments in (*space.before, *space.forward):
        function(*arguments)
    ((kind, row),) = plan.outputs
    assert np.allclose(space.primals[kind][row], output.data, rtol=1e-14)
    assert space.operations() == len(space.before) + len(space.forward)
    return [name_of(step) for step in space.before], [name_of(step) for step in space.forward]


def name_of(step) -> str:
    return step[0].__name__


COPY_OF_INPUTS = "copyto"


def test_one_sum_is_a_matrix_product(w, x):
    assert forward(x[0] + x[1] + x[2], w, x) == ([], ["matmul"])
    assert forward(x[0] - 3.0 * x[1] + x[2] + 5.0, w, x) == ([], ["matmul", "add"])
    assert forward(ag.dot(w, x), w, x) == ([], ["matmul"])


def test_a_few_terms_are_added_one_by_one_and_signs_cost_nothing(w, x):
    a, b, c, d, e, f, *_ = x
    assert forward((a + b + c) * (d + e + f), w, x)[1] == [COPY_OF_INPUTS, "copyto", "add", "add", "multiply"]
    assert forward((a - b + c) * (d - e + f), w, x)[1] == [COPY_OF_INPUTS, "copyto", "subtract", "add", "multiply"]
    both = (0.0 - a - b + c * 3.0) * (0.0 - d - e + f * 3.0)
    assert forward(both, w, x)[1] == [COPY_OF_INPUTS, "multiply", "subtract", "multiply", "add", "multiply"]
    for factor in (2.0, 0.5, -0.5, -2.0):
        both = (a + b * factor + c) * (d + e * factor + f)
        assert forward(both, w, x)[1] == [COPY_OF_INPUTS, "copyto", "multiply", "add", "add", "multiply"]
    with_constants = (a - b + c + 5.0) * (d - e + f + 6.0)
    assert forward(with_constants, w, x)[1] == [COPY_OF_INPUTS, "copyto", "subtract", "add", "add", "multiply"]


def test_a_few_products_are_added_one_by_one_and_more_are_contracted(w, x):
    few = ag.dot(x[:FEW], x[FEW:]) * ag.dot(x[1 : FEW + 1], x[2 : FEW + 2])
    steps = [name for name in forward(few, w, x)[1] if name != "take"]
    assert steps == [COPY_OF_INPUTS, "multiply", *["multiply", "add"] * (FEW - 1), "multiply"]
    more = ag.dot(x[: FEW + 1], x[2 : FEW + 3]) * ag.dot(x[1 : FEW + 2], x[3 : FEW + 4])
    steps = [name for name in forward(more, w, x)[1] if name != "take"]
    assert steps == [COPY_OF_INPUTS, "contracted", "multiply"]


def test_a_layer_is_a_matrix_product(w, x):
    rows = [w[0:3], w[3:6]]
    first, second = (ag.dot(row, x[:3]) + bias for row, bias in zip(rows, w[6:8]))
    assert forward(first * second, w, x) == ([], ["matmul", "add", "multiply"])
    first, second = (ag.dot(row, w[4:7]) for row in rows)
    assert forward(first * second, w, x) == (["matmul", "multiply"], [])
    first, second = (ag.dot(row, x[:3]) + ag.dot([0.5 + k, 2.0, 4.0], x[:3]) for k, row in enumerate(rows))
    assert forward(first * second, w, x) == ([], ["matmul", "matmul", "add", "multiply"])


def test_what_is_the_same_for_all_lanes_is_added_once(w, x):
    both = (w[0] * w[1] + w[2] * w[3] + x[0]) * (w[4] * w[1] + w[5] * w[3] + x[1])
    assert forward(both, w, x) == (["take", "contracted"], [COPY_OF_INPUTS, "copyto", "add", "multiply"])
    both = (w[0] + x[0] + x[1]) * (w[1] + x[2] + x[3])
    assert forward(both, w, x) == ([], [COPY_OF_INPUTS, "copyto", "add", "add", "multiply"])


def looked_at(output: Value, shared: list[Value], batched: list[Value], careful: bool = False) -> list[list[int]]:
    """Return how many rows each part has that a replay looks at: of what is shared, and of the lanes."""
    space = prepared(plan_of(output, shared, batched), 3, careful=careful)
    return [[len(part) for part in space.to_look_at(kind)] for kind in (SHARED, BATCHED)]


def test_a_replay_looks_at_what_may_overflow_on_the_way_and_shows_in_no_output(w, x):
    total = ag.sum(x[0], x[1], x[2])
    for shown in (
        total,
        ag.sin(total) * 2.0,
        -total + ag.sqrt(x[3]),
        3.0 * total - x[1] + x[2],
        ag.relu(total) - total,
    ):
        assert looked_at(shown, w, x) == [[], []]
    for hidden in (1.0 / total, ag.relu(total), ag.where(total, x[1], 2.0), ag.tanh(total * x[4] - 1.0)):
        assert looked_at(hidden, w, x) == [[], [1]]
        assert looked_at(hidden, w, x, careful=True) == [[], []]
    assert looked_at(ag.relu(total) * ag.sum(x[3], x[4], x[5]), w, x) == [[], [2]]
    assert looked_at(ag.relu(total) - ag.sqrt(total) * ag.exp(x[3] - x[4]), w, x) == [[], []]


def test_it_looks_at_neighbours_together_and_at_others_in_turn(w, x):
    total = ag.sum(x[0], x[1], x[2])
    beside = ag.relu(total) * ag.relu(ag.dot(w[:4], x[:4]))
    assert looked_at(beside, w, x) == [[], [2]]
    behind = ag.relu(ag.sum(ag.relu(total), x[3], x[4]) + x[1])
    assert looked_at(behind, w, x) == [[], [1, 1]]
    third = ag.tanh(ag.sum(behind, x[3], x[5])) * ag.tanh(ag.sum(behind, x[3], x[6]))
    assert looked_at(third, w, x) == [[], [1, 1, 2]]
    assert looked_at(ag.relu(ag.sum(beside, x[3], x[4])), w, x) == [[], [2, 1]]


def test_it_looks_at_what_is_shared_and_at_bell_curves_too(w, x):
    assert looked_at(x[0] / ag.sum(w[0], w[1], w[2]), w, x) == [[1], []]
    assert looked_at(x[0] * ag.sum(w[0], w[1], w[2]), w, x) == [[], []]
    assert looked_at(ag.relu(primitives.gaussian(x[0], x[1], 0.5)), w, x) == [[], [1]]
    assert looked_at(primitives.gaussian(x[0], x[1], 0.5), w, x) == [[], []]
    assert looked_at(ag.relu(ag.exp(x[0]) + x[1]), w, x) == [[], []]


def test_it_looks_at_what_a_comparison_asks_about_though_it_shows(w, x):
    with Tape():
        total = ag.sum(x[0], x[1], x[2])
        y = total * 2.0 if total > 0.0 else -total
    assert looked_at(y, w, x) == [[], []]
    space = prepared(Tape.of(y).compile(w, x)._plan, 3)
    assert [len(part) for part in space.to_look_at(BATCHED)] == [1]


@pytest.mark.parametrize("lanes", [1, FEWEST_SPLIT - 1, FEWEST_SPLIT, 2 * FEWEST_SPLIT])
@pytest.mark.parametrize("count", [1, 2, 3, MOST_SPLIT - 1, MOST_SPLIT, MOST_SPLIT + 1])
def test_a_few_rows_of_many_lanes_are_computed_one_by_one_where_their_operands_do_not_lie_evenly(count, lanes):
    xs = [Value(2.25 - k) for k in range(2 * MOST_SPLIT + 4)]
    bends = [k * (k + 1) // 2 % len(xs) for k in range(count)]

    def steps(build) -> int:
        space = prepared(plan_of(ag.prod([build(k) for k in range(count)]), [], xs), lanes)
        return len([step for step in space.forward if step[0] is np.divide])

    split = 1 < count <= MOST_SPLIT and lanes >= FEWEST_SPLIT
    assert steps(lambda k: xs[bends[k]] / xs[k]) == (count if split and count > 2 else 1)
    assert steps(lambda k: xs[k] / xs[2 * k]) == 1
    assert steps(lambda k: xs[k] / (1.0 + k * k)) == 1
    assert steps(lambda k: xs[-1 - k] / (1.0 + k * k)) == (count if split else 1)


def test_rows_are_read_where_they_lie_unless_they_lie_unevenly(w, x):
    for even in ((x[0] / x[1]) * (x[2] / x[1]), (x[0] / w[1]) * (x[2] / w[5]), (x[0] / 3.0) * (x[2] / 4.0)):
        assert "take" not in str(forward(even, w, x))
    assert forward((w[0] / w[1]) * (w[2] / w[1]), w, x) == (["divide", "multiply"], [])
    assert forward((x[0] / w[5]) * (x[2] / w[1]), w, x)[0] == ["take"]
    assert forward((x[5] / x[3]) * (x[2] / x[1]), w, x)[1].count("take") == 2


def test_rows_that_are_computed_one_by_one_give_what_they_give_together():
    xs = [Value(2.25 - k) for k in range(6)]
    quotients = [xs[5 - k * (k + 1) // 2] / (xs[k] * xs[k] + 1.0) for k in range(3)]
    program = Tape.of(ag.dot([1.0, 2.0, 4.0], [ag.sin(each) for each in quotients])).compile(batched=xs)
    lanes = np.random.default_rng(1).uniform(-2.0, 2.0, (FEWEST_SPLIT, 6))
    values, gradient = program.value_and_grad([], lanes, wrt="batched")
    together, of_rows = program.value_and_grad([], lanes[:100], wrt="batched")
    assert np.allclose(values[:100], together, rtol=1e-14)
    assert np.allclose(gradient[:100], of_rows, rtol=1e-13)


def test_what_is_shared_is_never_computed_one_by_one(w):
    plan = plan_of(ag.prod([w[k * k] / w[k] for k in range(3)]), w, [])
    assert [name_of(step) for step in prepared(plan, 2 * FEWEST_SPLIT).before].count("divide") == 1


def test_inputs_that_nothing_reads_are_not_copied(w, x):
    assert forward(ag.sin(w[0]), w, x) == (["sin"], [])
    assert forward(w[0], w, x) == ([], [])
    assert forward(x[0], w, x) == ([], [COPY_OF_INPUTS])


def test_rows_with_a_faster_form_use_it_unless_everything_is_as_the_engine_does_it(w, x):
    plan = plan_of(ag.relu(x[0]), w, x)
    fast, careful = prepared(plan, 3), prepared(plan, 3, careful=True)
    assert fast.forward[-1][0] is FAST[primitives.relu.code]
    assert careful.forward[-1][0] is not FAST[primitives.relu.code]


# -- back --------------------------------------------------------------------------------------------------------------


def backward(build, wanted: tuple[int, ...], careful: bool = False) -> tuple[list[str], list[str]]:
    """Return the names of the steps back over the lanes and over what is shared; they give the engine's gradient."""
    points = [[1.5 + 0.25 * k for k in range(6)], [2.25 - 0.5 * k for k in range(6)]]
    _, gradients = value_and_grad(build, argnums=(0, 1))(*points)
    w, x = ([Value(number) for number in each] for each in points)
    space = prepared(plan_of(build(w, x), w, x), 3, wanted, careful)
    ((kind, row),) = space.plan.outputs
    for _ in range(2):  # what the first leaves behind changes nothing
        space.share(np.array(points[0]))
        space.load(np.array([points[1]] * 3))
        for steps, of in ((space.before, 0), (space.forward, 0), (space.reverse, BATCHED), (space.after, SHARED)):
            if kind == of:
                space.adjoints[kind][row] = 1.0 if kind == BATCHED else 3.0
            for function, arguments in steps:
                function(*arguments)
        if SHARED in wanted:
            assert np.allclose(space.gradient(), 3.0 * np.array(gradients[0]), rtol=1e-13)
        if BATCHED in wanted:
            assert np.allclose(space.adjoints[BATCHED][:6], np.array(gradients[1])[:, None], rtol=1e-13)
    assert space.operations() == sum(map(len, (space.before, space.forward, space.reverse, space.after)))
    return [name_of(step) for step in space.reverse], [name_of(step) for step in space.after]


BACK = {  # the steps over the lanes, and those over what is shared
    "-x[0]": ("negative", ""),
    "x[0] * x[1]": ("multiply multiply", ""),
    "w[0] * w[0]": ("", "multiply multiply add"),
    "w[0] * x[0]": ("multiply reduce multiply", ""),
    "ag.sin(x[0])": ("cos multiply", ""),
    "ag.exp(x[0])": ("multiply", ""),
    "ag.relu(x[0])": ("sign multiply", ""),
    "x[0] / x[1]": ("divide multiply divide negative multiply", ""),
    "ag.sin(x[0]) + w[0]": ("reduce cos multiply", ""),
    "ag.sin(x[0]) * x[0]": ("multiply multiply cos multiply add", ""),
    "x[0] - ag.sin(x[1])": ("copyto negative cos multiply", ""),
    "ag.exp(x[0] - w[0])": ("multiply copyto negative reduce", ""),
    "ag.sin(w[0]) * ag.sin(x[0])": ("multiply reduce multiply cos multiply", "cos multiply"),
    "(ag.sin(w[0]) + x[3]) * (ag.sin(w[1]) + x[4])": ("multiply multiply reduce copyto", "cos multiply"),
    "(ag.sin(x[0]) + x[3]) * (ag.sin(x[2]) + x[4]) * ag.sin(x[1])": (
        "multiply multiply multiply multiply copyto copyto cos multiply assign",
        "",
    ),
    "ag.sin(x[0] * w[0]) * w[0]": ("multiply multiply reduce cos multiply multiply multiply reduce add", ""),
    "ag.exp(x[0] * w[0]) * ag.exp(w[0])": (
        "multiply multiply reduce multiply multiply multiply reduce",
        "multiply add",
    ),
    "(x[0] / w[4]) * (x[1] / w[0]) * (x[2] / w[3])": (
        "multiply multiply multiply multiply divide multiply divide negative multiply reduce assign",
        "",
    ),
    "(x[0] / w[4]) * (x[1] / w[0]) * (x[2] / w[4])": (
        "multiply multiply multiply multiply divide multiply divide negative multiply reduce take reduceat copyto",
        "",
    ),
    "(x[0] / w[4]) * (x[1] / w[4]) * x[2]": (
        "multiply multiply multiply multiply divide multiply divide negative multiply reduce reduce copyto",
        "",
    ),
    "(lambda s: (s[0] + x[3]) * (s[2] + x[4]) * s[1])([ag.sin(x[k]) for k in range(3)])": (
        "multiply multiply multiply multiply copyto copyto cos multiply",
        "",
    ),
    "(lambda s: (s[0] + x[3]) * (s[1] + x[4]))([ag.sin(x[k]) for k in range(2)])": (
        "multiply multiply copyto cos multiply",
        "",
    ),
    "(lambda s: (s[1] + x[3]) * (s[0] + x[4]))([ag.sin(x[k]) for k in range(2)])": (
        "multiply multiply assign copyto cos multiply",
        "",
    ),
    "(lambda s: (s + x[3]) * s)(ag.sin(x[0]))": ("multiply multiply add copyto cos multiply", ""),
    "ag.sum([x[0], x[0], x[0]])": ("matmul reduce copyto", ""),
    "ag.sum([w[0], w[0], w[0]]) * x[0]": ("multiply reduce multiply", "matmul reduce copyto"),
    "x[0] * x[0] + x[1] * x[1] + x[2]": ("multiply copyto add multiply copyto", ""),
    "ag.dot(w[:3], x[:3])": ("matmul matmul", ""),
    "ag.dot(w[:3], x[:3]) * ag.dot(w[3:], x[:3])": ("multiply multiply matmul matmul", ""),
    "ag.dot(w[::2], x[:3]) * ag.dot(w[1::2], x[:3])": ("multiply multiply matmul matmul", ""),
    "ag.dot(w[::2], [x[5], x[0], x[3]]) * ag.dot(w[1::2], [x[5], x[0], x[3]])": (
        "multiply multiply matmul matmul assign",
        "",
    ),
    "ag.dot(w[:4:2], w[4:]) * ag.dot(w[1:4:2], w[4:])": ("", "multiply multiply multiply matmul"),
    "(x[0] / x[1]) * ag.sin(x[0] / x[1])": (
        "multiply multiply cos multiply divide multiply reduce copyto divide negative multiply reduce copyto",
        "",
    ),
    "ag.dot(w[:3], w[3:]) * x[0]": ("multiply reduce multiply", "multiply matmul"),
    "ag.tanh(ag.dot(w[:3], x[:3]) + w[4])": ("multiply on_arrays multiply multiply reduce matmul matmul", ""),
    "(x[0] + w[0] + x[1]) * (x[2] + w[1] + x[3])": ("multiply multiply reduce multiply copyto", ""),
    "ag.dot(w[:5], x[1:]) * ag.dot(w[:5], x[:5])": (
        "multiply multiply over_lanes take reduceat copyto multiply take reduceat copyto",
        "",
    ),
    "ag.dot(w[:3], x[1:4]) * ag.sin(ag.dot(w[:3], x[1:4]) + ag.dot(w[3:], x[3:]))": (
        "multiply multiply cos multiply matmul matmul take reduceat copyto matmul add matmul add",
        "",
    ),
    "ag.dot(w[:3], [ag.sin(each) for each in x[:3]]) * ag.dot(w[3:], [ag.cos(each) for each in x[3:]])": (
        "multiply multiply over_lanes copyto multiply copyto sin negative multiply cos multiply",
        "",
    ),
    "ag.dot(w[:3], w[3:]) * ag.dot(w[1:4], w[3:])": (
        "",
        "assign multiply multiply multiply take reduceat copyto matmul add",
    ),
}


@pytest.mark.parametrize("written", BACK)
def test_the_steps_back_are_the_fewest(written):
    build = eval(f"lambda w, x: {written}", {"ag": ag})
    assert backward(build, (SHARED, BATCHED)) == tuple(each.split() for each in BACK[written])
    backward(build, (SHARED, BATCHED), careful=True)


@pytest.mark.parametrize(
    ("written", "of_shared", "of_batched"),
    [
        ("w[0] * x[0]", ("multiply reduce", ""), ("multiply", "")),
        ("w[0] * w[0]", ("", "multiply multiply add"), ("", "")),
        ("ag.dot(w[:3], x[:3])", ("matmul", ""), ("matmul", "")),
        ("w[0] / x[0]", ("divide multiply reduce", ""), ("divide negative multiply", "")),
        ("ag.sin(w[0]) * ag.sin(x[0])", ("multiply reduce", "cos multiply"), ("multiply cos multiply", "")),
        ("ag.dot(w[:3], w[3:]) * x[0]", ("multiply reduce", "multiply matmul"), ("multiply", "")),
        ("ag.dot(w[:3], x[:3]) * w[5]", ("multiply multiply reduce matmul", ""), ("multiply matmul", "")),
    ],
)
def test_adjoints_that_nobody_asks_for_are_not_computed(written, of_shared, of_batched):
    build = eval(f"lambda w, x: {written}", {"ag": ag})
    assert backward(build, (SHARED,)) == tuple(each.split() for each in of_shared)
    assert backward(build, (BATCHED,)) == tuple(each.split() for each in of_batched)


def test_a_longer_way_back_needs_no_more_temporary_arrays(w, x):
    def temporaries(count: int) -> int:
        value = x[0]
        for _ in range(count):
            value = ag.sin(value) / w[0]
        space = prepared(plan_of(value, w, x), 3, (SHARED, BATCHED))
        kept = [*space.primals.values(), *space.adjoints.values()]
        arrays = [each for _, arguments in space.reverse for each in arguments if isinstance(each, np.ndarray)]
        return len({id(base_of(each)) for each in arrays} - set(map(id, kept)))

    assert temporaries(3) == temporaries(30)


@pytest.mark.parametrize(
    ("slope", "steps"), [(-2.0, "multiply"), (-1.0, "negative"), (0.0, ""), (1.0, "copyto"), (2.0, "multiply")]
)
def test_a_slope_that_is_a_number_takes_one_step_at_most(slope, steps):
    row = ag.Primitive("line_of_ones_own", lambda x: slope * x, partials=(lambda y, x: slope,))
    try:
        assert backward(lambda w, x: row(x[3]), (BATCHED,)) == (steps.split(), [])
        assert backward(lambda w, x: row(w[3]), (SHARED,)) == ([], steps.split())
    finally:
        assert primitives.TABLE.pop() is row  # other tests go by the table


@pytest.mark.parametrize(
    "partial",
    [
        lambda y, x: -2.0 * ag.step(x),
        lambda y, x: 0.5 * ag.step(x),
        lambda y, x: ag.step(x) + 0.5 * ag.relu(x),
        lambda y, x: ag.relu(x) * ag.step(y) + ag.step(-x) * ag.relu(x - 0.125),
    ],
)
def test_a_step_in_a_partial_of_ones_own_is_that_of_its_operand(partial):
    row = ag.Primitive("ramp_of_ones_own", lambda x: 0.5 * max(x, 0.0) - 1.0, partials=(partial,))
    try:
        assert backward(lambda w, x: row(x[4]) * row(x[5]), (BATCHED,))[0].count("sign") == 0
    finally:
        assert primitives.TABLE.pop() is row  # other tests go by the table


@pytest.mark.parametrize(
    ("build", "rows"),
    [
        (lambda w, x: w[1] * x[0], [1]),
        (lambda w, x: ag.sin(w[2]) * x[0] + w[0] * x[1], [0, 6]),
        (lambda w, x: ag.sin(w[2]) * w[1], []),
        (lambda w, x: x[0] * x[1], []),
    ],
)
def test_the_shared_rows_that_lanes_add_to_are_known(build, rows, w, x):
    space = prepared(plan_of(build(w[:6], x), w[:6], x), 3, (SHARED, BATCHED))
    assert space.summed.tolist() == rows


# -- inputs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [[1.0], [1.0, 2.0, 3.0], 1.0, [[1.0, 2.0]], []])
def test_shared_inputs_of_another_shape_are_refused(given):
    with pytest.raises(ValueError, match=r"2 shared leaves.*shape \(2,\)"):
        vector(given, 2)


@pytest.mark.parametrize("given", [[1.0, 2.0], [[1.0]], [[1.0, 2.0, 3.0]], [[[1.0, 2.0]]], [[[1.0], [2.0]]], 1.0])
def test_batched_inputs_of_another_shape_are_refused(given):
    with pytest.raises(ValueError, match=r"2 batched leaves.*shape \(B, 2\)"):
        table(given, 2)


def test_batched_inputs_are_wanted_where_there_are_batched_leaves():
    assert table(None, 0) is None
    with pytest.raises(ValueError, match="give their numbers"):
        table(None, 1)


@pytest.mark.parametrize(
    ("given", "lanes", "outputs"),
    [([1.0, 2.0], 3, 1), ([1.0] * 4, 3, 1), ([[1.0] * 3] * 3, 3, 2), ([1.0] * 3, 3, 2), ([[1.0], [2.0]], None, 2)],
)
def test_weights_of_another_shape_are_refused(given, lanes, outputs):
    with pytest.raises(ValueError, match="weights have the shape"):
        weights_of(given, lanes, outputs)


@pytest.mark.parametrize(
    ("given", "lanes", "outputs", "expected"),
    [
        (2.0, 3, 1, [[2.0]] * 3),
        ([1.0, 2.0, 3.0], 3, 1, [[1.0], [2.0], [3.0]]),
        ([1.0, 2.0], 3, 2, [[1.0, 2.0]] * 3),
        ([[1.0], [2.0], [3.0]], 3, 2, [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]),
        (4.0, None, 1, [[4.0]]),
        ([4.0, 5.0], None, 2, [[4.0, 5.0]]),
    ],
)
def test_weights_are_a_row_of_outputs_for_each_lane(given, lanes, outputs, expected):
    assert weights_of(given, lanes, outputs).tolist() == expected


def test_numbers_are_doubles_and_nothing_is_taken_for_a_number():
    given = np.array([1.0, 2.0])
    assert numbers(given, "weights") is given
    assert numbers(np.array([1, 2], dtype=np.float32), "weights").dtype == np.float64
    assert numbers([], "weights").dtype == np.float64
    for wrong in (["a"], [1j], [True], [None]):
        with pytest.raises(TypeError, match="weights are real numbers, not"):
            numbers(wrong, "weights")
    with pytest.raises(ValueError, match=r"^weights have rows of different lengths: \[\[1.0\], \[2.0, 3.0\]\]$"):
        numbers([[1.0], [2.0, 3.0]], "weights")
    with pytest.raises(ValueError, match=r"^weights have rows of different lengths: ") as caught:
        numbers([[1.0], [1.0] * 1000], "weights")
    assert len(str(caught.value)) == 200
    with pytest.raises(TypeError, match=r"^weights are real numbers, not bool: \[True, True, ") as caught:
        numbers([True] * 1000, "weights")
    assert len(str(caught.value)) == 200


# -- guards ------------------------------------------------------------------------------------------------------------


def test_leaves_that_are_no_inputs_are_numbers_in_what_guards_compare():
    x, k, m = Value(1.0, label="x"), Value(5.0, label="k"), Value(-0.5, label="m")
    with Tape():
        compared = ag.primitives.max(x, k, m) + (k * x + x * m)
        assert compared > m
        assert k > x
        y = x * x
    whole, guards = with_guards(Tape.of(y))
    assert [leaf for leaf, _ in whole.leaves.values()] == [x]
    (at,) = whole.leaves
    products = [node for node in whole.nodes if node[0] == primitives.mul.code]
    assert [node[1] for node in products] == [5.0, -0.5, 1.0]
    assert products[1] == (primitives.mul.code, -0.5, at, -0.5, -1, -0.5)
    assert products[0] == (primitives.mul.code, 5.0, -1, 5.0, at, 5.0)
    assert [node[0] == LEAF for node in whole.nodes].count(True) == 1
    first, second = guards
    assert (first.places[1], first.numbers[1]) == (-1, -0.5)
    assert (list(second.places), second.numbers[0]) == ([-1, at], 5.0)
    assert whole.nodes[whole.outputs[0]][1] == 1.0
    assert "k" in second.text


def test_numbers_on_either_side_of_a_comparison_are_compared_with():
    x, k = Value(1.0), Value(5.0)
    with Tape():
        assert k > x
        assert x > -3.0
        y = x * x
    program = Tape.of(y).compile([x])
    assert [bool(program.holds([number])) for number in (-3.5, -2.5, 4.5, 5.5)] == [False, True, True, False]


def test_what_is_compared_with_may_be_computed_from_numbers_alone():
    x, k, m = Value(1.0), Value(5.0), Value(-0.5)
    with Tape():
        limit, lower = k * 2.0, k + m + 1.5
        assert x < limit
        assert lower > x * 2.0
        assert -(k * m) > x
        y = x * x
    program = Tape.of(y).compile([x])
    assert [bool(program.holds([number])) for number in (2.4, 2.6, 11.0)] == [True, False, False]
    assert program.value([1.5]) == 2.25


def test_guards_of_an_automatic_tape_that_was_full_are_missed(monkeypatch):
    x = Value(1.0)
    recording.close_automatic()
    monkeypatch.setattr(recording, "CAPACITY", 16)  # two guards fill a tape
    assert x * 3.0 > 0.5
    y = ag.sum([x, x])
    assert len(with_guards(Tape.of(y))[1]) == 1
    assert x * 3.0 < 5.0
    y = ag.sum([x, x])
    recording.close_automatic()
    with pytest.raises(ValueError, match="no longer known"):
        with_guards(Tape.of(y))


def test_guards_that_a_copy_left_behind_are_missed():
    x = Value(1.0)
    with Tape():
        y = x * x if x > 0.5 else x
    tape = Tape.of(y)
    assert len(with_guards(tape)[1]) == 1
    with pytest.raises(ValueError, match="no longer known"):
        with_guards(pickle.loads(pickle.dumps(tape)))
