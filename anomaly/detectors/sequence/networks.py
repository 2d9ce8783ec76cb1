r"""Networks of `SequenceDetector`: four architectures for a window of w steps by d features.

Each is built as an autoencoder, which reconstructs the window, or as a forecaster of the step after it.

========  ===========================================================  ========================================
network   reconstruction                                               forecast
========  ===========================================================  ========================================
dense     flattened window, hidden layers, w d outputs                 the same layers, d outputs
conv      convolutions of stride 2, then transposed convolutions       the convolutions, d outputs
lstm      encoder LSTM, whose last state is repeated w times as the    encoder LSTM, d outputs
          input of a decoder LSTM
gru       the same with GRUs                                           encoder GRU, d outputs
========  ===========================================================  ========================================

References
----------
Malhotra et al., "LSTM-based encoder-decoder for multi-sensor anomaly detection", ICML workshop 2016 (reconstruction);
"Long short term memory networks for anomaly detection in time series", ESANN 2015 (forecast).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnlite.layers import Dense, Flatten, GaussianNoise, Input, RepeatVector, Reshape
from nnlite.models import Model
from nnlite.optimizers import Adam

NETWORKS: dict[str, tuple[int, ...]] = {"dense": (128, 128), "conv": (32, 16), "lstm": (64,), "gru": (64,)}
"""The architectures by name, and the default sizes of their hidden layers."""

METHODS = ("reconstruction", "forecast")
"""The targets of a network: the window itself, or the step after it."""

_KERNEL = 7


def build_network(
    network: str,
    method: str,
    window: int,
    n_features: int,
    hidden: Sequence[int],
    noise: float,
    learning_rate: float,
) -> Model:
    """Build and compile a network with inputs of shape (window, n_features).

    Parameters
    ----------
    network : {"dense", "conv", "lstm", "gru"}
        Architecture.
    method : {"reconstruction", "forecast"}
        Target: the window, or the step after it, of shape (n_features,).
    window, n_features : int
        Shape of a window.
    hidden : sequence of int
        Units of dense and recurrent layers, filters of convolutions.
    noise : float
        Standard deviation of the Gaussian noise added to the inputs in training.
    learning_rate : float
        Learning rate of Adam.

    Returns
    -------
    nnlite.models.Model
        The network, compiled with the mean squared error.
    """
    inputs = Input((window, n_features), name="window")
    x = GaussianNoise(noise, name="noise")(inputs) if noise else inputs
    builders = {"dense": _dense, "conv": _conv, "lstm": _recurrent, "gru": _recurrent}
    outputs = builders[network](x, network, method, window, n_features, tuple(hidden))
    model = Model(inputs, outputs, name=f"{network}_{method}")
    model.compile(optimizer=Adam(learning_rate=learning_rate), loss="mse")
    return model


def _dense(x: Any, network: str, method: str, window: int, n_features: int, hidden: tuple[int, ...]) -> Any:  # noqa: ARG001
    x = Flatten(name="flat")(x)
    for number, units in enumerate(hidden, start=1):
        x = Dense(units, "relu", kernel_initializer="he_normal", name=f"hidden_{number}")(x)
    if method == "forecast":
        return Dense(n_features, name="forecast")(x)
    x = Dense(window * n_features, name="reconstruction")(x)
    return Reshape((window, n_features), name="steps")(x)


def _conv(x: Any, network: str, method: str, window: int, n_features: int, hidden: tuple[int, ...]) -> Any:  # noqa: ARG001
    from nnlite.layers import Conv1D, Conv1DTranspose, Cropping1D

    length = window
    for number, filters in enumerate(hidden, start=1):
        kernel = min(_KERNEL, length)
        x = Conv1D(filters, kernel, strides=2, padding="same", activation="relu", name=f"down_{number}")(x)
        length = -(-length // 2)
    if method == "forecast":
        return Dense(n_features, name="forecast")(Flatten(name="flat")(x))
    for number, filters in enumerate(reversed(hidden), start=1):
        x = Conv1DTranspose(filters, _KERNEL, strides=2, padding="same", activation="relu", name=f"up_{number}")(x)
        length *= 2
    x = Conv1D(n_features, _KERNEL, padding="same", name="reconstruction")(x)
    # Halving rounds up, so that doubling may give a longer window.
    return Cropping1D((0, length - window), name="crop")(x) if length > window else x


def _recurrent(x: Any, network: str, method: str, window: int, n_features: int, hidden: tuple[int, ...]) -> Any:
    from nnlite.layers import GRU, LSTM, TimeDistributed

    layer: Any = LSTM if network == "lstm" else GRU
    for number, units in enumerate(hidden, start=1):
        is_last = number == len(hidden)
        x = layer(units, return_sequences=not is_last, name=f"read_{number}")(x)
    if method == "forecast":
        return Dense(n_features, name="forecast")(x)
    x = RepeatVector(window, name="repeat")(x)
    for number, units in enumerate(reversed(hidden), start=1):
        x = layer(units, return_sequences=True, name=f"write_{number}")(x)
    return TimeDistributed(Dense(n_features), name="reconstruction")(x)
