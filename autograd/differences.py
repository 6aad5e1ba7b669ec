"""Finite differences: derivatives from values alone.

This room knows how to differentiate a function of floats by evaluating it: with one fixed step, as a textbook does
(`numerical_gradient`), and with a ladder of ever shorter steps that chooses its own step and states its own error
(`Ladder`). It deliberately knows nothing of tapes, slopes and partials, so that what it finds is independent of them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from autograd.primitives import is_real, number
from autograd.recording import no_grad
from autograd.structures import flatten, is_number

__all__ = ["Break", "Estimate", "Ladder", "numerical_gradient"]

ROUNDING = 2.0**-53
"""The largest relative error of one rounding to float64."""

RATIO = math.e
"""From one step to the next shorter one. No fraction, and no number whose powers approach integers: then several steps
in a row could be multiples of a period, and sin at 1e8, or floor, would look like a straight line."""

LEVELS = 24
"""How many steps are tried first: from half the scale to 5e-11 of it."""

DEEPEST = 70
"""How many steps are tried where the differences do not settle: down to 1e-30 of the scale."""

WIDEST = 12
"""How many longer steps are tried where only rounding limits a difference, as for 1e8 + x / 1000: up to 8e4 scales."""

SMALL = 2.0**-6
"""Below it, an argument is tried on two scales, its own and 1: log varies on the first, cos on the second."""

SHORTEST = 8.0
"""The shortest step, in distances of x to its neighbour: the next ones would be the same step again."""

GOOD = 1e-8
"""The relative error at which no further step is tried: a hundredth of the error that has to be noticed, 1e-6."""

SHRINKING = 0.7
"""What may be left of an error two steps further where it still shrinks: for x ** 1.5 at 0 0.4, for |x| all of it."""

SIGNAL = 10.0
"""How many times its rounding a difference has to be, to say anything. Where none is, the derivative may be as large as
that over the step, or over 1: with longer steps, any function that is bounded seems to be constant."""

CONTRADICTION = 10.0
"""How many times its error and its rounding a difference at a shorter step may miss an estimate."""

PROBE = 1e3
"""How many times its rounding a difference has to be, to be asked whether the estimate holds at shorter steps, too."""

SETTLED = 1e-4
"""The relative error up to which a difference counts as settled, neither limited by rounding nor shrinking."""

ROUNDING_LIMITED = 3.0
"""How many times its rounding an error may be, to come from nothing else: the bound and two disagreements within it."""

AROUND = 0.05
"""The longest step, relative to x or 1, with which a place where f is not smooth is looked for."""

FLAT = 8
"""After how many steps without any change in its last bit an output counts as independent of the argument."""

UNCHANGED = 0.1
"""How much a jump may change over three steps; over the same, a smooth function's falls to a seventh."""

GONE = 0.05
"""What may be left of a jump in the slope when the steps no longer reach its kink: bends of f leave a seventh."""

Function = Callable[..., Any]
Outputs = list[float]


# -- one fixed step --------------------------------------------------------------------------------------------------


