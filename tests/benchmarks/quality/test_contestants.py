"""Contestants take records of any kind, and are what their names say."""

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import KNNImputer

from benchmarks.entries import Entry, sources_version
from benchmarks.quality.contestants import CONTESTANTS, OURS, make, version_of
from benchmarks.quality.contestants.contestant import Given
from benchmarks.quality.contestants.features import Features
from benchmarks.quality.contestants.pyod import pyod
from tests.benchmarks.quality.made_data import labelled

HERE = [name for name, entry in CONTESTANTS.items() if not entry.missing()]


def mixed_records(n=150, seed=0):
    rng = np.random.default_rng(seed)
    kinds = [None if rng.random() < 0.1 else str(rng.choice(["a", "b"])) for _ in range(n)]
    return pd.DataFrame(
        {
            "x": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "count": rng.integers(0, 5, n),
            "on": rng.random(n) < 0.5,
            "kind": pd.Series(kinds, dtype=object),
            "when": np.datetime64("2024-01-01T00:00") + np.arange(n).astype("timedelta64[h]"),
        }
    )


# -- features ----------------------------------------------------------------------------------


def test_numbers_are_filled_and_standardized_and_categories_are_one_hot():
    train = mixed_records()
    features = Features().fit_transform(train)
    assert features.shape == (150, 2 + 2 + 3), "x, count, on, and kind with a level for missing; no dates"
    assert np.isfinite(features).all()
    np.testing.assert_allclose(features[:, :2].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(features[:, :2].std(axis=0), 1)
    median = np.nanmedian(train["x"])
    hole = train["x"].isna().to_numpy()
    filled = np.where(hole, median, train["x"])
    np.testing.assert_allclose(features[:, 0], (filled - filled.mean()) / filled.std())
    np.testing.assert_array_equal(features[:, 4:].sum(axis=1), 1)


def test_a_level_that_was_never_seen_is_no_level_and_names_are_left_out():
    train = mixed_records(n=250).assign(name=[f"record {i}" for i in range(250)])
    made = Features()
    assert made.fit_transform(train).shape[1] == 7
    test = train[:1].assign(kind="c")
    np.testing.assert_array_equal(made.transform(test)[0, 4:], 0)


def test_neighbors_are_sought_among_scaled_numbers():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(100, 1))
    x = np.hstack([z, 1000 * z + rng.normal(size=(100, 1)), rng.normal(size=(100, 1))])
    x[rng.random(x.shape) < 0.1] = np.nan
    scaled = (x - np.nanmean(x, axis=0)) / np.nanstd(x, axis=0)
    np.testing.assert_allclose(
        Features("neighbors").fit_transform(x), KNNImputer(n_neighbors=10).fit_transform(scaled), atol=1e-9
    )


@pytest.mark.filterwarnings("ignore:invalid value")  # of the empty column's mean
def test_a_column_without_any_number_does_no_harm():
    x = np.column_stack([np.arange(10.0), np.full(10, np.nan)])
    for imputation in ("median", "neighbors"):
        assert np.isfinite(Features(imputation).fit_transform(x)).all()


# -- detectors ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in HERE if name != "AutoencoderDetector"])
def test_each_ranks_a_record_far_from_the_others_near_the_top(name):
    train, test = mixed_records(), mixed_records(30, seed=1)
    test.loc[0, ["x", "count"]] = [30.0, 40]
    contestant = make(name, seed=0)
    contestant.fit(train)
    scores = contestant.scores(test)
    assert (scores >= scores[0]).sum() <= 3
    assert contestant.own_scores().shape == (150,)


def test_distances_are_those_to_five_others():
    train = np.arange(12.0)[:, np.newaxis] / np.arange(12.0).std()
    contestant = make("kNN", seed=0)
    contestant.fit(train)
    step = 1 / np.arange(12.0).std()
    assert contestant.own_scores()[0] == pytest.approx(3 * step), "1 to 5 steps away, itself left out"
    assert contestant.scores(train)[0] == pytest.approx(2 * step), "0 to 4 steps away"


def test_the_contamination_reaches_the_package_s_detectors():
    contestant = make("TableDetector", 0, 0.25)
    contestant.fit(labelled()[0])
    assert contestant.detector.contamination == 0.25
    assert contestant.detector.labels_.mean() == pytest.approx(0.25, abs=0.01)
    assert make("TableDetector", 0).detector.contamination == "auto"


def test_detectors_of_pyod_get_what_they_take(monkeypatch):
    class Made:
        def __init__(self, **settings):
            self.settings = settings

        def fit(self, x):
            self.decision_scores_ = x.sum(axis=1)

        def decision_function(self, x):
            return x.sum(axis=1)

    class Module:
        Kind = Made

    monkeypatch.setattr("benchmarks.quality.contestants.pyod.import_module", lambda _: Module)
    contestant = pyod("kind", "Kind", seeded=True, network=True, width="n_features")(Given(7, 0.1))
    contestant.fit(mixed_records())
    assert contestant.detector.model.settings == {
        "contamination": 0.1,
        "random_state": 7,
        "verbose": 0,
        "n_features": 7,
    }
    assert contestant.scores(mixed_records(5)).shape == (5,)
    plain = pyod("kind", "Kind")(Given(7))
    plain.fit(mixed_records())
    assert plain.detector.model.settings == {}
    assert plain.own_scores().shape == (150,)


# -- versions ----------------------------------------------------------------------------------


def test_missing_packages_are_named_and_versions_told():
    entry = Entry(lambda _: None, ("numpy", "no-such-package"), "")
    assert entry.missing() == ["no-such-package"]
    assert version_of("kNN").startswith("scikit-learn ")
    assert {version_of(name) for name in OURS} == {sources_version()}
    assert sources_version().startswith("sources ")


def test_every_contestant_says_what_it_is():
    assert all(entry.description for entry in CONTESTANTS.values())
