"""Variational autoencoder as a detector: records of low estimated probability density are anomalous."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np

from anomaly.detectors.features import FeatureSet, targets
from anomaly.detectors.network_attribution import NetworkSubject, levels_of
from anomaly.detectors.network_training import TRAINING_CONSTRAINTS, FitSettings, History, as_seed, fit_network
from anomaly.detectors.record_detector import RecordDetector, terms_from_state
from nnlite.archive import arrays_with_prefix
from nnlite.callbacks import KLWarmUp
from nnlite.job import Plan
from nnlite.layers import Dense, Input
from nnlite.likelihoods import MaskedGaussianNLL
from nnlite.models import Model, model_from_parts
from nnlite.optimizers import Adam
from nnlite.random import global_generator, seeded
from nnlite.rowwise import outputs_by_record
from nnlite.serialization import model_to_parts
from nnlite.types import Array
from nnlite.validation import Constraint, choice, integer, names, number, sizes

LEARNED = "learned"
"""The `variance` that the decoder predicts."""

_STEPS = 3000
_CHUNK = 1024
# A hundredth of the variance of a standardized column: a feature predicted exactly must not outweigh all others.
_SMALLEST_VARIANCE = 0.01
# Larger features would dominate the loss of the network, and its outputs elsewhere.
_LARGEST_INPUT = 100.0
_LARGEST_LOG_VARIANCE = 20.0


class _Parts(NamedTuple):
    """What the scores of records are made of."""

    log_densities: Array
    """Negative log density of each column, of shape (n_records, n_columns); 0 where it is not known."""
    known: Array
    """Whether it is known, of the same shape."""
    divergences: Array
    """Divergence of the code from N(0, I), of shape (n_records,)."""


class _Networks(NamedTuple):
    """What scores records: the encoder, the decoder, and samples of the codes' noise."""

    encoder: Model
    decoder: Model
    draws: Array


