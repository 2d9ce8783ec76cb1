"""Networks that learn to repair usual records, and so fail at unusual ones, beside the nearest records themselves."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from anomaly.calibration import conformal_threshold
from anomaly.detectors.network_training import as_seed
from anomaly.detectors.parameters import check_parameters
from anomaly.detectors.table.blending import Blend
from anomaly.detectors.table.ensemble import MemberDetector
from anomaly.detectors.table.files import described, restore
from anomaly.detectors.table.held_out import FOLDS, held_out_scores
from anomaly.detectors.table.incremental import learn_more, warm_networks
from anomaly.detectors.table.label_learning import LabelledContributions, LearnedWeights, learn_weights
from anomaly.detectors.table.training import train_members
from anomaly.detectors.table.weighted import (
    LabelWarning,
    among,
    checked_labels,
    column_contributions,
    remembered_records,
    rescaled_calibration,
    thinned,
)
from anomaly.detectors.validation import check_columns, check_number, check_records
from anomaly.preprocessing import TablePreprocessor
from nnlite.models import Model
from nnlite.random import seeded
from nnlite.types import Array


class TableDetector(MemberDetector):
    r"""Find unusual records by how badly autoencoders reconstruct them, and by how far they are from any usual one.

    Each network :math:`f_m` is trained to give back the record x from a disturbed copy of it:

    .. math:: \min_\theta\; \mathbb{E}\,\lVert f_m(x + \sigma_m\varepsilon) - x \rVert^2,
              \qquad \varepsilon \sim N(0, I)

    To undo noise it has to know where usual records lie, and it pulls every record towards there. A little noise
    teaches fine structure, much noise coarse structure, so there is one network for each of several
    :math:`\sigma_m`. Its score is the mean squared error over K disturbed copies of the record, each feature's error
    in units of its mean error in training (see `anomaly.detectors.table.neighbors.Denoiser`).

    Networks of this size smooth over small groups of records that a comparison with each of them would tell apart. So
    the detector also remembers its training records, and measures how far the nearest of them are
    (`anomaly.detectors.table.neighbors.Neighbours`); once as they are, and once through a scale that magnifies small
    differences. All these members' scores, in units of the median training record, are blended into one by what stands
    out for any of them (`anomaly.detectors.table.blending`),

    .. math:: s(x) = \Bigl( \sum_m a_m\, s_m(x)^{1/q_m} \Bigr)^{\bar q}

    with a share :math:`a_m` for each, its spread :math:`q_m` in training, and their mean :math:`\bar q`. About 1 is
    a usual record. `explain` returns each column's part of that.

    The defaults were chosen on tables of many kinds, with and without anomalies among the training records.
    ``neighbors=0, noise=0.5`` is a plain denoising autoencoder, ``neighbors=0, noise=0, sparsity=0.01`` a sparse one.

    Parameters
    ----------
    hidden : sequence of int, default (128, 128)
        Units of the hidden layers. With noise they may be wider than the data; without noise the middle one should be
        narrower, or the network learns to copy.
    activation : str, default "relu"
        Of the hidden layers; the output is linear, since standardised data has no bounds.
    noise : float or sequence of float, default (0.2, 0.5, 1.0)
        :math:`\sigma_m`, in units of the scaled features' spread: one network each. Several are steadier
        than any of them; little noise is best for clean training records, much for contaminated ones.
    sparsity : float, default 0.0
        Weight of a penalty on the sum of absolute activations of the middle hidden layer, which keeps most of them
        at 0: with ``noise=0`` a sparse autoencoder, an alternative to noise and to a narrow layer against copying. With
        0.01 about a quarter of the units is active. On the tables that the defaults were chosen on it gained next
        to nothing.
    draws : int, default 8
        K; 0 scores the undisturbed record. More of them cost time when scoring, none when training.
    neighbors : int, default 5
        How many of the nearest records are measured; 0 leaves the judgement to the networks alone, and no
        record is kept. Few are best for clean training records; more where anomalies come in groups. At most
        10,000 training records, drawn at random, are remembered, and saved with the detector.
    neighbors_share : float, default 0.7
        What the remembered records count for, from 0 to 1; the networks share the rest. More is better for clean
        training records, less for contaminated ones.
    fine_share : float, default 0.3
        How much of that goes to the second, magnifying comparison, from 0 to 1. It finds what is out of place by
        little, in many features, always by one neighbour and a contrast of 2, whatever `neighbors` and `contrast` are
        for the first; 0 leaves it out, and halves the time that comparing takes. 0 is best where anomalies among the
        training records come in groups.
    contrast : float, default 0.5
        How much the nearest records' own distances from each other count: it finds what is unusual near dense groups.
        0 is best where anomalies among the training records come in groups.
    contamination : "auto" or float, default "auto"
        The share of anomalies among the training records, above 0 and at most 0.5; "auto" judges by the
        training scores themselves (see `anomaly.thresholds.AutoThreshold`). Where there are few records for the number
        of columns, below some twenty for each, networks know those too well, and many a fresh usual record scores
        above all of them: give a `false_alarm_rate` there.
    trim : "auto" or float, default "auto"
        Robust training: the share of the training records, the most unusual ones by a first round of training, that a
        second round leaves out, so that they are neither learned nor remembered; from 0 to 0.5. "auto" is the
        `contamination` where that is known, and 0 where it is "auto". It takes a second fit, and helps where anomalies
        support each other: so the first round asks the networks alone, which a crowd of them does not mislead.
        Trimming a tenth raised the average precision on contaminated tables by 0.01 in the mean, and lowered it by 0.06
        on clean ones.
    threshold : str, float or Threshold, optional
        How to choose the threshold, in place of `contamination`: "quantile", "sigma", "mad", "iqr",
        "pot", a number, or an instance from `anomaly.thresholds`; with labels "best_f1", "precision:0.9", "recall:0.9".
    false_alarm_rate : float, optional
        The share of fresh usual records that may be flagged, in place of `contamination` and `threshold`. The threshold
        is then chosen by scores that each training record gets from a detector fitted without it: five more fits. For
        training records without anomalies. A rate below 1 / (n + 1) is more than n records can promise: the threshold
        is then an estimate, with a `FewRecordsWarning` (see `anomaly.calibration.conformal_threshold`).
    epochs : int or "auto", default "auto"
        Times that training goes through the records; "auto": as many as make 1000 steps, or three steps for every four
        records, but at least 50. Longer training learns the anomalies among its records too.
    batch_size : int or "auto", default "auto"
        Records per step; "auto": 128, but 32 where there are fewer than 500 records. Small tables are then learned
        in a third of the time, and no worse.
    learning_rate : float or "auto", default "auto"
        Of the Adam optimizer; "auto": 0.001, and more where fewer than 200 records mean fewer steps, up to 0.004.
        Small tables are then learned in a third of the time, and no worse.
    patience : int, optional
        Stop when the loss on a tenth of the records, kept apart, has not improved for so many epochs.
        By default training runs all its epochs, on all records.
    scaling : {"core", "standard", "minmax", "robust", "quantile", "none"}, default "core"
        How numeric columns are scaled; see `anomaly.preprocessing.TablePreprocessor`. "core", by the middle 80 % of the
        values, keeps anomalies among the training records from hiding themselves.
    categorical : sequence of str, optional
        Columns to treat as categories though they hold numbers. Text columns are categories anyway.
    dates : {"cycles", "number", "ignore"}, default "cycles"
        Of dates with a time of day, look at the hour and the day of the week alone, so that records made after the
        training are not unusual for that; dates without a time are left out, as are weekdays where the training records
        are of less than a week. "number" looks at the date itself, too;
        "ignore" at nothing of them. See `anomaly.preprocessing.TablePreprocessor`.
    ignore : sequence of str, optional
        Columns that are no features, such as labels and identifiers. They may be there or not in any table.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default None
        Where randomness comes from. The same int gives the same detector, bit by bit, however many threads train it.
    n_jobs : int, optional
        Threads that train networks side by side; by default one for each, if there is more than one processor.
    verbose : {0, 1, 2}, default 0
        Progress of training, as in `nnlite.models.Model.fit`; above 0 the networks train one after the other.
    warm_start : bool, default False
        Whether `fit` on a fitted detector begins with its networks, for records that have changed a little. Columns,
        scaling and categories then stay those of the first fit, as the networks know no others. All else is set anew.

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n_records,)
        Scores of the training records.
    threshold_ : float
        Records that score above it are anomalies.
    labels_ : ndarray of int of shape (n_records,)
        Labels of the training records.
    calibration_scores_ : ndarray of shape (n_records,)
        What `p_values` compares with.
    column_weights_, member_shares_ : ndarray or None
        The weight of each column and the share of each member, if `learn_labels` was called.
    weights_blended_ : bool
        Whether weighted members are blended like those without weights. Files of versions that summed them say so, and
        score as they did.
    n_features_in_ : int
        Number of columns seen by `fit`.
    feature_names_in_ : ndarray of str
        Their names.
    records_seen_ : int
        Number of records that `fit` and `partial_fit` have learned from.
    history_ : dict of str to list of float
        The loss after each epoch of the last training, the mean over the networks that were still training.
    members_ : list of anomaly.detectors.table.neighbors.Denoiser and Neighbours
        The networks in the order of `noise`, then the remembered records, as they are and magnified.
    shares_ : list of float
        What each of them counts for without labels; all of it together is 1.
    model_ : nnlite.models.Model
        The first network.
    preprocessor_ : anomaly.preprocessing.TablePreprocessor
        What turns records into their input.

    References
    ----------
    Vincent et al., "Extracting and composing robust features with denoising autoencoders", ICML 2008; Alain & Bengio,
    "What regularized auto-encoders learn from the data-generating distribution", JMLR 15 (2014); Aggarwal & Sathe,
    *Outlier Ensembles* (2017).

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly import TableDetector
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 2)) @ np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    >>> detector = TableDetector(hidden=(16,), epochs=50, random_state=0).fit(x)
    >>> detector.predict([[0.0, 0.0, 0.0], [9.0, -9.0, 9.0]]).tolist()
    [0, 1]
    """

    def __init__(
        self,
        hidden: Sequence[int] = (128, 128),
        activation: str = "relu",
        noise: float | Sequence[float] = (0.2, 0.5, 1.0),
        sparsity: float = 0.0,
        draws: int = 8,
        neighbors: int = 5,
        neighbors_share: float = 0.7,
        fine_share: float = 0.3,
        contrast: float = 0.5,
        contamination: float | str = "auto",
        trim: float | str = "auto",
        threshold: Any = None,
        false_alarm_rate: float | None = None,
        epochs: int | str = "auto",
        batch_size: int | str = "auto",
        learning_rate: float | str = "auto",
        patience: int | None = None,
        scaling: str = "core",
        categorical: Sequence[str] | None = None,
        dates: str = "cycles",
        ignore: Sequence[str] | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        warm_start: bool = False,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.noise = noise
        self.sparsity = sparsity
        self.draws = draws
        self.neighbors = neighbors
        self.neighbors_share = neighbors_share
        self.fine_share = fine_share
        self.contrast = contrast
        self.contamination = contamination
        self.trim = trim
        self.threshold = threshold
        self.false_alarm_rate = false_alarm_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.scaling = scaling
        self.categorical = categorical
        self.dates = dates
        self.ignore = ignore
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.warm_start = warm_start

    # -- fitting -------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None) -> TableDetector:
        """Learn what is usual.

        Parameters
        ----------
        X : array, data frame, list of records, or Table of shape (n_records, n_features)
            Training records, best without anomalies; a small share of them does little harm.
        y : array_like of 0 and 1, optional
            Labels, used only to choose a threshold that needs them, such as "best_f1".

        Returns
        -------
        TableDetector
            The detector itself.

        Raises
        ------
        ValueError
            If a parameter or the table is unusable, such as one of a single record or a single column.
        """
        self._check_parameters()
        table = self._as_table(X)
        check_records(table)
        if self.false_alarm_rate is not None and len(table) < 2 * FOLDS:
            raise ValueError(f"false_alarm_rate needs at least {2 * FOLDS} records; found {len(table)}")
        labels = None if y is None else np.asarray(y)
        if labels is not None and labels.shape != (len(table),):
            raise ValueError(f"y must have one label per record ({len(table)}); found shape {labels.shape}")
        start = warm_networks(self, table)
        if start is None:
            self.preprocessor_ = TablePreprocessor(self.scaling, self.categorical, dates=self.dates)
            x = self.preprocessor_.fit_transform(table)
            check_columns(self.preprocessor_)
            self._take_columns()
        else:
            x = self.preprocessor_.transform(table)
        self.column_weights_ = self.member_shares_ = None
        with seeded(as_seed(self.random_state)):
            scores = self._learn(x, start)
        self.records_seen_ = len(x)
        self._set_threshold(scores, labels)
        if self.false_alarm_rate is None:
            self.calibration_scores_ = self.decision_scores_
        else:
            self.calibration_scores_ = held_out_scores(self, table)
            self.threshold_ = conformal_threshold(self.calibration_scores_, self.false_alarm_rate)
            self.labels_ = self._label(self.decision_scores_)
        return self

    def learn_labels(self, X: Any, y: Any, spread: float = 1.5) -> TableDetector:
        """Learn weights of columns and members from a few labelled records, and score with them from now on.

        The weights move as far as cross-validation among the labelled records supports; see
        `anomaly.detectors.table.label_learning`. Each call begins anew: give all labels that there are.

        On 16 tables, AUROC of other records changed on average by +0.002 with the 20 records of the highest scores
        labelled, +0.005 with 50 of them, +0.005 with 50 random records, +0.018 with 200, and +0.023 with 20 random
        anomalies. It hardly falls, whoever chose the records: in 1,077 trials, three in ten of them with one label in
        five wrong, by 0.009 at most. What labels can teach is not used up: weights fitted without caution gain half as
        much again from 20 random anomalies, and lose up to 0.14 (``python -m benchmarks.quality.label_learning``).

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Labelled records, from the training table or not.
        y : array_like of 0 and 1 of shape (n_records,)
            1 for anomalies, of which there must be one, better ten or more; 0 for normal records, such as false alarms.
            There need be none, unless ``neighbors=0``: the remembered training records stand for them.
        spread : float, default 1.5
            How far the labels may move the weights from 1 at most: the prior standard deviation of their logarithms.
            Without strong evidence it is a half or a quarter of that.

        Returns
        -------
        TableDetector
            The detector itself. `decision_scores_` and `labels_` are now those of the remembered records: the training
            records, if there were at most 10,000. (With ``neighbors=0``, those of the records with label 0.)

        Raises
        ------
        NotFittedError
            If the detector has not been fitted.
        ValueError
            If the table or the labels are unusable, or there are no normal records to compare with.

        Warns
        -----
        LabelWarning
            If weights fitted to some of the labelled records score others of them worse than before. All weights are
            then 1, and records score as without labels.

        Examples
        --------
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> detector = TableDetector(hidden=(8,), random_state=0).fit(rng.normal(size=(200, 3)))
        >>> anomalies = rng.normal([2.5, 0.0, 0.0], 0.5, size=(10, 3))
        >>> detector.learn_labels(anomalies, np.ones(10)).column_weights_.argmax()
        np.int64(0)
        """
        self._check_fitted()
        check_number("spread", spread, 0, above=True)
        x = np.concatenate(list(self._chunks(X)))
        labels = checked_labels(y, len(x))
        anomalies, cleared = x[labels == 1], x[labels == 0]
        remembered = remembered_records(self.members_)
        assumed = x[:0] if remembered is None else remembered[~among(remembered, anomalies)]
        normal = np.concatenate([assumed, cleared])
        if not len(normal):
            raise ValueError(
                "learn_labels needs normal records to compare the anomalies with, and this detector remembers no "
                "others; give some, such as the training records, with label 0"
            )
        known = [
            column_contributions(self.members_, self.preprocessor_, thinned(of)) for of in (anomalies, cleared, assumed)
        ]
        blend = Blend(self.shares_, [member.spread for member in self.members_])
        learned = learn_weights(LabelledContributions(*known), blend, spread)
        if not learned.step:
            warnings.warn(
                f"the {len(anomalies)} anomalies among the labelled records are no evidence for other weights: fitted "
                "to some of them, weights score the others worse than before. All weights are 1; give more labels",
                LabelWarning,
                stacklevel=2,
            )
        self._take_weights(learned, normal if remembered is None else remembered, (normal, anomalies))
        return self

    def _take_weights(self, learned: LearnedWeights, reference: Array, labelled: tuple[Array, Array]) -> None:
        """Set the weights, the scores and the threshold, once nothing can go wrong any more."""
        calibration = scores = self._weighted(reference, learned.members, learned.columns)
        if self.false_alarm_rate is not None:
            calibration = rescaled_calibration(self.calibration_scores_, self.decision_scores_, scores)
            threshold = conformal_threshold(calibration, self.false_alarm_rate)
        else:
            rule = self._threshold_rule()
            if rule.needs_labels:
                of_both = np.concatenate([self._weighted(x, learned.members, learned.columns) for x in labelled])
                rule.fit(of_both, np.repeat([0, 1], [len(x) for x in labelled]))
            else:
                rule.fit(scores)
            threshold = rule.threshold_
        self.member_shares_, self.column_weights_, self.weights_blended_ = learned.members, learned.columns, True
        self.decision_scores_, self.calibration_scores_ = scores, calibration
        self.threshold_ = float(threshold)
        self.labels_ = self._label(scores)

    def partial_fit(self, X: Any, y: Any = None) -> TableDetector:
        """Learn from further records, or the first ones, without forgetting; see `anomaly.detectors.table.incremental`.

        Columns, their scaling and their categories stay as the first records had them: a category unseen then stays
        unseen. Where columns change for good, fit anew. The remembered records stay a fair sample of all seen.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records that were not learned from before: all that is new in them counts. One is enough, but each call
            looks at all remembered records again, so some hundreds at a time are better.
        y : array_like of 0 and 1, optional
            Labels, used as `fit` does in the first call. Later a threshold that needs labels stays as it is.

        Returns
        -------
        TableDetector
            The detector itself. `decision_scores_` and `labels_` are now those of the remembered records.

        Raises
        ------
        ValueError
            If the table is unusable or has other columns, parameters of the networks were changed, or ``neighbors=0``.

        Examples
        --------
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> detector = TableDetector(hidden=(16,), random_state=0).fit(rng.normal(size=(200, 2)))
        >>> before = detector.decision_function([[6.0, 6.0]])
        >>> after = detector.partial_fit(rng.normal(6.0, size=(200, 2))).decision_function([[6.0, 6.0]])
        >>> bool(after < before), detector.records_seen_
        (True, 400)
        """
        learn_more(self, X, y)
        return self

    def _learn(self, x: Array, start: list[Model] | None) -> Array:
        """Train the members, in two rounds where some records are to be left out; return the training scores."""
        left_out = min(int(self._left_out_share() * len(x)), len(x) - 2)
        # Anomalies in a crowd have each other near, so in the round that is to find them networks judge alone.
        self.members_, self.history_ = train_members(self, x, start, remembering=not left_out)
        scores = self._calibrate(x)
        if left_out == 0:
            return scores
        kept = x[np.sort(np.argsort(scores, kind="stable")[: len(x) - left_out])]
        self.members_, self.history_ = train_members(self, kept, start)
        self._calibrate(kept)
        return self._judge_all(x)

    def _check_parameters(self) -> None:
        self._check_contamination()
        check_parameters(self)

    # -- files ---------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        return described(self)

    def _restore(self, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
        restore(self, config, arrays, label)
