"""Predictions: outputs, classes, probabilities, scores and confusion matrices, and what asking leaves alone."""

from __future__ import annotations

import math
import threading

import numpy
import pytest

from autograd import Tape, Value
from nn.layers import MLP, Layer, Neuron, Perceptron
from nn.losses import LOSSES, hinge
from nn.module import Module
from nn.prediction import (
    ConfusionMatrix,
    Score,
    confusion_matrix,
    predict,
    predict_class,
    predict_proba,
    samples_of,
    samples_of_pair,
    score,
)
from nn.stages import Activation, BatchNorm, Dropout, Sequential

SAMPLES = [[0.5, -1.0], [2.0, 0.25], [-3.0, 1.0], [0.0, 0.0]]
ASKING = {
    "predict": predict,
    "predict an array": lambda model, inputs: predict(model, numpy.array(inputs)),
    "predict_class": lambda model, inputs: predict_class(model, inputs, loss="hinge"),
    "predict_proba": lambda model, inputs: predict_proba(model, inputs, loss="signed_cross_entropy"),
    "score": lambda model, inputs: score(model, inputs, [1] * len(inputs), loss="hinge"),
}


class Echo(Module):
    """Gives its inputs as outputs, one of them as a number."""

    def __call__(self, inputs):
        return inputs[0] if len(inputs) == 1 else list(inputs)


class Frame:
    """As much of a data frame as predictions need; going through it gives the names of its columns."""

    def __init__(self, rows):
        self._array = numpy.array(rows)

    def to_numpy(self):
        return self._array

    def __len__(self):
        return len(self._array)

    def __iter__(self):
        return iter(["width", "height"])


def regularized():
    return Sequential(Layer(2, 4, "tanh"), BatchNorm(4), Dropout(0.5), Layer(4, 1, "identity"), seed=3)


# -- outputs ---------------------------------------------------------------------------------------------------------


def test_of_a_list_come_floats_or_lists_of_floats():
    one, several = MLP(2, [3, 1], seed=1), MLP(2, [3, 2], seed=1)
    assert predict(one, SAMPLES) == [one(sample).data for sample in SAMPLES]
    assert predict(several, SAMPLES) == [[each.data for each in several(sample)] for sample in SAMPLES]
    assert predict(several, []) == []


def test_of_an_array_comes_an_array():
    one, several = MLP(2, [3, 1], seed=1), MLP(2, [3, 2], seed=1)
    samples = numpy.array(SAMPLES)
    assert predict(one, samples).shape == (4,)
    assert predict(several, samples).shape == (4, 2)
    assert predict(one, samples) == pytest.approx(predict(one, SAMPLES), rel=1e-12)
    assert predict(one, samples[:0]).shape == (0,)
    assert predict(several, samples[:0]).shape == (0, 2)


@pytest.mark.parametrize("kind", [numpy.float32, numpy.int64, bool])
def test_arrays_of_other_numbers(kind):
    model = MLP(2, [3, 1], seed=1)
    samples = numpy.array([[0, 1], [1, 1]], dtype=kind)
    assert predict(model, samples) == pytest.approx(predict(model, [[0.0, 1.0], [1.0, 1.0]]), rel=1e-12)


def test_a_frame_is_an_array():
    model = MLP(2, [3, 1], seed=1)
    for each in (model, Neuron(2, seed=1), model.__call__):
        assert predict(each, Frame(SAMPLES)).tolist() == predict(each, numpy.array(SAMPLES)).tolist()
    assert predict_class(model, Frame(SAMPLES), loss="hinge") == predict_class(model, SAMPLES, loss="hinge")
    found = predict_proba(model, Frame(SAMPLES), loss="signed_cross_entropy")
    assert found.tolist() == predict_proba(model, SAMPLES, loss="signed_cross_entropy")
    expected = score(model, SAMPLES, [1, -1, 1, 1], loss="hinge")
    assert score(model, Frame(SAMPLES), Frame([1, -1, 1, 1]), loss="hinge") == expected
    assert type(expected.loss) is float


