"""Promises about the length of training, the blending of scores, and the precision of compiled functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from anomaly import AutoencoderDetector, ImageDetector, SequenceDetector, TableDetector, VariationalDetector
from anomaly.detectors.blend import spread_of
from anomaly.detectors.table.ensemble import round_significant
from benchmarks.promises.data import Array, scores_of
from benchmarks.promises.promise import NEVER, Promise, at_most, between
from benchmarks.promises.table_detector import WHERE


def _excess_steps(epochs: int, batches: int, steps: float) -> float:
    """Return the difference from the number of steps, rounded up to whole epochs."""
    return abs(epochs - math.ceil(steps / batches)) * batches


def _steps_of_table(seed: int, data: str) -> float:
    n = int(data.split()[0])
    detector = TableDetector(hidden=(4,), neighbors=0, noise=0.5, random_state=seed)
    detector.fit(np.random.default_rng(seed).normal(size=(n, 3)))
    steps = min(800.0, max(50.0, 0.75 * n))
    return _excess_steps(len(detector.history_["loss"]), -(-n // (32 if n < 500 else 128)), steps)


def _steps_of_autoencoder(seed: int, data: str) -> float:
    n = int(data.split()[0])
    detector = AutoencoderDetector(hidden=(4,), random_state=seed).fit(np.random.default_rng(seed).normal(size=(n, 3)))
    return _excess_steps(len(detector.history_["loss"]), -(-n // (32 if n < 500 else 128)), 1000)


def _steps_of_images(seed: int, data: str) -> float:
    detector = ImageDetector(filters=(2,), random_state=seed).fit(np.random.default_rng(seed).normal(size=(130, 4, 4)))
    return _excess_steps(len(detector.history_["loss"]), 3, 1000)


def _steps_of_variational(seed: int, data: str) -> float:
    detector = VariationalDetector(hidden=(4,), latent=1, random_state=seed)
    detector.fit(np.random.default_rng(seed).normal(size=(300, 3)))
    return _excess_steps(len(detector.history_["loss"]), 3, 3000)


def _steps_of_series(seed: int, data: str) -> float:
    steps = {"dense": 2000, "conv": 1000, "lstm": 600, "gru": 600}[data]
    detector = SequenceDetector(window=4, network=data, hidden=(2,), folds=1, calibration=0.0, random_state=seed)
    detector.fit(np.random.default_rng(seed).normal(size=(131, 2)))
    # 128 windows: two batches.
    return _excess_steps(len(detector.history_["loss"]), 2, steps)


def _beyond_one(seed: int, data: str) -> float:
    """Return the fraction of scores above 1 on the common scale of the members."""
    scores = scores_of(data, 5000, np.random.default_rng(seed))
    scores = scores / np.median(scores)
    return float((np.log(scores) / spread_of(scores) > 1).mean())


def _rounded_away(seed: int, data: str) -> float:
    """Return the largest relative rounding error, in units of half of the thirteenth binary digit."""
    scores = np.exp(np.random.default_rng(seed).uniform(-20, 20, size=5000))
    return float(np.abs(round_significant(scores) / scores - 1).max() / 2.0**-13)


def _far_records_score_lower(seed: int, data: str) -> float:
    """Return the number of records beyond the clipped range that do not score higher ten times further out."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(200, 3))
    detector = VariationalDetector(hidden=(8,), latent=2, epochs=10, score_by=data, random_state=seed).fit(x)
    directions = rng.normal(size=(50, 3))
    directions /= np.abs(directions).min(axis=1, keepdims=True)
    near, far = (detector.decision_function(reach * directions) for reach in (200.0, 2000.0))
    return float((far <= near).sum())


def _units_in_the_last_place(seed: int, data: str) -> float:
    """Return the largest error of a compiled function in float32, in units in the last place."""
    name, reference = data, _REFERENCES[data]
    x = np.random.default_rng(seed).uniform(*_RANGES.get(name, (-20.0, 20.0)), size=20_000).astype(np.float32)
    right = reference(x.astype(np.float64))
    spacing = np.spacing(np.abs(right).astype(np.float32)).astype(np.float64)
    return float((np.abs(_compiled(name)(x).astype(np.float64) - right) / spacing).max())


def _compiled(name: str) -> Callable[[Array], Array]:
    # Only this promise needs Numba, and seconds to compile.
    from numba import njit

    from nnlite.engine.codegen import elementary
    from nnlite.engine.codegen.pointers import pointer_to

    function: Any = getattr(elementary, name)

    @njit(error_model="numpy")
    def run(x, y):
        source, target = pointer_to(x), pointer_to(y)
        for i in range(x.size):
            target[i] = function(source[i])

    def apply(x: Array) -> Array:
        y = np.empty_like(x)
        run(x, y)
        return y

    return apply


_REFERENCES: dict[str, Callable[[Array], Array]] = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "erf": np.vectorize(math.erf),
}
_RANGES = {"log": (1e-6, 1e6), "log1p": (-0.99, 1e3), "erf": (-4.0, 4.0), "tanh": (-8.0, 8.0)}

PROMISES = (
    Promise(
        WHERE,
        "as many as make 800 steps, or three steps for every four",
        "steps beyond or short of that",
        _steps_of_table,
        NEVER,
        ("60 records", "450 records", "1000 records", "3000 records"),
        seeds=2,
        short=1,
    ),
    Promise(
        "anomaly.AutoencoderDetector",
        "128, but 32 for fewer than 500 records",
        "steps beyond or short of 1000",
        _steps_of_autoencoder,
        NEVER,
        ("450 records", "500 records"),
        seeds=1,
        short=1,
    ),
    Promise(
        "anomaly.ImageDetector",
        "enough for 1000 steps",
        "steps beyond or short of that",
        _steps_of_images,
        NEVER,
        seeds=1,
        short=1,
    ),
    Promise(
        "anomaly.VariationalDetector",
        "enough for 3000 steps",
        "steps beyond or short of that",
        _steps_of_variational,
        NEVER,
        seeds=1,
        short=1,
    ),
    Promise(
        "anomaly.SequenceDetector",
        "enough for 2000 steps (conv 1000, lstm and gru 600)",
        "steps beyond or short of that",
        _steps_of_series,
        NEVER,
        ("dense", "conv", "lstm", "gru"),
        seeds=1,
        short=1,
    ),
    Promise(
        "anomaly.detectors.blend",
        "one normal record in ten lies beyond 1",
        "fraction of scores beyond 1",
        _beyond_one,
        between(0.05, 0.15),
        ("lognormal", "exponential", "pareto"),
        seeds=30,
        short=5,
    ),
    Promise(
        "anomaly.detectors.table.ensemble.round_significant",
        "13 binary digits",
        "rounding error / half of the last of them",
        _rounded_away,
        at_most(1.0, every=True),
        seeds=20,
        short=3,
    ),
    Promise(
        "anomaly.VariationalDetector",
        "the further out a record lies the higher it scores",
        "records that score lower",
        _far_records_score_lower,
        NEVER,
        ("reconstruction", "elbo"),
        seeds=10,
        short=2,
    ),
    Promise(
        "nnlite.engine.codegen.elementary",
        "at most 2 in float32",
        "units in the last place",
        _units_in_the_last_place,
        at_most(2.0, every=True),
        tuple(_REFERENCES),
        seeds=5,
        short=0,
    ),
)
