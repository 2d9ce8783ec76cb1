"""Means, ranks and ranges over seeds, as text, JSON and pictures."""

import json
import math

import numpy as np
import pytest
from scipy.stats import studentized_range

from benchmarks.quality import report
from benchmarks.quality.pictures import draw_missing, draw_overview, draw_ranks, save_all
from benchmarks.quality.results import Plan
from benchmarks.quality.summary import alike, compare, critical_difference, ranks, standings


def result(detector, table, seed, auroc, protocol="one-class", **others):
    about = {"protocol": protocol, "table": table, "seed": seed, "detector": detector, "version": "1", "chance": 0.2}
    return {**about, "auroc": auroc, "ap": auroc / 2, "fit_seconds": 1.0 + seed, "score_seconds": 0.1, **others}


def failed(detector, table, seed):
    full = result(detector, table, seed, 0.0, error="ValueError('no')")
    return {key: value for key, value in full.items() if key not in ("auroc", "ap", "fit_seconds", "score_seconds")}


RESULTS = [
    *(result("TableDetector", table, seed, 0.8 + 0.1 * seed) for table in ("a", "b") for seed in (0, 1)),
    *(result("kNN", "a", seed, 0.9 - 0.02 * seed) for seed in (0, 1)),
    result("kNN", "b", 0, 0.7),
    failed("kNN", "b", 1),
]


@pytest.fixture
def comparison():
    return compare(RESULTS, "one-class", 2)


# -- figures -----------------------------------------------------------------------------------


def test_ranks_and_their_critical_difference():
    np.testing.assert_array_equal(ranks(np.array([[0.9, 0.8, 0.7], [0.5, 0.5, 0.4]])), [1.25, 1.75, 3.0])
    # Demsar (2006), section 3.2.2: four classifiers, 14 data sets, q = 2.569.
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)


@pytest.mark.parametrize("n", [2, 10, 20])
def test_critical_values_are_those_of_the_studentized_range(n):
    q = studentized_range.ppf(0.95, n, 1e6) / math.sqrt(2)
    assert critical_difference(n, 10) == pytest.approx(q * math.sqrt(n * (n + 1) / 60), rel=3e-4)


def test_bars_join_those_that_are_alike_and_none_lies_within_another():
    places = np.array([1.0, 1.5, 2.0, 4.0, 4.5, 9.0])
    assert alike(places, 1.0) == [(1.0, 2.0), (4.0, 4.5)]
    assert alike(places, 2.5) == [(1.0, 2.0), (1.5, 4.0), (2.0, 4.5)]
    assert alike(places, 0.1) == []


def test_means_and_ranges_over_seeds(comparison):
    ours, theirs = standings(comparison)
    assert (ours.detector, theirs.detector) == ("TableDetector", "kNN")
    assert ours.auroc == pytest.approx(0.85)
    assert ours.auroc_by_seed == pytest.approx([0.8, 0.9])
    assert ours.ap_by_seed == pytest.approx([0.4, 0.45])
    assert (ours.range_mean, ours.range_most) == pytest.approx((0.1, 0.1))
    assert (ours.fit_mean, ours.fit_most) == (1.5, 2.0)
    assert theirs.range_most == pytest.approx(0.2)
    assert theirs.range_table == "b"
    assert (ours.rank, theirs.rank) == (1.5, 1.5)


def test_a_refused_run_counts_as_random_scores(comparison):
    _, theirs = standings(comparison)
    assert theirs.refused == 1
    assert theirs.auroc == pytest.approx((0.9 + 0.88 + 0.7 + 0.5) / 4)
    assert theirs.ap == pytest.approx((0.45 + 0.44 + 0.35 + 0.2) / 4)
    assert theirs.fit_mean == pytest.approx((1 + 2 + 1) / 3)


def test_tables_that_a_detector_was_not_run_on_are_left_out():
    found = compare([*RESULTS, result("TableDetector", "c", 0, 0.9)], "one-class", 2)
    assert found.tables == ["a", "b"]
    assert found.left_out == ["c"]
    assert "left out, since not every detector was run on them: c" in report.as_text(found)
    assert compare(RESULTS, "mixed", 2) is None
    assert compare(RESULTS, "one-class", 3) is None


