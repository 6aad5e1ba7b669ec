"""The optimizers: how parameters move against their gradients.

This room knows parameters by their `.data` and `.grad`, and leaves the frozen ones where they are. It does not know
what computed the gradients, nor how the learning rate changes from epoch to epoch (`nn.schedules`).

An optimizer is its update rule: from numbers, gradients and what it remembers of earlier steps to new numbers and a
new memory. All else is common: `Optimizer.step` applies the rule, `state` and `load_state` carry the memory to and fro.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, cast

from autograd import Value
from nn.checks import below_one, counted, non_negative, positive
from nn.module import Module, any_frozen, is_frozen

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSProp",
    "clip_gradient_values",
    "clip_gradients",
]

Numbers = list[float]
Memory = dict[str, list[float]]


class Optimizer:
    """Base of the optimizers: holds the parameters, the learning rate and what the rule remembers of earlier steps.

    A subclass says in `rule` how numbers move, and in `remembers` and `options` what `state` has to keep.

    Args:
        parameters: leaf Values, such as `model.parameters()`.
        learning_rate: step per unit of gradient; finite, 0 or more. It may be assigned between steps.
        maximize: move with the gradients (ascent) and not against them (descent).

    Raises:
        ValueError: there are no parameters, one is not a leaf or stands twice, or the learning rate is out of range.
        TypeError: a parameter is not a Value.

    Attributes:
        memory: name -> one number per parameter; all 0.0 before the first step.
        remembers: the names in the memory.
        options: the names of the attributes, beside the learning rate, that the rule depends on.

    Example:
        >>> class Creeping(Optimizer):
        ...     def rule(self, numbers, grads, memory):
        ...         return [x - math.copysign(self.learning_rate, g) for x, g in zip(numbers, grads)], memory
        >>> x = Value(5.0)
        >>> (x * x).backward()
        >>> Creeping([x], learning_rate=0.5).step()
        >>> x.data
        4.5
    """

    remembers: tuple[str, ...] = ()
    options: tuple[str, ...] = ("maximize",)

    def __init__(self, parameters: Iterable[Value], learning_rate: float, *, maximize: bool = False) -> None:
        self.parameters = _leaves(parameters)
        self.learning_rate = non_negative(learning_rate, "learning rate")
        self.maximize = bool(maximize)
        self.memory: Memory = {name: [0.0] * len(self.parameters) for name in self.remembers}

    def rule(self, numbers: Numbers, grads: Numbers, memory: Memory) -> tuple[Numbers, Memory]:
        """Return where one step of descent leads, and what is remembered for the next; change nothing.

        Args:
            numbers: where the parameters are.
            grads: their gradients; for ascent, with the opposite sign.
            memory: what was remembered, one list for each name in `remembers`.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to step")

    def step(self) -> None:
        """Move every parameter that is not frozen once, by the gradient in its `.grad`.

        A frozen parameter keeps its number and what is remembered of it.
        """
        numbers = [parameter.data for parameter in self.parameters]
        grads = [parameter.grad for parameter in self.parameters]
        moved, memory = self.rule(numbers, [-grad for grad in grads] if self.maximize else grads, self.memory)
        free = self.parameters
        if any_frozen():
            frozen = [is_frozen(parameter) for parameter in self.parameters]
            memory = {name: _kept(frozen, self.memory[name], after) for name, after in memory.items()}
            moved = [number for number, stays in zip(moved, frozen) if not stays]
            free = [parameter for parameter, stays in zip(self.parameters, frozen) if not stays]
        before = [parameter.data for parameter in free]
        try:
            for parameter, number in zip(free, moved):
                parameter.data = number
            self.memory = memory
        except BaseException:  # interrupted: the step has not been made at all
            for parameter, number in zip(free, before):
                parameter.data = number
            raise

    def zero_grad(self) -> None:
        """Set the `.grad` of every parameter to 0.0."""
        for parameter in self.parameters:
            parameter.grad = 0.0

    def state(self) -> dict[str, list[float]]:
        """Return a copy of everything but the parameters that the next steps depend on, as lists of floats.

        The learning rate and the options are lists of their own; each name in `remembers` has one number per parameter.

        Example:
            >>> SGD([Value(1.0), Value(2.0)], 0.1, momentum=0.5).state()["velocity"]
            [0.0, 0.0]
        """
        rates = {"learning_rate": [self.learning_rate]}
        options = {name: _as_floats(getattr(self, name)) for name in self.options}
        return rates | options | {name: list(numbers) for name, numbers in self.memory.items()}

    def load_state(self, state: Mapping[str, Sequence[float]]) -> None:
        """Go on where the optimizer that gave this state was: the same steps follow, bit by bit.

        Everything is checked first; where something does not fit, nothing changes.

        Args:
            state: from `state()` of an optimizer of this class, with these options and as many parameters.

        Raises:
            ValueError: a name is missing or unknown, the number of parameters or an option differs, a number is not
                finite, or out of its range.
            TypeError: the state is not a dict of lists of numbers.

        Example:
            >>> optimizer = SGD([Value(1.0)], 0.1)
            >>> optimizer.load_state(optimizer.state() | {"learning_rate": [0.05]})
            >>> optimizer.learning_rate
            0.05
        """
        own, kind = self.state(), type(self).__name__
        loaded = checked_state(state, own, kind)
        for name in self.options:
            if loaded[name] != own[name]:
                raise ValueError(
                    f"the state does not fit {kind}: {name!r} is {own[name]} here, {loaded[name]} there; "
                    "make the optimizer with the same options"
                )
        learning_rate = non_negative(loaded["learning_rate"][0], "learning rate")
        for name in _NEVER_NEGATIVE.intersection(self.remembers):
            if min(loaded[name]) < 0.0:
                raise ValueError(f"the state does not fit {kind}: {name!r} is 0 or more, not {min(loaded[name])!r}")
        self.learning_rate = learning_rate
        self.memory = {name: loaded[name] for name in self.memory}

    def __repr__(self) -> str:
        count = len(self.parameters)
        options = [(name, getattr(self, name)) for name in self.options]
        told = "".join(f", {name}={value}" for name, value in options if value)  # 0 and False go without saying
        return f"{type(self).__name__}({counted(count, 'parameter')}, learning_rate={self.learning_rate}{told})"


