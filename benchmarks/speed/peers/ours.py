"""nnlite itself, through its public interface."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

import nnlite
from benchmarks.speed.networks import TrainingJob, Weights
from benchmarks.speed.peers import base
from benchmarks.speed.sequences import DROPOUT, KERNEL_SIZE, SequenceJob
from nnlite.layers import LSTM, Conv1D, Conv1DTranspose, Dense, Dropout, Input, Layer, RepeatVector, TimeDistributed
from nnlite.models import Model, Sequential
from nnlite.optimizers import Adam


def build(job: TrainingJob) -> Model:
    """Return the network of a job, with its first weights."""
    hidden = [Dense(units, activation="relu") for units in job.sizes[1:-1]]
    model = Sequential([Input((job.sizes[0],)), *hidden, Dense(job.sizes[-1], activation=job.output)])
    model.set_weights(base.flat(job.initial_weights()))
    return model


def build_sequence(job: SequenceJob) -> Model:
    """Return the network of a job on series."""
    if job.kind == "lstm":
        first, second = job.units
        coder: list[Layer] = [LSTM(first), RepeatVector(job.steps), LSTM(second, return_sequences=True)]
        return Sequential([Input((job.steps, job.features)), *coder, TimeDistributed(Dense(job.features))])
    halves = {"strides": 2, "padding": "same", "activation": "relu"}
    a, b, c, d = job.units
    layers: list[Layer] = [
        Conv1D(a, KERNEL_SIZE, **halves), Dropout(DROPOUT), Conv1D(b, KERNEL_SIZE, **halves),
        Conv1DTranspose(c, KERNEL_SIZE, **halves), Dropout(DROPOUT), Conv1DTranspose(d, KERNEL_SIZE, **halves),
        Conv1DTranspose(job.features, KERNEL_SIZE, padding="same"),
    ]  # fmt: skip
    return Sequential([Input((job.steps, job.features)), *layers])


def compile_model(model: Model) -> None:
    """Give it a fresh optimizer."""
    model.compile(optimizer=Adam(learning_rate=0.001, epsilon=1e-7), loss="mse")


class Peer(base.Peer):
    """Us."""

    packages = ("numpy", "numba")

    def prepare_train(self, _: dict[str, Any]) -> None:
        """Fit once, which compiles the kernels or loads them."""
        self.model = build(self.job)
        self.reset()
        self.run()
        self.note = f"backend {self.model.history.backend}"

    def prepare_sequence(self, _: dict[str, Any]) -> None:
        """Fit once, which compiles the kernels or loads them."""
        self.model = build_sequence(self.job)
        self.reset()
        self.run()
        self.note = f"backend {self.model.history.backend}"

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """Return what the network makes of windows."""
        return self.model.predict(x, verbose=0)

    def reset(self) -> None:
        """Go back to the first weights and a fresh optimizer."""
        self.model.set_weights(base.flat(self.job.initial_weights()))
        compile_model(self.model)

    def run(self) -> None:
        """Train."""
        self.model.fit(self.x, self.x, batch_size=self.job.batch, epochs=self.job.epochs, verbose=0)

    def weights(self) -> Weights:
        """Return kernels and biases."""
        arrays = self.model.get_weights()
        return list(zip(arrays[::2], arrays[1::2], strict=True))

    def prepare_predict(self, rows: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return the fastest public way to predict."""
        model = build(self.job)
        if rows == 1:
            self.note = "make_predict_function"
            self.x = self.x[0]  # it takes a record, not a table of one
            return model.make_predict_function()
        self.note = "predict"
        return lambda x: model.predict(x, verbose=0)

    def prepare_product(self, job: dict[str, Any]) -> None:
        """Multiply square matrices in compiled code, where the engine multiplies: no call from Python is in it."""
        from benchmarks.speed.peers.compiled_product import repeated_product

        self.parts = {f"{form} {size}": repeated_product(form, size) for form in job["forms"] for size in job["sizes"]}

    def prepare_pair(self, job: dict[str, Any]) -> None:
        """Fit two models, one after the other or in two threads."""
        network = TrainingJob.from_message(job["network"])
        x = network.data()
        pair = [build(network) for _ in range(2)]

        def fresh() -> None:
            for model in pair:
                compile_model(model)

        def fit(model: Model) -> None:
            model.fit(x, x, batch_size=network.batch, epochs=network.epochs, verbose=0)

        def together() -> None:
            threads = [threading.Thread(target=fit, args=(model,)) for model in pair]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        def one_after_the_other() -> None:
            for model in pair:
                fit(model)

        fresh()
        together()
        self.parts = {
            "one after the other": base.Part(one_after_the_other, reset=fresh),
            "in two threads": base.Part(together, reset=fresh),
        }

    def prepare_growth(self, job: dict[str, Any]) -> None:
        """Train networks of ever more rows, or ever more weights, in compiled code."""

        def part(message: dict[str, Any]) -> base.Part:
            network = TrainingJob.from_message(message)
            x, model = network.data(), build(network)

            def fit() -> None:
                model.fit(x, x, batch_size=network.batch, epochs=network.epochs, verbose=0, backend="numba")

            compile_model(model)
            fit()
            return base.Part(fit, reset=lambda: compile_model(model))

        self.parts = {name: part(message) for name, message in job["networks"].items()}

    def versions(self) -> dict[str, str]:
        """Return our version and what computes below, the BLAS kernels included."""
        from benchmarks.speed.peers.blas import blas_kernel

        return {**super().versions(), "nnlite": nnlite.__version__, "BLAS of NumPy": blas_kernel()}
