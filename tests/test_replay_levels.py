"""What runs together in a replay: sums, products that are part of them, and what can be a matrix product."""

from __future__ import annotations

import pytest

import autograd as ag
from autograd import Tape, Value
from autograd.replay.levels import BATCHED, CONSTANT, FEWEST_TERMS, SHARED, Plan, per_lane, planned


def plan_of(output: Value, shared: list[Value], batched: list[Value] = ()) -> Plan:
    tape = Tape.of(output)
    places = {id(leaf): index for index, (leaf, _) in tape.leaves.items()}
    return planned(tape, [places.get(id(leaf), -1) for leaf in shared], [places.get(id(leaf), -1) for leaf in batched])


def shapes(plan: Plan) -> list:
    """Return per group its primitive and number of rows, or of a sum the kinds and numbers of its products."""
    return [
        (each.primitive.name, each.stop - each.start)
        if each.primitive
        else ("sum", each.stop - each.start, [(*_kinds(part), part.right.rows.shape[1]) for part in each.products])
        for each in plan.groups
    ]


def _kinds(part) -> tuple[int, int]:
    return part.left.kind, part.right.kind


@pytest.fixture
def leaves():
    return [Value(1.0 + k) for k in range(6)]


def test_as_many_additions_as_that_are_one_sum(leaves):
    a, b, c, d, *_ = leaves
    assert FEWEST_TERMS == 3
    assert shapes(plan_of(a + b, leaves)) == [("add", 1)]
    assert shapes(plan_of(a - b, leaves)) == [("sub", 1)]
    assert shapes(plan_of(a + b + c, leaves)) == [("sum", 1, [(CONSTANT, SHARED, 3)])]
    assert shapes(plan_of((a - b) - (c - d), leaves)) == [("sum", 1, [(CONSTANT, SHARED, 4)])]
    (group,) = plan_of((a - b) - (c - d), leaves).groups
    assert group.products[0].left.rows.tolist() == [[1.0, -1.0, -1.0, 1.0]]


def test_a_sum_counts_as_many_terms_as_it_has(leaves):
    a, b, c, *_ = leaves
    s = ag.sum([a, a])
    assert shapes(plan_of(s + b, leaves)) == [("sum", 1, [(CONSTANT, SHARED, 3)])]
    assert shapes(plan_of(ag.sum([a + b]) + c, leaves)) == [("sum", 1, [(CONSTANT, SHARED, 3)])]


def test_a_sum_that_is_used_twice_is_one_term_wherever_it_is_used(leaves):
    a, b, c, d, *_ = leaves
    s = a + b + c
    assert [each[0] for each in shapes(plan_of((d + s) * s, leaves))] == ["sum", "add", "mul"]
    assert [each[0] for each in shapes(plan_of((s - d) * s, leaves))] == ["sum", "sub", "mul"]
    once, again = ag.sum([s]) + d, s * d
    found = shapes(plan_of(once * again, leaves))
    assert [each[0] for each in found] == ["sum", "sum", "mul", "add", "mul"]
    assert [each[2] for each in found if each[0] == "sum"] == [[(CONSTANT, SHARED, 3)], [(CONSTANT, SHARED, 1)]]


def test_a_product_is_part_of_the_sum_that_alone_uses_it(leaves):
    a, b, c, d, *_ = leaves
    p = a * b
    alone = p + c * d + 2.0 * a + 5.0
    assert shapes(plan_of(alone, leaves)) == [("sum", 1, [(CONSTANT, SHARED, 1), (SHARED, SHARED, 2)])]
    assert plan_of(alone, leaves).groups[0].constant.tolist() == [5.0]
    assert ("mul", 1) in shapes(plan_of(alone * p, leaves))


def test_a_product_that_is_taken_away_keeps_its_row_unless_a_factor_can_take_the_sign(leaves):
    a, b, c, d, *_ = leaves
    for product in (c * d, c * a, a * c):  # the first leaf is the first node
        assert ("mul", 1) in shapes(plan_of(a + b - product, leaves))
    for taken in (3.0 * d, d * 3.0):
        (group,) = plan_of(a + b - taken, leaves).groups
        assert sorted(group.products[0].left.rows.tolist()[0]) == [-3.0, 1.0, 1.0]


def test_products_that_are_taken_away_together_have_a_row_of_their_own(leaves):
    a, b, c, d, *_ = leaves
    assert shapes(plan_of(a + b - ag.dot([c, a], [d, b]), leaves)) == [
        ("sum", 1, [(SHARED, SHARED, 2)]),
        ("sum", 1, [(CONSTANT, SHARED, 3)]),
    ]


