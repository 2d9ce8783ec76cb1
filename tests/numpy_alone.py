"""Fit, save, load and score with NumPy alone; load the files of earlier versions.

    python -m tests.numpy_alone

prints the versions, and fails if anything else was imported, or if a score differs from that of the same detector
before it was saved.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

import anomaly
from anomaly.cli import main

SAVED = Path(__file__).parent / "anomaly" / "detectors" / "saved"
HEAVY = {"numba", "llvmlite", "matplotlib", "scipy", "sklearn", "pandas", "polars"}


def check() -> None:
    """Raise AssertionError, or the error of what fails."""
    rng = np.random.default_rng(0)
    table = {"a": rng.normal(size=60), "b": rng.choice(["x", "y"], 60)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for detector, data in (
            (anomaly.TableDetector(hidden=(8,), epochs=2, random_state=0), table),
            (anomaly.VariationalDetector(hidden=(8,), epochs=2, random_state=0), table),
            (anomaly.SequenceDetector(window=6, random_state=0), rng.normal(size=(120, 2))),
        ):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", anomaly.errors.DataWarning)
                detector.fit(data)
            detector.save(folder / "m.npz")
            loaded = anomaly.load_detector(folder / "m.npz")
            np.testing.assert_array_equal(loaded.decision_function(data), detector.decision_function(data))
        for path in sorted(SAVED.glob("*.npz")):
            assert np.isfinite(anomaly.load_detector(path).threshold_), path
        data_file, model = str(folder / "data.csv"), str(folder / "c.npz")
        anomaly.datasets.make_sensors(n_records=120, random_state=0).to_csv(folder / "data.csv")
        assert main(["fit", data_file, "-m", model, "--drop", "label", "--epochs", "2", "--hidden", "8"]) == 0
        assert main(["score", data_file, "-m", model, "-o", str(folder / "scores.csv")]) == 0
        assert main(["plot", data_file, "-m", model, "-o", str(folder / "plots")]) == 2
    found = HEAVY & set(sys.modules)
    assert not found, f"NumPy alone was promised; found {sorted(found)}"


if __name__ == "__main__":
    check()
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__} alone: passed")
