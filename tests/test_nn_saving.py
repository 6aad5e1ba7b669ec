"""Saving: what is read back is what was written, bit by bit; and a file that does not fit changes nothing."""

from __future__ import annotations

import functools
import json
import os
import struct

import pytest

from autograd import Value
from nn import (
    MLP,
    SGD,
    Activation,
    BatchNorm,
    Dropout,
    EarlyStopping,
    Layer,
    Module,
    Neuron,
    Perceptron,
    Sequential,
    Training,
    fit,
)
from nn.architecture import described, made
from nn.losses import softmax_cross_entropy
from nn.optimizers import Adam
from nn.saving import SavedFileError, load, load_checkpoint, read_extra, save, save_checkpoint
from nn.schedules import CosineSchedule, ReduceOnPlateau

safetensors = pytest.importorskip("safetensors", reason="safetensors is an extra")

MODELS = [
    Neuron(3, "tanh", seed=1),
    Layer(3, 2, "leaky_relu(0.2)", seed=1),
    Layer(3, 3, "softmax(0.5)", seed=1),
    Perceptron(2, 3, seed=1),
    MLP(2, [4, 3], "relu", last="sigmoid", seed=1),
    Sequential(Layer(3, 4, "gelu"), BatchNorm(4, momentum=0.25), Activation("abs"), Dropout(0.25), Layer(4, 1), seed=2),
    Sequential(Sequential(Layer(2, 2)), MLP(2, [2, 1])),
]


def numbers(model):
    return [p.data for p in model.parameters()] + [
        n for _, m in model.named_modules() for _, b in m.buffers() for n in b
    ]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


# -- models ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_a_model_comes_back_bit_by_bit(model, path):
    for k, parameter in enumerate(model.parameters()):
        parameter.data = 0.1 * k + 1e-17
    for _, module in model.named_modules():
        for _, buffer in module.buffers():
            buffer[:] = [0.3 + k for k in range(len(buffer))]
    save(model, path)
    again = load(path)
    assert repr(again) == repr(model)
    assert numbers(again) == numbers(model)


def test_options_come_back():
    options = Sequential(BatchNorm(2, momentum=0.25, epsilon=1e-3), Dropout(0.125))
    again = made(described(options))
    assert (again.stages[0].momentum, again.stages[0].epsilon, again.stages[1].rate) == (0.25, 1e-3, 0.125)


def test_the_layout_is_that_of_pytorch(path):
    model = MLP(2, [3, 1], seed=1)
    save(model, path)
    from safetensors.numpy import load_file

    tensors = load_file(path)
    assert {name: (tensor.shape, str(tensor.dtype)) for name, tensor in tensors.items()} == {
        "layers.0.weight": ((3, 2), "float64"),
        "layers.0.bias": ((3,), "float64"),
        "layers.1.weight": ((1, 3), "float64"),
        "layers.1.bias": ((1,), "float64"),
    }
    assert tensors["layers.0.weight"][2].tolist() == [w.data for w in model.layers[0].neurons[2].weights]


