"""What members are worth, on made-up series and by hand."""

import numpy as np
import pytest

from anomaly import SequenceDetector
from anomaly.detectors.blend import Blend
from benchmarks.series.members import Members, Values, Worth, main, report, values_of, worth
from benchmarks.series.parts.families import cases
from benchmarks.series.parts.part import Case, Segment
from tests.benchmarks.series.made_data import write_series


def case_of(labels):
    return Case("name", "group", np.zeros((50, 1)), [Segment(np.zeros((len(labels), 1)), labels)])


def test_values_are_of_all_steps_to_score(tmp_path):
    write_series(tmp_path)
    wave, pair = cases(tmp_path, 0, False)
    members = values_of(wave, 0).values
    assert {len(member.training) for member in members} == {300}
    assert {len(member.scored) for member in members} == {400}
    assert all(np.median(member.training) == pytest.approx(1) for member in members)
    assert any(name.startswith("values, ") for name in (member.name for member in members))
    # Steps of training have the values that were found without them.
    of_pair = values_of(pair, 0)
    assert all((member.scored == member.training).all() for member in of_pair.values)
    assert "covariance of 4 steps" in {member.name for member in of_pair.values}


def test_a_member_that_sees_nothing_costs_and_one_that_sees_is_worth_something():
    labels = np.zeros(600, int)
    labels[300:340] = 1
    rng = np.random.default_rng(0)
    noise = np.exp(rng.normal(size=(2, 600)))
    values = [Values("sees", noise[0], noise[0] + 50 * labels), Values("blind", noise[1], noise[1])]
    found = worth(case_of(labels), Members(values, Blend([0.5, 0.5], [1.0, 1.0])))
    assert found.alone["sees"] > 0.9 > 0.3 > found.alone["blind"]
    assert found.without["sees"] == found.alone["blind"] < found.all < found.without["blind"]


def test_the_blend_is_that_of_the_detector(tmp_path):
    write_series(tmp_path)
    (case,) = [case for case in cases(tmp_path, 0, False) if case.train.shape[1] == 1]
    members = values_of(case, 0)
    detector = SequenceDetector(random_state=0).fit(case.train)
    scores = members.blend.scores([member.scored for member in members.values])
    np.testing.assert_allclose(scores, detector.decision_function(case.segments[0].series), rtol=0.05)


def test_worth_is_a_mean_over_series_and_over_families():
    series = [("A", 0.5, 0.4), ("A", 0.5, 0.4), ("B", 0.5, 0.6)]
    first, row = report([Worth(f, 1, all_, {"m": less}, {"m": 0.3}) for f, all_, less in series]).splitlines()[1:]
    assert first.split() == ["all", "0.500"]
    assert row.split() == ["m", "0.300", "+0.0333", "+0.0000", "1/2"]


def test_the_command_prints_both_tables(tmp_path, capsys):
    write_series(tmp_path)
    assert main(["--data", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "one column (fits: 1)" in out
    assert "many columns (fits: 1)" in out
