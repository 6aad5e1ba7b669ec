"""What can be chosen in the playground, and how the address of a page spells all of it.

An address is the whole state of a run: the same one gives the same numbers, bit by bit. What was changed by hand while
it ran (a weight, the learning rate) stands in it as events, each after the epoch in which it happened.

This room knows which choices there are and which do not go together. It does not train.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from nn.checks import counted
from nn.csv_files import TableError, as_number, table_of
from nn.samples import Standardization

__all__ = [
    "ACTIVATION_CHOICES",
    "DATA",
    "FEATURES",
    "MOST_EPOCHS",
    "MOST_EVENTS",
    "Event",
    "Settings",
    "SettingsError",
    "choices",
    "own_points",
]

DATA = ("moons", "circles", "gauss", "xor", "spiral", "plane", "own")
ACTIVATION_CHOICES = ("tanh", "relu", "sigmoid", "identity")
OPTIMIZER_CHOICES = ("sgd", "momentum", "adagrad", "rmsprop", "adam")
PENALTIES = ("none", "L1", "L2")
PROBLEMS = ("classification", "regression")

FEATURES: dict[str, tuple[str, Callable[[float, float], float]]] = {
    "x1": ("x₁", lambda x1, _: x1),
    "x2": ("x₂", lambda _, x2: x2),
    "x1x1": ("x₁²", lambda x1, _: x1 * x1),
    "x2x2": ("x₂²", lambda _, x2: x2 * x2),
    "x1x2": ("x₁x₂", lambda x1, x2: x1 * x2),
    "sinx1": ("sin 2x₁", lambda x1, _: math.sin(2.0 * x1)),
    "sinx2": ("sin 2x₂", lambda _, x2: math.sin(2.0 * x2)),
}
"""Name in an address -> name on the page, and how it is computed of the two inputs."""

MOST_LAYERS = 6
MOST_NEURONS = 8
MOST_EPOCHS = 20_000
"""Up to which an address goes on by itself."""

MOST_EVENTS = 500
MOST_POINTS = 500
"""Of one's own data."""

LARGEST = 1e6
"""Of weights set by hand, and of one's own data in an address, which are standardized."""

MOST_CHARACTERS = 64_000
"""Of an address: that many has one's own data of 500 points, with room to spare."""


class SettingsError(ValueError):
    """What was chosen is not there or out of range; the message is one line."""


class Event(NamedTuple):
    """What was changed by hand while a run went on.

    Attributes:
        epoch: after how many epochs.
        what: "rate", or "weight".
        place: of a weight: (layer, neuron, input), its bias being the input after the last one; of a rate, ().
        value: that it got.
    """

    epoch: int
    what: str
    place: tuple[int, ...]
    value: float

    @property
    def is_in_range(self) -> bool:
        """Whether its number is one that a weight or a rate may get."""
        return abs(self.value) <= LARGEST  # which nan is not

    def __str__(self) -> str:
        return ":".join([str(self.epoch), self.what, ".".join(map(str, self.place)), repr(self.value)])


@dataclass(frozen=True)
class Settings:
    """Everything that makes a run what it is.

    Attributes:
        data: one of `DATA`.
        own: one's own points (x1, x2, target), where the data are "own".
        noise: of the data, in percent of their size; 0 to 50.
        train: share of the points that is trained on, in percent; 10 to 90.
        batch: samples in a step; 1 to 50.
        features: what the network is given, see `FEATURES`; at least one.
        layers: how many neurons each hidden layer has; at most 6 layers of 8.
        activation: of the hidden layers.
        rate: the learning rate.
        optimizer: one of `OPTIMIZER_CHOICES`.
        penalty: what keeps weights small.
        strength: of the penalty.
        problem: whether the answer is a class or a number.
        seed: of the data, the split, the first weights, and the order of samples.
        epoch: how far the run has come.
        events: what was changed by hand, in order.
    """

    data: str = "moons"
    own: tuple[tuple[float, float, float], ...] = ()
    noise: int = 15
    train: int = 50
    batch: int = 10
    features: tuple[str, ...] = ("x1", "x2")
    layers: tuple[int, ...] = (4, 2)
    activation: str = "tanh"
    rate: float = 0.03
    optimizer: str = "momentum"
    penalty: str = "none"
    strength: float = 0.001
    problem: str = "classification"
    seed: int = 1
    epoch: int = 0
    events: tuple[Event, ...] = ()

    @classmethod
    def from_query(cls, query: str) -> Settings:
        """Return what an address says; what it does not say is as by default.

        Args:
            query: such as "data=spiral&layers=8,8"; a leading # is left out.

        Raises:
            SettingsError: something is not known, out of range, or does not go together.

        Example:
            >>> Settings.from_query("data=xor&layers=3,2&rate=0.1").layers
            (3, 2)
            >>> Settings.from_query("penalty=cats")
            Traceback (most recent call last):
                ...
            nn.playground.settings.SettingsError: penalty is one of none, L1, L2, not 'cats'
        """
        if len(query) > MOST_CHARACTERS:
            raise SettingsError(f"the address has more than {MOST_CHARACTERS:,} characters")
        try:
            pairs = parse_qsl(
                query.removeprefix("#"), keep_blank_values=True, strict_parsing=bool(query), max_num_fields=40
            )
        except ValueError as error:
            raise SettingsError("the address is not of the form name=value&name=value") from error
        found: dict[str, Any] = {}
        for name, text in pairs:
            if name not in FIELDS:
                raise SettingsError(f"there is no setting {_cut(name)}; there are {', '.join(FIELDS)}")
            found[name] = FIELDS[name].read(name, text)
        return cls(**found)._checked()

    def _checked(self) -> Settings:
        if self.data == "own" and not self.own:
            raise SettingsError("data=own needs points: load a CSV file, or choose other data")
        if self.data != "own" and self.own:
            return replace(self, own=())
        return self

    @property
    def query(self) -> str:
        """The address that says all of it; what is as by default is left out."""
        default = Settings()
        said = {
            name: row.write(getattr(self, name))
            for name, row in FIELDS.items()
            if getattr(self, name) != getattr(default, name)
        }
        return urlencode(said, safe=",:;.")


