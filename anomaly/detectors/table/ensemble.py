"""What a detector makes of records when its score is blended from members', however these were trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from anomaly.calibration import anomaly_probability, p_values
from anomaly.detectors.parameters import listed
from anomaly.detectors.record_detector import RecordDetector
from anomaly.detectors.table.blending import Blend, parts_of, settled
from anomaly.detectors.table.drift import drift_of
from anomaly.detectors.table.expectation import expected_by_neighbors, expected_by_networks
from anomaly.detectors.table.neighbors import Denoiser, Neighbours
from anomaly.detectors.table.training import middle_of
from anomaly.detectors.table.weighted import weighted_scores
from anomaly.drift import DriftResult
from anomaly.tables import Table
from nnlite.models import Model
from nnlite.types import Array

_CHUNK = 8192


class MemberDetector(RecordDetector):
    """A detector of records whose members, networks and remembered records, each have a say in the score.

    A subclass has the parameters `hidden`, `noise`, `neighbors_share`, `fine_share` and `trim`, and its `fit` sets
    `members_` and `calibration_scores_`.
    """

    hidden: Sequence[int]
    noise: float | Sequence[float]
    neighbors_share: float
    fine_share: float
    trim: float | str

    members_: list[Denoiser | Neighbours]
    shares_: list[float]
    calibration_scores_: Array
    column_weights_: Array | None = None
    member_shares_: Array | None = None
    weights_blended_: bool = True

    @property
    def model_(self) -> Model:
        """The first network."""
        self._check_fitted()
        first = self.members_[0]
        assert isinstance(first, Denoiser)
        return first.model

    def decision_function(self, X: Any) -> Array:
        """Score records.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records with the columns of the training table; named columns may come in another order.

        Returns
        -------
        ndarray of float64 of shape (n_records,)
            About 1 for a usual record; larger is more anomalous.

        Raises
        ------
        NotFittedError
            If the detector has not been fitted.
        ValueError
            If columns are missing or unknown, or a value cannot be read.
        """
        return np.concatenate([self._judge(x) for x in self._chunks(X)])

    def explain(self, X: Any, normalize: bool = False) -> Array:
        """Return each original column's part of each record's score.

        A record's score is shared out as two members see it: the network with the most noise, and the remembered
        records, as they are. Networks with less noise follow a fault into the other columns, and would blame them too;
        a magnified scale makes much of small differences in all. A column's share is the geometric mean of the two,
        made to add up to 1: one is to blame where both of them see it.
        Features made from one column (one per category, the mark of a missing value) are summed back to it.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records.
        normalize : bool, default False
            Whether each record's parts add up to 1, not to its score.

        Returns
        -------
        ndarray of float64 of shape (n_records, n_features_in_)
            In the order of ``feature_names_in_``; at least 0. Each row adds up to what `decision_function` returns
            for the record, without any error of rounding.
        """
        return np.concatenate([self._explain(x, normalize) for x in self._chunks(X)])

    def _judge(self, x: Array) -> Array:
        if self.column_weights_ is not None and self.member_shares_ is not None:
            return self._weighted(x, self.member_shares_, self.column_weights_, self.weights_blended_)
        return self._combine([member.scores(x) for member in self.members_])

    def _weighted(self, x: Array, shares: Array, weights: Array, blended: bool = True) -> Array:
        """Score features with shares of members and weights of columns."""
        return weighted_scores(self.members_, weights[self.preprocessor_.feature_columns_], shares, blended, x)

    def _explain(self, x: Array, normalize: bool) -> Array:
        weights = 1 if self.column_weights_ is None else self.column_weights_
        views = [_normalized(self.preprocessor_.sum_by_column(member.parts(x)) * weights) for member in self._telling()]
        shares = _normalized(np.prod(views, axis=0) ** (1 / len(views)))
        apart = shares.sum(axis=1) == 0
        shares[apart] = _normalized(np.mean(views, axis=0)[apart])
        return shares if normalize else parts_of(self._judge(x), shares)

    def _telling(self) -> list[Denoiser | Neighbours]:
        """Return the members that say which columns a score is due to."""
        levels = listed(self.noise)
        coarsest = self.members_[max(range(len(levels)), key=levels.__getitem__)]
        return [coarsest, *[member for member in self.members_ if isinstance(member, Neighbours)][:1]]

    def drift(self, X: Any, level: float = 0.01) -> DriftResult:
        """Tell whether records still look like those of the time of training, and which columns have moved.

        See `anomaly.detectors.table.drift` for what is compared, and `anomaly.drift` for its use on streams.

        Parameters
        ----------
        X : table of shape (n_records, n_features), or iterator of tables
            Fresh records, best some hundreds or more: neither those of training nor chosen by their scores. An iterator
            yields them in chunks, so that memory is bounded.
        level : float, default 0.01
            The chance of a false alarm, above 0 and below 1.

        Returns
        -------
        anomaly.drift.DriftResult
            `drifted` is the verdict; as text it is a plain sentence.

        Examples
        --------
        >>> import numpy as np
        >>> from anomaly import TableDetector
        >>> rng = np.random.default_rng(0)
        >>> detector = TableDetector(hidden=(8,), random_state=0).fit(rng.normal(size=(400, 2)))
        >>> detector.drift(rng.normal(size=(300, 2))).drifted
        False
        >>> [column.name for column in detector.drift(rng.normal([0.0, 0.7], size=(300, 2))).columns]
        ['x1']
        """
        tables = X if isinstance(X, Iterator) else iter([X])
        return drift_of(self, (x for table in tables for x in self._chunks(table)), level)

    def expected(self, X: Any) -> Table:
        """Return what would be expected in each column of a record, given its other columns, to show beside the value.

        A column's own value has no say in it, and a single faulty column moves what is expected of the others little
        or not at all; see `anomaly.detectors.table.expectation`. What is expected of a column that has nothing to do
        with the others is a middle value of the column. It takes 0.05 to 1 ms a record, more beyond 100 features.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records.

        Returns
        -------
        Table
            With the columns of the training table, in their own units: the median, or the most frequent category, of
            the remembered records that are nearest by all other columns. Without remembered records
            (``neighbors=0``), what the networks reconstruct from all other columns.

        Examples
        --------
        >>> import numpy as np
        >>> from anomaly import TableDetector
        >>> amount = np.random.default_rng(0).normal(100.0, 5.0, size=200)
        >>> detector = TableDetector(hidden=(8,), random_state=0).fit({"net": amount, "gross": 1.2 * amount})
        >>> found = {"net": [100.0], "gross": [9400.0]}
        >>> bool(100 < detector.expected(found)["gross"][0] < 140)
        True
        """
        expected = np.concatenate([self._expected(x) for x in self._chunks(X)])
        return self.preprocessor_.inverse_transform(expected)

    def _expected(self, x: Array) -> Array:
        columns = self.preprocessor_.feature_columns_
        for member in self.members_:
            if isinstance(member, Neighbours):
                return expected_by_neighbors(x, member.records, columns)
        networks = [member.model for member in self.members_ if isinstance(member, Denoiser)]
        return expected_by_networks(x, networks, columns)

    def encode(self, X: Any) -> Array:
        """Return where the network's middle hidden layer puts each record.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records.

        Returns
        -------
        ndarray of float32 of shape (n_records, units of that layer)
            For pictures of the latent space.
        """
        self._check_fitted()
        middle = self.model_.get_layer(f"hidden_{middle_of(self.hidden)}")
        encoder = Model(self.model_.input, middle.output)
        codes: Array = encoder.predict(self.preprocessor_.transform(self._as_table(X)))
        return codes

    def _chunks(self, X: Any) -> Iterator[Array]:
        """Yield the features of records, some thousands at a time."""
        self._check_fitted()
        table = self._as_table(X)
        for start in range(0, max(len(table), 1), _CHUNK):
            yield self.preprocessor_.transform(table.rows(slice(start, start + _CHUNK)))

    def _combine(self, scores: list[Array]) -> Array:
        return settled(Blend(self.shares_, [member.spread for member in self.members_]).scores(scores))

    def _asked_shares(self) -> list[float]:
        """Return what each member is to count for by the parameters; all of it together is 1."""
        networks = sum(isinstance(member, Denoiser) for member in self.members_)
        memories = len(self.members_) - networks
        if not memories:
            return [1 / networks] * networks
        fine = self.fine_share if memories > 1 else 0.0
        split = [1 - fine, fine][:memories]
        return [(1 - self.neighbors_share) / networks] * networks + [self.neighbors_share * part for part in split]

    def p_values(self, X: Any) -> Array:
        """Return, for each record, the chance that a normal one scores at least as high.

        Equal scores count against the record, so where many records are equal p-values are rather too large. A p-value
        follows from the record's score alone.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records.

        Returns
        -------
        ndarray of float64 of shape (n_records,)
            By the rank among ``calibration_scores_``, from 1 / (n + 1) to 1.

        Notes
        -----
        With a `false_alarm_rate`, training records were scored by networks that did not learn from them; see
        `anomaly.detectors.table.held_out`. In simulations with 100 to 1000 normal records of seven kinds, 3 to 5.5 % of
        fresh normal records had p-values of at most 0.05 in the mean over fits: mostly fewer than 5 %, since those
        networks learned from fewer records. There is no proof of it, and single fits differ. A fresh record that
        is equal to c training records has a p-value of at least (1 + c) / (n + 1).

        Without, the training records' own scores stand in. Those are lower than the scores of fresh records, so fresh
        records seem too anomalous: of normal ones, 7 % had p-values of at most 0.05 with 1000 records of five
        columns, 14 % with 100 of five, 24 % with 1000 of thirty, and 34 % with 300 of thirty.

        See Also
        --------
        anomaly.calibration.benjamini_hochberg : Which records of a batch to flag.
        """
        return p_values(self.calibration_scores_, self.decision_function(X))

    def predict_proba(self, X: Any, prior: float | None = None) -> Array:
        """Estimate how likely each record is normal, and how likely it is an anomaly.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records.
        prior : float, optional
            The share of anomalies among such records, above 0 and below 1; by default the `contamination` if it is a
            number, else 0.05.

        Returns
        -------
        ndarray of float64 of shape (n_records, 2)
            Each row adds up to 1. The second column follows from `p_values`, and from how far anomalies stand out in
            the mean over many tables: see `anomaly.calibration.anomaly_probability`, which also says how well that
            holds. In a table where they stand out more or less, it is too low or too high; the order of records
            is that of their scores. Without a `false_alarm_rate` it suffers from what p-values suffer from.

        Examples
        --------
        >>> import numpy as np
        >>> from anomaly import TableDetector
        >>> x = np.random.default_rng(0).normal(size=(500, 2))
        >>> detector = TableDetector(hidden=(8,), false_alarm_rate=0.05, random_state=0).fit(x)
        >>> detector.predict_proba([[0.0, 0.0], [6.0, 6.0]], prior=0.1)[:, 1].round(2).tolist()
        [0.03, 0.9]
        """
        if prior is None:
            prior = 0.05 if isinstance(self.contamination, str) else float(self.contamination)
        chances = anomaly_probability(self.p_values(X), prior, len(self.calibration_scores_))
        return np.column_stack([1 - chances, chances])

    def _left_out_share(self) -> float:
        """Return the share of records that is not learned from."""
        share = self.contamination if self.trim == "auto" else self.trim
        return 0.0 if share == "auto" else float(share)

    def _judge_all(self, x: Array) -> Array:
        """Score many features, some thousands at a time."""
        return np.concatenate([self._judge(x[start : start + _CHUNK]) for start in range(0, len(x), _CHUNK)])

    def _calibrate(self, x: Array) -> Array:
        """Put the members on a common scale, and settle what each counts for; return the training scores."""
        self.shares_ = self._asked_shares()
        chunks = [x[start : start + _CHUNK] for start in range(0, len(x), _CHUNK)]
        return self._combine([member.calibrate(chunks) for member in self.members_])

    def _first_network(self) -> Model:
        return self.model_


def _normalized(parts: Array) -> Array:
    """Make the rows add up to 1, or leave them at 0."""
    totals = parts.sum(axis=1, keepdims=True)
    return np.divide(parts, totals, out=np.zeros_like(parts), where=totals > 0)
