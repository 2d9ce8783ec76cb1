"""Base of the detectors of tables with an ensemble: its scores, explanations, expected values and test for drift."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.detectors.record_detector import RecordDetector
from anomaly.detectors.table.ensemble import Ensemble, joined
from anomaly.detectors.table.members import Member
from anomaly.tables import Table
from anomaly.thresholds.base import RATE
from nnlite.types import Array
from nnlite.validation import check_value

if TYPE_CHECKING:
    from anomaly.drift import DriftResult
    from nnlite.models import Model


class EnsembleDetector(RecordDetector):
    """Base of the detectors of records that score by an ensemble; a subclass learns it.

    Attributes
    ----------
    ensemble_ : anomaly.detectors.table.ensemble.Ensemble
        Members and weights.
    """

    ensemble_: Ensemble

    @abstractmethod
    def _left_out(self) -> float:
        """Return the fraction of the training records that was not learned."""

    # -- fitted attributes ---------------------------------------------------------------------

    @property
    def members_(self) -> list[Member]:
        """Networks in the order of `noise`; the plain, magnifying and wide comparison; the forest; the regressions."""
        return list(self.ensemble_.members)

    @property
    def shares_(self) -> list[float]:
        """Weight of each member without labels; they add up to 1."""
        return list(self.ensemble_.weights)

    @property
    def column_weights_(self) -> Array | None:
        """Weight of each column that `learn_labels` learned, or None."""
        return self.ensemble_.column_weights

    @property
    def member_shares_(self) -> Array | None:
        """Weight of each member that `learn_labels` learned, or None."""
        return self.ensemble_.member_weights

    @property
    def model_(self) -> Model:
        """The first network."""
        self._check_fitted()
        return self.ensemble_.networks[0].model

    # -- scoring -------------------------------------------------------------------------------

    def decision_function(self, X: Any) -> Array:
        """Score records.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records with the columns of the training table; named columns may come in another order.

        Returns
        -------
        ndarray of float64 of shape (n_records,)
            About 1 for a normal record; larger is more anomalous. A score is independent of the batch.

        Raises
        ------
        NotFittedError
            If the detector has not been fitted.
        ValueError
            If columns are missing or unknown, or a value cannot be read.
        """
        return joined([self.ensemble_.scores(x) for x in self._chunks(X)])

    def explain(self, X: Any, normalize: bool = False) -> Array:
        """Split each record's score into contributions of the original columns.

        A column contributes as far as the score falls if its value is replaced by the one that all other columns
        suggest (see `expected`): it is the larger, the better the record would be without it. Only the few columns that
        may be faulty are replaced. Where a record still is anomalous after the best replacement, a second column is
        replaced besides. Other columns have small contributions, a hundredth of the score in all; records that score
        less than the median training record have nothing to explain, and are explained by the errors of a network. See
        `anomaly.detectors.attribution` for the formulas.

        Over faults of many kinds in made-up tables, the column with the fault came first in 99 % of the alarms
        (``python -m benchmarks.quality.explanations``). Where two columns contradict each other, either may be named.
        For flagged records it takes two to six times as long as to score them: up to eight with replaced columns are
        scored for each one, by the networks with half of their draws and by the plain comparison alone. For a record
        below the median there are none.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records.
        normalize : bool, default False
            Whether each record's contributions add up to 1, not to its score.

        Returns
        -------
        ndarray of float64 of shape (n_records, n_features_in_)
            In the order of ``feature_names_in_``; at least 0. Each row adds up to the result of `decision_function`
            for the record, without rounding errors.
        """
        return np.concatenate([self.ensemble_.explain(x, normalize) for x in self._chunks(X)])

    def drift(self, X: Any, level: float = 0.01) -> DriftResult:
        """Test records for drift since training, in the scores and in each column.

        See `anomaly.detectors.table.drift` for the tests, and `anomaly.drift` for their use on streams.

        Parameters
        ----------
        X : table of shape (n_records, n_features), or iterator of tables
            Fresh records, best some hundreds or more: neither training records nor chosen by their scores. An iterator
            yields them in chunks, so that memory is bounded. Of more than 10,000 a random sample is compared.
        level : float, default 0.01
            Probability of a false alarm, above 0 and below 1.

        Returns
        -------
        anomaly.drift.DriftResult
            `drifted` is the decision; its text is a sentence.

        Raises
        ------
        ValueError
            If there are no records, or no records are remembered to compare them with.

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
        from dataclasses import replace

        from anomaly.detectors.table.drift import record_drift, sample_records
        from anomaly.detectors.table.fitting import MOST_REMEMBERED

        check_value("level", level, RATE)
        self._check_fitted()
        ensemble, columns = self.ensemble_, self.preprocessor_.feature_columns_
        width = ensemble.memory_for("drift").width
        tables = X if isinstance(X, Iterator) else [X]
        chunks = (x for table in tables for x in self._chunks(table))
        fresh = sample_records(chunks, ensemble.scores, self.threshold_, width, MOST_REMEMBERED)
        kinds = list(self.preprocessor_.kinds_.values())
        slack = self._left_out()
        result = record_drift(ensemble, fresh, columns, list(self.feature_names_in_), kinds, level, slack)
        return replace(result, share_then=float((self.calibration_scores_ > self.threshold_).mean()))

    def expected(self, X: Any) -> Table:
        """Estimate the value of each column of a record from its other columns, to report beside the value found.

        A column's own value is not used, and a single faulty column moves the estimates of the others little or not at
        all; see `anomaly.detectors.expectation`. The estimate for a column that is independent of the others is
        about its median. In a column that `explain` names because the score falls with a replacement, it is this
        replacement. It takes 0.05 to 1 ms a record, more beyond 100 features.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records.

        Returns
        -------
        Table
            With the columns of the training table, in their own units: the median, or the most frequent category, of
            the remembered records that are nearest by all other columns. Without remembered records
            (``neighbors=0``), the networks' reconstruction from all other columns. A datetime of which hour and weekday
            alone are learned is the nearest one with the expected ones.

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
        expected = np.concatenate([self.ensemble_.expected(x) for x in self._chunks(X)])
        return self.preprocessor_.inverse_transform(expected, near=self._as_table(X))

    def encode(self, X: Any) -> Array:
        """Return the code of each record: the activations of the first network's middle hidden layer.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records.

        Returns
        -------
        ndarray of float32 of shape (n_records, units of that layer)
            For plots of the latent space.
        """
        from anomaly.detectors.table.training import encoder_of

        codes: Array = encoder_of(self.model_).predict(self.ensemble_.complete(self._features(X))[0])
        return codes

    def _described_networks(self) -> list[Model]:
        return [self.model_]
