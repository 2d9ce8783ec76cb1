"""Golden scores: results of detectors with many settings, to compare two versions bit for bit.

A restructuring must not change a single bit. Run this file once with each version, on one machine::

    python -m benchmarks golden --write before.npz        # in a checkout of one version
    python -m benchmarks golden --compare before.npz      # in a checkout of the other

The file uses public names only. It can also be run as a script with another version's packages in front:
``PYTHONPATH=OTHER_CHECKOUT python benchmarks/golden.py --write before.npz``.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import anomaly
from anomaly import ImageDetector, SequenceDetector, VariationalDetector, datasets, load_detector

# Former name of TableDetector.
TableDetector: Any = getattr(anomaly, "TableDetector", None) or anomaly.AutoencoderDetector

Arrays = Iterator[tuple[str, np.ndarray]]

TABLE_SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "one denoiser": {"neighbors": 0, "noise": 0.5},
    "sparse": {"noise": 0.0, "sparsity": 0.01, "hidden": (32, 8, 32), "activation": "tanh", "fine_share": 0.0},
    "contaminated": {"contamination": 0.1, "scaling": "quantile", "contrast": 0.0, "neighbors": 8},
    "held out": {"false_alarm_rate": 0.05, "noise": (0.3, 0.8), "epochs": 20, "patience": 3, "scaling": "robust"},
}
SEQUENCE_SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "convolutional": {"network": "conv", "window": 16, "epochs": 3},
    "causal": {"window": 24, "causal": True, "epochs": 3},
    "forecasting": {"window": 12, "method": "forecast", "epochs": 3},
    "recurrent": {"network": "gru", "window": 8, "epochs": 1},
}


def tables() -> Arrays:
    """Fit tables of three kinds in five settings, without and with learned labels."""
    for use in ("sensors", "transactions", "connections"):
        data = getattr(datasets, f"make_{use}")(n_records=360, random_state=3)
        train, test = data.split(test_size=0.5, random_state=0)
        normal = train.rows(train.labels == 0)
        for name, settings in TABLE_SETTINGS.items():
            label = f"table/{use}/{name}"
            detector = TableDetector(random_state=1, **settings).fit(normal.columns)
            yield from _of_table(label, detector, test.columns)
            saved = _through_a_file(detector)
            yield f"{label}/loaded", saved.decision_function(test.columns)
            if detector.neighbors:
                learned = TableDetector(random_state=1, **settings).fit(normal.columns)
                learned.learn_labels(test.columns, test.labels)
                yield from _of_table(f"{label}/learned", learned, test.columns)
                more = TableDetector(random_state=1, **settings).fit(normal.columns).partial_fit(test.columns)
                yield from _of_table(f"{label}/more", more, test.columns)


def _of_table(label: str, detector: Any, columns: Any) -> Arrays:
    yield f"{label}/training", detector.decision_scores_
    yield f"{label}/threshold", np.array([detector.threshold_])
    yield f"{label}/scores", detector.decision_function(columns)
    yield f"{label}/explain", detector.explain(columns)
    yield f"{label}/p", detector.p_values(columns)
    yield f"{label}/probability", detector.predict_proba(columns)
    yield f"{label}/code", detector.encode(columns)
    if detector.neighbors:
        yield f"{label}/drift", np.array([detector.drift(columns).p_value])


def variational() -> Arrays:
    """Fit variational autoencoders."""
    data = datasets.make_sensors(n_records=300, random_state=5)
    kinds: dict[str, dict[str, Any]] = {"defaults": {}, "evidence": {"score_by": "elbo"}}
    for name, settings in kinds.items():
        detector = VariationalDetector(epochs=10, random_state=2, **settings).fit(data.columns)
        yield f"variational/{name}/scores", detector.decision_function(data.columns)
        yield f"variational/{name}/explain", detector.explain(data.columns)
        yield f"variational/{name}/loaded", _through_a_file(detector).decision_function(data.columns)


def series() -> Arrays:
    """Fit series of three sensors, with holes and a gap, in five settings."""
    rng = np.random.default_rng(7)
    t = np.arange(1200)
    x = np.column_stack([np.sin(t / 9), np.cos(t / 9), np.sin(t / 30)]) + 0.1 * rng.normal(size=(1200, 3))
    fresh = x[600:].copy()
    fresh[200:240, 0] += 1.5
    fresh[300:305, 1] = np.nan
    fresh[400:440] = np.nan
    for name, settings in SEQUENCE_SETTINGS.items():
        detector = SequenceDetector(random_state=1, **settings).fit(x[:600])
        label = f"series/{name}"
        yield f"{label}/training", detector.decision_scores_
        yield f"{label}/threshold", np.array([detector.threshold_])
        yield f"{label}/scores", detector.decision_function(fresh)
        yield f"{label}/explain", detector.explain(fresh)
        yield f"{label}/loaded", _through_a_file(detector).decision_function(fresh)
    several = SequenceDetector(window=16, epochs=2, random_state=1).fit([x[:300], x[300:700]])
    yield "series/several/scores", several.decision_function(fresh)


def images() -> Arrays:
    """Fit small images."""
    rng = np.random.default_rng(9)
    x = np.clip(rng.normal(0.5, 0.1, size=(80, 8, 8)) + np.linspace(0, 0.3, 8), 0, 1)
    detector = ImageDetector(epochs=3, random_state=0).fit(x)
    yield "images/scores", detector.decision_function(x)
    yield "images/threshold", np.array([detector.threshold_])
    yield "images/loaded", _through_a_file(detector).decision_function(x)


def _through_a_file(detector: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "detector.npz"
        detector.save(path)
        return load_detector(path)


CASES: tuple[Callable[[], Arrays], ...] = (tables, variational, series, images)


def main(arguments: list[str]) -> int:
    """Write the scores, or compare them with a file; return 1 if any bit differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks golden", description=__doc__.splitlines()[0])
    parser.add_argument("--write", metavar="FILE", help="where to write the scores")
    parser.add_argument("--compare", metavar="FILE", help="the scores of another version")
    parser.add_argument("--only", metavar="TEXT", default="", help="run cases whose function name contains this text")
    options = parser.parse_args(arguments)
    found = {name: array for case in CASES if options.only in case.__name__ for name, array in case()}
    print(f"{len(found)} arrays of {Path(anomaly.__file__).parent}")
    if options.write:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **found)
        Path(options.write).write_bytes(buffer.getvalue())
    return _compare(found, options.compare) if options.compare else 0


def _compare(found: dict[str, np.ndarray], file: str) -> int:
    differing = 0
    with np.load(file) as before:
        for name, array in found.items():
            if name not in before.files:
                print(f"new      {name}")
            elif not np.array_equal(before[name], array, equal_nan=True):
                differing += 1
                far = np.nanmax(np.abs(before[name] - array)) if before[name].shape == array.shape else np.nan
                print(f"differs  {name} by at most {far:.3g}")
    print(f"{differing} of {len(found)} differ")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