def test_models_may_be_any_function_and_inputs_any_samples():
    assert predict(lambda x: 2.0 * x, [1.0, 2.0]) == [2.0, 4.0]
    assert predict(lambda x: 2.0 * x, numpy.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    assert predict(lambda x: [x, -x], (1.0,)) == [[1.0, -1.0]]
    assert predict(lambda x: numpy.array([x, 1.0]), range(2)) == [[0.0, 1.0], [1.0, 1.0]]
    assert predict(Echo(), (sample for sample in SAMPLES)) == SAMPLES
    assert predict(lambda image: image[0][1], numpy.ones((5, 2, 2))).tolist() == [1.0] * 5


def test_samples_of_a_module_may_have_any_shape():
    class Corner(Module):
        def __call__(self, image):
            return image[0][0]

    assert predict(Corner(), numpy.arange(8.0).reshape(2, 2, 2)).tolist() == [0.0, 4.0]


def test_an_array_of_more_dimensions_is_as_good_as_its_list():
    inputs = numpy.ones((2, 3, 2))
    for given in (inputs, inputs.tolist()):
        with pytest.raises(ValueError, match=r"^layer 0, Layer\(2, 1, 'identity'\), takes 2 inputs, but 3 were given$"):
            predict(MLP(2, [1]), given)


def test_where_there_are_no_samples_there_are_no_outputs():
    assert predict(Sequential(tuple), numpy.zeros((0, 2))).shape == (0, 0)
    assert predict(MLP(2, [1]), numpy.zeros((0, 2))).shape == (0,)
    assert predict(MLP(2, [1]), []) == []


def test_a_batch_normalization_alone_gives_the_same_for_lists_and_arrays():
    for width in (1, 2):
        samples = [row[:width] for row in SAMPLES]
        assert predict(BatchNorm(width), numpy.array(samples)).tolist() == predict(BatchNorm(width), samples)


def test_nan_and_infinity_are_outputs_too():
    model = MLP(2, [2, 1], "identity", seed=1)
    for sample in ([math.nan, 0.0], [math.inf, 0.0], [math.inf, -math.inf]):
        on_list, on_array = predict(model, [sample]), predict(model, numpy.array([sample]))
        assert on_list == pytest.approx(on_array, nan_ok=True)
        assert not math.isfinite(on_list[0])


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (3.0, "inputs are a list or an array with one entry per sample, not float"),
        (numpy.array(3.0), "inputs are a list or an array with one entry per sample, not float"),
        (None, "inputs are a list or an array with one entry per sample, not NoneType"),
        ([1.0, 2.0], "layer 0, Layer(2, 1, 'identity'), takes a sequence of 2 numbers, not float"),
        (numpy.array([1.0, 2.0]), "layer 0, Layer(2, 1, 'identity'), takes a sequence of 2 numbers, not float"),
        ("ab", "layer 0, Layer(2, 1, 'identity'), takes a sequence of 2 numbers, not str"),
        ([{1.0, 2.0}], "layer 0, Layer(2, 1, 'identity'), takes a sequence of 2 numbers, not set"),
    ],
)
def test_what_are_no_samples_is_refused(inputs, message):
    with pytest.raises(TypeError) as caught:
        predict(MLP(2, [1]), inputs)
    assert str(caught.value) == message


def test_a_model_that_forgets_to_return_is_told_so():
    with pytest.raises(TypeError, match="the output of a model is a number or a list of numbers, not NoneType"):
        predict(lambda sample: None, SAMPLES)


# -- what asking leaves alone ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING)
@pytest.mark.parametrize("training", [True, False])
def test_asking_evaluates_and_leaves_mode_averages_and_masks_as_they_were(ask, training):
    model = regularized().train(training)
    model.stages[2].train(not training)
    state = model.stages[2].generator().getstate()
    first, again = ask(model, SAMPLES), ask(model, SAMPLES)
    assert numpy.array_equal(first, again)
    assert numpy.array_equal(first, ask(model.eval(), SAMPLES))
    assert model.stages[1].running_mean == [0.0] * 4
    assert model.stages[2].generator().getstate() == state


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING)
def test_the_mode_is_the_same_after_an_error(ask):
    model = regularized()
    model.stages[2].eval()
    modes = [module.training for _, module in model.named_modules()]
    with pytest.raises(ValueError, match="takes"):
        ask(model, [[1.0, 2.0, 3.0]])
    assert [module.training for _, module in model.named_modules()] == modes


def test_predicting_in_one_thread_does_not_disturb_training_in_another():
    model, begun, end = Sequential(Layer(1, 1), Dropout(0.5)), threading.Event(), threading.Event()

    class Slow(Module):
        def __call__(self, inputs):
            begun.set()
            end.wait(10.0)
            return inputs

    model.stages.append(Slow())
    other = threading.Thread(target=predict, args=(model, [[1.0]]))
    other.start()
    begun.wait(10.0)
    assert model.stages[1].training
    end.set()
    other.join()
    assert model.stages[1].training


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING)
def test_asking_records_nothing(ask):
    with Tape() as tape:
        ask(regularized(), SAMPLES)
    assert len(tape) == 0


