"""Activation functions and their derivatives.

An activation function computes y = f(x). Its `backward` computes the derivative of the loss with respect to x from the
derivative with respect to y, by the chain rule:

    dx = dy f'(x)

Its arguments are both x and y, since the derivative of some functions is a simpler function of the output: that of the
sigmoid function is y (1 - y).

They are imported on first access, so that a program starts in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnlite.activations.base import ActivationFunction
from nnlite.activations.rectifiers import Linear
from nnlite.registry import Registry, serialize

if TYPE_CHECKING:
    from nnlite.activations.custom import FunctionActivation
    from nnlite.activations.more import CELU, HardSiLU, LogSigmoid, LogSoftmax, Mish, ReLU6, Softsign
    from nnlite.activations.rectifiers import ELU, SELU, LeakyReLU, ReLU
    from nnlite.activations.shrinking import (
        HardShrink,
        HardTanh,
        SoftShrink,
        Sparsemax,
        SparsePlus,
        SparseSigmoid,
        SquarePlus,
        TanhShrink,
        Threshold,
        threshold,
    )
    from nnlite.activations.smooth import (
        GELU,
        Exponential,
        HardSigmoid,
        Sigmoid,
        SiLU,
        Softmax,
        Softplus,
        Tanh,
        sigmoid,
    )

    relu = ReLU()
    relu6 = ReLU6()
    leaky_relu = LeakyReLU()
    elu = ELU()
    celu = CELU()
    selu = SELU()
    gelu = GELU()
    silu = swish = SiLU()
    hard_silu = hard_swish = HardSiLU()
    mish = Mish()
    softplus = Softplus()
    softsign = Softsign()
    hard_sigmoid = HardSigmoid()
    log_sigmoid = LogSigmoid()
    tanh = Tanh()
    softmax = Softmax()
    log_softmax = LogSoftmax()
    exponential = Exponential()
    hard_shrink = HardShrink()
    soft_shrink = SoftShrink()
    tanh_shrink = TanhShrink()
    hard_tanh = HardTanh()
    squareplus = SquarePlus()
    sparse_plus = SparsePlus()
    sparse_sigmoid = SparseSigmoid()
    sparsemax = Sparsemax()

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "SELU",
    "ActivationFunction",
    "Exponential",
    "FunctionActivation",
    "HardShrink",
    "HardSiLU",
    "HardSigmoid",
    "HardTanh",
    "LeakyReLU",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "SoftShrink",
    "Softmax",
    "Softplus",
    "Softsign",
    "SparsePlus",
    "SparseSigmoid",
    "Sparsemax",
    "SquarePlus",
    "Tanh",
    "TanhShrink",
    "Threshold",
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "registry",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

linear = Linear()

# The module that each class is imported from on first access, and the names of its function.
_CLASSES = {
    "Linear": ("rectifiers", "linear"),
    "ReLU": ("rectifiers", "relu"),
    "LeakyReLU": ("rectifiers", "leaky_relu"),
    "ELU": ("rectifiers", "elu"),
    "SELU": ("rectifiers", "selu"),
    "Sigmoid": ("smooth", "sigmoid"),
    "Tanh": ("smooth", "tanh"),
    "Softmax": ("smooth", "softmax"),
    "Softplus": ("smooth", "softplus"),
    "GELU": ("smooth", "gelu"),
    "SiLU": ("smooth", "silu swish"),
    "HardSigmoid": ("smooth", "hard_sigmoid"),
    "Exponential": ("smooth", "exponential"),
    "ReLU6": ("more", "relu6"),
    "CELU": ("more", "celu"),
    "HardSiLU": ("more", "hard_silu hard_swish"),
    "LogSigmoid": ("more", "log_sigmoid"),
    "LogSoftmax": ("more", "log_softmax"),
    "Mish": ("more", "mish"),
    "Softsign": ("more", "softsign"),
    "HardShrink": ("shrinking", "hard_shrink"),
    "SoftShrink": ("shrinking", "soft_shrink"),
    "TanhShrink": ("shrinking", "tanh_shrink"),
    "HardTanh": ("shrinking", "hard_tanh"),
    "SquarePlus": ("shrinking", "squareplus"),
    "SparsePlus": ("shrinking", "sparse_plus"),
    "SparseSigmoid": ("shrinking", "sparse_sigmoid"),
    "Sparsemax": ("shrinking", "sparsemax"),
    "Threshold": ("shrinking", ""),
    "FunctionActivation": ("custom", ""),
}
_FUNCTIONS = {name: made for made, (_, names) in _CLASSES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """Import a class on first access, or make a function of its defaults."""
    if name in ("sigmoid", "threshold"):
        # Functions of arrays themselves.
        found = getattr(import_module(f"{__name__}.{'smooth' if name == 'sigmoid' else 'shrinking'}"), name)
    elif name in _FUNCTIONS:
        found = __getattr__(_FUNCTIONS[name])()
    elif name in _CLASSES:
        found = getattr(import_module(f"{__name__}.{_CLASSES[name][0]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return all names, imported or not."""
    return sorted({*globals(), *__all__})


class _Later:
    """Makes a function whose module is imported when it is needed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, **settings: Any) -> Any:
        """Make the function with its defaults, or as configured."""
        return __getattr__(self.name)(**settings)

    def from_config(self, config: dict[str, Any]) -> Any:
        """Make the function that `config` describes."""
        made = __getattr__(self.name)
        return made.from_config(config) if hasattr(made, "from_config") else made(**config)


registry: Registry[ActivationFunction] = Registry("activation", ActivationFunction)
for _name, (_, _names) in _CLASSES.items():
    registry.register(_Later(_name), _name, *_names.split())


def get(identifier: str | Mapping[str, Any] | ActivationFunction | Callable[..., Any] | None) -> ActivationFunction:
    """Return an activation function from a name, a configuration, an instance or a function; linear for None.

    A layer that applies an activation function, such as ``LeakyReLU()``, stands for that function. Any other function
    of one array is taken as it is; see `FunctionActivation`.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If `identifier` is of another type.

    Examples
    --------
    >>> get("relu").name
    'relu'
    """
    if identifier is None:
        return linear
    if isinstance(identifier, ActivationFunction) or not callable(identifier):
        return registry.get(identifier)
    if isinstance(identifier, type):
        raise TypeError(f"expected an activation: a name, a function or an instance; found the class {identifier!r}")
    own = getattr(identifier, "activation", None)
    # A layer with weights and an activation is more than its activation.
    if isinstance(own, ActivationFunction) and not getattr(identifier, "units", None):
        return own
    return __getattr__("FunctionActivation")(identifier)


deserialize = registry.get
