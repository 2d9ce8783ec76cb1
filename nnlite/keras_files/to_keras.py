"""Configurations of nnlite as configurations of Keras: values to values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnlite import activations
from nnlite.keras_files.attention import LAYERS as ATTENTION
from nnlite.keras_files.attention import settings_of_call, use_in_keras
from nnlite.keras_files.names import (
    ACTIVATION_LAYERS,
    ACTIVATIONS,
    LAYERS,
    NOT_IN_FILES,
    OWN_LOSSES,
    RENAMED,
    WITHOUT_EFFECT,
)
from nnlite.registry import serialize

_RECURRENT = ("LSTM", "GRU", "SimpleRNN", "Bidirectional")


class NotInKeras(ValueError):
    """A model has a part that Keras does not have, so that it cannot be written for Keras."""


def layer_entry(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration for Keras of a layer or a model.

    Parameters
    ----------
    given : mapping
        Result of `nnlite.registry.serialize`.

    Raises
    ------
    NotInKeras
        If Keras has no such layer, or no such activation function.
    """
    name, config = given["class_name"], given["config"]
    if config.get("ties"):
        raise NotInKeras(f"layers of model {config.get('name')!r} share weights, which a file for Keras cannot say")
    if name in ("Sigmoid", "Tanh"):
        config = {**config, "activation": serialize(activations.get(name.lower()))}
    name = RENAMED.get(name, name)
    if name == "Sequential":
        return _entry("keras", name, _chain(config))
    if name == "Model":
        return {**_entry("keras.src.models.functional", "Functional", _graph(config)), "registered_name": "Functional"}
    if name not in LAYERS:
        reason = NOT_IN_FILES.get(name, "Keras has no such layer")
        raise NotInKeras(
            f"a file of Keras holds no layer {name}, which layer {config.get('name')!r} is: {reason}; a name such as "
            "model.npz has nnlite's own format"
        )
    settings = {key: _value(key, value) for key, value in config.items() if key not in WITHOUT_EFFECT.get(name, ())}
    if name == "RandomContrast" and isinstance(config["factor"], (int, float)):
        # In Keras one number is the largest change upwards alone.
        settings["factor"] = [config["factor"]] * 2
    if name in ATTENTION:
        settings_of_call(settings)
    if name == "InputLayer":
        settings["batch_shape"] = [settings.pop("batch_size"), *settings.pop("shape")]
    return _entry("keras.layers", name, settings)


def _entry(module: str, name: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"module": module, "class_name": name, "config": config, "registered_name": None}


def _value(key: str, value: Any) -> Any:
    """Return an argument of a layer."""
    if not isinstance(value, Mapping) or "class_name" not in value:
        return value
    if key in ("layer", "backward_layer"):
        return layer_entry(value)
    if key.endswith("activation"):
        return _activation(value)
    if value["class_name"] == "FunctionInitializer":
        raise NotInKeras(f"the initializer {value['config']['function']!r} is a Python function")
    kind = next((f"{one}s" for one in ("regularizer", "constraint") if key.endswith(one)), "initializers")
    return _entry(f"keras.{kind}", value["class_name"], dict(value["config"]))


def _activation(value: Mapping[str, Any]) -> Any:
    """Return the name of an activation function, or the layer of Keras that has its settings."""
    for name in ACTIVATIONS:
        if serialize(activations.get(name)) == value:
            return name
    if value["class_name"] in ACTIVATION_LAYERS:
        return _entry("keras.layers", value["class_name"], dict(value["config"]))
    raise NotInKeras(f"Keras has no activation function {value['class_name']} with the settings {value['config']}")


def _chain(config: Mapping[str, Any]) -> dict[str, Any]:
    if config["input"] is None:
        raise ValueError(
            f"model {config['name']!r} has no input shape yet, so it has no weights to save for Keras; begin it "
            "with an Input, or fit it first"
        )
    first = layer_entry(config["input"])
    return {
        "name": config["name"],
        "trainable": config["trainable"],
        "layers": [first, *(layer_entry(layer) for layer in config["layers"])],
        "build_input_shape": first["config"]["batch_shape"],
    }


