"""Pruned tapes: what some outputs depend on and nothing else, the same however many tapes it was recorded on."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import os
import random

import pytest

import autograd as ag
from autograd import Tape, Value, grad, pruning, scope
from autograd.pruning import pruned_alone, tapes_of, without_collections
from autograd.tape import GENERATIONS, INPUT, LEAF, edges
from tests.test_processes import in_a_fork, needs_fork
from tests.test_recording import interrupted

STEPS = [
    lambda left, right: left * right,
    lambda left, right: left + right,
    lambda left, right: ag.sin(left),
    lambda left, right: ag.sum([2.0, left, right, left]),
    lambda left, right: 3.0 - left,
]


def described(tape):
    """Return all there is to know of a pruned tape but where it was taken from, and where a leaf was used first."""
    leaves = {index: (leaf.label, leaf.data, key) for index, (leaf, key) in tape.leaves.items()}
    scopes = [tape.scope_at(index) for index in range(len(tape)) if index not in leaves]
    return list(tape.nodes), leaves, dict(tape.labels), scopes, tape.outputs


def recorded(tapes, seed=0, size=30):
    """Return values, each computed from earlier ones, on so many tapes in a row, and the leaf they began with."""
    chosen = random.Random(seed)
    x = Value(0.5, label="x")
    values = [x]
    for k in range(tapes):
        with Tape():
            for position in range(size // tapes):
                left, right = chosen.choice(values), chosen.choice(values)
                with scope(f"layer {chosen.randrange(2)}") if chosen.random() < 0.5 else contextlib.nullcontext():
                    value = chosen.choice(STEPS)(left, right)
                if chosen.random() < 0.3:
                    value.label = f"v{k * (size // tapes) + position}"
                values.append(value)
    return x, values[1:]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tapes", [2, 3, 10, 30])
def test_a_pruned_tape_is_the_same_however_many_tapes_it_was_recorded_on(tapes, seed):
    _, alone = recorded(1, seed)
    _, apart = recorded(tapes, seed)
    one, many = described(Tape.of(alone[-1], alone[3], alone[9])), described(Tape.of(apart[-1], apart[3], apart[9]))
    nodes, leaves, *rest = one
    assert many[0] == nodes
    assert Tape.of(apart[-1], apart[3]).nodes == Tape.of(alone[-1], alone[3]).nodes
    assert many[2:] == (*rest,)
    assert [(index, *leaf[:2]) for index, leaf in many[1].items()] == [
        (index, *leaf[:2]) for index, leaf in leaves.items()
    ]


@pytest.mark.parametrize("tapes", [1, 3])
def test_a_pruned_tape_says_where_its_lines_come_from(tapes):
    _, values = recorded(tapes)
    pruned = Tape.of(values[-1], values[3])
    assert [pruned.nodes[k][1] for k in pruned.outputs] == [values[-1].data, values[3].data]
    assert [pruned.sources[k] for k in pruned.outputs] == [
        (value._tape, value._index) for value in (values[-1], values[3])
    ]
    for k, (tape, index) in enumerate(pruned.sources):
        assert tape.nodes[index][:2] == pruned.nodes[k][:2]
    assert len(pruned.sources) == len(pruned)
    assert list(pruned.sources[1:3]) == [pruned.sources[1], pruned.sources[2]]
    assert pruned.sources[-1] == pruned.sources[len(pruned) - 1]
    assert tapes_of(pruned) == list(dict.fromkeys(tape for tape, _ in pruned.sources))


def test_what_no_output_depends_on_is_left_out_with_its_labels_leaves_and_scopes():
    x, unused = Value(2.0, label="x"), Value(5.0, label="unused")
    with Tape():
        with scope("aside"):
            (unused * 3.0).label = "aside"
        y = x * 4.0
        y.label = "y"
        with scope("later"):
            (y * unused).label = "later"
            (Value(6.0, label="later") * y).label = "last"
    pruned = Tape.of(y)
    assert [node[1] for node in pruned.nodes] == [2.0, 8.0]
    assert (pruned.labels, pruned.scopes, pruned.outputs) == ({1: "y"}, [], (1,))
    assert [leaf.label for leaf, _ in pruned.leaves.values()] == ["x"]
    assert pruned.entered == {x._index: 0}
    with Tape():
        z = x * 4.0
        Value(6.0) * z
    pruned = Tape.of(z)
    assert ([node[1] for node in pruned.nodes], list(pruned.leaves)) == ([2.0, 8.0], [0])


@pytest.mark.parametrize(
    "compute",
    [
        lambda x, y: ag.sin(x),
        lambda x, y: x - 4.0,
        lambda x, y: 4.0 - x,
        lambda x, y: x - y,
        lambda x, y: y - x,
        lambda x, y: ag.sum([y, 1.0, x, y]),
    ],
)
def test_an_operand_is_found_wherever_it_stands(compute):
    x, y = Value(2.0), Value(3.0)
    with Tape():
        ag.cos(x)
        y * 4.0
        z = compute(x, y)
    pruned = Tape.of(z)
    others = [(LEAF, 3.0)] if any(operand is y for operand in z.operands) else []
    assert list(pruned.nodes)[:-1] == [(LEAF, 2.0), *others]
    assert pruned.nodes[-1][1] == z.data
    operands = [pruned.leaves[at][0] for at in edges(pruned.nodes[-1])[0] if at >= 0]
    assert list(map(id, operands)) == [id(operand) for operand in z.operands if isinstance(operand, Value)]


@pytest.mark.parametrize("tapes", [1, 2])
def test_scopes_are_kept_as_runs(tapes):
    x = Value(2.0)
    with Tape():
        with scope("a"):
            y = ag.sin(ag.sin(x))
        with contextlib.nullcontext() if tapes == 1 else Tape():
            z = ag.sin(ag.sin(y))
            with scope("b"):
                total = ag.sin(ag.sin(z))
    assert Tape.of(total).scopes == [(0, ("a",)), (3, ()), (5, ("b",))]


def test_outputs_keep_their_order_and_may_repeat():
    x = Value(2.0)
    with Tape():
        y = x * 3.0
        z = y * 4.0
    assert Tape.of(z, y, z).outputs == (2, 1, 2)
    assert Tape.of(y, x, z).outputs == (1, 0, 2)
    assert Tape.of(x, y, z).outputs == (0, 1, 2)
    assert Tape.of(x, x).outputs == (0, 0)


def test_a_leaf_with_other_data_is_another_line_of_it():
    x = Value(2.0)
    with Tape():
        y = x * 3.0
    x.data = 5.0
    with Tape():
        z = y + x
    pruned = Tape.of(z)
    assert [node[1] for node in pruned.nodes] == [2.0, 6.0, 5.0, 11.0]
    assert [leaf is x for leaf, _ in pruned.leaves.values()] == [True, True]
    assert list(pruned.leaves) == [0, 2]


def test_a_leaf_as_output_is_one_line_with_its_label():
    x, y = Value(2.0, label="x"), Value(3.0)
    pruned = Tape.of(x, y)
    assert (list(pruned.nodes), pruned.outputs) == ([(LEAF, 2.0), (LEAF, 3.0)], (0, 1))
    assert [leaf.label for leaf, _ in pruned.leaves.values()] == ["x", None]
    assert pruned.sources == [(pruned, 0), (pruned, 1)]


@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_input_of_a_transform_is_a_line_of_its_own(elsewhere):
    with Tape():
        factor = Value(2.0) * 1.0 if elsewhere else 2.0
    pruned = []

    def f(x):
        y = x * x * factor
        pruned.append(Tape.of(y))
        return y

    assert grad(f)(3.0) == 12.0
    (tape,) = pruned
    assert [node for node in tape.nodes if node[0] == INPUT] == [(INPUT, 3.0)]
    assert tape.nodes[-1][1] == 18.0


@pytest.mark.parametrize("generations", [1, GENERATIONS, 2 * GENERATIONS + 1])
def test_what_is_reached_by_way_of_a_stand_in_too_stands_once(generations):
    x = Value(1.0)
    values = [x]
    for _ in range(generations):
        with Tape():
            values.append(values[-1] * 2.0 + x)
    with Tape():
        total = ag.sum(values)
    pruned = Tape.of(total, *values)
    assert len(pruned) == 2 + 2 * generations
    assert [pruned.nodes[k][1] for k in pruned.outputs] == [value.data for value in (total, *values)]


def test_a_value_of_a_stand_in_is_that_of_its_tape():
    x = Value(1.0, label="x")
    product = x
    for _ in range(GENERATIONS):
        with Tape():
            y = x * 2.0
            product = product * y
    with Tape():
        z = y * 3.0
    assert z.operands[0]._tape is not y._tape
    pruned = Tape.of(z.operands[0], product)
    assert described(pruned) == described(Tape.of(y, product))
    assert len(tapes_of(Tape.of(z, product))) == GENERATIONS + 1


def test_one_tape_alone_is_pruned_by_its_indices():
    x = Value(2.0, label="x")
    with Tape() as tape:
        y = x * 3.0
        ag.sin(y)
        z = y + x
    pruned = pruned_alone(tape, [z._index])
    assert described(pruned) == described(Tape.of(z))
    assert [node[1] for node in pruned.nodes] == [2.0, 6.0, 8.0]
    assert tapes_of(pruned) == [tape]
    assert tapes_of(Tape()) == []


# -- the garbage collector -------------------------------------------------------------------------------------------


@pytest.fixture
def collector():
    yield
    gc.enable()


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_rests_meanwhile_and_goes_on_as_before(enabled):
    (gc.enable if enabled else gc.disable)()
    assert without_collections(gc.isenabled) is False
    assert gc.isenabled() is enabled
    assert without_collections(lambda: without_collections(lambda: 1) + gc.isenabled()) == 1
    assert gc.isenabled() is enabled
    with pytest.raises(ZeroDivisionError):
        without_collections(lambda: 1 / 0)
    assert gc.isenabled() is enabled


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("name", ["_let_rest", "_let_work"])
def test_an_interrupted_collector_works_again(monkeypatch, name, done):
    gc.enable()
    interrupted(pruning, name, monkeypatch, done=done)
    with pytest.raises(KeyboardInterrupt):
        without_collections(int)
    assert (gc.isenabled(), pruning._resting) == (True, set())


@pytest.mark.usefixtures("collector")
def test_a_collector_that_was_let_rest_elsewhere_is_left_alone():
    gc.enable()
    without_collections(int)
    gc.disable()
    pruning._work_alone()  # as in a forked process
    assert not gc.isenabled()
    without_collections(int)
    assert not gc.isenabled()


@pytest.mark.usefixtures("collector")
def test_a_collector_that_has_not_rested_yet_is_left_alone_in_a_forked_process(monkeypatch):
    monkeypatch.setattr(os, "register_at_fork", lambda **_: None, raising=False)
    spec = importlib.util.find_spec("autograd.pruning")
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    gc.disable()
    fresh._work_alone()
    assert not gc.isenabled()


@needs_fork
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # Python 3.12 warns where threads run
@pytest.mark.usefixtures("collector")
def test_the_collector_works_in_a_forked_process():
    gc.enable()
    assert without_collections(lambda: in_a_fork(gc.isenabled))
