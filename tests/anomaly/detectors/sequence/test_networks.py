"""Networks on windows of a series."""

import numpy as np
import pytest

from anomaly.detectors.sequence.networks import NETWORKS, build_network


@pytest.mark.parametrize("network", list(NETWORKS))
@pytest.mark.parametrize("window", [1, 2, 5, 9, 16])
@pytest.mark.parametrize("depth", [1, 2])
def test_output_shapes_of_every_network(network, window, depth):
    windows = np.zeros((3, window, 2), np.float32)
    forecaster = build_network(network, "forecast", window, 2, (4, 3)[:depth], 0.1, 1e-3)
    assert forecaster.predict(windows).shape == (3, 2)
    autoencoder = build_network(network, "reconstruction", window, 2, (4, 3)[:depth], 0.0, 1e-3)
    assert autoencoder.predict(windows).shape == (3, window, 2)


@pytest.mark.parametrize("network", list(NETWORKS))
def test_every_network_learns_a_wave(network):
    wave = np.sin(np.arange(200) / 3)[:, None].astype(np.float32)
    windows = wave[np.arange(190)[:, None] + np.arange(9)]
    model = build_network(network, "reconstruction", 9, 1, NETWORKS[network], 0.0, 5e-3)
    losses = model.fit(windows, windows, epochs=8, batch_size=32, verbose=0).history["loss"]
    assert losses[-1] < 0.6 * losses[0]
