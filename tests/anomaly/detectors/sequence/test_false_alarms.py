"""False alarms and detected faults on short series, of the default settings and of networks alone."""

import numpy as np
import pytest

from anomaly import SequenceDetector
from anomaly.events import find_segments
from tests.anomaly.detectors.waves import ALONE

TRAINING, SCORED = 400, 700
SETTINGS = {"window": 32, "hidden": (32,), "epochs": 10, **ALONE}
SEEDS = range(6)


def normal(n_sensors, memory, seed):
    """Return correlated sensors with an autocorrelation of about `memory` at lag 1."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(TRAINING + SCORED + 200, n_sensors))
    series = np.zeros_like(noise)
    for step in range(1, len(series)):
        series[step] = memory * series[step - 1] + noise[step]
    return series[200:] @ (np.eye(n_sensors) + rng.normal(size=(n_sensors, n_sensors)) / (2 * np.sqrt(n_sensors)))


@pytest.mark.parametrize("n_sensors", [1, 8])
@pytest.mark.parametrize("memory", [0.0, 0.9])
def test_normal_series_raise_few_alarms(n_sensors, memory):
    flagged = []
    for seed in SEEDS:
        series = normal(n_sensors, memory, seed)
        detector = SequenceDetector(**SETTINGS, random_state=seed).fit(series[:TRAINING])
        flagged.append(detector.predict(series[TRAINING:]))
    assert np.sum([rows.any() for rows in flagged]) <= 1
    assert np.mean(flagged) < 0.01


def shift(rows, scale, rng):
    rows[:, 0] += 5 * scale[0]


def shift_of_all(rows, scale, rng):
    rows += 2 * scale * rng.choice([-1, 1], size=len(scale))


def climb(rows, scale, rng):
    rows[:, 0] += np.linspace(0, 12, len(rows)) * scale[0]


def loss(rows, scale, rng):
    rows[:, 0] = -40 * scale[0]


@pytest.mark.parametrize("fault", [shift, shift_of_all, climb, loss])
def test_faults_raise_alarms_while_they_last(fault):
    hits, false = [], []
    for seed in SEEDS:
        series = normal(8, 0.3, seed)
        scale = series[:TRAINING].std(axis=0)
        fault(series[700:900], scale, np.random.default_rng(seed))
        flags = SequenceDetector(**SETTINGS, random_state=seed).fit(series[:TRAINING]).predict(series)
        hits.append(flags[700:900].mean())
        false.append(np.r_[flags[TRAINING:660], flags[1000:]].mean())
    assert min(hits) > 0.4
    assert np.mean(false) < 0.01


@pytest.mark.parametrize("n_sensors", [1, 8])
@pytest.mark.parametrize("memory", [0.0, 0.9])
def test_the_default_has_few_false_events(n_sensors, memory):
    events, flagged = 0, []
    for seed in SEEDS:
        series = normal(n_sensors, memory, seed)
        labels = SequenceDetector(random_state=seed).fit(series[:TRAINING]).predict(series[TRAINING:])
        events += len(find_segments(labels))
        flagged.append(labels.mean())
    # The limit allows for 0.7 in 1,000 steps, of which there are 4,200.
    assert events <= 8
    # An event lasts as long as the scores are high: with windows of 64 of 700 steps, that is long.
    assert np.mean(flagged) < 0.07


@pytest.mark.parametrize("fault", [shift, shift_of_all, climb, loss])
def test_the_default_detects_faults(fault):
    hits, false = [], []
    for seed in SEEDS:
        series = normal(8, 0.3, seed)
        scale = series[:TRAINING].std(axis=0)
        fault(series[700:900], scale, np.random.default_rng(seed))
        flags = SequenceDetector(random_state=seed).fit(series[:TRAINING]).predict(series)
        hits.append(flags[700:900].mean())
        false.append(np.r_[flags[TRAINING:660], flags[1000:]].mean())
    assert min(hits) > 0.4
    assert np.mean(false) < 0.01
