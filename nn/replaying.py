"""Replaying: the loss and the gradient of a batch from programs that compute all of its samples at once.

This room knows when a program is as good as recording every sample anew, and how to say why it is not. It does not know
how recordings are made (`nn.traces`), nor what a step does with a gradient (`nn.steps`).

A program holds as long as a model is a function of its inputs and its parameters that computes the same for every
sample. That is not taken on trust:

- at the beginning of every epoch a sample is recorded anew; where that is another computation than before, because a
  callback has changed the model, new programs are made;
- a new program is held against a second recording, of another sample and with other parameters, and its numbers are
  held against those of the usual way for two samples; models that use the number of a Value by itself are not replayed;
- comparisons that a model decides by are checked in every replay.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Hashable, Sequence
from enum import Enum
from typing import Any, NamedTuple, cast

from autograd import BranchChanged, Tape, Value, mean
from nn.losses import LossRow
from nn.module import Module, plain
from nn.prediction import Model, outputs_of
from nn.regularizers import Regularizer
from nn.traces import (
    Kind,
    Surroundings,
    Trace,
    UnsuitedError,
    check_reads,
    is_strict,
    lines_of,
    mask_blocks,
    moved,
    numbers_of_sample,
    perturbed,
    recorded,
)

__all__ = ["Replay", "Replayed"]

MOST_TARGETS = 16
"""So many different targets may have a program each, where a loss takes no numbers that vary."""

AGREEMENT = 1e-6
"""Relative difference from the usual way that is put down to rounding, when a program is tried."""

Array = Any
Batch = tuple[Sequence[Any], Sequence[Any]]


class Replayed(NamedTuple):
    """What came of one batch; its gradient stands in the `.grad` of the parameters.

    Attributes:
        loss: without the penalty.
        total: with it.
        outputs: of each sample.
    """

    loss: float
    total: float
    outputs: list[Any]


class Replay:
    """Computes batches by programs, until something cannot be replayed.

    Args:
        model: a function of one sample's inputs.
        row: of the loss.
        parameters: everything that gradients are wanted of.
        generators: what the modules of the model draw from.
        regularizer: its penalty is added; or None.

    Attributes:
        fallback: why batches are not replayed any more; None while they are.
    """

    def __init__(
        self,
        model: Model,
        row: LossRow,
        parameters: Sequence[Value],
        generators: Sequence[random.Random],
        regularizer: Regularizer | None = None,
    ) -> None:
        self.fallback: str | None = None
        self._model: Any = model
        self._row = row
        self._parameters = parameters
        self._generators = generators
        self._penalty = _Penalty(model, regularizer, parameters)
        modules = [module for _, module in model.named_modules()] if isinstance(model, Module) else []
        self._couples = any(module.couples_samples for module in modules)
        self._by_target = False
        self._reason: str | None = None  # why targets are not numbers that vary
        self._begin_anew()

    def begin(self) -> None:
        """Begin an epoch: see whether programs still hold at the next batch."""
        self._is_current = False

    def state(self) -> dict[str, Any]:
        """Return how batches are computed, for another run to go on likewise."""
        return {"fallback": self.fallback, "by_target": self._by_target, "reason": self._reason}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on as another run did, from what `state` returned.

        Raises:
            KeyError: something is missing.
            TypeError: a reason is no text.
        """
        if not all(text is None or isinstance(text, str) for text in (state["fallback"], state["reason"])):
            raise TypeError("the reason why it was not replayed is no text")
        self.fallback, self._reason = state["fallback"], state["reason"]
        self._by_target = bool(state["by_target"])
        self._begin_anew()

    def batch(self, inputs: Sequence[Any], targets: Sequence[Any]) -> Replayed | None:
        """Return what comes of a batch, or None where it is to be computed the usual way; then nothing has changed.

        The parameters have the gradient in their `.grad` then; to that of other leaves it is added.
        """
        states = [generator.getstate() for generator in self._generators]
        while self.fallback is None:
            try:
                if not self._is_current:
                    self._make_current(inputs, targets)
                found = self._computed(inputs, targets)
                penalty = self._penalty.computed()
                total = found.loss + penalty.number
                if math.isfinite(total) and self._took_effect(found, penalty):
                    return Replayed(found.loss, total, found.outputs)
            except Exception as error:  # whatever the model raises, it may raise the usual way too
                self._give_up(error)
            for generator, state in zip(self._generators, states):
                generator.setstate(state)
            if self._is_current:  # the numbers are not finite, which the usual way says more about
                return None
        return None

    def _took_effect(self, found: _Computed, penalty: _PenaltyNumber) -> bool:
        """Leave gradients in the leaves, and statistics in running averages; return False where one is not finite."""
        import numpy

        n_parameters = len(self._parameters)
        parts: list[tuple[Sequence[Value], Array]] = [(run.program.shared, run.gradient) for run in found.runs]
        if penalty.slopes is not None:
            parts.append((penalty.leaves, penalty.slopes))
        if not all(numpy.isfinite(gradient).all() for _, gradient in parts):
            return False
        gradient = sum(gradient[:n_parameters] for _, gradient in parts)
        for parameter, slope in zip(self._parameters, cast("Array", gradient).tolist()):
            parameter.grad = slope
        for leaves, slopes in parts:
            for leaf, slope in zip(leaves[n_parameters:], slopes[n_parameters:].tolist()):
                leaf.grad += slope
        if penalty.value is not None:
            penalty.value.backward()
        for run in found.runs:
            run.program.remember(run.values)
        return True

    # -- whether programs hold ---------------------------------------------------------------------------------------

    def _begin_anew(self) -> None:
        self._programs: dict[Hashable, _Program] = {}
        self._canary: Trace | None = None
        self._kind: Kind | None = None
        self._goal_kind: Kind | None = None
        self._target: Any = None
        self._is_current = False

    def _give_up(self, error: Exception) -> None:
        """Try with a program per target, or go the usual way from now on."""
        self._reason = self._reason or _reason(error)
        by_target = not self._by_target and not self._couples and self._row.of_numbers is None
        if by_target:
            self._by_target = True
        else:
            self.fallback = self._reason
        self._begin_anew()

    def _make_current(self, inputs: Sequence[Any], targets: Sequence[Any]) -> None:
        """See whether programs still hold; make new ones where they do not.

        Raises:
            Exception: there can be none.
        """
        if is_strict():
            raise UnsuitedError("strict() looks at every node, and a program has none")
        pair = _pair(inputs, targets)
        if self._canary is None:
            self._target = targets[0]
        canary = self._recorded(*self._shortened(pair))
        if self._canary is None or not canary.is_same(self._canary):
            self._programs.clear()
            self._kind, self._goal_kind = None, None
            self._prove(canary, pair)
            self._canary = canary
        self._penalty.make_current()
        self._is_current = True

    def _shortened(self, pair: Batch) -> Batch:
        """Return what is recorded of two samples: both where they are coupled, else the first."""
        inputs, targets = pair
        if self._couples:
            return pair
        return inputs[:1], [self._target] if self._by_target else targets[:1]

    def _prove(self, canary: Trace, pair: Batch) -> None:
        """Raise where a recording is not what is computed for other samples and parameters too."""
        inputs, targets = pair
        turned = list(reversed(inputs)), list(reversed(targets))
        with perturbed(self._parameters):
            twin = self._recorded(*self._shortened(turned))
        if not canary.computes_the_same(twin) or self._keeps_numbers(canary, pair):
            self._computed(*pair)  # which names the branch, if there is one
            raise UnsuitedError(
                "recorded twice, it was not the same computation: it depends on more than inputs and parameters "
                "(random numbers, a clock, a count of its calls), or reads a number out of a Value (.data, detach())"
            )
        with perturbed(self._parameters):
            surroundings = Surroundings(self._model)
            with surroundings.kept():
                check_reads(self._model, self._row.function, *self._shortened(pair))
            with surroundings.kept():
                usual = self._usual(*pair)
            with surroundings.kept():
                replayed = self._computed(*pair).numbers(self._parameters)
        if not _agree(usual, replayed):
            raise UnsuitedError("tried on two samples, a program gave other numbers than recording them anew")

    def _keeps_numbers(self, canary: Trace, pair: Batch) -> bool:
        """Return whether other numbers of the same samples give another computation, though no comparison does."""
        inputs, targets = self._shortened(pair)
        for step in (1e-6, -1e-6):  # a number at the end of its range may be moved one way alone
            try:
                near = self._recorded([moved(each, step) for each in inputs], self._moved_targets(targets, step))
            except Exception:
                continue
            if near.decisions == canary.decisions:
                return not canary.computes_the_same(near)
        return False

    def _moved_targets(self, targets: Sequence[Any], step: float) -> Sequence[Any]:
        """Return targets a little off, where they are numbers that nothing is known of."""
        known = self._by_target or self._row.of_numbers is not None
        return targets if known else [moved(each, step) for each in targets]

    def _usual(self, inputs: Sequence[Any], targets: Sequence[Any]) -> tuple[list[float], list[float]]:
        """Return loss and outputs, and the gradient, the usual way."""
        with Tape() as tape:
            outputs = outputs_of(self._model, inputs)
            loss = mean([self._row.function(output, target) for output, target in zip(outputs, targets)])
        if not isinstance(loss, Value):
            raise UnsuitedError("the loss does not depend on any parameter")
        leaves = [*self._parameters, *(leaf for leaf, _ in tape.leaves.values())]
        before = [leaf.grad for leaf in leaves]
        try:
            for leaf in leaves:
                leaf.grad = 0.0
            loss.backward()
            gradient = [parameter.grad for parameter in self._parameters]
        finally:
            for leaf, slope in zip(leaves, before):
                leaf.grad = slope
        return [loss.data, *_flat(outputs)], gradient

    # -- programs ----------------------------------------------------------------------------------------------------

    def _recorded(self, inputs: Sequence[Any], targets: Sequence[Any]) -> Trace:
        """Record samples without a lasting effect."""
        with Surroundings(self._model).watched():
            return recorded(
                self._model,
                self._row.function,
                inputs,
                targets,
                self._parameters,
                self._row.of_numbers,
                fixed=self._by_target,
            )

    def _program(self, key: Hashable, inputs: Sequence[Any], targets: Sequence[Any]) -> _Program:
        """Return the program of a batch size or of a target, made now if it is not known yet."""
        if key not in self._programs:
            if len(self._programs) >= MOST_TARGETS and self._by_target:
                raise UnsuitedError(f"there are more than {MOST_TARGETS} different targets")
            n_recorded = len(inputs) if self._couples else 1
            trace = self._recorded(inputs[:n_recorded], targets[:n_recorded])
            blocks = [(0, len(trace.masks))]
            if not self._couples:
                blocks = mask_blocks(self._model, [inputs[0], inputs[-1]], trace.masks)
            self._programs[key] = _Program(trace, blocks)
        return self._programs[key]

    def _computed(self, inputs: Sequence[Any], targets: Sequence[Any]) -> _Computed:
        """Return loss, outputs and gradient of a batch; generators move, and nothing else does."""
        import numpy

        table = numpy.array([self._row_of(sample) for sample in inputs]).reshape(len(inputs), -1)
        if not self._by_target:
            program = self._program(len(inputs) if self._couples else None, inputs, targets)
            goals = numpy.array(self._goals(targets, program.widths)).reshape(len(inputs), -1)
            masks = program.draw(len(program.lanes(table)))
            return _Computed([program.run(table, goals, masks, len(inputs))])
        return self._computed_by_target(table, inputs, targets)

    def _computed_by_target(self, table: Array, inputs: Sequence[Any], targets: Sequence[Any]) -> _Computed:
        """Return what `_computed` does, by a program for each of the targets."""
        import numpy

        keys = [_target_key(target) for target in targets]
        places = {key: [k for k, each in enumerate(keys) if each == key] for key in dict.fromkeys(keys)}
        programs = {key: self._program(key, [inputs[at[0]]], [targets[at[0]]]) for key, at in places.items()}
        masks = programs[keys[0]].draw(len(inputs))
        none = numpy.empty((len(inputs), 0))
        runs = [programs[key].run(table[at], none[at], masks[at], len(inputs), at) for key, at in places.items()]
        return _Computed(runs)

    def _row_of(self, sample: Any) -> list[float]:
        kind, row = numbers_of_sample(sample, "a sample")
        self._kind = self._kind or kind
        if kind != self._kind:
            raise UnsuitedError("the samples are not all lists of equally many numbers")
        return row

    def _goals(self, targets: Sequence[Any], widths: Sequence[int | None]) -> list[list[float]]:
        """Return the numbers of targets, whose outputs have these widths, or all of them the only one."""
        encoding = self._row.of_numbers
        if encoding is not None:
            return [encoding.encode(target, width) for target, width in zip(targets, itertools.cycle(widths))]
        told = [numbers_of_sample(target, "a target") for target in targets]
        self._goal_kind = self._goal_kind or told[0][0]
        if any(kind != self._goal_kind for kind, _ in told):
            raise UnsuitedError("the targets are not all lists of equally many numbers")
        return [row for _, row in told]


