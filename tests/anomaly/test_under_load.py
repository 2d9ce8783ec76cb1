"""A short run of the trials of `tests.anomaly.under_load`."""

import multiprocessing

import pytest

from tests.anomaly.under_load import MEGABYTES, detectors, in_processes, in_threads


@pytest.fixture(scope="module")
def found():
    return {name: one for name, one in detectors().items() if name != "variational"}


def test_threads_score_save_load_and_fit_side_by_side(found):
    rounds, wrong, growth = in_threads(found, 1)
    assert rounds >= 8
    assert not wrong
    assert growth < MEGABYTES


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="the system cannot fork")
@pytest.mark.filterwarnings("ignore:This process .*is multi-threaded")
def test_forked_processes_score_alike(found):
    assert not in_processes({"table": found["table"]}, "fork", processes=3)
