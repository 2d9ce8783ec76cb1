"""An alarm for records that have drifted, and none for those that have not."""

import numpy as np
import pytest

from anomaly import NotFittedError, TableDetector, load_detector
from anomaly.detectors.table.drift import column_drift
from tests.anomaly.detectors.planes import planes

# The check looks at the remembered records, so networks may be as small as they like.
SMALL = {"hidden": (2,), "noise": 0.5, "draws": 0, "epochs": 1, "random_state": 0}


def normal_records(n, seed):
    return planes(n, seed, anomalies=0)[0]


def alarms(n, m, seeds, **settings):
    found = [
        TableDetector(**SMALL, **settings)
        .fit(normal_records(n, seed))
        .drift(normal_records(m, 10_000 + seed), level=0.05)
        .drifted
        for seed in range(seeds)
    ]
    return sum(found)


def test_few_false_alarms_over_many_seeds():
    # 10 are allowed on average; their number has a standard deviation of 3.
    assert alarms(120, 400, 200) <= 20


def test_higher_scores_of_fresh_records_alone_are_no_drift():
    found = 0
    for seed in range(8):
        detector = TableDetector(neighbors_share=0.0, random_state=seed).fit(normal_records(120, seed))
        fresh = normal_records(2000, 10_000 + seed)
        # Networks know their training records: why the check does not compare with their scores.
        found += np.median(detector.decision_function(fresh)) > 1.01 * np.median(detector.decision_scores_)
        assert not detector.drift(fresh, level=0.001).drifted
    assert found >= 6


def test_records_left_out_of_training_are_no_drift():
    # One in five is left out, and would be missed by a test of 2000 records.
    assert alarms(400, 2000, 20, contamination=0.2) == 0


def test_drifted_columns_are_named():
    detector = TableDetector(**SMALL).fit(normal_records(400, 0))
    fresh = normal_records(400, 1)
    fresh[:, 3] += fresh[:, 3].std()
    result = detector.drift(fresh)
    assert result.drifted
    assert [column.name for column in result.columns] == ["x3"]
    assert "Drifted columns: x3 (D = 0." in str(result)


def test_lost_dependence_between_columns_is_drift_of_the_scores():
    detector = TableDetector(**SMALL).fit(normal_records(600, 0))
    fresh = np.random.default_rng(1).permuted(normal_records(600, 1), axis=0)
    result = detector.drift(fresh)
    assert result.scores_drifted
    assert result.columns == ()
    assert result.share_now > result.share_then


def test_drift_of_categories_is_found_and_that_of_time_is_none():
    rng = np.random.default_rng(0)

    def table(n, share, first):
        return {
            "day": np.datetime64(first) + np.arange(n),
            "kind": rng.choice(["a", "b"], n, p=[share, 1 - share]),
            "size": rng.normal(size=n),
        }

    detector = TableDetector(**SMALL).fit(table(500, 0.8, "2024-01-01"))
    assert [c.name for c in detector.drift(table(400, 0.5, "2024-01-01")).columns] == ["kind"]
    assert detector.drift(table(400, 0.8, "2034-01-01")).columns == ()


def test_a_constant_column_that_begins_to_vary_has_drifted():
    x = normal_records(200, 0)
    x[:, 2] = 7.0
    detector = TableDetector(**SMALL).fit(x)
    fresh = normal_records(200, 1)
    assert "x2" in [column.name for column in detector.drift(fresh).columns]


def test_many_records_are_compared_by_a_sample_and_all_are_counted():
    detector = TableDetector(**SMALL).fit(normal_records(200, 0))
    fresh = normal_records(10_500, 1)
    result = detector.drift(fresh)
    assert result.n_fresh == 10_000
    assert result.share_now == pytest.approx(detector.predict(fresh).mean())
    assert not result.drifted


def test_a_loaded_detector_finds_the_same(tmp_path):
    detector = TableDetector(**SMALL).fit(normal_records(200, 0))
    detector.save(tmp_path / "m.npz")
    fresh = normal_records(100, 1)
    assert load_detector(tmp_path / "m.npz").drift(fresh) == detector.drift(fresh)


def test_columns_of_a_drifted_feature_are_returned_largest_statistic_first():
    rng = np.random.default_rng(0)
    remembered, fresh = (rng.normal(size=(300, 4)).astype(np.float32) for _ in range(2))
    fresh[:, 1] += 1.0
    fresh[:, 3] += 2.0
    columns, names = np.array([0, 1, 1, 2]), ["a", "b", "c"]
    found = column_drift(remembered, fresh, columns, names, ["number"] * 3, 0.01)
    assert [column.name for column in found] == ["c", "b"]
    dated = column_drift(remembered, fresh, columns, names, ["number", "date", "number"], 0.01)
    assert [column.name for column in dated] == ["c"]
    assert column_drift(remembered, fresh, columns, names, ["number"] * 3, 0.01, slack=1.0) == ()


@pytest.mark.filterwarnings("ignore::anomaly.errors.FewRecordsWarning")
def test_what_cannot_be_compared_is_refused():
    with pytest.raises(NotFittedError):
        TableDetector().drift(normal_records(20, 0))
    with pytest.raises(ValueError, match="drift needs remembered records"):
        TableDetector(**SMALL, neighbors=0).fit(normal_records(20, 0)).drift(normal_records(20, 1))
    with pytest.raises(ValueError, match="at least 4 remembered records; found 3"):
        TableDetector(**SMALL).fit(normal_records(3, 0)).drift(normal_records(20, 1))
    detector = TableDetector(**SMALL).fit(normal_records(20, 0))
    with pytest.raises(ValueError, match="0 sample"):
        detector.drift(normal_records(20, 1)[:0])
    with pytest.raises(ValueError, match="found no records"):
        detector.drift(iter([]))
    with pytest.raises(ValueError, match="level must be a number above 0 and below 1; found 2"):
        detector.drift(normal_records(20, 1), level=2)
    with pytest.raises(ValueError, match="5 features"):
        detector.drift(normal_records(20, 1)[:, :4])
