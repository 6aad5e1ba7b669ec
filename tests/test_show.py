"""What people look at: records of a tape, traces, pictures, and how `dot` is found and run."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import math
import os
import re
import stat
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

import pytest

from autograd import ManyPrimitive, Tape, Value, dot, grad, primitives, scope, sin, tanh
from autograd.listing import (
    Forward,
    Seed,
    Share,
    adjoints,
    exact,
    lines,
    printable,
    pruned,
    shares_of,
    short,
    spelled,
    steps,
)
from autograd.show import render
from autograd.show.graph import dot_source
from autograd.show.numbers import sum_before_total
from autograd.show.render import Drawing, bundle_of, draw, find_dot
from autograd.show.trace import SHOWN, forward_trace, table, trace
from tests.test_cli import needs_dot
from tests.test_expressions import called


def example():
    w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
    a = w1**3
    b = a * w2
    c = 3 * w1
    g = b + c
    a.label, b.label, c.label, g.label = "a", "b", "c", "g"
    return g


NASTY = "<b>&\"'|{}[]\\N\\G\\\n\t\x00\u202e\ud800 ]]> </TABLE> 😀 日本 عربي \\"

# -- records ---------------------------------------------------------------------------------------------------------


def test_lines_say_all_of_a_tape():
    listed = lines(example())
    assert [line.name for line in listed] == ["w1", "a", "w2", "b", "c", "g"]
    assert [line.kind for line in listed] == ["leaf", "node", "leaf", "node", "node", "node"]
    assert [line.text for line in listed] == ["w1", "w1 ** 3", "w2", "a * w2", "3 * w1", "b + c"]
    assert [line.primal for line in listed] == [2.0, 8.0, 3.0, 24.0, 6.0, 30.0]
    assert [line.slopes for line in listed] == [(), (12.0, None), (), (3.0, 8.0), (None, 3.0), (1.0, 1.0)]
    assert [operand.index for operand in listed[4].operands] == [None, 0]
    assert [operand.primal for operand in listed[4].operands] == [3.0, 2.0]


def test_lines_are_records_that_cannot_be_changed():
    line = lines(example())[1]
    for record in (line, line.operands[0]):
        with pytest.raises(dataclasses.FrozenInstanceError):
            record.primal = 5.0


def test_lines_can_be_picked():
    assert [line.name for line in lines(example(), [5, 0])] == ["g", "w1"]


def test_names_are_unique():
    values = [Value(1.0, label=label) for label in ("w", "w", "v5", "w#1", "w#0", None, "", "v9#9")]
    total = values[0]
    for value in values[1:]:
        total = total + value
    names = [line.name for line in lines(total)]
    assert len(set(names)) == len(names)
    assert "v5" in names  # the label itself, not the line at 5


def test_a_raw_tape_is_pruned_to_its_last_node():
    with Tape() as tape:
        x = Value(3.0, label="x")
        _ = sin(x) + 1
        y = x * x
    assert [line.text for line in lines(tape)] == ["x", "x * x"]
    assert pruned(tape).outputs == (1,)
    assert adjoints(tape) == adjoints(y) == [6.0, 1.0]


def test_an_empty_tape_has_no_lines():
    assert lines(Tape()) == []
    assert adjoints(Tape()) == []
    assert list(steps(Tape())) == []
    assert str(Tape()) == "(an empty tape)"


def test_inputs_of_transforms_are_listed():
    seen = []
    grad(lambda x: seen.append(lines(x * x)) or x * x)(3.0)
    assert [line.kind for line in seen[0]] == ["input", "node"]


def test_what_is_no_value_is_refused():
    with pytest.raises(TypeError, match="expected a Value or a Tape, not float"):
        lines(3.0)
    with pytest.raises(ValueError, match="constant"):
        lines(Value(3.0).detach())


def test_adjoints_agree_with_backward_and_touch_no_grad():
    g = example()
    swept = adjoints(g)
    leaves = {line.name: swept[line.index] for line in lines(g) if line.kind == "leaf"}
    assert leaves == {"w1": 39.0, "w2": 8.0}
    assert all(leaf.grad == 0.0 for leaf, _ in Tape.of(g).leaves.values())


def test_adjoints_of_another_output_and_seed():
    assert adjoints(example(), output=3, seed=2.0) == [72.0, 6.0, 16.0, 2.0, 0.0, 0.0]
    assert adjoints(example(), output=1) == [12.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    assert adjoints(example(), output=-1) == adjoints(example())
    with pytest.raises(IndexError, match="there is no line 6 on a tape of 6"):
        adjoints(example(), output=6)


@pytest.mark.parametrize("output", range(6))
def test_steps_to_another_output_add_up_to_its_adjoints(output):
    taken = list(steps(example(), output, seed=2.0))
    found = [0.0] * 6
    found[output] = 2.0
    for step in taken[7:]:
        found[step.operand.index] = step.after
    assert str(taken[6]) == f"{lines(example())[output].name}: 2"
    assert found == adjoints(example(), output, seed=2.0)


def test_steps_pass_over_what_the_output_does_not_need():
    x = Value(3.0, label="x")
    a, b = x * x, sin(x)
    taken = list(steps(Tape.of(b, a * 2.0)))
    assert [str(step) for step in taken if isinstance(step, Share)] == [
        "v1 ← v3 · ∂v3/∂v1: 1 × 2 = 2",
        "x ← v1 · ∂v1/∂x: 2 × 3 = 6",
        "x ← v1 · ∂v1/∂x: 2 × 3 = 6; x: 6 + 6 = 12",
    ]


def test_steps_are_forward_seed_and_every_share():
    taken = list(steps(example()))
    assert [type(step) for step in taken] == [Forward] * 6 + [Seed] + [Share] * 6
    assert [str(step) for step in taken[5:]] == [
        "g = b + c = 30",
        "g: 1",
        "b ← g · ∂g/∂b: 1 × 1 = 1",
        "c ← g · ∂g/∂c: 1 × 1 = 1",
        "w1 ← c · ∂c/∂w1: 1 × 3 = 3",
        "a ← b · ∂b/∂a: 1 × 3 = 3",
        "w2 ← b · ∂b/∂w2: 1 × 8 = 8",
        "w1 ← a · ∂a/∂w1: 3 × 12 = 36; w1: 3 + 36 = 39",
    ]
    assert [share.share for share in shares_of(taken)[0]] == [36.0, 3.0]


def test_running_sums_are_the_sweeps_own():
    xs = [Value(0.1 * k, label=f"x{k}") for k in range(1, 6)]
    y = xs[0]
    for x in xs * 3:
        y = tanh(y * x + 0.3) + x / 7
    found = adjoints(y)
    sums = [0.0] * len(found)
    sums[-1] = 1.0
    for step in steps(y):
        if isinstance(step, Share):
            assert step.before == sums[step.operand.index]
            sums[step.operand.index] = step.after
    assert sums == found


def test_shares_of_zero_are_nothing():
    x = Value(0.0, label="x")
    y = primitives.sqrt(x) * 0.0
    assert adjoints(y) == [0.0, 0.0, 1.0]
    assert [step.share for step in steps(y) if isinstance(step, Share)] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (30.0, "30"),
        (-0.0, "-0"),
        (1e-10, "1e-10"),
        (1 / 3, "0.333333"),
        (123456789.0, "123456789"),
        (-999999999.0, "-999999999"),
        (1e9, "1e9"),
        (1e20, "1e20"),
        (-2.5e-300, "-2.5e-300"),
        (5e-324, "4.94066e-324"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_numbers_are_short_and_honest(number, text):
    assert short(number) == text


def test_exact_numbers_read_back():
    for number in (30.0, 0.1 + 0.2, 1e22, 5e-324, -0.0, 1.7976931348623157e308, math.inf):
        assert math.copysign(1.0, float(exact(number))) == math.copysign(1.0, number)
        assert float(exact(number)) == number


def test_sums_are_spelled():
    assert spelled([36.0, 3.0], 39.0) == "36 + 3 = 39"
    assert spelled([-1.0, -0.5, 2.0], 0.5) == "-1 - 0.5 + 2 = 0.5"
    assert spelled([1.0, 0.0], 1.0) == "1 + 0 = 1"


def test_printable_hides_nothing():
    assert printable("a\x1b[31m\u202eb\n") == "a\\x1b[31m\\u202eb\\n"
    assert printable("日本 👩‍👩‍👧") == "日本 👩‍👩‍👧"


# -- traces ----------------------------------------------------------------------------------------------------------


def test_the_trace_is_a_table():
    assert trace(example()).splitlines() == [
        "name  operation  operands       primal | slopes           adjoint",
        "---------------------------------------|-------------------------",
        "w1    leaf                           2 |                       39",
        "a     w1 ** 3    w1 = 2, 3           8 | ∂w1 = 12               3",
        "w2    leaf                           3 |                        8",
        "b     a * w2     a = 8, w2 = 3      24 | ∂a = 3, ∂w2 = 8        1",
        "c     3 * w1     3, w1 = 2           6 | ∂w1 = 3                1",
        "g     b + c      b = 24, c = 6      30 | ∂b = 1, ∂c = 1         1",
    ]
    assert str(Tape.of(example())) == trace(example())


def test_the_forward_trace_has_tangents():
    rows = forward_trace(example(), "w1").splitlines()
    assert " ".join(rows[3].split()) == "a w1 ** 3 12 × 1 12 8 + 12ε"
    assert " ".join(rows[-1].split()) == "g b + c 1 × 36 + 1 × 3 39 30 + 39ε"
    assert forward_trace(example(), {"w1": 2.0, "w2": -1.0}).splitlines()[-1].endswith("30 + 70ε")


def test_the_forward_trace_is_a_table():
    x, y = Value(2.0, label="x"), Value(-0.25, label="y")
    assert forward_trace(x * y - x, {"x": -0.5, "y": 4.0}).splitlines() == [
        "name  operation  slope × tangent        tangent  dual number",
        "--------------------------------------------------------------",
        "x     leaf       seed                      -0.5  2 - 0.5ε",
        "y     leaf       seed                         4  -0.25 + 4ε",
        "v2    x * y      -0.25 × -0.5 + 2 × 4     8.125  -0.5 + 8.125ε",
        "v3    v2 - x     1 × 8.125 + -1 × -0.5    8.625  -2.5 + 8.625ε",
    ]


def test_the_forward_trace_names_what_it_knows():
    with pytest.raises(ValueError, match=r"no leaf called 'z'; it has w1, w2$"):
        forward_trace(example(), "z")
    for name in ("a", "b", "g"):
        with pytest.raises(ValueError, match=f"no leaf called '{name}'"):
            forward_trace(example(), name)
    with pytest.raises(ValueError, match=r"no leaf called 'z'; it has none$"):
        forward_trace(Tape(), "z")
    with pytest.raises(
        TypeError, match=r"a seed is the name of a leaf, or a dict of names with tangents, not \['w1'\]"
    ):
        forward_trace(example(), ["w1"])


@pytest.mark.parametrize(("count", "ending"), [(8, "x7"), (9, "x7…")])
def test_of_many_leaves_eight_are_named(count, ending):
    xs = [Value(1.0, label=f"x{k}") for k in range(count)]
    with pytest.raises(ValueError, match=f"it has x0, x1, x2, x3, x4, x5, x6, {ending}$"):
        forward_trace(dot(xs, xs), "z")


@pytest.mark.long
def test_long_traces_are_shortened_in_the_middle():
    y = Value(1.0, label="x")
    for _ in range(100_000):
        y = y * 0.99999
    tape = Tape.of(y)
    start = time.perf_counter()
    rows = str(tape).splitlines()
    assert time.perf_counter() - start < 2.0
    assert len(rows) == 2 + SHOWN + 1
    assert rows[2 + SHOWN // 2] == f"… {100_001 - SHOWN:,} more lines …"
    assert rows[2].startswith("x ")
    assert rows[-1].startswith("v100000 ")


def test_traces_of_up_to_sixty_lines_are_whole():
    assert len(trace(chain(59)).splitlines()) == 2 + 60
    for text in (trace(chain(60)), forward_trace(chain(60), "x")):
        names = [row.split()[0] for row in text.splitlines()[2:]]
        assert names == ["x", *(f"v{k}" for k in range(1, 20)), "…", *(f"v{k}" for k in range(41, 61))]
        assert "… 21 more lines …" in text


def test_cells_are_cut_at_44_columns():
    assert table([["a" * 44, "b"], ["c" * 45, "d"]]).splitlines() == [
        "a" * 44 + "  b",
        "-" * 47,
        "c" * 43 + "…  d",
    ]


@pytest.mark.parametrize(("label", "columns"), [("日本語", 6), ("u\u0308", 1), ("日u\u0308", 3), ("λx", 2), ("ab", 2)])
def test_columns_are_aligned_under_any_letters(label, columns):
    header, _, row = table([["name", "number"], [label, "1"]], right=(1,)).splitlines()
    assert header == "name  number" if columns <= 4 else "name    number"
    assert row == label + " " * (max(columns, 4) - columns) + "  " + "     1"


def test_wide_operations_are_cut():
    xs = [Value(float(k), label=f"x{k}") for k in range(500)]
    rows = trace(dot(xs, xs)).splitlines()
    assert max(map(len, rows)) < 200
    assert "…" in rows[-1]


def test_strange_labels_stay_on_their_line():
    rows = trace(Value(2.0, label=NASTY) * 2).splitlines()
    assert len(rows) == 4
    assert "\u202e" not in rows[2]
    assert "\\u202e" in rows[2] or "…" in rows[2]
    "\n".join(rows).encode()


def test_several_outputs_say_which_is_read_backward():
    x = Value(2.0, label="x")
    y, z = x * x, x + 1
    assert trace(Tape.of(y, z)).splitlines()[0] == "adjoints of v2, the last of 2 outputs"
    assert trace(Tape.of(y, z, y)).splitlines()[0] == "adjoints of v1, the last of 3 outputs"
    assert trace(Tape.of(z)).splitlines()[0].startswith("name ")


@pytest.mark.parametrize("row", primitives.TABLE, ids=lambda row: row.name)
def test_every_row_is_traced_and_drawn_with_every_operand(row):
    arguments = called(row)[1]
    labels = iter("pqrs")
    leaves = [
        [Value(part, next(labels)) for part in each] if isinstance(each, list) else Value(each, next(labels))
        for each in arguments
    ]
    value = row(*leaves)
    last = trace(value).splitlines()[-1]
    picture = dot_source(value)
    count = 4 if row.name == "dot" else 3 if isinstance(row, ManyPrimitive) else row.arity
    for index, label in enumerate("pqrs"[:count]):
        assert f"{label} = " in last
        assert re.search(rf"∂{label} = ", last)
        assert f"\tn{index} -> n{count} " in picture
        assert f"<B>{label}</B>" in picture


# -- pictures --------------------------------------------------------------------------------------------------------


def test_cards_and_arrows_of_the_example():
    source = dot_source(example())
    assert "36 + 3 = <B>39</B>" in source
    assert '3 × 12 = <B><FONT COLOR="#B03A00">36</FONT></B>' in source
    assert "<B>**3</B>" in source
    assert "n4c0 -> n4" in source
    assert source.count("const") == 2  # a box and its tooltip: the exponent has none
    assert source.count('BORDER="3"') == 1
    assert "0x" not in source


def test_a_value_used_twice_has_two_arrows():
    x = Value(3.0, label="x")
    source = dot_source(x * x)
    assert source.count("n0 -> n1") == 2
    assert "3 + 3 = <B>6</B>" in source


def test_many_uses_are_counted():
    x = Value(3.0, label="x")
    assert "Σ4 = <B>12</B>" in dot_source(x + x + x + x * 9)


def test_the_same_program_gives_the_same_bytes():
    assert dot_source(example()) == dot_source(example())


def test_scopes_are_frames_and_shared_leaves_stand_outside():
    x = Value(1.0, label="x")
    with scope("layer <0>"):
        with scope("neuron 0"):
            a = sin(x) * Value(2.0, label="w")
        with scope("neuron 1"):
            b = sin(x) + a
    source = dot_source(b)
    frames = re.findall(r"subgraph (cluster\w*)", source)
    assert sorted(frames) == ["cluster_0", "cluster_0_0", "cluster_0_1"]
    assert "label=<layer &lt;0&gt;>" in source
    outer, inner = source.split("subgraph cluster_0_", 1)
    assert "<B>x</B>" in outer
    assert "<B>w</B>" not in outer
    assert "<B>w</B>" in inner


def chain(length):
    y = Value(1.0, label="x")
    for _ in range(length):
        y = sin(y)
    return y


def test_constants_count_as_boxes_but_exponents_do_not():
    x, y = Value(1.0, label="x"), Value(1.0, label="y")
    for _ in range(12):
        x = x + 2.0
    assert " × " in dot_source(x)  # of 25 boxes
    assert " × " not in dot_source(sin(x))
    for _ in range(63):
        x, y = x + 2.0, y**2
    with pytest.raises(ValueError, match="a picture of 151 boxes is hard to read"):
        dot_source(x)
    assert "const" not in dot_source(y)


def test_large_pictures_lose_the_chain_rule_then_are_refused():
    assert " × " in dot_source(chain(24))
    assert " × " not in dot_source(chain(25))
    with pytest.raises(ValueError, match='a picture of 151 boxes is hard to read: collapse="none" draws'):
        dot_source(chain(150))
    assert "n149" in dot_source(chain(149))
    assert "n150" in dot_source(chain(150), collapse="none")
    with pytest.raises(ValueError, match="a picture of 1000 boxes is hard to read"):
        dot_source(chain(999))
    with pytest.raises(ValueError, match="a picture of 1,001 boxes cannot be read: 1000 are the most; print the tape"):
        dot_source(chain(1000))
    assert "n999 " in dot_source(chain(999), collapse="none")
    with pytest.raises(ValueError, match="a picture of 1,001 boxes cannot be read: 1000 are the most"):
        dot_source(chain(1000), collapse="none")
    with pytest.raises(ValueError, match="a tape of 20,001 lines cannot be drawn: 20,000 are the most"):
        dot_source(chain(20_000), collapse="all")
    with pytest.raises(ValueError, match="nothing to draw"):
        dot_source(Tape())


def texts(svg):
    return [
        "".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ([39.0], ""),
        ([36.0, 3.0], "36 + 3 = "),
        ([1.0, 0.5, -2.0], "1 + 0.5 − 2 = "),
        ([-1.0, 0.0, -0.5], "−1 + 0 − 0.5 = "),
        ([1.0, 2.0, 3.0, 4.0], "Σ4 = "),
    ],
)
def test_sums_on_cards_are_spelled_up_to_three_terms(terms, text):
    assert sum_before_total(terms) == text


@needs_dot
def test_the_picture_is_an_svg_that_says_it_all():
    found = texts(draw(example()).svg)
    for text in ("w1", "a", "w2", "b", "c", "g", "**3", "×", "+", "39", "30", "24", "const", "param", "share of grad"):
        assert text in found, text


@needs_dot
@pytest.mark.parametrize(
    "label", [NASTY, "\\N", "\\", "&amp;", "<", "  ", "\n", "]]>", "😀", "a" * 32, "a" * 500, "\\n\\l", '"']
)
def test_labels_are_shown_as_they_are(label):
    x = Value(3.0, label=label)
    with scope(label):
        y = x * x
    y.label = label
    svg = draw(y).svg
    shown = [text.replace("\u2060", "").replace("\xa0", " ") for text in texts(svg)]
    wanted = printable(label) if label.strip() else repr(label)
    wanted = wanted if len(wanted) <= 32 else wanted[:31] + "…"
    assert [text.strip() for text in shown].count(wanted.strip()) == 3  # two cards and a frame


@needs_dot
@pytest.mark.parametrize(("ending", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG\r\n\x1a\n"), ("dot", b"digraph")])
def test_files_are_written(tmp_path, ending, start):
    path = tmp_path / f"graph.{ending.upper()}"
    drawing = draw(example(), path)
    content = path.read_bytes()
    assert content.startswith(start)
    assert len(content) > 500
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
    drawing.save(path)
    assert path.read_bytes() == content


@needs_dot
def test_notebooks_get_svg_and_png():
    bundle, metadata = draw(example())._repr_mimebundle_()
    assert '<svg style="max-width:100%;height:auto" width=' in bundle["image/svg+xml"], "never wider than its page"
    points = float(re.search(r' width="(\d+)pt"', bundle["image/svg+xml"])[1])
    assert metadata == {"image/png": {"width": round(points * 4 / 3)}}
    assert set(bundle) == {"image/svg+xml", "image/png", "text/plain"}
    assert bundle["image/png"].startswith("iVBOR")


@needs_dot
def test_a_value_shows_its_picture_and_its_text():
    value = example()
    bundle, metadata = bundle_of(value)
    drawn, sizes = draw(value)._repr_mimebundle_()
    assert bundle == drawn | {"text/plain": repr(value)}
    assert metadata == sizes


def test_a_value_that_cannot_be_drawn_shows_its_text(tmp_path, monkeypatch):
    constant, large = Value(3.0).detach(), chain(1001)
    assert bundle_of(constant) == {"text/plain": repr(constant)}
    assert bundle_of(large) == {"text/plain": repr(large)}
    monkeypatch.setenv("TAPEGRAD_DOT", str(tmp_path / "nothing"))
    value = example()
    assert bundle_of(value) == {"text/plain": repr(value)}
    monkeypatch.setenv("TAPEGRAD_DOT", script(tmp_path, "exit 3"))
    assert bundle_of(value) == {"text/plain": repr(value)}
    assert "failed with exit code 3" in draw(value)._repr_mimebundle_()["text/plain"]


def test_the_format_is_checked_before_anything_is_written(tmp_path):
    for name, given in (("graph.gif", r"not \.gif"), ("graph", "which decides the format")):
        with pytest.raises(ValueError, match=rf"a picture's name ends in \.svg, \.png, \.pdf or \.dot, {given}$"):
            draw(example(), tmp_path / name)
    draw(example(), tmp_path / "graph", format="dot")
    assert [each.name for each in tmp_path.iterdir()] == ["graph"]
    for name, form in (("svg", "dot"), ("dot", "svg")):
        with pytest.raises(ValueError, match=rf"name ends in \.{name}, and the format is {form}: leave one of them"):
            draw(example(), tmp_path / f"graph.{name}", format=form)
    draw(example(), tmp_path / "graph.DOT", format=".dot")
    assert {each.name for each in tmp_path.iterdir()} == {"graph", "graph.DOT"}


def test_what_cannot_be_written_says_so(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        draw(example(), tmp_path, format="dot")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        draw(example(), tmp_path / "nowhere" / "graph.dot")


def test_a_failed_drawing_leaves_the_old_file(tmp_path):
    path = tmp_path / "graph.svg"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        draw(example(), path, dot=script(tmp_path, "echo broken >&2; exit 3"))
    assert path.read_text() == "old"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["dot.sh", "graph.svg"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_failed_writing_leaves_the_old_file(tmp_path, monkeypatch, error):
    def broken(*_):
        raise error

    path = tmp_path / "graph.dot"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", broken)
    for name in ("graph.dot", "new.dot"):
        with pytest.raises(error):
            draw(example(), tmp_path / name)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "graph.dot"
    path.write_text("old")
    path.chmod(0o755)
    draw(example(), path)
    assert path.read_text().startswith("digraph")
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_plain_file_is_written_to_and_not_replaced(tmp_path):
    path = tmp_path / "graph.dot"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    draw(example(), path)
    assert os.read(reader, 7) == b"digraph"
    os.close(reader)
    assert path.is_fifo()


def test_links_stay_links(tmp_path):
    target, link = tmp_path / "target.dot", tmp_path / "link.dot"
    target.write_text("old")
    link.symlink_to(target)
    draw(example(), link)
    assert link.is_symlink()
    assert target.read_text().startswith("digraph")


# -- dot -------------------------------------------------------------------------------------------------------------


def script(folder, body):
    path = folder / "dot.sh"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def nothing_installed(monkeypatch, tmp_path):
    def none(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", none)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TAPEGRAD_DOT", raising=False)


@pytest.mark.usefixtures("nothing_installed")
def test_without_dot_both_ways_to_install_one_are_named(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        draw(example(), tmp_path / "graph.svg")
    assert 'pip install "tapegrad[dot]"' in str(caught.value)
    assert "apt install graphviz" in str(caught.value)
    with pytest.raises(FileNotFoundError, match="a PDF needs"):
        draw(example(), tmp_path / "graph.pdf")
    assert not any(tmp_path.iterdir())
    assert draw(example(), tmp_path / "graph.dot").source.startswith("digraph")
    assert "tapegrad[dot]" in draw(example())._repr_mimebundle_()["text/plain"]


def test_the_order_is_argument_variable_bundled_system(monkeypatch, tmp_path):
    named, system = script(tmp_path, "echo named"), tmp_path / "bin" / "dot"
    system.parent.mkdir()
    os.link(named, system)
    bundled = tmp_path / "graphviz-pure"
    os.link(named, bundled)
    monkeypatch.setattr(render, "_bundled_dot", lambda: str(bundled))
    monkeypatch.setenv("PATH", str(system.parent))
    monkeypatch.setenv("TAPEGRAD_DOT", named)
    assert find_dot("svg", str(system)) == str(system)
    assert find_dot("svg") == named
    monkeypatch.delenv("TAPEGRAD_DOT")
    assert find_dot("svg") == str(bundled)
    assert find_dot("pdf") == str(system)
    monkeypatch.setattr(render, "_bundled_dot", lambda: None)
    assert find_dot("svg") == str(system)


def test_the_bundled_dot_is_found_without_path(monkeypatch):
    try:
        importlib.metadata.distribution("graphviz-pure")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip('needs the bundled Graphviz: pip install "tapegrad[dot]"')
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("TAPEGRAD_DOT", raising=False)
    assert draw(example()).svg.startswith("<?xml")


def test_of_the_files_of_the_bundled_package_the_program_is_taken(monkeypatch, tmp_path):
    files = [tmp_path / name for name in ("data/graphviz-pure", "activate", "graphviz-pure.py", "sh", "graphviz-pure")]
    for path in files:
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o644 if path.parent.name == "data" else 0o755)
    located = [SimpleNamespace(locate=lambda path=path: path) for path in files]
    monkeypatch.setattr(importlib.metadata, "files", {"graphviz-pure": located}.get)
    monkeypatch.delenv("TAPEGRAD_DOT", raising=False)
    assert find_dot() == str(files[-1])


def test_a_wrong_variable_is_named(monkeypatch):
    monkeypatch.setenv("TAPEGRAD_DOT", "/nowhere/dot")
    with pytest.raises(FileNotFoundError, match="TAPEGRAD_DOT names '/nowhere/dot'"):
        find_dot()
    with pytest.raises(FileNotFoundError, match="the argument dot names 'nothing-like-this'"):
        find_dot("svg", "nothing-like-this")


def test_a_long_complaint_is_cut(tmp_path):
    drawing = Drawing("digraph {}", dot=script(tmp_path, f"cat >/dev/null; echo {'x' * 501} >&2; exit 3"))
    with pytest.raises(RuntimeError, match=f"and said: {'x' * 500}$"):
        drawing.render("svg")


@pytest.mark.parametrize("body", ["cat >/dev/null", "cat >/dev/null; echo something; exit 1"])
def test_a_dot_that_writes_nothing_or_fails_has_failed(tmp_path, body):
    with pytest.raises(RuntimeError, match=r"failed with exit code \d and said: nothing"):
        Drawing("digraph {}", dot=script(tmp_path, body)).render("svg")


def test_a_dot_that_is_no_program_is_named(tmp_path):
    path = tmp_path / "dot"
    path.write_text("no program")
    path.chmod(0o755)
    with pytest.raises(RuntimeError, match=f"^{re.escape(str(path))} cannot be run: Exec format error$"):
        Drawing("digraph {}", dot=str(path)).render("svg")


def test_a_dot_has_a_minute(tmp_path, monkeypatch):
    def too_slow(command, timeout, **_):
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(subprocess, "run", too_slow)
    with pytest.raises(RuntimeError, match=r"took more than 60 seconds: draw less, or save as \.dot"):
        Drawing("digraph {}", dot=script(tmp_path, "echo")).render("svg")


def test_a_failing_dot_is_quoted(tmp_path):
    drawing = Drawing("digraph {}", dot=script(tmp_path, "cat >/dev/null; echo syntax error in line 1 >&2; exit 3"))
    with pytest.raises(RuntimeError, match="failed with exit code 3 and said: syntax error in line 1"):
        _ = drawing.svg


def test_a_dot_that_hangs_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(render, "PATIENCE", 0.2)
    with pytest.raises(RuntimeError, match=r"took more than 0\.2 seconds"):
        Drawing("digraph {}", dot=script(tmp_path, "exec sleep 20")).render("svg")


def test_pngs_are_asked_for_in_high_resolution_and_made_once(tmp_path):
    counter = tmp_path / "runs"
    drawing = Drawing("digraph {}", dot=script(tmp_path, f'echo run >>"{counter}"; cat >/dev/null; echo "$@"'))
    assert drawing.png == drawing.png == b"-Tpng -Gdpi=192\n"
    assert counter.read_text() == "run\n"
    assert drawing.render("pdf") == b"-Tpdf\n"
    with pytest.raises(ValueError, match=r"not \.gif"):
        drawing.render("gif")


# -- lines as gates, steps as data -----------------------------------------------------------------------------------


def test_a_loop_over_gates_is_backpropagation():
    output = example()
    output.backward()
    lines_of = Tape.of(output).lines()
    primals, adjoint_of = {}, dict.fromkeys(range(len(lines_of)), 0.0)
    for line in lines_of:
        primals[line.index] = line.forward(*[primals.get(each.index, each.primal) for each in line.operands])
    adjoint_of[len(lines_of) - 1] = 1.0
    for line in reversed(lines_of):
        for operand, share in zip(line.operands, line.backward(adjoint_of[line.index])):
            if operand.index is not None:
                adjoint_of[operand.index] += share
    assert primals[len(lines_of) - 1] == output.data
    assert [adjoint_of[k] for k in range(len(lines_of))] == adjoints(output)


def test_gates_take_other_numbers():
    x, y = Value(2.0), Value(3.0)
    gate = lines(x * y)[2]
    assert gate.forward(5.0, 7.0) == 35.0
    assert gate.forward() == 6.0
    assert lines(x * y)[0].forward() == 2.0
    assert gate.backward(math.inf) == (math.inf, math.inf)
    assert lines(x * 0.0)[1].backward(math.inf) == (0.0, 0.0)
    for given in ([1.0], [1.0, 2.0, 3.0]):
        with pytest.raises(TypeError, match=f"v2 takes 2 numbers, {len(given)} were given"):
            gate.forward(*given)


def test_steps_are_data():
    told = [json.loads(json.dumps(step.as_json())) for step in Tape.of(Value(3.0, label="x") ** 2).steps()]
    assert [each["step"] for each in told] == ["forward", "forward", "seed", "share"]
    assert told[0] == {
        "step": "forward", "name": "x", "operation": None, "text": "x", "operands": [], "primal": 3.0,
    }  # fmt: skip
    assert told[1] == {
        "step": "forward", "name": "v1", "operation": "pow", "text": "x ** 2", "operands": ["x", "2"], "primal": 9.0,
    }  # fmt: skip
    assert told[2] == {"step": "seed", "name": "v1", "adjoint": 1.0}
    assert told[3] == {
        "step": "share", "result": "v1", "operand": "x", "position": 0, "adjoint": 1.0, "slope": 6.0, "share": 6.0,
        "before": 0.0, "after": 6.0, "use": 1,
    }  # fmt: skip


def test_a_tape_traces_itself():
    tape = Tape.of(example())
    assert tape.trace() == str(tape) == trace(tape)
    assert tape.trace("w1") == forward_trace(tape, "w1")
    assert list(map(str, tape.steps())) == list(map(str, steps(tape)))
