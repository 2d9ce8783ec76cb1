"""Detectors of series: the interface shared by detectors of consecutive steps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from anomaly.detectors.expected_rows import ExpectedRows
from anomaly.detectors.plot_data import SeriesPlotData
from anomaly.detectors.routing import RoutedStream
from anomaly.detectors.row_detector import DataKind, RowDetector, ScoredSections
from anomaly.detectors.series_drift import FreshSteps
from anomaly.drift import DriftResult
from anomaly.errors import DataError, format_names
from anomaly.events import Event, find_events, find_segments
from anomaly.preprocessing.columns.parsing import MICROSECONDS_PER_DAY, category_text, parse_number
from anomaly.preprocessing.series import SeriesPreprocessor
from anomaly.tables import Table
from anomaly.tables.series import as_one_series, as_series, is_collection
from nnlite.types import Array
from nnlite.validation import check_value, number


class SeriesDetector(RowDetector):
    """Base of detectors of series, whose `fit` sets `preprocessor_` and `calibration_`."""

    data_kind: ClassVar[DataKind | None] = "series"
    window: int | str
    time: str | None

    preprocessor_: SeriesPreprocessor
    calibration_: Array
    reach_: int  # steps before and after a step that its expected value depends on

    @property
    def required_columns_(self) -> list[str]:
        """Columns that every table to be scored must have: the sensors and the timestamps."""
        time = [] if self.time is None else [self.time]
        return [*map(str, self.feature_names_in_), *time]

    @property
    @abstractmethod
    def delay_(self) -> int:
        """Number of steps that must follow before a step's score is final, if its segment does not end before."""

    @abstractmethod
    def explain(self, X: Any, exclude: Any = None) -> Array:
        """Return each sensor's contribution to the score of each step."""

    @abstractmethod
    def scored(self, X: Any, exclude: Any = None) -> tuple[Array, Array]:
        """Return each sensor's contribution to the score of each step, and the labels of the steps."""

    @abstractmethod
    def observe(self, X: Any, filled: bool = True) -> Table:
        """Return a series as the networks receive it."""

    @abstractmethod
    def reconstruct(self, X: Any) -> Table:
        """Return the value of each step that the networks expect."""

    def routed_stream(self, group: str | None = None, exclude: Any = None) -> RoutedStream:
        """Return a stream of the rows of several groups, each a series of its own, that leaves intervals out.

        Parameters
        ----------
        group : str, optional
            The column that names the group of each row, such as a machine; rows of groups may be interleaved. By
            default all rows are one series.
        exclude : table of shape (n_intervals, 2 or 3), optional
            Intervals without scores, such as maintenance: columns `start` and `end`, both included, of times as in the
            column `time` (row numbers from 1 without one), and perhaps a third with the group.

        Returns
        -------
        RoutedStream
            A stream at the start of the rows. Scores of excluded rows are NaN.
        """
        return RoutedStream(
            lambda _: self.stream(),
            self.n_features_in_,
            group,
            None if exclude is None else self.preprocessor_.mask_of(exclude, group),
        )

    def expected_rows(self, group: str | None = None) -> ExpectedRows:
        """Return the expected values of rows that arrive in chunks, as `reconstruct` gives them.

        Parameters
        ----------
        group : str, optional
            The column that names the group of each row; see `routed_stream`.
        """
        self._check_fitted()
        return ExpectedRows(lambda _: self.reconstruct, self.reach_, list(map(str, self.feature_names_in_)), group)

    def find_events(self, X: Any, minimum_length: int = 1, tolerance: int = 0, exclude: Any = None) -> list[Event]:
        """Return the anomalies of a series as events; see `anomaly.events.find_events`.

        Parameters
        ----------
        X : series of shape (n_steps, n_sensors)
            One series.
        minimum_length, tolerance : int
            The fewest steps of an event, and the most normal steps within one.
        exclude : table of shape (n_intervals, 2), optional
            Intervals without events; see `routed_stream`.

        Returns
        -------
        list of Event
            Events, with timestamps if the parameter `time` is given.
        """
        contributions, labels = self.scored(X, exclude)
        scores = contributions.sum(axis=1)
        times = None if self.time is None else as_series(X)[self.time]
        return find_events(labels, scores, time=times, minimum_length=minimum_length, tolerance=tolerance)

    def predict(self, X: Any, exclude: Any = None) -> Any:
        """Label every step.

        Parameters
        ----------
        X : series of shape (n_steps, n_sensors), or a list of these
            Series with the columns of training.
        exclude : table of shape (n_intervals, 2), optional
            Intervals without alarms; see `routed_stream`.

        Returns
        -------
        ndarray of int64 of shape (n_steps,), or a list of these
            1 in an alarm, else 0.
        """
        return [self.predict(one, exclude) for one in X] if is_collection(X) else self.scored(X, exclude)[1]

    def drift(self, X: Any, level: float = 0.01, exclude: Any = None) -> DriftResult:
        """Test whether fresh steps follow the distribution of the training steps.

        Blocks of steps are compared, so long that they are nearly independent: their means and spreads, of each
        feature, and their scores; see `anomaly.detectors.series_drift`. Times are not tested.

        Parameters
        ----------
        X : series of shape (n_steps, n_sensors), or a list or an iterator of these
            Fresh series. Those of a list are series of their own, and those of an iterator the chunks of one.
        level : float, default 0.01
            Probability of a false alarm, over all tests; above 0 and below 1.
        exclude : table of shape (n_intervals, 2), optional
            Intervals to leave out; see `routed_stream`.

        Returns
        -------
        DriftResult
            The result; `drifted` is the verdict, `columns` are those that have drifted, `untested` those that change
            too slowly for so few steps.

        Raises
        ------
        DataError
            If there are too few steps, or the detector comes from a file of an earlier version.

        Examples
        --------
        >>> import numpy as np
        >>> from anomaly import SequenceDetector
        >>> rng, t = np.random.default_rng(0), np.arange(4000)
        >>> x = np.sin(t / 5) + 0.1 * rng.normal(size=4000)
        >>> detector = SequenceDetector(window=8, epochs=2, random_state=0).fit(x[:2000])
        >>> detector.drift(x[2000:]).drifted, detector.drift(x[2000:] + 0.3).drifted
        (False, True)
        """
        self._check_fitted()
        check_value("level", level, number(above=0, below=1))
        preprocessor = self.preprocessor_
        if preprocessor.reference_ is None:
            raise DataError("the model was made by an earlier version, which kept nothing to compare with: fit it anew")
        fresh = FreshSteps(
            preprocessor.fresh_summary(preprocessor.reference_.length), self.calibration_scores_, self.threshold_
        )
        mask = None if exclude is None else preprocessor.mask_of(exclude)
        several = [X] if isinstance(X, Iterator) or not is_collection(X) else X
        for one in several:
            tables = (as_one_series(chunk, self.ignore) for chunk in (one if isinstance(one, Iterator) else [one]))
            fresh.add_series(tables, preprocessor.reader(), self.stream, mask)
        if mask is not None:
            mask.warn_of_unmatched()
        columns = preprocessor.columns_.feature_columns_
        return fresh.compare(preprocessor.reference_, columns, list(map(str, self.feature_names_in_)), level)

    def score(self, X: Any, y: Any = None) -> float:  # noqa: ARG002
        """Return the mean of `score_samples` over the steps of all series."""
        samples = self.score_samples(X)
        return float(np.mean(np.concatenate(samples) if isinstance(samples, list) else samples))

    def p_values(self, X: Any) -> Any:
        """Return, for every step, the fraction of calibration steps that score at least as high.

        Successive scores are correlated, since windows overlap and residuals are smoothed: n calibration steps are
        worth far fewer independent ones (see `anomaly.detectors.sequence.small_samples`). A p-value is therefore that
        of a step drawn at random from a series like the calibration segment, known less precisely than 1 / (n + 1)
        suggests, and small p-values come in runs. Procedures for independent p-values, such as
        `anomaly.calibration.benjamini_hochberg`, give no guarantee here.

        Parameters
        ----------
        X : series of shape (n_steps, n_sensors), or a list of these
            Series with the columns of training.

        Returns
        -------
        ndarray of float64 of shape (n_steps,), or a list of these
            By the rank among ``calibration_scores_``, from 1 / (n + 1) to 1.
        """
        return super().p_values(X)

    def predict_confidence(self, X: Any) -> Any:
        """Return, for every step, the probability of the same label after calibration on another segment.

        The calibration steps count as independent, which they are not (see `p_values`), so the confidence is too high.
        The default threshold is a multiple of the highest calibration score; for steps above it, ranks give a
        confidence of about 0.37 (see `anomaly.calibration.prediction_confidence`).

        Parameters
        ----------
        X : series of shape (n_steps, n_sensors), or a list of these
            Series with the columns of training.

        Returns
        -------
        ndarray of float64 of shape (n_steps,), or a list of these
            Confidence in the labels that `predict` returns, from 0 to 1.
        """
        return super().predict_confidence(X)

    def _map_scores(self, function: Callable[[Array], Array], X: Any) -> Any:
        """Apply a function of a vector of scores to the scores of each series."""
        scores = self.decision_function(X)
        return [function(one) for one in scores] if isinstance(scores, list) else function(scores)

    @staticmethod
    def training_rows(table: Table, labels: Array, keep_labels: bool = False) -> tuple[list[Table], list[Array] | None]:
        """Select the segments to fit on: those of normal steps, or with `keep_labels` of all that have a label.

        The segments between the rows left out are series of their own.
        """
        kept = labels >= 0 if keep_labels else labels == 0
        segments = [slice(start, end) for start, end in find_segments(kept)]
        series = [table.rows(segment) for segment in segments]
        return series, [labels[segment] for segment in segments] if keep_labels else None

    def plot_data(self, X: Any) -> SeriesPlotData:
        """Compute the values for plots of a scored series.

        Raises
        ------
        DataError
            If no column holds numbers.
        """
        # Forward-filled values were not measured, so plots leave them out.
        observed, expected = self.observe(X, filled=False), self.reconstruct(X)
        kinds = self.preprocessor_.columns_.kinds_
        names = [name for name in observed.names if kinds[name] in ("number", "boolean")]
        if not names:
            raise DataError(
                f"none of the columns {format_names(observed.names)} holds numbers: expected one at least to draw as a "
                "line"
            )
        contributions, labels = self.scored(X)
        columns = list(self.feature_names_in_)
        return SeriesPlotData(
            names=names,
            values=np.column_stack([observed[name].astype(np.float64) for name in names]),
            expected=np.column_stack([expected[name] for name in names]),
            contributions=contributions[:, [columns.index(name) for name in names]],
            scores=contributions.sum(axis=1),
            labels=labels,
            threshold=self.threshold_,
            time=None if self.time is None else self._timestamps(as_series(X), self.time),
        )

    def _report_sections(
        self,
        X: Any,
        labels: Array | None,
        ids: Sequence[str] | None,
        most_records: int,  # noqa: ARG002
    ) -> ScoredSections:
        from anomaly.detectors.report_sections import check_one_each, series_section

        series = as_series(X)
        check_one_each(len(series), labels, ids)
        data = self.plot_data(series)
        return ScoredSections(data.scores, data.labels, series=[series_section(data, labels)])

    def _timestamps(self, table: Table, name: str) -> Array:
        """Return the timestamps of a series as datetime64, or as numbers where the column holds numbers."""
        times = self.preprocessor_.times(table)
        if parse_number(category_text(table[name][0]) or "") is not None:
            return times
        return (times * MICROSECONDS_PER_DAY).round().astype("M8[us]")

    def training_summary(self) -> str:
        """Describe the last `fit` in lines of text: steps and sensors, training loss and threshold."""
        calibrating = self.labels_[self.calibration_]
        # Columns of dates other than `time` are no sensors.
        sensors = sum(kind != "ignored" for kind in self.preprocessor_.columns_.kinds_.values())
        lines = [f"learned from {len(self.labels_):,} steps of {sensors} sensors, {self._describe_windows()}"]
        if self.history_:
            losses = self.history_["loss"]
            lines.append(
                f"training loss {losses[0]:.4g} in the first of {len(losses)} epochs, {losses[-1]:.4g} in the last"
            )
        lines.append(
            f"threshold {self.threshold_:.6g}: {calibrating.sum():,} of {len(calibrating):,} steps kept for "
            "calibration are alarms"
        )
        return "\n".join(lines)

    @abstractmethod
    def _describe_windows(self) -> str:
        """Return the length of the windows, in words."""

    def _describe_scoring(self) -> list[str]:
        delay = "with its row, at once" if not self.delay_ else f"when {self.delay_:,} more have followed"
        return [f"delay: a live stream gives the score of a step {delay}"]

    def _describe_data(self) -> tuple[int, list[str]]:
        return len(self.labels_), self.preprocessor_.columns_.describe()
