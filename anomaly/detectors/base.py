"""Base of all detectors: the estimator contract, thresholds, calibrated outputs and files.

The contract is scikit-learn's, followed without importing it: the constructor only stores its arguments, `fit`
validates them and sets attributes that end in an underscore. The vocabulary is PyOD's: larger scores are more
anomalous, and label 1 is an anomaly.
"""

from __future__ import annotations

import copy
import math
import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import wraps
from typing import Any, ClassVar, TypeVar

import numpy as np

from anomaly import thresholds
from anomaly.errors import DataError, FewRecordsWarning, level_of_caller, not_fitted
from anomaly.estimator import OutputChoice, give_series
from anomaly.tables.csv_form import CsvForm
from nnlite.archive import dump_archive
from nnlite.types import Array
from nnlite.validation import Constraint, check_parameters, check_value, choice, number

Self = TypeVar("Self", bound="BaseDetector")

CONTAMINATION = Constraint(
    "'auto' or the fraction of anomalies, above 0 and at most 0.5", (choice("auto") | number(above=0, most=0.5)).accepts
)
"""Constraint of the parameter `contamination`."""

_DEFAULT_PRIOR = 0.05
_OF_COLUMNS = ("scaling", "categorical", "dates", "keep", "date_format", "time_zone")


class BaseDetector(OutputChoice, ABC):
    """Base of all detectors.

    A subclass defines `fit` (which ends with `_set_threshold`), `decision_function`, and the two halves of its file:
    `_state` and `_restore`. Its constructor has the parameters `contamination` and `threshold`.

    A `fit` or `partial_fit` that fails or is interrupted leaves the detector unchanged, and `save` writes the
    constructor's arguments of the last successful one: `_all_or_nothing` wraps both methods of every subclass.

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n_records,)
        Anomaly scores of the training records; larger is more anomalous. Of few records for each column, detectors of
        records have held-out scores, which are higher than `decision_function` of the same records.
    calibration_scores_ : ndarray of shape (n_scores,)
        Reference scores of `p_values`, `predict_proba` and `predict_confidence`; by default `decision_scores_`.
    threshold_ : float
        Records that score above it are anomalies.
    labels_ : ndarray of int of shape (n_records,)
        1 for the training records above the threshold, else 0.
    """

    contamination: float | str
    threshold: Any

    scores_are_finite: ClassVar[bool] = False
    """Whether every record has a score; a step of a series need not have one."""

    # The constraint of each argument by itself; overrides of `_check_parameters` add those on several arguments.
    file_form: CsvForm = CsvForm()
    """The form of the files that it was fitted on, as far as it was given; the command line reads others so."""

    _constraints: ClassVar[Mapping[str, Constraint]] = {}

    decision_scores_: Array
    calibration_scores_: Array
    threshold_: float
    labels_: Array

    # The constructor's arguments that the detector was fitted with, as JSON values.
    _fitted_params: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("decision_function", "explain", "score_terms") if cls.scores_are_finite else ():
            if name in vars(cls) and not getattr(vars(cls)[name], "__isabstractmethod__", False):
                setattr(cls, name, _finite(vars(cls)[name]))
        for name in ("fit", "fit_sample", "partial_fit"):
            method = getattr(cls, name, None)
            if not (
                method is None or hasattr(method, "all_or_nothing") or getattr(method, "__isabstractmethod__", False)
            ):
                setattr(cls, name, _all_or_nothing(method))
        give_series(cls)

    # -- what a detector defines ---------------------------------------------------------------

    @abstractmethod
    def fit(self: Self, X: Any, y: Any = None) -> Self:
        """Fit the detector on training records."""

    @abstractmethod
    def decision_function(self, X: Any) -> Array:
        """Return the anomaly score of each record; larger is more anomalous."""

    @abstractmethod
    def _state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state as JSON values and arrays."""

    @abstractmethod
    def _restore(self, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
        """Set the fitted state from the return value of `_state`.

        `decision_scores_`, `calibration_scores_` and `threshold_` are set before.
        """

    # -- scoring -------------------------------------------------------------------------------

    def predict(self, X: Any) -> Array:
        """Label records.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records with the columns of the training table.

        Returns
        -------
        ndarray of int of shape (n_records,)
            1 where the score is above ``threshold_``, else 0.
        """
        return self._map_scores(self._label, X)

    def fit_predict(self, X: Any, y: Any = None) -> Array:
        """Fit on records and return their own labels."""
        return self.fit(X, y).labels_

    def score_samples(self, X: Any) -> Array:
        """Return the negative of `decision_function`: scikit-learn's convention, larger is more normal."""
        return self._map_scores(np.negative, X)

    def score(self, X: Any, y: Any = None) -> float:  # noqa: ARG002
        """Return the mean of `score_samples`.

        With it, scikit-learn's model selection prefers the parameters that give held-out normal records the lowest
        scores, without labels.
        """
        return float(np.mean(self.score_samples(X)))

    def p_values(self, X: Any) -> Array:
        """Return the probability that a normal record scores at least as high as each record.

        Ties count against the record, so where many records are equal p-values are rather too large. A p-value depends
        on the record's score alone.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records.

        Returns
        -------
        ndarray of float64 of shape (n_records,)
            By the rank among ``calibration_scores_``, from 1 / (n + 1) to 1.

        Notes
        -----
        Where the reference scores are those of training records, they are lower than the scores of fresh records, and
        fresh normal records have too small p-values. How much depends on how closely the detector fits its training
        records: `anomaly.TableDetector` gives figures. Its reference scores are those of records held out from training
        where records are few, and with its parameter `false_alarm_rate`.

        See Also
        --------
        anomaly.calibration.benjamini_hochberg : Which records of a batch to flag.
        """
        from anomaly.calibration import p_values

        return self._map_scores(lambda scores: p_values(self.calibration_scores_, scores), X)

    def predict_proba(self, X: Any, prior: float | None = None) -> Array:
        """Return the estimated probabilities that each record is normal, and that it is an anomaly.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records.
        prior : float, optional
            Fraction of anomalies among such records, above 0 and below 1; by default the `contamination` if it is a
            number, else 0.05.

        Returns
        -------
        ndarray of float64 of shape (n_records, 2)
            Rows that add up to 1. The second column follows from `p_values`, and from the mean separation of anomalies
            over many tables: see `anomaly.calibration.anomaly_probability`, which also tells how well calibrated that
            is. In a table where they are separated more or less, it is too low or too high; its order is that of the
            scores. Errors of the p-values are errors of the probabilities.
        """
        from anomaly.calibration import anomaly_probability, p_values

        if prior is None:
            prior = _DEFAULT_PRIOR if isinstance(self.contamination, str) else float(self.contamination)

        def probabilities(scores: Array) -> Array:
            reference = self.calibration_scores_
            anomalous = anomaly_probability(p_values(reference, scores), prior, len(reference))
            return np.column_stack([1 - anomalous, anomalous])

        return self._map_scores(probabilities, X)

    def predict_confidence(self, X: Any) -> Array:
        """Return the estimated probability that each record keeps its label when the training set is drawn anew.

        It tells how far the label depends on the sample, not whether it is right. PyOD has the same as
        ``predict_confidence`` and ``predict(X, return_confidence=True)``.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records.

        Returns
        -------
        ndarray of float64 of shape (n_records,)
            Confidence in the labels that `predict` returns, from 0 to 1; see
            `anomaly.calibration.prediction_confidence`.

        Notes
        -----
        The estimate is from the ranks of the scores alone. A detector fitted to other records also has other scores, so
        labels change more often: in simulations with 200 to 1000 normal records and ``contamination=0.1`` the mean
        confidence in labels of fresh records was 0.97 to 0.99, while 87 to 93 % of the labels by two `TableDetector`
        fitted to different records were equal, and 68 to 79 % of those by two `AutoencoderDetector`.

        References
        ----------
        Perini, Vercruyssen & Davis, "Quantifying the confidence of anomaly detectors in their example-wise
        predictions", ECML PKDD 2020.
        """
        from anomaly.calibration import prediction_confidence

        return self._map_scores(
            lambda scores: prediction_confidence(self.calibration_scores_, scores, self.threshold_), X
        )

    def _map_scores(self, function: Callable[[Array], Array], X: Any) -> Any:
        """Apply a function of a vector of scores to the scores of records."""
        return function(self.decision_function(X))

    def _label(self, scores: Array) -> Array:
        return (scores > self.threshold_).astype(np.int64)

    def _set_threshold(self, scores: Array, y: Any) -> None:
        """Set the training scores, the threshold chosen by them, and the labels of the training records."""
        labels = None if y is None else np.asarray(y)
        self.decision_scores_ = self.calibration_scores_ = scores
        self.threshold_ = self._chosen_threshold(scores, labels)
        self.labels_ = self._label(scores)

    def _chosen_threshold(self, scores: Array, labels: Array | None) -> float:
        """Return the threshold chosen by scores; warn where they are too few."""
        _check_finite_scores(scores)
        rule = self._threshold_rule()
        threshold = float(rule.fit(scores, labels).threshold_)
        shortage = rule.shortage(len(scores), labels)
        if shortage is not None:
            warnings.warn(shortage, FewRecordsWarning, stacklevel=level_of_caller())
        return threshold

    def _threshold_rule(self) -> thresholds.Threshold:
        if self.threshold is not None:
            return thresholds.get(self.threshold)
        if self.contamination == "auto":
            return thresholds.AutoThreshold()
        return thresholds.QuantileThreshold(float(self.contamination))

    def _check_contamination(self) -> None:
        check_value("contamination", self.contamination, CONTAMINATION)

    def _check_parameters(self) -> None:
        """Raise a ValueError for the first constructor argument that violates its constraint."""
        self._check_contamination()
        check_parameters({name: getattr(self, name) for name in self._constraints}, self._constraints)

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise not_fitted(f"this {type(self).__name__} has not been fitted; call fit(X) with training records first")

    # -- the estimator contract ----------------------------------------------------------------

    def set_params(self: Self, **params: Any) -> Self:
        """Change constructor arguments.

        Arguments of training take effect with the next `fit`, and `save` writes those of the last one. Arguments of
        scoring alone, such as the number of draws, take effect at once, but not in a file.

        Raises
        ------
        ValueError
            If there is no argument of that name.
        """
        return super().set_params(**params)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "threshold_")

    def __sklearn_tags__(self) -> Any:
        # Only scikit-learn calls this method, so it is installed.
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type="outlier_detector",
            target_tags=TargetTags(required=False),
            input_tags=InputTags(string=True, categorical=True, allow_nan=True),
        )

    # -- files ---------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted detector to one ``.npz`` file; an earlier file is replaced whole or not at all.

        Parameters
        ----------
        path : str or path
            Where to.

        Raises
        ------
        NotFittedError
            If the detector has not been fitted.
        OSError
            If the file cannot be written.

        See Also
        --------
        anomaly.load_detector : The way back.
        """
        from nnlite.files import atomic_write

        content = dump_archive("detector", *self.to_state())
        with atomic_write(path) as file:
            file.write(content)

    def to_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the contents of the detector's file as JSON values and arrays, the arguments of `from_state`.

        Raises
        ------
        NotFittedError
            If the detector has not been fitted.
        """
        self._check_fitted()
        config, arrays = self._state()
        head = {
            "detector": type(self).__name__,
            "parameters": getattr(self, "_fitted_params", None) or _to_json_values(self.get_params()),
            "threshold": self.threshold_,
            **({"files": form} if (form := self.file_form.get_state()) else {}),
            **config,
        }
        return head, {**arrays, "decision_scores": self.decision_scores_}

    @classmethod
    def from_state(cls: type[Self], config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> Self:
        """Return a fitted detector from the contents of its file; `anomaly.load_detector` reads files.

        Parameters
        ----------
        config : mapping
            Parameters, threshold and the detector's own state, as JSON values.
        arrays : mapping of str to ndarray
            Arrays.
        label : str
            Name of the file, for error messages.

        Raises
        ------
        ValueError, LookupError, TypeError
            If the contents are inconsistent.
        """
        detector = cls(**_from_json_values(config["parameters"]))
        detector.set_state(config, arrays, label)
        return detector

    def set_state(self, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
        """Set the fitted state of a detector that has the parameters of a file; see `from_state`."""
        self.decision_scores_ = self.calibration_scores_ = _validated_scores(arrays["decision_scores"])
        self.threshold_ = float(config["threshold"])
        self.file_form = CsvForm.from_state(config.get("files", {}))
        self._restore(config, arrays, label)
        self.labels_ = self._label(self.decision_scores_)
        self._fitted_params = _to_json_values(self.get_params())

    # -- atomic fits ---------------------------------------------------------------------------

    def _adopt(self: Self, fitted: Self) -> None:
        """Take the state of a copy of this detector that was fitted."""
        parameters = {}
        # A subclass that hides its arguments behind **kwargs can be fitted, though not saved.
        with suppress(AttributeError):
            parameters["_fitted_params"] = _to_json_values(fitted.get_params()) | self._parameters_in_use(fitted)
        self.__dict__.update(fitted.__dict__, **parameters)

    def _parameters_in_use(self, fitted: BaseDetector) -> dict[str, Any]:
        """Return the arguments that a preprocessor was fitted with, if `fitted` has kept it, as `partial_fit` does."""
        kept = getattr(self, "preprocessor_", None)
        if kept is None or getattr(fitted, "preprocessor_", None) is not kept:
            return {}
        before = getattr(self, "_fitted_params", {})
        return {name: before[name] for name in _OF_COLUMNS if name in before}


def _finite(method: Callable[..., Array]) -> Callable[..., Array]:
    """Return a method of scores or their parts that raises an error instead of NaN, which would flag nothing."""

    @wraps(method)
    def checked(self: Any, *args: Any, **kwargs: Any) -> Array:
        found = method(self, *args, **kwargs)
        check_scores(found, type(self).__name__)
        return found

    return checked


def check_scores(scores: Array, owner: str) -> None:
    """Raise DataError if scores, or contributions to them in rows, are not finite.

    Parameters
    ----------
    scores : ndarray of shape (n_records,) or (n_records, ...)
        Scores of records that all must have one.
    owner : str
        The class of the detector, for the message.
    """
    # The sum is finite only if all scores are, or so large that they are worthless.
    if math.isfinite(scores.sum()):
        return
    bad = ~np.isfinite(scores.reshape(len(scores), -1).sum(axis=1))
    raise DataError(
        f"{max(np.count_nonzero(bad), 1):,} of {len(scores):,} scores are not finite numbers: the weights of this "
        f"{owner} are too large. Its training diverged, or its file was altered"
    )


def _all_or_nothing(fit: Callable[..., Self]) -> Callable[..., Self]:
    """Return a method that fits a copy, whose state the detector adopts once the fit has succeeded."""

    @wraps(fit)
    def fit_copy(self: Self, *args: Any, **kwargs: Any) -> Self:
        copied = copy.copy(self)
        with _shown() if getattr(self, "verbose", 0) == 1 else nullcontext():
            fit(copied, *args, **kwargs)
        self._adopt(copied)
        return self

    fit_copy.all_or_nothing = True  # type: ignore[attr-defined]
    return fit_copy


def _shown() -> AbstractContextManager[None]:
    from nnlite.notebook import job_shown

    return job_shown("fit")


def _check_finite_scores(scores: Array) -> None:
    finite = np.isfinite(scores)
    if not finite.all():
        from nnlite.divergence import DivergenceError

        raise DivergenceError(
            f"{np.count_nonzero(~finite):,} of {finite.size:,} training records have a score that is not a finite "
            f"number, the first of them record {int(np.argmin(finite)) + 1:,}: training has diverged. Use a smaller "
            "learning_rate, or look for extreme values in the data"
        )


def _validated_scores(array: Array) -> Array:
    if array.ndim != 1 or array.dtype != np.float64:
        raise ValueError(f"decision_scores has shape {array.shape} and dtype {array.dtype}")
    return array


def validated_labels(labels: Array, n_steps: int) -> Array:
    """Return the labels of the training steps; raise ValueError if they are none."""
    if labels.shape != (n_steps,) or not np.isin(labels, (0, 1)).all():
        raise ValueError("its labels must be 0 or 1, one for each score")
    return labels.astype(np.int64)


def as_labels(y: Any, count: int, unit: str) -> Array | None:
    """Return labels as an array, or None without labels.

    Parameters
    ----------
    y : array_like of 0 and 1 of shape (count,), optional
        Labels.
    count : int
        Number of records, steps or images.
    unit : str
        Noun for one of them, for errors.

    Raises
    ------
    ValueError
        If there is not one label for each.
    """
    if y is None:
        return None
    if np.ma.is_masked(y):
        raise ValueError("y has masked values: fill them with y.filled(...), or leave their rows out")
    if hasattr(y, "collect") and not hasattr(y, "__array__"):
        raise ValueError(f"y is a {type(y).__name__}, which has no values yet: pass the result of its collect()")
    labels = np.asarray(y)
    if labels.dtype.kind == "c":
        raise ValueError("y must hold labels; found complex numbers")
    if labels.shape == (count, 1):
        raise ValueError(
            f"y must have one label per {unit}, shape ({count},); found a column of shape {labels.shape}: "
            "pass y.ravel()"
        )
    if labels.shape != (count,):
        raise ValueError(f"y must have one label per {unit} ({count}); found shape {labels.shape}")
    return labels


def _to_json_values(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Describe constructor arguments: thresholds by their configuration, random generators not at all."""
    return {name: _to_json(value) for name, value in parameters.items()}


def _from_json_values(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the constructor arguments that `_to_json_values` described."""
    return {name: _from_json(value) for name, value in described.items()}


def _to_json(value: Any) -> Any:
    if isinstance(value, thresholds.Threshold):
        return {"threshold": type(value).__name__, "config": value.get_config()}
    if isinstance(value, (np.bool_, np.integer, np.floating)):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [_to_json(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else None


def _from_json(value: Any) -> Any:
    if isinstance(value, dict) and "threshold" in value:
        return thresholds.from_config(value["threshold"], value["config"])
    return tuple(_from_json(item) for item in value) if isinstance(value, list) else value
