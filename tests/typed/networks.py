"""What type checkers know of `nn`: see `tests/typed/engine.py`. What a model answers is Any: one number, or a list."""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, assert_type

import nn
from autograd import Value, mean
from nn.history import Epoch
from nn.layers import Layer
from nn.module import Module
from nn.optimizers import Optimizer
from nn.regularizers import Regularizer
from nn.reports import Report
from nn.samples import Dataset

data = nn.moons(20, noise=0.1, seed=1)
model = nn.MLP(2, [3, 2], "tanh", seed=7)


def modules() -> None:
    assert_type(model, nn.MLP)
    assert_type(model([0.5, 1.0]), Any)
    assert_type(model.parameters(), list[Value])
    assert_type(model.summary(), str)
    assert_type(model.eval(), nn.MLP)
    assert_type(model.train(), nn.MLP)
    assert_type(model.freeze().unfreeze(), nn.MLP)
    assert_type(dict(model.named_parameters()), dict[str, Value])
    assert_type(model.zero_grad(), None)
    layer = nn.Layer(2, 3, "relu")
    assert_type(layer, Layer)
    assert_type(layer.n_inputs, int)
    assert_type(nn.Sequential(layer, nn.Dropout(0.2), nn.BatchNorm(3)).parameters(), list[Value])
    assert_type(nn.Neuron(2).weights, tuple[Value, ...])


def own_module() -> None:
    class Line(Module):
        def __init__(self) -> None:
            self.slope = Value(1.0)

        def __call__(self, x: Value | float) -> Value:
            return self.slope * x

    line = Line()
    assert_type(line(2.0), Value)
    assert_type(line.eval(), Line)
    assert_type(line.parameters(), list[Value])


def data_sets() -> None:
    assert_type(data, Dataset)
    assert_type(data.inputs, list[list[float]])
    assert_type(data.classes, list[str])


def plain_loop() -> None:
    line = nn.MLP(1, [1])
    optimizer = nn.SGD(line.parameters(), 0.2)
    for _ in range(2):
        optimizer.zero_grad()
        loss = mean([nn.mean_squared_error(line(x), y) for x, y in [([0.0], 1.0), ([1.0], 3.0)]])
        loss.backward()
        assert_type(optimizer.step(), None)
    optimizers: list[Optimizer] = [nn.Adam(line.parameters(), 0.1), optimizer]
    assert_type(nn.CosineSchedule(optimizers[0], 50), nn.CosineSchedule)
    assert_type(nn.L2(1e-3) + nn.MaxNorm(3.0), Regularizer)


def training() -> None:
    history = nn.fit(
        model,
        data.inputs,
        data.targets,
        loss="softmax_cross_entropy",
        optimizer=nn.Adam(model.parameters(), 0.05),
        epochs=2,
        validation=(data.inputs, data.targets),
        regularizer=nn.L2(1e-3),
        clip_norm=1.0,
        progress=False,
    )
    assert_type(history, nn.History)
    assert_type(history.loss, list[float])
    assert_type(history.engine, str)
    assert_type(history.fallback, str | None)
    assert_type(history.gradient_norms, dict[str, list[float]])
    assert_type(history.best_epoch, int)
    assert_type(nn.report(history), Report)
    rate = nn.SGD(model.parameters(), 0.1)
    epochs = nn.training(model, data.inputs, data.targets, loss="softmax_cross_entropy", optimizer=rate, epochs=1)
    for epoch in epochs:
        assert_type(epoch, Epoch)
        assert_type(epoch.training.loss, float)


def predictions() -> None:
    assert_type(nn.predict(model, data.inputs), Any)
    assert_type(nn.predict_class(model, data.inputs, loss="softmax_cross_entropy"), list[Any])
    score = nn.score(model, data.inputs, data.targets, loss="softmax_cross_entropy")
    assert_type(score.loss, float)
    assert_type(score.accuracy, float | None)


def files() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")
        assert_type(nn.save(model, path), None)
        assert_type(nn.load(path), Module)
        assert_type(nn.load(path, model), nn.MLP)


def wrong() -> None:
    nn.MLP("2", [1])  # type: ignore[arg-type]
    nn.MLP(2)  # type: ignore[call-arg]
    nn.SGD(model, 0.1)  # type: ignore[arg-type]
    nn.fit(model, data.inputs)  # type: ignore[call-arg]
    nn.save(3, "model.safetensors")  # type: ignore[arg-type]
    nn.load("model.safetensors", 3)  # type: ignore[call-overload]
    nn.no_such_layer()  # type: ignore[attr-defined]
