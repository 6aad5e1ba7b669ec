"""Scalar automatic differentiation on a tape: write scalar Python, get exact gradients.

    >>> from autograd import Value
    >>> w1, w2 = Value(2.0), Value(3.0)
    >>> g = w1**3 * w2 + 3 * w1
    >>> g.backward()
    >>> w1.grad, w2.grad
    (39.0, 8.0)

This is the whole public vocabulary. `autograd.strategies` (Hypothesis strategies) and `autograd.symbolic` (sympy) are
imported by name, because they need packages that not everybody has. `abs`, `compile`, `divmod`, `max`, `min`, `pow`,
`round` and `sum` are here too, but `from autograd import *` leaves Python's own in place.
"""

from typing import TYPE_CHECKING, Any

from autograd.check import gradcheck
from autograd.diagnosis import non_finite_origin
from autograd.differences import numerical_gradient
from autograd.dual import Dual
from autograd.errors import (
    AutogradError,
    BranchChanged,
    ExpressionError,
    GradientMismatch,
    NonFiniteError,
    StaleTape,
    TooManyPaths,
)
from autograd.linear import matvec
from autograd.naming import name
from autograd.primitives import (
    ManyPrimitive,
    Primitive,
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    ceil,
    clip,
    copysign,
    cos,
    cosh,
    cot,
    csc,
    degrees,
    div,
    dot,
    elu,
    equal,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    floor,
    floordiv,
    fmod,
    gelu,
    greater,
    greater_equal,
    hypot,
    leaky_relu,
    less,
    less_equal,
    log,
    log1p,
    log2,
    log10,
    log_sigmoid,
    logaddexp,
    logbase,
    logit,
    logsumexp,
    mean,
    mod,
    mul,
    neg,
    normal_cdf,
    not_equal,
    pos,
    prod,
    radians,
    reciprocal,
    relu,
    remainder,
    round_to,
    sec,
    sigmoid,
    sign,
    silu,
    sin,
    sinc,
    sinh,
    softmax,
    softplus,
    sqrt,
    square,
    step,
    sub,
    tan,
    tanh,
    trunc,
    where,
)
from autograd.primitives import (
    abs as abs,
)
from autograd.primitives import (
    divmod as divmod,
)
from autograd.primitives import (
    max as max,
)
from autograd.primitives import (
    min as min,
)
from autograd.primitives import (
    pow as pow,
)
from autograd.primitives import (
    round as round,
)
from autograd.primitives import (
    sum as sum,
)
from autograd.recording import no_grad, scope, strict
from autograd.show.render import draw
from autograd.show.stepper import step_through
from autograd.tape import Tape
from autograd.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd.value import Condition, Value

if TYPE_CHECKING:
    from autograd.replay.functions import compile as compile
    from autograd.replay.functions import vectorize

__all__ = [
    "AutogradError",
    "BranchChanged",
    "Condition",
    "Dual",
    "ExpressionError",
    "GradientMismatch",
    "ManyPrimitive",
    "NonFiniteError",
    "Primitive",
    "StaleTape",
    "Tape",
    "TooManyPaths",
    "Value",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "clip",
    "copysign",
    "cos",
    "cosh",
    "cot",
    "csc",
    "degrees",
    "div",
    "dot",
    "draw",
    "elu",
    "equal",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "floor",
    "floordiv",
    "fmod",
    "gelu",
    "grad",
    "gradcheck",
    "greater",
    "greater_equal",
    "hessian",
    "hvp",
    "hypot",
    "jacobian",
    "jvp",
    "leaky_relu",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_sigmoid",
    "logaddexp",
    "logbase",
    "logit",
    "logsumexp",
    "matvec",
    "mean",
    "mod",
    "mul",
    "name",
    "neg",
    "no_grad",
    "non_finite_origin",
    "normal_cdf",
    "not_equal",
    "numerical_gradient",
    "pos",
    "prod",
    "radians",
    "reciprocal",
    "relu",
    "remainder",
    "round_to",
    "scope",
    "sec",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinc",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "square",
    "step",
    "step_through",
    "strict",
    "sub",
    "tan",
    "tanh",
    "trunc",
    "value_and_grad",
    "vectorize",
    "vjp",
    "where",
]


def __getattr__(name: str) -> Any:
    """Return what needs NumPy: it is imported when it is asked for."""
    if name not in ("compile", "vectorize"):
        raise AttributeError(f"module 'autograd' has no attribute {name!r}")
    from autograd.replay import functions

    globals()[name] = found = getattr(functions, name)
    return found


def __dir__() -> list[str]:
    """Return all names, also of what is imported when it is asked for."""
    return sorted({*globals(), *__all__})
