"""A second oracle for random programs: their functions, run by JAX in float64, which knows nothing of this engine.

`python -m tests.programs --oracle jax --count 1000`, where JAX is installed, compares the value and the gradient of
every function that takes nothing from outside: branches, loops, early ends and derivatives of derivatives, too. JAX
rounds otherwise, and its functions are a few ulp off; the bound is what `tests.shadow` allows a replay, times `SLACK`.
What JAX has no function for, where JAX gives nan, and where a comparison is so close that rounding may decide it, is
counted and not compared.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy import special

from tests.peers.accuracy import MANY, Jax
from tests.shadow import World

jax.config.update("jax_enable_x64", True)

SLACK = 100.0
AGREES, IS_NAN, DIFFERS, CLOSE, UNKNOWN = (
    "agrees",
    "JAX gives nan",
    "differs",
    "a comparison is too close",
    "row unknown",
)


def several(f: Any) -> Any:
    """Return a function of an array as one of separate operands or of a list, as ours take them."""

    def function(*operands: Any) -> Any:
        listed = operands[0] if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else operands
        return f(jnp.stack([jnp.asarray(each, dtype=jnp.float64) for each in listed]))

    return function


def dot(ws: Sequence[Any], xs: Sequence[Any]) -> Any:
    return sum((w * x for w, x in zip(ws, xs, strict=True)), 0.0)


def truth(f: Any) -> Any:
    """Return a comparison as 1.0 and 0.0."""
    return lambda x, y: jnp.where(f(x, y), 1.0, 0.0)


def positive(x: Any) -> Any:
    return jnp.where(x > 0.0, x, 0.0)


COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
ROWS: dict[str, Any] = {name: row for name, row in Jax().table().items() if name not in MANY}
ROWS |= {name: truth(getattr(jnp, name)) for name in COMPARISONS}
ROWS |= {
    "add": jnp.add,
    "sub": jnp.subtract,
    "mul": jnp.multiply,
    "div": jnp.divide,
    "neg": jnp.negative,
    "pos": jnp.positive,
    "pow": jnp.power,
    "floordiv": jnp.floor_divide,
    "mod": jnp.mod,
    "log": lambda x, base=math.e: jnp.log(x) if base == math.e else jnp.log(x) / jnp.log(base),
    "gelu": lambda x: x * special.ndtr(x),
    "gaussian": lambda a, x, c: a * jnp.exp(-c * x * x),
    "relu": positive,
    "leaky_relu": lambda x, a=0.1: jnp.where(x > 0.0, x, a * x),
    "elu": lambda x, a=1.0: jnp.where(x > 0.0, x, a * jnp.expm1(jnp.where(x > 0.0, 0.0, x))),
    "flat": lambda x: 0.0 * x,
    "step": lambda x: jnp.where(x > 0.0, 1.0, 0.0),
    "where": lambda c, a, b: jnp.where(c, a, b) if jnp.asarray(c).dtype == bool else jnp.where(c != 0.0, a, b),
    "share": jnp.multiply,
    "exp_difference": lambda x, y: jnp.exp(x - y),
    "times_exp": lambda a, x: a * jnp.exp(x),
    "div_slope": lambda x, y: -x / (y * y),
    "pow_slope": lambda x, y: y * x ** (y - 1.0),
    "pow_log": lambda x, y: x**y * jnp.log(x),
    "scalb": lambda x, n: x * 2.0**n,
    "remainder": lambda x, y: x - y * jnp.round(x / y),
    "hypot": several(lambda xs: jnp.sqrt(jnp.sum(xs * xs))),
    "sum": several(jnp.sum),
    "mean": several(jnp.mean),
    "prod": several(jnp.prod),
    "max": several(jnp.max),
    "min": several(jnp.min),
    "logsumexp": several(special.logsumexp),
    "dot": dot,
    "matvec": lambda rows, xs: [dot(row, xs) for row in rows],
    **{name: getattr(jax, name) for name in ("grad", "jvp", "vjp")},
}


def compared(text: str, name: str, arguments: Sequence[float]) -> str:
    """Return what comes of comparing a function, given as text, with JAX's value and gradient."""
    names: dict[str, Any] = {}
    world = World()
    exec(text, names := world.namespace())
    value, bound, gradient = world.eager(names[name], arguments)
    if world.close:
        return CLOSE
    theirs: dict[str, Any] = {**ROWS, "builtins": SimpleNamespace(max=max, abs=abs)}
    exec(text, theirs)
    try:
        by_jax, slopes = jax.value_and_grad(theirs[name], tuple(range(len(arguments))))(*arguments)
    except NameError:
        return UNKNOWN
    pairs = [(value, bound, by_jax), *[(s, b, j) for (s, b), j in zip(gradient, slopes, strict=True)]]
    if any(math.isnan(float(theirs)) for _, _, theirs in pairs):
        return IS_NAN
    size = functools.reduce(max, (abs(ours) for ours, _, _ in pairs))
    off = [abs(ours - float(other)) > SLACK * (bound + 2.0**-52 * size) for ours, bound, other in pairs]
    return DIFFERS if any(off) else AGREES


def examined(programs: Sequence[Any]) -> int:
    """Compare the functions of some programs, print what comes of it, and return how many differ."""
    outcomes = Counter[str]()
    for done, program in enumerate(programs, 1):
        for text, name, arguments in program.functions():
            outcome = compared(text, name, arguments)
            outcomes[outcome] += 1
            if outcome == DIFFERS:
                print(f"differs from JAX at {arguments}:\n{text}", flush=True)
        if done % 100 == 0:
            print(f"{done} programs: {dict(outcomes)}", flush=True)
    print(dict(outcomes))
    return outcomes[DIFFERS]
