"""The command ``anomaly evaluate``: metrics of the scores of labelled records, and flag rates by columns."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from anomaly.cli import inputs, texts
from anomaly.cli.cells import as_values
from anomaly.cli.json_output import add_json, write_json
from anomaly.cli.labels import UNLABELLED, LabelColumn, format_left_out
from anomaly.cli.options import (
    Subparsers,
    add_command,
    add_data,
    add_model,
    add_rows,
    add_table,
    add_threshold,
    check_supported,
    input_options,
    split_names,
)
from anomaly.cli.series_options import add_tolerance
from anomaly.cli.source import STANDARD
from anomaly.cli.streams import say
from anomaly.metrics import evaluate, flag_rates
from anomaly.metrics.events import evaluate_events
from anomaly.metrics.surface import LARGEST_BUFFER
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors import SequenceDetector

_ALL = "(all)"


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(
        subparsers,
        "evaluate",
        run,
        "anomaly evaluate test.csv --model m.npz --label class --normal ok --by country",
        "With --by alone it needs no labels: it compares how many records of each value are flagged.",
    )
    add_data(parser, "DATA.csv", "labelled records")
    add_model(parser)
    parser.add_argument(
        "--by",
        action="append",
        default=[],
        metavar="COL",
        help="also compare the values of this column: flagged records with a 95 %% interval, and with labels "
        "precision, recall and false alarms; numbers and dates by quartiles, values of fewer than 10 records together; "
        "no feature, unless the model has it (repeatable, or comma-separated)",
    )
    add_json(parser)
    add_tolerance(parser)
    add_rows(parser)
    add_threshold(parser)
    add_table(parser)


def run(options: Namespace) -> None:
    """Print the metrics, and write them to a file if one is given."""
    given, by = input_options(options), list(dict.fromkeys(split_names(options.by)))
    if given.labels is None and not by:
        raise ValueError(
            "an evaluation needs labels: give --label COL and --normal VALUE, or --by COL to compare the values of a "
            "column without labels"
        )
    detector = inputs.load(options.model)
    check_supported(vars(options), detector.data_kind, options.model)
    for name in by:
        if name not in detector.required_columns_:
            given = given.without(name)
    group: str | None = options.group or getattr(detector, "group", None)
    numbers = [name for name in detector.number_columns_ if name not in by]
    required = detector.required_columns_
    data = given.for_model(options.model, required, detector.ignore, detector.time, group, numbers, detector.file_form)
    stream = detector.stream()
    if options.group is not None or options.exclude is not None:
        intervals = inputs.read_intervals(options.exclude)
        stream = cast("SequenceDetector", detector).routed_stream(options.group, intervals)
    columns: dict[str, list[Array]] = {name: [] for name in by}
    cells, scored, flagged, groups = [], [], [], []
    for table in data.usable_chunks(detector.check_rows):
        data.source.check_present(table, by)
        for name in by:
            columns[name].append(table[name])
        if given.labels is not None:
            data.source.check_present(table, [given.labels.name])
            cells.append(given.labels.texts(table))
        if group is not None:
            groups.append(table[group])
        scored.append(stream.push(data.features(table)))
        flagged.append(stream.labels)
    scores = np.concatenate([*scored, stream.finish()])
    flags = np.concatenate([*flagged, stream.labels])
    # The limit of a series follows the scores: there is no one threshold of its alarms, unless one is given.
    threshold = options.threshold
    if threshold is None and detector.data_kind != "series":
        threshold = detector.threshold_
    if options.threshold is not None:
        flags = (scores > options.threshold).astype(np.int64)
    metrics: dict[str, Any] = {}
    sections: list[str] = []
    labels = None
    # Rows in an interval to exclude, and of a group without a detector, have no score.
    has_score = np.isfinite(scores)
    n_without = int((~has_score).sum())
    scores, flags = scores[has_score], flags[has_score]
    if given.labels is not None:
        names = np.concatenate(cells)[has_score]
        labels = given.labels.binary(names)
        metrics, sections = _evaluated(given.labels, names, scores, flags, threshold)
        if detector.data_kind == "series":
            known = labels != UNLABELLED
            # Rows without a label are left out here too: an alarm there is neither true nor false.
            tolerance = options.tolerance or 0
            steps = labels[known], scores[known], flags[known]
            if group is not None:
                steps = _group_by_group(*steps, np.concatenate(groups)[has_score][known], tolerance)
            # As in published tables, with a buffer of one period, where the series has one.
            buffer = min(getattr(detector, "period_", LARGEST_BUFFER), LARGEST_BUFFER)
            events = evaluate_events(steps[0], steps[1], tolerance=tolerance, y_pred=steps[2], largest_buffer=buffer)
            metrics["events"] = events.to_dict()
            sections.append(f"event by event (delays in steps)\n{events}")
    if by:
        values = {name: as_values(np.concatenate(parts)[has_score]) for name, parts in columns.items()}
        metrics["by_column"], tables = _compared(values, flags == 1, labels)
        sections += tables
    if metrics.get("n_unlabelled"):
        sections.append(format_left_out(metrics["n_unlabelled"]))
    if n_without:
        metrics["n_without_score"] = n_without
        sections.append(f"left out {n_without:,} row{'' if n_without == 1 else 's'} without a score")
    if options.json:
        write_json("evaluate", metrics, options.json)
    if options.json != STANDARD:
        say("\n\n".join(sections))


def _group_by_group(
    labels: Array, scores: Array, flags: Array, groups: Array, tolerance: int
) -> tuple[Array, Array, Array]:
    """Return labels, scores and flags group by group, with normal steps between that keep events apart."""
    parts: list[tuple[Array, Array, Array]] = []
    normal = np.zeros(tolerance + 1, np.int64)
    between = normal, np.full(tolerance + 1, float(scores.min())), normal
    for value in dict.fromkeys(groups.tolist()):
        rows = groups == value
        parts += [(labels[rows], scores[rows], flags[rows]), between]
    joined = [np.concatenate(columns) for columns in zip(*parts[:-1], strict=True)]
    return joined[0], joined[1], joined[2]


def _evaluated(
    column: LabelColumn, names: Array, scores: Array, flags: Array, threshold: float | None
) -> tuple[dict[str, Any], list[str]]:
    """Return the metrics of labelled records by name, and as text."""
    column.check_both_classes(names)
    y = column.binary(names)
    known = y != UNLABELLED
    predicted = flags[known] if threshold is None else None
    result = evaluate(y[known], scores[known], threshold=threshold, y_pred=predicted)
    by_label = texts.count_by_label(names[known], scores[known], flags[known], column.normal_text)
    metrics = {**result.to_dict(), "n_unlabelled": int((~known).sum()), "by_label": by_label}
    return metrics, [texts.format_evaluation(result, by_label)]


def _compared(
    columns: Mapping[str, Array], flags: Array, labels: Array | None
) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """Return the flag rates by the values of each column, and as text; the last is that of all records."""
    overall = flag_rates(np.full(len(flags), _ALL), flags, labels, least_records=1)
    rates = {name: flag_rates(values, flags, labels) for name, values in columns.items()}
    found = {name: [group.to_dict() for group in (*groups, *overall)] for name, groups in rates.items()}
    return found, [texts.format_rates(name, groups, *overall) for name, groups in rates.items()]
