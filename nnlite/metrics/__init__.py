"""Metrics: values of predictions, updated batch by batch.

Those that are rarely used are imported on first access, so that a program starts in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnlite import losses
from nnlite.losses import (
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    cosine_similarity,
    hinge,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
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
from nnlite.metrics.functions import (
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from nnlite.registry import Registry, serialize

if TYPE_CHECKING:
    from nnlite.losses import binary_focal_crossentropy, categorical_focal_crossentropy, huber
    from nnlite.metrics.area import AUC
    from nnlite.metrics.confusion import (
        F1Score,
        FalseNegatives,
        FalsePositives,
        FBetaScore,
        Precision,
        Recall,
        TrueNegatives,
        TruePositives,
    )
    from nnlite.metrics.correlation import (
        ConcordanceCorrelation,
        PearsonCorrelation,
        concordance_correlation,
        pearson_correlation,
    )
    from nnlite.metrics.determination import R2Score
    from nnlite.metrics.intersection import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
    from nnlite.metrics.operating_points import (
        PrecisionAtRecall,
        RecallAtPrecision,
        SensitivityAtSpecificity,
        SpecificityAtSensitivity,
    )

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "FittingAccuracy",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "cosine_similarity",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "pearson_correlation",
    "poisson",
    "registry",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence = kl_divergence

# Modules of the metrics that are imported on first access, by the name of the metric in configurations of `compile`.
_LATER = {
    "AUC": "area",
    "R2Score": "determination",
    **dict.fromkeys(
        (
            "F1Score",
            "FBetaScore",
            "FalseNegatives",
            "FalsePositives",
            "Precision",
            "Recall",
            "TrueNegatives",
            "TruePositives",
        ),
        "confusion",
    ),
    **dict.fromkeys(("ConcordanceCorrelation", "PearsonCorrelation"), "correlation"),
    **dict.fromkeys(("BinaryIoU", "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"), "intersection"),
    **dict.fromkeys(
        ("PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity"),
        "operating_points",
    ),
}
# Functions that are imported on first access.
_LATER_FUNCTIONS = {
    **dict.fromkeys(("concordance_correlation", "pearson_correlation"), "metrics.correlation"),
    **dict.fromkeys(("binary_focal_crossentropy", "categorical_focal_crossentropy", "huber"), "losses"),
}


def __getattr__(name: str) -> Any:
    if name in _LATER_FUNCTIONS:
        return getattr(import_module(f"nnlite.{_LATER_FUNCTIONS[name]}"), name)
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"nnlite.metrics.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Later:
    """Makes a metric whose module is imported when it is needed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, **settings: Any) -> Any:
        return __getattr__(self.name)(**settings)


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
for _name in _LATER:
    registry.register(_Later(_name), _name, {"F1Score": "f1_score", "R2Score": "r2_score"}.get(_name, _name.lower()))

_functions: dict[Any, str] = {
    mean_squared_error: "mean_squared_error",
    mean_absolute_error: "mean_absolute_error",
    mean_absolute_percentage_error: "mean_absolute_percentage_error",
    mean_squared_logarithmic_error: "mean_squared_logarithmic_error",
    binary_crossentropy: "binary_crossentropy",
    categorical_crossentropy: "categorical_crossentropy",
    sparse_categorical_crossentropy: "sparse_categorical_crossentropy",
    binary_accuracy: "binary_accuracy",
    categorical_accuracy: "categorical_accuracy",
    sparse_categorical_accuracy: "sparse_categorical_accuracy",
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
    return registry.get(identifier)  # type: ignore[arg-type]


deserialize = registry.get
