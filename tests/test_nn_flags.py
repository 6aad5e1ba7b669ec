"""What can be typed after `python -m nn`, what does not fit, and how numbers become words; nothing is trained here."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import json
import math
import os
import re
import signal
import sys
import webbrowser
from types import SimpleNamespace

import pytest

from nn import MLP, Dataset, Dropout, Layer, Sequential, Standardization, cli
from nn.checks import one_line
from nn.cli import data as cli_data
from nn.cli import results as cli_results
from nn.cli import train as cli_train
from nn.cli.flags import RATES, WrongUseError, parsed
from nn.cli.recipe import Recipe, RecipeError
from nn.csv_files import TableError
from nn.datasets import SOURCES, SourceRow
from nn.prediction import Score
from nn.regularizers import L1, L2, MaxNorm, Together
from nn.saving import SavedFileError, save
from nn.tables import Column, Encoding

FLOWERS = "length,colour,kind\n" + "".join(
    f"{k % 3 + 0.1 * k},{'red' if k % 3 == 0 else 'blue'},{'abc'[k % 3]}\n" for k in range(30)
)


@pytest.fixture
def flowers(tmp_path):
    path = tmp_path / "flowers.csv"
    path.write_text(FLOWERS)
    return str(path)


def refused(*arguments):
    """What is said to wrong flags."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), pytest.raises(SystemExit) as left:
        parsed(arguments)
    assert left.value.code == 2
    return said.getvalue()


# -- flags -----------------------------------------------------------------------------------------------------------


def test_what_is_not_typed_is_as_the_help_says(capsys):
    options = parsed(["train", "moons"])
    assert vars(options) == {
        "command": "train", "source": "moons", "target": None, "task": None, "missing": None, "categorical": None,
        "ignore": None, "delimiter": None, "header": None, "layers": [16], "activation": "tanh", "dropout": 0.0,
        "initializer": None, "epochs": 100, "batch_size": 8, "loss": None, "l1": 0.0, "l2": 0.0, "max_norm": None,
        "early_stopping": None, "test_share": None, "validation_share": None, "standardize": True, "seed": 0,
        "optimizer": "adam", "learning_rate": 0.05, "momentum": 0.0, "nesterov": False, "weight_decay": None,
        "schedule": None, "clip_norm": None, "save": None, "report": None, "checkpoint": None, "resume": None,
        "quiet": False,
    }  # fmt: skip
    assert vars(parsed(["predict", "model", "new.csv"])) == {
        "command": "predict", "model": "model", "file": "new.csv", "output": None, "proba": False,
        "column": "prediction", "delimiter": None, "header": None,
    }  # fmt: skip
    assert vars(parsed(["playground"])) == {
        "command": "playground", "port": 0, "host": "127.0.0.1", "remote": False, "state": None, "browser": True,
    }  # fmt: skip
    assert cli.main(["train", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "(default: 0.02 for sgd, 0.1 for adagrad, 0.01 for rmsprop, 0.05 for adam, 0.05 for adamw)" in said
    assert "(default: 0.9 for sgd)" in said


def test_each_optimizer_has_a_rate_of_its_own_and_sgd_a_momentum():
    for name, rate in (("sgd", 0.02), ("adagrad", 0.1), ("rmsprop", 0.01), ("adam", 0.05), ("adamw", 0.05)):
        options = parsed(["train", "moons", "--optimizer", name])
        assert (options.learning_rate, options.momentum) == (rate, 0.9 if name == "sgd" else 0.0)
    assert list(RATES) == list(cli_train.OPTIMIZERS)
    assert parsed(["train", "moons", "--optimizer", "rmsprop", "--momentum", "0.5"]).momentum == 0.5
    assert parsed(["train", "moons", "--optimizer", "sgd", "--momentum", "0"]).momentum == 0.0
    assert parsed(["train", "moons", "--optimizer", "sgd", "--nesterov", "--momentum", "0.5"]).nesterov
    assert parsed(["train", "moons", "--optimizer", "sgd", "--nesterov"]).momentum == 0.9


FLAGS = [
    ("--epochs", "1", 1), ("--epochs", str(sys.maxsize), sys.maxsize), ("--batch-size", "1", 1),
    ("--batch-size", "all", None),
    ("--layers", "8", [8]), ("--layers", "8,4", [8, 4]), ("--layers", "none", []), ("--layers", " none ", []),
    ("--dropout", "0", 0.0), ("--dropout", "0.999", 0.999), ("--l1", "0", 0.0), ("--l1", "0.5", 0.5),
    ("--l2", "2", 2.0), ("--max-norm", "3", 3.0), ("--clip-norm", "1e-3", 1e-3), ("--seed", "0", 0),
    ("--seed", "12", 12), ("--learning-rate", "1e-300", 1e-300), ("--early-stopping", "1", 1),
    ("--test-share", "0", 0.0), ("--validation-share", "0.5", 0.5), ("--activation", "elu", "elu"),
    ("--delimiter", "tab", "\t"), ("--delimiter", r"\t", "\t"), ("--delimiter", ";", ";"), ("--target", "a b", "a b"),
    ("--ignore", "a, b", ["a", "b"]), ("--ignore", '"a,b",c', ["a,b", "c"]), ("--ignore", 'c, "a,b"', ["c", "a,b"]),
    ("--categorical", "x", ["x"]),
    ("--loss", "hinge", "hinge"), ("--schedule", "cosine", "cosine"), ("--missing", "drop", "drop"),
    ("--task", "class", "class"), ("--initializer", "he_normal", "he_normal"), ("--save", "a b", "a b"),
]  # fmt: skip


@pytest.mark.parametrize(("flag", "text", "value"), FLAGS)
def test_what_is_typed_is_read(flag, text, value):
    assert getattr(parsed(["train", "moons", flag, text]), flag[2:].replace("-", "_")) == value


def test_switches():
    options = parsed(["train", "moons", "--quiet", "--no-standardize", "--no-header"])
    assert (options.quiet, options.standardize, options.header) == (True, False, False)
    assert parsed(["train", "moons", "--lr", "0.5"]).learning_rate == 0.5
    assert parsed(["train", "moons", "--ignore", "a", "--ignore", "b,c"]).ignore == ["a", "b", "c"]
    options = parsed(["predict", "m", "f", "--proba", "--output", "o", "--column", "c", "--header"])
    assert (options.proba, options.output, options.column, options.header) == (True, "o", "c", True)
    options = parsed(["playground", "--port", "65535", "--remote", "--no-browser", "--state", "x", "--host", "::1"])
    assert (options.port, options.remote, options.browser, options.state, options.host) == (
        65535,
        True,
        False,
        "x",
        "::1",
    )


@pytest.mark.parametrize(
    ("flag", "text", "told"),
    [
        ("--epochs", "0", "expected 1 or more, not '0'"),
        ("--epochs", str(sys.maxsize + 1), "expected 1 or more"),
        ("--seed", "-1", "expected 0 or more, not '-1'"),
        ("--batch-size", "every", "expected a whole number, not 'every'"),
        ("--learning-rate", "-1", "expected a finite number above 0, not '-1'"),
        ("--learning-rate", "0", "expected a finite number above 0, not '0'"),
        ("--max-norm", "inf", "expected a finite number above 0, not 'inf'"),
        ("--l1", "inf", "expected a finite number, 0 or more, not 'inf'"),
        ("--l1", "nan", "expected a finite number, 0 or more, not 'nan'"),
        ("--dropout", "-0.1", "expected a number from 0 to below 1, not '-0.1'"),
        ("--dropout", "1", "expected a number from 0 to below 1, not '1'"),
        ("--dropout", "1.5", "expected a number from 0 to below 1, not '1.5'"),
        ("--delimiter", "", "expected a single character or tab, not ''"),
        ("--delimiter", '"', "expected a single character or tab"),
        ("--delimiter", "\n", "expected a single character or tab"),
        ("--target", " ", "expected a name, not ' '"),
        ("--ignore", "", "expected names between commas, not ''"),
        ("--ignore", "a,,b", "expected a name, not ''"),
    ],
)
def test_what_is_out_of_range_is_refused(flag, text, told):
    said = refused("train", "moons", flag, text)
    assert told in said
    assert said.endswith(" (see python -m nn train --help)\n")


def test_ports_end_where_they_end():
    assert parsed(["playground", "--port", "0"]).port == 0
    for text in ("-1", "65536"):
        assert f"expected a port from 1 to 65535, or 0 for a free one, not '{text}'" in refused(
            "playground", "--port", text
        )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x" * 60, f"'{'x' * 60}'"),
        ("x" * 61, f"'{'x' * 60}…'"),
    ],
)
def test_what_was_typed_is_repeated_as_far_as_it_helps(text, told):
    assert f"expected a whole number, not {told} (see" in refused("train", "moons", "--epochs", text)
    long = refused("train", "moons", "--optimizer", "y" * 200)
    assert "y" * 59 + "…" in long.replace("'", "") or "y" * 60 + "…" in long
    assert "y" * 61 not in long


