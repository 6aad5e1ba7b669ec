"""Value: what it carries, what it accepts, how it compares, and what backward() leaves behind."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import random
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import autograd as ag
from autograd import Primitive, Tape, Value
from autograd.primitives import TABLE, by_code
from autograd.recording import Replayable, recording_for_replay
from autograd.tape import edges


def test_the_first_example():
    w1, w2 = Value(2.0), Value(3.0)
    g = w1**3 * w2 + 3 * w1
    g.backward()
    assert (g.data, w1.grad, w2.grad) == (30.0, 39.0, 8.0)


def test_backward_twice_doubles_leaves_and_nothing_else():
    x = Value(3.0)
    square = x * x
    y = square * x
    y.backward()
    first = (x.grad, square.grad, y.grad)
    y.backward()
    assert first == (27.0, 3.0, 1.0)
    assert (x.grad, square.grad, y.grad) == (54.0, 3.0, 1.0)


def test_two_outputs_share_a_node():
    x = Value(2.0)
    h = x * x
    a, b = 3 * h, 5 * h
    a.backward()
    b.backward()
    assert x.grad == 32.0


def test_a_seed_scales_the_gradient():
    x = Value(3.0)
    (x * x).backward(seed=10.0)
    assert x.grad == 60.0


def test_backward_of_a_leaf_adds_the_seed():
    x = Value(3.0)
    x.backward()
    x.backward(2.0)
    assert x.grad == 3.0


def test_an_inner_grad_is_zero_before_any_sweep_and_where_none_came():
    x = Value(3.0)
    aside, y = x + 1, x * x
    assert y.grad == 0.0
    y.backward()
    assert (y.grad, aside.grad) == (1.0, 0.0)


def test_a_grad_of_what_was_recorded_after_the_output_of_a_sweep_is_zero():
    x = Value(3.0)
    y = x * x
    later = [x + 1, x + 2, x + 3]
    y.backward()
    assert [each.grad for each in later] == [0.0, 0.0, 0.0]


def test_what_was_recorded_before_a_sweep_is_computed_with_after_it():
    x = Value(3.0)
    y = x * x
    y.backward()
    for z in (-y, ag.exp(y)):
        x.grad = 0.0
        z.backward()
        assert x.grad == 6.0 * (-1.0 if z.data < 0 else math.exp(9.0))


def test_changing_a_leaf_does_not_change_what_was_recorded():
    x = Value(3.0)
    y = x * x
    x.data = 100.0
    y.backward()
    assert (y.data, x.grad) == (9.0, 6.0)


def test_a_leaf_with_new_data_is_a_new_line_of_the_same_leaf():
    x = Value(3.0)
    y = x * x
    x.data = 5.0
    z = y + x * x
    z.backward()
    assert x.grad == 6.0 + 10.0
    assert [line[1] for line in Tape.of(z).nodes] == [3.0, 9.0, 5.0, 25.0, 34.0]


def test_only_a_leaf_takes_data_and_grad():
    y = Value(3.0) * 2
    with pytest.raises(AttributeError, match="only a leaf's data can be assigned"):
        y.data = 1.0
    with pytest.raises(AttributeError, match="only a leaf's grad can be assigned"):
        y.grad = 1.0
    assert y.data == 6.0


def test_micrograd_style_updates():
    p = Value(3.0)
    (p * p).backward()
    p.data -= 0.5 * p.grad
    p.grad = 0
    assert (p.data, p.grad) == (0.0, 0.0)


def test_zero_grad_of_a_leaf_and_of_a_result():
    x, w = Value(3.0), Value(2.0)
    y = x * w
    y.backward()
    x.zero_grad()
    assert (x.grad, w.grad) == (0.0, 3.0)
    y.zero_grad()
    assert w.grad == 0.0


def test_detached_values_are_constants():
    x = Value(3.0)
    cut = (x * x).detach()
    y = cut * x
    y.backward()
    assert x.grad == 9.0
    assert (cut.grad, cut.operands, cut.primitive, cut.is_leaf) == (0.0, (), None, False)
    with pytest.raises(ValueError, match="constant"):
        cut.backward()


def test_arithmetic_of_constants_stays_constant():
    c = Value(3.0).detach()
    assert (c * c + 1).is_constant
    assert ag.exp(c).is_constant


def test_no_grad_records_nothing():
    x = Value(3.0)
    with ag.no_grad():
        y = ag.exp(x * x) + ag.sum([x, x, x])
        negative = -x
    assert y.is_constant
    assert y.grad == 0.0
    assert (negative.is_constant, negative.data) == (True, -3.0)
    assert y.data == math.exp(9.0) + 9.0


def test_no_grad_as_a_decorator_and_nested():
    @ag.no_grad()
    def predict(x):
        return x * 2

    x = Value(1.0)
    assert predict(x).is_constant
    with ag.no_grad(), ag.no_grad():
        assert (x * 2).is_constant
    assert not (x * 2).is_constant


@pytest.mark.parametrize("number", [2, 2.0, Fraction(2), Decimal(2), True + 1])
def test_real_numbers_are_converted(number):
    assert Value(number).data == 2.0
    assert type(Value(number).data) is float
    assert (Value(3.0) * number).data == 6.0
    assert (number * Value(3.0)).data == 6.0
    assert (Value(3.0) ** number).data == 9.0


def test_numpy_scalars_are_converted():
    numpy = pytest.importorskip("numpy")
    for kind in (numpy.float64, numpy.float32, numpy.int64, numpy.int8):
        x = Value(3.0)
        for product in (kind(2) * x, x * kind(2)):
            assert type(product) is Value
            assert product.data == 6.0


def test_an_int_too_large_for_a_float_is_infinite():
    assert Value(10**400).data == math.inf
    assert Value(-(10**400)).data == -math.inf
    assert (Value(2.0) * 10**400).data == math.inf
    assert (10**400 - Value(2.0)).data == math.inf
    assert (Value(2.0) / 10**400).data == 0.0


@pytest.mark.parametrize("wrong", [True, "2", None, 2j, [2.0], (2.0,), {}, object()])
def test_anything_else_is_refused_by_name(wrong):
    kind = type(wrong).__name__
    with pytest.raises(TypeError, match=kind):
        Value(wrong)
    with pytest.raises(TypeError, match=kind):
        Value(1.0) * wrong
    with pytest.raises(TypeError, match=kind):
        wrong - Value(1.0)
    with pytest.raises(TypeError, match=kind):
        ag.exp(wrong)


def test_a_value_of_a_value_is_refused():
    with pytest.raises(TypeError, match="Value"):
        Value(Value(1.0))


def test_float_and_math_refuse_to_drop_the_gradient():
    class Weight(Value):
        __slots__ = ()

    for x in (Value(1.0), Weight(1.0), ag.Dual(1.0)):
        message = rf"a {type(x).__name__} .* write v\.data .* autograd\.sin\(v\) instead of math\.sin\(v\)$"
        for convert in (float, int, complex, math.sin):
            with pytest.raises(TypeError, match=message):
                convert(x)


def test_comparisons_compare_numbers_and_hash_is_identity():
    x, y = Value(2.0), Value(2.0)
    assert x == y
    assert x == 2
    assert x != 3
    assert x < 3
    assert x >= 2.0
    assert not x > y
    assert len({x, y}) == 2
    assert x != "two"
    assert x != None  # noqa: E711


def test_two_handles_of_a_node_hash_alike():
    x = Value(2.0)
    h = x * x
    first, _ = (h + 1).operands
    assert hash(first) == hash(h)
    assert first is not h


def test_truth_is_that_of_the_number():
    assert Value(2.0)
    assert not Value(0.0)
    assert Value(math.nan)


def test_conditions_behave_as_bools():
    x = Value(2.0)
    condition = x > 1
    assert repr(condition) == "True"
    assert condition == True  # noqa: E712
    assert [(x < 1) == other for other in (True, False, x < 0, x > 0)] == [False, True, True, False]
    assert [(x > 1) == other for other in (True, False, x < 0, x > 0, 0, 1)] == [True, False, False, True, False, True]
    assert [(x > 1) == other for other in (2, "True")] == [False, False]
    assert [condition | True, (x < 1) | True, (x < 1) | False] == [True, True, False]
    assert (condition * 5, 5 * condition, condition + 5, (x < 1) * 5, (x < 1) + 5) == (5, 5, 6, 0, 5)
    assert (condition & False, condition | False, condition ^ True) == (False, True, False)
    assert [(x < 1) ^ False, (x < 1) ^ True, condition ^ False] == [False, True, True]
    assert sum(value > 1 for value in (x, x, Value(0.0))) == 2
    assert ["no", "yes"][condition] == "yes"


def test_builtins():
    values = [Value(3.0), Value(1.0), Value(2.0)]
    assert sum(values).data == 6.0
    assert max(values).data == 3.0
    assert min(values) is values[1]
    assert [value.data for value in sorted(values)] == [1.0, 2.0, 3.0]
    assert abs(-values[0]).data == 3.0
    assert pow(values[0], 2).data == 9.0
    assert divmod(Value(7.0), 2)[0].data == 3.0
    assert divmod(7, Value(2.0))[1].data == 1.0
    assert round(Value(2.5)).data == 2.0
    assert round(Value(2.345), 2).data == 2.35 or round(Value(2.345), 2).data == round(2.345, 2)
    assert math.prod(values).data == 6.0
    assert math.floor(Value(2.5)).data == 2.0
    assert math.ceil(Value(2.5)).data == 3.0
    assert math.trunc(Value(-2.5)).data == -2.0
    with pytest.raises(TypeError, match="modulus"):
        pow(Value(2.0), 2, 3)


def test_operators_give_what_floats_give():
    generator = random.Random(1)
    for _ in range(300):
        x, y = generator.uniform(-9, 9), generator.uniform(-9, 9)
        for left, right in ((Value(x), Value(y)), (Value(x), y), (x, Value(y))):
            assert (left + right).data == x + y
            assert (left - right).data == x - y
            assert (left * right).data == x * y
            assert (left / right).data == x / y
            assert (left % right).data == x % y
            assert (left // right).data == x // y
            assert tuple(part.data for part in divmod(left, right)) == (x // y, x % y)
        assert (Value(abs(x)) ** y).data == abs(x) ** y


@pytest.mark.parametrize("module", ["a_module", "z_module"])
def test_an_operand_that_knows_better_is_asked(module):
    class Vector:
        def __radd__(self, other):
            return [other, self]

    Vector.__module__ = module
    x, vector = Value(1.0), Vector()
    assert x + vector == [x, vector]


def test_ieee_where_python_raises():
    zero, one = Value(0.0), Value(1.0)
    assert (one / 0).data == math.inf
    assert (1 / -zero).data == -math.inf
    assert math.isnan((zero / 0).data)
    assert (Value(1e200) ** 2).data == math.inf
    assert (zero**-1).data == math.inf
    assert math.isnan((Value(-1.0) ** 0.5).data)
    assert ag.exp(Value(1000.0)).data == math.inf
    assert ag.log(zero).data == -math.inf
    assert math.isnan(ag.log(-one).data)


def test_repr_format_and_item():
    x = Value(2.0, label="x")
    assert repr(x) == "Value(data=2.0, grad=0.0, label='x')"
    assert f"{x * 1.23456:.2f}" == "2.47"
    assert f"{x}" == repr(x)
    assert x.item() == 2.0


def test_labels_belong_to_the_node():
    x = Value(2.0)
    y = x * x
    y.label = "y"
    operand = (y + 1).operands[0]
    assert operand.label == "y"
    operand.label = None
    assert y.label is None
    with pytest.raises(TypeError, match="str"):
        x.label = 3


def test_operands_and_primitive():
    x = Value(2.0)
    y = 3 * x
    three, operand = y.operands
    assert three == 3.0
    assert operand is x
    assert [operand.data for operand in (y - x * x).operands] == [6.0, 4.0]
    assert y.primitive is ag.mul
    assert (x + 1.0).primitive is ag.add
    assert x.primitive is None


@pytest.mark.parametrize("true", [True, np.True_, np.array(True)], ids=repr)
def test_a_bool_is_a_condition_of_where_and_no_other_operand(true):
    assert ag.where(true, Value(2.0), 3.0).data == 2.0
    assert ag.where(not true, Value(2.0), 3.0).data == 3.0
    for misplaced in (lambda: ag.where(true, Value(2.0), True), lambda: ag.hypot(True, Value(2.0))):
        with pytest.raises(TypeError, match="bool"):
            misplaced()
    with pytest.raises(TypeError, match="not str"):
        ag.where("true", Value(2.0), 3.0)


def test_an_array_without_axes_chooses_as_what_it_holds():
    for holding in (1.0, Value(1.0), Value(1.0) > 0.0):
        assert ag.where(np.array(holding), Value(2.0), 3.0).data == 2.0


def test_what_numbers_alone_choose_is_a_number():
    for chosen in (ag.where(ag.Dual(3.0) > 0.0, 1.0, 2.0), ag.where(ag.Dual(3.0) < 0.0, 2.0, 1.0)):
        assert (chosen, type(chosen)) == (1.0, float)


def test_a_node_is_told_from_a_leaf_that_an_interrupt_kept_from_being_entered_there():
    x = Value(3.0)
    with Tape() as tape:
        x * 1.0
        tape.leaves[len(tape)] = (Value(5.0), 0)
        y = x * x
    assert [operand.data for operand in (y + y).operands] == [9.0, 9.0]


def test_the_partial_in_a_constant_is_not_asked_for():
    asked, rows, constant = [], [], Value(3.0).detach()
    partials = [lambda y, *xs: asked.append("first") or 1.0, lambda y, *xs: asked.append("second") or 1.0]
    try:
        rows.append(Primitive("one", lambda x: x, partials=partials[:1]))
        rows.append(Primitive("two", lambda x, z: x, partials=partials))
        assert rows[0](constant).is_constant
        assert rows[1](constant, 2.0).is_constant
        assert asked == []
        assert [rows[1](constant, Value(2.0)).data, rows[1](Value(2.0), 3.0).data, *asked] == [
            3.0,
            2.0,
            "second",
            "first",
        ]
    finally:
        assert [TABLE.pop() for _ in rows] == rows[::-1]


def test_ints_that_a_row_returns_count_as_floats():
    rows = [
        Primitive("whole_slope", lambda x: 2.0, partials=[lambda y, x: 3]),
        Primitive("whole_value", lambda x: 2, partials=[lambda y, x: 3.0]),
    ]
    try:
        for row in rows:
            y = row(Value(1.0))
            numbers = [y.data, *edges(y._tape.nodes[y._index])[1]]
            assert [(number, type(number)) for number in numbers] == [(2.0, float), (3.0, float)]
        rows.append(Primitive("whole_pair", lambda x, z: 2, partials=[lambda y, x, z: 3, lambda y, x, z: 4]))
        y = rows[2](Value(1.0), Value(1.0))
        numbers = [y.data, *edges(y._tape.nodes[y._index])[1]]
        assert [(number, type(number)) for number in numbers] == [(2.0, float), (3.0, float), (4.0, float)]
    finally:
        assert [TABLE.pop() for _ in rows] == rows[::-1]  # other tests go by the table


def test_the_first_values_of_a_module_are_leaves():
    spec = importlib.util.find_spec("autograd.value")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert [module.Value(float(k)).is_leaf for k in range(3)] == [True, True, True]


def test_the_first_values_of_a_process_are_leaves():
    code = "from autograd import Value; print([Value(float(k)).is_constant for k in range(3)])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[False, False, False]\n"


def test_identical_programs_give_identical_bits():
    def run() -> tuple[float, ...]:
        generator = random.Random(7)
        leaves = [Value(generator.gauss(0, 1)) for _ in range(5)]
        total = leaves[0]
        for _ in range(60):
            total = total * generator.choice(leaves) + ag.tanh(generator.choice(leaves))
        total.backward()
        return tuple(leaf.grad for leaf in leaves)

    assert len({run() for _ in range(50)}) == 1


def test_what_is_recorded_for_a_replay_reads_and_writes_no_number_that_the_replay_would_not():
    outside, given = Value(2.0), Value(3.0)
    replayable = Replayable(Tape(), frozenset({given._index}), Value(0.0)._index, 0, [])
    with recording_for_replay(replayable):
        inside = Value(5.0)
        assert (outside.data, inside.data, (inside * 2.0).data, (given * 2.0).detach().data) == (2.0, 5.0, 10.0, 6.0)
        for value in (given, given * 2.0, outside * 2.0):
            with pytest.raises(TypeError, match="every replay would take it for the same"):
                print(value.data)
        for leaf in (outside, given):
            with pytest.raises(TypeError, match="cannot assign"):
                leaf.data = 1.0
        for value in (given, given * 2.0, outside * inside):
            with pytest.raises(TypeError, match="leaves its gradients once"):
                value.backward()
        inside.data = 6.0
        (inside * 2.0).backward()
        assert ag.grad(lambda z: (z * 2.0).data * z)(5.0) == 10.0
        assert (outside.grad, inside.grad) == (0.0, 2.0)
    assert replayable.reads == [(outside, "_data", 2.0), (outside, "_grad", 0.0)]
    assert (outside.data, given.data, inside.data, inside.grad) == (2.0, 3.0, 6.0, 2.0)


def test_a_truth_is_written_where_the_replay_asks_for_it():
    x = Value(2.0)
    replayable = Replayable(Tape(), frozenset({x._index}), Value(0.0)._index, 0, [])
    with Tape() as tape, recording_for_replay(replayable):
        assert x * 2.0 > 3.0
        assert (x > 1.0) is not True, "a condition, whose truth nobody has asked for"
        assert Value(1.0).detach() < 2.0
    assert tape.guards == []
    ((at, code, places, numbers, outcome, source),) = replayable.tape.guards
    assert (at, by_code(code).name, places, numbers, outcome) == (1, "greater", (0, -1), (4.0, 3.0), True)
    assert source[0] == __file__


def test_an_interrupt_of_backward_leaves_no_leaf_with_its_share():
    class Late(Value):
        @property
        def _grad(self):
            return 0.0

        @_grad.setter
        def _grad(self, grad):
            if grad:
                raise KeyboardInterrupt

    x, late = Value(3.0), Late(2.0)
    x.grad = 1.0
    with pytest.raises(KeyboardInterrupt):
        (x * late).backward()
    assert x.grad == 1.0
    (x * 2.0).backward()
    assert x.grad == 3.0


def test_subclasses_of_value_work():
    class Parameter(Value):
        pass

    p = Parameter(3.0)
    for y in (p * p, p * 2, 2 * p, Value(1.0) * p, p + p, -p):
        p.grad = 0
        y.backward()
        assert p.grad != 0


def test_the_tape_of_a_value_can_be_asked_of_any_tape():
    y = Value(2.0) * 3.0
    assert Tape.of(y).of(y).trace() == Tape.of(y).trace()


@pytest.mark.parametrize("context", [contextlib.nullcontext, ag.strict])
def test_a_constant_among_operands_is_kept_by_its_number(context):
    with context():
        y = Value(3.0)
        product = Value(2.0).detach() * y
        power = y ** Value(2.0).detach()
        whole = ag.sum([y, Value(5.0).detach(), y])
    assert product.operands == (2.0, y)
    assert power.operands == (y, 2.0)
    assert whole.operands == (y, 5.0, y)
    assert Tape.of(product, power, whole).compile([y]).value([7.0]).tolist() == [14.0, 49.0, 19.0]
