"""Detectors without their records: what stays in the file, what they can still do, and how well they score."""

import io
import warnings
import zipfile

import numpy as np
import pytest

from anomaly import AutoencoderDetector, TableDetector, load_detector
from anomaly.datasets import make_sensors
from anomaly.detectors.table.files import RECORDS
from anomaly.detectors.table.held_out import rescaled_threshold
from anomaly.metrics import roc_auc_score
from nnlite.archive import FileFormatError, dump_archive, read_archive

QUICK = {"hidden": (32,), "epochs": 60, "random_state": 0}
LESS = RECORDS[1:]


@pytest.fixture(scope="module")
def sensors():
    train, test = make_sensors(n_records=1000, random_state=0).split(test_size=0.5, random_state=0)
    return train.rows(train.labels == 0).columns, test.columns, test.labels


@pytest.fixture(scope="module")
def detector(sensors):
    return TableDetector(**QUICK).fit(sensors[0])


def arrays_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: np.load(io.BytesIO(archive.read(name))) for name in archive.namelist() if name.endswith(".npy")}


def cells_in(arrays, x):
    """Return how many records are rows of an array of a file, but for their missing cells."""
    found = 0
    for array in arrays.values():
        if array.dtype.kind == "f" and array.ndim == 2 and array.shape[1] == x.shape[1]:
            found += (np.nanmax(np.abs(array[:, np.newaxis] - x), axis=2) < 1e-4).any(axis=0).sum()
    return found


@pytest.mark.parametrize("records", LESS)
def test_no_record_is_in_the_file(detector, sensors, tmp_path, records):
    x = detector.preprocessor_.transform(sensors[0])
    detector.save(tmp_path / "all.npz")
    detector.save(tmp_path / "less.npz", records=records)
    assert cells_in(arrays_of(tmp_path / "all.npz"), x) >= len(x)
    arrays = arrays_of(tmp_path / "less.npz")
    assert cells_in(arrays, x) == 0
    assert not [name for name in arrays if "optimizer" in name], "gradients of the last records"
    scores = arrays["decision_scores.npy"]
    assert (np.diff(scores) >= 0).all(), "the order of the records"


@pytest.mark.parametrize("records", LESS)
def test_saving_changes_nothing_but_the_file(detector, sensors, tmp_path, records):
    before = detector.decision_function(sensors[1])
    detector.save(tmp_path / "less.npz", records=records)
    assert detector.records_ == "all"
    np.testing.assert_array_equal(detector.decision_function(sensors[1]), before)
    detector.partial_fit  # noqa: B018 - still there
    detector.drift(sensors[1])


@pytest.mark.parametrize("records", RECORDS)
def test_the_file_holds_the_detector_that_keep_records_returns(detector, sensors, tmp_path, records):
    kept = detector.keep_records(records)
    detector.save(tmp_path / "m.npz", records=records)
    loaded = load_detector(tmp_path / "m.npz")
    assert loaded.records_ == kept.records_ == records
    assert loaded.threshold_ == kept.threshold_
    assert loaded.get_params() == detector.get_params()
    assert loaded.records_seen_ == detector.records_seen_
    for method in ("decision_function", "explain", "predict", "p_values"):
        np.testing.assert_array_equal(getattr(loaded, method)(sensors[1]), getattr(kept, method)(sensors[1]))
    loaded.save(tmp_path / "again.npz", records=records)
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()


@pytest.mark.parametrize(("records", "loss"), [("prototypes", 0.02), ("none", 0.12)])
def test_scores_stay_useful(detector, sensors, records, loss):
    _, test, labels = sensors
    kept = detector.keep_records(records)
    assert roc_auc_score(labels, kept.decision_function(test)) > (
        roc_auc_score(labels, detector.decision_function(test)) - loss
    )
    assert 0.5 < np.median(kept.decision_function(test)) < 1.5, "about 1 is a normal record"
    np.testing.assert_allclose(kept.explain(test).sum(axis=1), kept.decision_function(test))
    assert kept.expected(test).names == detector.expected(test).names


def test_a_faulty_column_is_told_by_prototypes():
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(500, 1)), 3, axis=1) + 0.1 * rng.normal(size=(500, 3))
    kept = TableDetector(**QUICK).fit(x).keep_records("prototypes")
    found = np.array([[1.5, 1.5, -1.5], [-1.0, 1.5, -1.0]])
    assert kept.explain(found).argmax(axis=1).tolist() == [2, 1]
    expected = kept.expected(found)
    assert 1 < expected["x2"][0] < 2
    assert -1.5 < expected["x1"][1] < -0.5