def test_a_flag_that_is_nearly_right_is_named():
    assert "no flag or argument '--epoch': did you mean --epochs?" in refused("train", "moons", "--epoch", "3")
    assert "no flag or argument '--epoch=3': did you mean --epochs?" in refused("train", "moons", "--epoch=3")
    assert "did you mean" not in refused("train", "moons", "--zzz")
    assert "did you mean" not in refused("train", "moons", "epochs")
    assert refused("train", "moons", "--zzz").startswith("nn train: there is no flag or argument '--zzz' (see ")


def test_shares_leave_something_to_train_on():
    assert parsed(["train", "moons", "--test-share", "0.5", "--validation-share", "0.49"]).test_share == 0.5
    assert "leave nothing to train on" in refused(
        *["train", "moons", "--test-share", "0.5", "--validation-share", "0.5"]
    )
    assert "leave nothing" in refused(*["train", "moons", "--validation-share", "0.6", "--test-share", "0.5"])
    assert "leave nothing" in refused(*["train", "moons", "--validation-share", "0.6", "--test-share", "0.4"])


def test_flags_that_go_together_are_taken():
    assert parsed(["train", "moons", "--layers", "none"]).activation == "tanh"
    assert parsed(["train", "moons", "--layers", "none", "--dropout", "0"]).layers == []
    assert parsed(["train", "moons", "--optimizer", "adamw", "--weight-decay", "0"]).weight_decay == 0.0
    for name in ("adam", "adagrad", "adamw"):
        assert f"--momentum is for sgd and rmsprop, not for {name}" in refused(
            "train", "moons", "--optimizer", name, "--momentum", "0"
        )
    assert "--nesterov is for sgd, not for rmsprop" in refused("train", "moons", "--optimizer", "rmsprop", "--nesterov")
    for name in ("sgd", "adam"):
        assert f"--weight-decay is for adamw, not for {name}: --l2 is for all" in refused(
            "train", "moons", "--optimizer", name, "--weight-decay", "0"
        )


# -- samples ---------------------------------------------------------------------------------------------------------


def given(**options):
    return SimpleNamespace(**{"validation_share": None, "test_share": None, "seed": 0} | options)


def line_of(count):
    return Dataset([[float(k)] for k in range(count)], [2.0 * k for k in range(count)], ["x"], [])


@pytest.mark.parametrize(
    ("count", "options", "sizes"),
    [
        (19, {}, {"training": 19}),
        (20, {}, {"training": 12, "validation": 4, "test": 4}),
        (100, {"test_share": 0.0}, {"training": 80, "validation": 20}),
        (100, {"validation_share": 0.0}, {"training": 80, "test": 20}),
        (100, {"validation_share": 0.0, "test_share": 0.0}, {"training": 100}),
        (10, {"test_share": 0.3}, {"training": 5, "validation": 2, "test": 3}),
        (10, {"test_share": 0.1, "validation_share": 0.0}, {"training": 9, "test": 1}),
    ],
)
def test_parts_have_the_shares_that_were_asked_for(count, options, sizes):
    parts = cli_data.parts_of(line_of(count), given(**options))
    assert {name: len(part.inputs) for name, part in parts.items()} == sizes
    assert sorted(x for part in parts.values() for (x,) in part.inputs) == list(map(float, range(count)))


def test_shares_that_leave_nothing_or_too_little_are_refused():
    with pytest.raises(WrongUseError, match="leave nothing to train on"):
        cli_data.parts_of(line_of(50), given(test_share=0.8))
    with pytest.raises(WrongUseError, match="change --test-share and --validation-share, 0 is none"):
        cli_data.parts_of(line_of(2), given(test_share=0.2))
    assert list(cli_data.parts_of(line_of(100), given(test_share=0.79))) == ["training", "validation", "test"]


def test_what_is_found_in_a_file_is_told(flowers):
    source = cli_data.read_source(parsed(["train", flowers]))
    told = "30 rows, 3 inputs, target 'kind' (3 classes), columns of words: 'colour' (2 words)"
    assert source.told == f"{flowers}: {told}"
    assert source.dataset.name == flowers
    source = cli_data.read_source(parsed(["train", flowers, "--target", "length", "--ignore", "kind"]))
    assert source.told.endswith("target 'length' (regression), columns of words: 'colour' (2 words)")
    named = cli_data.read_source(parsed(["train", "xor"]))
    assert (named.told, named.encoding.target, named.encoding.classes) == ("", "target", ["false", "true"])
    assert [column.name for column in named.encoding.columns] == named.dataset.features


def test_rows_that_are_left_out_and_many_columns_of_words_are_told(tmp_path):
    path = tmp_path / "words.csv"
    heads = ",".join(f"c{k}" for k in range(9))
    path.write_text(
        f"{heads},y\n" + "".join(",".join(f"{'ab'[k % 2]}" for _ in range(9)) + f",{k}.5\n" for k in range(9))
    )
    told = cli_data.read_source(parsed(["train", str(path)])).told
    assert told.endswith("columns of words: " + ", ".join(f"'c{k}' (2 words)" for k in range(8)) + ", …")
    told = cli_data.read_source(parsed(["train", str(path), "--ignore", "c8"])).told
    assert told.endswith("'c7' (2 words)")
    with open(path, "a", encoding="utf-8") as file:
        file.write(",".join("?" * 9) + ",1.5\n" * 1)
    told = cli_data.read_source(parsed(["train", str(path), "--missing", "drop"])).told
    assert told.endswith(", …, 1 row with gaps left out")


def test_what_is_wrong_with_a_file_names_it_once():
    for error, told in (
        (ValueError("file x: it is odd"), "file x: it is odd"),
        (ValueError("it is odd"), "x: it is odd"),
        (ValueError("of 'x' nothing is left"), "of 'x' nothing is left"),
        (OSError(errno.ENOENT, os.strerror(errno.ENOENT)), "cannot read 'x': No such file or directory"),
    ):
        with pytest.raises(WrongUseError) as raised, cli_data.wrong_input("x"):
            raise error
        assert str(raised.value) == told


# -- a network of what was typed -------------------------------------------------------------------------------------

KINDS = Encoding([Column("x"), Column("y")], "kind", ["a", "b", "c"])
PAIR = Encoding([Column("x"), Column("y")], "kind", ["a", "b"])
PRICE = Encoding([Column("x"), Column("y")], "price", [])


def recipe_of(encoding=KINDS, loss="softmax_cross_entropy", inputs=None, targets=None):
    return Recipe("pets", encoding, loss, inputs, targets)


def points(classes=("a", "b", "c")):
    return Dataset([[0.0, 1.0], [1.0, 2.0], [2.0, 0.0]], [0, 1, 2][: len(classes)] * 1, ["x", "y"], list(classes))


def built(flags="", recipe=None, dataset=None):
    return cli_train._model(parsed(["train", "moons", *flags.split()]), recipe or recipe_of(), dataset or points())


def test_a_network_is_built_as_it_was_typed():
    assert repr(built("--layers 5,4")) == "MLP(2, [5, 4, 3], 'tanh')"
    assert repr(built("--layers 5 --activation relu")) == "MLP(2, [5, 3], 'relu')"
    assert repr(built("--layers none")) == "MLP(2, [3], 'tanh')"
    assert built("--layers 5").layers[-1].activation.name == "identity"
    for loss, last in (("negative_log_likelihood", "softmax"), ("multiclass_hinge", "identity")):
        assert built("--layers 5", recipe_of(loss=loss)).layers[-1].activation.name == last
    single = built("--layers 5", recipe_of(PAIR, "binary_cross_entropy"), points("ab"))
    assert (single.layers[-1].activation.name, single.layers[-1].n_outputs) == ("sigmoid", 1)
    prices = Dataset([[0.0, 1.0]], [[1.0, 2.0, 3.0, 4.0]], ["x", "y"], [])
    assert built("--layers 5", recipe_of(PRICE, "squared_error"), prices).n_outputs == 4
    prices = Dataset([[0.0, 1.0]], [1.0], ["x", "y"], [])
    assert built("--layers 5", recipe_of(PRICE, "squared_error"), prices).n_outputs == 1


