"""Window models, and their residuals on a series that arrives in pieces.

A `WindowModel` is the fitted networks with the shape of their windows. It opens a `ResidualStream` for each segment
without gaps, which takes steps and returns residuals in bounded memory. The windows, and so the residuals, do not
depend on how the series is cut into pieces.

**Missing samples.** A reconstruction of a window with missing samples starts from forward-filled values, and is then
repeated with the network's own output in their place. The values converge to some that are consistent with the
samples that are present, so that a missing sensor does not raise the residuals of the others. A forecast uses the
forward-filled values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from anomaly.preprocessing.windows import OverlapSum, cut_windows, pad_start, window_starts
from nnlite.archive import arrays_with_prefix
from nnlite.models import Model, model_from_parts
from nnlite.serialization import model_to_parts
from nnlite.types import Array

_MOST_CELLS = 1 << 20
_ROUNDS = 8


class ResidualStream(Protocol):
    """Residuals of one segment, in order, each as soon as no later step can change it."""

    def push(self, x: Array, missing: Array) -> Array:
        """Take the next steps and the mask of their missing samples; return the residuals that are final."""

    def finish(self) -> Array:
        """Return the remaining residuals: the segment ends here."""


@dataclass(frozen=True)
class WindowModel:
    """Networks that reconstruct a window of a series or forecast the step after it; their mean output is used.

    Attributes
    ----------
    networks : tuple of Model
        The networks, with inputs of shape (window, n_features).
    window, stride : int
        Steps in a window, and from the start of one to the start of the next.
    method : {"reconstruction", "forecast"}
        The target of the networks.
    causal : bool
        Whether a residual uses no window that ends after its step.
    relative : bool
        Whether windows are given to the networks as differences from their level (see `level_of`).
    """

    networks: tuple[Model, ...]
    window: int
    stride: int
    method: str
    causal: bool
    relative: bool

    @property
    def forecasts(self) -> bool:
        """Whether the networks forecast the step after the window."""
        return self.method == "forecast"

    def with_networks(self, networks: Sequence[Model]) -> WindowModel:
        """Return a model of other networks with the same windows."""
        return replace(self, networks=tuple(networks))

    def split(self, size: int) -> list[WindowModel]:
        """Return models of so many networks each, in order."""
        starts = range(0, len(self.networks), size)
        return [replace(self, networks=self.networks[start : start + size]) for start in starts]

    def batch_size(self, n_features: int) -> int:
        """Return the number of windows to predict at a time, in bounded memory."""
        return max(1, min(4096, _MOST_CELLS // (self.window * n_features)))

    def predict(self, windows: Array) -> Array:
        """Return the mean output of the networks for windows of shape (n_windows, window, n_features)."""
        if not self.relative:
            return self._mean_output(windows)
        levels = level_of(windows, self.forecasts)
        outputs = self._mean_output(windows - levels)
        return outputs + (levels[:, 0] if self.forecasts else levels)

    def reconstruct(self, windows: Array, missing: Array) -> Array:
        """Return the reconstruction of windows whose missing samples are replaced by their reconstruction, iterated."""
        outputs = self.predict(windows)
        incomplete = np.flatnonzero(missing.any(axis=(1, 2)) & ~missing.all(axis=(1, 2)))
        if len(incomplete):
            inputs, gaps = windows[incomplete], missing[incomplete]
            outputs = outputs.copy()
            for _ in range(_ROUNDS):
                inputs[gaps] = outputs[incomplete][gaps]
                outputs[incomplete] = self.predict(inputs)
        return outputs

    def stream(self) -> ResidualStream:
        """Return a stream at the start of a segment."""
        return LastStepStream(self) if self.forecasts or self.causal else OverlapStream(self)

    def residuals(self, steps: Array, missing: Array | None = None) -> Array:
        """Return the residuals of a segment, of shape (n_steps, n_features), those of forward-filled values too."""
        stream = self.stream()
        mask = np.zeros(steps.shape, np.bool_) if missing is None else missing
        return np.concatenate([stream.push(steps, mask), stream.finish()])

    def _mean_output(self, windows: Array) -> Array:
        batch_size = self.batch_size(windows.shape[2])
        outputs = [network.predict(windows, batch_size=batch_size) for network in self.networks]
        return outputs[0] if len(outputs) == 1 else np.mean(outputs, axis=0)

    # -- files ---------------------------------------------------------------------------------

    def get_state(self) -> tuple[list[dict[str, Any]], dict[str, Array]]:
        """Return the configurations of the networks, and their weights under the names ``model_<k>/<weight>``."""
        parts = [model_to_parts(network) for network in self.networks]
        weights = {f"model_{k}/{name}": array for k, (_, arrays) in enumerate(parts) for name, array in arrays.items()}
        return [config for config, _ in parts], weights

    def with_state(
        self, configs: Sequence[Mapping[str, Any]], arrays: Mapping[str, Array], n_features: int, label: str
    ) -> WindowModel:
        """Return a model with the networks of `get_state`, validating the shape of each.

        Raises
        ------
        FileFormatError
            If the parts do not describe a network.
        ValueError
            If a network has other inputs or outputs.
        """
        networks = tuple(
            model_from_parts(config, arrays_with_prefix(arrays, f"model_{k}/"), label)
            for k, config in enumerate(configs)
        )
        takes = (None, self.window, n_features)
        gives = (None, n_features) if self.forecasts else takes
        for network in networks:
            if network.input_shape != takes or network.output_shape != gives:
                raise ValueError(
                    f"a network takes {network.input_shape} and gives {network.output_shape}; "
                    f"expected {takes} and {gives}"
                )
        return replace(self, networks=networks)


class LastStepStream:
    """Residuals from one window a step: the one that ends with the step or, to forecast, before it.

    No residual depends on a later step. At the start of the segment, where no window is complete, the first value is
    repeated before it.

    Parameters
    ----------
    model : WindowModel
        The networks and their windows.
    """

    def __init__(self, model: WindowModel) -> None:
        self._model = model
        self._before: tuple[Array, Array] | None = None  # the last steps, and the mask of their missing samples

    def push(self, x: Array, missing: Array) -> Array:
        """Take the next steps and the mask of their missing samples; return the residual of each."""
        if not len(x):
            return np.zeros(x.shape)
        model = self._model
        context = model.window if model.forecasts else model.window - 1
        if self._before is None:
            known, gone = pad_start(x, context), pad_start(missing, context)
        else:
            known, gone = (np.concatenate(parts) for parts in zip(self._before, (x, missing), strict=True))
        self._before = known[len(known) - context :].copy(), gone[len(gone) - context :].copy()
        starts = np.arange(len(x))
        batch_size = model.batch_size(x.shape[1])
        residuals = np.empty(x.shape)
        for first in range(0, len(x), batch_size):
            some = starts[first : first + batch_size]
            windows = cut_windows(known, some, model.window)
            if model.forecasts:
                residuals[some] = x[some] - model.predict(windows)
            else:
                outputs = model.reconstruct(windows, cut_windows(gone, some, model.window))
                residuals[some] = x[some] - outputs[:, -1]
        return residuals

    def finish(self) -> Array:
        """Return no residuals: all have been returned."""
        return np.zeros((0, 0 if self._before is None else self._before[0].shape[1]))


class OverlapStream:
    """Residuals from overlapping windows: a step minus the mean of its reconstructions by all windows that hold it.

    A segment shorter than a window is lengthened by repeating its first value before it.

    Parameters
    ----------
    model : WindowModel
        The networks and their windows.
    """

    def __init__(self, model: WindowModel) -> None:
        self._model = model
        self._overlap: OverlapSum | None = None
        self._next = 0  # the start of the next window
        self._seen = 0  # the number of steps taken
        self._known = np.zeros((0, 0), np.float32)  # the steps from _first_known on
        self._gone = np.zeros((0, 0), np.bool_)  # the mask of their missing samples
        self._first_known = 0

    def push(self, x: Array, missing: Array) -> Array:
        """Take the next steps and the mask of their missing samples; return the residuals that are final."""
        if self._overlap is None:
            self._overlap = OverlapSum(x.shape[1])
            self._known, self._gone = np.zeros((0, x.shape[1]), x.dtype), np.zeros((0, x.shape[1]), np.bool_)
        self._known = np.concatenate([self._known, x])
        self._gone = np.concatenate([self._gone, missing])
        self._seen += len(x)
        starts = np.arange(self._next, self._seen - self._model.window + 1, self._model.stride)
        self._reconstruct(starts)
        self._next += self._model.stride * len(starts)
        # The last window of the segment may start as early as one window before the last step taken.
        return self._take(min(self._next, self._seen - self._model.window))

    def finish(self) -> Array:
        """Return the remaining residuals."""
        if self._overlap is None:
            return np.zeros((0, 0))
        window, stride = self._model.window, self._model.stride
        short = max(0, window - self._seen)
        if short:
            self._known, self._gone = pad_start(self._known, short), pad_start(self._gone, short)
            self._seen += short
        if self._next < self._seen - window + stride:
            self._reconstruct(window_starts(self._seen, window, stride)[-1:])
        return self._take(self._seen)[short:]

    def _reconstruct(self, starts: Array) -> None:
        assert self._overlap is not None
        batch_size = self._model.batch_size(self._known.shape[1])
        for first in range(0, len(starts), batch_size):
            some = starts[first : first + batch_size]
            windows, missing = (
                cut_windows(of, some - self._first_known, self._model.window) for of in (self._known, self._gone)
            )
            self._overlap.add(some, self._model.reconstruct(windows, missing))

    def _take(self, end: int) -> Array:
        assert self._overlap is not None
        means = self._overlap.take(end)
        residuals = self._known[: len(means)] - means
        self._known, self._gone = self._known[len(means) :], self._gone[len(means) :]
        self._first_known += len(means)
        return residuals


def level_of(windows: Array, forecasts: bool) -> Array:
    """Return the level of each window: its last step for a forecast, else its mean over the steps.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, window, n_features)
        Windows.
    forecasts : bool
        Whether the target is the step after the window.

    Returns
    -------
    ndarray of shape (n_windows, 1, n_features)
        Levels.

    Examples
    --------
    >>> import numpy as np
    >>> windows = np.array([[[1.0], [5.0]]])
    >>> level_of(windows, forecasts=True).tolist(), level_of(windows, forecasts=False).tolist()
    ([[[5.0]]], [[[3.0]]])
    """
    levels: Array = windows[:, -1:] if forecasts else windows.mean(axis=1, keepdims=True)
    return levels
