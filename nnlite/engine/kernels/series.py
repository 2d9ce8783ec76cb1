"""What layers for series do beside products: blocks of rows added up, and scaled."""

from __future__ import annotations

from typing import Any

from nnlite.engine.codegen.pointers import as_number, as_pointer, like, shift


def add_blocks(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Add blocks to what is there, each times a number; targets may be one and the same.

    op: source, target, number of blocks, length of each, from one to the next: source, target; factor.
    """
    source, target, length = as_pointer(op[0], zero), as_pointer(op[1], zero), op[3]
    factor = like(zero, as_number(op[6]))
    for block in range(op[2]):
        of, to = shift(source, block * op[4]), shift(target, block * op[5])
        for i in range(length):
            to[i] += of[i] * factor


def multiply_blocks(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Multiply blocks by one and the same. op: source, factors, target, number of blocks, length of each."""
    source, factors, target, length = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero), op[4]
    for block in range(op[3]):
        of, to = shift(source, block * length), shift(target, block * length)
        for i in range(length):
            to[i] = of[i] * factors[i]


def multiply(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Multiply two tensors. op: a, b, product, length."""
    a, b, c = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
    for i in range(op[3]):
        c[i] = a[i] * b[i]


def multiply_add(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Add the product of two tensors to what is there. op: a, b, sum, length."""
    a, b, c = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
    for i in range(op[3]):
        c[i] += a[i] * b[i]
