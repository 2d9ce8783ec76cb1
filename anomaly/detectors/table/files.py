"""Files of a `TableDetector`: what they hold, and what is left out of them on request."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from anomaly import thresholds
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.ensemble import Ensemble
from anomaly.detectors.table.ensemble_detector import EnsembleDetector
from anomaly.detectors.table.linear import LinearRegressions
from anomaly.detectors.table.neighbors import NearestNeighbors
from anomaly.detectors.table.prototypes import LEAST_RECORDS, Prototypes
from anomaly.detectors.table.settings import EnsembleSettings
from nnlite.types import Array
from nnlite.validation import check_value, choice, integer

Self = TypeVar("Self", bound="TableDetectorFiles")

RECORDS = ("all", "prototypes", "none")
"""What a file keeps of the remembered records."""
_RECORDS = choice(*RECORDS)
_NONE = "records='none'"


class TableDetectorFiles(EnsembleDetector):
    """The half of `anomaly.TableDetector` that concerns files.

    Attributes
    ----------
    records_seen_ : int
        Number of records seen by `fit` and `partial_fit`.
    """

    neighbors: int
    fine_share: float
    forest_share: float
    wide_share: float
    linear_share: float | str
    false_alarm_rate: float | None

    records_seen_: int

    def _left_out(self) -> float:
        return self._settings().trim

    def _settings(self) -> EnsembleSettings:
        # Not get_params, since a subclass may have other arguments.
        n_features = len(self.preprocessor_.feature_names_out_)
        return EnsembleSettings.from_parameters(vars(self), self.dependence_ == "time", n_features)

    @property
    def records_(self) -> str:
        """What is kept of the training records: "all" (at most 10,000), "prototypes" or "none"."""
        kinds = {member.kind for member in self.ensemble_.members}
        return "all" if NearestNeighbors.kind in kinds else "prototypes" if Prototypes.kind in kinds else "none"

    def save(self, path: str | os.PathLike[str], records: str = "all") -> None:
        """Write the fitted detector to one ``.npz`` file; an earlier file is replaced whole or not at all.

        The remembered training records, at most 10,000, are part of the file, and can be computed from it to seven
        digits. Where those who read it must not know them, leave them out; ``docs/privacy.md`` says what else a file
        holds.

        Parameters
        ----------
        path : str or path
            Where to.
        records : {"all", "prototypes", "none"}, default "all"
            What to keep of the remembered records, as in `keep_records`. This detector is not changed.

        Raises
        ------
        NotFittedError
            If the detector has not been fitted.
        ValueError
            As of `keep_records`.
        OSError
            If the file cannot be written.

        See Also
        --------
        anomaly.load_detector : The way back.
        """
        super(TableDetectorFiles, self.keep_records(records)).save(path)

    def keep_records(self: Self, records: str, at_most: int | None = None) -> Self:
        """Return a copy of the detector that keeps less of the training records, or the detector itself.

        The copy scores, explains and calibrates as before, with scores and a threshold of its own. But `partial_fit`
        and `drift` raise a ValueError, `learn_labels` needs records that are labelled normal, and values are expected
        from prototypes, or by the networks.

        Parameters
        ----------
        records : {"all", "prototypes", "none"}
            What to keep of the remembered records, at most 10,000: all of them; prototypes, the means of groups of at
            least five; or none, so that the networks score alone, as with ``neighbors=0``, beside linear regressions
            if there are any.
        at_most : int, optional
            The most prototypes, at least 4; by default one for each group of five records.

        Returns
        -------
        TableDetector
            The detector itself, if it keeps no more than that.

        Raises
        ------
        NotFittedError
            If the detector has not been fitted.
        ValueError
            If there are fewer than 20 records for prototypes; if the records are to be left out that prototypes were
            made of; or for "none" if a `false_alarm_rate` was given, whose held-out scores are those of networks and
            records together: fit with ``neighbors=0`` instead.

        Examples
        --------
        >>> import numpy as np
        >>> from anomaly import TableDetector
        >>> detector = TableDetector(hidden=(8,), random_state=0).fit(np.random.default_rng(0).normal(size=(200, 2)))
        >>> detector.keep_records("prototypes").predict([[0.0, 0.0], [9.0, -9.0]]).tolist()
        [0, 1]
        """
        check_value("records", records, _RECORDS)
        if at_most is not None:
            check_value("at_most", at_most, integer(4))
        self._check_fitted()
        if records in ("all", self.records_) and records != "none":
            return self
        from anomaly.detectors.table.kept_records import with_prototypes, without_records

        reduced = copy.copy(self)
        if self.records_ == "none":
            # There is still the state of the optimizers.
            reduced.ensemble_ = without_records(self.ensemble_, self._settings())
        elif records == "prototypes":
            reduced._take_reduced(*with_prototypes(self.ensemble_, at_most))
        elif self.false_alarm_rate is None:
            self.ensemble_.memory_for(_NONE)
            ensemble = without_records(self.ensemble_, self._settings())
            reduced._take_reduced(ensemble, ensemble.scores(self.ensemble_.remembered))
        else:
            raise ValueError(
                f"{_NONE} cannot keep a false_alarm_rate, whose held-out scores are of networks and records together: "
                "fit with neighbors=0 to score by the networks alone, or use records='prototypes'"
            )
        return reduced

    def _take_reduced(self, ensemble: Ensemble, scores: Array) -> None:
        """Take an ensemble with fewer records, the scores of the remembered records by it, and a threshold for them."""
        from anomaly.detectors.table.held_out import rescaled_calibration, rescaled_threshold

        before = self.ensemble_.scores(self.ensemble_.remembered)
        held_out = self._are_held_out(len(before))
        rule, calibration = self._threshold_rule(), scores
        if held_out or self.false_alarm_rate is not None:
            own = before if held_out else self.decision_scores_
            calibration = rescaled_calibration(self.calibration_scores_, own, scores)
        if self.false_alarm_rate is not None:
            self.threshold_ = rescaled_threshold(self.threshold_, before, scores)
        elif (self._left_out() or rule.needs_labels or held_out) and not isinstance(rule, thresholds.FixedThreshold):
            # The remembered records cannot determine it: anomalies, or labels, are missing among them, or their scores
            # are lower than those of fresh ones.
            self.threshold_ = rescaled_threshold(self.threshold_, before, scores)
        else:
            self.threshold_ = float(rule.fit(scores).threshold_)
        # In an order that tells nothing of that of the records.
        self.calibration_scores_ = np.sort(calibration)
        self.decision_scores_ = self.calibration_scores_ if held_out else np.sort(scores)
        self.ensemble_, self.labels_ = ensemble, self._label(self.decision_scores_)

    def _describe_members(self) -> list[str]:
        pairs = zip(self.ensemble_.members, self.ensemble_.weights, strict=True)
        weight = sum(weight for member, weight in pairs if isinstance(member, LinearRegressions))
        if not weight:
            return []
        reason = ", since the training records follow each other in time" if self.linear_share == "auto" else ""
        return [f"linear regressions of each column on all others, with {weight:.0%} of the weight{reason}"]

    def _describe_records(self) -> str:
        memory = self.ensemble_.memory
        if memory is not None:
            return (
                f"holds {len(memory.records):,} of the training records, whose values can be computed from the file "
                "(saved with records='prototypes' or 'none', on the command line --records, it holds none)"
            )
        if self.records_ == "none":
            return super()._describe_records()
        number = next(len(member.records) for member in self.ensemble_.members if isinstance(member, Prototypes))
        return f"holds no training records, but {number:,} means of at least {LEAST_RECORDS} of them each"

    # -- state ---------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        preprocessing, tables = self._preprocessing_state()
        ensemble, arrays = self.ensemble_.get_state()
        arrays |= tables
        if self._fitted_params["false_alarm_rate"] is not None:
            arrays["calibration_scores"] = self.calibration_scores_
        config = {**ensemble, **preprocessing, "history": self.history_}
        if self.records_seen_ != len(self.decision_scores_):
            config["records_seen"] = self.records_seen_
        if self.records_ != "all" and self._fitted_params["neighbors"]:
            config["records"] = self.records_
        return config, arrays

    def _restore(self, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
        if "members" not in config:
            # The first format had one network and no parameter `neighbors`.
            self.neighbors = 0
        if "fine_share" not in config["parameters"]:
            # Files from before the magnifying comparison.
            self.fine_share = 0.0
        if "forest_share" not in config["parameters"]:
            # Files from before the isolation forest and the wide comparison.
            self.forest_share = self.wide_share = 0.0
        if "linear_share" not in config["parameters"]:
            # Files from before the linear regressions.
            self.linear_share = 0.0
        self._check_parameters()
        self._restore_preprocessing(config, arrays)
        settings, features = self._settings(), FeatureSet.of(self.preprocessor_)
        records = config.get("records", "all")
        check_value("records", records, _RECORDS)
        if records == "none":
            settings = settings.networks_alone
        # Files from before weights depended on the kinds of columns have none of a blend.
        known = features if "blend" in config else features._replace(discrete=0.0)
        weights = settings.weights(known)
        self.ensemble_ = Ensemble.from_state(config, arrays, label, weights, known)
        memory = Prototypes.kind if records == "prototypes" else NearestNeighbors.kind
        settings.check_members(self.ensemble_.members, memory)
        self.history_ = config["history"]
        self.records_seen_ = config.get("records_seen", len(self.decision_scores_))
        check_value("records_seen", self.records_seen_, integer(least=1))
        if self.false_alarm_rate is not None:
            self.calibration_scores_ = arrays["calibration_scores"]
