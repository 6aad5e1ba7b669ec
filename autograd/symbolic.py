"""The bridge to sympy: a recorded computation as a formula, and its symbolic gradient.

One map says for every row of the table what it is in sympy. A formula is what was recorded: a branch taken by `if` is
taken in the formula, only `where` keeps both sides. sympy itself works by recursion, so that a formula has a largest
size; it is imported only when one is asked for.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.listing import Line, Operand, lines
from autograd.primitives import Primitive, is_own
from autograd.tape import Tape
from autograd.value import Value

__all__ = ["symbolic_gradient", "to_sympy"]

MOST = 2_000
"""Operations in a formula, written out in full."""

MOST_DEEP = 60
"""Operations within each other: sympy takes several calls for each, and Python allows a thousand."""


def to_sympy(value: Value | Tape) -> Any:
    """Return the formula of a recorded value as a sympy expression.

    Its symbols are real, and called as the leaves are: by their labels, or by short names such as `v0`. Constants that
    are integers or simple fractions are exact, the floats `math.pi` and `math.e` are π and e.

    Args:
        value: a recorded value, or a tape; a raw one is pruned to its last node first.

    Raises:
        ModuleNotFoundError: sympy is not installed; the message says how to install it.
        ValueError: the formula would be too long or too deep, the tape is empty, or a primitive (a user's own) has no
            form in sympy.

    Example:
        >>> from autograd import Value
        >>> w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
        >>> to_sympy(w1**3 * w2 + 3 * w1)
        w1**3*w2 + 3*w1
    """
    return _formula(_checked(value))


def symbolic_gradient(value: Value | Tape) -> dict[Any, Any]:
    """Return the derivative of a recorded value in each of its leaves, as sympy expressions.

    Args:
        value: a recorded value, or a tape; a raw one is pruned to its last node first.

    Returns:
        Symbol -> derivative, in the order of the tape.

    Raises:
        ModuleNotFoundError, ValueError: see `to_sympy`.

    Convention: floor, ceil, round, trunc and comparisons have slope 0, as in the table.

    Example:
        >>> from autograd import Value
        >>> w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
        >>> symbolic_gradient(w1**3 * w2 + 3 * w1)
        {w1: 3*w1**2*w2 + 3, w2: w1**3}
    """
    listed = _checked(value)
    sympy = _sympy()
    flat = _flat_function()
    formula = _formula(listed).replace(sympy.floor, flat)
    symbols = [_symbol(line) for line in listed if line.primitive is None]
    return {symbol: sympy.diff(formula, symbol).replace(flat, sympy.floor) for symbol in symbols}


def _checked(value: Value | Tape) -> list[Line]:
    _sympy()
    listed = lines(value)
    if not listed:
        raise ValueError("there is no formula: the tape is empty")
    sizes: list[int] = []
    depths: list[int] = []
    for line in listed:
        operands = [(k, operand.index) for k, operand in enumerate(line.operands) if operand.index is not None]
        uses = _uses(line)
        sizes.append(1 + sum(uses[k] * sizes[at] for k, at in operands))
        depths.append(max((depths[at] + _deeper(line, listed[at]) for _, at in operands), default=0))
    if sizes[-1] > MOST:
        size = f"{sizes[-1]:,}" if sizes[-1] < 10**15 else "more than 10**15"
        raise ValueError(f"the formula would have {size} operations, {MOST:,} are the most")
    if depths[-1] > MOST_DEEP:
        raise ValueError(f"the formula would be {depths[-1]:,} operations deep, {MOST_DEEP} are the most")
    return listed


def _deeper(line: Line, operand: Line) -> bool:
    """Return whether a line is one level deeper than its operand; sympy writes sums of sums as one sum."""
    sums = ("add", "sub", "neg", "pos", "sum")
    names = [each.primitive.name if each.primitive is not None else "" for each in (line, operand)]
    return any(name not in sums for name in names)


def _uses(line: Line) -> Sequence[int]:
    """Return how often each operand stands in the form of a line: that of relu has its operand twice."""
    if line.primitive is None:
        return ()
    count = len(line.operands)
    if count > 3:  # many-operand rows
        return (2,) * count if line.primitive.name in ("max", "min") else (1,) * count
    return _occurrences(_form(line.primitive), count)


@functools.cache
def _occurrences(form: Callable[..., Any], count: int) -> tuple[int, ...]:
    sympy = _sympy()
    arguments = [sympy.Dummy(real=True) for _ in range(count)]
    parts = list(sympy.preorder_traversal(form(*arguments)))
    return tuple(max(1, parts.count(argument)) for argument in arguments)


def _formula(listed: Sequence[Line]) -> Any:
    found: list[Any] = []
    for line in listed:
        arguments = [_argument(operand, found) for operand in line.operands]
        found.append(_symbol(line) if line.primitive is None else _form(line.primitive)(*arguments))
    return found[-1]


def _form(row: Primitive) -> Callable[..., Any]:
    form = _forms().get(row.name) if is_own(row) else None
    if form is None:
        raise ValueError(f"the primitive {row.name!r} has no form in sympy")
    return form


def _symbol(line: Line) -> Any:
    return _sympy().Symbol(line.name, real=True)


def _argument(operand: Operand, found: Sequence[Any]) -> Any:
    return _exact(operand.primal) if operand.index is None else found[operand.index]


def _exact(number: float) -> Any:
    """Return a constant as a sympy number: exact where it is simple, else the float."""
    sympy = _sympy()
    for known, constant in ((math.pi, sympy.pi), (math.e, sympy.E), (math.inf, sympy.oo), (-math.inf, -sympy.oo)):
        if number == known:
            return constant
    if math.isnan(number):
        return sympy.nan
    numerator, denominator = number.as_integer_ratio()
    return sympy.Rational(numerator, denominator) if denominator <= 1024 else sympy.Float(number)


@functools.cache
def _sympy() -> Any:
    try:
        import sympy  # pyright: ignore[reportMissingTypeStubs] # it ships none
    except ModuleNotFoundError as error:
        if error.name != "sympy":
            raise
        raise ModuleNotFoundError(
            'formulas need sympy, which is not installed: pip install "tapegrad[symbolic]"', name="sympy"
        ) from None
    return sympy


@functools.cache
def _flat_function() -> Any:
    """Return what stands for `floor` while sympy differentiates: it leaves the derivative undone, here it is 0."""

    def fdiff(*_: Any) -> Any:
        return _sympy().Integer(0)

    return type("flat", (_sympy().Function,), {"fdiff": fdiff})


@functools.cache
def _choices() -> Any:
    """Return sympy's Piecewise without its simplification, which takes minutes for a small network of relu."""
    sympy = _sympy()
    pair = sympy.functions.elementary.piecewise.ExprCondPair

    def make(kind: Any, *pairs: Any, **_: Any) -> Any:
        parts: list[Any] = []
        for expression, condition in pairs:
            if condition != sympy.false:
                parts.append(sympy.Tuple.__new__(pair, sympy.sympify(expression), sympy.sympify(condition)))
            if condition == sympy.true:
                break
        if parts and parts[0].args[1] == sympy.true:
            return parts[0].args[0]
        return sympy.Basic.__new__(kind, *parts)

    return type("Piecewise", (sympy.Piecewise,), {"__new__": make})


def _choice(*pairs: Any) -> Any:
    return _choices()(*pairs)


def _over(x: Any, y: Any) -> Any:
    return _sympy().Gt(x, y, evaluate=False)


def _not_under(x: Any, y: Any) -> Any:
    return _sympy().Ge(x, y, evaluate=False)


# -- the map ---------------------------------------------------------------------------------------------------------


@functools.cache
def _forms() -> dict[str, Callable[..., Any]]:
    """Return row name -> the function that gives its sympy form."""
    sympy = _sympy()
    return {
        **_arithmetic(sympy),
        **_elementary(sympy),
        **_piecewise(sympy),
        **_comparisons(sympy),
        **_activations(sympy),
        **_of_many(sympy),
        **_in_partials(sympy),
    }


def _arithmetic(sympy: Any) -> dict[str, Callable[..., Any]]:
    return {
        "add": lambda x, y: x + y,
        "sub": lambda x, y: x - y,
        "mul": lambda x, y: x * y,
        "div": lambda x, y: x / y,
        "neg": lambda x: -x,
        "pos": lambda x: x,
        "pow": lambda x, y: x**y,
        "share": lambda x, y: x * y,
        "square": lambda x: x**2,
        "reciprocal": lambda x: 1 / x,
        "abs": sympy.Abs,
        "floordiv": lambda x, y: sympy.floor(x / y),
        "mod": lambda x, y: x - y * sympy.floor(x / y),
        "fmod": lambda x, y: x - y * _trunc(sympy, x / y),
        "remainder": lambda x, y: x - y * _round(sympy, x / y),
    }


def _elementary(sympy: Any) -> dict[str, Callable[..., Any]]:
    same = "exp log sin cos tan cot sec csc asin acos atan atan2 sinh cosh tanh asinh acosh atanh sinc erf erfc sqrt"
    return {
        **{name: getattr(sympy, name) for name in same.split()},
        "exp2": lambda x: 2**x,
        "expm1": lambda x: sympy.exp(x) - 1,
        "log2": lambda x: sympy.log(x) / sympy.log(2),
        "log10": lambda x: sympy.log(x) / sympy.log(10),
        "log1p": lambda x: sympy.log(1 + x),
        "logbase": lambda x, base: sympy.log(x) / sympy.log(base),
        "cbrt": lambda x: _sign(x) * sympy.Abs(x) ** sympy.Rational(1, 3),
        "logit": lambda x: sympy.log(x / (1 - x)),
        "degrees": lambda x: x * 180 / sympy.pi,
        "radians": lambda x: x * sympy.pi / 180,
        "logaddexp": lambda x, y: sympy.log(sympy.exp(x) + sympy.exp(y)),
    }


def _piecewise(sympy: Any) -> dict[str, Callable[..., Any]]:
    return {
        "step": lambda x: _choice((1, _over(x, 0)), (0, True)),
        "sign": _sign,
        "floor": sympy.floor,
        "ceil": lambda x: -sympy.floor(-x),
        "trunc": lambda x: _trunc(sympy, x),
        "round": lambda x: _round(sympy, x),
        "round_to": lambda x, digits: _round(sympy, x * 10 ** sympy.floor(digits)) / 10 ** sympy.floor(digits),
        "flat": lambda x: 0 * x,
        "copysign": lambda x, y: sympy.Abs(x) * _choice((1, _not_under(y, 0)), (-1, True)),
        "clip": _clip,
        "where": lambda condition, x, y: _choice((x, _truth(sympy, condition)), (y, True)),
    }


def _clip(x: Any, low: Any, high: Any) -> Any:
    """Return min(max(x, low), high); the bounds may be the wrong way round."""
    pieces = [(low, _over(low, x)), (high, _over(x, high)), (x, True)]
    wrong_way_round = low > high
    return _choice(*pieces) if wrong_way_round == False else _choice((high, wrong_way_round), *pieces)  # noqa: E712


def _comparisons(sympy: Any) -> dict[str, Callable[..., Any]]:
    relations = {
        "equal": sympy.Eq,
        "not_equal": sympy.Ne,
        "less": sympy.Lt,
        "less_equal": sympy.Le,
        "greater": sympy.Gt,
        "greater_equal": sympy.Ge,
    }
    return {name: functools.partial(_outcome, relation) for name, relation in relations.items()}


def _activations(sympy: Any) -> dict[str, Callable[..., Any]]:
    return {
        "sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
        "log_sigmoid": lambda x: -sympy.log(1 + sympy.exp(-x)),
        "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
        "silu": lambda x: x / (1 + sympy.exp(-x)),
        "gelu": lambda x: x * (1 + sympy.erf(x / sympy.sqrt(2))) / 2,
        "relu": lambda x: _choice((x, _over(x, 0)), (0, True)),
        "leaky_relu": lambda x, slope: _choice((x, _over(x, 0)), (slope * x, True)),
        "elu": lambda x, alpha: _choice((x, _over(x, 0)), (alpha * (sympy.exp(x) - 1), True)),
    }


def _of_many(sympy: Any) -> dict[str, Callable[..., Any]]:
    return {
        "sum": sympy.Add,
        "mean": lambda *xs: sympy.Add(*xs) / len(xs),
        "prod": sympy.Mul,
        "max": sympy.Max,
        "min": sympy.Min,
        "hypot": lambda *xs: sympy.sqrt(sympy.Add(*[x**2 for x in xs])),
        "logsumexp": lambda *xs: sympy.log(sympy.Add(*map(sympy.exp, xs))),
        "dot": lambda *xs: sympy.Add(*[x * y for x, y in zip(xs[: len(xs) // 2], xs[len(xs) // 2 :])]),
    }


def _in_partials(sympy: Any) -> dict[str, Callable[..., Any]]:
    """Return the forms of the rows that partials of other rows are made of; gradients of gradients have them."""
    return {
        "div_slope": lambda x, y: -x / y**2,
        "pow_slope": lambda x, y: y * x ** (y - 1),
        "pow_log": lambda x, y: x**y * sympy.log(x),
        "gaussian": lambda a, x, c: a * sympy.exp(-c * x**2),
        "normal_cdf": lambda x: (1 + sympy.erf(x / sympy.sqrt(2))) / 2,
        "bessel_ratio": lambda x, n: sympy.jn(sympy.floor(n), sympy.Abs(x)) / sympy.Abs(x) ** sympy.floor(n),
        "one_minus_square": lambda x: 1 - x**2,
        "sigmoid_slope": lambda x: 1 / ((1 + sympy.exp(-x)) * (1 + sympy.exp(x))),
        "exp_difference": lambda x, y: sympy.exp(x - y),
        "times_exp": lambda a, x: a * sympy.exp(x),
        "scalb": lambda x, n: x * 2**n,
        "binade": lambda *xs: 2 ** -sympy.floor(sympy.log(sympy.Max(*map(sympy.Abs, xs))) / sympy.log(2)),
    }


def _sign(x: Any) -> Any:
    """Return the sign, piecewise: sympy's own has a Dirac delta as its derivative."""
    return _choice((1, _over(x, 0)), (-1, _over(0, x)), (0, True))


def _trunc(sympy: Any, x: Any) -> Any:
    return _choice((sympy.floor(x), _not_under(x, 0)), (-sympy.floor(-x), True))


def _round(sympy: Any, x: Any) -> Any:
    """Return the nearest integer, halves to the even one."""
    half = sympy.Rational(1, 2)
    up = sympy.floor(x + half)
    odd = sympy.Eq(up - 2 * sympy.floor(up / 2), 1)
    return _choice((up - 1, sympy.And(sympy.Eq(up - x, half), odd)), (up, True))


def _outcome(relation: Callable[..., Any], x: Any, y: Any) -> Any:
    return _choice((1, relation(x, y, evaluate=False)), (0, True))


def _truth(sympy: Any, condition: Any) -> Any:
    """Return the relation behind the 1 or 0 that a comparison gives; of another number, whether it is not 0."""
    pairs: Sequence[Any] = condition.args if isinstance(condition, sympy.Piecewise) else ()
    if len(pairs) == 2 and pairs[0].args[0] == 1 and pairs[1].args[0] == 0:
        return pairs[0].args[1]
    return sympy.Ne(condition, 0, evaluate=False)
