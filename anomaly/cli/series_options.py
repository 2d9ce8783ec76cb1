"""Options for time series: those of ``anomaly fit``, and the steps that events may join."""

from __future__ import annotations

import argparse

from anomaly.cli.options import add_rows, at_least, number, whole
from anomaly.cli.suggestions import one_of


def add_series(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    series = parser.add_argument_group("time series: consecutive rows, split into windows")
    series.add_argument("--series", action="store_true", help="the rows are the consecutive steps of a time series")
    series.add_argument(
        "--window",
        type=_window,
        metavar="STEPS",
        help="length that windows are multiples of, or auto, for the period of the series (default: auto); implies "
        "--series",
    )
    series.add_argument("--causal", action="store_true", help="score each step without using later ones")
    series.add_argument(
        "--false-alarms",
        metavar="RATE",
        help="rate of false alarms to be kept on normal series, such as 1/week or '1/2000 steps' (default: about "
        "1/5000 steps, not promised)",
    )
    series.add_argument(
        "--network",
        **one_of("dense", "conv", "lstm", "gru"),
        help="architecture of networks beside the comparison of windows (default: none, or dense if one of the options "
        "from here to --margin is given, which concern networks)",
    )
    series.add_argument(
        "--network-share",
        type=number,
        metavar="FRACTION",
        help="weight of the networks in the score, 1 for networks alone (default: 0.1)",
    )
    series.add_argument("--stride", type=whole, metavar="STEPS", help="distance between windows (default: 1)")
    series.add_argument(
        "--method",
        **one_of("reconstruction", "forecast"),
        help="task of the network: reconstruct windows or forecast the next step (default: reconstruction)",
    )
    series.add_argument(
        "--relative", action="store_true", help="subtract the level of each window, for sensors with random-walk drift"
    )
    series.add_argument(
        "--smoothing",
        type=number,
        metavar="STEPS",
        help="span of the exponentially weighted average of the errors (default: 20)",
    )
    series.add_argument(
        "--folds",
        type=whole,
        metavar="N",
        help="number of cross-validation folds, with a network each (default: 4 for short series, else 1)",
    )
    series.add_argument("--members", type=whole, metavar="N", help="networks to average in each fold (default: 1)")
    series.add_argument(
        "--margin",
        type=number,
        metavar="M",
        help="threshold of networks alone, as a multiple of the highest normal score (default: 2)",
    )
    add_rows(parser)
    series.add_argument("--time", metavar="COL", help="the column of timestamps; gaps in it separate segments")
    series.add_argument(
        "--gap", type=number, metavar="N", help="number of typical time steps that counts as a gap (default: 10)"
    )


def add_tolerance(parser: argparse.ArgumentParser) -> None:
    """Add the most normal steps within an event."""
    parser.add_argument(
        "--tolerance",
        type=at_least(0),
        metavar="STEPS",
        help="series only: join alarms with at most this many normal steps between them into one event (default: 0)",
    )


def _window(text: str) -> int | str:
    return text if text == "auto" else whole(text)
