"""Small made-up data of every kind that the protocols read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

N_NORMAL, N_ATTACKS = 60, 12


def labelled(n=200, seed=0):
    """Return three columns of numbers, a tenth of the rows anomalous."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) < n // 10).astype(int)
    return rng.normal(size=(n, 3)) * (1 + 4 * y[:, np.newaxis]) + 50.0, y


def write_tables(folder: Path, names=("made", "other")) -> None:
    """Write tables of numbers."""
    (folder / "adbench").mkdir(parents=True)
    for seed, name in enumerate(names):
        x, y = labelled(seed=seed)
        np.savez(folder / "adbench" / f"{name}.npz", X=x, y=y)


def write_mixed(folder: Path, n=90) -> None:
    """Write a CSV file: a number, a number with holes, a category with holes, a constant, a name, and the class."""
    (folder / "mixed").mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows = ["size,weight,color,unit,name,label"]
    for i in range(n):
        rare = i % 3 == 0
        weight = "" if i % 10 == 1 else f"{rng.normal(9 if rare else 1):.3f}"
        color = "" if i % 10 == 2 else "green" if rare else rng.choice(["red", "blue"])
        rows.append(f"{rng.normal():.3f},{weight},{color},kg,part {i},{'bad' if rare else 'good'}")
    (folder / "mixed" / "parts.csv").write_text("\n".join(rows) + "\n")


def write_connections(folder: Path, name="KDDTrain+_20Percent.txt", seed=0) -> None:
    """Write connections in the form of NSL-KDD."""
    (folder / "nslkdd").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(N_NORMAL + N_ATTACKS):
        cells = [f"{value:.2f}" for value in rng.normal(size=41) + 5 * (i >= N_NORMAL)]
        cells[1:4] = ["tcp", str(rng.choice(["http", "smtp"])), "SF"]
        rows.append(",".join([*cells, "normal" if i < N_NORMAL else "smurf", "21"]))
    (folder / "nslkdd" / name).write_text("\n".join(rows) + "\n")
