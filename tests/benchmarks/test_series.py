"""The benchmarks of series, on made-up files of the same form."""

import json

import numpy as np
import pytest

from benchmarks.series import nab, skab
from benchmarks.series.command import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(skab, "SETTING", {**skab.SETTING, "epochs": 2, "hidden": (8,)})
    monkeypatch.setattr(nab, "SETTING", {**nab.SETTING, "epochs": 1, "hidden": (8,), "members": 1})
    monkeypatch.setattr(nab, "SEEDS", (0,))
    rng = np.random.default_rng(0)
    seconds = np.datetime64("2020-03-09") + np.arange(520).astype("m8[s]")
    (tmp_path / "skab" / "valve").mkdir(parents=True)
    faulty = (np.arange(520) >= 450) & (np.arange(520) < 500)
    flow = rng.normal(size=520) + 20 * faulty
    lines = [f"{t};{a:.4f};{b:.4f};{y:.1f};0.0" for t, a, b, y in zip(seconds, flow, -flow, faulty, strict=True)]
    (tmp_path / "skab" / "valve" / "0.csv").write_text("datetime;flow;heat;anomaly;changepoint\n" + "\n".join(lines))
    (tmp_path / "skab" / "valve" / "anomaly-free.csv").write_text("datetime;flow;heat\n")
    times = np.datetime64("2014-01-01T00:00:00") + 5 * np.arange(2500).astype("m8[m]")
    values = np.sin(np.arange(2500) * 2 * np.pi / 288) + 0.05 * rng.normal(size=2500)
    values[2300:2340] += 4.0
    (tmp_path / "nab").mkdir()
    (tmp_path / "nab" / "a.csv").write_text(
        "timestamp,value\n"
        + "\n".join(f"{str(t).replace('T', ' ')},{v:.5f}" for t, v in zip(times, values, strict=True))
    )
    window = [f"{times[2290]}.000000".replace("T", " "), f"{times[2400]}.000000".replace("T", " ")]
    (tmp_path / "nab" / "windows.json").write_text(json.dumps({"a.csv": [window]}))
    return tmp_path


def test_both_protocols_are_run_and_laid_out(folder, capsys):
    assert main(["--data", str(folder)]) == 0
    out = capsys.readouterr().out
    skab_line, pooled = (
        next(line for line in out.splitlines() if line.startswith(s)) for s in ("valve/0", "all files")
    )
    assert skab_line.split()[1:] == pooled.split()[3:]
    assert float(pooled.split()[3]) > 0.6
    nab_line = next(line for line in out.splitlines() if line.startswith("a.csv"))
    assert nab_line.split()[2:5] == ["1", "of", "1"]


def test_only_one_of_them(folder, capsys):
    main(["--data", str(folder), "--only", "nab"])
    assert "SKAB" not in capsys.readouterr().out


def test_counts_and_rates_by_hand():
    truth, found = np.array([1, 1, 0, 0, 0], bool), np.array([1, 0, 1, 0, 0], bool)
    counts = skab.counts(truth, found)
    assert counts.tolist() == [1, 1, 1, 2]
    assert skab.line("x", counts).split() == ["x", "0.500", "33.3%", "50.0%"]


def test_a_folder_that_is_not_there(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path / "nowhere")])
    assert "there is no folder" in capsys.readouterr().err
