"""Losses and their derivatives.

A loss computes one value per sample (`per_sample`, over the last axis) and reduces them to their mean, weighted by the
sample weights. `gradient` is the derivative of the reduced loss with respect to every prediction.

Losses that are rarely used are imported on first access, so that a program starts in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnlite.losses.base import Loss
from nnlite.losses.classes import CategoricalHinge, Hinge, KLDivergence, SquaredHinge
from nnlite.losses.crossentropy import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from nnlite.losses.custom import FunctionLoss
from nnlite.losses.functions import (
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    cosine_similarity,
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
)
from nnlite.losses.numbers import (
    CosineSimilarity,
    LogCosh,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    Poisson,
)
from nnlite.losses.regression import Huber, MaskedMeanSquaredError, MeanAbsoluteError, MeanSquaredError
from nnlite.registry import Registry, serialize

if TYPE_CHECKING:
    from nnlite.losses.focal import (
        BinaryFocalCrossentropy,
        CategoricalFocalCrossentropy,
        CategoricalGeneralizedCrossEntropy,
    )
    from nnlite.losses.overlap import Dice, Tversky
    from nnlite.losses.rare_functions import (
        binary_focal_crossentropy,
        categorical_focal_crossentropy,
        categorical_generalized_cross_entropy,
        dice,
        tversky,
    )

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
):
    registry.register(_class, _class.__name__, _class.default_name, *_aliases)
registry.register(FunctionLoss, "FunctionLoss")

# Losses that are imported on first access: their modules, and the names of their functions.
_LATER = {
    "BinaryFocalCrossentropy": ("focal", "binary_focal_crossentropy"),
    "CategoricalFocalCrossentropy": ("focal", "categorical_focal_crossentropy"),
    "CategoricalGeneralizedCrossEntropy": ("focal", "categorical_generalized_cross_entropy"),
    "Dice": ("overlap", "dice"),
    "Tversky": ("overlap", "tversky"),
}
_LATER_FUNCTIONS = {function: name for name, (_, function) in _LATER.items()}


def __getattr__(name: str) -> Any:
    """Import a loss or its function on first access."""
    if name not in _LATER and name not in _LATER_FUNCTIONS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _LATER[name][0] if name in _LATER else "rare_functions"
    globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
    return globals()[name]


def __dir__() -> list[str]:
    """Return all names, imported or not."""
    return sorted({*globals(), *__all__})


class _Later:
    """Makes a loss whose module is imported when it is needed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, **settings: Any) -> Any:
        """Make the loss with its defaults, or as configured."""
        return __getattr__(self.name)(**settings)

    def from_config(self, config: dict[str, Any]) -> Any:
        """Make the loss that `config` describes."""
        return __getattr__(self.name).from_config(config)


for _name, (_, _function) in _LATER.items():
    registry.register(_Later(_name), _name, _function)


def _class_of(function: Callable[..., Any]) -> Any:
    """Return the loss that a function of this module computes, or None."""
    if function in _functions:
        return _functions[function]
    name = getattr(function, "__name__", "")
    is_ours = name in _LATER_FUNCTIONS and function is __getattr__(name)
    return __getattr__(_LATER_FUNCTIONS[name]) if is_ours else None


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
        known = _class_of(identifier)
        return FunctionLoss(identifier) if known is None else known()
    return registry.get(identifier)  # type: ignore[arg-type]


deserialize = registry.get
