"""Pointers in Numba: what the kernels compute on instead of arrays.

A kernel that takes arrays makes Numba unpack seven numbers for each; one that takes pointers is a plain C function,
which can be kept as machine code, loaded without Numba and called in nanoseconds.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic


@intrinsic
def shift(typing_context: Any, pointer: Any, count: Any) -> Any:  # noqa: ARG001
    """Return the pointer `count` items further on (C's ``pointer + count``)."""
    if not (isinstance(pointer, types.CPointer) and isinstance(count, types.Integer)):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        base, n = arguments
        n = context.cast(builder, n, signature.args[1], types.int64)
        return builder.gep(base, [n], inbounds=True)

    return pointer(pointer, count), generate


@intrinsic
def pointer_to(typing_context: Any, array: Any) -> Any:  # noqa: ARG001
    """Return the pointer to the first item of an array (for tests and tools: kernels see no arrays)."""
    if not isinstance(array, types.Array):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), generate
