"""Faults are found by the scores: sensors that stand still, are too calm or too slow, or break with the others."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from anomaly import SequenceDetector

TRAINING, SCORED, FIRST, END = 600, 400, 200, 260
SEEDS = range(2)


def waves(n_sensors, seed):
    """Return sensors of a wave and common noise, and the same without noise."""
    rng = np.random.default_rng(seed)
    wave = np.sin(2 * np.pi * np.arange(TRAINING + SCORED)[:, np.newaxis] / 20 + rng.uniform(0, 6, n_sensors))
    return wave + 0.1 * noise(n_sensors, rng), wave


def noises(n_sensors, seed):
    """Return correlated sensors of noise, and the same without it."""
    found = noise(n_sensors, np.random.default_rng(seed))
    return found, np.zeros_like(found)


def noise(n_sensors, rng):
    n, n_common = TRAINING + SCORED, 1 + n_sensors // 4
    common = rng.normal(size=(n, n_common)) @ rng.normal(size=(n_common, n_sensors))
    return common + rng.normal(size=(n, n_sensors))


def frozen(values, _):
    values[:] = values[0]


def one_frozen(values, _):
    values[:, 0] = values[0, 0]


def calm(values, without_noise):
    values[:] = without_noise


def regular(values, _):
    values[:] = np.sin(2 * np.pi * np.arange(len(values))[:, np.newaxis] / 10) * values.std(axis=0)


def slow(values, _):
    values[:] = values[np.arange(len(values)) // 2]


def shifted(values, _):
    values[:, 0] += values[:, 0].std()


FAULTS = {waves: (frozen, one_frozen, slow, shifted), noises: (frozen, one_frozen, calm, regular)}
# Without later steps, a fault of 60 steps in noise ends before the windows of 64 steps are those of a fault.
LEAST = {(waves, False): 0.98, (waves, True): 0.9, (noises, False): 0.93, (noises, True): 0.58}


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("n_sensors", [1, 5, 20])
@pytest.mark.parametrize("series", FAULTS)
def test_faults_score_above_normal_steps(series, n_sensors, causal):
    found = {fault.__name__: [] for fault in FAULTS[series]}
    for seed in SEEDS:
        values, without_noise = series(n_sensors, seed)
        detector = SequenceDetector(causal=causal, random_state=seed).fit(values[:TRAINING])
        for fault in FAULTS[series]:
            faulty = values[TRAINING:].copy()
            fault(faulty[FIRST:END], without_noise[TRAINING:][FIRST:END])
            is_faulty = (np.arange(SCORED) >= FIRST) & (np.arange(SCORED) < END)
            found[fault.__name__].append(roc_auc_score(is_faulty, detector.decision_function(faulty)))
    means = {name: round(float(np.mean(areas)), 3) for name, areas in found.items()}
    assert min(means.values()) > LEAST[series, causal], means


@pytest.mark.parametrize("seed", SEEDS)
def test_a_wave_whose_noise_is_gone_scores_above_normal_steps(seed):
    rng, wave = np.random.default_rng(seed), np.sin(2 * np.pi * np.arange(1600) / 40)
    values = wave + 0.1 * rng.normal(size=1600)
    values[1200:1300] = wave[1200:1300]
    scores = SequenceDetector(random_state=seed).fit(values[:800]).decision_function(values[800:])
    is_faulty = (np.arange(800) >= 400) & (np.arange(800) < 500)
    assert roc_auc_score(is_faulty, scores) > 0.9


def cycles(rng):
    return np.sin(np.arange(2000) / 10 + rng.uniform(0, 6)) + 0.1 * rng.normal(size=2000)


def pulses(rng):
    values, shape = 0.05 * rng.normal(size=2000), np.exp(-(((np.arange(9) - 4) / 1.5) ** 2))
    for place in np.cumsum(rng.integers(40, 45, size=46)):
        values[place : place + 9] += shape * rng.uniform(0.9, 1.1)
    return values


def slow_noise(rng):
    values, shocks = np.zeros(2200), rng.normal(size=2200)
    for step in range(1, 2200):
        values[step] = 0.95 * values[step - 1] + shocks[step]
    return values[200:]


def repeats(values, place, length):
    values[place : place + length] = values[place - 63 + np.arange(length) % 63]


def smooths(values, place, length):
    part = np.pad(values[place : place + length], 4, mode="reflect")
    values[place : place + length] = np.convolve(part, np.full(9, 1 / 9), "valid")


def slows(values, place, length):
    after = values[place : place + length].copy()
    values[place : place + length] = np.interp(np.arange(length) / 2, np.arange(length), after)


def stands_still(values, place, length):
    values[place : place + length] = values[place - 1]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("fault", [repeats, smooths, slows, stands_still])
def test_what_is_too_quiet_or_too_regular_is_found_in_series_of_all_kinds(fault, causal):
    areas = {}
    for make in (cycles, pulses, slow_noise):
        rng = np.random.default_rng([7, len(areas)])
        training, series = make(rng), make(rng)
        fault(series, 1000, 300)
        detector = SequenceDetector(causal=causal, random_state=0).fit(training)
        is_faulty = (np.arange(2000) >= 1000) & (np.arange(2000) < 1300)
        areas[make.__name__] = round(float(roc_auc_score(is_faulty, detector.decision_function(series))), 3)
    assert min(areas.values()) > 0.95, areas