def test_pytorch_reads_it(path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from safetensors.torch import load_file

    model = MLP(2, [3, 1], "tanh", seed=1)
    save(model, path)
    tensors = load_file(path)
    hidden = torch.tanh(
        torch.tensor([0.5, -1.0], dtype=torch.float64) @ tensors["layers.0.weight"].T + tensors["layers.0.bias"]
    )
    output = hidden @ tensors["layers.1.weight"].T + tensors["layers.1.bias"]
    assert output.item() == pytest.approx(model([0.5, -1.0]).data, rel=1e-14)


def test_single_precision_is_read(path):
    import numpy
    from safetensors.numpy import save_file

    weights = {"layers.0.weight": numpy.ones((1, 2), numpy.float32), "layers.0.bias": numpy.zeros(1, numpy.float32)}
    save_file(weights, path)
    model = MLP(2, [1])
    assert load(path, model) is model
    assert numbers(model) == [1.0, 1.0, 0.0]


class Line(Module):
    def __init__(self):
        self.slope, self.offsets = Value(2.0), [Value(1.0), Value(3.0)]
        self.inside = {"layer": Layer(1, 1)}


def test_a_model_of_ones_own_is_saved_without_architecture(path):
    save(Line(), path)
    with pytest.raises(SavedFileError, match=r"holds parameters without an architecture: make the model yourself, and"):
        load(path)
    line = Line()
    for parameter in line.parameters():
        parameter.data = 9.0
    load(path, line)
    assert numbers(line) == numbers(Line())


@pytest.mark.parametrize(
    "model",
    [
        Layer(2, 2, lambda z: z * z),
        Sequential(Layer(2, 2), abs, Layer(2, 1)),
        Sequential(Layer(2, 2), lambda x: x),
        Sequential(Line()),
    ],
)
def test_what_words_do_not_say_is_saved_without_architecture(model, path):
    save(model, path)
    load(path, model)
    with pytest.raises(SavedFileError, match="without an architecture"):
        load(path)


def test_a_layer_with_odd_neurons_is_not_described_as_a_regular_one(path):
    model = MLP(2, [2, 1])
    model.layers[0].neurons[1] = Neuron(2, "tanh")
    save(model, path)
    with pytest.raises(SavedFileError, match="without an architecture"):
        load(path)


def test_shared_parameters_stay_shared(path):
    model = MLP(2, [2, 2, 1])
    model.layers[1].neurons = model.layers[0].neurons
    save(model, path)
    again = MLP(2, [2, 2, 1])
    again.layers[1].neurons = again.layers[0].neurons
    load(path, again)
    assert numbers(again) == numbers(model)


def test_extra_facts_come_back(path):
    facts = {"classes": ["a", "ü"], "means": [0.1, 1e300], "nested": {"none": None}}
    save(MLP(1, [1]), path, extra=facts)
    assert read_extra(path) == facts
    save(MLP(1, [1]), path)
    assert read_extra(path) == {}


# -- what does not fit -----------------------------------------------------------------------------------------------


def test_a_failed_write_leaves_the_old_file(path):
    save(MLP(1, [1]), path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save(MLP(1, [2]), path, extra={"set": {1}})
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_file_that_is_cut_off_anywhere_is_refused_and_changes_nothing(path):
    save(MLP(2, [3, 1], seed=1), path)
    whole = path.read_bytes()
    for length in [*range(16), *range(16, len(whole), 7)]:
        path.write_bytes(whole[:length])
        model = MLP(2, [3, 1], seed=2)
        before = numbers(model)
        with pytest.raises(SavedFileError, match="is no safetensors file, or is cut off"):
            load(path, model)
        assert numbers(model) == before


@pytest.mark.parametrize(
    ("saved", "message"),
    [
        (MLP(2, [4, 1]), r"layers.0.weight has shape \(4, 2\), not \(3, 2\)"),
        (MLP(2, [2, 1]), r"layers.0.weight has shape \(2, 2\), not \(3, 2\)"),
        (MLP(2, [3, 1, 1]), r"has no layers.2.bias: MLP"),
        (MLP(2, [3]), r"it has no layers.1.weight"),
        (Sequential(Layer(2, 3)), r"it has no layers.0.weight"),
    ],
)
def test_a_mismatching_file_is_refused_and_changes_nothing(saved, message, path):
    save(saved, path)
    model = MLP(2, [3, 1], seed=2)
    before = numbers(model)
    with pytest.raises(SavedFileError, match=message):
        load(path, model)
    assert numbers(model) == before


def write_with(path, facts, shape=(1, 2)):
    """Write a file by hand: a header that may say anything, and one tensor of zeros."""
    size = 8 * shape[0] * shape[1]
    header = {"__metadata__": facts, "weight": {"dtype": "F64", "shape": list(shape), "data_offsets": [0, size]}}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"\0" * size)


@pytest.mark.parametrize(
    "architecture",
    [
        "nonsense",
        "[" * 5000,
        "17",
        "[]",
        '{"kind": "os.system"}',
        '{"kind": ["MLP"]}',
        '{"kind": "MLP", "n_inputs": 2}',
        '{"kind": "Layer", "n_inputs": "2", "n_outputs": 1, "activation": "relu"}',
        '{"kind": "Layer", "n_inputs": 1, "n_outputs": 1, "activation": "__import__(1)"}',
        '{"kind": "Layer", "n_inputs": 1, "n_outputs": 1, "activation": 1}',
        '{"kind": "Layer", "n_inputs": -1, "n_outputs": 1, "activation": "relu"}',
        '{"kind": "Layer", "n_inputs": 1000000000, "n_outputs": 1000000000, "activation": "relu"}',
        '{"kind": "Layer", "n_inputs": 1000000, "n_outputs": 1000000, "activation": "relu"}',
        '{"kind": "MLP", "n_inputs": 100000, "widths": [100000], "activation": "relu", "last": "relu"}',
        '{"kind": "MLP", "n_inputs": 1, "widths": 1, "activation": "relu", "last": "relu"}',
        '{"kind": "Sequential", "stages": 1}',
        '{"kind": "Sequential", "stages": []}',
        '{"kind": "Dropout", "rate": 2}',
        '{"kind": "Dropout", "rate": NaN}',
        '{"kind": "BatchNorm", "n_inputs": 1, "momentum": "x", "epsilon": 1}',
    ],
)
def test_an_architecture_that_lies_is_refused_at_once(architecture, path):
    write_with(path, {"architecture": architecture})
    with pytest.raises(SavedFileError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_foreign_file_says_what_it_lacks(path):
    write_with(path, {})
    with pytest.raises(SavedFileError, match="without an architecture"):
        load(path)
    with pytest.raises(SavedFileError, match="is no checkpoint of a run: nothing to resume from"):
        load_checkpoint(run_of(MLP(1, [1])), path)
    write_with(path, {"run": "{}"})
    with pytest.raises(SavedFileError, match=r"it does not fit this run: 'kind' is missing$"):
        load_checkpoint(run_of(MLP(1, [1])), path)
    write_with(path, {"extra": "[1]"})
    with pytest.raises(SavedFileError, match="its extra facts are no dict"):
        read_extra(path)


@pytest.mark.parametrize("kind", ["int64", "bool", "uint8"])
def test_only_floats_are_parameters(kind, path):
    import numpy
    from safetensors.numpy import save_file

    save_file({"weights": numpy.ones(2, kind)}, path)
    with pytest.raises(SavedFileError, match=f"weights has numbers of type {kind}, not floats"):
        load(path)


@pytest.mark.parametrize("length", [1, 100, 250, 262, 263, 280, 400, 5000])
def test_what_stands_in_a_file_is_told_as_far_as_a_line_goes(length, path):
    import numpy
    from safetensors.numpy import save_file

    name = "w" * length
    save_file({name: numpy.ones(2, "int64")}, path)
    with pytest.raises(SavedFileError) as caught:
        load(path)
    said = str(caught.value).removeprefix(f"{path}: ")
    whole = f"{name} has numbers of type int64, not floats"
    assert said == (whole if len(whole) <= 300 else f"{whole[:300]}…")


def test_a_file_begins_with_its_header_filled_up_to_eight_bytes(path):
    for n in range(1, 9):
        save(MLP(2, [3, 1]), path, extra={"naïve": "é" * n})
        data = path.read_bytes()
        size = int.from_bytes(data[:8], "little")
        header = data[8 : 8 + size].decode()
        assert size % 8 == 0
        assert "naïve" in json.loads(json.loads(header)["__metadata__"]["extra"])
        assert "naïve" in header
        assert len(header) - len(header.rstrip(" ")) < 8


def test_errors_read_well(path, monkeypatch):
    with pytest.raises(FileNotFoundError):
        load(path)
    with pytest.raises(IsADirectoryError):
        load(path.parent)
    with pytest.raises(TypeError, match="what is saved is a Module, not function"):
        save(lambda x: x, path)

    class Hidden(Module):
        def __init__(self):
            self.pairs = [(Value(1.0), "one"), (Value(2.0), "two")]

    class Twice(Module):
        def __init__(self):
            self.weight, self.weights = Value(1.0), [Value(2.0)]

    with pytest.raises(
        TypeError, match=r"^weight cannot be saved: keep parameters as attributes, or in lists, of a mod"
    ):
        save(Twice(), path)
    with pytest.raises(TypeError, match=r"pairs.0.0 cannot be saved: keep parameters as attributes, or in lists, of a"):
        save(Hidden(), path)
    assert not path.exists()
    monkeypatch.setitem(__import__("sys").modules, "safetensors.numpy", None)
    with pytest.raises(ModuleNotFoundError, match=r'not installed: pip install "tapegrad\[save\]"$'):
        save(MLP(1, [1]), path)


# -- checkpoints -----------------------------------------------------------------------------------------------------

INPUTS = [[0.1 * k, 1.0 - 0.2 * (k % 7)] for k in range(30)]
CLASSES = [k * 7 % 3 for k in range(30)]


def run_of(model, epochs=12, *, seed=4, **options):
    settings = {"loss": "softmax_cross_entropy", "batch_size": 8, "validation": (INPUTS[:9], CLASSES[:9])} | options
    optimizer = settings.pop("optimizer", None) or Adam(model.parameters(), 0.05)
    schedule = settings.pop("schedule", lambda optimizer: None)(optimizer)
    targets = settings.pop("targets", CLASSES)
    return Training(
        model, INPUTS, targets, optimizer=optimizer, epochs=epochs, seed=seed, schedule=schedule, **settings
    )


def noisy(seed=3):
    return Sequential(Layer(2, 5, "tanh"), Dropout(0.2), BatchNorm(5), Layer(5, 3, "identity"), seed=seed)


OPTIONS = [
    {},
    {"schedule": lambda optimizer: CosineSchedule(optimizer, 12)},
    {"schedule": lambda optimizer: ReduceOnPlateau(optimizer, patience=1), "early_stopping": EarlyStopping(4)},
]


@pytest.mark.long
@pytest.mark.parametrize("options", OPTIONS, ids=["plain", "cosine", "plateau and early stopping"])
def test_a_resumed_run_continues_bit_by_bit(options, path):
    def started():
        fresh = dict(options)
        if "early_stopping" in fresh:
            fresh["early_stopping"] = EarlyStopping(4)
        return run_of(noisy(), **fresh)

    whole = started()
    epochs = list(whole)
    first = started()
    for _ in range(min(5, len(epochs) - 1)):
        next(first)
    first.save(path)
    second = started()
    second.resume(path)
    rest = list(second)
    assert rest == epochs[-len(rest) :]
    assert numbers(second.model) == numbers(whole.model)
    assert second.history == whole.history
    assert second.optimizer.state() == whole.optimizer.state()
    assert second.state() == whole.state()


def test_fit_writes_checkpoints_and_resumes(path):
    def fitted(epochs, **options):
        model = noisy()
        optimizer = SGD(model.parameters(), 0.05, 0.9)
        return model, fit(
            model,
            INPUTS,
            CLASSES,
            loss="softmax_cross_entropy",
            optimizer=optimizer,
            epochs=epochs,
            progress=False,
            batch_size=4,
            **options,
        )

    whole = fitted(6)
    fitted(3, checkpoint=path)
    again = fitted(6, resume=path)
    assert numbers(again[0]) == numbers(whole[0])
    assert again[1] == whole[1]


def test_the_model_of_a_checkpoint_can_be_loaded(path):
    run = run_of(noisy())
    next(run)
    run.save(path)
    assert numbers(load(path)) == numbers(run.model)


def test_an_interrupted_run_can_be_resumed(path):
    interrupted = []

    def interrupting(epoch):
        if epoch.number == 3 and not interrupted:
            interrupted.append(epoch)
            raise KeyboardInterrupt

    run = run_of(noisy(), epochs=5, callbacks=[interrupting])
    assert len(list(run)) == 2
    assert run.history.stopped == "interrupted after epoch 3 of 5"
    run.save(path)
    again = run_of(noisy(), epochs=5)
    again.resume(path)
    assert [epoch.number for epoch in again] == [4, 5]
    assert again.history.stopped is None


@pytest.mark.long
@pytest.mark.parametrize("validation", [None, (INPUTS[:9], CLASSES[:9])], ids=["without validation", "with it"])
def test_a_run_interrupted_within_an_epoch_is_resumed_from_its_beginning(validation, path):
    whole = run_of(noisy(), epochs=6, validation=validation)
    list(whole)
    run = run_of(noisy(), epochs=6, validation=validation)
    steps = []

    def interrupting(done):
        steps.append(done)
        if len(steps) == 4 * 4 - 1:  # in epoch 4, before its last batch
            raise KeyboardInterrupt

    run.on_batch_done = interrupting
    assert len(list(run)) == 3
    assert run.history.stopped == "interrupted in epoch 4 of 6"
    left = numbers(run.model)
    run.save(path)
    assert numbers(run.model) == left
    again = run_of(noisy(), epochs=6, validation=validation)
    again.resume(path)
    assert [epoch.number for epoch in again] == [4, 5, 6]
    assert numbers(again.model) == numbers(whole.model)
    assert again.history == whole.history


class Scaled:
    def __call__(self, sample):
        return [x * 2.0 for x in sample]


def test_functions_without_names_are_the_same_in_every_process(path):
    def started():
        model = Sequential(Layer(2, 3, functools.partial(pow, exp=2)), Scaled(), Layer(3, 3, "identity"))
        return run_of(model, loss=functools.partial(softmax_cross_entropy))

    run = started()
    next(run)
    run.save(path)
    assert b"0x" not in path.read_bytes()
    again = started()
    again.resume(path)
    assert len(again.history.training) == 1


def test_a_run_of_a_model_that_is_a_function_is_resumed_by_its_name(path):
    def started(name="scaled"):
        inner = Layer(2, 3, "tanh")

        def scaled(inputs):
            return [2.0 * score for score in inner(inputs)]

        scaled.__name__ = name
        optimizer = Adam(inner.parameters(), 0.05)
        return Training(scaled, INPUTS, CLASSES, loss="softmax_cross_entropy", optimizer=optimizer, epochs=3)

    run = started()
    next(run)
    run.save(path)
    again = started()
    again.resume(path)
    assert again.history.loss == run.history.loss
    with pytest.raises(SavedFileError, match="it was written with model scaled, this run has other"):
        started("other").resume(path)


def shared_row():
    model = MLP(2, [2, 1])
    model.layers[0].neurons[0].row = model.layers[0].neurons[1].row
    return model


def used_twice():
    layer = Layer(2, 2)
    return Sequential(layer, layer)


@pytest.mark.parametrize("make", [shared_row, used_twice])
def test_shared_parameters_are_loaded_into_a_model_that_shares_them(make, path):
    model = make()
    save(model, path)
    with pytest.raises(SavedFileError, match="holds parameters without an architecture: make the model yourself"):
        load(path)
    other = make()
    other.initialize(5)
    assert numbers(load(path, other)) == numbers(model)


def test_a_loaded_model_is_ready_to_predict(path):
    save(noisy(), path)
    assert load(path).training is False
    assert len(load(path)([0.5, 1.0])) == 3


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ([1], "the extra facts are a dict whose keys are texts"),
        ({1: "a"}, "the extra facts are a dict whose keys are texts"),
        ({"a": 1, "b": {2}}, "the extra fact 'b' is nothing that JSON can say: Object of type set"),
    ],
)
def test_extra_facts_that_json_cannot_say_are_refused(extra, message, path):
    with pytest.raises(TypeError, match=message):
        save(MLP(1, [1]), path, extra=extra)
    assert not path.exists()


