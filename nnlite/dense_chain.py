"""Networks that are a chain of dense layers: what compiled code can apply to single records and copies of them."""

from __future__ import annotations

import numpy as np

from nnlite.activations import Linear, ReLU
from nnlite.chain_layer import ChainLayer
from nnlite.layers import ActivityRegularization, Dense, Dropout, GaussianNoise, InputLayer
from nnlite.network import Network

# Layers that return their input unless they are trained.
_IDENTITIES = (InputLayer, GaussianNoise, Dropout, ActivityRegularization)


def chain_of(model: Network) -> list[ChainLayer] | None:
    """Return the layers of a network of float32 if it is a chain of dense layers with ReLU or no activation, else None.

    Examples
    --------
    >>> from nnlite.layers import Dense, Input
    >>> from nnlite.models import Sequential
    >>> [layer.relu for layer in chain_of(Sequential([Input((5,)), Dense(7, "relu"), Dense(2)]))]
    [True, False]
    >>> chain_of(Sequential([Input((5,)), Dense(7, "tanh")])) is None
    True
    """
    if len(model.inputs) != 1 or len(model.outputs) != 1 or model.dtype != np.float32:
        return None
    chain, value = [], 0
    for step in model.steps:
        if step.inputs != [value] or len(step.outputs) != 1:
            return None
        value = step.outputs[0]
        if type(step.layer) is Dense:
            activation = step.layer.activation
            relu = type(activation) is ReLU and activation.get_config() == ReLU().get_config()
            if not relu and type(activation) is not Linear:
                return None
            bias = step.layer.bias.value if step.layer.use_bias else None
            chain.append(ChainLayer(step.layer.kernel.value, bias, relu))
        elif type(step.layer) not in _IDENTITIES:
            return None
    return chain if chain and model.output_indices == [value] else None