# -- classes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "outputs", "classes"),
    [
        ("zero_one", [[-0.5], [0.0], [2.0]], [-1, -1, 1]),
        ("perceptron", [[-0.5], [0.0], [2.0]], [-1, -1, 1]),
        ("perceptron", [[3.0, 4.0, 1.0], [2.0, 2.0, 0.0]], [1, 0]),
        ("hinge", [[-0.5], [0.0], [2.0]], [-1, -1, 1]),
        ("signed_cross_entropy", [[-0.5], [0.0], [2.0]], [-1, -1, 1]),
        ("binary_cross_entropy", [[0.25], [0.5], [0.75]], [0, 0, 1]),
        ("binary_cross_entropy", [[0.25, 0.75]], [[0, 1]]),
        ("binary_cross_entropy_from_logits", [[-0.25], [0.0], [0.25]], [0, 0, 1]),
        ("softmax_cross_entropy", [[3.0, 4.0, 1.0], [2.0, 2.0, 0.0]], [1, 0]),
        ("multiclass_hinge", [[3.0, 4.0, 1.0], [2.0, 2.0, 0.0]], [1, 0]),
        ("negative_log_likelihood", [[0.2, 0.7, 0.1]], [1]),
    ],
)
def test_classes_are_coded_as_targets(loss, outputs, classes):
    assert predict_class(Echo(), outputs, loss=loss) == classes
    assert predict_class(Echo(), numpy.array(outputs), loss=loss) == classes
    assert predict_class(Echo(), outputs, loss=LOSSES[loss].function) == classes
    assert score(Echo(), outputs, classes, loss=loss).accuracy == 1.0


def test_nan_is_of_no_class():
    assert predict_class(Echo(), [[math.nan], [1.0]], loss="hinge") == [None, 1]
    assert predict_class(Echo(), [[math.nan, 1.0]], loss="softmax_cross_entropy") == [None]


@pytest.mark.parametrize("loss", ["squared_error", "mean_squared_error", lambda output, target: output])
def test_a_loss_without_classes(loss):
    name = loss if isinstance(loss, str) else "<lambda>"
    with pytest.raises(ValueError, match="loss of a classification") as caught:
        predict_class(Echo(), SAMPLES, loss=loss)
    assert str(caught.value) == (f"{name} does not say which class an output means: it is no loss of a classification")


# -- probabilities ---------------------------------------------------------------------------------------------------

LOGIT = math.log(3.0)  # of the probability 3/4


@pytest.mark.parametrize(
    ("loss", "output", "probabilities"),
    [
        ("signed_cross_entropy", [LOGIT / 2.0], [0.25, 0.75]),
        ("binary_cross_entropy", [0.75], [0.25, 0.75]),
        ("binary_cross_entropy", [0.75, 0.5], [[0.25, 0.75], [0.5, 0.5]]),
        ("binary_cross_entropy_from_logits", [LOGIT], [0.25, 0.75]),
        ("softmax_cross_entropy", [0.0, LOGIT, 0.0], [0.2, 0.6, 0.2]),
        ("negative_log_likelihood", [0.25, 0.75], [0.25, 0.75]),
    ],
)
def test_probabilities_by_hand(loss, output, probabilities):
    found = predict_proba(Echo(), [output, output], loss=loss)
    assert numpy.array(found) == pytest.approx(numpy.array([probabilities] * 2), rel=1e-15)
    assert isinstance(found, list)
    on_array = predict_proba(Echo(), numpy.array([output, output]), loss=loss)
    assert on_array.tolist() == found


def test_every_loss_has_probabilities_or_says_that_it_has_none():
    without = [name for name, row in LOSSES.items() if row.probabilities is None]
    assert without == ["squared_error", "mean_squared_error", "zero_one", "perceptron", "hinge", "multiclass_hinge"]
    for name in without:
        with pytest.raises(ValueError, match="probabilities") as caught:
            predict_proba(Echo(), SAMPLES, loss=name)
        assert (
            str(caught.value) == f"{name} does not turn outputs into probabilities: train with a cross-entropy for that"
        )


