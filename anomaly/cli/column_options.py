"""Arguments of the command ``fit`` that say how columns are understood."""

from __future__ import annotations

from argparse import ArgumentParser


def add_preprocessing(parser: ArgumentParser) -> None:
    """Add the arguments of the columns."""
    parser.add_argument(
        "--keep",
        action="append",
        metavar="COL",
        help="tables only: a column to use as it is written, though it numbers or names the records, only grows, or "
        "holds numbers that look like times; without it such columns are left out or read as times, with a warning "
        "(repeatable, or comma-separated)",
    )
    parser.add_argument(
        "--date-format",
        action="append",
        metavar="[COL=]FORMAT",
        help="tables only: the format of dates, such as %%d/%%m/%%Y; a time of day may follow it (repeatable; default: "
        "found from the values of each column)",
    )
    parser.add_argument(
        "--time-zone",
        metavar="NAME",
        help="tables only: the time zone of the hours of datetimes with an offset from UTC, or in seconds since 1970, "
        "such as Europe/Berlin (default: hours as they are written, and UTC)",
    )
    parser.add_argument(
        "--scaling",
        choices=("standard", "minmax", "robust", "core", "quantile", "none"),
        help="scaling of numbers (default: core; series: standard)",
    )
    parser.add_argument(
        "--dates",
        choices=("cycles", "number", "ignore"),
        help="tables only: features of dates: hour and weekday, the date as a number as well, or none (default: "
        "cycles)",
    )
