"""Losses and their derivatives.

A loss computes one value per sample (`per_sample`, over the last axis) and reduces them to their mean, weighted by the
sample weights. `gradient` is the derivative of the reduced loss with respect to every prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nnlite.losses.base import Loss
from nnlite.losses.classes import CategoricalHinge, Hinge, KLDivergence, SquaredHinge
from nnlite.losses.crossentropy import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from nnlite.losses.custom import FunctionLoss
from nnlite.losses.focal import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
)
from nnlite.losses.functions import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    categorical_hinge,
    cosine_similarity,
    dice,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    masked_mean_squared_error,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
    tversky,
)
from nnlite.losses.numbers import (
    CosineSimilarity,
    LogCosh,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    Poisson,
)
from nnlite.losses.overlap import Dice, Tversky
from nnlite.losses.regression import Huber, MaskedMeanSquaredError, MeanAbsoluteError, MeanSquaredError
from nnlite.registry import Registry, serialize

__all__ = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Dice",
    "FunctionLoss",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MaskedMeanSquaredError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "masked_mean_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "registry",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
bce = BCE = binary_crossentropy
kld = KLD = kullback_leibler_divergence = kl_divergence
logcosh = log_cosh

_functions: dict[Any, type[Loss]] = {
    mean_squared_error: MeanSquaredError,
    masked_mean_squared_error: MaskedMeanSquaredError,
    mean_absolute_error: MeanAbsoluteError,
    mean_absolute_percentage_error: MeanAbsolutePercentageError,
    mean_squared_logarithmic_error: MeanSquaredLogarithmicError,
    huber: Huber,
    log_cosh: LogCosh,
    poisson: Poisson,
    cosine_similarity: CosineSimilarity,
    hinge: Hinge,
    squared_hinge: SquaredHinge,
    categorical_hinge: CategoricalHinge,
    kl_divergence: KLDivergence,
    binary_crossentropy: BinaryCrossentropy,
    categorical_crossentropy: CategoricalCrossentropy,
    sparse_categorical_crossentropy: SparseCategoricalCrossentropy,
    binary_focal_crossentropy: BinaryFocalCrossentropy,
    categorical_focal_crossentropy: CategoricalFocalCrossentropy,
    categorical_generalized_cross_entropy: CategoricalGeneralizedCrossEntropy,
    dice: Dice,
    tversky: Tversky,
}

registry: Registry[Loss] = Registry("loss", Loss)
for _class, *_aliases in (
    (MeanSquaredError, "mse", "MSE"),
    (MaskedMeanSquaredError, "masked_mse"),
    (MeanAbsoluteError, "mae", "MAE"),
    (MeanAbsolutePercentageError, "mape", "MAPE"),
    (MeanSquaredLogarithmicError, "msle", "MSLE"),
    (Huber, "huber"),
    (LogCosh, "logcosh"),
    (Poisson,),
    (CosineSimilarity,),
    (Hinge,),
    (SquaredHinge,),
    (CategoricalHinge,),
    (KLDivergence, "kld", "KLD", "kullback_leibler_divergence"),
    (BinaryCrossentropy, "bce", "BCE"),
    (CategoricalCrossentropy,),
    (SparseCategoricalCrossentropy,),
    (BinaryFocalCrossentropy,),
    (CategoricalFocalCrossentropy,),
    (CategoricalGeneralizedCrossEntropy,),
    (Dice,),
    (Tversky,),
):
    registry.register(_class, _class.__name__, _class.default_name, *_aliases)
registry.register(FunctionLoss, "FunctionLoss")


def get(identifier: str | Mapping[str, Any] | Loss | Callable[..., Any]) -> Loss:
    """Return a loss from a name, a configuration, an instance or a function of targets and predictions.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If `identifier` is of another type.

    Examples
    --------
    >>> get("mse").name
    'mean_squared_error'
    """
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    if callable(identifier) and not isinstance(identifier, (Loss, type)):
        return _functions[identifier]() if identifier in _functions else FunctionLoss(identifier)
    return registry.get(identifier)  # type: ignore[arg-type]


deserialize = registry.get
