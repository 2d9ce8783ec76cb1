import datetime as dt
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

from anomaly.errors import DataError
from anomaly.tables import as_table
from anomaly.tables.frames import declares_categories, frame_matrix, is_frame, is_series, series_as_column
from anomaly.tables.table import concatenate

NOW = dt.datetime(2020, 1, 1, 12)
UTC = dt.timezone.utc
NOON = ["2020-01-01T12:00:00", "NaT"]


def datetimes(column):
    return column.astype("M8[s]").astype(str).tolist()


@pytest.mark.parametrize("library", [pd, pl])
def test_frames_and_series_are_recognised(library):
    frame = library.DataFrame({"a": [1]})
    assert is_frame(frame)
    assert not is_series(frame)
    assert is_series(frame["a"])
    assert not is_frame(frame["a"])


@pytest.mark.parametrize("data", [np.zeros((2, 2)), [[1]], {"a": [1]}, "a", None])
def test_other_objects_are_neither_frames_nor_series(data):
    assert not is_frame(data)
    assert not is_series(data)


@pytest.mark.parametrize("library", [pd, pl])
def test_frames_of_numbers_are_one_matrix(library):
    matrix = frame_matrix(library.DataFrame({"a": [1, 2], "b": [0.5, float("nan")]}))
    np.testing.assert_array_equal(matrix, [[1, 0.5], [2, np.nan]])


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1], "b": ["x"]}),
        pd.DataFrame({"a": [1], "b": [True]}),
        pd.DataFrame({"a": pd.array([1], dtype="Int64")}),
        pl.DataFrame({"a": [1], "b": ["x"]}),
        pl.DataFrame({"a": [1], "b": [True]}),
        pl.DataFrame({"a": pl.Series(["1.5"]).cast(pl.Decimal(10, 2))}),
    ],
)
def test_other_frames_are_not(frame):
    assert frame_matrix(frame) is None


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (pd.Series([1, None], dtype="Int64"), [1.0, np.nan]),
        (pd.Series([1, None], dtype="UInt8"), [1.0, np.nan]),
        (pd.Series([1.5, None], dtype="Float32"), [1.5, np.nan]),
        (pd.Series([True, None], dtype="boolean"), [1.0, np.nan]),
        (pd.Series(pd.to_timedelta(["1D", None])), [86400.0, np.nan]),
        (pd.Series(pd.arrays.SparseArray([0.0, 1.0])), [0.0, 1.0]),
        (pd.Series([1, pd.NA, pd.NaT], dtype=object), [1.0, np.nan, np.nan]),
        (pl.Series([1, None]), [1.0, np.nan]),
        (pl.Series([1.5, None]), [1.5, np.nan]),
        (pl.Series([True, None]), [1.0, np.nan]),
        (pl.Series([dt.timedelta(days=1), None]), [86400.0, np.nan]),
        (pl.Series(["1.5", None]).cast(pl.Decimal(10, 2)), [1.5, np.nan]),
    ],
)
def test_numbers_of_every_dtype_become_float64(series, expected):
    column = series_as_column(series, "a")
    assert column.dtype == np.float64
    np.testing.assert_array_equal(column, expected)


@pytest.mark.parametrize("series", [pd.Series([True, False]), pd.Series([True, False], dtype="boolean")])
def test_complete_booleans_stay_booleans(series):
    assert series_as_column(series, "a").dtype == np.bool_


@pytest.mark.parametrize(
    "series",
    [
        pd.Series(["a", None]),
        pd.Series(["a", None], dtype="string"),
        pd.Series(["a", None], dtype=object),
        pd.Series(["a", None], dtype="category"),
        pl.Series(["a", None]),
        pl.Series(["a", None], dtype=pl.Categorical),
        pl.Series(["a", None], dtype=pl.Enum(["a"])),
    ],
)
def test_text_of_every_dtype_becomes_text(series):
    assert series_as_column(series, "a").tolist() == ["a", None]


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([NOW, None]),
        pd.Series([NOW, None]).astype("datetime64[ns]"),
        pd.Series([NOW.replace(tzinfo=UTC), None]),
        pd.Series([NOW, None]).dt.tz_localize("Europe/Paris").dt.tz_convert("Asia/Tokyo") + pd.Timedelta(hours=1),
        pd.Series([pd.Timestamp(NOW), None], dtype=object),
        pl.Series([NOW, None]),
        pl.Series([NOW.replace(tzinfo=UTC), None]),
    ],
)
def test_datetimes_of_every_dtype_are_converted_to_utc(series):
    assert datetimes(series_as_column(series, "a")) == NOON


