"""Checks of what a detector is given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.calibration import check_rate

if TYPE_CHECKING:
    from anomaly.detectors.autoencoder import AutoencoderDetector


def check_parameters(detector: AutoencoderDetector) -> None:
    """Raise a ValueError for the first parameter that is unusable, saying what was found and what is expected."""
    hidden = listed(detector.hidden)
    if not hidden or any(not is_whole(units) or units < 1 for units in hidden):
        raise ValueError(
            f"hidden must be the sizes of one or more layers, such as (128, 128); found {detector.hidden!r}"
        )
    levels = [] if isinstance(detector.noise, str) else listed(detector.noise)
    if not levels or not all(is_number(level) and 0 <= level < np.inf for level in levels):
        raise ValueError(f"noise must be a number of at least 0, or several of them; found {detector.noise!r}")
    if not is_whole(detector.neighbors) or detector.neighbors < 0:
        raise ValueError(f"neighbors must be a whole number of at least 0; found {detector.neighbors!r}")
    if not (is_number(detector.neighbors_share) and 0 <= detector.neighbors_share <= 1):
        raise ValueError(f"neighbors_share must be a number from 0 to 1; found {detector.neighbors_share!r}")
    if not (is_number(detector.contrast) and 0 <= detector.contrast < np.inf):
        raise ValueError(f"contrast must be a number of at least 0; found {detector.contrast!r}")
    if detector.false_alarm_rate is not None:
        check_rate(detector.false_alarm_rate)
    if detector.n_jobs is not None and (not is_whole(detector.n_jobs) or detector.n_jobs < 1):
        raise ValueError(f"n_jobs must be None or a whole number of at least 1; found {detector.n_jobs!r}")
    if not is_whole(detector.draws) or detector.draws < 0:
        raise ValueError(f"draws must be a whole number of at least 0; found {detector.draws!r}")
    if detector.epochs != "auto" and (not is_whole(detector.epochs) or int(detector.epochs) < 1):
        raise ValueError(f"epochs must be 'auto' or a whole number of at least 1; found {detector.epochs!r}")
    if not is_whole(detector.batch_size) or detector.batch_size < 1:
        raise ValueError(f"batch_size must be a whole number of at least 1; found {detector.batch_size!r}")
    if not (is_number(detector.learning_rate) and 0 < detector.learning_rate < np.inf):
        raise ValueError(f"learning_rate must be a number above 0; found {detector.learning_rate!r}")
    names = detector.ignore
    if names is not None and (isinstance(names, str) or not all(isinstance(name, str) for name in listed(names))):
        raise ValueError(f"ignore must be a list of column names; found {names!r}")
    if detector.patience is not None and (not is_whole(detector.patience) or detector.patience < 0):
        raise ValueError(f"patience must be None or a whole number of at least 0; found {detector.patience!r}")


def listed(value: Any) -> list[Any]:
    """Return what is in a sequence; of anything else, the thing itself."""
    return list(value) if isinstance(value, Iterable) else [value]


def is_whole(value: Any) -> bool:
    """Say whether a value is a whole number, which a truth value is not."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Say whether a value is a number."""
    return is_whole(value) or isinstance(value, (float, np.floating))


def as_seed(random_state: Any) -> int | None:
    """Turn what scikit-learn and NumPy call a random state into a seed."""
    if random_state is None:
        return None
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if is_whole(random_state) and random_state >= 0:
        return int(random_state)
    raise ValueError(
        f"random_state must be None, a whole number of at least 0 or a NumPy generator; found {random_state!r}"
    )
