"""What the pictures of series show."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from anomaly import plots

SERIES = np.column_stack([np.sin(np.arange(60) / 5), np.arange(60.0)])
ALARMS = np.zeros(60, int)
ALARMS[10:15] = ALARMS[40:50] = 1


def shaded(ax):
    """From where to where the patches over the whole height of the axes go."""
    spans = [patch.get_extents().transformed(ax.transData.inverted()) for patch in ax.patches]
    return [(round(span.x0), round(span.x1)) for span in spans]


def test_sensors_are_stacked_and_alarms_shaded_in_each():
    panels = plots.plot_series(SERIES, ALARMS, names=["flow", "heat"])
    assert [panel.get_ylabel() for panel in panels] == ["flow", "heat"]
    assert [shaded(panel) for panel in panels] == [[(10, 15), (40, 50)]] * 2
    assert panels[0].get_title(loc="left") == "Sensors; alarms shaded (2)"


def test_scores_and_truth_join_them():
    panels = plots.plot_series(
        SERIES, ALARMS, scores=ALARMS + 1.0, threshold=1.5, labels=ALARMS, ax=Figure().subplots(3)
    )
    assert len(panels) == 3
    assert panels[2].get_ylabel() == "score"
    assert len(panels[0].patches) == 4
    assert "true anomalies as bars (2)" in panels[0].get_title(loc="left")


def test_long_series_keep_their_extremes():
    series = np.zeros(100_000)
    series[54_321] = 7.0
    (panel,) = plots.plot_series(series, ax=Figure().add_subplot())
    drawn = panel.lines[0].get_ydata()
    assert len(drawn) < 5000
    assert max(drawn) == 7.0


def test_times_are_dates_on_the_axis():
    time = np.datetime64("2024-01-01") + np.arange(60)
    (panel, _) = plots.plot_series(SERIES, ALARMS, time=time)
    assert panel.lines[0].get_xdata()[0] == time[0]


def test_a_reconstruction_lies_over_what_was_measured():
    ax = plots.plot_reconstruction(SERIES[:, 0], SERIES[:, 1], ALARMS, name="flow", ax=Figure().add_subplot())
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), SERIES[:, 0])
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), SERIES[:, 1])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["measured", "expected", "alarm"]


def test_a_contribution_map_has_a_row_a_sensor_and_keeps_the_largest():
    parts = np.full((5000, 2), 0.1)
    parts[2500, 1] = 50.0
    ax = plots.plot_contribution_map(parts, ["flow", "heat"], ax=Figure().add_subplot())
    cells = ax.collections[0].get_array()
    assert cells.shape[0] == 2
    assert cells[1].max() == 50.0
    assert cells[0].max() == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.plot_series(np.zeros((2, 2, 2))), "values must have shape"),
        (lambda: plots.plot_series(SERIES, ALARMS[:5]), "alarms has 5 values; expected 60"),
        (lambda: plots.plot_series(SERIES, names=["a"]), "names has 1 values; expected 2"),
        (lambda: plots.plot_series(SERIES, ax=Figure().add_subplot()), "ax must be 2 axes.*found 1"),
        (lambda: plots.plot_reconstruction(SERIES, SERIES), "one dimension"),
        (lambda: plots.plot_reconstruction([1.0, 2.0], [1.0]), "expected has 1 values"),
        (lambda: plots.plot_contribution_map([[-1.0]], ["a"]), "must not be negative; found -1"),
        (lambda: plots.plot_contribution_map([[1.0]], ["a", "b"]), "names has 2 values; expected 1"),
    ],
)
def test_what_does_not_fit_is_named(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
