"""Results as text: tables of columns, weights, metrics, flag rates and drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from anomaly.drift import DriftResult
from anomaly.errors import one_line
from anomaly.metrics import Evaluation, FlagRate
from nnlite.types import Array


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format rows as columns of text, the first aligned left, the others right.

    Examples
    --------
    >>> print(table(["kind", "n"], [["scan", "12"], ["flood", "7"]]))
    kind    n
    scan   12
    flood   7
    """
    lines = [list(map(one_line, line)) for line in (head, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def format_remembered(threshold: float, labels: Array) -> str:
    """Format a threshold and the number of remembered records above it."""
    return f"threshold {threshold:.6g}: {int(labels.sum()):,} of {len(labels):,} remembered records score above it"


def format_weights(names: Sequence[str], weights: Array) -> str:
    """Format the weights of columns as a table, the largest first."""
    order = np.argsort(-weights, kind="stable")
    return table(["column", "weight"], [[str(names[i]), f"{weights[i]:.2f}"] for i in order])


def count_by_label(labels: Array, scores: Array, flags: Array, normal: str) -> list[dict[str, Any]]:
    """Count the records of each label, and those of them that are flagged.

    Parameters
    ----------
    labels : ndarray of str of shape (n,)
        Labels.
    scores : ndarray of shape (n,)
        Anomaly scores.
    flags : ndarray of int of shape (n,)
        1 for flagged records, else 0.
    normal : str
        The label of normal records; it comes first.

    Returns
    -------
    list of dict
        ``label``, ``records``, ``flagged`` and ``median_score``, the most frequent labels first.
    """
    rows = []
    for label in np.unique(labels):
        rows_here = labels == label
        own = scores[rows_here]
        rows.append(
            {
                "label": str(label),
                "records": len(own),
                "flagged": int(flags[rows_here].sum()),
                "median_score": float(np.median(own)),
            }
        )
    return sorted(rows, key=lambda row: (row["label"] != normal, -row["records"], row["label"]))


def format_evaluation(result: Evaluation, by_label: Sequence[dict[str, Any]]) -> str:
    """Format an evaluation, and the flagged records of each label as a table."""
    rows = [
        [
            row["label"] or "(empty)",
            f"{row['records']:,}",
            f"{row['flagged']:,}",
            f"{row['flagged'] / row['records']:.1%}",
            f"{row['median_score']:.4g}",
        ]
        for row in by_label
    ]
    head = ["label", "records", "flagged", "share", "median score"]
    return f"{result}\n\n{table(head, rows)}"


def format_rates(name: str, groups: Sequence[FlagRate], overall: FlagRate) -> str:
    """Format the flag rates of a column's groups as a table, which ends with that of all records."""
    labelled = overall.n_labelled > 0
    head = [name, "records", "flagged", "share", "95 % interval"]
    rows = []
    for group in (*groups, overall):
        interval = f"{group.low:.1%} to {group.high:.1%}"
        row = [group.value, f"{group.n_records:,}", f"{group.n_flagged:,}", f"{group.flag_rate:.1%}", interval]
        shares = (group.precision, group.recall, group.false_alarm_rate)
        if labelled:
            row += [f"{group.n_anomalies:,}", *("-" if share is None else f"{share:.1%}" for share in shares)]
        rows.append(row)
    return table([*head, *(["anomalies", "precision", "recall", "false alarms"] if labelled else [])], rows)


def format_drift(result: DriftResult) -> str:
    """Format the result of a test for drift, with a table of the columns that have drifted."""
    verdict = "drifted" if result.drifted else "no drift"
    if not result.columns:
        return f"{verdict}\n{result}"
    rows = [[column.title, f"{column.statistic:.3f}", f"{column.p_value:.2g}"] for column in result.columns]
    return f"{verdict}\n{replace(result, columns=())}\n\n{table(['column', 'D', 'p'], rows)}"
