"""Comparison of settings on unlabelled records."""

import json

import numpy as np
import pytest

from anomaly import AutoencoderDetector, TableDetector
from anomaly.datasets import make_sensors
from anomaly.detectors.comparison import compare_settings
from anomaly.errors import DataError
from anomaly.metrics import rank_correlation, top_overlap

QUICK = {"hidden": (8,), "epochs": 5}


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    return rng.normal(size=(200, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(200, 4))


@pytest.fixture(scope="module")
def compared(table):
    detectors = {"blend": TableDetector(**QUICK), "records": TableDetector(neighbors_share=1.0, **QUICK)}
    detectors["network"] = AutoencoderDetector(epochs=2)
    return compare_settings(detectors, table, n_seeds=3, seed=5)


def test_values_are_those_of_fits_to_a_part_of_the_records(table, compared):
    order = np.random.default_rng(5).permutation(200)
    training, rest = table[order[60:]], table[np.sort(order[:60])]
    assert (compared.n_training, compared.n_held_out, compared.n_top) == (140, 60, 5)
    fits = [
        [
            make.fit(training)
            for make in (TableDetector(random_state=5 + s, **QUICK), AutoencoderDetector(epochs=2, random_state=5 + s))
        ]
        for s in range(3)
    ]
    scores = [[detector.decision_function(rest) for detector in own] for own in fits]
    pairs = [(0, 1), (0, 2), (1, 2)]
    blend, _, network = compared.settings
    assert blend.stability == np.mean([rank_correlation(scores[s][0], scores[t][0]) for s, t in pairs])
    assert network.top_stability == np.mean([top_overlap(scores[s][1], scores[t][1], 5) for s, t in pairs])
    both = [*pairs, *((t, s) for s, t in pairs)]
    expected = np.mean([rank_correlation(scores[s][0], scores[t][1]) for s, t in both])
    assert compared.rank_correlations[0, 2] == pytest.approx(expected)
    assert network.flagged_training == np.mean([own[1].labels_.mean() for own in fits])
    assert network.flagged_held_out == np.mean([own[1].predict(rest).mean() for own in fits])


def test_settings_are_means_of_pairs(compared):
    for values, name in ((compared.rank_correlations, "agreement"), (compared.top_overlaps, "top_agreement")):
        np.testing.assert_array_equal(values, values.T)
        found = [getattr(setting, name) for setting in compared.settings]
        np.testing.assert_allclose(found, (values.sum(axis=1) - np.diag(values)) / 2)
    np.testing.assert_array_equal(
        np.diag(compared.rank_correlations), [setting.stability for setting in compared.settings]
    )


def test_what_is_known_of_settings_is_found(compared):
    blend, records, network = compared.settings
    assert records.stability > 0.999, "without networks nothing is random"
    assert network.stability < blend.stability < 1
    assert network.agreement < blend.agreement


def test_values_are_json(compared):
    found = json.loads(json.dumps(compared.to_dict()))
    assert [setting["name"] for setting in found["settings"]] == ["blend", "records", "network"]
    assert found["top_overlaps"] == compared.top_overlaps.tolist()


def test_tables_of_all_kinds_are_compared():
    data = make_sensors(n_records=150, random_state=0)
    detectors = {name: TableDetector(scaling=name, **QUICK) for name in ("core", "quantile")}
    result = compare_settings(detectors, data.columns, n_seeds=2)
    assert result.n_held_out == 45
    assert not hasattr(detectors["core"], "threshold_"), "the given detectors stay as they are"


def test_invalid_arguments(table):
    two = {"a": TableDetector(**QUICK), "b": TableDetector(**QUICK)}
    with pytest.raises(ValueError, match="the number of settings must be a whole number of at least 2; found 1"):
        compare_settings({"a": TableDetector()}, table)
    for name, value in (("n_seeds", 1), ("held_out", 0), ("held_out", 1.0), ("top", 0)):
        with pytest.raises(ValueError, match=f"{name} must be a"):
            compare_settings(two, table, **{name: value})
    with pytest.raises(DataError, match="at least 20 held-out records; found 19, a fraction of 0.3 of 66"):
        compare_settings(two, table[:66])
    with pytest.raises(DataError, match="setting 'b': neighbors must be a whole number"):
        compare_settings({**two, "b": TableDetector(neighbors=-1)}, table)
