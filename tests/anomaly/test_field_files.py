"""Files in the forms of well-known ones go through the command line as they are."""

import pytest

from tests.anomaly.command_line import rows, run
from tests.anomaly.field_files import air_quality, connections, room, turbine

KINDS = {
    "air quality": (
        air_quality,
        ["--missing=-200"],
        [
            "Date         ignored   a date without a time of day (%d/%m/%Y)",
            "times of day such as '18.00.00'",
            "decimals after a comma",
            "% missing, marked",
            "NMHC(GT)     ignored   all values missing in training",
        ],
    ),
    "connections": (
        connections,
        ["--no-header", "--label", "11"],
        ["1   category  2 categories: 'tcp', 'udp'; unseen", "3   category  1 category: 'SF'"],
    ),
    "turbine": (turbine, [], ["Date/Time                      datetime  hour and weekday; %d %m %Y"]),
    "room": (room, [], ["date           datetime  hour"]),
}


@pytest.mark.parametrize("name", KINDS)
def test_files_of_the_field_need_no_edit(name, capsys, tmp_path):
    make, options, understood = KINDS[name]
    (tmp_path / "train.csv").write_text("\n".join(make(1600, 0)) + "\n", encoding="utf-8")
    (tmp_path / "new.csv").write_text("\n".join(make(200, 1)) + "\n", encoding="utf-8")
    (tmp_path / "far.csv").write_text("\n".join(make(20, 2, far=True)) + "\n", encoding="utf-8")
    model = tmp_path / "m.npz"
    normal = ["--normal", "normal"] if "--label" in options else []
    fit = ["fit", tmp_path / "train.csv", "-m", model, *options, *normal, "--hidden", "8", "--epochs", "10"]
    code, out, err = run(capsys, *fit)
    assert code == 0, err
    for text in understood:
        assert text in out
    assert len(err.splitlines()) == len(set(err.splitlines()))
    flagged = {}
    for data in ("new", "far"):
        score = ["score", tmp_path / f"{data}.csv", "-m", model, *options, "-o", tmp_path / "s.csv"]
        code, _, err = run(capsys, *score)
        assert code == 0, err
        flags = [row[2] for row in rows(tmp_path / "s.csv")[1:]]
        flagged[data] = flags.count("1") / len(flags)
    assert flagged["new"] < 0.15
    assert flagged["far"] > 0.9
    assert any(text in run(capsys, "info", "-m", model)[1] for text in understood)
