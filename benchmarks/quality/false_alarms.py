"""False alarms on tables of every kind: ``python -m benchmarks.quality.false_alarms --data FOLDER``.

With the experiment "small", detectors with their defaults are fitted to some fifty small tables, made-up and real ones,
and score fresh normal records and clear anomalies: wanted are few of the former and nearly all of the latter above the
threshold. With "rate", `TableDetector` is fitted to tables of 100 to 3000 records with ``false_alarm_rate=0.01``. With
"following", it is fitted to rows of slow processes in the order of time, with ``false_alarm_rate=0.05``, and scores the
rows that follow; without and with their order known, and without and with linear regressions.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import anomaly
from anomaly.errors import FewRecordsWarning, RowOrderWarning
from anomaly.metrics import roc_auc_score
from benchmarks.quality.normal_tables import NormalTable, small_tables, tables_of_all_sizes
from benchmarks.quality.slow_tables import PROCESSES, make_slow_table

RATE, FOLLOWING_RATE = 0.01, 0.05
DETECTORS = ("TableDetector", "AutoencoderDetector", "VariationalDetector")
Make = Callable[[int], Any]


def defaults(name: str) -> Make:
    """Return the constructor of a detector with its defaults, which takes a seed."""
    return lambda seed: getattr(anomaly, name)(random_state=seed)


def at_rate(seed: int) -> anomaly.TableDetector:
    """Return the default detector for a false-alarm rate of 1 %."""
    return anomaly.TableDetector(false_alarm_rate=RATE, random_state=seed)


def measure(table: NormalTable, detector: Any) -> tuple[float, float, float]:
    """Return the fraction of fresh normal records and of anomalies above the threshold, and the seconds of the fit."""
    start = time.perf_counter()
    detector.fit(table.train)
    seconds = time.perf_counter() - start
    return float(detector.predict(table.fresh).mean()), float(detector.predict(table.anomalies).mean()), seconds


def seeded(
    tables_of: Callable[[Path | None, int], Iterator[NormalTable]], folder: Path | None, seeds: int
) -> Iterator[tuple[int, NormalTable]]:
    """Yield tables with the seeds that they were drawn by."""
    for seed in range(seeds):
        for table in tables_of(folder, seed):
            yield seed, table


def report(title: str, tables: Iterable[tuple[int, NormalTable]], make: Make) -> str:
    """Measure a detector on tables with their seeds; return a line for each, and the means."""
    lines = [f"\n{title}", f"{'training records x columns':<28}{'fresh %':>9}{'anomalies %':>13}{'fit s':>8}"]
    found = []
    for seed, table in tables:
        try:
            found.append(measure(table, make(seed)))
        except ValueError as error:
            lines.append(f"{table.name:<28} refused: {error}")
            continue
        flagged, recall, seconds = found[-1]
        lines.append(f"{table.name:<28}{100 * flagged:9.1f}{100 * recall:13.0f}{seconds:8.2f}")
    flagged, recall, seconds = np.mean(found, axis=0)
    worst = max(flagged for flagged, _, _ in found)
    lines.append(f"{f'mean of {len(found)}':<28}{100 * flagged:9.2f}{100 * recall:13.1f}{seconds:8.2f}")
    lines.append(f"{'most':<28}{100 * worst:9.1f}")
    return "\n".join(lines)


_WAYS: dict[str, dict[str, Any]] = {
    "held out at random": {"linear_share": 0.0}, "in order, not linear": {"linear_share": 0.0}, "in order": {}
}  # fmt: skip


def report_following(seeds: Iterable[int], sizes: Iterable[int] = (1500, 4000)) -> str:
    """Return what is flagged, and AUROC, after training on rows in the order of time, as text.

    For each way, these are the percentages of normal and of faulty rows that are flagged, and AUROC: with records held
    out at random, in the order of time without linear regressions, and with them.
    """
    lines = [f"\nTableDetector, false_alarm_rate={FOLLOWING_RATE}, rows that follow", f"{'process x rows':<18}"]
    lines[-1] += "".join(f"{name:>28}" for name in _WAYS)
    found = []
    for name in PROCESSES:
        for size in sizes:
            rates = []
            for seed in seeds:
                table = make_slow_table(name, seed, size)
                normal = table.labels == 0
                for way, settings in _WAYS.items():
                    # Groups of one record each say that records are independent.
                    groups = np.arange(size) if way == "held out at random" else None
                    detector = anomaly.TableDetector(
                        false_alarm_rate=FOLLOWING_RATE, random_state=seed, **settings
                    ).fit(table.train, groups=groups)
                    scores = detector.decision_function(table.later)
                    flagged = scores > detector.threshold_
                    auroc = roc_auc_score(table.labels, scores)
                    rates.append((100 * flagged[normal].mean(), 100 * flagged[~normal].mean(), auroc))
            found.append(np.reshape(rates, (-1, len(_WAYS), 3)).mean(axis=0))
            lines.append(f"{f'{name} {size}':<18}" + _of_ways(found[-1]))
    lines.append(f"{'mean':<18}" + _of_ways(np.mean(found, axis=0)))
    return "\n".join(lines)


def _of_ways(values: np.ndarray) -> str:
    return "".join(f"{normal:10.1f}{faulty:9.1f}{auroc:9.3f}" for normal, faulty, auroc in values)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.false_alarms", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--data", type=Path, help="folder with adbench and mixed; without it, made-up tables alone")
    parser.add_argument("--experiments", nargs="+", choices=("small", "rate", "following"), default=["small", "rate"])
    parser.add_argument("--detectors", nargs="+", choices=DETECTORS, default=["TableDetector"])
    parser.add_argument("--seeds", type=int, default=1, help="number of samples of each table (default: 1)")
    parser.add_argument("--first-seed", type=int, default=0, help="first seed of following rows (default: 0)")
    options = parser.parse_args(arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewRecordsWarning)
        warnings.simplefilter("ignore", RowOrderWarning)
        if "small" in options.experiments:
            for name in options.detectors:
                tables = seeded(small_tables, options.data, options.seeds)
                print(report(f"{name}, defaults, small tables", tables, defaults(name)), flush=True)
        if "rate" in options.experiments:
            tables = seeded(tables_of_all_sizes, options.data, options.seeds)
            print(report(f"TableDetector, false_alarm_rate={RATE}", tables, at_rate), flush=True)
        if "following" in options.experiments:
            print(report_following(range(options.first_seed, options.first_seed + options.seeds)))


if __name__ == "__main__":
    main()
