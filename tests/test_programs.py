"""Random programs compute what an exact oracle computes; and where the engine is broken, they notice."""

from __future__ import annotations

import copy
import importlib
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import Value, copies, lifting, primitives, recording, tape, transforms, value
from autograd.primitives import TABLE
from autograd.replay import guards
from autograd.replay.forms import FAST

pytest.importorskip("mpmath")
programs = importlib.import_module("tests.programs")
shadow = importlib.import_module("tests.shadow")

pytestmark = pytest.mark.long

ROWS = [row.name for row in TABLE if row is not value.cut]  # at import: before tests of any file add rows of their own


@st.composite
def drawn(draw):
    return programs.drawn(lambda n: draw(st.integers(0, n - 1)))


@settings(max_examples=2 * settings().max_examples, suppress_health_check=[HealthCheck.too_slow])  # no clock decides
@given(drawn())
def test_a_program_gives_what_the_oracle_gives(program):
    programs.examine(program)


@pytest.mark.parametrize("seed", range(20))
def test_a_program_gives_the_same_bits_and_text_again_and_in_two_threads_at_once(seed):
    programs.examine(programs.of_seed(seed), thoroughly=True)


# -- what programs are made of -----------------------------------------------------------------------------------------


def test_programs_use_every_row_and_every_feature():
    used = set()
    for seed in range(800):
        used |= programs.of_seed(seed).used
    assert {f"row {name}" for name in ROWS} <= used
    assert len(used) - len(ROWS) >= 41


def test_a_seed_gives_the_same_program():
    assert str(programs.of_seed(7)) == str(programs.of_seed(7)) != str(programs.of_seed(8))


def test_the_text_of_a_program_runs_with_the_engine_alone():
    names = {**vars(primitives), **vars(ag), "show": lambda *things: None}
    text = "x0 = Value(2.0)\ny0 = sin(x0) * x0\ny0.backward()\nshow(x0.grad)\n"
    assert programs.text_of(text.splitlines()) == text
    exec(text, names)
    assert names["x0"].grad == pytest.approx(math.sin(2.0) + 2.0 * math.cos(2.0))


# -- the oracle --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "point", "order", "exact"),
    [
        ("sin", (0.5,), (3,), -math.cos(0.5)),
        ("tanh", (0.5,), (2,), -2.0 * math.tanh(0.5) / math.cosh(0.5) ** 2),
        ("mul", (2.0, 3.0), (1, 1), 1.0),
        ("mul", (2.0, 3.0), (2, 0), 0.0),
        ("dot", (2.0, 3.0, 4.0, 5.0), (1, 0, 1, 0), 1.0),
        ("dot", (2.0, 3.0, 4.0, 5.0), (1, 0, 0, 1), 0.0),
        ("div", (2.0, 4.0), (0, 2), 2.0 * 2.0 / 4.0**3),
        ("pow", (2.0, 3.0), (1, 1), 4.0 + 3.0 * 4.0 * math.log(2.0)),
        ("relu", (0.0,), (1,), 0.0),
        ("max", (1.0, 1.0), (1, 0), 0.5),
    ],
)
def test_derivatives_of_rows_are_exact(row, point, order, exact):
    assert float(shadow.derivative(row, point, order).value) == pytest.approx(exact, rel=1e-15)


def test_the_bound_leaves_out_nothing_that_is_wrong_in_the_thirteenth_digit():
    world = shadow.World()
    names = world.namespace()
    exec("x = Value(0.7)\ny = sin(x) * exp(x) + x\ny.backward()", names)
    assert world.tolerance(world.gathered[names["x"].key].load) < 1e-13


# -- broken engines: each is noticed -----------------------------------------------------------------------------------


def replaced(module, name, function):
    """Return a function that puts another one in the place of one of the engine's."""
    return lambda monkeypatch: monkeypatch.setattr(module, name, function)


def changed(module, name, change):
    """Likewise; the other one is made from it."""
    return replaced(module, name, change(getattr(module, name)))


def overwriting(shares):
    for leaf, share in shares:
        leaf._grad = share


def half_an_edge(fields, adjoints, low, high):
    """A sweep that counts `x * x` as one edge."""
    for index in range(high, low - 1, -1):
        operands, slopes = tape.edges(tape.Nodes(fields)[index])
        for operand, slope in dict(zip(operands, slopes)).items():
            if operand >= 0 and adjoints[index] and slope:
                adjoints[operand] += adjoints[index] * slope


def without_zero_rule(fields, adjoints, low, high):
    for index in range(high, low - 1, -1):
        for operand, slope in zip(*tape.edges(tape.Nodes(fields)[index])):
            if operand >= 0:
                adjoints[operand] += adjoints[index] * slope


def starting_from_the_last(sweep):
    def swept(seeds, since=0):
        found = sweep(seeds, since)
        for each, adjoints in found.items():
            for k, old in enumerate((each.adjoints or [])[: len(adjoints)]):
                adjoints[k] += old if k in each.leaves else 0.0
        return found

    return swept


def staying_on_its_tape(sweep):
    def swept(seeds, since=0):
        seeds = list(seeds)
        found = sweep(seeds, since)
        return {each: adjoints for each, adjoints in found.items() if any(each is place[0] for place, _ in seeds)}

    return swept


def with_slopes_of_now(sweep):
    """A sweep that multiplies by what a leaf is now, not by what it was."""

    def swept(seeds, since=0):
        seeds = list(seeds)
        for (each, _), _ in seeds:
            for index, node in enumerate(each.nodes):
                if node[0] == primitives.mul.code and len(node) == 6:
                    for at, other in ((2, 5), (4, 3)):
                        if node[at] in each.leaves and node[6 - at] >= 0:
                            each.fields[tape.WIDTH * index + other] = each.leaves[node[at]][0]._data
        return sweep(seeds, since)

    return swept


