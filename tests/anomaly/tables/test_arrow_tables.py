"""Tables of Arrow: every type is read, or refused by name, and the same from memory as from a file."""

import json
from datetime import time, timedelta

import numpy as np
import pytest

from anomaly.errors import DataError, FileFormWarning
from anomaly.tables import as_table
from anomaly.tables.arrow_tables import arrow_as_table
from anomaly.tables.other_files import read_other_file

pa = pytest.importorskip("pyarrow", reason="pyarrow reads Arrow's tables")
pytest.importorskip("pyarrow.feather")

START = np.datetime64("2024-03-01T12:00:00.000000001", "ns")
COLUMNS = {
    "hashes of 64 bits": (pa.array([2**61 + 12345, None, 2**62]), [2.0**61 + 12345, np.nan, 2.0**62]),
    "unsigned": (pa.array([2**64 - 1, 1], pa.uint64()), [2.0**64, 1.0]),
    "half": (pa.array(np.array([0.5, 2], np.float16)), [0.5, 2.0]),
    "durations": (pa.array([timedelta(seconds=90), None]), [90.0, np.nan]),
    "nanoseconds": (pa.array([1, 2], pa.int64()).cast(pa.duration("ns")), [1e-9, 2e-9]),
    "runs": (pa.RunEndEncodedArray.from_arrays(pa.array([2, 3]), pa.array([None, 1.5])), [np.nan, np.nan, 1.5]),
    "stamps": (pa.array([START, None]), [np.datetime64("2024-03-01T12:00:00.000000"), np.datetime64("NaT")]),
    "no level": (pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array([None, "a"])), [None, "a"]),
    "times": (pa.array([time(8, 30)], pa.time64("ns")), ["08:30:00"]),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_every_type_from_memory_and_from_a_file(tmp_path, kind):
    column, expected = COLUMNS[kind]
    table = pa.table({"c": column})
    pa.feather.write_feather(table, str(tmp_path / "data.feather"))
    for found in (as_table(table), read_other_file(tmp_path / "data.feather"), arrow_as_table(table, "a table", pa)):
        np.testing.assert_array_equal(found["c"], expected)
        assert ("c" in found.categorical) == (kind == "no level")


@pytest.mark.parametrize("is_declared", [True, False])
def test_durations_that_fastparquet_has_written_as_times_of_day(is_declared):
    seconds = [0, 3600, *([] if is_declared else [2 * 86400, -5])]
    times = pa.array([s * 10**6 for s in seconds] + [None]).cast(pa.time64("us"))
    described = json.dumps({"columns": [{"name": "c", "numpy_type": "timedelta64[us]"}], "index_columns": []})
    table = pa.table({"c": times}).replace_schema_metadata({"pandas": described} if is_declared else None)
    with pytest.warns(FileFormWarning, match="column 'c': times of day that are durations, taken as seconds"):
        found = as_table(table)["c"]
    np.testing.assert_array_equal(found, [*seconds, np.nan])


def test_lists_and_doubled_names_are_refused_by_name():
    with pytest.raises(DataError, match="column 'c': found list<.*> in a cell; expected one number, text"):
        as_table(pa.table({"c": [[1.0, 2.0]]}))
    with pytest.raises(DataError, match="found more than once: 'c'"):
        as_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["c", "c"]))


def test_a_list_of_no_values_is_refused_whatever_its_length():
    endless = pa.FixedSizeListArray.from_arrays(pa.nulls(10**8), 10**8)
    with pytest.raises(DataError, match=r"column 'c': found fixed_size_list"):
        as_table(pa.table({"c": endless}))


def test_rows_of_one_category_share_its_text():
    codes = pa.array([0, None, 2, 0], pa.uint8())
    cells = as_table(pa.table({"c": pa.DictionaryArray.from_arrays(codes, ["long" * 100, "unused", None])}))["c"]
    assert cells.tolist() == ["long" * 100, None, None, "long" * 100]
    assert cells[0] is cells[3]
