"""Learning curves that are drawn while a model trains."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence

from nnlite.callbacks.base import Callback, Logs
from nnlite.files import atomic_write
from nnlite.notebook import CellOutput, in_notebook

_SECONDS_BETWEEN = 0.5
_WIDTH, _HEIGHT = 560, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 130, 14, 40
# The first colors of Okabe and Ito, and dashes, so that lines differ without color too.
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
_DASHES = ("none", "7 4", "2 3")


class LiveCurves(Callback):
    """Draw the loss and the metrics over the epochs while a model trains: in a notebook one picture, which is replaced.

    Parameters
    ----------
    path : str or path, optional
        An SVG file that is written at the end, in a notebook or elsewhere.
    names : sequence of str, optional
        What to draw, such as ``["loss", "val_loss"]``; by default all.

    Raises
    ------
    ValueError
        At the begin of training outside of a notebook, if there is no `path`: nobody would see it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from nnlite.layers import Dense, Input
    >>> from nnlite.models import Sequential
    >>> model = Sequential([Input((2,)), Dense(1)])
    >>> model.compile(optimizer="sgd", loss="mse")
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "curves.svg"
    >>> _ = model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=3, verbose=0, callbacks=LiveCurves(path))
    >>> path.read_text().startswith("<svg")
    True
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, names: Sequence[str] | None = None) -> None:
        super().__init__()
        self.path, self.names = path, names
        self._values: dict[str, list[tuple[int, float]]] = {}
        self._output: CellOutput | None = None
        self._drawn = 0.0

    def interest(self, phase: str) -> str:
        """Return "every" for epochs: several at once would be drawn at once."""
        return "every" if phase == "epoch" else "none"

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Begin a picture."""
        if self.path is None and not in_notebook():
            raise ValueError("LiveCurves draws in a notebook; elsewhere give it path='curves.svg', a file to write to")
        self._values = {}
        self._output = CellOutput() if in_notebook() else None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Draw the values so far, at most twice a second."""
        for name, value in (logs or {}).items():
            if self.names is None or name in self.names:
                self._values.setdefault(name, []).append((epoch + 1, float(value)))
        if time.monotonic() - self._drawn >= _SECONDS_BETWEEN:
            self._draw()

    def on_train_end(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Draw the last values, and write the file."""
        self._draw()
        if self.path is not None:
            with atomic_write(self.path) as file:
                file.write(curves_svg(self._values).encode())

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        if self._output is not None and self._values:
            last = ", ".join(f"{name} {points[-1][1]:.4g}" for name, points in self._values.items())
            self._output.show(f"epoch {max(p[-1][0] for p in self._values.values())}: {last}", curves_svg(self._values))


def curves_svg(values: Mapping[str, Sequence[tuple[int, float]]]) -> str:
    """Return a picture of curves over the epochs, with a logarithmic axis where all values are above 0 and differ much.

    Parameters
    ----------
    values : mapping of str to sequence of (int, float)
        Epoch and value of the points of each curve; values that are not finite are left out.
    """
    curves = {name: [(x, y) for x, y in points if math.isfinite(y)] for name, points in values.items()}
    curves = {name: points for name, points in curves.items() if points}
    if not curves:
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}"></svg>'
    xs, ys = zip(*(point for points in curves.values() for point in points), strict=True)
    is_logarithmic = min(ys) > 0 and max(ys) > 20 * min(ys)
    import html  # on first use, since scoring draws nothing

    scale = math.log10 if is_logarithmic else float
    low, high = scale(min(ys)), scale(max(ys))
    high = high if high > low else low + 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - min(xs)) / max(max(xs) - min(xs), 1)
        up = (scale(y) - low) / (high - low)
        return _LEFT + across * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)

    parts = [_axes(min(xs), max(xs), low, high, is_logarithmic)]
    for index, (name, points) in enumerate(curves.items()):
        color, dash = _COLORS[index % len(_COLORS)], _DASHES[index % len(_DASHES)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
        style = f'fill="none" stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"'
        parts.append(f'<polyline points="{line}" {style}/>')
        y = _TOP + 12 + 18 * index
        x = _WIDTH - _RIGHT + 10
        parts.append(f'<polyline points="{x},{y - 4} {x + 22},{y - 4}" {style}/>')
        parts.append(f'<text x="{x + 28}" y="{y}">{html.escape(name)}</text>')
    described = html.escape(", ".join(f"{name} ends at {points[-1][1]:.4g}" for name, points in curves.items()))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'aria-label="Learning curves: {described}" font-family="sans-serif" font-size="12" fill="currentColor">'
        + "".join(parts)
        + "</svg>"
    )


def _axes(first: int, last: int, low: float, high: float, is_logarithmic: bool) -> str:
    """Return the axes with their labels."""
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    texts = []
    for k in range(5):
        value = low + (high - low) * k / 4
        y = bottom - (bottom - _TOP) * k / 4
        shown = 10**value if is_logarithmic else value
        texts.append(f'<line x1="{_LEFT}" x2="{right}" y1="{y}" y2="{y}" stroke="currentColor" stroke-opacity="0.15"/>')
        texts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{shown:.3g}</text>')
    for x, number in {right: last, _LEFT: first}.items():
        texts.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{number}</text>')
    middle = (_LEFT + right) / 2
    name = "epoch (values on a logarithmic axis)" if is_logarithmic else "epoch"
    texts.append(f'<text x="{middle}" y="{bottom + 32}" text-anchor="middle">{name}</text>')
    return "".join(texts)
