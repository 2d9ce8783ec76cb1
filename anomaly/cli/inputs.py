"""Input of the commands of ``anomaly``: models and tables, and checks of files before the work begins."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from anomaly.cli.labels import LabelColumn
from anomaly.cli.source import STANDARD, Source
from anomaly.detectors import load_detector
from anomaly.detectors.row_detector import RowDetector
from anomaly.errors import DataError, format_names
from anomaly.tables import Table, concatenate
from anomaly.tables.csv_files import read_csv
from anomaly.tables.csv_form import CsvForm
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors import TableDetector
    from anomaly.preprocessing.intervals import Intervals

INTERRUPTED = 130
"""The exit code after Ctrl-C."""


@dataclass(frozen=True)
class Columns:
    """Columns of the input that are no features.

    Attributes
    ----------
    ids : tuple of str
        Columns that identify records.
    dropped : tuple of str
        Columns to ignore.
    label : str or None
        The column of labels.
    """

    ids: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    label: str | None = None

    @property
    def unique_ids(self) -> list[str]:
        """The columns that identify records, each once."""
        return list(dict.fromkeys(self.ids))

    @property
    def ignored(self) -> list[str]:
        """All of these columns, each once."""
        label = [] if not self.label else [self.label]
        return list(dict.fromkeys([*label, *self.dropped, *self.ids]))


@dataclass(frozen=True)
class InputOptions:
    """The input of a command.

    Attributes
    ----------
    source : Source
        The file.
    columns : Columns
        Columns that are no features.
    labels : LabelColumn or None
        The column of labels, where labels are to be read.
    """

    source: Source
    columns: Columns
    labels: LabelColumn | None

    def without(self, name: str) -> InputOptions:
        """Return the input with one more column to ignore."""
        return replace(self, columns=replace(self.columns, dropped=(*self.columns.dropped, name)))

    def for_model(
        self,
        model: str,
        required: Iterable[str],
        ignored: Iterable[str] | None,
        time: str | None,
        group: str | None = None,
        numbers: Collection[str] = (),
        form: CsvForm | None = None,
    ) -> ModelInput:
        """Return the input of a fitted model; see `ModelInput`. Files have the form of training if none is given."""
        source = self.source if form is None else replace(self.source, remembered=form)
        kept = {*self.columns.ignored, time, group}
        numbers = frozenset(name for name in numbers if name not in kept)
        return ModelInput(source, self.columns, model, tuple(required), tuple(ignored or ()), time, group, numbers)


@dataclass(frozen=True)
class ModelInput:
    """The input of a fitted model.

    Attributes
    ----------
    source : Source
        The file.
    columns : Columns
        Columns that the command line excludes from the features.
    model : str
        File of the model, for messages.
    required : tuple of str
        Columns that the model needs.
    ignored : tuple of str
        Columns that the model ignores by itself.
    time : str or None
        The model's column of timestamps.
    group : str or None
        The column of groups.
    numbers : frozenset of str
        Columns that are read as numbers.
    """

    source: Source
    columns: Columns
    model: str
    required: tuple[str, ...]
    ignored: tuple[str, ...]
    time: str | None
    group: str | None = None
    numbers: frozenset[str] = frozenset()

    def chunks(self) -> Iterator[Table]:
        """Read the file in chunks."""
        return self.source.chunks(self.required, self.numbers)

    def usable_chunks(self, check: Callable[[Table], Any]) -> Iterator[Table]:
        """Read the file in chunks, where rows that cannot be read are left out without those that fail a check."""
        for table in self.chunks():
            readable = None if self.source.bad is None else self.readable(self.features(table), check)
            yield table if readable is None or readable.all() else table.rows(readable)

    def keyed_chunks(self) -> Iterator[tuple[Table, list[Array]]]:
        """Read the file in chunks, each with the columns of `keys`."""
        first_row = 1
        for table in self.chunks():
            self.check_keys(table)
            yield table, self.keys_of(table, first_row)
            first_row += len(table)

    def check_keys(self, table: Table) -> None:
        """Raise DataError if a table lacks a column that identifies its rows."""
        self.source.check_present(table, [*self.columns.unique_ids, *self._group_key])

    def keys_of(self, table: Table, first_row: int) -> list[Array]:
        """Return what identifies the rows of a table, see `keys`; `first_row` is the number of its first one."""
        keys = [table[name] for name in self.columns.unique_ids] or [np.arange(first_row, first_row + len(table))]
        return [*keys, *(table[name] for name in self._group_key)]

    @property
    def keys(self) -> list[str]:
        """The columns that identify a row in the output: those of --id, or else its number from 1, and its group."""
        return [*(self.columns.unique_ids or ["row"]), *self._group_key]

    @property
    def _group_key(self) -> list[str]:
        return [] if self.group is None or self.group in self.columns.unique_ids else [self.group]

    def readable(self, table: Table, check: Callable[[Table], Any] | None) -> Array | None:
        """Return which rows pass a check, where rows that cannot be read are left out; None if they are errors."""
        if self.source.bad is None or check is None:
            return None
        return self.source.bad.without(table, check)

    def interruptible_chunks(self) -> InterruptibleChunks:
        """Read the file as `keyed_chunks` does; of live input, Ctrl-C is the end."""
        return InterruptibleChunks(self.keyed_chunks(), self.source.is_live)

    def features(self, table: Table) -> Table:
        """Drop the columns that the command line excludes; the model drops those that it ignores by itself.

        A column that identifies records may be one that the model was fitted on: then it is kept.
        """
        excluded = self.columns.ignored
        self.source.check_present(table, [name for name in excluded if name not in (*self.required, *self.ignored)])
        excluded = [name for name in excluded if name in table.names and name not in (self.time, self.group)]
        # A model fitted on an array takes columns by position, whatever their names are.
        if len(set(table.names) - set(excluded) - set(self.ignored)) < len(self.required):
            self._check_dispensable(excluded)
            excluded = [name for name in excluded if name not in self.required]
        return table.drop(excluded) if excluded else table

    def _check_dispensable(self, excluded: Collection[str]) -> None:
        """Raise DataError if --drop or --label excludes a column that the model needs."""
        for option, names in (("drop", self.columns.dropped), ("label", [self.columns.label])):
            lost = [name for name in names if name and name in excluded and name in self.required]
            if lost:
                raise DataError(f"--{option} leaves out {format_names(lost)}, which {self.model!r} was fitted on")


class InterruptibleChunks(Iterator[tuple[Table, list[Array]]]):
    """Chunks of rows with their keys; in a ``with`` block, Ctrl-C is the end of live input.

    The rows that have arrived are dealt with first; a second Ctrl-C interrupts that.

    Parameters
    ----------
    chunks : iterator
        The chunks.
    is_live : bool
        Whether the input is live; if not, Ctrl-C interrupts the command.

    Attributes
    ----------
    interrupted : bool
        Whether Ctrl-C has ended the input.
    """

    def __init__(self, chunks: Iterator[tuple[Table, list[Array]]], is_live: bool) -> None:
        self._chunks = chunks
        # Signals reach the main thread alone.
        self._is_live = is_live and threading.current_thread() is threading.main_thread()
        self._is_waiting = False
        self.interrupted = False

    def __enter__(self) -> InterruptibleChunks:
        if self._is_live:
            self._earlier = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_live:
            signal.signal(signal.SIGINT, self._earlier)

    def _interrupt(self, *_: object) -> None:
        again, self.interrupted = self.interrupted, True
        if self._is_waiting or again:
            raise KeyboardInterrupt

    def __next__(self) -> tuple[Table, list[Array]]:
        try:
            self._is_waiting = True
            if self.interrupted:
                raise StopIteration
            return next(self._chunks)
        except KeyboardInterrupt:
            if not self._is_live:
                raise
            raise StopIteration from None
        finally:
            self._is_waiting = False


def load(path: str) -> RowDetector:
    """Load a model of a table or a series; raise DataError if it is another one."""
    detector = load_detector(path)
    if not isinstance(detector, RowDetector) or detector.data_kind is None:
        raise DataError(f"{path!r} holds a detector of class {type(detector).__name__}, which this command cannot use")
    return detector


def load_for_tables(path: str, method: str, reason: str) -> TableDetector:
    """Load a model of a table that has a method; raise DataError, with the reason, if it is one of a series."""
    detector = load(path)
    if detector.data_kind == "series":
        raise DataError(f"{path!r} was fitted on a series; {reason}")
    if not hasattr(detector, method):
        raise DataError(f"{path!r} holds a detector of class {type(detector).__name__}, which this command cannot use")
    return cast("TableDetector", detector)


def read_intervals(path: str | None) -> Intervals | None:
    """Read the intervals to exclude from a CSV file; None without one."""
    if path is None:
        return None
    from anomaly.preprocessing.intervals import as_intervals

    return as_intervals(read_csv(path))


def first_rows(chunks: Iterator[Table], most: int) -> Table:
    """Return the first rows of a table that is read in chunks."""
    parts, total = [], 0
    for table in chunks:
        parts.append(table.rows(slice(0, most - total)))
        total += len(parts[-1])
        if total >= most:
            break
    return concatenate(parts)


def check_writable(path: str, what: str = "a model") -> None:
    """Raise OSError or ValueError if a model cannot be written: before minutes of training, not after."""
    if path == STANDARD:
        raise ValueError(f"{what} cannot go to standard output: name a file to write it to")
    folder = Path(path).parent
    if Path(path).is_dir():
        raise IsADirectoryError(f"cannot write to {path!r}: it is a folder; name a file in it")
    if not folder.is_dir():
        raise FileNotFoundError(f"cannot write to {path!r}: there is no folder {str(folder)!r}; create it first")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"cannot write to {path!r}: the folder {str(folder)!r} is not writable")


def check_not_overwritten(option: str, target: str | None, inputs: Mapping[str, str]) -> None:
    """Raise ValueError if an output would replace an input.

    Parameters
    ----------
    option : str
        The output's option, for the message.
    target : str or None
        Path of the output, if there is one.
    inputs : mapping of str to str
        Names and paths of the inputs.
    """
    for name, read in inputs.items():
        # Standard input and standard output share a name but are different streams.
        if target and STANDARD not in (target, read) and _same_file(target, read):
            raise ValueError(f"--{option} is {target!r}, which is read as the {name}: name another file to write to")


def check_distinct(option: str, target: str | None, other: str, taken: str | None) -> None:
    """Raise ValueError if two outputs, given by their options and paths, would go to one file."""
    if not target or not taken:
        return
    if target == taken == STANDARD:
        raise ValueError(
            f"--{option} is standard output, which is written to as --{other}: name a file for one of them"
        )
    if STANDARD not in (target, taken) and _same_file(target, taken):
        raise ValueError(f"--{option} is {target!r}, which is written to as --{other}: name another file to write to")


def check_outputs(outputs: Mapping[str, str | None], inputs: Mapping[str, Sequence[str]]) -> None:
    """Raise ValueError if an output would replace an input, or another output.

    Parameters
    ----------
    outputs : mapping of str to str or None
        Paths of the outputs by option.
    inputs : mapping of str to sequence of str
        Paths of the inputs by name.
    """
    given = [(option, path) for option, path in outputs.items() if path]
    for number, (option, path) in enumerate(given):
        for name, paths in inputs.items():
            for read in paths:
                check_not_overwritten(option, path, {name: read})
        for other, taken in given[:number]:
            check_distinct(option, path, other, taken)


def _same_file(one: str, other: str) -> bool:
    if os.path.exists(one) and os.path.exists(other):
        return os.path.samefile(one, other)
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))
