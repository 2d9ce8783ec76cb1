"""Results of single runs, in a file of one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

Result: TypeAlias = dict[str, Any]
"""``protocol``, ``table``, ``seed``, ``detector``, ``version``, ``chance`` (the fraction of anomalies, which is the
average precision of random scores), and ``auroc``, ``ap``, ``fit_seconds``, ``score_seconds``, or the ``error``."""

KEYS = ("protocol", "table", "seed", "detector")


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Attributes
    ----------
    detectors, protocols : tuple of str
        Names of contestants, and of protocols as in `benchmarks.quality.protocols.PROTOCOLS`.
    seeds : int
        Number of seeds.
    tables : tuple of str
        Names of tables; empty for all.
    data : str
        Folder of the data files.
    """

    detectors: tuple[str, ...]
    protocols: tuple[str, ...]
    seeds: int
    tables: tuple[str, ...]
    data: str


def key_of(result: Result) -> tuple[Any, ...]:
    """Return what identifies a run, whatever the version of the detector."""
    return tuple(result[key] for key in KEYS)


def read(path: Path) -> list[Result]:
    """Return the last result of each run in a file; none if there is no file."""
    lines = path.read_text().splitlines() if path.exists() else []
    return list({key_of(result): result for result in map(json.loads, lines)}.values())


def append(path: Path, results: Iterable[Result]) -> None:
    """Append results as they come, so that an interrupted run keeps its results."""
    with path.open("a") as file:
        for result in results:
            file.write(json.dumps(result) + "\n")
            file.flush()
