"""Computations with both Keras and nnlite.

Every case is a function of `k`, the package: the same line of code makes the layer, loss or model in Keras (for the
reference values, see `make_keras_reference`) and in nnlite (in the tests). Only the import differs.
"""

import numpy as np

# -- activations: name, arguments ----------------------------------------------------------------

ACTIVATIONS = {
    **{
        name: (name, {})
        for name in (
            "linear",
            "relu",
            "leaky_relu",
            "elu",
            "selu",
            "gelu",
            "silu",
            "swish",
            "softplus",
            "sigmoid",
            "hard_sigmoid",
            "tanh",
            "softmax",
            "exponential",
        )
    },
    "relu with everything": ("relu", {"negative_slope": 0.1, "max_value": 4.0, "threshold": 0.5}),
    "leaky_relu 0.3": ("leaky_relu", {"negative_slope": 0.3}),
    "elu 0.5": ("elu", {"alpha": 0.5}),
    "gelu approximate": ("gelu", {"approximate": True}),
    "softmax along axis 0": ("softmax", {"axis": 0}),
}

# Ordinary values, the kinks, and values at which careless formulas overflow.
EXTREMES = [-1e4, -100.0, -30.0, -10.0, -3.0, -1.0, -1e-3, 0.0, 1e-3, 0.5, 1.0, 3.0, 4.0, 10.0, 30.0, 100.0, 1e4, 2.0]

# Where a slope is a matter of taste, and Keras's own backends differ: at 0 JAX takes the right-hand slope of
# leaky_relu, TensorFlow the left-hand one, as nnlite does. All other kinks must agree.
KINKS = {"leaky_relu": [0.0], "leaky_relu 0.3": [0.0], "relu with everything": [0.5, 4.0]}


def activation_input(name):
    """Return a matrix of extreme values; the exponential has no value in float32 beyond 88."""
    x = np.array(EXTREMES, np.float32).reshape(6, 3)
    return np.clip(x, -80, 80) if name == "exponential" else x


# -- layers: maker, shapes of the inputs, training -----------------------------------------------

