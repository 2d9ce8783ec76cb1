"""The arguments of ``anomaly fit``."""

from __future__ import annotations

from argparse import ArgumentParser

from anomaly.cli.json_output import add_json
from anomaly.cli.long_tables import add_memory
from anomaly.cli.options import add_data, add_model, add_records, add_scheduler, add_seed, add_table, number, whole
from anomaly.cli.series_options import add_series
from anomaly.cli.suggestions import one_of


def add_fit_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_data(parser, "TRAIN.csv", "training records")
    add_model(parser, "where to write the model")
    add_table(
        parser, normal="the label of normal records; others are not used for training, unless --threshold needs them"
    )
    parser.add_argument(
        "--categorical",
        action="append",
        default=[],
        metavar="COL",
        help="a column of numbers to treat as categories (repeatable, or comma-separated)",
    )
    _add_threshold(parser)
    _add_training(parser)
    _add_preprocessing(parser)
    add_series(parser)
    add_records(parser)
    add_seed(parser)
    add_memory(parser)
    add_scheduler(parser, "read the files")
    add_json(parser)
    parser.add_argument(
        "--checkpoint",
        metavar="FOLDER",
        help="keep the state of training in this folder: the same command, run again after it was killed, goes on to "
        "the same model, and deletes the folder when the model is written",
    )
    parser.add_argument("--verbose", "-v", action="store_true", help="show the progress of training")


def _add_threshold(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--contamination",
        default="auto",
        metavar="FRACTION",
        help="fraction of anomalies among the training records, such as 0.02 (default: auto)",
    )
    parser.add_argument(
        "--threshold",
        metavar="RULE",
        help="rule for the threshold: sigma, mad, iqr, pot or a number; one_class, the default with labels (--label, "
        "--normal), takes no group of the records for anomalies; with labels also best_f1, "
        "precision:0.9 (the highest recall at that precision) or recall:0.9 (the fewest alarms at that recall)",
    )
    parser.add_argument(
        "--false-alarm-rate",
        type=number,
        metavar="FRACTION",
        help="tables only: choose the threshold so that this fraction of new normal records is flagged, such as 0.01, "
        "which takes 99 records or more (0.001: 999); takes five more fits",
    )
    parser.add_argument(
        "--trim",
        type=number,
        metavar="FRACTION",
        help="tables only: leave out this fraction of the records, those that an isolation forest isolates first "
        "(default: the contamination, if it is a number)",
    )


def _add_training(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--hidden",
        metavar="SIZES",
        help="sizes of the hidden layers, such as 32,8,32 (default: 128,128; series: 32,16 with --network conv, 64 "
        "with lstm and gru)",
    )
    parser.add_argument(
        "--noise",
        type=number,
        metavar="S",
        help="standard deviation of the training noise (default: several; series: 0.2)",
    )
    parser.add_argument(
        "--sparsity",
        type=number,
        metavar="L1",
        help="tables only: L1 penalty on the activations of the middle layer, such as 0.001 (default: 0)",
    )
    parser.add_argument(
        "--epochs",
        type=whole,
        metavar="N",
        help="epochs of training (default: up to 800 steps; series: 2000 steps, 1000 with --network conv, 600 with "
        "lstm and gru)",
    )
    parser.add_argument(
        "--batch-size",
        type=whole,
        metavar="N",
        help="batch size, in records or windows (default: up to 128; series: 64)",
    )


def _add_preprocessing(parser: ArgumentParser) -> None:
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
        **one_of("standard", "minmax", "robust", "core", "quantile", "none"),
        help="scaling of numbers (default: core; series: standard)",
    )
    parser.add_argument(
        "--dates",
        **one_of("cycles", "number", "ignore"),
        help="tables only: features of dates: hour and weekday, the date as a number as well, or none (default: "
        "cycles)",
    )
