"""The command: what it prints, how it ends, and what it says to wrong input."""

from __future__ import annotations

import importlib.util
import io
import json
import math
import os
import signal
import subprocess
import sys
import time

import pytest

import autograd
from autograd import cli, primitives, symbolic
from autograd.listing import short
from autograd.show.render import find_dot

MAIN = ["w1**3*w2 + 3*w1", "w1=2", "w2=3"]

needs_sympy = pytest.mark.skipif(
    importlib.util.find_spec("sympy") is None, reason='needs sympy: pip install "tapegrad[symbolic]"'
)


def has_dot():
    try:
        find_dot("png")
    except FileNotFoundError:
        return False
    return True


needs_dot = pytest.mark.skipif(not has_dot(), reason='needs Graphviz: pip install "tapegrad[dot]"')


def command(*arguments, **environment):
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", **environment}
    return subprocess.run(
        [sys.executable, "-m", "autograd", *arguments],
        capture_output=True,
        timeout=60,
        check=False,
        encoding="utf-8",
        env=environment,
    )


@pytest.fixture
def run(capsys):
    def run(*arguments):
        code = cli.main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def said(run):
    """Return what the command says to wrong input, without its name; nothing else may be printed."""

    def said(*arguments, code=2):
        returned, out, err = run(*arguments)
        assert (returned, out) == (code, "")
        first, *rest = err.splitlines()
        assert first.startswith("autograd: ")
        assert len(rest) <= 1
        assert all(set(line) <= {" ", "^"} for line in rest)
        return first.removeprefix("autograd: ")

    return said


@pytest.fixture
def pointed(run):
    """Return what the command says, and the rest of the line from above the caret."""

    def pointed(*arguments):
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        first, caret = err.splitlines()
        assert caret.strip() == "^"
        return first.removeprefix("autograd: "), first[caret.index("^") :]

    return pointed


# -- what it prints --------------------------------------------------------------------------------------------------


def test_the_command_prints_value_gradient_and_trace():
    done = command(*MAIN)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "value = 30",
        "d/dw1 = 39",
        "d/dw2 = 8",
        "",
        "name  operation  operands         primal | slopes            adjoint",
        "-----------------------------------------|--------------------------",
        "w1    leaf                             2 |                        39",
        "v1    w1 ** 3    w1 = 2, 3             8 | ∂w1 = 12                3",
        "w2    leaf                             3 |                         8",
        "v3    v1 * w2    v1 = 8, w2 = 3       24 | ∂v1 = 3, ∂w2 = 8        1",
        "v4    3 * w1     3, w1 = 2             6 | ∂w1 = 3                 1",
        "v5    v3 + v4    v3 = 24, v4 = 6      30 | ∂v3 = 1, ∂v4 = 1        1",
    ]


def test_steps_show_every_share_and_the_sums(run):
    code, out, _ = run(*MAIN, "--steps")
    assert code == 0
    section = out[out.index("forward:") :].splitlines()
    assert section == [
        "forward: every line gets its primal",
        "  w1 = 2",
        "  v1 = w1 ** 3 = 8",
        "  w2 = 3",
        "  v3 = v1 * w2 = 24",
        "  v4 = 3 * w1 = 6",
        "  v5 = v3 + v4 = 30",
        "backward: the seed, then share by share: adjoint of the result × slope",
        "  v5: 1",
        "  v3 ← v5 · ∂v5/∂v3: 1 × 1 = 1",
        "  v4 ← v5 · ∂v5/∂v4: 1 × 1 = 1",
        "  w1 ← v4 · ∂v4/∂w1: 1 × 3 = 3",
        "  v1 ← v3 · ∂v3/∂v1: 1 × 3 = 3",
        "  w2 ← v3 · ∂v3/∂w2: 1 × 8 = 8",
        "  w1 ← v1 · ∂v1/∂w1: 3 × 12 = 36; w1: 3 + 36 = 39",
        "sums: what is used more than once adds its shares up",
        "  w1: 36 + 3 = 39",
    ]


def test_what_is_used_once_has_no_sum(run):
    assert "sums:" not in run("sin(x)", "x=1", "--steps")[1]


def test_forward_makes_one_sweep_for_each_name(run):
    code, out, _ = run(*MAIN, "--forward")
    assert code == 0
    assert "forward mode, seed dw1 = 1: d/dw1 = 39\n" in out
    assert "forward mode, seed dw2 = 1: d/dw2 = 8\n" in out
    assert "30 + 39ε" in out
    assert "30 + 8ε" in out


