"""The regularizers: what keeps weights small.

A regularizer adds a penalty to the loss of a batch, or changes weights after a step, or both. This room knows which
parameters of a model are weights and how large they are. It does not know losses or optimizers: the training loop asks

    loss = mean([...]) + regularizer.penalty(model)
    loss.backward()
    optimizer.step()
    regularizer.project(model)
"""

from __future__ import annotations

import math
from typing import Any

from autograd import Value, abs, dot, sum
from nn.checks import non_negative, positive
from nn.layers import Neuron
from nn.module import Module, is_frozen

__all__ = ["L1", "L2", "ElasticNet", "MaxNorm", "Regularizer", "Together", "penalized"]

NOT_PENALIZED = frozenset({"bias", "scale", "shift"})
"""Names of parameters that are no weights; see `penalized`."""


class Regularizer:
    """Base of the regularizers: does nothing, until a subclass says what.

    Two of them are combined by +.

    Example:
        >>> from nn import MLP
        >>> Regularizer().penalty(MLP(2, [1]))
        0.0
        >>> L2(0.5) + MaxNorm(3.0)
        L2(0.5) + MaxNorm(3.0)
    """

    def penalty(self, model: Module) -> Any:  # noqa: ARG002 # one signature for all
        """Return what is added to the loss of a batch: a Value, or 0.0 for nothing.

        Args:
            model: the module that is trained.

        Raises:
            TypeError: the model is no Module.
        """
        return 0.0

    def project(self, model: Module) -> None:
        """Bring the weights back to where they may be, after a step of the optimizer.

        Args:
            model: the module that is trained.

        Raises:
            TypeError: the model is no Module.
        """

    def __add__(self, other: Regularizer) -> Regularizer:
        if not isinstance(other, Regularizer):
            return NotImplemented
        return Together(self, other)


class Together(Regularizer):
    """Several regularizers at once: penalties are added, projections follow each other in order.

    Args:
        regularizers: in the order of their projections.

    Example:
        >>> from nn import Neuron
        >>> neuron = Neuron(2)
        >>> neuron.weights = [3.0, -4.0]
        >>> Together(L1(1.0), L2(1.0)).penalty(neuron).data
        32.0
    """

    def __init__(self, *regularizers: Regularizer) -> None:
        self.regularizers = regularizers

    def penalty(self, model: Module) -> Any:
        """Return the sum of the penalties."""
        return sum([regularizer.penalty(model) for regularizer in self.regularizers])

    def project(self, model: Module) -> None:
        """Let each regularizer bring the weights back, in order."""
        for regularizer in self.regularizers:
            regularizer.project(model)

    def __repr__(self) -> str:
        return " + ".join(map(repr, self.regularizers))


class L1(Regularizer):
    """The sum of the weights' magnitudes: pulls every weight towards 0 with the same force, so that many get there.

    penalty = weight · Σ |w|, with the slope ±weight

    Args:
        weight: of the penalty in the loss; finite, 0 or more.

    Raises:
        ValueError: weight is out of range.
        TypeError: weight is not a number.

    Convention: the slope at w = 0 is 0.

    Cost: one node per weight of the model, and two; a walk over the model.

    Example:
        >>> from nn import Neuron
        >>> neuron = Neuron(2)
        >>> neuron.weights = [3.0, -4.0]
        >>> L1(0.5).penalty(neuron).data
        3.5

    Source: Tibshirani, 1996 (the lasso).
    """

    def __init__(self, weight: float) -> None:
        self.weight = non_negative(weight, "weight of the penalty")

    def penalty(self, model: Module) -> Any:
        """Return weight · Σ |w| over the weights of the model."""
        return self.weight * sum([abs(w) for w in penalized(model)])

    def __repr__(self) -> str:
        return f"L1({self.weight})"


