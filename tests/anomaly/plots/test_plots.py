"""What every plot promises, and what each one shows."""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot
from matplotlib.figure import Figure

from anomaly import plots
from anomaly.metrics import average_precision_score, roc_auc_score

RNG = np.random.default_rng(0)
LABELS = np.array([0] * 40 + [1] * 10)
SCORES = np.exp(RNG.normal(size=50) + 2.0 * LABELS)
DRAWINGS = {
    "learning_curve": lambda ax: plots.plot_learning_curve({"loss": [3.0, 1.0], "val_loss": [3.0, 2.0]}, ax=ax),
    "score_histogram": lambda ax: plots.plot_score_histogram(SCORES, 3.0, LABELS, ax=ax),
    "scores_over_time": lambda ax: plots.plot_scores_over_time(SCORES, 3.0, labels=LABELS, ax=ax),
    "roc": lambda ax: plots.plot_roc(LABELS, SCORES, ax=ax),
    "precision_recall": lambda ax: plots.plot_precision_recall(LABELS, SCORES, ax=ax),
    "confusion_matrix": lambda ax: plots.plot_confusion_matrix(LABELS, SCORES > 3.0, ax=ax),
    "contributions": lambda ax: plots.plot_contributions([1.0, 2.0], ["a", "b"], [3, None], ax=ax),
    "series": lambda ax: plots.plot_series(SCORES, SCORES > 3.0, labels=LABELS, ax=ax)[0],
    "reconstruction": lambda ax: plots.plot_reconstruction(SCORES, SCORES + 1.0, SCORES > 3.0, ax=ax),
    "contribution_map": lambda ax: plots.plot_contribution_map(RNG.random((50, 3)), ["a", "b", "c"], LABELS, ax=ax),
    "latent": lambda ax: plots.plot_latent(RNG.normal(size=(50, 4)), LABELS, ax=ax),
    "latent_scores": lambda ax: plots.plot_latent(RNG.normal(size=(50, 2)), scores=SCORES, ax=ax),
}
EVERY = pytest.mark.parametrize("draw", list(DRAWINGS.values()), ids=list(DRAWINGS))


def axes():
    return Figure().add_subplot()


def words(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.fixture(autouse=True)
def _no_open_figures():
    pyplot.close("all")
    yield
    pyplot.close("all")


# -- what every plot promises ------------------------------------------------------------------


def test_every_plot_is_tested():
    names = {name.removeprefix("plot_") for name in plots.__all__ if name.startswith("plot_")}
    assert names <= set(DRAWINGS)


@EVERY
def test_it_draws_on_the_axes_given_and_returns_them(draw):
    ax = axes()
    assert draw(ax) is ax
    assert ax.has_data() or ax.images
    assert ax.get_title(loc="left")
    assert pyplot.get_fignums() == []


@EVERY
def test_it_makes_one_figure_of_its_own_where_none_is_given(draw):
    ax = draw(None)
    assert pyplot.get_fignums() == [ax.figure.number]


@EVERY
def test_it_changes_no_setting_and_can_be_written(draw, tmp_path):
    before = dict(mpl.rcParams)
    ax = draw(axes())
    plots.save_figure(ax, tmp_path / "picture.png", dpi=40)
    plots.save_figure(ax, tmp_path / "picture.svg")
    assert dict(mpl.rcParams) == before
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_is_drawn_or_imported_until_something_is_asked_for():
    program = "import sys, anomaly.plots, anomaly.cli.plot; assert not any('matplotlib' in m for m in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


# -- what each one shows -----------------------------------------------------------------------


def test_learning_curve_marks_the_best_epoch_and_where_training_diverged():
    ax = plots.plot_learning_curve({"loss": [100.0, 1.0, np.nan], "val_loss": [90.0, 0.5, 0.7]}, ax=axes())
    assert words(ax) == ["training", "validation", "best: 0.5 in epoch 2", "not finite in epoch 3"]
    assert ax.get_yscale() == "log"
    assert ax.get_xlabel() == "epoch"


def test_learning_curve_plots_any_metric_of_a_history():
    class History:
        history = {"loss": [1.0, 0.9], "my_metric": [0.0, 1.0]}  # noqa: RUF012

    ax = plots.plot_learning_curve(History(), "my_metric", ax=axes())
    assert ax.get_ylabel() == "my metric"
    assert ax.lines[0].get_ydata().tolist() == [0.0, 1.0]
    assert ax.get_yscale() == "linear"


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ([1.0], "must be a dict of lists or have one as its attribute 'history'; found list"),
        ({}, "has no 'loss'; it has no entries"),
        ({"acc": [1.0]}, "has no 'loss'; it has 'acc'"),
        ({"loss": []}, r"one number for each epoch; found shape \(0,\)"),
        ({"loss": [np.nan]}, "diverged from the start"),
        ({"loss": [1.0, 2.0], "val_loss": [1.0]}, "val_loss has 1 values; expected 2"),
    ],
)
def test_invalid_histories_are_refused(history, message):
    with pytest.raises(ValueError, match=message):
        plots.plot_learning_curve(history)
    assert pyplot.get_fignums() == []


