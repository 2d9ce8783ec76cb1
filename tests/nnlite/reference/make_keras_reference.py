"""Compute reference values with Keras, and write them to ``keras_reference.npz``.

Run from the root of the repository, in an environment that holds Keras 3 and JAX::

    KERAS_BACKEND=jax python -m tests.nnlite.reference.make_keras_reference

The cases stand in `keras_cases` and `keras_training_cases`. The file holds one float32 vector, ``values``, and two
JSON texts: ``index`` (key to start and shape of an array in the vector) and ``facts`` (versions, signatures, texts).
The same versions on the same machine write the same bytes.
"""

import json
import os
import tempfile
import warnings
from pathlib import Path

import jax
import keras
import numpy as np

from tests.nnlite.reference import keras_cases as cases
from tests.nnlite.reference import keras_training_cases as training_cases
from tests.nnlite.reference.signatures import signature

FILE = Path(__file__).with_name("keras_reference.npz")


class Values:
    """Arrays by key, kept end to end in one vector."""

    def __init__(self):
        self.index = {}
        self.parts = []
        self.size = 0

    def add(self, key, array):
        """Append an array."""
        array = np.asarray(array, np.float32)
        self.index[key] = [self.size, list(array.shape)]
        self.parts.append(array.ravel())
        self.size += array.size

    def add_all(self, key, arrays):
        """Append several arrays, numbered."""
        for number, array in enumerate(arrays):
            self.add(f"{key}/{number}", array)


def add_activations(values):
    rng = np.random.default_rng(0)
    for name, (function, arguments) in cases.ACTIVATIONS.items():
        x = cases.activation_input(function)
        dy = rng.normal(size=x.shape).astype(np.float32)
        f = getattr(keras.activations, function)
        y, pull = jax.vjp(lambda x, f=f, arguments=arguments: f(x, **arguments), x)
        for what, array in (("x", x), ("dy", dy), ("y", y), ("dx", pull(dy)[0])):
            values.add(f"activations/{name}/{what}", array)


def add_layers(values):
    rng = np.random.default_rng(1)
    for name, (make, shapes, training) in cases.LAYERS.items():
        layer = make(keras)
        xs = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
        several = len(xs) > 1
        layer.build(shapes if several else shapes[0])
        layer.set_weights([rng.uniform(0.5, 1.5, size=w.shape).astype(np.float32) for w in layer.weights])
        settings = {} if training is None else {"training": training}
        values.add_all(f"layers/{name}/weights", layer.get_weights())

        def forward(weights, xs, layer=layer, several=several, settings=settings):
            rest = [variable.value for variable in layer.non_trainable_variables]
            return layer.stateless_call(weights, rest, xs if several else xs[0], **settings)

        y, pull, after = jax.vjp(forward, [w.value for w in layer.trainable_variables], xs, has_aux=True)
        dy = rng.normal(size=y.shape).astype(np.float32)
        gradients, dx = pull(dy)
        values.add_all(f"layers/{name}/x", xs)
        values.add_all(f"layers/{name}/dx", dx)
        values.add_all(f"layers/{name}/gradients", gradients)
        values.add(f"layers/{name}/y", y)
        values.add(f"layers/{name}/dy", dy)
        # Dropout's generator state is no weight; the moving averages are.
        kept = after[: len(layer.non_trainable_weights)] if layer.non_trainable_weights else []
        values.add_all(f"layers/{name}/after", kept)


def add_losses(values):
    for name, (make, kind, weighted) in cases.LOSSES.items():
        y_true, y_pred, weight = cases.loss_data(kind)
        loss = make(keras)

        def total(y_pred, loss=loss, y_true=y_true, weight=weight if weighted else None):
            return loss(y_true, y_pred, sample_weight=weight)

        value, gradient = jax.value_and_grad(total)(y_pred)
        values.add(f"losses/{name}/value", value)
        values.add(f"losses/{name}/gradient", gradient)


