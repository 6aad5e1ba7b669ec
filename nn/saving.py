"""Saving: a model as a safetensors file, and a whole run as a checkpoint to go on from.

This room knows how parameters are laid out as tensors. Reading a file never runs anything that stands in it, and a file
that does not fit changes nothing. It does not know how a network is described in words (`nn.architecture`), nor how a
file is written whole (`nn.files`).

The file is the safetensors package's, so PyTorch and JAX open it. `layers.0.weight` has the shape
(n_outputs, n_inputs) and `layers.0.bias` (n_outputs,), as `torch.nn.Linear` lays them out; all numbers are float64.
"""

from __future__ import annotations

import importlib
import json
import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, overload

from autograd import Value
from nn.architecture import SavedFileError, described, made, n_parameters
from nn.checks import one_line
from nn.files import atomic_write
from nn.layers import Layer
from nn.module import Module

if TYPE_CHECKING:
    from nn.trainer import Training

__all__ = ["SavedFileError", "check_readable", "load", "load_checkpoint", "read_extra", "save", "save_checkpoint"]

Path = str | os.PathLike[str]
Loaded = TypeVar("Loaded", bound=Module)
FORMAT = "tapegrad 1"
RUN = "run."
"""What the tensors of a checkpoint begin with that are not the model's."""

LONGEST_MESSAGE = 300
"""Characters that an error says of what stands in a file."""


def save(model: Module, path: Path, *, extra: Mapping[str, Any] | None = None) -> None:
    """Write the parameters of a model, and what they belong to, as a safetensors file.

    The architecture goes with them, if the model consists of this package's layers with activations that have names;
    of other models only the parameters are written, to be loaded into a model of the same shape.

    Args:
        model: to be saved.
        path: of the file; it is replaced whole or not at all.
        extra: facts to go with it, of what JSON can say; see `read_extra`.

    Raises:
        OSError: the file cannot be written.
        TypeError: the model is no Module or keeps parameters where they are not found, or an extra fact is nothing that
            JSON can say.
        ModuleNotFoundError: the package safetensors is not installed.

    Example:
        >>> import tempfile
        >>> from nn import MLP
        >>> model = MLP(2, [3, 1], "tanh", seed=7)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(model, folder + "/model.safetensors")
        ...     again = load(folder + "/model.safetensors")
        >>> again
        MLP(2, [3, 1], 'tanh')
        >>> again([0.5, 1.0]).data == model([0.5, 1.0]).data
        True
    """
    if not isinstance(model, Module):
        raise TypeError(f"what is saved is a Module, not {type(model).__name__}")
    _write(path, model, {}, {} if extra is None else {"extra": _extra_text(extra)})


@overload
def load(path: Path, model: None = None) -> Module: ...
@overload
def load(path: Path, model: Loaded) -> Loaded: ...
def load(path: Path, model: Module | None = None) -> Module:
    """Return the model of a file that `save` has written, or put its parameters into a model.

    Args:
        path: of the file.
        model: takes the parameters, if given; its parameters must have the names and shapes of those in the file.
            Otherwise the model is made from the architecture in the file, in evaluation mode, nothing frozen.

    Raises:
        OSError: the file cannot be read.
        SavedFileError: it is no such file, is cut off, or does not fit; a given model is unchanged.
        TypeError: the model is no Module.
        ModuleNotFoundError: the package safetensors is not installed.

    Example:
        >>> import tempfile
        >>> from nn import MLP
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(MLP(1, [1], seed=1), folder + "/line.safetensors")
        ...     line = load(folder + "/line.safetensors", MLP(1, [1], seed=2))
        >>> line([2.0]).data == MLP(1, [1], seed=1)([2.0]).data
        True
    """
    if model is not None and not isinstance(model, Module):
        raise TypeError(f"what is loaded into is a Module, such as MLP(2, [1]), not {model!r}")
    facts, tensors = _read(path)
    if model is None:
        model = _built(path, facts, tensors)
    _fill(path, model, {name: tensor for name, tensor in tensors.items() if not name.startswith(RUN)})
    return model


