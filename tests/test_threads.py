"""Many threads at once: they record, sweep and replay, in modes of their own, with leaves and programs they share."""

from __future__ import annotations

import gc
import math
import sys
import threading
from fractions import Fraction

import pytest

import autograd as ag
import nn
from autograd import Tape, Value
from autograd import tape as tape_room
from autograd.pruning import without_collections
from autograd.recording import USUAL, active_modes, close_automatic, mode
from autograd.tape import CAPACITY, WIDTH

pytestmark = pytest.mark.long

THREADS = 64


@pytest.fixture(autouse=True)
def eager_switching():
    """Let threads take turns all the time."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)
    assert not active_modes


def in_threads(work, count=THREADS):
    """Return [work(0), work(1), …], each computed by a thread of its own; they begin together."""
    results, problems = [None] * count, []
    begin = threading.Event()

    def run(k):
        try:
            begin.wait(60)
            results[k] = work(k)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for thread in threads:
        thread.start()
    begin.set()
    for thread in threads:
        thread.join()
    assert not problems, problems[0]
    return results


def network(w, x):
    hidden = [ag.tanh(w[2 * k] * x + w[2 * k + 1]) for k in range(4)]
    return ag.logsumexp([h * h + x for h in hidden]) if hidden[0] > 0 else ag.dot(hidden, w[:4])


WEIGHTS = [0.3, -0.1, 0.7, 0.2, -0.5, 0.4, 0.9, -0.8]


def test_value_and_grad_is_the_same_bit_by_bit():
    def work(k):
        return [ag.value_and_grad(network)(WEIGHTS, 0.1 * k + step - 3.0) for step in range(4)]

    assert in_threads(work) == [work(k) for k in range(THREADS)]


def test_gradients_of_shared_leaves_are_the_same_bit_by_bit():
    leaves = [Value(w) for w in WEIGHTS]

    def work(k):
        found = []
        for step in range(3):
            value, slope = ag.value_and_grad(lambda x: network(leaves, x))(0.1 * k + step - 3.0)
            found.append((value.data, slope.data, len(Tape.of(slope, value))))
        return found

    assert in_threads(work) == [work(k) for k in range(THREADS)]
    assert all(leaf.grad == 0.0 for leaf in leaves)


def test_no_share_of_a_leaf_is_lost():
    leaves = [Value(1.0) for _ in range(400)]  # so many that threads take turns among them

    def work(k):
        for _ in range(2):
            ag.sum([leaf * float(k + 1) for leaf in leaves]).backward()

    in_threads(work)
    assert {leaf.grad for leaf in leaves} == {THREADS * (THREADS + 1.0)}


def test_what_threads_add_to_a_leaf_is_the_sum_to_within_rounding():
    leaf = Value(0.7)

    def work(k):
        for _ in range(10):
            (ag.sin(leaf * (1.0 + 0.1 * k)) * 1e-3).backward()

    in_threads(work)
    threaded, leaf.grad = leaf.grad, 0.0
    slopes = [ag.grad(lambda x, k=k: ag.sin(x * (1.0 + 0.1 * k)) * 1e-3)(0.7) for k in range(THREADS)]
    exact = 10 * sum(map(Fraction, slopes))
    count, size = 10 * THREADS, 10 * math.fsum(map(abs, slopes))
    assert abs(Fraction(threaded) - exact) <= count * 2**-53 * size


def test_a_value_from_elsewhere_is_swept_to_by_all():
    close_automatic()  # on a tape of its own: a sweep that reaches a tape runs over all of its older nodes
    x = Value(1.5)
    shared = x * x

    def work(k):
        y = shared * float(k)
        y.backward()
        return y.data

    assert in_threads(work) == [2.25 * k for k in range(THREADS)]
    assert x.grad == 3.0 * THREADS * (THREADS - 1) / 2


def test_a_program_can_be_replayed_by_all():
    w, x = [Value(each) for each in WEIGHTS], Value(0.5)
    with Tape():
        program = Tape.of(network(w, x)).compile(shared=w, batched=[x])

    def work(k):
        found = []
        for lanes in (1, 7, 300):
            rows = [[0.5 + 0.01 * (k + lane)] for lane in range(lanes)]
            values, gradient = program.value_and_grad([each * (1 + k) for each in WEIGHTS], rows)
            _, by_row = program.value_and_grad(WEIGHTS, rows, per_row=True, wrt="batched")
            found.append((values.tolist(), gradient.tolist(), by_row.tolist()))
        return found

    assert in_threads(work, 32) == [work(k) for k in range(32)]


def test_a_compiled_function_finds_its_paths_once():
    fast = ag.compile(network, batched="x")

    def work(k):
        values, gradient = fast.value_and_grad(WEIGHTS, [0.1 * k - 3.0, 3.0 - 0.1 * k, 0.5])
        return values.tolist(), gradient

    found = in_threads(work)
    assert repr(fast) == "<compiled network: 2 programs, 1 structure>"
    assert found == [work(k) for k in range(THREADS)]


def test_every_thread_has_modes_of_its_own():
    x = Value(2.0, label="x")

    def recorded(k):
        y = x * float(k)
        return y.is_constant, y.data

    def work(k):
        found = []
        for _ in range(5):
            if k % 4 == 0:
                with ag.no_grad(), ag.scope("quiet"):
                    found.append(recorded(k))
            elif k % 4 == 1:
                with ag.strict():
                    found.append(recorded(k))
                    with pytest.raises(ag.NonFiniteError):
                        ag.log(x - 2.0)
            elif k % 4 == 2:
                with Tape() as tape, ag.scope(f"thread {k}"):
                    found.append(recorded(k))
                found.append((len(tape), tape.scope_at(1)))
            else:
                found.append(recorded(k))
                found.append(str(Tape.of(x * float(k))))
        return [*found, mode() is USUAL]

    assert in_threads(work) == [work(k) for k in range(THREADS)]


def test_the_garbage_collector_works_again_when_all_have_compiled():
    def work(k):
        x = Value(0.1 * k)
        for _ in range(5):
            Tape.of(ag.sin(x) * x + k).compile()

    in_threads(work, 16)
    assert gc.isenabled()


def test_the_garbage_collector_rests_as_long_as_anyone_needs_it():
    inside, leave = threading.Barrier(2), threading.Event()

    def wait():
        inside.wait(10)
        leave.wait(10)
        return gc.isenabled()

    results = []
    longer = threading.Thread(target=lambda: results.append(without_collections(wait)))
    longer.start()
    assert without_collections(lambda: inside.wait(10)) is not None
    assert not gc.isenabled()
    leave.set()
    longer.join()
    assert results == [False]
    assert gc.isenabled()


def test_first_recordings_at_the_same_time_share_the_right_indices(monkeypatch):
    for _ in range(5):
        monkeypatch.setattr(tape_room, "_shared_indices", [])
        for found in in_threads(lambda k: tape_room.indices(), 8):
            assert len(found) == WIDTH * CAPACITY
            assert found[-WIDTH] == CAPACITY - 1


def test_serial_numbers_are_never_given_twice():
    def work(k):
        found = []
        for _ in range(100):
            if k % 4 == 0:
                tape_room.advance_serials(0)
            found.append(tape_room.next_serial())
        return found

    given = [serial for found in in_threads(work, 16) for serial in found]
    assert len(set(given)) == len(given)


def test_models_are_trained_and_asked_by_many_threads_at_once():
    data = nn.moons(16, seed=1)
    asked = nn.MLP(2, [4, 2], "tanh", seed=3)

    def work(k):
        model = nn.MLP(2, [3, 2], "tanh", seed=k)
        optimizer = nn.Adam(model.parameters(), 0.05)
        options = {"loss": "softmax_cross_entropy", "epochs": 2, "batch_size": 8, "progress": False}
        history = nn.fit(model, data.inputs, data.targets, optimizer=optimizer, **options)
        return history.training, nn.predict(asked, data.inputs), [p.data for p in model.parameters()]

    assert in_threads(work, 8) == [work(k) for k in range(8)]
