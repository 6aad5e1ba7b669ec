"""Processes: what a fork takes along, what goes through a pickle, and gradients computed by many of them."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from concurrent.futures import ProcessPoolExecutor

import pytest

import autograd as ag
import nn
from autograd import Tape, Value
from autograd import value as value_room

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),  # Python 3.12 warns where threads run
]

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")


def curve(w, x):
    return ag.sin(w[0] * x) * w[1] + ag.exp(w[0]) if x > 0 else w[1] * x


def gradient(x):
    return ag.value_and_grad(lambda w: curve(w, x))([0.5, -1.5])


def in_a_fork(work):
    """Return what a function returns in a forked process."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        signal.alarm(30)  # rather than wait for ever
        try:
            found = pickle.dumps(work())
        except BaseException as problem:
            found = pickle.dumps(repr(problem))
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(found)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        found = pipe.read()
    os.waitpid(process, 0)
    return pickle.loads(found)


@needs_fork
def test_a_fork_goes_on_with_what_was_recorded():
    x = Value(1.5, label="x")
    y = x * x

    def work():
        z = ag.sin(y) * x
        z.backward()
        y.backward()
        return z.data, x.grad, str(Tape.of(z))

    theirs = in_a_fork(work)
    assert x.grad == 0.0
    assert work() == theirs


@needs_fork
def test_a_fork_within_modes_and_tapes():
    x = Value(1.5)

    def work():
        return (x * 2.0).is_constant

    with ag.no_grad():
        assert in_a_fork(work) is True
    with Tape() as tape:
        y = x * x
        assert in_a_fork(lambda: (y * x)._tape is tape) is True
    assert len(tape) == 2


@needs_fork
def test_a_fork_waits_until_another_thread_has_reached_all_leaves():
    leaves = [Value(1.0) for _ in range(200)]
    stop = threading.Event()

    def sweep():
        while not stop.is_set():
            ag.sum([leaf * 1.0 for leaf in leaves]).backward()

    def work():
        grads = {leaf.grad for leaf in leaves}
        (leaves[0] * leaves[1]).backward()
        return grads

    sweeping = threading.Thread(target=sweep)
    sweeping.start()
    try:
        found = [in_a_fork(work) for _ in range(10)]
    finally:
        stop.set()
        sweeping.join()
    assert [len(grads) for grads in found] == [1] * 10


@needs_fork
def test_a_fork_while_another_thread_accumulates_can_accumulate():
    x = Value(1.0)
    holding, forked = threading.Event(), threading.Event()

    def hold():
        with value_room._accumulating:
            holding.set()
            forked.wait(0.2)

    def work():
        (x * 3.0).backward()
        return x.grad

    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait()
    assert in_a_fork(work) == 3.0
    forked.set()
    holder.join()


@needs_fork
def test_forked_workers_compute_the_same_gradients():
    points = [0.25 * k - 2.0 for k in range(16)]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as workers:
        found = list(workers.map(gradient, points, chunksize=4))
    assert found == list(map(gradient, points))


def test_spawned_workers_compute_with_programs_models_and_values():
    w, x = [Value(0.5), Value(-1.5)], Value(0.25)
    y = curve(w, x)
    program = Tape.of(y).compile(shared=w, batched=[x])
    rows = [[[0.1 * k + 0.1], [1.0]] for k in range(8)]
    model, samples = nn.MLP(2, [3, 1], "tanh", seed=5), [[0.5, 1.0], [-1.0, 0.25]]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as workers:
        jobs = [workers.submit(program.value_and_grad, [0.5, -1.5], each) for each in rows]
        traced = workers.submit(str, Tape.of(y))
        again = workers.submit(pickle.dumps, y)
        told = workers.submit(nn.predict, model, samples)
        for job, each in zip(jobs, rows):
            values, slopes = job.result()
            expected = program.value_and_grad([0.5, -1.5], each)
            assert (values.tolist(), slopes.tolist()) == (expected[0].tolist(), expected[1].tolist())
        assert traced.result() == str(Tape.of(y))
        assert told.result() == nn.predict(model, samples)
    theirs = pickle.loads(again.result())
    theirs.backward()
    y.backward()
    twins = [leaf for leaf, _ in theirs._tape.leaves.values()]
    assert sorted(leaf.grad for leaf in twins) == sorted(leaf.grad for leaf in (*w, x))
