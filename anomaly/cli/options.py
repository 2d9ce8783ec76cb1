"""Arguments that several commands of ``anomaly`` take, and how numbers among them are read."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def add_data(parser: argparse.ArgumentParser, metavar: str, text: str) -> None:
    """Add the file that is read."""
    parser.add_argument("data", metavar=metavar, help=f"{text}; gzip is fine, and - is standard input")


def add_model(parser: argparse.ArgumentParser, text: str) -> None:
    """Add the model's file."""
    parser.add_argument("--model", "-m", required=True, metavar="MODEL.npz", help=text)


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add the seed."""
    parser.add_argument(
        "--seed", type=at_least(0), default=0, metavar="N", help="the same seed gives the same result (default: 0)"
    )


def add_threshold(parser: argparse.ArgumentParser) -> None:
    """Add a threshold that takes the place of the model's."""
    parser.add_argument("--threshold", type=number, metavar="SCORE", help="use this threshold instead of the model's")


def add_tolerance(parser: argparse.ArgumentParser) -> None:
    """Add how many quiet steps an event may have within it."""
    parser.add_argument(
        "--tolerance",
        type=at_least(0),
        metavar="STEPS",
        help="of series: alarms with no more quiet steps than this between them are one event (default: 0)",
    )


def at_least(least: int) -> Callable[[str], int]:
    """Return what reads a whole number of at least so much."""

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
    """Read a delimiter: a tab is hard to type, and may be spelled out."""
    return "\t" if text in ("\\t", "tab") else text


def whole(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number; found {text!r}") from None


def number(text: str) -> float:
    """Read a finite number."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"must be a number; found {text!r}")
    return number


def add_table(
    parser: argparse.ArgumentParser,
    labels: bool = True,
    required: bool = False,
    normal: str = "the label of normal records; all others are anomalies, but empty ones and NA are left out",
) -> None:
    """Add what says how a table is read, and which of its columns are no features."""
    table = parser.add_argument_group("the table")
    table.add_argument(
        "--delimiter",
        type=delimiter,
        metavar="CHAR",
        help="between the fields; a tab may be written as tab or '\\t' (default: found out)",
    )
    table.add_argument(
        "--no-header",
        action="store_true",
        help="the first line is a record; columns go by number, from 0",
    )
    table.add_argument(
        "--id",
        action="append",
        default=[],
        metavar="COL",
        help="a column that names the record: 'fit' does not learn from it, 'score' copies it (repeatable)",
    )
    table.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="COL",
        help="a column to leave out (repeat, or separate by commas)",
    )
    table.add_argument(
        "--label",
        required=required,
        metavar="COL",
        help="the column of labels: never a feature",
    )
    if labels:
        table.add_argument(
            "--normal",
            required=required,
            metavar="VALUE",
            help=normal,
        )
