"""Records that need no files: the package's datasets, groups of anomalies in training, and slow processes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from anomaly import datasets
from benchmarks.quality.protocols.numeric import CONTAMINATION
from benchmarks.quality.protocols.split import Cut, Protocol, Split
from benchmarks.quality.slow_tables import PROCESSES, make_slow_table

USES = ("sensors", "connections", "transactions")
DISTANCES, WIDTHS = (3, 4, 5), (0.1, 0.3)
_GROUP, _NORMAL = 20, 500


def split_use(use: str, seed: int) -> Split:
    """Generate a dataset of the package; train on the normal records of one half, test on the other half.

    Parameters
    ----------
    use : {"sensors", "connections", "transactions"}
        The dataset.
    seed : int
        Seed of the dataset.
    """
    train, test = getattr(datasets, f"make_{use}")(random_state=seed).split(
        test_size=0.5, random_state=0, normal_only=True
    )
    return Split(pd.DataFrame(dict(train.columns)), pd.DataFrame(dict(test.columns)), test.labels)


def split_group(distance: float, width: float, contamination: float | None, seed: int) -> Split:
    """Hide a tight group of 20 anomalies among 500 standard normal records of two columns.

    Parameters
    ----------
    distance : float
        Distance of the group from the center, in standard deviations of the normal records.
    width : float
        Standard deviation of the group.
    contamination : float, optional
        Fraction of anomalies that detectors are given.
    seed : int
        Seed of the records and of the direction of the group.
    """
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi)
    group = distance * np.array([np.cos(angle), np.sin(angle)]) + width * rng.normal(size=(_GROUP, 2))
    order = rng.permutation(_NORMAL + _GROUP)
    x = np.concatenate([rng.normal(size=(_NORMAL, 2)), group])[order]
    return Split(x, x, np.repeat([0, 1], [_NORMAL, _GROUP])[order], own=True, contamination=contamination)


def split_process(name: str, seed: int) -> Split:
    """Train on the normal rows of a slow process, and test on the rows that follow, with faults."""
    table = make_slow_table(name, seed)
    return Split(table.train, table.later, table.labels)


def _use_cuts(files: Iterable[Path]) -> Iterator[tuple[str, Cut]]:  # noqa: ARG001
    for use in USES:
        yield use, partial(split_use, use)


def _group_cuts(files: Iterable[Path], contamination: float | None) -> Iterator[tuple[str, Cut]]:  # noqa: ARG001
    for distance, width in product(DISTANCES, WIDTHS):
        yield f"at {distance}, {width:g} wide", partial(split_group, distance, width, contamination)


def _process_cuts(files: Iterable[Path]) -> Iterator[tuple[str, Cut]]:  # noqa: ARG001
    for name in PROCESSES:
        yield name, partial(split_process, name)


FOLLOWING = Protocol(
    "following",
    "slow processes: train on normal rows in the order of time, test on the rows that follow",
    _process_cuts,
)
PRODUCT_USES = Protocol(
    "uses",
    "the package's datasets: train on the normal records of one half, test on the other half",
    _use_cuts,
)
_GROUPS = f"a tight group of {_GROUP} anomalies among {_NORMAL} standard normal records of two columns, unsupervised"
GROUPS = (
    Protocol("groups", _GROUPS, partial(_group_cuts, contamination=None)),
    Protocol("groups-told", _GROUPS, partial(_group_cuts, contamination=CONTAMINATION)),
)
