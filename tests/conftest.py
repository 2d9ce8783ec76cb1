"""Settings of all tests."""

import pytest
from hypothesis import settings

from anomaly.detectors import cross_fitting

# How long an example takes says more about the machine than about the code: benchmarks measure that.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

_FOLDS, _FEW_FOLDS = cross_fitting.FOLDS, 2

# Long tests whose lines are those of other tests: tracing them would nearly double their time and find nothing.
_NOT_TRACED = (
    "tests/benchmarks/",
    "tests/anomaly/cli/test_demo.py::test_the_",
    "tests/anomaly/test_data_forms.py::test_the_page",
    "tests/anomaly/test_mutated_files.py",
    "tests/anomaly/test_scikit_learn.py",
    "tests/anomaly/test_under_load.py",
    "tests/anomaly/detectors/test_batches.py",
    "tests/anomaly/detectors/test_cross_fitting.py",
    "tests/anomaly/detectors/table/test_drift.py",
    "tests/anomaly/detectors/table/test_expectation.py::test_expected_is_nearer",
    "tests/anomaly/detectors/table/test_files.py::test_altered_bytes",
    "tests/anomaly/detectors/table/test_held_out.py::test_a_record",
    "tests/anomaly/detectors/table/test_held_out.py::test_p_values",
    "tests/anomaly/detectors/table/test_incremental.py::test_chunks_of_any_size",
    "tests/anomaly/detectors/table/test_incremental.py::test_the_false_alarm_rate",
    "tests/anomaly/detectors/table/test_incremental.py::test_without_rehearsal",
    "tests/anomaly/detectors/table/test_hard_tables.py",
    "tests/anomaly/detectors/table/test_contract.py",
    "tests/anomaly/detectors/sequence/test_alarms.py",
    "tests/anomaly/detectors/sequence/test_false_alarms.py",
    "tests/anomaly/detectors/sequence/test_faults.py",
    "tests/nnlite/engine/gemm/test_gemm.py",
    "tests/nnlite/engine/runtime/test_changes_during_fit.py",
    "tests/nnlite/engine/runtime/test_within_callbacks.py",
    "tests/test_readme.py",
    "tests/test_tutorials.py",
)


def pytest_configure(config):
    """Name the mark of tests that need all folds."""
    config.addinivalue_line("markers", "all_folds: fit detectors of few records with as many folds as users get")


def pytest_collection_modifyitems(items):
    """Leave long tests out of the coverage."""
    for item in items:
        if item.nodeid.startswith(_NOT_TRACED):
            item.add_marker("no_cover")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Fit detectors of few records with two fifths of their folds, which took most of the time of all tests.

    What depends on the number of folds is marked `all_folds`, module by module, so that fixtures are built with the
    folds of the tests that use them.
    """
    is_test = item.nodeid.startswith("tests/")
    cross_fitting.FOLDS = _FOLDS if not is_test or item.get_closest_marker("all_folds") else _FEW_FOLDS
