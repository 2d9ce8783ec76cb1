r"""What each member of our detector of series is worth: VUS-PR of the blend without it.

::

    python -m benchmarks.series.members --data FOLDER [--seeds N]

On the labelled series of `parts.families` and by its protocol. The members are fitted once; then the detector's own
blend is that of all, of all but one, and of one alone, with their weights and without networks. A member's worth is
what the blend loses without it, as a mean over series and over families, since some families have one series and some
ten.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from anomaly.cli.texts import table
from anomaly.detectors.blend import Blend
from anomaly.detectors.sequence.ensemble import SeriesEnsemble
from anomaly.detectors.sequence.windows.covariance import WindowCovariance
from anomaly.detectors.sequence.windows.period import find_period
from anomaly.detectors.sequence.windows.quiet import QuietWindows
from anomaly.detectors.sequence.windows.stream import WindowMember, WindowStream
from anomaly.detectors.sequence.windows.views import StatisticsView
from anomaly.preprocessing.series import Segment, SeriesPreprocessor
from anomaly.tables.series import as_series
from benchmarks.series.parts.families import cases, vus_pr_of
from benchmarks.series.parts.part import Case
from nnlite.types import Array

_LENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0)


class Values(NamedTuple):
    """Values of a member, in units of its median of training: those of training, and those of the steps to score."""

    name: str
    training: Array
    scored: Array


class Members(NamedTuple):
    """Values of the members on a case, and the blend that the detector makes of them."""

    values: list[Values]
    blend: Blend


class Worth(NamedTuple):
    """VUS-PR of one series: of all members, and by name of all without one and of one alone."""

    family: str
    n_columns: int
    all: float
    without: dict[str, float]
    alone: dict[str, float]


def main(argv: Sequence[str]) -> int:
    """Print a table for series of one column and one for series of many."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.series.members", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with series/index.csv")
    parser.add_argument("--seeds", type=int, default=1, help="number of seeds, whose means are printed")
    options = parser.parse_args(argv)
    found = [
        worth(case, values_of(case, seed)) for seed in range(options.seeds) for case in cases(options.data, seed, False)
    ]
    print(report(found))
    return 0


def values_of(case: Case, seed: int) -> Members:
    """Return the values of each member on the steps of a case, and their blend."""
    table_of = as_series(case.train)
    preprocessor = SeriesPreprocessor().fit([table_of])
    training = preprocessor.reader().read(table_of)
    ensemble = SeriesEnsemble(causal=False)
    period = find_period([segment.features for segment in training])
    parts = ensemble.fit(training, period, np.random.default_rng(seed))
    ensemble.calibrate(parts, np.ones(len(parts[0]), np.bool_), network_share=0.0)
    of_training = [part.sum(axis=1) for part in parts]
    scored = of_training
    if case.segments[0].series is not case.train:
        scored = list(_streamed(ensemble, preprocessor.reader().read(as_series(case.segments[0].series))))
    names = [_name(member, period) for member in ensemble.members_]
    values = [
        Values(name, a / unit, b / unit)
        for name, a, b, unit in zip(names, of_training, scored, ensemble.units_, strict=True)
    ]
    return Members(values, ensemble.blend_)


def worth(case: Case, members: Members) -> Worth:
    """Return VUS-PR of all members, without each, and of each alone."""
    scored = [member.scored for member in members.values]

    def measured(is_used: Callable[[str], bool]) -> float:
        used = np.array([is_used(member.name) for member in members.values])
        return vus_pr_of(case, members.blend.with_weights(members.blend.weights * used).scores(scored))

    names = dict.fromkeys(member.name for member in members.values)
    return Worth(
        case.group,
        case.train.shape[1],
        measured(lambda _: True),
        {name: measured(lambda other, left_out=name: other != left_out) for name in names},
        {name: measured(lambda other, alone=name: other == alone) for name in names},
    )


def report(found: Sequence[Worth]) -> str:
    """Return a table for series of one column and one for series of many."""
    texts = []
    for title, chosen in (
        ("one column", [one for one in found if one.n_columns == 1]),
        ("many columns", [one for one in found if one.n_columns > 1]),
    ):
        if not chosen:
            continue
        names = dict.fromkeys(name for one in chosen for name in one.without)
        rows = [["all", f"{np.mean([one.all for one in chosen]):.3f}", "", "", ""]]
        for name in names:
            rows.append(_row(name, chosen))
        head = [f"{title} (fits: {len(chosen)})", "VUS-PR", "worth", "by family", "families helped"]
        texts.append(table(head, rows))
    return "\n\n".join(texts)


def _row(name: str, found: Sequence[Worth]) -> list[str]:
    """Return the row of a member: of the series that have it, as some have windows of fewer lengths."""
    having = [one for one in found if name in one.without]
    gains = np.array([one.all - one.without[name] for one in having])
    families = np.array([one.family for one in having])
    by_family = np.array([gains[families == family].mean() for family in np.unique(families)])
    return [
        name,
        f"{np.mean([one.alone[name] for one in having]):.3f}",
        f"{gains.mean():+.4f}",
        f"{by_family.mean():+.4f}",
        f"{(by_family > 0).sum()}/{len(by_family)}",
    ]


def _streamed(ensemble: SeriesEnsemble, segments: Sequence[Segment]) -> Iterator[Array]:
    """Yield the values of each member on the steps of segments, one after the other."""
    chosen = ensemble.features_.selected
    by_segment = []
    for segment in segments:
        steps, missing = ensemble.features_.select(segment.features), segment.missing[:, chosen]
        # Each member by itself: a stream of all of them shares the last steps of the segment.
        pairs = zip(ensemble.members_, ensemble.typical_, strict=True)
        streams = [WindowStream(member, typical, ensemble.causal) for member, typical in pairs]
        by_segment.append([np.concatenate([s.push(steps, missing), s.finish()]).sum(axis=1) for s in streams])
    for values in zip(*by_segment, strict=True):
        yield np.concatenate(values)


def _name(member: WindowMember, period: int) -> str:
    """Return what a member compares, and about how many periods."""
    if isinstance(member, WindowCovariance):
        return "covariance of 4 steps" if member.window <= 4 else "covariance of long windows"
    if isinstance(member, QuietWindows):
        return f"too little {member.measure.name}"
    if member.view.name == StatisticsView.name:
        return "statistics"  # of windows of one length
    nearest = min(_LENGTHS, key=lambda length: abs(np.log(member.window / (length * period))))
    of_what = member.view.name.removeprefix("coarse ")  # Long windows are compared by means of steps.
    return f"{of_what}, {nearest:g} period{'s' * (nearest != 1)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
