"""Tables: what is read from a CSV file, how it becomes numbers, and how predictions are written back."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn import csv_files
from nn.csv_files import Table, TableError, choices, read_table, shown, write_predictions
from nn.datasets import load_iris
from nn.tables import Column, Encoding, encode_table


@pytest.fixture
def read(tmp_path):
    """Reads a table from a text, or from bytes."""

    def read_text(content, **options):
        path = tmp_path / "table.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_table(path, **options)

    return read_text


def table(text):
    """Return the table of a few words: a row per line, cells between spaces, _ for an empty one."""
    header, *rows = [["" if cell == "_" else cell for cell in line.split()] for line in text.strip().splitlines()]
    return Table(header, rows, list(range(2, 2 + len(rows))))


def error_of(use):
    with pytest.raises(TableError) as caught:
        use()
    message = str(caught.value)
    assert "\n" not in message
    assert "\r" not in message
    return message


# -- reading ---------------------------------------------------------------------------------------------------------


def test_cells_are_kept_as_they_were_read(read):
    expected = Table(["a", "b"], [[" 1 ", "x,y"], ['say "hi"', "two\nlines"], ["", "=1+1"]], [2, 3, 5], ",")
    assert read('a, b\n 1 ,"x,y"\n"say ""hi""","two\nlines"\n,=1+1\n') == expected


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_every_usual_kind_of_file_is_the_same_table(read, end, delimiter, bom):
    text = end.join(["", "é§x", "", "1§two", "   ", "3§four", ""]).replace("§", delimiter)
    assert read(bom + text.encode()) == Table(["é", "x"], [["1", "two"], ["3", "four"]], [4, 6], delimiter)


def test_the_delimiter_is_the_one_that_makes_most_cells(read):
    assert read("a;b;c,d\n1;2;3\n").header == ["a", "b", "c,d"]
    assert read('"a;b;c",d\n1,2\n').header == ["a;b;c", "d"]
    assert read('a,b;c;"d"e\n1,2\n').header == ["a", 'b;c;"d"e']
    assert read("only\n1\n2\n").rows == [["1"], ["2"]]
    assert read("weight, kg;height, cm\n1;2\n", delimiter=";").header == ["weight, kg", "height, cm"]
    assert read("place, kind, size;mass\n1;2\n").header == ["place, kind, size", "mass"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_first_line_can_say_the_delimiter(read, end):
    text = end.join(["sep=|", "a,b|c", "1,2|3", ""])
    assert read(text) == Table(["a,b", "c"], [["1,2", "3"]], [3], "|")
    assert read(text, delimiter=",") == Table(["a", "b|c"], [["1", "2|3"]], [3], ",")
    assert read(end.join(["sep", "1"])).header == ["sep"]


def test_the_first_hundred_rows_say_the_delimiter(read):
    rows = ["a;b,c", *["1;2,3"] * 98]
    assert read("\n".join([*rows, "1;2,3,4"])).delimiter == ";"
    assert error_of(lambda: read("\n".join([*rows, "1;2,3", "1;2,3,4"]))) == "line 101 has 3 cells, but line 1 has 2"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('a;b;c\n1;2;"3"4\n', "line 2: text follows a closing quote"),
        ('a;"b"c\n1;2\n', "line 1: text follows a closing quote"),
        ('a;"b\n1;2\n', "line 1: a quote is opened and never closed"),
        ('\r\na;"b\r\n' + "1;2\r\n" * 30_000, "line 2: a cell has more than 131072 characters; is a quote never"),
        ("a" * 140_000 + ";b\n1;2\n", "line 1: a cell has more than 131072 characters; is a quote never"),
        (" " * 140_000, "line 1: a cell has more than 131072 characters; is a quote never"),
        ('a,"b;c;d\n' + "1;2\n" * 35_000, "line 2 has 2 cells, but line 1 has 3"),
        ('a,"b,c"d;e;f\n1;2\n', "line 2 has 2 cells, but line 1 has 3"),
        ("a;b;c\n1,2,3,4\n", "line 2 has 1 cell, but line 1 has 3"),
        ("\t\n\t\t\n", "line 1: column 1 has no name"),
    ],
    ids=range(10),
)
def test_what_is_broken_for_its_delimiter_is_not_read_with_another(read, content, message):
    assert error_of(lambda: read(content)).startswith(message)


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\r", "\n", "\0", 7])
def test_a_delimiter_is_one_character_that_has_no_other_meaning(read, delimiter):
    message = f"the delimiter is one character, and no quote, line end or NUL, not {delimiter!r}"
    assert error_of(lambda: read("a;b\n1;2\n", delimiter=delimiter)) == message


