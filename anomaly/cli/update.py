"""The command ``anomaly update``: further training of a model."""

from __future__ import annotations

from argparse import Namespace

import numpy as np

from anomaly.cli import inputs, texts
from anomaly.cli.json_output import add_json, write_json
from anomaly.cli.labels import LabelColumn
from anomaly.cli.options import (
    Subparsers,
    add_command,
    add_data,
    add_model,
    add_output_model,
    add_records,
    add_table,
    input_options,
)
from anomaly.cli.source import STANDARD
from anomaly.errors import DataError
from anomaly.tables import Table


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(
        subparsers,
        "update",
        run,
        "anomaly update new.csv --model m.npz --label class --normal ok --id number",
        "The model, one of a table, keeps what it learned from earlier records, in bounded memory. Columns, scaling\n"
        "and categories stay those of 'anomaly fit'.",
    )
    add_data(parser, "NEW.csv", "records that were not used for training before")
    add_model(parser)
    add_output_model(parser)
    add_records(parser)
    add_json(parser)
    add_table(parser, normal="the label of normal records; others are not used for training")


def run(options: Namespace) -> None:
    """Train a model on further records, and write it."""
    given, output = input_options(options), options.output or options.model
    inputs.check_writable(output)
    detector = inputs.load_for_tables(
        options.model,
        "partial_fit",
        "update is for tables, whose records are independent: "
        "fit the series anew, with the new rows after the old ones (several files: one after the other, or with "
        "--group, each with a column that names it)",
    )
    data = given.for_model(
        options.model, detector.required_columns_, detector.ignore, detector.time, form=detector.file_form
    )
    n_records, found = 0, set[str]()
    for table in data.usable_chunks(detector.check_rows):
        records = table
        if given.labels is not None:
            data.source.check_present(table, [given.labels.name])
            records = _normal_records(table, given.labels, found)
        if len(records):
            detector.partial_fit(data.features(records))
            n_records += len(records)
    if not n_records:
        assert given.labels is not None  # a file without records is refused when it is read
        cause = given.labels.no_normal_record(found)
        raise DataError(f"{data.source} has no records to learn from: {cause}")
    detector = detector.keep_records(options.records or "all")
    detector.save(output)
    if options.json:
        found_now = {
            "model": output,
            "n_new_records": n_records,
            **detector.to_dict(),
            "n_remembered": len(detector.labels_),
        }
        write_json("update", found_now, options.json)
    if options.json == STANDARD or options.quiet:
        return
    print(
        f"learned from {n_records:,} more records, {detector.records_seen_:,} in all\n"
        f"{texts.format_remembered(detector.threshold_, detector.labels_)}\n"
        f"model written to {output}"
    )


def _normal_records(table: Table, labels: LabelColumn, found: set[str]) -> Table:
    """Return the records with the normal label; add all labels to those found."""
    cells = labels.texts(table)
    found.update(cells.tolist())
    return table.rows(np.flatnonzero(cells == labels.normal_text))
