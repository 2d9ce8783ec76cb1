"""Detector of anomalies in time series: networks on windows, and the scale of their residuals."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from anomaly.detectors.base import validated_labels
from anomaly.detectors.network_training import TRAINING_CONSTRAINTS, as_seed
from anomaly.detectors.sequence.alarms import AlarmRule, AlarmSettings, default_rate
from anomaly.detectors.sequence.calibration import Calibration
from anomaly.detectors.sequence.ensemble import SeriesEnsemble
from anomaly.detectors.sequence.exclusion import without_intervals
from anomaly.detectors.sequence.files import upgraded
from anomaly.detectors.sequence.fitted import FittedSeries
from anomaly.detectors.sequence.fitting import SeriesFit, fit_series
from anomaly.detectors.sequence.labels import labels_of_series
from anomaly.detectors.sequence.network_member import NetworkMember
from anomaly.detectors.sequence.networks import METHODS, NETWORKS
from anomaly.detectors.sequence.scoring import SequenceStream, chunks_of
from anomaly.detectors.sequence.settings import OF_NETWORKS, SequenceSettings, settings_of
from anomaly.detectors.sequence.training import check_windows
from anomaly.detectors.sequence.whitening import SMOOTH
from anomaly.detectors.series_detector import SeriesDetector
from anomaly.errors import FewRecordsWarning, level_of_caller
from anomaly.tables import Table
from anomaly.tables.series import as_one_series, as_several_series, is_collection
from anomaly.thresholds.alarm_rates import AlarmRate
from nnlite.job import counted
from nnlite.models import Model
from nnlite.random import seeded
from nnlite.types import Array
from nnlite.validation import Constraint, boolean, choice, integer, names, number, sizes


class SequenceDetector(SeriesDetector):
    r"""Detector of anomalous segments in a series of one sensor or many.

    The windows of a series are compared with those of training, and the score of a step is the mean over all windows
    that cover it, blended over several comparisons (see `anomaly.detectors.sequence.ensemble`):

    - of one sensor, the distance to the nearest remembered window, by values in windows of a half to four periods, by
      shape in those of a half to two, and by statistics such as spread and size of changes in those of a quarter, which
      tell a sensor that stands still;
    - of many sensors, the Mahalanobis distance of windows of four steps and of up to two periods, which tells what
      breaks their correlations, and the nearest window by statistics;
    - of both, how much quieter windows are than any of training, and of one sensor, whether it repeats what it has
      sent before (see `anomaly.detectors.sequence.windows.quiet`).

    The period is that of the series, found by autocorrelation. `explain` gives each sensor's contribution.

    **Networks.** With `network`, a network reconstructs windows of one period (``method="reconstruction"``) or
    forecasts the next step (``"forecast"``), and its residuals :math:`r_t = x_t - \hat x_t`, smoothed over time and
    whitened by their scale and correlation on steps that it was not trained on, are one more member, or with
    ``network_share=1`` the only one:

    .. math::

        v_t = (1 - \alpha)\, v_{t-1} + \alpha\, r_t, \qquad
        u_t = R^{-1/2} \operatorname{diag}(\sigma)^{-1} v_t, \qquad
        s_t = \tfrac1d \lVert u_t \rVert^2

    (see `anomaly.detectors.sequence.whitening`). On public series networks added nothing to the other members, which is
    why there are none by default: see ``docs/defaults.md``.

    **Training scores** are by what was learned without the step: windows that overlap the one to be scored are left
    out, covariances and networks are estimated without a part of the series in turn. The steps of training are
    recognized when they are scored again, and have the same scores.

    **Alarms.** By default the limit follows slow changes of the scores, and alarms are restricted to the steps that are
    odd themselves (see `anomaly.detectors.sequence.alarms`). With a number for `threshold` or `contamination`, a step
    is an alarm if its score is above the threshold.

    **Causal.** With ``causal=True``, a step has the score of the windows that end with it. No score then depends on a
    later step, and no label. Otherwise the last windows that cover a step end up to four periods after it.

    **Gaps and missing samples.** No window crosses a gap in `time`. At the start of a segment, and in one shorter than
    a window, the less of a window is known, the nearer its distance is to a typical one. A missing sample is
    forward-filled for display, and has no part in distances; so a missing sensor does not raise the scores of the
    others. After `gap` steps without any sample a gap begins; networks alone score all further steps without samples
    0.

    Parameters
    ----------
    window : int or "auto", default "auto"
        Length that the windows are multiples of, in steps, at least 2 (to forecast, 1); "auto": the period of the
        training series, from 8 to 300, or 64 where there is none. Windows are at most a quarter of the longest segment.
    stride : int, default 1
        Steps from the start of one window of the networks to the start of the next; at most `window`.
    network : {"auto", "dense", "conv", "lstm", "gru"} or None, default "auto"
        Architecture of networks; see `anomaly.detectors.sequence.networks`. None: no networks. "auto": dense ones if
        one of their parameters is given (`network_share`, `method`, `epochs` and the like), else none.
    network_share : float, default 0.1
        Weight of the networks in the blend, if there are any; 1 for networks alone.
    method : {"reconstruction", "forecast"}, default "reconstruction"
        Target of the networks.
    causal : bool, default False
        Whether a score must not depend on later steps.
    relative : bool, default False
        Whether windows are given to the network as differences from their level: the mean of their steps or, to
        forecast, the last one. The network then learns shapes and no levels, and accepts levels that it was not trained
        on: for sensors with random-walk drift.
    hidden : sequence of int, optional
        Sizes of the hidden layers. By default (128, 128) units of dense, (32, 16) filters of conv, (64,) units of lstm
        and gru.
    noise : float, default 0.2
        Standard deviation of the Gaussian noise added to the scaled inputs in training; the targets have none.
    smoothing : float, default 20
        Span of the exponentially weighted mean, in steps; 1 means no smoothing.
    smooth : {"errors", "squares"}, default "errors"
        Whether residuals are smoothed before they are whitened and squared, so that noise cancels and lasting shifts
        stand out, or the squares, so that residuals of alternating sign, such as an oscillation, add up as well.
    calibration : float, default 0.25
        Fraction of each training series, at its end, that is held out from training; 0 calibrates on the training
        steps. Ignored with several `folds`.
    folds : int or "auto", default "auto"
        Number of networks, each trained without its own fold of every training series. "auto": 4 where the calibration
        segment would be shorter than 50 times `smoothing`, if windows fit into the rest; else 1.
    members : int, default 1
        Number of networks in each fold, with different random weights; their mean output is used. More members take
        longer to train and vary less between seeds.
    drift_allowance : float, default 2.0
        Horizon of the allowance for drift, in lengths of the training series (see
        `anomaly.detectors.sequence.whitening`); 0 makes no allowance. It allows for larger residuals, and not for
        levels outside the training range, where a network extrapolates: of random walks twice as long as the training
        series, four in ten had alarms on a tenth of their steps or more, and none with ``relative=True``.
    contamination : "auto" or float, default "auto"
        Fraction of the calibration steps to label as anomalies; see `threshold`.
    threshold : str, float or Threshold, optional
        Rule for the threshold on the scores of the calibration steps, in place of `contamination`; see
        `anomaly.thresholds`. The default, for ``contamination="auto"``, allows for about one false alarm in 5,000
        steps, or in 10,000 where `causal`: see `anomaly.thresholds.declustered`. That of networks alone is `margin`
        times the highest of them, corrected for the effective sample size of autocorrelated scores (see
        `anomaly.detectors.sequence.small_samples`).
    margin : float, default 2.0
        Factor of the default threshold of networks alone: an allowance for sensors whose behaviour changes.
    false_alarms : str, optional
        Rate of false alarms to be promised for normal series, such as "1/week" or "1/2000 steps", in place of
        `contamination` and `threshold`. The alarms of an interval of at most about a period are one.
    epochs : int or "auto", default "auto"
        Passes over the windows in training; "auto": enough for 2000 steps (conv 1000, lstm and gru 600).
    batch_size : int, default 64
        Windows in a training step.
    learning_rate : float, default 0.001
        Learning rate of Adam.
    time : str, optional
        Column of timestamps. Where time goes back a new segment begins, with a warning (see
        `anomaly.preprocessing.clock`). By default rows are one step apart.
    gap : float, default 10.0
        Length of the longest interval between two rows that is not a gap, in median intervals of `time`; also the
        largest number of consecutive rows without any sample that is not a gap.
    scaling : {"standard", "core", "minmax", "robust", "quantile", "none"}, default "standard"
        Scaling of numeric columns; see `anomaly.preprocessing.TablePreprocessor`. A sensor that was constant in
        training has no scale of its own and is given 1, so that its unit decides which changes are anomalous.
    categorical : sequence of str, optional
        Columns of numbers to treat as categories.
    ignore : sequence of str, optional
        Columns to leave out, such as labels; they need not be there.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default None
        Seed of the random numbers, or a source of it.
    verbose : {0, 1, 2}, default 0
        Progress output of training.

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n_steps,)
        Scores of the training steps, of several series one after the other.
    calibration_ : ndarray of bool of shape (n_steps,)
        Mask of the calibration steps.
    calibration_scores_ : ndarray of shape (n_calibration_steps,)
        Scores of the calibration steps.
    threshold_ : float
        Steps that score above it are anomalies.
    labels_ : ndarray of int of shape (n_steps,)
        Labels of the training steps.
    n_features_in_ : int
        Number of sensors.
    feature_names_in_ : ndarray of str
        Their names, without `time`.
    period_ : int
        Length that the windows are multiples of.
    history_ : dict of str to list of float
        Loss of the first network after each epoch; empty without networks.
    folds_ : int
        Number of folds of the networks.
    models_ : list of nnlite.models.Model
        The networks, `members` for each fold.
    alarms_ : anomaly.detectors.sequence.alarms.AlarmRule
        The limit of scores.
    delay_ : int
        Number of later steps that a score and a label depend on.
    ensemble_ : anomaly.detectors.sequence.ensemble.SeriesEnsemble or None
        The members and their blend; None for networks alone.
    network_ : anomaly.detectors.sequence.network_member.NetworkMember or None
        The networks and the scale of their residuals.
    preprocessor_ : anomaly.preprocessing.series.SeriesPreprocessor
        Conversion of series to features.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly import SequenceDetector
    >>> t = np.arange(1200)
    >>> wave = np.sin(2 * np.pi * t / 25) + 0.05 * np.random.default_rng(0).normal(size=1200)
    >>> wave[1100:1130] = 0.0
    >>> detector = SequenceDetector(random_state=0).fit(wave[:800])
    >>> detector.period_, [(event.start, event.end) for event in detector.find_events(wave[800:])]
    (25, [(298, 331)])
    """

    _constraints: ClassVar[Mapping[str, Constraint]] = {
        "network": choice("auto", None, *NETWORKS),
        "network_share": number(above=0, most=1),
        "method": choice(*METHODS),
        "smooth": choice(*SMOOTH),
        "causal": boolean(),
        "relative": boolean(),
        "window": integer(least=1) | choice("auto"),
        "stride": integer(least=1),
        "hidden": sizes() | choice(None),
        "noise": number(least=0),
        "smoothing": number(least=1),
        "calibration": number(least=0, below=1),
        "folds": integer(least=1) | choice("auto"),
        "members": integer(least=1),
        "drift_allowance": number(least=0),
        "margin": number(above=0),
        **TRAINING_CONSTRAINTS,
        "gap": number(above=0),
        "false_alarms": Constraint("a rate such as '1/week'", lambda value: value is None or isinstance(value, str)),
        "time": Constraint("the name of a column", lambda value: value is None or isinstance(value, str)),
        "ignore": names(),
    }

    def __init__(
        self,
        window: int | str = "auto",
        stride: int = 1,
        network: str | None = "auto",
        network_share: float = 0.1,
        method: str = "reconstruction",
        causal: bool = False,
        relative: bool = False,
        hidden: Sequence[int] | None = None,
        noise: float = 0.2,
        smoothing: float = 20,
        smooth: str = "errors",
        calibration: float = 0.25,
        folds: int | str = "auto",
        members: int = 1,
        drift_allowance: float = 2.0,
        contamination: float | str = "auto",
        threshold: Any = None,
        margin: float = 2.0,
        false_alarms: str | None = None,
        epochs: int | str = "auto",
        batch_size: int = 64,
        learning_rate: float = 0.001,
        time: str | None = None,
        gap: float = 10.0,
        scaling: str = "standard",
        categorical: Sequence[str] | None = None,
        ignore: Sequence[str] | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.window = window
        self.stride = stride
        self.network = network
        self.network_share = network_share
        self.method = method
        self.causal = causal
        self.relative = relative
        self.hidden = hidden
        self.noise = noise
        self.smoothing = smoothing
        self.smooth = smooth
        self.calibration = calibration
        self.folds = folds
        self.members = members
        self.drift_allowance = drift_allowance
        self.contamination = contamination
        self.threshold = threshold
        self.margin = margin
        self.false_alarms = false_alarms
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.time = time
        self.gap = gap
        self.scaling = scaling
        self.categorical = categorical
        self.ignore = ignore
        self.random_state = random_state
        self.verbose = verbose

    # -- fitting -------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, exclude: Any = None) -> SequenceDetector:
        """Train the networks and calibrate their residuals on normal series.

        Parameters
        ----------
        X : array, data frame, dict of columns or Table of shape (n_steps, n_sensors), or a list of these
            One series or several, preferably without anomalies. A 1-D array, a column of a data frame or a list of
            numbers is a series of one sensor; so a list of 1-D arrays is several series, and a list of lists is the
            rows of one.
        y : array_like of 0 and 1, optional
            Labels of all steps, used only by a threshold that needs them, such as "best_f1"; for several series, a list
            with the labels of each.
        exclude : table of shape (n_intervals, 2), optional
            Intervals to leave out of training and calibration, such as maintenance; see `routed_stream`.

        Returns
        -------
        SequenceDetector
            The detector itself.

        Raises
        ------
        ValueError
            If a parameter is out of range, a series is shorter than a window, or the labels do not match the steps.
        """
        self._check_parameters()
        series = as_several_series(X, self.ignore)
        y = y if y is None or is_collection(X) else [y]
        if exclude is not None:
            series, y = without_intervals(series, y, exclude, self.time)
        labels = None if y is None else labels_of_series(y, list(map(len, series)))
        settings, seed = self._settings(), as_seed(self.random_state)
        with seeded(seed):
            found = fit_series(settings, series, np.random.default_rng(seed))
        self._take(found.fitted, np.concatenate(found.scores))
        self.preprocessor_.check_clock(series)
        self._set_alarms(found, labels)
        return self

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.window != "auto":
            check_windows(self.method, int(self.window), self.stride)
        if self.false_alarms is not None:
            if self.threshold is not None or self.contamination != "auto":
                raise ValueError("false_alarms chooses the threshold: leave out threshold and contamination")
            AlarmRate.parse(self.false_alarms)

    @classmethod
    def _default_of(cls, name: str) -> Any:
        return inspect.signature(cls.__init__).parameters[name].default

    def _settings(self) -> SequenceSettings:
        parameters = self.get_params()
        changed = [name for name in OF_NETWORKS if parameters[name] != self._default_of(name)]
        if self.network is None and changed:
            warnings.warn(
                f"{', '.join(changed)}: without effect, since network=None", UserWarning, stacklevel=level_of_caller()
            )
        if self.network == "auto":
            parameters["network"] = "dense" if changed else None
        return settings_of(parameters)

    def _take(self, fitted: FittedSeries, scores: Array) -> None:
        """Take what was fitted, and the scores of training."""
        self.fitted_, self.preprocessor_, self.history_ = fitted, fitted.preprocessor, fitted.history
        self.n_features_in_ = self.preprocessor_.columns_.n_features_in_
        self.feature_names_in_ = self.preprocessor_.columns_.feature_names_in_
        self.decision_scores_, self.calibration_ = scores, fitted.steps
        self.calibration_scores_, self.reach_ = scores[fitted.steps], fitted.reach

    def _set_alarms(self, found: SeriesFit, labels: Array | None) -> None:
        """Choose the threshold by the scores of training, and label its steps."""
        if self.ensemble_ is not None and self.threshold is None and self.contamination == "auto":
            self.alarms_, shortage = self._alarm_settings(self._rate()).choose(found.calibration_segments)
            if shortage is not None:
                warnings.warn(shortage, FewRecordsWarning, stacklevel=level_of_caller())
        else:
            self.alarms_ = AlarmRule(self._fixed_threshold(found.calibration, labels))
        self.threshold_ = self.alarms_.threshold
        self.labels_ = found.labels(self.alarms_)

    def _alarm_settings(self, rate: float) -> AlarmSettings:
        return self.fitted_.alarm_settings(rate, self.false_alarms is not None, bool(self.causal))

    def _rate(self) -> float:
        """Return the alarm events per step that the limit allows for."""
        if self.false_alarms is None:
            return default_rate(self.causal)
        return AlarmRate.parse(self.false_alarms).per_step(self.preprocessor_.step_time())

    def _fixed_threshold(self, calibration: Calibration | None, labels: Array | None) -> float:
        if self.threshold is None and self.contamination == "auto":
            assert calibration is not None  # without windows there are networks
            return self.margin * calibration.normal_limit()
        scores = self.calibration_scores_ if labels is None else self.decision_scores_
        return self._chosen_threshold(scores, labels)

    @property
    def models_(self) -> list[Model]:
        """The networks, `members` for each fold."""
        return [] if self.network_ is None else list(self.network_.model.networks)

    @property
    def ensemble_(self) -> SeriesEnsemble | None:
        """The members and their blend; None for networks alone."""
        return self.fitted_.ensemble

    @property
    def network_(self) -> NetworkMember | None:
        """The networks and the scale of their residuals."""
        return self.fitted_.network

    @property
    def period_(self) -> int:
        """Length that the windows are multiples of."""
        return self.fitted_.period

    @property
    def folds_(self) -> int:
        """Number of folds of the networks."""
        return self.fitted_.folds

    @property
    def delay_(self) -> int:
        """Number of steps that must follow before a step's score and label are final, if its segment goes on."""
        self._check_fitted()
        return self.fitted_.source.delay + self.alarms_.delay

    # -- scoring -------------------------------------------------------------------------------

    def decision_function(self, X: Any, exclude: Any = None) -> Any:
        """Score every step.

        Parameters
        ----------
        X : series of shape (n_steps, n_sensors), or a list of these
            Series with the columns of training.
        exclude : table of shape (n_intervals, 2), optional
            Intervals without scores; see `routed_stream`.

        Returns
        -------
        ndarray of float64 of shape (n_steps,), or a list of these
            Scores; larger is more anomalous, and NaN stands for an excluded step.

        Raises
        ------
        NotFittedError
            If the detector has not been fitted.
        ValueError
            If columns are missing or unknown, or a value cannot be read.
        """
        if is_collection(X):
            return [self.decision_function(one, exclude) for one in X]
        return self.explain(X, exclude).sum(axis=1)

    def explain(self, X: Any, exclude: Any = None) -> Array:
        """Return each sensor's contribution to the score of each step.

        A fault in one sensor raises the residuals of correlated sensors, too. `fit` measures by how much, and the
        contributions are assigned to the faulty sensors accordingly (see `anomaly.detectors.sequence.attribution`).
        With more than 128 features, which would take too long, a contribution is what is measured at the sensor itself.

        Parameters
        ----------
        X : series of shape (n_steps, n_sensors)
            One series.
        exclude : table of shape (n_intervals, 2), optional
            Intervals without scores; see `routed_stream`.

        Returns
        -------
        ndarray of float64 of shape (n_steps, n_features_in_)
            Contributions in the order of ``feature_names_in_``; not negative, and those of a step add up to its score.
        """
        return self.scored(X, exclude)[0]

    def scored(self, X: Any, exclude: Any = None) -> tuple[Array, Array]:
        """Return contributions and labels of the steps of one series, as `explain` and `predict` do, in one pass."""
        stream = self.stream() if exclude is None else self.routed_stream(exclude=exclude)
        contributions, labels = [], []
        series = as_one_series(X, self.ignore)
        for chunk in counted(chunks_of(series), total=len(series), size=len):
            contributions.append(stream.push_parts(chunk))
            labels.append(stream.labels)
        contributions.append(stream.finish_parts())
        return np.concatenate(contributions), np.concatenate([*labels, stream.labels])

    def reconstruct(self, X: Any) -> Table:
        """Return the value of each step that is expected by the windows around it, or by the networks.

        Parameters
        ----------
        X : series of shape (n_steps, n_sensors)
            One series.

        Returns
        -------
        Table
            By the nearest remembered windows of one sensor, by the correlations of several; with networks their
            reconstruction or forecast. The sensors are in their own units.
        """
        self._check_fitted()
        return self.fitted_.expected(as_one_series(X, self.ignore))

    def observe(self, X: Any, filled: bool = True) -> Table:
        """Return a series as the networks receive it, without missing samples, to compare with `reconstruct`.

        Parameters
        ----------
        X : series of shape (n_steps, n_sensors)
            One series.
        filled : bool, default True
            Whether missing samples are filled; False leaves them missing, for a plot of the measured values.

        Returns
        -------
        Table
            The sensors in their own units.
        """
        self._check_fitted()
        return self.fitted_.observed(as_one_series(X, self.ignore), filled)

    def stream(self) -> SequenceStream:
        """Return a stream that scores one series piece by piece, in bounded memory, as `decision_function` does.

        Returns
        -------
        SequenceStream
            A stream at the start of a series.
        """
        self._check_fitted()
        return self.fitted_.stream(self.ignore, self.alarms_)

    # -- files ---------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        config, arrays = self.fitted_.get_state()
        return {**config, **self.alarms_.get_state()}, {**arrays, "labels": self.labels_}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> SequenceDetector:
        """Return a fitted detector from the contents of its file; see `BaseDetector.from_state`."""
        return super().from_state({**config, "parameters": upgraded(config["parameters"])}, arrays, label)

    def set_state(self, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
        """Set the fitted state of a detector that has the parameters of a file; see `from_state`."""
        super().set_state(config, arrays, label)
        # Labels are not those of scores above the threshold where the limit moves; early files have none.
        if "labels" in arrays:
            self.labels_ = validated_labels(arrays["labels"], len(self.decision_scores_))

    def _restore(self, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
        self._check_parameters()
        scores = self.decision_scores_
        self._take(FittedSeries.from_state(config, arrays, self.get_params(), scores, label), scores)
        self.alarms_ = AlarmRule(self.threshold_)
        if "alarm_rate" in config:
            settings = self._alarm_settings(float(config["alarm_rate"]))
            self.alarms_ = settings.restored(self.threshold_, self.calibration_scores_, config)

    def _describe_flagged(self, flagged: int) -> str:
        return self.alarms_.describe(self.labels_, flagged)

    def _describe_windows(self) -> str:
        return f"in windows of multiples of {self.period_}" if self.ensemble_ else f"in windows of {self.period_}"

    def _describe_records(self) -> str:
        return f"holds {self.fitted_.n_remembered:,} windows of training"

    def _describe_members(self) -> list[str]:
        return self.fitted_.describe()

    def _described_networks(self) -> list[Model]:
        return self.models_
