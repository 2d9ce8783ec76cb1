"""Arguments that several commands of ``anomaly`` share, and the values they are parsed to."""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Callable, Mapping
from typing import Any

from anomaly.cli.commands import COMMANDS, EXIT_CODES
from anomaly.cli.inputs import Columns, InputOptions, check_outputs
from anomaly.cli.labels import LabelColumn
from anomaly.cli.progress import add_progress
from anomaly.cli.source import Source
from anomaly.cli.suggestions import one_of
from anomaly.detectors.row_detector import DataKind
from anomaly.tables.bad_rows import BadRows
from anomaly.tables.csv_form import BLANKS_DELIMITER, CsvForm

SUPPORTED_BY: dict[str, DataKind] = {
    **dict.fromkeys(
        ["window", "stride", "network", "network_share", "method", "smoothing", "folds", "members", "margin"], "series"
    ),
    **dict.fromkeys(
        ["time", "gap", "causal", "relative", "false_alarms", "events", "minimum_length", "tolerance"], "series"
    ),
    **dict.fromkeys(["group", "exclude"], "series"),
    **dict.fromkeys(["false_alarm_rate", "trim", "dates", "sparsity"], "tables"),
    **dict.fromkeys(["p_values", "prior", "expected", "records", "budget", "time_zone"], "tables"),
    **dict.fromkeys(["keep", "date_format", "scheduler"], "tables"),
}
"""Options that one kind of data alone supports."""

_WRITTEN = ("model", "output", "json", "events", "bad_rows")
"""Options that name a file which is written; the model only by the command that fits it."""

Subparsers = Any
"""The object that `argparse.ArgumentParser.add_subparsers` returns, which has no public type."""


def add_command(
    subparsers: Subparsers, name: str, run: Callable[[argparse.Namespace], int | None], example: str, details: str = ""
) -> argparse.ArgumentParser:
    """Add the parser of a command.

    Parameters
    ----------
    subparsers : argparse action
        Where to add it.
    name : str
        Name of the command, one of `COMMANDS`.
    run : callable
        The command: it takes the parsed arguments and returns an exit code, or None for 0.
    example : str
        A command line.
    details : str, default ""
        Sentences after the one-line description.
    """
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name,
        help=COMMANDS[name],
        description="\n".join([COMMANDS[name], *([details] if details else [])]),
        epilog=f"example:\n  {example}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--strict", action="store_true", help="turn warnings about the data into errors: nothing is then written"
    )
    add_progress(parser)
    parser.set_defaults(run=run, command=name)
    return parser


def add_data(parser: argparse.ArgumentParser, metavar: str, text: str) -> None:
    """Add the input file."""
    parser.add_argument(
        "data",
        metavar=metavar,
        help=f"{text}: CSV, may be gzipped, - is standard input; "
        "or .parquet, .feather, .arff, .mat, .xlsx, by the extra 'files'",
    )
    parser.add_argument(
        "more",
        nargs="*",
        metavar="MORE.csv",
        help="tables only: more files with the same columns; patterns such as 'logs/*.csv' are the files that match",
    )


def add_model(parser: argparse.ArgumentParser, text: str = "a model written by 'anomaly fit'") -> None:
    """Add the model's file."""
    parser.add_argument("--model", "-m", required=True, metavar="MODEL.npz", help=text)


def add_output_model(parser: argparse.ArgumentParser) -> None:
    """Add the file of the changed model."""
    parser.add_argument(
        "--output", "-o", metavar="MODEL.npz", help="where to write the changed model (default: replace MODEL.npz)"
    )


def add_records(parser: argparse.ArgumentParser) -> None:
    """Add what the written model keeps of the training records."""
    parser.add_argument(
        "--records",
        **one_of("all", "prototypes", "none"),
        help="tables only: what the model keeps of the training records, whose values can be computed from its file: "
        "all, which is at most 10,000; prototypes, means of five records or more; or none. Without records, drift and "
        "update cannot use it, and it finds a little less (default: all)",
    )


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add the random seed."""
    parser.add_argument(
        "--seed", type=at_least(0), default=0, metavar="N", help="random seed, for reproducible results (default: 0)"
    )


def add_threshold(parser: argparse.ArgumentParser) -> None:
    """Add a threshold that replaces the model's."""
    parser.add_argument("--threshold", type=number, metavar="SCORE", help="use this threshold instead of the model's")


