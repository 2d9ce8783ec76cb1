"""A stand-in for the names of TensorFlow that programs use beside Keras: settings, seeds and plain arithmetic.

Arrays of NumPy are its tensors. There is no automatic differentiation: `GradientTape` says what to do instead.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from nnlite.compat import keras
from nnlite.compat.tensorflow import compat, config, data, linalg, math, nn, random, test  # noqa: F401
from nnlite.compat.tensorflow.arrays import *  # noqa: F403
from nnlite.eager import Tensor  # noqa: F401
from nnlite.layers.composition import WAY_OUT
from nnlite.preprocessing.dataset import ArraySpec as TensorSpec  # noqa: F401

__version__ = "2.21.0"
"""The version of TensorFlow whose names are meant."""

newaxis = None
initializers, losses, metrics, optimizers = keras.initializers, keras.losses, keras.metrics, keras.optimizers
float16, float32, float64 = np.dtype("float16"), np.dtype("float32"), np.dtype("float64")
int8, int16, int32, int64 = np.dtype("int8"), np.dtype("int16"), np.dtype("int32"), np.dtype("int64")
uint8, uint16, uint32, uint64 = np.dtype("uint8"), np.dtype("uint16"), np.dtype("uint32"), np.dtype("uint64")
string = np.dtype("str")
bool = np.dtype("bool")


def function(func: Any = None, **_: Any) -> Any:
    """Return a function as it is: nothing is traced."""
    return func if func is not None else (lambda decorated: decorated)


@contextlib.contextmanager
def device(name: Any) -> Iterator[None]:
    """Do nothing: everything is computed by the processor."""
    del name
    yield


def executing_eagerly() -> Any:
    """Return True."""
    return True


def get_logger() -> logging.Logger:
    """Return a logger."""
    return logging.getLogger("nnlite")


class GradientTape:
    """Refused: no derivative is computed automatically.

    Raises
    ------
    NotImplementedError
        Always; the message says what to do.
    """

    def __init__(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError(f"tf.GradientTape is not supported. {WAY_OUT}")


class _Autograph:
    """`tf.autograph`, which has nothing to do."""

    @staticmethod
    def set_verbosity(*_: Any, **__: Any) -> None:
        """Do nothing."""


autograph = _Autograph()


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(
        f"tensorflow.{name} is not supported: this stand-in has settings, seeds and arithmetic on arrays"
    )
