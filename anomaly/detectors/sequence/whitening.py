r"""Residuals on a common scale: smoothing, whitening and contributions.

The residuals of a network, :math:`r_t = x_t - \hat x_t`, are smoothed by an exponentially weighted mean with
:math:`\alpha = 2 / (\text{span} + 1)`,

.. math:: v_t = (1 - \alpha)\, v_{t-1} + \alpha\, r_t,

in which noise cancels and lasting shifts add up. Residuals differ in scale from sensor to sensor and are correlated.
Scales :math:`\sigma_j` and correlations R are estimated on the :math:`v_t` of normal steps that the network was not
trained on, and each v is whitened by them:

.. math:: u = R^{-1/2} \operatorname{diag}(\sigma)^{-1} v, \qquad \lVert u \rVert^2 = v^\top \Sigma^{-1} v

This is the multivariate EWMA chart of Lowry et al.; without smoothing, Hotelling's :math:`T^2`. Among all whitening
matrices, the symmetric root of R gives the outputs closest to the original sensors (Kessy et al.), so that
:math:`u_j^2` is what is measured at sensor j. The sensor at fault is another question, answered by
`anomaly.detectors.sequence.attribution`.

**Allowance for drift.** :math:`\sigma_j^2` is at least half of the structure function at a horizon beyond the training
series (see `anomaly.detectors.sequence.covariance`), so that a sensor whose residuals drift weighs less, the more the
further it drifts. R is the mean of :math:`z z^\top` for :math:`z = \operatorname{diag}(\sigma)^{-1} v`, shrunk towards
the identity: residuals below their allowance have less than 1 on its diagonal, and whitening takes that part of the
allowance back. The part that is left is the shrinkage of R, a tenth for long series, and all of it for a single
sensor. The full allowance gave fewer false alarms in experiments, and missed more faults.

References
----------
Hotelling, "Multivariate quality control", 1947; Lowry, Woodall, Champ & Rigdon, "A multivariate exponentially weighted
moving average control chart", Technometrics 34 (1992); Kessy, Lewin & Strimmer, "Optimal whitening and decorrelation",
The American Statistician 72 (2018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from anomaly.detectors.sequence.attribution import MOST_FEATURES, contributions, fault_responses, unit_signatures
from anomaly.detectors.sequence.covariance import (
    SMALLEST_SCALE,
    inverse_root,
    mean_square,
    mean_square_drift,
    shrunken_correlation,
)
from anomaly.detectors.sequence.residual_streams import WindowModel
from anomaly.detectors.sequence.smoothing import Smoother, smooth_present
from nnlite.types import Array

SMOOTH = ("errors", "squares")
"""What is smoothed: residuals before they are whitened and squared, or the squares."""

_ROUNDING = 1e-6


class ResidualScale:
    """Smoothing, scale and correlation of normal residuals.

    Parameters
    ----------
    smoothing : float, default 1.0
        Span of the exponentially weighted mean, in steps; 1 means no smoothing.
    smooth : {"errors", "squares"}, default "errors"
        What is smoothed.

    Attributes
    ----------
    scale_ : ndarray of shape (n_features,)
        Sigma.
    whitening_ : ndarray of shape (n_features, n_features)
        The inverse root of R.
    signatures_ : ndarray of shape (n_features, n_features)
        Directions in which a fault in each feature moves u (see `anomaly.detectors.sequence.attribution`); before
        `learn_signatures`, the axes.

    Examples
    --------
    >>> import numpy as np
    >>> normal = np.random.default_rng(0).normal(size=(500, 2)) @ np.array([[1.0, 1.0], [0.0, 0.1]])
    >>> scale = ResidualScale().fit([normal])
    >>> along, across = np.square(scale.whiten(np.array([[1.0, 1.0], [0.5, -0.5]]))).sum(axis=1)
    >>> bool(across > 3 * along)
    True
    """

    scale_: Array
    whitening_: Array
    signatures_: Array

    def __init__(self, smoothing: float = 1.0, smooth: str = "errors") -> None:
        self.smoothing = smoothing
        self.smooth = smooth

    def fit(
        self, segments: Sequence[Array], horizon: float = 0.0, present: Sequence[Array] | None = None
    ) -> ResidualScale:
        """Estimate scales and correlations.

        Parameters
        ----------
        segments : sequence of ndarray of shape (n_steps, n_features)
            Residuals of normal steps in segments without gaps, as `prepare` returns them.
        horizon : float, default 0.0
            Number of steps over which residuals may drift; 0 makes no allowance.
        present : sequence of ndarray of bool of shape (n_steps, n_features), optional
            Masks of the residuals that were measured; by default all.

        Returns
        -------
        ResidualScale
            Itself.
        """
        residuals = np.concatenate(segments)
        mask = None if present is None else np.concatenate(present)
        variance = mean_square(residuals, mask)
        if horizon > 0:
            variance = np.maximum(variance, mean_square_drift(segments, horizon, present) / 2)
        self.scale_ = np.maximum(np.sqrt(variance), SMALLEST_SCALE)
        self.whitening_ = inverse_root(shrunken_correlation(residuals / self.scale_, mask))
        self.signatures_ = np.eye(len(self.scale_))
        return self

    def learn_signatures(self, model: WindowModel, steps: Array) -> None:
        """Learn the direction of a fault in each feature, if there are at most 128.

        Parameters
        ----------
        model, steps
            As for `anomaly.detectors.sequence.attribution.fault_responses`.
        """
        if steps.shape[1] <= MOST_FEATURES:
            self.signatures_ = unit_signatures(self.whiten(fault_responses(model, steps)))

    def prepare(self, residuals: Array, present: Array) -> Array:
        """Return the residuals of a segment as `fit` takes them: smoothed, unless the squares are to be smoothed."""
        return smooth_present(residuals, present, self.smoothing if self.smooth == "errors" else 1.0)

    def smoother(self) -> Smoother:
        """Return a smoother at the start of a segment, for `contributions`."""
        return Smoother(self.smoothing)

    def whiten(self, errors: Array) -> Array:
        """Return u for each step."""
        return (errors / self.scale_) @ self.whitening_

    def contributions(self, residuals: Array, smoother: Smoother) -> Array:
        """Return each feature's contribution to the smoothed squared length of u.

        Parameters
        ----------
        residuals : ndarray of shape (n_steps, n_features)
            Residuals of the next steps of a segment.
        smoother : Smoother
            The smoother of that segment, which is advanced.

        Returns
        -------
        ndarray of shape (n_steps, n_features)
            Not negative.
        """
        if self.smooth == "errors":
            return contributions(self.whiten(smoother(residuals)), self.signatures_)
        return smoother(contributions(self.whiten(residuals), self.signatures_))

    def get_state(self) -> dict[str, Array]:
        """Return the fitted arrays by name."""
        return {"scale": self.scale_, "whitening": self.whitening_, "signatures": self.signatures_}

    @classmethod
    def from_state(
        cls, arrays: Mapping[str, Array], n_features: int, smoothing: float = 1.0, smooth: str = "errors"
    ) -> ResidualScale:
        """Restore a fitted scale from the arrays of `get_state`, validating every field.

        Raises
        ------
        KeyError
            If an array is missing.
        ValueError
            If an array has another shape, or values that a fit cannot produce.
        """
        made = cls(smoothing, smooth)
        made.scale_, made.whitening_ = arrays["scale"], arrays["whitening"]
        if (made.scale_.shape, made.whitening_.shape) != ((n_features,), (n_features, n_features)):
            raise ValueError(f"its scales of errors have shapes {made.scale_.shape} and {made.whitening_.shape}")
        # Files of the first versions have no signatures.
        made.signatures_ = arrays.get("signatures", np.eye(n_features))
        if made.signatures_.shape != (n_features, n_features):
            raise ValueError(f"its signatures of faults have shape {made.signatures_.shape}")
        if np.abs(np.square(made.signatures_).sum(axis=1) - 1).max() > _ROUNDING:
            raise ValueError("its signatures of faults must have length 1")
        if not np.isfinite(made.whitening_).all() or not (made.scale_ > 0).all() or np.isinf(made.scale_).any():
            raise ValueError("its scales of errors must be finite, and above 0")
        return made
