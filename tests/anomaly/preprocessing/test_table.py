import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.errors import DataError, NotFittedError, SwappedColumnsWarning
from anomaly.preprocessing import FEATURE_LIMIT, TablePreprocessor
from anomaly.preprocessing.scaling.linear import SCALERS

numbers = st.one_of(st.none(), st.integers(-5, 5), st.floats(-1e9, 1e9))
texts = st.one_of(st.none(), st.sampled_from(["red", "green", "blue", "rare 1", "rare 2"]))
booleans = st.one_of(st.none(), st.booleans())
datetimes = st.one_of(st.none(), st.integers(0, 2_000_000_000).map(lambda s: pd.Timestamp(s, unit="s")))


@st.composite
def tables(draw):
    """Records of every kind of column with holes, each column with two values at least."""
    n = draw(st.integers(2, 12))
    kinds = draw(st.lists(st.sampled_from([numbers, texts, booleans, datetimes]), min_size=1, max_size=4))
    seeds = {id(numbers): [0.5, 7.0], id(texts): ["red", "green"], id(booleans): [True, False]}
    columns = {}
    for j, kind in enumerate(kinds):
        first = seeds.get(id(kind), [pd.Timestamp("2024-01-01 03:00"), pd.Timestamp("2024-02-02")])
        columns[f"c{j}"] = [*first, *(draw(kind) for _ in range(n - 2))]
    return columns


def by_name(preprocessor, features):
    return {name: features[:, j].tolist() for j, name in enumerate(preprocessor.feature_names_out_)}


# -- laws --------------------------------------------------------------------------------------


@pytest.mark.parametrize("scaling", list(SCALERS))
@settings(max_examples=30)
@given(columns=tables())
def test_features_are_finite_contiguous_and_the_same_however_they_are_made(scaling, columns):
    preprocessor = TablePreprocessor(scaling=scaling)
    features = preprocessor.fit_transform(columns)
    n = len(columns["c0"])
    assert features.shape == (n, len(preprocessor.feature_names_out_))
    assert features.dtype == np.float32
    assert features.flags.c_contiguous
    assert np.isfinite(features).all()
    np.testing.assert_array_equal(preprocessor.transform(columns), features)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    one_by_one = [preprocessor.transform({name: [row[name]] for name in row}) for row in rows]
    np.testing.assert_array_equal(np.concatenate(one_by_one), features)


@given(columns=tables())
def test_the_order_of_named_columns_does_not_matter(columns):
    preprocessor = TablePreprocessor().fit(columns)
    turned = dict(reversed(columns.items()))
    np.testing.assert_array_equal(preprocessor.transform(turned), preprocessor.transform(columns))


@pytest.mark.parametrize("scaling", list(SCALERS))
@settings(max_examples=30)
@given(columns=tables())
def test_a_state_gives_the_same_features_to_the_last_bit(scaling, columns):
    preprocessor = TablePreprocessor(scaling=scaling).fit(columns)
    config, arrays = preprocessor.get_state()
    copy = TablePreprocessor.from_state(json.loads(json.dumps(config)), arrays)
    np.testing.assert_array_equal(copy.transform(columns), preprocessor.transform(columns))
    assert copy.feature_names_out_ == preprocessor.feature_names_out_
    assert copy.kinds_ == preprocessor.kinds_
    assert copy.describe() == preprocessor.describe()


@given(columns=tables(), seed=st.integers(0, 99))
def test_what_belongs_to_a_column_is_summed_to_it(columns, seed):
    preprocessor = TablePreprocessor().fit(columns)
    parts = np.random.default_rng(seed).random((3, len(preprocessor.feature_names_out_)))
    sums = preprocessor.sum_by_column(parts)
    np.testing.assert_allclose(sums.sum(axis=1), parts.sum(axis=1))
    for j, name in enumerate(columns):
        own = [k for k, made in enumerate(preprocessor.feature_names_out_) if made.startswith(name)]
        np.testing.assert_allclose(sums[:, j], parts[:, own].sum(axis=1))