LAYERS = {
    "Dense": (lambda k: k.layers.Dense(3), [(5, 4)], None),
    "Dense tanh": (lambda k: k.layers.Dense(3, activation="tanh"), [(5, 4)], None),
    "Dense softmax": (lambda k: k.layers.Dense(3, activation="softmax"), [(5, 4)], None),
    "Dense no bias": (lambda k: k.layers.Dense(3, use_bias=False), [(5, 4)], None),
    "Dense on sequences": (lambda k: k.layers.Dense(3, activation="gelu"), [(2, 5, 4)], None),
    "Activation sigmoid": (lambda k: k.layers.Activation("sigmoid"), [(5, 4)], None),
    "Activation tanh": (lambda k: k.layers.Activation("tanh"), [(5, 4)], None),
    "ReLU": (lambda k: k.layers.ReLU(), [(5, 4)], None),
    "ReLU max_value": (lambda k: k.layers.ReLU(max_value=0.6), [(5, 4)], None),
    "ReLU negative_slope": (lambda k: k.layers.ReLU(negative_slope=0.2), [(5, 4)], None),
    "ReLU threshold": (lambda k: k.layers.ReLU(threshold=0.3), [(5, 4)], None),
    "ReLU everything": (lambda k: k.layers.ReLU(0.9, 0.1, 0.2), [(5, 4)], None),
    "LeakyReLU": (lambda k: k.layers.LeakyReLU(), [(5, 4)], None),
    "LeakyReLU 0.1": (lambda k: k.layers.LeakyReLU(negative_slope=0.1), [(5, 4)], None),
    "ELU": (lambda k: k.layers.ELU(), [(5, 4)], None),
    "ELU 0.5": (lambda k: k.layers.ELU(alpha=0.5), [(5, 4)], None),
    "Softmax": (lambda k: k.layers.Softmax(), [(5, 4)], None),
    "Softmax axis 1": (lambda k: k.layers.Softmax(axis=1), [(2, 3, 4)], None),
    "Dropout at inference": (lambda k: k.layers.Dropout(0.4), [(5, 4)], False),
    "Dropout of nothing": (lambda k: k.layers.Dropout(0.0), [(5, 4)], True),
    "GaussianNoise at inference": (lambda k: k.layers.GaussianNoise(0.3), [(5, 4)], False),
    "BatchNormalization training": (lambda k: k.layers.BatchNormalization(), [(7, 3)], True),
    "BatchNormalization inference": (lambda k: k.layers.BatchNormalization(), [(7, 3)], False),
    "BatchNormalization settings": (
        lambda k: k.layers.BatchNormalization(momentum=0.8, epsilon=1e-2, center=False),
        [(7, 3)],
        True,
    ),
    "BatchNormalization no scale": (lambda k: k.layers.BatchNormalization(scale=False), [(7, 3)], True),
    "BatchNormalization axis 1": (lambda k: k.layers.BatchNormalization(axis=1), [(4, 3, 5)], True),
    "BatchNormalization axis 1 inference": (lambda k: k.layers.BatchNormalization(axis=1), [(4, 3, 5)], False),
    "BatchNormalization frozen": (lambda k: k.layers.BatchNormalization(trainable=False), [(7, 3)], True),
    "LayerNormalization": (lambda k: k.layers.LayerNormalization(), [(5, 4)], None),
    "LayerNormalization axis 1": (lambda k: k.layers.LayerNormalization(axis=1), [(2, 3, 4)], None),
    "LayerNormalization two axes": (lambda k: k.layers.LayerNormalization(axis=[1, 2]), [(3, 2, 4)], None),
    "LayerNormalization negative axes": (lambda k: k.layers.LayerNormalization(axis=[-2, -1]), [(3, 2, 4)], None),
    "LayerNormalization bare": (lambda k: k.layers.LayerNormalization(center=False, scale=False), [(5, 4)], None),
    "LayerNormalization no scale": (lambda k: k.layers.LayerNormalization(scale=False), [(5, 4)], None),
    "LayerNormalization no center": (lambda k: k.layers.LayerNormalization(center=False), [(5, 4)], None),
    "LayerNormalization epsilon": (lambda k: k.layers.LayerNormalization(epsilon=0.1), [(5, 4)], None),
    "Flatten": (lambda k: k.layers.Flatten(), [(3, 2, 4)], None),
    "Reshape": (lambda k: k.layers.Reshape((4, -1)), [(3, 2, 6)], None),
    "Add": (lambda k: k.layers.Add(), [(3, 4), (3, 4), (3, 4)], None),
    "Add repeats": (lambda k: k.layers.Add(), [(3, 4, 2), (3, 1, 2)], None),
    "Concatenate": (lambda k: k.layers.Concatenate(), [(3, 2), (3, 4)], None),
    "Concatenate axis 1": (lambda k: k.layers.Concatenate(axis=1), [(3, 2, 2), (3, 4, 2)], None),
}

# -- losses: maker, kind of data, sample weights -------------------------------------------------

