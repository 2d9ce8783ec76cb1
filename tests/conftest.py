"""Settings of all tests."""

import pytest
from hypothesis import settings

from anomaly.detectors import cross_fitting

# How long an example takes says more about the machine than about the code: benchmarks measure that.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

_FOLDS, _FEW_FOLDS = cross_fitting.FOLDS, 2


def pytest_configure(config):
    """Name the mark of tests that need all folds."""
    config.addinivalue_line("markers", "all_folds: fit detectors of few records with as many folds as users get")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Fit detectors of few records with two fifths of their folds, which took most of the time of all tests.

    What depends on the number of folds is marked `all_folds`, module by module, so that fixtures are built with the
    folds of the tests that use them.
    """
    is_test = item.nodeid.startswith("tests/")
    cross_fitting.FOLDS = _FOLDS if not is_test or item.get_closest_marker("all_folds") else _FEW_FOLDS