def numerical_gradient(f: Function, x: Any, method: str = "forward", step: float | None = None) -> Any:
    """Return the gradient of f at x by finite differences.

    forward (f(x + h) - f(x)) / h; central (f(x + h) - f(x - h)) / 2h;
    stencil (8 (f(x + h) - f(x - h)) - (f(x + 2h) - f(x - 2h))) / 12h.

    With u = 2**-53, a scale L on which f varies, f' ~ f / L, f'' ~ f / L² and so on, the error relative to f / L is
    truncation plus cancellation. The default step is the power of two below the minimum:

        forward   h / (2 L) + 2 u L / h         h = 2 u^(1/2) L           error about 2e-8
        central   (h / L)² / 6 + u L / h        h = (3 u)^(1/3) L         error about 2e-11
        stencil   (h / L)⁴ / 30 + 1.5 u L / h   h = (45 u / 4)^(1/5) L    error about 2e-13

    Only the argument is known, not L: the step takes L = max(|x|, 1). For a function that varies faster than that, such
    as log at 1e-8 or sin at 1e8, give a step; `gradcheck` finds one by itself.

    Args:
        f: a function of x that returns one number; it is given plain floats.
        x: a number, or a list, tuple, dict or NumPy array of such; dimensionless.
        method: "forward", "central" or "stencil".
        step: h, the same for every number of x; positive, in the units of x. By default adapted to each of them.

    Returns:
        The gradient in the structure of x, made of floats.

    Raises:
        TypeError: f is not callable, x is not made of plain numbers, or f does not return one number.
        ValueError: an unknown method; a step that is not positive and finite, or so small that x + step is x; a
            number of x that is not finite.

    Cost: n + 1 evaluations (forward), 2n (central) or 4n (stencil) for n numbers; backpropagation takes the work of
        about three for any n.

    Example:
        >>> def f(w):
        ...     return w[0] ** 3 * w[1] + 3 * w[0]
        >>> [round(each, 10) for each in numerical_gradient(f, [3.0, 4.0], step=0.1)]
        [114.64, 27.0]
        >>> [round(each, 6) for each in numerical_gradient(f, [3.0, 4.0], method="central")]
        [111.0, 27.0]

    Source: Fornberg, 1988 (the stencil's weights).
    """
    if not callable(f):
        raise TypeError(f"numerical_gradient takes a function, not {type(f).__name__}")
    formula, base, root = _method(method)
    numbers, rebuild = flatten(x)
    point = [_finite(each) for each in numbers]
    steps = [_step(each, step, base, root) for each in point]

    def at(k: int, moved: float) -> float:
        return _result(f, f(rebuild([*point[:k], moved, *point[k + 1 :]])))

    with no_grad():
        center = _result(f, f(rebuild(list(point)))) if point and formula is _forward else 0.0
        slopes = [formula(functools.partial(at, k), point[k], steps[k], center) for k in range(len(point))]
    return rebuild(slopes)


Formula = Callable[[Callable[[float], float], float, float, float], float]


def _forward(f: Callable[[float], float], x: float, h: float, center: float) -> float:
    return (f(x + h) - center) / ((x + h) - x)


def _central(f: Callable[[float], float], x: float, h: float, center: float) -> float:  # noqa: ARG001 a formula's shape
    return (f(x + h) - f(x - h)) / ((x + h) - (x - h))


def _stencil(f: Callable[[float], float], x: float, h: float, center: float) -> float:
    near = _central(f, x, h, center)
    far = _central(f, x, 2.0 * h, center)
    return (4.0 * near - far) / 3.0


_METHODS: dict[str, tuple[Formula, float, float]] = {
    "forward": (_forward, 4.0 * ROUNDING, 1.0 / 2.0),
    "central": (_central, 3.0 * ROUNDING, 1.0 / 3.0),
    "stencil": (_stencil, 11.25 * ROUNDING, 1.0 / 5.0),
}


def _method(method: str) -> tuple[Formula, float, float]:
    if not isinstance(method, str) or method not in _METHODS:
        raise ValueError(f"method is 'forward', 'central' or 'stencil', not {method!r}")
    return _METHODS[method]


def _step(x: float, step: float | None, base: float, root: float) -> float:
    if step is None:
        return power_of_two(base**root * max(math.fabs(x), 1.0))
    h = number(step)
    if not (h > 0.0 and math.isfinite(h)):
        raise ValueError(f"step has to be positive and finite, not {step!r}")
    if x + h == x or x - h == x:
        raise ValueError(
            f"step={step!r} is lost beside {x!r}, whose neighbour is {math.ulp(x):.3g} away: take a larger one"
        )
    return h


def power_of_two(bound: float) -> float:
    """Return the largest power of two up to a bound: added to a number of its size, it is not rounded."""
    return math.ldexp(0.5, math.frexp(bound)[1])


def _finite(each: Any) -> float:
    if not is_real(each):
        kind = type(each).__name__
        raise TypeError(f"numerical_gradient takes plain numbers, not {kind}: write v.data for the number of a Value v")
    plain = number(each)
    if not math.isfinite(plain):
        raise ValueError(f"numerical_gradient needs finite numbers, but x holds {plain!r}")
    return plain


def _result(f: Function, output: Any) -> float:
    if not is_number(output):
        name = getattr(f, "__name__", repr(f))
        kind = type(output).__name__
        raise TypeError(
            f"numerical_gradient needs a function that returns one number, but {name} returned {kind}; "
            "gradcheck takes functions of several outputs"
        )
    return plain(output)


def plain(output: Any) -> float:
    """Return the float that a number, a Value or a Dual carries."""
    return number(output if is_real(output) else output.data)


