r"""Expected values by networks.

Column c is masked, first by the value 0 and later by its estimate, and the networks reconstruct it from the other
columns. After each round, the column with the largest deviation from its estimate is taken for faulty and masked for
the others too; deviations of the rest are bounded.

A column is proposed as faulty by its deviation from the estimate of the network with the most noise in the first round,
in units of the network's errors in training; and the column with the largest error of that network is added. By errors
alone, a fault that the network reproduces would not be found.

References
----------
Vincent et al., "Extracting and composing robust features with denoising autoencoders", ICML 2008, on masking as noise;
Huber, *Robust Statistics* (1981).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from anomaly.detectors.expectation import MOST_PROPOSED, Replacements, most_conspicuous
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.denoiser import Denoiser
from nnlite.models import Model
from nnlite.rowwise import outputs_by_record
from nnlite.types import Array

_BLOCK_CELLS = 250_000
_ROUNDS = 4
_MOST_PASSES = 64
# Deviations in units of the scaled features: the least of a faulty column, the bound of others, that of the features.
_FAULTY = 1.0
_LARGEST_DEVIATION = 2.0
_LARGEST_FEATURE = 4.0


class ExpectationByNetworks:
    """Estimates by networks that reconstruct features; the mean of their outputs is the estimate.

    Parameters
    ----------
    networks : sequence of Denoiser
        The networks.
    proposing : Denoiser
        The network that proposes columns.
    features : FeatureSet
        Columns and marks of the features. Of more than 64 columns, several are masked at a time.
    """

    def __init__(self, networks: Sequence[Denoiser], proposing: Denoiser, features: FeatureSet) -> None:
        self._models = [network.model for network in networks]
        self._proposing = proposing
        self._features = features
        self._starts = [own.start for own in features.slices.values()]
        self._owners = np.repeat(np.arange(len(self._starts)), np.diff([*self._starts, features.width]))

    def of_all(self, x: Array) -> Array:
        """Return the features expected in each column, as float32 of shape (n, n_features)."""
        return self._in_passes(x, self._all(len(x)), len(self._starts), self._models, _ROUNDS)

    def propose(
        self,
        x: Array,
        by_network: Array,
        apart_from: Array | None = None,
        before: Replacements | None = None,  # noqa: ARG002
    ) -> Replacements:
        """Return the columns of each record that may be faulty, and what is expected in them; see the module."""
        in_first_round = self._in_passes(x, self._all(len(x)), len(self._starts), [self._proposing.model], 1)
        columns = most_conspicuous(self._deviations(x, in_first_round), by_network, apart_from)
        # As many passes for every record, whatever the batch: the rounding of a network's outputs depends on them.
        expected = self._in_passes(x, columns, MOST_PROPOSED, self._models, _ROUNDS)
        return Replacements(columns, expected, self._deviations(x, expected))

    def _deviations(self, x: Array, expected: Array) -> Array:
        squares = self._features.sum_by_column(np.square(x - expected) * self._proposing.weights)
        return np.sqrt(squares, dtype=np.float64)

    def _all(self, n: int) -> Array:
        return np.ones((n, self._features.n_columns), np.bool_)

    def _in_passes(self, x: Array, wanted: Array, most: int, models: Sequence[Model], rounds: int) -> Array:
        """Return estimates, with the columns masked in turn, at most `most` of a record.

        Parameters
        ----------
        wanted : ndarray of bool of shape (n, n_columns)
            The columns to estimate.
        """
        chosen, passes = wanted[:, list(self._features.slices)], min(most, _MOST_PASSES)
        turns = np.where(chosen, (np.cumsum(chosen, axis=1) - 1) % passes, -1)[:, self._owners]
        expected = np.empty_like(x)
        step = max(1, _BLOCK_CELLS // (passes * x.shape[1]))
        for first in range(0, len(x), step):
            rows = slice(first, first + step)
            expected[rows] = self._reconstructed(x[rows], turns[rows], passes, models, rounds)
        return expected

    def _reconstructed(self, x: Array, turns: Array, passes: int, models: Sequence[Model], rounds: int) -> Array:
        """Return reconstructions of masked features.

        Parameters
        ----------
        turns : ndarray of int of shape (n, n_features)
            Pass in which each feature is masked; -1 where it never is.
        """
        masks, wanted = turns[:, np.newaxis] == np.arange(passes)[:, np.newaxis], turns >= 0
        clipped = np.clip(x, -_LARGEST_FEATURE, _LARGEST_FEATURE)
        visible, expected = clipped, np.zeros_like(x)
        for _ in range(rounds):
            masked = np.where(masks, expected[:, np.newaxis], visible[:, np.newaxis])
            outputs = sum(outputs_by_record(model, masked) for model in models) / np.float32(len(models))
            expected = np.where(masks, outputs, np.float32(0)).sum(axis=1)
            if self._features.marks is not None:
                # Networks do not learn to reconstruct marks; what they estimate is no hole.
                expected[:, self._features.marks] = 0
            differences = np.where(wanted, x - expected, np.float32(0))
            sizes = np.sqrt(np.add.reduceat(np.square(differences), self._starts, axis=1))
            worst = sizes >= np.maximum(sizes.max(axis=1, keepdims=True), np.float32(_FAULTY))
            bounded = np.clip(differences, -_LARGEST_DEVIATION, _LARGEST_DEVIATION)
            estimated = expected + np.where(worst[:, self._owners], 0, bounded).astype(np.float32)
            visible = np.where(wanted, estimated, clipped)
        return np.where(wanted, expected, x)
