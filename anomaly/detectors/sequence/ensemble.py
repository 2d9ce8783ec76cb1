r"""The score of a detector of series: a blend of members, each in units of normal steps.

A member gives each step a value, and each feature a part of it. The values are divided by the median of training, and
blended as those of a detector of tables (see `anomaly.detectors.blend`): a step that all members find a little odd is
above one that a single member finds very odd.

**Parts.** The contributions of the features are the score, divided as the members divide theirs, each member with the
weight of what it finds: :math:`\max(\ln s_m / q_m, 0)`.

**Constant features** have no part in windows. Where one has another value than ever in training, the score is doubled,
and the added half is its contribution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from anomaly.detectors.blend import Blend, spread_of
from anomaly.detectors.sequence.known_steps import LENGTH, KnownSteps
from anomaly.detectors.sequence.network_member import NetworkMember
from anomaly.detectors.sequence.scored_steps import ScoredSteps
from anomaly.detectors.sequence.windows.covariance import WindowCovariance
from anomaly.detectors.sequence.windows.covering import Typical
from anomaly.detectors.sequence.windows.features import WindowFeatures
from anomaly.detectors.sequence.windows.fitting import (
    SHORTEST_WINDOW,
    fit_member,
    members_for,
    step_member,
    step_parts,
)
from anomaly.detectors.sequence.windows.nearest import NearestWindows
from anomaly.detectors.sequence.windows.quiet import QuietWindows
from anomaly.detectors.sequence.windows.recent import RecentSteps
from anomaly.detectors.sequence.windows.step_parts import StepParts
from anomaly.detectors.sequence.windows.stream import StepMember, WindowMember, WindowStream, expected_steps
from anomaly.preprocessing.series import Segment
from nnlite.archive import arrays_with_prefix
from nnlite.job import counted
from nnlite.types import Array

_KINDS: dict[str, type[NearestWindows] | type[WindowCovariance] | type[QuietWindows]] = {
    kind.kind: kind for kind in (NearestWindows, WindowCovariance, QuietWindows)
}
# In standard deviations of a sensor: nearer is as near as it gets, in series that repeat exactly.
_LEAST_UNIT = 1e-3
# What members that see nothing odd can say against one that does: a sensor that is too quiet is near to all it was.
_BOUND = 0.05


class SeriesEnsemble:
    """Members that compare windows, networks beside them where wanted, and the blend of their values.

    Parameters
    ----------
    causal : bool
        Whether a score must not depend on later steps.

    Attributes
    ----------
    period_ : int
        Length that the windows are multiples of, in steps.
    members_ : list of WindowMember
        The members that compare windows.
    network_ : NetworkMember or None
        The networks.
    features_ : WindowFeatures
        Selection and weights of the features of windows.
    typical_ : list of Typical
        Each member's typical distances of windows.
    units_ : ndarray of shape (n_members,)
        Each member's median value of a step in training, networks last.
    spreads_ : ndarray of shape (n_members,)
        Spread of each member's values in training, in the order of `units_`.
    blend_ : Blend
        Weights and spreads.
    known_ : KnownSteps
        Places of the steps of training.
    training_ : ScoredSteps
        What was found of them, with one column of contributions, the scores.
    """

    period_: int
    members_: list[WindowMember]
    network_: NetworkMember | None
    features_: WindowFeatures
    typical_: list[Typical]
    units_: Array
    spreads_: Array
    blend_: Blend
    known_: KnownSteps
    training_: ScoredSteps

    def __init__(self, causal: bool) -> None:
        self.causal = causal

    def fit(self, segments: Sequence[Segment], period: int, rng: np.random.Generator) -> list[Array]:
        """Fit the members that compare windows; return the values of the steps of training by each.

        Parameters
        ----------
        segments : sequence of Segment
            Segments of all training series.
        period : int
            Length that the windows are multiples of.
        rng : numpy.random.Generator
            Chooses the windows to learn from.

        Returns
        -------
        list of ndarray of shape (n_steps of all segments, n_features)
            Parts of the features in the values.
        """
        self.period_, self.network_ = period, None
        self.features_ = WindowFeatures().fit([segment.features for segment in segments])
        prepared = [(self.features_.select(s.features), self.features_.select_mask(s.missing)) for s in segments]
        self.members_ = members_for(period, len(self.features_.selected), max(len(steps) for steps, _ in prepared))
        found = [fit_member(member, prepared, self.causal, rng) for member in counted(self.members_, "members")]
        self.typical_ = [values.typical for values in found]
        self.known_ = KnownSteps().fit([segment.features for segment in segments])
        self._training_parts = step_parts(self.step_member, prepared)
        return [self.spread_out(np.concatenate(values.segments)) for values in found]

    def calibrate(self, parts: Sequence[Array], steps: Array, network_share: float) -> None:
        """Set units and blend by the values of calibration steps.

        Parameters
        ----------
        parts : sequence of ndarray of shape (n_steps, n_features)
            The values of each member, networks last if there are any.
        steps : ndarray of bool of shape (n_steps,)
            Mask of the calibration steps.
        network_share : float
            Weight of the networks; the others share the rest by their own weights.
        """
        totals = [part[steps].sum(axis=1) for part in parts]
        self.units_ = np.array([max(float(np.median(total)), _LEAST_UNIT) for total in totals])
        spreads = np.array([spread_of(total / unit) for total, unit in zip(totals, self.units_, strict=True)])
        # What is silent in training has no spread of its own, and must not change the least one of the others.
        is_silent = np.zeros(len(totals), np.bool_)
        is_silent[: len(self.members_)] = [isinstance(member, QuietWindows) for member in self.members_]
        spreads[is_silent] = spreads[~is_silent].mean()
        self.spreads_ = spreads
        self.blend_ = Blend(self._weights(network_share), self.spreads_, _BOUND)

    def remember(self, scores: Array) -> None:
        """Remember the scores of the steps of training, for when they are scored again."""
        self.training_ = ScoredSteps(scores[:, np.newaxis], self._training_parts, np.ones(len(scores), np.bool_))
        del self._training_parts

    def contributions(self, parts: Sequence[Array]) -> Array:
        """Return the contributions of the features to the scores of steps.

        Parameters
        ----------
        parts : sequence of ndarray of shape (n_steps, n_features)
            The values of each member.
        """
        totals = np.stack([part[:, 0] if part.shape[1] == 1 else part.sum(axis=1) for part in parts])
        relative = totals / self.units_[:, np.newaxis]
        scores = self.blend_.scores(relative)
        n_features = parts[0].shape[1]
        if n_features == 1:
            return np.asarray(scores[:, np.newaxis])
        weights, spreads = self.blend_.weights[:, np.newaxis], self.blend_.units[:, np.newaxis]
        excess = weights * np.maximum(np.log(np.maximum(relative, 1.0)) / spreads, 1e-6)
        scales = np.divide(excess, totals, out=np.zeros(totals.shape), where=totals > 0)
        fractions: Array = np.zeros(parts[0].shape)
        for part, scale in zip(parts, scales, strict=True):
            fractions += part * scale[:, np.newaxis]
        sums = fractions.sum(axis=1, keepdims=True)
        nothing = sums[:, 0] <= 0
        if nothing.any():
            fractions[nothing], sums[nothing] = 1 / n_features, 1.0
        fractions *= scores[:, np.newaxis] / sums
        return fractions

    @staticmethod
    def with_changes(contributions: Array, changed: Array) -> Array:
        """Double the scores of steps in which a constant feature changed."""
        if not changed.any():
            return contributions
        counts = np.maximum(changed.sum(axis=1, keepdims=True), 1)
        return contributions + changed * contributions.sum(axis=1, keepdims=True) / counts

    def as_in_training(self, found: ScoredSteps, places: Array) -> ScoredSteps:
        """Return what was found of steps, and of those of training what was found there, at their places."""
        known = found.is_known
        if not known.any():
            return found
        here = places[known]
        contributions, parts = found.contributions.copy(), found.step_parts.copy()
        scores = contributions[known].sum(axis=1, keepdims=True)
        before = self.training_.contributions[here]
        even = before / contributions.shape[1]
        scaled = contributions[known] * np.divide(before, scores, out=np.ones_like(scores), where=scores > 0)
        contributions[known] = np.where(scores > 0, scaled, even)
        parts[known] = self.training_.step_parts[here]
        return ScoredSteps(contributions, parts, known)

    def expected(self, steps: Array, missing: Array) -> Array:
        """Return the value of each step of a segment that is expected, of the shape of steps."""
        if self.network_ is not None:
            return self.network_.expected(steps, missing)
        chosen = self.features_.selected
        weights = self.features_.weights_[chosen]
        found = np.tile(self.features_.constants_, (len(steps), 1))
        selected = self.features_.select(steps)
        gone = self.features_.select_mask(missing)
        found[:, chosen] = expected_steps(self.step_member, selected, gone, self.causal) / weights
        return found

    @property
    def step_member(self) -> StepMember:
        """Return the member that knows the parts of steps."""
        return step_member(self.members_, self.period_)

    @property
    def n_remembered(self) -> int:
        """Return the number of windows of training that are held, with their values or statistics."""
        return sum(len(member.remembered_) for member in self.members_ if isinstance(member, NearestWindows))

    @property
    def longest_window(self) -> int:
        """Return the number of steps that have the value of one of the longest windows."""
        return max(member.span for member in self.members_)

    @property
    def delay(self) -> int:
        """Return the number of later steps that a score depends on."""
        if self.causal:
            return 0
        network = 0 if self.network_ is None else self.network_.model.window - 1
        return max(network, LENGTH - 1, self.longest_window - 1)

    def scored_stream(self) -> EnsembleStream:
        """Return a stream at the start of a segment."""
        return EnsembleStream(self)

    def member_streams(self, recent: RecentSteps) -> list[WindowStream]:
        """Return a stream of each member that compares windows of the last steps of a segment."""
        pairs = zip(self.members_, self.typical_, strict=True)
        return [WindowStream(member, typical, self.causal, recent) for member, typical in pairs]

    def spread_out(self, parts: Array) -> Array:
        """Return parts of the selected features as those of all."""
        if self.features_.has_all:
            return parts
        every = np.zeros((len(parts), len(self.features_.weights_)))
        every[:, self.features_.selected] = parts
        return every

    def _weights(self, network_share: float) -> Array:
        windows = np.array([member.weight for member in self.members_])
        windows /= windows.sum()
        return windows if self.network_ is None else np.append((1 - network_share) * windows, network_share)

    # -- files ---------------------------------------------------------------------------------

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state without the networks, as JSON values and arrays."""
        described, arrays = [], {f"features/{name}": a for name, a in self.features_.get_state().items()}
        for k, member in enumerate(self.members_):
            config, of_member = member.get_state()
            described.append({"kind": member.kind, **config})
            arrays.update({f"{k}/{name}": array for name, array in of_member.items()})
        arrays |= {f"known/{name}": array for name, array in self.known_.get_state().items()}
        values = {"typical": np.array(self.typical_), "units": self.units_, "spreads": self.spreads_}
        values["step_parts"] = self.training_.step_parts
        return {"period": self.period_, "members": described}, {**arrays, **values}

    def set_state(
        self,
        config: Mapping[str, Any],
        arrays: Mapping[str, Array],
        network: NetworkMember | None,
        network_share: float,
        scores: Array,
        n_features: int,
    ) -> None:
        """Restore the return value of `get_state`, with the networks; raise ValueError if it is not valid."""
        self.period_, self.network_ = int(config["period"]), network
        self.features_ = WindowFeatures.from_state(arrays_with_prefix(arrays, "features/"), n_features)
        width = len(self.features_.selected)
        for described in config["members"]:
            _check_length(described["window"], len(scores))
        self.members_ = [
            _KINDS[described["kind"]].from_state(described, arrays_with_prefix(arrays, f"{k}/"), width)
            for k, described in enumerate(config["members"])
        ]
        n_windows, n_all = len(self.members_), len(self.members_) + (network is not None)
        typical = _positive(arrays["typical"], (n_windows, 2), "typical distances", least=0.0)
        self.typical_ = [Typical(float(distance), float(certainty)) for distance, certainty in typical]
        self.units_ = _positive(arrays["units"], (n_all,), "units", least=_LEAST_UNIT)
        self.spreads_ = _positive(arrays["spreads"], (n_all,), "spreads", least=0.0)
        self.blend_ = Blend(self._weights(network_share), self.spreads_, _BOUND)
        self.known_ = KnownSteps.from_state(arrays_with_prefix(arrays, "known/"), len(scores))
        parts = _positive(arrays["step_parts"], (len(scores),), "parts of steps", least=0.0)
        self.training_ = ScoredSteps(scores[:, np.newaxis], parts, np.ones(len(scores), np.bool_))


