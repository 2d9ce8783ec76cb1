"""Ten small programs, written for the package that is passed to them: Keras, or this one.

Run with Keras's Python, ``python training_cases.py`` prints the losses of every epoch that the tests compare with.
"""

import numpy as np

EPOCHS = 3


def _data(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def _start(model):
    """Set weights that are the same in both packages."""
    rng = np.random.default_rng(5)
    values = []
    for weight in model.get_weights():
        value = 0.3 * rng.normal(size=np.shape(weight))
        # Variances are positive.
        values.append(np.abs(value) + 0.5 if np.all(np.asarray(weight) == 1) else value)
    model.set_weights(values)
    return model


def table_autoencoder(k):
    model = k.Sequential([k.Input((8,)), k.layers.Dense(4, activation="tanh"), k.layers.Dense(8)])
    _start(model).compile(k.optimizers.Nadam(0.01), "mse")
    x = _data(60, 8)
    return model, (x, x), {"validation_split": 0.2}


def regularized_autoencoder(k):
    i = k.Input((8,))
    code = k.layers.Dense(4, activation="relu", activity_regularizer=k.regularizers.L1(1e-3))(i)
    model = k.Model(i, k.layers.Dense(8, activation="sigmoid", kernel_regularizer="l2")(code))
    _start(model).compile("adadelta", "binary_crossentropy", metrics=["mae"])
    x = (_data(60, 8) > 0).astype("float32")
    return model, (x, x), {}


def class_of_two_parts(k):
    class Autoencoder(k.Model):
        def __init__(self):
            super().__init__()
            self.encoder = k.Sequential([k.layers.Dense(5, activation="elu"), k.layers.Dense(2)])
            self.decoder = k.Sequential([k.layers.Dense(5, activation="elu"), k.layers.Dense(6)])

        def call(self, x):
            return self.decoder(self.encoder(x))

    model = Autoencoder()
    x = _data(40, 6)
    model(x)
    _start(model).compile("adamax", "mae")
    return model, (x, x), {}


def series_autoencoder(k):
    layers = [k.layers.LSTM(5), k.layers.RepeatVector(7), k.layers.GRU(4, return_sequences=True)]
    model = k.Sequential([k.Input((7, 2)), *layers, k.layers.TimeDistributed(k.layers.Dense(2))])
    _start(model).compile(k.optimizers.Adam(0.01), k.losses.LogCosh())
    x = _data(30, 7, 2)
    return model, (x, x), {}


def series_forecast(k):
    i = k.Input((8, 3))
    h = k.layers.Conv1D(4, 3, padding="causal", activation="relu")(i)
    h = k.layers.Bidirectional(k.layers.LSTM(3))(h)
    model = k.Model(i, k.layers.Dense(1)(h))
    _start(model).compile(k.optimizers.Lion(0.003), k.losses.Huber())
    x = _data(40, 8, 3)
    return model, (x, x.mean(axis=(1, 2))[:, None]), {"sample_weight": np.linspace(0, 2, 40)}


def image_denoiser(k):
    i = k.Input((8, 8, 1))
    h = k.layers.Conv2D(4, 3, padding="same", strides=2, activation="relu")(i)
    h = k.layers.Conv2DTranspose(4, 3, padding="same", strides=2, activation="relu")(h)
    model = k.Model(i, k.layers.Conv2D(1, 3, padding="same")(h))
    _start(model).compile(k.optimizers.RMSprop(0.002), "mse")
    x = _data(20, 8, 8, 1)
    return model, (x + 0.1 * _data(20, 8, 8, 1, seed=1), x), {}


def classifier(k):
    i = k.Input((5,))
    h = k.layers.Dense(6)(i)
    h = k.layers.LeakyReLU(negative_slope=0.1)(k.layers.BatchNormalization()(h))
    model = k.Model(i, k.layers.Dense(3, activation="softmax")(h))
    _start(model).compile(k.optimizers.Adagrad(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    x = _data(60, 5)
    return model, (x, x[:, :3].argmax(axis=1)), {"class_weight": {0: 2.0, 1: 1.0, 2: 0.5}}


def two_inputs_and_arithmetic(k):
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    h = k.layers.Dense(4, activation="softsign")(a)
    joined = k.layers.concatenate([h * 0.5 + b, k.layers.multiply([h, b]), a[:, :2] - 1.0])
    outputs = [k.layers.Dense(1, name="one")(joined), k.layers.Dense(2, name="two")(joined)]
    model = k.Model([a, b], outputs)
    losses = {"one": "mse", "two": "cosine_similarity"}
    _start(model).compile(k.optimizers.SGD(0.05, momentum=0.9), losses, loss_weights={"one": 1.0, "two": 0.3})
    x, y = _data(50, 4), _data(50, 4, seed=1)
    return model, ([x, y], [x[:, :1], y[:, :2]]), {}


def embedded_text(k):
    embedding = k.layers.Embedding(20, 4)
    model = k.Sequential([k.Input((6,)), embedding, k.layers.GlobalAveragePooling1D(), k.layers.Dense(1)])
    _start(model).compile(k.optimizers.Ftrl(0.1), k.losses.BinaryCrossentropy(from_logits=True))
    x = np.random.default_rng(0).integers(0, 20, (60, 6))
    return model, (x, (x.sum(axis=1) > 55).astype("float32")[:, None]), {}


def normalized_regression(k):
    x = _data(60, 4) * [1, 10, 100, 1000]
    normalization = k.layers.Normalization()
    normalization.adapt(x)
    inner = _start(k.Sequential([k.Input((4,)), k.layers.Dense(8, activation="gelu"), k.layers.Dense(1)]))
    model = k.Sequential([k.Input((4,)), normalization, inner])
    model.compile("adam", k.losses.MeanAbsolutePercentageError())
    return model, (x, 3 + x[:, :1] + x[:, 3:] / 1000), {}


CASES = [
    table_autoencoder,
    regularized_autoencoder,
    class_of_two_parts,
    series_autoencoder,
    series_forecast,
    image_denoiser,
    classifier,
    two_inputs_and_arithmetic,
    embedded_text,
    normalized_regression,
]


def losses_of(case, k):
    model, data, settings = case(k)
    history = model.fit(*data, epochs=EPOCHS, batch_size=8, shuffle=False, verbose=0, **settings).history
    return {name: [round(float(v), 6) for v in values] for name, values in history.items() if name.endswith("loss")}


if __name__ == "__main__":
    import keras

    for one in CASES:
        print(f'    "{one.__name__}": {losses_of(one, keras)},')
