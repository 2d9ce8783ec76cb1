"""PyOD's detectors behind the same features as scikit-learn's."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.quality.contestants.contestant import Contestant, Given, Make
from benchmarks.quality.contestants.scikit_learn import OnFeatures


class OfPyod:
    """A detector of PyOD, made when the number of features is known.

    Parameters
    ----------
    make : callable
        From the number of features to the detector.
    """

    def __init__(self, make: Callable[[int], Any]) -> None:
        self.make = make

    def fit(self, train: np.ndarray) -> None:
        self.model = self.make(train.shape[1])
        self.model.fit(train)

    def own_scores(self) -> np.ndarray:
        return self.model.decision_scores_

    def scores(self, test: np.ndarray) -> np.ndarray:
        return self.model.decision_function(test)


def pyod(module: str, name: str, *, seeded: bool = False, network: bool = False, width: str = "") -> Make:
    """Return the maker of a detector of PyOD with its defaults.

    Parameters
    ----------
    module, name : str
        Names of the module in ``pyod.models`` and of the class.
    seeded : bool, default False
        Whether it takes a ``random_state``.
    network : bool, default False
        Whether it is a network, which prints unless told not to.
    width : str, default ""
        Parameter for the number of features, if it has one.
    """

    def make(given: Given) -> Contestant:
        settings: dict[str, Any] = {} if given.contamination is None else {"contamination": given.contamination}
        settings |= {"random_state": given.seed} if seeded else {}
        settings |= {"verbose": 0} if network else {}
        kind = getattr(import_module(f"pyod.models.{module}"), name)
        return OnFeatures(OfPyod(lambda n: kind(**settings, **({width: n} if width else {}))))

    return make
