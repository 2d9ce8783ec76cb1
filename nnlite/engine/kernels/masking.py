"""Masks of valid steps: one number for each step and record, 1 for valid and 0 for masked.

Masked values are deselected, never multiplied by zero: infinity times zero is NaN.
"""

from __future__ import annotations

from typing import Any

from nnlite.engine.batch_state import ROWS
from nnlite.engine.codegen.pointers import as_number, as_pointer, like, shift
from nnlite.engine.codegen.scalars import select


def compute_mask(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Mark the steps of which a feature differs from a value. op: x, mask, features, positions, ld, value."""
    x, mask, features, ld = as_pointer(op[0], zero), as_pointer(op[1], zero), op[2], op[4]
    value, one = like(zero, as_number(op[5])), like(zero, 1.0)
    for position in range(op[3]):
        valid = shift(mask, position * ld)
        for i in range(ld):
            valid[i] = zero
        for j in range(features):
            row = shift(x, (position * features + j) * ld)
            for i in range(ld):
                valid[i] = select(row[i] != value, one, valid[i])


def apply_mask(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Set masked steps to 0. op: x, y, mask, features, positions, ld."""
    x, y, mask, features, ld = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero), op[3], op[5]
    for position in range(op[4]):
        valid = shift(mask, position * ld)
        for j in range(features):
            source, target = shift(x, (position * features + j) * ld), shift(y, (position * features + j) * ld)
            for i in range(ld):
                target[i] = select(valid[i] != zero, source[i], zero)


def select_state(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Replace the state of a masked step by the previous one. op: previous state, state, step's mask, features, ld."""
    previous, current, mask, ld = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero), op[4]
    for j in range(op[3]):
        source, target = shift(previous, j * ld), shift(current, j * ld)
        for i in range(ld):
            target[i] = select(mask[i] != zero, target[i], source[i])


def split_gradient(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Move the gradient of a masked step's state to the bypass, which the previous state receives.

    op: gradient, bypass, mask of the step, features, ld.
    """
    gradient, bypass, mask, ld = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero), op[4]
    for j in range(op[3]):
        step_gradient, bypass_gradient = shift(gradient, j * ld), shift(bypass, j * ld)
        for i in range(ld):
            bypass_gradient[i] = select(mask[i] != zero, zero, step_gradient[i])
        for i in range(ld):
            step_gradient[i] = select(mask[i] != zero, step_gradient[i], zero)


def union(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Compute the union of two masks. op: a, b, mask, length."""
    a, b, mask = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
    for i in range(op[3]):
        mask[i] = max(a[i], b[i])


def ones(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Write a mask of valid steps only. op: mask, length."""
    mask = as_pointer(op[0], zero)
    for i in range(op[1]):
        mask[i] = like(zero, 1.0)


def mean_weights(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Compute the weight of each step in a mean over the valid ones. op: mask, weights, steps, ld, workspace of ld."""
    mask, weights, steps, ld, total = (
        as_pointer(op[0], zero),
        as_pointer(op[1], zero),
        op[2],
        op[3],
        as_pointer(op[4], zero),
    )
    one = like(zero, 1.0)
    for i in range(ld):
        total[i] = zero
    for step in range(steps):
        valid = shift(mask, step * ld)
        for i in range(ld):
            total[i] += valid[i]
    for step in range(steps):
        valid, target = shift(mask, step * ld), shift(weights, step * ld)
        for i in range(ld):
            target[i] = valid[i] / max(total[i], one)


def scale_steps(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Multiply each step by its own factor. op: x, factors, y, features, steps, ld, stride of the steps in x."""
    x, factors, y, features, ld = (
        as_pointer(op[0], zero),
        as_pointer(op[1], zero),
        as_pointer(op[2], zero),
        op[3],
        op[5],
    )
    for step in range(op[4]):
        step_factors = shift(factors, step * ld)
        for j in range(features):
            source, target = shift(x, step * op[6] + j * ld), shift(y, (step * features + j) * ld)
            for i in range(ld):
                target[i] = source[i] * step_factors[i]


def sample_weights(op: Any, state: Any, zero: Any) -> None:
    """Compute the weight of each sample. In a loss, the mean weight of the valid samples is that of the records.

    op: mask, weights of the records or 0, weights, positions of the mask, samples for each, ld, whether it is a loss.
    """
    mask, records, target = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
    positions, samples, ld, rows = op[3], op[4], op[5], state[ROWS]
    valid_samples = 0
    for position in range(positions):
        valid = shift(mask, position * ld)
        for i in range(rows):
            valid_samples += 1 if valid[i] != zero else 0
    scale = like(zero, positions * rows / max(valid_samples, 1) if op[6] else 1.0)
    for position in range(positions):
        valid = shift(mask, position * ld)
        for sample in range(samples):
            sample_weight = shift(target, (position * samples + sample) * ld)
            for i in range(rows):
                sample_weight[i] = valid[i] * scale * (records[i] if op[1] != 0 else like(zero, 1.0))
