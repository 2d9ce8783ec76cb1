"""Weights from files of other frameworks: PyTorch's state dictionaries, saved as safetensors."""

from nnlite.imports.safetensors import read_safetensors
from nnlite.imports.torch_weights import load_torch_weights

__all__ = ["load_torch_weights", "read_safetensors"]
