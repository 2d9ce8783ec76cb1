"""Configurations of Keras as configurations of nnlite: values to values, without creating anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnlite.archive import FileFormatError
from nnlite.keras_files.arithmetic import with_layers
from nnlite.keras_files.attention import with_own_settings
from nnlite.keras_files.masks import is_operation, without_masks
from nnlite.keras_files.names import ACTIVATION_LAYERS, DEPENDENT, FRAMES, LAYERS, NOT_IN_FILES, is_unused
from nnlite.registry import known_custom_object

_MODELS = {"Functional": "Model", "Model": "Model", "Sequential": "Sequential"}


def model_config(config: Any, label: str) -> dict[str, Any]:
    """Return the configuration of a model from that of Keras.

    Parameters
    ----------
    config : dict
        Content of ``config.json`` of a ``.keras`` file, or ``model_config`` of a ``.h5`` file.
    label : str
        Name of the file, for errors.

    Raises
    ------
    FileFormatError
        If it is not such a configuration, or names a layer that runs code or works on tensors.
    """
    if isinstance(config, Mapping) and known_custom_object(str(config.get("class_name"))) is not None:
        return _layer(config, label)
    if not isinstance(config, Mapping) or config.get("class_name") not in _MODELS:
        found = config.get("class_name") if isinstance(config, Mapping) else type(config).__name__
        raise FileFormatError(
            f"{label} holds a {found!r}; expected a Sequential or Functional model. For a class of your own pass "
            "custom_objects={'Name': Class}, or decorate it with register_keras_serializable; its weights alone are "
            "loaded with model.load_weights"
        )
    return _layer(config, label)


def built_for(config: Mapping[str, Any]) -> Any:
    """Return the shape, or the shapes by name or in a list, for which a model was built; None if it is not told."""
    told = config.get("build_config")
    if not isinstance(told, Mapping):
        return None
    shapes = told.get("input_shape", told.get("shapes_dict"))
    if isinstance(shapes, Mapping):
        return {str(name).removesuffix("_shape"): _shape(one) for name, one in shapes.items()}
    if isinstance(shapes, list) and shapes and isinstance(shapes[0], (list, Mapping)):
        return [_shape(one) for one in shapes]
    return None if shapes is None else _shape(shapes)


def _shape(value: Any) -> tuple[int | None, ...]:
    """Return a shape as a tuple of sizes."""
    return tuple(value.get("items", []) if isinstance(value, Mapping) else value)


def _layer(entry: Mapping[str, Any], label: str) -> dict[str, Any]:
    """Return the configuration of a layer or a model."""
    name, module = str(entry.get("class_name")), str(entry.get("module") or "keras.layers")
    config = entry.get("config")
    if not isinstance(config, Mapping):
        raise FileFormatError(f"{label}: layer {name!r} has no configuration")
    if name in _MODELS:
        return _model(name, config, label)
    own = config.get("name")
    if name == "Lambda":
        raise FileFormatError(
            f"{label}: layer {own!r} is a Lambda, whose Python code is never run; build the model in Python and load "
            "its weights with load_weights"
        )
    if is_operation(entry):
        raise FileFormatError(
            f"{label}: {own!r} is the operation {name} on tensors, which files here cannot hold; a layer, such as "
            "Add or Multiply, can be loaded"
        )
    if (
        known_custom_object(name) is None
        and module.startswith(FRAMES)
        and (not module.startswith("keras.layers") or name not in LAYERS)
    ):
        reason = NOT_IN_FILES.get(name, "docs/keras_names.md lists what it has")
        raise FileFormatError(
            f"{label}: layer {own!r} is {module}.{name}, which nnlite does not have in files; {reason}"
        )
    settings = _settings(name, config, label)
    for key in ("layer", "backward_layer", "cell"):
        if isinstance(config.get(key), Mapping):
            settings[key] = _cell(config[key], label) if key == "cell" else _layer(config[key], label)
    if name == "InputLayer":
        rows, *sizes = config.get("batch_shape") or [None]
        settings.pop("batch_shape", None)
        settings.update(shape=sizes, batch_size=rows)
        if settings.get("dtype") not in ("float32", "float64"):
            # Whole numbers are inputs of embeddings; here they are converted with the batch.
            settings["dtype"] = "float32"
    return {"class_name": name, "config": settings}


def _cell(entry: Mapping[str, Any], label: str) -> Any:
    """Return the configuration of a cell, or of each cell of a stack."""
    if entry.get("class_name") != "StackedRNNCells":
        return _layer(entry, label)
    return [_layer(one, label) for one in entry["config"]["cells"]]


def _settings(owner: str, config: Mapping[str, Any], label: str) -> dict[str, Any]:
    """Return the arguments of a layer, without those of Keras that have no effect at this value."""
    result = {}
    for key, value in config.items():
        if is_unused(key, value):
            continue
        if key == "dtype":
            value = dtype_name(value, label)
        result[key] = plain(value)
    switch, dependent = DEPENDENT.get(owner, ("", ()))
    for key in dependent if not config.get(switch) else ():
        result.pop(key, None)
    return result


def dtype_name(value: Any, label: str) -> str:
    """Return the name of a dtype, or of the policy of Keras that stands for one."""
    name = value["config"].get("name") if isinstance(value, Mapping) and "config" in value else value
    if not isinstance(name, str) or "mixed" in name:
        raise FileFormatError(f"{label}: dtype {name!r} is not supported; expected float32 or float64")
    return name


def plain(value: Any) -> Any:
    """Return a serialized object of Keras as ``{"class_name", "config"}``, a function as its name; others as is."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    if value.get("class_name") == "function":
        # A name of Keras, or that of a function which the caller passes as a custom object.
        return known_custom_object(str(value.get("config"))) or value.get("config")
    if value.get("class_name") == "__tuple__":
        return plain(value.get("items", []))
    if "class_name" in value and isinstance(value.get("config"), Mapping):
        config = {key: plain(one) for key, one in value["config"].items() if key != "dtype" and not is_unused(key, one)}
        if str(value.get("module", "")).startswith("keras.layers") and value["class_name"] in ACTIVATION_LAYERS:
            # A layer as activation: here it is a function, which has no name of its own.
            config = {key: one for key, one in config.items() if key not in ("name", "trainable")}
        return {"class_name": value["class_name"], "config": config}
    return {key: plain(one) for key, one in value.items()}


