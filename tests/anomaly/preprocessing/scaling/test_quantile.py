"""The scaler by ranks."""

import numpy as np
import pytest

from anomaly.errors import DataError
from anomaly.preprocessing.scaling.linear import scaler_from_state
from anomaly.preprocessing.scaling.quantile import QuantileScaler

RANKS = {"sizes": np.array([2]), "landmarks": np.array([0.0, 1.0]), "targets": np.array([-1.0, 1.0])}
QUANTILE = {"name": "quantile", "output": "normal", "n_quantiles": 1000}


def fitted(column, **settings):
    return QuantileScaler(**settings).fit(np.array(column)[:, None])


def scaled(scaler, column):
    return scaler.transform(np.asarray(column, dtype=float)[:, None])[:, 0]


def test_ranks_become_normal_or_uniform():
    column = np.exp(np.random.default_rng(0).normal(size=999))
    z = scaled(fitted(column), column)
    assert z.mean() == pytest.approx(0.0, abs=1e-6)
    assert z.std() == pytest.approx(1.0, abs=0.01)
    ranks = scaled(QuantileScaler(output="uniform").fit(column[:, None]), np.sort(column))
    np.testing.assert_allclose(ranks, (np.arange(999) + 0.5) / 999)


def test_values_far_outside_remain_far_outside():
    column = np.random.default_rng(0).normal(size=500)
    near, far = scaled(fitted(column), [column.max() + 1, column.max() + 1000])
    assert far > 100 * near


def test_few_landmarks_approximate_many_values():
    column = np.random.default_rng(0).normal(size=5000)
    scaler = QuantileScaler(n_quantiles=100).fit(column[:, None])
    assert len(scaler.landmarks_[0]) <= 100
    exact = scaled(QuantileScaler(n_quantiles=5000).fit(column[:, None]), column)
    assert np.abs(scaled(scaler, column) - exact).max() < 0.4
    assert np.abs(scaled(scaler, column) - exact).mean() < 0.005


def test_quantile_settings_are_checked():
    with pytest.raises(ValueError, match="output must be one of 'normal', 'uniform'; found 'bell'"):
        QuantileScaler(output="bell").fit(np.ones((2, 1)))
    with pytest.raises(ValueError, match="n_quantiles must be a whole number of at least 2; found 1"):
        QuantileScaler(n_quantiles=1).fit(np.ones((2, 1)))


@pytest.mark.parametrize(
    ("config", "state", "message"),
    [
        ({**QUANTILE, "output": "bell"}, RANKS, "found output 'bell'"),
        ({**QUANTILE, "n_quantiles": 1}, RANKS, "1 quantiles"),
        ({**QUANTILE, "n_quantiles": True}, RANKS, "expected a int 'n_quantiles'"),
        (QUANTILE, {**RANKS, "sizes": np.array([0])}, "positive number of landmarks"),
        (QUANTILE, {**RANKS, "sizes": np.array([3])}, "of the lengths in 'sizes'"),
        (QUANTILE, {**RANKS, "sizes": np.array([2**62, 2**62, 2**62, 2**62, 2])}, "of the lengths in 'sizes'"),
        (QUANTILE, {**RANKS, "landmarks": np.array([1.0, 0.0])}, "increasing landmarks"),
        (QUANTILE, {**RANKS, "targets": np.array([0.0, 0.0])}, "increasing landmarks and targets"),
        (QUANTILE, {**RANKS, "targets": np.array([0.0, 1e9])}, "increasing landmarks and targets"),
    ],
)
def test_invalid_states_are_refused(config, state, message):
    with pytest.raises(DataError, match=message):
        scaler_from_state(config, state)
