"""Keras on JAX, where `fit` is compiled by default."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "jax"

from benchmarks.speed.peers import keras_fit


class Peer(keras_fit.Peer):
    """With jit_compile as it is by default, which on JAX means compiled."""

    packages = ("keras", "jax")