def test_calendar_days_become_datetimes():
    assert datetimes(series_as_column(pl.Series([dt.date(2020, 1, 1), None]), "a")) == ["2020-01-01T00:00:00", "NaT"]


def test_periods_become_text():
    assert series_as_column(pd.Series(pd.period_range("2020", periods=1, freq="M")), "a").tolist() == ["2020-01"]


@pytest.mark.parametrize("series", [pl.Series([[1], [2]]), pd.Series([[1], [2]])])
def test_lists_in_cells_are_refused_by_name(series):
    with pytest.raises(DataError, match="row 1, column 'a': found a"):
        series_as_column(series, "a")


class ArrowDtype:
    """What pandas' Arrow-backed dtypes look like; Arrow itself is a large installation."""

    def __init__(self, kind):
        self.kind = kind


class ArrowSeries:
    name = "a"

    def __init__(self, kind, values):
        self.dtype, self.values = ArrowDtype(kind), values

    def to_numpy(self, dtype=None, na_value=None):
        return np.array([na_value if v is None else v for v in self.values], dtype=dtype)


def test_series_backed_by_arrow_are_read_through_to_numpy():
    assert series_as_column(ArrowSeries("i", [1, 2]), "a").tolist() == [1.0, 2.0]
    np.testing.assert_array_equal(series_as_column(ArrowSeries("f", [1, None]), "a"), [1.0, np.nan])
    assert datetimes(series_as_column(ArrowSeries("M", [np.datetime64(NOW), np.datetime64("NaT", "s")]), "a")) == NOON
    assert series_as_column(ArrowSeries("O", ["x", "y"]), "a").tolist() == ["x", "y"]


@pytest.mark.parametrize(
    ("dtype", "declared"),
    [
        (pd.CategoricalDtype(), True),
        (pl.Categorical(), True),
        (pl.Enum(["a"]), True),
        (np.dtype("int64"), False),
        (pd.StringDtype(), False),
        (pl.String(), False),
    ],
)
def test_categorical_dtypes_declare_categories(dtype, declared):
    assert declares_categories(dtype) is declared


def test_frames_become_tables_with_their_names():
    frame = pd.DataFrame({"n": [1, 2], "t": ["a", "b"], "c": pd.Categorical([7, 8]), 3: [True, False]})
    table = as_table(frame)
    assert table.names == ("n", "t", "c", "3")
    assert [column.dtype.kind for column in table.columns] == ["f", "O", "f", "b"]
    assert table.categorical == {"c"}
    assert table.named
    assert table.matrix is None


def test_polars_frames_become_tables_with_their_names():
    table = as_table(pl.DataFrame({"n": [1, None], "t": ["a", None]}))
    assert table.names == ("n", "t")
    np.testing.assert_array_equal(table["n"], [1.0, np.nan])
    assert table["t"].tolist() == ["a", None]


@pytest.mark.parametrize("frame", [pd.DataFrame({"a": [1.0]}), pl.DataFrame({"a": [1.0]})])
def test_a_single_series_is_refused(frame):
    with pytest.raises(DataError, match=r"found one column \(Series 'a'\)"):
        as_table(frame["a"])


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"a": []}), r"0 sample\(s\) \(shape=\(0, 1\)\)"),
        (pl.DataFrame({"a": []}), r"0 sample\(s\)"),
        (pd.DataFrame(index=[0, 1]), r"0 feature\(s\) \(shape=\(2, 0\)\)"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "more than once: 'a'"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), "more than once: '1'"),
    ],
)
def test_invalid_frames_are_refused(frame, message):
    with pytest.raises(DataError, match=message):
        as_table(frame)