def test_a_row_of_empty_cells_is_no_blank_line(read):
    assert read("a,b\n,\n1,2\n").rows == [["", ""], ["1", "2"]]


def test_without_a_header_columns_are_numbered(read):
    assert read("1,2\n3,4\n", header=False) == Table(["column1", "column2"], [["1", "2"], ["3", "4"]], [1, 2])
    assert read("2019,2020\n3,4\n", header=True).header == ["2019", "2020"]
    assert read("year,2019,more\n1,3,4\n").header == ["year", "2019", "more"]


NO_NAMES = (
    "line 1 has numbers where the names of the columns are expected: add a line with names at the top, "
    "or say that there is none (header=False)"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("\n  \n\r\n", "the file is empty"),
        ("a,b\n", "there are no rows below the header (line 1)"),
        ("\na,b\n\n", "there are no rows below the header (line 2)"),
        ("a,b\n1,2\n\n1,2,3\n", "line 4 has 3 cells, but line 1 has 2"),
        ('a\n"x\ny"\n1,2\n', "line 4 has 2 cells, but line 1 has 1"),
        ("a,b\n1\n", "line 2 has 1 cell, but line 1 has 2"),
        ("a,b, a \n1,2,3\n", "line 1: columns 1 and 3 are both called 'a'"),
        ("\na,,c\n1,2,3\n", "line 2: column 2 has no name"),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", NO_NAMES),
        ("5.1,setosa\n4.9,setosa\n", NO_NAMES),
        (b"a,b\n1,2\n\xe9,3\n", "line 3: byte 0xe9 is not UTF-8 text: save the file as UTF-8"),
        (b"\xef\xbb\xbfa,b\n\xe9,3\n", "line 2: byte 0xe9 is not UTF-8 text: save the file as UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "line 1: byte 0xff is not UTF-8 text: save the file as UTF-8"),
        (b"a,b\n1,\x00\n", "line 2: a NUL byte: this is no text file"),
        ('a,b\n1,2\n1,"2\n3,4\n', "line 3: a quote is opened and never closed"),
        ('a,b\n"x"y,2\n', 'line 2: text follows a closing quote; write a quote inside of quotes twice, as ""'),
        (
            "a,b\n1,2\n3," + "x" * 200_000,
            "line 3: a cell has more than 131072 characters; is a quote never closed?",
        ),
    ],
)
def test_what_is_no_table_is_said(read, content, message):
    assert error_of(lambda: read(content)) == message


def test_a_file_that_cannot_be_read_is_one_line(tmp_path):
    assert error_of(lambda: read_table(tmp_path)) == f"cannot read {str(tmp_path)!r}: Is a directory"
    missing = tmp_path / "a\nb.csv"
    assert error_of(lambda: read_table(missing)) == f"cannot read {str(missing)!r}: No such file or directory"
    assert error_of(lambda: read_table("a\0b.csv")).startswith(r"cannot read 'a\x00b.csv': ")


def test_a_file_without_end_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_files, "MOST_BYTES", 2**20)
    path = tmp_path / "big.csv"
    row = b"1," + b"2" * 1021 + b"\n"  # 1 KiB
    path.write_bytes(row.replace(b"1,", b"a,") + row * 1024)
    assert error_of(lambda: read_table(path)) == "the file has more than 1 MiB: use a part of it"
    path.write_bytes(row.replace(b"1,", b"a,") + row * 1023)
    assert len(read_table(path).rows) == 1023


