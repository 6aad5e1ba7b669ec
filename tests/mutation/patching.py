"""A mutant without a new import: functions that exist get the mutant's code, where nothing of it ran at import."""

from __future__ import annotations

import gc
import linecache
import types
from collections import defaultdict
from collections.abc import Container, Iterator

Code = types.CodeType
Spot = tuple[str, int, bytes]
Functions = dict[Spot, list[types.FunctionType]]


def spot(code: Code) -> Spot:
    """Return where a code was written. (That two codes are equal, Python 3.11 does not always see once one has run.)"""
    return code.co_qualname, code.co_firstlineno, code.co_linetable


def functions_of(path: str) -> Functions:
    """Return the functions that exist and were written in a file, by where."""
    found: Functions = defaultdict(list)
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__code__.co_filename == path:
            found[spot(thing.__code__)].append(thing)
    return found


def _inner(code: Code) -> list[Code]:
    return [constant for constant in code.co_consts if isinstance(constant, Code)]


def _own(code: Code) -> tuple[object, ...]:
    """Return what a code does itself, whatever the functions in it do and wherever it stands."""
    constants = [(type(constant), repr(constant)) for constant in code.co_consts if not isinstance(constant, Code)]
    return (code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars, code.co_exceptiontable)


def differences(code: Code, mutant: Code) -> Iterator[tuple[Code, Code]]:
    """Yield the codes that differ, with what they become, from the outside inwards.

    Raises:
        LookupError: they do not correspond.
    """
    if code == mutant:
        return
    yield code, mutant
    inner, inner_of_mutant = _inner(code), _inner(mutant)
    if [each.co_name for each in inner] != [each.co_name for each in inner_of_mutant]:
        raise LookupError(code.co_name)
    for each, become in zip(inner, inner_of_mutant):
        yield from differences(each, become)


def patches(module: Code, mutant: Code, ran: Container[Spot]) -> list[tuple[Code, Code]] | None:
    """Return which codes to replace by which, or None if the mutant has to be imported, because changed code ran."""
    try:
        changed = list(differences(module, mutant))
    except LookupError:
        return None
    for code, become in changed:
        if code.co_freevars != become.co_freevars:
            return None
        if _own(code) != _own(become) and (code.co_name == "<module>" or spot(code) in ran):
            return None
    return changed


def patch(changed: list[tuple[Code, Code]], functions: Functions) -> None:
    for code, become in changed:
        for function in functions.get(spot(code), ()):
            function.__code__ = become


def show_source(path: str, source: str) -> None:
    """Let `inspect` and tracebacks read the mutant's source."""
    linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
