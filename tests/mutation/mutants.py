"""Every mutant of a file: what cosmic-ray's operators do to it, less what cannot change how it behaves.

Left out by rule: annotations, docstrings, `if TYPE_CHECKING:`, `__all__`, `@overload`, `@final` and `@_as_typed`;
`examples=` and `smooth_on=` of a row, which say what its tests ask and not what it does; numbers too large for one more
or less to change them; `is` for a comparison, and an order for `is` (whether equal numbers or texts are one object is
the interpreter's business, and types have no order); `==` for `is` beside a class, which equals only itself; and bits
for arithmetic and `~` for `-`, because on floats they always raise, so that killing them says only that the line is
run.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Any, cast

ARITHMETIC = ("Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow")
BITS = ("RShift", "LShift", "BitOr", "BitAnd", "BitXor")
ORDER = ("Eq", "NotEq", "Lt", "LtE", "Gt", "GtE")
OPERATORS = (
    *(f"ReplaceBinaryOperator_{a}_{b}" for kind in (ARITHMETIC, BITS) for a, b in permutations(kind, 2)),
    *(f"ReplaceComparisonOperator_{a}_{b}" for a, b in permutations(ORDER, 2)),
    *(f"ReplaceComparisonOperator_{a}_{b}" for a in ("Is", "IsNot") for b in ("Is", "IsNot", "Eq", "NotEq") if a != b),
    *("ReplaceUnaryOperator_USub_UAdd", "ReplaceUnaryOperator_USub_Not", "ReplaceUnaryOperator_UAdd_USub"),
    *("ReplaceUnaryOperator_Delete_USub", "ReplaceUnaryOperator_Delete_Invert", "ReplaceUnaryOperator_Delete_Not"),
    *("AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ExceptionReplacer", "NumberReplacer"),
    *("RemoveDecorator", "ZeroIterationForLoop"),
)
WITHOUT_EFFECT = {"overload", "final", "_as_typed"}
FOR_TESTS = {"examples", "smooth_on"}
SIGNS = dict(zip((*ARITHMETIC, *BITS), ("+", "-", "*", "/", "//", "%", "**", ">>", "<<", "|", "&", "^")))
CLASS_COMPARISONS = ("ReplaceComparisonOperator_Is_Eq", "ReplaceComparisonOperator_IsNot_NotEq")
CLASS = r"\s*(float|int|bool|str|list|tuple|dict|[A-Z][a-z]\w*)\b"
BLANK = re.compile(r"(?:\s|#.*\n)*")
KINDS = {"ReplaceComparison": "comparison", "NumberReplacer": "number", "ExceptionReplacer": "except_clause"}
KINDS |= dict.fromkeys(("ReplaceTrue", "ReplaceFalse", "ReplaceAnd", "ReplaceOr", "ReplaceBr", "ReplaceCo"), "keyword")
"""The only kind of node that an operator changes, by the beginning of its name; others look at every node."""


@dataclass(frozen=True)
class Mutant:
    """One change of a file: the text from `start` to `end` becomes `text`."""

    file: str
    operator: str
    occurrence: int
    start: int
    end: int
    text: str
    line: int
    function: str
    was: str
    becomes: str

    def source(self, source: str) -> str:
        return source[: self.start] + self.text + source[self.end :]


class Places:
    """Where things are in a source: offsets of positions, what has no effect, and the name of what a line is in."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.lines = source.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.ignored: list[tuple[int, int]] = []
        self.scopes: list[tuple[int, int, str]] = []
        self.pieces: list[tuple[int, int]] = []
        self._visit(ast.parse(source), "")

    def offset(self, line: int, column: int) -> int:
        return self.starts[line - 1] + column

    def scope(self, line: int) -> str:
        inside = [scope for scope in self.scopes if scope[0] <= line <= scope[1]]
        return min(inside, key=lambda scope: scope[1] - scope[0])[2] if inside else "module"

    def piece(self, line: int) -> tuple[int, int]:
        """Return the lines of the shortest statement, header or lambda that a line is in."""
        inside = [piece for piece in self.pieces if piece[0] <= line <= piece[1]]
        return min(inside, key=lambda piece: piece[1] - piece[0], default=(line, line))

    def is_ignored(self, offset: int) -> bool:
        return any(start <= offset < end for start, end in self.ignored)

    def mutant(self, file: str, operator: str, occurrence: int, change: tuple[int, int, str]) -> Mutant:
        """Return a change with the lines that it touches, before and after it."""
        start, end, text = change
        first, last = self.source.rfind("\n", 0, start) + 1, self.source.find("\n", end)
        was = self.source[first:last]
        becomes = self.source[first:start] + text + self.source[end:last]
        line = self.source.count("\n", 0, after_blank(self.source, start, end)) + 1
        was, becomes = " ".join(was.split()), " ".join(becomes.split())
        return Mutant(file, operator, occurrence, start, end, text, line, self.scope(line), was, becomes)

    def _visit(self, node: Any, scope: str) -> None:
        for part in _without_effect(node):
            self._ignore(part)
        name = _name(node, top=not scope)
        if name:
            scope = f"{scope}.{name}" if scope else name
            self.scopes.append((_first_line(node), node.end_lineno, scope))
        if isinstance(node, (ast.stmt, ast.Lambda)):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if isinstance(body, list) else node.end_lineno
            first = _first_line(node)
            self.pieces.append((first, max(first, last or 0)))
        for child in ast.iter_child_nodes(node):
            self._visit(child, scope)

    def _ignore(self, node: Any) -> None:
        start, end = ((node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset))
        first, last = (
            self.offset(line, len(self.lines[line - 1].encode()[:column].decode())) for line, column in (start, end)
        )
        self.ignored.append((first - isinstance(node, ast.expr), last))  # with the @ of a decorator


