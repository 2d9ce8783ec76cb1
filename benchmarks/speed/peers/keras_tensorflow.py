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
    """Run as a graph by TensorFlow, or compiled by XLA, which is the default: the faster one is kept."""

    packages = ("tensorflow",)

    def ways(self) -> dict[str, dict[str, Any]]:
        """Return each way of the base as a graph, and the plain one by XLA too, which takes long to compile more."""
        graphs = {f"{name}, graph": {**way, "jit_compile": False} for name, way in super().ways().items()}
        return {**graphs, "1 step a call, XLA": {"steps": 1, "jit_compile": True}}

    def versions(self) -> dict[str, str]:
        """Return the versions; that of Keras may be another one than the one on JAX."""
        return {**super().versions(), "keras on tensorflow": keras_fit.keras.__version__}
