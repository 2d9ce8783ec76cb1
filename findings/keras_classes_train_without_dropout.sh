#!/usr/bin/env bash
# Keras 3.15.1: fit trains a class X(Model) whose call has no argument training with its dropout switched off.
#
# Expected: fit runs every layer in training mode, as the same layers do in a Sequential model, and as Keras 2 did for
# classes, whatever the arguments of call; documentation says that training reaches inner layers by itself.
# Seen: with call(self, x) the layers inside run as in prediction: a model of Dropout(0.9) alone has loss 0 in fit, and
# the moving statistics of BatchNormalization never change. With call(self, x, training=None), unused, both train, and
# so they do in a Sequential model. Called directly, model(x, training=True) does reach the layers of either class.
#
# nnlite trains with dropout in all three cases (tests/nnlite/keras_files/test_classes.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install --quiet "keras==3.15.1" "jax==0.10.2" "numpy==2.4.6"
KERAS_BACKEND=jax "$folder/environment/bin/python" -W ignore - <<'PYTHON'
import keras
import numpy as np
from keras import layers

print("keras", keras.__version__)
x = np.ones((64, 4), "float32")


class Without(keras.Model):
    def __init__(self):
        super().__init__()
        self.norm, self.dropout = layers.BatchNormalization(), layers.Dropout(0.9, seed=0)

    def call(self, x):
        return self.dropout(x) + 0 * self.norm(x)


class With(Without):
    def call(self, x, training=None):
        return self.dropout(x) + 0 * self.norm(x)


def in_fit(model, norm):
    """Return the loss of one epoch on x itself, and whether the moving mean has changed."""
    model.compile("sgd", "mse")
    loss = model.fit(x, x, verbose=0).history["loss"][0]
    return loss, bool(np.any(keras.ops.convert_to_numpy(norm.moving_mean)))


without, with_it = Without(), With()
chain = keras.Sequential([layers.Dropout(0.9, seed=0)])
chain.compile("sgd", "mse")
found = {"call(self, x)": in_fit(without, without.norm), "call(self, x, training=None)": in_fit(with_it, with_it.norm)}
for name, (loss, changed) in found.items():
    print(f"{name:30s} loss {loss:5.2f}, moving mean changed: {changed}")
in_chain = chain.fit(x, x, verbose=0).history["loss"][0]
print(f"{'Sequential':30s} loss {in_chain:5.2f}")
called = float(np.mean(keras.ops.convert_to_numpy(without(x, training=True)) != 1.0))
print(f"called with training=True: {called:.0%} of the values changed")
assert found["call(self, x)"] == (0.0, False)
assert found["call(self, x, training=None)"][0] > 1 and found["call(self, x, training=None)"][1]
assert in_chain > 1 and called > 0.9
print("as described")
PYTHON
