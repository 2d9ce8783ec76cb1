"""Residuals of a stretch of a series as it comes in, piece by piece, in bounded memory.

Where the stretch is cut into pieces makes no difference to the windows that are looked at, and so none to the
residuals.

**Missing samples.** A window of which some samples are missing is first shown with what is held over in their place,
and then again with what the network made of them itself, some times over. It settles on values that go with those
that are there, so that a sensor which is gone is not held against the others. (A forecast is made of what was held.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from anomaly.preprocessing.windows import OverlapSum, cut_windows, pad_start, window_starts
from nnlite.models import Model
from nnlite.types import Array

_MOST_CELLS = 1 << 20
_ROUNDS = 8


class ResidualStream(Protocol):
    """What takes the steps of one stretch and gives back their residuals, in order, as soon as they are known."""

    def push(self, x: Array, missing: Array) -> Array:
        """Take the next steps and which samples of them are missing; return residuals that no later step can change."""

    def finish(self) -> Array:
        """Return the residuals still owed: the stretch ends here."""


class LastStepStream:
    """Looks at one window a step, the one that ends with it: nothing after the step is ever read.

    At the start of the stretch, where there is no whole window yet, the first value is held before it.

    Parameters
    ----------
    models : sequence of Model
        The networks, whose mean is taken.
    window : int
        Steps that it is shown.
    forecasts : bool
        Whether it says what the step after the window will be, and not what the window was.
    relative : bool
        Whether windows are shown to it as differences from their own level.
    """

    def __init__(self, models: Sequence[Model], window: int, forecasts: bool, relative: bool) -> None:
        self._models, self._window, self._forecasts, self._relative = models, window, forecasts, relative
        self._before: tuple[Array, Array] | None = None

    def push(self, x: Array, missing: Array) -> Array:
        """Take the next steps and which samples of them are missing; return the residual of each."""
        if not len(x):
            return np.zeros(x.shape)
        context = self._window if self._forecasts else self._window - 1
        if self._before is None:
            known, gone = pad_start(x, context), pad_start(missing, context)
        else:
            known, gone = (np.concatenate(parts) for parts in zip(self._before, (x, missing), strict=True))
        self._before = known[len(known) - context :].copy(), gone[len(gone) - context :].copy()
        starts = np.arange(len(x))
        batch = _batch(self._window, x.shape[1])
        residuals = np.empty(x.shape)
        for first in range(0, len(x), batch):
            some = starts[first : first + batch]
            windows, holes = (cut_windows(of, some, self._window) for of in (known, gone))
            if self._forecasts:
                output = self._outputs(windows, batch)
            else:
                output = _refilled(lambda shown: self._outputs(shown, batch), windows, holes)
            residuals[some] = x[some] - (output if self._forecasts else output[:, -1])
        return residuals

    def _outputs(self, windows: Array, batch: int) -> Array:
        if not self._relative:
            return _mean_output(self._models, windows, batch)
        levels = level_of(windows, self._forecasts)
        outputs = _mean_output(self._models, windows - levels, batch)
        return outputs + (levels[:, 0] if self._forecasts else levels)

    def finish(self) -> Array:
        """Return nothing: no residual is owed."""
        return np.zeros((0, 0 if self._before is None else self._before[0].shape[1]))


class OverlapStream:
    """Looks at overlapping windows; a step is compared with the mean of what all windows that hold it say.

    A stretch shorter than a window is lengthened by holding its first value before it.

    Parameters
    ----------
    models : sequence of Model
        The networks, whose mean is taken.
    window, stride : int
        Steps in a window, and from one to the next.
    relative : bool
        Whether windows are shown to it as differences from their own level.
    """

    def __init__(self, models: Sequence[Model], window: int, stride: int, relative: bool) -> None:
        self._models, self._window, self._stride, self._relative = models, window, stride, relative
        self._overlap: OverlapSum | None = None
        self._next = 0  # where the next window starts
        self._seen = 0  # steps taken
        self._known = np.zeros((0, 0), np.float32)  # the last of them: those from _first_known on
        self._gone = np.zeros((0, 0), np.bool_)  # which samples of those are missing
        self._first_known = 0

    def push(self, x: Array, missing: Array) -> Array:
        """Take the next steps and which samples of them are missing; return residuals no later window can change."""
        if self._overlap is None:
            self._overlap = OverlapSum(x.shape[1])
            self._known, self._gone = np.zeros((0, x.shape[1]), x.dtype), np.zeros((0, x.shape[1]), np.bool_)
        self._known = np.concatenate([self._known, x])
        self._gone = np.concatenate([self._gone, missing])
        self._seen += len(x)
        starts = np.arange(self._next, self._seen - self._window + 1, self._stride)
        self._look(starts)
        self._next += self._stride * len(starts)
        # The last window of all may yet start as early as one window before the last step that is known.
        return self._take(min(self._next, self._seen - self._window))

    def finish(self) -> Array:
        """Return the residuals still owed."""
        if self._overlap is None:
            return np.zeros((0, 0))
        short = max(0, self._window - self._seen)
        if short:
            self._known, self._gone = pad_start(self._known, short), pad_start(self._gone, short)
            self._seen += short
        if self._next < self._seen - self._window + self._stride:
            last = window_starts(self._seen, self._window, self._stride)[-1:]
            self._look(last)
        return self._take(self._seen)[short:]

    def _outputs(self, windows: Array, batch: int) -> Array:
        if not self._relative:
            return _mean_output(self._models, windows, batch)
        levels = level_of(windows, forecasts=False)
        return _mean_output(self._models, windows - levels, batch) + levels

    def _look(self, starts: Array) -> None:
        assert self._overlap is not None
        batch = _batch(self._window, self._known.shape[1])
        for first in range(0, len(starts), batch):
            some = starts[first : first + batch]
            windows, holes = (
                cut_windows(of, some - self._first_known, self._window) for of in (self._known, self._gone)
            )
            self._overlap.add(some, _refilled(lambda shown: self._outputs(shown, batch), windows, holes))

    def _take(self, end: int) -> Array:
        assert self._overlap is not None
        means = self._overlap.take(end)
        residuals = self._known[: len(means)] - means
        self._known, self._gone = self._known[len(means) :], self._gone[len(means) :]
        self._first_known += len(means)
        return residuals


def level_of(windows: Array, forecasts: bool) -> Array:
    """Return the level of each window: its last step where the next is forecast, else its mean over the steps.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, window, n_features)
        Windows.
    forecasts : bool
        What for.

    Returns
    -------
    ndarray of shape (n_windows, 1, n_features)
        Levels.
    """
    levels: Array = windows[:, -1:] if forecasts else windows.mean(axis=1, keepdims=True)
    return levels


def _refilled(outputs_of: Callable[[Array], Array], windows: Array, missing: Array) -> Array:
    """Return what networks make of windows once their missing samples are what the networks made of these."""
    outputs = outputs_of(windows)
    holed = np.flatnonzero(missing.any(axis=(1, 2)) & ~missing.all(axis=(1, 2)))
    if len(holed):
        shown, holes = windows[holed], missing[holed]
        outputs = outputs.copy()
        for _ in range(_ROUNDS):
            shown[holes] = outputs[holed][holes]
            outputs[holed] = outputs_of(shown)
    return outputs


def _mean_output(models: Sequence[Model], windows: Array, batch: int) -> Array:
    outputs = [model.predict(windows, batch_size=batch) for model in models]
    return outputs[0] if len(outputs) == 1 else np.mean(outputs, axis=0)


def _batch(window: int, n_features: int) -> int:
    return max(1, min(4096, _MOST_CELLS // (window * n_features)))
