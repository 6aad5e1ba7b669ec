"""Docstrings of public names: what they take, return and raise stands in them, and an example that runs.

The examples themselves are doctests, run with everything else. A failure lists the parts that a name lacks.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import importlib
import inspect
import math
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import pytest

import autograd
import nn
from autograd import Primitive, atan2, clip, leaky_relu, log, primitives

pytestmark = pytest.mark.long

PACKAGES = (autograd, nn)
PREFIXES = ("autograd.", "nn.")
METHODS = (FunctionType, property, staticmethod, classmethod)
SECTIONS = ("Args", "Attributes", "Returns", "Raises", "Warns", "Convention", "Cost", "Example", "Source")
HEADING = re.compile(rf"({'|'.join(SECTIONS)}):(?: (\S.*))?$")
ENTRY = re.compile(r" {4}(\S[\w*., ]*):")
RETURNING = re.compile(r"(Return|Yield|Whether)\b|.*\breturn (it|its|the)\b")
EXCEPTIONS = {**vars(builtins), **vars(autograd), **vars(nn)}
INHERITED_ARGUMENTS = re.compile(r"Arguments are those of `(\w+)`")


class Public(NamedTuple):
    """A public name: its path, what it is, and the class it was found in."""

    path: str
    thing: Any
    owner: type | None = None

    @property
    def function(self) -> Callable[..., Any] | None:
        """What is called and has a signature of its own."""
        thing = getattr(self.thing, "__func__", self.thing)  # of a static or class method
        if inspect.isclass(thing) and issubclass(thing, BaseException):
            return None
        return None if isinstance(thing, property) else thing


def exported() -> Iterator[Public]:
    """Yield functions and classes; rows of the table and tables of names are data."""
    for package in PACKAGES:
        for name in package.__all__:
            thing = getattr(package, name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                yield Public(f"{package.__name__}.{name}", thing)


def members() -> Iterator[Public]:
    """Yield public methods and properties of exported classes, each once, where it is written."""
    kinds = {kind for public in exported() if inspect.isclass(public.thing) for kind in public.thing.__mro__}
    for kind in sorted((kind for kind in kinds if kind.__module__.startswith(PREFIXES)), key=str):
        for name, thing in vars(kind).items():
            if not name.startswith("_") and isinstance(thing, METHODS):
                yield Public(f"{kind.__module__}.{kind.__qualname__}.{name}", thing, kind)


ALL = {public.path: public for public in (*exported(), *members())}


def document(public: Public) -> str:
    """Return the docstring; a method that overrides another may leave to it what it takes."""
    own = inspect.cleandoc(public.thing.__doc__ or "")
    name = public.path.rpartition(".")[2]
    bases = public.owner.__mro__[1:] if public.owner else ()
    overridden = [vars(base)[name].__doc__ or "" for base in bases if name in vars(base)]
    return "\n\n".join([own, *map(inspect.cleandoc, overridden)])


def sections(docstring: str) -> dict[str, list[str]]:
    """Return the lines of each section; those before the first under ""."""
    found: dict[str, list[str]] = {"": []}
    current = ""
    for line in docstring.splitlines():
        heading = HEADING.match(line)
        if heading:
            current = heading[1]
            found.setdefault(current, []).extend([heading[2]] if heading[2] else [])
        elif line and not line.startswith(" ") and current not in ("", "Convention"):
            current = ""
        else:
            found[current].append(line)
    return found


def entries(lines: list[str]) -> set[str]:
    """Return what a section says something about: `a: …`, or `a, b: …`."""
    names = [found[1] for found in map(ENTRY.match, lines) if found]
    return {each.strip().lstrip("*") for name in names for each in name.split(",")}


def said_about(public: Public) -> set[str]:
    """Return the arguments that the docstring has entries for; of a class its attributes are arguments too."""
    text = document(public)
    found = sections(text)
    named = entries(found.get("Args", []))
    for delegated in INHERITED_ARGUMENTS.findall(text):
        named |= said_about(ALL[public.path.rpartition(".")[0] + "." + delegated])
    return named | entries(found.get("Attributes", [])) if inspect.isclass(public.thing) else named


def parameters(public: Public) -> list[str]:
    names = inspect.signature(public.function).parameters
    return [name for name in names if name not in ("self", "cls") and not name.startswith("_")]


def raised(public: Public) -> set[str]:
    """Return the exceptions that stand in the function itself; those of what it calls are not seen."""
    function = public.thing.__init__ if inspect.isclass(public.thing) else public.function
    if not inspect.isfunction(function) or function.__code__.co_filename.startswith("<"):
        return set()
    nodes = ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function))))
    raises = [node.exc for node in nodes if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    names = {ast.unparse(each.func) for each in raises} - {"NotImplementedError"}
    makers = {name: vars(inspect.getmodule(function)).get(name) for name in names}
    return {made.__annotations__["return"] if inspect.isfunction(made) else name for name, made in makers.items()}


def missing(public: Public) -> Iterator[str]:
    """Yield the parts of the template that a docstring lacks."""
    text = document(public)
    found = sections(text)
    summary = text.partition("\n\n")[0]
    if not re.search(r"[.:]$", summary.splitlines()[0] if summary else "") or "\n" in summary:
        yield "a summary: one sentence on one line"
    if public.function is None:
        return
    named = said_about(public)
    wanted = parameters(public)
    if public.owner is not None and len(wanted) == 1 and re.search(rf"\b{wanted[0]}\b", text):
        named = named | set(wanted)  # a method of one argument may name it in its sentence
    yield from (f"Args: {name}" for name in wanted if name not in named)
    if not inspect.isclass(public.thing):
        yield from (f"no Args: {name} does not exist" for name in entries(found.get("Args", [])) - set(wanted))
        returns = inspect.signature(public.function).return_annotation not in ("None", None)
        if returns and not RETURNING.match(summary) and "Returns" not in found:
            yield "Returns: no section, and the summary does not say it"
    stated = entries(found.get("Raises", []))
    yield from (f"Raises: {name}" for name in raised(public) - stated)
    yield from (f"no Raises: {name} is no exception" for name in stated if not isinstance(EXCEPTIONS.get(name), type))
    if public.owner is None and ">>> " not in text:
        yield "Example"


@pytest.mark.parametrize("path", ALL)
def test_a_docstring_says_everything(path):
    assert list(missing(ALL[path])) == []


REFERENCE = re.compile(r"`((?:autograd|nn)(?:\.\w+)+)(?:\([^`]*\))?`")
ROOT = Path(autograd.__file__).parents[1]
TEXTS = [ROOT / "README.md", *sorted(ROOT.glob("autograd/**/*.py")), *sorted(ROOT.glob("nn/**/*.py"))]


def leads_somewhere(path: str) -> bool:
    """Return whether a dotted name is a module, or something in one."""
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        with contextlib.suppress(ImportError, AttributeError):
            functools.reduce(getattr, parts[count:], importlib.import_module(".".join(parts[:count])))
            return True
    return False


def test_names_in_backticks_lead_somewhere():
    found = {name for text in TEXTS for name in REFERENCE.findall(text.read_text("utf-8"))}
    assert len(found) > 50
    assert not leads_somewhere("autograd.tape.nowhere")
    assert [name for name in sorted(found) if not leads_somewhere(name)] == []


ROWS = {row.name: row for row in primitives.TABLE if getattr(primitives, row.name, None) is row}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_tells_its_arguments_and_its_examples(name):
    row = ROWS[name]
    told = sections(inspect.cleandoc(row.__doc__))
    summary = told[""][0]
    assert summary.startswith("Return ")
    names = entries(told["Args"])
    assert len(names) == (row.arity or len(names))
    assert all(each in summary or each in ("xs", "ws") for each in names)
    examples = row.__doc__.partition("Worked examples")[2]
    assert examples.count(" -> ") == len(row.examples) + 1
    assert row.accuracy in row.__doc__


def test_a_row_names_its_arguments_as_its_functions_do():
    assert clip.__doc__.startswith("Return clip(x, low, high): ")
    assert atan2.__doc__.startswith("Return atan2(y, x): ")
    assert "    slope: a number, by default 0.1." in leaky_relu.__doc__
    assert "    clip(-2.0, 0.0, 1.0) -> 0.0; (0.0, 1.0, 0.0)" in clip.__doc__
    assert "With a second argument, the logarithm to that base." in log.__doc__
    nameless = Primitive("nameless", math.atan2, partials=[max, max])
    assert nameless.__doc__.startswith("Return nameless(x, y): ")


@pytest.mark.parametrize("wrong", [{"form": "({} + {})"}, {"form": "{x}"}, {"form": "{"}, {"examples": {1.0: 2.0}}])
def test_a_row_that_cannot_be_written_is_refused(wrong):
    before = len(primitives.TABLE)
    with pytest.raises(ValueError, match=r"form has one \{\} per argument, .* arguments -> \(value, slopes\)"):
        Primitive("wrong", math.sin, partials=[math.cos], **wrong)
    assert len(primitives.TABLE) == before


def half_told(x: float, y: float) -> float:
    """The sum of numbers

    Args:
        x: a number.
        z: another one.

    Raises:
        Mistake: x is negative.
    """
    if x < 0.0:
        raise ValueError(f"x is 0 or more, not {x}")
    return x + y


def test_what_is_missing_is_named():
    assert list(missing(Public("half_told", half_told))) == [
        "a summary: one sentence on one line",
        "Args: y",
        "no Args: z does not exist",
        "Returns: no section, and the summary does not say it",
        "Raises: ValueError",
        "no Raises: Mistake is no exception",
        "Example",
    ]
