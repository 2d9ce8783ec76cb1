"""The features that windows are cut from: those that vary, and those of few levels with less weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nnlite.types import Array

# Commands and states beside measurements jump by many standard deviations, and often without any effect.
_MOST_LEVELS = 3
_WEIGHT_OF_LEVELS = 0.1
_CONSTANT = 1e-9
# Squares of larger numbers would overflow in float32 sums.
_LARGEST = 1e6


class WindowFeatures:
    """Selection and weights of features.

    Features that were constant in training have no scale, and would cost as much time as all others. They are watched
    apart: see `changed`.

    Attributes
    ----------
    weights_ : ndarray of float32 of shape (n_features,)
        0 for constant features, a tenth for those of at most 3 values where others have more, else 1.
    constants_ : ndarray of float32 of shape (n_features,)
        The first value of each feature in training.
    selected : ndarray of int
        Indices of the features that windows have.
    has_all : bool
        Whether windows have all features.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.column_stack([np.arange(5.0), np.ones(5), [0.0, 1.0, 0.0, 1.0, 0.0]])
    >>> features = WindowFeatures().fit([steps])
    >>> features.weights_.astype(float).round(3).tolist(), features.select(steps[:1] + 1).round(3).tolist()
    ([1.0, 0.0, 0.1], [[1.0, 0.1]])
    >>> features.changed(np.array([[9.0, 1.0, 0.0], [9.0, 1.5, 0.0]])).tolist()
    [[False, False, False], [False, True, False]]
    """

    weights_: Array
    constants_: Array
    selected: Array
    has_all: bool

    def fit(self, segments: Sequence[Array]) -> WindowFeatures:
        """Find constant features and those of few levels in segments of shape (n_steps, n_features)."""
        steps = np.concatenate(segments)
        varies = steps.std(axis=0, dtype=np.float64) > _CONSTANT
        if not varies.any():
            varies[:] = True
        few = np.array([len(np.unique(feature)) <= _MOST_LEVELS for feature in steps.T])
        lighter = few & varies & (varies & ~few).any()
        self.weights_ = np.where(lighter, _WEIGHT_OF_LEVELS, varies).astype(np.float32)
        self.constants_ = steps[0].astype(np.float32)
        return self._prepare()

    def _prepare(self) -> WindowFeatures:
        self.selected = np.flatnonzero(self.weights_)
        self.has_all = len(self.selected) == len(self.weights_)
        self._weights = self.weights_[self.selected]
        return self

    def select(self, steps: Array) -> Array:
        """Return the features that vary, weighted, of shape (n_steps, n_selected)."""
        chosen = (steps if self.has_all else steps[:, self.selected]) * self._weights
        np.maximum(chosen, -_LARGEST, out=chosen)
        return np.minimum(chosen, _LARGEST, out=chosen)

    def select_mask(self, missing: Array) -> Array:
        """Return the mask of the missing samples of the features that vary."""
        return missing if self.has_all else missing[:, self.selected]

    def changed(self, steps: Array) -> Array:
        """Return the mask of constant features that have another value than ever in training, of the shape of steps."""
        if self.has_all:
            return np.zeros(steps.shape, np.bool_)
        found: Array = (np.abs(steps - self.constants_) > _CONSTANT) & (self.weights_ == 0)
        return found

    def get_state(self) -> dict[str, Array]:
        """Return weights and constants."""
        return {"weights": self.weights_, "constants": self.constants_}

    @classmethod
    def from_state(cls, arrays: Mapping[str, Array], n_features: int) -> WindowFeatures:
        """Restore from the return value of `get_state`; raise ValueError if it is not valid."""
        features = cls()
        features.weights_, features.constants_ = arrays["weights"], arrays["constants"]
        for values in (features.weights_, features.constants_):
            if values.dtype != np.float32 or values.shape != (n_features,) or not np.isfinite(values).all():
                raise ValueError(f"expected finite weights and constants of {n_features} features")
        if (features.weights_ < 0).any() or not features.weights_.any():
            raise ValueError("expected weights of at least 0, and a feature with a weight above it")
        return features._prepare()