def test_dropout_stands_behind_every_hidden_layer():
    model = built("--layers 5,4 --dropout 0.25 --activation relu")
    assert isinstance(model, Sequential)
    assert [type(stage) for stage in model.stages] == [Layer, Dropout, Layer, Dropout, Layer]
    assert [stage.rate for stage in model.stages[1::2]] == [0.25, 0.25]
    assert [(layer.n_inputs, layer.n_outputs, layer.activation.name) for layer in model.stages[::2]] == [
        (2, 5, "relu"),
        (5, 4, "relu"),
        (4, 3, "identity"),
    ]


def test_seed_and_initializer_reach_the_weights():
    def weights(flags):
        return [parameter.data for parameter in built(flags).parameters()]

    for more in ("", " --dropout 0.5"):
        assert weights("--seed 3" + more) == weights("--seed 3" + more) != weights("--seed 4" + more)
        assert weights("--initializer he_normal" + more) != weights(more) != weights("--initializer he_uniform" + more)


def test_a_network_has_at_most_a_million_weights_and_biases():
    told = "^--layers: 1,000,001 parameters are too many, at most 1,000,000 are taken$"
    with pytest.raises(WrongUseError, match=told):
        built("--layers 1,199999")  # 3 · 1 + 2 · 199,999 + 200,000 · 3


@pytest.mark.parametrize("limit", [25, 26])
def test_parameters_are_weights_and_biases(limit, monkeypatch):
    monkeypatch.setattr(cli_train, "MOST_PARAMETERS", limit)
    raised = (
        pytest.raises(WrongUseError, match="26 parameters are too many") if limit == 25 else contextlib.nullcontext()
    )
    with raised:
        built("--layers 3,2")  # 3 · 3 + 4 · 2 + 3 · 3


@pytest.mark.parametrize(
    ("flags", "kinds"),
    [
        ("", None),
        ("--l1 0.5", [(L1, 0.5)]),
        ("--l2 0.25", [(L2, 0.25)]),
        ("--max-norm 3", [(MaxNorm, 3.0)]),
        ("--l1 0.5 --l2 0.25 --max-norm 3", [(L1, 0.5), (L2, 0.25), (MaxNorm, 3.0)]),
    ],
)
def test_penalties_are_put_together(flags, kinds):
    made = cli_train._regularizer(parsed(["train", "moons", *flags.split()]))
    if kinds is None:
        assert made is None
        return
    assert isinstance(made, Together)
    assert repr(made) == repr(Together(*(kind(number) for kind, number in kinds)))


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("--optimizer sgd --momentum 0", {"learning_rate": 0.02, "momentum": 0.0, "nesterov": False}),
        ("--optimizer sgd --nesterov", {"learning_rate": 0.02, "momentum": 0.9, "nesterov": True}),
        ("--optimizer rmsprop --momentum 0.5 --lr 0.3", {"learning_rate": 0.3, "momentum": 0.5}),
        ("--optimizer adamw --weight-decay 0", {"learning_rate": 0.05, "weight_decay": 0.0}),
        ("--optimizer adamw", {"weight_decay": 0.01}),
        ("--optimizer adagrad", {"learning_rate": 0.1}),
    ],
)
def test_an_optimizer_is_made_as_it_was_typed(flags, expected):
    made = cli_train._optimizer(parsed(["train", "moons", *flags.split()]), MLP(2, [1]))
    assert type(made).__name__.lower() == flags.split()[1]
    assert {name: getattr(made, name) for name in expected} == expected


def test_everything_that_was_typed_reaches_the_training(monkeypatch):
    seen = {}

    def fit(model, inputs, targets, **options):
        seen.update(options, samples=(inputs, targets))
        return "history"

    monkeypatch.setattr(cli_train, "fit", fit)
    samples = {"training": ([[1.0]], [0]), "validation": ([[2.0]], [1]), "test": ([[3.0]], [0])}
    flags = "--epochs 7 --batch-size 3 --seed 5 --l2 0.5 --schedule step --clip-norm 2 --early-stopping 4"
    options = parsed(["train", "moons", *flags.split(), "--checkpoint", "c", "--resume", "r"])
    assert cli_train._fit(options, MLP(1, [1]), recipe_of(), samples, print) == "history"
    assert seen["samples"] == samples["training"]
    assert seen["validation"] == samples["validation"]
    names = ("loss", "epochs", "batch_size", "seed", "clip_norm", "early_stopping", "checkpoint", "resume", "progress")
    assert [seen[name] for name in names] == ["softmax_cross_entropy", 7, 3, 5, 2.0, 4, "c", "r", True]
    assert seen["callbacks"] == [print]
    assert type(seen["schedule"]).__name__ == "StepSchedule"
    assert repr(seen["regularizer"]) == repr(Together(L2(0.5)))
    cli_train._fit(parsed(["train", "moons", "--quiet"]), MLP(1, [1]), recipe_of(), {"training": ([], [])}, print)
    assert (seen["progress"], seen["validation"], seen["schedule"], seen["regularizer"]) == (False, None, None, None)


def test_inputs_are_standardized_and_so_are_the_targets_of_a_regression():
    def made(flags, training, encoding):
        source = cli_data.Source(training._replace(name="pets"), encoding)
        return cli_train._recipe(parsed(["train", "moons", *flags.split()]), source, training)

    prices = Dataset([[0.0, 1.0], [2.0, 1.0]], [1.0, 5.0], ["x", "y"], [])
    pairs = prices._replace(targets=[[1.0, 0.0], [5.0, 2.0]])
    assert made("", points(), KINDS) == recipe_of(inputs=Standardization.of(points().inputs))
    inputs = Standardization([1.0, 1.0], [1.0, 1.0])
    assert made("", prices, PRICE) == recipe_of(PRICE, "mean_squared_error", inputs, Standardization([3.0], [2.0]))
    assert made("", pairs, PRICE).targets == Standardization([3.0, 1.0], [2.0, 1.0])
    assert made("--no-standardize", prices, PRICE) == recipe_of(PRICE, "mean_squared_error")
    assert made("--loss squared_error", prices, PRICE).loss == "squared_error"


@pytest.mark.parametrize(
    ("loss", "classes", "told"),
    [
        ("hinge", "ab", None),
        ("perceptron", "abc", None),
        ("perceptron", "ab", None),
        ("multiclass_hinge", "ab", None),
        ("squared_error", "", None),
        ("hinge", "abc", "--loss hinge is for two classes, here are 3: use softmax_cross_entropy or multiclass_hinge"),
        (
            "signed_cross_entropy",
            "abc",
            "--loss signed_cross_entropy is for two classes, here are 3: use softmax_cross_entropy or multiclass_hinge",
        ),
        ("squared_error", "ab", "--loss squared_error is for a regression, but the target is one of 2 classes"),
        ("hinge", "", "--loss hinge is for classes, but the target is a number: use mean_squared_error"),
    ],
)
def test_a_loss_has_to_fit_the_target(loss, classes, told):
    if told is None:
        assert cli_train._loss(loss, list(classes)) == loss
        return
    with pytest.raises(WrongUseError) as raised:
        cli_train._loss(loss, list(classes))
    assert str(raised.value) == told


@pytest.mark.parametrize(
    ("facts", "code", "told"),
    [
        ({"stopped": None}, 0, ""),
        ({"stopped": "no better\nand more"}, 0, "nn train: training ended early: no better\n"),
        ({"stopped": "nan", "not_finite": True}, 1, "nn train: training ended early: nan\n"),
        ({"stopped": "Ctrl-C", "interrupted": True}, 130, "nn train: training ended early: Ctrl-C\n"),
        (
            {"stopped": "Ctrl-C", "interrupted": True, "validation": [Score(0.5, None)]},
            130,
            "nn train: training ended early: Ctrl-C: back to epoch 3\n",
        ),
        ({"stopped": "no better", "validation": [Score(0.5, None)]}, 0, "nn train: training ended early: no better\n"),
    ],
)
def test_why_a_run_ended_is_told_and_is_the_exit_code(facts, code, told, capsys):
    history = SimpleNamespace(**{"interrupted": False, "not_finite": False, "validation": [], "kept": 3} | facts)
    assert cli_train._ending(history) == code
    assert capsys.readouterr().err == told


