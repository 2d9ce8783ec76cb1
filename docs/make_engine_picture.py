"""Draw docs/engine.png: a register tile, and a program."""

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

BLUE, ORANGE, GREEN, GREY, INK = "#4c78a8", "#f58518", "#54a24b", "#e8e8ec", "#222222"


def grid(ax: Axes, x: float, y: float, rows: int, columns: int, size: float, color: str, alpha: float = 0.35) -> None:
    """Draw a matrix with its upper left corner at (x, y)."""
    for i in range(rows):
        for j in range(columns):
            corner = (x + j * size, y - (i + 1) * size)
            ax.add_patch(Rectangle(corner, size, size, facecolor=color, alpha=alpha, edgecolor="white", linewidth=1.2))


def tile(ax: Axes) -> None:
    """Draw a tile of six rows by two vectors: twelve registers during the whole loop over k."""
    size, k = 0.5, 9
    grid(ax, 0, 3, 6, k, size, GREY, 1)
    grid(ax, 2 * size, 3, 6, 1, size, ORANGE, 0.9)
    grid(ax, 6, 8.5, k, 16, size, GREY, 1)
    grid(ax, 6, 8.5 - 2 * size, 1, 16, size, BLUE, 0.8)
    grid(ax, 6, 3, 6, 16, size, GREEN, 0.45)
    for row in range(6):
        for vector in range(2):
            x, y = 6 + vector * 4, 3 - (row + 1) * size
            ax.add_patch(Rectangle((x, y), 4, size, fill=False, edgecolor=GREEN, linewidth=1.6))
    ax.text(0, 3.25, "A: 6 numbers a step", color=INK, fontsize=10)
    ax.text(6, 8.75, "B: 2 vectors of 8 a step", color=INK, fontsize=10)
    ax.text(6, -0.55, "C: 6 x 16 sums in 12 registers", color=INK, fontsize=10)
    ax.text(2 * size, -0.55, "step k", color=ORANGE, fontsize=10)
    ax.text(0, -1.7, "8 loads for 12 multiply-adds of 8 numbers each:\n96 products a step.")
    ax.set(xlim=(-0.5, 14.6), ylim=(-2.3, 9.6), aspect="equal", title="A register tile")
    ax.axis("off")


INSTRUCTIONS = [
    ("data.gather", "records of the batch, features x batch", BLUE),
    ("dense.product", "z = Wᵀ x + b", GREEN),
    ("activation.relu_forward", "in place", GREEN),
    ("dense.product", "z = Wᵀ x + b", GREEN),
    ("loss.mean_squared_error", "value and gradient in one pass", ORANGE),
    ("dense.product", "dW = x dzᵀ", GREEN),
    ("dense.bias_gradient", "db", GREEN),
    ("dense.product", "dx = W dz", GREEN),
    ("activation.relu_backward", "in place", GREEN),
    ("dense.product", "dW = x dzᵀ", GREEN),
    ("dense.bias_gradient", "db", GREEN),
    ("optimizer.adam", "all weights, one loop", ORANGE),
]


def program(ax: Axes) -> None:
    """Draw the program of one batch of a small autoencoder: a dozen instructions."""
    for i, (kernel, meaning, color) in enumerate(INSTRUCTIONS):
        y = -i
        ax.add_patch(Rectangle((0, y), 4.4, 0.8, facecolor=color, alpha=0.3, edgecolor=color))
        ax.text(0.15, y + 0.4, kernel, va="center", fontsize=9.5, family="monospace")
        ax.text(4.6, y + 0.4, meaning, va="center", fontsize=9.5, color=INK)
    ax.annotate(
        "",
        (-0.15, 0.4),
        (-0.15, -len(INSTRUCTIONS) + 1.4),
        arrowprops={"arrowstyle": "->", "connectionstyle": "arc3,rad=-0.35", "color": INK, "linewidth": 1.4},
    )
    ax.text(-2.35, -5.3, "next\nbatch", fontsize=10, ha="center")
    ax.set(xlim=(-3.1, 9.4), ylim=(-len(INSTRUCTIONS), 1.3), title="A program: Dense(5, relu), Dense(10), MSE, Adam")
    ax.axis("off")


def main() -> None:
    """Draw both side by side."""
    figure, axes = plt.subplots(1, 2, figsize=(14, 5.6), layout="constrained")
    tile(axes[0])
    program(axes[1])
    figure.savefig(Path(__file__).with_name("engine.png"), dpi=110)


if __name__ == "__main__":
    main()
