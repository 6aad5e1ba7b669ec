"""Saving: a model as a safetensors file, and a whole run as a checkpoint to go on from.

This room knows how parameters are laid out as tensors, and how a network is described in plain words. Reading a file
never runs anything that stands in it: an architecture is a name from a short list and numbers, each of them checked,
and a file that does not fit changes nothing. It does not know how a file is written whole (`nn.files`).

The file is the safetensors package's, so PyTorch and JAX open it. `layers.0.weight` has the shape
(n_outputs, n_inputs) and `layers.0.bias` (n_outputs,), as `torch.nn.Linear` lays them out; all numbers are float64.
"""

from __future__ import annotations

import importlib
import itertools
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import Value
from nn.activations import ACTIVATIONS, ActivationRow, activation_row
from nn.files import atomic_write
from nn.layers import MLP, Layer, Neuron, Perceptron
from nn.module import Module
from nn.stages import Activation, BatchNorm, Dropout, Sequential

if TYPE_CHECKING:
    from nn.trainer import Training

__all__ = ["SavedFileError", "load", "load_checkpoint", "read_extra", "save", "save_checkpoint"]

Path = str | os.PathLike[str]
FORMAT = "tapegrad 1"
RUN = "run."
"""What the tensors of a checkpoint begin with that are not the model's."""


class SavedFileError(ValueError):
    """A file cannot be loaded, or does not fit; the message is one line, and nothing has been changed."""


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
        TypeError: the model is no Module, or an extra fact is nothing that JSON can say.
        ModuleNotFoundError: the package safetensors is not installed.

    Example:
        >>> import tempfile
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


def load(path: Path, model: Module | None = None) -> Module:
    """Return the model of a file that `save` has written, or put its parameters into a model.

    Args:
        path: of the file.
        model: takes the parameters, if given; its parameters must have the names and shapes of those in the file.
            Otherwise the model is made from the architecture in the file, in evaluation mode, nothing frozen.

    Raises:
        OSError: the file cannot be read.
        SavedFileError: it is no such file, is cut off, or does not fit; a given model is unchanged.
        ModuleNotFoundError: the package safetensors is not installed.
    """
    if model is not None and not isinstance(model, Module):
        raise TypeError(f"what is loaded into is a Module, such as MLP(2, [1]), not {model!r}")
    facts, tensors = _read(path)
    if model is None:
        model = _built(path, facts, tensors).eval()
    _fill(path, model, {name: tensor for name, tensor in tensors.items() if not name.startswith(RUN)})
    return model


