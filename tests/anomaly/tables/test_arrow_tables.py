"""Tables of Arrow: every type is read, or refused by name, and the same from memory as from a file."""

from datetime import time, timedelta

import numpy as np
import pytest

from anomaly.errors import DataError
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


def test_lists_and_doubled_names_are_refused_by_name():
    with pytest.raises(DataError, match="column 'c': found a list; expected one number, text, boolean or date"):
        as_table(pa.table({"c": [[1.0, 2.0]]}))
    with pytest.raises(DataError, match="found more than once: 'c'"):
        as_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["c", "c"]))
