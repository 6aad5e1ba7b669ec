"""Hostile input: expressions, tables, saved files, addresses, messages and names that were made to do harm.

Each is given to the laws of `tests/fuzz`, which also search for more of them: `python -m tests.fuzz TARGET`. Nothing is
run, nothing hangs, memory stays in proportion to the input, and what is refused is refused in one line that says why.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import tracemalloc

import pytest

from autograd import ExpressionError
from autograd.expressions import parse
from nn import MLP, Dropout, Layer, Sequential, read_table
from nn.csv_files import MOST_CELLS, TableError, as_number, table_of
from nn.saving import SavedFileError, load, load_checkpoint, save
from nn.tables import encode_table
from tests.fuzz import expressions, tables
from tests.fuzz.laws import one_line, refused

pytest.importorskip("safetensors", reason="safetensors is an extra")
pytest.importorskip("websockets", reason="websockets is an extra")

from tests.fuzz import checkpoints, commands, pages, playground, saved  # they need both
from tests.test_cli import needs_dot

pytestmark = pytest.mark.long

SECONDS = 30
"""Of computing time in a test; what is quadratic in its input takes an hour of it."""


@pytest.fixture(autouse=True)
def _no_hang():
    def hang(number, frame):
        raise TimeoutError(f"more than {SECONDS} s of computing time")

    if not hasattr(signal, "ITIMER_VIRTUAL"):
        yield
        return
    before = signal.signal(signal.SIGVTALRM, hang)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def peak(action) -> int:
    """Return how many bytes Python takes for something at most."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# -- expressions -----------------------------------------------------------------------------------------------------

EXPRESSIONS = [
    "9**9**9", "2**2**2**2**2**2**2**2", "9**9**9**-9**9", "(" * 100_000 + "x" + ")" * 100_000, "-" * 15_000 + "x",
    "~" * 15_000 + "x", "not " * 4_000 + "x", "+".join("x" * 9_000), "x" + "+x" * 1_000_000, "1" + "0" * 1_000_000,
    "1" * 400, "1" * 401, "0x" + "f" * 400, "0b" + "1" * 398, "1e400", "1e-400", "1e" + "9" * 399, "." * 5_000,
    "1_" * 200 + "1", "x\N{FULLWIDTH PLUS SIGN}1", "\N{CYRILLIC SMALL LETTER HA} + x",
    "\N{FULLWIDTH LATIN SMALL LETTER X} + x", "x\0", "\0", "x.__class__", "().__class__.__mro__[1].__subclasses__()",
    "(lambda: 0)()", "lambda: 0", "(x := 1)", "[x for x in [1]]", "{x for x in [1]}", "{**x}", "f'{x}'",
    "f'{().__class__}'", "`x`", "sin(x=1)", "sin(**x)", "sin(*x)", "sum(*[x])", "__builtins__",
    "__import__('os').system('true')", "__import__", "exec(x)", "open(x)", "sin" + "(x)" * 3_000,
    f"sin({'x,' * 5_000}x)", f"max({'x,' * 5_000}x)", f"sum([{'[' * 5_000}", "max()", "max([[x]])", "dot([x], [[x]])",
    "where(,,)", "await x", "yield", "x if x else x", "x; x", "x\nx", "x\\\nx", "#", "x#",
    "\N{RIGHT-TO-LEFT OVERRIDE}x", "\ud800", "\N{LINE SEPARATOR}x", "\N{NO-BREAK SPACE}x", "\N{ZERO WIDTH SPACE}x",
    "\N{SUPERSCRIPT TWO}", "x\N{SUPERSCRIPT TWO}", "\N{ARABIC-INDIC DIGIT THREE}", "1j", "1if x else 2", "0777",
    "x and y", "x < y < z", "...", "None", "print", "sin", "sin sin", "round(x, 1e300)", "round(x, 9**9**9)",
    "round(1e308, -400)", "x // 0", "x % 0", "log(x, 1)", "log(0, 0)", "0**-1", "where(0/0, x, y)",
]  # fmt: skip