class Relation:
    """Stands for a relation of DuckDB: a query that gives masked arrays."""

    columns = ("a", "b")

    def fetchnumpy(self):
        return {"a": np.ma.masked_array([1.0, 2.0], [False, True]), "b": np.array(["x", None], dtype=object)}


class Query:
    """Stands for a query whose collect() gives rows."""

    columns = ("a", "b")

    def collect(self):
        return [(1, "x"), (2, None)]


class Capsule:
    """Exports Arrow's C stream, and nothing else."""

    def __init__(self, frame):
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema=None):
        return self._frame.__arrow_c_stream__(requested_schema)


def frames_of_every_library():
    nw = pytest.importorskip("narwhals")
    frame = pl.DataFrame({"a": [1.0, None], "b": ["x", None]})
    pandas = pd.DataFrame({"a": [1.0, None], "b": ["x", None]})
    return [
        frame.lazy(),
        nw.from_native(frame),
        nw.from_native(frame.lazy()),
        nw.from_native(pandas),
        Capsule(frame),
        Relation(),
    ]


@pytest.mark.parametrize("index", range(6))
def test_queries_are_collected_and_frames_of_every_library_are_tables(index):
    table = as_table(frames_of_every_library()[index])
    assert table.names == ("a", "b")
    np.testing.assert_array_equal(table["a"], [1.0, np.nan])
    assert table["b"].tolist() == ["x", None]


def test_what_cannot_be_collected_is_refused_naming_collect(monkeypatch):
    with pytest.raises(DataError, match=r"a query whose collect\(\) gives list: make it a data frame first"):
        as_table(Query())
    for library in ("polars", "pyarrow"):
        monkeypatch.delitem(sys.modules, library, raising=False)
    with pytest.raises(DataError, match="found Capsule, which exports Arrow data: import polars or pyarrow"):
        as_table(Capsule(None))


@pytest.mark.parametrize("library", ["pandas", "pandas with Arrow", "pandas, fixed offset", "polars"])
def test_hours_of_a_column_with_a_zone_are_those_of_its_clocks(library):
    from anomaly.preprocessing import TablePreprocessor

    utc = np.datetime64("2024-01-01T00:00") + 60 * np.arange(24 * 300).astype("m8[m]")
    zone = "Europe/Berlin"
    if library == "polars":
        column = pl.Series(utc.astype("M8[us]")).dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
        frame = pl.DataFrame({"at": column, "x": np.arange(len(utc)) % 7.5})
    else:
        column = pd.Series(utc.astype("M8[ns]")).dt.tz_localize("UTC")
        column = column.dt.tz_convert(dt.timezone(dt.timedelta(hours=1)) if "fixed" in library else zone)
        if "Arrow" in library:
            pytest.importorskip("pyarrow")
            column = column.astype("timestamp[ns, tz=Europe/Berlin][pyarrow]")
        frame = pd.DataFrame({"at": column, "x": np.arange(len(utc)) % 7.5})
    table = as_table(frame)
    preprocessor = TablePreprocessor("none", missing="nan").fit(table)
    summer, winter = 24 * 200 + 6, 24 * 10 + 7  # eight o'clock in Berlin
    hours = preprocessor.transform(concatenate([table.rows([summer]), table.rows([winter])]))[:, :2]
    written = preprocessor.transform({"at": ["2024-03-01T08:00"], "x": [1.0]})[:, :2]
    summers = preprocessor.transform({"at": ["2024-03-01T07:00"], "x": [1.0]})[:, :2] if "fixed" in library else written
    np.testing.assert_allclose(hours, np.concatenate([summers, written]), atol=1e-6)
    assert datetimes(table["at"][:1]) == ["2024-01-01T00:00:00"]  # a series keeps the order of UTC


@pytest.mark.parametrize("library", [pd, pl])
def test_frames_in_groups_are_refused(library):
    frame = library.DataFrame({"a": [1, 2, 1], "b": [1.0, 2.0, 3.0]})
    groups = frame.groupby("a") if library is pd else frame.group_by("a")
    with pytest.raises(DataError, match="frame in groups" if library is pd else "expected"):
        as_table(groups)
