"""Synchronization of threads: atomic counters, and pauses in waiting loops."""

from __future__ import annotations

from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import extending, types
from numba.core import cgutils

intrinsic: Any = extending.intrinsic

_HAS_PAUSE = llvmlite.binding.get_default_triple().startswith("x86_64")


@intrinsic
def fetch_add(typing_context: Any, counter: Any, amount: Any) -> Any:  # noqa: ARG001
    """Atomically add to a counter (a pointer to int64) that threads share; return its value before the addition."""
    if counter != types.CPointer(types.int64):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = context.cast(builder, arguments[1], signature.args[1], types.int64)
        return builder.atomic_rmw("add", arguments[0], value, "seq_cst")

    return types.int64(counter, amount), generate


@intrinsic
def load_atomic(typing_context: Any, counter: Any) -> Any:  # noqa: ARG001
    """Atomically load a counter; writes that other threads made before they increased it are then visible."""
    if counter != types.CPointer(types.int64):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.load_atomic(arguments[0], "seq_cst", 8)

    return types.int64(counter), generate


@intrinsic
def pause(typing_context: Any) -> Any:  # noqa: ARG001
    """Tell the processor that this is a waiting loop, where it has such an instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        if _HAS_PAUSE:
            pause_type = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, pause_type, "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def yield_processor(typing_context: Any, address: Any) -> Any:  # noqa: ARG001
    """Call the operating system's function that yields the processor at an address; nothing if it is 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        function_type = ir.FunctionType(ir.IntType(32), [])
        exists = builder.icmp_unsigned("!=", arguments[0], ir.Constant(ir.IntType(64), 0))
        with builder.if_then(exists):
            builder.call(builder.inttoptr(arguments[0], function_type.as_pointer()), [])
        return context.get_dummy_value()

    return types.void(address), generate
