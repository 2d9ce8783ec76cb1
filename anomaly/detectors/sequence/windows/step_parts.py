"""The part of each step in the windows that cover it: which of the steps of odd windows are odd themselves."""

from __future__ import annotations

import numpy as np

from nnlite.types import Array


class StepParts:
    """Streaming mean of the parts of the steps of one segment over the windows that cover them.

    Its bits do not depend on how the windows are divided. See `anomaly.detectors.sequence.causes` for its use.

    Parameters
    ----------
    window : int
        Length w of the windows; window k covers the steps from k to k + w - 1.
    causal : bool
        Whether a step has its part in the window that ends with it alone.

    Examples
    --------
    >>> import numpy as np
    >>> parts = StepParts(2, causal=False)
    >>> parts.add(np.array([[1.0, 2.0], [4.0, 8.0]]))
    >>> parts.take().tolist(), parts.finish(3).tolist()
    ([1.0, 3.0], [8.0])
    """

    def __init__(self, window: int, causal: bool) -> None:
        self._window, self._causal = window, causal
        self._sums = np.zeros(window)  # of the steps that are not final; the first of them is the first that is not
        self._added: list[Array] = []
        self._counted = 0

    def add(self, parts: Array) -> None:
        """Add the parts of the steps of the next windows, of shape (n_windows, window)."""
        if self._causal:
            self._added.append(parts[:, -1])
            return
        n, w = parts.shape
        if not n:
            return
        sums = self._sums if n == 1 else np.concatenate([self._sums, np.zeros(n - 1)])
        if n == 1:
            sums += parts[0]
        else:
            # The oldest window of a step first, as where they come one by one.
            for k in range(w - 1, -1, -1):
                sums[k : k + n] += parts[:, k]
        counts = np.minimum(np.arange(self._counted + 1, self._counted + n + 1), w)
        self._added.append(sums[:n] / counts)
        self._sums = np.concatenate([sums[n:], np.zeros(1)])
        self._counted += n

    def keep(self, found: tuple[Array, Array]) -> Array:
        """Add the parts that `StepMember.compare` has found; return the distances."""
        distances, parts = found
        self.add(parts)
        return distances

    def take(self) -> Array:
        """Return the means that are final, of shape (n_final,), in order."""
        found, self._added = self._added, []
        return found[0] if len(found) == 1 else np.concatenate([np.zeros(0), *found])

    def finish(self, n_steps: int) -> Array:
        """Return the remaining means of a segment of so many steps; all of one shorter than a window are alike."""
        if self._causal:
            return np.zeros(0)
        if not self._counted:
            return np.ones(n_steps)
        left = self._window - 1
        return self._sums[:left] / np.minimum(self._counted, np.arange(left, 0, -1))
