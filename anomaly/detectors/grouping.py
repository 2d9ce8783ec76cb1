"""The rows of each group of training tables, outside of intervals to exclude, and the labels of all rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from anomaly.detectors.routing import rows_by_group
from anomaly.errors import DataError, GroupWarning, format_names
from anomaly.events import find_segments
from anomaly.preprocessing.intervals import mask_of_series
from anomaly.tables import Table
from nnlite.suggestions import did_you_mean
from nnlite.types import Array


def segments_by_group(
    tables: Sequence[Table], group: str, time: str | None, exclude: Any
) -> dict[str, list[tuple[Table, Array]]]:
    """Return the segments of each group: tables without the column of groups, and the indices of their rows.

    Parameters
    ----------
    tables : sequence of Table
        Training tables; each holds segments of its own.
    group : str
        The column of groups.
    time : str or None
        The column of timestamps.
    exclude : intervals or None
        As for `anomaly.preprocessing.intervals.as_intervals`; segments lie between them.

    Returns
    -------
    dict of str to list of (Table, ndarray of int)
        The indices are those of the rows of all tables, one after the other.

    Raises
    ------
    DataError
        If there is no column of groups.

    Warns
    -----
    GroupWarning
        If rows have no group: they are left out.

    Examples
    --------
    >>> from anomaly.tables import as_table
    >>> table = as_table({"machine": ["B", "A", "B"], "x": [1.0, 2.0, 3.0]})
    >>> segments = segments_by_group([table], "machine", None, [(3, 3)])
    >>> {name: [(own["x"].tolist(), rows.tolist()) for own, rows in parts] for name, parts in segments.items()}
    {'B': [([1.0], [0])], 'A': [([2.0], [1])]}
    """
    for table in tables:
        if group not in table.names:
            raise DataError(
                f"there is no column of groups {group!r}; the columns are {format_names(table.names, 20)}"
                f"{did_you_mean(group, table.names)}"
            )
    mask = None if exclude is None else mask_of_series(exclude, tables, time, group)
    segments: dict[str, list[tuple[Table, Array]]] = {}
    nameless, first = 0, 0
    for table in tables:
        for name, rows in rows_by_group(table, group):
            if name is None:
                nameless += len(rows)
                continue
            own = table.rows(rows)
            kept = np.ones(len(rows), np.bool_) if mask is None else ~mask.rows(own, name)
            own = own.drop([group])
            segments.setdefault(name, []).extend(
                (own.rows(slice(start, end)), first + rows[start:end]) for start, end in find_segments(kept)
            )
        first += len(table)
    if mask is not None:
        mask.warn_of_unmatched()
    if nameless:
        warnings.warn(
            f"column {group!r}: the value is missing in {nameless:,} row(s), which are left out of training",
            GroupWarning,
            stacklevel=5,
        )
    return segments


def check_left_out(group: str, reasons: Mapping[str, str], n_groups: int, what: str) -> None:
    """Warn of the groups that something cannot be done for.

    Parameters
    ----------
    group : str
        The column of groups.
    reasons : mapping of str to str
        Why, by group.
    n_groups : int
        Number of all groups.
    what : str
        What becomes of them: "left out".

    Raises
    ------
    DataError
        If these are all.
    """
    if n_groups == 0:
        raise DataError(f"column {group!r} names no group")
    if not reasons:
        return
    first, reason = next(iter(reasons.items()))
    if len(reasons) == n_groups:
        raise DataError(f"all {n_groups:,} groups of column {group!r} are {what}; {first!r}: {reason}")
    warnings.warn(
        f"column {group!r}: {len(reasons):,} of {n_groups:,} groups are {what}: {format_names(reasons)}; {first!r}: "
        f"{reason}",
        GroupWarning,
        stacklevel=5,
    )


def joined_labels(y: Any) -> Any:
    """Return the labels of several tables as one vector.

    Examples
    --------
    >>> joined_labels([[0, 1], [0]]).tolist(), joined_labels([0, 1])
    ([0, 1, 0], [0, 1])
    """
    parts = list(y)
    return np.concatenate([np.asarray(part) for part in parts]) if parts and np.ndim(parts[0]) == 1 else parts
