"""Selection of the settings for the series without labels: ``python -m benchmarks.series.choice --data FOLDER``.

Candidates are compared on segments without anomalies, into which faults are injected:

- SKAB: its file without anomalies in eight segments of some 1,170 rows, of which 400 are for training as in the
  protocol; and the 400 training rows of each experiment, half of them for training here, since the machine runs
  differently in the experiments. The faults are process faults after SKAB's documentation
  (`benchmarks.series.process_faults`).
- NAB: the first week of each series, which precedes all labelled windows, and the second week of the series without
  anomalies. The faults are faults of one sensor (`benchmarks.series.faults`). The protocol scores ten times as many
  rows as it trains on; here the first day of a week is for training. Ten weeks drift further than one, so a random walk
  is added after that day, with the variance of the changes between daily means; three walks for each week.

The criterion follows the protocols. For SKAB it is the F1 score of all steps of all faulty series, minus the fraction
of steps flagged in the series without a fault; for NAB the F1 score of faults found and false events, minus the
fraction of days with an alarm in the series without a fault, which may be at most one in a month. All segments have
equal weight. Of the candidates within one standard error of the best (a jackknife of the difference over segments), the
one that changes the fewest parameters of the detector is chosen, and of several such, the best. The output has the best
candidates, the default settings, and the choice.

The residuals of the networks are computed once for all candidates that differ only in smoothing and calibration.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from anomaly import SequenceDetector
from anomaly.detectors.sequence.calibration import calibrate
from anomaly.detectors.sequence.residual_streams import chunks_of, residuals_of
from anomaly.detectors.sequence.training import fold_of_steps
from anomaly.detectors.sequence.whitening import ResidualScale
from anomaly.events import find_events
from anomaly.tables.csv_files import read_csv
from anomaly.tables.series import as_series
from benchmarks.series import nab, skab
from benchmarks.series.faults import KINDS, Fault, inject
from benchmarks.series.process_faults import COURSES, inject_process
from nnlite.types import Array

Setting = dict[str, Any]

EACH = 4
SHOWN = 8
WALKS = 3


@dataclass(frozen=True)
class Piece:
    """A series without anomalies, and copies of it with one fault each."""

    series: Array
    training: int
    faults: list[Fault]


@dataclass(frozen=True)
class Study:
    """The segments of a collection and the candidates: settings of the networks, and of smoothing and calibration.

    `count` turns true and predicted labels into counts of true alarms, false alarms, missed alarms and true negatives;
    `tolerated` is the largest fraction of false alarms of a setting to be chosen; `kinds` are the kinds of faults.
    """

    name: str
    kinds: list[str]
    count: Callable[[Array, Array], Array]
    tolerated: float
    pieces: list[Piece]
    networks: list[Setting]
    treatments: list[Setting]


def crossed(**values: Sequence[Any]) -> list[Setting]:
    """Return the Cartesian product of the values of parameters."""
    return [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


def of_skab(folder: Path, each: int) -> Study:
    """Return the study on the segments of SKAB."""
    normal = sensors_of(folder / "skab" / "anomaly-free" / "anomaly-free.csv")
    pieces = [
        process_piece(part, skab.TRAINING_ROWS, each, seed) for seed, part in enumerate(np.array_split(normal, 8))
    ]
    for seed, path in enumerate(skab.experiments(folder / "skab"), start=len(pieces)):
        rows = sensors_of(path)[: skab.TRAINING_ROWS]
        pieces.append(process_piece(rows, len(rows) // 2, each, seed))
    networks = [*crossed(window=[2, 10, 32], noise=[0.2, 1.0, 5.0, 20.0]), {"folds": 1}, {"relative": True}]
    treatments = crossed(smoothing=[5, 10, 20, 40], margin=[1.0, 1.5, 2.0, 3.0])
    return Study("SKAB", list(COURSES), skab.counts, 1.0, pieces, networks, treatments)


def sensors_of(path: Path) -> Array:
    """Return the sensors of an experiment, without its labels."""
    table = read_csv(path)
    sensors = [name for name in table.names if name not in skab.NO_SENSORS]
    return np.column_stack([np.asarray(table[name], np.float64) for name in sensors])


def of_nab(folder: Path, each: int) -> Study:
    """Return the study on the weeks of NAB before all labelled windows."""
    windows = json.loads((folder / "nab" / "windows.json").read_text())
    pieces = []
    for seed, (name, labelled) in enumerate(windows.items()):
        series = np.asarray(read_csv(folder / "nab" / name)["value"], np.float64)[:, np.newaxis]
        for week in range(1 if labelled else 2):
            rows = series[week * nab.TRAINING_ROWS : (week + 1) * nab.TRAINING_ROWS]
            for walk in range(WALKS):
                number = WALKS * (2 * seed + week) + walk
                drifting = with_random_walk(rows, np.random.default_rng(100 + number))
                pieces.append(piece_of(drifting, nab.DAY, each, number))
    networks = [{"causal": True, **setting} for setting in crossed(window=[12, 32, 72], relative=[False, True])]
    return Study(
        "NAB",
        list(KINDS),
        count_events,
        nab.DAILY_FALSE_EVENTS,
        pieces,
        networks,
        crossed(smoothing=[5, 20, 72], margin=[1.0, 1.5, 2.0, 3.0]),
    )


def with_random_walk(rows: Array, rng: np.random.Generator) -> Array:
    """Return the rows of some days with a random walk added after the first day."""
    days = rows.reshape(-1, nab.DAY).mean(axis=1)
    steps = rng.normal(scale=np.diff(days).std() / np.sqrt(nab.DAY), size=rows.shape)
    steps[: nab.DAY] = 0.0
    return np.asarray(rows + np.cumsum(steps, axis=0))


def count_events(truth: Array, flags: Array) -> Array:
    """Count in days: the fault if it is found, false events, the fault if it is missed, and days without an alarm."""
    events = find_events(flags, flags.astype(np.float64), tolerance=nab.DAY)
    found = bool((truth & flags).any())
    false = sum(not truth[event.start : event.end].any() for event in events)
    days = np.array_split(flags, round(len(flags) / nab.DAY))
    return np.array([found, false, truth.any() and not found, sum(not day.any() for day in days)])


def piece_of(series: Array, training: int, each: int, seed: int) -> Piece:
    """Return a series with copies that have a sensor fault each."""
    return Piece(series, training, list(inject(series, training, each, np.random.default_rng(seed))))


def process_piece(series: Array, training: int, each: int, seed: int) -> Piece:
    """Return a series with copies that have a process fault each."""
    return Piece(series, training, list(inject_process(series, training, each, np.random.default_rng(seed))))


def evaluate(study: Study, network: Setting) -> Iterator[tuple[Setting, Array]]:
    """Yield each setting with this network, and its counts.

    The counts are of shape (pieces, kinds + 1, 4): true alarms, false alarms, missed alarms and true negatives, for
    each kind of fault, and last for the series without a fault. They are in units of the scored rows of the piece.
    """
    found = np.zeros((len(study.treatments), len(study.pieces), len(study.kinds) + 1, 4))
    for number, piece in enumerate(study.pieces):
        detector = SequenceDetector(**network, random_state=0).fit(piece.series[: piece.training])
        all_series = [*(fault.series for fault in piece.faults), piece.series]
        residuals = [series_residuals(detector, series) for series in all_series]
        for which, treatment in enumerate(study.treatments):
            scale, threshold = recalibrate(detector, treatment, piece)
            flags = [flagged(scale, threshold, one)[piece.training :] for one in residuals]
            for fault, rows in zip(piece.faults, flags[:-1], strict=True):
                kind = study.kinds.index(fault.kind)
                found[which, number, kind] += study.count(fault.truth[piece.training :], rows)
            found[which, number, -1] = study.count(np.zeros_like(flags[-1]), flags[-1])
        found[:, number] /= len(piece.series) - piece.training
    for treatment, counts in zip(study.treatments, found, strict=True):
        yield {**network, **treatment}, counts


def series_residuals(detector: SequenceDetector, series: Array) -> Array:
    """Return the residuals of the networks on a series."""
    reader = detector.preprocessor_.reader()
    pieces = residuals_of(reader, detector.window_model_, chunks_of(as_series(series)))
    return np.concatenate([residuals for _, residuals in pieces])


def recalibrate(detector: SequenceDetector, treatment: Setting, piece: Piece) -> tuple[ResidualScale, float]:
    """Return the scale and the threshold of a detector with the same networks and another smoothing and margin."""
    settings = {**detector.get_params(), **treatment}
    scale = ResidualScale(settings["smoothing"], settings["smooth"])
    calibration = calibrate(
        scale,
        detector.window_model_.split(detector.members),
        detector.preprocessor_.reader,
        [as_series(piece.series[: piece.training])],
        [fold_of_steps(piece.training, detector.folds_, detector.calibration)],
        settings["drift"],
        detector.preprocessor_.columns_.feature_names_out_,
    )
    return scale, settings["margin"] * calibration.normal_limit()


def flagged(scale: ResidualScale, threshold: float, residuals: Array) -> Array:
    """Return the labels of steps from their residuals."""
    # The total of the contributions needs no attribution, which would take most of the time.
    whitened = scale.whiten(scale.smoother()(residuals))
    return np.square(whitened).mean(axis=1) > threshold


def f1(counts: Array) -> float:
    """Return the F1 score of the sum of counts of shape (..., 4)."""
    hits, false, missed, _ = counts.reshape(-1, 4).sum(axis=0)
    return float(2 * hits / (2 * hits + false + missed)) if hits else 0.0


def false_alarms(counts: Array) -> float:
    """Return the fraction of steps or days that are flagged in the series without a fault."""
    _, false, _, quiet = counts[..., -1, :].reshape(-1, 4).sum(axis=0)
    return float(false / (false + quiet))


def criterion(counts: Array) -> float:
    """Return the criterion of the choice from counts of shape (pieces, kinds + 1, 4)."""
    return f1(counts[:, :-1]) - false_alarms(counts)


def standard_error(one: Array, other: Array) -> float:
    """Return the jackknife's standard error, over pieces, of the difference of two criteria."""
    n = len(one)
    without = [np.delete(np.arange(n), k) for k in range(n)]
    differences = np.array([criterion(one[rest]) - criterion(other[rest]) for rest in without])
    return float(np.sqrt((n - 1) / n * np.square(differences - differences.mean()).sum()))


