# ruff: noqa: ARG001 - Numba calls by position, and an argument that one intrinsic ignores another needs
"""Building blocks of branch-free functions: selection, bits, signs, roots and polynomials, emitted in LLVM.

Each is one or a few machine instructions that Python cannot express, or for which Numba would emit a branch or a call.
LLVM turns every one of them into its vector form when the loop around it is vectorized.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import extending, types

intrinsic: Any = extending.intrinsic
_UNSIGNED: dict[Any, Any] = {types.float32: types.uint32, types.float64: types.uint64}
_LONGEST_HORNER = 8
"""Most coefficients of a polynomial evaluated by one chain of Horner's rule."""


@intrinsic
def select(typing_context: Any, condition: Any, if_true: Any, if_false: Any) -> Any:
    """Return `if_true` where the condition holds, else `if_false`; both are evaluated."""
    if not (isinstance(condition, types.Boolean) and if_true == if_false):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.select(*arguments)

    return if_true(condition, if_true, if_false), generate


@intrinsic
def bits_of(typing_context: Any, x: Any) -> Any:
    """Return the bits of a float as an unsigned integer of its size."""
    if x not in _UNSIGNED:
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))

    return _UNSIGNED[x](x), generate


@intrinsic
def float_of(typing_context: Any, bits: Any, like: Any) -> Any:
    """Return the float, of the type of `like`, whose bits are the lowest bits of an integer."""
    if not isinstance(bits, types.Integer) or like not in _UNSIGNED:
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        low = context.cast(builder, arguments[0], bits, _UNSIGNED[like])
        return builder.bitcast(low, context.get_value_type(like))

    return like(bits, like), generate


@intrinsic
def with_sign(typing_context: Any, magnitude: Any, sign: Any) -> Any:
    """Return the magnitude of one float with the sign of another, including the sign of zero."""
    if magnitude not in _UNSIGNED or magnitude != sign:
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = context.get_value_type(signature.return_type)
        copysign = builder.module.declare_intrinsic("llvm.copysign", [kind], ir.FunctionType(kind, [kind, kind]))
        return builder.call(copysign, arguments)

    return magnitude(magnitude, sign), generate


@intrinsic
def leading_zeros(typing_context: Any, bits: Any) -> Any:
    """Return how many of the upper bits of an unsigned integer of 64 bits, which is not 0, are 0."""
    if bits != types.uint64:
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(bits), generate


@intrinsic
def high_product(typing_context: Any, a: Any, b: Any) -> Any:
    """Return the upper 64 bits of the product of two unsigned integers of 64 bits."""
    if not (a == b == types.uint64):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        int128 = ir.IntType(128)
        product = builder.mul(*(builder.zext(argument, int128) for argument in arguments))
        return builder.trunc(builder.lshr(product, ir.Constant(int128, 64)), ir.IntType(64))

    return a(a, b), generate


@intrinsic
def square_root(typing_context: Any, x: Any) -> Any:
    """Return the square root, computed by the machine's own instruction."""
    if x not in _UNSIGNED:
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = context.get_value_type(signature.return_type)
        root = builder.module.declare_intrinsic("llvm.sqrt", [kind])
        return builder.call(root, arguments)

    return x(x), generate


def polynomial(coefficients: Sequence[float]) -> Any:
    """Return the compiled function ``x -> c[0] + c[1] x + c[2] x^2 + ...``, in the type of x.

    Short polynomials use Horner's rule. In long ones every step would wait for the one before, so their even and odd
    terms are evaluated independently, each by Horner's rule in x^2. Each step may become one fused multiply-add (LLVM's
    `contract`), which rounds once instead of twice.
    """
    fused = ("contract",)

    @intrinsic
    def evaluate(typing_context: Any, x: Any) -> Any:
        if x not in _UNSIGNED:
            return None

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            def multiply_add(a: Any, b: Any, c: Any) -> Any:
                return builder.fadd(builder.fmul(a, b, flags=fused), c, flags=fused)

            def horner(terms: Sequence[Any], argument: Any) -> Any:
                return functools.reduce(lambda total, term: multiply_add(total, argument, term), reversed(terms))

            (argument,) = arguments
            terms = [context.get_constant(x, c) for c in coefficients]
            if len(terms) <= _LONGEST_HORNER:
                return horner(terms, argument)
            square = builder.fmul(argument, argument)
            return multiply_add(horner(terms[1::2], square), argument, horner(terms[::2], square))

        return x(x), generate

    return evaluate
