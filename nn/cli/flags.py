"""The flags of `python -m nn`: what can be typed, what it may be, and what the help says.

This room knows words and numbers on a command line, and which of them do not go together. It does not know files nor
data, and does nothing with what was typed.
"""

from __future__ import annotations

import argparse
import csv
import difflib
import math
import re
import sys
from argparse import ArgumentTypeError, BooleanOptionalAction, Namespace, _ArgumentGroup
from collections.abc import Iterable, Sequence
from importlib import metadata
from typing import Any, NoReturn

from nn.activations import ACTIVATIONS, activation_row
from nn.checks import one_line
from nn.csv_files import shown
from nn.datasets import SOURCES
from nn.initializers import INITIALIZERS
from nn.losses import LOSSES
from nn.optimizers import OPTIMIZERS
from nn.schedules import SCHEDULES

__all__ = ["WrongUseError", "parsed"]

RATES = {"sgd": 0.02, "adagrad": 0.1, "rmsprop": 0.01, "adam": 0.05, "adamw": 0.05}
"""The learning rate of each optimizer, where none is given: larger than the optimizers' own, for small networks."""

MOMENTUM = 0.9
"""Of gradient descent, where none is given."""

TRAINING_LOSSES = [name for name in LOSSES if name != "zero_one"]  # which is flat: nothing learns from it

ABOUT = "Train small neural networks, scalar by scalar, and predict with them."

EXAMPLES = """\
examples:
  python -m nn train iris
  python -m nn train flowers.csv --target species --save flowers.safetensors
  python -m nn predict flowers.safetensors new.csv
  python -m nn playground

python -m nn COMMAND --help says more.
"""

ABOUT_TRAIN = f"""\
Train a network on a data set or on your own CSV file, and print how well it does.

The samples are split into a part to train on, one to watch while training (validation) and one that the run does not
see (test), each with the same share of every class. Inputs are standardized to mean 0 and deviation 1 of the training
part, and so are the targets of a regression; the table is in the units of the data.

data sets:
{chr(10).join(f"  {row.name:14} {row.summary}" for row in SOURCES.values())}
"""

EXAMPLES_TRAIN = """\
examples:
  python -m nn train iris
  python -m nn train moons --layers 8,8 --activation relu --optimizer sgd --report moons.html
  python -m nn train flowers.csv --target species --save flowers.safetensors
  python -m nn train houses.csv --target price --ignore id --missing drop --layers none

Ctrl-C ends a run early; what it has learned so far is printed and written.
Exit code: 0 done, 1 it did not come to its end, 2 wrong use or bad data, 130 interrupted.
"""

ABOUT_PREDICT = """\
Add a column with the predictions of a saved model to the rows of a CSV file, and with --proba one more per class.

The file has the columns that the model was trained on, under the same names and in any order; other columns are kept.
The result goes to the standard output, or to a file that is written whole or not at all.
"""

EXAMPLES_PREDICT = """\
examples:
  python -m nn predict flowers.safetensors new.csv
  python -m nn predict flowers.safetensors new.csv --proba --output answers.csv
"""

ABOUT_PLAYGROUND = """\
Open a page in the browser on which a small network can be watched while it learns.

Everything that is chosen there stands in the address of the page: it can be kept, and sent to others. The server
listens on this machine only, unless --host and --remote say otherwise; nothing is fetched from elsewhere.
"""

EXAMPLES_PLAYGROUND = """\
examples:
  python -m nn playground
  python -m nn playground --no-browser --port 8000 --state "data=spiral&layers=8,8"
"""


LONG = re.compile(r"(\S{60})\S{20,}")
"""What a message need not repeat whole."""


class WrongUseError(Exception):
    """What was typed does not fit; the message is one line."""


def parsed(argv: Sequence[str] | None = None) -> Namespace:
    """Return what was typed, checked.

    Args:
        argv: the arguments after the program's name; by default those of this process.

    Raises:
        SystemExit: help was asked for (code 0), or an argument is wrong (code 2); it has been said.

    Example:
        >>> options = parsed(["train", "iris", "--layers", "8,4"])
        >>> options.command, options.source, options.layers, options.learning_rate
        ('train', 'iris', [8, 4], 0.05)
    """
    parser, commands = _parsers()
    options, unknown = parser.parse_known_args(argv)
    if unknown:
        command = commands[options.command]
        command.error(f"there is no flag or argument {shown(unknown[0])}{_meant(unknown[0], command.flags)}")
    if options.command == "train":
        try:
            _complete(options)
        except WrongUseError as error:
            commands["train"].error(str(error))
    return options


