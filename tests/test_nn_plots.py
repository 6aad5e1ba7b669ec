"""Plots show what a model answers and how a run went; the axes that are given are drawn into."""

import sys
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

from matplotlib import pyplot

from nn import MLP, SGD, blobs, fit, moons, plane, plot_boundary, plot_history, xor
from nn.prediction import Score
from nn.show.pixels import BLUE, CLASS_COLOURS, ORANGE


@pytest.fixture(autouse=True)
def closed():
    pyplot.close("all")  # also what an example in a docstring has left open
    yield
    pyplot.close("all")


def line(sample):
    """Two classes with the border x0 = 0.5."""
    return 4.0 * (sample[0] - 0.5)


def test_the_boundary_is_where_one_score_changes_its_sign():
    axes = plot_boundary(line, [[0.0, 0.0], [1.0, 1.0]], [-1, 1], loss="hinge")
    (border,) = axes.collections[0].get_paths()
    assert border.vertices[:, 0] == pytest.approx(0.5, abs=0.02)
    assert np.ptp(border.vertices[:, 1]) > 1.0


def test_between_classes_the_boundary_is_where_their_scores_are_equal():
    axes = plot_boundary(
        lambda sample: [sample[0], 0.25, -9.0], [[0.0, 0.0], [1.0, 1.0]], [0, 1], loss="softmax_cross_entropy"
    )
    borders = [path.vertices for collection in axes.collections[:2] for path in collection.get_paths()]
    assert len(borders) == 2, "one for each class that has a border; the third is nowhere the likeliest"
    for border in borders:
        assert border[:, 0] == pytest.approx(0.25, abs=0.02)


def test_a_plane_of_numbers_has_colours_and_no_boundary():
    data = plane(20)
    axes = plot_boundary(MLP(2, [1]), data.inputs, data.targets, loss="squared_error")
    assert len(axes.images) == 1
    assert len(axes.collections) == 1


def test_low_rows_are_drawn_low():
    axes = plot_boundary(lambda sample: 9.0 * sample[1], [[0.0, -1.0], [1.0, 1.0]], [-1, 1], loss="hinge")
    (image,) = axes.images
    pixels = np.asarray(image.get_array(), float)
    top, bottom = pixels[0].mean(axis=0), pixels[-1].mean(axis=0)
    assert axes.get_ylim()[0] < axes.get_ylim()[1]
    assert image.origin == "upper"
    assert top[2] > top[0], "blue above, where the score is positive"
    assert bottom[0] > bottom[2], "orange below"


@pytest.mark.long
def test_each_class_has_a_shape_and_every_sample_is_drawn():
    data = blobs(30, seed=1)
    axes = plot_boundary(MLP(2, [3]), data.inputs, data.targets, loss="softmax_cross_entropy")
    drawn = [collection for collection in axes.collections if len(collection.get_offsets()) > 1]
    assert sum(len(collection.get_offsets()) for collection in drawn) == 30
    assert len(drawn) == 3
    shapes = {collection.get_paths()[0].vertices.tobytes() for collection in drawn}
    assert len(shapes) == 3


def test_samples_stand_where_they_are_in_the_colours_of_their_classes():
    inputs = [[0.0, 1.0], [4.0, 3.0], [1.0, 2.0], [2.0, 2.0]]
    axes = plot_boundary(lambda sample: [0.0] * 7, inputs, [0, 1, 5, 6], loss="softmax_cross_entropy")
    drawn = [collection for collection in axes.collections if len(collection.get_offsets())]
    assert [collection.get_offsets().tolist() for collection in drawn] == [[point] for point in inputs]
    for collection, position in zip(drawn, (0, 1, 5, 6)):
        assert (collection.get_facecolor()[0, :3] * 255.0).round().tolist() == list(CLASS_COLOURS[position])
    shapes = [collection.get_paths()[0].vertices.tobytes() for collection in drawn]
    assert shapes[0] == shapes[2] != shapes[1] == shapes[3], "there are five shapes"
    assert all(width > 0.0 for collection in drawn for width in collection.get_linewidths()), "and all have a rim"
    assert (axes.get_xlim(), axes.get_ylim()) == (pytest.approx((-0.4, 4.4)), pytest.approx((0.8, 3.2)))


def test_more_classes_than_twice_the_shapes_are_drawn():
    axes = plot_boundary(lambda sample: [0.0] * 12, [[0.0, 1.0], [4.0, 3.0]], [1, 11], loss="softmax_cross_entropy")
    first, second = (each.get_paths()[0].vertices for each in axes.collections if len(each.get_offsets()))
    assert first.tolist() == second.tolist()


def test_numbers_have_colours_from_the_lowest_to_the_highest():
    axes = plot_boundary(lambda sample: sample[0], [[10.0, 0.0], [30.0, 1.0]], [10.0, 30.0], loss="squared_error")
    samples = axes.collections[0]
    assert (samples.get_facecolor()[:, :3] * 255.0).round().tolist() == [list(ORANGE), list(BLUE)]
    row = np.asarray(axes.images[0].get_array(), float)[0]
    assert (np.diff(row[:, 2] - row[:, 0]) >= 0.0).all()
    assert abs(row[20] - 246.0).max() < 10.0, "white in the middle"


