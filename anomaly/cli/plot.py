"""The command ``anomaly plot``: plots of the scores of a file."""

from __future__ import annotations

from argparse import Namespace

import numpy as np

from anomaly.cli import inputs
from anomaly.cli.figures import figures_of, write_figures
from anomaly.cli.folders import make_folder
from anomaly.cli.json_output import add_json, write_json
from anomaly.cli.labels import UNLABELLED, format_left_out
from anomaly.cli.options import Subparsers, add_command, add_data, add_model, add_table, at_least, input_options
from anomaly.cli.source import STANDARD
from anomaly.cli.streams import say_aside
from anomaly.errors import DataError
from anomaly.tables import Table
from nnlite.types import Array

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
    parser.add_argument(
        "--record",
        action="append",
        type=at_least(1),
        default=[],
        metavar="ROW",
        help="draw the reasons for the score of this row as well, counted from 1 as in the output of 'score' "
        "(repeatable; for tables)",
    )
    add_json(parser, "the names of the files")
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
    if options.record and detector.data_kind == "series":
        raise ValueError("--record is for tables; the steps of a series are in 'series.png', with their alarms")
    folder = make_folder(options.output)
    features, rows = data.features(table), np.arange(len(table))
    if y is not None and detector.data_kind == "series":
        # A step cannot be left out of a series: one without a label is not marked as an anomaly.
        y = y.clip(min=0)
    elif y is not None and (y == UNLABELLED).any():
        known = np.flatnonzero(y != UNLABELLED)
        say_aside(f"anomaly: {format_left_out(len(y) - len(known))}")
        features, y, rows = features.rows(known), y[known], known
    names, asked = _names(table, rows, given.columns.unique_ids), _positions(options.record, rows, len(table))
    paths: list[str] = []
    for path in write_figures(figures_of(detector.plot_data(features), y, names, asked, rows + 1), folder):
        paths.append(str(path))
        if options.json != STANDARD and not options.quiet:
            print(path)
    if options.json:
        write_json("plot", {"model": options.model, "files": paths}, options.json)


def _names(table: Table, rows: Array, ids: list[str]) -> list[str]:
    """Return what records are called: their rows, counted from 1 as in the output of `score`, and what identifies."""
    cells = [table[name][rows].tolist() for name in ids]
    told = [f" ({', '.join(map(str, row))})" for row in zip(*cells, strict=True)] if ids else [""] * len(rows)
    return [f"Row {row + 1:,}{text}" for row, text in zip(rows.tolist(), told, strict=True)]


def _positions(asked: list[int], rows: Array, n_rows: int) -> dict[int, int]:
    """Return the positions of the records that are asked for, by the numbers of their rows."""
    places = {row + 1: position for position, row in enumerate(rows.tolist())}
    for row in asked:
        if row not in places:
            why = "has no label, and is left out" if row <= n_rows else f"is beyond the {n_rows:,} rows that are drawn"
            raise DataError(f"--record {row}: this row {why}")
    return {row: places[row] for row in asked}