def add_optimizers(values):
    start, steps = cases.optimizer_data()
    for name, make in cases.OPTIMIZERS.items():
        optimizer = make(keras)
        variables = [keras.Variable(value) for value in start]
        optimizer.build(variables)
        for number, gradients in enumerate(steps):
            optimizer.apply([jax.numpy.asarray(g) for g in gradients], variables)
            flat = np.concatenate([np.asarray(v.value).ravel() for v in variables])
            values.add(f"optimizers/{name}/{number}", flat)
    for name, make in cases.SCHEDULES.items():
        schedule = make(keras.optimizers.schedules)
        values.add(f"schedules/{name}", [float(schedule(step)) for step in cases.SCHEDULE_STEPS])


def add_metrics(values):
    for name, (make, kind) in cases.METRICS.items():
        y_true, y_pred, weight = cases.loss_data(kind)
        for weighted in (False, True):
            metric = make(keras)
            for rows in (slice(0, 4), slice(4, None)):
                metric.update_state(y_true[rows], y_pred[rows], sample_weight=weight[rows] if weighted else None)
            values.add(f"metrics/{name}{' weighted' if weighted else ''}", metric.result())


def add_initializers(values):
    for name, (make, _) in cases.INITIALIZERS.items():
        drawn = np.asarray(make(keras.initializers)(cases.INITIALIZER_SHAPE))
        values.add(f"initializers/{name}", [drawn.min(), drawn.max(), drawn.mean(), drawn.std()])


def add_training(values, facts):
    for name in training_cases.MODELS:
        model, history, steps = training_cases.train(keras, name)
        x, y = training_cases.DATA[name]
        key = f"training/{name}"
        values.add(f"{key}/steps", steps)
        values.add_all(f"{key}/weights", model.get_weights())
        for figure, curve in history.history.items():
            values.add(f"{key}/history/{figure}", curve)
        for figure, value in model.evaluate(x, y, batch_size=16, verbose=0, return_dict=True).items():
            values.add(f"{key}/evaluate/{figure}", value)
        predictions = model.predict(x, verbose=0)
        values.add_all(f"{key}/predict", predictions if isinstance(predictions, list) else [predictions])
    with tempfile.TemporaryDirectory() as folder:
        model, history, log, best = training_cases.train_with_callbacks(keras, folder)
    for figure, curve in history.history.items():
        values.add(f"callbacks/history/{figure}", curve)
    values.add_all("callbacks/weights", model.get_weights())
    values.add_all("callbacks/best", best.get_weights())
    facts["log"] = log


def add_signatures(facts):
    found = {}
    for place in (
        "layers",
        "losses",
        "optimizers",
        "optimizers.schedules",
        "callbacks",
        "metrics",
        "regularizers",
        "initializers",
    ):
        module = keras
        for part in place.split("."):
            module = getattr(module, part)
        for name in sorted(cases.PUBLIC[place]):
            found[f"{place}.{name}"] = signature(getattr(module, name))
    for method in cases.PUBLIC["Model"]:
        found[f"Model.{method}"] = signature(getattr(keras.Model, method))
    found["models.load_model"] = signature(keras.models.load_model)
    facts["signatures"] = found


def main():
    warnings.simplefilter("ignore")
    values = Values()
    facts = {"keras": keras.__version__, "jax": jax.__version__, "backend": keras.backend.backend()}
    for add in (add_activations, add_layers, add_losses, add_optimizers, add_metrics, add_initializers):
        add(values)
    add_training(values, facts)
    add_signatures(facts)
    partial = FILE.with_suffix(".part.npz")
    np.savez_compressed(
        partial,
        values=np.concatenate(values.parts),
        index=np.array(json.dumps(values.index)),
        facts=np.array(json.dumps(facts)),
    )
    os.replace(partial, FILE)
    print(f"{FILE}: {len(values.index)} arrays, {values.size} values, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
