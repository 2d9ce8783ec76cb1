"""Scoring on a cluster: workers score the parts of a table, whose scores come back in the order of the parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.distributed.cluster import connected
from anomaly.distributed.data import as_parts
from anomaly.large.reading import PartReader
from anomaly.tables.csv_form import CsvForm
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors import TableDetector


def score(detector: TableDetector, data: Any, client: Any = None, *, form: CsvForm | None = None) -> Array:
    """Return the scores of a table that is spread over a cluster.

    Parameters
    ----------
    detector : TableDetector
        A fitted detector.
    data, client, form
        As of `fit`.

    Returns
    -------
    ndarray of float64 of shape (n_rows,)
        Those of `decision_function`, bit by bit, in the order of the parts.

    Raises
    ------
    DataError
        As of `fit`.
    """
    return np.concatenate([np.zeros(0), *iter_scores(detector, data, client, form=form)])


def iter_scores(
    detector: TableDetector, data: Any, client: Any = None, *, form: CsvForm | None = None
) -> Iterator[Array]:
    """Yield the scores of each part of a table that is spread over a cluster, in the order of the parts.

    Parameters
    ----------
    detector, data, client, form
        As of `score`.

    Yields
    ------
    ndarray of float64 of shape (n_rows,)
        Scores of a file, a row group of a Parquet file, or a partition.
    """
    found = as_parts(data, form or detector.file_form)
    with connected(client) as cluster:
        held = cluster.hold_copy(detector)
        labels = iter(found.numbered)
        yield from cluster.run(_score_part, found.parts, lambda: (next(labels)[1], held, found.reader))


def _score_part(part: Any, label: str, detector: TableDetector, reader: PartReader) -> Array:
    """Return the scores of a part. Runs on a worker."""
    del label
    scores = [detector.decision_function(table) for table in reader.chunks(part, ())]
    return np.concatenate([np.zeros(0), *scores])