def test_what_is_chosen_among_numbers_has_a_derivative_of_zero_in_forward_mode(run):
    report = json.loads(run("where(x > 0, 1, 2)", "x=1", "--json", "--forward")[1])
    assert report["forward"] == report["gradient"] == {"x": 0.0}


def test_check_puts_finite_differences_beside_it(run):
    code, out, _ = run("sin(x)*y", "x=1", "y=2", "--check")
    assert code == 0
    rows = [line.split() for line in out.splitlines()[-2:]]
    assert [row[0] for row in rows] == ["x", "y"]
    for _, exact, found, difference in rows:
        assert float(found) == pytest.approx(float(exact), abs=1e-9)
        assert float(difference) == pytest.approx(float(found) - float(exact), rel=0.06)
        assert difference == short(float(found) - float(exact), 2)


def test_differences_stand_under_their_words(run):
    assert run("3*x + y/2", "x=1", "y=-2", "--check")[1].splitlines()[-5:] == [
        "central differences, which are good to about 10 digits",
        "name  backpropagation  finite differences  difference",
        "-----------------------------------------------------",
        "x                   3                   3           0",
        "y                 0.5                 0.5           0",
    ]


@needs_sympy
def test_symbolic_prints_the_formula_and_its_gradient(run):
    code, out, _ = run(*MAIN, "--symbolic")
    assert code == 0
    assert out.splitlines()[-3:] == [
        "formula = w1**3*w2 + 3*w1",
        "d/dw1   = 3*w1**2*w2 + 3",
        "d/dw2   = w1**3",
    ]


@needs_dot
@pytest.mark.parametrize(("ending", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_graph_writes_the_picture(run, tmp_path, ending, start):
    path = tmp_path / f"graph.{ending}"
    code, out, _ = run(*MAIN, "--graph", str(path))
    assert code == 0
    assert out.splitlines()[-1] == f"the picture is in {path}"
    assert path.read_bytes().startswith(start)


@needs_dot
@pytest.mark.parametrize("flags", [[], ["--forward"]])
def test_html_writes_the_stepper(run, tmp_path, flags):
    path = tmp_path / "steps.html"
    code, out, _ = run(*MAIN, "--html", str(path), *flags)
    assert code == 0
    assert out.endswith(f"the page is in {path}\n")
    page = path.read_text("utf-8")
    assert ">tangent<" in page if flags else "a second use: gradients add" in page
    assert json.loads(run(*MAIN, "--json", f"--html={path}")[1])["html"] == str(path)


def test_graph_takes_its_file_after_an_equals_sign_too(run, tmp_path):
    path = tmp_path / "graph.dot"
    assert run(f"--graph={path}", *MAIN)[0] == 0
    assert path.read_text().startswith("digraph")


def test_options_combine_and_stand_anywhere(run, tmp_path):
    code, out, _ = run("--steps", MAIN[0], "--check", *MAIN[1:], "--graph", str(tmp_path / "g.dot"), "--forward")
    assert code == 0
    for part in ("value = 30", "sums:", "forward mode", "central differences", "the picture is in"):
        assert part in out


def test_json_is_strict_and_whole(run, tmp_path):
    code, out, _ = run(*MAIN, "--json", "--steps", "--check", "--forward", "--graph", str(tmp_path / "g.dot"))
    assert code == 0
    report = json.loads(out)
    assert report["expression"] == MAIN[0]
    assert report["numbers"] == {"w1": 2.0, "w2": 3.0}
    assert (report["value"], report["gradient"]) == (30.0, {"w1": 39.0, "w2": 8.0})
    assert report["forward"] == report["gradient"]
    assert report["check"]["w1"] == pytest.approx(39.0)
    assert [line["text"] for line in report["trace"]][-1] == "v3 + v4"
    assert [line["primitive"] for line in report["trace"]] == [None, "pow", None, "mul", "mul", "add"]
    assert [line["adjoint"] for line in report["trace"]] == [39.0, 3.0, 8.0, 1.0, 1.0, 1.0]
    assert report["trace"][1]["operands"] == [
        {"index": 0, "name": "w1", "primal": 2.0, "slope": 12.0},
        {"index": None, "name": "3", "primal": 3.0, "slope": None},
    ]
    assert [share["share"] for share in report["steps"] if share["operand"] == "w1"] == [3.0, 36.0]
    assert report["graph"].endswith("g.dot")


def test_json_writes_what_is_not_finite_as_strings(run):
    code, out, _ = run("log(x) + y", "x=0", "y=nan", "--json")
    assert code == 0

    def refuse(word):
        raise AssertionError(word)

    report = json.loads(out, parse_constant=refuse)
    assert (report["value"], report["gradient"]) == ("nan", {"x": "inf", "y": 1.0})


def test_numbers_alone_have_a_value_and_no_gradient(run):
    assert run("2 + 3") == (0, "value = 5\n", "")
    assert json.loads(run("2 + 3", "--json", "--check", "--forward")[1]) == {
        "expression": "2 + 3", "numbers": {}, "value": 5.0, "gradient": {}, "trace": [], "check": {}, "forward": {},
    }  # fmt: skip


@needs_sympy
def test_json_has_formulas(run):
    report = json.loads(run(*MAIN, "--json", "--symbolic")[1])
    assert report["symbolic"] == {
        "formula": "w1**3*w2 + 3*w1",
        "gradient": {"w1": "3*w1**2*w2 + 3", "w2": "w1**3"},
    }


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (["x", "x=3"], "3"),
        (["-x**2", "x=3"], "-9"),
        (["--steps", "--", "--x", "x=3"], "3"),
        (["x", "x=-3"], "-3"),
        (["x", "x=1e-10"], "1e-10"),
        (["x", "x=pi/2"], "1.5707963267948966"),
        (["x", "x=1/3"], "0.3333333333333333"),
        (["x", "x=inf"], "inf"),
        (["x", "x = 2"], "2"),
        (["pi*x", "pi=2", "x=3"], "6"),
        (["2 + 3"], "5"),
        (["where(x > 0, x, 0)", "x=-1"], "0"),
        (["where(x >= 0, x, 0)", "x=2"], "2"),
        (["(x + 1)*2", "x=3"], "8"),
        (["v1 + v2", "v1=1", "v2=2"], "3"),
        (["ｘ + 1", "x=1"], "2"),
    ],
)
def test_values(run, arguments, value):
    code, out, _ = run(*arguments)
    assert code == 0
    assert out.splitlines()[0].split() == ["value", "=", value]