@settings(max_examples=30)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.data())
def test_the_histogram_counts_every_record(scores, data):
    truth = data.draw(st.lists(st.integers(0, 1), min_size=len(scores), max_size=len(scores)))
    counted = plots.plot_score_histogram(scores, ax=axes())
    assert sum(bar.get_height() for bar in counted.patches) == len(scores)
    shares = plots.plot_score_histogram(scores, float(np.median(scores)), truth, ax=axes())
    above = sum(score > np.median(scores) for score in scores)
    assert words(shares)[-1].endswith(f": {above} above")


def test_skewed_scores_get_a_logarithmic_axis():
    assert plots.plot_score_histogram([1.0] * 20 + [100.0], ax=axes()).get_xscale() == "log"
    assert plots.plot_score_histogram([-1.0] * 20 + [100.0], ax=axes()).get_xscale() == "linear"
    assert plots.plot_scores_over_time([1.0] * 20 + [100.0], ax=axes()).get_yscale() == "log"


def test_a_long_record_is_drawn_by_its_extremes():
    scores = np.ones(100_000)
    scores[77_777] = 9.0
    ax = plots.plot_scores_over_time(scores, 5.0, labels=scores > 5.0, ax=axes())
    assert len(ax.lines[0].get_ydata()) < 5000
    assert ax.lines[0].get_ydata().max() == 9.0
    assert words(ax) == ["threshold 5", "alarms (1)", "true anomalies (1)"]


def test_alarms_of_a_series_are_bands_and_not_the_scores_above_a_threshold():
    scores = np.ones(100_000)
    scores[500:600] = 9.0
    alarms = np.zeros(100_000, int)
    alarms[77_777] = alarms[90_000] = 1
    ax = plots.plot_scores_over_time(scores, 5.0, alarms=alarms, ax=axes())
    assert words(ax) == ["threshold 5", "alarms (2)"]
    spans = [patch.get_extents().transformed(ax.transData.inverted()) for patch in ax.patches]
    assert [round(span.x0) for span in spans] == [77_777, 90_000]
    # An outline is seen where a step is narrower than a pixel.
    assert all(patch.get_linewidth() > 0.5 and patch.get_edgecolor()[3] > 0.3 for patch in ax.patches)


def test_no_line_crosses_a_gap_in_time():
    time = np.array([0, 1, 2, 3, 4, 100, 200, 201, 202])
    ax = plots.plot_scores_over_time(np.arange(1.0, 10.0), time=time, ax=axes())
    drawn = ax.lines[0].get_ydata()
    assert np.isnan(drawn).nonzero()[0].tolist() == [5, 7]
    # A score between two gaps is a dot.
    assert ax.lines[0].get_markevery() == [6]


