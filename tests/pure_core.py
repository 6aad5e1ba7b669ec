"""What works with Python's own library alone: the engine, traces, the command, and small networks.

`python -S tests/pure_core.py` runs it without any other package; `tests/test_pure_core.py` does so in every run, and
`tests/pyodide_smoke.mjs` in WebAssembly.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

PACKAGES = ("numpy", "graphviz", "tqdm", "scipy", "sympy", "matplotlib", "safetensors", "websockets")


def without_packages() -> None:
    """Let other packages be missing, and this repository be found."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    for name in PACKAGES:
        assert name not in sys.modules, name
        sys.modules[name] = None  # so says Python that there is none


def gradients() -> None:
    from autograd import Dual, Value, grad, hessian, hvp, jacobian, jvp, sin, vjp

    w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
    g = w1**3 * w2 + 3 * w1
    g.backward()
    assert (g.data, w1.grad, w2.grad) == (30.0, 39.0, 8.0)

    def f(w):
        return w[0] ** 3 * w[1] + 3 * w[0]

    assert grad(f)([2.0, 3.0]) == [39.0, 8.0]
    assert hessian(f)([2.0, 3.0]) == [[36.0, 12.0], [12.0, 0.0]]
    assert hvp(f)([2.0, 3.0], [1.0, 0.0]) == [36.0, 12.0]
    assert jvp(f, ([2.0, 3.0],), ([1.0, 0.0],)) == (30.0, 39.0)
    assert jacobian(lambda v: [v[0] * v[1], v[0] + v[1]])([2.0, 3.0]) == [[3.0, 2.0], [1.0, 1.0]]
    assert vjp(lambda x, y: x * y, 2.0, 3.0)[1](1.0) == (3.0, 2.0)
    assert grad(grad(grad(sin)))(0.0) == -1.0
    assert (Dual(2.0, 1.0) ** 3).tangent == 12.0


def checks() -> None:
    from autograd import GradientMismatch, NonFiniteError, Primitive, Value, gradcheck, log, strict, tanh

    assert gradcheck(tanh, (0.5,), order=2)
    wrong = Primitive("wrong", lambda x: x * x, partials=(lambda y, x: 2.001 * x,))
    raises(GradientMismatch, lambda: gradcheck(wrong, (1.0,)))
    with strict():
        raises(NonFiniteError, lambda: log(Value(0.0)))


def raises(error, call) -> None:
    try:
        call()
    except error:
        return
    raise AssertionError(f"there was no {error.__name__}")


def texts() -> None:
    from autograd import Tape, Value
    from autograd.cli import main

    x = Value(0.5, label="x")
    tape = Tape.of(x.tanh() * x)
    assert "tanh" in tape.trace()
    assert tape.formula() == "tanh(x) * x"
    assert len(list(tape.steps())) == 7
    names = {}
    exec(tape.source(), names)
    assert math.isclose(names["value"](0.5), 0.5 * math.tanh(0.5))
    assert main(["sin(x) + x*y", "x=1.5", "y=0", "--check", "--steps"]) == 0


def networks() -> None:
    import nn

    data = nn.xor()
    model = nn.MLP(2, [4, 1], "tanh", seed=3)
    optimizer = nn.Adam(model.parameters(), 0.1)
    loss = "binary_cross_entropy_from_logits"
    history = nn.fit(model, data.inputs, data.targets, loss=loss, optimizer=optimizer, epochs=60, progress=False)
    assert history.loss[-1] < history.loss[0]
    assert history.accuracy[-1] == 1.0


def main() -> None:
    """Run all of it."""
    without_packages()
    for part in (gradients, checks, texts, networks):
        part()
        print(f"{part.__name__}: works")


if __name__ == "__main__":
    main()
