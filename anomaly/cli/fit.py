"""The command ``anomaly fit``: a model of a table or a series."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, cast

from anomaly import thresholds
from anomaly.cli import inputs
from anomaly.cli.fit_options import add_fit_arguments
from anomaly.cli.folders import make_folder
from anomaly.cli.inputs import InputOptions
from anomaly.cli.json_output import write_json
from anomaly.cli.labels import UNLABELLED, format_left_out
from anomaly.cli.left_out import without_misfits
from anomaly.cli.long_tables import Keep, groups_of, plan_drawing
from anomaly.cli.options import (
    SUPPORTED_BY,
    Subparsers,
    add_command,
    check_supported,
    input_options,
    is_given,
    split_names,
)
from anomaly.cli.source import STANDARD
from anomaly.cli.streams import say
from anomaly.detectors.loading import detector_class
from anomaly.detectors.row_detector import DataKind, RowDetector
from nnlite.job import Plan

if TYPE_CHECKING:
    from anomaly.detectors import TableDetector
    from anomaly.detectors.sequence.detector import SequenceDetector
    from anomaly.tables import Table
    from nnlite.types import Array

_DETECTORS = {"tables": "TableDetector", "series": "SequenceDetector"}

_OTHERS = ("records", "group", "exclude", "keep", "date_format", "scheduler")
# Options that become the constructor's arguments as they are, where they are given.
_ARGUMENTS = ("noise", "epochs", "batch_size", "scaling", *(name for name in SUPPORTED_BY if name not in _OTHERS))


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(
        subparsers,
        "fit",
        run,
        "anomaly fit train.csv --model m.npz --label class --normal ok --id number",
    )
    add_fit_arguments(parser)


def run(options: Namespace) -> None:
    """Fit a detector, write the model, and print a summary."""
    inputs.check_writable(options.model)
    given = input_options(options)
    kind: DataKind = "series" if options.series or options.window is not None else "tables"
    given.source.check_single(kind == "series")
    # Records that belong together are a series each, or held out together.
    check_supported(vars(options) | {"group": None}, kind)
    for option, name in (("time", options.time), ("group", options.group)):
        if name is not None and name in given.columns.dropped:
            raise ValueError(f"--{option} and --drop both name {name!r}: a column cannot be used and left out")
    intervals = inputs.read_intervals(options.exclude)
    if options.false_alarm_rate is not None and (options.threshold or options.contamination != "auto"):
        raise ValueError("--false-alarm-rate chooses the threshold: leave out --threshold and --contamination")
    if options.false_alarms is not None and (options.threshold or options.contamination != "auto"):
        raise ValueError("--false-alarms chooses the threshold: leave out --threshold and --contamination")
    threshold = _parse_threshold(options.threshold)
    needs_labels = threshold is not None and thresholds.get(threshold).needs_labels
    if needs_labels and given.labels is None:
        raise ValueError(f"--threshold {options.threshold} needs labels: give --label COL and --normal VALUE")
    chosen = options.threshold, options.false_alarm_rate, options.false_alarms
    if kind == "tables" and given.labels is not None and options.contamination == "auto" and chosen == (None,) * 3:
        # Records with the label of normal ones are normal: a group of rarer ones among them is no anomaly.
        threshold = "one_class"
    values = vars(options)
    arguments = {name: values[name] for name in _ARGUMENTS if is_given(values.get(name))}
    if options.hidden is not None:
        arguments["hidden"] = _parse_sizes(options.hidden)
    if options.records == "none":
        # None are remembered in the first place, so that a false-alarm rate is that of the networks alone.
        arguments["neighbors"] = 0
    make = cast("Callable[..., RowDetector]", detector_class(_DETECTORS[kind]))
    detector = make(
        contamination=_parse_contamination(options.contamination),
        threshold=threshold,
        random_state=options.seed,
        verbose=1 if options.verbose else 0,
        categorical=split_names(options.categorical) or None,
        **({} if kind == "series" else _column_arguments(options.keep or [], options.date_format or [])),
        ignore=_ignored(given.columns.ignored, options.time, options.group, kind) or None,
        **arguments,
    )
    if options.group is not None and kind == "series":
        make = cast("Callable[..., RowDetector]", detector_class("GroupedDetector"))
        detector = make(detector, group=options.group)
    roles = [name for name in (options.time, options.group) if name is not None]
    text = [*given.columns.ignored, *split_names(options.categorical), *roles]
    limits = options.memory, options.seed, options.scheduler
    keep = _row_filter(given, roles, split_names(options.categorical), options.date_format or [])
    drawing = plan_drawing(given, text, *limits, keep) if kind == "tables" else None
    said: list[str] = []
    plan = Plan(reading=1, _fitting=8)
    with plan("reading"):
        if drawing is not None:
            drawn = drawing.draw(needs_labels, options.group, options.scheduler)
            n_unlabelled, said = drawn.n_unlabelled, [drawn.description]
        else:
            X = given.source.read(text)
            given.source.check_present(X, given.columns.ignored)
            y, n_unlabelled = None, 0
            if given.labels is not None:
                labels = given.labels.read(X)
                n_unlabelled = int((labels == UNLABELLED).sum())
                X, y = detector.training_rows(X, labels, needs_labels)
            if keep is not None:
                is_good = keep(X, given.source.label)
                X, y = X.rows(is_good), None if y is None else y[is_good]
    with plan("_fitting"), _resumable(options.checkpoint):
        if drawing is not None:
            cast("TableDetector", detector).fit_sample(drawn.rows, drawn.y, drawn.groups)
        else:
            _fit(detector, X, y, intervals, options.group if kind == "tables" else None)
        if options.records:
            detector = cast("TableDetector", detector).keep_records(options.records)
        detector.file_form = given.source.form
        detector.save(options.model)
    if options.json:
        write_json("fit", {"model": options.model, **detector.to_dict(), "n_unlabelled": n_unlabelled}, options.json)
    if options.json == STANDARD or options.quiet:
        return
    columns = [f"  {line}" for line in detector.describe_columns()]
    say("\n".join([*said, detector.training_summary(), "columns:", *columns, f"model written to {options.model}"]))
    if n_unlabelled:
        print(format_left_out(n_unlabelled))


def _row_filter(given: InputOptions, roles: list[str], categorical: list[str], formats: list[str]) -> Keep | None:
    """Return what says which rows have no cell unlike the others of its column, if such rows are left out."""
    bad = given.source.bad
    if bad is None:
        return None

    def keep(table: Table, file: str) -> Array:
        others = [name for name in (*given.columns.ignored, *roles) if name in table.names]
        features = table.drop(others) if others else table
        return without_misfits(features, bad, file, categorical, formats)

    return keep


def _resumable(folder: str | None) -> AbstractContextManager[None]:
    """Return a block whose trainings are backed up in a folder, if one is named."""
    if folder is None:
        return nullcontext()
    from anomaly.detectors.resuming import resumable

    return resumable(make_folder(folder))


def _column_arguments(keep: list[str], date_format: list[str]) -> dict[str, list[str] | None]:
    return {"keep": split_names(keep) or None, "date_format": date_format or None}


def _ignored(names: Sequence[str], time: str | None, group: str | None, kind: DataKind) -> list[str]:
    """Return the columns that are no features, but for those that a detector of series knows by other arguments."""
    kept = [name for name in names if name not in (time, group)]
    return [*kept, group] if kind == "tables" and group is not None else kept


def _fit(detector: RowDetector, X: Any, y: Any, intervals: Any, group: str | None) -> None:
    """Fit a detector, of tables perhaps with a column of groups, of series perhaps without some intervals."""
    if group is not None:
        cast("TableDetector", detector).fit(X, y, groups=groups_of(X, group))
    elif intervals is not None:
        cast("SequenceDetector", detector).fit(X, y, exclude=intervals)
    else:
        detector.fit(X, y)


def _parse_contamination(text: str) -> float | str:
    try:
        return "auto" if text == "auto" else float(text)
    except ValueError:
        raise ValueError(f"--contamination must be 'auto' or a number; found {text!r}") from None


def _parse_threshold(text: str | None) -> Any:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _parse_sizes(text: str) -> tuple[int, ...]:
    """Parse the sizes of hidden layers."""
    try:
        return tuple(int(size) for size in text.split(","))
    except ValueError:
        raise ValueError(f"--hidden must be sizes such as 128,128; found {text!r}") from None