def test_the_cells_of_all_rows_together_have_a_limit(read, monkeypatch):
    monkeypatch.setattr(csv_files, "MOST_CELLS", 10)
    assert len(read("a,b\n" * 5, header=False).rows) == 5
    message = "up to line {} there are more than 10 cells: use a part of the file"
    assert error_of(lambda: read("a\n" * 11)) == message.format(11)
    assert error_of(lambda: read("a,b,c\n" * 4)) == message.format(4)


def test_the_limits_are_those_that_the_documentation_promises():
    assert "64 MiB and four million cells" in " ".join(read_table.__doc__.split())
    assert (csv_files.MOST_BYTES, csv_files.MOST_CELLS) == (64 * 1024 * 1024, 4_000_000)


def test_an_error_of_csv_that_has_no_words_of_ours_is_passed_on():
    assert csv_files._explained("something new") == "something new"


# -- columns become inputs -------------------------------------------------------------------------------------------

FRUIT = table("""
    weight  colour  n  kind
    150     red     1  apple
    40.5    blue    2  plum
    1.2e2   green   2  apple
    -.5     blue    1  plum
""")


def test_numbers_are_one_input_and_words_one_each():
    dataset, encoding, n_dropped = encode_table(FRUIT, "kind")
    assert dataset.features == ["weight", "colour=blue", "colour=green", "colour=red", "n"]
    assert dataset.inputs == [
        [150.0, 0.0, 0.0, 1.0, 1.0],
        [40.5, 1.0, 0.0, 0.0, 2.0],
        [120.0, 0.0, 1.0, 0.0, 2.0],
        [-0.5, 1.0, 0.0, 0.0, 1.0],
    ]
    assert (dataset.classes, dataset.targets) == (["apple", "plum"], [0, 1, 0, 1])
    assert encoding == Encoding(
        [Column("weight"), Column("colour", ["blue", "green", "red"]), Column("n")], "kind", ["apple", "plum"]
    )
    assert n_dropped == 0


def test_space_around_cells_does_not_count(read):
    dataset, _, _ = encode_table(read("x, colour ,y\n 1,red,a\n2 , red ,b\n"), "y")
    assert dataset.inputs == [[1.0, 1.0], [2.0, 1.0]]
    assert dataset.classes == ["a", "b"]


def test_columns_can_be_ignored_and_taken_as_words():
    dataset, _, _ = encode_table(FRUIT, "kind", ignore=["weight", "colour"], categorical=["n"])
    assert dataset.features == ["n=1", "n=2"]
    assert dataset.inputs == [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]
    codes = table("code y \n 10 a \n 9 b \n 010 a")
    assert encode_table(codes, "y", categorical=["code"])[1].columns == [Column("code", ["9", "010", "10"])]


def test_classes_may_be_numbers_and_words():
    assert encode_table(table("x y \n 1 10 \n 2 9 \n 3 none"), "y", task="class")[0].classes == ["10", "9", "none"]
    for other in ("none", "9-10"):  # the second stands between them in the alphabet
        with pytest.raises(TableError, match=r"^column 'y' spells one class in two ways: '9' and '9\.0'$"):
            encode_table(table(f"x y \n 1 9.0 \n 2 9 \n 3 {other}"), "y", task="class")


@pytest.mark.long
def test_iris_comes_back_from_its_file(tmp_path):
    pytest.importorskip("sklearn")
    iris = load_iris()
    path = tmp_path / "iris.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*iris.features, "species"])
        writer.writerows([*map(repr, sample), iris.classes[k]] for sample, k in zip(iris.inputs, iris.targets))
    dataset, _, _ = encode_table(read_table(path), "species")
    assert dataset == iris._replace(name="")


# -- the target ------------------------------------------------------------------------------------------------------


def target_table(*cells):
    return Table(["x", "y"], [[str(i), cell] for i, cell in enumerate(cells)], list(range(2, 2 + len(cells))))