def test_scores_next_to_nothing_take_no_decades_of_the_axis():
    scores = np.random.default_rng(0).lognormal(sigma=1.0, size=5000)
    scores[10] = 1e-9
    scores[20] = 1e3
    ax = plots.plot_scores_over_time(scores, 8.0, ax=axes())
    low, high = ax.get_ylim()
    assert ax.get_yscale() == "log"
    assert 1e-3 < low < np.quantile(scores, 0.01)
    assert high >= 1e3


def test_times_in_any_order_are_sorted_and_labelled_as_dates():
    time = np.array(["2024-01-03", "2024-01-01", "2024-01-02"], dtype="M8[D]")
    ax = plots.plot_scores_over_time([3.0, 1.0, 2.0], time=time, ax=axes())
    assert ax.lines[0].get_ydata().tolist() == [1.0, 2.0, 3.0]
    assert ax.get_xlabel() == "time"
    assert plots.plot_scores_over_time([1.0, 2.0], time=[20, 10], ax=axes()).lines[0].get_ydata().tolist() == [2.0, 1.0]


def test_scores_without_times_are_not_said_to_run_over_time():
    counted = plots.plot_scores_over_time([1.0, 2.0, 3.0], ax=axes())
    assert "time" not in counted.get_title(loc="left") + counted.get_xlabel()
    assert "over time" in plots.plot_scores_over_time([1.0], time=[3], ax=axes()).get_title(loc="left")


def test_records_count_from_0_as_indices_do_and_the_axis_says_so_or_from_what_is_given():
    for options, numbers, label in (({}, [0, 1, 2], "record, counted from 0"), ({"first": 1}, [1, 2, 3], "record")):
        ax = plots.plot_scores_over_time([1.0, 2.0, 3.0], ax=axes(), **options)
        assert ax.lines[0].get_xdata().tolist() == numbers
        assert ax.get_xlabel() == label


@pytest.mark.parametrize("name", ["score_histogram", "scores_over_time", "reconstruction"])
def test_legends_lie_above_what_is_drawn(name):
    for ax in (DRAWINGS[name](None), DRAWINGS[name](axes())):
        ax.figure.draw_without_rendering()
        legend = ax.get_legend().get_window_extent()
        assert legend.y0 >= ax.get_window_extent().y1 - 1.0
        assert legend.y1 <= ax._left_title.get_window_extent().y0 + 1.0


def test_long_legends_leave_the_picture_its_width():
    scores = np.exp(np.linspace(-14.0, 14.0, 200_000))
    ax = plots.plot_score_histogram(scores, 1.2345e-5, scores > 1000.0)
    ax.figure.draw_without_rendering()
    legend = ax.get_legend().get_window_extent()
    assert legend.x1 <= ax.figure.bbox.x1
    assert legend.y1 <= ax._left_title.get_window_extent().y0 + 1.0
    assert ax.get_window_extent().width > 0.8 * ax.figure.bbox.width


def test_curves_carry_their_areas_and_can_be_compared():
    for plot, figure in ((plots.plot_roc, roc_auc_score), (plots.plot_precision_recall, average_precision_score)):
        ax = plot(LABELS, SCORES, name="first", ax=axes())
        plot(LABELS, -SCORES, name="second", ax=ax)
        first, second = (next(word for word in words(ax) if name in word) for name in ("first", "second"))
        assert f"{figure(LABELS, SCORES):.3f}" in first
        assert f"{figure(LABELS, -SCORES):.3f}" in second
        colors = [line.get_color() for line in ax.lines if line.get_gid() == "curve"]
        assert len(colors) == len(set(colors)) == 2


def test_the_confusion_matrix_contains_numbers_and_fractions():
    ax = plots.plot_confusion_matrix([0, 0, 0, 1], [0, 1, 0, 1], ax=axes())
    shown = " ".join(text.get_text() for text in ax.texts)
    assert "66.7" in shown or "67" in shown
    assert "100" in shown