class SGD(Optimizer):
    """Gradient descent, stochastic if the gradients are those of batches, with momentum.

    velocity = momentum · velocity + grad;  data = data − learning_rate · velocity

    With Nesterov's momentum the step is grad + momentum · velocity: the velocity as it will be one step later.

    This is PyTorch's form: the velocity is in units of the gradient, and a changed learning rate acts at once. Many
    textbooks write Δw(n) = learning_rate · δ · x + momentum · Δw(n−1), with −grad = δ · x: then the learning rate is
    inside what is remembered. At a constant learning rate both take the same path.

    Args:
        parameters: leaf Values, such as `model.parameters()`.
        learning_rate: step per unit of gradient; finite, 0 or more.
        momentum: the share of the velocity that lasts to the next step; 0 or more, usually below 1.
        nesterov: use Nesterov's momentum.
        maximize: move with the gradients (ascent) and not against them (descent).

    Raises:
        ValueError: there are no parameters, one is not a leaf or stands twice, a rate is out of range, or there is
            no momentum for Nesterov's form.
        TypeError: a parameter is not a Value.

    Example:
        >>> from autograd import Value
        >>> x = Value(1.0)
        >>> optimizer = SGD([x], learning_rate=0.25)
        >>> (x * x).backward()
        >>> optimizer.step()
        >>> x.data
        0.5

    Source: Polyak, 1964; Rumelhart, Hinton and Williams, 1986; Nesterov's form after Sutskever, Martens, Dahl and
    Hinton, 2013.
    """

    remembers = ("velocity",)
    options = ("momentum", "nesterov", "maximize")

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 0.001,
        momentum: float = 0.0,
        *,
        nesterov: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, learning_rate, maximize=maximize)
        self.momentum = non_negative(momentum, "momentum")
        self.nesterov = bool(nesterov)
        if self.nesterov and not self.momentum:
            raise ValueError("Nesterov's form is one of momentum: give a momentum above 0, such as 0.9")

    def rule(self, numbers: Numbers, grads: Numbers, memory: Memory) -> tuple[Numbers, Memory]:
        """Return where one step leads, and the velocity."""
        rate, momentum = self.learning_rate, self.momentum
        if not momentum:
            return [x - rate * grad for x, grad in zip(numbers, grads)], memory
        velocity = [momentum * before + grad for before, grad in zip(memory["velocity"], grads)]
        steps = [grad + momentum * v for grad, v in zip(grads, velocity)] if self.nesterov else velocity
        return [x - rate * step for x, step in zip(numbers, steps)], {"velocity": velocity}


