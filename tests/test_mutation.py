"""Mutation testing says for every file which tests are its own; what cannot be killed is still there.

`python -m tests.mutation FILE` runs the mutants; here is only what its tables promise, and how its parts work.
"""

from __future__ import annotations

import importlib.util
import linecache

import pytest

import autograd
from tests.mutation.laws import LAWS, ROOT, THREADED, flat, law_tests
from tests.mutation.ledger import EQUIVALENT, Ledger, equivalents
from tests.mutation.mutants import Mutant, Places
from tests.mutation.patching import functions_of, patch, patches, spot
from tests.mutation.server import Baseline, _Import, code_digest

pytestmark = pytest.mark.long

WITHOUT_LAWS = {"__init__.py", "__main__.py"}
SOURCE = """
def outer(n):
    def inner(k):
        return k + n
    return inner

factor = 2
twice = [lambda x: factor * x]
"""


def test_every_file_of_the_packages_has_tests_of_its_own():
    files = {str(path.relative_to(ROOT)) for name in ("autograd", "nn") for path in (ROOT / name).rglob("*.py")}
    assert {file for file in files if file.rpartition("/")[2] not in WITHOUT_LAWS} == set(LAWS)
    missing = [test for file in LAWS for test in law_tests(file) if not (ROOT / test).is_file()]
    assert missing == []


def test_files_whose_tests_need_jax_are_known_to_start_threads():
    needing = [
        file for file in LAWS if any('importorskip("jax")' in (ROOT / test).read_text() for test in law_tests(file))
    ]
    assert needing == [file for file, package in THREADED.items() if package == "jax"]


def test_what_cannot_be_killed_is_listed_under_the_name_of_its_file():
    assert {path.stem for path in EQUIVALENT.iterdir()} == set(map(flat, equivalents()))


@pytest.mark.parametrize("file", sorted(equivalents()))
def test_every_equivalent_mutant_changes_a_line_that_is_there(file):
    source, known = (ROOT / file).read_text(), equivalents()[file]
    places, lines = Places(source), [" ".join(line.split()) for line in source.splitlines()]
    wanted = {entry["was"] for entry in known}
    there = {(places.scope(number), line) for number, line in enumerate(lines, start=1) if line in wanted}
    assert [entry for entry in known if (entry["function"], entry["was"]) not in there] == []
    assert all(entry["because"] for entry in known)


def changed(was, becomes):
    code = compile(SOURCE, "a file", "exec")
    there = {}
    exec(code, there)
    called = {spot(there["outer"].__code__)}
    there["add"] = there["outer"](5)
    assert [there["add"](1) for _ in range(100)] == [6] * 100  # Python adapts the code of what runs often
    found = patches(code, compile(SOURCE.replace(was, becomes), "a file", "exec"), called)
    if found is not None:
        patch(found, functions_of("a file"))
    return found, there


def test_functions_that_exist_and_functions_to_come_get_the_code_of_a_mutant():
    _, there = changed("k + n", "k - n")
    assert (there["add"](7), there["outer"](5)(7)) == (2, 2)
    _, there = changed("factor * x", "factor + x")
    assert there["twice"][0](5) == 7


@pytest.mark.parametrize("change", [("factor = 2", "factor = 3"), ("return inner", "return not inner")])
def test_what_runs_at_import_is_imported_again(change):
    assert changed(*change)[0] is None


def test_tests_that_reach_a_line_come_quickest_first_and_a_line_of_the_import_is_met_with_all():
    seconds = {"slow": 2.0, "quick": 0.5, "other": 1.0}
    baseline = Baseline(seconds, {3: ["slow"], 4: ["slow", "quick", "failing"]}, ["failing"], {9})
    assert baseline.tests_of((3, 4)) == ["quick", "slow"]
    assert baseline.tests_of((5, 6)) == []
    assert baseline.tests_of((8, 9)) == ["quick", "other", "slow"]


def test_what_is_known_of_mutants_stays_known_where_only_words_change():
    same = '"""Words."""\n' + SOURCE.replace("return inner", "return inner  # and more").replace(
        "(n):", '(n):\n    """."""'
    )
    assert code_digest(same) == code_digest(SOURCE)
    assert len({code_digest(each) for each in (SOURCE, SOURCE.replace("k + n", "n + k"), SOURCE + "'text'")}) == 3


def test_what_is_listed_as_equivalent_need_not_be_run(tmp_path):
    file, known = next(iter(equivalents().items()))
    entry = next(entry for entry in known if "becomes" in entry)
    becomes = [entry["becomes"][0], "something else"]
    listed, other = (Mutant(file, "", k, 0, 0, "", 1, entry["function"], entry["was"], becomes[k]) for k in range(2))
    ledger = Ledger(tmp_path)
    assert ledger.missing(file, [listed, other]) == [listed, other]
    assert ledger.missing(file, [listed, other], listed=False) == [other]


def test_a_mutant_is_its_source_with_one_change():
    start = SOURCE.index("+")
    mutant = Places(SOURCE).mutant("a file", "an operator", 0, (start, start + 1, "-"))
    assert (mutant.function, mutant.was, mutant.becomes) == ("outer.inner", "return k + n", "return k - n")
    assert mutant.source(SOURCE) == SOURCE.replace("k + n", "k - n")
    assert isinstance(mutant, Mutant)


def test_a_mutant_is_imported_in_place_of_its_file(monkeypatch):
    monkeypatch.setattr(linecache, "cache", {})
    source = (ROOT / "autograd/naming.py").read_text()
    start = source.index("if value.label is None") + len("if value.label is ")
    mutant = Places(source).mutant("autograd/naming.py", "an operator", 0, (start, start, "not "))
    finder = _Import(mutant, source)
    spec = finder.find_spec("autograd.naming", autograd.__path__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    named, unnamed = autograd.Value(1.0, label="a"), autograd.Value(2.0)
    module.name({"b": named, "c": unnamed})
    assert (named.label, unnamed.label) == ("b", None)
    assert "is not None" in linecache.getline(spec.origin, mutant.line)
    assert finder.find_spec("autograd.value", autograd.__path__) is None


def test_annotations_and_docstrings_have_no_effect():
    source = 'def f(x: int | None = 1) -> int:\n    """1 + 1."""\n    return x + 1\n'
    places = Places(source)
    assert all(places.is_ignored(source.index(part)) for part in ("|", "None", "int:", "+ 1."))
    assert not any(places.is_ignored(source.index(part)) for part in ("1) ->", "+ 1\n"))
