"""Features of series: segments, gaps and missing samples."""

import numpy as np
import pandas as pd
import pytest

from anomaly.errors import DataError, EmptyColumnWarning
from anomaly.preprocessing.series import SeriesPreprocessor, missing_cells
from anomaly.tables.series import as_series


def fitted(data, **settings):
    return SeriesPreprocessor(**{"scaling": "none", **settings}).fit([as_series(data)])


def read(preprocessor, *pieces):
    reader = preprocessor.reader()
    return [segment for piece in pieces for segment in reader.read(as_series(piece))]


def test_missing_samples_are_forward_filled_over_chunks():
    preprocessor = fitted({"x": [1.0, 2.0, 3.0]})
    first, second = read(preprocessor, {"x": [1.0, np.nan]}, {"x": [np.nan, 5.0]})
    assert first.features[:, 0].tolist() == [1.0, 1.0]
    assert second.features[:, 0].tolist() == [1.0, 5.0]
    assert second.missing[:, 0].tolist() == [True, False]
    assert (first.continues, second.continues) == (False, True)


def test_missing_text_and_categories_are_forward_filled():
    preprocessor = fitted({"x": ["1", "2", "2"], "mode": ["run", "idle", "run"]})
    (segment,) = read(preprocessor, {"x": ["1", "NA", None], "mode": ["idle", "", None]})
    assert segment.features[:, 0].tolist() == [1.0, 1.0, 1.0]
    assert (segment.features[1:] == segment.features[0]).all()
    assert segment.missing[1:].all()


def test_gaps_end_the_forward_fill():
    data = {"t": [0.0, 1, 2, 3, 20, 21], "x": [1.0, 2, 3, 4, np.nan, 6]}
    preprocessor = fitted(data, time="t", gap=5.0)
    first, second = read(preprocessor, data)
    assert (len(first.features), len(second.features)) == (4, 2)
    assert second.features[0, 0] != 4.0
    assert not second.continues
    assert preprocessor.step_ == 1.0


def test_a_gap_between_chunks_begins_a_segment():
    preprocessor = fitted({"t": [0.0, 1, 2], "x": [1.0, 2, 3]}, time="t")
    _, second = read(preprocessor, {"t": [0.0, 1], "x": [1.0, 2]}, {"t": [50.0], "x": [1.0]})
    assert not second.continues


@pytest.mark.parametrize(
    "times",
    [
        ["2024-01-01 00:00", "2024-01-01 00:01", "2024-01-01 00:02", "2024-01-01 09:00"],
        np.array(["2024-01-01T00:00", "2024-01-01T00:01", "2024-01-01T00:02", "2024-01-01T09:00"], "M8[s]"),
        pd.to_datetime(["2024-01-01 00:00", "2024-01-01 00:01", "2024-01-01 00:02", "2024-01-01 09:00"]),
        [0, 1, 2, 540],
        ["0", "1", "2", "540"],
    ],
)
def test_times_of_every_kind(times):
    data = pd.DataFrame({"t": times, "x": [1.0, 2.0, 3.0, 4.0]})
    assert [len(segment.features) for segment in read(fitted(data, time="t"), data)] == [3, 1]


def test_columns_of_dates_are_ignored():
    data = {"when": ["2024-01-01", "2024-01-02"], "x": [1.0, 2.0]}
    assert fitted(data).columns_.feature_names_out_ == ("x",)


def test_states_are_restored_and_validated():
    data = {"t": [0.0, 1, 2], "x": [1.0, 2, 3]}
    config, arrays = fitted(data, time="t").get_state()
    again = SeriesPreprocessor.from_state(config, arrays)
    np.testing.assert_array_equal(read(again, data)[0].features, read(fitted(data, time="t"), data)[0].features)
    for change in ({"step": 0.0}, {"gap": None}, {"clock": None}, {"columns": None}):
        with pytest.raises(DataError):
            SeriesPreprocessor.from_state({**config, **change}, arrays)


def test_a_sensor_without_values_is_left_out():
    with pytest.warns(EmptyColumnWarning, match="all values missing in the training rows.*: 'x'"):
        preprocessor = fitted({"x": [np.nan, np.nan], "y": [1.0, 2.0]})
    assert preprocessor.columns_.feature_names_out_ == ("y",)
    with pytest.raises(DataError, match="'x'.*all values missing"):
        fitted({"x": [np.nan, np.nan]})


def test_missing_cells_of_every_kind():
    assert missing_cells(np.array([1.0, np.nan])).tolist() == [False, True]
    assert missing_cells(np.array(["2024-01-01", "NaT"], "M8[D]")).tolist() == [False, True]
    assert missing_cells(np.array([True, False])).tolist() == [False, False]
