"""The two jobs on series: an LSTM and a convolutional autoencoder of windows, the same for every contestant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

Arrays = Sequence[np.ndarray]
"""Weights in Keras's order and layout: kernel and bias of each layer, the recurrent kernel between them."""

KERNEL_SIZE = 7
DROPOUT = 0.2
CHECKED = 200
"""Records on which a contestant's network is held against `forward` before it is measured."""


@dataclass(frozen=True)
class SequenceJob:
    """An autoencoder of windows and how it is trained: mean squared error, Adam at 0.001.

    Attributes
    ----------
    kind : {"lstm", "conv"}
        LSTM 64, RepeatVector, LSTM 64, TimeDistributed Dense; or Conv1D 32 and 16, Conv1DTranspose 16, 32 and 1 of
        kernel 7, all but the last of stride 2 and with ReLU, a dropout of 0.2 after the first of each.
    rows, steps, features : int
        Windows, and the shape of one.
    batch, epochs : int
        Windows a step; how often all are gone through, in a new order each time.
    units : tuple of int
        Of the two LSTMs, or filters of the first four convolutions.
    """

    kind: str
    rows: int
    steps: int
    features: int
    batch: int
    epochs: int
    units: tuple[int, ...]

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> SequenceJob:
        """Make the job that `to_message` described."""
        return cls(**{**message, "units": tuple(message["units"])})

    def to_message(self) -> dict[str, Any]:
        """Describe the job in what JSON knows."""
        return {**asdict(self), "units": list(self.units)}

    def shortened(self, factor: int) -> SequenceJob:
        """Return a job of fewer windows, for trying things out."""
        return replace(self, rows=max(self.rows // factor, 2 * self.batch))

    def data(self) -> np.ndarray:
        """Return the windows, float32 of shape (rows, steps, features): oscillations of many speeds, and noise."""
        rng = np.random.default_rng(1)
        speed = rng.uniform(0.05, 0.5, (self.rows, 1, self.features))
        phase = rng.uniform(0, 2 * np.pi, (self.rows, 1, 1))
        x = np.sqrt(2) * np.sin(speed * np.arange(self.steps)[:, np.newaxis] + phase)
        return (x + 0.1 * rng.standard_normal(x.shape)).astype(np.float32)

    def initial_weights(self) -> list[np.ndarray]:
        """Return where everyone starts: uniform distributions of Glorot's width, biases zero, those that forget one."""
        rng = np.random.default_rng(2)

        def uniform(*shape: int) -> np.ndarray:
            limit = np.sqrt(6 / (np.prod(shape[:-2]) * (shape[-2] + shape[-1])))
            return rng.uniform(-limit, limit, shape).astype(np.float32)

        if self.kind == "conv":
            return self._convolutional(uniform)
        weights, width = [], self.features
        for units in self.units:
            bias = np.zeros(4 * units, np.float32)
            bias[units : 2 * units] = 1
            weights += [uniform(width, 4 * units), uniform(units, 4 * units), bias]
            width = units
        return [*weights, uniform(width, self.features), np.zeros(self.features, np.float32)]

    def _convolutional(self, uniform: Any) -> list[np.ndarray]:
        weights, width = [], self.features
        for number, filters in enumerate((*self.units, self.features)):
            # The kernel of a transposed convolution is that of the convolution it is the transpose of.
            shape = (width, filters) if number < 2 else (filters, width)
            weights += [uniform(KERNEL_SIZE, *shape), np.zeros(filters, np.float32)]
            width = filters
        return weights


def forward(job: SequenceJob, weights: Arrays, x: np.ndarray) -> np.ndarray:
    """Return what a network makes of windows, computed in NumPy: what everyone's results are compared with."""
    if job.kind == "lstm":
        code = _lstm(x, *weights[:3])[:, -1:]
        return _lstm(np.repeat(code, job.steps, axis=1), *weights[3:6]) @ weights[6] + weights[7]
    pairs = list(zip(weights[::2], weights[1::2], strict=True))
    for kernel, bias in pairs[:2]:
        x = np.maximum(_convolve(x, kernel, 2) + bias, 0)
    for kernel, bias in pairs[2:4]:
        x = np.maximum(_spread(x, kernel, 2) + bias, 0)
    kernel, bias = pairs[4]
    return _spread(x, kernel, 1) + bias


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def _lstm(x: np.ndarray, kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return the states after every step; gates in the order i, f, c, o."""
    state = memory = np.zeros((len(x), len(recurrent)), np.float32)
    states = []
    for step in range(x.shape[1]):
        i, f, c, o = np.split(x[:, step] @ kernel + state @ recurrent + bias, 4, axis=1)
        memory = _sigmoid(f) * memory + _sigmoid(i) * np.tanh(c)
        state = _sigmoid(o) * np.tanh(memory)
        states.append(state)
    return np.stack(states, axis=1)


def _pads(steps: int, stride: int) -> tuple[int, int]:
    """Return the zeros before and after a series of which same padding leaves ``steps / stride`` places."""
    total = max((-(-steps // stride) - 1) * stride + KERNEL_SIZE - steps, 0)
    return total // 2, total - total // 2


def _convolve(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    padded = np.pad(x, ((0, 0), _pads(x.shape[1], stride), (0, 0)))
    places = -(-x.shape[1] // stride)
    return sum(padded[:, k : k + stride * places : stride][:, :places] @ kernel[k] for k in range(len(kernel)))


def _spread(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """Return the transposed convolution: every step adds its kernel to the output, at its place."""
    steps = x.shape[1] * stride
    before, after = _pads(steps, stride)
    out = np.zeros((len(x), before + steps + after, kernel.shape[1]), np.float32)
    for k in range(len(kernel)):
        out[:, k : k + stride * x.shape[1] : stride][:, : x.shape[1]] += x @ kernel[k].T
    return out[:, before : before + steps]


LSTM = SequenceJob("lstm", 2000, 30, 8, 32, 1, (64, 64))
CONVOLUTIONAL = SequenceJob("conv", 2000, 288, 1, 128, 1, (32, 16, 16, 32))
