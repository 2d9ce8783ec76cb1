"""What the pictures of series show."""

import itertools

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from anomaly import plots

SERIES = np.column_stack([np.sin(np.arange(60) / 5), np.arange(60.0)])
ALARMS = np.zeros(60, int)
ALARMS[10:15] = ALARMS[40:50] = 1


@pytest.fixture(autouse=True)
def _no_open_figures():
    yield
    pyplot.close("all")


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


def test_a_logarithmic_scale_of_scores_is_named():
    scores = np.where(ALARMS, 500.0, 1.0)
    panels = plots.plot_series(SERIES, ALARMS, scores=scores, threshold=10.0)
    assert panels[-1].get_yscale() == "log"
    assert "logarithmic" in panels[-1].get_ylabel()
    panels = plots.plot_series(SERIES, ALARMS, scores=np.where(ALARMS, 2.0, 1.0))
    assert panels[-1].get_ylabel() == "score"


def test_of_many_sensors_those_with_the_largest_contributions_are_plotted():
    values, parts = np.zeros((60, 60)), np.full((60, 60), 0.1)
    parts[7, [3, 50, 21]] = 9.0, 8.0, 7.0
    names = [f"sensor {j}" for j in range(60)]
    panels = plots.plot_series(values, ALARMS, names=names, contributions=parts, top=3)
    assert [panel.get_ylabel() for panel in panels] == ["sensor 3", "sensor 21", "sensor 50"]
    assert panels[0].get_title(loc="left").startswith("3 of 60 sensors, with the largest contributions;")
    assert len(plots.plot_series(values, names=names, contributions=parts)) == 12
    few = plots.plot_series(values[:, :5], contributions=parts[:, :5])
    assert len(few) == 5
    assert few[0].get_title(loc="left") == "Sensors"


def test_steps_count_from_0_as_indices_do_and_the_axis_says_so_or_from_what_is_given():
    for options, start, label in (({}, 0, "step, counted from 0"), ({"first": 1}, 1, "step")):
        panels = plots.plot_series(SERIES, ALARMS, scores=ALARMS + 1.0, **options)
        reconstruction = plots.plot_reconstruction(SERIES[:, 0], SERIES[:, 1], ALARMS, **options)
        contributions = plots.plot_contribution_map(SERIES + 1.0, ["flow", "heat"], ALARMS, **options)
        assert [ax.get_xlabel() for ax in (panels[-1], reconstruction, contributions)] == [label] * 3
        assert [ax.lines[0].get_xdata()[0] for ax in (*panels, reconstruction)] == [start] * 4
        assert shaded(panels[0]) == shaded(reconstruction) == [(start + 10, start + 15), (start + 40, start + 50)]
        assert contributions.get_xlim() == (start, start + 60)


def test_an_alarm_in_the_last_step_is_shaded():
    (panel,) = plots.plot_series(SERIES[:, 0], np.arange(60) == 59)
    assert shaded(panel) == [(59, 60)]


def test_an_alarm_before_a_gap_does_not_last_over_it():
    time = np.arange(60) + 1000 * (np.arange(60) >= 15)
    (panel,) = plots.plot_series(SERIES[:, 0], ALARMS, time=time)
    assert shaded(panel) == [(10, 15), (1040, 1050)]


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


