"""What each command of ``anomaly`` does, given its parsed arguments."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from anomaly import report, series_commands, thresholds
from anomaly.csvfiles import CsvWriter, iter_csv, read_csv
from anomaly.detectors import AutoencoderDetector, BaseDetector, SequenceDetector, load_detector
from anomaly.detectors.drifting import drift_of
from anomaly.errors import DataError
from anomaly.files import make_folder
from anomaly.metrics import evaluate as judge
from anomaly.tables import Table
from nnlite.files import atomic_write
from nnlite.types import Array

_MOST_IN_A_PICTURE = 200_000
# As many rows at a time as a detector scores in one go: more would only take memory.
_CHUNK_ROWS = 8192


def demo(options: Namespace) -> None:
    """Do the whole job on made-up data."""
    from anomaly.demo import run_demo

    run_demo(Path(options.output), options.data, options.records, options.seed, print)


def fit(options: Namespace) -> None:
    """Learn from a table, and write a model."""
    _check_writable(options.model)
    _check_apart(options, "model", "data")
    if options.normal is not None and options.label is None:
        raise ValueError("--normal names a value of the label column: give --label COL too")
    table = read_csv(options.data, delimiter=options.delimiter, header=not options.no_header)
    ignored = _ignored(options)
    _check_present(table, ignored, options.data)
    settings = _settings(options)
    labels, needs_labels = None, _needs_labels(settings)
    if options.normal is not None:
        labels = _labels(table, options)
    elif needs_labels:
        raise ValueError(f"--threshold {options.threshold} needs labels: give --label COL and --normal VALUE")
    if options.window is not None:
        print(series_commands.fit(options, table, ignored, labels, settings, needs_labels))
        return
    series_commands.refuse_without_window(options)
    if labels is not None and not needs_labels:
        table, labels = table.rows(labels == 0), None
    detector = AutoencoderDetector(**settings, ignore=ignored or None)
    detector.fit(table, labels)
    detector.save(options.model)
    print(report.fitted(detector, len(table), options.model))


def score(options: Namespace) -> None:
    """Score a table chunk by chunk."""
    for output in ("output", "events"):
        _check_apart(options, output, "data", "model")
    detector = _load(options.model)
    if options.top < 0:
        raise ValueError(f"--top must be at least 0; found {options.top}")
    threshold = detector.threshold_ if options.threshold is None else options.threshold
    names = list(detector.feature_names_in_)
    top = min(options.top, len(names))
    ids = _split(options.id)
    head = [*(ids or ["row"]), "score", "is_anomaly"]
    head += [name for k in range(1, top + 1) for name in (f"top_{k}", f"top_{k}_share")]
    first_row = 1
    with CsvWriter(options.output) as writer:
        writer.write_row(head)
        if isinstance(detector, SequenceDetector):
            _score_series(detector, options, ids, writer, threshold, top)
            return
        if options.events:
            raise ValueError(f"--events is for series; {options.model!r} was fitted on a table, without --window")
        for table in _chunks(options):
            _check_present(table, ids, options.data)
            scores, parts = _score_table(detector, table, options, top)
            keys = [table[name] for name in ids] or [np.arange(first_row, first_row + len(table))]
            columns = [*keys, *_score_columns(scores, threshold), *_top_columns(parts, names, top)]
            writer.write_columns(columns)
            first_row += len(table)


def evaluate(options: Namespace) -> None:
    """Hold scores against labels, and print what came out."""
    print(evaluation(options))


def evaluation(options: Namespace) -> str:
    """Hold scores against labels; write the figures to a file if asked to, and return them as text."""
    _check_apart(options, "json", "data", "model")
    detector = _load(options.model)
    threshold = detector.threshold_ if options.threshold is None else options.threshold
    kinds, found = _kinds_and_scores(detector, options)
    normal = options.normal.strip()
    labels = (kinds != normal).astype(np.int64)
    _check_both(labels, options)
    if isinstance(detector, SequenceDetector):
        return series_commands.evaluation(kinds, found, threshold, options)
    result = judge(labels, found, threshold=threshold)
    by_kind = report.by_kind(kinds, found, threshold, normal)
    if options.json:
        text = json.dumps({**result.to_dict(), "by_label": by_kind}, indent=1)
        with atomic_write(options.json) as file:
            file.write(text.encode())
    return report.evaluated(result, by_kind)


def drift(options: Namespace) -> int:
    """Say whether records have drifted; return 1 if they have, else 0."""
    detector = _load(options.model)
    if isinstance(detector, SequenceDetector):
        raise DataError(f"{options.model!r} was fitted on a series; drift compares single records")
    features = (x for table in _chunks(options) for x in detector._chunks(_without(table, options)))
    result = drift_of(detector, features, options.level)
    print(report.drifted(result))
    return int(result.drifted)


def plot(options: Namespace) -> None:
    """Draw a model's view of a table."""
    from anomaly.pictures import draw_pictures

    if options.normal is not None and options.label is None:
        raise ValueError("--normal names a value of the label column: give --label COL too")
    detector = _load(options.model)
    table = _first_rows(_chunks(options), _MOST_IN_A_PICTURE)
    labels = None
    if options.normal is not None:
        _check_present(table, [options.label], options.data)
        labels = _labels(table, options)
        _check_both(labels, options)
    folder = make_folder(options.output)
    features = _without(table, options, detector)
    if isinstance(detector, SequenceDetector):
        paths = series_commands.draw(detector, features, labels, folder)
    else:
        paths = draw_pictures(detector, features, labels, folder)
    for path in paths:
        print(path)


