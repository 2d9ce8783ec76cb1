"""Summary of a model as a table."""

from __future__ import annotations

from typing import Any

from nnlite.layers.base import Layer
from nnlite.network import Network

_HEADINGS = ("Layer (type)", "Output shape", "Param #", "Connected to")


def summary_lines(
    model: Network, line_length: int = 80, expand_nested: bool = False, show_trainable: bool = False
) -> list[str]:
    """Return the lines of a table with one line per layer.

    Parameters
    ----------
    model : Network
        The model.
    line_length : int, default 80
        Width of the table in characters.
    expand_nested : bool, default False
        Whether to list the layers of models inside the model as well.
    show_trainable : bool, default False
        Whether to mark the layers that training does not change.

    Returns
    -------
    list of str
        Lines of the table.
    """
    branching = any(node.takes_list or len(layer.nodes) > 1 for layer in model.layers for node in layer.nodes)
    layers = _with_nested(model, 0) if expand_nested else [(layer, 0) for layer in model.layers]
    rows = [_row(layer, depth, show_trainable) for layer, depth in layers]
    columns = 4 if branching else 3
    fractions = (0.32, 0.26, 0.14, 0.28) if branching else (0.46, 0.34, 0.20)
    widths = [max(8, int(line_length * fraction)) for fraction in fractions]
    lines = [f"Model: {model.name!r}", "=" * line_length, _line(_HEADINGS[:columns], widths)]
    lines.append("-" * line_length)
    lines.extend(_line(row[:columns], widths) for row in rows)
    lines.append("=" * line_length)
    return lines + _totals(model)


def _with_nested(model: Network, depth: int) -> list[tuple[Layer, int]]:
    """Return the layers of a model with their depth, those of a model inside it behind that model."""
    found: list[tuple[Layer, int]] = []
    for layer in model.layers:
        found.append((layer, depth))
        if isinstance(layer, Network):
            found += _with_nested(layer, depth + 1)
    return found


def _row(layer: Layer, depth: int = 0, show_trainable: bool = False) -> tuple[str, str, str, str]:
    shapes = [tensor.shape for node in layer.nodes[:1] for tensor in node.outputs]
    shape = ", ".join(str(one) for one in shapes) if shapes else "?"
    input_names = [tensor.name for node in layer.nodes for tensor in node.inputs]
    kind = f"{'  ' * depth}{layer.name} ({type(layer).__name__})"
    if show_trainable and not layer.trainable:
        kind += " frozen"
    return kind, shape, f"{layer.count_params():,}", ", ".join(dict.fromkeys(input_names))


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    cut = [cell if len(cell) < width else cell[: width - 2] + "…" for cell, width in zip(cells, widths, strict=True)]
    padded = [cell.ljust(width) for cell, width in zip(cut, widths, strict=True)]
    return "".join(padded).rstrip()


def _totals(model: Network) -> list[str]:
    def count(weights: list[Any]) -> str:
        size = sum(weight.size for weight in weights)
        n_bytes = sum(weight.size * weight.dtype.itemsize for weight in weights)
        return f"{size:,} ({_bytes(n_bytes)})"

    return [
        f"Total params: {count(model.weights)}",
        f"Trainable params: {count(model.trainable_weights)}",
        f"Non-trainable params: {count(model.non_trainable_weights)}",
    ]


def _bytes(size: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            break
        size /= 1024
    return f"{size:.2f} {unit}"
