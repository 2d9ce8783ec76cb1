r"""Errors on a common scale: how far a step is from what the network expected, as its sensors usually err.

What a network misses by, :math:`r_t = x_t - \hat x_t`, is smoothed by an exponentially weighted mean with
:math:`\alpha = 2 / (\text{span} + 1)`,

.. math:: v_t = (1 - \alpha)\, v_{t-1} + \alpha\, r_t,

in which noise cancels and lasting shifts add up. Sensors err by different amounts, and together: from the :math:`v_t`
of usual steps, which the network was not trained on, come their scales :math:`\sigma_j` and correlations R, and each
v is whitened by them:

.. math:: u = R^{-1/2} \operatorname{diag}(\sigma)^{-1} v, \qquad \lVert u \rVert^2 = v^\top \Sigma^{-1} v

That is the multivariate EWMA chart of Lowry et al.; without smoothing, Hotelling's :math:`T^2`. Among all matrices
that whiten, the symmetric root of R is the one whose outputs stay closest to the sensors they came from (Kessy et
al.), so that :math:`u_j^2` can be read as what is measured at sensor j. Which sensor is to blame is another question:
see `anomaly.detectors.sequence.attribution`.

**Sensors that wander.** The temperature of a room is no steady quantity: the longer one waits, the further it goes
from where it was, though nothing is wrong. How far is told by the structure function

.. math:: D_j(h) = \overline{(v_{t+h,j} - v_{t,j})^2},

which is flat for a steady sensor, and grows as :math:`h` for a random walk and as :math:`h^2` for a steady climb. A
power of h is fitted to it and followed to a horizon beyond the training series, and :math:`\sigma_j^2` is at least
half of what it says there. R is the mean of :math:`z z^\top` for :math:`z = \operatorname{diag}(\sigma)^{-1} v`, drawn
towards 1: errors that were smaller than their allowance have less than 1 on its diagonal, and whitening takes that part
of the allowance back. What is left of it is the share by which R is drawn, a tenth where many steps tell R, and all of
it where there is one sensor; taken in full it was seen to spare false alarms and to miss more faults. So a wandering
sensor counts for less, the more the further it wanders, and a steady one for what it is worth.

References
----------
Hotelling, "Multivariate quality control", 1947; Lowry, Woodall, Champ & Rigdon, "A multivariate exponentially weighted
moving average control chart", Technometrics 34 (1992); Kessy, Lewin & Strimmer, "Optimal whitening and decorrelation",
The American Statistician 72 (2018). Structure function: Kolmogorov, 1941. Shrinkage: Schäfer & Strimmer, "A shrinkage
approach to large-scale covariance matrix estimation", Statistical Applications in Genetics and Molecular Biology 4
(2005).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from anomaly.detectors.sequence.attribution import directions, shares
from nnlite.types import Array

# In units of the scaled features: an error below this is rounding, of whatever sensor.
_SMALLEST_SCALE = 1e-3
_ROUNDING = 1e-6
_LEAST_SHRINKAGE = 0.1
_FEWEST_DIFFERENCES = 8
_BLOCK = 64


class ResidualScale:
    """Scale and correlation of usual errors.

    Attributes
    ----------
    scale_ : ndarray of shape (n_features,)
        Sigma.
    whitening_ : ndarray of shape (n_features, n_features)
        The inverse root of R.
    signatures_ : ndarray of shape (n_features, n_features)
        Where a fault in each feature moves u (see `anomaly.detectors.sequence.attribution`); at first, to that feature
        alone.

    Examples
    --------
    >>> import numpy as np
    >>> usual = np.random.default_rng(0).normal(size=(500, 2)) @ np.array([[1.0, 1.0], [0.0, 0.1]])
    >>> scale = ResidualScale().fit([usual])
    >>> along, across = np.square(scale.whiten(np.array([[1.0, 1.0], [0.5, -0.5]]))).sum(axis=1)
    >>> bool(across > 3 * along)
    True
    """

    scale_: Array
    whitening_: Array
    signatures_: Array

    def fit(self, runs: Sequence[Array], horizon: float = 0.0, present: Sequence[Array] | None = None) -> ResidualScale:
        """Learn from the errors of usual steps.

        Parameters
        ----------
        runs : sequence of ndarray of shape (n_steps, n_features)
            Unbroken runs of errors.
        horizon : float, default 0.0
            How many steps ahead sensors may wander; 0 makes no allowance.
        present : sequence of ndarray of bool of shape (n_steps, n_features), optional
            Which errors were measured, in each run: others do not count. By default all were.

        Returns
        -------
        ResidualScale
            Itself.
        """
        everything = np.concatenate(runs)
        counts = None if present is None else np.concatenate(present)
        variance = _mean_square(everything, counts)
        if horizon > 0:
            variance = np.maximum(variance, wandering(runs, horizon, present) / 2)
        self.scale_ = np.maximum(np.sqrt(variance), _SMALLEST_SCALE)
        self.whitening_ = _inverse_root(shrunken_correlation(everything / self.scale_, counts))
        self.signatures_ = np.eye(len(self.scale_))
        return self

    def learn_signatures(self, responses: Array) -> None:
        """Take over how errors respond to a fault in each feature, in rows."""
        self.signatures_ = directions(self.whiten(responses))

    def whiten(self, errors: Array) -> Array:
        """Return u for each step."""
        return (errors / self.scale_) @ self.whitening_

    def parts(self, u: Array) -> Array:
        """Return each feature's part of the squared length of u."""
        return shares(u, self.signatures_)

    def get_state(self) -> dict[str, Array]:
        """Return what was learned, as arrays."""
        return {"scale": self.scale_, "whitening": self.whitening_, "signatures": self.signatures_}

    @classmethod
    def from_state(cls, arrays: Mapping[str, Array], n_features: int) -> ResidualScale:
        """Make one of what `get_state` returned, believing none of it."""
        made = cls()
        made.scale_, made.whitening_ = arrays["scale"], arrays["whitening"]
        if (made.scale_.shape, made.whitening_.shape) != ((n_features,), (n_features, n_features)):
            raise ValueError(f"its scales of errors have shapes {made.scale_.shape} and {made.whitening_.shape}")
        # Files from before there were signatures tell where errors are measured, and no more.
        made.signatures_ = arrays.get("signatures", np.eye(n_features))
        if made.signatures_.shape != (n_features, n_features):
            raise ValueError(f"its signatures of faults have shape {made.signatures_.shape}")
        if np.abs(np.square(made.signatures_).sum(axis=1) - 1).max() > _ROUNDING:
            raise ValueError("its signatures of faults must have length 1")
        if not np.isfinite(made.whitening_).all() or not (made.scale_ > 0).all() or np.isinf(made.scale_).any():
            raise ValueError("its scales of errors must be finite, and above 0")
        return made


