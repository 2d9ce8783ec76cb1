"""Detector of anomalies in time series: networks on windows, and the scale of their residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from anomaly.detectors.network_training import TRAINING_CONSTRAINTS, FitSettings, as_seed
from anomaly.detectors.sequence.calibration import Calibration, calibrate
from anomaly.detectors.sequence.exclusion import without_intervals
from anomaly.detectors.sequence.labels import labels_of_series
from anomaly.detectors.sequence.networks import METHODS, NETWORKS
from anomaly.detectors.sequence.residual_streams import WindowModel, chunks_of, expected_features
from anomaly.detectors.sequence.scoring import SequenceStream
from anomaly.detectors.sequence.training import (
    WindowSettings,
    candidate_folds,
    check_windows,
    fold_of_steps,
    folds_of_networks,
    has_enough_windows,
    train_folds,
)
from anomaly.detectors.sequence.whitening import SMOOTH, ResidualScale
from anomaly.detectors.series_detector import SeriesDetector
from anomaly.preprocessing.series import SeriesPreprocessor, without_cells
from anomaly.tables import Table
from anomaly.tables.series import as_one_series, as_several_series, is_collection
from nnlite.archive import arrays_with_prefix
from nnlite.models import Model
from nnlite.random import seeded
from nnlite.types import Array
from nnlite.validation import Constraint, boolean, choice, integer, names, number, sizes

# Names of parameters in files of earlier versions.
_FORMER_NAMES = {"drift": "drift_allowance"}


class SequenceDetector(SeriesDetector):
    r"""Detector of anomalous segments in a series of one sensor or many.

    A network reconstructs windows of w steps (``method="reconstruction"``) or forecasts the next step
    (``"forecast"``). Its residuals, :math:`r_t = x_t - \hat x_t`, are smoothed over time and whitened by their scale
    and correlation on steps that the network was not trained on; the score of a step is their mean square over the d
    features:

    .. math::

        v_t = (1 - \alpha)\, v_{t-1} + \alpha\, r_t, \qquad
        u_t = R^{-1/2} \operatorname{diag}(\sigma)^{-1} v_t, \qquad
        s_t = \tfrac1d \lVert u_t \rVert^2

    See `anomaly.detectors.sequence.whitening` for the terms, and `explain` for each sensor's contribution.

    **Windows.** By default, :math:`\hat x_t` is the mean of the reconstructions by all windows that hold the step, some
    of which reach beyond it. With ``causal=True``, and when forecasting, there is one window: the one that ends with
    the step or, to forecast, before it. No score then depends on a later step.

    **Calibration.** The last part of each training series is held out from training; sigma, R and the threshold come
    from it. A network fits the steps it was trained on better than others, so a threshold from those would be too low
    and give false alarms. A short series cannot spare such a segment: with ``folds=4``, four networks are trained, each
    without another quarter of the series, and the calibration residuals of every step come from the network that was
    trained without it. New steps are compared with the mean output of the four.

    **Gaps and missing samples.** No window crosses a gap in `time`, and smoothing restarts after it. Where a segment is
    shorter than a window, and where causal scoring has no complete window yet, the first value is repeated before the
    segment. A missing sample is forward-filled, then replaced by the network's own reconstruction
    (`anomaly.detectors.sequence.residual_streams`), and its residual is 0; so a missing sensor does not raise the
    scores of the others. After `gap` steps without any sample a gap begins, and all further steps without samples score
    0. Missing samples do not enter the scales, and a sensor that is hardly present in the calibration segment is
    calibrated on all training steps.

    Parameters
    ----------
    window : int, default 32
        Length w of the windows, at least 2 (to forecast, 1).
    stride : int, default 1
        Steps from the start of one window to the start of the next, in training and in scoring; at most `window`.
        Causal scoring has a window for every step all the same.
    network : {"dense", "conv", "lstm", "gru"}, default "dense"
        Architecture; see `anomaly.detectors.sequence.networks`.
    method : {"reconstruction", "forecast"}, default "reconstruction"
        Target of the network.
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
        `anomaly.thresholds`. The default, for ``contamination="auto"``, is `margin` times the highest of them,
        corrected for the effective sample size of autocorrelated scores (see
        `anomaly.detectors.sequence.small_samples`).
    margin : float, default 2.0
        Factor of the default threshold: an allowance for sensors whose behaviour changes.
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
    history_ : dict of str to list of float
        Loss of the first network after each epoch.
    folds_ : int
        Number of folds.
    models_ : list of nnlite.models.Model
        The networks, `members` for each fold.
    window_model_ : anomaly.detectors.sequence.residual_streams.WindowModel
        The same networks with the shape of their windows.
    preprocessor_ : anomaly.preprocessing.series.SeriesPreprocessor
        Conversion of series to features.
    residuals_ : anomaly.detectors.sequence.whitening.ResidualScale
        Scale and correlation of normal residuals.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly import SequenceDetector
    >>> t = np.arange(1200)
    >>> wave = np.sin(2 * np.pi * t / 25) + 0.05 * np.random.default_rng(0).normal(size=1200)
    >>> wave[1100:1130] = 0.0
    >>> detector = SequenceDetector(window=25, smoothing=5, epochs=20, random_state=0).fit(wave[:800])
    >>> [(event.start > 1090, event.end < 1170) for event in detector.find_events(wave, tolerance=25)]
    [(True, True)]
    """

    _constraints: ClassVar[Mapping[str, Constraint]] = {
        "network": choice(*NETWORKS),
        "method": choice(*METHODS),
        "smooth": choice(*SMOOTH),
        "causal": boolean(),
        "relative": boolean(),
        "window": integer(least=1),
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
        "time": Constraint("the name of a column", lambda value: value is None or isinstance(value, str)),
        "ignore": names(),
    }

    def __init__(
        self,
        window: int = 32,
        stride: int = 1,
        network: str = "dense",
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
        lengths = list(map(len, series))
        labels = None if y is None else labels_of_series(y, lengths)
        settings = self._settings()
        for folds in candidate_folds(self.folds, self.calibration, self.smoothing, sum(lengths)):
            folds_of = [fold_of_steps(n_steps, folds, self.calibration) for n_steps in lengths]
            segments = self._fit_preprocessor(series, folds_of, folds)
            if has_enough_windows(settings, segments, folds_of, folds):
                break
        self.preprocessor_.check_clock(series)
        self.folds_ = folds
        with seeded(as_seed(self.random_state)):
            networks, self.history_ = train_folds(settings, segments, folds_of, folds, self.members)
        self.window_model_ = self._window_model(networks)
        self._calibrate(series, folds_of, labels)
        longest = max((segment for parts in segments for segment in parts), key=len)
        self.residuals_.learn_signatures(self.window_model_, longest)
        return self

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_windows(self.method, self.window, self.stride)

    def _settings(self) -> WindowSettings:
        return WindowSettings(
            window=int(self.window),
            stride=int(self.stride),
            network=self.network,
            method=self.method,
            relative=bool(self.relative),
            hidden=self.hidden,
            noise=float(self.noise),
            learning_rate=float(self.learning_rate),
            fit=FitSettings(self.epochs, int(self.batch_size), verbose=self.verbose),
        )

    def _window_model(self, networks: Sequence[Model]) -> WindowModel:
        return WindowModel(
            tuple(networks), int(self.window), int(self.stride), self.method, bool(self.causal), bool(self.relative)
        )

    def _fit_preprocessor(self, series: Sequence[Table], folds_of: Sequence[Array], folds: int) -> list[list[Array]]:
        """Fit the preprocessor on the steps that a network is trained on; return the features of each segment."""
        # With several folds every step is a training step of some network.
        held_out = 1 if folds == 1 else 0
        training = [table.rows(folds_here != held_out) for table, folds_here in zip(series, folds_of, strict=True)]
        self.preprocessor_ = SeriesPreprocessor(self.time, float(self.gap), self.scaling, self.categorical)
        self.preprocessor_.fit(training)
        self._set_columns()
        return [[segment.features for segment in self.preprocessor_.reader().read(table)] for table in series]

    def _set_columns(self) -> None:
        self.n_features_in_ = self.preprocessor_.columns_.n_features_in_
        self.feature_names_in_ = self.preprocessor_.columns_.feature_names_in_

    def _calibrate(self, series: Sequence[Table], folds_of: Sequence[Array], labels: Array | None) -> None:
        """Estimate the scale of the residuals and choose the threshold, on steps held out from training."""
        models = self.window_model_.split(self.members)
        sensors = self.feature_names_in_[self.preprocessor_.columns_.feature_columns_].tolist()
        self.residuals_ = ResidualScale(float(self.smoothing), self.smooth)
        calibration = calibrate(
            self.residuals_, models, self.preprocessor_.reader, series, folds_of, float(self.drift_allowance), sensors
        )
        self.calibration_, self.decision_scores_ = calibration.steps, calibration.scores
        self.calibration_scores_ = self.decision_scores_[self.calibration_]
        self.threshold_ = self._choose_threshold(calibration, labels)
        self.labels_ = self._label(self.decision_scores_)

    def _choose_threshold(self, calibration: Calibration, labels: Array | None) -> float:
        if self.threshold is None and self.contamination == "auto":
            return self.margin * calibration.normal_limit()
        scores = calibration.scores[calibration.steps] if labels is None else calibration.scores
        return self._chosen_threshold(scores, labels)

    @property
    def models_(self) -> list[Model]:
        """The networks, `members` for each fold."""
        return list(self.window_model_.networks)

    @property
    def delay_(self) -> int:
        """Number of steps that must follow before a step's score is final, if its segment does not end before."""
        return 0 if self.causal or self.window_model_.forecasts else self.window_model_.window

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
        stream = self.stream() if exclude is None else self.routed_stream(exclude=exclude)
        parts = [stream.push_parts(chunk) for chunk in chunks_of(as_one_series(X, self.ignore))]
        return np.concatenate([*parts, stream.finish_parts()])

    def reconstruct(self, X: Any) -> Table:
        """Return the value of each step that the networks expect.

        Parameters
        ----------
        X : series of shape (n_steps, n_sensors)
            One series.

        Returns
        -------
        Table
            The reconstruction or the forecast, with the sensors in their own units.
        """
        self._check_fitted()
        table = as_one_series(X, self.ignore)
        expected = expected_features(self.preprocessor_.reader, self.window_model_, table)
        return self.preprocessor_.columns_.inverse_transform(expected, rounded=False)

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
        segments = self.preprocessor_.reader().read(as_one_series(X, self.ignore))
        columns = self.preprocessor_.columns_
        observed = columns.inverse_transform(np.concatenate([segment.features for segment in segments]))
        if filled:
            return observed
        missing = np.zeros((len(observed), len(observed.names)), np.bool_)
        missing[:, columns.feature_columns_] = np.concatenate([segment.missing for segment in segments])
        return without_cells(observed, missing)

    def stream(self) -> SequenceStream:
        """Return a stream that scores one series piece by piece, in bounded memory, as `decision_function` does.

        Returns
        -------
        SequenceStream
            A stream at the start of a series.
        """
        self._check_fitted()
        reader, columns = self.preprocessor_.reader(warn=True), self.preprocessor_.columns_
        return SequenceStream(self.ignore, reader, self.window_model_, self.residuals_, columns.sum_by_column)

    # -- files ---------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        networks, weights = self.window_model_.get_state()
        columns, tables = self.preprocessor_.get_state()
        arrays = {
            "calibration": self.calibration_,
            **weights,
            **{f"preprocessing/{name}": array for name, array in tables.items()},
            **{f"residuals/{name}": array for name, array in self.residuals_.get_state().items()},
        }
        return {"networks": networks, "preprocessing": columns, "history": self.history_}, arrays

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> SequenceDetector:
        """Return a fitted detector from the contents of its file; see `BaseDetector.from_state`."""
        parameters = {_FORMER_NAMES.get(name, name): value for name, value in config["parameters"].items()}
        return super().from_state({**config, "parameters": parameters}, arrays, label)

    def _restore(self, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
        self._check_parameters()
        self.preprocessor_ = SeriesPreprocessor.from_state(
            config["preprocessing"], arrays_with_prefix(arrays, "preprocessing/")
        )
        self._set_columns()
        if self.preprocessor_.time != self.time:
            raise ValueError(f"its preprocessing reads the time from {self.preprocessor_.time!r}")
        networks = config["networks"]
        self.folds_ = folds_of_networks(networks, self.folds, self.members)
        width = len(self.preprocessor_.columns_.feature_names_out_)
        self.window_model_ = self._window_model([]).with_state(networks, arrays, width, label)
        self.history_ = config["history"]
        self.calibration_ = arrays["calibration"]
        if self.calibration_.dtype != np.bool_ or self.calibration_.shape != arrays["decision_scores"].shape:
            raise ValueError("its calibration must be one boolean for each score")
        self.calibration_scores_ = self.decision_scores_[self.calibration_]
        self.residuals_ = ResidualScale.from_state(
            arrays_with_prefix(arrays, "residuals/"), width, float(self.smoothing), self.smooth
        )

    def _first_network(self) -> Model:
        return self.models_[0]
