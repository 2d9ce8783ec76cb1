"""Accuracies: the number of correct predictions, added up with the weights of the records.

Operands of all: y, p, features, positions, ld, total, threshold, weights or 0, stride of the weights between positions.
"""

from __future__ import annotations

from typing import Any

from nnlite.engine.batch_state import ROWS
from nnlite.engine.codegen.pointers import as_number, as_pointer, like, shift


def binary_accuracy(op: Any, state: Any, zero: Any) -> None:
    """Count predictions on the right side of the threshold; each feature is a fraction of a sample."""
    features, ld = op[2], op[4]
    threshold, one, correct, weighted_correct = like(zero, as_number(op[6])), like(zero, 1.0), 0, 0.0
    for j in range(features * op[3]):
        y, p = shift(as_pointer(op[0], zero), j * ld), shift(as_pointer(op[1], zero), j * ld)
        if op[7] == 0:
            for i in range(state[ROWS]):
                correct += y[i] == (one if p[i] > threshold else zero)
        else:
            weights = shift(as_pointer(op[7], zero), j // features * op[8])
            for i in range(state[ROWS]):
                is_correct = y[i] == (one if p[i] > threshold else zero)
                weighted_correct += like(0.0, weights[i]) if is_correct else 0.0
    accumulator = as_pointer(op[5], 0.0)
    accumulator[0] += (correct + weighted_correct) / (features * op[3])


def categorical_accuracy(op: Any, state: Any, zero: Any) -> None:
    """Count samples whose largest prediction is that of the labelled class."""
    features, ld, correct = op[2], op[4], 0.0
    for position in range(op[3]):
        y = shift(as_pointer(op[0], zero), position * features * ld)
        p = shift(as_pointer(op[1], zero), position * features * ld)
        weights = shift(as_pointer(op[7], zero), position * op[8])
        for i in range(state[ROWS]):
            label, prediction = 0, 0
            for j in range(1, features):
                if y[j * ld + i] > y[label * ld + i]:
                    label = j
                if p[j * ld + i] > p[prediction * ld + i]:
                    prediction = j
            if label == prediction:
                correct += like(0.0, weights[i]) if op[7] != 0 else 1.0
    accumulator = as_pointer(op[5], 0.0)
    accumulator[0] += correct / op[3]


def weight_sum(op: Any, state: Any, zero: Any) -> None:
    """Add up the mean weights of the records. op: weights, weights of each record, ld, total."""
    total = 0.0
    for j in range(op[1]):
        row = shift(as_pointer(op[0], zero), j * op[2])
        for i in range(state[ROWS]):
            total += row[i]
    accumulator = as_pointer(op[3], 0.0)
    accumulator[0] += total / op[1]
