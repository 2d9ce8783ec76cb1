"""Faults are put where they are said to be, and found there."""

import numpy as np

from benchmarks.quality.explanations import SIZE, faults, main


def test_each_fault_is_in_its_column_and_of_its_size():
    rng = np.random.default_rng(0)
    train, normal = rng.normal(size=(100, 4)) * [1, 10, 100, 0], np.zeros((50, 4))
    rows, columns = faults(train, normal, seed=0)
    assert (columns < 3).all(), "a column without spread has no standard deviations"
    changed = np.abs(rows)
    np.testing.assert_allclose(changed[np.arange(50), columns], SIZE * train.std(axis=0)[columns])
    assert ((changed > 0).sum(axis=1) == 1).all()


def test_it_measures_a_folder_of_tables(tmp_path, capsys):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 5))
    np.savez(tmp_path / "made.npz", X=x, y=np.r_[np.zeros(190), np.ones(10)])
    main(["--data", str(tmp_path)])
    printed = capsys.readouterr().out
    assert printed.splitlines()[1].split()[0] == "made"
    assert 0.8 < float(printed.splitlines()[-1].split()[1]) <= 1
