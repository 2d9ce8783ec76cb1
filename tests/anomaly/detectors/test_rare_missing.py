"""Cells that are missing where that is rare are told of, whatever the score."""

from pathlib import Path

import numpy as np
import pytest

from anomaly import AutoencoderDetector, NotFittedError, TableDetector, VariationalDetector, load_detector
from anomaly.datasets import make_transactions

QUICK = {"hidden": (8,), "epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def table():
    """A column without missing cells, and ones with 4, 5 and 60 % of them, of every kind."""
    rng = np.random.default_rng(0)

    def with_holes(cells, count):
        cells = np.array(cells, dtype=object)
        cells[:count] = None
        return cells

    return {
        "whole": rng.normal(size=100),
        "few": with_holes(rng.normal(size=100), 4),
        "some": with_holes(rng.normal(size=100), 5),
        "text": with_holes(rng.choice(["a", "b"], 100), 4),
        "mostly": with_holes(rng.choice(["a", "b"], 100), 60),
        "date": with_holes(np.datetime64("2024-01-01") + np.arange(100), 0),
    }


@pytest.mark.parametrize("make", [TableDetector, AutoencoderDetector, VariationalDetector])
def test_columns_with_few_missing_training_cells_are_told_of(table, make, tmp_path):
    detector = make(**QUICK).fit(table)
    records = [dict.fromkeys(table), {name: cells[-1] for name, cells in table.items()}]
    records.append({**records[1], "text": " N/A ", "few": "NaN", "mostly": ""})
    found = detector.rare_missing(records)
    assert found.dtype == np.bool_
    assert found.tolist() == [
        [True, True, False, True, False, True],
        [False] * 6,
        [False, True, False, True, False, False],
    ]
    detector.save(tmp_path / "m.npz")
    np.testing.assert_array_equal(load_detector(tmp_path / "m.npz").rare_missing(records), found)


def test_columns_come_in_any_order_and_may_have_no_names(table):
    detector = TableDetector(**QUICK).fit(table)
    other = {name: [None] for name in reversed(table)}
    assert detector.rare_missing(other).tolist() == [[True, True, False, True, False, True]]
    numbers = TableDetector(**QUICK).fit(np.random.default_rng(0).normal(size=(50, 3)))
    assert numbers.rare_missing([[np.nan, 0.0, np.nan]]).tolist() == [[True, False, True]]


def test_earlier_files_do_not_know(tmp_path):
    detector = load_detector(Path(__file__).parent / "saved" / "first_format.npz")
    data = make_transactions(n_records=5, random_state=0)
    empty = {name: [None] * 5 for name in data.columns}
    assert not detector.rare_missing(empty).any()


def test_columns_must_be_there(table):
    detector = TableDetector(**QUICK).fit(table)
    with pytest.raises(ValueError, match="columns missing: 'few'"):
        detector.rare_missing({name: cells for name, cells in table.items() if name != "few"})
    with pytest.raises(NotFittedError):
        TableDetector().rare_missing(table)
