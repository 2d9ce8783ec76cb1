"""The comparison as a picture: a panel for each part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anomaly.metrics import NAB_PROFILES
from anomaly.plots import save_figure
from anomaly.plots.figures import BLUE, CURVES, style_axes
from benchmarks.series.contestants import CONTESTANTS, is_ours

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OTHERS = [color for color in CURVES if color != BLUE]


def save(folder: Path, parts: dict[str, dict[str, Any]]) -> list[Path]:
    """Draw the panels of the parts that were measured; return the files that were written."""
    from matplotlib.figure import Figure

    drawn = [name for name in _PANELS if name in parts]
    if not drawn:
        return []
    heights = [max(1.9, _N_ROWS[name](parts[name]) * 0.26 + 1.1) for name in drawn]
    canvas = Figure(figsize=(9.0, sum(heights)), layout="constrained")
    panels = canvas.subplots(len(drawn), 1, squeeze=False, height_ratios=heights)
    for axes, name in zip(panels[:, 0], drawn, strict=True):
        _PANELS[name](axes, parts[name])
    path = folder / "series.png"
    save_figure(canvas, path)
    return [path]


def _rows(axes: Axes, title: str, label: str, names: list[str], values: dict[str, list[float]]) -> None:
    """Draw one row a name, with a mark for each detector: circles are ours."""
    variants = sorted(name for name in values if name not in CONTESTANTS)
    colors = dict(zip([*CONTESTANTS, *variants], [BLUE, *_OTHERS * 4], strict=False))
    for detector in sorted(values, key=list(colors).index):
        ours = is_ours(detector)
        axes.plot(
            values[detector],
            range(len(names)),
            "o" if ours else "D",
            color=colors[detector],
            markersize=7 if ours else 4.5,
            zorder=3 if ours else 2,
            label=detector,
        )
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)
    style_axes(axes, title, label, "", grid="both")
    axes.tick_params(axis="y", length=0)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _draw_families(axes: Axes, figures: dict[str, Any]) -> None:
    detectors = figures["detectors"]
    families = list(next(iter(detectors.values()))["by_family"])
    values = {
        name: [own["vus_pr"], own["one_column"], own["many_columns"], *(own["by_family"][one] for one in families)]
        for name, own in detectors.items()
    }
    names = ["all series", "one column", "many columns", *families]
    _rows(axes, "labelled series by family", "VUS-PR", names, values)


def _draw_skab(axes: Axes, figures: dict[str, Any]) -> None:
    values = {name: [own["f1"]] for name, own in figures["detectors"].items()}
    _rows(axes, "SKAB: labels at nearly one place in most files", "F1 of rows", ["all files"], values)
    axes.axvline(figures["without_sensors"]["f1"], linestyle="--", linewidth=1, color="0.4")
    axes.annotate("no look at any sensor", (figures["without_sensors"]["f1"], -0.45), fontsize=7, ha="right")


def _draw_alarms(axes: Axes, figures: dict[str, Any]) -> None:
    groups = list(next(iter(figures["detectors"].values())))
    values = {name: [own[group]["alarms_a_week"] for group in groups] for name, own in figures["detectors"].items()}
    _rows(axes, "false alarms on fresh normal segments", "alarms a week of minutes", groups, values)
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(left=-0.1)


def _draw_nab(axes: Axes, figures: dict[str, Any]) -> None:
    values = {name: [own[profile] for profile in NAB_PROFILES] for name, own in figures["detectors"].items()}
    _rows(axes, "NAB, scored causally", "NAB's score at the detector's own threshold", list(NAB_PROFILES), values)


def _draw_faults(axes: Axes, figures: dict[str, Any]) -> None:
    detectors = figures["detectors"]
    kinds = list(next(iter(detectors.values()))["auroc"])
    values = {name: [own["auroc"][kind] for kind in kinds] for name, own in detectors.items()}
    _rows(axes, "faults by kind", "AUROC of steps", kinds, values)
    axes.axvline(0.5, linestyle="--", linewidth=1, color="0.4")


_PANELS: dict[str, Callable[[Axes, dict[str, Any]], None]] = {
    "families": _draw_families,
    "skab": _draw_skab,
    "nab": _draw_nab,
    "alarms": _draw_alarms,
    "faults": _draw_faults,
}

_N_ROWS: dict[str, Callable[[dict[str, Any]], int]] = {
    "families": lambda figures: 3 + len(next(iter(figures["detectors"].values()))["by_family"]),
    "skab": lambda _: 1,
    "nab": lambda _: len(NAB_PROFILES),
    "alarms": lambda figures: len(next(iter(figures["detectors"].values()))),
    "faults": lambda figures: len(next(iter(figures["detectors"].values()))["auroc"]),
}
