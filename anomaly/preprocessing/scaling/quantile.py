"""Scaler by ranks: the values of each column are mapped to a normal or a uniform distribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from anomaly.errors import DataError
from anomaly.preprocessing.scaling.base import ROUNDING, Scaler, present_values
from anomaly.tables.saved_state import field, vector
from nnlite.types import Array
from nnlite.validation import check_value, choice, integer

# The slope between two landmarks closer than this would overflow.
_SMALLEST_GAP = 1e-290
_FARTHEST_TARGET = 1e6
_OUTPUT, _N_QUANTILES = choice("normal", "uniform"), integer(least=2)


class QuantileScaler(Scaler):
    r"""Map values through their ranks to a normal or a uniform distribution.

    The mid-rank p of a training value is the fraction of smaller values plus half the fraction of equal values. It is
    mapped to

    .. math:: z = \Phi^{-1}(p) \quad\text{or}\quad z = p.

    Between training values the map is linear. Beyond the smallest and the largest it is extrapolated with its mean
    slope, so that a value far outside the training range remains far outside: scikit-learn's QuantileTransformer maps
    all such values to one point, which hides anomalies.

    Parameters
    ----------
    output : {"normal", "uniform"}, default "normal"
        The distribution of the scaled training values.
    n_quantiles : int, default 1000
        The largest number of training values kept of each column, evenly spaced in rank.

    Attributes
    ----------
    landmarks_ : list of ndarray
        Kept training values of each column, increasing.
    targets_ : list of ndarray
        Scaled value of each landmark.

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
        self.output = output
        self.n_quantiles = n_quantiles

    def _learn(self, x: Array) -> None:
        check_value("output", self.output, _OUTPUT)
        check_value("n_quantiles", self.n_quantiles, _N_QUANTILES)
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

    def scale(self, x: Array) -> Array:
        """Map values to their targets."""
        z = np.empty(x.shape, dtype=np.float64)
        for j, (landmarks, targets) in enumerate(zip(self.landmarks_, self.targets_, strict=True)):
            z[:, j] = _interpolate(x[:, j].astype(np.float64), landmarks, targets)
        return z

    def unscale(self, z: Array) -> Array:
        """Map targets to their values."""
        x = np.empty(z.shape, dtype=np.float64)
        for j, (landmarks, targets) in enumerate(zip(self.landmarks_, self.targets_, strict=True)):
            x[:, j] = _interpolate(z[:, j].astype(np.float64), targets, landmarks)
        return x

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the parameters, and the concatenated landmarks and targets of all columns."""
        config = {"name": self.name, "output": self.output, "n_quantiles": self.n_quantiles}
        return config, {
            "sizes": np.array([len(landmarks) for landmarks in self.landmarks_], dtype=np.int64),
            "landmarks": np.concatenate([np.empty(0), *self.landmarks_]),
            "targets": np.concatenate([np.empty(0), *self.targets_]),
        }

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array]) -> Scaler:
        """Restore a scaler from increasing landmarks and targets of each column."""
        scaler = cls(*_quantile_settings(config))
        sizes = vector(arrays, "sizes", np.int64)
        if (sizes < 1).any():
            raise DataError("preprocessing: expected a positive number of landmarks for each column")
        landmarks = vector(arrays, "landmarks")
        targets = vector(arrays, "targets")
        # Python's integers, since the sum of untrusted int64 values may overflow.
        if not len(landmarks) == len(targets) == sum(sizes.tolist()):
            raise DataError("preprocessing: expected landmarks and targets of the lengths in 'sizes'")
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
    """Return at most `count` indices, evenly spaced in rank, including the first and the last."""
    if len(ranks) <= count:
        return np.arange(len(ranks))
    return np.unique(np.searchsorted(ranks, np.linspace(ranks[0], ranks[-1], count)))


def _is_increasing(values: Array) -> bool:
    return bool((np.diff(values / 2) > _SMALLEST_GAP).all())


def _normal(ranks: Array) -> Array:
    # Imported here, since it takes as long as a tenth of the time in which a detector is loaded.
    from statistics import NormalDist

    quantile = NormalDist().inv_cdf
    return np.array([quantile(rank) for rank in ranks.tolist()])


def _interpolate(values: Array, start: Array, end: Array) -> Array:
    """Map `start` to `end` by linear interpolation, and by extrapolation with the mean slope beyond both ends."""
    # Halved, so that no difference overflows.
    values, start, end = values / 2, start / 2, end / 2
    mapped = np.interp(values, start, end)
    beyond = np.maximum(values - start[-1], 0) + np.minimum(values - start[0], 0)
    with np.errstate(over="ignore"):
        slope = (end[-1] - end[0]) / (start[-1] - start[0]) if len(start) > 1 else 1.0
        # An infinite slope would make what is not beyond an end no number.
        slope = min(slope, np.finfo(np.float64).max)
        return np.asarray(2 * (mapped + slope * beyond))


def _quantile_settings(config: Mapping[str, Any]) -> tuple[str, int]:
    output, count = field(config, "output", str), field(config, "n_quantiles", int)
    if not (_OUTPUT.accepts(output) and _N_QUANTILES.accepts(count)):
        raise DataError(f"preprocessing: found output {output!r} and {count!r} quantiles")
    return output, count
