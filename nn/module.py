"""Module: something with parameters, and the walks that find them.

This room knows that a network is a tree of modules whose leaves are parameters, that it is either being trained or
used, and that some parameters may be frozen. It does not know what a layer computes, nor how parameters are trained.
"""

from __future__ import annotations

import random
import weakref
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Self, cast

from autograd import Value, no_grad
from nn.checks import counted
from nn.columns import aligned
from nn.initializers import Seed, as_generator

__all__ = ["Module", "any_frozen", "evaluating", "in_detail", "is_frozen", "is_in_detail", "plain"]


class Module:
    """Base of everything that has parameters.

    A subclass assigns its parameters (leaf Values), its submodules, and lists, tuples or dicts of either, to
    attributes; they are found in the order of assignment. Attributes whose names begin with an underscore are left out.
    It computes the output for one sample in `__call__`.

    Example:
        >>> from autograd import Value
        >>> class Line(Module):
        ...     def __init__(self) -> None:
        ...         self.slope, self.offset = Value(2.0), Value(1.0)
        ...     def __call__(self, x):
        ...         return self.slope * x + self.offset
        >>> line = Line()
        >>> [name for name, parameter in line.named_parameters()]
        ['slope', 'offset']
        >>> line(3.0).backward()
        >>> line.slope.grad
        3.0
        >>> line
        Line(2 parameters)
    """

    _training: bool = True
    unit: bool = False
    """Whether summaries and histories show the module as one line, and not what it is made of."""
    couples_samples: bool = False
    """Whether the output for one sample of a batch depends on the others while training."""

    def __call__(self, inputs: Any) -> Any:
        """Return the output for one sample: a number, or a list of numbers."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it computes: define __call__")

    def on_batch(self, samples: Sequence[Any]) -> list[Any]:
        """Return the output for each sample of a batch.

        Only modules that look at several samples at once (`BatchNorm`, and what contains it) compute something else
        than one call per sample.

        Example:
            >>> from nn import Neuron
            >>> [output.data for output in Neuron(1).on_batch([[0.0], [0.0]])]
            [0.0, 0.0]
        """
        return [self(sample) for sample in samples]

    def on_arrays(self, samples: Any) -> Any:
        """Return the outputs for an array of samples as an array, in evaluation mode; nothing is recorded.

        Args:
            samples: numbers, of shape (n_samples, n_inputs).

        Returns:
            An array of shape (n_samples, n_outputs). Sums may be rounded otherwise than sample by sample.

        Raises:
            ValueError: the samples have another shape.
            TypeError: they are not real numbers.

        Example:
            >>> import numpy
            >>> from nn import Layer
            >>> Layer(2, 3).on_arrays(numpy.zeros((5, 2))).shape
            (5, 3)
        """
        import numpy

        with no_grad(), evaluating(self):
            outputs = [plain(self(sample)) for sample in numpy.asarray(samples).tolist()]
        width = -1 if outputs else getattr(self, "n_outputs", None) or 0
        return numpy.array(outputs, dtype=float).reshape(len(outputs), width)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({counted(len(self.parameters()), 'parameter')})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return what a notebook shows: the network as circles and lines, where it can be drawn so, and the text."""
        from nn.diagrams import network_diagram

        del include, exclude
        text = {"text/plain": repr(self)}
        try:
            return {"image/svg+xml": network_diagram(self).svg} | text
        except TypeError:  # not made of this package's layers
            return text

    def __init_subclass__(cls, **options: Any) -> None:
        """Let a class that computes something of its own do so for batches and arrays too, unless it says how."""
        super().__init_subclass__(**options)
        if "__call__" in vars(cls) or "outputs" in vars(cls):
            for name in ("on_batch", "on_arrays"):
                if name not in vars(cls):
                    setattr(cls, name, getattr(Module, name))

    # -- what it is made of ------------------------------------------------------------------------------------------

    def parts(self) -> list[tuple[str, Any]]:
        """Return (name, part) for everything the module is made of, in order: parameters, modules, lists of them."""
        return [(name, part) for name, part in vars(self).items() if not name.startswith("_")]

    def buffers(self) -> list[tuple[str, list[float]]]:
        """Return (name, numbers) for what the module learns without gradients, as lists to be changed in place.

        Numbers such as the running averages of `BatchNorm`; no module has any otherwise.
        """
        return []

    def generator(self) -> random.Random | None:
        """Return what the module draws from in each call while it is trained, as `Dropout` does; None for nothing."""
        return None

    def parameters(self) -> list[Value]:
        """Return the parameters in order; one that is used in several places is listed once.

        Example:
            >>> from nn import MLP
            >>> len(MLP(2, [16, 16, 1]).parameters())
            337
        """
        return [parameter for _, parameter in self.named_parameters()]

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Yield (name, parameter) in order; the name is the path of attributes and positions that leads there.

        Example:
            >>> from nn import Neuron
            >>> [name for name, parameter in Neuron(2).named_parameters()]
            ['weights.0', 'weights.1', 'bias']
        """
        yield from [(name, part) for name, part in _walk(self, "", set()) if isinstance(part, Value)]

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """Yield (name, module) for the module itself, called "", and for every module inside, in order.

        Example:
            >>> from nn import Layer
            >>> [name for name, module in Layer(3, 2).named_modules()]
            ['', 'neurons.0', 'neurons.1']
        """
        yield from [(name, part) for name, part in _walk(self, "", set()) if isinstance(part, Module)]

    def named_units(self) -> Iterator[tuple[str, Module, list[Value]]]:
        """Yield (name, module, parameters) for each line of a summary: a layer, or a module with parameters of its own.

        A parameter that is used in several places is listed once, in the first line that has it.

        Example:
            >>> from nn import MLP
            >>> [(name, len(parameters)) for name, module, parameters in MLP(2, [3, 1]).named_units()]
            [('layers.0', 9), ('layers.1', 4)]
        """
        yield from _units(self, "", set())

    # -- its state ---------------------------------------------------------------------------------------------------

    @property
    def training(self) -> bool:
        """Whether the module is being trained, which `Dropout` and `BatchNorm` ask; see `train` and `eval`."""
        return self._training and id(self) not in _EVALUATED.get()

    @training.setter
    def training(self, mode: bool) -> None:
        self._training = bool(mode)

    def zero_grad(self) -> None:
        """Set the `.grad` of every parameter to 0.0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def train(self, mode: bool = True) -> Self:
        """Put the module and all inside into training, and return it.

        Args:
            mode: False for evaluation instead.
        """
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Put the module and all inside into evaluation, as for predictions, and return it."""
        return self.train(False)

    def freeze(self) -> Self:
        """Keep every optimizer from moving the parameters, and return the module; gradients are still computed.

        Example:
            >>> from nn import MLP, SGD
            >>> model = MLP(1, [2, 1])
            >>> optimizer = SGD(model.parameters(), 0.1)
            >>> _ = model.layers[0].freeze()
            >>> before = model.layers[0].neurons[0].bias.data
            >>> model([1.0]).backward()
            >>> optimizer.step()
            >>> model.layers[0].neurons[0].bias.data == before
            True
        """
        for parameter in self.parameters():
            _freeze(parameter)
        return self

    def unfreeze(self) -> Self:
        """Let optimizers move the parameters again, and return the module."""
        for parameter in self.parameters():
            _FROZEN.pop(id(parameter), None)
        return self

    def initialize(self, seed: Seed = 0) -> Self:
        """Draw all weights anew, from one generator, and return the module.

        Args:
            seed: an int, or a `random.Random` to draw from.

        Raises:
            ValueError: the seed is negative.
            TypeError: it is neither an int nor a `random.Random`.
        """
        generator = as_generator(seed)
        for _, module in self.named_modules():
            module.draw(generator)
        return self

    def draw(self, generator: random.Random) -> None:
        """Draw what the module itself, not a module inside, starts from; see `initialize`.

        Args:
            generator: what to draw from.
        """

    def summary(self) -> str:
        """Return a table of the layers, with their shapes and how many parameters they have.

        Example:
            >>> from nn import MLP
            >>> print(MLP(2, [3, 1], "tanh").summary())
            layer     kind                    inputs  outputs  parameters
            layers.0  Layer(2, 3, 'tanh')          2        3           9
            layers.1  Layer(3, 1, 'identity')      3        1           4
            total                                                      13
        """
        heads = ("layer", "kind", "inputs", "outputs", "parameters")
        lines = [heads, *(_summary_line(*unit) for unit in self.named_units())]
        lines.append(("total", "", "", "", _count_text(self.parameters())))
        return aligned(lines, n_words=2)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy or a pickle keeps: the attributes, and which parameters are frozen."""
        frozen = [parameter for parameter in self.parameters() if is_frozen(parameter)]
        return {**vars(self), "_frozen": frozen} if frozen else dict(vars(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        for parameter in state.pop("_frozen", ()):
            _freeze(parameter)
        vars(self).update(state)


# -- frozen parameters -----------------------------------------------------------------------------------------------

_FROZEN: dict[int, weakref.ref[Value]] = {}  # by identity: Values are equal when their numbers are


def is_frozen(parameter: Value) -> bool:
    """Return whether optimizers leave a parameter where it is; see `Module.freeze`."""
    return id(parameter) in _FROZEN


def any_frozen() -> bool:
    """Return whether any parameter of any module is frozen."""
    return bool(_FROZEN)


def _freeze(parameter: Value) -> None:
    key = id(parameter)
    _FROZEN[key] = weakref.ref(parameter, lambda _: _FROZEN.pop(key, None))


# -- evaluation ------------------------------------------------------------------------------------------------------


_EVALUATED: ContextVar[frozenset[int]] = ContextVar("evaluated", default=frozenset())  # modules, by identity


@contextmanager
def evaluating(model: Any) -> Generator[None]:
    """Make a context in which a model is in evaluation mode, whatever its own mode, which stays as it is.

    It counts in this thread or task alone: another one can go on training the model.

    Args:
        model: a `Module`; with any other function nothing happens.

    Example:
        >>> from nn import Dropout
        >>> dropout = Dropout(0.5)
        >>> with evaluating(dropout):
        ...     dropout.training
        False
        >>> dropout.training
        True
    """
    modules = [module for _, module in model.named_modules()] if isinstance(model, Module) else []
    token = _EVALUATED.set(_EVALUATED.get().union(map(id, modules)))
    try:
        yield
    finally:
        _EVALUATED.reset(token)


_IN_DETAIL: ContextVar[bool] = ContextVar("in_detail", default=False)


@contextmanager
def in_detail() -> Generator[None]:
    """Make a context in which every neuron of a layer is recorded by itself, in a scope of its own, for pictures.

    The numbers are the same; recording takes longer.

    Example:
        >>> from autograd import Tape
        >>> from nn import Layer
        >>> with in_detail():
        ...     outputs = Layer(1, 2, "tanh")([0.5])
        >>> sorted({line.scope for line in Tape.of(*outputs).lines() if line.kind == "node"})
        [('layer', 'neuron 0'), ('layer', 'neuron 1')]
    """
    token = _IN_DETAIL.set(True)
    try:
        yield
    finally:
        _IN_DETAIL.reset(token)


def is_in_detail() -> bool:
    """Return whether neurons are to be recorded one by one; see `in_detail`."""
    return _IN_DETAIL.get()


def plain(output: Any) -> Any:
    """Return an output as floats: of a number a float, of a list, a tuple or an array a list.

    Raises:
        TypeError: it is anything else.

    Example:
        >>> plain([Value(1.0), 2])
        [1.0, 2.0]
    """
    if isinstance(output, Value):
        return output.data
    given = output.tolist() if hasattr(output, "tolist") else output
    if isinstance(given, (list, tuple)):
        return [plain(each) for each in cast("Sequence[Any]", given)]
    if not hasattr(given, "__float__"):
        raise TypeError(f"the output of a model is a number or a list of numbers, not {type(given).__name__}")
    return float(given)


# -- walks -----------------------------------------------------------------------------------------------------------


def _walk(part: Any, name: str, seen: set[int]) -> list[tuple[str, Any]]:
    """Return (name, part) for each parameter and module in a part, itself included, in order and once."""
    found: list[tuple[str, Any]] = []
    _collect(part, name, seen, found)
    return found


def _collect(part: Any, name: str, seen: set[int], found: list[tuple[str, Any]]) -> None:
    if isinstance(part, (Value, Module)):
        if id(part) in seen or (isinstance(part, Value) and not part.is_leaf):  # not by ==, which compares numbers
            return
        seen.add(id(part))
        found.append((name, part))
    if not isinstance(part, Value):
        for key, inner in _inner(part):
            _collect(inner, _path(name, key), seen, found)


def _units(module: Module, name: str, seen: set[int]) -> Iterator[tuple[str, Module, list[Value]]]:
    """Yield the lines of a module, without what stands in a line already, which is seen."""
    if id(module) in seen:
        return
    direct = list(_direct(module, name))
    inner = [(key, part) for key, part in direct if isinstance(part, Module)]
    whole = module.unit or not inner
    shown = [("", module)] if whole else [(key, part) for key, part in direct if isinstance(part, Value)]
    parameters = [each for key, part in shown for _, each in _walk(part, key, seen) if isinstance(each, Value)]
    if whole or parameters:
        yield name or type(module).__name__, module, parameters
    seen.add(id(module))
    if not whole:
        for key, part in inner:
            yield from _units(part, key, seen)


def _direct(part: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield (name, part) for each parameter and module in a part, but not for what those modules are made of."""
    for key, inner in _inner(part):
        path = _path(name, key)
        if isinstance(inner, Module) or (isinstance(inner, Value) and inner.is_leaf):
            yield path, inner
        elif not isinstance(inner, Value):
            yield from _direct(inner, path)


def _inner(part: Any) -> Sequence[tuple[Any, Any]]:
    if isinstance(part, Module):
        return part.parts()
    if isinstance(part, (list, tuple)):
        names = getattr(cast("Any", part), "_fields", None)  # of a named tuple
        return list(zip(names or range(len(cast("Sequence[Any]", part))), cast("Sequence[Any]", part)))
    if isinstance(part, Mapping):
        return list(part.items())
    return ()


def _path(name: str, key: Any) -> str:
    return f"{name}.{key}" if name else str(key)


# -- summaries -------------------------------------------------------------------------------------------------------


def _summary_line(name: str, module: Module, parameters: list[Value]) -> tuple[str, str, str, str, str]:
    shape = [getattr(module, key, None) for key in ("n_inputs", "n_outputs")]
    texts = [str(size) if isinstance(size, int) else "" for size in shape]
    return name, repr(module), texts[0], texts[1], _count_text(parameters)


def _count_text(parameters: Sequence[Value]) -> str:
    frozen = sum(map(is_frozen, parameters))
    return f"{len(parameters)} ({frozen} frozen)" if frozen else str(len(parameters))
