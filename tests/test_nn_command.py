"""The command: what it prints, what it writes, how it ends, and what it says to bad input."""

from __future__ import annotations

import csv
import errno
import io
import math
import os
import re
import signal
import subprocess
import sys

import pytest

from nn import SGD, Standardization, cli
from nn.cli import results as cli_results
from nn.cli import train as cli_train
from nn.datasets import SOURCES, SourceRow, blobs
from nn.saving import load, read_extra, save
from tests.test_nn_flags import facts

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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
def test_few_samples_are_all_trained_on_and_the_table_says_so(capsys):
    assert cli.main(["train", "xor", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert list(rows(out)) == ["training", "no"]
    assert "no samples were held back: how well it does on new ones is not known\n" in out
    assert rows(out)["training"][2] == "100.0%"


@pytest.mark.long
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


def test_a_device_takes_results_too(capsys):
    assert cli.main(["train", "xor", "--save", os.devnull, *FAST]) == 0


@pytest.mark.long
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


def test_a_file_without_a_header(tmp_path, capsys):
    path = tmp_path / "numbers.tsv"
    path.write_text("".join(f"{k}\t{2 * k}.5\n" for k in range(30)))
    assert cli.main(["train", str(path), *FAST]) == 2
    assert "--no-header" in capsys.readouterr().err
    assert cli.main(["train", str(path), "--no-header", "--delimiter", "tab", *FAST]) == 0
    assert rows(capsys.readouterr().out)["training"][0] == "18"


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


def test_a_model_whose_outputs_do_not_fit_its_recipe(tmp_path, model, flowers, capsys):
    extra = read_extra(model)
    extra["encoding"]["classes"] = ["a", "b"]
    save(load(model), model, extra=extra)
    assert cli.main(["predict", model, flowers]) == 2
    assert "the model gives 3 outputs, which do not fit its classes or targets" in capsys.readouterr().err


# -- wrong use -------------------------------------------------------------------------------------------------------


def test_a_disk_that_becomes_full_is_one_line(monkeypatch, capsys):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "model")

    monkeypatch.setattr(cli_results, "save", full)
    assert cli.main(["train", "xor", "--save", "model", *FAST]) == 1
    out, err = capsys.readouterr()
    assert "training" in rows(out)
    assert err == "nn train: 'model': No space left on device\n"


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


# -- the process -----------------------------------------------------------------------------------------------------


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


@pytest.mark.long
def test_streams_that_do_not_know_a_character(flowers):
    done = run("train", "plane", *FAST, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert "R\\xb2" in done.stdout


def test_streams_that_cannot_be_reconfigured(monkeypatch, flowers, model):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    assert cli.main(["predict", model, flowers]) == 0
    assert out.getvalue().startswith("length,colour,kind,prediction\n")


@pytest.mark.long
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
