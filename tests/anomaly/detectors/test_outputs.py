"""Scores as series of pandas and Polars, with the index of the frame scored."""

import copy
import pickle

import numpy as np
import pytest

from anomaly import ImageDetector, SequenceDetector, TableDetector, load_detector
from anomaly.detectors.base import BaseDetector
from anomaly.preprocessing import StandardScaler
from anomaly.tables import as_table

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

METHODS = {
    "decision_function": "score",
    "score_samples": "score",
    "predict": "is_anomaly",
    "p_values": "p_value",
    "predict_confidence": "confidence",
}


@pytest.fixture(scope="module")
def frame():
    """Return records with an index of dates."""
    values = np.random.default_rng(0).normal(size=(60, 2))
    return pd.DataFrame(values, columns=["a", "b"], index=pd.date_range("2026-01-01", periods=60, name="day"))


@pytest.fixture(scope="module")
def fitted(frame):
    """Return a fitted detector with the default outputs."""
    return TableDetector(hidden=(4,), epochs=1, random_state=0).fit(frame)


def choosing(detector, kind):
    return copy.copy(detector).set_output(transform=kind)


@pytest.mark.parametrize("method", METHODS)
def test_scores_are_series_with_the_index_of_the_frame(frame, fitted, method):
    plain = getattr(fitted, method)(frame[5:9])
    assert type(plain) is np.ndarray
    found = getattr(choosing(fitted, "pandas"), method)(frame[5:9])
    pd.testing.assert_series_equal(found, pd.Series(plain, index=frame.index[5:9], name=METHODS[method]))
    found = getattr(choosing(fitted, "polars"), method)(pl.from_pandas(frame[5:9]))
    assert isinstance(found, pl.Series)
    assert (found.name, found.to_list()) == (METHODS[method], plain.tolist())
    assert type(getattr(choosing(fitted, "default"), method)(frame)) is np.ndarray


def test_probabilities_are_a_frame_with_a_column_for_each_class(frame, fitted):
    plain = fitted.predict_proba(frame[:3])
    found = choosing(fitted, "pandas").predict_proba(frame[:3])
    pd.testing.assert_frame_equal(found, pd.DataFrame(plain, columns=["normal", "anomaly"], index=frame.index[:3]))
    found = choosing(fitted, "polars").predict_proba(frame[:3])
    assert found.columns == ["normal", "anomaly"]
    np.testing.assert_array_equal(found.to_numpy(), plain)


def test_contributions_are_a_frame_with_the_columns_of_the_data(frame, fitted):
    plain = fitted.explain(frame[5:9])
    found = choosing(fitted, "pandas").explain(frame[5:9])
    pd.testing.assert_frame_equal(found, pd.DataFrame(plain, columns=["a", "b"], index=frame.index[5:9]))
    found = choosing(fitted, "polars").explain(pl.from_pandas(frame[5:9]))
    assert found.columns == ["a", "b"]
    np.testing.assert_array_equal(found.to_numpy(), plain)
    assert choosing(fitted, "pandas").explain(frame.to_numpy()[:3]).columns.tolist() == ["a", "b"]


def test_contributions_of_pixels_are_an_array():
    images = np.random.default_rng(0).random((30, 4, 4))
    detector = ImageDetector(epochs=1, random_state=0).fit(images).set_output(transform="pandas")
    assert detector.explain(images).shape == (30, 4, 4)


def test_other_rows_have_the_index_of_their_order(frame, fitted):
    assert choosing(fitted, "pandas").predict(frame.to_numpy()[:3]).index.tolist() == [0, 1, 2]
    assert type(choosing(fitted, "pandas").predict(as_table(frame))) is np.ndarray


def test_what_a_detector_does_with_its_scores_is_as_before(frame, fitted, tmp_path):
    detector = choosing(fitted, "pandas")
    assert detector.score(frame) == fitted.score(frame)
    assert type(detector.stream().push(frame)) is np.ndarray
    assert detector.report(frame, tmp_path / "one.html") == fitted.report(frame, tmp_path / "two.html")
    np.testing.assert_array_equal(detector.plot_data(frame).contributions, fitted.plot_data(frame).contributions)
    assert detector.drift(frame).drifted == fitted.drift(frame).drifted
    again = copy.copy(detector).fit(frame)
    np.testing.assert_array_equal(again.decision_scores_, fitted.decision_scores_)
    assert isinstance(again.fit_predict(frame), pd.Series)


def test_the_choice_is_kept_by_clones_and_copies_and_not_by_files(frame, fitted, tmp_path):
    base = pytest.importorskip("sklearn.base")
    detector = choosing(fitted, "pandas")
    for again in (copy.deepcopy(detector), pickle.loads(pickle.dumps(detector)), base.clone(detector).fit(frame)):
        assert isinstance(again.predict(frame), pd.Series)
    detector.save(tmp_path / "m.npz")
    assert type(load_detector(tmp_path / "m.npz").predict(frame)) is np.ndarray
    scaler = base.clone(StandardScaler().set_output(transform="polars"))
    assert isinstance(scaler.fit_transform(frame), pl.DataFrame)


@pytest.mark.filterwarnings("ignore::anomaly.errors.FewRecordsWarning")
def test_steps_of_several_series(frame):
    detector = SequenceDetector(window=4, epochs=1, random_state=0).fit(frame)
    plain = detector.decision_function([frame[:20], frame[20:]])
    found = detector.set_output(transform="pandas").decision_function([frame[:20], frame[20:]])
    for one, scores, part in zip(found, plain, (frame[:20], frame[20:]), strict=True):
        pd.testing.assert_series_equal(one, pd.Series(scores, index=part.index, name="score"))
    assert detector.predict(frame).index.equals(frame.index)
    contributions = detector.explain(frame)
    assert (contributions.columns.tolist(), contributions.index.equals(frame.index)) == (["a", "b"], True)
    assert len(detector.find_events(frame)) >= 0


def test_a_choice_that_is_none(fitted):
    assert fitted.set_output() is fitted
    assert isinstance(fitted, BaseDetector)
    with pytest.raises(ValueError, match="transform must be"):
        fitted.set_output(transform="csv")