TERMS = {
    "a - b + c": ([1, -1, 1], [0, 1, 2], 0),
    "(a - b) - (c - d)": ([1, -1, -1, 1], [0, 1, 2, 3], 0),
    "a - 2.0 + b": ([1, 1], [0, 1], -2),
    "a - (b + 2.0) - (3.0 - c)": ([1, -1, 1], [0, 1, 2], -5),
    "ag.sum([a, 4.0, b - c])": ([1, 1, -1], [0, 1, 2], 4),
    "a - ag.sum([b, c, 1.0])": ([1, -1, -1], [0, 1, 2], -1),
    "a - 2.0 * b + c * 0.5": ([1, -2, 0.5], [0, 1, 2], 0),
    "ag.dot([2.0, b], [a, 0.5]) + c + d": ([2, 0.5, 1, 1], [0, 1, 2, 3], 0),
    "ag.mean([a, b + 1.0, 2.0 * c, 8.0])": ([0.25, 0.25, 0.5], [0, 1, 2], 2.25),
    "a + ag.sum([b, c, ag.logsumexp(d, e), ag.sign(d), ag.hypot(d, e)])": ([1] * 6, [0, 1, 2, 6, 7, 8], 0),
    "d - ag.sin(c) + d + 0.5 * d": ([1, -1, 1, 0.5], [3, 6, 3, 3], 0),
}


@pytest.mark.parametrize("written", TERMS)
def test_terms_stand_in_the_order_in_which_they_are_written_with_their_factors(written, leaves):
    plan = plan_of(eval(written, {"ag": ag, **dict(zip("abcdef", leaves))}), leaves)
    group = plan.groups[-1]
    (products,) = group.products
    found = products.left.rows.tolist(), products.right.rows.tolist(), group.constant.tolist()
    assert found == tuple([each] for each in TERMS[written])


def test_products_of_constants_go_into_the_constant_of_the_sum(leaves):
    a, b, *_ = leaves
    (group,) = plan_of(ag.dot([a, 2.0, 4.0], [b, 3.0, 0.25]), leaves).groups
    assert group.constant.tolist() == [7.0]
    assert group.products[0].right.rows.shape == (1, 1)


def test_means_divide_their_terms(leaves):
    (group,) = plan_of(ag.mean([*leaves[:3], 6.0]), leaves).groups
    assert group.products[0].left.rows.tolist() == [[0.25] * 3]
    assert group.constant.tolist() == [1.5]


def test_sums_over_the_same_second_factors_are_one_group_and_the_others_another(leaves):
    xs, weights = leaves[:3], [[Value(0.5 * k + j) for j in range(3)] for k in range(4)]
    flat = [each for row in weights for each in row]
    layer = [ag.dot(row, xs) for row in weights[:2]]
    others = [ag.dot(weights[2], weights[3]), ag.dot(weights[0], weights[3])]
    plan = plan_of(ag.prod([ag.sin(each) for each in layer + others]), [*flat, *leaves], [])
    assert [each for each in shapes(plan) if each[0] == "sum"] == [
        ("sum", 2, [(SHARED, SHARED, 3)]),
        ("sum", 2, [(SHARED, SHARED, 3)]),
    ]
    for group in [each for each in plan.groups if each.primitive is None]:
        first, second = group.products[0].right.rows.tolist()
        assert first == second
    found = shapes(plan_of(ag.prod([ag.sin(each) for each in [layer[0], others[0]]]), [*flat, *leaves], []))
    assert [each for each in found if each[0] == "sum"] == [("sum", 2, [(SHARED, SHARED, 3)])]


def test_either_factor_may_be_the_second_where_both_are_of_one_kind(leaves):
    xs, weights = leaves[:3], [[Value(0.5 * k + j) for j in range(3)] for k in range(2)]
    plan = plan_of(ag.prod([ag.dot(xs, row) for row in weights]), [*leaves, *weights[0], *weights[1]])
    rows = plan.groups[0].products[0].right.rows.tolist()
    assert rows[0] == rows[1] == [0, 1, 2]


def test_the_factor_of_the_higher_kind_is_the_second(leaves):
    w, x, *_ = leaves
    for product in (w * x, x * w):
        (group, *_) = plan_of(product + product + w, [w], [x]).groups
        assert group.kind == BATCHED
    (group,) = plan_of(ag.dot([x, w], [w, x]), [w], [x]).groups
    assert _kinds(group.products[0]) == (SHARED, BATCHED)