_LOSSES = {
    "MeanSquaredError": (lambda k: k.losses.MeanSquaredError(), "real"),
    "MeanSquaredError sum": (lambda k: k.losses.MeanSquaredError(reduction="sum"), "real"),
    "MeanSquaredError sequences": (lambda k: k.losses.MeanSquaredError(), "sequences"),
    "MeanAbsoluteError": (lambda k: k.losses.MeanAbsoluteError(), "real"),
    "Huber": (lambda k: k.losses.Huber(), "real"),
    "Huber 0.5": (lambda k: k.losses.Huber(delta=0.5), "real"),
    "BinaryCrossentropy": (lambda k: k.losses.BinaryCrossentropy(), "yes-or-no"),
    "BinaryCrossentropy smoothed": (lambda k: k.losses.BinaryCrossentropy(label_smoothing=0.1), "yes-or-no"),
    "BinaryCrossentropy at the edges": (lambda k: k.losses.BinaryCrossentropy(), "yes-or-no at the edges"),
    "BinaryCrossentropy logits": (lambda k: k.losses.BinaryCrossentropy(from_logits=True), "yes-or-no logits"),
    "BinaryCrossentropy logits smoothed": (
        lambda k: k.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.2),
        "yes-or-no logits",
    ),
    "CategoricalCrossentropy": (lambda k: k.losses.CategoricalCrossentropy(), "classes"),
    "CategoricalCrossentropy smoothed": (lambda k: k.losses.CategoricalCrossentropy(label_smoothing=0.1), "classes"),
    "CategoricalCrossentropy not shares": (lambda k: k.losses.CategoricalCrossentropy(), "classes undivided"),
    "CategoricalCrossentropy axis 1": (lambda k: k.losses.CategoricalCrossentropy(axis=1), "classes along axis 1"),
    "CategoricalCrossentropy logits": (lambda k: k.losses.CategoricalCrossentropy(from_logits=True), "class logits"),
    "CategoricalCrossentropy logits smoothed": (
        lambda k: k.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        "class logits",
    ),
    "SparseCategoricalCrossentropy": (lambda k: k.losses.SparseCategoricalCrossentropy(), "class numbers"),
    "SparseCategoricalCrossentropy logits": (
        lambda k: k.losses.SparseCategoricalCrossentropy(from_logits=True),
        "class number logits",
    ),
}
LOSSES = {
    f"{name}{' weighted' if weighted else ''}": (*case, weighted)
    for name, case in _LOSSES.items()
    for weighted in (False, True)
}


def loss_data(kind):
    """Return targets, predictions and sample weights of a kind."""
    rng = np.random.default_rng(7)
    logits = rng.normal(size=(6, 4)) * 3
    shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    labels = (rng.random((6, 4)) > 0.5).astype(float)
    numbers = np.array([0, 3, 1, 2, 2, 0])
    weight = np.array([0.0, 0.5, 1.0, 2.0, 0.1, 3.0])
    edges = np.array([[0.0, 1.0, 0.0, 1.0], [1e-9, 1e-5, 0.99999, 0.5]])
    far = logits.copy()
    far[0] = [-300.0, 300.0, 20.0, -20.0]
    y_true, y_pred = {
        "real": (rng.normal(size=(6, 4)), rng.normal(size=(6, 4))),
        "sequences": (rng.normal(size=(6, 3, 2)), rng.normal(size=(6, 3, 2))),
        "yes-or-no": (labels, rng.uniform(0.02, 0.98, size=(6, 4))),
        "yes-or-no at the edges": (labels, np.tile(edges, (3, 1))),
        "yes-or-no logits": (labels, far),
        "classes": (np.eye(4)[numbers], shares),
        "classes undivided": (np.eye(4)[numbers], shares * 3),
        "classes along axis 1": (np.eye(4)[rng.integers(0, 4, (6, 3))].transpose(0, 2, 1), rng.random((6, 4, 3)) + 0.1),
        "class logits": (np.eye(4)[numbers], far),
        "class numbers": (numbers, shares),
        "class number logits": (numbers, far),
    }[kind]
    # For rows of several samples, Keras wants the axis on which the weight is repeated to be there.
    weight = weight.reshape(6, *[1] * (y_pred.ndim - 2))
    return y_true.astype(np.float32), y_pred.astype(np.float32), weight.astype(np.float32)


