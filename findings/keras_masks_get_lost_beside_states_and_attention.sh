#!/usr/bin/env bash
# Keras 3.15.1: two calls lose the mask of a series, without a warning.
#
# Expected: masked steps change nothing, whatever else a layer is called with, and whoever has read the series before.
# Seen: (1) LSTM, GRU and RNN called with initial_state= on a masked series compute the masked steps as well, since a
# mask is passed on only to calls with one tensor. (2) MultiHeadAttention takes the mask away from the tensors it is
# called with, so a later layer that reads the same masked series no longer has it. (3) RandomCrop does not crop at
# inference, although its symbolic output has the smaller shape.
#
# nnlite keeps the mask in both cases, and its RandomCrop cuts out the middle at inference.
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
x = np.random.default_rng(0).normal(size=(2, 6, 3)).astype("float32")
x[:, 3:] = -1
states = [np.full((2, 4), 0.5, "float32")] * 2


def change(layer, **arguments):
    """Return by how much three masked steps at the end change the result."""
    whole = layer(layers.Masking(-1.0)(x), **arguments)
    return float(np.abs(np.asarray(whole) - np.asarray(layer(x[:, :3], **arguments))).max())


lstm = layers.LSTM(4)
alone, beside = change(lstm), change(lstm, initial_state=states)
print("LSTM, change by masked steps, without and with initial_state:", alone, beside)

masked = layers.Masking(-1.0)(x)
before = np.asarray(lstm(masked))
layers.MultiHeadAttention(1, 2)(x[:, :2], masked)
after = np.asarray(lstm(masked))
print("LSTM on one masked series, change by MultiHeadAttention in between:", float(np.abs(after - before).max()))

crop = layers.RandomCrop(4, 4)
print("RandomCrop(4, 4) of 6 x 6 at inference:", crop(np.ones((1, 6, 6, 1)), training=False).shape)
assert alone < 1e-6 < 1e-3 < beside
assert np.abs(after - before).max() > 1e-3
assert crop(np.ones((1, 6, 6, 1)), training=False).shape == (1, 6, 6, 1)
print("as described")
PYTHON
