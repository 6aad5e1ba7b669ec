"""Derivatives of functions, the reference points, and how transforms nest."""

from __future__ import annotations

import array
import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy
import pytest

import autograd as ag
from autograd import Dual, Tape, Value, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd.primitives import TABLE, by_code
from autograd.recording import close_automatic
from autograd.tape import GENERATIONS


def first_example(w):
    return w[0] ** 3 * w[1] + 3 * w[0]


def likelihood(w):
    first = ag.exp(2 * w[0] + w[1])
    second = ag.exp(-2 * w[1])
    third = ag.exp(w[0] + w[1])
    return (
        -ag.log(first / (first + ag.exp(-2 * w[0] - w[1])))
        - ag.log(second / (second + ag.exp(2 * w[1])))
        - ag.log(third / (third + ag.exp(-w[0] - w[1])))
    )


def test_first_example_exactly():
    assert value_and_grad(first_example)([2, 3]) == (30.0, [39.0, 8.0])
    assert value_and_grad(first_example)([3, 4]) == (117.0, [111.0, 27.0])
    w1, w2 = Value(2.0), Value(3.0)
    a = w1**3
    c = 3 * w1
    g = a * w2 + c
    g.backward()
    assert (a.grad * 3 * w1.data**2, c.grad * 3) == (36.0, 3.0)


def test_sine_in_both_modes():
    def f(x, y):
        return ag.sin(x) + x * y

    value, (dx, dy) = value_and_grad(f, argnums=(0, 1))(math.pi / 2, 0.0)
    assert value == 1.0
    assert dx == pytest.approx(0.0, abs=1e-16)
    assert dy == math.pi / 2
    assert jvp(f, (math.pi / 2, 0.0), (1.0, 0.0))[1] == dx
    assert jvp(f, (math.pi / 2, 0.0), (0.0, 1.0)) == (1.0, math.pi / 2)


def test_log_one_plus_exp():
    def f(x1, x2, y1, y2):
        return ag.log(1 + ag.exp(-(x1 * y1 + x2 * y2)))

    value, gradient = value_and_grad(f, argnums=(0, 1, 2, 3))(1.0, 1.0, 0.0, 0.0)
    assert value == pytest.approx(math.log(2), rel=4 * 2**-53)
    assert gradient == (0.0, 0.0, -0.5, -0.5)


def test_likelihood_and_a_step():
    gradient = grad(likelihood)([1.0, 3.0])
    assert gradient == pytest.approx([-0.000852292, 3.99921], rel=1e-5)
    assert [w - 0.01 * g for w, g in zip([1.0, 3.0], [0.0, 4.0])] == [1.0, 2.96]


def test_error_signals_by_name():
    w, x, b, t = Value(0.5, "w"), 2.0, Value(-0.25, "b"), 1.0
    s = w * x + b
    y = ag.sigmoid(s)
    loss = 0.5 * (y - t) ** 2
    loss.backward()
    delta_y = y.data - t
    delta_s = delta_y * y.data * (1 - y.data)
    assert y.grad == pytest.approx(delta_y)
    assert s.grad == pytest.approx(delta_s)
    assert (w.grad, b.grad) == pytest.approx((delta_s * x, delta_s))


def test_no_transform_touches_any_grad():
    w = Value(3.0)
    for derived in (grad(lambda x: x * w), jacobian(lambda x: [x * w]), hessian(lambda x: x * x * w)):
        derived(2.0)
    jvp(lambda x: x * w, (2.0,), (1.0,))
    vjp(lambda x: x * w, 2.0)[1](1.0)
    assert w.grad == 0.0


def test_structures_come_back_as_they_went():
    def f(p):
        return p["w"][0] * p["w"][1][0] + p["b"] ** 2

    gradient = grad(f)({"w": [2.0, (3.0,)], "b": 4.0})
    assert gradient == {"w": [3.0, (2.0,)], "b": 8.0}


class Point(NamedTuple):
    x: float
    y: float


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Point(2.0, 3.0), Point(3.0, 2.0)),
        (type("Listed", (list,), {})([2.0, 3.0]), [3.0, 2.0]),
        (type("Fixed", (tuple,), {})([2.0, 3.0]), (3.0, 2.0)),
    ],
)
def test_named_tuples_come_back_as_such_and_other_sequences_as_lists_and_tuples(given, expected):
    gradient = grad(lambda p: p[0] * p[1])(given)
    assert (gradient, type(gradient)) == (expected, type(expected))


def test_arrays_come_back_as_arrays():
    gradient = grad(lambda a: numpy.sum(a * a))(numpy.array([[1.0, 2.0], [3.0, 4.0]]))
    assert gradient.dtype == numpy.float64
    assert gradient.tolist() == [[2.0, 4.0], [6.0, 8.0]]
    rows = jacobian(lambda a: a * a)(numpy.array([1.0, 2.0]))
    assert rows.tolist() == [[2.0, 0.0], [0.0, 4.0]]