@pytest.mark.parametrize(
    ("cells", "classes"),
    [
        (["no", "yes", "no"], ["no", "yes"]),
        (["0", "1", "1", "0"], ["0", "1"]),
        (["-1", "1"] * 2, ["-1", "1"]),
        (["10", "9", "1", "2"] * 2, ["1", "2", "9", "10"]),
        (["1.0", "2.0"] * 2, ["1.0", "2.0"]),
        (list(map(str, range(20))) * 2, list(map(str, range(20)))),
        (list(map(str, range(21))) * 2, []),
        (["1", "2", "3"], []),
        (["1", "2", "3", "1", "2"], []),
        (["0.5", "1.5"] * 5, []),
        (["3", "3"] * 5, None),
        (["b", "b"], None),
    ],
)
def test_the_task_is_recognised(cells, classes):
    if classes is None:
        assert error_of(lambda: encode_table(target_table(*cells), "y")) == (
            f"every row has the same class, {cells[0]!r}, in column 'y': nothing to learn"
        )
        return
    dataset, encoding, _ = encode_table(target_table(*cells), "y")
    assert dataset.classes == encoding.classes == classes
    assert dataset.targets == ([classes.index(cell) for cell in cells] if classes else [float(cell) for cell in cells])
    assert all(type(target) is (int if classes else float) for target in dataset.targets)


def test_the_task_can_be_said():
    dataset, encoding, _ = encode_table(target_table("1", "0", "1", "0"), "y", task="regression")
    assert (dataset.classes, encoding.classes, dataset.targets) == ([], [], [1.0, 0.0, 1.0, 0.0])
    dataset, _, _ = encode_table(target_table("0.5", "1.5", "3"), "y", task="class")
    assert (dataset.classes, dataset.targets) == (["0.5", "1.5", "3"], [0, 1, 2])
    dataset, _, _ = encode_table(target_table("7", "7"), "y", task="regression")
    assert dataset.targets == [7.0, 7.0]
    names = target_table(*(f"name {k}" for k in range(60)))
    assert len(encode_table(names, "y", task="class")[0].classes) == 60


# -- missing values --------------------------------------------------------------------------------------------------

GAPS = table("""
    x    colour  note  y
    1    red     _     a
    ?    red     _     b
    3    NA      _     b
    4    blue    _     nan
    5    blue    _     b
""")


@pytest.mark.parametrize("gap", ["_", "?", "NA", "n/a", "NaN", "NULL"])
def test_a_missing_value_is_an_error_that_says_how_to_go_on(gap):
    assert error_of(lambda: encode_table(table(f"x y \n 1 a \n 2 b \n {gap} b"), "y")) == (
        f"line 4: column 'x' has {gap.strip('_')!r}, a missing value: ignore the column, or leave out such rows "
        "(missing='drop')"
    )


@pytest.mark.parametrize(
    ("cells", "place", "way_out"),
    [
        ("1 ? u a \n 2 5 v b", "line 2: column 'b' has '?'", "ignore the column, or leave out such rows"),
        ("1 5 u a \n 2 5 _ b", "line 3: column 'c' has ''", "ignore the column, or leave out such rows"),
        ("1 5 u a \n 2 5 v ?", "line 3: column 'y' has '?'", "leave out such rows"),
    ],
)
def test_the_target_cannot_be_ignored_and_every_other_column_can(cells, place, way_out):
    gaps = table(f"a b c y \n {cells}")
    assert error_of(lambda: encode_table(gaps, "y")) == f"{place}, a missing value: {way_out} (missing='drop')"


def test_rows_with_missing_values_are_dropped_and_counted():
    dataset, encoding, n_dropped = encode_table(GAPS, "y", missing="drop", ignore=["note"])
    assert n_dropped == 3
    assert dataset.inputs == [[1.0, 0.0, 1.0], [5.0, 1.0, 0.0]]
    assert dataset.targets == [0, 1]
    assert encoding.columns[1] == Column("colour", ["blue", "red"])


def test_an_ignored_column_may_have_gaps():
    assert encode_table(table("x note y \n 1 _ a \n 2 ? b"), "y", ignore=["note"])[2] == 0


