"""Detectors of rows: the interface shared by detectors of tables and of series, which the command line uses."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol

import numpy as np

from anomaly.detectors.base import BaseDetector
from anomaly.errors import one_line
from anomaly.tables import Table
from nnlite.job import Plan
from nnlite.services import service
from nnlite.types import Array
from nnlite.validation import check_value, integer

if TYPE_CHECKING:
    from anomaly.detectors.plot_data import RecordPlotData, SeriesPlotData
    from anomaly.drift import DriftResult
    from anomaly.report.content import RecordsSection, SeriesSection
    from nnlite.models import Model

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


class ScoredSections(NamedTuple):
    """What a report says of scored rows.

    Attributes
    ----------
    scores : ndarray of shape (n_rows,)
        Scores; NaN for a row without one.
    flags : ndarray of int of shape (n_rows,)
        1 for anomalies, else 0.
    series : sequence of SeriesSection
        The section of a series, or of each group of rows.
    records : RecordsSection or None
        The section of a table.
    """

    scores: Array
    flags: Array
    series: Sequence[SeriesSection] = ()
    records: RecordsSection | None = None


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
    preprocessor_: Any

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

    def written_like(self, column: str, value: Any, found: Any) -> str | None:  # noqa: ARG002
        """Return a value as its column writes it, with unit and marks as in a found cell; None if that is as usual."""
        return None

    def check_rows(self, table: Table) -> None:
        """Raise DataError if a cell of a table of the columns of training cannot be used; a series is not checked."""
        if self.data_kind == "tables":
            self.preprocessor_.transform(table)

    def describe_columns(self) -> list[str]:
        """Describe each column in a line of text: how it is understood, how often it is missing, why it is left out."""
        self._check_fitted()
        return list(map(one_line, self._describe_data()[1]))

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
        sections = {
            "settings": [f"{name} = {value!r}" for name, value in self.get_params().items()],
            "columns": list(map(one_line, columns)),
            "members": self._describe_members(),
            "network": layers,
        }
        unit = "steps" if self.data_kind == "series" else "records"
        lines = [
            f"{type(self).__name__}, fitted on {n_rows:,} {unit} with {self.n_features_in_} columns",
            f"threshold {self.threshold_:.6g}; {self._describe_flagged(int(self.labels_.sum()))}",
            self._describe_records(),
            *self._describe_scoring(),
            *(f"reads files with {name} {value!r}" for name, value in self.file_form.get_state().items()),
        ]
        for title, texts in sections.items():
            if not texts:
                continue
            lines += ["", title, *(f"  {text}" for text in texts)]
        return "\n".join(lines)

    def _describe_flagged(self, flagged: int) -> str:
        return f"{flagged:,} training records ({flagged / len(self.labels_):.2%}) score above it"

    def to_dict(self) -> dict[str, Any]:
        """Return what `describe` tells as plain Python values; settings that are none as text.

        Examples
        --------
        >>> import numpy as np
        >>> from anomaly import TableDetector
        >>> x = {name: np.random.default_rng(0).normal(size=99) for name in ("load", "speed")}
        >>> found = TableDetector(hidden=(4,), epochs=1, random_state=0).fit(x).to_dict()
        >>> found["n_records"], found["columns"]
        (99, ['load', 'speed'])
        """
        self._check_fitted()
        settings = {name: value if _is_plain(value) else repr(value) for name, value in self.get_params().items()}
        return {
            "detector": type(self).__name__,
            "kind": self.data_kind,
            "n_records": int(self._describe_data()[0]),
            "columns": [str(name) for name in self.feature_names_in_],
            "threshold": float(self.threshold_),
            "n_flagged": int(self.labels_.sum()),
            "settings": settings,
        }

    def _repr_html_(self) -> str:
        """Return the settings, and of a fitted detector what `describe` tells, for notebooks."""
        from anomaly.report.inline import inline_html

        settings = [f"{name} = {value!r}" for name, value in self.get_params().items()]
        if not hasattr(self, "threshold_"):
            return inline_html(type(self).__name__, ["not fitted yet"], {"settings": settings})
        from nnlite.utils.diagrams import network_svg

        networks = self._described_networks()
        sections = {
            "settings": settings,
            "columns": self._describe_data()[1],
            "members": self._describe_members(),
        }
        picture = network_svg(networks[0]) if networks else ""
        return inline_html(type(self).__name__, self.training_summary().split("\n"), sections, picture)

    # -- other programs ------------------------------------------------------------------------

    def export(self, path: str | os.PathLike[str], prototypes: int | None = None) -> None:
        """Write the whole score as an ONNX file, for programs without Python; see `anomaly.export.export_onnx`.

        Parameters
        ----------
        path : str or path
            Name of the file.
        prototypes : int, optional
            The most prototypes to keep of the remembered records, for a smaller file.

        Raises
        ------
        ImportError
            If the package ``onnx`` is not installed: it is the extra ``nnlite-anomaly[onnx]``.
        nnlite.export.NotExportable
            If the detector holds what has no counterpart in ONNX: the error names it, and says what to do.
        """
        self._check_fitted()
        service("export_onnx")(self, path, prototypes)

    # -- reports -------------------------------------------------------------------------------

    @abstractmethod
    def _report_sections(
        self, X: Any, labels: Array | None, ids: Sequence[str] | None, most_records: int
    ) -> ScoredSections:
        """Return what a report says of rows."""

    def report(
        self,
        X: Any,
        path: str | os.PathLike[str],
        y: Any = None,
        *,
        ids: Sequence[str] | None = None,
        title: str = "Anomaly report",
        most_records: int = 1000,
        audit: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Write a report on rows as one HTML file, to be handed over.

        It says what was learned from what, which rows are anomalous and why, how many would be with another threshold,
        and whether the rows still look like the training data. The file needs no network; all of its figures are
        within it, and so are the values of the listed records, or all steps of a series.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            Rows with the columns of training.
        path : str or path
            The file, such as ``report.html``.
        y : array_like of int of shape (n_rows,), optional
            True labels: 1 for anomalies, 0 for normal rows, -1 for unknown ones.
        ids : sequence of str of length n_rows, optional
            What identifies each record of a table.
        title : str, default "Anomaly report"
            Heading.
        most_records : int, default 1000
            Number of records of a table to list, those with the highest scores.
        audit : mapping of str to str, optional
            Names and hashes of files, say, to add to the versions.

        Returns
        -------
        dict of str to object
            What it says in figures: `n_rows`, `n_without_score`, `n_flagged`, `threshold`, `highest_score`, and
            `drifted`; the last two are None without any score, and without a test.

        Raises
        ------
        ValueError
            If labels or ids are not as many as the rows.
        OSError
            If the file cannot be written; an earlier file is unchanged.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> import numpy as np
        >>> from anomaly import TableDetector
        >>> load = np.random.default_rng(0).normal(50.0, 5.0, size=200)
        >>> detector = TableDetector(hidden=(8,), random_state=0).fit({"load": load, "temperature": load + 10.0})
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "report.html"
        >>> found = detector.report({"load": [50.0, 51.0], "temperature": [60.0, 95.0]}, path)
        >>> found["n_flagged"], "<title>Anomaly report</title>" in path.read_text()
        (1, True)
        """
        from anomaly.detectors.report_sections import versions
        from anomaly.report import Report, write_report

        self._check_fitted()
        check_value("most_records", most_records, integer(least=1))
        labels = None if y is None else np.asarray(y).ravel().astype(np.int64)
        plan = Plan(scoring=8, drift=2, writing=1)
        with plan("scoring"):
            scored = self._report_sections(X, labels, ids, most_records)
        has_score = np.isfinite(scored.scores)
        n_rows, columns = self._describe_data()
        with plan("drift"):
            drift, drift_note = self._drift_or_reason(X)
        report = Report(
            title=title,
            unit="record" if self.data_kind == "tables" else "step",
            scores=scored.scores[has_score],
            threshold=float(self.threshold_),
            n_flagged=int(scored.flags.sum()),
            labels=None if labels is None else labels[has_score],
            learned=[
                f"{type(self).__name__}, fitted on {n_rows:,} rows.",
                *self.training_summary().split("\n"),
                *self._describe_members(),
            ],
            columns=columns,
            drift=drift,
            drift_note=drift_note,
            history=self.history_,
            settings={name: repr(value) for name, value in self.get_params().items()},
            audit={**(audit or {}), **versions()},
            records=scored.records,
            series=scored.series,
        )
        with plan("writing"):
            write_report(report, path)
        return {
            "n_rows": len(has_score),
            "n_without_score": int((~has_score).sum()),
            "n_flagged": report.n_flagged,
            "threshold": report.threshold,
            "highest_score": float(report.scores.max()) if len(report.scores) else None,
            "drifted": None if drift is None else bool(drift.drifted),
        }

    def _drift_or_reason(self, X: Any) -> tuple[DriftResult | None, str]:
        """Return the result of the test for drift, or None and why there is none."""
        test = getattr(self, "drift", None)
        if test is None:
            return None, f"{type(self).__name__} has no test for drift."
        try:
            return test(X), ""
        except ValueError as error:
            return None, f"There was no test for drift: {error}"


def _is_plain(value: Any) -> bool:
    """Return whether a value is one of JSON."""
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)
