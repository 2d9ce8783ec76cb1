"""Detector of anomalous records in tables: denoising autoencoders, neighbors, a forest and linear regressions."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from anomaly.detectors.base import as_labels
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.network_training import as_seed
from anomaly.detectors.record_detector import check_records
from anomaly.detectors.table.ensemble import NO_MEMORY, Ensemble
from anomaly.detectors.table.files import TableDetectorFiles
from anomaly.detectors.table.settings import TRAINING_CONSTRAINTS
from anomaly.errors import DataError, LabelWarning
from anomaly.thresholds.base import RATE
from nnlite.job import Plan
from nnlite.types import Array
from nnlite.validation import Constraint, check_value, choice, integer, names, number

if TYPE_CHECKING:
    from anomaly.detectors.dependence import Dependence
    from anomaly.detectors.table.label_learning import LabelledRecords
    from anomaly.large.drawn import DrawnRows
    from nnlite.models import Model


class TableDetector(TableDetectorFiles):
    r"""Detector of anomalous records in tables: autoencoders, neighbors and an isolation forest in one score.

    **Denoising autoencoders.** Each network :math:`f_m` is trained to reconstruct records x from noisy copies:

    .. math:: \min_\theta\; \mathbb{E}\,\lVert f_m(x + \sigma_m\varepsilon) - x \rVert^2,
              \qquad \varepsilon \sim N(0, I)

    Its output is an estimate of the mean of the normal records near the noisy copy, so an anomalous record is
    reconstructed with a large error. Little noise resolves fine structure and much noise coarse structure: there is one
    network for each of several :math:`\sigma_m`. Its score is the mean squared error over K noisy copies, each feature
    relative to its mean error in training (`anomaly.detectors.table.denoiser`).

    **k nearest neighbors.** Networks of this size smooth over small groups of records. So the detector remembers
    training records too, at most 10,000, and scores by the mean distance to the k nearest of them, plus a contrast with
    the distances among those, as in LOF (`anomaly.detectors.table.neighbors`). A second comparison, with a single
    neighbor on a scale that magnifies small differences, finds records with small deviations in many features.

    **Isolation forest.** Anomalies in a group have each other as near neighbors, and networks learn them. But few
    random splits part them from all other records (`anomaly.detectors.table.isolation`).

    **Linear regressions**, where training records follow each other in time. The days that follow have states that were
    not there in training; what columns have in common goes on. So each column is predicted by a ridge regression on all
    others, and the residuals are a member of the blend (`anomaly.detectors.table.linear`).

    **Blending.** Scores in units of the median training record are combined by their logarithms in units of the spread
    :math:`q_m` of the member's training scores (`anomaly.detectors.blend`),

    .. math:: \ln s(x) = \bar q \sum_m a_m\, z_m(x), \qquad z_m(x) = \frac{\ln s_m(x)}{q_m}

    with a weight :math:`a_m` for each member, and their mean spread :math:`\bar q`. That is a weighted geometric mean.
    Scores below the median are bounded before, so that no member can veto. About 1 is a normal record. `explain` splits
    it into contributions of columns.

    **Contaminated training.** With a `contamination`, so many records are left out of training, those with the highest
    scores of a first forest; and most of the weight of the plain comparison goes to a wide one: the mean distance to so
    many records of a sample as the contamination says, which no smaller group of anomalies can fill.

    **Value of the members.** ``python -m benchmarks.quality.choices`` measures the detector without each of them, on
    tables of many kinds. Networks are worth most where columns are categories; the forest and the wide comparison where
    anomalies are among the training records, in groups that have each other as near neighbors.
    ``neighbors=0, noise=0.5`` is a plain denoising autoencoder, ``neighbors=0, noise=0, sparsity=0.01`` a sparse one;
    as a class of its own that is `anomaly.AutoencoderDetector`.

    Parameters
    ----------
    hidden : sequence of int, default (128, 128)
        Units of the hidden layers. With noise they may be wider than the data; without noise the middle one should be
        narrower, or the network learns the identity.
    activation : str, default "relu"
        Activation of the hidden layers; the output is linear, since standardized data is unbounded.
    noise : float or sequence of float, default (0.2, 0.5, 1.0)
        :math:`\sigma_m`, in units of the scaled features' spread: one network each. Several levels are more stable
        than any single one; little noise is best for clean training records, much for contaminated ones.
    sparsity : float, default 0.0
        Weight of an L1 penalty on the activations of the middle hidden layer, which keeps most of them at 0: with
        ``noise=0`` a sparse autoencoder, an alternative to noise and to a narrow layer. With 0.01 about a quarter of
        the units is active. On the tables that the defaults were chosen on it gained next to nothing.
    draws : int, default 8
        K; 0 scores the record without noise. More noisy copies take time when scoring, none when training.
    neighbors : int, default 5
        k; 0 scores by the networks alone, and no record is remembered. Few neighbors are best for clean training
        records, more where anomalies come in groups (see `wide_share`). Of more than 10,000 training records a random
        sample is remembered, and saved with the detector.
    neighbors_share : "auto" or float, default "auto"
        Weight of the remembered records, from 0 to 1; the networks share the remainder. More is better for clean
        training records, less for contaminated ones. "auto": 0.88, but 0.5 where the training records seem to follow
        each other in time (see the notes).
    fine_share : float, default 0.35
        Fraction of the weight of the comparisons for the magnifying one, from 0 to 1, in a table of numbers. It finds
        small differences, so its weight is multiplied by the fraction of the columns that are no categories or
        booleans; the networks have the remainder. Its single neighbor and its contrast of 2 do not depend on
        `neighbors` and `contrast`; 0 omits it and halves the time of comparing. 0 is best where anomalies among the
        training records come in groups.
    forest_share : float, default 0.1
        Fraction of the weight of the remembered records for the isolation forest, of 100 trees, from 0 to 1; the
        comparisons have the remainder. More finds more groups of anomalies among the training records.
    wide_share : float, default 0.8
        Fraction of the weight of the plain comparison for the wide one, from 0 to 1, where training records are left
        out (see `trim`). Its neighbors are that fraction of a random sample of 1,000 remembered records.
    contrast : float, default 0.5
        Weight of the contrast with the neighbors' own distances, which finds anomalies near dense groups. 0 is best
        where anomalies among the training records come in groups.
    contamination : "auto" or float, default "auto"
        Fraction of anomalies among the training records, above 0 and at most 0.5; "auto" estimates the threshold from
        the distribution of the training scores (see `anomaly.thresholds.AutoThreshold`), and leaves no record out of
        training. Give a fraction, if only a guess, where there may be many anomalies (see the notes).
    trim : "auto" or float, default "auto"
        Robust training: fraction of the training records that are left out, so that they are neither learned nor
        remembered; from 0 to 0.5. They are those with the highest scores of an isolation forest of 300 trees. "auto" is
        the `contamination` if that is a number, and 0 if it is "auto". It helps where anomalies among the training
        records have each other as near neighbors.
    threshold : str, float or Threshold, optional
        Rule for the threshold, in place of `contamination`: "quantile", "sigma", "mad", "iqr", "pot", a number, or an
        instance from `anomaly.thresholds`; with labels "best_f1", "precision:0.9", "recall:0.9".
    false_alarm_rate : float, optional
        Fraction of fresh normal records that may be flagged, in place of `contamination` and `threshold`. The threshold
        then comes from held-out scores of the training records, by five further fits. For training records without
        anomalies. A rate below 1 / (n + 1) is more than n records can guarantee: the threshold is then an estimate,
        with a `FewRecordsWarning` (see `anomaly.calibration.conformal_threshold`).
    epochs : int or "auto", default "auto"
        Epochs of training; "auto": as many as make 800 steps, or three steps for every four records, but at least 50.
        Longer training learns the anomalies among the training records too.
    batch_size : int or "auto", default "auto"
        Records per step; "auto": 128, but 32 for fewer than 500 records. Small tables then train in a third of the
        time, and no worse.
    learning_rate : float or "auto", default "auto"
        Learning rate of Adam; "auto": 0.001, and more where fewer than 200 records mean fewer steps, up to 0.004.
        Small tables then train in a third of the time, and no worse.
    patience : int, optional
        Early stopping: epochs without a lower loss on a tenth of the records, the validation set. By default training
        runs all epochs, on all records.
    scaling : {"core", "standard", "minmax", "robust", "quantile", "none"}, default "core"
        Scaling of numeric columns; see `anomaly.preprocessing.TablePreprocessor`. "core", by the middle 80 % of the
        values, is robust against anomalies among the training records, and makes two features of a column with a heavy
        tail, such as bytes: the number, and its logarithm.
    categorical : sequence of str, optional
        Numeric columns to treat as categories. Text columns are categories anyway.
    dates : {"cycles", "number", "ignore"}, default "cycles"
        Features of dates and times. "cycles": hour and day of the week alone, so that records later than the training
        are not anomalous for that; dates without a time are left out, as are weekdays where the training records span
        less than a week. "number": the date itself too. "ignore": none. See `anomaly.preprocessing.TablePreprocessor`.
    ignore : sequence of str, optional
        Columns that are no features, such as labels and identifiers. Tables may have them or not.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default None
        Source of random numbers. The same int gives the same detector, bit by bit, for any number of threads.
    n_jobs : int, optional
        Number of threads that train networks; by default one for each network, if there is more than one processor.
    verbose : {0, 1, 2}, default 0
        Progress of training, as in `nnlite.models.Model.fit`; above 0 the networks are trained one after the other.
    warm_start : bool, default False
        Whether `fit` of a fitted detector begins with its networks, for records that have changed a little. Columns,
        scaling and categories then stay those of the first fit. All else is fitted anew.
    keep : sequence of str, optional
        Columns that are used as they are written, though they number or name the records, only grow, or are numbers
        that look like times; without it they are left out or read as times, with a warning.
    date_format : str or sequence of str, optional
        Formats of dates, as of `time.strptime`: "%d/%m/%Y" for all columns, "day=%d/%m/%Y" for one. By default the
        format of each column is found from its values.
    time_zone : str, optional
        Time zone of the hours of datetimes that have an offset from UTC, or are no text: a name such as
        "Europe/Berlin". By default hours are taken as they are written, and others are those of UTC.
    linear_share : "auto" or float, default "auto"
        Weight of the linear regressions, from 0 to 1; all other members share the remainder. "auto": 0, but 0.5 where
        the training records seem to follow each other in time, unless there are more than 1,000 features or
        ``neighbors=0`` (see the notes).

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n_records,)
        Scores of the training records; of few records, held-out scores (see the notes).
    threshold_ : float
        Threshold of the scores; anomalies are above it.
    labels_ : ndarray of int of shape (n_records,)
        Labels of the training records.
    calibration_scores_ : ndarray of shape (n_records,)
        Reference scores of `p_values`.
    n_features_in_ : int
        Number of columns seen by `fit`.
    feature_names_in_ : ndarray of str
        Their names.
    records_seen_ : int
        Number of records seen by `fit` and `partial_fit`.
    history_ : dict of str to list of float
        Losses after each epoch of the last training, the mean over the networks that were still training.
    ensemble_ : anomaly.detectors.table.ensemble.Ensemble
        Members and weights.
    preprocessor_ : anomaly.preprocessing.TablePreprocessor
        Conversion of records to features.
    records_ : {"all", "prototypes", "none"}
        What is kept of the training records; "all", unless `save` has left them out, or ``neighbors=0``.

    Notes
    -----
    **Contamination.** Nothing in the scores of the training records says reliably whether anomalies are among them. So
    "auto" takes all for normal, and anomalies that were learned are found less well: on 14 tables that the detector was
    fitted to as a whole, with 2 to 36 % of anomalies, AUROC was 0.746 and average precision 0.395, but 0.784 and 0.443
    with ``contamination=0.1``. Where there are no anomalies, leaving out a tenth costs 0.02 of AUROC and 0.08 of
    average precision. So train on records known to be normal, if there are any; else give a fraction, if only a guess.

    **Few records.** With fewer than twenty training records for each column, networks reconstruct their training
    records much better than fresh ones. The scores of the training records are then held-out scores
    (`anomaly.detectors.table.held_out`), which takes ten further fits, or five of 500 records and more. So the
    threshold, the p-values and a `contamination` hold for fresh records as well; `decision_scores_` are higher than
    `decision_function` of the same records, and `labels_`, which follow from them, differ from `predict`. On 51 small
    tables of 20 to 400 records and up to 71 columns, made-up and real ones, 4.5 % of fresh normal records were flagged
    by default, and 15 % at most; by the training records' own scores it was 8 % and 44 %
    (``python -m benchmarks.quality.false_alarms``).

    **Records that follow each other in time**, such as a logger's, have near copies before and after them, which fresh
    records do not have. Where that shows (`anomaly.detectors.dependence`), a warning says so, scores of the training
    records are those of each half by a detector fitted to the other half, networks have as much weight as remembered
    records, and linear regressions as much as both. By scores held out at random, 21 to 89 % of the following normal
    records were flagged for a `false_alarm_rate` of 5 % (``python -m benchmarks.quality.false_alarms --experiments
    following``). The threshold for a rate is that of as many independent scores as the records are worth, N, which the
    warning and ``effective_records_`` say. On 25 tables of slow processes that it was not chosen on, 4.4 % of the
    following normal records were flagged for 5 %: 2.3 % and at most 7.7 % on those worth 19 and more, and 5.3 % on
    others, but more than 10 % on three of these 18. With so few no rate can be promised, and fewer faults are found: 38
    % of the rows of such, by the number of rows it was 65 %. With `groups`, groups are held out in place of halves, and
    weights stay. The linear regressions raise AUROC from 0.913 to 0.935 and the faulty rows that are flagged from 43 to
    58 %, with 1 % of the normal ones, on 60 such tables that they were not chosen on (``--experiments following
    --first-seed 100 --seeds 6``). On 7 of telemetry and of servers AUROC was 0.633 in place of 0.618.

    **P-values.** With a `false_alarm_rate`, the reference scores of `p_values` are held-out scores of the training
    records, too. In simulations with 100 to 1000 normal records of seven kinds, 3 to 5.5 % of fresh normal records had
    p-values of at most 0.05 on average over fits: mostly fewer than 5 %, since the networks of the folds learned fewer
    records. There is no proof of it, and single fits differ. A fresh record that is equal to c training records has a
    p-value of at least (1 + c) / (n + 1).

    Without it, the reference is the training records' own scores, unless records are few. Those are lower than the
    scores of fresh records, so fresh records seem too anomalous: of normal ones, 5.5 % had p-values of at most 0.05
    with 1000 records of five columns, and 8 % with 100 of five or 1000 of thirty; with 300 of thirty, whose reference
    is held out, 4.6 %.

    References
    ----------
    Vincent et al., "Extracting and composing robust features with denoising autoencoders", ICML 2008; Alain & Bengio,
    "What regularized auto-encoders learn from the data-generating distribution", JMLR 15 (2014); Ramaswamy, Rastogi &
    Shim, "Efficient algorithms for mining outliers from large data sets", SIGMOD 2000; Breunig, Kriegel, Ng & Sander,
    "LOF: identifying density-based local outliers", SIGMOD 2000; Aggarwal & Sathe, *Outlier Ensembles* (2017).

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

    _constraints: ClassVar[Mapping[str, Constraint]] = {
        **TRAINING_CONSTRAINTS,
        "neighbors": integer(least=0),
        "neighbors_share": choice("auto") | number(0, most=1),
        "fine_share": number(0, most=1),
        "forest_share": number(0, most=1),
        "wide_share": number(0, most=1),
        "linear_share": choice("auto") | number(0, most=1),
        "contrast": number(least=0),
        "trim": choice("auto") | number(0, most=0.5),
        "false_alarm_rate": choice(None) | RATE,
        "ignore": names(),
    }

    def __init__(
        self,
        hidden: Sequence[int] = (128, 128),
        activation: str = "relu",
        noise: float | Sequence[float] = (0.2, 0.5, 1.0),
        sparsity: float = 0.0,
        draws: int = 8,
        neighbors: int = 5,
        neighbors_share: float | str = "auto",
        fine_share: float = 0.35,
        forest_share: float = 0.1,
        wide_share: float = 0.8,
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
        keep: Sequence[str] | None = None,
        date_format: str | Sequence[str] | None = None,
        time_zone: str | None = None,
        linear_share: float | str = "auto",
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.noise = noise
        self.sparsity = sparsity
        self.draws = draws
        self.neighbors = neighbors
        self.neighbors_share = neighbors_share
        self.fine_share = fine_share
        self.forest_share = forest_share
        self.wide_share = wide_share
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
        self.keep = keep
        self.date_format = date_format
        self.time_zone = time_zone
        self.linear_share = linear_share

    # -- fitting -------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, groups: Any = None) -> TableDetector:
        """Fit the ensemble and the threshold to training records.

        Parameters
        ----------
        X : array, data frame, list of records, or Table of shape (n_records, n_features)
            Training records, best without anomalies; a small fraction of them does little harm.
        y : array_like of 0 and 1, optional
            Labels, used only for a threshold that needs them, such as "best_f1".
        groups : array_like of shape (n_records,), optional
            Group of each record, such as a machine or a customer: records that belong together are held out together
            for the threshold and the p-values, so that these hold for records of further groups. By default records
            are independent, unless they seem to follow each other in time.

        Returns
        -------
        TableDetector
            The detector itself.

        Raises
        ------
        ValueError
            If a parameter or the table is unusable, such as one of a single record or a single column, or there are
            fewer than three groups.

        Warns
        -----
        RowOrderWarning
            If the records seem to follow each other in time (see the notes).
        FewRecordsWarning
            If records or labels are too few for a threshold: fewer than ten records for ``contamination="auto"``, less
            than half of one for the fraction, fewer than five labels of a class for a rule that needs them, or fewer
            than a `false_alarm_rate` takes.
        """
        start, plan = None, Plan(preprocessing=1, _fit=20)
        with plan("preprocessing"):
            if self.warm_start and self.__sklearn_is_fitted__():
                x, labels = self._warm_features(X, y)
                start = [network.model for network in self.ensemble_.networks]
            else:
                x, labels = self._fit_preprocessor(X, y)
        dependence = self._find_dependence(x, groups)
        with plan("_fit"):
            return self._fit_features(X, x, labels, dependence, start)

    def fit_sample(self, drawn: DrawnRows, y: Any = None, groups: Any = None) -> TableDetector:
        """Fit the detector to a random sample of a table that is too long for memory, with facts about all of its rows.

        Kinds of columns, categories, missing cells and whether rows follow each other in time are learned from all
        rows, as `fit` does; scales, networks, remembered records and the threshold from the sample. `fit` itself learns
        from no more than some 100,000 rows but in its scores: its networks learn 800 batches of 128, and it remembers
        10,000 records.

        Parameters
        ----------
        drawn : anomaly.large.drawn.DrawnRows
            The sample and the facts, of a `anomaly.large.digest.Digest`. If the sample is all rows, the result is that
            of `fit`, bit by bit.
        y, groups : array_like of shape (n_sample,), optional
            Labels and groups of the rows of the sample, as of `fit`.

        Returns
        -------
        TableDetector
            The detector itself. `decision_scores_` and `labels_` are those of the sample, `records_seen_` is the number
            of all rows.

        Raises
        ------
        ValueError
            As of `fit`.

        Examples
        --------
        >>> import numpy as np
        >>> from anomaly.large.digest import Digest
        >>> from anomaly.tables import as_table
        >>> rng, digest = np.random.default_rng(0), Digest(seed=0, most_rows=1000)
        >>> for number in range(5):
        ...     digest.add(as_table(rng.normal(size=(1000, 2))), number, 0)
        >>> detector = TableDetector(hidden=(8,), random_state=0).fit_sample(digest.finish())
        >>> len(detector.decision_scores_), detector.records_seen_
        (1000, 5000)
        """
        if drawn.is_complete:
            return self.fit(drawn.sample, y, groups)
        from anomaly.large.drawn import BLOCK_ROWS

        start, sample = None, self._as_table(drawn.sample)
        if self.warm_start and self.__sklearn_is_fitted__():
            x, labels = self._warm_features(drawn.sample, y)
            start = [network.model for network in self.ensemble_.networks]
        else:
            x, labels = self._fit_preprocessor_to_sample(drawn, y)
        blocks = self.preprocessor_.transform(self._as_table(drawn.blocks)).reshape(-1, BLOCK_ROWS, x.shape[1])
        dependence = self._find_dependence(x, groups, blocks if len(blocks) else None)
        self._fit_features(sample, x, labels, dependence, start)
        self.records_seen_ = drawn.population.n_rows
        return self

    def _fit_features(
        self, X: Any, x: Array, labels: Array | None, dependence: Dependence, start: Sequence[Model] | None
    ) -> TableDetector:
        """Fit the ensemble and the threshold to training records X with the features x."""
        from anomaly.calibration import conformal_threshold
        from anomaly.detectors.cross_fitting import FOLDS
        from anomaly.detectors.table.fitting import fit_ensemble

        if self.false_alarm_rate is not None and len(x) < 2 * FOLDS:
            raise ValueError(f"false_alarm_rate needs at least {2 * FOLDS} records; found {len(x)}")
        features, seed, of_held_out = (
            FeatureSet.of(self.preprocessor_),
            as_seed(self.random_state),
            self._are_held_out(len(x)),
        )
        is_held_out = of_held_out or self.false_alarm_rate is not None
        plan = Plan(fit=1, held_out_scores=0.7 * len(list(dependence.folds())) if is_held_out else 0)
        with plan("fit"):
            fitted = fit_ensemble(self._settings(), x, features, seed, start)
        self.ensemble_, self.history_, self.records_seen_ = fitted.ensemble, fitted.history, len(x)
        scores = held_out = fitted.scores
        if is_held_out:
            with plan("held_out_scores"):
                held_out = self._held_out_scores(X, x, dependence)
        self._set_threshold(held_out if of_held_out else scores, labels)
        if self.false_alarm_rate is not None:
            threshold = conformal_threshold(held_out, self.false_alarm_rate, self.effective_records_)
            self._set_calibration(held_out, threshold)
        return self

    def _warm_features(self, X: Any, y: Any) -> tuple[Array, Array | None]:
        """Validate the arguments of a `fit` that begins with the networks of the last one; return features, labels."""
        from anomaly.detectors.table.incremental import check_same_columns

        self._check_parameters()
        table = self._as_table(X)
        check_records(table)
        check_same_columns(list(self.feature_names_in_), table)
        return self.preprocessor_.transform(table), as_labels(y, len(table), "record")

    def _held_out_scores(self, X: Any, x: Array, dependence: Dependence) -> Array:
        """Return held-out scores of the training records with the features x."""
        from anomaly.detectors.table.held_out import fits_without, held_out_scores

        make, seed, alone = self._new_preprocessor, as_seed(self.random_state), dependence.kind == "none"
        fit = fits_without(self._settings(), self._as_table(X), self.preprocessor_, make, seed, comparing=not alone)
        return held_out_scores(fit, self.ensemble_, x, dependence.folds(), by_others=not alone)

    def _comparable(self, before: Ensemble, after: Ensemble, reference: Array, scores: Array) -> Array:
        """Return scores of remembered records by a changed ensemble as held-out ones, where `fit` has those.

        Records that depend on each other need not be remembered with those before and after them. So the ratio of
        held-out to own scores is that of `fit`.
        """
        from anomaly.detectors.table.held_out import remembered_scores, rescaled_calibration

        if self.dependence_ == "none":
            return remembered_scores(after, scores, self._settings(), as_seed(self.random_state))
        ranked = rescaled_calibration(self.calibration_scores_, before.scores(reference), scores)
        comparable = np.empty(len(scores))
        comparable[np.argsort(scores, kind="stable")] = ranked
        return comparable

    def _set_calibration(self, calibration: Array, threshold: float) -> None:
        self.calibration_scores_, self.threshold_ = calibration, threshold
        self.labels_ = self._label(self.decision_scores_)

    def _later_threshold(self, calibration: Array, false_alarm_rate: float) -> float:
        """Return the threshold after a change of the calibration scores.

        One that is by few independent scores, and far beyond the largest, keeps its distance.
        """
        from anomaly.calibration import conformal_threshold

        largest = float(self.calibration_scores_.max())
        if self.effective_records_ is None or not 0 < largest < self.threshold_:
            return conformal_threshold(calibration, false_alarm_rate, self.effective_records_)
        return self.threshold_ * float(calibration.max()) / largest

    # -- further learning ----------------------------------------------------------------------

    def learn_labels(self, X: Any, y: Any, spread: float = 1.5) -> TableDetector:
        """Learn weights of columns and members from a few labelled records; all later scores use them.

        The weights move as far as cross-validation among the labelled records supports; see
        `anomaly.detectors.table.label_learning`. Each call begins anew, so give all labels at once.

        On 16 tables, AUROC of other records changed on average by +0.002 with the 20 records of the highest scores
        labelled, +0.005 with 50 of them, +0.005 with 50 random records, +0.015 with 200, +0.009 with 20 random
        anomalies alone, and +0.022 with 20 normal records beside them: label normal records, too. It hardly falls for
        any choice of records: in 1,077 trials, three in ten of them with one label in five wrong, by 0.009 at most. The
        price of this caution: weights fitted without cross-validation gain 0.034 from 20 random anomalies, but lose up
        to 0.14 (``python -m benchmarks.quality.label_learning``).

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Labelled records, from the training table or not.
        y : array_like of 0 and 1 of shape (n_records,)
            1 for anomalies, of which there must be one, better ten or more; 0 for normal records, such as false alarms.
            Optional, unless ``neighbors=0``: remembered training records are assumed to be normal.
        spread : float, default 1.5
            Largest prior standard deviation of the weights' logarithms. Without strong evidence it is a half or a
            quarter of that.

        Returns
        -------
        TableDetector
            The detector itself. `decision_scores_` and `labels_` are now those of the remembered records: the training
            records, if there were at most 10,000. (With ``neighbors=0``, those of the records with label 0.) Of few
            remembered records, scores are held-out ones, as after `fit`.

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
            then 1, and scores those without labels.

        Examples
        --------
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> detector = TableDetector(hidden=(8,), random_state=0).fit(rng.normal(size=(200, 3)))
        >>> anomalies = rng.normal([2.5, 0.0, 0.0], 0.5, size=(10, 3))
        >>> detector.learn_labels(anomalies, np.ones(10)).column_weights_.argmax()
        np.int64(0)
        """
        from anomaly.detectors.table.label_learning import NO_EVIDENCE, LabelledRecords, learn_weights

        self._check_fitted()
        check_value("spread", spread, number(above=0))
        x = np.concatenate(list(self._chunks(X)))
        remembered = self.ensemble_.remembered
        records = LabelledRecords.select(x, y, remembered)
        learned = learn_weights(records.contributions(self.ensemble_.contributions), self.ensemble_.blend, spread)
        if not learned.step:
            warnings.warn(NO_EVIDENCE.format(len(records.anomalies)), LabelWarning, stacklevel=2)
        ensemble = self.ensemble_.with_label_weights(learned.members, learned.columns)
        self._use_weights(ensemble, remembered if len(remembered) else records.normal, records)
        return self

    def _use_weights(self, ensemble: Ensemble, reference: Array, records: LabelledRecords) -> None:
        """Set ensemble, scores and threshold; last, so that an error leaves the detector as it was."""
        scores = self._comparable(self.ensemble_, ensemble, reference, ensemble.scores(reference))
        calibration = scores
        if self.false_alarm_rate is not None:
            from anomaly.detectors.table.held_out import rescaled_calibration

            calibration = rescaled_calibration(self.calibration_scores_, self.decision_scores_, scores)
            threshold = self._later_threshold(calibration, self.false_alarm_rate)
        elif (rule := self._threshold_rule()).needs_labels:
            labelled, y = records.normal_and_anomalous
            threshold = rule.fit(ensemble.scores(labelled), y).threshold_
        else:
            threshold = rule.fit(scores).threshold_
        self.ensemble_, self.decision_scores_, self.calibration_scores_ = ensemble, scores, calibration
        self.threshold_ = float(threshold)
        self.labels_ = self._label(scores)

    def partial_fit(self, X: Any, y: Any = None) -> TableDetector:
        """Learn further records, or the first ones, without forgetting; see `anomaly.detectors.table.incremental`.

        Columns, scaling and categories stay those of the first records: a category unknown then stays unknown. Where
        columns change for good, fit anew. The remembered records stay a random sample of all records seen.

        The threshold is set anew, except where remembered records cannot determine it: one chosen by labels, or that
        of a detector that leaves out a fraction of the records (`contamination` or `trim`), stays. For a
        `false_alarm_rate` held-out scores of the new records join a random sample of the earlier ones.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records that were not learned before. One is enough, but each call scores all remembered records again,
            so some hundreds at a time are better.
        y : array_like of 0 and 1, optional
            Labels, used in the first call as by `fit`, and unused later.

        Returns
        -------
        TableDetector
            The detector itself. `decision_scores_` and `labels_` are now those of the remembered records; of few, they
            are held-out ones, as after `fit`.

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
        if not self.neighbors:
            raise ValueError(NO_MEMORY.format("partial_fit"))
        if not self.__sklearn_is_fitted__():
            return self.fit(X, y)
        from anomaly.detectors.table.incremental import generator_of_update, update, update_calibration

        self._check_parameters()
        before, settings, seen = self.ensemble_, self._settings(), self.records_seen_
        fresh = np.concatenate(list(self._chunks(X)))
        if not len(fresh):
            raise DataError("found 0 sample(s) to learn from while a minimum of 1 is required")
        seed = as_seed(self.random_state)
        rng = generator_of_update(seed, seen)
        updated = update(before, settings, fresh, seen, rng)
        self.ensemble_, self.history_, self.records_seen_ = updated.ensemble, updated.history, seen + len(fresh)
        scores = self._comparable(before, updated.ensemble, before.remembered, updated.scores)
        self.decision_scores_ = scores
        if self.false_alarm_rate is not None:
            known = self.calibration_scores_
            alone = self.dependence_ == "none"
            calibration = update_calibration(known, before, updated.ensemble, settings, fresh, seen, rng, alone)
            self._set_calibration(calibration, self._later_threshold(calibration, self.false_alarm_rate))
        elif settings.trim or self._threshold_rule().needs_labels:
            self.calibration_scores_, self.labels_ = scores, self._label(scores)
        else:
            self._set_threshold(scores, None)
        return self
