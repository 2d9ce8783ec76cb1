"""Metrics: values of predictions, updated batch by batch.

They are imported on first access, so that a program starts in milliseconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnlite.metrics.base import Mean, MeanMetricWrapper, Metric, Sum
from nnlite.registry import serialize

if TYPE_CHECKING:
    from nnlite.losses import (
        binary_crossentropy,
        binary_focal_crossentropy,
        categorical_crossentropy,
        categorical_focal_crossentropy,
        categorical_hinge,
        cosine_similarity,
        hinge,
        huber,
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
    from nnlite.metrics.intersection import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
    from nnlite.metrics.names import deserialize, get, registry
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

# Modules that names are imported from on first access.
_MODULES = {
    name: module
    for module, names in (
        ("metrics.names", "deserialize get registry"),
        ("metrics.accuracy", "Accuracy BinaryAccuracy CategoricalAccuracy FittingAccuracy SparseCategoricalAccuracy"),
        ("metrics.accuracy", "SparseTopKCategoricalAccuracy TopKCategoricalAccuracy"),
        ("metrics.errors", "BinaryCrossentropy CategoricalCrossentropy CategoricalHinge CosineSimilarity Hinge"),
        ("metrics.errors", "KLDivergence LogCoshError MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError"),
        ("metrics.errors", "MeanSquaredLogarithmicError Poisson RootMeanSquaredError SparseCategoricalCrossentropy"),
        ("metrics.errors", "SquaredHinge"),
        ("metrics.area", "AUC"),
        ("metrics.determination", "R2Score"),
        ("metrics.confusion", "F1Score FBetaScore FalseNegatives FalsePositives Precision Recall"),
        ("metrics.confusion", "TrueNegatives TruePositives"),
        ("metrics.correlation", "ConcordanceCorrelation PearsonCorrelation"),
        ("metrics.correlation", "concordance_correlation pearson_correlation"),
        ("metrics.intersection", "BinaryIoU IoU MeanIoU OneHotIoU OneHotMeanIoU"),
        ("metrics.operating_points", "PrecisionAtRecall RecallAtPrecision"),
        ("metrics.operating_points", "SensitivityAtSpecificity SpecificityAtSensitivity"),
        ("metrics.functions", "binary_accuracy categorical_accuracy sparse_categorical_accuracy"),
        ("metrics.functions", "sparse_top_k_categorical_accuracy top_k_categorical_accuracy"),
        ("losses", "binary_crossentropy binary_focal_crossentropy categorical_crossentropy"),
        ("losses", "categorical_focal_crossentropy categorical_hinge cosine_similarity hinge huber kl_divergence"),
        ("losses", "log_cosh mean_absolute_error mean_absolute_percentage_error mean_squared_error"),
        ("losses", "mean_squared_logarithmic_error poisson sparse_categorical_crossentropy squared_hinge"),
        ("losses", "mse MSE mae MAE mape MAPE msle MSLE kld KLD kullback_leibler_divergence"),
    )
    for name in names.split()
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module(f"nnlite.{_MODULES[name]}"), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