def test_targets_that_stand_in_lists_have_the_same_colours():
    inputs = [[10.0, 0.0], [30.0, 1.0]]
    colours = [
        plot_boundary(lambda sample: sample[0], inputs, targets, loss="squared_error").collections[0].get_facecolor()
        for targets in ([10.0, 30.0], [[10.0], [30.0]])
    ]
    assert colours[0].tolist() == colours[1].tolist()


def test_where_one_class_is_always_the_likeliest_there_is_no_boundary():
    for score in (5.0, -5.0):
        axes = plot_boundary(lambda sample, score=score: score, [[0.0, 0.0], [1.0, 1.0]], [-1, 1], loss="hinge")
        assert len(axes.collections) == 2, "the samples of two classes"
        axes.clear()
    axes = plot_boundary(lambda sample: [1.0, 0.0], [[0.0, 0.0], [1.0, 1.0]], [0, 1], loss="softmax_cross_entropy")
    assert len(axes.collections) == 2


def test_of_three_classes_each_has_the_border_of_its_own_place():
    axes = plot_boundary(
        lambda sample: [-sample[0], 0.0, sample[0] - 2.0],
        [[-1.0, 0.0], [3.0, 1.0]],
        [0, 1],
        loss="softmax_cross_entropy",
    )
    borders = [collection.get_paths() for collection in axes.collections[:3]]
    places = [sorted({round(float(x), 1) for path in paths for x in path.vertices[:, 0]}) for paths in borders]
    assert places == [[0.0], [0.0, 2.0], [2.0]]


def test_plots_go_into_the_axes_that_are_given():
    _, (left, right) = pyplot.subplots(1, 2)
    corners = xor()
    assert plot_boundary(MLP(2, [1]), corners.inputs, corners.targets, loss="hinge", axes=left) is left
    assert not right.images
    assert plot_boundary(MLP(2, [1]), corners.inputs, corners.targets, loss="hinge") is right, "the current ones"


@pytest.mark.parametrize(
    ("inputs", "model", "loss", "told"),
    [
        ([], MLP(2, [1]), "hinge", "two inputs"),
        ([[1.0]], MLP(1, [1]), "hinge", "two inputs"),
        ([[1.0, 2.0], [1.0]], MLP(2, [1]), "hinge", "two inputs"),
        ([[1.0, 2.0, 3.0]], MLP(3, [1]), "hinge", "two inputs"),
        ([[1.0, 2.0]], MLP(2, [3]), "squared_error", "one answer, not 3"),
    ],
)
def test_what_cannot_be_shown_says_so(inputs, model, loss, told):
    with pytest.raises(ValueError, match=told):
        plot_boundary(model, inputs, [1.0] * len(inputs), loss=loss)


def test_a_history_shows_both_losses_and_the_epoch_that_was_kept():
    data, fresh = moons(20, seed=1), moons(20, seed=2)
    model = MLP(2, [4, 1], "tanh", seed=1)
    history = fit(
        model,
        data.inputs,
        [2 * target - 1 for target in data.targets],
        loss="hinge",
        optimizer=SGD(model.parameters(), 0.1),
        epochs=4,
        validation=(fresh.inputs, [2 * target - 1 for target in fresh.targets]),
        progress=False,
    )
    history.kept = 2
    axes = plot_history(history)
    training, validation, kept = axes.lines
    assert training.get_ydata().tolist() == history.loss
    assert validation.get_ydata().tolist() == [score.loss for score in history.validation]
    assert training.get_xdata().tolist() == [1, 2, 3, 4]
    assert list(kept.get_xdata()) == [2, 2]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training", "validation", "kept: epoch 2"]


def test_a_history_that_kept_its_last_epoch_has_no_mark():
    history = SimpleNamespace(
        snapshots=[],
        training=[Score(2.0, None), Score(1.0, None)],
        loss=[2.0, 1.0],
        validation=[Score(3.0, None)],
        kept=2,
    )
    axes = plot_history(history)
    training, validation = axes.lines
    assert training.get_xdata().tolist() == [1, 2]
    assert (list(validation.get_xdata()), list(validation.get_ydata())) == ([1], [3.0])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss")
    assert training.get_color() != validation.get_color()
    assert training.get_linestyle() != validation.get_linestyle()
    axes.clear()
    for kept in (0, 1):
        history.kept, history.validation = kept, []
        assert [line.get_label() for line in plot_history(history).lines] == ["training", f"kept: epoch {kept}"]
        axes.clear()
    with pytest.raises(TypeError, match="what is plotted is the History that fit returns, not list"):
        plot_history([1.0])


def test_a_history_without_epochs_has_nothing_to_plot():
    model = MLP(1, [1])
    history = fit(
        model, [[1.0]], [1.0], loss="squared_error", optimizer=SGD(model.parameters()), epochs=1, progress=False
    )
    history.training.clear()
    with pytest.raises(ValueError, match="nothing to plot"):
        plot_history(history)


def test_without_matplotlib_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "tapegrad\[plots\]"'):
        plot_boundary(line, [[0.0, 0.0], [1.0, 1.0]], [-1, 1], loss="hinge")
