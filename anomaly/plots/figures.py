"""Making figures that look alike, and writing them to files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnlite.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# Okabe & Ito, "Color Universal Design", 2008.
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
NORMAL, ANOMALY = BLUE, VERMILION
DARK, GREY, PALE = "#333333", "#8C8C8C", "#E3E3E3"
CURVES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)

_SIZE = (6.0, 4.0)
_LONGEST_LABEL = 34
# Of small words in a legend, in inches: of what stands before them, and of each character.
_ENTRY_WIDTH, _CHARACTER_WIDTH = 0.38, 0.068


def axes_to_draw_on(ax: Axes | None, size: tuple[float, float] = _SIZE) -> Axes:
    """Return the axes given, or those of a new figure, of so many inches across and up."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(figsize=size, layout="constrained")[1]


def dress(ax: Axes, title: str, x_label: str, y_label: str, *, grid: str = "y") -> None:
    """Give axes their words, and take away the lines that say nothing.

    Parameters
    ----------
    ax : Axes
        What has been drawn on.
    title, x_label, y_label : str
        The words, with units.
    grid : {"x", "y", "both", ""}
        Along which axis values are to be read off.
    """
    ax.set_title(title, loc="left", fontsize="medium", fontweight="bold", color=DARK)
    ax.set_xlabel(x_label, color=DARK)
    ax.set_ylabel(y_label, color=DARK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)
    ax.tick_params(color=GREY, labelcolor=DARK)
    ax.set_axisbelow(True)
    if grid:
        ax.grid(True, axis=grid, color=PALE, linewidth=0.8)  # type: ignore[arg-type]


def legend_above(ax: Axes) -> None:
    """Put the legend between title and picture, where it lies on nothing that is drawn."""
    labels = ax.get_legend_handles_labels()[1]
    if not labels:
        return
    room = ax.get_window_extent().width / ax.figure.dpi
    needed = sum(_ENTRY_WIDTH + _CHARACTER_WIDTH * len(label) for label in labels)
    columns = len(labels) if needed <= room else 2
    pad = 10.0 + 14.0 * -(-len(labels) // columns)
    ax.set_title(ax.get_title(loc="left"), loc="left", fontsize="medium", fontweight="bold", pad=pad)
    ax.legend(
        frameon=False,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        borderaxespad=0.2,
        fontsize="small",
        columnspacing=1.2,
    )


def shortened(label: str) -> str:
    """Cut a label that would take the picture's room.

    Examples
    --------
    >>> shortened("flow"), shortened("x" * 100) == "x" * 33 + "…"
    ('flow', True)
    """
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"


def label_logarithmic(axis: Axis) -> None:
    """Label a logarithmic axis with plain numbers: two at the least, and few enough to stay apart."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    from anomaly.plots.logarithmic import RoomyLogLocator, plain

    axis.set_major_locator(RoomyLogLocator(axis))
    axis.set_major_formatter(FuncFormatter(plain))
    axis.set_minor_formatter(NullFormatter())


def next_curve_color(ax: Axes) -> str:
    """Return the first colour that no curve on these axes has, so that several can be compared."""
    drawn = sum(line.get_gid() == "curve" for line in ax.lines)
    return CURVES[drawn % len(CURVES)]


def save_figure(figure: Axes | Figure, path: str | os.PathLike[str], *, dpi: float = 150.0) -> None:
    """Write a figure to a file, and close it.

    The file appears whole or not at all: it is written to a temporary name and then renamed.

    Parameters
    ----------
    figure : Axes or Figure
        What a plot function returned, or the figure that it is part of.
    path : str or path
        Where to; the ending (``.png``, ``.svg``, ``.pdf``, ...) gives the format.
    dpi : float, default 150
        Dots per inch, for formats made of dots.

    Raises
    ------
    TypeError
        If `figure` is neither axes nor a figure.
    ValueError
        If the ending is not a format that Matplotlib writes.
    OSError
        If the file cannot be written; an earlier file stays as it was.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from matplotlib.figure import Figure
    >>> from anomaly.plots import plot_roc, save_figure
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "roc.png"
    >>> save_figure(plot_roc([0, 0, 1], [0.1, 0.5, 0.4], ax=Figure().add_subplot()), path)
    >>> path.read_bytes()[1:4]
    b'PNG'
    """
    whole = _whole_figure(figure)
    formats = whole.canvas.get_supported_filetypes()
    ending = Path(path).suffix.lower().removeprefix(".")
    if ending not in formats:
        raise ValueError(
            f"the ending of the file's name gives the format: one of {', '.join(sorted(formats))}; found {str(path)!r}"
        )
    try:
        with atomic_write(path) as file:
            whole.savefig(file, format=ending, dpi=dpi)
    finally:
        # Only pyplot's figures need closing; a figure of the user's own does not bring it in.
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close(whole)


def _whole_figure(drawn: Any) -> Figure:
    """Go from axes, by way of any subfigures, to the figure that holds them."""
    from matplotlib.figure import Figure

    part = drawn
    while not isinstance(part, Figure):
        part = getattr(part, "figure", None)
        if part is None:
            raise TypeError(f"figure must be Matplotlib axes or a figure; found {type(drawn).__name__}")
    return part
