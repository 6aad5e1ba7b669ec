"""The activations: their names, their parameters, and what they give for floats, Values and arrays."""

from __future__ import annotations

import functools
import math
import pickle

import pytest

import autograd
from autograd import Tape, Value, gradcheck
from nn.activations import ACTIVATIONS, ActivationRow, activation_row, columns, winner_take_all
from nn.initializers import fan_in_uniform, glorot_uniform, he_uniform

PLACES = (-1000.0, -2.0, -0.5, 0.0, 0.25, 3.0, 1000.0)
WITH_PARAMETERS = ("leaky_relu(0.2)", "elu(1.5)", "softmax(0.5)")
NAMES = (*ACTIVATIONS, *WITH_PARAMETERS)
SCALAR = [name for name in NAMES if not activation_row(name).vector and name != "identity"]
VECTOR = [name for name in NAMES if activation_row(name).vector]


# -- the table -------------------------------------------------------------------------------------------------------


def test_the_names():
    assert list(ACTIVATIONS) == [
        "identity",
        "step",
        "sigmoid",
        "tanh",
        "relu",
        "leaky_relu",
        "softplus",
        "abs",
        "elu",
        "gelu",
        "silu",
        "softmax",
        "winner_take_all",
    ]
    assert VECTOR == ["softmax", "winner_take_all", "softmax(0.5)"]
    assert all(row.name == name for name, row in ACTIVATIONS.items())


def test_weights_in_front_of_them():
    groups = {
        he_uniform: "relu leaky_relu softplus elu gelu silu leaky_relu(0.2) elu(1.5)",
        glorot_uniform: "sigmoid tanh abs softmax softmax(0.5)",
        fan_in_uniform: "identity step winner_take_all",
    }
    for initializer, names in groups.items():
        assert {activation_row(name).initializer for name in names.split()} == {initializer}
    assert sum(len(names.split()) for names in groups.values()) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_leads_to_its_row_and_back(name):
    row = activation_row(name)
    assert row.name == name
    assert activation_row(row.name).name == name
    assert activation_row(row) is row
    if name in ACTIVATIONS and row.function:
        assert activation_row(row.function) is row


def test_a_row_is_first_three_fields_then_vector():
    row = ActivationRow("mine", abs, fan_in_uniform)
    assert row == ("mine", abs, fan_in_uniform, False)


# -- parameters ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("leaky_relu(0.20)", "leaky_relu(0.2)"),
        ("leaky_relu(1)", "leaky_relu(1.0)"),
        ("leaky_relu(-0.5)", "leaky_relu(-0.5)"),
        ("elu( 15e-1 )", "elu(1.5)"),
        ("softmax(1e-3)", "softmax(0.001)"),
        ("softmax(0.1)", "softmax(0.1)"),
    ],
)
def test_parameters_are_normalized(text, name):
    assert activation_row(text).name == activation_row(name).name == name


def test_parameters_by_hand():
    assert activation_row("leaky_relu").function(-2.0) == -0.2
    assert activation_row("leaky_relu(0.25)").function(-2.0) == -0.5
    assert activation_row("leaky_relu(0.25)").function(3.0) == 3.0
    assert activation_row("elu(2)").function(-math.log(2.0)) == pytest.approx(-1.0, rel=1e-15)
    sharp = activation_row("softmax(0.5)").function([0.0, math.log(3.0)])
    assert sharp == pytest.approx([0.1, 0.9], rel=1e-14)  # 1 and 3² of their sum


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_rows_with_parameters_can_be_pickled(name):
    row = pickle.loads(pickle.dumps(activation_row(name)))
    x = [0.5, -1.0] if row.vector else -1.0
    assert row.name == name
    assert row.function(x) == activation_row(name).function(x)


