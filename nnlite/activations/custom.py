"""Any Python function of one array as an activation function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnlite.activations.base import ActivationFunction
from nnlite.registry import custom_object
from nnlite.types import Array

_STEP = 1e-5


class FunctionActivation(ActivationFunction):
    r"""A function that maps each number to a number, as an activation function.

    A function with an attribute ``gradient``, its derivative, is used with that. For one without, the derivative is a
    central difference in double precision, of two more calls; its relative error is about 1e-10.

    .. math:: f'(x) \approx \frac{f(x + h) - f(x - h)}{2h}

    Parameters
    ----------
    function : callable
        Function of an array, which maps each of its numbers by itself.

    Raises
    ------
    ValueError
        When called, if the function changes the shape, or an output depends on more than its own input.

    Examples
    --------
    >>> import numpy as np
    >>> cube = FunctionActivation(lambda x: x**3)
    >>> x = np.array([[1.0, 2.0]])
    >>> cube.backward(np.ones((1, 2)), x, cube(x)).round(6).tolist()
    [[3.0, 12.0]]
    """

    def __init__(self, function: Callable[[Array], Any]) -> None:
        self.function = function
        self._checked = False

    @property
    def name(self) -> str:
        """Name of the function."""
        return getattr(self.function, "__name__", type(self.function).__name__)

    def __call__(self, x: Array) -> Array:
        """Return f(x)."""
        y = np.asarray(self.function(x), x.dtype)
        if y.shape != x.shape:
            raise ValueError(
                f"the activation {self.name!r} must keep the shape of its argument, {x.shape}; found {y.shape}"
            )
        return y

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx = dy f'(x)."""
        gradient = getattr(self.function, "gradient", None)
        if gradient is not None:
            return dy * np.asarray(gradient(x), dy.dtype)
        z = x.astype(np.float64)
        if not self._checked:
            self._check_elementwise(z)
        h = _STEP * np.maximum(1, np.abs(z))
        above, below = (np.asarray(self.function(one), np.float64) for one in (z + h, z - h))
        return dy * ((above - below) / (2 * h)).astype(dy.dtype)

    def _check_elementwise(self, z: Array) -> None:
        """Compare the function of an array with that of its numbers, one by one."""
        whole = np.asarray(self.function(z), np.float64).ravel()
        for i in np.linspace(0, z.size - 1, min(z.size, 16)).astype(int).tolist() if z.size else []:
            alone = np.asarray(self.function(z.ravel()[i].reshape((1,) * z.ndim)), np.float64)
            if not np.allclose(alone.ravel(), whole[i], rtol=1e-6, atol=1e-9, equal_nan=True):
                raise ValueError(
                    f"the activation {self.name!r} has no gradient, and its outputs depend on more than their own "
                    "input, so that its derivative cannot be computed from differences; derive a class from "
                    "nnlite.activations.ActivationFunction with __call__ and backward"
                )
        self._checked = True

    def get_config(self) -> dict[str, Any]:
        """Return the name of the function, which is looked up in the custom objects when a model is loaded."""
        return {"function": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FunctionActivation:
        """Return the activation of the custom object with the name in the configuration."""
        return cls(custom_object(config["function"], "activation"))
