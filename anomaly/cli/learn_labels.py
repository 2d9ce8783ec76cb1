"""The command ``anomaly learn-labels``: weights of columns, learned from labelled records."""

from __future__ import annotations

import warnings
from argparse import Namespace

import numpy as np

from anomaly.cli import inputs, texts
from anomaly.cli.json_output import add_json, write_json
from anomaly.cli.labels import UNLABELLED, format_left_out
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
from anomaly.cli.streams import say
from anomaly.errors import LabelWarning
from anomaly.tables import concatenate
from nnlite.job import Plan


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(
        subparsers,
        "learn-labels",
        run,
        "anomaly learn-labels known.csv --model m.npz --label class --normal ok --id number",
        "The model, one of a table, scores with these weights from then on. Each call replaces the weights of the one\n"
        "before: give all labels that there are.",
    )
    add_data(parser, "KNOWN.csv", "labelled records, such as inspected alarms")
    add_model(parser)
    add_output_model(parser)
    add_records(parser)
    add_json(parser)
    add_table(parser, required=True)


def run(options: Namespace) -> None:
    """Learn the weights, and write the model."""
    given, output = input_options(options), options.output or options.model
    inputs.check_writable(output)
    detector = inputs.load_for_tables(
        options.model,
        "learn_labels",
        "learn-labels is for tables: fit the series anew with "
        "labels, as 'anomaly fit ... --label COL --normal VALUE --threshold best_f1'",
    )
    data = given.for_model(
        options.model, detector.required_columns_, detector.ignore, detector.time, form=detector.file_form
    )
    plan = Plan(reading=1, learning=9)
    with plan("reading"):
        table = concatenate(list(data.usable_chunks(detector.check_rows)))
    assert given.labels is not None  # --label and --normal are required
    data.source.check_present(table, [given.labels.name])
    labels = given.labels.read(table)
    given.labels.check_anomalies(labels)
    known = np.flatnonzero(labels != UNLABELLED)
    n_unlabelled = len(labels) - len(known)
    table, labels = table.rows(known), labels[known]
    with warnings.catch_warnings(), plan("learning"):
        # The text printed below says the same.
        warnings.simplefilter("ignore", LabelWarning)
        detector.learn_labels(data.features(table), labels)
    detector = detector.keep_records(options.records or "all")
    detector.save(output)
    weights = detector.column_weights_
    assert weights is not None  # set by learn_labels
    n_anomalies, n_normal = int((labels == 1).sum()), int((labels == 0).sum())
    if options.json:
        names = map(str, detector.feature_names_in_)
        found = {
            "model": output,
            "n_anomalies": n_anomalies,
            "n_normal": n_normal,
            "n_unlabelled": n_unlabelled,
            "weights": dict(zip(names, weights.tolist(), strict=True)),
            **detector.to_dict(),
        }
        write_json("learn-labels", found, options.json)
    if options.json == STANDARD or options.quiet:
        return
    print(f"learned from {n_anomalies:,} labelled anomalies and {n_normal:,} normal records")
    if (weights == 1).all():
        print("the labels are no evidence for other weights: records score as without labels; give more labels")
    say(texts.format_remembered(detector.threshold_, detector.labels_))
    print(f"model written to {output}\n")
    say(texts.format_weights(list(detector.feature_names_in_), weights))
    if n_unlabelled:
        print(format_left_out(n_unlabelled))
