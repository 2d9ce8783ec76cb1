r"""Linear regression of each column on all others: how far a record is from the planes that normal records lie near.

Networks and remembered records know the states that were there in training. Where rows follow each other in time, the
days that follow have others: a slow process has not been everywhere yet. But what its columns have in common, such as
sensors of one room, goes on, and where it is linear, it holds beyond the states that were met.

**Residuals.** With the standardized features z of normal records, of covariance C, and
:math:`P = (C + \lambda I)^{-1}`, the residuals of the features of a column c after a ridge regression on the features
of all other columns are

.. math:: e_c = P_{cc}^{-1}\, (P z)_c,

so that one inverse holds all regressions. Features of the same column, such as the levels of a category, do not predict
each other.

**The score** is the mean of the squared residuals, each relative to its mean in training:

.. math:: s = \frac1d \sum_j e_j^2 \,/\, \overline{e_j^2}

It is a sum over features, and what a feature adds is how far it is from what all other columns say of it.

References
----------
Hoerl & Kennard, "Ridge regression: biased estimation for nonorthogonal problems", Technometrics 12 (1970); Dempster,
"Covariance selection", Biometrics 28 (1972), on regressions in the inverse of a covariance; Hawkins, "Multivariate
quality control based on regression-adjusted variables", Technometrics 33 (1991).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.members import WeightedErrors, read_at_least_0, read_matrix, read_positive
from nnlite.types import Array

MOST_FEATURES = 1000
"""Of more features the regressions, a matrix of features by features, would fill files and take long."""

# AUROC of the blend by 0.003, 0.01, 0.03 and 0.1 on 23 tables of slow processes: 0.927, 0.926, 0.924, 0.919.
_RIDGE = 0.01
# Features that deviate less from their mean never changed but for rounding.
_LEAST_DEVIATION = 1e-6


class LinearRegressions(WeightedErrors):
    r"""Ridge regressions of each column on all others, as a member of an ensemble; see the module.

    Parameters
    ----------
    center : ndarray of float32 of shape (n_features,)
        Mean of each feature.
    coefficients : ndarray of float32 of shape (n_features, n_features)
        A, with residuals :math:`e = A (x - \text{center})`.
    weights : ndarray of float32 of shape (n_features,), optional
        :math:`1 / \overline{e_j^2}`; by default 1.
    scale : float, default 1.0
        Unit of the scores.
    spread : float, default 1.0
        Spread of the training scores (see `anomaly.detectors.blend.spread_of`).

    Examples
    --------
    >>> import numpy as np
    >>> a, b = np.random.default_rng(0).normal(size=(2, 500))
    >>> x = np.column_stack([a, a + 0.1 * b]).astype(np.float32)
    >>> member, _ = fit_regressions(x, FeatureSet(np.arange(2), 2)).calibrate([(x, None)])
    >>> known, new, faulty = member.scores(np.array([[0.1, 0.1], [8.0, 8.0], [1.0, -1.0]], np.float32))
    >>> bool(known < 1), bool(faulty > 5 * new)
    (True, True)
    """

    kind: ClassVar[str] = "linear"
    # Relative to the standardized features: residuals below it are rounding, or those of a column that never changed.
    least_error: ClassVar[float] = 1e-4

    def __init__(
        self,
        center: Array,
        coefficients: Array,
        weights: Array | None = None,
        scale: float = 1.0,
        spread: float = 1.0,
    ) -> None:
        self.center = center
        self.coefficients = coefficients
        self.weights = np.ones(len(center), np.float32) if weights is None else weights
        self.scale = scale
        self.spread = spread
        self._transposed = coefficients.T.astype(np.float64)

    @property
    def width(self) -> int:
        """Number of features."""
        return len(self.center)

    def scores(self, x: Array, known: Array | None = None) -> Array:
        """Return the score of each record, as float64 of shape (n_records,)."""
        return np.asarray(self.contributions(x, known).sum(axis=1))

    def contributions(self, x: Array, known: Array | None = None) -> Array:
        """Return each feature's contribution to each record's score, as float64 of shape (n_records, width)."""
        return self._terms(self._errors(x, known), known) / self.scale

    def _errors(self, x: Array, known: Array | None) -> Array:
        """Return the squared residual of each feature; 0 if the feature is not known."""
        residuals = (x.astype(np.float64) - self.center) @ self._transposed
        squares = np.square(residuals)
        return squares if known is None else np.where(known, squares, 0.0)

    def _means(self, errors: Array, known: Array | None) -> Array:
        return np.asarray(self._terms(errors, known).sum(axis=1))

    def _terms(self, squares: Array, known: Array | None) -> Array:
        n_known = self.width if known is None else np.maximum(known.sum(axis=1, keepdims=True), 1)
        return squares * self.weights.astype(np.float64) / n_known

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state, as JSON values and arrays."""
        config = {name: getattr(self, name) for name in ("kind", "scale", "spread")}
        return config, {name: getattr(self, name) for name in ("center", "coefficients", "weights")}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> LinearRegressions:  # noqa: ARG003
        """Return the member of a state, validating every field."""
        coefficients = read_matrix(arrays, "coefficients")
        width = len(coefficients)
        found = {name: arrays[name] for name in ("center", "weights")}
        if coefficients.shape != (width, width) or any(
            array.shape != (width,) or array.dtype != np.float32 or not np.isfinite(array).all()
            for array in found.values()
        ):
            shapes = [coefficients.shape, *((array.shape, str(array.dtype)) for array in found.values())]
            raise ValueError(f"its regressions have coefficients, center and weights of {shapes}, or not all finite")
        if not (found["weights"] >= 0).all():
            raise ValueError("its regressions have weights below 0")
        return cls(
            found["center"],
            coefficients,
            found["weights"],
            read_positive(config, "scale"),
            read_at_least_0(config, "spread"),
        )


def fit_regressions(x: Array, features: FeatureSet) -> LinearRegressions:
    """Return the regressions of each column of training records on all others.

    Parameters
    ----------
    x : ndarray of float32 of shape (n_records, n_features)
        Features, with holes filled.
    features : FeatureSet
        Columns of the features.
    """
    values = x.astype(np.float64)
    center, deviation = values.mean(axis=0), values.std(axis=0)
    # A feature that never changed predicts nothing, and is measured in its own unit.
    unit = np.where(deviation > _LEAST_DEVIATION, deviation, 1.0)
    z = np.where(deviation > _LEAST_DEVIATION, values - center, 0.0) / unit
    precision = np.linalg.inv(z.T @ z / len(z) + _RIDGE * np.eye(len(center)))
    for own in features.slices.values():
        precision[own] = np.linalg.solve(precision[own, own], precision[own])
    return LinearRegressions(center.astype(np.float32), (precision / unit).astype(np.float32))
