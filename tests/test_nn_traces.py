"""Traces: what of a sample becomes an input, when two recordings compute the same, and what recording leaves behind."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import numpy
import pytest

import autograd
from autograd import Tape, Value, strict
from nn import MLP, BatchNorm, Dropout, Layer, Module, Sequential, mean_squared_error, traces
from nn.losses import LOSSES
from nn.traces import (
    Kind,
    Surroundings,
    UnsuitedError,
    check_reads,
    is_strict,
    lines_of,
    mask_blocks,
    numbers_of_sample,
    perturbed,
    rebuilt,
    recorded,
)


def error_of(use):
    with pytest.raises(UnsuitedError) as caught:
        use()
    return str(caught.value)


# -- samples as numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sample", "kind", "row"),
    [
        (2, Kind(None), [2.0]),
        (Fraction(1, 2), Kind(None), [0.5]),
        (numpy.float32(0.5), Kind(None), [0.5]),
        (numpy.array(3.0), Kind(None), [3.0]),
        ([], Kind(0), []),
        ([1, 2.5], Kind(2), [1.0, 2.5]),
        ((1.0, 2), Kind(2, tuple), [1.0, 2.0]),
        ([Fraction(1, 2)], Kind(1), [0.5]),
        (numpy.array([1.0, 2.0]), Kind(2), [1.0, 2.0]),
    ],
)
def test_a_sample_is_a_number_or_a_list_or_tuple_of_numbers(sample, kind, row):
    assert numbers_of_sample(sample, "a sample") == (kind, row)
    assert all(type(number) is float for number in row)
    again = rebuilt(kind, row)
    assert again == (sample.tolist() if hasattr(sample, "tolist") else sample)
    assert type(again) is (float if kind.size is None else kind.sequence)


@pytest.mark.parametrize("sample", [None, "1", True, [True], [1.0, "2"], [[1.0]], {1.0: 2.0}, 1j, [Value(1.0)]])
def test_what_is_no_flat_list_of_numbers_is_said(sample):
    told = error_of(lambda: numbers_of_sample(sample, "a target"))
    assert told == f"a target is neither a number nor a flat list of numbers, but {type(sample).__name__}"


# -- recordings ------------------------------------------------------------------------------------------------------


def trace_of(model, samples, targets, **options):
    parameters = model.parameters() if isinstance(model, Module) else []
    return recorded(model, mean_squared_error, samples, targets, parameters, **options)


def test_a_recording_has_parameters_in_common_and_its_own_numbers():
    model = Sequential(Layer(2, 3, "tanh"), Dropout(0.5), Layer(3, 2, "identity"), seed=1)
    outer = Value(2.0)
    shifted = Sequential(model, lambda outputs: [each + outer for each in outputs])
    trace = trace_of(shifted, [[0.5, -1.0]], [[3.0, 4.0]])
    assert [id(leaf) for leaf in trace.shared] == [*map(id, model.parameters()), id(outer)]
    assert [leaf.data for leaf in trace.batched[:4]] == [0.5, -1.0, 3.0, 4.0]
    assert len(trace.batched) == 2 + 2 + 3  # the factors of Dropout come last
    assert trace.masks == [(model.stages[1], 3)]
    assert (trace.widths, trace.constants, trace.statistics) == ([2], [None, None], [])


def test_one_sample_is_recorded_without_a_mean():
    weight = Value(2.0)
    trace = recorded(lambda x: weight * x, lambda y, t: y - t, [1.0], [0.0], [weight])
    assert len(trace.tape.nodes) == 3 + 2  # weight, sample and target; the product and the difference


def test_several_samples_are_recorded_together():
    norm = BatchNorm(1)
    trace = trace_of(Sequential(norm, lambda xs: xs[0]), [[1.0], [3.0]], [0.0, 1.0])
    assert trace.widths == [None, None]
    assert [(each.norm, each.feature, each.size) for each in trace.statistics] == [(norm, 0, 2)]
    assert [leaf.data for leaf in trace.batched] == [1.0, 3.0, 0.0, 1.0]
    loss, *rest = trace.tape.outputs
    # normalized, 1 and 3 are -1 and 1 but for epsilon: errors -1 and 0
    assert trace.tape.nodes[loss][1] == pytest.approx(0.5, rel=1e-4)
    assert len(rest) == 2 + 2  # two outputs, a mean and a variance


def test_targets_that_are_fixed_are_part_of_what_is_computed():
    model = MLP(1, [1], seed=1)
    one, same, other = (trace_of(model, [[0.5]], [target], fixed=True) for target in ([3.0], [3.0], [4.0]))
    assert len(one.batched) == 1
    assert one.is_same(same)
    assert not one.computes_the_same(other)
    assert not other.computes_the_same(one)
    assert trace_of(model, [[0.5]], [[3.0]]).is_same(trace_of(model, [[2.5]], [[4.0]]))


def test_targets_of_a_loss_that_knows_them_as_numbers_are_numbers():
    row = LOSSES["softmax_cross_entropy"]
    model = MLP(1, [3], seed=1)
    trace = recorded(model, row.function, [[0.5]], [2], model.parameters(), row.of_numbers)
    assert [leaf.data for leaf in trace.batched] == [0.5, 0.0, 0.0, 1.0]
    assert trace.widths == [3]


def test_a_recording_is_the_same_with_other_numbers_and_not_with_other_constants_or_branches():
    weight = Value(2.0)

    def trace(function, x):
        return recorded(function, lambda y, t: y - t, [x], [0.0], [weight])

    assert trace(lambda x: weight * x, 1.0).is_same(trace(lambda x: weight * x, 5.0))
    assert not trace(lambda x: weight * x, 1.0).computes_the_same(trace(lambda x: weight / x, 1.0))
    assert not trace(lambda x: weight * x, 1.0).computes_the_same(trace(lambda x: x * weight, 1.0))
    double, triple = (trace(lambda x, times=times: weight + x * times, 1.0) for times in (2.0, 3.0))
    assert not double.computes_the_same(triple)
    assert not triple.computes_the_same(double)
    assert trace(lambda x: weight + x * math.nan, 1.0).is_same(trace(lambda x: weight + x * math.nan, 1.0))
    constant = [[weight, 1.0], [weight, 2.0], [weight]]
    constants = [recorded(lambda _, out=out: out, lambda y, _: y[0] * 1.0, [1.0], [0.0], [weight]) for out in constant]
    assert [each.constants for each in constants] == [[None, 1.0], [None, 2.0], [None]]
    assert not any(one.computes_the_same(other) for one in constants for other in constants if one is not other)
    taken = trace(lambda x: weight * autograd.where(x > 0.0, x, 1.0), 1.0)
    assert taken.is_same(trace(lambda x: weight * autograd.where(x > 0.0, x, 1.0), 2.0))


def test_a_branch_that_comes_out_otherwise_is_not_the_same_though_it_computes_the_same():
    weight, signs = Value(2.0), []

    def model(x):
        signs.append(bool(x > 0.0))
        return weight * x

    one, other = (recorded(model, lambda y, t: y - t, [x], [0.0], [weight]) for x in (1.0, -1.0))
    assert one.computes_the_same(other)
    assert not one.is_same(other)
    assert not other.is_same(one)
    assert signs == [True, False]


def lines(function, *leaves):
    with Tape():
        return lines_of(Tape.of(function(*leaves)), leaves[:2])


def test_lines_name_leaves_by_their_role_and_hold_no_numbers_of_theirs():
    def line(a, b):
        return a * 5.0 + b

    a, b, c = Value(2.0), Value(3.0), Value(4.0)
    assert lines(line, a, b) == lines(line, b, a) == lines(line, Value(7.0), c)
    assert lines(line, a, b) != lines(lambda a, b: a * 6.0 + b, a, b)
    assert lines(lambda a, b: a * b, a, b) == lines(lambda a, b: a * b, b, a)
    assert lines(lambda a, b: a * b, a, b) != lines(lambda a, b: a * a, a, b)
    five, six = (lambda a, b, number=number: autograd.sum([a, number, b]) for number in (5.0, 6.0))
    assert lines(five, a, b) == lines(five, b, a) != lines(six, a, b)
    assert lines(line, a, b) != lines(lambda a, b: b * 5.0 + a, a, b)
    assert lines(line, a, b) != lines(lambda a, b: a * 5.0 + c, a, b)
    assert lines(lambda a, b: a * 5.0 + c, a, b) == lines(lambda a, b: a * 5.0 + c, b, a)
    assert lines(lambda a, b: a * math.nan, a, b) == lines(lambda a, b: a * math.nan, b, a)


EARLIER = Value(1.0) * 2.0


class Times(Module):
    """Gives so many outputs, however many samples there are."""

    def __init__(self, count):
        self.weight = Value(1.0)
        self.count = count

    def __call__(self, x):
        return self.weight * x

    def on_batch(self, samples):
        return [self(samples[0])] * self.count


@pytest.mark.parametrize(
    ("model", "loss", "told"),
    [
        (lambda x: 1.0, lambda y, t: y - 1.0, "the loss is no Value"),
        (Times(2), lambda y, t: y - t, "the model does not give one output per sample"),
        (Times(0), lambda y, t: y - t, "the model does not give one output per sample"),
        (lambda x: x * EARLIER, lambda y, t: y - t, "it uses numbers that were computed before, which stand on anoth"),
        (lambda x: "y", lambda y, t: t * 1.0, "an output is neither a number nor a list of numbers, but str"),
        (lambda x: True, lambda y, t: t * 1.0, "an output is neither a number nor a list of numbers, but bool"),
        (lambda x: [x, "y"], lambda y, t: t * 1.0, "an output is a list of something else than numbers"),
        (lambda x: [[x]], lambda y, t: t * 1.0, "an output is a list of something else than numbers"),
    ],
)
def test_what_cannot_be_recorded_is_said(model, loss, told):
    assert error_of(lambda: recorded(model, loss, [1.0], [2.0], [])).startswith(told)


def test_numbers_that_are_read_are_noticed():
    weight = Value(1.0)
    arguments = lambda y, t: y - t, [1.0, 2.0], [0.0, 0.0]
    check_reads(lambda x: weight * x, *arguments)
    told = error_of(lambda: check_reads(lambda x: weight * x.data, *arguments))
    assert told.startswith("it does what replays would not: ")


# -- the order of masks ----------------------------------------------------------------------------------------------


class Passing(Module):
    """Passes sample by sample through all of its Dropouts."""

    def __init__(self, *dropouts):
        self.dropouts = list(dropouts)

    def __call__(self, inputs):
        for dropout in self.dropouts:
            inputs = dropout(inputs)
        return inputs


def dropouts(count):
    generator = random.Random(1)
    return [Dropout(0.5, seed=generator) for _ in range(count)]


@pytest.mark.filterwarnings("ignore:stages")
def test_masks_are_drawn_stage_by_stage_and_within_a_stage_sample_by_sample():
    one, two, three = dropouts(3)
    samples = [[1.0, 2.0], [3.0, 4.0]]
    for model, blocks in (
        (Passing(one, two, three), [(0, 3)]),
        (Sequential(one, two, three), [(0, 1), (1, 2), (2, 3)]),
        (Sequential(one, Passing(two, three)), [(0, 1), (1, 3)]),
        (Sequential(Passing(one, two), three), [(0, 2), (2, 3)]),
        (Sequential(Dropout(0.5, seed=1), Dropout(0.5, seed=2)), [(0, 2)]),
        (Sequential(lambda xs: xs), [(0, 0)]),
    ):
        with Surroundings(model).kept():
            masks = trace_of(model, samples[:1], samples[:1]).masks
        assert mask_blocks(model, samples, masks) == blocks


@pytest.mark.parametrize(
    ("owners", "runs"),
    [
        ([], []),
        ([[0], [1]], [(0, 1)]),
        ([[0], [0], [1], [1], [0], [1]], [(0, 2), (2, 3)]),
        ([*[[0]] * 3, *[[1]] * 3, [0], [1]], [(0, 3), (3, 4)]),
        ([[0]], None),
        ([[1], [0]], None),
        ([[0], [], [1], [1]], None),
        ([[0], []], None),
        ([[0], [0]], None),
        ([[0], [1], [1]], None),
        ([[0, 1], [0, 1]], None),
        ([[0], [0], [1]], None),
    ],
)
def test_a_run_of_masks_is_those_of_one_sample_then_those_of_the_other(owners, runs):
    assert traces._runs(owners) == runs


def test_an_order_of_masks_that_is_none_of_these_is_said():
    class Backwards(Passing):
        def on_batch(self, samples):
            return [self(sample) for sample in reversed(samples)][::-1]

    class Once(Passing):
        def on_batch(self, samples):
            return [super().__call__(samples[0]), *samples[1:]]

    for model, count in (
        (Backwards(*dropouts(2)), 2),
        (Once(*dropouts(2)), 2),
        (Passing(*dropouts(2)), 3),
        (Passing(*dropouts(3)), 2),
        (Passing(), 2),
    ):
        masks = [(dropout, 1) for dropout in dropouts(count)]  # of a sample that passed alone
        told = error_of(lambda model=model, masks=masks: mask_blocks(model, [[1.0], [2.0]], masks))
        assert told == "it cannot be told in which order a batch draws the masks of Dropout"


# -- what recording leaves behind ------------------------------------------------------------------------------------


class Holder(Module):
    def __init__(self):
        self.weight = Value(1.0)
        self.count = 3
        self.seen = [1.0, 2.0]
        self.noise = random.Random(1)
        self.noise.random()
        self.rng = numpy.random.default_rng(1)
        self._private = 0
        self.norm = BatchNorm(1)
        self.dropout = Dropout(0.5, seed=2)


DRAWS = "it draws random numbers, other than by Dropout"
LISTS = "calling it changes a list that it holds"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda holder: None, None),
        (lambda holder: setattr(holder, "_private", 1), None),
        (lambda holder: setattr(holder, "seen", holder.seen), None),
        (lambda holder: setattr(holder, "count", 4), "calling it changes the attribute count of Holder"),
        (lambda holder: setattr(holder, "fresh", 1), "calling it changes the attribute fresh of Holder"),
        (lambda holder: setattr(holder, "weight", Value(1.0)), "calling it changes the attribute weight of Holder"),
        (lambda holder: delattr(holder, "count"), "calling it changes the attribute count of Holder"),
        (
            lambda holder: setattr(holder.norm, "momentum", 0.5),
            "calling it changes the attribute momentum of BatchNorm",
        ),
        (lambda holder: holder.seen.append(3.0), LISTS),
        (lambda holder: holder.seen.pop(), LISTS),
        (lambda holder: holder.norm.scale.__setitem__(0, Value(1.0)), LISTS),
        (lambda holder: holder.seen.reverse(), LISTS),
        (lambda holder: holder.norm.remember(0, 1.0, 2.0, 2), LISTS),
        (lambda holder: holder.noise.random(), DRAWS),
        (lambda holder: holder.rng.random(), DRAWS),
        (lambda holder: holder.dropout.drawn(1), DRAWS),
        (lambda holder: random.random(), DRAWS),
        (lambda holder: numpy.random.random(), DRAWS),
    ],
)
def test_what_calling_a_model_changes_is_told_and_put_back(change, told):
    def facts():
        states = holder.noise.getstate(), random.getstate(), holder.dropout.generator().getstate()
        arrays = holder.rng.bit_generator.state, numpy.random.get_state()[1].tolist(), numpy.random.get_state()[2]
        own = [holder.count, list(holder.seen), holder.norm.epsilon, [list(part) for _, part in holder.norm.buffers()]]
        return states, arrays, own, set(vars(holder))

    holder = Holder()
    before = facts()
    surroundings = Surroundings(holder)
    change(holder)
    assert surroundings.changed() == told
    surroundings.restore()
    assert facts() == before
    with Surroundings(holder).kept():
        change(holder)
    assert facts() == before
    if told is not None:
        assert error_of(lambda: watched(holder, change)) == told
        assert facts() == before


def watched(holder, change):
    with Surroundings(holder).watched():
        change(holder)


def test_parameters_are_all_moved_a_little_each_otherwise_and_put_back():
    given = [0.0, 0.0, 5.0, -300.0] * 10
    parameters = [Value(number) for number in given]

    def look():
        with perturbed(parameters):
            moved.extend(parameter.data for parameter in parameters)
            raise KeyboardInterrupt

    moved = []
    with pytest.raises(KeyboardInterrupt):
        look()
    assert [parameter.data for parameter in parameters] == given
    steps = [(now - then) / (1.0 + abs(then)) for now, then in zip(moved, given)]
    assert all(0.25e-3 <= step <= 1.25e-3 for step in steps)
    assert min(abs(a - b) for k, a in enumerate(steps) for b in steps[:k]) > 1e-5


def test_strictness_is_seen():
    assert not is_strict()
    with strict():
        assert is_strict()


def test_samples_are_moved_by_a_step_of_their_size_and_of_one():
    assert traces.moved([0.0, 3.0, -2.0], 0.5) == [0.5, 5.0, -0.5]
    assert traces.moved((4,), -0.25) == (2.75,)
    assert traces.moved(4, -0.25) == 2.75