# -- what is done, and in which order --------------------------------------------------------------------------------


@pytest.fixture
def fitted(monkeypatch):
    """Stands for the training: ends at once with what is set here."""
    facts = SimpleNamespace(epochs=1, raises=None, history={})

    def fit(model, *samples, callbacks, **options):
        if facts.raises:
            raise facts.raises
        for epoch in range(facts.epochs):
            callbacks[0](epoch)
        known = {"stopped": None, "interrupted": False, "not_finite": False, "training": [1, 2], "validation": []}
        return SimpleNamespace(**known | {"model": model, "kept": 2} | facts.history)

    monkeypatch.setattr(cli_train, "fit", fit)
    return facts


def test_a_file_is_told_of_unless_it_shall_be_quiet(fitted, flowers, capsys):
    assert cli.main(["train", flowers]) == 0
    out, err = capsys.readouterr()
    assert err.startswith(f"{flowers}: 30 rows, 3 inputs, ")
    assert err.count("\n") == 1
    assert [line.split()[:2] for line in out.splitlines()[1:4]] == [
        ["training", "18"],
        ["validation", "6"],
        ["test", "6"],
    ]
    assert cli.main(["train", flowers, "--quiet"]) == 0
    assert capsys.readouterr() == (out, "")
    assert cli.main(["train", "moons"]) == 0
    assert capsys.readouterr().err == ""


def test_a_checkpoint_that_is_done_already_is_told(fitted, capsys):
    fitted.epochs = 0
    assert cli.main(["train", "xor"]) == 0
    assert capsys.readouterr().err == "nn train: the checkpoint has 2 epochs already: nothing was trained\n"
    fitted.history = {"stopped": "nothing left", "not_finite": True}
    assert cli.main(["train", "xor"]) == 1
    assert capsys.readouterr().err == "nn train: training ended early: nothing left\n"


def test_a_checkpoint_that_does_not_fit_is_wrong_use(fitted, capsys):
    fitted.raises = SavedFileError("of another run")
    assert cli.main(["train", "xor"]) == 2
    assert capsys.readouterr() == ("", "nn train: --resume: of another run\n")


def test_the_table_is_printed_though_a_file_cannot_be_written(fitted, monkeypatch, tmp_path, capsys):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "full", "model")

    monkeypatch.setattr(cli_results, "save", full)
    assert cli.main(["train", "xor", "--save", str(tmp_path / "model")]) == 1
    out, err = capsys.readouterr()
    assert out.split()[:3] == ["samples", "loss", "accuracy"]
    assert "the model is in" not in out
    assert err == "nn train: 'model': full\n"


def test_a_model_is_saved_with_what_predicts_with_it(fitted, tmp_path, flowers, capsys):
    path = str(tmp_path / "model")
    assert cli.main(["train", flowers, "--quiet", "--save", path]) == 0
    assert capsys.readouterr().out.endswith(f"\n\nthe model is in {path}\n")
    assert cli.main(["predict", path, flowers]) == 0
    assert capsys.readouterr().out.startswith("length,colour,kind,prediction\n")


# -- results ---------------------------------------------------------------------------------------------------------


def results(capsys, recipe, parts, answer):
    samples = {name: recipe.samples(part) for name, part in parts.items()}
    cli_results.print_results(answer, recipe, parts, samples)
    table, _, rest = capsys.readouterr().out.partition("\n\n")
    return [line.split() for line in table.splitlines()], rest


def test_the_table_has_a_row_for_each_part_and_the_matrix_is_that_of_the_last(capsys):
    dataset = Dataset([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0, 1, 1], ["x", "y"], ["a", "b", "c"])
    parts = {"training": dataset, "test": dataset._replace(inputs=dataset.inputs[:2], targets=[0, 2])}
    table, rest = results(capsys, recipe_of(), parts, lambda x: [0.0, 100.0 * x[0], -100.0])
    assert table == [  # and no word of samples that were held back
        ["samples", "loss", "accuracy"],
        ["training", "3", "0.4621", "66.7%"],  # 0 of the first is taken as the best of two: log(2) · 2 / 3
        ["test", "2", "100.3", "50.0%"],
    ]
    assert rest.splitlines() == [
        "confusion matrix of the 2 test samples",
        "true \\ predicted  a  b  c",
        "a                 1  0  0",
        "b                 0  0  0",
        "c                 0  1  0",
    ]


def test_a_single_part_says_that_nothing_was_held_back(capsys):
    dataset = Dataset([[0.0, 0.0]], [0], ["x", "y"], ["a", "b", "c"])
    table, rest = results(capsys, recipe_of(), {"training": dataset}, lambda x: [1.0, 0.0, 0.0])
    assert " ".join(table[-1]) == "no samples were held back: how well it does on new ones is not known"
    assert rest.splitlines()[0] == "confusion matrix of the 1 training sample"


def test_a_regression_has_its_error_in_units_and_the_share_that_is_explained(capsys):
    dataset = Dataset([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]], [10.0, 20.0, 30.0], ["x", "y"], [])
    recipe = recipe_of(PRICE, "mean_squared_error", None, Standardization([20.0], [10.0]))
    for error, told in (
        (0.0, ["0", "0", "1.000"]),
        (0.3, ["9", "3", "0.865"]),  # 9 of a variance of 200 / 3
        (math.sqrt(2.0 / 3.0), ["66.67", "8.165", "0.000"]),
        (2.0, ["400", "20", "-5.000"]),
    ):
        table, rest = results(capsys, recipe, {"test": dataset}, lambda x, error=error: x[0] - 1.0 + error)
        assert table[1] == ["test", "3", *told]
        assert "confusion" not in rest
    assert table[0] == ["samples", "loss", "RMSE", "R²"]


def test_several_targets_are_measured_together(capsys):
    dataset = Dataset([[0.0, 0.0], [1.0, 0.0]], [[0.0, 2.0], [4.0, 2.0]], ["x", "y"], [])
    table, _ = results(capsys, recipe_of(PRICE, "squared_error"), {"test": dataset}, lambda x: [4.0 * x[0], 4.0])
    assert table[1] == ["test", "2", "2", "1.414", "0.000"]  # errors 0, 2, 0, 2; variance 0, 0, 4, 0 around 2


@pytest.mark.parametrize(
    ("outputs", "targets", "told"),
    [
        ([1.0, 1.0], [1.0, 1.0], ["0", "-"]),
        ([2.0, 2.0], [1.0, 1.0], ["1", "-"]),
        ([1e200, 0.0], [0.0, 1.0], ["7.071e+199", "-"]),
        ([99.5, 0.5], [0.0, 1.0], ["70.36", "-19800.000"]),
        ([1e120, 0.0], [-1e120, 1e120], ["1.581e+120", "-1.500"]),
        ([0.5, 0.5], [0.0, 1.0], ["0.5", "0.000"]),
        ([0.50001, 0.50001], [0.0, 1.0], ["0.5", "0.000"]),
    ],
)
def test_a_share_is_told_where_there_is_something_to_explain(outputs, targets, told):
    assert cli_results._fitted(outputs, targets) == told


def test_as_many_classes_as_fit_are_printed(capsys):
    for count in (12, 13):
        encoding = Encoding([Column("x")], "kind", [f"c{k}" for k in range(count)])
        dataset = Dataset([[0.0]], [0], ["x"], encoding.classes)
        _, rest = results(capsys, recipe_of(encoding), {"test": dataset}, lambda x, n=count: [1.0] + [0.0] * (n - 1))
        assert ("confusion matrix" in rest) == (count == 12)
    assert cli_results._name_text("n" * 24) == "n" * 24
    assert cli_results._name_text("n" * 25) == "n" * 23 + "…"


def test_places_are_told_of_what_was_asked_for(capsys):
    done, nothing = SimpleNamespace(training=[1]), SimpleNamespace(training=[])
    for save_to, report_to, history, told in (
        ("m", None, done, "\nthe model is in m\n"),
        (None, "r", done, "\nthe report is in r\n"),
        ("m", "r", done, "\nthe model is in m\nthe report is in r\n"),
        (None, None, done, ""),
        ("m", "r", nothing, ""),
    ):
        cli_results.print_places(SimpleNamespace(save=save_to, report=report_to), history)
        assert capsys.readouterr().out == told


