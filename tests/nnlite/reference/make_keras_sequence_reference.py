"""Write the values of Keras for convolutional and recurrent layers to `keras_sequences.npz`.

Run it from the project's root, in an environment that holds Keras 3 and JAX; it takes some minutes::

    KERAS_BACKEND=jax python -m tests.nnlite.reference.make_keras_sequence_reference

`keras_sequence_cases.py` says what is computed; `../layers/test_keras_sequences.py` holds nnlite to the values.
"""

import inspect
import json
from pathlib import Path

import numpy as np

from tests.nnlite.reference.keras_sequence_cases import (
    LAYERS,
    LAYERS_WITH_SIGNATURE,
    SCRIPTS,
    TRAINING,
    inputs_for,
    weights_like,
)

HERE = Path(__file__).parent


def layer_case(case):
    """Return outputs and gradients of sum(y * dy) for one layer."""
    import jax
    import keras

    x = inputs_for(case)
    symbols = [keras.Input(one.shape[1:]) for one in x]
    tensor = symbols[0]
    if case.get("mask_value") is not None:
        tensor = keras.layers.Masking(case["mask_value"])(tensor)
    layer = case["make"](keras.layers)
    y = layer(tensor, initial_state=symbols[1:]) if len(symbols) > 1 else layer(tensor)
    model = keras.Model(symbols, y)
    model.set_weights(weights_like(model.get_weights()))
    trainable = [variable.value for variable in model.trainable_variables]
    rest = [variable.value for variable in model.non_trainable_variables]

    def outputs(values, arrays):
        y, _ = model.stateless_call(values, rest, arrays, training=False)
        return list(y) if isinstance(y, (list, tuple)) else [y]

    ys = outputs(trainable, x)
    rng = np.random.default_rng(1)
    dys = [rng.normal(size=one.shape).astype("float32") for one in ys]

    def total(values, arrays):
        return sum((one * dy).sum() for one, dy in zip(outputs(values, arrays), dys, strict=True))

    dweights, dx = jax.grad(total, argnums=(0, 1))(trainable, x)
    return ys, dx, dweights


def training_case(name):
    """Return the first weights and the loss curve of a script in `keras_sequence_cases`."""
    import keras

    spaces = {"layers": keras.layers, "Sequential": keras.Sequential, "Model": keras.Model, "Input": keras.Input}
    model, x = SCRIPTS[name](**spaces)
    model.set_weights(weights_like(model.get_weights(), scale=0.3))
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    return model.fit(x, x, verbose=0, shuffle=False, **TRAINING).history["loss"]


def signature(name):
    """Return the constructor's arguments and their defaults."""
    import keras

    parameters = inspect.signature(getattr(keras.layers, name).__init__).parameters.values()
    return [
        [p.name, None if p.default is p.empty else json.loads(json.dumps(p.default))]
        for p in parameters
        if p.name not in ("self", "kwargs")
    ]


def main():
    """Write the file."""
    import jax
    import keras

    arrays = {}
    for name, case in LAYERS.items():
        for kind, values in zip(("y", "dx", "dw"), layer_case(case), strict=True):
            for i, value in enumerate(values):
                arrays[f"{name}/{kind}{i}"] = np.asarray(value, "float32")
    for name in SCRIPTS:
        arrays[f"{name}/loss"] = np.asarray(training_case(name), "float64")
    signatures = {name: signature(name) for name in LAYERS_WITH_SIGNATURE}
    arrays["signatures"] = np.array(json.dumps(signatures))
    arrays["versions"] = np.array(f"keras {keras.__version__}, jax {jax.__version__}")
    np.savez_compressed(HERE / "keras_sequences.npz", **arrays)


if __name__ == "__main__":
    main()
