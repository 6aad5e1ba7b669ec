"""Traces: a model and its loss, recorded on a few samples so that programs can be made of them.

This room knows what becomes an input of a program (the numbers of samples and of targets, the factors of `Dropout`),
when two recordings compute the same, and how to record without a lasting effect. It does not know when to record, nor
what programs are used for (`nn.replaying`).
"""

from __future__ import annotations

import math
import numbers
import pickle
import random
from collections.abc import Callable, Generator, Hashable, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

import autograd
from autograd import NonFiniteError, Tape, Value, log, mean
from nn.losses import Loss, TargetNumbers
from nn.module import Module
from nn.prediction import Model, outputs_of
from nn.stages import Dropout, Statistics, Undrawn, undrawn

__all__ = [
    "Kind",
    "Surroundings",
    "Trace",
    "UnsuitedError",
    "check_reads",
    "is_strict",
    "lines_of",
    "mask_blocks",
    "moved",
    "numbers_of_sample",
    "perturbed",
    "rebuilt",
    "recorded",
]

Array = Any


class UnsuitedError(Exception):
    """A model, a loss or the data cannot be replayed; the message says why."""


# -- samples as numbers ----------------------------------------------------------------------------------------------


class Kind(NamedTuple):
    """What a sample is: a number (a size of None), or a list or tuple of so many."""

    size: int | None
    sequence: type = list


def numbers_of_sample(given: Any, what: str) -> tuple[Kind, list[float]]:
    """Return the kind and the numbers of a sample's inputs, or of a target.

    Raises:
        UnsuitedError: it is neither a number nor a flat sequence of numbers.
    """
    if hasattr(given, "tolist"):
        given = given.tolist()
    if isinstance(given, (list, tuple)):
        items = cast("Sequence[Any]", given)
        if {float, int}.issuperset(map(type, items)) or all(map(_is_real, items)):
            return Kind(len(items), tuple if isinstance(given, tuple) else list), list(map(float, items))
    elif _is_real(given):
        return Kind(None), [float(given)]
    raise UnsuitedError(f"{what} is neither a number nor a flat list of numbers, but {type(given).__name__}")


def rebuilt(kind: Kind, items: Sequence[Any]) -> Any:
    """Return numbers, or Values, as a sample of a kind."""
    return items[0] if kind.size is None else kind.sequence(items)


def moved(given: Any, step: float) -> Any:
    """Return a sample, or a target, with every number a little off: above for a step above 0.

    Raises:
        UnsuitedError: it is neither a number nor a flat sequence of numbers.
    """
    kind, row = numbers_of_sample(given, "a sample")
    return rebuilt(kind, [number + step * (1.0 + abs(number)) for number in row])


def _is_real(given: Any) -> bool:
    return isinstance(given, numbers.Real) and not isinstance(given, bool)


def _items(output: Any) -> tuple[int | None, list[Any]]:
    """Return how many numbers an output lists, None for a lone one, and what it lists."""
    if isinstance(output, Value) or _is_real(output):
        return None, [output]
    listed = output.tolist() if hasattr(output, "tolist") else output
    if not isinstance(listed, (list, tuple)):
        raise UnsuitedError(f"an output is neither a number nor a list of numbers, but {type(output).__name__}")
    items = list(cast("Sequence[Any]", listed))
    if not all(isinstance(each, Value) or _is_real(each) for each in items):
        raise UnsuitedError("an output is a list of something else than numbers")
    return len(items), items


# -- a recording -----------------------------------------------------------------------------------------------------


class _Given(Value):
    """A number of a sample or of a target. What it does as a float and not as a Value, no comparison shows."""

    __slots__ = ()

    def __hash__(self) -> int:
        raise UnsuitedError("it looks for a number in a set or a dict, where a Value is found by what it is")

    def __repr__(self) -> str:
        raise UnsuitedError("it writes a number as text")

    def __format__(self, spec: str) -> str:
        return repr(self)


_Given.__name__ = Value.__name__  # as messages call it


