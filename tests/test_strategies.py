"""The strategies draw what they promise, and what they draw obeys the laws of differentiation."""

from __future__ import annotations

import math

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import Dual, Value, gradcheck, primitives
from autograd.differences import numerical_gradient
from autograd.primitives import TABLE, ManyPrimitive, Primitive
from autograd.strategies import Expression, Step, expressions, numbers, points
from autograd.value import cut

ROWS = [row for row in TABLE if row is not cut]  # at import: before tests of any file add rows of their own

# Two sweeps over the same slopes differ by rounding: 4 ulp per node and a few dozen nodes, each operation of which may
# magnify what comes in by its slope. 1e-9 leaves six digits for that.
SWEEP = 1e-9

# The stencil's step suits functions that vary on scale 1; those drawn here vary up to 60 times faster (degrees), and
# the error grows with the fourth power of that: (1e-4 × 60)⁴ × a small factor is 1e-8, rounding 1e-12.
STENCIL = 1e-5

quick = settings()  # of the profile, see conftest.py


def vectors(size: int) -> st.SearchStrategy[list[float]]:
    return st.lists(numbers(), min_size=size, max_size=size)


def close(found: float, expected: float, scale: float, tolerance: float) -> bool:
    return abs(found - expected) <= tolerance * max(scale, 1.0)


# -- what is drawn ---------------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@settings(max_examples=10, deadline=None, database=None, derandomize=True)
@given(data=st.data())
def test_points_lie_inside_a_box_of_the_row(row, data):
    point = data.draw(points(row))
    boxes = [box if isinstance(box[0], tuple) else (box,) for box in row.smooth_on]
    assert any(len(box) == len(point) and all(low < x < high for x, (low, high) in zip(point, box)) for box in boxes)
    assert all(type(x) is float for x in point)
    assert math.isfinite(row.of(*point))


def test_every_box_of_a_row_is_drawn_from():
    assert find(points(ag.abs), lambda point: point[0] < 0)
    assert find(points(ag.abs), lambda point: point[0] > 0)


@quick
@given(numbers(-1.0, 2.0))
def test_numbers_are_finite_and_within_bounds(number):
    assert -1.0 <= number <= 2.0


@quick
@given(st.data())
def test_expressions_evaluate_on_floats_values_and_duals_alike(data):
    expression = data.draw(expressions())
    point = data.draw(vectors(expression.leaves))
    value = expression(point)
    assert type(value) is float
    assert math.isfinite(value)
    assert expression([Value(x) for x in point]).data == value
    assert expression([Dual(x, 1.0) for x in point]).primal == value


@quick
@given(expressions(leaves=(1, 2), max_nodes=6))
def test_expressions_keep_to_their_sizes_and_use_every_step(expression):
    assert 1 <= expression.leaves <= 2
    assert 1 <= len(expression.steps) <= 6
    used = {at for step in expression.steps for at in step.operands} | set(expression.returned)
    assert used >= set(range(expression.leaves, expression.leaves + len(expression.steps)))


def drawn_sizes(**options):
    sizes = set()

    @settings(max_examples=200, deadline=None, database=None, derandomize=True)
    @given(expressions(rows=[ag.sin], **options))
    def collect(expression):
        sizes.add((expression.leaves, len(expression.steps)))
        for k, step in enumerate(expression.steps):
            assert 0 <= step.operands[0] < expression.leaves + k

    collect()
    return [sorted(each) for each in map(set, zip(*sizes))]


@pytest.mark.parametrize(
    ("options", "leaves", "steps"),
    [
        ({}, [1, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"leaves": 2, "max_nodes": 1}, [2], [1]),
        ({"leaves": (1, 1), "max_nodes": 3}, [1], [1, 2, 3]),
        ({"leaves": (2, 3), "max_nodes": 2}, [2, 3], [1, 2]),
    ],
)
def test_every_size_that_is_allowed_is_drawn(options, leaves, steps):
    assert drawn_sizes(**options) == [leaves, steps]


def test_a_step_may_use_any_result_before_it():
    rows = expressions(rows=[ag.sin], leaves=2, max_nodes=3)
    for last in range(4):
        assert find(rows, lambda each, last=last: len(each.steps) == 3 and each.steps[2].operands == (last,))


@quick
@given(expressions().filter(lambda each: len(each.steps) > 1))
def test_expressions_of_two_steps_share_a_result(expression):
    assert expression.leaves in expression.shared


@quick
@given(expressions(rows=[ag.sin, ag.mul], max_nodes=4))
def test_expressions_are_made_of_the_given_rows_and_say_so(expression):
    assert {step.row for step in expression.steps} <= {ag.sin, ag.mul}
    text = repr(expression)
    assert text.startswith("<expression of [x0")
    assert text.count(" = ") == len(expression.steps)


