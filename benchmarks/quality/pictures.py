"""Comparisons as pictures: AUROC and average precision, mean ranks, and the loss by missing cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import cycle, product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from anomaly.plots import save_figure
from anomaly.plots.figures import BLUE, CURVES, DARK, GREY, PALE, style_axes
from benchmarks.quality.contestants import OURS
from benchmarks.quality.summary import Comparison, Standing, alike, critical_difference, ranks, standings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_OTHERS = [color for color in CURVES if color != BLUE]
_ACROSS = 2
_MISSING = "missing-"
_FIGURES = (("AUROC", "auroc", "auroc_by_seed"), ("average precision", "ap", "ap_by_seed"))
_LEGEND = "dot: mean over tables and seeds; bar: from the lowest to the highest seed; blue: ours"
_DASHES = ("-", "--", ":")


def draw_overview(comparisons: Sequence[Comparison]) -> Figure:
    """Draw means over tables as dots, with a line from the worst to the best seed; the same order in both columns."""
    from matplotlib.figure import Figure

    rows = math.ceil(len(comparisons) / _ACROSS)
    across = min(_ACROSS, len(comparisons))
    most = max(len(one.detectors) for one in comparisons)
    canvas = Figure(figsize=(6.9 * across, (1.0 + 0.2 * most) * rows), layout="constrained")
    panels = canvas.subplots(rows, 2 * across, squeeze=False)
    for i, comparison in enumerate(comparisons):
        row, column = divmod(i, across)
        ranked = standings(comparison)
        for axes, figure in zip(panels[row, 2 * column : 2 * column + 2], _FIGURES, strict=True):
            _draw_means(axes, ranked, *figure)
        left, right = panels[row, 2 * column : 2 * column + 2]
        left.set_title(_title(comparison), loc="left", fontsize=10, fontweight="bold", color=DARK)
        right.set_yticklabels([])
    canvas.supxlabel(_LEGEND, fontsize=9, color=DARK)
    for axes in panels.ravel()[2 * len(comparisons) :]:
        axes.set_visible(False)
    return canvas


def _title(comparison: Comparison) -> str:
    n = len(comparison.tables)
    return f"{comparison.protocol} ({n} table{'' if n == 1 else 's'})"


def _draw_means(axes: Axes, ranked: Sequence[Standing], label: str, figure: str, by_seed: str) -> None:
    for place, standing in enumerate(ranked):
        color = BLUE if standing.detector in OURS else GREY
        seeds = getattr(standing, by_seed)
        axes.plot([min(seeds), max(seeds)], [place, place], color=color, linewidth=3, alpha=0.4, solid_capstyle="butt")
        axes.plot(getattr(standing, figure), place, "o", color=color, markersize=6)
    axes.set_yticks(range(len(ranked)), [_name(standing) for standing in ranked], fontsize=8)
    axes.set_ylim(len(ranked) - 0.4, -0.6)
    style_axes(axes, "", label, "", grid="both")
    axes.margins(x=0.08)
    axes.xaxis.label.set_fontsize(8)
    axes.tick_params(axis="x", labelsize=8)
    axes.tick_params(axis="y", length=0)


def _name(standing: Standing) -> str:
    return f"{standing.detector}, {standing.refused} refused" if standing.refused else standing.detector


def draw_missing(comparisons: Sequence[Comparison]) -> Figure | None:
    """Draw the mean AUROC by the fraction of missing cells; None if fewer than two fractions were measured."""
    from matplotlib.figure import Figure

    measured = [one for one in comparisons if one.protocol.startswith(_MISSING)]
    levels = {float(one.protocol.removeprefix(_MISSING)): one for one in measured}
    if len(levels) < 2:
        return None
    percents = sorted(levels)
    means = [{one.detector: one.auroc for one in standings(levels[percent])} for percent in percents]
    names = sorted(set.intersection(*map(set, means)), key=lambda name: -means[-1][name])
    canvas = Figure(figsize=(7.5, 4.6), layout="constrained")
    axes = canvas.subplots()
    styles = {True: cycle(product(_DASHES, [BLUE], [2.5])), False: cycle(product(_DASHES, _OTHERS, [1.2]))}
    for name in names:
        dashes, color, width = next(styles[name in OURS])
        values = [mean[name] for mean in means]
        axes.plot(percents, values, dashes, marker="o", markersize=4, color=color, linewidth=width, label=name)
    n_tables = len(levels[percents[0]].tables)
    style_axes(axes, f"AUROC with missing cells, mean of {n_tables} tables", "missing cells, %", "AUROC")
    axes.set_xticks(percents)
    canvas.legend(loc="outside right center", frameon=False, fontsize=9)
    return canvas


def draw_ranks(comparison: Comparison) -> Figure | None:
    """Draw mean ranks on a line; a bar joins detectors without a significant difference. None for a single one."""
    from matplotlib.figure import Figure

    if len(comparison.detectors) < 2 or len(comparison.tables) < 2:
        return None
    places = ranks(comparison.auroc.mean(axis=2).T)
    order = np.argsort(places)
    bars = alike(places[order], critical_difference(len(places), len(comparison.tables)))
    canvas = Figure(figsize=(8, 1.0 + 0.3 * (len(places) + len(bars))), layout="constrained")
    axes = canvas.subplots()
    for row, i in enumerate(order):
        color = BLUE if comparison.detectors[i] in OURS else DARK
        axes.plot([places[i], places[i]], [0, -row - 1], color=PALE, linewidth=1)
        axes.plot(places[i], 0, "o", color=color)
        label = f" {comparison.detectors[i]} ({places[i]:.2f})"
        axes.annotate(label, (places[i], -row - 1), va="center", fontsize=9, color=color)
    for row, ends in enumerate(bars, start=1):
        axes.plot(ends, [0.7 * row] * 2, color=GREY, linewidth=4, solid_capstyle="butt")
    style_axes(axes, f"{_title(comparison)}: a bar joins what does not differ at 5 % (Nemenyi)", "", "", grid="")
    axes.set_xlabel("mean rank by AUROC; 1 is best", color=DARK)
    axes.set_xlim(0.9, float(places.max()) + 0.2 * len(places) + 0.5)
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)
    return canvas


def save_all(folder: Path, comparisons: Sequence[Comparison]) -> list[Path]:
    """Draw and write all pictures that there is something to draw for, and return their paths."""
    drawings: dict[str, Callable[[], Figure | None]] = {
        "quality.png": lambda: draw_overview(comparisons) if comparisons else None,
        "missing.png": lambda: draw_missing(comparisons),
        **{f"ranks-{one.protocol}.png": lambda one=one: draw_ranks(one) for one in comparisons},
    }
    written = []
    for name, draw in drawings.items():
        canvas = draw()
        if canvas is not None:
            save_figure(canvas, folder / name)
            written.append(folder / name)
    return written
