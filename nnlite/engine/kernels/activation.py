"""Activation functions, forwards and backwards.

A function is said by f(x) and by its slope, which may look at x and at y = f(x); `_in_place`, `_elsewhere` and
`_backward` make kernels of them. Where y alone tells the slope, f overwrites its input and x is never stored.
Backward, dy always becomes dx in place. The loops run over all features and the whole padded batch in one go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from nnlite.engine.batch_state import ROWS, WIDTH
from nnlite.engine.codegen import elementary
from nnlite.engine.codegen.pointers import as_number, as_pointer, like, shift

Kernel = Callable[[Any, Any, Any], None]
# Inlined whatever their length: a loop that calls one of them is not vectorised.
_function = njit(fastmath={"contract"}, error_model="numpy", forceinline=True)


@njit(error_model="numpy")
def clear_pads(dx: Any, features: Any, ld: Any, state: Any, zero: Any) -> None:
    """Write zeros beyond a short batch's last record: where a slope is infinite, nothing times it is no zero."""
    rows, width = state[ROWS], state[WIDTH]
    if rows < width:
        for j in range(features):
            for i in range(rows, width):
                dx[j * ld + i] = zero


def _in_place(function: Any) -> Kernel:
    def kernel(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
        """op: x becomes y, features, ld, the function's two constants."""
        y = as_pointer(op[0], zero)
        a, b = like(zero, as_number(op[3])), like(zero, as_number(op[4]))
        for i in range(op[1] * op[2]):
            y[i] = function(y[i], a, b)

    return kernel


def _elsewhere(function: Any) -> Kernel:
    def kernel(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
        """op: x, y, features, ld, the function's three constants."""
        x, y = as_pointer(op[0], zero), as_pointer(op[1], zero)
        a, b, c = like(zero, as_number(op[4])), like(zero, as_number(op[5])), like(zero, as_number(op[6]))
        for i in range(op[2] * op[3]):
            y[i] = function(x[i], a, b, c)

    return kernel


def _backward(slope: Any) -> Kernel:
    def kernel(op: Any, state: Any, zero: Any) -> None:
        """op: y, dy becomes dx, features, ld, the function's two constants."""
        y, dy = as_pointer(op[0], zero), as_pointer(op[1], zero)
        a, b = like(zero, as_number(op[4])), like(zero, as_number(op[5]))
        for i in range(op[2] * op[3]):
            dy[i] = dy[i] * slope(y[i], a, b)
        clear_pads(dy, op[2], op[3], state, zero)

    return kernel


def _backward_by_input(slope: Any) -> Kernel:
    def kernel(op: Any, state: Any, zero: Any) -> None:
        """op: x, y, dy becomes dx, features, ld, the function's three constants."""
        x, y, dy = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
        a, b, c = like(zero, as_number(op[5])), like(zero, as_number(op[6])), like(zero, as_number(op[7]))
        for i in range(op[3] * op[4]):
            dy[i] = dy[i] * slope(x[i], y[i], a, b, c)
        clear_pads(dy, op[3], op[4], state, zero)

    return kernel


# -- functions whose output tells their slope ------------------------------------------------------


@_function
def _relu(x: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return like(x, 0.0) if x < like(x, 0.0) else x


@_function
def _relu_slope(y: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return like(y, 1.0) if y > like(y, 0.0) else like(y, 0.0)


@_function
def _leaky(x: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return x if x > like(x, 0.0) else a * x


@_function
def _leaky_slope(y: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return like(y, 1.0) if y > like(y, 0.0) else a


@_function
def _elu(x: Any, a: Any, b: Any) -> Any:
    return b * x if x > like(x, 0.0) else a * elementary.expm1(x)


@_function
def _elu_slope(y: Any, a: Any, b: Any) -> Any:
    return b if y > like(y, 0.0) else y + a


@_function
def _sigmoid(x: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return elementary.sigmoid(x)


@_function
def _sigmoid_slope(y: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return y * (like(y, 1.0) - y)


@_function
def _hard_sigmoid(x: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return min(max(x / like(x, 6.0) + like(x, 0.5), like(x, 0.0)), like(x, 1.0))


@_function
def _hard_sigmoid_slope(y: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return like(y, 1 / 6) if like(y, 0.0) < y < like(y, 1.0) else like(y, 0.0)


@_function
def _tanh(x: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return elementary.tanh(x)


@_function
def _tanh_slope(y: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return like(y, 1.0) - y * y


@_function
def _exponential(x: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return elementary.exp(x)


@_function
def _exponential_slope(y: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    return y


relu_forward, relu_backward = _in_place(_relu), _backward(_relu_slope)
leaky_relu_forward, leaky_relu_backward = _in_place(_leaky), _backward(_leaky_slope)
elu_forward, elu_backward = _in_place(_elu), _backward(_elu_slope)
sigmoid_forward, sigmoid_backward = _in_place(_sigmoid), _backward(_sigmoid_slope)
hard_sigmoid_forward, hard_sigmoid_backward = _in_place(_hard_sigmoid), _backward(_hard_sigmoid_slope)
tanh_forward, tanh_backward = _in_place(_tanh), _backward(_tanh_slope)
exponential_forward, exponential_backward = _in_place(_exponential), _backward(_exponential_slope)


# -- functions that must keep their input ----------------------------------------------------------


@_function
def _bent(x: Any, slope: Any, ceiling: Any, threshold: Any) -> Any:
    return min(x if x > threshold else slope * (x - threshold), ceiling)


@_function
def _bent_slope(x: Any, y: Any, slope: Any, ceiling: Any, threshold: Any) -> Any:  # noqa: ARG001
    return like(x, 0.0) if x >= ceiling else (like(x, 1.0) if x > threshold else slope)


@_function
def _softplus(x: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return elementary.softplus(x)


@_function
def _softplus_slope(x: Any, y: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return elementary.sigmoid(x)


@_function
def _silu(x: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return x * elementary.sigmoid(x)


@_function
def _silu_slope(x: Any, y: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    gate = elementary.sigmoid(x)
    return gate + y * (like(x, 1.0) - gate)


@_function
def _gelu(x: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return x * (like(x, 1.0) + elementary.erf(x * like(x, 0.5**0.5))) * like(x, 0.5)


@_function
def _gelu_slope(x: Any, y: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    share = (like(x, 1.0) + elementary.erf(x * like(x, 0.5**0.5))) * like(x, 0.5)
    density = elementary.exp(-x * x * like(x, 0.5)) * like(x, 0.3989422804014327)
    return share + x * density


@_function
def _tanh_share(x: Any) -> Any:
    inside = like(x, 0.7978845608028654) * (x + like(x, 0.044715) * x * x * x)
    return (like(x, 1.0) + elementary.tanh(inside)) * like(x, 0.5)


@_function
def _gelu_tanh(x: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return x * _tanh_share(x)


@_function
def _gelu_tanh_slope(x: Any, y: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    share = _tanh_share(x)
    inner = like(x, 0.7978845608028654) * (like(x, 1.0) + like(x, 3 * 0.044715) * x * x)
    return share + x * like(x, 2.0) * share * (like(x, 1.0) - share) * inner


bent_forward, bent_backward = _elsewhere(_bent), _backward_by_input(_bent_slope)
softplus_forward, softplus_backward = _elsewhere(_softplus), _backward_by_input(_softplus_slope)
silu_forward, silu_backward = _elsewhere(_silu), _backward_by_input(_silu_slope)
gelu_forward, gelu_backward = _elsewhere(_gelu), _backward_by_input(_gelu_slope)
gelu_tanh_forward, gelu_tanh_backward = _elsewhere(_gelu_tanh), _backward_by_input(_gelu_tanh_slope)


# -- softmax: the one function that looks at all features of a position at once ----------------------


def softmax_forward(op: Any, state: Any, zero: Any) -> None:
    """op: x becomes y, features, positions, ld, work memory of 2 ld."""
    features, ld, width = op[1], op[3], state[WIDTH]
    most, total = as_pointer(op[4], zero), shift(as_pointer(op[4], zero), op[3])
    for position in range(op[2]):
        y = shift(as_pointer(op[0], zero), position * features * ld)
        for i in range(width):
            most[i] = y[i]
            total[i] = zero
        for j in range(1, features):
            row = shift(y, j * ld)
            for i in range(width):
                most[i] = max(most[i], row[i])
        for j in range(features):
            row = shift(y, j * ld)
            for i in range(width):
                e = elementary.exp(row[i] - most[i])
                row[i] = e
                total[i] += e
        for j in range(features):
            row = shift(y, j * ld)
            for i in range(width):
                row[i] /= total[i]


def softmax_backward(op: Any, state: Any, zero: Any) -> None:
    """Compute dx = y (dy - sum of dy y). op: y, dy becomes dx, features, positions, ld, work memory of ld."""
    features, ld, width = op[2], op[4], state[WIDTH]
    total = as_pointer(op[5], zero)
    for position in range(op[3]):
        y = shift(as_pointer(op[0], zero), position * features * ld)
        dy = shift(as_pointer(op[1], zero), position * features * ld)
        for i in range(width):
            total[i] = zero
        for j in range(features):
            row, drow = shift(y, j * ld), shift(dy, j * ld)
            for i in range(width):
                total[i] += drow[i] * row[i]
        for j in range(features):
            row, drow = shift(y, j * ld), shift(dy, j * ld)
            for i in range(width):
                drow[i] = row[i] * (drow[i] - total[i])
        clear_pads(dy, features, ld, state, zero)
