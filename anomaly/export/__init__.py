"""The whole score of a detector for other programs: as a program in C99, and as an ONNX file."""

from anomaly.export.c import export_c
from anomaly.export.onnx import export_onnx
from anomaly.export.parts import reduced

__all__ = ["export_c", "export_onnx", "reduced"]
