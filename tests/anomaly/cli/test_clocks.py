"""Clocks as loggers have them, in `fit` and `score`: a job goes on, with one warning that says how they were taken."""

import pytest

from tests.anomaly.command_line import QUICK_SERIES, run


def _swapped(lines):
    lines[80], lines[81] = lines[81], lines[80]


def _doubled(lines):
    lines[81] = lines[80][: lines[80].index(",")] + lines[81][lines[81].index(",") :]


def _autumn(lines):
    """The hour from 2:00 to 2:59 comes twice, as local clocks show it at the end of summer time."""
    for row in range(181, len(lines)):
        stamp, _, values = lines[row].partition(",")
        hour = int(stamp[11:13]) - 1
        lines[row] = f"{stamp[:11]}{hour:02d}{stamp[13:]},{values}"


KINDS = {
    "back": (_swapped, "time goes back"),
    "doubled": (_doubled, "the time is that of the row before"),
    "autumn": (_autumn, "time goes back"),
}


def _with_fault(source, target, fault):
    lines = source.read_text().splitlines()
    fault(lines)
    target.write_text("\n".join(lines) + "\n")
    return target


@pytest.mark.parametrize("kind", KINDS)
def test_a_clock_that_errs_is_one_warning_in_score(series_folder, capsys, tmp_path, kind):
    fault, words = KINDS[kind]
    faulty = _with_fault(series_folder / "train.csv", tmp_path / "faulty.csv", fault)
    code, out, err = run(capsys, "score", faulty, "-m", series_folder / "m.npz")
    assert code == 0
    assert [line.split(",")[0] for line in out.splitlines()] == ["row", *map(str, range(1, 301))]
    assert err.count("\n") == 1
    assert "column 'time'" in err
    assert words in err


@pytest.mark.parametrize("kind", KINDS)
def test_a_clock_that_errs_is_one_warning_in_fit(series_folder, capsys, tmp_path, kind):
    fault, words = KINDS[kind]
    faulty = _with_fault(series_folder / "train.csv", tmp_path / "faulty.csv", fault)
    fit = ["fit", faulty, "-m", tmp_path / "m.npz", "--label", "state", "--time", "time", *QUICK_SERIES]
    code, _, err = run(capsys, *fit)
    assert code == 0
    assert err.count("column 'time'") == 1
    assert words in err
