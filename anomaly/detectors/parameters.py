"""Checks of what a detector is given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.calibration import check_rate
from anomaly.detectors.validation import (
    check_names,
    check_number,
    check_whole,
    is_number,
    is_whole,
)

if TYPE_CHECKING:
    from anomaly.detectors.table.detector import TableDetector


def check_parameters(detector: TableDetector) -> None:
    """Raise a ValueError for the first parameter that is unusable, saying what was found and what is expected."""
    hidden = listed(detector.hidden)
    if not hidden or any(not is_whole(units) or units < 1 for units in hidden):
        raise ValueError(
            f"hidden must be the sizes of one or more layers, such as (128, 128); found {detector.hidden!r}"
        )
    levels = [] if isinstance(detector.noise, str) else listed(detector.noise)
    if not levels or not all(is_number(level) and 0 <= level < np.inf for level in levels):
        raise ValueError(f"noise must be a number of at least 0, or several of them; found {detector.noise!r}")
    check_number("sparsity", detector.sparsity, 0)
    check_whole("neighbors", detector.neighbors, 0)
    for name in ("neighbors_share", "fine_share"):
        share = getattr(detector, name)
        if not (is_number(share) and 0 <= share <= 1):
            raise ValueError(f"{name} must be a number from 0 to 1; found {share!r}")
    check_number("contrast", detector.contrast, 0)
    trim: Any = detector.trim
    if trim != "auto" and not (is_number(trim) and 0 <= trim <= 0.5):
        raise ValueError(f"trim must be 'auto' or a share from 0 to 0.5; found {trim!r}")
    if detector.false_alarm_rate is not None:
        check_rate(detector.false_alarm_rate)
    if detector.n_jobs is not None and (not is_whole(detector.n_jobs) or detector.n_jobs < 1):
        raise ValueError(f"n_jobs must be None or a whole number of at least 1; found {detector.n_jobs!r}")
    check_whole("draws", detector.draws, 0)
    if detector.epochs != "auto" and (not is_whole(detector.epochs) or int(detector.epochs) < 1):
        raise ValueError(f"epochs must be 'auto' or a whole number of at least 1; found {detector.epochs!r}")
    if detector.batch_size != "auto" and (not is_whole(detector.batch_size) or int(detector.batch_size) < 1):
        raise ValueError(f"batch_size must be 'auto' or a whole number of at least 1; found {detector.batch_size!r}")
    rate: Any = detector.learning_rate
    if rate != "auto" and not (is_number(rate) and 0 < rate < np.inf):
        raise ValueError(f"learning_rate must be 'auto' or a number above 0; found {rate!r}")
    check_names("ignore", detector.ignore)
    if detector.patience is not None and (not is_whole(detector.patience) or detector.patience < 0):
        raise ValueError(f"patience must be None or a whole number of at least 0; found {detector.patience!r}")


def listed(value: Any) -> list[Any]:
    """Return what is in a sequence; of anything else, the thing itself."""
    return list(value) if isinstance(value, Iterable) else [value]