class Trace(NamedTuple):
    """One recording.

    Attributes:
        tape: pruned; its outputs are the loss, the outputs of the model, and the statistics.
        shared: leaves that all samples have in common: the parameters, then what else was found.
        batched: leaves of samples, of targets, and of masks, in this order.
        masks: (Dropout, how many factors), in the order of the calls.
        statistics: of `BatchNorm`, as recorded.
        widths: of each sample's output how many numbers it lists; None for a lone one.
        constants: for each number of the outputs, one after the other: None, or the number that it always is.
        lines: what is computed, to be compared.
        decisions: how comparisons came out, likewise.
    """

    tape: Tape
    shared: list[Value]
    batched: list[Value]
    masks: list[tuple[Dropout, int]]
    statistics: list[Statistics]
    widths: list[int | None]
    constants: list[float | None]
    lines: list[Hashable]
    decisions: list[Hashable]

    def computes_the_same(self, other: Trace) -> bool:
        """Return whether another recording has the same nodes and constants, of the same leaves."""
        return self._structure() == other._structure() and self.lines == other.lines

    def is_same(self, other: Trace) -> bool:
        """Return whether another recording computes the same, and every comparison came out alike."""
        return self.computes_the_same(other) and self.decisions == other.decisions

    def _structure(self) -> Any:
        masks = [(id(dropout), size) for dropout, size in self.masks]
        norms = [(id(each.norm), each.feature, each.size) for each in self.statistics]
        return masks, norms, self.widths, self.constants, len(self.batched)


def recorded(
    model: Model,
    loss: Callable[[Any, Any], Any],
    samples: Sequence[Any],
    targets: Sequence[Any],
    parameters: Sequence[Value],
    of_numbers: TargetNumbers | None = None,
    fixed: bool = False,
) -> Trace:
    """Record a model and its loss on samples, their mean if there are several.

    Args:
        model: a function of one sample's inputs.
        loss: a function (output, target) of one sample.
        samples: to be leaves.
        targets: to be leaves too, unless they are `fixed`.
        parameters: what the recording is to be differentiated in.
        of_numbers: how targets become numbers; by default as they come.
        fixed: whether targets are part of what is computed.

    Raises:
        UnsuitedError: samples or outputs are no numbers, or what is computed depends on something recorded before.
        Exception: what the model and the loss raise.
    """
    kinds, rows = zip(*[_leaves(*numbers_of_sample(sample, "a sample")) for sample in samples])
    goals: list[list[Value]] = []
    with undrawn() as left_open, Tape() as tape:
        outputs = outputs_of(model, [rebuilt(kind, row) for kind, row in zip(kinds, rows)])
        if len(outputs) != len(samples):
            raise UnsuitedError("the model does not give one output per sample")
        losses: list[Any] = []
        for output, target in zip(outputs, targets):
            goal, found = ([], loss(output, target)) if fixed else _loss_of_leaves(loss, of_numbers, output, target)
            goals.append(goal)
            losses.append(found)
        total = losses[0] if len(losses) == 1 else mean(losses)
    if not isinstance(total, Value):
        raise UnsuitedError("the loss is no Value")
    if tape.imports:
        raise UnsuitedError("it uses numbers that were computed before, which stand on another tape")
    batched = [leaf for each in (*rows, *goals) for leaf in each]
    batched += [leaf for _, leaves in left_open.masks for leaf in leaves]
    return _trace(tape, total, outputs, left_open, parameters, batched)


def _leaves(kind: Kind, row: list[float]) -> tuple[Kind, list[Value]]:
    return kind, [_Given(number) for number in row]


def _loss_of_leaves(loss: Loss, of_numbers: TargetNumbers | None, output: Any, target: Any) -> tuple[list[Value], Any]:
    """Return the leaves of a target, and the loss of them."""
    if of_numbers is not None:
        goal = [Value(number) for number in of_numbers.encode(target, _items(output)[0])]
        return goal, of_numbers.function(output, goal)
    kind, goal = _leaves(*numbers_of_sample(target, "a target"))
    return goal, loss(output, rebuilt(kind, goal))


