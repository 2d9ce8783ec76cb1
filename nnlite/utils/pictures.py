"""Pictures of models, drawn by Matplotlib: no other program is needed."""

from __future__ import annotations

from typing import Any, NoReturn

from nnlite.graph import topological_order
from nnlite.layers.base import Layer
from nnlite.steps import layer_of
from nnlite.utils.diagrams import rows_by_depth

_BOX_WIDTH, _BOX_HEIGHT, _GAP = 3.2, 0.6, 0.55


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",  # noqa: ARG001
    expand_nested: bool = False,  # noqa: ARG001
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    **_: Any,
) -> Any:
    """Draw the layers of a model as boxes and its tensors as arrows.

    Parameters
    ----------
    model : Model
        The model.
    to_file : str, path or None, default "model.png"
        File of the picture, whose format its ending says; None: no file.
    show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable : bool, default False
        What to write into the boxes beside the classes of the layers.
    rankdir : {"TB", "LR"}, default "TB"
        Accepted for compatibility with Keras; the picture runs from top to bottom.
    expand_nested : bool, default False
        Accepted for compatibility with Keras; a model inside the model is one box.
    dpi : int, default 200
        Dots per inch.
    **_
        Further arguments of Keras, without effect.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ValueError
        If the model has no graph yet: call it on data, or give it an input shape.
    """
    from matplotlib.figure import Figure

    if not model.outputs:
        raise ValueError(f"model {model.name!r} has no graph yet; give it an Input, build it, or call it on data")
    nodes = topological_order(model.outputs)
    rows = rows_by_depth(nodes)
    widest = max(map(len, rows))
    shown = {
        "shapes": show_shapes,
        "dtype": show_dtype,
        "names": show_layer_names,
        "activations": show_layer_activations,
        "trainable": show_trainable,
    }
    lines = {id(node): _lines(layer_of(node), node, shown) for node in nodes}
    height = _BOX_HEIGHT * max(map(len, lines.values())) / 2 + 0.15
    figure = Figure(figsize=(widest * (_BOX_WIDTH + _GAP), len(rows) * (height + _GAP)))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    places = {}
    for level, several in enumerate(rows):
        for k, node in enumerate(several):
            places[id(node)] = ((k - (len(several) - 1) / 2) * (_BOX_WIDTH + _GAP), -level * (height + _GAP))
    for node in nodes:
        x, y = places[id(node)]
        box = {"boxstyle": "round,pad=0.4", "facecolor": "#eef3fa", "edgecolor": "#33507a"}
        axes.text(x, y, "\n".join(lines[id(node)]), ha="center", va="center", fontsize=9, bbox=box)
        for tensor in node.inputs:
            from_x, from_y = places[id(tensor.node)]
            axes.annotate(
                "",
                (x, y + height / 2),
                (from_x, from_y - height / 2),
                arrowprops={"arrowstyle": "->", "color": "#33507a", "shrinkA": 0, "shrinkB": 0},
            )
    axes.set_xlim(-widest * (_BOX_WIDTH + _GAP) / 2, widest * (_BOX_WIDTH + _GAP) / 2)
    axes.set_ylim(-(len(rows) - 1) * (height + _GAP) - height, height)
    if to_file is not None:
        figure.savefig(to_file, dpi=dpi)
    return figure


def model_to_dot(model: Any, *_: Any, **__: Any) -> NoReturn:
    """Raise: pictures are drawn by Matplotlib, not by Graphviz.

    Raises
    ------
    NotImplementedError
        Always; the message names `plot_model`.
    """
    raise NotImplementedError(f"there is no Graphviz here; plot_model draws {model.name!r} by Matplotlib")


def _lines(layer: Layer, node: Any, shown: dict[str, bool]) -> list[str]:
    kind = type(layer).__name__
    lines = [f"{layer.name} ({kind})" if shown["names"] else kind]
    activation = getattr(getattr(layer, "activation", None), "name", "")
    if shown["activations"] and activation:
        lines[0] += f", {activation}"
    if shown["shapes"]:
        lines.append(", ".join(str(tensor.shape) for tensor in node.outputs))
    if shown["dtype"]:
        lines.append(layer.dtype.name)
    if shown["trainable"] and not layer.trainable:
        lines.append("frozen")
    return lines
