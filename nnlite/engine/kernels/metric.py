"""Accuracies: how many predictions are right. Each adds to a sum what each record has right, times its weight.

Fields of all: y, p, features, positions, ld, total, threshold, weights or 0, from one position's weights to the next.
"""

from __future__ import annotations

from typing import Any

from nnlite.engine.batch_state import ROWS
from nnlite.engine.codegen.pointers import as_number, as_pointer, like, shift


def binary_accuracy(op: Any, state: Any, zero: Any) -> None:
    """Count predictions on the right side of the threshold; each feature counts for its share of a sample."""
    features, ld = op[2], op[4]
    threshold, one, hits, weighed = like(zero, as_number(op[6])), like(zero, 1.0), 0, 0.0
    for j in range(features * op[3]):
        y, p = shift(as_pointer(op[0], zero), j * ld), shift(as_pointer(op[1], zero), j * ld)
        if op[7] == 0:
            for i in range(state[ROWS]):
                hits += y[i] == (one if p[i] > threshold else zero)
        else:
            weights = shift(as_pointer(op[7], zero), j // features * op[8])
            for i in range(state[ROWS]):
                hit = y[i] == (one if p[i] > threshold else zero)
                weighed += like(0.0, weights[i]) if hit else 0.0
    place = as_pointer(op[5], 0.0)
    place[0] += (hits + weighed) / (features * op[3])


def categorical_accuracy(op: Any, state: Any, zero: Any) -> None:
    """Count samples whose largest prediction is the one that is marked."""
    features, ld, hits = op[2], op[4], 0.0
    for position in range(op[3]):
        y = shift(as_pointer(op[0], zero), position * features * ld)
        p = shift(as_pointer(op[1], zero), position * features * ld)
        weights = shift(as_pointer(op[7], zero), position * op[8])
        for i in range(state[ROWS]):
            marked, largest = 0, 0
            for j in range(1, features):
                if y[j * ld + i] > y[marked * ld + i]:
                    marked = j
                if p[j * ld + i] > p[largest * ld + i]:
                    largest = j
            if marked == largest:
                hits += like(0.0, weights[i]) if op[7] != 0 else 1.0
    place = as_pointer(op[5], 0.0)
    place[0] += hits / op[3]


def weights(op: Any, state: Any, zero: Any) -> None:
    """Add what the records count for: the means of their weights. op: weights, of each record, ld, total."""
    total = 0.0
    for j in range(op[1]):
        row = shift(as_pointer(op[0], zero), j * op[2])
        for i in range(state[ROWS]):
            total += row[i]
    place = as_pointer(op[3], 0.0)
    place[0] += total / op[1]