def test_contributions_show_the_largest_and_the_sum_of_the_rest():
    ax = plots.plot_contributions(np.arange(12.0), [f"c{i}" for i in range(12)], top=3, ax=axes())
    assert [label.get_text() for label in ax.get_yticklabels()] == ["c11", "c10", "c9", "9 other columns"]
    assert [bar.get_width() for bar in ax.patches] == [11.0, 10.0, 9.0, 36.0]


def test_contributions_are_labelled_with_short_values():
    names = ["n", "t", "m", "c", "long"]
    values = [1234.5678, True, None, "FR", "x" * 200]
    ax = plots.plot_contributions([5.0, 4.0, 3.0, 2.0, 1.0], names, values, ax=axes())
    found = [label.get_text() for label in ax.get_yticklabels()]
    assert found[:4] == ["n = 1,234.6", "t = True", "m = (missing)", "c = FR"]
    assert found[4].endswith("…")
    assert len(found[4]) < 60


def test_contributions_may_be_negative():
    ax = plots.plot_contributions([1.0, -2.0], ["a", "b"], ax=axes())
    assert [bar.get_width() for bar in ax.patches] == [-2.0, 1.0]


@pytest.mark.parametrize("cell", [None, np.nan, "", " ", "NA", np.datetime64("NaT", "s")])
def test_missing_values_are_labelled_as_missing(cell):
    ax = plots.plot_contributions([1.0], ["failed_logins"], [cell], ax=axes())
    assert [label.get_text() for label in ax.get_yticklabels()] == ["failed_logins = (missing)"]


def test_far_records_do_not_squeeze_the_others():
    # Of bounded draws: otherwise it would depend on the tests before how many of them are far from the others.
    points = RNG.uniform(-1, 1, size=(400, 3))
    points[:6] += [[3000.0, 0.0, 0.0]]
    ax = plots.plot_latent(points, labels=np.arange(400) < 6, ax=axes())
    assert words(ax) == ["normal (394)", "anomalies (6)", "beyond the frame (6)"]
    low, high = ax.get_xlim()
    # The others take most of the width, and their components are those of themselves.
    drawn = np.concatenate([np.asarray(dots.get_offsets()) for dots in ax.collections])
    x = drawn[~np.isnan(drawn).any(axis=1), 0]
    assert len(x) == 400
    assert np.ptp(np.sort(x)[10:-10]) > 0.5 * (high - low)
    assert "first principal component (3" in ax.get_xlabel()
    coloured = plots.plot_latent(points, scores=np.linalg.norm(points, axis=1), ax=axes())
    assert words(coloured) == ["beyond the frame (6)"]


def test_records_without_far_ones_are_all_inside():
    ax = plots.plot_latent(RNG.uniform(size=(400, 3)), labels=[0, 1] * 200, ax=axes())
    assert words(ax) == ["normal (200)", "anomalies (200)"]


def test_expected_values_stand_below_those_found_where_they_differ():
    values = [9400.0, "FR", None, np.datetime64("2024-01-01T05:00:00.000000")]
    expected = [120.16, "FR", 3, np.datetime64("2024-01-01T12:30:00.000000")]
    ax = plots.plot_contributions(
        [3.0, 2.0, 1.0, 0.5], ["net", "country", "n", "at"], values, expected=expected, title="Row 7", ax=axes()
    )
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        "net = 9,400\nexpected 120.16",
        "country = FR",
        "n = (missing)\nexpected 3",
        "at = 2024-01-01 05:00:00\nexpected 2024-01-01 12:30:00",
    ]
    assert ax.get_title(loc="left") == "Row 7: score 6.5"
    with pytest.raises(ValueError, match="expected"):
        plots.plot_contributions([1.0], ["a"], [1], expected=[1, 2], ax=axes())