def _graph(config: Mapping[str, Any]) -> dict[str, Any]:
    entries = {layer["config"]["name"]: {**layer_entry(layer), "inbound_nodes": []} for layer in config["layers"]}
    classes = {layer["config"]["name"]: layer["class_name"] for layer in config["layers"]}
    calls = {layer["config"]["name"]: settings_of_call(dict(layer["config"])) for layer in config["layers"]}
    dtypes = {layer["config"]["name"]: layer["config"].get("dtype", "float32") for layer in config["layers"]}
    history: dict[int, list[Any]] = {}
    for node in config["nodes"]:
        name = node["layer"]
        entry = entries[name]
        use = len(entry["inbound_nodes"])
        for index, number in enumerate(node["outputs"]):
            history[number] = [name, 0 if classes[name] == "InputLayer" else use, index]
        if classes[name] != "InputLayer":
            tensors = [_tensor(history[number], dtypes[name]) for number in node["inputs"]]
            entry["inbound_nodes"].append(
                use_in_keras(tensors, calls[name], classes[name])
                if classes[name] in ATTENTION
                else _use(tensors, node["takes_list"], classes[name])
            )
    for name, entry in entries.items():
        entry["name"] = name
    return {
        "name": config["name"],
        "trainable": config["trainable"],
        "layers": list(entries.values()),
        "input_layers": _ends(config["inputs"], history, False),
        "output_layers": _ends(config["outputs"], history, config.get("names_outputs", False)),
    }


def _tensor(history: list[Any], dtype: str) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"shape": [None], "dtype": dtype, "keras_history": history}}


def _use(tensors: list[Any], takes_list: bool, class_name: str) -> dict[str, Any]:
    """Return the arguments of one use of a layer; states are an argument of their own."""
    if takes_list and class_name in _RECURRENT:
        return {"args": tensors[:1], "kwargs": {"initial_state": tensors[1:]} if tensors[1:] else {}}
    return {"args": [tensors] if takes_list else tensors, "kwargs": {}}


def _ends(named: list[list[Any]], history: Mapping[int, list[Any]], by_name: bool) -> Any:
    if by_name:
        return {name: history[number] for name, number in named}
    return [history[number] for _, number in named]


def compile_entry(compiled: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `compile` for Keras.

    Parameters
    ----------
    compiled : mapping
        ``"optimizer"``, serialized, and the configuration of the objective.

    Raises
    ------
    NotInKeras
        If Keras has no such loss or metric.
    """
    return {
        "optimizer": _optimizer(compiled["optimizer"]),
        "loss": _single([_loss(one) for one in compiled["loss"]]),
        "loss_weights": _single(compiled["loss_weights"]) if len(compiled["loss"]) > 1 else None,
        "metrics": _single([[_metric(one) for one in own] for own in compiled["metrics"]]),
        "weighted_metrics": _single([[_metric(one) for one in own] for own in compiled["weighted_metrics"]]),
    }


def _single(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _optimizer(given: Mapping[str, Any]) -> dict[str, Any]:
    config = dict(given["config"])
    rate = config.get("learning_rate")
    if isinstance(rate, Mapping):
        config["learning_rate"] = _entry("keras.optimizers.schedules", rate["class_name"], dict(rate["config"]))
    return _entry("keras.optimizers", given["class_name"], config)


def _function(name: str) -> dict[str, Any]:
    """Return the entry of a Python function, which the file names and the loader is given as a custom object."""
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


def _loss(given: Mapping[str, Any] | None) -> Any:
    if given is None:
        return None
    if given["class_name"] == "FunctionLoss":
        return _function(given["config"]["function"])
    if given["class_name"] in OWN_LOSSES:
        raise NotInKeras(
            f"Keras has no loss {given['class_name']}; compile the model with another one, or save it as .npz"
        )
    return _entry("keras.losses", given["class_name"], dict(given["config"]))


def _metric(given: Mapping[str, Any]) -> Any:
    if given["class_name"] == "Accuracy":
        # By its name Keras, too, takes the accuracy that fits the loss; its class Accuracy compares for equality.
        return "accuracy"
    if given["class_name"] == "ExactAccuracy":
        return _entry("keras.metrics", "Accuracy", dict(given["config"]))
    if given["class_name"] == "MeanMetricWrapper":
        return _function(given["config"]["name"])
    return _entry("keras.metrics", given["class_name"], dict(given["config"]))