# -- optimizers and schedules --------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": lambda k: k.optimizers.SGD(),
    "SGD momentum": lambda k: k.optimizers.SGD(0.1, momentum=0.9),
    "SGD nesterov": lambda k: k.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "SGD weight_decay": lambda k: k.optimizers.SGD(0.1, weight_decay=0.1),
    "SGD clipnorm": lambda k: k.optimizers.SGD(0.1, clipnorm=1.0),
    "SGD global_clipnorm": lambda k: k.optimizers.SGD(0.1, global_clipnorm=1.0),
    "SGD clipvalue": lambda k: k.optimizers.SGD(0.1, clipvalue=0.5),
    "RMSprop": lambda k: k.optimizers.RMSprop(),
    "RMSprop momentum": lambda k: k.optimizers.RMSprop(0.01, momentum=0.9),
    "RMSprop centered": lambda k: k.optimizers.RMSprop(0.01, rho=0.8, centered=True),
    "RMSprop both": lambda k: k.optimizers.RMSprop(0.01, momentum=0.5, centered=True, epsilon=1e-4),
    "Adam": lambda k: k.optimizers.Adam(),
    "Adam settings": lambda k: k.optimizers.Adam(0.05, beta_1=0.8, beta_2=0.95, epsilon=1e-3),
    "Adam amsgrad": lambda k: k.optimizers.Adam(0.05, beta_2=0.9, amsgrad=True),
    "Adam clipnorm": lambda k: k.optimizers.Adam(0.05, clipnorm=0.5),
    "Adam weight_decay": lambda k: k.optimizers.Adam(0.05, weight_decay=0.02),
    "AdamW": lambda k: k.optimizers.AdamW(),
    "AdamW settings": lambda k: k.optimizers.AdamW(0.05, weight_decay=0.1),
    "SGD on a schedule": lambda k: k.optimizers.SGD(k.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5), momentum=0.5),
}

SCHEDULES = {
    "ExponentialDecay": lambda s: s.ExponentialDecay(0.1, 7, 0.5),
    "ExponentialDecay staircase": lambda s: s.ExponentialDecay(0.1, 7, 0.5, staircase=True),
    "PiecewiseConstantDecay": lambda s: s.PiecewiseConstantDecay([5, 12], [1.0, 0.5, 0.1]),
    "PolynomialDecay": lambda s: s.PolynomialDecay(0.1, 20),
    "PolynomialDecay power": lambda s: s.PolynomialDecay(0.1, 20, end_learning_rate=0.01, power=2.0),
    "PolynomialDecay cycle": lambda s: s.PolynomialDecay(0.1, 8, end_learning_rate=0.01, cycle=True),
    "InverseTimeDecay": lambda s: s.InverseTimeDecay(0.1, 5, 0.5),
    "InverseTimeDecay staircase": lambda s: s.InverseTimeDecay(0.1, 5, 0.5, staircase=True),
    "CosineDecay": lambda s: s.CosineDecay(0.1, 20, alpha=0.1),
    "CosineDecay warmup": lambda s: s.CosineDecay(0.01, 15, warmup_target=0.1, warmup_steps=6),
    "CosineDecayRestarts": lambda s: s.CosineDecayRestarts(0.1, 6, t_mul=2.0, m_mul=0.8, alpha=0.1),
    "CosineDecayRestarts even": lambda s: s.CosineDecayRestarts(0.1, 7, t_mul=1.0),
}

SCHEDULE_STEPS = range(41)


def optimizer_data(n_steps=10):
    """Return start values of a matrix and a vector, and each step's gradients; one of the steps is large."""
    rng = np.random.default_rng(3)
    shapes = [(3, 2), (2,)]
    start = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    steps = [[rng.normal(size=shape).astype(np.float32) for shape in shapes] for _ in range(n_steps)]
    steps[4] = [gradient * 10 for gradient in steps[4]]
    return start, steps


# -- metrics: maker, kind of loss data -----------------------------------------------------------

METRICS = {
    "MeanSquaredError": (lambda k: k.metrics.MeanSquaredError(), "real"),
    "RootMeanSquaredError": (lambda k: k.metrics.RootMeanSquaredError(), "real"),
    "MeanAbsoluteError": (lambda k: k.metrics.MeanAbsoluteError(), "real"),
    "BinaryCrossentropy": (lambda k: k.metrics.BinaryCrossentropy(label_smoothing=0.1), "yes-or-no"),
    "BinaryCrossentropy logits": (lambda k: k.metrics.BinaryCrossentropy(from_logits=True), "yes-or-no logits"),
    "CategoricalCrossentropy": (lambda k: k.metrics.CategoricalCrossentropy(), "classes"),
    "BinaryAccuracy": (lambda k: k.metrics.BinaryAccuracy(), "yes-or-no"),
    "BinaryAccuracy 0.7": (lambda k: k.metrics.BinaryAccuracy(threshold=0.7), "yes-or-no"),
    "CategoricalAccuracy": (lambda k: k.metrics.CategoricalAccuracy(), "classes"),
    "SparseCategoricalAccuracy": (lambda k: k.metrics.SparseCategoricalAccuracy(), "class numbers"),
}