class Adagrad(Optimizer):
    """Descent with a rate of its own for each parameter, which shrinks with all its gradients so far.

    squares = squares + grad²;  data = data − learning_rate · grad / (√squares + epsilon)

    Args:
        parameters: leaf Values, such as `model.parameters()`.
        learning_rate: size of the first step, whatever the gradient; finite, 0 or more.
        epsilon: keeps the step finite where all gradients were 0; finite, above 0.
        maximize: move with the gradients (ascent) and not against them (descent).

    Raises:
        ValueError: there are no parameters, one is not a leaf or stands twice, or a rate is out of range.
        TypeError: a parameter is not a Value.

    Example:
        >>> x = Value(1.0)
        >>> optimizer = Adagrad([x], learning_rate=0.5)
        >>> (100 * x).backward()
        >>> optimizer.step()
        >>> round(x.data, 9)
        0.5

    Source: Duchi, Hazan and Singer, 2011.
    """

    remembers = ("squares",)
    options = ("epsilon", "maximize")

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 0.01,
        epsilon: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, learning_rate, maximize=maximize)
        self.epsilon = positive(epsilon, "epsilon")

    def rule(self, numbers: Numbers, grads: Numbers, memory: Memory) -> tuple[Numbers, Memory]:
        """Return where one step leads, and the sums of squares."""
        rate, epsilon = self.learning_rate, self.epsilon
        squares = [before + grad * grad for before, grad in zip(memory["squares"], grads)]
        moved = [x - rate * grad / (math.sqrt(s) + epsilon) for x, grad, s in zip(numbers, grads, squares)]
        return moved, {"squares": squares}


class RMSProp(Optimizer):
    """Descent by gradients in units of their recent size, the root of a running mean of their squares.

    square = decay · square + (1 − decay) · grad²;  data = data − learning_rate · grad / (√square + epsilon)

    With momentum, velocity = momentum · velocity + grad / (√square + epsilon) takes the place of that quotient.

    Args:
        parameters: leaf Values, such as `model.parameters()`.
        learning_rate: size of a step when gradients keep their size; finite, 0 or more.
        decay: the share of the running mean that lasts to the next step; 0 or more and below 1.
        epsilon: keeps the step finite where all gradients were 0; finite, above 0.
        momentum: the share of the velocity that lasts to the next step; 0 or more, usually below 1.
        maximize: move with the gradients (ascent) and not against them (descent).

    Raises:
        ValueError: there are no parameters, one is not a leaf or stands twice, or a rate is out of range.
        TypeError: a parameter is not a Value.

    Example:
        >>> x = Value(1.0)
        >>> optimizer = RMSProp([x], learning_rate=0.25, decay=0.75)
        >>> (100 * x).backward()
        >>> optimizer.step()  # the mean of the squares is 0.25 · 100², its root 50
        >>> round(x.data, 9)
        0.5

    Source: Tieleman and Hinton, 2012 (lecture 6.5 of Neural Networks for Machine Learning).
    """

    remembers = ("square", "velocity")
    options = ("decay", "epsilon", "momentum", "maximize")

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 0.01,
        decay: float = 0.99,
        epsilon: float = 1e-8,
        momentum: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, learning_rate, maximize=maximize)
        self.decay = below_one(decay, "decay")
        self.epsilon = positive(epsilon, "epsilon")
        self.momentum = non_negative(momentum, "momentum")

    def rule(self, numbers: Numbers, grads: Numbers, memory: Memory) -> tuple[Numbers, Memory]:
        """Return where one step leads, the running mean of squares, and the velocity."""
        rate, decay, epsilon = self.learning_rate, self.decay, self.epsilon
        square = [decay * before + (1 - decay) * grad * grad for before, grad in zip(memory["square"], grads)]
        steps = [grad / (math.sqrt(s) + epsilon) for grad, s in zip(grads, square)]
        velocity = memory["velocity"]
        if self.momentum:
            steps = velocity = [self.momentum * before + step for before, step in zip(velocity, steps)]
        return [x - rate * step for x, step in zip(numbers, steps)], {"square": square, "velocity": velocity}


