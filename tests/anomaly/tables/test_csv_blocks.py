"""Compiled reading of CSV: the same values, lines and errors as those of Python's `csv` module."""

import gzip
import io
import sys
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.errors import DataError
from anomaly.tables.bad_rows import BadRows
from anomaly.tables.cells import MISSING_TEXTS
from anomaly.tables.csv_columns import AllExcept, ColumnForm
from anomaly.tables.csv_files import iter_csv, read_csv

pytest.importorskip("numba")

numbers = st.one_of(
    st.floats(allow_nan=False).map(repr),
    st.integers(-(10**25), 10**25).map(str),
    st.tuples(st.integers(0, 10**20), st.integers(-340, 330)).map(lambda pair: f"{pair[0]}e{pair[1]}"),
    st.tuples(st.floats(-1e6, 1e6), st.integers(0, 20)).map(lambda pair: f"{pair[0]:.{pair[1]}f}"),
    st.from_regex(r"\A[+-]?[0-9]{0,22}[.,]?[0-9]{0,22}([eE][+-]?[0-9]{0,3})?\Z"),
)
cells = st.one_of(
    numbers,
    st.sampled_from(
        ["", "NA", " 7", "7 ", "\t1.5", "007", "inf", "nan", "1_0", "-", "a", "b", '"', '""', "x\ny", "é", " "]
    ),
    st.text(st.sampled_from('\r\n",; \ta1.-e0é'), max_size=6),
)


def quoted(cell, always):
    needs = always or any(mark in cell for mark in '",;\r\n')
    return '"' + cell.replace('"', '""') + '"' if needs else cell


@st.composite
def files(draw):
    """Return the text of a file and its delimiter: mostly right, but not always, with any line ends."""
    mark = draw(st.sampled_from(",,;"))
    width = draw(st.integers(1, 4))
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=8))
    lines = [mark.join(quoted(cell, draw(st.integers(0, 9)) == 0) for cell in row) for row in rows]
    wild = draw(st.lists(st.text(st.sampled_from('"\r\n, 1a'), max_size=6), max_size=1))
    if draw(st.integers(0, 3)) == 0:
        lines += wild
    text = newline.join([mark.join(f"c{j}" for j in range(width)), *lines])
    return text + draw(st.sampled_from(["", newline])), mark


def outcome(path, backend, **options):
    """Return all that a reader gives, or its error."""
    found = []
    try:
        for table in iter_csv(path, backend=backend, **options):
            columns = [
                column.view(np.int64).tolist() if column.dtype == float else column.tolist() for column in table.columns
            ]
            found.append((table.names, columns, list(table.row_numbers), list(table.line_numbers)))
    except DataError as error:
        found.append(str(error))
    return found


# A drawn row may look like one of units below the header, of which there is a warning.
@pytest.mark.filterwarnings("ignore::anomaly.errors.FileFormWarning")
@settings(max_examples=120, deadline=None)
@given(file=files(), chunk_rows=st.sampled_from([1, 2, 100]))
def test_both_paths_give_the_same(tmp_path_factory, file, chunk_rows):
    text, mark = file
    path = tmp_path_factory.getbasetemp() / "same.csv"
    path.write_bytes(text.encode())
    options = {"delimiter": mark, "decimal": "." if mark == "," else ",", "chunk_rows": chunk_rows}
    for chosen in ((), AllExcept([])):
        plain = outcome(path, "numpy", numbers=chosen, **options)
        assert outcome(path, "numba", numbers=chosen, **options) == plain


@settings(max_examples=60, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=30))
def test_numbers_are_those_of_float_to_the_last_bit(tmp_path_factory, texts):
    path = tmp_path_factory.getbasetemp() / "numbers.csv"
    texts = [text for text in texts if ColumnForm().number_of(text) is not None] or ["1"]
    path.write_text("a,b\n" + "".join(f"{text},x\n" for text in texts))
    found = read_csv(path, numbers=["a"], backend="numba", delimiter=",")["a"]
    expected = np.array([float(text) if text not in MISSING_TEXTS else np.nan for text in texts])
    assert found.view(np.int64).tolist() == expected.view(np.int64).tolist()