def test_help_is_good_enough_alone(run):
    for option in ("--help", "-h"):
        code, out, err = run(option)
        assert (code, err) == (0, "")
        for part in (
            "usage: python -m autograd",
            "--steps",
            "--graph FILE",
            "--json",
            "w1=2 w2=3",
            "where(x > 0, a, b)",
        ):
            assert part in out
    listed = out.partition("functions:\n")[2].split()
    assert listed == sorted({row.name for row in primitives.TABLE} & set(autograd.__all__))
    assert max(map(len, out.splitlines())) <= 120


# -- wrong input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message", "place"),
    [
        (["x*y", "x=2"], "x*y: y has no number: add y=NUMBER", "y: y"),
        (["a + b*c", "b=1"], "a + b*c: a and c have no numbers: add a=NUMBER c=NUMBER", "a + b"),
        (["2*é"], "2*é: é has no number: add é=NUMBER", "é: é"),
        (["1 + sine(x)", "x=2"], "1 + sine(x): there is no function 'sine': did you mean 'sin'?", "sine(x)"),
        (["x +", "x=2"], "x +: the expression ends where a number or a name should follow", ": the"),
        (["x*y", "x=2", "y=abc"], "y=abc: this is not a number", "abc"),
        (["x*y", "x=2", "y=2+z"], "y=2+z: this is not a number", "z:"),
        (["x*y", "x=2", "y=3*p + q"], "y=3*p + q: this is not a number", "p + q"),
        (["x == 2", "x=2"], "x == 2: a comparison can only be the condition of where(condition, a, b)", "== 2"),
        (["x", "x="], "x=: a number is missing after =", ": a"),
        (["x", "x=1e999"], "x=1e999: this number is too large for a float", "1e999"),
        (["x", "x=1 2"], "x=1 2: this is not a number (an operator is missing before this)", "2:"),
        (["x\n+\x1b y z", "x=1"], "x\\n+\\x1b y z: the character '\\x1b' has no meaning here", "\\x1b y"),
    ],
)
def test_wrong_input_is_pointed_at(pointed, arguments, message, place):
    line, from_caret = pointed(*arguments)
    assert line == message
    assert from_caret.startswith(place)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            [],
            "an expression is missing: python -m autograd EXPRESSION name=number ... [options]; --help says more",
        ),
        (["x*y", "x=2", "y=3", "z=4"], "z=4: the expression has no z, it has x, y"),
        (["2+3", "x=4"], "x=4: the expression has no x"),
        (["x*y", "x=2", "y=3", "x=4"], "x=4: x has a number already"),
        (["x", "x=2", "3"], "3: expected name=number here; an expression with spaces needs quotes"),
        (["x", "2=x"], "2=x: '2' is not a name: expected name=number"),
        (
            ["x=2", "x*x"],
            "x=2: the expression comes first: python -m autograd EXPRESSION name=number ... [options]",
        ),
        (["x", "x=2", "--stesp"], "--stesp: there is no such option: did you mean --steps?"),
        (["x", "x=2", "--zzz"], "--zzz: there is no such option: --help lists them; an expression may follow --"),
        (["x", "x=2", "--json=yes"], "--json=yes: --json takes no value"),
        (["x", "x=2", "--graph"], "--graph: a file name is missing, such as --graph graph.svg"),
        (["x", "x=2", "--graph", "--json"], "--graph: a file name is missing, such as --graph graph.svg"),
        (["x", "x=2", "--html"], "--html: a file name is missing, such as --html steps.html"),
        (["2+3", "--html", "g.html"], "2+3: --html needs an expression with a name in it"),
        (["x", "x=2", "--graph="], "--graph=: a file name is missing, such as --graph graph.svg"),
        (["2+3", "--graph", "g.svg"], "2+3: --graph needs an expression with a name in it"),
        (["2+3", "--check"], "2+3: --check needs an expression with a name in it"),
        (["2+3", "--steps"], "2+3: --steps needs an expression with a name in it"),
        (
            ["x", "x=2", "--graph", "g.gif"],
            "g.gif: a picture's name ends in .svg, .png, .pdf or .dot, not .gif",
        ),
    ],
)
def test_wrong_input_is_one_line(said, arguments, message):
    assert said(*arguments) == message