def read_extra(path: Path) -> dict[str, Any]:
    """Return the extra facts that were saved with a model; an empty dict where there are none.

    Args:
        path: of a file that `save` has written.

    Raises:
        OSError: the file cannot be read.
        SavedFileError: it is no such file, or is cut off.
        ModuleNotFoundError: the package safetensors is not installed.

    Example:
        >>> import tempfile
        >>> from nn import MLP
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(MLP(1, [2]), folder + "/pets.safetensors", extra={"classes": ["cat", "dog"]})
        ...     read_extra(folder + "/pets.safetensors")
        {'classes': ['cat', 'dog']}
    """
    extra = _json(path, _read(path)[0].get("extra", "{}"))
    if not isinstance(extra, dict):
        raise _refusal(path, "its extra facts are no dict")
    return extra


def save_checkpoint(run: Training, path: Path) -> None:
    """Write everything that a run needs to go on bit by bit as if it had not been interrupted.

    That is the model, the optimizer, the schedule, what was drawn from, and the history; not the data. The file is
    also one that `load` takes the model from.

    Args:
        run: between two epochs.
        path: of the file; it is replaced whole or not at all.

    Raises:
        OSError: the file cannot be written.
        ModuleNotFoundError: the package safetensors is not installed.

    Example:
        >>> import tempfile
        >>> from nn import MLP, SGD, training
        >>> def made():
        ...     model = MLP(1, [1])
        ...     return training(model, [[0.0], [1.0]], [1.0, 3.0], loss="mean_squared_error",
        ...                     optimizer=SGD(model.parameters(), 0.2), epochs=4)
        >>> run, resumed = made(), made()
        >>> done = next(run)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_checkpoint(run, folder + "/run.safetensors")
        ...     load_checkpoint(resumed, folder + "/run.safetensors")
        >>> next(resumed).training == next(run).training  # of the second epoch
        True
    """
    facts, numbers = run.state()
    tensors = {RUN + name: (each, (len(each),)) for name, each in numbers.items()}
    _write(path, run.model if isinstance(run.model, Module) else Module(), tensors, {"run": _as_json(facts)})


def load_checkpoint(run: Training, path: Path) -> None:
    """Put a run where it was when the checkpoint was written.

    Args:
        run: made with the same arguments as the one that wrote the checkpoint.
        path: of the file.

    Raises:
        OSError: the file cannot be read.
        SavedFileError: it is no checkpoint, is cut off, or was written by another kind of run; nothing is changed.
        ModuleNotFoundError: the package safetensors is not installed.

    Example:
        >>> import tempfile
        >>> from nn import MLP, SGD, training
        >>> def made():
        ...     model = MLP(1, [1])
        ...     return training(model, [[0.0], [1.0]], [1.0, 3.0], loss="mean_squared_error",
        ...                     optimizer=SGD(model.parameters(), 0.2), epochs=4)
        >>> run, resumed = made(), made()
        >>> epochs = [str(epoch) for epoch in run]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_checkpoint(run, folder + "/run.safetensors")
        ...     load_checkpoint(resumed, folder + "/run.safetensors")
        >>> len(epochs), len(resumed.history.loss)
        (4, 4)
    """
    facts, tensors = _read(path)
    if "run" not in facts:
        raise _refusal(path, "it is no checkpoint of a run: nothing to resume from")
    numbers = {name[len(RUN) :]: each.numbers for name, each in tensors.items() if name.startswith(RUN)}
    try:
        run.load_state(_json(path, facts["run"]), numbers)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        reason = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise _refusal(path, f"it does not fit this run: {reason}") from error


# -- parameters as tensors -------------------------------------------------------------------------------------------


