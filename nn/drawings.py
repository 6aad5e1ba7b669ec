"""A model's computation as a picture, or step by step: what one sample becomes on its way through the network.

Neurons stand in frames, one per layer, and are one card each, or a card for every operation. The picture is autograd's
own (`autograd.draw`); this room only records what it shows. How a network looks as circles and lines is in
`nn.diagrams`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import autograd
from autograd import Tape, Value
from nn.losses import Loss, LossRow, loss_row
from nn.module import Module, evaluating, in_detail

__all__ = ["draw", "step_through"]


def draw(
    model: Module,
    inputs: Sequence[float],
    *,
    target: Any = None,
    loss: Loss | LossRow | str | None = None,
    **options: Any,
) -> Any:
    """Return the picture of what a model computes of one sample, and of the gradients.

    Args:
        model: a `Module`; it is in evaluation mode while it is drawn.
        inputs: of the sample: numbers.
        target: what its output should be; with it the picture ends in the loss.
        loss: a function (output, target), a name in `nn.LOSSES`, or a row of one's own; goes with the target.
        options: of `autograd.draw`: path, format, theme, direction, show, dot, and collapse, which by default makes one
            card of every neuron; collapse="none" draws everything, "all" one card per layer.

    Returns:
        A drawing, see `autograd.draw`. Of several outputs without a loss, the grads are those of the last.

    Raises:
        TypeError: the model is no Module, inputs are no sequence of numbers, there is a target without a loss or a loss
            without a target, or the loss depends on no parameter.
        ValueError: there are too many boxes, or an option is out of range.
        FileNotFoundError, RuntimeError, OSError: as for `autograd.draw`, where a path is given.

    Example:
        >>> from nn import MLP
        >>> drawing = draw(MLP(2, [3, 1], "tanh", seed=1), [0.5, -1.0])
        >>> drawing.source.count("<B>neuron")
        4
    """
    tape, leaves = _recorded(model, inputs, target, loss)
    options.setdefault("collapse", 2)
    return autograd.draw(tape, inputs=leaves, **options)


def step_through(
    model: Module,
    inputs: Sequence[float],
    *,
    target: Any = None,
    loss: Loss | LossRow | str | None = None,
    **options: Any,
) -> Any:
    """Return a page to step through what a model computes of one sample, and through the gradients of that.

    Args:
        model: a `Module`; it is in evaluation mode while it is recorded.
        inputs: of the sample: numbers.
        target: what its output should be; with it the computation ends in the loss.
        loss: a function (output, target), a name in `nn.LOSSES`, or a row of one's own; goes with the target.
        options: of `autograd.step_through`: mode, seed, title and collapse, which by default makes one step of a
            neuron, or of a layer, only where there would be too many steps otherwise.

    Returns:
        A page, see `autograd.step_through`.

    Raises:
        TypeError, ValueError: as for `draw`.

    Example:
        >>> from nn import MLP
        >>> step_through(MLP(2, [16, 16, 1], "tanh", seed=1), [0.5, -1.0])
        <Stepper: 12 steps through 5 cards>
    """
    tape, leaves = _recorded(model, inputs, target, loss)
    return autograd.step_through(tape, inputs=leaves, **options)


def _recorded(
    model: Module, inputs: Sequence[float], target: Any, loss: Loss | LossRow | str | None
) -> tuple[Tape, list[Value]]:
    """Return the tape of one sample, every neuron in a scope of its own, and the sample as leaves."""
    if not isinstance(model, Module):
        raise TypeError(f"what is drawn is a Module, such as MLP(2, [3, 1]), not {type(model).__name__}")
    if (target is None) != (loss is None):
        raise TypeError("a target and a loss go together: give both, or none")
    if not hasattr(inputs, "__iter__"):
        raise TypeError(f"inputs are a sequence of numbers, not {type(inputs).__name__}")
    leaves = [Value(float(number), label=f"x{k}") for k, number in enumerate(inputs)]
    with evaluating(model), in_detail():
        outputs = model(leaves)
        if loss is not None:
            outputs = loss_row(loss).function(outputs, target)
            if not isinstance(outputs, Value):
                raise TypeError(f"the loss is a {type(outputs).__name__}, not a Value: it depends on no parameter")
            outputs.label = "loss"
    return Tape.of(*outputs) if isinstance(outputs, (list, tuple)) else Tape.of(outputs), leaves
