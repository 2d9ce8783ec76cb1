"""Explanations are measured over kinds of faults, and the report says what was found."""

import numpy as np

from benchmarks.quality.cell_faults import KINDS
from benchmarks.quality.explanations import METHODS, Trial, main, report


def trial(kind, alarms, first):
    return Trial(kind, 2 * alarms, alarms, dict.fromkeys(METHODS, first), dict.fromkeys(METHODS, 0))


def test_the_report_has_the_accuracy_over_all_alarms_of_a_kind():
    kind = next(iter(KINDS))
    lines = report([trial(kind, 10, 9), trial(kind, 30, 15)]).splitlines()
    assert lines[1].split()[-5:] == ["2", "50%", "40", "0.600", "0.600"]


def test_it_measures_a_folder_of_tables(tmp_path, capsys):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 5))
    np.savez(tmp_path / "made.npz", X=x, y=np.r_[np.zeros(190), np.ones(10)])
    main(["--data", str(tmp_path), "--tables", "made"])
    printed = capsys.readouterr().out
    assert "numbers" in printed
    assert "time to score 1; by members" in printed
