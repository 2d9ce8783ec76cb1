"""Losses of symbolic tensors, for functions that are made of them: one value for each sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnlite.ops.elementwise import abs, clip, log, mean, square, sum, where
from nnlite.ops.shapes import zeros_like

_SMALL = 1e-7


def _squared(y: Any, p: Any) -> Any:
    return mean(square(p - y), -1)


def _absolute(y: Any, p: Any) -> Any:
    return mean(abs(p - y), -1)


def _huber(y: Any, p: Any) -> Any:
    error = abs(p - y)
    return mean(where(error <= 1.0, 0.5 * square(error), error - 0.5), -1)


def _divergence(y: Any, p: Any) -> Any:
    y, p = clip(y, _SMALL, 1.0), clip(p, _SMALL, 1.0)
    return sum(y * log(y / p), -1)


def _binary(y: Any, p: Any) -> Any:
    p = clip(p, _SMALL, 1.0 - _SMALL)
    return -mean(y * log(p) + (1.0 - y) * log(1.0 - p), -1)


def _categorical(y: Any, p: Any) -> Any:
    p = clip(p / sum(p, -1, keepdims=True), _SMALL, 1.0 - _SMALL)
    return -sum(y * log(p), -1)


FORMULAS: dict[str, Callable[[Any, Any], Any]] = {
    "MeanSquaredError": _squared,
    "MeanAbsoluteError": _absolute,
    "Huber": _huber,
    "KLDivergence": _divergence,
    "BinaryCrossentropy": _binary,
    "CategoricalCrossentropy": _categorical,
}


def of_tensors(loss: Any, y_true: Any, y_pred: Any) -> Any:
    """Return the values of a loss with its default settings, as a tensor of a graph.

    Raises
    ------
    TypeError
        If the loss is another one, or has other settings.
    """
    name = type(loss).__name__
    if name not in FORMULAS or loss.get_config() != type(loss)().get_config():
        raise TypeError(f"loss {loss.name!r} of symbolic tensors is not supported with these settings")
    return FORMULAS[name](y_true + zeros_like(y_pred), y_pred)