def test_a_long_expression_is_shown_around_the_place(pointed):
    text = "+".join(["alpha"] * 200) + " + sine(x) + " + "+".join(["beta"] * 200)
    line, from_caret = pointed(text, "x=1")
    assert from_caret.startswith("sine(x) + beta")
    assert len(line) < 140


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("#" + "b" * 59, "#" + "b" * 59),
        ("a" * 10 + "#" + "b" * 50, "a" * 10 + "#" + "b" * 49 + "…"),
        ("a" * 30 + "#", "a" * 30 + "#"),
        ("a" * 31 + "#", "…" + "a" * 30 + "#"),
        ("a" * 70 + "#" + "b" * 29, "…" + "a" * 30 + "#" + "b" * 29),
        ("a" * 70 + "#" + "b" * 80, "…" + "a" * 30 + "#" + "b" * 29 + "…"),
    ],
)
def test_sixty_characters_around_the_place_are_shown(pointed, text, shown):
    line, from_caret = pointed(text)
    assert line == f"{shown}: the character '#' has no meaning here"
    assert from_caret.startswith("#")


def test_unwritable_files_are_named(said, tmp_path):
    assert "there is no folder" in said(*MAIN, "--graph", str(tmp_path / "nowhere" / "g.dot"))
    (tmp_path / "folder.dot").mkdir()
    assert "is a folder, not a file" in said(*MAIN, "--graph", str(tmp_path / "folder.dot"))
    if os.geteuid() != 0:  # root may write anywhere
        tmp_path.chmod(0o500)
        assert "Permission denied" in said(*MAIN, "--graph", str(tmp_path / "g.dot"))
    if os.path.exists("/dev/full"):
        (tmp_path / "full.dot").symlink_to("/dev/full")
        assert "No space left on device" in said(*MAIN, "--graph", str(tmp_path / "full.dot"))


def test_without_dot_it_says_how_to_install_one(said, monkeypatch, tmp_path):
    monkeypatch.setenv("TAPEGRAD_DOT", str(tmp_path / "nothing"))
    assert "pip install" in said(*MAIN, "--graph", str(tmp_path / "g.svg"))


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_a_picture_that_fails_is_one_line(said, monkeypatch, tmp_path):
    dot = tmp_path / "dot"
    dot.write_text("#!/bin/sh\nexit 3\n")
    dot.chmod(0o755)
    monkeypatch.setenv("TAPEGRAD_DOT", str(dot))
    path = str(tmp_path / "g.svg")
    assert said(*MAIN, "--graph", path).endswith("failed with exit code 3 and said: nothing")


