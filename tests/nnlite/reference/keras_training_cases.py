"""Training runs with both Keras and nnlite.

Each case is a function of `k`, the package, that builds and compiles a model. `data` gives what it is fitted to, and
`FIT` how. Both packages start from the same weights and see the same batches, so every figure must agree.
"""

import numpy as np

ROWS = 70  # Not a multiple of the batch size: the last batch of an epoch is a short one.
_RNG = np.random.default_rng(11)
X = _RNG.normal(size=(ROWS, 6)).astype(np.float32)
OTHER = _RNG.normal(size=(ROWS, 4)).astype(np.float32)
CLASSES = np.eye(3, dtype=np.float32)[_RNG.integers(0, 3, ROWS)]
LABELS = (X[:, :1] + OTHER[:, :1] > 0).astype(np.float32)
WEIGHT = _RNG.uniform(0.1, 2.0, ROWS).astype(np.float32)


def autoencoder(k):
    """Build an autoencoder of dense layers."""
    inputs = k.layers.Input(shape=(6,))
    hidden = k.layers.Dense(8, activation="relu")(inputs)
    code = k.layers.Dense(2, activation="tanh")(hidden)
    outputs = k.layers.Dense(6)(k.layers.Dense(8, activation="elu")(code))
    model = k.Model(inputs, outputs)
    model.compile(optimizer=k.optimizers.Adam(0.01), loss="mse", metrics=["mae"])
    return model