def test_after_dropping_lines_are_still_those_of_the_file():
    gaps = table("x y \n ? a \n 1 a \n 2 b \n word b \n 3 a")
    assert error_of(lambda: encode_table(gaps, "y", missing="drop")).startswith("line 5: column 'x' has 'word'")


# -- what does not fit -----------------------------------------------------------------------------------------------


def many(n, cell):
    return Table(["a", "y"], [[cell(i), "uv"[i % 2]] for i in range(n)], list(range(2, n + 2)))


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (
            lambda: encode_table(FRUIT, "kid"),
            "there is no column 'kid' (did you mean 'kind'?): there are 'weight', 'colour', 'n', 'kind'",
        ),
        (
            lambda: encode_table(FRUIT, "zzz"),
            "there is no column 'zzz': there are 'weight', 'colour', 'n', 'kind'",
        ),
        (
            lambda: encode_table(FRUIT, "kind", ignore=["color"]),
            "there is no column 'color' (did you mean 'colour'?): there are 'weight', 'colour', 'n', 'kind'",
        ),
        (lambda: encode_table(FRUIT, "kind", ignore="n"), "ignore is a list of names, not a text (ignore=['n'])"),
        (
            lambda: encode_table(FRUIT, "kind", categorical="n"),
            "categorical is a list of names, not a text (categorical=['n'])",
        ),
        (
            lambda: encode_table(FRUIT, "kind", categorical=["N"]),
            "there is no column 'N': there are 'weight', 'colour', 'n', 'kind'",
        ),
        (
            lambda: encode_table(FRUIT, "kind", ignore=["kind"]),
            "column 'kind' is the target, no input to be ignored or taken as words",
        ),
        (
            lambda: encode_table(FRUIT, "kind", categorical=["kind"]),
            "column 'kind' is the target, no input to be ignored or taken as words",
        ),
        (
            lambda: encode_table(FRUIT, "kind", ignore=["n", "weight", "colour"]),
            "there are no columns to predict the target from",
        ),
        (
            lambda: encode_table(GAPS, "y", missing="drop"),
            "column 'note' has no values: ignore it (ignore=['note'])",
        ),
        (
            lambda: encode_table(table("x zone y \n 1 ? u \n 2 _ v"), "y"),
            "column 'zone' has no values: ignore it (ignore=['zone'])",
        ),
        (
            lambda: encode_table(table("a y \n 1 ? \n 2 _"), "y"),
            "column 'y', the target, has no values: choose another one",
        ),
        (
            lambda: encode_table(table("a y \n 1 u \n 2 v"), "y", ignore=["a"]),
            "there are no columns to predict the target from",
        ),
        (
            lambda: encode_table(table("a-b|y \n 1|u \n 2|v"), "a-b|y"),
            "the file has a single column, 'a-b|y': say what stands between two cells (delimiter='|')",
        ),
        (
            lambda: encode_table(table("a_1 \n 1 \n 2"), "a_1"),
            "the file has a single column, 'a_1': say what stands between two cells (delimiter='X')",
        ),
        (
            lambda: encode_table(table("a y \n 1 2 \n 2 01 \n 3 1 \n 4 2 \n 5 01 \n 6 1"), "y"),
            "column 'y' spells one class in two ways: '01' and '1'",
        ),
        (
            lambda: encode_table(table("a b y \n ? 1 u \n 1 ? v"), "y", missing="drop"),
            "each of the 2 rows has a missing value: ignore the columns that have most",
        ),
        (
            lambda: encode_table(many(20, lambda i: "abc" if i == 15 else str(i)), "y"),
            (
                "line 17: column 'a' has 'abc', not a number, while most cells are: correct it, or say that it "
                "holds words (categorical=['a'])"
            ),
        ),
        (
            lambda: encode_table(many(7, lambda i: "abc" if i < 3 else str(i)), "y"),
            (
                "line 2: column 'a' has 'abc', not a number, while most cells are: correct it, or say that it "
                "holds words (categorical=['a'])"
            ),
        ),
        (
            lambda: encode_table(many(5, lambda i: "inf" if i == 2 else str(i)), "y"),
            "line 4: column 'a' has 'inf', not a finite number: correct it",
        ),
        (
            lambda: encode_table(many(5, lambda i: "1_000" if i == 0 else "1e999" if i == 1 else str(i)), "y"),
            (
                "line 2: column 'a' has '1_000', not a number, while most cells are: correct it, or say that it holds "
                "words (categorical=['a'])"
            ),
        ),
        (
            lambda: encode_table(many(9, lambda i: f"{i},5"), "y"),
            (
                "line 2: column 'a' has '0,5': write numbers with a point and no commas, or say that it holds words "
                "(categorical=['a'])"
            ),
        ),
        (
            lambda: encode_table(many(9, lambda i: f"\u2212{i}.5" if i % 3 else "2"), "y"),
            (
                "line 3: column 'a' has '\u22121.5': write a hyphen, -, for a minus, or say that it holds words "
                "(categorical=['a'])"
            ),
        ),
        (
            lambda: encode_table(many(51, lambda i: f"name{i}"), "y"),
            "column 'a' has 51 different words, too many to learn from: ignore it (ignore=['a'])",
        ),
        (
            lambda: encode_table(many(51, str), "y", categorical=["a"]),
            "column 'a' has 51 different words, too many to learn from: ignore it (ignore=['a'])",
        ),
        (
            lambda: encode_table(many(51, lambda i: f"name{i}"), "a"),
            (
                "target column 'a' has 51 different words: choose another target, "
                "or say that they are classes (task='class')"
            ),
        ),
        (
            lambda: encode_table(many(5, lambda i: "abc" if i == 1 else str(i)), "a"),
            (
                "line 3: column 'a' has 'abc', not a number, while most cells are: correct it, or say that it holds "
                "classes (task='class')"
            ),
        ),
        (
            lambda: encode_table(FRUIT, "kind", task="regression"),
            "line 2: column 'kind' has 'apple', not a finite number: a regression needs numbers",
        ),
    ],
)
def test_what_cannot_be_encoded_is_said(use, message):
    assert error_of(use) == message


