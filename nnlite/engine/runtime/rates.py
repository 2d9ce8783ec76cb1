"""Learning rates for the steps to come, as tables that compiled code can read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnlite.engine import batch_state as at
from nnlite.engine.runtime.worker import Hand
from nnlite.optimizers import Adam, Optimizer
from nnlite.types import Array

_AHEAD = 4096
_STRIDE = 64


class RateTable:
    """The learning rate of each of the next steps, and Adam's correction of it.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rate it is; its schedule, or what callbacks set, is looked at before every run.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer
        self._first = self._length = 0
        self._rate: float | None = None

    def prepare(self, hands: Sequence[Hand], steps: int) -> None:
        """Point all who share a step to the tables for the next steps: they are looked up once, and are the same."""
        first = self._optimizer.iterations
        rate = self._optimizer.fixed_rate
        known = self._first <= first and first + steps <= self._first + self._length
        if not known or rate is None or rate != self._rate:
            self._fill(first, max(steps, _AHEAD) if rate is not None else steps, rate)
        for hand in hands:
            hand.state[at.STEP] = first - self._first
            hand.point(at.RATES, self._rates, np.float64)
            hand.point(at.CORRECTIONS, self._corrections, np.float64)

    def _fill(self, first: int, length: int, rate: float | None) -> None:
        optimizer = self._optimizer
        self._first, self._length, self._rate = first, length, rate
        if rate is not None:
            self._rates = np.full(length, rate, np.float64)
        else:
            # A schedule of one's own may well return whole numbers.
            rates = [optimizer.rate_at(step) for step in range(first, first + length)]
            self._rates = np.array(rates, np.float64)
        self._corrections = np.ones(length)
        if isinstance(optimizer, Adam):
            kept_1, kept_2 = (_powers(beta, first + 1, length) for beta in (optimizer.beta_1, optimizer.beta_2))
            self._corrections = np.sqrt(1 - kept_2) / (1 - kept_1)


def _powers(base: float, first: int, length: int) -> Array:
    """Return `length` powers of a number, from the exponent `first` on, each as a product of two.

    A power takes longer than a small network's training step; this way most of them are products.
    """
    coarse = base ** np.arange(first, first + length, _STRIDE, dtype=np.float64)
    fine = base ** np.arange(_STRIDE, dtype=np.float64)
    powers: Array = np.multiply.outer(coarse, fine).ravel()[:length]
    return powers
