"""`keras.ops.nn`: activation functions of arrays and symbolic tensors."""

from nnlite.ops.elementwise import (  # noqa: F401
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    tanh,
)
from nnlite.ops.shapes import one_hot  # noqa: F401
