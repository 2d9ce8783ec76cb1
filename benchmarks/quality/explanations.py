"""Accuracy and cost of explanations: ``python -m benchmarks.quality.explanations --data FOLDER --mixed FOLDER``.

A detector is fitted to normal records. Fresh ones that it does not flag get a fault of each of several kinds
(`benchmarks.quality.cell_faults`), and of those that it then flags, the column with the fault should have the largest
contribution (`TableDetector.explain`). Where a value of normal size contradicts the columns that determine it, any of
these is right; of real tables such columns are not known, so the true accuracy is higher there. Of two faults, either
is right to name first; that both come first and second is reported apart.

Beside it are the contributions of single members that `explain` would be without replacements: the geometric mean of
those of the network with the most noise and of the remembered records. Times are those of processors, for alarms.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from anomaly import TableDetector
from anomaly.detectors.table.attribution import normalized
from anomaly.detectors.table.ensemble import Ensemble
from anomaly.errors import DataError
from benchmarks.quality.cell_faults import KINDS, faults_of
from benchmarks.quality.fault_tables import Case, Columns, made_tables, mixed_tables, numeric_tables, rows_of

_MOST_RECORDS = 150
_FEWEST_ALARMS = 5
_TIMED = 300
METHODS = ("explain", "members")


class Trial(NamedTuple):
    """One kind of fault in one table.

    Attributes
    ----------
    kind : str
        Kind of the fault.
    altered, alarms : int
        Numbers of altered records and of those flagged.
    first, both : dict of str to int
        By method: alarms whose column is named first, and those with two faults that are named first and second.
    """

    kind: str
    altered: int
    alarms: int
    first: dict[str, int]
    both: dict[str, int]


def by_members(ensemble: Ensemble, x: np.ndarray) -> np.ndarray:
    """Return the geometric mean of the columns' fractions in the scores of two members, of shape (n, n_columns)."""
    members = [member for member in (ensemble.coarsest, ensemble.memory) if member is not None]
    values, product = ensemble.complete(x), np.ones((len(x), ensemble.features.n_columns))
    for member in members:
        product *= normalized(ensemble.features.sum_by_column(member.contributions(*values).astype(np.float64)))
    return np.asarray(product ** (1 / len(members)))


def trials(case: Case, detector: TableDetector, seed: int) -> Iterator[Trial]:
    """Yield the outcome of each kind of fault in a table, by a fitted detector."""
    quiet = np.flatnonzero(detector.decision_function(case.test) <= detector.threshold_)[:_MOST_RECORDS]
    normal, names = rows_of(case.test, quiet), detector.feature_names_in_.tolist()
    for number, (name, kind) in enumerate(KINDS.items()):
        faults = faults_of(case, normal, kind, np.random.default_rng([seed, number]))
        alarms = np.flatnonzero(faults.changed & (detector.decision_function(faults.columns) > detector.threshold_))
        if len(alarms) < _FEWEST_ALARMS:
            continue
        rows = rows_of(faults.columns, alarms)
        orders = {method: np.argsort(-explain(rows), axis=1, kind="stable") for method, explain in _methods(detector)}
        right = [{names.index(column) for column in faults.right[row]} for row in alarms]
        first, both = (
            {
                method: sum(set(order[i, :n].tolist()) <= right[i] for i in range(len(alarms)))
                for method, order in orders.items()
            }
            for n in (1, 2)
        )
        yield Trial(name, int(faults.changed.sum()), len(alarms), first, both)


def _methods(detector: TableDetector) -> list[tuple[str, Callable[[Columns], np.ndarray]]]:
    def of_members(records: Columns) -> np.ndarray:
        return by_members(detector.ensemble_, detector.preprocessor_.transform(records))

    return [("explain", detector.explain), ("members", of_members)]


def seconds(case: Case, detector: TableDetector, seed: int) -> dict[str, float]:
    """Return seconds of a processor for some hundred shifted records: to score them, and to explain by each method."""
    records = rows_of(case.test, np.arange(min(_TIMED, len(next(iter(case.test.values()))))))
    shifted = faults_of(case, records, KINDS["two columns"], np.random.default_rng(seed)).columns
    runs: dict[str, Callable[[Columns], np.ndarray]] = {"score": detector.decision_function, **dict(_methods(detector))}
    return {name: min(_seconds(run, shifted) for _ in range(3)) for name, run in runs.items()}


def _seconds(run: Callable[[Columns], np.ndarray], records: Columns) -> float:
    start = time.process_time()
    run(records)
    return time.process_time() - start


def report(found: list[Trial]) -> str:
    """Return a table of the accuracies by kind, over all tables."""
    by_kind = defaultdict(list)
    for trial in found:
        by_kind[trial.kind].append(trial)
    lines = [f"{'fault':<18}{'tables':>7}{'flagged':>9}{'alarms':>8}" + "".join(f"{name:>10}" for name in METHODS)]
    for kind, of_kind in by_kind.items():
        altered, alarms = (sum(getattr(trial, name) for trial in of_kind) for name in ("altered", "alarms"))
        lines.append(f"{kind:<18}{len(of_kind):>7}{alarms / altered:>9.0%}{alarms:>8}{_shares(of_kind, 'first')}")
        if KINDS[kind].n_columns == 2:
            lines.append(f"{'  both at the top':<42}{_shares(of_kind, 'both')}")
    return "\n".join(lines)


def _shares(found: list[Trial], what: str) -> str:
    alarms = sum(trial.alarms for trial in found)
    return "".join(f"{sum(getattr(trial, what)[name] for trial in found) / alarms:>10.3f}" for name in METHODS)


def _cases(options: argparse.Namespace, seed: int) -> Iterator[tuple[str, Case]]:
    groups = {"made-up": made_tables(seed)}
    if options.mixed:
        groups["mixed"] = mixed_tables(Path(options.mixed), seed)
    if options.data:
        groups["numbers"] = numeric_tables(Path(options.data), seed)
    for group, cases in groups.items():
        yield from ((group, case) for case in cases if not options.tables or case.name in options.tables)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.explanations", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--data", help="folder of ADBench .npz files (default: made-up tables alone)")
    parser.add_argument("--mixed", help="folder of .csv files of mixed columns, with the label in the last one")
    parser.add_argument("--seeds", type=int, default=1, help="number of samples (default: 1)")
    parser.add_argument("--tables", nargs="+", default=[], help="names of tables (default: all)")
    options = parser.parse_args(arguments)
    found: dict[str, list[Trial]] = defaultdict(list)
    times = []
    for seed in range(options.seeds):
        for group, case in _cases(options, seed):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    detector = TableDetector(random_state=seed, n_jobs=1).fit(case.train)
                found[group] += trials(case, detector, seed)
                times.append(seconds(case, detector, seed))
            except DataError as error:
                print(f"{case.name}: left out, {error}")
    for group, of_group in found.items():
        print(f"\n{group}\n{report(of_group)}")
    total = {name: sum(one[name] for one in times) for name in times[0]}
    print(
        f"\ntime to score 1; by members, scores included, {1 + total['members'] / total['score']:.2f}; "
        f"explain {total['explain'] / total['score']:.2f}"
    )


if __name__ == "__main__":
    main()
