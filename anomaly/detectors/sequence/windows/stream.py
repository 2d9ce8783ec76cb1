"""Distances of the windows of a segment that arrives in pieces, as values of its steps."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from anomaly.detectors.sequence.windows.covering import CoveringMean, Typical, drawn
from anomaly.detectors.sequence.windows.sampling import chunks
from anomaly.preprocessing.windows import OverlapSum
from nnlite.types import Array


class WindowMember(Protocol):
    """Comparison of windows with those of training; `NearestWindows` and `WindowCovariance` are such."""

    kind: ClassVar[str]
    window: int

    def describe(self) -> str:
        """Return what is compared, in words."""

    def fit(self, segments: Any, rng: np.random.Generator, usable: Array | None = None) -> list[Array]:
        """Learn from windows; return their distances to what is learned from others."""

    def distances(self, windows: Array, missing: Array | None) -> Array:
        """Return the parts of the features in the distance of each window."""

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state as JSON values and arrays."""


class StepMember(WindowMember, Protocol):
    """A member that knows the part of each step in a window, and the values expected there."""

    def step_parts(self, windows: Array, missing: Array | None, places: Array | None = None) -> Array:
        """Return the part of each step, of shape (n_windows, window)."""

    def expected(self, windows: Array, missing: Array | None) -> Array:
        """Return the expected values, of the shape of windows."""


def windows_of(steps: Array, window: int) -> Array:
    """Return all windows of a segment one step apart, a view of shape (n_windows, n_features, window)."""
    return sliding_window_view(steps, window, axis=0)


class WindowStream:
    r"""Values of the steps of one segment, from the distances of the windows that cover them.

    With missing samples, and where a segment is shorter than a window, fewer samples of a window are known. The less is
    known, the nearer its distance is to the typical one: of a fraction f of samples,
    :math:`d' = d^f \, \tilde d^{1 - f}`. So the start of a segment is no alarm by itself.

    Parameters
    ----------
    member : WindowMember
        Compares windows.
    typical : Typical
        Typical distances of normal windows.
    causal : bool
        Whether a step has the value of the one window that ends with it, in which steps before the segment are missing,
        and not the mean over all windows that cover it.
    """

    def __init__(self, member: WindowMember, typical: Typical, causal: bool) -> None:
        self._member, self._typical, self._causal = member, typical, causal
        self._covering = CoveringMean(member.window, typical)
        self._steps: Array | None = None  # the steps that later windows hold
        self._missing = np.zeros((0, 0), np.bool_)
        self._seen = 0

    def push(self, steps: Array, missing: Array) -> Array:
        """Take the next steps and the mask of their missing samples; return the values that are final.

        Returns
        -------
        ndarray of float64 of shape (n_final, n_features)
            The parts of the features; they add up to the value of a step.
        """
        if self._steps is None:
            before = self._member.window - 1 if self._causal else 0
            self._steps = np.repeat(steps[:1], before, axis=0)
            self._missing = np.ones((before, steps.shape[1]), np.bool_)
        self._seen += len(steps)
        known, gone = np.concatenate([self._steps, steps]), np.concatenate([self._missing, missing])
        kept = max(len(known) - self._member.window + 1, 0)
        self._steps, self._missing = known[kept:], gone[kept:]
        if not kept:
            return np.zeros((0, steps.shape[1]))
        found = self._distances(known, gone)
        return found if self._causal else self._covering.push(found)

    def finish(self) -> Array:
        """Return the remaining values: the segment ends here."""
        if self._steps is None or self._causal:
            return np.zeros((0, 0 if self._steps is None else self._steps.shape[1]))
        if self._seen >= self._member.window:
            return self._covering.finish()
        after = self._member.window - self._seen
        steps = np.concatenate([self._steps, np.repeat(self._steps[-1:], after, axis=0)])
        missing = np.concatenate([self._missing, np.ones((after, steps.shape[1]), np.bool_)])
        # It is a single window, too.
        found = drawn(self._distances(steps, missing), np.array([1 - self._typical.certainty]), self._typical.distance)
        return np.repeat(found, self._seen, axis=0)

    def _distances(self, steps: Array, missing: Array) -> Array:
        windows, window = windows_of(steps, self._member.window), self._member.window
        masks = windows_of(missing, window) if missing.any() else None
        parts = []
        for part in chunks(*windows.shape):
            mask = masks[part] if masks is not None and masks[part].any() else None
            found = self._member.distances(windows[part], mask)
            parts.append(found if mask is None else drawn(found, mask.mean(axis=(1, 2)), self._typical.distance))
        return np.concatenate(parts)