def test_the_likeliest_class_is_the_predicted_one():
    model = MLP(2, [4, 3], "tanh", seed=2)
    likeliest = predict_proba(model, numpy.array(SAMPLES), loss="softmax_cross_entropy").argmax(axis=1)
    assert likeliest.tolist() == predict_class(model, SAMPLES, loss="softmax_cross_entropy")


def test_a_last_softmax_goes_with_negative_log_likelihood():
    scores = MLP(2, [4, 3], "tanh", seed=2)
    model = Sequential(scores, Activation("softmax"))
    found = predict_proba(model, SAMPLES, loss="negative_log_likelihood")
    assert found == predict_proba(scores, SAMPLES, loss="softmax_cross_entropy")
    assert [sum(row) for row in found] == pytest.approx([1.0] * 4, rel=1e-15)


# -- scores ----------------------------------------------------------------------------------------------------------


def test_a_score_by_hand():
    found = score(Echo(), [[2.0], [0.5], [-1.0]], [1, 1, 1], loss=hinge)  # losses 0, 0.5 and 2
    assert found == Score(2.5 / 3.0, 2.0 / 3.0)
    assert type(found.loss) is float
    assert str(found) == "loss 0.8333, accuracy 66.7%"


def test_a_score_without_classes_has_no_accuracy():
    found = score(Echo(), [[2.0], [0.0]], [1.0, 0.0], loss="squared_error")
    assert found == Score(0.25, None)
    assert str(found) == "loss 0.25"


def test_what_is_correct_can_be_defined():
    near = score(
        Echo(), [[2.0], [0.0]], [1.75, 1.0], loss="squared_error", correct=lambda y, target: abs(y - target) < 0.5
    )
    assert near.accuracy == 0.5


def test_a_loss_of_ones_own():
    assert score(Echo(), [[2.0], [4.0]], [1.0, 1.0], loss=lambda y, target: y - target) == Score(2.0, None)


def test_perceptrons_are_scored_by_their_decisions():
    gate = Perceptron(2)
    for parameter, number in zip(gate.parameters(), (1.0, 1.0, -1.5)):
        parameter.data = number
    bits = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    assert score(gate, bits, [-1, -1, -1, 1], loss="perceptron") == Score(0.0, 1.0)


@pytest.mark.parametrize(
    ("inputs", "targets", "error", "message"),
    [
        ([[1.0]], [1, 1], ValueError, "inputs and targets differ in number: 1 and 2"),
        ([[1.0], [2.0]], [1], ValueError, "inputs and targets differ in number: 2 and 1"),
        ([], [], ValueError, "there are no samples"),
        (numpy.zeros((0, 1)), [], ValueError, "there are no samples"),
        (iter([[1.0]]), [1], TypeError, "inputs {}list_iterator: they are used again"),
        ([[1.0]], {1}, TypeError, "targets {}set: they are used again"),
        ({0: [1.0]}, [1], TypeError, "inputs {}dict: they are used again"),
        ("a", [1], TypeError, "inputs {}str: they are used again"),
        (numpy.array(1.0), [1], TypeError, "inputs {}ndarray: they are used again"),
        ([[1.0]], 1, TypeError, "targets {}int: they are used again"),
    ],
)
def test_samples_that_cannot_be_scored(inputs, targets, error, message):
    with pytest.raises(error) as caught:
        score(Echo(), inputs, targets, loss="hinge")
    assert str(caught.value) == message.format("are a list or an array with one entry per sample, not a ")


def test_samples_become_lists():
    inputs, targets = samples_of(numpy.array([[1, 2]]), Frame([1]))
    assert (inputs, targets) == ([[1, 2]], [1])
    assert type(targets[0]) is int
    assert samples_of(((1.0,), (2.0,)), range(2)) == ([(1.0,), (2.0,)], [0, 1])
    leaf = Value(1.0)
    assert samples_of([[leaf]], [0])[0][0][0] is leaf


# -- confusion matrices ----------------------------------------------------------------------------------------------


def test_a_confusion_matrix_by_hand():
    matrix = confusion_matrix([0, 0, 0, 1, 2, 2], [0, 1, 0, 1, 1, 2])
    assert matrix == ConfusionMatrix([0, 1, 2], [[2, 1, 0], [0, 1, 0], [0, 1, 1]])
    assert matrix.accuracy == 4.0 / 6.0


def test_a_confusion_matrix_reads_as_a_table():
    matrix = confusion_matrix([0] * 12 + [2], [0] * 10 + [1] * 3, ["setosa", "iris", "x"])
    assert str(matrix) == (
        "true \\ predicted  setosa  iris  x\n"
        "setosa                10     2  0\n"
        "iris                   0     0  0\n"
        "x                      0     1  0"
    )


