"""Plot of the latent space: where an encoder puts the records.

**A few far records** would take the whole picture: the others would be one blot, and the principal components would
point at the far ones. So both are those of the central records, and what lies beyond the frame is a triangle at its
edge that points outwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.plots.figures import ANOMALY, DARK, NORMAL, axes_or_new, legend_above, style_axes
from anomaly.plots.validation import as_mask, check_length
from nnlite.types import Array
from nnlite.validation import as_finite

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colours are logarithmic if the largest score is this many times the median.
_SKEWED = 10.0
_MANY_POINTS = 2000
# Fraction of the records that are central, by their distance from the median; of fewer records all are.
_CENTRAL, _FEW_RECORDS = 0.95, 50
# The frame is wider than the central records by this fraction on each side; it is drawn where records need a good deal
# more.
_MARGIN, _WORTH_A_FRAME = 0.25, 1.3


def plot_latent(latent: Any, labels: Any = None, scores: Any = None, *, ax: Axes | None = None) -> Axes:
    """Plot the latent space of an encoder: records that look alike to it lie together.

    If it has more than two dimensions, the first two principal components are plotted: the directions of largest
    variance of the central 95 % of the records, by a singular value decomposition. A single dimension is plotted over
    the number of the record. Where a few records are far from all others, they are triangles at the edge of the
    picture, which point outwards; the legend counts them.

    Parameters
    ----------
    latent : array_like of shape (n_records, n_dimensions)
        Output of the encoder.
    labels : array_like of shape (n_records,), optional
        True labels, 1 for anomalies and 0 for normal records; anomalies are in front.
    scores : array_like of shape (n_records,), optional
        Anomaly scores, as colours, the largest in front. Not together with `labels`.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; those of a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot.

    Raises
    ------
    ValueError
        If a value is not finite, there are none, lengths differ, or both labels and scores are given.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> latent = [[1.0, 1.0, 0.0], [2.0, 2.0, 0.5], [3.0, 3.0, 0.0]]
    >>> ax = plot_latent(latent, labels=[0, 0, 1], ax=Figure().add_subplot())
    >>> ax.get_xlabel()
    'first principal component (96 % of the variance)'
    """
    points = as_finite("latent", latent, ndim=2)
    if labels is not None and scores is not None:
        raise ValueError("labels and scores both determine the colours; give one of them")
    x, y, x_label, y_label = _coordinates(points)
    size = 14.0 if len(points) <= _MANY_POINTS else 5.0
    x_range = None if points.shape[1] == 1 else _frame(x)
    edges = _Edges(x, y, x_range, _frame(y))
    if scores is not None:
        ranked = as_finite("scores", scores)
        check_length(ranked, "scores", len(points))
        ax = axes_or_new(ax)
        _scatter_scores(ax, edges, ranked, size)
    else:
        truth = np.zeros(len(points), np.bool_) if labels is None else as_mask(labels, "labels", len(points))
        ax = axes_or_new(ax)
        _scatter_classes(ax, edges, truth, size, legend=labels is not None)
    style_axes(ax, "Latent space: records that look alike lie together", x_label, y_label, grid="both")
    legend_above(ax)
    return ax


def _coordinates(points: Array) -> tuple[Array, Array, str, str]:
    """Return two coordinates of the points, and their names."""
    dimensions = points.shape[1]
    if dimensions == 1:
        return np.arange(len(points), dtype=np.float64), points[:, 0], "record", "latent dimension 1"
    if dimensions == 2:
        return points[:, 0], points[:, 1], "latent dimension 1", "latent dimension 2"
    components, fractions = _principal_components(points)
    names = [
        f"{order} principal component ({100.0 * fraction:.0f} % of the variance)"
        for order, fraction in zip(("first", "second"), fractions, strict=True)
    ]
    return components[:, 0], components[:, 1], names[0], names[1]


def _principal_components(points: Array) -> tuple[Array, list[float]]:
    """Return the projection onto the two directions of largest variance, and their fractions of the variance.

    Directions and variances are those of the central records.

    With the singular value decomposition X - mean = U S V^T, the columns of (X - mean) V are the components, and the
    squares of S are proportional to the variances. The sign of a component is arbitrary: it is chosen so that the
    largest weight in V is positive, for reproducible plots.
    """
    central = points[_are_central(points)]
    mean = central.mean(axis=0)
    _, s, vt = np.linalg.svd(central - mean, full_matrices=False)
    if len(s) < 2:  # a single record
        return np.zeros((len(points), 2)), [0.0, 0.0]
    largest = np.abs(vt[:2]).argmax(axis=1)
    signs = np.where(vt[[0, 1], largest] < 0.0, -1.0, 1.0)
    variances = s**2
    fractions = variances[:2] / max(float(variances.sum()), np.finfo(np.float64).tiny)
    return (points - mean) @ (vt[:2].T * signs), fractions.tolist()


def _are_central(points: Array) -> Array:
    """Return which records are not among the few that are farthest from the median."""
    if len(points) < _FEW_RECORDS:
        return np.ones(len(points), np.bool_)
    distances = np.linalg.norm(points - np.median(points, axis=0), axis=1)
    return np.asarray(distances <= np.quantile(distances, _CENTRAL))


def _frame(values: Array) -> tuple[float, float] | None:
    """Return the range around the central values, or None if the range of all values is hardly larger."""
    if len(values) < _FEW_RECORDS:
        return None
    tail = (1.0 - _CENTRAL) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    low, high = float(low - _MARGIN * (high - low)), float(high + _MARGIN * (high - low))
    low, high = max(low, float(values.min())), min(high, float(values.max()))
    return (low, high) if np.ptp(values) > _WORTH_A_FRAME * (high - low) > 0.0 else None


class _Edges:
    """Points inside a frame, and those beyond it moved to its edge."""

    def __init__(self, x: Array, y: Array, x_range: tuple[float, float] | None, y_range: tuple[float, float] | None):
        self.x, self.y = (v if r is None else v.clip(*r) for v, r in ((x, x_range), (y, y_range)))
        left, right, below, above = self.x > x, self.x < x, self.y > y, self.y < y
        self.inside = ~(left | right | below | above)
        # A point beyond a corner points to one side.
        self.markers = {"<": left, ">": right & ~left, "v": below & ~(left | right), "^": above & ~(left | right)}

    def scatter(self, ax: Axes, members: Array, colors: Any, size: float, **style: Any) -> Any:
        """Draw some of the points, those inside as dots; `colors` are one for each point, or one for all."""
        drawn = None
        for marker, here in [("o", self.inside), *self.markers.items()]:
            chosen = members[here[members]]
            if not len(chosen) and marker != "o":
                continue
            kind = {"color": colors} if isinstance(colors, str) else {"c": colors[chosen]}
            area = size if marker == "o" else max(22.0, size)
            dots = ax.scatter(
                self.x[chosen], self.y[chosen], s=area, marker=marker, linewidths=0.0, clip_on=False, **kind, **style
            )
            style.pop("label", None)
            drawn = dots if drawn is None else drawn
        return drawn

    def note(self, ax: Axes) -> None:
        """Add the number of points beyond the frame to the legend."""
        outside = int((~self.inside).sum())
        if outside:
            ax.scatter([], [], s=22.0, marker=">", color=DARK, linewidths=0.0, label=f"beyond the frame ({outside:,})")


def _scatter_scores(ax: Axes, points: _Edges, scores: Array, size: float) -> None:
    from matplotlib.colors import LogNorm, Normalize

    skewed = scores.min() > 0.0 and scores.max() > _SKEWED * np.median(scores)
    norm = (LogNorm if skewed else Normalize)(float(scores.min()), float(scores.max()))
    drawn = points.scatter(ax, np.argsort(scores, kind="stable"), scores, size, cmap="viridis", norm=norm)
    bar = ax.figure.colorbar(drawn, ax=ax, label=f"anomaly score{', logarithmic scale' if skewed else ''}")
    bar.outline.set_visible(False)
    points.note(ax)


def _scatter_classes(ax: Axes, points: _Edges, truth: Array, size: float, *, legend: bool) -> None:
    groups = [(~truth, NORMAL, "normal", 0.45, size), (truth, ANOMALY, "anomalies", 0.9, 1.8 * size)]
    for members, color, name, alpha, area in groups:
        label = f"{name} ({int(members.sum()):,})" if legend else None
        points.scatter(ax, np.flatnonzero(members), color, area, alpha=alpha, label=label)
    points.note(ax)
