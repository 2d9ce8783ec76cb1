"""Libraries that are installed beside, for files of other formats."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from anomaly.errors import DataError


def library(name: str, path: str) -> Any:
    """Return a module of a library that reads a file; raise `DataError` if it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise DataError(f"to read {path!r}, install {package} (pip install {package}), or write it as CSV") from error
