"""The program of a tape as Python text: forward and reverse, one line a node, which runs with nothing but `math`.

For reading the adjoint program, and for many quick evaluations of a small computation. This room knows how a row of the
table is written in Python: its kernel is copied from `autograd.kernels` with what it needs of that module, its partials
are traced with symbols instead of numbers, and a sweep is written out as one line per share, in the order in which
`autograd.tape.sweep_fields` adds. So the text computes what the engine computes, bit for bit, wherever all numbers on
the way are finite; what is exact only for finite numbers (`0.0 * x`, the slope `flat(x)`) is left out.

What it deliberately does not: run or compile the text, replay arrays, or know what a primitive means. Labels are
whatever people type; only identifiers made of them reach the program, all else is escaped into comments.
"""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import itertools
import keyword
import linecache
import math
import re
import symtable
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from types import FunctionType
from typing import Any, NamedTuple

from autograd import kernels, primitives
from autograd.listing import printable, pruned, root
from autograd.operators import Operators
from autograd.primitives import Ieee, ManyPrimitive, Primitive, is_own, number
from autograd.replay.guards import with_guards
from autograd.tape import Node, Tape, edges
from autograd.value import Value

__all__ = ["source_of"]

MOST_ARGUMENTS = 20
"""Leaves that are arguments one by one; more of them are passed as one sequence."""

MOST_INLINE = 80
"""Characters of what stands within an expression; longer parts of a partial get a line of their own."""

MOST_TITLE = 60
"""Nodes of a computation whose formula is its title, and characters of a label in a comment."""

WIDTH = 100
"""Characters of a line of leaves."""

CHOICE, SUM, PRODUCT, SIGN, ATOM = range(5)


def source_of(tape: Tape | Value) -> str:
    """Return the program of a tape as Python text: the functions `value` and `value_and_grad` of its leaves.

    The leaves are the arguments, in the order of the tape, one by one or, of more than 20, as one sequence `leaves`;
    each version of a leaf whose data changed between is an argument of its own. `value` returns the output;
    `value_and_grad` returns it and a tuple with one derivative per argument. Of several outputs both return a tuple,
    and the gradient is that of the last.

    The numbers are those of a sweep over the pruned tape (`autograd.listing.adjoints`), bit for bit, wherever
    everything on the way is finite; those of `backward()` too, unless the recording was spread over several tapes.
    The branches are those that were taken; where the tape has guards, others are refused with a ValueError. Beyond
    finite numbers nothing raises and nothing is promised: 0 · inf is nan here, where a sweep leaves it out.

    Args:
        tape: a value, or a tape; a raw one is pruned to its last node first.

    Raises:
        ValueError: the tape is empty, a primitive (a user's own) cannot be written as text, or guards are not known.
        TypeError: it is neither a Value nor a Tape.

    Cost: about 25 µs and 100 characters per node, and 30 µs and 6 kB to compile them; what is compiled evaluates in a
    small part of the time that recording and `backward()` take.

    Example:
        >>> w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
        >>> program = {}
        >>> exec(source_of(w1**3 * w2 + 3 * w1), program)
        >>> program["value_and_grad"](2.0, 3.0)
        (30.0, (39.0, 8.0))
    """
    tape = pruned(tape)
    if not len(tape):
        raise ValueError("there is nothing to write: the tape is empty")
    arguments = [tape.leaves[k][1] if k in tape.leaves else None for k, node in enumerate(tape.nodes) if node[0] < 0]
    whole, guards = with_guards(tape, by_version=True)
    for code, places, numbers, outcome, _, source in guards:
        whole.guards.append((max(places) + 1, code, places, numbers, bool(outcome), source))
    return _Program(whole, arguments).text()


# -- expressions as text ---------------------------------------------------------------------------------------------


class _Text(NamedTuple):
    """An expression, how tightly it binds, its number where it is a constant, and what it says where it compares."""

    text: str
    binding: int
    number: float | None = None
    condition: str = ""


Use = Callable[[str], str]
"""Notes that a kernel is needed, and returns its name."""

Form = Callable[[Sequence[_Text], Use], _Text]
"""Writes the application of a row to its operands."""


def _literal(constant: float) -> _Text:
    text = repr(constant) if math.isfinite(constant) else repr(constant).replace("inf", "math.inf")
    text = "math.nan" if constant != constant else text
    return _Text(text, SIGN if text.startswith("-") else ATOM, constant)


