"""Writing a collected graph as an ONNX file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import nnlite.export.activations
import nnlite.export.arithmetic
import nnlite.export.convolution
import nnlite.export.dense
import nnlite.export.encoding
import nnlite.export.merging
import nnlite.export.normalization
import nnlite.export.pooling
import nnlite.export.recurrent
import nnlite.export.reshaping
import nnlite.export.resizing
import nnlite.export.wrappers  # noqa: F401, each registers its rules
from nnlite.export.graph import Branch, NotExportable, OnnxGraph, Operation, Tensor
from nnlite.files import atomic_write
from nnlite.network import Network

OPSET = 13
"""Version of the operations: the first in which the axes of sums and slices are inputs. ONNX Runtime reads it since
1.6 (2020); no rule needs a later one."""

IR_VERSION = 7
"""Version of the file format that belongs to this opset."""

ML_DOMAIN, ML_OPSET = "ai.onnx.ml", 2
"""Operations of classical models: label encoders and trees. ONNX Runtime reads this version since 1.2 (2020)."""

LARGEST = 2**31 - 1
"""Largest file in bytes that Protocol Buffers read."""


def export_onnx(model: Network, filepath: str | os.PathLike[str]) -> None:
    """Write a model as an ONNX file: its computation at inference, in float32.

    Parameters
    ----------
    model : Network
        Model whose input shapes are known.
    filepath : str or path
        Name of the file.

    Raises
    ------
    ImportError
        If the package ``onnx`` is not installed.
    NotExportable
        If a layer has no counterpart in ONNX.
    ValueError
        If the model has no weights yet, or is too large for the format.

    See Also
    --------
    nnlite.models.Model.export : The same as a method, with details.
    """
    import_onnx()
    write_graph(filepath, model.name, *collect(model))


def write_graph(
    filepath: str | os.PathLike[str],
    name: str,
    graph: OnnxGraph,
    inputs: list[Tensor],
    outputs: list[Tensor],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a collected graph as an ONNX file.

    Parameters
    ----------
    filepath : str or path
        Name of the file.
    name : str
        Name of the graph.
    graph : OnnxGraph
        Operations and constants.
    inputs, outputs : list of Tensor
        What goes in and comes out.
    metadata : mapping of str to str, optional
        Text to keep beside the graph.
    """
    onnx = import_onnx()
    message = _message(onnx, name, graph, inputs, outputs)
    onnx.helper.set_model_props(message, dict(metadata or {}))
    with atomic_write(filepath) as file:
        file.write(message.SerializeToString())


def collect(model: Network) -> tuple[OnnxGraph, list[Tensor], list[Tensor]]:
    """Return the graph of a model with its inputs and outputs, named as in Keras."""
    if not model.inputs:
        raise ValueError(
            f"model {model.name!r} does not know the shape of its inputs yet; fit it, call it on data, or give the "
            "first layer an Input"
        )
    graph = OnnxGraph()
    names = [graph.unique(name) for name in model.input_names]
    inputs = [Tensor(name, tuple(one.shape)) for name, one in zip(names, model.inputs, strict=True)]
    results = graph.apply(model, inputs)
    outputs = []
    for name, result in zip(model.output_names, results, strict=True):
        outputs.append(Tensor(graph.alias(result.name, name), result.shape))
    return graph, inputs, outputs


def import_onnx() -> Any:
    """Return the package ``onnx``, or raise ImportError with the name of the extra."""
    try:
        return import_module("onnx")
    except ImportError as error:
        raise ImportError(
            "a model is written as ONNX by the package onnx, which is not installed; install the extra: "
            "pip install 'nnlite-anomaly[onnx]'"
        ) from error


def _message(onnx: Any, name: str, graph: OnnxGraph, inputs: list[Tensor], outputs: list[Tensor]) -> Any:
    """Return the checked message of Protocol Buffers."""
    size = sum(array.nbytes for array in graph.constants.values())
    if size > LARGEST:
        raise NotExportable(f"{name!r} has {size} bytes of weights; an ONNX file has at most {LARGEST}")
    helper = onnx.helper
    nodes = _nodes(onnx, graph.operations)
    constants = [onnx.numpy_helper.from_array(array, key) for key, array in graph.constants.items()]
    made = helper.make_graph(nodes, name, _infos(onnx, inputs), _infos(onnx, outputs), constants)
    opsets = [helper.make_opsetid("", OPSET)]
    if any(one.attributes.get("domain") == ML_DOMAIN for one in graph.operations):
        opsets.append(helper.make_opsetid(ML_DOMAIN, ML_OPSET))
    message = helper.make_model(made, producer_name="nnlite", opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(message, full_check=True)
    return message


def _nodes(onnx: Any, operations: list[Operation]) -> list[Any]:
    return [
        onnx.helper.make_node(
            one.kind,
            one.inputs,
            one.outputs,
            name=one.outputs[0],
            **{key: _attribute(onnx, key, value) for key, value in one.attributes.items()},
        )
        for one in operations
    ]


def _attribute(onnx: Any, key: str, value: Any) -> Any:
    """Return the number of a type, the graph of a branch, and anything else as it is."""
    if isinstance(value, Branch):
        # A shape that is not stated, rather than one without axes.
        outputs = [
            onnx.helper.make_tensor_value_info(name, getattr(onnx.TensorProto, kind), None)
            for name, kind in value.outputs.items()
        ]
        return onnx.helper.make_graph(_nodes(onnx, value.operations), key, [], outputs)
    return getattr(onnx.TensorProto, value) if key == "to" else value


def _infos(onnx: Any, tensors: list[Tensor]) -> list[Any]:
    """Describe tensors; the number of rows is called "rows", other unknown sizes have names of their own."""
    described = []
    for one in tensors:
        first, *rest = one.shape
        sizes = ["rows" if first is None else first]
        sizes += [f"{one.name}_axis_{axis}" if size is None else size for axis, size in enumerate(rest, start=1)]
        described.append(onnx.helper.make_tensor_value_info(one.name, getattr(onnx.TensorProto, one.kind), sizes))
    return described
