"""The results as JSON, for other programs to read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks.speed.figures import JobResult
from benchmarks.speed.rounds import Settings
from nnlite.files import atomic_write

SCHEMA = 1


def as_dict(results: Sequence[JobResult], settings: Settings, machine: dict[str, object]) -> dict[str, Any]:
    """Return everything that was found out.

    Returns
    -------
    dict
        ``schema``: 1. ``date``: UTC, ISO 8601. ``machine``, ``versions``, ``settings``. ``jobs``: a list of ``name``,
        ``title``, ``measurements`` (contestant, threads, part, values a round, unit, median, quartiles, loss,
        processor, note), ``figures`` (what, value, low, high, unit, target, judged, met), ``skipped`` (who: why) and
        ``curves``.
    """
    jobs = []
    for result in results:
        job = asdict(result)
        for described, one in zip(job["measurements"], result.measurements, strict=True):
            described |= {"median": one.median, "quartiles": list(one.quartiles)}
        for described, figure in zip(job["figures"], result.figures, strict=True):
            described["met"] = figure.met
        jobs.append(job)
    return {
        "schema": SCHEMA,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine,
        "versions": dict(sorted(settings.versions.items())),
        "settings": {
            "rounds": settings.rounds,
            "quick": settings.quick,
            "threads": list(settings.threads),
            "peers": [peer.name for peer in settings.peers],
        },
        "jobs": jobs,
    }


def write(path: Path, content: dict[str, Any]) -> None:
    """Write all of the file, or leave an old one as it was."""
    with atomic_write(path) as file:
        file.write((json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
