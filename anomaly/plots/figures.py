"""Common style of the figures, and their files."""

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
# Widths of a legend in small type, in inches: of the handle of an entry, and of each character.
_ENTRY_WIDTH, _CHARACTER_WIDTH = 0.38, 0.068


def axes_or_new(ax: Axes | None, size: tuple[float, float] = _SIZE) -> Axes:
    """Return the axes, or those of a new figure of a width and height in inches."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(figsize=size, layout="constrained")[1]


def style_axes(ax: Axes, title: str, x_label: str, y_label: str, *, grid: str = "y") -> None:
    """Set title and labels of axes, and remove the lines without information.

    Parameters
    ----------
    ax : Axes
        Axes with a plot.
    title, x_label, y_label : str
        Texts, with units.
    grid : {"x", "y", "both", ""}
        Axis with grid lines.
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
    """Place the legend between title and plot, where it overlaps nothing."""
    labels = ax.get_legend_handles_labels()[1]
    if not labels:
        return
    available = ax.get_window_extent().width / ax.figure.dpi
    needed = sum(_ENTRY_WIDTH + _CHARACTER_WIDTH * len(label) for label in labels)
    columns = len(labels) if needed <= available else 2
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


def shorten(label: str) -> str:
    """Shorten a label that would take the space of the plot.

    Examples
    --------
    >>> shorten("flow"), shorten("x" * 100) == "x" * 33 + "…"
    ('flow', True)
    """
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"


def label_logarithmic(axis: Axis) -> None:
    """Label a logarithmic axis with decimal numbers: at least two, without overlap."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    from anomaly.plots.logarithmic import SpacedLogLocator, format_tick

    axis.set_major_locator(SpacedLogLocator(axis))
    axis.set_major_formatter(FuncFormatter(format_tick))
    axis.set_minor_formatter(NullFormatter())


def next_curve_color(ax: Axes) -> str:
    """Return the next colour for a curve on these axes, so that curves are distinct."""
    drawn = sum(line.get_gid() == "curve" for line in ax.lines)
    return CURVES[drawn % len(CURVES)]


def save_figure(figure: Axes | Figure, path: str | os.PathLike[str], *, dpi: float = 150.0) -> None:
    """Write a figure to a file, and close it.

    The write is atomic: the file is written under a temporary name and then renamed.

    Parameters
    ----------
    figure : Axes or Figure
        Axes that a plot function returned, or their figure.
    path : str or path
        The file; its suffix (``.png``, ``.svg``, ``.pdf``, ...) determines the format.
    dpi : float, default 150
        Resolution in dots per inch, for raster formats.

    Raises
    ------
    TypeError
        If `figure` is neither axes nor a figure.
    ValueError
        If the suffix is not a format of Matplotlib.
    OSError
        If the file cannot be written; an earlier file is unchanged.

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
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in formats:
        raise ValueError(
            f"the suffix of a figure's file must be one of {', '.join(sorted(formats))}; found {str(path)!r}"
        )
    try:
        with atomic_write(path) as file:
            whole.savefig(file, format=suffix, dpi=dpi)
    finally:
        # Only figures of pyplot need closing; for other figures pyplot is not imported.
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close(whole)


def _whole_figure(part: Any) -> Figure:
    """Return the figure of axes, which may be part of subfigures."""
    from matplotlib.figure import Figure

    found = type(part).__name__
    while not isinstance(part, Figure):
        part = getattr(part, "figure", None)
        if part is None:
            raise TypeError(f"figure must be Matplotlib axes or a figure; found {found}")
    return part