class Adam(Optimizer):
    """Descent by a running mean of the gradients, in units of the root of a running mean of their squares.

    These are the gradients' first and second moment, whose names in print are m and v:

    mean = β₁ · mean + (1 − β₁) · grad;  square = β₂ · square + (1 − β₂) · grad²

    data = data − learning_rate · (mean / (1 − β₁ᵗ)) / (√(square / (1 − β₂ᵗ)) + epsilon)

    Both running means start from 0. Dividing by 1 − βᵗ, t being the number of this step, makes up for that: it is
    the bias correction.

    Args:
        parameters: leaf Values, such as `model.parameters()`.
        learning_rate: about the size of a step; finite, 0 or more.
        betas: (β₁, β₂), the shares of the two running means that last to the next step; 0 or more and below 1.
        epsilon: keeps the step finite where all gradients were 0; finite, above 0.
        maximize: move with the gradients (ascent) and not against them (descent).

    Raises:
        ValueError: there are no parameters, one is not a leaf or stands twice, or a rate is out of range.
        TypeError: a parameter is not a Value, or betas is not a pair of numbers.

    Example:
        >>> x = Value(1.0)
        >>> optimizer = Adam([x], learning_rate=0.5)
        >>> (100 * x).backward()
        >>> optimizer.step()  # after one step the means, made up for, are 100 and 100²
        >>> round(x.data, 9)
        0.5

    Source: Kingma and Ba, 2015.
    """

    remembers = ("mean", "square", "steps")
    options: tuple[str, ...] = ("betas", "epsilon", "maximize")

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, learning_rate, maximize=maximize)
        self.betas = _pair(betas)
        self.epsilon = positive(epsilon, "epsilon")

    def rule(self, numbers: Numbers, grads: Numbers, memory: Memory) -> tuple[Numbers, Memory]:
        """Return where one step leads, both running means, and how many steps each parameter has made."""
        (first, second), epsilon = self.betas, self.epsilon
        mean = [first * before + (1 - first) * grad for before, grad in zip(memory["mean"], grads)]
        square = [second * before + (1 - second) * grad * grad for before, grad in zip(memory["square"], grads)]
        steps = [before + 1 for before in memory["steps"]]
        corrected = {t: (self.learning_rate / (1 - first**t), math.sqrt(1 - second**t)) for t in set(steps)}
        scales = [corrected[t] for t in steps]  # one computation for all parameters, unless some were frozen for a time
        moved = [
            x - rate * m / (math.sqrt(s) / root + epsilon)
            for x, m, s, (rate, root) in zip(numbers, mean, square, scales)
        ]
        return moved, {"mean": mean, "square": square, "steps": steps}