class _Slot(NamedTuple):
    """One tensor of a model: where its numbers are read from and written to."""

    name: str
    shape: tuple[int, ...]
    parameters: list[Value]
    buffer: list[float] | None = None

    def read(self) -> list[float]:
        return [each.data for each in self.parameters] if self.buffer is None else list(self.buffer)

    def write(self, numbers: Sequence[float]) -> None:
        if self.buffer is not None:
            self.buffer[:] = numbers
        for parameter, number in zip(self.parameters, numbers):
            parameter.data = number


def _slots(model: Module) -> list[_Slot]:
    """Return the tensors of a model; parameters that stand beside each other in a list are one tensor."""
    slots: list[_Slot] = []
    inside = "."  # what no path begins with
    for name, module in model.named_modules():
        path = f"{name}." if name else ""
        if path.startswith(inside):
            continue
        if isinstance(module, Layer):
            slots += _layer_slots(path, module)
            inside = path or inside
        else:
            slots += _own_slots(path, module)
        slots += [_Slot(path + _TORCH.get(key, key), (len(each),), [], each) for key, each in module.buffers()]
    return slots


def _layer_slots(path: str, layer: Layer) -> Iterator[_Slot]:
    rows = [neuron.weights for neuron in layer.neurons]
    yield _Slot(f"{path}weight", (len(rows), layer.n_inputs), [weight for row in rows for weight in row])
    yield _Slot(f"{path}bias", (len(rows),), [neuron.bias for neuron in layer.neurons])
    slope = layer.activation.function
    if isinstance(slope, Module):
        yield from _own_slots(f"{path}activation.", slope)


def _own_slots(path: str, module: Module) -> Iterator[_Slot]:
    """Yield a tensor for each attribute of a module that is a parameter, or a list of parameters."""
    for key, part in module.parts():
        if isinstance(part, Value) and part.is_leaf:
            yield _Slot(path + _TORCH.get(key, key), (), [part])
        elif isinstance(part, (list, tuple)) and part and all(isinstance(each, Value) for each in part):
            leaves = [each for each in part if each.is_leaf]
            yield _Slot(path + _TORCH.get(key, key), (len(leaves),), leaves)


_TORCH = {"weights": "weight", "scale": "weight", "shift": "bias", "running_variance": "running_var"}


def _check_complete(model: Module, slots: Sequence[_Slot]) -> None:
    """Raise where a parameter would not be written: it stands somewhere that has no tensor."""
    written = {id(parameter) for slot in slots for parameter in slot.parameters}
    lost = [name for name, parameter in model.named_parameters() if id(parameter) not in written]
    twice = {name for name, count in Counter(slot.name for slot in slots).items() if count > 1}
    if lost or twice:
        where = lost[0] if lost else min(twice)
        raise TypeError(
            f"{where} cannot be saved: keep parameters as attributes, or in lists, of a module of their own"
        )


def _fill(path: Path, model: Module, tensors: Mapping[str, _Tensor]) -> None:
    """Put the tensors of a file into a model; raise before anything changes where they do not fit."""
    slots = _slots(model)
    _check_complete(model, slots)
    expected = {slot.name: slot.shape for slot in slots}
    for name, shape in expected.items():
        if name not in tensors:
            raise _refusal(path, f"it has no {name}: it does not fit {model!r}")
        if tensors[name].shape != shape:
            raise _refusal(path, f"{name} has shape {tensors[name].shape}, not {shape}: it does not fit {model!r}")
    unknown = sorted(set(tensors) - set(expected))
    if unknown:
        raise _refusal(path, f"it does not fit a model that has no {unknown[0]}: {model!r}")
    for slot in slots:
        slot.write(tensors[slot.name].numbers)


def _built(path: Path, facts: Mapping[str, str], tensors: Mapping[str, _Tensor]) -> Module:
    if "architecture" not in facts:
        raise _refusal(
            path, "it holds parameters without an architecture: make the model yourself, and call load(path, model)"
        )
    description = _json(path, facts["architecture"])
    stored = sum(len(tensor.numbers) for tensor in tensors.values())
    try:
        if n_parameters(description) > stored:
            raise SavedFileError(f"it describes a network of more parameters than the {stored} it holds")
        return made(description).eval()
    except (ValueError, TypeError, RecursionError) as error:
        raise _refusal(path, str(error)) from error