def info(options: Namespace) -> None:
    """Say what a model is."""
    print(report.described(_load(options.model)))


# -- reading -----------------------------------------------------------------------------------


def _load(path: str) -> AutoencoderDetector | SequenceDetector:
    detector = load_detector(path)
    if not isinstance(detector, (AutoencoderDetector, SequenceDetector)):
        raise DataError(f"{path!r} holds a {type(detector).__name__}, which this command cannot use")
    return detector


def _chunks(options: Namespace) -> Iterator[Table]:
    return iter_csv(options.data, delimiter=options.delimiter, header=not options.no_header, chunk_rows=_CHUNK_ROWS)


def _score_series(
    detector: SequenceDetector, options: Namespace, ids: list[str], writer: CsvWriter, threshold: float, top: int
) -> None:
    chunks = _keyed_chunks(detector, options, ids)
    if not options.events:
        series_commands.score(detector, chunks, writer, threshold, top)
        return
    with CsvWriter(options.events) as file:
        events = series_commands.EventWriter(file, options.minimum_length, options.tolerance)
        series_commands.score(detector, chunks, writer, threshold, top, events)
        events.finish()


def _keyed_chunks(
    detector: SequenceDetector, options: Namespace, ids: list[str]
) -> Iterator[tuple[Table, list[Array]]]:
    """Yield the rows of a series and what names them in the output."""
    first_row = 1
    for table in _chunks(options):
        _check_present(table, ids, options.data)
        keys = [table[name] for name in ids] or [np.arange(first_row, first_row + len(table))]
        yield _without(table, options, detector), keys
        first_row += len(table)


def _kinds_and_scores(detector: AutoencoderDetector | SequenceDetector, options: Namespace) -> tuple[Array, Array]:
    """Return the labels of all records as text, and their scores."""
    stream = detector.stream() if isinstance(detector, SequenceDetector) else None
    kinds, scores = [], []
    for table in _chunks(options):
        _check_present(table, [options.label], options.data)
        kinds.append(np.array([str(value or "").strip() for value in table[options.label]]))
        features = _without(table, options, detector)
        scores.append(stream.push(features) if stream else detector.decision_function(features))
    if stream:
        scores.append(stream.finish())
    return np.concatenate(kinds), np.concatenate(scores)


def _split(columns: list[str]) -> list[str]:
    """Take apart names given with commas between them."""
    return [name.strip() for one in columns for name in one.split(",") if name.strip()]


def _ignored(options: Namespace) -> list[str]:
    names = [*([options.label] if options.label else []), *_split(options.drop), *_split(options.id)]
    return list(dict.fromkeys(names))


