"""Copies and pickles: independent graphs, at any depth."""

from __future__ import annotations

import copy
import itertools
import pickle
import subprocess
import sys

import pytest

from autograd import Primitive, Tape, Value, copies, relu
from autograd.copies import _STRIDE as STRIDE
from autograd.primitives import TABLE
from autograd.recording import close_automatic
from autograd.tape import GENERATIONS


def by_pickle(thing):
    return pickle.loads(pickle.dumps(thing))


@pytest.fixture(params=[copy.copy, copy.deepcopy, by_pickle])
def duplicate(request):
    return request.param


def test_a_leaf(duplicate):
    x = Value(2.0, label="x")
    x.grad = 5.0
    twin = duplicate(x)
    assert (twin.data, twin.grad, twin.label, twin.is_leaf) == (2.0, 5.0, "x", True)
    twin.data = 3.0
    assert x.data == 2.0


def test_a_constant(duplicate):
    assert duplicate(Value(2.0).detach()).is_constant


def test_a_graph_is_independent(duplicate):
    x = Value(3.0, label="x")
    y = x * x * x
    y.label = "y"
    twin = duplicate(y)
    twin.backward()
    assert (x.grad, y.grad) == (0.0, 0.0)
    leaf = next(operand for operand in twin.operands[0].operands if operand.label == "x")
    assert (leaf.grad, twin.label, twin.data) == (27.0, "y", 27.0)


@pytest.mark.parametrize("duplicate_list", [copy.deepcopy, by_pickle])
def test_what_is_shared_stays_shared(duplicate_list):
    x = Value(3.0)
    h = x * x
    y = h * x
    x2, h2, y2 = duplicate_list([x, h, y])
    y2.backward()
    assert (x2.grad, h2.grad, x.grad) == (27.0, 3.0, 0.0)


@pytest.mark.parametrize("duplicate_list", [copy.deepcopy, by_pickle])
def test_sharing_across_tapes(duplicate_list):
    x = Value(3.0)
    h = x * x
    h.backward()
    x.zero_grad()
    y = h * x
    h2, y2, x2 = duplicate_list([h, y, x])
    (y2 + h2).backward()
    assert x2.grad == 27.0 + 6.0


def test_stale_leaves_stay_stale(duplicate):
    x = Value(3.0)
    y = x * x
    x.data = 4.0
    twin = duplicate(y)
    twin.backward()
    leaf = twin.operands[0]
    assert (twin.data, leaf.data, leaf.grad) == (9.0, 4.0, 6.0)
    assert [node[1] for node in Tape.of(twin, leaf).nodes] == [3.0, 9.0, 4.0]


def test_a_copy_can_be_computed_with(duplicate):
    x = Value(3.0)
    y = duplicate(x * x) * x
    y.backward()
    assert x.grad == 9.0


@pytest.mark.long
def test_a_long_chain_of_tapes_needs_no_recursion(duplicate):
    x = Value(1.0)
    h = x * 1.0
    for _ in range(3000):
        close_automatic()
        h = h * 1.0
    twin = duplicate(h)
    assert twin.data == 1.0
    twin.backward()


def test_tapes_that_import_from_each_other(duplicate):
    x = Value(2.0)
    with Tape():
        a = x * x
        with Tape():
            b = a * x
        c = b * a
    twin = duplicate(c)
    twin.backward()
    assert twin.data == 32.0


def chain(generations):
    """Return a leaf, and a product of it on a tape that is the last of so many in a row."""
    x = y = Value(2.0)
    for _ in range(generations + 1):
        with Tape():
            y = y * x
    return x, y


def stated(tape):
    return tape.__reduce__()[2]["ancestors"]


@pytest.mark.parametrize(
    ("generations", "expected"),
    [(0, 0), (1, 1), (STRIDE - 1, STRIDE - 1), (STRIDE, STRIDE), (STRIDE + 1, 1), (2 * STRIDE, 2 * STRIDE)],
)
def test_a_tape_states_all_its_ancestors_every_so_many_generations(generations, expected):
    _, y = chain(generations)
    assert len(stated(y._tape)) == expected


def test_ancestors_are_stated_in_the_order_in_which_they_were_opened():
    x = Value(2.0)
    with Tape() as outer:
        a = x * x
        with Tape() as inner:
            b = a * x
        c = b * a
    with Tape() as last:
        d = c * b
    assert stated(last) == [outer, inner]
    assert stated(inner) == [outer]
    assert d.data == 256.0


