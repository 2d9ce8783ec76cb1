"""The command ``anomaly evaluate``: metrics of the scores of labelled records."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

import numpy as np

from anomaly.cli import inputs, texts
from anomaly.cli.labels import UNLABELLED, format_left_out
from anomaly.cli.options import (
    Subparsers,
    add_command,
    add_data,
    add_model,
    add_table,
    add_threshold,
    add_tolerance,
    check_supported,
    input_options,
)
from anomaly.metrics import evaluate
from anomaly.metrics.events import evaluate_events
from nnlite.files import atomic_write


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(
        subparsers, "evaluate", run, "anomaly evaluate test.csv --model m.npz --label class --normal ok"
    )
    add_data(parser, "DATA.csv", "labelled records")
    add_model(parser)
    parser.add_argument(
        "--json",
        metavar="FILE",
        help="also write the metrics to this file; with - only they are written to standard output",
    )
    add_tolerance(parser)
    add_threshold(parser)
    add_table(parser, required=True)


def run(options: Namespace) -> None:
    """Print the metrics, and write them to a file if one is given."""
    inputs.check_not_overwritten("json", options.json, {"data": options.data, "model": options.model})
    given = input_options(options)
    assert given.labels is not None  # --label and --normal are required
    detector = inputs.load(options.model)
    check_supported(vars(options), detector.data_kind, options.model)
    data = given.for_model(options.model, detector.required_columns_, detector.ignore, detector.time)
    stream = detector.stream()
    cells, scored = [], []
    for table in data.chunks():
        data.source.check_present(table, [given.labels.name])
        cells.append(given.labels.texts(table))
        scored.append(stream.push(data.features(table)))
    labels, scores = np.concatenate(cells), np.concatenate([*scored, stream.finish()])
    given.labels.check_both_classes(labels)
    y = given.labels.binary(labels)
    known = y != UNLABELLED
    n_unlabelled = int((~known).sum())
    labels, scores, y = labels[known], scores[known], y[known]
    threshold = detector.threshold_ if options.threshold is None else options.threshold
    result = evaluate(y, scores, threshold=threshold)
    by_label = texts.count_by_label(labels, scores, threshold, given.labels.normal_text)
    metrics = {**result.to_dict(), "n_unlabelled": n_unlabelled, "by_label": by_label}
    sections = [texts.format_evaluation(result, by_label)]
    if detector.data_kind == "series":
        # Rows without a label are left out here too: an alarm there is neither true nor false.
        events = evaluate_events(y, scores, threshold, tolerance=options.tolerance or 0)
        metrics["events"] = events.to_dict()
        sections.append(f"event by event (delays in steps)\n{events}")
    if n_unlabelled:
        sections.append(format_left_out(n_unlabelled))
    if options.json:
        _write_json(metrics, options.json)
    if options.json != inputs.STANDARD:
        print("\n\n".join(sections))


def _write_json(metrics: dict[str, Any], path: str) -> None:
    """Write metrics to a file, or to standard output."""
    text = json.dumps(metrics, indent=1)
    if path == inputs.STANDARD:
        print(text)
        return
    with atomic_write(path) as file:
        file.write(text.encode())
