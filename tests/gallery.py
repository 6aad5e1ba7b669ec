"""The pictures to look at before a change to how things are drawn: `python -m tests.gallery` writes them.

They go to docs/pictures, or to a folder that is named. A test compares those that depend on no rounding with what is
stored there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograd import Value, draw, grad, log, name, sin
from nn import MLP, Activation, BatchNorm, Dropout, Layer, Neuron, Sequential, network_diagram
from nn import draw as draw_model

__all__ = ["EXACT", "PICTURES", "write"]

PLACE = Path(__file__).parent.parent / "docs" / "pictures"


def example(theme: str = "light") -> Any:
    w1, w2 = Value(2.0), Value(3.0)
    a = w1**3
    b = a * w2
    c = 3 * w1
    g = b + c
    name({"w1": w1, "w2": w2, "a": a, "b": b, "c": c, "g": g})
    return draw(g, theme=theme)


def square() -> Any:
    x = Value(3.0, label="x")
    return draw(x * x)


def diamond() -> Any:
    x = Value(2.0, label="x")
    left, right = x + 1.0, x * 4.0
    y = left * right
    name({"left": left, "right": right, "y": y})
    return draw(y)


def sine() -> Any:
    x, y = Value(1.5, label="x"), Value(0.5, label="y")
    return draw(sin(x) + x * y)


def second_order() -> Any:
    z = Value(1.5, label="z")
    return draw(grad(lambda x: sin(x) * x)(z))


def not_finite() -> Any:
    p = Value(0.0, label="p")
    return draw(log(p) * 0.0 + p)


NET = MLP(2, [4, 1], "tanh", seed=1)
SAMPLE = [0.5, -1.0]
STAGES = Sequential(Layer(3, 4, "relu"), BatchNorm(4), Dropout(0.25), Layer(4, 2), Activation("softmax"), seed=1)
DIGITS = MLP(64, [32, 10], "relu", last="softmax", seed=1)

PICTURES: dict[str, Callable[[], Any]] = {
    "example": example,
    "example-dark": lambda: example("dark"),
    "square": square,
    "diamond": diamond,
    "sine": sine,
    "second-order": second_order,
    "not-finite": not_finite,
    "neuron": lambda: draw_model(Neuron(2, "tanh", seed=1), SAMPLE, collapse="none"),
    "net": lambda: draw_model(NET, SAMPLE, collapse="none"),
    "net-collapsed": lambda: draw_model(NET, SAMPLE, target=1.0, loss="squared_error"),
    "net-diagram": lambda: network_diagram(NET, inputs=SAMPLE),
    "digits-collapsed": lambda: draw_model(DIGITS, [0.1 * (k % 7) for k in range(64)], collapse="all"),
    "digits-diagram": lambda: network_diagram(DIGITS),
    "neuron-diagram": lambda: network_diagram(Neuron(2, "tanh", seed=1), inputs=SAMPLE),
    "stages-diagram": lambda: network_diagram(STAGES),
}
"""Name of the file -> what draws it."""

EXACT = ("example", "example-dark", "square", "diamond")
"""Those whose numbers are the same on every machine."""


def write(folder: Path) -> None:
    """Write all pictures as SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    for title, make in PICTURES.items():
        make().save(folder / f"{title}.svg")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE)
