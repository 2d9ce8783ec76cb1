"""Number of processors available to the process."""

from __future__ import annotations

import os


def available_processors() -> int:
    """Return the number of processors available to the process: its CPU affinity where the system has one.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> from nnlite.processors import available_processors
    >>> available_processors() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