def _check_present(table: Table, names: list[str], path: str) -> None:
    missing = [name for name in names if name not in table.names]
    if missing:
        raise DataError(
            f"{path!r} has no column {', '.join(map(repr, missing))}; its columns are "
            f"{', '.join(map(repr, table.names[:50]))}"
        )


def _without(table: Table, options: Namespace, detector: BaseDetector | None = None) -> Table:
    """Leave out what this command line names as no features; the detector leaves out what it knows of itself."""
    time = getattr(detector, "time", None)
    ignored = [name for name in _ignored(options) if name in table.names and name != time]
    return table.drop(ignored) if ignored else table


def _labels(table: Table, options: Namespace) -> Array:
    normal = options.normal.strip()
    labels = np.array([value is None or str(value).strip() != normal for value in table[options.label]])
    if labels.all():
        found = sorted({str(value) for value in table[options.label]})[:10]
        raise DataError(f"no record has label {normal!r} in column {options.label!r}; found {', '.join(found)}")
    return labels.astype(np.int64)


def _check_both(labels: Array, options: Namespace) -> None:
    if labels.min() == labels.max():
        kind = f"anomalies, none is {options.normal!r}" if labels.all() else f"normal ({options.normal!r})"
        raise DataError(
            f"column {options.label!r}: all {len(labels)} records are {kind}; "
            "an evaluation needs normal records and anomalies"
        )


def _first_rows(chunks: Iterator[Table], most: int) -> Table:
    parts, total = [], 0
    for table in chunks:
        parts.append(table.rows(slice(0, most - total)))
        total += len(parts[-1])
        if total >= most:
            break
    return Table(
        parts[0].names,
        tuple(np.concatenate([part[name] for part in parts]) for name in parts[0].names),
    )


def _check_writable(path: str) -> None:
    """Find out before minutes of training, not after."""
    folder = Path(path).parent
    if Path(path).is_dir():
        raise IsADirectoryError(f"cannot write to {path!r}: it is a folder; name a file in it")
    if not folder.is_dir():
        raise FileNotFoundError(f"cannot write to {path!r}: there is no folder {str(folder)!r}; create it first")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"cannot write to {path!r}: the folder {str(folder)!r} is not writable")


def _check_apart(options: Namespace, output: str, *inputs: str) -> None:
    """Refuse to write over what is read: whoever mixes up two names would lose the data."""
    target = getattr(options, output)
    for name in inputs:
        source = getattr(options, name)
        if target and os.path.exists(target) and os.path.exists(source) and os.path.samefile(target, source):
            raise ValueError(f"--{output} is {target!r}, which is read as the {name}: name another file to write to")


# -- settings and columns ----------------------------------------------------------------------


def _settings(options: Namespace) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "contamination": _contamination(options.contamination),
        "threshold": _threshold(options.threshold),
        "random_state": options.seed,
        "verbose": 1 if options.verbose else 0,
        "categorical": _split(options.categorical) or None,
    }
    if options.hidden is not None:
        settings["hidden"] = _sizes(options.hidden)
    for name in ("noise", "epochs", "batch_size", "scaling"):
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


def _score_table(
    detector: AutoencoderDetector, table: Table, options: Namespace, top: int
) -> tuple[Array, Array | None]:
    features = _without(table, options)
    if not top:
        return detector.decision_function(features), None
    parts = detector.explain(features)
    return parts.sum(axis=1), parts


def _score_columns(scores: Array, threshold: float) -> list[Array]:
    return [np.array([f"{score:.9g}" for score in scores]), (scores > threshold).astype(np.int64)]


def _top_columns(parts: Array | None, names: list[str], top: int) -> list[Array]:
    if parts is None:
        return []
    order = np.argsort(-parts, axis=1, kind="stable")[:, :top]
    totals = np.maximum(parts.sum(axis=1), np.finfo(np.float64).tiny)
    labels = np.array(names, dtype=object)
    columns: list[Array] = []
    for k in range(top):
        shares = np.take_along_axis(parts, order[:, k : k + 1], axis=1)[:, 0] / totals
        columns += [labels[order[:, k]], np.array([f"{share:.4f}" for share in shares])]
    return columns
