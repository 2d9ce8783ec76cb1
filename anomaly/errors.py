"""The error that says what is wrong with somebody's data, and how messages show names and values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


class DataError(ValueError):
    """Records that cannot be used: the message names the row, the column or the file, and says what was expected."""


class FewRecordsWarning(UserWarning):
    """There are too few records for what was asked: the message says how many it takes, and what was done instead."""


def listing(names: Iterable[str], limit: int = 10) -> str:
    """Show names in a message: in quotes, and not more than a reader wants to see.

    Examples
    --------
    >>> print(listing(["amount", "country", "city"], limit=2))
    'amount', 'country' and 1 more
    """
    names = list(names)
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(map(repr, names[:limit])) + more


def shown(value: Any, limit: int = 60) -> str:
    """Show a value in a message: as one would write it, and not all of a long text.

    Examples
    --------
    >>> import numpy as np
    >>> print(shown("abc"), shown(np.float64(0.5)), shown(np.datetime64("2024-12-31")))
    'abc' 0.5 2024-12-31
    """
    text = str(value) if isinstance(value, np.generic) else repr(value)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