def test_training_records_score_by_prototypes_as_fresh_ones_do():
    rng = np.random.default_rng(0)
    train, fresh = rng.normal(size=(1000, 6)), rng.normal(size=(4000, 6))
    kept = TableDetector(neighbors_share=1.0, forest_share=0.0, **QUICK).fit(train).keep_records("prototypes")
    for level in (0.5, 0.9, 0.98):
        ratio = np.quantile(kept.decision_scores_, level) / np.quantile(kept.decision_function(fresh), level)
        assert 0.95 < ratio < 1.1
    member = kept.ensemble_.comparison
    means = [np.median(member.scores(np.float32(x))) for x in (kept.preprocessor_.transform(train), fresh)]
    assert means[0] < 0.95 * means[1], "those that the means are made of are nearer to them"


def test_without_records_it_is_a_detector_of_networks_alone():
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(300, 4)), rng.normal(0, 2, size=(100, 4))
    kept = TableDetector(**QUICK).fit(train).keep_records("none")
    alone = TableDetector(neighbors=0, **QUICK).fit(train)
    np.testing.assert_array_equal(kept.decision_function(test), alone.decision_function(test))
    np.testing.assert_array_equal(kept.explain(test), alone.explain(test))
    assert kept.threshold_ == alone.threshold_
    assert alone.records_ == "none"


@pytest.mark.parametrize("missing", [0.1, 0.5])
def test_missing_cells_are_filled_from_prototypes(missing, tmp_path):
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(600, 1)), 4, axis=1) + 0.1 * rng.normal(size=(600, 4))
    x[rng.random(x.shape) < missing] = np.nan
    detector = TableDetector(**QUICK).fit(x[:300])
    kept = detector.keep_records("prototypes")
    means = kept.ensemble_.comparison.records
    assert np.isfinite(means).all()
    np.testing.assert_array_equal(kept.ensemble_.imputer.donors, means)
    kept.save(tmp_path / "m.npz")
    # Two cells may well be near those of a mean.
    most = x[:300][np.isnan(x[:300]).sum(axis=1) <= 1]
    assert cells_in(arrays_of(tmp_path / "m.npz"), detector.preprocessor_.transform(most)) == 0
    np.testing.assert_array_equal(load_detector(tmp_path / "m.npz").decision_function(x), kept.decision_function(x))
    hole = np.array([[2.0, np.nan, 2.0, 2.0]])
    filled = kept.ensemble_.complete(kept.preprocessor_.transform(hole))[0][0]
    assert filled[kept.preprocessor_.feature_names_out_.index("x1")] > 1.0, (
        "not the median, but as records like it have it"
    )
    assert kept.predict(x[300:]).mean() < 0.06


@pytest.mark.parametrize("records", LESS)
def test_what_needs_records_says_so(detector, sensors, records):
    kept = detector.keep_records(records)
    for method in (kept.partial_fit, kept.drift):
        with pytest.raises(ValueError, match=r"needs remembered records, .* saved without them \(records='prototypes'"):
            method(sensors[1])
    with pytest.raises(ValueError, match="needs normal records"):
        kept.learn_labels({name: cells[:3] for name, cells in sensors[1].items()}, np.ones(3))
    anew = kept.fit(sensors[0])
    assert anew.records_ == "all"
    np.testing.assert_array_equal(anew.decision_scores_, detector.decision_scores_)


def test_prototypes_give_no_networks_alone(detector):
    with pytest.raises(ValueError, match="records='none' needs remembered records"):
        detector.keep_records("prototypes").keep_records("none")
    assert detector.keep_records("none").keep_records("prototypes").records_ == "none"


@pytest.mark.parametrize(("records", "most_lost"), [("prototypes", 0.03), ("none", 0.13)])
def test_weights_from_labels_are_kept(sensors, records, most_lost, tmp_path):
    train, test, labels = sensors
    detector = TableDetector(**QUICK).fit(train)
    known = {name: cells[:250] for name, cells in test.items()}
    detector.learn_labels(known, labels[:250])
    kept = detector.keep_records(records)
    np.testing.assert_array_equal(kept.column_weights_, detector.column_weights_)
    assert kept.member_shares_.sum() == pytest.approx(1)
    loss = roc_auc_score(labels, detector.decision_function(test)) - roc_auc_score(labels, kept.decision_function(test))
    assert loss < most_lost
    assert kept.predict(train).mean() < 0.08
    kept.save(tmp_path / "m.npz")
    np.testing.assert_array_equal(
        load_detector(tmp_path / "m.npz").decision_function(test), kept.decision_function(test)
    )
    assert kept.learn_labels(known, labels[:250]).records_ == records


