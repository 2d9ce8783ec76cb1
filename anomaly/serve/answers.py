"""From the scores of records to the body of an answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from anomaly.serve.requests import ARROW
from nnlite.types import Array

Reasons = "list[list[dict[str, Any]] | None]"


@dataclass(frozen=True)
class Scored:
    """Scores of the records of a request.

    Attributes
    ----------
    scores : ndarray of float64 of shape (n_records,)
        Larger is more anomalous.
    labels : ndarray of int of shape (n_records,)
        1 above the threshold.
    threshold : float
        The threshold.
    model : str
        Digest of the model's file.
    reasons : list, optional
        For each record the columns that contribute most, with their fraction of the score; None for a record that has
        no reasons.
    """

    scores: Array
    labels: Array
    threshold: float
    model: str
    reasons: list[list[dict[str, Any]] | None] | None = None

    def body(self, kind: str) -> bytes:
        """Return the body of the answer, of the kind of the request."""
        return self._arrow() if kind == ARROW else self._json()

    def _json(self) -> bytes:
        answer: dict[str, Any] = {
            "scores": self.scores.tolist(),
            "labels": self.labels.tolist(),
            "threshold": self.threshold,
            "model": self.model,
        }
        if self.reasons is not None:
            answer["reasons"] = self.reasons
        return json.dumps(answer, allow_nan=False, ensure_ascii=False).encode()

    def _arrow(self) -> bytes:
        arrow, ipc = import_module("pyarrow"), import_module("pyarrow.ipc")
        columns = {"score": arrow.array(self.scores), "label": arrow.array(self.labels)}
        if self.reasons is not None:
            reason = arrow.struct([("column", arrow.string()), ("fraction", arrow.float64())])
            columns["reasons"] = arrow.array(self.reasons, arrow.list_(reason))
        table = arrow.table(columns).replace_schema_metadata({"threshold": repr(self.threshold), "model": self.model})
        sink = arrow.BufferOutputStream()
        with ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return bytes(sink.getvalue())


def largest(contributions: Array, names: list[str], count: int) -> list[dict[str, Any]]:
    """Return the columns that contribute most to one score, with their fraction of it.

    Examples
    --------
    >>> largest(np.array([1.0, 3.0, 0.0]), ["a", "b", "c"], 2)
    [{'column': 'b', 'fraction': 0.75}, {'column': 'a', 'fraction': 0.25}]
    """
    total = float(contributions.sum()) or 1.0
    order = np.argsort(-contributions, kind="stable")[:count].tolist()
    return [{"column": names[i], "fraction": float(contributions[i]) / total} for i in order]
