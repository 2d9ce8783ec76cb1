"""A detector for series: networks that read windows, and say of every step how far it is from what they expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from anomaly.detectors.parameters import check_sequence_parameters
from anomaly.detectors.plot_data import SeriesPlotData
from anomaly.detectors.row_detector import RowDetector
from anomaly.detectors.sequence.attribution import MOST_FEATURES, learn_signatures
from anomaly.detectors.sequence.calibration import (
    calibration_steps,
    highest_usual,
    present_samples,
    unseen_errors,
    usual_errors,
)
from anomaly.detectors.sequence.residual_streams import LastStepStream, OverlapStream, ResidualStream
from anomaly.detectors.sequence.scoring import SequenceStream, errors_of, pieces_of
from anomaly.detectors.sequence.training import (
    MANY_FOLDS,
    choices_of_folds,
    enough_windows,
    held_out_rows,
    train_without,
)
from anomaly.detectors.sequence.whitening import ResidualScale, Smoother
from anomaly.detectors.validation import as_seed, labels_of_series, under
from anomaly.errors import DataError, listing
from anomaly.events import Event, find_events, stretches
from anomaly.preprocessing.columns.parsing import MICROSECONDS_PER_DAY, category_text, parse_number
from anomaly.preprocessing.series import SeriesPreprocessor, as_series, is_collection, without_cells
from anomaly.tables import Table
from nnlite.models import Model, model_from_parts
from nnlite.random import seeded
from nnlite.serialization import model_to_parts
from nnlite.types import Array


class SequenceDetector(RowDetector):
    r"""Find the unusual stretches of a series of one sensor or many.

    A network is shown windows of w steps and gives them back (``method="reconstruction"``), or says what the next
    step will be (``"forecast"``). What it misses by, :math:`r_t = x_t - \hat x_t`, is smoothed over time, and measured
    by how much such errors come to on steps that the network has not been trained on; the score of a step is the mean
    square over its d features:

    .. math::

        v_t = (1 - \alpha)\, v_{t-1} + \alpha\, r_t, \qquad
        u_t = R^{-1/2} \operatorname{diag}(\sigma)^{-1} v_t, \qquad
        s_t = \tfrac1d \lVert u_t \rVert^2

    See `anomaly.detectors.sequence.whitening` for the terms, and `explain` for each sensor's part.

    **Which windows judge a step.** By default all that hold it: :math:`\hat x_t` is the mean of what they say, some of
    them having seen what came after. With ``causal=True``, and when forecasting, one window does: the one that ends
    at the step, or before it. Then no score depends on anything later than its own step.

    **The calibration stretch.** The last part of each training series is kept from the network; sigma, R and the
    threshold come from it. A network knows the steps it was trained on better than any others, so a threshold from
    those would be too low and its false alarms a surprise. Of a short series no part can be spared: with ``folds=4``
    there are four networks, each trained without another quarter of it, and every step is judged for calibration by
    the network that has not seen it. Later steps are held against the mean of the four.

    **Gaps and missing samples.** No window reaches across a gap in `time`, and smoothing starts anew behind it. At the
    start of a stretch that is shorter than a window, or where causal scoring has no whole window yet, the first value
    is held before it. A missing sample is shown to the network as the last one seen, then as what the network makes of
    the window itself (`anomaly.detectors.sequence.residual_streams`), and counts as met exactly; so a sensor that is
    gone is held against none of the others. More than `gap` steps with nothing in them are a gap, and their scores are
    0. When usual errors are measured, missing samples do not count, and a sensor that is hardly there in the
    calibration stretch is measured on all training steps.

    Parameters
    ----------
    window : int, default 32
        w, at least 2 (1 is enough to forecast).
    stride : int, default 1
        Steps from one window to the next, in training and in scoring, at most `window`. Causal scoring
        looks at every step all the same.
    network : {"dense", "conv", "lstm", "gru"}, default "dense"
        See `anomaly.detectors.sequence.networks`.
    method : {"reconstruction", "forecast"}, default "reconstruction"
        What the network does.
    causal : bool, default False
        Whether a score must not depend on later steps.
    relative : bool, default False
        Whether the network is shown each window as differences from its own level: the mean of its steps or, to
        forecast, the last one. It then knows shapes and no levels, and has nothing to say against a level that it never
        met: for sensors that wander far.
    hidden : sequence of int, optional
        Sizes of the hidden layers: of dense (128, 128), filters of conv (32, 16), units of lstm and gru (64,).
    noise : float, default 0.2
        Standard deviation of what is added to the scaled inputs in training; the targets stay clean.
    smoothing : float, default 20
        Span of the exponentially weighted mean, in steps; 1 for none.
    smooth : {"errors", "squares"}, default "errors"
        Whether errors are smoothed before they are whitened and squared, so that noise cancels and lasting shifts
        stand out, or after, so that what cancels, such as an oscillation, counts as well.
    calibration : float, default 0.25
        Share of each training series, at its end, that the network does not see; 0 calibrates on what it was
        trained on. Without meaning if there are several `folds`.
    folds : int or "auto", default "auto"
        How many networks, each without its own stretch of every training series. "auto": 4 where the calibration
        stretch would be shorter than 50 times `smoothing`, and windows fit into what is left; else 1.
    members : int, default 1
        How many networks in place of each, from other random numbers; what counts is the mean of what they say. More
        cost time, and leave less to luck.
    drift : float, default 2.0
        For how many lengths of training the scales of errors should hold, for sensors that wander as they did in
        training (see `anomaly.detectors.sequence.whitening`); 0 makes no allowance.
    contamination : "auto" or float, default "auto"
        The share of the calibration stretch to be flagged; see `threshold`.
    threshold : str, float or Threshold, optional
        How to choose the threshold from the scores of the calibration stretch, in place of `contamination`; see
        `anomaly.thresholds`. Those of consecutive steps are alike, so that few of them are news: the default,
        for ``contamination="auto"``, is `margin` times their highest score, and where few steps are news more, by as
        much as those to come may then go further (see `anomaly.detectors.sequence.small_samples`).
    margin : float, default 2.0
        Of that default: an allowance for sensors that do not stay as they were.
    epochs : int or "auto", default "auto"
        Times that training goes through the windows; "auto": as many as make 2000 steps (conv 1000, lstm and gru 600).
    batch_size : int, default 64
        Windows per step of training.
    learning_rate : float, default 0.001
        Of the Adam optimizer.
    time : str, optional
        The column of time stamps, which must not go back. By default rows are one step apart.
    gap : float, default 10.0
        So many usual steps of `time` without a row are a gap; and so are more than so many rows with nothing in them.
    scaling : {"standard", "core", "minmax", "robust", "quantile", "none"}, default "standard"
        How numeric columns are scaled; see `anomaly.preprocessing.TablePreprocessor`. A sensor that was constant in
        training says nothing of its scale, and has 1: how far it must move to be news depends on its unit.
    categorical : sequence of str, optional
        Columns to treat as categories though they hold numbers.
    ignore : sequence of str, optional
        Columns that are no sensors, such as labels. They may be there or not.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default None
        Where randomness comes from.
    verbose : {0, 1, 2}, default 0
        Progress of training.

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n_steps,)
        Scores of the training steps, of several series one after the other.
    calibration_ : ndarray of bool of shape (n_steps,)
        Which of them the threshold was chosen by.
    threshold_ : float
        Steps that score above it are anomalies.
    labels_ : ndarray of int of shape (n_steps,)
        Labels of the training steps.
    n_features_in_ : int
        Number of sensors.
    feature_names_in_ : ndarray of str
        Their names, without `time`.
    history_ : dict of str to list of float
        The loss after each epoch.
    folds_ : int
        How many folds there are.
    models_ : list of nnlite.models.Model
        The networks, `members` for each of the folds.
    preprocessor_ : anomaly.preprocessing.series.SeriesPreprocessor
        What turns series into its input.
    residuals_ : anomaly.detectors.sequence.whitening.ResidualScale
        What its errors usually are.

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

    data_kind = "series"
    time: str | None

    calibration_: Array
    folds_: int

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
        drift: float = 2.0,
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
        self.drift = drift
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

    def fit(self, X: Any, y: Any = None) -> SequenceDetector:
        """Learn what is usual.

        Parameters
        ----------
        X : array, data frame, dict of columns or Table of shape (n_steps, n_sensors), or a list of these
            One series or several, best without anomalies. A 1-D array, a column of a data frame or a list of numbers is
            a series of one sensor; so a list of 1-D arrays is several series, while a list of lists is the rows of one.
        y : array_like of 0 and 1, optional
            Labels of all steps, used only to choose a threshold that needs them, such as "best_f1"; of several series,
            a list with those of each.

        Returns
        -------
        SequenceDetector
            The detector itself.

        Raises
        ------
        ValueError
            If a parameter is unusable, or the series are: shorter than a window, out of order in time, ...
        """
        self._check_parameters()
        series = self._as_tables(X)
        labels = labels_of_series(y if y is None or is_collection(X) else [y], list(map(len, series)))
        for folds in choices_of_folds(self, list(map(len, series))):
            self.folds_ = folds
            held_out, stretches = self._prepare(series)
            if enough_windows(self, stretches, held_out):
                break
        with seeded(as_seed(self.random_state)):
            trained = [
                train_without(self, fold, stretches, held_out)
                for fold in range(1, self.folds_ + 1)
                for _ in range(self.members)
            ]
        self.models_ = [model for model, _ in trained]
        self.history_ = trained[0][1]
        self._calibrate(series, held_out, labels)
        longest = max((part for parts in stretches for part in parts), key=len)
        if longest.shape[1] <= MOST_FEATURES:
            self.residuals_.learn_signatures(learn_signatures(self._errors_alone, longest, int(self.window)))
        return self

    def _prepare(self, series: Sequence[Table]) -> tuple[list[Array], list[list[Array]]]:
        """Say which steps each network is not to see, learn scales from those that any may, and apply them."""
        held_out = [held_out_rows(self, len(table)) for table in series]
        unseen = 1 if self.folds_ == 1 else 0
        learned = [table.rows(rows != unseen) for table, rows in zip(series, held_out, strict=True)]
        self.preprocessor_ = SeriesPreprocessor(self.time, float(self.gap), self.scaling, self.categorical)
        self.preprocessor_.fit(learned)
        self._take_columns()
        return held_out, self._stretches(series)

    def _take_columns(self) -> None:
        self.n_features_in_ = self.preprocessor_.columns_.n_features_in_
        self.feature_names_in_ = self.preprocessor_.columns_.feature_names_in_

    def _stretches(self, series: Sequence[Table]) -> list[list[Array]]:
        """Return the features of each unbroken stretch of each series."""
        joined: list[list[Array]] = []
        for table in series:
            joined.append([])
            for part in self.preprocessor_.reader().read(table):
                joined[-1].append(part.features)
        return joined

    def _calibrate(self, series: Sequence[Table], held_out: Sequence[Array], labels: Array | None) -> None:
        """Measure the usual errors, and choose the threshold, where no network has been trained."""
        self.calibration_ = calibration_steps(held_out)
        errors = [unseen_errors(self, table, rows) for table, rows in zip(series, held_out, strict=True)]
        present = [mask for table in series for mask in present_samples(self, table)]
        self.residuals_ = usual_errors(self, errors, self.calibration_, present)
        runs = [run for one in errors for run in one]
        scores = np.concatenate([self._square(run, Smoother(self.smoothing)) for run in runs]).mean(axis=1)
        self.decision_scores_ = scores
        calibrating = scores[self.calibration_]
        if self.threshold is None and self.contamination == "auto":
            self.threshold_ = self.margin * highest_usual(self, runs, scores, self.calibration_, present)
        elif labels is not None:
            self.threshold_ = float(self._threshold_rule().fit(scores, labels).threshold_)
        else:
            self.threshold_ = float(self._threshold_rule().fit(calibrating, None).threshold_)
        self.labels_ = self._label(scores)

    def _check_parameters(self) -> None:
        self._check_contamination()
        check_sequence_parameters(self)

    # -- judging -------------------------------------------------------------------------------

    def decision_function(self, X: Any) -> Any:
        """Score every step.

        Parameters
        ----------
        X : series of shape (n_steps, n_sensors), or a list of these
            With the columns of training.

        Returns
        -------
        ndarray of float64 of shape (n_steps,), or a list of these
            Larger is more anomalous.

        Raises
        ------
        NotFittedError
            If the detector has not been fitted.
        ValueError
            If columns are missing or unknown, a value cannot be read, or time goes back.
        """
        if is_collection(X):
            return [self.decision_function(one) for one in X]
        return self.explain(X).sum(axis=1)

    def predict(self, X: Any) -> Any:
        """Label every step: 1 where the score is above ``threshold_``, else 0; for several series, a list of arrays."""
        if is_collection(X):
            return [self.predict(one) for one in X]
        return self._label(self.decision_function(X))

    def score_samples(self, X: Any) -> Any:
        """Return how normal each step is: the negative of `decision_function`."""
        if is_collection(X):
            return [self.score_samples(one) for one in X]
        return -self.decision_function(X)

    def score(self, X: Any, y: Any = None) -> float:  # noqa: ARG002
        """Return the mean of `score_samples`."""
        samples = self.score_samples(X)
        return float(np.mean(np.concatenate(samples) if isinstance(samples, list) else samples))

    def explain(self, X: Any) -> Array:
        """Return each sensor's part of the score of each step: how much of it a fault in that sensor explains.

        A network that is shown one sensor gone wrong errs at those that go with it, too. How was found out when
        fitting, and the score is shared out accordingly (see `anomaly.detectors.sequence.attribution`). Beyond 128
        features that would take too long: the score is then shared out as it is measured, and those that go with it
        have a share.

        Parameters
        ----------
        X : series of shape (n_steps, n_sensors)
            One series.

        Returns
        -------
        ndarray of float64 of shape (n_steps, n_features_in_)
            None negative; those of a step add up to its score. In the order of ``feature_names_in_``.
        """
        self._check_fitted()
        stream = self.stream()
        parts = [stream.push_parts(piece) for piece in pieces_of(self._as_tables(X, one=True)[0])]
        return np.concatenate([*parts, stream.finish_parts()])

    def reconstruct(self, X: Any) -> Table:
        """Return what the network expects each step of a series to be.

        Parameters
        ----------
        X : series of shape (n_steps, n_sensors)
            One series.

        Returns
        -------
        Table
            With the sensors in their own units: the reconstruction, or the forecast.
        """
        self._check_fitted()
        table = self._as_tables(X, one=True)[0]
        features = np.concatenate(self._stretches([table])[0])
        residuals = np.concatenate([r for _, r in errors_of(self, pieces_of(table), self.models_, hide_missing=False)])
        expected = (features - residuals).astype(np.float32)
        return self.preprocessor_.columns_.inverse_transform(expected, rounded=False)

    def observe(self, X: Any, filled: bool = True) -> Table:
        """Return a series as the network is shown it: as numbers, missing samples filled; beside `reconstruct`.

        Parameters
        ----------
        X : series of shape (n_steps, n_sensors)
            One series.
        filled : bool, default True
            False leaves missing samples missing, as is right for a picture of what was measured.

        Returns
        -------
        Table
            The sensors in their own units.
        """
        self._check_fitted()
        stretches = self.preprocessor_.reader().read(self._as_tables(X, one=True)[0])
        columns = self.preprocessor_.columns_
        seen = columns.inverse_transform(np.concatenate([stretch.features for stretch in stretches]))
        if filled:
            return seen
        missing = np.zeros((len(seen), len(seen.names)), np.bool_)
        missing[:, columns.feature_columns_] = np.concatenate([stretch.missing for stretch in stretches])
        return without_cells(seen, missing)

    def find_events(self, X: Any, minimum_length: int = 1, tolerance: int = 0) -> list[Event]:
        """Return the anomalies of a series as events; see `anomaly.events.find_events`.

        Parameters
        ----------
        X : series of shape (n_steps, n_sensors)
            One series.
        minimum_length, tolerance : int
            The fewest steps of an event, and the most quiet ones in it.

        Returns
        -------
        list of Event
            With their times, if the detector knows the column of times.
        """
        scores = self.explain(X).sum(axis=1)
        times = None if self.time is None else as_series(X)[self.time]
        return find_events(self._label(scores), scores, time=times, minimum_length=minimum_length, tolerance=tolerance)

    def stream(self) -> SequenceStream:
        """Return what scores one series piece by piece, in bounded memory, as `decision_function` would whole.

        Returns
        -------
        SequenceStream
            At the start of a series.
        """
        self._check_fitted()
        return SequenceStream(self)

    def _as_tables(self, X: Any, one: bool = False) -> list[Table]:
        if is_collection(X):
            if one:
                raise ValueError(
                    f"expected one series; found a list of {len(X)}: pass them one by one. If they are the steps of "
                    "one series, give them as a 2-D array or a list of lists"
                )
            tables = [as_series(series) for series in X]
        else:
            tables = [as_series(X)]
        ignored = set(self.ignore or ())
        return [
            table.drop(here) if (here := [name for name in table.names if name in ignored]) else table
            for table in tables
        ]

    def _errors_alone(self, steps: Array) -> Array:
        """Return the errors of an unbroken run of features."""
        stream = self._residual_stream(self.models_)
        return np.concatenate([stream.push(steps, np.zeros(steps.shape, np.bool_)), stream.finish()])

    def _residual_stream(self, models: Sequence[Model]) -> ResidualStream:
        if self.method == "forecast" or self.causal:
            return LastStepStream(models, int(self.window), self.method == "forecast", bool(self.relative))
        return OverlapStream(models, int(self.window), int(self.stride), bool(self.relative))

    def _square(self, errors: Array, smoother: Smoother) -> Array:
        """Turn errors into each feature's part of the smoothed square."""
        if self.smooth == "errors":
            return self.residuals_.parts(self.residuals_.whiten(smoother(errors)))
        return smoother(self.residuals_.parts(self.residuals_.whiten(errors)))

    # -- files ---------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        networks = [model_to_parts(model) for model in self.models_]
        columns, tables = self.preprocessor_.get_state()
        arrays = {
            "calibration": self.calibration_,
            **{f"model_{k}/{name}": a for k, (_, weights) in enumerate(networks) for name, a in weights.items()},
            **{f"preprocessing/{name}": array for name, array in tables.items()},
            **{f"residuals/{name}": array for name, array in self.residuals_.get_state().items()},
        }
        config = {"networks": [network for network, _ in networks], "preprocessing": columns, "history": self.history_}
        return config, arrays

    def _restore(self, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
        self._check_parameters()
        self.preprocessor_ = SeriesPreprocessor.from_state(config["preprocessing"], under(arrays, "preprocessing/"))
        self._take_columns()
        if self.preprocessor_.time != self.time:
            raise ValueError(f"its preprocessing reads the time from {self.preprocessor_.time!r}")
        networks = config["networks"]
        folds = (1, MANY_FOLDS) if self.folds == "auto" else (self.folds,)
        expected = [fold * self.members for fold in folds]
        if not isinstance(networks, list) or len(networks) not in expected:
            raise ValueError(f"it must hold {' or '.join(map(str, expected))} network(s)")
        self.folds_ = len(networks) // self.members
        self.models_ = [
            model_from_parts(network, under(arrays, f"model_{k}/"), label) for k, network in enumerate(networks)
        ]
        self.history_ = config["history"]
        self.calibration_ = arrays["calibration"]
        if self.calibration_.dtype != np.bool_ or self.calibration_.shape != arrays["decision_scores"].shape:
            raise ValueError("its calibration must be one truth value for each score")
        width = len(self.preprocessor_.columns_.feature_names_out_)
        self.residuals_ = ResidualScale.from_state(under(arrays, "residuals/"), width)
        takes = (None, int(self.window), width)
        gives = (None, width) if self.method == "forecast" else takes
        for model in self.models_:
            if model.input_shape != takes or model.output_shape != gives:
                raise ValueError(
                    f"a network takes {model.input_shape} and gives {model.output_shape}; expected {takes} and {gives}"
                )

    # -- the command line ----------------------------------------------------------------------

    @staticmethod
    def training_rows(table: Table, labels: Array, keep_labels: bool = False) -> tuple[list[Table], list[Array] | None]:
        """Select the segments to fit on: those of normal steps, or with `keep_labels` of all that have a label.

        The segments between the rows left out are series of their own.
        """
        kept = labels >= 0 if keep_labels else labels == 0
        segments = [slice(start, end) for start, end in stretches(kept)]
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
                f"none of the columns {listing(observed.names)} holds numbers: expected one at least to draw as a line"
            )
        contributions = self.explain(X)
        columns = list(self.feature_names_in_)
        return SeriesPlotData(
            names=names,
            values=np.column_stack([observed[name].astype(np.float64) for name in names]),
            expected=np.column_stack([expected[name] for name in names]),
            contributions=contributions[:, [columns.index(name) for name in names]],
            scores=contributions.sum(axis=1),
            threshold=self.threshold_,
            time=None if self.time is None else self._timestamps(as_series(X), self.time),
        )

    def _timestamps(self, table: Table, name: str) -> Array:
        """Return the timestamps of a series as datetime64, or as numbers where the column holds numbers."""
        times = self.preprocessor_.times(table)
        if parse_number(category_text(table[name][0]) or "") is not None:
            return times
        return (times * MICROSECONDS_PER_DAY).round().astype("M8[us]")

    def training_summary(self) -> str:
        """Describe the last `fit` in lines of text: steps and sensors, training loss and threshold."""
        losses, calibrating = self.history_["loss"], self.labels_[self.calibration_]
        # Columns of dates other than `time` are no sensors.
        sensors = sum(kind != "ignored" for kind in self.preprocessor_.columns_.kinds_.values())
        return "\n".join(
            [
                f"learned from {len(self.labels_):,} steps of {sensors} sensors, in windows of {self.window}",
                f"training loss {losses[0]:.4g} in the first of {len(losses)} epochs, {losses[-1]:.4g} in the last",
                f"threshold {self.threshold_:.6g}: {calibrating.sum():,} of {len(calibrating):,} steps kept for "
                "calibration score above it",
            ]
        )

    def _describe_data(self) -> tuple[int, list[str]]:
        return len(self.labels_), self.preprocessor_.columns_.describe()

    def _first_network(self) -> Model:
        return self.models_[0]
