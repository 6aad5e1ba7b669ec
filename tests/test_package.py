"""The package as a whole: what importing it costs, what it exports, and what its rooms may import."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import autograd as ag
from autograd import primitives
from autograd.operators import Operators

HEAVY = ("numpy", "graphviz", "tqdm", "sympy", "sklearn", "hypothesis", "asyncio", "decimal", "fractions")


def test_importing_loads_none_of_the_heavy_packages():
    program = (
        "import sys, autograd; assert not {*autograd.__all__} - {*dir(autograd)}; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_exported_name_is_there_and_none_is_a_submodule():
    import pkgutil

    for name in ag.__all__:
        assert hasattr(ag, name), name
    submodules = {module.name for module in pkgutil.iter_modules(ag.__path__)}
    assert not submodules & set(ag.__all__)


WITHIN_PARTIALS = {  # rows that partials are written with; users reach them through autograd.primitives
    "bessel_ratio",
    "binade",
    "div_slope",
    "exp_difference",
    "flat",
    "gaussian",
    "one_minus_square",
    "pow_log",
    "pow_slope",
    "scalb",
    "share",
    "sigmoid_slope",
    "times_exp",
}


def rows() -> dict[str, primitives.Primitive]:
    """Return the package's own rows; other tests add theirs to the table."""
    return {row.name: row for row in primitives.TABLE if getattr(primitives, row.name, None) is row}


def test_every_row_is_exported():
    assert {name for name in rows() if not hasattr(ag, name)} == WITHIN_PARTIALS


def test_a_star_import_leaves_the_builtins_in_place():
    import builtins

    assert {name for name in ag.__all__ if hasattr(builtins, name)} == set()
    assert ag.sum is not builtins.sum
    assert set(rows()) - set(ag.__all__) - WITHIN_PARTIALS == {"abs", "max", "min", "pow", "round", "sum"}


def test_every_row_of_one_argument_is_a_method():
    required = {name for name, row in rows().items() if row.arity - len(row.defaults) == 1} - WITHIN_PARTIALS
    written_otherwise = {"neg", "pos", "abs", "round"}
    methods = {name for name, thing in vars(Operators).items() if isinstance(thing, Callable)}
    assert required - written_otherwise - methods == set()


def test_methods_apply_the_row_of_their_name():
    aliases = {"rint": "round", "deg2rad": "radians", "rad2deg": "degrees"}
    for name, thing in vars(Operators).items():
        if name.startswith("_"):
            continue
        row = aliases.get(name, name.removeprefix("arc") if not name.startswith("arc") else "a" + name[3:])
        assert thing.__name__ == row, name


def test_every_public_name_has_a_docstring():
    for name in ag.__all__:
        assert getattr(ag, name).__doc__, name
