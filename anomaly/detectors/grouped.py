"""One detector of series for each group of rows, such as the machines of a plant."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

import numpy as np

from anomaly.detectors.base import as_labels, validated_labels
from anomaly.detectors.grouped_description import GroupedDescription
from anomaly.detectors.grouping import check_left_out, joined_labels, segments_by_group
from anomaly.detectors.loading import detector_class
from anomaly.detectors.routing import MOST_WAITING, RoutedStream, ScaledStream, rows_by_group
from anomaly.detectors.row_detector import DataKind
from anomaly.detectors.series_detector import SeriesDetector
from anomaly.drift import DriftResult
from anomaly.errors import DataError
from anomaly.events import Event, find_events, find_segments
from anomaly.tables import Table, concatenate
from anomaly.tables.series import as_series, is_collection
from nnlite.archive import arrays_with_prefix
from nnlite.job import counted
from nnlite.rowwise import CHUNK_ROWS
from nnlite.types import Array
from nnlite.validation import Constraint, integer

Self = TypeVar("Self", bound="GroupedDetector")


class GroupedDetector(GroupedDescription):
    """Detector of series with one detector for each group of rows, all in one file.

    A table holds the rows of many machines, which may be interleaved; a column names the machine of each row, as
    ``unique_id`` does for Nixtla's libraries. Each machine has a copy of `detector` of its own: its scaling, networks,
    calibration and threshold come from its rows alone. Its scores are divided by its threshold, so that the threshold
    of all is 1 and scores of different machines are comparable.

    **Machines that cannot be scored.** A machine whose rows do not suffice for a detector (too few for its windows, a
    sensor without values) is left out of training, with a warning that says why; at scoring, its rows and those of
    machines that were not there in training have no score (NaN) and no alarm, with a warning.

    Parameters
    ----------
    detector : SeriesDetector
        Unfitted detector to copy for each group, such as ``SequenceDetector(window=60, time="time")``.
    group : str, default "machine"
        Column of the groups.
    most_waiting : int, default 100_000
        In a stream of a detector that scores with a delay: after so many rows of others, the series of a group that
        fell silent ends, so that the scores of the others need not wait for it. See
        `anomaly.detectors.routing`.

    Attributes
    ----------
    detectors_ : dict of str to SeriesDetector
        The fitted detector of each group.
    left_out_ : dict of str to str
        The groups without a detector, and why.
    threshold_ : float
        1: the scores of each group are divided by its own threshold.
    decision_scores_ : ndarray of float64 of shape (n_rows,)
        Scores of the training rows, in their order; NaN for rows that were left out.
    labels_ : ndarray of int of shape (n_rows,)
        1 for the training rows above the threshold, else 0.
    n_features_in_ : int
        Number of sensors.
    feature_names_in_ : ndarray of str
        Their names, without `group` and the timestamps.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly import GroupedDetector, SequenceDetector
    >>> t = np.arange(800)
    >>> plant = {"machine": np.where(t % 2 == 0, "A", "B").astype(object), "x": np.sin(t / 8) * (1 + 99 * (t % 2))}
    >>> detector = GroupedDetector(SequenceDetector(window=8, epochs=2, random_state=0)).fit(plant)
    >>> sorted(detector.detectors_), detector.decision_function(plant).shape
    (['A', 'B'], (800,))
    """

    data_kind: ClassVar[DataKind | None] = "series"
    contamination = "auto"
    threshold = None
    _constraints: ClassVar[Mapping[str, Constraint]] = {
        "detector": Constraint("a detector of series", lambda value: isinstance(value, SeriesDetector)),
        "group": Constraint("the name of a column", lambda value: isinstance(value, str)),
        "most_waiting": integer(least=1),
    }

    def __init__(
        self, detector: SeriesDetector | None = None, group: str = "machine", most_waiting: int = MOST_WAITING
    ) -> None:
        self.detector = detector
        self.group = group
        self.most_waiting = most_waiting

    @property
    def template(self) -> SeriesDetector:
        """The detector to copy for each group."""
        assert self.detector is not None  # fit has checked it
        return self.detector

    @property
    def time(self) -> str | None:  # type: ignore[override]
        """Column of timestamps, if there is one."""
        return None if self.detector is None else self.detector.time

    @property
    def ignore(self) -> Sequence[str] | None:  # type: ignore[override]
        """Columns to leave out."""
        return None if self.detector is None else self.detector.ignore

    # -- fitting -------------------------------------------------------------------------------

    def fit(self: Self, X: Any, y: Any = None, exclude: Any = None) -> Self:
        """Fit a detector to the rows of each group.

        Parameters
        ----------
        X : data frame, dict of columns, Table of shape (n_rows, n_columns), or a list of these
            Rows with the column of groups, the rows of each in the order of time. Of a list, each table holds segments
            of their own.
        y : array_like of 0 and 1 of shape (n_rows,), optional
            Labels of all rows, used only by a threshold that needs them, such as "best_f1".
        exclude : table of shape (n_intervals, 2 or 3), optional
            Intervals to leave out, such as maintenance, by group if there is a third column; see
            `SeriesDetector.routed_stream`.

        Returns
        -------
        GroupedDetector
            The detector itself.

        Raises
        ------
        DataError
            If there is no column of groups, or no group can be fitted.

        Warns
        -----
        GroupWarning
            If groups are left out.
        """
        self._check_parameters()
        tables = [as_series(one) for one in (X if is_collection(X) else [X])]
        n_rows = sum(map(len, tables))
        labels = None if y is None else as_labels(joined_labels(y), n_rows, "step")
        segments = segments_by_group(tables, self.group, self.time, exclude)
        self.detectors_, self.left_out_ = {}, {}
        scores = np.full(n_rows, np.nan)
        self.labels_ = np.zeros(n_rows, np.int64)
        calibration = []
        for name, pieces in counted(segments.items(), "groups"):
            detector = copy.deepcopy(self.template)
            own = None if labels is None else [labels[rows] for _, rows in pieces]
            try:
                detector.fit([table for table, _ in pieces], own)
                factor = 1.0 / _positive(detector.threshold_)
            except ValueError as error:
                self.left_out_[name] = " ".join(str(error).split())
                continue
            self.detectors_[name] = detector
            places = np.concatenate([rows for _, rows in pieces])
            scores[places], self.labels_[places] = detector.decision_scores_ * factor, detector.labels_
            calibration.append(detector.calibration_scores_ * factor)
        check_left_out(self.group, self.left_out_, len(segments), "left out, and will have no scores")
        self._set_columns()
        self.threshold_ = 1.0
        self.decision_scores_, self.calibration_scores_ = scores, np.concatenate(calibration)
        return self

    def _set_columns(self) -> None:
        first = next(iter(self.detectors_.values()))
        self.n_features_in_, self.feature_names_in_ = first.n_features_in_, first.feature_names_in_
        self.history_ = first.history_

    # -- scoring -------------------------------------------------------------------------------

    @property
    def required_columns_(self) -> list[str]:
        """Columns that every table to be scored must have: the sensors, the timestamps and the groups."""
        return [*next(iter(self.detectors_.values())).required_columns_, self.group]

    def decision_function(self, X: Any, exclude: Any = None) -> Array:
        """Score every row by the detector of its group.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            Rows with the columns of training.
        exclude : table of shape (n_intervals, 2 or 3), optional
            Intervals without scores; see `SeriesDetector.routed_stream`.

        Returns
        -------
        ndarray of float64 of shape (n_rows,)
            Scores in units of the threshold of the group; NaN for excluded rows and groups without a detector.
        """
        return self.explain(X, exclude).sum(axis=1)

    def explain(self, X: Any, exclude: Any = None) -> Array:
        """Return each sensor's contribution to the score of each row, of shape (n_rows, n_features_in_)."""
        return self.scored(X, exclude)[0]

    def predict(self, X: Any, exclude: Any = None) -> Array:
        """Label every row: 1 in an alarm of its group, else 0; 0 also for rows without a score."""
        return self.scored(X, exclude)[1]

    def scored(self, X: Any, exclude: Any = None) -> tuple[Array, Array]:
        """Return contributions and labels of the rows, as `explain` and `predict` do, in one pass."""
        stream = self.routed_stream(exclude=exclude)
        table = as_series(X)
        parts, labels = [], []
        for start in range(0, len(table), CHUNK_ROWS):
            parts.append(stream.push_parts(table.rows(slice(start, start + CHUNK_ROWS))))
            labels.append(stream.labels)
        parts.append(stream.finish_parts())
        return np.concatenate(parts), np.concatenate([*labels, stream.labels])

    def find_events(self, X: Any, minimum_length: int = 1, tolerance: int = 0, exclude: Any = None) -> list[Event]:
        """Return the anomalies of each group as events; see `anomaly.events.find_events`.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            Rows with the columns of training.
        minimum_length, tolerance : int
            The fewest steps of an event, and the most normal steps within one.
        exclude : table of shape (n_intervals, 2 or 3), optional
            Intervals without events.

        Returns
        -------
        list of Event
            Events with their `group`, the groups in the order of their first rows; steps are counted among the rows of
            the group.
        """
        table = as_series(X)
        contributions, labels = self.scored(table, exclude)
        scores = contributions.sum(axis=1)
        events: list[Event] = []
        for name, rows in rows_by_group(table, self.group):
            times = None if self.time is None else table[self.time][rows]
            found = find_events(
                labels[rows], scores[rows], time=times, minimum_length=minimum_length, tolerance=tolerance
            )
            events += [replace(event, group=name) for event in found]
        return events

    def stream(self) -> RoutedStream:
        """Return a stream that scores rows piece by piece, in their order and in bounded memory."""
        return self.routed_stream()

    def routed_stream(self, group: str | None = None, exclude: Any = None) -> RoutedStream:
        """Return a stream of the rows of all groups that leaves intervals out; see `SeriesDetector.routed_stream`.

        Raises
        ------
        ValueError
            If `group` is another column than that of training.
        """
        self._check_fitted()
        if group not in (None, self.group):
            raise ValueError(f"the groups are those of column {self.group!r}; found group={group!r}")
        first = next(iter(self.detectors_.values()))
        mask = None if exclude is None else first.preprocessor_.mask_of(exclude, self.group)
        return RoutedStream(self._open, self.n_features_in_, self.group, mask, int(self.most_waiting), self.ignore)

    def _open(self, name: str | None) -> ScaledStream | None:
        detector = None if name is None else self.detectors_.get(name)
        return None if detector is None else ScaledStream(detector.stream(), detector.threshold_)

    def _map_scores(self, function: Callable[[Array], Array], X: Any) -> Any:
        """Apply a function to the scores that are there; for others, labels are 0 and numbers are NaN."""
        scores = self.decision_function(X)
        known = np.isfinite(scores)
        found = function(scores[known])
        result = np.full((len(scores), *found.shape[1:]), 0 if found.dtype.kind == "i" else np.nan, found.dtype)
        result[known] = found
        return result

    def drift(self, X: Any, level: float = 0.01, exclude: Any = None) -> dict[str, DriftResult]:
        """Test for each group whether its fresh steps follow the distribution of its training steps.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns), or an iterator of chunks of one
            Fresh rows.
        level : float, default 0.01
            Probability of a false alarm, over all groups.
        exclude : table of shape (n_intervals, 2 or 3), optional
            Intervals to leave out.

        Returns
        -------
        dict of str to DriftResult
            The result of each group that has rows and a detector; see `SeriesDetector.drift`.

        Raises
        ------
        DataError
            If no group has enough rows.

        Warns
        -----
        GroupWarning
            If groups have no detector, or too few rows.
        """
        self._check_fitted()
        table = concatenate(list(map(as_series, X))) if isinstance(X, Iterator) else as_series(X)
        segments = segments_by_group([table], self.group, self.time, exclude)
        known = [name for name in segments if name in self.detectors_]
        results: dict[str, DriftResult] = {}
        reasons = {name: "there is no detector for it" for name in segments if name not in known}
        for name in known:
            try:
                series = [own for own, _ in segments[name]]
                results[name] = self.detectors_[name].drift(series, level / len(known))
            except DataError as error:
                reasons[name] = str(error)
        if reasons:
            check_left_out(self.group, reasons, len(segments), "not tested for drift")
        return results

    # -- interface of the command line ---------------------------------------------------------

    def training_rows(  # type: ignore[override]
        self, table: Table, labels: Array, keep_labels: bool = False
    ) -> tuple[list[Table], Array | None]:
        """Select the rows to fit on, as `SeriesDetector.training_rows` does for the rows of each group."""
        kept = labels >= 0 if keep_labels else labels == 0
        pieces: list[Table] = []
        chosen: list[Array] = []
        for _, rows in rows_by_group(table, self.group):
            for start, end in find_segments(kept[rows]):
                pieces.append(table.rows(rows[start:end]))
                chosen.append(labels[rows[start:end]])
        return pieces, np.concatenate(chosen) if keep_labels else None

    # -- the estimator contract and files ------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments by name, with `deep` also those of `detector` as ``detector__<name>``."""
        params = super().get_params()
        if deep and self.detector is not None:
            params |= {f"detector__{name}": value for name, value in self.detector.get_params().items()}
        return params

    def set_params(self: Self, **params: Any) -> Self:
        """Change constructor arguments; ``detector__<name>`` is one of `detector`."""
        nested = {name: value for name, value in params.items() if name.startswith("detector__")}
        super().set_params(**{name: value for name, value in params.items() if name not in nested})
        if nested:
            self.template.set_params(**{name.removeprefix("detector__"): value for name, value in nested.items()})
        return self

    def _state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        arrays: dict[str, Array] = {"calibration_scores": self.calibration_scores_, "labels": self.labels_}
        groups = []
        for k, (name, detector) in enumerate(self.detectors_.items()):
            config, own = detector.to_state()
            groups.append({"name": name, **config})
            arrays |= {f"group_{k}/{key}": array for key, array in own.items()}
        return {"groups": groups, "left_out": self.left_out_}, arrays

    @classmethod
    def from_state(cls: type[Self], config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> Self:
        """Return a fitted detector from the contents of its file; see `BaseDetector.from_state`."""
        parameters = {name: config["parameters"][name] for name in ("group", "most_waiting")}
        detector = cls(None, **parameters)
        detector.set_state(config, arrays, label)
        return detector

    def set_state(self, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
        """Set the fitted state of a detector that has the parameters of a file; see `from_state`."""
        super().set_state(config, arrays, label)
        self.labels_ = validated_labels(arrays["labels"], len(self.decision_scores_))

    def _restore(self, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
        groups = config["groups"]
        if not isinstance(groups, list) or not groups:
            raise ValueError("it must hold one group at least")
        self.detectors_ = {}
        for k, group in enumerate(groups):
            made = detector_class(group["detector"]).from_state(group, arrays_with_prefix(arrays, f"group_{k}/"), label)
            if not isinstance(made, SeriesDetector):
                raise ValueError(f"group {k} is no detector of series")
            _positive(made.threshold_)
            self.detectors_[str(group["name"])] = made
        first = next(iter(self.detectors_.values()))
        self.detector = type(first)(**first.get_params())
        self._check_parameters()
        self.left_out_ = {str(name): str(reason) for name, reason in config["left_out"].items()}
        self.calibration_scores_ = arrays["calibration_scores"]
        self._set_columns()


def _positive(threshold: float) -> float:
    """Return a threshold; raise ValueError if scores cannot be divided by it."""
    if not threshold > 0:
        raise ValueError(f"its threshold is {threshold:.6g}; scores are divided by it, so it must be above 0")
    return threshold