# -- one setting -----------------------------------------------------------------------------------------------------


class _Field(NamedTuple):
    """How one setting is read from an address, and written into one."""

    read: Callable[[str, str], Any]
    write: Callable[[Any], str] = str


def _one_of(names: tuple[str, ...]) -> _Field:
    def read(setting: str, text: str) -> str:
        if text not in names:
            raise SettingsError(f"{setting} is one of {', '.join(names)}, not {_cut(text)}")
        return text

    return _Field(read)


def _whole(low: int, high: int) -> _Field:
    def read(setting: str, text: str) -> int:
        number: int | None
        try:
            number = int(text)
        except ValueError:  # also of thousands of digits
            number = None
        if number is None or not low <= number <= high:
            raise SettingsError(f"{setting} is a whole number from {low} to {high}, not {_cut(text)}")
        return number

    return _Field(read)


def _number(low: float, high: float) -> _Field:
    def read(setting: str, text: str) -> float:
        number = as_number(text)
        if number is None or not low <= number <= high:
            raise SettingsError(f"{setting} is a number from {low:g} to {high:g}, not {_cut(text)}")
        return number

    return _Field(read, repr)


def _read_features(setting: str, text: str) -> tuple[str, ...]:
    names = text.split(",")
    if not text or len(set(names)) != len(names) or not set(names) <= set(FEATURES):
        raise SettingsError(f"{setting} are one or more of {', '.join(FEATURES)}, each once, not {_cut(text)}")
    return tuple(name for name in FEATURES if name in names)


def _read_layers(setting: str, text: str) -> tuple[int, ...]:
    sizes = text.split(",") if text else []
    if len(sizes) > MOST_LAYERS or not all(size in map(str, range(1, MOST_NEURONS + 1)) for size in sizes):
        raise SettingsError(
            f"{setting} are up to {MOST_LAYERS} numbers of neurons, 1 to {MOST_NEURONS}, such as 4,2; not {_cut(text)}"
        )
    return tuple(map(int, sizes))


def _read_own(setting: str, text: str) -> tuple[tuple[float, float, float], ...]:
    points = [tuple(map(as_number, point.split(","))) for point in text.split(";")] if text else []
    if len(points) > MOST_POINTS or not all(len(point) == 3 and all(map(_is_small, point)) for point in points):
        raise SettingsError(
            f"{setting} are up to {MOST_POINTS} points x1,x2,target separated by semicolons, of numbers from "
            f"{-LARGEST:g} to {LARGEST:g}"
        )
    return tuple(points)  # type: ignore[arg-type]


def _is_small(number: float | None) -> bool:
    return number is not None and abs(number) <= LARGEST


def _write_own(points: tuple[tuple[float, float, float], ...]) -> str:
    return ";".join(",".join(f"{number!r}" for number in point) for point in points)


def _read_events(setting: str, text: str) -> tuple[Event, ...]:
    parts = text.split(";") if text else []
    if len(parts) > MOST_EVENTS:
        raise SettingsError(f"{setting} are at most {MOST_EVENTS}")
    return tuple(sorted((_event(setting, part) for part in parts), key=lambda event: event.epoch))


