"""Labels of logarithmic axes: there are always some, and they stay apart."""

import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from anomaly import plots
from anomaly.plots.figures import label_logarithmic


def labels(axis):
    """The texts on an axis that are within its limits, and where they are."""
    figure = axis.axes.figure
    figure.draw_without_rendering()
    low, high = sorted(axis.get_view_interval())
    shown = [
        tick.label1
        for tick in axis.get_major_ticks()
        if low * (1 - 1e-9) <= tick.get_loc() <= high * (1 + 1e-9) and tick.label1.get_text()
    ]
    return [(text.get_text(), text.get_window_extent()) for text in shown]


def check_labels(axis):
    found = labels(axis)
    assert len(found) >= 2
    assert len({text for text, _ in found}) == len(found)
    assert not any(a.overlaps(b) for (_, a), (_, b) in itertools.combinations(found, 2))
    return [text for text, _ in found]


def drawn(low, high, size, upright):
    ax = Figure(figsize=size, dpi=50).add_subplot()
    axis = ax.yaxis if upright else ax.xaxis
    ax.plot([low, high], [low, high])
    (ax.set_yscale if upright else ax.set_xscale)("log")
    (ax.set_ylim if upright else ax.set_xlim)(low, high)
    label_logarithmic(axis)
    axis.set_minor_locator(NullLocator())  # they take most of the time, and have no labels
    return axis


@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize("size", [(8.0, 1.1), (2.5, 2.0), (6.0, 4.0), (12.0, 9.0)])
@pytest.mark.parametrize("decades", [0.5, 1.0, 1.3, 2.0, 3.1, 4.5, 7.0, 8.3, 14.3, 30.0])
def test_labels_exist_and_stay_apart(decades, size, upright):
    for start in (-14.7, -6.0, 0.45):
        check_labels(drawn(10.0**start, 10.0 ** (start + decades), size, upright))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.9, 110.0, ["1", "2", "5", "10", "20", "50", "100"]),
        (1e-3, 1e3, ["0.001", "0.01", "0.1", "1", "10", "100", "1000"]),
        (1e-6, 2e8, ["1e-06", "0.0001", "0.01", "1", "100", "10000", "1e+06", "1e+08"]),
        (3.0, 9.5, ["3", "4", "5", "6", "7", "8", "9"]),
    ],
)
def test_labels_are_as_fine_as_the_number_of_decades_allows(low, high, expected):
    assert check_labels(drawn(low, high, (6.0, 4.0), upright=True)) == expected


def test_large_labels_are_fewer():
    axis = drawn(1.0, 1000.0, (6.0, 3.0), upright=True)
    few = len(check_labels(axis))
    axis.axes.tick_params(axis="y", labelsize=24)
    assert len(check_labels(axis)) < few


@pytest.mark.parametrize("upright", [True, False])
def test_an_axis_may_be_upside_down(upright):
    assert check_labels(drawn(1e4, 1e-2, (6.0, 4.0), upright))


def test_plots_with_such_an_axis_are_labelled():
    scores = np.geomspace(1e-6, 2e8, 200) ** np.linspace(0.3, 1.0, 200)
    for ax, name in (
        (plots.plot_scores_over_time(scores, 1.0, ax=Figure(layout="constrained").add_subplot()), "yaxis"),
        (plots.plot_score_histogram(scores, 1.0, ax=Figure(layout="constrained").add_subplot()), "xaxis"),
        (plots.plot_learning_curve({"loss": scores[::-1]}, ax=Figure(layout="constrained").add_subplot()), "yaxis"),
        (plots.plot_series(scores, scores=scores)[1], "yaxis"),
    ):
        assert len(check_labels(getattr(ax, name))) >= 3


def test_the_widest_of_ranges_is_labelled():
    scores = np.r_[np.full(300, 1e-200), 1e200]
    axes = plots.plot_score_histogram(scores, 1e-12, labels=np.r_[np.zeros(300), 1])
    axes.figure.canvas.draw()
    assert sum(bool(label.get_text()) for label in axes.get_xticklabels()) >= 2
