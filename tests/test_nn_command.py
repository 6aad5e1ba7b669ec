"""The command: what it prints, what it writes, how it ends, and what it says to bad input."""

from __future__ import annotations

import csv
import errno
import io
import json
import math
import os
import re
import signal
import subprocess
import sys

import pytest

from nn import SGD, Dataset, Standardization, cli
from nn.checks import one_line
from nn.cli import data as cli_data
from nn.cli import results as cli_results
from nn.cli import train as cli_train
from nn.cli.flags import parsed
from nn.cli.recipe import Recipe, RecipeError
from nn.csv_files import TableError
from nn.datasets import SOURCES, SourceRow, blobs
from nn.saving import load, read_extra, save

FLOWERS = "length,colour,kind\n" + "".join(
    f"{k % 3 + 0.1 * k},{'red' if k % 3 == 0 else 'blue'},{'abc'[k % 3]}\n" for k in range(30)
)
HOUSES = "id,area,price\n" + "".join(f"{k},{20 + 3 * k},{1000 * (20 + 3 * k) + 500 * (-1) ** k}\n" for k in range(40))
FAST = ["--epochs", "3", "--layers", "4", "--quiet"]


def run(*arguments, timeout=60, **options):
    command = [sys.executable, "-m", "nn", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **options)


@pytest.fixture
def flowers(tmp_path):
    path = tmp_path / "flowers.csv"
    path.write_text(FLOWERS)
    return str(path)


@pytest.fixture
def houses(tmp_path):
    path = tmp_path / "houses.csv"
    path.write_text(HOUSES)
    return str(path)


@pytest.fixture
def model(tmp_path, flowers, capsys):
    path = str(tmp_path / "flowers.safetensors")
    assert cli.main(["train", flowers, "--save", path, *FAST]) == 0
    capsys.readouterr()
    return path


def rows(out):
    """The first table of an output: part -> its cells."""
    return {line.split()[0]: line.split()[1:] for line in out.partition("\n\n")[0].splitlines()[1:]}


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


# -- training --------------------------------------------------------------------------------------------------------


def test_training_on_iris_prints_a_table_and_the_confusion_matrix():
    pytest.importorskip("sklearn")
    done = run("train", "iris", "--epochs", "30")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split() == ["samples", "loss", "accuracy"]
    table = rows(done.stdout)
    assert {name: cells[0] for name, cells in table.items()} == {"training": "90", "validation": "30", "test": "30"}
    assert float(table["test"][2].rstrip("%")) >= 93.0
    assert "confusion matrix of the 30 test samples\ntrue \\ predicted  setosa  versicolor  virginica\n" in done.stdout
    assert re.fullmatch(r"epoch (\d+)/\1: loss [\d.e-]+, accuracy [\d.]+%, validation loss .*%\n", done.stderr)


def test_the_same_seed_prints_the_same_table(capsys):
    tables = []
    for seed in ("3", "3", "4"):
        assert cli.main(["train", "moons", *FAST, "--seed", seed]) == 0
        tables.append(capsys.readouterr().out)
    assert tables[0] == tables[1] != tables[2]


def test_held_back_samples_do_not_leak_into_the_standardization(monkeypatch):
    sizes = []

    class Recorded(Standardization):
        @classmethod
        def of(cls, inputs):
            sizes.append(len(inputs))
            return Standardization.of(inputs)

    monkeypatch.setattr(cli_train, "Standardization", Recorded)
    assert cli.main(["train", "sine", *FAST]) == 0
    assert sizes == [60, 60]  # inputs and targets of the training part


BASE = "--layers 5,4 --activation relu --epochs 2 --batch-size 4 --lr 0.02 --optimizer sgd --seed 2 --quiet"


@pytest.mark.long
@pytest.mark.parametrize(
    "other",
    [
        "--layers 5",
        "--activation leaky_relu(0.2)",
        "--dropout 0.3",
        "--initializer he_normal",
        "--epochs 3",
        "--batch-size all",
        "--learning-rate 0.03",
        "--lr 0.03",
        "--momentum 0.5",
        "--nesterov",
        "--optimizer adam",
        "--optimizer adagrad",
        "--optimizer rmsprop",
        "--optimizer adamw --weight-decay 5",
        "--loss multiclass_hinge",
        "--loss perceptron",
        "--loss negative_log_likelihood",
        "--l1 0.1",
        "--l2 0.1",
        "--max-norm 0.1",
        "--clip-norm 0.1",
        "--schedule step",
        "--schedule exponential",
        "--schedule cosine",
        "--test-share 0.3",
        "--validation-share 0",
        "--no-standardize",
        "--seed 1",
    ],
)
def test_every_flag_reaches_the_training(other, capsys, monkeypatch):
    monkeypatch.setitem(SOURCES, "blobs", SourceRow("blobs", lambda seed: blobs(30, seed=seed), ""))
    outputs = []
    for flags in (BASE, f"{BASE} {other}"):
        assert cli.main(["train", "blobs", *flags.split()]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] != outputs[1]


