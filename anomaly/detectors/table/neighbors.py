"""What an ensemble of detectors is made of: networks that repair records, and records to compare with.

Each member judges features, as `anomaly.preprocessing` makes them, and splits its score over them: `parts` has a row
for each record and a column for each feature, and a record's score is the sum of its row. Scores are in units of the
median score of the training records; how they spread is told by `spread`, for `anomaly.detectors.table.blending`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from anomaly.detectors.batches import outputs_by_record
from anomaly.detectors.table.blending import spread_of
from anomaly.detectors.validation import under
from nnlite.models import Model, model_from_parts
from nnlite.serialization import model_to_parts
from nnlite.types import Array

_BLOCK_CELLS = 2_000_000
_LEAST_ERROR = 1e-3
_SPARE = 4
_BLOCK_ROWS = 1024
_GROUPS = 400
# Half of the spacing of float32 numbers at 1: what a sum of so many products may be off by, each time.
_ROUNDING = 2.0**-24
_SMALLEST_GROUP = 5
_GAIN = 10.0
# Of what a file may hold: far beyond what any training gives.
_MOST = 1e9


class Denoiser:
    r"""A network f that was trained to undo noise, and the disturbances it is tried with.

    .. math:: s(x) = \frac{1}{c\,d} \sum_{j=1}^{d} w_j\, \frac{1}{K} \sum_{k=1}^{K}
              \bigl(x_j - f(x + \sigma\varepsilon_k)_j\bigr)^2

    The K disturbances :math:`\varepsilon_k` are the same for every record: but for rounding, a record's score depends
    on nothing but the record, and differences between scores are not blurred by luck. The weight :math:`w_j` is one
    over the mean error of feature j in training: an error counts by how large it is for its feature, so features that
    nobody could predict do not drown those that are always predicted well.

    Parameters
    ----------
    model : nnlite.models.Model
        f.
    disturbances : ndarray of float32 of shape (K, d)
        :math:`\sigma\varepsilon_k`.
    weights : ndarray of float32 of shape (d,), optional
        w; by default all 1.
    scale : float, default 1.0
        c.
    spread : float, default 1.0
        How the scores of training records spread (see `anomaly.detectors.table.blending.spread_of`).
    """

    kind = "denoiser"

    def __init__(
        self,
        model: Model,
        disturbances: Array,
        weights: Array | None = None,
        scale: float = 1.0,
        spread: float = 1.0,
    ) -> None:
        self.model = model
        self.disturbances = disturbances
        self.weights = np.ones(disturbances.shape[1], np.float32) if weights is None else weights
        self.scale = scale
        self.spread = spread

    @property
    def width(self) -> int:
        """Number of features."""
        return int(self.disturbances.shape[1])

    def calibrate(self, chunks: Sequence[Array]) -> Array:
        """Set weights, scale and spread by training records, some thousands at a time; return their scores."""
        errors = [self._errors(x) for x in chunks]
        count = sum(map(len, errors))
        means = sum(e.sum(axis=0, dtype=np.float64) for e in errors) / count
        self.weights = (1 / np.maximum(means, _LEAST_ERROR)).astype(np.float32)
        return _calibrated(self, np.concatenate([self._raw(e) for e in errors]))

    def scores(self, x: Array) -> Array:
        """Return the score of each record, as float64."""
        return self._raw(self._errors(x)) / self.scale

    def parts(self, x: Array) -> Array:
        """Return each feature's part of each record's score, as float64."""
        return self._errors(x) * (self.weights / (self.width * self.scale))

    def _raw(self, errors: Array) -> Array:
        # Converted first: where it is converted piece by piece, a row may be cut and then is summed in another order.
        return np.asarray((errors * self.weights).astype(np.float64).mean(axis=1))

    def _errors(self, x: Array) -> Array:
        errors = np.empty_like(x)
        for start in range(0, len(x), _BLOCK_ROWS):
            block = x[start : start + _BLOCK_ROWS, np.newaxis]
            repaired = outputs_by_record(self.model, block + self.disturbances)
            errors[start : start + _BLOCK_ROWS] = np.square(block - repaired).mean(axis=1)
        return errors

    def state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return what was learned, as JSON values and arrays."""
        network, weights = model_to_parts(self.model)
        arrays = {f"model/{name}": array for name, array in weights.items()}
        arrays |= {"disturbances": self.disturbances, "weights": self.weights}
        return {"kind": self.kind, "scale": self.scale, "spread": self.spread, "network": network}, arrays

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> Denoiser:
        """Make a member of what `state` returned, believing none of it."""
        model = model_from_parts(config["network"], under(arrays, "model/"), label)
        disturbances = _matrix(arrays, "disturbances")
        width = disturbances.shape[1]
        weights = arrays["weights"]
        if weights.shape != (width,) or weights.dtype != np.float32 or not (weights >= 0).all():
            raise ValueError(f"its weights have shape {weights.shape} for {width} features")
        if model.input_shape != (None, width) or model.output_shape != (None, width):
            raise ValueError(f"its network takes {model.input_shape} and its disturbances have {width} features")
        return cls(model, disturbances, weights, _positive(config, "scale"), _spread(config))


