"""Accuracy and cost of explanations: ``python -m benchmarks.quality.explanations --data FOLDER``.

A detector is fitted to normal records. Fresh ones that it does not flag get a fault of each of several kinds
(`benchmarks.quality.cell_faults`), and of those that it then flags, the column with the fault should have the largest
contribution (`explain`). Where a value of normal size contradicts the columns that determine it, any of these is right;
of the categories of real tables such columns are not known, so the true accuracy is higher there. Of two faults, either
is right to name first; that both come first and second is reported apart.

Beside it are what simple methods say of the same alarms (`benchmarks.quality.reason_peers`), and what `explain` of a
`TableDetector` would be without replacements: the geometric mean of the contributions to the network with the most
noise and to the remembered records; of a detector with one network, the terms of its score. Times are those of
processors, for alarms.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from anomaly import AutoencoderDetector, TableDetector, VariationalDetector
from anomaly.detectors.attribution import normalized
from anomaly.detectors.table.ensemble import Ensemble
from anomaly.errors import DataError
from benchmarks.arguments import some_of
from benchmarks.quality import reason_report
from benchmarks.quality.cell_faults import KINDS, faults_of
from benchmarks.quality.fault_tables import MADE_UP, Case, Columns, made_tables, mixed_tables, numeric_tables, rows_of
from benchmarks.quality.protocols.mixed import MIXED
from benchmarks.quality.protocols.numeric import ONE_CLASS
from benchmarks.quality.reason_peers import Peers
from benchmarks.quality.reason_report import Times, Trial

_MOST_RECORDS = 150
_FEWEST_ALARMS = 5
_TIMED = 300
DETECTORS: dict[str, Callable[[int], Any]] = {
    "TableDetector": lambda seed: TableDetector(random_state=seed, n_jobs=1),
    "AutoencoderDetector": lambda seed: AutoencoderDetector(random_state=seed),
    "VariationalDetector": lambda seed: VariationalDetector(random_state=seed),
}
"""Detectors that have reasons, by name; each is made from a seed."""

_Method = Callable[[Columns], np.ndarray]


class Plan(NamedTuple):
    """What is to be measured.

    Attributes
    ----------
    data : Path, optional
        Folder with ``adbench/*.npz`` and ``mixed/*.csv``, or with such files itself; by default made-up tables alone.
    seeds : int, default 1
        Number of samples.
    tables : tuple of str, default ()
        Names of tables; empty for all.
    detector : str, default "TableDetector"
        One of `DETECTORS`.
    families : tuple of str
        Families of tables.
    first_seed : int, default 0
        The first of these seeds.
    peers : bool, default True
        Whether to compare with other methods.
    """

    data: Path | None = None
    seeds: int = 1
    tables: tuple[str, ...] = ()
    detector: str = "TableDetector"
    families: tuple[str, ...] = ("made-up", "numbers", "mixed")
    first_seed: int = 0
    peers: bool = True


def by_members(ensemble: Ensemble, x: np.ndarray) -> np.ndarray:
    """Return the geometric mean of the columns' fractions in the scores of two members, of shape (n, n_columns)."""
    members = [member for member in (ensemble.coarsest, ensemble.memory) if member is not None]
    values, product = ensemble.complete(x), np.ones((len(x), ensemble.features.n_columns))
    for member in members:
        product *= normalized(ensemble.features.sum_by_column(member.contributions(*values).astype(np.float64)))
    return np.asarray(product ** (1 / len(members)))


def families(plan: Plan, seed: int) -> Iterator[tuple[str, Case]]:
    """Yield the families of tables whose data are there, and their tables."""
    readers: dict[str, Callable[[], Iterable[Case]]] = {"made-up": lambda: made_tables(seed)}
    data = plan.data
    if data is not None:
        readers["numbers"] = lambda: numeric_tables(ONE_CLASS.files(data), seed)
        readers["mixed"] = lambda: mixed_tables(MIXED.files(data), seed)
    for family in (name for name in readers if name in plan.families):
        try:
            cases = iter(readers[family]())
            yield from ((family, case) for case in cases if not plan.tables or case.name in plan.tables)
        except FileNotFoundError as error:
            print(f"skipped: {error}", file=sys.stderr)


def table_names(data: Path | None) -> set[str]:
    """Return the names of the tables of all families whose data are there."""
    names = set(MADE_UP)
    for protocol in (ONE_CLASS, MIXED) if data is not None else ():
        with suppress(FileNotFoundError):
            names |= {path.stem for path in protocol.files(data)}
    return names


def measure(plan: Plan) -> tuple[list[Trial], Times]:
    """Return the outcomes of all faults in all tables, and the seconds of each method."""
    found: list[Trial] = []
    times: Times = {}
    for seed in range(plan.first_seed, plan.first_seed + plan.seeds):
        for family, case in families(plan, seed):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    detector = DETECTORS[plan.detector](seed).fit(case.train)
            except DataError as error:
                print(f"{case.name}: left out, {error}", file=sys.stderr)
                continue
            methods = _methods(detector, case) if plan.peers else {"explain": detector.explain}
            found += trials(family, case, detector, methods, seed)
            for name, own in _seconds_of_all(case, detector, methods, seed).items():
                times[name] = times.get(name, 0.0) + own
    return found, times


def trials(family: str, case: Case, detector: Any, methods: dict[str, _Method], seed: int) -> Iterator[Trial]:
    """Yield the outcome of each kind of fault in a table, by a fitted detector."""
    quiet = np.flatnonzero(detector.decision_function(case.test) <= detector.threshold_)[:_MOST_RECORDS]
    normal, names = rows_of(case.test, quiet), detector.feature_names_in_.tolist()
    for number, (name, kind) in enumerate(KINDS.items()):
        faults = faults_of(case, normal, kind, np.random.default_rng([seed, number]))
        alarms = np.flatnonzero(faults.changed & (detector.decision_function(faults.columns) > detector.threshold_))
        if len(alarms) < _FEWEST_ALARMS:
            continue
        rows = rows_of(faults.columns, alarms)
        orders = {method: np.argsort(-explain(rows), axis=1, kind="stable") for method, explain in methods.items()}
        right = [{names.index(column) for column in faults.right[row]} for row in alarms]
        first, both = (
            {
                method: sum(set(order[i, :n].tolist()) <= right[i] for i in range(len(alarms)))
                for method, order in orders.items()
            }
            for n in (1, 2)
        )
        yield Trial(family, case.name, seed, name, int(faults.changed.sum()), len(alarms), first, both)


def _methods(detector: Any, case: Case) -> dict[str, _Method]:
    peers = Peers(case.train)
    found: dict[str, _Method] = {"explain": detector.explain}
    if hasattr(detector, "score_terms"):
        found["terms"] = detector.score_terms
    if isinstance(detector, TableDetector):
        found["members"] = lambda records: by_members(detector.ensemble_, detector.preprocessor_.transform(records))
    return {**found, "kNN": peers.neighbors, "z-score": peers.z_scores, "ECOD": peers.tails}


def _seconds_of_all(case: Case, detector: Any, methods: dict[str, _Method], seed: int) -> Times:
    """Return seconds of a processor for some hundred shifted records: to score them, and of each method."""
    records = rows_of(case.test, np.arange(min(_TIMED, len(next(iter(case.test.values()))))))
    shifted = faults_of(case, records, KINDS["two columns"], np.random.default_rng(seed)).columns
    runs = {"score": detector.decision_function, **methods}
    return {name: min(_seconds(run, shifted) for _ in range(3)) for name, run in runs.items()}


def _seconds(run: _Method, records: Columns) -> float:
    start = time.process_time()
    run(records)
    return time.process_time() - start


def run(plan: Plan, output: Path | None = None) -> None:
    """Measure, print, and with a folder write ``reasons.json`` and ``reasons.png``."""
    found, times = measure(plan)
    if not found:
        print("in none of these tables enough faults were flagged")
        return
    print(reason_report.as_text(found, times))
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        print("\nwritten:", *reason_report.write(output, plan._asdict(), found, times), sep="\n         ")


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.explanations", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--data",
        type=Path,
        help="folder with adbench and mixed, or one that holds such files itself (default: made-up tables alone)",
    )
    parser.add_argument("--seeds", type=int, default=1, help="number of samples (default: 1)")
    parser.add_argument("--tables", nargs="+", default=[], help="names of tables (default: all)")
    parser.add_argument(
        "--families", type=some_of(Plan._field_defaults["families"]), metavar="A,B", help="made-up, numbers, mixed"
    )
    parser.add_argument("--detector", choices=DETECTORS, default="TableDetector", help="default: TableDetector")
    parser.add_argument("--output", type=Path, help="folder of reasons.json and reasons.png (default: not written)")
    options = parser.parse_args(arguments)
    families = options.families or Plan._field_defaults["families"]
    plan = Plan(options.data, options.seeds, tuple(options.tables), options.detector, tuple(families))
    unknown = sorted(set(plan.tables) - table_names(plan.data))
    if unknown:
        parser.error(f"--tables: there is no table {', '.join(unknown)}")
    run(plan, options.output)


if __name__ == "__main__":
    main()