@pytest.mark.parametrize("model", [MLP, abs, "model"])
def test_only_modules_are_loaded_into(model, path):
    save(MLP(1, [1]), path)
    with pytest.raises(TypeError, match="what is loaded into is a Module, such as"):
        load(path, model)
    with pytest.raises(TypeError, match="not int"):
        load(3)


def test_the_same_model_gives_the_same_bytes(path):
    written = set()
    for extra in [{"a": 1, "b": 2}, {"b": 2, "a": 1}] * 4:
        save(MLP(2, [3], seed=1), path, extra=extra)
        written.add(path.read_bytes())
    assert len(written) == 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda: run_of(noisy(), validation=None), r"written with validation 9 samples \(\w+\), this run has none"),
        (
            lambda: run_of(noisy(), targets=CLASSES[::-1]),
            r"with data 30 samples \(\w+\), this run has 30 samples \(\w+\)",
        ),
        (lambda: run_of(MLP(2, [3])), r"it was written with model Sequential\(.*\), this run has MLP\("),
        (lambda: run_of(noisy(), batch_size=7), "30 samples in batches of 8, this run has 30 samples in batches of 7"),
        (lambda: run_of(noisy(), batch_size=9), "30 samples in batches of 8, this run has 30 samples in batches of 9"),
        (lambda: run_of(noisy(), loss="multiclass_hinge"), "it was written with loss softmax_cross_entropy, this run"),
        (
            lambda: run_of(noisy(), schedule=lambda optimizer: CosineSchedule(optimizer, 3)),
            "it was written with schedule None, this run has CosineSchedule",
        ),
        (
            lambda: run_of(noisy(), early_stopping=3),
            r"it was written with early stopping None, this run has EarlyStopping\(",
        ),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_changes_nothing(other, message, path):
    run = run_of(noisy())
    next(run)
    save_checkpoint(run, path)
    mine = other()
    next(mine)
    before = mine.state()
    with pytest.raises(SavedFileError, match=message):
        load_checkpoint(mine, path)
    assert mine.state() == before


