"""gradcheck: derivatives compared with the numbers that they are the derivatives of.

This room knows what a derivative is worth: it compares what the transforms say (reverse and forward mode, first and
second order) with differences of values (`autograd.differences`) and with the remainder of Taylor's formula, and
where they disagree looks through the tape for the primitive whose partial is wrong. It deliberately knows no partial
itself, and no step: a ladder of differences finds its own.

Nothing here touches any `.grad`.
"""

from __future__ import annotations

import functools
import inspect
import math
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograd.differences import Break, Estimate, Ladder, plain
from autograd.errors import GradientMismatch
from autograd.primitives import Primitive, by_code, neg, number, pos
from autograd.recording import no_grad
from autograd.structures import flatten, is_number
from autograd.tape import Tape, edges, reverse_sweep
from autograd.transforms import jvp, vjp
from autograd.value import Value, constant

__all__ = ["Entry", "Report", "gradcheck"]

# -- tolerances, each with its derivation ----------------------------------------------------------------------------

RTOL = 1e-7
"""A derivative wrong by one part in 1e6 has to be noticed: a tenth of that. A right one differs by the roundings of a
sweep, each 4 ulp or 1e-15, so that even a hundred million of them in a row stay below it."""

ATOL = 0.0
"""What is small is relative: at 1e-150 any absolute tolerance would pass everything. What the differences cannot see,
they say themselves."""

SAFETY = 4.0
"""How many times a difference's own error it may be off: neighbouring steps disagree by about the error, and four such
disagreements have never been too few for a function that is smooth at all."""

NOISE = 4.0 * 2.0**-52
"""The relative error of one node: 4 ulp, which is what the table promises of a row."""

TINY = 4096.0 * math.ulp(0.0)
"""The absolute error allowed below the smallest normal number, 2e-308, where floats have fewer and fewer digits."""

MANY_TINY = 16.0 * TINY
"""A tolerance above this has more in it."""

SAME = 1e-9
"""How far the value of f may differ between floats, nodes and duals, relative to it: they take the same rows, so that
anything but rounding is a branch on the type."""

SLOPE = 1.25
"""Taylor's remainder shrinks with slope 2 in the log-log picture, of x ** 1.5 at 0 with 1.5, that of a wrong derivative
with slope 1: halfway between the last two."""

CLEAR = 8.0
"""How many times the bound of its rounding a remainder has to be, to count: that bound is several times what rounding
does, so that the slope changes by 0.1 at most."""

REACH = 8.0
"""The first step of the remainder, in steps that were right for differences: theirs went to 20 times the shortest."""

HALVINGS = 28
"""Down to 7e-9 of the first step: there an error of one part in 1e6 outweighs the curvature."""

NEARBY = 1e-2
"""How far away, relative to an argument, a kink may lie to be mentioned beside a wrong derivative."""

APPLICATIONS = 500
"""How many applications of primitives are looked through for a wrong partial: in a loop the same ones come again."""

NAMED = 5
"""How many wrong partials are named."""

ROWS = 24
"""How many lines a table prints."""

MODES = ("reverse", "forward")

Function = Callable[..., Any]
Matrix = list[list[float]]


