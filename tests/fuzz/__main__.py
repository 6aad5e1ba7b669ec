"""Search for inputs that break a law: `python -m tests.fuzz TARGET [--seconds N] [--corpus FOLDER]`.

The search is guided by the lines of this project that an input reaches, and needs atheris (`pip install atheris`); what
breaks a law is printed and written to a file `crash-…`. `python -m tests.fuzz TARGET FILE` gives one such file to the
target again, and needs nothing.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import warnings
from pathlib import Path

from tests.fuzz.laws import soon

TARGETS = {
    "expressions": ["autograd.expressions", "autograd.show.formula", "tests.fuzz.expressions"],
    "tables": ["nn.csv_files", "nn.tables", "tests.fuzz.tables"],
    "saved": ["nn.saving", "nn.architecture", "nn.activations", "nn.cli.recipe", "nn.tables", "tests.fuzz.saved"],
    "checkpoints": ["nn.saving", "nn.history", "nn.trainer", "nn.optimizers", "nn.schedules", "tests.fuzz.checkpoints"],
    "playground": ["nn.playground", "nn.csv_files", "tests.fuzz.playground"],
    "commands": ["autograd.cli", "autograd.expressions", "nn.cli.flags", "nn.activations", "tests.fuzz.commands"],
    "pages": ["autograd.show", "nn.show", "nn.reports", "nn.diagrams", "tests.fuzz.pages"],
}
"""Target -> the modules whose lines guide the search."""

LIMITS = ["-timeout=20", "-rss_limit_mb=2048", "-max_len=400", "-len_control=0"]
"""Seconds and megabytes of one input, and its length in bytes; more makes larger inputs, not odder ones."""


def main() -> None:
    """Search, or try one file."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", choices=list(TARGETS))
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path, help="where inputs that reach more lines are kept")
    options = parser.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)  # models that overflow, as IEEE 754 has it
    if options.file is not None:
        tried = importlib.import_module(f"tests.fuzz.{options.target}")
        tried.check(options.file.read_bytes())
        return
    _search(options)


def _search(options: argparse.Namespace) -> None:
    import atheris

    with atheris.instrument_imports(include=TARGETS[options.target]):
        target = importlib.import_module(f"tests.fuzz.{options.target}")

    def check(data: bytes) -> None:
        with soon(3.0):  # coverage takes its time too
            target.check(data)

    corpus = options.corpus or Path(tempfile.mkdtemp())
    corpus.mkdir(parents=True, exist_ok=True)
    atheris.Setup([sys.argv[0], str(corpus), f"-max_total_time={options.seconds}", *LIMITS], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
