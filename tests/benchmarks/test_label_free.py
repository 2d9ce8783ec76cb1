"""Criteria without labels are compared with AUROC, table by table."""

import numpy as np

from benchmarks.quality import label_free
from benchmarks.quality.label_free import excess_mass, main, mass_volume


def test_a_detector_of_the_dense_set_has_less_volume_and_more_excess_mass():
    rng = np.random.default_rng(0)
    rows, points = rng.normal(size=(500, 2)), rng.uniform(-4, 4, size=(4000, 2))
    good, bad = [np.abs(x).sum(axis=1) for x in (rows, points)], [x[:, 0] for x in (rows, points)]
    assert mass_volume(*good) < 0.6 < mass_volume(*bad)
    assert excess_mass(*good) > excess_mass(*bad) + 0.1


def test_it_measures_a_folder_of_tables(tmp_path, capsys, monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 5))
    x[190:] += rng.normal(0, 3, size=(10, 5))
    np.savez(tmp_path / "made.npz", X=x, y=np.r_[np.zeros(190), np.ones(10)])
    few = {name: label_free._SETTINGS[name] for name in ("defaults", "records alone", "one autoencoder")}
    monkeypatch.setattr(label_free, "_SETTINGS", few)
    main(["--data", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[0] == "made"
    names = [line.split("  ")[0] for line in lines[3:8]]
    assert names == ["agreement", "stability", "few flagged", "mass volume", "excess mass"]
    assert lines[-2].startswith("AUROC of the defaults ")
    assert lines[-1].startswith("flagged held-out rows and fresh normal ones: correlation ")