@pytest.mark.parametrize("text", EXPRESSIONS, ids=range(len(EXPRESSIONS)))
def test_an_expression_is_refused_in_one_line_or_worth_what_python_says(text):
    expressions.check_text(text)


@pytest.mark.parametrize("text", ["-" * 15_000 + "x", "(" * 10_000, "x" + "+x" * 9_000, "9**9**9", "1" * 10_000])
def test_an_expression_takes_memory_in_proportion_to_its_length(text):
    def tried():
        with contextlib.suppress(ExpressionError):
            parse(text).evaluate({"x": 1.0})

    assert peak(tried) < 20 * 2**20


def test_random_expressions_are_refused_in_one_line_or_worth_what_python_says():
    generator = random.Random(1)
    for _ in range(300):
        expressions.check(generator.randbytes(generator.randrange(1, 60)))


# -- tables ----------------------------------------------------------------------------------------------------------

TABLES = [
    "", "\n", "a", "a\n", "a,b\n1,2", "a,b\r1,2\r", "a,b\r\n1,2\n3,4\r5,6", '"a', 'a,"b\n1,2', '"a"b,c\n1,2',
    '""""""\n1', "\ufeffa,b\n1,2\n", "a,\ufeffb\n1,2\n", "a,b\n1,\0\n", "sep=\0\na\0b\n1\0002\n", 'sep="\na"b\n1"2\n',
    "sep=\n\na,b\n1,2", "sep=", "a,b\ninf,1\nnan,2\n", "a,b\n1e999,1\n-1e999,2\n", "a,b\n1_000,1\n2_000,2\n",
    "a,b\n٣,1\n٤,2\n", "a,b\n１,1\n２,2\n", "a,b\n0x10,1\n0x11,2\n", "a,b\n=1+1,1\n=2,2\n",
    "a,b\n\x1b[31m,1\n\u202e,2\n", "a,a\n1,2\n", "1,2\n3,4\n", " , \n1,2\n", "a;b,c\n1;2,3\n", "a\tb\n1\t2\n3\n",
    "a,b\n1,2,3\n", "<script>,b\n1,2\n", "a,b\n" + "1" * 400 + ",1\n2,2\n", "x\x0by,z\n1,2\n",
    "a,b\n" + ",".join(["1"] * 10_000) + "\n", "a\n" + "\n" * 10_000 + "1\n2\n", "'a','b'\n1,2\n",
    "a,b\n1.,.5\n.,+\n",
]  # fmt: skip


