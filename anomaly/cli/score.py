"""What the commands of ``anomaly`` do that ask a detector something, given their parsed arguments."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from anomaly.calibration import anomaly_probability, p_values
from anomaly.cli import inputs, labels
from anomaly.cli import series_scores as series_commands
from anomaly.cli import texts as report
from anomaly.cli.folders import make_folder
from anomaly.cli.score_columns import numbers, score_columns, score_names, top_columns, top_names
from anomaly.detectors import SequenceDetector, TableDetector
from anomaly.errors import DataError
from anomaly.metrics import evaluate as judge
from anomaly.metrics.events import evaluate_events
from anomaly.tables import Table
from anomaly.tables.csv_files import CsvWriter
from nnlite.files import atomic_write
from nnlite.types import Array

_MOST_IN_A_PICTURE = 200_000


def demo(options: Namespace) -> None:
    """Do the whole job on made-up data."""
    from anomaly.cli.demo import run_demo

    run_demo(Path(options.output), options.data, options.records, options.seed, print)


def score(options: Namespace) -> None:
    """Score a table chunk by chunk."""
    for output in ("output", "events"):
        inputs.check_apart(options, output, "data", "model")
    inputs.check_outputs_apart(options, "events", "output")
    detector = inputs.load(options.model)
    if options.top < 0:
        raise ValueError(f"--top must be at least 0; found {options.top}")
    if options.expected and not options.top:
        raise ValueError("--expected goes with --top K: it is told of the columns that a score is due to")
    threshold = detector.threshold_ if options.threshold is None else options.threshold
    ids = inputs.id_columns(options)
    top = min(options.top, len(detector.feature_names_in_))
    chances = (["p_value"] if options.p_values else []) + (["probability"] if options.prior is not None else [])
    head = score_names(ids, [*chances, *top_names(top, options.expected)])
    with CsvWriter(options.output, head=head) as writer:
        if isinstance(detector, SequenceDetector):
            series_commands.refuse_for_series(options)
            series_commands.refuse_without_events(options)
            _score_series(detector, options, ids, writer, threshold, top)
            return
        series_commands.refuse_for_tables(options)
        first_row = 1
        for table in inputs.chunks(options, detector):
            inputs.check_present(table, ids, options.data)
            keys = [table[name] for name in ids] or [np.arange(first_row, first_row + len(table))]
            writer.write_columns([*keys, *_told(detector, table, options, threshold, top)])
            first_row += len(table)


def _told(detector: TableDetector, table: Table, options: Namespace, threshold: float, top: int) -> list[Array]:
    """Return what is said of each record."""
    records = inputs.without_ignored(table, options, detector)
    # Scored apart from any explanation: a record's score is the same whatever else is asked for.
    scores = detector.decision_function(records)
    columns = score_columns(scores, threshold)
    chances = p_values(detector.calibration_scores_, scores)
    if options.p_values:
        columns.append(numbers(chances, 4))
    if options.prior is not None:
        columns.append(numbers(anomaly_probability(chances, options.prior, len(detector.calibration_scores_)), 4))
    if not top:
        return columns
    parts = detector.explain(records)
    expected = detector.expected(records) if options.expected else None
    found = records if options.expected else None
    return columns + top_columns(parts, list(detector.feature_names_in_), top, found, expected)


def evaluate(options: Namespace) -> None:
    """Hold scores against labels, and print what came out."""
    print(evaluation(options))


def evaluation(options: Namespace) -> str:
    """Hold scores against labels, write the figures to a file if asked to, and return what is to be printed."""
    inputs.check_apart(options, "json", "data", "model")
    detector = inputs.load(options.model)
    if not isinstance(detector, SequenceDetector):
        series_commands.refuse_for_tables(options)
    threshold = detector.threshold_ if options.threshold is None else options.threshold
    kinds, found = _kinds_and_scores(detector, options)
    labels.check_both(kinds, options)
    truth = labels.judged(kinds, options)
    known = truth != labels.UNLABELLED
    unlabelled = int((~known).sum())
    kinds, found, truth = kinds[known], found[known], truth[known]
    result = judge(truth, found, threshold=threshold)
    by_kind = report.by_kind(kinds, found, threshold, options.normal.strip())
    figures = {**result.to_dict(), "n_unlabelled": unlabelled, "by_label": by_kind}
    parts = [report.evaluated(result, by_kind)]
    if isinstance(detector, SequenceDetector):
        # Rows without a label are cut out here too: whether an alarm in them is a false one, nobody knows.
        events = evaluate_events(truth, found, threshold, tolerance=options.tolerance or 0)
        figures["events"] = events.to_dict()
        parts.append(f"event by event (delays in steps)\n{events}")
    if unlabelled:
        parts.append(labels.left_out(unlabelled))
    return _written(figures, options) or "\n\n".join(parts)


def _written(figures: dict[str, Any], options: Namespace) -> str:
    """Write the figures if asked to; return them if they are to go to standard output, where a reader wants no more."""
    if not options.json:
        return ""
    text = json.dumps(figures, indent=1)
    if options.json == inputs.STANDARD:
        return text
    with atomic_write(options.json) as file:
        file.write(text.encode())
    return ""


def drift(options: Namespace) -> int:
    """Say whether records have drifted; return 1 if they have, else 0."""
    detector = inputs.load(options.model)
    if isinstance(detector, SequenceDetector):
        raise DataError(f"{options.model!r} was fitted on a series; drift compares single records")
    tables = (inputs.without_ignored(table, options, detector) for table in inputs.chunks(options, detector))
    result = detector.drift(tables, options.level)
    print(report.drifted(result))
    return int(result.drifted)


def plot(options: Namespace) -> None:
    """Draw a model's view of a table."""
    if options.normal is not None and options.label is None:
        raise ValueError("--normal names a value of the label column: give --label COL too")
    detector = inputs.load(options.model)
    table = inputs.first_rows(inputs.chunks(options, detector), _MOST_IN_A_PICTURE)
    truth = None
    if options.normal is not None:
        inputs.check_present(table, [options.label], options.data)
        truth = labels.labels_of(table, options)
        if not isinstance(detector, SequenceDetector):  # the curves of a table compare both kinds
            labels.check_both(labels.kinds_of(table, options), options)
    folder = make_folder(options.output)
    features = inputs.without_ignored(table, options, detector)
    if isinstance(detector, SequenceDetector):
        # A row cannot be taken out of a series: one without a label is not marked as an anomaly.
        paths = series_commands.draw(detector, features, None if truth is None else truth.clip(min=0), folder)
    else:
        paths = _draw_labelled(detector, features, truth, folder)
    for path in paths:
        print(path)


