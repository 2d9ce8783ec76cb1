r"""Is a backward pass right? Compare it with slopes measured on the forward pass alone.

Every backward pass in this package is written by hand, so each must be checked against something that was not. The
slope of a function f along one coordinate can be measured without any calculus:

.. math:: \frac{\partial f}{\partial x_i} \approx \frac{f(x + h e_i) - f(x - h e_i)}{2h}

whose error falls as :math:`h^2` until rounding takes over, so that in float64 with h about 1e-5 ten digits
agree. Outputs with many values are made one number by a fixed random weighting: f = sum(y * dy).

Rectifiers have a kink, at which the slope is not defined; inputs that land within h of one can make a right backward
pass look wrong. The checks draw inputs at random, so that this all but never happens.

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
    """A hand-written gradient that differs from the measured one."""


def numeric_gradient(function: Callable[[], float], x: Array, step: float = _STEP) -> Array:
    """Measure the slope of a function by every value of an array.

    Parameters
    ----------
    function : callable
        Takes nothing, reads `x`, returns a number.
    x : ndarray of float64
        Disturbed one value at a time, and left as it was.
    step : float, default 1e-5
        h, scaled by a value's size where that is over 1.

    Returns
    -------
    ndarray
        The slopes, in the shape of `x`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0, 2.0])
    >>> numeric_gradient(lambda: float((x**2).sum()), x).round(6).tolist()
    [2.0, 4.0]
    """
    slopes = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        before = x[place]
        h = step * max(1.0, abs(before))
        x[place] = before + h
        above = function()
        x[place] = before - h
        below = function()
        x[place] = before
        slopes[place] = (above - below) / (2 * h)
    return slopes


def relative_error(a: Array, b: Array) -> float:
    """Return the largest difference of two arrays, relative to the largest value in either.

    Examples
    --------
    >>> import numpy as np
    >>> relative_error(np.array([1.0, 2.0]), np.array([1.0, 2.2])) < 0.1
    True
    """
    scale = max(float(np.abs(a).max(initial=0)), float(np.abs(b).max(initial=0)))
    # Below this, both are zero but for rounding.
    return float(np.abs(a - b).max(initial=0)) / max(scale, 1e-8)


def check_layer(
    layer: Layer,
    inputs: Array | Sequence[Array],
    training: bool = False,
    tolerance: float = _TOLERANCE,
    seed: int = 0,
) -> dict[str, float]:
    """Check the gradients of a layer by its inputs and by all its trainable weights.

    What the layer adds to the loss itself (`Layer.activity_penalty`) is part of what is measured.

    Parameters
    ----------
    layer : Layer
        With ``dtype="float64"``. Random layers are made to draw the same numbers each time.
    inputs : ndarray, or sequence of ndarray
        What to call it with.
    training : bool, default False
        Which of its behaviours to check.
    tolerance : float, default 1e-6
        Largest relative error.
    seed : int, default 0
        For the weighting of the outputs.

    Returns
    -------
    dict of str to float
        The relative error by each input ("x", or "x0", "x1", ...) and weight.

    Raises
    ------
    GradientError
        If one is over the tolerance.
    ValueError
        If the layer is not a float64 one.

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
    kept = [weight.numpy() for weight in layer.weights]
    with _same_draws(layer) as again:
        y, cache = layer.forward(x, training)
        rng = np.random.default_rng(seed)
        dy = [rng.normal(size=one.shape) for one in as_list(y)]
        dx = layer.backward(dy if isinstance(y, list) else dy[0], cache)

        def total() -> float:
            again()
            y, cache = layer.forward(x, training)
            weighted = sum((one * d).sum() for one, d in zip(as_list(y), dy, strict=True))
            return float(weighted + layer.activity_penalty(cache))

        errors = {}
        for i, (array, gradient) in enumerate(zip(arrays, as_list(dx), strict=True)):
            name = f"x{i}" if several else "x"
            errors[name] = relative_error(gradient, numeric_gradient(total, array))
        for weight in weights:
            errors[weight.name] = relative_error(weight.gradient, numeric_gradient(total, weight.value))
    # Batch normalization's running averages moved with every call.
    layer.set_weights(kept)
    return _judged(errors, tolerance, f"layer {layer.name!r}")


