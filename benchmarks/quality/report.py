"""A comparison as text and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks.quality.results import Plan, Result
from benchmarks.quality.summary import Comparison, Standing, standings
from nnlite.files import atomic_write

SCHEMA = 1


def as_text(comparison: Comparison) -> str:
    """Return the comparison as a table, the best detector first."""
    n_runs = len(comparison.tables) * comparison.n_seeds
    lines = [
        f"{comparison.protocol}: {_counted(len(comparison.tables), 'table')}, {_counted(comparison.n_seeds, 'seed')}",
        f"{'detector':<20}{'AUROC':>7}  {'over seeds':<13}{'AP':>6}  {'over seeds':<13}{'rank':>5}"
        f"{'refused':>9}{'fit, s':>8}{'most':>7}   range of AUROC over seeds, mean and most of a table",
    ]
    lines += [_line(standing, n_runs, comparison.n_seeds) for standing in standings(comparison)]
    if comparison.left_out:
        lines.append(f"left out, since not every detector was run on them: {', '.join(comparison.left_out)}")
    if comparison.refused.any():
        lines.append("A refused run, one that raised an error, counts as random scores.")
    return "\n".join(lines)


def _line(standing: Standing, n_runs: int, n_seeds: int) -> str:
    widest = f"{standing.range_mean:.3f}, {standing.range_most:.3f} ({standing.range_table})"
    return (
        f"{standing.detector:<20}{standing.auroc:7.3f}  {_span(standing.auroc_by_seed):<13}"
        f"{standing.ap:6.3f}  {_span(standing.ap_by_seed):<13}{standing.rank:5.2f}"
        f"{f'{standing.refused}/{n_runs}' if standing.refused else '-':>9}"
        f"{_seconds(standing.fit_mean):>8}{_seconds(standing.fit_most):>7}   {widest if n_seeds > 1 else '-'}"
    )


def _counted(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _span(by_seed: list[float]) -> str:
    return f"{min(by_seed):.3f}-{max(by_seed):.3f}" if len(by_seed) > 1 else "-"


def _seconds(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"


def as_dict(comparisons: Iterable[Comparison], plan: Plan, results: Iterable[Result]) -> dict[str, Any]:
    """Return all comparisons as plain values.

    Returns
    -------
    dict
        ``schema``: 1. ``date``: UTC, ISO 8601. ``plan``: what was asked for. ``versions``: of each detector.
        ``protocols``: for each its ``tables``, ``left_out`` and ``detectors``, a list of what `Standing` holds, the
        best first, with ``by_table``: for each table ``auroc`` and ``ap``, by seed.
    """
    return {
        "schema": SCHEMA,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "plan": asdict(plan),
        "versions": {result["detector"]: result["version"] for result in results},
        "protocols": {one.protocol: _as_dict(one) for one in comparisons},
    }


def _as_dict(comparison: Comparison) -> dict[str, Any]:
    return {
        "tables": comparison.tables,
        "left_out": comparison.left_out,
        "detectors": [
            _without_nan(asdict(standing)) | {"by_table": _by_table(comparison, standing.detector)}
            for standing in standings(comparison)
        ],
    }


def _by_table(comparison: Comparison, detector: str) -> dict[str, dict[str, list[float]]]:
    i = comparison.detectors.index(detector)
    return {
        table: {"auroc": comparison.auroc[i, j].tolist(), "ap": comparison.ap[i, j].tolist()}
        for j, table in enumerate(comparison.tables)
    }


def _without_nan(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with None for NaN, which JSON does not have."""
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()}


def write(path: Path, content: dict[str, Any]) -> None:
    """Write all of the file, or leave an old one as it was."""
    with atomic_write(path) as file:
        file.write((json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