def test_what_is_written_is_what_was_asked_for(monkeypatch, capsys):
    wrote = []
    monkeypatch.setattr(cli_results, "save", lambda model, path, extra: wrote.append((model, path, extra["source"])))
    monkeypatch.setattr(cli_results, "_write_report", lambda path, *facts: wrote.append((path, facts[-1])))
    history = SimpleNamespace(training=[1], model="model")
    for options, expected in (
        (SimpleNamespace(save=None, report=None), []),
        (SimpleNamespace(save="m", report=None), [("model", "m", "pets")]),
        (SimpleNamespace(save=None, report="r"), [("r", "test samples")]),
        (SimpleNamespace(save="m", report="r"), [("model", "m", "pets"), ("r", "test samples")]),
    ):
        wrote.clear()
        cli_results.write_results(options, history, recipe_of(), points(), {"test": "test samples"})
        assert wrote == expected
        nothing = SimpleNamespace(training=[], model="model")
        wrote.clear()
        cli_results.write_results(options, nothing, recipe_of(), points(), {})
        assert wrote == []
        told = "nn train: no epoch was finished: nothing is written\n"
        assert capsys.readouterr().err == (told if expected else "")


def test_a_report_is_asked_for_with_all_that_is_known(monkeypatch, tmp_path):
    seen = {}

    def report(history, **options):
        seen.update(options)
        return SimpleNamespace(save=lambda path: seen.update(path=path))

    monkeypatch.setattr("nn.reports.report", report)
    inputs = Standardization([0.0, 0.0], [1.0, 1.0])
    cli_results._write_report("r", "history", recipe_of(inputs=inputs)._replace(source="digits"), points(), "test")
    assert seen == {
        "title": "digits",
        "features": ["x", "y"],
        "classes": ["a", "b", "c"],
        "standardization": inputs,
        "test": "test",
        "picture": (8, 8),
        "path": "r",
    }
    cli_results._write_report(
        "r", "history", recipe_of(PRICE, "squared_error", None, Standardization([1234.5678], [0.25])), points(), None
    )
    assert seen["picture"] is None
    assert seen["title"] == "pets: target standardized, 0 is 1235, a step of 1 is 0.25"
    several = recipe_of(PRICE, "squared_error", None, Standardization([1.0, 2.0], [1.0, 1.0]))
    assert cli_results._title(several) == "pets"


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    cli_results.check_output("--save", str(tmp_path / "new"))
    (tmp_path / "old").touch()
    cli_results.check_output("--save", str(tmp_path / "old"))
    for path, told in (
        (tmp_path, "is a folder, not a file"),
        (tmp_path / "gone" / "m", f"there is no folder {str(tmp_path / 'gone')!r}: make it first"),
        (tmp_path / ("n" * 300), "File name too long"),
    ):
        with pytest.raises(WrongUseError, match=r"^--save: ") as raised:
            cli_results.check_output("--save", str(path))
        assert told in str(raised.value)


# -- what outputs mean -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "encoding", "n_outputs", "codes"),
    [
        ("softmax_cross_entropy", KINDS, 3, (0, 1, 2)),
        ("softmax_cross_entropy", PAIR, 2, (0, 1)),
        ("hinge", PAIR, 1, (-1, 1)),
        ("binary_cross_entropy", PAIR, 1, (0, 1)),
        ("perceptron", PAIR, 1, (-1, 1)),
        ("perceptron", KINDS, 3, (0, 1, 2)),
        ("multiclass_hinge", PAIR, 2, (0, 1)),
        ("squared_error", PRICE, 5, ()),
    ],
)
def test_a_loss_says_how_classes_are_coded(loss, encoding, n_outputs, codes):
    recipe = recipe_of(encoding, loss)
    assert (recipe.n_outputs(5), recipe.codes) == (n_outputs, codes)
    for index in range(len(encoding.classes)):
        target = recipe.samples(Dataset([[0.0, 0.0]], [index], ["x", "y"], encoding.classes))[1][0]
        assert target == codes[index]


@pytest.mark.parametrize(
    "wrong", [([0.0], [1.0, 1.0]), ([0.0, 0.0], [1.0]), ([], [1.0]), ([0.0], [0.0]), ([0.0], [-1.0])]
)
def test_what_is_standardized_has_a_mean_and_a_deviation_each(wrong):
    means, deviations = wrong
    data = recipe_of(PRICE, "squared_error").as_json()
    for what in ("inputs", "targets"):
        with pytest.raises(
            RecipeError, match=f"what its {what} are standardized with is not a mean and a deviation for"
        ):
            Recipe.from_json(data | {what: {"means": means, "deviations": deviations}})


def test_an_output_is_told_as_its_class():
    assert recipe_of().answer([0.0, 2.0, 1.0]) == ["b"]
    hinge = recipe_of(PAIR, "hinge")
    assert [hinge.answer(score) for score in (-0.5, 0.5, math.nan)] == [["a"], ["b"], [""]]
    assert [hinge.class_of(score) for score in (-0.5, 0.5, math.nan)] == [0, 1, None]
    assert hinge.probabilities(0.5) == []
    assert recipe_of(PAIR, "binary_cross_entropy").probabilities(0.25) == ["0.750000", "0.250000"]
    assert recipe_of(PRICE, "squared_error").class_of(0.5) is None


def test_numbers_are_told_in_the_units_of_their_targets():
    plain = recipe_of(PRICE, "squared_error")
    assert plain.answer(0.5) == ["0.5"]
    assert plain.answer(15000000.1234567) == ["15000000.1234567"]
    assert plain.answer([0.5, 1.0]) == ["0.5", "1"]
    assert plain.in_units([0.5, 1.0]) == [0.5, 1.0]
    scaled = plain._replace(targets=Standardization([10.0], [4.0]))
    assert scaled.answer(0.5) == ["12"]
    assert scaled.in_units([0.0, 1.0]) == [10.0, 14.0]
    assert scaled.samples(Dataset([[0.0, 0.0]], [14.0], ["x", "y"], []))[1] == [1.0]
    several = plain._replace(targets=Standardization([10.0, 0.0], [4.0, 1.0]))
    assert several.answer([0.5, 3.0]) == ["12", "3"]
    assert several.samples(Dataset([[0.0, 0.0]], [[14.0, 1.0]], ["x", "y"], []))[1] == [[1.0, 1.0]]


@pytest.mark.parametrize(
    ("mean", "spread", "told"),
    [
        (1.0 / 3.0, 1.0, "0.3333333333"),
        (1e9 / 3.0, 1e9, "333333333.3"),
        (1e9 / 3.0, 1.0, "333333333.3333333"),
        (1000.1234567, 1.0, "1000.1234567"),
        (123456789012.5, 10.0, "123456789012.5"),
        (1700000000000.125, 10.0, "1700000000000.125"),
        (1e15 / 3.0, 1e-9, "333333333333333.31"),
        (math.inf, 1.0, "inf"),
        (math.nan, 1.0, "nan"),
    ],
)
def test_so_many_digits_are_told_that_a_millionth_of_the_spread_shows(mean, spread, told):
    recipe = recipe_of(PRICE, "squared_error", None, Standardization([0.0], [spread]))
    (text,) = recipe._replace(targets=Standardization([mean], [spread])).answer(0.0)
    assert text == told
    if math.isfinite(mean):
        assert abs(float(text) - mean) <= 1e-6 * max(spread, 1e-9 * abs(mean))


def test_inputs_are_standardized_by_their_recipe():
    recipe = recipe_of(inputs=Standardization([1.0, 2.0], [2.0, 4.0]))
    assert recipe.standardized([[3.0, 2.0]]) == [[1.0, 0.0]]
    assert recipe_of().standardized([[3.0, 2.0]]) == [[3.0, 2.0]]
    assert recipe.samples(points())[0][0] == [-0.5, -0.25]


# -- predictions of a model that is saved ----------------------------------------------------------------------------


def saved(tmp_path, recipe, model):
    path = str(tmp_path / "model")
    save(model, path, extra=recipe.as_json())
    return path


def constant(numbers):
    """A linear model of two inputs that answers its first input times these numbers."""
    model = MLP(2, [len(numbers)])
    for neuron, number in zip(model.layers[0].neurons, numbers):
        for parameter, value in zip(neuron.row, (number, 0.0, 0.0)):
            parameter.data = value
    return model