def changes(setting: Mapping[str, Any]) -> Setting:
    """Return the parameters whose values differ from the defaults."""
    default = SequenceDetector().get_params()
    return {name: value for name, value in setting.items() if value != default[name]}


def choose(results: Sequence[tuple[Setting, Array]], tolerated: float = 1.0) -> tuple[Setting, Array]:
    """Return the chosen setting and its counts: tolerated, and within a standard error of the best."""
    results = [result for result in results if false_alarms(result[1]) <= tolerated] or results
    best = max(results, key=lambda result: criterion(result[1]))[1]
    good = [
        (setting, counts)
        for setting, counts in results
        if criterion(best) - criterion(counts) <= standard_error(best, counts)
    ]
    return min(good, key=lambda result: (len(changes(result[0])), -criterion(result[1])))


def line(name: str, counts: Array) -> str:
    """Format the figures of a candidate as a line of the table."""
    kinds = " ".join(f"{f1(counts[:, k]):11.2f}" for k in range(counts.shape[1] - 1))
    return f"{criterion(counts):9.3f} {f1(counts[:, :-1]):6.3f} {false_alarms(counts):6.1%} {kinds}  {name}"


def report(study: Study) -> str:
    """Evaluate all candidates and return the table of the best, the default settings and the choice."""
    started = time.perf_counter()
    results = [result for network in study.networks for result in evaluate(study, network)]
    results.sort(key=lambda result: -criterion(result[1]))
    heads = " ".join(f"{kind:>11}" for kind in study.kinds)
    lines = [f"{study.name}, {len(results)} candidates", f"criterion     F1  false {heads}  parameters changed"]
    lines += [line(str(changes(setting)), counts) for setting, counts in results[:SHOWN]]
    fixed = {"causal": True} if study.name == "NAB" else {}
    plain = [(setting, counts) for setting, counts in results if changes(setting) == fixed]
    lines += [line("default settings", counts) for _, counts in plain[:1]]
    setting, counts = choose(results, study.tolerated)
    lines.append(line(f"chosen: {changes(setting)}", counts))
    return "\n".join([*lines, f"{time.perf_counter() - started:.0f} s", ""])


def main(arguments: list[str] | None = None) -> int:
    """Choose settings for the collections named by the arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.series.choice", description=str(__doc__).splitlines()[0].split(":")[0]
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with skab and nab")
    parser.add_argument("--only", choices=("skab", "nab"), help="one of the two collections (default: both)")
    options = parser.parse_args(arguments)
    if not options.data.is_dir():
        parser.error(f"--data: there is no folder {str(options.data)!r}")
    for name, study in (("skab", of_skab), ("nab", of_nab)):
        if options.only in (None, name):
            print(report(study(options.data, EACH)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
