"""Activation functions: forward and backward kernels.

A function is defined by f(x) and by its derivative as a function of x and y = f(x); `_in_place`, `_out_of_place` and
the two `_backward` factories make kernels of them. Where the derivative depends on y alone, f overwrites its input and
x is not stored. The backward kernels turn dy into dx in place. The loops run over all features and the whole padded
batch at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from nnlite.engine.batch_state import PADDED_ROWS, ROWS
from nnlite.engine.codegen import elementary
from nnlite.engine.codegen.pointers import as_number, as_pointer, like, shift

Kernel = Callable[[Any, Any, Any], None]
# Always inlined: a loop with a call is not vectorized.
_inlined = njit(fastmath={"contract"}, error_model="numpy", forceinline=True)


@njit(error_model="numpy")
def clear_padding(dx: Any, features: Any, ld: Any, state: Any, zero: Any) -> None:
    """Write zeros beyond the last record of a short batch, where an infinite derivative would give NaN."""
    rows, width = state[ROWS], state[PADDED_ROWS]
    if rows < width:
        for j in range(features):
            for i in range(rows, width):
                dx[j * ld + i] = zero


def _in_place(function: Any) -> Kernel:
    def kernel(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
        """op: x, overwritten by y; features, ld, the function's two constants."""
        y = as_pointer(op[0], zero)
        a, b = like(zero, as_number(op[3])), like(zero, as_number(op[4]))
        for i in range(op[1] * op[2]):
            y[i] = function(y[i], a, b)

    return kernel


