"""Fitting on a cluster: workers read the table, and what is fitted is a sample with facts about all rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from anomaly.detectors.network_training import as_seed
from anomaly.distributed.cluster import Cluster, connected
from anomaly.distributed.data import as_parts
from anomaly.large.digest import SAMPLE_ROWS, Digest
from anomaly.large.file_parts import FilePart
from anomaly.large.joining import in_order
from anomaly.large.reading import PartReader, add_part, check_readable_as_text
from anomaly.tables import Table
from anomaly.tables.csv_form import CsvForm

if TYPE_CHECKING:
    from anomaly.detectors import TableDetector

R = TypeVar("R", bound=PartReader)


def fit(
    detector: TableDetector,
    data: Any,
    client: Any = None,
    *,
    form: CsvForm | None = None,
    most_rows: int = SAMPLE_ROWS,
) -> TableDetector:
    """Fit a detector to a table that is spread over a cluster.

    Workers read the parts of the table, count missing cells and categories, find extremes, and draw a random sample,
    which this process fits the detector to; see `anomaly.TableDetector.fit_sample`. The result depends on the parts and
    on the detector's `random_state`, and neither on the number of workers, nor on which of them dies meanwhile.

    Parameters
    ----------
    detector : TableDetector
        The detector to fit.
    data : dask DataFrame, dask Array of shape (n_rows, n_columns), path, or sequence of paths
        A path may be a folder, or a pattern such as ``data/*.parquet``; workers must find the files under it.
    client : distributed.Client or str, optional
        Client or address of the scheduler; by default the client that was made last.
    form : CsvForm, optional
        Form of CSV files.
    most_rows : int, default 102_400
        Size of the sample. A table of no more rows is fitted as by the detector's own `fit`, bit by bit.

    Returns
    -------
    TableDetector
        The detector itself.

    Raises
    ------
    DataError
        If the scheduler cannot be reached, a file cannot be read or a partition has other columns: the message names
        it.
    """
    found = as_parts(data, form)
    categorical = tuple(detector.categorical or ())
    empty = Digest((as_seed(detector.random_state) or 0), most_rows, categorical)
    with connected(client) as cluster:
        digest = _digest(cluster, found.reader, found.parts, found.numbered, empty, categorical)
    return detector.fit_sample(digest.finish())


def digest_on(
    address: str, reader: PartReader, parts: Sequence[FilePart], empty: Digest, text: Collection[str]
) -> Digest:
    """Return the digest of files that the workers of a scheduler read, as `anomaly.large.reading.digest_of` does."""
    with connected(address) as cluster:
        absolute = [part.absolute for part in parts]
        return _digest(cluster, reader, absolute, [(part.number, part.path) for part in parts], empty, text)


def _digest(
    cluster: Cluster,
    reader: PartReader,
    parts: Sequence[Any],
    numbered: Sequence[tuple[int, str]],
    empty: Digest,
    text: Collection[str],
) -> Digest:
    read_as_text = set(text)
    while True:
        digest, own = empty.empty(), reader.anew()
        first: Table | None = None
        labels = iter(numbered)

        def arguments() -> tuple[Any, ...]:
            number, label = next(labels)  # noqa: B023
            # Rows above the limits of the parts so far would not be kept.
            return number, label, reader.anew(), empty.empty(digest.limits), tuple(sorted(read_as_text)), first  # noqa: B023

        fresh: set[str] = set()
        for names, other, notes in cluster.run(_digest_part, parts, arguments):
            first = _checked(names, first)
            digest.merge(other)
            own.take(notes)
            fresh = digest.mixed - read_as_text
            if fresh:
                break
        if not fresh:
            reader.take(own)
            return digest
        check_readable_as_text(reader, fresh)
        read_as_text |= fresh


def _digest_part(
    part: Any, number: int, label: str, reader: R, digest: Digest, text: Collection[str], first: Table | None
) -> tuple[tuple[str, Table | None], Digest, R]:
    """Return the name of a part and its columns, its digest, and the reader with its notes. Runs on a worker."""
    found = add_part(digest, reader, part, number, label, text, first)
    digest.shrink()
    return (label, found), digest, reader


def _checked(found: tuple[str, Table | None], first: Table | None) -> Table | None:
    """Return the columns of the table; raise DataError if a part has others."""
    label, table = found
    if first is None or table is None:
        return first if table is None else table
    in_order(table, first, label)
    return first
