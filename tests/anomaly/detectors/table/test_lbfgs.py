import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from anomaly.detectors.table.lbfgs import minimize


def test_the_minimum_of_a_bent_valley():
    found = minimize(lambda p: (rosen(p), rosen_der(p)), np.array([-1.2, 1.0, -0.5]))
    np.testing.assert_allclose(found, 1, atol=1e-4)


def test_points_without_a_finite_value_are_avoided():
    def barrier(p):
        if p[0] <= 0:
            return np.inf, np.zeros(1)
        return float(p[0] - np.log(p[0])), 1 - 1 / p

    assert minimize(barrier, np.array([30.0]))[0] == pytest.approx(1, abs=1e-4)


def test_a_wide_tolerance_and_few_steps_end_sooner():
    calls = []

    def counted(p):
        calls.append(p)
        return rosen(p), rosen_der(p)

    start = np.array([-1.2, 1.0, -0.5])
    counts = []
    for settings in ({}, {"tolerance": 1e-2}, {"steps": 3}):
        calls.clear()
        minimize(counted, start, **settings)
        counts.append(len(calls))
    assert counts[1] < counts[0]
    assert counts[2] < counts[1]