@given(columns=tables())
def test_records_come_back(columns):
    preprocessor = TablePreprocessor(min_category_count=1, dates="number").fit(columns)
    restored = preprocessor.inverse_transform(preprocessor.transform(columns))
    for name, cells in columns.items():
        for cell, back in zip(cells, restored[name].tolist(), strict=True):
            if cell is None:
                assert back is None or back != back
            elif isinstance(cell, bool):
                assert float(back) == pytest.approx(float(cell), abs=1e-6)  # a number where others are missing
            elif isinstance(cell, str):
                assert back == cell
            elif isinstance(cell, pd.Timestamp):
                assert abs((pd.Timestamp(back) - cell).total_seconds()) < 600  # float32 of days
            else:
                spread = np.ptp([c for c in cells if c is not None])
                assert back == pytest.approx(cell, abs=1e-5 * (spread + abs(cell)))


# -- kinds of columns --------------------------------------------------------------------------


def test_every_kind_by_hand():
    columns = {
        "n": [0.0, 2.0, None],
        "t": [True, False, True],
        "c": ["a", "a", None],
        "d": ["1970-01-01", "1970-01-03", "1970-01-02"],
    }
    preprocessor = TablePreprocessor(scaling="none", category_weight=2.0, dates="number")
    features = by_name(preprocessor, preprocessor.fit_transform(columns))
    assert preprocessor.kinds_ == {"n": "number", "t": "boolean", "c": "category", "d": "date"}
    assert features == {
        "n": [0.0, 2.0, 1.0],  # filled with the median
        "n=<missing>": [0.0, 0.0, 2.0],
        "t": [1.0, 0.0, 1.0],
        "c=a": [2.0, 2.0, 0.0],
        "c=<missing>": [0.0, 0.0, 2.0],
        "c=<unseen>": [0.0, 0.0, 0.0],
        "d": [0.0, 2.0, 1.0],
    }
    assert preprocessor.feature_columns_.tolist() == [0, 0, 1, 2, 2, 2, 3]


def test_a_time_of_day_makes_hour_and_weekday():
    times = ["1970-01-01 06:00", "1970-01-08 18:00", None]
    preprocessor = TablePreprocessor(scaling="none", dates="number")
    features = by_name(preprocessor, preprocessor.fit_transform({"t": times, "n": [1, 2, 3]}))
    assert preprocessor.kinds_["t"] == "datetime"
    assert list(features) == [
        "t", "t (hour, sine)", "t (hour, cosine)", "t (weekday, sine)", "t (weekday, cosine)", "t=<missing>", "n"
    ]  # fmt: skip
    assert features["t"][:2] == [0.25, 7.75]
    assert features["t (hour, sine)"][:2] == pytest.approx([1.0, -1.0])
    assert features["t (hour, cosine)"][:2] == pytest.approx([0.0, 0.0], abs=1e-6)
    assert features["t=<missing>"] == [0.0, 0.0, 1.0]
    assert preprocessor.feature_columns_.tolist() == [0] * 6 + [1]


def test_a_mark_that_was_never_seen_is_not_made():
    preprocessor = TablePreprocessor().fit({"n": [1.0, 2.0, 3.0], "c": ["a", "b", "a"]})
    assert "n=<missing>" not in preprocessor.feature_names_out_
    np.testing.assert_array_equal(preprocessor.transform({"n": [None], "c": ["a"]})[0, 0], 0.0)


def test_constant_columns_show_a_change():
    preprocessor = TablePreprocessor().fit({"n": [7.0, 7.0], "c": ["a", "a"]})
    same, changed = preprocessor.transform({"n": [7.0, 9.0], "c": ["a", "z"]})
    assert same.tolist() == [0.0, 1.0, 0.0]
    assert changed.tolist() == [2.0, 0.0, 1.0]


def test_absurd_sizes_are_clipped():
    preprocessor = TablePreprocessor().fit({"n": [0.0, 1.0]})
    assert preprocessor.transform({"n": [1e300, -1e300]})[:, 0].tolist() == [FEATURE_LIMIT, -FEATURE_LIMIT]


def test_columns_can_be_declared_categories():
    frame = pd.DataFrame({"code": [1, 2, 1, 2], "size": pd.Categorical([3, 4, 3, 4])})
    preprocessor = TablePreprocessor(categorical=["code"]).fit(frame)
    assert preprocessor.kinds_ == {"code": "category", "size": "category"}
    assert by_name(preprocessor, preprocessor.transform({"code": ["2.0"], "size": [3]})) == {
        "code=1": [0.0], "code=2": [1.0], "code=<unseen>": [0.0],
        "size=3": [1.0], "size=4": [0.0], "size=<unseen>": [0.0],
    }  # fmt: skip


