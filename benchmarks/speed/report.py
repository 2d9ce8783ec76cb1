"""The report: a table for every job, its ratios, and the verdicts on the targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.speed.contestants import BLAS
from benchmarks.speed.figures import Figure, JobResult, Measurement
from benchmarks.speed.jobs.training import AGREE, deviation


def seconds(value: float) -> str:
    """Write a time in the unit that suits it.

    Examples
    --------
    >>> seconds(0.0123), seconds(2.5e-6)
    ('12.3 ms', '2.50 µs')
    """
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if abs(value) * factor >= 1:
            return f"{_three_digits(value * factor)} {unit}"
    return f"{_three_digits(value * 1e9)} ns"


def amount(value: float, unit: str) -> str:
    """Write a number with its unit."""
    if unit == "s":
        return seconds(value)
    return f"{_three_digits(value)}{'' if unit == 'x' else ' '}{unit}".strip()


def _three_digits(value: float) -> str:
    return f"{value:.{0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f}"


def verdict(figure: Figure) -> str:
    """Say whether a figure reaches its target."""
    if figure.target is None:
        return ""
    text = f"{figure.target.sense} {amount(figure.target.bound, figure.unit)}"
    return f"{text}: {'no verdict, smaller job' if figure.met is None else 'met' if figure.met else 'MISSED'}"


def on_machine(machine: dict[str, object]) -> str:
    """Return where it was measured."""
    text = f"{machine['processor']}; {machine['cores']} cores; {machine['system']}; load before {machine['load']}"
    load = machine["load"]
    busy = isinstance(load, list) and load[0] > 0.5
    return text + ("\nother programs are running: the ratios are unreliable; repeat on an idle machine" * busy)


def summary(results: Sequence[JobResult], versions: dict[str, str]) -> str:
    """Return how many targets are met, and the versions that were measured."""
    judged = [figure for result in results for figure in result.figures if figure.met is not None]
    lines = [f"{sum(bool(figure.met) for figure in judged)} of {len(judged)} targets met"] if judged else []
    lines.append(", ".join(f"{name} {version}" for name, version in sorted(versions.items())))
    return "\n".join(lines)


def section(result: JobResult) -> str:
    """Return all that is said of one job."""
    return "\n".join(_section(result)) + "\n"


def _section(result: JobResult) -> Iterator[str]:
    heading = f"{result.name}: {result.title}"
    yield heading
    yield "-" * len(heading)
    if result.measurements:
        # There are too many products for a table: the ratios summarize them.
        listed = [] if any(one.contestant == BLAS.title and one.part for one in result.measurements) else None
        rows = [_row(result, one) for one in (result.measurements if listed is None else listed)]
        yield from _table(["contestant", "threads", "median", "quartiles", "processor", "loss", ""], rows)
    for figure in result.figures:
        low, high = amount(figure.low, figure.unit), amount(figure.high, figure.unit)
        line = f"  {figure.what}: {amount(figure.value, figure.unit)} ({low} to {high})"
        yield f"{line:84} {verdict(figure)}".rstrip()
    for who, why in result.skipped.items():
        yield f"  skipped {who}: {why}"


def _row(result: JobResult, one: Measurement) -> list[str]:
    low, high = one.quartiles
    loss = "" if one.loss is None else f"{one.loss:.4f}"
    off = deviation(result, one)
    if off is not None:
        loss += f" ({off:+.1%}{'' if abs(off) <= AGREE else ', DIFFERS'})"
    processor = seconds(float(np.median(one.processor))) if one.processor else ""
    who = f"{one.contestant}, {one.part}" if one.part else one.contestant
    return [who, one.threads, seconds(one.median), f"{seconds(low)} to {seconds(high)}", processor, loss, one.note]


def _table(heads: list[str], rows: list[list[str]]) -> Iterator[str]:
    if not rows:
        return
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield ""
