"""Detectors: estimators that score how unusual a record is."""

from anomaly.detectors.autoencoder import AutoencoderDetector
from anomaly.detectors.base import BaseDetector, NotFittedError, load_detector

__all__ = ["AutoencoderDetector", "BaseDetector", "NotFittedError", "load_detector"]
