"""P-values are judged by how often fresh normal records fall below a level."""

import numpy as np
import pytest

from anomaly import TableDetector

LEVELS = np.array([0.02, 0.05, 0.1, 0.3])
TABLES = {
    "normal": (lambda rng, n: rng.normal(size=(n, 5)), 12),
    "counts": (lambda rng, n: rng.poisson(1, size=(n, 3)).astype(float), 12),
    "heavy tails": (lambda rng, n: rng.pareto(2, size=(n, 3)), 8),
    "categories": (
        lambda rng, n: {"a": rng.choice(list("abcdefgh"), n), "b": rng.choice(list("xyz"), n, p=[0.7, 0.25, 0.05])},
        8,
    ),
}


def below(table, seed, n=120):
    """Return the share of fresh normal records with p-values at or below each level."""
    rng = np.random.default_rng(seed)
    detector = TableDetector(false_alarm_rate=0.05, random_state=seed, epochs=60).fit(table(rng, n))
    return (detector.p_values(table(rng, 1000))[:, np.newaxis] <= LEVELS).mean(axis=0)


@pytest.mark.parametrize(("table", "seeds"), TABLES.values(), ids=TABLES)
def test_p_values_are_valid_for_fresh_normal_records(table, seeds):
    found = np.array([below(table, seed) for seed in range(seeds)])
    error = found.std(axis=0) / np.sqrt(seeds)
    assert (found.mean(axis=0) <= LEVELS + 3 * error + 0.005).all()


def test_p_values_are_not_grossly_conservative():
    table, seeds = TABLES["normal"]
    found = np.mean([below(table, 100 + seed) for seed in range(seeds)], axis=0)
    assert (found[1:] >= 0.55 * LEVELS[1:]).all()


def test_a_record_that_training_holds_c_times_has_at_least_c_scores_as_high():
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x = rng.poisson(1, size=(300, 3)).astype(float)
        detector = TableDetector(false_alarm_rate=0.05, random_state=seed, epochs=30).fit(x)
        values, counts = np.unique(x, axis=0, return_counts=True)
        assert (detector.p_values(values) >= (1 + counts) / 301 - 1e-12).all()


def test_calibration_scores_are_at_least_the_training_scores_and_follow_further_records():
    rng = np.random.default_rng(0)
    detector = TableDetector(false_alarm_rate=0.05, random_state=0, epochs=30).fit(rng.normal(size=(200, 4)))
    assert (detector.calibration_scores_ >= detector.decision_scores_).all()
    detector.partial_fit(rng.normal(size=(100, 4)))
    assert len(detector.calibration_scores_) == 300
    flagged = (detector.p_values(rng.normal(size=(2000, 4))) <= 0.1).mean()
    assert 0.05 < flagged < 0.16
