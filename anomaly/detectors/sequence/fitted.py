"""What a detector of series has learned: preprocessing, members and networks, and its limit of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from anomaly.detectors.network_training import History
from anomaly.detectors.sequence.alarms import LEAST_GAP, AlarmRule, AlarmSettings
from anomaly.detectors.sequence.causes import NormalParts
from anomaly.detectors.sequence.ensemble import SeriesEnsemble
from anomaly.detectors.sequence.network_member import NetworkMember
from anomaly.detectors.sequence.scoring import SequenceStream
from anomaly.detectors.sequence.settings import network_settings_of
from anomaly.detectors.sequence.training import folds_of_networks
from anomaly.preprocessing.series import Segment, SeriesPreprocessor, without_cells
from anomaly.tables import Table
from nnlite.archive import arrays_with_prefix
from nnlite.types import Array


@dataclass(frozen=True)
class FittedSeries:
    """What was learned of series.

    Attributes
    ----------
    preprocessor : SeriesPreprocessor
        Conversion of series to features.
    ensemble : SeriesEnsemble or None
        The members that compare windows, with networks beside them or not; None for networks alone.
    network : NetworkMember or None
        The networks.
    folds : int
        Number of folds of the networks.
    period : int
        Length that the windows are multiples of.
    history : dict of str to list of float
        Loss of the first network after each epoch; empty without networks.
    steps : ndarray of bool of shape (n_steps,)
        Mask of the calibration steps.
    limits : ndarray of float32 of shape (2, n_features) or None
        The lowest and the highest value of each feature in training; None from a file of an earlier version.
    """

    preprocessor: SeriesPreprocessor
    ensemble: SeriesEnsemble | None
    network: NetworkMember | None
    folds: int
    period: int
    history: History
    steps: Array
    limits: Array | None = None

    @property
    def source(self) -> SeriesEnsemble | NetworkMember:
        """Return what scores are from."""
        found = self.ensemble or self.network
        assert found is not None  # a fit has one of them
        return found

    def stream(self, ignored: Sequence[str] | None, rule: AlarmRule) -> SequenceStream:
        """Return a stream of scores and labels at the start of a series."""
        columns = self.preprocessor.columns_
        return SequenceStream(
            ignored, self.preprocessor.reader(warn=True), self.source.scored_stream, rule, columns.sum_by_column
        )

    def alarm_settings(self, rate: float, is_promised: bool, causal: bool) -> AlarmSettings:
        """Return what a limit that follows the scores depends on."""
        if self.ensemble is None:
            raise ValueError("networks alone have a fixed threshold, and no rate of alarms")
        gap = max(self.period, LEAST_GAP)
        width, reach = self.ensemble.step_member.window, self.ensemble.longest_window
        normal = NormalParts.of(self.ensemble.training_.step_parts, min(self.period, reach))
        return AlarmSettings(rate, is_promised, gap, width, reach, causal, normal)

    def expected(self, table: Table) -> Table:
        """Return the value of each step that is expected, in units of the sensors.

        Correlations and networks extrapolate: beside a sensor that is far from all of training, they expect others to
        be as far. So no value is below the lowest of training, or above the highest.
        """
        segments = self.preprocessor.reader().read(table)
        features = np.concatenate([self.source.expected(s.features, s.missing) for s in segments])
        if self.limits is not None:
            features = np.clip(features, *self.limits)
        return self.preprocessor.columns_.inverse_transform(features.astype(np.float32), rounded=False)

    @property
    def reach(self) -> int:
        """Return the number of steps before and after a step that its expected value depends on."""
        if self.network is not None:
            return self.network.model.window
        assert self.ensemble is not None  # a fit has one of them
        return self.ensemble.step_member.window

    def observed(self, table: Table, filled: bool) -> Table:
        """Return a series as it is scored, with missing samples filled or not."""
        segments, columns = self.preprocessor.reader().read(table), self.preprocessor.columns_
        observed = columns.inverse_transform(np.concatenate([segment.features for segment in segments]))
        if filled:
            return observed
        missing = np.zeros((len(observed), len(observed.names)), np.bool_)
        missing[:, columns.feature_columns_] = np.concatenate([segment.missing for segment in segments])
        return without_cells(observed, missing)

    @property
    def n_remembered(self) -> int:
        """Return the number of windows of training that are held."""
        return 0 if self.ensemble is None else self.ensemble.n_remembered

    def describe(self) -> list[str]:
        """Return the members and the windows, in lines of text."""
        if self.ensemble is None:
            return []
        members = [member.describe() for member in self.ensemble.members_]
        return [f"period of {self.period} steps", *members]

    # -- files ---------------------------------------------------------------------------------

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state as JSON values and arrays."""
        columns, tables = self.preprocessor.get_state()
        config: dict[str, Any] = {"preprocessing": columns, "history": self.history, "networks": []}
        arrays = {"calibration": self.steps}
        if self.limits is not None:
            arrays["limits"] = self.limits
        arrays |= {f"preprocessing/{name}": array for name, array in tables.items()}
        if self.network is not None:
            config["networks"], weights = self.network.get_state()
            arrays |= weights
        if self.ensemble is not None:
            config["ensemble"], members = self.ensemble.get_state()
            arrays |= {f"ensemble/{name}": array for name, array in members.items()}
        return config, arrays

    @classmethod
    def from_state(
        cls,
        config: Mapping[str, Any],
        arrays: Mapping[str, Array],
        parameters: Mapping[str, Any],
        scores: Array,
        label: str,
    ) -> FittedSeries:
        """Restore from the return value of `get_state`; raise an error if it is not valid.

        Parameters
        ----------
        config, arrays : mapping
            JSON values and arrays.
        parameters : mapping of str to object
            Parameters of the detector.
        scores : ndarray of shape (n_steps,)
            Scores of the training steps.
        label : str
            Name of the file, for messages.
        """
        preprocessor = SeriesPreprocessor.from_state(
            config["preprocessing"], arrays_with_prefix(arrays, "preprocessing/")
        )
        if preprocessor.time != parameters["time"]:
            raise ValueError(f"its preprocessing reads the time from {preprocessor.time!r}")
        n_features = len(preprocessor.columns_.feature_names_out_)
        described = config.get("ensemble")
        period = int(parameters["window"] if described is None else described["period"])
        networks, folds, network = config["networks"], 1, None
        if networks:
            folds = folds_of_networks(networks, parameters["folds"], parameters["members"])
            settings = network_settings_of(parameters, period)
            network = NetworkMember.from_state(settings, networks, arrays, n_features, label)
        ensemble = None
        if described is not None:
            ensemble = SeriesEnsemble(bool(parameters["causal"]))
            of_members, share = arrays_with_prefix(arrays, "ensemble/"), float(parameters["network_share"])
            ensemble.set_state(described, of_members, network, share, scores, n_features)
        if ensemble is None and network is None:
            raise ValueError("it holds neither networks nor members that compare windows")
        steps = _validated_mask(arrays["calibration"], len(scores))
        limits = _validated_limits(arrays["limits"], n_features) if "limits" in arrays else None
        return cls(preprocessor, ensemble, network, folds, period, config["history"], steps, limits)


def limits_of(segments: Sequence[Segment]) -> Array:
    """Return the lowest and the highest value of each feature that was measured, of shape (2, n_features)."""
    lowest = [np.where(one.missing, np.inf, one.features).min(axis=0) for one in segments]
    highest = [np.where(one.missing, -np.inf, one.features).max(axis=0) for one in segments]
    return np.stack([np.min(lowest, axis=0), np.max(highest, axis=0)]).astype(np.float32)


def _validated_limits(limits: Array, n_features: int) -> Array:
    if limits.dtype != np.float32 or limits.shape != (2, n_features) or not (limits[0] <= limits[1]).all():
        raise ValueError("its limits must be the lowest and the highest value of each feature, as float32")
    return limits


def _validated_mask(mask: Array, n_steps: int) -> Array:
    if mask.dtype != np.bool_ or mask.shape != (n_steps,):
        raise ValueError("its calibration must be one boolean for each score")
    return mask
