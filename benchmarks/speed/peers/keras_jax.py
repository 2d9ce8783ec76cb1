"""Keras on JAX: `compile` and `fit`, as its documentation shows them."""

from __future__ import annotations

import os
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import keras

from benchmarks.speed.networks import Weights
from benchmarks.speed.peers import base


class Peer(base.Peer):
    """With jit_compile as it is by default, which on JAX means compiled.

    `steps_per_execution`, which puts several steps into one compiled call, is tried: it was slower where this was
    written.
    """

    packages = ("keras", "jax")

    def prepare_train(self, _: dict[str, Any]) -> None:
        """Compile with one and with several steps a call, and keep the faster one."""
        models = {"1 step": self._build(1), "8 steps": self._build(8)}
        self.epochs = max(1, self.job.epochs // 10)

        def run(steps: str) -> None:
            self.model = models[steps]
            self.reset()
            self.run()

        best = self.fastest({steps: lambda s=steps: run(s) for steps in models})
        self.model, self.epochs = models[best], self.job.epochs
        self.note = f"{best} a call"

    def _build(self, steps: int) -> keras.Model:
        layers = [keras.layers.Dense(units, activation="relu") for units in self.job.sizes[1:-1]]
        layers.append(keras.layers.Dense(self.job.sizes[-1], activation=self.job.output))
        model = keras.Sequential([keras.Input((self.job.sizes[0],)), *layers])
        adam = keras.optimizers.Adam(learning_rate=0.001, epsilon=1e-7)
        model.compile(optimizer=adam, loss="mse", steps_per_execution=steps)
        return model

    def reset(self) -> None:
        """Go back to the first weights and an optimizer without a past."""
        self.model.set_weights([array for layer in self.job.initial_weights() for array in layer])
        for variable in self.model.optimizer.variables:
            if variable.name != "learning_rate":
                variable.assign(variable * 0)

    def run(self) -> None:
        """Train."""
        self.model.fit(self.x, self.x, batch_size=self.job.batch, epochs=self.epochs, verbose=0)

    def weights(self) -> Weights | None:
        """Return kernels and biases."""
        arrays = self.model.get_weights()
        return list(zip(arrays[::2], arrays[1::2], strict=True))