# -- initializers: maker; whether the extremes are sharp -----------------------------------------

INITIALIZER_SHAPE = (160, 90)
INITIALIZERS = {
    "Zeros": (lambda i: i.Zeros(), True),
    "Ones": (lambda i: i.Ones(), True),
    "Constant": (lambda i: i.Constant(0.3), True),
    "Identity": (lambda i: i.Identity(gain=2.0), True),
    "RandomNormal": (lambda i: i.RandomNormal(mean=0.2, stddev=0.1, seed=1), False),
    "TruncatedNormal": (lambda i: i.TruncatedNormal(mean=0.2, stddev=0.1, seed=1), True),
    "RandomUniform": (lambda i: i.RandomUniform(minval=-0.2, maxval=0.1, seed=1), True),
    "GlorotUniform": (lambda i: i.GlorotUniform(seed=1), True),
    "GlorotNormal": (lambda i: i.GlorotNormal(seed=1), True),
    "HeUniform": (lambda i: i.HeUniform(seed=1), True),
    "HeNormal": (lambda i: i.HeNormal(seed=1), True),
    "LecunUniform": (lambda i: i.LecunUniform(seed=1), True),
    "LecunNormal": (lambda i: i.LecunNormal(seed=1), True),
    "VarianceScaling": (lambda i: i.VarianceScaling(2.0, "fan_avg", "untruncated_normal", seed=1), False),
    "VarianceScaling fan_out": (lambda i: i.VarianceScaling(0.5, "fan_out", "uniform", seed=1), True),
    "Orthogonal": (lambda i: i.Orthogonal(gain=1.5, seed=1), False),
}

# -- names whose arguments must be those of Keras ------------------------------------------------

PUBLIC = {
    "layers": [
        "Activation",
        "Add",
        "BatchNormalization",
        "Concatenate",
        "Dense",
        "Dropout",
        "ELU",
        "Flatten",
        "GaussianNoise",
        "Input",
        "LayerNormalization",
        "LeakyReLU",
        "ReLU",
        "Reshape",
        "Softmax",
    ],
    "losses": [
        "BinaryCrossentropy",
        "CategoricalCrossentropy",
        "Huber",
        "MeanAbsoluteError",
        "MeanSquaredError",
        "SparseCategoricalCrossentropy",
    ],
    "optimizers": ["SGD", "Adam", "AdamW", "RMSprop"],
    "optimizers.schedules": [
        "CosineDecay",
        "CosineDecayRestarts",
        "ExponentialDecay",
        "InverseTimeDecay",
        "PiecewiseConstantDecay",
        "PolynomialDecay",
    ],
    "callbacks": [
        "CSVLogger",
        "EarlyStopping",
        "History",
        "LambdaCallback",
        "LearningRateScheduler",
        "ModelCheckpoint",
        "ReduceLROnPlateau",
        "TerminateOnNaN",
    ],
    "metrics": [
        "BinaryAccuracy",
        "BinaryCrossentropy",
        "CategoricalAccuracy",
        "CategoricalCrossentropy",
        "Mean",
        "MeanAbsoluteError",
        "MeanSquaredError",
        "RootMeanSquaredError",
        "SparseCategoricalAccuracy",
    ],
    "regularizers": ["L1", "L1L2", "L2"],
    "initializers": [
        "Constant",
        "GlorotNormal",
        "GlorotUniform",
        "HeNormal",
        "HeUniform",
        "Identity",
        "LecunNormal",
        "LecunUniform",
        "Ones",
        "Orthogonal",
        "RandomNormal",
        "RandomUniform",
        "TruncatedNormal",
        "VarianceScaling",
        "Zeros",
    ],
    "Model": [
        "compile",
        "evaluate",
        "fit",
        "get_layer",
        "load_weights",
        "predict",
        "predict_on_batch",
        "save",
        "save_weights",
        "summary",
        "test_on_batch",
        "train_on_batch",
    ],
}
