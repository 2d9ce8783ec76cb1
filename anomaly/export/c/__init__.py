"""Detectors as programs in C99."""

from anomaly.export.c.score import export_c

__all__ = ["export_c"]
