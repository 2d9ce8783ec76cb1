"""`keras.datasets`: data sets that Keras has downloaded before, read from its folder. Nothing is downloaded here."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nnlite.types import Array


def _path(name: str) -> Path:
    """Return the path of a file in Keras's folder, or the path itself if it is absolute.

    Raises
    ------
    FileNotFoundError
        If there is no such file; the message says where it is looked for.
    """
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    path = home / "datasets" / name
    if not path.is_file():
        raise FileNotFoundError(
            f"no data set at {str(path)!r}: this package opens no connections. Put Keras's file there, or read the "
            "data from a file of your own, for example with numpy.load"
        )
    return path


def _arrays(name: str) -> dict[str, Array]:
    with np.load(_path(name), allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


class _Digits:
    """A data set that is one file of four arrays."""

    def __init__(self, name: str) -> None:
        self._name = name

    def load_data(self, path: str | None = None) -> Any:
        """Return ``(x_train, y_train), (x_test, y_test)``."""
        arrays = _arrays(path or self._name)
        return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


class _Prices:
    """A data set that is one file of x and y, of which the last fifth is the test."""

    def __init__(self, name: str) -> None:
        self._name = name

    def load_data(self, path: str | None = None, test_split: float = 0.2, seed: int = 113, version: Any = None) -> Any:
        """Return ``(x_train, y_train), (x_test, y_test)``, shuffled with the seed as by Keras."""
        del version
        arrays = _arrays(path or self._name)
        x, y = arrays["x"], arrays["y"]
        order = np.arange(len(x))
        np.random.RandomState(seed).shuffle(order)
        x, y = x[order], y[order]
        n = int(len(x) * (1 - test_split))
        return (x[:n], y[:n]), (x[n:], y[n:])


class _Fashion:
    """A data set of four compressed files, whose numbers follow a header."""

    def load_data(self) -> Any:
        """Return ``(x_train, y_train), (x_test, y_test)``."""
        parts = []
        for part in ("train", "t10k"):
            labels = self._numbers(f"{part}-labels-idx1-ubyte.gz", 8)
            parts.append((self._numbers(f"{part}-images-idx3-ubyte.gz", 16).reshape(len(labels), 28, 28), labels))
        return tuple(parts)

    @staticmethod
    def _numbers(name: str, header: int) -> Array:
        with gzip.open(_path(f"fashion-mnist/{name}")) as file:
            return np.frombuffer(file.read(), np.uint8, offset=header)


class _Refused:
    """A data set whose files hold pickled objects, which are not read."""

    def __init__(self, name: str) -> None:
        self._name = name

    def load_data(self, *_: Any, **__: Any) -> Any:
        """Raise: pickled objects may run any code.

        Raises
        ------
        NotImplementedError
            Always; the message says what to do.
        """
        raise NotImplementedError(
            f"keras.datasets.{self._name} is kept in pickled objects, which are not read here, since they may run any "
            "code. Save its arrays with numpy.savez, and read them with numpy.load"
        )


_SETS: dict[str, Callable[[], Any]] = {
    "mnist": lambda: _Digits("mnist.npz"),
    "fashion_mnist": _Fashion,
    "boston_housing": lambda: _Prices("boston_housing.npz"),
    "california_housing": lambda: _Prices("california_housing.npz"),
    **{name: (lambda name=name: _Refused(name)) for name in ("imdb", "reuters", "cifar10", "cifar100")},  # type: ignore[misc]
}


def __getattr__(name: str) -> Any:
    if name not in _SETS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _SETS[name]()
