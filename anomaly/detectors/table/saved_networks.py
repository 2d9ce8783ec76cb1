"""The networks of a `TableDetector` in its file: the usual ones are read without building a model of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from nnlite.chain_layer import ChainLayer
from nnlite.limits import limit_of_values
from nnlite.registry import has_custom_objects
from nnlite.saved_network import SavedNetwork
from nnlite.types import Array

if TYPE_CHECKING:
    from nnlite.models import Model

# For each feature and unit a network computes at most so many values, as `nnlite.limits` counts them.
_VALUES_PER_UNIT = 4
_SLOTS = ("weights", "optimizer/momentum", "optimizer/velocity")
_RELU = {"class_name": "ReLU", "config": {"negative_slope": 0.0, "max_value": None, "threshold": 0.0}}
_LOSSES = {"MeanSquaredError": "mean_squared_error", "MaskedMeanSquaredError": "masked_mean_squared_error"}
_LINEAR: dict[str, Any] = {"class_name": "Linear", "config": {}}


def usual_network(config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> SavedNetwork | None:
    """Return a network of a file if it is described, word by word, as the usual ones are; else None.

    Those have dense layers with ReLU behind Gaussian noise, and were trained by Adam on the squared error. What is
    written otherwise, by other settings or by hand, has to be built to know whether it can be.

    Parameters
    ----------
    config, arrays : mapping
        The network, as `nnlite.serialization.model_to_parts` describes it.
    label : str
        Name of the file, for errors.
    """
    try:
        described, compiled = config["model"]["config"]["layers"], config["compiled"]
        width, noise = described[0]["config"]["shape"][0], described[1]["config"]["stddev"]
        units = [layer["config"]["units"] for layer in described[2:]]
        rate, iterations = compiled["optimizer"]["config"]["learning_rate"], compiled["iterations"]
        loss = compiled["loss"][0]["class_name"]
    except (LookupError, TypeError):
        return None
    sizes = [width, *units]
    if loss not in _LOSSES or len(units) < 2 or not all(type(size) is int and size > 0 for size in sizes):
        return None
    if _VALUES_PER_UNIT * sum(sizes) > limit_of_values():
        return None
    usual = {"model": _description(width, noise, units[:-1]), "compiled": _training(loss, rate, iterations)}
    # Equal to the type of each number: 1, 1.0 and True are not written alike.
    if repr(config) != repr(usual) or not (_is_positive(noise) and _is_positive(rate) and type(iterations) is int):
        return None
    count = sum((inputs + 1) * outputs for inputs, outputs in pairwise(sizes))
    forms = {name: (array.shape, array.dtype) for name, array in arrays.items()}
    if forms != dict.fromkeys(_SLOTS, ((count,), np.dtype(np.float32))) or iterations < 0 or has_custom_objects():
        return None
    return SavedNetwork(_layers(arrays["weights"], sizes), config, arrays, label)


def built_network(config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> Model:
    """Return a network of a file as a model; FileFormatError if it cannot be built."""
    from nnlite.models import model_from_parts

    return model_from_parts(config, arrays, label)


def _layers(weights: Array, sizes: Sequence[int]) -> list[ChainLayer]:
    layers, start = [], 0
    for inputs, units in pairwise(sizes):
        bias = start + inputs * units
        layers.append(ChainLayer(weights[start:bias].reshape(inputs, units), weights[bias : bias + units], True))
        start = bias + units
    layers[-1] = layers[-1]._replace(relu=False)
    return layers


def _is_positive(value: Any) -> bool:
    return type(value) is float and 0 < value < math.inf


def _description(width: int, noise: float, hidden: Sequence[int]) -> dict[str, Any]:
    """Return what `nnlite.registry.serialize` returns for the model that `anomaly.detectors.table.training` builds."""
    layers: list[dict[str, Any]] = [
        _layer("InputLayer", "record", shape=[width], batch_size=None),
        _layer("GaussianNoise", "noise", stddev=noise, seed=None),
        *(_dense(f"hidden_{number}", units, _RELU, "HeNormal") for number, units in enumerate(hidden, start=1)),
        _dense("reconstruction", width, _LINEAR, "GlorotUniform"),
    ]
    nodes = [
        {
            "layer": layer["config"]["name"],
            "inputs": [number - 1] if number else [],
            "takes_list": False,
            "outputs": [number],
        }
        for number, layer in enumerate(layers)
    ]
    graph = {
        "name": "autoencoder",
        "trainable": True,
        "layers": layers,
        "nodes": nodes,
        "inputs": [["record", 0]],
        "outputs": [["reconstruction", len(layers) - 1]],
    }
    return {"class_name": "Model", "config": graph}


def _layer(class_name: str, name: str, **settings: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"name": name, "dtype": "float32", **settings}}


def _dense(name: str, units: int, activation: dict[str, Any], initializer: str) -> dict[str, Any]:
    return _layer(
        "Dense",
        name,
        kernel_regularizer=None,
        bias_regularizer=None,
        units=units,
        activation=activation,
        use_bias=True,
        kernel_initializer={"class_name": initializer, "config": {"seed": None}},
        bias_initializer={"class_name": "Zeros", "config": {}},
    )


def _training(loss: str, learning_rate: float, iterations: int) -> dict[str, Any]:
    adam = {
        "learning_rate": learning_rate,
        "weight_decay": None,
        "clipnorm": None,
        "clipvalue": None,
        "global_clipnorm": None,
        "name": "adam",
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-07,
        "amsgrad": False,
    }
    return {
        "optimizer": {"class_name": "Adam", "config": adam},
        "loss": [{"class_name": loss, "config": {"reduction": "sum_over_batch_size", "name": _LOSSES[loss]}}],
        "loss_weights": [1.0],
        "metrics": [[]],
        "weighted_metrics": [[]],
        "iterations": iterations,
    }
