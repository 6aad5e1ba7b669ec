"""Saved models: refused in one line before anything large is made, or loaded, and then saved and loaded alike.

A safetensors file begins with the size of its header in eight bytes, and the header, which is JSON.
"""

from __future__ import annotations

import json
import math
import os
import struct
import tempfile
import tracemalloc
from functools import cache
from pathlib import Path
from typing import Any

from nn import MLP, Activation, BatchNorm, Dropout, Layer, Perceptron, Sequential
from nn.architecture import described
from nn.cli.recipe import Recipe, RecipeError
from nn.csv_files import TableError
from nn.saving import SavedFileError, load, read_extra, save
from nn.tables import Column, Encoding
from tests.fuzz.draw import Draw
from tests.fuzz.laws import FaultError, refused

__all__ = ["ODD", "broken", "check", "check_file", "file_of", "folder", "laid_out"]

ODD: list[Any] = [
    None, True, 0, -1, 1, 2, 3, 10**7, 10**9, -(10**9), 2**31, 2**63, 10**400, 0.5, -0.0, math.nan, math.inf, 1e308, "",
    "x", "relu", "softmax(1e-320)", "leaky_relu(nan)", "\ud7ff\n", "<b>", "a" * 500, [], [[]], {}, [1, 2], [0, 2**62],
    "MLP", "Layer", "Sequential", "F64", "F32", "F16", "BF16", "I64", "F8_E4M3", "\x1b[31m", "1e999", [1] * 70,
]  # fmt: skip
MODELS = [
    MLP(2, [2, 1], "tanh", seed=1),
    Sequential(Layer(1, 2, "elu(0.5)"), BatchNorm(2), Dropout(0.25), Activation("abs"), Layer(2, 1), seed=2),
    Perceptron(2, 1, seed=3),
    Sequential(Sequential(Layer(1, 1)), MLP(1, [1])),
]
MOST_MEMORY = 4 * 2**20
"""Bytes that Python may take for a file of up to 10 kB."""


@cache
def folder() -> Path:
    """Return a directory for the files of this process."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))


@cache
def _parts(number: int) -> tuple[str, bytes]:
    """Return header and data of a valid file."""
    model = MODELS[number]
    columns = [Column(f"c{k}") for k in range(model.n_inputs or 1)]
    recipe = Recipe("pets", Encoding(columns, "kind", ["cat", "dog"]), "hinge", None, None)
    path = folder() / "valid.safetensors"
    save(model, path, extra=recipe.as_json())
    whole = path.read_bytes()
    size = int.from_bytes(whole[:8], "little")
    return whole[8 : 8 + size].decode(), whole[8 + size :]


def laid_out(header: Any, data: bytes, size: int | None = None) -> bytes:
    """Return a file of a header, which may lie, and data."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if size is None else size % 2**64) + text + data


def file_of(data: bytes) -> bytes:
    """Return the file that some bytes make: any bytes, or a valid one in which something is changed."""
    draw = Draw(data)
    if draw.below(6) == 0:
        return draw.rest()
    text, numbers = _parts(draw.below(len(MODELS)))
    header = json.loads(text)
    facts = header["__metadata__"]
    name = draw.one_of(["architecture", "extra", "architecture", ""])
    if name:
        facts[name] = json.dumps(broken(draw, json.loads(facts[name])))
    else:
        header = broken(draw, header)
    whole = laid_out(header, numbers, draw.one_of([0, 1, 2**40, -1, 8]) if draw.likely(3) else None)
    return _bent(draw, whole) if draw.likely(10) else whole


def _bent(draw: Draw, whole: bytes) -> bytes:
    """Return a file that is cut off, or has a few other bytes."""
    if draw.likely(30):
        return whole[: draw.below(len(whole))]
    changed = bytearray(whole)
    for _ in range(draw.below(4) + 1):
        changed[draw.below(len(changed))] ^= 1 << draw.below(8)
    return bytes(changed)


def broken(draw: Draw, plain: Any) -> Any:
    """Return plain data in which one thing or a few are changed."""
    for _ in range(draw.below(3) + 1):
        plain = _changed(draw, plain)
    return plain


def _changed(draw: Draw, plain: Any) -> Any:
    children = (
        list(plain.items()) if isinstance(plain, dict) else list(enumerate(plain)) if isinstance(plain, list) else []
    )
    if not children or draw.likely(15):
        return _other(draw, plain)
    key, child = draw.one_of(children)
    changed = plain.copy()
    action = draw.below(20)
    if action == 0:
        del changed[key]
    elif action == 1 and isinstance(changed, dict):
        changed[draw.one_of(["", "kind", "stages", "x\n", "n_inputs"])] = child
    elif action == 1:
        changed *= draw.below(5)
    else:
        changed[key] = _changed(draw, child)
    return changed


def _other(draw: Draw, plain: Any) -> Any:
    kind = draw.below(6)
    if kind == 0:
        for _ in range(draw.one_of([1, 30, 60, 200])):
            plain = {"kind": "Sequential", "stages": [plain]} if isinstance(plain, dict) else [plain]
        return plain
    if kind == 1 and isinstance(plain, (int, float)):
        return draw.one_of([-plain, 2 * plain, 10 * plain, 1e308, plain // 2])
    if kind == 2 and isinstance(plain, (int, float)):
        return plain + draw.one_of([-1, 1, 2**20])
    if kind == 3:
        return described(MODELS[draw.below(len(MODELS))])
    return draw.one_of(ODD)


def check(data: bytes) -> None:
    """Check the file that some bytes make."""
    check_file(file_of(data))


def check_file(whole: bytes) -> None:
    """Raise where a saved model breaks a law."""
    path = folder() / "model.safetensors"
    path.write_bytes(whole)
    _parts(0)  # so that everything has been imported
    tracemalloc.start()
    try:
        _check_loaded(path)
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    if used > MOST_MEMORY + 400 * len(whole):
        raise FaultError(f"{used:,} bytes were taken for a file of {len(whole):,}")
    with refused(SavedFileError, RecipeError, TableError):
        recipe = Recipe.from_json(read_extra(path))
        if Recipe.from_json(json.loads(json.dumps(recipe.as_json()))) != recipe:
            raise FaultError(f"{recipe} is read back as another one")


def _check_loaded(path: Path) -> None:
    with refused(SavedFileError):
        model = load(path)
        again_path = path.with_name("again.safetensors")
        save(model, again_path)
        again = load(again_path)
        if repr(again) != repr(model) or _numbers(again) != _numbers(model):
            raise FaultError(f"{model!r} is read back as {again!r}")


def _numbers(model: Any) -> str:
    buffers = [buffer for _, module in model.named_modules() for _, buffer in module.buffers()]
    return repr([parameter.data for parameter in model.parameters()] + buffers)
