"""The safe parser of typed-in expressions: `w1**3*w2 + 3*w1` as a function of its names.

An expression is read with Python's own grammar and then rebuilt from the table's rows alone: numbers, names, operators,
calls of primitives. There is no `eval`, no attribute, no other call, and what is not understood is refused with one
sentence and a position. Every number is a float from the start, so `9**9**9` is inf at once.

This room evaluates and does not differentiate: whatever the primitives accept (floats, Values, Duals, arrays) goes in,
and the same kind comes out.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import math
import operator
import re
import unicodedata
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from autograd import primitives
from autograd.errors import ExpressionError
from autograd.primitives import TABLE, ManyPrimitive, OneOrTwo, Primitive

__all__ = ["CONSTANTS", "Expression", "parse"]

LONGEST = 20_000
"""Characters in an expression."""

MOST_DIGITS = 400
"""Characters in a number: as many digits as the longest float."""

CONSTANTS = {"pi": math.pi, "e": math.e}
"""Names that have a number unless they are given another one."""

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Mod: "mod",
    ast.FloorDiv: "floordiv",
    ast.Pow: "pow",
    ast.USub: "neg",
    ast.UAdd: "pos",
}

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}

_LATIN = {"×": "*", "·": "*", "⋅": "*", "∗": "*", "−": "-", "–": "-", "÷": "/", "²": "**2", "³": "**3"}

_INFIX = (ast.Attribute, ast.Subscript, ast.IfExp, ast.BoolOp, ast.Compare, ast.Tuple, ast.BinOp)

_USE_WHERE = "write where(condition, a, b) instead"
_NEST_WHERE = "nest where(condition, a, b) instead"
_REFUSED: dict[type[ast.AST], str] = {
    ast.Attribute: "'.' reaches into something, which an expression cannot do",
    ast.Subscript: "[...] picks out of something, which an expression cannot do",
    ast.IfExp: f"'a if condition else b' is not possible here: {_USE_WHERE}",
    ast.BoolOp: f"'and' and 'or' are not possible here: {_NEST_WHERE}",
    ast.Compare: "a comparison can only be the condition of where(condition, a, b)",
    ast.NamedExpr: "':=' is not possible here: names get their numbers from outside",
    ast.Lambda: "'lambda' is not possible here",
    ast.List: "a list can only be an argument of a function such as sum([...]) or dot([...], [...])",
    ast.Tuple: "a comma can only stand between the arguments of a function",
    ast.Starred: "'*' can only stand between two factors",
}
_REFUSED_OPERATORS: dict[type[ast.AST], str] = {
    ast.BitXor: "write ** for powers, not ^",
    ast.MatMult: "write dot([...], [...]) instead of @",
    ast.Not: "'not' is not possible here: exchange a and b of where(condition, a, b)",
}


class _Step(NamedTuple):
    """One step of the evaluation, in postfix order.

    Attributes:
        function: what is called with the topmost `arity` results; None for a number or a name.
        arity: how many results it takes.
        constant: the number, or the name, where there is no function.
    """

    function: Callable[..., Any] | None
    arity: int
    constant: Any = None


class Expression:
    """A typed-in expression, understood.

    Attributes:
        text: as typed.
        names: the names that need a number, in the order they appear.
        constants: the names that have a number unless they are given another one (`pi`, `e`), in the same order.
    """

    def __init__(self, text: str, steps: Sequence[_Step], places: Mapping[str, int]) -> None:
        self.text = text
        self.names = tuple(name for name in places if name not in CONSTANTS)
        self.constants = tuple(name for name in places if name in CONSTANTS)
        self._steps = tuple(steps)
        self._places = dict(places)

    def __repr__(self) -> str:
        return f"<Expression: {self.text}>"

    def evaluate(self, numbers: Mapping[str, Any]) -> Any:
        """Return the expression's number for given numbers of its names.

        Args:
            numbers: name -> anything the primitives accept: a float, a Value, a Dual, an array.

        Returns:
            What the primitives return for them.

        Raises:
            ExpressionError: a name has no number.

        Example:
            >>> expression = parse("w1**3*w2 + 3*w1")
            >>> expression.names
            ('w1', 'w2')
            >>> expression.evaluate({"w1": 2.0, "w2": 3.0})
            30.0
        """
        stack: list[Any] = []
        for function, arity, constant in self._steps:
            if function is not None:
                start = len(stack) - arity
                arguments = stack[start:]
                del stack[start:]
                stack.append(function(*arguments))
            elif isinstance(constant, str):
                stack.append(self._number(constant, numbers))
            else:
                stack.append(constant)
        return stack[0]

    def position(self, name: str) -> int:
        """Return where a name appears first."""
        return self._places[name]

    def _number(self, name: str, numbers: Mapping[str, Any]) -> Any:
        if name in numbers:
            return numbers[name]
        if name in CONSTANTS:
            return CONSTANTS[name]
        raise ExpressionError(f"{name!r} has no number", self.text, self._places[name])


def parse(text: str) -> Expression:
    """Return what an expression means: numbers, names, + - * / // % **, and calls of primitives.

    `where(x > 0, a, b)` chooses; `sum([x, y])`, `max(x, y)`, `dot([a, b], [c, d])` take many operands; `log(x, 2)` has
    a base; `pi` and `e` are known.

    Args:
        text: as typed.

    Raises:
        ExpressionError: it is not understood; `reason` says why in one sentence, `position` where.

    Example:
        >>> from autograd import Value
        >>> x = Value(0.0)
        >>> y = parse("sin(pi*x) + where(x < 1, 2*x, 0)").evaluate({"x": x})
        >>> y.backward()
        >>> round(x.grad, 6)
        5.141593
        >>> parse("2 + sine(x)")
        Traceback (most recent call last):
            ...
        autograd.errors.ExpressionError: there is no function 'sine': did you mean 'sin'?
    """
    return _Reader(text).read()


class _Reader:
    """Turns one text into postfix steps, without recursion."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.flat = re.sub(r"\s", " ", text)  # one line, every character in its place
        self.indent = len(self.flat) - len(self.flat.lstrip(" "))
        self.encoded = self.flat[self.indent :].encode("utf-8", "surrogatepass")
        self.places: dict[str, int] = {}
        self.steps: list[_Step] = []

    def read(self) -> Expression:
        self._check_characters()
        waiting: list[ast.expr | _Step] = [self._tree()]
        while waiting:
            item = waiting.pop()
            if isinstance(item, _Step):
                self.steps.append(item)
            else:
                waiting += reversed(self._taken_apart(item))
        return Expression(self.text, self.steps, self.places)

    # -- places ------------------------------------------------------------------------------------------------------

    def _place(self, node: ast.AST) -> int:
        offset = getattr(node, "col_offset", 0)
        return self.indent + len(self.encoded[:offset].decode("utf-8", "ignore"))

    def _refusal(self, reason: str, place: ast.AST | int) -> ExpressionError:
        position = place if isinstance(place, int) else self._place(place)
        return ExpressionError(reason, self.text, min(position, len(self.text)))

    # -- text to tree ------------------------------------------------------------------------------------------------

    def _check_characters(self) -> None:
        if not self.flat.strip():
            raise self._refusal("the expression is empty", 0)
        if len(self.flat) > LONGEST:
            raise self._refusal(f"the expression has {len(self.flat):,} characters; {LONGEST:,} are the most", LONGEST)
        for position, character in enumerate(self.flat):
            if character in _LATIN:
                raise self._refusal(f"write {_LATIN[character]} instead of {character}", position)
            if character in "#;\\\"'`" or not (character.isprintable() or character == " "):
                raise self._refusal(f"the character {character!r} has no meaning here", position)
        long = re.search(rf"[0-9_]{{{MOST_DIGITS + 1},}}", self.flat)
        if long:
            raise self._refusal(f"the number has {len(long[0]):,} digits; {MOST_DIGITS} are the most", long.start())

    def _tree(self) -> ast.expr:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(self.flat.lstrip(" "), mode="eval").body
        except SyntaxError as error:
            raise self._explained(error) from None
        except (RecursionError, MemoryError):
            reason = "the expression is nested too deeply: use fewer parentheses, or sum([...]) for many terms"
            raise self._refusal(reason, 0) from None

    def _explained(self, error: SyntaxError) -> ExpressionError:
        """Return what Python's parser found, in words that hold for expressions."""
        said = error.msg or ""
        end = len(self.flat.rstrip(" "))
        position = self.indent + error.offset - 1 if error.offset else end
        if "too many nested" in said:
            return self._refusal("the expression is nested too deeply: too many parentheses", position)
        if "was never closed" in said or "unmatched" in said or "does not match" in said:
            return self._refusal(said.partition(" on line")[0], position)
        if "literal" in said or "decimal" in said:
            reason = "a number runs into what follows it: write 2*x for a product, and no leading zeros"
            return self._refusal(reason, self._number_before(position))
        assignment = re.search(r"(?<![=<>!:])=(?!=)", self.flat)
        if assignment:
            return self._refusal("'=' is not possible here: an expression only computes", assignment.start())
        reserved = re.search(rf"\b({'|'.join(keyword.kwlist)})\b", self.flat)
        if reserved:
            reason = f"{reserved[0]!r} is a word of Python's grammar and cannot be a name"
            return self._refusal(reason, reserved.start())
        return self._misplaced(position, end)

    def _misplaced(self, position: int, end: int) -> ExpressionError:
        if position >= end:
            return self._refusal("the expression ends where a number or a name should follow", end)
        if re.match(r"[\w.]", self.flat[position]) and re.search(r"[\w.)\]] *$", self.flat[:position]):
            return self._refusal("an operator is missing before this", position)
        return self._refusal("a number, a name or an operator is missing or misplaced here", position)

    def _number_before(self, position: int) -> int:
        start = min(position, len(self.flat) - 1)
        while start > 0 and (self.flat[start - 1].isalnum() or self.flat[start - 1] in "._"):
            start -= 1
        return start

    # -- tree to steps -----------------------------------------------------------------------------------------------

    def _taken_apart(self, node: ast.expr) -> list[ast.expr | _Step]:
        """Return the parts of a node in the order of their evaluation, and the step that joins them."""
        if isinstance(node, ast.Constant):
            return [_Step(None, 0, self._constant(node))]
        if isinstance(node, ast.Name):
            self.places.setdefault(node.id, self._place(node))
            self.places[node.id] = min(self.places[node.id], self._place(node))
            return [_Step(None, 0, node.id)]
        if isinstance(node, ast.BinOp):
            return [node.left, node.right, _Step(self._operator(node, node.op), 2)]
        if isinstance(node, ast.UnaryOp):
            return [node.operand, _Step(self._operator(node, node.op), 1)]
        if isinstance(node, ast.Call):
            return self._call(node)
        raise self._refusal(_REFUSED.get(type(node), "this is not possible in an expression"), self._sign_place(node))

    def _constant(self, node: ast.Constant) -> float:
        kind = type(node.value)
        if kind is complex:
            raise self._refusal("complex numbers are not possible here", node)
        if kind is not int and kind is not float:
            word = "..." if node.value is ... else repr(node.value)
            raise self._refusal(f"'{word}' is not a number", node)
        number = primitives.number(node.value)
        if math.isinf(number):
            raise self._refusal("this number is too large for a float", node)
        return number

    def _operator(self, node: ast.expr, kind: ast.AST) -> Primitive:
        name = _OPERATORS.get(type(kind))
        if name is None:
            default = "this operator is not possible here: there are + - * / // % **"
            raise self._refusal(_REFUSED_OPERATORS.get(type(kind), default), self._sign_place(node))
        return primitives.named(name)

    def _sign_place(self, node: ast.AST) -> int:
        """Return where the sign of a node stands, such as its operator: after its first part."""
        first = next(iter(ast.iter_child_nodes(node)), None)
        if isinstance(node, ast.IfExp):
            first = node.body
        if isinstance(node, ast.BoolOp):
            first = node.values[0]
        if not isinstance(node, _INFIX) or not isinstance(first, ast.expr):
            return self._place(node)
        end = first.end_col_offset or 0
        after = self.encoded[end:].decode("utf-8", "ignore")
        return self.indent + len(self.encoded[:end].decode("utf-8", "ignore")) + len(after) - len(after.lstrip(" )"))

    # -- calls -------------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> list[ast.expr | _Step]:
        row = self._row(node)
        if node.keywords:
            raise self._refusal(
                f"arguments of {row.name}() have no names: write the numbers in order", node.keywords[0]
            )
        if isinstance(row, ManyPrimitive):
            return self._call_of_many(node, row)
        self._check_count(node, row)
        parts: list[ast.expr | _Step] = [*node.args]
        if row.takes_condition and isinstance(node.args[0], ast.Compare):
            parts[:1] = self._condition(node.args[0])
        return [*parts, _Step(row, len(node.args))]

    def _row(self, node: ast.Call) -> Primitive:
        if not isinstance(node.func, ast.Name):
            if isinstance(node.func, ast.Attribute):
                raise self._refusal(_REFUSED[ast.Attribute], self._sign_place(node.func))
            raise self._refusal("only a function's name can stand before (...): write 2*(...) for a product", node.func)
        name = node.func.id
        for row in reversed(TABLE):
            if row.name == name:
                return row.of_two() if isinstance(row, OneOrTwo) and len(node.args) == 2 else row
        shown = name if len(name) <= 40 else f"{name[:39]}…"
        raise self._refusal(f"there is no function {shown!r}: {_suggestion(name)}", node.func)

    def _check_count(self, node: ast.Call, row: Primitive) -> None:
        name = ast.unparse(node.func)  # as typed: log(x, 2) is another row than log(x)
        for argument in node.args:
            if isinstance(argument, ast.List):
                raise self._refusal(f"{name}() takes numbers, not a list", argument)
        if not row.arity - len(row.defaults) <= len(node.args) <= row.arity:
            raise self._refusal(f"{name}() takes {row.taken()}, {len(node.args)} given", node)

    def _call_of_many(self, node: ast.Call, row: ManyPrimitive) -> list[ast.expr | _Step]:
        if row.name == "dot":
            return self._call_of_dot(node, row)
        operands = node.args
        if len(operands) == 1 and isinstance(operands[0], ast.List):
            operands = operands[0].elts
        if len(operands) < row.fewest:
            raise self._refusal(f"{row.name}() needs at least {row.fewest} operand{'s' * (row.fewest != 1)}", node)
        return [*operands, _Step(lambda *numbers: row(numbers), len(operands))]

    def _call_of_dot(self, node: ast.Call, row: ManyPrimitive) -> list[ast.expr | _Step]:
        if len(node.args) != 2 or not all(isinstance(argument, ast.List) for argument in node.args):
            raise self._refusal("dot() takes two lists: dot([a, b], [c, d])", node)
        left, right = ([*argument.elts] for argument in node.args if isinstance(argument, ast.List))
        if len(left) != len(right):
            raise self._refusal(f"dot() takes two lists of one length, not {len(left)} and {len(right)}", node)
        half = len(left)
        return [*left, *right, _Step(lambda *numbers: row(numbers[:half], numbers[half:]), 2 * half)]

    def _condition(self, node: ast.Compare) -> list[ast.expr | _Step]:
        if len(node.ops) != 1:
            raise self._refusal("one comparison at a time: nest where(...) for several", node.comparators[0])
        comparison = _COMPARISONS.get(type(node.ops[0]))
        if comparison is None:
            raise self._refusal("comparisons are == != < <= > >=", node)
        return [node.left, node.comparators[0], _Step(comparison, 2)]


def _suggestion(name: str) -> str:
    known = [row.name for row in TABLE]
    usual = {"ln": "log", "arctan2": "atan2", "power": "pow", "lg": "log10", "sgn": "sign", "logistic": "sigmoid"}
    meant = usual.get(name.lower()) or name.lower().replace("arc", "a")
    close = [meant] if meant in known else difflib.get_close_matches(name.lower(), known, 1, 0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"write {name}*(...) for a product" if len(name) <= 2 else "the functions are those of the table"


def normal(name: str) -> str:
    """Return a name as Python's grammar reads it: compatibility characters count as their plain forms."""
    return unicodedata.normalize("NFKC", name)
