"""Operations on blocks of rows: sums and products, for series and the layers around them."""

from __future__ import annotations

from typing import Any

from nnlite.engine.codegen.pointers import as_number, as_pointer, like, shift


def add_blocks(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Add blocks, each times a factor, to target blocks, which may coincide.

    op: source, target, number of blocks, length of each, stride of the source, of the target, factor.
    """
    source, target, length = as_pointer(op[0], zero), as_pointer(op[1], zero), op[3]
    factor = like(zero, as_number(op[6]))
    for block in range(op[2]):
        source_block, target_block = shift(source, block * op[4]), shift(target, block * op[5])
        for i in range(length):
            target_block[i] += source_block[i] * factor


def multiply_blocks(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Multiply all blocks by the same factors. op: source, factors, target, number of blocks, length of each."""
    source, factors, target, length = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero), op[4]
    for block in range(op[3]):
        source_block, target_block = shift(source, block * length), shift(target, block * length)
        for i in range(length):
            target_block[i] = source_block[i] * factors[i]


def multiply(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Multiply two tensors. op: a, b, product, length."""
    a, b, c = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
    for i in range(op[3]):
        c[i] = a[i] * b[i]


def multiply_add(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Add the product of two tensors to a sum. op: a, b, sum, length."""
    a, b, c = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
    for i in range(op[3]):
        c[i] += a[i] * b[i]