# -- a ladder of steps -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Estimate:
    """A derivative found by differences, and how far it can be trusted.

    Attributes:
        value: the derivative; nan where none was found.
        error: how far it may be off: the disagreement of neighbouring steps and orders, plus rounding.
        rounding: the part of the error that is rounding.
        step: the smallest of the steps it was found with; the longest where f does not change with x.
        settled: whether the differences settle on one number as the step shrinks.
        side: "both", or "right" or "left" where f is not defined on the other side.
    """

    value: float
    error: float
    rounding: float
    step: float
    settled: bool
    side: str = "both"


@dataclass(frozen=True, slots=True)
class Break:
    """A place beside x where f is not smooth.

    Attributes:
        kind: "kink" (the derivative jumps) or "discontinuity" (f jumps).
        distance: how far from x it may lie.
        left: the derivative, or the value, to the left of it.
        right: the same to the right.
    """

    kind: str
    distance: float
    left: float
    right: float

    def __str__(self) -> str:
        what = (
            "left derivative {:.4g}, right derivative {:.4g}"
            if self.kind == "kink"
            else "{:.6g} before it, {:.6g} after it"
        )
        return what.format(self.left + 0.0, self.right + 0.0)


@dataclass(frozen=True, slots=True)
class _Level:
    """What the outputs are at x - h and x + h, and where exactly that is."""

    h: float
    below: float
    above: float
    minus: Outputs
    plus: Outputs

    @property
    def width(self) -> float:
        return self.above - self.below


_NOTHING = Estimate(math.nan, math.inf, math.inf, math.inf, settled=False)