def test_classes_are_those_that_occur_sorted():
    assert confusion_matrix([1, -1], [1, 1]).classes == [-1, 1]
    assert confusion_matrix(["dog", "cat"], ["dog", "ant"]).classes == ["ant", "cat", "dog"]
    assert confusion_matrix(numpy.array([1, 0]), Frame([1, 1])).counts == [[0, 1], [0, 1]]
    assert confusion_matrix([1.0], [1]).counts == [[1]]
    assert confusion_matrix(iter([1]), (each for each in [1])).counts == [[1]]


def test_classes_that_do_not_occur_are_shown_if_named():
    assert confusion_matrix([0], [0], numpy.array(["a", "b"])).counts == [[1, 0], [0, 0]]


@pytest.mark.parametrize(("code", "counts"), [(-1, [[2, 0], [0, 0]]), (1, [[0, 0], [0, 2]]), (0, [[2, 0], [0, 0]])])
def test_one_class_that_occurs_has_its_place_among_the_named(code, counts):
    assert confusion_matrix([code] * 2, [code] * 2, ["no", "yes"]).counts == counts


def test_no_samples_make_an_empty_matrix():
    assert confusion_matrix([], []) == ConfusionMatrix([], [])
    assert math.isnan(confusion_matrix([], [], ["a"]).accuracy)
    assert str(confusion_matrix([], [])) == "true \\ predicted"


def test_outputs_that_are_nan_have_a_column_of_their_own():
    assert confusion_matrix([1, 0], [None, 0]) == ConfusionMatrix([0, 1, None], [[1, 0, 0], [0, 0, 1], [0, 0, 0]])
    named = confusion_matrix([1, 0], [None, 0], ["a", "b"])
    assert named == ConfusionMatrix(["a", "b", None], [[1, 0, 0], [0, 0, 1], [0, 0, 0]])


@pytest.mark.parametrize("codes", [(0, 1), (-1, 1), ("no", "yes")])
def test_classes_have_names_however_they_are_coded(codes):
    no, yes = codes
    assert confusion_matrix([no, yes, yes], [no, no, yes], ["no", "yes"]) == ConfusionMatrix(
        ["no", "yes"], [[1, 0], [1, 1]]
    )
    assert confusion_matrix([yes], [yes], ["no", "yes"]).counts == [[0, 0], [0, 1]]


@pytest.mark.parametrize(
    ("loss", "widths", "message"),
    [
        ("negative_log_likelihood", [2], "a probability is a number from 0 to 1, not .*: for scores use softmax_cross"),
        ("binary_cross_entropy", [1], "a probability is a number from 0 to 1, not .*: for scores use .*_from_logits"),
    ],
)
def test_outputs_that_are_no_probabilities_are_not_called_so(loss, widths, message):
    model = MLP(2, widths, initializer=lambda *shape: -1.0)
    with pytest.raises(ValueError, match=message):
        predict_proba(model, SAMPLES, loss=loss)


@pytest.mark.parametrize("ask", [predict_class, predict_proba])
def test_one_score_is_not_one_per_class(ask):
    with pytest.raises(TypeError, match="one score per class, not a single float: give the last layer one neuron per"):
        ask(MLP(2, [1]), SAMPLES, loss="softmax_cross_entropy")


@pytest.mark.parametrize("array", [numpy.array([["1", "2"]]), numpy.array([[1j, 2.0]]), numpy.array([[None, 1.0]])])
def test_arrays_of_what_are_no_numbers_are_refused(array):
    with pytest.raises(TypeError, match="takes an array of real numbers, not of type"):
        predict(MLP(2, [1]), array)


INSTEAD = "of a one-hot target give the index of its 1, of several yes-or-no answers make a matrix for each"