def test_argnums_aux_and_keywords():
    def f(x, y, *, scale):
        return x * y * scale, {"twice": x * 2, "name": "f"}

    assert grad(f, argnums=1, has_aux=True)(2.0, 3.0, scale=10.0) == (20.0, {"twice": 4.0, "name": "f"})
    value, gradient = value_and_grad(f, argnums=(0, -1), has_aux=True)(2.0, 3.0, scale=10.0)
    assert value == (60.0, {"twice": 4.0, "name": "f"})
    assert gradient == (30.0, 20.0)


def test_a_constant_function_has_gradient_zero():
    assert grad(lambda x: 3.0)(1.0) == 0.0
    assert grad(lambda x: 3)([1.0, 2.0]) == [0.0, 0.0]
    assert value_and_grad(lambda x: Value(2.0).detach() * 2)(1.0)[1] == 0.0


def test_floats_in_floats_out():
    for result in (grad(ag.exp)(1.0), grad(grad(ag.exp))(1.0), *value_and_grad(ag.exp)(1)):
        assert type(result) is float


def test_closing_over_a_leaf_gives_a_differentiable_value():
    w = Value(3.0)
    slope = grad(lambda x: w * w * x * x)(2.0)
    assert isinstance(slope, Value)
    assert slope.data == 36.0
    slope.backward()
    assert w.grad == 24.0


def test_a_gradient_is_never_the_leaf_itself():
    w = Value(3.0)
    slope = grad(lambda x: w * x)(2.0)
    w.data = 7.0
    assert slope.data == 3.0


def test_a_value_as_argument_passes_the_outer_sweep_through():
    x = Value(3.0)
    slope = grad(lambda y: y**3)(x)
    slope.backward()
    assert (slope.data, x.grad) == (27.0, 18.0)


def test_perturbations_are_not_confused():
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(5.0) == 10.0
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(5.0) == 1.0
    assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (5.0,), (1.0,)) == (5.0, 1.0)
    assert jvp(lambda x: jvp(lambda y: x, (1.0,), (1.0,))[1], (5.0,), (1.0,)) == (0.0, 0.0)
    x = Value(3.0)
    assert grad(lambda y: x * y)(x).data == 3.0


def forward(f):
    return lambda x: jvp(f, (x,), (1.0,))[1]


@pytest.mark.parametrize("outer", [grad, forward])
@pytest.mark.parametrize("inner", [grad, forward])
def test_what_a_function_keeps_of_an_inner_transform_is_a_constant_of_it(outer, inner):
    def f(x):
        kept = [x]

        def product(y):
            kept[0] = kept[0] * y
            return kept[0]

        inner(product)(1.0)
        return inner(product)(1.0)

    slope = outer(f)(3.0)
    assert (slope.data if isinstance(slope, Value) else slope) == 1.0


@pytest.mark.parametrize("outer", [grad, forward])
@pytest.mark.parametrize("inner", [grad, forward])
def test_second_derivatives_agree_in_every_nesting(outer, inner):
    for f, expected in (
        (lambda x: x**4, 12 * 1.5**2),
        (lambda x: ag.exp(x) * ag.sin(x), 2 * math.exp(1.5) * math.cos(1.5)),
        (lambda x: 1 / x, 2 / 1.5**3),
        (ag.tanh, -2 * math.tanh(1.5) * (1 - math.tanh(1.5) ** 2)),
        (lambda x: 3 * x, 0.0),
    ):
        assert outer(inner(f))(1.5) == pytest.approx(expected, rel=1e-14)


def test_third_and_fourth_derivatives():
    assert grad(grad(grad(lambda x: x**4)))(2.0) == 48.0
    assert forward(grad(forward(grad(lambda x: x**4))))(2.0) == 24.0


def test_zero_primals_do_not_cut_higher_derivatives():
    assert hessian(lambda v: (v[0] * v[0]) * v[1])([2.0, 0.0]) == [[0.0, 4.0], [4.0, 0.0]]
    assert grad(grad(lambda x: x * x * x))(0.0) == 0.0
    assert grad(grad(grad(lambda x: x * x * x)))(0.0) == 6.0


def test_the_branch_not_chosen_contributes_nothing_in_any_order():
    def f(x):
        return ag.where(x > 0, ag.sqrt(x), 0.0)

    for derived in (grad(f), grad(grad(f)), forward(f), forward(grad(f)), grad(forward(f)), forward(forward(f))):
        assert derived(0.0) == 0.0
        assert derived(4.0) != 0.0


def test_hvp_and_hessian():
    assert hessian(first_example)([2.0, 3.0]) == [[36.0, 12.0], [12.0, 0.0]]
    assert hvp(first_example)([2.0, 3.0], [1.0, 2.0]) == [60.0, 12.0]
    assert hvp(lambda x, y: x * y * y, argnums=1)(2.0, 3.0, 1.0) == 4.0
    assert hvp(lambda x, y: x * y * y, argnums=(0, 1))(2.0, 3.0, (1.0, 0.0)) == (0.0, 6.0)
    with pytest.raises(TypeError, match=r"hvp\(f\)\(x, v\)"):
        hvp(first_example)([2.0, 3.0])
    with pytest.raises(TypeError, match=r"^hvp: v is a tuple of 2 directions, one for each of argnums, not float$"):
        hvp(lambda x, y: x * y, argnums=(0, 1))(1.0, 2.0, 3.0)
    with pytest.raises(ValueError, match=r"^hvp: v has 1 directions for 2 argnums$"):
        hvp(lambda x, y: x * y, argnums=(0, 1))(1.0, 2.0, (3.0,))
    with pytest.raises(ValueError, match=r"^hvp: v has 3 directions for 2 argnums$"):
        hvp(lambda x, y: x * y, argnums=(0, 1))(1.0, 2.0, (3.0, 4.0, 5.0))