@pytest.mark.parametrize("duplicate_one", [copy.deepcopy, by_pickle])
def test_a_graph_over_many_tapes_is_copied_whole(duplicate_one):
    _, y = chain(STRIDE + 2)
    twin = duplicate_one(y)
    twin.backward()
    leaf = Tape.of(twin).leaves[0][0]
    assert (twin.data, leaf.grad) == (2.0 ** (STRIDE + 4), (STRIDE + 4) * 2.0 ** (STRIDE + 3))


def test_a_copied_tape_knows_what_it_has_imported_and_from_which_generation(duplicate):
    x = Value(2.0)
    y = x
    for _ in range(3):
        with Tape():
            y = y * x
    tape = duplicate(y)._tape
    ((index, (older, at)),) = tape.imports.items()
    assert tape.generation == 2
    assert older.generation == 1
    assert tape.enter_import((older, at)) == index
    assert len(tape.imports) == 1


def test_a_tape_that_imports_from_its_copy(duplicate):
    x = Value(2.0)
    with Tape():
        y = x * x
        twin = duplicate(y)
        z = (y + twin * 3.0) * y
    assert len(Tape.of(twin, z).nodes) == len(Tape.of(z, twin).nodes) == 7
    with Tape():
        total = twin + z
    total.backward()
    leaf = twin.operands[0]
    assert (x.grad, leaf.grad) == ((2 * 4.0 + 3 * 4.0) * 4.0, (3 * 4.0 + 1.0) * 4.0)


def test_what_is_recorded_after_loading_comes_after_what_was_loaded(monkeypatch):
    x = Value(2.0)
    with Tape():
        y = x * x
        for _ in range(8):
            with Tape():
                z = y * 1.0
            Tape()  # takes a number too
            y = z + 1.0
    pickled = pickle.dumps(y)
    monkeypatch.setattr("autograd.tape._serials", itertools.count(1))  # as in a new process
    twin = pickle.loads(pickled)
    with Tape():
        first = twin * 3.0
    with Tape():
        second = twin + first
    second.backward()
    assert (twin.grad, Tape.of(twin).leaves[0][0].grad) == (4.0, 16.0)


def test_a_pruned_tape(duplicate):
    x = Value(2.0, label="x")
    tape = Tape.of(x * x + 1)
    twin = duplicate(tape)
    assert twin.nodes == tape.nodes
    assert twin.outputs == tape.outputs
    assert twin.leaves[0][0].label == "x"
    assert [twin.sources[index] for index in range(len(tape))] == [(twin, index) for index in range(len(tape))]
    assert duplicate(twin).nodes == tape.nodes


def test_a_copy_knows_that_comparisons_were_left_out(duplicate):
    x = Value(2.0)
    with Tape() as tape:
        y = x * x if x > 1.0 else x
    assert duplicate(tape).guards == tape.guards
    for pruned in (duplicate(Tape.of(y)), duplicate(duplicate(Tape.of(y)))):
        with pytest.raises(ValueError, match="comparisons"):
            pruned.compile()
    with Tape():
        z = x * x
    assert duplicate(Tape.of(z)).compile().value([3.0]) == 9.0


def test_a_tape_that_is_not_pruned_was_taken_from_no_other(duplicate):
    twin = duplicate((Value(2.0) * 3.0)._tape)
    assert (twin.outputs, twin.sources) == (None, None)


def test_a_pickle_travels_to_another_process():
    x = Value(3.0)
    program = "import pickle, sys; y = pickle.load(sys.stdin.buffer); y.backward(); print(y.data, y.operands[0].grad)"
    done = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(x * x), capture_output=True, check=True)
    assert done.stdout.split() == [b"9.0", b"6.0"]


@pytest.mark.parametrize("place", [0, 1])
def test_a_pickle_is_loaded_where_rows_have_other_numbers(place):
    size, names = len(TABLE), ["double of this test", "triple of this test"]
    try:
        rows = [Primitive(name, lambda x: 2.0 * x, partials=(lambda y, x: 2.0,)) for name in names]
        pickled = pickle.dumps(rows[place](Value(3.0)))
        del TABLE[size:]  # and another program, which makes them the other way round
        rows = [Primitive(name, lambda x: 2.0 * x, partials=(lambda y, x: 2.0,)) for name in reversed(names)]
        assert pickle.loads(pickled).primitive is rows[1 - place]
    finally:
        del TABLE[size:]
        close_automatic()  # what was recorded with these rows


