"""Records with their true labels."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from anomaly.tables.csv_writer import CsvWriter
from anomaly.tables.table import read_only
from nnlite.types import Array

LABEL_COLUMN = "label"
NORMAL = "normal"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Records with named columns, true labels and kinds of anomalies.

    The arrays are read-only: copy a column to change it.

    Parameters
    ----------
    columns : dict of str to ndarray of shape (n_records,)
        Numbers (float64, missing is NaN), text (object, missing is None), booleans (bool) and datetimes (datetime64).
        Every detector accepts the dict: ``detector.fit(data.columns)``.
    labels : ndarray of int of shape (n_records,)
        True labels: 1 for anomalies, 0 for normal records.
    kinds : ndarray of str of shape (n_records,)
        Kind of each anomaly; the empty string for normal records.
    name : str
        Short name, such as ``"transactions"``.
    description : str
        Description of the columns and of the kinds of anomalies.

    Raises
    ------
    ValueError
        If there are no columns, lengths differ, or labels and kinds contradict each other.

    Examples
    --------
    >>> from anomaly.datasets import make_transactions
    >>> data = make_transactions(n_records=1000, contamination=0.02, random_state=0)
    >>> data
    Dataset('transactions': 1,000 records x 13 columns, 20 anomalies)
    >>> train, test = data.split(test_size=0.3, random_state=0, normal_only=True)
    >>> len(train), len(test), int(train.labels.sum()), int(test.labels.sum())
    (686, 300, 0, 6)
    """

    columns: dict[str, Array]
    labels: Array
    kinds: Array
    name: str
    description: str

    def __post_init__(self) -> None:
        if not self.columns:
            raise ValueError("a dataset needs at least one column; found none")
        found = {"labels": len(self.labels), "kinds": len(self.kinds)}
        found |= {f"column {name!r}": len(column) for name, column in self.columns.items()}
        if len(set(found.values())) > 1:
            lengths = ", ".join(f"{name} {length:,}" for name, length in found.items())
            raise ValueError(f"labels, kinds and columns must have one value per record; found lengths: {lengths}")
        if not np.array_equal(self.labels, self.kinds != ""):
            raise ValueError("labels must be 1 where kinds names an anomaly and 0 where it is empty")
        # The dataclass is frozen: the constructor replaces arrays by read-only views by way of object.__setattr__.
        object.__setattr__(self, "columns", {name: read_only(column) for name, column in self.columns.items()})
        object.__setattr__(self, "labels", read_only(self.labels))
        object.__setattr__(self, "kinds", read_only(self.kinds))

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return len(self.columns)

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name!r}: {len(self):,} records x {self.n_features:,} columns, "
            f"{int(self.labels.sum()):,} anomalies)"
        )

    def records(self) -> list[dict[str, Any]]:
        """Return the records as Python objects, as a service would receive them.

        Returns
        -------
        list of dict
            For each record, the name of each column and its value: float, str, bool or datetime, or None if missing.

        Examples
        --------
        >>> from anomaly.datasets import make_sensors
        >>> record = make_sensors(n_records=10, contamination=0.0, random_state=0).records()[0]
        >>> record["time"].isoformat(), record["mode"]
        ('2024-01-08T00:00:00', 'idle')
        """
        names = tuple(self.columns)
        rows = zip(*map(_plain_values, self.columns.values()), strict=True)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def rows(self, mask: Array | slice) -> Dataset:
        """Return a dataset of some of the records.

        Parameters
        ----------
        mask : ndarray of bool of shape (n_records,), ndarray of int, or slice
            Boolean mask with one value per record, indices counted from 0, or slice.

        Returns
        -------
        Dataset
            Dataset of these records, in this order.

        Raises
        ------
        IndexError
            If the length of a mask is not the number of records, or there is no such record.

        Examples
        --------
        >>> from anomaly.datasets import make_correlated
        >>> data = make_correlated(n_records=200, contamination=0.1, random_state=0)
        >>> data.rows(data.labels == 1)
        Dataset('correlated': 20 records x 10 columns, 20 anomalies)
        """
        return replace(
            self,
            columns={name: column[mask] for name, column in self.columns.items()},
            labels=self.labels[mask],
            kinds=self.kinds[mask],
        )

    def split(
        self,
        test_size: float = 0.3,
        random_state: int | None = 0,
        *,
        normal_only: bool = False,
        shuffle: bool = True,
    ) -> tuple[Dataset, Dataset]:
        """Split the records into a training set and a test set.

        The split is random and stratified by kind: the fraction of each kind is the same in both sets, up to rounding.
        The test set keeps the order of the records. The training set is in random order: its records do not follow each
        other without a gap, and those between them are in the test set, so their order would only mislead.

        Parameters
        ----------
        test_size : float, default 0.3
            Fraction of the records in the test set, between 0 and 1.
        random_state : int, optional
            Seed of the split; None for a different one each time.
        normal_only : bool, default False
            Whether to drop the anomalies from the training set. They are not moved to the test set, whose fraction of
            anomalies remains that of the data.
        shuffle : bool, default True
            If False, the first records are for training and the last for testing, both in their order. Use it for
            records in the order of time: consecutive records are similar, and with some of them in the training set a
            test is biased.

        Returns
        -------
        train, test : Dataset
            The two sets.

        Raises
        ------
        ValueError
            If `test_size` is not between 0 and 1, or a set would have no records.

        Examples
        --------
        >>> from anomaly.datasets import make_connections
        >>> train, test = make_connections(n_records=500, random_state=1).split(test_size=0.2)
        >>> len(train), len(test)
        (400, 100)
        """
        if not 0.0 < test_size < 1.0:
            raise ValueError(f"test_size must be between 0 and 1, such as 0.3; found {test_size!r}")
        tested = self._draw(test_size, random_state) if shuffle else self._last(test_size)
        trained = ~tested & (self.labels == 0) if normal_only else ~tested
        for role, chosen in (("training", trained), ("test", tested)):
            if not chosen.any():
                raise ValueError(
                    f"the {role} set would have no records: {len(self):,} records split at test_size={test_size!r}"
                    f"{', normal ones only' if normal_only else ''}; make more records or change test_size"
                )
        rows = np.flatnonzero(trained)
        return self.rows(np.random.default_rng(random_state).permutation(rows) if shuffle else rows), self.rows(tested)

    def _last(self, fraction: float) -> Array:
        return np.arange(len(self)) >= len(self) - round(fraction * len(self))

    def _draw(self, fraction: float, random_state: int | None) -> Array:
        """Return a mask of a random fraction of the records of each kind.

        With the records grouped by kind, in random order within a kind, and numbered i = 0, 1, ..., record i is drawn
        if floor((i + 1) fraction + 1/2) exceeds floor(i fraction + 1/2). Rounding errors then do not accumulate over
        the kinds: of any m consecutive records, m * fraction are drawn, up to one.
        """
        rng = np.random.default_rng(random_state)
        kinds = np.unique(self.kinds, return_inverse=True)[1].ravel()
        order = np.lexsort((rng.random(len(self)), kinds))
        steps = np.floor(np.arange(len(self) + 1) * fraction + 0.5)
        drawn = np.zeros(len(self), dtype=np.bool_)
        drawn[order] = np.diff(steps) > 0
        return drawn

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the records to a CSV file, with the true labels in a last column named ``label``.

        The label is ``normal`` or the kind of anomaly. Missing values are empty. The write is atomic: the file is
        written under a temporary name and then renamed.

        Parameters
        ----------
        path : str or path
            The file; compressed by gzip if the name ends in ``.gz``.

        Raises
        ------
        ValueError
            If a column is named ``label``.
        OSError
            If the file cannot be written; an earlier file is unchanged.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from anomaly.datasets import make_correlated
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "points.csv"
        >>> make_correlated(n_records=20, n_features=3, random_state=0).to_csv(path)
        >>> path.read_text().splitlines()[0]
        'x0,x1,x2,label'
        """
        if LABEL_COLUMN in self.columns:
            raise ValueError(f"a column is named {LABEL_COLUMN!r}, the name of the column of labels; rename it first")
        truth = np.where(self.kinds == "", NORMAL, self.kinds).astype(object)
        with CsvWriter(path) as writer:
            writer.write_row([*self.columns, LABEL_COLUMN])
            writer.write_columns([*self.columns.values(), truth])


def ordered_by(time: str, columns: dict[str, Array], kinds: Array, name: str, description: str) -> Dataset:
    """Return a dataset of records sorted by a column of times."""
    order = np.argsort(columns[time], kind="stable")
    kinds = kinds[order]
    return Dataset(
        columns={column: cells[order] for column, cells in columns.items()},
        labels=(kinds != "").astype(np.int64),
        kinds=kinds,
        name=name,
        description=description,
    )


def _plain_values(column: Array) -> list[Any]:
    """Return a column as Python objects, NaN as None; NumPy itself returns NaT as None."""
    values: list[Any] = column.tolist()
    if column.dtype.kind == "f":
        return [None if value != value else value for value in values]
    return values