def _model(name: str, config: Mapping[str, Any], label: str) -> dict[str, Any]:
    layers = config.get("layers")
    if not isinstance(layers, list) or not all(isinstance(one, Mapping) for one in layers):
        raise FileFormatError(f"{label}: model {config.get('name')!r} lists no layers")
    if name == "Sequential":
        return _chain(config, [_layer(one, label) for one in layers])
    return _graph(config, layers, label)


def _chain(config: Mapping[str, Any], layers: list[dict[str, Any]]) -> dict[str, Any]:
    first = layers.pop(0) if layers and layers[0]["class_name"] == "InputLayer" else None
    shape = config.get("build_input_shape")
    if first is None and isinstance(shape, list) and shape:
        first = {"class_name": "InputLayer", "config": {"shape": shape[1:], "batch_size": shape[0]}}
    own = {"name": config.get("name"), "trainable": config.get("trainable", True)}
    return {"class_name": "Sequential", "config": {**own, "input": first, "layers": layers}}


def _graph(config: Mapping[str, Any], layers: list[Mapping[str, Any]], label: str) -> dict[str, Any]:
    """Return a graph: each use of a layer as a node, after all nodes that it depends on."""
    layers = with_layers(without_masks(layers, config.get("output_layers"), label))
    layers = [with_own_settings(entry, label) for entry in layers]
    made = [_layer(entry, label) for entry in layers]
    waiting = []
    for entry, layer in zip(layers, made, strict=True):
        uses = entry.get("inbound_nodes") or ([{}] if layer["class_name"] == "InputLayer" else [])
        name = layer["config"]["name"]
        waiting += [(name, number, _inputs_of(use, name, label)) for number, use in enumerate(uses)]
    numbers: dict[tuple[str, int, int], int] = {}
    nodes: list[dict[str, Any]] = []
    n_outputs = _outputs_by_use(waiting, config)
    while waiting:
        ready = [use for use in waiting if all(_key(one) in numbers for one in use[2][0])]
        if not ready:
            raise FileFormatError(
                f"{label}: the layers of model {config.get('name')!r} depend on each other in a circle"
            )
        for name, number, (tensors, takes_list) in ready:
            outputs = []
            for index in range(n_outputs.get((name, number), 1)):
                numbers[name, number, index] = len(numbers)
                outputs.append(numbers[name, number, index])
            inputs = [numbers[_key(one)] for one in tensors]
            nodes.append({"layer": name, "inputs": inputs, "takes_list": takes_list, "outputs": outputs})
        waiting = [use for use in waiting if (use[0], use[1], 0) not in numbers]
    return {
        "class_name": "Model",
        "config": {
            "name": config.get("name"),
            "trainable": config.get("trainable", True),
            "layers": made,
            "nodes": nodes,
            "inputs": _ends(config.get("input_layers"), numbers, label),
            "outputs": _ends(config.get("output_layers"), numbers, label),
            **({"names_outputs": True} if isinstance(config.get("output_layers"), Mapping) else {}),
        },
    }