def wandering(runs: Sequence[Array], horizon: float, present: Sequence[Array] | None = None) -> Array:
    """Return the mean square by which each feature changes in `horizon` steps, extrapolated from shorter lags.

    Parameters
    ----------
    runs : sequence of ndarray of shape (n_steps, n_features)
        Unbroken runs. The lags looked at are 1/16, 1/8, 1/4 and 1/2 of the longest in which the feature is present.
    horizon : float
        Steps.
    present : sequence of ndarray of bool of shape (n_steps, n_features), optional
        Which values were measured, in each run; by default all.

    Returns
    -------
    ndarray of shape (n_features,)
        D(horizon); 0 where the runs are too short to tell.

    Examples
    --------
    >>> import numpy as np
    >>> steady = np.random.default_rng(0).normal(size=(2000, 1))
    >>> bool(abs(wandering([steady], 1e4) - 2) < 0.3), wandering([np.arange(100.0)[:, None]], 200).round().tolist()
    (True, [40000.0])
    """
    if present is None or all(mask.all() for mask in present):
        return _wandering(runs, None, horizon)
    found = np.zeros(runs[0].shape[1])
    seen = np.array([mask.any(axis=0) for mask in present])
    for where in np.unique(seen, axis=1).T:
        features = (seen == where[:, np.newaxis]).all(axis=0)
        if where.any():
            mine = [run[:, features] for run, has in zip(runs, where, strict=True) if has]
            masks = [mask[:, features] for mask, has in zip(present, where, strict=True) if has]
            found[features] = _wandering(mine, masks, horizon)
    return found


