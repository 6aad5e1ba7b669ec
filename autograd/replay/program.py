"""A program: a tape that is replayed on arrays.

This room checks what callers give, cuts lanes into blocks, and keeps a workspace per thread. What the steps are stands
in `autograd.replay.arrays`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograd.errors import StaleTape
from autograd.listing import pruned
from autograd.pruning import without_collections
from autograd.recording import mode
from autograd.replay.arrays import prepared
from autograd.replay.faults import first_fault, first_lane
from autograd.replay.guards import branch_changed, with_guards
from autograd.replay.inputs import table, vector, weights_of
from autograd.replay.levels import BATCHED, SHARED, Guard, Plan, per_lane, planned
from autograd.replay.workspace import Step, Workspace, is_finite
from autograd.tape import WIDTH, Tape
from autograd.value import Value

__all__ = ["Program", "compiled"]

Array = Any

BLOCK = 2 << 20
"""Bytes of a block of lanes, its adjoints included: about what the second-level cache takes."""

FEWEST_LANES = 256
MOST_WORKSPACES = 8

SHARED_ONLY = (SHARED,)
KINDS = {"shared": (SHARED,), "batched": (BATCHED,), "both": (SHARED, BATCHED)}


class Program:
    """A tape compiled for replay: values and gradients for many lanes at once.

    Made by `Tape.compile`. A program never changes; several threads may use it at once, and it can be pickled for other
    processes.

    Convention: as everywhere, IEEE 754 in every lane by itself, and a share whose adjoint or slope is exactly zero is
    exactly nothing. Arithmetic is that of the engine to the last bit; a sum of n terms may be added up in another
    order, within n · 2⁻⁵³ of the sum of their magnitudes, and a sum that is 0 may have the other sign; functions are
    NumPy's, a few ulp from those of the engine.

    Attributes:
        n_shared: how many shared leaves there are, P.
        n_batched: how many batched leaves, n.
        n_outputs: how many outputs, k.

    Example:
        >>> from autograd import Tape, Value
        >>> w, x = Value(2.0), Value(3.0)
        >>> program = Tape.of(w * x + x).compile(shared=[w], batched=[x])
        >>> program
        <Program: 1 shared and 1 batched inputs, 2 groups>
        >>> program.value([2.0], [[3.0], [10.0]]).tolist()
        [9.0, 30.0]
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.n_shared = plan.n_shared
        self.n_batched = plan.n_batched
        self.n_outputs = len(plan.outputs)
        self.guards = {kind: _guards(plan, kind) for kind in (SHARED, BATCHED)}
        self.outputs = {kind: _outputs(plan, kind) for kind in (SHARED, BATCHED)}
        self._is_simple = not plan.guards and len(plan.outputs) == 1 and plan.outputs[0][0] == BATCHED
        self._block = max(FEWEST_LANES, BLOCK // (20 * max(plan.rows[1], 1)))
        self._of_lanes: Program | None = None
        self._local = threading.local()

    def __reduce__(self) -> Any:
        return Program, (self._plan,)

    def __repr__(self) -> str:
        groups = len(self._plan.groups)
        inputs = f"{self.n_shared} shared and {self.n_batched} batched inputs"
        return f"<Program: {inputs}, {groups} group{'s' * (groups != 1)}>"

    def value(self, shared: Any = (), batched: Any = None) -> Array:
        """Return the values of all lanes.

        Args:
            shared: (P,) numbers, one for each shared leaf.
            batched: (B, n) numbers, a row for each lane; None where there are no batched leaves.

        Returns:
            (B,), or (B, k) for k outputs; without batched leaves (), or (k,).

        Raises:
            ValueError: a shape does not fit.
            TypeError: something is not a real number.
            BranchChanged, NonFiniteError: as for `value_and_grad`.
        """
        return self._run(shared, batched, None, ())[0]

    def value_and_grad(
        self, shared: Any = (), batched: Any = None, weights: Any = None, *, per_row: bool = False, wrt: str = "shared"
    ) -> tuple[Array, Any]:
        """Return the values of all lanes, and the gradient of their weighted sum.

        Args:
            shared: as for `value`.
            batched: likewise.
            weights: what each lane's value counts: (B,), or (B, k) for k outputs; by default 1.
            per_row: whether the gradient of the shared leaves is told for each lane, and not summed over them.
            wrt: the leaves to differentiate in: "shared", "batched" or "both".

        Returns:
            The values, and the gradient: (P,) for shared leaves, or (B, P) per row; (B, n) for batched ones; a pair of
            both for "both".

        Raises:
            ValueError: a shape does not fit, `wrt` is none of these, or `per_row` is asked for without batched leaves.
            TypeError: something is not a real number.
            BranchChanged: a comparison made while recording comes to something else for a lane.
            NonFiniteError: under `strict()`, something is not finite; it names the primitive and the first such lane.
        """
        if wrt not in KINDS:
            raise ValueError(f'wrt is "shared", "batched" or "both", not {wrt!r}')
        if per_row:
            return self._per_row(shared, batched, weights, KINDS[wrt])
        values, gradients = self._run(shared, batched, weights, KINDS[wrt])
        return values, gradients[0] if len(gradients) == 1 else tuple(gradients)

    def _per_row(self, shared: Any, batched: Any, weights: Any, wanted: tuple[int, ...]) -> tuple[Array, Any]:
        """Return the values, and the gradient of each lane in what is shared: as if it were batched."""
        given, lanes = vector(shared, self.n_shared), table(batched, self.n_batched)
        if lanes is None:
            raise ValueError("per_row tells a gradient for each lane, and there are no batched leaves: leave it out")
        if self._of_lanes is None:
            self._of_lanes = Program(per_lane(self._plan))
        both = np.concatenate([lanes, np.broadcast_to(given, (len(lanes), self.n_shared))], axis=1)
        values, gradient = self._of_lanes.value_and_grad((), both, weights, wrt="batched")
        parts = {BATCHED: gradient[:, : self.n_batched], SHARED: gradient[:, self.n_batched :]}
        found = [parts[kind] for kind in wanted]
        return values, found[0] if len(found) == 1 else tuple(found)

    # -- what callers give

    def to_jax(self) -> Any:
        """Return the program as one pure function (shared, batched) of JAX arrays, to be jitted, mapped or sharded.

        Raises:
            ImportError: JAX is not installed.
            ValueError: a primitive (a user's own) has no form in JAX.
        """
        from autograd.replay.jax import to_jax

        return to_jax(self._plan)

    def holds(self, shared: Any = (), batched: Any = None) -> Array:
        """Return for which lanes every comparison comes to what it was when the program was recorded.

        Args:
            shared: as for `value`.
            batched: likewise.

        Returns:
            (B,) of bool; without batched leaves ().

        Raises:
            ValueError: a shape does not fit.
            TypeError: something is not a real number.
        """
        given = vector(shared, self.n_shared)
        lanes = table(batched, self.n_batched)
        with np.errstate(all="ignore"):
            return _Run(self, given, lanes, None, (), checked=False).holding()

    def _run(self, shared: Any, batched: Any, weights: Any, wanted: tuple[int, ...]) -> tuple[Array, list[Array]]:
        given = vector(shared, self.n_shared)
        lanes = table(batched, self.n_batched)
        if weights is not None:
            weights = weights_of(weights, None if lanes is None else len(lanes), self.n_outputs)
        with np.errstate(all="ignore"):
            if self._is_simple and lanes is not None and 0 < len(lanes) <= self._block and wanted == SHARED_ONLY:
                found = self._at_once(given, lanes, weights)
                if found is not None:
                    return found
            found = _Run(self, given, lanes, weights, wanted).results()
            if mode().strict is True and not all(np.isfinite(each).all() for each in (found[0], *found[1])):
                self._explain(given, lanes, found)
            return found

    def _explain(self, shared: Array, batched: Array | None, found: tuple[Array, list[Array]]) -> None:
        """Raise NonFiniteError about the first lane that is not finite."""
        lane = first_lane(*found)
        space = prepared(self._plan, 1)
        space.primals[BATCHED][: self.n_batched, 0] = 0.0 if batched is None or not len(batched) else batched[lane]
        space.share(shared)
        _do(space.before)
        if batched is not None and len(batched):
            space.load(batched[lane : lane + 1])
            _do(space.forward)
        report = first_fault(space, None if batched is None else lane)
        if report is not None:
            raise report

    def _at_once(self, shared: Array, batched: Array, weights: Array | None) -> tuple[Array, list[Array]] | None:
        """Return what `_Run` does of one block with one output and no guard, with less around it; None if not finite.

        A small program takes half as long so.
        """
        space = self.workspace(len(batched), SHARED_ONLY)
        space.share(shared)
        _do(space.before)
        space.load(batched)
        _do(space.forward)
        if not (space.is_whole(SHARED) and space.is_whole(BATCHED)):
            return None
        row = self._plan.outputs[0][1]
        values = space.primals[BATCHED][row].copy()
        space.adjoints[BATCHED][row] = 1.0 if weights is None else weights[:, 0]
        _do(space.reverse)
        _do(space.after)
        gradient = space.gradient()
        return (values, [gradient]) if is_finite(values) and is_finite(gradient) else None

    def workspace(self, lanes: int, wanted: tuple[int, ...], careful: bool = False) -> Workspace:
        """Return this thread's steps for so many lanes."""
        key = (lanes, wanted, careful)
        known: dict[Any, Workspace] = self._local.__dict__.setdefault("spaces", {})
        found = known.get(key)
        if found is None:
            if len(known) >= MOST_WORKSPACES:
                del known[next(iter(known))]
            found = known[key] = prepared(self._plan, lanes, wanted, careful)
        return found

    def lanes_per_block(self) -> int:
        """Return how many lanes are computed together."""
        return self._block


class _Run:
    """One replay.

    Args:
        program: that is replayed.
        shared: (P,).
        batched: (B, n), or None.
        weights: (B, k), or None for 1.
        wanted: the kinds of inputs whose gradient is asked for.
        checked: whether a guard that does not hold raises; else it is only noted in `held`.
    """

    def __init__(
        self,
        program: Program,
        shared: Array,
        batched: Array | None,
        weights: Array | None,
        wanted: tuple[int, ...],
        checked: bool = True,
    ) -> None:
        self.program = program
        self.plan = program._plan
        self.shared = shared
        self.batched = batched
        self.weights = weights
        self.wanted = wanted
        self.checked = checked
        self.count = 1 if batched is None else len(batched)
        self.held: Array = True
        self.values = np.empty((self.plan.n_outputs, self.count))
        self.of_batched = np.zeros((self.plan.n_batched, self.count)) if BATCHED in wanted else None

    def results(self) -> tuple[Array, list[Array]]:
        """Return the values and gradients; where they are not finite, of a careful replay."""
        gradients = self._replayed(careful=False)
        if gradients is None or not all(map(is_finite, (*gradients, *self._shared_outputs()))):
            gradients = self._replayed(careful=True)
            assert gradients is not None
        return self._shaped(), gradients

    def holding(self) -> Array:
        """Return for which lanes the guards hold."""
        self.held = np.ones(self.count, dtype=bool)
        if self._replayed(careful=False) is None:
            self._replayed(careful=True)
        return self.held if self.batched is not None else self.held[0]

    def _shaped(self) -> Array:
        values = self.values[0] if self.plan.n_outputs == 1 else self.values.T
        return values if self.batched is not None else values[0]

    def _shared_outputs(self) -> list[Array]:
        return [self.values[k] for k, _, _ in self.program.outputs[SHARED]]

    def _replayed(self, careful: bool) -> list[Array] | None:
        """Return the gradients; None where what is shared has to be computed carefully, and is not."""
        count = self.count
        block = min(self.program.lanes_per_block(), count) or 1
        space = self.program.workspace(block, self.wanted, careful)
        if not self._shared_forward(space):
            return None
        total: Array | None = None
        if self.plan.rows[1]:
            for low in range(0, count, block):
                high = min(low + block, count)
                used = self._block(space if high - low == block else None, low, high, careful)
                if self.wanted and (count > block or used is not space):
                    total = used.adjoints[SHARED].copy() if total is None else total + used.adjoints[SHARED]
        for k, row, _ in self.program.outputs[SHARED]:
            self.values[k] = space.primals[SHARED][row]
        if not self.wanted:
            return []
        self._shared_reverse(space, total)
        gradient = space.gradient()
        return [gradient if self.of_batched is None or kind == SHARED else self.of_batched.T for kind in self.wanted]

    def _shared_forward(self, space: Workspace) -> bool:
        """Compute what is shared; return False where it has to be computed carefully, and is not."""
        space.share(self.shared)
        _do(space.before)
        if not space.is_whole(SHARED):
            return False
        self._check(space, SHARED, 0, self.count)
        return True

    def _block(self, space: Workspace | None, low: int, high: int, careful: bool) -> Workspace:
        """Compute some lanes; carefully, where what comes out is not finite. Return the workspace that was used."""
        if space is None:
            space = self.program.workspace(high - low, self.wanted, careful)
            self._shared_forward(space)
        if self._block_is_finite(space, low, high) or careful:
            return space
        space = self.program.workspace(high - low, self.wanted, True)
        self._shared_forward(space)
        self._block_is_finite(space, low, high)
        return space

    def _block_is_finite(self, space: Workspace, low: int, high: int) -> bool:
        if self.batched is not None:
            space.load(self.batched[low:high])
        _do(space.forward)
        if not space.is_whole(BATCHED):
            return False
        self._check(space, BATCHED, low, high)
        outputs, finite = self.program.outputs[BATCHED], True
        for k, row, _ in outputs:
            found = space.primals[BATCHED][row]
            self.values[k, low:high] = found
            finite = finite and is_finite(found)
        if not self.wanted:
            return finite
        adjoints = space.adjoints[BATCHED]
        for k, row, is_again in outputs:
            weights = 1.0 if self.weights is None else self.weights[low:high, k]
            adjoints[row] = adjoints[row] + weights if is_again else weights
        _do(space.reverse)
        if self.of_batched is not None:
            found = adjoints[: self.plan.n_batched]
            self.of_batched[:, low:high] = found
            finite = finite and is_finite(found)
        return finite and (self.count == high - low or is_finite(space.adjoints[SHARED][space.summed]))

    def _shared_reverse(self, space: Workspace, total: Array | None) -> None:
        adjoints = space.adjoints[SHARED]
        if total is not None:
            adjoints[:] = total
        elif not self.count:
            adjoints[:] = 0.0
        for k, row, is_again in self.program.outputs[SHARED]:
            weight = float(self.count) if self.weights is None else self.weights[:, k].sum()
            adjoints[row] = adjoints[row] + weight if is_again or row in space.summed else weight
        _do(space.after)

    def _check(self, space: Workspace, kind: int, low: int, high: int) -> None:
        """Raise BranchChanged where a guard does not hold; or only note for which lanes."""
        guards, rows, outcomes = self.program.guards[kind]
        if not guards:
            return
        found = space.primals[kind][rows]
        wrong = (found != (outcomes if kind == SHARED else outcomes[:, None])).reshape(len(guards), -1)
        if not self.checked:
            self.held[low:high] &= ~wrong.any(axis=0)
        elif wrong.any():
            lane = int(wrong.any(axis=0).argmax())
            guard = guards[int(wrong[:, lane].argmax())]
            raise branch_changed(guard.text, guard.outcome, guard.source, None if kind == SHARED else low + lane)


def _do(steps: Iterable[Step]) -> None:
    for function, arguments in steps:
        function(*arguments)


# -- compiling -------------------------------------------------------------------------------------------------------


def compiled(tape: Tape, shared: Sequence[Value] | None, batched: Sequence[Value], *, guarded: bool = True) -> Program:
    """Return `tape.compile(shared, batched)`; unless it is guarded, whatever the comparisons on the way come to."""
    tape = pruned(tape)
    if not len(tape):
        raise ValueError("there is nothing to compile: the tape is empty")
    batched = _leaves(batched, "batched")
    taken = set(map(id, batched))
    rest = [leaf for leaf, _ in tape.leaves.values() if id(leaf) not in taken]
    shared = rest if shared is None else _leaves(shared, "shared")
    tape, guards = with_guards(tape, [*batched, *shared]) if guarded else (tape, [])
    positions = _positions(tape)
    _check_named(tape, shared, batched)
    rows = [[positions.get(id(leaf), -1) for leaf in leaves] for leaves in (shared, batched)]
    return without_collections(lambda: Program(planned(tape, rows[0], rows[1], guards)))


def _leaves(given: Sequence[Value], what: str) -> list[Value]:
    if not isinstance(given, Iterable):
        raise TypeError(f"{what} is a list of leaves: write {what}=[w], not {what}=w")
    leaves = list(given)
    for leaf in leaves:
        if not isinstance(leaf, Value) or not leaf.is_leaf:
            kind = "a computed Value" if isinstance(leaf, Value) else type(leaf).__name__
            raise TypeError(f"{what} is a list of leaves, Values made by calling Value(...), and {kind} is none")
    return leaves


def _positions(tape: Tape) -> dict[int, int]:
    positions: dict[int, int] = {}
    for index, (leaf, _) in tape.leaves.items():
        if id(leaf) in positions:
            before, after = (tape.fields[WIDTH * each + 1] for each in (positions[id(leaf)], index))
            raise StaleTape(leaf, after if before == leaf.data else before)
        positions[id(leaf)] = index
    return positions


def _check_named(tape: Tape, shared: Sequence[Value], batched: Sequence[Value]) -> None:
    """Raise a ValueError where a leaf is named twice, or not at all."""
    named: set[int] = set()
    for leaf in (*shared, *batched):
        if id(leaf) in named:
            raise ValueError(f"{_called(leaf)} is named twice: a leaf is shared or batched, and stands there once")
        named.add(id(leaf))
    for leaf, _ in tape.leaves.values():
        if id(leaf) not in named:
            raise ValueError(
                f"{_called(leaf)} is neither shared nor batched: name every leaf that the tape depends on, or use "
                "leaf.detach() for one that is to stay as it is"
            )


def _called(leaf: Value) -> str:
    return f"the leaf {leaf.label}" if leaf.label else f"a leaf of value {leaf.data!r}"


def _outputs(plan: Plan, kind: int) -> list[tuple[int, int, bool]]:
    """Return (which output, its row, whether another one before it has the same row) for the outputs of a kind."""
    rows = [row for each, row in plan.outputs if each == kind]
    places = [k for k, (each, _) in enumerate(plan.outputs) if each == kind]
    return [(k, row, row in rows[:place]) for place, (k, row) in enumerate(zip(places, rows))]


def _guards(plan: Plan, kind: int) -> tuple[list[Guard], Array, Array]:
    guards = [guard for guard in plan.guards if guard.kind == kind]
    return guards, np.array([g.row for g in guards], dtype=np.intp), np.array([g.outcome for g in guards])
