"""The results as pictures: bars of ratios, and the growth of cost."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.speed.figures import Figure, JobResult
from nnlite.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

# Distinguishable by all, in print too.
_OURS, _BEHIND, _TARGET = "#0072b2", "#d55e00", "black"
_FASTER = "faster than "


def draw_ratios(results: Sequence[JobResult]) -> Canvas | None:
    """Draw how many times as fast we are as each peer, on a logarithmic scale; None if there is nothing to draw."""
    from matplotlib.figure import Figure as Canvas

    jobs = [(result, [f for f in result.figures if _FASTER in f.what]) for result in results]
    jobs = [(result, figures) for result, figures in jobs if figures]
    if not jobs:
        return None
    n_bars = sum(len(figures) for _, figures in jobs)
    canvas = Canvas(figsize=(8.5, 1.1 + 0.24 * n_bars + 0.34 * len(jobs)), layout="constrained")
    axes = canvas.subplots()
    places, labels, place = [], [], 0.0
    for result, figures in jobs:
        title = axes.text(0.0, place, result.title, transform=axes.get_yaxis_transform(), fontsize=8, va="center")
        title.set(weight="bold", bbox={"facecolor": "white", "edgecolor": "none", "pad": 2})
        place += 1
        for figure in figures:
            _bar(axes, place, figure)
            places.append(place)
            labels.append(figure.what.replace(_FASTER, ""))
            place += 1
        place += 0.4
    axes.set_yticks(places, labels, fontsize=8)
    axes.set_ylim(place, -1)
    axes.set_xscale("log")
    left, right = axes.get_xlim()
    axes.set_xlim(min(left, 0.5), right * 1.6)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}x")
    axes.set_xlabel("how many times as fast as the peer (whiskers: quartiles of the rounds; line: target)", fontsize=8)
    axes.tick_params(axis="x", labelsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return canvas


def _bar(axes, place: float, figure: Figure) -> None:
    value = figure.value
    axes.barh(place, value - 1, left=1, height=0.7, color=_OURS if value >= 1 else _BEHIND)
    axes.plot([figure.low, figure.high], [place, place], color="0.25", linewidth=1)
    if figure.target is not None:
        axes.plot([figure.target.bound] * 2, [place - 0.45, place + 0.45], color=_TARGET, linewidth=2)
    end = max(value, figure.high, figure.target.bound if figure.target else 0, 1)
    text = f" {value:.0f}" if value >= 10 else f" {value:.1f}"
    axes.text(end * 1.03, place, text, va="center", fontsize=8)


def draw_growth(results: Sequence[JobResult]) -> Canvas | None:
    """Draw the cost of training over rows and over weights; None if it was not measured."""
    from matplotlib.figure import Figure as Canvas

    curves = {name: curve for result in results for name, curve in result.curves.items()}
    if not curves:
        return None
    canvas = Canvas(figsize=(8, 3.4), layout="constrained")
    for axes, (name, curve) in zip(canvas.subplots(1, len(curves), squeeze=False)[0], curves.items(), strict=True):
        x, seconds = curve["x"], curve["seconds"]
        proportional = [seconds[-1] * value / x[-1] for value in x]
        axes.loglog(x, proportional, color="0.6", linewidth=1, label=f"proportional to {name}")
        axes.loglog(x, seconds, "o-", color=_OURS, markersize=4, label="measured")
        axes.set_xlabel(name)
        axes.set_ylabel("seconds an epoch")
        axes.set_title(f"time grows with {name} to the power of {curve['exponent']:.2f}", fontsize=9)
        axes.legend(frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    return canvas


def save(path: Path, canvas: Canvas) -> None:
    """Write a picture in the format that the name asks for."""
    buffer = io.BytesIO()
    canvas.savefig(buffer, format=path.suffix.removeprefix(".") or "png", dpi=150)
    with atomic_write(path) as file:
        file.write(buffer.getvalue())


def save_all(path: Path, results: Sequence[JobResult]) -> list[Path]:
    """Write the pictures there is something to draw for, and return their paths."""
    growth = path.with_name(f"{path.stem}-growth{path.suffix}")
    drawn = [(place, draw(results)) for place, draw in ((path, draw_ratios), (growth, draw_growth))]
    for place, canvas in drawn:
        if canvas is not None:
            save(place, canvas)
    return [place for place, canvas in drawn if canvas is not None]
