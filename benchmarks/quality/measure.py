"""Fit and judge detectors on splits, one line of JSON each; this file runs in the peers' Python too."""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from anomaly.metrics import average_precision_score, roc_auc_score
from benchmarks.quality.contestants import make
from benchmarks.quality.protocols import Split, split, tables

KEYS = ("detector", "table", "protocol", "seed")


def judge(name: str, data: Split, seed: int, own: bool) -> dict[str, Any]:
    """Fit one detector and judge its scores.

    Parameters
    ----------
    name : str
        The detector.
    data : Split
        The rows.
    seed : int
        For the detector.
    own : bool
        Whether to judge the scores of the training rows.
    """
    contestant = make(name, seed, data.train.shape[1])
    start = time.perf_counter()
    contestant.fit(data.train)
    fitted = time.perf_counter()
    scores = contestant.own_scores() if own else contestant.scores(data.test)
    return {
        "auroc": roc_auc_score(data.labels, scores),
        "ap": average_precision_score(data.labels, scores),
        "fit_seconds": fitted - start,
        "score_seconds": time.perf_counter() - fitted,
    }


def measure(
    detectors: list[str], folder: Path, protocols: list[str], seeds: list[int], only: list[str], done: set[tuple]
) -> Iterator[dict[str, Any]]:
    """Yield a result for each detector, table, protocol and seed that is not done yet."""
    warm: set[str] = set()
    for table, x, y in tables(folder, only):
        for protocol in protocols:
            for seed in seeds:
                wanted = [name for name in detectors if (name, table, protocol, seed) not in done]
                if not wanted:
                    continue
                data = split(x, y, protocol, seed)
                for name in wanted:
                    key = dict(zip(KEYS, (name, table, protocol, seed), strict=True))
                    try:
                        if name not in warm:
                            # Imports and compilers run once, outside of the time that is taken.
                            make(name, 0, data.train.shape[1]).fit(data.train[:200])
                            warm.add(name)
                        yield {**key, **judge(name, data, seed, protocol == "unsupervised")}
                    except Exception as error:  # One detector that fails must not end the comparison.
                        yield {**key, "error": repr(error)}


def read(path: Path) -> list[dict[str, Any]]:
    """Return the results in a file, if it is there."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def measure_into(path: Path, options: argparse.Namespace, detectors: list[str]) -> None:
    """Measure what is not in the file yet, and add it line by line."""
    done = {tuple(result[key] for key in KEYS) for result in read(path)}
    protocols, seeds = options.protocols, list(range(options.seeds))
    with path.open("a") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for result in measure(detectors, Path(options.data), protocols, seeds, options.tables, done):
            file.write(json.dumps(result) + "\n")
            file.flush()
            shown = result.get("error") or f"AUROC {result['auroc']:.3f}  {result['fit_seconds']:.2f} s"
            print(*(result[key] for key in KEYS), shown, flush=True)