def read_extra(path: Path) -> dict[str, Any]:
    """Return the extra facts that were saved with a model; an empty dict where there are none.

    Raises:
        OSError: the file cannot be read.
        SavedFileError: it is no such file, or is cut off.
    """
    extra = _json(path, _read(path)[0].get("extra", "{}"))
    if not isinstance(extra, dict):
        raise SavedFileError(f"{os.fspath(path)}: its extra facts are no dict")
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
    """
    facts, tensors = _read(path)
    if "run" not in facts:
        raise SavedFileError(f"{os.fspath(path)} is no checkpoint of a run: nothing to resume from")
    numbers = {name[len(RUN) :]: each.numbers for name, each in tensors.items() if name.startswith(RUN)}
    try:
        run.load_state(_json(path, facts["run"]), numbers)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        reason = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise SavedFileError(f"{os.fspath(path)} does not fit this run: {reason}") from error


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
    inside: tuple[str, ...] = ()
    for name, module in model.named_modules():
        path = f"{name}." if name else ""
        if inside and path.startswith(inside):
            continue
        if isinstance(module, Layer):
            slots += _layer_slots(path, module)
            inside = (*inside, path)
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
    names = [slot.name for slot in slots]
    twice = {name for name in names if names.count(name) > 1}
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
            raise SavedFileError(f"{os.fspath(path)} does not fit {model!r}: it has no {name}")
        if tensors[name].shape != shape:
            raise SavedFileError(
                f"{os.fspath(path)} does not fit {model!r}: {name} has shape {tensors[name].shape}, not {shape}"
            )
    unknown = sorted(set(tensors) - set(expected))
    if unknown:
        raise SavedFileError(f"{os.fspath(path)} does not fit {model!r}, which has no {unknown[0]}")
    for slot in slots:
        slot.write(tensors[slot.name].numbers)


# -- architectures ---------------------------------------------------------------------------------------------------


def _described(module: Any) -> dict[str, Any] | None:
    """Return a module in plain words; None where they would not say all of it."""
    rule = _KINDS.get(type(module).__name__)
    if rule is None or type(module) is not rule.kind:
        return None
    facts = {name: _plain(getattr(module, name)) for name in rule.arguments}
    if any(fact is None for fact in facts.values()):
        return None
    description = {"kind": type(module).__name__} | facts
    twin = _made(description)
    same = repr(twin) == repr(module) and len(twin.parameters()) == len(module.parameters())  # fewer are shared ones
    return description if same and _regular(module) else None


def _plain(fact: Any) -> Any:
    """Return an attribute as JSON says it: numbers, names of activations, descriptions of stages; None for others."""
    if isinstance(fact, ActivationRow):
        known = fact.name.partition("(")[0] in ACTIVATIONS and activation_row(fact.name).function is not None
        return fact.name if known or fact.name == "identity" else None
    if isinstance(fact, list):
        parts = [_plain(each) for each in fact]
        return None if None in parts else parts
    if isinstance(fact, Module):
        return _described(fact)
    return fact if isinstance(fact, (int, float, str)) else None


def _regular(module: Module) -> bool:
    """Return whether every neuron of a layer still has the layer's activation and number of inputs."""
    layers = [each for _, each in module.named_modules() if isinstance(each, Layer)]
    return all(
        neuron.n_inputs == layer.n_inputs
        and neuron.activation.name == ("identity" if layer.activation.vector else layer.activation.name)
        for layer in layers
        for neuron in layer.neurons
    )


class _Kind(NamedTuple):
    """How a kind of module is described and made."""

    kind: type[Module]
    arguments: dict[str, Callable[[Any], Any]]
    make: Callable[..., Module]


def _size(number: Any) -> int:
    if type(number) is not int or not 1 <= number <= 10**7:
        raise SavedFileError(f"a number of neurons or inputs is a whole number above 0, not {_short(number)}")
    return number


def _share(number: Any) -> float:
    if type(number) not in (int, float) or not math.isfinite(number):
        raise SavedFileError(f"an option of a layer is a finite number, not {_short(number)}")
    return float(number)


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise SavedFileError(f"an activation is a name, not {_short(name)}")
    return name


def _sizes(numbers: Any) -> list[int]:
    if not isinstance(numbers, list):
        raise SavedFileError(f"the widths of an MLP are a list, not {_short(numbers)}")
    return [_size(number) for number in numbers]


def _stages(stages: Any) -> list[Module]:
    if not isinstance(stages, list):
        raise SavedFileError(f"the stages of a Sequential are a list, not {_short(stages)}")
    return [_made(stage) for stage in stages]


_KINDS: dict[str, _Kind] = {
    rule.kind.__name__: rule
    for rule in (
        _Kind(Neuron, {"n_inputs": _size, "activation": _name}, Neuron),
        _Kind(Layer, {"n_inputs": _size, "n_outputs": _size, "activation": _name}, Layer),
        _Kind(Perceptron, {"n_inputs": _size, "n_outputs": _size}, Perceptron),
        _Kind(
            MLP,
            {"n_inputs": _size, "widths": _sizes, "activation": _name, "last": _name},
            lambda n_inputs, widths, activation, last: MLP(n_inputs, widths, activation, last=last),
        ),
        _Kind(Sequential, {"stages": _stages}, lambda stages: Sequential(*stages)),
        _Kind(Activation, {"activation": _name}, Activation),
        _Kind(Dropout, {"rate": _share}, Dropout),
        _Kind(
            BatchNorm,
            {"n_inputs": _size, "momentum": _share, "epsilon": _share},
            lambda n_inputs, momentum, epsilon: BatchNorm(n_inputs, momentum=momentum, epsilon=epsilon),
        ),
    )
}