def test_by_default_of_dates_only_hour_and_weekday_count():
    columns = {
        "t": ["2024-01-01 06:00", None, "2024-01-11 18:00"], "d": ["2024-01-01", "2024-01-02", "2024-01-03"],
        "n": [1.0, 2.0, 4.0],
    }  # fmt: skip
    preprocessor = TablePreprocessor().fit(columns)
    assert preprocessor.kinds_ == {"t": "datetime", "d": "ignored", "n": "number"}
    assert preprocessor.feature_names_out_ == (
        "t (hour, sine)", "t (hour, cosine)", "t (weekday, sine)", "t (weekday, cosine)", "t=<missing>", "n"
    )  # fmt: skip
    features = preprocessor.transform(columns)
    years_later = {**columns, "t": ["2031-01-06 06:00", None, "2031-01-16 18:00"], "d": [None] * 3}
    np.testing.assert_allclose(preprocessor.transform(years_later), features, atol=1e-6)
    assert not np.allclose(preprocessor.transform({**columns, "t": ["2024-01-01 07:00"] * 3}), features)
    both = TablePreprocessor(dates="number").fit(columns)
    wanted = [both.feature_names_out_.index(name) for name in preprocessor.feature_names_out_]
    np.testing.assert_array_equal(both.transform(columns)[:, wanted], features)
    assert preprocessor.sum_by_column(np.ones((1, 6))).tolist() == [[5.0, 0.0, 1.0]]
    assert preprocessor.describe() == [
        "t  datetime  hour and weekday; 33.3 % missing, marked",
        "d  ignored   a date without a time of day; dates='number' (--dates number) uses it",
        "n  number    median 2.0"
    ]  # fmt: skip
    restored = preprocessor.inverse_transform(features)
    assert np.isnat(restored["t"]).all()
    assert restored["n"].tolist() == [1.0, 2.0, 4.0]
    config, arrays = preprocessor.get_state()
    copy = TablePreprocessor.from_state(json.loads(json.dumps(config)), arrays)
    np.testing.assert_array_equal(copy.transform(columns), features)
    assert copy.describe() == preprocessor.describe()
    assert np.isnat(copy.inverse_transform(features)["t"]).all()


@pytest.mark.parametrize(
    ("last", "names"),
    [
        ("2024-01-01 18:00", ()),
        ("2024-01-02 06:00", ("t (hour, sine)", "t (hour, cosine)")),
        ("2024-01-07 05:00", ("t (hour, sine)", "t (hour, cosine)")),
        ("2024-01-07 06:00", ("t (hour, sine)", "t (hour, cosine)", "t (weekday, sine)", "t (weekday, cosine)")),
    ],
)
def test_only_cycles_that_were_gone_round_can_tell_what_is_usual(last, names):
    columns = {"t": ["2024-01-01 06:00", last], "n": [1.0, 2.0]}
    preprocessor = TablePreprocessor().fit(columns)
    assert preprocessor.feature_names_out_ == (*names, "n")
    config, arrays = preprocessor.get_state()
    copy = TablePreprocessor.from_state(json.loads(json.dumps(config)), arrays)
    assert copy.feature_names_out_ == (*names, "n")
    assert copy.describe() == preprocessor.describe()
    assert len(TablePreprocessor(dates="number").fit(columns).feature_names_out_) == 6


def test_dates_alone_make_no_features():
    dates = {"d": ["2024-01-01", "2024-01-02"], "e": ["2024-01-01", "2024-01-02"]}
    with pytest.raises(DataError, match="all of them are dates, which are ignored, .* dates='number'"):
        TablePreprocessor().fit(dates)
    assert TablePreprocessor(dates="number").fit(dates).feature_names_out_ == ("d", "e")


