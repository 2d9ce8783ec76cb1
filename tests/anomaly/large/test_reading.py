"""Parts of a table, read on workers."""

import numpy as np
import pytest

from anomaly.errors import DataError
from anomaly.large.reading import FrameReader


@pytest.mark.parametrize("part", [None, 3.0, "a,b"])
def test_a_part_that_is_no_table_is_named(part):
    with pytest.raises(DataError, match="found (NoneType|float|str)"):
        list(FrameReader().chunks(part, ()))


def test_rows_come_in_order():
    (table,) = FrameReader().chunks(np.arange(6.0).reshape(3, 2), ())
    assert len(table) == 3
