"""Parameters in files of earlier versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Files that do not name it are of detectors of networks alone, whose parameters had these names.
_FORMER_NAMES = {"drift": "drift_allowance"}


def upgraded(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a file as those of this version.

    Examples
    --------
    >>> upgraded({"window": 32, "drift": 2.0})
    {'network_share': 1.0, 'window': 32, 'drift_allowance': 2.0}
    """
    renamed = {_FORMER_NAMES.get(name, name): value for name, value in parameters.items()}
    return renamed if "network_share" in renamed else {"network_share": 1.0, **renamed}
