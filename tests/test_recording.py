"""Whose tape is recorded on, for how long, and by whom."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import gc
import math
import pickle
import sys
import threading
import weakref
from types import SimpleNamespace

import pytest

import autograd as ag
from autograd import Tape, Value, recording
from autograd.recording import Replayable, active_modes, close_automatic, current_scope
from autograd.tape import CAPACITY, GENERATIONS


def tape_of(value: Value) -> Tape:
    assert value._tape is not None
    return value._tape


def test_a_tape_lives_as_long_as_something_on_it():
    x = Value(2.0)
    (x * 1.0).backward()  # closes a tape that other tests may have left something on
    y = x * x
    z = y + 1
    tape = weakref.ref(tape_of(y))
    del y
    assert tape() is not None
    del z
    assert tape() is None


def test_a_tape_lives_as_long_as_a_later_one_imports_from_it():
    x = Value(2.0)
    (x * 1.0).backward()  # likewise
    h = x * x
    h.backward()
    older = weakref.ref(tape_of(h))
    y = h * 3
    del h
    assert older() is not None
    assert older() is not tape_of(y)
    del y
    assert older() is None


def test_backward_closes_the_active_tape():
    x = Value(2.0)
    y = x * x
    y.backward()
    assert tape_of(x * x) is not tape_of(y)
    y = x * x
    with ag.no_grad():
        y.backward()
    assert tape_of(x * x) is not tape_of(y)


def test_recording_goes_on_where_it_was_until_then():
    x = Value(2.0)
    y = x * x
    assert tape_of(y + 1) is tape_of(y)


def test_a_full_tape_is_followed_by_another():
    close_automatic()  # whatever an earlier test has left on its tape
    x = y = Value(1.0)
    for _ in range(CAPACITY + 10):
        y = y + x
    tape = tape_of(y)
    assert len(tape) < 100
    y.backward()
    assert x.grad == CAPACITY + 11


def test_a_leaf_belongs_to_no_tape_and_is_entered_once():
    x = Value(2.0)
    with Tape() as tape:
        y = x * x + x
    assert tape.nodes[0][1] == 2.0
    assert len(tape) == 3
    assert x._tape is None
    assert y.data == 6.0


def test_an_explicit_tape_is_closed_only_by_leaving_it():
    x = Value(2.0)
    with Tape() as tape:
        y = x * x
        y.backward()
        z = y * x
    assert tape_of(y) is tape_of(z) is tape
    assert tape_of(x * x) is not tape
    with pytest.raises(RuntimeError, match="recorded already"), tape:
        pass


def test_an_explicit_tape_is_opened_once_though_nothing_was_recorded():
    with Tape() as tape:
        with pytest.raises(RuntimeError, match="recorded already"), tape:
            pass
        y = Value(2.0) * 3.0
    with Tape() as empty:
        pass
    for used in (tape, empty, Tape.of(y), tape_of(Value(2.0) * 3.0), tape_of(pickle.loads(pickle.dumps(y)))):
        with pytest.raises(RuntimeError, match="recorded already"), used:
            pass
    assert tape_of(y) is tape


def test_explicit_tapes_nest():
    x = Value(2.0)
    with Tape() as outer:
        a = x * x
        with Tape() as inner:
            b = a * x
        c = b * a
    assert (tape_of(a), tape_of(b), tape_of(c)) == (outer, inner, outer)
    c.backward()
    assert x.grad == 5 * 2.0**4


def test_an_interrupted_block_leaves_the_tape_whole():
    x = Value(2.0)
    tape = Tape()
    try:
        with tape:
            y = x * x
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert tape_of(x + 1) is not tape
    y.backward()
    assert x.grad == 4.0


@pytest.mark.long
def test_threads_record_on_tapes_of_their_own_and_share_leaves():
    w = Value(2.0)
    shared = w * w
    tapes, problems = [], []

    def work():
        try:
            for _ in range(200):
                y = shared * w
                tapes.append(tape_of(y))
                y.backward()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert tape_of(shared) not in tapes
    assert w.grad == 8 * 200 * 12.0


def test_an_inherited_explicit_tape_is_not_recorded_on():
    x = Value(2.0)
    with Tape() as tape:
        y = x * x
        context = contextvars.copy_context()
        z = context.run(lambda: y * x)
        w = y + x
    assert tape_of(z) is not tape
    assert tape_of(w) is tape
    z.backward()
    assert x.grad == 12.0


def test_a_copied_context_in_another_thread_records_elsewhere():
    x = Value(2.0)
    y = x * x
    found = []
    context = contextvars.copy_context()
    thread = threading.Thread(target=lambda: context.run(lambda: found.append(y * x)))
    thread.start()
    thread.join()
    assert tape_of(found[0]) is not tape_of(y)


def test_tasks_record_on_tapes_of_their_own():
    x = Value(2.0)
    outside = x * x

    async def work(n):
        y = x
        for _ in range(n):
            y = y * x
            await asyncio.sleep(0)
        inner = y * 1
        (inner * 2).backward()
        await asyncio.sleep(0)
        return tape_of(y), inner.grad

    async def main():
        with Tape() as tape:
            results = await asyncio.gather(*(work(n) for n in range(1, 6)))
            return tape, results

    tape, results = asyncio.run(main())
    tapes = [used for used, _ in results]
    assert len(set(map(id, tapes))) == 5
    assert tape not in tapes
    assert tape_of(outside) not in tapes
    assert len(tape) == 0
    assert [grad for _, grad in results] == [2.0] * 5


def test_a_task_goes_on_where_it_was_and_begins_anew_where_another_is():
    x = Value(2.0)

    async def child():
        first = x * 3.0
        await asyncio.sleep(0)
        return first, x * 4.0

    async def main():
        before = x * 2.0
        children = await asyncio.gather(child(), child())
        return before, x * 5.0, *children

    before, after, (first, second), (third, fourth) = asyncio.run(main())
    assert tape_of(before) is tape_of(after)
    assert tape_of(first) is tape_of(second)
    assert tape_of(third) is tape_of(fourth)
    assert len({id(tape_of(value)) for value in (before, first, third)}) == 3


def test_what_a_task_compared_is_known_after_it_has_started_another():
    w, a, b = Value(1.0), Value(2.0), Value(3.0)

    async def child(chosen):
        return chosen * 3.0

    async def main():
        product = w * 2.0
        chosen = a if w > 0 else b
        tripled, *_ = await asyncio.gather(child(chosen), child(b))
        return product, chosen * 2.0, tripled

    product, doubled, tripled = asyncio.run(main())
    with pytest.raises(ag.BranchChanged, match="was True when this was recorded"):
        Tape.of(product, doubled).compile(shared=[w, a]).value([-1.0, 2.0])
    with pytest.raises(ValueError, match="comparisons that were made"):
        Tape.of(tripled).compile()


def test_no_grad_reaches_a_thread_only_through_its_context():
    x = Value(2.0)
    keep = x * x
    found = []

    def work():
        found.append(keep * x)

    with ag.no_grad():
        plain = threading.Thread(target=work)
        context = contextvars.copy_context()
        inherited = threading.Thread(target=lambda: context.run(work))
        for thread in (plain, inherited):
            thread.start()
            thread.join()
    assert [value.is_constant for value in found] == [False, True]


def test_guards_keep_their_tape_until_it_is_closed():
    close_automatic()  # likewise
    x = Value(2.0)
    if x > 1:
        y = x * x
    tape = tape_of(y)
    assert len(tape.guards) == 1
    _, code, _, numbers, outcome, source = tape.guards[0]
    assert ag.primitives.by_code(code) is ag.greater
    assert (numbers, outcome) == ((2.0, 1.0), True)
    assert source[0].endswith("test_recording.py")
    alive = weakref.ref(tape)
    del y, tape
    gc.collect()
    assert alive() is not None
    (x * x).backward()
    assert alive() is None


def test_a_comparison_whose_truth_is_not_asked_writes_no_guard():
    x = Value(2.0)
    with Tape() as tape:
        ag.where(x > 1, x, 0.0)
    assert tape.guards == []


def test_scopes_nest_and_end():
    x = Value(2.0)
    with Tape() as tape:
        a = x * 2
        with ag.scope("layer 0"):
            b = a * 2
            with ag.scope("neuron 1"):
                c = b * 2
            d = c * 2
        e = d * 2
    paths = [tape.scope_at(value._index) for value in (a, b, c, d, e)]
    assert paths == [(), ("layer 0",), ("layer 0", "neuron 1"), ("layer 0",), ()]
    pruned = Tape.of(e)
    assert [pruned.scope_at(index) for index in range(1, 6)] == paths
    for index in (-1, 6, 99):
        with pytest.raises(IndexError, match=f"there is no node {index} on a tape of 6$"):
            pruned.scope_at(index)
    with pytest.raises(TypeError, match="int"), ag.scope(3):
        pass


def test_a_scope_outlives_the_tape_it_began_on():
    x = Value(2.0)
    with ag.scope("layer"):
        (x * 2).backward()
        y = x * 2
        with Tape() as tape:
            z = x * 2
    assert tape_of(y).scope_at(y._index) == ("layer",)
    assert tape_of(y).scopes[0] == (0, ("layer",))
    assert (tape_of(z), tape.scopes) == (tape, [(0, ("layer",))])


def test_scopes_are_runs_of_nodes():
    x = Value(2.0)
    with Tape() as tape:
        assert tape.scopes == []
        y = x * 2.0
        with ag.scope("a"), ag.scope("b"):
            y = y * 2.0
            with ag.scope("empty"):
                pass
            y = y * 2.0
        with ag.scope("a"):
            y = y * 2.0
    runs = [(2, ("a", "b")), (3, ("a", "b")), (4, ("a",)), (5, ())]
    assert (tape.scopes, y.data) == (runs, 32.0)


def test_strict_names_primitive_operands_and_line():
    p = Value(0.0, label="p")
    with pytest.raises(ag.NonFiniteError) as caught, ag.strict():
        ag.log(p)  # this line
    assert caught.value.primitive == "log"
    assert caught.value.operands == [("p", 0.0)]
    assert caught.value.line.endswith("# this line")
    assert caught.value.source[0].endswith("test_recording.py")


def test_strict_sees_a_slope_too_and_lets_old_infinities_pass():
    with ag.strict():
        with pytest.raises(ag.NonFiniteError, match="slope in operand 0 is inf"):
            ag.sqrt(Value(0.0))
        assert (Value(float("inf")) + 1).data == float("inf")
    assert ag.sqrt(Value(0.0)).data == 0.0


def test_strict_sees_overflow_in_operators_and_wide_primitives():
    big = Value(1e308)
    with ag.strict():
        for compute in (lambda: big * 10, lambda: big + big, lambda: ag.sum([big, big, big]), lambda: 1 / Value(0.0)):
            with pytest.raises(ag.NonFiniteError):
                compute()
    assert (ag.sum([big, big, big]).data, ag.prod([big, big, big]).data) == (math.inf, math.inf)


def test_tape_of_refuses_what_has_no_tape():
    with pytest.raises(TypeError, match="float"):
        Tape.of(3.0)
    with pytest.raises(ValueError, match="at least one"):
        Tape.of()
    with pytest.raises(ValueError, match="constant"):
        Tape.of(Value(1.0).detach())
    assert len(Tape.of(Value(1.0))) == 1


def test_tape_of_several_outputs():
    x, y = Value(2.0), Value(3.0)
    a, b = x * y, x + 1
    pruned = Tape.of(a, b, x)
    assert [pruned.nodes[index][1] for index in pruned.outputs] == [6.0, 3.0, 2.0]
    assert len(pruned) == 4


def test_one_context_object_serves_several_tasks_and_threads():
    switch, region = ag.no_grad(), ag.scope("shared")
    barrier = threading.Barrier(2, timeout=10)
    problems = []

    async def wait(seconds):
        with switch, region:
            await asyncio.sleep(seconds)

    async def main():
        await asyncio.gather(wait(0.01), wait(0.02))

    def meet():
        try:
            with switch, region:
                barrier.wait()
        except BaseException as problem:
            problems.append(problem)

    asyncio.run(main())
    threads = [threading.Thread(target=meet) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert not active_modes


def test_leaving_a_context_leaves_what_was_entered_in_it_and_not_left():
    x = Value(0.0)
    outer, middle, inner = ag.no_grad(), ag.strict(), ag.strict()
    for context in (outer, middle, inner):
        context.__enter__()
    assert len(active_modes) == 3
    middle.__exit__()
    assert len(active_modes) == 1
    inner.__exit__()
    assert ag.log(x).is_constant, "the outer one is in force, and no other"
    outer.__exit__()
    inner.__exit__()
    assert not active_modes
    assert not ag.log(x).is_constant


def test_leaving_the_outermost_of_three_leaves_all():
    contexts, regions = [ag.no_grad(), ag.strict(), ag.strict()], [ag.scope("a"), ag.scope("b"), ag.scope("c")]
    for each in (*contexts, *regions):
        each.__enter__()
    contexts[0].__exit__()
    regions[0].__exit__()
    assert not active_modes
    assert current_scope() == ()
    assert not (Value(2.0) * 3.0).is_constant


def test_leaving_a_tape_twice_leaves_nothing_else():
    with ag.no_grad(), ag.strict():
        tape = Tape()
        tape.__enter__()
        for _ in range(2):
            tape.__exit__(None, None, None)
        assert len(active_modes) == 2
    assert not active_modes


def test_a_tape_stays_its_contexts_own_where_asking_was_interrupted(monkeypatch):
    x, mark = Value(2.0), recording._mark

    def interrupted(token):
        monkeypatch.undo()
        mark.reset(token)
        raise KeyboardInterrupt

    with Tape() as tape:
        monkeypatch.setattr(recording, "_mark", SimpleNamespace(set=mark.set, reset=interrupted))
        with pytest.raises(KeyboardInterrupt):
            ag.exp(x)
        y = x * 3.0
    assert tape_of(y) is tape


def test_leaving_a_scope_leaves_what_was_entered_in_it_and_not_left():
    outer, middle, inner = ag.scope("a"), ag.scope("b"), ag.scope("c")
    for region in (outer, middle, inner):
        region.__enter__()
    assert current_scope() == ("a", "b", "c")
    middle.__exit__()
    assert current_scope() == ("a",)
    inner.__exit__()
    assert current_scope() == ("a",)
    outer.__exit__()
    assert current_scope() == ()


def interrupted(room, name, monkeypatch, *, done):
    """Let a function of a room be interrupted when it is called first, before or after its work."""
    function = getattr(room, name)

    def interrupt(*given):
        monkeypatch.setattr(room, name, function)
        if done:
            function(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(room, name, interrupt)


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("name", ["_enter_mode", "_entered_by", "_leave_mode", "_note_scope", "_leave_scope"])
@pytest.mark.parametrize("enter", [ag.no_grad, ag.strict, lambda: ag.scope("a"), Tape])
def test_an_interrupted_context_is_left_whole(monkeypatch, enter, name, done):
    x = Value(0.0)
    interrupted(recording, name, monkeypatch, done=done)
    with contextlib.suppress(KeyboardInterrupt), enter():
        pass
    monkeypatch.undo()
    assert (dict(active_modes), current_scope()) == ({}, ())
    y = ag.log(x)
    assert not y.is_constant
    assert tape_of(y).scope_at(y._index) == ()


def test_a_tape_whose_opening_was_interrupted_can_be_opened_again(monkeypatch):
    tape = Tape()
    interrupted(recording, "_enter_mode", monkeypatch, done=True)
    with pytest.raises(KeyboardInterrupt), tape:
        pass
    with tape:
        y = Value(2.0) * 3.0
    assert tape_of(y) is tape


@pytest.mark.parametrize(
    ("context", "recorded", "raises"),
    [
        (recording.differentiating, True, True),
        (lambda: recording.watching([]), True, False),
        (recording.leniently, False, False),
        (lambda: recording.recording_for_replay(Replayable(Tape(), frozenset(), 0, 0, [])), False, False),
    ],
)
def test_what_the_package_does_itself_is_recorded_and_strict_where_it_has_to_be(context, recorded, raises):
    with ag.no_grad(), context():
        assert (Value(2.0) * 3.0).is_constant is not recorded
    with ag.strict(), context():
        try:
            ag.log(Value(0.0))
            raised = False
        except ag.NonFiniteError:
            raised = True
    assert raised is raises


def test_what_is_called_at_once_is_decorated():
    x = Value(2.0)
    functions = [lambda x: x * 2.0, functools.partial(lambda factor, x: x * factor, 2.0), x.__mul__]
    assert [ag.no_grad()(function)(x).is_constant for function in functions] == [True] * 3
    assert ag.strict()(abs)(x).data == 2.0
    assert not (x * 2.0).is_constant


def test_what_is_suspended_is_not_decorated():
    async def coroutine():
        pass

    def generator():
        yield

    async def both():
        yield

    for function in (coroutine, generator, both):
        with pytest.raises(TypeError, match="write `with` inside it"):
            ag.no_grad()(function)


@pytest.mark.long
def test_loops_with_comparisons_keep_few_guards():
    x = y = Value(1.0)
    for _ in range(CAPACITY):
        y = x * 2
        assert y > 1
    assert len(tape_of(y).guards) <= CAPACITY // 8


def test_an_automatic_tape_takes_an_eighth_as_many_comparisons_as_nodes_and_tells_the_next(monkeypatch):
    close_automatic()
    monkeypatch.setattr(recording, "CAPACITY", 64)
    x, tapes = Value(1.0), []
    for _ in range(17):
        assert x > 0
        y = x * 2.0
        if not tapes or tape_of(y) is not tapes[-1]:
            tapes.append(tape_of(y))
    assert [len(tape.guards) for tape in tapes] == [8, 8, 1]
    assert [tape.guards_dropped for tape in tapes] == [False, True, True]
    y.backward()
    assert not tape_of(x * 2.0).guards_dropped


class Finalized:
    """Garbage whose collection runs Python code, which lets another thread in wherever memory is asked for."""

    def __init__(self):
        self.itself = self

    def __del__(self):
        pass


@pytest.mark.long
@pytest.mark.parametrize("use", [lambda y: (y * 2.0).backward(), pickle.dumps, lambda y: str(tape_of(y))])
def test_a_tape_can_be_used_while_another_thread_records_on_it(use):
    x = Value(2.0)
    y = x * x
    ready, stop, problems = threading.Event(), threading.Event(), []

    def record():
        kept = y * Value(1.0)
        theirs.append(kept)
        ready.set()
        for _ in range(CAPACITY // 4):  # each step enters a leaf on this thread's tape
            kept * Value(1.0)
            Finalized()
            if stop.is_set():
                break

    theirs = []
    recorder = threading.Thread(target=record)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    recorder.start()
    ready.wait()
    try:
        for _ in range(30):
            use(theirs[0])
    except RuntimeError as problem:
        problems.append(problem)
    finally:
        stop.set()
        recorder.join()
        sys.setswitchinterval(interval)
    assert not problems


def test_what_another_tape_imported_goes_on_on_its_own_tape():
    x = Value(2.0)
    y = x * 1.0
    for k in range(1, 2 * GENERATIONS):
        with Tape():
            y = y + 1.0
        with Tape():
            product = y * x
            with Tape():
                next_one = product + 1.0
            tripled = next_one.operands[0] * 3.0
        x.grad = 0.0
        tripled.backward()
        assert (tripled.data, x.grad) == (6.0 * (2.0 + k), 3.0 * (4.0 + k))
