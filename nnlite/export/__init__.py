"""Models as files of other formats: ONNX. `Model.export` imports it when it is first asked for."""

from nnlite.export.graph import NotExportable, OnnxGraph, Tensor, exports
from nnlite.export.onnx_file import export_onnx

__all__ = ["NotExportable", "OnnxGraph", "Tensor", "export_onnx", "exports"]
