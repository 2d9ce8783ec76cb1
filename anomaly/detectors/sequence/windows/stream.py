"""Distances of the windows of a segment that arrives in pieces, as values of its steps."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np

from anomaly.detectors.sequence.windows.covering import CoveringMean, Typical, drawn
from anomaly.detectors.sequence.windows.recent import RecentSteps
from anomaly.detectors.sequence.windows.sampling import chunks, windows_of
from anomaly.detectors.sequence.windows.step_parts import StepParts
from anomaly.preprocessing.windows import OverlapSum
from nnlite.types import Array


class WindowMember(Protocol):
    """Comparison of windows with those of training; `NearestWindows` and `WindowCovariance` are such."""

    kind: ClassVar[str]
    window: int

    @property
    def weight(self) -> float:
        """Return the weight in the blend."""

    @property
    def span(self) -> int:
        """Return the number of steps, the last ones of a window, that have its value."""

    @property
    def width(self) -> int:
        """Return the number of values of a window and feature that a comparison holds in memory."""

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

    def compare(self, windows: Array, missing: Array | None) -> tuple[Array, Array]:
        """Return the distances, and the part of each step, of shape (n_windows, window)."""

    def step_parts(self, windows: Array, missing: Array | None, training: Array | None = None) -> Array:
        """Return the part of each step alone; in training, that by others than the window itself."""

    def expected(self, windows: Array, missing: Array | None) -> Array:
        """Return the expected values, of the shape of windows."""


class WindowStream:
    r"""Values of the steps of one segment, from the distances of the windows that cover them.

    With missing samples, and where a segment is shorter than a window, fewer samples of a window are known. The less is
    known, the nearer its distance is to the typical one: of a fraction f of samples,
    :math:`d' = d^f \, \tilde d^{1 - f}`. So the start of a segment is no alarm by itself. Where a window has steps
    before those that have its value, the first steps of a segment have the typical distance.

    Parameters
    ----------
    member : WindowMember
        Compares windows.
    typical : Typical
        Typical distances of normal windows.
    causal : bool
        Whether a step has the value of the one window that ends with it, in which steps before the segment are missing,
        and not the mean over all windows that cover it.
    recent : RecentSteps, optional
        The last steps of the segment, where several streams share them; then whoever pushes the steps calls `take`.
    """

    def __init__(self, member: WindowMember, typical: Typical, causal: bool, recent: RecentSteps | None = None) -> None:
        self._member, self._typical, self._causal = member, typical, causal
        self._covering = CoveringMean(member.span, typical)
        # The first steps of a segment that no window has the value of.
        self._before = 0 if causal else member.window - member.span
        self._begun = 0
        self._recent = RecentSteps(member.window, causal) if recent is None else recent
        self._width: int | None = None

    def push(self, steps: Array, missing: Array) -> Array:
        """Take the next steps and the mask of their missing samples; return the values that are final.

        Returns
        -------
        ndarray of float64 of shape (n_final, n_features)
            The parts of the features; they add up to the value of a step.
        """
        self._recent.push(steps, missing)
        return self.take()

    def take(self) -> Array:
        """Return the values that are final with the last steps of the segment."""
        return self._of_steps(*self._distances(self._member.distances))

    def take_with(self, parts: StepParts) -> tuple[Array, Array]:
        """Return the values that are final, and the parts of the steps that are; the member is a `StepMember`."""
        member: Any = self._member
        found = self._distances(lambda windows, missing: parts.keep(member.compare(windows, missing)))
        return self._of_steps(*found), parts.take()

    def finish(self) -> Array:
        """Return the remaining values: the segment ends here."""
        if self._width is None or self._causal:
            return np.zeros((0, self._width or 0))
        seen = self._recent.seen
        if seen >= self._member.window:
            return self._covering.finish()
        seen -= self._begun
        windows, missing = self._recent.lengthened(self._member.window)
        fraction = missing.mean(axis=(1, 2))
        found = drawn(self._member.distances(windows, missing), fraction, self._typical.distance)
        # It is a single window, too.
        found = drawn(found, np.array([1 - self._typical.certainty]), self._typical.distance)
        return np.repeat(found, seen, axis=0)

    def _of_steps(self, distances: Array, n_windows: int) -> Array:
        self._width = distances.shape[1]
        if self._causal:
            return distances
        if n_windows:
            distances = self._covering.push(distances)
        n_begun = min(self._recent.seen, self._before) - self._begun
        if not n_begun:
            return distances
        self._begun += n_begun
        return np.concatenate([np.full((n_begun, self._width), self._typical.distance / self._width), distances])

    def _distances(self, compare: Any) -> tuple[Array, int]:
        windows, missing = self._recent.windows(self._member.window)
        if not len(windows):
            return np.zeros(windows.shape[:2]), 0
        if missing is None and len(windows) == 1:
            return compare(windows, None), 1
        parts = []
        for part in chunks(len(windows), windows.shape[1], self._member.width):
            mask = missing[part] if missing is not None and missing[part].any() else None
            found = compare(windows[part], mask)
            parts.append(found if mask is None else drawn(found, mask.mean(axis=(1, 2)), self._typical.distance))
        return (parts[0] if len(parts) == 1 else np.concatenate(parts)), len(windows)


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