@pytest.mark.parametrize("text", TABLES, ids=range(len(TABLES)))
def test_a_table_is_refused_in_one_line_or_read_as_it_is(text):
    tables.check_text(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\0a",
        b"\x80",
        b"a,b\n\xed\xa0\x80,1\n",
        b"a,b\n\xc0\xaf,1\n",
        b"\x7fELF\2\1\1\0" * 9,
        b"\x1f\x8b\x08",
    ],
)
def test_a_file_that_is_no_text_is_refused_in_one_line(data, tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(data)
    with pytest.raises(TableError) as caught:
        read_table(path)
    one_line(caught.value)


@pytest.mark.parametrize("path", ["a\0b.csv", "x" * 5_000, "/", ""])
def test_a_path_that_is_none_is_refused_in_one_line(path):
    with pytest.raises(TableError) as caught:
        read_table(path)
    one_line(caught.value, 6_000)


@pytest.mark.parametrize(
    "text", ["1" * 1_000_000 + "x", "." + "1" * 1_000_000 + "e", "1" * 1_000_000 + ".x", "1e" + "1" * 1_000_000]
)
def test_a_cell_is_no_number_at_once(text):
    assert as_number(text) is None


def test_a_table_of_many_columns_is_encoded_in_proportion_to_them():
    names = [f"c{k}" for k in range(30_000)]
    table = table_of(
        "\n".join([",".join(names), *[",".join("12"[(k + row) % 2] for k in range(30_000)) for row in (0, 1)]])
    )
    dataset, encoding, _ = encode_table(table, "c0")
    assert len(dataset.features) == 29_999
    assert dataset.inputs == encoding.apply(table)
    with pytest.raises(TableError, match="columns 1 and 30001 are both called 'c0'"):
        table_of(",".join([*names, "c0"]) + "\n1\n")


def test_a_target_of_many_classes_is_encoded_in_proportion_to_them():
    table = table_of("x,y\n" + "".join(f"1,w{k}\n" for k in range(20_000)))
    dataset, _, _ = encode_table(table, "y", task="class")
    assert len(dataset.classes) == 20_000


def test_a_table_of_too_many_cells_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr("nn.csv_files.MOST_CELLS", 20_000)
    assert MOST_CELLS == 4_000_000
    assert len(table_of("a,b\n" + "1,2\n" * 9_999).rows) == 9_999
    with pytest.raises(TableError, match="up to line 10001 there are more than 20,000 cells: use a part of the file"):
        table_of("a,b\n" + "1,2\n" * 10_000)
    whole = "a\n" + "1\n" * 1_000_000

    def tried():
        with pytest.raises(TableError):
            table_of(whole)

    assert peak(tried) < 30 * 2**20


@pytest.mark.parametrize("delimiter", ['"', "\n", "\r", "\0", "", ",,"])
def test_a_delimiter_that_is_none_is_refused(delimiter):
    with pytest.raises(TableError, match="the delimiter is one character, and no quote, line end or NUL, not"):
        table_of("a,b\n1,2\n", delimiter=delimiter)


def test_random_tables_are_refused_in_one_line_or_read_as_they_are():
    generator = random.Random(2)
    for _ in range(300):
        tables.check(generator.randbytes(generator.randrange(1, 60)))


# -- saved models ----------------------------------------------------------------------------------------------------

NUMBERS = {"dtype": "F64", "shape": [1, 2], "data_offsets": [0, 16]}
DROPOUT = '{"kind": "Dropout", "rate": 0.5}'


def with_architecture(text):
    return saved.laid_out({"__metadata__": {"architecture": text}, "weight": NUMBERS}, b"\0" * 16)


def with_numbers(data=b"\0" * 16, **changed):
    return saved.laid_out({"weight": NUMBERS | changed}, data)


def nested(depth):
    return '{"kind": "Sequential", "stages": [' * depth + DROPOUT + "]}" * depth


LIES = {
    "empty": b"",
    "a header of 2**63 bytes": saved.laid_out({"weight": NUMBERS}, b"", 2**63),
    "a header of 99 MB": saved.laid_out({"weight": NUMBERS}, b"", 99_999_999),
    "a header of no bytes": saved.laid_out({"weight": NUMBERS}, b"", 0),
    "no JSON": saved.laid_out(b"\0\0\0", b""),
    "not UTF-8": saved.laid_out(b'{"\xff": 1}', b""),
    "deep JSON": saved.laid_out(b'{"a":' * 100_000, b""),
    "a key twice": saved.laid_out(
        b'{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},' * 2 + b'"b":0}', b"\0" * 16
    ),
    "overlapping": saved.laid_out({"a": NUMBERS, "b": NUMBERS}, b"\0" * 16),
    "offsets beyond the end": with_numbers(data_offsets=[0, 24]),
    "offsets before the beginning": with_numbers(data_offsets=[-8, 8]),
    "offsets backwards": with_numbers(data_offsets=[16, 0]),
    "huge offsets": with_numbers(data_offsets=[0, 2**64]),
    "a shape that overflows": with_numbers(shape=[2**62, 4]),
    "a negative shape": with_numbers(shape=[-1, -2]),
    "an empty shape that overflows": with_numbers(b"", shape=[0, 2**60], data_offsets=[0, 0]),
    "a shape of 100 axes": with_numbers(shape=[1] * 100 + [2]),
    "a number that NumPy has not": with_numbers(b"\0" * 4, dtype="BF16", data_offsets=[0, 4]),
    "an unknown number": with_numbers(dtype="F128"),
    "a name of several lines": saved.laid_out({"a\nb\x1b[31m": NUMBERS}, b"\0" * 16),
    "metadata that are no texts": saved.laid_out({"__metadata__": {"architecture": 1}, "weight": NUMBERS}, b"\0" * 16),
    "a billion neurons": with_architecture(
        '{"kind": "MLP", "n_inputs": 2, "widths": [1000000000], "activation": "relu", "last": "relu"}'
    ),
    "a billion neurons less a billion": with_architecture(
        '{"kind": "Sequential", "stages": ['
        '{"kind": "Layer", "n_inputs": 1000, "n_outputs": 1000, "activation": "relu"},'
        '{"kind": "Layer", "n_inputs": -10000000, "n_outputs": 1, "activation": "relu"}]}'
    ),
    "many stages without numbers": with_architecture(
        f'{{"kind": "Sequential", "stages": [{", ".join([DROPOUT] * 600)}]}}'
    ),
    "a number beyond floats": with_architecture('{"kind": "Dropout", "rate": 1' + "0" * 400 + "}"),
    "a number of 10,000 digits": with_architecture('{"kind": "Dropout", "rate": 1' + "0" * 10_000 + "}"),
    "NaN": with_architecture('{"kind": "Dropout", "rate": NaN}'),
    "a kind that is a list": with_architecture('{"kind": ["MLP"]}'),
    "a long name": with_architecture(
        '{"kind": "Layer", "n_inputs": 1, "n_outputs": 1, "activation": "' + "x" * 9_000 + '"}'
    ),
    "code": with_architecture('{"kind": "Layer", "n_inputs": 1, "n_outputs": 1, "activation": "__import__(1)"}'),
    "49 levels": with_architecture(nested(49)),
    "51 levels": with_architecture(nested(51)),
    "300 levels": with_architecture(nested(300)),
    "100,000 brackets": with_architecture("[" * 100_000),
}


@pytest.mark.parametrize("whole", LIES.values(), ids=LIES)
def test_a_saved_file_that_lies_is_refused_in_one_line_and_takes_no_memory(whole):
    saved.check_file(whole)


def test_what_is_nested_too_deeply_to_be_read_is_saved_without_its_architecture(tmp_path):
    model = Dropout(0.5)
    for _ in range(60):
        model = Sequential(model)
    path = tmp_path / "deep.safetensors"
    save(Sequential(model, Layer(1, 1)), path)
    with pytest.raises(SavedFileError, match="it holds parameters without an architecture"):
        load(path)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "model.safetensors"
    save(MLP(1, [1], seed=1), path, extra={"a": 1})
    return path.read_bytes()


def test_a_file_that_is_cut_off_at_any_byte_is_refused_in_one_line(small, tmp_path):
    path = tmp_path / "cut.safetensors"
    for length in range(len(small)):
        path.write_bytes(small[:length])
        with pytest.raises(SavedFileError) as caught:
            load(path)
        one_line(caught.value)


def test_a_file_with_any_bit_flipped_is_refused_in_one_line_or_loaded(small, tmp_path):
    path = tmp_path / "flipped.safetensors"
    for bit in range(0, 8 * len(small), 7):
        flipped = bytearray(small)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with refused(SavedFileError):
            load(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_that_nobody_writes_to_is_refused_and_not_waited_for(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(SavedFileError, match="it is a pipe, and numbers are read from a file"):
        load(path)


def test_text_that_no_file_can_hold_is_refused_when_saved(tmp_path):
    with pytest.raises(TypeError, match="the extra fact 'a' is nothing that JSON can say"):
        save(MLP(1, [1]), tmp_path / "model.safetensors", extra={"a": "\ud800"})
    assert os.listdir(tmp_path) == []


def test_random_changes_of_a_saved_file_are_refused_in_one_line_or_loaded():
    generator = random.Random(3)
    for _ in range(150):
        saved.check(generator.randbytes(generator.randrange(1, 60)))


# -- checkpoints -----------------------------------------------------------------------------------------------------


def changed_run(kind, change):
    """Return a checkpoint in which something of the run is changed."""
    text, data = checkpoints._parts(kind)
    header = json.loads(text)
    run = json.loads(header["__metadata__"]["run"])
    change(run, header)
    header["__metadata__"]["run"] = json.dumps(run)
    return saved.laid_out(header, data)


def shortened(header, name):
    """Cut off the numbers of a tensor but the first, which go to one that nobody asks for."""
    start, end = header[name]["data_offsets"]
    header[name] = {"dtype": "F64", "shape": [1], "data_offsets": [start, start + 8]}
    header["run.rest"] = {"dtype": "F64", "shape": [(end - start) // 8 - 1], "data_offsets": [start + 8, end]}


CHANGES = {
    "nothing": lambda run, header: None,
    "a score that is text": lambda run, header: run["history"]["training"].append(["<b>", 1]),
    "a score too many": lambda run, header: run["history"]["training"].append([0.5, 1.0]),
    "a score beyond floats": lambda run, header: run["history"].update(training=[[10**400, None]] * 2),
    "an epoch that is to come": lambda run, header: run["history"].update(best_epoch=99),
    "an epoch that is text": lambda run, header: run["history"].update(kept="1"),
    "a reason that is a list": lambda run, header: run["history"].update(stopped=["<b>"]),
    "an engine that is a list": lambda run, header: run["history"].update(engine=[1]),
    "norms that are a list": lambda run, header: run["history"].update(gradient_norms=[1]),
    "norms that are text": lambda run, header: run["history"].update(gradient_norms={"layer": ["x", "y"]}),
    "a snapshot that is a truth": lambda run, header: run["history"].update(snapshots=[True]),
    "a snapshot of another size": lambda run, header: shortened(header, "run.snapshot.1"),
    "a history that is a list": lambda run, header: run.update(history=[]),
    "a run that is deep": lambda run, header: run["kind"].update(loss=[[[[["x\ny"]]]]]),
    "words of a generator that are huge": lambda run, header: run["generators"][0].__setitem__(1, [10**400] * 625),
    "a generator that is text": lambda run, header: run["generators"][0].__setitem__(2, "x"),
    "a best epoch of another size": lambda run, header: shortened(header, "run.best"),
    "early stopping at infinity": lambda run, header: run.update(
        early_stopping={"best": 1, "best_epoch": float("inf")}
    ),
    "a replay that is text": lambda run, header: run["history"].update(replay="x"),
    "a reason for eager steps that is a list": lambda run, header: run["history"].update(
        replay={"fallback": [1], "reason": None, "by_target": 0}
    ),
}


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_checkpoint_is_refused_and_changes_nothing_or_goes_on(change, kind):
    checkpoints.check_file(kind, changed_run(kind, change))


@pytest.mark.parametrize("change", [CHANGES[name] for name in CHANGES if name != "nothing"], ids=list(CHANGES)[1:])
def test_a_checkpoint_that_no_run_has_written_is_refused(change, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(changed_run(1, change))
    with pytest.raises(SavedFileError, match="it does not fit this run"):
        load_checkpoint(checkpoints._run(1), path)


def test_random_changes_of_a_checkpoint_are_refused_or_gone_on_with():
    generator = random.Random(4)
    for _ in range(40):
        checkpoints.check(generator.randbytes(generator.randrange(1, 60)))


# -- the playground and the commands ---------------------------------------------------------------------------------

MESSAGES = [
    '{"do": []}', '{"do": {}}', '{"do": null}', '{"do": ["settings"]}', "[[[", "{" * 50_000, '"' * 9, b"\xff", b"\0",
    "1" * 9_000, '{"do": "settings", "query": "data=own&own=1e308,1e308,1;-1e308,0,-1;0,1e308,1;1,1,-1"}',
    '{"do": "settings", "query": "data=own&own=0,0,1;0,0,-1;0,0,1;0,0,-1"}',
    '{"do": "own", "text": "a,b\\u0000c\\n1,2\\n"}',
    '{"do": "own", "text": "sep=\\u0000\\na\\u0000b\\n1\\u00002\\n"}',
    '{"do": "own", "text": "\\ud800,b\\n1,2\\n2,3\\n"}', '{"do": "own", "text": "a,b\\n<script>,1\\n1,2\\n"}',
    '{"do": "weight", "layer": 1e400, "neuron": 0, "input": 0, "value": 1}',
    '{"do": "weight", "layer": -1, "neuron": 0, "input": 0, "value": 1}',
    '{"do": "rate", "value": ' + "9" * 5_000 + "}",
    '{"do": "weight", "layer": ' + "9" * 400 + ', "neuron": 0, "input": 0, "value": 1}',
    '{"do": "rate", "value": true}',
]  # fmt: skip


def test_messages_are_answered_in_one_line():
    for message in MESSAGES:
        playground.check_messages([json.dumps({"do": "settings", "query": "layers=2"}), message])


@pytest.mark.parametrize(
    "query",
    [
        "data=own&own=1e308,1e308,1;-1e308,0,-1;0,1e308,1;1,1,-1&features=x1,x2,x1x1,x2x2,x1x2,sinx1,sinx2",
        "data=own&own=1e-320,0,1;0,0,-1;0,1e-320,1;0,0,-1&problem=regression",
        "data=own&own=1,1,1e308;1,1,-1e308;2,2,1e308;3,3,-1e308&problem=regression&rate=10",
        "rate=10&optimizer=sgd&penalty=L2&strength=10&events=0:weight:0.0.0:1e6;1:weight:1.0.2:-1e6",
        "noise=1" + "0" * 9_000,
        "x" * 70_000,
        "&" * 100,
        "data=own&own=" + ";" * 60_000,
        "layers=" + "1," * 30_000,
        "%",
        "\ud800",
    ],
)
def test_an_address_is_refused_in_one_line_or_can_be_shown(query):
    playground.check_query(query)


def test_random_addresses_are_refused_in_one_line_or_can_be_shown():
    generator = random.Random(5)
    for _ in range(60):
        playground.check(generator.randbytes(generator.randrange(1, 60)))


@pytest.mark.parametrize(
    "arguments",
    [["train", "iris", "--task", "1" * 5_000], ["train", "\0"], ["train", "x", "--seed", "9" * 5_000], ["\ud800"], []],
)
def test_flags_are_refused_in_one_line(arguments):
    commands.check_flags(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ["x", "x=" + "9" * 5_000],
        ["x", "x=9**9**9"],
        ["x", "\x1b[31m=1"],
        ["\ud800"],
        ["x", "x=__import__('os')"],
        ["--"],
        [],
    ],
)
def test_what_is_typed_for_an_expression_is_refused_in_one_line(arguments):
    commands.check_autograd(arguments)


def test_random_arguments_are_answered():
    generator = random.Random(6)
    for _ in range(60):
        commands.check(generator.randbytes(generator.randrange(1, 60)))


# -- names in pages --------------------------------------------------------------------------------------------------

ALL = "".join(each for each in pages.HOSTILE if len(each) < 200)


@pytest.mark.parametrize("name", ["diagram", "network in a notebook"])
def test_a_hostile_name_adds_nothing_to_a_page(name):
    pages.check_label(name, ALL)


@needs_dot
@pytest.mark.parametrize("name", ["graph", "collapsed graph", "steps", "graph of a network"])
def test_a_hostile_name_adds_nothing_to_a_drawing(name):
    pages.check_label(name, ALL)