def test_a_leaf_that_is_no_input_is_a_number(leaves):
    a, b, *_ = leaves
    plan = plan_of(ag.sin(a) * b, [b])
    assert plan.numbers == [(1, a.data)]
    assert plan.rows == (4, 0)


def test_an_input_that_is_not_on_the_tape_has_a_row_all_the_same(leaves):
    a, b, *_ = leaves
    plan = plan_of(ag.sin(a), [b, a], [leaves[2]])
    assert (plan.n_shared, plan.n_batched, plan.rows) == (2, 1, (3, 1))
    assert plan.groups[0].operands[0].rows.tolist() == [1]
    assert plan.n_outputs == 1


def test_levels_follow_each_other(leaves):
    a, b, *_ = leaves
    assert shapes(plan_of(ag.sin(a) * ag.sin(b), leaves)) == [("sin", 2), ("mul", 1)]
    assert shapes(plan_of(ag.sin(a) * ag.sin(ag.cos(b)), leaves)) == [("sin", 1), ("cos", 1), ("sin", 1), ("mul", 1)]


def test_nodes_of_one_level_with_operands_of_other_kinds_are_groups_of_their_own(leaves):
    w, v, x, *_ = leaves
    plan = plan_of((w * 2.0) * (v * x) * (w / v), [w, v], [x])
    assert shapes(plan) == [("mul", 1), ("mul", 1), ("div", 1), ("mul", 1), ("mul", 1)]
    assert [each.kind for each in plan.groups] == [SHARED, BATCHED, SHARED, BATCHED, BATCHED]


def test_one_batched_operand_makes_a_node_batched_wherever_it_stands(leaves):
    w, v, x, *_ = leaves
    for node in (x * 2.0, 2.0 * x, w * x, x * w, ag.prod([x, w, 2.0]), ag.prod([2.0, w, x]), x + w + v, w + v + x):
        (group,) = plan_of(node, [w, v], [x]).groups
        assert group.kind == BATCHED
    tape = Tape.of(w * 2.0, x)  # the leaf is the last line
    assert [kind for kind, _ in planned(tape, [0], [2]).outputs] == [SHARED, BATCHED]
    assert [kind for kind, _ in planned(Tape.of(2.0 * w, x), [0], [2]).outputs] == [SHARED, BATCHED]


def test_what_is_computed_of_shared_operands_only_is_shared(leaves):
    w, v, x, *_ = leaves
    plan = plan_of(ag.prod([w, v, 2.0]) * ag.prod([w, x, v]), [w, v], [x])
    assert [each.kind for each in plan.groups] == [SHARED, BATCHED, BATCHED]


@pytest.mark.parametrize("count", [1, 3])
def test_in_lanes_of_their_own_rows_are_taken_once_each_however_many_there_are(count, leaves):
    w, v, x, y, z, _ = leaves
    for shared, batched in (([w, v, y, z], [x]), ([w], [x, v, y, z])):
        plan = plan_of(ag.prod([ag.sin(each) for each in [w, x, v, y, z][:count]]) * w + x, shared, batched)
        lanes = per_lane(plan)
        assert plan.rows[0] != plan.rows[1]
        taken = sorted(row for each in lanes.groups for row in range(each.start, each.stop))
        assert taken == list(range(5, sum(plan.rows)))


def test_in_lanes_of_their_own_the_batched_inputs_come_first_and_then_those_that_were_shared(leaves):
    w, v, x, y, *_ = leaves
    plan = plan_of(ag.sin(w) * x + v * y + 3.0 * w, [w, v], [x, y])
    lanes = per_lane(plan)
    assert (lanes.n_shared, lanes.n_batched, lanes.rows) == (0, 4, (0, sum(plan.rows)))
    assert [each.kind for each in lanes.groups] == [BATCHED] * len(plan.groups)
    assert {each.kind for group in lanes.groups for each in group.operands} == {BATCHED}
    (sine,) = [each for each in lanes.groups if each.primitive is ag.primitives.sin]
    assert sine.operands[0].rows.tolist() == [2]
    taken = sorted(row for each in lanes.groups for row in range(each.start, each.stop))
    assert taken == list(range(4, sum(plan.rows)))
    assert lanes.outputs == [(BATCHED, 4 + plan.rows[0] - 2 + plan.outputs[0][1] - 2)]