def test_whole_numbers_and_dates_come_back_as_such():
    days = np.arange(0, 30_000, 7)
    rng = np.random.default_rng(0)
    start = np.datetime64("1960-03-01T00:00:00", "us")
    columns = {
        "count": rng.integers(0, 100_000, len(days)),
        "share": rng.random(len(days)),
        "day": start + days.astype("m8[D]"),
        "minute": start + rng.integers(0, 2**19, len(days)).astype("m8[m]"),
        "second": start + rng.integers(0, 2**23, len(days)).astype("m8[s]"),
    }
    preprocessor = TablePreprocessor(dates="number").fit(columns)
    config, arrays = preprocessor.get_state()
    assert [c.get("resolution") for c in config["columns"]] == [1, None, 1, 24 * 60, 24 * 60 * 60]
    copy = TablePreprocessor.from_state(json.loads(json.dumps(config)), arrays)
    features = preprocessor.transform(columns)
    for fitted in (preprocessor, copy):
        restored = fitted.inverse_transform(features)
        for name in ("count", "day", "minute", "second"):
            np.testing.assert_array_equal(restored[name], columns[name])
    for column in config["columns"]:
        column.pop("resolution", None)
    old = TablePreprocessor.from_state(config, arrays)
    np.testing.assert_array_equal(old.transform(columns), features)
    for other in (old.inverse_transform(features), preprocessor.inverse_transform(features, rounded=False)):
        assert (other["count"] != columns["count"]).any()
        np.testing.assert_allclose(other["count"], columns["count"], atol=0.1)


def test_what_is_nearly_zero_comes_back_without_a_sign():
    preprocessor = TablePreprocessor(scaling="none").fit({"n": [-1, 0, 1]})
    zero = preprocessor.inverse_transform(np.array([[-0.25]], np.float32))["n"]
    assert str(zero[0]) == "0.0"


def test_numbers_of_an_array_come_back_whole_too():
    x = np.column_stack([np.arange(1000.0), np.arange(1000) / 8])
    preprocessor = TablePreprocessor().fit(x)
    restored = preprocessor.inverse_transform(preprocessor.transform(x))
    assert restored.columns[0].tolist() == x[:, 0].tolist()
    np.testing.assert_allclose(restored.columns[1], x[:, 1], atol=1e-4)


def test_dates_can_be_ignored():
    columns = {"d": ["2024-01-01 10:00", "2024-01-02"], "n": [1.0, 2.0]}
    preprocessor = TablePreprocessor(dates="ignore").fit(columns)
    assert preprocessor.feature_names_out_ == ("n",)
    assert preprocessor.kinds_["d"] == "ignored"
    assert preprocessor.sum_by_column(np.array([[3.0]])).tolist() == [[0.0, 3.0]]
    assert np.isnan(preprocessor.inverse_transform(np.zeros((1, 1), np.float32))["d"]).all()
    with pytest.raises(DataError, match="all of them are dates"):
        TablePreprocessor(dates="ignore").fit({"d": columns["d"]})


def test_surplus_columns_can_be_ignored():
    preprocessor = TablePreprocessor(extra="ignore").fit({"n": [1.0, 2.0]})
    assert preprocessor.transform({"more": ["x"], "n": [1.5]}).tolist() == [[0.0]]


def test_tables_without_names_go_by_position():
    named = TablePreprocessor().fit({"a": [1.0, 2.0], "b": [3.0, 5.0]})
    assert named.transform(np.array([[1.5, 4.0]])).tolist() == [[0.0, 0.0]]
    with pytest.raises(DataError, match="X has 3 features, but TablePreprocessor is expecting 2 features"):
        named.transform(np.ones((1, 3)))


def test_the_description_names_all_that_was_learned():
    preprocessor = TablePreprocessor(min_category_count=1, dates="number").fit(
        {"t": ["2024-01-01 10:00", "2024-01-03 10:00"], "c": ["x", None], "yes": [True, False]}
    )
    assert preprocessor.describe() == [
        "t    datetime  median 2024-01-02T10:00:00.000000",
        "c    category  1 category: 'x'; missing, unseen; 50 % missing",
        "yes  boolean   median True",
    ]


def test_a_column_without_categories_of_its_own_is_described():
    texts = {"n": [1, 2, 3], "b": ["one", "two", "three"]}
    assert TablePreprocessor().fit(texts).describe()[1] == "b  category  0 categories; rare"


def test_a_median_is_described_as_one_would_write_it():
    # The mean of the two in floating point is 0.0045000000000000005.
    assert TablePreprocessor().fit({"n": [0.001, 0.008]}).describe() == ["n  number    median 0.0045"]


