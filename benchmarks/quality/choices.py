"""Choice of the defaults: ``python -m benchmarks.quality.choices --data FOLDER``.

Each variant differs from the defaults in one respect and is evaluated by one protocol or several. The best variant on
some tables may be best by chance. So the best one is also chosen on a random half of the tables and evaluated on the
other half, for many random halves.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from anomaly.errors import DataError
from anomaly.metrics import average_precision_score, roc_auc_score
from benchmarks.arguments import positive, some_of
from benchmarks.quality.protocols import CLEAN, PROTOCOLS, Split, cuts, parts
from benchmarks.quality.summary import CHANCE
from benchmarks.quality.variants import VARIANTS

_ROUNDS = 1000


class Case(NamedTuple):
    """A table in a protocol."""

    protocol: str
    table: str


def evaluate(protocols: Iterable[str], folder: Path, names: list[str], seeds: int) -> tuple[list[Case], np.ndarray]:
    """Evaluate variants by the mean over seeds.

    Parameters
    ----------
    protocols : iterable of str
        Names of protocols.
    folder : Path
        Folder of the data files.
    names : list of str
        Names of `VARIANTS`.
    seeds : int
        Number of seeds.

    Returns
    -------
    cases : list of Case
        A case for each table of each protocol.
    figures : ndarray of shape (n_cases, n_variants, 2)
        AUROC and average precision.
    """
    cases, results = [], []
    for protocol, table, cut in cuts(parts(protocols), folder):
        data = [cut(seed) for seed in range(seeds)]
        row = [np.mean([_figures(one, seed, name) for seed, one in enumerate(data)], axis=0) for name in names]
        print(protocol, table, *(f"{auroc:.3f}" for auroc, _ in row), flush=True)
        cases.append(Case(protocol, table))
        results.append(row)
    return cases, np.array(results)


def _figures(data: Split, seed: int, name: str) -> tuple[float, float]:
    """Return AUROC and average precision; those of random scores if the variant refuses the table."""
    given = {} if data.contamination is None else {"contamination": data.contamination}
    try:
        detector = VARIANTS[name].fit(data.train, random_state=seed, **given)
    except DataError as error:
        print(f"{name}: {error}")
        return CHANCE, float(data.labels.mean())
    scores = detector.decision_function(data.test)
    return roc_auc_score(data.labels, scores), average_precision_score(data.labels, scores)


def means(cases: list[Case], figures: np.ndarray) -> np.ndarray:
    """Return the means over the tables of each protocol, of shape (n_protocols, n_variants, 2)."""
    return np.array([figures[[case.protocol == name for case in cases]].mean(axis=0) for name in protocols_of(cases)])


def protocols_of(cases: Iterable[Case]) -> list[str]:
    """Return the names of the protocols, in the order of the cases."""
    return list(dict.fromkeys(case.protocol for case in cases))


def held_out(cases: list[Case], figures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Choose the variant with the best mean over protocols on random halves of the tables.

    Parameters
    ----------
    cases : list of Case
        Tables and protocols.
    figures : ndarray of shape (n_cases, n_variants, 2)
        Figures of the variants.

    Returns
    -------
    chosen : ndarray of shape (n_protocols, 2)
        Mean figures of the chosen variants on the other halves.
    counts : ndarray of int of shape (n_variants,)
        How often each variant was chosen.
    """
    generator = np.random.default_rng(0)
    found, counts = [], np.zeros(figures.shape[1], int)
    for _ in range(_ROUNDS):
        choosing = np.array(_half(cases, generator))
        best = int(_means_of(cases, figures, choosing).mean(axis=(0, 2)).argmax())
        counts[best] += 1
        found.append(_means_of(cases, figures, ~choosing)[:, best])
    return np.mean(found, axis=0), counts


def _half(cases: list[Case], generator: np.random.Generator) -> list[bool]:
    """Draw a half of the tables of each kind, where a kind is the protocols that a table has; return their cases."""
    kinds: dict[str, tuple[str, ...]] = {}
    for case in cases:
        kinds[case.table] = (*kinds.get(case.table, ()), case.protocol)
    drawn: set[str] = set()
    for kind in dict.fromkeys(kinds.values()):
        of_kind = [table for table in kinds if kinds[table] == kind]
        drawn.update(generator.permutation(of_kind)[: len(of_kind) // 2].tolist())
    return [case.table in drawn for case in cases]


def _means_of(cases: list[Case], figures: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return means([case for case, here in zip(cases, mask, strict=True) if here], figures[mask])


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.choices", description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data", help="folder of data, as of python -m benchmarks quality")
    parser.add_argument(
        "--protocols", type=some_of(PROTOCOLS), default=CLEAN, metavar="A,B", help=f"default: {','.join(CLEAN)}"
    )
    parser.add_argument("--seeds", type=positive, default=1, metavar="N", help="number of seeds (default: 1)")
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    options = parser.parse_args(arguments)
    try:
        cases, figures = evaluate(options.protocols, Path(options.data), options.variants, options.seeds)
    except FileNotFoundError as error:
        parser.error(str(error))
    print(f"\n{'variant':<20}" + "".join(f"{protocol:>16}" for protocol in protocols_of(cases)) + "   chosen")
    best, counts = held_out(cases, figures)
    rows = [*means(cases, figures).swapaxes(0, 1), best]
    for name, values, count in zip([*options.variants, "chosen elsewhere"], rows, [*counts, ""], strict=True):
        shown = "".join(f"{f'{auroc:.3f} / {ap:.3f}':>16}" for auroc, ap in values)
        print(f"{name:<20}{shown}   {count}")


if __name__ == "__main__":
    main()