class AdamW(Adam):
    """Adam, with parameters that shrink a little in every step: weight decay, apart from the gradients.

    data = (1 − learning_rate · weight_decay) · data, and then as in `Adam`

    With `nn.regularizers.L2` Adam would divide the pull towards 0 by the size of the gradients; here it does not.
    Every parameter decays, biases too: to spare some, give them to an optimizer of their own.

    Args:
        parameters: leaf Values, such as `model.parameters()`.
        learning_rate: about the size of a step; finite, 0 or more.
        betas: (β₁, β₂), the shares of the two running means that last to the next step; 0 or more and below 1.
        epsilon: keeps the step finite where all gradients were 0; finite, above 0.
        weight_decay: the share by which parameters shrink in a step, per unit of learning rate; finite, 0 or more.
        maximize: move with the gradients (ascent) and not against them (descent). Parameters shrink in both cases.

    Raises:
        ValueError: there are no parameters, one is not a leaf or stands twice, or a rate is out of range.
        TypeError: a parameter is not a Value, or betas is not a pair of numbers.

    Example:
        >>> x = Value(8.0)
        >>> AdamW([x], learning_rate=0.5, weight_decay=0.5).step()  # no gradient: x only shrinks, by a quarter
        >>> x.data
        6.0

    Source: Loshchilov and Hutter, 2019.
    """

    options = ("betas", "epsilon", "weight_decay", "maximize")

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, learning_rate, betas, epsilon, maximize=maximize)
        self.weight_decay = non_negative(weight_decay, "weight decay")

    def rule(self, numbers: Numbers, grads: Numbers, memory: Memory) -> tuple[Numbers, Memory]:
        """Return where one step leads, and what `Adam` remembers."""
        shrink = 1 - self.learning_rate * self.weight_decay
        return super().rule([shrink * x for x in numbers], grads, memory)


OPTIMIZERS: dict[str, type[Optimizer]] = {kind.__name__.lower(): kind for kind in (SGD, Adagrad, RMSProp, Adam, AdamW)}
"""Every optimizer by its name in lower case. `OPTIMIZERS[name](parameters, learning_rate)` makes one; without a
learning rate it has its usual one."""


# -- clipping --------------------------------------------------------------------------------------------------------


def clip_gradients(parameters: Iterable[Value], max_norm: float) -> float:
    """Scale all gradients together, so that their Euclidean norm is at most max_norm, and return the norm before.

    grad = grad · min(1, max_norm / (norm + 10⁻⁶))

    The direction stays. The small number is PyTorch's; frozen parameters do not count.

    Args:
        parameters: Values whose `.grad` is scaled, such as `model.parameters()`.
        max_norm: the largest norm; finite, above 0.

    Returns:
        The norm of the gradients as they were.

    Raises:
        ValueError: max_norm is out of range.
        TypeError: a model was given, not its parameters.

    Convention: where the norm is not finite nothing is scaled (PyTorch makes all gradients 0 or nan), so that the
    gradient at fault can be found. Compare the norm returned with `math.isfinite`.

    Example:
        >>> x, y = Value(0.0), Value(0.0)
        >>> x.grad, y.grad = 3.0, 4.0
        >>> clip_gradients([x, y], max_norm=1.0)
        5.0
        >>> round(x.grad, 6), round(y.grad, 6)
        (0.6, 0.8)

    Source: Pascanu, Mikolov and Bengio, 2013.
    """
    max_norm = positive(max_norm, "largest norm")
    free = _free(parameters)
    norm = math.hypot(*[parameter.grad for parameter in free])
    scale = max_norm / (norm + 1e-6)
    if scale < 1.0 and math.isfinite(norm):
        for parameter in free:
            parameter.grad *= scale
    return norm


def clip_gradient_values(parameters: Iterable[Value], bound: float) -> None:
    """Bring every gradient into [−bound, bound], each by itself; frozen parameters are left out.

    Args:
        parameters: Values whose `.grad` is clipped, such as `model.parameters()`.
        bound: the largest magnitude; finite, above 0.

    Raises:
        ValueError: bound is out of range.
        TypeError: a model was given, not its parameters.

    Convention: nan stays nan.

    Example:
        >>> x, y = Value(0.0), Value(0.0)
        >>> x.grad, y.grad = 0.5, -4.0
        >>> clip_gradient_values([x, y], bound=1.0)
        >>> x.grad, y.grad
        (0.5, -1.0)
    """
    bound = positive(bound, "bound")
    for parameter in _free(parameters):
        parameter.grad = max(min(parameter.grad, bound), -bound)  # in this order nan wins both times


