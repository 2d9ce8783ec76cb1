"""A mutator that knows the structure of files: no change of a file is a crash, a hang, or a demand for memory.

    python -m tests.anomaly.mutated_files --files 200000

Every mutated file is loaded, and used once. Allowed are an error of the kind that a caller expects, or finite scores.
A file whose bytes were changed, and whose checksums are no longer right, must be refused or score as before.
"""

from __future__ import annotations

import argparse
import copy
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import anomaly
from anomaly.tables import as_table
from nnlite.archive import dump_archive, read_archive

SECONDS = 20
MEGABYTES = 200
ERRORS = (ValueError, OSError)
"""FileFormatError and DataError are ValueErrors."""

VALUES: list[Any] = [
    *(0, 1, -1, 2, 7, 255, 10**6, 10**9, 2**31, 2**63, 2**64, -(2**31), 10**30),
    *(0.0, -0.0, 0.5, 1.0, 1e-300, 1e300, -1e300, float("nan"), float("inf"), -float("inf")),
    *(True, False, None, "", "x", "\x00", "a" * 1000, [], {}, [0], [[0]], [None] * 50, {"class_name": "Dense"}),
]
NUMBERS = [0.0, -1.0, 1e30, -1e30, 1e-40, np.nan, np.inf, -np.inf]


def detectors() -> dict[str, tuple[anomaly.BaseDetector, Any]]:
    """Return one detector of each kind, small, with a few records to score."""
    rng = np.random.default_rng(0)
    table = {
        "a": np.where(rng.random(120) < 0.1, np.nan, rng.normal(size=120)),
        "b": rng.normal(size=120) ** 3,
        "c": rng.choice(["x", "y", "z"], 120),
        "t": np.datetime64("2024-01-01T00:00") + np.arange(120) * np.timedelta64(7, "h"),
    }
    few = {name: column[:5] for name, column in table.items()}
    series = np.cumsum(rng.normal(size=(300, 2)), axis=0) / 10
    images = rng.normal(size=(30, 8, 8, 1))
    small = {"epochs": 1, "random_state": 0}
    found = {
        "table": (anomaly.TableDetector(hidden=(8,), linear_share=0.5, **small), table, few),
        "autoencoder": (anomaly.AutoencoderDetector(hidden=(8, 4, 8), **small), table, few),
        "variational": (anomaly.VariationalDetector(hidden=(8,), **small), table, few),
        "series": (anomaly.SequenceDetector(window=8, hidden=(8,), **small), series, series[:40]),
        "conv": (anomaly.SequenceDetector(window=8, network="conv", network_share=1.0, **small), series, series[:40]),
        "image": (anomaly.ImageDetector(**small), images, images[:3]),
    }
    return {name: (detector.fit(data), some) for name, (detector, data, some) in found.items()}


# -- mutations ---------------------------------------------------------------------------------


