"""What `tests/typed` tells type checkers is true: each asserted type holds of the object, each refused line raises.

Mypy and pyright check those files, which are named in pyproject.toml.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest

from autograd import Dual, Value
from tests.typed import engine, networks

pytestmark = pytest.mark.long

ARGUMENTS = {
    "x": [Value(0.5)],
    "y": [Dual(0.5, 1.0)],
    "either": [Value(0.5), 0.5],
    "xs": [[Value(1.0), Value(2.0)]],
    "numbers": [[1.0, 2.0]],
    "unknown": [0.5],
}
NEEDS = {"files": "safetensors"}


def holds(thing: Any, kind: Any) -> bool:
    """Return whether a thing is of a type, as an annotation writes it."""
    origin, of = get_origin(kind), get_args(kind)
    origin = get_origin(getattr(origin, "__value__", None)) or origin  # NumPy's alias from 2.5 on
    if kind is Any or kind is None:
        return kind is Any or thing is None
    if origin is Literal:
        return thing in of
    if origin in (Union, UnionType):
        return any(holds(thing, each) for each in of)
    if origin is list or (origin is tuple and of[-1] is ...):
        return type(thing) is origin and all(holds(each, of[0]) for each in thing)
    if origin is tuple:
        return len(thing) == len(of) and all(map(holds, thing, of))
    return type(thing) is float if kind is float else isinstance(thing, origin or kind)


def claims() -> list[Any]:
    """Return the functions of both files that claim types, each with each of its arguments."""
    found = []
    for module in (engine, networks):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and name != "wrong":
                either = ARGUMENTS["either"] if "either" in inspect.signature(function).parameters else [None]
                found += [pytest.param(module, function, each, id=f"{name}-{type(each).__name__}") for each in either]
    return found


@pytest.mark.parametrize(("module", "function", "either"), claims())
def test_what_is_asserted_of_a_type_holds_of_the_object(module, function, either, monkeypatch):
    pytest.importorskip(NEEDS.get(function.__name__, "autograd"))
    seen = []

    def asserted(thing, kind):
        seen.append(kind)
        assert holds(thing, kind), f"{thing!r} is no {kind}"
        return thing

    monkeypatch.setattr(module, "assert_type", asserted)
    names = inspect.signature(function).parameters
    function(*(either if name == "either" else ARGUMENTS[name][0] for name in names))
    assert seen


def wrong_lines() -> list[Any]:
    return [
        pytest.param(module, ast.unparse(line), id=ast.unparse(line))
        for module in (engine, networks)
        for line in ast.parse(inspect.getsource(module.wrong)).body[0].body
    ]


@pytest.mark.parametrize(("module", "line"), wrong_lines())
def test_what_type_checkers_refuse_raises(module, line):
    with pytest.raises((TypeError, AttributeError, ValueError)):
        eval(line, vars(module) | {"x": Value(0.5)})


@pytest.mark.parametrize(
    ("thing", "kind"),
    [
        (1, float),
        (None, Value),
        ([1.0, None], list[float]),
        ((1.0,), tuple[float, float]),
        ("a", int | None),
        (1, Literal[0]),
        (1, None),
        (1, Callable[..., Any]),
    ],
)
def test_what_is_not_so_does_not_hold(thing, kind):
    assert not holds(thing, kind)
