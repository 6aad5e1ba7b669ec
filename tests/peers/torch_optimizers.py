"""What PyTorch's optimizers, schedules and clipping do: the cases, and how PyTorch is asked.

`python -m tests.peers.torch_optimizers` writes the answers to `tests/data/torch_optimizers.json`; it needs PyTorch, and
nothing of this project. Without PyTorch the tests compare with that file, with PyTorch they ask it again.

Only the rules are compared: in every step both sides are given the gradient at the point where PyTorch is.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

STORED = Path(__file__).parents[1] / "data" / "torch_optimizers.json"

START = [1.5, -0.4, 0.3]
STEPS = 50
EPOCHS = 60  # as many as there are losses


def slope(x: list[float]) -> list[float]:
    """Return the gradient of Σ (x[k]² − 1)² / 4 + Σ x[k] · x[k+1] / 2, which has several valleys.

    Only operations that IEEE 754 rounds correctly, so that it is the same everywhere.
    """
    padded = [0.0, *x, 0.0]
    return [x[k] * x[k] * x[k] - x[k] + (padded[k] + padded[k + 2]) / 2 for k in range(len(x))]


class Case(NamedTuple):
    """One optimizer, here and in PyTorch.

    `rates` are learning rates assigned before a step, `frozen` the steps in which the parameter 1 is frozen.
    """

    kind: str
    options: dict[str, Any]
    torch_kind: str
    torch_options: dict[str, Any]
    rates: dict[int, float] = {}
    frozen: range = range(0)


def same(kind: str, torch_kind: str | None = None, *, lr: float | None = None, **options: Any) -> Case:
    """Return a case whose options have the same names on both sides, but for those in RENAMED."""
    rate = {} if lr is None else {"learning_rate": lr}
    renamed = {RENAMED.get(name, name): value for name, value in options.items()}
    return Case(kind, rate | options, torch_kind or kind, ({} if lr is None else {"lr": lr}) | renamed)


RENAMED = {"epsilon": "eps", "decay": "alpha"}

OPTIMIZERS: dict[str, Case] = {
    "sgd": same("SGD", lr=0.1),
    "sgd, default": same("SGD"),
    "sgd, large rate": same("SGD", lr=0.7),
    "sgd, ascent": same("SGD", lr=0.005, maximize=True),
    "sgd, momentum": same("SGD", lr=0.05, momentum=0.9),
    "sgd, momentum, ascent": same("SGD", lr=0.001, momentum=0.5, maximize=True),
    "sgd, nesterov": same("SGD", lr=0.05, momentum=0.9, nesterov=True),
    "sgd, nesterov, ascent": same("SGD", lr=0.001, momentum=0.5, nesterov=True, maximize=True),
    "sgd, momentum, rate changed": same("SGD", lr=0.05, momentum=0.9)._replace(rates={20: 0.005, 40: 0.1}),
    "sgd, momentum, frozen": same("SGD", lr=0.05, momentum=0.9)._replace(frozen=range(5, 25)),
    "adagrad, default": same("Adagrad"),
    "adagrad": same("Adagrad", lr=0.5, epsilon=1e-3),
    "adagrad, ascent": same("Adagrad", lr=0.1, maximize=True),
    "adagrad, frozen": same("Adagrad", lr=0.5)._replace(frozen=range(5, 25)),
    "rmsprop, default": same("RMSProp", "RMSprop"),
    "rmsprop": same("RMSProp", "RMSprop", lr=0.05, decay=0.9, epsilon=1e-4),
    "rmsprop, momentum": same("RMSProp", "RMSprop", lr=0.01, momentum=0.8),
    "rmsprop, ascent": same("RMSProp", "RMSprop", lr=0.02, maximize=True),
    "rmsprop, momentum, frozen": same("RMSProp", "RMSprop", lr=0.01, momentum=0.8)._replace(frozen=range(5, 25)),
    "adam, default": same("Adam"),
    "adam": same("Adam", lr=0.1),
    "adam, other betas": same("Adam", lr=0.1, betas=(0.5, 0.9), epsilon=1e-4),
    "adam, no mean": same("Adam", lr=0.1, betas=(0.0, 0.99)),
    "adam, ascent": same("Adam", lr=0.1, maximize=True),
    "adam, rate changed": same("Adam", lr=0.1)._replace(rates={20: 0.01, 40: 0.2}),
    "adam, frozen": same("Adam", lr=0.1)._replace(frozen=range(5, 25)),
    "adam, frozen from the start": same("Adam", lr=0.1)._replace(frozen=range(10)),
    "adamw, default": same("AdamW"),
    "adamw": same("AdamW", lr=0.1, weight_decay=0.3),
    "adamw, no decay": same("AdamW", lr=0.1, weight_decay=0.0),
    "adamw, ascent": same("AdamW", lr=0.1, maximize=True),
    "adamw, frozen": same("AdamW", lr=0.1, weight_decay=0.3)._replace(frozen=range(5, 25)),
}

SCHEDULES: dict[str, Case] = {
    "step": Case("StepSchedule", {"every": 7, "factor": 0.6}, "StepLR", {"step_size": 7, "gamma": 0.6}),
    "step, default": Case("StepSchedule", {"every": 20}, "StepLR", {"step_size": 20}),
    "exponential": Case("ExponentialSchedule", {"factor": 0.93}, "ExponentialLR", {"gamma": 0.93}),
    "exponential, growing": Case("ExponentialSchedule", {"factor": 1.02}, "ExponentialLR", {"gamma": 1.02}),
    "cosine": Case("CosineSchedule", {"epochs": EPOCHS}, "CosineAnnealingLR", {"T_max": EPOCHS}),
    "cosine, beyond its end": Case(
        "CosineSchedule", {"epochs": 24, "lowest": 0.01}, "CosineAnnealingLR", {"T_max": 24, "eta_min": 0.01}
    ),
    "constant": Case("ConstantSchedule", {}, "ConstantLR", {"factor": 1.0}),
    "plateau, default": Case("ReduceOnPlateau", {}, "ReduceLROnPlateau", {}),
    "plateau": Case(
        "ReduceOnPlateau",
        {"factor": 0.5, "patience": 3, "threshold": 0.05, "lowest": 0.02},
        "ReduceLROnPlateau",
        {"factor": 0.5, "patience": 3, "threshold": 0.05, "min_lr": 0.02},
    ),
    "plateau, no patience": Case(
        "ReduceOnPlateau", {"factor": 0.1, "patience": 0}, "ReduceLROnPlateau", {"factor": 0.1, "patience": 0}
    ),
}
INITIAL_RATE = 0.3

LOSSES = [
    *[5.0 / (1 + k) for k in range(12)],  # better and better
    *[0.41 - 1e-6 * k for k in range(16)],  # better by too little to count, but once
    0.2,
    math.nan,
    *[0.25, 0.19] * 8,
    *[0.1 - 1e-3 * k for k in range(14)],
]

MAX_NORMS = {"far above": 100.0, "just the norm": 5.0, "below": 1.5, "far below": 1e-3}
POINTS = [[3.0, 4.0], [0.0, 0.0], [1e-9, -2e-9], [-2.0, 1.5], [1e150, -1e150], [0.7, 120.0]]


class Torch:
    """What PyTorch answers; it is imported when this is made."""

    def __init__(self) -> None:
        import torch

        self.torch = torch

    def leaves(self, numbers: list[float]) -> list[Any]:
        """Return one parameter per number."""
        return [self.torch.tensor(x, dtype=self.torch.float64, requires_grad=True) for x in numbers]

    def path(self, case: Case) -> list[list[float]]:
        """Return where an optimizer is after each step."""
        parameters = self.leaves(START)
        optimizer = getattr(self.torch.optim, case.torch_kind)(parameters, **case.torch_options)
        path = []
        for step in range(STEPS):
            optimizer.param_groups[0]["lr"] = case.rates.get(step, optimizer.param_groups[0]["lr"])
            for k, (parameter, grad) in enumerate(zip(parameters, slope([p.item() for p in parameters]))):
                frozen = k == 1 and step in case.frozen
                parameter.grad = None if frozen else self.torch.tensor(grad, dtype=self.torch.float64)
            optimizer.step()
            path.append([parameter.item() for parameter in parameters])
        return path

    def rates(self, case: Case) -> list[float]:
        """Return the learning rate after each epoch."""
        optimizer = self.torch.optim.SGD(self.leaves(START), lr=INITIAL_RATE)
        schedule = getattr(self.torch.optim.lr_scheduler, case.torch_kind)(optimizer, **case.torch_options)
        rates = []
        for loss in LOSSES:
            optimizer.step()
            schedule.step(*[loss] * (case.kind == "ReduceOnPlateau"))
            rates.append(optimizer.param_groups[0]["lr"])
        return rates

    def clipped(self, bound: float) -> list[list[float]]:
        """Return for each point the norm, the gradients clipped together, and those clipped each by itself."""
        answers = []
        for point in POINTS:
            together, alone = self.leaves(point), self.leaves(point)
            for parameter, grad in zip(together + alone, point + point):
                parameter.grad = self.torch.tensor(grad, dtype=self.torch.float64)
            norm = self.torch.nn.utils.clip_grad_norm_(together, bound)
            self.torch.nn.utils.clip_grad_value_(alone, bound)
            answers.append([norm.item(), *[parameter.grad.item() for parameter in together + alone]])
        return answers

    def answers(self) -> dict[str, Any]:
        """Return everything, as it is stored."""
        return {
            "torch": self.torch.__version__.partition("+")[0],
            "optimizers": {name: self.path(case) for name, case in OPTIMIZERS.items()},
            "schedules": {name: self.rates(case) for name, case in SCHEDULES.items()},
            "clipping": {name: self.clipped(bound) for name, bound in MAX_NORMS.items()},
        }


def stored() -> dict[str, Any]:
    """Return the stored answers."""
    return json.loads(STORED.read_text(encoding="utf-8"))


def main() -> None:
    """Ask PyTorch everything, and store the answers: one line per case."""
    answers = Torch().answers()
    sections = [f'"torch": {json.dumps(answers["torch"])}']
    for section in ("optimizers", "schedules", "clipping"):
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(answer)}" for name, answer in answers[section].items())
        sections.append(f'"{section}": {{\n{lines}\n}}')
    STORED.write_text("{\n" + ",\n".join(sections) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
