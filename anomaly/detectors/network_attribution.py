"""Attribution of the scores of a single network: what it expects in a column is its reconstruction without it.

A wrong value pulls the reconstruction after itself and spoils that of other columns, so the errors alone often name the
wrong column: the more so the better a network copies its inputs. So each column is masked in turn, by the value 0, and
estimated by its reconstruction from the others; and a column is to blame as far as the score falls with this estimate
(`anomaly.detectors.attribution`).

An estimate is reconstructed without an error. A column that nothing predicts would be named for the error that it has
in every record, so a replaced column has the term of the score that is normal for it in training.

References
----------
Vincent et al., "Extracting and composing robust features with denoising autoencoders", ICML 2008, on masking as noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from anomaly.detectors.attribution import fractions, normalized, split_scores
from anomaly.detectors.expectation import Replacements, most_conspicuous
from anomaly.detectors.features import FeatureSet
from nnlite.types import Array

_BLOCK_CELLS = 250_000
# A feature further out moves the estimates of the others without telling more of them.
_LARGEST_FEATURE = 4.0
_LEAST_SCORE = 1e-9


@dataclass(frozen=True)
class NetworkSubject:
    """Scores of a network, to be explained by `anomaly.detectors.attribution.fractions`.

    Attributes
    ----------
    features : FeatureSet
        Columns and marks of the features.
    terms : callable
        Returns the terms of the scores by column, of shape (n, n_columns), of features of shape (n, n_features).
    reconstruct : callable
        Returns the reconstructions of several copies of each record, both of shape (n, n_copies, n_features). Those of
        a record depend on its own copies alone.
    complete : callable
        Returns features with holes filled.
    normal : ndarray of float64 of shape (n_columns,)
        Terms of the columns that are normal in training.
    levels : tuple of float
        Logarithms of the scores of a typical training record, and of one that nine in ten do not exceed.
    logarithmic : bool
        Whether the scores are logarithms themselves.
    """

    features: FeatureSet
    terms: Callable[[Array], Array]
    reconstruct: Callable[[Array], Array]
    complete: Callable[[Array], Array]
    normal: Array
    levels: tuple[float, float]
    logarithmic: bool

    def explain(self, x: Array) -> Array:
        """Split each record's score into contributions of columns, of shape (n, n_columns).

        Those of a record that scores no more than a typical one are the terms of its score. Of scores that are
        logarithms the excess over a typical one is split, and the rest divided equally among the columns with features.
        """
        contributions = self.terms(x)
        scores = contributions.sum(axis=1)
        log_scores = scores if self.logarithmic else log_of(scores)
        above = log_scores > self.levels[0]
        if above.any():
            found = fractions(self, x[above], log_scores[above], np.ones(np.count_nonzero(above), np.bool_))
            split = self._split_excess if self.logarithmic else split_scores
            contributions[above] = split(scores[above], found)
        return contributions

    def _split_excess(self, scores: Array, found: Array) -> Array:
        used = np.bincount(self.features.columns, minlength=self.features.n_columns) > 0
        return self.levels[0] * used / used.sum() + found * (scores - self.levels[0])[:, np.newaxis]

    def log_scores(self, x: Array, replaced: Array) -> Array:
        """Return the logarithm of each record's score with normal terms of replaced columns, of shape (n,)."""
        scores = np.where(replaced, self.normal, self.terms(x)).sum(axis=1)
        return scores if self.logarithmic else log_of(scores)

    def view(self, x: Array) -> Array:
        """Return the fractions of columns in the terms of the score; of logarithms, in their excess over the least."""
        terms = self.terms(x)
        return normalized(terms - terms.min(axis=1, keepdims=True) if self.logarithmic else terms)

    def propose(
        self,
        x: Array,
        by_network: Array,
        apart_from: Array | None = None,
        before: Replacements | None = None,  # noqa: ARG002
    ) -> Replacements:
        """Return the columns that deviate most from their estimates, and these; a missing cell does not."""
        values = self.complete(x)
        expected = self._estimates(values)
        deviations = np.sqrt(self.features.sum_by_column(np.square(values - expected)), dtype=np.float64)
        missing = self.features.sum_by_column(np.isnan(x).astype(np.int64)) > 0
        columns = most_conspicuous(np.where(missing, 0, deviations), by_network, apart_from) & ~missing
        return Replacements(columns, expected, deviations)

    def _estimates(self, x: Array) -> Array:
        """Return the reconstruction of each column from all others."""
        columns = np.unique(self.features.columns, return_inverse=True)[1]
        masks = columns == np.arange(columns.max() + 1)[:, np.newaxis]
        visible, estimates = np.clip(x, -_LARGEST_FEATURE, _LARGEST_FEATURE), np.empty_like(x)
        step = max(1, _BLOCK_CELLS // masks.size)
        for first in range(0, len(x), step):
            rows = slice(first, first + step)
            outputs = self.reconstruct(np.where(masks, np.float32(0), visible[rows, np.newaxis]))
            estimates[rows] = np.where(masks, outputs, np.float32(0)).sum(axis=1)
        if self.features.marks is not None:
            # Networks do not learn to reconstruct marks; what they estimate is no hole.
            estimates[:, self.features.marks] = 0
        return estimates


def levels_of(log_scores: Array) -> tuple[float, float]:
    """Return the median of the logarithms of training scores, and what nine in ten do not exceed."""
    median, ninth = np.quantile(log_scores, [0.5, 0.9]).tolist()
    return median, ninth


def log_of(scores: Array) -> Array:
    """Return the logarithms of scores, finite for 0."""
    return np.asarray(np.log(np.maximum(scores, _LEAST_SCORE)))
