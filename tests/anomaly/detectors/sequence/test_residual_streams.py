"""Window models and their residuals on a segment."""

from dataclasses import replace

import numpy as np
import pytest

from anomaly.detectors.sequence.networks import build_network
from anomaly.detectors.sequence.residual_streams import WindowModel

X = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)


def model(method="reconstruction", n_networks=1, **settings):
    networks = tuple(build_network("dense", method, 8, 2, (4,), 0.0, 1e-3) for _ in range(n_networks))
    return WindowModel(
        networks, **{"window": 8, "stride": 1, "causal": False, "relative": False, **settings}, method=method
    )


def test_the_output_is_the_mean_of_the_networks():
    two = model(n_networks=2)
    windows = X[:16].reshape(2, 8, 2)
    expected = np.mean([network.predict(windows) for network in two.networks], axis=0)
    np.testing.assert_array_equal(two.predict(windows), expected)
    assert [one.networks for one in two.split(1)] == [(network,) for network in two.networks]


@pytest.mark.parametrize("method", ["reconstruction", "forecast"])
def test_relative_windows_are_shifted_by_their_level(method):
    relative = model(method, relative=True)
    windows = X[:16].reshape(2, 8, 2)
    np.testing.assert_allclose(relative.predict(windows + 3), relative.predict(windows) + 3, atol=1e-5)


def test_residuals_of_a_forecast_are_those_of_the_window_before_each_step():
    forecaster = model("forecast")
    found = forecaster.residuals(X)
    windows = np.stack([X[k : k + 8] for k in range(52)])
    np.testing.assert_allclose(found[8:], X[8:] - forecaster.predict(windows), atol=1e-6)


def test_causal_residuals_are_those_of_the_last_step_of_a_window():
    causal = model(causal=True)
    windows = np.stack([X[k : k + 8] for k in range(53)])
    np.testing.assert_allclose(causal.residuals(X)[7:], X[7:] - causal.predict(windows)[:, -1], atol=1e-6)


def test_missing_samples_are_replaced_until_they_are_consistent():
    reconstructing = model()
    windows, missing = X[:8][np.newaxis].copy(), np.zeros((1, 8, 2), bool)
    missing[0, 3, 1] = True
    shifted = windows.copy()
    shifted[missing] = 50.0
    complete = reconstructing.reconstruct(windows.copy(), np.zeros_like(missing))
    np.testing.assert_array_equal(complete, reconstructing.predict(windows))
    apart = np.abs(reconstructing.predict(shifted) - complete).max()
    found = [reconstructing.reconstruct(start.copy(), missing) for start in (windows, shifted)]
    assert np.abs(found[1] - found[0]).max() < 0.1 * apart


def test_networks_that_do_not_fit_the_windows_are_refused():
    saved = model()
    configs, arrays = saved.get_state()
    restored = replace(saved, networks=()).with_state(configs, arrays, 2, "file")
    np.testing.assert_array_equal(restored.residuals(X), saved.residuals(X))
    for other, n_features in ((replace(saved, window=9), 2), (replace(saved, method="forecast"), 2), (saved, 3)):
        with pytest.raises(ValueError, match="a network takes .* and gives .*; expected"):
            other.with_state(configs, arrays, n_features, "file")
