"""Masks: which steps count. A mask has one number for each step and record, 1 where it counts and 0 where not.

What does not count is chosen away, never multiplied by zero: an infinite number times zero is none.
"""

from __future__ import annotations

from typing import Any

from nnlite.engine.batch_state import ROWS
from nnlite.engine.codegen.pointers import as_number, as_pointer, like, shift
from nnlite.engine.codegen.scalars import select


def counts(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Find the steps of which a feature differs from a value. op: x, mask, features, positions, ld, value."""
    x, mask, features, ld = as_pointer(op[0], zero), as_pointer(op[1], zero), op[2], op[4]
    value, one = like(zero, as_number(op[5])), like(zero, 1.0)
    for position in range(op[3]):
        own = shift(mask, position * ld)
        for i in range(ld):
            own[i] = zero
        for j in range(features):
            row = shift(x, (position * features + j) * ld)
            for i in range(ld):
                own[i] = select(row[i] != value, one, own[i])


def keep(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Set what does not count to 0. op: x, y, mask, features, positions, ld."""
    x, y, mask, features, ld = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero), op[3], op[5]
    for position in range(op[4]):
        own = shift(mask, position * ld)
        for j in range(features):
            of, to = shift(x, (position * features + j) * ld), shift(y, (position * features + j) * ld)
            for i in range(ld):
                to[i] = select(own[i] != zero, of[i], zero)


def hold(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Let a state that does not count be the one before. op: state before, state, mask of the step, features, ld."""
    before, after, mask, ld = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero), op[4]
    for j in range(op[3]):
        of, to = shift(before, j * ld), shift(after, j * ld)
        for i in range(ld):
            to[i] = select(mask[i] != zero, to[i], of[i])


def part(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Split a derivative into its step's and what passes by. op: derivative, past, mask of the step, features, ld."""
    derivative, past, mask, ld = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero), op[4]
    for j in range(op[3]):
        of, to = shift(derivative, j * ld), shift(past, j * ld)
        for i in range(ld):
            to[i] = select(mask[i] != zero, zero, of[i])
        for i in range(ld):
            of[i] = select(mask[i] != zero, of[i], zero)


def either(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Join two masks: what counts in any of them. op: a, b, mask, length."""
    a, b, mask = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
    for i in range(op[3]):
        mask[i] = max(a[i], b[i])


def everything(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Write a mask of which all counts. op: mask, length."""
    mask = as_pointer(op[0], zero)
    for i in range(op[1]):
        mask[i] = like(zero, 1.0)


def shares(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Write what each step counts for in a mean over those that do. op: mask, shares, steps, ld, work memory of ld."""
    mask, share, steps, ld, total = (
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
        own = shift(mask, step * ld)
        for i in range(ld):
            total[i] += own[i]
    for step in range(steps):
        own, to = shift(mask, step * ld), shift(share, step * ld)
        for i in range(ld):
            to[i] = own[i] / max(total[i], one)


def weigh(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Multiply each step by its own number. op: x, numbers, y, features, steps, ld, from one step to the next in x."""
    x, numbers, y, features, ld = (
        as_pointer(op[0], zero),
        as_pointer(op[1], zero),
        as_pointer(op[2], zero),
        op[3],
        op[5],
    )
    for step in range(op[4]):
        own = shift(numbers, step * ld)
        for j in range(features):
            of, to = shift(x, step * op[6] + j * ld), shift(y, (step * features + j) * ld)
            for i in range(ld):
                to[i] = of[i] * own[i]


def weights(op: Any, state: Any, zero: Any) -> None:
    """Write what each sample counts for. In a loss, the mean weight of a batch is that of its records.

    op: mask, weights of the records or 0, weights, positions of the mask, samples for each, ld, whether it is a loss.
    """
    mask, records, target = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
    positions, samples, ld, rows = op[3], op[4], op[5], state[ROWS]
    counted = 0
    for position in range(positions):
        own = shift(mask, position * ld)
        for i in range(rows):
            counted += 1 if own[i] != zero else 0
    scale = like(zero, positions * rows / max(counted, 1) if op[6] else 1.0)
    for position in range(positions):
        own = shift(mask, position * ld)
        for sample in range(samples):
            to = shift(target, (position * samples + sample) * ld)
            for i in range(rows):
                to[i] = own[i] * scale * (records[i] if op[1] != 0 else like(zero, 1.0))