@pytest.mark.long
def test_every_row_of_the_table_can_be_drawn():
    drawn = set()

    @settings(max_examples=600, deadline=None, database=None, derandomize=True)
    @given(expressions())
    def collect(expression):
        drawn.update(step.row.name for step in expression.steps)

    collect()
    assert len(drawn) >= 0.95 * len(ROWS)


@pytest.mark.parametrize(("operand", "moved"), [(0.0, 3.0), (1e300, 3.998), (-1e300, 2.002)])
def test_an_operand_is_moved_into_the_box_a_thousandth_away_from_its_edges(operand, moved):
    expression = Expression(1, (Step(ag.pos, ((2.0, 4.0),), (0,)),))
    assert expression([operand]) == pytest.approx(moved, rel=1e-15)


@pytest.mark.parametrize(
    ("operands", "returned", "shared", "text"),
    [
        (((0, 1),), (2,), (), "a = (x0 * x1); return a"),
        (((0, 0),), (2,), (0,), "a = (x0 * x0); return a"),
        (((0, 1), (2, 1)), (2, 3), (1, 2), "a = (x0 * x1); b = (a * x1); return a + b"),
        (((0, 1), (2, 1), (0, 2)), (2, 3, 4), (0, 1, 2), "a = (x0 * x1); b = (a * x1); c = (x0 * a); return a + b + c"),
        (((0, 1), (2, 2), (3, 3)), (2, 4), (2, 3), "a = (x0 * x1); b = (a * a); c = (b * b); return a + c"),
    ],
)
def test_an_expression_is_the_sum_of_its_first_step_and_of_what_no_step_uses(operands, returned, shared, text):
    box = ((-1.0, 1.0), (-1.0, 1.0))
    expression = Expression(2, tuple(Step(ag.mul, box, pair) for pair in operands))
    assert (expression.returned, expression.shared) == (returned, shared)
    assert repr(expression) == f"<expression of [x0, x1]: {text}>"


def test_many_names_stay_apart():
    box = ((-1.0, 1.0),)
    long = Expression(1, tuple(Step(ag.sin, box, (k,)) for k in range(60)))
    for step in ("a = sin(x0)", "z = sin(y)", "a1 = sin(z)", "d1 = sin(c1)", "z1 = sin(y1)", "a2 = sin(z1)"):
        assert f" {step};" in repr(long)
    for given_numbers in ([1.0, 2.0], []):
        with pytest.raises(ValueError, match=f"takes 1 numbers, {len(given_numbers)} were given"):
            long(given_numbers)


def test_what_was_drawn_stays_as_it_is_and_equals_what_is_made_of_the_same():
    step = Step(ag.sin, ((-1.0, 1.0),), (0,))
    expression = Expression(1, (step,))
    assert len({expression, Expression(1, (Step(*(getattr(step, name) for name in ("row", "box", "operands"))),))}) == 1
    for drawn, name in ((step, "operands"), (expression, "leaves")):
        with pytest.raises(AttributeError):
            setattr(drawn, name, 2)


def test_numbers_lie_between_minus_three_and_three_unless_told_otherwise():
    assert repr(numbers()) == repr(numbers(-3.0, 3.0))


def test_the_box_of_one_operand_may_be_written_as_those_of_several():
    row = Primitive("row", math.sin, partials=(lambda y, x: ag.cos(x),), smooth_on=[((0.0, 1.0),), (0.0, 1.0)])
    assert TABLE.pop() is row
    first, second = points(row).original_strategies
    assert repr(first) == repr(second)


# -- what is refused -------------------------------------------------------------------------------------------------


def test_wrong_arguments_are_refused():
    unknown = Primitive("unknown", math.sin, partials=(lambda y, x: ag.cos(x),))
    crooked = Primitive("crooked", math.sin, partials=(lambda y, x: ag.cos(x),), smooth_on=[((0.0, 1.0), (0.0, 1.0))])
    narrow = Primitive("narrow", math.atan2, partials=(primitives.zero, primitives.zero), smooth_on=[(0.0, 1.0)])
    empty = Primitive("empty", math.sin, partials=(lambda y, x: ag.cos(x),), smooth_on=[(1.0, 0.0)])
    try:
        with pytest.raises(ValueError, match="unknown does not say where it is smooth"):
            points(unknown)
        with pytest.raises(ValueError, match="crooked takes 1 arguments, not the 2"):
            points(crooked)
        with pytest.raises(ValueError, match="narrow takes 2 arguments, not the 1"):
            points(narrow)
        with pytest.raises(ValueError, match="empty or infinite box"):
            expressions(rows=[empty])
    finally:
        for _ in range(4):
            TABLE.pop()
    with pytest.raises(TypeError, match="expected a Primitive, not builtin_function_or_method"):
        points(math.sin)
    with pytest.raises(ValueError, match="at least one row"):
        expressions(rows=[])
    with pytest.raises(ValueError, match="max_nodes has to be 1 or more, not 0"):
        expressions(max_nodes=0)
    for leaves in (0, (0, 2), (2, 0)):
        with pytest.raises(ValueError, match="leaves has to be 1 or more, not 0"):
            expressions(leaves=leaves)
    for leaves in (1.5, (1.5, 2), (1, 1.5)):
        with pytest.raises(TypeError, match="leaves is an int, not float"):
            expressions(leaves=leaves)
    with pytest.raises(TypeError, match="max_nodes is an int, not bool"):
        expressions(max_nodes=True)
    with pytest.raises(ValueError, match=r"^leaves=\(3, 2\) has the fewest above the most$"):
        expressions(leaves=(3, 2))
    for low, high in ((0.0, math.inf), (-math.inf, 0.0), (math.nan, 1.0), (0.0, math.nan)):
        with pytest.raises(ValueError, match="finite bounds"):
            numbers(low, high)
    with pytest.raises(ValueError, match="low <= high"):
        numbers(1.0, 0.0)
    assert find(numbers(1.0, 1.0), lambda number: True) == 1.0


