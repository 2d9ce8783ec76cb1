"""NSL-KDD: network connections, of which the normal ones train."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.quality.protocols.split import Cut, Protocol, Split, halves

_FEATURES, _LABEL = 41, 41
_TEXT = (1, 2, 3)


def read_connections(path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """Read an NSL-KDD file: 41 features, the label, and a difficulty that is no feature.

    Returns
    -------
    frame : DataFrame of 41 columns
        Numbers, and protocol, service and flag as text.
    labels : ndarray of int of shape (n,)
        1 for attacks.
    """
    cells = pd.read_csv(path, header=None)
    columns = {f"f{i}": cells[i].astype(object if i in _TEXT else np.float64) for i in range(_FEATURES)}
    return pd.DataFrame(columns), (cells[_LABEL] != "normal").to_numpy().astype(np.int64)


def split_connections(frame: pd.DataFrame, labels: np.ndarray, seed: int) -> Split:
    """Train on a random half of the normal connections, test on the other half and all attacks."""
    train, test = halves(labels, np.random.default_rng(seed))
    parts = [frame.iloc[rows].reset_index(drop=True) for rows in (train, test)]
    return Split(*parts, labels[test])


def _later(train: pd.DataFrame, test: pd.DataFrame, labels: np.ndarray, seed: int) -> Split:  # noqa: ARG001
    return Split(train, test, labels)


def _cuts(files: Iterable[Path]) -> Iterator[tuple[str, Cut]]:
    """Yield each training file by halves, and each later collection (KDDTest) against all normal training records."""
    training: list[Path] = []
    later: list[Path] = []
    for path in files:
        (later if path.stem.startswith("KDDTest") else training).append(path)
    for path in training:
        frame, labels = read_connections(path)
        yield path.stem, partial(split_connections, frame, labels)
        normal = frame[labels == 0].reset_index(drop=True)
        for other in later:
            yield f"{path.stem}, {other.stem}", partial(_later, normal, *read_connections(other))


NSLKDD = Protocol(
    "nslkdd",
    "network connections: train on half of the normal ones, test on the other half and all attacks",
    _cuts,
    "nslkdd/KDD*.txt",
)