# -- what they compute -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCALAR)
def test_floats_values_and_arrays_agree(name):
    numpy = pytest.importorskip("numpy")
    function = activation_row(name).function
    expected = [function(x) for x in PLACES]
    assert all(type(y) is float for y in expected)
    assert [function(Value(x)).data for x in PLACES] == expected
    array = function(numpy.array(PLACES).reshape(1, -1))
    assert array.shape == (1, len(PLACES))
    assert array[0].tolist() == pytest.approx(expected, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("name", SCALAR)
def test_derivatives(name):
    function = activation_row(name).function
    for x in (-2.0, -0.5, 0.25, 3.0):
        assert gradcheck(function, (x,))


ROWS = [[-1000.0, 0.0, 1000.0], [0.5, 2.0, 2.0], [1.0, 1.0, 1.0], [3.0, -1.0, 0.25]]


@pytest.mark.parametrize("name", VECTOR)
def test_lists_of_floats_values_and_columns_agree(name):
    numpy = pytest.importorskip("numpy")
    function = activation_row(name).function
    expected = [function(row) for row in ROWS]
    assert [[y.data for y in function([Value(x) for x in row])] for row in ROWS] == expected
    columns = function([numpy.array(column) for column in zip(*ROWS)])
    for k, column in enumerate(columns):
        assert column.tolist() == pytest.approx([row[k] for row in expected], rel=1e-14)
    assert all(sum(row) == pytest.approx(1.0, rel=1e-15) for row in expected)


@pytest.mark.parametrize(
    ("name", "function", "shapes"),
    [
        ("counted", lambda told: told, [(3, 2)]),
        ("leaky_relu(2)", functools.partial, [(3, 2)]),
        ("counted(2)", functools.partial, [(3, 2)]),
        ("mine", lambda told: told, [()] * 6),
        ("mine(2)", functools.partial, [()] * 6),
    ],
)
def test_activations_with_names_take_a_whole_array_and_others_number_by_number(monkeypatch, name, function, shapes):
    numpy = pytest.importorskip("numpy")
    told = []

    def doubled(x):
        told.append(numpy.shape(x))
        return 2.0 * x

    monkeypatch.setitem(ACTIVATIONS, "counted", ActivationRow("counted", doubled, fan_in_uniform))
    samples = numpy.arange(6.0).reshape(3, 2)
    row = ActivationRow(name, function(doubled), fan_in_uniform)
    assert columns(row, samples).tolist() == [[0.0, 2.0], [4.0, 6.0], [8.0, 10.0]]
    assert told == shapes


def test_primitives_take_a_whole_array_and_the_identity_leaves_it():
    numpy = pytest.importorskip("numpy")
    samples = numpy.array([[0.0, 1.0]])
    assert columns(activation_row("identity"), samples) is samples
    with Tape() as tape:
        assert columns(activation_row(autograd.exp2), samples).tolist() == [[1.0, 2.0]]
        assert columns(activation_row(lambda x: Value(2.0) * x), samples).tolist() == [[0.0, 2.0]]
    assert len(tape) == 0


@pytest.mark.parametrize("name", VECTOR)
def test_derivatives_of_vectors(name):
    assert gradcheck(activation_row(name).function, ([0.5, 2.0, -1.0],))


def test_the_winner_takes_all():
    assert winner_take_all([0.5, 2.0, -1.0, 2.0]) == [0.0, 1.0, 0.0, 0.0]
    assert winner_take_all([-math.inf, -math.inf]) == [1.0, 0.0]
    assert winner_take_all([1.0, math.inf]) == [0.0, 1.0]
    assert winner_take_all([-7.0]) == [1.0]
    assert all(map(math.isnan, winner_take_all([1.0, math.nan])))


def test_the_winner_takes_all_of_one_column():
    numpy = pytest.importorskip("numpy")
    (column,) = winner_take_all([numpy.array([-1.0, 5.0])])
    assert column.tolist() == [1.0, 1.0]


def test_nothing_can_be_learnt_through_the_winner():
    scores = [Value(1.0), Value(3.0)]
    winner_take_all(scores)[1].backward()
    assert [score.grad for score in scores] == [0.0, 0.0]


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "error", "message"),
    [
        ("rely", ValueError, f"no activation is called 'rely': choose one of {', '.join(ACTIVATIONS)}"),
        ("rely(2)", ValueError, f"no activation is called 'rely(2)': choose one of {', '.join(ACTIVATIONS)}"),
        ("elu(2", ValueError, f"no activation is called 'elu(2': choose one of {', '.join(ACTIVATIONS)}"),
        ("elu (2)", ValueError, f"no activation is called 'elu (2)': choose one of {', '.join(ACTIVATIONS)}"),
        ("relu(2)", ValueError, "relu takes no parameter: write 'relu', not 'relu(2)'"),
        ("elu()", ValueError, "the alpha of elu is a finite number, not ''"),
        ("elu(1)(2)", ValueError, "the alpha of elu is a finite number, not '1)(2'"),
        ("elu(1+1)", ValueError, "the alpha of elu is a finite number, not '1+1'"),
        ("leaky_relu(slope=0.2)", ValueError, "the slope of leaky_relu is a finite number, not 'slope=0.2'"),
        ("leaky_relu(inf)", ValueError, "the slope of leaky_relu is a finite number, not 'inf'"),
        ("softmax(0)", ValueError, "the temperature of softmax is a finite number above 0, not '0'"),
        ("softmax(-1)", ValueError, "the temperature of softmax is a finite number above 0, not '-1'"),
        ("softmax(nan)", ValueError, "the temperature of softmax is a finite number above 0, not 'nan'"),
        ("softmax(1e999)", ValueError, "the temperature of softmax is a finite number above 0, not '1e999'"),
        (False, TypeError, "an activation is a name or a function, not bool"),
        (None, TypeError, "an activation is a name or a function, not NoneType"),
    ],
)
def test_errors_read_well(activation, error, message):
    with pytest.raises(error) as caught:
        activation_row(activation)
    assert str(caught.value) == message


def test_a_winner_among_none():
    with pytest.raises(ValueError, match="needs at least 1 operand"):
        winner_take_all([])


def test_functions_of_ones_own_have_a_name():
    assert activation_row(autograd.cos).name == "cos"
    assert activation_row(lambda x: x).initializer is fan_in_uniform