def keeping_its_line(self, data):
    self._data = float(data)


def unnoticed(self, data):
    self._data = float(data)
    self._index = next(value._fresh_keys)


def sharing_leaves(self, memo):
    return self if self.is_leaf else copy._reconstruct(self, memo, *self.__reduce__())


def only_the_first(real):
    return lambda *given: [tangent if k == 0 else 0.0 for k, tangent in enumerate(real(*given))]


def forgetful(kind, data, grad, label):
    return kind(data, label)


def row(name, **more):
    return lambda monkeypatch: [monkeypatch.setattr(getattr(primitives, name), key, each) for key, each in more.items()]


BROKEN = {
    "leaves are overwritten": replaced(value, "_accumulate", overwriting),
    "x * x has one edge": replaced(tape, "sweep_fields", half_an_edge),
    "0 · inf is nan": replaced(tape, "sweep_fields", without_zero_rule),
    "a sweep starts from the last one's adjoints": changed(value, "reverse_sweep", starting_from_the_last),
    "a sweep stays on its tape": changed(value, "reverse_sweep", staying_on_its_tape),
    "slopes are captured late": changed(value, "reverse_sweep", with_slopes_of_now),
    "new data stands in the old line": replaced(Value, "data", property(Value.data.fget, keeping_its_line)),
    "the seed is left out": changed(Value, "backward", lambda real: lambda self, seed=1.0: real(self)),
    "zero_grad of a result does nothing": replaced(Value, "zero_grad", lambda self: None),
    "detach does not cut": replaced(Value, "detach", lambda self: self),
    "no_grad records": replaced(recording._NoGrad, "_changed", lambda self: recording.mode()),
    "guards are lost": replaced(value, "write_guard", lambda condition: None),
    "guards are lost by a program": replaced(guards, "_before", lambda tape, pruned: []),
    "stale leaves are not noticed": replaced(lifting, "check_fresh", lambda places: None),
    "lifted shares do not add up": replaced(lifting, "accumulate", lambda total, share: share),
    "an inner input is the outer one": changed(
        transforms, "_fresh", lambda real: lambda on, given: given if isinstance(given, Value) else real(on, given)
    ),
    "all seedings are one": replaced(transforms, "fresh_seeding", lambda: 1),
    "the second tangent is lost": changed(transforms, "same_shape", only_the_first),
    "a copy of a leaf is the leaf": lambda monkeypatch: monkeypatch.setattr(
        Value, "__deepcopy__", sharing_leaves, raising=False
    ),
    "a copy of a leaf forgets its gradient": replaced(copies, "_leaf", forgetful),
    "matvec does not see new data": replaced(Value, "data", property(Value.data.fget, unnoticed)),
    "ties go to the first": replaced(
        primitives, "_shared_evenly", lambda y, xs: [float(k == list(xs).index(y)) for k in range(len(xs))]
    ),
    "tanh by 1 - y²": row("tanh", partials=(lambda y, x: 1.0 - y * y,)),
    "sin off in the twelfth digit": row("sin", partials=(lambda y, x: ag.cos(x) * (1.0 + 1e-12),)),
    "mul off in the last digit": row("mul", compute=lambda x, y: math.nextafter(x * y, math.inf)),
    "a partial that cannot be differentiated": row("exp", partials=(lambda y, x: getattr(y, "_data", y),)),
    "where replays one branch": lambda monkeypatch: monkeypatch.setitem(
        FAST, primitives.where.code, lambda condition, a, b, out: out.fill(0.0) or out.__iadd__(a)
    ),
    "exp replays with seven digits": row("exp", array=lambda xp, x: xp.exp(x) * (1.0 + 1e-8)),
}


USING = {  # what only those programs can notice that use it; all others would take their time for nothing
    "0 · inf is nan": {"infinite slope in a branch not chosen"},
    "detach does not cut": {"detach"},
    "no_grad records": {"no_grad"},
    "guards are lost": {"compile", "if"},
    "guards are lost by a program": {"compile", "if"},
    "stale leaves are not noticed": {"StaleTape"},
    "an inner input is the outer one": {"nested transform, depth 1"},
    "all seedings are one": {"nested transform, depth 2"},
    "the second tangent is lost": {"forward mode"},
    "a copy of a leaf is the leaf": {"copy"},
    "a copy of a leaf forgets its gradient": {"pickle"},
    "matvec does not see new data": {"matrix of leaves"},
    "ties go to the first": {"tie", "grad"},
    "tanh by 1 - y²": {"row tanh"},
    "a partial that cannot be differentiated": {"row exp", "second derivatives"},
    "where replays one branch": {"compile", "where"},
    "exp replays with seven digits": {"compile", "row exp"},
}


def first_to_notice(using):
    """Return the first of the programs that use something which fails."""
    for program in map(programs.of_seed, range(1500)):
        if using <= program.used and programs.problem_of(program, thoroughly=False):
            return program
    return None


@pytest.mark.parametrize("how", BROKEN)
def test_programs_notice_an_engine_in_which(how, monkeypatch):
    BROKEN[how](monkeypatch)
    assert first_to_notice(USING.get(how, set())) is not None


def test_a_program_that_fails_is_shortened(monkeypatch):
    BROKEN["leaves are overwritten"](monkeypatch)
    program = first_to_notice({"copy"})
    problem = programs.problem_of(program)
    shorter = programs.shortened(program, problem)
    assert programs.problem_of(shorter) == problem
    assert len(shorter.statements) < len(program.statements)