def test_the_plateau_schedule_reaches_the_training(monkeypatch):
    seen = []
    monkeypatch.setattr(cli_train, "fit", lambda *_, schedule, **__: seen.append(schedule) or pytest.skip())
    with pytest.raises(pytest.skip.Exception):
        cli.main(["train", "moons", "--schedule", "plateau"])
    assert type(seen[0]).__name__ == "ReduceOnPlateau"


@pytest.mark.parametrize(
    "loss", ["hinge", "perceptron", "signed_cross_entropy", "binary_cross_entropy", "binary_cross_entropy_from_logits"]
)
def test_a_single_score_tells_two_classes_apart(loss, capsys, tmp_path):
    path = str(tmp_path / "model")
    assert cli.main(["train", "moons", "--loss", loss, "--epochs", "10", "--quiet", "--save", path]) == 0
    out = capsys.readouterr().out
    assert float(rows(out)["test"][2].rstrip("%")) >= 80.0  # 82.5 % or more with every one of them
    assert "true \\ predicted  upper  lower\n" in out
    assert load(path).n_outputs == 1


def test_early_stopping_ends_well_and_says_so(capsys):
    assert cli.main(["train", "sine", "--early-stopping", "1", "--epochs", "300", "--quiet"]) == 0
    assert re.fullmatch(
        r"nn train: training ended early: no better loss for 1 epoch: back to epoch \d+\n", capsys.readouterr().err
    )


def test_no_hidden_layers_are_a_linear_model(capsys, tmp_path):
    path = str(tmp_path / "line")
    assert cli.main(["train", "plane", "--layers", "none", "--save", path, "--quiet"]) == 0
    assert repr(load(path)) == "MLP(2, [1], 'tanh')"
    assert float(rows(capsys.readouterr().out)["test"][-1]) > 0.98  # noise 0.1 on a plane of slopes 1 and -2: 0.993


