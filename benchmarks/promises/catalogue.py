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
    "alarms",
    "layers",
    "engine",
    "training",
    "commands",
    "files",
    "reasons",
)


def family(name: str) -> Sequence[Promise]:
    """Import the module of a family and return its promises."""
    return import_module(f"benchmarks.promises.{name}").PROMISES
