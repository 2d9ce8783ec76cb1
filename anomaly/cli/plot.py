"""The command ``anomaly plot``: plots of the scores of a file."""

from __future__ import annotations

import sys
from argparse import Namespace

import numpy as np

from anomaly.cli import inputs
from anomaly.cli.figures import figures_of, write_figures
from anomaly.cli.folders import make_folder
from anomaly.cli.labels import UNLABELLED, format_left_out
from anomaly.cli.options import Subparsers, add_command, add_data, add_model, add_table, input_options

_MOST_ROWS = 200_000


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(
        subparsers,
        "plot",
        run,
        "anomaly plot test.csv --model m.npz --output pictures --label class --normal ok",
    )
    add_data(parser, "DATA.csv", "records to plot")
    add_model(parser)
    parser.add_argument(
        "--output", "-o", default="pictures", metavar="FOLDER", help="where to write the plots (default: pictures)"
    )
    add_table(parser)


def run(options: Namespace) -> None:
    """Write the plots, and print the names of their files."""
    given = input_options(options)
    detector = inputs.load(options.model)
    data = given.for_model(
        options.model, detector.required_columns_, detector.ignore, detector.time, form=detector.file_form
    )
    table, y = inputs.first_rows(data.usable_chunks(detector.check_rows), _MOST_ROWS), None
    if given.labels is not None:
        data.source.check_present(table, [given.labels.name])
        y = given.labels.read(table)
        if detector.data_kind == "tables":
            given.labels.check_both_classes(given.labels.texts(table))
    folder = make_folder(options.output)
    features = data.features(table)
    if y is not None and detector.data_kind == "series":
        # A step cannot be left out of a series: one without a label is not marked as an anomaly.
        y = y.clip(min=0)
    elif y is not None and (y == UNLABELLED).any():
        known = np.flatnonzero(y != UNLABELLED)
        print(f"anomaly: {format_left_out(len(y) - len(known))}", file=sys.stderr)
        features, y = features.rows(known), y[known]
    for path in write_figures(figures_of(detector.plot_data(features), y), folder):
        print(path)