def add_rows(parser: argparse.ArgumentParser) -> None:
    """Add the column of groups, and the intervals to leave out."""
    parser.add_argument(
        "--group",
        metavar="COL",
        help="the column that names what rows belong together, such as a machine. Series: each is a series of its own, "
        "whose rows may be interleaved, and 'fit' learns a model of each, all in one file, with scores in units of its "
        "threshold. Tables, 'fit' only: the column is no feature, and rows of a group are held out together for the "
        "threshold",
    )
    add_exclude(parser)


def add_exclude(parser: argparse.ArgumentParser) -> None:
    """Add the intervals to leave out."""
    parser.add_argument(
        "--exclude",
        metavar="INTERVALS.csv",
        help="series only: intervals to leave out, such as maintenance: columns start and end, both included, written "
        "as the times of the rows (row numbers from 1, without --time), and perhaps a third with the machine. Their "
        "rows have no score and no alarm, and a new segment begins after each",
    )


def add_table(
    parser: argparse.ArgumentParser,
    labels: bool = True,
    required: bool = False,
    normal: str = "the label of normal records; all others are anomalies, except empty ones and NA, which are left out",
) -> None:
    """Add the options for the format of the input and the roles of its columns."""
    table = parser.add_argument_group("input format and columns")
    _add_form(table)
    table.add_argument(
        "--id",
        action="append",
        default=[],
        metavar="COL",
        help="a column that identifies records: no feature, and copied by 'score' (repeatable)",
    )
    table.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="COL",
        help="a column to ignore (repeatable, or comma-separated)",
    )
    table.add_argument("--label", required=required, metavar="COL", help="the column of labels, which is no feature")
    if labels:
        table.add_argument("--normal", required=required, metavar="VALUE", help=normal)


def add_scheduler(parser: argparse.ArgumentParser, work: str) -> None:
    """Add the address of a scheduler of Dask."""
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help=f"tables only: {work} on the workers of a Dask scheduler, such as tcp://10.0.0.5:8786; the files must "
        "have the same paths there (the extra 'dask')",
    )


def _add_form(table: Any) -> None:
    """Add the options for the form of the input files."""
    table.add_argument(
        "--delimiter",
        type=delimiter,
        metavar="CHAR",
        help="delimiter between fields; a tab may be written as tab or '\\t', and any number of blanks as blank "
        "(default: detected)",
    )
    table.add_argument(
        "--no-header",
        action="store_true",
        help="the first line is a record; columns are named by number, from 0",
    )
    table.add_argument(
        "--encoding", metavar="NAME", help="encoding of the text, such as cp1252 or utf-16-le (default: UTF-8)"
    )
    table.add_argument("--decimal", metavar="CHAR", help="decimal point of numbers: . or , (default: .)")
    table.add_argument(
        "--missing",
        action="append",
        metavar="MARK,...",
        help="texts or numbers that mark missing values, such as --missing=-999,none (repeatable)",
    )
    table.add_argument(
        "--skip-lines", type=at_least(0), metavar="N", help="leave out so many lines at the beginning (default: 0)"
    )
    table.add_argument("--comment", metavar="CHAR", help="lines that begin with this character are comments")
    table.add_argument(
        "--on-bad-row",
        **one_of("stop", "skip", "report"),
        help="what to do about rows that cannot be read: stop, leave them out, or also write their lines and the "
        "causes to the file of --bad-rows. If any are left out, the exit code is 3 (default: stop; report with "
        "--bad-rows)",
    )
    table.add_argument(
        "--bad-rows", metavar="BAD.csv", help="leave out rows that cannot be read, and write them to this file"
    )