@pytest.mark.parametrize(
    ("recipe", "model", "flags", "lines"),
    [
        (recipe_of(), constant([1.0, 0.0, -1.0]), "", ["x,y,prediction", "2,0,a", "-1,5,c"]),
        (recipe_of(PAIR, "hinge"), constant([1.0]), "--column k", ["x,y,k", "2,0,b", "-1,5,a"]),
        (
            recipe_of(PAIR),
            constant([1000.0, 0.0]),
            "--proba",
            [
                "x,y,prediction,prediction=a,prediction=b",
                "2,0,a,1.000000,0.000000",
                "-1,5,b,0.000000,1.000000",
            ],
        ),
        (recipe_of(PRICE, "squared_error"), constant([0.5]), "", ["x,y,prediction", "2,0,1", "-1,5,-0.5"]),
        (
            recipe_of(
                PRICE,
                "squared_error",
                Standardization([0.0, 0.0], [2.0, 1.0]),
                Standardization([5.0, 0.0], [10.0, 1.0]),
            ),
            constant([1.0, -1.0]),
            "--column n",
            ["x,y,n1,n2", "2,0,15,-1", "-1,5,0,0.5"],
        ),
    ],
)
def test_a_saved_model_answers_for_rows(recipe, model, flags, lines, tmp_path, capsys):
    new = tmp_path / "new.csv"
    new.write_text("x,y\n2,0\n-1,5\n")
    path = saved(tmp_path, recipe, model)
    assert cli.main(["predict", path, str(new), *flags.split()]) == 0
    assert capsys.readouterr() == ("\n".join(lines) + "\n", "")
    for answers in (tmp_path / "answers.csv", tmp_path / "zzz.csv"):
        assert cli.main(["predict", path, str(new), *flags.split(), "--output", str(answers)]) == 0
        assert capsys.readouterr() == ("", "")
        assert answers.read_text().splitlines() == lines


def test_predictions_are_printed_as_the_files_are_written_that_are_read(tmp_path, monkeypatch):
    recipe = recipe_of(PAIR._replace(classes=["Květ", "花"]), "hinge")
    new = tmp_path / "new.csv"
    new.write_text("x,y\n2,0\n-1,5\n")
    path = saved(tmp_path, recipe, constant([1.0]))
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="\r\n")
    monkeypatch.setattr(sys, "stdout", terminal)
    assert cli.main(["predict", path, str(new)]) == 0
    terminal.flush()
    assert terminal.buffer.getvalue().decode("utf-8") == "x,y,prediction\n2,0,花\n-1,5,Květ\n"
    monkeypatch.setattr(sys, "stdout", io.StringIO())  # which has no encoding to change
    assert cli.main(["predict", path, str(new)]) == 0
    assert sys.stdout.getvalue() == "x,y,prediction\n2,0,花\n-1,5,Květ\n"


def test_answers_that_are_nan_are_counted(tmp_path, capsys):
    new = tmp_path / "new.csv"
    new.write_text("x,y\n1,0\n")
    path = saved(tmp_path, recipe_of(PAIR, "hinge"), constant([math.nan]))
    assert cli.main(["predict", path, str(new)]) == 0
    assert capsys.readouterr() == (
        "x,y,prediction\n1,0,\n",
        "nn predict: of 1 row the output is nan, which is no class: left empty\n",
    )


def test_what_is_read_is_not_written_over(tmp_path, capsys):
    new = tmp_path / "new.csv"
    new.write_text("x,y\n1,0\n")
    path = saved(tmp_path, recipe_of(PAIR, "hinge"), constant([1.0]))
    (tmp_path / "link").symlink_to(new)
    for place in (path, str(new), str(tmp_path / "link")):
        assert cli.main(["predict", path, str(new), "--output", place]) == 2
        assert capsys.readouterr().err == "nn predict: --output names a file that is read: choose another one\n"
    new.write_text("x,y,prediction=b\n1,0,2\n")
    path = saved(tmp_path, recipe_of(PAIR), constant([1.0, 0.0]))
    assert cli.main(["predict", path, str(new), "--proba"]) == 2
    assert "there is a column 'prediction=b' already: choose another name with --column" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("recipe", "model", "told"),
    [
        (recipe_of(), MLP(3, [3]), "the model takes 3 inputs, and its columns make 2"),
        (recipe_of(), MLP(1, [3]), "the model takes 1 inputs, and its columns make 2"),
        (recipe_of(), MLP(2, [2]), "the model gives 2 outputs, which do not fit its classes or targets"),
        (recipe_of(PAIR, "hinge"), MLP(2, [2]), "the model gives 2 outputs, which do not fit"),
        (
            recipe_of(PRICE, "squared_error", None, Standardization([0.0], [1.0])),
            MLP(2, [2]),
            "the model gives 2 outputs, which do not fit",
        ),
    ],
)
def test_a_model_and_its_recipe_have_to_fit(recipe, model, told, tmp_path, capsys):
    (tmp_path / "new.csv").write_text("x,y\n1,0\n")
    assert cli.main(["predict", saved(tmp_path, recipe, model), str(tmp_path / "new.csv")]) == 2
    assert told in capsys.readouterr().err


# -- the playground --------------------------------------------------------------------------------------------------


class Served:
    """A server that is there as soon as it is asked for, and ends with an error if there is one."""

    def __init__(self, error=None, sent=signal.SIGINT):
        self.asked, self.error, self.sent = [], error, sent

    @contextlib.asynccontextmanager
    async def __call__(self, host, port, *, remote):
        self.asked.append((host, port, remote))
        if self.error:
            raise self.error
        asyncio.get_running_loop().call_soon(signal.raise_signal, self.sent)
        yield "http://here/"


@pytest.fixture
def opened(monkeypatch):
    pages = []
    monkeypatch.setattr(webbrowser, "open", pages.append)
    return pages


@pytest.mark.parametrize(
    ("flags", "asked", "address", "pages"),
    [
        ("", ("127.0.0.1", 0, False), "http://here/", 1),
        ("--state #data=xor", ("127.0.0.1", 0, False), "http://here/#data=xor", 1),
        ("--state data=xor --no-browser --port 8000", ("127.0.0.1", 8000, False), "http://here/#data=xor", 0),
        ("--host 0.0.0.0 --remote --no-browser", ("0.0.0.0", 0, True), "http://here/", 0),
    ],
)
def test_the_playground_is_served_and_its_page_opened(flags, asked, address, pages, monkeypatch, opened, capsys):
    served = Served()
    monkeypatch.setitem(sys.modules, "nn.playground.server", SimpleNamespace(open_server=served))
    assert cli.main(["playground", *flags.split()]) == 0
    assert served.asked == [asked]
    assert opened == [address] * pages
    assert capsys.readouterr() == (f"the playground is at {address} (Ctrl-C ends it)\n", "\nstopped\n")


def test_the_address_is_told_at_once_into_a_pipe_too(monkeypatch):
    pipe = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", pipe)
    monkeypatch.setattr(webbrowser, "open", lambda address: told.append((address, pipe.buffer.getvalue().decode())))
    monkeypatch.setitem(sys.modules, "nn.playground.server", SimpleNamespace(open_server=Served()))
    told = []
    assert cli.main(["playground"]) == 0
    assert told == [("http://here/", "the playground is at http://here/ (Ctrl-C ends it)\n")]


