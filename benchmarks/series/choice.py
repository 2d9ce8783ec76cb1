"""How the settings of the series were chosen, without a label: ``python -m benchmarks.series.choice --data FOLDER``.

What is judged are stretches without anomalies into which faults are put:

- for SKAB, its file without anomalies in eight pieces of some 1,170 rows, of which 400 are for training as in the
  protocol; and of each experiment the 400 rows for training, half of them for training here. The machine runs otherwise
  in the experiments than in the file without anomalies, and what it is like there only those rows can tell. The faults
  are those of the process that SKAB's documentation tells of (`benchmarks.series.process_faults`);
- for NAB, the first week of each series, which comes before anything labelled, and the second of the series without
  anomalies. The faults are those of one sensor (`benchmarks.series.faults`). The protocol judges ten times as many rows
  as it trains on, and so about does this: the first day of a week is for training. Ten weeks wander further than one:
  to what follows that day a random walk is added, whose steps are such that it changes from day to day as much as the
  means of the days do; three walks for each week.

The criterion is in the terms of the protocols. For SKAB it is the F1 of all steps of all faulty series, less the share
of steps flagged where nothing was put in; for NAB the F1 of faults found and false events, less the share of days with
an alarm where nothing was put in, which may be one in a month. All pieces count the same. Of the candidates that are
within one standard error of the best (a jackknife over pieces of the difference) that one is chosen which changes the
fewest parameters of the detector, and of several such, the best. What is printed: the best candidates, the detector as
it comes, and the choice.

Errors of networks are computed once for all candidates that differ only in what is made of them afterwards.
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
from anomaly.detectors.sequence.scoring import errors_of, pieces_of
from anomaly.detectors.sequence.training import held_out_rows
from anomaly.detectors.sequence.whitening import Smoother
from anomaly.events import find_events
from anomaly.tables.csv_files import read_csv
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
    """The pieces of a collection, and what is tried on them: networks, and what is made of their errors.

    `count` turns true and predicted labels into true and false alarms, missed alarms, and what is rightly quiet;
    `tolerated` is the largest share of false alarms that a setting may have to be chosen; `kinds` are those of faults.
    """

    name: str
    kinds: list[str]
    count: Callable[[Array, Array], Array]
    tolerated: float
    pieces: list[Piece]
    networks: list[Setting]
    treatments: list[Setting]


def crossed(**values: Sequence[Any]) -> list[Setting]:
    """Return all combinations of the values of some parameters."""
    return [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


def of_skab(folder: Path, each: int) -> Study:
    """Cut the file without anomalies in pieces."""
    usual = sensors_of(folder / "skab" / "anomaly-free" / "anomaly-free.csv")
    pieces = [process_piece(part, skab.TRAINING_ROWS, each, seed) for seed, part in enumerate(np.array_split(usual, 8))]
    for seed, path in enumerate(skab.experiments(folder / "skab"), start=len(pieces)):
        rows = sensors_of(path)[: skab.TRAINING_ROWS]
        pieces.append(process_piece(rows, len(rows) // 2, each, seed))
    networks = [*crossed(window=[2, 10, 32], noise=[0.2, 1.0, 5.0, 20.0]), {"folds": 1}, {"relative": True}]
    treatments = crossed(smoothing=[5, 10, 20, 40], margin=[1.0, 1.5, 2.0, 3.0])
    return Study("SKAB", list(COURSES), skab.counts, 1.0, pieces, networks, treatments)


def sensors_of(path: Path) -> Array:
    """Return what the sensors of an experiment read, without its labels."""
    table = read_csv(path)
    sensors = [name for name in table.names if name not in skab.NO_SENSORS]
    return np.column_stack([np.asarray(table[name], np.float64) for name in sensors])


def of_nab(folder: Path, each: int) -> Study:
    """Take the weeks that come before anything labelled."""
    windows = json.loads((folder / "nab" / "windows.json").read_text())
    pieces = []
    for seed, (name, labelled) in enumerate(windows.items()):
        series = np.asarray(read_csv(folder / "nab" / name)["value"], np.float64)[:, np.newaxis]
        for week in range(1 if labelled else 2):
            rows = series[week * nab.TRAINING_ROWS : (week + 1) * nab.TRAINING_ROWS]
            for walk in range(WALKS):
                number = WALKS * (2 * seed + week) + walk
                wandering = with_wandering_level(rows, np.random.default_rng(100 + number))
                pieces.append(piece_of(wandering, nab.DAY, each, number))
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


def with_wandering_level(rows: Array, rng: np.random.Generator) -> Array:
    """Add a random walk to what follows the first day of some days."""
    days = rows.reshape(-1, nab.DAY).mean(axis=1)
    steps = rng.normal(scale=np.diff(days).std() / np.sqrt(nab.DAY), size=rows.shape)
    steps[: nab.DAY] = 0.0
    return np.asarray(rows + np.cumsum(steps, axis=0))


def count_events(truth: Array, flags: Array) -> Array:
    """Count by the day: whether the fault is found, events that are no fault, and days without an alarm."""
    events = find_events(flags, flags.astype(np.float64), tolerance=nab.DAY)
    found = bool((truth & flags).any())
    false = sum(not truth[event.start : event.end].any() for event in events)
    days = np.array_split(flags, round(len(flags) / nab.DAY))
    return np.array([found, false, truth.any() and not found, sum(not day.any() for day in days)])


def piece_of(series: Array, training: int, each: int, seed: int) -> Piece:
    """Put faults into a series."""
    return Piece(series, training, list(inject(series, training, each, np.random.default_rng(seed))))


def process_piece(series: Array, training: int, each: int, seed: int) -> Piece:
    """Put faults of the process into a series."""
    return Piece(series, training, list(inject_process(series, training, each, np.random.default_rng(seed))))


def judged(study: Study, network: Setting) -> Iterator[tuple[Setting, Array]]:
    """Yield each setting with this network, and its counts.

    The counts are of shape (pieces, kinds + 1, 4): true and false alarms, missed alarms and rightly quiet rows, for
    each kind of fault, and last where nothing was put in. They are in units of the judged rows of the piece.
    """
    found = np.zeros((len(study.treatments), len(study.pieces), len(study.kinds) + 1, 4))
    for number, piece in enumerate(study.pieces):
        detector = SequenceDetector(**network, random_state=0).fit(piece.series[: piece.training])
        all_series = [*(fault.series for fault in piece.faults), piece.series]
        errors = [errors_on(detector, series) for series in all_series]
        for which, treatment in enumerate(study.treatments):
            recalibrate(detector, treatment, piece)
            flags = [flagged(detector, one)[piece.training :] for one in errors]
            for fault, rows in zip(piece.faults, flags[:-1], strict=True):
                kind = study.kinds.index(fault.kind)
                found[which, number, kind] += study.count(fault.truth[piece.training :], rows)
            found[which, number, -1] = study.count(np.zeros_like(flags[-1]), flags[-1])
        found[:, number] /= len(piece.series) - piece.training
    for treatment, counts in zip(study.treatments, found, strict=True):
        yield {**network, **treatment}, counts


def errors_on(detector: SequenceDetector, series: Array) -> Array:
    """Return the errors of the networks on a series, before they are smoothed."""
    (table,) = detector._as_tables(series)
    return np.concatenate([errors for _, errors in errors_of(detector, pieces_of(table), detector.models_)])


def recalibrate(detector: SequenceDetector, treatment: Setting, piece: Piece) -> None:
    """Make a detector what it would be if it had been fitted with other parameters of what follows its networks."""
    detector.set_params(**treatment)
    tables = detector._as_tables(piece.series[: piece.training])
    detector._calibrate(tables, [held_out_rows(detector, piece.training)], None)


def flagged(detector: SequenceDetector, errors: Array) -> Array:
    """Label steps by their errors."""
    # Which sensor is to blame does not matter here, and takes most of the time to find out.
    whitened = detector.residuals_.whiten(Smoother(detector.smoothing)(errors))
    scores = np.square(whitened).mean(axis=1)
    return scores > detector.threshold_


def f1(counts: Array) -> float:
    """Return F1 of counts of shape (..., 4), added up."""
    hits, false, missed, _ = counts.reshape(-1, 4).sum(axis=0)
    return float(2 * hits / (2 * hits + false + missed)) if hits else 0.0


def false_alarms(counts: Array) -> float:
    """Return the share of what is flagged where nothing was put in."""
    _, false, _, quiet = counts[..., -1, :].reshape(-1, 4).sum(axis=0)
    return float(false / (false + quiet))


def criterion(counts: Array) -> float:
    """Return what settings are chosen by, from counts of shape (pieces, kinds + 1, 4)."""
    return f1(counts[:, :-1]) - false_alarms(counts)


def standard_error(one: Array, other: Array) -> float:
    """Return the jackknife's standard error, over pieces, of the difference of two criteria."""
    n = len(one)
    without = [np.delete(np.arange(n), k) for k in range(n)]
    differences = np.array([criterion(one[rest]) - criterion(other[rest]) for rest in without])
    return float(np.sqrt((n - 1) / n * np.square(differences - differences.mean()).sum()))


