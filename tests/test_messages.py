"""Messages of errors that no other test meets: what was wrong, with the value, and what to do instead."""

from __future__ import annotations

import math
import re
import sys

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import ManyPrimitive, Primitive, Tape, Value
from autograd.symbolic import to_sympy

MODEL = nn.MLP(1, [1])
TINY = nn.Dataset([[0.0], [1.0]], [0, 1], ["x"], ["no", "yes"])


def encoded(loss, target, width):
    return nn.loss_row(loss).of_numbers.encode(target, width)


def trained(model=MODEL, **options):
    optimizer = nn.SGD(MODEL.parameters(), 0.1)
    return nn.fit(model, [[0.0]], [1.0], loss="squared_error", optimizer=optimizer, epochs=1, **options)


OF_NN = [
    (lambda: nn.MLP(2, [1], seed=-1), ValueError, "a seed is 0 or more, not -1"),
    (lambda: nn.uniform("a", 1.0), TypeError, "the least weight is a number, not 'a'"),
    (lambda: nn.uniform(0.0, None), TypeError, "the greatest weight is a number, not None"),
    (lambda: nn.normal("a"), TypeError, "the deviation of a normal initializer is a number, not 'a'"),
    (lambda: nn.normal(1.0, mean="a"), TypeError, "the mean of a normal initializer is a number, not 'a'"),
    (
        lambda: nn.split([1, 2]),
        TypeError,
        "what is split is a Dataset(inputs, targets, features, classes), classes being [] for a regression, not list",
    ),
    (
        lambda: nn.split(TINY, 0.8),
        TypeError,
        "the shares are a list of two numbers or more, such as [0.8, 0.2], not 0.8",
    ),
    (lambda: nn.parity(2, "0"), TypeError, "the low input is a number, not '0'"),
    (lambda: nn.split(TINY, "ab"), TypeError, "the share is a number, not 'a'"),
    (lambda: nn.stratified_split(TINY, "a"), TypeError, "the test share is a number, not 'a'"),
    (
        lambda: nn.Standardization.of([1.0, 2.0]),
        TypeError,
        "sample 0 is a list of its features, such as [0.5, 1.0], not float",
    ),
    (
        lambda: nn.read_table(__file__, delimiter="ab"),
        nn.TableError,
        "the delimiter is one character, and no quote, line end or NUL, not 'ab'",
    ),
    (
        lambda: nn.read_table(__file__, delimiter=""),
        nn.TableError,
        "the delimiter is one character, and no quote, line end or NUL, not ''",
    ),
    (lambda: nn.clip_gradients(3, 1.0), TypeError, "parameters are a list of Values, not int: pass model.parameters()"),
    (lambda: nn.SGD(None, 0.1), TypeError, "parameters are a list of Values, not NoneType: pass model.parameters()"),
    (
        lambda: nn.confusion_matrix(3, [1]),
        TypeError,
        "expected a list or an array with one entry per sample, not int",
    ),
    (lambda: nn.plot_history(MODEL), TypeError, "what is plotted is the History that fit returns, not MLP"),
    (lambda: nn.report(MODEL), TypeError, "what is reported is the History that fit returns, not MLP"),
    (lambda: trained(model=3), TypeError, "a model is a Module, or a function of one sample's inputs, not 3"),
    (lambda: trained(callbacks=3), TypeError, "callbacks are a list of functions of an epoch, not 3"),
    (lambda: setattr(nn.Neuron(2), "weights", 3), TypeError, "the weights of a neuron are a list of numbers, not 3"),
    (
        lambda: nn.Standardization.of(3),
        TypeError,
        "inputs are a list of samples, each a list of its features, not int",
    ),
    (
        lambda: nn.split(nn.Dataset([[1.0]] * 9, [0, 1] * 4, ["x"], ["a", "b"]), [0.5, 0.5]),
        ValueError,
        "the inputs and targets of the data set differ in number: 9 and 8",
    ),
    (
        lambda: nn.split(nn.Dataset([[1.0]] * 8, [1, 2] * 4, ["x"], ["a", "b"]), [0.5, 0.5]),
        ValueError,
        "a target of a classification is the index of its class, from 0 to 1, not 2",
    ),
    (
        lambda: nn.stratified_split(nn.Dataset([[1.0]] * 8, [0.0, 1.0] * 4, ["x"], ["a", "b"])),
        ValueError,
        "a target of a classification is the index of its class, from 0 to 1, not 0.0",
    ),
    (
        lambda: nn.write_predictions(sys.stdout, nn.Table(["x"], [["1"]], [2]), {"p": [0.5]}),
        TypeError,
        "column 'p' is written as texts, not float: write str(…) of each",
    ),
    (
        lambda: nn.report(trained(progress=False), standardization=3),
        TypeError,
        "the standardization is what Standardization.of returns, not int",
    ),
    (
        lambda: nn.report(trained(progress=False), standardization=nn.Standardization([0.0] * 3, [1.0] * 3)),
        ValueError,
        "the standardization is of 3 inputs, and the samples have 1",
    ),
    (
        lambda: nn.report(trained(progress=False), picture=1),
        TypeError,
        "a picture is a pair, its rows and columns, such as (8, 8), not 1",
    ),
    (lambda: nn.Standardization.of([["a"]]), TypeError, "feature 0 of sample 0 is a number, not 'a'"),
    (
        lambda: nn.encode_table(3, "x"),
        TypeError,
        "what is encoded is the Table that read_table returns, not int",
    ),
    (
        lambda: nn.predict(MODEL, 3),
        TypeError,
        "inputs are a list or an array with one entry per sample, not int",
    ),
    (lambda: encoded("hinge", 1, 3), TypeError, "a side is the target of a single score"),
    (lambda: encoded("softmax_cross_entropy", 1, None), TypeError, "a class is the target of one score per class"),
    (
        lambda: encoded("squared_error", [True], None),
        TypeError,
        "a target is a number or a sequence of numbers, not [True]",
    ),
]