def _event(setting: str, text: str) -> Event:
    try:
        epoch, what, place, value = text.split(":")
        event = Event(int(epoch), what, tuple(int(k) for k in place.split(".") if k), float(value))
    except ValueError:
        raise SettingsError(f"{setting} are of the form epoch:rate::value or epoch:weight:0.1.2:value") from None
    if what == "rate":
        FIELDS["rate"].read(f"the rate of {setting}", value)
    known = {"rate": 0, "weight": 3}.get(what) == len(event.place)
    if not known or not 0 <= event.epoch <= MOST_EPOCHS or not event.is_in_range:
        raise SettingsError(f"{setting}: {_cut(text)} is out of range")
    return event


FIELDS: dict[str, _Field] = {
    "data": _one_of(DATA),
    "own": _Field(_read_own, _write_own),
    "noise": _whole(0, 50),
    "train": _whole(10, 90),
    "batch": _whole(1, 50),
    "features": _Field(_read_features, ",".join),
    "layers": _Field(_read_layers, lambda sizes: ",".join(map(str, sizes))),
    "activation": _one_of(ACTIVATION_CHOICES),
    "rate": _number(1e-6, 10.0),
    "optimizer": _one_of(OPTIMIZER_CHOICES),
    "penalty": _one_of(PENALTIES),
    "strength": _number(0.0, 10.0),
    "problem": _one_of(PROBLEMS),
    "seed": _whole(0, 999_999),
    "epoch": _whole(0, MOST_EPOCHS),
    "events": _Field(_read_events, lambda events: ";".join(map(str, events))),
}
"""Name of a setting -> how it is spelled."""


def choices() -> Mapping[str, Any]:
    """Return what the page offers: the names of each setting that has some."""
    return {
        "data": DATA,
        "activation": ACTIVATION_CHOICES,
        "optimizer": OPTIMIZER_CHOICES,
        "penalty": PENALTIES,
        "problem": PROBLEMS,
        "features": {name: title for name, (title, _) in FEATURES.items()},
        "most_layers": MOST_LAYERS,
        "most_neurons": MOST_NEURONS,
    }


def _cut(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")


# -- one's own data --------------------------------------------------------------------------------------------------


def own_points(text: str) -> tuple[tuple[float, float, float], ...]:
    r"""Return the points of a CSV text: one or two columns of inputs and one of targets, in this order.

    A second input that is not there is 0. Inputs are standardized to mean 0 and deviation 1, targets to −1 and 1: of
    two words or numbers the first in order is −1; more than two numbers are scaled to that range.

    Raises:
        SettingsError: it is no such table; the message says on which line.

    Example:
        >>> own_points("height,width,kind\n1,4,cat\n3,2,dog\n")
        ((-1.0, 1.0, -1.0), (1.0, -1.0, 1.0))
    """
    try:
        table = table_of(text)
    except TableError as error:
        raise SettingsError(str(error)) from error
    if len(table.header) not in (2, 3):
        raise SettingsError(
            f"the file has {counted(len(table.header), 'column')}: the playground takes one or two columns of inputs, "
            "and one of what they belong to"
        )
    if len(table.rows) > MOST_POINTS:
        raise SettingsError(f"the file has {len(table.rows)} rows: the playground takes up to {MOST_POINTS}")
    *names, target = table.header
    columns = [[_cell(line, text) for line, text in table.cells(name)] for name in names]
    if len(columns) == 1:
        columns.append([0.0] * len(table.rows))
    inputs = list(map(list, zip(*columns)))
    inputs = Standardization.of(inputs).apply(inputs)
    targets = _targets(table.cells(target))
    return tuple((round(a, 4), round(b, 4), round(t, 4)) for (a, b), t in zip(inputs, targets))


def _cell(line: int, text: str) -> float:
    number = as_number(text)
    if number is None:
        raise SettingsError(f"line {line}: {_cut(text)} is no number")
    return number


def _targets(cells: list[tuple[int, str]]) -> list[float]:
    numbers = [as_number(text) for _, text in cells]
    given: list[Any] = [text for _, text in cells] if None in numbers else numbers
    classes = sorted(set(given))
    if len(classes) == 1:
        raise SettingsError(f"all targets are {_cut(cells[0][1])}: there is nothing to learn")
    if len(classes) == 2:
        return [2.0 * classes.index(each) - 1.0 for each in given]
    if None in numbers:
        count = len(classes)
        raise SettingsError(f"there are {count} classes: the playground shows two; python -m nn train takes more")
    low, high = 0.5 * classes[0], 0.5 * classes[-1]  # whose difference does not overflow
    return [2.0 * ((0.5 * number - low) / (high - low)) - 1.0 for number in given]
