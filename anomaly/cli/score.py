"""The command ``anomaly score``: the scores of a file's rows, and the events of a series."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from anomaly.cli import inputs
from anomaly.cli.json_output import write_json
from anomaly.cli.options import (
    Subparsers,
    add_command,
    check_supported,
    input_options,
    is_given,
    split_names,
)
from anomaly.cli.row_output import format_of, open_rows
from anomaly.cli.score_columns import ScoreColumns, columns_of
from anomaly.cli.score_options import add_score_arguments
from anomaly.cli.score_rows import ALL, CarriedColumns, RowData, RowWriter
from anomaly.cli.source import STANDARD
from anomaly.detectors.record_detector import RecordDetector
from anomaly.detectors.row_detector import ScoreStream
from anomaly.errors import DataError
from anomaly.tables import Table
from anomaly.tables.csv_writer import CsvWriter
from nnlite.types import Array

_MOST_REASONS = 3

if TYPE_CHECKING:
    from anomaly.cli.delay_notice import DelayNotice
    from anomaly.cli.inputs import ModelInput
    from anomaly.cli.remote_scores import RemoteScores
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
    add_score_arguments(parser)


def run(options: Namespace) -> int:
    """Score a file chunk by chunk, and write rows as soon as their scores are final.

    Returns
    -------
    int
        Exit code: 130 if live input was ended by Ctrl-C, else 0.
    """
    _check_options(options.top, options.expected)
    if options.json == STANDARD == options.output:
        raise ValueError("--json and the scores would both go to standard output: name a file for one of them")
    limits = options.budget, options.budget_time, options.time_zone
    budget = None
    if any(map(is_given, limits)):
        from anomaly.cli.budget import budget_of

        budget = budget_of(*limits)
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
    carried = split_names(options.columns)
    for name in carried:
        if name not in (*detector.required_columns_, ALL):
            given = given.without(name)
    given.source.check_single(detector.data_kind == "series")
    form = format_of(options.output, options.format)
    numbers, required = detector.number_columns_, detector.required_columns_
    if options.expected or (ALL in carried and form == "csv"):
        # Cells are written as they are in the file.
        numbers = ()
    elif form == "csv":
        numbers = [name for name in numbers if name not in carried]
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
        write=detector.written_like,
    )
    why = None
    if options.why:
        from anomaly.cli.why import Reasons

        why = Reasons(
            names,
            columns.top or _MOST_REASONS,
            getattr(detector, "expected", None),
            detector.written_like,
            cast("SequenceDetector", detector).expected_rows(group) if detector.data_kind == "series" else None,
        )
    time_of: Callable[[Table], Array] | None = None
    if budget is not None and budget.period is not None:
        from anomaly.cli.budget import times_of

        time_of = partial(times_of, name=options.budget_time, source=data.source)
    elif options.events and detector.time is not None:
        time_of = itemgetter(detector.time)
    output = open_rows(
        options.output,
        form,
        spreadsheet=options.spreadsheet,
        numbers={*columns.numbers, *detector.number_columns_} - {*data.keys},
        whole={"is_anomaly", *(["row"] if not data.columns.ids else [])},
    )
    with ExitStack() as stack:
        writer = stack.enter_context(output)
        events, held = None, None
        if options.events:
            from anomaly.cli.events import EventWriter

            file = stack.enter_context(CsvWriter(options.events, spreadsheet=options.spreadsheet))
            events = EventWriter(file, options.minimum_length or 1, options.tolerance or 0, time_of is not None, group)
        if budget is not None or options.sort or options.limit is not None:
            from anomaly.cli.held_rows import HeldRows

            limit = detector.threshold_ if options.threshold is None else options.threshold
            flag = len(data.keys) + 1
            held = stack.enter_context(
                HeldRows(writer, flag, limit, budget, by_score=options.sort, limit=options.limit)
            )
        grouped_by = None if group is None else data.keys.index(group)
        rows = RowWriter(writer, columns, why, events, held, grouped_by)
        check = detector.check_rows if detector.data_kind == "tables" else None
        kept = names if why is not None and detector.data_kind == "series" else []
        beside = CarriedColumns(tuple(carried), tuple(data.keys), data.source)
        in_parts = columns.top > 0 or options.why
        read: ModelInput | RemoteScores = data
        if options.scheduler is not None:
            from anomaly.cli.remote_scores import RemoteScores

            records = cast("RecordDetector", detector)
            needs_table = in_parts or bool(carried) or time_of is not None
            read = stream = RemoteScores(data, options.scheduler, records, in_parts, needs_table)
        notice = None
        if data.source.path == STANDARD and detector.data_kind == "series":
            from anomaly.cli.delay_notice import DelayNotice

            notice = DelayNotice(cast("SequenceDetector", detector).delay_)
        is_complete = _score(read, stream, rows, in_parts, beside, kept, time_of, check, notice)
        for waiting in (events, held):
            if waiting is not None:
                waiting.finish()
    if options.json:
        threshold = detector.threshold_ if options.threshold is None else options.threshold
        found = {"model": options.model, "output": options.output, "threshold": float(threshold), **rows.summary()}
        write_json("score", found, options.json)
    return 0 if is_complete else inputs.INTERRUPTED


def _score(
    data: ModelInput | RemoteScores,
    stream: ScoreStream,
    rows: RowWriter,
    in_parts: bool,
    carried: CarriedColumns,
    kept: Sequence[str],
    time_of: Callable[[Table], Array] | None,
    check: Callable[[Table], Any] | None,
    notice: DelayNotice | None = None,
) -> bool:
    """Score a file chunk by chunk, and write its rows with their keys, the columns carried along, and their times.

    Scores come with the contributions to them if `in_parts`. The cells of the columns `kept` wait for the scores.

    Returns
    -------
    bool
        Whether the file was read to its end, and not until Ctrl-C, which ends live input.
    """
    beside: list[str] | None = None
    with data.interruptible_chunks() as chunks:
        for table, keys in chunks:
            if beside is None:
                beside = carried.names(table)
                rows.begin(data.keys, beside)
            features = data.features(table)
            readable = data.readable(features, check)
            if readable is not None and not readable.all():
                table, features = table.rows(readable), features.rows(readable)
                keys = [column[readable] for column in keys]
            times = [] if time_of is None else [time_of(table)]
            cells = columns_of(features, kept) if kept else []
            rows.add(RowData(keys, [table[name] for name in beside], times, cells), features)
            # Without reasons a score is its only contribution.
            parts = stream.push_parts(features) if in_parts else stream.push(features)[:, np.newaxis]
            rows.write(parts, stream.labels, features)
            if notice is not None:
                notice.tell(len(parts))
    parts = stream.finish_parts() if in_parts else stream.finish()[:, np.newaxis]
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
