"""Accuracies: how many predictions are right. Each adds to a sum what each record has right.

Fields of all: y, p, features, positions, ld, total, threshold.
"""

from __future__ import annotations

from typing import Any

from nnlite.engine.pointers import as_number, as_pointer, like, shift
from nnlite.engine.state import ROWS


def binary_accuracy(op: Any, state: Any, zero: Any) -> None:
    """Count predictions on the right side of the threshold; each feature counts for its share of a sample."""
    y, p, features, ld = as_pointer(op[0], zero), as_pointer(op[1], zero), op[2], op[4]
    threshold, one, hits = like(zero, as_number(op[6])), like(zero, 1.0), 0
    for j in range(features * op[3]):
        for i in range(state[ROWS]):
            side = one if p[j * ld + i] > threshold else zero
            hits += y[j * ld + i] == side
    place = as_pointer(op[5], 0.0)
    place[0] += hits / (features * op[3])


def categorical_accuracy(op: Any, state: Any, zero: Any) -> None:
    """Count samples whose largest prediction is the one that is marked."""
    features, ld, hits = op[2], op[4], 0
    for position in range(op[3]):
        y = shift(as_pointer(op[0], zero), position * features * ld)
        p = shift(as_pointer(op[1], zero), position * features * ld)
        for i in range(state[ROWS]):
            marked, largest = 0, 0
            for j in range(1, features):
                if y[j * ld + i] > y[marked * ld + i]:
                    marked = j
                if p[j * ld + i] > p[largest * ld + i]:
                    largest = j
            hits += marked == largest
    place = as_pointer(op[5], 0.0)
    place[0] += hits / op[3]