def test_vjp_can_be_pulled_back_again_and_again():
    output, pullback = vjp(lambda x, y: {"p": x * y, "s": x + y}, 2.0, 3.0)
    assert output == {"p": 6.0, "s": 5.0}
    assert pullback({"p": 1.0, "s": 0.0}) == (3.0, 2.0)
    assert pullback({"p": 0.0, "s": 1.0}) == (1.0, 1.0)
    with pytest.raises(ValueError, match="one adjoint per output"):
        pullback([1.0])


@pytest.mark.parametrize("adjoint", [0.0, 1.0, 2.0])
def test_vjp_with_a_differentiable_adjoint(adjoint):
    seed = Value(adjoint)
    (pulled,) = vjp(lambda x: x * x, 3.0)[1](seed)
    pulled.backward()
    assert (pulled.data, seed.grad) == (6.0 * adjoint, 6.0)


@pytest.mark.parametrize("tangent", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("outer", [grad, lambda f: lambda x: jvp(f, (x,), (1.0,))[1]])
@pytest.mark.parametrize("f", [lambda x: x * x, lambda x: vjp(lambda z: z * z, 3.0)[1](x)[0]])
def test_jvp_with_a_differentiable_tangent(outer, tangent, f):
    def pushed(seed):
        return jvp(f, (3.0,), (seed,))[1]

    assert pushed(tangent) == 6.0 * tangent
    assert outer(pushed)(tangent) == 6.0


def test_jvp_of_structures_and_aux():
    values, tangents = jvp(lambda p: [p["a"] * p["b"], 7.0], ({"a": 2.0, "b": 3.0},), ({"a": 1.0, "b": 0.0},))
    assert (values, tangents) == ([6.0, 7.0], [3.0, 0.0])
    assert jvp(lambda x: (x * x, x), (3.0,), (1.0,), has_aux=True) == (9.0, 6.0, 3.0)
    with pytest.raises(TypeError, match="tuple or list"):
        jvp(lambda x: x, 2.0, (1.0,))
    with pytest.raises(ValueError, match="one tangent per primal"):
        jvp(lambda x: x, (2.0,), (1.0, 2.0))


def test_errors_say_what_to_do():
    with pytest.raises(TypeError, match="jacobian"):
        grad(lambda x: [x, x])(1.0)
    with pytest.raises(TypeError, match="jacobian"):
        grad(lambda x: numpy.array([1.0, 2.0]))(1.0)
    with pytest.raises(TypeError, match="returned str"):
        grad(lambda x: "a")(1.0)
    with pytest.raises(TypeError, match="returned NoneType"):
        grad(lambda x: None)(1.0)
    with pytest.raises(TypeError, match="returned Condition"):
        grad(lambda x: x > 0)(1.0)
    with pytest.raises(ValueError, match="argnums=1"):
        grad(lambda x: x, argnums=1)(1.0)
    with pytest.raises(TypeError, match="str"):
        grad(lambda x: x)("a")
    with pytest.raises(TypeError, match=r"^grad takes a function, not Value: call its backward\(\), or give"):
        grad(Value(2.0))
    with pytest.raises(TypeError, match=r"^vjp takes a function, not int$"):
        vjp(3, 1.0)
    with pytest.raises(TypeError, match=r"^expected an array of numbers, not of str$"):
        grad(lambda x: x[0])(numpy.array(["a", "b"]))
    for output in (lambda x: x, lambda x: (x,), lambda x: (x, 1, 2), lambda x: [x, 1]):
        with pytest.raises(TypeError, match="a function that returns a pair"):
            grad(output, has_aux=True)(1.0)


def test_a_lifted_sweep_over_changed_leaves_is_refused():
    w = Value(3.0)

    def f(x):
        y = w * x * x
        w.data = 4.0
        return y

    with pytest.raises(ag.StaleTape, match="recorded with"):
        grad(f)(2.0)
    w.data = 3.0

    def both(x):
        y = w * x
        w.data = 4.0
        return y * w

    with pytest.raises(ag.StaleTape):
        grad(both)(2.0)


def rows_of(tape):
    return [by_code(node[0]).name for node in tape.nodes if node[0] >= 0]


@pytest.mark.parametrize(
    ("f", "x", "gradient", "rows"),
    [
        (lambda x, w: (x + w) * w, 2.0, 3.0, ["add", "mul", "pos"]),  # what a lifted sweep records: nothing for add
        (lambda x, w: (x - w) * w, 2.0, 3.0, ["sub", "mul", "pos"]),
        (lambda x, w: ag.sin(x * w), 0.0, 3.0, ["mul", "sin", "cos", "share"]),
    ],
)
def test_a_lifted_sweep_records_no_factor_of_one(f, x, gradient, rows):
    w = Value(3.0)
    with Tape() as tape:
        slope = grad(lambda x: f(x, w))(x)
    assert (slope, rows_of(tape)) == (gradient, rows)


@pytest.fixture
def table_as_it_was():
    size = len(TABLE)
    yield
    del TABLE[size:]


@pytest.mark.usefixtures("table_as_it_was")
@pytest.mark.parametrize(("partial", "recorded"), [(0, []), (1, ["share"]), (2, ["mul", "share"])])
def test_a_whole_number_as_slope_is_a_factor_or_nothing(partial, recorded):
    row = ag.Primitive("row", lambda x: x, partials=(lambda y, x: partial,))
    w = Value(3.0)
    with Tape() as tape:
        slope = grad(lambda x: row(x * w) * w)(2.0)
    assert (slope, rows_of(tape)) == (partial * 9.0, ["mul", "row", "mul", *recorded])


@pytest.mark.parametrize(
    ("f", "w", "x", "gradient", "row"),
    [
        (lambda x, w: w * ag.sqrt(x), 0.0, 0.0, 0.0, "share"),  # 0 · inf
        (lambda x, w: w * ag.sqrt(x), 3.0, 0.0, math.inf, "share"),
        (lambda x, w: w * ag.sqrt(x), -3.0, 4.0, -0.75, "share"),  # a replay may be given 0
        (lambda x, w: ag.sqrt(w * x), 0.0, 4.0, 0.0, "share"),  # inf · 0
        (lambda x, w: ag.sqrt(w * x), -3.0, 0.0, math.inf, "share"),
        (lambda x, w: ag.sqrt(2.0 * x) + w, 0.0, 0.0, math.inf, "mul"),  # 2.0 is never 0
        (lambda x, w: ag.sqrt(math.inf * x) + w, 0.0, 1.0, 0.0, "share"),
    ],
)
def test_a_lifted_share_with_a_factor_of_zero_is_nothing(f, w, x, gradient, row):
    w, x = Value(w), Value(x)
    with Tape() as tape:
        slope = grad(lambda x: f(x, w))(x)
    assert (slope.data, rows_of(tape)[-1]) == (gradient, row)


def test_transforms_differentiate_under_no_grad():
    w = Value(3.0)
    with ag.no_grad():
        assert grad(lambda x: x * x)(2.0) == 4.0
        assert jacobian(lambda x: [x * x])(2.0) == [4.0]
        closed = grad(lambda x: w * x * x)(2.0)
        assert closed.is_constant
        assert closed.data == 12.0
        assert grad(lambda x: x * x)(w).is_constant


def test_what_depends_on_a_leaf_is_a_constant_under_no_grad_alone():
    w = Value(3.0)

    def results():
        (output, pullback), (row,) = vjp(lambda x: x * w, 2.0), jacobian(lambda x: [x * w])(2.0)
        return [output, *pullback(1.0), row]

    assert [(each.data, each.is_constant) for each in results()] == [(6.0, False), (3.0, False), (3.0, False)]
    with ag.no_grad():
        assert [(each.data, each.is_constant) for each in results()] == [(6.0, True), (3.0, True), (3.0, True)]


def test_transforms_within_an_explicit_tape():
    x = Value(2.0)
    with Tape():
        y = x * x
        slope = grad(lambda z: z * y)(3.0)
        result = slope * x
    result.backward()
    assert (slope.data, x.grad) == (4.0, 12.0)


def test_a_backward_inside_a_differentiated_function():
    w = Value(3.0)

    def f(x):
        y = x * x
        (w * w).backward()
        return y * x

    assert grad(f)(2.0) == 12.0
    assert w.grad == 6.0


@pytest.mark.long
def test_a_function_longer_than_a_tape():
    def f(x):
        y = x
        for _ in range(70_000):
            y = y + x
        return y

    assert grad(f)(1.0) == 70_001.0


def test_many_small_gradients_do_not_get_slower():
    close_automatic()  # whatever an earlier test has left on its tape
    counts = []
    for _ in range(3):
        kept = Value(1.0) * 2
        for _ in range(300):
            grad(lambda x: x * x)(3.0)
        counts.append(len(kept._tape.nodes))
        kept.backward()
    assert counts[0] == counts[1] == counts[2]


def test_duals_by_hand():
    x, y = Dual(2.0, 1.0), Dual(3.0)
    assert (x * y + 1).tangent == 3.0
    assert (2 / x).tangent == -0.5
    assert (x**3).tangent == 12.0
    assert ag.dot([x, y], [y, x]).tangent == 6.0
    assert abs(-x).tangent == 1.0
    assert bool(x > 1) is True
    assert repr(x > 1) == "True"
    assert repr(x) == "Dual(2.0, 1.0)"
    with pytest.raises(TypeError, match=r"v\.data"):
        math.sin(x)
    with pytest.raises(TypeError, match="str"):
        Dual("a")
    assert (y.tangent, y.seeding) == (0.0, 0)


@pytest.mark.parametrize("condition", [True, 1.0, numpy.True_, numpy.array(True)])
def test_duals_are_chosen_by_whatever_values_are_chosen_by(condition):
    chosen = ag.where(condition, Dual(2.0, 1.0), 3.0)
    assert (chosen.primal, chosen.tangent) == (2.0, 1.0)
    assert jvp(lambda x: ag.where(condition, x * x, x), (3.0,), (1.0,)) == (9.0, 6.0)
    assert grad(lambda x: ag.where(condition, x * x, x))(3.0) == 6.0


def test_a_complex_number_chooses_nothing():
    with pytest.raises(TypeError, match="expected a real number"):
        ag.where(numpy.complex128(1j), Dual(2.0, 1.0), 3.0)


def test_functions_may_read_numbers_in_forward_mode_too():
    read = []

    def f(x):
        read.append((x.data, x.item()))
        return x * x * x.data

    assert jvp(f, (3.0,), (1.0,)) == (27.0, 18.0)
    assert hessian(f)(3.0) == 6.0
    assert jvp(lambda x: jvp(f, (x,), (1.0,))[1], (3.0,), (1.0,)) == (18.0, 6.0)
    assert read == [(3.0, 3.0)] * len(read)
    with pytest.raises(AttributeError):
        jvp(lambda x: setattr(x, "data", 4.0), (3.0,), (1.0,))


def test_a_detached_dual_is_its_primal_cut_off():
    w = Value(3.0)
    assert Dual(2.0, 1.0).detach() == 2.0
    assert Dual(w, 1.0).detach().is_constant
    assert jvp(lambda x: x * x.detach(), (3.0,), (1.0,)) == (9.0, 3.0)


@pytest.mark.usefixtures("table_as_it_was")
def test_a_partial_that_is_no_number_is_refused_in_forward_mode_too():
    wrong = ag.Primitive("wrong", lambda x: x, partials=(lambda y, x: "a",))
    with pytest.raises(TypeError, match=r"^the partial of wrong returned str, not a number$"):
        wrong(Dual(2.0, 1.0))


def test_comparisons_of_duals_are_factors_and_conditions_as_those_of_values_are():
    for zero in (0.0, Value(0.0), Dual(0.0)):
        assert jvp(lambda x, zero=zero: (x > zero) * x * x, (3.0,), (1.0,)) == (9.0, 6.0)
        assert jvp(lambda x, zero=zero: x + (zero <= x) * x, (3.0,), (1.0,)) == (6.0, 2.0)
        assert jvp(lambda x, zero=zero: ag.where(zero < x, 2 * x, x), (-3.0,), (1.0,)) == (-3.0, 1.0)
    assert jvp(lambda x: ag.where(x > 0, 1.0, 2.0), (3.0,), (1.0,)) == (1.0, 0.0)
    assert Dual(1.0) != "one"
    with pytest.raises(TypeError, match="str"):
        assert Dual(1.0) < "one"


def test_duals_and_values_mix():
    w = Value(3.0)
    product = Dual(2.0, 1.0) * w
    assert isinstance(product, Dual)
    assert product.tangent.data == 3.0
    assert (w * Dual(2.0, 1.0)).primal.data == 6.0


def test_duals_stand_beside_arrays_as_values_do():
    x, numbers = Dual(2.0, 1.0), numpy.array([1.0, 3.0])
    for products in (x * numbers, ag.mul(x, numbers), ag.mul(numbers, x)):
        assert [(each.primal, each.tangent) for each in products] == [(2.0, 1.0), (6.0, 3.0)]
    chosen = jvp(lambda x: ag.where(numbers > 2.0, x * x, 5.0), (3.0,), (1.0,))
    assert [part.tolist() for part in chosen] == [[5.0, 9.0], [0.0, 6.0]]
    both = jvp(lambda x: ag.dot([x, Value(4.0)], [numbers, 1.0]), (3.0,), (1.0,))
    assert [[each.data for each in both[0]], both[1].tolist()] == [[7.0, 13.0], [1.0, 3.0]]


def test_a_zero_tangent_times_an_infinite_slope_is_nothing():
    assert ag.sqrt(Dual(0.0, 0.0)).tangent == 0.0
    assert jvp(lambda x, y: ag.sqrt(x) + y, (0.0, 1.0), (0.0, 1.0))[1] == 1.0


def carried(generations):
    """Return a value on a tape that imports from as many others in a row."""
    value = Value(2.0)
    for _ in range(generations):
        close_automatic()
        value = value * 1.0
    return value


@pytest.mark.parametrize("generations", range(2 * GENERATIONS + 1))
def test_a_function_may_leave_the_tape_whatever_came_before(generations):
    kept, w = carried(generations), Value(2.0)

    def f(x):
        with Tape():
            return x * x * 1.0

    assert grad(f)(3.0) == 6.0
    assert grad(lambda x: f(x) * w)(3.0).data == 12.0
    assert hessian(f)(3.0) == 2.0
    assert vjp(f, 3.0)[1](1.0) == (6.0,)
    assert kept.data == 2.0


@pytest.mark.parametrize("now", [1.0, 5.0])
def test_a_leaf_entered_before_the_transform_is_found_stale_too(now):
    other, w = Value(7.0), Value(2.0)
    kept = other + w
    _, pullback = vjp(lambda x: x * x * w, 3.0)
    w.data = now
    with pytest.raises(ag.StaleTape, match=rf"2\.0, which is {now}"):
        pullback(1.0)
    w.data = 2.0
    assert (pullback(1.0)[0].data, kept.data) == (12.0, 9.0)


def test_forward_over_a_pullback_whose_seed_depends_on_the_input():
    assert jvp(lambda x: vjp(lambda z: z * z * z, x)[1](x)[0], (2.0,), (1.0,)) == (24.0, 36.0)
    assert jvp(lambda x, s: vjp(lambda z: z**3, x)[1](s)[0], (2.0, 1.0), (1.0, 1.0)) == (12.0, 24.0)


def test_tangents_and_adjoints_are_matched_by_key():
    def f(d):
        return 10 * d["a"] + d["b"]

    assert jvp(f, ({"a": 1.0, "b": 1.0},), ({"b": 0.0, "a": 1.0},))[1] == 10.0
    assert vjp(lambda x: {"p": 10 * x, "q": x}, 1.0)[1]({"q": 0.0, "p": 1.0}) == (10.0,)
    assert hvp(lambda d: d["a"] ** 3 + d["b"] ** 2)({"a": 1.0, "b": 1.0}, {"b": 0.0, "a": 1.0}) == {"a": 6.0, "b": 0.0}


def test_other_shapes_are_refused():
    wrong = [
        lambda: jvp(lambda d: d["a"], ({"a": 1.0},), ({"b": 5.0},)),
        lambda: jvp(lambda a: a[0, 1], (numpy.ones((2, 3)),), (numpy.ones((3, 2)),)),
        lambda: vjp(lambda x: [[x, 2 * x], 3 * x], 1.0)[1]([1.0, [0.0, 0.0]]),
        lambda: vjp(lambda x: x, 1.0)[1]([1.0]),
    ]
    for call in wrong:
        with pytest.raises(ValueError, match="needs one"):
            call()


@pytest.mark.parametrize(
    ("like", "given", "described"),
    [
        (1.0, [1.0], "list of 1 given for a number"),
        (1.0, None, "NoneType given for a number"),
        ([1.0, 2.0], 1.0, "a number given for list of 2"),
        ([1.0, 2.0], (1.0,), "tuple of 1 given for list of 2"),
        ((1.0, 2.0), [1.0, 2.0, 3.0], "list of 3 given for tuple of 2"),
        ([1.0, 2.0], array.array("d", [1.0, 2.0]), "array of 2 given for list of 2"),
        ([1.0], {"a": 1.0}, "a dict with the keys ['a'] given for list of 1"),
        (
            {"b": 1.0, "a": 1.0},
            numpy.ones((3, 2)),
            "an array of shape (3, 2) given for a dict with the keys ['a', 'b']",
        ),
    ],
)
def test_what_has_another_shape_is_described(like, given, described):
    with pytest.raises(ValueError, match=rf"^jvp needs one tangent per primal: {re.escape(described)}$"):
        jvp(lambda x: 1.0, (like,), (given,))


def test_an_array_may_stand_for_a_list_of_its_shape():
    assert jvp(lambda x: x[0] * x[1][0], ([2.0, [3.0]],), ([1.0, numpy.array([10.0])],)) == (6.0, 23.0)
    assert jvp(lambda x: x[0] * x[1], ([2.0, 3.0],), (numpy.array([1.0, 0.0]),)) == (6.0, 3.0)


def test_an_array_without_axes_may_stand_for_its_number():
    scalar = numpy.array(3.0)
    for tangent in (numpy.array(2.0), 2.0):
        assert jvp(lambda x: x * x, (scalar,), (tangent,)) == (9.0, 12.0)
        assert jvp(lambda x: x * x, (3.0,), (tangent,)) == (9.0, 12.0)
        assert hvp(lambda x: x**3)(scalar, tangent) == numpy.array(36.0)
        assert vjp(lambda x: [x, 2.0 * x], 3.0)[1]([tangent, numpy.array(1.0)]) == (4.0,)


def test_no_transform_hands_out_a_leaf():
    w = Value(3.0)
    handed = [
        *jvp(lambda x: x * w, (2.0,), (1.0,)),
        jvp(lambda x: w, (2.0,), (1.0,))[0],
        value_and_grad(lambda x: w)(1.0)[0],
        vjp(lambda x: [w, x], 1.0)[0][0],
    ]
    numbers = [each.data for each in handed]
    w.data = 100.0
    assert [each.data for each in handed] == numbers


def test_argnums_once_each_and_of_any_int():
    with pytest.raises(ValueError, match="names argument 0 twice"):
        grad(lambda x, y: x * y, argnums=(0, -2))(2.0, 3.0)
    assert grad(lambda x, y: x * y, argnums=numpy.int64(1))(2.0, 3.0) == 2.0
    for wrong in (1.5, "a", (0, "a"), None):
        with pytest.raises(TypeError, match=r"^argnums is the position of an argument, an int, or several, not "):
            grad(first_example, argnums=wrong)


def test_poles_with_constants_in_every_order():
    slope = grad(lambda x: x / 0.0)(Value(2.0))
    assert (type(slope), slope) == (float, math.inf)
    assert hessian(lambda x: x / 0.0)(2.0) == 0.0
    assert hessian(lambda x: ag.logbase(x, 1.0))(2.0) == -math.inf
    assert jvp(lambda x: x / 0.0, (2.0,), (1.0,)) == (math.inf, math.inf)


def test_an_infinite_operand_takes_all_the_weight():
    assert grad(ag.logsumexp)([2.0, math.inf]) == [0.0, 1.0]
    assert ag.softmax([2.0, math.inf]) == [0.0, 1.0]


def test_results_under_no_grad_are_constants_in_forward_mode_too():
    w = Value(2.0)
    with ag.no_grad():
        dual = grad(lambda x: x * x * w)(Dual(2.0, 1.0))
        results = [*jvp(lambda x: x * w, (2.0,), (1.0,)), hvp(lambda x: x**3 * w)(2.0, 1.0), dual.primal, dual.tangent]
    assert [result if isinstance(result, float) else result.is_constant for result in results] == [True] * 5
    assert [result.data for result in results] == [4.0, 2.0, 24.0, 8.0, 4.0]


def test_jacobians_of_arrays_beside_other_arguments():
    rows = jacobian(lambda x, y: x * y, argnums=(0, 1))(numpy.array([1.0, 2.0]), 3.0)
    assert [(row[0].tolist(), row[1]) for row in rows] == [([3.0, 0.0], 1.0), ([0.0, 3.0], 2.0)]
    assert jacobian(lambda x: x * 2)(numpy.array([])).size == 0


def test_many_outputs_are_pulled_back_in_one_sweep(monkeypatch):
    from autograd import transforms

    sweeps, looks = [], []
    sweep, look = transforms.reverse_sweep, transforms.reachable
    monkeypatch.setattr(transforms, "reverse_sweep", lambda *given: sweeps.append(1) or sweep(*given))
    monkeypatch.setattr(transforms, "reachable", lambda *given: looks.append(1) or look(*given))
    outputs, pullback = vjp(lambda x: [x * float(k) for k in range(100)], 2.0)
    assert pullback([1.0] * 100) == (4950.0,)
    assert (len(outputs), len(sweeps), len(looks)) == (100, 1, 2)


def test_a_function_of_several_arguments_is_differentiated_in_its_first():
    def f(x, y):
        return x * x * y

    assert value_and_grad(f)(2.0, 3.0) == (12.0, 12.0)
    assert (grad(f)(2.0, 3.0), jacobian(f)(2.0, 3.0), hessian(f)(2.0, 3.0)) == (12.0, 12.0, 6.0)
    assert hvp(f)(2.0, 3.0, 10.0) == 60.0
    assert value_and_grad(lambda x, y: x, argnums=(0, 1))(2.0, 3.0) == (2.0, (1.0, 0.0))
    assert value_and_grad(lambda x, y, z: x, argnums=(0, 1, 2))(2.0, 3.0, 4.0) == (2.0, (1.0, 0.0, 0.0))


@pytest.mark.parametrize("transform", [value_and_grad, grad, hvp, jacobian, hessian])
def test_what_a_transform_returns_has_the_name_of_the_function(transform):
    assert transform(first_example).__name__ == "first_example"


@pytest.mark.parametrize("argnum", [2, 3, -3, -4])
def test_an_argument_that_is_not_there_is_refused(argnum):
    with pytest.raises(ValueError, match=rf"for argument {argnum} of .* with 2 positional arguments$"):
        grad(lambda x, y: x * y, argnum)(2.0, 3.0)
    with pytest.raises(ValueError, match=rf"for argument {argnum} of .* with 1 positional argument$"):
        grad(lambda x: x, argnum)(2.0)
    with pytest.raises(ValueError, match=r"for argument 0 of .* with 0 positional arguments$"):
        grad(lambda: 1.0)()


def test_a_seed_that_falls_with_the_input_has_a_tangent_too():
    assert jvp(lambda x: vjp(lambda z: z * z, x)[1](-x)[0], (3.0,), (1.0,)) == (-18.0, -12.0)


def test_a_seed_of_an_outer_perturbation_is_not_taken_for_one_of_the_inner():
    def along(a):
        return jvp(lambda b: vjp(lambda x: x * x, b)[1](a)[0], (3.0,), (1.0,))[1]

    assert jvp(along, (5.0,), (1.0,)) == (10.0, 2.0)


def test_what_is_returned_beside_the_output_keeps_what_it_depends_on():
    leaf = Value(3.0)
    (_, aux), _ = value_and_grad(lambda x: (x * x, [x * leaf, x + 1.0]), has_aux=True)(2.0)
    aux[0].backward()
    assert leaf.grad == 2.0


def test_the_jacobian_of_an_array_of_one_number_is_an_array():
    assert jacobian(lambda x: x * x)(numpy.array([3.0])).tolist() == [[6.0]]


@pytest.mark.parametrize("before", range(GENERATIONS))
def test_a_gradient_keeps_what_two_tapes_took_from_the_same_older_one(before):
    def f(x):
        for _ in range(before):
            with Tape():
                x = x * 1.0
        with Tape():
            a = x * 2.0
        with Tape():
            b = x * 3.0
        with Tape():
            p, q = ag.sin(a), ag.exp(b)
        with Tape():
            p = p * 1.0
        with Tape():
            q = q * 1.0
        return p + q

    close_automatic()
    x = Value(0.5)
    slope = grad(f)(x)
    values = Tape.of(slope).compile().value_and_grad([0.25])
    assert values[0] == pytest.approx(2.0 * math.cos(0.5) + 3.0 * math.exp(0.75), rel=1e-14)
    assert values[1] == pytest.approx([9.0 * math.exp(0.75) - 4.0 * math.sin(0.5)], rel=1e-14)
    assert grad(grad(grad(f)))(0.5) == pytest.approx(27.0 * math.exp(1.5) - 8.0 * math.cos(1.0), rel=1e-14)


@pytest.mark.parametrize("at", [2.0, Dual(2.0, 1.0)])
def test_a_tangent_stays_what_it_was_when_the_data_of_a_leaf_is_assigned(at):
    w, moved = Value(3.0), Value(5.0)

    def f(x):
        first, second = x * w, x + 1.0
        w.data = moved.data = 100.0
        return [first, second]

    _, tangents = jvp(f, (at,), (moved,))
    assert [each.primal if isinstance(each, Dual) else each for each in tangents] == [15.0, 5.0]
    w.data = 3.0
    y = Dual(2.0, 1.0) * w
    w.data = 100.0
    assert y.tangent == 3.0


def test_primals_and_tangents_are_the_numbers_they_were_though_the_function_assigns_them():
    p, t = Value(3.0), Value(1.0)

    def f(x):
        y = x * x
        p.data, t.data = 5.0, 10.0
        return y * x

    value, moved = jvp(f, (p,), (t,))
    assert (value.data, moved.data) == (27.0, 27.0)
    moved.backward()
    assert (p.grad, t.grad) == (18.0, 27.0)


def inside(x):
    with Tape():
        return x * 3.0


def test_of_many_outputs_those_that_depend_on_nothing_outside_are_floats():
    w = Value(3.0)
    older = w * 2.0
    shift = Value(1.0)

    def f(x):
        with Tape():
            inner = x * 5.0
            tied = inner * w
        return [x * x, x * w, inner, tied, older, x * older, w, 7.0, x.detach(), inner + 1.0, tied - shift]

    outputs, pullback = vjp(f, 2.0)
    kept = [output.data if isinstance(output, Value) else output for output in outputs]
    assert kept == [4.0, 6.0, 10.0, 30.0, 6.0, 12.0, 3.0, 7.0, 2.0, 11.0, 29.0]
    floats = [k for k, output in enumerate(outputs) if isinstance(output, float)]
    assert floats == [0, 2, 7, 9]
    assert pullback([0.0, 0.0, 0.0, 1.0, *[0.0] * 7])[0].data == 15.0
    with Tape():
        elsewhere = w * 2.0
    for f, kinds in (
        (lambda x: [x * x, x * w], [float, Value]),
        (lambda x: [x + w, x * 2.0, x + 2.0], [Value, float, float]),
        (lambda x: [x * elsewhere, x, elsewhere], [Value, float, Value]),
        (lambda x: [inside(x * w) * 2.0, inside(x) * 2.0, inside(x * elsewhere)], [Value, float, Value]),
    ):
        assert [type(output) for output in vjp(f, 2.0)[0]] == kinds
    dual, _ = vjp(lambda x: [x * x, x * w], Dual(2.0, 1.0))
    assert [type(part) for output in dual for part in (output.primal, output.tangent)] == [float, float, Value, Value]


def test_many_outputs_that_depend_on_a_leaf_are_told_apart_in_one_pass(monkeypatch):
    from autograd import transforms

    passes = []
    reached = transforms.reachable
    monkeypatch.setattr(transforms, "reachable", lambda *given: passes.append(given) or reached(*given))
    w = Value(3.0)
    vjp(lambda x: [x * w * k for k in range(20)], 2.0)
    assert len(passes) == 1


@pytest.mark.parametrize(
    ("seed", "number"),
    [
        (2, 2.0),
        (Fraction(1, 4), 0.25),
        (Decimal("0.5"), 0.5),
        (numpy.float32(0.1), float(numpy.float32(0.1))),
        (numpy.int64(3), 3.0),
        (10**400, math.inf),
    ],
    ids=["int", "Fraction", "Decimal", "float32", "int64", "too large"],
)
@pytest.mark.parametrize("f", [lambda x: [x, x], lambda x: [-x, x * x]])
def test_an_adjoint_of_any_real_number_is_a_float(f, seed, number):
    x = Value(2.0)
    (found,), (expected,) = vjp(f, x)[1]([seed, seed]), vjp(f, x)[1]([number, number])
    found, expected = (each.data if isinstance(each, Value) else each for each in (found, expected))
    assert type(found) is float
    assert repr(found) == repr(expected)
