"""Detectors of rows: the interface shared by detectors of tables and of series, which the command line uses."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Any, ClassVar, Literal, Protocol

from anomaly.detectors.base import BaseDetector
from anomaly.detectors.plot_data import RecordPlotData, SeriesPlotData
from anomaly.tables import Table
from nnlite.models import Model
from nnlite.types import Array

DataKind = Literal["tables", "series"]
"""Independent records, or consecutive steps."""


class ScoreStream(Protocol):
    """Scores of rows that arrive in chunks, in order.

    Attributes
    ----------
    labels : ndarray of int64 of shape (n_final,)
        Labels of the rows that the last call has returned the scores of: 1 for anomalies, else 0.
    """

    @property
    def labels(self) -> Array:
        """Return the labels of the last call."""

    def push(self, X: Any) -> Array:
        """Add the next rows; return the scores that are final."""

    def finish(self) -> Array:
        """Return the remaining scores: there are no more rows."""

    def push_parts(self, X: Any) -> Array:
        """Add the next rows; return each column's contribution to the scores that are final."""

    def finish_parts(self) -> Array:
        """Return each column's contribution to the remaining scores."""


class RowDetector(BaseDetector):
    """Base of detectors whose input is the rows of a table: independent records, or the steps of a series.

    Attributes
    ----------
    data_kind : {"tables", "series"} or None
        Kind of rows; None if the command line does not support the detector.
    time : str or None
        Column of timestamps, if there is one.
    """

    data_kind: ClassVar[DataKind | None] = None
    ignore: Sequence[str] | None
    time: str | None = None

    n_features_in_: int
    feature_names_in_: Array
    history_: dict[str, list[float]]

    @property
    @abstractmethod
    def required_columns_(self) -> list[str]:
        """Columns that every table to be scored must have."""

    @property
    def number_columns_(self) -> Collection[str]:
        """Columns whose cells may be given as numbers in place of the text that a file has for them."""
        return ()

    @staticmethod
    @abstractmethod
    def training_rows(table: Table, labels: Array, keep_labels: bool = False) -> tuple[Any, Any]:
        """Select the rows to fit on.

        Parameters
        ----------
        table : Table of shape (n_rows, n_columns)
            All rows.
        labels : ndarray of int of shape (n_rows,)
            0 for normal rows, 1 for anomalies, -1 for rows without a label.
        keep_labels : bool, default False
            Whether anomalies and labels are kept too, for a threshold that needs them; else normal rows alone are.

        Returns
        -------
        X, y
            The arguments of `fit`; y is None unless `keep_labels`.
        """

    @abstractmethod
    def stream(self) -> ScoreStream:
        """Return a stream that scores rows chunk by chunk."""

    @abstractmethod
    def plot_data(self, X: Any) -> RecordPlotData | SeriesPlotData:
        """Compute the values for plots of scored rows."""

    @abstractmethod
    def training_summary(self) -> str:
        """Describe the last `fit` in lines of text: data, training loss and threshold."""

    @abstractmethod
    def _describe_data(self) -> tuple[int, list[str]]:
        """Return the number of training rows, and a line of text for each column."""

    def _describe_records(self) -> str:
        """Return what the detector, and so its file, holds of the training records, in one line of text."""
        return "holds no training records"

    def _describe_scoring(self) -> list[str]:
        """Return lines of text on when and how rows are scored."""
        return []

    @abstractmethod
    def _described_networks(self) -> list[Model]:
        """Return the networks, of which the first is described; empty if there are none."""

    def _describe_members(self) -> list[str]:
        """Return what else there is beside networks, in lines of text."""
        return []

    def described_networks(self) -> list[Model]:
        """Return the networks of the fitted detector, of which the first is described; empty if there are none."""
        self._check_fitted()
        return self._described_networks()

    def describe(self) -> str:
        """Describe the fitted detector in lines of text: parameters, columns, network and threshold."""
        self._check_fitted()
        n_rows, columns = self._describe_data()
        layers: list[str] = []
        for network in self._described_networks()[:1]:
            network.summary(print_fn=layers.append)
        flagged = int(self.labels_.sum())
        sections = {
            "settings": [f"{name} = {value!r}" for name, value in self.get_params().items()],
            "columns": columns,
            "members": self._describe_members(),
            "network": layers,
        }
        lines = [
            f"{type(self).__name__}, fitted on {n_rows:,} records with {self.n_features_in_} columns",
            f"threshold {self.threshold_:.6g}; {flagged:,} training records ({flagged / len(self.labels_):.2%}) "
            "score above it",
            self._describe_records(),
            *self._describe_scoring(),
        ]
        for title, texts in sections.items():
            if not texts:
                continue
            lines += ["", title, *(f"  {text}" for text in texts)]
        return "\n".join(lines)
