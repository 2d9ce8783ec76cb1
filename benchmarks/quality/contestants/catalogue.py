"""All contestants, by name."""

from __future__ import annotations

from anomaly import AutoencoderDetector, TableDetector
from benchmarks.entries import Entry, sources_version
from benchmarks.quality.contestants.contestant import Contestant, Given
from benchmarks.quality.contestants.ours import ours
from benchmarks.quality.contestants.pyod import pyod
from benchmarks.quality.contestants.scikit_learn import Forest, MeanDistance, OnFeatures, OutlierFactor, Regressor

_SCIKIT_LEARN, _PYOD, _TORCH = ("scikit-learn",), ("pyod",), ("pyod", "torch")

# A contamination moves thresholds of scikit-learn's detectors, and no score.
CONTESTANTS: dict[str, Entry] = {
    "TableDetector": Entry(ours(TableDetector), (), "ours: the default for tables"),
    "AutoencoderDetector": Entry(ours(AutoencoderDetector), (), "ours: one denoising autoencoder"),
    "kNN": Entry(lambda _: OnFeatures(MeanDistance()), _SCIKIT_LEARN, "mean distance to 5 neighbors"),
    "kNN-imputed": Entry(
        lambda _: OnFeatures(MeanDistance(), "neighbors"), _SCIKIT_LEARN, "the same after KNNImputer instead of medians"
    ),
    "LOF": Entry(lambda _: OnFeatures(OutlierFactor()), _SCIKIT_LEARN, "local outlier factor, 20 neighbors"),
    "IForest": Entry(lambda given: OnFeatures(Forest(given.seed)), _SCIKIT_LEARN, "isolation forest"),
    "MLPRegressor": Entry(lambda given: OnFeatures(Regressor(given.seed)), _SCIKIT_LEARN, "autoencoder"),
    "PyOD-KNN": Entry(pyod("knn", "KNN"), _PYOD, "distance to the 5th neighbor"),
    "PyOD-LOF": Entry(pyod("lof", "LOF"), _PYOD, "local outlier factor"),
    "PyOD-IForest": Entry(pyod("iforest", "IForest", seeded=True), _PYOD, "isolation forest"),
    "PyOD-ECOD": Entry(pyod("ecod", "ECOD"), _PYOD, "tails of the columns"),
    "PyOD-AutoEncoder": Entry(
        pyod("auto_encoder", "AutoEncoder", seeded=True, network=True), _TORCH, "autoencoder in PyTorch"
    ),
    "PyOD-VAE": Entry(pyod("vae", "VAE", seeded=True, network=True), _TORCH, "variational autoencoder"),
    "PyOD-DeepSVDD": Entry(
        pyod("deep_svdd", "DeepSVDD", seeded=True, network=True, width="n_features"), _TORCH, "deep one-class network"
    ),
}

OURS = ("TableDetector", "AutoencoderDetector")


def version_of(name: str) -> str:
    """Return what a result of a contestant depends on: versions of packages, or a hash of our sources."""
    return sources_version() if name in OURS else CONTESTANTS[name].version()


def make(name: str, seed: int, contamination: float | None = None) -> Contestant:
    """Make a contestant with its defaults.

    Parameters
    ----------
    name : str
        Name in `CONTESTANTS`.
    seed : int
        Seed of its random numbers.
    contamination : float, optional
        Fraction of anomalies among the training records, if it is to be told.
    """
    return CONTESTANTS[name].make(Given(seed, contamination))
