"""Keras on TensorFlow."""

from __future__ import annotations

import os
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"

from benchmarks.speed.peers import base

if base.one_thread():
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}

from benchmarks.speed.peers import keras_fit


class Peer(keras_fit.Peer):
    """Compiled by XLA, or run as a graph by TensorFlow: the faster one is kept."""

    packages = ("tensorflow",)

    def ways(self) -> dict[str, dict[str, Any]]:
        """Each way of the base, by XLA and as a graph."""
        return {
            f"{name}, {how}": {**way, "jit_compile": how == "XLA"}
            for name, way in super().ways().items()
            for how in ("XLA", "graph")
        }

    def versions(self) -> dict[str, str]:
        """Return the versions; that of Keras may be another one than the one on JAX."""
        return {**super().versions(), "keras on tensorflow": keras_fit.keras.__version__}