def _made(description: Any) -> Module:
    """Return the module that a description says, with parameters of any value."""
    if not isinstance(description, dict) or description.get("kind") not in _KINDS:
        raise SavedFileError(f"it does not describe a network of this package: {_short(description)}")
    rule = _KINDS[description["kind"]]
    given = {name: fact for name, fact in description.items() if name != "kind"}
    if set(given) != set(rule.arguments):
        raise SavedFileError(f"a {description['kind']} is described by {', '.join(rule.arguments)}")
    arguments = {name: check(given[name]) for name, check in rule.arguments.items()}
    return rule.make(**arguments)


def _count(description: Any) -> int:
    """Return how many parameters a description asks for, before any of them takes up memory."""
    if not isinstance(description, dict):
        return 0
    if isinstance(description.get("stages"), list):
        return sum(map(_count, description["stages"]))
    widths = [description.get("n_inputs", 0), *_list(description.get("widths", description.get("n_outputs", 1)))]
    if "n_inputs" not in description or not all(type(width) is int for width in widths):
        return 0
    return sum((before + 1) * width for before, width in itertools.pairwise(widths))


def _list(part: Any) -> list[Any]:
    return part if isinstance(part, list) else [part]


def _built(path: Path, facts: Mapping[str, str], tensors: Mapping[str, _Tensor]) -> Module:
    if "architecture" not in facts:
        raise SavedFileError(
            f"{os.fspath(path)} holds parameters without an architecture: make the model yourself, and call "
            "load(path, model)"
        )
    description = _json(path, facts["architecture"])
    stored = sum(len(tensor.numbers) for tensor in tensors.values())
    try:
        if _count(description) > stored:
            raise SavedFileError(f"it describes a network of more parameters than the {stored} it holds")
        return _made(description)
    except (ValueError, TypeError, RecursionError) as error:
        raise SavedFileError(f"{os.fspath(path)}: {error}") from error


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
    description = _described(model)
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


def _read(path: Path) -> tuple[dict[str, str], dict[str, _Tensor]]:
    """Return the facts and the tensors of a file."""
    package = _safetensors()
    with open(os.fspath(path), "rb"):  # a missing file gets Python's own error
        pass
    tensors: dict[str, _Tensor] = {}
    try:
        with package.safe_open(os.fspath(path), framework="numpy") as file:
            facts = dict(file.metadata() or {})
            for name in file.keys():  # noqa: SIM118 # no dict
                tensors[name] = _tensor(path, name, file.get_tensor(name))
    except (package.SafetensorError, TypeError, AttributeError) as error:
        raise SavedFileError(f"{os.fspath(path)} is no safetensors file, or is cut off: {error}") from error
    return facts, tensors


def _tensor(path: Path, name: str, array: Any) -> _Tensor:
    if array.dtype.kind != "f":
        raise SavedFileError(f"{os.fspath(path)}: {name} has numbers of type {array.dtype}, not floats")
    return _Tensor(tuple(array.shape), array.astype(float).ravel().tolist())


def _extra_text(extra: Any) -> str:
    if not isinstance(extra, Mapping) or not all(isinstance(key, str) for key in extra):
        raise TypeError("the extra facts are a dict whose keys are texts, such as {'classes': ['cat', 'dog']}")
    for key, fact in extra.items():
        try:
            _as_json(fact)
        except (TypeError, ValueError) as error:
            raise TypeError(f"the extra fact {key!r} is nothing that JSON can say: {error}") from None
    return _as_json(dict(extra))


def _as_json(facts: Any) -> str:
    return json.dumps(facts, ensure_ascii=False, sort_keys=True)


def _json(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SavedFileError(f"{os.fspath(path)}: its metadata cannot be read: {error}") from error


def _short(thing: Any) -> str:
    text = repr(thing)
    return text if len(text) <= 60 else f"{text[:57]}..."
