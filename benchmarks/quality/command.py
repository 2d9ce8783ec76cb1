"""Compare detectors of anomalous records: ``python -m benchmarks quality``."""

from __future__ import annotations

import argparse
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

from benchmarks.arguments import positive, some_of
from benchmarks.other_python import divided
from benchmarks.quality import explanations, report
from benchmarks.quality.contestants import CONTESTANTS, OURS, version_of
from benchmarks.quality.elsewhere import NoSuchPython, measure_there, missing_here, missing_there
from benchmarks.quality.measure import measure_into
from benchmarks.quality.pictures import save_all
from benchmarks.quality.protocols import PROTOCOLS, cuts, parts
from benchmarks.quality.results import Plan, Result, read
from benchmarks.quality.summary import compare

_REASONS = "reasons"


def main(arguments: list[str] | None = None) -> int:
    """Measure what is not measured yet; print the comparisons, and write them as JSON and pictures."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        here, there = _places(options.detectors, options.peers_python)
        plan, explained = _plan(options, (*here, *there)), _explained(options)
    except (FileNotFoundError, NoSuchPython, ModuleNotFoundError) as error:
        parser.error(str(error))
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.jsonl"
    measure_into(path, replace(plan, detectors=tuple(here)))
    failed = 0
    if there:
        try:
            measure_there(options.peers_python, path, replace(plan, detectors=tuple(there)))
        except subprocess.CalledProcessError as error:
            failed = 1
            print(f"{options.peers_python} ended with {error.returncode}; its results so far are kept", file=sys.stderr)
    if plan.protocols:
        _report(folder, plan, _asked(read(path), plan, bool(options.detectors)))
    if explained:
        _explain(explained, folder)
    return failed


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks quality",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Compare detectors of anomalous records on tables of many kinds, each detector with its defaults.\n"
        "What is in the results already is not measured again, unless the detector has changed since.",
        epilog=_epilog(),
    )
    parser.add_argument(
        "--protocols", type=some_of([*PROTOCOLS, _REASONS]), metavar="A,B", help="default: all whose data are there"
    )
    parser.add_argument(
        "--detectors", type=some_of(CONTESTANTS), metavar="A,B", help="detectors (default: all that are installed)"
    )
    parser.add_argument("--seeds", type=positive, default=2, metavar="N", help="number of seeds (default: 2)")
    parser.add_argument(
        "--tables", type=lambda text: tuple(text.split(",")), default=(), metavar="A,B", help="tables (default: all)"
    )
    parser.add_argument(
        "--data",
        default="../shared/data",
        metavar="FOLDER",
        help="folder with adbench, mixed and nslkdd, or one that holds such files itself (default: ../shared/data)",
    )
    parser.add_argument(
        "--output",
        default="benchmarks/results/quality",
        metavar="FOLDER",
        help="folder of results.jsonl, summary.json and pictures (default: benchmarks/results/quality)",
    )
    parser.add_argument(
        "--peers-python", metavar="PATH", help="Python that runs detectors whose packages this one does not have"
    )
    return parser


def _epilog() -> str:
    further = {
        "choices": "choice of the defaults",
        "false_alarms": "normal records that are flagged, of small tables too",
        "fit_times": "time of fit beside another version of the package",
        "explanations": "accuracy of explanations",
        "thresholds": "rules for thresholds",
        "probabilities": "calibration of probabilities",
        "labels": "gain from a few labelled anomalies",
        "label_learning": "gain from labels of records chosen in many ways",
    }
    reasons = {
        _REASONS: "faults in one or two cells of normal records of made-up, numeric and mixed tables: is the altered "
        "column the first that explain names?"
    }
    return "\n".join(
        [
            *_listed("protocols:", {name: parts[0].description for name, parts in PROTOCOLS.items()} | reasons),
            *_listed("\ndetectors:", {name: entry.description for name, entry in CONTESTANTS.items()}),
            *_listed("\nfurther experiments (python -m benchmarks.quality.NAME):", further),
        ]
    )


def _listed(title: str, texts: dict[str, str]) -> list[str]:
    wide = max(map(len, texts)) + 2
    hang = " " * (wide + 2)
    filled = (
        textwrap.fill(text, 100, initial_indent=f"  {name:{wide}}", subsequent_indent=hang)
        for name, text in texts.items()
    )
    return [title, *filled]


def _places(wanted: tuple[str, ...] | None, python: str | None) -> tuple[list[str], list[str]]:
    """Return the detectors to run in this Python, and in that of the peers.

    Raises
    ------
    ModuleNotFoundError
        If a detector that was named has its packages in neither.
    NoSuchPython
        If the other Python cannot be used.
    """
    lacking = missing_here()
    elsewhere = missing_there(python) if python else lacking
    return divided(wanted, list(CONTESTANTS), lacking, elsewhere, python)


def _plan(options: argparse.Namespace, detectors: tuple[str, ...]) -> Plan:
    """Return the plan; without chosen protocols, those whose data are there.

    Raises
    ------
    FileNotFoundError
        If a protocol that was named has no data, or there is no such table.
    """
    folder = Path(options.data)
    found = []
    for name in [one for one in options.protocols or PROTOCOLS if one != _REASONS]:
        try:
            PROTOCOLS[name][0].files(folder)
        except FileNotFoundError as error:
            if options.protocols:
                raise
            print(f"skipped: {error}", file=sys.stderr)
        else:
            found.append(name)
    if options.tables:
        known = {table for _, table, _ in cuts(parts(found), folder)}
        if (explained := _explained(options)) is not None:
            known |= explanations.table_names(explained.data)
        unknown = sorted(set(options.tables) - known)
        if unknown:
            raise FileNotFoundError(f"--tables: the chosen protocols have no table {', '.join(unknown)}")
    return Plan(detectors, tuple(found), options.seeds, options.tables, options.data)


def _asked(results: list[Result], plan: Plan, by_name: bool) -> list[Result]:
    """Return the results to report: of our present sources, and of all detectors in the file unless some were named."""
    protocols = [part.name for part in parts(plan.protocols)]
    return [
        result
        for result in results
        if result["protocol"] in protocols
        and (not plan.tables or result["table"] in plan.tables)
        and (not by_name or result["detector"] in plan.detectors)
        and (result["detector"] not in OURS or result["version"] == version_of(result["detector"]))
    ]


def _report(folder: Path, plan: Plan, results: list[Result]) -> None:
    protocols = [part.name for part in parts(plan.protocols)]
    comparisons = [found for protocol in protocols if (found := compare(results, protocol, plan.seeds))]
    for comparison in comparisons:
        print(f"\n{report.as_text(comparison)}")
    report.write(folder / "summary.json", report.as_dict(comparisons, plan, results))
    print(f"\nwritten: {folder / 'summary.json'}", *save_all(folder, comparisons), sep="\n         ")


def _explained(options: argparse.Namespace) -> explanations.Plan | None:
    """Return the plan of the evaluation of explanations, or None if it was not asked for."""
    if options.protocols and _REASONS not in options.protocols:
        return None
    return explanations.Plan(Path(options.data), options.seeds, options.tables)


def _explain(plan: explanations.Plan, folder: Path) -> None:
    if not plan.tables or explanations.table_names(plan.data).intersection(plan.tables):
        print(f"\n{_REASONS}: how often the altered column is named first")
        explanations.run(plan, folder)
