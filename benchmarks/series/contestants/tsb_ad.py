"""TSB-AD's Sub-PCA, the simple detector that is high in its tables."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.series.windows import windows_of
from nnlite.types import Array

_UNUSED = {
    "torch": ("torch", "torch.nn", "torch.nn.functional", "torch.utils", "torch.utils.data"),
    "hurst": ("hurst",),
}


class SubPca:
    """TSB-AD's PCA with its defaults."""

    def fit(self, train: Array, length: int) -> None:
        # Its `fit` leaves out constant columns of the windows, and its `decision_function` does not.
        varying = np.ptp(windows_of(train, length), axis=0).reshape(train.shape[1], length) > 0
        self._columns = np.flatnonzero(varying.all(axis=1))
        self._model = _pca()(slidingWindow=length).fit(train[:, self._columns])

    def own_scores(self) -> Array:
        return self._model.decision_scores_

    def scores(self, segment: Array) -> Array:
        return self._model.decision_function(segment[:, self._columns])


def _pca() -> Any:
    with _stand_ins():
        from TSB_AD.models.PCA import PCA
    return PCA


class _StandIn(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Stand in for packages that TSB-AD 1.5 imports beside PCA, which does not use them."""
    absent = [name for package, names in _UNUSED.items() if find_spec(package) is None for name in names]
    for name in absent:
        sys.modules[name] = _StandIn(name)
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
