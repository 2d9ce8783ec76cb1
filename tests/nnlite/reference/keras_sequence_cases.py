"""Computations with both Keras and nnlite: layers, and two scripts that differ only in their imports."""

import numpy as np

TRAINING = {"epochs": 4, "batch_size": 16}

LAYERS_WITH_SIGNATURE = [
    "Conv1D",
    "Conv2D",
    "Conv1DTranspose",
    "Conv2DTranspose",
    "MaxPooling1D",
    "MaxPooling2D",
    "AveragePooling1D",
    "AveragePooling2D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "UpSampling1D",
    "UpSampling2D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "Cropping1D",
    "Cropping2D",
    "SimpleRNN",
    "LSTM",
    "GRU",
    "Bidirectional",
    "TimeDistributed",
    "RepeatVector",
    "Permute",
    "Masking",
    "SpatialDropout1D",
    "ActivityRegularization",
]


def inputs_for(case):
    """Return the inputs of a case, float32, drawn from its seed; masked steps hold the mask's value."""
    rng = np.random.default_rng(0)
    shape, *states = case["shapes"]
    x = rng.normal(size=shape).astype("float32")
    if case.get("mask_value") is not None:
        # Gaps in the middle, at both ends, and a series with no step left.
        for row, gaps in enumerate([[1], [0, 3], [4, 5], list(range(shape[1]))]):
            x[row, gaps] = case["mask_value"]
    return [x, *(rng.normal(size=state).astype("float32") for state in states)]


def weights_like(weights, scale=0.5):
    """Return weights of the same shapes, drawn from a fixed seed."""
    rng = np.random.default_rng(2)
    return [(rng.normal(size=weight.shape) * scale).astype("float32") for weight in weights]


def _layer(name, *arguments, **settings):
    return lambda layers: getattr(layers, name)(*arguments, **settings)


def _convolutions():
    series = [(3, 11, 4)]
    for padding in ("valid", "same", "causal"):
        for size, strides, dilation, groups in [(3, 1, 1, 1), (4, 2, 1, 2), (2, 3, 1, 1), (3, 1, 2, 1), (5, 3, 1, 1)]:
            yield (
                f"Conv1D {padding} k{size} s{strides} d{dilation} g{groups}",
                series,
                _layer("Conv1D", 6, size, strides, padding, None, dilation, groups, "tanh"),
            )
    for padding in ("valid", "same"):
        for size, strides, dilation in [(3, 1, 1), ((2, 3), (2, 1), 1), ((3, 2), 1, (1, 2)), (4, 3, 1)]:
            yield (
                f"Conv2D {padding} k{size} s{strides} d{dilation}",
                [(2, 7, 6, 2)],
                _layer("Conv2D", 3, size, strides, padding, dilation_rate=dilation, use_bias=False),
            )
        for size, strides, extra, dilation in [
            (3, 1, None, 1),
            (4, 2, None, 1),
            (5, 2, None, 1),
            (2, 3, None, 1),
            (3, 2, 1, 1),
            (4, 2, 0, 1),
            (7, 3, 2, 1),
            (3, 1, None, 2),
        ]:
            yield (
                f"Conv1DTranspose {padding} k{size} s{strides} o{extra} d{dilation}",
                [(2, 5, 3)],
                _layer("Conv1DTranspose", 2, size, strides, padding, extra, dilation_rate=dilation, activation="relu"),
            )
        for size, strides, extra in [(3, 2, None), ((2, 5), (1, 3), None), ((3, 4), 2, 1)]:
            yield (
                f"Conv2DTranspose {padding} k{size} s{strides} o{extra}",
                [(2, 3, 4, 2)],
                _layer("Conv2DTranspose", 3, size, strides, padding, extra),
            )


def _pooling():
    for kind in ("MaxPooling", "AveragePooling"):
        for padding in ("valid", "same"):
            for size, strides in [(2, None), (3, 2), (2, 3)]:
                yield (
                    f"{kind}1D {padding} k{size} s{strides}",
                    [(2, 9, 3)],
                    _layer(f"{kind}1D", size, strides, padding),
                )
            yield f"{kind}2D {padding}", [(2, 5, 7, 2)], _layer(f"{kind}2D", (2, 3), (2, 2), padding)
    for kind in ("GlobalMaxPooling", "GlobalAveragePooling"):
        yield f"{kind}1D", [(2, 5, 3)], _layer(f"{kind}1D")
        yield f"{kind}2D", [(2, 4, 3, 2)], _layer(f"{kind}2D", keepdims=True)


