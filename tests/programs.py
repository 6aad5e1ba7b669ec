"""Random programs: loops, branches, shared nodes, reassigned leaves, sweeps, nested transforms, copies, threads, tapes.

A program is a list of lines and blocks, and its text is Python that runs with the engine alone. `examine` runs it with
every number computed twice (`tests.shadow`), and again with the engine alone, whose numbers have to be the same, to the
last bit, in another thread too.

`python -m tests.programs --count 1000 --seed 0` examines the programs of the seeds 0 to 999, prints those that fail,
shortened, and says how many programs used what. `--oracle jax` compares the gradients of their functions with JAX's
instead. A seed always gives the same program, so that a run can be continued, or divided among several processes.
"""

from __future__ import annotations

import argparse
import decimal
import functools
import math
import random
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from autograd import Tape, Value
from autograd.primitives import TABLE, ManyPrimitive, Primitive
from autograd.strategies import boxes
from tests.shadow import CONTEXT, World, plain_namespace

Choose = Callable[[int], int]  # n -> one of 0, …, n - 1; smaller is simpler
WIDE = 1e6  # of what is not known how large it is
LINES = 8
DEAD = "relu(-1.0"


class Block(NamedTuple):
    """A line that ends in a colon, and what belongs to it."""

    head: str
    body: tuple[Any, ...]


Statement = str | Block


class Number(NamedTuple):
    """A name in a program, and between what its number lies."""

    name: str
    low: float
    high: float


def text_of(statements: Iterable[Statement], margin: str = "") -> str:
    """Return statements as Python."""
    lines = []
    for each in statements:
        if isinstance(each, Block):
            lines += [f"{margin}{each.head}\n", text_of(each.body, margin + "    ")]
        else:
            lines.append(f"{margin}{each}\n")
    return "".join(lines)


# -- what rows are drawn with ------------------------------------------------------------------------------------------

