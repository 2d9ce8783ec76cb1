"""The scaler that maps values through their ranks."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import numpy as np

from anomaly.errors import DataError
from anomaly.preprocessing.scaling.base import ROUNDING, Scaler, present_values
from anomaly.preprocessing.state import field, vector
from nnlite.types import Array

# Closer than this, the slope between two landmarks would overflow.
_SMALLEST_GAP = 1e-290
_FARTHEST_TARGET = 1e6


class QuantileScaler(Scaler):
    r"""Map values through their ranks to a normal or a uniform distribution.

    A training value v goes to its mid-rank p, the share of smaller values plus half the share of equal ones, and
    from there to

    .. math:: z = \Phi^{-1}(p) \quad\text{or}\quad z = p.

    Between training values the map is linear. Beyond the smallest and the largest it goes on with its mean slope, so
    that a value far outside stays far outside: scikit-learn's QuantileTransformer puts all such values on one point,
    which hides what a detector looks for.

    Parameters
    ----------
    output : {"normal", "uniform"}, default "normal"
        The distribution of the scaled training values.
    n_quantiles : int, default 1000
        The most training values per column that are remembered, evenly spread over the ranks.

    Attributes
    ----------
    landmarks_ : list of ndarray
        For each column the remembered values, increasing.
    targets_ : list of ndarray
        Where they are mapped to.

    Examples
    --------
    >>> import numpy as np
    >>> scaler = QuantileScaler(output="uniform").fit(np.array([[1.0], [2.0], [4.0], [8.0]]))
    >>> scaler.transform(np.array([[1.0], [3.0], [8.0]])).tolist()
    [[0.125], [0.5], [0.875]]
    """

    name = "quantile"
    landmarks_: list[Array]
    targets_: list[Array]

    def __init__(self, output: str = "normal", n_quantiles: int = 1000) -> None:
        if output not in ("normal", "uniform"):
            raise ValueError(f"output must be 'normal' or 'uniform'; found {output!r}")
        if n_quantiles < 2:
            raise ValueError(f"n_quantiles must be at least 2; found {n_quantiles}")
        self.output = output
        self.n_quantiles = n_quantiles

    def _learn(self, x: Array) -> None:
        self.landmarks_, self.targets_ = [], []
        for values in present_values(x):
            if np.ptp(values / 2) <= ROUNDING * np.abs(values / 2).max():
                values = values[:1]  # a constant, within rounding
            landmarks, counts = np.unique(values, return_counts=True)
            ranks = (np.cumsum(counts) - counts / 2) / len(values)
            kept = _spread(ranks, self.n_quantiles)
            kept = kept[np.diff(landmarks[kept] / 2, prepend=-np.inf) > _SMALLEST_GAP]
            self.landmarks_.append(landmarks[kept])
            self.targets_.append(ranks[kept] if self.output == "uniform" else _normal(ranks[kept]))

    def _scale(self, x: Array) -> Array:
        z = np.empty(x.shape, dtype=np.float64)
        for j, (landmarks, targets) in enumerate(zip(self.landmarks_, self.targets_, strict=True)):
            z[:, j] = _follow(x[:, j].astype(np.float64), landmarks, targets)
        return z

    def _unscale(self, z: Array) -> Array:
        x = np.empty(z.shape, dtype=np.float64)
        for j, (landmarks, targets) in enumerate(zip(self.landmarks_, self.targets_, strict=True)):
            x[:, j] = _follow(z[:, j].astype(np.float64), targets, landmarks)
        return x

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the parameters, and the landmarks and targets of all columns one after the other."""
        config = {"name": self.name, "output": self.output, "n_quantiles": self.n_quantiles}
        return config, {
            "sizes": np.array([len(landmarks) for landmarks in self.landmarks_], dtype=np.int64),
            "landmarks": np.concatenate([np.empty(0), *self.landmarks_]),
            "targets": np.concatenate([np.empty(0), *self.targets_]),
        }

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array]) -> Scaler:
        """Make a scaler of increasing landmarks and targets for each column."""
        scaler = cls(*_quantile_settings(config))
        sizes = vector(arrays, "sizes", np.int64)
        if (sizes < 1).any():
            raise DataError("preprocessing: expected a positive number of landmarks for each column")
        landmarks = vector(arrays, "landmarks")
        targets = vector(arrays, "targets")
        # Python's integers, since the sum of foreign ones could wrap around.
        if not len(landmarks) == len(targets) == sum(sizes.tolist()):
            raise DataError("preprocessing: expected as many landmarks and targets as the sizes say")
        cuts = np.cumsum(sizes)[:-1]
        scaler.landmarks_ = np.split(landmarks, cuts) if len(sizes) else []
        scaler.targets_ = np.split(targets, cuts) if len(sizes) else []
        if (np.abs(targets) > _FARTHEST_TARGET).any() or not all(
            map(_is_increasing, (*scaler.landmarks_, *scaler.targets_))
        ):
            raise DataError("preprocessing: expected increasing landmarks and targets in each column")
        scaler.n_features_in_ = len(sizes)
        return scaler


def _spread(ranks: Array, count: int) -> Array:
    """Choose at most `count` indices, evenly spread over increasing ranks, the first and the last among them."""
    if len(ranks) <= count:
        return np.arange(len(ranks))
    return np.unique(np.searchsorted(ranks, np.linspace(ranks[0], ranks[-1], count)))


def _is_increasing(values: Array) -> bool:
    return bool((np.diff(values / 2) > _SMALLEST_GAP).all())


def _normal(shares: Array) -> Array:
    quantile = NormalDist().inv_cdf
    return np.array([quantile(share) for share in shares.tolist()])


def _follow(values: Array, start: Array, end: Array) -> Array:
    """Map `start` to `end` linearly piece by piece, and on with the mean slope beyond both ends."""
    # Half of everything: no difference of two numbers overflows then.
    values, start, end = values / 2, start / 2, end / 2
    mapped = np.interp(values, start, end)
    slope = (end[-1] - end[0]) / (start[-1] - start[0]) if len(start) > 1 else 1.0
    beyond = np.maximum(values - start[-1], 0) + np.minimum(values - start[0], 0)
    with np.errstate(over="ignore"):
        return np.asarray(2 * (mapped + slope * beyond))


def _quantile_settings(config: Mapping[str, Any]) -> tuple[str, int]:
    output, count = field(config, "output", str), field(config, "n_quantiles", int)
    if output not in ("normal", "uniform") or count < 2:
        raise DataError(f"preprocessing: found output {output!r} and {count!r} quantiles")
    return output, count
