"""Floating-point numbers by their parts: exponents, polynomials, roots, as the processor's own instructions.

What is here has no branches and calls nothing, so loops that use it are vectorised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils

intrinsic: Any = extending.intrinsic
_FRACTION_BITS = {"float32": 23, "float64": 52}
_BIAS = {"float32": 127, "float64": 1023}


def _integer(name: str) -> ir.IntType:
    return ir.IntType(32 if name == "float32" else 64)


def _llvm_intrinsic(name: str) -> Any:
    """Make the function of one number that LLVM knows under a name."""

    @intrinsic
    def function(typing_context: Any, x: Any) -> Any:  # noqa: ARG001
        if not isinstance(x, types.Float):
            return None

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
            return builder.call(builder.module.declare_intrinsic(name, [arguments[0].type]), arguments)

        return x(x), generate

    return function


square_root = _llvm_intrinsic("llvm.sqrt")
nearest_integer = _llvm_intrinsic("llvm.rint")
absolute = _llvm_intrinsic("llvm.fabs")


@intrinsic
def where(typing_context: Any, condition: Any, x: Any, y: Any) -> Any:  # noqa: ARG001
    """Return x where the condition holds, else y; both are computed, so that there is no branch."""
    if condition != types.boolean or x != y:
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.select(*arguments)

    return x(condition, x, y), generate


@intrinsic
def power_of_two(typing_context: Any, k: Any) -> Any:  # noqa: ARG001
    """Return 2 to the k, for a whole number k, kept as a float, for which that is a normal number."""
    if not isinstance(k, types.Float):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        integer = _integer(k.name)
        exponent = builder.add(builder.fptosi(arguments[0], integer), ir.Constant(integer, _BIAS[k.name]))
        bits = builder.shl(exponent, ir.Constant(integer, _FRACTION_BITS[k.name]))
        return builder.bitcast(bits, arguments[0].type)

    return k(k), generate


@intrinsic
def split(typing_context: Any, x: Any) -> Any:  # noqa: ARG001
    """Return m and e with x = m 2^e and m between the roots of 1/2 and of 2, for a positive normal x."""
    if not isinstance(x, types.Float):
        return None
    result = types.UniTuple(x, 2)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        integer, shift = _integer(x.name), ir.Constant(_integer(x.name), _FRACTION_BITS[x.name])
        root_of_half = 0x3F3504F3 if x.name == "float32" else 0x3FE6A09E667F3BCD
        bits = builder.bitcast(arguments[0], integer)
        exponent = builder.ashr(builder.sub(bits, ir.Constant(integer, root_of_half)), shift)
        mantissa = builder.bitcast(builder.sub(bits, builder.shl(exponent, shift)), arguments[0].type)
        return context.make_tuple(builder, result, [mantissa, builder.sitofp(exponent, arguments[0].type)])

    return result(x), generate


def polynomial(float32: Sequence[float], float64: Sequence[float]) -> Any:
    """Make a function that evaluates a polynomial.

    Parameters
    ----------
    float32, float64 : sequence of float
        The coefficients, that of the lowest power first, for numbers of each type.
    """

    @intrinsic
    def evaluate(typing_context: Any, x: Any) -> Any:  # noqa: ARG001
        if not isinstance(x, types.Float):
            return None
        coefficients = float32 if x.name == "float32" else float64

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            number = arguments[0].type
            name = f"llvm.fmuladd.f{32 if x.name == 'float32' else 64}"
            fma = cgutils.get_or_insert_function(builder.module, ir.FunctionType(number, [number] * 3), name)
            value = context.get_constant(signature.args[0], coefficients[-1])
            for coefficient in reversed(coefficients[:-1]):
                constant = context.get_constant(signature.args[0], coefficient)
                value = builder.call(fma, [value, arguments[0], constant])
            return value

        return x(x), generate

    return evaluate
