"""The interface that detectors of records and of series share."""

import numpy as np
import pytest

from anomaly import NotFittedError, SequenceDetector, TableDetector, VariationalDetector
from anomaly.tables import as_table
from tests.anomaly.detectors.waves import ALONE

LABELS = np.array([0, 0, 1, -1, 0, 0])
X = np.random.default_rng(0).normal(size=(200, 3))
NAMED = as_table({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2]})


@pytest.fixture(scope="module")
def records():
    return TableDetector(hidden=(8,), epochs=2, random_state=0).fit(NAMED)


@pytest.fixture(scope="module")
def series():
    return SequenceDetector(window=8, hidden=(8,), epochs=1, random_state=0, **ALONE).fit(NAMED)


def test_training_records_are_normal_or_labelled():
    table = as_table(np.arange(6.0)[:, np.newaxis])
    rows, y = TableDetector.training_rows(table, LABELS)
    assert rows.columns[0].tolist() == [0, 1, 4, 5]
    assert y is None
    rows, y = TableDetector.training_rows(table, LABELS, keep_labels=True)
    assert rows.columns[0].tolist() == [0, 1, 2, 4, 5]
    assert y.tolist() == [0, 0, 1, 0, 0]


def test_training_steps_are_segments():
    table = as_table(np.arange(6.0)[:, np.newaxis])
    segments, y = SequenceDetector.training_rows(table, LABELS)
    assert [segment.columns[0].tolist() for segment in segments] == [[0, 1], [4, 5]]
    assert y is None
    segments, y = SequenceDetector.training_rows(table, LABELS, keep_labels=True)
    assert [segment.columns[0].tolist() for segment in segments] == [[0, 1, 2], [4, 5]]
    assert [labels.tolist() for labels in y] == [[0, 0, 1], [0, 0]]


@pytest.mark.parametrize("kind", ["records", "series"])
def test_a_stream_gives_the_scores_and_contributions_of_the_whole(kind, request):
    detector = request.getfixturevalue(kind)
    chunks = [NAMED.rows(slice(0, 70)), NAMED.rows(slice(70, 71)), NAMED.rows(slice(71, 200))]
    stream = detector.stream()
    scores = np.concatenate([*map(stream.push, chunks), stream.finish()])
    np.testing.assert_allclose(scores, detector.decision_function(NAMED), rtol=1e-5)
    stream = detector.stream()
    contributions = np.concatenate([*map(stream.push_parts, chunks), stream.finish_parts()])
    np.testing.assert_allclose(contributions, detector.explain(NAMED), rtol=1e-4, atol=1e-8)


def test_required_columns_include_the_timestamps(records, series):
    assert records.required_columns_ == series.required_columns_ == ["a", "b", "c"]
    timed = as_table({"t": np.arange(200.0), "a": X[:, 0]})
    detector = SequenceDetector(window=8, hidden=(8,), epochs=1, time="t", random_state=0, **ALONE).fit(timed)
    assert detector.required_columns_ == ["a", "t"]


def test_plot_data_of_records(records):
    data = records.plot_data(NAMED)
    np.testing.assert_array_equal(data.contributions, records.explain(NAMED))
    np.testing.assert_array_equal(data.codes, records.encode(NAMED.rows(data.sample)))
    assert (data.names, data.threshold) == (["a", "b", "c"], records.threshold_)


def test_plot_data_of_series(series):
    data = series.plot_data(NAMED)
    np.testing.assert_allclose(data.values, X, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(data.expected[:, 1], series.reconstruct(NAMED)["b"])
    np.testing.assert_array_equal(data.scores, series.decision_function(NAMED))
    assert data.time is None


@pytest.mark.parametrize("kind", ["records", "series"])
def test_a_description_has_settings_columns_and_network(kind, request):
    detector = request.getfixturevalue(kind)
    text = detector.describe()
    unit = "records" if kind == "records" else "steps"
    assert text.startswith(f"{type(detector).__name__}, fitted on 200 {unit} with 3 columns\nthreshold ")
    assert "\n\nsettings\n  " in text
    assert "\n  hidden = (8,)\n" in text
    assert text.index("\n\nsettings\n") < text.index("\n\ncolumns\n") < text.index("\n\nnetwork\n")


@pytest.mark.parametrize("make", [TableDetector, SequenceDetector, VariationalDetector])
def test_a_detector_that_is_not_fitted_has_no_description_and_no_stream(make):
    for method in ("describe", "stream"):
        with pytest.raises(NotFittedError, match="has not been fitted"):
            getattr(make(), method)()


def test_drift_of_chunks_is_that_of_the_whole(records):
    chunks = (NAMED.rows(slice(start, start + 30)) for start in range(0, 200, 30))
    assert records.drift(chunks) == records.drift(NAMED)
