"""Results of all parts as text and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks.series.contestants import is_ours, version_of
from benchmarks.series.measure import PARTS, Plan, Result, cases_of
from nnlite.files import atomic_write

SCHEMA = 1


def asked(
    results: list[Result], plan: Plan, by_name: bool
) -> tuple[dict[str, dict[str, list[Result]]], dict[str, list[str]]]:
    """Return the results of a plan by part and detector, and by part the detectors that are left out.

    These are the ones without a result for each case of the part.

    Parameters
    ----------
    results : list of dict
        All results in the file.
    plan : Plan
        What was asked for.
    by_name : bool
        Whether detectors were named; otherwise those are reported, too, that the file has from another Python.
    """
    wanted: dict[str, set[tuple[str, int]]] = {}
    for part, seed, case in cases_of(plan):
        wanted.setdefault(part, set()).add((case.name, seed))
    found: dict[str, dict[str, list[Result]]] = {part: {} for part in wanted}
    for result in results:
        name, part = result["detector"], result["part"]
        of_plan = (result["case"], result["seed"]) in wanted.get(part, ()) and result["quick"] == plan.quick
        current = not is_ours(name) or result["version"] == version_of(name)
        if of_plan and current and (not by_name or name in plan.detectors):
            found[part].setdefault(name, []).append(result)
    left_out = {
        part: [name for name, own in by_detector.items() if len(own) < len(wanted[part])]
        for part, by_detector in found.items()
    }
    complete = {
        part: {name: own for name, own in by_detector.items() if name not in left_out[part]}
        for part, by_detector in found.items()
    }
    return complete, left_out


def report_all(
    found: dict[str, dict[str, list[Result]]], left_out: dict[str, list[str]], plan: Plan
) -> tuple[str, dict[str, Any]]:
    """Return the tables of all parts, and the content of the JSON file.

    Returns
    -------
    text : str
        Tables.
    content : dict
        ``schema``: 1. ``date``: UTC, ISO 8601. ``plan``: what was asked for. ``versions``: of each detector.
        ``parts``: for each its figures, by detector, with ``errors``: the cases that a detector refused, and
        ``left_out``: detectors without a result for each case.
    """
    texts, parts = [], {}
    for part, by_detector in found.items():
        if not by_detector:
            texts.append(f"{part}: no detector has a result for every case")
            continue
        text, figures = PARTS[part].report(by_detector)
        errors = {
            name: {one["case"]: one["error"] for one in own if "error" in one} for name, own in by_detector.items()
        }
        notes = [
            f"{name} refused {len(cases)} of {len(by_detector[name])} cases, which count as equal scores without alarms"
            for name, cases in errors.items()
            if cases
        ]
        if left_out[part]:
            notes.append(f"left out, since they were not run on every case: {', '.join(left_out[part])}")
        texts.append("\n".join([f"{part}: {text}", *notes]))
        refused = {name: cases for name, cases in errors.items() if cases}
        parts[part] = figures | {"errors": refused, "left_out": left_out[part]}
    versions = {one["detector"]: one["version"] for own in found.values() for each in own.values() for one in each}
    content = {
        "schema": SCHEMA,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "plan": asdict(plan),
        "versions": versions,
        "parts": parts,
    }
    return "\n\n".join(texts), content


def write(path: Path, content: dict[str, Any]) -> None:
    """Write all of the file, or leave an old one as it was."""
    with atomic_write(path) as file:
        file.write((json.dumps(_plain(content), indent=1, ensure_ascii=False) + "\n").encode())


def _plain(value: Any) -> Any:
    """Return a value with None for NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return None if isinstance(value, float) and value != value else value