@pytest.mark.parametrize(
    ("true", "predicted", "classes", "error", "message"),
    [
        ([0], [0, 1], (), ValueError, "true and predicted classes differ in number: 1 and 2"),
        ([0, 1], [0], (), ValueError, "true and predicted classes differ in number: 2 and 1"),
        ([0], [2], ["a", "b"], ValueError, "class 2 has no name: 2 are given, for the classes 0 to 1"),
        ([-1], [-1], ["a"], ValueError, "class -1 has no name: 1 are given, for the classes 0 to 0"),
        ([-1], [1], ["a", "b", "c"], ValueError, "class -1 has no name: 3 are given, for the classes 0 to 2"),
        (["a"], [0], ["a"], TypeError, "classes are numbers or names, not both: the same ones in true and predicted"),
        (["a"], [0], (), TypeError, "classes are numbers or names, not both: the same ones in true and predicted"),
        (
            [1],
            [Value(1.0)],
            (),
            TypeError,
            "a class is a number or a name, not a Value: write v.data, or take what predict_class gives",
        ),
        (
            numpy.eye(2),
            [0, 1],
            (),
            TypeError,
            f"a class is a number or a name, not a list: {INSTEAD}",
        ),
    ],
)
def test_what_no_confusion_matrix_can_be_made_of(true, predicted, classes, error, message):
    with pytest.raises(error) as caught:
        confusion_matrix(true, predicted, classes)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("loss", "targets", "n_outputs"),
    [
        ("hinge", [1, -1, 1, 1, -1, 1], 1),
        ("binary_cross_entropy_from_logits", [1, 0, 1, 0, 0, 1], 1),
        ("squared_error", [0.5, 1.0, -2.0, 0.0, 3.0, 1.0], 1),
        ("softmax_cross_entropy", [0, 2, 1, 1, 0, 2], 3),
    ],
)
def test_a_score_by_arrays_is_that_of_every_sample(loss, targets, n_outputs):
    model = Sequential(Layer(2, 5, "tanh", seed=1), Layer(5, n_outputs, "identity", seed=2))
    inputs = [[0.3 * k, 1.0 - 0.2 * k * k] for k in range(6)]
    together = score(model, inputs, targets, loss=loss)
    one_by_one = score(model, [tuple(sample) for sample in inputs], targets, loss=loss)
    assert together.loss == pytest.approx(one_by_one.loss, rel=1e-13)
    assert together.accuracy == one_by_one.accuracy


FLOATS = [[0.5 * k, 1.0] for k in range(8)]


@pytest.mark.parametrize(
    ("inputs", "options", "way"),
    [
        (FLOATS, {"loss": "squared_error"}, "arrays"),
        (FLOATS, {"loss": "squared_error", "correct": lambda output, target: True}, "batch"),
        (FLOATS, {"loss": lambda output, target: output}, "batch"),
        ([[k, 1] for k in range(8)], {"loss": "squared_error"}, "batch"),
        ([*FLOATS[:7], [1.0, 2]], {"loss": "squared_error"}, "batch"),
        ([*FLOATS[:7], [1.0]], {"loss": "squared_error"}, "batch"),
        ([tuple(sample) for sample in FLOATS], {"loss": "squared_error"}, "batch"),
        (FLOATS[:1], {"loss": "squared_error"}, "batch"),
    ],
)
def test_many_lists_of_floats_are_scored_by_arrays(inputs, options, way):
    ways = []

    class First(Module):
        def __call__(self, sample):
            return sample[0]

        def on_batch(self, samples):
            ways.append("batch")
            return [self(sample) for sample in samples]

        def on_arrays(self, samples):
            ways.append("arrays")
            return samples[:, :1]

    assert score(First(), inputs, [1.0] * len(inputs), **options).loss >= 0.0
    assert ways == [way]


def test_a_score_of_samples_that_do_not_fit_says_which():
    model = MLP(2, [1])
    for inputs in ([[1.0, 2.0]] * 5 + [[1.0]], [[1.0]] * 6):
        with pytest.raises(ValueError, match="2 inputs"):
            score(model, inputs, [1] * 6, loss="hinge")


@pytest.mark.parametrize(
    ("pair", "error", "told"),
    [
        *(
            (odd, TypeError, r"^test is a pair: \(inputs, targets\)$")
            for odd in (3, (1,), ([[0.0]], [1], 1), "ab", {1, 2})
        ),
        (([[0.0]], [1, 2]), ValueError, "^of the test, inputs and targets differ in number: 1 and 2$"),
        (([], []), ValueError, "^of the test, there are no samples$"),
        ((3, 4), TypeError, "^of the test, inputs are a list or an array"),
    ],
)
def test_samples_are_a_pair_of_inputs_and_targets(pair, error, told):
    with pytest.raises(error, match=told):
        samples_of_pair(pair, "test")
    assert samples_of_pair([[[0.0]], (1.0,)], "test") == samples_of_pair(([[0.0]], [1.0]), "test") == ([[0.0]], [1.0])
