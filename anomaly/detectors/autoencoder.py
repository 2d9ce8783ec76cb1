"""A network that learns to repair usual records, and so fails at unusual ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from anomaly.detectors.base import BaseDetector, register
from anomaly.preprocessing import TablePreprocessor
from anomaly.tables import Table, as_table
from nnlite.callbacks import EarlyStopping
from nnlite.layers import Dense, GaussianNoise, Input
from nnlite.models import Model
from nnlite.optimizers import Adam
from nnlite.random import global_generator, seeded
from nnlite.serialization import model_from_parts, model_to_parts
from nnlite.types import Array

_STEPS = 3000
_CHUNK = 8192


@register
class AutoencoderDetector(BaseDetector):
    r"""Find unusual records by how badly an autoencoder reconstructs them.

    The network f is trained to give back the record x from a disturbed copy of it:

    .. math:: \min_\theta\; \mathbb{E}\,\lVert f_\theta(x + \sigma\varepsilon) - x \rVert^2,
              \qquad \varepsilon \sim N(0, I)

    To undo noise it has to know where usual records lie, and it pulls every record towards there. The score of a
    record is the mean squared distance, over its d preprocessed features, between the record and what the network
    makes of K disturbed copies of it:

    .. math:: s(x) = \frac{1}{K d} \sum_{k=1}^{K} \sum_{j=1}^{d} \bigl(x_j - f_\theta(x + \sigma\varepsilon_k)_j\bigr)^2

    The K disturbances are drawn once, when the detector is fitted, and are the same for every record: a record's score
    depends on nothing but the record, and differences between scores are not blurred by luck.

    Each column's part of that sum is what `explain` returns.

    Parameters
    ----------
    hidden : sequence of int, default (128, 128)
        Units of the hidden layers. With noise they may be wider than the data; without noise the middle one should be
        narrower, or the network learns to copy.
    activation : str, default "relu"
        Of the hidden layers; the output is linear, since standardised data has no bounds.
    noise : float, default 0.5
        :math:`\sigma`, in units of the scaled features' spread.
    draws : int, default 8
        K; 0 scores the undisturbed record. More of them cost time when scoring, none when training.
    contamination : "auto" or float, default "auto"
        The share of anomalies among the training records, above 0 and at most 0.5; "auto" judges by the
        training scores themselves (see `anomaly.thresholds.AutoThreshold`).
    threshold : str, float or Threshold, optional
        How to choose the threshold, in place of `contamination`: "quantile", "sigma", "mad", "iqr",
        "pot", "best_f1" (needs labels), a number, or an instance from `anomaly.thresholds`.
    epochs : int or "auto", default "auto"
        Times that training goes through the records; "auto": as many as make 3000 steps.
    batch_size : int, default 128
        Records per step.
    learning_rate : float, default 0.001
        Of the Adam optimizer.
    patience : int, optional
        Stop when the loss on a tenth of the records, kept apart, has not improved for so many epochs.
        By default training runs all its epochs, on all records.
    scaling : {"standard", "minmax", "robust", "quantile", "none"}, default "standard"
        How numeric columns are scaled; see `anomaly.preprocessing.TablePreprocessor`.
    categorical : sequence of str, optional
        Columns to treat as categories though they hold numbers. Text columns are categories anyway.
    ignore : sequence of str, optional
        Columns that are no features, such as labels and identifiers. They may be there or not in any table.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default None
        Where randomness comes from. The same int gives the same detector, bit by bit.
    verbose : {0, 1, 2}, default 0
        Progress of training, as in `nnlite.models.Model.fit`.

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n_records,)
        Scores of the training records.
    threshold_ : float
        Records that score above it are anomalies.
    labels_ : ndarray of int of shape (n_records,)
        Labels of the training records.
    n_features_in_ : int
        Number of columns seen by `fit`.
    feature_names_in_ : ndarray of str
        Their names.
    history_ : dict of str to list of float
        The loss after each epoch.
    model_ : nnlite.models.Model
        The network.
    disturbances_ : ndarray of float32 of shape (draws, n_features_out)
        What is added to a record before it is reconstructed.
    preprocessor_ : anomaly.preprocessing.TablePreprocessor
        What turns records into its input.

    References
    ----------
    Vincent et al., "Extracting and composing robust features with denoising autoencoders", ICML 2008; Alain & Bengio,
    "What regularized auto-encoders learn from the data-generating distribution", JMLR 15 (2014).

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly import AutoencoderDetector
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 2)) @ np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    >>> detector = AutoencoderDetector(hidden=(16,), epochs=50, random_state=0).fit(x)
    >>> detector.predict([[0.0, 0.0, 0.0], [9.0, -9.0, 9.0]]).tolist()
    [0, 1]
    """

    def __init__(
        self,
        hidden: Sequence[int] = (128, 128),
        activation: str = "relu",
        noise: float = 0.5,
        draws: int = 8,
        contamination: float | str = "auto",
        threshold: Any = None,
        epochs: int | str = "auto",
        batch_size: int = 128,
        learning_rate: float = 0.001,
        patience: int | None = None,
        scaling: str = "standard",
        categorical: Sequence[str] | None = None,
        ignore: Sequence[str] | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.noise = noise
        self.draws = draws
        self.contamination = contamination
        self.threshold = threshold
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.scaling = scaling
        self.categorical = categorical
        self.ignore = ignore
        self.random_state = random_state
        self.verbose = verbose

    # -- fitting -------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None) -> AutoencoderDetector:
        """Learn what is usual.

        Parameters
        ----------
        X : array, data frame, list of records, or Table of shape (n_records, n_features)
            Training records, best without anomalies; a small share of them does little harm.
        y : array_like of 0 and 1, optional
            Labels, used only to choose a threshold that needs them ("best_f1").

        Returns
        -------
        AutoencoderDetector
            The detector itself.

        Raises
        ------
        ValueError
            If a parameter or the table is unusable.
        """
        self._check_parameters()
        table = self._as_table(X)
        if len(table) < 2:
            raise ValueError(
                f"fit needs at least 2 records to learn what is usual; found {len(table)} (n_samples = {len(table)})"
            )
        labels = None if y is None else np.asarray(y)
        if labels is not None and labels.shape != (len(table),):
            raise ValueError(f"y must have one label per record ({len(table)}); found shape {labels.shape}")
        self.preprocessor_ = TablePreprocessor(scaling=self.scaling, categorical=self.categorical)
        x = self.preprocessor_.fit_transform(table)
        self._take_columns()
        with seeded(_as_seed(self.random_state)):
            self.model_ = self._build(x.shape[1])
            self.history_ = self._train(x)
            self.disturbances_ = self._draw(x.shape[1])
        self._set_threshold(self._errors(x).mean(axis=1, dtype=np.float64), labels)
        return self

    def _take_columns(self) -> None:
        self.n_features_in_ = self.preprocessor_.n_features_in_
        self.feature_names_in_ = self.preprocessor_.feature_names_in_

    def _build(self, n_features: int) -> Model:
        inputs = Input(shape=(n_features,), name="record")
        x = GaussianNoise(self.noise, name="noise")(inputs) if self.noise else inputs
        for number, units in enumerate(self.hidden, start=1):
            x = Dense(units, self.activation, kernel_initializer="he_normal", name=f"hidden_{number}")(x)
        outputs = Dense(n_features, name="reconstruction")(x)
        model = Model(inputs, outputs, name="autoencoder")
        model.compile(optimizer=Adam(learning_rate=self.learning_rate), loss="mse")
        return model

    def _train(self, x: Array) -> dict[str, list[float]]:
        steps = -(-len(x) // self.batch_size)
        epochs = -(-_STEPS // steps) if self.epochs == "auto" else int(self.epochs)
        stops = (
            []
            if self.patience is None
            else [EarlyStopping("val_loss", patience=self.patience, restore_best_weights=True)]
        )
        history = self.model_.fit(
            x,
            x,
            batch_size=self.batch_size,
            epochs=epochs,
            validation_split=0.1 if stops else 0.0,
            callbacks=stops,
            verbose=self.verbose,
        )
        return {name: [float(v) for v in values] for name, values in history.history.items()}

    def _draw(self, n_features: int) -> Array:
        if not (self.noise and self.draws):
            return np.zeros((1, n_features), np.float32)
        drawn = global_generator().standard_normal((self.draws, n_features), dtype=np.float32)
        return drawn * np.float32(self.noise)

    def _check_parameters(self) -> None:
        self._check_contamination()
        hidden = _listed(self.hidden)
        if not hidden or any(not _is_whole(units) or units < 1 for units in hidden):
            raise ValueError(
                f"hidden must be the sizes of one or more layers, such as (128, 128); found {self.hidden!r}"
            )
        if not (_is_number(self.noise) and 0 <= self.noise < np.inf):
            raise ValueError(f"noise must be a number of at least 0; found {self.noise!r}")
        if not _is_whole(self.draws) or self.draws < 0:
            raise ValueError(f"draws must be a whole number of at least 0; found {self.draws!r}")
        if self.epochs != "auto" and (not _is_whole(self.epochs) or int(self.epochs) < 1):
            raise ValueError(f"epochs must be 'auto' or a whole number of at least 1; found {self.epochs!r}")
        if not _is_whole(self.batch_size) or self.batch_size < 1:
            raise ValueError(f"batch_size must be a whole number of at least 1; found {self.batch_size!r}")
        if not (_is_number(self.learning_rate) and 0 < self.learning_rate < np.inf):
            raise ValueError(f"learning_rate must be a number above 0; found {self.learning_rate!r}")
        names = self.ignore
        if names is not None and (isinstance(names, str) or not all(isinstance(name, str) for name in _listed(names))):
            raise ValueError(f"ignore must be a list of column names; found {names!r}")
        if self.patience is not None and (not _is_whole(self.patience) or self.patience < 0):
            raise ValueError(f"patience must be None or a whole number of at least 0; found {self.patience!r}")

    # -- judging records -----------------------------------------------------------------------

    def decision_function(self, X: Any) -> Array:
        """Score records.

        Parameters
        ----------
        X : table of shape (n_records, n_features)
            Records with the columns of the training table; named columns may come in another order.

        Returns
        -------
        ndarray of float64 of shape (n_records,)
            Mean squared error of reconstruction; larger is more anomalous.

        Raises
        ------
        NotFittedError
            If the detector has not been fitted.
        ValueError
            If columns are missing or unknown, or a value cannot be read.
        """
        return np.concatenate([errors.mean(axis=1, dtype=np.float64) for errors in self._error_chunks(X)])

    def explain(self, X: Any, normalize: bool = False) -> Array:
        """Return each original column's part of each record's score.

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
            In the order of ``feature_names_in_``.
        """
        parts = np.concatenate(
            [
                self.preprocessor_.sum_by_column(errors.astype(np.float64)) / errors.shape[1]
                for errors in self._error_chunks(X)
            ]
        )
        if normalize:
            totals = parts.sum(axis=1, keepdims=True)
            parts = np.divide(parts, totals, out=np.zeros_like(parts), where=totals > 0)
        return parts

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
        middle = self.model_.get_layer(f"hidden_{len(self.hidden) // 2 + len(self.hidden) % 2}")
        encoder = Model(self.model_.input, middle.output)
        codes: Array = encoder.predict(self.preprocessor_.transform(self._as_table(X)))
        return codes

    def _as_table(self, X: Any) -> Table:
        table = as_table(X)
        ignored = [name for name in self.ignore or () if name in table.names]
        return table.drop(ignored) if ignored else table

    def _error_chunks(self, X: Any) -> Iterator[Array]:
        """Yield the squared errors by feature, some thousands of records at a time."""
        self._check_fitted()
        table = self._as_table(X)
        for start in range(0, max(len(table), 1), _CHUNK):
            yield self._errors(self.preprocessor_.transform(table.rows(slice(start, start + _CHUNK))))

    def _errors(self, x: Array) -> Array:
        total = np.zeros_like(x)
        for disturbance in self.disturbances_:
            total += np.square(x - self.model_.predict(x + disturbance))
        total /= np.float32(len(self.disturbances_))
        return total

    # -- files ---------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        network, weights = model_to_parts(self.model_)
        columns, tables = self.preprocessor_.get_state()
        arrays = {
            "disturbances": self.disturbances_,
            **{f"model/{name}": array for name, array in weights.items()},
            **{f"preprocessing/{name}": array for name, array in tables.items()},
        }
        return {"network": network, "preprocessing": columns, "history": self.history_}, arrays

    def _restore(self, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
        self._check_parameters()
        self.preprocessor_ = TablePreprocessor.from_state(config["preprocessing"], _under(arrays, "preprocessing/"))
        self._take_columns()
        self.model_ = model_from_parts(config["network"], _under(arrays, "model/"), label)
        self.history_ = config["history"]
        width = len(self.preprocessor_.feature_names_out_)
        self.disturbances_ = arrays["disturbances"]
        if self.disturbances_.ndim != 2 or self.disturbances_.shape[1] != width or not len(self.disturbances_):
            raise ValueError(f"its disturbances have shape {self.disturbances_.shape} for {width} features")
        if self.model_.input_shape != (None, width) or self.model_.output_shape != (None, width):
            raise ValueError(
                f"its network takes {self.model_.input_shape} and its preprocessing makes {width} features"
            )


def _under(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _listed(value: Any) -> list[Any]:
    """Return what is in a sequence; of anything else, the thing itself."""
    return list(value) if isinstance(value, Iterable) else [value]


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_whole(value) or isinstance(value, (float, np.floating))


def _as_seed(random_state: Any) -> int | None:
    """Turn what scikit-learn and NumPy call a random state into a seed."""
    if random_state is None:
        return None
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if _is_whole(random_state) and random_state >= 0:
        return int(random_state)
    raise ValueError(
        f"random_state must be None, a whole number of at least 0 or a NumPy generator; found {random_state!r}"
    )