def test_fifty_words_and_half_numbers_are_still_words():
    assert len(encode_table(many(50, lambda i: f"name{i}"), "y")[0].features) == 50
    assert len(encode_table(many(50, lambda i: f"name{i}"), "a")[0].classes) == 50
    assert encode_table(many(4, lambda i: "a,b"), "y")[1].columns == [Column("a", ["a,b"])]
    half = encode_table(many(4, lambda i: "abcd"[i] if i % 2 else str(i)), "y")
    assert half[1].columns == [Column("a", ["0", "2", "b", "d"])]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": "classes"}, "the task is 'class', 'regression' or None, not 'classes'"),
        ({"missing": "skip"}, "missing is 'error' or 'drop', not 'skip'"),
    ],
)
def test_wrong_options_are_said(options, message):
    with pytest.raises(ValueError, match=r".") as caught:
        encode_table(FRUIT, "kind", **options)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("option", "typed"),
    [
        (("header", False), "--no-header"),
        (("missing", "drop"), "--missing drop"),
        (("delimiter", ";"), "--delimiter ';'"),
        (("ignore", ["a", "b c"]), "--ignore 'a,b c'"),
        (("ignore", ["a,b", 'say "hi"']), """--ignore '"a,b","say ""hi""\"'"""),
    ],
)
def test_a_way_out_can_be_typed_in_a_terminal(option, typed):
    error = TableError("no", option)
    assert str(error) == f"no ({option[0]}={option[1]!r})"
    assert error.typed == f"no ({typed})"
    assert TableError("no").typed == str(TableError("no")) == "no"


def test_long_and_odd_cells_do_not_spoil_a_message():
    odd = Table(["a", "y"], [["1", "u"], ["2", "v"], ["x\r\ny" + "z" * 500, "v"]], [2, 3, 4])
    message = error_of(lambda: encode_table(odd, "y"))
    assert message.startswith("line 4: column 'a' has 'x\\r\\nyzzz")
    assert len(message) < 250
    wide = Table([f"c{k}" for k in range(500)], [], [])
    assert error_of(lambda: wide.cells("?")).endswith("'c18', 'c19', …")


