"""Settings of a fit, from the parameters of a detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anomaly.detectors.network_training import FitSettings
from anomaly.detectors.sequence.network_member import NetworkSettings
from anomaly.detectors.sequence.training import WindowSettings

OF_NETWORKS = (
    *("stride", "network_share", "method", "relative", "hidden", "noise", "smoothing", "smooth", "calibration"),
    *("folds", "members", "drift_allowance", "margin", "epochs", "batch_size", "learning_rate"),
)
"""Parameters of `anomaly.SequenceDetector` that concern networks."""


@dataclass(frozen=True)
class SequenceSettings:
    """Settings of a fit.

    Attributes
    ----------
    window : int or None
        Length that the windows are multiples of; None for the period of the series.
    causal : bool
        Whether a score must not depend on later steps.
    network : NetworkSettings or None
        The networks, if there are to be any, with windows of 0 steps where they are to be of one period.
    network_share : float
        Weight of the networks; with 1 there are no other members.
    folds : int or "auto"
        Number of folds of the networks.
    calibration : float
        Fraction of each series that is held out from their training.
    time, gap, scaling, categorical
        Arguments of `SeriesPreprocessor`.
    """

    window: int | None
    causal: bool
    network: NetworkSettings | None
    network_share: float
    folds: int | str
    calibration: float
    time: str | None
    gap: float
    scaling: str
    categorical: Sequence[str] | None


def settings_of(parameters: Mapping[str, Any]) -> SequenceSettings:
    """Return the settings for the parameters of `anomaly.SequenceDetector`, by name."""
    window = None if parameters["window"] == "auto" else int(parameters["window"])
    has_network = parameters["network"] is not None
    return SequenceSettings(
        window=window,
        causal=bool(parameters["causal"]),
        network=network_settings_of(parameters, window or 0) if has_network else None,
        network_share=float(parameters["network_share"]) if has_network else 0.0,
        folds=parameters["folds"],
        calibration=float(parameters["calibration"]),
        time=parameters["time"],
        gap=float(parameters["gap"]),
        scaling=parameters["scaling"],
        categorical=parameters["categorical"],
    )


def network_settings_of(parameters: Mapping[str, Any], window: int) -> NetworkSettings:
    """Return the settings of networks with windows of a length, for the parameters of `SequenceDetector`."""
    windows = WindowSettings(
        window=window,
        stride=int(parameters["stride"]),
        network=parameters["network"],
        method=parameters["method"],
        relative=bool(parameters["relative"]),
        hidden=parameters["hidden"],
        noise=float(parameters["noise"]),
        learning_rate=float(parameters["learning_rate"]),
        fit=FitSettings(parameters["epochs"], int(parameters["batch_size"]), verbose=parameters["verbose"]),
    )
    return NetworkSettings(
        windows,
        causal=bool(parameters["causal"]),
        members=int(parameters["members"]),
        smoothing=float(parameters["smoothing"]),
        smooth=parameters["smooth"],
        drift_allowance=float(parameters["drift_allowance"]),
    )
