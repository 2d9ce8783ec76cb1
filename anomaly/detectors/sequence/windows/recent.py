"""The last steps of a segment that arrives in pieces, from which the windows of several lengths are cut."""

from __future__ import annotations

import numpy as np

from nnlite.types import Array

_LEAST_ROOM = 256
_PIECES = 4


class RecentSteps:
    """The last steps of one segment; windows are views of them, so that a step is copied once for all lengths.

    Parameters
    ----------
    longest : int
        Length of the longest windows.
    causal : bool
        Whether windows may begin before the segment, where its first step is repeated and all samples are missing, so
        that one ends with each step.

    Attributes
    ----------
    seen : int
        Number of steps taken.

    Examples
    --------
    >>> import numpy as np
    >>> recent = RecentSteps(3, causal=False)
    >>> recent.push(np.arange(4.0)[:, np.newaxis], np.zeros((4, 1), np.bool_))
    >>> recent.windows(3)[0].tolist(), recent.windows(3)[1]
    ([[[0.0, 1.0, 2.0]], [[1.0, 2.0, 3.0]]], None)
    >>> recent.push(np.array([[4.0]]), np.array([[True]]))
    >>> [part.tolist() for part in recent.windows(2)]
    [[[[3.0, 4.0]]], [[[False, True]]]]
    """

    def __init__(self, longest: int, causal: bool) -> None:
        self._longest, self._causal = longest, causal
        self._before = longest - 1 if causal else 0
        self._values = np.zeros((0, 0), np.float32)  # of shape (n_features, room)
        self._missing = np.zeros((0, 0), np.bool_)
        self._end = self._new = self.seen = 0
        # The last step with a missing sample; those before the segment are at most -1.
        self._last_missing = -1

    def push(self, steps: Array, missing: Array) -> None:
        """Take the next steps and the mask of their missing samples, of shape (n_steps, n_features)."""
        n = self._new = len(steps)
        if not n:
            return
        if not self.seen:
            self._begin(steps)
        end = self._end + n
        if end > self._values.shape[1]:
            self._make_room(n)
            end = self._end + n
        self._values[:, self._end : end] = steps.T
        self._missing[:, self._end : end] = missing.T
        if missing.any():
            self._last_missing = self.seen + int(np.flatnonzero(missing.any(axis=1))[-1])
        self._end = end
        self.seen += n

    def windows(self, window: int) -> tuple[Array, Array | None]:
        """Return the windows of a length that the last steps have made complete, and the mask of missing samples.

        Returns
        -------
        windows : ndarray of shape (n_windows, n_features, window)
            Valid until the next `push`.
        missing : ndarray of bool of the same shape or None
            None if no sample is missing.
        """
        n = self._new if self._causal else min(self._new, max(self.seen - window + 1, 0))
        if not n:
            return np.zeros((0, len(self._values), window), self._values.dtype), None
        windows = self._views(self._values, window, n)
        if self._last_missing <= self.seen - window - n:
            return windows, None
        return windows, self._views(self._missing, window, n)

    def lengthened(self, window: int) -> tuple[Array, Array]:
        """Return one window with all steps of a segment that is shorter, its last one repeated as missing."""
        start, after = self._end - self.seen, window - self.seen
        pad = ((0, 0), (0, after))
        values = np.pad(self._values[:, start : self._end], pad, mode="edge")
        missing = np.pad(self._missing[:, start : self._end], pad, constant_values=True)
        return values[np.newaxis], missing[np.newaxis]

    def _begin(self, steps: Array) -> None:
        room = self._before + max(_PIECES * self._longest, _LEAST_ROOM)
        self._values = np.empty((steps.shape[1], room), steps.dtype)
        self._missing = np.empty(self._values.shape, np.bool_)
        self._values[:, : self._before] = steps[0][:, np.newaxis]
        self._missing[:, : self._before] = True
        self._end = self._before

    def _make_room(self, n: int) -> None:
        """Move what later windows hold to the front, into a larger array where the next steps need one."""
        kept = min(self._end, self._longest - 1)
        room = max(self._values.shape[1], kept + n)
        for name in ("_values", "_missing"):
            before = getattr(self, name)
            last = before[:, self._end - kept : self._end].copy()
            after = before if room == before.shape[1] else np.empty((len(before), room), before.dtype)
            after[:, :kept] = last
            setattr(self, name, after)
        self._end = kept

    def _views(self, of: Array, window: int, n: int) -> Array:
        start, size = self._end - window - n + 1, of.itemsize
        strides = (size, of.strides[0], size)
        return np.ndarray((n, len(of), window), of.dtype, of, start * size, strides)
