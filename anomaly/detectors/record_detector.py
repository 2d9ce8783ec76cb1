"""Base of the detectors of records: the columns of a table, their preprocessing, and what the command line uses."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from anomaly.detectors.base import as_labels
from anomaly.detectors.row_detector import DataKind, RowDetector, ScoredSections
from anomaly.errors import RowOrderWarning, level_of_caller
from anomaly.preprocessing import TablePreprocessor
from anomaly.preprocessing.columns.missing import are_rarely_missing
from anomaly.preprocessing.columns.parsing import missing_cells
from anomaly.tables import Table, as_table
from nnlite.archive import arrays_with_prefix
from nnlite.job import Plan, counted
from nnlite.rowwise import CHUNK_ROWS
from nnlite.types import Array
from nnlite.validation import check_value, choice, number

if TYPE_CHECKING:
    from anomaly.detectors.dependence import Dependence
    from anomaly.detectors.plot_data import RecordPlotData
    from anomaly.large.drawn import DrawnRows

_MOST_CODES = 5000


class RecordDetector(RowDetector):
    """Base of the detectors of records.

    A subclass has the parameters `scaling`, `categorical`, `dates`, `ignore`, `keep`, `date_format` and `time_zone`,
    and its `fit` sets `preprocessor_`.

    Attributes
    ----------
    preprocessor_ : anomaly.preprocessing.TablePreprocessor
        Conversion of records to features.
    n_features_in_ : int
        Number of columns of the training table.
    feature_names_in_ : ndarray of str
        Their names.
    dependence_ : {"none", "time", "groups"}
        Which training records depend on each other: rows that follow each other in time, or records of a group. They
        are held out together; see `anomaly.detectors.dependence`.
    effective_records_ : float or None
        Number of independent records that training records in the order of time are worth; None for others.
    """

    scores_are_finite = True

    data_kind: ClassVar[DataKind | None] = "tables"
    scaling: str
    categorical: Sequence[str] | None
    dates: str
    ignore: Sequence[str] | None
    keep: Sequence[str] | None
    date_format: str | Sequence[str] | None
    time_zone: str | None

    preprocessor_: TablePreprocessor
    dependence_: str = "none"
    effective_records_: float | None = None

    # -- columns and features ------------------------------------------------------------------

    def _fit_preprocessor(self, X: Any, y: Any) -> tuple[Array, Array | None]:
        """Validate the arguments of `fit` and fit the preprocessor.

        Returns
        -------
        x : ndarray of float32 of shape (n_records, n_features)
            Features of the training records.
        labels : ndarray of shape (n_records,) or None
            Labels, if there are any.
        """
        self._check_parameters()
        table = self._as_table(X)
        check_records(table)
        labels = as_labels(y, len(table), "record")
        self.preprocessor_ = self._new_preprocessor()
        x = self.preprocessor_.fit_transform(table)
        self._take_columns()
        check_columns(self.feature_names_in_, self.preprocessor_.feature_columns_, self.preprocessor_.left_out_)
        return x, labels

    def _fit_preprocessor_to_sample(self, drawn: DrawnRows, y: Any) -> tuple[Array, Array | None]:
        """Validate the arguments of `fit_sample` and fit the preprocessor; return the sample's features and labels."""
        self._check_parameters()
        check_records(drawn.sample)
        sample, labels = self._as_table(drawn.sample), as_labels(y, len(drawn.sample), "record")
        self.preprocessor_ = self._new_preprocessor().fit_sample(self._as_table(drawn.witnesses), drawn.population)
        self._take_columns()
        check_columns(self.feature_names_in_, self.preprocessor_.feature_columns_, self.preprocessor_.left_out_)
        return self.preprocessor_.transform(sample), labels

    def _new_preprocessor(self) -> TablePreprocessor:
        return TablePreprocessor(
            self.scaling,
            self.categorical,
            dates=self.dates,
            missing="nan",
            keep=[name for name in self.keep or () if name not in (self.ignore or ())],
            date_format=self.date_format,
            time_zone=self.time_zone,
        )

    def _as_table(self, X: Any) -> Table:
        """Return records as a table, without the columns to ignore."""
        table = as_table(X)
        ignored = [name for name in self.ignore or () if name in table.names]
        return table.drop(ignored) if ignored else table

    def _features(self, X: Any) -> Array:
        """Return the features of records, of shape (n_records, n_features)."""
        self._check_fitted()
        return self.preprocessor_.transform(self._as_table(X))

    def _chunks(self, X: Any) -> Iterator[Array]:
        """Yield the features of records in chunks of some thousands, at least one, so that memory is bounded."""
        self._check_fitted()
        table = self._as_table(X)
        whole = len(table) <= CHUNK_ROWS
        for start in (0,) if whole else counted(range(0, len(table), CHUNK_ROWS)):
            yield self.preprocessor_.transform(table if whole else table.rows(slice(start, start + CHUNK_ROWS)))

    def _find_dependence(self, x: Array, groups: Any, blocks: Array | None = None) -> Dependence:
        """Return which of the training records with the features x depend on each other; warn if they do by time.

        Where they are a random sample, `blocks` of consecutive records tell; see `Dependence.of`.
        """
        from anomaly.detectors.dependence import Dependence, text_of_order

        found = Dependence.of(x, groups, blocks)
        self.dependence_, self.effective_records_ = found.kind, found.effective
        if found.kind == "time":
            warnings.warn(text_of_order(len(x), found.effective), RowOrderWarning, stacklevel=level_of_caller())
        return found

    def _are_held_out(self, n_records: int) -> bool:
        """Return whether so many training records have held-out scores: few do, and those that depend on each other."""
        from anomaly.detectors.cross_fitting import are_few

        return self.dependence_ != "none" or are_few(n_records, self.preprocessor_.feature_columns_)

    def _comparable_scores(
        self, scores: Array, score_without: Callable[[Array], Array], dependence: Dependence
    ) -> Array:
        """Return scores of the training records that are comparable with those of fresh ones, held-out ones if need be.

        Parameters
        ----------
        scores : ndarray of float64 of shape (n_records,)
            Scores of the training records.
        score_without : callable
            As of `anomaly.detectors.cross_fitting.cross_fitted_scores`.
        dependence : Dependence
            Which of the records depend on each other.
        """
        from anomaly.detectors.cross_fitting import cross_fitted_scores

        if not self._are_held_out(len(scores)):
            return scores
        return cross_fitted_scores(score_without, scores, dependence.folds())

    def _take_columns(self) -> None:
        """Set the attributes that describe the columns."""
        self.n_features_in_ = self.preprocessor_.n_features_in_
        self.feature_names_in_ = self.preprocessor_.feature_names_in_

    # -- missing cells -------------------------------------------------------------------------

    def rare_missing(self, X: Any) -> Array:
        """Return which cells are missing in a column where fewer than 5 % of the training cells were.

        A missing cell says little about the values of a record, so it hardly raises the score. But where cells are
        hardly ever missing, that one is may be worth a note beside the score.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records.

        Returns
        -------
        ndarray of bool of shape (n_records, n_features_in_)
            In the order of ``feature_names_in_``. False for a detector from a file of an earlier version, which does
            not know how many training cells were missing.

        Examples
        --------
        >>> import numpy as np
        >>> from anomaly import TableDetector
        >>> x = np.random.default_rng(0).normal(size=(100, 2))
        >>> x[:50, 1] = np.nan
        >>> TableDetector(hidden=(8,), epochs=5, random_state=0).fit(x).rare_missing([[np.nan, np.nan]]).tolist()
        [[True, False]]
        """
        self._check_fitted()
        table = self.preprocessor_.align(self._as_table(X))
        rare = are_rarely_missing(self.preprocessor_.missing_fraction_)
        if table.matrix is not None:
            return np.asarray(np.isnan(table.matrix) & rare)
        found = np.zeros((len(table), self.n_features_in_), np.bool_)
        for index in np.flatnonzero(rare):
            found[:, index] = missing_cells(table.columns[index])
        return found

    # -- interface of the command line ---------------------------------------------------------

    @property
    def required_columns_(self) -> list[str]:
        """Columns that every table to be scored must have."""
        return list(map(str, self.feature_names_in_))

    @property
    def number_columns_(self) -> Collection[str]:
        """Columns whose cells may be given as numbers in place of the text that a file has for them."""
        return self.preprocessor_.number_columns_

    @abstractmethod
    def explain(self, X: Any) -> Array:
        """Return each column's contribution to each record's score."""

    @abstractmethod
    def encode(self, X: Any) -> Array:
        """Return the outputs of the middle hidden layer for each record."""

    @staticmethod
    def training_rows(table: Table, labels: Array, keep_labels: bool = False) -> tuple[Table, Array | None]:
        """Select the records to fit on: the normal ones, or with `keep_labels` all that have a label."""
        kept = labels >= 0 if keep_labels else labels == 0
        return table.rows(kept), labels[kept] if keep_labels else None

    def stream(self) -> RecordStream:
        """Return a stream that scores records chunk by chunk."""
        self._check_fitted()
        return RecordStream(self.decision_function, self.explain, self.n_features_in_, self.threshold_)

    def plot_data(self, X: Any) -> RecordPlotData:
        """Compute the values for plots of scored records."""
        from anomaly.detectors.plot_data import RecordPlotData

        records = as_table(X)
        sample = np.unique(np.linspace(0, len(records) - 1, min(len(records), _MOST_CODES)).astype(np.int64))
        return RecordPlotData(
            records=records,
            names=list(self.feature_names_in_),
            contributions=self.explain(records),
            threshold=self.threshold_,
            history=self.history_,
            sample=sample,
            codes=self.encode(records.rows(sample)),
            expected=getattr(self, "expected", None),
            write=self.written_like,
        )

    def _report_sections(
        self, X: Any, labels: Array | None, ids: Sequence[str] | None, most_records: int
    ) -> ScoredSections:
        from anomaly.detectors.report_sections import check_one_each, records_section

        records = as_table(X)
        check_one_each(len(records), labels, ids)
        with Plan(scoring=len(records), reasons=10 * min(most_records, len(records)))("scoring"):
            scores = self.decision_function(records)
        # Files of earlier versions do not know how many training cells were missing.
        knows_missing = bool(np.isfinite(self.preprocessor_.missing_fraction_).all())
        section = records_section(
            records,
            scores,
            float(self.threshold_),
            names=list(map(str, self.feature_names_in_)),
            explain=self.explain,
            expected=getattr(self, "expected", None),
            rare_missing=self.rare_missing if knows_missing else None,
            calibration=getattr(self, "calibration_scores_", None),
            labels=labels,
            ids=ids,
            most_records=most_records,
            write=self.written_like,
        )
        return ScoredSections(scores, self._label(scores), records=section)

    def written_like(self, column: str, value: Any, found: Any) -> str | None:
        """Return a value as its column writes it, with unit and marks as in a found cell; None if that is as usual."""
        return self.preprocessor_.written_like(column, value, found)

    def training_summary(self) -> str:
        """Describe the last `fit` in lines of text: records, training loss and threshold."""
        from anomaly.thresholds.automatic import doubts

        losses, flagged, n_records = self.history_["loss"], int(self.labels_.sum()), len(self.labels_)
        columns = _format_count(self.n_features_in_, "column")
        features = _format_count(len(self.preprocessor_.feature_names_out_), "feature")
        return "\n".join(
            [
                f"learned from {n_records:,} records with {columns} ({features})",
                f"training loss {losses[0]:.4g} in the first of {len(losses)} epochs, {losses[-1]:.4g} in the last",
                f"threshold {self.threshold_:.6g}: {flagged:,} of these records ({flagged / n_records:.2%}) score "
                "above it",
                *(doubts(flagged / n_records) if self.threshold is None and self.contamination == "auto" else []),
            ]
        )

    def _describe_scoring(self) -> list[str]:
        from anomaly.detectors.dependence import HELD_OUT

        return [HELD_OUT[self.dependence_]] if self.dependence_ in HELD_OUT else []

    def _describe_data(self) -> tuple[int, list[str]]:
        return getattr(self, "records_seen_", len(self.labels_)), self.preprocessor_.describe()

    # -- files ---------------------------------------------------------------------------------

    def _preprocessing_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the preprocessor as JSON values and arrays, under the names they have in files."""
        columns, tables = self.preprocessor_.get_state()
        dependence = {"dependence": self.dependence_, "effective_records": self.effective_records_}
        if self.dependence_ == "none":
            dependence = {}
        return {"preprocessing": columns, **dependence}, {
            f"preprocessing/{name}": array for name, array in tables.items()
        }

    def _restore_preprocessing(self, config: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        """Set the preprocessor of a file, and the attributes that follow from it."""
        self.preprocessor_ = TablePreprocessor.from_state(
            config["preprocessing"], arrays_with_prefix(arrays, "preprocessing/")
        )
        self.dependence_ = config.get("dependence", "none")
        if self.dependence_ != "none":
            from anomaly.detectors.dependence import KINDS

            check_value("dependence", self.dependence_, choice(*KINDS))
        self.effective_records_ = config.get("effective_records")
        check_value("effective_records", self.effective_records_, choice(None) | number(least=1))
        self._take_dates(config)
        self._take_columns()

    def _take_dates(self, config: Mapping[str, Any]) -> None:
        """Set the parameter `dates`, which files of the first version lack, to what their preprocessor does."""
        if "dates" not in config["parameters"]:
            self.dates = self.preprocessor_.dates


def check_records(table: Table) -> None:
    """Raise a ValueError unless a training table has at least two records."""
    if len(table) < 2:
        raise ValueError(f"fit needs at least 2 records to learn from; found {len(table)} (n_samples = {len(table)})")


def check_columns(feature_names: Array, feature_columns: Array, left_out: Mapping[str, str]) -> None:
    """Raise a ValueError unless at least two columns of a training table have features.

    Parameters
    ----------
    feature_names : ndarray of str of shape (n_columns,)
        Names of the columns.
    feature_columns : ndarray of int of shape (n_features,)
        Column of each feature.
    left_out : mapping of str to str
        Why a column has none, by name.
    """
    columns = feature_names.tolist()
    used = [columns[index] for index in np.unique(feature_columns)]
    if len(used) < 2:
        reasons = "".join(f"; {name!r} is left out: {why.removeprefix('left out: ')}" for name, why in left_out.items())
        raise ValueError(
            f"fit needs at least 2 columns to learn how they go together; found 1, {used[0]!r} (n_features = 1)"
            f"{reasons}: for one value in the order of time use SequenceDetector (on the command line, --window)"
        )


def terms_from_state(arrays: Mapping[str, Array], name: str, n_columns: int, default: float | None) -> Array:
    """Return one term of the score for each column, from a file.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Arrays of the file.
    name : str
        Name of the array.
    n_columns : int
        Number of columns.
    default : float or None
        Term of each column if the file has no such array, or None if it must.

    Raises
    ------
    KeyError
        If the file has none, and must.
    ValueError
        If they are not as many finite numbers.
    """
    if default is not None and name not in arrays:
        return np.full(n_columns, default)
    terms = arrays[name]
    if terms.shape != (n_columns,) or terms.dtype != np.float64 or not np.isfinite(terms).all():
        raise ValueError(f"its {name.replace('_', ' ')} must be {n_columns} finite numbers, one for each column")
    return terms


class RecordStream:
    """Scores of records that arrive in chunks: each score is final at once, since records are independent.

    Parameters
    ----------
    score, explain : callable
        A detector's `decision_function` and `explain`.
    n_columns : int
        Number of columns that contribute to a score.
    threshold : float
        Records that score above it are anomalies.

    Attributes
    ----------
    labels : ndarray of int64 of shape (n_records,)
        Labels of the records of the last call.
    """

    def __init__(
        self, score: Callable[[Any], Array], explain: Callable[[Any], Array], n_columns: int, threshold: float
    ) -> None:
        self._score, self._explain, self._n_columns, self._threshold = score, explain, n_columns, threshold
        self.labels: Array = np.zeros(0, np.int64)

    def push(self, X: Any) -> Array:
        """Return the scores of the next records."""
        scores = np.asarray(self._score(X))
        self.labels = (scores > self._threshold).astype(np.int64)
        return scores

    def finish(self) -> Array:
        """Return no scores: all are final."""
        self.labels = np.zeros(0, np.int64)
        return np.zeros(0)

    def push_parts(self, X: Any) -> Array:
        """Return each column's contribution to the scores of the next records."""
        contributions = self._explain(X)
        self.labels = (contributions.sum(axis=1) > self._threshold).astype(np.int64)
        return contributions

    def finish_parts(self) -> Array:
        """Return no contributions: all scores are final."""
        self.labels = np.zeros(0, np.int64)
        return np.zeros((0, self._n_columns))


def _format_count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
