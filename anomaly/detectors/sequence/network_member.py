"""Networks on windows as a member of a detector of series: trained, calibrated, and streamed segment by segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from anomaly.detectors.network_training import History
from anomaly.detectors.sequence.calibration import Calibration, calibrate
from anomaly.detectors.sequence.residual_streams import WindowModel
from anomaly.detectors.sequence.scored_steps import ScoredSteps
from anomaly.detectors.sequence.training import WindowSettings, train_folds
from anomaly.detectors.sequence.whitening import ResidualScale
from anomaly.preprocessing.series import Segment
from nnlite.archive import arrays_with_prefix
from nnlite.types import Array


@dataclass(frozen=True)
class NetworkSettings:
    """Training of the networks, and the scale of their residuals.

    Attributes
    ----------
    windows : WindowSettings
        Windows, architecture and training.
    causal : bool
        Whether a score must not depend on later steps.
    members : int
        Number of networks in each fold.
    smoothing : float
        Span of the exponentially weighted mean of residuals, in steps.
    smooth : {"errors", "squares"}
        What is smoothed.
    drift_allowance : float
        Horizon of the allowance for drift, in lengths of the training series.
    """

    windows: WindowSettings
    causal: bool
    members: int
    smoothing: float
    smooth: str
    drift_allowance: float

    def model(self) -> WindowModel:
        """Return the model of the windows, without networks."""
        windows = self.windows
        return WindowModel((), windows.window, windows.stride, windows.method, self.causal, windows.relative)


@dataclass(frozen=True)
class NetworkMember:
    """Networks with the scale of their residuals; the score of a step is the mean square of its whitened residuals.

    Attributes
    ----------
    model : WindowModel
        The networks and their windows.
    scale : ResidualScale
        Scale and correlation of normal residuals.
    """

    model: WindowModel
    scale: ResidualScale

    @classmethod
    def fit(
        cls,
        settings: NetworkSettings,
        series: Sequence[Sequence[Segment]],
        folds_of: Sequence[Array],
        folds: int,
        sensors: Sequence[str],
    ) -> tuple[NetworkMember, Calibration, History]:
        """Train networks without each fold, and calibrate them on it.

        Parameters
        ----------
        settings : NetworkSettings
            Training and calibration.
        series : sequence of sequence of Segment
            The segments of each series.
        folds_of : sequence of ndarray of int of shape (n_steps,)
            The fold of each step, for each series (see `anomaly.detectors.sequence.training`).
        folds : int
            Number of folds.
        sensors : sequence of str
            The sensor of each feature, for errors.
        """
        features = [[segment.features for segment in segments] for segments in series]
        networks, history = train_folds(settings.windows, features, folds_of, folds, settings.members)
        model = settings.model().with_networks(networks)
        scale = ResidualScale(settings.smoothing, settings.smooth)
        calibration = calibrate(
            scale, model.split(settings.members), series, folds_of, settings.drift_allowance, sensors
        )
        scale.learn_signatures(model, max((part for parts in features for part in parts), key=len))
        return cls(model, scale), calibration, history

    def stream(self) -> NetworkStream:
        """Return a stream at the start of a segment."""
        return NetworkStream(self.model, self.scale)

    def scored_stream(self) -> NetworkScoreStream:
        """Return a stream of the scores by the networks alone, at the start of a segment."""
        return NetworkScoreStream(self.stream())

    @property
    def delay(self) -> int:
        """Return the number of later steps that a score depends on."""
        return 0 if self.model.causal or self.model.forecasts else self.model.window

    def expected(self, steps: Array, missing: Array) -> Array:
        """Return the reconstruction or forecast of each step of a segment, of the shape of steps."""
        values: Array = steps - self.model.residuals(steps, missing)
        return values

    # -- files ---------------------------------------------------------------------------------

    def get_state(self) -> tuple[list[dict[str, Any]], dict[str, Array]]:
        """Return the configurations of the networks, and all arrays."""
        networks, arrays = self.model.get_state()
        return networks, {**arrays, **{f"residuals/{name}": a for name, a in self.scale.get_state().items()}}

    @classmethod
    def from_state(
        cls,
        settings: NetworkSettings,
        networks: Sequence[Mapping[str, Any]],
        arrays: Mapping[str, Array],
        n_features: int,
        label: str,
    ) -> NetworkMember:
        """Restore from the return value of `get_state`; raise an error if it is not valid."""
        model = settings.model().with_state(networks, arrays, n_features, label)
        residuals = arrays_with_prefix(arrays, "residuals/")
        return cls(model, ResidualScale.from_state(residuals, n_features, settings.smoothing, settings.smooth))


class NetworkStream:
    """Contributions of the features of one segment that arrives in pieces, by the networks' residuals.

    Parameters
    ----------
    model : WindowModel
        The networks.
    scale : ResidualScale
        The scale of their residuals.
    """

    def __init__(self, model: WindowModel, scale: ResidualScale) -> None:
        self._residuals, self._scale, self._smoother = model.stream(), scale, scale.smoother()
        self._missing: list[Array] = []  # the masks of the steps whose residuals are still to come

    def push(self, steps: Array, missing: Array) -> Array:
        """Take the next steps and the mask of their missing samples; return the contributions that are final."""
        self._missing.append(missing)
        return self._contributions(self._residuals.push(steps, missing))

    def finish(self) -> Array:
        """Return the remaining contributions: the segment ends here."""
        return self._contributions(self._residuals.finish())

    def _contributions(self, residuals: Array) -> Array:
        missing = np.concatenate(self._missing)
        self._missing = [missing[len(residuals) :]]
        # What was not measured is no residual.
        present = np.where(missing[: len(residuals)], 0.0, residuals)
        parts: Array = self._scale.contributions(present, self._smoother) / missing.shape[1]
        return parts


class NetworkScoreStream:
    """Scores of one segment by the networks alone; no step is told from those around it.

    Parameters
    ----------
    stream : NetworkStream
        Contributions of the features.
    """

    def __init__(self, stream: NetworkStream) -> None:
        self._stream = stream

    def push(self, steps: Array, missing: Array) -> ScoredSteps:
        """Take the next steps and the mask of their missing samples; return what is final."""
        return self._scored(self._stream.push(steps, missing))

    def finish(self) -> ScoredSteps:
        """Return the rest: the segment ends here."""
        return self._scored(self._stream.finish())

    @staticmethod
    def _scored(contributions: Array) -> ScoredSteps:
        n = len(contributions)
        return ScoredSteps(contributions, np.ones(n), np.zeros(n, np.bool_))
