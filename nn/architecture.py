"""Architectures: a network described in plain words, as a file can hold it, and made again from them.

A description is a name from a short list, and numbers, each of them checked; nothing in it is ever executed. This room
does not know files (`nn.saving`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from nn.activations import ActivationRow, is_known
from nn.layers import MLP, Layer, Neuron, Perceptron
from nn.module import Module
from nn.stages import Activation, BatchNorm, Dropout, Sequential

__all__ = ["SavedFileError", "described", "made", "n_parameters"]

LARGEST_SIZE = 10**7
"""The most neurons, or inputs, that a layer in a file may have."""

DEEPEST = 50
"""Levels of modules inside of modules in a description."""

LONGEST_NAME = 100
"""Characters of an activation with its parameter."""


class SavedFileError(ValueError):
    """A file cannot be loaded, or does not fit; the message is one line, and nothing has been changed."""


def described(module: Any) -> dict[str, Any] | None:
    """Return a module in plain words; None where they would not say all of it."""
    rule = _KINDS.get(type(module).__name__)
    if rule is None or type(module) is not rule.kind:
        return None
    facts = {name: _plain(getattr(module, name)) for name in rule.arguments}
    if any(fact is None for fact in facts.values()):
        return None
    description = {"kind": type(module).__name__} | facts
    if _depth(description) > DEEPEST:
        return None
    return description if _parts(made(description)) == _parts(module) else None


def _plain(fact: Any) -> Any:
    """Return an attribute as JSON says it: numbers, names of activations, descriptions of stages; None for others."""
    if isinstance(fact, ActivationRow):
        return fact.name if is_known(fact) else None
    if isinstance(fact, list):
        parts = [_plain(each) for each in fact]
        return None if None in parts else parts
    if isinstance(fact, Module):
        return described(fact)
    return fact if isinstance(fact, (int, float, str)) else None


def _parts(module: Module) -> tuple[list[tuple[str, str]], int]:
    """Return the modules of a network by name, and how many parameters it has: fewer where some are shared."""
    return [(name, repr(each)) for name, each in module.named_modules()], len(module.parameters())


class _Kind(NamedTuple):
    """How a kind of module is described and made."""

    kind: type[Module]
    arguments: dict[str, Callable[[Any], Any]]
    make: Callable[..., Module]


def _size(number: Any) -> int:
    if type(number) is not int or not 1 <= number <= LARGEST_SIZE:
        raise SavedFileError(f"neurons and inputs are whole numbers from 1 to {LARGEST_SIZE:,}, not {_short(number)}")
    return number


def _finite(number: Any) -> float:
    try:
        if type(number) in (int, float) and math.isfinite(number):
            return float(number)
    except OverflowError:  # a whole number beyond the largest float
        pass
    raise SavedFileError(f"an option of a layer is a finite number, not {_short(number)}")


def _name(name: Any) -> str:
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        raise SavedFileError(f"an activation is a name, not {_short(name)}")
    return name


def _sizes(numbers: Any) -> list[int]:
    if not isinstance(numbers, list):
        raise SavedFileError(f"the widths of an MLP are a list, not {_short(numbers)}")
    return [_size(number) for number in numbers]


def _stages(stages: Any) -> list[Module]:
    if not isinstance(stages, list):
        raise SavedFileError(f"the stages of a Sequential are a list, not {_short(stages)}")
    return [made(stage) for stage in stages]


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
        _Kind(Sequential, {"stages": _stages}, lambda stages: Sequential(*stages, seed=0)),
        _Kind(Activation, {"activation": _name}, Activation),
        _Kind(Dropout, {"rate": _finite}, Dropout),
        _Kind(
            BatchNorm,
            {"n_inputs": _size, "momentum": _finite, "epsilon": _finite},
            lambda n_inputs, momentum, epsilon: BatchNorm(n_inputs, momentum=momentum, epsilon=epsilon),
        ),
    )
}


def made(description: Any) -> Module:
    """Return the module that a description says, with parameters of any value."""
    kind = description.get("kind") if isinstance(description, dict) else None
    rule = _KINDS.get(kind) if isinstance(kind, str) else None
    if rule is None:
        raise SavedFileError(f"it does not describe a network of this package: {_short(description)}")
    given = {name: fact for name, fact in description.items() if name != "kind"}
    if set(given) != set(rule.arguments):
        raise SavedFileError(f"a {kind} is described by {', '.join(rule.arguments)}")
    arguments = {name: check(given[name]) for name, check in rule.arguments.items()}
    return rule.make(**arguments)


def n_parameters(description: Any) -> int:
    """Return how many parameters a description asks for, before any of them takes up memory.

    Raises:
        SavedFileError: it is nested too deeply to be made.
    """
    if _depth(description) > DEEPEST:
        raise SavedFileError(f"its modules are nested too deeply: {DEEPEST} levels are the most")
    count, waiting = 0, [description]
    while waiting:
        each = waiting.pop()
        waiting += _inside(each)
        count += _own_parameters(each)
    return count


def _own_parameters(description: Any) -> int:
    """Return how many parameters a description asks for without its stages; none where it is wrong and not made."""
    if not isinstance(description, dict) or "n_inputs" not in description:
        return 0
    widths = [description["n_inputs"], *_list(description.get("widths", description.get("n_outputs", 1)))]
    if not all(type(width) is int and width > 0 for width in widths):
        return 0
    return sum((before + 1) * width for before, width in itertools.pairwise(widths))


def _inside(description: Any) -> list[Any]:
    """Return the descriptions in a description."""
    return _list(description.get("stages", [])) if isinstance(description, dict) else []


def _depth(description: Any) -> int:
    """Return how many levels a description has."""
    depth, level = 0, [description]
    while level:
        depth += 1
        level = [inner for each in level for inner in _inside(each)]
    return depth


def _list(part: Any) -> list[Any]:
    return part if isinstance(part, list) else [part]


def _short(thing: Any) -> str:
    text = repr(thing)
    return text if len(text) <= 60 else f"{text[:57]}..."
