"""The figures of the command plot, of series."""

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.dates import num2date

from anomaly import SequenceDetector, plots
from anomaly.cli.figures import around_peak, figures_of, write_figures
from anomaly.errors import DataError
from anomaly.tables import Table
from anomaly.tables.csv_files import read_csv
from tests.anomaly.detectors.waves import ALONE

N_STEPS = 120


@pytest.fixture(autouse=True)
def _no_open_figures():
    yield
    pyplot.close("all")


def table(n_sensors, clock):
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(N_STEPS) / 3)
    sensors = [wave * (j + 1) + 0.05 * rng.normal(size=N_STEPS) for j in range(n_sensors)]
    names = tuple(f"s{j}" for j in range(n_sensors))
    return Table(("time", *names), (clock, *sensors)) if clock is not None else Table(names, tuple(sensors))


def draw(detector, series, labels, folder):
    """Draw a series as the command `plot` does."""
    return write_figures(figures_of(detector.plot_data(series), labels), folder)


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Draws a series as the command `plot` does, and returns the axes by the names of the files."""

    def run(n_sensors, clock=None):
        kept = {}
        monkeypatch.setattr(plots, "save_figure", lambda ax, path: kept.update({path.stem: ax}))
        series = table(n_sensors, clock)
        time = None if clock is None else "time"
        detector = SequenceDetector(window=8, hidden=(8,), epochs=1, random_state=0, time=time, **ALONE).fit(series)
        draw(detector, series, None, tmp_path)
        return kept

    return run


def test_steps_count_from_1_as_in_scores_and_events(drawn):
    kept = drawn(2)
    assert {ax.figure.axes[-1 if name == "series" else 0].get_xlabel() for name, ax in kept.items()} == {"step"}
    for name in ("series", "reconstruction"):
        assert kept[name].lines[0].get_xdata().tolist() == list(range(1, N_STEPS + 1))
    assert kept["contributions"].get_xlim() == (1, N_STEPS + 1)


@pytest.mark.parametrize(
    ("peak", "alarm", "shown"),
    [
        (700, (700, 700), (550, 851)),
        (700, (690, 720), (540, 870)),
        (700, (500, 800), (200, 1000)),
        (10, (0, 30), (0, 180)),
        (999, (980, 1000), (830, 1000)),
        (5, (0, 1000), (0, 1000)),
    ],
)
def test_expected_values_are_drawn_around_the_largest_contribution(peak, alarm, shown):
    contributions, flags = np.zeros(1000), np.zeros(1000, np.int64)
    contributions[peak], contributions[0] = 1.0, np.nan
    flags[slice(*alarm)] = 1
    assert around_peak(contributions, flags) == slice(*shown)


@pytest.mark.parametrize(
    "clock",
    [
        np.array([f"2024-01-01 {i // 60:02}:{i % 60:02}" for i in range(N_STEPS)], dtype=object),
        np.datetime64("2024-01-01") + np.arange(N_STEPS).astype("m8[m]"),
    ],
    ids=["text", "datetime64"],
)
def test_times_are_drawn_where_they_are_known(drawn, clock):
    kept = drawn(2, clock)
    assert {ax.figure.axes[-1 if name == "series" else 0].get_xlabel() for name, ax in kept.items()} == {"time"}
    for name in ("series", "reconstruction"):
        times = kept[name].lines[0].get_xdata()
        assert times[[0, -1]].astype("M8[m]").astype(str).tolist() == ["2024-01-01T00:00", "2024-01-01T01:59"]
    assert num2date(kept["contributions"].get_xlim()[1]).isoformat() == "2024-01-01T02:00:00+00:00"


def test_times_may_be_numbers(drawn, tmp_path):
    (tmp_path / "times.csv").write_text("t\n" + "\n".join(str(10 * i) for i in range(N_STEPS)) + "\n")
    kept = drawn(2, read_csv(tmp_path / "times.csv")["t"])
    assert kept["series"].lines[0].get_xdata()[[0, 1, -1]].tolist() == [0, 10, 10 * (N_STEPS - 1)]
    assert kept["contributions"].get_xlim() == (0, 10 * N_STEPS)


def test_of_many_sensors_twelve_are_drawn_and_the_worst_among_them(drawn):
    kept = drawn(30)
    panels = kept["series"].figure.axes
    assert len(panels) == 12 + 1
    assert panels[0].get_title(loc="left").startswith("12 of 30 sensors, with the largest contributions")
    assert kept["reconstruction"].get_ylabel() in [panel.get_ylabel() for panel in panels]
    assert len(kept["contributions"].get_yticklabels()) == 30


def test_missing_samples_interrupt_the_line_and_are_not_forward_filled(monkeypatch, tmp_path):
    kept = {}
    monkeypatch.setattr(plots, "save_figure", lambda ax, path: kept.update({path.stem: ax}))
    series = table(2, None)
    on = np.sin(np.arange(N_STEPS) / 3) > 0
    series = Table((*series.names, "on"), (*series.columns, on))
    detector = SequenceDetector(window=8, hidden=(8,), epochs=1, random_state=0, **ALONE).fit(series)
    some = [cells.astype(np.float64) for cells in series.columns]
    for cells in some:
        cells[40:80] = np.nan
    # As a file has them that was read with text for truth values.
    some[2] = np.array([{1.0: "True", 0.0: "False"}.get(cell) for cell in some[2]], dtype=object)
    draw(detector, Table(series.names, tuple(some)), None, tmp_path)
    lines = [panel.lines[0].get_ydata() for panel in kept["series"].figure.axes[:3]]
    for drawn_line in [*lines, kept["reconstruction"].lines[0].get_ydata()]:
        assert np.flatnonzero(np.isnan(drawn_line)).tolist() == list(range(40, 80))
    np.testing.assert_allclose(lines[0][:40], some[0][:40], rtol=1e-5)
    assert np.isfinite(kept["reconstruction"].lines[1].get_ydata()).all()


def test_a_sensor_that_is_not_there_at_all_has_an_empty_panel(monkeypatch, tmp_path):
    kept = {}
    monkeypatch.setattr(plots, "save_figure", lambda ax, path: kept.update({path.stem: ax}))
    series = table(2, None)
    detector = SequenceDetector(window=8, hidden=(8,), epochs=1, random_state=0, **ALONE).fit(series)
    draw(detector, Table(series.names, (series["s0"], np.full(N_STEPS, np.nan))), None, tmp_path)
    assert np.isnan(kept["series"].figure.axes[1].lines[0].get_ydata()).all()


def test_a_series_of_words_alone_has_no_line_to_draw(tmp_path):
    series = Table(("mode",), (np.array(["run", "idle", "run", "off"] * 30, dtype=object),))
    detector = SequenceDetector(window=8, hidden=(8,), epochs=1, random_state=0, **ALONE).fit(series)
    with pytest.raises(DataError, match="none of the columns 'mode' holds numbers"):
        draw(detector, series, None, tmp_path)
