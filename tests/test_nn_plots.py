"""Plots show what a model answers and how a run went; the axes that are given are drawn into."""

import sys

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

from matplotlib import pyplot

from nn import MLP, SGD, blobs, fit, moons, plane, plot_boundary, plot_history, xor


@pytest.fixture(autouse=True)
def closed():
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


def test_each_class_has_a_shape_and_every_sample_is_drawn():
    data = blobs(30, seed=1)
    axes = plot_boundary(MLP(2, [3]), data.inputs, data.targets, loss="softmax_cross_entropy")
    drawn = [collection for collection in axes.collections if len(collection.get_offsets()) > 1]
    assert sum(len(collection.get_offsets()) for collection in drawn) == 30
    assert len(drawn) == 3
    shapes = {collection.get_paths()[0].vertices.tobytes() for collection in drawn}
    assert len(shapes) == 3


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
