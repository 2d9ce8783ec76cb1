"""Activation layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite import activations
from nnlite.activations import ActivationFunction
from nnlite.eager import as_tensor
from nnlite.graph import is_symbolic
from nnlite.layers.base import Layer
from nnlite.registry import serialize
from nnlite.types import Array

_MASKED = -1e9
"""Added to masked entries of a softmax, whose exponential is then 0."""


class _Elementwise(Layer):
    """A layer that applies an activation function and has no weights: y = f(x), dx = dy f'(x)."""

    activation: ActivationFunction

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute y = f(x)."""
        y = self.activation(x)
        return y, (x, y)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dx = dy f'(x)."""
        x, y = cache
        return self.activation.backward(dy, x, y)


class Activation(_Elementwise):
    """Apply an activation function.

    Parameters
    ----------
    activation : str or ActivationFunction
        Name of a function of `nnlite.activations`, or an instance.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Activation
    >>> Activation("relu")(np.array([[-1.0, 2.0]])).tolist()
    [[0.0, 2.0]]
    """

    def __init__(self, activation: str | ActivationFunction, **settings: Any) -> None:
        super().__init__(**settings)
        self.activation = activations.get(activation)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "activation": serialize(self.activation)}


class ReLU(_Elementwise):
    r"""Rectified linear unit: 0 (or a small slope) up to a threshold, the identity above.

    .. math:: f(x) = \begin{cases} \min(x, m) & x > \theta \\ s\,(x - \theta) & x \le \theta \end{cases}

    Parameters
    ----------
    max_value : float, optional
        m, the maximum; none by default.
    negative_slope : float, default 0.0
        s, the slope up to the threshold.
    threshold : float, default 0.0
        :math:`\theta`.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import ReLU
    >>> ReLU(max_value=1.0)(np.array([[-3.0, 0.5, 2.0]])).tolist()
    [[0.0, 0.5, 1.0]]
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold
        self.activation = activations.ReLU(negative_slope=negative_slope, max_value=max_value, threshold=threshold)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


class LeakyReLU(_Elementwise):
    r"""Leaky rectified linear unit: :math:`f(x) = \max(x, s x)`, for s < 1.

    Parameters
    ----------
    negative_slope : float, default 0.3
        s, the slope for negative inputs.
    alpha : float, optional
        Another name of `negative_slope`.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import LeakyReLU
    >>> LeakyReLU(negative_slope=0.5)(np.array([[-2.0, 2.0]])).tolist()
    [[-1.0, 2.0]]
    """

    def __init__(self, negative_slope: float = 0.3, *, alpha: float | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        negative_slope = negative_slope if alpha is None else alpha
        self.negative_slope = negative_slope
        self.activation = activations.LeakyReLU(negative_slope=negative_slope)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ELU(_Elementwise):
    r"""Exponential linear unit: x for positive inputs, :math:`\alpha (e^x - 1)` for negative ones.

    Parameters
    ----------
    alpha : float, default 1.0
        :math:`\alpha`; the limit for large negative inputs is :math:`-\alpha`.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import ELU
    >>> ELU()(np.array([[-1.0, 2.0]])).round(4).tolist()
    [[-0.6321, 2.0]]
    """

    def __init__(self, alpha: float = 1.0, **settings: Any) -> None:
        super().__init__(**settings)
        self.alpha = alpha
        self.activation = activations.ELU(alpha=alpha)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "alpha": self.alpha}


class Sigmoid(_Elementwise):
    r"""Logistic function :math:`f(x) = 1 / (1 + e^{-x})`, with values between 0 and 1.

    Parameters
    ----------
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Sigmoid
    >>> Sigmoid()(np.array([[0.0]])).tolist()
    [[0.5]]
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.activation = activations.sigmoid


class Tanh(_Elementwise):
    r"""Hyperbolic tangent :math:`f(x) = \tanh x`, with values between -1 and 1.

    Parameters
    ----------
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Tanh
    >>> Tanh()(np.array([[0.0]])).tolist()
    [[0.0]]
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.activation = activations.tanh


class Softmax(_Elementwise):
    r"""Softmax: probabilities :math:`y_i = e^{x_i} / \sum_j e^{x_j}` with the sum 1.

    Parameters
    ----------
    axis : int, default -1
        Axis of the sum.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Softmax
    >>> Softmax()(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, axis: int = -1, **settings: Any) -> None:
        super().__init__(**settings)
        self.axis = axis
        self.activation = activations.Softmax(axis=axis)

    def __call__(self, inputs: Any, mask: Any = None, *, training: Any = None) -> Any:  # type: ignore[override]
        """Apply the layer; with arrays, entries where the mask is False get the probability 0.

        Parameters
        ----------
        inputs : SymbolicTensor or ndarray
            As for `Layer`.
        mask : array_like of bool, of a shape that broadcasts to that of the inputs, optional
            True for entries that take part in the sum. Without any, all probabilities are 0.
        training : bool, optional
            No effect.
        """
        if isinstance(mask, bool):
            mask, training = None, mask
        if mask is None or is_symbolic(inputs):
            return super().__call__(inputs, training, mask=mask)
        x = np.asarray(inputs, self.dtype)
        try:
            allowed = np.broadcast_to(np.asarray(mask, bool), x.shape)
        except ValueError as error:
            raise ValueError(
                f"layer {self.name!r}: the mask must have the shape of the inputs, {x.shape}, or broadcast to it; "
                f"found {np.shape(mask)}"
            ) from error
        return as_tensor(super().__call__(np.where(allowed, x, x + x.dtype.type(_MASKED))) * allowed)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}