def _held(part: _Text, least: int) -> str:
    """Return a part in parentheses, unless it binds as tightly as is needed."""
    return part.text if part.binding >= least else f"({part.text})"


def _called(name: str, parts: Sequence[_Text]) -> _Text:
    return _Text(f"{name}({', '.join(part.text for part in parts)})", ATOM)


def _operator(sign: str, binding: int) -> Form:
    def write(parts: Sequence[_Text], _use: Use) -> _Text:
        left, right = parts
        return _Text(f"{_held(left, binding)} {sign} {_held(right, binding + 1)}", binding)

    return write


def _comparison(sign: str) -> Form:
    def write(parts: Sequence[_Text], _use: Use) -> _Text:
        condition = f"{_held(parts[0], SUM)} {sign} {_held(parts[1], SUM)}"
        return _Text(f"1.0 if {condition} else 0.0", CHOICE, None, condition)

    return write


def _kernel(name: str) -> Form:
    return lambda parts, use: _called(use(name), parts)


def _function_of_math(name: str) -> Form:
    return lambda parts, _use: _called(f"math.{name}", parts)


def _negative(parts: Sequence[_Text], _use: Use) -> _Text:
    return _Text(f"-{_held(parts[0], ATOM)}", SIGN)


def _quotient(parts: Sequence[_Text], use: Use) -> _Text:
    """Return the quotient: an operator where the divisor is a number other than 0, for `/` raises at 0."""
    return _operator("/", PRODUCT)(parts, use) if parts[1].number else _called(use("divide"), parts)


def _choice(parts: Sequence[_Text], _use: Use) -> _Text:
    condition, left, right = parts
    asked = condition.condition or _held(condition, SUM)
    return _Text(f"{_held(left, SUM)} if {asked} else {_held(right, SUM)}", CHOICE)


def _total(parts: Sequence[_Text], use: Use) -> _Text:
    return _Text(f"{use('fsum')}([{', '.join(part.text for part in parts)}])", ATOM)


def _sum_of_products(parts: Sequence[_Text], use: Use) -> _Text:
    times = _operator("*", PRODUCT)
    half = len(parts) // 2
    return _total([times(pair, use) for pair in zip(parts[:half], parts[half:])], use)


