"""Contributions of sensors to a score."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly import SequenceDetector
from anomaly.detectors.sequence.attribution import contributions, fault_responses, unit_signatures
from tests.anomaly.detectors.waves import ALONE


def windows(residuals, window=8):
    """Return a window model with these residuals."""
    return SimpleNamespace(residuals=residuals, window=window)


@given(st.integers(1, 6), st.integers(1, 20), st.integers(0, 1000))
def test_contributions_are_not_negative_and_add_up(width, n, seed):
    rng = np.random.default_rng(seed)
    signatures = unit_signatures(rng.normal(size=(width, width)))
    u = rng.normal(size=(n, width)) * 10.0 ** rng.integers(-3, 4, size=(n, 1))
    parts = contributions(u, signatures)
    assert (parts >= 0).all()
    np.testing.assert_allclose(parts.sum(axis=1), np.square(u).sum(axis=1), rtol=1e-10)


@given(st.integers(1, 6), st.integers(0, 1000))
def test_a_residual_along_one_signature_is_assigned_to_it(width, seed):
    rng = np.random.default_rng(seed)
    signatures = unit_signatures(rng.normal(size=(width, width)))
    parts = contributions(5 * signatures, signatures)
    np.testing.assert_allclose(parts, 25 * np.eye(width), atol=1e-9)


def test_responses_of_a_linear_network_are_its_rows():
    rng = np.random.default_rng(0)
    spread = rng.normal(size=(4, 4))
    steps = rng.normal(size=(50, 4)).astype(np.float32)
    np.testing.assert_allclose(fault_responses(windows(lambda x: x @ spread), steps), spread, atol=1e-5)


@pytest.mark.parametrize("n", [3, 8, 9, 16, 3000])
def test_segments_of_any_length(n):
    steps = np.zeros((n, 2), np.float32)
    np.testing.assert_allclose(fault_responses(windows(lambda x: 0.5 * x), steps), 0.5 * np.eye(2))


def test_the_number_of_steps_falls_with_the_number_of_features():
    cells = []

    def residuals_of(x):
        cells.append(x.size)
        return x

    for width in (8, 64):
        cells.append(0)
        fault_responses(windows(residuals_of, 32), np.zeros((2000, width), np.float32))
    wide = sum(cells[cells.index(0, 1) :])
    narrow = sum(cells) - wide
    assert narrow == 2 * 8 * 8 * 1024
    assert wide == 8 * narrow


def test_more_than_128_sensors_have_the_contribution_measured_at_them():
    x = np.random.default_rng(0).normal(size=(90, 129)).astype(np.float32)
    detector = SequenceDetector(window=4, hidden=(4,), epochs=1, calibration=0, folds=1, random_state=0, **ALONE).fit(x)
    np.testing.assert_array_equal(detector.network_.scale.signatures_, np.eye(129))
    np.testing.assert_allclose(detector.explain(x).sum(axis=1), detector.decision_function(x))
    few = SequenceDetector(window=4, hidden=(4,), epochs=1, calibration=0, folds=1, random_state=0, **ALONE).fit(
        x[:, :20]
    )
    assert (few.network_.scale.signatures_ != np.eye(20)).any()


def test_a_fault_without_a_response_has_the_axis_of_its_feature():
    assert unit_signatures(np.array([[0.0, 0.0], [3.0, 4.0]])).tolist() == [[1.0, 0.0], [0.6, 0.8]]


@pytest.fixture(scope="module")
def machine():
    """A load, a temperature that follows it slowly, and a vibration that follows it at once."""
    rng = np.random.default_rng(0)
    t = np.arange(3000)
    load = 50 + 20 * np.sin(2 * np.pi * t / 240) + 5 * np.sin(2 * np.pi * t / 37) + rng.normal(size=3000)
    temperature = np.empty(3000)
    temperature[0] = 60.0
    for step in range(1, 3000):
        temperature[step] = temperature[step - 1] + 0.05 * (20 + 0.8 * load[step] - temperature[step - 1])
    return np.column_stack(
        [load, temperature + 0.3 * rng.normal(size=3000), 1 + 0.02 * load + 0.1 * rng.normal(size=3000)]
    )


@pytest.mark.parametrize("settings", [{}, {"causal": True}, {"method": "forecast"}, {"smooth": "squares"}])
def test_the_shifted_sensor_contributes_most_and_not_the_correlated_ones(machine, settings):
    detector = SequenceDetector(window=16, epochs=10, random_state=0, **settings, **ALONE).fit(machine[:2000])
    spread = machine[:2000].std(axis=0)
    found = 0
    for sensor in range(3):
        for sign in (-4, 4):
            faulty = machine[2000:].copy()
            faulty[500:560, sensor] += sign * spread[sensor]
            parts = detector.explain(faulty)
            np.testing.assert_allclose(parts.sum(axis=1), detector.decision_function(faulty), rtol=1e-6)
            found += parts[500:560].sum(axis=0).argmax() == sensor
    assert found >= 5