@pytest.mark.skipif(os.name != "posix", reason="the system ends a process by a signal")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_playground_well(sent, monkeypatch, opened, capsys):
    def unheard(*_):
        raise AssertionError("the playground does not listen to it")

    monkeypatch.setitem(sys.modules, "nn.playground.server", SimpleNamespace(open_server=Served(sent=sent)))
    before = signal.signal(sent, unheard)
    try:
        assert cli.main(["playground"]) == 0
    finally:
        signal.signal(sent, before)
    assert capsys.readouterr().err == "\nstopped\n"


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (ValueError("not here"), 2, "nn playground: not here\n"),
        (OSError(98, "in use"), 1, "nn playground: '127.0.0.1:0': in use\n"),
        (OSError("odd"), 1, "nn playground: '127.0.0.1:0': odd\n"),
    ],
)
def test_a_playground_that_cannot_be_served_says_why(error, code, told, monkeypatch, opened, capsys):
    monkeypatch.setitem(sys.modules, "nn.playground.server", SimpleNamespace(open_server=Served(error)))
    assert cli.main(["playground"]) == code
    assert capsys.readouterr() == ("", told)
    assert opened == []


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("websockets", 'the playground needs websockets, which is not installed: pip install "tapegrad[playground]"'),
        ("other", "no module other"),
        ("zebra", "no module zebra"),
    ],
)
def test_a_playground_without_its_package_says_what_to_install(missing, told, monkeypatch, opened, capsys):
    class Missing:
        def find_spec(self, name, path=None, target=None):
            if name == "nn.playground.server":
                raise ModuleNotFoundError(f"no module {missing}", name=missing)

    monkeypatch.delitem(sys.modules, "nn.playground.server", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    assert cli.main(["playground"]) == 1
    assert capsys.readouterr().err == f"nn playground: {told}\n"


# -- what does not fit ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "inputs"),
    [
        ([], ["length", "colour=blue", "colour=red"]),
        (["--ignore", "colour"], ["length"]),
        (["--target", "colour"], ["length", "kind=a", "kind=b", "kind=c"]),
        (["--target", "length", "--task", "regression", "--ignore", 'kind,"colour"', "--categorical", "kind"], []),
        (["--target", "kind", "--task", "class", "--delimiter", ",", "--header"], None),
    ],
)
def test_flags_choose_the_columns(flowers, flags, inputs):
    options = parsed(["train", flowers, *flags])
    if inputs == []:
        assert options.ignore == ["kind", "colour"]
        assert options.categorical == ["kind"]
        return
    source = cli_data.read_source(options)
    assert source.encoding.features == (inputs or ["length", "colour=blue", "colour=red"])


def test_names_of_data_sets_come_before_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moons").write_text(FLOWERS)
    assert not cli_data.is_table("moons")
    assert cli_data.is_table("./moons")
    for name in ("nowhere.csv", "./nowhere", "gone/moons", "zoo/a"):
        assert cli_data.is_table(name)


def test_outputs_that_are_no_numbers_print_no_confusion_matrix(capsys):
    recipe = Recipe.from_json(facts())
    part = Dataset([[1.0]], [0], ["x"], ["a", "b"])
    cli_results.print_results(lambda _: [math.nan, math.nan], recipe, {"test": part}, {"test": ([[1.0]], [0])})
    out = capsys.readouterr().out
    assert out.splitlines()[1].split() == ["test", "1", "nan", "0.0%"]
    assert "confusion" not in out


def test_an_output_that_is_no_number_is_no_class():
    recipe = Recipe.from_json(facts())
    assert recipe.answer([float("nan"), 1.0]) == [""]


def facts(**changes):
    encoding = {"columns": [{"name": "x", "categories": None}], "target": "y", "classes": ["a", "b"]}
    inputs = {"means": [0.0], "deviations": [1.0]}
    given = {"source": "", "encoding": encoding, "loss": "softmax_cross_entropy", "inputs": inputs, "targets": None}
    return given | changes