def _wandering(runs: Sequence[Array], present: Sequence[Array] | None, horizon: float) -> Array:
    longest = max(map(len, runs))
    lags = [longest // part for part in (16, 8, 4, 2)]
    structure, known = [], np.ones(runs[0].shape[1], dtype=np.bool_)
    for lag in lags:
        differences = [run[lag:] - run[:-lag] for run in runs if len(run) > lag > 0]
        if sum(map(len, differences)) < _FEWEST_DIFFERENCES:
            return np.zeros(runs[0].shape[1])
        both = None
        if present is not None:
            both = np.concatenate([mask[lag:] & mask[:-lag] for mask in present if len(mask) > lag])
            known &= both.sum(axis=0) >= _FEWEST_DIFFERENCES
        structure.append(_mean_square(np.concatenate(differences), both))
    x = np.log(lags)
    y = np.log(np.maximum(structure, _SMALLEST_SCALE**2))
    slope = (x - x.mean()) @ (y - y.mean(axis=0)) / np.square(x - x.mean()).sum()
    growth = max(1.0, horizon / lags[-1])
    return np.where(known, structure[-1] * growth ** np.clip(slope, 0.0, 2.0), 0.0)


def _mean_square(values: Array, present: Array | None) -> Array:
    """Return the mean of each column's squares, over those that are present; 0 where none is."""
    if present is None:
        return np.asarray(np.square(values).mean(axis=0))
    sums = np.square(values).sum(axis=0, where=present)
    return np.asarray(sums / np.maximum(present.sum(axis=0), 1))


def shrunken_correlation(standard: Array, present: Array | None = None) -> Array:
    r"""Return correlations drawn towards 0 by as much as their own uncertainty asks for, and a tenth at least.

    .. math:: R^* = (1 - \lambda) R + \lambda I, \qquad
              \lambda = \frac{\sum_{i \ne j} \operatorname{Var}(r_{ij})}{\sum_{i \ne j} r_{ij}^2}

    The formula takes steps to be independent, which smoothed ones are not: hence the tenth. No more is taken: the
    threshold allows for what few values leave unknown already (see `anomaly.detectors.sequence.small_samples`), and a
    fault that breaks a correlation is seen by nothing else.

    Parameters
    ----------
    standard : ndarray of shape (n_steps, n_features)
        Errors in units of their scale.
    present : ndarray of bool of shape (n_steps, n_features), optional
        Which of them were measured; by default all. The fewer steps two features share, the less they correlate.

    Returns
    -------
    ndarray of shape (n_features, n_features)
        Positive definite.
    """
    width = standard.shape[1]
    steps: Array | int = len(standard)
    if present is not None and not present.all():
        standard = np.where(present, standard, 0.0)
        # The root of both numbers, and not how many steps are shared: what comes of it has no negative eigenvalue.
        counts = np.sqrt(np.maximum(present.sum(axis=0), 1))
        steps = np.outer(counts, counts)
    correlation = standard.T @ standard / steps
    squares = np.square(standard).T @ np.square(standard) / steps
    off = ~np.eye(width, dtype=np.bool_)
    variance = ((squares - correlation**2) / np.maximum(steps - 1, 1))[off].sum()
    total = np.square(correlation)[off].sum()
    share = min(1.0, max(float(variance / total), _LEAST_SHRINKAGE)) if total > 0 else 1.0
    return np.asarray((1 - share) * correlation + share * np.eye(width))


def _inverse_root(matrix: Array) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors / np.sqrt(np.maximum(values, 1e-6))) @ vectors.T)


class Smoother:
    """An exponentially weighted mean of what comes, from 0 at the start.

    Parameters
    ----------
    span : float
        Steps over which it reaches: alpha is 2 / (span + 1). 1 smooths nothing.

    Examples
    --------
    >>> import numpy as np
    >>> Smoother(span=3)(np.array([[8.0], [0.0], [8.0]]))[:, 0].tolist()
    [4.0, 2.0, 5.0]
    """

    def __init__(self, span: float) -> None:
        self._alpha = 2.0 / (span + 1.0)
        self._state: Array | None = None

    def __call__(self, values: Array) -> Array:
        """Return the means after each of the next steps, of shape (n_steps, n_features)."""
        if self._alpha >= 1.0 or not len(values):
            return values
        state = np.zeros(values.shape[1]) if self._state is None else self._state
        smooth = np.empty(values.shape)
        # Block by block, v is a triangular matrix of powers times u, and the state before carried on.
        ages = np.arange(_BLOCK)[:, np.newaxis] - np.arange(_BLOCK)
        weights = np.where(ages >= 0, self._alpha * (1.0 - self._alpha) ** np.maximum(ages, 0), 0.0)
        carried = (1.0 - self._alpha) ** np.arange(1, _BLOCK + 1)[:, np.newaxis]
        for start in range(0, len(values), _BLOCK):
            block = values[start : start + _BLOCK]
            n = len(block)
            smooth[start : start + n] = weights[:n, :n] @ block + carried[:n] * state
            state = smooth[start + n - 1]
        self._state = state.copy()
        return smooth
