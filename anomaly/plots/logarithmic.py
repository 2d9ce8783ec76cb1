"""Tick labels of a logarithmic axis. Imported with the first such axis, since it needs Matplotlib."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axis import Axis, YAxis
from matplotlib.ticker import LogLocator, MaxNLocator

from nnlite.types import Array

# Up to the first number of decades, 1, 2 and 5 times the powers of ten are labelled; up to the second, powers of ten.
_FEW_DECADES, _MANY_DECADES = 3.2, 7.2
# In units of the font size: width of a digit, height of a line, and least gap between labels.
_CHARACTER_WIDTH, _LINE_HEIGHT, _GAP = 0.64, 1.2, 0.5
_ROUNDING = 1e-9


def format_tick(value: float, _: int | None = None) -> str:
    """Return a number as short as possible.

    Examples
    --------
    >>> format_tick(0.5), format_tick(1e6)
    ('0.5', '1e+06')
    """
    return f"{value:g}"


class SpacedLogLocator(LogLocator):
    """Locator of as many ticks as fit without overlap of their labels, and of at least two.

    Matplotlib's locator depends on the number of decades alone: it returns no ticks if its stride is above one decade
    and multiples of powers of ten are requested, and its labels overlap on small panels.

    Parameters
    ----------
    axis : Axis
        The axis with the labels.
    """

    def __init__(self, axis: Axis) -> None:
        super().__init__()
        self._labelled = axis

    def tick_values(self, vmin: float, vmax: float) -> Array:  # type: ignore[override]
        """Return the ticks between two limits."""
        low, high = sorted((vmin, vmax))
        if not 0.0 < low < high:
            return np.array([high])
        for ticks in _choices(low, high):
            if len(ticks) >= 2 and self._fit(ticks, low, high):
                return ticks
        return _outermost(low, high)

    def _fit(self, ticks: Array, low: float, high: float) -> bool:
        """Return whether the labels of these ticks do not overlap."""
        length, size, vertical = self._geometry()
        places = length * (np.log10(ticks) - np.log10(low)) / (np.log10(high) - np.log10(low))
        if vertical:
            return bool(np.diff(places).min() >= _LINE_HEIGHT * size)
        widths = _CHARACTER_WIDTH * size * np.array([len(format_tick(tick)) for tick in ticks])
        return bool((np.diff(places) >= (widths[1:] + widths[:-1]) / 2 + _GAP * size).all())

    def _geometry(self) -> tuple[float, float, bool]:
        """Return the length of the axis and the size of its labels in points, and whether it is vertical."""
        axes, vertical = self._labelled.axes, isinstance(self._labelled, YAxis)
        box = axes.get_window_extent()
        length = (box.height if vertical else box.width) * 72.0 / axes.figure.dpi
        return length, float(self._labelled.get_major_ticks(1)[0].label1.get_fontsize()), vertical


def _choices(low: float, high: float) -> Iterator[Array]:
    """Yield candidate ticks in the order of preference."""
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
    """Return multiples of each power of ten, or of every `stride`-th power."""
    exponents = range(int(np.floor(np.log10(low) / stride)) * stride, int(np.ceil(np.log10(high))) + 1, stride)
    # Parsed from text, the powers are the nearest floating-point numbers.
    return _within(np.array([digit * float(f"1e{power}") for power in exponents for digit in digits]), low, high)


def _within(ticks: Array, low: float, high: float) -> Array:
    return ticks[(ticks >= low * (1.0 - _ROUNDING)) & (ticks <= high * (1.0 + _ROUNDING))]


def _outermost(low: float, high: float) -> Array:
    """Return the smallest and the largest round number, or the limits if there are fewer than two."""
    ticks = _multiples(low, high, (1.0, 2.0, 5.0))
    return ticks[[0, -1]] if len(ticks) >= 2 else np.array([low, high])
