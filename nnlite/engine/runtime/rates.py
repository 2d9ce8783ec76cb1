"""Learning rates of future steps, as tables that compiled code reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnlite.engine import batch_state
from nnlite.engine.runtime.worker import Worker
from nnlite.optimizers import Adam, Optimizer
from nnlite.optimizers.adamax import Adamax
from nnlite.optimizers.nadam import Nadam
from nnlite.types import Array

_TABLE_LENGTH = 4096
_STRIDE = 64


class RateTable:
    """The learning rate of each of the next steps, and the optimizer's bias correction of it.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer; its rate or schedule is read before every run.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer
        self._first = self._length = 0
        self._rate: float | None = None

    def prepare(self, workers: Sequence[Worker], steps: int) -> None:
        """Bind the tables of the next steps to all workers of a batch."""
        first = self._optimizer.iterations
        rate = self._optimizer.fixed_rate
        covered = self._first <= first and first + steps <= self._first + self._length
        if not covered or rate is None or rate != self._rate:
            self._fill(first, max(steps, _TABLE_LENGTH) if rate is not None else steps, rate)
        for worker in workers:
            worker.state[batch_state.STEP] = first - self._first
            worker.bind(batch_state.RATES, self._rates, np.float64)
            worker.bind(batch_state.CORRECTIONS, self._corrections, np.float64)

    def _fill(self, first: int, length: int, rate: float | None) -> None:
        optimizer = self._optimizer
        self._first, self._length, self._rate = first, length, rate
        if rate is not None:
            self._rates = np.full(length, rate, np.float64)
        else:
            # A user's schedule may return integers.
            rates = [optimizer.rate_at(step) for step in range(first, first + length)]
            self._rates = np.array(rates, np.float64)
        self._corrections = np.ones(length)
        if isinstance(optimizer, Adam):
            power_1, power_2 = (_powers(beta, first + 1, length) for beta in (optimizer.beta_1, optimizer.beta_2))
            self._corrections = np.sqrt(1 - power_2) / (1 - power_1)
        elif isinstance(optimizer, Nadam):
            self._corrections = optimizer.coefficients(first + 1, length).ravel()
        elif isinstance(optimizer, Adamax):
            self._corrections = 1 / (1 - _powers(optimizer.beta_1, first + 1, length))


def _powers(base: float, first: int, length: int) -> Array:
    """Return `length` powers of a number, from the exponent `first` on, each as a product of two.

    A power takes longer than a training step of a small network; this way most of them are products.
    """
    coarse = base ** np.arange(first, first + length, _STRIDE, dtype=np.float64)
    fine = base ** np.arange(_STRIDE, dtype=np.float64)
    powers: Array = np.multiply.outer(coarse, fine).ravel()[:length]
    return powers
