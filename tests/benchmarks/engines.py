"""Adapters: how each engine is told to record a program, sweep back, and give its gradient as floats."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any


class Tapegrad:
    """This package."""

    def __init__(self) -> None:
        import autograd

        self.exp, self.log, self.relu = autograd.exp, autograd.log, autograd.relu
        self._value = autograd.Value

    def constant(self, number: float) -> Any:
        return number

    def leaves(self, numbers: Sequence[float]) -> list[Any]:
        return [self._value(number) for number in numbers]

    def gradient(self, output: Any, leaves: Sequence[Any]) -> list[float]:
        output.backward()
        return [leaf.grad for leaf in leaves]

    def value(self, output: Any) -> float:
        return output.data

    def demo_with_nn(self, _: Any, leaves: Sequence[Any]) -> Any:
        """Return the demo's loss from `nn`: the same network, its parameters being these leaves."""
        import autograd
        from nn import MLP
        from tests.benchmarks.programs import moons

        model = MLP(2, [16, 16, 1])
        place_parameters(model, leaves)
        points, classes = moons(100)
        losses = [(1 + -label * model(point)).relu() for point, label in zip(points, classes)]
        regularisation = autograd.dot(leaves, leaves)
        return autograd.sum(losses) * (1.0 / len(losses)) + 1e-4 * regularisation


class Micrograd:
    """micrograd 0.1.0, with exp and log added as its users do."""

    def __init__(self) -> None:
        from micrograd.engine import Value

        self._value = Value
        self.exp = self._added(math.exp, lambda x, y: y)
        self.log = self._added(math.log, lambda x, y: 1 / x)

    def _added(self, function: Callable[[float], float], slope: Callable[[float, float], float]) -> Any:
        def apply(x: Any) -> Any:
            out = self._value(function(x.data), (x,), function.__name__)

            def backward() -> None:
                x.grad += slope(x.data, out.data) * out.grad

            out._backward = backward
            return out

        return apply

    def relu(self, x: Any) -> Any:
        return x.relu()

    def constant(self, number: float) -> Any:
        return self._value(number)

    def leaves(self, numbers: Sequence[float]) -> list[Any]:
        return [self._value(number) for number in numbers]

    def gradient(self, output: Any, leaves: Sequence[Any]) -> list[float]:
        output.backward()
        return [leaf.grad for leaf in leaves]

    def value(self, output: Any) -> float:
        return output.data


class Xad:
    """XAD's C++ tape, driven from Python (package xad)."""

    def __init__(self) -> None:
        import xad.adj_1st
        from xad import math as xad_math

        self._adjoint = xad.adj_1st
        self._tape: Any = None
        self.exp, self.log, self._max = xad_math.exp, xad_math.log, xad_math.max

    def relu(self, x: Any) -> Any:
        return self._max(x, 0.0)

    def constant(self, number: float) -> Any:
        return number

    def leaves(self, numbers: Sequence[float]) -> list[Any]:
        if self._tape is not None:
            self._tape.deactivate()
        self._tape = self._adjoint.Tape()
        self._tape.activate()
        leaves = [self._adjoint.Real(number) for number in numbers]
        for leaf in leaves:
            self._tape.registerInput(leaf)
        self._tape.newRecording()
        return leaves

    def gradient(self, output: Any, leaves: Sequence[Any]) -> list[float]:
        self._tape.registerOutput(output)
        output.derivative = 1.0
        self._tape.computeAdjoints()
        return [leaf.derivative for leaf in leaves]

    def value(self, output: Any) -> float:
        return output.value


def place_parameters(model: Any, leaves: Sequence[Any]) -> None:
    """Give a model these leaves as its parameters, in the order of `parameters()`."""
    remaining = iter(leaves)
    for layer in model.layers:
        for neuron in layer.neurons:
            neuron.row = tuple(next(remaining) for _ in neuron.row)


ENGINES = {"tapegrad": Tapegrad, "micrograd": Micrograd, "xad": Xad}
