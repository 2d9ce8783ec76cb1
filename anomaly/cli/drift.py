"""The command ``anomaly drift``: a test whether new records follow the distribution of the training data."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from anomaly.cli import inputs, texts
from anomaly.cli.json_output import add_json, write_json
from anomaly.cli.options import (
    Subparsers,
    add_command,
    add_data,
    add_exclude,
    add_model,
    add_table,
    check_supported,
    input_options,
)
from anomaly.cli.source import STANDARD
from anomaly.cli.streams import say
from anomaly.drift import DriftResult
from anomaly.errors import DataError

if TYPE_CHECKING:
    from anomaly.detectors import TableDetector
    from anomaly.detectors.series_detector import SeriesDetector


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(
        subparsers,
        "drift",
        run,
        "anomaly drift new.csv --model m.npz --id number",
        "The exit code is 0 without drift, and 1 if the scores or some columns have drifted. Of a series, blocks of\n"
        "steps are compared, so long that they are nearly independent; of several machines, each by itself.\n"
        "Files of any length are read in a fixed amount of memory.",
    )
    add_data(parser, "DATA.csv", "new records")
    add_model(parser)
    parser.add_argument(
        "--level", type=float, default=0.01, metavar="P", help="significance level of the test (default: 0.01)"
    )
    add_exclude(parser)
    add_json(parser)
    add_table(parser, labels=False)


def run(options: Namespace) -> int:
    """Print the result of the test; return 1 if there is drift, else 0."""
    given = input_options(options)
    detector = inputs.load(options.model)
    check_supported(vars(options), detector.data_kind, options.model)
    if not hasattr(detector, "drift"):
        raise DataError(
            f"{options.model!r} holds a detector of class {type(detector).__name__}, which this command cannot use"
        )
    group: str | None = getattr(detector, "group", None)
    required, form = detector.required_columns_, detector.file_form
    data = given.for_model(options.model, required, detector.ignore, detector.time, group, form=form)
    chunks = (data.features(table) for table in data.usable_chunks(detector.check_rows))
    if detector.data_kind == "tables":
        found = cast("TableDetector", detector).drift(chunks, options.level)
    else:
        intervals = inputs.read_intervals(options.exclude)
        found = cast("SeriesDetector", detector).drift(chunks, options.level, intervals)
    results: dict[str, DriftResult] = found if isinstance(found, dict) else {"": found}
    drifted = any(result.drifted for result in results.values())
    if options.json:
        found_in = [{"group": name or None, **result.to_dict()} for name, result in results.items()]
        write_json("drift", {"drifted": drifted, "results": found_in}, options.json)
    if options.json != STANDARD:
        say("\n\n".join(f"{name}: {text}" if name else text for name, text in _texts(results).items()))
    return int(drifted)


def _texts(results: Mapping[str, DriftResult]) -> dict[str, str]:
    return {name: texts.format_drift(result) for name, result in results.items()}
