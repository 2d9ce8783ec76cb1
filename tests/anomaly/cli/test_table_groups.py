"""Records of a table that follow each other in time, or belong together (``fit --group``), from end to end."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from anomaly.cli import main
from benchmarks.quality.slow_tables import make_slow_table

QUICK = ("--epochs", "5", "--hidden", "8", "--seed", "0")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slow")
    table = make_slow_table("factors", 0, 400, 400)
    for name, rows in (("train.csv", table.train), ("later.csv", table.later)):
        with open(folder / name, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*(f"x{j}" for j in range(rows.shape[1])), "batch"])
            writer.writerows([*np.round(row, 4), f"b{i // 40}"] for i, row in enumerate(rows))
    return folder


def run(capsys, *words):
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def test_fit_says_that_rows_follow_each_other_and_info_says_so_later(folder, capsys):
    code, _, err = run(capsys, "fit", folder / "train.csv", "-m", folder / "time.npz", "--drop", "batch", *QUICK)
    assert code == 0
    assert "follow each other in time" in err
    code, out, _ = run(capsys, "info", "-m", folder / "time.npz")
    assert code == 0
    assert "the training records follow each other in time" in out


def test_a_column_of_groups_is_no_feature_and_holds_records_together(folder, capsys):
    model = folder / "groups.npz"
    code, out, err = run(capsys, "fit", folder / "train.csv", "-m", model, "--group", "batch", *QUICK)
    assert (code, err) == (0, "")
    assert "with 8 columns" in out
    assert "the training records belong to groups" in run(capsys, "info", "-m", model)[1]
    code, out, _ = run(capsys, "score", folder / "later.csv", "-m", model)
    assert code == 0
    assert len(out.splitlines()) == 401


def test_a_column_of_groups_that_is_not_there_is_named(folder, capsys):
    code, _, err = run(capsys, "fit", folder / "train.csv", "-m", folder / "no.npz", "--group", "lot", *QUICK)
    assert code == 2
    assert "--group names 'lot', which the data do not have; found 'x0'" in err
    code, _, err = run(capsys, "score", folder / "later.csv", "-m", folder / "groups.npz", "--group", "batch")
    assert code == 2
    assert "--group is for series" in err