def _resizing():
    series, images = [(2, 5, 3)], [(2, 4, 5, 2)]
    yield "UpSampling1D", series, _layer("UpSampling1D", 3)
    yield "UpSampling2D nearest", images, _layer("UpSampling2D", (2, 3))
    yield "UpSampling2D bilinear", images, _layer("UpSampling2D", (2, 3), interpolation="bilinear")
    yield "ZeroPadding1D", series, _layer("ZeroPadding1D", (1, 2))
    yield "ZeroPadding2D", images, _layer("ZeroPadding2D", ((1, 0), (2, 3)))
    yield "Cropping1D", series, _layer("Cropping1D")
    yield "Cropping2D", images, _layer("Cropping2D", ((1, 0), (2, 1)))
    yield "Permute", images, _layer("Permute", (3, 1, 2))
    yield "RepeatVector", [(3, 4)], _layer("RepeatVector", 5)
    yield "TimeDistributed", series, lambda layers: layers.TimeDistributed(layers.Dense(4, activation="tanh"))


def _recurrent():
    series = (4, 6, 3)
    kinds = {
        "SimpleRNN": ("SimpleRNN", {}),
        "LSTM": ("LSTM", {}),
        "GRU": ("GRU", {}),
        "GRU reset before": ("GRU", {"reset_after": False}),
        "LSTM relu": ("LSTM", {"activation": "relu", "recurrent_activation": "hard_sigmoid", "use_bias": False}),
    }
    for label, (name, settings) in kinds.items():
        states = [(4, 5)] * (2 if name == "LSTM" else 1)
        for options in (
            {},
            {"return_sequences": True},
            {"go_backwards": True, "return_sequences": True},
            {"return_sequences": True, "return_state": True},
        ):
            yield f"{label} {' '.join(options)}", [series], _layer(name, 5, **settings, **options)
        yield f"{label} initial state", [series, *states], _layer(name, 5, return_state=True, **settings)
    for mode in ("concat", "sum", "ave", "mul"):
        yield f"Bidirectional {mode}", [series], _bidirectional("GRU", mode)
    yield "Bidirectional sequences", [series], _bidirectional("LSTM", "concat", return_sequences=True)
    yield "Bidirectional states", [series], _bidirectional("LSTM", "sum", return_sequences=True, return_state=True)


def _bidirectional(name, mode, **options):
    return lambda layers: layers.Bidirectional(getattr(layers, name)(3, **options), merge_mode=mode)


def _masked():
    for name in ("SimpleRNN", "LSTM", "GRU"):
        for options in ({}, {"return_sequences": True}, {"return_sequences": True, "go_backwards": True}):
            yield f"masked {name} {' '.join(options)}", [(4, 6, 3)], _layer(name, 5, **options)
    yield "masked Bidirectional", [(4, 6, 3)], _bidirectional("LSTM", "concat", return_sequences=True)
    yield "masked Bidirectional last", [(4, 6, 3)], _bidirectional("GRU", "concat")


LAYERS = {
    name: {"shapes": shapes, "make": make}
    for cases in (_convolutions(), _pooling(), _resizing(), _recurrent())
    for name, shapes, make in cases
} | {name: {"shapes": shapes, "make": make, "mask_value": -1.0} for name, shapes, make in _masked()}


def waves(rows, steps, features):
    """Return series to train on: waves of several lengths."""
    t = np.arange(steps)[None, :, None]
    rng = np.random.default_rng(3)
    periods, phases = rng.uniform(5, 20, (rows, 1, features)), rng.uniform(0, 6, (rows, 1, features))
    return np.sin(2 * np.pi * t / periods + phases).astype("float32")


def convolutional_autoencoder(layers, Sequential, Input, **_):
    """Build a convolutional autoencoder as a Keras script does."""
    model = Sequential(
        [
            Input(shape=(48, 1)),
            layers.Conv1D(filters=8, kernel_size=7, padding="same", strides=2, activation="relu"),
            layers.Conv1D(filters=4, kernel_size=7, padding="same", strides=2, activation="relu"),
            layers.Conv1DTranspose(filters=4, kernel_size=7, padding="same", strides=2, activation="relu"),
            layers.Conv1DTranspose(filters=8, kernel_size=7, padding="same", strides=2, activation="relu"),
            layers.Conv1DTranspose(filters=1, kernel_size=7, padding="same"),
        ]
    )
    return model, waves(80, 48, 1)


def recurrent_autoencoder(layers, Model, Input, **_):
    """Build a recurrent autoencoder as a Keras script does."""
    inputs = Input(shape=(12, 3))
    code = layers.LSTM(8)(inputs)
    decoded = layers.LSTM(8, return_sequences=True)(layers.RepeatVector(12)(code))
    outputs = layers.TimeDistributed(layers.Dense(3))(decoded)
    return Model(inputs, outputs), waves(80, 12, 3)


def masked_tagger(layers, Sequential, Input, **_):
    """Build a model whose output is masked, so that its loss is too."""
    x = waves(80, 12, 3)
    for row in range(80):
        x[row, 12 - row % 12 :] = 0
    layer = layers.GRU(6, return_sequences=True)
    return Sequential([Input(shape=(12, 3)), layers.Masking(), layer, layers.Dense(3)]), x


SCRIPTS = {
    "convolutional": convolutional_autoencoder,
    "recurrent": recurrent_autoencoder,
    "masked": masked_tagger,
}
