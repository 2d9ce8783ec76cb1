r"""Gradient checks: backward passes compared with central differences of the forward pass.

Every backward pass in this package is written by hand, and needs a check that does not depend on it. The partial
derivatives of a function f can be approximated by central differences of its values:

.. math:: \frac{\partial f}{\partial x_i} \approx \frac{f(x + h e_i) - f(x - h e_i)}{2h}

The error is :math:`O(h^2)` until rounding errors dominate; in float64 with h about 1e-5 some ten digits agree. For a
layer with output y, f is the sum of the products y dy with a constant random dy: its derivatives are those that
``backward(dy, cache)`` returns.

Rectifiers are not differentiable at 0. For inputs within h of 0 the check of a correct backward pass can fail; with
random inputs this is very unlikely.

References
----------
Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 11.5; Press et al., *Numerical Recipes*, section 5.7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from nnlite.data import as_list
from nnlite.layers.base import Layer
from nnlite.losses import Loss
from nnlite.models import Model
from nnlite.regularizers import Regularizer
from nnlite.types import Array

__all__ = [
    "GradientError",
    "check_layer",
    "check_loss",
    "check_model",
    "check_regularizer",
    "numeric_gradient",
    "relative_error",
]

_STEP = 1e-5
_TOLERANCE = 1e-6


class GradientError(AssertionError):
    """A gradient that differs from its central differences."""


def numeric_gradient(function: Callable[[], float], x: Array, step: float = _STEP) -> Array:
    """Approximate the gradient of a function by central differences.

    Parameters
    ----------
    function : callable
        Function without arguments that reads `x` and returns a number.
    x : ndarray of float64
        Point of the gradient; every element is changed and restored.
    step : float, default 1e-5
        h, multiplied by the absolute value of an element if that is above 1.

    Returns
    -------
    ndarray
        Gradient in the shape of `x`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0, 2.0])
    >>> numeric_gradient(lambda: float((x**2).sum()), x).round(6).tolist()
    [2.0, 4.0]
    """
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        value = x[i]
        h = step * max(1.0, abs(value))
        x[i] = value + h
        f_plus = function()
        x[i] = value - h
        f_minus = function()
        x[i] = value
        gradient[i] = (f_plus - f_minus) / (2 * h)
    return gradient


def relative_error(a: Array, b: Array) -> float:
    """Return the largest difference of two arrays, relative to the largest absolute value in both.

    Examples
    --------
    >>> import numpy as np
    >>> relative_error(np.array([1.0, 2.0]), np.array([1.0, 2.2])) < 0.1
    True
    """
    scale = max(float(np.abs(a).max(initial=0)), float(np.abs(b).max(initial=0)))
    # Smaller values are zero up to rounding errors.
    return float(np.abs(a - b).max(initial=0)) / max(scale, 1e-8)


def check_layer(
    layer: Layer,
    inputs: Array | Sequence[Array],
    training: bool = False,
    tolerance: float = _TOLERANCE,
    seed: int = 0,
) -> dict[str, float]:
    """Check the gradients of a layer with respect to its inputs and its trainable weights.

    The function f includes the layer's own penalty (`Layer.activity_penalty`).

    Parameters
    ----------
    layer : Layer
        Layer with ``dtype="float64"``. The generators of random layers are reset before each forward pass.
    inputs : ndarray, or sequence of ndarray
        Input of the layer, or list of its inputs.
    training : bool, default False
        Whether dropout, noise and batch normalization behave as in training.
    tolerance : float, default 1e-6
        Largest allowed relative error.
    seed : int, default 0
        Seed of the random dy.

    Returns
    -------
    dict of str to float
        Relative error for each input ("x", or "x0", "x1", ...) and weight.

    Raises
    ------
    GradientError
        If an error is above the tolerance.
    ValueError
        If the dtype of the layer is not float64.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Dense
    >>> x = np.random.default_rng(0).normal(size=(4, 3))
    >>> errors = check_layer(Dense(2, activation="tanh", dtype="float64"), x)
    >>> sorted(errors), max(errors.values()) < 1e-6
    (['bias', 'kernel', 'x'], True)
    """
    _check_double(layer.dtype, f"layer {layer.name!r}")
    several = isinstance(inputs, (list, tuple))
    arrays = [np.array(array, np.float64) for array in as_list(inputs)]
    x: Any = arrays if several else arrays[0]
    layer.build([array.shape for array in arrays] if several else arrays[0].shape)
    layer.allocate_gradients()
    weights = layer.trainable_weights
    values_before = [weight.numpy() for weight in layer.weights]
    with _reproducible(layer) as reset:
        y, cache = layer.forward(x, training)
        rng = np.random.default_rng(seed)
        dy = [rng.normal(size=one.shape) for one in as_list(y)]
        dx = layer.backward(dy if isinstance(y, list) else dy[0], cache)

        def f() -> float:
            reset()
            y, cache = layer.forward(x, training)
            weighted = sum((one * d).sum() for one, d in zip(as_list(y), dy, strict=True))
            return float(weighted + layer.activity_penalty(cache))

        errors = {}
        for i, (array, gradient) in enumerate(zip(arrays, as_list(dx), strict=True)):
            name = f"x{i}" if several else "x"
            errors[name] = relative_error(gradient, numeric_gradient(f, array))
        for weight in weights:
            errors[weight.name] = relative_error(weight.gradient, numeric_gradient(f, weight.value))
    # Every forward pass of batch normalization has changed its moving averages.
    layer.set_weights(values_before)
    return _check_errors(errors, tolerance, f"layer {layer.name!r}")


def check_loss(
    loss: Loss,
    y_true: Array,
    y_pred: Array,
    sample_weight: Array | None = None,
    tolerance: float = _TOLERANCE,
) -> dict[str, float]:
    """Check the gradient of a loss with respect to the predictions.

    Parameters
    ----------
    loss : Loss
        Loss to check.
    y_true, y_pred : ndarray
        Targets, and predictions of dtype float64.
    sample_weight : ndarray, optional
        One weight per row.
    tolerance : float, default 1e-6
        Largest allowed relative error.

    Returns
    -------
    dict
        Relative error, with the key ``"y_pred"``.

    Raises
    ------
    GradientError
        If the error is above the tolerance.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.losses import MeanSquaredError
    >>> errors = check_loss(MeanSquaredError(), np.zeros((2, 3)), np.ones((2, 3)))
    >>> errors["y_pred"] < 1e-6
    True
    """
    y_pred = np.array(y_pred, np.float64)
    gradient = loss.gradient(y_true, y_pred, sample_weight)
    numeric = numeric_gradient(lambda: loss(y_true, y_pred, sample_weight), y_pred)
    return _check_errors({"y_pred": relative_error(gradient, numeric)}, tolerance, f"loss {loss.name!r}")


def check_regularizer(regularizer: Regularizer, x: Array, tolerance: float = _TOLERANCE) -> dict[str, float]:
    """Check the gradient of a regularizer.

    Parameters
    ----------
    regularizer : Regularizer
        Regularizer to check.
    x : ndarray
        Penalized values, none of them within 1e-5 of 0.
    tolerance : float, default 1e-6
        Largest allowed relative error.

    Returns
    -------
    dict
        Relative error, with the key ``"x"``.

    Raises
    ------
    GradientError
        If the error is above the tolerance.
    """
    x = np.array(x, np.float64)
    numeric = numeric_gradient(lambda: regularizer(x), x)
    return _check_errors(
        {"x": relative_error(regularizer.gradient(x), numeric)},
        tolerance,
        type(regularizer).__name__,
    )


def check_model(
    model: Model,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    tolerance: float = _TOLERANCE,
    training: bool = True,
) -> float:
    """Check the gradient of a compiled model's loss, penalties included, with respect to all its weights.

    All weights are one vector and all gradients another, so the check is one comparison.

    Parameters
    ----------
    model : Model
        Compiled model of dtype float64.
    x, y, sample_weight : array_like
        Few rows of data, as for `Model.fit`.
    tolerance : float, default 1e-6
        Largest allowed relative error.
    training : bool, default True
        Whether dropout, noise and batch normalization behave as in training.

    Returns
    -------
    float
        Relative error.

    Raises
    ------
    GradientError
        If the error is above the tolerance.
    """
    data = model.as_data(x, y, sample_weight)
    _check_double(model.dtype, f"model {model.name!r}")
    batch = data.rows(slice(None))
    vector = model.weight_vector
    trained = vector.values[: vector.n_trainable]
    averages = vector.values[vector.n_trainable :].copy()
    with _reproducible(model) as reset:

        def f() -> float:
            reset()
            return model.compute_loss(batch, training).loss

        reset()
        model.loss_and_gradients(batch, training)
        gradient = vector.gradients[: vector.n_trainable].copy()
        numeric = numeric_gradient(f, trained)
    vector.values[vector.n_trainable :] = averages
    errors = {"parameters": relative_error(gradient, numeric)}
    return _check_errors(errors, tolerance, f"model {model.name!r}")["parameters"]


@contextmanager
def _reproducible(layer: Layer) -> Iterator[Callable[[], None]]:
    """Yield a function that resets the generators of all random layers."""
    layers: list[Layer] = []
    stack = [layer]
    while stack:
        one = stack.pop()
        layers.append(one)
        stack.extend(getattr(one, "layers", []))
    generators = [one.rng for one in layers if hasattr(one, "rng")]
    states = [generator.bit_generator.state for generator in generators]

    def reset() -> None:
        for generator, state in zip(generators, states, strict=True):
            generator.bit_generator.state = state

    try:
        yield reset
    finally:
        reset()


def _check_double(dtype: np.dtype[Any], what: str) -> None:
    if dtype != np.float64:
        raise ValueError(
            f"gradients are checked in float64, and {what} computes in {dtype.name}; "
            'make its layers with dtype="float64"'
        )


def _check_errors(errors: dict[str, float], tolerance: float, what: str) -> dict[str, float]:
    wrong = {name: error for name, error in errors.items() if not error <= tolerance}
    if wrong:
        found = ", ".join(f"{name}: {error:.2e}" for name, error in wrong.items())
        raise GradientError(
            f"{what}: the backward pass differs from central differences, relative error {found} "
            f"(expected at most {tolerance:.0e})"
        )
    return errors
