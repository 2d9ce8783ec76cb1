"""What every detector shares: the estimator contract, thresholds, and files.

The contract is scikit-learn's, followed without importing it: the constructor only stores its arguments, `fit`
checks them and sets attributes that end in an underscore. The vocabulary is PyOD's: larger scores are more
anomalous, and label 1 is an anomaly.
"""

from __future__ import annotations

import copy
import inspect
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from typing import Any, ClassVar, TypeVar

import numpy as np

from anomaly import thresholds
from anomaly.detectors.settings import equals_default, parameters_from_json, parameters_to_json
from nnlite.archive import dump_archive
from nnlite.files import atomic_write
from nnlite.types import Array
from nnlite.validation import Constraint, check_parameters

Self = TypeVar("Self", bound="BaseDetector")


class NotFittedError(ValueError, AttributeError):
    """A detector is asked for what only a fitted one can tell."""


class BaseDetector(ABC):
    """Base of all detectors.

    A subclass defines `fit` (which ends with `_set_threshold`), `decision_function`, and the two halves of its file:
    `_state` and `_restore`. Its constructor has the parameters `contamination` and `threshold`.

    A `fit` or `partial_fit` that fails or is interrupted leaves the detector as it was, and `save` writes the
    constructor's arguments as they were in the last one: every subclass gets that, see `_all_or_nothing`.

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n_records,)
        Anomaly scores of the training records; larger is more anomalous.
    threshold_ : float
        Records that score above it are anomalies.
    labels_ : ndarray of int of shape (n_records,)
        1 for the training records above the threshold, else 0.
    """

    contamination: float | str
    threshold: Any

    # The constraint of each argument that stands for itself; `_check_parameters` adds what several have to agree on.
    _constraints: ClassVar[Mapping[str, Constraint]] = {}

    decision_scores_: Array
    threshold_: float
    labels_: Array

    # The constructor's arguments that the detector was fitted with, as JSON values.
    _fitted_params: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("fit", "partial_fit"):
            method = getattr(cls, name, None)
            if not (method is None or hasattr(method, "whole") or getattr(method, "__isabstractmethod__", False)):
                setattr(cls, name, _all_or_nothing(method))

    # -- what a detector defines ---------------------------------------------------------------

    @abstractmethod
    def fit(self: Self, X: Any, y: Any = None) -> Self:
        """Learn what is usual from training records."""

    @abstractmethod
    def decision_function(self, X: Any) -> Array:
        """Return the anomaly score of each record; larger is more anomalous."""

    @abstractmethod
    def _state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return what was learned, as JSON values and arrays."""

    @abstractmethod
    def _restore(self, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
        """Take over what `_state` returned."""

    # -- judging records -----------------------------------------------------------------------

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
        return self._label(self.decision_function(X))

    def fit_predict(self, X: Any, y: Any = None) -> Array:
        """Fit on records and return their own labels."""
        return self.fit(X, y).labels_

    def score_samples(self, X: Any) -> Array:
        """Return how normal each record is: the negative of `decision_function`.

        scikit-learn's convention: larger is more normal.
        """
        return -self.decision_function(X)

    def score(self, X: Any, y: Any = None) -> float:  # noqa: ARG002
        """Return the mean of `score_samples`: how well the detector knows these records.

        With it, scikit-learn's model selection prefers the settings that describe held-out normal records best,
        without labels.
        """
        return float(np.mean(self.score_samples(X)))

    def _label(self, scores: Array) -> Array:
        return (scores > self.threshold_).astype(np.int64)

    def _set_threshold(self, scores: Array, y: Any) -> None:
        """Take the training scores; choose the threshold and label the training records."""
        rule = self._threshold_rule()
        labels = None if y is None else np.asarray(y)
        self.decision_scores_ = scores
        self.threshold_ = float(rule.fit(scores, labels).threshold_)
        self.labels_ = self._label(scores)

    def _threshold_rule(self) -> thresholds.Threshold:
        if self.threshold is not None:
            return thresholds.get(self.threshold)
        if self.contamination == "auto":
            return thresholds.AutoThreshold()
        return thresholds.QuantileThreshold(float(self.contamination))

    def _check_contamination(self) -> None:
        share = self.contamination
        if isinstance(share, str) and share == "auto":
            return
        is_number = isinstance(share, (int, float, np.integer, np.floating))
        if isinstance(share, bool) or not is_number or not 0 < float(share) <= 0.5:
            raise ValueError(
                f"contamination must be 'auto' or the share of anomalies, above 0 and at most 0.5; found {share!r}"
            )

    def _check_parameters(self) -> None:
        """Raise a ValueError for the first constructor argument that violates its constraint."""
        self._check_contamination()
        check_parameters({name: getattr(self, name) for name in self._constraints}, self._constraints)

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(
                f"this {type(self).__name__} has not been fitted; call fit(X) with training records first"
            )

    # -- the estimator contract ----------------------------------------------------------------

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002
        """Return the constructor's arguments by name."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self: Self, **params: Any) -> Self:
        """Change constructor arguments.

        What is learned by them counts from the next `fit`, and `save` writes those of the last. Arguments that say
        only how records are judged, such as the number of draws, count at once, but not in a file.

        Raises
        ------
        ValueError
            If there is no argument of that name.
        """
        known = self._parameter_names()
        for name, value in params.items():
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}; it has {', '.join(known)}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        parameters = inspect.signature(type(self).__init__).parameters
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if not equals_default(value, parameters[name].default)
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "threshold_")

    def __sklearn_tags__(self) -> Any:
        # scikit-learn alone calls this, so it is there to be imported.
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
        self._check_fitted()
        config, arrays = self._state()
        head = {
            "detector": type(self).__name__,
            "parameters": getattr(self, "_fitted_params", None) or parameters_to_json(self.get_params()),
            "threshold": self.threshold_,
            **config,
        }
        content = dump_archive("detector", head, {**arrays, "decision_scores": self.decision_scores_})
        with atomic_write(path) as file:
            file.write(content)

    @classmethod
    def from_state(cls: type[Self], config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> Self:
        """Make a fitted detector from what a file of it holds; `anomaly.load_detector` reads files.

        Parameters
        ----------
        config : mapping
            Parameters, threshold and what the detector learned, as JSON values.
        arrays : mapping of str to ndarray
            Its arrays.
        label : str
            Name of the file, for error messages.
        """
        detector = cls(**parameters_from_json(config["parameters"]))
        detector._restore(config, arrays, label)
        detector.decision_scores_ = _checked_scores(arrays["decision_scores"])
        detector.threshold_ = float(config["threshold"])
        detector.labels_ = detector._label(detector.decision_scores_)
        detector._fitted_params = parameters_to_json(detector.get_params())
        return detector


def _all_or_nothing(fit: Callable[..., Self]) -> Callable[..., Self]:
    """Let a method that learns do so on a copy, and the detector take over the result once it is whole."""

    @wraps(fit)
    def fit_whole(self: Self, *args: Any, **kwargs: Any) -> Self:
        learned = copy.copy(self)
        fit(learned, *args, **kwargs)
        # A subclass that hides its arguments behind **kwargs can learn, though not be saved.
        with suppress(AttributeError):
            learned._fitted_params = parameters_to_json(learned.get_params()) | _still_in_use(self, learned)
        self.__dict__.update(learned.__dict__)
        return self

    fit_whole.whole = True  # type: ignore[attr-defined]
    return fit_whole


def _still_in_use(before: BaseDetector, after: BaseDetector) -> dict[str, Any]:
    """Return the arguments of a preprocessing that was kept, as by `partial_fit`, as it was once fitted with them."""
    kept = getattr(before, "preprocessor_", None)
    if kept is None or getattr(after, "preprocessor_", None) is not kept:
        return {}
    fitted = getattr(before, "_fitted_params", {})
    return {name: fitted[name] for name in ("scaling", "categorical", "dates") if name in fitted}


def _checked_scores(array: Array) -> Array:
    if array.ndim != 1 or array.dtype != np.float64:
        raise ValueError(f"decision_scores has shape {array.shape} and dtype {array.dtype}")
    return array
