"""Detectors as programs in C99."""

from anomaly.export.score import export_c, reduced

__all__ = ["export_c", "reduced"]
