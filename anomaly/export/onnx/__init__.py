"""Detectors as ONNX files."""

from anomaly.export.onnx.score import export_onnx

__all__ = ["export_onnx"]
