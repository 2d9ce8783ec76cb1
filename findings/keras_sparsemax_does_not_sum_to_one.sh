#!/usr/bin/env bash
# Keras 3.15.1 on JAX: sparsemax gives rows that do not sum to 1; some are zero throughout.
#
# Expected: sparsemax is the projection on the probability simplex (Martins & Astudillo 2016), so every row sums to 1, and
# sparsemax([2, 1.5, -1]) is [0.75, 0.25, 0].
# Seen: [0, 0, 0]. The threshold takes the sum of all cumulative sums in the support in the place of the last one, which
# is right for a support of one number only.
#
# nnlite.activations.sparsemax projects (tests/nnlite/keras/test_more_of_keras.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install --quiet "keras==3.15.1" "jax==0.10.2"
KERAS_BACKEND=jax "$folder/environment/bin/python" - <<'PYTHON'
import keras
import numpy as np

x = np.array([[2.0, 1.5, -1.0], [0.1, 0.2, 0.3], [3.0, 0.0, 0.0]], "float32")
y = np.asarray(keras.activations.sparsemax(x))
print("keras", keras.__version__, y.round(4).tolist(), "sums", y.sum(axis=1).round(4).tolist())
assert not np.allclose(y.sum(axis=1), 1), "sparsemax sums to 1: mended"
PYTHON
