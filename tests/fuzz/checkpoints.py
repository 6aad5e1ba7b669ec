"""Checkpoints: refused in one line with the run where it was, or taken over so that the run can go on."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from nn import SGD, Adam, BatchNorm, CosineSchedule, Dropout, EarlyStopping, Layer, Sequential, Training
from nn.saving import SavedFileError, load_checkpoint, save_checkpoint
from tests.fuzz.draw import Draw
from tests.fuzz.laws import FaultError, refused
from tests.fuzz.saved import broken, folder, laid_out

__all__ = ["check", "check_file", "file_of"]

INPUTS = [[0.1, 0.2], [0.5, -0.3], [-0.4, 0.6], [0.7, 0.8]]
CLASSES = [0, 1, 0, 1]


def _run(kind: int) -> Training:
    layers = [Layer(2, 2, "tanh"), BatchNorm(2), Dropout(0.2), Layer(2, 2, "identity")]
    model = Sequential(*(layers if kind else [layers[0], layers[-1]]), seed=3)
    optimizer = Adam(model.parameters(), 0.01) if kind else SGD(model.parameters(), 0.01, 0.9)
    return Training(
        model,
        INPUTS,
        CLASSES,
        loss="softmax_cross_entropy",
        optimizer=optimizer,
        epochs=9,
        batch_size=2,
        seed=1,
        validation=(INPUTS, CLASSES) if kind else None,
        schedule=CosineSchedule(optimizer, 9) if kind else None,
        early_stopping=EarlyStopping(4) if kind else None,
        replay=bool(kind),
    )


@cache
def _parts(kind: int) -> tuple[str, bytes]:
    run = _run(kind)
    for _ in range(2):
        next(run)
    path = folder() / "valid checkpoint.safetensors"
    save_checkpoint(run, path)
    whole = path.read_bytes()
    size = int.from_bytes(whole[:8], "little")
    return whole[8 : 8 + size].decode(), whole[8 + size :]


def file_of(data: bytes) -> tuple[int, bytes]:
    """Return which run it is for, and the checkpoint that some bytes make: a valid one with something changed."""
    draw = Draw(data)
    kind = draw.below(2)
    text, numbers = _parts(kind)
    header = json.loads(text)
    if draw.likely(80):
        run = json.loads(header["__metadata__"]["run"])
        part = draw.one_of([*run, "history", "history", "history", ""])
        if part:
            run[part] = broken(draw, run[part])
        else:
            run = broken(draw, run)
        header["__metadata__"]["run"] = json.dumps(run)
    else:
        name = draw.one_of([each for each in header if each != "__metadata__"])
        header[draw.one_of(["run.best", "run.numbers", "x", name])] = header.pop(name)
    return kind, laid_out(header, numbers)


def check(data: bytes) -> None:
    """Check the checkpoint that some bytes make."""
    check_file(*file_of(data))


def check_file(kind: int, whole: bytes) -> None:
    """Raise where a checkpoint breaks a law."""
    path = folder() / "checkpoint.safetensors"
    path.write_bytes(whole)
    run = _run(kind)
    before = _state(run)
    with refused(SavedFileError):
        try:
            load_checkpoint(run, path)
        except SavedFileError:
            if _state(run) != before:
                raise FaultError("it was refused, and the run is another one") from None
            raise
        _check_goes_on(kind, run)


def _check_goes_on(kind: int, run: Training) -> None:
    again = _run(kind)
    path = folder() / "again.safetensors"
    save_checkpoint(run, path)
    load_checkpoint(again, path)
    if _state(again) != _state(run):
        raise FaultError("what was taken over is read back as another run")
    for _ in run:
        break
    str(run.history)
    run.history.summary()


def _state(run: Training) -> Any:
    facts, numbers = run.state()
    return json.dumps(facts, sort_keys=True), repr(sorted(numbers.items()))