def test_a_recipe_goes_through_json():
    recipe = Recipe.from_json(facts())
    assert Recipe.from_json(json.loads(json.dumps(recipe.as_json()))) == recipe


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {},
        facts(more=1),
        facts(encoding={}),
        facts(loss="none"),
        facts(loss=["hinge"]),
        facts(loss="mean_squared_error"),
        facts(loss="hinge", encoding=PRICE.as_json(), inputs=None),
        facts(inputs=[]),
        facts(inputs={"means": [0.0]}),
        facts(inputs={"means": [], "deviations": []}),
        facts(inputs={"means": [0.0], "deviations": [0.0]}),
        facts(inputs={"means": [0.0], "deviations": ["1"]}),
        facts(inputs={"means": [float("nan")], "deviations": [1.0]}),
        facts(inputs={"means": [0.0, 0.0], "deviations": [1.0]}),
        facts(inputs={"means": [0.0, 0.0], "deviations": [1.0, 1.0]}),
        facts(targets={"means": [0.0], "deviations": [1.0]}),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused(wrong):
    with pytest.raises((RecipeError, TableError)):
        Recipe.from_json(wrong)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "nn: the following arguments are required: COMMAND (see python -m nn --help)"),
        ("train", "nn train: the following arguments are required: SOURCE (see python -m nn train --help)"),
        (
            "predict model",
            "nn predict: the following arguments are required: FILE.csv (see python -m nn predict --help)",
        ),
        ("learn", "argument COMMAND: invalid choice: 'learn'"),
        ("train xor --epochs 0", "argument --epochs: expected 1 or more, not '0'"),
        ("train xor --epochs ten", "argument --epochs: expected a whole number, not 'ten'"),
        (f"train xor --epochs {'9' * 5000}", f"expected a whole number, not '{'9' * 60}…'"),
        ("train xor --epochs 99999999999999999999", "expected 1 or more, not"),
        ("train xor --batch-size -1", "argument --batch-size: expected 1 or more, not '-1'"),
        ("train xor --layers 16,,1", "argument --layers: expected a whole number, not ''"),
        ("train xor --layers 16,x", "argument --layers: expected a whole number, not 'x'"),
        ("train xor --layers one", "argument --layers: expected a whole number, not 'one'"),
        ("train xor --layers 9999,9999", "--layers: 100,039,997 parameters are too many, at most 1,000,000 are taken"),
        ("train xor --learning-rate nan", "--learning-rate/--lr: expected a finite number above 0, not 'nan'"),
        ("train xor --lr inf", "--learning-rate/--lr: expected a finite number above 0, not 'inf'"),
        ("train xor --lr fast", "argument --learning-rate/--lr: expected a number, not 'fast'"),
        ("train xor --momentum 1", "argument --momentum: expected a number from 0 to below 1, not '1'"),
        ("train xor --l2 -1", "argument --l2: expected a finite number, 0 or more, not '-1'"),
        ("train xor --dropout 1", "argument --dropout: expected a number from 0 to below 1, not '1'"),
        ("train xor --seed x", "argument --seed: expected a whole number, not 'x'"),
        (
            "train xor --activation rely",
            "argument --activation: no activation is called 'rely': choose one of identity",
        ),
        ("train xor --activation elu(x)", "argument --activation: the alpha of elu is a finite number, not 'x'"),
        ("train xor --initializer ones", "argument --initializer: invalid choice: 'ones' (choose from"),
        ("train xor --loss zero_one", "argument --loss: invalid choice: 'zero_one' (choose from"),
        ("train xor --optimizer lion", "argument --optimizer: invalid choice: 'lion' (choose from"),
        ("train xor --schedule never", "argument --schedule: invalid choice: 'never' (choose from"),
        ("train x.csv --delimiter ::", "argument --delimiter: expected a single character or tab, not '::'"),
        ("train x.csv --ignore ,", "argument --ignore: expected a name, not ''"),
        ("train xor --depth 3", "there is no flag or argument '--depth' (see"),
        ("train xor --epoch 3", "there is no flag or argument '--epoch': did you mean --epochs? (see"),
        ("train xor --optimizer adam --momentum 0.9", "--momentum is for sgd and rmsprop, not for adam"),
        ("train xor --optimizer adam --nesterov", "--nesterov is for sgd, not for adam"),
        ("train xor --optimizer sgd --nesterov --momentum 0", "--nesterov is a form of momentum"),
        ("train xor --optimizer sgd --weight-decay 1", "--weight-decay is for adamw, not for sgd"),
        ("train xor --layers none --dropout 0.5", "--dropout leaves out hidden neurons, and --layers says"),
        ("train xor --layers none --activation relu", "--activation is that of hidden layers, and --layers says"),
        ("train moons --test-share 0.5 --validation-share 0.5", "leave nothing to train on"),
        ("train moons --test-share 0.9", "leave nothing to train on"),
        (
            "train moons --test-share 0.001",
            "has too few samples (100) for shares of 0.799, 0.2, 0.001: change --test-share",
        ),
        ("train xor --test-share 0.2", "class 'false' has too few samples (2) for shares of"),
        ("train xor --target y", "--target is for a CSV file; 'xor' is a data set that has its columns"),
        ("train xor --no-header", "--header is for a CSV file"),
        ("train sine --loss hinge", "--loss hinge is for classes, but the target is a number"),
        (
            "train xor --loss squared_error",
            "--loss squared_error is for a regression, but the target is one of 2 classes",
        ),
        (
            "train blobs --loss hinge",
            "--loss hinge is for two classes, here are 3: use softmax_cross_entropy or multic",
        ),
        ("train xor --seed -1", "argument --seed: expected 0 or more, not '-1'"),
        ("train xor --layers ", "argument --layers: expected a number of neurons for each hidden layer, such as 16,16"),
        ("train x.csv --categorical a\nb", "argument --categorical: expected names between commas, not 'a\\nb'"),
        ("train x.csv --ignore \udcff", "argument --ignore: expected a name in UTF-8, not '\\udcff'"),
        ("predict model x.csv --column \udcff", "argument --column: expected a name in UTF-8, not '\\udcff'"),
        ("train xor extra", "nn train: there is no flag or argument 'extra' (see python -m nn train --help)"),
        ("train mons", "there is no data set 'mons' (did you mean 'moons'?): there are 'moons', 'circles'"),
        ("train gone.csv", "nn train: cannot read 'gone.csv': No such file or directory"),
        ("train .", "nn train: cannot read '.': Is a directory"),
        ("train xor --save gone/model", "--save: there is no folder"),
        ("train xor --report .", "--report: '.' is a folder, not a file"),
        ("train xor --save one --report ./one", "two of --save, --report and --checkpoint name the same file"),
        (f"train xor --save {'n' * 300}", "File name too long"),
        ("train xor --resume gone", "nn train: cannot read 'gone': No such file or directory"),
        ("train xor --save \0", "argument --save: expected a name, not '\\x00'"),
        ("predict gone new.csv", "nn predict: cannot read 'gone': No such file or directory"),
        ("predict gone new.csv --output gone/new.csv", "nn predict: --output: there is no folder"),
        ("predict model new.csv --output new.csv", "nn predict: --output names a file that is read"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments.split(" ") if arguments else []) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert message in err
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_to_resume_from_is_refused_and_not_waited_for(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    assert cli.main(["train", "xor", "--resume", "pipe"]) == 2
    assert capsys.readouterr().err == (
        "nn train: pipe: it is a pipe, and numbers are read from a file: write it to one first\n"
    )


@pytest.mark.parametrize(
    ("text", "flags", "message"),
    [
        ("", "", "{path}: the file is empty"),
        ("a,b\n", "", "{path}: there are no rows below the header (line 1)"),
        ("a,b\n1,x\n2,x\n", "", "{path}: every row has the same class, 'x', in column 'b'"),
        ("a,b\n1,2\nx,3\n4,5.5\n6,7\n", "", "{path}: line 3: column 'a' has 'x', not a number, while most cells are"),
        ("a,b\n1,2\n", "--target c", "{path}: there is no column 'c': there are 'a', 'b'"),
        ("a,b\n1,2\n", "--ignore a", "{path}: there are no columns to predict the target from"),
        ("a,b\n1,2\n,3\n", "", "{path}: line 3: column 'a' has '', a missing value"),
        ("a,b\n1,2\n2,\n", "", "column 'b' has '', a missing value: leave out such rows (--missing drop)"),
        ("a,b\n1,\n2,\n", "", "{path}: column 'b', the target, has no values: choose another one"),
        ('"a,1",b\n,2\n,3\n', "", """{path}: column 'a,1' has no values: ignore it (--ignore '"a,1"')"""),
        ("1,2\n3,4\n", "", "or say that there is none (--no-header)"),
        ("a|b\n1|2\n", "", "the file has a single column, 'a|b': say what stands between two cells (--delimiter '|')"),
        ("a,b\n1,1\n2,1.0\n3,2\n4,2\n5,1\n6,1\n", "", "column 'b' spells one class in two ways: '1' and '1.0'"),
        ("a,b\n1,x\n2,y\n", "--task regression", "column 'b' has 'x', not a finite number: a regression needs"),
        ("a,b\n1,2\n1e400,3\n3,4\n", "", "line 3: column 'a' has '1e400', not a finite number: correct it"),
        ("a,b\r1,x\r2,y\r3,\xff\r", "", "{path}: line 4: byte 0xff is not UTF-8 text"),
        ("a,b\n1,2,3\n", "", "{path}: line 2 has 3 cells, but line 1 has 2"),
        ("a,b\n1,\xff\n", "", "{path}: line 2: byte 0xff is not UTF-8 text"),
        ("a,b\n1e308,1.5\n-1e308,2\n", "--save {path}", "--save names the file with the data"),
        ("a,b\n" + "1,x\n" * 30 + "2,y\n", "", "class 'y' has too few samples (1) for shares of 0.6, 0.2, 0.2: change"),
    ],
)
def test_files_that_cannot_be_trained_on(text, flags, message, capsys, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(text, encoding="latin-1")
    assert cli.main(["train", str(path), *flags.format(path=path).split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert message.format(path=path) in err


@pytest.mark.skipif(os.name != "posix", reason="permission bits are those of POSIX")
def test_files_that_cannot_be_written_are_found_before_training(tmp_path, monkeypatch, capsys):
    path = tmp_path / "model"
    path.touch()
    monkeypatch.setattr(os, "access", lambda place, _: str(place) != str(path))
    assert cli.main(["train", "xor", "--save", str(path)]) == 2
    assert capsys.readouterr() == ("", f"nn train: --save: '{path}' is write-protected\n")
    monkeypatch.setattr(os, "access", lambda place, _: str(place) != str(tmp_path))
    assert cli.main(["train", "xor", "--save", str(tmp_path / "other")]) == 2
    assert capsys.readouterr() == ("", f"nn train: --save: '{tmp_path}' is write-protected\n")
    assert cli.main(["train", "xor", "--save", str(path)]) == 2, "a file is replaced by a new one"
    assert capsys.readouterr() == ("", f"nn train: --save: '{tmp_path}' is write-protected\n")
    monkeypatch.setattr(os, "access", lambda place, _: str(place) != os.path.dirname(os.devnull))
    cli_results.check_output("--save", os.devnull)  # which is written to as it is


def test_the_version_is_told(capsys):
    assert cli.main(["--version"]) == 0
    assert re.fullmatch(r"tapegrad \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


def test_what_cannot_be_seen_is_written_as_an_escape(capsys):
    assert one_line("a\x1b[1m\n b") == "a\\x1b[1m b"
    assert cli.main(["train", "a\x1b.csv\nb"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_help_is_enough_to_use_it(capsys):
    for arguments, words in (
        ([], ["train", "predict", "playground", "examples:"]),
        (["train"], [*SOURCES, *cli_train.OPTIMIZERS, "--layers", "--save", "--seed", "Exit code"]),
        (["predict"], ["MODEL", "FILE.csv", "--output", "--proba", "examples:"]),
        (["playground"], ["--port", "--host", "--remote", "--no-browser", "this machine only", "examples:"]),
    ):
        assert cli.main([*arguments, "--help"]) == 0
        text = capsys.readouterr().out
        assert [word for word in words if word not in text] == []
        assert max(map(len, text.splitlines())) <= 120
        assert arguments != ["train"] or [name for name in SOURCES if f"\n  {name} " not in text] == []
        for example in re.findall(r"^  python -m nn (.*)", text, re.MULTILINE):
            assert parsed(example.split()).command in ("train", "predict", "playground")


def test_interrupting_outside_of_training_is_one_line(monkeypatch, capsys):
    def interrupted(seed):
        raise KeyboardInterrupt

    monkeypatch.setitem(SOURCES, "moons", SourceRow("moons", interrupted, ""))
    assert cli.main(["train", "moons"]) == 130
    assert capsys.readouterr() == ("", "nn train: interrupted\n")


@pytest.mark.parametrize("error", [MemoryError, OSError("odd")])
def test_other_failures_are_one_line(error, monkeypatch, capsys):
    def fail(seed):
        raise error

    monkeypatch.setitem(SOURCES, "moons", SourceRow("moons", fail, ""))
    assert cli.main(["train", "moons"]) == 1
    assert capsys.readouterr().err in ("nn train: there is not enough memory\n", "nn train: odd\n")


def test_a_missing_extra_is_one_line(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert cli.main(["train", "iris"]) == 1
    assert capsys.readouterr().err == (
        'nn train: the iris data comes with scikit-learn, which is not installed: pip install "tapegrad[data]"\n'
    )


@pytest.mark.parametrize("flag", ["--save", "--checkpoint"])
def test_a_missing_package_to_save_with_is_found_before_training(flag, monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    assert cli.main(["train", "xor", flag, str(tmp_path / "model")]) == 1
    assert capsys.readouterr() == (
        "",
        'nn train: saving and resuming need safetensors, which is not installed: pip install "tapegrad[save]"\n',
    )
