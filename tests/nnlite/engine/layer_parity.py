"""Comparison of layers in both backends: training, evaluation and predictions of a model around them."""

import numpy as np

from nnlite import config
from nnlite.layers import GRU, LSTM, Input, SimpleRNN
from nnlite.models import Model
from nnlite.utils import set_random_seed
from tests.nnlite.engine.parity import TOLERANCE

RECURRENT = {
    "SimpleRNN": SimpleRNN,
    "LSTM": LSTM,
    "GRU": GRU,
    "GRU, reset before": lambda units, **settings: GRU(units, reset_after=False, **settings),
}


def both(build, shape, dtype="float64", rows=21, batch_size=8, epochs=2, loss="mse", optimizer="sgd", y=None):
    """Return losses, weights, evaluation and predictions of both backends, from the same start.

    21 records in batches of 8 leave a short last batch.
    """
    config.set_floatx(dtype)
    results = []
    x = np.random.default_rng(0).normal(size=(rows, *shape))
    for backend in ("numpy", "numba"):
        set_random_seed(3)
        inputs = Input(shape)
        model = Model(inputs, build(inputs))
        model.compile(optimizer=optimizer, loss=loss)
        # Biases start at zero, which would hide errors.
        noise = np.random.default_rng(5)
        model.set_weights([w + 0.1 * noise.normal(size=w.shape) for w in model.get_weights()])
        targets = np.random.default_rng(1).normal(size=(rows, *model.output_shape[1:])) if y is None else y
        history = model.fit(x, targets, epochs=epochs, batch_size=batch_size, verbose=0, backend=backend, threads=1)
        results.append(
            [
                np.array(history.history["loss"]),
                model.parameters.copy(),
                np.array(model.evaluate(x, targets, batch_size=batch_size, verbose=0, backend=backend)),
                predictions(model, x, backend),
            ]
        )
    return results


def predictions(model, x, backend):
    return model.predict(x, verbose=0, backend=backend)


def assert_parity(build, shape, dtype="float64", **settings):
    expected, found = both(build, shape, dtype, **settings)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
