"""Columns that a bank would compute from the others: they set a payment against its card and its category."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nnlite.types import Array

# Hours: payments that follow each other within three minutes count as at once.
_AT_ONCE = 0.05


def derived_columns(columns: Mapping[str, Array]) -> dict[str, Array]:
    """Return three ratios of columns of payments, NaN where a value is missing.

    Labels have no part in them.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (n_records,)
        Columns of `make_transactions`.

    Returns
    -------
    dict of str to ndarray of shape (n_records,)
        ``amount_over_average``, by the average of the card; ``amount_over_category``, by the median of all payments of
        the category; ``payments_per_hour``, those of the last 24 hours over the hours since the last one.

    Examples
    --------
    >>> payments = {
    ...     "amount": np.array([10.0, 90.0]),
    ...     "average_amount": np.array([20.0, 30.0]),
    ...     "merchant_category": np.array(["fuel", "fuel"], dtype=object),
    ...     "count_24h": np.array([1.0, 4.0]),
    ...     "hours_since_last": np.array([10.0, 0.01]),
    ... }
    >>> {name: values.tolist() for name, values in derived_columns(payments).items()}
    {'amount_over_average': [0.5, 3.0], 'amount_over_category': [0.2, 1.8], 'payments_per_hour': [0.1, 80.0]}
    """
    amount, category = columns["amount"], columns["merchant_category"]
    typical = np.full(len(amount), np.nan)
    for name in dict.fromkeys(category.tolist()):
        if name is not None:
            typical[category == name] = np.median(amount[category == name])
    pace = columns["count_24h"] / np.maximum(columns["hours_since_last"], _AT_ONCE)
    return {
        "amount_over_average": np.round(amount / columns["average_amount"], 3),
        "amount_over_category": np.round(amount / typical, 3),
        "payments_per_hour": np.round(pace, 3),
    }
