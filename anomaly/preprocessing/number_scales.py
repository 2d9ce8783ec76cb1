r"""Scales of numbers by the kind of their column: with ``scaling="core"`` where missing values are left as NaN.

**Most numbers** are scaled by `CoreScaler`, with their median c and the standard deviation s estimated from the middle
80 % of the training values.

**Heavy tails.** A column of bytes or amounts has values that are hundreds of times as large as most. On one scale,
either the differences between most values vanish, or the few large ones decide every distance. If at least 2 % of the
values, and at least 5, are more than 6 s from the median, a column has a heavy tail, and is made two numbers: x itself,
in units of its standard deviation, and compressed. A few stray values are no tail, and are to stand out.

The compressed number is :math:`\operatorname{asinh}(x / a)` where no value is negative, with the first decile a of the
positive ones: a logarithm of amounts, counts and durations, small and large. Otherwise it is
:math:`\operatorname{asinh}((x - c) / s)`. It is scaled as most numbers are.

**Columns that are nearly always the same.** Where the middle 80 % of the values are equal, s is 0. These are two
numbers as well, the second :math:`\operatorname{asinh}((x - c) / m)` with the median distance m of the other values
from c. It is not scaled: by the spread of so few values, each of them would be far from all others.

**Sine and cosine** of hours and weekdays are not scaled. They are points on a circle, and distances between them are
those of the times of day, be these of all hours or of a few.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from anomaly.preprocessing.columns.date_columns import DatetimeColumn
from anomaly.preprocessing.columns.heavy_tails import HeavyTailColumn
from anomaly.preprocessing.columns.kinds import Column
from anomaly.preprocessing.columns.values import NumberColumn, ValueColumn, side_by_side
from anomaly.preprocessing.scaling.base import ROUNDING, AffineScaler
from anomaly.preprocessing.scaling.linear import LEAST_FRACTION, CoreScaler, StandardScaler, core_of
from nnlite.types import Array

# A log-normal amount has a heavy tail if the standard deviation of its logarithm is above 1.2.
_FAR = 6.0
_LEAST_FRACTION, _LEAST_ROWS = 0.02, 5
_LOW = 0.1


class ScaledNumbers(NamedTuple):
    """Columns of a training table, their numbers, and the scaler of these.

    Attributes
    ----------
    columns : sequence of Column
        One for each column of the table.
    numbers : ndarray of float of shape (n_rows, n_numbers)
        Numbers of the columns of values, side by side; NaN if missing.
    scaler : AffineScaler
        Fitted on these numbers.
    """

    columns: Sequence[Column]
    numbers: Array
    scaler: AffineScaler


class _Part(NamedTuple):
    """A column, its numbers, and the center and scale of each."""

    column: Column
    numbers: list[Array]
    scales: list[tuple[float, float]]


def scale_numbers(columns: Sequence[Column], numbers: Array) -> ScaledNumbers:
    """Fit the scales of numbers, and make two numbers of each column with a heavy tail.

    Parameters
    ----------
    columns : sequence of Column
        Columns of a table.
    numbers : ndarray of float of shape (n_rows, n_numbers)
        Numbers of their training values, finite or NaN.

    Returns
    -------
    ScaledNumbers
        With a `HeavyTailColumn` for each column with a heavy tail. Without any, `numbers` is the same array.

    Examples
    --------
    >>> import numpy as np
    >>> columns = [NumberColumn("width"), NumberColumn("bytes")]
    >>> sizes = np.linspace(-3, 3, 500)
    >>> scaled = scale_numbers(columns, np.stack([sizes, 100 * np.exp(2 * sizes)], axis=1))
    >>> [name for column in scaled.columns for name in column.number_names]
    ['width', 'bytes', 'bytes (compressed)']
    """
    parts = list(_parts(columns, numbers))
    made = [number for part in parts for number in part.numbers]
    scales = np.array([scale for part in parts for scale in part.scales], np.float64).reshape(-1, 2)
    if len(made) > numbers.shape[1]:
        numbers = side_by_side(made, len(numbers))
    return ScaledNumbers([part.column for part in parts], numbers, CoreScaler.of(*scales.T.copy()))


def _parts(columns: Sequence[Column], numbers: Array) -> Iterator[_Part]:
    scaler = CoreScaler().fit_matrix(numbers)
    scales = list(zip(scaler.center_.tolist(), scaler.scale_.tolist(), strict=True))
    first = 0
    for column in columns:
        if not isinstance(column, ValueColumn):
            yield _Part(column, [], [])
            continue
        own = slice(first, first + len(column.number_names))
        yield _part(column, list(numbers.T[own]), scales[own])
        first = own.stop


def _part(column: ValueColumn, numbers: list[Array], scales: list[tuple[float, float]]) -> _Part:
    if isinstance(column, DatetimeColumn):
        is_cycle = [name != column.name for name in column.number_names]
        scales = [(c, 1.0 if cycle else s) for (c, s), cycle in zip(scales, is_cycle, strict=True)]
    if type(column) is NumberColumn:
        return _split(column, numbers[0], *scales[0]) or _Part(column, numbers, scales)
    return _Part(column, numbers, scales)


def _split(column: NumberColumn, numbers: Array, center: float, scale: float) -> _Part | None:
    """Return the two numbers of a column with a heavy tail, or of one that is nearly always the same; else None."""
    values = numbers[~np.isnan(numbers)].astype(np.float64)
    deviation = float(StandardScaler().fit_matrix(values[:, np.newaxis]).scale_[0])
    # The scale is either s or bounded by the deviation; s takes longer.
    is_bounded = scale <= deviation * LEAST_FRACTION * (1 + ROUNDING)
    core = 2 * core_of(values / 2)[1] if is_bounded else scale  # halved, so that no difference overflows
    distances = np.abs(values / 2 - center / 2)
    is_same = core <= ROUNDING * abs(center)
    if not is_same and np.count_nonzero(distances > _FAR / 2 * core) < max(_LEAST_ROWS, _LEAST_FRACTION * len(values)):
        return None
    if is_same:
        zero, unit = center, 2 * float(np.median(distances[distances > 0]))
    elif values.min() >= 0:
        zero, unit = 0.0, float(np.quantile(values[values > 0], _LOW))
    else:
        zero, unit = center, core
    split = HeavyTailColumn(column.name, column.resolution, zero, unit, column.form)
    plain, compressed = split.numbers_of(numbers)
    scaler = CoreScaler().fit_matrix(compressed[:, np.newaxis])
    own = (0.0, 1.0) if is_same else (float(scaler.center_[0]), float(scaler.scale_[0]))
    return _Part(split, [plain, compressed], [(center, deviation), own])
