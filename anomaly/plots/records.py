"""Plot of a record: the contributions of its columns to its score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.plots.figures import ANOMALY, DARK, GREY, NORMAL, axes_or_new, shorten, style_axes
from anomaly.plots.validation import check_length
from anomaly.tables.cells import MISSING_TEXTS
from nnlite.validation import as_finite, is_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Of the columns with less than this fraction of the score, the expected value is not of interest.
_LEAST_SHARE = 0.03


def plot_contributions(
    contributions: Any,
    feature_names: Sequence[str],
    values: Sequence[Any] | None = None,
    top: int = 10,
    *,
    expected: Sequence[Any] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot the contribution of each column to the score of one record, the largest first.

    Columns beyond the first `top` are plotted as one bar. If no contribution is negative, each bar is labelled with its
    percentage.

    Parameters
    ----------
    contributions : array_like of shape (n_columns,)
        Contributions, whose sum is the score: a row of the result of a detector's ``explain``.
    feature_names : sequence of str
        Names of the columns.
    values : sequence, optional
        Values of the record, of any type, for the labels.
    top : int, default 10
        Number of columns with a bar of their own.
    expected : sequence, optional
        Values that were expected: a row of the result of ``expected``. Those of columns with a fair part of the score
        are below the values found, where they differ.
    title : str, optional
        Name of the record, such as ``"Row 17"``, for the title.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; those of a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot.

    Raises
    ------
    ValueError
        If a contribution is not finite, there are none, `top` is below 1, or lengths differ.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = plot_contributions([0.5, 4.0, 1.5], ["hour", "amount", "country"], [3, 912.5, "FR"],
    ...                         ax=Figure().add_subplot())
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['amount = 912.5', 'country = FR', 'hour = 3']
    """
    parts = as_finite("contributions", contributions)
    check_length(feature_names, "feature_names", len(parts))
    for name, cells in (("values", values), ("expected", expected)):
        if cells is not None:
            check_length(cells, name, len(parts))
    if top < 1:
        raise ValueError(f"top must be at least 1; found {top}")
    order = np.argsort(-np.abs(parts), kind="stable")
    first, rest = order[:top], order[top:]
    told = np.abs(parts) >= _LEAST_SHARE * np.abs(parts).sum()
    names = [
        _label(
            feature_names[i],
            None if values is None else [values[i]],
            None if expected is None or not told[i] else [expected[i]],
        )
        for i in first
    ]
    sizes, colors = parts[first].tolist(), [ANOMALY if parts[i] >= 0.0 else NORMAL for i in first]
    if len(rest):
        names.append(f"{len(rest):,} other column{'s' if len(rest) > 1 else ''}")
        sizes.append(float(parts[rest].sum()))
        colors.append(GREY)
    ax = axes_or_new(ax)
    positions = np.arange(len(names))
    bars = ax.barh(positions, sizes, color=colors, height=0.7)
    ax.set_yticks(positions, names)
    ax.invert_yaxis()
    score = float(parts.sum())
    if parts.min() >= 0.0 and score > 0.0:
        percentages = [f"{100.0 * size / score:.0f} %" for size in sizes]
        ax.bar_label(bars, percentages, padding=3.0, color=DARK, fontsize="small")
        ax.margins(x=0.12)
    else:
        ax.axvline(0.0, color=GREY, linewidth=0.8)
    text = f"Contributions to the score {score:.4g}" if title is None else f"{title}: score {score:.4g}"
    style_axes(ax, text, "contribution to the anomaly score", "", grid="x")
    ax.tick_params(axis="y", length=0.0)
    return ax


# -- contributions -----------------------------------------------------------------------------


def _label(name: str, value: list[Any] | None, expected: list[Any] | None) -> str:
    """Return a short label of name and values; these are in lists, since they may be None."""
    text = shorten(str(name) if value is None else f"{name} = {_format(value[0])}")
    if value is None or expected is None or _format(expected[0]) == _format(value[0]):
        return text
    return f"{text}\nexpected {shorten(_format(expected[0]))}"


def _format(value: Any) -> str:
    # Text may be missing, too, as an empty cell of a file.
    if value is None or value != value or (isinstance(value, str) and value.strip() in MISSING_TEXTS):
        return "(missing)"
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, np.datetime64):
        return str(value)[:19].replace("T", " ")
    if is_number(value):
        return f"{value:,.5g}"
    return str(value)
