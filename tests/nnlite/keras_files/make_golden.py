"""Write the golden files of this folder with Keras 3: ``KERAS_BACKEND=jax python make_golden.py`` where it is there.

Each model is trained for two epochs and saved; then come its predictions, and the losses of two more epochs.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "golden"


def nested(keras, layers):
    """Return a table autoencoder of two models, with eleven layers of one class."""
    code = keras.Sequential(
        [keras.Input((4,)), *(layers.Dense(3, activation="tanh") for _ in range(11)), layers.Dense(2)], name="encoder"
    )
    inputs = keras.Input((4,))
    x = layers.BatchNormalization()(code(inputs))
    model = keras.Model(inputs, layers.Dense(4)(layers.Add()([layers.Dense(3)(x), layers.Dense(3)(x)])))
    model.compile(keras.optimizers.Adam(0.01, amsgrad=True), "mse", metrics=["mae"])
    return model


def series(keras, layers):
    """Return a network for series with masks, in both directions of time."""
    inputs = keras.Input((5, 2))
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(layers.Masking(-1.0)(inputs))
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.GRU(2)(x)))
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), keras.losses.BinaryCrossentropy())
    return model


def images(keras, layers):
    """Return a small convolutional network."""
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(2, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(2, activation="softmax", kernel_regularizer="l2"),
        ]
    )
    model.compile(keras.optimizers.RMSprop(0.01, momentum=0.5), "categorical_crossentropy")
    return model


def main() -> None:
    """Write all files."""
    import keras

    for make in (nested, series, images):
        keras.utils.set_random_seed(0)
        model, rng = make(keras, keras.layers), np.random.default_rng(0)
        x = rng.normal(size=(8, *model.input_shape[1:])).astype(np.float32).round(2)
        if make is series:
            x[:3, 3:] = -1
        y = rng.uniform(size=(8, *model.output_shape[1:])).astype(np.float32).round(2)
        model.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=0)
        name = make.__name__
        for ending, save in ((".keras", model.save), (".h5", model.save), (".weights.h5", model.save_weights)):
            path = FOLDER / f"{name}{ending}"
            save(path)
            # HDF5 leaves most of a small file empty.
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
            path.unlink()
        known = {"x": x.tolist(), "y": y.tolist(), "predictions": model.predict(x, verbose=0).tolist()}
        known["losses"] = model.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=0).history["loss"]
        (FOLDER / f"{name}.json").write_text(json.dumps(known))


if __name__ == "__main__":
    main()