# -- the file --------------------------------------------------------------------------------------------------------


class _Tensor(NamedTuple):
    shape: tuple[int, ...]
    numbers: list[float]


def _safetensors() -> Any:
    try:
        package = importlib.import_module("safetensors")
        importlib.import_module("safetensors.numpy")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'saving and loading needs safetensors, which is not installed: pip install "tapegrad[save]"'
        ) from error
    return package


def _write(
    path: Path, model: Module, tensors: Mapping[str, tuple[list[float], tuple[int, ...]]], facts: Mapping[str, str]
) -> None:
    package = _safetensors()
    import numpy

    slots = _slots(model)
    _check_complete(model, slots)
    layout = {slot.name: (slot.read(), slot.shape) for slot in slots} | dict(tensors)
    arrays = {
        name: numpy.array(numbers, dtype=numpy.float64).reshape(shape) for name, (numbers, shape) in layout.items()
    }
    description = described(model)
    metadata = {"format": FORMAT} | ({"architecture": _as_json(description)} if description else {}) | dict(facts)
    data = _in_order(package.numpy.save(arrays, metadata=metadata))
    with atomic_write(path, binary=True) as file:
        file.write(data)


def _in_order(data: bytes) -> bytes:
    """Return a safetensors file whose facts are sorted: the package writes them in an order that differs every time.

    A file begins with the size of its header, in 8 bytes, and the header, which is JSON filled up with spaces.
    """
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def check_readable(path: Path) -> None:
    """Raise OSError where there is no file or it may not be read, and SavedFileError where it is a pipe."""
    if stat.S_ISFIFO(os.stat(os.fspath(path)).st_mode):
        raise _refusal(path, "it is a pipe, and numbers are read from a file: write it to one first")
    with open(os.fspath(path), "rb"):
        pass


def _read(path: Path) -> tuple[dict[str, str], dict[str, _Tensor]]:
    """Return the facts and the tensors of a file."""
    package = _safetensors()
    check_readable(path)  # what cannot be opened gets Python's own error
    tensors: dict[str, _Tensor] = {}
    try:
        with package.safe_open(os.fspath(path), framework="numpy") as file:
            facts = dict(file.metadata() or {})
            for name in file.keys():  # noqa: SIM118 # no dict
                tensors[name] = _tensor(path, name, file.get_tensor(name))
    except SavedFileError:
        raise
    except (package.SafetensorError, ValueError, TypeError, AttributeError) as error:
        raise _refusal(path, f"it is no safetensors file, or is cut off: {error}") from error
    return facts, tensors


def _tensor(path: Path, name: str, array: Any) -> _Tensor:
    if array.dtype.kind != "f":
        raise _refusal(path, f"{name} has numbers of type {array.dtype}, not floats")
    return _Tensor(tuple(array.shape), array.astype(float).ravel().tolist())


def _refusal(path: Path, reason: str) -> SavedFileError:
    """Return the error for what stands in a file: one line, however long the names and texts in the file are."""
    text = one_line(reason[:LONGEST_MESSAGE])
    shown = text if max(len(text), len(reason)) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}…"
    return SavedFileError(f"{os.fspath(path)}: {shown}")


def _extra_text(extra: Any) -> str:
    if not isinstance(extra, Mapping) or not all(isinstance(key, str) for key in extra):
        raise TypeError("the extra facts are a dict whose keys are texts, such as {'classes': ['cat', 'dog']}")
    for key, fact in extra.items():
        try:
            _as_json(fact).encode()
        except (TypeError, ValueError) as error:
            raise TypeError(f"the extra fact {key!r} is nothing that JSON can say: {error}") from None
    return _as_json(dict(extra))


def _as_json(facts: Any) -> str:
    return json.dumps(facts, ensure_ascii=False, sort_keys=True)


def _json(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refusal(path, f"its metadata cannot be read: {error}") from error