@pytest.mark.parametrize("row", TABLE[:2])
def test_a_pickle_names_its_primitives(row):
    assert row.name.encode() in pickle.dumps(row(Value(3.0), 2.0))


def test_a_primitive_is_pickled_by_name():
    cube = Primitive("cube of this test", lambda x: x * x * x, partials=(lambda y, x: 3.0 * x * x,))
    assert by_pickle(cube) is cube
    with pytest.raises(LookupError, match="no primitive is called"):
        Primitive.__reduce__(cube)[0]("no such")


@pytest.mark.parametrize("duplicate_list", [copy.deepcopy, by_pickle])
def test_stand_ins_stay_one_with_their_tapes(duplicate_list):
    w = v = Value(2.0)
    values = []
    for _ in range(GENERATIONS + 1):
        with Tape():
            v = v * w + 1.0
            values.append(v)
    twins = duplicate_list(values)
    assert len(Tape.of(*twins)) == len(Tape.of(*values))
    assert hash(twins[-1].operands[0].operands[0]) == hash(twins[-2])
    sum(twins).backward()
    sum(values).backward()
    assert [twin.grad for twin in twins] == [value.grad for value in values]


@pytest.mark.parametrize("duplicate_list", [copy.deepcopy, by_pickle])
@pytest.mark.parametrize("swept_before", [False, True])
def test_copied_stand_ins_show_the_adjoints_and_labels_of_their_tapes(duplicate_list, swept_before):
    w = v = Value(2.0)
    values = []
    for _ in range(2 * GENERATIONS):
        with Tape():
            v = v * w + 1.0
            values.append(v)
    if swept_before:
        v.backward()
    twins = duplicate_list(values)
    assert [twin.grad for twin in twins] == [value.grad for value in values]
    for k, pair in enumerate(zip(values, twins)):
        for each in pair:
            each.label = f"v{k} of twins"
    v.backward(3.0)
    twins[-1].backward(3.0)
    assert [twin.grad for twin in twins] == [value.grad for value in values]
    assert Tape.of(twins[-1]).trace() == Tape.of(v).trace()


@pytest.mark.parametrize("duplicate_one", [copy.deepcopy, by_pickle])
def test_what_a_leaf_was_is_one_line_of_a_copy_whatever_tapes_it_is_on(duplicate_one):
    x = y = Value(2.0)
    for data in (3.0, 2.0, 5.0):
        for _ in range(2):
            with Tape():
                y = y * x
        x.data = data
    with Tape():
        y = y * x
    twin = duplicate_one(duplicate_one(y))
    assert len(Tape.of(y).leaves) == 4
    assert Tape.of(twin).nodes == Tape.of(y).nodes


def test_a_tape_that_is_copied_alone_knows_what_a_leaf_was_by_the_same_key():
    x = Value(2.0)
    with Tape() as tape:
        assert x * x == 4.0
    x.data = 3.0
    twin = copy.copy(tape)
    assert twin.leaves == tape.leaves
    assert twin.entered == tape.entered


@pytest.mark.parametrize("duplicate_one", [copy.deepcopy, by_pickle])
def test_a_users_row_of_the_same_name_changes_no_copy(duplicate_one):
    y = relu(Value(3.0))
    mine = Primitive("relu", lambda x: -7.0 * x, partials=(lambda y, x: -7.0,))
    try:
        assert duplicate_one(relu) is relu
        assert duplicate_one(mine) is mine
        assert duplicate_one(y).primitive is relu
        assert duplicate_one(mine(Value(3.0))).primitive is mine
    finally:
        assert TABLE.pop() is mine  # other tests go by the table
        close_automatic()


def test_what_copies_have_in_common_is_known_while_it_is_kept_and_no_longer():
    class Thing:
        pass

    known = copies._WhileKept()
    kept = [known.of(("kept", k), Thing) for k in range(100)]
    for k in range(1000):
        known.of(("gone", k), Thing)
    assert all(known.of(("kept", k), Thing) is thing for k, thing in enumerate(kept))
    assert len(known._known) <= 300