def test_few_samples_are_all_trained_on_and_the_table_says_so(capsys):
    assert cli.main(["train", "xor", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert list(rows(out)) == ["training", "no"]
    assert "no samples were held back: how well it does on new ones is not known\n" in out
    assert rows(out)["training"][2] == "100.0%"


def test_a_regression_is_told_in_the_units_of_the_data(houses, capsys):
    assert cli.main(["train", houses, "--ignore", "id", "--layers", "none", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == ["samples", "loss", "RMSE", "R²"]
    _, loss, rmse, explained = rows(out)["test"]
    assert 450.0 < float(rmse) < 600.0  # prices are 500 above or below the line: 520
    assert float(loss) == pytest.approx(float(rmse) ** 2, rel=0.01)
    assert float(explained) > 0.999


def test_targets_that_are_all_alike_have_no_explained_share(tmp_path, capsys):
    path = tmp_path / "flat.csv"
    path.write_text("x,y\n" + "".join(f"{k},7.5\n" for k in range(25)))
    assert cli.main(["train", str(path), *FAST]) == 0
    assert rows(capsys.readouterr().out)["test"][-1] == "-"


def test_targets_of_several_numbers(capsys):
    assert cli.main(["train", "identity", "--loss", "squared_error", *FAST]) == 0
    assert len(rows(capsys.readouterr().out)["training"]) == 4


def test_many_classes_print_no_confusion_matrix(capsys, monkeypatch):
    monkeypatch.setattr(cli_results, "MOST_CLASSES", 2)
    assert cli.main(["train", "blobs", *FAST]) == 0
    assert "confusion" not in capsys.readouterr().out


def test_outputs_that_are_no_numbers_print_no_confusion_matrix(capsys):
    recipe = Recipe.from_json(facts())
    part = Dataset([[1.0]], [0], ["x"], ["a", "b"])
    cli_results.print_results(lambda _: [math.nan, math.nan], recipe, {"test": part}, {"test": ([[1.0]], [0])})
    assert rows(capsys.readouterr().out)["test"][1] == "nan"


def test_a_device_takes_results_too(capsys):
    assert cli.main(["train", "xor", "--save", os.devnull, *FAST]) == 0


def test_a_report_is_written(tmp_path, capsys):
    for source in ("sine", "identity", "xor"):
        path = tmp_path / f"{source}.html"
        assert cli.main(["train", source, "--report", str(path), *FAST]) == 0
        assert f"\nthe report is in {path}\n" in capsys.readouterr().out
        assert source in path.read_text(encoding="utf-8")


def test_the_names_in_a_file_are_told_on_the_error_stream(flowers, capsys):
    with open(flowers, "a", encoding="utf-8") as file:
        file.write("?,red,a\n")
    assert cli.main(["train", flowers, "--missing", "drop", "--epochs", "1"]) == 0
    told = f"{flowers}: 30 rows, 3 inputs, target 'kind' (3 classes), columns of words: 'colour' (2 words), "
    told += "1 row with gaps left out\n"
    assert capsys.readouterr().err.startswith(told)


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


def test_a_file_without_a_header(tmp_path, capsys):
    path = tmp_path / "numbers.tsv"
    path.write_text("".join(f"{k}\t{2 * k}.5\n" for k in range(30)))
    assert cli.main(["train", str(path), *FAST]) == 2
    assert "--no-header" in capsys.readouterr().err
    assert cli.main(["train", str(path), "--no-header", "--delimiter", "tab", *FAST]) == 0
    assert rows(capsys.readouterr().out)["training"][0] == "18"


def test_names_of_data_sets_come_before_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moons").write_text(FLOWERS)
    assert not cli_data.is_table("moons")
    assert cli_data.is_table("./moons")
    assert cli_data.is_table("nowhere.csv")


# -- a run that does not come to its end -----------------------------------------------------------------------------


@pytest.mark.parametrize("layers", ["none", "16"])
def test_a_run_that_diverges_prints_why_and_still_the_table(layers, capsys, tmp_path):
    flags = ["--optimizer", "sgd", "--learning-rate", "1e200", "--layers", layers]
    assert cli.main(["train", "sine", *flags, "--save", str(tmp_path / "model")]) == 1
    out, err = capsys.readouterr()
    assert list(rows(out)) == ["training", "validation", "test"]
    assert "nn train: no epoch was finished: nothing is written\n" in err
    assert err.splitlines()[-1].startswith("nn train: training ended early: in epoch 1 of ")
    assert os.listdir(tmp_path) == []


class Interrupted(SGD):
    """Presses Ctrl-C at its twentieth step."""

    steps = 0

    def step(self):
        super().step()
        self.steps += 1
        if self.steps == 20:
            signal.raise_signal(signal.SIGINT)


def test_an_interrupted_run_tells_and_writes_what_it_has(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(cli_train.OPTIMIZERS, "sgd", Interrupted)
    path = str(tmp_path / "model")
    arguments = ["train", "moons", "--optimizer", "sgd", "--save", path]
    assert cli.main(arguments) == 130  # 15 steps per epoch
    out, err = capsys.readouterr()
    assert set(rows(out)) == {"training", "validation", "test"}
    assert err.splitlines()[-1] == ("nn train: training ended early: interrupted in epoch 2 of 100: back to epoch 1")
    assert load(path).n_inputs == 2
    assert cli.main([*arguments, "--validation-share", "0", "--batch-size", "16"]) == 130  # 10 steps
    assert capsys.readouterr().err.splitlines()[-1].endswith("interrupted in epoch 2 of 100")


def test_interrupting_outside_of_training_is_one_line(monkeypatch, capsys):
    def interrupted(seed):
        raise KeyboardInterrupt

    monkeypatch.setitem(SOURCES, "moons", SourceRow("moons", interrupted, ""))
    assert cli.main(["train", "moons"]) == 130
    assert capsys.readouterr() == ("", "nn train: interrupted\n")


def test_a_run_goes_on_from_a_checkpoint(tmp_path, capsys):
    path = str(tmp_path / "run.safetensors")
    flags = ["--layers", "3", "--quiet", "--schedule", "plateau"]
    tables = []
    for more in (["--epochs", "4"], ["--epochs", "2", "--checkpoint", path], ["--epochs", "4", "--resume", path]):
        assert cli.main(["train", "moons", *flags, *more]) == 0
        tables.append(capsys.readouterr().out)
    assert tables[0] == tables[2] != tables[1]


def test_a_checkpoint_of_another_run_is_refused(tmp_path, model, capsys):
    path = str(tmp_path / "run.safetensors")
    assert cli.main(["train", "moons", "--checkpoint", path, *FAST]) == 0
    for arguments in (["blobs", "--resume", path], ["moons", "--resume", model]):
        capsys.readouterr()
        assert cli.main(["train", *arguments, *FAST]) == 2
        assert capsys.readouterr().err.startswith("nn train: --resume: ")


# -- prediction ------------------------------------------------------------------------------------------------------


def test_predictions_are_added_to_the_rows(model, tmp_path, capsys):
    new = tmp_path / "new.csv"
    new.write_text('note;colour;length\n"a;b";red;3.0\n;blue;1.5\n')
    assert cli.main(["predict", model, str(new), "--proba"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0] == "note;colour;length;prediction;prediction=a;prediction=b;prediction=c"
    assert lines[1].startswith('"a;b";red;3.0;')
    for line in lines[1:]:
        *_, answer, a, b, c = line.split(";")
        shares = dict(zip("abc", map(float, (a, b, c))))
        assert answer == max(shares, key=shares.__getitem__)
        assert sum(shares.values()) == pytest.approx(1.0, abs=2e-6)  # three numbers rounded to 6 digits


def test_predictions_are_those_of_the_model(houses, tmp_path, capsys):
    path, answers = str(tmp_path / "model"), tmp_path / "answers.csv"
    assert cli.main(["train", houses, "--ignore", "id", "--layers", "none", "--quiet", "--save", path]) == 0
    capsys.readouterr()
    assert cli.main(["predict", path, houses, "--output", str(answers), "--column", "guess"]) == 0
    assert capsys.readouterr() == ("", "")
    extra, linear = read_extra(path), load(path)
    for row in read(answers.read_text()):
        area = (float(row["area"]) - extra["inputs"]["means"][0]) / extra["inputs"]["deviations"][0]
        price = linear([area]).data * extra["targets"]["deviations"][0] + extra["targets"]["means"][0]
        assert float(row["guess"]) == pytest.approx(price, rel=1e-9)  # printed with 10 digits


def test_predictions_without_standardization_and_of_a_single_score(tmp_path, capsys):
    path, new = str(tmp_path / "model"), tmp_path / "new.csv"
    new.write_text("x1,x2\n0,1\n1,-0.5\n")
    flags = ["--no-standardize", "--loss", "binary_cross_entropy", "--epochs", "10", "--quiet", "--save", path]
    assert cli.main(["train", "moons", *flags]) == 0
    capsys.readouterr()
    assert cli.main(["predict", path, str(new), "--proba"]) == 0
    table = read(capsys.readouterr().out)
    assert [row["prediction"] for row in table] == ["upper", "lower"]
    assert float(table[0]["prediction=upper"]) > 0.5 > float(table[1]["prediction=upper"])


def test_predictions_of_several_numbers(tmp_path, capsys):
    path, new = str(tmp_path / "model"), tmp_path / "new.csv"
    new.write_text(",".join(f"x{k}" for k in range(1, 9)) + "\n" + "1,0,0,0,0,0,0,0\n")
    for flag in ("--standardize", "--no-standardize"):
        assert cli.main(["train", "identity", flag, "--save", path, "--epochs", "1", "--quiet"]) == 0
        capsys.readouterr()
        assert cli.main(["predict", path, str(new)]) == 0
        (row,) = read(capsys.readouterr().out)
        assert [name for name in row if name.startswith("prediction")] == [f"prediction{k}" for k in range(1, 9)]


def test_an_output_that_is_no_number_is_no_class():
    recipe = Recipe.from_json(facts())
    assert recipe.answer([float("nan"), 1.0]) == [""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("length\n1\n", "there is no column 'colour': there are 'length'"),
        ("length,colour\n1,red\ntwo,red\n", "line 3: column 'length' has 'two', not a finite number"),
        ("length,colour\n1,rad\n", "line 2: column 'colour' has 'rad', which is not known from training"),
        ("length,colour\n?,red\n", "line 2: column 'length' has '?', a missing value"),
        ("length,colour\n", "there are no rows below the header (line 1)"),
        ("", "the file is empty"),
        (
            "length,colour,prediction\n1,red,a\n",
            "there is a column 'prediction' already: choose another name with --col",
        ),
    ],
)
def test_rows_that_cannot_be_predicted(model, tmp_path, text, message, capsys):
    new = tmp_path / "new.csv"
    new.write_text(text)
    assert cli.main(["predict", model, str(new)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert message in err
    assert err.startswith("nn predict: ")


def test_models_that_do_not_know_their_columns(tmp_path, flowers, model, capsys):
    bare, broken = tmp_path / "bare", tmp_path / "broken"
    save(load(model), bare)
    broken.write_bytes(b"nothing")
    wide = tmp_path / "wide"
    save(load(model), wide, extra=facts())
    for path, message in (
        (bare, f"{bare}: it does not say how rows become inputs (a checkpoint, for one, does not): save it with"),
        (broken, f"{broken}: it is no safetensors file, or is cut off"),
        (wide, f"{wide}: the model takes 3 inputs, and its columns make 1"),
        (tmp_path / "gone", f"cannot read '{tmp_path / 'gone'}': No such file or directory"),
        (tmp_path, f"cannot read '{tmp_path}': Is a directory"),
    ):
        assert cli.main(["predict", str(path), flowers]) == 2
        assert capsys.readouterr().err.startswith(f"nn predict: {message}")


def test_probabilities_that_there_are_not(tmp_path, houses, capsys):
    path = str(tmp_path / "model")
    assert cli.main(["train", houses, *FAST, "--save", path]) == 0
    capsys.readouterr()
    assert cli.main(["predict", path, houses, "--proba"]) == 2
    assert capsys.readouterr().err == (
        "nn predict: --proba: a model that was trained with mean_squared_error tells no probabilities\n"
    )


# -- what is saved beside a model ------------------------------------------------------------------------------------


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
        facts(inputs=[]),
        facts(inputs={"means": [0.0]}),
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


def test_a_model_whose_outputs_do_not_fit_its_recipe(tmp_path, model, flowers, capsys):
    extra = read_extra(model)
    extra["encoding"]["classes"] = ["a", "b"]
    save(load(model), model, extra=extra)
    assert cli.main(["predict", model, flowers]) == 2
    assert "the model gives 3 outputs, which do not fit its classes or targets" in capsys.readouterr().err


# -- wrong use -------------------------------------------------------------------------------------------------------


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


def test_a_disk_that_becomes_full_is_one_line(monkeypatch, capsys):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "model")

    monkeypatch.setattr(cli_results, "save", full)
    assert cli.main(["train", "xor", "--save", "model", *FAST]) == 1
    out, err = capsys.readouterr()
    assert "training" in rows(out)
    assert err == "nn train: 'model': No space left on device\n"


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


def test_a_missing_package_to_save_with_is_found_before_training(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    assert cli.main(["train", "xor", "--save", str(tmp_path / "model")]) == 1
    assert capsys.readouterr() == (
        "",
        'nn train: saving and resuming need safetensors, which is not installed: pip install "tapegrad[save]"\n',
    )


def test_many_digits_are_kept_where_targets_hardly_differ(tmp_path, capsys):
    data = tmp_path / "clock.csv"
    data.write_text("t,stamp\n" + "".join(f"{k},{1_700_000_000_000 + 10 * k}\n" for k in range(40)))
    path = str(tmp_path / "model")
    flags = ["--task", "regression", "--layers", "none", "--epochs", "60", "--quiet"]
    assert cli.main(["train", str(data), *flags, "--save", path]) == 0
    capsys.readouterr()
    assert cli.main(["predict", path, str(data)]) == 0
    for row in read(capsys.readouterr().out):
        assert float(row["prediction"]) == pytest.approx(float(row["stamp"]), abs=20.0)


def test_names_of_classes_are_shown_on_one_line(tmp_path, capsys):
    data = tmp_path / "odd.csv"
    names = ['"two\nlines"', "\x1b[31mred", "long" * 20]
    data.write_text("x,y\n" + "".join(f"{k % 3}.5,{names[k % 3]}\n" for k in range(30)))
    assert cli.main(["train", str(data), *FAST]) == 0
    matrix = capsys.readouterr().out.partition("confusion matrix of the 6 test samples\n")[2].splitlines()
    assert len(matrix) == 4
    assert "\x1b" not in "".join(matrix)
    assert [line.split("  ")[0] for line in matrix[1:]] == ["\\x1b[31mred", "long" * 5 + "lon…", "two lines"]


def test_a_prediction_that_is_nan_is_told(model, flowers, capsys):
    broken = load(model)
    broken.layers[0].neurons[0].bias.data = math.nan
    save(broken, model, extra=read_extra(model))
    assert cli.main(["predict", model, flowers]) == 0
    out, err = capsys.readouterr()
    assert {row["prediction"] for row in read(out)} == {""}
    assert err == "nn predict: of 30 rows the output is nan, which is no class: left empty\n"


def test_a_run_does_not_go_on_with_other_data(tmp_path, flowers, capsys):
    path = str(tmp_path / "run")
    assert cli.main(["train", flowers, *FAST, "--checkpoint", path]) == 0
    assert cli.main(["train", flowers, *FAST, "--seed", "5", "--resume", path]) == 2
    assert "it was written with data 18 samples (" in capsys.readouterr().err
    assert cli.main(["train", flowers, *FAST, "--resume", path]) == 0
    assert "nn train: the checkpoint has 3 epochs already: nothing was trained\n" in capsys.readouterr().err


def test_the_version_is_told(capsys):
    assert cli.main(["--version"]) == 0
    assert re.fullmatch(r"tapegrad \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


# -- the process -----------------------------------------------------------------------------------------------------


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
        for example in re.findall(r"^  python -m nn (.*)", text, re.MULTILINE):
            assert parsed(example.split()).command in ("train", "predict", "playground")


@pytest.mark.skipif(os.name != "posix", reason="a shell's pipe")
def test_a_reader_that_has_gone_is_no_complaint(flowers, model):
    script = f'"{sys.executable}" -m nn predict "{model}" "{flowers}" | true; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout.strip() in ("0", "141")  # the reader may be late


def test_a_standard_output_that_breaks_is_left_alone(monkeypatch, tmp_path, flowers, model, capsys):
    with open(tmp_path / "out", "w", encoding="utf-8") as out:

        class Gone(io.StringIO):
            def __init__(self, error):
                super().__init__()
                self.error = error

            def flush(self):
                raise self.error

            def fileno(self):
                return out.fileno()

        for error, code in ((BrokenPipeError(), 141), (OSError(errno.ENOSPC, "full"), 1)):
            monkeypatch.setattr(sys, "stdout", Gone(error))
            assert cli.main(["predict", model, flowers]) == code
            out.write("nothing of this is kept")
            out.flush()
    assert os.path.getsize(tmp_path / "out") == 0
    assert capsys.readouterr().err == "nn predict: full\n"


def test_streams_that_do_not_know_a_character(flowers):
    done = run("train", "plane", *FAST, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert "R\\xb2" in done.stdout


def test_streams_that_cannot_be_reconfigured(monkeypatch, flowers, model):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    assert cli.main(["predict", model, flowers]) == 0
    assert out.getvalue().startswith("length,colour,kind,prediction\n")


@pytest.mark.skipif(os.name != "posix", reason="streams are closed and full as POSIX has it")
@pytest.mark.parametrize("streams", ["2>&-", ">&-", "2>/dev/full", ">/dev/full", ">&- 2>&-"])
def test_what_was_learned_is_not_lost_with_a_stream(streams, tmp_path):
    if "full" in streams and not os.path.exists("/dev/full"):
        pytest.skip("this system has no device that is always full")
    command = f'"{sys.executable}" -u -m nn train xor --epochs 2 --save model {streams}'
    ended = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in ended.stdout + ended.stderr
    assert load(tmp_path / "model").n_inputs == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
@pytest.mark.parametrize("flag", ["--save", "--report", "--checkpoint"])
def test_a_place_that_is_full_is_named(flag, capsys):
    assert cli.main(["train", "xor", *FAST, flag, "/dev/full"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "nn train: '/dev/full': No space left on device"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not allow such names")
def test_a_file_may_be_called_what_is_no_text(tmp_path, capsys):
    name = os.fsencode(tmp_path) + b"/a\xff.csv"
    with open(name, "w", encoding="utf-8") as file:
        file.write(FLOWERS)
    assert cli.main(["train", os.fsdecode(name), *FAST, "--save", str(tmp_path / "model")]) == 0
    assert read_extra(tmp_path / "model")["source"].endswith("a\\udcff.csv")