X = Value(2.0, label="x")
Y = X * X
PARTIALS = "partials is a list of functions (output, *arguments) -> slope, one per argument"
ARGNUMS = "argnums is the position of an argument, an int, or several, not "
ONE_NUMBER = "a gradient needs a function that returns one number, "
MATVEC = "matvec() takes a sequence of rows and a sequence of numbers, not int"

OF_AUTOGRAD = [
    (lambda: ag.grad(3), TypeError, "grad takes a function, not int"),
    (
        lambda: ag.grad(Y),
        TypeError,
        "grad takes a function, not Value: call its backward(), or give the function that computes it",
    ),
    (lambda: ag.value_and_grad(3), TypeError, "value_and_grad takes a function, not int"),
    (lambda: ag.hvp(3), TypeError, "hvp takes a function, not int"),
    (lambda: ag.jacobian(3), TypeError, "jacobian takes a function, not int"),
    (lambda: ag.hessian(3), TypeError, "hessian takes a function, not int"),
    (lambda: ag.vjp(3, 1.0), TypeError, "vjp takes a function, not int"),
    (lambda: ag.jvp(3, (1.0,), (1.0,)), TypeError, "jvp takes a function, not int"),
    (lambda: ag.numerical_gradient(3, 1.0), TypeError, "numerical_gradient takes a function, not int"),
    (
        lambda: ag.non_finite_origin(Y),
        TypeError,
        "non_finite_origin takes a function that computes the result, not Value",
    ),
    (lambda: ag.grad(ag.sin, argnums="x"), TypeError, ARGNUMS + "'x'"),
    (lambda: ag.jacobian(ag.sin, argnums=1.5), TypeError, ARGNUMS + "1.5"),
    (
        lambda: ag.value_and_grad(lambda x: [x])(1.0),
        TypeError,
        ONE_NUMBER + "but <lambda> returned list; for several outputs use jacobian, or vjp",
    ),
    (lambda: ag.gradcheck(ag.sin, (1.0,), modes=3), ValueError, "modes are 'reverse', 'forward' or both, not 3"),
    (
        lambda: Tape.of(Y).trace(3),
        TypeError,
        "a seed is the name of a leaf, or a dict of names with tangents, not 3",
    ),
    (lambda: next(Tape.of(Y).steps(9)), IndexError, "there is no line 9 on a tape of 2"),
    (lambda: Tape.of(Y).nodes[9], IndexError, "there is no node 9 on a tape of 2"),
    (lambda: pow(X, 2, 3), TypeError, "pow() takes two arguments here: a modulus has no derivative"),
    (lambda: ag.softmax(1.0), TypeError, "softmax() takes a sequence of numbers, not float"),
    (lambda: ag.softmax([1.0], temperature="a"), TypeError, "expected a real number, not str"),
    (lambda: ag.matvec(1, [1.0]), TypeError, MATVEC),
    (lambda: ag.matvec([[1.0]], 1), TypeError, MATVEC),
    (lambda: ag.matvec([1.0], [X, X]), TypeError, "dot() takes two sequences, not float"),
    (lambda: Primitive(3, math.sin, partials=[math.cos]), TypeError, "the name of a primitive is a str, not int"),
    (lambda: Primitive("a", 3, partials=[math.cos]), TypeError, "a: compute is a function of floats, not 3"),
    (lambda: Primitive("a", math.sin, partials=math.cos), TypeError, f"a: {PARTIALS}"),
    (lambda: Primitive("a", math.sin, partials=[1.0]), TypeError, f"a: {PARTIALS}"),
    (
        lambda: ManyPrimitive("a", max, partials=[1.0]),
        TypeError,
        "a: partials is one function (output, *operands) -> all slopes, not [1.0]",
    ),
    (
        lambda: ag.compile(ag.sin, batched=3.5),
        TypeError,
        "batched is the name or position of a parameter, or several, not 3.5",
    ),
]


