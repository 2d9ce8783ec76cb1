"""Keras, on the backend that whoever imports this has chosen: `compile` and `fit`, as its documentation shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from benchmarks.speed.networks import TrainingJob, Weights
from benchmarks.speed.peers import base
from benchmarks.speed.sequences import DROPOUT, KERNEL_SIZE, SequenceJob


class Peer(base.Peer):
    """`steps_per_execution`, which puts several steps into one compiled call, and `unroll` are tried."""

    def ways(self) -> dict[str, dict[str, Any]]:
        """Return what is to be tried: arguments of `compile`, and for LSTMs `unroll`."""
        ways: dict[str, dict[str, Any]] = {f"{n} step{'s' * (n > 1)} a call": {"steps": n} for n in (1, 8)}
        if isinstance(self.job, SequenceJob) and self.job.kind == "lstm":
            # Eight steps of an unrolled network in one call take minutes to compile.
            ways["unrolled"] = {"steps": 1, "unroll": True}
        return ways

    def prepare_train(self, _: dict[str, Any]) -> None:
        """Compile in every way, and keep the fastest one."""
        models = {name: self._compile(**way) for name, way in self.ways().items()}
        self.epochs = max(1, self.job.epochs // 10)

        def run(name: str) -> None:
            self.model = models[name]
            self.reset()
            self.run()

        self.note = self.fastest({name: lambda n=name: run(n) for name in models})
        self.model, self.epochs = models[self.note], self.job.epochs

    prepare_sequence = prepare_train

    def _compile(self, steps: int, unroll: bool = False, **more: Any) -> keras.Model:
        job = self.job
        layers = _series(job, unroll) if isinstance(job, SequenceJob) else _dense(job)
        model = keras.Sequential([keras.Input(self.x.shape[1:]), *layers])
        adam = keras.optimizers.Adam(learning_rate=0.001, epsilon=1e-7)
        model.compile(optimizer=adam, loss="mse", steps_per_execution=steps, **more)
        return model

    def reset(self) -> None:
        """Go back to the first weights and an optimizer without a past."""
        self.model.set_weights(base.flat(self.job.initial_weights()))
        for variable in self.model.optimizer.variables:
            if variable.name != "learning_rate":
                variable.assign(keras.ops.zeros(variable.shape, variable.dtype))

    def run(self) -> None:
        """Train."""
        self.model.fit(self.x, self.x, batch_size=self.job.batch, epochs=self.epochs, verbose=0)

    def weights(self) -> Weights | None:
        """Return kernels and biases."""
        arrays = self.model.get_weights()
        return list(zip(arrays[::2], arrays[1::2], strict=True))

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """Return what the network makes of windows."""
        return self.model.predict(x, batch_size=200, verbose=0)


def _dense(job: TrainingJob) -> Iterable[keras.Layer]:
    for units in job.sizes[1:-1]:
        yield keras.layers.Dense(units, activation="relu")
    yield keras.layers.Dense(job.sizes[-1], activation=job.output)


def _series(job: SequenceJob, unroll: bool) -> Iterable[keras.Layer]:
    layers = keras.layers
    if job.kind == "lstm":
        yield layers.LSTM(job.units[0], unroll=unroll)
        yield layers.RepeatVector(job.steps)
        yield layers.LSTM(job.units[1], return_sequences=True, unroll=unroll)
        yield layers.TimeDistributed(layers.Dense(job.features))
        return
    for number, filters in enumerate(job.units):
        kind = layers.Conv1D if number < 2 else layers.Conv1DTranspose
        yield kind(filters, KERNEL_SIZE, strides=2, padding="same", activation="relu")
        if number in (0, 2):
            yield layers.Dropout(DROPOUT)
    yield layers.Conv1DTranspose(job.features, KERNEL_SIZE, padding="same")
