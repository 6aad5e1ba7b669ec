"""What became of each mutant, a line of JSON each, so that a run can go on where another ended; and the report."""

from __future__ import annotations

import functools
import json
import tomllib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.mutation.laws import LAWS, ROOT, flat
from tests.mutation.mutants import Mutant
from tests.mutation.server import Result, code_digest, tests_digest

KILLED = ("killed", "timeout")
ALIVE = ("survived", "uncovered")
STRICT = ("primitives.py", "tape.py", "value.py", "transforms.py", "replay/")
EQUIVALENT = Path(__file__).with_name("equivalent")
"""The folder of mutants that cannot be killed, a file per mutated file: in which function, which line, what it becomes
(any change of it, if not said), and why nobody can notice."""

Key = tuple[str, str, int]
Line = dict[str, Any]


def _key(line: Line) -> Key:
    return line["file"], line["operator"], line["occurrence"]


def key(mutant: Mutant) -> Key:
    return mutant.file, mutant.operator, mutant.occurrence


class Ledger:
    """The outcomes that are known for the files as they are now.

    Args:
        folder: where outcomes are kept, a file per mutated file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.digests = functools.cache(
            lambda file: {"content": code_digest(source_of(file)), "tests": tests_digest(file)}
        )

    def path(self, file: str) -> Path:
        return self.folder / f"{flat(file)}.jsonl"

    def lines(self, file: str) -> dict[Key, Line]:
        """Return the last line of each mutant of a file's present text."""
        path, content = self.path(file), self.digests(file)["content"]
        lines = map(json.loads, path.read_text().splitlines()) if path.exists() else ()
        return {_key(line): line for line in lines if line["content"] == content}

    def missing(self, file: str, mutants: Iterable[Mutant], *, listed: bool = True) -> list[Mutant]:
        """Return the mutants that have no outcome, or survived tests that have changed since.

        Args:
            file: the mutated file.
            mutants: those that an outcome is wanted of.
            listed: whether to count those that are listed as equivalent.
        """
        known, tests, equivalent = self.lines(file), self.digests(file)["tests"], {} if listed else equivalents()
        return [
            mutant
            for mutant in mutants
            if not (line := known.get(key(mutant))) or (line["outcome"] in ALIVE and line["tests"] != tests)
            if not reason(vars(mutant), equivalent)
        ]

    def write(self, result: Result) -> None:
        mutant = result.mutant
        names = ("file", "operator", "occurrence", "line", "function", "was", "becomes")
        line = {name: getattr(mutant, name) for name in names}
        line |= {"outcome": result.outcome, "by": result.by, "seconds": round(result.seconds, 2)}
        line |= self.digests(mutant.file)
        with self.path(mutant.file).open("a") as ledger:
            ledger.write(json.dumps(line, ensure_ascii=False) + "\n")


def equivalents() -> dict[str, list[Line]]:
    """Return the mutants that are known to behave as the original does, per file, each with the reason."""
    lists = {file: EQUIVALENT / f"{flat(file)}.toml" for file in LAWS}
    return {file: tomllib.loads(path.read_text())["mutant"] for file, path in lists.items() if path.exists()}


def reason(line: Line, known: dict[str, list[Line]]) -> str:
    """Return why a mutant is equivalent, or nothing."""
    for entry in known.get(line["file"], ()):
        same = entry["function"] == line["function"] and entry["was"] == line["was"]
        if same and ("becomes" not in entry or line["becomes"] in entry["becomes"]):
            return entry["because"]
    return ""


def wanted(file: str) -> float:
    return 95.0 if any(part in file for part in STRICT) and file.startswith("autograd/") else 90.0


def report(file: str, total: int, mutants: Iterable[Mutant], ledger: Ledger) -> tuple[str, list[str]]:
    """Return a line of figures, and the survivors that are not known to be equivalent."""
    lines, known = ledger.lines(file), equivalents()
    met = [line for mutant in mutants if (line := lines.get(key(mutant))) and line["outcome"] in (*KILLED, *ALIVE)]
    counts = Counter(
        "equivalent" if line["outcome"] in ALIVE and reason(line, known) else line["outcome"] for line in met
    )
    killed = counts["killed"] + counts["timeout"]
    rest = len(met) - counts["equivalent"]
    rate = 100.0 * killed / rest if rest else 0.0
    figures = (total, len(met), counts["killed"], counts["timeout"], counts["equivalent"], rest - killed)
    mark = "" if rate >= wanted(file) else f"  < {wanted(file):.0f}"
    text = f"{file:32}" + "".join(f"{figure:11}" for figure in figures) + f"{rate:8.1f} %{mark}"
    alive = [line for line in met if line["outcome"] in ALIVE and not reason(line, known)]
    survivors = [
        f"{file}:{line['line']} {line['function']} [{line['operator']}, {line['outcome']}]\n"
        f"    - {line['was']}\n    + {line['becomes']}"
        for line in alive
    ]
    return text, survivors


COLUMNS = ("mutants", "run", "killed", "timeouts", "equivalent", "survivors", "killed of the others")
HEADING = f"{'file':32}" + "".join(f"{name:>11}" for name in COLUMNS)


def source_of(file: str) -> str:
    return (ROOT / file).read_text()
