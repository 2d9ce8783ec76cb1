"""A short run of the mutator of `tests.anomaly.mutated_files`."""

import sys
import warnings

import pytest

if sys.platform == "win32":
    pytest.skip("the mutator needs POSIX signals and resources", allow_module_level=True)

from tests.anomaly.mutated_files import run


def test_no_mutated_file_is_a_crash_a_hang_or_a_demand_for_memory():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        counts, failures = run(150)
    assert not failures, "\n".join(failures)
    assert counts["refused"] > 50
    assert counts["scored"] > 10
