"""Rows of users: whatever they are called, they are computed as they were written, in every mode and on arrays."""

from __future__ import annotations

import functools
import math
import re

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import ManyPrimitive, Primitive, Tape, Value, primitives
from autograd.show.formula import formula
from autograd.symbolic import to_sympy

XS = [-2.0, 0.0, 3.0]


@pytest.fixture(autouse=True)
def table_as_it_was():
    size = len(primitives.TABLE)
    yield
    del primitives.TABLE[size:]


def sign():
    """Return a row that is called as one of the table, and differs from it at 0."""
    return Primitive("sign", lambda x: 1.0 if x >= 0.0 else -1.0, partials=[lambda y, x: 0.0])


def square():
    return Primitive("square", lambda x: x * x + 1.0, partials=[lambda y, x: 2.0 * x])


def tan():
    return Primitive("tan", lambda x: 2.0 * x, partials=[lambda y, x: 2.0])


def cube():
    return Primitive("cube", lambda x: x**3, partials=[lambda y, x: 3.0 * x * x])


@pytest.mark.parametrize("make", [sign, square, tan, cube])
def test_a_row_is_what_was_written_whatever_it_is_called(make):
    row = make()
    alone = [ag.value_and_grad(lambda x: row(x) * 3.0)(x) for x in XS]
    assert row(np.array(XS)).tolist() == [row(x) for x in XS]
    assert row(np.array(XS).reshape(3, 1)).shape == (3, 1)
    assert ag.vectorize(lambda x: row(x) * 3.0)(XS).tolist() == [value for value, _ in alone]
    x = Value(1.0)
    program = Tape.of(row(x) * 3.0).compile(shared=[], batched=[x])
    assert program.value([], [[x] for x in XS]).tolist() == [value for value, _ in alone]
    values, slopes = zip(*[ag.compile(lambda x: row(x) * 3.0).value_and_grad(x) for x in XS])
    assert (list(values), list(slopes)) == tuple(map(list, zip(*alone)))


def test_a_row_of_many_operands_can_be_replayed():
    energy = ManyPrimitive("energy", lambda *xs: sum([0.5 * x * x for x in xs]), partials=lambda y, *xs: xs)
    average = ManyPrimitive("average", lambda *xs: sum(xs) + 1.0, partials=lambda y, *xs: [1.0] * len(xs))
    for row, value, slopes in ((energy, 12.5, [3.0, 4.0]), (average, 8.0, [1.0, 1.0])):
        a, b = Value(1.0), Value(2.0)
        found, gradient = Tape.of(row(a, b)).compile().value_and_grad([3.0, 4.0])
        assert (found.tolist(), gradient.tolist()) == (value, slopes)
        assert row(np.array([3.0, 1.0]), 4.0)[0] == value


def test_a_row_takes_the_array_form_it_is_given():
    seen = []
    row = Primitive(
        "twice", lambda x: 2.0 * x, partials=[lambda y, x: 2.0], array=lambda xp, x: seen.append(1) or x + x
    )
    assert row(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    assert seen == [1]
    named = Primitive("my_tangent", math.tan, partials=[lambda y, x: 1.0 + y * y], array="tan")
    assert named(np.array([1.0])).tolist() == [np.tan(1.0)]


def test_operands_are_called_what_the_partials_call_them_where_compute_does_not_say():
    slopes = [lambda length, east, north: east / length, lambda length, east, north: north / length]
    row = Primitive("reach", math.hypot, partials=slopes)
    assert "reach(east, north): " in row.__doc__


def test_arrays_of_another_library_need_an_array_form():
    class Namespace:
        __name__ = "another.numpy"

    with pytest.raises(TypeError, match=r"^cube\(\) has no form for the arrays of another.numpy: give it array="):
        cube().on_arrays(Namespace(), [1.0])


def test_a_row_is_not_taken_for_its_namesake_in_formulas():
    x = Value(3.0, label="x")
    assert formula(square()(x), latex=True) == r"\operatorname{square}\left(x\right)"
    pytest.importorskip("sympy")
    with pytest.raises(ValueError, match="the primitive 'square' has no form in sympy"):
        to_sympy(square()(x))


def test_an_activation_of_ones_own_predicts_for_arrays_as_for_lists():
    model = nn.MLP(1, [3, 1], activation=sign())
    samples = [[0.1 * k] for k in range(-20, 20)]
    alone = [model(sample) for sample in samples]
    assert nn.predict(model, samples) == nn.predict(model, np.array(samples)).tolist()
    assert nn.predict(model, samples) == pytest.approx([output.data for output in alone], rel=1e-15)


@pytest.mark.parametrize("form", ["f({})", "f({}, {}, {})", "f", "f({1})", "f({0}, {2})"])
def test_a_form_names_every_argument(form):
    with pytest.raises(ValueError, match=r"^f: form has one \{\} per argument, not '"):
        Primitive("f", lambda x, y: x, partials=[lambda z, x, y: 1.0, lambda z, x, y: 0.0], form=form)


def test_a_partial_that_tells_zeros_apart_is_replayed_as_written():
    row = Primitive("row", lambda x: x, partials=[lambda y, x: ag.copysign(x, 0.0) - ag.copysign(x, -0.0)])
    x = Value(2.0)
    y = row(x)
    y.backward()
    assert x.grad == 4.0
    assert Tape.of(y).compile().value_and_grad([2.0])[1].tolist() == [4.0]


@pytest.mark.parametrize(
    "partial",
    [
        lambda y, x: 1.0,
        lambda y, x, k=1: 1.0,
        lambda *all_of_them: 1.0,
        functools.partial(lambda k, y, x: k, 1.0),
        math.atan2,
    ],
)
def test_a_partial_takes_the_output_and_the_arguments(partial):
    assert Primitive("f", lambda x: x, partials=[partial]).arity == 1


@pytest.mark.parametrize("partial", [lambda y: 1.0, lambda y, x, z: 1.0, lambda y, x, z, k=1: 1.0, lambda: 1.0])
def test_a_partial_of_another_number_of_arguments_is_refused(partial):
    with pytest.raises(
        TypeError, match=r"^a partial of f takes \(output, \*arguments\), which are 2 here: there is one"
    ):
        Primitive("f", lambda x: x, partials=[partial])


@pytest.mark.parametrize(("count", "names"), [(1, ["x"]), (2, ["x", "y"]), (3, ["x1", "x2", "x3"])])
def test_arguments_without_names_are_called_x_and_y_or_counted(count, names):
    row = Primitive("f", max, partials=[max] * count)
    assert re.findall(r"^ +(\w+): a number\.$", row.__doc__, re.MULTILINE) == names
