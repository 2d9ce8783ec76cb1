"""Detectors: estimators that score how unusual a record is."""

from anomaly.detectors.autoencoder import AutoencoderDetector
from anomaly.detectors.base import BaseDetector, NotFittedError, load_detector
from anomaly.detectors.sequence import SequenceDetector

__all__ = ["AutoencoderDetector", "BaseDetector", "NotFittedError", "SequenceDetector", "load_detector"]
