"""Constructor arguments of detectors as JSON values, for files and for `repr`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from anomaly import thresholds


def parameters_to_json(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Describe constructor arguments: thresholds by their configuration, random generators not at all."""
    return {name: _to_json(value) for name, value in parameters.items()}


def parameters_from_json(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the constructor arguments that `parameters_to_json` described."""
    return {name: _from_json(value) for name, value in described.items()}


def equals_default(value: Any, default: Any) -> bool:
    """Compare an argument, which may be an array, with its default."""
    try:
        return value is default or bool(value == default)
    except ValueError:
        return False


def _to_json(value: Any) -> Any:
    if isinstance(value, thresholds.Threshold):
        return {"threshold": type(value).__name__, "config": value.get_config()}
    if isinstance(value, (np.bool_, np.integer, np.floating)):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [_to_json(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else None


def _from_json(value: Any) -> Any:
    if isinstance(value, dict) and "threshold" in value:
        return thresholds.from_config(value["threshold"], value["config"])
    return tuple(_from_json(item) for item in value) if isinstance(value, list) else value
