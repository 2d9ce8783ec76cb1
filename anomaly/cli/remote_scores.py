"""Files that the workers of a cluster read and score, with their rows in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np

from anomaly.cli.inputs import ModelInput
from anomaly.cli.long_tables import check_for_workers
from anomaly.detectors.record_detector import RecordDetector
from anomaly.distributed.cluster import connected
from anomaly.large.file_parts import FilePart, parts_of
from anomaly.large.joining import in_order
from anomaly.tables import Table
from nnlite.types import Array


class ScoredRows(NamedTuple):
    """Rows that a worker has scored.

    Attributes
    ----------
    table : Table
        The rows, perhaps with the columns of their keys alone.
    features : Table
        What was scored, with the same limitation.
    contributions : ndarray of float64 of shape (n, n_columns)
        Contributions to their scores, or the scores as a single column.
    labels : ndarray of int64 of shape (n,)
        The detector's labels.
    columns : Table
        No rows, but all columns.
    """

    table: Table
    features: Table
    contributions: Array
    labels: Array
    columns: Table


class RemoteScores:
    """Input and scores of files that workers read and score: it takes the place of a `ModelInput`, and of a stream.

    Parameters
    ----------
    data : ModelInput
        The input.
    address : str
        Address of a Dask scheduler.
    detector : RecordDetector
        A fitted detector.
    in_parts : bool
        Whether contributions are needed, and not only scores.
    needs_table : bool
        Whether other columns than the keys are needed.
    """

    interrupted = False

    def __init__(
        self, data: ModelInput, address: str, detector: RecordDetector, in_parts: bool, needs_table: bool
    ) -> None:
        check_for_workers(data.source)
        self._data, self._address, self._detector = data, address, detector
        self._in_parts, self._needs_table = in_parts, needs_table
        self._stack = ExitStack()
        self._scored: ScoredRows | None = None
        self.labels: Array = np.zeros(0, np.int64)
        self.keys = data.keys
        self.source = data.source

    # -- in place of a `ModelInput` ------------------------------------------------------------

    def interruptible_chunks(self) -> RemoteScores:
        """Return the object itself, whose context is the connection to the cluster."""
        return self

    def __enter__(self) -> RemoteScores:
        self._cluster = self._stack.enter_context(connected(self._address))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __iter__(self) -> Iterator[tuple[Table, list[Array]]]:
        held = self._cluster.hold_copy(self._detector)
        parts = [part.absolute for part in parts_of(self.source.paths)]
        found = self._cluster.run(_score_part, parts, lambda: (held, self._data, self._in_parts, self._needs_table))
        first: Table | None = None
        first_row = 1
        for part, several in zip(parts, found, strict=True):
            for scored in several:
                if first is None:
                    first = scored.columns
                    self.source.notice_header(first.names, self._data.required)
                in_order(scored.columns, first, part.path)
                self._scored = scored
                yield scored.table, self._data.keys_of(scored.table, first_row)
                first_row += len(scored.table)

    def features(self, table: Table) -> Table:  # noqa: ARG002
        """Return the features of the rows that were yielded last."""
        return self._last.features

    def readable(self, table: Table, check: Any) -> None:
        """Return that rows which cannot be read are errors."""

    # -- in place of a stream ------------------------------------------------------------------

    @property
    def _last(self) -> ScoredRows:
        assert self._scored is not None  # rows were yielded
        return self._scored

    def push(self, X: Any) -> Array:  # noqa: ARG002
        """Return the scores of the rows that were yielded last."""
        self.labels = self._last.labels
        return np.asarray(self._last.contributions[:, 0])

    def push_parts(self, X: Any) -> Array:  # noqa: ARG002
        """Return the contributions to the scores of the rows that were yielded last."""
        self.labels = self._last.labels
        return self._last.contributions

    def finish(self) -> Array:
        """Return no scores: all are final."""
        return np.zeros(0)

    def finish_parts(self) -> Array:
        """Return no contributions: all scores are final."""
        return np.zeros((0, self._detector.n_features_in_))


def _score_part(
    part: FilePart, detector: RecordDetector, data: ModelInput, in_parts: bool, needs_table: bool
) -> list[ScoredRows]:
    """Score a part of the files. Runs on a worker."""
    found = []
    stream = detector.stream()
    for table in data.source.part_chunks(part, numbers=data.numbers):
        data.check_keys(table)
        features = data.features(table)
        parts = stream.push_parts(features) if in_parts else stream.push(features)[:, np.newaxis]
        kept, columns = table, table.rows(slice(0, 0))
        if not needs_table:
            kept = features = table.select(data.columns.unique_ids or table.names[:1])
        found.append(ScoredRows(kept, features, parts, stream.labels, columns))
    return found