def classifier(k):
    """Build a classifier with normalization, dropout and penalties."""
    model = k.Sequential(
        [
            k.layers.Input(shape=(6,)),
            k.layers.Dense(8, kernel_regularizer=k.regularizers.L2(0.01)),
            k.layers.BatchNormalization(momentum=0.9, gamma_regularizer="l2"),
            k.layers.Activation("relu"),
            k.layers.Dropout(0.0),
            k.layers.Dense(3, activation="softmax", bias_regularizer="l1"),
        ]
    )
    model.compile(optimizer=k.optimizers.SGD(0.05, momentum=0.9), loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def two_of_each(k):
    """Build a graph of two inputs, a shared layer, Concatenate, Add and two outputs."""
    left, right = k.layers.Input(shape=(6,), name="left"), k.layers.Input(shape=(4,), name="right")
    a = k.layers.Dense(5, activation="silu")(left)
    b = k.layers.Dense(5, activation="softplus")(right)
    shared = k.layers.Dense(5, activation="tanh")
    joined = k.layers.Concatenate()([shared(a), shared(b), k.layers.Add()([a, b])])
    values = k.layers.Dense(4, name="values")(joined)
    label = k.layers.Dense(1, activation="sigmoid", name="label")(k.layers.LayerNormalization()(joined))
    model = k.Model([left, right], [values, label])
    model.compile(
        optimizer=k.optimizers.RMSprop(0.01),
        loss=["mse", "binary_crossentropy"],
        loss_weights=[0.3, 2.0],
        metrics=[["mae"], ["accuracy"]],
    )
    return model


def penalties(k):
    """Build a net with every place for a penalty filled; plain descent, so that weights show the gradients."""
    model = k.Sequential(
        [
            k.layers.Input(shape=(6,)),
            k.layers.Dense(
                5,
                activation="tanh",
                kernel_regularizer=k.regularizers.L1L2(l1=0.02, l2=0.03),
                bias_regularizer=k.regularizers.L1(0.01),
                activity_regularizer=k.regularizers.L2(0.05),
            ),
            k.layers.Dense(6, activity_regularizer=k.regularizers.L1(0.02), kernel_regularizer="l1l2"),
        ]
    )
    model.compile(optimizer=k.optimizers.SGD(0.1), loss="mae")
    return model


def sequence_model(k):
    """Build a net on sequences, frozen in part, with a Huber loss and decoupled weight decay."""
    frozen = k.layers.Dense(3, activation="gelu", trainable=False)
    model = k.Sequential(
        [
            k.layers.Input(shape=(6,)),
            k.layers.Reshape((3, 2)),
            frozen,
            k.layers.LayerNormalization(axis=[1, 2]),
            k.layers.Dense(4, activation="selu"),
            k.layers.Flatten(),
            k.layers.Dense(6),
        ]
    )
    model.compile(optimizer=k.optimizers.AdamW(0.01, weight_decay=0.1, clipnorm=0.5), loss=k.losses.Huber(0.5))
    return model


def sparse_classifier(k):
    """Build a classifier by class numbers, from logits, on a falling learning rate."""
    schedule = k.optimizers.schedules.CosineDecay(0.1, 40)
    model = k.Sequential([k.layers.Input(shape=(6,)), k.layers.Dense(8, activation="leaky_relu"), k.layers.Dense(3)])
    model.compile(
        optimizer=k.optimizers.SGD(schedule, momentum=0.5, nesterov=True),
        loss=k.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        weighted_metrics=["accuracy"],
    )
    return model


MODELS = {
    "autoencoder": autoencoder,
    "classifier": classifier,
    "two of each": two_of_each,
    "penalties": penalties,
    "sequence model": sequence_model,
    "sparse classifier": sparse_classifier,
}

_NUMBERS = CLASSES.argmax(axis=-1)
DATA = {
    "autoencoder": (X, X),
    "classifier": (X, CLASSES),
    "two of each": ([X, OTHER], [OTHER, LABELS]),
    "penalties": (X, X),
    "sequence model": (X, X),
    "sparse classifier": (X, _NUMBERS),
}

# 70 rows in batches of 16 are five steps an epoch, so ten epochs are fifty steps.
FIT = {
    "autoencoder": {"validation_split": 0.25, "epochs": 13},
    "classifier": {"validation_data": (X[:20], CLASSES[:20]), "epochs": 10},
    "two of each": {"epochs": 10},
    "penalties": {"epochs": 4, "sample_weight": WEIGHT},
    "sequence model": {"epochs": 6, "sample_weight": WEIGHT, "validation_split": 0.1},
    "sparse classifier": {"epochs": 8, "class_weight": {0: 0.5, 1: 1.0, 2: 3.0}},
}


def start(shapes):
    """Return weights to start from, of the given shapes."""
    rng = np.random.default_rng(5)
    return [(rng.normal(size=shape) * 0.4 + (0.6 if len(shape) == 1 else 0)).astype(np.float32) for shape in shapes]


def train(k, name):
    """Fit a model; return the model, its History and the loss that each step reported."""
    model = MODELS[name](k)
    model.set_weights([np.abs(w) if w.ndim == 1 else w for w in start([w.shape for w in model.get_weights()])])
    steps = []
    watch = k.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(float(logs["loss"])))
    x, y = DATA[name]
    history = model.fit(x, y, batch_size=16, shuffle=False, verbose=0, callbacks=[watch], **FIT[name])
    return model, history, steps


def train_with_callbacks(k, folder):
    """Run an ordinary script with all the usual callbacks; return its history, and the text of its log."""
    model = autoencoder(k)
    model.set_weights(start([w.shape for w in model.get_weights()]))
    best = f"{folder}/best.keras"
    callbacks = [
        k.callbacks.LearningRateScheduler(lambda epoch, rate: 0.05 if epoch == 0 else rate),
        k.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1, min_delta=0.01, cooldown=1),
        k.callbacks.ModelCheckpoint(best, monitor="val_loss", save_best_only=True),
        k.callbacks.CSVLogger(f"{folder}/log.csv"),
        k.callbacks.EarlyStopping(monitor="val_loss", patience=4, min_delta=0.01, restore_best_weights=True),
        k.callbacks.TerminateOnNaN(),
    ]
    history = model.fit(
        X,
        X,
        epochs=60,
        batch_size=16,
        shuffle=False,
        validation_split=0.3,
        callbacks=callbacks,
        verbose=0,
    )
    with open(f"{folder}/log.csv") as file:
        log = file.read()
    loaded = k.models.load_model(best)
    return model, history, log, loaded