def _out_of_place(function: Any) -> Kernel:
    def kernel(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
        """op: x, y, features, ld, the function's three constants."""
        x, y = as_pointer(op[0], zero), as_pointer(op[1], zero)
        a, b, c = like(zero, as_number(op[4])), like(zero, as_number(op[5])), like(zero, as_number(op[6]))
        for i in range(op[2] * op[3]):
            y[i] = function(x[i], a, b, c)

    return kernel


def _backward_by_output(derivative: Any) -> Kernel:
    def kernel(op: Any, state: Any, zero: Any) -> None:
        """op: y; dy, overwritten by dx; features, ld, the function's two constants."""
        y, dy = as_pointer(op[0], zero), as_pointer(op[1], zero)
        a, b = like(zero, as_number(op[4])), like(zero, as_number(op[5]))
        for i in range(op[2] * op[3]):
            dy[i] = dy[i] * derivative(y[i], a, b)
        clear_padding(dy, op[2], op[3], state, zero)

    return kernel


def _backward_by_input(derivative: Any) -> Kernel:
    def kernel(op: Any, state: Any, zero: Any) -> None:
        """op: x; y; dy, overwritten by dx; features, ld, the function's three constants."""
        x, y, dy = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
        a, b, c = like(zero, as_number(op[5])), like(zero, as_number(op[6])), like(zero, as_number(op[7]))
        for i in range(op[3] * op[4]):
            dy[i] = dy[i] * derivative(x[i], y[i], a, b, c)
        clear_padding(dy, op[3], op[4], state, zero)

    return kernel


# -- functions whose derivative depends on y ------------------------------------------------------


@_inlined
def _relu(x: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return like(x, 0.0) if x < like(x, 0.0) else x


@_inlined
def _relu_derivative(y: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return like(y, 1.0) if y > like(y, 0.0) else like(y, 0.0)


@_inlined
def _leaky(x: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return x if x > like(x, 0.0) else a * x


@_inlined
def _leaky_derivative(y: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return like(y, 1.0) if y > like(y, 0.0) else a


@_inlined
def _elu(x: Any, a: Any, b: Any) -> Any:
    return b * x if x > like(x, 0.0) else a * elementary.expm1(x)


@_inlined
def _elu_derivative(y: Any, a: Any, b: Any) -> Any:
    return b if y > like(y, 0.0) else y + a


@_inlined
def _sigmoid(x: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return elementary.sigmoid(x)


@_inlined
def _sigmoid_derivative(y: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return y * (like(y, 1.0) - y)


@_inlined
def _hard_sigmoid(x: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return min(max(x / like(x, 6.0) + like(x, 0.5), like(x, 0.0)), like(x, 1.0))


@_inlined
def _hard_sigmoid_derivative(y: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return like(y, 1 / 6) if like(y, 0.0) < y < like(y, 1.0) else like(y, 0.0)


@_inlined
def _tanh(x: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return elementary.tanh(x)


@_inlined
def _tanh_derivative(y: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return like(y, 1.0) - y * y


@_inlined
def _exponential(x: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return elementary.exp(x)


@_inlined
def _exponential_derivative(y: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return y


relu_forward, relu_backward = _in_place(_relu), _backward_by_output(_relu_derivative)
leaky_relu_forward, leaky_relu_backward = _in_place(_leaky), _backward_by_output(_leaky_derivative)
elu_forward, elu_backward = _in_place(_elu), _backward_by_output(_elu_derivative)
sigmoid_forward, sigmoid_backward = _in_place(_sigmoid), _backward_by_output(_sigmoid_derivative)
hard_sigmoid_forward, hard_sigmoid_backward = _in_place(_hard_sigmoid), _backward_by_output(_hard_sigmoid_derivative)
tanh_forward, tanh_backward = _in_place(_tanh), _backward_by_output(_tanh_derivative)
exponential_forward, exponential_backward = _in_place(_exponential), _backward_by_output(_exponential_derivative)


# -- functions whose derivative depends on x ----------------------------------------------------------


@_inlined
def _general_relu(x: Any, slope: Any, ceiling: Any, threshold: Any) -> Any:
    return min(x if x > threshold else slope * (x - threshold), ceiling)


@_inlined
def _general_relu_derivative(x: Any, y: Any, slope: Any, ceiling: Any, threshold: Any) -> Any:  # noqa: ARG001
    return like(x, 0.0) if x >= ceiling else (like(x, 1.0) if x > threshold else slope)


@_inlined
def _softplus(x: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return elementary.softplus(x)


@_inlined
def _softplus_derivative(x: Any, y: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return elementary.sigmoid(x)


@_inlined
def _silu(x: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return x * elementary.sigmoid(x)


@_inlined
def _silu_derivative(x: Any, y: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    gate = elementary.sigmoid(x)
    return gate + y * (like(x, 1.0) - gate)


@_inlined
def _gelu(x: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return x * (like(x, 1.0) + elementary.erf(x * like(x, 0.5**0.5))) * like(x, 0.5)


@_inlined
def _gelu_derivative(x: Any, y: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    cdf = (like(x, 1.0) + elementary.erf(x * like(x, 0.5**0.5))) * like(x, 0.5)
    density = elementary.exp(-x * x * like(x, 0.5)) * like(x, 0.3989422804014327)
    return cdf + x * density


@_inlined
def _approximate_normal_cdf(x: Any) -> Any:
    inside = like(x, 0.7978845608028654) * (x + like(x, 0.044715) * x * x * x)
    return (like(x, 1.0) + elementary.tanh(inside)) * like(x, 0.5)


@_inlined
def _gelu_tanh(x: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return x * _approximate_normal_cdf(x)


@_inlined
def _gelu_tanh_derivative(x: Any, y: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    cdf = _approximate_normal_cdf(x)
    inner = like(x, 0.7978845608028654) * (like(x, 1.0) + like(x, 3 * 0.044715) * x * x)
    return cdf + x * like(x, 2.0) * cdf * (like(x, 1.0) - cdf) * inner


general_relu_forward, general_relu_backward = _out_of_place(_general_relu), _backward_by_input(_general_relu_derivative)
softplus_forward, softplus_backward = _out_of_place(_softplus), _backward_by_input(_softplus_derivative)
silu_forward, silu_backward = _out_of_place(_silu), _backward_by_input(_silu_derivative)
gelu_forward, gelu_backward = _out_of_place(_gelu), _backward_by_input(_gelu_derivative)
gelu_tanh_forward, gelu_tanh_backward = _out_of_place(_gelu_tanh), _backward_by_input(_gelu_tanh_derivative)


# -- softmax: a function of all features of a position ------------------------------------------------


def softmax_forward(op: Any, state: Any, zero: Any) -> None:
    """op: x, overwritten by y; features, positions, ld, workspace of 2 ld."""
    features, ld, width = op[1], op[3], state[PADDED_ROWS]
    maximum, total = as_pointer(op[4], zero), shift(as_pointer(op[4], zero), op[3])
    for position in range(op[2]):
        y = shift(as_pointer(op[0], zero), position * features * ld)
        for i in range(width):
            maximum[i] = y[i]
            total[i] = zero
        for j in range(1, features):
            row = shift(y, j * ld)
            for i in range(width):
                maximum[i] = max(maximum[i], row[i])
        for j in range(features):
            row = shift(y, j * ld)
            for i in range(width):
                e = elementary.exp(row[i] - maximum[i])
                row[i] = e
                total[i] += e
        for j in range(features):
            row = shift(y, j * ld)
            for i in range(width):
                row[i] /= total[i]


def softmax_backward(op: Any, state: Any, zero: Any) -> None:
    """Compute dx = y (dy - sum of dy y). op: y; dy, overwritten by dx; features, positions, ld, workspace of ld."""
    features, ld, width = op[2], op[4], state[PADDED_ROWS]
    total = as_pointer(op[5], zero)
    for position in range(op[3]):
        y = shift(as_pointer(op[0], zero), position * features * ld)
        dy = shift(as_pointer(op[1], zero), position * features * ld)
        for i in range(width):
            total[i] = zero
        for j in range(features):
            row, gradient_row = shift(y, j * ld), shift(dy, j * ld)
            for i in range(width):
                total[i] += gradient_row[i] * row[i]
        for j in range(features):
            row, gradient_row = shift(y, j * ld), shift(dy, j * ld)
            for i in range(width):
                gradient_row[i] = row[i] * (gradient_row[i] - total[i])
        clear_padding(dy, features, ld, state, zero)
