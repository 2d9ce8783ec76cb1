"""What the command line says of a detector and of its results, as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from anomaly.detectors import SequenceDetector, TableDetector
from anomaly.drift import DriftResult
from anomaly.metrics import Evaluation
from nnlite.types import Array


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows in columns: the first flush left, the others right.

    Examples
    --------
    >>> print(table(["kind", "n"], [["scan", "12"], ["flood", "7"]]))
    kind    n
    scan   12
    flood   7
    """
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def fitted(detector: TableDetector, n_records: int, path: str) -> str:
    """Say what a fit has done."""
    losses = detector.history_["loss"]
    flagged = int(detector.labels_.sum())
    return "\n".join(
        [
            f"learned from {n_records:,} records with {_counted(detector.n_features_in_, 'column')} "
            f"({_counted(len(detector.preprocessor_.feature_names_out_), 'feature')})",
            f"training loss {losses[0]:.4g} in the first of {len(losses)} epochs, {losses[-1]:.4g} in the last",
            f"threshold {detector.threshold_:.6g}: {flagged:,} of these records "
            f"({flagged / len(detector.labels_):.2%}) score above it",
            f"model written to {path}",
        ]
    )


def updated(detector: TableDetector, n_records: int, path: str) -> str:
    """Say what further records have changed."""
    return "\n".join(
        [
            f"learned from {n_records:,} more records, {detector.records_seen_:,} in all",
            f"threshold {detector.threshold_:.6g}: {int(detector.labels_.sum()):,} of {len(detector.labels_):,} "
            "remembered records score above it",
            f"model written to {path}",
        ]
    )


def labels_learned(detector: TableDetector, labels: Array, path: str) -> str:
    """Say what labelled records have taught."""
    weights = detector.column_weights_
    assert weights is not None
    order = np.argsort(-weights, kind="stable")
    rows = [[str(detector.feature_names_in_[i]), f"{weights[i]:.2f}"] for i in order]
    unchanged = "the labels are no evidence for other weights: records score as without labels; give more labels"
    return "\n".join(
        [
            f"learned from {int(labels.sum()):,} labelled anomalies and {int((~labels).sum()):,} normal records",
            *([unchanged] if (weights == 1).all() else []),
            f"threshold {detector.threshold_:.6g}: {int(detector.labels_.sum()):,} of {len(detector.labels_):,} "
            "remembered records score above it",
            f"model written to {path}",
            "",
            table(["column", "weight"], rows),
        ]
    )


def by_kind(kinds: Array, scores: Array, threshold: float, normal: str) -> list[dict[str, Any]]:
    """Count, for every label, the records and those that score above the threshold.

    Parameters
    ----------
    kinds : ndarray of str of shape (n,)
        Labels.
    scores : ndarray of shape (n,)
        Anomaly scores.
    threshold : float
        Above it a record is an anomaly.
    normal : str
        The label of normal records; it comes first.

    Returns
    -------
    list of dict
        ``label``, ``records``, ``flagged`` and ``median_score``, the most frequent labels first.
    """
    rows = []
    for kind in np.unique(kinds):
        own = scores[kinds == kind]
        rows.append(
            {
                "label": str(kind),
                "records": len(own),
                "flagged": int((own > threshold).sum()),
                "median_score": float(np.median(own)),
            }
        )
    return sorted(rows, key=lambda row: (row["label"] != normal, -row["records"], row["label"]))


def evaluated(result: Evaluation, kinds: Sequence[dict[str, Any]]) -> str:
    """Lay out an evaluation, and what became of the records of each label."""
    rows = [
        [
            row["label"] or "(empty)",
            f"{row['records']:,}",
            f"{row['flagged']:,}",
            f"{row['flagged'] / row['records']:.1%}",
            f"{row['median_score']:.4g}",
        ]
        for row in kinds
    ]
    head = ["label", "records", "flagged", "share", "median score"]
    return f"{result}\n\n{table(head, rows)}"


def drifted(result: DriftResult) -> str:
    """Lay out what a check for drift found."""
    verdict = "drifted" if result.drifted else "no drift"
    if not result.columns:
        return f"{verdict}\n{result}"
    rows = [[column.name, f"{column.statistic:.3f}", f"{column.p_value:.2g}"] for column in result.columns]
    return f"{verdict}\n{replace(result, columns=())}\n\n{table(['column', 'D', 'p'], rows)}"


def described(detector: TableDetector | SequenceDetector) -> str:
    """Say what a detector is: settings, columns, network, threshold."""
    settings = [f"  {name} = {value!r}" for name, value in detector.get_params().items()]
    if isinstance(detector, SequenceDetector):
        preprocessor, model = detector.preprocessor_.columns_, detector.models_[0]
        n_records = len(detector.labels_)
    else:
        preprocessor, model, n_records = detector.preprocessor_, detector.model_, detector.records_seen_
    columns = [f"  {line}" for line in preprocessor.describe()]
    network: list[str] = []
    model.summary(print_fn=lambda line: network.append(f"  {line}"))
    flagged = int(detector.labels_.sum())
    return "\n".join(
        [
            f"{type(detector).__name__}, fitted on {n_records:,} records with {detector.n_features_in_} columns",
            f"threshold {detector.threshold_:.6g}; {flagged:,} training records "
            f"({flagged / len(detector.labels_):.2%}) score above it",
            "",
            "settings",
            *settings,
            "",
            "columns",
            *columns,
            "",
            "network",
            *network,
        ]
    )


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
