"""Pointers in Numba: the arguments of kernels, instead of arrays.

A kernel that takes arrays makes Numba unpack seven numbers for each; one that takes pointers is a plain C function,
which can be cached as machine code, loaded without Numba and called in nanoseconds.

Kernels are generic over both float types. They receive a `zero` of the type to compute in; `as_pointer` and `like` take
their type from it, so that no constant promotes the arithmetic to doubles by accident.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils

intrinsic: Any = extending.intrinsic


@intrinsic
def shift(typing_context: Any, pointer: Any, count: Any) -> Any:  # noqa: ARG001
    """Return the pointer advanced by `count` items (C's ``pointer + count``)."""
    if not (isinstance(pointer, types.CPointer) and isinstance(count, types.Integer)):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        base, n = arguments
        n = context.cast(builder, n, signature.args[1], types.int64)
        return builder.gep(base, [n], inbounds=True)

    return pointer(pointer, count), generate


@intrinsic
def prefetch(typing_context: Any, pointer: Any) -> Any:  # noqa: ARG001
    """Ask the processor to bring the line of memory at a pointer near, which may be anywhere."""
    if not isinstance(pointer, types.CPointer):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        emit_prefetch(builder, arguments[0])
        return context.get_dummy_value()

    return types.void(pointer), generate


def emit_prefetch(builder: ir.IRBuilder, pointer: ir.Value) -> None:
    """Emit a prefetch for reading, into all caches."""
    byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
    function = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
    builder.call(function, [builder.bitcast(pointer, byte), *(ir.Constant(number, value) for value in (0, 3, 1))])


@intrinsic
def pointer_to(typing_context: Any, array: Any) -> Any:  # noqa: ARG001
    """Return the pointer to the first item of an array (for tests and tools: kernels take no arrays)."""
    if not isinstance(array, types.Array):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), generate


@intrinsic
def as_pointer(typing_context: Any, address: Any, zero: Any) -> Any:  # noqa: ARG001
    """Return the pointer to numbers of the type of `zero` at an address."""
    if not (isinstance(address, types.Integer) and isinstance(zero, types.Number)):
        return None
    result = types.CPointer(zero)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.inttoptr(arguments[0], context.get_value_type(result))

    return result(address, zero), generate


@intrinsic
def like(typing_context: Any, zero: Any, value: Any) -> Any:  # noqa: ARG001
    """Return `value` as a number of the type of `zero`."""
    if not (isinstance(zero, types.Number) and isinstance(value, types.Number)):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.cast(builder, arguments[1], signature.args[1], signature.args[0])

    return zero(zero, value), generate


@intrinsic
def as_number(typing_context: Any, operand: Any) -> Any:  # noqa: ARG001
    """Return the double whose bits an int64 operand holds."""
    if operand != types.int64:
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(operand), generate


@intrinsic
def call_kernel(typing_context: Any, address: Any, operands: Any, state: Any, zero: Any) -> Any:  # noqa: ARG001
    """Call the kernel at an address.

    A function that Numba compiles returns a status and takes two pointers, for its result and for an exception, before
    its own arguments. Kernels have no result and raise nothing, so both are placeholders.
    """
    if not isinstance(address, types.Integer):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        pointer_type = ir.IntType(8).as_pointer()
        results = [cgutils.alloca_once(builder, pointer_type, name=name) for name in ("result", "exception")]
        argument_types = [value.type for value in (*results, *arguments[1:])]
        function_type = ir.FunctionType(ir.IntType(32), argument_types)
        function = builder.inttoptr(arguments[0], function_type.as_pointer())
        builder.call(function, [*results, *arguments[1:]])
        return context.get_dummy_value()

    return types.void(address, operands, state, zero), generate
