r"""Autoencoder as a detector: a network reconstructs the record, and the error is the anomaly score.

The whole method stands on this page: `fit` trains the network, `decision_function` is its reconstruction error. The
conversion of columns to features is in `anomaly.detectors.record_detector`, thresholds and files are in
`anomaly.detectors.base`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from anomaly.detectors.features import FeatureSet, targets
from anomaly.detectors.network_attribution import NetworkSubject, levels_of, log_of
from anomaly.detectors.network_training import TRAINING_CONSTRAINTS, FitSettings, History, as_seed, fit_network
from anomaly.detectors.record_detector import RecordDetector, terms_from_state
from anomaly.tables import Table
from nnlite.archive import arrays_with_prefix
from nnlite.job import Plan
from nnlite.layers import ActivityRegularization, Dense, GaussianNoise, Input
from nnlite.models import Model, model_from_parts
from nnlite.optimizers import Adam
from nnlite.random import seeded
from nnlite.rowwise import outputs_by_record
from nnlite.serialization import model_to_parts
from nnlite.types import Array
from nnlite.validation import Constraint, choice, integer, names, number, sizes

_STEPS = 1000
LARGEST_INPUT = 10.0
_NORMAL = 0.9


class AutoencoderDetector(RecordDetector):
    r"""Detector of anomalous records by the reconstruction error of a denoising, sparse or plain autoencoder.

    An encoder maps a record x with d features to a code, a decoder maps the code to a reconstruction f(x). The network
    is trained to reconstruct x from a noisy copy of it,

    .. math:: \min_\theta\; \mathbb{E} \Bigl[ \tfrac1d \lVert f(x + \sigma\varepsilon) - x \rVert^2
              + \lambda \lVert h \rVert_1 \Bigr], \qquad \varepsilon \sim N(0, I),

    with the code h penalized where a sparse autoencoder is wanted. It learns the dependencies between the features of
    normal records, and fails on records that violate them. The score is the reconstruction error of the record itself,
    without noise:

    .. math:: s(x) = \frac1d \sum_{j=1}^{d} \bigl(x_j - f(x)_j\bigr)^2

    Inputs and targets of the network are features clipped to :math:`\pm 10`, ten standard deviations, so that a single
    extreme value does not dominate the loss; the score is that of unclipped features and increases with the distance.

    A missing cell is filled as an input, by the median of its column in training or by the most frequent category. As a
    target it is not known: it adds nothing to the loss and to the score, and since d is that of a complete record, all
    other cells weigh as they do there. Where 5 to 95 % of the training values of a column of numbers are missing, one
    more feature marks the missing values: an input alone, which d does not count. In a column of categories, missing is
    then a category like the others. In columns that were more rarely missing the network has not learned which values
    stand in: to score such a record, it reconstructs the missing cell from the others first.

    ``noise=0.2``, the default, is a denoising autoencoder; ``noise=0, sparsity=0.01`` a sparse one; and
    ``noise=0, hidden=(64, 4, 64)`` a plain one, whose narrow code keeps it from learning the identity.

    There is one network with one noise level, as in the textbook: it has one loss, one code and one reconstruction.
    Averages over several noise levels are more accurate and are a part of `anomaly.TableDetector`.

    Parameters
    ----------
    hidden : sequence of int, default (128, 32, 128)
        Units of the hidden layers; the middle one is the code. Without noise and sparsity the code must have fewer
        units than there are features, or the network learns the identity.
    activation : str, default "relu"
        Activation of the hidden layers; the output is linear.
    noise : float, default 0.2
        Standard deviation :math:`\sigma` of the Gaussian noise added to the scaled features in training.
    sparsity : float, default 0.0
        Weight :math:`\lambda` of the L1 penalty on the activations of the code.
    contamination : "auto" or float, default "auto"
        Fraction of anomalies among the training records, above 0 and at most 0.5; "auto" chooses the threshold from
        the distribution of the training scores (see `anomaly.thresholds.AutoThreshold`).
    threshold : str, float or Threshold, optional
        Rule for the threshold, in place of `contamination`; see `anomaly.thresholds.get`.
    epochs : int or "auto", default "auto"
        Passes over the records in training; "auto": enough for 1000 steps.
    batch_size : int or "auto", default "auto"
        Records in a training step; "auto": 128, but 32 for fewer than 500 records.
    learning_rate : float, default 0.001
        Learning rate of Adam.
    patience : int, optional
        Early stopping: epochs without a lower loss on a tenth of the records, which are held out from training. By
        default training runs all its epochs on all records.
    scaling : {"standard", "core", "minmax", "robust", "quantile", "none"}, default "standard"
        Scaling of numeric columns; see `anomaly.preprocessing.TablePreprocessor`.
    categorical : sequence of str, optional
        Columns of numbers to treat as categories.
    dates : {"cycles", "number", "ignore"}, default "cycles"
        Features of dates; see `anomaly.preprocessing.TablePreprocessor`.
    ignore : sequence of str, optional
        Columns to leave out, such as labels; they need not be there.
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
    normal_terms_ : ndarray of float64 of shape (n_features_in_,)
        What nine in ten training records do not exceed, of each column's `score_terms`.
    history_ : dict of str to list of float
        Loss after each epoch.
    model_ : nnlite.models.Model
        The network.
    preprocessor_ : anomaly.preprocessing.TablePreprocessor
        Conversion of records to features.

    See Also
    --------
    anomaly.TableDetector : Several networks and the nearest training records in one score: the default for tables.

    Notes
    -----
    Choose this detector to learn or teach the method, as a baseline, or where the score must be a reconstruction error;
    choose `anomaly.TableDetector` to detect anomalies. On 14 ADBench tables (``python -m benchmarks.quality --seeds 1
    --detectors AutoencoderDetector --data FOLDER``), its mean AUROC was 0.804 and its average precision 0.66 when
    fitted on normal records, and 0.688 and 0.34 with the anomalies among the training records: a network that trains
    long enough reconstructs those, too.

    The reference scores of `p_values` are those of the training records, which the network fits more closely than fresh
    ones. Of fresh normal records, random linear mixtures of as many independent normal variables as columns, 11 % had
    p-values of at most 0.05 with 1000 training records of five columns, 42 % with 100 of five, and 27 % with 1000 of
    thirty. `anomaly.TableDetector` with a `false_alarm_rate` scores held-out records for this.

    With fewer than twenty records for each column, the scores of the training records, and the threshold chosen by
    them, are held-out scores (`anomaly.detectors.cross_fitting`), which takes ten further fits, or five of 500 records
    and more. With 300 records of thirty columns 3 % had p-values of at most 0.05.

    References
    ----------
    Hinton & Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science 313 (2006); Vincent,
    Larochelle, Bengio & Manzagol, "Extracting and composing robust features with denoising autoencoders", ICML 2008;
    Sakurada & Yairi, "Anomaly detection using autoencoders with nonlinear dimensionality reduction", MLSDA 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly import AutoencoderDetector
    >>> x = np.random.default_rng(0).normal(size=(200, 2)) @ np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    >>> detector = AutoencoderDetector(hidden=(16, 2, 16), epochs=50, random_state=0).fit(x)
    >>> detector.predict([[0.0, 0.0, 0.0], [9.0, -9.0, 9.0]]).tolist()
    [0, 1]
    """

    _constraints: ClassVar[Mapping[str, Constraint]] = {
        "hidden": sizes(),
        "noise": number(least=0),
        "sparsity": number(least=0),
        **TRAINING_CONSTRAINTS,
        "batch_size": integer(least=1) | choice("auto"),
        "patience": integer(least=0) | choice(None),
        "ignore": names(),
    }

    history_: dict[str, list[float]]
    model_: Model
    normal_terms_: Array

    def __init__(
        self,
        hidden: Sequence[int] = (128, 32, 128),
        activation: str = "relu",
        noise: float = 0.2,
        sparsity: float = 0.0,
        contamination: float | str = "auto",
        threshold: Any = None,
        epochs: int | str = "auto",
        batch_size: int | str = "auto",
        learning_rate: float = 0.001,
        patience: int | None = None,
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
        self.activation = activation
        self.noise = noise
        self.sparsity = sparsity
        self.contamination = contamination
        self.threshold = threshold
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.scaling = scaling
        self.categorical = categorical
        self.dates = dates
        self.ignore = ignore
        self.random_state = random_state
        self.verbose = verbose
        self.keep = keep
        self.date_format = date_format
        self.time_zone = time_zone

    # -- fitting -------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, groups: Any = None) -> AutoencoderDetector:
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
        AutoencoderDetector
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
        plan = Plan(training=10, calibration=3)
        x, labels = self._fit_preprocessor(X, y)
        dependence = self._find_dependence(x, groups)
        seed = as_seed(self.random_state)
        with plan("training"):
            self.model_, self.history_ = self._train(x, seed, self.verbose)

        def score_without(fold: Array) -> Array:
            model, _ = self._train(np.delete(x, fold, axis=0), seed, verbose=0)
            return self._contributions(x[fold], model).sum(axis=1)

        terms = self._contributions(x, self.model_)
        self.normal_terms_ = np.quantile(terms, _NORMAL, axis=0)
        scores = terms.sum(axis=1)
        with plan("calibration"):
            self._set_threshold(self._comparable_scores(scores, score_without, dependence), labels)
        return self

    def _train(self, x: Array, seed: int | None, verbose: int) -> tuple[Model, History]:
        """Return the network, trained on features, and its losses."""
        with seeded(seed):
            model = self._build(x.shape[1])
            settings = FitSettings(self.epochs, self.batch_size, self.patience, verbose)
            # The targets are the inputs themselves, where known; the noise layer is active in training alone.
            features = FeatureSet.of(self.preprocessor_)
            inputs = _clipped(features.filled(x))
            return model, fit_network(model, inputs, targets(inputs, features.known(x)), settings, _STEPS)

    def _build(self, n_features: int) -> Model:
        inputs = Input((n_features,), name="record")
        h = GaussianNoise(self.noise, name="noise")(inputs) if self.noise else inputs
        for index, units in enumerate(self.hidden, start=1):
            name = f"hidden_{index}"
            h = Dense(units, self.activation, kernel_initializer="he_normal", name=name)(h)
            if self.sparsity and name == self._code_layer():
                h = ActivityRegularization(l1=self.sparsity, name="sparsity")(h)
        model = Model(inputs, Dense(n_features, name="reconstruction")(h), name="autoencoder")
        model.compile(optimizer=Adam(learning_rate=self.learning_rate), loss="masked_mse")
        return model

    def _code_layer(self) -> str:
        """Return the name of the middle hidden layer."""
        return f"hidden_{(len(self.hidden) + 1) // 2}"

    # -- scoring -------------------------------------------------------------------------------

    def decision_function(self, X: Any) -> Array:
        """Score records by the mean squared reconstruction error of their features.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records with the columns of the training table.

        Returns
        -------
        ndarray of float64 of shape (n_records,)
            Scores; larger is more anomalous. A record's score is independent of the batch.

        Raises
        ------
        NotFittedError
            If the detector has not been fitted.
        ValueError
            If columns are missing or unknown, or a value cannot be read.
        """
        return self.score_terms(X).sum(axis=1)

    def score_terms(self, X: Any) -> Array:
        """Return the terms of each record's score, by column.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records.

        Returns
        -------
        ndarray of float64 of shape (n_records, n_features_in_)
            Squared errors of the column's features, divided by the number of features; each row adds up to the score.
            A missing cell has the term 0. A single wrong value also spoils the reconstruction of other columns, and a
            network may reconstruct it well: `explain` tells better which column is to blame.
        """
        return self._contributions(self._features(X), self.model_)

    def explain(self, X: Any) -> Array:
        """Split each record's score into contributions of columns.

        A column contributes as far as the logarithm of the score falls if its value is replaced by its reconstruction
        from all other columns (see `anomaly.detectors.network_attribution`). Other columns have small contributions, a
        hundredth of the score in all. A record that scores no more than the median training record has nothing to
        explain: its contributions are its `score_terms`.

        Over faults of many kinds in made-up tables (``python -m benchmarks.quality.explanations --detector
        AutoencoderDetector``), the column with the fault came first in 96 % of the alarms; by `score_terms`, in 89 %.
        It takes about fifteen times as long as to score the records, more with more columns.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records.

        Returns
        -------
        ndarray of float64 of shape (n_records, n_features_in_)
            At least 0; each row adds up to the score, without rounding errors.
        """
        x = self._features(X)
        return self._subject().explain(x)

    def reconstruct(self, X: Any) -> Table:
        """Return the reconstruction of records, missing cells included, with the columns in their own units."""
        x = self._completed(self._features(X), self.model_)
        return self.preprocessor_.inverse_transform(_outputs(self.model_, x))

    def encode(self, X: Any) -> Array:
        """Return the code of each record, of shape (n_records, units of the code), for plots of the latent space."""
        x = self._completed(self._features(X), self.model_)
        encoder = Model(self.model_.input, self.model_.get_layer(self._code_layer()).output)
        codes: Array = encoder.predict(_clipped(x))
        return codes

    def _contributions(self, x: Array, model: Model) -> Array:
        features, completed = FeatureSet.of(self.preprocessor_), self._completed(x, model)
        errors, known = np.square(completed.astype(np.float64) - _outputs(model, completed)), features.known(x)
        if known is not None:
            errors = np.where(known, errors, 0.0)
        return self.preprocessor_.sum_by_column(errors / features.n_targets)

    def _subject(self) -> NetworkSubject:
        return NetworkSubject(
            FeatureSet.of(self.preprocessor_),
            lambda x: self._contributions(x, self.model_),
            lambda copies: outputs_by_record(self.model_, _clipped(copies)),
            lambda x: self._completed(x, self.model_),
            self.normal_terms_,
            levels_of(log_of(self.decision_scores_)),
            logarithmic=False,
        )

    def _completed(self, x: Array, model: Model) -> Array:
        return FeatureSet.of(self.preprocessor_).completed(x, partial(_outputs, model))

    def _described_networks(self) -> list[Model]:
        return [self.model_]

    # -- files ---------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        network, weights = model_to_parts(self.model_)
        config, arrays = self._preprocessing_state()
        arrays |= {f"model/{name}": array for name, array in weights.items()}
        arrays |= {"normal_terms": self.normal_terms_}
        return {"network": network, **config, "history": self.history_}, arrays

    def _restore(self, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
        self._check_parameters()
        self._restore_preprocessing(config, arrays)
        self.model_ = model_from_parts(config["network"], arrays_with_prefix(arrays, "model/"), label)
        self.history_ = config["history"]
        shape = (None, len(self.preprocessor_.feature_names_out_))
        if self.model_.input_shape != shape or self.model_.output_shape != shape:
            raise ValueError(f"its network maps {self.model_.input_shape} to {self.model_.output_shape}, not {shape}")
        # Files of earlier versions have none: their explanations are of the errors as they are.
        self.normal_terms_ = terms_from_state(arrays, "normal_terms", self.n_features_in_, default=0.0)


def _clipped(x: Array) -> Array:
    """Return features as inputs of the network."""
    return np.clip(x, -LARGEST_INPUT, LARGEST_INPUT)


def _outputs(model: Model, x: Array) -> Array:
    return outputs_by_record(model, _clipped(x)[:, np.newaxis])[:, 0]