# -- states -----------------------------------------------------------------------------------------------


def checked_state(
    state: Mapping[str, Sequence[float]],
    expected: Mapping[str, Sequence[float]],
    kind: str,
    *,
    endless: Collection[str] = (),
) -> dict[str, list[float]]:
    """Return a copy of a state, as floats; raise where it has not the names and lengths of the expected one.

    Args:
        state: name -> numbers, from outside.
        expected: name -> as many numbers.
        kind: what the state is for, for messages.
        endless: names whose numbers may be infinite.

    Raises:
        ValueError: a name is missing or unknown, a length differs, or a number is nan or infinite.
        TypeError: the state is not a dict of lists of numbers.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"a state is a dict of lists of numbers, not {type(state).__name__}")
    for name in [*expected, *state]:
        if name not in state or name not in expected:
            problem = "is missing" if name in expected else "is unknown"
            raise ValueError(f"the state does not fit {kind}: {name!r} {problem}")
    return {name: _checked_numbers(state[name], len(expected[name]), name, kind, name in endless) for name in expected}


def _checked_numbers(numbers: Any, length: int, name: str, kind: str, endless: bool) -> list[float]:
    if not isinstance(numbers, (list, tuple)):
        raise TypeError(f"the state does not fit {kind}: {name!r} is a list of numbers, not {type(numbers).__name__}")
    listed = list(cast("Sequence[Any]", numbers))
    if len(listed) != length:
        raise ValueError(f"the state does not fit {kind}: {name!r} has length {length} here, {len(listed)} there")
    for number in listed:
        if not isinstance(number, (int, float)) or isinstance(number, bool):
            raise TypeError(f"the state does not fit {kind}: {name!r} holds numbers, not {type(number).__name__}")
        if not (math.isfinite(number) or (endless and not math.isnan(number))):
            raise ValueError(f"the state does not fit {kind}: {name!r} holds {number}")
    return [float(number) for number in listed]


_NEVER_NEGATIVE = frozenset({"squares", "square", "steps"})


def _kept(frozen: list[bool], before: Numbers, after: Numbers) -> Numbers:
    return [old if stays else new for stays, old, new in zip(frozen, before, after)]


def _as_floats(option: Any) -> list[float]:
    return [float(each) for each in cast("Sequence[Any]", option if isinstance(option, tuple) else (option,))]


def _pair(betas: tuple[float, float]) -> tuple[float, float]:
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise TypeError(f"betas is a pair of numbers, such as (0.9, 0.999), not {betas!r}")
    return below_one(betas[0], "first beta"), below_one(betas[1], "second beta")


def _listed(parameters: Iterable[Value]) -> list[Value]:
    if isinstance(parameters, Module) or not hasattr(parameters, "__iter__"):
        raise TypeError(f"parameters are a list of Values, not {type(parameters).__name__}: pass model.parameters()")
    return list(parameters)


def _free(parameters: Iterable[Value]) -> list[Value]:
    return [parameter for parameter in _listed(parameters) if not is_frozen(parameter)]


def _leaves(parameters: Iterable[Value]) -> list[Value]:
    leaves = _listed(parameters)
    for position, parameter in enumerate(leaves):
        if not isinstance(parameter, Value):  # pyright: ignore[reportUnnecessaryIsInstance] # callers may be untyped
            raise TypeError(f"parameter {position} is a {type(parameter).__name__}, not a Value")
        if not parameter.is_leaf:
            raise ValueError(f"parameter {position} was computed; an optimizer moves leaves, made by calling Value")
    if not leaves:
        raise ValueError("an optimizer needs at least one parameter: pass model.parameters()")
    if len(set(map(id, leaves))) < len(leaves):
        raise ValueError("a parameter stands twice in the list: it would be moved twice in every step")
    return leaves