class Ladder:
    """The values of a function of one number at x ± h for many h, and the derivatives that they show.

    Central differences are extrapolated to h = 0 from four successive steps (Richardson), and so is the mean of
    f(x + h) and f(x - h), which has to come out as f(x): a step at which it does not is too long to see the shape of
    f, whatever its differences say. Of all steps the one with the smallest error is taken.

    Args:
        f: float -> the outputs; an exception of arithmetic or domain counts as nan.
        x: where; finite.
        center: the outputs at x.
        noise: for each output, the size of its rounding errors.

    Cost: 2 evaluations per step: about 14 where f is smooth, 80 to 300 where a derivative is 0 or does not exist.

    Source: Ridders, 1982 (the choice among extrapolated differences).
    """

    def __init__(self, f: Callable[[float], Outputs], x: float, center: Outputs, noise: Sequence[float]) -> None:
        self._f = f
        self._x = x
        self._center = center
        self._noise = [max(each, 2.0 * ROUNDING * math.fabs(c)) for each, c in zip(noise, center)]
        self._runs: list[list[_Level]] = []
        self._best = [_NOTHING] * len(center)
        self._flat = [False] * len(center)
        self._hasty = True

    def estimates(self) -> list[Estimate]:
        """Return the best estimate for every output."""
        scales = [power_of_two(math.fabs(self._x))] if self._x else []
        if math.fabs(self._x) < SMALL:
            scales.append(1.0)
        for scale in scales:
            run = self._new_run()
            self._descend(run, self._within_range(0.5 * scale), FLAT)
            if scale == scales[-1]:
                self._mark_flat()
            if any(self._is_flat_in(run, k) for k in range(len(self._center))) and scale != scales[-1]:
                continue
            self._descend(run, run[-1].h / RATIO if run else 0.0, LEVELS - FLAT)
            if self._all_good() and self._is_confirmed():
                return list(self._best)
        self._widen(self._runs[-1])
        if any(self._wants_more(k) for k in range(len(self._center))):
            for run in self._runs:
                self._descend(run, run[-1].h / RATIO if run else 0.0, DEEPEST - LEVELS)
        return [self._finished(k) for k in range(len(self._center))]

    def breaks(self, k: int) -> Break | None:
        """Return the kink or discontinuity of an output that lies nearest to x, as far as the ladder shows one."""
        around = self._around()
        runs = [run for run in [*self._runs, around] if len(run) > 3]
        jumps = [_jump(run, k, self._center[k], self._noise[k]) for run in runs]
        found = [each for each in jumps if each] or [each for run in runs if (each := _kink(run, k, self._noise[k]))]
        return min(found, key=lambda each: each.distance, default=None)

    def _around(self) -> list[_Level]:
        """Return steps to look around with: those that found the derivative may be too short to reach a kink."""
        longest = AROUND * max(math.fabs(self._x), 1.0)
        steps = [(self._x + longest / RATIO**k) - self._x for k in range(LEVELS)]
        return [self._level(h) for h in steps if SHORTEST * math.ulp(self._x) <= h < math.inf]

    # -- steps -------------------------------------------------------------------------------------------------------

    def _within_range(self, h: float) -> float:
        """Return a step so short that x + h and x - h are floats."""
        while math.isinf(math.fabs(self._x) + h):
            h /= RATIO
        return h

    def _new_run(self) -> list[_Level]:
        self._runs.append([])
        return self._runs[-1]

    def _descend(self, run: list[_Level], h: float, levels: int) -> None:
        for _ in range(levels):
            exact = (self._x + h) - self._x
            if not SHORTEST * math.ulp(self._x) <= exact < math.inf:
                return
            if self._all_good():
                return
            run.append(self._level(exact))
            self._improve(run, len(run) - 4)
            if self._all_good():
                return
            h /= RATIO

    def _widen(self, run: list[_Level]) -> None:
        """Take longer steps, too, where rounding limits what the longest so far shows."""
        for _ in range(WIDEST):
            longest = run[0].h if run else 0.0
            wider = (self._x + RATIO * longest) - self._x
            limited = [each for each in self._best if each.step * RATIO**4 > longest and _limited(each)]
            if not limited or self._all_good() or not math.isfinite(wider):
                return
            run.insert(0, self._level(wider))
            self._improve(run, 0)

    def _level(self, h: float) -> _Level:
        below, above = self._x - h, self._x + h
        return _Level(h, below, above, self._at(below), self._at(above))

    def _at(self, moved: float) -> Outputs:
        undefined = [math.nan] * len(self._center)
        try:
            outputs = self._f(moved)
        except (ArithmeticError, ValueError):
            return undefined
        return outputs if len(outputs) == len(undefined) else undefined

    # -- judgement ---------------------------------------------------------------------------------------------------

    def _improve(self, run: list[_Level], start: int) -> None:
        if start < 0:
            return
        for k, best in enumerate(self._best):
            window = self._window(run, start, k)
            if window.error < best.error and not self._flat[k]:
                self._best[k] = window

    def _limited_by_rounding(self, k: int) -> list[Estimate]:
        """Return what only rounding limits, unless f has a kink: 1 + sin(x) / 1e14 has no shape from afar."""
        if self.breaks(k) is not None:
            return []
        windows = [self._window(run, start, k) for run in self._runs for start in range(len(run) - 3)]
        return [_settle(each) for each in windows if _limited(each)]

    def _window(self, run: list[_Level], start: int, k: int) -> Estimate:
        """Return the extrapolation from four levels; its error is not a number where f is undefined at one of them."""
        levels = run[start : start + 4]
        squares = [(each.h / levels[0].h) ** 2 for each in levels]
        first, second = _extrapolated([(each.plus[k] - each.minus[k]) / each.width for each in levels], squares)
        means = _extrapolated([0.5 * each.plus[k] + 0.5 * each.minus[k] for each in levels], squares)[1]
        h = levels[-1].h
        noise = self._noise_in(k, [*(each.plus[k] for each in levels), *(each.minus[k] for each in levels)])
        silent = all(math.fabs(each.plus[k] - each.minus[k]) <= SIGNAL * noise for each in levels)
        rounding = SIGNAL * noise / min(h, 1.0) if silent else 2.0 * noise / h
        odd = math.fabs(second[1] - second[0]) + math.fabs(second[1] - first[2])
        even = math.fabs(means[1] - self._center[k]) / h
        return Estimate(second[1], odd + even + rounding, rounding, h, settled=False)

    def _noise_in(self, k: int, outputs: Sequence[float]) -> float:
        """Return the rounding error in some values of an output: at x it may happen to be 0, beside x it is not."""
        return max(self._noise[k], 2.0 * ROUNDING * max(map(math.fabs, outputs)), math.ulp(0.0))

    def _mark_flat(self) -> None:
        """Settle on 0 for the outputs that no step has changed so far: most derivatives of most programs."""
        widest = self._runs[-1]
        for k, center in enumerate(self._center):
            if widest and all(self._is_flat_in(run, k) for run in self._runs):
                rounding = self._noise_in(k, [center]) / widest[0].h
                self._flat[k] = True
                self._best[k] = Estimate(0.0, rounding, rounding, widest[0].h, settled=True)

    def _is_flat_in(self, run: list[_Level], k: int) -> bool:
        return all(each.plus[k] == self._center[k] == each.minus[k] for each in run)

    def _is_confirmed(self) -> bool:
        """Return whether the shortest step that rounding lets see anything agrees; if not, be hasty no more."""
        seen = [PROBE * self._noise_in(k, [self._center[k]]) / math.fabs(e.value) for k, e in self._valued()]
        step = (self._x + max(seen, default=0.0)) - self._x
        if SHORTEST * math.ulp(self._x) <= step < min(best.step for best in self._best):
            level = self._level(step)
            self._hasty = not any(self._contradicts(level, best, k) for k, best in self._valued())
        return self._hasty

    def _valued(self) -> list[tuple[int, Estimate]]:
        return [(k, best) for k, best in enumerate(self._best) if best.value]

    def _all_good(self) -> bool:
        if not self._hasty:
            return False
        for k, best in enumerate(self._best):
            if not self._flat[k] and not best.settled:
                if not best.error <= GOOD * math.fabs(best.value):
                    return False
                self._best[k] = _settle(best)
        return True

    def _is_settled(self, k: int) -> bool:
        best = self._best[k]
        if best.settled or _limited(best) or best.error <= SETTLED * math.fabs(best.value):
            return True
        return any(self._is_shrinking(run, k) for run in self._runs)

    def _wants_more(self, k: int) -> bool:
        """Return whether shorter steps may say more: nothing is settled, or the shortest is the best by far."""
        best = self._best[k]
        at_end = any(run[-1].h == best.step for run in self._runs if run)
        return not self._hasty or not self._is_settled(k) or (at_end and not _limited(best) and not self._flat[k])

    def _is_shrinking(self, run: list[_Level], k: int) -> bool:
        """Return whether the best window is the last one and its error still shrinks with the step: x |x| at 0."""
        if len(run) < 6 or run[-1].h != self._best[k].step:
            return False
        return self._best[k].error <= SHRINKING * self._window(run, len(run) - 6, k).error

    def _finished(self, k: int) -> Estimate:
        if self._is_settled(k):
            return self._local(k) or _settle(self._best[k])
        sides = [self._one_sided(side, k) for side in ("left", "right") if self._is_defined(side, k)]
        if len(sides) == 1:
            return sides[0]
        others = self._relatively_settled(k) or self._limited_by_rounding(k)
        return min(others, key=lambda each: each.error, default=self._best[k])

    def _local(self, k: int) -> Estimate | None:
        """Return what shorter steps say where they contradict the best estimate: from afar, a staircase is a slope."""
        best = self._best[k]
        shorter = [level for run in self._runs for level in run if level.h < best.step]
        against = [level.h for level in shorter if self._contradicts(level, best, k)]
        if not against:
            return None
        runs = [[level for level in run if level.h <= max(against)] for run in self._runs]
        windows = [self._window(run, start, k) for run in runs for start in range(len(run) - 3)]
        settled = [_settle(each) for each in windows if _limited(each)]
        return min(settled, key=lambda each: each.error, default=None)

    def _contradicts(self, level: _Level, best: Estimate, k: int) -> bool:
        gap = math.fabs(level.plus[k] - level.minus[k] - best.value * level.width)
        return gap > CONTRADICTION * (self._noise_in(k, [level.plus[k], level.minus[k]]) + best.error * level.width)

    def _relatively_settled(self, k: int) -> list[Estimate]:
        """Return what settles beside its own size: long steps over sin at 1e12 have small differences, but no shape."""
        windows = [self._window(run, start, k) for run in self._runs for start in range(len(run) - 3)]
        return [_settle(each) for each in windows if each.error <= SETTLED * math.fabs(each.value)]

    # -- one side ----------------------------------------------------------------------------------------------------

    def _is_defined(self, side: str, k: int) -> bool:
        """Return whether f is finite at the shortest steps to one side."""
        shortest = [run[-1] for run in self._runs if run]
        return all(math.isfinite(each.plus[k] if side == "right" else each.minus[k]) for each in shortest)

    def _one_sided(self, side: str, k: int) -> Estimate:
        best = _NOTHING
        for run in self._runs:
            for start in range(len(run) - 3):
                window = self._side_window(run[start : start + 4], side, k)
                best = window if window.error < best.error else best
        settled = best.error <= SETTLED * math.fabs(best.value) or _limited(best) or self._side_shrinks(best, side, k)
        return Estimate(best.value, best.error, best.rounding, best.step, settled, side)

    def _side_shrinks(self, best: Estimate, side: str, k: int) -> bool:
        runs = [run for run in self._runs if len(run) >= 6 and run[-1].h == best.step]
        return any(best.error <= SHRINKING * self._side_window(run[-6:-2], side, k).error for run in runs)

    def _side_window(self, levels: list[_Level], side: str, k: int) -> Estimate:
        outputs = [each.plus[k] if side == "right" else each.minus[k] for each in levels]
        steps = [each.above - self._x if side == "right" else each.below - self._x for each in levels]
        slopes = [(output - self._center[k]) / step for output, step in zip(outputs, steps)]
        first, second = _extrapolated(slopes, [each.h for each in levels])
        h = levels[-1].h
        rounding = 4.0 * self._noise_in(k, outputs) / h
        odd = math.fabs(second[1] - second[0]) + math.fabs(second[1] - first[2])
        return Estimate(second[1], odd + rounding, rounding, h, settled=False)