def _trace(
    tape: Tape,
    total: Value,
    outputs: Sequence[Any],
    left_open: Undrawn,
    parameters: Sequence[Value],
    batched: list[Value],
) -> Trace:
    told = [_items(output) for output in outputs]
    items = [item for _, listed in told for item in listed]
    statistics = [each for norm in left_open.statistics for each in (norm.center, norm.variance)]
    pruned = Tape.of(total, *[each for each in (*items, *statistics) if isinstance(each, Value)])
    known = set(map(id, (*parameters, *batched)))
    others = {id(leaf): leaf for leaf, _ in tape.leaves.values() if id(leaf) not in known}
    return Trace(
        tape=pruned,
        shared=[*parameters, *others.values()],
        batched=batched,
        masks=[(dropout, len(leaves)) for dropout, leaves in left_open.masks],
        statistics=left_open.statistics,
        widths=[width for width, _ in told],
        constants=[None if isinstance(item, Value) else float(item) for item in items],
        lines=lines_of(pruned, [*parameters, *batched]),
        decisions=[(code, places, outcome, source) for _, code, places, _, outcome, source in tape.guards],
    )


def lines_of(tape: Tape, named: Sequence[Value]) -> list[Hashable]:
    """Return every line of a pruned tape without the numbers that depend on leaves."""
    roles: dict[int, Any] = {id(leaf): ("leaf", position) for position, leaf in enumerate(named)}
    lines: list[Hashable] = [tape.outputs]
    for index, node in enumerate(tape.nodes):
        if index in tape.leaves:
            lines.append(roles.get(id(tape.leaves[index][0]), node))
            continue
        places, slopes = (node[2], node[3]) if len(node) == 5 else (node[2::2], node[3::2])
        constants = [slope for place, slope in zip(places, slopes) if place < 0]
        lines.append((node[0], tuple(places), tuple(map(_key, constants))))
    return lines


def _key(number: float) -> Hashable:
    return number if number == number else "nan"  # which equals nothing


def check_reads(model: Model, loss: Callable[[Any, Any], Any], samples: Sequence[Any], targets: Sequence[Any]) -> None:
    """Raise where the number of a Value is used by itself, perhaps to decide something: no recording shows that.

    Raises:
        UnsuitedError: it is.
    """
    kinds, rows = zip(*[numbers_of_sample(sample, "a sample") for sample in samples])

    def computed(given: Any) -> Any:
        outputs = outputs_of(model, [rebuilt(kind, row) for kind, row in zip(kinds, given)])
        return mean([loss(output, target) for output, target in zip(outputs, targets)])

    try:
        with undrawn():
            autograd.compile(computed)(list(rows))
    except (TypeError, ValueError) as error:
        raise UnsuitedError(f"it does what replays would not: {error}") from error


# -- the order of masks ----------------------------------------------------------------------------------------------


def mask_blocks(model: Model, samples: Sequence[Any], masks: Sequence[tuple[Dropout, int]]) -> list[tuple[int, int]]:
    """Return in which order a batch draws its masks: in runs (low, high), each for all samples one after the other.

    A model that passes sample by sample has one run; a `Sequential`, which passes a batch stage by stage, one per
    stage.

    Args:
        model: a function of one sample's inputs.
        samples: two.
        masks: of one sample.

    Raises:
        UnsuitedError: there is another order.
    """
    if len({id(dropout.generator()) for dropout, _ in masks}) == len(masks):
        return [(0, len(masks))]  # each draws from a generator of its own
    with undrawn() as left_open, Tape():
        outputs = outputs_of(model, [rebuilt(*_leaves(*numbers_of_sample(sample, "a sample"))) for sample in samples])
    owned = [set(map(id, _leaves_of(output))) for output in outputs]
    owners = [[k for k, ids in enumerate(owned) if id(leaves[0]) in ids] for _, leaves in left_open.masks]
    blocks = _runs(owners)
    if blocks is None or (blocks and blocks[-1][1]) != len(masks):
        raise UnsuitedError("it cannot be told in which order a batch draws the masks of Dropout")
    return blocks


def _leaves_of(output: Any) -> list[Value]:
    return [
        leaf for leaf, _ in Tape.of(*[item for item in _items(output)[1] if isinstance(item, Value)]).leaves.values()
    ]


