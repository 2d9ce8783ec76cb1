"""What runs on Keras and on nnlite alike: each function takes the one or the other as `library`.

The names of the two are the same, so a case is written once, as JSON, and the same lines build and run it on either.
An object is written as ``{"make": "layers.Dense", "units": 3}``: where the class is found, and its arguments.
"""

import json
from functools import reduce

import numpy as np


def made(path, **arguments):
    """Write down an object: the place of its class within the library, and the constructor's arguments."""
    return {"make": path, **arguments}


def find(library, path):
    """Return what goes under a dotted name in the library."""
    return reduce(getattr, path.split("."), library)


def make(library, value):
    """Make the objects that are written down in a JSON value, however deep."""
    if isinstance(value, list):
        return [make(library, one) for one in value]
    if not isinstance(value, dict):
        return value
    arguments = {name: make(library, one) for name, one in value.items() if name != "make"}
    return find(library, value["make"])(**arguments) if "make" in value else arguments


def make_model(library, graph):
    """Make a Sequential from its layers, or a Model from a graph of named tensors."""
    if "chain" in graph:
        return library.Sequential([library.Input(tuple(graph["input"])), *make(library, graph["chain"])])
    tensors = {name: library.Input(tuple(shape), name=name) for name, shape in graph["inputs"].items()}
    inputs = list(tensors.values())
    layers = make(library, graph["layers"])
    for result, layer, sources in graph["calls"]:
        taken = [tensors[name] for name in sources]
        tensors[result] = layers[layer](taken if len(taken) > 1 else taken[0])
    return library.Model(inputs, [tensors[name] for name in graph["outputs"]])


def train(library, case):
    """Run a case of training from given weights; return every figure and array that comes out."""
    model = make_model(library, case["model"])
    model.set_weights(case["weights"])
    model.compile(**make(library, case["compile"]))
    batch_losses = []
    follow = library.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: batch_losses.append(float(logs["loss"]))
    )
    history = model.fit(**case["fit"], shuffle=False, verbose=0, callbacks=[follow])
    evaluate = case["evaluate"]
    return {
        "history": {name: np.array(values, np.float32) for name, values in history.history.items()},
        "epochs": history.epoch,
        "batch_losses": np.array(batch_losses, np.float32),
        "evaluated": model.evaluate(**evaluate, verbose=0, return_dict=True),
        "evaluated_in_order": model.evaluate(**evaluate, verbose=0),
        "predicted": as_list(model.predict(evaluate["x"], verbose=0)),
        "weights_after": model.get_weights(),
    }


def step_with_penalties(library, case):
    """Take one step of size 1 down the gradient: the change of the weights is the gradient of loss and penalties."""
    model = make_model(library, case["model"])
    model.set_weights(case["weights"])
    model.compile(library.optimizers.SGD(1.0), "mse")
    return {"loss": float(model.train_on_batch(case["x"], case["y"])), "weights_after": model.get_weights()}


def monitor(library, case):
    """Show a callback a run of figures, epoch by epoch; tell what it made of them."""
    model = library.Sequential([library.Input((1,)), library.layers.Dense(1, use_bias=False)])
    model.compile(library.optimizers.SGD(1.0), "mse", metrics=["accuracy"])
    model.train_on_batch(np.zeros((1, 1), np.float32), np.zeros((1, 1), np.float32))
    model.stop_training = False
    callback = make(library, case["callback"])
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(case["values"]):
        # The weight says which epoch it is from.
        model.set_weights([np.full((1, 1), epoch, np.float32)])
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {case["figure"]: value})
        rates.append(float(np.asarray(model.optimizer.learning_rate)))
        if model.stop_training:
            break
    callback.on_train_end()
    return {"epochs": len(rates), "rates": rates, "weight": float(model.get_weights()[0][0, 0])}


def measure(library, case):
    """Show a metric batch after batch; return its result after each."""
    metric = make(library, case["metric"])
    results = []
    for batch in case["batches"]:
        metric.update_state(*batch["values"], sample_weight=batch["sample_weight"])
        results.append(float(metric.result()))
    metric.reset_state()
    return {"results": results, "after_reset": float(metric.result())}


def initialize(library, case):
    """Draw first values; return all of them, or figures that hardly depend on the draw."""
    values = np.asarray(make(library, case["initializer"])(tuple(case["shape"])), np.float64)
    if case["kind"] == "exact":
        return {"values": values}
    if case["kind"] == "orthogonal":
        matrix = values.reshape(-1, values.shape[-1])
        return {"products": matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T}
    return {"mean": values.mean(), "spread": values.std(), "least": values.min(), "most": values.max()}


def as_list(value):
    """Return a list, of one where it is none."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def write(path, document):
    """Write a document of JSON values and arrays: one vector of all numbers, one text of everything else."""
    parts = []

    def pack(value):
        if isinstance(value, dict):
            return {name: pack(one) for name, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [pack(one) for one in value]
        if isinstance(value, np.ndarray):
            parts.append(np.asarray(value, np.float32).ravel())
            return {"array": [sum(map(len, parts[:-1])), list(value.shape)]}
        return value.item() if isinstance(value, np.generic) else value

    text = json.dumps(pack(document))
    np.savez_compressed(path, text=np.frombuffer(text.encode(), np.uint8), values=np.concatenate(parts))


def read(path):
    """Read what `write` wrote."""
    with np.load(path, allow_pickle=False) as file:
        text, values = file["text"].tobytes().decode(), file["values"]

    def unpack(entry):
        if "array" not in entry:
            return entry
        start, shape = entry["array"]
        return values[start : start + int(np.prod(shape))].reshape(shape).copy()

    return json.loads(text, object_hook=unpack)