def _limited(estimate: Estimate) -> bool:
    return estimate.error <= ROUNDING_LIMITED * estimate.rounding < math.inf


def _settle(estimate: Estimate) -> Estimate:
    return Estimate(estimate.value, estimate.error, estimate.rounding, estimate.step, True, estimate.side)


def _extrapolated(rows: Sequence[float], nodes: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return the straight lines through two rows each and the parabolas through three, at node 0 (Neville)."""
    first = [_at_zero(rows[j], rows[j + 1], nodes[j], nodes[j + 1]) for j in range(len(rows) - 1)]
    second = [_at_zero(first[j], first[j + 1], nodes[j], nodes[j + 2]) for j in range(len(rows) - 2)]
    return first, second


def _at_zero(coarse: float, fine: float, far: float, near: float) -> float:
    return fine + (fine - coarse) / (far / near - 1.0)


# -- where f is not smooth -------------------------------------------------------------------------------------------


def _jump(run: list[_Level], k: int, center: float, noise: float) -> Break | None:
    """Return a discontinuity: f(x ± h) - f(x) does not shrink with h, until h no longer reaches it."""
    rises = [each.plus[k] - center for each in run]
    falls = [each.minus[k] - center for each in run]
    deepest = max(_last_jump(each, 100.0 * noise, slice(1, 3), UNCHANGED) for each in (rises, falls))
    if deepest < 0:
        return None
    last = run[deepest]
    return Break("discontinuity", last.h, last.minus[k], last.plus[k])


def _kink(run: list[_Level], k: int, noise: float) -> Break | None:
    """Return a kink: the slopes to both sides keep their distance as h shrinks, until h no longer reaches it."""
    rights = [(a.plus[k] - b.plus[k]) / (a.above - b.above) for a, b in pairwise(run)]
    lefts = [(a.minus[k] - b.minus[k]) / (a.below - b.below) for a, b in pairwise(run)]
    jumps = [right - left for right, left in zip(rights, lefts)]
    clear = [math.fabs(jump) > 100.0 * noise / each.h for jump, each in zip(jumps, run[1:])]
    visible = clear.index(False) if False in clear else len(clear)
    deepest = _last_jump(jumps[:visible], 0.0, slice(2, 3), GONE)
    if deepest < 0 or math.fabs(jumps[deepest]) < 1e-6 * max(math.fabs(rights[deepest]), math.fabs(lefts[deepest])):
        return None
    nodes = [each.h for each in run[deepest - 2 : deepest]]
    # The last slopes may straddle the kink, so that they say where it is, but not how steep f is on its sides.
    left, right = (_at_zero(*slopes[deepest - 2 : deepest], *nodes) for slopes in (lefts, rights))
    return Break("kink", run[deepest].h, left, right)


def _last_jump(numbers: Sequence[float], floor: float, later: slice, rest: float) -> int:
    """Return the last position of three about equal numbers after which nothing is left of them; -1 if there is none.

    Args:
        numbers: one per step, for ever shorter steps.
        floor: how small a number counts as nothing.
        later: how many steps after the last no more than the rest is left; past the end of the numbers, any.
        rest: the largest part of a number that may be left.
    """
    for last in range(len(numbers) - 1, 1, -1):
        size = math.fabs(numbers[last])
        same = all(math.fabs(each - numbers[last]) <= UNCHANGED * size for each in numbers[last - 2 : last])
        if size > floor and same and math.isfinite(size):
            return last if all(math.fabs(each) <= rest * size for each in numbers[last:][later]) else -1
    return -1