def test_halves_between_doubles_round_to_even(tmp_path):
    rng = np.random.default_rng(0)
    texts = []
    for m in rng.integers(2**52, 2**53, 3000).tolist():
        texts += [str(2 * m + 1), f"{2 * m + 1}e3", f"{2 * m + 1}e-3", str(4 * m + 2), f"{(2 * m + 1) * 5}e-1"]
    path = tmp_path / "halves.csv"
    path.write_text("a\n" + "\n".join(texts))
    found = read_csv(path, numbers=["a"], backend="numba")["a"]
    assert found.tolist() == [float(text) for text in texts]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_column_is_numbers_where_all_of_its_cells_are(tmp_path, backend):
    path = tmp_path / "data.csv"
    path.write_text("a,b,c,d\n" + "1,2.50,x,007\n" * 5000 + "1,5 C,y,8\n" + "NA,3,z,\n" * 5000)
    table = read_csv(path, numbers=AllExcept(["a"]), backend=backend)
    assert [column.dtype.kind for column in table.columns] == ["O", "O", "O", "O"]
    assert (table["b"][0], table["b"][5000], table["a"][-1]) == ("2.50", "5 C", "NA")
    kinds = [
        [column.dtype.kind for column in chunk.columns]
        for chunk in iter_csv(path, numbers=AllExcept([]), chunk_rows=4000, backend=backend)
    ]
    assert kinds == [["f", "f", "O", "O"], ["f", "O", "O", "O"], ["f", "O", "O", "O"]]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_columns_that_turn_out_to_be_text_late_keep_their_cells(monkeypatch, backend, pack):
    content = pack(b"a\n" + b"1.50\n" * 60_000 + b"x\n")

    class Input:
        buffer = io.BufferedReader(io.BytesIO(content))

    monkeypatch.setattr(sys, "stdin", Input)
    column = read_csv("-", numbers=["a"], backend=backend)["a"]
    assert (column[0], column[59_999], column[60_000]) == ("1.50", "1.50", "x")


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_marks_of_missing_values(tmp_path, backend):
    path = tmp_path / "data.csv"
    path.write_text("a,b\n-200.0,none\n3,x\n-200,y\n")
    table = read_csv(path, numbers=["a"], missing=("-200", "none"), backend=backend)
    assert [value == value for value in table["a"]] == [False, True, False]
    assert table["b"].tolist() == [None, "x", "y"]


@pytest.mark.parametrize("n_texts", [10, 50_000])
def test_many_texts_and_numbers_beyond_the_quick_ones(tmp_path, n_texts):
    path = tmp_path / "data.csv"
    path.write_text("a,b\n" + "".join(f"text {i % n_texts},0.12345678901234567890{i}\n" for i in range(50_000)))
    plain, compiled = (read_csv(path, numbers=["b"], backend=backend) for backend in ("numpy", "numba"))
    assert plain["a"].tolist() == compiled["a"].tolist()
    assert plain["b"].tolist() == compiled["b"].tolist()


@pytest.mark.filterwarnings("ignore::anomaly.errors.FileFormWarning")
@settings(max_examples=80, deadline=None)
@given(files())
def test_both_paths_leave_out_the_same_rows(tmp_path_factory, file):
    path = tmp_path_factory.getbasetemp() / "bad.csv"
    path.write_bytes(file[0].encode())
    found = []
    for backend in ("numpy", "numba"):
        bad, rows = BadRows(), []
        # A chunk ends where compiled reading does: rows are compared, and not chunks.
        with suppress(DataError):  # no rows at all
            for table in iter_csv(path, backend=backend, delimiter=file[1], bad=bad):
                rows += zip(*table.columns, table.row_numbers, table.line_numbers, strict=True)
        found.append([rows, bad.rows])
    assert found[0] == found[1]