def of_sign(_output, x):
    return 1.0 if x else 0.0


def chain(length):
    total = X
    for _ in range(length):
        total = ag.sin(total)
    return total


OF_AUTOGRAD += [
    (lambda: ag.grad(ag.sum)(np.array(["a"])), TypeError, "expected an array of numbers, not of str"),
    (
        lambda: ag.compile(lambda x: x)(np.array([1.0, "a"], dtype=object)),
        TypeError,
        "x has to be an array of numbers, not of str",
    ),
    (lambda: ag.compile(ag.sin, batched=-1), ValueError, "batched counts positions from 0, and -1 is below"),
    (lambda: to_sympy(Tape()), ValueError, "there is no formula: the tape is empty"),
    (
        lambda: ag.draw(chain(1000)),
        ValueError,
        "a picture of 1,001 boxes cannot be read: 1000 are the most; print the tape instead",
    ),
]

MESSAGES = [*OF_AUTOGRAD, *OF_NN]


def test_a_partial_that_asks_for_a_truth_is_not_written_as_text():
    kinked = Primitive("kinked", math.fabs, partials=[of_sign])
    with pytest.raises(ValueError, match="it asks for the truth of a number: where") as caught:
        Tape.of(kinked(X)).source()
    assert "kinked" in str(caught.value)


def test_a_renderer_that_is_no_program_is_said(tmp_path):
    program = tmp_path / "dot"
    program.write_bytes(b"\x7fnothing that runs")
    program.chmod(0o755)
    with pytest.raises(RuntimeError, match=f"^{re.escape(str(program))} cannot be run: "):
        ag.draw(Y, tmp_path / "y.svg", dot=str(program))


def test_a_temperature_of_0_follows_ieee_754():
    assert ag.softmax([1.0, -2.0], temperature=0.0) == [1.0, 0.0]


@pytest.mark.parametrize(("use", "error", "message"), MESSAGES, ids=range(len(MESSAGES)))
def test_an_error_says_what_was_wrong_and_what_to_do(use, error, message):
    with pytest.raises(error) as caught:
        use()
    assert type(caught.value) is error
    assert str(caught.value) == message


# -- why a run is not replayed ---------------------------------------------------------------------------------------


WEIGHT = Value(1.0)
EARLIER = WEIGHT * 2.0


class Forgetful(nn.Module):
    """Gives one output for a whole batch, but of a single sample."""

    def __init__(self):
        self.slope = Value(1.0)

    def __call__(self, inputs):
        return self.slope * inputs[0]

    def on_batch(self, samples):
        return [self(sample) for sample in samples] * (1 if len(samples) > 1 else 2)


def test_a_model_without_an_output_for_each_sample_is_not_replayed():
    model = Forgetful()
    optimizer = nn.SGD(model.parameters(), 0.0)
    data = [[0.0], [1.0]], [1.0, 3.0]
    told = nn.fit(model, *data, loss=of_number, optimizer=optimizer, epochs=1, batch_size=2, progress=False)
    assert (told.engine, told.fallback) == ("eager", "the model does not give one output per sample")


def first_of_dict(output, target):
    return (output["y"] - target) ** 2


def first_of_list(output, target):
    return (output[0] - target) ** 2


def of_number(output, target):
    return (output - target) ** 2


@pytest.mark.parametrize(
    ("model", "loss", "reason"),
    [
        (
            lambda x: {"y": WEIGHT * x[0]},
            first_of_dict,
            "an output is neither a number nor a list of numbers, but dict",
        ),
        (lambda x: [WEIGHT * x[0], "y"], first_of_list, "an output is a list of something else than numbers"),
        (
            lambda x: EARLIER * x[0],
            of_number,
            "it uses numbers that were computed before, which stand on another tape",
        ),
    ],
)
def test_a_run_that_is_not_replayed_says_why(model, loss, reason):
    optimizer = nn.SGD([WEIGHT], 0.0)
    data = [[0.0], [1.0]], [1.0, 3.0]
    history = nn.fit(model, *data, loss=loss, optimizer=optimizer, epochs=1, progress=False)
    assert (history.engine, history.fallback) == ("eager", reason)


def test_a_state_of_another_size_is_refused():
    def run(model):
        optimizer = nn.SGD(model.parameters(), 0.1)
        return nn.training(model, [[0.0], [1.0]], [1.0, 3.0], loss="squared_error", optimizer=optimizer, epochs=2)

    here = run(MODEL)
    facts, numbers = here.state()
    with pytest.raises(ValueError, match=r"^it holds 3 numbers, and this run changes 2$"):
        here.load_state(facts, numbers | {"numbers": [1.0, 2.0, 3.0]})
    assert math.isfinite(next(here).training.loss)
