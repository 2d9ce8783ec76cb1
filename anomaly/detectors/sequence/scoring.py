"""Scores of a series that arrives in pieces: reader, window model and residual scale in a row.

The state between pieces is kept, so that the scores depend on how a series is cut only by rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Sized
from typing import Any

import numpy as np

from anomaly.detectors.sequence.residual_streams import SeriesResiduals, WindowModel
from anomaly.detectors.sequence.whitening import ResidualScale
from anomaly.preprocessing.series import SeriesReader
from anomaly.tables.series import as_one_series
from nnlite.types import Array


class SequenceStream:
    """Scores of one series that arrives in pieces, in bounded memory; `SequenceDetector.stream` makes it.

    The state between pieces is kept, so that the scores depend on how the series is cut only by rounding. A causal
    detector scores every step at once; otherwise steps wait for the windows that hold them.

    Parameters
    ----------
    ignored : sequence of str or None
        Columns to leave out.
    reader : SeriesReader
        A reader at the start of the series.
    model : WindowModel
        The networks.
    scale : ResidualScale
        The scale of their residuals, fitted.
    sum_by_column : callable
        Sums contributions of features, in the columns of an array, by the sensors they come from.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly import SequenceDetector
    >>> wave = np.sin(np.arange(400.0))
    >>> detector = SequenceDetector(window=8, causal=True, epochs=2, random_state=0).fit(wave)
    >>> stream = detector.stream()
    >>> scores = np.concatenate([stream.push(wave[:150]), stream.push(wave[150:]), stream.finish()])
    >>> bool(np.allclose(scores, detector.decision_function(wave), rtol=1e-4))
    True
    """

    def __init__(
        self,
        ignored: Sequence[str] | None,
        reader: SeriesReader,
        model: WindowModel,
        scale: ResidualScale,
        sum_by_column: Callable[[Array], Array],
    ) -> None:
        self._ignored = ignored
        self._reader, self._residuals = reader, SeriesResiduals(reader, model)
        self._scale = scale
        self._smoother = scale.smoother()
        self._sum_by_column = sum_by_column

    def push(self, X: Any) -> Array:
        """Take the next steps, if any; return the scores that are final, in order."""
        return self.push_parts(X).sum(axis=1)

    def finish(self) -> Array:
        """Return the remaining scores: the series ends here."""
        return self.finish_parts().sum(axis=1)

    def push_parts(self, X: Any) -> Array:
        """Take the next steps, if any; return each sensor's contribution to the scores that are final."""
        return self._contributions([] if _is_empty(X) else self._residuals.push(as_one_series(X, self._ignored)))

    def finish_parts(self) -> Array:
        """Return each sensor's contribution to the remaining scores."""
        self._reader.finish()
        return self._contributions(self._residuals.finish())

    def _contributions(self, pieces: Sequence[tuple[bool, Array]]) -> Array:
        width = len(self._scale.scale_)
        found = [np.zeros((0, width))]
        for starts_segment, residuals in pieces:
            if starts_segment:
                self._smoother = self._scale.smoother()
            found.append(self._scale.contributions(residuals, self._smoother))
        return self._sum_by_column(np.concatenate(found)) / width


def _is_empty(X: Any) -> bool:
    """Return whether a piece of a series has no steps."""
    if isinstance(X, Mapping):
        return bool(X) and all(len(cells) == 0 for cells in X.values())
    return isinstance(X, Sized) and getattr(X, "ndim", 1) > 0 and len(X) == 0
