"""The arguments of ``anomaly score``."""

from __future__ import annotations

from argparse import ArgumentParser

from anomaly.cli.json_output import add_json
from anomaly.cli.options import (
    add_data,
    add_model,
    add_rows,
    add_scheduler,
    add_table,
    add_threshold,
    at_least,
    number,
    whole,
)
from anomaly.cli.row_output import FORMATS
from anomaly.cli.series_options import add_tolerance
from anomaly.cli.suggestions import one_of


def add_score_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_data(parser, "DATA.csv", "records to score")
    add_model(parser)
    parser.add_argument(
        "--output",
        "-o",
        default="-",
        metavar="SCORES.csv",
        help="where to write the scores; .gz compresses, - is standard output (default: -)",
    )
    _add_form_of_output(parser)
    parser.add_argument(
        "--top",
        type=whole,
        default=0,
        metavar="K",
        help="add the K columns that contribute most to each score, and their fractions of it; for tables also the "
        "columns that are missing though fewer than 5 %% of the training records lacked them",
    )
    parser.add_argument(
        "--expected",
        action="store_true",
        help="tables only: with --top, add the values of those columns and their expected values",
    )
    parser.add_argument(
        "--why",
        action="store_true",
        help="add the reasons in words: what was found in the columns that contribute most to the score (at most 3, or "
        "as many as --top says), and what was expected there",
    )
    parser.add_argument(
        "--p-values",
        action="store_true",
        help="tables only: add the chance that a normal record scores so high; too small unless the model was fitted "
        "with --false-alarm-rate",
    )
    parser.add_argument(
        "--prior",
        type=number,
        metavar="FRACTION",
        help="tables only: add an estimate of the probability that the record is an anomaly, from its p-value and this "
        "fraction of anomalies, such as 0.01",
    )
    parser.add_argument(
        "--spreadsheet",
        action="store_true",
        help="put an apostrophe before text that a spreadsheet would run as a formula: what begins with = + - or @",
    )
    _add_budget(parser)
    parser.add_argument(
        "--events",
        metavar="EVENTS.csv",
        help="series only: also write events, the segments of alarms, with their first, last and highest rows by "
        "number or --id, and by timestamp if the model has a column of timestamps; - is standard output, unless the "
        "scores are written to it",
    )
    parser.add_argument(
        "--minimum-length",
        type=at_least(1),
        metavar="STEPS",
        help="series only: with --events, drop shorter events (default: 1)",
    )
    add_tolerance(parser)
    add_json(parser, "a summary of the scores")
    add_rows(parser)
    add_threshold(parser)
    add_scheduler(parser, "read and score the files")
    add_table(parser, labels=False)


def _add_form_of_output(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        **one_of(*FORMATS),
        help="format of the scores: csv; jsonl, one JSON object a row; or parquet, by the extra 'files' (default: by "
        "the output's ending, .jsonl or .parquet; else csv)",
    )
    parser.add_argument(
        "--columns",
        action="append",
        default=[],
        metavar="COL",
        help="columns of the input to write beside the scores; '*' is all. No features, unless the model has them "
        "(repeatable, or comma-separated)",
    )
    parser.add_argument(
        "--sort", action="store_true", help="write the highest scores first. Rows are then written when all are scored"
    )
    parser.add_argument(
        "--limit",
        type=at_least(1),
        metavar="N",
        help="write the N rows with the highest scores alone, in the order of the file, or with --sort in that of the "
        "scores. Rows are then written when all are scored",
    )


def _add_budget(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--budget",
        metavar="N[/PERIOD]",
        help="tables only: at most this many alarms, in all (50) or in each hour, day, week or month (50/day): of the "
        "records above the threshold, those with the highest scores. Rows are then written when all are scored",
    )
    parser.add_argument(
        "--time",
        dest="budget_time",
        metavar="COL",
        help="tables only: with --budget N/PERIOD, the column of dates and times; no feature, unless the model has it",
    )
    parser.add_argument(
        "--time-zone",
        metavar="NAME",
        help="tables only: with --budget N/PERIOD, the time zone in which days begin, such as Europe/Berlin (default: "
        "UTC, which times without an offset are taken for)",
    )
