"""What runs together: the nodes of a tape in groups, each of which is one or a few array operations.

A node's level is 1 + the highest level of its operands. Nodes of one level with one primitive, whose operands are of
the same kinds, are a group; the rows of a group are numbered one after the other. Chains of `+` and `-` are one sum,
products that only a sum uses are part of it: a sum of products. Sums of products over the same second factors are one
matrix product, which is how a layer of neurons is found in a tape.

Every node is of a kind: the same for all lanes (SHARED), or one number per lane (BATCHED); a constant is a CONSTANT.

This room knows graphs and arrays of row numbers. It computes nothing: that is `autograd.replay.arrays`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import primitives
from autograd.primitives import Primitive
from autograd.tape import NONE, WIDE, WIDTH, Tape

__all__ = ["BATCHED", "CONSTANT", "SHARED", "Group", "Guard", "Operand", "Plan", "Products", "per_lane", "planned"]

CONSTANT, SHARED, BATCHED = 0, 1, 2

FEWEST_TERMS = 3
"""Terms from which on a chain of additions is one sum; shorter ones stay additions."""

Array = Any
Wide = tuple[tuple[int, ...], tuple[float, ...]]


class Operand(NamedTuple):
    """One operand of every row of a group.

    Attributes:
        kind: CONSTANT, SHARED or BATCHED.
        rows: per row of the group the row it reads, or the constant.
    """

    kind: int
    rows: Array


class Products(NamedTuple):
    """Equally many products in every row of a group, to be added up.

    Attributes:
        left: (rows, products); its kind is not above that of the right one.
        right: (rows, products).
    """

    left: Operand
    right: Operand


class Group(NamedTuple):
    """Rows that are computed together.

    Attributes:
        kind: SHARED or BATCHED.
        start, stop: its rows.
        primitive: what is computed of the operands; None for a sum of products.
        operands: of the primitive.
        products: of the sum.
        constant: to be added to the sum, per row.
    """

    kind: int
    start: int
    stop: int
    primitive: Primitive | None
    operands: list[Operand]
    products: list[Products]
    constant: Array


class Guard(NamedTuple):
    """A comparison that was used as a truth: its row has to hold what it held when it was recorded.

    Attributes:
        kind, row: where its outcome stands.
        outcome: 1.0 or 0.0.
        text: the comparison as people write it.
        source: (file name, line number), or None.
    """

    kind: int
    row: int
    outcome: float
    text: str
    source: tuple[str, int] | None


class Plan(NamedTuple):
    """What a tape computes, in groups.

    Attributes:
        n_shared: shared inputs; they are the first shared rows.
        n_batched: batched inputs; they are the first batched rows.
        rows: how many rows there are: (shared, batched).
        numbers: (shared row, number) of what is neither input nor computed.
        groups: in the order of their evaluation.
        outputs: (kind, row) of each.
        guards: to be checked on every lane.
    """

    n_shared: int
    n_batched: int
    rows: tuple[int, int]
    numbers: list[tuple[int, float]]
    groups: list[Group]
    outputs: list[tuple[int, int]]
    guards: list[Guard]

    @property
    def n_outputs(self) -> int:
        """How many outputs there are."""
        return len(self.outputs)


def planned(tape: Tape, shared: Sequence[int], batched: Sequence[int], guards: Sequence[Any] = ()) -> Plan:
    """Return the groups of a pruned tape.

    Args:
        tape: pruned.
        shared: positions of the shared leaves, in the order of their rows; -1 for one that is not on the tape.
        batched: positions of the batched leaves, likewise; the leaves in both are all there are.
        guards: comparisons whose operands are on the tape, see `autograd.replay.guards`.

    Cost: a few steps per node and per operand.
    """
    nodes = _Nodes(tape, batched, guards)
    assert tape.outputs is not None
    outputs = list(tape.outputs)
    nodes.need(outputs)
    return _numbered(nodes, shared, batched, outputs, guards)


def per_lane(plan: Plan) -> Plan:
    """Return a plan in which every input is batched: the batched ones first, then those that were shared."""
    offsets = {SHARED: plan.n_batched, BATCHED: plan.rows[0]}
    n_inputs = plan.n_batched

    def moved(kind: int, row: Any) -> Any:
        if kind == BATCHED:
            return row + (row >= n_inputs) * offsets[BATCHED]
        return row + offsets[SHARED] if kind == SHARED else row

    def operand(given: Operand) -> Operand:
        return Operand(BATCHED if given.kind else CONSTANT, moved(given.kind, given.rows))

    groups = [
        group._replace(
            kind=BATCHED,
            start=int(moved(group.kind, group.start)),
            stop=int(moved(group.kind, group.stop - 1)) + 1,
            operands=[operand(each) for each in group.operands],
            products=[Products(operand(left), operand(right)) for left, right in group.products],
        )
        for group in plan.groups
    ]
    return Plan(
        0,
        plan.n_batched + plan.n_shared,
        (0, sum(plan.rows)),
        [(int(moved(SHARED, row)), number) for row, number in plan.numbers],
        groups,
        [(BATCHED, int(moved(kind, row))) for kind, row in plan.outputs],
        [guard._replace(kind=BATCHED, row=int(moved(guard.kind, guard.row))) for guard in plan.guards],
    )


class _Nodes:
    """The columns of a tape, and what becomes of each node.

    Attributes:
        kinds: of each node.
        sums: root of a sum -> its terms.
        needed: whether a node has a row of its own, and is not part of a sum.
    """

    def __init__(self, tape: Tape, batched: Iterable[int], guards: Sequence[Any]) -> None:
        fields = tape.fields
        self.codes = [*fields[0::WIDTH], *(guard.code for guard in guards)]
        self.primals = fields[1::WIDTH]
        self.lefts = [*fields[2::WIDTH], *(guard.places[0] for guard in guards)]
        self.left_numbers = [*fields[3::WIDTH], *(guard.numbers[0] for guard in guards)]
        self.rights = [*fields[4::WIDTH], *(guard.places[1] for guard in guards)]
        self.right_numbers = [*fields[5::WIDTH], *(guard.numbers[1] for guard in guards)]
        self.size = len(self.codes)
        self.n_guards = len(guards)
        self.kinds = self._kinds(batched)
        self.uses = self._uses()
        self.sums: dict[int, _Sum] = {}
        self.needed = bytearray(self.size)

    def operands(self, index: int) -> Wide:
        """Return the places of the operands of what is computed, below 0 for constants, and the numbers beside them."""
        right = self.rights[index]
        if right == WIDE:
            return self.lefts[index], self.left_numbers[index]
        left = self.lefts[index]
        if right == NONE:
            return (left,), (self.left_numbers[index],)
        return (left, right), (self.left_numbers[index], self.right_numbers[index])

    def _kinds(self, batched: Iterable[int]) -> list[int]:
        kinds = [SHARED] * self.size
        for index in batched:
            if index >= 0:
                kinds[index] = BATCHED
        if BATCHED not in kinds:
            return kinds
        for index, (left, right) in enumerate(zip(self.lefts, self.rights)):
            if right == WIDE:
                if any(at >= 0 and kinds[at] == BATCHED for at in left):
                    kinds[index] = BATCHED
            elif (left >= 0 and kinds[left] == BATCHED) or (right >= 0 and kinds[right] == BATCHED):
                kinds[index] = BATCHED
        return kinds

    def _uses(self) -> list[int]:
        """Return how often each node is an operand; at the end one place more for all constants."""
        uses = [0] * (self.size + 3)
        for left, right in zip(self.lefts, self.rights):
            if right == WIDE:
                for at in left:
                    uses[at] += 1
            else:
                uses[left] += 1
                uses[right] += 1
        return uses

    def need(self, outputs: Iterable[int]) -> None:
        """Find out which nodes have rows of their own, and the terms of the sums."""
        first_guard = self.size - self.n_guards
        for index in (*outputs, *range(first_guard, self.size)):
            self.needed[index] = True
            self.uses[index] += 2  # it is nobody's part
        terms = self._counts_of_terms()
        for index in range(self.size - 1, -1, -1):
            if not self.needed[index] or self.codes[index] < 0:
                continue
            if index in terms:
                self.sums[index] = _Sum(self, index)
            else:
                for at in self.operands(index)[0]:
                    if at >= 0:
                        self.needed[at] = True

    def _counts_of_terms(self) -> dict[int, int]:
        """Return the nodes that are to be sums of products, with how many terms they have."""
        counts: dict[int, int] = {}
        uses, get = self.uses, counts.get
        for index, code in enumerate(self.codes):
            if code in _ADDITIVE:
                left, right = self.lefts[index], self.rights[index]
                if right == WIDE:
                    counts[index] = FEWEST_TERMS  # it has as many operands at least
                else:
                    first = get(left, 1) if left >= 0 and uses[left] == 1 else 1
                    second = get(right, 1) if right >= 0 and uses[right] == 1 else right != NONE
                    counts[index] = first + second
            elif code in (_DOT, _MEAN):
                counts[index] = FEWEST_TERMS
        short = [index for index, count in counts.items() if count < FEWEST_TERMS and self.codes[index] != _SUM]
        for index in short:
            del counts[index]
        return counts


_ADD, _SUB, _MUL, _SUM, _MEAN, _DOT = (
    row.code
    for row in (primitives.add, primitives.sub, primitives.mul, primitives.sum, primitives.mean, primitives.dot)
)
_ADDITIVE = frozenset((_ADD, _SUB, _SUM))


class _Sum:
    """The terms of a sum: a constant, and products by the kinds of their factors.

    Attributes:
        constant: the sum of all terms that are constants.
        products: (kind, kind) -> (left factors, right factors): numbers of nodes, or constants.
    """

    __slots__ = ("_nodes", "constant", "products")

    def __init__(self, nodes: _Nodes, root: int) -> None:
        self._nodes = nodes
        self.constant = 0.0
        self.products: dict[tuple[int, int], tuple[list[Any], list[int]]] = {}
        waiting: list[tuple[int, float, float]] = []
        self._open(root, 1.0, waiting)
        self._take_all(waiting)

    def _take_all(self, waiting: list[tuple[int, float, float]]) -> None:
        """Take in the terms on a stack, (node or below 0, number, factor), and those of the sums among them."""
        nodes, add = self._nodes, self._add
        codes, uses, lefts, rights = nodes.codes, nodes.uses, nodes.lefts, nodes.rights
        left_numbers, right_numbers = nodes.left_numbers, nodes.right_numbers
        while waiting:
            at, number, sign = waiting.pop()
            if at < 0:
                self.constant += sign * number
                continue
            code = codes[at] if uses[at] == 1 else -1
            if code == _ADD:
                waiting.append((rights[at], right_numbers[at], sign))
                waiting.append((lefts[at], left_numbers[at], sign))
            elif code == _MUL and (sign == 1.0 or lefts[at] < 0 or rights[at] < 0):
                add(lefts[at], left_numbers[at], rights[at], right_numbers[at], sign)
            elif code in _ADDITIVE or (code == _DOT and sign == 1.0):
                self._open(at, sign, waiting)
            else:
                add(-1, 1.0, at, 0.0, sign)

    def _open(self, index: int, sign: float, waiting: list[tuple[int, float, float]]) -> None:
        """Put the terms of a node on the stack, the first on top; products go in at once."""
        nodes = self._nodes
        code = nodes.codes[index]
        places, numbers = nodes.operands(index)
        if code == _DOT:
            half = len(places) // 2
            for k in range(half):
                self._add(places[k], numbers[k], places[half + k], numbers[half + k], sign)
        elif code == _SUB:
            waiting.append((places[1], numbers[1], -sign))
            waiting.append((places[0], numbers[0], sign))
        else:
            sign = sign / len(places) if code == _MEAN else sign
            waiting.extend([(at, number, sign) for at, number in zip(reversed(places), reversed(numbers))])

    def _add(self, left: int, left_number: float, right: int, right_number: float, sign: float) -> None:
        """Add a product; of its factors a constant takes the factor of the term: a sign, or what a mean divides by."""
        nodes = self._nodes
        if left < 0 and right < 0:
            self.constant += sign * left_number * right_number
            return
        kinds, needed = nodes.kinds, nodes.needed
        left_kind = kinds[left] if left >= 0 else CONSTANT
        right_kind = kinds[right] if right >= 0 else CONSTANT
        if left_kind > right_kind:
            left, left_number, left_kind, right, right_kind = right, right_number, right_kind, left, left_kind
        needed[right] = True
        if left_kind:
            needed[left] = True
        lefts, rights = self.products.setdefault((left_kind, right_kind), ([], []))
        lefts.append(left if left_kind else sign * left_number)
        rights.append(right)


# -- levels, groups and rows -----------------------------------------------------------------------------------------


def _numbered(
    nodes: _Nodes, shared: Sequence[int], batched: Sequence[int], outputs: Sequence[int], guards: Sequence[Any]
) -> Plan:
    rows = [-1] * nodes.size
    for leaves in (shared, batched):
        for row, index in enumerate(leaves):
            if index >= 0:
                rows[index] = row
    next_row = {SHARED: len(shared), BATCHED: len(batched)}
    numbers: list[tuple[int, float]] = []
    for index in range(nodes.size):
        if nodes.needed[index] and nodes.codes[index] < 0 and rows[index] < 0:
            rows[index] = next_row[SHARED]
            numbers.append((rows[index], nodes.primals[index]))
            next_row[SHARED] += 1
    groups: list[Group] = []
    for kind, members in _grouped(nodes):
        start = next_row[kind]
        for row, index in enumerate(members, start):
            rows[index] = row
        next_row[kind] = start + len(members)
        groups.append(_group(nodes, rows, kind, start, members))
    first_guard = nodes.size - nodes.n_guards
    return Plan(
        len(shared),
        len(batched),
        (next_row[SHARED], next_row[BATCHED]),
        numbers,
        groups,
        [(nodes.kinds[index], rows[index]) for index in outputs],
        [
            Guard(nodes.kinds[index], rows[index], guard.outcome, guard.text, guard.source)
            for index, guard in enumerate(guards, first_guard)
        ],
    )


def _grouped(nodes: _Nodes) -> list[tuple[int, list[int]]]:
    """Return (kind, members) of each group, in the order of their evaluation."""
    levels = [0] * nodes.size
    found: dict[Any, list[int]] = {}
    for index in range(nodes.size):
        if not nodes.needed[index] or nodes.codes[index] < 0:
            continue
        total = nodes.sums.get(index)
        if total is None:
            places = [at for at in nodes.operands(index)[0] if at >= 0]
            key: Any = (nodes.codes[index], tuple(_kind(nodes, at) for at in nodes.operands(index)[0]))
        else:
            places = [at for kinds, (left, right) in total.products.items() for at in _nodes_of(kinds, left, right)]
            key = tuple((kinds, len(left)) for kinds, (left, _) in sorted(total.products.items()))
        level = levels[index] = 1 + max(map(levels.__getitem__, places), default=0)
        found.setdefault((level, nodes.kinds[index], total is None, key), []).append(index)
    groups: list[tuple[int, list[int]]] = []
    for (_, kind, is_plain, _), members in sorted(found.items(), key=_level):
        parts = [members] if is_plain or len(members) == 1 else _same_factors(nodes, members)
        groups += [(kind, part) for part in parts]
    return groups


def _level(item: tuple[Any, Any]) -> int:
    level: int = item[0][0]
    return level


def _kind(nodes: _Nodes, at: int) -> int:
    return nodes.kinds[at] if at >= 0 else CONSTANT


def _nodes_of(kinds: tuple[int, int], left: list[Any], right: list[int]) -> list[int]:
    return [*left, *right] if kinds[0] else right


def _same_factors(nodes: _Nodes, members: Sequence[int]) -> list[list[int]]:
    """Return sums in parts that have the same second factors, where they can be matrix products; the others together.

    Where both factors are of one kind, either may be the second.
    """
    products = nodes.sums[members[0]].products
    if not products:
        return [list(members)]
    largest = max(products, key=lambda kinds: len(products[kinds][0]))
    by_right = _parts(nodes, members, largest, 1)
    if len(by_right) == len(members) and largest[0] == largest[1]:
        by_left = _parts(nodes, members, largest, 0)
        if len(by_left) < len(members):
            for index in members:
                left, right = nodes.sums[index].products[largest]
                nodes.sums[index].products[largest] = (right, left)
            by_right = by_left
    alone = [part[0] for part in by_right if len(part) == 1]
    together = [part for part in by_right if len(part) > 1]
    return [*together, alone] if alone else together


def _parts(nodes: _Nodes, members: Sequence[int], kinds: tuple[int, int], side: int) -> list[list[int]]:
    parts: dict[tuple[Any, ...], list[int]] = {}
    for index in members:
        parts.setdefault(tuple(nodes.sums[index].products[kinds][side]), []).append(index)
    return list(parts.values())


def _group(nodes: _Nodes, rows: list[int], kind: int, start: int, members: Sequence[int]) -> Group:
    stop, first = start + len(members), members[0]
    if first in nodes.sums:
        sums = [nodes.sums[index] for index in members]
        products = [_products(sums, kinds, rows) for kinds in sorted(sums[0].products)]
        return Group(kind, start, stop, None, [], products, np.array([each.constant for each in sums]))
    listed = [nodes.operands(index) for index in members]
    kinds = [_kind(nodes, at) for at in listed[0][0]]
    operands = [
        Operand(
            each,
            np.array([rows[places[k]] for places, _ in listed], dtype=np.intp)
            if each
            else np.array([numbers[k] for _, numbers in listed]),
        )
        for k, each in enumerate(kinds)
    ]
    return Group(kind, start, stop, primitives.by_code(nodes.codes[first]), operands, [], np.zeros(0))


def _products(sums: Sequence[_Sum], kinds: tuple[int, int], rows: list[int]) -> Products:
    pairs = [each.products[kinds] for each in sums]
    right = np.array([[rows[at] for at in right] for _, right in pairs], dtype=np.intp)
    if kinds[0] == CONSTANT:
        left = np.array([left for left, _ in pairs], dtype=float)
    else:
        left = np.array([[rows[at] for at in left] for left, _ in pairs], dtype=np.intp)
    return Products(Operand(kinds[0], left), Operand(kinds[1], right))