def _draw_labelled(detector: TableDetector, table: Table, truth: Array | None, folder: Path) -> list[Path]:
    """Draw records, of those with labels only the ones that have one."""
    from anomaly.cli.plot import draw_pictures

    if truth is not None and (unlabelled := int((truth == labels.UNLABELLED).sum())):
        known = np.flatnonzero(truth != labels.UNLABELLED)
        table, truth = table.rows(known), truth[known]
        print(f"anomaly: {labels.left_out(unlabelled)}", file=sys.stderr)
    return draw_pictures(detector, table, truth, folder)


def info(options: Namespace) -> None:
    """Say what a model is."""
    print(report.described(inputs.load(options.model)))


def _score_series(
    detector: SequenceDetector, options: Namespace, ids: list[str], writer: CsvWriter, threshold: float, top: int
) -> None:
    chunks = _keyed_chunks(detector, options, ids)
    if not options.events:
        series_commands.score(detector, chunks, writer, threshold, top)
        return
    with CsvWriter(options.events) as file:
        timed = detector.time is not None
        events = series_commands.EventWriter(file, options.minimum_length or 1, options.tolerance or 0, timed)
        series_commands.score(detector, chunks, writer, threshold, top, events)
        events.finish()


def _keyed_chunks(
    detector: SequenceDetector, options: Namespace, ids: list[str]
) -> Iterator[tuple[Table, list[Array]]]:
    """Yield the rows of a series and what names them in the output."""
    first_row = 1
    for table in inputs.chunks(options, detector):
        inputs.check_present(table, ids, options.data)
        keys = [table[name] for name in ids] or [np.arange(first_row, first_row + len(table))]
        yield inputs.without_ignored(table, options, detector), keys
        first_row += len(table)


def _kinds_and_scores(detector: TableDetector | SequenceDetector, options: Namespace) -> tuple[Array, Array]:
    """Return the labels of all records as text, and their scores."""
    stream = detector.stream() if isinstance(detector, SequenceDetector) else None
    kinds, scores = [], []
    for table in inputs.chunks(options, detector):
        inputs.check_present(table, [options.label], options.data)
        kinds.append(labels.kinds_of(table, options))
        features = inputs.without_ignored(table, options, detector)
        scores.append(stream.push(features) if stream else detector.decision_function(features))
    if stream:
        scores.append(stream.finish())
    return np.concatenate(kinds), np.concatenate(scores)
