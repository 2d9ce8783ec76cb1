"""What the commands do that make or change a detector: fit, update and learn-labels."""

from __future__ import annotations

import warnings
from argparse import Namespace
from typing import Any

import numpy as np

from anomaly import thresholds
from anomaly.cli import inputs
from anomaly.cli import labels as command_labels
from anomaly.cli import series_scores as series_commands
from anomaly.cli import texts as report
from anomaly.detectors import TableDetector
from anomaly.detectors.table.label_learning import LabelWarning
from anomaly.errors import DataError
from anomaly.tables import Table, concatenate
from nnlite.types import Array


def fit(options: Namespace) -> None:
    """Learn from a table, and write a model."""
    inputs.check_writable(options.model)
    inputs.check_apart(options, "model", "data")
    if options.normal is not None and options.label is None:
        raise ValueError("--normal names a value of the label column: give --label COL too")
    table = inputs.whole(options)
    ignored = inputs.ignored_columns(options)
    inputs.check_present(table, ignored, options.data)
    if options.false_alarm_rate is not None and (options.threshold or options.contamination != "auto"):
        raise ValueError("--false-alarm-rate chooses the threshold: leave out --threshold and --contamination")
    settings = _settings(options)
    labels, needs_labels, unlabelled = None, _needs_labels(settings), 0
    if options.normal is not None:
        labels = command_labels.labels_of(table, options)
        unlabelled = int((labels == command_labels.UNLABELLED).sum())
    elif needs_labels:
        raise ValueError(f"--threshold {options.threshold} needs labels: give --label COL and --normal VALUE")
    if options.window is not None:
        print(series_commands.fit(options, table, ignored, labels, settings, needs_labels))
    else:
        series_commands.refuse_without_window(options)
        _fit_table(options, table, ignored, labels, settings, needs_labels)
    if unlabelled:
        print(command_labels.left_out(unlabelled))


def _fit_table(
    options: Namespace,
    table: Table,
    ignored: list[str],
    labels: Array | None,
    settings: dict[str, Any],
    needs_labels: bool,
) -> None:
    """Learn from the normal records, or where the threshold is chosen by labels from all that have one."""
    if labels is not None:
        kept = labels >= 0 if needs_labels else labels == 0
        table, labels = table.rows(kept), labels[kept] if needs_labels else None
    detector = TableDetector(**settings, ignore=ignored or None)
    detector.fit(table, labels)
    detector.save(options.model)
    print(report.fitted(detector, len(table), options.model))


def update(options: Namespace) -> None:
    """Let a detector learn from further records, and write it."""
    output = _output(options)
    detector = _tabular(options, "update")
    seen, kinds = 0, set[str]()
    for table in inputs.chunks(options, detector):
        records = _normal_ones(table, options, kinds)
        if len(records):
            detector.partial_fit(inputs.without_ignored(records, options, detector))
            seen += len(records)
    if not seen:
        cause = command_labels.none_is_normal(kinds, options)
        raise DataError(f"{inputs.source(options.data)} has no records to learn from: {cause}")
    detector.save(output)
    print(report.updated(detector, seen, output))


def learn_labels(options: Namespace) -> None:
    """Let a detector learn from labelled records which columns count, and write it."""
    output = _output(options)
    detector = _tabular(options, "learn-labels")
    table = concatenate(list(inputs.chunks(options, detector)))
    inputs.check_present(table, [options.label], options.data)
    labels = command_labels.labels_of(table, options)
    command_labels.check_anomalies(labels, options)
    known = np.flatnonzero(labels != command_labels.UNLABELLED)
    unlabelled = len(labels) - len(known)
    table, labels = table.rows(known), labels[known]
    with warnings.catch_warnings():
        # The text that follows says it.
        warnings.simplefilter("ignore", LabelWarning)
        detector.learn_labels(inputs.without_ignored(table, options, detector), labels)
    detector.save(output)
    print(report.labels_learned(detector, labels == 1, output))
    if unlabelled:
        print(command_labels.left_out(unlabelled))


def _output(options: Namespace) -> str:
    """Return where to write: over the model that was read, unless another name is given."""
    output: str = options.output or options.model
    inputs.check_apart(options, "output", "data")
    inputs.check_writable(output)
    return output


def _tabular(options: Namespace, command: str) -> TableDetector:
    detector = inputs.load(options.model)
    if not isinstance(detector, TableDetector):
        raise DataError(f"{options.model!r} was fitted on a series; {command} is for tables: fit it anew with all rows")
    return detector


def _normal_ones(table: Table, options: Namespace, found: set[str]) -> Table:
    """Return the records to learn from, those with the normal label, or without labels all; add to the labels found."""
    if options.normal is None:
        return table
    if options.label is None:
        raise ValueError("--normal names a value of the label column: give --label COL too")
    inputs.check_present(table, [options.label], options.data)
    kinds = command_labels.kinds_of(table, options)
    found.update(kinds.tolist())
    return table.rows(np.flatnonzero(kinds == options.normal.strip()))


def _settings(options: Namespace) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "contamination": _contamination(options.contamination),
        "threshold": _threshold(options.threshold),
        "random_state": options.seed,
        "verbose": 1 if options.verbose else 0,
        "categorical": inputs.split_names(options.categorical) or None,
    }
    if options.hidden is not None:
        settings["hidden"] = _sizes(options.hidden)
    for name in ("noise", "epochs", "batch_size", "scaling", *series_commands.OF_TABLES):
        if getattr(options, name) is not None:
            settings[name] = getattr(options, name)
    return settings


def _contamination(text: str) -> float | str:
    try:
        return "auto" if text == "auto" else float(text)
    except ValueError:
        raise ValueError(f"--contamination must be 'auto' or a number; found {text!r}") from None


def _threshold(text: str | None) -> Any:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _needs_labels(settings: dict[str, Any]) -> bool:
    rule = settings["threshold"]
    return rule is not None and thresholds.get(rule).needs_labels


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in text.split(","))
    except ValueError:
        raise ValueError(f"--hidden must be sizes such as 128,128; found {text!r}") from None
