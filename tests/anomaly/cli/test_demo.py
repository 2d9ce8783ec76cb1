"""The command demo."""

import re

import pytest

from anomaly.cli.demo import run_demo
from tests.anomaly.command_line import run


def check_commands(capsys, folder, monkeypatch):
    """Run the commands that the README of a demo names, which come to what is there."""
    monkeypatch.chdir(folder)
    text = (folder / "README.txt").read_text()
    lines = [line.split() for line in text.splitlines() if line.startswith("    anomaly ")]
    assert [line[1] for line in lines] == ["fit", "score", "evaluate", "plot", "report"]
    before = (folder / "scores.csv").read_bytes()
    for line in lines:
        assert run(capsys, *line[1:])[0] == 0
    assert (folder / "scores.csv").read_bytes() == before


@pytest.mark.parametrize("data", ["transactions", "connections", "sensors"])
def test_demo_leaves_a_folder_whose_commands_work(capsys, tmp_path, monkeypatch, data):
    code, out, _ = run(capsys, "demo", "--data", data, "--records", "400", "-o", tmp_path / "demo")
    assert code == 0
    found = {path.name for path in (tmp_path / "demo").iterdir()}
    assert found == {
        "README.txt", "data.csv", "evaluation.txt", "model.npz", "pictures", "report.html", "scores.csv",
        "train.csv",
    }  # fmt: skip
    text = (tmp_path / "demo" / "README.txt").read_text()
    for name in found - {"README.txt", "pictures"}:
        assert name in text
    for picture in (tmp_path / "demo" / "pictures").iterdir():
        assert f"pictures/{picture.name}" in text
    assert "now read" in out
    assert re.search(
        r"Of the [\d,]+ alarms \d+% are right, and of the \d+ highest scores \d+%\.\nOf records drawn", text
    )
    assert re.search(r"would be, and of the (highest|lowest|most extreme) \w+ \d+%: of all\nrules on one column", text)
    counts = re.findall(r"^ +(\d+) of +(\d+) \w+$", text, flags=re.MULTILINE)
    assert len(counts) >= 3
    assert all(0 <= int(found) <= int(there) for found, there in counts)
    if data == "sensors":
        check_commands(capsys, tmp_path / "demo", monkeypatch)


@pytest.mark.parametrize("data", ["transactions", "connections", "sensors"])
def test_the_demo_argues_for_its_detector(capsys, tmp_path, data):
    """More of the highest scores are anomalies than by the best rule on one column, which knows the labels."""

    def run_those_that_tell(arguments):
        if arguments[0] in ("fit", "score"):
            assert run(capsys, *arguments)[0] == 0

    run_demo(tmp_path, data, 5000, 0, run_those_that_tell)
    text = (tmp_path / "README.txt").read_text()
    by_scores, by_rule = (
        float(re.search(pattern, text)[1]) for pattern in (r"highest scores (\d+)%", r"and of the [\w ]+ (\d+)%: of")
    )
    assert by_scores > 1.2 * by_rule