# -- text and JSON -----------------------------------------------------------------------------


def test_the_table_has_the_best_first(comparison):
    title, _, ours, theirs, note = report.as_text(comparison).splitlines()
    assert title == "one-class: 2 tables, 2 seeds"
    assert ours.split()[:6] == ["TableDetector", "0.850", "0.800-0.900", "0.425", "0.400-0.450", "1.50"]
    assert theirs.split()[6] == "1/4"
    assert theirs.endswith("0.110, 0.200 (b)")
    assert "random scores" in note


def test_one_seed_has_no_range():
    found = compare(RESULTS, "one-class", 1)
    title, _, ours, _ = report.as_text(found).splitlines()
    assert title == "one-class: 2 tables, 1 seed"
    assert ours.split() == ["TableDetector", "0.800", "-", "0.400", "-", "1.50", "-", "1.00", "1.00", "-"]


def test_the_json_holds_everything_and_no_nan(comparison, tmp_path):
    refusing = compare([result("kNN", "a", 0, 0.9), failed("LOF", "a", 0)], "one-class", 1)
    plan = Plan(("TableDetector", "kNN"), ("one-class",), 2, (), "data")
    report.write(tmp_path / "summary.json", report.as_dict([comparison], plan, RESULTS))
    content = json.loads((tmp_path / "summary.json").read_text())
    assert set(content) == {"schema", "date", "plan", "versions", "protocols"}
    assert content["versions"] == {"TableDetector": "1", "kNN": "1"}
    (ours, _) = content["protocols"]["one-class"]["detectors"]
    assert ours["by_table"]["a"]["auroc"] == pytest.approx([0.8, 0.9])
    assert content["plan"]["seeds"] == 2
    text = json.dumps(report.as_dict([refusing], plan, RESULTS), allow_nan=False)
    assert json.loads(text)["protocols"]["one-class"]["detectors"][1]["fit_mean"] is None


# -- pictures ----------------------------------------------------------------------------------


def test_the_overview_has_two_panels_a_protocol_in_the_same_order(comparison):
    other = compare([{**one, "protocol": "mixed"} for one in RESULTS], "mixed", 2)
    third = compare([{**one, "protocol": "uses"} for one in RESULTS], "uses", 2)
    canvas = draw_overview([comparison, other, third])
    panels = [axes for axes in canvas.axes if axes.get_visible()]
    assert len(panels) == 6
    assert [text.get_text() for text in panels[0].get_yticklabels()] == ["TableDetector", "kNN, 1 refused"]
    assert [axes.get_xlabel() for axes in panels[:2]] == ["AUROC", "average precision"]
    assert panels[0].get_title(loc="left") == "one-class (2 tables)"
    dots = [line for line in panels[1].lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in dots] == pytest.approx([0.425, 0.36])


def test_missing_cells_are_drawn_from_two_fractions_on():
    levels = [
        compare([{**one, "protocol": f"missing-{percent}"} for one in RESULTS], f"missing-{percent}", 2)
        for percent in (20, 0)
    ]
    assert draw_missing(levels[:1]) is None
    axes = draw_missing(levels).axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), [0, 20])
    assert [line.get_label() for line in axes.lines] == ["TableDetector", "kNN"]


def test_ranks_are_drawn_of_several_detectors_and_tables(comparison):
    axes = draw_ranks(comparison).axes[0]
    assert {text.get_text() for text in axes.texts} == {" TableDetector (1.50)", " kNN (1.50)"}
    assert draw_ranks(compare(RESULTS[:4], "one-class", 2)) is None
    assert draw_ranks(compare([one for one in RESULTS if one["table"] == "a"], "one-class", 2)) is None


def test_pictures_are_written_where_there_is_something_to_draw(comparison, tmp_path):
    assert save_all(tmp_path, []) == []
    written = save_all(tmp_path, [comparison])
    assert [path.name for path in written] == ["quality.png", "ranks-one-class.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)
