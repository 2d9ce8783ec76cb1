"""The 21 nearest of 10,000 records, as the table detector asks for them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.speed.contestants import OUR_NEIGHBORS
from benchmarks.speed.figures import JobResult, Target, ratio
from benchmarks.speed.jobs.training import find
from benchmarks.speed.rounds import Settings, alternate

_K = 21
_RECORDS, _QUERIES = 10_000, 15_000
_QUICK = 2_000
_TAKES_PART = ("faiss", "sklearn-brute", "sklearn-tree")
_REAL, _NOISE = "NSL-KDD", "Gaussian"
_COLUMNS = 30
_FIELDS = 41
# Against FAISS, with one thread.
_TARGETS = {_REAL: 3.0, _NOISE: 1.3}


def neighbors(settings: Settings) -> JobResult:
    """Find nearest neighbors: real records, of which most can be left out, and noise, of which none can."""
    data = {_NOISE: _gaussian()}
    title = f"{_K} nearest of {_RECORDS:,} records, a query"
    result = JobResult("neighbors", title)
    if Path(settings.nslkdd).is_file():
        data = {_REAL: _network_records(settings.nslkdd), **data}
    else:
        settings.say(f"  without {_REAL}: there is no file {settings.nslkdd}; name it by --nslkdd")
    queries = _QUICK if settings.quick else _QUERIES
    peers = [peer for peer in settings.peers if peer.name in _TAKES_PART]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "data.npz"
        arrays = {f"{name} records": records for name, (records, _) in data.items()}
        arrays |= {f"{name} queries": x[:queries] for name, (_, x) in data.items()}
        np.savez(file, **arrays)  # type: ignore[arg-type]
        job = {"file": str(file), "names": list(data), "k": _K}
        alternate(settings, [OUR_NEIGHBORS, *peers], "neighbors", job, result, list(data))
    for name, (records, _) in data.items():
        for threads in settings.threads:
            ours = find(result, OUR_NEIGHBORS.title, threads, name)
            for peer in peers:
                theirs = find(result, peer.title, threads, name)
                if ours is None or theirs is None:
                    continue
                plural = "s" * (threads == "all")
                what = f"{name}, {records.shape[1]} columns: faster than {peer.title}, {threads} thread{plural}"
                wanted = peer.name == "faiss" and threads == "one"
                target = Target("at least", _TARGETS[name]) if wanted else None
                result.figures.append(ratio(what, theirs.values, ours.values, target))
    return result


def _gaussian() -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).standard_normal((_RECORDS + _QUERIES, _COLUMNS), dtype=np.float32)
    return x[:_RECORDS], x[_RECORDS:]


def _network_records(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Return features of normal records of NSL-KDD, and those of all others in the file."""
    from anomaly.preprocessing.table import TablePreprocessor
    from anomaly.tables.csv_files import read_csv

    table = read_csv(path, header=False)
    label = table.names[_FIELDS]
    normal = np.flatnonzero(np.asarray(table[label]) == "normal")
    features = table.drop(table.names[_FIELDS:])
    x = TablePreprocessor().fit(features.rows(normal)).transform(features)
    order = np.random.default_rng(0).permutation(normal)
    chosen, others = order[:_RECORDS], np.setdiff1d(np.arange(len(x)), order[:_RECORDS])
    return x[chosen], x[np.random.default_rng(1).permutation(others)]
