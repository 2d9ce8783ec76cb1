"""The families of promises, one module each."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from benchmarks.promises.promise import Promise

FAMILIES = (
    "calibration",
    "thresholds",
    "drift",
    "metrics",
    "sampling",
    "datasets",
    "scaling",
    "rates",
    "detectors",
    "updating",
    "series",
    "layers",
    "engine",
    "training",
    "commands",
    "files",
)


def family(name: str) -> Sequence[Promise]:
    """Return the promises of a family; its module is imported when it is asked for."""
    return import_module(f"benchmarks.promises.{name}").PROMISES
