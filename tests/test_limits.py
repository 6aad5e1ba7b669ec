"""Length, width and time: nothing recurses, and loops run in bounded memory."""

from __future__ import annotations

import copy
import gc
import pickle
import tracemalloc

import pytest

import autograd as ag
from autograd import Tape, Value
from autograd.recording import close_automatic
from autograd.tape import CAPACITY, GENERATIONS

pytestmark = pytest.mark.long

MILLION = 1_000_000


@pytest.fixture(scope="module")
def chain():
    x = y = Value(1.0)
    for _ in range(MILLION):
        y = y + x
    return x, y


def test_a_chain_of_a_million_nodes_is_swept(chain):
    x, y = chain
    x.zero_grad()
    y.backward()
    assert y.data == x.grad == MILLION + 1


def test_a_chain_of_a_million_nodes_prints(chain):
    text = str(Tape.of(chain[1]))
    assert len(text) < 20_000
    assert str(MILLION)[:3] in text


def test_a_chain_of_a_million_nodes_is_copied_and_pickled(chain):
    twin = pickle.loads(pickle.dumps(chain[1]))
    assert twin.data == MILLION + 1
    assert copy.deepcopy(chain[1]).data == MILLION + 1


def test_a_chain_of_a_million_nodes_is_freed():
    tracemalloc.start()
    x = y = Value(1.0)
    for _ in range(200_000):
        y = y * x
    before = tracemalloc.get_traced_memory()[0]
    del x, y
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert before > 15_000_000
    assert after < before / 20


def test_a_sum_of_a_million_operands():
    leaves = [Value(1.0) for _ in range(MILLION)]
    total = ag.sum(leaves)
    total.backward()
    assert total.data == MILLION
    assert leaves[0].grad == leaves[-1].grad == 1.0
    pruned = Tape.of(total)
    assert len(pruned) == MILLION + 1
    assert len(str(pruned)) < 20_000


def traced(loop, iterations: int) -> tuple[int, int]:
    """Return the traced memory after a tenth of some iterations, and after all of them."""
    tracemalloc.start()
    loop(iterations // 10)
    gc.collect()
    early = tracemalloc.get_traced_memory()[0]
    loop(iterations - iterations // 10)
    gc.collect()
    late = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return early, late


def test_a_training_loop_runs_in_bounded_memory():
    w = Value(1.0)

    def train(iterations):
        for _ in range(iterations):
            loss = (w * 2 - 1) * (w * 2 - 1)
            loss.backward()
            w.data -= 0.01 * w.grad
            w.grad = 0

    early, late = traced(train, 20_000)
    assert late < early + 100_000


def test_an_inference_loop_runs_in_bounded_memory():
    w = Value(1.0)
    kept = []

    def infer(iterations):
        for _ in range(iterations):
            y = w * 2 + 1
            if y > 0:
                kept[:] = [y * w, y]

    early, late = traced(infer, 200_000)
    assert late < early + GENERATIONS * 200 * CAPACITY
    (kept[0] + kept[1]).backward()
    assert w.grad == 2 * 2 * 1 + 1 + 2


def test_a_loop_that_looks_back_one_step_runs_in_bounded_memory():
    w = Value(1.0)
    before = [w * 1]

    def learn(iterations):
        for k in range(iterations):
            now = w * float(k)
            ((now - before[0]) ** 2).backward()
            before[:] = [now]

    early, late = traced(learn, 10_000)
    assert late < early + 100_000


def test_what_is_carried_over_many_tapes_is_not_let_go():
    x = Value(2.0)
    h, steps = x, 5 * GENERATIONS
    for _ in range(steps):
        close_automatic()
        h = h + x
        aside = h * 2  # on the same tape, and as dead as can be
    (h * 1).backward()
    assert aside.data == 2 * h.data
    assert x.grad == steps + 1
    assert h.grad == 1.0
    assert len(Tape.of(h)) == steps + 1


def test_tapes_and_their_stand_ins_count_once():
    x = Value(2.0)
    h, kept = x, []
    for _ in range(3 * GENERATIONS):
        close_automatic()
        h = h + x
        kept.append(h)
    total = ag.sum(kept)
    total.backward()
    assert x.grad == sum(k + 2 for k in range(3 * GENERATIONS))
    assert [h.grad for h in kept] == [3 * GENERATIONS - k for k in range(3 * GENERATIONS)]
    assert len(Tape.of(total)) == 3 * GENERATIONS + 2


def test_a_long_lived_value_does_not_keep_what_uses_it():
    close_automatic()  # on a tape of its own: a sweep that reaches a tape runs over all of its older nodes
    w = Value(1.0)
    h = w * 2
    h.backward()

    def use(iterations):
        for _ in range(iterations):
            (h * w).backward()

    early, late = traced(use, 20_000)
    assert late < early + 100_000
    assert len(h._tape) == 2