@pytest.mark.parametrize("box", [(1.0, 1.0), (1.0, 0.0), (0.0, math.inf), (-math.inf, 0.0)])
def test_a_box_is_an_interval_that_is_finite_and_not_empty(box):
    row = Primitive("boxed", math.sin, partials=(lambda y, x: ag.cos(x),), smooth_on=[box])
    assert TABLE.pop() is row
    with pytest.raises(ValueError, match="boxed: smooth_on has an empty or infinite box"):
        points(row)


# -- the laws, on what is drawn --------------------------------------------------------------------------------------


@quick
@given(st.data())
def test_reverse_forward_and_stencil_agree(data):
    expression = data.draw(expressions(max_nodes=5))
    point = data.draw(vectors(expression.leaves))
    reverse = ag.grad(expression)(point)
    units = [[float(k == j) for j in range(len(point))] for k in range(len(point))]
    forward = [ag.jvp(expression, (point,), (unit,))[1] for unit in units]
    stencil = numerical_gradient(expression, point, "stencil", step=1e-4)
    scale = max(map(abs, reverse)) + abs(expression(point))
    for by_reverse, by_forward, by_stencil in zip(reverse, forward, stencil):
        assert close(by_reverse, by_forward, scale, SWEEP)
        assert close(by_reverse, by_stencil, scale, STENCIL)


@quick
@given(st.data())
def test_reverse_is_the_transpose_of_forward(data):
    expression = data.draw(expressions())
    point, direction = data.draw(vectors(expression.leaves)), data.draw(vectors(expression.leaves))
    gradient = ag.grad(expression)(point)
    tangent = ag.jvp(expression, (point,), (direction,))[1]
    shares = [slope * step for slope, step in zip(gradient, direction)]
    assert close(math.fsum(shares), tangent, math.fsum(map(abs, shares)), SWEEP)


@quick
@given(st.data())
def test_lifted_equals_unlifted(data):
    expression = data.draw(expressions())
    point = data.draw(vectors(expression.leaves))
    leaves = [Value(x) for x in point]
    lifted = ag.grad(expression)(leaves)
    unlifted = ag.grad(expression)(point)
    assert all(isinstance(each, Value | float) for each in lifted)
    scale = max(map(abs, unlifted))
    for mine, plain in zip(lifted, unlifted):
        assert close(mine.data if isinstance(mine, Value) else mine, plain, scale, SWEEP)
    assert all(leaf.grad == 0.0 for leaf in leaves)


@quick
@given(st.data())
def test_backward_gives_what_grad_gives(data):
    expression = data.draw(expressions())
    point = data.draw(vectors(expression.leaves))
    leaves = [Value(x) for x in point]
    output = expression(leaves)
    output.backward()
    scale = max(abs(leaf.grad) for leaf in leaves)
    assert all(close(leaf.grad, slope, scale, SWEEP) for leaf, slope in zip(leaves, ag.grad(expression)(point)))


@quick
@given(st.data())
def test_gradcheck_accepts_what_is_drawn(data):
    expression = data.draw(expressions(max_nodes=5))
    assert gradcheck(expression, (data.draw(vectors(expression.leaves)),))


@pytest.mark.long
@settings(max_examples=30, deadline=None, database=None, derandomize=True)
@given(st.data())
def test_gradcheck_accepts_the_second_order_of_what_is_drawn(data):
    expression = data.draw(expressions(leaves=(1, 2), max_nodes=4))
    assert gradcheck(expression, (data.draw(vectors(expression.leaves)),), order=2)


def test_rows_of_any_number_of_operands_are_among_them():
    assert find(expressions(), lambda each: any(isinstance(step.row, ManyPrimitive) for step in each.steps))
    assert primitives.sum in [step.row for step in find(expressions(rows=[ag.sum]), lambda each: True).steps]
