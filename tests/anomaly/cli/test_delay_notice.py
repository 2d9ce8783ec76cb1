"""What a live series is told that has no scores yet."""

import io
import time

from anomaly.cli import delay_notice
from anomaly.cli.delay_notice import DelayNotice
from tests.anomaly.command_line import run


def test_a_series_without_scores_is_told_why_once(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    notice = DelayNotice(1265)
    notice.tell(0)
    assert capsys.readouterr().err == ""
    now[0] += 5
    notice.tell(0)
    assert "is final when 1,265 more have followed; a model that was fitted with --causal" in capsys.readouterr().err
    notice.tell(0)
    assert capsys.readouterr().err == ""


def test_a_series_with_scores_is_told_nothing(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for delay, n_final in ((0, 0), (10, 3)):
        notice = DelayNotice(delay)
        notice.tell(n_final)
        now[0] += 5
        notice.tell(0)
    assert capsys.readouterr().err == ""


def test_score_tells_it_of_a_pipe_alone(series_folder, capsys, monkeypatch):
    monkeypatch.setattr(delay_notice, "_SECONDS", 0.0)
    command = ["score", "-m", series_folder / "m.npz", "--label", "state"]
    text = "".join((series_folder / "test.csv").read_text().splitlines(keepends=True)[:5])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(text.encode()))))
    code, out, err = run(capsys, *command, "-")
    assert (code, len(out.splitlines())) == (0, 5)
    assert "more have followed" in err
    assert "more have followed" not in run(capsys, *command, series_folder / "test.csv")[2]