def _outputs_by_use(uses: list[Any], config: Mapping[str, Any]) -> dict[tuple[str, int], int]:
    """Return how many outputs of each use of a layer are known to the graph: one more than the largest index."""
    found: dict[tuple[str, int], int] = {}
    ends = [_key(one) for one in _listed(config.get("output_layers")).values()]
    for name, number, index in [*(_key(one) for use in uses for one in use[2][0]), *ends]:
        found[name, number] = max(found.get((name, number), 1), min(index, 1000) + 1)
    return found


def _inputs_of(use: Mapping[str, Any], name: str, label: str) -> tuple[list[Any], bool]:
    """Return the tensors of one use of a layer, and whether they are a list."""
    if not isinstance(use, Mapping):
        raise FileFormatError(
            f"{label} was written by Keras 2; load it with Keras 3 and save it again as a .keras file"
        )
    args, kwargs = list(use.get("args", [])), dict(use.get("kwargs", {}))
    states = kwargs.pop("initial_state", None)
    if not args and "inputs" in kwargs:
        args = [kwargs.pop("inputs")]
    ignored = {key: kwargs.pop(key, None) for key in ("training", "mask")}
    given = sorted(key for key, value in kwargs.items() if value is not None)
    if given or ignored["training"] or len([one for one in args if one is not None]) > 1:
        raise FileFormatError(
            f"{label}: layer {name!r} is called with {given or 'training=True or several arguments'}, which is not "
            "supported; expected its inputs alone"
        )
    if not args:
        return [], False
    first = list(args[0].values()) if _is_dict_of_tensors(args[0]) else args[0]
    if states is not None:
        return [_history(first, label), *(_history(one, label) for one in _as_list(states))], True
    return [_history(one, label) for one in _as_list(first)], isinstance(first, list)


def _is_dict_of_tensors(value: Any) -> bool:
    return isinstance(value, Mapping) and "class_name" not in value


def _history(tensor: Any, label: str) -> list[Any]:
    """Return the layer, the number of its use and the index of the output that a tensor is."""
    history = tensor.get("config", {}).get("keras_history") if isinstance(tensor, Mapping) else None
    if history is None:
        raise FileFormatError(
            f"{label}: a layer is called with {str(tensor)[:80]}; expected the output of another layer"
        )
    return list(history)


def _key(history: Any) -> tuple[str, int, int]:
    name, number, index = history
    return str(name), int(number), int(index)


def _listed(ends: Any) -> dict[str, Any]:
    """Return inputs or outputs by name: one, a list of them, or a mapping."""
    if isinstance(ends, Mapping):
        return {str(name): one for name, one in ends.items()}
    histories = [ends] if isinstance(ends, list) and ends and isinstance(ends[0], str) else list(ends or [])
    counts: dict[str, int] = {}
    named = {}
    for one in histories:
        seen = counts[one[0]] = counts.get(one[0], -1) + 1
        named[f"{one[0]}_{seen}" if seen else str(one[0])] = one
    return named


def _ends(ends: Any, numbers: Mapping[tuple[str, int, int], int], label: str) -> list[list[Any]]:
    found = {name: _key(one) for name, one in _listed(ends).items()}
    missing = [name for name, key in found.items() if key not in numbers]
    if missing:
        raise FileFormatError(f"{label}: the inputs or outputs {missing} are no results of its layers")
    return [[name, numbers[key]] for name, key in found.items()]


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
