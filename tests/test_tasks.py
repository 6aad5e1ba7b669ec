"""Async tasks that take turns in the middle of recordings, modes and transforms."""

from __future__ import annotations

import asyncio
import random

import pytest

import autograd as ag
from autograd import Tape, Value
from autograd.recording import USUAL, active_modes, current_scope, mode

pytestmark = pytest.mark.long

TASKS = 40


def curve(w, x):
    return ag.sin(w * x) * w + x


async def turns(k):
    """Let other tasks go on, now and then several times."""
    for _ in range(1 + k % 3):
        await asyncio.sleep(0)


async def recorded(w, k):
    y = w * float(k)
    await turns(k)
    y = ag.sin(y) * w
    await turns(k + 1)
    return y + float(k)


def results(coroutine):
    """Return what a coroutine returns, and make sure that nothing of it is left."""
    found = asyncio.run(coroutine)
    assert not active_modes
    assert mode() is USUAL
    assert current_scope() == ()
    return found


def test_recordings_that_take_turns_do_not_mix():
    w = Value(0.75, label="w")

    async def work(k):
        y = await recorded(w, k)
        await turns(k)
        return y.data, str(Tape.of(y))

    async def main():
        return await asyncio.gather(*map(work, range(TASKS)))

    async def alone(k):
        return await work(k)

    assert results(main()) == [asyncio.run(alone(k)) for k in range(TASKS)]


def test_sweeps_that_take_turns_add_up():
    w = Value(0.5)

    async def work(k):
        for _ in range(3):
            y = w * float(k)
            await turns(k)
            y.backward()
            await turns(k)
            assert y.grad == 1.0

    async def main():
        await asyncio.gather(*map(work, range(TASKS)))

    results(main())
    assert w.grad == 3 * TASKS * (TASKS - 1) / 2


def test_every_task_has_modes_of_its_own():
    w = Value(0.5)
    told = []

    async def work(k):
        if k % 4 == 0:
            with ag.no_grad(), ag.scope(f"task {k}"):
                y = await recorded(w, k)
                told.append((y.is_constant, current_scope() == (f"task {k}",)))
        elif k % 4 == 1:
            with ag.strict():
                y = await recorded(w, k)
                with pytest.raises(ag.NonFiniteError):
                    ag.log(y * 0.0)
            told.append((not y.is_constant, True))
        elif k % 4 == 2:
            with Tape() as tape:
                y = await recorded(w, k)
            told.append((y._tape is tape, len(tape) == 5))
        else:
            y = await recorded(w, k)
            told.append((not y.is_constant, current_scope() == ()))

    async def main():
        async with asyncio.TaskGroup() as group:
            for k in range(TASKS):
                group.create_task(work(k))

    results(main())
    assert told == [(True, True)] * TASKS


def test_modes_that_are_left_in_another_order_than_entered():
    w = Value(0.5)

    async def quietly(entered, leave):
        with ag.no_grad():
            entered.set()
            await leave.wait()
            return (w * 2.0).is_constant

    async def main():
        pairs = [(asyncio.Event(), asyncio.Event()) for _ in range(6)]
        tasks = [asyncio.create_task(quietly(*pair)) for pair in pairs]
        for entered, _ in pairs:
            await entered.wait()
        order = list(range(6))
        random.Random(3).shuffle(order)
        for k in order:
            assert not (w * 2.0).is_constant
            pairs[k][1].set()
            assert await tasks[k]

    results(main())


def test_a_task_inherits_modes_but_no_tape():
    w = Value(0.5)

    async def child():
        y = await recorded(w, 2)
        return y.is_constant, None if y._tape is None else id(y._tape)

    async def main():
        with ag.no_grad():
            quiet = asyncio.create_task(child())
            await asyncio.sleep(0)
        with Tape() as tape:
            loud = asyncio.create_task(child())
            y = w * w
            constant, used = await loud
        assert (await quiet)[0]
        assert not constant
        assert used != id(tape)
        assert y._tape is tape
        assert len(tape) == 2

    results(main())


def test_pullbacks_that_take_turns():
    async def work(k):
        value, pullback = ag.vjp(curve, 0.5 + k, 1.5)
        await turns(k)
        first = pullback(1.0)
        await turns(k + 1)
        second = ag.grad(ag.grad(curve))(0.5 + k, 1.5)
        await turns(k)
        return value, first, pullback(2.0), second

    async def main():
        return await asyncio.gather(*map(work, range(TASKS)))

    async def alone(k):
        return await work(k)

    assert results(main()) == [asyncio.run(alone(k)) for k in range(TASKS)]


def test_work_in_threads_of_tasks():
    w = Value(0.5)
    fast = ag.compile(curve, batched="x")

    def gradient(k):
        y = curve(w, float(k))
        y.backward()
        values, slope = fast.value_and_grad(0.5, [float(k), 1.0])
        return y.data, values.tolist(), slope, (w * 1.0).is_constant

    async def main():
        with Tape() as tape:
            found = await asyncio.gather(*(asyncio.to_thread(gradient, k) for k in range(TASKS)))
            assert len(tape) == 0
        with ag.no_grad():
            assert await asyncio.to_thread(lambda: (w * 1.0).is_constant)
        return found

    found = results(main())
    exact, w.grad = w.grad, 0.0
    assert found == [gradient(k) for k in range(TASKS)]
    assert exact == pytest.approx(w.grad, rel=1e-14)


def test_a_cancelled_task_leaves_nothing_behind():
    w = Value(0.5)

    async def endless():
        with ag.no_grad(), ag.scope("endless"), Tape():
            while True:
                await recorded(w, 3)

    async def main():
        tasks = [asyncio.create_task(endless()) for _ in range(5)]
        for _ in range(7):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        y = await recorded(w, 2)
        y.backward()

    results(main())
    assert w.grad == ag.grad(lambda w: ag.sin(w * 2.0) * w + 2.0)(0.5)
