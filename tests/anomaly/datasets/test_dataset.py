import csv
import gzip
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.datasets import Dataset, make_transactions
from anomaly.datasets.sampling import choose, even_counts


def small(n=10, anomalies=2):
    kinds = np.array(["odd"] * anomalies + [""] * (n - anomalies), dtype=object)
    columns = {"x": np.arange(float(n)), "c": np.array(["a", None] * (n // 2) + ["a"] * (n % 2), dtype=object)}
    return Dataset(columns, (kinds != "").astype(int), kinds, "small", "for tests")


@settings(max_examples=50)
@given(
    n=st.integers(2, 200), anomalies=st.integers(0, 40), share=st.floats(0.05, 0.95), seed=st.integers(0, 9),
    shuffle=st.booleans(),
)  # fmt: skip
def test_a_split_loses_nothing_and_keeps_shares_and_the_order_but_of_a_random_training_set(
    n, anomalies, share, seed, shuffle
):
    data = small(n, min(anomalies, n))
    if not 0 < np.floor(n * share + 0.5) < n:
        return
    try:
        train, test = data.split(share, seed, shuffle=shuffle)
    except ValueError as error:
        assert "would have no records" in str(error)  # noqa: PT017
        return
    assert sorted([*train.columns["x"], *test.columns["x"]]) == list(range(n))
    for part in (train, test):
        assert (np.diff(part.columns["x"]) > 0).all() or (shuffle and part is train)
        np.testing.assert_array_equal(part.labels, part.kinds != "")
    if shuffle:
        assert abs(test.labels.sum() - share * data.labels.sum()) <= 1
    else:
        assert train.columns["x"].max() < test.columns["x"].min()


def test_a_random_training_set_is_in_random_order():
    x = small(200, 0).split(0.5, 0)[0].columns["x"]
    assert abs(np.corrcoef(x, np.arange(100))[0, 1]) < 0.3


def test_a_split_is_seeded_and_can_leave_the_anomalies_out():
    data = small(100, 20)
    first, again, other = (data.split(0.5, seed)[0].columns["x"].tolist() for seed in (1, 1, 2))
    assert first == again != other
    train, test = data.split(0.5, normal_only=True)
    assert (train.labels.sum(), test.labels.sum()) == (0, 10)


@pytest.mark.parametrize("share", [0.0, 1.0, -1, 2])
def test_impossible_shares_are_refused(share):
    with pytest.raises(ValueError, match="test_size must be between 0 and 1"):
        small().split(share)


def test_a_set_without_records_is_refused():
    with pytest.raises(ValueError, match="the training set would have no records: 2 records .* normal ones only"):
        small(2, 2).split(0.5, normal_only=True)


def test_records_are_plain_python_objects():
    record = make_transactions(n_records=200, random_state=0).records()[0]
    assert {type(value) for value in record.values()} <= {float, str, bool, datetime, type(None)}
    assert small().records()[1] == {"x": 1.0, "c": None}


def test_arrays_cannot_be_changed():
    data = small()
    for array in (data.labels, data.kinds, *data.columns.values()):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[1]


def test_rows_are_chosen_by_mask_slice_or_position():
    data = small()
    assert data.rows(data.labels == 1).columns["x"].tolist() == [0.0, 1.0]
    assert len(data.rows(slice(3, 5))) == 2
    assert data.rows(np.array([9, 0])).columns["x"].tolist() == [9.0, 0.0]


def test_csv_holds_the_truth_in_its_last_column(tmp_path):
    small(3, 1).to_csv(tmp_path / "data.csv.gz")
    with gzip.open(tmp_path / "data.csv.gz", "rt", newline="") as file:
        assert list(csv.reader(file)) == [
            ["x", "c", "label"], ["0.0", "a", "odd"], ["1.0", "", "normal"], ["2.0", "a", "normal"]
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": {}}, "at least one column"),
        ({"labels": np.zeros(9, int)}, "one value per record; found lengths: labels 9, kinds 10"),
        ({"labels": np.zeros(10, int)}, "labels must be 1 where kinds names an anomaly"),
    ],
)
def test_parts_that_contradict_each_other_are_refused(change, message):
    data = small()
    parts = {"columns": data.columns, "labels": data.labels, "kinds": data.kinds, **change}
    with pytest.raises(ValueError, match=message):
        Dataset(**parts, name="", description="")


def test_a_column_of_that_name_would_hide_the_truth(tmp_path):
    data = small()
    named = Dataset({"label": data.columns["x"]}, data.labels, data.kinds, "", "")
    with pytest.raises(ValueError, match="a column is named 'label'"):
        named.to_csv(tmp_path / "data.csv")
    assert list(tmp_path.iterdir()) == []


@given(st.integers(0, 1000), st.integers(1, 20))
def test_even_counts_are_even(total, parts):
    counts = even_counts(total, parts)
    assert sum(counts) == total
    assert max(counts) - min(counts) <= 1


def test_categories_are_drawn_by_their_weights():
    rng = np.random.default_rng(0)
    shares = np.bincount(choose(rng, [1, 0, 3], 40_000), minlength=3) / 40_000
    np.testing.assert_allclose(shares, [0.25, 0, 0.75], atol=0.01)
    assert choose(rng, np.eye(5)).tolist() == [0, 1, 2, 3, 4]
