"""The command ``anomaly fit``: a model of a table or a series."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from anomaly import thresholds
from anomaly.cli import inputs
from anomaly.cli.column_options import add_preprocessing
from anomaly.cli.json_output import add_json, write_json
from anomaly.cli.labels import UNLABELLED, format_left_out
from anomaly.cli.left_out import without_misfits
from anomaly.cli.options import (
    SUPPORTED_BY,
    Subparsers,
    add_command,
    add_data,
    add_model,
    add_records,
    add_seed,
    add_table,
    check_supported,
    input_options,
    is_given,
    number,
    split_names,
    whole,
)
from anomaly.cli.series_options import add_series
from anomaly.cli.source import STANDARD
from anomaly.cli.streams import say
from anomaly.detectors.loading import detector_class
from anomaly.detectors.row_detector import DataKind, RowDetector
from anomaly.errors import did_you_mean, format_names

if TYPE_CHECKING:
    from anomaly.detectors import TableDetector
    from anomaly.detectors.sequence.detector import SequenceDetector

_DETECTORS = {"tables": "TableDetector", "series": "SequenceDetector"}

_OTHERS = ("records", "group", "exclude", "keep", "date_format")
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
    add_data(parser, "TRAIN.csv", "training records")
    add_model(parser, "where to write the model")
    add_table(
        parser, normal="the label of normal records; others are not used for training, unless --threshold needs them"
    )
    parser.add_argument(
        "--categorical",
        action="append",
        default=[],
        metavar="COL",
        help="a column of numbers to treat as categories (repeatable, or comma-separated)",
    )
    _add_threshold(parser)
    _add_training(parser)
    add_preprocessing(parser)
    add_series(parser)
    add_records(parser)
    add_seed(parser)
    add_json(parser)
    parser.add_argument("--verbose", "-v", action="store_true", help="show the progress of training")


def _add_threshold(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--contamination",
        default="auto",
        metavar="FRACTION",
        help="fraction of anomalies among the training records, such as 0.02 (default: auto)",
    )
    parser.add_argument(
        "--threshold",
        metavar="RULE",
        help="rule for the threshold: sigma, mad, iqr, pot or a number; with labels (--label, --normal): best_f1, "
        "precision:0.9 (the highest recall at that precision) or recall:0.9 (the fewest alarms at that recall)",
    )
    parser.add_argument(
        "--false-alarm-rate",
        type=number,
        metavar="FRACTION",
        help="tables only: choose the threshold so that this fraction of new normal records is flagged, such as 0.01, "
        "which takes 99 records or more (0.001: 999); takes five more fits",
    )
    parser.add_argument(
        "--trim",
        type=number,
        metavar="FRACTION",
        help="tables only: leave out this fraction of the records, those that an isolation forest isolates first "
        "(default: the contamination, if it is a number)",
    )


def _add_training(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--hidden",
        metavar="SIZES",
        help="sizes of the hidden layers, such as 32,8,32 (default: 128,128; series: 32,16 with --network conv, 64 "
        "with lstm and gru)",
    )
    parser.add_argument(
        "--noise",
        type=number,
        metavar="S",
        help="standard deviation of the training noise (default: several; series: 0.2)",
    )
    parser.add_argument(
        "--sparsity",
        type=number,
        metavar="L1",
        help="tables only: L1 penalty on the activations of the middle layer, such as 0.001 (default: 0)",
    )
    parser.add_argument(
        "--epochs",
        type=whole,
        metavar="N",
        help="epochs of training (default: up to 800 steps; series: 2000 steps, 1000 with --network conv, 600 with "
        "lstm and gru)",
    )
    parser.add_argument(
        "--batch-size",
        type=whole,
        metavar="N",
        help="batch size, in records or windows (default: up to 128; series: 64)",
    )


def run(options: Namespace) -> None:
    """Fit a detector, write the model, and print a summary."""
    inputs.check_writable(options.model)
    inputs.check_not_overwritten("model", options.model, {"data": options.data})
    inputs.check_not_overwritten("json", options.json, {"data": options.data})
    inputs.check_distinct("json", options.json, "model", options.model)
    given = input_options(options)
    kind: DataKind = "series" if options.series or options.window is not None else "tables"
    given.source.check_single(kind == "series")
    # Records that belong together are a series each, or held out together.
    check_supported(vars(options) | {"group": None}, kind)
    for option, name in (("time", options.time), ("group", options.group)):
        if name is not None and name in given.columns.dropped:
            raise ValueError(f"--{option} and --drop both name {name!r}: a column cannot be used and left out")
    inputs.check_not_overwritten("model", options.model, {"intervals": options.exclude} if options.exclude else {})
    intervals = inputs.read_intervals(options.exclude)
    if options.false_alarm_rate is not None and (options.threshold or options.contamination != "auto"):
        raise ValueError("--false-alarm-rate chooses the threshold: leave out --threshold and --contamination")
    if options.false_alarms is not None and (options.threshold or options.contamination != "auto"):
        raise ValueError("--false-alarms chooses the threshold: leave out --threshold and --contamination")
    threshold = _parse_threshold(options.threshold)
    needs_labels = threshold is not None and thresholds.get(threshold).needs_labels
    if needs_labels and given.labels is None:
        raise ValueError(f"--threshold {options.threshold} needs labels: give --label COL and --normal VALUE")
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
    table = given.source.read([*given.columns.ignored, *split_names(options.categorical), *roles])
    given.source.check_present(table, given.columns.ignored)
    X, y, n_unlabelled = table, None, 0
    if given.labels is not None:
        labels = given.labels.read(table)
        n_unlabelled = int((labels == UNLABELLED).sum())
        X, y = detector.training_rows(table, labels, needs_labels)
    if given.source.bad is not None:
        others = [name for name in (*given.columns.ignored, *roles) if name in X.names]
        categories = split_names(options.categorical)
        good = without_misfits(
            X.drop(others) if others else X, given.source.bad, given.source.label, categories, options.date_format or []
        )
        X, y = X.rows(good), None if y is None else y[good]
    _fit(detector, X, y, intervals, options.group if kind == "tables" else None)
    if options.records:
        detector = cast("TableDetector", detector).keep_records(options.records)
    detector.file_form = given.source.form
    detector.save(options.model)
    if options.json:
        write_json("fit", {"model": options.model, **detector.to_dict(), "n_unlabelled": n_unlabelled}, options.json)
    if options.json == STANDARD:
        return
    columns = [f"  {line}" for line in detector.describe_columns()]
    say("\n".join([detector.training_summary(), "columns:", *columns, f"model written to {options.model}"]))
    if n_unlabelled:
        print(format_left_out(n_unlabelled))


def _column_arguments(keep: list[str], date_format: list[str]) -> dict[str, list[str] | None]:
    return {"keep": split_names(keep) or None, "date_format": date_format or None}


def _ignored(names: Sequence[str], time: str | None, group: str | None, kind: DataKind) -> list[str]:
    """Return the columns that are no features, but for those that a detector of series knows by other arguments."""
    kept = [name for name in names if name not in (time, group)]
    return [*kept, group] if kind == "tables" and group is not None else kept


def _fit(detector: RowDetector, X: Any, y: Any, intervals: Any, group: str | None) -> None:
    """Fit a detector, of tables perhaps with a column of groups, of series perhaps without some intervals."""
    if group is not None:
        if group not in X.names:
            raise ValueError(
                f"--group names {group!r}, which the data do not have; found {format_names(X.names)}"
                f"{did_you_mean(group, X.names)}"
            )
        cast("TableDetector", detector).fit(X, y, groups=X[group])
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
    try:
        return tuple(int(size) for size in text.split(","))
    except ValueError:
        raise ValueError(f"--hidden must be sizes such as 128,128; found {text!r}") from None
