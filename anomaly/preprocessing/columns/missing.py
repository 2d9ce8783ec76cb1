"""Treatment of missing cells: as imputed values, or as holes that are filled later."""

from __future__ import annotations

import numpy as np

from nnlite.types import Array

TREATMENTS = ("median", "nan")
"""Values of the parameter `missing` of `anomaly.preprocessing.TablePreprocessor`."""

# A cell that is missing more rarely is a hole to be filled, since a network cannot learn the weights of a mark from so
# few rows, and one that is present more rarely is too, by symmetry. Between them the mark itself tells records apart.
_LEAST_MARKED, _MOST_MARKED = 0.05, 0.95


def are_marked(fractions: Array, missing: str) -> Array:
    """Return whether missing values have an indicator feature, or a level of their own.

    Parameters
    ----------
    fractions : ndarray of float64
        Fractions of the training values that are missing.
    missing : {"median", "nan"}
        Treatment of missing cells.

    Returns
    -------
    ndarray of bool
        With "median", whether any value is missing; with "nan", whether 5 to 95 % are.

    Examples
    --------
    >>> import numpy as np
    >>> are_marked(np.array([0.0, 0.01, 0.5, 0.99]), "nan").tolist()
    [False, False, True, False]
    """
    if missing == "median":
        return np.asarray(fractions > 0)
    return np.asarray((fractions >= _LEAST_MARKED) & (fractions <= _MOST_MARKED))


def are_rarely_missing(fractions: Array) -> Array:
    """Return whether training values are rarely missing: fewer than 5 % of them.

    Parameters
    ----------
    fractions : ndarray of float64
        Fractions of the training values that are missing; NaN where not known.

    Returns
    -------
    ndarray of bool
        A missing cell of such a column is rare.

    Examples
    --------
    >>> import numpy as np
    >>> are_rarely_missing(np.array([0.0, 0.04, 0.05, np.nan])).tolist()
    [True, True, False, False]
    """
    return np.asarray(fractions < _LEAST_MARKED)