def test_at_most_twenty_names_are_listed_to_choose_from():
    names = [f"c{k}" for k in range(1, 22)]
    assert choices("?", names[:20]).endswith("'c18', 'c19', 'c20'")
    assert choices("?", names).endswith("'c19', 'c20', …")


def test_sixty_characters_of_a_text_are_shown():
    assert shown("x" * 60) == repr("x" * 60)
    assert shown("x" * 61) == repr("x" * 60 + "…")


# -- new rows --------------------------------------------------------------------------------------------------------

ENCODING = Encoding([Column("x"), Column("colour", ["blue", "red"])], "y", ["a", "b"])


def test_new_rows_are_encoded_by_name_with_or_without_the_target():
    new = table("other y colour x \n _ what red 1 \n _ ever blue 2")
    assert ENCODING.apply(new) == [[1.0, 0.0, 1.0], [2.0, 1.0, 0.0]]
    assert ENCODING.apply(table("x colour \n 3 red")) == [[3.0, 0.0, 1.0]]
    assert ENCODING.targets(table("y \n b \n a")) == [1, 0]
    assert ENCODING._replace(classes=[]).targets(table("y \n 2 \n 0.5")) == [2.0, 0.5]


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (
            lambda: ENCODING.apply(table("x color \n 1 red")),
            "there is no column 'colour' (did you mean 'color'?): there are 'x', 'color'",
        ),
        (
            lambda: ENCODING.apply(table("x colour \n 1 red \n 2 rad")),
            (
                "line 3: column 'colour' has 'rad', which is not known from training (did you mean 'red'?): "
                "there are 'blue', 'red'"
            ),
        ),
        (
            lambda: ENCODING.apply(table("x colour \n 1 red \n two red")),
            "line 3: column 'x' has 'two', not a finite number",
        ),
        (lambda: ENCODING.apply(table("x colour \n 1e999 red")), "line 2: column 'x' has '1e999', not a finite number"),
        (lambda: ENCODING.apply(table("x colour \n 1 _")), "line 2: column 'colour' has '', a missing value"),
        (
            lambda: ENCODING.targets(table("y \n c")),
            "line 2: column 'y' has 'c', which is not known from training: there are 'a', 'b'",
        ),
        (lambda: ENCODING.targets(table("y \n ?")), "line 2: column 'y' has '?', a missing value"),
        (lambda: ENCODING.targets(table("x \n 1")), "there is no column 'y': there are 'x'"),
    ],
)
def test_new_rows_that_do_not_fit_are_said(use, message):
    assert error_of(use) == message


# -- saving the encoding ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding",
    [ENCODING, Encoding([Column("x")], "y", []), encode_table(FRUIT, "kind")[1]],
    ids=["two", "one", "fruit"],
)
def test_an_encoding_survives_json(encoding):
    text = json.dumps(encoding.as_json())
    back = Encoding.from_json(json.loads(text))
    assert back == encoding
    assert all(type(column) is Column for column in back.columns)


X = {"name": "x", "categories": None}