_SIGNS = {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!="}

FORMS: dict[str, Form] = {
    "add": _operator("+", SUM),
    "sub": _operator("-", SUM),
    "mul": _operator("*", PRODUCT),
    "neg": _negative,
    **{name: _comparison(sign) for name, sign in _SIGNS.items()},
}
"""How rows of the table are written whose kernel is an operator."""

KERNEL_FORMS: dict[str, Form] = {"divide": _quotient, "where": _choice, "total": _total, "dot": _sum_of_products}
"""How kernels are written that need no call, or a plainer one."""

EQUIVALENTS: dict[str, Callable[..., Any]] = {
    "cot": lambda x: 1.0 / primitives.tan(x),
    "sec": lambda x: 1.0 / primitives.cos(x),
    "csc": lambda x: 1.0 / primitives.sin(x),
}
"""What the lambdas of the table compute that calls kernels on the way, written with rows."""


# -- kernels as text -------------------------------------------------------------------------------------------------


class _Plain(ast.NodeTransformer):
    """Takes annotations away, and the word `builtins.` before names of the language."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        plain = ast.Pass() if node.value is None else ast.Assign([node.target], self.visit(node.value))
        return ast.copy_location(plain, node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id == "builtins":
            return ast.Name(node.attr, node.ctx)
        return self.generic_visit(node)


class _Filled(ast.NodeTransformer):
    """Puts expressions in the place of names, also of starred ones."""

    def __init__(self, names: dict[str, ast.expr], starred: dict[str, list[ast.expr]]) -> None:
        self._names = names
        self._starred = starred

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return copy.deepcopy(self._names.get(node.id, node))

    def visit_Starred(self, node: ast.Starred) -> Any:
        if isinstance(node.value, ast.Name) and node.value.id in self._starred:
            return self._starred[node.value.id]
        return self.generic_visit(node)


@cache
def _statements() -> dict[str, ast.stmt]:
    """Return what each name of the kernels' module is defined by, in the order of the module."""
    found: dict[str, ast.stmt] = {}
    for statement in ast.parse(inspect.getsource(kernels)).body:
        if isinstance(statement, ast.FunctionDef):
            found[statement.name] = _Plain().visit(statement)
        elif isinstance(statement, ast.Assign):
            plain = _made_function(_Plain().visit(statement), found)
            for name in ast.walk(statement.targets[0]):
                if isinstance(name, ast.Name):
                    found[name.id] = plain
    return found


def _made_function(statement: ast.Assign, known: dict[str, ast.stmt]) -> ast.stmt:
    """Return `sin = nan_outside(math.sin)` as the function that it makes; another assignment as it is."""
    call = statement.value
    maker = known.get(call.func.id) if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else None
    if not isinstance(maker, ast.FunctionDef) or not isinstance(call, ast.Call):
        return statement
    inner = next(copy.deepcopy(each) for each in maker.body if isinstance(each, ast.FunctionDef))
    starred: dict[str, list[ast.expr]] = {}
    if inner.args.vararg is not None:
        names = [*"xyz"][: _arity(call.args[0])]
        starred[inner.args.vararg.arg] = [ast.Name(name, ast.Load()) for name in names]
        inner.args.args, inner.args.vararg = [ast.arg(name) for name in names], None
    inner.name = statement.targets[0].id if isinstance(statement.targets[0], ast.Name) else inner.name
    parameters = [argument.arg for argument in maker.args.args]
    _Filled(dict(zip(parameters, call.args)), starred).visit(inner)
    return ast.fix_missing_locations(inner)


def _arity(function: ast.expr) -> int:
    """Return how many arguments a function of `math` takes."""
    name = function.attr if isinstance(function, ast.Attribute) else ""
    return len(inspect.signature(getattr(math, name)).parameters)


@cache
def _needed_by(name: str) -> frozenset[str]:
    """Return the names of the kernels' module that the definition of one of them uses."""
    statement = _statements()[name]
    if isinstance(statement, ast.FunctionDef):
        names = _globals_of(ast.unparse(statement))
    else:
        names = {each.id for each in ast.walk(statement) if isinstance(each, ast.Name)}
    return frozenset(names & _statements().keys())


@cache
def _kernel_names() -> dict[int, str]:
    """Return the name of every kernel by its identity."""
    return {id(function): name for name, function in vars(kernels).items() if name in _statements()}


def _own_definition(row: Primitive) -> ast.FunctionDef | None:
    """Return the source of a user's kernel, if it is a plain `def` that uses nothing but `math` and the language."""
    function = row.compute
    if not isinstance(function, FunctionType) or function.__closure__ or function.__defaults__:
        return None
    try:
        statement = _Plain().visit(ast.parse(textwrap.dedent(inspect.getsource(function))).body[0])
    except (OSError, SyntaxError):
        return None
    if not isinstance(statement, ast.FunctionDef) or statement.decorator_list:
        return None
    if any(isinstance(each, (ast.Import, ast.ImportFrom, ast.Global)) for each in ast.walk(statement)):
        return None
    unknown = [name for name in _globals_of(ast.unparse(statement)) if not _is_plain(name, function.__globals__)]
    return None if unknown else statement


def _globals_of(text: str) -> set[str]:
    """Return the names that a definition takes from its module, in defaults too."""
    tables = [symtable.symtable(text, "kernel", "exec")]
    found: set[str] = set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        symbols = [symbol for symbol in table.get_symbols() if symbol.is_global() and not symbol.is_assigned()]
        found |= {symbol.get_name() for symbol in symbols}
    return found


def _is_plain(name: str, names: dict[str, Any]) -> bool:
    return names.get(name) is math if name == "math" else name not in names and hasattr(builtins, name)


class _Helpers:
    """The functions that a program needs: kernels with what they use, and kernels of users' own rows."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._own: dict[str, ast.FunctionDef] = {}
        self._forms: dict[int, Form | None] = {}

    def form(self, row: Primitive) -> Form | None:
        """Return how a row is written; None for one whose kernel has to be traced."""
        if row.code not in self._forms:
            self._forms[row.code] = self._found(row)
        return self._forms[row.code]

    def use(self, name: str) -> str:
        """Note that a kernel is needed, and what it uses; return its name."""
        waiting = [name]
        while waiting:
            each = waiting.pop()
            if each not in self._used:
                self._used.add(each)
                waiting += _needed_by(each)
        return name

    def text(self) -> list[str]:
        """Return the lines of the definitions: constants, then functions in the order of their module."""
        found = {id(each): each for name, each in _statements().items() if name in self._used}
        constants = [ast.unparse(each) for each in found.values() if not isinstance(each, ast.FunctionDef)]
        functions = [each for each in (*found.values(), *self._own.values()) if isinstance(each, ast.FunctionDef)]
        blocks = ["\n".join(constants)] * bool(constants) + [ast.unparse(each) for each in functions]
        return list(itertools.chain.from_iterable((block, "", "") for block in blocks))

    def _found(self, row: Primitive) -> Form | None:
        if is_own(row) and row.name in FORMS:
            return FORMS[row.name]
        name = _kernel_names().get(id(row.compute))
        if name is not None:
            return KERNEL_FORMS.get(name) or _kernel(name)
        name = getattr(row.compute, "__name__", "")
        if getattr(math, name, None) is row.compute:
            return _function_of_math(name)
        if is_own(row):
            return None
        definition = _own_definition(row)
        return None if definition is None else self._adopted(row, definition)

    def _adopted(self, row: Primitive, definition: ast.FunctionDef) -> Form:
        """Take a user's kernel over under a name that no label can become, for these do not begin with `_`."""
        stem = f"_{_identifier(row.name) or 'function'}"
        names = itertools.chain([stem], (f"{stem}_{k}" for k in itertools.count(2)))
        name = next(each for each in names if each not in self._own and each not in _statements())
        definition.name = name
        self._own[name] = definition
        return lambda parts, _use: _called(name, parts)


# -- symbols instead of numbers --------------------------------------------------------------------------------------


class _Symbol(Operators[Any]):
    """What stands for a number while a function is traced: a place in a trace."""

    __slots__ = ("place", "trace")

    def __init__(self, trace: _Trace, place: int) -> None:
        self.trace = trace
        self.place = place

    def __bool__(self) -> bool:
        raise TypeError("it asks for the truth of a number: where(condition, a, b) chooses without `if`")

    def __eq__(self, other: object) -> bool:
        raise TypeError("it compares numbers: less(x, y), equal(x, y) and so on are 1.0 or 0.0")

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def __primitive__(cls, primitive: Primitive, arguments: Sequence[Any]) -> Any:
        trace: _Trace = next(argument.trace for argument in arguments if isinstance(argument, cls))
        return trace.applied(primitive, arguments)


class _Part(NamedTuple):
    """One step of a trace: a row's form and the places of its operands; a name or a number has no form."""

    form: Form | None
    operands: tuple[int, ...]
    text: _Text | None


class _Trace:
    """What happened to some symbols: a list of parts, each different from the others.

    Args:
        helpers: what takes down the functions that are used.
        simplified: whether to leave out what changes nothing about finite numbers.
    """

    def __init__(self, helpers: _Helpers, simplified: bool) -> None:
        self._helpers = helpers
        self._simplified = simplified
        self._parts: list[_Part] = []
        self._known: dict[Any, int] = {}

    def variable(self, name: str) -> _Symbol:
        """Return the symbol of a name."""
        return _Symbol(self, self._entered(name, _Part(None, (), _Text(name, ATOM))))

    def applied(self, row: Primitive, arguments: Sequence[Any]) -> Any:
        """Return the symbol of a row applied to symbols and numbers; a number where it is one."""
        arguments = [_number_or_symbol(argument) for argument in arguments]
        simple = _simple(row, arguments) if self._simplified else None
        if simple is not None:
            return simple
        form = self._helpers.form(row)
        if form is None:
            return self._expanded(row, arguments)
        places = tuple(map(self._place, arguments))
        return _Symbol(self, self._entered((row.code, places), _Part(form, places, None)))

    def written(self, results: Sequence[Any]) -> tuple[list[str], list[_Text]]:
        """Return the results as text, and the lines to stand before it: what is used twice or would be long."""
        roots = list(map(self._place, results))
        uses = Counter(roots)
        for place in reversed(range(len(self._parts))):
            if uses[place]:
                uses.update(self._parts[place].operands)
        lines: list[str] = []
        texts: list[Any] = []
        for place, part in enumerate(self._parts):
            text = part.text
            if part.form is not None and uses[place]:
                text = part.form([texts[at] for at in part.operands], self._helpers.use)
                if uses[place] > 1 or (len(text.text) > MOST_INLINE and place not in roots):
                    lines.append(f"{{part}}{len(lines) + 1} = {text.text}")
                    text = _Text(f"{{part}}{len(lines)}", ATOM)
            texts.append(text)
        return lines, [texts[place] for place in roots]

    def _entered(self, key: Any, part: _Part) -> int:
        place = self._known.setdefault(key, len(self._parts))
        if place == len(self._parts):
            self._parts.append(part)
        return place

    def _place(self, argument: Any) -> int:
        if isinstance(argument, _Symbol):
            return argument.place
        constant = _literal(number(argument))
        return self._entered(("number", constant.text), _Part(None, (), constant))

    def _expanded(self, row: Primitive, arguments: Sequence[Any]) -> Any:
        compute = EQUIVALENTS.get(row.name, row.compute) if is_own(row) else row.compute
        try:
            return _number_or_symbol(compute(*arguments))
        except Exception as error:
            raise _unwritable(row, "kernel", error) from error


def _number_or_symbol(argument: Any) -> Any:
    if isinstance(argument, _Symbol):
        return argument
    return float(argument) if type(argument) is bool else number(argument)


def _unwritable(row: Primitive, which: str, error: Exception) -> ValueError:
    return ValueError(
        f"the primitive {row.name!r} cannot be written as text, because its {which} is neither made of operators and "
        f"primitives nor a plain `def` that uses only `math` ({error}): write it so, or compile the tape for arrays "
        "instead"
    )


def _simple(row: Primitive, arguments: Sequence[Any]) -> Any:
    """Return what a row's result equals for finite numbers, where that is simpler; else None."""
    if row is primitives.flat:
        return 0.0
    if row is primitives.where and not isinstance(arguments[0], _Symbol):
        return arguments[1] if arguments[0] else arguments[2]
    if row.code in (primitives.add.code, primitives.mul.code):
        return _simple_either_way(row, arguments)
    if row in (primitives.sub, primitives.div) and not isinstance(arguments[0], _Symbol) and arguments[0] == 0.0:
        return -arguments[1] if row is primitives.sub else 0.0
    if row in (primitives.sub, primitives.div) and not isinstance(arguments[1], _Symbol):
        return arguments[0] if arguments[1] == (0.0 if row is primitives.sub else 1.0) else None
    return None


def _simple_either_way(row: Primitive, arguments: Sequence[Any]) -> Any:
    left, right = arguments
    constant, other = (right, left) if isinstance(left, _Symbol) else (left, right)
    if isinstance(constant, _Symbol):
        return None
    if row is primitives.add:
        return other if constant == 0.0 else None
    if constant == 0.0:
        return 0.0
    return other if constant == 1.0 else -other if constant == -1.0 else None


# -- nodes as templates ----------------------------------------------------------------------------------------------


Pattern = tuple[int | str, ...]
"""The operands of a node: the first position of each variable, the text of each constant."""


class _Template(NamedTuple):
    """Lines and expressions in which `{0}`, `{1}` stand for the operands, `{y}` for the result."""

    lines: tuple[str, ...]
    texts: tuple[tuple[int, _Text], ...]


def _pattern(node: Node) -> Pattern:
    first: dict[int, int] = {}
    pairs = zip(*edges(node))
    return tuple(repr(slope) if at < 0 else first.setdefault(at, k) for k, (at, slope) in enumerate(pairs))


class _Templates:
    """How nodes are written, each kind of node once: a row with a pattern of operands."""

    def __init__(self, helpers: _Helpers) -> None:
        self._helpers = helpers
        self._values: dict[tuple[int, Pattern], _Template] = {}
        self._slopes: dict[tuple[int, Pattern], _Template] = {}

    def value(self, code: int, pattern: Pattern) -> _Template:
        """Return how the value of a node is written."""
        key = (code, pattern)
        if key not in self._values:
            trace = _Trace(self._helpers, simplified=False)
            result = trace.applied(primitives.by_code(code), _arguments(trace, pattern))
            lines, texts = trace.written([result])
            self._values[key] = _Template(tuple(lines), ((0, texts[0]),))
        return self._values[key]

    def slopes(self, code: int, pattern: Pattern) -> _Template:
        """Return how the slopes of a node in its variable operands are written, those that are 0 left out."""
        key = (code, pattern)
        if key not in self._slopes:
            row = primitives.by_code(code)
            trace = _Trace(self._helpers, simplified=True)
            wanted = [k for k, each in enumerate(pattern) if isinstance(each, int)]
            slopes = _traced_slopes(row, trace.variable("{y}"), _arguments(trace, pattern), wanted)
            felt = [k for k in wanted if isinstance(slopes[k], _Symbol) or slopes[k] != 0.0]
            lines, texts = trace.written([slopes[k] for k in felt])
            self._slopes[key] = _Template(tuple(lines), tuple(zip(felt, texts)))
        return self._slopes[key]


def _arguments(trace: _Trace, pattern: Pattern) -> list[Any]:
    return [trace.variable(f"{{{each}}}") if isinstance(each, int) else float(each) for each in pattern]


def _traced_slopes(row: Primitive, output: _Symbol, arguments: Sequence[Any], wanted: Sequence[int]) -> dict[int, Any]:
    try:
        try:
            slopes = _partials(row, output, arguments, wanted)
        except (ZeroDivisionError, OverflowError):  # of constants
            exact = [argument if isinstance(argument, _Symbol) else Ieee(argument) for argument in arguments]
            slopes = _partials(row, output, exact, wanted)
        return {k: _number_or_symbol(slope) for k, slope in slopes.items()}
    except Exception as error:
        raise _unwritable(row, "partial", error) from error


def _partials(row: Primitive, output: Any, arguments: Sequence[Any], wanted: Sequence[int]) -> dict[int, Any]:
    if isinstance(row, ManyPrimitive):
        slopes = row.all_partials(output, *arguments)
        return {k: slopes[k] for k in wanted}
    return {k: row.partials[k](output, *arguments) for k in wanted}


# -- names -----------------------------------------------------------------------------------------------------------


@cache
def _reserved() -> frozenset[str]:
    """Return the names that a label cannot become: words and names of the language, kernels, those of the program."""
    words = {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "math", "leaves", "value", "value_and_grad"}
    return frozenset(words | _statements().keys())


def _identifier(label: str | None) -> str:
    """Return a label as a name, as Python reads it: `w[0]` as w_0; '' where it cannot be one."""
    if not label or len(label) > MOST_TITLE:
        return ""
    name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", label)).strip("_")
    return name if name.isidentifier() else ""


class _Names:
    """The names of a program: labels where they can be names and no other line has the same, else short names."""

    def __init__(self, labels: Sequence[str | None]) -> None:
        wanted = [_identifier(label) for label in labels]
        counts = Counter(wanted)
        taken = {name for name in wanted if name and counts[name] == 1 and name not in _reserved()}
        short = _free(("v", "node", "_v"), taken)
        self.values = [name if name in taken else f"{short}{k}" for k, name in enumerate(wanted)]
        self.part = _free(("part", "piece", "_part"), taken)
        prefixes = ("d_", "adjoint_", "_d_")
        self._prefix = next(each for each in prefixes if not any(name.startswith(each) for name in taken))
        self._labels = labels

    def adjoint(self, index: int) -> str:
        """Return the name of a line's adjoint."""
        return self._prefix + self.values[index]

    def comment(self, index: int) -> str:
        """Return the label as a comment, where the name does not say it."""
        label = self._labels[index]
        return "" if not label or label == self.values[index] else f"  # {_shown(label)}"

    def line(self, index: int) -> str:
        """Return the name, and the label where that is another, as text of a docstring."""
        label = self._labels[index]
        return self.values[index] + (f" ({_quoted(label)})" if label and label != self.values[index] else "")


def _free(prefixes: Sequence[str], taken: Iterable[str]) -> str:
    """Return the first prefix that, with a number, makes none of the names taken."""
    pairs = {re.sub(r"\d+$", "", name) for name in taken if name[-1].isdecimal()}
    return next(each for each in prefixes if each not in pairs)


def _shown(text: str) -> str:
    """Return any text as what can stand in a comment."""
    return printable(text if len(text) <= MOST_TITLE else text[: MOST_TITLE - 3] + "...")


def _quoted(text: str) -> str:
    """Return any text as what can stand in a docstring."""
    return _shown(text).replace("\\", "\\\\").replace('"', '\\"')


# -- the program -----------------------------------------------------------------------------------------------------


class _Program:
    """The text of a pruned tape.

    Args:
        tape: a pruned tape that is not empty.
        arguments: keys of the leaves on it, in the order of the arguments; each version of a leaf has its own. None
            stands for an input of a transform.
    """

    def __init__(self, tape: Tape, arguments: Sequence[int | None]) -> None:
        self._tape = tape
        self._nodes: list[Node] = list(tape.nodes)
        assert tape.outputs is not None
        self._outputs = tape.outputs
        inputs = (k for k, node in enumerate(self._nodes) if node[0] < 0 and k not in tape.leaves)
        of_key = {key: k for k, (_, key) in tape.leaves.items()}
        self._leaves = [next(inputs) if key is None else of_key[key] for key in arguments]
        labels = [tape.leaves[k][0].label if k in tape.leaves else tape.labels.get(k) for k in range(len(tape))]
        self._names = _Names(labels)
        self._helpers = _Helpers()
        self._templates = _Templates(self._helpers)

    def text(self) -> str:
        """Return the whole module."""
        forward = list(self._forward())
        reverse, gradient = self._reverse()
        functions = [
            *[*self._head("value"), *forward, f"    return {self._result()}", "", ""],
            *[*self._head("value_and_grad"), *forward, *reverse],
            *self._wrapped(f"return {self._result()}, (", gradient, ")"),
        ]
        return "\n".join([self._docstring(), "", "import math", "", "", *self._helpers.text(), *functions, ""])

    # -- its head ----------------------------------------------------------------------------------------------------

    def _docstring(self) -> str:
        names = [self._names.line(k) for k in self._leaves]
        leaves = [f"    {name}: {self._nodes[k][1]!r}" for k, name in zip(self._leaves, names)]
        several = ", in one sequence" if self._in_sequence else ""
        outputs = ", ".join(self._names.line(k) for k in self._outputs)
        last = self._names.line(self._outputs[-1])
        return "\n".join(
            [
                f'"""{self._title()}',
                "",
                f"Arguments{several}, with the numbers they were recorded with:",
                *leaves,
                "",
                f"`value` returns {outputs}; `value_and_grad` returns the same,",
                f"and the derivatives of {last} in the arguments, in their order.",
                '"""',
            ]
        )

    def _title(self) -> str:
        name = self._names.values[self._outputs[-1]]
        written = _formula_of(self._tape) if len(self._outputs) == 1 else ""
        if written and written != name:
            return f"{name} = {_quoted(written)}, and its gradient."
        count = len(self._nodes) - len(self._leaves)
        computing = "operation computes" if count == 1 else "operations compute"
        return f"What {count:,} recorded {computing}, and a gradient."

    @property
    def _in_sequence(self) -> bool:
        return len(self._leaves) > MOST_ARGUMENTS

    def _head(self, name: str) -> list[str]:
        names = [self._names.values[k] for k in self._leaves]
        if self._in_sequence:
            return [f"def {name}(leaves):", *self._wrapped("(", names, ") = map(float, leaves)")]
        floats = ", ".join(f"float({each})" for each in names)
        return [f"def {name}({', '.join(names)}):", f"    {', '.join(names)} = {floats}"]

    def _result(self) -> str:
        names = [self._names.values[k] for k in self._outputs]
        return names[0] if len(names) == 1 else f"({', '.join(names)})"

    def _wrapped(self, opening: str, entries: Sequence[str], closing: str) -> list[str]:
        """Return entries between brackets as one line of the body, or as several."""
        comma = "," if len(entries) == 1 else ""
        line = f"    {opening}{', '.join(entries)}{comma}{closing}"
        if len(line) <= WIDTH and len(entries) <= MOST_ARGUMENTS:
            return [line]
        lines = [""]
        for entry in entries:
            if lines[-1] and len(lines[-1]) + len(entry) > WIDTH - 10:
                lines.append("")
            lines[-1] += f" {entry}," if lines[-1] else f"        {entry},"
        return [f"    {opening}", *lines, f"    {closing}"]

    # -- its body ----------------------------------------------------------------------------------------------------

    def _forward(self) -> Iterator[str]:
        scopes = dict(self._tape.scopes)
        guards = self._guards()
        yield "    # forward"
        for index, node in enumerate(self._nodes):
            yield from guards.get(index, ())
            if index in scopes:
                yield f"    # {_shown(' / '.join(scopes[index]) or 'outside')}"
            if node[0] >= 0:
                template = self._templates.value(node[0], _pattern(node))
                texts = [*template.lines, f"{{y}} = {template.texts[0][1].text}"]
                yield from (f"    {line}" for line in self._filled(texts[:-1], index))
                yield f"    {self._filled(texts[-1:], index)[0]}{self._names.comment(index)}"
        yield from guards.get(len(self._nodes), ())

    def _filled(self, texts: Iterable[str], index: int) -> list[str]:
        """Return the texts of a template with the names of a node."""
        values = self._names.values
        names = [values[at] if at >= 0 else "" for at in edges(self._nodes[index])[0]]
        return [text.format(*names, y=values[index], part=self._names.part) for text in texts]

    def _reverse(self) -> tuple[list[str], list[str]]:
        """Return the lines of the sweep, and the gradient: the adjoints of the leaves."""
        start = root(self._tape)
        reached = {start}
        lines = ["    # reverse", f"    {self._names.adjoint(start)} = 1.0"]
        for index in range(start, -1, -1):
            if index in reached and self._nodes[index][0] >= 0:
                lines += self._shares(index, reached)
        return lines, [self._names.adjoint(k) if k in reached else "0.0" for k in self._leaves]

    def _shares(self, index: int, reached: set[int]) -> Iterator[str]:
        """Yield the lines that send a node's adjoint on: to the right one of two operands first, as a sweep does."""
        node = self._nodes[index]
        places = edges(node)[0]
        template = self._templates.slopes(node[0], _pattern(node))
        yield from self._filled((f"    {line}" for line in template.lines), index)
        factors = self._filled((_factor(text) for _, text in template.texts), index)
        shares = list(zip(template.texts, factors))
        for (position, _), factor in shares if len(node) == 5 else reversed(shares):
            at = places[position]
            yield f"    {self._names.adjoint(at)} {_sent(self._names.adjoint(index), factor, at in reached)}"
            reached.add(at)

    def _guards(self) -> dict[int, list[str]]:
        """Return the checks that the branches taken would be taken again, by the line that they stand before."""
        found: dict[int, list[str]] = {}
        for index, code, places, numbers, outcome, source in self._tape.guards:
            sides = [
                _Text(self._names.values[at], ATOM) if at >= 0 else _literal(side) for at, side in zip(places, numbers)
            ]
            form = self._helpers.form(primitives.by_code(code))
            assert form is not None
            condition = form(sides, self._helpers.use).condition
            message = f"another branch would be taken: {_asked(condition, outcome)}{_line_of(source)}"
            asked = f"not {condition}" if outcome else condition
            found.setdefault(min(index, len(self._nodes)), []).extend(
                [f"    if {asked}:", f"        raise ValueError({message!r})"]
            )
        return found


def _factor(text: _Text) -> str:
    return _held(text, SIGN)


def _sent(adjoint: str, factor: str, again: bool) -> str:
    """Return what is done to an operand's adjoint: the first share is the adjoint, the others are added."""
    if factor == "1.0":
        return f"{'+=' if again else '='} {adjoint}"
    if factor == "-1.0":
        return f"-= {adjoint}" if again else f"= -{adjoint}"
    return f"{'+=' if again else '='} {adjoint} * {factor}"


def _asked(condition: str, outcome: bool) -> str:
    return f"{condition} was {'true' if outcome else 'false'} when this was recorded"


def _line_of(source: tuple[str, int] | None) -> str:
    """Return where a branch was taken: file, line, and what it says."""
    if source is None:
        return ""
    text = linecache.getline(*source).strip()
    return f" ({source[0]}, line {source[1]}{': ' if text else ''}{text})"


def _formula_of(tape: Tape) -> str:
    """Return the formula of a small tape, if it is short; else ''."""
    from autograd.show.formula import formula

    if len(tape) > MOST_TITLE:
        return ""
    try:
        text = formula(tape)
    except ValueError:
        return ""
    return text if len(text) <= MOST_TITLE else ""