class _Parser(argparse.ArgumentParser):
    """A parser that reports wrong use in one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_Help, allow_abbrev=False, **options)

    @property
    def flags(self) -> list[str]:
        """Every flag there is."""
        return [flag for action in self._actions for flag in action.option_strings]

    def error(self, message: str) -> NoReturn:
        name = self.prog.removeprefix("python -m ")
        short = LONG.sub(r"\1…", one_line(message))
        self.exit(2, f"{name}: {short} (see {self.prog} --help)\n")


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help that is as wide as this project's lines, whatever the terminal says."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=34, width=118)


def _parsers() -> tuple[_Parser, dict[str, _Parser]]:
    parser = _Parser(prog="python -m nn", description=ABOUT, epilog=EXAMPLES)
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    train = commands.add_parser(
        "train",
        help="train a network and print how well it does",
        usage="python -m nn train SOURCE [flags]",
        description=ABOUT_TRAIN,
        epilog=EXAMPLES_TRAIN,
    )
    predict = commands.add_parser(
        "predict",
        help="predict for the rows of a CSV file",
        usage="python -m nn predict MODEL FILE.csv [flags]",
        description=ABOUT_PREDICT,
        epilog=EXAMPLES_PREDICT,
    )
    playground = commands.add_parser(
        "playground",
        help="watch a network learn, in the browser",
        usage="python -m nn playground [flags]",
        description=ABOUT_PLAYGROUND,
        epilog=EXAMPLES_PLAYGROUND,
    )
    _add_source(train)
    _add_table(train.add_argument_group("your own CSV file"))
    _add_network(train.add_argument_group("the network"))
    _add_training(train.add_argument_group("training"))
    _add_steps(train.add_argument_group("how it steps"))
    _add_outputs(train.add_argument_group("what is written"))
    _add_predict(predict)
    _add_playground(playground)
    parser.add_argument("--version", action="version", version=f"tapegrad {metadata.version('tapegrad')}")
    return parser, {"train": train, "predict": predict, "playground": playground}


# -- what can be typed -----------------------------------------------------------------------------------------------


def _add_source(train: argparse.ArgumentParser) -> None:
    train.add_argument("source", type=_text, metavar="SOURCE", help="a data set of the list above, or a CSV file")


def _add_table(group: _ArgumentGroup) -> None:
    add = group.add_argument
    add("--target", type=_name, metavar="COLUMN", help="the column to be predicted (default: the last one)")
    add("--task", choices=("class", "regression"), metavar="TASK", help="class or regression (default: by the target)")
    add("--missing", choices=("error", "drop"), metavar="WHAT", help="error, or drop rows with gaps (default: error)")
    add("--categorical", type=_names, action="extend", metavar="A,B", help="columns of words, though they hold numbers")
    add("--ignore", type=_names, action="extend", metavar="A,B", help="columns to leave out, such as numbers of rows")
    _add_format(group)


def _add_format(group: _ArgumentGroup | argparse.ArgumentParser) -> None:
    add = group.add_argument
    add("--delimiter", type=_delimiter, metavar="X", help="between cells; a character or tab (default: found out)")
    add("--header", action=BooleanOptionalAction, help="whether the first line names the columns (default: yes)")


def _add_network(group: _ArgumentGroup) -> None:
    add = group.add_argument
    add("--layers", type=_widths, default=[16], metavar="N,N", help="neurons per hidden layer, or none (default: 16)")
    add("--activation", type=_activation, metavar="NAME", help=f"of them: {_listed(ACTIVATIONS)} (default: tanh)")
    add("--dropout", type=_share, default=0.0, metavar="SHARE", help="of hidden neurons left out (default: 0)")
    add("--initializer", choices=list(INITIALIZERS), metavar="NAME", help=_initializer_help())


def _add_training(group: _ArgumentGroup) -> None:
    add = group.add_argument
    add("--epochs", type=_positive, default=100, metavar="N", help="times every sample is used (default: %(default)s)")
    add("--batch-size", type=_batch, default=8, metavar="N", help="samples per step, or all (default: %(default)s)")
    add("--loss", choices=TRAINING_LOSSES, metavar="NAME", help=_loss_help())
    add("--l1", type=_weight, default=0.0, metavar="WEIGHT", help="of a penalty on the size of weights (default: 0)")
    add("--l2", type=_weight, default=0.0, metavar="WEIGHT", help="of a penalty on their squares (default: 0)")
    add("--max-norm", type=_above_zero, metavar="NORM", help="the longest that a neuron's weights may be")
    add(
        "--early-stopping",
        type=_positive,
        metavar="EPOCHS",
        help="stop after so many without a better loss, and go back to the best",
    )
    add("--test-share", type=_share, metavar="SHARE", help="of samples, kept for the test (default: 0.2)")
    add("--validation-share", type=_share, metavar="SHARE", help="of samples, scored every epoch (default: 0.2)")
    add("--standardize", action=BooleanOptionalAction, default=True, help="whether to standardize (default: yes)")
    add("--seed", type=_seed, default=0, metavar="N", help="of data, split, weights and shuffling (default: 0)")


def _add_steps(group: _ArgumentGroup) -> None:
    add = group.add_argument
    add("--optimizer", choices=list(OPTIMIZERS), default="adam", metavar="NAME", help=_optimizer_help())
    add("--learning-rate", "--lr", type=_above_zero, metavar="RATE", help=f"step size (default: {_rates()})")
    add("--momentum", type=_share, metavar="SHARE", help=f"of sgd or rmsprop (default: {MOMENTUM} for sgd)")
    add("--nesterov", action="store_true", help="sgd with Nesterov's form of momentum")
    add("--weight-decay", type=_weight, metavar="RATE", help="of adamw (default: 0.01)")
    add("--schedule", choices=list(SCHEDULES), metavar="NAME", help=f"of the learning rate: {_listed(SCHEDULES)}")
    add("--clip-norm", type=_above_zero, metavar="NORM", help="the longest that a gradient may be")


def _add_outputs(group: _ArgumentGroup) -> None:
    add = group.add_argument
    add("--save", type=_text, metavar="FILE.safetensors", help="the model, to predict with")
    add("--report", type=_text, metavar="FILE.html", help="a page with the network, its answers and its curves")
    add("--checkpoint", type=_text, metavar="FILE", help="written after every epoch, to go on from")
    add("--resume", type=_text, metavar="FILE", help="a checkpoint to go on from, with the same flags as before")
    add("--quiet", action="store_true", help="no progress on the error stream")


def _add_predict(predict: argparse.ArgumentParser) -> None:
    add = predict.add_argument
    add("model", type=_text, metavar="MODEL", help="what train --save has written")
    add("file", type=_text, metavar="FILE.csv", help="the rows to predict for")
    add("--output", type=_text, metavar="FILE.csv", help="where to write (default: to the standard output)")
    add("--proba", action="store_true", help="add the probability of every class too")
    add("--column", type=_name, default="prediction", metavar="NAME", help="of the new column (default: %(default)s)")
    _add_format(predict)


def _add_playground(playground: argparse.ArgumentParser) -> None:
    add = playground.add_argument
    add("--port", type=_port, default=0, metavar="N", help="to listen on (default: one that is free)")
    add("--host", type=_text, default="127.0.0.1", metavar="NAME", help="to listen on (default: %(default)s)")
    add("--remote", action="store_true", help="allow a host that other machines can reach; there is no password")
    add("--state", type=_text, metavar="TEXT", help="what stands after the # of an address, to begin with")
    add("--browser", action=BooleanOptionalAction, default=True, help="whether to open a browser (default: yes)")


def _meant(flag: str, flags: Iterable[str]) -> str:
    close = difflib.get_close_matches(flag.partition("=")[0], flags, 1, 0.75) if flag.startswith("-") else []
    return f": did you mean {close[0]}?" if close else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _optimizer_help() -> str:
    return f"{_listed(OPTIMIZERS)} (default: %(default)s)"


def _rates() -> str:
    return ", ".join(f"{rate} for {name}" for name, rate in RATES.items())


def _initializer_help() -> str:
    return f"of weights: {_listed(INITIALIZERS)} (default: what suits the activation)"


def _loss_help() -> str:
    names = _listed(TRAINING_LOSSES)
    return f"{names} (default: softmax_cross_entropy for classes, mean_squared_error for a regression)"


# -- what does not go together ---------------------------------------------------------------------------------------


def _complete(options: Namespace) -> None:
    """Check that flags go together, and fill in the defaults that depend on others."""
    _check_network(options)
    _check_optimizer(options)
    if (options.test_share or 0.0) + (options.validation_share or 0.0) >= 1.0:
        raise WrongUseError("--test-share and --validation-share together leave nothing to train on")
    options.activation = options.activation or "tanh"
    options.learning_rate = options.learning_rate or RATES[options.optimizer]
    if options.momentum is None:
        options.momentum = MOMENTUM if options.optimizer == "sgd" else 0.0


def _check_network(options: Namespace) -> None:
    if not options.layers and options.activation:
        raise WrongUseError("--activation is that of hidden layers, and --layers says that there are none")
    if not options.layers and options.dropout:
        raise WrongUseError("--dropout leaves out hidden neurons, and --layers says that there are none")


def _check_optimizer(options: Namespace) -> None:
    name = options.optimizer
    if options.momentum is not None and name not in {"sgd", "rmsprop"}:
        raise WrongUseError(f"--momentum is for sgd and rmsprop, not for {name}")
    if options.nesterov and name != "sgd":
        raise WrongUseError(f"--nesterov is for sgd, not for {name}")
    if options.nesterov and options.momentum == 0.0:
        raise WrongUseError("--nesterov is a form of momentum: --momentum has to be above 0")
    if options.weight_decay is not None and name != "adamw":
        raise WrongUseError(f"--weight-decay is for adamw, not for {name}: --l2 is for all")


# -- what flags take -------------------------------------------------------------------------------------------------


def _text(text: str) -> str:
    if not text.strip() or "\0" in text:
        raise ArgumentTypeError(f"expected a name, not {text!r}")
    return text


def _name(text: str) -> str:
    """Return the name of a column, which a file in UTF-8 can hold."""
    try:
        _text(text).encode()
    except UnicodeEncodeError:
        raise ArgumentTypeError(f"expected a name in UTF-8, not {text!r}") from None
    return text


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(f"expected a whole number, not {shown(text)}") from None


def _seed(text: str) -> int:
    number = _whole(text)
    if number < 0:
        raise ArgumentTypeError(f"expected 0 or more, not {shown(text)}")
    return number


def _port(text: str) -> int:
    number = _whole(text)
    if not 0 <= number <= 65_535:
        raise ArgumentTypeError(f"expected a port from 1 to 65535, or 0 for a free one, not {shown(text)}")
    return number


def _positive(text: str) -> int:
    number = _whole(text)
    if not 1 <= number <= sys.maxsize:
        raise ArgumentTypeError(f"expected 1 or more, not {shown(text)}")
    return number


def _batch(text: str) -> int | None:
    return None if text == "all" else _positive(text)


def _widths(text: str) -> list[int]:
    if not text.strip():
        raise ArgumentTypeError("expected a number of neurons for each hidden layer, such as 16,16, or none")
    return [] if text.strip() == "none" else [_positive(width) for width in text.split(",")]


def _real(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ArgumentTypeError(f"expected a number, not {shown(text)}") from None


def _above_zero(text: str) -> float:
    number = _real(text)
    if not 0.0 < number < math.inf:
        raise ArgumentTypeError(f"expected a finite number above 0, not {shown(text)}")
    return number


def _weight(text: str) -> float:
    number = _real(text)
    if not 0.0 <= number < math.inf:
        raise ArgumentTypeError(f"expected a finite number, 0 or more, not {shown(text)}")
    return number


def _share(text: str) -> float:
    number = _real(text)
    if not 0.0 <= number < 1.0:
        raise ArgumentTypeError(f"expected a number from 0 to below 1, not {shown(text)}")
    return number


def _activation(text: str) -> str:
    try:
        return activation_row(text).name
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _names(text: str) -> list[str]:
    """Return names between commas; one with a comma in it stands in double quotes."""
    try:
        names = [_name(name.strip()) for name in next(csv.reader([text], skipinitialspace=True), [])]
    except csv.Error:
        names = []
    if not names or not all(names):
        raise ArgumentTypeError(f"expected names between commas, not {shown(text)}")
    return names


def _delimiter(text: str) -> str:
    delimiter = {"tab": "\t", r"\t": "\t"}.get(text, text)
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise ArgumentTypeError(f"expected a single character or tab, not {shown(text)}")
    return delimiter