def test_a_package_that_is_missing_is_another_exit_code(said, monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    monkeypatch.setattr(symbolic, "_sympy", symbolic._sympy.__wrapped__)
    assert 'pip install "tapegrad[symbolic]"' in said(*MAIN, "--symbolic", code=1)


@needs_sympy
def test_formulas_that_are_too_deep_are_refused(said, monkeypatch):
    def too_deep(tape):
        raise RecursionError

    monkeypatch.setattr("autograd.symbolic.to_sympy", too_deep)
    assert said(*MAIN, "--symbolic") == f"{MAIN[0]}: --symbolic: the formula is nested too deeply"


@needs_sympy
def test_formulas_that_are_too_long_are_refused(said):
    text = "x"
    for _ in range(10):
        text = f"({text})*sin({text})"
    assert "--symbolic: the formula would have" in said(text, "x=1", "--symbolic")


def test_points_without_differences_are_refused(run):
    code, out, err = run("log(x)", "x=inf", "--check")
    assert (code, out) == (2, "")
    assert err == "autograd: log(x): --check: numerical_gradient needs finite numbers, but x holds inf\n"


@pytest.mark.long
@pytest.mark.parametrize("text", ["(" * 100_000, "x+" * 50_000 + "x", "9" * 100_000, "x" * 60_000 + "("])
def test_hostile_expressions_end_quickly(text):
    start = time.perf_counter()
    done = command(text, "x=1")
    assert time.perf_counter() - start < 20.0
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert len(done.stderr) < 400


def test_towers_of_powers_are_infinite():
    done = command("x + 9**9**9", "x=1")
    assert done.returncode == 0
    assert done.stdout.startswith("value = inf")


# -- the process -----------------------------------------------------------------------------------------------------


def test_a_reader_that_goes_away_is_no_error():
    text = "+".join(["x"] * 900)
    process = subprocess.Popen(
        [sys.executable, "-m", "autograd", text, "x=1", "--steps"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 141


def test_who_stops_reading_the_answer_is_no_error_either(capsys, monkeypatch):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        assert cli.main(MAIN) == 141
    assert capsys.readouterr().err == ""


def test_the_arguments_are_those_of_the_process(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["autograd", *MAIN])
    assert cli.main() == 0
    assert capsys.readouterr().out.startswith("value = 30\n")


def test_an_interrupt_is_one_line(capsys, monkeypatch):
    def interrupt(request):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_answer", interrupt)
    assert cli.main(MAIN) == 130
    assert capsys.readouterr().err == "autograd: interrupted\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_an_interrupt_from_outside_ends_the_process(tmp_path):
    dot = tmp_path / "dot"
    dot.write_text("#!/bin/sh\necho running >&3\nexec sleep 30\n".replace("&3", f'"{tmp_path}/started"'))
    dot.chmod(0o755)
    process = subprocess.Popen(
        [sys.executable, "-m", "autograd", *MAIN, "--graph", str(tmp_path / "g.svg")],
        env={**os.environ, "TAPEGRAD_DOT": str(dot)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "started").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "autograd: interrupted\n")
    assert not (tmp_path / "g.svg").exists()


def test_any_stream_takes_the_answer(monkeypatch):
    ascii_only, plain, errors = io.TextIOWrapper(io.BytesIO(), encoding="ascii"), io.StringIO(), io.StringIO()
    for stream in (ascii_only, plain):
        monkeypatch.setattr(sys, "stdout", stream)
        assert cli.main(MAIN) == 0
    assert "?w1 = 12" in ascii_only.buffer.getvalue().decode()
    assert "∂w1 = 12" in plain.getvalue()
    monkeypatch.setattr(sys, "stderr", errors)
    assert cli.main(["2*é"]) == 2
    assert errors.getvalue().startswith("autograd: 2*?: ? has no number")


def test_terminals_without_greek_get_question_marks():
    done = command(*MAIN, "--steps", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "?w1 = 12" in done.stdout


def test_the_installed_command_is_the_same_function():
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    assert project["project"]["scripts"]["tapegrad"] == "autograd.cli:main"


def test_gradients_agree_with_differences_on_every_row_of_one_argument(run):
    checked = 0
    for row in primitives.TABLE:
        if row.arity - len(row.defaults) != 1 or not row.smooth_on:
            continue
        box = row.smooth_on[0]
        low, high = box if not isinstance(box[0], tuple) else box[0]
        report = json.loads(run(f"{row.name}(x)", f"x={low + 0.37 * (high - low)!r}", "--json", "--check")[1])
        assert report["check"]["x"] == pytest.approx(report["gradient"]["x"], rel=1e-5, abs=1e-7), row.name
        assert not math.isnan(report["gradient"]["x"])
        checked += 1
    assert checked > 30
