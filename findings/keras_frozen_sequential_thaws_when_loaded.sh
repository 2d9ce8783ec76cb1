#!/usr/bin/env bash
# Keras 3.15.1: a frozen Sequential is no longer frozen after load_model, from_config or model_from_json.
#
# Expected: model.trainable = False survives being saved and loaded, as it does for a functional model.
# Seen: the layers come back frozen, but the Sequential itself has trainable = True, so a layer added afterwards
# trains; added to the original (or to its clone_model) it does not. A functional model keeps the flag on every road.
#
# nnlite keeps the flag on every road (tests/nnlite/test_trainable_copies.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install --quiet "keras==3.15.1" "jax==0.10.2" "numpy==2.4.6"
KERAS_BACKEND=jax FOLDER="$folder" "$folder/environment/bin/python" - <<'PYTHON'
import os

import keras
from keras import layers

print("keras", keras.__version__)


def frozen():
    """Return a frozen chain."""
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.Dense(2)])
    model.trainable = False
    return model


def state(model):
    """Return the flag, and how many weights train once a layer is added."""
    flag = model.trainable
    model.add(layers.Dense(1))
    return flag, len(model.trainable_weights)


path = os.path.join(os.environ["FOLDER"], "model.keras")
frozen().save(path)
found = {
    "the original": state(frozen()),
    "clone_model": state(keras.models.clone_model(frozen())),
    "from_config": state(keras.Sequential.from_config(frozen().get_config())),
    "model_from_json": state(keras.models.model_from_json(frozen().to_json())),
    "load_model": state(keras.models.load_model(path)),
}
inputs = keras.Input((3,))
functional = keras.Model(inputs, layers.Dense(2)(inputs))
functional.trainable = False
functional.save(path)
for name, (flag, trains) in found.items():
    print(f"{name:16} trainable={flag!s:5}  weights that train after adding a layer: {trains}")
print("a functional model, loaded: trainable =", keras.models.load_model(path).trainable)
assert found["the original"] == found["clone_model"] == (False, 0)
assert found["from_config"] == found["model_from_json"] == found["load_model"] == (True, 2)
assert keras.models.load_model(path).trainable is False
print("as described")
PYTHON
