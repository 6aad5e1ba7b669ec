"""One run in the playground: data, network and training as the settings say, and what there is to see of them.

The same settings give the same run, bit by bit. What was changed by hand is an event of the settings, so that an
address tells all of it.

This room knows no pages and no network; it makes plain data of what a page shows.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from autograd import Value
from nn.datasets import blobs, circles, moons, plane, spirals, xor_clouds
from nn.drawings import draw, step_through
from nn.layers import MLP, Neuron
from nn.module import plain
from nn.optimizers import SGD, Adagrad, Adam, Optimizer, RMSProp
from nn.playground.settings import FEATURES, MOST_EPOCHS, MOST_EVENTS, Event, Settings, SettingsError
from nn.prediction import predict, score
from nn.regularizers import L1, L2, Regularizer
from nn.samples import Dataset, Standardization, split
from nn.show.frames import Domain, columns_of, responses
from nn.show.text import short
from nn.trainer import Training

__all__ = ["NEURON_SIDE", "PLANE_SIDE", "Run"]

N_POINTS = 200
NEURON_SIDE = 30
"""Points across and down in the picture of a neuron."""

PLANE_SIDE = 60
"""The same in the picture of the answer."""

LOSSES = {"classification": "binary_cross_entropy_from_logits", "regression": "squared_error"}
FOREVER = 10**9
"""Epochs: a run ends when its page says so."""


class Run:
    """A run of the playground.

    Args:
        settings: what it is made of. Its epoch is where the run is to go at once; see `is_behind`.

    Raises:
        SettingsError: an event changes a weight that the network does not have.

    Attributes:
        settings: what it is made of, with the epoch it has come to and what was changed by hand.
        stopped: why it cannot go on, or None.

    Example:
        >>> run = Run(Settings.from_query("data=gauss&layers=2"))
        >>> for _ in range(3):
        ...     run.step()
        >>> run.epoch, run.settings.query
        (3, 'data=gauss&layers=2&epoch=3')
    """

    def __init__(self, settings: Settings) -> None:
        self._target = settings.epoch
        self.settings = replace(settings, epoch=0)
        self.stopped: str | None = None
        points = _points(settings)
        shares = (settings.train / 100.0, 1.0 - settings.train / 100.0)
        self._training_points, self._test_points = split(points, shares, seed=settings.seed)
        self.model = MLP(
            len(settings.features),
            [*settings.layers, 1],
            settings.activation,
            last="identity",
            seed=settings.seed,
        )
        self._loss = LOSSES[settings.problem]
        self._optimizer = _optimizer(settings, self.model)
        self._training_inputs = self._features_of(self._training_points.inputs)
        self._test_inputs = self._features_of(self._test_points.inputs)
        self._training = Training(
            self.model,
            self._training_inputs,
            self._training_points.targets,
            loss=self._loss,
            optimizer=self._optimizer,
            epochs=FOREVER,
            batch_size=min(settings.batch, len(self._training_inputs)),
            seed=settings.seed,
            regularizer=_regularizer(settings),
        )
        self._norms: dict[str, float] = {}
        self._columns = columns_of(self.model)
        reach = 1.1 * max(abs(x) for sample in points.inputs for x in sample)
        self._domain = Domain((-reach, -reach), (reach, reach))
        self._small, self._large = self._grid(NEURON_SIDE), self._grid(PLANE_SIDE)
        self._pending = list(self.settings.events)
        for event in self._pending:
            if event.what == "weight":
                self._parameter(event.place)
        self._apply_events()

    @property
    def epoch(self) -> int:
        """How many epochs it has trained."""
        return self.settings.epoch

    @property
    def is_behind(self) -> bool:
        """Whether the epoch that the settings named is still to come."""
        return self.epoch < self._target and self.stopped is None

    def step(self) -> None:
        """Train one epoch; nothing where the run has stopped."""
        if self.stopped is not None:
            return
        if self.epoch >= MOST_EPOCHS:
            self.stopped = f"after {MOST_EPOCHS:,} epochs: further an address does not go"
            return
        done = next(self._training, None)
        if done is None:
            self.stopped = f"in epoch {self.epoch + 1} the loss or a weight stopped being a finite number"
            return
        self._norms = done.gradient_norms
        self.settings = replace(self.settings, epoch=self.epoch + 1)
        self._apply_events()

    # -- by hand -----------------------------------------------------------------------------------------------------

    def set_rate(self, rate: float) -> None:
        """Change the learning rate from here on.

        Raises:
            SettingsError: it is out of range, the run is behind, or too much has been changed by hand.
        """
        rate = Settings.from_query(f"rate={rate!r}").rate
        self._change(Event(self.epoch, "rate", (), rate))

    def set_weight(self, place: tuple[int, ...], value: float) -> None:
        """Change one weight.

        Args:
            place: (layer, neuron, input); the bias of a neuron is the input after the last one.
            value: that it gets.

        Raises:
            SettingsError: there is no such weight, it is no finite number, the run is behind, or too much has been
                changed by hand.
        """
        self._change(Event(self.epoch, "weight", place, value))

    def _change(self, event: Event) -> None:
        if self.is_behind:
            raise SettingsError(f"the run is on its way to epoch {self._target}: wait until it is there")
        if len(self.settings.events) >= MOST_EVENTS:
            raise SettingsError(f"{MOST_EVENTS} changes were made by hand in this run: reset it")
        if not event.is_in_range:
            raise SettingsError(f"a weight is a number from -1e6 to 1e6, not {event.value:g}")
        self._apply(event)
        events = sorted([*self.settings.events, event], key=lambda each: each.epoch)
        self.settings = replace(self.settings, events=tuple(events))

    def _apply_events(self) -> None:
        while self._pending and self._pending[0].epoch <= self.epoch:
            self._apply(self._pending.pop(0))

    def _apply(self, event: Event) -> None:
        if event.what == "rate":
            self._optimizer.learning_rate = event.value
        else:
            self._parameter(event.place).data = event.value

    def _parameter(self, place: tuple[int, ...]) -> Value:
        layer, neuron, position = place
        try:
            if min(place) < 0:
                raise IndexError
            return self.model.layers[layer].neurons[neuron].row[position]
        except IndexError:
            raise SettingsError(f"there is no weight {'.'.join(map(str, place))[:40]} in this network") from None

    # -- to look at --------------------------------------------------------------------------------------------------

    def stage(self) -> dict[str, Any]:
        """Return what does not change while it trains: points, the range of the inputs, pictures of features."""
        grid = self._domain.grid((NEURON_SIDE, NEURON_SIDE)).tolist()
        pictures = {name: [compute(a, b) for a, b in grid] for name, (_, compute) in FEATURES.items()}
        return {
            "reach": self._domain.highs[0],
            "train": _listed(self._training_points),
            "test": _listed(self._test_points),
            "features": {name: _coded(numbers, max(map(abs, numbers))) for name, numbers in pictures.items()},
            "layers": self.model.widths,
        }

    def frame(self) -> dict[str, Any]:
        """Return what changes while it trains, as plain data; pictures are bytes from −127 to 127, in base 64."""
        import numpy as np

        maps = responses(self._columns, self._small)
        neurons = [column[:, k] for column in maps for k in range(column.shape[1])]
        rows = [[each.row for each in layer.neurons] for layer in self.model.layers]
        reach = [float(np.max(np.abs(numbers), initial=0.0, where=np.isfinite(numbers))) for numbers in neurons]
        return {
            "query": self.settings.query,
            "epoch": self.epoch,
            "rate": self._optimizer.learning_rate,
            "train": self._score(self._training_inputs, self._training_points.targets),
            "test": self._score(self._test_inputs, self._test_points.targets),
            "norms": list(self._norms.values()),
            "weights": [[[w.data for w in row] for row in layer] for layer in rows],
            "gradients": [[[w.grad for w in row] for row in layer] for layer in rows],
            "neurons": [_coded(numbers, limit) for numbers, limit in zip(neurons, reach)],
            "reach": reach,
            "plane": _coded(self._answers(self._large), 1.0),
            "stopped": self.stopped,
        }

    def look(self, layer: int, neuron: int, sample: int) -> dict[str, str]:
        """Return what is inside a neuron at one training point: its drawing, and backprop of the whole network.

        Args:
            layer: from 0, the output being the last one.
            neuron: of the layer.
            sample: of the training points.

        Raises:
            SettingsError: there is no such neuron or point.
            FileNotFoundError: no `dot` program is found; the message says how to install one.
        """
        if not 0 <= sample < len(self._training_inputs):
            raise SettingsError(f"there is no training point {sample}: there are {len(self._training_inputs)}")
        self._parameter((layer, neuron, 0))
        inputs = self._training_inputs[sample]
        target = self._training_points.targets[sample]
        before = inputs
        for earlier in self.model.layers[:layer]:
            before = [plain(each) for each in earlier(before)]
        chosen: Neuron = self.model.layers[layer].neurons[neuron]
        stepper = step_through(self.model, inputs, target=target, loss=self._loss)
        x1, x2, aim = _listed(self._training_points)[sample]
        return {
            "about": f"training point {sample} at x₁ = {short(x1)}, x₂ = {short(x2)}, target {short(aim)}",
            "drawing": draw(chosen, before, collapse="none").svg,
            "steps": stepper.html,
        }

    def _features_of(self, points: list[list[float]]) -> list[list[float]]:
        chosen = [FEATURES[name][1] for name in self.settings.features]
        return [[compute(a, b) for compute in chosen] for a, b in points]

    def _grid(self, side: int) -> Any:
        import numpy as np

        return np.array(self._features_of(self._domain.grid((side, side)).tolist()))

    def _answers(self, inputs: Any) -> Any:
        """Return answers from −1 to 1: how sure the second class is, or the number."""
        import numpy as np

        with np.errstate(all="ignore"):
            numbers = predict(self.model, inputs).reshape(-1)
            return np.tanh(0.5 * numbers) if self.settings.problem == "classification" else numbers

    def _score(self, inputs: list[list[float]], targets: Any) -> dict[str, Any]:
        loss, accuracy = score(self.model, inputs, targets, loss=self._loss)
        return {"loss": loss} if accuracy is None else {"loss": loss, "accuracy": accuracy}


# -- what it is made of ----------------------------------------------------------------------------------------------


def _points(settings: Settings) -> Dataset:
    """Return points in the plane with mean 0 and deviation 1: classes 0 and 1, or numbers from −1 to 1."""
    if settings.data == "own":
        inputs, numbers = [[a, b] for a, b, _ in settings.own], [t for *_, t in settings.own]
    else:
        inputs, numbers = _made(settings)
        inputs = Standardization.of(inputs).apply(inputs)
    if settings.problem == "regression":
        return Dataset(inputs, numbers, ["x1", "x2"], [])
    return Dataset(inputs, [int(number > 0.0) for number in numbers], ["x1", "x2"], ["first", "second"])


def _made(settings: Settings) -> tuple[list[list[float]], list[float]]:
    noise, seed = settings.noise / 100.0, settings.seed
    if settings.data == "plane":
        made = plane(N_POINTS, noise, seed=seed)
        numbers = [float(number) - 0.5 for number in made.targets]  # type: ignore[arg-type] # without its offset
        most = max(map(abs, numbers))
        return made.inputs, [number / most for number in numbers]
    makers = {
        "moons": lambda: moons(N_POINTS, noise, seed),
        "circles": lambda: circles(N_POINTS, noise / 2.0, seed=seed),
        "gauss": lambda: blobs(N_POINTS, [[-1.0, -1.0], [1.0, 1.0]], 0.4 + noise, seed),
        "xor": lambda: xor_clouds(N_POINTS, 0.2 + noise, seed),
        "spiral": lambda: spirals(N_POINTS, noise / 5.0, seed=seed),
    }
    made = makers[settings.data]()
    return made.inputs, [2.0 * float(target) - 1.0 for target in made.targets]  # type: ignore[arg-type]


def _optimizer(settings: Settings, model: MLP) -> Optimizer:
    makers: dict[str, Any] = {"adagrad": Adagrad, "rmsprop": RMSProp, "adam": Adam}
    if settings.optimizer in makers:
        made: Optimizer = makers[settings.optimizer](model.parameters(), settings.rate)
        return made
    return SGD(model.parameters(), settings.rate, 0.9 if settings.optimizer == "momentum" else 0.0)


def _regularizer(settings: Settings) -> Regularizer | None:
    if settings.penalty == "none" or not settings.strength:
        return None
    return {"L1": L1, "L2": L2}[settings.penalty](settings.strength)


def _listed(points: Dataset) -> list[list[float]]:
    return [[round(a, 4), round(b, 4), float(t)] for (a, b), t in zip(points.inputs, points.targets)]  # type: ignore[arg-type]


def _coded(numbers: Any, limit: float) -> str:
    """Return numbers as signed bytes, 127 at the limit, in base 64; what is no number is 0."""
    import numpy as np

    shares = np.clip(np.nan_to_num(np.asarray(numbers, float) / (limit or 1.0)), -1.0, 1.0)
    return base64.b64encode(np.rint(127.0 * shares).astype(np.int8).tobytes()).decode("ascii")