def _form_options(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of `CsvForm` that are given."""
    names = ("delimiter", "encoding", "decimal", "skip_lines", "comment")
    given = {name: values[name] for name in names if values[name] is not None}
    if values["no_header"]:
        given["header"] = False
    if values["missing"] is not None:
        given["missing"] = tuple(split_names(values["missing"]))
    CsvForm(**given)  # raises ValueError
    return given


def _left_out(how: str | None, path: str | None) -> BadRows | None:
    """Return where rows go that cannot be read; None if they are errors."""
    if how == "report" and path is None:
        raise ValueError("--on-bad-row report goes with --bad-rows BAD.csv, which says where to")
    if path is not None and how not in (None, "report"):
        raise ValueError(f"--bad-rows BAD.csv writes the rows that are left out: leave --on-bad-row {how} away")
    return None if path is None and how in (None, "stop") else BadRows()


def input_options(options: argparse.Namespace) -> InputOptions:
    """Return the input file, the roles of its columns, and the column of labels if there is one to be read.

    Raises
    ------
    ValueError
        If there is a normal label without a column of labels.
    """
    normal: str | None = getattr(options, "normal", None)
    if normal is not None and options.label is None:
        raise ValueError("--normal names a value of the label column: give --label COL too")
    # What runs the command tells of them at the end.
    options.left_out = _left_out(options.on_bad_row, options.bad_rows)
    source = Source(options.data, _form_options(vars(options)), tuple(options.more), bad=options.left_out)
    _check_outputs(vars(options), source.paths)
    return InputOptions(
        source,
        Columns(tuple(split_names(options.id)), tuple(split_names(options.drop)), options.label),
        None if normal is None else LabelColumn(options.label, normal),
    )


def _check_outputs(values: Mapping[str, Any], data: list[str]) -> None:
    """Raise ValueError if a file that a command writes is one that it reads, or writes as well."""
    command = values["command"]
    outputs = {name.replace("_", "-"): values.get(name) for name in _WRITTEN if name != "model" or command == "fit"}
    read = {"data": data, "intervals": [values["exclude"]] if values.get("exclude") else []}
    check_outputs(outputs, read)
    if "model" in values and command != "fit":
        if command in ("update", "learn-labels"):
            # The changed model may replace the one that was read.
            outputs["output"] = None
        check_outputs(outputs, {"model": [values["model"]]})


def check_supported(given: Mapping[str, Any], kind: DataKind | None, model: str | None = None) -> None:
    """Raise ValueError if an option is given that the kind of data does not support.

    Parameters
    ----------
    given : mapping of str to object
        Options by name; None and False are options that are not given.
    kind : {"tables", "series"}
        The kind of data.
    model : str, optional
        File of the fitted model; without one, the model is about to be fitted.
    """
    for name, supported in SUPPORTED_BY.items():
        if supported == kind or not is_given(given.get(name)):
            continue
        option = f"--{name.replace('_', '-')}"
        if model is not None:
            fitted = "a table, without --series" if kind == "tables" else "a series"
            raise ValueError(f"{option} is for {supported}; {model!r} was fitted on {fitted}")
        if supported == "series":
            raise ValueError(f"{option} is for series: give --series too, if the rows are consecutive steps")
        instead = " (series have --false-alarms RATE, such as 1/week)" if name == "false_alarm_rate" else ""
        raise ValueError(f"{option} is for tables: leave it out, or --series and --window{instead}")


def is_given(value: Any) -> bool:
    """Return whether an option is given: None and False are the defaults of those that may be missing."""
    return value is not None and value is not False


def split_names(columns: list[str]) -> list[str]:
    """Split comma-separated names of columns; a name with a comma is written in double quotes.

    Examples
    --------
    >>> split_names(["a, b", '"size, mm",c'])
    ['a', 'b', 'size, mm', 'c']
    """
    try:
        rows = list(csv.reader(columns, skipinitialspace=True))
    except csv.Error as error:
        raise ValueError(f"names of columns are separated by commas; found {columns!r}: {error}") from error
    return [name.strip() for row in rows for name in row if name.strip()]


def at_least(least: int) -> Callable[[str], int]:
    """Return a parser of integers that are not smaller than `least`."""

    def read(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            found = least - 1
        if found < least:
            raise argparse.ArgumentTypeError(f"must be a whole number of at least {least}; found {text!r}")
        return found

    return read


def delimiter(text: str) -> str:
    """Parse a delimiter; a tab and blanks may be spelled out, since they are hard to type."""
    return {"\\t": "\t", "tab": "\t", "blank": BLANKS_DELIMITER, "blanks": BLANKS_DELIMITER}.get(text, text)


def whole(text: str) -> int:
    """Parse an integer."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number; found {text!r}") from None


def number(text: str) -> float:
    """Parse a finite number."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"must be a number; found {text!r}")
    return number
