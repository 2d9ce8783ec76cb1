"""Names of metrics: in the arguments of ``compile``, in configurations, and of functions that stand for metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from nnlite import losses
from nnlite.metrics import functions
from nnlite.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    FittingAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from nnlite.metrics.base import Mean, MeanMetricWrapper, Metric, Sum
from nnlite.metrics.errors import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from nnlite.registry import Registry

# Modules of the metrics that are imported on first access, by the name of the metric in configurations of `compile`.
LATER = {
    name: module
    for module, names in (
        ("area", "AUC"),
        ("determination", "R2Score"),
        ("confusion", "F1Score FBetaScore FalseNegatives FalsePositives Precision Recall TrueNegatives TruePositives"),
        ("correlation", "ConcordanceCorrelation PearsonCorrelation"),
        ("intersection", "BinaryIoU IoU MeanIoU OneHotIoU OneHotMeanIoU"),
        ("operating_points", "PrecisionAtRecall RecallAtPrecision SensitivityAtSpecificity SpecificityAtSensitivity"),
    )
    for name in names.split()
}


class _Later:
    """Makes a metric whose module is imported when it is needed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, **settings: Any) -> Any:
        return getattr(import_module(f"nnlite.metrics.{LATER[self.name]}"), self.name)(**settings)


registry: Registry[Metric] = Registry("metric", Metric)
for _class, *_aliases in (
    (Mean, "mean"),
    (Sum, "sum"),
    (MeanSquaredError, "mean_squared_error"),
    (RootMeanSquaredError, "root_mean_squared_error"),
    (MeanAbsoluteError, "mean_absolute_error"),
    (MeanAbsolutePercentageError, "mean_absolute_percentage_error"),
    (MeanSquaredLogarithmicError, "mean_squared_logarithmic_error"),
    (LogCoshError, "logcosh"),
    (Poisson, "poisson"),
    (CosineSimilarity, "cosine_similarity"),
    (KLDivergence, "kl_divergence"),
    (Hinge, "hinge"),
    (SquaredHinge, "squared_hinge"),
    (CategoricalHinge, "categorical_hinge"),
    (BinaryCrossentropy, "binary_crossentropy"),
    (CategoricalCrossentropy, "categorical_crossentropy"),
    (SparseCategoricalCrossentropy, "sparse_categorical_crossentropy"),
    (BinaryAccuracy, "binary_accuracy"),
    (CategoricalAccuracy, "categorical_accuracy"),
    (SparseCategoricalAccuracy, "sparse_categorical_accuracy"),
    (TopKCategoricalAccuracy, "top_k_categorical_accuracy"),
    (SparseTopKCategoricalAccuracy, "sparse_top_k_categorical_accuracy"),
):
    registry.register(_class, _class.__name__, *_aliases)
# A short name in the arguments of `compile` is also the name in the logs.
for _metric, _short in (
    (MeanSquaredError, "mse"),
    (MeanSquaredError, "MSE"),
    (MeanAbsoluteError, "mae"),
    (MeanAbsoluteError, "MAE"),
    (MeanAbsolutePercentageError, "mape"),
    (MeanAbsolutePercentageError, "MAPE"),
    (MeanSquaredLogarithmicError, "msle"),
    (MeanSquaredLogarithmicError, "MSLE"),
    (RootMeanSquaredError, "rmse"),
    (RootMeanSquaredError, "RMSE"),
    (BinaryCrossentropy, "bce"),
    (KLDivergence, "kld"),
    (FittingAccuracy, "accuracy"),
    (FittingAccuracy, "acc"),
):
    registry.register(lambda made=_metric, short=_short: made(name=short), _short)
registry.register(FittingAccuracy, "Accuracy", "FittingAccuracy")
registry.register(Accuracy, "ExactAccuracy")
registry.register(MeanMetricWrapper, "MeanMetricWrapper")
for _name in LATER:
    registry.register(_Later(_name), _name, {"F1Score": "f1_score", "R2Score": "r2_score"}.get(_name, _name.lower()))

_functions: dict[Any, str] = {
    getattr(losses, name, None) or getattr(functions, name): name
    for name in [
        "mean_squared_error",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_logarithmic_error",
        "binary_crossentropy",
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
        "binary_accuracy",
        "categorical_accuracy",
        "sparse_categorical_accuracy",
    ]
}


def get(identifier: str | Mapping[str, Any] | Metric | losses.Loss | Callable[..., Any]) -> Metric:
    """Return a metric from a name, a configuration, an instance, or a loss or function of targets and predictions.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If `identifier` is of another type.

    Examples
    --------
    >>> get("mae").name, get(lambda y_true, y_pred: abs(y_pred - y_true)).name
    ('mae', '<lambda>')
    """
    if isinstance(identifier, losses.Loss):
        loss = identifier
        return MeanMetricWrapper(lambda y, p: loss.per_sample(*loss.align(y, p)), name=loss.name)
    if callable(identifier) and not isinstance(identifier, (Metric, type)):
        known = _functions.get(identifier)
        return MeanMetricWrapper(identifier) if known is None else registry.create(known)
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if isinstance(identifier, str):
        # A name that a program gives is that of the values in the history.
        made = registry.get(identifier)
        made.name = identifier
        return made
    return registry.get(identifier)  # type: ignore[arg-type]


deserialize = registry.get