def changes(setting: Mapping[str, Any]) -> Setting:
    """Return the parameters that a setting changes."""
    usual = SequenceDetector().get_params()
    return {name: value for name, value in setting.items() if value != usual[name]}


def choose(results: Sequence[tuple[Setting, Array]], tolerated: float = 1.0) -> tuple[Setting, Array]:
    """Return the chosen setting, of those tolerated and within a standard error of the best, and its counts."""
    results = [result for result in results if false_alarms(result[1]) <= tolerated] or results
    best = max(results, key=lambda result: criterion(result[1]))[1]
    good = [
        (setting, counts)
        for setting, counts in results
        if criterion(best) - criterion(counts) <= standard_error(best, counts)
    ]
    return min(good, key=lambda result: (len(changes(result[0])), -criterion(result[1])))


def line(name: str, counts: Array) -> str:
    """Lay out a candidate's figures."""
    kinds = " ".join(f"{f1(counts[:, k]):11.2f}" for k in range(counts.shape[1] - 1))
    return f"{criterion(counts):9.3f} {f1(counts[:, :-1]):6.3f} {false_alarms(counts):6.1%} {kinds}  {name}"


def report(study: Study) -> str:
    """Try everything, and lay out what came of it."""
    started = time.perf_counter()
    results = [result for network in study.networks for result in judged(study, network)]
    results.sort(key=lambda result: -criterion(result[1]))
    heads = " ".join(f"{kind:>11}" for kind in study.kinds)
    lines = [f"{study.name}, {len(results)} candidates", f"criterion     F1  false {heads}  parameters changed"]
    lines += [line(str(changes(setting)), counts) for setting, counts in results[:SHOWN]]
    fixed = {"causal": True} if study.name == "NAB" else {}
    plain = [(setting, counts) for setting, counts in results if changes(setting) == fixed]
    lines += [line("as it comes", counts) for _, counts in plain[:1]]
    setting, counts = choose(results, study.tolerated)
    lines.append(line(f"chosen: {changes(setting)}", counts))
    return "\n".join([*lines, f"{time.perf_counter() - started:.0f} s", ""])


def main(arguments: list[str] | None = None) -> int:
    """Choose settings for the collections that the arguments name."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.series.choice", description=str(__doc__).splitlines()[0].split(":")[0]
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder that holds skab and nab")
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
