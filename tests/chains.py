"""Chains of tapes: random programs that carry values over from tape to tape, and branch on the way, are replayed.

A program is recorded at some numbers and replayed at others: by `Tape.compile`, by the text of `Tape.source`, and as a
function by `compile`. What comes out is what the program computes there, or the replay says that its branch is another.

`python -m tests.chains --count 1000 --seed 0` checks the programs of the seeds 0 to 999.
"""

from __future__ import annotations

import argparse
import contextlib
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import autograd as ag
from autograd import Tape, Value
from autograd.recording import close_automatic


class Step(NamedTuple):
    """What is done, on which tape, to which of the values so far, and with which numbers."""

    kind: str
    tape: str
    x: float
    y: float
    a: float
    b: float


class Chain(NamedTuple):
    """A program: its steps, the numbers it is recorded at, and whether it uses what is long past."""

    steps: list[Step]
    at: list[float]
    far: bool


def drawn(source: random.Random) -> Chain:
    """Return a random program."""
    steps = [
        Step(
            source.choice([*KINDS, *["wave"] * 3]),
            source.choice(["new", "new", "automatic", "automatic", "closed"]),
            *(source.random(), source.random(), source.uniform(-1.5, 1.5), source.uniform(-1.5, 1.5)),
        )
        for _ in range(source.randrange(2, 30))
    ]
    return Chain(steps, [source.uniform(-2.0, 2.0) for _ in range(source.choice([1, 2]))], source.random() < 0.5)


def run(chain: Chain, leaves: Sequence[Value], *, sweeps: bool = True) -> Value:
    """Run a program; a comparison and what it chooses between are on one tape, as `Tape.compile` asks."""
    values = [leaves[0] * 1.0]
    for step in chain.steps:
        last = values[-1]
        pool = [last, last, last, *leaves, *(values if chain.far else ())]
        x, y = (pool[int(share * len(pool))] for share in (step.x, step.y))
        if step.tape == "closed":
            close_automatic()
        with Tape() if step.tape == "new" else contextlib.nullcontext():
            values.append(KINDS[step.kind](x, y, last, step.a, step.b))
        if sweeps and step.kind == "wave" and step.a > 1.2:
            values[-1].backward()
    return values[-1]


# -- what is done ------------------------------------------------------------------------------------------------------


def branch(x: Any, y: Any, last: Any, a: float, b: float) -> Any:
    if x > a:
        return last * b + y
    return y * a - last


def within(x: Any, y: Any, last: Any, a: float, b: float) -> Any:
    """Branch on tapes within this one."""
    product = x * y
    with Tape():
        inner = product + a
        inner = inner * 2.0 if inner > b else inner - 1.0
        with Tape():
            inner = inner * 1.5
            if inner < a:
                inner = -inner
    return ag.tanh(last + inner)


def repeated(x: Any, y: Any, last: Any, a: float, b: float) -> Any:
    for _ in range(4):
        if x * x > abs(a) + 1.0:
            break
        x = x * 1.7 + b
    return ag.tanh(x + last)


def in_order(x: Any, y: Any, last: Any, a: float, b: float) -> Any:
    low, middle, high = sorted([x, y, last])
    return low * 0.5 + middle * b - high * 0.1


KINDS = {
    "wave": lambda x, y, last, a, b: ag.sin(x * a) + y * b,
    "product": lambda x, y, last, a, b: ag.tanh(x * last + a),
    "where": lambda x, y, last, a, b: ag.where(x < a, y * 1.5, last * b),
    "truth": lambda x, y, last, a, b: last + float(bool(x > y)) * b,
    "choice": lambda x, y, last, a, b: (x if y > a else last) * 1.0,
    "largest": lambda x, y, last, a, b: max(x, y, last * b) * 1.0,
    "whole": lambda x, y, last, a, b: last * (1.0 + abs(ag.floor(x * a) - 1.0) * 0.1),
    "rounded": lambda x, y, last, a, b: last * (1.0 if round(x * b) >= 1.0 else a),
    "slope": lambda x, y, last, a, b: ag.tanh(last + ag.grad(lambda z: ag.sin(z) * z if z > a else z * z * b)(x)),
    "constant": lambda x, y, last, a, b: last + 0.0 * x.detach(),
    "branch": branch,
    "within": within,
    "repeated": repeated,
    "in order": in_order,
}


# -- what has to hold --------------------------------------------------------------------------------------------------


def check(seed: int) -> Counter[str]:
    """Raise an AssertionError where a replay is wrong without notice; return how often what was done."""
    source, done = random.Random(seed), Counter[str]()
    chain = drawn(source)
    leaves = list(map(Value, chain.at))
    with Tape() if source.random() < 0.3 else contextlib.nullcontext():
        tape = Tape.of(run(chain, leaves))
    numbers = {id(leaf): k for k, leaf in enumerate(leaves)}
    taken = [numbers[id(leaf)] for leaf, _ in tape.leaves.values()]
    try:
        program, of_all, text = tape.compile(leaves), tape.compile(), dict[str, Any]()
        exec(tape.source(), text)
    except ValueError as error:
        if "no longer known" not in str(error):
            raise
        return Counter(unknown=1)
    function = ag.compile(lambda *inputs: run(chain, inputs, sweeps=False))
    for _ in range(3):
        inputs = [x + source.choice([0.01, 0.3, 2.0]) * source.uniform(-1.0, 1.0) for x in chain.at]
        expected = computed(chain, inputs)
        same(seed, "function", function.value_and_grad(*inputs), (expected[0], expected[1][:1]))
        try:
            same(seed, "program", program.value_and_grad(inputs), expected)
            done["replayed"] += 1
        except ag.BranchChanged:
            done["another branch"] += 1
        if len(taken) < len(leaves):
            continue  # a comparison with the other leaf is asked by programs that know it alone
        in_its_order = [inputs[k] for k in taken]
        of_taken = expected[0], [expected[1][k] for k in taken]
        with contextlib.suppress(ag.BranchChanged):
            same(seed, "program of all leaves", of_all.value_and_grad(in_its_order), of_taken)
        try:
            same(seed, "text", text["value_and_grad"](*in_its_order), of_taken)
            done["as text"] += 1
        except ValueError as error:
            if "another branch" not in str(error):
                raise
    return done


def computed(chain: Chain, inputs: Sequence[float]) -> tuple[float, list[float]]:
    """Return the value and the gradient without a replay."""
    leaves = list(map(Value, inputs))
    output = run(chain, leaves, sweeps=False)
    output.backward()
    return output.data, [leaf.grad for leaf in leaves]


def same(seed: int, what: str, found: tuple[Any, Any], expected: tuple[float, Sequence[float]]) -> None:
    slopes = found[1] if hasattr(found[1], "__len__") else [found[1]]
    for got, wanted in zip([found[0], *slopes], [expected[0], *expected[1]], strict=True):
        assert abs(float(got) - wanted) <= 1e-7 * max(1.0, abs(wanted)), f"seed {seed}: {what}: {found}, not {expected}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chains", description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print(dict(sum(map(check, range(asked.seed, asked.seed + asked.count)), Counter[str]())))


if __name__ == "__main__":
    main()
