"""Summary of the results: means, ranks, and the significance of differences."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

# Critical values of the studentised range over the square root of 2, at 5 %, for 2 to 10 detectors (Demsar, JMLR 2006).
_NEMENYI = (1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164)


def by_detector(results: list[dict[str, Any]], protocol: str, figure: str) -> tuple[list[str], list[str], np.ndarray]:
    """Return detectors, tables, and the mean of a figure over the seeds, of shape (tables, detectors).

    Tables on which a detector has no result are left out.
    """
    cells: dict[tuple[str, str], list[float]] = defaultdict(list)
    for result in results:
        if result["protocol"] == protocol and "error" not in result:
            cells[result["table"], result["detector"]].append(result[figure])
    detectors = sorted({detector for _, detector in cells})
    tables = sorted({table for table, _ in cells})
    tables = [table for table in tables if all((table, detector) in cells for detector in detectors)]
    means = [[float(np.mean(cells[table, detector])) for detector in detectors] for table in tables]
    return detectors, tables, np.array(means).reshape(len(tables), len(detectors))


def ranks(figures: np.ndarray) -> np.ndarray:
    """Return each detector's mean rank over tables; rank 1 is the largest figure, ties have the mean of their ranks."""
    larger = (figures[:, np.newaxis, :] > figures[:, :, np.newaxis]).sum(axis=2)
    equal = (figures[:, np.newaxis, :] == figures[:, :, np.newaxis]).sum(axis=2)
    return (larger + (equal + 1) / 2).mean(axis=0)


def critical_difference(n_detectors: int, n_tables: int) -> float:
    r"""Return the critical difference of mean ranks at a level of 5 %: :math:`q\sqrt{k(k + 1) / 6N}`.

    References
    ----------
    Demsar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7 (2006).
    """
    return _NEMENYI[n_detectors - 2] * math.sqrt(n_detectors * (n_detectors + 1) / (6 * n_tables))


def table(results: list[dict[str, Any]], protocol: str) -> str:
    """Return the comparison as text, the best detector first."""
    detectors, names, auroc = by_detector(results, protocol, "auroc")
    ap, seconds = (by_detector(results, protocol, figure)[2] for figure in ("ap", "fit_seconds"))
    places = ranks(auroc)
    lines = [
        f"{protocol}, {len(names)} tables",
        f"{'detector':<22}{'AUROC':>8}{'AP':>8}{'rank':>7}{'fit, mean s':>13}{'most s':>9}",
    ]
    for i in np.argsort(-auroc.mean(axis=0)):
        lines.append(
            f"{detectors[i]:<22}{auroc[:, i].mean():8.3f}{ap[:, i].mean():8.3f}{places[i]:7.2f}"
            f"{seconds[:, i].mean():13.2f}{seconds[:, i].max():9.2f}"
        )
    return "\n".join(lines)


def alike(rising: np.ndarray, distance: float) -> list[tuple[float, float]]:
    """Return the ends of the longest intervals of mean ranks that are no longer than a distance."""
    lasts = [float(rising[rising - first <= distance].max()) for first in rising]
    return [
        (float(first), last)
        for i, (first, last) in enumerate(zip(rising, lasts, strict=True))
        if last > first and last not in lasts[:i]
    ]


def draw(results: list[dict[str, Any]], protocol: str, path: Path) -> None:
    """Draw mean ranks on a line; a bar joins detectors without a significant difference."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    detectors, names, auroc = by_detector(results, protocol, "auroc")
    if len(detectors) < 2:
        return
    places = ranks(auroc)
    distance = critical_difference(len(detectors), len(names))
    order = np.argsort(places)
    bars = alike(places[order], distance)
    figure, axes = plt.subplots(figsize=(8, 1.0 + 0.3 * (len(detectors) + len(bars))), layout="constrained")
    for row, i in enumerate(order):
        axes.plot([places[i], places[i]], [0, -row - 1], color="0.7", linewidth=1)
        axes.plot(places[i], 0, "o", color="0.2")
        axes.annotate(f" {detectors[i]} ({places[i]:.2f})", (places[i], -row - 1), va="center")
    for row, ends in enumerate(bars, start=1):
        axes.plot(ends, [0.7 * row] * 2, color="tab:blue", linewidth=3, solid_capstyle="butt")
    axes.set(title=f"{protocol}: mean rank by AUROC on {len(names)} tables; bars: no difference at 5 % (Nemenyi)")
    axes.set_xlim(1, max(float(places.max()), 2.0) + 1.5)
    axes.set_xlabel("mean rank")
    axes.yaxis.set_visible(False)
    axes.spines[["left", "right", "top"]].set_visible(False)
    figure.savefig(path, dpi=120)
    plt.close(figure)