class L2(Regularizer):
    """The sum of the weights' squares, without ½: pulls every weight towards 0 in proportion to its size.

    penalty = weight · Σ w², with the slope 2 · weight · w

    PyTorch's weight_decay is the slope per w: `L2(weight_decay / 2)` does the same to weights.

    Args:
        weight: of the penalty in the loss; finite, 0 or more.

    Raises:
        ValueError: weight is out of range.
        TypeError: weight is not a number.

    Cost: two nodes; a walk over the model.

    Example:
        >>> from nn import Neuron
        >>> neuron = Neuron(2)
        >>> neuron.weights = [3.0, -4.0]
        >>> L2(0.5).penalty(neuron).data
        12.5

    Source: Hoerl and Kennard, 1970 (ridge regression).
    """

    def __init__(self, weight: float) -> None:
        self.weight = non_negative(weight, "weight of the penalty")

    def penalty(self, model: Module) -> Any:
        """Return weight · Σ w² over the weights of the model."""
        weights = penalized(model)
        return self.weight * dot(weights, weights)

    def __repr__(self) -> str:
        return f"L2({self.weight})"


class ElasticNet(Together):
    """Both penalties: l1 · Σ |w| + l2 · Σ w².

    Args:
        l1: weight of the sum of magnitudes; finite, 0 or more.
        l2: weight of the sum of squares; finite, 0 or more.

    Raises:
        ValueError: a weight is out of range.
        TypeError: a weight is not a number.

    Convention: the slope at w = 0 is 0.

    Example:
        >>> from nn import Neuron
        >>> neuron = Neuron(2)
        >>> neuron.weights = [3.0, -4.0]
        >>> ElasticNet(l1=1.0, l2=2.0).penalty(neuron).data
        57.0

    Source: Zou and Hastie, 2005.
    """

    def __init__(self, l1: float, l2: float) -> None:
        super().__init__(L1(l1), L2(l2))


class MaxNorm(Regularizer):
    """A bound for each neuron: after every step weights that are too long together are made shorter, all alike.

    weights = weights · bound / ‖weights‖, where ‖weights‖ > bound

    The direction stays, and so does the bias. A neuron with a frozen weight is left as it is, and so is one whose norm
    is not finite.

    Args:
        bound: the largest Euclidean norm of one neuron's weights; finite, above 0.

    Raises:
        ValueError: bound is out of range.
        TypeError: bound is not a number.

    Example:
        >>> from nn import Neuron
        >>> neuron = Neuron(2)
        >>> neuron.weights = [3.0, -4.0]
        >>> MaxNorm(2.5).project(neuron)
        >>> [w.data for w in neuron.weights]
        [1.5, -2.0]

    Source: Srebro and Shraibman, 2005; for neurons, Hinton and others, 2012.
    """

    def __init__(self, bound: float) -> None:
        self.bound = positive(bound, "bound")

    def project(self, model: Module) -> None:
        """Make the weights of every neuron shorter where they are too long together."""
        for _, module in _checked(model).named_modules():
            if isinstance(module, Neuron) and not any(map(is_frozen, module.weights)):
                self._shorten(module)

    def _shorten(self, neuron: Neuron) -> None:
        norm = math.hypot(*[w.data for w in neuron.weights])
        if self.bound < norm < math.inf:
            for w in neuron.weights:
                w.data *= self.bound / norm

    def __repr__(self) -> str:
        return f"MaxNorm({self.bound})"


def penalized(model: Module) -> list[Value]:
    """Return the parameters that penalties apply to: the weights of the model that are not frozen.

    A parameter is left out if the last attribute in its name is `bias`, `scale` or `shift`, with or without a number
    behind it; the last two are those of `BatchNorm`. They move the working point of a neuron, and do not make what it
    computes more intricate.

    Args:
        model: the module whose weights are wanted, with all modules inside.

    Raises:
        TypeError: it is not a Module.

    Cost: a walk over the model.

    Example:
        >>> from nn import MLP
        >>> model = MLP(2, [3, 1])
        >>> len(model.parameters()), len(penalized(model))
        (13, 9)
    """
    named = _checked(model).named_parameters()
    return [w for name, w in named if _attribute(name) not in NOT_PENALIZED and not is_frozen(w)]


def _checked(model: Module) -> Module:
    if not isinstance(model, Module):
        raise TypeError(f"a regularizer takes a Module, not {type(model).__name__}")
    return model


def _attribute(name: str) -> str:
    """Return the last attribute of a path such as layers.0.weights.3, without numbers behind it."""
    return name.rstrip("0123456789.").rpartition(".")[2]
