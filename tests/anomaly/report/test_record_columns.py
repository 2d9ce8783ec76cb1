"""The columns of listed records can be read back, in the shortest of their forms."""

import base64

import numpy as np
import pytest

from anomaly.report.content import RecordsSection, UnusualRecord
from anomaly.report.record_columns import records_payload


def unpacked(packed):
    kind, text = packed
    return np.frombuffer(base64.b64decode(text), f"<{kind}").tolist()


def read(column):
    """Return the cells of a column, as `values.js` reads them."""
    if "values" in column:
        return [column["values"][k] for k in unpacked(column["positions"])]
    if "numbers" in column:
        return [None if value != value else value for value in unpacked(column["numbers"])]
    pairs = zip(unpacked(column["digits"]), unpacked(column["powers"]), strict=True)
    return [None if d == -32768 else d / 10**-e if e < 0 else float(d * 10**e) for d, e in pairs]


def column_of(cells):
    records = [UnusualRecord(i + 1, "", 1.0, None, None, [cell], []) for i, cell in enumerate(cells)]
    return records_payload(RecordsSection(["x"], records, []))["cells"][0]


RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=500)


@pytest.mark.parametrize(
    ("form", "cells"),
    [
        ("values", ["a", None, "b", ""] * 20),
        ("values", [1.5, None, 2.0] * 50),
        ("digits", [*NORMAL.tolist(), None, 0.0, np.nan, np.inf]),
        ("digits", (NORMAL * 10.0 ** RNG.integers(-15, 2, 500)).tolist()),
        ("digits", [1e-6, -0.5, 9999.0, 1.234e14, *range(200)]),
        ("numbers", (1e4 * NORMAL).tolist()),
        ("numbers", [*range(100_000, 100_500)]),
        ("values", [*range(10**9, 10**9 + 500), None]),
        ("values", (NORMAL * 10.0 ** RNG.integers(-80, 80, 500)).tolist()),
    ],
)
def test_cells_are_written_in_the_shortest_form_with_the_digits_that_are_shown(form, cells):
    column = column_of([float(cell) if isinstance(cell, (int, float)) else cell for cell in cells])
    assert form in column
    for cell, found in zip(cells, read(column), strict=True):
        if cell is None or (isinstance(cell, float) and not np.isfinite(cell)):
            assert found is None
        elif isinstance(cell, str):
            assert found == cell
        else:
            assert f"{found:.4g}" == f"{cell:.4g}"
            assert not float(cell).is_integer() or abs(cell) >= 1e12 or found == cell


def test_an_empty_list_has_no_keys_and_no_p_values():
    empty = records_payload(RecordsSection(["x"], [], []))
    assert (empty["count"], empty["p"], empty["key"]) == (0, None, None)
