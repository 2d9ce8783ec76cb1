"""One way to run a detector, in a process of its own: prints its figures as JSON.

    python -m benchmarks.deploy.worker WAY FOLDER STARTED

STARTED is the time at which the process was asked for, so that the start counts from there to the first score.
"""

from __future__ import annotations

import ctypes
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

BATCH = 256
_SECONDS = 2.0


def main(arguments: list[str]) -> None:
    way, folder, started = arguments[0], Path(arguments[1]), float(arguments[2])
    x = np.load(folder / "records.npy")
    score, score_one = WAYS[way](folder)
    score(x[:BATCH])
    found: dict[str, Any] = {"start": time.time() - started}
    found["rows"] = _rate(score, x, BATCH)
    found["one"] = 1e6 / _rate(score_one, x, 1)
    found["memory"] = peak_memory("self")
    print(json.dumps(found))


def peak_memory(process: int | str) -> float:
    """Return the most memory of a process in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def _rate(score: Callable[[Any], Any], x: Any, size: int) -> float:
    """Return records a second of CPU time, in batches of one size."""
    for start in range(0, 20 * size, size):
        score(x[start : start + size])
    rows, began, until = 0, time.process_time(), time.monotonic() + _SECONDS
    while time.monotonic() < until:
        start = rows % (len(x) - size)
        score(x[start : start + size])
        rows += size
    return rows / (time.process_time() - began)


def _python(folder: Path) -> tuple[Any, Any]:
    from anomaly import load_detector

    detector = load_detector(folder / "m.npz")
    return detector.decision_function, detector.decision_function


def _numpy_alone(folder: Path) -> tuple[Any, Any]:
    sys.modules["numba"] = sys.modules["matplotlib"] = None  # type: ignore[assignment]
    return _python(folder)


def _prototypes(folder: Path) -> tuple[Any, Any]:
    from anomaly import load_detector

    detector = load_detector(folder / "few.npz")
    return detector.decision_function, detector.decision_function


def _onnx(name: str) -> Callable[[Path], tuple[Any, Any]]:
    def way(folder: Path) -> tuple[Any, Any]:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(folder / name, options, providers=["CPUExecutionProvider"])

        def score(x: Any) -> Any:
            return session.run(["score"], {"records": x})

        return score, score

    return way


def _c(folder: Path) -> tuple[Any, Any]:
    library = ctypes.CDLL(str(folder / "program.so"))
    library.many.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]

    def score(x: Any) -> Any:
        records = np.ascontiguousarray(x, np.float32)
        scores = np.empty(len(x), np.float32)
        library.many(records.ctypes.data, scores.ctypes.data, len(x))
        return scores

    return score, score


WAYS: dict[str, Callable[[Path], tuple[Any, Any]]] = {
    "python": _python,
    "numpy": _numpy_alone,
    "onnx": _onnx("d.onnx"),
    "python, prototypes": _prototypes,
    "onnx, prototypes": _onnx("few.onnx"),
    "c": _c,
}

if __name__ == "__main__":
    main(sys.argv[1:])
