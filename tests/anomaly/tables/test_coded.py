"""Tests of columns of text with codes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.preprocessing import TablePreprocessor
from anomaly.preprocessing.columns.parsing import UnreadableError, distinct_cells, missing_cells, parse_numbers
from anomaly.tables import Table, concatenate
from anomaly.tables.coded import CodedText, coded_text, coding_of, decimal_of
from anomaly.tables.csv_files import read_csv

CODES = st.lists(st.integers(0, 4), min_size=1, max_size=30)
TEXTS = ["a", "1", None, "NA", "2.5"]


def plain(cells):
    found = np.empty(len(cells), object)
    found[:] = cells.tolist()
    return found


@given(CODES)
def test_distinct_cells_are_those_of_plain_text(codes):
    cells = coded_text(TEXTS, np.array(codes, np.int32))
    texts, indices = distinct_cells(cells)
    expected, expected_indices = distinct_cells(plain(cells))
    assert texts == expected
    assert indices.tolist() == expected_indices.tolist()
    assert missing_cells(cells).tolist() == missing_cells(plain(cells)).tolist()


@given(CODES, CODES)
def test_selected_and_joined_rows_keep_their_codes(codes, more):
    table = Table(("x",), (coded_text(TEXTS, np.array(codes, np.int32)),))
    other = Table(("x",), (coded_text(TEXTS[::-1], np.array(more, np.int32)),))
    joined = concatenate([table.rows(slice(0, None, 2)), other.rows(np.arange(len(more))[::-1])])["x"]
    assert joined.tolist() == [TEXTS[c] for c in codes[::2]] + [TEXTS[::-1][c] for c in more[::-1]]
    texts, indices = coding_of(joined)
    assert [texts[i] for i in indices] == joined.tolist()


def test_numbers_are_those_of_the_texts():
    assert parse_numbers(coded_text(["1", "NA", " 2"], np.array([2, 0, 1, 0]))).tolist()[:2] == [2.0, 1.0]
    with pytest.raises(UnreadableError) as error:
        parse_numbers(coded_text(["x", "1"], np.array([1, 1, 0, 1])))
    assert error.value.index == 2


def test_results_of_other_operations_have_no_codes():
    cells = coded_text(["a", "b"], np.array([0, 1, 1]))
    for other in (cells.copy(), cells == "a", cells.reshape(3, 1), np.concatenate([cells, cells])):
        assert not isinstance(other, CodedText) or coding_of(other) is None


@pytest.mark.parametrize("n_distinct", [3, 3000])
@pytest.mark.parametrize("backend", ["compiled", "csv module"])
def test_text_says_the_decimal_point_of_the_file(tmp_path, n_distinct, backend):
    path = tmp_path / "t.csv"
    rows = [f"{20 + i % n_distinct},{i % 1000:03d} C;a" for i in range(4000)]
    path.write_text("temperature;note\n" + "\n".join(rows) + "\n")
    table = read_csv(path, decimal=",", comment="!" if backend == "csv module" else None)
    column = table["temperature"]
    assert decimal_of(column) == decimal_of(column[1:]) == decimal_of(table.rows(np.arange(10))["temperature"]) == ","
    assert decimal_of(read_csv(path)["temperature"]) is None
    plain = TablePreprocessor().fit(table)
    assert "unit 'C', decimals after a comma" in "\n".join(plain.describe())
