"""Compare detectors of anomalies in series: ``python -m benchmarks series``."""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.arguments import positive, some_of
from benchmarks.other_python import NoSuchPython, divided
from benchmarks.series import pictures
from benchmarks.series.contestants import CONTESTANTS, variant
from benchmarks.series.elsewhere import measure_there, missing_here, missing_there
from benchmarks.series.measure import PARTS, Plan, cases_of, measure_into, read
from benchmarks.series.report import asked, report_all, write


def main(arguments: list[str] | None = None) -> int:
    """Measure what is not measured yet; print the comparisons, and write them as JSON and a picture."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        here, there = _places(options.detectors, options.settings, options.peers_python)
        plan = _plan(options, (*here, *there))
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
    text, content = report_all(*asked(read(path), plan, bool(options.detectors)), plan)
    print(f"\n{text}")
    write(folder / "summary.json", content)
    print("\nwritten:", folder / "summary.json", *pictures.save(folder, content["parts"]))
    return failed


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks series",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Compare detectors of anomalies in series, each with its defaults.\n"
        "What is in the results already is not measured again, unless the detector has changed since.",
        epilog="\n".join(
            [
                *_listed("parts:", {name: part.DESCRIPTION for name, part in PARTS.items()}),
                *_listed("\ndetectors:", {name: one.description for name, one in CONTESTANTS.items()}),
            ]
        ),
    )
    parser.add_argument("--parts", type=some_of(PARTS), metavar="A,B", help="default: all whose data are there")
    parser.add_argument(
        "--detectors", type=some_of(CONTESTANTS), metavar="A,B", help="detectors (default: all that are installed)"
    )
    parser.add_argument(
        "--setting",
        dest="settings",
        type=_settings,
        action="append",
        default=[],
        metavar="NAME=VALUE,...",
        help="also our detector with these parameters, values in JSON (repeatable: one more detector each)",
    )
    parser.add_argument("--seeds", type=positive, default=1, metavar="N", help="number of seeds (default: 1)")
    parser.add_argument(
        "--names", type=lambda text: tuple(text.split(",")), default=(), metavar="A,B", help="cases (default: all)"
    )
    parser.add_argument("--quick", action="store_true", help="a few short cases of each part")
    parser.add_argument(
        "--data",
        default="../shared/data",
        metavar="FOLDER",
        help="folder with series, skab and nab (default: ../shared/data)",
    )
    parser.add_argument(
        "--output",
        default="benchmarks/results/series",
        metavar="FOLDER",
        help="folder of results.jsonl, summary.json and series.png (default: benchmarks/results/series)",
    )
    parser.add_argument(
        "--peers-python", metavar="PATH", help="Python that runs detectors whose packages this one does not have"
    )
    return parser


def _listed(title: str, texts: dict[str, str]) -> list[str]:
    wide = max(map(len, texts)) + 2
    return [title, *(f"  {name:{wide}}{text}" for name, text in texts.items())]


def _settings(text: str) -> dict[str, Any]:
    """Parse parameters such as ``window=64,causal=true``."""
    settings = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not (name.isidentifier() and equals):
            raise argparse.ArgumentTypeError(f"expected NAME=VALUE,NAME=VALUE; found {text!r}")
        try:
            settings[name] = json.loads(value)
        except json.JSONDecodeError:
            settings[name] = value
    return settings


def _places(
    wanted: tuple[str, ...] | None, settings: list[dict[str, Any]], python: str | None
) -> tuple[list[str], list[str]]:
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
    here, there = divided(wanted, list(CONTESTANTS), lacking, elsewhere, python)
    return [*here, *map(variant, settings)], there


def _plan(options: argparse.Namespace, detectors: tuple[str, ...]) -> Plan:
    """Return the plan; without chosen parts, those whose data are there.

    Raises
    ------
    FileNotFoundError
        If a part that was named has no data, or there is no such case.
    """
    found = []
    for part in options.parts or PARTS:
        try:
            # The first case says whether the data are there.
            next(iter(PARTS[part].cases(Path(options.data), 0, options.quick)), None)
        except FileNotFoundError as error:
            if options.parts:
                raise
            print(f"skipped {part}: {error}", file=sys.stderr)
        else:
            found.append(part)
    plan = Plan(detectors, tuple(found), options.names, options.seeds, options.quick, options.data)
    if options.names:
        known = {case.name for _, _, case in cases_of(replace(plan, names=(), seeds=1))}
        unknown = sorted(set(options.names) - known)
        if unknown:
            some = ", ".join(itertools.islice(sorted(known), 5))
            raise FileNotFoundError(
                f"--names: the chosen parts have no case {', '.join(unknown)}; they have {some}, ..."
            )
    return plan
