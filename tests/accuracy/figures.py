"""The figures of a row: worst errors of its value and its partials, in every way they can be computed.

Rows may be measured in several processes. Those that were measured are kept in a file, one line each, and are not
measured again.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograd.primitives import ManyPrimitive
from tests.accuracy import measure
from tests.accuracy.measure import CONTRACT, Results, Worst
from tests.accuracy.references import REFERENCES, ROWS
from tests.accuracy.sampling import Point

__all__ = ["Figures", "Peer", "Plan", "figures", "measured"]


@dataclass
class Peer:
    """How far an engine is off on a row: the worst error of the value and of the partials, in ulp, at some points.

    Attributes:
        value: worst error of the value; inf for nan.
        partials: likewise, of all partials.
        over: share of the points where something is further off than the contract allows.
    """

    value: float
    partials: float
    over: float


@dataclass
class Figures:
    """What was measured of a row.

    Attributes:
        name: of the row.
        points: at how many.
        floats: the worst error of the value and of each partial, computed with floats; and where.
        arrays: likewise, in a replay on arrays.
        second_points: at how many points second derivatives were measured.
        second: the worst error of all second derivatives, and where.
        peers: of each engine, at the first `peer_points` points; the name of this one is "tapegrad".
    """

    name: str
    points: int
    floats: Worst
    arrays: Worst
    second_points: int
    second: tuple[float, Point]
    peer_points: int = 0
    peers: dict[str, Peer] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """How many points there are to measure at, and the files with what peers answered."""

    points: int
    second: int
    peers: tuple[str, ...] = ()


def figures(name: str, plan: Plan) -> Figures:
    """Measure a row."""
    where = measure.points(name, plan.points)
    answers = {engine: rows[name] for engine, rows in _answers(plan.peers).items() if name in rows}
    count = min(map(len, answers.values()), default=0)
    tallies = {engine: Tally(name) for engine in ("floats", "arrays", "tapegrad", *answers)}
    arrays = measure.replayed(ROWS[name], where)
    for k, (point, floats) in enumerate(zip(where, measure.eager(ROWS[name], where), strict=True)):
        results = {"floats": floats, "arrays": arrays[k]}
        if k < count:
            results |= {"tapegrad": floats, **{engine: lanes[k] for engine, lanes in answers.items()}}
        _add(tallies, name, point, results)
    second = measure.second_worst(name, plan.second)
    peers = {engine: tallies[engine].peer(count) for engine in ("tapegrad", *answers)} if count else {}
    worst = [tallies[engine].worst for engine in ("floats", "arrays")]
    return Figures(name, len(where), *worst, _second_count(name, plan.second), second, count, peers)


def _add(tallies: Mapping[str, Tally], name: str, point: Point, results: Mapping[str, Results]) -> None:
    """Count the errors of all results at a point; equal results are measured once."""
    different: list[Results] = []
    for each in results.values():
        if each not in different:
            different.append(each)
    found = measure.errors(name, point, different)
    for engine, each in results.items():
        tallies[engine].add(found[different.index(each)], point)


@functools.cache
def _answers(files: tuple[str, ...]) -> dict[str, Mapping[str, Any]]:
    read = [json.loads(Path(file).read_text("utf-8")) for file in files]
    return {each["engine"]: each["rows"] for each in read}


def _second_count(name: str, count: int) -> int:
    return sum(bool(REFERENCES[name].smooth(*point)) for point in measure.points(name, count))


class Tally:
    """The worst errors so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.worst: Worst = []
        self.over = 0

    def add(self, errors: Sequence[float], point: Point) -> None:
        """Count the errors at another point."""
        self.worst = measure.worse(self.worst, errors, point, ROWS[self.name])
        self.over += any(each > bound for each, bound in zip(errors, self._bounds(errors), strict=True))

    def _bounds(self, errors: Sequence[float]) -> Sequence[float]:
        return [CONTRACT] * len(errors) if isinstance(ROWS[self.name], ManyPrimitive) else measure.bounds(self.name)

    def peer(self, count: int) -> Peer:
        """Return what is shown of an engine."""
        value, *partials = (error for error, _ in self.worst)
        return Peer(value, max(partials, default=0.0), self.over / count)


# -- all rows ----------------------------------------------------------------------------------------------------------


def measured(names: Sequence[str], plan: Plan, processes: int = 1, keep: Path | None = None) -> Iterator[Figures]:
    """Yield the figures of rows, as they are done; those that are kept first."""
    kept = _kept(keep)
    yield from (kept[name] for name in names if name in kept)
    missing = [name for name in names if name not in kept]
    if processes > 1:
        with ProcessPoolExecutor(processes) as pool:
            for found in pool.map(functools.partial(figures, plan=plan), missing):
                yield _keep(found, keep)
    else:
        for name in missing:
            yield _keep(figures(name, plan), keep)


def _kept(file: Path | None) -> dict[str, Figures]:
    if file is None or not file.exists():
        return {}
    return {found.name: found for found in map(_read, file.read_text("utf-8").splitlines())}


def _read(line: str) -> Figures:
    found = Figures(**json.loads(line))
    found.peers = {engine: Peer(**each) for engine, each in json.loads(line)["peers"].items()}
    return found


def _keep(found: Figures, file: Path | None) -> Figures:
    if file is not None:
        with file.open("a", encoding="utf-8") as kept:
            kept.write(json.dumps(asdict(found)) + "\n")
    return found


def top(worst: Worst, parts: slice) -> float:
    """Return the worst of some of the errors; 0 where there are none."""
    return max((error for error, _ in worst[parts]), default=0.0)


def shown(error: float) -> str:
    """Return an error as it is printed: rounded up, and in few characters."""
    if error == math.inf:
        return "inf"
    if error >= 1e4:
        exponent = math.floor(math.log10(error))
        return f"{math.ceil(round(error / 10.0**exponent, 6)) * 10.0**exponent:.0e}".replace("e+", "e")
    digits = 2 if error < 100.0 else 0
    return f"{math.ceil(round(error * 10**digits, 6)) / 10**digits:.{digits}f}"
