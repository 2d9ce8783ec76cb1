"""What files without records cost is measured table by table."""

import numpy as np

from benchmarks.quality.kept_records import main


def test_it_measures_a_folder_of_tables(tmp_path, capsys):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 5))
    x[190:] += rng.normal(0, 3, size=(10, 5))
    np.savez(tmp_path / "made.npz", X=x, y=np.r_[np.zeros(190), np.ones(10)])
    main(["--data", str(tmp_path), "--seeds", "1"])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0][:2] == ["made", "0"]
    assert [line[0] for line in lines[-3:]] == ["all", "prototypes", "none"]
    assert all(0.7 < float(line[1]) <= 1 for line in lines[-3:])
