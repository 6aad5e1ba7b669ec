"""The command `python -m nn`: train a network on real data from a terminal.

This room knows flags, exit codes and the printed table. What is trained and how stands in the rooms it calls.

Exit codes: 0 done, 1 it ran but did not come to its end, 2 wrong use, 130 interrupted.
"""

from __future__ import annotations

import argparse
import math
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import NoReturn

from nn.activations import ACTIVATIONS
from nn.datasets import Dataset, Standardization, load_iris, stratified_split
from nn.layers import MLP
from nn.losses import softmax_cross_entropy
from nn.optimizers import SGD
from nn.trainer import History, evaluate, fit

__all__ = ["main"]

SOURCES: dict[str, Callable[[], Dataset]] = {"iris": load_iris}
"""The data sets that can be trained on, by name."""

DESCRIPTION = """\
Train a network to classify a data set: standardize the inputs, keep a stratified
fifth of the samples for the test, and print loss and accuracy on both parts.
"""

EXAMPLE = """\
example:
  python -m nn train iris --layers 16,16 --activation tanh --seed 7
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        argv: the arguments after the program's name; by default those of this process.
    """
    try:
        options = _parser().parse_args(argv)
        return _train(options)
    except SystemExit as leaving:  # how argparse ends after --help and after wrong use
        return int(leaving.code or 0)
    except ModuleNotFoundError as error:
        print(f"nn: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("nn: interrupted", file=sys.stderr)
        return 130


class _Parser(argparse.ArgumentParser):
    """A parser that reports wrong use in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m nn", description="Train small neural networks, scalar by scalar.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    train = commands.add_parser(
        "train",
        help="train a network on a data set and print its accuracy",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_options(train)
    return parser


def _add_options(train: argparse.ArgumentParser) -> None:
    add = train.add_argument
    add("source", choices=sorted(SOURCES), metavar="SOURCE", help=f"data set: {', '.join(sorted(SOURCES))}")
    add("--layers", type=_widths, default=[16], metavar="N,N", help="neurons per hidden layer (default: 16)")
    add("--activation", choices=sorted(ACTIVATIONS), default="tanh", metavar="NAME", help=_activation_help())
    add("--epochs", type=_positive, default=40, metavar="N", help="times every sample is used (default: %(default)s)")
    add("--batch-size", type=_positive, default=8, metavar="N", help="samples per step (default: %(default)s)")
    add("--learning-rate", "--lr", type=_rate, default=0.05, metavar="RATE", help="step size (default: %(default)s)")
    add("--momentum", type=_momentum, default=0.9, metavar="SHARE", help="of gradient descent (default: %(default)s)")
    add("--seed", type=_whole, default=0, metavar="N", help="of split, weights and shuffling (default: %(default)s)")


def _activation_help() -> str:
    return f"of the hidden layers: {', '.join(sorted(ACTIVATIONS))} (default: %(default)s)"


def _train(options: argparse.Namespace) -> int:
    dataset = SOURCES[options.source]()
    training, test = stratified_split(dataset, seed=options.seed)
    standardization = Standardization.of(training.inputs)
    training = training._replace(inputs=standardization.apply(training.inputs))
    test = test._replace(inputs=standardization.apply(test.inputs))
    model = MLP(len(dataset.features), [*options.layers, len(dataset.classes)], options.activation, seed=options.seed)
    history = _fit(model, training, options)
    _print_table(model, {"training": training, "test": test})
    if history.stopped is None:
        return 0
    print(f"nn: training ended early: {history.stopped.splitlines()[0]}", file=sys.stderr)
    return 130 if history.stopped.startswith("interrupted") else 1


def _fit(model: MLP, training: Dataset, options: argparse.Namespace) -> History:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # said in one line afterwards
        return fit(
            model,
            training.inputs,
            training.targets,
            loss=softmax_cross_entropy,
            optimizer=SGD(model.parameters(), options.learning_rate, options.momentum),
            epochs=options.epochs,
            batch_size=options.batch_size,
            seed=options.seed,
        )


def _print_table(model: MLP, parts: dict[str, Dataset]) -> None:
    print(f"{'':8}  {'samples':>7}  {'loss':>8}  {'accuracy':>8}")
    for name, part in parts.items():
        loss, accuracy = evaluate(model, part.inputs, part.targets, loss=softmax_cross_entropy)
        print(f"{name:8}  {len(part.inputs):7}  {loss:8.4f}  {accuracy:8.1%}")


# -- what flags take -------------------------------------------------------------------------------------------------


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, not {text!r}") from None


def _positive(text: str) -> int:
    number = _whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, not {text}")
    return number


def _widths(text: str) -> list[int]:
    return [_positive(width) for width in text.split(",")]


def _real(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, not {text!r}") from None


def _rate(text: str) -> float:
    rate = _real(text)
    if not 0.0 < rate < math.inf:
        raise argparse.ArgumentTypeError(f"expected a finite number above 0, not {text}")
    return rate


def _momentum(text: str) -> float:
    momentum = _real(text)
    if not 0.0 <= momentum < 1.0:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to below 1, not {text}")
    return momentum
