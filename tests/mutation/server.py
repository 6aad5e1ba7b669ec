"""The runner: pytest collects a file's own tests once; each mutant is a fork that runs the tests that reach its line.

Mutants whose code runs when it is imported (rows of the table, constants, defaults, what builds them) are imported in
a fork of a process that has everything but the packages, and are met with all of the file's tests, quickest first. So
are all mutants of a file whose tests start threads; where their code does not run at import, with those tests only
that reach its line.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.mutation import children
from tests.mutation.laws import LEFT_OUT, ROOT, THREADED, flat, law_tests
from tests.mutation.mutants import Mutant, Places
from tests.mutation.patching import functions_of, patch, patches, show_source, spot

OPTIONS = [
    *("-q", "--tb=no", "--assert=plain"),  # rewritten, a file that is also tested itself would not be the mutant
    *(part for name in ("cacheprovider", "xdist", "cov", "faulthandler") for part in ("-p", f"no:{name}")),
]
CONTROL = "none"
LONG = 600.0  # seconds of CPU time for the tests without a mutant
LEAST = 30.0  # seconds of CPU time for a mutant, or five times what its tests take
LEAST_OF_A_TEST = 10.0  # likewise for each of its tests: the first of them imports much
WARM = ("hypothesis", "mpmath", "numpy", "numpy.linalg", "sympy", "pytest", "_pytest.doctest", "graphviz", "tqdm")


@dataclass
class Baseline:
    """What the tests of a file do without a mutant: seconds per test, and which of them reach which line.

    Lines that ran when the file was imported are known only where that was watched.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[int, list[str]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    at_import: set[int] = field(default_factory=set)

    def quickest_first(self, tests: Sequence[str]) -> list[str]:
        return sorted(set(tests), key=lambda test: self.seconds.get(test, 0.0))

    def tests_of(self, lines: tuple[int, int]) -> list[str]:
        between = range(lines[0], lines[1] + 1)
        if not self.at_import.isdisjoint(between):
            return self.quickest_first(list(self.seconds))
        reaching = [test for line in between for test in self.lines.get(line, ())]
        return self.quickest_first([test for test in reaching if test in self.seconds])

    def limit(self, tests: Sequence[str], least: float = LEAST) -> float:
        return max(least, 5.0 * sum(self.seconds.get(test, 0.0) for test in tests))


@dataclass(frozen=True)
class Result:
    """What became of a mutant, by which test, in how many seconds.

    It was killed, or its tests did not end (timeout); it survived, or no test reaches it (uncovered); it is no Python.
    """

    mutant: Mutant
    outcome: str
    by: str
    seconds: float


def digest(files: Sequence[str]) -> str:
    text = b"".join((ROOT / file).read_bytes() for file in files)
    return hashlib.sha256(text).hexdigest()[:16]


def code_digest(source: str) -> str:
    """Return a digest of what a file does: comments and docstrings do not change it."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            and ast.get_docstring(node) is not None
        ):
            del node.body[0]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


def tests_digest(file: str) -> str:
    return digest([*law_tests(file)[:-1], "tests/conftest.py"])


def _silently(said: str = os.devnull) -> None:
    """Let what is printed from here on go into a file."""
    output = os.open(said, os.O_RDWR | os.O_CREAT)
    for stream in (0, 1, 2):
        os.dup2(output, stream)


def _calmer_hypothesis() -> None:
    """Find examples as always, but do not make a smaller one of what fails, nor explain it."""
    from hypothesis import Phase, settings

    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("mutation", parent=settings.default, phases=phases, print_blob=False)
    settings.load_profile("mutation")


def _use_folder(config: pytest.Config, folder: Path) -> None:
    config._tmp_path_factory._given_basetemp = folder  # type: ignore[attr-defined]
    config._tmp_path_factory._basetemp = None  # type: ignore[attr-defined]


def _ended(result: children.Ended[Mutant]) -> Result:
    by = result.written.strip()
    if result.was_late or result.signal in (signal.SIGXCPU, signal.SIGVTALRM):
        return Result(result.task, "timeout", by, result.seconds)
    if result.status or result.signal:
        return Result(result.task, "killed", by or f"signal {result.signal}, status {result.status}", result.seconds)
    return Result(result.task, "survived", "", result.seconds)


def _is_left_out(item: pytest.Item) -> bool:
    return any(part in item.name for part in LEFT_OUT)


class _FirstFailure:
    """A plugin that ends the process when a test fails, and tells which, or when one no longer ends."""

    def __init__(self, pipe: int, baseline: Baseline) -> None:
        self.pipe, self.baseline = pipe, baseline

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, self.baseline.limit([nodeid], LEAST_OF_A_TEST))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os.write(self.pipe, report.nodeid.encode())
            os._exit(1)


class _Measure:
    """A plugin that notes how long each test takes, and whether it fails."""

    def __init__(self, baseline: Baseline) -> None:
        self.baseline = baseline

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        seconds = self.baseline.seconds
        seconds[report.nodeid] = seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.baseline.failed.append(report.nodeid)


class Server:
    """A plugin in whose place of running tests mutants are run, each in a fork.

    Args:
        file: the file that is mutated.
        mutants: which of its mutants to run.
        jobs: how many forks at a time.
        tell: called with each result.
        kept: a folder for what is known of the tests without a mutant.

    Attributes:
        rest: the mutants that have to be imported, which are left to the caller.
    """

    def __init__(self, file: str, mutants: list[Mutant], jobs: int, tell: Callable[[Result], None], kept: Path) -> None:
        self.file, self.mutants, self.jobs, self.tell, self.kept = file, mutants, jobs, tell, kept
        self.path = str(ROOT / file)
        self.source = (ROOT / file).read_text()
        self.places = Places(self.source)
        self.called: dict[int, Any] = {}
        self.tests: dict[Mutant, list[str]] = {}
        self.rest: list[Mutant] = []

    def note_calls(self, frame: Any, event: str, argument: Any) -> None:
        if event == "call":
            self.called.setdefault(id(frame.f_code), frame.f_code)

    def pytest_configure(self) -> None:
        _calmer_hypothesis()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        sys.setprofile(None)
        self.session = session
        self.items = {item.nodeid: item for item in session.items if not _is_left_out(item)}
        self.baseline = self.measured(self._measure)
        at_import = {spot(code) for code in self.called.values() if code.co_filename == self.path}
        self.functions = functions_of(self.path)
        self.changes: dict[Mutant, Any] = {}
        self.tests = {mutant: self.baseline.tests_of(self.places.piece(mutant.line)) for mutant in self.mutants}
        module = self._code(self.source)
        for mutant in self.mutants:
            try:
                changed = patches(module, self._code(mutant.source(self.source)), at_import)
            except SyntaxError:
                self.tell(Result(mutant, "no Python", "", 0.0))
                continue
            there = changed and any(spot(code) in self.functions for code, _ in changed)
            self.changes[mutant] = changed if there else None
        self._run()
        return True

    def _code(self, source: str) -> Any:
        return compile(source, self.path, "exec", dont_inherit=True)

    def is_python(self, mutant: Mutant) -> bool:
        try:
            self._code(mutant.source(self.source))
        except SyntaxError:
            return False
        return True

    def _run(self) -> None:
        self.rest = [mutant for mutant, changed in self.changes.items() if changed is None]
        patched = [mutant for mutant, changed in self.changes.items() if changed is not None]
        for mutant in patched:
            if not self.tests[mutant]:
                self.tell(Result(mutant, "uncovered", "", 0.0))
        reached = [mutant for mutant in patched if self.tests[mutant]]
        for ended in children.run(
            reached, self._work, lambda mutant: self.baseline.limit(self.tests[mutant]), self.jobs
        ):
            self.tell(_ended(ended))

    def _work(self, mutant: Mutant, pipe: int, folder: Path) -> None:
        _use_folder(self.session.config, folder)
        patch(self.changes[mutant], self.functions)
        show_source(self.path, mutant.source(self.source))
        self.session.config.pluginmanager.register(_FirstFailure(pipe, self.baseline))
        _run_tests([self.items[name] for name in self.tests[mutant]])

    def measured(self, measure: Callable[[str, int, Path], None]) -> Baseline:
        """Return what is known of the tests without a mutant; what is not is measured, a fork per file of tests."""
        missing = [test for test in law_tests(self.file) if not self.kept_as(test).exists()]
        for ended in children.run(missing, measure, lambda _: LONG, 1):
            if ended.status or ended.signal or ended.was_late:
                raise SystemExit(f"the tests of {self.file} end with {ended}")
        return self.read_baseline()

    def kept_as(self, test: str) -> Path:
        """Return where it is kept what the tests of one file do to the mutated file, as both are now."""
        return self.kept / f"{flat(self.file)}-{Path(test).stem}-{digest([self.file, test])}.json"

    def read_baseline(self) -> Baseline:
        baseline = Baseline()
        for test in law_tests(self.file):
            found = json.loads(self.kept_as(test).read_text())
            baseline.seconds |= found["seconds"]
            baseline.failed += found["failed"]
            baseline.at_import |= set(found.get("at_import", ()))
            for line, tests in found["lines"].items():
                baseline.lines.setdefault(int(line), []).extend(found["names"][each] for each in tests)
        return baseline

    def _measure(self, test: str, pipe: int, folder: Path) -> None:
        watch = _Watch(self.path)
        watch.lines.start()
        chosen = [item for name, item in self.items.items() if name.partition("::")[0] == test]
        watch.run(self.session.config, folder, chosen)
        self.kept_as(test).write_text(watch.text())


def _run_tests(items: Sequence[pytest.Item], before: Callable[[str], None] = lambda name: None) -> None:
    for item, following in zip(items, [*items[1:], None]):
        before(item.nodeid)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


class _Watch:
    """Notes how long tests take, which fail, and which lines of a file they reach."""

    def __init__(self, path: str) -> None:
        import coverage

        self.path, self.baseline = path, Baseline()
        self.lines = coverage.Coverage(data_file=None, include=[path], config_file=False)

    def run(self, config: pytest.Config, folder: Path, items: Sequence[pytest.Item]) -> None:
        """Run tests, while lines are watched."""
        _use_folder(config, folder)
        config.pluginmanager.register(_Measure(self.baseline))
        _run_tests(items, self.lines.switch_context)
        self.lines.stop()

    def text(self) -> str:
        """Return what was seen, as JSON; lines that ran before any test are those of the import."""
        warnings.simplefilter("ignore")  # of a file none of whose lines was run
        baseline, reached = self.baseline, self.lines.get_data().contexts_by_lineno(self.path)
        names = [name for name in baseline.seconds if name not in baseline.failed]
        places = {name: place for place, name in enumerate(names)}
        by_line = {line: [places[name] for name in tests if name in places] for line, tests in reached.items()}
        found: dict[str, Any] = {"seconds": {name: round(baseline.seconds[name], 5) for name in names}}
        found |= {"names": names, "lines": by_line, "failed": baseline.failed}
        return json.dumps(found | {"at_import": [line for line, tests in reached.items() if "" in tests]})


class _Alone:
    """A plugin that runs the tests of one file under a watch that begins before anything is imported."""

    def __init__(self, path: str, folder: Path) -> None:
        self.watch, self.folder = _Watch(path), folder

    def pytest_configure(self) -> None:
        _calmer_hypothesis()
        self.watch.lines.start()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.watch.run(session.config, self.folder, [item for item in session.items if not _is_left_out(item)])
        return True


class _Import(importlib.abc.MetaPathFinder):
    """A finder that serves a mutant in place of its file."""

    def __init__(self, mutant: Mutant, source: str) -> None:
        self.source = mutant.source(source)
        self.name = mutant.file.removesuffix(".py").replace("/", ".")

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name != self.name:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            spec.loader = _Loader(name, spec.origin or "", self.source)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self.source = source

    def get_code(self, fullname: str) -> Any:
        show_source(self.path, self.source)
        return compile(self.source, self.path, "exec", dont_inherit=True)


class _InOrder(_FirstFailure):
    """A plugin that runs some tests, in the order in which they are named, until one fails."""

    def __init__(self, pipe: int, baseline: Baseline, folder: Path, names: Sequence[str]) -> None:
        super().__init__(pipe, baseline)
        self.folder, self.names = folder, names

    def pytest_configure(self, config: pytest.Config) -> None:
        _calmer_hypothesis()

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        _use_folder(config, self.folder)
        known = {item.nodeid: item for item in items}
        missing = [name for name in self.names if name not in known]
        if missing:
            os.write(self.pipe, f"{missing[0]} is not there".encode())
            os._exit(1)
        items[:] = [known[name] for name in self.names]


def _import_and_run(
    server: Server, baseline: Baseline, tests: Callable[[Mutant], Sequence[str]]
) -> Callable[[Mutant, int, Path], None]:
    def work(mutant: Mutant, pipe: int, folder: Path) -> None:
        _silently()
        sys.meta_path.insert(0, _Import(mutant, server.source))
        arguments = [*OPTIONS, "-x", f"--rootdir={ROOT}", *law_tests(server.file)]
        status = pytest.main(arguments, plugins=[_InOrder(pipe, baseline, folder, tests(mutant))])
        if status:
            os.write(pipe, b"collection")
            os._exit(int(status))

    return work


def _collect_and_run(server: Server) -> Callable[[str, int, Path], None]:
    def work(_: str, pipe: int, folder: Path) -> None:
        errors, said = os.dup(2), folder / "said"
        _silently(str(said))
        sys.setprofile(server.note_calls)
        status = pytest.main([*OPTIONS, f"--rootdir={ROOT}", *law_tests(server.file)], plugins=[server])
        if status:
            os.write(errors, f"{said.read_text()[-2000:]}\nthe tests of {server.file}: {status!r}\n".encode())
            os._exit(int(status))
        os.write(pipe, json.dumps([server.mutants.index(mutant) for mutant in server.rest]).encode())

    return work


def _measure_alone(server: Server) -> Callable[[str, int, Path], None]:
    def work(test: str, pipe: int, folder: Path) -> None:
        _silently()
        alone = _Alone(server.path, folder)
        status = pytest.main([*OPTIONS, f"--rootdir={ROOT}", test], plugins=[alone])
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):  # a file need not have examples
            os._exit(int(status))
        server.kept_as(test).write_text(alone.watch.text())

    return work


def warm() -> None:
    """Import what the tests import, but not the packages."""
    for name in WARM:
        __import__(name)


def _unpatched(server: Server) -> list[Mutant]:
    """Run the mutants that need no import, and return the others."""
    (ended,) = children.run([server.file], _collect_and_run(server), lambda _: 36000.0, 1)
    if ended.status or ended.signal:
        raise SystemExit(f"{server.file}: no mutants were run: {ended}")
    return [server.mutants[index] for index in json.loads(ended.written)]


def _reached(server: Server) -> list[Mutant]:
    """Return the mutants that a test reaches, where a process that has collected tests cannot be forked.

    Their tests come in the order in which they were measured: that they pass in this order is known.
    """
    baseline = server.measured(_measure_alone(server))
    reached: list[Mutant] = []
    for mutant in server.mutants:
        reaching = set(baseline.tests_of(server.places.piece(mutant.line)))
        server.tests[mutant] = [test for test in baseline.seconds if test in reaching]
        if not server.is_python(mutant):
            server.tell(Result(mutant, "no Python", "", 0.0))
        elif not server.tests[mutant]:
            server.tell(Result(mutant, "uncovered", "", 0.0))
        else:
            reached.append(mutant)
    return reached


def run(file: str, mutants: list[Mutant], jobs: int, tell: Callable[[Result], None], kept: Path) -> None:
    """Run mutants of a file, and tell of each what became of it; none where its tests need what is not installed."""
    if file in THREADED and not importlib.util.find_spec(THREADED[file]):
        return
    server = Server(file, mutants, jobs, tell, kept)
    rest = _reached(server) if file in THREADED else _unpatched(server)
    baseline = server.read_baseline()
    everything = baseline.quickest_first(list(baseline.seconds))

    def tests(mutant: Mutant) -> Sequence[str]:
        return server.tests.get(mutant, everything)

    control = kept / f"{server.kept_as(file).stem}-{tests_digest(file)}.control"
    if rest and file not in THREADED and not control.exists():
        rest.insert(0, Mutant(file, CONTROL, 0, 0, 0, "", 1, "module", "", ""))
    work = _import_and_run(server, baseline, tests)
    for each in children.run(rest, work, lambda mutant: baseline.limit(tests(mutant)), jobs):
        if each.task.operator != CONTROL:
            tell(_ended(each))
        elif each.written or each.status or each.signal:
            raise SystemExit(f"{file}: its tests fail without a mutant, when the quickest come first: {each}")
        else:
            control.touch()