def _runs(owners: list[list[int]]) -> list[tuple[int, int]] | None:
    """Return the runs of a sequence such as [0] [0] [1] [1] [0] [1]: (0, 2), (2, 3); None where it is none."""
    runs: list[tuple[int, int]] = []
    start = 0
    while start < len(owners):
        length = next((k for k, each in enumerate(owners[start:]) if each != [0]), 0)
        if not length or owners[start + length : start + 2 * length] != [[1]] * length:
            return None
        low = runs[-1][1] if runs else 0
        runs.append((low, low + length))
        start += 2 * length
    return runs


# -- recording without a lasting effect ------------------------------------------------------------------------------


class Surroundings:
    """What recording a model could change besides: generators, attributes and lists of its modules.

    Args:
        model: that is recorded.
    """

    def __init__(self, model: Model) -> None:
        modules = [module for _, module in model.named_modules()] if isinstance(model, Module) else []
        self._attributes = [(module, dict(vars(module))) for module in modules]
        parts = [part for _, attributes in self._attributes for part in attributes.values()]
        self._lists = [(part, list(part)) for part in parts if isinstance(part, list)]
        self._lists += [(part, list(part)) for module in modules for _, part in module.buffers()]
        own = [part for part in parts if isinstance(part, random.Random) or hasattr(part, "bit_generator")]
        own += [generator for module in modules if (generator := module.generator()) is not None]
        self._generators = [(get, put, get()) for get, put in (_GLOBAL, _numpy(), *map(_state, own))]

    def changed(self) -> str | None:
        """Return what is no more as it was, in words."""
        if any(pickle.dumps(get()) != pickle.dumps(state) for get, _, state in self._generators):
            return "it draws random numbers, other than by Dropout"
        for module, attributes in self._attributes:
            for name in vars(module).keys() | attributes.keys():
                same = name in attributes and vars(module).get(name) is attributes[name]
                if not name.startswith("_") and not same:
                    return f"calling it changes the attribute {name} of {type(module).__name__}"
        if any(len(part) != len(before) or any(map(_differ, part, before)) for part, before in self._lists):
            return "calling it changes a list that it holds"
        return None

    def restore(self) -> None:
        """Put everything back to what it was."""
        for _, put, state in self._generators:
            put(state)
        for module, attributes in self._attributes:
            for name in vars(module).keys() - attributes.keys():
                delattr(module, name)
            vars(module).update(attributes)
        for part, before in self._lists:
            part[:] = before

    @contextmanager
    def kept(self) -> Generator[None]:
        """Make a context after which everything is as before."""
        try:
            yield
        finally:
            self.restore()

    @contextmanager
    def watched(self) -> Generator[None]:
        """Make a context after which everything is as before; raise where that took doing.

        Raises:
            UnsuitedError: something changed.
        """
        with self.kept():
            yield
            changed = self.changed()
        if changed is not None:
            raise UnsuitedError(changed)


def _differ(one: Any, other: Any) -> bool:
    return one is not other


_GLOBAL = (random.getstate, random.setstate)


def _numpy() -> Any:
    import numpy

    return numpy.random.get_state, numpy.random.set_state


def _state(generator: Any) -> Any:
    """Return how to read and to write the state of a generator of Python or of NumPy."""
    if isinstance(generator, random.Random):
        return generator.getstate, generator.setstate
    bits = generator.bit_generator
    return lambda: bits.state, lambda state: setattr(bits, "state", state)


@contextmanager
def perturbed(parameters: Sequence[Value]) -> Generator[None]:
    """Make a context in which every parameter is a little off, so that nothing is alike by chance."""
    before = [parameter.data for parameter in parameters]
    try:
        for k, (parameter, number) in enumerate(zip(parameters, before), 1):
            parameter.data = number + 1e-3 * (1.0 + abs(number)) * (0.25 + math.fmod(0.6180339887498949 * k, 1.0))
        yield
    finally:
        for parameter, number in zip(parameters, before):
            parameter.data = number


def is_strict() -> bool:
    """Return whether `autograd.strict()` looks at every node."""
    try:
        log(Value(0.0))
    except NonFiniteError:
        return True
    return False
