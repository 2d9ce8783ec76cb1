"""What every generator promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.datasets import make_connections, make_correlated, make_sensors, make_transactions
from anomaly.metrics import roc_auc_score

KINDS = {
    make_transactions: {"large_at_odd_hour", "foreign_burst", "testing_payments", "unusual_combination"},
    make_connections: {"scan", "flood", "guessing", "exfiltration"},
    make_sensors: {"bearing_wear", "spike", "stuck_sensor", "broken_correlation"},
    make_correlated: {"off_surface"},
}
EVERY = pytest.mark.parametrize("make", list(KINDS))
MIXED = pytest.mark.parametrize("make", [make_transactions, make_connections, make_sensors])


@EVERY
@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 400), share=st.floats(0, 0.5), seed=st.integers(0, 2**32 - 1))
def test_any_arguments_give_as_many_records_and_anomalies_as_asked_for(make, n, share, seed):
    data = make(n_records=n, contamination=share, random_state=seed)
    assert len(data) == n
    assert abs(data.labels.sum() - share * n) <= 0.5
    assert set(data.kinds) <= KINDS[make] | {""}
    np.testing.assert_array_equal(data.labels, data.kinds != "")
    assert {len(column) for column in data.columns.values()} == {n}
    assert {column.dtype.kind for column in data.columns.values()} <= set("fObM")


@EVERY
def test_the_same_seed_gives_the_same_records_and_another_others(make):
    first, again, other = (make(n_records=300, random_state=seed) for seed in (5, 5, 6))
    for name, column in first.columns.items():
        np.testing.assert_array_equal(again.columns[name], column)
    np.testing.assert_array_equal(again.kinds, first.kinds)
    assert any((other.columns[name] != column).any() for name, column in first.columns.items() if name != "time")
    unseeded = [make(n_records=50, random_state=None) for _ in range(2)]
    assert any((unseeded[0].columns[name] != unseeded[1].columns[name]).any() for name in unseeded[0].columns)


@EVERY
def test_all_kinds_of_anomalies_occur(make):
    assert set(make(n_records=2000, contamination=0.1).kinds) == KINDS[make] | {""}
    assert all(kind in make(n_records=10).description for kind in KINDS[make])


@EVERY
def test_every_column_is_described(make):
    data = make(n_records=10)
    if make is not make_correlated:
        assert all(name in data.description for name in data.columns)


@MIXED
def test_columns_are_of_every_kind_and_some_values_are_missing(make):
    data = make(n_records=2000, random_state=0)
    assert {column.dtype.kind for column in data.columns.values()} == set("fObM")
    assert any(np.isnan(column).any() for column in data.columns.values() if column.dtype.kind == "f")
    moments = next(column for column in data.columns.values() if column.dtype.kind == "M")
    assert (np.diff(moments).astype(int) >= 0).all()


@EVERY
def test_no_single_column_settles_what_is_an_anomaly(make):
    data = make(n_records=4000, random_state=0)
    for name, column in data.columns.items():
        if column.dtype.kind == "f":
            known = ~np.isnan(column)
            extreme = np.abs(column[known] - np.median(column[known]))
            assert roc_auc_score(data.labels[known], extreme) < 0.9, name


@EVERY
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_records": 0}, ValueError, "n_records must be at least 1; found 0"),
        ({"n_records": 10.5}, TypeError, r"n_records must be a whole number; found 10.5 \(float\)"),
        (
            {"contamination": 0.6},
            ValueError,
            "contamination is the fraction of anomalies, between 0 and 0.5; found 0.6",
        ),
        ({"contamination": -0.1}, ValueError, "found -0.1"),
        ({"contamination": float("nan")}, ValueError, "found nan"),
    ],
)
def test_invalid_arguments_are_refused(make, arguments, error, message):
    with pytest.raises(error, match=message):
        make(**arguments)


def test_correlated_points_need_two_columns():
    assert make_correlated(n_features=2).n_features == 2
    with pytest.raises(ValueError, match="n_features must be at least 2; found 1"):
        make_correlated(n_features=1)


def test_derived_columns_come_from_the_others_alone():
    plain, more = make_transactions(random_state=3), make_transactions(random_state=3, derived=True)
    assert list(more.columns)[13:] == ["amount_over_average", "amount_over_category", "payments_per_hour"]
    for name, column in plain.columns.items():
        np.testing.assert_array_equal(column, more.columns[name])
    ratio = more.columns["amount"] / more.columns["average_amount"]
    np.testing.assert_allclose(more.columns["amount_over_average"], ratio, atol=1e-3)
    assert (np.isnan(more.columns["amount_over_category"]) == (more.columns["merchant_category"] == None)).all()  # noqa: E711
    assert "Derived columns" in more.description
    assert "Derived columns" not in plain.description
