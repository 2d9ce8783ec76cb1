"""Which numbers to write on a logarithmic axis. Imported only when one is drawn, since it needs Matplotlib."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axis import Axis, YAxis
from matplotlib.ticker import LogLocator, MaxNLocator

from nnlite.types import Array

# Up to so many decades 1, 2 and 5 times the powers of ten are labelled, and up to so many each power of ten.
_FEW_DECADES, _MANY_DECADES = 3.2, 7.2
# Sizes in terms of the font's: its digits are 0.64 wide, and labels less than this apart seem to touch.
_CHARACTER_WIDTH, _LINE_HEIGHT, _GAP = 0.64, 1.2, 0.5
_ROUNDING = 1e-9


def plain(value: float, _: int | None = None) -> str:
    """Write a number as short as it can be.

    Examples
    --------
    >>> plain(0.5), plain(1e6)
    ('0.5', '1e+06')
    """
    return f"{value:g}"


class RoomyLogLocator(LogLocator):
    """Places as many labels as the axis has room for, and two at the least.

    Matplotlib's own goes by the number of decades alone: it gives none where its stride is above one decade and
    multiples of powers of ten are asked for, and labels that overlap on small panels.

    Parameters
    ----------
    axis : Axis
        What is to be labelled.
    """

    def __init__(self, axis: Axis) -> None:
        super().__init__()
        self._labelled = axis

    def tick_values(self, vmin: float, vmax: float) -> Array:  # type: ignore[override]
        """Return the numbers to label between two limits."""
        low, high = sorted((vmin, vmax))
        if not 0.0 < low < high:
            return np.array([high])
        for ticks in _choices(low, high):
            if len(ticks) >= 2 and self._have_room(ticks, low, high):
                return ticks
        return _outermost(low, high)

    def _have_room(self, ticks: Array, low: float, high: float) -> bool:
        """Tell whether the labels at these ticks stay apart."""
        length, size, upright = self._room()
        places = length * (np.log10(ticks) - np.log10(low)) / (np.log10(high) - np.log10(low))
        if upright:
            return bool(np.diff(places).min() >= _LINE_HEIGHT * size)
        widths = _CHARACTER_WIDTH * size * np.array([len(plain(tick)) for tick in ticks])
        return bool((np.diff(places) >= (widths[1:] + widths[:-1]) / 2 + _GAP * size).all())

    def _room(self) -> tuple[float, float, bool]:
        """Return the length of the axis and the size of its labels in points, and whether it is upright."""
        axes, upright = self._labelled.axes, isinstance(self._labelled, YAxis)
        box = axes.get_window_extent()
        length = (box.height if upright else box.width) * 72.0 / axes.figure.dpi
        return length, float(self._labelled.get_major_ticks(1)[0].label1.get_fontsize()), upright


def _choices(low: float, high: float) -> Iterator[Array]:
    """Yield ticks in the order of preference."""
    decades = np.log10(high) - np.log10(low)
    if decades < 1.0:
        for count in (8, 4, 3, 2):
            yield _within(np.asarray(MaxNLocator(count, steps=[1, 2, 5, 10]).tick_values(low, high)), low, high)
    if decades <= _FEW_DECADES:
        yield _multiples(low, high, (1.0, 2.0, 5.0))
        yield _multiples(low, high, (1.0, 3.0))
    for stride in range(int(np.ceil(decades / _MANY_DECADES)), int(decades) + 1):
        yield _multiples(low, high, (1.0,), stride)


def _multiples(low: float, high: float, digits: Sequence[float], stride: int = 1) -> Array:
    """Return multiples of every so many powers of ten."""
    exponents = range(int(np.floor(np.log10(low) / stride)) * stride, int(np.ceil(np.log10(high))) + 1, stride)
    # Read as text, the powers are those nearest to the true ones, and are written as such.
    return _within(np.array([digit * float(f"1e{power}") for power in exponents for digit in digits]), low, high)


def _within(ticks: Array, low: float, high: float) -> Array:
    return ticks[(ticks >= low * (1.0 - _ROUNDING)) & (ticks <= high * (1.0 + _ROUNDING))]


def _outermost(low: float, high: float) -> Array:
    """Return the least and the largest round number, or the limits themselves where there are no two."""
    ticks = _multiples(low, high, (1.0, 2.0, 5.0))
    return ticks[[0, -1]] if len(ticks) >= 2 else np.array([low, high])
