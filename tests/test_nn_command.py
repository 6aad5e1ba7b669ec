"""The command: what it prints, how it ends, and what it says to bad input."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest

from nn import SGD, Standardization, cli


def run(*arguments, timeout=60):
    return subprocess.run(
        [sys.executable, "-m", "nn", *arguments], capture_output=True, text=True, timeout=timeout, check=False
    )


def accuracies(table):
    return {line.split()[0]: float(line.split()[-1].rstrip("%")) for line in table.splitlines()[1:]}


def test_training_on_iris_prints_a_table():
    pytest.importorskip("sklearn")
    done = run("train", "iris")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["samples", "loss", "accuracy"]
    assert [line.split()[:2] for line in lines[1:]] == [["training", "120"], ["test", "30"]]
    assert accuracies(done.stdout)["test"] >= 93.0
    assert re.fullmatch(r"epoch (\d+)/\1: loss [\d.e-]+, accuracy [\d.]+%\n", done.stderr)


def test_the_same_seed_prints_the_same_table(capsys):
    pytest.importorskip("sklearn")
    tables = []
    for seed in ("3", "3", "4"):
        assert cli.main(["train", "iris", "--epochs", "2", "--layers", "4", "--seed", seed]) == 0
        tables.append(capsys.readouterr().out)
    assert tables[0] == tables[1] != tables[2]


def test_the_test_samples_do_not_leak_into_the_standardization(monkeypatch):
    pytest.importorskip("sklearn")
    sizes = []

    class Recorded(Standardization):
        @classmethod
        def of(cls, inputs):
            sizes.append(len(inputs))
            return Standardization.of(inputs)

    monkeypatch.setattr(cli, "Standardization", Recorded)
    assert cli.main(["train", "iris", "--epochs", "1"]) == 0
    assert sizes == [120]


def test_every_flag_reaches_the_training(capsys):
    pytest.importorskip("sklearn")
    flags = "--layers 5,4 --activation relu --epochs 3 --batch-size 16 --learning-rate 0.02 --momentum 0.5 --seed 2"
    assert cli.main(["train", "iris", *flags.split()]) == 0
    baseline = capsys.readouterr().out
    for flag, other in (
        ("--layers 5,4", "--layers 5"),
        ("relu", "tanh"),
        ("--epochs 3", "--epochs 2"),
        ("--batch-size 16", "--batch-size 8"),
        ("0.02", "0.03"),
        ("--momentum 0.5", "--momentum 0"),
        ("--seed 2", "--seed 1"),
    ):
        assert cli.main(["train", "iris", *flags.replace(flag, other).split()]) == 0
        assert capsys.readouterr().out != baseline


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "python -m nn: the following arguments are required: COMMAND (see python -m nn --help)"),
        (["train"], "python -m nn train: the following arguments are required: SOURCE (see python -m nn train --help)"),
        (["train", "iris", "--epochs", "0"], "argument --epochs: expected 1 or more, not 0"),
        (["train", "iris", "--epochs", "ten"], "argument --epochs: expected a whole number, not 'ten'"),
        (["train", "iris", "--batch-size", "-1"], "argument --batch-size: expected 1 or more, not -1"),
        (["train", "iris", "--layers", "16,,1"], "argument --layers: expected a whole number, not ''"),
        (["train", "iris", "--layers", "16,x"], "argument --layers: expected a whole number, not 'x'"),
        (
            ["train", "iris", "--learning-rate", "nan"],
            "--learning-rate/--lr: expected a finite number above 0, not nan",
        ),
        (["train", "iris", "--lr", "inf"], "--learning-rate/--lr: expected a finite number above 0, not inf"),
        (["train", "iris", "--lr", "fast"], "argument --learning-rate/--lr: expected a number, not 'fast'"),
        (["train", "iris", "--momentum", "1"], "argument --momentum: expected a number from 0 to below 1, not 1"),
        (["train", "iris", "--seed", "x"], "argument --seed: expected a whole number, not 'x'"),
        (["train", "iris", "--activation", "rely"], "argument --activation: invalid choice: 'rely' (choose from "),
        (["train", "irsi"], "argument SOURCE: invalid choice: 'irsi' (choose from "),
        (["train", "iris", "--depth", "3"], "unrecognized arguments: --depth 3"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments, message, capsys):
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert message in err


def test_wrong_use_in_a_process():
    done = run("train", "iris", "--epochs", "many")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "python -m nn train: argument --epochs: expected a whole number, not 'many' (see python -m nn train --help)\n"
    )


def test_help_is_enough_to_use_it(capsys):
    assert cli.main(["--help"]) == 0
    assert "train" in capsys.readouterr().out
    assert cli.main(["train", "--help"]) == 0
    text = capsys.readouterr().out
    flags = "--layers --activation --epochs --batch-size --learning-rate --momentum --seed"
    assert all(word in text for word in ("iris", "tanh", *flags.split()))
    example = re.search(r"example:\n  python -m nn (.*)", text).group(1)
    assert cli._parser().parse_args(example.split()).layers == [16, 16]


def test_a_missing_extra_is_one_line(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert cli.main(["train", "iris"]) == 1
    assert capsys.readouterr().err == (
        'nn: the iris data comes with scikit-learn, which is not installed: pip install "tapegrad[data]"\n'
    )


@pytest.mark.parametrize("layers", ["1", "16"])
def test_a_run_that_diverges_prints_why_and_still_the_table(layers, capsys):
    pytest.importorskip("sklearn")
    flags = ["--activation", "identity", "--learning-rate", "1e200", "--layers", layers]
    assert cli.main(["train", "iris", *flags]) == 1
    out, err = capsys.readouterr()
    assert len(accuracies(out)) == 2
    assert err.splitlines()[-1].startswith("nn: training ended early: in epoch ")


class Interrupted(SGD):
    """Presses Ctrl-C at its twentieth step."""

    steps = 0

    def step(self):
        super().step()
        self.steps += 1
        if self.steps == 20:
            signal.raise_signal(signal.SIGINT)


def test_interrupting_prints_the_table_so_far(monkeypatch, capsys):
    pytest.importorskip("sklearn")
    monkeypatch.setattr(cli, "SGD", Interrupted)
    assert cli.main(["train", "iris", "--batch-size", "8"]) == 130  # 15 steps per epoch
    out, err = capsys.readouterr()
    assert set(accuracies(out)) == {"training", "test"}
    assert err.splitlines()[-1] == "nn: training ended early: interrupted in epoch 2 of 40"


def test_interrupting_outside_of_training_is_one_line(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.SOURCES, "iris", interrupted)
    assert cli.main(["train", "iris"]) == 130
    assert capsys.readouterr() == ("", "nn: interrupted\n")
