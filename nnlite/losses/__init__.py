"""Losses and their derivatives.

A loss computes one value per sample (`per_sample`, over the last axis) and reduces them to their mean, weighted by the
sample weights. `gradient` is the derivative of the reduced loss with respect to every prediction.

Each loss is imported on first access, so that a program starts in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnlite.losses.base import Loss
from nnlite.registry import Registry, serialize

if TYPE_CHECKING:
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
    from nnlite.losses.overlap import Dice, Tversky
    from nnlite.losses.rare_functions import (
        binary_focal_crossentropy,
        categorical_focal_crossentropy,
        categorical_generalized_cross_entropy,
        dice,
        tversky,
    )
    from nnlite.losses.regression import Huber, MaskedMeanSquaredError, MeanAbsoluteError, MeanSquaredError

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

# The module that each loss is imported from on first access, and its names in `compile` beside that of the class. The
# first one is that of the function that computes it.
_CLASSES = {
    "MeanSquaredError": ("losses.regression", ("mean_squared_error", "mse", "MSE")),
    "MaskedMeanSquaredError": ("losses.regression", ("masked_mean_squared_error", "masked_mse")),
    "MeanAbsoluteError": ("losses.regression", ("mean_absolute_error", "mae", "MAE")),
    "Huber": ("losses.regression", ("huber", "huber_loss")),
    "MeanAbsolutePercentageError": ("losses.numbers", ("mean_absolute_percentage_error", "mape", "MAPE")),
    "MeanSquaredLogarithmicError": ("losses.numbers", ("mean_squared_logarithmic_error", "msle", "MSLE")),
    "LogCosh": ("losses.numbers", ("log_cosh", "logcosh")),
    "Poisson": ("losses.numbers", ("poisson",)),
    "CosineSimilarity": ("losses.numbers", ("cosine_similarity",)),
    "Hinge": ("losses.classes", ("hinge",)),
    "SquaredHinge": ("losses.classes", ("squared_hinge",)),
    "CategoricalHinge": ("losses.classes", ("categorical_hinge",)),
    "KLDivergence": ("losses.classes", ("kl_divergence", "kld", "KLD", "kullback_leibler_divergence")),
    "BinaryCrossentropy": ("losses.crossentropy", ("binary_crossentropy", "bce", "BCE")),
    "CategoricalCrossentropy": ("losses.crossentropy", ("categorical_crossentropy",)),
    "SparseCategoricalCrossentropy": ("losses.crossentropy", ("sparse_categorical_crossentropy",)),
    "BinaryFocalCrossentropy": ("losses.focal", ("binary_focal_crossentropy",)),
    "CategoricalFocalCrossentropy": ("losses.focal", ("categorical_focal_crossentropy",)),
    "CategoricalGeneralizedCrossEntropy": ("losses.focal", ("categorical_generalized_cross_entropy",)),
    "Dice": ("losses.overlap", ("dice",)),
    "Tversky": ("losses.overlap", ("tversky",)),
    "FunctionLoss": ("losses.custom", ()),
    "GaussianNLL": ("likelihoods", ("gaussian_nll",)),
    "MaskedGaussianNLL": ("likelihoods", ("masked_gaussian_nll",)),
    "BernoulliNLL": ("likelihoods", ("bernoulli_nll",)),
}
_RARE = ("losses.focal", "losses.overlap")
_FUNCTIONS = {
    names[0]: "losses.rare_functions" if module in _RARE else "losses.functions"
    for module, names in _CLASSES.values()
    if names and module != "likelihoods"
}
# Short names of functions, as in Keras.
_ALIASES = {
    "mse": "mean_squared_error",
    "MSE": "mean_squared_error",
    "mae": "mean_absolute_error",
    "MAE": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "MAPE": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "MSLE": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy",
    "BCE": "binary_crossentropy",
    "kld": "kl_divergence",
    "KLD": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
}


def __getattr__(name: str) -> Any:
    """Import a loss or its function on first access."""
    original = _ALIASES.get(name, name)
    module = _CLASSES[original][0] if original in _CLASSES else _FUNCTIONS.get(original)
    if module is None or (module == "likelihoods"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module(f"nnlite.{module}"), original)
    return globals()[name]


def __dir__() -> list[str]:
    """Return all names, imported or not."""
    return sorted({*globals(), *__all__})


class _Later:
    """Makes a loss whose module is imported when it is needed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def _imported(self) -> Any:
        return getattr(import_module(f"nnlite.{_CLASSES[self.name][0]}"), self.name)

    def __call__(self, **settings: Any) -> Any:
        """Make the loss with its defaults, or as configured."""
        return self._imported()(**settings)

    def from_config(self, config: dict[str, Any]) -> Any:
        """Make the loss that `config` describes."""
        return self._imported().from_config(config)


registry: Registry[Loss] = Registry("loss", Loss)
for _name, (_, _names) in _CLASSES.items():
    registry.register(_Later(_name), _name, *_names)


def _class_of(function: Callable[..., Any]) -> Any:
    """Return the loss that a function of this module computes, or None."""
    name = getattr(function, "__name__", "")
    if name not in _FUNCTIONS or function is not getattr(import_module(f"nnlite.{_FUNCTIONS[name]}"), name):
        return None
    return __getattr__(next(loss for loss, (_, names) in _CLASSES.items() if name in names))


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
        return __getattr__("FunctionLoss")(identifier) if known is None else known()
    return registry.get(identifier)  # type: ignore[arg-type]


deserialize = registry.get