class VariationalDetector(RecordDetector):
    r"""Detector of anomalous records by their probability under a variational autoencoder.

    The encoder maps a record x to a Gaussian distribution of codes, :math:`q(z|x) = N(\mu, \sigma^2)`, and the decoder
    a code to a Gaussian distribution of records, p(x|z); both are trained to maximize the evidence lower bound (see
    `nnlite.layers.variational`, which derives it). There are two scores, both estimated with K codes
    :math:`z_k = \mu + \sigma \varepsilon_k`. The *reconstruction probability* of An & Cho,

    .. math:: s(x) = -\frac{1}{K} \sum_{k=1}^{K} \ln p(x|z_k),

    and the negative lower bound itself, which penalizes improbable codes too:

    .. math:: s(x) = -\frac{1}{K} \sum_{k=1}^{K} \ln p(x|z_k) + D_{KL}\bigl(q(z|x) \,\|\, N(0, I)\bigr).

    Inputs and targets of the network are features clipped to :math:`\pm 100`. Scores are computed from unclipped
    features: beyond that range, the further out a record lies the higher it scores.

    A missing cell is filled as an input, by the median of its column in training or by the most frequent category. As a
    target it is not known: training maximizes the probability of the other cells. In scores it counts with the median
    contribution of its column in training, as a typical cell would. To leave it out would not be neutral: the log
    density of a column that is predicted well is far above 0, and a record would become anomalous for lacking it. Where
    5 to 95 % of the training values of a column of numbers are missing, one more feature marks the missing values: an
    input alone. In a column of categories, missing is then a category like the others. In columns that were more rarely
    missing the network has not learned which values stand in: to score such a record, it reconstructs the missing cell
    from the others first.

    The K samples of :math:`\varepsilon` are drawn once, by `fit`, and are the same for every record: a record's score
    is independent of the batch. Scores are in nats and may be negative.

    Parameters
    ----------
    hidden : sequence of int, default (64,)
        Units of the encoder's hidden layers; the decoder has them in reverse.
    latent : int, default 8
        Dimensions of the code.
    activation : str, default "relu"
        Activation of the hidden layers.
    beta : float, default 1.0
        Weight of the divergence in training.
    warm_up : int, default 0
        Epochs over which that weight rises from 0 (see `nnlite.callbacks.KLWarmUp`).
    variance : float or "learned", default "learned"
        Variance of p(x|z), in units of the scaled features: one number for all, or predicted by the decoder for each
        feature, and then at least 0.01.
    score_by : {"reconstruction", "elbo"}, default "reconstruction"
        Which score.
    draws : int, default 16
        K; 0 decodes the mean code alone.
    contamination, threshold
        Rule for the threshold; see `anomaly.TableDetector`.
    epochs : int or "auto", default "auto"
        Passes over the records in training; "auto": enough for 3000 steps.
    batch_size : int, default 128
        Records in a training step.
    learning_rate : float, default 0.001
        Learning rate of Adam.
    scaling, categorical, dates, ignore
        Preprocessing of the columns; see `anomaly.TableDetector`. The default scaling is "standard".
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default None
        Seed of the random numbers, or a source of it.
    verbose : {0, 1, 2}, default 0
        Progress output of training.
    keep, date_format, time_zone
        Columns to use as they are written, formats of dates, and the time zone of hours; see
        `anomaly.preprocessing.TablePreprocessor`.

    Attributes
    ----------
    decision_scores_, calibration_scores_, threshold_, labels_
        As for every detector; see `anomaly.detectors.BaseDetector`.
    n_features_in_ : int
        Number of columns of the training table.
    feature_names_in_ : ndarray of str
        Their names.
    history_ : dict of str to list of float
        Loss after each epoch.
    model_ : nnlite.models.Model
        Encoder, latent layer and decoder in one.
    draws_ : ndarray of float32 of shape (draws, latent)
        The :math:`\varepsilon_k`.
    typical_contributions_ : ndarray of float64 of shape (n_features_in_,)
        Median contribution of each column to the scores of training records, without the divergence: what a missing
        cell contributes.
    preprocessor_ : anomaly.preprocessing.TablePreprocessor
        Conversion of records to features.

    Notes
    -----
    With fewer than twenty records for each column, the scores of the training records, and the threshold chosen by
    them, are held-out scores (`anomaly.detectors.cross_fitting`), which takes ten further fits, or five of 500 records
    and more.

    References
    ----------
    Kingma & Welling, "Auto-encoding variational Bayes", ICLR 2014; An & Cho, "Variational autoencoder based anomaly
    detection using reconstruction probability", SNU Data Mining Center, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly import VariationalDetector
    >>> x = np.random.default_rng(0).normal(size=(200, 2)) @ np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    >>> detector = VariationalDetector(hidden=(16,), latent=2, epochs=50, random_state=0).fit(x)
    >>> detector.predict([[0.0, 0.0, 0.0], [9.0, -9.0, 9.0]]).tolist()
    [0, 1]
    """

    _constraints: ClassVar[Mapping[str, Constraint]] = {
        "hidden": sizes(),
        "latent": integer(least=1),
        "beta": number(least=0),
        "warm_up": integer(least=0),
        "variance": choice(LEARNED) | number(above=0),
        "score_by": choice("reconstruction", "elbo"),
        "draws": integer(least=0),
        **TRAINING_CONSTRAINTS,
        "ignore": names(),
    }

    history_: dict[str, list[float]]

    # Contributions may be negative, so the command line's fractions of a score do not apply.
    data_kind = None

    def __init__(
        self,
        hidden: Sequence[int] = (64,),
        latent: int = 8,
        activation: str = "relu",
        beta: float = 1.0,
        warm_up: int = 0,
        variance: float | str = LEARNED,
        score_by: str = "reconstruction",
        draws: int = 16,
        contamination: float | str = "auto",
        threshold: Any = None,
        epochs: int | str = "auto",
        batch_size: int = 128,
        learning_rate: float = 0.001,
        scaling: str = "standard",
        categorical: Sequence[str] | None = None,
        dates: str = "cycles",
        ignore: Sequence[str] | None = None,
        random_state: Any = None,
        verbose: int = 0,
        keep: Sequence[str] | None = None,
        date_format: str | Sequence[str] | None = None,
        time_zone: str | None = None,
    ) -> None:
        self.hidden = hidden
        self.latent = latent
        self.activation = activation
        self.beta = beta
        self.warm_up = warm_up
        self.variance = variance
        self.score_by = score_by
        self.draws = draws
        self.contamination = contamination
        self.threshold = threshold
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.scaling = scaling
        self.categorical = categorical
        self.dates = dates
        self.ignore = ignore
        self.random_state, self.verbose = random_state, verbose
        self.keep, self.date_format, self.time_zone = keep, date_format, time_zone

    # -- fitting -------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, groups: Any = None) -> VariationalDetector:
        """Train the network on normal records and choose the threshold.

        Parameters
        ----------
        X : array, data frame, list of records, or Table of shape (n_records, n_features)
            Training records, preferably without anomalies.
        y : array_like of 0 and 1, optional
            Labels, used only by a threshold that needs them, such as "best_f1".
        groups : array_like of shape (n_records,), optional
            Group of each record, such as a machine or a customer: records that belong together are held out together
            for the threshold, which takes five further fits. By default records are independent, unless they seem to
            follow each other in time.

        Returns
        -------
        VariationalDetector
            The detector itself.

        Raises
        ------
        ValueError
            If a parameter is out of range, or the table or the groups cannot be used.

        Warns
        -----
        RowOrderWarning
            If the records seem to follow each other in time; see `anomaly.detectors.dependence`.
        """
        x, labels = self._fit_preprocessor(X, y)
        dependence = self._find_dependence(x, groups)
        seed = as_seed(self.random_state)
        with Plan(training=10, calibration=3)("training"):
            self.model_, self.draws_, self.history_ = self._train(x, seed, self.verbose)
        self._encoder, self._decoder = self._split(self.model_)

        parts = self._parts(x, self._networks)
        self.typical_contributions_ = _medians(parts.log_densities, parts.known)

        def score_without(fold: Array) -> Array:
            model, draws, _ = self._train(np.delete(x, fold, axis=0), seed, verbose=0)
            return self._contributions(self._parts(x[fold], _Networks(*self._split(model), draws))).sum(axis=1)

        scores = self._contributions(parts).sum(axis=1)
        self._set_threshold(self._comparable_scores(scores, score_without, dependence), labels)
        return self

    def _train(self, x: Array, seed: int | None, verbose: int) -> tuple[Model, Array, History]:
        """Return the network, trained on features, the samples that it scores with, and its losses."""
        with seeded(seed):
            model = self._build(x.shape[1])
            warm_up = [KLWarmUp(int(self.warm_up), float(self.beta))] if self.warm_up else []
            features = FeatureSet.of(self.preprocessor_)
            inputs = _clipped(features.filled(x))
            settings = FitSettings(self.epochs, int(self.batch_size), verbose=verbose)
            aims = targets(inputs, features.known(x))
            history = fit_network(model, inputs, aims, settings, _STEPS, callbacks=warm_up)
            draws = global_generator().standard_normal((max(1, int(self.draws)), int(self.latent)), dtype=np.float32)
            return model, draws if self.draws else np.zeros_like(draws), history

    def _build(self, n_features: int) -> Model:
        from nnlite.layers import GaussianLatent

        inputs = Input((n_features,), name="record")
        x = inputs
        for index, units in enumerate(self.hidden, start=1):
            x = Dense(units, self.activation, kernel_initializer="he_normal", name=f"encode_{index}")(x)
        x = Dense(2 * int(self.latent), name="code")(x)
        z = GaussianLatent(float(self.beta), name="latent")(x)
        model = Model(inputs, self._decode(z, n_features), name="variational_autoencoder")
        variance = None if self.variance == LEARNED else float(self.variance)
        model.compile(
            optimizer=Adam(learning_rate=self.learning_rate),
            loss=MaskedGaussianNLL(variance=variance, minimum_variance=_SMALLEST_VARIANCE),
        )
        return model

    def _decode(self, z: Any, n_features: int) -> Any:
        for index, units in enumerate(list(self.hidden)[::-1], start=1):
            z = Dense(units, self.activation, kernel_initializer="he_normal", name=f"decode_{index}")(z)
        return Dense(n_features * (2 if self.variance == LEARNED else 1), name="reconstruction")(z)

    def _split(self, model: Model) -> tuple[Model, Model]:
        """Return the encoder, which shares the layers of a network, and the decoder, which has copies of them."""
        z = Input((int(self.latent),), name="z")
        decoder = Model(z, self._decode(z, model.input_shape[1]))
        for layer in decoder.layers[1:]:
            layer.set_weights(model.get_layer(layer.name).get_weights())
        return Model(model.input, model.get_layer("code").output), decoder

    # -- scoring -------------------------------------------------------------------------------

    def decision_function(self, X: Any) -> Array:
        """Score records by the negative reconstruction probability, or the negative lower bound, in nats.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records with the columns of the training table.

        Returns
        -------
        ndarray of float64 of shape (n_records,)
            Scores; larger is more anomalous.

        Raises
        ------
        NotFittedError
            If the detector has not been fitted.
        ValueError
            If columns are missing or unknown, or a value cannot be read.
        """
        return self.score_terms(X).sum(axis=1)

    def explain(self, X: Any) -> Array:
        r"""Split each record's score into contributions of columns.

        A column contributes as far as the score falls if its value is replaced by its reconstruction from all other
        columns (see `anomaly.detectors.network_attribution`). With m the median score of the training records, w the
        fractions of these falls, and D columns with features,

        .. math:: e_c(x) = \frac mD + w_c(x) \bigl( s(x) - m \bigr).

        A record that scores no more than m has nothing to explain: its contributions are its `score_terms`.

        Over faults of many kinds in made-up tables (``python -m benchmarks.quality.explanations --detector
        VariationalDetector``), the column with the fault came first in 96 % of the alarms; by `score_terms`, in 86 %.
        It takes about eight times as long as to score the records, more with more columns.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records.

        Returns
        -------
        ndarray of float64 of shape (n_records, n_features_in_)
            Each row adds up to the score, but for rounding. Contributions may be below 0, as the score may.
        """
        x = self._features(X)
        return self._subject().explain(x)

    def score_terms(self, X: Any) -> Array:
        """Return the terms of each record's score, by column.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records.

        Returns
        -------
        ndarray of float64 of shape (n_records, n_features_in_)
            Negative log density of the column, which is below 0 where the density is above 1; for a missing cell, the
            median of the column in training. The divergence in ``score_by="elbo"`` belongs to no column and is divided
            equally among the features.
        """
        return self._terms(self._features(X))

    def _terms(self, x: Array) -> Array:
        return self._contributions(self._parts(x, self._networks))

    def _subject(self) -> NetworkSubject:
        networks = self._networks
        return NetworkSubject(
            FeatureSet.of(self.preprocessor_),
            self._terms,
            partial(_mean_records, networks),
            lambda x: self._completed(x, networks),
            self.typical_contributions_,
            levels_of(self.decision_scores_),
            logarithmic=True,
        )

    def encode(self, X: Any) -> Array:
        """Return the mean code of each record, of shape (n_records, latent), for plots of the latent space."""
        codes: Array = self._encoder.predict(_clipped(self._completed(self._features(X), self._networks)))
        return codes[:, : int(self.latent)]

    def _contributions(self, parts: _Parts) -> Array:
        contributions = np.where(parts.known, parts.log_densities, self.typical_contributions_)
        if self.score_by == "elbo":
            features = FeatureSet.of(self.preprocessor_)
            own = features.columns if features.marks is None else features.columns[~features.marks]
            fractions = np.bincount(own, minlength=features.n_columns) / features.n_targets
            contributions += parts.divergences[:, np.newaxis] * fractions
        return contributions

    @property
    def _networks(self) -> _Networks:
        return _Networks(self._encoder, self._decoder, self.draws_)

    def _parts(self, x: Array, networks: _Networks) -> _Parts:
        """Return the parts of the scores, computed 1024 records at a time."""
        starts = range(0, max(len(x), 1), _CHUNK)
        parts = zip(*(self._parts_of_chunk(x[start : start + _CHUNK], networks) for start in starts), strict=True)
        return _Parts(*map(np.concatenate, parts))

    def _parts_of_chunk(self, x: Array, networks: _Networks) -> _Parts:
        from nnlite.layers.variational import deviation, divergence

        known, x = FeatureSet.of(self.preprocessor_).known(x), self._completed(x, networks)
        mean, log_variance = _codes(networks.encoder, x)
        z = mean[:, np.newaxis] + deviation(log_variance)[:, np.newaxis] * networks.draws
        outputs = outputs_by_record(networks.decoder, z)
        terms = np.zeros(x.shape, dtype=np.float64)
        for k in range(len(networks.draws)):
            terms += self._negative_log_density(x, outputs[:, k])
        terms /= len(networks.draws)
        if known is None:
            known = np.ones(x.shape, np.bool_)
        by_column = self.preprocessor_.sum_by_column
        return _Parts(
            by_column(np.where(known, terms, 0.0)),
            by_column(known.astype(np.int64)) > 0,
            divergence(mean.astype(np.float64), log_variance.astype(np.float64)),
        )

    def _completed(self, x: Array, networks: _Networks) -> Array:
        return FeatureSet.of(self.preprocessor_).completed(
            x, lambda filled: _mean_records(networks, filled[:, np.newaxis])[:, 0]
        )

    def _negative_log_density(self, x: Array, output: Array) -> Array:
        """Return -ln p(x_j | z) of each feature."""
        if self.variance == LEARNED:
            output, log_variance = np.split(output, 2, axis=1)
            log_variance = log_variance.astype(np.float64)
            log_variance = np.clip(log_variance, math.log(_SMALLEST_VARIANCE), _LARGEST_LOG_VARIANCE)
        else:
            log_variance = np.array(math.log(float(self.variance)))
        squares = np.square(x.astype(np.float64) - output)
        return (squares * np.exp(-log_variance) + log_variance + math.log(2 * math.pi)) / 2

    # -- files ---------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        network, weights = model_to_parts(self.model_)
        config, arrays = self._preprocessing_state()
        arrays |= {"draws": self.draws_, "typical_contributions": self.typical_contributions_}
        arrays |= {f"model/{name}": array for name, array in weights.items()}
        return {"network": network, **config, "history": self.history_}, arrays

    def _restore(self, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
        self._check_parameters()
        self._restore_preprocessing(config, arrays)
        self.model_ = model_from_parts(config["network"], arrays_with_prefix(arrays, "model/"), label)
        self.history_ = config["history"]
        width = len(self.preprocessor_.feature_names_out_)
        self.draws_ = arrays["draws"]
        if self.draws_.ndim != 2 or self.draws_.shape[1] != self.latent or not len(self.draws_):
            raise ValueError(f"its draws have shape {self.draws_.shape} for {self.latent} latent dimensions")
        if self.model_.input_shape != (None, width):
            raise ValueError(f"its network takes {self.model_.input_shape} for {width} features")
        # Files of earlier versions have none: their preprocessors leave no holes.
        default = None if self.preprocessor_.missing == "nan" else 0.0
        self.typical_contributions_ = terms_from_state(arrays, "typical_contributions", self.n_features_in_, default)
        self._encoder, self._decoder = self._split(self.model_)

    def _described_networks(self) -> list[Model]:
        return [self.model_]


def _clipped(x: Array) -> Array:
    """Return features as inputs of the network."""
    return np.clip(x, -_LARGEST_INPUT, _LARGEST_INPUT)


def _medians(values: Array, known: Array) -> Array:
    """Return the median of the known values of each column; 0 for a column without any."""
    columns = zip(values.T, known.T, strict=True)
    return np.array([np.median(column[present]) if present.any() else 0.0 for column, present in columns])


def _mean_records(networks: _Networks, x: Array) -> Array:
    """Return the mean record of the mean code, for each copy of records of shape (n_records, n_copies, n_features)."""
    mean, _ = np.split(outputs_by_record(networks.encoder, _clipped(x)), 2, axis=-1)
    return outputs_by_record(networks.decoder, mean)[..., : x.shape[-1]]


def _codes(encoder: Model, x: Array) -> list[Array]:
    """Return the means and the log variances of the codes of records without holes."""
    return np.split(outputs_by_record(encoder, _clipped(x)[:, np.newaxis])[:, 0], 2, axis=1)
