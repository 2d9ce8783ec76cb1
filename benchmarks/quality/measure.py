"""Fit and evaluate detectors on splits, one line of JSON each; this file runs in the peers' Python too."""

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


def evaluate(name: str, data: Split, seed: int, own: bool) -> dict[str, Any]:
    """Fit one detector and evaluate its scores.

    Parameters
    ----------
    name : str
        Name of the detector.
    data : Split
        Training and test rows.
    seed : int
        Seed of the detector.
    own : bool
        Whether to evaluate the scores of the training rows.
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
    """Yield the result of each detector, table, protocol and seed that is not in `done`."""
    warm: set[str] = set()
    for table, x, y in tables(folder, only):
        for protocol in protocols:
            for seed in seeds:
                remaining = [name for name in detectors if (name, table, protocol, seed) not in done]
                if not remaining:
                    continue
                data = split(x, y, protocol, seed)
                for name in remaining:
                    key = dict(zip(KEYS, (name, table, protocol, seed), strict=True))
                    try:
                        if name not in warm:
                            # Imports and compilation happen once, and are not timed.
                            make(name, 0, data.train.shape[1]).fit(data.train[:200])
                            warm.add(name)
                        yield {**key, **evaluate(name, data, seed, protocol == "unsupervised")}
                    except Exception as error:  # A detector that fails does not end the comparison.
                        yield {**key, "error": repr(error)}


def read(path: Path) -> list[dict[str, Any]]:
    """Return the results in a file, if it is there."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def measure_into(path: Path, options: argparse.Namespace, detectors: list[str]) -> None:
    """Measure the results that are not in the file yet, and append them."""
    done = {tuple(result[key] for key in KEYS) for result in read(path)}
    protocols, seeds = options.protocols, list(range(options.seeds))
    with path.open("a") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for result in measure(detectors, Path(options.data), protocols, seeds, options.tables, done):
            file.write(json.dumps(result) + "\n")
            file.flush()
            shown = result.get("error") or f"AUROC {result['auroc']:.3f}  {result['fit_seconds']:.2f} s"
            print(*(result[key] for key in KEYS), shown, flush=True)