class Neighbours:
    r"""Training records, and how far a record is from those nearest to it.

    With :math:`d_i(x) = \lVert x - n_i(x) \rVert` the distance to the i-th nearest of the remembered records and
    :math:`\ell_i` the mean distance of that record to the K = 4k nearest to it,

    .. math:: s(x) = \frac1c \left( \frac{1}{k} \sum_{i=1}^{k} \frac{d_i(x)}{u}
              + b\, \frac{\sum_{i=1}^{K} d_i(x)}{\sum_{i=1}^{K} \ell_i} \right)

    The first term is the distance in units of its median u in training. The second compares it with what is usual
    around there, so that a record just outside of a dense group counts as unusual though it is not far from anything.

    A record that is itself remembered is not its own neighbour: one record at distance 0 is left out, so training
    records score as fresh ones do. Feature j's part of a distance is :math:`(x_j - n_{ij})^2 / d_i`.

    Distances are dominated by the features in which records lie far out. A magnifying comparison looks at
    :math:`h(x_j)` and :math:`h(n_{ij})` instead,

    .. math:: h(v) = \operatorname{sign}(v)\, \frac{\sqrt{1 + 2 g \lvert v \rvert} - 1}{g}, \qquad g = 10,

    which leaves differences near 0 as they are and draws the far parts of the scale together, to roots.

    Parameters
    ----------
    records : ndarray of float32 of shape (n, d)
        What is remembered; at least two of them.
    k : int
        Number of neighbours; of less than k + 1 records all the others are.
    contrast : float
        b.
    usual : ndarray of float64 of shape (n,), optional
        The distances :math:`\ell` of the records; measured if not given.
    unit, scale : float, default 1.0
        u and c.
    spread : float, default 1.0
        How the scores of training records spread (see `anomaly.detectors.table.blending.spread_of`).
    magnify : bool, default False
        Whether to compare by h.

    References
    ----------
    Angiulli & Pizzuti, "Fast outlier detection in high dimensional spaces", PKDD 2002; Breunig, Kriegel, Ng & Sander,
    "LOF: identifying density-based local outliers", SIGMOD 2000.
    """

    kind = "neighbours"

    def __init__(
        self,
        records: Array,
        k: int,
        contrast: float,
        usual: Array | None = None,
        unit: float = 1.0,
        scale: float = 1.0,
        spread: float = 1.0,
        magnify: bool = False,
    ) -> None:
        self.records = records
        self.k = min(k, len(records) - 1)
        self.wide = min(4 * k, len(records) - 1)
        self.contrast = contrast
        self.unit = unit
        self.scale = scale
        self.spread = spread
        self.magnify = magnify
        self._places = _magnified(records) if magnify else records
        self._squares = np.einsum("ij,ij->i", self._places, self._places)
        self._own: tuple[Array, Array] | None = None
        if usual is None:
            found = [found[1:] for _, found in self._blocks(records)]
            distances, near = (np.concatenate(of_blocks) for of_blocks in zip(*found, strict=True))
            self._own = distances, near
            usual = distances.mean(axis=1)
            # Among copies of one record nothing is usual; a hundredth of the median elsewhere stands in.
            usual = np.maximum(usual, 0.01 * typical(usual))
            self.unit = typical(distances[:, : self.k].mean(axis=1))
        self.usual = usual

    @property
    def width(self) -> int:
        """Number of features."""
        return int(self.records.shape[1])

    def calibrate(self, chunks: Sequence[Array]) -> Array:
        """Set scale and spread by training records, given some thousands at a time; return their scores."""
        own, self._own = self._own, None
        if own is not None and np.array_equal(np.concatenate(chunks), self.records):
            # Their neighbours were looked up when the member was made, and looking is what takes time.
            return _calibrated(self, self._raw(*own))
        return _calibrated(self, np.concatenate([self.scores(x) for x in chunks]) * self.scale)

    def scores(self, x: Array) -> Array:
        """Return the score of each record, as float64."""
        scores = np.empty(len(x))
        for rows, (_, distances, near) in self._blocks(x):
            scores[rows] = self._raw(distances, near)
        return scores / self.scale

    def scores_as_fresh(self, x: Array) -> Array:
        """Return what remembered records would score if they were fresh ones, as float64.

        A fresh record that is equal to a remembered one is not compared with that. So one that is remembered itself is
        compared neither with itself nor with an equal one, if there is another.
        """
        scores = np.empty(len(x))
        for rows, (_, distances, near) in self._blocks(x, equal=2):
            scores[rows] = self._raw(distances, near)
        return scores / self.scale

    def _raw(self, distances: Array, near: Array) -> Array:
        return np.asarray((distances * self._factors(near)).sum(axis=1))

    def parts(self, x: Array) -> Array:
        """Return each feature's part of each record's score, as float64."""
        parts = np.empty(x.shape)
        for rows, (squares, distances, near) in self._blocks(x):
            shares = np.divide(self._factors(near), distances, out=np.zeros_like(distances), where=distances > 0)
            parts[rows] = np.einsum("ik,ikj->ij", shares, squares)
        return parts / self.scale

    def _factors(self, near: Array) -> Array:
        """Return what the distance to each neighbour is multiplied by."""
        factors = np.repeat(self.contrast / self.usual[near].sum(axis=1, keepdims=True), self.wide, axis=1)
        factors[:, : self.k] += 1 / (self.k * self.unit)
        return factors

    def _blocks(self, x: Array, equal: int = 1) -> Iterator[tuple[slice, tuple[Array, Array, Array]]]:
        step = max(1, _BLOCK_CELLS // max(len(self.records), (self.wide + 1 + _SPARE) * self.width))
        for start in range(0, len(x), step):
            rows = slice(start, start + step)
            yield rows, self._compare(x[rows], equal)

    def nearest(self, x: Array) -> Array:
        """Return the indices of each record's 4k nearest remembered ones, the nearest first, itself left out."""
        return self._compare(x)[2]

    def _compare(self, x: Array, equal: int = 1) -> tuple[Array, Array, Array]:
        """Return squared differences by feature from each of the nearest, the distances, and who they are.

        They follow from the record alone, bit by bit, whatever records are compared together with it. Of the records
        that are equal to it, as many as `equal` are left out: 1 or 2.
        """
        x = _magnified(x) if self.magnify else x
        found = self._looked_at(x, x @ self._places.T)
        unsure = self._unsure(x, found)
        if len(unsure):
            # One record at a time, each product of the same shape: then rounding is independent of the batch.
            alone = self._looked_at(x[unsure], np.matmul(x[unsure, np.newaxis], self._places.T)[:, 0])
            for array, part in zip(found, alone, strict=True):
                array[unsure] = part
        squares, distances, near, _ = found
        order = np.argsort(distances, axis=1, kind="stable")
        # A record that is remembered finds itself first.
        first = (np.take_along_axis(distances, order[:, :equal], axis=1) == 0).sum(axis=1, keepdims=True)
        first = np.minimum(first, distances.shape[1] - self.wide)
        order = np.take_along_axis(order, first + np.arange(self.wide), axis=1)
        return (
            np.take_along_axis(squares, order[:, :, np.newaxis], axis=1),
            np.take_along_axis(distances, order, axis=1),
            np.take_along_axis(near, order, axis=1),
        )

    def _looked_at(self, x: Array, products: Array) -> tuple[Array, Array, Array, Array]:
        """Return squares, distances and indices of those near by their products with x; and how near the last was."""
        # The square of the distance, less that of x, which does not change the order. Rounding may, a little: so a few
        # more than are needed are looked at closely.
        products *= -2
        products += self._squares
        near = np.sort(smallest(products, min(self.wide + 1 + _SPARE, len(self.records))), axis=1)
        squares = np.square(x[:, np.newaxis] - self._places[near], dtype=np.float64)
        last = np.take_along_axis(products, near, axis=1).max(axis=1)
        return squares, np.sqrt(squares.sum(axis=2)), near, last

    def _unsure(self, x: Array, found: tuple[Array, Array, Array, Array]) -> Array:
        """Return the rows for which others may be as near as those found, but for rounding.

        Products are off by e at most. Beyond three times that, no rounding, in this batch or another, puts a record
        that was not looked at before one that is among the nearest.
        """
        _, distances, near, last = found
        if near.shape[1] == len(self.records):
            return np.zeros(0, np.intp)
        limit = np.partition(distances, self.wide + 1, axis=1)[:, self.wide + 1]
        size = np.sqrt(np.square(x, dtype=np.float64).sum(axis=1))
        e = _ROUNDING * (self.width + 8) * np.square(size + limit)
        return np.flatnonzero(last <= np.square(limit) - np.square(size) + 3 * e)

    def state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return what was learned, as JSON values and arrays."""
        names = ("kind", "k", "contrast", "unit", "scale", "spread", "magnify")
        return {name: getattr(self, name) for name in names}, {"records": self.records, "usual": self.usual}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> Neighbours:  # noqa: ARG003
        """Make a member of what `state` returned, believing none of it."""
        records, usual, k = _matrix(arrays, "records"), arrays["usual"], config["k"]
        if not isinstance(k, int) or isinstance(k, bool) or not 1 <= k < len(records):
            raise ValueError(f"it has {k!r} neighbours of {len(records)} records")
        if usual.shape != (len(records),) or usual.dtype != np.float64 or not ((usual > 0) & (usual < np.inf)).all():
            raise ValueError(f"it has {len(records)} records and usual distances of shape {usual.shape}")
        contrast = config["contrast"]
        if not isinstance(contrast, (int, float)) or not 0 <= contrast <= _MOST:
            raise ValueError(f"its contrast is {contrast!r}")
        magnify = config.get("magnify", False)
        if not isinstance(magnify, bool):
            raise ValueError(f"its magnify is {magnify!r}")
        units = _positive(config, "unit"), _positive(config, "scale")
        return cls(records, k, float(contrast), usual, *units, _spread(config), magnify)


def member_from_state(config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> Denoiser | Neighbours:
    """Make the member that a state describes."""
    kinds: dict[str, type[Denoiser] | type[Neighbours]] = {kind.kind: kind for kind in (Denoiser, Neighbours)}
    return kinds[config["kind"]].from_state(config, arrays, label)


def smallest(values: Array, count: int) -> Array:
    """Return where in each row the `count` smallest values are, as indices of shape (rows, count), in any order.

    The values of a long row are put into groups. No group holds one of the smallest unless its own smallest value is
    one of the `count` smallest of groups; so most of the row is looked at once, for the minima, and no more.
    """
    n, groups = values.shape[1], _GROUPS
    size = n // groups
    if size < _SMALLEST_GROUP or count >= groups:
        return np.argpartition(values, count - 1, axis=1)[:, :count]
    # Members of a group lie `groups` apart: minima over rows of a table are whole vectors at a time.
    minima = values[:, : size * groups].reshape(len(values), size, groups).min(axis=1)
    chosen = np.argpartition(minima, count - 1, axis=1)[:, :count]
    places = (chosen[:, :, np.newaxis] + groups * np.arange(size)).reshape(len(values), -1)
    rest = np.broadcast_to(np.arange(size * groups, n), (len(values), n - size * groups))
    places = np.concatenate([places, rest], axis=1)
    found = np.argpartition(np.take_along_axis(values, places, axis=1), count - 1, axis=1)[:, :count]
    return np.take_along_axis(places, found, axis=1)


def memory_of(members: Sequence[Denoiser | Neighbours], wanted_by: str) -> Neighbours:
    """Return the remembered records among members; without any, say what needs them."""
    for member in members:
        if isinstance(member, Neighbours):
            return member
    raise ValueError(
        f"{wanted_by} needs remembered records, and with neighbors=0 there are none. Use neighbors=1, "
        "neighbors_share=0 to remember records and yet let the networks alone judge"
    )


def take_units(members: Sequence[Denoiser | Neighbours], others: Sequence[Denoiser | Neighbours]) -> None:
    """Let members score in the units of others, one by one, so that scores of the two can be compared."""
    for member, other in zip(members, others, strict=True):
        member.scale, member.spread = other.scale, other.spread
        if isinstance(member, Neighbours) and isinstance(other, Neighbours):
            member.unit = other.unit
        if isinstance(member, Denoiser) and isinstance(other, Denoiser) and member.width == other.width:
            # By its own, a network that learned from fewer records would measure larger errors in smaller units.
            member.weights = other.weights


def _calibrated(member: Denoiser | Neighbours, raw: Array) -> Array:
    """Set a member's scale and spread by its raw scores of training records; return these in units of the median."""
    member.scale = typical(raw)
    scores = raw / member.scale
    member.spread = spread_of(scores)
    return scores


def _magnified(x: Array) -> Array:
    """Return h, without its difference of near numbers, by operations that round alike everywhere.

    A record that is remembered has to be equal to itself. In float64, as the square may be too large for float32, and
    block by block: of all remembered records that would take several times their memory.
    """
    y = np.empty(x.shape, np.float32)
    for start in range(0, len(x), _BLOCK_ROWS):
        wide = x[start : start + _BLOCK_ROWS].astype(np.float64)
        y[start : start + _BLOCK_ROWS] = 2 * wide / (1 + np.sqrt(1 + 2 * _GAIN * np.abs(wide)))
    return y


def typical(scores: Array) -> float:
    """Return the median of scores, or where that is 0 their mean; 1 if all are 0."""
    return float(np.median(scores)) or float(scores.mean()) or 1.0


def _matrix(arrays: Mapping[str, Array], name: str) -> Array:
    matrix = arrays[name]
    if matrix.ndim != 2 or not matrix.size or matrix.dtype != np.float32 or not np.isfinite(matrix).all():
        raise ValueError(f"its {name} are no matrix of finite float32 numbers: shape {matrix.shape}, {matrix.dtype}")
    return matrix


def _positive(config: Mapping[str, Any], name: str) -> float:
    value = config[name]
    if not isinstance(value, float) or not 0 < value < np.inf:
        raise ValueError(f"its {name} is {value!r}")
    return value


def _spread(config: Mapping[str, Any]) -> float:
    # Files from before scores were blended by their spreads hold none, and then they were averaged.
    value = config.get("spread", 1.0)
    if not isinstance(value, float) or not 0 <= value <= _MOST:
        raise ValueError(f"its spread is {value!r}")
    return value