def test_a_reconstruction_lies_over_the_measured_values():
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
    ("count", "size"), [(2, None), (30, None), (60, None), (200, None), (60, (6, 4)), (20, (4, 2))]
)
def test_the_names_in_a_contribution_map_stay_apart(count, size):
    ax = None if size is None else Figure(figsize=size, layout="constrained").add_subplot()
    names = [f"sensor {j}" for j in range(count)]
    ax = plots.plot_contribution_map(np.ones((5, count)), names, ax=ax)
    ax.figure.draw_without_rendering()
    found = ax.get_yticklabels()
    boxes = [label.get_window_extent() for label in found]
    assert not any(a.overlaps(b) for a, b in itertools.pairwise(boxes))
    stride = -(-count // len(found))
    assert [label.get_text() for label in found] == names[::stride]
    assert ax.get_ylabel() == (f"{count} sensors, one in {stride} named" if stride > 1 else "")
    if size is None:
        assert ax.figure.get_figheight() <= 10.0
        assert stride == 1 or count > 60


@pytest.mark.parametrize("count", [2, 60])
def test_the_alarms_over_a_contribution_map_lie_below_its_title(count):
    ax = plots.plot_contribution_map(np.ones((60, count)), [f"sensor {j}" for j in range(count)], ALARMS)
    ax.figure.draw_without_rendering()
    assert len(ax.patches) == 2
    for bar in ax.patches:
        assert ax.get_window_extent().y1 <= bar.get_window_extent().y0
        assert bar.get_window_extent().y1 < ax._left_title.get_window_extent().y0


@pytest.mark.parametrize("n", [400, 20_000])
def test_no_line_crosses_a_gap_in_time(n):
    steps = np.arange(n)
    time = np.datetime64("2024-01-01") + (steps + (steps >= n // 2) * n).astype("m8[m]")
    values = np.random.default_rng(0).normal(size=(n, 2))
    panels = plots.plot_series(values, scores=np.abs(values[:, 0]), time=time, ax=Figure().subplots(3))
    panels.append(plots.plot_reconstruction(values[:, 0], values[:, 1], time=time, ax=Figure().add_subplot()))
    for panel in panels:
        for line in panel.lines:
            at, heights = line.get_xdata(), line.get_ydata()
            assert np.isnan(heights).sum() == 1
            (gap,) = np.flatnonzero(np.isnan(heights))
            assert at[gap - 1] < time[n // 2] <= at[gap + 1]


def test_true_anomalies_are_seen_however_long_the_series():
    truth = np.zeros(50_000, int)
    truth[30_000:30_003] = 1
    (panel,) = plots.plot_series(np.zeros(50_000), labels=truth, ax=[Figure().add_subplot()])
    assert [bar.get_linewidth() > 0.5 for bar in panel.patches] == [True]


def test_a_contribution_map_is_empty_where_there_is_a_gap_in_time():
    days = np.array([0, 1, 2, 40, 41])
    for time in (days, np.datetime64("2024-01-01") + days):
        ax = plots.plot_contribution_map(np.arange(1.0, 6.0)[:, np.newaxis], ["flow"], time=time)
        assert ax.collections[0].get_array().filled(0.0).tolist() == [[1.0, 2.0, 3.0, 0.0, 4.0, 5.0]]
        edges = ax.collections[0].get_coordinates()[0, :, 0]
        assert (edges - edges[0]).tolist() == [0, 1, 2, 3, 40, 41, 42]


def test_the_names_of_sensors_end_at_one_place():
    panels = plots.plot_series([[0.001, 9e6], [0.002, 8e6]], names=["flow", "heat"])
    panels[0].figure.draw_without_rendering()
    ends = [panel.yaxis.label.get_window_extent().x1 for panel in panels]
    assert ends[0] == pytest.approx(ends[1], abs=1.0)


def test_a_gap_within_a_column_of_a_long_contribution_map_is_empty():
    at = np.arange(2900) + 100 * (np.arange(2900) >= 1901)
    ax = plots.plot_contribution_map(np.ones((2900, 1)), ["flow"], [0] * 2899 + [1], time=at)
    edges = ax.collections[0].get_coordinates()[0, :, 0]
    place = int(np.flatnonzero(edges == 1901.0)[0])
    assert edges[place + 1] == 2001.0
    assert ax.collections[0].get_array().mask[0, place]
    assert ax.get_title(loc="left").endswith("; alarms as bars (1)")


def test_times_may_repeat():
    for time in ([0, 0, 0], [1, 1, 2], np.full(3, "2024-01-01", "M8[s]")):
        ax = plots.plot_contribution_map(np.ones((3, 1)), ["flow"], [0, 0, 1], time=time)
        plots.plot_series(np.ones(3), [0, 0, 1], time=time)
        ax.figure.draw_without_rendering()


def test_long_names_are_shortened_in_series_and_maps():
    panel = plots.plot_series(SERIES[:, 0], names=["x" * 200])[0]
    ax = plots.plot_contribution_map([[1.0]], ["x" * 200])
    assert len(panel.get_ylabel()) == len(ax.get_yticklabels()[0].get_text()) < 40


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.plot_series(np.zeros((2, 2, 2))), "values must have shape"),
        (lambda: plots.plot_series(SERIES, ALARMS[:5]), "alarms has 5 values; expected 60"),
        (lambda: plots.plot_series(SERIES, names=["a"]), "names has 1 values; expected 2"),
        (lambda: plots.plot_series(SERIES, ax=Figure().add_subplot()), "ax must be 2 axes.*found 1"),
        (
            lambda: plots.plot_series(SERIES, contributions=SERIES[:5]),
            r"shape of values, \(60, 2\); found shape \(5, 2\)",
        ),
        (lambda: plots.plot_series(SERIES, contributions=SERIES, top=0), "top must be at least 1; found 0"),
        (lambda: plots.plot_reconstruction(SERIES, SERIES), "one dimension"),
        (lambda: plots.plot_reconstruction([1.0, 2.0], [1.0]), "expected has 1 values"),
        (lambda: plots.plot_contribution_map([[-1.0]], ["a"]), "must not be negative; found -1"),
        (lambda: plots.plot_contribution_map([[1.0]], ["a", "b"]), "names has 2 values; expected 1"),
    ],
)
def test_invalid_input_is_refused(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


def test_a_value_between_missing_ones_is_a_dot():
    values = [0.0, 1.0, np.nan, 3.0, np.nan, 5.0, 6.0, np.nan, 8.0]
    line = plots.plot_series(values, ax=Figure().subplots(1))[0].lines[0]
    assert line.get_marker() == "."
    assert line.get_markevery() == [3, 8]
    assert plots.plot_series([1.0, 2.0, np.nan, np.nan], ax=Figure().subplots(1))[0].lines[0].get_marker() == "None"


@pytest.mark.parametrize(("unit", "minutes"), [("us", 1), ("m", 1), ("h", 60), ("D", 1440)])
def test_a_single_step_in_time_is_wide_enough_to_be_seen(unit, minutes):
    time = np.array(["2024-01-01"], f"M8[{unit}]")
    ax = plots.plot_contribution_map([[1.0, 2.0]], ["flow", "heat"], [1], time=time)
    start, end = ax.get_xlim()
    assert (end - start) * 1440 == pytest.approx(minutes)
    ax.figure.draw_without_rendering()
    labels = [label.get_window_extent() for label in ax.get_xticklabels() if label.get_text()]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(labels))


def test_a_single_step_is_a_dot():
    panels = plots.plot_series([[1.0, 2.0]], [0], scores=[0.5], time=np.array(["2024-01-01"], "M8[us]"))
    assert [panel.lines[0].get_marker() for panel in panels] == ["."] * 3
