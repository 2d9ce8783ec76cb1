"""Limit of the scores of the training series itself.

A series that is scored is often the one that was trained on: to find the anomalies in it. All of its scores are known,
so that the limit need not follow them; and its anomalies are among the scores that the limit is chosen from, which the
tail of `anomaly.thresholds.DeclusteredPeaks` and the scale of `anomaly.detectors.sequence.moving_limit` take for normal
ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from anomaly.thresholds.automatic import AutoThreshold

MOST_FLAGGED = 0.02
"""Largest fraction of the training steps above the limit."""
_ROUNDING = 1e-9


def training_limit(scores: ArrayLike) -> float:
    """Return the limit of the scores of the training steps.

    It is that of `anomaly.thresholds.AutoThreshold`, which looks for a gap between normal and anomalous scores, but no
    more than 2 % of the steps are above it: the scores of a series vary with its state, and their tail is longer than
    that of independent records.

    Parameters
    ----------
    scores : array_like of shape (n_steps,)
        Scores of all training steps, each by what was learned without it.

    Raises
    ------
    ValueError
        If there are no scores, or they are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> scores = np.exp(0.1 * np.random.default_rng(0).normal(size=1000))
    >>> scores[300:320] = 4.0
    >>> limit = training_limit(scores)
    >>> int((scores[300:320] > limit).sum()), bool((scores > limit).sum() <= 20)
    (20, True)
    """
    threshold = AutoThreshold().fit(scores).threshold_
    limit = max(threshold, float(np.quantile(np.asarray(scores, np.float64), 1 - MOST_FLAGGED)))
    # It may be the score of a step, which is not above it when it is found again, but for rounding.
    return limit * (1 + _ROUNDING)
