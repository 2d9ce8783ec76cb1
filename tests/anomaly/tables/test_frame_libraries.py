"""Tables of further libraries, as they are: DuckDB, pyarrow and narwhals, where they are installed."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from anomaly.tables import as_table

FRAME = pd.DataFrame(
    {
        "x": np.arange(20) * 0.25,
        "kind": ["a", "b"] * 10,
        "at": pd.date_range("2024-01-01", periods=20, freq="h"),
        "hole": [None, 1.5] * 10,
        "is_on": [True, False] * 10,
    }
)


def tables(library):
    """Return the frame in every form of a library."""
    module = pytest.importorskip(library)
    if library == "duckdb":
        connection = module.connect()
        return [connection.from_df(FRAME), connection.from_df(FRAME).filter("x >= 0")]
    if library == "pyarrow":
        table = module.Table.from_pandas(FRAME)
        return [table, table.to_batches()[0], table.to_reader()]
    return [module.from_native(FRAME), module.from_native(pl.LazyFrame(FRAME.to_dict("list")))]


@pytest.mark.parametrize("library", ["duckdb", "pyarrow", "narwhals"])
def test_tables_of_the_library_are_those_of_pandas(library):
    expected = as_table(FRAME)
    for data in tables(library):
        found = as_table(data)
        assert found.names == expected.names
        for column, other in zip(found.columns, expected.columns, strict=True):
            assert column.dtype.kind == other.dtype.kind
            np.testing.assert_array_equal(column, other)