# -- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scaling": "nope"}, "scaling must be one of 'standard'"),
        ({"dates": "nope"}, "dates must be one of 'number', 'cycles', 'ignore'; found 'nope'"),
        ({"extra": 1}, "extra must be one of"),
        ({"min_category_count": 0}, "min_category_count must be a whole number of at least 1; found 0"),
        ({"max_categories": True}, "max_categories must be"),
        ({"category_weight": 0}, "category_weight must be a number above 0 and at most 1e[+]06"),
        ({"category_weight": "1"}, "found '1'"),
        ({"categorical": "n"}, "categorical must be a list of column names; found 'n'"),
        ({"categorical": ["nope"]}, "names columns that are not there: 'nope'; the columns are 'n'"),
    ],
)
def test_unusable_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TablePreprocessor(**settings).fit({"n": [1.0, 2.0]})


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"n": [np.nan, np.nan], "m": [None, None]}, "column 'n': all values missing"),
        ({"m": ["NA", "?"]}, "column 'm': all values missing"),
        ({"n": [1.0, np.inf]}, "row 2, column 'n': found inf, expected a finite number"),
        ({"t": ["2024-01-01 10:00", None], "n": [1.0, -np.inf]}, "row 2, column 'n': found -inf"),
    ],
)
def test_unusable_training_rows_are_refused(columns, message):
    with pytest.raises(DataError, match=message):
        TablePreprocessor().fit(columns)
    with pytest.raises(DataError, match="found 0 sample"):
        TablePreprocessor().fit(pd.DataFrame(columns).iloc[:0])


def test_a_column_declared_a_category_needs_a_value():
    with pytest.raises(DataError, match="column 'n': all values missing"):
        TablePreprocessor(categorical=["n"]).fit({"n": [None, None]})


def test_unusable_rows_are_refused_by_row_and_column():
    preprocessor = TablePreprocessor().fit({"n": [1.0, 2.0], "c": ["a", "b"]})
    for data, message in (
        ({"n": [1.0]}, "columns missing: 'c'; the table has 'n'"),
        ({"n": [1.0], "c": ["a"], "z": [0]}, "not there in training: 'z'; leave them out"),
        ({"n": ["1", "x"], "c": ["a", "a"]}, "row 2, column 'n': found 'x', expected a number"),
        ({"n": [1.0, 2.0, np.inf], "c": ["a"] * 3}, "row 3, column 'n': found inf"),
    ):
        with pytest.raises(DataError, match=message):
            preprocessor.transform(data)
    for method in (preprocessor.inverse_transform, preprocessor.sum_by_column):
        with pytest.raises(DataError, match=r"expected a matrix of \d features; found shape \(1, 9\)"):
            method(np.zeros((1, 9), np.float32))


def test_before_fitting_there_is_nothing_to_do():
    for call in (
        lambda p: p.transform([[1.0]]),
        lambda p: p.describe(),
        lambda p: p.get_state(),
        lambda p: p.inverse_transform(np.zeros((1, 1))),
    ):
        with pytest.raises(NotFittedError, match="has not been fitted; call fit"):
            call(TablePreprocessor())


# -- files -------------------------------------------------------------------------------------


def state():
    return TablePreprocessor().fit({"n": [1.0, None], "c": ["a", "b"]}).get_state()


