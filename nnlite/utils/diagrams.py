"""A model as an SVG picture, which notebooks show without any package: layers are boxes, tensors are lines."""

from __future__ import annotations

from html import escape
from typing import Any

from nnlite.graph import topological_order
from nnlite.steps import layer_of

_WIDTH, _HEIGHT, _SIDE, _BELOW = 210, 44, 24, 26


def rows_by_depth(nodes: list[Any]) -> list[list[Any]]:
    """Return nodes of a graph in rows: each node is in the row after the last of those that it takes tensors from.

    Parameters
    ----------
    nodes : list of Node
        Nodes, each after those that it takes tensors from.
    """
    depth: dict[int, int] = {}
    rows: list[list[Any]] = []
    for node in nodes:
        row = 1 + max((depth[id(tensor.node)] for tensor in node.inputs), default=-1)
        depth[id(node)] = row
        if row == len(rows):
            rows.append([])
        rows[row].append(node)
    return rows


def network_svg(model: Any) -> str:
    """Draw the layers of a model: class, name, shape of the output and number of weights.

    Parameters
    ----------
    model : Network
        The model; one without a graph is an empty picture.

    Returns
    -------
    str
        An SVG element, whose colors are those of the page around it.

    Examples
    --------
    >>> from nnlite.layers import Dense, Input
    >>> from nnlite.models import Sequential
    >>> "Dense" in network_svg(Sequential([Input(shape=(3,)), Dense(2)]))
    True
    """
    nodes = topological_order(model.outputs) if model.outputs else []
    rows = rows_by_depth(nodes)
    widest = max(map(len, rows), default=0)
    width, height = widest * (_WIDTH + _SIDE), len(rows) * (_HEIGHT + _BELOW)
    places = {
        id(node): (width / 2 + (k - (len(row) - 1) / 2) * (_WIDTH + _SIDE), r * (_HEIGHT + _BELOW) + _HEIGHT / 2 + 2)
        for r, row in enumerate(rows)
        for k, node in enumerate(row)
    }
    lines = "".join(_line(places[id(tensor.node)], places[id(node)]) for node in nodes for tensor in node.inputs)
    boxes = "".join(_box(node, *places[id(node)]) for node in nodes)
    label = escape(f"layers of {model.name}", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{label}" '
        f'style="max-width:{width}px;width:100%">{lines}{boxes}</svg>'
    )


def _line(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    ends = f'x1="{x1}" y1="{y1 + _HEIGHT / 2}" x2="{x2}" y2="{y2 - _HEIGHT / 2}"'
    return f'<line {ends} stroke="currentColor" stroke-opacity="0.5"/>'


def _box(node: Any, x: float, y: float) -> str:
    layer = layer_of(node)
    shape = ", ".join(str(tensor.shape) for tensor in node.outputs)
    count = layer.count_params()
    weights = f", {count:,} weight{'' if count == 1 else 's'}" if count else ""
    return (
        f'<rect x="{x - _WIDTH / 2}" y="{y - _HEIGHT / 2}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" '
        'fill="currentColor" fill-opacity="0.06" stroke="currentColor" stroke-opacity="0.5"/>'
        f'<text x="{x}" y="{y - 4}" text-anchor="middle" font-size="13" fill="currentColor">'
        f"{escape(f'{type(layer).__name__} ({layer.name})')}</text>"
        f'<text x="{x}" y="{y + 14}" text-anchor="middle" font-size="11" fill="currentColor" fill-opacity="0.75">'
        f"{escape(shape + weights)}</text>"
    )
