"""What the commands of ``anomaly`` read, and what they refuse before they begin."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from anomaly.csvfiles import iter_csv
from anomaly.detectors import AutoencoderDetector, BaseDetector, SequenceDetector, load_detector
from anomaly.errors import DataError
from anomaly.tables import Table
from nnlite.types import Array

STANDARD = "-"
"""The name of standard input, and of standard output."""

# As many rows at a time as a detector scores in one go: more would only take memory.
CHUNK_ROWS = 8192


def load(path: str) -> AutoencoderDetector | SequenceDetector:
    """Read a detector that the commands can use."""
    detector = load_detector(path)
    if not isinstance(detector, (AutoencoderDetector, SequenceDetector)):
        raise DataError(f"{path!r} holds a {type(detector).__name__}, which this command cannot use")
    return detector


def chunks(options: Namespace) -> Iterator[Table]:
    """Read a table piece by piece."""
    return iter_csv(options.data, delimiter=options.delimiter, header=not options.no_header, chunk_rows=CHUNK_ROWS)


def split_names(columns: list[str]) -> list[str]:
    """Take apart names given with commas between them."""
    return [name.strip() for one in columns for name in one.split(",") if name.strip()]


def ignored_columns(options: Namespace) -> list[str]:
    """Return the columns that this command line names as no features."""
    names = [*([options.label] if options.label else []), *split_names(options.drop), *split_names(options.id)]
    return list(dict.fromkeys(names))


def id_columns(options: Namespace) -> list[str]:
    """Return the columns that name records, each once."""
    return list(dict.fromkeys(split_names(options.id)))


def check_present(table: Table, names: list[str], path: str) -> None:
    """Refuse a file that lacks columns."""
    missing = [name for name in names if name not in table.names]
    if missing:
        raise DataError(
            f"{path!r} has no column {', '.join(map(repr, missing))}; its columns are "
            f"{', '.join(map(repr, table.names[:50]))}"
        )


def without_ignored(table: Table, options: Namespace, detector: BaseDetector | None = None) -> Table:
    """Leave out what this command line names as no features; the detector leaves out what it knows of itself."""
    time = getattr(detector, "time", None)
    ignored = [name for name in ignored_columns(options) if name in table.names and name != time]
    return table.drop(ignored) if ignored else table


def kinds_of(table: Table, options: Namespace) -> Array:
    """Return the labels of records as text; a missing one is empty."""
    return np.array([str(value or "").strip() for value in table[options.label]])


def labels_of(table: Table, options: Namespace) -> Array:
    """Return 0 for records with the normal label, and 1 for others."""
    normal = options.normal.strip()
    labels = np.array([value is None or str(value).strip() != normal for value in table[options.label]])
    if labels.all():
        found = sorted({str(value) for value in table[options.label]})[:10]
        raise DataError(f"no record has label {normal!r} in column {options.label!r}; found {', '.join(found)}")
    return labels.astype(np.int64)


def check_both(labels: Array, options: Namespace) -> None:
    """Refuse labels of one kind only."""
    if labels.min() == labels.max():
        kind = f"anomalies, none is {options.normal!r}" if labels.all() else f"normal ({options.normal!r})"
        raise DataError(
            f"column {options.label!r}: all {len(labels)} records are {kind}; "
            "an evaluation needs normal records and anomalies"
        )


def first_rows(chunks: Iterator[Table], most: int) -> Table:
    """Return the first rows of a table that comes piece by piece."""
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


def check_writable(path: str) -> None:
    """Find out before minutes of training, not after."""
    folder = Path(path).parent
    if path == STANDARD:
        raise ValueError("a model cannot go to standard output: name a file to write it to")
    folder = Path(path).parent
    if Path(path).is_dir():
        raise IsADirectoryError(f"cannot write to {path!r}: it is a folder; name a file in it")
    if not folder.is_dir():
        raise FileNotFoundError(f"cannot write to {path!r}: there is no folder {str(folder)!r}; create it first")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"cannot write to {path!r}: the folder {str(folder)!r} is not writable")


def check_apart(options: Namespace, output: str, *inputs: str) -> None:
    """Refuse to write over what is read: whoever mixes up two names would lose the data."""
    target = getattr(options, output)
    for name in inputs:
        source = getattr(options, name)
        # Standard input and standard output have one name, and are two things.
        if target and STANDARD not in (target, source) and _same_file(target, source):
            raise ValueError(f"--{output} is {target!r}, which is read as the {name}: name another file to write to")


def check_outputs_apart(options: Namespace, output: str, other: str) -> None:
    """Refuse to write two things to one place: one of them would be lost, or both mixed up."""
    target, taken = getattr(options, output), getattr(options, other)
    if not target or not taken:
        return
    if target == taken == STANDARD:
        raise ValueError(
            f"--{output} is standard output, which is written to as --{other}: name a file for one of them"
        )
    if STANDARD not in (target, taken) and _same_file(target, taken):
        raise ValueError(f"--{output} is {target!r}, which is written to as --{other}: name another file to write to")


def _same_file(one: str, other: str) -> bool:
    if os.path.exists(one) and os.path.exists(other):
        return os.path.samefile(one, other)
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))