class StepPartStream:
    """The part of each step of one segment in the windows that cover it: their mean.

    It tells which of the steps of odd windows are odd themselves (see `anomaly.detectors.sequence.causes`).

    Parameters
    ----------
    member : StepMember
        Compares windows.
    causal : bool
        Whether a step has its part in the window that ends with it alone.
    """

    def __init__(self, member: StepMember, causal: bool) -> None:
        self._member, self._causal, self._overlap = member, causal, OverlapSum(1)
        self._steps: Array | None = None  # the steps that later windows hold
        self._missing = np.zeros((0, 0), np.bool_)
        self._next = self._seen = 0

    def push(self, steps: Array, missing: Array) -> Array:
        """Take the next steps and the mask of their missing samples; return the parts that are final.

        Returns
        -------
        ndarray of float64 of shape (n_final,)
        """
        if self._steps is None:
            before = self._member.window - 1 if self._causal else 0
            self._steps = np.repeat(steps[:1], before, axis=0)
            self._missing = np.ones((before, steps.shape[1]), np.bool_)
        known, gone = np.concatenate([self._steps, steps]), np.concatenate([self._missing, missing])
        self._seen += len(steps)
        window = self._member.window
        n_windows = max(len(known) - window + 1, 0)
        self._steps, self._missing = known[n_windows:], gone[n_windows:]
        last = [np.zeros(0)]
        if n_windows:
            windows = windows_of(known, window)
            masks = windows_of(gone, window) if gone.any() else None
            for part in chunks(*windows.shape):
                found = self._member.step_parts(windows[part], None if masks is None else masks[part])
                last.append(found[:, -1])
                if not self._causal:
                    starts = self._next + np.arange(part.start, part.stop)
                    self._overlap.add(starts, found[..., np.newaxis])
            self._next += n_windows
        return np.concatenate(last) if self._causal else self._overlap.take(self._next)[:, 0]

    def finish(self) -> Array:
        """Return the remaining parts; in a segment shorter than a window all steps are alike."""
        if self._causal:
            return np.zeros(0)
        if self._seen < self._member.window:
            return np.ones(self._seen)
        return self._overlap.take(self._seen)[:, 0]


def expected_steps(member: StepMember, steps: Array, missing: Array, causal: bool) -> Array:
    """Return the values of the steps of a segment that are expected by the windows that cover them: their mean.

    Parameters
    ----------
    member : StepMember
        Knows the expected values of a window.
    steps, missing : ndarray of shape (n_steps, n_features)
        A segment and the mask of its missing samples.
    causal : bool
        Whether to expect a step by the window that ends with it alone.
    """
    window, n_features = member.window, steps.shape[1]
    before, after = (window - 1, 0) if causal else (0, max(window - len(steps), 0))
    padded = np.pad(steps, ((before, after), (0, 0)), mode="edge")
    gone = np.pad(missing, ((before, after), (0, 0)), constant_values=True)
    windows, masks, found = windows_of(padded, window), windows_of(gone, window), OverlapSum(n_features)
    last = []
    for part in chunks(*windows.shape):
        mask = masks[part] if masks[part].any() else None
        expected = member.expected(windows[part], mask)
        if causal:
            last.append(expected[..., -1])
        else:
            found.add(np.arange(part.start, part.stop), expected.transpose(0, 2, 1))
    return np.concatenate(last) if causal else found.take(len(steps))