def after_blank(source: str, start: int, end: int) -> int:
    """Return where the first code between two places begins: comments stand before what they are about."""
    return cast("re.Match[str]", BLANK.match(source, start, end)).end()


def _first_line(node: Any) -> int:
    return min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])


def _name(node: Any, *, top: bool) -> str:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return node.name
    if top and isinstance(node, (ast.Assign, ast.AnnAssign)):
        return ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
    return ""


def _without_effect(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, (ast.AnnAssign, ast.arg)) and node.annotation:
        yield node.annotation
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield from [node.returns] if node.returns else []
        yield from (each for each in node.decorator_list if ast.unparse(each).split(".")[-1] in WITHOUT_EFFECT)
    if isinstance(node, ast.keyword) and node.arg in FOR_TESTS and isinstance(node.value, (ast.List, ast.Dict)):
        yield node.value
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        yield node
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
        yield node
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node


def _saved(node: Any) -> list[tuple[Any, str, Any]]:
    """Return what an operator may change in a node, to put back."""
    children = getattr(node, "children", None)
    if children is None:
        return [(node, "value", node.value)]
    return [(node, "children", list(children)), *(each for child in children for each in _saved(child))]


def _changes(operator: Any, node: Any) -> Iterator[tuple[str, str]]:
    """Yield the code of a node before and after, for each change that an operator can make to it."""
    for index, _ in enumerate(list(operator.mutation_positions(node))):
        saved, before = _saved(node), node.get_code()
        try:
            changed = operator.mutate(node, index)
        except AttributeError:  # cosmic-ray knows no exception of a module, as in `except package.Error`
            continue
        after = "" if changed is None else changed.get_code()
        for owner, name, value in saved:
            setattr(owner, name, value)
        yield before, after


def _trimmed(before: str, after: str) -> tuple[int, int, str]:
    """Return where two texts differ in the first, and what the second has there."""
    shared = min(len(before), len(after))
    head = next((i for i in range(shared) if before[i] != after[i]), shared)
    tail = next((i for i in range(shared - head) if before[-1 - i] != after[-1 - i]), shared - head)
    return head, len(before) - tail, after[head : len(after) - tail]


def _is_the_same_number(before: str, after: str) -> bool:
    try:
        return ast.literal_eval(before.strip()) == ast.literal_eval(after.strip())
    except (ValueError, SyntaxError):
        return False


def _nodes(name: str, every: list[Any]) -> list[Any]:
    """Return the nodes that an operator may change, and others: what it need not look at costs time."""
    if name.startswith("ReplaceBinaryOperator"):
        sign = SIGNS[name.split("_")[1]]
        return [node for node in every if node.type == "operator" and node.value == sign]
    kind = next((kind for beginning, kind in KINDS.items() if name.startswith(beginning)), None)
    return [node for node in every if kind is None or node.type == kind]


def _changes_nothing(name: str, following: str) -> bool:
    """Return whether an operator is the bare `*` or `/` between parameters, or `is` beside a class becomes `==`."""
    if name.startswith("ReplaceBinary"):
        return following.lstrip()[:1] in (",", ")")
    return name in CLASS_COMPARISONS and bool(re.match(CLASS, following))


def mutants(file: str, source: str) -> list[Mutant]:
    """Return every mutant of a source, in the order of its text."""
    import cosmic_ray.plugins
    from cosmic_ray.ast import ast_nodes, get_ast

    places, found = Places(source), []
    every = list(ast_nodes(get_ast(source)))
    for name in OPERATORS:
        operator, occurrence = cosmic_ray.plugins.get_operator(f"core/{name}")(), -1
        for node in _nodes(name, every):
            for before, after in _changes(operator, node):
                occurrence += 1
                head, tail, text = _trimmed(before, after)
                start = places.offset(*node.get_start_pos_of_prefix())
                start, end = start + head, start + tail
                if places.is_ignored(after_blank(source, start, end)) or _is_the_same_number(before, after):
                    continue
                if _changes_nothing(name, source[end:]):
                    continue
                found.append(places.mutant(file, name, occurrence, (start, end, text)))
    return sorted(found, key=lambda mutant: (mutant.start, mutant.operator, mutant.occurrence))


def sample(every: list[Mutant], size: int, seed: int) -> list[Mutant]:
    """Return some mutants by chance; a larger sample begins with the smaller one."""
    order = list(every)
    random.Random(f"{seed} {every[0].file}" if every else "").shuffle(order)
    return order[:size]
