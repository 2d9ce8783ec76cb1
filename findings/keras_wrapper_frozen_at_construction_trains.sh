#!/usr/bin/env bash
# Keras 3.15.1: a wrapper made with trainable=False is trained by the model it is part of.
#
# Expected: TimeDistributed(Dense(2), trainable=False) and Bidirectional(LSTM(2), trainable=False) are frozen, as any
# other layer made with trainable=False is, so a model of them alone has nothing to train.
# Seen: the wrapper itself reports no trainable weights, but the model lists the weights of the layer inside (2 and 6
# of them) as trainable, and fit changes them. Setting wrapper.trainable = False after construction does freeze them.
#
# nnlite freezes the layer inside in both cases (tests/nnlite/test_trainable.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install --quiet "keras==3.15.1" "jax==0.10.2" "numpy==2.4.6"
KERAS_BACKEND=jax "$folder/environment/bin/python" - <<'PYTHON'
import keras
import numpy as np
from keras import layers

print("keras", keras.__version__)
x = np.random.default_rng(0).normal(size=(32, 5, 3)).astype("float32")


def trained(wrapper):
    """Return the wrapper's own count of trainable weights, the model's, and whether fit changes a weight."""
    inputs = keras.Input((5, 3))
    model = keras.Model(inputs, wrapper(inputs))
    own, whole = len(wrapper.trainable_weights), len(model.trainable_weights)
    before = [weight.copy() for weight in model.get_weights()]
    model.compile("sgd", "mse")
    if whole:
        model.fit(x, np.ones((32, *model.output_shape[1:])), epochs=1, verbose=0)
    changed = any((a != b).any() for a, b in zip(before, model.get_weights()))
    return own, whole, changed


dense = trained(layers.Dense(2, trainable=False))
distributed = trained(layers.TimeDistributed(layers.Dense(2), trainable=False))
both_ways = trained(layers.Bidirectional(layers.LSTM(2), trainable=False))
later = layers.TimeDistributed(layers.Dense(2))
later.trainable = False
set_later = trained(later)
print("Dense(trainable=False): own, model's, changed by fit:          ", *dense)
print("TimeDistributed(Dense, trainable=False):                       ", *distributed)
print("Bidirectional(LSTM, trainable=False):                          ", *both_ways)
print("TimeDistributed(Dense), then trainable = False:                ", *set_later)
assert dense == (0, 0, False)
assert distributed == (0, 2, True)
assert both_ways == (0, 6, True)
assert set_later == (0, 0, False)
print("as described")
PYTHON