def test_an_early_state_gives_the_same_features_to_the_last_bit():
    early = json.loads((Path(__file__).parent / "saved" / "first_format.json").read_text())
    arrays = {name: np.array(values, dtype) for name, (dtype, values) in early["arrays"].items()}
    preprocessor = TablePreprocessor.from_state(early["config"], arrays)
    features = preprocessor.transform(early["columns"])
    np.testing.assert_array_equal(features, np.array(early["features"], np.float32))
    assert preprocessor.feature_names_out_ == tuple(early["names"])
    restored = preprocessor.inverse_transform(features)
    for name, cells in early["restored"].items():
        assert [None if cell != cell else cell for cell in restored[name].tolist()] == cells
    assert preprocessor.missing == "median"
    assert np.isnan(preprocessor.missing_fraction_).all()
    assert not preprocessor.fill_values_[[name.startswith("color") for name in preprocessor.feature_names_out_]].any()
    assert "median 0.81; missing values are marked" in preprocessor.describe()[0]
    again, _ = preprocessor.get_state()
    assert {**again, "parameters": early["config"]["parameters"]} == early["config"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c, a: c["parameters"].update(missing="zero"), "missing must be one of 'median', 'nan'; found 'zero'"),
        (lambda c, a: c["columns"][1].update(most_frequent="c"), "'most_frequent' is not one of the categories.*'c'"),
        (lambda c, a: c["columns"][1].update(most_frequent=1), "expected a str 'most_frequent'"),
        (lambda c, a: c["columns"][1].update(levels=True), "the levels of column 'c' are not numbers, or booleans"),
        (lambda c, a: c["columns"][1].update(levels=1), "expected a bool 'levels'"),
        (lambda c, a: a.update(missing_fraction=np.array([0.5, 1.5])), "values from 0 to 1 in 'missing_fraction'"),
        (lambda c, a: a.update(missing_fraction=np.zeros(3)), "expected 2 values in 'missing_fraction'"),
        (lambda c, a: c.pop("parameters"), "'parameters'"),
        (lambda c, a: c["parameters"].update(evil=1), "expected the parameters"),
        (lambda c, a: c["parameters"].update(scaling="nope"), "scaling must be one of"),
        (lambda c, a: c["parameters"].update(max_categories="many"), "max_categories must be"),
        (lambda c, a: c.update(named=1), "expected a bool 'named'"),
        (lambda c, a: c["columns"].append(c["columns"][0]), "column names must be distinct|expected"),
        (lambda c, a: c["columns"].pop(0), "expected"),
        (lambda c, a: c["columns"][0].update(kind="datetime"), "expected 5 values in 'medians'"),
        (lambda c, a: c["columns"][0].update(kind="datetime", date=False), "expected a bool 'weekday'"),
        (lambda c, a: c["columns"][0].update(kind="datetime", date=False, weekday=True), "expected 4 values in"),
        (lambda c, a: c["columns"][0].update(kind="datetime", date=False, weekday=False), "expected 2 values in"),
        (lambda c, a: c["columns"][0].update(kind="datetime", date=0), "expected a bool 'date'"),
        (lambda c, a: c["columns"][0].update(resolution=7), "'number' has no resolution 7"),
        (lambda c, a: c["columns"][0].update(resolution=1.0), "expected a int 'resolution'"),
        (lambda c, a: c["columns"].clear(), "no column makes any features|expected"),
        (lambda c, a: a.pop("medians"), "'medians'"),
        (lambda c, a: a.update(has_missing=np.zeros(1)), "vector of bool"),
        (lambda c, a: a.update({"scaler/center": np.zeros(2), "scaler/scale": np.ones(2)}), "a scaler of 1 columns"),
    ],
)
def test_impossible_states_are_refused(change, message):
    config, arrays = state()
    config = json.loads(json.dumps(config))
    change(config, arrays)
    with pytest.raises(DataError, match=message):
        TablePreprocessor.from_state(config, arrays)


def test_columns_whose_values_are_near_each_other_are_seen_as_swapped():
    rows = np.random.default_rng(0).normal([20.0, 5.0], [2.0, 1.0], (200, 2))
    preprocessor = TablePreprocessor("standard").fit({"a": rows[:, 0], "b": rows[:, 1]})
    with pytest.warns(SwappedColumnsWarning, match="'a' and 'b' seem to be swapped"):
        preprocessor.transform(rows[:, ::-1])
    preprocessor.transform(rows + 4.0)


def test_an_array_with_swapped_columns_after_a_table_is_warned_of():
    rows = np.random.default_rng(0).normal([900.0, 20.0, 0.0], [10.0, 1.0, 1.0], (60, 3))
    preprocessor = TablePreprocessor("core", missing="nan").fit(dict(zip("abc", rows.T, strict=True)))
    plain = preprocessor.transform(rows)  # without a warning
    with pytest.warns(SwappedColumnsWarning, match="'a' and 'b' seem to be swapped"):
        preprocessor.transform(rows[:, [1, 0, 2]])
    assert preprocessor.transform({"b": rows[:, 1], "a": rows[:, 0], "c": rows[:, 2]}).tolist() == plain.tolist()
    preprocessor.transform(rows[:, [1, 0, 2]][:5])  # too few
    preprocessor.transform(rows + np.array([500.0, 500.0, 0.0]))  # far, but from each other too
    preprocessor.transform(rows * np.array([1.0, np.nan, 1.0]))  # a column that is all missing