def check_loss(
    loss: Loss,
    y_true: Array,
    y_pred: Array,
    sample_weight: Array | None = None,
    tolerance: float = _TOLERANCE,
) -> dict[str, float]:
    """Check the gradient of a loss by the predictions.

    Parameters
    ----------
    loss : Loss
        The loss.
    y_true, y_pred : ndarray
        Targets and float64 predictions.
    sample_weight : ndarray, optional
        One weight per row.
    tolerance : float, default 1e-6
        Largest relative error.

    Returns
    -------
    dict
        The relative error, under ``"y_pred"``.

    Raises
    ------
    GradientError
        If it is over the tolerance.

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
    measured = numeric_gradient(lambda: loss(y_true, y_pred, sample_weight), y_pred)
    return _judged({"y_pred": relative_error(gradient, measured)}, tolerance, f"loss {loss.name!r}")


def check_regularizer(regularizer: Regularizer, x: Array, tolerance: float = _TOLERANCE) -> dict[str, float]:
    """Check the gradient of a penalty by the values it is put on.

    Parameters
    ----------
    regularizer : Regularizer
        The penalty.
    x : ndarray
        Values, none of them within 1e-5 of 0.
    tolerance : float, default 1e-6
        Largest relative error.

    Returns
    -------
    dict
        The relative error, under ``"x"``.

    Raises
    ------
    GradientError
        If it is over the tolerance.
    """
    x = np.array(x, np.float64)
    measured = numeric_gradient(lambda: regularizer(x), x)
    return _judged(
        {"x": relative_error(regularizer.gradient(x), measured)},
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
    """Check the gradient of a compiled model's whole loss, penalties included, by all its weights.

    All weights live in one vector and all gradients in another, so the check is one comparison.

    Parameters
    ----------
    model : Model
        Compiled, of dtype float64.
    x, y, sample_weight : array_like
        A few rows, as for `Model.fit`.
    tolerance : float, default 1e-6
        Largest relative error.
    training : bool, default True
        Whether dropout and batch normalization behave as in training.

    Returns
    -------
    float
        The relative error.

    Raises
    ------
    GradientError
        If it is over the tolerance.
    """
    data = model.as_data(x, y, sample_weight)
    _check_double(model.dtype, f"model {model.name!r}")
    batch = data.rows(slice(None))
    vector = model.weight_vector
    trained = vector.values[: vector.n_trainable]
    rest = vector.values[vector.n_trainable :].copy()
    with _same_draws(model) as again:

        def total() -> float:
            again()
            return model.compute_loss(batch, training).loss

        again()
        model.loss_and_gradients(batch, training)
        gradient = vector.gradients[: vector.n_trainable].copy()
        measured = numeric_gradient(total, trained)
    vector.values[vector.n_trainable :] = rest
    errors = {"parameters": relative_error(gradient, measured)}
    return _judged(errors, tolerance, f"model {model.name!r}")["parameters"]


@contextmanager
def _same_draws(layer: Layer) -> Iterator[Callable[[], None]]:
    """Yield a function that puts all random layers back to where they were."""
    layers: list[Layer] = []
    waiting = [layer]
    while waiting:
        one = waiting.pop()
        layers.append(one)
        waiting.extend(getattr(one, "layers", []))
    generators = [one.rng for one in layers if hasattr(one, "rng")]
    states = [generator.bit_generator.state for generator in generators]

    def again() -> None:
        for generator, state in zip(generators, states, strict=True):
            generator.bit_generator.state = state

    try:
        yield again
    finally:
        again()


def _check_double(dtype: np.dtype[Any], what: str) -> None:
    if dtype != np.float64:
        raise ValueError(
            f"gradients are checked in float64, and {what} computes in {dtype.name}; "
            'make its layers with dtype="float64"'
        )


def _judged(errors: dict[str, float], tolerance: float, what: str) -> dict[str, float]:
    wrong = {name: error for name, error in errors.items() if not error <= tolerance}
    if wrong:
        found = ", ".join(f"{name}: {error:.2e}" for name, error in wrong.items())
        raise GradientError(
            f"{what}: the backward pass disagrees with the measured slope, relative error {found} "
            f"(at most {tolerance:.0e} expected)"
        )
    return errors
