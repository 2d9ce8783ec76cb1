"""Accuracy of explanations as text, as JSON and as a picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from anomaly.plots import save_figure
from anomaly.plots.figures import BLUE, CURVES, DARK, style_axes
from benchmarks.entries import sources_version
from benchmarks.quality.cell_faults import KINDS, MAIN_KINDS
from benchmarks.quality.report import SCHEMA
from benchmarks.quality.report import write as write_json

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Times: TypeAlias = "dict[str, float]"
"""Seconds of a processor by method; of ``score``, to score the same records."""

_TOGETHER = "these four"
_OURS = "explain"
_MARKS = "osD^vP*"


class Trial(NamedTuple):
    """One kind of fault in one table.

    Attributes
    ----------
    family, table : str
        Family of the table, and its name.
    seed : int
        Seed of the records and of the detector.
    kind : str
        Kind of the fault.
    altered, alarms : int
        Numbers of altered records and of those flagged.
    first, both : dict of str to int
        By method: alarms whose column is named first, and those with two faults that are named first and second.
    """

    family: str
    table: str
    seed: int
    kind: str
    altered: int
    alarms: int
    first: dict[str, int]
    both: dict[str, int]


class Accuracy(NamedTuple):
    """Sums over tables and seeds.

    Attributes
    ----------
    tables, altered, alarms : int
        Numbers of tables, of altered records and of those flagged.
    first, both : dict of str to float
        By method: fractions of alarms, as counted by `Trial`.
    """

    tables: int
    altered: int
    alarms: int
    first: dict[str, float]
    both: dict[str, float]


def accuracy(found: Sequence[Trial]) -> Accuracy:
    """Return the accuracy over all alarms of some trials."""
    altered, alarms = (sum(getattr(trial, name) for trial in found) for name in ("altered", "alarms"))
    first, both = (
        {method: sum(getattr(trial, what)[method] for trial in found) / alarms for method in found[0].first}
        for what in ("first", "both")
    )
    return Accuracy(len({(trial.family, trial.table) for trial in found}), altered, alarms, first, both)


def by_family(found: Iterable[Trial]) -> dict[str, dict[str, Accuracy]]:
    """Return the accuracy of each kind, and of the main kinds together, in each family of tables."""
    found = list(found)
    families: dict[str, dict[str, Accuracy]] = {}
    for family in dict.fromkeys(trial.family for trial in found):
        own = [trial for trial in found if trial.family == family]
        groups = {kind: [trial for trial in own if trial.kind == kind] for kind in KINDS}
        groups[_TOGETHER] = [trial for trial in own if trial.kind in MAIN_KINDS]
        order = (*MAIN_KINDS, _TOGETHER, *(kind for kind in KINDS if kind not in MAIN_KINDS))
        families[family] = {kind: accuracy(groups[kind]) for kind in order if groups[kind]}
    return families


def as_text(found: Iterable[Trial], times: Times) -> str:
    """Return tables of the accuracies by kind, one for each family, and the cost."""
    parts = [f"{family}\n{_table(kinds)}" for family, kinds in by_family(found).items()]
    costs = ", ".join(f"{name} {own / times['score']:.2f}" for name, own in times.items() if name != "score")
    return "\n\n".join([*parts, f"seconds of a processor, of which scoring the records takes 1: {costs}"])


def _table(kinds: Mapping[str, Accuracy]) -> str:
    methods = list(next(iter(kinds.values())).first)
    lines = [f"{'fault':<20}{'tables':>7}{'flagged':>9}{'alarms':>8}" + "".join(f"{name:>9}" for name in methods)]
    for kind, own in kinds.items():
        share = own.alarms / own.altered
        lines.append(f"{kind:<20}{own.tables:>7}{share:>9.0%}{own.alarms:>8}{_fractions(own.first)}")
        if kind in KINDS and KINDS[kind].n_columns == 2:
            lines.append(f"{'  both at the top':<44}{_fractions(own.both)}")
    return "\n".join(lines)


def _fractions(values: Mapping[str, float]) -> str:
    return "".join(f"{value:>9.3f}" for value in values.values())


def as_dict(plan: Mapping[str, Any], found: Sequence[Trial], times: Times) -> dict[str, Any]:
    """Return everything as plain values.

    Returns
    -------
    dict
        ``schema``: 1. ``date``: UTC, ISO 8601. ``plan``: what was asked for. ``version``: of our sources.
        ``seconds``: of a processor by method, and to score. ``families``: for each and each kind, and for the main
        kinds together, what `Accuracy` holds. ``trials``: what each `Trial` holds.
    """
    return {
        "schema": SCHEMA,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "plan": {name: str(value) if isinstance(value, Path) else value for name, value in plan.items()},
        "version": sources_version(),
        "seconds": times,
        "families": {
            family: {kind: own._asdict() for kind, own in kinds.items()} for family, kinds in by_family(found).items()
        },
        "trials": [trial._asdict() for trial in found],
    }


def draw(found: Sequence[Trial]) -> Figure:
    """Draw for each family of tables how often each method names the altered column first, by kind of fault."""
    from matplotlib.figure import Figure

    families = by_family(found)
    most = max(map(len, families.values()))
    canvas = Figure(figsize=(2.2 + 3.4 * len(families), 1.6 + 0.27 * most), layout="constrained")
    panels = canvas.subplots(1, len(families), squeeze=False)[0]
    for axes, (family, kinds) in zip(panels, families.items(), strict=True):
        _draw_family(axes, family, kinds)
    handles, labels = panels[0].get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=9)
    return canvas


def _draw_family(axes: Axes, family: str, kinds: Mapping[str, Accuracy]) -> None:
    methods = list(next(iter(kinds.values())).first)
    others = [color for color in CURVES if color != BLUE]
    colors = {name: BLUE if name == _OURS else others[i % len(others)] for i, name in enumerate(methods)}
    # Ours is drawn last, above the others.
    for name, mark in reversed(list(zip(methods, _MARKS, strict=False))):
        values = [own.first[name] for own in kinds.values()]
        axes.plot(values, range(len(kinds)), mark, color=colors[name], markersize=7 if name == _OURS else 5, label=name)
    axes.set_yticks(range(len(kinds)), [f"{kind} ({own.alarms:,})" for kind, own in kinds.items()], fontsize=8)
    axes.set_ylim(len(kinds) - 0.4, -0.6)
    n_tables = max(own.tables for own in kinds.values())
    style_axes(axes, "", "altered column named first (number of alarms)", "", grid="both")
    axes.set_title(f"{family} ({n_tables} tables)", loc="left", fontsize=10, fontweight="bold", color=DARK)
    axes.set_xlim(-0.03, 1.03)
    axes.xaxis.label.set_fontsize(8)
    axes.tick_params(axis="y", length=0)


def write(folder: Path, plan: Mapping[str, Any], found: Sequence[Trial], times: Times) -> list[Path]:
    """Write ``reasons.json`` and ``reasons.png``, and return their paths."""
    paths = [folder / "reasons.json", folder / "reasons.png"]
    write_json(paths[0], as_dict(plan, found, times))
    save_figure(draw(found), paths[1])
    return paths
