"""What a detector of groups of rows tells of itself and of rows: descriptions, and the sections of a report."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from anomaly.detectors.expected_rows import ExpectedRows
from anomaly.detectors.routing import rows_by_group
from anomaly.detectors.row_detector import RowDetector, ScoredSections
from anomaly.detectors.series_detector import SeriesDetector
from anomaly.drift import DriftResult
from anomaly.errors import DataError
from anomaly.tables import Table
from anomaly.tables.series import as_series
from nnlite.models import Model
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors.plot_data import SeriesPlotData


class GroupedDescription(RowDetector):
    """A detector of groups of rows, without its fit and its scores.

    Attributes
    ----------
    detectors_, left_out_, delay_
        See `anomaly.GroupedDetector`.
    """

    group: str
    detectors_: dict[str, SeriesDetector]
    left_out_: dict[str, str]

    @property
    def delay_(self) -> int:
        """Number of steps of its group that must follow before a step's score is final."""
        return max(detector.delay_ for detector in self.detectors_.values())

    @abstractmethod
    def drift(self, X: Any, level: float = 0.01, exclude: Any = None) -> dict[str, DriftResult]:
        """Test for each group whether its fresh steps follow the distribution of its training steps."""

    def expected_rows(self, group: str | None = None) -> ExpectedRows:  # noqa: ARG002
        """Return the expected values of rows that arrive in chunks; see `SeriesDetector.expected_rows`."""
        found = self.detectors_
        return ExpectedRows(
            lambda name: found[name].reconstruct if name in found else None,
            max(detector.reach_ for detector in found.values()),
            list(map(str, self.feature_names_in_)),
            self.group,
        )

    def _report_sections(
        self,
        X: Any,
        labels: Array | None,
        ids: Sequence[str] | None,
        most_records: int,  # noqa: ARG002
    ) -> ScoredSections:
        from anomaly.detectors.report_sections import check_one_each, group_sections

        table = as_series(X)
        check_one_each(len(table), labels, ids)
        return ScoredSections(*group_sections(self._parts(table), len(table), labels))

    def _parts(self, table: Table) -> Iterator[tuple[str, Array, SeriesPlotData]]:
        """Return the rows of each group, and their values with scores in units of the threshold."""
        for name, rows in rows_by_group(table, self.group):
            if name in self.detectors_:
                data = self.detectors_[name].plot_data(table.rows(rows).drop([self.group]))
                yield name, rows, replace(data, scores=data.scores / self.detectors_[name].threshold_)

    def _drift_or_reason(self, X: Any) -> tuple[None, str]:
        from anomaly.detectors.report_sections import drift_in_words

        try:
            return None, drift_in_words(self.drift(X), len(self.detectors_))
        except ValueError as error:
            return None, f"There was no test for drift: {error}"

    def plot_data(self, X: Any) -> NoReturn:  # noqa: ARG002
        """Raise DataError: a plot is of one series."""
        raise DataError(
            f"a plot shows one series, and this model holds {len(self.detectors_):,} groups: fit one of a single "
            "group, write a report, or in Python take detectors_[name] and the rows of that group"
        )

    def training_summary(self) -> str:
        """Describe the last `fit` in lines of text: groups, steps and sensors."""
        fitted = len(self.detectors_)
        known = np.isfinite(self.decision_scores_)
        lines = [
            f"learned from {int(known.sum()):,} steps of {self.n_features_in_} columns, of {fitted:,} groups in column "
            f"{self.group!r}",
            f"threshold 1, in units of each group's own: {int(self.labels_.sum()):,} of these steps are alarms",
        ]
        return "\n".join([*lines, *self._describe_left_out()])

    def _describe_left_out(self) -> list[str]:
        return [f"left out: {name!r}: {reason}" for name, reason in self.left_out_.items()]

    def _describe_scoring(self) -> list[str]:
        delay = "with its row, at once" if not self.delay_ else f"when {self.delay_:,} more of its group have followed"
        return [f"delay: a live stream gives the score of a step {delay}"]

    def _describe_data(self) -> tuple[int, list[str]]:
        lines = [
            f"{name}: {len(detector.decision_scores_):,} steps, threshold {detector.threshold_:.6g}"
            for name, detector in self.detectors_.items()
        ]
        name, first = next(iter(self.detectors_.items()))
        columns = first.preprocessor_.columns_.describe()
        return len(self.decision_scores_), [
            f"groups, by column {self.group!r}:",
            *lines,
            *self._describe_left_out(),
            f"columns of {name}:",
            *columns,
        ]

    def _described_networks(self) -> list[Model]:
        return next(iter(self.detectors_.values())).described_networks()
