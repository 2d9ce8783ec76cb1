"""The command ``anomaly score``: the scores of a file's rows, and the events of a series."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from anomaly.cli import inputs
from anomaly.cli.budget import BudgetWriter, budget_of, times_of
from anomaly.cli.events import EventWriter
from anomaly.cli.options import (
    Subparsers,
    add_command,
    add_data,
    add_model,
    add_rows,
    add_table,
    add_threshold,
    add_tolerance,
    at_least,
    check_supported,
    input_options,
    is_given,
    number,
    whole,
)
from anomaly.cli.score_columns import ScoreColumns
from anomaly.detectors.record_detector import RecordDetector
from anomaly.detectors.row_detector import ScoreStream
from anomaly.errors import DataError
from anomaly.tables import Table
from anomaly.tables.csv_writer import CsvWriter
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors import SequenceDetector, TableDetector


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(
        subparsers,
        "score",
        run,
        "anomaly score new.csv --model m.npz --output scores.csv --id number --top 3",
        "Files of any length are read in a fixed amount of memory. Rows of a pipe are scored as they arrive, and\n"
        "written at once: those of a table or a causal series with their row, and those of another series after the\n"
        "delay that 'anomaly info' names, in steps; events when they have ended. Ctrl-C ends such an input.",
    )
    add_data(parser, "DATA.csv", "records to score")
    add_model(parser)
    parser.add_argument(
        "--output",
        "-o",
        default="-",
        metavar="SCORES.csv",
        help="where to write the scores; .gz compresses, - is standard output (default: -)",
    )
    parser.add_argument(
        "--top",
        type=whole,
        default=0,
        metavar="K",
        help="add the K columns that contribute most to each score, and their fractions of it; for tables also the "
        "columns that are missing though fewer than 5 %% of the training records lacked them",
    )
    parser.add_argument(
        "--expected",
        action="store_true",
        help="tables only: with --top, add the values of those columns and their expected values",
    )
    parser.add_argument(
        "--p-values",
        action="store_true",
        help="tables only: add the chance that a normal record scores so high; too small unless the model was fitted "
        "with --false-alarm-rate",
    )
    parser.add_argument(
        "--prior",
        type=number,
        metavar="FRACTION",
        help="tables only: add an estimate of the probability that the record is an anomaly, from its p-value and this "
        "fraction of anomalies, such as 0.01",
    )
    parser.add_argument(
        "--spreadsheet",
        action="store_true",
        help="put an apostrophe before text that a spreadsheet would run as a formula: what begins with = + - or @",
    )
    _add_budget(parser)
    parser.add_argument(
        "--events",
        metavar="EVENTS.csv",
        help="series only: also write events, the segments of alarms, with their first, last and highest rows by "
        "number or --id, and by timestamp if the model has a column of timestamps; - is standard output, unless the "
        "scores are written to it",
    )
    parser.add_argument(
        "--minimum-length",
        type=at_least(1),
        metavar="STEPS",
        help="series only: with --events, drop shorter events (default: 1)",
    )
    add_tolerance(parser)
    add_rows(parser)
    add_threshold(parser)
    add_table(parser, labels=False)


def _add_budget(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--budget",
        metavar="N[/PERIOD]",
        help="tables only: at most this many alarms, in all (50) or in each hour, day, week or month (50/day): of the "
        "records above the threshold, those with the highest scores. Rows are then written when all are scored",
    )
    parser.add_argument(
        "--time",
        dest="budget_time",
        metavar="COL",
        help="tables only: with --budget N/PERIOD, the column of dates and times; no feature, unless the model has it",
    )
    parser.add_argument(
        "--time-zone",
        metavar="NAME",
        help="tables only: with --budget N/PERIOD, the time zone in which days begin, such as Europe/Berlin (default: "
        "UTC, which times without an offset are taken for)",
    )


def run(options: Namespace) -> int:
    """Score a file chunk by chunk, and write rows as soon as their scores are final.

    Returns
    -------
    int
        Exit code: 130 if live input was ended by Ctrl-C, else 0.
    """
    _check_options(options.top, options.expected)
    limits = options.budget, options.budget_time, options.time_zone
    budget = budget_of(*limits) if any(map(is_given, limits)) else None
    files = {"data": options.data, "model": options.model}
    if options.exclude is not None:
        files["intervals"] = options.exclude
    inputs.check_not_overwritten("output", options.output, files)
    inputs.check_not_overwritten("events", options.events, files)
    inputs.check_distinct("events", options.events, "output", options.output)
    given, detector = input_options(options), inputs.load(options.model)
    check_supported(vars(options), detector.data_kind, options.model)
    if options.expected and not hasattr(detector, "expected"):
        raise DataError(
            f"--expected: {options.model!r} holds a detector of class {type(detector).__name__}, which has no expected "
            "values"
        )
    _check_event_options(options.events, {"minimum-length": options.minimum_length, "tolerance": options.tolerance})
    if options.budget_time is not None and options.budget_time not in detector.required_columns_:
        given = given.without(options.budget_time)
    group: str | None = options.group or getattr(detector, "group", None)
    given.source.check_single(detector.data_kind == "series")
    # Found values are written as they are in the file.
    numbers, required = () if options.expected else detector.number_columns_, detector.required_columns_
    data = given.for_model(options.model, required, detector.ignore, detector.time, group, numbers, detector.file_form)
    stream = detector.stream()
    if options.group is not None or options.exclude is not None:
        intervals = inputs.read_intervals(options.exclude)
        stream = cast("SequenceDetector", detector).routed_stream(options.group, intervals)
    names = list(detector.feature_names_in_)
    # Files of earlier versions do not know how many training cells were missing.
    knows_missing = isinstance(detector, RecordDetector) and np.isfinite(detector.preprocessor_.missing_fraction_).all()
    columns = ScoreColumns(
        threshold=options.threshold,
        names=names,
        top=min(options.top, len(names)),
        p_values=options.p_values,
        prior=options.prior,
        calibration=detector.calibration_scores_ if options.p_values or options.prior is not None else None,
        expected=cast("TableDetector", detector).expected if options.expected else None,
        rare_missing=cast("TableDetector", detector).rare_missing if options.top and knows_missing else None,
    )
    time_of: Callable[[Table], Array] | None = None
    if budget is not None and budget.period is not None:
        time_of = partial(times_of, name=options.budget_time, source=data.source)
    elif options.events and detector.time is not None:
        time_of = itemgetter(detector.time)
    with ExitStack() as stack:
        writer = stack.enter_context(
            CsvWriter(options.output, head=columns.head(data.keys), spreadsheet=options.spreadsheet)
        )
        events, waiting = None, None
        if options.events:
            file = stack.enter_context(CsvWriter(options.events, spreadsheet=options.spreadsheet))
            events = EventWriter(file, options.minimum_length or 1, options.tolerance or 0, time_of is not None, group)
        if budget is not None:
            flag = len(data.keys) + 1
            limit = detector.threshold_ if options.threshold is None else options.threshold
            waiting = stack.enter_context(BudgetWriter(writer, budget, limit, flag))
        grouped_by = None if group is None else data.keys.index(group)
        rows = _RowWriter(writer, columns, events, waiting, time_of is not None, grouped_by)
        check = detector.preprocessor_.transform if isinstance(detector, RecordDetector) else None
        is_complete = _score(data, stream, rows, columns.top, time_of, check)
        for output in (events, waiting):
            if output is not None:
                output.finish()
    return 0 if is_complete else inputs.INTERRUPTED


def _score(
    data: inputs.ModelInput,
    stream: ScoreStream,
    rows: _RowWriter,
    top: int,
    time_of: Callable[[Table], Array] | None,
    check: Callable[[Table], Any] | None,
) -> bool:
    """Score a file chunk by chunk, and write its rows with their keys, and if needed their times.

    Returns
    -------
    bool
        Whether the file was read to its end, and not until Ctrl-C, which ends live input.
    """
    with data.interruptible_chunks() as chunks:
        for table, keys in chunks:
            features = data.features(table)
            kept = data.readable(features, check)
            if kept is not None and not kept.all():
                table, features, keys = table.rows(kept), features.rows(kept), [column[kept] for column in keys]
            rows.add(keys if time_of is None else [*keys, time_of(table)])
            # Without --top a score is its only contribution.
            parts = stream.push_parts(features) if top else stream.push(features)[:, np.newaxis]
            rows.write(parts, stream.labels, features)
    parts = stream.finish_parts() if top else stream.finish()[:, np.newaxis]
    rows.write(parts, stream.labels)
    return not chunks.interrupted


def _check_options(top: int, expected: bool) -> None:
    if top < 0:
        raise ValueError(f"--top must be at least 0; found {top}")
    if expected and not top:
        raise ValueError("--expected goes with --top K: it adds the expected values of the columns that contribute")


def _check_event_options(events: str | None, given: Mapping[str, int | None]) -> None:
    """Raise ValueError if an option for events is given and no events are to be written."""
    for name, value in given.items():
        if value is not None and not events:
            raise ValueError(f"--{name} goes with --events EVENTS.csv: it says which alarms become events")


class _RowWriter:
    """Writes rows in order, each as soon as its score is final.

    Parameters
    ----------
    writer : CsvWriter
        Output of the scores.
    columns : ScoreColumns
        Columns to write beside the keys.
    events : EventWriter or None
        Output of the events.
    waiting : BudgetWriter or None
        Output of the rows in place of `writer`, if there is a budget.
    timed : bool
        Whether the last key is a timestamp, for the events or the budget alone.
    grouped_by : int or None
        Index of the key that is the group, if there are groups.
    """

    def __init__(
        self,
        writer: CsvWriter,
        columns: ScoreColumns,
        events: EventWriter | None,
        waiting: BudgetWriter | None,
        timed: bool,
        grouped_by: int | None = None,
    ) -> None:
        self._writer, self._columns, self._events = writer, columns, events
        self._waiting, self._timed, self._grouped_by = waiting, timed, grouped_by
        self._keys: list[Array] = []

    def add(self, keys: Sequence[Array]) -> None:
        """Add the keys of the next rows: columns that identify them."""
        waiting = self._keys or [column[:0] for column in keys]
        self._keys = [np.concatenate(pair) for pair in zip(waiting, keys, strict=True)]

    def write(self, contributions: Array, labels: Array, records: Table | None = None) -> None:
        """Write the rows whose scores are final.

        Parameters
        ----------
        contributions : ndarray of shape (n, n_columns)
            Contributions to the scores of the first n rows without a final score.
        labels : ndarray of int of shape (n,)
            The detector's labels, used unless a threshold was given.
        records : Table of shape (n, n_columns), optional
            These rows, needed for expected values.
        """
        n = len(contributions)
        keys, self._keys = [column[:n] for column in self._keys], [column[n:] for column in self._keys]
        if not n:
            return
        times = [keys.pop()] if self._timed else []
        scores = contributions.sum(axis=1)
        flags = self._columns.flags(scores, labels)
        if self._events is not None:
            groups = None if self._grouped_by is None else keys[self._grouped_by]
            self._events.push(flags, scores, [keys[0], *times], groups)
        written = [*keys, *self._columns.compute(contributions, flags, records)]
        if self._waiting is None:
            self._writer.write_columns(written)
            self._writer.flush()
        else:
            self._waiting.write(written, scores, times[0] if times else None)
