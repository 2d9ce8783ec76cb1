"""What the commands of ``anomaly`` read, and what they refuse before they begin."""

from __future__ import annotations

import itertools
import os
import sys
from argparse import Namespace
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from anomaly.detectors import BaseDetector, SequenceDetector, TableDetector, load_detector
from anomaly.errors import DataError, format_names
from anomaly.tables import Table
from anomaly.tables.csv_files import iter_csv, read_csv

STANDARD = "-"
"""The name of standard input, and of standard output."""

# As many rows at a time as a detector scores in one go: more would only take memory.
CHUNK_ROWS = 8192


def load(path: str) -> TableDetector | SequenceDetector:
    """Read a detector that the commands can use."""
    detector = load_detector(path)
    if not isinstance(detector, (TableDetector, SequenceDetector)):
        raise DataError(f"{path!r} holds a {type(detector).__name__}, which this command cannot use")
    return detector


def chunks(options: Namespace, detector: BaseDetector) -> Iterator[Table]:
    """Read a table piece by piece."""
    tables = iter_csv(options.data, delimiter=options.delimiter, header=not options.no_header, chunk_rows=CHUNK_ROWS)
    for i, table in enumerate(tables):
        if i == 0:
            _warn_of_records(table, options, _needed_columns(detector))
        yield table


def whole(options: Namespace) -> Table:
    """Read a table whole."""
    table = read_csv(options.data, delimiter=options.delimiter, header=not options.no_header)
    _warn_of_records(table, options)
    return table


def _warn_of_records(table: Table, options: Namespace, known: Collection[str] = ()) -> None:
    """Say so where the names of columns look like values, unless the detector knows them as names."""
    if options.no_header:
        return
    numbers = [name for name in table.names if name not in known and _is_number(name)]
    if 2 * len(numbers) > len(table.names) and not _count_up(numbers):
        print(
            f"anomaly: warning: {source(options.data)}: the first line looks like a record: it has "
            f"{format_names(numbers, 3)} as names of columns; if the file has no header, use --no-header",
            file=sys.stderr,
        )


def _count_up(names: list[str]) -> bool:
    """Say whether names are growing whole numbers: years, wavelengths, or those that pandas gives to columns."""
    numbers = [int(name) for name in names if name.isdecimal()]
    grow = len(numbers) == len(names) and all(a < b for a, b in itertools.pairwise(numbers))
    return grow and (len(names) > 2 or numbers == list(range(len(names))))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def source(path: str) -> str:
    """Return what a file that is read is called in messages."""
    return "standard input" if path == STANDARD else repr(path)


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
            f"{source(path)} has no column {', '.join(map(repr, missing))}; its columns are "
            f"{', '.join(map(repr, table.names[:50]))}"
        )


def without_ignored(table: Table, options: Namespace, detector: BaseDetector) -> Table:
    """Leave out what this command line names as no features; the detector leaves out what it knows of itself.

    A column that names records may be one that the detector was fitted on: then it gets it.
    """
    needed, own = _needed_columns(detector), set(getattr(detector, "ignore", None) or ())
    ignored = ignored_columns(options)
    check_present(table, [name for name in ignored if name not in needed | own], options.data)
    ignored = [name for name in ignored if name in table.names and name != getattr(detector, "time", None)]
    # A detector that was fitted on an array takes columns by their order, whatever their names are.
    if len(set(table.names) - set(ignored) - own) < len(needed):
        _check_dispensable(ignored, needed, options)
        ignored = [name for name in ignored if name not in needed]
    return table.drop(ignored) if ignored else table


def _needed_columns(detector: BaseDetector) -> set[str]:
    """Return the columns that a detector was fitted on."""
    time = getattr(detector, "time", None)
    return {*map(str, getattr(detector, "feature_names_in_", ())), *([] if time is None else [time])}


def _check_dispensable(ignored: list[str], needed: set[str], options: Namespace) -> None:
    """Refuse to leave out what the detector cannot do without."""
    for option, names in (("drop", split_names(options.drop)), ("label", [options.label])):
        lost = [name for name in names if name in ignored and name in needed]
        if lost:
            raise DataError(f"--{option} leaves out {format_names(lost)}, which {options.model!r} was fitted on")


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
        read = getattr(options, name)
        # Standard input and standard output have one name, and are two things.
        if target and STANDARD not in (target, read) and _same_file(target, read):
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