@pytest.mark.parametrize(("width", "label"), [(1, "record"), (2, "latent dimension 1"), (5, "first principal")])
def test_latent_spaces_of_any_width(width, label):
    ax = plots.plot_latent(RNG.normal(size=(30, width)), ax=axes())
    assert ax.get_xlabel().startswith(label)
    assert sum(len(dots.get_offsets()) for dots in ax.collections) == 30


def test_a_single_record_has_a_place_too():
    assert plots.plot_latent([[1.0, 2.0, 3.0]], ax=axes()).has_data()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.plot_score_histogram([]), r"scores must be finite numbers, at least one; found shape \(0,\)"),
        (lambda: plots.plot_score_histogram(["x"]), "scores must be finite numbers; could not convert string to float"),
        (lambda: plots.plot_score_histogram([1.0, np.inf]), "scores must be finite numbers; found inf at position 1"),
        (lambda: plots.plot_score_histogram([[1.0]]), r"scores must have 1 dimension\(s\); found shape \(1, 1\)"),
        (
            lambda: plots.plot_score_histogram([1.0], labels=[2]),
            r"labels must hold 0 for normal records and 1 for anomalies; found \[2\]",
        ),
        (lambda: plots.plot_score_histogram([1.0], labels=[0, 1]), "labels has 2 values; expected 1"),
        (lambda: plots.plot_scores_over_time([1.0], time=np.array(["NaT"], "M8[s]")), "found NaT at position 0"),
        (lambda: plots.plot_scores_over_time([1.0], time=np.zeros((1, 1), "M8[s]")), "time must have 1 dimension"),
        (lambda: plots.plot_scores_over_time([1.0], time=[1, 2]), "time has 2 values; expected 1"),
        (lambda: plots.plot_roc([0, 0], [1.0, 2.0]), "anomal"),
        (lambda: plots.plot_contributions([1.0], ["a", "b"]), "feature_names has 2 values; expected 1"),
        (lambda: plots.plot_contributions([1.0], ["a"], [1, 2]), "values has 2 values; expected 1"),
        (lambda: plots.plot_contributions([1.0], ["a"], top=0), "top must be at least 1; found 0"),
        (lambda: plots.plot_latent([[1.0]], labels=[0], scores=[1.0]), "give one of them"),
        (lambda: plots.plot_latent([1.0]), r"latent must have 2 dimension\(s\)"),
    ],
)
def test_invalid_input_is_refused_and_leaves_no_figure(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    assert pyplot.get_fignums() == []


# -- files -------------------------------------------------------------------------------------


def test_saving_closes_the_figure_even_on_error(tmp_path):
    plots.save_figure(plots.plot_roc(LABELS, SCORES), tmp_path / "roc.png", dpi=30)
    assert pyplot.get_fignums() == []
    with pytest.raises(FileNotFoundError, match="create it first"):
        plots.save_figure(plots.plot_roc(LABELS, SCORES), tmp_path / "nowhere" / "roc.png")
    assert pyplot.get_fignums() == []


def test_a_part_of_a_figure_stands_for_the_whole(tmp_path):
    whole = Figure()
    part = whole.subfigures(1, 2)[0].add_subplot()
    plots.save_figure(plots.plot_roc(LABELS, SCORES, ax=part), tmp_path / "roc.png", dpi=30)
    plots.save_figure(whole, tmp_path / "whole.png", dpi=30)
    assert (tmp_path / "roc.png").read_bytes() == (tmp_path / "whole.png").read_bytes()


def test_unknown_formats_and_things_are_refused(tmp_path):
    (tmp_path / "roc.xyz").write_text("earlier")
    with pytest.raises(ValueError, match=r"one of .*png.*; found '.*roc.xyz'"):
        plots.save_figure(axes(), tmp_path / "roc.xyz")
    assert (tmp_path / "roc.xyz").read_text() == "earlier"
    with pytest.raises(TypeError, match="must be Matplotlib axes or a figure; found int"):
        plots.save_figure(3, tmp_path / "roc.png")