@pytest.mark.parametrize("change", [lambda best: [*best, 0.0], lambda best: best[:-1]], ids=["longer", "shorter"])
def test_a_best_epoch_of_another_size_is_refused_and_changes_nothing(change):
    run, mine = (run_of(noisy(), early_stopping=3) for _ in range(2))
    next(run)
    facts, values = run.state()
    before = mine.state()
    best = change(values["best"])
    with pytest.raises(ValueError, match=f"its best epoch has {len(best)} numbers, and this run changes 53"):
        mine.load_state(facts, values | {"best": best})
    assert mine.state() == before


def test_a_checkpoint_with_something_missing_is_refused_and_changes_nothing(path):
    run = run_of(noisy(), early_stopping=3)
    next(run)
    facts, values = run.state()
    mine = run_of(noisy(seed=9), early_stopping=3)
    before = mine.state()
    for name in values:
        if name != "best":
            with pytest.raises((KeyError, ValueError)):
                mine.load_state(facts, {key: each for key, each in values.items() if key != name})
        assert mine.state() == before
    for name in facts:
        with pytest.raises((KeyError, TypeError)):
            mine.load_state({key: each for key, each in facts.items() if key != name}, values)
        assert mine.state() == before
    with pytest.raises(ValueError):  # noqa: PT011 # Python's own words
        mine.load_state(facts | {"generators": facts["generators"][:1]}, values)
    assert mine.state() == before
    save(noisy(), path)
    with pytest.raises(SavedFileError, match="is no checkpoint"):
        load_checkpoint(mine, path)
