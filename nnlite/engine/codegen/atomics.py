"""What threads need to agree on: counting together, and waiting."""

from __future__ import annotations

from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import extending, types
from numba.core import cgutils

intrinsic: Any = extending.intrinsic

_HAS_PAUSE = llvmlite.binding.get_default_triple().startswith("x86_64")


@intrinsic
def add_and_fetch(typing_context: Any, counter: Any, amount: Any) -> Any:  # noqa: ARG001
    """Add to a counter (a pointer to int64) that others add to at the same time; return what it was."""
    if counter != types.CPointer(types.int64):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = context.cast(builder, arguments[1], signature.args[1], types.int64)
        return builder.atomic_rmw("add", arguments[0], value, "seq_cst")

    return types.int64(counter, amount), generate


@intrinsic
def fetch(typing_context: Any, counter: Any) -> Any:  # noqa: ARG001
    """Return a counter's value, and with it all that others wrote before they raised it so far."""
    if counter != types.CPointer(types.int64):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.load_atomic(arguments[0], "seq_cst", 8)

    return types.int64(counter), generate


@intrinsic
def relax(typing_context: Any) -> Any:  # noqa: ARG001
    """Tell the processor that this is a loop that waits, where it wants to know."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        if _HAS_PAUSE:
            pause = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, pause, "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def give_way(typing_context: Any, address: Any) -> Any:  # noqa: ARG001
    """Call the operating system's function at an address that lets others run, if there is one."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        function_type = ir.FunctionType(ir.IntType(32), [])
        there = builder.icmp_unsigned("!=", arguments[0], ir.Constant(ir.IntType(64), 0))
        with builder.if_then(there):
            builder.call(builder.inttoptr(arguments[0], function_type.as_pointer()), [])
        return context.get_dummy_value()

    return types.void(address), generate
