"""The callers' own arrays in a replay: nothing is copied that need not be, and nothing of theirs is changed."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd as ag
from autograd import Tape, Value, grad
from autograd.replay import workspace
from autograd.replay.arrays import prepared
from autograd.replay.levels import BATCHED, SHARED


def layers(w, x):
    rows = [w[0:3], w[3:6]]
    hidden = [ag.tanh(ag.dot(row, x[:3]) + bias) for row, bias in zip(rows, w[6:8])]
    return ag.dot(hidden, w[8:10]) - x[3]


def flat(w, x):
    return ag.sum([each * each for each in w]) * ag.exp(w[3]) + x[0] * w[1] - ag.prod(w[4:7])


def single(w, x):
    return w[2] * x[0]


def straight(w, x):
    return w[2]


def scattered(w, x):
    picked = [w[k] for k in (7, 1, 4, 4, 0, 9)]
    return ag.logsumexp(picked) + ag.dot(picked, [w[9], *w[:5]]) * x[1] + ag.sin(w[7]) * ag.sin(w[3]) * ag.sin(w[5])


def pairs(w, x):
    return ag.sum([ag.sin(w[k]) * w[k + 1] for k in range(9)]) + ag.sum([w[k] * x[k % 4] for k in range(10)])


def across(w, x):
    computed = ag.sin(w[0])  # stands in the row behind the last input
    return ag.dot([w[8], w[9], computed], w[1:4]) * ag.dot(w[7:10], w[:3]) + computed * x[0]


WORKS = [layers, flat, single, straight, scattered, pairs, across]


def program_of(work, with_lanes: bool = True):
    w, x = [Value(0.1 + 0.07 * k) for k in range(10)], [Value(0.3 * k - 0.5) for k in range(4)]
    output = work(w, x)
    return Tape.of(output).compile(w, x) if with_lanes else Tape.of(output).compile([*w, *x])


@pytest.mark.parametrize("with_lanes", [True, False])
@pytest.mark.parametrize("work", WORKS)
def test_many_shared_inputs_are_used_where_they_lie_and_give_the_same_bits(work, with_lanes, monkeypatch):
    random = np.random.default_rng(5)
    copying, using = program_of(work, with_lanes), program_of(work, with_lanes)
    given = [
        (random.normal(size=copying.n_shared), random.normal(size=(3, 4)) if with_lanes else None) for _ in range(4)
    ]
    expected, kept = [], []
    for each in given:
        values, gradient = copying.value_and_grad(*each)
        expected.append((values, gradient, copying.value(*each)))
        kept.append((gradient, gradient.copy(), each[0], each[0].copy()))
    lanes = 3 if with_lanes else 1
    assert not copying.workspace(lanes, (SHARED,))._rebased
    monkeypatch.setattr(workspace, "MANY_SHARED", 1)
    for each, (values, gradient, alone) in zip(given, expected):
        before = each[0].copy()
        found = using.value_and_grad(*each)
        assert np.array_equal(found[0], values)
        assert np.array_equal(found[1], gradient)
        assert np.array_equal(using.value(*each), alone)
        kept.append((found[1], found[1].copy(), each[0], before))
    used = using.workspace(lanes, (SHARED,))
    assert bool(used._rebased) == (work is not straight)
    if work in (layers, single, across):  # the others gather rows that do not lie evenly, from a copy of all
        assert used._reads_copy == (work is across)
    for gradient, as_told, shared, before in kept:
        assert np.array_equal(gradient, as_told)  # no later replay writes into what the caller has
        assert np.array_equal(shared, before)
        assert gradient.shape == (using.n_shared,)


@pytest.mark.parametrize("many", [1, 100])
def test_an_output_that_is_an_input_is_told_for_all_lanes(many, monkeypatch):
    monkeypatch.setattr(workspace, "MANY_SHARED", many)
    values, gradient = program_of(straight).value_and_grad(np.arange(10.0), np.zeros((3, 4)))
    assert values.tolist() == [2.0, 2.0, 2.0]
    assert gradient.tolist() == [0.0, 0.0, 3.0, *[0.0] * 7]


@pytest.mark.parametrize("work", WORKS)
def test_they_may_lie_in_any_order_in_memory(work, monkeypatch):
    monkeypatch.setattr(workspace, "MANY_SHARED", 1)
    program, lanes = program_of(work), np.linspace(-1.0, 1.0, 12).reshape(3, 4)
    shared = np.linspace(-0.7, 0.9, 10)
    value, gradient = program.value_and_grad(shared, lanes)
    for lying in (np.repeat(shared, 2)[::2], shared[::-1].copy()[::-1], shared.tolist(), np.asfortranarray(shared)):
        found = program.value_and_grad(lying, np.asfortranarray(lanes))
        assert np.array_equal(found[0], value)
        assert np.array_equal(found[1], gradient)


def test_so_many_shared_inputs_are_many(monkeypatch):
    monkeypatch.setattr(workspace, "MANY_SHARED", 10)
    for count in (9, 10, 11):
        w, x = [Value(float(k)) for k in range(count)], Value(2.0)
        program = Tape.of(ag.sum(w) * x).compile(w, [x])
        given = np.ones(count)
        _, gradient = program.value_and_grad(given, [[3.0]])
        assert gradient.tolist() == [3.0] * count
        assert (len(program.workspace(1, (1,))._rebased) > 0) == (count >= 10)


@pytest.mark.parametrize("per_row", [False, True])
def test_an_input_of_a_transform_is_a_number_in_what_is_compiled_inside(per_row):
    found = []

    def f(v):
        w, x = Value(2.0), Value(3.0)
        program = Tape.of(ag.sin(w * v) * x + v).compile([w], [x])
        found.append(program.value_and_grad([2.0], [[3.0], [4.0]], per_row=per_row))
        return v * v

    assert grad(f)(0.5) == 1.0
    values, gradient = found[0]
    assert np.allclose(values, np.sin(1.0) * np.array([3.0, 4.0]) + 0.5, rtol=1e-15)
    slopes = np.cos(1.0) * 0.5 * np.array([3.0, 4.0])
    assert np.allclose(gradient, slopes[:, None] if per_row else [slopes.sum()], rtol=1e-15)


@pytest.mark.parametrize("lanes", [3, 5000])
def test_numbers_are_looked_at_where_they_may_have_overflowed_and_not_between(lanes, monkeypatch):
    x = [Value(0.5) for _ in range(4)]
    with Tape():
        inner = ag.relu(ag.sum(x[0], x[1], x[2]))
        output = ag.relu(ag.sum(inner, x[2], x[3])) + 1.0
    space = prepared(Tape.of(output).compile([], x)._plan, lanes)
    first, last = space.to_look_at(BATCHED)
    assert space.is_whole(SHARED)
    assert space.is_whole(BATCHED)
    looks, is_finite = [], workspace.is_finite
    monkeypatch.setattr(workspace, "is_finite", lambda numbers: looks.append(numbers) or is_finite(numbers))
    assert space.is_whole(BATCHED)
    assert len(looks) == (0 if lanes == 3 else 2)  # few numbers are looked at all at once
    between = space.primals[BATCHED][5]
    assert not any(np.shares_memory(between, part) for part in (first, last))
    for wrong in (math.inf, math.nan):
        between[0] = space.primals[BATCHED][-1][:] = space.primals[BATCHED][0][:] = wrong
        assert space.is_whole(BATCHED)
        for part in (first, last):
            for lane in (0, lanes - 1):
                before, part[0, lane] = part[0, lane], wrong
                assert not space.is_whole(BATCHED)
                part[0, lane] = before
