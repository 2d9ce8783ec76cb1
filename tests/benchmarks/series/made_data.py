"""Small made-up files of every kind that the parts read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np


def write_series(folder: Path) -> None:
    """Write a series of one column with a training part, and one of two columns without."""
    (folder / "series").mkdir(parents=True)
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(700) / 4) + 0.05 * rng.normal(size=700)
    wave[500:540] = 1.5
    _write(folder, "WAVE_1", [wave], slice(500, 540))
    pair = [np.cos(np.arange(400) / 5) + 0.05 * rng.normal(size=400) for _ in range(2)]
    pair[1][200:220] += 3
    _write(folder, "PAIR_a", pair, slice(200, 220))
    (folder / "series" / "index.csv").write_text(
        "name,rows,columns,training_length,anomalous_rows_in_training\nWAVE_1,700,1,300,0\nPAIR_a,400,2,,\n"
    )


def _write(folder: Path, name: str, columns: list[np.ndarray], anomalous: slice) -> None:
    labels = np.zeros(len(columns[0]), int)
    labels[anomalous] = 1
    head = ",".join([*(f"v{number}" for number in range(len(columns))), "label"])
    np.savetxt(
        folder / "series" / f"{name}.csv", np.column_stack([*columns, labels]), delimiter=",", header=head, comments=""
    )


def write_skab(folder: Path) -> None:
    """Write an experiment of two sensors, of which rows 450 to 500 are anomalous, and one of normal operation."""
    (folder / "skab" / "valve").mkdir(parents=True)
    (folder / "skab" / "anomaly-free").mkdir()
    rng = np.random.default_rng(0)
    seconds = np.datetime64("2020-03-09") + np.arange(520).astype("m8[s]")
    faulty = (np.arange(520) >= 450) & (np.arange(520) < 500)
    flow = rng.normal(size=520) + 20 * faulty
    lines = [f"{t};{a:.4f};{b:.4f};{y:.1f};0.0" for t, a, b, y in zip(seconds, flow, -flow, faulty, strict=True)]
    (folder / "skab" / "valve" / "0.csv").write_text("datetime;flow;heat;anomaly;changepoint\n" + "\n".join(lines))
    seconds = np.datetime64("2020-03-08") + np.arange(2600).astype("m8[s]")
    lines = [f"{t};{a:.4f};{-a:.4f}" for t, a in zip(seconds, rng.normal(size=2600), strict=True)]
    (folder / "skab" / "anomaly-free" / "anomaly-free.csv").write_text("datetime;flow;heat\n" + "\n".join(lines))


def write_nab(folder: Path) -> None:
    """Write a series with a window around a jump."""
    (folder / "nab").mkdir(parents=True)
    times = np.datetime64("2014-01-01T00:00:00") + 5 * np.arange(2500).astype("m8[m]")
    values = np.sin(np.arange(2500) * 2 * np.pi / 288) + 0.05 * np.random.default_rng(0).normal(size=2500)
    values[2300:2340] += 4.0
    lines = [f"{str(t).replace('T', ' ')},{v:.5f}" for t, v in zip(times, values, strict=True)]
    (folder / "nab" / "a.csv").write_text("timestamp,value\n" + "\n".join(lines))
    window = [f"{times[step]}.000000".replace("T", " ") for step in (2290, 2400)]
    (folder / "nab" / "windows.json").write_text(json.dumps({"a.csv": [window]}))