class _Program:
    """A trace compiled, with what goes in and comes out.

    Args:
        trace: of one sample, or of a whole batch whose samples are coupled.
        blocks: in which order masks are drawn, see `mask_blocks`.
    """

    def __init__(self, trace: Trace, blocks: list[tuple[int, int]]) -> None:
        self.program = trace.tape.compile(shared=trace.shared, batched=trace.batched)
        self.shared = trace.shared
        self.widths = trace.widths
        self._n_samples = len(trace.widths)
        self._masks = trace.masks
        self._blocks = blocks
        self._statistics = trace.statistics
        self._constants = trace.constants

    def lanes(self, table: Array) -> Array:
        """Return a row for each lane, of the samples that it takes."""
        return table.reshape(len(table) // self._n_samples, -1)

    def draw(self, n_lanes: int) -> Array:
        """Return the factors of all masks, drawn in the order in which the usual way draws them."""
        import numpy

        rows: list[list[float]] = [[] for _ in range(n_lanes)]
        for low, high in self._blocks:
            for lane in range(n_lanes):
                for dropout, size in self._masks[low:high]:
                    rows[lane] += dropout.drawn(size)
        return numpy.array(rows).reshape(n_lanes, -1)

    def run(
        self, table: Array, goals: Array, masks: Array, n_samples: int, places: Sequence[int] | None = None
    ) -> _Run:
        """Compute samples.

        Args:
            table: a row of numbers per sample.
            goals: a row per target.
            masks: a row per lane.
            n_samples: how many samples there are in the batch.
            places: where the given ones stand in it; by default they are all of it.
        """
        import numpy

        lanes = numpy.concatenate([self.lanes(table), self.lanes(goals), masks], axis=1)
        shared = numpy.array([leaf.data for leaf in self.shared])
        weights = numpy.zeros(self.program.n_outputs)
        weights[0] = self._n_samples / n_samples
        values, gradient = self.program.value_and_grad(shared, lanes, weights)
        return _Run(self, values.reshape(len(lanes), -1), gradient, places)

    def outputs(self, values: Array) -> list[Any]:
        """Return the output of each sample as floats."""
        listed = values[:, 1:].tolist()
        return [output for lane in listed for output in self._outputs_of_lane(lane)]

    def _outputs_of_lane(self, lane: list[float]) -> list[Any]:
        computed = iter(lane)
        items = iter([next(computed) if constant is None else constant for constant in self._constants])
        return [next(items) if width is None else [next(items) for _ in range(width)] for width in self.widths]

    def remember(self, values: Array) -> None:
        """Add the statistics of a batch to running averages."""
        told = iter(values[0, values.shape[1] - 2 * len(self._statistics) :].tolist())
        for each in self._statistics:
            each.norm.remember(each.feature, next(told), next(told), each.size)


class _Run(NamedTuple):
    """What a program told of some samples: (lanes, outputs) of values, and the gradient of its shared leaves."""

    program: _Program
    values: Array
    gradient: Array
    places: Sequence[int] | None


class _Computed:
    """What programs told of a batch.

    Args:
        runs: one, or one per target.

    Attributes:
        runs: as given.
        loss: mean over the samples.
        outputs: of each sample, as floats.
    """

    def __init__(self, runs: Sequence[_Run]) -> None:
        self.runs = runs
        self.loss: float = mean([loss for run in runs for loss in run.values[:, 0].tolist()])
        self.outputs = _in_order([(run.places, run.program.outputs(run.values)) for run in runs])

    def numbers(self, parameters: Sequence[Value]) -> tuple[list[float], list[float]]:
        """Return loss and outputs in one list, and the gradient, whose first leaves the parameters are."""
        gradients = [run.gradient[: len(parameters)].tolist() for run in self.runs]
        return [self.loss, *_flat(self.outputs)], [math.fsum(slopes) for slopes in zip(*gradients)]


# -- the penalty -----------------------------------------------------------------------------------------------------


class _PenaltyNumber(NamedTuple):
    """A penalty, and its slopes in leaves, the parameters first; or the Value it was recorded as."""

    number: float
    leaves: Sequence[Value] = ()
    slopes: Array | None = None
    value: Value | None = None


class _Penalty:
    """The penalty of a regularizer, by a program where there can be one.

    Args:
        model: whose weights are penalized.
        regularizer: or None.
        parameters: everything that gradients are wanted of.
    """

    def __init__(self, model: Any, regularizer: Regularizer | None, parameters: Sequence[Value]) -> None:
        self._model = model
        self._regularizer = regularizer
        self._parameters = parameters
        self._lines: list[Hashable] | None = None
        self._leaves: list[Value] = []
        self._program: Any = None

    def make_current(self) -> None:
        """See whether the program still holds; make a new one, or none, where it does not."""
        if self._regularizer is None:
            return
        try:
            tape, leaves, lines = self._recorded()
            if lines == self._lines:
                return
            self._program, self._lines = None, None
            with perturbed(self._parameters):
                twin = self._recorded()[2]
            if lines == twin:
                self._program, self._leaves, self._lines = tape.compile(shared=leaves), leaves, lines
        except Exception:  # whatever it is, recording the penalty for each batch tells
            self._program, self._lines = None, None

    def _recorded(self) -> tuple[Tape, list[Value], list[Hashable]]:
        assert self._regularizer is not None
        with Surroundings(self._model).watched(), Tape() as tape:
            penalty = self._regularizer.penalty(self._model)
        leaves = {id(leaf): leaf for leaf in (*self._parameters, *(leaf for leaf, _ in tape.leaves.values()))}
        pruned = Tape.of(penalty)
        return pruned, list(leaves.values()), lines_of(pruned, self._parameters)

    def computed(self) -> _PenaltyNumber:
        """Return the penalty at the parameters as they are now."""
        if self._regularizer is None:
            return _PenaltyNumber(0.0)
        if self._program is not None:
            try:
                number, slopes = self._program.value_and_grad([leaf.data for leaf in self._leaves])
                return _PenaltyNumber(float(number), self._leaves, slopes)
            except BranchChanged:
                self._program, self._lines = None, None
        penalty = self._regularizer.penalty(self._model)
        return _PenaltyNumber(penalty.data, value=penalty) if isinstance(penalty, Value) else _PenaltyNumber(penalty)


# -- in words and numbers --------------------------------------------------------------------------------------------


def _reason(error: Exception) -> str:
    """Return in words why there is no program."""
    if isinstance(error, BranchChanged):
        at = f", at {error.source[0]}:{error.source[1]}" if error.source else ""
        line = f": {error.line}" if at and error.line else ""
        return f"it takes another branch for other numbers: {error.comparison}{at}{line}"
    return str(error) if isinstance(error, UnsuitedError) else f"{type(error).__name__} while recording: {error}"


def _pair(inputs: Sequence[Any], targets: Sequence[Any]) -> Batch:
    return [inputs[0], inputs[-1]], [targets[0], targets[-1]]


def _target_key(target: Any) -> Hashable:
    """Return what is equal for equal targets; raise UnsuitedError where targets may change unseen."""
    if isinstance(target, (list, tuple)):
        return (type(target), *map(_target_key, cast("Sequence[Any]", target)))
    if isinstance(target, float):
        return type(target), target, math.copysign(1.0, target)  # -0.0 is not 0.0
    if target is None or isinstance(target, (bool, int, str, bytes, Enum)):
        return type(target), target
    raise UnsuitedError(f"a target is neither a number nor a name, but {type(target).__name__}")


def _in_order(parts: Sequence[tuple[Sequence[int] | None, list[Any]]]) -> list[Any]:
    """Return outputs in the order of the batch, given the places of each part."""
    if parts[0][0] is None:
        return parts[0][1]
    placed = [each for places, outputs in parts for each in zip(places or (), outputs)]
    return [output for _, output in sorted(placed, key=lambda each: each[0])]


def _flat(outputs: Sequence[Any]) -> list[float]:
    """Return the numbers of outputs, one after the other."""
    told = plain(list(outputs))
    return [number for output in told for number in (output if isinstance(output, list) else [output])]


def _agree(one: Sequence[Sequence[float]], other: Sequence[Sequence[float]]) -> bool:
    """Return whether lists of numbers are the same to within rounding of their largest one."""
    return all(map(_alike, one, other))


def _alike(one: Sequence[float], other: Sequence[float]) -> bool:
    largest = max([abs(number) for number in one if math.isfinite(number)], default=0.0)
    return len(one) == len(other) and all(
        a == b or (a != a and b != b) or abs(a - b) <= AGREEMENT * largest for a, b in zip(one, other)
    )