# -- the report ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One derivative, as the transforms and as differences give it.

    Attributes:
        derivative: which one, as ∂f/∂w[0].
        modes: the modes that gave it.
        analytic: what they gave; of several modes, the one furthest off.
        numeric: what differences give.
        error: their distance.
        tolerance: how large that may be: atol + rtol × size + 4 × the error of the differences.
        verdict: "agrees", "wrong", or "no derivative" where differences do not settle on one.
    """

    derivative: str
    modes: tuple[str, ...]
    analytic: float
    numeric: float
    error: float
    tolerance: float
    verdict: str

    @property
    def agrees(self) -> bool:
        """Whether the derivative is right."""
        return self.verdict == "agrees"


@dataclass(frozen=True, slots=True)
class Report:
    """What `gradcheck` found; true if all is right, and prints as a table.

    Attributes:
        subject: the name of the function.
        entries: one per derivative and group of modes that agree with each other about it.
        findings: what is wrong, one sentence each.
        notes: what is worth knowing though nothing is wrong.
        slopes: (order, slope of Taylor's remainder) for each order; None where the remainder is rounding only.
    """

    subject: str
    entries: tuple[Entry, ...] = ()
    findings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    slopes: tuple[tuple[int, float | None], ...] = ()

    def __bool__(self) -> bool:
        return not self.findings and all(entry.agrees for entry in self.entries)

    def __str__(self) -> str:
        wrong = [entry for entry in self.entries if not entry.agrees]
        right = [entry for entry in self.entries if entry.agrees]
        lines = [f"gradcheck of {self.subject}: {self._verdict(wrong, right)}"]
        lines += [f"  {finding}" for finding in self.findings]
        shown = [*wrong, *right][:ROWS]
        lines += _table(shown)
        if len(self.entries) > len(shown):
            lines.append(f"  ... and {len(self.entries) - len(shown)} more")
        lines += [f"  note: {note}" for note in self.notes]
        lines += [f"  Taylor remainder, order {order}: {_slope_text(slope)}" for order, slope in self.slopes]
        return "\n".join(lines)

    def _verdict(self, wrong: Sequence[Entry], right: Sequence[Entry]) -> str:
        if self:
            return f"{len(right)} derivative{'s' * (len(right) != 1)} agree{'s' * (len(right) == 1)} with differences"
        if wrong:
            missing = sum(entry.verdict == "no derivative" for entry in wrong)
            counts = [(len(wrong) - missing, "wrong"), (missing, "without a derivative")]
            told = " and ".join(f"{count} {what}" for count, what in counts if count)
            return f"of {len(self.entries)} derivative{'s' * (len(self.entries) != 1)} {told}"
        return "failed"


def _modes_text(entry: Entry) -> str:
    return ", ".join(entry.modes) if len(entry.modes) < 4 else "all four modes"


def _slope_text(slope: float | None) -> str:
    return "nothing but rounding" if slope is None else f"slope {slope:.2f}"


def _table(entries: Sequence[Entry]) -> list[str]:
    if not entries:
        return []
    rows = [("derivative", "mode", "analytic", "numeric", "error", "tolerance", "")]
    for entry in entries:
        numbers = f"{entry.analytic:.12g}", f"{entry.numeric:.12g}", f"{entry.error:.1e}", f"{entry.tolerance:.1e}"
        rows.append((entry.derivative, _modes_text(entry), *numbers, "" if entry.agrees else f"<-- {entry.verdict}"))
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


# -- the function ----------------------------------------------------------------------------------------------------


def gradcheck(
    f: Function,
    inputs: Sequence[Any],
    *,
    order: int = 1,
    modes: Sequence[str] = MODES,
    rtol: float = RTOL,
    atol: float = ATOL,
    seed: int = 0,
    raises: bool = True,
) -> Report:
    """Return a report that the derivatives of f are right, or raise one that says which are not.

    |analytic - numeric| <= atol + rtol max(|analytic|, |numeric|) + 4 × (the error that the differences state).

    The differences choose their own steps and state their own error, so that a derivative wrong by one part in 1e6 is
    noticed and a right one passes, at arguments of any size. Then the remainder |f(x + t v) - f(x) - t J v| has to
    shrink as t² in a random direction v.

    Args:
        f: a function of numbers, or of nested lists, tuples, dicts or arrays of numbers, that returns a number or a
            structure of numbers; or a Primitive. It has to be deterministic.
        inputs: a tuple or list of its arguments, where to check; finite numbers. Of a primitive that takes a condition,
            the condition is kept as it is.
        order: 1 checks the first derivatives, 2 these and the second ones (the derivatives of the gradient).
        modes: "reverse", "forward" or both; in order 2, each over each.
        rtol: relative tolerance, dimensionless.
        atol: absolute tolerance, in the units of the derivatives.
        seed: of the random direction.
        raises: False to be given the report also where something is wrong; it is then false.

    Returns:
        A true `Report`, which prints as a table.

    Raises:
        GradientMismatch: if `raises`: a derivative is wrong or does not exist here (a kink, a discontinuity), f is not
            finite or not deterministic. Its message is the report; it names the input and, where it can, the primitive
            whose partial is wrong.
        TypeError: f is not callable, inputs is no tuple or list, or something is not made of numbers.
        ValueError: an input is not finite; there is none, or no output; an unknown order or mode; a negative tolerance.

    Convention: at a kink the derivative is a convention, no limit, so that there is nothing to check; it is named.

    Cost: 10 to 150 evaluations of f per number of the inputs; in reverse mode one sweep per output, in forward mode one
        evaluation per input. In order 2 the same of the gradient.

    Example:
        >>> def f(w):
        ...     return w[0] ** 3 * w[1] + 3 * w[0]
        >>> report = gradcheck(f, ([2.0, 3.0],))
        >>> bool(report), [(entry.derivative, round(entry.numeric, 6)) for entry in report.entries]
        (True, [('∂f/∂w[0]', 39.0), ('∂f/∂w[1]', 8.0)])
        >>> from autograd import relu
        >>> gradcheck(relu, (0.0,))
        Traceback (most recent call last):
            ...
        autograd.errors.GradientMismatch: gradcheck of relu: of 1 derivative 1 without a derivative
        ...

    Source: Ridders, 1982 (the steps of the differences).
    """
    __tracebackhide__ = True  # pytest shows the caller's line and the report
    settings = _settings(modes, rtol, atol, seed)
    if order not in (1, 2) or isinstance(order, bool):
        raise ValueError(f"order is 1 or 2, not {order!r}")
    subject = _Subject(*_function_and_inputs(f, inputs))
    with no_grad():
        report = _checked(subject, order, settings)
    if raises and not report:
        raise GradientMismatch(report)
    return report


@dataclass(frozen=True, slots=True)
class _Settings:
    modes: tuple[str, ...]
    rtol: float
    atol: float
    seed: int


def _settings(modes: Sequence[str], rtol: float, atol: float, seed: int) -> _Settings:
    chosen: tuple[Any, ...] = (modes,) if isinstance(modes, str) or not hasattr(modes, "__iter__") else tuple(modes)
    if not chosen or not all(mode in MODES for mode in chosen):
        raise ValueError(f"modes are 'reverse', 'forward' or both, not {modes!r}")
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if not 0.0 <= number(tolerance) < math.inf:
            raise ValueError(f"{name} has to be a finite number, 0 or more, not {tolerance!r}")
    if not isinstance(seed, int):
        raise TypeError(f"seed is an int, not {type(seed).__name__}")
    return _Settings(tuple(dict.fromkeys(chosen)), number(rtol), number(atol), seed)


def _function_and_inputs(f: Function, inputs: Sequence[Any]) -> tuple[Function, tuple[Any, ...], str, list[str]]:
    """Return the function to check, its arguments, its name and the names of the arguments."""
    if not callable(f):
        raise TypeError(f"gradcheck checks a function or a Primitive, not {type(f).__name__}")
    if not isinstance(inputs, (tuple, list)):
        raise TypeError(
            f"inputs is a tuple or list of arguments, as in gradcheck(f, (3.0,)), not {type(inputs).__name__}"
        )
    arguments = tuple(inputs)
    names = _argument_names(f, len(arguments))
    title = getattr(f, "__name__", type(f).__name__)
    if isinstance(f, Primitive) and f.takes_condition and arguments:
        return functools.partial(f, arguments[0]), arguments[1:], title, names[1:]
    return f, arguments, title, names


def _argument_names(f: Function, count: int) -> list[str]:
    names = [f"x[{k}]" for k in range(count)]
    if isinstance(f, Primitive):
        return names
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return names
    named = [each.name for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    return [*named, *names[len(named) :]][:count]


def _places(structure: Any, name: str) -> list[str]:
    """Return how each number of a structure is written, in the order of `flatten`."""
    if is_number(structure):
        return [name]
    if isinstance(structure, dict):
        return [place for key, part in structure.items() for place in _places(part, f"{name}[{key!r}]")]
    if isinstance(structure, (list, tuple)):
        return [place for k, part in enumerate(structure) for place in _places(part, f"{name}[{k}]")]
    import numpy

    return [f"{name}[{', '.join(map(str, index))}]" if index else name for index in numpy.ndindex(structure.shape)]


# -- what is checked -------------------------------------------------------------------------------------------------


class _Subject:
    """A function at a point, taken apart into numbers.

    Attributes:
        f: the function.
        title: its name.
        point: the numbers of its arguments.
        names: how each of them is written.
    """

    def __init__(self, f: Function, arguments: tuple[Any, ...], title: str, names: Sequence[str]) -> None:
        self.f = f
        self.title = title
        numbers, self.rebuild = flatten(arguments)
        self.names = [place for part, name in zip(arguments, names) for place in _places(part, name)]
        self.point = [plain(each) for each in numbers]
        if not self.point:
            raise ValueError("inputs holds no number to differentiate in")
        for name, each in zip(self.names, self.point):
            if not math.isfinite(each):
                raise ValueError(f"{name} is {each!r}: derivatives are checked at finite numbers")
        self.outputs = self._output_names()

    def _output_names(self) -> list[str]:
        with no_grad():
            output = self.f(*self.rebuild([constant(each) for each in self.point]))
        try:
            flatten(output)
        except TypeError as error:
            raise TypeError(f"{self.title} returned something that is not made of numbers: {error}") from None
        names = _places(output, "f")
        if not names:
            raise ValueError(f"{self.title} returned no number: there is nothing to differentiate")
        return names

    def values(self, numbers: Sequence[float]) -> list[float]:
        """Return the outputs at other numbers: on constants, so that f takes the same path as when it is recorded."""
        return [plain(each) for each in flatten(self.f(*self.rebuild([constant(each) for each in numbers])))[0]]

    def label(self, output: str, name: str) -> str:
        """Return how a derivative of an output is written."""
        return f"∂{output}/∂{name}"

    def gradient(self, mode: str) -> _Subject:
        """Return the subject whose outputs are the derivatives of this one."""
        return _Gradient(self, mode)


class _Gradient(_Subject):
    """The gradient of a subject as a subject of its own: its derivatives are the second ones."""

    def __init__(self, of: _Subject, mode: str) -> None:
        self.f = lambda *arguments: _flat_jacobian(of.f, arguments, mode)
        self.title = of.title
        self.rebuild = of.rebuild
        self.point = of.point
        self.names = of.names
        self.outputs = [f"∂²{output}/∂{name}" for output in of.outputs for name in of.names]

    def values(self, numbers: Sequence[float]) -> list[float]:
        return [plain(each) for each in self.f(*self.rebuild(list(numbers)))]

    def label(self, output: str, name: str) -> str:
        return f"{output}∂{name}"


def _flat_jacobian(f: Function, arguments: Sequence[Any], mode: str) -> list[Any]:
    """Return all derivatives, output by output, as floats or as what can be differentiated again."""
    return [each for row in _jacobian(f, arguments, mode)[1] for each in row]


def _jacobian(f: Function, arguments: Sequence[Any], mode: str) -> tuple[list[Any], list[list[Any]]]:
    """Return the outputs, and for each of them its derivatives in every input."""
    if mode == "reverse":
        output, pullback = vjp(f, *arguments)
        outputs, rebuild = flatten(output)
        return outputs, [flatten(pullback(rebuild(_unit(len(outputs), j))))[0] for j in range(len(outputs))]
    numbers, rebuild = flatten(tuple(arguments))
    columns = [jvp(f, tuple(arguments), rebuild(_unit(len(numbers), i))) for i in range(len(numbers))]
    tangents = [flatten(tangent)[0] for _, tangent in columns]
    return flatten(columns[0][0])[0], [[column[j] for column in tangents] for j in range(len(tangents[0]))]


def _unit(size: int, position: int) -> list[float]:
    unit = [0.0] * size
    unit[position] = 1.0
    return unit


def _recorded(subject: _Subject) -> list[Any]:
    """Return the outputs recorded from leaves, on a tape of their own."""
    with Tape():
        leaves = [Value(each) for each in subject.point]
        return flatten(subject.f(*subject.rebuild(leaves)))[0]


def _noises(subject: _Subject) -> list[float]:
    """Return the rounding error of each output: the sum over the tape of |adjoint × primal| × 4 ulp.

    A wrong slope makes it wrong by the same factor, which does no harm: it stays a rounding error of that share.
    """
    outputs = _recorded(subject)
    recorded = [each for each in outputs if isinstance(each, Value) and not each.is_constant]
    if not recorded:
        return [0.0] * len(outputs)
    tape = Tape.of(*recorded)
    assert tape.outputs is not None
    places = iter(tape.outputs)
    return [_noise(tape, next(places)) if any(each is other for other in recorded) else 0.0 for each in outputs]


_EXACT = (pos.code, neg.code)


def _noise(tape: Tape, output: int) -> float:
    adjoints = reverse_sweep([((tape, output), 1.0)])[tape]
    rounded = (a * node[1] for a, node in zip(adjoints, tape.nodes) if a and node[0] >= 0 and node[0] not in _EXACT)
    total = NOISE * sum(map(abs, rounded))
    return total if math.isfinite(total) else 0.0


# -- checking --------------------------------------------------------------------------------------------------------


def _checked(subject: _Subject, order: int, settings: _Settings, diagnose: bool = True) -> Report:
    """Return the report of the first order, and if that is right and the second is asked for, of both."""
    first = _Check(subject, dict.fromkeys(settings.modes, subject.f), settings).report(1)
    if not first:
        return _with_culprits(first, subject, 1, settings) if diagnose else first
    if order == 1:
        return first
    inner = {mode: subject.gradient(mode) for mode in settings.modes}
    functions = {f"{outer} over {mode}": inner[mode].f for mode in inner for outer in settings.modes}
    second = _Check(inner[settings.modes[0]], functions, settings).report(2)
    if not second and diagnose:
        second = _with_culprits(second, subject, 2, settings)
    return _joined(first, second)


def _joined(first: Report, second: Report) -> Report:
    return Report(
        first.subject,
        first.entries + second.entries,
        first.findings + second.findings,
        first.notes + second.notes,
        first.slopes + second.slopes,
    )


class _Check:
    """One order of derivatives of one subject.

    Args:
        subject: what is evaluated.
        functions: mode -> what is differentiated in that mode; the first word of the mode says how.
        settings: tolerances and seed.
    """

    def __init__(self, subject: _Subject, functions: dict[str, Function], settings: _Settings) -> None:
        self._subject = subject
        self._functions = functions
        self._settings = settings
        self._entries: list[Entry] = []
        self._findings: dict[str, None] = {}
        self._notes: dict[str, None] = {}
        self._center: list[float] = []
        self._noise: list[float] = []
        self._reach: list[float] = []

    def report(self, order: int) -> Report:
        """Return what there is to say about this order."""
        slopes: tuple[tuple[int, float | None], ...] = ()
        if self._is_evaluable():
            jacobians = {mode: self._analytic(mode) for mode in self._functions}
            self._noise = _noises(self._subject)
            for i in range(len(self._subject.point)):
                self._compare(i, jacobians)
            self._is_repeatable("after other evaluations")
            if not self._findings:
                slopes = ((order, self._taylor(next(iter(jacobians.values())))),)
        return Report(self._subject.title, tuple(self._entries), tuple(self._findings), tuple(self._notes), slopes)

    def _is_evaluable(self) -> bool:
        subject = self._subject
        self._center = subject.values(subject.point)
        for name, output in zip(subject.outputs, self._center):
            if not math.isfinite(output):
                self._find(f"{name} is {output!r} at these inputs: there is nothing to differentiate")
        return self._is_repeatable("in a row") and not self._findings

    def _is_repeatable(self, when: str) -> bool:
        subject = self._subject
        again = subject.values(subject.point)
        if len(again) != len(self._center):
            self._find(f"two evaluations {when} differ: {len(self._center)} outputs, then {len(again)}")
            return False
        for name, before, after in zip(subject.outputs, self._center, again):
            if before != after and not (math.isnan(before) and math.isnan(after)):
                self._find(
                    f"two evaluations {when} at the same inputs differ: {name} is {before!r}, then {after!r}; "
                    "f draws random numbers, or changes something it depends on"
                )
                return False
        return True

    def _analytic(self, mode: str) -> Matrix:
        subject = self._subject
        direction = mode.partition(" ")[0]
        try:
            outputs, rows = _jacobian(self._functions[mode], subject.rebuild(list(subject.point)), direction)
        except Exception as error:
            error.add_note(f"while gradcheck differentiated {subject.title} in {mode} mode")
            raise
        for name, output, center in zip(subject.outputs, map(plain, outputs), self._center):
            if not abs(output - center) <= SAME * abs(center) + SAME * math.ulp(1.0):
                self._find(
                    f"{name} is {output!r} in {mode} mode, {center!r} when evaluated: f looks at the type of its inputs"
                )
        return [[plain(each) for each in row] for row in rows]

    def _compare(self, i: int, jacobians: dict[str, Matrix]) -> None:
        subject = self._subject
        point = subject.point

        def moved(number: float) -> list[float]:
            return subject.values([*point[:i], number, *point[i + 1 :]])

        ladder = Ladder(moved, point[i], self._center, self._noise)
        estimates = ladder.estimates()
        self._reach.append(min(REACH * min(each.step for each in estimates), 0.4 * max(abs(point[i]), 1.0)))
        for j, estimate in enumerate(estimates):
            slopes = {mode: rows[j][i] for mode, rows in jacobians.items()}
            self._enter(i, j, slopes, estimate, ladder)

    def _enter(self, i: int, j: int, slopes: dict[str, float], estimate: Estimate, ladder: Ladder) -> None:
        """Enter one derivative: one line for the modes that are right about it, one for those that are not."""
        name = self._subject.names[i]
        label = self._subject.label(self._subject.outputs[j], name)
        entries = [self._entry(label, mode, slope, estimate) for mode, slope in slopes.items()]
        for agrees in (True, False):
            group = [entry for entry in entries if entry.agrees is agrees]
            if group:
                worst = max(group, key=lambda entry: math.inf if math.isnan(entry.error) else entry.error)
                modes = tuple(mode for entry in group for mode in entry.modes)
                self._entries.append(replace(worst, modes=modes))
        if not all(entry.agrees for entry in entries):
            self._explain(self._entries[-1], name, estimate, ladder.breaks(j), abs(self._subject.point[i]))
        elif estimate.side != "both":
            other = "left" if estimate.side == "right" else "right"
            self._note(f"f is not defined to the {other} of {name}: compared with its {estimate.side} derivative")
        else:
            self._note_weakness(self._entries[-1], estimate)

    def _entry(self, label: str, mode: str, analytic: float, estimate: Estimate) -> Entry:
        error = abs(analytic - estimate.value)
        size = max(abs(analytic), abs(estimate.value))
        tolerance = self._settings.atol + self._settings.rtol * size + SAFETY * estimate.error + TINY
        verdict = "no derivative"
        if estimate.settled:
            verdict = "agrees" if math.isfinite(analytic) and error <= tolerance else "wrong"
        return Entry(label, (mode,), analytic, estimate.value, error, tolerance, verdict)

    def _explain(self, entry: Entry, name: str, estimate: Estimate, broken: Break | None, size: float) -> None:
        if broken is not None and (not estimate.settled or broken.distance <= NEARBY * max(size, 1.0)):
            self._find(f"{broken.kind} within {broken.distance:.1g} of {name}: {broken}")
        if not math.isfinite(entry.analytic):
            self._find(f"{entry.derivative} is {entry.analytic!r} ({_modes_text(entry)})")
        elif estimate.settled:
            told = f"{entry.derivative} is {entry.analytic!r} ({_modes_text(entry)})"
            self._find(f"{told}, {_shown(estimate)} by differences")
        if not estimate.settled and broken is None:
            self._find(_unsettled(entry, name, estimate))

    def _note_weakness(self, entry: Entry, estimate: Estimate) -> None:
        size = abs(entry.analytic)
        hidden = self._settings.rtol * size + SAFETY * estimate.error + TINY
        if 10.0 * self._settings.rtol * size < hidden < size:
            self._note(f"rounding in f hides errors of {entry.derivative} below {hidden / size:.0e} of it")
        elif hidden > MANY_TINY and 0.0 < size <= hidden:
            self._note(f"differences cannot tell {entry.derivative} from 0: they may be off by {hidden:.0e}")

    def _note(self, note: str) -> None:
        self._notes[note] = None

    def _find(self, finding: str) -> None:
        self._findings[finding] = None

    # -- Taylor ------------------------------------------------------------------------------------------------------

    def _taylor(self, jacobian: Matrix) -> float | None:
        """Return the smallest slope with which an output's remainder shrinks, and find fault with too small a one."""
        generator = random.Random(self._settings.seed)
        direction = [generator.choice((-1.0, 1.0)) * generator.uniform(0.5, 1.0) * reach for reach in self._reach]
        remainders = [self._remainders(jacobian, direction, 0.5**k) for k in range(HALVINGS)]
        slopes = [_slope([row[j] for row in remainders]) for j in range(len(self._center))]
        measured = [slope for slope in slopes if slope is not None]
        for name, slope in zip(self._subject.outputs, slopes):
            if slope is not None and slope < SLOPE:
                self._find(
                    f"the Taylor remainder of {name} in a random direction shrinks with slope {slope:.2f}, not 2: "
                    "the derivative is not that of this function, or f has a kink close by"
                )
        return min(measured, default=None)

    def _remainders(self, jacobian: Matrix, direction: Sequence[float], t: float) -> list[tuple[float, float]]:
        """Return t and the remainder for each output: the larger one of both ways, one of which adds two errors up."""
        there, back = (self._one_way(jacobian, direction, way) for way in (t, -t))
        return [(t, max(pair)) for pair in zip(there, back)]

    def _one_way(self, jacobian: Matrix, direction: Sequence[float], t: float) -> list[float]:
        """Return the remainder for each output; 0 for one that is not clear of rounding."""
        point = self._subject.point
        there = [x + t * v for x, v in zip(point, direction)]
        steps = [new - x for new, x in zip(there, point)]
        try:
            outputs = self._subject.values(there)
        except (ArithmeticError, ValueError):
            return [0.0] * len(self._center)
        found = []
        for output, center, noise, row in zip(outputs, self._center, self._noise, jacobian):
            shares = [slope * step for slope, step in zip(row, steps)]
            remainder = abs(output - center - math.fsum(shares))
            rounding = 2.0 * noise + NOISE * (abs(output) + abs(center) + sum(map(abs, shares)))
            rounding += TINY * sum(map(abs, steps)) + TINY
            found.append(remainder if CLEAR * rounding < remainder < math.inf else 0.0)
        return found


def _slope(remainders: Sequence[tuple[float, float]]) -> float | None:
    """Return the slope of the last four clear remainders before remainder / t is smallest; None if there are not two.

    Noise that is larger than rounding makes remainder / t grow again for small t, and is left out so.
    """
    clear = [(math.log2(t), math.log2(remainder)) for t, remainder in remainders if remainder]
    if not clear:
        return None
    smallest = min(range(len(clear)), key=lambda k: clear[k][1] - clear[k][0])
    last = clear[max(smallest - 3, 0) : smallest + 1]
    if len(last) < 2:
        return None
    middle = sum(x for x, _ in last) / len(last)
    return sum((x - middle) * y for x, y in last) / sum((x - middle) ** 2 for x, _ in last)


def _shown(estimate: Estimate) -> str:
    return f"{estimate.value:.12g} ± {SAFETY * estimate.error:.1g}"


def _unsettled(entry: Entry, name: str, estimate: Estimate) -> str:
    if math.isinf(estimate.error) or math.isnan(estimate.value):
        return f"{entry.derivative}: f is not finite beside {name}, so that there is no derivative"
    side = "" if estimate.side == "both" else f" (f is defined only to the {estimate.side})"
    return (
        f"{entry.derivative}: the differences in {name} do not settle on a number as the step shrinks{side}: "
        "the derivative is infinite, f is too noisy, or it varies over less than neighbouring floats can tell apart"
    )


# -- whose fault -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Application:
    """A primitive applied to numbers, as it stands on a tape.

    Attributes:
        row: the primitive.
        operands: the numbers.
        slopes: operand's position -> the slope recorded, for those that are not constants.
    """

    row: Primitive
    operands: tuple[float, ...]
    slopes: tuple[tuple[int, float], ...]

    def __str__(self) -> str:
        return self.row.text([f"({each!r})" if each < 0.0 else repr(each) for each in self.operands])


def _with_culprits(report: Report, subject: _Subject, order: int, settings: _Settings) -> Report:
    """Return a report of failure with the primitives named whose partials are wrong."""
    if all(entry.agrees for entry in report.entries):
        return report
    found: dict[str, None] = {}
    applications = _applications(subject)
    for application in applications:
        sentences = _first_faults(application, settings) if order == 1 else _second_faults(application, settings)
        found.update(dict.fromkeys(sentences))
        if len(found) >= NAMED:
            break
    if not found and any(entry.verdict == "wrong" for entry in report.entries):
        found[_NO_CULPRIT if len(applications) < APPLICATIONS else _NO_CULPRIT_SO_FAR] = None
    return _joined(report, Report(report.subject, findings=tuple(found)))


_ELSEWHERE = "f takes something off the tape (.data, detach(), no_grad(), a comparison), or stands at a kink"
_NO_CULPRIT = f"every primitive on the tape agrees with its own values here: {_ELSEWHERE}"
_NO_CULPRIT_SO_FAR = (
    f"the first {APPLICATIONS} applications of primitives on the tape agree with their own values here: "
    f"a later one is wrong, or {_ELSEWHERE}"
)


def _applications(subject: _Subject) -> Collection[_Application]:
    recorded = [each for each in _recorded(subject) if isinstance(each, Value) and not each.is_constant]
    tape = Tape.of(*recorded) if recorded else Tape()
    seen: dict[_Application, None] = {}
    for node in tape.nodes:
        if node[0] >= 0 and len(seen) < APPLICATIONS:
            seen[_application(tape, *edges(node), by_code(node[0]))] = None
    return seen


def _application(tape: Tape, places: Sequence[int], numbers: Sequence[float], row: Primitive) -> _Application:
    operands = tuple(tape.nodes[at][1] if at >= 0 else number for at, number in zip(places, numbers))
    first = 1 if row.takes_condition else 0
    slopes = tuple((k, numbers[k]) for k, at in enumerate(places) if at >= 0 and k >= first)
    return _Application(row, operands, slopes)


def _first_faults(application: _Application, settings: _Settings) -> list[str]:
    """Return what is wrong with the slopes of one application, against differences of its own values."""
    faults = []
    for k, slope in application.slopes:
        ladder = _ladder_of(application, k)
        estimate = ladder.estimates()[0]
        tolerance = (
            settings.atol + settings.rtol * max(abs(slope), abs(estimate.value)) + SAFETY * estimate.error + TINY
        )
        if not estimate.settled:
            broken = ladder.breaks(0)
            faults += [f"{application.row.name} has a {broken.kind} at {application}: {broken}"] if broken else []
        elif not abs(slope - estimate.value) <= tolerance:
            faults.append(
                f"{application.row.name}: its partial in operand {k} is wrong: at {application} it is {slope!r}, "
                f"{_shown(estimate)} by differences of its values"
            )
    return faults


def _ladder_of(application: _Application, k: int) -> Ladder:
    operands = application.operands
    center = application.row.compute(*operands)
    return Ladder(
        lambda moved: [application.row.compute(*operands[:k], moved, *operands[k + 1 :])],
        operands[k],
        [center],
        [NOISE * abs(center)],
    )


def _second_faults(application: _Application, settings: _Settings) -> list[str]:
    """Return what is wrong with the derivatives of the partials of one application."""
    row, operands = application.row, application.operands
    if not application.slopes or not all(math.isfinite(each) for each in operands):
        return []
    kept = [k for k, _ in application.slopes]

    def applied(*given: Any) -> Any:
        numbers = dict(zip(kept, given))
        return row.of(*(numbers.get(k, operand) for k, operand in enumerate(operands)))

    chosen = tuple(operands[k] for k in kept)
    subject = _Subject(applied, chosen, row.name, [f"operand {k}" for k in kept])
    report = _checked(subject, 2, settings, diagnose=False)
    faults = [entry for entry in report.entries if not entry.agrees]
    if not faults:
        return []
    return [
        f"{row.name}: the derivative of its partials is wrong: at {application} {entry.derivative} is "
        f"{entry.analytic!r}, {entry.numeric:.12g} by differences of the partials"
        for entry in faults[:1]
    ]
