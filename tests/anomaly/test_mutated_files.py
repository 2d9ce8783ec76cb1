"""A short run of the mutator of `tests.anomaly.mutated_files`."""

import sys
import warnings

import numpy as np
import pytest

if sys.platform == "win32":
    pytest.skip("the mutator needs POSIX signals and resources", allow_module_level=True)

import anomaly
from nnlite.archive import FileFormatError, dump_archive, read_archive
from tests.anomaly.mutated_files import run


def test_a_series_without_its_comparisons_is_refused(tmp_path):
    series = np.sin(np.arange(200) / 5)[:, np.newaxis]
    path = tmp_path / "m.npz"
    anomaly.SequenceDetector(window=8, random_state=0).fit(series).save(path)
    config, arrays = read_archive(path, "detector")
    for change in ({"ensemble": None}, {}):
        changed = {name: value for name, value in config.items() if name != "ensemble"} | change
        path.write_bytes(dump_archive("detector", changed, arrays))
        with pytest.raises(FileFormatError):
            anomaly.load_detector(path)


def test_no_mutated_file_is_a_crash_a_hang_or_a_demand_for_memory():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        counts, failures = run(150)
    assert not failures, "\n".join(failures)
    assert counts["refused"] > 50
    assert counts["scored"] > 10
