"""Write the golden files of this folder with Keras 3: ``KERAS_BACKEND=jax python make_golden.py`` where it is there.

Each model is trained for two epochs and saved; then come its predictions, and the losses of two more epochs.
"""

from __future__ import annotations

import gzip
import json
import sys
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


def attention(keras, layers):
    """Return a network for series of attention and of convolutions by channel."""
    inputs, masked = keras.Input((5, 4)), keras.Input((6, 3))
    # In Keras, MultiHeadAttention takes the mask away from its arguments, so that each mask is of use once.
    once, twice, thrice = (layers.Masking(-1.0)(masked) for _ in range(3))
    x = layers.MultiHeadAttention(2, 3, value_dim=2)(inputs, once)
    x = layers.MultiHeadAttention(2, 3, use_bias=False, output_shape=4)(x, x, use_causal_mask=True)
    x = layers.MultiHeadAttention(1, 2)(query=x, value=twice, key=twice)
    x, scores = layers.MultiHeadAttention(2, 2)(x, x, x, return_attention_scores=True)
    x = layers.Attention(use_scale=True, score_mode="concat")([x, layers.Dense(4)(thrice)])
    x = layers.AdditiveAttention()([x, x], use_causal_mask=True)
    x = layers.PReLU(alpha_initializer="ones")(layers.GroupNormalization(2)(x))
    x = layers.SeparableConv1D(4, 2, depth_multiplier=2, activation="relu", padding="same")(x)
    x = layers.UnitNormalization()(layers.DepthwiseConv1D(2)(x))
    x = layers.Concatenate()([layers.Flatten()(x), layers.Flatten()(scores)])
    model = keras.Model([inputs, masked], layers.Dense(1)(x))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model


def cells(keras, layers):
    """Return a network of recurrent layers that are made of cells."""
    inputs = keras.Input((5, 2))
    stack = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], return_state=True)
    x, *states = stack(layers.Masking(-1.0)(inputs))
    one = layers.RNN(layers.SimpleRNNCell(2, activation="relu"), go_backwards=True)
    model = keras.Model(inputs, layers.Dense(1)(layers.Add()([x, one(inputs, initial_state=states[1])])))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model


def pixels(keras, layers):
    """Return a network for images of convolutions by channel; what is random is off."""
    model = keras.Sequential(
        [
            keras.Input((7, 7, 2)),
            layers.CenterCrop(6, 6),
            layers.SeparableConv2D(4, 3, depth_multiplier=2, pointwise_regularizer="l2", use_bias=False),
            layers.SpatialDropout2D(0.0),
            layers.PReLU(shared_axes=[1, 2]),
            layers.DepthwiseConv2D(2, strides=2, activation="tanh", padding="same"),
            layers.GroupNormalization(-1, scale=False),
            layers.Resizing(3, 4),
            layers.GaussianDropout(0.0),
            layers.Flatten(),
            layers.AlphaDropout(0.0),
            layers.Dense(2),
        ]
    )
    model.compile(keras.optimizers.SGD(0.05), "mse")
    return model


def random(keras, layers):
    """Return a network that changes images at random in training, which here is none."""
    changes = [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.1, fill_mode="wrap"),
        layers.RandomZoom(0.2, width_factor=(-0.1, 0.3)),
        layers.RandomTranslation(0.1, (-0.2, 0.1)),
        layers.RandomContrast(0.2, value_range=(0, 1)),
        layers.RandomBrightness(0.2, value_range=(0, 1)),
        layers.GaussianDropout(0.3),
        layers.AlphaDropout(0.2),
        layers.SpatialDropout2D(0.25),
    ]
    return keras.Sequential([keras.Input((6, 6, 1)), *changes, layers.Flatten(), layers.Dense(2)])


def main() -> None:
    """Write all files, or those of the models that are named."""
    import keras

    makers = (nested, series, images, attention, cells, pixels, random)
    for make in [one for one in makers if one.__name__ in sys.argv[1:] or not sys.argv[1:]]:
        keras.utils.set_random_seed(0)
        model, rng = make(keras, keras.layers), np.random.default_rng(0)
        shapes = [one.shape for one in model.inputs]
        arrays = [rng.normal(size=(8, *shape[1:])).astype(np.float32).round(2) for shape in shapes]
        if make in (series, attention, cells):
            arrays[-1][:3, 3:] = -1
        x = arrays if len(arrays) > 1 else arrays[0]
        y = rng.uniform(size=(8, *model.output_shape[1:])).astype(np.float32).round(2)
        if make is not random:
            model.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=0)
        name = make.__name__
        kinds = ((".keras", model.save), (".h5", model.save), (".weights.h5", model.save_weights))
        # Keras cannot write its layers that change images at random to HDF5.
        for ending, save in kinds[:1] if make is random else kinds:
            path = FOLDER / f"{name}{ending}"
            save(path)
            # HDF5 leaves most of a small file empty.
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
            path.unlink()
        given = {"x": x.tolist()} if len(arrays) == 1 else {f"x{i}": one.tolist() for i, one in enumerate(arrays)}
        known = {**given, "y": y.tolist(), "predictions": model.predict(x, verbose=0).tolist()}
        if make is not random:
            known["losses"] = model.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=0).history["loss"]
        (FOLDER / f"{name}.json").write_text(json.dumps(known))


if __name__ == "__main__":
    main()
