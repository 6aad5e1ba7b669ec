"""What other engines answer at the points at which rows are measured: values and partials, in double precision.

`python tests/peers/accuracy.py jax POINTS ANSWERS`, with `jax`, `torch` or `hips` (HIPS autograd). It needs that engine
and nothing of this project, and runs in an environment of its own: HIPS autograd is imported by our name.
`python -m tests.accuracy --write-points POINTS` writes the points, and `--peers ANSWERS …` reads the answers.

Every row has the engine's own function for it, or else what its documentation says to write; rows that an engine has no
function for are left out.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Table = dict[str, Callable[..., Any]]
MANY = {"sum", "mean", "dot", "prod", "max", "min", "hypot", "logsumexp"}


def of_namespace(xp: Any) -> Table:
    """Return what NumPy's namespace has a function for, as JAX and HIPS autograd offer it."""
    return {
        "add": lambda x, y: x + y,
        "sub": lambda x, y: x - y,
        "mul": lambda x, y: x * y,
        "div": lambda x, y: x / y,
        "neg": lambda x: -x,
        "pos": lambda x: +x,
        "abs": xp.abs,
        "square": xp.square,
        "reciprocal": xp.reciprocal,
        "mod": lambda x, y: x % y,
        "fmod": xp.fmod,
        "floordiv": lambda x, y: x // y,
        "pow": lambda x, y: x**y,
        "exp": xp.exp,
        "exp2": xp.exp2,
        "expm1": xp.expm1,
        "log": xp.log,
        "logbase": lambda x, b: xp.log(x) / xp.log(b),
        "log2": xp.log2,
        "log10": xp.log10,
        "log1p": xp.log1p,
        "sqrt": xp.sqrt,
        "cbrt": xp.cbrt,
        "logaddexp": xp.logaddexp,
        "sin": xp.sin,
        "cos": xp.cos,
        "tan": xp.tan,
        "cot": lambda x: 1.0 / xp.tan(x),
        "sec": lambda x: 1.0 / xp.cos(x),
        "csc": lambda x: 1.0 / xp.sin(x),
        "asin": xp.arcsin,
        "acos": xp.arccos,
        "atan": xp.arctan,
        "atan2": xp.arctan2,
        "sinc": lambda x: xp.sinc(x / xp.pi),
        "degrees": xp.degrees,
        "radians": xp.radians,
        "sinh": xp.sinh,
        "cosh": xp.cosh,
        "tanh": xp.tanh,
        "asinh": xp.arcsinh,
        "acosh": xp.arccosh,
        "atanh": xp.arctanh,
        "sign": xp.sign,
        "floor": xp.floor,
        "ceil": xp.ceil,
        "round": xp.round,
        "trunc": xp.trunc,
        "copysign": xp.copysign,
        "clip": lambda x, low, high: xp.minimum(xp.maximum(x, low), high),
        "where": lambda c, a, b: xp.where(c != 0.0, a, b),
        "sum": lambda *xs: xp.sum(xp.stack(xs), axis=0),
        "mean": lambda *xs: xp.mean(xp.stack(xs), axis=0),
        "dot": lambda *xs: xp.sum(xp.stack(xs[: len(xs) // 2]) * xp.stack(xs[len(xs) // 2 :]), axis=0),
        "prod": lambda *xs: xp.prod(xp.stack(xs), axis=0),
        "max": lambda *xs: xp.max(xp.stack(xs), axis=0),
        "min": lambda *xs: xp.min(xp.stack(xs), axis=0),
        "hypot": lambda *xs: xp.linalg.norm(xp.stack(xs), axis=0),
    }


class Jax:
    """JAX with 64-bit numbers."""

    def __init__(self) -> None:
        import jax

        jax.config.update("jax_enable_x64", True)
        self.jax, self.name = jax, f"JAX {jax.__version__}"

    def table(self) -> Table:
        """Return its functions by row."""
        jax, xp = self.jax, self.jax.numpy
        special = jax.scipy.special
        own = {
            "logsumexp": lambda *xs: special.logsumexp(xp.stack(xs), axis=0),
            "hypot": lambda *xs: xp.hypot(*xs) if len(xs) == 2 else xp.linalg.norm(xp.stack(xs), axis=0),
            "clip": xp.clip,
            "erf": special.erf,
            "erfc": special.erfc,
            "normal_cdf": special.ndtr,
            "logit": special.logit,
            "gelu": lambda x: jax.nn.gelu(x, approximate=False),
            "sigmoid": jax.nn.sigmoid,
            "log_sigmoid": jax.nn.log_sigmoid,
            "softplus": jax.nn.softplus,
            "silu": jax.nn.silu,
            "relu": jax.nn.relu,
            "leaky_relu": jax.nn.leaky_relu,
            "elu": jax.nn.elu,
        }
        return of_namespace(xp) | own

    def answer(self, function: Callable[..., Any], columns: Any) -> list[Any]:
        """Return the values and the partials, an array each."""
        xp = self.jax.numpy
        value, pull = self.jax.vjp(function, *map(xp.asarray, columns))
        return [value, *pull(xp.ones_like(value))]


class Hips:
    """HIPS autograd."""

    def __init__(self) -> None:
        from importlib.metadata import version

        import autograd.numpy

        self.numpy, self.name = autograd.numpy, f"HIPS autograd {version('autograd')}"

    def table(self) -> Table:
        """Return its functions by row."""
        import autograd.scipy.special as special
        import autograd.scipy.stats as stats

        xp: Any = self.numpy
        usual = _lenient(of_namespace, xp)
        own = {
            "logsumexp": lambda *xs: special.logsumexp(xp.stack(xs), axis=0),
            "erf": special.erf,
            "erfc": special.erfc,
            "normal_cdf": stats.norm.cdf,
            "logit": special.logit,
            "gelu": lambda x: x * stats.norm.cdf(x),
            "sigmoid": special.expit,
            "log_sigmoid": lambda x: -xp.logaddexp(0.0, -x),
            "softplus": lambda x: xp.logaddexp(0.0, x),
            "silu": lambda x: x * special.expit(x),
            "relu": lambda x: xp.maximum(x, 0.0),
            "leaky_relu": lambda x, a: xp.where(x > 0.0, x, a * x),
            "elu": lambda x, a: xp.where(x > 0.0, x, a * xp.expm1(x)),
        }
        return usual | own

    def answer(self, function: Callable[..., Any], columns: Any) -> list[Any]:
        """Return the values and the partials, an array each."""
        from autograd import make_vjp

        numpy = self.numpy
        found = [function(*columns)]
        for k in range(len(columns)):

            def of_one(x: Any, k: int = k) -> Any:
                return function(*columns[:k], x, *columns[k + 1 :])

            pull, value = make_vjp(of_one)(columns[k])
            found.append(pull(numpy.ones_like(value)))
        return found


def _lenient(make: Callable[[Any], Table], xp: Any) -> Table:
    """Return the table of a namespace that lacks some names."""

    class Names:
        def __getattr__(self, name: str) -> Any:
            return getattr(xp, name, None)

    return {row: function for row, function in make(Names()).items() if function is not None}


class Torch:
    """PyTorch on the CPU."""

    def __init__(self) -> None:
        import torch

        self.torch, self.name = torch, f"PyTorch {torch.__version__}"

    def table(self) -> Table:
        """Return its functions by row."""
        torch = self.torch
        special, F = torch.special, torch.nn.functional  # noqa: N806 # as its documentation calls it
        same = "abs square reciprocal fmod exp exp2 expm1 log log2 log10 log1p sqrt logaddexp sin cos tan asin acos "
        same += (
            "atan atan2 sinh cosh tanh asinh acosh atanh sign floor ceil round trunc copysign erf erfc logit sigmoid"
        )
        same += " relu"
        own = {
            "add": lambda x, y: x + y,
            "sub": lambda x, y: x - y,
            "mul": lambda x, y: x * y,
            "div": lambda x, y: x / y,
            "neg": lambda x: -x,
            "pos": lambda x: +x,
            "mod": lambda x, y: x % y,
            "floordiv": lambda x, y: x // y,
            "pow": lambda x, y: x**y,
            "logbase": lambda x, b: torch.log(x) / torch.log(b),
            "cot": lambda x: 1.0 / torch.tan(x),
            "sec": lambda x: 1.0 / torch.cos(x),
            "csc": lambda x: 1.0 / torch.sin(x),
            "sinc": lambda x: torch.sinc(x / torch.pi),
            "degrees": torch.rad2deg,
            "radians": torch.deg2rad,
            "normal_cdf": special.ndtr,
            "gelu": F.gelu,
            "log_sigmoid": F.logsigmoid,
            "softplus": F.softplus,
            "silu": F.silu,
            "leaky_relu": lambda x, a: torch.where(x > 0.0, x, a * x),
            "elu": lambda x, a: torch.where(x > 0.0, x, a * torch.expm1(x)),
            "clip": torch.clamp,
            "where": lambda c, a, b: torch.where(c != 0.0, a, b),
            "sum": lambda *xs: torch.stack(xs).sum(0),
            "mean": lambda *xs: torch.stack(xs).mean(0),
            "dot": lambda *xs: (torch.stack(xs[: len(xs) // 2]) * torch.stack(xs[len(xs) // 2 :])).sum(0),
            "prod": lambda *xs: torch.stack(xs).prod(0),
            "max": lambda *xs: torch.stack(xs).amax(0),
            "min": lambda *xs: torch.stack(xs).amin(0),
            "hypot": lambda *xs: torch.hypot(*xs) if len(xs) == 2 else torch.linalg.vector_norm(torch.stack(xs), dim=0),
            "logsumexp": lambda *xs: torch.logsumexp(torch.stack(xs), 0),
        }
        return {name: getattr(torch, name) for name in same.split()} | own

    def answer(self, function: Callable[..., Any], columns: Any) -> list[Any]:
        """Return the values and the partials, an array each."""
        torch = self.torch
        leaves = [torch.tensor(column, dtype=torch.float64, requires_grad=True) for column in columns]
        value = function(*leaves)
        slopes = torch.autograd.grad(value.sum(), leaves, allow_unused=True)
        nothing = torch.zeros_like(value)
        return [value.detach(), *(nothing if slope is None else slope for slope in slopes)]


ENGINES: dict[str, Callable[[], Any]] = {"jax": Jax, "hips": Hips, "torch": Torch}


def answers(engine: Any, function: Callable[..., Any], points: list[list[float]]) -> list[list[float]]:
    """Return value and partials at each point; points of one width are one batch."""
    import numpy

    found: list[list[float]] = [[]] * len(points)
    for width in sorted({len(point) for point in points}):
        places = [k for k, point in enumerate(points) if len(point) == width]
        columns = [numpy.array(column) for column in zip(*(points[k] for k in places), strict=True)]
        parts = [numpy.broadcast_to(numpy.asarray(part), len(places)) for part in engine.answer(function, columns)]
        for place, lane in zip(places, numpy.column_stack(parts).tolist(), strict=True):
            found[place] = lane
    return found


def main(arguments: Iterable[str]) -> None:
    """Read points, ask an engine, write its answers."""
    name, source, target = arguments
    warnings.simplefilter("ignore")
    engine = ENGINES[name]()
    table = engine.table()
    rows = {}
    for row, points in json.loads(Path(source).read_text("utf-8")).items():
        try:
            rows[row] = answers(engine, table[row], points)
        except Exception as error:  # a function without a derivative, say: the report shows the gap
            print(f"{engine.name} has no {row}: {type(error).__name__}: {str(error)[:100]}")
    Path(target).write_text(json.dumps({"engine": engine.name, "rows": rows}), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