class EnsembleStream:
    """Contributions of the features of one segment that arrives in pieces.

    A member's value of a step is final when no later step can change it, for long windows later than for short ones:
    values wait until all members have theirs. Steps of training have their scores of training.

    Parameters
    ----------
    ensemble : SeriesEnsemble
        The members and their blend.
    """

    def __init__(self, ensemble: SeriesEnsemble) -> None:
        self._ensemble = ensemble
        self._recent = RecentSteps(max(member.window for member in ensemble.members_), ensemble.causal)
        self._windows = ensemble.member_streams(self._recent)
        self._of_steps = ensemble.members_.index(ensemble.step_member)
        self._step_parts = StepParts(ensemble.step_member.window, ensemble.causal)
        self._network = None if ensemble.network_ is None else ensemble.network_.stream()
        self._places = ensemble.known_.stream(ensemble.causal)
        self._waiting: list[Array] = []

    def push(self, steps: Array, missing: Array) -> ScoredSteps:
        """Take the next steps and the mask of their missing samples; return what is final."""
        features = self._ensemble.features_
        self._recent.push(features.select(steps), features.select_mask(missing))
        found, parts = [], np.zeros(0)
        for k, stream in enumerate(self._windows):
            values, parts = stream.take_with(self._step_parts) if k == self._of_steps else (stream.take(), parts)
            found.append(self._ensemble.spread_out(values))
        if self._network is not None:
            found.append(self._network.push(steps, missing))
        changed = features.changed(steps) & ~missing
        return self._blend([*found, changed, self._places.push(steps), parts])

    def finish(self) -> ScoredSteps:
        """Return the rest: the segment ends here."""
        n_features = len(self._ensemble.features_.weights_)
        if not self._waiting:
            return ScoredSteps(np.zeros((0, n_features)), np.zeros(0), np.zeros(0, np.bool_))
        found = [self._ensemble.spread_out(stream.finish()) for stream in self._windows]
        if self._network is not None:
            found.append(self._network.finish())
        nothing = np.zeros((0, n_features), np.bool_)
        parts = self._step_parts.finish(self._recent.seen)
        return self._blend([*found, nothing, self._places.finish(), parts])

    def _blend(self, found: Sequence[Array]) -> ScoredSteps:
        """Add values of steps to those that wait; blend those of the steps that have all."""
        waiting = [np.concatenate(pair) for pair in zip(self._waiting, found, strict=True)] if self._waiting else found
        n = min(map(len, waiting))
        self._waiting = [values[n:] for values in waiting]
        *values, changed, places, parts = (values[:n] for values in waiting)
        contributions = self._ensemble.with_changes(self._ensemble.contributions(values), changed)
        return self._ensemble.as_in_training(ScoredSteps(contributions, parts, places >= 0), places)


def _check_length(window: Any, n_steps: int) -> None:
    """Raise ValueError for a window that training cannot have had: memory is taken for each of its steps."""
    if type(window) is not int or not 0 < window <= max(n_steps, SHORTEST_WINDOW):
        raise ValueError(f"expected windows of 1 to {n_steps} steps of training; found {window!r}")


def _positive(values: Array, shape: tuple[int, ...], what: str, least: float) -> Array:
    is_valid = values.dtype == np.float64 and values.shape == shape and np.isfinite(values).all()
    if not (is_valid and (values >= least).all()):
        raise ValueError(f"expected finite {what} of shape {shape}, of at least {least}")
    return values