def mutated(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return a changed file, and a description of the change."""
    if rng.random() < 0.25:
        return changed_bytes(content, rng), "bytes"
    config, arrays = read_archive(content, "detector")
    said = []
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        if rng.random() < 0.5:
            said.append(change_json(config, rng))
        else:
            said.append(change_array(arrays, rng))
    try:
        return dump_archive("detector", config, arrays), "; ".join(said)
    except ValueError:  # a dtype that no file has
        return content, "none"


def changed_bytes(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 20))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    if rng.random() < 0.2:
        del changed[rng.randrange(len(changed)) :]
    return bytes(changed)


def change_json(config: Any, rng: random.Random) -> str:
    """Replace, remove or double one value somewhere in JSON values."""
    path, place = "", config
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return "none"
        key = rng.choice(keys)
        path += f"/{key}"
        inner = place[key]
        if isinstance(inner, (dict, list)) and inner and rng.random() < 0.9:
            place = inner
            continue
        kind = rng.choice(("replace", "replace", "replace", "remove", "double"))
        if kind == "remove":
            del place[key]
        elif kind == "double" and isinstance(place, list):
            place.append(copy.deepcopy(inner))
        elif isinstance(inner, (int, float)) and not isinstance(inner, bool) and rng.random() < 0.4:
            place[key] = inner * rng.choice((-1, 0, 2, 10, 1000, 10**6))
        else:
            place[key] = copy.deepcopy(rng.choice(VALUES))
        return f"{kind} {path}: {str(inner)[:40]} -> {str(place[key])[:40] if kind == 'replace' else ''}"


def change_array(arrays: dict[str, np.ndarray], rng: random.Random) -> str:
    name = rng.choice(list(arrays))
    array = arrays[name]
    kind = rng.choice(("value", "value", "all", "shape", "dtype", "remove", "other"))
    if kind == "remove":
        del arrays[name]
    elif kind == "other":
        arrays[name] = arrays[rng.choice(list(arrays))]
    elif kind == "shape":
        changes = (
            array[:0],
            array.ravel(),
            array[np.newaxis],
            np.concatenate([array, array]),
            array[: len(array) // 2],
        )
        arrays[name] = rng.choice(changes)
    elif kind == "dtype":
        with np.errstate(all="ignore"):
            arrays[name] = array.astype(rng.choice(("float32", "float64", "int32", "int64", "uint8", "bool")))
    elif array.size:
        changed = array.copy()
        place = slice(None) if kind == "all" else rng.randrange(array.size)
        if array.dtype.kind == "f":
            changed.ravel()[place] = rng.choice(NUMBERS)
        elif array.dtype.kind == "b":
            changed.ravel()[place] ^= True
        else:
            limits = np.iinfo(array.dtype)
            changed.ravel()[place] = rng.choice((0, 1, limits.min, limits.max, 10, 100))
        arrays[name] = changed
    return f"{kind} of array {name}"


# -- trials ------------------------------------------------------------------------------------


class HangError(BaseException):
    pass


def _stop(*_: object) -> None:
    raise HangError


def trial(load: Callable[[], Any], use: Callable[[Any], np.ndarray], expected: np.ndarray | None = None) -> str:
    """Load a file and use it once; return what happened: "refused", "scored", "error", or what must not be.

    Parameters
    ----------
    load : callable
        Loads the file.
    use : callable
        Uses what was loaded.
    expected : ndarray, optional
        What comes out of the file that was not changed, where nothing else may come out.
    """
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(SECONDS)
    before = peak()
    try:
        with np.errstate(all="ignore"):
            try:
                loaded = load()
            except ERRORS:
                return "refused"
            try:
                found = use(loaded)
            except ERRORS:
                return "error"
        if expected is not None and not np.array_equal(found, expected, equal_nan=True):
            return "SILENT CHANGE"
        return "scored" if np.isfinite(found).all() else "NOT FINITE"
    except HangError:
        return "HANG"
    except Exception:
        return f"CRASH\n{traceback.format_exc()[-1500:]}"
    finally:
        signal.alarm(0)
        if peak() - before > MEGABYTES:
            print(f"MEMORY: {peak() - before:,.0f} MB")


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(files: int, seed: int = 0, seconds: float = float("inf")) -> tuple[Counter[str], list[str]]:
    """Try so many files, or as many as there is time for; return how often was found what, and what must not be."""
    counts: Counter[str] = Counter()
    failures = []
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "m.npz"
        kinds = []
        for kind, (detector, some) in detectors().items():
            detector.save(path)
            some = some if kind == "image" else as_table(some)
            kinds.append((kind, path.read_bytes(), some, anomaly.load_detector(path).decision_function(some)))
        for number in range(files):
            if time.monotonic() > end:
                break
            rng = random.Random(f"{seed} {number}")
            kind, content, some, expected = kinds[number % len(kinds)]
            changed, said = mutated(content, rng)
            path.write_bytes(changed)
            before = peak()
            result = trial(
                lambda: anomaly.load_detector(path),
                lambda detector, some=some: detector.decision_function(some),
                expected if said == "bytes" else None,
            )
            if peak() - before > MEGABYTES:
                result = "MEMORY"
            counts[result.split("\n")[0]] += 1
            if result not in ("refused", "scored", "error"):
                failures.append(f"seed {seed} {number}, {kind}, {said}: {result}")
    return counts, failures


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time")
    options = parser.parse_args()
    began = time.monotonic()
    counts, failures = run(options.files, options.seed, options.seconds)
    for failure in failures:
        print(failure)
    print(f"{counts.total():,} files in {time.monotonic() - began:,.0f} s: {dict(counts)}")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