OPERATORS = {"add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "div": "{} / {}", "pow": "{} ** {}", "neg": "-{}"}
OPERATORS |= {"mod": "{} % {}", "floordiv": "{} // {}", "pos": "+{}", "abs": "builtins.abs({})"}
COMMON = ("add", "mul", "sub", "mul", "sin", "tanh", "exp", "div", "dot", "sum")  # as likely as all others together
TAILS = {  # more boxes than rows have: far out, where the usual formulas of slopes go wrong
    "tanh": (12.0, 25.0),
    "sigmoid": (-45.0, 45.0),
    "softplus": (-45.0, 45.0),
    "log": (1e-6, 1e6),
    "sqrt": (1e-6, 1e6),
    "atan": (1e3, 1e8),
    "asinh": (1e3, 1e8),
    "erfc": (2.0, 6.0),
    "exp": (-30.0, 5.0),
    "log1p": (-0.999, -0.9),
    "reciprocal": (1e-3, 1e3),
}


class Place(NamedTuple):
    """A row, a box of operands at which it is smooth, and between what its results lie there."""

    row: Primitive
    box: tuple[tuple[float, float], ...]
    low: float
    high: float


def place(row: Primitive, box: Sequence[tuple[float, float]]) -> Place:
    """Return a place, its results found at some points of the box."""
    source = random.Random(row.name)
    points = [[source.choice((low, high, source.uniform(low, high))) for low, high in box] for _ in range(60)]
    results = [row.of(*point) for point in points]
    low, high = min(results), max(results)
    return Place(row, tuple(box), low - 0.1 * (high - low), high + 0.1 * (high - low))


@functools.cache
def places() -> dict[str, list[Place]]:
    """Return the places of every row of the table, which are there before tests add rows of their own."""
    found = {row.name: [place(row, box) for box in boxes(row)] for row in TABLE if row.smooth_on}
    for name, box in TAILS.items():
        found[name].append(place(found[name][0].row, [box]))
    return found


places()


# -- drawing programs --------------------------------------------------------------------------------------------------


class Builder:
    """Draws one program.

    Args:
        choose: draws a number below n.
    """

    def __init__(self, choose: Choose) -> None:
        self.choose = choose
        self.count = Counter[str]()
        self.used: set[str] = set()
        self.leaves: list[Number] = []
        self.functions: list[tuple[str, int, int]] = []  # name, arity, what it takes from outside: see `function`
        self.infinite: set[str] = set()  # functions with an infinite slope in a branch that is not chosen
        self.held: set[str] = set()  # names that functions use
        self.methods = True  # whether all names are Values

    # -- names and numbers

    def name(self, kind: str) -> str:
        self.count[kind] += 1
        return f"{kind}{self.count[kind] - 1}"

    def number(self, low: float, high: float) -> float:
        """Return a number of few digits, or one with all of them."""
        if self.choose(4) < 3:
            return round(low + (high - low) * self.choose(17) / 16.0, 3)
        return low + (high - low) * self.choose(1 << 20) / float(1 << 20)

    def one(self, things: Sequence[Any]) -> Any:
        return things[self.choose(len(things))]

    def some(self, pool: Sequence[Number]) -> Number:
        """Return one of the numbers there are, more often a late one."""
        return pool[-1 - min(self.choose(len(pool)), self.choose(len(pool)))]

    def fitted(self, number: Number, low: float, high: float) -> str:
        """Return a number as text, moved where it has to lie."""
        if low <= number.low and number.high <= high:
            return number.name
        if low <= -1.0 and high >= 1.0:
            return self.one(["sin({})", "tanh({})", "erf({})"]).format(number.name)
        bounded = self.one(["tanh({})", "sin({})", "atan({}) / 1.6", "sigmoid({})"]).format(number.name)
        return f"({0.5 * (low + high):.6g} + {0.475 * (high - low):.6g} * {bounded})"

    # -- expressions

    def expression(self, pool: Sequence[Number], depth: int = 0) -> Number:
        """Return an expression of some numbers, as a number whose name is its text."""
        if depth and self.choose(4):
            return self.some(pool)
        kinds = [self.row, self.row, self.row, self.row, self.row, self.chosen, self.tie, self.dead, self.neuron]
        return self.one(kinds)(pool, depth)

    def row(self, pool: Sequence[Number], depth: int) -> Number:
        """Return a row applied to numbers, written in one of its ways."""
        table = places()
        name = self.one(COMMON) if self.choose(2) else self.one(list(table))
        place = self.one(table[name])
        self.used.add(f"row {name}")
        operands = [self.fitted(self.operand(pool, depth), low, high) for low, high in place.box]
        if name in ("add", "sub", "mul"):
            return self.plain(name, pool, depth)
        return Number(self.written(place.row, operands), place.low, place.high)

    def operand(self, pool: Sequence[Number], depth: int) -> Number:
        found = self.expression(pool, depth + 1) if depth < 2 else self.some(pool)
        return found._replace(name=f"({found.name})") if " " in found.name else found

    def plain(self, name: str, pool: Sequence[Number], depth: int) -> Number:
        """Return a sum, difference or product: of numbers as they are, and sometimes with a constant."""
        a = self.operand(pool, depth)
        b = self.operand(pool, depth)
        if self.choose(4) == 3:
            c = self.number(-2.0, 2.0)
            a, b = (Number(repr(c), c, c), b) if self.choose(2) else (a, Number(repr(c), c, c))
        a, b = (self.within(each, 1e3) for each in (a, b))
        size = (abs(a.high) + abs(a.low)) * (abs(b.high) + abs(b.low)) if name == "mul" else 1.0
        most = max(size, max(map(abs, a[1:])) + max(map(abs, b[1:])))
        return Number(OPERATORS[name].format(a.name, b.name), -most, most)

    def within(self, number: Number, most: float) -> Number:
        text = self.fitted(number, -most, most)
        return number if text == number.name else Number(text, -most, most)

    def written(self, row: Primitive, operands: Sequence[str]) -> str:
        name = row.name
        if name in OPERATORS and self.choose(3):
            return OPERATORS[name].format(*operands)
        if name == "dot":
            half = len(operands) // 2
            return f"dot([{', '.join(operands[:half])}], [{', '.join(operands[half:])}])"
        if isinstance(row, ManyPrimitive) and self.choose(2):
            return f"{name}([{', '.join(operands)}])"
        if self.methods and hasattr(Value, name) and row.arity == 1 and self.choose(3) == 2:
            return f"{operands[0]}.{name}()"
        return f"{name}({', '.join(operands)})"

    def chosen(self, pool: Sequence[Number], depth: int) -> Number:
        """Return a `where`."""
        self.used.add("where")
        a, b, c, d = (self.operand(pool, depth) for _ in range(4))
        sign = self.one(["<", ">", "<=", ">="])
        return Number(f"where({a.name} {sign} {b.name}, {c.name}, {d.name})", min(c.low, d.low), max(c.high, d.high))

    def tie(self, pool: Sequence[Number], depth: int) -> Number:
        """Return something at a kink, where a convention decides."""
        self.used.add("tie")
        a, b = self.some(pool), self.some(pool)
        text = self.one(["max({0}, {0})", "min([{0}, {1}, {0}])", "relu({0} - {0})", "abs({0} - {0})"])
        low, high = min(a.low, b.low, 0.0), max(a.high, b.high, 0.0)
        return Number(text.format(a.name, b.name), low, high)

    def dead(self, pool: Sequence[Number], depth: int) -> Number:
        """Return a branch that is not chosen, whose slope is infinite."""
        self.used.add("infinite slope in a branch not chosen")
        a, b = self.some(pool), self.operand(pool, depth)
        function = self.one(["sqrt", "cbrt"])
        text = f"where(less({a.name}, {a.name}), {function}({DEAD} - abs({a.name}))), {b.name})"
        return Number(text, min(b.low, 0.0), max(b.high, 0.0))

    def neuron(self, pool: Sequence[Number], depth: int) -> Number:
        """Return a wide node: many operands, some of them twice, some of them constants."""
        self.used.add("wide node")
        size = 2 + self.choose(4)
        xs = [self.within(self.some(pool), 1e3).name for _ in range(size)]
        ws = [self.within(self.some(pool), 1e3).name if self.choose(3) else repr(self.number(-2.0, 2.0)) for _ in xs]
        kind = self.one(["dot([{}], [{}])", "sum([{}, {}])", "mean([{}, {}])", "matvec([[{}]], [{}])[0]"])
        return Number(kind.format(", ".join(xs), ", ".join(ws)), -WIDE, WIDE)

    # -- functions of numbers

    def function(self, outside: Sequence[Number], arity: int) -> list[Statement]:
        """Return the definition of a function, which may use numbers from outside: 0 none, 1 leaves, 2 nodes too."""
        name, self.methods = self.name("f"), False
        parameters = [Number(f"{'uvw'[k]}", -WIDE, WIDE) for k in range(arity)]
        body, last = self.body([*outside, *parameters], parameters, 1 + self.choose(4), 0)
        self.held.update(each.name for each in outside)
        if DEAD in text_of(body):
            self.infinite.add(name)
        takes = 0 if not outside else 1 if all(each in self.leaves for each in outside) else 2
        self.functions.append((name, arity, takes))
        self.methods = True
        weighed = " + ".join(f"{0.25 * (k + 1)} * {each.name}" for k, each in enumerate(parameters))
        head = f"def {name}({', '.join(each.name for each in parameters)}):"
        return [Block(head, (*body, f"return {last.name} + {weighed}"))]

    def body(
        self, pool: Sequence[Number], inputs: Sequence[Number], size: int, depth: int
    ) -> tuple[list[Statement], Number]:
        """Return the statements of a body, and the last number in it."""
        pool = list(pool)
        statements: list[Statement] = []
        kinds = [self.step, self.step, self.step, self.branch, self.loop, self.search, self.derivative, self.early]
        for _ in range(size):
            more, number = self.one(kinds)(pool, inputs, depth)
            statements += more
            pool.append(number)
        return statements, pool[-1]

    def step(self, pool: Sequence[Number], inputs: Any, depth: int) -> tuple[list[Statement], Number]:
        found = self.expression(pool)
        number = found._replace(name=self.name("t"))
        return [f"{number.name} = {found.name}"], number

    def branch(self, pool: Sequence[Number], inputs: Any, depth: int) -> tuple[list[Statement], Number]:
        self.used.add("if")
        a, b = self.some(pool), self.some(pool)
        right = b.name if self.choose(2) else repr(self.number(-1.0, 1.0))
        yes, no = self.expression(pool), self.expression(pool)
        name = self.name("t")
        if self.choose(4) == 3:
            self.used.add("a number chosen by a comparison")
            return [f"{name} = builtins.max({a.name}, {b.name})"], Number(name, min(a.low, b.low), max(a.high, b.high))
        return [
            Block(f"if {a.name} {self.one(['<', '>', '<=', '>='])} {right}:", (f"{name} = {yes.name}",)),
            Block("else:", (f"{name} = {no.name}",)),
        ], Number(name, min(yes.low, no.low), max(yes.high, no.high))

    def loop(self, pool: Sequence[Number], inputs: Any, depth: int) -> tuple[list[Statement], Number]:
        self.used.add("for")
        name, start = self.name("t"), self.some(pool)
        number = Number(name, -WIDE, WIDE)
        again = self.expression([*pool, number])
        shrunk = self.fitted(again, -2.0, 2.0) if self.choose(2) else f"tanh({again.name})"
        return [
            f"{name} = {start.name}",
            Block(f"for _ in range({1 + self.choose(4)}):", (f"{name} = {shrunk}",)),
        ], number

    def search(self, pool: Sequence[Number], inputs: Any, depth: int) -> tuple[list[Statement], Number]:
        """Return a loop that runs until a number is large enough."""
        self.used.add("while")
        name, start, a = self.name("t"), self.some(pool), self.some(pool)
        step = f"{name} = {name} + {self.number(0.8, 1.6)!r} + sigmoid({a.name})"
        return [f"{name} = sin({start.name})", Block(f"while {name} < 2.5:", (step,))], Number(name, 2.5, 5.0)

    def derivative(self, pool: Sequence[Number], inputs: Any, depth: int) -> tuple[list[Statement], Number]:
        """Return a derivative of a function of one number, which uses the others too."""
        if depth > 1:
            return self.step(pool, inputs, depth)
        self.used.add(f"nested transform, depth {depth + 1}")
        inner, name = f"s{depth}", self.name("t")
        at = self.some(pool)
        body, last = self.body([*pool, Number(inner, -WIDE, WIDE)], inputs, 1 + self.choose(2), depth + 1)
        function = f"g{self.count['t']}"
        definition = Block(f"def {function}({inner}):", (*body, f"return {last.name} * {inner}"))
        call = self.one(["grad({0})({1})", "jvp({0}, ({1},), (1.0,))[1]", "vjp({0}, {1})[1](1.0)[0]"])
        return [definition, f"{name} = {call.format(function, at.name)}"], Number(name, -math.inf, math.inf)

    def early(self, pool: Sequence[Number], inputs: Sequence[Number], depth: int) -> tuple[list[Statement], Number]:
        self.used.add("early return")
        a = self.some(pool)
        inner = inputs[0].name if inputs else a.name
        leave = Block(f"if {a.name} > {self.number(0.5, 3.0)!r}:", (f"return sin({inner}) * {a.name}",))
        if depth:  # of an inner function, which returns a number too
            return self.step(pool, inputs, depth)
        more, number = self.step(pool, inputs, depth)
        return [leave, *more], number

    # -- programs

    def program(self) -> list[Statement]:
        """Return a whole program."""
        statements: list[Statement] = []
        pool: list[Number] = []
        for _ in range(1 + self.choose(3)):
            statements += self.leaf(pool)
        statements += self.node(pool)
        kinds = [getattr(self, f"do_{kind}") for kind in DOINGS]
        for _ in range(1 + self.choose(LINES)):
            statements += self.one(kinds)(pool)
        last = self.some(pool)
        total = " + ".join(sorted({each.name for each in (*self.leaves, last)}))
        return [*statements, f"end = {total}", "end.backward()", f"show(end.data, {self.grads()})"]

    def grads(self) -> str:
        return ", ".join(f"{leaf.name}.grad" for leaf in self.leaves)

    def leaf(self, pool: list[Number]) -> list[Statement]:
        number = Number(self.name("x"), -4.0, 4.0)
        pool.append(number)
        self.leaves.append(number)
        return [f"{number.name} = Value({self.number(-2.0, 2.0)!r})"]

    def node(self, pool: list[Number]) -> list[Statement]:
        found = self.expression(pool)
        number = found._replace(name=self.name("y"))
        pool.append(number)
        return [f"{number.name} = {found.name}"]

    do_node = node
    do_leaf = leaf

    def result(self, pool: list[Number], text: str, feature: str) -> list[Statement]:
        """Return an assignment to a new name, of which it is not known how large it is."""
        self.used.add(feature)
        number = Number(self.name("y"), -math.inf, math.inf)
        pool.append(number)
        return [f"{number.name} = {text}"]

    def do_backward(self, pool: list[Number]) -> list[Statement]:
        self.used.add("backward")
        seed = "" if self.choose(3) else repr(self.number(-2.0, 2.0))
        output = self.some(pool)
        calls = [f"{output.name}.backward({seed})"] * (1 + (self.choose(4) == 3))
        if len(calls) > 1:
            self.used.add("backward twice")
        return [*calls, f"show({output.name}.grad, {self.grads()})"]

    def do_assign(self, pool: list[Number]) -> list[Statement]:
        self.used.add("leaf reassigned")
        leaf = self.one(self.leaves)
        if self.choose(3) == 2:
            return [f"{leaf.name}.data = {leaf.name}.data - 0.125 * sin({leaf.name}.grad)"]
        return [f"{leaf.name}.data = {self.number(-2.0, 2.0)!r}"]

    def do_zero(self, pool: list[Number]) -> list[Statement]:
        self.used.add("grad set to zero")
        if self.choose(2):
            return [f"{self.some(pool).name}.zero_grad()"]
        return [f"{self.one(self.leaves).name}.grad = {self.one(['0', '0.0', '1.5'])}"]

    def do_train(self, pool: list[Number]) -> list[Statement]:
        """Return a loop of steps of gradient descent."""
        self.used.add("training loop")
        leaf = self.one(self.leaves).name
        loss = self.expression([*self.leaves])
        number = Number(self.name("y"), loss.low, loss.high)
        pool.append(number)
        body = [f"{number.name} = {loss.name} + {leaf} * {leaf}", f"{number.name}.backward()"]
        body += [f"{leaf}.data = {leaf}.data - 0.1 * sin({leaf}.grad)"]
        body += [self.one([f"{leaf}.zero_grad()", f"{leaf}.grad = 0", f"{number.name}.zero_grad()"])]
        return [Block(f"for _ in range({1 + self.choose(3)}):", tuple(body)), f"show({self.grads()})"]

    def do_carry(self, pool: list[Number]) -> list[Statement]:
        """Return a loop that carries a node over from tape to tape."""
        self.used.add("node carried over many tapes")
        start, leaf, name = self.some(pool).name, self.one(self.leaves).name, self.name("y")
        pool.append(Number(name, -1.0, 1.0))
        sweep = self.one([f"{name}.backward()", f"({name} * 0.5).backward()"])
        if self.choose(2):
            step: list[Statement] = [Block("with Tape():", (f"{name} = sin({name} * {leaf})",))]
        else:
            step = [f"{name} = sin({name} * {leaf} + {name})", sweep]
        return [f"{name} = {start} * 1.0", Block(f"for _ in range({3 + self.choose(12)}):", tuple(step))]

    def do_matrix(self, pool: list[Number]) -> list[Statement]:
        """Return products with a matrix of leaves, which get new data in between."""
        self.used.add("matrix of leaves")
        leaf, name, matrix = self.one(self.leaves).name, self.name("y"), self.name("m")
        rows = ", ".join(f"({self.one(self.leaves).name}, {each})" for each in (leaf, self.one(self.leaves).name))
        vector = ", ".join(self.within(self.some(pool), 1e3).name for _ in range(2))
        pool.append(Number(name, -WIDE, WIDE))
        body = [f"{name} = sin(matvec({matrix}, [{vector}])[{self.choose(2)}])"]
        body.append(f"{leaf}.data = {leaf}.data + 0.25 * sin({name}.data)")
        if self.choose(2):
            body.append(f"{name}.backward()")
        return [f"{matrix} = ({rows})", Block(f"for _ in range({2 + self.choose(2)}):", tuple(body))]

    def do_if(self, pool: list[Number]) -> list[Statement]:
        self.used.add("if outside of functions")
        a, b, c = self.some(pool), self.some(pool), self.expression(pool)
        number = Number(self.name("y"), min(b.low, c.low), max(b.high, c.high))
        pool.append(number)
        yes, no = f"{number.name} = {b.name} * 1.0", f"{number.name} = {c.name} + 0.0 * {a.name}"
        return [Block(f"if {a.name} > {self.number(-1.0, 1.0)!r}:", (yes,)), Block("else:", (no,))]

    def do_function(self, pool: list[Number]) -> list[Statement]:
        kind = self.choose(3)
        outside = [[], self.leaves, pool][kind]
        if outside:
            self.used.add("function that uses leaves or nodes from outside")
        return self.function(list(outside), 1 + self.choose(2))

    def called(self, pool: list[Number]) -> tuple[list[Statement], str, list[str]]:
        """Return a function and numbers to call it with, some of them no Values; define one if there is none."""
        statements = [] if self.functions else self.function([], 1 + self.choose(2))
        name, arity, _ = self.one(self.functions)
        arguments = [self.some(pool).name if self.choose(3) else repr(self.number(-1.5, 1.5)) for _ in range(arity)]
        return statements, name, arguments

    def do_call(self, pool: list[Number]) -> list[Statement]:
        statements, name, arguments = self.called(pool)
        first = self.some(pool).name
        return [*statements, *self.result(pool, f"{name}({', '.join([first, *arguments[1:]])})", "call")]

    def do_grad(self, pool: list[Number]) -> list[Statement]:
        statements, name, arguments = self.called(pool)
        at, k = ", ".join(arguments), self.choose(len(arguments))
        text = self.one([f"grad({name}, {k})({at})", f"value_and_grad({name}, {k})({at})[1]"])
        return [*statements, *self.result(pool, f"{text} + {self.some(pool).name}", "grad")]

    def do_second(self, pool: list[Number]) -> list[Statement]:
        statements, name, arguments = self.called(pool)
        point, spread = ", ".join(arguments), ", ".join(f"p[{k}]" for k in range(len(arguments)))
        direction = ", ".join(repr(self.number(-1.0, 1.0)) for _ in arguments)
        f = f"lambda p: {name}({spread})"
        texts = [f"hessian({f})([{point}])[0][-1]", f"hvp({f})([{point}], [{direction}])[0]"]
        texts += [f"jacobian(lambda p: [{name}({spread}), p[0] * p[-1]])([{point}])[0][-1]"]
        return [*statements, *self.result(pool, f"{self.one(texts)} + {self.some(pool).name}", "second derivatives")]

    def do_forward(self, pool: list[Number]) -> list[Statement]:
        statements, name, arguments = self.called(pool)
        tangents = ", ".join(self.some(pool).name if self.choose(3) == 2 else "1.0" for _ in arguments)
        duals = ", ".join(f"Dual({each}, {self.number(-1.0, 1.0)!r})" for each in arguments)
        texts = [f"jvp({name}, ({', '.join(arguments)},), ({tangents},))[1]", f"{name}({duals}).tangent"]
        return [*statements, *self.result(pool, f"{self.one(texts)} + {self.some(pool).name}", "forward mode")]

    def do_pullback(self, pool: list[Number]) -> list[Statement]:
        statements, name, arguments = self.called(pool)
        pull = self.name("pull")
        made = f"{self.name('z')}, {pull} = vjp({name}, {', '.join(arguments)})"
        seeds = [self.some(pool).name, repr(self.number(-2.0, 2.0))]
        more = self.result(pool, f"{pull}({seeds[0]})[0] + {pull}({seeds[1]})[-1] + {self.some(pool).name}", "pullback")
        return [*statements, made, *more]

    def do_stale(self, pool: list[Number]) -> list[Statement]:
        """Return a pullback of a graph whose leaf has new data by then: it has to be refused."""
        self.used.add("StaleTape")
        leaf, pull = self.one(self.leaves).name, self.name("pull")
        made = f"{self.name('z')}, {pull} = vjp(lambda u: u * sin({leaf} * u), {self.number(-1.5, 1.5)!r})"
        return [made, f"{leaf}.data = {leaf}.data + 0.5", f"refused(StaleTape, {pull}, 1.0)"]

    def do_copy(self, pool: list[Number]) -> list[Statement]:
        """Return a copy of a leaf and of a node, which are computed with and swept from then on."""
        leaf, node = self.one(self.leaves), self.some(pool)
        twins = [Number(self.name("x"), -4.0, 4.0), node._replace(name=self.name("y"))]
        how = self.one(["copy.deepcopy([{}, {}])", "pickle.loads(pickle.dumps([{}, {}]))"])
        self.used.add("copy" if "copy" in how else "pickle")
        pool += twins
        self.leaves.append(twins[0])
        return [f"{twins[0].name}, {twins[1].name} = {how.format(leaf.name, node.name)}"]

    def do_copy_of_one(self, pool: list[Number]) -> list[Statement]:
        node = self.some(pool)
        how = self.one(["copy.copy({})", "copy.deepcopy({})", "pickle.loads(pickle.dumps({}))"])
        self.used.add("copy" if "copy" in how else "pickle")
        number = node._replace(name=self.name("y"))
        pool.append(number)
        return [f"{number.name} = {how.format(node.name)}"]

    def do_elsewhere(self, pool: list[Number]) -> list[Statement]:
        """Return something computed in another thread, or in a task."""
        where = self.one(["in_thread", "in_thread", "in_thread", "in_task"])
        return self.result(pool, f"{where}(lambda: {self.expression(pool).name} + {self.some(pool).name})", where)

    def do_within(self, pool: list[Number]) -> list[Statement]:
        """Return statements within a tape of their own, a scope, strict mode or several of them."""
        heads = ["Tape()", "Tape() as tape", 'scope("part")', "strict()", 'scope("a"), Tape(), scope("b")']
        head = self.one(heads)
        self.used.add("tape" if "Tape" in head else "scope or strict")
        body = [each for _ in range(1 + self.choose(3)) for each in self.inner(pool)]
        if self.infinite or DEAD in text_of(body):
            head = head.replace("strict()", 'scope("part")')
        return [Block(f"with {head}:", tuple(body))]

    def inner(self, pool: list[Number]) -> list[Statement]:
        kinds = [self.node, self.node, self.do_backward, self.do_grad, self.do_assign]
        return list(self.one(kinds)(pool))

    def do_no_grad(self, pool: list[Number]) -> list[Statement]:
        self.used.add("no_grad")
        known = len(pool)
        body = [
            each for _ in range(1 + self.choose(2)) for each in self.one([self.node, self.do_grad, self.do_call])(pool)
        ]
        return [Block("with no_grad():", tuple(body)), *self.recorded(pool, known)]

    def do_detach(self, pool: list[Number]) -> list[Statement]:
        a, b = self.some(pool).name, self.some(pool).name
        return self.result(pool, f"{a}.detach() * {b} + {b}", "detach")

    def recorded(self, pool: list[Number], known: int) -> list[Statement]:
        """Make constants depend on a leaf again."""
        statements = []
        for at in range(known, len(pool)):
            number = Number(self.name("y"), -math.inf, math.inf)
            statements.append(f"{number.name} = {pool[at].name} * {self.one(self.leaves).name}")
            pool[at] = number
        return statements

    def do_drop(self, pool: list[Number]) -> list[Statement]:
        nodes = [each for each in pool if each not in self.leaves and each.name not in self.held]
        if len(nodes) < 2:
            return self.node(pool)
        self.used.add("dropped")
        gone = self.one(nodes)
        pool.remove(gone)
        return [f"{gone.name} = None"]

    def do_replay(self, pool: list[Number]) -> list[Statement]:
        """Return a function recorded at some numbers and replayed at others."""
        statements = []
        kind = self.choose(6)
        names = [each for each in self.functions if each[2] <= (kind < 4)]
        if not names:
            statements = self.function([], 1 + self.choose(2))
            names = self.functions[-1:]
        name, arity, _ = self.one(names)
        if kind == 5 and name in self.infinite:  # a program as text promises nothing then
            kind = 4
        vectors = [[self.number(-1.5, 1.5) for _ in range(3)] for _ in range(arity)]
        shared = [vectors[0], *[each[0] for each in vectors[1:]]]
        if kind < 5 and self.choose(4) == 3:
            self.used.add("replay of a derivative")
            name = f"lambda {', '.join('uv'[:arity])}: grad({name})({', '.join('uv'[:arity])}) + u"
        arguments = ", ".join(map(repr, shared if kind < 2 else vectors))
        at, inputs = ([each[k] for each in vectors] for k in (0, 1))
        text = [
            f"compile({name}, batched=0)({arguments})",
            f"compile({name}, batched=0).value_and_grad({arguments})",
            f"vectorize({name})({arguments})",
            f"compile({name})({', '.join(map(repr, at))})",
            f"replayed({name}, {at}, {inputs})",
            f"written({name}, {at}, {inputs})",
        ][kind]
        self.used.add(["compile", "compile, gradient", "vectorize", "compile", "program of a tape", "source"][kind])
        return [*statements, text]


DOINGS = [
    *["node"] * 8,
    *["backward"] * 5,
    *["assign", "grad"] * 3,
    *["function", "call", "copy", "within", "replay"] * 2,
    *["leaf", "zero", "train", "carry", "matrix", "if", "second", "forward", "pullback", "stale", "copy_of_one"],
    *["elsewhere", "no_grad", "detach", "drop"],
]


class Program(NamedTuple):
    """A program, and what it is known to use."""

    statements: tuple[Statement, ...]
    used: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return text_of(self.statements)

    def __repr__(self) -> str:
        return f"a program:\n\n{self}"

    def functions(self) -> Iterable[tuple[str, str, list[float]]]:
        """Yield (text, name, arguments) of the functions that need nothing from outside."""
        for each in self.statements:
            if isinstance(each, Block) and each.head.startswith("def "):
                text, (name, parameters) = text_of([each]), each.head[4:-2].split("(")
                if not re.search(r"\b[xyz][0-9]", text):
                    yield text, name, [0.7 - 1.1 * k for k in range(parameters.count(",") + 1)]


def drawn(choose: Choose) -> Program:
    """Return the program that some choices make."""
    builder = Builder(choose)
    statements = builder.program()
    return Program(tuple(statements), frozenset(builder.used))


def of_seed(seed: int) -> Program:
    """Return the program of a seed."""
    return drawn(random.Random(seed).randrange)


# -- running them ------------------------------------------------------------------------------------------------------


def examine(program: Program, thoroughly: bool = False) -> World:
    """Run a program with every number computed twice, then with the engine alone; raise what is wrong.

    Args:
        program: to run.
        thoroughly: whether to run it in two threads at once too, and to compare its trace.
    """
    decimal.setcontext(CONTEXT.copy())
    code = compile(str(program), "<program>", "exec")
    world = World()
    exec(code, world.namespace())
    plain = engine_run(code)
    check_same(world.shown, plain[:-1], "beside the oracle and alone")
    if thoroughly:
        for run in (engine_run(code), *in_threads(code)):
            check_same(plain, run, "twice")
    return world


def engine_run(code: Any) -> list[str]:
    """Return what a program shows where the engine runs it alone, and the trace of its end."""
    shown: list[str] = []
    names = plain_namespace(shown)
    exec(code, names)
    return [*shown, Tape.of(names["end"]).trace()]


def in_threads(code: Any) -> list[list[str]]:
    """Return what a program shows in two threads at once."""
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(engine_run(code))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2, "a thread failed"
    return found


def check_same(first: Sequence[str], second: Sequence[str], when: str) -> None:
    for a, b in zip(first, second, strict=True):
        assert a == b, f"a program gives other numbers {when}: {a} and {b}"


# -- failures, shortened -----------------------------------------------------------------------------------------------


def problem_of(program: Program, thoroughly: bool = True) -> str | None:
    """Return what is wrong with a program, in short; None if nothing is."""
    try:
        examine(program, thoroughly)
    except Exception as error:
        return f"{type(error).__name__}: {re.sub(r'[-+]?[0-9][0-9.e+-]*', '#', str(error))}"[:60]
    return None


def shortened(program: Program, problem: str | None) -> Program:
    """Return a program from which nothing can be left out without its problem changing."""
    statements = list(program.statements)
    at = len(statements) - 1
    while at >= 0:
        for smaller in without(statements[at]):
            tried = Program((*statements[:at], *smaller, *statements[at + 1 :]))
            if problem_of(tried) == problem:
                statements = list(tried.statements)
                at = min(at, len(statements))
                break
        else:
            at -= 1
            continue
        at -= 1 if not statements[at : at + 1] else 0
    return Program(tuple(statements))


def without(statement: Statement) -> list[list[Statement]]:
    """Return what may stand in the place of a statement: nothing, or a block with less in it."""
    if not isinstance(statement, Block):
        return [[]]
    smaller: list[list[Statement]] = [[]]
    for k, each in enumerate(statement.body):
        for part in without(each):
            body = (*statement.body[:k], *part, *statement.body[k + 1 :])
            if body:
                smaller.append([Block(statement.head, body)])
    return smaller


# -- many of them ------------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str]) -> int:
    """Examine the programs of many seeds."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs", description=__doc__.split("\n\n")[0])
    parser.add_argument("--count", type=int, default=1000, help="how many programs")
    parser.add_argument("--seed", type=int, default=0, help="of the first one")
    parser.add_argument("--oracle", choices=("exact", "jax"), default="exact", help="what to compare with")
    parser.add_argument("--show", action="store_true", help="print the programs instead")
    chosen = parser.parse_args(arguments)
    seeds = range(chosen.seed, chosen.seed + chosen.count)
    if chosen.show:
        print("\n".join(f"# seed {seed}\n{of_seed(seed)}" for seed in seeds))
        return 0
    if chosen.oracle == "jax":
        from tests import programs_jax

        return programs_jax.examined([of_seed(seed) for seed in seeds])
    return examined(seeds)


def examined(seeds: range) -> int:
    """Examine the programs of some seeds, print what comes of it, and return how many failed."""
    used, worst, failed, start = Counter[str](), [0.0, 0.0], 0, time.process_time()
    for done, seed in enumerate(seeds, 1):
        program = of_seed(seed)
        used.update(program.used)
        try:
            world = examine(program, thoroughly=seed % 10 == 0)
            worst = [max(pair) for pair in zip(worst, world.worst, strict=True)]
        except Exception as error:
            failed += 1
            print(f"seed {seed}: {type(error).__name__}: {error}")
            print(shortened(program, problem_of(program)), flush=True)
        if done % 1000 == 0 or done == len(seeds):
            each = 1000.0 * (time.process_time() - start) / done
            print(f"{done} programs from seed {seeds[0]}: {failed} failed, {each:.1f} ms each", flush=True)
    print(f"worst error, of the bound: {worst[0]:.3f} at first order, {worst[1]:.3f} at higher orders")
    for name, count in sorted(used.items(), key=lambda item: (item[0].startswith("row"), -item[1], item[0])):
        print(f"{count:8} {name}")
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