def test_a_false_alarm_rate_holds_with_prototypes_and_is_refused_without_records():
    rng = np.random.default_rng(0)
    detector = TableDetector(false_alarm_rate=0.05, **QUICK).fit(rng.normal(size=(400, 4)))
    fresh = rng.normal(size=(4000, 4))
    kept = detector.keep_records("prototypes")
    assert 0.02 < detector.predict(fresh).mean() < 0.08
    assert 0.02 < kept.predict(fresh).mean() < 0.08
    assert 0.02 < (kept.p_values(fresh) <= 0.05).mean() < 0.08
    with pytest.raises(ValueError, match="records='none' cannot keep a false_alarm_rate.*neighbors=0"):
        detector.keep_records("none")


@pytest.mark.parametrize("records", LESS)
def test_thresholds_that_records_cannot_determine_are_carried_over(records):
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(380, 3)), rng.normal(0, 6, size=(20, 3))])
    y = np.r_[np.zeros(380), np.ones(20)]
    fresh = rng.normal(size=(2000, 3))
    for arguments in ({"contamination": 0.05}, {"threshold": "best_f1"}):
        detector = TableDetector(**QUICK, **arguments).fit(x, y)
        kept = detector.keep_records(records)
        assert abs(kept.predict(fresh).mean() - detector.predict(fresh).mean()) < 0.05
    assert TableDetector(**QUICK, threshold=2.5, trim=0.1).fit(x).keep_records(records).threshold_ == 2.5


def test_a_threshold_is_exceeded_by_as_many():
    rng = np.random.default_rng(0)
    before = rng.lognormal(size=500)
    after = before**0.5
    for threshold in np.quantile(before, [0.0, 0.3, 0.9, 1.0]):
        found = rescaled_threshold(threshold, before, after)
        assert (after > found).sum() == (before > threshold).sum()
    assert rescaled_threshold(2 * before.max(), before, 3 * before) == pytest.approx(6 * before.max())
    assert rescaled_threshold(1.0, np.zeros(3), np.ones(3)) == 1.0


def test_few_records_make_no_prototypes():
    x = np.random.default_rng(0).normal(size=(20, 2))
    detector = TableDetector(**QUICK).fit(x[:19])
    with pytest.raises(ValueError, match="at least 20 remembered records.*found 19. Use records='none'"):
        detector.keep_records("prototypes")
    assert len(TableDetector(**QUICK).fit(x).keep_records("prototypes").ensemble_.comparison.records) == 4


def test_invalid_requests(detector, tmp_path):
    with pytest.raises(ValueError, match="records must be one of 'all', 'prototypes', 'none'; found 'some'"):
        detector.save(tmp_path / "m.npz", records="some")
    with pytest.raises(ValueError, match="has not been fitted"):
        TableDetector().keep_records("none")


def test_a_file_that_names_other_records_is_refused(detector, tmp_path):
    detector.save(tmp_path / "m.npz", records="prototypes")
    config, arrays = read_archive(tmp_path / "m.npz", "detector")
    for other in ("all", "none", "some"):
        (tmp_path / "other.npz").write_bytes(dump_archive("detector", {**config, "records": other}, arrays))
        with pytest.raises(FileFormatError):
            load_detector(tmp_path / "other.npz")


def test_the_description_says_what_is_held(detector, sensors):
    assert "holds 475 of the training records, whose values can be computed from the file" in detector.describe()
    kept = detector.keep_records("prototypes")
    assert (
        f"holds no training records, but {len(kept.ensemble_.comparison.records)} means of at least 5"
        in kept.describe()
    )
    assert "\nholds no training records\n" in detector.keep_records("none").describe()
    assert "\nholds no training records\n" in AutoencoderDetector(epochs=1, random_state=0).fit(sensors[0]).describe()


def test_rehearsal_goes_on_with_all_records(detector, sensors, tmp_path):
    detector.save(tmp_path / "m.npz", records="all")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_detector(tmp_path / "m.npz").partial_fit(sensors[0]).records_seen_ == 2 * detector.records_seen_