def saved(**changes):
    return {"columns": [X], "target": "y", "classes": ["a", "b"]} | changes


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "the encoding is a dict of classes, columns, target, nothing else"),
        ([], "the encoding is a dict of classes, columns, target, nothing else"),
        ({}, "the encoding is a dict of classes, columns, target, nothing else"),
        (saved(more=1), "the encoding is a dict of classes, columns, target, nothing else"),
        (saved(columns={}), "the columns of the encoding are not a list"),
        (saved(columns=["x"]), "a column of the encoding is a dict of categories, name, nothing else"),
        (saved(columns=[{"name": "x"}]), "a column of the encoding is a dict of categories, name, nothing else"),
        (saved(columns=[X | {"name": 1}]), "the name of a column in the encoding is not a text"),
        (saved(columns=[X | {"name": ""}]), "the name of a column in the encoding is not a text"),
        (saved(columns=[X | {"categories": []}]), "column 'x' of the encoding has no categories"),
        (
            saved(columns=[X | {"categories": ["a", "a"]}]),
            "the categories of column 'x' in the encoding are not a list of different texts",
        ),
        (
            saved(columns=[X | {"categories": "ab"}]),
            "the categories of column 'x' in the encoding are not a list of different texts",
        ),
        (saved(target=None), "the name of the target in the encoding is not a text"),
        (saved(classes=None), "the classes in the encoding are not a list of different texts"),
        (saved(classes=["a", 1]), "the classes in the encoding are not a list of different texts"),
        (saved(classes=["a", ""]), "the classes in the encoding are not a list of different texts"),
        (saved(classes=["a"]), "the encoding has no columns, a name that stands twice, or a single class"),
        (saved(columns=[]), "the encoding has no columns, a name that stands twice, or a single class"),
        (saved(columns=[X, X]), "the encoding has no columns, a name that stands twice, or a single class"),
        (saved(target="x"), "the encoding has no columns, a name that stands twice, or a single class"),
    ],
)
def test_a_damaged_encoding_is_refused(data, message):
    assert error_of(lambda: Encoding.from_json(data)) == message


# -- writing ---------------------------------------------------------------------------------------------------------


def test_predictions_are_added_to_what_was_read(read, tmp_path):
    source = read('id;note\n007;"a;b"\n 1.50 ;=1+1\n')
    path = tmp_path / "out.csv"
    write_predictions(path, source, {"kind": ["apple", "plum"], "p": ["0.9", "0.8"]})
    assert path.read_bytes() == b'id;note;kind;p\n007;"a;b";apple;0.9\n 1.50 ;=1+1;plum;0.8\n'
    stream = io.StringIO()
    write_predictions(stream, source, {})
    assert stream.getvalue() == 'id;note\n007;"a;b"\n 1.50 ;=1+1\n'


CELL = st.text(st.sampled_from("ab1 ,;\t\"\r\n'=é"), max_size=6)


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=4), st.sampled_from(",;\t"))
def test_whatever_cells_hold_comes_back(tmp_path_factory, rows, delimiter):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    write_predictions(path, Table(["a", "b"], rows, [], delimiter), {"c": ["x"] * len(rows)})
    back = read_table(path)
    assert back.header == ["a", "b", "c"]
    assert back.rows == [[*row, "x"] for row in rows]
    assert back.delimiter == delimiter


def test_a_single_empty_cell_is_no_blank_line():
    stream = io.StringIO()
    write_predictions(stream, Table(["a"], [["1"], [""]], [2, 3]), {})
    assert stream.getvalue() == 'a\n1\n""\n'
    stream = io.StringIO()
    write_predictions(stream, Table(["a", "b"], [["", ""]], [2]), {})
    assert stream.getvalue() == "a,b\n,\n"


def test_what_cannot_be_written_is_said_before_anything_is_written(tmp_path):
    path = tmp_path / "out.csv"
    use = lambda columns: error_of(lambda: write_predictions(path, FRUIT, columns))
    assert use({"kind": [""] * 4}) == "the table has a column 'kind' already: choose another name"
    assert use({"p": [""] * 4, "q": [""]}) == "column 'q' has 1 row, the table 4"
    assert use({"p": [""] * 5}) == "column 'p' has 5 rows, the table 4"
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_predictions(path, FRUIT, {"p": ["fine", "fine", "fine", "\ud800"]})
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"target": 3}, "a column is given by its name, a str, not 3"),
        ({"target": ["kind"]}, r"a column is given by its name, a str, not \['kind'\]"),
        ({"target": "kind", "ignore": 3}, "ignore is a list of the names of columns, not 3"),
        ({"target": "kind", "categorical": [1]}, "a column is given by its name, a str, not 1"),
    ],
)
def test_columns_are_given_by_their_names(given, message):
    with pytest.raises(TypeError, match=f"^{message}$"):
        encode_table(FRUIT, **given)
